/* SPDX-License-Identifier: MIT */
/* Numbers as they stand in a JSON text, read exactly. All of them take what ost__json_next() gave.
 */
#ifndef OSTLER_BASE_JSON_NUMBER_H
#define OSTLER_BASE_JSON_NUMBER_H

#include "base/buffer.h"
#include "ostler/value.h"

/* false: it is no whole number (1.0 and 1e3 are), or outside the type's range. */
bool ost__json_int64(const char *text, size_t size, int64_t *out);
bool ost__json_uint64(const char *text, size_t size, uint64_t *out);
/* The nearest double, half to even, under any locale; false: it is beyond the largest. */
bool ost__json_double_of(const char *text, size_t size, double *out);
/* Keeps the scale that is written ("1.50" has 2), and is 0 or more; false: more than 38 digits. */
bool ost__json_decimal(const char *text, size_t size, ost_decimal *out);
/* Whether it is a whole number, however large. */
bool ost__json_is_whole(const char *text, size_t size);
/* Whether two texts are the same number. */
bool ost__json_same_number(const char *a, size_t a_size, const char *b, size_t b_size);
/* Appends the one text that all numbers of the same value have: "1000" for 1e3, "0" for -0.0. */
void ost__json_canonical_number(ost__buffer *out, const char *text, size_t size);

#endif
