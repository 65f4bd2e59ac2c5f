/* SPDX-License-Identifier: MIT */
/* Writes JSON into a buffer; commas are its own business. Depth is at most OST__JSON_DEPTH. */
#ifndef OSTLER_BASE_JSON_WRITER_H
#define OSTLER_BASE_JSON_WRITER_H

#include "base/buffer.h"

enum { OST__JSON_DEPTH = 30 };
typedef struct ost__json_writer {
    ost__buffer *out;
    uint32_t depth;
    uint32_t has_items; /* bit n: level n has an item already */
    bool after_key;
    bool signed_only; /* of documents: uint64 above INT64_MAX is OST_RANGE */
} ost__json_writer;

void ost__json_begin(ost__json_writer *w, ost__buffer *out);
void ost__json_open_object(ost__json_writer *w);
void ost__json_close_object(ost__json_writer *w);
void ost__json_open_list(ost__json_writer *w);
void ost__json_close_list(ost__json_writer *w);
void ost__json_key(ost__json_writer *w, const char *name);
void ost__json_key_of(ost__json_writer *w, const char *name, size_t size);
/* Escaped; must be valid UTF-8. */
void ost__json_text(ost__json_writer *w, const char *text, size_t size);
void ost__json_int(ost__json_writer *w, int64_t n);
void ost__json_uint(ost__json_writer *w, uint64_t n);
void ost__json_double(ost__json_writer *w, double x); /* null if it is not finite */
/* A whole value that was read already, as it stands. */
void ost__json_raw(ost__json_writer *w, const char *text, size_t size);
void ost__json_bool(ost__json_writer *w, bool b);
void ost__json_null(ost__json_writer *w);
void ost__json_base64(ost__json_writer *w, const void *data, size_t size);
void ost__json_hexadecimal(ost__json_writer *w, const void *data, size_t size);

#endif
