/* SPDX-License-Identifier: MIT */
/*
 * What a query means, as a program: tables in memory, conditions in three-valued logic, orders,
 * groups, aggregates, writes. It is written to be seen to be right, row by row and by linear
 * search. It shares no code with the library: it reads the program's own descriptions (ost_model,
 * ost_expr) and answers for itself.
 */
#ifndef EVALUATOR_EVALUATOR_H
#define EVALUATOR_EVALUATOR_H

#include "value.h"

#include "ostler/expr.h"
#include "ostler/upsert.h"

enum { EV_FIELDS_MAX = 48, EV_UNIQUE_MAX = 8, EV_TABLES_MAX = 12, EV_KEYS_MAX = 8 };

/* ---- what is stored ---- */

/* Fields of which no two rows may have the same, unless one of them is NULL. */
typedef struct ev_unique {
    bool living; /* no two that are not deleted */
    size_t count;
    size_t fields[EV_KEYS_MAX];
} ev_unique;

typedef struct ev_schema {
    const ost_model *model; /* NULL: the items of a list of values, whose one field has no name */
    size_t size;            /* of the struct */
    size_t field_count;
    ev_field fields[EV_FIELDS_MAX];
    size_t deleted; /* the field that is NULL in the living; SIZE_MAX: there is none */
    size_t unique_count;
    ev_unique unique[EV_UNIQUE_MAX]; /* the first is the primary key, if there is one */
} ev_schema;

void ev_schema_of(const ost_model *m, ev_schema *out);
/* The index of a member; the member must be the schema's. */
size_t ev_field_named(const ev_schema *schema, const char *name);
/* The same; SIZE_MAX: it has none of this name. */
size_t ev_find_field(const ev_schema *schema, const char *name);
/* Whether a path is this one, or leads inside it. */
bool ev_is_inside(const char *path, const char *outer);

typedef struct ev_table {
    const ev_schema *schema;
    ost_value *cells; /* row by row */
    size_t count, capacity;
} ev_table;

typedef struct ev_store {
    ev_scratch *scratch; /* texts and rows; lives as long as the store and its copies */
    size_t table_count;
    ev_table tables[EV_TABLES_MAX];
} ev_store;

ev_store ev_store_copy(const ev_store *store);
ost_value *ev_row(const ev_table *t, size_t row);
/* The cells of a record, read by the schema. */
ost_value *ev_cells(const ev_schema *schema, const void *record, ev_scratch *s);
/* Whether the row is not soft-deleted. */
bool ev_lives(const ev_schema *schema, const ost_value *cells);
/* The row with the same primary key as these cells; SIZE_MAX: none. */
size_t ev_find_row(const ev_table *t, const ost_value *cells);

/* OST_CONFLICT if a unique field is taken; nothing is changed then. The cells are in normal form.
 */
ost_status ev_insert(ev_store *store, size_t table, const ost_value *cells);
/* Overwrites the fields in `which` of one row, or OST_CONFLICT. */
ost_status ev_overwrite(ev_store *store, size_t table, size_t row, const ost_value *cells,
                        const bool *which);
void ev_delete_row(ev_store *store, size_t table, size_t row);
/* Deletes all marked rows softly, or restores them with NULL; OST_CONFLICT, and nothing is done. */
ost_status ev_stamp(ev_store *store, size_t table, const bool *rows, ost_value when);
/* Whether any two rows have the same where they must not: OST_CONFLICT. */
ost_status ev_check_unique(const ev_table *t, ev_scratch *scratch);
/* Changes all marked rows, or none. OST_MISUSE, OST_RANGE, OST_CONFLICT. */
ost_status ev_update(ev_store *store, size_t table, const bool *rows,
                     const ost_expr *const *changes);

/* What becomes of a member of a row that is there. */
typedef enum ev_action { EV_SET, EV_KEEP, EV_ADD, EV_FILL } ev_action;
/* The row that has these members of the cells; SIZE_MAX: none, or one of them is NULL. */
size_t ev_find_by(const ev_table *t, const ev_unique *key, const ost_value *cells);
/* Stores a row, or changes the one that has its key, by an action for each field. *row: where it
 * is. OST_RANGE, OST_CONFLICT; the row is then as it was. */
ost_status ev_upsert(ev_store *store, size_t table, const ev_unique *key, const ev_action *actions,
                     const ost_value *cells, size_t *row, enum ost_effect *effect);
/* Adds to a cell, unless it is NULL; OST_RANGE: the sum does not fit. */
ost_status ev_increment(const ev_field *f, ost_value *cell, const ost_value *by);

/* ---- what is asked ---- */

typedef enum ev_among { EV_LIVING, EV_WITH_DELETED, EV_DELETED } ev_among;

typedef struct ev_query {
    size_t table;
    ev_among among;                     /* which rows of a table with soft deletes */
    const ost_expr *where[EV_KEYS_MAX]; /* all must hold */
    size_t where_count;
    const ost_expr *groups[EV_KEYS_MAX];
    size_t group_count;
    const ost_expr *having[EV_KEYS_MAX];
    size_t having_count;
    const ost_expr *orders[EV_KEYS_MAX]; /* OST_OP_ASC and OST_OP_DESC */
    size_t order_count;
    const ost_expr *selects[EV_FIELDS_MAX]; /* OST_OP_AS */
    size_t select_count;                    /* 0: whole records */
    const ev_schema *result; /* of what is selected; the table's own for whole records */
    bool distinct, has_limit, has_offset;
    size_t limit, offset;
    const ost_expr *per; /* NULL, or what at most `limit_per` rows of each value of are wanted */
    size_t limit_per;
} ev_query;

typedef struct ev_rows {
    const ev_schema *schema;
    bool selected[EV_FIELDS_MAX]; /* fields of the result that are filled */
    size_t count, key_count;
    ost_value *cells; /* count rows of schema->field_count */
    ost_value *keys;  /* count rows of key_count: what the rows were ordered by */
} ev_rows;

/* Marks the rows of the table that meet all conditions. */
void ev_matching(const ev_store *store, const ev_query *q, bool *rows);
/* Marks the rows that a write of the query meets: with limits, those within them in its order. */
void ev_meeting(const ev_store *store, const ev_query *q, bool *rows);
/* The rows in their order. OST_RANGE if a value does not fit its member. */
ost_status ev_select(const ev_store *store, const ev_query *q, ev_rows *out);
/* One aggregate over the rows that meet the conditions; OST_RANGE: a sum beyond int64. */
ost_status ev_aggregate(const ev_store *store, const ev_query *q, const ost_expr *e,
                        ost_value *out);
/* Orders two tuples of order keys like the query does. */
int ev_compare_keys(const ev_query *q, const ost_value *a, const ost_value *b);

/* ---- expressions ---- */

typedef enum ev_truth { EV_FALSE, EV_TRUE, EV_UNKNOWN } ev_truth;

/* What an expression looks at: one row, or a group of them. */
typedef struct ev_scope {
    const ev_store *store;
    const ev_schema *schema;
    const ost_value *row;               /* of a group: its first; NULL: a group without rows */
    const ost_value *const *group_rows; /* NULL: no group */
    size_t group_count;
    ost_status status; /* the first failure, such as a sum that does not fit */
} ev_scope;

/* A value, and the member that it comes from; NULL for constants and what is computed. */
typedef struct ev_operand {
    ost_value value;
    const ev_field *field;
    bool constant;
} ev_operand;

ev_operand ev_evaluate(const ost_expr *e, ev_scope *scope);
ev_truth ev_condition(const ost_expr *e, ev_scope *scope);
bool ev_is_aggregate(const ost_expr *e);
/* Whether a constant equals a member's value. */
bool ev_equals(const ev_field *f, const ost_value *v, const ost_value *constant);
/* Whether a struct of a list meets a condition. */
bool ev_item_meets(const ev_store *store, const ev_schema *items, const ost_value *item,
                   const ost_expr *condition);
/* What a value is ordered by: of an enumeration its name. */
ost_value ev_order_value(const ev_operand *o);

/* ---- reading along ---- */

void ev_print_expr(FILE *out, const ost_expr *e);
void ev_print_query(FILE *out, const ev_query *q);
void ev_print_row(FILE *out, const ev_schema *schema, const ost_value *cells);

#endif
