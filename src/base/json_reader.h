/* SPDX-License-Identifier: MIT */
/*
 * Reads JSON (RFC 8259, strictly) token by token. It neither recurses nor allocates: what a token
 * is lies in the text that was given. Strings are valid UTF-8 without U+0000 and lone surrogates;
 * depth is at most OST__JSON_DEPTH. Names that occur twice are the business of who reads them: see
 * ost__json_check().
 *
 * Inside an object each value follows its OST__JSON_KEY. Behind the last token comes OST__JSON_END;
 * after OST__JSON_ERROR nothing else does.
 */
#ifndef OSTLER_BASE_JSON_READER_H
#define OSTLER_BASE_JSON_READER_H

#include "base/json_writer.h"

enum { OST__JSON_SIZE_MAX = 64 << 20 }; /* bytes of one text */

enum ost__json_kind {
    OST__JSON_ERROR, /* see `error` and `error_at` */
    OST__JSON_END,
    OST__JSON_OPEN_OBJECT,
    OST__JSON_CLOSE_OBJECT,
    OST__JSON_OPEN_LIST,
    OST__JSON_CLOSE_LIST,
    OST__JSON_KEY,
    OST__JSON_STRING,
    OST__JSON_NUMBER,
    OST__JSON_TRUE,
    OST__JSON_FALSE,
    OST__JSON_NULL
};

typedef struct ost__json_reader {
    const char *start, *at, *end;
    uint32_t depth;
    uint32_t objects; /* bit n: level n is an object */
    uint8_t expects;
    uint8_t kind; /* of the last token: an enum ost__json_kind */
    bool escaped; /* of a key or string: `text` has escapes */
    /* Of the last token: as it stands in what was given, without the quotes. */
    const char *text;
    size_t size;
    size_t decoded_size; /* of a key or string: what ost__json_decode() will write */
    const char *error;   /* a sentence without a full stop, such as "a colon is expected" */
    size_t error_at;     /* bytes before it */
} ost__json_reader;

/* The text is borrowed and needs no NUL. */
void ost__json_read(ost__json_reader *r, const char *text, size_t size);
/* Reads the next token and returns its kind. */
uint8_t ost__json_next(ost__json_reader *r);
/*
 * Reads the rest of the value that the last token began: nothing of a string, up to the closing
 * bracket of a list, the value of a key. false: an error. The value's text is then what lies
 * between the first token's `text` and `at`, but for a string's quotes.
 */
bool ost__json_skip(ost__json_reader *r);
/* Fails with a sentence of the caller's, at the last token. Returns OST__JSON_ERROR. */
uint8_t ost__json_refuse(ost__json_reader *r, const char *sentence);
/* Inside an object whose text was read before: the name (at its quote) or closing bracket at this
 * offset comes next. For those that read members in another order. */
void ost__json_seek(ost__json_reader *r, size_t offset);
static inline bool ost__json_in_object(const ost__json_reader *r)
{
    return r->objects >> r->depth & 1;
}

/* The string of the last token into `out` of decoded_size bytes, never more than `size`. No NUL. */
void ost__json_decode(const ost__json_reader *r, char *out);
void ost__json_append(const ost__json_reader *r, ost__buffer *out);
/* Whether the last token's string is `text`. */
bool ost__json_is(const ost__json_reader *r, const char *text, size_t size);
/* Orders two strings as they stand in a text by the bytes that they stand for. Both were read. */
int ost__json_compare(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
