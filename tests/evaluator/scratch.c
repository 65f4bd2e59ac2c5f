/* SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = 256 * 1024 };

typedef struct ev_chunk {
    struct ev_chunk *older;
    size_t used, size;
    max_align_t first;
} ev_chunk;

static char *chunk_space(ev_chunk *c)
{
    return (char *)&c->first;
}

static void add_chunk(ev_scratch *s, size_t size)
{
    ev_chunk *c = malloc(offsetof(ev_chunk, first) + size);
    if (!c) {
        fprintf(stderr, "evaluator: no memory\n");
        abort();
    }
    c->older = s->chunks;
    c->used = 0;
    c->size = size;
    s->chunks = c;
}

void *ev_take(ev_scratch *s, size_t size)
{
    size_t align = _Alignof(max_align_t);
    void *p;
    size = (size + align) / align * align;
    if (!s->chunks || s->chunks->size - s->chunks->used < size)
        add_chunk(s, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    p = chunk_space(s->chunks) + s->chunks->used;
    s->chunks->used += size;
    return memset(p, 0, size);
}

void *ev_take_array(ev_scratch *s, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        abort();
    return ev_take(s, count * size);
}

void *ev_copy(ev_scratch *s, const void *data, size_t size)
{
    void *p = ev_take(s, size);
    if (size)
        memcpy(p, data, size);
    return p;
}

char *ev_copy_text(ev_scratch *s, const char *text)
{
    return ev_copy(s, text, strlen(text) + 1);
}

void ev_scratch_clear(ev_scratch *s)
{
    while (s->chunks && s->chunks->older) {
        ev_chunk *older = s->chunks->older;
        free(s->chunks);
        s->chunks = older;
    }
    if (s->chunks)
        s->chunks->used = 0;
}

void ev_scratch_finish(ev_scratch *s)
{
    ev_scratch_clear(s);
    free(s->chunks);
    s->chunks = NULL;
}
