/* SPDX-License-Identifier: MIT */
/*
 * Changes inside documents. Each writes an expression for the document after it around the one for
 * the document before it; what they compute with are the members as they are stored, so that all of
 * them see the values from before.
 */
#include "postgres/writing.h"

#include <string.h>

#include "postgres/wire.h"

/* ", ARRAY['home', 'city']" */
static void path(ost__sql_writer *w, const ost_field *f)
{
    const ost_node member = ost__sql_changed(w, f);
    const ost_field *steps[OST__SQL_STEPS];
    uint32_t count = ost__sql_path(&member, steps);
    ost__sql_text(w, "ARRAY[");
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_text_literal(w, steps[i]->column, strlen(steps[i]->column));
    }
    ost__sql_text(w, "]");
}

static void items_given(ost__sql_writer *w, const ost_change *c, enum ost__sql_role role)
{
    ost__sql_bind_field(w, c->parameter, role, c->field);
}

/* ---- numbers ---- */

/* In the form that JSON has: decimals and the largest integers are texts. */
static void sum(ost__sql_writer *w, const ost_change *c)
{
    const ost_field *f = c->field;
    uint16_t kind = ost__pg_kind_of(f);
    ost__sql_text(w, "to_jsonb(");
    ost__pg_increment(w, c);
    if (kind == OST_TYPE_UINT64 || kind == OST_TYPE_DECIMAL) {
        ost__sql_text(w, "::numeric(");
        ost__buffer_uint(w->out, kind == OST_TYPE_DECIMAL ? f->precision : 20);
        ost__sql_text(w, ",");
        ost__buffer_uint(w->out, kind == OST_TYPE_DECIMAL ? f->scale : 0);
        ost__sql_text(w, ")::text");
    }
    ost__sql_text(w, ")");
}

/* ---- lists ---- */

/* The server's subscripts have 32 bits. */
#define MOST_ITEMS "2147483646"

/* How a list is written: an array of the server's, or jsonb. */
typedef struct list {
    const ost_change *change;
    ost_node member;
    bool array;
} list;

static void before(ost__sql_writer *w, const list *l)
{
    ost__pg_json_of(w, &l->member);
}

/* An absent list is an empty one, if something is added to it. */
static void base(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "COALESCE(");
    before(w, l);
    ost__sql_text(w, l->array ? ", '{}')" : ", '[]')");
}

static void given(ost__sql_writer *w, const list *l)
{
    items_given(w, l->change, l->array ? OST__SQL_VALUE : OST__SQL_INSIDE);
}

static void length_of(ost__sql_writer *w, const list *l,
                      void (*write)(ost__sql_writer *, const list *))
{
    ost__sql_text(w, l->array ? "cardinality(" : "jsonb_array_length(");
    write(w, l);
    ost__sql_text(w, ")");
}

static void joined(ost__sql_writer *w, const list *l)
{
    base(w, l);
    ost__sql_text(w, " || ");
    given(w, l);
}

static bool is_placed(const ost_change *c)
{
    return c->position_parameter != OST_NO_PARAMETER;
}

static bool is_sliced(const ost_change *c)
{
    return c->slice_parameter != OST_NO_PARAMETER;
}

/* Of the base, whatever its first subscript is. */
static void part(ost__sql_writer *w, const list *l, const char *from, const char *to)
{
    ost__sql_text(w, "((");
    base(w, l);
    ost__sql_text(w, ")[:])[");
    ost__sql_text(w, from);
    ost__sql_text(w, "LEAST(");
    ost__sql_bind_count(w, l->change->position_parameter);
    ost__sql_text(w, ", " MOST_ITEMS ")::int4");
    ost__sql_text(w, to);
    ost__sql_text(w, "]");
}

static void placed(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "(");
    if (is_placed(l->change)) {
        part(w, l, ":", "");
        ost__sql_text(w, " || ");
        given(w, l);
        ost__sql_text(w, " || ");
        part(w, l, "", " + 1:");
    } else {
        joined(w, l);
    }
    ost__sql_text(w, ")");
}

static void push_to_array(ost__sql_writer *w, const list *l)
{
    uint32_t slice = l->change->slice_parameter;
    if (!is_sliced(l->change)) {
        placed(w, l);
        return;
    }
    ost__sql_text(w, "CASE WHEN ");
    ost__sql_bind_count(w, slice);
    ost__sql_text(w, " < 0 THEN ");
    placed(w, l);
    ost__sql_text(w, "[GREATEST(");
    length_of(w, l, placed);
    ost__sql_text(w, " + ");
    ost__sql_bind_count(w, slice);
    ost__sql_text(w, " + 1, 1)::int4:] ELSE ");
    placed(w, l);
    ost__sql_text(w, "[:LEAST(");
    ost__sql_bind_count(w, slice);
    ost__sql_text(w, ", " MOST_ITEMS ")::int4] END");
}

/* Where an item of both lists together goes to: the new ones to the position. */
static void place(ost__sql_writer *w, const list *l)
{
    if (!is_placed(l->change)) {
        ost__sql_text(w, "e.o");
        return;
    }
    ost__sql_text(w, "CASE WHEN e.o <= LEAST(");
    ost__sql_bind_count(w, l->change->position_parameter);
    ost__sql_text(w, ", ");
    length_of(w, l, base);
    ost__sql_text(w, ") THEN e.o WHEN e.o <= ");
    length_of(w, l, base);
    ost__sql_text(w, " THEN e.o + ");
    length_of(w, l, given);
    ost__sql_text(w, " ELSE e.o - ");
    length_of(w, l, base);
    ost__sql_text(w, " + LEAST(");
    ost__sql_bind_count(w, l->change->position_parameter);
    ost__sql_text(w, ", ");
    length_of(w, l, base);
    ost__sql_text(w, ") END");
}

static void push_to_json(ost__sql_writer *w, const list *l)
{
    if (!is_placed(l->change) && !is_sliced(l->change)) {
        ost__sql_text(w, "(");
        joined(w, l);
        ost__sql_text(w, ")");
        return;
    }
    ost__sql_text(w, "(SELECT COALESCE(jsonb_agg(e.v ORDER BY ");
    place(w, l);
    ost__sql_text(w, "), '[]') FROM jsonb_array_elements(");
    joined(w, l);
    ost__sql_text(w, ") WITH ORDINALITY AS e(v, o)");
    if (is_sliced(l->change)) {
        ost__sql_text(w, " WHERE CASE WHEN ");
        ost__sql_bind_count(w, l->change->slice_parameter);
        ost__sql_text(w, " < 0 THEN ");
        place(w, l);
        ost__sql_text(w, " > ");
        length_of(w, l, base);
        ost__sql_text(w, " + ");
        length_of(w, l, given);
        ost__sql_text(w, " + ");
        ost__sql_bind_count(w, l->change->slice_parameter);
        ost__sql_text(w, " ELSE ");
        place(w, l);
        ost__sql_text(w, " <= ");
        ost__sql_bind_count(w, l->change->slice_parameter);
        ost__sql_text(w, " END");
    }
    ost__sql_text(w, ")");
}

static void each_of(ost__sql_writer *w, const list *l,
                    void (*write)(ost__sql_writer *, const list *))
{
    ost__sql_text(w, l->array ? " FROM unnest(" : " FROM jsonb_array_elements(");
    write(w, l);
    ost__sql_text(w, ") WITH ORDINALITY AS e(v, o)");
}

/* Those that the list does not have, each once and in their order. */
static void add_to_set(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "(");
    base(w, l);
    ost__sql_text(w, l->array ? " || ARRAY(SELECT d.v"
                              : " || (SELECT COALESCE(jsonb_agg(d.v ORDER BY d.o), '[]')");
    ost__sql_text(w, " FROM (SELECT e.v, min(e.o) AS o");
    each_of(w, l, given);
    ost__sql_text(w, " GROUP BY e.v) AS d WHERE ");
    if (l->array) {
        ost__sql_text(w, "(d.v = ANY (");
        base(w, l);
        ost__sql_text(w, ")) IS NOT TRUE ORDER BY d.o))");
    } else {
        ost__sql_text(w, "NOT ");
        base(w, l);
        ost__sql_text(w, " @> jsonb_build_array(d.v)))");
    }
}

static void pull(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "CASE WHEN ");
    before(w, l);
    ost__sql_text(w, l->array
                         ? " IS NOT NULL THEN ARRAY(SELECT e.v"
                         : " IS NOT NULL THEN (SELECT COALESCE(jsonb_agg(e.v ORDER BY e.o), '[]')");
    each_of(w, l, before);
    ost__sql_text(w, l->array ? " WHERE (e.v = ANY (" : " WHERE NOT ");
    given(w, l);
    ost__sql_text(w, l->array ? ")) IS NOT TRUE ORDER BY e.o) END"
                              : " @> jsonb_build_array(e.v)) END");
}

/* The structs of a list, those that meet a condition left out or changed. An absent list stays so.
 */
static void by_condition(ost__sql_writer *w, const list *l)
{
    const ost_change *c = l->change;
    ost__sql_text(w, "CASE WHEN ");
    before(w, l);
    ost__sql_text(w, " IS NOT NULL THEN (SELECT COALESCE(jsonb_agg(");
    ost__sql_begin_items(w, c);
    ost__sql_text(w, " ORDER BY e1.ordinality), '[]') FROM jsonb_array_elements(");
    before(w, l);
    ost__sql_text(w, ") WITH ORDINALITY AS e1");
    ost__sql_end_items(w, c);
    ost__sql_text(w, ") END");
}

static void list_after(ost__sql_writer *w, const ost_change *c)
{
    const list l = { .change = c,
                     .member = ost__sql_changed(w, c->field),
                     .array = w->items == 0 && ost__pg_is_array(w, c->field) };
    switch (c->op) {
    case OST_OP_PUSH:
        if (l.array)
            push_to_array(w, &l);
        else
            push_to_json(w, &l);
        break;
    case OST_OP_ADD_TO_SET: add_to_set(w, &l); break;
    case OST_OP_PULL: pull(w, &l); break;
    default: by_condition(w, &l); break;
    }
}

/* ---- documents ---- */

/* A value that is NULL, where there was none before, makes no member. */
static void replaced(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index,
                     void (*value)(ost__sql_writer *, const ost_change *), bool made)
{
    const ost_change *c = &s->changes[index];
    ost__sql_text(w, "jsonb_set(");
    ost__sql_document_after(w, s, index);
    ost__sql_text(w, ", ");
    path(w, c->field);
    ost__sql_text(w, ", COALESCE(");
    value(w, c);
    ost__sql_text(w, made ? ", 'null'))" : ", 'null'), false)");
}

static void given_value(ost__sql_writer *w, const ost_change *c)
{
    items_given(w, c, OST__SQL_INSIDE);
}

void ost__pg_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index)
{
    const ost_change *c = &s->changes[index];
    switch (c->op) {
    case OST_OP_SET: replaced(w, s, index, given_value, true); break;
    case OST_OP_SET_NULL:
        ost__sql_text(w, "(");
        ost__sql_document_after(w, s, index);
        ost__sql_text(w, " #- ");
        path(w, c->field);
        ost__sql_text(w, ")");
        break;
    case OST_OP_INC: replaced(w, s, index, sum, false); break;
    default:
        if (c->field == s->holder)
            list_after(w, c);
        else
            replaced(w, s, index, list_after, c->op == OST_OP_PUSH || c->op == OST_OP_ADD_TO_SET);
        break;
    }
}
