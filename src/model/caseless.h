/* SPDX-License-Identifier: MIT */
/*
 * Members with `.collation = OST_CASELESS`. Beside each of them the library keeps a column of its
 * own with what is the same for all texts that differ in case alone: it is a field of the table
 * behind those of the members, and lies in a slot of the shadows that are written.
 */
#ifndef OSTLER_MODEL_CASELESS_H
#define OSTLER_MODEL_CASELESS_H

#include "base/arena.h"
#include "model/check.h"
#include "model/rules.h"

/* How many such columns a field of the program's brings, which may be flattened. */
uint32_t ost__caseless_columns(const ost_field *f);
/* Writes those of the model's members behind them. */
void ost__caseless_add(ost__check *c, ost__model *m);
/* Whether the members and these columns may be as they are. */
void ost__caseless_check(ost__check *c, const ost__model *m);
/* Gives each column its slot. */
void ost__caseless_place(ost__model *m);

/* What is kept of a text; NULL: no memory. */
const char *ost__caseless_text(ost__arena *a, const char *text);
/* What is kept of the members in `which` (NULL: of all), into the shadow. */
ost_status ost__caseless_fill(const ost__model *m, void *shadow, const ost__field_set *which,
                              const ost__rules *r);

#endif
