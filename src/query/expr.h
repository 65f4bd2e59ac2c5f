/* SPDX-License-Identifier: MIT */
/* Expressions as the program writes them: read with the program's stride, and copied. */
#ifndef OSTLER_QUERY_EXPR_H
#define OSTLER_QUERY_EXPR_H

#include "base/arena.h"
#include "ostler/expr.h"

enum { OST__EXPR_DEPTH_MAX = 64, OST__EXPR_ARGS_MAX = 60000 };

/*
 * A deep copy in `arena`: text, lists and arguments too. Never NULL: without memory it is an
 * expression with OST_OP_BROKEN, and so is the copy of an expression that contains NULL or is
 * nested too deeply.
 */
const ost_expr *ost__expr_copy(ost__arena *arena, const ost_expr *e);
/* AND or OR over copies of `count` conditions. */
const ost_expr *ost__expr_copy_list(ost__arena *arena, uint16_t op, const ost_expr *const *list,
                                    size_t count);
/* How many arguments there are before the end; SIZE_MAX: there is a NULL among them, or no end. */
size_t ost__expr_arg_count(const ost_expr *const *args);
/* The sentence for an expression with OST_OP_BROKEN. */
const char *ost__expr_broken_reason(const ost_expr *e, ost_status *status);

#endif
