/* SPDX-License-Identifier: MIT */
/* fm51: who cannot prove to be the server is not spoken to. */
#include "chaos.h"

typedef struct attempt {
    ost_status status;
    ost_error error;
} attempt;

static attempt try_url(const char *url)
{
    attempt a = { 0 };
    ost_db *db = NULL;
    a.status =
        ost_open(OST_OPTIONS(.url = url, .drivers = CHAOS_DRIVERS,
                             .models = OST_MODELS(&account_model), .connect_timeout_ms = 5000),
                 &db, &a.error);
    ost_close(db);
    return a;
}

static const char *with_ca(const server_instance *s, const char *tls)
{
    static char option[400];
    (void)snprintf(option, sizeof option, "tls=%s&tls_ca=%s", tls, server_tls_file(s, "ca.pem"));
    return server_url(s, option);
}

static void refused(const char *url, const char *why)
{
    attempt a = try_url(url);
    if (a.status == OST_OK)
        fail_msg("a server with a %s certificate was accepted", why);
    assert_int_equal(a.status, OST_CONNECTION);
    assert_true(strstr(a.error.message, "certificate") || strstr(a.error.message, "TLS") ||
                strstr(a.error.message, "SSL"));
}

static void fm51_a_good_certificate_is_accepted(void **state)
{
    server_instance *s = chaos_private(chaos_server_of(state), NULL);
    attempt a = try_url(with_ca(s, "verify"));
    chaos_ok(a.status, &a.error, "verify", __FILE__, __LINE__);
    a = try_url(server_url(s, "tls=require"));
    chaos_ok(a.status, &a.error, "require", __FILE__, __LINE__);
    a = try_url(server_url(s, "tls=off"));
    chaos_ok(a.status, &a.error, "off", __FILE__, __LINE__);
    /* Not signed by anybody whom the machine knows. */
    refused(server_url(s, "tls=verify"), "unknown");
}

static void refuses(void **state, const char *extra, const char *why)
{
    server_instance *s = server_private(chaos_server_of(state), extra);
    attempt a;
    refused(with_ca(s, "verify"), why);
    /* Without a look at the certificate the same server can be spoken to. */
    a = try_url(server_url(s, "tls=require"));
    chaos_ok(a.status, &a.error, "require", __FILE__, __LINE__);
    server_end(s);
}

static void fm51_another_hosts_certificate(void **state)
{
    refuses(state, "--tls wrong-host", "wrong host's");
}

static void fm51_self_signed(void **state)
{
    refuses(state, "--tls self-signed", "self-signed");
}

static void fm51_expired(void **state)
{
    refuses(state, "--tls expired", "expired");
}

/* Linux takes this address for the machine itself; to the driver it is one like any other. */
static void fm51_default_for_other_hosts(void **state)
{
    char url[512];
    server_instance *s = chaos_private(chaos_server_of(state), NULL);
    const char *given = server_url(s, NULL), *host = strrchr(given, '@');
    assert_non_null(host);
    host++;
    (void)snprintf(url, sizeof url, "%.*s0.0.0.0%s", (int)(host - given), given, strchr(host, ':'));
    refused(url, "unknown");
    attempt a = try_url(server_url_with(url, "tls=off"));
    chaos_ok(a.status, &a.error, "tls=off", __FILE__, __LINE__);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm51_a_good_certificate_is_accepted),
        ON_SERVERS(fm51_another_hosts_certificate),
        ON_SERVERS(fm51_self_signed),
        ON_SERVERS(fm51_expired),
        ON_SERVERS(fm51_default_for_other_hosts),
    };
    return RUN_CHAOS(tests, NULL);
}
