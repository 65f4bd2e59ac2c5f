/* SPDX-License-Identifier: MIT */
/* Definitions: what a collection is created with, and how it is known again. */
#ifndef OSTLER_MONGO_DEFINE_H
#define OSTLER_MONGO_DEFINE_H

#include "mongo/connection.h"
#include "mongo/plan.h"

/*
 * The title of a validator that is ours. In it the title of a property is the column that it is
 * stored for, where that has another name (`_id`), and its description the unique index that it
 * needs; the description of the whole is the index of a composite primary key. A collection counts
 * as created once the indexes that its validator names are there.
 */
#define OST__MONGO_TITLE "ostler"

enum { OST__MONGO_NAME_SIZE = 256 };

/* Names of indexes that come with a table. */
void ost__mongo_unique_name(const ost_table *t, const ost_field *f, char out[OST__MONGO_NAME_SIZE]);
void ost__mongo_key_name(const ost_table *t, char out[OST__MONGO_NAME_SIZE]);
/* Whether the field has a unique index of its own; the only key of a table is unique without. */
bool ost__mongo_has_unique_index(const ost_table *t, const ost_field *f);

/* Whether the field may be absent. */
bool ost__mongo_nullable(const ost_table *t, const ost_field *f);
/*
 * {$jsonSchema: …} of a table, as `validator` of `out`. `pending` (NULL: nothing is) says of each
 * field that it is being renamed: it has its name, but a column of the former one is still told, so
 * that who finds it so goes on, and none of the indexes on it. OST_UNSUPPORTED: a kind that is not
 * stored yet.
 */
ost_status ost__mongo_validator(const ost_table *t, const bool *pending, bson_t *out,
                                ost_error *error);
/* `partialFilterExpression` of `out`, unless the index holds every record: the condition of index
 * `x`, and of a unique one that each nullable field is there. */
ost_status ost__mongo_partial(const ost_table *t, const ost_table_index *x, bson_t *out,
                              ost_error *error);

/* define.c: makes what is missing: the unique indexes that belong to the operation's table itself;
 * one of its indexes. */
ost_status ost__mongo_make_own_indexes(ost__mongo_run *r);
ost_status ost__mongo_make_index(ost__mongo_run *r, const ost_table_index *x);
/* rename.c: OST_DDL_RENAME_COLUMN, which moves the members and renews the indexes on them; and an
 * index of a former name, which goes. */
ost_status ost__mongo_rename(ost__mongo_run *r);
ost_status ost__mongo_drop_renamed(ost__mongo_run *r);

#endif
