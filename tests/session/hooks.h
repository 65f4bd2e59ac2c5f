/* SPDX-License-Identifier: MIT */
/* What the tests of hooks share: a trace of what ran, and a hook that does something. */
#ifndef OSTLER_TESTS_SESSION_HOOKS_H
#define OSTLER_TESTS_SESSION_HOOKS_H

#include "rig.h"

typedef ost_status hooks_act(ost_call *call, void *record);
/* From now on hooks are traced, and the one of this name does something. NULL: each; nothing. */
void hooks_when(const char *name, hooks_act *does);
/* How often it did so since. */
int hooks_runs(void);
/* What ran since the last look. */
const char *hooks_traced(void);
/* No hook does anything from now on. */
void hooks_rest(void);

/* Stores a lodger, or gets one, without a hook that does anything. */
int64_t hooks_add(rig *r, const char *name);
lodger *hooks_get(rig *r, int64_t id);
int64_t hooks_lodgers(rig *r);
int64_t hooks_visits(rig *r);

#endif
