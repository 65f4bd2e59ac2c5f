/* SPDX-License-Identifier: MIT */
/* The hooks of the dialects, each in its own file. */
#ifndef OSTLER_POSTGRES_WRITING_H
#define OSTLER_POSTGRES_WRITING_H

#include "sql/writer.h"

/* comparisons.c */
void ost__pg_operand(ost__sql_writer *w, const ost_node *node, const ost_node *other);
bool ost__pg_comparison(ost__sql_writer *w, const ost_node *node);
void ost__pg_list(ost__sql_writer *w, const ost_node *node);
/* The decimal of a table made by others, whose column may be a real: exact, as it is printed. */
void ost__pg_exact_decimal(ost__sql_writer *w, const ost_node *node);

/* inside.c */
void ost__pg_inside(ost__sql_writer *w, const ost_node *node);
void ost__pg_items(ost__sql_writer *w, const ost_node *list);
bool ost__pg_has_item(ost__sql_writer *w, const ost_node *node);
void ost__pg_size(ost__sql_writer *w, const ost_node *list);
/* The member's value as jsonb; SQL's NULL where it is absent. */
void ost__pg_json_of(ost__sql_writer *w, const ost_node *member);
/* Whether the list is an array of the server's, in a column of its own. */
bool ost__pg_is_array(const ost__sql_writer *w, const ost_field *list);

/* changes.c */
void ost__pg_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index);

/* text_search.c */
void ost__pg_text_search(ost__sql_writer *w, const ost_node *node);
void ost__pg_ascii_search(ost__sql_writer *w, const ost_node *node);

/* aggregates.c */
void ost__pg_aggregate(ost__sql_writer *w, const ost_node *node);

/* increments.c */
void ost__pg_increment(ost__sql_writer *w, const ost_change *change);

/* literals.c */
void ost__pg_literal(ost__sql_writer *w, const ost_field *field, const ost_value *value);
/* A number as one that the server computes with. */
void ost__pg_number(ost__sql_writer *w, const ost_value *value);

#endif
