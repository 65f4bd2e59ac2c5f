/* SPDX-License-Identifier: MIT */
/* Structs inside structs: what an embedded member or a list is made of, and the members that can be
 * named through it. Inner parts of check.h. */
#ifndef OSTLER_MODEL_PARTS_H
#define OSTLER_MODEL_PARTS_H

#include "model/check.h"

/* How deep structs may hold each other, lists included. */
enum { OST__PARTS_DEPTH = 24 };

/* A part that was compiled, or is being compiled. */
typedef struct ost__part {
    struct ost__part *next;
    const ost_model *given;
    ost__model *model;
    bool ready;
} ost__part;

/* The compiled part that `f` embeds; NULL: a mistake, which was reported, or no memory. */
const ost__model *ost__part_of(ost__check *c, const ost_field *f);
/* How many columns `f` is, and how many members inside documents it brings. */
uint32_t ost__part_columns(const ost_field *f);
uint32_t ost__part_members(const ost_field *f);
/* Writes the columns of a flattened field, or the field itself; how many. */
uint32_t ost__part_flatten(ost__check *c, const ost_field *f, ost_field *out);
/* Writes the members inside the document of `f`, which lies where it will stay; how many. */
uint32_t ost__part_open(ost__check *c, const ost_field *f, ost_field *out);
/* Whether a model has checks or transforms, also inside its parts, which may hold each other. */
void ost__parts_settle(ost__check *c, ost__model *m);
/* Options of a field that embeds, and of what is inside it. */
void ost__check_part(ost__check *c, const ost_field *f);

#endif
