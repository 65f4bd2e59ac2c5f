/* SPDX-License-Identifier: MIT */
/* The rules of fields: normalising, defaults, stamps, generated keys, validation. On a shadow of
 * the record, never on the record itself. */
#ifndef OSTLER_MODEL_RULES_H
#define OSTLER_MODEL_RULES_H

#include "base/arena.h"
#include "base/identity.h"
#include "model/call.h"
#include "model/password.h"

typedef struct ost__rules {
    ost__arena *scratch;     /* normalised texts are put here */
    ost__identity *identity; /* for generated keys */
    ost_time now;            /* for stamps */
    /* OST_INVALID with every failure, or OST_RANGE for one value that cannot be stored. */
    ost_error *error;
    /* For checks and transforms; its error is `error` then. NULL: the model has no functions. */
    ost_call *call;
    const ost__hashing *hashing; /* of passwords */
    /* The record as it is stored: a password that is the same there is a hash. NULL: not known. */
    const void *stored;
    bool whole;       /* a replaced record: all is written, whether it was loaded or not */
    bool checks_only; /* nothing is sealed: there is more to come */
} ost__rules;

/* ost_new(): writes the defaults into a zeroed record. */
void ost__rules_defaults(const ost__model *m, void *record);
/*
 * Before an insert: defaults for absent optionals, generated keys (UUID, ObjectId where zero),
 * stamps (OST_ON_INSERT and OST_ON_UPDATE, where the member is zero or absent: any other is kept),
 * trim, lowercase, validation of every field.
 */
ost_status ost__rules_insert(const ost__model *m, void *shadow, const ost__rules *r);
/*
 * Before an update of the fields in `which`: sets OST_ON_UPDATE stamps, counts the version, and
 * adds them to `which` (only if `which` is not empty); trim, lowercase and validation of those
 * fields alone.
 */
ost_status ost__rules_update(const ost__model *m, void *shadow, ost__field_set *which,
                             const ost__rules *r);
/* Once more for members that a hook set after that: trim, lowercase and validation. */
ost_status ost__rules_again(const ost__model *m, void *shadow, const ost__field_set *which,
                            const ost__rules *r);
/* Trim, lowercase and validation of some members of a new record. */
ost_status ost__rules_some(const ost__model *m, void *shadow, const ost__field_set *which,
                           const ost__rules *r);
/* What a replace writes of the record: all but the key; what does not change stays as it is
 * stored, and so does what is hidden and was not set. `stored`: as in ost__rules. */
void ost__rules_replaced(const ost__model *m, const void *record, const void *stored,
                         ost__field_set *which);
/* Whether an update may write this member at all. */
ost_status ost__rules_may_change(const ost__model *m, const ost_field *f, const ost__rules *r);
/* The last of the rules, of the members in `which` (NULL: all): passwords become hashes, and what
 * caseless members are compared by is made. Part of those above, unless `checks_only`. `shadow` has
 * the model's `stride`. */
ost_status ost__rules_seal(const ost__model *m, void *shadow, const ost__field_set *which,
                           const ost__rules *r);
/*
 * A value that an update query sets: normalised (into scratch), brought to the field's kind
 * (integers into decimals at the field's scale, INT64 or UINT64 into doubles, and so on: what the
 * driver binds) and validated. OST_TYPE_NONE is null.
 */
ost_status ost__rules_value(const ost__model *m, const ost_field *f, ost_value *v,
                            const ost__rules *r);
/* What an insert sets in one member of a shadow: a default, a stamp, an id. */
void ost__rules_fill(const ost_field *f, void *shadow, const ost__rules *r);
/* An embedded struct or a list at `at` that an update sets or adds items of. */
ost_status ost__rules_member(const ost__model *m, const ost_field *f, void *at,
                             const ost__rules *r);
/* What a stamp of this field is at an instant: the instant, or its day in UTC. */
ost_value ost__rules_stamp(const ost_field *f, ost_time now);
/* The message for a broken constraint of the database in the form of a failure: rule "unique",
 * "required", "values", …; the field's own message if it has one. */
const char *ost__rules_message(const ost_field *f, const char *rule);

#endif
