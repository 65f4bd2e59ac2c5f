/* SPDX-License-Identifier: MIT */
/* Lists of a condition that are longer than a command may be, one part of them after the other. */
#ifndef OSTLER_MONGO_LISTS_H
#define OSTLER_MONGO_LISTS_H

#include "mongo/connection.h"
#include "mongo/types.h"

/* An operation whose condition is of the form `member IN list AND …`, with a part of the list. The
 * parts have no value in common, so that no document meets two of them; they come in the
 * order of the shape. */
typedef struct ost__mongo_parts {
    ost_operation op; /* with the part that is at hand */
    const ost_node *node;
    const ost__memory *memory;
    ost_parameter *parameters; /* of `op` */
    uint8_t *items;            /* all that are different, in order */
    size_t parameters_size, items_size;
    size_t count, at; /* of the items, and of those that were parts already */
    size_t most;      /* bytes of a part */
    bool begun;
} ost__mongo_parts;

/* OST_TOO_LARGE: it has no such form, or the rest of the command is too long by itself. */
ost_status ost__mongo_parts_begin(ost__mongo_parts *p, const ost__mongo_run *r);
/* false: there are no further ones. */
bool ost__mongo_parts_next(ost__mongo_parts *p);
/* Back to the first. */
void ost__mongo_parts_rewind(ost__mongo_parts *p);
void ost__mongo_parts_end(ost__mongo_parts *p);

#endif
