/* SPDX-License-Identifier: MIT */
/* URLs: scheme:path?name=value&…, and scheme://user:password@host:port/path?…. Percent-decoded. */
#ifndef OSTLER_BASE_URL_H
#define OSTLER_BASE_URL_H

#include "base/memory.h"

enum { OST__URL_OPTIONS_MAX = 32 };
typedef struct ost__url {
    char *storage; /* owns all texts below */
    size_t storage_size;
    const char *scheme;
    const char *user, *password, *host, *port; /* NULL: not given */
    const char *path; /* decoded; "" if none. "sqlite::memory:" has ":memory:" */
    struct {
        const char *name, *value;
    } options[OST__URL_OPTIONS_MAX];
    uint32_t option_count;
} ost__url;

/* A repeated option, a bad percent escape, a NUL (%00), a missing scheme are OST_MISUSE with a
 * sentence that never shows a password. */
ost_status ost__url_parse(const ost__memory *m, const char *text, ost__url *out, ost_error *e);
void ost__url_finish(const ost__memory *m, ost__url *u);
const char *ost__url_option(const ost__url *u, const char *name); /* NULL: not given */
/* The URL with its password and secret options (password, key, token, secret) replaced by "***";
 * `out` is always terminated. */
void ost__url_redact(const char *text, char *out, size_t size);
/* Whether the scheme of `text` is `scheme`. */
bool ost__url_has_scheme(const char *text, const char *scheme);
/* Four numbers up to 255, of which the first is 127; anything else may be a name, which a resolver
 * takes where it likes. */
bool ost__is_loopback(const char *host);

#endif
