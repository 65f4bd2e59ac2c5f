/* SPDX-License-Identifier: MIT */
/*
 * Changes inside documents. Each writes an expression for the document after it around the one for
 * the document before it; what they compute with are the members as they are stored, so that all of
 * them see the values from before.
 */
#include <string.h>

#include "base/scalar.h"
#include "mysql/inside.h"
#include "mysql/numbers.h"
#include "mysql/types.h"

/* ---- numbers ---- */

/* In the form that JSON has: decimals and the largest integers are texts. A float is printed with
 * all its digits only as a double. */
static void sum(ost__sql_writer *w, const ost_change *c)
{
    const ost_field *f = c->field;
    switch (ost__my_kind_of(f)) {
    case OST_TYPE_UINT64:
    case OST_TYPE_DECIMAL:
        ost__sql_text(w, "CAST(CAST(");
        ost__my_increment(w, c);
        ost__sql_text(w, " AS DECIMAL(");
        ost__buffer_uint(w->out, ost__my_kind_of(f) == OST_TYPE_DECIMAL ? f->precision : 20);
        ost__sql_text(w, ",");
        ost__buffer_uint(w->out, ost__my_kind_of(f) == OST_TYPE_DECIMAL ? f->scale : 0);
        ost__sql_text(w, ")) AS CHAR)");
        break;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE:
        ost__sql_text(w, "CAST(");
        ost__my_increment(w, c);
        ost__sql_text(w, " AS DOUBLE)");
        break;
    default: ost__my_increment(w, c); break;
    }
}

/* ---- lists ---- */

typedef struct list {
    const ost_change *change;
    ost_node member;
} list;

static void before(ost__sql_writer *w, const void *l)
{
    ost__my_json_of(w, &((const list *)l)->member);
}

/* An absent list is an empty one, if something is added to it. */
static void base(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "COALESCE(");
    before(w, l);
    ost__sql_text(w, ", '[]')");
}

static void given(ost__sql_writer *w, const void *l)
{
    const ost_change *c = ((const list *)l)->change;
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
}

static void joined(ost__sql_writer *w, const void *l)
{
    ost__sql_text(w, "JSON_MERGE_PRESERVE(");
    base(w, l);
    ost__sql_text(w, ", ");
    given(w, l);
    ost__sql_text(w, ")");
}

static void base_length(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "JSON_LENGTH(");
    base(w, l);
    ost__sql_text(w, ")");
}

static void given_length(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "JSON_LENGTH(");
    given(w, l);
    ost__sql_text(w, ")");
}

static bool is_placed(const ost_change *c)
{
    return c->position_parameter != OST_NO_PARAMETER;
}

static bool is_sliced(const ost_change *c)
{
    return c->slice_parameter != OST_NO_PARAMETER;
}

/* Where an item of both lists together goes to: the new ones to the position. */
static void place(ost__sql_writer *w, const list *l)
{
    if (!is_placed(l->change)) {
        ost__sql_text(w, "e1.o");
        return;
    }
    ost__sql_text(w, "CASE WHEN e1.o <= LEAST(");
    ost__sql_bind_count(w, l->change->position_parameter);
    ost__sql_text(w, ", ");
    base_length(w, l);
    ost__sql_text(w, ") THEN e1.o WHEN e1.o <= ");
    base_length(w, l);
    ost__sql_text(w, " THEN e1.o + ");
    given_length(w, l);
    ost__sql_text(w, " ELSE e1.o - ");
    base_length(w, l);
    ost__sql_text(w, " + LEAST(");
    ost__sql_bind_count(w, l->change->position_parameter);
    ost__sql_text(w, ", ");
    base_length(w, l);
    ost__sql_text(w, ") END");
}

/* "(SELECT …": a list of all that stands in `e1.value`, or what `changed` makes of it. */
static void begin_list(ost__sql_writer *w)
{
    ost__sql_text(w, "(SELECT CONCAT('[', COALESCE(GROUP_CONCAT(");
}

static void end_list(ost__sql_writer *w)
{
    ost__sql_text(w, " SEPARATOR ','), ''), ']') FROM ");
}

static void slice(ost__sql_writer *w, const list *l)
{
    uint32_t most = l->change->slice_parameter;
    ost__sql_text(w, " WHERE CASE WHEN ");
    ost__sql_bind_count(w, most);
    ost__sql_text(w, " < 0 THEN ");
    place(w, l);
    ost__sql_text(w, " > ");
    base_length(w, l);
    ost__sql_text(w, " + ");
    given_length(w, l);
    ost__sql_text(w, " + ");
    ost__sql_bind_count(w, most);
    ost__sql_text(w, " ELSE ");
    place(w, l);
    ost__sql_text(w, " <= ");
    ost__sql_bind_count(w, most);
    ost__sql_text(w, " END");
}

static void push(ost__sql_writer *w, const list *l)
{
    if (!is_placed(l->change) && !is_sliced(l->change)) {
        joined(w, l);
        return;
    }
    begin_list(w);
    ost__sql_text(w, "e1.value ORDER BY ");
    place(w, l);
    end_list(w);
    ost__my_table(w, joined, l);
    ost__sql_text(w, " AS e1");
    if (is_sliced(l->change))
        slice(w, l);
    ost__sql_text(w, ")");
}

/* Whether two items are the same, as values of their kind. */
static void same(ost__sql_writer *w, const ost_field *f)
{
    ost_field item = ost__item_field(f);
    ost_node member = { .op = OST_OP_MEMBER, .type = item.type, .field = &item, .source = 2 };
    item.inside = f;
    ost__my_inside(w, &member);
    ost__sql_text(w, " = ");
    member.source = 1;
    ost__my_inside(w, &member);
}

/* Those that do not stand before already. */
static void add_to_set(ost__sql_writer *w, const list *l)
{
    begin_list(w);
    ost__sql_text(w, "e1.value ORDER BY e1.o");
    end_list(w);
    ost__my_table(w, joined, l);
    ost__sql_text(w, " AS e1 WHERE e1.o <= ");
    base_length(w, l);
    ost__sql_text(w, " OR NOT EXISTS (SELECT 1 FROM ");
    ost__my_table(w, joined, l);
    ost__sql_text(w, " AS e2 WHERE e2.o < e1.o AND ");
    same(w, l->change->field);
    ost__sql_text(w, "))");
}

static void if_there(ost__sql_writer *w, const list *l)
{
    ost__sql_text(w, "CASE WHEN ");
    before(w, l);
    ost__sql_text(w, " IS NOT NULL THEN ");
}

static void pull(ost__sql_writer *w, const list *l)
{
    if_there(w, l);
    begin_list(w);
    ost__sql_text(w, "e1.value ORDER BY e1.o");
    end_list(w);
    ost__my_table(w, before, l);
    ost__sql_text(w, " AS e1 WHERE NOT EXISTS (SELECT 1 FROM ");
    ost__my_table(w, given, l);
    ost__sql_text(w, " AS e2 WHERE ");
    same(w, l->change->field);
    ost__sql_text(w, ")) END");
}

/* The structs of a list, those that meet a condition left out or changed. An absent list stays so.
 */
static void by_condition(ost__sql_writer *w, const list *l)
{
    const ost_change *c = l->change;
    if_there(w, l);
    begin_list(w);
    ost__sql_begin_items(w, c);
    ost__sql_text(w, " ORDER BY e1.o");
    end_list(w);
    ost__my_table(w, before, l);
    ost__sql_text(w, " AS e1");
    ost__sql_end_items(w, c);
    ost__sql_text(w, ") END");
}

static void list_after(ost__sql_writer *w, const ost_change *c)
{
    const list l = { .change = c, .member = ost__sql_changed(w, c->field) };
    switch (c->op) {
    case OST_OP_PUSH: push(w, &l); break;
    case OST_OP_ADD_TO_SET: add_to_set(w, &l); break;
    case OST_OP_PULL: pull(w, &l); break;
    default: by_condition(w, &l); break;
    }
}

/* ---- documents ---- */

/* A text that is JSON, as a value within JSON. */
static void as_json(ost__sql_writer *w, const ost_change *c,
                    void (*text)(ost__sql_writer *, const ost_change *))
{
    bool mariadb = ost__my_flavour_in(w)->mariadb;
    ost__sql_text(w, mariadb ? "JSON_COMPACT(" : "CAST(");
    text(w, c);
    ost__sql_text(w, mariadb ? ")" : " AS JSON)");
}

static void given_value(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
}

static void change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index)
{
    const ost_change *c = &s->changes[index];
    const ost_node member = ost__sql_changed(w, c->field);
    bool made = c->op == OST_OP_SET || c->op == OST_OP_PUSH || c->op == OST_OP_ADD_TO_SET;
    if (c->field == s->holder) {
        list_after(w, c);
        return;
    }
    /* What is NULL, where there was nothing before, makes no member. */
    ost__sql_text(w, c->op == OST_OP_SET_NULL ? "JSON_REMOVE("
                     : made                   ? "JSON_SET("
                                              : "JSON_REPLACE(");
    ost__sql_document_after(w, s, index);
    ost__my_steps(w, &member);
    if (c->op != OST_OP_SET_NULL)
        ost__sql_text(w, ", ");
    switch (c->op) {
    case OST_OP_SET: as_json(w, c, given_value); break;
    case OST_OP_SET_NULL: break;
    case OST_OP_INC: sum(w, c); break;
    default: as_json(w, c, list_after); break;
    }
    ost__sql_text(w, ")");
}

/* Of those that change a column; the last of an item's is not. */
static bool is_last(const ost__sql_subject *s, uint32_t index)
{
    if (!s->holder)
        return false;
    for (uint32_t i = index + 1; i < s->count; i++)
        if (ost__sql_holder_of(&s->changes[i]) == s->holder)
            return false;
    return true;
}

void ost__my_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index)
{
    /* As texts, documents are equal if they are written alike: without white space. */
    bool compact = ost__my_flavour_in(w)->mariadb && is_last(s, index);
    ost__sql_text(w, compact ? "JSON_COMPACT(" : "");
    change_inside(w, s, index);
    ost__sql_text(w, compact ? ")" : "");
}
