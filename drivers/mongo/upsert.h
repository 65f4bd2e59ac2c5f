/* SPDX-License-Identifier: MIT */
/* What the two halves of an upsert share: its documents, and how they are run. */
#ifndef OSTLER_MONGO_UPSERT_H
#define OSTLER_MONGO_UPSERT_H

#include "mongo/writing.h"

/* Members that no document may have. */
#define OST__MONGO_UPSERT_NEW "ostler_new"
#define OST__MONGO_UPSERT_CHANGED "ostler_changed"

/* The members of a findAndModify. `key`: that of a new document, or NULL; `record` becomes the new
 * document. Of an existing one comes what `fields` says, with OST__MONGO_UPSERT_CHANGED. */
void ost__mongo_upsert_in(ost__mongo_writer *w, const int64_t *key, bson_t *record, bson_t *out);
void ost__mongo_upsert_fields_in(ost__mongo_writer *w, bson_t *out);
void ost__mongo_upsert_let_in(ost__mongo_writer *w, const bson_t *record, bson_t *out);

#endif
