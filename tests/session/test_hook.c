/* SPDX-License-Identifier: MIT */
/* Hooks on records: when they run, what they see, and what they change. */
#include "hooks.h"

#include <stdio.h>

/* ---- the order ---- */

#define INSERTS                                                           \
    "before_validate(insert) after_validate(insert) before_save(insert) " \
    "before_insert(insert) after_insert(insert) after_save(insert)"
#define SAVES                                                                           \
    "before_validate(save) after_validate(save) before_save(save) before_update(save) " \
    "after_update(save) after_save(save)"

static void hooks_run_in_their_order(void **state)
{
    rig *r = *state;
    lodger g = { .name = "ada" };
    hooks_when(NULL, NULL);
    OK(ost_insert(r->s, lodger, &g));
    assert_string_equal(hooks_traced(), INSERTS);
    lodger *found = ost_get(r->s, lodger, g.id);
    assert_non_null(found);
    assert_string_equal(hooks_traced(), "after_load(load)");
    OK(ost_save(r->s, lodger, found));
    assert_string_equal(hooks_traced(), "");
    found->visits = 1;
    OK(ost_save(r->s, lodger, found));
    assert_string_equal(hooks_traced(), SAVES);
    g.visits = 2;
    OK(ost_replace(r->s, lodger, &g));
    assert_string_equal(hooks_traced(),
                        "before_validate(replace) after_validate(replace) before_save(replace) "
                        "before_update(replace) after_update(replace) after_save(replace)");
    OK(ost_reload(r->s, lodger, found));
    assert_string_equal(hooks_traced(), "after_load(load)");
    OK(ost_delete(r->s, lodger, found));
    assert_string_equal(hooks_traced(), "before_delete(delete) after_delete(delete)");
}

static void many_run_each_step_for_every_record(void **state)
{
    rig *r = *state;
    lodger two[2] = { { .name = "ada" }, { .name = "bob" } };
    size_t count;
    hooks_when(NULL, NULL);
    OK(ost_insert_many(r->s, lodger, two, 2));
    assert_string_equal(hooks_traced(),
                        "before_validate(insert) after_validate(insert) before_save(insert) "
                        "before_insert(insert) before_validate(insert) after_validate(insert) "
                        "before_save(insert) before_insert(insert) after_insert(insert) "
                        "after_save(insert) after_insert(insert) after_save(insert)");
    lodger *found = ost_all(ost_from(r->s, lodger), lodger, &count);
    assert_int_equal(count, 2);
    assert_string_equal(hooks_traced(), "after_load(load) after_load(load)");
    found[0].visits = found[1].visits = 1;
    snprintf(found[1].code, sizeof found[1].code, "b");
    OK(ost_save_many(r->s, lodger, found, 2));
    assert_string_equal(hooks_traced(),
                        "before_validate(save) after_validate(save) before_save(save) "
                        "before_update(save) before_validate(save) after_validate(save) "
                        "before_save(save) before_update(save) after_update(save) "
                        "after_save(save) after_update(save) after_save(save)");
    OK(ost_save_many(r->s, lodger, found, 2));
    assert_string_equal(hooks_traced(), "");
}

/* Also of records that the session holds, which are inserted one by one. */
static void new_records_of_the_session_run_them_once(void **state)
{
    rig *r = *state;
    lodger *g = ost_new(r->s, lodger);
    g->name = " ada ";
    hooks_when(NULL, NULL);
    OK(ost_insert_many(r->s, lodger, g, 1));
    assert_string_equal(hooks_traced(), INSERTS);
    assert_true(g->id > 0);
    assert_string_equal(g->name, "ada");
    OK(ost_save(r->s, lodger, g));
    assert_string_equal(hooks_traced(), "");
    g->visits = 3;
    OK(ost_save(r->s, lodger, g));
    assert_string_equal(hooks_traced(), SAVES);
}

static void every_way_of_loading_runs_after_load(void **state)
{
    rig *r = *state;
    int64_t ids[] = { hooks_add(r, "ada"), hooks_add(r, "bob") };
    size_t count;
    ost_page page;
    hooks_when(NULL, NULL);
    assert_non_null(ost_find(r->s, lodger, ost_eq(lodger, name, "ada")));
    assert_string_equal(hooks_traced(), "after_load(load)");
    assert_non_null(ost_first(ost_from(r->s, lodger), lodger));
    assert_string_equal(hooks_traced(), "after_load(load)");
    assert_non_null(ost_get_many(r->s, lodger, ids, 2, &count));
    assert_string_equal(hooks_traced(), "after_load(load) after_load(load)");
    assert_non_null(ost_paginate(ost_from(r->s, lodger), lodger, 1, 1, &count, &page));
    assert_string_equal(hooks_traced(), "after_load(load)");
    ost_query *part = ost_from(r->s, lodger);
    ost_select(part, ost_as(lodger, id, ost_col(lodger, id)),
               ost_as(lodger, name, ost_col(lodger, name)));
    assert_non_null(ost_all(part, lodger, &count));
    assert_string_equal(hooks_traced(), "after_load(load) after_load(load)");
    ost_cursor *c = ost_stream(ost_from(r->s, lodger), 1);
    while (ost_next(c, lodger))
        continue;
    OK(ost_cursor_close(c));
    assert_string_equal(hooks_traced(), "after_load(load) after_load(load)");
    ost_session *s = rig_session(r, OST_SESSION(.read_only = true));
    assert_non_null(ost_get(s, lodger, ids[0]));
    assert_string_equal(hooks_traced(), "after_load(load)");
    ost_session_close(s);
    assert_int_equal(hooks_lodgers(r), 2);
    assert_string_equal(hooks_traced(), "");
}

/* There is no record in an update or delete by query. */
static void queries_that_write_run_none(void **state)
{
    rig *r = *state;
    int64_t n;
    hooks_add(r, "ada");
    hooks_when(NULL, NULL);
    ost_query *q = ost_from(r->s, lodger);
    ost_everything(q);
    OK(ost_update(q, &n, ost_set(lodger, visits, 3)));
    q = ost_from(r->s, lodger);
    ost_everything(q);
    OK(ost_delete_all(q, &n));
    assert_string_equal(hooks_traced(), "");
}

/* ---- what they see and change ---- */

static ost_status change_the_record(ost_call *call, void *record)
{
    lodger *g = record;
    g->name = ost_text(ost_call_session(call), " Bob ");
    g->visits += 10;
    g->seen = 7;
    return OST_OK;
}

static void a_hook_changes_what_is_written(void **state)
{
    static const char *const before[] = { "before_validate", "after_validate", "before_save",
                                          "before_insert" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        lodger g = { .name = "ada", .visits = 1 };
        hooks_when(before[i], change_the_record);
        OK(ost_insert(r->s, lodger, &g));
        /* The struct's own text stays: it may outlive the session. */
        assert_string_equal(g.name, "ada");
        assert_int_equal(g.visits, 11);
        assert_int_equal(g.seen, 7);
        const lodger *stored = hooks_get(r, g.id);
        assert_string_equal(stored->name, "Bob");
        assert_int_equal(stored->visits, 11);
    }
}

static void a_hook_changes_what_is_saved(void **state)
{
    static const char *const before[] = { "before_validate", "after_validate", "before_save",
                                          "before_update" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        lodger *g = hooks_get(r, hooks_add(r, "ada"));
        snprintf(g->code, sizeof g->code, "c");
        hooks_when(before[i], change_the_record);
        rig_forget(r);
        OK(ost_save(r->s, lodger, g));
        assert_string_equal(g->name, "Bob");
        assert_int_equal(g->visits, 10);
        assert_int_equal(g->seen, 7);
        const lodger *stored = hooks_get(r, g->id);
        assert_string_equal(stored->name, "Bob");
        assert_string_equal(stored->code, "c");
        /* What it wrote is known to be stored. */
        rig_forget(r);
        OK(ost_save(r->s, lodger, g));
        assert_int_equal(rig_sent(r), 0);
    }
}

static ost_status break_a_rule(ost_call *call, void *record)
{
    (void)call;
    ((lodger *)record)->visits = -1;
    return OST_OK;
}

static void what_a_hook_sets_is_checked_like_all_else(void **state)
{
    static const char *const before[] = { "before_validate", "after_validate", "before_save",
                                          "before_insert" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        lodger g = { .name = "ada", .visits = 1 };
        hooks_when(before[i], break_a_rule);
        rig_forget(r);
        FAILS(OST_INVALID, "lodger.visits: must be at least 0", ost_insert(r->s, lodger, &g));
        assert_int_equal(rig_sent(r), 0);
        assert_int_equal(g.visits, 1);
        assert_int_equal(g.id, 0);
    }
}

static ost_status take_it_back(ost_call *call, void *record)
{
    ((lodger *)record)->visits = ost_loaded(call, lodger)->visits;
    return OST_OK;
}

static void changes_that_a_hook_takes_back_are_not_written(void **state)
{
    static const char *const before[] = { "before_validate", "before_update" };
    rig *r = *state;
    for (size_t i = 0; i < 2; i++) {
        lodger *g = hooks_get(r, hooks_add(r, "ada"));
        g->visits = 5;
        hooks_when(before[i], take_it_back);
        rig_forget(r);
        OK(ost_save(r->s, lodger, g));
        assert_int_equal(rig_count(r, "UPDATE"), 0);
        assert_null(strstr(hooks_traced(), "after_update"));
        hooks_when(NULL, NULL);
        OK(ost_save_many(r->s, lodger, g, 1));
        assert_int_equal(rig_count(r, "UPDATE"), 1);
        assert_int_equal(hooks_get(r, g->id)->visits, 5);
    }
}

static ost_status compare(ost_call *call, void *record)
{
    const lodger *now = record, *before = ost_loaded(call, lodger);
    assert_non_null(before);
    assert_string_equal(before->name, "ada");
    assert_string_equal(now->name, "bob");
    assert_true(ost_changed(call, lodger, name));
    assert_false(ost_changed(call, lodger, visits));
    return OST_OK;
}

/* After the write too, when the record is as stored. */
static void a_hook_sees_what_was_loaded_and_what_changed(void **state)
{
    static const char *const hooks[] = { "before_validate", "after_validate", "before_save",
                                         "before_update",   "after_update",   "after_save" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        lodger *g = hooks_get(r, hooks_add(r, "ada"));
        hooks_when(hooks[i], compare);
        g->name = "bob";
        OK(ost_save(r->s, lodger, g));
        assert_int_equal(hooks_runs(), 1);
        g = hooks_get(r, hooks_add(r, "ada"));
        g->name = "bob";
        OK(ost_save_many(r->s, lodger, g, 1));
        assert_int_equal(hooks_runs(), 2);
    }
}

static ost_status expect_the_key(ost_call *call, void *record)
{
    const lodger *g = record;
    assert_null(ost_loaded(call, lodger));
    assert_true(ost_changed(call, lodger, name));
    assert_true(g->id > 0);
    assert_true(g->changed_at.microseconds > 0);
    return OST_OK;
}

static void after_an_insert_the_key_is_there(void **state)
{
    rig *r = *state;
    lodger many[2] = { { .name = "ada" }, { .name = "bob" } };
    hooks_when("after_insert", expect_the_key);
    OK(ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
    OK(ost_insert_many(r->s, lodger, many, 2));
    assert_int_equal(hooks_runs(), 3);
}

static ost_status set_seen(ost_call *call, void *record)
{
    lodger *g = record;
    const lodger *loaded = ost_loaded(call, lodger);
    assert_true(!loaded || loaded->seen == 0);
    g->seen++;
    g->visits = 99;
    return OST_OK;
}

/* What after_load changes in a member that is stored is the program's change. */
static void after_load_changes_the_record_and_not_what_is_stored(void **state)
{
    rig *r = *state;
    int64_t id = hooks_add(r, "ada");
    hooks_when("after_load", set_seen);
    lodger *g = ost_get(r->s, lodger, id);
    assert_int_equal(g->seen, 1);
    assert_int_equal(g->visits, 99);
    assert_int_equal(hooks_get(r, id)->visits, 0);
    OK(ost_save(r->s, lodger, g));
    assert_int_equal(hooks_get(r, id)->visits, 99);
    OK(ost_reload(r->s, lodger, g));
    assert_int_equal(g->seen, 1);
}

static ost_status change_the_key(ost_call *call, void *record)
{
    (void)call;
    ((lodger *)record)->id += 1000;
    return OST_OK;
}

static void a_hook_may_not_change_a_stored_key(void **state)
{
    static const char *const before[] = { "before_validate", "before_save" };
    rig *r = *state;
    for (size_t i = 0; i < 2; i++) {
        lodger *g = hooks_get(r, hooks_add(r, "ada"));
        g->visits = 1;
        hooks_when(before[i], change_the_key);
        FAILS(OST_MISUSE, "a hook changed the key of a lodger", ost_save(r->s, lodger, g));
        FAILS(OST_MISUSE, "a hook changed the key of a lodger", ost_replace(r->s, lodger, g));
        hooks_when(before[i], NULL);
        OK(ost_save(r->s, lodger, g));
    }
    lodger given = { .name = "new" };
    hooks_when("before_insert", change_the_key);
    OK(ost_insert(r->s, lodger, &given));
    assert_int_equal(given.id, 1000);
}

/* ---- rollback ---- */

static void a_rollback_takes_back_what_hooks_set(void **state)
{
    rig *r = *state;
    lodger *g = hooks_get(r, hooks_add(r, "ada"));
    OK(ost_begin(r->s, NULL));
    hooks_when("before_save", change_the_record);
    snprintf(g->code, sizeof g->code, "new");
    OK(ost_save(r->s, lodger, g));
    assert_string_equal(g->name, "Bob");
    OK(ost_rollback(r->s));
    hooks_rest();
    assert_string_equal(g->name, "ada");
    assert_int_equal(g->visits, 0);
    /* The program's own change stays, and is written by the next save. */
    assert_string_equal(g->code, "new");
    OK(ost_save(r->s, lodger, g));
    assert_string_equal(hooks_get(r, g->id)->name, "ada");
    assert_string_equal(hooks_get(r, g->id)->code, "new");
}

static const struct CMUnitTest tests[] = {
    RIG_ALL(hooks_run_in_their_order),
    RIG_ALL(many_run_each_step_for_every_record),
    RIG_ALL(new_records_of_the_session_run_them_once),
    RIG_ALL(every_way_of_loading_runs_after_load),
    RIG_ALL(queries_that_write_run_none),
    RIG_ALL(a_hook_changes_what_is_written),
    RIG_ALL(a_hook_changes_what_is_saved),
    RIG_ALL(what_a_hook_sets_is_checked_like_all_else),
    RIG_ALL(changes_that_a_hook_takes_back_are_not_written),
    RIG_ALL(a_hook_sees_what_was_loaded_and_what_changed),
    RIG_ALL(after_an_insert_the_key_is_there),
    RIG_ALL(after_load_changes_the_record_and_not_what_is_stored),
    RIG_ALL(a_hook_may_not_change_a_stored_key),
    RIG_ALL(a_rollback_takes_back_what_hooks_set),
};

int main(void)
{
    return RIG_RUN(tests);
}
