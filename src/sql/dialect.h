/* SPDX-License-Identifier: MIT */
/* What differs from one SQL to the next, as data: spellings, and hooks for what no spelling can
 * say. */
#ifndef OSTLER_SQL_DIALECT_H
#define OSTLER_SQL_DIALECT_H

#include "base/buffer.h"
#include "ostler/driver.h"

/* Nodes within nodes, at most: the 64 levels of conditions that the core allows, what joins several
 * of them, and below them a comparison, an aggregate and a member. */
enum { OST__SQL_DEPTH = 72 };

typedef struct ost__sql_writer ost__sql_writer;

typedef struct ost__sql_dialect {
    const char *name;
    char quote;                  /* around identifiers; doubled inside */
    char placeholder;            /* before the number of a parameter, which counts from 1 */
    bool nulls_first;            /* NULL is the smallest value without being told */
    bool key_is_row_id;          /* a generated integer key is asked for without RETURNING */
    bool check_bools;            /* a bool is a number, so its column needs a CHECK */
    const char *true_text;       /* a condition that is true */
    const char *false_text;      /* a condition that is false */
    const char *no_limit;        /* a LIMIT that is none; NULL: OFFSET may stand alone */
    const char *subselect_name;  /* behind a SELECT in FROM, or "" */
    const char *exact_collation; /* behind a text of a table made by others, so that bytes decide */
    const char *has_text;        /* functions of a text and a needle */
    const char *starts_with;
    const char *ends_with;
    const char *row_key;      /* column type and constraint of a sole integer key */
    const char *table_suffix; /* behind the columns of CREATE TABLE */

    /* The column's type; NULL: the kind cannot be stored. */
    const char *(*column_type)(const ost_field *field);
    /* `node` where it is compared with `other`: brings both to one form. NULL: as it is. */
    void (*operand)(ost__sql_writer *w, const ost_node *node, const ost_node *other);
    /* What stands right of IN: the list in parameter `parameter`. */
    void (*list)(ost__sql_writer *w, uint32_t parameter);
    /* COUNT, SUM, … of `node`. */
    void (*aggregate)(ost__sql_writer *w, const ost_node *node);
    /* The value of a member after OST_OP_INC. */
    void (*increment)(ost__sql_writer *w, const ost_change *change);
    /* A constant in DDL, in the stored form of `field` (NULL: plain). */
    void (*literal)(ost__sql_writer *w, const ost_field *field, const ost_value *value);
} ost__sql_dialect;

struct ost__sql_writer {
    const ost__sql_dialect *dialect;
    const ost_shape *shape;
    ost__buffer *out;
    ost_error *error;
    ost_status status; /* the first refusal */
    uint32_t depth;
};

/*
 * Appends the statement of a shape, with numbered placeholders. OST_TOO_LARGE: conditions nested
 * too deep; OST_UNSUPPORTED: what this dialect has no words for; OST_MISUSE: a malformed shape;
 * OST_NO_MEMORY.
 */
ost_status ost__sql_statement(const ost__sql_dialect *dialect, const ost_shape *shape,
                              ost__buffer *out, ost_error *error);

/*
 * The name of a constraint that has none of its own: table, column and what it is, at most 63
 * bytes; a longer one is cut and ends in a hash of the whole.
 */
enum { OST__SQL_NAME_SIZE = 64 };
void ost__sql_constraint_name(const char *table, const char *column, const char *what,
                              char out[OST__SQL_NAME_SIZE]);
/* Whether the field's column may hold NULL. */
bool ost__sql_nullable(const ost_field *field, const ost_table *table);

#endif
