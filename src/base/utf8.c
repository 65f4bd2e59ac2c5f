/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

#define ONES UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* No fold gives more than three code points; the decomposition may be asked for eight. */
enum { FOLD_POINTS = 8, FOLD_BYTES = FOLD_POINTS * 4 };

/* The code point at `p`, and how many bytes it takes; 0 bytes: not valid. */
static size_t decode(const uint8_t *p, size_t size, int32_t *out)
{
    static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    uint8_t lead = p[0];
    if (lead < 0x80) {
        *out = lead;
        return 1;
    }
    size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || length > size)
        return 0;
    int32_t point = lead & (0x7F >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        point = point * 64 + (p[i] & 0x3F);
    }
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
        return 0;
    *out = point;
    return length;
}

/* As decode; a byte that is not part of valid UTF-8 stands for itself, as a negative number. */
static size_t decode_any(const uint8_t *p, size_t size, int32_t *out)
{
    size_t length = decode(p, size, out);
    if (length == 0) {
        *out = -1 - (int32_t)p[0];
        length = 1;
    }
    return length;
}

size_t ost__utf8_encode(int32_t point, uint8_t *out)
{
    if (point < 0) {
        out[0] = (uint8_t)(-1 - point);
        return 1;
    }
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xC0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xE0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (point & 0x3F));
    return 4;
}

size_t ost__utf8_valid_size(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t i = 0;
    while (i < size) {
        int32_t point;
        size_t length = decode(p + i, size - i, &point);
        if (length == 0 || point == 0)
            break;
        i += length;
    }
    return i;
}

/* Non-zero if a byte is NUL or above 0x7F. A borrow can only come from a NUL further down. */
static uint64_t odd_bytes(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return ((word - ONES) | word) & HIGH_BITS;
}

OST__HOT bool ost__utf8_valid(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    uint64_t odd = 0;
    if (size < 8) {
        for (size_t i = 0; i < size; i++)
            odd |= (uint64_t)(p[i] == 0) | (p[i] & 0x80U);
    } else {
        for (size_t i = 0; i + 8 <= size; i += 8)
            odd |= odd_bytes(p + i);
        odd |= odd_bytes(p + size - 8);
    }
    return odd == 0 || ost__utf8_valid_size(text, size) == size;
}

size_t ost__utf8_length(const char *text, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++)
        length += ((uint8_t)text[i] & 0xC0) != 0x80;
    return length;
}

size_t ost__utf8_cut(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint8_t byte = p[size - back];
        if ((byte & 0xC0) == 0x80)
            continue;
        size_t length = byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        return length > back ? size - back : size;
    }
    return size;
}

static uint8_t ascii_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

/* The fold of one code point as UTF-8; returns its length. */
static size_t fold_point(int32_t point, uint8_t out[FOLD_BYTES])
{
    int32_t folded[FOLD_POINTS];
    int boundary = 0;
    utf8proc_ssize_t count = -1;
    size_t length = 0;
    if (point >= 0)
        count = utf8proc_decompose_char(point, folded, FOLD_POINTS, UTF8PROC_CASEFOLD, &boundary);
    if (count < 0 || count > FOLD_POINTS)
        return ost__utf8_encode(point, out);
    for (utf8proc_ssize_t i = 0; i < count; i++)
        length += ost__utf8_encode(folded[i], out + length);
    return length;
}

/* How many bytes of ASCII come first. */
static size_t ascii_run(const uint8_t *p, size_t size)
{
    size_t n = 0;
    while (n < size && p[n] < 0x80)
        n++;
    return n;
}

/* Appends ASCII in lower case, which is also its fold. */
static void append_ascii(ost__buffer *out, const uint8_t *p, size_t size)
{
    uint8_t block[256];
    while (size > 0) {
        size_t n = size < sizeof block ? size : sizeof block;
        for (size_t i = 0; i < n; i++)
            block[i] = ascii_lower(p[i]);
        ost__buffer_bytes(out, block, n);
        p += n;
        size -= n;
    }
}

void ost__utf8_fold(ost__buffer *out, const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    uint8_t folded[FOLD_BYTES];
    for (size_t i = 0; i < size;) {
        size_t run = ascii_run(p + i, size - i);
        append_ascii(out, p + i, run);
        i += run;
        if (i == size)
            break;
        int32_t point;
        i += decode_any(p + i, size - i, &point);
        ost__buffer_bytes(out, folded, fold_point(point, folded));
    }
}

/* ---- what is the same but for case ---- */

enum { POINTS = 256 };

/* Code points of a text; short ones need no memory. */
typedef struct points {
    const ost__memory *memory;
    int32_t *at;
    size_t count, allocated;
    int32_t few[POINTS];
} points;

static void points_finish(points *x)
{
    if (x->allocated > 0)
        ost__free(x->memory, x->at, x->allocated);
    x->allocated = 0;
}

/* Decomposed, with marks in canonical order. */
static bool points_of(points *x, const char *text, size_t size, utf8proc_option_t options)
{
    const uint8_t *p = (const uint8_t *)text;
    utf8proc_ssize_t length = (utf8proc_ssize_t)size, count;
    x->at = x->few;
    x->allocated = 0;
    count = utf8proc_decompose(p, length, x->at, POINTS, options);
    if (count > POINTS) {
        x->allocated = (size_t)count * sizeof *x->at;
        x->at = ost__alloc(x->memory, x->allocated);
        if (!x->at)
            x->allocated = 0;
        else
            count = utf8proc_decompose(p, length, x->at, count, options);
    }
    x->count = count < 0 ? 0 : (size_t)count;
    return x->at && count >= 0;
}

static void append_points(ost__buffer *out, const points *x)
{
    for (size_t i = 0; i < x->count; i++) {
        uint8_t bytes[4];
        ost__buffer_bytes(out, bytes, ost__utf8_encode(x->at[i], bytes));
    }
}

/* The fold of an iota subscript is a letter, before which marks stay that would follow it: so what
 * is folded is decomposed first. */
static bool append_caseless(ost__buffer *out, const char *text, size_t size)
{
    const unsigned form = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    points plain, folded;
    ost__buffer decomposed;
    plain.memory = folded.memory = out->memory;
    folded.allocated = 0;
    ost__buffer_init(&decomposed, out->memory);
    bool good = points_of(&plain, text, size, (utf8proc_option_t)form);
    append_points(&decomposed, &plain);
    points_finish(&plain);
    good = good && !decomposed.failed &&
           points_of(&folded, decomposed.data, decomposed.size,
                     (utf8proc_option_t)(form | UTF8PROC_CASEFOLD));
    ost__buffer_finish(&decomposed);
    if (good) {
        utf8proc_ssize_t count =
            utf8proc_normalize_utf32(folded.at, (utf8proc_ssize_t)folded.count,
                                     (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
        good = count >= 0;
        folded.count = good ? (size_t)count : 0;
        append_points(out, &folded);
    }
    points_finish(&folded);
    return good;
}

void ost__utf8_caseless(ost__buffer *out, const char *text, size_t size)
{
    if (ascii_run((const uint8_t *)text, size) == size)
        append_ascii(out, (const uint8_t *)text, size);
    else if (!append_caseless(out, text, size))
        out->failed = true;
}

static int32_t lower_point(int32_t point)
{
    return point < 0 ? point : utf8proc_tolower(point);
}

void ost__utf8_lower(ost__buffer *out, const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    uint8_t lower[4];
    for (size_t i = 0; i < size;) {
        size_t run = ascii_run(p + i, size - i);
        append_ascii(out, p + i, run);
        i += run;
        if (i == size)
            break;
        int32_t point;
        i += decode_any(p + i, size - i, &point);
        ost__buffer_bytes(out, lower, ost__utf8_encode(lower_point(point), lower));
    }
}

bool ost__utf8_is_lower(const char *text, size_t size)
{
    const uint8_t *p = (const uint8_t *)text;
    for (size_t i = 0; i < size;) {
        int32_t point;
        if (p[i] < 0x80) {
            if (ascii_lower(p[i]) != p[i])
                return false;
            i++;
            continue;
        }
        i += decode_any(p + i, size - i, &point);
        if (lower_point(point) != point)
            return false;
    }
    return true;
}

/* The property White_Space of Unicode. */
static bool is_space(int32_t point)
{
    if (point < 0x80)
        return point == ' ' || (point >= '\t' && point <= '\r');
    return point == 0x85 || point == 0xA0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200A) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000;
}

/* The code point that ends at `size`, and how many bytes it takes. */
static size_t decode_last(const uint8_t *p, size_t size, int32_t *out)
{
    size_t length = 1;
    while (length < 4 && length < size && (p[size - length] & 0xC0) == 0x80)
        length++;
    if (decode(p + size - length, length, out) == length)
        return length;
    *out = -1 - (int32_t)p[size - 1];
    return 1;
}

void ost__utf8_trim(const char **text, size_t *size)
{
    const uint8_t *p = (const uint8_t *)*text;
    size_t start = 0, end = *size;
    int32_t point;
    while (start < end) {
        size_t length = decode_any(p + start, end - start, &point);
        if (!is_space(point))
            break;
        start += length;
    }
    while (end > start) {
        size_t length = decode_last(p + start, end - start, &point);
        if (!is_space(point))
            break;
        end -= length;
    }
    *text += start;
    *size = end - start;
}

bool ost__utf8_folded_starts(const char *text, size_t size, const char *folded, size_t folded_size)
{
    const uint8_t *p = (const uint8_t *)text, *needle = (const uint8_t *)folded;
    uint8_t point_folded[FOLD_BYTES];
    size_t at = 0, i = 0;
    while (at < folded_size) {
        if (i == size)
            return false;
        if (p[i] < 0x80) {
            if (ascii_lower(p[i++]) != needle[at++])
                return false;
            continue;
        }
        int32_t point;
        i += decode_any(p + i, size - i, &point);
        size_t length = fold_point(point, point_folded);
        if (length > folded_size - at)
            length = folded_size - at;
        if (memcmp(point_folded, needle + at, length) != 0)
            return false;
        at += length;
    }
    return true;
}

bool ost__utf8_folded_contains(const char *text, size_t size, const char *folded,
                               size_t folded_size)
{
    const uint8_t *p = (const uint8_t *)text;
    if (folded_size == 0)
        return true;
    uint8_t first = (uint8_t)folded[0];
    for (size_t i = 0; i < size;) {
        if (p[i] < 0x80) {
            if (ascii_lower(p[i]) == first &&
                ost__utf8_folded_starts(text + i, size - i, folded, folded_size))
                return true;
            i++;
            continue;
        }
        if (ost__utf8_folded_starts(text + i, size - i, folded, folded_size))
            return true;
        int32_t point;
        i += decode_any(p + i, size - i, &point);
    }
    return false;
}

bool ost__utf8_folded_ends(const char *text, size_t size, const char *folded, size_t folded_size)
{
    const uint8_t *p = (const uint8_t *)text, *needle = (const uint8_t *)folded;
    uint8_t point_folded[FOLD_BYTES];
    size_t left = folded_size;
    while (left > 0) {
        int32_t point;
        if (size == 0)
            return false;
        size -= decode_last(p, size, &point);
        size_t length = fold_point(point, point_folded);
        if (length > left || memcmp(point_folded, needle + left - length, length) != 0)
            return false;
        left -= length;
    }
    return true;
}
