/* SPDX-License-Identifier: MIT */
/* Structs and lists inside records: comparing, copying, checking. */
#ifndef OSTLER_MODEL_NESTED_H
#define OSTLER_MODEL_NESTED_H

#include "base/arena.h"
#include "model/model.h"

struct ost__verdict;

/* Whether the member, or what is inside it, points to memory of its own: texts, blobs, lists. */
bool ost__field_points(const ost_field *f);
/* An embedded struct or a list at `a` and `b`, by content. */
bool ost__nested_equal(const ost_field *f, const void *a, const void *b);
/* Copies all that the member at `at` points to into the arena; false: no memory. */
bool ost__nested_own(ost__arena *arena, const ost_field *f, void *at);
/* Copies what needs no memory: texts, blobs and lists stay as they are. */
void ost__nested_write_back(const ost_field *f, void *to, const void *from);
/*
 * Fills and checks what is inside a member of a shadow: generated ids and stamps that are zero,
 * defaults of absent optionals, trim and lowercase, every rule. Lists whose items change are copied
 * into the scratch memory. Failures have paths such as "comments[2].text".
 */
void ost__validate_nested(struct ost__verdict *d, const ost_field *f, void *at);

#endif
