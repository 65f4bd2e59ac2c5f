/* SPDX-License-Identifier: MIT */
#include "semantics.h"

ost_session *s;
const ost_opt_int null = { .present = false }, one = OST_SOME(1), two = OST_SOME(2);

static ost_db *db;

int semantics_open(void **state)
{
    ost_error error;
    (void)state;
    if (ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = all_models),
                 &db, &error) == OST_OK &&
        ost_create_tables(db, &error) == OST_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}

int semantics_close(void **state)
{
    (void)state;
    ost_close(db);
    return 0;
}

int semantics_begin(void **state)
{
    (void)state;
    return ost_session_open(db, NULL, &s, NULL) != OST_OK || ost_begin(s, NULL) != OST_OK;
}

int semantics_undo(void **state)
{
    (void)state;
    ost_session_close(s);
    return 0;
}

void add_maybe(ost_opt_int n)
{
    OK(ost_insert(s, maybe, &(maybe){ .i32 = n }));
}

int64_t add_thing(thing t)
{
    if (!t.name)
        t.name = "";
    OK(ost_insert(s, thing, &t));
    return t.id;
}

void add_note(const char *note)
{
    add_thing((thing){ .note = note });
}

int64_t maybes(const ost_expr *condition)
{
    int64_t count = -1;
    ost_query *q = ost_from(s, maybe);
    ost_where(q, condition);
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    return count;
}

int64_t things(const ost_expr *condition)
{
    int64_t count = -1;
    ost_query *q = ost_from(s, thing);
    ost_where(q, condition);
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(s)->message);
    return count;
}
