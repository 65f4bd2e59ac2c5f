/* SPDX-License-Identifier: MIT */
/* Decimals: 128-bit coefficients, at most 38 digits. The public functions of value.h are in
 * decimal.c too. */
#ifndef OSTLER_BASE_DECIMAL_H
#define OSTLER_BASE_DECIMAL_H

#include "ostler/value.h"

enum {
    OST__DECIMAL_DIGITS = 38,
    OST__DECIMAL_SORTABLE_SIZE = 1 + OST__DECIMAL_DIGITS + 1,
    OST__DECIMAL_CANONICAL_SIZE = 1 + 39 + 38 + 1
};

/* Digits of the coefficient, 1 for zero. */
int ost__decimal_digits(ost_decimal d);
bool ost__decimal_is_zero(ost_decimal d);
/* The same value at another scale; false if digits would be lost or there would be more than 38. */
bool ost__decimal_rescale(ost_decimal d, int32_t scale, ost_decimal *out);
/* Whether it has at most `precision` digits at `scale`, not rounding; *out is it at that scale. */
bool ost__decimal_fit(ost_decimal d, int32_t precision, int32_t scale, ost_decimal *out);
/* The largest decimal at `scale` (at most 38) that is not greater than d (floor), and whether it is
 * equal. false if it has more than 38 digits. */
bool ost__decimal_floor(ost_decimal d, int32_t scale, ost_decimal *out, bool *exact);
/* a + b at the larger scale; false if it has more than 38 digits. */
bool ost__decimal_add(ost_decimal a, ost_decimal b, ost_decimal *out);
/* sum / count at `scale`, rounded half to even; false if it has more than 38 digits or count is not
 * positive. */
bool ost__decimal_divide(ost_decimal sum, int64_t count, int32_t scale, ost_decimal *out);
/* The coefficient if it fits. */
bool ost__decimal_units(ost_decimal d, int64_t *out);
ost_decimal ost__decimal_from_uint(uint64_t n);
/* Nearest double. */
double ost__decimal_to_double(ost_decimal d);
/* The decimal at `scale` that prints the same as the shortest text of x; false: x is not finite, or
 * has more digits than that. */
bool ost__decimal_from_double(double x, int32_t precision, int32_t scale, ost_decimal *out);
/* As ost_decimal_parse(), of a text that is not terminated. */
bool ost__decimal_parse_n(const char *text, size_t size, ost_decimal *out);

/* Text whose byte order is the order of the numbers, for one precision and scale: 'p' and the
 * digits, or 'n' and their nines' complement. */
size_t ost__decimal_to_sortable(ost_decimal d, int32_t precision, char *out);
bool ost__decimal_from_sortable(const char *text, size_t size, int32_t precision, int32_t scale,
                                ost_decimal *out);
/* The same for decimals of any scale: 39 digits before and 38 after the point. Equal values have
 * equal texts. */
size_t ost__decimal_to_canonical(ost_decimal d, char *out);

#endif
