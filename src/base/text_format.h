/* SPDX-License-Identifier: MIT */
/* The formats of texts: one pass over the bytes, no allocation, ASCII alone. What each takes is
 * said at enum ost_format. */
#ifndef OSTLER_BASE_TEXT_FORMAT_H
#define OSTLER_BASE_TEXT_FORMAT_H

#include "ostler/model.h"

/* Whether the text has the format, an enum ost_format; false for one that is not known. */
bool ost__text_has_format(uint16_t format, const char *text, size_t size);
/* The same for each. The text may lie anywhere: it needs no NUL. */
bool ost__text_is_email(const char *text, size_t size);
bool ost__text_is_url(const char *text, size_t size);
bool ost__text_is_alphanumeric(const char *text, size_t size);
bool ost__text_is_slug(const char *text, size_t size);
bool ost__text_is_uuid(const char *text, size_t size);

#endif
