/* SPDX-License-Identifier: MIT */
/*
 * Exact numbers: a sign and decimal digits, as on paper. Wide enough for every sum that the tests
 * make, and slow enough to be seen to be right.
 */
#ifndef EVALUATOR_NUMBER_H
#define EVALUATOR_NUMBER_H

#include "ostler/value.h"

enum { EV_DIGITS = 120 };

typedef struct ev_number {
    bool negative;             /* never of zero */
    int scale;                 /* how many of the digits stand behind the point */
    uint8_t digits[EV_DIGITS]; /* 0 to 9, the last digit first */
} ev_number;

ev_number ev_number_of_int(int64_t n);
ev_number ev_number_of_uint(uint64_t n);
ev_number ev_number_of_decimal(ost_decimal d);
bool ev_number_is_zero(const ev_number *n);
/* How many digits stand before the leading zeros; at least 1. */
int ev_number_length(const ev_number *n);
/* -1, 0 or 1. */
int ev_number_compare(const ev_number *a, const ev_number *b);
/* The same against a double, by its exact value. `x` may be infinite, but is a number. */
int ev_number_compare_double(const ev_number *n, double x);
ev_number ev_number_add(const ev_number *a, const ev_number *b);
/* n / count at `scale`, which is not less than n's; half to even. */
ev_number ev_number_divide(const ev_number *n, uint32_t count, int scale);
/* The nearest double. */
double ev_number_to_double(const ev_number *n);
/* false: it is no integer that fits. */
bool ev_number_to_int(const ev_number *n, int64_t *out);
bool ev_number_to_uint(const ev_number *n, uint64_t *out);
/* The same value at `scale` with at most `precision` digits; false: it does not fit without
 * rounding. */
bool ev_number_to_decimal(const ev_number *n, int precision, int scale, ost_decimal *out);
/* Sign, digits and point, as text of at most EV_NUMBER_TEXT bytes. */
enum { EV_NUMBER_TEXT = EV_DIGITS + 8 };
void ev_number_print(const ev_number *n, char *out);

#endif
