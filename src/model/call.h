/* SPDX-License-Identifier: MIT */
/* A call of functions of the program's: hooks, checks, transforms. Made by the session, which lends
 * itself while such a function runs. */
#ifndef OSTLER_MODEL_CALL_H
#define OSTLER_MODEL_CALL_H

#include "base/arena.h"
#include "model/model.h"
#include "ostler/call.h"

struct ost_call {
    ost_session *session;
    void *context;
    const ost__model *model;
    uint16_t operation;          /* an enum ost_called */
    const void *record;          /* the shadow; NULL: there is none */
    const void *loaded;          /* as it was loaded; NULL: it was not */
    const ost__field_set *known; /* members of `loaded` that were; NULL: all */
    const char *path, *rule;     /* of the function that runs */
    ost__arena *texts;           /* for ost_call_text() */
    uint32_t failures;           /* in `error`, with those that did not fit */
    ost_status stopped;          /* what a function ended the call with; OST_OK: none did */
    ost_error error;             /* of the failures, or why it stopped */
    /* Lends the session; the status is why that cannot be. */
    ost_status (*lend)(ost_call *call);
    /* Takes it back. `status` is what the function returned; if the session's error does not say
     * why, it does afterwards. Returns the status. */
    ost_status (*take_back)(ost_call *call, ost_status status, const char *what);
};

/*
 * Each runs one function and returns OST_OK, OST_INVALID (failures were added to the call's error),
 * or another status: then `stopped` is that, the call's error says why, and nothing more may run.
 * Failures that the caller finds itself go to the same error and are counted in `failures`.
 */
ost_status ost__call_hook(ost_call *call, ost_hook *hook, const char *name, void *record);
/* `path` stays where it is while the function runs. `holder`: the struct that the member is part
 * of; NULL: there is none. */
ost_status ost__call_check(ost_call *call, const ost_field *f, const char *path, const void *value,
                           const void *holder);
ost_status ost__call_transform(ost_call *call, const ost_field *f, const char *path, void *value,
                               void *holder);
/* `path` as for a check. */
ost_status ost__call_compute(ost_call *call, ost_compute *compute, const char *path,
                             const void *record, ost_value *out);

#endif
