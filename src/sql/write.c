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
    if (w->shape->column_count == 0 || only_row_id(w))
        return;
    ost__sql_text(w, " RETURNING ");
    ost__sql_list(w, w->shape->columns, w->shape->column_count);
}

void ost__sql_insert(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_text(w, "INSERT INTO ");
    ost__sql_identifier(w, s->table->name);
    if (s->change_count == 0) {
        ost__sql_text(w, " DEFAULT VALUES");
        returning(w);
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
            ost__sql_placeholder(w, s->changes[i].parameter);
    }
    ost__sql_text(w, ")");
    returning(w);
}

static void change(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_identifier(w, c->field->column);
    ost__sql_text(w, " = ");
    switch (c->op) {
    case OST_OP_SET: ost__sql_placeholder(w, c->parameter); break;
    case OST_OP_SET_NULL: ost__sql_text(w, "NULL"); break;
    case OST_OP_INC: w->dialect->increment(w, c); break;
    default:
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no words for change %u of %s", w->dialect->name,
                        (unsigned)c->op, c->field->name);
        break;
    }
}

void ost__sql_update(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->change_count == 0) {
        ost__sql_refuse(w, OST_MISUSE, "the update changes nothing: give it a change");
        return;
    }
    ost__sql_text(w, "UPDATE ");
    ost__sql_identifier(w, s->table->name);
    ost__sql_text(w, " SET ");
    for (uint32_t i = 0; i < s->change_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        change(w, &s->changes[i]);
    }
    ost__sql_clause(w, " WHERE ", s->where);
    returning(w);
}

void ost__sql_delete(ost__sql_writer *w)
{
    ost__sql_text(w, "DELETE FROM ");
    ost__sql_identifier(w, w->shape->table->name);
    ost__sql_clause(w, " WHERE ", w->shape->where);
    returning(w);
}
