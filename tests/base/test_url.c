/* SPDX-License-Identifier: MIT */
#include "base/url.h"
#include "tracker.h"

typedef struct expected_url {
    const char *text, *scheme, *user, *password, *host, *port, *path;
} expected_url;

static const expected_url good[] = {
    { "sqlite:relative/path.db", "sqlite", NULL, NULL, NULL, NULL, "relative/path.db" },
    { "sqlite:/abs/path", "sqlite", NULL, NULL, NULL, NULL, "/abs/path" },
    { "sqlite:///abs", "sqlite", NULL, NULL, NULL, NULL, "/abs" },
    { "sqlite::memory:", "sqlite", NULL, NULL, NULL, NULL, ":memory:" },
    { "sqlite:", "sqlite", NULL, NULL, NULL, NULL, "" },
    { "sqlite://", "sqlite", NULL, NULL, NULL, NULL, "" },
    { "sqlite:a%20b%3F%23.db?mode=ro", "sqlite", NULL, NULL, NULL, NULL, "a b?#.db" },
    { "sqlite:a+b@c#d.db", "sqlite", NULL, NULL, NULL, NULL, "a+b@c#d.db" },
    { "SQLite:x", "sqlite", NULL, NULL, NULL, NULL, "x" },
    { "db://user:pa%20ss@host:5432/db?x=y", "db", "user", "pa ss", "host", "5432", "/db" },
    { "db://user:p%40%3A%2F%3F%25@host/db", "db", "user", "p@:/?%", "host", NULL, "/db" },
    { "db://us%3Aer@host", "db", "us:er", NULL, "host", NULL, "" },
    { "db://user:@host", "db", "user", "", "host", NULL, "" },
    { "db://u:p:q@host", "db", "u", "p:q", "host", NULL, "" },
    { "db://u:p@q@host", "db", "u", "p@q", "host", NULL, "" },
    { "db://:p@host", "db", "", "p", "host", NULL, "" },
    { "db://host?x=y", "db", NULL, NULL, "host", NULL, "" },
    { "db://[::1]:65535/x", "db", NULL, NULL, "::1", "65535", "/x" },
    { "db://[fe80::1%25eth0]", "db", NULL, NULL, "fe80::1%eth0", NULL, "" },
    { "db://u:p@:77/x", "db", "u", "p", NULL, "77", "/x" },
    { "db://%2Frun%2Fdb/x", "db", NULL, NULL, "/run/db", NULL, "/x" },
    { "db+srv://h", "db+srv", NULL, NULL, "h", NULL, "" },
    { "db://u:p@h1:1,h2:2/x", "db", "u", "p", "h1:1,h2:2", NULL, "/x" },
    { "db:////x", "db", NULL, NULL, NULL, NULL, "//x" },
};

static void same(const char *given, const char *expected)
{
    if (expected == NULL)
        assert_null(given);
    else
        assert_string_equal(given, expected);
}

static void parts_are_found(void **state)
{
    (void)state;
    tracker t;
    ost__url u;
    ost_error e;
    tracker_begin(&t);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(ost__url_parse(&t.memory, good[i].text, &u, &e), OST_OK);
        same(u.scheme, good[i].scheme);
        same(u.user, good[i].user);
        same(u.password, good[i].password);
        same(u.host, good[i].host);
        same(u.port, good[i].port);
        same(u.path, good[i].path);
        ost__url_finish(&t.memory, &u);
        assert_null(u.storage);
        assert_int_equal(t.live, 0);
    }
}

static void options_are_found(void **state)
{
    (void)state;
    tracker t;
    ost__url u;
    tracker_begin(&t);
    assert_int_equal(ost__url_parse(&t.memory, "db:x?a=1&&b=%26%3D&c&d=&e=f=g?h&", &u, NULL),
                     OST_OK);
    assert_string_equal(u.path, "x");
    assert_int_equal(u.option_count, 5);
    same(ost__url_option(&u, "a"), "1");
    same(ost__url_option(&u, "b"), "&=");
    same(ost__url_option(&u, "c"), "");
    same(ost__url_option(&u, "d"), "");
    same(ost__url_option(&u, "e"), "f=g?h");
    same(ost__url_option(&u, "A"), NULL);
    same(ost__url_option(&u, ""), NULL);
    ost__url_finish(&t.memory, &u);
    assert_int_equal(ost__url_parse(&t.memory, "db:x?", &u, NULL), OST_OK);
    assert_int_equal(u.option_count, 0);
    ost__url_finish(&t.memory, &u);

    char many[400] = "db:x?";
    size_t length = strlen(many);
    for (char i = 0; i < OST__URL_OPTIONS_MAX; i++) {
        const char option[] = { 'n', (char)('0' + i / 10), (char)('0' + i % 10), '=', '1', '&' };
        memcpy(many + length, option, sizeof option);
        length += sizeof option;
    }
    assert_int_equal(ost__url_parse(&t.memory, many, &u, NULL), OST_OK);
    assert_int_equal(u.option_count, OST__URL_OPTIONS_MAX);
    same(ost__url_option(&u, "n31"), "1");
    ost__url_finish(&t.memory, &u);
    memcpy(many + length, "z", 2);
    assert_int_equal(ost__url_parse(&t.memory, many, &u, NULL), OST_MISUSE);
    assert_int_equal(t.live, 0);
}

static void wrong_urls_get_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        { NULL, "NULL" },
        { "", "no scheme" },
        { "books.db", "no scheme" },
        { "/abs/books.db", "no scheme" },
        { ":memory:", "no scheme" },
        { "1db:x", "no scheme" },
        { "d_b:x", "no scheme" },
        { "db", "no scheme" },
        { "db:a%2", "percent escape" },
        { "db:a%", "percent escape" },
        { "db:a%zz", "percent escape" },
        { "db:100%.db", "percent escape" },
        { "db:a%00b", "NUL" },
        { "db:a?x=%00", "NUL" },
        { "db:a?x%=1", "percent escape" },
        { "db:a?x=1&y=2&x=3", "'x' twice" },
        { "db:a?x=1&%78=3", "'x' twice" },
        { "db:a?=1", "without a name" },
        { "db://h:0/x", "port" },
        { "db://h:65536/x", "port" },
        { "db://h:99999999999999999999/x", "port" },
        { "db://h:5a/x", "port" },
        { "db://h:/x", "port" },
        { "db://[::1/x", "']'" },
        { "db://[::1]5/x", "']'" },
    };
    tracker t;
    tracker_begin(&t);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ost__url u;
        ost_error e;
        memset(&u, 0x55, sizeof u);
        assert_int_equal(ost__url_parse(&t.memory, rows[i].text, &u, &e), OST_MISUSE);
        assert_int_equal(e.status, OST_MISUSE);
        assert_non_null(strstr(e.message, rows[i].says));
        assert_null(u.storage);
        assert_null(u.scheme);
        assert_int_equal(t.live, 0);
    }
}

static void only_numbers_are_loopback(void **state)
{
    (void)state;
    static const char *const local[] = { "127.0.0.1", "127.0.0.0", "127.255.1.2" };
    static const char *const not_local[] = {
        "",           "localhost",     "127.0.0",   "127.0.0.1.2",          "127.0.0.256",
        "128.0.0.1",  "127.0.0.1.com", "127.0.0.x", "127.evil.example.com", "127..0.1",
        "::1",        "::2",           "127",       "0127.0.0.1",           " 127.0.0.1",
        "127.0.0.1 ",
    };
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
        assert_true(ost__is_loopback(local[i]));
    for (size_t i = 0; i < sizeof not_local / sizeof not_local[0]; i++)
        assert_false(ost__is_loopback(not_local[i]));
}

static void fm53_redaction_hides_secrets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } rows[] = {
        { "db://user:hunter2@host/db", "db://user:***@host/db" },
        { "db://user:hunter2@host:5432/db?x=y", "db://user:***@host:5432/db?x=y" },
        { "db://user@host:5432/db", "db://user@host:5432/db" },
        { "db://host:5432/db?mail=a@b", "db://host:5432/db?mail=a@b" },
        { "db://host/db?mail=a:b@c", "db://host/db?mail=a:b@c" },
        { "db://[::1]:5432/db", "db://[::1]:5432/db" },
        { "db://u:hunter2@[::1]:5432/db", "db://u:***@[::1]:5432/db" },
        { "db://u:hun/ter2@host/db", "db://u:***@host/db" },
        { "db://u:hun@ter2@host/db", "db://u:***@host/db" },
        { "db://u:hun?ter2@host/db?x=1", "db://u:***@host/db?x=1" },
        { "db://u:hun@x?ter2@host", "db://u:***@host" },
        { "db://u:hun#ter2@host", "db://u:***@host" },
        { "db://:hunter2@host", "db://:***@host" },
        { "db://u:@host", "db://u:***@host" },
        { "sqlite:books.db?mode=ro&key=hunter2", "sqlite:books.db?mode=ro&key=***" },
        { "sqlite:b.db?key=hunter2&mode=ro", "sqlite:b.db?key=***&mode=ro" },
        { "db:x?PassWord=hunter2", "db:x?PassWord=***" },
        { "db:x?sslpassword=hunter2", "db:x?sslpassword=***" },
        { "db:x?p%61ssword=hunter2", "db:x?p%61ssword=***" },
        { "db:x?auth_token=hunter2&secret=hunter2", "db:x?auth_token=***&secret=***" },
        { "db:x?key=", "db:x?key=***" },
        { "db:x?keys=1&monkeys=2", "db:x?keys=1&monkeys=2" },
        { "db:x?mode&key&", "db:x?mode&key&" },
        { "not a url", "not a url" },
        { "", "" },
    };
    char out[200];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ost__url_redact(rows[i].text, out, sizeof out);
        assert_string_equal(out, rows[i].shown);
        assert_null(strstr(out, "hunter"));
    }
    /* A name too long to be judged is taken for a secret. */
    char text[200] = "db:x?";
    memset(text + 5, 'n', 100);
    memcpy(text + 105, "=hunter2", 9);
    ost__url_redact(text, out, sizeof out);
    assert_null(strstr(out, "hunter2"));
}

static void redaction_stays_in_its_space(void **state)
{
    (void)state;
    static const char text[] = "db://user:hunter2@höst/db?key=hunter2&a=b";
    char whole[100], out[100];
    ost__url_redact(text, whole, sizeof whole);
    for (size_t size = 0; size < sizeof out; size++) {
        memset(out, '?', sizeof out);
        ost__url_redact(text, out, size);
        assert_int_equal(out[size], '?');
        if (size == 0)
            continue;
        size_t length = strlen(out);
        assert_true(length < size);
        assert_memory_equal(out, whole, length);
        assert_true(length + 2 >= size || length == strlen(whole));
    }
}

static void fm53_messages_show_no_password(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "db://user:hunter2%@host/db",        "db://user:hunter2%00@host/db",
        "db://user:hunter2/x@host/db",       "db://user:hunter2?x@host/db",
        "db:x?key=hunter2&key=hunter2",      "db:x?key=hunter2%zz",
        "db://user:hunter2@host:hunter2/db",
    };
    tracker t;
    tracker_begin(&t);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ost__url u;
        ost_error e;
        assert_int_equal(ost__url_parse(&t.memory, texts[i], &u, &e), OST_MISUSE);
        assert_null(strstr(e.message, "hunter"));
    }
    assert_int_equal(t.live, 0);
}

static void schemes(void **state)
{
    (void)state;
    assert_true(ost__url_has_scheme("sqlite:x", "sqlite"));
    assert_true(ost__url_has_scheme("SQLITE:x", "sqlite"));
    assert_false(ost__url_has_scheme("sqlite3:x", "sqlite"));
    assert_false(ost__url_has_scheme("sqlit:x", "sqlite"));
    assert_false(ost__url_has_scheme("sqlite", "sqlite"));
    assert_false(ost__url_has_scheme("", "sqlite"));
    assert_false(ost__url_has_scheme(NULL, "sqlite"));
    assert_false(ost__url_has_scheme(":x", ""));
}

static void fm65_no_memory(void **state)
{
    (void)state;
    tracker t;
    ost__url u;
    ost_error e;
    tracker_begin(&t);
    t.fail_at = 1;
    assert_int_equal(ost__url_parse(&t.memory, "db:x", &u, &e), OST_NO_MEMORY);
    assert_null(u.storage);
    ost__url_finish(&t.memory, &u);
}

/* Any text at all is read within its bounds, and what is accepted fits its storage. */
static void random_texts_stay_in_bounds(void **state)
{
    (void)state;
    static const char letters[] = "a1:/?&=@%2F[],.#";
    uint64_t seed = 9;
    tracker t;
    int accepted = 0;
    tracker_begin(&t);
    for (int i = 0; i < 200000; i++) {
        char text[48] = "d:", out[64];
        size_t length = 2 + (size_t)(tracker_random(&seed) % 30);
        for (size_t k = 2; k < length; k++)
            text[k] = letters[tracker_random(&seed) % (sizeof letters - 1)];
        if (i % 2)
            memcpy(text, "d://", 4);
        ost__url u;
        if (ost__url_parse(&t.memory, text, &u, NULL) == OST_OK) {
            accepted++;
            const char *last = u.path;
            if (u.option_count > 0)
                last = u.options[u.option_count - 1].name;
            assert_true(last + strlen(last) < u.storage + u.storage_size);
            ost__url_finish(&t.memory, &u);
        }
        ost__url_redact(text, out, sizeof out);
    }
    assert_true(accepted > 1000);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_found),
        cmocka_unit_test(options_are_found),
        cmocka_unit_test(wrong_urls_get_a_sentence),
        cmocka_unit_test(only_numbers_are_loopback),
        cmocka_unit_test(fm53_redaction_hides_secrets),
        cmocka_unit_test(redaction_stays_in_its_space),
        cmocka_unit_test(fm53_messages_show_no_password),
        cmocka_unit_test(schemes),
        cmocka_unit_test(fm65_no_memory),
        cmocka_unit_test(random_texts_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
