/* SPDX-License-Identifier: MIT */
/* Hooks of the dialects that are about numbers: what the server would round, or compare as doubles.
 */
#ifndef OSTLER_MYSQL_NUMBERS_H
#define OSTLER_MYSQL_NUMBERS_H

#include "sql/writer.h"

/* An integer compared with a double, exactly; false: it is another comparison. */
bool ost__my_exact_comparison(ost__sql_writer *w, const ost_node *node);
void ost__my_aggregate(ost__sql_writer *w, const ost_node *node);
void ost__my_increment(ost__sql_writer *w, const ost_change *change);
/* A decimal of a table made by others, which may be kept as a double, as a decimal of its scale. */
void ost__my_as_decimal(ost__sql_writer *w, const ost_node *node);

#endif
