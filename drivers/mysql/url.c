/* SPDX-License-Identifier: MIT */
#include "mysql/url.h"

#include <string.h>

#include "base/error.h"

enum { STANDARD_PORT = 3306 };

bool ost__my_is_local(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || ost__is_loopback(host);
}

static ost_status read_tls(ost__my_settings *s, const char *value, ost_error *e)
{
    static const char *const names[] = { "off", "require", "verify" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(value, names[i]) == 0) {
            s->tls = (uint16_t)i;
            return OST_OK;
        }
    }
    return ost__error_set(e, OST_MISUSE,
                          "the URL says tls=%.32s, but it can be verify, require or off", value);
}

static ost_status read_option(ost__my_settings *s, const char *name, const char *value,
                              ost_error *e)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        { "tls_ca", &s->ca },
        { "tls_cert", &s->certificate },
        { "tls_key", &s->key },
        { "socket", &s->socket },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) != 0)
            continue;
        if (value[0] == '\0')
            return ost__error_set(e, OST_MISUSE, "the URL's option %s is empty: name a file", name);
        *texts[i].to = value;
        return OST_OK;
    }
    if (strcmp(name, "tls") == 0)
        return OST_OK;
    return ost__error_set(e, OST_MISUSE,
                          "the URL has option %.32s, but mysql: takes only tls, tls_ca, tls_cert, "
                          "tls_key and socket",
                          name);
}

static ost_status read_options(ost__my_settings *s, ost_error *e)
{
    const char *tls = ost__url_option(&s->url, "tls");
    for (uint32_t i = 0; i < s->url.option_count; i++)
        OST_TRY(read_option(s, s->url.options[i].name, s->url.options[i].value, e));
    if (s->socket && s->host)
        return ost__error_set(e, OST_MISUSE,
                              "the URL names a host and a socket: leave one out, as in "
                              "mysql://user@/database?socket=/path");
    s->tls = s->host && !ost__my_is_local(s->host) ? OST__MY_TLS_VERIFY : OST__MY_TLS_OFF;
    if (tls)
        OST_TRY(read_tls(s, tls, e));
    else if (s->host && (s->ca || s->certificate || s->key))
        s->tls = OST__MY_TLS_VERIFY;
    if (s->tls == OST__MY_TLS_OFF && (s->ca || s->certificate || s->key))
        return ost__error_set(e, OST_MISUSE,
                              "the URL names files for TLS, but TLS is off: say tls=verify");
    if (s->tls == OST__MY_TLS_VERIFY && !s->host)
        return ost__error_set(e, OST_MISUSE,
                              "a socket has no name that a certificate could hold: leave tls out");
    return OST_OK;
}

static ost_status read_parts(ost__my_settings *s, ost_error *e)
{
    const ost__url *u = &s->url;
    s->host = u->host && u->host[0] ? u->host : NULL;
    s->user = u->user ? u->user : "";
    s->password = u->password ? u->password : "";
    s->database = u->path[0] == '/' ? u->path + 1 : u->path;
    s->port = STANDARD_PORT;
    if (u->port) {
        s->port = 0;
        for (const char *p = u->port; *p; p++)
            s->port = s->port * 10 + (unsigned)(*p - '0');
    }
    /* The client library takes several hosts apart by commas, and would try each. */
    if (s->host && strpbrk(s->host, ",/"))
        return ost__error_set(e, OST_MISUSE, "the URL names more than one host: name one");
    if (s->database[0] == '\0')
        return ost__error_set(e, OST_MISUSE,
                              "the URL names no database: write mysql://user:password@host/name");
    return read_options(s, e);
}

ost_status ost__my_settings_read(const ost__memory *memory, const char *url, ost__my_settings *out,
                                 ost_error *error)
{
    ost_status status;
    memset(out, 0, sizeof *out);
    OST_TRY(ost__url_parse(memory, url, &out->url, error));
    status = read_parts(out, error);
    if (status != OST_OK)
        ost__my_settings_finish(memory, out);
    return status;
}

void ost__my_settings_finish(const ost__memory *memory, ost__my_settings *s)
{
    ost__url_finish(memory, &s->url);
    memset(s, 0, sizeof *s);
}
