/* SPDX-License-Identifier: MIT */
/* Texts that want to be SQL, values of the wrong kind, replies with wrong bytes, and secrets. */
#include "chaos.h"

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* ---- fm46: injection ---- */

enum { HOSTILE_SIZE = 60 };

/* A text made of what has hurt others: quotes, comments, escapes, placeholders, wide characters,
 * operators. */
static const char *hostile(uint64_t *random, char out[HOSTILE_SIZE + 1])
{
    static const char *const parts[] = {
        "'",     "\"",   "`",    "\\",     "\\'",      "''",        ";",
        "--",    "/*",   "*/",   "#",      "$1",       "$$",        "?",
        ":x",    "%",    "_",    "%s",     "\n",       "\r",        "\t",
        "OR ",   "1=1",  "DROP", " TABLE", "accounts", "transfers", "UNION SELECT ",
        "\x01",  "\x1a", "é",    "ʼ",      "＇",       "$tag$",     "E'",
        "x'41'", "NULL", "0x",   "){}[",   "$ne",      "{$gt:''}",  "$where",
        ".",     "^.*$", "$",    "(?i)",   "$owner",   "$$ROOT",    "_id",
    };
    size_t used = 0;
    out[0] = '\0';
    for (size_t n = 1 + next_random(random) % 8; n > 0; n--) {
        const char *part = parts[next_random(random) % (sizeof parts / sizeof *parts)];
        size_t size = strlen(part);
        if (used + size > HOSTILE_SIZE)
            break;
        memcpy(out + used, part, size + 1);
        used += size;
    }
    return out;
}

static void entry_points(chaos *c, const char *text, int64_t id)
{
    size_t count;
    int64_t matched;
    const char *const owners[] = { text[0] ? text : "-", "something else" };
    const account given = { .id = id, .cents = 1, .owner = text[0] ? text : "-" };
    account a = given;
    OK(ost_insert(c->s, account, &a));
    const account *back = ost_get(c->s, account, id);
    assert_non_null(back);
    assert_string_equal(back->owner, given.owner);

    ost_query *q = ost_from(c->s, account);
    ost_where(q, ost_eq(account, owner, given.owner));
    ost_where(q, ost_in(account, owner, owners, 2));
    ost_where(q, ost_has_text(account, owner, given.owner));
    ost_where(q, ost_starts_with(account, owner, given.owner));
    ost_where(q, ost_ends_with(account, owner, given.owner));
    const account *found = ost_all(q, account, &count);
    if (!found)
        OK((ost_status)ost_session_error(c->s)->status);
    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(found[i].owner, given.owner);

    q = ost_from(c->s, account);
    ost_where(q, ost_eq(account, id, id));
    OK(ost_update(q, &matched, ost_set(account, owner, given.owner), ost_inc(account, cents, 1)));
    assert_int_equal(matched, 1);
    assert_false(ost_order_by_name(q, text, "asc"));
    assert_false(ost_order_by_name(q, "owner", text[0] ? text : "; --"));
    q = ost_from(c->s, account);
    ost_where(q, ost_eq(account, owner, given.owner));
    ost_where(q, ost_eq(account, id, id));
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 1);
    OK(ost_session_clear(c->s));
}

static void fm46_hostile_texts_stay_texts(void **state)
{
    enum { TEXTS = 2000 };
    char text[HOSTILE_SIZE + 1];
    uint64_t random = 46;
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int64_t i = 0; i < TEXTS; i++)
        entry_points(c, hostile(&random, text), 1000 + i);
    assert_int_equal(chaos_total(c), ACCOUNTS * OPENING_CENTS);
    assert_int_equal(chaos_count(c, 0), 0);
    chaos_end(c);
}

/* ---- fm48, fm49 ---- */

static int64_t count_where(chaos *c, const ost_expr *condition)
{
    int64_t count;
    ost_query *q = ost_from(c->s, account);
    ost_where(q, condition);
    OK(ost_count_of(q, &count));
    return count;
}

/* MySQL's own comparison of 'abc' with 0 is true. */
static void fm48_texts_are_compared_with_texts(void **state)
{
    const char *const numbers[] = { "0", "1" };
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    assert_int_equal(count_where(c, ost_eq(account, owner, "0")), 0);
    assert_int_equal(count_where(c, ost_eq(account, owner, "somebody")), ACCOUNTS);
    assert_int_equal(count_where(c, ost_in(account, owner, numbers, 2)), 0);
    assert_int_equal(count_where(c, ost_eq(account, owner, "SOMEBODY")), 0);
    assert_int_equal(count_where(c, ost_eq(account, owner, "somebody ")), 0);
    chaos_end(c);
}

static void fm49_wildcards_are_letters(void **state)
{
    chaos world, *c = &world;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(ost_insert(c->s, account, &(account){ .id = 9, .owner = "50%_off!\\" }));
    assert_int_equal(count_where(c, ost_has_text(account, owner, "%_")), 1);
    assert_int_equal(count_where(c, ost_has_text(account, owner, "%")), 1);
    assert_int_equal(count_where(c, ost_has_text(account, owner, "_")), 1);
    assert_int_equal(count_where(c, ost_has_text(account, owner, "!\\")), 1);
    assert_int_equal(count_where(c, ost_ends_with(account, owner, "\\")), 1);
    assert_int_equal(count_where(c, ost_starts_with(account, owner, "5_")), 0);
    chaos_end(c);
}

/* ---- fm53: secrets ---- */

typedef struct heard {
    bool secret;
    int events;
} heard;

static void hear(const ost_event *event, void *context)
{
    heard *h = context;
    h->events++;
    h->secret = h->secret || strstr(event->text, "canary") || strstr(event->model, "canary");
}

static void fm53_secrets_are_not_told(void **state)
{
    static const char *const options[] = { "tls=canary", "canary=1", "tls_ca=/canary/none",
                                           "tls=verify&tls_ca=/nowhere/ca.pem" };
    chaos world, *c = &world;
    heard h = { 0 };
    chaos_begin(c, chaos_server_of(state), false);
    const char *secret = server_url_as(c->url, NULL, "canary%2Fpassword");
    for (size_t i = 0; i <= sizeof options / sizeof *options; i++) {
        const char *url = i > 0 ? server_url_with(secret, options[i - 1]) : secret;
        ost_db *db = NULL;
        ost_error error;
        ost_status status = ost_open(OST_OPTIONS(.url = url, .drivers = CHAOS_DRIVERS,
                                                 .models = OST_MODELS(&account_model),
                                                 .on_event = hear, .context = &h),
                                     &db, &error);
        assert_int_not_equal(status, OST_OK);
        assert_null(strstr(error.message, "canary/password"));
        assert_null(strstr(error.message, "canary%2Fpassword"));
    }
    assert_false(h.secret);

    /* Statements are told with placeholders, values never; also not in errors. */
    h = (heard){ 0 };
    ost_db *db;
    ost_session *s;
    chaos_ok(
        ost_open(OST_OPTIONS(.url = c->url, .drivers = CHAOS_DRIVERS,
                             .models = OST_MODELS(&account_model), .on_event = hear, .context = &h),
                 &db, &c->error),
        &c->error, "open", __FILE__, __LINE__);
    chaos_ok(ost_session_open(db, NULL, &s, &c->error), &c->error, "session", __FILE__, __LINE__);
    assert_int_equal(ost_insert(s, account, &(account){ .id = 77, .owner = "canary" }), OST_OK);
    assert_int_equal(ost_insert(s, account, &(account){ .id = 77, .owner = "canary" }),
                     OST_CONFLICT);
    assert_null(strstr(ost_session_error(s)->message, "canary"));
    assert_true(h.events >= 2);
    assert_false(h.secret);
    ost_session_close(s);
    ost_close(db);
    chaos_end(c);
}

/* ---- fm54: replies with wrong bytes ---- */

enum { SHORT_MS = 300, LATE_MS = 100 };

static proxy_faults flip_at(int64_t at)
{
    static const uint8_t flips[] = { 0xff, 0x80, 0x01 };
    proxy_faults faults = PROXY_HONEST;
    faults.flip_down = at;
    faults.flip = flips[at % 3];
    return faults;
}

static ost_status read_accounts(chaos *c)
{
    size_t count;
    const account *all = ost_all(ost_from(c->s, account), account, &count);
    ost_status status = all ? OST_OK : (ost_status)ost_session_error(c->s)->status;
    (void)ost_session_clear(c->s);
    return status;
}

/* On a connection that is good. */
static void read_honestly(chaos *c)
{
    const proxy_faults honest = PROXY_HONEST;
    int64_t end = chaos_now_ms() + 5000;
    ost_status status;
    do {
        proxy_set(c->proxy, &honest);
        status = read_accounts(c);
    } while (status != OST_OK && chaos_now_ms() < end);
    OK(status);
}

/* Whatever a byte on the wire becomes: no crash, no hang past the deadline, and the next connection
 * works. */
static void fm54_bytes_of_replies_are_flipped(void **state)
{
    chaos world, *c = &world;
    int failures = 0;
    chaos_begin(c, chaos_server_of(state), true);
    c->statement_timeout_ms = SHORT_MS;
    c->pool.max = 8;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    read_honestly(c);
    read_honestly(c);
    int64_t bytes = proxy_down(c->proxy);
    assert_true(bytes > 50);
    for (int64_t at = 0; at < bytes; at++) {
        const proxy_faults faults = flip_at(at);
        read_honestly(c);
        proxy_set(c->proxy, &faults);
        int64_t began = chaos_now_ms();
        bool failed = read_accounts(c) != OST_OK;
        assert_in_range(chaos_now_ms() - began, 0, SHORT_MS + LATE_MS);
        /* What waits for bytes that never come is not waited for. */
        if (failed)
            proxy_cut(c->proxy);
        failures += failed;
    }
    print_message("%d bytes of a reply spoilt: %d reads failed\n", (int)bytes, failures);
    assert_true(failures > 0);
    read_honestly(c);
    chaos_end(c);
}

static void fm54_bytes_of_handshakes_are_flipped(void **state)
{
    enum { STEP = 5, SLACK_MS = 50 };
    const proxy_faults honest = PROXY_HONEST;
    chaos world, *c = &world;
    int failures = 0;
    chaos_begin(c, chaos_server_of(state), true);
    c->connect_timeout_ms = SHORT_MS;
    proxy_set(c->proxy, &honest);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    int64_t bytes = proxy_down(c->proxy);
    chaos_close(c);
    for (int64_t at = 0; at < bytes; at += STEP) {
        const proxy_faults faults = flip_at(at);
        proxy_set(c->proxy, &faults);
        int64_t began = chaos_now_ms();
        failures += chaos_open(c) != OST_OK;
        chaos_close(c);
        /* ost_open() gives a driver that says why a moment more; ost_close() has the same time. */
        assert_in_range(chaos_now_ms() - began, 0, 2 * SHORT_MS + SLACK_MS + LATE_MS);
    }
    print_message("each fifth of %d bytes of a handshake spoilt: %d failed\n", (int)bytes,
                  failures);
    assert_true(failures > 0);
    proxy_set(c->proxy, &honest);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    read_honestly(c);
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm46_hostile_texts_stay_texts), ON_SERVERS(fm48_texts_are_compared_with_texts),
        ON_SERVERS(fm49_wildcards_are_letters),    ON_SERVERS(fm53_secrets_are_not_told),
        ON_SQL(fm54_bytes_of_replies_are_flipped), ON_SQL(fm54_bytes_of_handshakes_are_flipped),
    };
    return RUN_CHAOS(tests, NULL);
}
