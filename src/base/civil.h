/* SPDX-License-Identifier: MIT */
/* Instants and days as stored text. Parsing and printing for the public are in civil.c too. */
#ifndef OSTLER_BASE_CIVIL_H
#define OSTLER_BASE_CIVIL_H

#include "ostler/value.h"

enum { OST__TIME_STORED_SIZE = 26, OST__TIME_SECONDS_SIZE = 19, OST__DATE_STORED_SIZE = 10 };

/* Years 1 to 9999. */
bool ost__time_in_range(ost_time t);
bool ost__date_in_range(ost_date d);
/* "YYYY-MM-DD HH:MM:SS.ffffff", exactly OST__TIME_STORED_SIZE bytes, no NUL. Fast: no division by
 * variable, no printf. */
void ost__time_to_stored(ost_time t, char *out);
/* Reads "YYYY-MM-DD[ T]HH:MM[:SS[.f…up to 6]][Z]"; a fast path for exactly our own form. false: it
 * is none. */
bool ost__time_from_stored(const char *text, size_t size, ost_time *out);
/* "YYYY-MM-DD HH:MM:SS", 19 bytes; t must be whole seconds. */
void ost__time_to_seconds(ost_time t, char *out);
/* Rounded to whole seconds, half away from 1970-01-01's past (half up). */
ost_time ost__time_round_seconds(ost_time t);
void ost__date_to_stored(ost_date d, char *out); /* 10 bytes, no NUL */
bool ost__date_from_stored(const char *text, size_t size, ost_date *out);

#endif
