/* SPDX-License-Identifier: MIT */
#include "hooks.h"

#include <stdio.h>

static char trace[2000];
static const char *act_in;
static hooks_act *acting;
static int runs;

static ost_status note_and_act(const char *name, ost_call *call, void *record)
{
    static const char *const called[] = {
        [OST_CALL_INSERT] = "insert", [OST_CALL_SAVE] = "save", [OST_CALL_REPLACE] = "replace",
        [OST_CALL_DELETE] = "delete", [OST_CALL_LOAD] = "load",
    };
    size_t used = strlen(trace);
    assert_true(ost_call_operation(call) <= OST_CALL_LOAD);
    snprintf(trace + used, sizeof trace - used, "%s%s(%s)", used ? " " : "", name,
             called[ost_call_operation(call)]);
    if (!acting || (act_in && strcmp(act_in, name) != 0))
        return OST_OK;
    runs++;
    return acting(call, record);
}

void hooks_when(const char *name, hooks_act *does)
{
    trace[0] = '\0';
    runs = 0;
    act_in = name;
    acting = does;
    session_hook = note_and_act;
}

int hooks_runs(void)
{
    return runs;
}

const char *hooks_traced(void)
{
    static char copy[sizeof trace];
    memcpy(copy, trace, sizeof copy);
    trace[0] = '\0';
    return copy;
}

void hooks_rest(void)
{
    session_hook = NULL;
}

int64_t hooks_add(rig *r, const char *name)
{
    lodger g = { .name = name };
    session_hook_is *before = session_hook;
    session_hook = NULL;
    OK(ost_insert(r->s, lodger, &g));
    session_hook = before;
    return g.id;
}

lodger *hooks_get(rig *r, int64_t id)
{
    session_hook_is *before = session_hook;
    session_hook = NULL;
    lodger *g = ost_get(r->s, lodger, id);
    session_hook = before;
    assert_non_null(g);
    return g;
}

int64_t hooks_lodgers(rig *r)
{
    int64_t n = -1;
    OK(ost_count_of(ost_from(r->s, lodger), &n));
    return n;
}

int64_t hooks_visits(rig *r)
{
    int64_t n = -1;
    OK(ost_count_of(ost_from(r->s, visit), &n));
    return n;
}
