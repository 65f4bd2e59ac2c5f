/* SPDX-License-Identifier: MIT */
#include "base/json_reader.h"

#include <string.h>

#include "base/utf8.h"

#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

enum expectation { A_VALUE, FIRST_ITEM, FIRST_NAME, AFTER_VALUE };

static const char ENDS[] = "the text ends too early";

void ost__json_read(ost__json_reader *r, const char *text, size_t size)
{
    *r =
        (ost__json_reader){ .start = text, .at = text, .end = text + size, .kind = OST__JSON_NULL };
    if (size > OST__JSON_SIZE_MAX) {
        r->kind = OST__JSON_ERROR;
        r->error = "the text is larger than 64 MiB";
        r->error_at = OST__JSON_SIZE_MAX;
    }
}

static uint8_t fail_at(ost__json_reader *r, const char *where, const char *sentence)
{
    r->kind = OST__JSON_ERROR;
    r->error = where == r->end ? ENDS : sentence;
    r->error_at = (size_t)(where - r->start);
    return OST__JSON_ERROR;
}

uint8_t ost__json_refuse(ost__json_reader *r, const char *sentence)
{
    r->kind = OST__JSON_ERROR;
    r->error = sentence;
    r->error_at = (size_t)(r->text - r->start);
    return OST__JSON_ERROR;
}

static void skip_space(ost__json_reader *r)
{
    const char *p = r->at;
    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    r->at = p;
}

static uint8_t take(ost__json_reader *r, uint8_t kind, size_t size)
{
    r->kind = kind;
    r->text = r->at;
    r->size = size;
    r->at += size;
    return kind;
}

/* ---- strings ---- */

/* The first byte of a string that does not stand for itself, or `end`. *high gets high bits. */
static const char *plain_run(const char *p, const char *end, uint64_t *high)
{
    uint64_t word;
    for (; end - p >= 8; p += 8) {
        memcpy(&word, p, sizeof word);
        uint64_t quote = word ^ ONES * '"', backslash = word ^ ONES * '\\';
        uint64_t found = (quote - ONES) & ~quote;
        found |= (backslash - ONES) & ~backslash;
        found |= (word - ONES * 0x20) & ~word;
        if (found & HIGH_BITS)
            break;
        *high |= word & HIGH_BITS;
    }
    for (; p < end && (uint8_t)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
        *high |= (uint8_t)*p & 0x80U;
    return p;
}

/* Four hexadecimal digits; -1: there are fewer, of which *p is moved to the first that is none. */
static int32_t hex4(const char **p, const char *end)
{
    int32_t n = 0;
    for (int i = 0; i < 4; i++, ++*p) {
        char c = *p < end ? **p : '\0';
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

/* What "\uXXXX" stands for, or two of them; `*at` is at the first digit. NULL, or why not. */
static const char *read_code(const char **at, const char *end, int32_t *point)
{
    static const char digits[] = "\\u is followed by four hexadecimal digits";
    static const char lone[] = "a surrogate stands alone";
    const char *p = *at, *before = p - 2;
    int32_t high = hex4(&p, end), low;
    *at = p;
    if (high < 0)
        return digits;
    *point = high;
    if (high == 0) {
        *at = before;
        return "U+0000 is not allowed";
    }
    if (high < 0xD800 || high > 0xDFFF)
        return NULL;
    if (high > 0xDBFF || (p < end && *p != '\\') || (end - p >= 2 && p[1] != 'u')) {
        *at = before;
        return lone;
    }
    *at = end;
    if (end - p < 2)
        return lone;
    p += 2;
    low = hex4(&p, end);
    *at = p;
    if (low < 0)
        return digits;
    if (low < 0xDC00 || low > 0xDFFF) {
        *at = before;
        return lone;
    }
    *point = 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
    return NULL;
}

/* Reads the escape whose backslash is at `*at`. NULL, or why not, and *at is where. */
static const char *read_escape(const char **at, const char *end, int32_t *point)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = *at + 1;
    *at = p;
    if (p == end)
        return ENDS;
    if (*p == 'u') {
        *at = p + 1;
        return read_code(at, end, point);
    }
    const char *found = *p ? strchr(from, *p) : NULL;
    if (!found)
        return "an escape is unknown";
    *point = (uint8_t)to[found - from];
    *at = p + 1;
    return NULL;
}

static uint8_t read_string(ost__json_reader *r, uint8_t kind)
{
    const char *start = r->at + 1, *p = start;
    uint64_t high = 0;
    size_t saved = 0;
    r->escaped = false;
    while ((p = plain_run(p, r->end, &high)) < r->end && *p != '"') {
        const char *escape = p;
        uint8_t bytes[4];
        int32_t point = 0;
        if (*p != '\\')
            return fail_at(r, p, "a control character in a string must be escaped");
        const char *why = read_escape(&p, r->end, &point);
        if (why)
            return fail_at(r, p, why);
        saved += (size_t)(p - escape) - ost__utf8_encode(point, bytes);
        r->escaped = true;
    }
    if (p == r->end)
        return fail_at(r, p, ENDS);
    size_t size = (size_t)(p - start);
    if (high && !ost__utf8_valid(start, size))
        return fail_at(r, start + ost__utf8_valid_size(start, size), "a string is not valid utf-8");
    r->at = start;
    take(r, kind, size);
    r->at++;
    r->decoded_size = size - saved;
    return kind;
}

/* Bytes of a string: a run as it stands, or what an escape stands for. */
typedef struct pieces {
    const char *at, *end, *bytes;
    size_t size;
    uint8_t code[4];
} pieces;

/* false: there are none left. */
static bool next_piece(pieces *s)
{
    int32_t point = 0;
    if (s->at == s->end)
        return false;
    size_t left = (size_t)(s->end - s->at);
    const char *escape = memchr(s->at, '\\', left);
    if (escape == s->at) {
        read_escape(&s->at, s->end, &point);
        s->size = ost__utf8_encode(point, s->code);
        s->bytes = (const char *)s->code;
        return true;
    }
    s->bytes = s->at;
    s->size = escape ? (size_t)(escape - s->at) : left;
    s->at += s->size;
    return true;
}

void ost__json_decode(const ost__json_reader *r, char *out)
{
    pieces s = { .at = r->text, .end = r->text + r->size };
    while (next_piece(&s)) {
        memcpy(out, s.bytes, s.size);
        out += s.size;
    }
}

void ost__json_append(const ost__json_reader *r, ost__buffer *out)
{
    pieces s = { .at = r->text, .end = r->text + r->size };
    while (next_piece(&s))
        ost__buffer_bytes(out, s.bytes, s.size);
}

bool ost__json_is(const ost__json_reader *r, const char *text, size_t size)
{
    pieces s = { .at = r->text, .end = r->text + r->size };
    if (r->decoded_size != size)
        return false;
    if (!r->escaped)
        return memcmp(r->text, text, size) == 0;
    while (next_piece(&s)) {
        if (memcmp(s.bytes, text, s.size) != 0)
            return false;
        text += s.size;
    }
    return true;
}

int ost__json_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    pieces x = { .at = a, .end = a + a_size }, y = { .at = b, .end = b + b_size };
    for (;;) {
        bool more_x = x.size > 0 || next_piece(&x), more_y = y.size > 0 || next_piece(&y);
        if (!more_x || !more_y)
            return (int)more_x - (int)more_y;
        size_t common = x.size < y.size ? x.size : y.size;
        int order = memcmp(x.bytes, y.bytes, common);
        if (order != 0)
            return order < 0 ? -1 : 1;
        x.bytes += common;
        x.size -= common;
        y.bytes += common;
        y.size -= common;
    }
}

/* ---- numbers and words ---- */

static const char *digits_end(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static uint8_t read_number(ost__json_reader *r)
{
    static const char digit[] = "a digit is expected";
    const char *p = r->at + (*r->at == '-'), *from = p;
    p = digits_end(p, r->end);
    if (p == from)
        return fail_at(r, p, digit);
    if (*from == '0' && p > from + 1)
        return fail_at(r, from + 1, "a number has no zeros in front");
    if (p < r->end && *p == '.') {
        from = ++p;
        p = digits_end(p, r->end);
        if (p == from)
            return fail_at(r, p, digit);
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < r->end && (*p == '+' || *p == '-');
        from = p;
        p = digits_end(p, r->end);
        if (p == from)
            return fail_at(r, p, digit);
        if (p - from > 9)
            return fail_at(r, from, "an exponent has more than nine digits");
    }
    r->expects = AFTER_VALUE;
    return take(r, OST__JSON_NUMBER, (size_t)(p - r->at));
}

static uint8_t read_word(ost__json_reader *r, const char *word, uint8_t kind)
{
    const char *p = r->at;
    for (; *word && p < r->end && *p == *word; p++)
        word++;
    if (*word)
        return fail_at(r, p, "a word must be true, false or null");
    r->expects = AFTER_VALUE;
    return take(r, kind, (size_t)(p - r->at));
}

/* ---- structure ---- */

static uint8_t open_level(ost__json_reader *r, bool object)
{
    if (r->depth == OST__JSON_DEPTH)
        return fail_at(r, r->at, "brackets are nested deeper than 30 levels");
    r->depth++;
    r->objects &= ~(UINT32_C(1) << r->depth);
    r->objects |= (uint32_t)object << r->depth;
    r->expects = object ? FIRST_NAME : FIRST_ITEM;
    return take(r, object ? OST__JSON_OPEN_OBJECT : OST__JSON_OPEN_LIST, 1);
}

static uint8_t close_level(ost__json_reader *r)
{
    uint8_t kind = ost__json_in_object(r) ? OST__JSON_CLOSE_OBJECT : OST__JSON_CLOSE_LIST;
    r->depth--;
    r->expects = AFTER_VALUE;
    return take(r, kind, 1);
}

static bool at_close(const ost__json_reader *r)
{
    return r->at < r->end && *r->at == (ost__json_in_object(r) ? '}' : ']');
}

static uint8_t read_value(ost__json_reader *r)
{
    if (r->at == r->end)
        return fail_at(r, r->at, ENDS);
    switch (*r->at) {
    case '{': return open_level(r, true);
    case '[': return open_level(r, false);
    case '"': r->expects = AFTER_VALUE; return read_string(r, OST__JSON_STRING);
    case 't': return read_word(r, "true", OST__JSON_TRUE);
    case 'f': return read_word(r, "false", OST__JSON_FALSE);
    case 'n': return read_word(r, "null", OST__JSON_NULL);
    default: break;
    }
    if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
        return read_number(r);
    return fail_at(r, r->at, "a value is expected");
}

static uint8_t read_name(ost__json_reader *r)
{
    if (r->at == r->end || *r->at != '"')
        return fail_at(r, r->at, "a name in quotes is expected");
    if (read_string(r, OST__JSON_KEY) == OST__JSON_ERROR)
        return OST__JSON_ERROR;
    skip_space(r);
    if (r->at == r->end || *r->at != ':')
        return fail_at(r, r->at, "a colon is expected");
    r->at++;
    r->expects = A_VALUE;
    return OST__JSON_KEY;
}

static uint8_t read_after(ost__json_reader *r)
{
    if (r->depth == 0) {
        if (r->at < r->end)
            return fail_at(r, r->at, "nothing may follow the value");
        return take(r, OST__JSON_END, 0);
    }
    if (at_close(r))
        return close_level(r);
    if (r->at == r->end || *r->at != ',')
        return fail_at(r, r->at,
                       ost__json_in_object(r) ? "a comma or } is expected"
                                              : "a comma or ] is expected");
    r->at++;
    skip_space(r);
    return ost__json_in_object(r) ? read_name(r) : read_value(r);
}

uint8_t ost__json_next(ost__json_reader *r)
{
    if (r->kind == OST__JSON_ERROR)
        return OST__JSON_ERROR;
    skip_space(r);
    switch (r->expects) {
    case AFTER_VALUE: return read_after(r);
    case FIRST_NAME: return at_close(r) ? close_level(r) : read_name(r);
    case FIRST_ITEM: return at_close(r) ? close_level(r) : read_value(r);
    default: return read_value(r);
    }
}

bool ost__json_skip(ost__json_reader *r)
{
    if (r->kind == OST__JSON_KEY)
        ost__json_next(r);
    if (r->kind == OST__JSON_OPEN_OBJECT || r->kind == OST__JSON_OPEN_LIST) {
        for (uint32_t depth = r->depth; r->depth >= depth;)
            if (ost__json_next(r) == OST__JSON_ERROR)
                return false;
    }
    return r->kind != OST__JSON_ERROR;
}

void ost__json_seek(ost__json_reader *r, size_t offset)
{
    r->at = r->start + offset;
    r->expects = FIRST_NAME;
}
