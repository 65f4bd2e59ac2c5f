/* SPDX-License-Identifier: MIT */
#include "mongo/statement.h"

#include <string.h>

#include "base/error.h"

typedef struct scan {
    const char *text;
    size_t size, at;
    ost_error *error;
} scan;

static ost_status wrong(const scan *s, ost_status status, const char *what)
{
    return ost__error_set(s->error, status, "the raw statement is wrong at byte %zu: %s", s->at,
                          what);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Behind the quote: up to the one that ends it. */
static ost_status skip_string(scan *s)
{
    for (s->at++; s->at < s->size && s->text[s->at] != '"'; s->at++) {
        if (s->text[s->at] != '\\')
            continue;
        if (s->size - s->at > 5 && memcmp(s->text + s->at, "\\u0000", 6) == 0)
            return wrong(s, OST_MISUSE, "no key and no text may hold U+0000");
        s->at++;
    }
    if (s->at >= s->size)
        return wrong(s, OST_MISUSE, "a text does not end");
    s->at++;
    return OST_OK;
}

/* The library keeps of an integer that is too long whatever 64 bits hold. */
static ost_status skip_number(scan *s)
{
    bool negative = s->text[s->at] == '-', whole = true, fits = true;
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    uint64_t n = 0;
    for (s->at += negative; s->at < s->size; s->at++) {
        char c = s->text[s->at];
        if (is_digit(c)) {
            uint64_t digit = (uint64_t)(c - '0');
            fits = fits && n <= (most - digit) / 10;
            n = fits ? n * 10 + digit : n;
        } else if (c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') {
            whole = false;
        } else {
            break;
        }
    }
    if (whole && !fits)
        return wrong(s, OST_RANGE,
                     "an integer has more than 64 bits; write it as {\"$numberDecimal\": …}");
    return OST_OK;
}

static void skip_space(scan *s)
{
    while (s->at < s->size && is_space(s->text[s->at]))
        s->at++;
}

/* From the first bracket to the one that closes it. What else is wrong the library finds. */
static ost_status skip_all(scan *s)
{
    uint32_t depth = 0;
    do {
        char c = s->text[s->at];
        if (c == '"') {
            OST_TRY(skip_string(s));
            continue;
        }
        if (c == '-' || is_digit(c)) {
            OST_TRY(skip_number(s));
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        if (depth > OST__MONGO_NESTED)
            return wrong(s, OST_TOO_LARGE, "documents are nested more than 64 deep");
        s->at++;
    } while (depth > 0 && s->at < s->size);
    return depth == 0 ? OST_OK : wrong(s, OST_MISUSE, "a bracket is not closed");
}

static ost_status check(scan *s, bool *is_array)
{
    skip_space(s);
    if (s->at == s->size || (s->text[s->at] != '{' && s->text[s->at] != '['))
        return wrong(s, OST_MISUSE,
                     "a command begins with {, and a pipeline with [, in Extended JSON");
    *is_array = s->text[s->at] == '[';
    OST_TRY(skip_all(s));
    skip_space(s);
    if (s->at < s->size)
        return wrong(s, OST_MISUSE, "something stands behind its end");
    return OST_OK;
}

/* On one line, whatever character the library shows. */
static ost_status refused(ost_error *error, const char *why)
{
    char line[256];
    ost__copy_text(line, sizeof line, why);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    return ost__error_set(error, OST_MISUSE, "the raw statement is no Extended JSON: %s", line);
}

ost_status ost__mongo_json_read(const char *text, size_t size, bson_t **out, bool *is_array,
                                ost_error *error)
{
    scan s = { .text = text, .size = size, .error = error };
    bson_error_t why;
    *out = NULL;
    OST_TRY(check(&s, is_array));
    memset(&why, 0, sizeof why);
    *out = bson_new_from_json((const uint8_t *)text, (ssize_t)size, &why);
    if (!*out)
        return refused(error, why.message);
    if (bson_validate(*out, BSON_VALIDATE_UTF8, NULL))
        return OST_OK;
    bson_destroy(*out);
    *out = NULL;
    return refused(error, "a text in it is not UTF-8");
}
