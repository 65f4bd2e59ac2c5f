/* SPDX-License-Identifier: MIT */
#include "sql/writer.h"

#include <string.h>

static uint16_t kind_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}

static bool is_key(const ost_field *f, const ost_table *t)
{
    for (uint32_t i = 0; i < t->key_count; i++)
        if (t->keys[i] == f)
            return true;
    return false;
}

bool ost__sql_nullable(const ost_field *field, const ost_table *table)
{
    uint16_t kind = kind_of(field);
    if (field->required || field->not_null || is_key(field, table))
        return false;
    return (field->type & OST_TYPE_OPTIONAL) || kind == OST_TYPE_TEXT || kind == OST_TYPE_BLOB ||
           kind == OST_TYPE_JSON || kind == OST_TYPE_LIST;
}

static bool is_row_key(const ost__sql_writer *w, const ost_field *f)
{
    uint16_t kind = kind_of(f);
    return w->dialect->row_key && w->shape->table->key_count == 1 &&
           w->shape->table->keys[0] == f && kind >= OST_TYPE_INT8 && kind <= OST_TYPE_UINT64 &&
           !f->values;
}

static void names(ost__sql_writer *w, const ost_field *const *fields, uint32_t count)
{
    ost__sql_text(w, "(");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_identifier(w, fields[i]->column);
    }
    ost__sql_text(w, ")");
}

static void column(ost__sql_writer *w, const ost_field *f)
{
    const ost_table *t = w->shape->table;
    ost__sql_identifier(w, f->column);
    ost__sql_text(w, " ");
    if (is_row_key(w, f)) {
        ost__sql_text(w, w->dialect->row_key);
    } else if (!w->dialect->column_type(w, f)) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s.%s: %s cannot store members of this kind yet",
                        t->model, f->name, w->dialect->name);
        ost__error_about(w->error, NULL, f->name);
        return;
    }
    if (!ost__sql_nullable(f, t))
        ost__sql_text(w, " NOT NULL");
    if (f == t->auto_key && w->dialect->generated)
        ost__sql_text(w, w->dialect->generated);
}

static void constraint(ost__sql_writer *w, const char *column_name, const char *what)
{
    char name[OST__CONSTRAINT_NAME_SIZE];
    ost__constraint_name(w->shape->table->name, column_name, what, name);
    ost__sql_text(w, ", CONSTRAINT ");
    ost__sql_identifier(w, name);
}

static void check(ost__sql_writer *w, const ost_field *f)
{
    bool is_bool = kind_of(f) == OST_TYPE_BOOL && w->dialect->check_bools;
    /* The values of a list are those of its items, which the library checks. */
    if (!is_bool && (!f->values || kind_of(f) == OST_TYPE_LIST))
        return;
    constraint(w, f->column, "check");
    ost__sql_text(w, " CHECK (");
    ost__sql_identifier(w, f->column);
    ost__sql_text(w, " IN (");
    if (is_bool) {
        ost__sql_text(w, w->dialect->false_text);
        ost__sql_text(w, ", ");
        ost__sql_text(w, w->dialect->true_text);
    } else {
        for (const char *const *v = f->values; *v; v++) {
            if (v != f->values)
                ost__sql_text(w, ", ");
            ost__sql_text_literal(w, *v, strlen(*v));
        }
    }
    ost__sql_text(w, "))");
}

static void referenced(ost__sql_writer *w, const ost_table *target)
{
    if (w->shape->table->schema && !target->schema && w->dialect->own_schema) {
        ost__sql_identifier(w, w->dialect->own_schema);
        ost__sql_text(w, ".");
    }
    ost__sql_table(w, target);
}

/* A CONSTRAINT without what stands before it. */
static void foreign_key(ost__sql_writer *w, const ost_table_foreign_key *k)
{
    if (k->on_delete != 0) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s: foreign key %s can only refuse deletes",
                        w->shape->table->model, k->name);
        return;
    }
    ost__sql_text(w, "CONSTRAINT ");
    ost__sql_identifier(w, k->name);
    ost__sql_text(w, " FOREIGN KEY ");
    names(w, k->fields, k->field_count);
    ost__sql_text(w, " REFERENCES ");
    referenced(w, k->target);
    ost__sql_text(w, " ");
    names(w, k->target->keys, k->target->key_count);
}

/* Unique indexes among the living hold it as well: NULLs never conflict. */
static void living_column(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    bool any = false;
    for (uint32_t i = 0; i < t->index_count; i++)
        any = any || t->indexes[i].among_living;
    if (!any || w->dialect->partial_indexes)
        return;
    ost__sql_text(w, ", ");
    ost__sql_identifier(w, OST_LIVING_COLUMN);
    ost__sql_text(w, w->dialect->living[0]);
    ost__sql_identifier(w, t->deleted->column);
    ost__sql_text(w, w->dialect->living[1]);
}

static void create_table(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    ost__sql_text(w, "CREATE TABLE IF NOT EXISTS ");
    ost__sql_table(w, t);
    ost__sql_text(w, " (");
    for (uint32_t i = 0; i < t->field_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        column(w, &t->fields[i]);
    }
    living_column(w);
    if (t->key_count > 0 && !is_row_key(w, t->keys[0])) {
        constraint(w, "primary", "key");
        ost__sql_text(w, " PRIMARY KEY ");
        names(w, t->keys, t->key_count);
    }
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        if (f->unique && !t->deleted && !(t->key_count == 1 && t->keys[0] == f)) {
            constraint(w, f->column, "unique");
            ost__sql_text(w, " UNIQUE ");
            names(w, &f, 1);
        }
        check(w, f);
    }
    for (uint32_t i = 0; i < t->foreign_key_count && !w->dialect->foreign_keys_apart; i++) {
        ost__sql_text(w, ", ");
        foreign_key(w, &t->foreign_keys[i]);
    }
    ost__sql_text(w, ")");
    ost__sql_text(w, w->dialect->table_suffix);
}

/* The index that the shape asks for; NULL: it was refused. */
static const ost_table_index *asked_index(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    const ost_table_index *x;
    if (w->shape->ddl_index >= t->index_count) {
        ost__sql_refuse(w, OST_MISUSE, "%s has no index %u", t->model,
                        (unsigned)w->shape->ddl_index);
        return NULL;
    }
    x = &t->indexes[w->shape->ddl_index];
    if (x->kind != OST_BTREE) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s: index %s is of a kind that %s does not build yet",
                        t->model, x->name, w->dialect->name);
        return NULL;
    }
    if (x->expire_after_s > 0 || x->sparse || x->collation != OST_EXACT) {
        ost__sql_refuse(w, OST_UNSUPPORTED,
                        "%s: index %s %s, which %s does not have: leave that out for this "
                        "database",
                        t->model, x->name,
                        x->expire_after_s > 0 ? "expires"
                        : x->sparse           ? "is sparse"
                                              : "has a collation",
                        w->dialect->name);
        return NULL;
    }
    if (x->where && !w->dialect->partial_indexes) {
        ost__sql_refuse(w, OST_UNSUPPORTED,
                        "%s: index %s holds only some records, and %s has no such "
                        "indexes",
                        t->model, x->name, w->dialect->name);
        return NULL;
    }
    return x;
}

/* The records that the index holds. */
static void index_where(ost__sql_writer *w, const ost_table_index *x)
{
    bool living = x->among_living && w->dialect->partial_indexes;
    if (living) {
        ost__sql_text(w, " WHERE ");
        ost__sql_identifier(w, w->shape->table->deleted->column);
        ost__sql_text(w, " IS NULL");
    }
    ost__sql_clause(w, living ? " AND (" : " WHERE ", x->where);
    if (living && x->where)
        ost__sql_text(w, ")");
}

/* A column, or an expression for a member inside a document: the one that queries have. */
static void indexed(ost__sql_writer *w, const ost_field *f)
{
    const ost_node member = { .op = OST_OP_MEMBER, .type = kind_of(f), .field = f };
    if (!f->inside) {
        ost__sql_identifier(w, f->column);
        return;
    }
    if (!w->dialect->inside_indexes) {
        ost__sql_refuse(w, OST_UNSUPPORTED,
                        "%s.%s: %s has no index on a member inside a document: use .flatten",
                        w->shape->table->model, f->name, w->dialect->name);
        return;
    }
    ost__sql_text(w, "(");
    ost__sql_expression(w, &member);
    ost__sql_text(w, ")");
}

static void create_index(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    const ost_table_index *x = asked_index(w);
    if (!x)
        return;
    ost__sql_text(w, x->unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ");
    if (w->dialect->if_not_exists)
        ost__sql_text(w, "IF NOT EXISTS ");
    ost__sql_index(w, t, x->name);
    ost__sql_text(w, " ON ");
    ost__sql_table(w, t);
    ost__sql_text(w, " (");
    for (uint32_t i = 0; i < x->field_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        indexed(w, x->fields[i]);
        bool descending = x->descending && x->descending[i];
        if (descending)
            ost__sql_text(w, " DESC");
        /* In the order that queries ask for, or the index would not serve them. */
        if (!w->dialect->nulls_first &&
            (x->fields[i]->inside || ost__sql_nullable(x->fields[i], t)))
            ost__sql_text(w, descending ? " NULLS LAST" : " NULLS FIRST");
    }
    if (x->among_living && !w->dialect->partial_indexes) {
        ost__sql_text(w, ", ");
        ost__sql_identifier(w, OST_LIVING_COLUMN);
    }
    ost__sql_text(w, ")");
    index_where(w, x);
}

static void add_foreign_key(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    if (w->shape->ddl_index >= t->foreign_key_count) {
        ost__sql_refuse(w, OST_MISUSE, "%s has no foreign key %u", t->model,
                        (unsigned)w->shape->ddl_index);
        return;
    }
    ost__sql_text(w, "ALTER TABLE ");
    ost__sql_table(w, t);
    ost__sql_text(w, " ADD ");
    foreign_key(w, &t->foreign_keys[w->shape->ddl_index]);
}

static void create_schema(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    if (!t->schema || !w->dialect->create_schema) {
        ost__sql_refuse(w, OST_MISUSE, "%s has no schema to be made", t->model);
        return;
    }
    ost__sql_text(w, w->dialect->create_schema);
    ost__sql_identifier(w, t->schema);
}

/* ---- renaming ---- */

static void alter_table(ost__sql_writer *w, const char *what)
{
    ost__sql_text(w, "ALTER TABLE ");
    ost__sql_table(w, w->shape->table);
    ost__sql_text(w, what);
}

static void rename(ost__sql_writer *w, const char *was, const char *name)
{
    ost__sql_identifier(w, was);
    ost__sql_text(w, " TO ");
    ost__sql_identifier(w, name);
}

static void rename_column(ost__sql_writer *w, const ost_field *f)
{
    alter_table(w, " RENAME COLUMN ");
    rename(w, f->was, f->column);
}

static void rename_index(ost__sql_writer *w, const char *was, const char *name)
{
    const ost_table *t = w->shape->table;
    switch (w->dialect->renames) {
    case OST__SQL_RENAMES_INDEX:
        ost__sql_text(w, "ALTER INDEX ");
        if (t->schema) {
            ost__sql_identifier(w, t->schema);
            ost__sql_text(w, ".");
        }
        ost__sql_identifier(w, was);
        ost__sql_text(w, " RENAME TO ");
        ost__sql_identifier(w, name);
        break;
    case OST__SQL_RENAMES_IN_TABLE:
        alter_table(w, " RENAME INDEX ");
        rename(w, was, name);
        break;
    default:
        ost__sql_text(w, "DROP INDEX IF EXISTS ");
        ost__sql_index(w, t, was);
        break;
    }
}

/* Constraints have their names from columns. */
static void rename_unique(ost__sql_writer *w, const ost_field *f)
{
    const char *table = w->shape->table->name;
    char was[OST__CONSTRAINT_NAME_SIZE], name[OST__CONSTRAINT_NAME_SIZE];
    ost__constraint_name(table, f->was, "unique", was);
    ost__constraint_name(table, f->column, "unique", name);
    rename_index(w, was, name);
}

static void rename_foreign_key(ost__sql_writer *w, const ost_table_foreign_key *k)
{
    if (w->dialect->renames == OST__SQL_RENAMES_INDEX) {
        alter_table(w, " RENAME CONSTRAINT ");
        rename(w, k->was, k->name);
        return;
    }
    alter_table(w, " DROP FOREIGN KEY ");
    ost__sql_identifier(w, k->was);
    ost__sql_text(w, ", ADD ");
    foreign_key(w, k);
}

static void write_rename(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    uint32_t i = w->shape->ddl_index;
    uint16_t ddl = w->shape->ddl;
    bool of_field = ddl == OST_DDL_RENAME_COLUMN || ddl == OST_DDL_RENAME_UNIQUE;
    if (of_field && i < t->field_count && t->fields[i].was)
        (ddl == OST_DDL_RENAME_COLUMN ? rename_column : rename_unique)(w, &t->fields[i]);
    else if (ddl == OST_DDL_RENAME_INDEX && i < t->index_count && t->indexes[i].was)
        rename_index(w, t->indexes[i].was, t->indexes[i].name);
    else if (ddl == OST_DDL_RENAME_FOREIGN_KEY && i < t->foreign_key_count &&
             t->foreign_keys[i].was)
        rename_foreign_key(w, &t->foreign_keys[i]);
    else
        ost__sql_refuse(w, OST_MISUSE, "%s has nothing of another name at %u", t->model,
                        (unsigned)i);
}

void ost__sql_ddl(ost__sql_writer *w)
{
    switch (w->shape->ddl) {
    case OST_DDL_CREATE_TABLE: create_table(w); break;
    case OST_DDL_CREATE_INDEX: create_index(w); break;
    case OST_DDL_ADD_FOREIGN_KEY: add_foreign_key(w); break;
    case OST_DDL_CREATE_SCHEMA: create_schema(w); break;
    case OST_DDL_RENAME_COLUMN:
    case OST_DDL_RENAME_UNIQUE:
    case OST_DDL_RENAME_INDEX:
    case OST_DDL_RENAME_FOREIGN_KEY: write_rename(w); break;
    default: ost__sql_refuse(w, OST_MISUSE, "the shape says no DDL"); break;
    }
}
