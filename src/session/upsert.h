/* SPDX-License-Identifier: MIT */
/* What an upsert is, once its options are read against the model. */
#ifndef OSTLER_SESSION_UPSERT_H
#define OSTLER_SESSION_UPSERT_H

#include "query/upsert.h"
#include "session/write.h"

enum { OST__ARBITERS_MAX = 32 };

typedef struct ost__upsert {
    const ost__model *model;
    const ost_field *arbiters[OST__ARBITERS_MAX];
    uint32_t arbiter_count;
    uint32_t index; /* the unique index that has them, or OST__NO_INDEX */
    /* What becomes of a record that is there; a field is in one of them at most. */
    ost__field_set sets, adds, fills, follows;
    ost__field_set given_back; /* what the struct does not know afterwards */
} ost__upsert;

/* upsert.c: reads options; NULL: by the primary key, every member. */
ost_status ost__upsert_read(ost_session *s, const ost__model *m, const ost_upsert_options *options,
                            ost__upsert *out);
/* The declared key that has these members. */
ost_status ost__upsert_key(ost_session *s, const ost_expr *const *key, ost__upsert *u);
/* What an upsert does to a shadow before it is sent: hooks and rules, and its key is checked. */
ost_status ost__upsert_prepare(ost_session *s, const ost__upsert *u, const ost__rules *rules,
                               void *shadow);
/* OST_INVALID where a member of the key is null, or would be generated. */
ost_status ost__upsert_check_key(ost_session *s, const ost__upsert *u, const void *record);
/* Whether two shadows are one statement: they agree in whether their key is given, and in which
 * hidden members are set. Those that are not stay as they are in a record that is there. */
bool ost__upsert_agree(const ost__upsert *u, const void *a, const void *b);
/* For a shadow and those that agree with it. `whole`: all members are given back, not those of
 * `given_back` alone. */
ost_status ost__upsert_assemble(ost_session *s, const ost__upsert *u, const void *shadow,
                                bool whole, ost__statement *st);

/*
 * An upsert begins; what it returns is put back at its end. Of two that are both new, one may meet
 * the other in a unique key that is not declared: PostgreSQL looks for the declared one first and
 * writes then, and enters the record in every index before it goes back; MongoDB tells of the first
 * index that refuses. The other's record is found by the declared key the next time, so the first
 * conflict is run again, and the second one is told.
 */
static inline uint32_t ost__upsert_enter(ost_session *s)
{
    uint32_t outer = s->upsert_conflicts;
    s->upsert_conflicts = 0;
    return outer;
}

/* What became of shadows. */
typedef struct ost__upserted {
    ost__arena *arena;        /* where rows go */
    enum ost_effect *effects; /* of each */
    const uint8_t *rows;      /* images of each; NULL: nothing was given back */
    size_t failed;            /* which one failed; SIZE_MAX: not one */
} ost__upserted;
/* upsert_run.c: runs shadows that agree. */
ost_status ost__upsert_run(ost_session *s, const ost__upsert *u, bool whole, const uint8_t *shadows,
                           size_t count, ost__upserted *out);
/* A prepared shadow of a record, which may be one of the session's. It becomes like what is stored.
 */
ost_status ost__upsert_shadow(ost_session *s, const ost__upsert *u, ost__insertion *in,
                              void *record, uint8_t *shadow, enum ost_effect *effect);
/* What a struct of the program's own has no memory for need not be asked for. */
void ost__upsert_leave_out_texts(ost__upsert *u);
/* What a struct of the program's own gets back. */
void ost__upsert_write_back(const ost__upsert *u, void *record, void *shadow);
/* What was given back becomes part of the shadow. */
void ost__upsert_take_row(const ost__upsert *u, void *shadow, const void *row);

#endif
