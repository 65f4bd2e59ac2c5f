/* SPDX-License-Identifier: MIT */
/*
 * Hooks on records, and the unit that a write and its hooks are. A model without hooks has no call,
 * and passes through here untouched.
 */
#ifndef OSTLER_SESSION_HOOK_H
#define OSTLER_SESSION_HOOK_H

#include "session/session.h"

/* The call of the model's functions, if it has some of these (bits of enum ost__calls); else NULL.
 */
ost_status ost__call_for(ost_session *s, const ost__model *m, uint16_t calls,
                         enum ost_called operation, ost_call **out);
/* What the rules or a function said becomes the session's error. */
ost_status ost__call_refused(ost_session *s, const ost__model *m, const ost_call *call,
                             ost_status status);
/* The call of the model's checks and transforms, if it has some; else NULL. */
ost_status ost__call_of_functions(ost_session *s, const ost__model *m, enum ost_called operation,
                                  ost_call **out);
/* The same for rules that may have no call. */
ost_status ost__rules_refused(ost_session *s, const ost__model *m, const ost__rules *rules,
                              ost_status status);
/* The next record that a call is about. `loaded`: as it was loaded, or NULL; `known`: what of that
 * was, NULL: all. */
void ost__call_aim(ost_call *call, const void *loaded, const ost__field_set *known);

/* What a write does to the shadow of a record before it is sent: hooks and rules, in their order.
 * The rules may have a call, which is aimed at the record. */
ost_status ost__prepare_insert(ost_session *s, const ost__model *m, void *shadow,
                               const ost__rules *rules);
/* Before a delete: the hook on a copy of the record. */
ost_status ost__prepare_delete(ost_session *s, ost_call *call, void *shadow);
/*
 * The same for an update. `changed`: in, what the program changed; out, what is to be written:
 * none, if hooks took it back. `b` and `snapshot`: of a tracked record; NULL: every member but the
 * key is written.
 */
ost_status ost__prepare_update(ost_session *s, const ost__model *m, const ost__batch *b,
                               const uint8_t *snapshot, void *shadow, ost__field_set *changed,
                               const ost__rules *rules);
/* What of a record the library writes: what differs from the shadow, and stamps. */
ost__field_set ost__written_of(const ost__model *m, const void *record, const void *shadow);
/* The hooks after a write, on the shadow. What they refuse dooms the unit. `call` may be NULL. */
ost_status ost__run_after(ost_session *s, ost_call *call, void *shadow);
/* The same after an upsert that did this. */
ost_status ost__run_upserted(ost_session *s, ost_call *call, enum ost_effect effect, void *shadow);
/* A struct of the program's own becomes like the shadow, save for members that point. */
void ost__write_back_whole(const ost__model *m, void *record, void *shadow);

/* after_load for `count` records of a model that has it; their snapshots are taken already. */
ost_status ost__run_loaded(ost_session *s, const ost__model *m, void *rows, size_t count,
                           const ost__field_set *loaded);

enum { OST__ALWAYS_WHOLE = 1 << 15 };
/* A write in two steps. */
typedef struct ost__steps {
    ost_status (*prepare)(ost_session *s, const ost__model *m, void *context);
    ost_status (*run)(ost_session *s, const ost__model *m, void *context);
    /* Bits of the model's calls with which the two, and the hooks after them, are a unit whether
     * or not a hook before them used the database; OST__ALWAYS_WHOLE: with any. */
    uint16_t whole;
} ost__steps;
/* Runs both, outside a unit in one of their own, again if another one was faster. */
ost_status ost__run_steps(ost_session *s, const ost__model *m, const ost__steps *steps,
                          void *context);

#endif
