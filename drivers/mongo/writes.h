/* SPDX-License-Identifier: MIT */
/* What the ways of writing share. */
#ifndef OSTLER_MONGO_WRITES_H
#define OSTLER_MONGO_WRITES_H

#include "mongo/connection.h"
#include "mongo/types.h"

/* Record i of an operation, or NULL if it has none. */
static inline const void *ost__mongo_record(const ost_operation *op, size_t i)
{
    return op->record_count > 0 ? (const char *)op->records + i * op->record_stride : NULL;
}
static inline bool ost__mongo_is_limited(const ost_shape *s)
{
    return s->order_count > 0 || s->limit_parameter != OST_NO_PARAMETER ||
           s->offset_parameter != OST_NO_PARAMETER;
}
/* The changes under `key`, as a document or a pipeline. */
ost_status ost__mongo_write_changes(ost__mongo_writer *w, const char *key, bson_t *out);
/* limited.c: refuses changes whose values have no form here, before anything is sent. */
ost_status ost__mongo_check_values(ost__mongo_run *r);

/* limited.c: writes each record of the operation, or once if it has none, from the beginning; the
 * first one that met nothing is the outcome's failed record. */
ost_status ost__mongo_each_record(ost__mongo_run *r,
                                  ost_status (*write)(ost__mongo_run *r, size_t record));

/* limited.c: a list of `_id`s, as the items of an array. */
typedef struct ost__mongo_ids {
    bson_t list;
    uint32_t count;
} ost__mongo_ids;
/* The documents that a record of the operation meets, in its order and within its limits. */
ost_status ost__mongo_ids_find(ost__mongo_run *r, size_t record, ost__mongo_ids *out);

#endif
