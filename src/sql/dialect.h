/* SPDX-License-Identifier: MIT */
/* What differs from one SQL to the next, as data: spellings, and hooks for what no spelling can
 * say. */
#ifndef OSTLER_SQL_DIALECT_H
#define OSTLER_SQL_DIALECT_H

#include "base/buffer.h"
#include "base/shape.h"
#include "ostler/driver.h"

/* Nodes within nodes, at most: the 64 levels of conditions that the core allows, what joins several
 * of them, and below them a comparison, an aggregate and a member. */
enum { OST__SQL_DEPTH = 72 };
/* Structs within each other, on the way to a member. */
enum { OST__SQL_STEPS = 32 };

typedef struct ost__sql_writer ost__sql_writer;

/* What a placeholder stands for. */
enum ost__sql_role {
    OST__SQL_VALUE,  /* what a member is compared with, or set to */
    OST__SQL_LIST,   /* all items of a list */
    OST__SQL_NEEDLE, /* a text that is searched for */
    OST__SQL_AMOUNT, /* what an increment adds */
    OST__SQL_INSIDE, /* what a member inside a document is set to: in the form of JSON */
    OST__SQL_COUNT   /* rows: of a limit or an offset */
};
/* A placeholder, in the order in which they stand in the statement. A parameter may have several.
 */
typedef struct ost__sql_use {
    uint32_t parameter;     /* from 0 */
    uint16_t role;          /* an enum ost__sql_role */
    uint16_t type;          /* kind of the value, or of an item, without OST_TYPE_OPTIONAL */
    uint16_t precision;     /* of a decimal */
    uint16_t scale;         /* of a decimal */
    size_t at;              /* where it begins in the text */
    const ost_field *field; /* decides the stored form; NULL: plain */
} ost__sql_use;

/* What is changed inside documents: members of a column's, or of an item of a list. */
typedef struct ost__sql_subject {
    const ost_change *changes;
    uint32_t count;
    const ost_field *holder; /* the column; NULL: an item, which is e1.value */
} ost__sql_subject;

/* How an index gets another name. */
enum ost__sql_renames {
    OST__SQL_RENAMES_NONE,    /* it is dropped, to be made again */
    OST__SQL_RENAMES_INDEX,   /* ALTER INDEX; other constraints by ALTER TABLE */
    OST__SQL_RENAMES_IN_TABLE /* ALTER TABLE … RENAME INDEX; foreign keys are dropped and added */
};

typedef struct ost__sql_dialect {
    const char *name;
    char quote;              /* around identifiers; doubled inside */
    char placeholder;        /* before the number of a parameter, which counts from 1 */
    bool unnumbered;         /* a placeholder is that character alone */
    bool nulls_first;        /* NULL is the smallest value without being told */
    bool key_is_row_id;      /* a generated integer key is asked for without RETURNING */
    bool check_bools;        /* a bool is a number, so its column needs a CHECK */
    bool foreign_keys_apart; /* foreign keys are added once all tables are there */
    bool if_not_exists;      /* CREATE INDEX knows IF NOT EXISTS */
    bool partial_indexes;    /* CREATE INDEX knows WHERE; otherwise `living` says how a column is 1
                                in the living and NULL in others: behind its name, around the
                                member that is NULL in the living */
    uint8_t renames;         /* an enum ost__sql_renames */
    bool inside_indexes;     /* an index may be on a member inside a document */
    bool limited_writes;     /* UPDATE and DELETE know ORDER BY and LIMIT, without OFFSET */
    bool derived_keys;       /* a statement cannot read the table that it writes, save through a
                                derived table, which IN (… LIMIT …) needs too */
    bool keys_in_with;       /* a subselect may run once for each row, so that a limit within it is
                                kept only where WITH … AS MATERIALIZED computes it once */
    bool having_columns;     /* HAVING knows columns that are grouped by, but no expression that
                                is: an aggregate of it stands there, of values that are all alike */
    bool null_decimals;      /* GROUP BY takes a computed decimal that is NULL for the one before
                                it, so that IS NULL is a key as well */
    uint16_t returning;      /* bits 1 << enum ost_operation_kind: writes that give back columns */
    const char *default_row; /* behind INSERT INTO t, where no column is given */
    const char *true_text;   /* a condition that is true */
    const char *false_text;  /* a condition that is false */
    const char *no_limit;    /* a LIMIT that is none; NULL: OFFSET may stand alone */
    const char *subselect_name;  /* behind a SELECT in FROM, or "" */
    const char *exact_function;  /* before a text of a table made by others; NULL: nothing */
    const char *exact_collation; /* behind it, so that bytes decide */
    /* By enum ost_lock_mode: what stands behind a SELECT. All NULL: there are no locks on rows, and
     * a unit that writes has locked the whole database. */
    const char *locks[5];
    const char *row_key;   /* column type and constraint of a sole integer key, or NULL */
    const char *generated; /* behind the type of a generated key; NULL: `row_key` says it */
    /* Before the name of a schema; NULL: there are none, and a schema is the beginning of a table's
     * and an index's name, with a point behind it. */
    const char *create_schema;
    /* The connection's own schema, where a table in another is looked for beside the one that
     * refers to it; NULL: it is found without. */
    const char *own_schema;
    const char *table_suffix; /* behind the columns of CREATE TABLE */
    const char *living[2];

    const char *new_value;     /* before the column of what was to be inserted, in the updates of an
                                  upsert; NULL: nothing is said of it but its parameters */
    const char *new_value_end; /* behind it */
    const char *is_distinct;   /* between two that are not the same, NULLs being equal; NULL: they
                                  are compared with <=> */
    const char *compared_point; /* behind a point that is so compared, or NULL */

    /* Writes the column's type. false: the kind cannot be stored. */
    bool (*column_type)(ost__sql_writer *w, const ost_field *field);
    /* `node` where it is compared with `other`: brings both to one form. NULL: as it is. */
    void (*operand)(ost__sql_writer *w, const ost_node *node, const ost_node *other);
    /* A whole comparison, where no operands alone can say it. false: it was not written, do as
     * usual. NULL: as usual. */
    bool (*comparison)(ost__sql_writer *w, const ost_node *node);
    /* What stands right of args[0] of an OST_OP_IN: " IN (…)". */
    void (*list)(ost__sql_writer *w, const ost_node *node);
    /* OST_OP_HAS_TEXT, OST_OP_STARTS_WITH or OST_OP_ENDS_WITH. */
    void (*text_search)(ost__sql_writer *w, const ost_node *node);
    /* COUNT, SUM, … of `node`. */
    void (*aggregate)(ost__sql_writer *w, const ost_node *node);
    /* The value of a member after OST_OP_INC. */
    void (*increment)(ost__sql_writer *w, const ost_change *change);
    /* A constant in DDL, in the stored form of `field` (NULL: plain). */
    void (*literal)(ost__sql_writer *w, const ost_field *field, const ost_value *value);
    /* A member inside a document: of a kind, and in the form, that a column would have. NULL: there
     * are none. */
    void (*inside)(ost__sql_writer *w, const ost_node *node);
    /* An upsert, out of the parts in writer.h. NULL: there is none in one statement. */
    void (*upsert)(ost__sql_writer *w);
    /* The items of a list, for FROM: a table with the column `value`. Its alias follows. NULL:
     * there are none. */
    void (*items)(ost__sql_writer *w, const ost_node *list);
    /* An OST_OP_HAS_ITEM that needs no table. false: it was not written. NULL: there is none. */
    bool (*has_item)(ost__sql_writer *w, const ost_node *node);
    /* How many items a list has. NULL: nothing says so. */
    void (*size)(ost__sql_writer *w, const ost_node *list);
    /* The document after change `index`, written around the one before it, which
     * ost__sql_document_after() writes. NULL: there are none. */
    void (*change_inside)(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index);
    /* Around what is selected, given back, ordered or grouped by: NULL: as it is. */
    void (*column)(ost__sql_writer *w, const ost_node *node);
} ost__sql_dialect;

struct ost__sql_writer {
    const ost__sql_dialect *dialect;
    const ost_shape *shape;
    ost__buffer *out;
    ost__buffer *uses; /* of ost__sql_use; NULL: they are of no interest */
    ost_error *error;
    ost_status status; /* the first refusal */
    uint32_t depth;
    bool no_new_values; /* of an upsert: what was to be inserted is known by its parameters alone */
    bool having;        /* this is a condition on groups, and outside of aggregates */
    uint32_t items;     /* lists around this place */
    const ost_field *list; /* whose structs are changed here; NULL: none */
};

/*
 * Appends the statement of a shape, with placeholders, and what each stands for as an ost__sql_use
 * to `uses` (NULL: nowhere). Columns of a write that `returning` does not name are left out: the
 * driver fetches them otherwise. OST_TOO_LARGE: conditions nested
 * too deep; OST_UNSUPPORTED: what this dialect has no words for; OST_MISUSE: a malformed shape;
 * OST_NO_MEMORY.
 */
ost_status ost__sql_statement(const ost__sql_dialect *dialect, const ost_shape *shape,
                              ost__buffer *out, ost__buffer *uses, ost_error *error);

/*
 * Where a write cannot give back columns: the statements that stand around it, run in one unit.
 * OST__SQL_LOCK selects and locks the keys of the records that the write will meet; OST__SQL_BY_KEY
 * is the write on one of those keys, OST__SQL_READ the columns of one. Of the last two, the key's
 * members are the last `key_count` uses, with parameters from shape->parameter_count on.
 */
enum ost__sql_part { OST__SQL_LOCK, OST__SQL_BY_KEY, OST__SQL_READ };
ost_status ost__sql_part(const ost__sql_dialect *dialect, const ost_shape *shape,
                         enum ost__sql_part part, ost__buffer *out, ost__buffer *uses,
                         ost_error *error);

/*
 * Statements that stand in for an upsert, or beside it: the insert alone; the update of what is
 * there, if it would change; the columns of what is there, locked or not.
 */
enum ost__sql_upsert_part {
    OST__SQL_UPSERT_INSERT,
    OST__SQL_UPSERT_UPDATE,
    OST__SQL_UPSERT_READ,
    OST__SQL_UPSERT_LOCK
};
ost_status ost__sql_upsert_part(const ost__sql_dialect *dialect, const ost_shape *shape,
                                enum ost__sql_upsert_part part, ost__buffer *out, ost__buffer *uses,
                                ost_error *error);

/* Whether the field's column may hold NULL. */
bool ost__sql_nullable(const ost_field *field, const ost_table *table);

#endif
