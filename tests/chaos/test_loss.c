/* SPDX-License-Identifier: MIT */
/* Connections that end at the worst moment: nothing that was confirmed is lost, nothing happens
 * twice, and what is not known is said. */
#include "chaos.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

/* MongoDB keeps what it was not told the end of for a minute, and the whole database with it: where
 * that can happen it has a server of its own. */
static void begin_relayed(chaos *c, enum server kind)
{
    chaos_begin_on(c, kind, kind == SERVER_MONGODB ? chaos_private(kind, NULL) : NULL, NULL);
    c->proxy = proxy_to(c->url);
    c->via = proxy_url(c->proxy, c->url);
}

/* ---- fm01: the server's side of the connection is killed ---- */

enum { STATEMENTS = 20 };

typedef struct killing {
    chaos *c;
    int at;  /* before this statement */
    int ran; /* statements that succeeded */
} killing;

static ost_status move(ost_session *s, int64_t from, int64_t cents)
{
    ost_query *q = ost_from(s, account);
    ost_where(q, ost_eq(account, id, from));
    return ost_update_one(q, ost_inc(account, cents, cents));
}

static ost_status transfers(ost_session *s, const ost_attempt *attempt, void *context)
{
    killing *k = context;
    (void)attempt;
    for (int i = 0; i < STATEMENTS; i++) {
        int64_t cents = i / 2 + 1;
        if (i == k->at)
            chaos_kill_connections(k->c);
        OST_TRY(move(s, i % 2 ? 2 : 1, i % 2 ? cents : -cents));
        k->ran++;
    }
    return OST_OK;
}

static void fm01_killed_at_each_statement(void **state)
{
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    chaos_begin(c, kind, kind == SERVER_MONGODB);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int at = 0; at <= STATEMENTS; at++) {
        killing k = { .c = c, .at = at };
        ost_status status = ost_transaction(c->s, transfers, &k, NULL);
        /* Before the first statement no connection is held, so that a dead one is replaced. And a
         * transaction of MongoDB is not the socket's: it goes on over another one, if the loss was
         * noticed before the next statement was sent. */
        bool goes_on = kind == SERVER_MONGODB && status == OST_OK;
        if (at == 0 || at == STATEMENTS || goes_on) {
            assert_int_equal(status, OST_OK);
        } else {
            assert_int_equal(status, OST_CONNECTION);
            assert_int_equal(k.ran, at);
        }
        assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
        /* The session goes on at once. */
        OK(move(c->s, 3, 0));
    }
    chaos_end(c);
}

/* ---- fm02: the answer to COMMIT is lost ---- */

typedef struct tally {
    int committed, aborted, unknown;
} tally;

static void judge(chaos *c, ost_status status, int64_t number, tally *t)
{
    int64_t count = chaos_count(c, number);
    switch (status) {
    case OST_OK:
        t->committed++;
        assert_int_equal(count, 1);
        break;
    case OST_UNKNOWN_OUTCOME:
        t->unknown++;
        assert_in_range(count, 0, 1);
        break;
    default:
        t->aborted++;
        assert_int_equal(status, OST_CONNECTION);
        assert_int_equal(count, 0);
        break;
    }
}

static ost_status store(chaos *c, int64_t number)
{
    return ost_insert(c->s, transfer, &(transfer){ .number = number, .cents = 1 });
}

/* New attempts to connect may be held back for a second. */
static void comes_back(chaos *c)
{
    int64_t end = chaos_now_ms() + 5000;
    ost_status status;
    do {
        status = ost_get(c->s, account, 1) ? OST_OK : (ost_status)ost_session_error(c->s)->status;
        (void)ost_session_clear(c->s);
    } while (status != OST_OK && chaos_now_ms() < end);
    OK(status);
}

static void begin_unit(chaos *c, int64_t number)
{
    const proxy_faults honest = PROXY_HONEST;
    proxy_set(c->proxy, &honest);
    OK(ost_begin(c->s, NULL));
    OK(store(c, number));
}

/* How many bytes a commit sends and gets. */
static void measure_commit(chaos *c, int64_t *up, int64_t *down)
{
    const proxy_faults honest = PROXY_HONEST;
    begin_unit(c, 1);
    proxy_set(c->proxy, &honest);
    OK(ost_commit(c->s));
    *up = proxy_up(c->proxy);
    *down = proxy_down(c->proxy);
    assert_true(*up > 0 && *down > 0);
}

static void fm02_commit_is_cut_at_each_byte(void **state)
{
    chaos world, *c = &world;
    tally t = { 0 };
    int64_t up, down, number = 2;
    chaos_begin(c, chaos_server_of(state), true);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    measure_commit(c, &up, &down);
    for (int64_t at = 0; at <= up + down; at++, number++) {
        proxy_faults faults = PROXY_HONEST;
        if (at <= up)
            faults.cut_up = at;
        else
            faults.cut_down = at - up;
        begin_unit(c, number);
        proxy_set(c->proxy, &faults);
        judge(c, ost_commit(c->s), number, &t);
    }
    print_message("commits cut at %d bytes: %d committed, %d aborted, %d unknown\n",
                  (int)(up + down + 1), t.committed, t.aborted, t.unknown);
    /* The server can be asked at once, and then nothing stays unknown. One that is MongoDB commits
     * when it is asked, if it had not heard of it before. */
    assert_int_equal(t.unknown, 0);
    assert_true(t.committed > 0);
    assert_true(c->server == SERVER_MONGODB ? t.aborted == 0 : t.aborted > 0);
    chaos_end(c);
}

/* Nobody answers until the deadline: then it is unknown, whatever became of it. */
static void fm02_unknown_while_nobody_can_be_asked(void **state)
{
    enum server kind = chaos_server_of(state);
    const proxy_faults honest = PROXY_HONEST;
    chaos world, *c = &world;
    tally t = { 0 };
    int64_t up, down, number = 2;
    begin_relayed(c, kind);
    c->statement_timeout_ms = 300;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    measure_commit(c, &up, &down);
    const int64_t cuts[] = { 1, up, up + down - 1 };
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++, number++) {
        proxy_faults faults = PROXY_HONEST;
        if (cuts[i] <= up)
            faults.cut_up = cuts[i];
        else
            faults.cut_down = cuts[i] - up;
        begin_unit(c, number);
        proxy_refuse(c->proxy, true);
        proxy_set(c->proxy, &faults);
        judge(c, ost_commit(c->s), number, &t);
        proxy_refuse(c->proxy, false);
        proxy_set(c->proxy, &honest);
        comes_back(c);
    }
    print_message("%d committed, %d aborted, %d unknown\n", t.committed, t.aborted, t.unknown);
    assert_int_equal(t.unknown, sizeof cuts / sizeof *cuts);
    chaos_end(c);
}

/* ---- fm02: the server crashes behind its COMMIT, and comes back ---- */

typedef struct crash {
    pthread_t thread;
    chaos *c;
    int64_t number;
    bool seen;
} crash;

/* Once others see the commit, whose answer was held back. */
static void *crash_and_come_back(void *context)
{
    crash *x = context;
    proxy_faults cut = PROXY_HONEST;
    char sql[200];
    cut.cut_down = 0;
    if (x->c->server == SERVER_MONGODB)
        (void)snprintf(sql, sizeof sql,
                       "{\"find\": \"transfers\", \"filter\": {\"number\": %d}, \"projection\":"
                       " {\"_id\": 0, \"number\": 1}, \"readConcern\": {\"level\": \"majority\"}}",
                       (int)x->number);
    else
        (void)snprintf(sql, sizeof sql, "SELECT number FROM transfers WHERE number = %d",
                       (int)x->number);
    int64_t end = chaos_now_ms() + 10000;
    while (!x->seen && chaos_now_ms() < end)
        x->seen = *server_text(x->c->url, sql) != '\0';
    server_kill(x->c->instance);
    proxy_set(x->c->proxy, &cut);
    server_restart(x->c->instance);
    return NULL;
}

static void fm02_server_crashes_after_its_commit(void **state)
{
    enum { CRASHES = 3 };
    enum server kind = chaos_server_of(state);
    const proxy_faults honest = PROXY_HONEST;
    proxy_faults silent = PROXY_HONEST;
    chaos world, *c = &world;
    chaos_begin_on(c, kind, chaos_private(kind, NULL), NULL);
    c->proxy = proxy_to(c->url);
    c->via = proxy_url(c->proxy, c->url);
    c->statement_timeout_ms = 30000;
    int64_t up;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    measure_commit(c, &up, &silent.hold_down);
    silent.hold_down--;
    for (int64_t number = 2; number < 2 + CRASHES; number++) {
        crash x = { .c = c, .number = number };
        proxy_set(c->proxy, &honest);
        comes_back(c);
        begin_unit(c, number);
        proxy_set(c->proxy, &silent);
        assert_int_equal(pthread_create(&x.thread, NULL, crash_and_come_back, &x), 0);
        ost_status status = ost_commit(c->s);
        pthread_join(x.thread, NULL);
        assert_true(x.seen);
        if (status != OST_OK)
            fail_msg("%s: %s", ost_status_name(status), ost_session_error(c->s)->message);
        assert_int_equal(chaos_count(c, number), 1);
    }
    proxy_set(c->proxy, &honest);
    chaos_end(c);
}

/* ---- fm31: a write of its own has nothing that could be asked ---- */

static void fm31_single_write_is_cut_at_each_byte(void **state)
{
    const proxy_faults honest = PROXY_HONEST;
    chaos world, *c = &world;
    tally t = { 0 };
    int64_t up, down, number = 2;
    chaos_begin(c, chaos_server_of(state), true);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(store(c, 0));
    proxy_set(c->proxy, &honest);
    OK(store(c, 1));
    up = proxy_up(c->proxy);
    down = proxy_down(c->proxy);
    for (int64_t at = 0; at <= up + down; at++, number++) {
        proxy_faults faults = PROXY_HONEST;
        if (at <= up)
            faults.cut_up = at;
        else
            faults.cut_down = at - up;
        proxy_set(c->proxy, &honest);
        OK(store(c, 0)); /* the connection and its statement are ready */
        proxy_set(c->proxy, &faults);
        judge(c, store(c, number), number, &t);
    }
    print_message("writes cut at %d bytes: %d committed, %d aborted, %d unknown\n",
                  (int)(up + down + 1), t.committed, t.aborted, t.unknown);
    /* MongoDB knows a write by its number: it is asked for again. */
    assert_true(c->server == SERVER_MONGODB ? t.unknown == 0 : t.unknown > 0);
    chaos_end(c);
}

/* ---- fm01: a statement of a transaction is cut ---- */

/* Whether the server ran it is not known, and so the transaction is over; the next one is not. */
static void fm01_statement_is_cut_at_each_byte(void **state)
{
    enum { STEP = 7 };
    enum server kind = chaos_server_of(state);
    chaos world, *c = &world;
    int64_t up, down, number = 2;
    int failures = 0;
    begin_relayed(c, kind);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    begin_unit(c, 1);
    const proxy_faults honest = PROXY_HONEST;
    proxy_set(c->proxy, &honest);
    OK(move(c->s, 1, -1));
    up = proxy_up(c->proxy);
    down = proxy_down(c->proxy);
    OK(move(c->s, 2, 1));
    OK(ost_commit(c->s));
    for (int64_t at = 0; at <= up + down; at += STEP, number++) {
        proxy_faults faults = PROXY_HONEST;
        if (at <= up)
            faults.cut_up = at;
        else
            faults.cut_down = at - up;
        begin_unit(c, number);
        proxy_set(c->proxy, &faults);
        ost_status status = move(c->s, 1, -1);
        /* What was cut before a byte of it had been sent may be sent elsewhere. */
        if (status == OST_OK)
            status = move(c->s, 2, 1);
        ost_status committed = ost_commit(c->s);
        assert_int_equal(committed, status);
        assert_true(status == OST_OK || status == OST_CONNECTION || status == OST_SERIALIZATION);
        assert_int_equal(chaos_count(c, number), status == OST_OK);
        assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
        failures += status != OST_OK;
    }
    print_message("statements cut at %d bytes: %d transactions lost\n",
                  (int)((up + down) / STEP + 1), failures);
    assert_true(failures > 0);
    /* MongoDB does not end what is open because a socket was closed: somebody must say so. */
    chaos_close(c);
    if (kind == SERVER_MONGODB)
        assert_int_equal(chaos_open_transactions(c), 0);
    chaos_end(c);
}

/* ---- fm16: bytes one by one, and signals ---- */

static void ignore(int signal_number)
{
    (void)signal_number;
}

static void fm16_single_bytes_and_signals(void **state)
{
    const struct sigaction action = { .sa_handler = ignore }; /* no SA_RESTART */
    const struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    struct sigaction before;
    proxy_faults faults = PROXY_HONEST;
    chaos world, *c = &world;
    size_t count;
    chaos_begin(c, chaos_server_of(state), true);
    faults.slice = 1;
    proxy_set(c->proxy, &faults);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int64_t i = 1; i <= 20; i++) {
        OK(ost_begin(c->s, NULL));
        OK(store(c, i));
        OK(ost_commit(c->s));
        const account *all = ost_all(ost_from(c->s, account), account, &count);
        assert_non_null(all);
        assert_int_equal(count, ACCOUNTS);
        assert_string_equal(all[ACCOUNTS - 1].owner, "somebody");
    }
    chaos_close(c);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    for (int64_t i = 1; i <= 20; i++)
        assert_int_equal(chaos_count(c, i), 1);
    chaos_end(c);
}

/* ---- fm15: SIGPIPE ---- */

static const struct sigaction deadly = { .sa_handler = SIG_DFL };

/* The first in this process that a driver does: client libraries like to set handlers then. */
static void fm15_handlers_of_signals_stay(void **state)
{
    static const char *const urls[] = {
        "postgresql://u:p@127.0.0.1:1/d",
        "mysql://u:p@127.0.0.1:1/d",
#ifdef TEST_MONGO
        "mongodb://u:p@127.0.0.1:1/d",
#endif
    };
    struct sigaction before, action;
    ost_error error;
    ost_db *db;
    (void)state;
    assert_int_equal(sigaction(SIGPIPE, &deadly, &before), 0);
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_int_equal(ost_open(OST_OPTIONS(.url = urls[i], .drivers = CHAOS_DRIVERS,
                                              .models = OST_MODELS(&account_model)),
                                  &db, &error),
                         OST_CONNECTION);
        assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
        assert_true(action.sa_handler == SIG_DFL);
    }
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
}

enum { RECORDS = 20000 };

static void cut_while_writing(chaos *c, transfer *many, int64_t cut)
{
    proxy_faults faults = PROXY_HONEST;
    for (int i = 0; i < RECORDS; i++)
        many[i] = (transfer){ .number = cut, .cents = i };
    faults.cut_up = cut;
    faults.reset = true;
    proxy_set(c->proxy, &faults);
    ost_status status = ost_insert_many(c->s, transfer, many, RECORDS);
    if (status != OST_CONNECTION && status != OST_UNKNOWN_OUTCOME && status != OST_OK)
        fail_msg("cut after %lld bytes: %s: %s", (long long)cut, ost_status_name(status),
                 ost_session_error(c->s)->message);
    if (status != OST_UNKNOWN_OUTCOME)
        assert_int_equal(chaos_count(c, cut), status == OST_OK ? RECORDS : 0);
}

/* The default action would end this process. */
static void fm15_a_dead_peer_raises_no_signal(void **state)
{
    static const char *const ways[] = { "tls=off", "tls=require" };
    transfer *many = calloc(RECORDS, sizeof *many);
    chaos world, *c = &world;
    struct sigaction before, action;
    assert_non_null(many);
    chaos_begin(c, chaos_server_of(state), true);
    assert_int_equal(sigaction(SIGPIPE, &deadly, &before), 0);
    c->statement_timeout_ms = 30000;
    for (size_t i = 0; i < 2; i++) {
        c->via = server_url_with(proxy_url(c->proxy, c->url), ways[i]);
        chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
        for (int64_t cut = 1; cut < 400000; cut = cut * 3 + 1)
            cut_while_writing(c, many, cut + (int64_t)i);
        chaos_close(c);
    }
    free(many);
    assert_int_equal(sigaction(SIGPIPE, &before, &action), 0);
    assert_true(action.sa_handler == SIG_DFL);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm15_handlers_of_signals_stay),
        ON_SERVERS(fm01_killed_at_each_statement),
        ON_POOLER(fm01_killed_at_each_statement),
        ON_SERVERS(fm01_statement_is_cut_at_each_byte),
        ON_SERVERS(fm02_commit_is_cut_at_each_byte),
        ON_POOLER(fm02_commit_is_cut_at_each_byte),
        ON_SERVERS(fm02_unknown_while_nobody_can_be_asked),
        ON_SERVERS(fm02_server_crashes_after_its_commit),
        ON_SERVERS(fm31_single_write_is_cut_at_each_byte),
        ON_POOLER(fm31_single_write_is_cut_at_each_byte),
        ON_SERVERS(fm16_single_bytes_and_signals),
        ON_SERVERS(fm15_a_dead_peer_raises_no_signal),
    };
    return RUN_CHAOS(tests, NULL);
}
