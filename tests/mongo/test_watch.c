/* SPDX-License-Identifier: MIT */
/* Changes as they are watched: what comes, of which records, from where on. */
#include "mongo/watching.h"

#include <pthread.h>

static ost_watcher *watch_notes(watching *p, const ost_watch_options *options)
{
    ost_watcher *w = ost_watch(ost_from(p->s, note), options);
    if (!w)
        fail_msg("%s", ost_session_error(p->s)->message);
    return w;
}

static ost_watcher *watch_after(watching *p, ost_blob token)
{
    return watch_notes(p, OST_WATCH(.after = token, .wait_ms = 5000));
}

/* ---- what comes ---- */

static void every_change_comes_as_a_record(void **state)
{
    watched *t = *state;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    note with = { .id = 1, .text = "one", .n = 10 }, *n, *first;
    ost_put(with.maybe, 7);
    OK(ost_insert(t->writer.s, note, &with), t->writer.s);
    watched_set(t->writer.s, 1, 11);
    server_sql(t->url, "{\"update\": \"notes\", \"updates\": [{\"q\": {\"_id\": 1}, \"u\": "
                       "{\"text\": \"other\", \"n\": 12}}]}");
    watched_delete(t->writer.s, 1);
    first = n = watched_next(w, OST_WATCH_INSERTED);
    assert_int_equal(n->id, 1);
    n = watched_next(w, OST_WATCH_UPDATED);
    assert_int_equal(n->id, 1);
    n = watched_next(w, OST_WATCH_REPLACED);
    assert_int_equal(n->id, 1);
    n = watched_next(w, OST_WATCH_DELETED);
    assert_int_equal(n->id, 1);
    assert_int_equal(n->n, 0);
    assert_null(n->text);
    /* Records stay as long as the session's memory. */
    assert_int_equal(first->n, 10);
    assert_string_equal(first->text, "one");
    assert_true(first->maybe.present);
    assert_int_equal(first->maybe.value, 7);
    /* They are not tracked. */
    assert_int_equal(ost_save(t->reader.s, note, first), OST_MISUSE);
    OK(ost_watch_close(w), t->reader.s);
}

static void an_update_comes_with_the_record_behind_it(void **state)
{
    watched *t = *state;
    ost_watch_event event;
    ost_watcher *w;
    note *n;
    watched_insert(t->writer.s, 1, 10);
    w = watch_notes(&t->reader, NULL);
    watched_set(t->writer.s, 1, 11);
    n = ost_watch_next(w, note, &event);
    assert_non_null(n);
    assert_int_equal(event.kind, OST_WATCH_UPDATED);
    assert_int_equal(event.known, OST_KNOWN_ALL);
    assert_int_equal(n->n, 11);
    assert_string_equal(n->text, "note 1");
    /* Of one that is gone when it is looked for, the key is known. */
    watched_set(t->writer.s, 1, 12);
    watched_delete(t->writer.s, 1);
    n = ost_watch_next(w, note, &event);
    assert_non_null(n);
    assert_int_equal(event.kind, OST_WATCH_UPDATED);
    assert_int_equal(event.known, OST_KNOWN_KEY);
    assert_int_equal(n->id, 1);
    assert_null(n->text);
    n = ost_watch_next(w, note, &event);
    assert_non_null(n);
    assert_int_equal(event.kind, OST_WATCH_DELETED);
    assert_int_equal(event.known, OST_KNOWN_KEY);
    OK(ost_watch_close(w), t->reader.s);
}

static void a_delete_knows_no_key_of_several_members(void **state)
{
    watched *t = *state;
    ost_watch_event event;
    const cell *c;
    ost_watcher *w = ost_watch(ost_from(t->reader.s, cell), NULL);
    assert_non_null(w);
    OK(ost_insert(t->writer.s, cell, &(cell){ .row = 3, .line = 4, .text = "x" }), t->writer.s);
    OK(ost_delete(t->writer.s, cell, &(cell){ .row = 3, .line = 4 }), t->writer.s);
    c = ost_watch_next(w, cell, &event);
    assert_non_null(c);
    assert_int_equal(c->row, 3);
    assert_int_equal(c->line, 4);
    c = ost_watch_next(w, cell, &event);
    assert_non_null(c);
    assert_int_equal(event.kind, OST_WATCH_DELETED);
    assert_int_equal(event.known, OST_KNOWN_NOTHING);
    assert_int_equal(c->row, 0);
    OK(ost_watch_close(w), t->reader.s);
}

static void a_change_that_does_not_fit_is_passed_over(void **state)
{
    watched *t = *state;
    ost_watch_event event;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    server_sql(t->url, "{\"insert\": \"notes\", \"bypassDocumentValidation\": true, \"documents\": "
                       "[{\"_id\": {\"$numberLong\": \"1\"}, \"n\": \"many\"}]}");
    watched_insert(t->writer.s, 2, 20);
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.status, OST_RANGE);
    assert_int_equal(event.kind, OST_WATCH_INSERTED);
    assert_true(event.token.size > 0);
    SAYS(t->reader.s, OST_RANGE, "note.n");
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 2);
    OK(ost_watch_close(w), t->reader.s);
}

static void nothing_in_time_is_no_end(void **state)
{
    watched *t = *state;
    ost_watcher *w = watch_notes(&t->reader, OST_WATCH(.wait_ms = 300));
    int64_t start = watched_now_ms(), took;
    watched_nothing(w, t->reader.s);
    took = watched_now_ms() - start;
    assert_true(took >= 100 && took <= 400);
    watched_insert(t->writer.s, 1, 10);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 1);
    watched_nothing(w, t->reader.s);
    OK(ost_watch_close(w), t->reader.s);
}

/* ---- conditions ---- */

/* Notes 1 to 6 with n of 10, 20, …; then those that came, as a text, up to note 99. */
static void check_filter(watched *t, const ost_expr *condition, const char *expected)
{
    char seen[64] = "";
    ost_query *q = ost_from(t->reader.s, note);
    ost_watch_event event;
    ost_watcher *w;
    ost_where(q, ost_either(condition, ost_eq(note, id, 99)));
    w = ost_watch(q, OST_WATCH(.wait_ms = 5000));
    assert_non_null(w);
    for (int i = 1; i <= 6; i++) {
        note n = { .id = i, .text = i % 2 ? "Odd" : "even", .n = i * 10 };
        if (i > 3)
            ost_put(n.maybe, i == 5 ? 50 : 1);
        OK(ost_insert(t->writer.s, note, &n), t->writer.s);
    }
    watched_insert(t->writer.s, 99, 0);
    for (const note *n; (n = ost_watch_next(w, note, &event)) && n->id != 99;)
        (void)snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%d", (int)n->id);
    assert_int_equal(event.kind, OST_WATCH_INSERTED);
    assert_string_equal(seen, expected);
    OK(ost_watch_close(w), t->reader.s);
    OK(ost_session_clear(t->reader.s), t->reader.s);
    server_sql(t->url, "{\"delete\": \"notes\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
}

static void conditions_choose(void **state)
{
    watched *t = *state;
    const int few[] = { 10, 60 };
    check_filter(t, ost_gt(note, n, 40), "56");
    check_filter(t, ost_in(note, n, few, 2), "16");
    check_filter(t, ost_not(ost_in(note, n, few, 2)), "2345");
    check_filter(t, ost_both(ost_gt(note, n, 10), ost_lt(note, n, 30)), "2");
    check_filter(t, ost_is_null(note, maybe), "123");
    check_filter(t, ost_not(ost_eq(note, maybe, 1)), "5");
    check_filter(t, ost_has_text(note, text, "ODD"), "135");
    check_filter(t, ost_cmp_eq(ost_col(note, n), ost_col(note, maybe)), "5");
    check_filter(t, ost_not(ost_cmp_eq(ost_col(note, n), ost_col(note, maybe))), "46");
}

static void conditions_ask_the_record_behind_the_change(void **state)
{
    watched *t = *state;
    ost_query *q = ost_from(t->reader.s, note);
    ost_watcher *w;
    ost_where(q, ost_gt(note, n, 100));
    w = ost_watch(q, NULL);
    assert_non_null(w);
    watched_insert(t->writer.s, 1, 1);
    watched_insert(t->writer.s, 2, 2);
    watched_set(t->writer.s, 1, 101);
    assert_int_equal(watched_next(w, OST_WATCH_UPDATED)->n, 101);
    watched_set(t->writer.s, 1, 3);
    watched_delete(t->writer.s, 2);
    /* That it does not meet them any more is not told; a delete always is. */
    assert_int_equal(watched_next(w, OST_WATCH_DELETED)->id, 2);
    OK(ost_watch_close(w), t->reader.s);
}

/* It asks for what is absent, but of a record that is gone nothing is known. */
static void a_record_that_is_gone_meets_no_condition(void **state)
{
    watched *t = *state;
    ost_query *q = ost_from(t->reader.s, note);
    ost_watcher *w;
    ost_where(q, ost_is_null(note, maybe));
    watched_insert(t->writer.s, 1, 1);
    w = ost_watch(q, NULL);
    assert_non_null(w);
    watched_set(t->writer.s, 1, 2);
    watched_delete(t->writer.s, 1);
    assert_int_equal(watched_next(w, OST_WATCH_DELETED)->id, 1);
    OK(ost_watch_close(w), t->reader.s);
}

static void a_condition_that_cannot_hold_leaves_deletes(void **state)
{
    watched *t = *state;
    ost_query *q = ost_from(t->reader.s, note);
    ost_watcher *w;
    ost_where(q, ost_in(note, n, (const int[]){ 0 }, 0));
    w = ost_watch(q, NULL);
    assert_non_null(w);
    watched_insert(t->writer.s, 1, 1);
    watched_delete(t->writer.s, 1);
    assert_int_equal(watched_next(w, OST_WATCH_DELETED)->id, 1);
    OK(ost_watch_close(w), t->reader.s);
}

/* ---- tokens ---- */

static void a_token_goes_on_in_another_program(void **state)
{
    watched *t = *state;
    watching other;
    ost_watch_event event;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    ost_blob first = watched_keep(ost_watch_token(w)), second;
    watched_fill(t->url, 1, 3);
    assert_non_null(ost_watch_next(w, note, &event));
    second = watched_keep(event.token);
    assert_int_equal(ost_watch_token(w).size, second.size);
    watching_close(&t->reader);
    watching_open(&t->reader, t->url, 2, 10000);
    watching_open(&other, t->url, 2, 10000);
    w = watch_after(&t->reader, second);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 2);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 3);
    OK(ost_watch_close(w), t->reader.s);
    /* The one from before the first change. */
    w = watch_after(&other, first);
    for (int i = 1; i <= 3; i++)
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, i);
    watching_close(&other);
    watched_forget(first);
    watched_forget(second);
}

/* Also where nothing of the watcher's own happens it comes to later places. */
static void the_token_moves_over_what_is_not_told(void **state)
{
    watched *t = *state;
    ost_query *q = ost_from(t->reader.s, note);
    ost_watch_event event;
    ost_blob before;
    ost_watcher *w;
    ost_where(q, ost_eq(note, n, 1000000));
    w = ost_watch(q, OST_WATCH(.wait_ms = 1000));
    assert_non_null(w);
    before = ost_watch_token(w);
    watched_fill(t->url, 1, 5);
    assert_null(ost_watch_next(w, note, &event));
    assert_int_equal(event.status, OST_TIMEOUT);
    assert_true(event.token.size != before.size ||
                memcmp(event.token.data, before.data, before.size) != 0);
    /* What was passed over is behind it, but for the last instant. */
    ost_watcher *rest = watch_after(&t->writer, event.token);
    watched_fill(t->url, 6, 6);
    assert_true(watched_next(rest, OST_WATCH_INSERTED)->id >= 5);
    OK(ost_watch_close(rest), t->writer.s);
    OK(ost_watch_close(w), t->reader.s);
}

static void check_bad_token(watched *t, ost_blob token, ost_status status, const char *part)
{
    assert_null(ost_watch(ost_from(t->reader.s, note), OST_WATCH(.after = token)));
    SAYS(t->reader.s, status, part);
}

static void bad_tokens_are_refused(void **state)
{
    static const uint8_t empty[] = { 5, 0, 0, 0, 0 };
    static const uint8_t query[] = "\x13\0\0\0\2_data\0\3\0\0\0$x\0";
    static const uint8_t made_up[] = "\x17\0\0\0\2_data\0\7\0\0\0ABCDEF\0";
    watched *t = *state;
    ost_watcher *w = ost_watch(ost_from(t->reader.s, cell), NULL);
    ost_blob foreign = ost_watch_token(w), cut;
    assert_true(foreign.size > 0);
    check_bad_token(t, (ost_blob){ "rubbish", 7 }, OST_MISUSE, "is none");
    check_bad_token(t, (ost_blob){ NULL, 7 }, OST_MISUSE, "is none");
    check_bad_token(t, (ost_blob){ empty, sizeof empty }, OST_MISUSE, "is none");
    check_bad_token(t, (ost_blob){ query, 19 }, OST_MISUSE, "is none");
    check_bad_token(t, (ost_blob){ made_up, 23 }, OST_MISUSE, "is none");
    cut = (ost_blob){ foreign.data, foreign.size - 1 };
    check_bad_token(t, cut, OST_MISUSE, "is none");
    cut = (ost_blob){ foreign.data, (size_t)2 << 20 };
    check_bad_token(t, cut, OST_MISUSE, "is none");
    OK(ost_watch_close(w), t->reader.s);
    /* The session is as good as before. */
    watched_insert(t->reader.s, 1, 1);
}

/* The server looks for its place until the first change behind it. */
static void a_token_of_another_collection_is_refused(void **state)
{
    watched *t = *state;
    ost_watch_event event;
    ost_watcher *w = ost_watch(ost_from(t->reader.s, cell), NULL);
    OK(ost_insert(t->writer.s, cell, &(cell){ .row = 3, .line = 4, .text = "x" }), t->writer.s);
    assert_non_null(ost_watch_next(w, cell, &event));
    OK(ost_watch_close(w), t->reader.s);
    w = watch_after(&t->reader, event.token);
    watched_insert(t->writer.s, 1, 1);
    for (int i = 0; i < 2; i++) {
        assert_null(ost_watch_next(w, note, &event));
        assert_int_equal(event.kind, OST_WATCH_NOTHING);
        assert_int_equal(event.status, OST_STALE);
        SAYS(t->reader.s, OST_STALE, "another collection");
    }
    assert_int_equal(ost_watch_close(w), OST_STALE);
    /* The connection is as good as before. */
    watched_insert(t->reader.s, 2, 2);
}

/* ---- the end ---- */

static void a_dropped_collection_ends_the_stream(void **state)
{
    watched *t = *state;
    ost_watch_event event;
    ost_blob end;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    watched_insert(t->writer.s, 1, 1);
    server_sql(t->url, "{\"drop\": \"notes\"}");
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 1);
    for (int i = 0; i < 2; i++) {
        assert_null(ost_watch_next(w, note, &event));
        assert_int_equal(event.kind, OST_WATCH_INVALIDATED);
        assert_int_equal(event.status, OST_OK);
    }
    end = watched_keep(event.token);
    OK(ost_watch_close(w), t->reader.s);
    /* Behind the end the collection may begin anew. */
    w = watch_after(&t->reader, end);
    watched_fill(t->url, 7, 7);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 7);
    OK(ost_watch_close(w), t->reader.s);
    watched_forget(end);
}

static void a_renamed_collection_ends_the_stream(void **state)
{
    watched *t = *state;
    const char *name = strrchr(t->url, '/') + 1;
    char command[400];
    ost_query *q = ost_from(t->reader.s, note);
    int size = (int)strcspn(name, "?");
    ost_where(q, ost_eq(note, n, 5));
    ost_watcher *w = ost_watch(q, NULL);
    assert_non_null(w);
    (void)snprintf(command, sizeof command,
                   "{\"renameCollection\": \"%.*s.notes\", \"to\": \"%.*s.others\", \"$db\": "
                   "\"admin\"}",
                   size, name, size, name);
    server_sql(t->url, command);
    watched_next(w, OST_WATCH_INVALIDATED);
    OK(ost_watch_close(w), t->reader.s);
}

/* ---- many ---- */

enum { MANY = 10000 };

static void *write_many(void *context)
{
    watched_fill(context, 1, MANY);
    return NULL;
}

static void ten_thousand_come_in_their_order(void **state)
{
    watched *t = *state;
    ost_watcher *w = watch_notes(&t->reader, NULL);
    pthread_t thread;
    char url[512];
    (void)snprintf(url, sizeof url, "%s", t->url);
    assert_int_equal(pthread_create(&thread, NULL, write_many, url), 0);
    for (int i = 1; i <= MANY; i++) {
        ost_mark mark = ost_session_mark(t->reader.s);
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, i);
        /* Every now and then it goes on elsewhere. */
        if (i % 997 == 0) {
            ost_blob token = watched_keep(ost_watch_token(w));
            OK(ost_watch_close(w), t->reader.s);
            w = watch_after(&t->reader, token);
            watched_forget(token);
        } else if (i < 997) {
            OK(ost_session_release(t->reader.s, mark), t->reader.s);
        }
    }
    pthread_join(thread, NULL);
    watched_set(t->writer.s, 5, -1);
    assert_int_equal(watched_next(w, OST_WATCH_UPDATED)->id, 5);
    OK(ost_watch_close(w), t->reader.s);
}

#define WATCHED(f) cmocka_unit_test_setup_teardown(f, watched_begin, watched_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED(every_change_comes_as_a_record),
        WATCHED(an_update_comes_with_the_record_behind_it),
        WATCHED(a_delete_knows_no_key_of_several_members),
        WATCHED(a_change_that_does_not_fit_is_passed_over),
        WATCHED(nothing_in_time_is_no_end),
        WATCHED(conditions_choose),
        WATCHED(conditions_ask_the_record_behind_the_change),
        WATCHED(a_record_that_is_gone_meets_no_condition),
        WATCHED(a_condition_that_cannot_hold_leaves_deletes),
        WATCHED(a_token_goes_on_in_another_program),
        WATCHED(the_token_moves_over_what_is_not_told),
        WATCHED(bad_tokens_are_refused),
        WATCHED(a_token_of_another_collection_is_refused),
        WATCHED(a_dropped_collection_ends_the_stream),
        WATCHED(a_renamed_collection_ends_the_stream),
        WATCHED(ten_thousand_come_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
