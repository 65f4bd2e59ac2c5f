/* SPDX-License-Identifier: MIT */
#include "mongo/url.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/url.h"

enum {
    CONNECT_TIMEOUT_MS = 10000,
    /* We wait for servers ourselves, so that deadlines and cancels are obeyed. */
    SELECTION_TIMEOUT_MS = 50,
    /* A server that said it is no primary any more, but is, is believed that for so long. */
    HEARTBEAT_MS = 1000,
    DATABASE_MAX = 63,
    MONITOR_TIMEOUT_MAX_MS = 20000
};

bool ost__mongo_is_local(const char *host)
{
    return host[0] == '/' || strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
           ost__is_loopback(host);
}

static bool all_local(const mongoc_uri_t *uri)
{
    for (const mongoc_host_list_t *h = mongoc_uri_get_hosts(uri); h; h = h->next)
        if (!ost__mongo_is_local(h->host))
            return false;
    return true;
}

/* ---- the part before the options ---- */

static ost_status no_form(ost_error *e)
{
    return ost__error_set(
        e, OST_MISUSE,
        "the URL has another form than mongodb://user:password@host:port/database;"
        " in user and password write : / ? # [ ] @ %% as %%3A and so on");
}

/* Where path or options begin; NULL: the URL has no hosts. */
static const char *authority_end(const char *text)
{
    static const char head[] = "mongodb://";
    if (strncasecmp(text, head, sizeof head - 1) != 0)
        return NULL;
    text += sizeof head - 1;
    return text + strcspn(text, "/?");
}

/* The library would take what is behind the first @ for a host: a part of the password would be
 * asked for by name, and told. */
static bool has_stray_at(const char *text, const char *end)
{
    const char *first = memchr(text, '@', (size_t)(end - text));
    return first && memchr(first + 1, '@', (size_t)(end - first) - 1);
}

/* Users, passwords and hosts are the library's to read. What it says of a mistake may hold a part
 * of the password, and is not repeated. */
static ost_status read_hosts(const char *text, const ost__memory *m, mongoc_uri_t **out,
                             ost_error *e)
{
    const char *end = authority_end(text);
    bson_error_t unwanted;
    ost__buffer copy;
    *out = NULL;
    if (!end || has_stray_at(text, end))
        return no_form(e);
    ost__buffer_init(&copy, m);
    ost__buffer_text(&copy, "mongodb");
    ost__buffer_bytes(&copy, text + 7, (size_t)(end - text) - 7);
    ost__buffer_char(&copy, '/');
    if (!copy.failed)
        *out = mongoc_uri_new_with_error(copy.data, &unwanted);
    if (copy.data) {
        volatile char *p = copy.data;
        for (size_t i = 0; i < copy.size; i++)
            p[i] = 0;
    }
    if (copy.failed) {
        ost__buffer_finish(&copy);
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the URL");
    }
    ost__buffer_finish(&copy);
    return *out ? OST_OK : no_form(e);
}

static ost_status read_database(ost__mongo_settings *s, const char *path, ost_error *e)
{
    const char *name = path && path[0] == '/' ? path + 1 : path;
    size_t size = name ? strlen(name) : 0;
    if (size == 0)
        return ost__error_set(e, OST_MISUSE,
                              "the URL names no database: write mongodb://user:password@host/name");
    if (size > DATABASE_MAX || strpbrk(name, "/\\. \"$*<>:|?"))
        return ost__error_set(e, OST_MISUSE,
                              "the URL's database has a name that MongoDB does not allow: at most "
                              "%d bytes, none of them of / \\ . \" $ * < > : | ? or a space",
                              DATABASE_MAX);
    mongoc_uri_set_database(s->uri, name);
    s->database = mongoc_uri_get_database(s->uri);
    return OST_OK;
}

/* ---- options ---- */

typedef struct choice {
    const char *name;
    const char *const *values; /* NULL: any text that is not empty */
} choice;

static const char *const booleans[] = { "true", "false", NULL };
static const char *const mechanisms[] = { "SCRAM-SHA-1", "SCRAM-SHA-256", "MONGODB-X509", "PLAIN",
                                          NULL };
static const char *const concerns[] = { "local", "majority", "available", "linearizable", NULL };
static const char *const preferences[] = { "primary",   "primaryPreferred",
                                           "secondary", "secondaryPreferred",
                                           "nearest",   NULL };
static const char *const ciphers[] = { "off", "require", "verify", NULL };

static const choice choices[] = {
    { "tls", ciphers },
    { "tls_ca", NULL },
    { "tls_cert", NULL },
    { "replicaSet", NULL },
    { "authSource", NULL },
    { "authMechanism", mechanisms },
    { "readPreference", preferences },
    { "readConcernLevel", concerns },
    { "w", NULL },
    { "journal", booleans },
    { "directConnection", booleans },
    { "appname", NULL },
    { "retryReads", booleans },
    { "retryWrites", booleans },
};

/* The place of the value, or -1. */
static int place_of(const char *const *values, const char *value)
{
    for (int i = 0; values[i]; i++)
        if (strcmp(values[i], value) == 0)
            return i;
    return -1;
}

static ost_status check_option(const char *name, const char *value, ost_error *e)
{
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        const choice *c = &choices[i];
        char list[120] = "";
        size_t used = 0;
        if (strcmp(c->name, name) != 0)
            continue;
        if (value[0] == '\0')
            return ost__error_set(e, OST_MISUSE, "the URL's option %s is empty", name);
        if (!c->values || place_of(c->values, value) >= 0)
            return OST_OK;
        for (int k = 0; c->values[k]; k++)
            used +=
                ost__print(list + used, sizeof list - used, "%s%s", k ? ", " : "", c->values[k]);
        return ost__error_set(e, OST_MISUSE, "the URL says %s=%.32s, but it can be %s", name, value,
                              list);
    }
    return ost__error_set(
        e, OST_MISUSE,
        "the URL has option %.32s, but mongodb: takes only tls, tls_ca, tls_cert, "
        "replicaSet, authSource, authMechanism, readPreference, readConcernLevel, "
        "w, journal, directConnection, appname, retryReads and retryWrites",
        name);
}

static bool says(const ost__url *u, const char *name, const char *value)
{
    const char *given = ost__url_option(u, name);
    return given && strcmp(given, value) == 0;
}

static bool set_text(mongoc_uri_t *uri, const char *name, const char *value)
{
    return !value || mongoc_uri_set_option_as_utf8(uri, name, value);
}

static bool set_bool(mongoc_uri_t *uri, const char *name, const char *value)
{
    return !value || mongoc_uri_set_option_as_bool(uri, name, strcmp(value, "true") == 0);
}

/* A number of servers, "majority", or the name of a mode that the set defines. */
static ost_status set_write_concern(mongoc_uri_t *uri, const char *w, const char *journal,
                                    ost_error *e)
{
    mongoc_write_concern_t *concern = mongoc_write_concern_new();
    int32_t servers = 0;
    size_t digits = w ? strspn(w, "0123456789") : 0;
    if (w && strcmp(w, "majority") == 0) {
        mongoc_write_concern_set_w(concern, MONGOC_WRITE_CONCERN_W_MAJORITY);
    } else if (w && w[digits] != '\0') {
        mongoc_write_concern_set_wtag(concern, w);
    } else if (w) {
        for (const char *p = w; *p && servers < 1000; p++)
            servers = servers * 10 + (*p - '0');
        if (servers < 1 || servers > 50) {
            mongoc_write_concern_destroy(concern);
            return ost__error_set(e, OST_MISUSE,
                                  "the URL says w=%.32s, but writes must be confirmed by 1 to 50 "
                                  "servers, or by the majority",
                                  w);
        }
        mongoc_write_concern_set_w(concern, servers);
    }
    if (journal)
        mongoc_write_concern_set_journal(concern, strcmp(journal, "true") == 0);
    if (w || journal)
        mongoc_uri_set_write_concern(uri, concern);
    mongoc_write_concern_destroy(concern);
    return OST_OK;
}

static void set_reading(ost__mongo_settings *s, const char *preference, const char *level)
{
    /* In the order of `preferences`. */
    static const mongoc_read_mode_t modes[] = { MONGOC_READ_PRIMARY, MONGOC_READ_PRIMARY_PREFERRED,
                                                MONGOC_READ_SECONDARY,
                                                MONGOC_READ_SECONDARY_PREFERRED,
                                                MONGOC_READ_NEAREST };
    if (preference) {
        int place = place_of(preferences, preference);
        mongoc_read_prefs_t *p = mongoc_read_prefs_new(modes[place < 0 ? 0 : place]);
        mongoc_uri_set_read_prefs_t(s->uri, p);
        mongoc_read_prefs_destroy(p);
        s->reads_anywhere = place > 0;
    }
    if (level) {
        mongoc_read_concern_t *c = mongoc_read_concern_new();
        mongoc_read_concern_set_level(c, level);
        mongoc_uri_set_read_concern(s->uri, c);
        mongoc_read_concern_destroy(c);
    }
}

static ost_status set_tls(ost__mongo_settings *s, const ost__url *u, ost_error *e)
{
    const char *tls = ost__url_option(u, "tls"), *ca = ost__url_option(u, "tls_ca"),
               *certificate = ost__url_option(u, "tls_cert");
    bool set = true;
    s->tls = ca || certificate || !all_local(s->uri) ? OST__MONGO_TLS_VERIFY : OST__MONGO_TLS_OFF;
    if (tls)
        s->tls = (uint16_t)place_of(ciphers, tls);
    if (s->tls == OST__MONGO_TLS_OFF) {
        if (ca || certificate)
            return ost__error_set(e, OST_MISUSE,
                                  "the URL names files for TLS, but TLS is off: say tls=verify");
        return OST_OK;
    }
    set = mongoc_uri_set_option_as_bool(s->uri, MONGOC_URI_TLS, true);
    if (s->tls == OST__MONGO_TLS_REQUIRE)
        set = set &&
              mongoc_uri_set_option_as_bool(s->uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, true);
    else
        /* Asking a certificate's issuer would take as long as that answers. */
        set = set &&
              mongoc_uri_set_option_as_bool(s->uri, MONGOC_URI_TLSDISABLEOCSPENDPOINTCHECK, true);
    set = set && set_text(s->uri, MONGOC_URI_TLSCAFILE, ca) &&
          set_text(s->uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, certificate);
    return set ? OST_OK : ost__error_set(e, OST_MISUSE, "the URL's options for TLS are refused");
}

static ost_status set_login(ost__mongo_settings *s, const ost__url *u, ost_error *e)
{
    const char *source = ost__url_option(u, "authSource"),
               *mechanism = ost__url_option(u, "authMechanism");
    /* The password itself would be read by whoever listens, or plays the server. */
    if (mechanism && strcmp(mechanism, "PLAIN") == 0 && s->tls != OST__MONGO_TLS_VERIFY)
        return ost__error_set(e, OST_MISUSE,
                              "the URL says authMechanism=PLAIN, which sends the password itself: "
                              "say tls=verify too");
    if ((source && !mongoc_uri_set_auth_source(s->uri, source)) ||
        (mechanism && !mongoc_uri_set_auth_mechanism(s->uri, mechanism)))
        return ost__error_set(e, OST_MISUSE,
                              "the URL's authSource and authMechanism do not go together");
    return OST_OK;
}

static ost_status set_options(ost__mongo_settings *s, const ost__url *u, ost_error *e)
{
    const char *direct = ost__url_option(u, "directConnection"),
               *set = ost__url_option(u, "replicaSet"), *name = ost__url_option(u, "appname");
    const mongoc_host_list_t *hosts = mongoc_uri_get_hosts(s->uri);
    for (uint32_t i = 0; i < u->option_count; i++)
        OST_TRY(check_option(u->options[i].name, u->options[i].value, e));
    if (says(u, "directConnection", "true") && hosts && hosts->next)
        return ost__error_set(e, OST_MISUSE,
                              "the URL says directConnection=true, but names more than one host");
    OST_TRY(set_tls(s, u, e));
    OST_TRY(set_login(s, u, e));
    set_reading(s, ost__url_option(u, "readPreference"), ost__url_option(u, "readConcernLevel"));
    OST_TRY(set_write_concern(s->uri, ost__url_option(u, "w"), ost__url_option(u, "journal"), e));
    s->retry_reads = !says(u, "retryReads", "false");
    s->retry_writes = !says(u, "retryWrites", "false");
    if (name && !mongoc_uri_set_appname(s->uri, name))
        return ost__error_set(e, OST_MISUSE, "the URL's appname is longer than 128 bytes");
    if (!set_text(s->uri, MONGOC_URI_REPLICASET, set) ||
        !set_bool(s->uri, MONGOC_URI_DIRECTCONNECTION, direct) ||
        /* The library would ask again after a deadline, too, and not wait for a server. */
        !set_bool(s->uri, MONGOC_URI_RETRYREADS, "false") ||
        !set_bool(s->uri, MONGOC_URI_RETRYWRITES, "false"))
        return ost__error_set(e, OST_MISUSE, "the URL's options are refused");
    return OST_OK;
}

/* What the library's own threads, which watch the servers, go by. */
static ost_status set_times(mongoc_uri_t *uri, const ost_options *options, ost_error *e)
{
    uint32_t connect =
        options->connect_timeout_ms > 0 ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    if (connect > MONITOR_TIMEOUT_MAX_MS)
        connect = MONITOR_TIMEOUT_MAX_MS;
    if (!mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, (int32_t)connect) ||
        !mongoc_uri_set_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, HEARTBEAT_MS) ||
        !mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                                        SELECTION_TIMEOUT_MS))
        return ost__error_set(e, OST_DRIVER_ERROR, "the client library takes no time-outs");
    return OST_OK;
}

ost_status ost__mongo_settings_read(const ost_options *options, const ost__memory *m,
                                    ost__mongo_settings *out, ost_error *error)
{
    ost__url url = { .storage = NULL };
    const char *end;
    ost__buffer rest;
    ost_status status;
    memset(out, 0, sizeof *out);
    OST_TRY(read_hosts(options->url, m, &out->uri, error));
    end = authority_end(options->url);
    ost__buffer_init(&rest, m);
    ost__buffer_text(&rest, "mongodb:");
    ost__buffer_text(&rest, end);
    status = rest.failed ? ost__error_set(error, OST_NO_MEMORY, "no memory for the URL")
                         : ost__url_parse(m, rest.data, &url, error);
    ost__buffer_finish(&rest);
    if (status == OST_OK)
        status = read_database(out, url.path, error);
    if (status == OST_OK)
        status = set_options(out, &url, error);
    if (status == OST_OK)
        status = set_times(out->uri, options, error);
    ost__url_finish(m, &url);
    /* Every option that is set may move the others. */
    out->ca = mongoc_uri_get_option_as_utf8(out->uri, MONGOC_URI_TLSCAFILE, NULL);
    out->certificate =
        mongoc_uri_get_option_as_utf8(out->uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, NULL);
    if (status != OST_OK)
        ost__mongo_settings_free(out);
    return status;
}

void ost__mongo_settings_free(ost__mongo_settings *s)
{
    if (s->uri)
        mongoc_uri_destroy(s->uri);
    memset(s, 0, sizeof *s);
}
