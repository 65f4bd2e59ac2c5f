/* SPDX-License-Identifier: MIT */
/* The parts that statements are written with; for src/sql and for the hooks of dialects. */
#ifndef OSTLER_SQL_WRITER_H
#define OSTLER_SQL_WRITER_H

#include "base/error.h"
#include "sql/dialect.h"

/* Keeps the first refusal; the text is of no use afterwards. */
void ost__sql_refuse(ost__sql_writer *w, ost_status status, const char *format, ...)
    OST__PRINTF(3, 4);
void ost__sql_text(ost__sql_writer *w, const char *text);
void ost__sql_identifier(ost__sql_writer *w, const char *name);
void ost__sql_text_literal(ost__sql_writer *w, const char *text, size_t size);
void ost__sql_placeholder(ost__sql_writer *w, uint32_t parameter);

/* expression.c */
void ost__sql_expression(ost__sql_writer *w, const ost_node *node);
/* The same, for a place where the bytes of a text must decide: an order, a group, DISTINCT, an
 * argument of MIN. */
void ost__sql_exact(ost__sql_writer *w, const ost_node *node);
/* A condition that is a whole clause: " WHERE …", or nothing for NULL. */
void ost__sql_clause(ost__sql_writer *w, const char *keyword, const ost_node *condition);
bool ost__sql_is_aggregate(const ost_node *node);

void ost__sql_select(ost__sql_writer *w);
void ost__sql_insert(ost__sql_writer *w);
void ost__sql_update(ost__sql_writer *w);
void ost__sql_delete(ost__sql_writer *w);
void ost__sql_create_table(ost__sql_writer *w);
void ost__sql_create_index(ost__sql_writer *w);
/* `nodes` with commas between them. */
void ost__sql_list(ost__sql_writer *w, const ost_node *const *nodes, uint32_t count);

#endif
