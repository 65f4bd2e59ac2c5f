/* SPDX-License-Identifier: MIT */
/* Tables for a person: aligned columns of any records, read by their model. */
#ifndef ATLAS_TABLE_H
#define ATLAS_TABLE_H

#include <ostler/ostler.h>
#include <stdio.h>

/* Writes records as a table; `columns` names the members, ends in NULL, and is empty for all of
 * them. */
void table_write(FILE *file, bool color, const ost_model *model, const void *rows, size_t count,
                 const char *const *columns);

#endif
