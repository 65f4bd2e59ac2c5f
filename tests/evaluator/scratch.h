/* SPDX-License-Identifier: MIT */
/* Memory of one program of the tests: taken piece by piece, given back all at once. */
#ifndef EVALUATOR_SCRATCH_H
#define EVALUATOR_SCRATCH_H

#include <stddef.h>

typedef struct ev_scratch {
    struct ev_chunk *chunks; /* the newest first */
} ev_scratch;

/* Zeroed and aligned for anything. Ends the program of tests when there is no memory. */
void *ev_take(ev_scratch *s, size_t size);
/* `count` pieces of `size` bytes. */
void *ev_take_array(ev_scratch *s, size_t count, size_t size);
void *ev_copy(ev_scratch *s, const void *data, size_t size);
char *ev_copy_text(ev_scratch *s, const char *text);
/* Gives everything back but one chunk, which serves the next program. */
void ev_scratch_clear(ev_scratch *s);
void ev_scratch_finish(ev_scratch *s);

#endif
