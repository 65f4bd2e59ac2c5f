/* SPDX-License-Identifier: MIT */
/* A growing text. A failed allocation sticks: check `failed` once, at the end. */
#ifndef OSTLER_BASE_BUFFER_H
#define OSTLER_BASE_BUFFER_H

#include "base/memory.h"

typedef struct ost__buffer {
    const ost__memory *memory;
    char *data; /* NUL-terminated once anything was appended; NULL before */
    size_t size, capacity;
    bool failed;
} ost__buffer;

void ost__buffer_init(ost__buffer *b, const ost__memory *memory);
void ost__buffer_finish(ost__buffer *b);
void ost__buffer_reset(ost__buffer *b); /* empty, keeps its memory and forgets the failure */
void ost__buffer_bytes(ost__buffer *b, const void *data, size_t size);
void ost__buffer_text(ost__buffer *b, const char *text);
void ost__buffer_char(ost__buffer *b, char c);
void ost__buffer_int(ost__buffer *b, int64_t n);
void ost__buffer_uint(ost__buffer *b, uint64_t n);
/* The shortest text that reads back the same; "0.0", "1.5", "1e+300". Never depends on a locale.
 * NaN and infinities: "NaN", "Infinity". */
void ost__buffer_double(ost__buffer *b, double x);

/* The same without a buffer; `out` of 32 bytes; returns the length. */
size_t ost__print_int(int64_t n, char *out);
size_t ost__print_uint(uint64_t n, char *out);
size_t ost__print_double(double x, char *out);

#endif
