/* SPDX-License-Identifier: MIT */
/* Whole JSON texts: whether they are valid, and their one canonical form. */
#ifndef OSTLER_BASE_JSON_VALUE_H
#define OSTLER_BASE_JSON_VALUE_H

#include "base/json_reader.h"

/*
 * Reads the text to its end and refuses a name that occurs twice in one object; `r` then says what
 * is wrong and where. OST_INVALID, or OST_NO_MEMORY. Memory is needed for the names of the objects
 * that are open at one time.
 */
ost_status ost__json_check(const ost__memory *memory, const char *text, size_t size,
                           ost__json_reader *r);
/*
 * Appends the canonical form: texts of the same value have the same. Members are ordered by the
 * bytes of their names, without white space; numbers by ost__json_canonical_number(); strings have
 * no escapes but those that they need. On OST_INVALID the buffer keeps what was written.
 */
ost_status ost__json_canonical(const ost__memory *memory, const char *text, size_t size,
                               ost__buffer *out, ost__json_reader *r);
/* Whether two texts are the same value. OST_INVALID: one of them is none. */
ost_status ost__json_equal(const ost__memory *memory, const char *a, size_t a_size, const char *b,
                           size_t b_size, bool *equal);

#endif
