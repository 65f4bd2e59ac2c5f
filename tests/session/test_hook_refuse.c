/* SPDX-License-Identifier: MIT */
/* Hooks on records: how they stop a write, and what they may ask of the database. */
#include "hooks.h"

/* ---- how they stop a write ---- */

static ost_status refuse(ost_call *call, void *record)
{
    (void)record;
    return ost_call_fail(call, "name", "is not on the list");
}

static void a_hook_that_refuses_stops_the_write(void **state)
{
    static const char *const before[] = { "before_validate", "after_validate", "before_save",
                                          "before_insert" };
    rig *r = *state;
    ost_failure f;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        lodger g = { .name = "ada" };
        hooks_when(before[i], refuse);
        rig_forget(r);
        FAILS(OST_INVALID, "lodger.name: is not on the list", ost_insert(r->s, lodger, &g));
        const ost_error *e = ost_session_error(r->s);
        assert_int_equal(e->nothing_sent, 1);
        assert_true(ost_error_failure(e, 0, &f));
        assert_string_equal(f.path, "name");
        assert_string_equal(f.rule, "custom");
        assert_int_equal(rig_sent(r), 0);
        assert_int_equal(g.id, 0);
        assert_null(strstr(hooks_traced(), "after_insert"));
    }
}

static void a_hook_that_refuses_stops_a_save_a_replace_and_a_delete(void **state)
{
    rig *r = *state;
    lodger *g = hooks_get(r, hooks_add(r, "ada"));
    g->visits = 4;
    rig_forget(r);
    hooks_when("before_update", refuse);
    FAILS(OST_INVALID, "is not on the list", ost_save(r->s, lodger, g));
    FAILS(OST_INVALID, "is not on the list", ost_replace(r->s, lodger, g));
    hooks_when("before_delete", refuse);
    FAILS(OST_INVALID, "is not on the list", ost_delete(r->s, lodger, g));
    assert_int_equal(rig_sent(r), 0);
    assert_int_equal(hooks_get(r, g->id)->visits, 0);
    hooks_rest();
    OK(ost_save(r->s, lodger, g));
    assert_int_equal(hooks_get(r, g->id)->visits, 4);
}

static ost_status refuse_bob(ost_call *call, void *record)
{
    const lodger *g = record;
    return strcmp(g->name, "bob") == 0 ? ost_call_fail(call, "name", "has been here") : OST_OK;
}

static ost_status stop_bob(ost_call *call, void *record)
{
    const lodger *g = record;
    if (strcmp(g->name, "bob") != 0)
        return OST_OK;
    return ost_fail(ost_call_session(call), OST_LOCK_TIMEOUT, NULL, "bob is busy");
}

static void inside_many_the_failure_names_the_record(void **state)
{
    rig *r = *state;
    lodger many[3] = { { .name = "ada" }, { .name = "bob" }, { .name = "bob" } };
    ost_failure f;
    rig_forget(r);
    hooks_when("before_save", refuse_bob);
    FAILS(OST_INVALID, "record 1: lodger.name: has been here",
          ost_insert_many(r->s, lodger, many, 3));
    assert_int_equal(ost_session_error(r->s)->failure_count, 2);
    assert_true(ost_error_failure(ost_session_error(r->s), 1, &f));
    assert_string_equal(f.path, "[2].name");
    hooks_when("before_save", stop_bob);
    FAILS(OST_LOCK_TIMEOUT, "record 1: bob is busy", ost_insert_many(r->s, lodger, many, 3));
    assert_int_equal(rig_sent(r), 0);
    hooks_rest();
    for (int i = 0; i < 3; i++)
        hooks_add(r, "ada");
    size_t count;
    lodger *found = ost_all(ost_from(r->s, lodger), lodger, &count);
    found[0].visits = found[1].visits = 1;
    found[1].name = "bob";
    hooks_when("before_save", refuse_bob);
    FAILS(OST_INVALID, "record 1: lodger.name: has been here",
          ost_save_many(r->s, lodger, found, count));
    hooks_when("before_save", stop_bob);
    FAILS(OST_LOCK_TIMEOUT, "record 1: bob is busy", ost_save_many(r->s, lodger, found, count));
    hooks_when("after_save", refuse_bob);
    FAILS(OST_INVALID, "record 1: lodger.name: has been here",
          ost_save_many(r->s, lodger, found, count));
    assert_int_equal(hooks_get(r, found[0].id)->visits, 0);
    hooks_rest();
    OK(ost_save_many(r->s, lodger, found, count));
    assert_int_equal(hooks_get(r, found[0].id)->visits, 1);
}

static void a_refusal_after_the_write_undoes_it(void **state)
{
    static const char *const after[] = { "after_insert", "after_save" };
    rig *r = *state;
    lodger many[2] = { { .name = "ada" }, { .name = "bob" } };
    for (size_t i = 0; i < 2; i++) {
        lodger own = { .name = "ada" }, *n = ost_new(r->s, lodger);
        n->name = "eve";
        hooks_when(after[i], refuse);
        FAILS(OST_INVALID, "is not on the list", ost_insert(r->s, lodger, &own));
        assert_int_equal(own.id, 0);
        FAILS(OST_INVALID, "is not on the list", ost_insert(r->s, lodger, n));
        assert_int_equal(n->id, 0);
        FAILS(OST_INVALID, "record 0: ", ost_insert_many(r->s, lodger, many, 2));
        assert_int_equal(many[0].id, 0);
        assert_int_equal(hooks_lodgers(r), 0);
        hooks_rest();
        OK(ost_insert(r->s, lodger, n));
        OK(ost_delete(r->s, lodger, n));
    }
    lodger *g = hooks_get(r, hooks_add(r, "ada"));
    hooks_when("after_update", refuse);
    g->visits = 1;
    FAILS(OST_INVALID, "is not on the list", ost_save(r->s, lodger, g));
    FAILS(OST_INVALID, "is not on the list", ost_replace(r->s, lodger, g));
    hooks_when("after_delete", refuse);
    FAILS(OST_INVALID, "is not on the list", ost_delete(r->s, lodger, g));
    assert_int_equal(hooks_get(r, g->id)->visits, 0);
    hooks_rest();
    OK(ost_save(r->s, lodger, g));
    assert_int_equal(hooks_get(r, g->id)->visits, 1);
}

/* As a write that the database refused would. */
static void a_refusal_after_the_write_dooms_the_transaction_around(void **state)
{
    rig *r = *state;
    lodger g = { .name = "ada" };
    OK(ost_begin(r->s, NULL));
    hooks_add(r, "before");
    hooks_when("after_insert", refuse);
    FAILS(OST_INVALID, "is not on the list", ost_insert(r->s, lodger, &g));
    hooks_rest();
    FAILS(OST_INVALID, "is not on the list", ost_insert(r->s, lodger, &g));
    FAILS(OST_INVALID, "is not on the list", ost_commit(r->s));
    assert_int_equal(hooks_lodgers(r), 0);
}

/* One before it does not: nothing was written. */
static void a_refusal_before_the_write_dooms_nothing(void **state)
{
    rig *r = *state;
    lodger g = { .name = "ada" };
    OK(ost_begin(r->s, NULL));
    hooks_add(r, "before");
    hooks_when("before_insert", refuse);
    FAILS(OST_INVALID, "is not on the list", ost_insert(r->s, lodger, &g));
    hooks_rest();
    OK(ost_commit(r->s));
    assert_int_equal(hooks_lodgers(r), 1);
}

static void a_refusal_of_after_load_is_the_loads(void **state)
{
    rig *r = *state;
    int64_t ids[] = { hooks_add(r, "ada"), hooks_add(r, "bob") };
    size_t count = 7;
    hooks_when("after_load", refuse_bob);
    assert_non_null(ost_get(r->s, lodger, ids[0]));
    NULLS(OST_INVALID, "has been here", ost_get(r->s, lodger, ids[1]));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    NULLS(OST_INVALID, "has been here", ost_all(ost_from(r->s, lodger), lodger, &count));
    assert_int_equal(count, 0);
    NULLS(OST_INVALID, "has been here", ost_get_many(r->s, lodger, ids, 2, &count));
    ost_query *q = ost_from(r->s, lodger);
    ost_order_by(q, ost_asc(lodger, id));
    ost_cursor *c = ost_stream(q, 10);
    assert_non_null(ost_next(c, lodger));
    assert_null(ost_next(c, lodger));
    assert_null(ost_next(c, lodger));
    FAILS(OST_INVALID, "has been here", ost_cursor_close(c));
}

/* ---- hooks that use the database ---- */

static ost_status log_a_visit(ost_call *call, void *record)
{
    ost_session *s = ost_call_session(call);
    const lodger *g = record;
    int64_t n;
    OST_TRY(ost_count_of(ost_from(s, lodger), &n));
    return ost_insert(s, visit, &(visit){ .reason = g->name, .minutes = (int)n });
}

/* Of the lodger's hook in act_in, not of those of the visit in it. */
static ost_status log_once(ost_call *call, void *record)
{
    return ost_call_model(call) == &lodger_model ? log_a_visit(call, record) : OST_OK;
}

static ost_status log_and_refuse(ost_call *call, void *record)
{
    OST_TRY(log_once(call, record));
    return ost_call_model(call) == &lodger_model ? refuse(call, record) : OST_OK;
}

static void a_hook_may_write_and_shares_the_writes_fate(void **state)
{
    static const char *const hooks[] = { "before_validate", "before_insert", "after_insert",
                                         "after_save" };
    rig *r = *state;
    lodger many[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
    for (size_t i = 0; i < sizeof hooks / sizeof *hooks; i++) {
        int64_t before = hooks_visits(r), people = hooks_lodgers(r);
        hooks_when(hooks[i], log_once);
        OK(ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
        assert_int_equal(hooks_visits(r), before + 1);
        OK(ost_insert_many(r->s, lodger, many, 3));
        assert_int_equal(hooks_visits(r), before + 4);
        for (int k = 0; k < 3; k++)
            many[k].id = 0;
        hooks_when(hooks[i], log_and_refuse);
        FAILS(OST_INVALID, "is not on the list",
              ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
        FAILS(OST_INVALID, "is not on the list", ost_insert_many(r->s, lodger, many, 3));
        assert_int_equal(hooks_visits(r), before + 4);
        assert_int_equal(hooks_lodgers(r), people + 4);
    }
}

static void a_write_that_fails_takes_its_hooks_writes_along(void **state)
{
    rig *r = *state;
    lodger first = { .name = "ada", .mail = "a@b" }, second = { .name = "eve", .mail = "a@b" };
    OK(ost_insert(r->s, lodger, &first));
    hooks_when("before_insert", log_once);
    FAILS(OST_CONFLICT, "mail", ost_insert(r->s, lodger, &second));
    assert_int_equal(hooks_visits(r), 0);
    lodger *g = hooks_get(r, hooks_add(r, "eve"));
    g->mail = "a@b";
    hooks_when("before_update", log_once);
    FAILS(OST_CONFLICT, "mail", ost_save(r->s, lodger, g));
    assert_int_equal(hooks_visits(r), 0);
    g->mail = "b@b";
    OK(ost_save(r->s, lodger, g));
    assert_int_equal(hooks_visits(r), 1);
}

/* Only what needs one gets a transaction. */
static void hooks_before_a_write_cost_no_transaction(void **state)
{
    rig *r = *state;
    visit v = { .reason = "x" };
    hooks_when(NULL, NULL);
    rig_forget(r);
    OK(ost_insert(r->s, visit, &v));
    assert_int_equal(rig_sent(r), 1);
    visit *found = ost_get(r->s, visit, v.id);
    found->minutes = 5;
    rig_forget(r);
    OK(ost_save(r->s, visit, found));
    OK(ost_delete(r->s, visit, found));
    assert_int_equal(rig_sent(r), 2);
    rig_forget(r);
    OK(ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
    assert_int_equal(rig_sent(r), 3);
    assert_string_equal(rig_text(r, 0), "BEGIN");
    assert_string_equal(rig_text(r, 2), "COMMIT");
}

static ost_status fail_a_write(ost_call *call, void *record)
{
    (void)record;
    lodger g = { .name = "eve", .mail = "taken" };
    session_hook_is *before = session_hook;
    hooks_rest();
    ost_status status = ost_insert(ost_call_session(call), lodger, &g);
    session_hook = before;
    assert_int_equal(status, OST_CONFLICT);
    return OST_OK;
}

/* As in a transaction's body: what the database refused cannot be kept quiet. */
static void a_hook_cannot_hide_a_refused_write(void **state)
{
    rig *r = *state;
    lodger g = { .name = "eve", .mail = "taken" };
    OK(ost_insert(r->s, lodger, &g));
    hooks_when("before_insert", fail_a_write);
    FAILS(OST_CONFLICT, "mail", ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
    hooks_when("after_insert", fail_a_write);
    FAILS(OST_CONFLICT, "mail", ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
    hooks_rest();
    assert_int_equal(hooks_lodgers(r), 1);
}

static ost_status load_others(ost_call *call, void *record)
{
    ost_session *s = ost_call_session(call);
    lodger *g = record;
    int64_t n = 0;
    OST_TRY(ost_count_of(ost_from(s, visit), &n));
    g->seen = (int)n;
    return OST_OK;
}

static void after_load_may_query_under_every_load(void **state)
{
    rig *r = *state;
    size_t count;
    OK(ost_insert(r->s, visit, &(visit){ .reason = "x" }));
    for (int i = 0; i < 5; i++)
        hooks_add(r, "ada");
    hooks_when("after_load", load_others);
    lodger *all = ost_all(ost_from(r->s, lodger), lodger, &count);
    assert_non_null(all);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(all[i].seen, 1);
    ost_cursor *c = ost_stream(ost_from(r->s, lodger), 2);
    int read = 0;
    for (lodger *g; (g = ost_next(c, lodger)); read++)
        assert_int_equal(g->seen, 1);
    OK(ost_cursor_close(c));
    assert_int_equal(read, 5);
}

static ost_cursor *own_cursor;

static ost_status use_the_own_cursor(ost_call *call, void *record)
{
    rig *r = ost_call_context(call);
    (void)record;
    NULLS(OST_MISUSE, "a hook reads the cursor that it runs for", ost_next(own_cursor, lodger));
    FAILS(OST_MISUSE, "a hook closes the cursor that it runs for", ost_cursor_close(own_cursor));
    return OST_OK;
}

static void a_hook_leaves_its_own_cursor_alone(void **state)
{
    rig *r = *state;
    hooks_add(r, "ada");
    hooks_when("after_load", use_the_own_cursor);
    own_cursor = ost_stream(ost_from(r->s, lodger), 2);
    assert_non_null(ost_next(own_cursor, lodger));
    assert_null(ost_next(own_cursor, lodger));
    OK(ost_cursor_close(own_cursor));
    assert_int_equal(hooks_runs(), 1);
}

static ost_status insert_another(ost_call *call, void *record)
{
    (void)record;
    return ost_insert(ost_call_session(call), lodger, &(lodger){ .name = "again" });
}

static void a_hook_that_causes_itself_ends(void **state)
{
    rig *r = *state;
    hooks_when("before_insert", insert_another);
    FAILS(OST_MISUSE, "call each other more than 16 deep",
          ost_insert(r->s, lodger, &(lodger){ .name = "ada" }));
    hooks_rest();
    assert_int_equal(hooks_lodgers(r), 0);
}

static void a_read_only_session_runs_no_hooks_of_writes(void **state)
{
    rig *r = *state;
    ost_session *s = rig_session(r, OST_SESSION(.read_only = true));
    hooks_when(NULL, NULL);
    assert_int_equal(ost_insert(s, lodger, &(lodger){ .name = "ada" }), OST_MISUSE);
    HAS(ost_session_error(s)->message, "a write in a read-only session");
    assert_string_equal(hooks_traced(), "");
    ost_session_close(s);
}

static const struct CMUnitTest tests[] = {
    RIG_ALL(a_hook_that_refuses_stops_the_write),
    RIG_ALL(a_hook_that_refuses_stops_a_save_a_replace_and_a_delete),
    RIG_ALL(inside_many_the_failure_names_the_record),
    RIG_ALL(a_refusal_after_the_write_undoes_it),
    RIG_ALL(a_refusal_after_the_write_dooms_the_transaction_around),
    RIG_ALL(a_refusal_before_the_write_dooms_nothing),
    RIG_ALL(a_refusal_of_after_load_is_the_loads),
    RIG_ALL(a_hook_may_write_and_shares_the_writes_fate),
    RIG_ALL(a_write_that_fails_takes_its_hooks_writes_along),
    RIG_ALL(hooks_before_a_write_cost_no_transaction),
    RIG_ALL(a_hook_cannot_hide_a_refused_write),
    RIG_ALL(after_load_may_query_under_every_load),
    RIG_ALL(a_hook_leaves_its_own_cursor_alone),
    RIG_ALL(a_hook_that_causes_itself_ends),
    RIG_ALL(a_read_only_session_runs_no_hooks_of_writes),
};

int main(void)
{
    return RIG_RUN(tests);
}
