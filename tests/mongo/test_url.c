/* SPDX-License-Identifier: MIT */
/* What an URL may say, and what is made of it. */
#include "mongo/links.h"

static ost_status read_url(const char *url, ost__mongo_settings *out, ost_error *e)
{
    const ost_options options = { .struct_size = sizeof options, .url = url };
    ost_platform platform;
    mongoc_init();
    mongoc_log_set_handler(NULL, NULL);
    ost__platform_complete(&platform, NULL);
    const ost__memory memory = { platform.resize, platform.context };
    return ost__mongo_settings_read(&options, &memory, out, e);
}

static void urls_say_what_is_wrong_with_them(void **state)
{
    static const struct {
        const char *url, *says;
    } bad[] = {
        { "mongodb://u@localhost/d?speed=9", "option speed" },
        { "mongodb://u@localhost/d?connectTimeoutMS=9", "option connectTimeoutMS" },
        { "mongodb://u@localhost/d?tls=maybe", "tls=maybe" },
        { "mongodb://u@localhost/d?ssl=true", "option ssl" },
        { "mongodb://u@localhost", "names no database" },
        { "mongodb://u@localhost/", "names no database" },
        { "mongodb://u@localhost?tls=off", "names no database" },
        { "mongodb://u@localhost/a.b", "a name that MongoDB does not allow" },
        { "mongodb://u@localhost/a%24b", "a name that MongoDB does not allow" },
        { "mongodb:localhost/d", "mongodb://user:password@host:port/database" },
        { "mongodb://u@localhost:port/d", "mongodb://user:password@host:port/database" },
        { "mongodb://u@/d", "mongodb://user:password@host:port/database" },
        { "mongodb://u@localhost/d?tls=off&tls_ca=/ca", "TLS is off" },
        { "mongodb://u@localhost/d?tls_ca=", "tls_ca is empty" },
        { "mongodb://u@localhost/d?w=0", "w=0" },
        { "mongodb://u@localhost/d?w=51", "w=51" },
        { "mongodb://u@localhost/d?w=99999999999999999999", "w=9" },
        { "mongodb://u@localhost/d?journal=yes", "true, false" },
        { "mongodb://u@localhost/d?readPreference=best", "primaryPreferred" },
        { "mongodb://u@localhost/d?readConcernLevel=snapshot", "readConcernLevel=snapshot" },
        { "mongodb://u@localhost/d?authMechanism=MAGIC", "authMechanism=MAGIC" },
        { "mongodb://u:p@localhost/d?authMechanism=PLAIN", "tls=verify" },
        { "mongodb://a,b/d?directConnection=true", "more than one host" },
        { "mongodb://a/d?replicaSet=r&replicaSet=s", "replicaSet" },
        { "mongodb://a/d?appname=%00", "" },
    };
    ost_error e;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ost__mongo_settings s;
        memset(&e, 0, sizeof e);
        if (read_url(bad[i].url, &s, &e) != OST_MISUSE || !strstr(e.message, bad[i].says))
            fail_msg("%s: %s", bad[i].url, e.message);
        assert_null(s.uri);
    }
}

static void no_message_holds_a_password(void **state)
{
    static const char *const urls[] = {
        "mongodb://u:hush@localhost/",           "mongodb://u:hush@localhost/d?speed=9",
        "mongodb://u:hush/hush@localhost/d",     "mongodb://u:hush#@localhost/d?a=b",
        "mongodb://u:hush@localhost:port/d",     "mongodb://u:hush:hush@localhost/d",
        "mongodb://u:hush%zz@localhost/d",       "mongodb://u:hush?@localhost/d",
        "mongodb://u:hush@localhost/d?tls=best", "mongodb://:hush@localhost/d?w=0",
        "mongodb://u:p@hush@localhost/d",        "mongodb://u:p@hush@a,localhost/d",
    };
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ost__mongo_settings s;
        ost_error e;
        if (read_url(urls[i], &s, &e) != OST_MISUSE || strstr(e.message, "hush"))
            fail_msg("%s: %s", urls[i], e.message);
    }
}

static void what_is_local_needs_no_tls(void **state)
{
    static const struct {
        const char *url;
        int tls;
    } urls[] = {
        { "mongodb://localhost/d", OST__MONGO_TLS_OFF },
        { "mongodb://127.0.0.1/d", OST__MONGO_TLS_OFF },
        { "mongodb://127.9.8.7:33/d", OST__MONGO_TLS_OFF },
        { "mongodb://[::1]:9/d", OST__MONGO_TLS_OFF },
        { "mongodb://%2Ftmp%2Fmongodb.sock/d", OST__MONGO_TLS_OFF },
        { "mongodb://localhost,127.0.0.1:4/d", OST__MONGO_TLS_OFF },
        { "mongodb://localhost,example.org/d", OST__MONGO_TLS_VERIFY },
        { "mongodb://localhost/d?tls=require", OST__MONGO_TLS_REQUIRE },
        { "mongodb://localhost/d?tls_ca=/ca", OST__MONGO_TLS_VERIFY },
        { "mongodb://localhost/d?tls_cert=/both", OST__MONGO_TLS_VERIFY },
        { "mongodb://example.org/d", OST__MONGO_TLS_VERIFY },
        { "mongodb://example.org/d?tls=off", OST__MONGO_TLS_OFF },
        { "mongodb://example.org/d?tls=require", OST__MONGO_TLS_REQUIRE },
        { "mongodb://127.example.org/d", OST__MONGO_TLS_VERIFY },
        { "mongodb://127.0.0.1.example.org/d", OST__MONGO_TLS_VERIFY },
        { "mongodb://localhost.example.org/d", OST__MONGO_TLS_VERIFY },
        { "mongodb://127.1/d", OST__MONGO_TLS_VERIFY },
    };
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ost__mongo_settings s;
        ost_error e;
        if (read_url(urls[i].url, &s, &e) != OST_OK)
            fail_msg("%s: %s", urls[i].url, e.message);
        if (s.tls != urls[i].tls || mongoc_uri_get_tls(s.uri) != (s.tls != OST__MONGO_TLS_OFF))
            fail_msg("%s: tls is %u", urls[i].url, s.tls);
        assert_int_equal(
            mongoc_uri_get_option_as_bool(s.uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false),
            s.tls == OST__MONGO_TLS_REQUIRE);
        ost__mongo_settings_free(&s);
    }
}

static void options_arrive(void **state)
{
    ost__mongo_settings s;
    ost_error e;
    const mongoc_host_list_t *hosts;
    (void)state;
    assert_int_equal(
        read_url("mongodb://us%40er:p%3Ass@one.example:27018,two.example/my%2Ddata?"
                 "replicaSet=set&authSource=people&readPreference=secondaryPreferred&"
                 "readConcernLevel=majority&w=majority&journal=true&appname=shop&"
                 "authMechanism=SCRAM-SHA-256&tls_ca=/ca&tls_cert=/both&retryWrites=false",
                 &s, &e),
        OST_OK);
    assert_string_equal(s.database, "my-data");
    assert_string_equal(mongoc_uri_get_username(s.uri), "us@er");
    assert_string_equal(mongoc_uri_get_password(s.uri), "p:ss");
    assert_string_equal(mongoc_uri_get_auth_source(s.uri), "people");
    assert_string_equal(mongoc_uri_get_auth_mechanism(s.uri), "SCRAM-SHA-256");
    assert_string_equal(mongoc_uri_get_replica_set(s.uri), "set");
    assert_string_equal(mongoc_uri_get_appname(s.uri), "shop");
    assert_false(mongoc_uri_get_option_as_bool(s.uri, MONGOC_URI_RETRYWRITES, true));
    assert_false(s.retry_writes);
    assert_true(s.retry_reads);
    assert_int_equal(mongoc_read_prefs_get_mode(mongoc_uri_get_read_prefs_t(s.uri)),
                     MONGOC_READ_SECONDARY_PREFERRED);
    assert_true(s.reads_anywhere);
    assert_string_equal(mongoc_read_concern_get_level(mongoc_uri_get_read_concern(s.uri)),
                        "majority");
    assert_true(mongoc_write_concern_get_wmajority(mongoc_uri_get_write_concern(s.uri)));
    assert_true(mongoc_write_concern_get_journal(mongoc_uri_get_write_concern(s.uri)));
    assert_string_equal(s.ca, "/ca");
    assert_string_equal(s.certificate, "/both");
    hosts = mongoc_uri_get_hosts(s.uri);
    assert_string_equal(hosts->host_and_port, "one.example:27018");
    assert_string_equal(hosts->next->host_and_port, "two.example:27017");
    assert_null(hosts->next->next);
    ost__mongo_settings_free(&s);
}

static void servers_are_waited_for_by_us(void **state)
{
    ost__mongo_settings s;
    ost_error e;
    (void)state;
    assert_int_equal(read_url("mongodb://localhost/d", &s, &e), OST_OK);
    assert_true(mongoc_uri_get_option_as_int32(s.uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, 0) <=
                100);
    assert_int_equal(mongoc_uri_get_option_as_int32(s.uri, MONGOC_URI_CONNECTTIMEOUTMS, 0), 10000);
    assert_false(s.reads_anywhere);
    ost__mongo_settings_free(&s);
}

static void without_memory_nothing_is_left(void **state)
{
    bench b;
    const char *url = "mongodb://u:p@localhost:1/d?tls=require&w=majority";
    const ost_options options = { .struct_size = sizeof options, .url = url };
    (void)state;
    bench_try(&b, ost_driver_mongo(), "mongodb:none");
    for (b.fail_at = 0; b.fail_at < 100; b.fail_at++) {
        const ost__memory memory = { b.host.resize, b.host.context };
        ost__mongo_settings s;
        b.allocations = 0;
        ost_status status = ost__mongo_settings_read(&options, &memory, &s, &b.error);
        if (status == OST_OK)
            ost__mongo_settings_free(&s);
        assert_int_equal(b.live, 0);
        if (status == OST_OK)
            break;
        assert_int_equal(status, OST_NO_MEMORY);
    }
    assert_in_range(b.fail_at, 1, 99);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_say_what_is_wrong_with_them),
        cmocka_unit_test(no_message_holds_a_password),
        cmocka_unit_test(what_is_local_needs_no_tls),
        cmocka_unit_test(options_arrive),
        cmocka_unit_test(servers_are_waited_for_by_us),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
