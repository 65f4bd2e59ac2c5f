/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/url.h"

enum tls_mode { TLS_DEFAULT, TLS_VERIFY, TLS_REQUIRE, TLS_OFF };

/* A URL on its way to settings. */
typedef struct reader {
    const ost__memory *memory;
    ost__url url;
    ost__pg_settings *out;
    char *next; /* free storage */
    ost_error *error;
    const char *host, *port, *application;
    const char *ca, *certificate, *key;
    enum tls_mode tls;
} reader;

/* Where systems keep the authorities that they trust. */
static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
};

/* What does not depend on the URL. A dead peer is noticed although nothing is asked of it. */
static const char *const fixed[][2] = {
    { "client_encoding", "UTF8" },   { "gssencmode", "disable" },     { "keepalives", "1" },
    { "keepalives_idle", "30" },     { "keepalives_interval", "10" }, { "keepalives_count", "3" },
    { "tcp_user_timeout", "60000" },
};

static void add(reader *r, const char *name, const char *value)
{
    ost__pg_settings *s = r->out;
    size_t size;
    if (!value || s->count == OST__PG_SETTINGS_MAX)
        return;
    size = strlen(value) + 1;
    memcpy(r->next, value, size);
    s->names[s->count] = name;
    s->values[s->count++] = r->next;
    r->next += size;
}

static bool is_local(const char *host)
{
    if (!host || host[0] == '\0' || host[0] == '/')
        return true;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

static ost_status read_tls(reader *r, const char *value)
{
    static const struct {
        const char *name;
        enum tls_mode mode;
    } modes[] = { { "verify", TLS_VERIFY }, { "require", TLS_REQUIRE }, { "off", TLS_OFF } };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(value, modes[i].name) == 0) {
            r->tls = modes[i].mode;
            return OST_OK;
        }
    }
    return ost__error_set(r->error, OST_MISUSE,
                          "the URL says tls=%.32s, but it can be verify, require or off", value);
}

static ost_status read_option(reader *r, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        { "socket", &r->host }, { "application_name", &r->application },
        { "tls_ca", &r->ca },   { "tls_cert", &r->certificate },
        { "tls_key", &r->key },
    };
    if (strcmp(name, "tls") == 0)
        return read_tls(r, value);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) != 0)
            continue;
        if (value[0] == '\0')
            return ost__error_set(r->error, OST_MISUSE, "the URL says %s= without a value", name);
        *texts[i].to = value;
        return OST_OK;
    }
    return ost__error_set(r->error, OST_MISUSE,
                          "the URL has option %.32s, but postgresql: takes only tls, tls_ca, "
                          "tls_cert, tls_key, socket and application_name",
                          name);
}

/* `socket` may name the socket itself, which libpq finds by its folder and its port. */
static ost_status read_socket(reader *r, char *path)
{
    static const char start[] = "/.s.PGSQL.";
    char *name = strstr(path, start);
    if (path[0] != '/')
        return ost__error_set(r->error, OST_MISUSE,
                              "the URL's socket must be the path of a folder or of a socket in it, "
                              "from the root");
    if (!name || strchr(name + 1, '/'))
        return OST_OK;
    *name = '\0';
    r->port = name + sizeof start - 1;
    return OST_OK;
}

static ost_status read_host(reader *r)
{
    const char *socket = ost__url_option(&r->url, "socket");
    r->port = r->url.port;
    if (!socket) {
        r->host = r->url.host;
        if (r->host && strchr(r->host, ','))
            return ost__error_set(r->error, OST_MISUSE,
                                  "the URL names several hosts, but postgresql: takes one");
        return OST_OK;
    }
    if (r->url.host && r->url.host[0])
        return ost__error_set(r->error, OST_MISUSE,
                              "the URL names a host and a socket: remove one of them");
    /* The text is in the URL's own storage. */
    for (char *p = r->url.storage; p < r->url.storage + r->url.storage_size; p++)
        if (p == socket)
            return read_socket(r, p);
    return OST_OK;
}

static const char *authorities(const reader *r)
{
    if (r->ca)
        return r->ca;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}

/* Beside a host that is this machine itself nobody can listen. */
static void add_tls(reader *r)
{
    static const char *const names[] = {
        [TLS_VERIFY] = "verify-full", [TLS_REQUIRE] = "require", [TLS_OFF] = "disable"
    };
    enum tls_mode mode = r->tls;
    if (mode == TLS_DEFAULT)
        mode = !is_local(r->host) || r->ca ? TLS_VERIFY : TLS_OFF;
    add(r, "sslmode", names[mode]);
    if (mode == TLS_VERIFY)
        add(r, "sslrootcert", authorities(r));
    add(r, "sslcert", r->certificate);
    add(r, "sslkey", r->key);
}

static ost_status read_all(reader *r)
{
    const char *database = r->url.path[0] == '/' ? r->url.path + 1 : r->url.path;
    for (uint32_t i = 0; i < r->url.option_count; i++)
        OST_TRY(read_option(r, r->url.options[i].name, r->url.options[i].value));
    OST_TRY(read_host(r));
    if (strchr(database, '/'))
        return ost__error_set(r->error, OST_MISUSE,
                              "the URL's path must be the name of a database: write "
                              "postgresql://host/name");
    if (!r->key != !r->certificate)
        return ost__error_set(r->error, OST_MISUSE,
                              "the URL has one of tls_cert and tls_key: a client's certificate "
                              "needs both");
    add(r, "host", r->host && r->host[0] ? r->host : NULL);
    add(r, "port", r->port);
    add(r, "user", r->url.user && r->url.user[0] ? r->url.user : NULL);
    add(r, "password", r->url.password);
    add(r, "dbname", database[0] ? database : NULL);
    add_tls(r);
    add(r, "application_name", r->application);
    add(r, "fallback_application_name", "ostler");
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        add(r, fixed[i][0], fixed[i][1]);
    return OST_OK;
}

ost_status ost__pg_settings_read(const ost__memory *m, const char *url, ost__pg_settings *out,
                                 ost_error *error)
{
    reader r = { .memory = m, .out = out, .error = error };
    ost_status status;
    *out = (ost__pg_settings){ .storage = NULL };
    OST_TRY(ost__url_parse(m, url, &r.url, error));
    /* Room for every text of the URL and for those of the driver's own. */
    if (!ost__size_add(r.url.storage_size, 1024, &out->storage_size) ||
        !(out->storage = ost__alloc_zeroed(m, out->storage_size))) {
        status = ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
        goto cleanup;
    }
    r.next = out->storage;
    status = read_all(&r);
    if (status != OST_OK)
        ost__pg_settings_finish(m, out);
cleanup:
    ost__url_finish(m, &r.url);
    return status;
}

void ost__pg_settings_finish(const ost__memory *m, ost__pg_settings *s)
{
    if (s->storage) {
        /* It may hold a password. */
        volatile char *p = s->storage;
        for (size_t i = 0; i < s->storage_size; i++)
            p[i] = 0;
        ost__free(m, s->storage, s->storage_size);
    }
    *s = (ost__pg_settings){ .storage = NULL };
}
