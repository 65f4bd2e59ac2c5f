/* SPDX-License-Identifier: MIT */
/* Hooks around writes and after loads, what is called at the end of a transaction, and versions. */
#include "conformance.h"

#include <string.h>

#include "suite_models.h"

/* ---- hooks ---- */

static char trace[600];

static ost_status note_step(const char *hook, ost_call *call, hooked *record)
{
    size_t used = strlen(trace);
    (void)call, (void)record;
    snprintf(trace + used, sizeof trace - used, "%s%s", used ? " " : "", hook);
    return OST_OK;
}

static void expect_trace(const char *wanted)
{
    assert_string_equal(trace, wanted);
    trace[0] = '\0';
}

static void hooks_run_in_their_order(void)
{
    hooked h = { .name = "a" };
    trace[0] = '\0';
    hooked_does = note_step;
    OK(ost_insert(s, hooked, &h));
    expect_trace(
        "before_validate after_validate before_save before_insert after_insert after_save");
    hooked *found = ost_get(s, hooked, h.id);
    assert_non_null(found);
    expect_trace("after_load");
    OK(ost_save(s, hooked, found));
    expect_trace("");
    found->steps = 1;
    OK(ost_save(s, hooked, found));
    expect_trace(
        "before_validate after_validate before_save before_update after_update after_save");
    OK(ost_delete(s, hooked, found));
    expect_trace("before_delete after_delete");
    hooked_does = NULL;
}

static ost_status take_a_step(const char *hook, ost_call *call, hooked *record)
{
    (void)call;
    record->steps += strcmp(hook, "before_save") == 0;
    return OST_OK;
}

static void what_a_hook_sets_is_stored(void)
{
    hooked many[2] = { { .name = "a" }, { .name = "b", .steps = 5 } };
    hooked_does = take_a_step;
    OK(ost_insert_many(s, hooked, many, 2));
    hooked_does = NULL;
    assert_int_equal(((hooked *)ost_get(s, hooked, many[0].id))->steps, 1);
    assert_int_equal(((hooked *)ost_get(s, hooked, many[1].id))->steps, 6);
}

static ost_status refuse_late(const char *hook, ost_call *call, hooked *record)
{
    (void)record;
    return strcmp(hook, "after_save") == 0 ? ost_call_fail(call, NULL, "too late") : OST_OK;
}

static void a_hook_after_the_write_undoes_it(void)
{
    int64_t n = -1;
    hooked h = { .name = "a" };
    hooked_does = refuse_late;
    FAILS("OST_INVALID", ost_insert(s, hooked, &h));
    hooked_does = NULL;
    assert_int_equal(h.id, 0);
    OK(ost_count_of(ost_from(s, hooked), &n));
    assert_int_equal(n, 0);
}

static ost_status write_another(const char *hook, ost_call *call, hooked *record)
{
    author a = { .name = record->name };
    return strcmp(hook, "before_insert") == 0 ? ost_insert(ost_call_session(call), author, &a)
                                              : OST_OK;
}

static void a_hooks_writes_share_the_writes_fate(void)
{
    int64_t n = -1;
    hooked first = { .name = "a" }, second = { .name = "a" };
    hooked_does = write_another;
    OK(ost_insert(s, hooked, &first));
    FAILS("OST_CONFLICT", ost_insert(s, hooked, &second));
    hooked_does = NULL;
    OK(ost_count_of(ost_from(s, author), &n));
    assert_int_equal(n, 1);
}

/* ---- the end of a transaction ---- */

static int commits, rollbacks;

static void count_commit(ost_session *session, void *context)
{
    (void)session, (void)context;
    commits++;
}

static void count_rollback(ost_session *session, void *context)
{
    (void)session, (void)context;
    rollbacks++;
}

static void callbacks_run_after_the_end(void)
{
    author a = { .name = "a" };
    commits = rollbacks = 0;
    for (int i = 0; i < 2; i++) {
        OK(ost_begin(s, NULL));
        OK(ost_insert(s, author, &a));
        OK(ost_after_commit(s, count_commit, NULL));
        OK(ost_after_rollback(s, count_rollback, NULL));
        assert_int_equal(commits + rollbacks, i);
        OK(i == 0 ? ost_rollback(s) : ost_commit(s));
        a.id = 0;
    }
    assert_int_equal(commits, 1);
    assert_int_equal(rollbacks, 1);
}

static const test_case hooks_group_cases[] = {
    CASE(hooks_run_in_their_order, "hooks run in their order"),
    CASE(what_a_hook_sets_is_stored, "what a hook sets is stored"),
    CASE_ALONE(a_hook_after_the_write_undoes_it, "a hook that refuses after the write undoes it"),
    CASE_ALONE(a_hooks_writes_share_the_writes_fate, "what a hook writes shares the write's fate"),
    CASE_ALONE(callbacks_run_after_the_end, "callbacks run after a commit or a rollback"),
};
GROUP(hooks_group, "Hooks and callbacks");

/* ---- versions ---- */

static versioned *fresh(int n)
{
    versioned v = { .name = "a", .n = n, .version = 40 };
    OK(ost_insert(s, versioned, &v));
    assert_int_equal(v.version, 1);
    versioned *found = ost_get(s, versioned, v.id);
    assert_non_null(found);
    assert_int_equal(found->version, 1);
    return found;
}

static void every_write_counts_a_version(void)
{
    versioned *v = fresh(1);
    v->n = 2;
    OK(ost_save(s, versioned, v));
    assert_int_equal(v->version, 2);
    OK(ost_replace(s, versioned, v));
    assert_int_equal(v->version, 3);
    ost_query *q = ost_from(s, versioned);
    ost_where(q, ost_eq(versioned, id, v->id));
    OK(ost_update(q, NULL, ost_inc(versioned, n, 5)));
    v = ost_get(s, versioned, v->id);
    assert_int_equal(v->version, 4);
    assert_int_equal(v->n, 7);
}

static void another_session_was_faster(void)
{
    versioned *mine = fresh(1), *theirs;
    ost_session *other = other_session();
    theirs = ost_get(other, versioned, mine->id);
    assert_non_null(theirs);
    theirs->n = 2;
    assert_string_equal(ost_status_name(ost_save(other, versioned, theirs)), "OST_OK");
    mine->name = "b";
    FAILS("OST_STALE", ost_save(s, versioned, mine));
    FAILS("OST_STALE", ost_replace(s, versioned, mine));
    FAILS("OST_STALE", ost_delete(s, versioned, mine));
    assert_int_equal(mine->version, 1);
    OK(ost_reload(s, versioned, mine));
    assert_string_equal(mine->name, "a");
    assert_int_equal(mine->n, 2);
    mine->name = "b";
    OK(ost_save(s, versioned, mine));
    assert_int_equal(mine->version, 3);
    OK(ost_delete(s, versioned, mine));
}

/* Each of two sessions adds to what it has read, until nobody was faster. */
static void no_update_is_lost(void)
{
    int64_t id = fresh(0)->id;
    ost_session *sessions[2] = { s, other_session() };
    int stale = 0;
    for (int round = 0; round < 5; round++) {
        versioned *read[2];
        for (int i = 0; i < 2; i++) {
            read[i] = ost_get(sessions[i], versioned, id);
            assert_non_null(read[i]);
        }
        for (int i = 0; i < 2; i++) {
            read[i]->n++;
            while (ost_save(sessions[i], versioned, read[i]) == OST_STALE) {
                assert_int_equal(ost_reload(sessions[i], versioned, read[i]), OST_OK);
                read[i]->n++;
                stale++;
            }
        }
    }
    const versioned *end = ost_get(s, versioned, id);
    assert_int_equal(end->n, 10);
    assert_int_equal(end->version, 11);
    assert_int_equal(stale, 5);
}

static void one_stale_record_stops_many(void)
{
    size_t count;
    versioned many[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
    OK(ost_insert_many(s, versioned, many, 3));
    ost_query *q = ost_from(s, versioned);
    ost_order_by(q, ost_asc(versioned, id));
    versioned *all = ost_all(q, versioned, &count);
    assert_int_equal(count, 3);
    ost_session *other = other_session();
    versioned *theirs = ost_get(other, versioned, all[1].id);
    assert_non_null(theirs);
    theirs->n = 9;
    assert_string_equal(ost_status_name(ost_save(other, versioned, theirs)), "OST_OK");
    for (int i = 0; i < 3; i++)
        all[i].n = i + 1;
    FAILS("OST_STALE", ost_save_many(s, versioned, all, 3));
    assert_non_null(strstr(ost_session_error(s)->message, "record 1"));
    assert_int_equal(((versioned *)ost_get(s, versioned, all[0].id))->n, 0);
    OK(ost_reload(s, versioned, &all[1]));
    all[1].n = 2;
    OK(ost_save_many(s, versioned, all, 3));
    assert_int_equal(all[1].version, 3);
    assert_int_equal(all[2].version, 2);
}

static const test_case versions_group_cases[] = {
    CASE(every_write_counts_a_version, "every write counts a version"),
    CASE_ALONE(another_session_was_faster, "a record that another session changed is stale"),
    CASE_ALONE(no_update_is_lost, "no update is lost among sessions"),
    CASE_ALONE(one_stale_record_stops_many, "`save_many` with a stale record writes none"),
};
GROUP(versions_group, "Versions");
