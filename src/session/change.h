/* SPDX-License-Identifier: MIT */
/* Changes of an update by query. Inner parts of change.c. */
#ifndef OSTLER_SESSION_CHANGE_H
#define OSTLER_SESSION_CHANGE_H

#include "session/write.h"

/* What the changes of an update are collected with. */
typedef struct ost__changing {
    ost_session *s;
    const ost__model *m;
    const ost__rules *rules;
    ost__field_set *seen; /* members that are changed, as a whole or inside */
    ost__section *out;
} ost__changing;

ost_status ost__change_refuse(const ost__changing *c, const ost_field *f, const char *why);
/* The operator and field of a change; parameters follow. */
ost_status ost__change_put(const ost__changing *c, uint16_t op, const ost_field *f);
/* A change of one member by ost_set, ost_set_null or ost_inc. */
ost_status ost__change_member(const ost__changing *c, const ost_field *f, const ost_expr *e);
/* Stamps that every update sets: of the record, and of structs inside that are changed in part. */
ost_status ost__change_stamps(const ost__changing *c);
/* The member that a change names; NULL: it was refused. */
const ost_field *ost__change_field(const ost__changing *c, const ost_expr *e);

/* Whether it is a change of a document as a whole, or of a list. */
bool ost__changes_document(const ost_expr *e, const ost_field *f);
/* Such a change. `e` may be wrapped by ost_push_at and the like; *change is what is inside. */
const ost_expr *ost__change_unwrap(const ost_expr *e);
ost_status ost__change_document(const ost__changing *c, const ost_field *f, const ost_expr *e);

#endif
