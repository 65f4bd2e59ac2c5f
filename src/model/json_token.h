/* SPDX-License-Identifier: MIT */
/* What a token of JSON is as a member's value; see json.h for what is accepted. */
#ifndef OSTLER_MODEL_JSON_TOKEN_H
#define OSTLER_MODEL_JSON_TOKEN_H

#include "base/arena.h"
#include "base/json_reader.h"
#include "model/convert.h"

/*
 * The last token of `r` as a value for `f`, which is not of type CHARS, JSON, EMBEDDED or LIST.
 * Texts and blobs go to `texts`; if there was no memory, *out is of type NONE. A point is read up
 * to its end, or as far as it is none. Whether the value fits the field is ost__value_fit()'s to
 * say.
 */
enum ost__fit ost__json_token_value(ost__json_reader *r, const ost_field *f, ost__arena *texts,
                                    ost_value *out);
/* "must be a string": of OST__FIT_KIND. */
const char *ost__json_token_expected(const ost_field *f);

#endif
