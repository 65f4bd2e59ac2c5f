/* SPDX-License-Identifier: MIT */
#include "session/call.h"

#include <string.h>

#include "base/error.h"
#include "session/session.h"

/* ---- lending the session ---- */

ost_status ost__lend(ost_session *s, ost__loan *loan, ost_deadline deadline)
{
    uint32_t depth = s->loan ? s->loan->depth + 1 : 1;
    if (depth > OST__LOANS_MAX)
        return ost__fail(s, OST_MISUSE,
                         "hooks, checks or callbacks call each other more than %d deep; one of "
                         "them causes itself",
                         OST__LOANS_MAX);
    *loan = (ost__loan){ .outer = s->loan,
                         .depth = depth,
                         .thread = pthread_self(),
                         .cancel = s->cancel,
                         .deadline = deadline,
                         .own = s->deadline,
                         .scratch = ost__arena_mark_now(&s->scratch),
                         .sequence = s->sequence,
                         .status = s->error.status };
    /* An error from before must not be taken for the function's. */
    s->error.status = OST_OK;
    s->loan = loan;
    ost__leave_briefly(s, OST_OK);
    return OST_OK;
}

/* The thread of the loan alone could have entered meanwhile, and it is here. */
bool ost__take_back(ost_session *s, ost__loan *loan)
{
    (void)atomic_exchange_explicit(&s->entered, true, memory_order_acquire);
    bool failed = s->error.status != OST_OK;
    s->loan = loan->outer;
    s->cancel = loan->cancel;
    s->deadline = loan->own;
    if (!failed)
        s->error.status = loan->status;
    return failed;
}

bool ost__loan_is_mine(const ost__loan *loan)
{
    return pthread_equal(loan->thread, pthread_self());
}

ost_status ost__loan_refuse(ost_session *s, const char *what)
{
    return ost__fail(s, OST_MISUSE,
                     "%s while a hook, check or callback runs: do it once the call that it runs "
                     "in has returned; ost_transaction is allowed",
                     what);
}

/* ---- calls ---- */

typedef struct session_call {
    ost_call base; /* first */
    ost__loan loan;
} session_call;

static ost_status lend(ost_call *call)
{
    ost_session *s = call->session;
    ost_status status = ost__lend(s, &((session_call *)call)->loan, s->deadline);
    if (status != OST_OK)
        memcpy(&call->error, &s->error, sizeof(call->error));
    return status;
}

static ost_status take_back(ost_call *call, ost_status status, const char *what)
{
    ost_session *s = call->session;
    bool told = ost__take_back(s, &((session_call *)call)->loan);
    if (status == OST_OK || !what)
        return status;
    if (told && s->error.status == status) {
        memcpy(&call->error, &s->error, sizeof(call->error));
        return status;
    }
    const char *path = call->path;
    ost__error_set(&call->error, status, "the %s of %s%s%s returned %s", what,
                   call->model->table.model, *path ? "." : "", path, ost_status_name(status));
    ost__error_about(&call->error, call->model->table.model, *path ? path : NULL);
    return status;
}

ost_call *ost__call_new(ost_session *s, const ost__model *m, enum ost_called operation)
{
    session_call *c = ost__arena_alloc_zeroed(&s->scratch, sizeof(*c), _Alignof(session_call));
    if (!c) {
        ost__no_memory(s);
        return NULL;
    }
    c->base.session = s;
    c->base.context = s->context;
    c->base.model = m;
    c->base.texts = &s->records;
    c->base.operation = (uint16_t)operation;
    c->base.path = c->base.rule = "";
    c->base.lend = lend;
    c->base.take_back = take_back;
    return &c->base;
}

ost_status ost__call_failed(ost_session *s, const ost_call *call, ost_status status)
{
    memcpy(&s->error, &call->error, sizeof(s->error));
    return status;
}
