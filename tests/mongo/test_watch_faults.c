/* SPDX-License-Identifier: MIT */
/* Watchers without memory, without history, and by URLs that read elsewhere. */
#include "mongo/watching.h"

#include <stdatomic.h>

/* ---- memory ---- */

static atomic_long calls, fail_at;

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context, (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    if (atomic_load(&fail_at) > 0 && atomic_fetch_add(&calls, 1) + 1 >= atomic_load(&fail_at))
        return NULL;
    return realloc(old, new_size);
}

static void fail_from(long n)
{
    atomic_store(&calls, 0);
    atomic_store(&fail_at, n);
}

static void open_starving(watching *p, const char *url)
{
    const ost_platform platform = { .struct_size = sizeof platform, .resize = resize };
    ost_error error;
    p->url = url;
    if (ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_mongo()),
                             .models = OST_MODELS(&note_model, &cell_model), .platform = &platform,
                             .statement_timeout_ms = 10000),
                 &p->db, &error) ||
        ost_session_open(p->db, NULL, &p->s, &error))
        fail_msg("%s", error.message);
}

/* Each call is made with less and less missing, until it goes through. Queries are made before. */
static ost_watcher *watch_starving(watching *p)
{
    for (long n = 1;; n++) {
        ost_query *q = ost_from(p->s, note);
        ost_where(q, ost_gt(note, n, 0));
        fail_from(n);
        ost_watcher *w = ost_watch(q, NULL);
        fail_from(0);
        if (w)
            return w;
        if (ost_session_error(p->s)->status != OST_NO_MEMORY)
            fail_msg("%s", ost_session_error(p->s)->message);
        OK(ost_session_clear(p->s), p->s);
    }
}

static void no_change_is_lost_without_memory(void **state)
{
    enum { COUNT = 12 };
    watched *t = *state;
    watching p;
    open_starving(&p, t->url);
    ost_watcher *w = watch_starving(&p);
    watched_fill(t->url, 1, COUNT);
    for (int i = 1; i <= COUNT; i++) {
        ost_watch_event event;
        const note *found = NULL;
        for (long n = 1; !found; n++) {
            ost_mark mark = ost_session_mark(p.s);
            fail_from(n);
            found = ost_watch_next(w, note, &event);
            fail_from(0);
            if (!found)
                assert_int_equal(event.status, OST_NO_MEMORY);
            else
                assert_int_equal(found->id, i);
            if (!found)
                OK(ost_session_release(p.s, mark), p.s);
        }
        assert_true(event.token.size > 0);
        /* Also where a stream has to be opened for it. */
        if (i % 4 == 0) {
            ost_blob token = watched_keep(event.token);
            OK(ost_watch_close(w), p.s);
            OK(ost_session_clear(p.s), p.s);
            ost_query *q = ost_from(p.s, note);
            ost_where(q, ost_gt(note, n, 0));
            w = ost_watch(q, OST_WATCH(.after = token));
            assert_non_null(w);
            watched_forget(token);
        }
    }
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
}

/* ---- history ---- */

/* Writes 12 MB to the oplog, and lets it forget what it would need after a crash. */
static const char churn[] =
    "{\"update\": \"rest\", \"updates\": [{\"q\": {}, \"multi\": true, \"u\": [{\"$set\": "
    "{\"text\": "
    "{\"$concat\": [{\"$toString\": \"$$NOW\"}, {\"$substrCP\": [\"$text\", 0, 1000000]}]}}}]}]}"
    "{\"fsync\": 1, \"$db\": \"admin\"}";

static void fill_with_text(const char *url)
{
    enum { SIZE = 1000000, COUNT = 12 };
    char *text = malloc(SIZE + 200);
    int at = sprintf(text, "{\"insert\": \"rest\", \"documents\": [{\"text\": \"");
    memset(text + at, 'x', SIZE);
    (void)sprintf(text + at + SIZE, "\"}]}");
    for (int i = 0; i < COUNT; i++)
        server_sql(url, text);
    free(text);
}

/* The oplog of 64 MiB forgets what is old, as often as the server writes down what it has. */
static void what_the_server_has_forgotten_is_stale(void **state)
{
    enum { TIMES = 1000 };
    server_instance *server = server_private(SERVER_MONGODB, "--set syncdelay=1");
    const char *url = server_url(server, NULL);
    watching p;
    ost_blob token;
    ost_watcher *w;
    (void)state;
    watching_open(&p, url, 2, 20000);
    w = ost_watch(ost_from(p.s, note), NULL);
    assert_non_null(w);
    watched_fill(url, 1, 1);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 1);
    token = watched_keep(ost_watch_token(w));
    OK(ost_watch_close(w), p.s);
    fill_with_text(url);
    for (int i = 0; w && i < TIMES; i++) {
        server_sql(url, churn);
        w = ost_watch(ost_from(p.s, note), OST_WATCH(.after = token));
        if (w)
            OK(ost_watch_close(w), p.s);
    }
    SAYS(p.s, OST_STALE, "does not have the changes behind the token any more");
    assert_int_equal(ost_session_error(p.s)->native_code, 286);
    watched_forget(token);
    watching_close(&p);
    server_end(server);
}

/* ---- URLs ---- */

static void urls_that_read_elsewhere_are_watched_alike(void **state)
{
    static const char *const options[] = { "readConcernLevel=local",
                                           "readPreference=secondaryPreferred", "w=1",
                                           "retryReads=false", "directConnection=true" };
    watched *t = *state;
    for (int i = 0; i < (int)(sizeof options / sizeof options[0]); i++) {
        watching p;
        watching_open(&p, server_url_with(t->url, options[i]), 1, 10000);
        ost_watcher *w = ost_watch(ost_from(p.s, note), NULL);
        if (!w)
            fail_msg("%s: %s", options[i], ost_session_error(p.s)->message);
        watched_insert(p.s, i, i);
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, i);
        watched_insert(p.s, 100 + i, i);
        assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 100 + i);
        OK(ost_watch_close(w), p.s);
        watching_close(&p);
    }
}

/* ---- events ---- */

static atomic_int opened;

static void count_watches(const ost_event *event, void *context)
{
    (void)context;
    if (event->kind == OST_EVENT_STATEMENT && strcmp(event->text, "(watch)") == 0 &&
        strcmp(event->model, "note") == 0 && event->status == OST_OK)
        atomic_fetch_add(&opened, 1);
}

static void opening_is_told(void **state)
{
    watched *t = *state;
    watching p;
    ost_error error;
    assert_int_equal(ost_open(OST_OPTIONS(.url = t->url, .drivers = OST_DRIVERS(ost_driver_mongo()),
                                          .models = OST_MODELS(&note_model, &cell_model),
                                          .on_event = count_watches),
                              &p.db, &error),
                     OST_OK);
    assert_int_equal(ost_session_open(p.db, NULL, &p.s, &error), OST_OK);
    ost_watcher *w = ost_watch(ost_from(p.s, note), NULL);
    assert_non_null(w);
    assert_int_equal(atomic_load(&opened), 1);
    watched_insert(t->writer.s, 1, 1);
    assert_int_equal(watched_next(w, OST_WATCH_INSERTED)->id, 1);
    assert_int_equal(atomic_load(&opened), 1);
    OK(ost_watch_close(w), p.s);
    watching_close(&p);
}

#define WATCHED(f) cmocka_unit_test_setup_teardown(f, watched_begin, watched_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED(no_change_is_lost_without_memory),
        cmocka_unit_test(what_the_server_has_forgotten_is_stale),
        WATCHED(urls_that_read_elsewhere_are_watched_alike),
        WATCHED(opening_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
