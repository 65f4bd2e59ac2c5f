/* SPDX-License-Identifier: MIT */
/* Members inside documents; the hooks of the dialect for them. */
#ifndef OSTLER_MYSQL_INSIDE_H
#define OSTLER_MYSQL_INSIDE_H

#include "mysql/dialect.h"
#include "sql/writer.h"

void ost__my_inside(ost__sql_writer *w, const ost_node *node);
void ost__my_items(ost__sql_writer *w, const ost_node *list);
void ost__my_size(ost__sql_writer *w, const ost_node *list);
/* ", '$."home"."city"'": the way from the document to the member. */
void ost__my_steps(ost__sql_writer *w, const ost_node *member);
/* The member as JSON; SQL's NULL where it is absent. */
void ost__my_json_of(ost__sql_writer *w, const ost_node *member);
/* The items of the list that `list` writes, as a table: their numbers from 1, `o`, and `value`. */
void ost__my_table(ost__sql_writer *w, void (*list)(ost__sql_writer *w, const void *context),
                   const void *context);

/* changes.c */
void ost__my_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index);

static inline const ost__my_flavour *ost__my_flavour_in(const ost__sql_writer *w)
{
    return (const ost__my_flavour *)(const void *)w->dialect;
}

#endif
