/* SPDX-License-Identifier: MIT */
#include "base/text_format.h"

#include <string.h>

enum {
    LOCAL_MAX = 64,  /* RFC 5321, 4.5.3.1.1 */
    EMAIL_MAX = 254, /* RFC 5321, 4.5.3.1.3: a path of 256 with its angle brackets */
    LABEL_MAX = 63,  /* RFC 1034, 3.1 */
    PORT_MAX = 65535,
    UUID_SIZE = 36,
    IPV6_GROUPS = 8
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || is_letter(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_among(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

/* ---- e-mail ---- */

/* Letters, digits and hyphens, with neither of its ends a hyphen. */
static bool is_label(const char *text, size_t size)
{
    if (size == 0 || size > LABEL_MAX || text[0] == '-' || text[size - 1] == '-')
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '-')
            return false;
    return true;
}

static bool is_domain(const char *text, size_t size)
{
    size_t start = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i < size && text[i] != '.')
            continue;
        if (!is_label(text + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

bool ost__text_is_email(const char *text, size_t size)
{
    const char *at = size <= EMAIL_MAX ? memchr(text, '@', size) : NULL;
    size_t local = at ? (size_t)(at - text) : 0;
    if (local == 0 || local > LOCAL_MAX)
        return false;
    for (size_t i = 0; i < local; i++)
        if (!is_alphanumeric(text[i]) && !is_among(text[i], ".!#$%&'*+/=?^_`{|}~-"))
            return false;
    return is_domain(at + 1, size - local - 1);
}

/* ---- url ---- */

/* How many bytes of the text are `unreserved`, percent-encoded, `sub-delims` or in `more`. */
static size_t span(const char *text, size_t size, const char *more)
{
    size_t i = 0;
    while (i < size) {
        if (text[i] == '%') {
            if (size - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))
                break;
            i += 3;
        } else if (is_alphanumeric(text[i]) || is_among(text[i], "-._~!$&'()*+,;=") ||
                   is_among(text[i], more)) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

/* Four numbers of 0 to 255, without leading zeros. */
static bool is_ipv4(const char *text, size_t size)
{
    size_t i = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        if (part > 0 && (i == size || text[i++] != '.'))
            return false;
        size_t start = i;
        while (i < size && i - start < 3 && is_digit(text[i]))
            value = value * 10 + (unsigned)(text[i++] - '0');
        if (i == start || value > 255 || (text[start] == '0' && i - start > 1))
            return false;
    }
    return i == size;
}

/* Groups of up to four hexadecimal digits; "::" stands once for one group of zeros or more; the
 * last two groups may be an IPv4 address. */
static bool is_ipv6(const char *text, size_t size)
{
    size_t i = 0, groups = 0;
    bool gap = false;
    if (size >= 2 && text[0] == ':' && text[1] == ':') {
        gap = true;
        i = 2;
    }
    while (i < size) {
        size_t start = i;
        while (i < size && i - start < 4 && is_hex(text[i]))
            i++;
        if (i < size && text[i] == '.')
            return is_ipv4(text + start, size - start) &&
                   (gap ? groups + 2 < IPV6_GROUPS : groups + 2 == IPV6_GROUPS);
        if (i == start || ++groups > IPV6_GROUPS)
            return false;
        if (i == size)
            break;
        if (text[i++] != ':' || i == size)
            return false;
        if (text[i] == ':') {
            if (gap)
                return false;
            gap = true;
            i++;
        }
    }
    return gap ? groups < IPV6_GROUPS : groups == IPV6_GROUPS;
}

static size_t skip_scheme(const char *text, size_t size)
{
    static const char *const schemes[] = { "https://", "http://" };
    for (size_t k = 0; k < sizeof(schemes) / sizeof(schemes[0]); k++) {
        size_t n = strlen(schemes[k]), i = 0;
        /* A letter differs from its capital in one bit; the other bytes have that bit set. */
        while (i < n && i < size &&
               (is_letter(text[i]) ? text[i] | 0x20 : text[i]) == schemes[k][i])
            i++;
        if (i == n)
            return n;
    }
    return 0;
}

/* The host at the beginning; 0: there is none. */
static size_t skip_host(const char *text, size_t size)
{
    if (size > 0 && text[0] == '[') {
        const char *end = memchr(text, ']', size);
        size_t n = end ? (size_t)(end - text) : 0;
        return end && is_ipv6(text + 1, n - 1) ? n + 1 : 0;
    }
    return span(text, size, "");
}

/* ":" and digits, of which there may be none. */
static bool skip_port(const char *text, size_t size, size_t *at)
{
    uint32_t port = 0;
    if (*at == size || text[*at] != ':')
        return true;
    for (++*at; *at < size && is_digit(text[*at]) && port <= PORT_MAX; ++*at)
        port = port * 10 + (uint32_t)(text[*at] - '0');
    return port <= PORT_MAX;
}

bool ost__text_is_url(const char *text, size_t size)
{
    size_t i = skip_scheme(text, size), host = i ? skip_host(text + i, size - i) : 0;
    if (host == 0)
        return false;
    i += host;
    if (!skip_port(text, size, &i))
        return false;
    if (i < size && text[i] == '/')
        i += span(text + i, size - i, ":@/");
    if (i < size && text[i] == '?') {
        i++;
        i += span(text + i, size - i, ":@/?");
    }
    if (i < size && text[i] == '#') {
        i++;
        i += span(text + i, size - i, ":@/?");
    }
    return i == size;
}

/* ---- words ---- */

bool ost__text_is_alphanumeric(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_alphanumeric(text[i]))
            return false;
    return size > 0;
}

bool ost__text_is_slug(const char *text, size_t size)
{
    bool in_word = false;
    for (size_t i = 0; i < size; i++) {
        bool word = is_lower(text[i]) || is_digit(text[i]);
        if (!word && (text[i] != '-' || !in_word))
            return false;
        in_word = word;
    }
    return in_word;
}

bool ost__text_is_uuid(const char *text, size_t size)
{
    if (size != UUID_SIZE)
        return false;
    for (size_t i = 0; i < UUID_SIZE; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return true;
}

bool ost__text_has_format(uint16_t format, const char *text, size_t size)
{
    switch (format) {
    case OST_ANY_TEXT: return true;
    case OST_EMAIL: return ost__text_is_email(text, size);
    case OST_URL: return ost__text_is_url(text, size);
    case OST_ALPHANUMERIC: return ost__text_is_alphanumeric(text, size);
    case OST_SLUG: return ost__text_is_slug(text, size);
    case OST_UUID_TEXT: return ost__text_is_uuid(text, size);
    default: return false;
    }
}
