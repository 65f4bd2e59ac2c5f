/* SPDX-License-Identifier: MIT */
/* What the parts of an update share: sums, and changes of lists. */
#ifndef OSTLER_MONGO_CHANGES_H
#define OSTLER_MONGO_CHANGES_H

#include "mongo/writing.h"

/* change.c: the member at `path` with what is added to it, or as absent as it is. An error calls it
 * `told`. */
void ost__mongo_increment_in(ost__mongo_writer *w, const ost_change *c, const char *path,
                             const char *told, const char *key, bson_t *out);

/* change_list.c: members of the update operators $push and $addToSet, and of $pull. */
void ost__mongo_push_in(ost__mongo_writer *w, const ost_change *c, const char *path, bson_t *out);
void ost__mongo_pull_in(ost__mongo_writer *w, const ost_change *c, const char *path, bson_t *out);
/* A list after its change, as an expression under its own path. */
void ost__mongo_list_change_in(ost__mongo_writer *w, const ost_change *c, const char *path,
                               bson_t *out);

/* change_items.c: an item of a list after those changes, as an expression; `list` is the list. */
void ost__mongo_item_change_in(ost__mongo_writer *w, const ost_change *list, const char *key,
                               bson_t *out);

#endif
