/* SPDX-License-Identifier: MIT */
/* What the parts of the encoder share. Inner parts of encode.h. */
#ifndef OSTLER_QUERY_ENCODING_H
#define OSTLER_QUERY_ENCODING_H

#include "query/encode.h"

ost_status ost__encode_no_memory(const ost__encoder *enc);
ost_status ost__encode_misuse(const ost__encoder *enc, const ost_field *f, const char *what);
/* Why a constant could not be folded. */
ost_status ost__encode_misfit(const ost__encoder *enc, const ost__operand *with,
                              enum ost__folded why);
bool ost__encode_byte(const ost__encoder *enc, ost__section *out, uint32_t byte);
const char *ost__encode_text_copy(const ost__encoder *enc, const char *text);
/* As it compares with this member, or with NULL; a copy. */
const char *ost__encode_compared(const ost__encoder *enc, const ost_field *with, const char *text);
/* The member of an expression, of the query's model or of the items that are looked at. */
ost_status ost__encode_member(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              ost__operand *type);
/* A constant that was folded against `as`. */
ost_status ost__encode_value(const ost__encoder *enc, ost__section *out, const ost__operand *as,
                             const ost_value *v);
/* A condition within another. */
ost_status ost__encode_inner(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                             int depth);
ost_status ost__encode_text(const ost__encoder *enc, ost__section *out, const ost_expr *e);
ost_status ost__encode_in(const ost__encoder *enc, ost__section *out, const ost_expr *e);
ost_status ost__encode_has_item(const ost__encoder *enc, ost__section *out, const ost_expr *e);
ost_status ost__encode_has_part(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                int depth);
ost_status ost__encode_size(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                            ost__operand *type);

/* The stored form of a value of a converted member's own type. */
ost_status ost__encode_converted(const ost__encoder *enc, const ost_field *f, const void *from,
                                 ost_value *out);

#endif
