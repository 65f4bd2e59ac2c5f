/* SPDX-License-Identifier: MIT */
#include "base/json_writer.h"

#include <math.h>
#include <string.h>

void ost__json_begin(ost__json_writer *w, ost__buffer *out)
{
    *w = (ost__json_writer){ .out = out };
}

/* Everything that is a value comes through here first. */
static void before_value(ost__json_writer *w)
{
    uint32_t level = UINT32_C(1) << w->depth;
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->has_items & level)
        ost__buffer_char(w->out, ',');
    w->has_items |= level;
}

static void open_level(ost__json_writer *w, char bracket)
{
    before_value(w);
    /* What is too deep is not written at all, and the buffer says so at the end. */
    if (w->depth == OST__JSON_DEPTH) {
        w->out->failed = true;
        return;
    }
    ost__buffer_char(w->out, bracket);
    w->depth++;
    w->has_items &= ~(UINT32_C(1) << w->depth);
}

static void close_level(ost__json_writer *w, char bracket)
{
    ost__buffer_char(w->out, bracket);
    if (w->depth > 0)
        w->depth--;
}

void ost__json_open_object(ost__json_writer *w)
{
    open_level(w, '{');
}

void ost__json_close_object(ost__json_writer *w)
{
    close_level(w, '}');
}

void ost__json_open_list(ost__json_writer *w)
{
    open_level(w, '[');
}

void ost__json_close_list(ost__json_writer *w)
{
    close_level(w, ']');
}

static void escape(ost__buffer *out, uint8_t byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *found = byte ? strchr(from, byte) : NULL;
    if (found != NULL) {
        const char pair[] = { '\\', to[found - from] };
        ost__buffer_bytes(out, pair, sizeof pair);
    } else {
        const char code[] = { '\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15] };
        ost__buffer_bytes(out, code, sizeof code);
    }
}

static void quoted(ost__buffer *out, const char *text, size_t size)
{
    size_t start = 0;
    ost__buffer_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        ost__buffer_bytes(out, text + start, i - start);
        escape(out, byte);
        start = i + 1;
    }
    ost__buffer_bytes(out, text + start, size - start);
    ost__buffer_char(out, '"');
}

void ost__json_key_of(ost__json_writer *w, const char *name, size_t size)
{
    before_value(w);
    quoted(w->out, name, size);
    ost__buffer_char(w->out, ':');
    w->after_key = true;
}

void ost__json_key(ost__json_writer *w, const char *name)
{
    ost__json_key_of(w, name, strlen(name));
}

void ost__json_text(ost__json_writer *w, const char *text, size_t size)
{
    before_value(w);
    quoted(w->out, text, size);
}

void ost__json_int(ost__json_writer *w, int64_t n)
{
    before_value(w);
    ost__buffer_int(w->out, n);
}

void ost__json_uint(ost__json_writer *w, uint64_t n)
{
    before_value(w);
    ost__buffer_uint(w->out, n);
}

void ost__json_double(ost__json_writer *w, double x)
{
    before_value(w);
    if (isfinite(x))
        ost__buffer_double(w->out, x);
    else
        ost__buffer_text(w->out, "null");
}

void ost__json_raw(ost__json_writer *w, const char *text, size_t size)
{
    before_value(w);
    ost__buffer_bytes(w->out, text, size);
}

void ost__json_bool(ost__json_writer *w, bool b)
{
    before_value(w);
    ost__buffer_text(w->out, b ? "true" : "false");
}

void ost__json_null(ost__json_writer *w)
{
    before_value(w);
    ost__buffer_text(w->out, "null");
}

void ost__json_base64(ost__json_writer *w, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;
    before_value(w);
    ost__buffer_char(w->out, '"');
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t bits = (uint32_t)p[i] << 16;
        bits |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        bits |= left > 2 ? p[i + 2] : 0;
        const char four[] = {
            digits[bits >> 18],
            digits[bits >> 12 & 63],
            left > 1 ? digits[bits >> 6 & 63] : '=',
            left > 2 ? digits[bits & 63] : '=',
        };
        ost__buffer_bytes(w->out, four, sizeof four);
    }
    ost__buffer_char(w->out, '"');
}

void ost__json_hexadecimal(ost__json_writer *w, const void *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;
    before_value(w);
    ost__buffer_char(w->out, '"');
    for (size_t i = 0; i < size; i++) {
        const char pair[] = { digits[p[i] >> 4], digits[p[i] & 15] };
        ost__buffer_bytes(w->out, pair, sizeof pair);
    }
    ost__buffer_char(w->out, '"');
}
