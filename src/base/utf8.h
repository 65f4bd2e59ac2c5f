/* SPDX-License-Identifier: MIT */
/* UTF-8: validity, length, case. */
#ifndef OSTLER_BASE_UTF8_H
#define OSTLER_BASE_UTF8_H

#include "base/buffer.h"

/* Valid UTF-8 (no surrogates, no overlong forms, up to U+10FFFF) without a NUL. A word at a time
 * over ASCII. */
bool ost__utf8_valid(const char *text, size_t size);
/* How many bytes come before the first that is not. */
size_t ost__utf8_valid_size(const char *text, size_t size);
/* Writes a code point, at most four bytes; returns how many. A negative number -1 - b is the byte
 * b. */
size_t ost__utf8_encode(int32_t point, uint8_t *out);
/* Code points of a valid text. */
size_t ost__utf8_length(const char *text, size_t size);
/* The largest n <= size at which a character ends. */
size_t ost__utf8_cut(const char *text, size_t size);
/* Appends the case-folded text (every code point by its full Unicode fold). */
void ost__utf8_fold(ost__buffer *out, const char *text, size_t size);
/* Appends what texts that differ in case alone have in common: the full Unicode fold of the
 * canonical decomposition, composed again (NFC). No text becomes longer than
 * OST__CASELESS_GROWTH times its code points; what was appended stays like that if it is done once
 * more. `text` is valid. */
enum { OST__CASELESS_GROWTH = 3 };
void ost__utf8_caseless(ost__buffer *out, const char *text, size_t size);
/* Appends the lower-case text. */
void ost__utf8_lower(ost__buffer *out, const char *text, size_t size);
bool ost__utf8_is_lower(const char *text, size_t size); /* lowering would change nothing */
/* Removes Unicode white space at both ends: sets *text and *size to the part that remains. */
void ost__utf8_trim(const char **text, size_t *size);
/* Whether `text` contains, starts with or ends with a needle that was folded already. Allocates
 * nothing. */
bool ost__utf8_folded_contains(const char *text, size_t size, const char *folded,
                               size_t folded_size);
bool ost__utf8_folded_starts(const char *text, size_t size, const char *folded, size_t folded_size);
bool ost__utf8_folded_ends(const char *text, size_t size, const char *folded, size_t folded_size);

#endif
