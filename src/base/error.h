/* SPDX-License-Identifier: MIT */
/* Filling an ost_error. Every function accepts a NULL error. */
#ifndef OSTLER_BASE_ERROR_H
#define OSTLER_BASE_ERROR_H

#include "base/memory.h"

#include <stdarg.h>

#if defined(__GNUC__)
#define OST__PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define OST__PRINTF(text, first)
#endif

/* Clears the whole error and sets status and message (cut at a whole character if too long).
 * Returns `status`. */
ost_status ost__error_set(ost_error *e, ost_status status, const char *format, ...)
    OST__PRINTF(3, 4);
ost_status ost__error_set_list(ost_error *e, ost_status status, const char *format, va_list list);
/* Says what it is about; NULL leaves a name as it is. */
void ost__error_about(ost_error *e, const char *model, const char *field);
void ost__error_constraint(ost_error *e, const char *name);
/* Adds a failure; one that does not fit is counted in failures_dropped. */
void ost__error_add_failure(ost_error *e, const char *path, const char *rule, const char *message);
/* Locale-free printf into a buffer, cut at a whole UTF-8 character; always terminates; returns the
 * length written. */
size_t ost__print(char *out, size_t size, const char *format, ...) OST__PRINTF(3, 4);
/* Copies a text, cut at a whole UTF-8 character. */
void ost__copy_text(char *out, size_t size, const char *text);

#endif
