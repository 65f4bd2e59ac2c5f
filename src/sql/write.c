/* SPDX-License-Identifier: MIT */
#include "sql/writer.h"

static bool only_row_id(const ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    return w->dialect->key_is_row_id && s->kind == OST_DO_INSERT && s->column_count == 1 &&
           s->table->auto_key && s->columns[0]->op == OST_OP_MEMBER &&
           s->columns[0]->field == s->table->auto_key;
}

/* The columns of a write are what it gives back. */
static void returning(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->column_count == 0 || only_row_id(w) || !(w->dialect->returning >> s->kind & 1))
        return;
    ost__sql_text(w, " RETURNING ");
    ost__sql_columns(w, s->columns, s->column_count);
}

void ost__sql_insert_values(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_text(w, "INSERT INTO ");
    ost__sql_table(w, s->table);
    if (s->change_count == 0) {
        ost__sql_text(w, w->dialect->default_row);
        return;
    }
    for (uint32_t i = 0; i < s->change_count; i++) {
        ost__sql_text(w, i == 0 ? " (" : ", ");
        ost__sql_identifier(w, s->changes[i].field->column);
    }
    for (uint32_t i = 0; i < s->change_count; i++) {
        ost__sql_text(w, i == 0 ? ") VALUES (" : ", ");
        if (s->changes[i].op == OST_OP_SET_NULL)
            ost__sql_text(w, "NULL");
        else
            ost__sql_bind_field(w, s->changes[i].parameter, OST__SQL_VALUE, s->changes[i].field);
    }
    ost__sql_text(w, ")");
}

void ost__sql_insert(ost__sql_writer *w)
{
    ost__sql_insert_values(w);
    returning(w);
}

/* The first change inside a column's document writes all of them. */
static bool is_first(const ost_shape *s, uint32_t index)
{
    const ost_field *holder = ost__sql_holder_of(&s->changes[index]);
    for (uint32_t i = 0; holder && i < index; i++)
        if (ost__sql_holder_of(&s->changes[i]) == holder)
            return false;
    return true;
}

static void change(ost__sql_writer *w, const ost_change *c)
{
    const ost_field *holder = ost__sql_holder_of(c);
    const ost__sql_subject inside = { .changes = w->shape->changes,
                                      .count = w->shape->change_count,
                                      .holder = holder };
    if (holder && !w->dialect->change_inside) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no changes inside documents yet",
                        w->dialect->name);
        return;
    }
    if (holder) {
        ost__sql_identifier(w, holder->column);
        ost__sql_text(w, " = ");
        ost__sql_document_after(w, &inside, inside.count);
        return;
    }
    ost__sql_identifier(w, c->field->column);
    ost__sql_text(w, " = ");
    switch (c->op) {
    case OST_OP_SET: ost__sql_bind_field(w, c->parameter, OST__SQL_VALUE, c->field); break;
    case OST_OP_SET_NULL: ost__sql_text(w, "NULL"); break;
    case OST_OP_INC: w->dialect->increment(w, c); break;
    default:
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no words for change %u of %s", w->dialect->name,
                        (unsigned)c->op, c->field->name);
        break;
    }
}

static void key_columns(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    for (uint32_t i = 0; i < t->key_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_identifier(w, t->keys[i]->column);
    }
}

/* The keys of the records that the write meets, in its order and within its limits. */
static void keys(ost__sql_writer *w)
{
    ost__sql_text(w, "SELECT ");
    key_columns(w);
    ost__sql_text(w, " FROM ");
    ost__sql_table(w, w->shape->table);
    ost__sql_clause(w, " WHERE ", w->shape->where);
    ost__sql_orders(w);
    ost__sql_limits(w);
}

static bool is_limited(const ost_shape *s)
{
    return s->limit_parameter != OST_NO_PARAMETER || s->offset_parameter != OST_NO_PARAMETER;
}

/* Which records an update or delete meets. With a limit, by their keys: nothing else says in every
 * database which ones these are. */
static void target(ost__sql_writer *w, bool by_key)
{
    const ost_shape *s = w->shape;
    if (by_key) {
        ost__sql_key_condition(w);
        return;
    }
    if (!is_limited(s)) {
        ost__sql_clause(w, " WHERE ", s->where);
        return;
    }
    if (s->table->key_count == 0) {
        ost__sql_refuse(w, OST_UNSUPPORTED,
                        "%s has no key, so that a limited update or delete cannot name its records",
                        s->table->model);
        return;
    }
    if (w->dialect->limited_writes && s->offset_parameter == OST_NO_PARAMETER) {
        ost__sql_clause(w, " WHERE ", s->where);
        ost__sql_orders(w);
        ost__sql_limits(w);
        return;
    }
    ost__sql_text(w, s->table->key_count > 1 ? " WHERE (" : " WHERE ");
    key_columns(w);
    ost__sql_text(w, s->table->key_count > 1 ? ") IN (" : " IN (");
    if (w->dialect->keys_in_with)
        ost__sql_text(w, "WITH x AS MATERIALIZED (");
    if (w->dialect->derived_keys) {
        ost__sql_text(w, "SELECT ");
        key_columns(w);
        ost__sql_text(w, " FROM (");
    }
    keys(w);
    /* Records that others change meanwhile must not slip out of the limit. */
    if (!w->dialect->derived_keys)
        ost__sql_lock(w, OST_LOCK_UPDATE);
    if (w->dialect->derived_keys) {
        ost__sql_text(w, ")");
        ost__sql_text(w, w->dialect->subselect_name);
    }
    if (w->dialect->keys_in_with) {
        ost__sql_text(w, ") SELECT ");
        key_columns(w);
        ost__sql_text(w, " FROM x");
    }
    ost__sql_text(w, ")");
}

void ost__sql_update(ost__sql_writer *w, bool by_key)
{
    const ost_shape *s = w->shape;
    if (s->change_count == 0) {
        ost__sql_refuse(w, OST_MISUSE, "the update changes nothing: give it a change");
        return;
    }
    ost__sql_text(w, "UPDATE ");
    ost__sql_table(w, s->table);
    ost__sql_text(w, " SET ");
    for (uint32_t i = 0; i < s->change_count; i++) {
        if (!is_first(s, i))
            continue;
        if (i > 0)
            ost__sql_text(w, ", ");
        change(w, &s->changes[i]);
    }
    target(w, by_key);
    if (!by_key)
        returning(w);
}

void ost__sql_delete(ost__sql_writer *w, bool by_key)
{
    ost__sql_text(w, "DELETE FROM ");
    ost__sql_table(w, w->shape->table);
    target(w, by_key);
    if (!by_key)
        returning(w);
}

void ost__sql_locked_keys(ost__sql_writer *w)
{
    keys(w);
    ost__sql_lock(w, OST_LOCK_UPDATE);
}

void ost__sql_read_by_key(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->column_count == 0) {
        ost__sql_refuse(w, OST_MISUSE, "the write gives back no column");
        return;
    }
    ost__sql_text(w, "SELECT ");
    ost__sql_columns(w, s->columns, s->column_count);
    ost__sql_text(w, " FROM ");
    ost__sql_table(w, s->table);
    ost__sql_key_condition(w);
}
