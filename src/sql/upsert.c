/* SPDX-License-Identifier: MIT */
/* The parts that dialects put their upserts together from. */
#include "sql/writer.h"

/* The record that was to be inserted has this value, or all records have it. */
static bool is_own(const ost__sql_writer *w, const ost_change *u)
{
    const ost_shape *s = w->shape;
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == u->field)
            return s->changes[i].parameter != u->parameter;
    return true;
}

void ost__sql_conflict_target(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    for (uint32_t i = 0; i < s->arbiter_count; i++) {
        ost__sql_text(w, i == 0 ? " ON CONFLICT (" : ", ");
        ost__sql_identifier(w, s->arbiters[i]->column);
    }
    ost__sql_text(w, ")");
    ost__sql_clause(w, " WHERE ", s->arbiter_where);
}

/* In an upsert a bare name may be that of two records. */
void ost__sql_stored(ost__sql_writer *w, const ost_field *field)
{
    if (w->shape->kind == OST_DO_UPSERT) {
        ost__sql_table(w, w->shape->table);
        ost__sql_text(w, ".");
    }
    ost__sql_identifier(w, field->column);
}

void ost__sql_new_value(ost__sql_writer *w, const ost_change *u)
{
    if (w->no_new_values || !w->dialect->new_value || is_own(w, u)) {
        ost__sql_bind_field(w, u->parameter, OST__SQL_VALUE, u->field);
        return;
    }
    ost__sql_text(w, w->dialect->new_value);
    ost__sql_identifier(w, u->field->column);
    ost__sql_text(w, w->dialect->new_value_end);
}

void ost__sql_amount(ost__sql_writer *w, const ost_change *change)
{
    if (w->shape->kind == OST_DO_UPSERT && !is_own(w, change))
        ost__sql_new_value(w, change);
    else
        ost__sql_bind_field(w, change->parameter, OST__SQL_AMOUNT, change->field);
}

/* An absent number adds nothing. */
static void sum(ost__sql_writer *w, const ost_change *u)
{
    bool nullable = ost__sql_nullable(u->field, w->shape->table);
    ost__sql_text(w, nullable ? "COALESCE(" : "");
    w->dialect->increment(w, u);
    if (nullable) {
        ost__sql_text(w, ", ");
        ost__sql_stored(w, u->field);
        ost__sql_text(w, ")");
    }
}

void ost__sql_upsert_value(ost__sql_writer *w, const ost_change *u)
{
    switch (u->op) {
    case OST_OP_SET: ost__sql_new_value(w, u); break;
    case OST_OP_SET_NULL: ost__sql_text(w, "NULL"); break;
    case OST_OP_INC: sum(w, u); break;
    case OST_OP_FILL:
        ost__sql_text(w, "COALESCE(");
        ost__sql_stored(w, u->field);
        ost__sql_text(w, ", ");
        ost__sql_new_value(w, u);
        ost__sql_text(w, ")");
        break;
    default:
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no words for change %u of %s in an upsert",
                        w->dialect->name, (unsigned)u->op, u->field->name);
        break;
    }
}

void ost__sql_upsert_changes(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    for (uint32_t i = 0; i < s->update_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_identifier(w, s->updates[i].field->column);
        ost__sql_text(w, " = ");
        ost__sql_upsert_value(w, &s->updates[i]);
    }
    /* A statement needs a change, even of nothing. */
    if (s->update_count > 0)
        return;
    ost__sql_identifier(w, s->arbiters[0]->column);
    ost__sql_text(w, " = ");
    ost__sql_stored(w, s->arbiters[0]);
}

static void behind(ost__sql_writer *w, const ost_field *f)
{
    ost__sql_after_exact(w, f);
    if (w->dialect->compared_point && (f->type & ~OST_TYPE_OPTIONAL) == OST_TYPE_POINT)
        ost__sql_text(w, w->dialect->compared_point);
}

static void differs(ost__sql_writer *w, const ost_change *u)
{
    const char *word = w->dialect->is_distinct;
    ost__sql_text(w, word ? "" : "NOT (");
    ost__sql_before_exact(w, u->field);
    ost__sql_stored(w, u->field);
    behind(w, u->field);
    ost__sql_text(w, word ? word : " <=> ");
    ost__sql_before_exact(w, u->field);
    ost__sql_upsert_value(w, u);
    behind(w, u->field);
    ost__sql_text(w, word ? "" : ")");
}

void ost__sql_upsert_differs(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    bool any = false;
    for (uint32_t i = 0; i < s->update_count; i++) {
        if (s->updates[i].flags & OST_CHANGE_FOLLOWS)
            continue;
        if (any)
            ost__sql_text(w, " OR ");
        differs(w, &s->updates[i]);
        any = true;
    }
    if (!any)
        ost__sql_text(w, w->dialect->false_text);
}

void ost__sql_upsert_read(ost__sql_writer *w, const char *last)
{
    const ost_shape *s = w->shape;
    ost__sql_text(w, "SELECT ");
    ost__sql_columns(w, s->columns, s->column_count);
    if (last && s->column_count > 0)
        ost__sql_text(w, ", ");
    ost__sql_text(w, last ? last : "");
    ost__sql_text(w, " FROM ");
    ost__sql_table(w, s->table);
    ost__sql_clause(w, " WHERE ", s->where);
}
