/* SPDX-License-Identifier: MIT */
#include "base/url.h"
#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* A part of a text that is not terminated. */
typedef struct part {
    const char *start, *end;
} part;

typedef struct url_parser {
    ost__url *url;
    char *next; /* free storage */
    ost_error *error;
} url_parser;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int hex_value(char c)
{
    c = to_lower(c);
    return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first `c` in the part, or its end. */
static const char *find(part p, char c)
{
    const char *found = p.start < p.end ? memchr(p.start, c, (size_t)(p.end - p.start)) : NULL;
    return found ? found : p.end;
}

static const char *find_last(part p, char c)
{
    for (const char *at = p.end; at > p.start; at--) {
        if (at[-1] == c)
            return at - 1;
    }
    return NULL;
}

/* The end of the scheme, where its colon is; NULL: there is none. */
static const char *scheme_end(const char *text)
{
    const char *p = text;
    if (!is_letter(*p))
        return NULL;
    while (is_letter(*p) || is_digit(*p) || *p == '+' || *p == '-' || *p == '.')
        p++;
    return *p == ':' ? p : NULL;
}

/* Reads an escape at `p` ("%2F"); -1: it is none. */
static int unescape(const char *p, const char *end)
{
    if (end - p < 3)
        return -1;
    int high = hex_value(p[1]), low = hex_value(p[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Copies a part, decoded, into the storage. `what` names it in the message. */
static ost_status store(url_parser *u, part p, const char *what, const char **out)
{
    char *text = u->next, *to = text;
    while (p.start < p.end) {
        char c = *p.start;
        if (c != '%') {
            *to++ = c;
            p.start++;
            continue;
        }
        int byte = unescape(p.start, p.end);
        if (byte < 0)
            return ost__error_set(u->error, OST_MISUSE,
                                  "the URL's %s has a bad percent escape: write %%25 for a "
                                  "percent sign",
                                  what);
        if (byte == 0)
            return ost__error_set(u->error, OST_MISUSE,
                                  "the URL's %s has a NUL byte (%%00): remove it", what);
        *to++ = (char)byte;
        p.start += 3;
    }
    *to++ = '\0';
    u->next = to;
    *out = text;
    return OST_OK;
}

static ost_status parse_option(url_parser *u, part p)
{
    ost__url *url = u->url;
    const char *name, *value = "";
    const char *equals = find(p, '=');
    if (url->option_count == OST__URL_OPTIONS_MAX)
        return ost__error_set(u->error, OST_MISUSE, "the URL has more than %d options: remove some",
                              OST__URL_OPTIONS_MAX);
    OST_TRY(store(u, (part){ p.start, equals }, "option", &name));
    if (*name == '\0')
        return ost__error_set(u->error, OST_MISUSE,
                              "the URL has an option without a name: write name=value");
    if (ost__url_option(url, name) != NULL)
        return ost__error_set(u->error, OST_MISUSE,
                              "the URL gives the option '%.64s' twice: remove one", name);
    if (equals < p.end)
        OST_TRY(store(u, (part){ equals + 1, p.end }, "option", &value));
    url->options[url->option_count].name = name;
    url->options[url->option_count].value = value;
    url->option_count++;
    return OST_OK;
}

static ost_status parse_options(url_parser *u, part p)
{
    while (p.start < p.end) {
        const char *end = find(p, '&');
        if (end > p.start)
            OST_TRY(parse_option(u, (part){ p.start, end }));
        p.start = end + 1;
    }
    return OST_OK;
}

static ost_status parse_user(url_parser *u, part p)
{
    const char *colon = find(p, ':');
    OST_TRY(store(u, (part){ p.start, colon }, "user", &u->url->user));
    if (colon < p.end)
        OST_TRY(store(u, (part){ colon + 1, p.end }, "password", &u->url->password));
    return OST_OK;
}

static ost_status parse_port(url_parser *u, part p)
{
    uint32_t port = 0;
    for (const char *c = p.start; c < p.end; c++) {
        port = is_digit(*c) && port < 100000 ? port * 10 + (uint32_t)(*c - '0') : 100000;
    }
    if (port == 0 || port > 65535)
        return ost__error_set(u->error, OST_MISUSE,
                              "the URL's port must be a number from 1 to 65535, and ':' '/' '?' "
                              "'@' '%%' inside a password must be percent-encoded");
    return store(u, p, "port", &u->url->port);
}

/* "host", "host:port", "[::1]:port"; a list of hosts stays as it is, for drivers that know such
 * lists. */
static ost_status parse_host(url_parser *u, part p)
{
    if (p.start == p.end)
        return OST_OK;
    part host = p;
    if (find(p, ',') < p.end)
        return store(u, host, "host", &u->url->host);
    const char *colon = find_last(p, ':');
    if (*p.start == '[') {
        const char *close = find(p, ']');
        if (close == p.end || (close + 1 < p.end && close[1] != ':'))
            return ost__error_set(u->error, OST_MISUSE,
                                  "the URL's host has a '[' without its ']': write [address]:port");
        host = (part){ p.start + 1, close };
        colon = close + 1 < p.end ? close + 1 : NULL;
    } else if (colon != NULL) {
        host.end = colon;
    }
    if (host.start < host.end)
        OST_TRY(store(u, host, "host", &u->url->host));
    return colon ? parse_port(u, (part){ colon + 1, p.end }) : OST_OK;
}

static ost_status parse_authority(url_parser *u, part p)
{
    const char *at = find_last(p, '@');
    if (at != NULL) {
        OST_TRY(parse_user(u, (part){ p.start, at }));
        p.start = at + 1;
    }
    return parse_host(u, p);
}

static ost_status parse_parts(url_parser *u, const char *text)
{
    const char *colon = scheme_end(text);
    if (colon == NULL)
        return ost__error_set(u->error, OST_MISUSE,
                              "the URL has no scheme: write scheme:path or scheme://host/name");
    OST_TRY(store(u, (part){ text, colon }, "scheme", &u->url->scheme));
    for (char *c = u->url->storage; *c != '\0'; c++)
        *c = to_lower(*c);
    part rest = { colon + 1, text + strlen(text) };
    const char *question = find(rest, '?');
    part path = { rest.start, question };
    if (strncmp(path.start, "//", 2) == 0) {
        part authority = { path.start + 2, path.end };
        authority.end = find(authority, '/');
        OST_TRY(parse_authority(u, authority));
        path.start = authority.end;
    }
    OST_TRY(store(u, path, "path", &u->url->path));
    if (question == rest.end)
        return OST_OK;
    return parse_options(u, (part){ question + 1, rest.end });
}

ost_status ost__url_parse(const ost__memory *m, const char *text, ost__url *out, ost_error *e)
{
    memset(out, 0, sizeof *out);
    if (text == NULL)
        return ost__error_set(e, OST_MISUSE,
                              "the URL is NULL: give one, as scheme:path or scheme://host/name");
    /* Each part ends where a delimiter stood, save for two: the authority and the last. */
    size_t size;
    if (!ost__size_add(strlen(text), 4, &size))
        return ost__error_set(e, OST_TOO_LARGE, "the URL is too long");
    out->storage = ost__alloc(m, size);
    if (out->storage == NULL)
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the URL");
    out->storage_size = size;
    url_parser u = { .url = out, .next = out->storage, .error = e };
    ost_status status = parse_parts(&u, text);
    if (status != OST_OK)
        ost__url_finish(m, out);
    return status;
}

void ost__url_finish(const ost__memory *m, ost__url *u)
{
    if (u->storage != NULL) {
        /* It may hold a password. */
        volatile char *p = u->storage;
        for (size_t i = 0; i < u->storage_size; i++)
            p[i] = 0;
        ost__free(m, u->storage, u->storage_size);
    }
    memset(u, 0, sizeof *u);
}

const char *ost__url_option(const ost__url *u, const char *name)
{
    for (uint32_t i = 0; i < u->option_count; i++) {
        if (strcmp(u->options[i].name, name) == 0)
            return u->options[i].value;
    }
    return NULL;
}

bool ost__url_has_scheme(const char *text, const char *scheme)
{
    const char *end = text ? scheme_end(text) : NULL;
    if (end == NULL || (size_t)(end - text) != strlen(scheme))
        return false;
    for (; text < end; text++, scheme++) {
        if (to_lower(*text) != to_lower(*scheme))
            return false;
    }
    return true;
}

/* Whether the lower-case `word` is in the part (or, if `at_end`, ends it), once it is decoded. */
static bool mentions(part name, const char *word, bool at_end)
{
    char text[64];
    size_t size = 0;
    for (const char *p = name.start; p < name.end;) {
        /* No option of ours is that long: better hidden than judged by half its name. */
        if (size == sizeof text - 1)
            return true;
        int byte = *p == '%' ? unescape(p, name.end) : -1;
        text[size++] = to_lower(byte > 0 ? (char)byte : *p);
        p += byte > 0 ? 3 : 1;
    }
    text[size] = '\0';
    size_t length = strlen(word);
    if (at_end)
        return size >= length && strcmp(text + size - length, word) == 0;
    return strstr(text, word) != NULL;
}

static bool is_secret(part name)
{
    return mentions(name, "password", false) || mentions(name, "secret", false) ||
           mentions(name, "token", false) || mentions(name, "key", true);
}

/* Where a password ends, which begins at `p.start`; NULL: it is none. A password that should have
 * been percent-encoded makes the URL ambiguous: then rather too much is hidden than too little. */
static const char *password_end(part p)
{
    const char *question = find(p, '?');
    const char *at = find_last((part){ p.start, question }, '@');
    const char *late = find_last((part){ question, p.end }, '@');
    if (late != NULL && find((part){ question, late }, '=') == late)
        return late;
    if (at != NULL || late == NULL)
        return at;
    const char *c = p.start;
    while (c < question && is_digit(*c))
        c++;
    return c == question || *c == '/' ? NULL : late;
}

static size_t append(char *out, size_t size, size_t at, part p)
{
    size_t length = (size_t)(p.end - p.start);
    if (length > size - 1 - at)
        length = size - 1 - at;
    memcpy(out + at, p.start, length);
    return at + length;
}

static size_t append_stars(char *out, size_t size, size_t at)
{
    static const char stars[] = "***";
    return append(out, size, at, (part){ stars, stars + 3 });
}

/* The colon before the password; NULL: none. */
static const char *password_start(const char *text, const char *end)
{
    const char *colon = scheme_end(text);
    if (colon == NULL || strncmp(colon, "://", 3) != 0)
        return NULL;
    part rest = { colon + 3, end };
    rest.end = end = find(rest, '?');
    if (*rest.start == '[')
        rest.start = find(rest, ']');
    colon = find(rest, ':');
    return colon < end ? colon + 1 : NULL;
}

void ost__url_redact(const char *text, char *out, size_t size)
{
    size_t at = 0;
    if (size == 0)
        return;
    part rest = { text, text + strlen(text) };
    const char *start = password_start(text, rest.end);
    const char *end = start ? password_end((part){ start, rest.end }) : NULL;
    if (end != NULL) {
        at = append(out, size, at, (part){ text, start });
        at = append_stars(out, size, at);
        rest.start = end;
    }
    const char *question = find(rest, '?');
    at = append(out, size, at, (part){ rest.start, question });
    while (question < rest.end) {
        /* `question` is at the '?' or '&' before an option. */
        const char *next = find((part){ question + 1, rest.end }, '&');
        const char *equals = find((part){ question + 1, next }, '=');
        bool secret = equals < next && is_secret((part){ question + 1, equals });
        at = append(out, size, at, (part){ question, secret ? equals + 1 : next });
        if (secret)
            at = append_stars(out, size, at);
        question = next;
    }
    at = ost__utf8_cut(out, at);
    out[at] = '\0';
}

bool ost__is_loopback(const char *host)
{
    int numbers = 0, digits = 0, number = 0;
    if (strncmp(host, "127.", 4) != 0)
        return false;
    for (const char *p = host;; p++) {
        if (*p >= '0' && *p <= '9' && digits < 3) {
            number = number * 10 + (*p - '0');
            digits++;
            continue;
        }
        if (digits == 0 || number > 255 || (*p != '.' && *p != '\0'))
            return false;
        numbers++;
        digits = number = 0;
        if (*p == '\0')
            return numbers == 4;
    }
}
