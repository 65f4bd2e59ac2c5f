/* SPDX-License-Identifier: MIT */
/* What the ways of writing share: one record, many, by query. */
#ifndef OSTLER_SESSION_WRITE_H
#define OSTLER_SESSION_WRITE_H

#include <string.h>

#include "model/member.h"
#include "session/session.h"

/* `now` is read only for a model that has stamps or the like. `call`: NULL for a model without
 * functions; what fails is in its error then. */
ost__rules ost__rules_of(ost_session *s, const ost__model *m, ost_call *call);
/* Marks the session's error as one of this model from before anything was sent. */
ost_status ost__refused(ost_session *s, const ost__model *m, ost_status status);
ost_status ost__constraint_failed(ost_session *s, const ost__model *m, ost_status status);
/* One SET from the records for each field. */
bool ost__put_fields(ost_session *s, const ost__model *m, const ost__field_set *which,
                     ost__section *changes);
/* These members of the record itself as the condition. */
ost_status ost__put_equal(ost_session *s, const ost__model *m, const ost_field *const *fields,
                          uint32_t count, ost__section *where);
bool ost__key_is_given(const ost__model *m, const void *record);
/* Inserts `count` prepared shadows that agree in whether their key is given; keys are written back
 * to the shadows. */
ost_status ost__insert_run(ost_session *s, const ost__model *m, bool key_given, void *shadows,
                           size_t count, size_t *failed_record);
/* The record as the session knows it to be stored, for the rules of passwords; NULL: it does not,
 * or the model has none. */
ost_status ost__stored_of(ost_session *s, const ost__model *m, const void *record,
                          const void **out);
/* What a struct of the program's own gets back from its shadow. */
void ost__insert_write_back(const ost__model *m, void *record, void *shadow);

/* What an inserted record of the session needs. */
typedef struct ost__insertion {
    ost__batch *batch; /* NULL: a struct of the program's own */
    size_t index;
    uint8_t *snapshot;
    ost__undo *undo; /* the journal before it */
} ost__insertion;
ost_status ost__insertion_of(ost_session *s, const ost__model *m, const void *record,
                             ost__insertion *in);
/* All that can fail is done before anything is sent. */
ost_status ost__insertion_begin(ost_session *s, ost__insertion *in, void *record, void *shadow);
/* After the database took the shadow. */
void ost__insertion_end(const ost__insertion *in, void *record, const void *shadow);
/* Inserts one prepared shadow. A record of the session follows. */
ost_status ost__insert_shadow(ost_session *s, const ost__model *m, ost__insertion *in, void *record,
                              void *shadow);

/* One way of deleting a record by its key. */
typedef ost_status ost__erase(ost_session *s, const ost__model *m, void *record);
/* With the hooks around it. */
ost_status ost__delete_record(ost_session *s, const ost__model *m, void *record, ost__erase *erase);
/* For good. */
ost_status ost__erase_record(ost_session *s, const ost__model *m, void *record);

/* An image is like the record, with empty slots. */
static inline void ost__fill_image(const ost__model *m, uint8_t *image, const void *record)
{
    memcpy(image, record, m->size);
    memset(image + m->size, 0, m->width - m->size);
}
/* A shadow is an image, and keeps the version that the record has. */
static inline void ost__fill_shadow(const ost__model *m, uint8_t *shadow, const void *record)
{
    ost__fill_image(m, shadow, record);
    if (m->version)
        memcpy(shadow + m->version_at, shadow + m->version->offset, m->version->size);
}
/* The same for many, side by side. */
static inline void ost__fill_shadows(const ost__model *m, uint8_t *shadows, const uint8_t *records,
                                     size_t count)
{
    if (m->stride == m->size) {
        memcpy(shadows, records, count * m->size);
        return;
    }
    for (size_t i = 0; i < count; i++)
        ost__fill_shadow(m, shadows + i * m->stride, records + i * m->size);
}
/* A copy of the record in scratch memory; NULL: no memory, and the error says so. */
void *ost__shadow_of(ost_session *s, const ost__model *m, const void *record);
/* The same of an image: a snapshot, or another shadow. */
void *ost__image_of(ost_session *s, const ost__model *m, const void *image);
/* No record has this key: OST_NOT_FOUND. */
ost_status ost__gone(ost_session *s, const ost__model *m);

/* What became of an update or delete of records by their keys. */
typedef struct ost__by_key {
    int64_t matched;
    size_t failed_record; /* SIZE_MAX: not one */
} ost__by_key;
/* Which records of a model with a version are met: those of the version that lies behind their
 * shadows (model.h), or any, for a struct of the program's own that need not know it. */
enum ost__versions { OST__SAME_VERSION, OST__ANY_VERSION };
/* `count` shadows in one operation; `which`: members that an update writes, NULL for a delete. */
ost_status ost__run_by_key(ost_session *s, const ost__model *m, const ost__field_set *which,
                           enum ost__among among, enum ost__versions versions, const void *shadows,
                           size_t count, ost__by_key *out);
/* The version of a record that was loaded in part must be among what was, or it is OST_MISUSE. */
ost_status ost__check_version(ost_session *s, const ost__batch *b, const uint8_t *snapshot);
/* Among which records a tracked one is that is stored like this; all, if that is not known. */
static inline enum ost__among ost__among_of(const ost__batch *b, const uint8_t *snapshot)
{
    const ost_field *deleted = b->model->table.deleted;
    if (!deleted)
        return OST__LIVING;
    if (!ost__member_is_null(deleted, snapshot))
        return OST__DELETED;
    return b->mixed && !ost__is_renewed(b, snapshot) ? OST__WITH_DELETED : OST__LIVING;
}

/* change.c: the version counts on, whatever it is. */
ost_status ost__put_next_version(ost_session *s, const ost__model *m, ost__section *changes);
/* change.c: the changes of an update by query, with the stamps that every update sets. */
ost_status ost__encode_changes(ost_session *s, const ost__model *m, const ost_expr *const *list,
                               ost__section *changes);

/* save.c: the batch and snapshot of a tracked record, or OST_MISUSE with this advice. */
ost_status ost__find_tracked(ost_session *s, const ost__model *m, void *record, const char *advice,
                             ost__batch **b, uint8_t **snapshot);
/* The same for any record: *b is NULL if it is not stored and tracked. */
ost_status ost__find_stored(ost_session *s, const ost__model *m, void *record, ost__batch **b,
                            uint8_t **snapshot);
/* The members that are known of a snapshot. */
const ost__field_set *ost__known_of(const ost__batch *b, const uint8_t *snapshot);
/* What differs of that; false: nothing. `image`: of the record; that itself, if it has no slots.
 * Texts that read the same become what is stored. */
bool ost__find_changed(const ost__batch *b, void *record, const uint8_t *image,
                       const uint8_t *snapshot, ost__field_set *changed);
/* What a save would write; *any: there is something. Texts that read the same become what is
 * stored. */
ost_status ost__find_changes(ost_session *s, const ost__model *m, void *record, ost__batch **b,
                             uint8_t **snapshot, ost__field_set *changed, bool *any);
/* After the database took a shadow: record and snapshot become like it. */
void ost__follow(const ost__model *m, uint8_t *record, uint8_t *snapshot, const uint8_t *shadow,
                 const ost__field_set *changed);
/* Writes `changed` of a shadow of a tracked record; both follow. `written`: what of it the library
 * set by itself. *matched is 0 if there is none `among` which it is. */
ost_status ost__update_tracked(ost_session *s, ost__batch *b, void *record, uint8_t *snapshot,
                               void *shadow, const ost__field_set *changed,
                               const ost__field_set *written, enum ost__among among,
                               int64_t *matched);
/* The record of a save is gone: OST_STALE. */
ost_status ost__stale(ost_session *s, const ost__model *m);

/* living.c: the record is deleted by its stamp. */
ost_status ost__soft_delete(ost_session *s, const ost__model *m, void *record);

/* change.c: a write of what meets the conditions. */
ost_status ost__write_all(ost_session *s, const ost__query *q, const ost__ask *ask,
                          int64_t *matched);
/* change.c: the stamp of a soft delete, or its absence; and what every update sets. */
ost_status ost__deletion(ost_session *s, const ost__model *m, bool deleted, ost__section *changes);

/* many.c: failures of record `index`, which the session's error holds, join those before it. */
ost_status ost__add_failures(ost_session *s, const ost__model *m, size_t index, ost_status status,
                             ost_error **all);
/* All of them become the session's error; OST_OK: there are none. */
ost_status ost__tell_failures(ost_session *s, const ost__model *m, const ost_error *all);
/* Puts which record it is in front of the session's error, and of what doomed. */
void ost__name_record(ost_session *s, size_t index);
/* What was stored before the failure must not be kept without the rest. */
void ost__doom_earlier(ost_session *s);
/* A sink over records that are there: row r is record r. */
void ost__sink_over(ost__sink *k, void *records, size_t stride, size_t count,
                    const ost_row_program *program);

#endif
