/* SPDX-License-Identifier: MIT */
/* What a program hears of its statements, and the ready logger. */
#include "rig.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "session/db.h"

static const rig_event *event_at(rig *r, size_t index)
{
    assert_true(index < r->event_count);
    return &r->events[index];
}

static void each_statement_is_an_event(void **state)
{
    rig *r = *state;
    int64_t n;
    rig_book(r, "Emma", 1815);
    rig_book(r, "Persuasion", 1817);
    rig_forget(r);
    assert_non_null(ost_all(ost_from(r->s, book), book, NULL));
    const rig_event *e = event_at(r, r->event_count - 1);
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(e->kind, OST_EVENT_STATEMENT);
    assert_int_equal(e->status, OST_OK);
    assert_int_equal(e->rows, 2);
    assert_false(e->slow);
    assert_string_equal(e->model, "book");
    HAS(e->text, rig_word(r, "SELECT"));
    rig_forget(r);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, title, "a secret constant"));
    OK(ost_update(q, &n, ost_set(book, title, "another secret")));
    ost_everything(q = ost_from(r->s, book));
    OK(ost_update(q, &n, ost_set(book, stock, 3)));
    assert_int_equal(rig_sent(r), 2);
    assert_int_equal(event_at(r, 0)->rows, 0);
    assert_int_equal(event_at(r, 1)->rows, 2);
    for (size_t i = 0; i < r->event_count; i++)
        assert_null(strstr(r->events[i].text, "secret"));
}

static void failures_are_events_with_their_status(void **state)
{
    rig *r = *state;
    OK(ost_insert(r->s, book, &(book){ .title = "a", .isbn = "the number" }));
    rig_forget(r);
    FAILS(OST_CONFLICT, "isbn",
          ost_insert(r->s, book, &(book){ .title = "b", .isbn = "the number" }));
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(event_at(r, 0)->status, OST_CONFLICT);
    assert_null(strstr(event_at(r, 0)->text, "the number"));
    assert_null(strstr(ost_session_error(r->s)->message, "the number"));
}

static void borders_of_units_are_events(void **state)
{
    rig *r = *state;
    static const char *const expected[] = { "BEGIN",  "INSERT",      "SAVEPOINT",
                                            "INSERT", "ROLLBACK TO", "SAVEPOINT",
                                            "INSERT", "RELEASE",     "COMMIT" };
    OK(ost_begin(r->s, NULL));
    rig_forget(r);
    rig_book(r, "a", 1);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "b", 1);
    OK(ost_rollback(r->s));
    OK(ost_begin(r->s, NULL));
    rig_book(r, "c", 1);
    OK(ost_commit(r->s));
    OK(ost_commit(r->s));
    assert_int_equal(rig_sent(r), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_memory_equal(rig_text(r, i), expected[i], strlen(expected[i]));
}

static void slow_statements_are_marked(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, &(const ost_options){ .struct_size = sizeof(ost_options), .slow_query_ms = 20 });
    assert_null(ost_get(r->s, book, 1));
    assert_false(event_at(r, r->event_count - 1)->slow);
    atomic_store(&r->step, 50000000);
    assert_null(ost_get(r->s, book, 1));
    atomic_store(&r->step, 0);
    assert_true(event_at(r, r->event_count - 1)->slow);
}

static void connections_are_events(void **state)
{
    rig *r = *state;
    ost_session *others[3];
    rig_close(r);
    rig_open(r, NULL);
    for (size_t i = 0; i < 3; i++) {
        others[i] = rig_session(r, NULL);
        assert_int_equal(ost_begin(others[i], OST_TRANSACTION(.read_only = true)), OST_OK);
        assert_null(ost_get(others[i], book, 1));
    }
    assert_int_equal(rig_events_of(r, OST_EVENT_CONNECT), 2);
    for (size_t i = 0; i < 3; i++)
        ost_session_close(others[i]);
    rig_forget(r);
    rig_close(r);
    assert_int_equal(rig_events_of(r, OST_EVENT_DISCONNECT), 3);
    rig_open(r, NULL);
}

static void a_statement_whose_connection_broke_is_an_event(void **state)
{
    rig *r = *state;
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_SELECT), .action = OST_FAKE_REFUSE,
                              .effects = OST_FAKE_LOSES_CONNECTION));
    assert_null(ost_get(r->s, book, 1));
    /* It is closed on a thread of the pool, which tells of it too, before or after. */
    while (ost__pool_count(r->db->pool).busy > 0)
        sched_yield();
    assert_int_equal(rig_sent(r), 1);
    assert_int_equal(rig_statement(r, 0)->status, OST_CONNECTION);
    assert_int_equal(rig_events_of(r, OST_EVENT_DISCONNECT), 1);
}

static void the_logger_writes_one_line_for_each_event(void **state)
{
    rig *r = *state;
    char text[4096], line[64];
    FILE *file = tmpfile();
    assert_non_null(file);
    rig_close(r);
    rig_open(r, &(const ost_options){ .struct_size = sizeof(ost_options),
                                      .on_event = ost_log_event,
                                      .context = file });
    rewind(file);
    assert_int_equal(ftruncate(fileno(file), 0), 0);
    OK(ost_begin(r->s, NULL));
    rig_book(r, "quiet please", 1);
    OK(ost_commit(r->s));
    OK(ost_insert(r->s, book, &(book){ .title = "a", .isbn = "1" }));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, book, &(book){ .title = "b", .isbn = "1" }));
    rewind(file);
    size_t size = fread(text, 1, sizeof text - 1, file), lines = 0;
    text[size] = '\0';
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        lines++;
    assert_int_equal(lines, 5);
    assert_memory_equal(text, "ostler statement ", 17);
    HAS(text, " us, 0 rows, OST_OK: BEGIN\n");
    snprintf(line, sizeof line, " us, 1 rows, OST_OK: %s", rig_word(r, "INSERT"));
    HAS(text, line);
    snprintf(line, sizeof line, "OST_CONFLICT: %s", rig_word(r, "INSERT"));
    HAS(text, line);
    assert_null(strstr(text, "quiet please"));
    rig_close(r);
    rewind(file);
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    HAS(text, "ostler disconnect: connection closed\n");
    rig_open(r, NULL);
    ost_log_event(&(const ost_event){ .kind = OST_EVENT_RETRY, .text = "x" }, NULL);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(each_statement_is_an_event),
        RIG_ALL(failures_are_events_with_their_status),
        RIG_SQL(borders_of_units_are_events),
        RIG_ALL(slow_statements_are_marked),
        RIG_ALL(connections_are_events),
        RIG_FAKES(a_statement_whose_connection_broke_is_an_event),
        RIG_ALL(the_logger_writes_one_line_for_each_event),
    };
    return RIG_RUN(tests);
}
