/* SPDX-License-Identifier: MIT */
#include "session/callback.h"

#include <string.h>

#include "session/session.h"

struct ost__callback {
    ost__callback *next;
    ost_callback *function;
    void *context;
    uint32_t unit;           /* in which it was registered; 0: the transaction */
    enum ost__ending ending; /* for which it waits */
    bool undone;             /* a savepoint that held it was rolled back */
};

static void append(ost__callback **first, ost__callback **last, ost__callback *c)
{
    c->next = NULL;
    if (*first)
        (*last)->next = c;
    else
        *first = c;
    *last = c;
}

/* ---- registering ---- */

static ost_status add(ost_session *s, ost_callback *function, void *context,
                      enum ost__ending ending)
{
    ost__callbacks *all = &s->callbacks;
    if (!function)
        return ost__fail(s, OST_MISUSE,
                         "a NULL function was given to be called after the end of a "
                         "transaction");
    if (ending == OST__COMMITTED)
        OST_TRY(ost__unit_check(s));
    if (s->unit_count == 0 && ending != OST__COMMITTED)
        return OST_OK;
    ost__callback *c = ost__alloc_zeroed(&s->db->memory, sizeof(*c));
    if (!c)
        return ost__no_memory(s);
    c->function = function;
    c->context = context;
    c->ending = ending;
    if (s->unit_count == 0) {
        append(&all->due, &all->last_due, c);
        return OST_OK;
    }
    c->unit = s->unit_count - 1;
    append(&all->waiting, &all->last_waiting, c);
    return OST_OK;
}

static ost_status enter_and_add(ost_session *s, ost_callback *function, void *context,
                                enum ost__ending ending)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, add(s, function, context, ending));
}

ost_status ost_after_commit(ost_session *s, ost_callback *function, void *context)
{
    return enter_and_add(s, function, context, OST__COMMITTED);
}

ost_status ost_after_rollback(ost_session *s, ost_callback *function, void *context)
{
    return enter_and_add(s, function, context, OST__UNDONE);
}

ost_status ost_after_unknown_outcome(ost_session *s, ost_callback *function, void *context)
{
    return enter_and_add(s, function, context, OST__UNKNOWN);
}

/* ---- the end of a unit ---- */

void ost__callbacks_unit_ended(ost_session *s, uint32_t unit, enum ost__ending how)
{
    ost__callbacks *all = &s->callbacks;
    ost__callback *c = all->waiting, *next;
    if (unit > 0) {
        for (; c; c = c->next) {
            if (c->unit < unit)
                continue;
            c->unit = unit - 1;
            c->undone |= how != OST__COMMITTED;
        }
        return;
    }
    all->waiting = all->last_waiting = NULL;
    for (; c; c = next) {
        /* What a rollback to a savepoint undid did not happen, however the transaction ended. */
        bool due = c->ending == (c->undone ? OST__UNDONE : how);
        next = c->next;
        if (due)
            append(&all->due, &all->last_due, c);
        else
            ost__free(&s->db->memory, c, sizeof(*c));
    }
}

/* ---- running ---- */

static ost__callback *take_due(ost_session *s)
{
    ost__callback *c = s->callbacks.due;
    if (c)
        s->callbacks.due = c->next;
    return c;
}

void ost__callbacks_run(ost_session *s)
{
    ost_error kept;
    ost__loan loan;
    /* A callback that ends a transaction of its own leaves what is due then to this loop. */
    if (s->callbacks.running)
        return;
    memcpy(&kept, &s->error, sizeof(kept));
    s->callbacks.running = true;
    while (s->callbacks.due && ost__lend(s, &loan, INT64_MAX) == OST_OK) {
        ost__callback *c = take_due(s);
        c->function(s, c->context);
        ost__take_back(s, &loan);
        ost__free(&s->db->memory, c, sizeof(*c));
    }
    s->callbacks.running = false;
    memcpy(&s->error, &kept, sizeof(s->error));
}

void ost__callbacks_finish(ost_session *s)
{
    ost__callback *c, *next;
    while ((c = take_due(s))) {
        c->function(s, c->context);
        ost__free(&s->db->memory, c, sizeof(*c));
    }
    for (c = s->callbacks.waiting; c; c = next) {
        next = c->next;
        ost__free(&s->db->memory, c, sizeof(*c));
    }
}
