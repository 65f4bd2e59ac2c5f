/* SPDX-License-Identifier: MIT */
/*
 * Changes inside documents. Each writes an expression for the document after it around the one for
 * the document before it; what they compute with are the members as they are stored, so that all of
 * them see the values from before.
 */
#include "sqlite/dialect.h"

#include "sql/writer.h"
#include "sqlite/types.h"

static void path(ost__sql_writer *w, const ost_node *member)
{
    ost__sql_text(w, ", '$");
    ost__sql_steps(w, member, ".\"", "\"");
    ost__sql_text(w, "'");
}

/* A value or items in the form that JSON has: the parameter is bound so. */
static void given(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
}

/* ---- numbers ---- */

/* The function finds the field by its number, or by those of a list and of a member of its items.
 */
static int64_t number_of(const ost__sql_writer *w, const ost_field *f)
{
    const ost_table *t = w->shape->table;
    if (!w->list)
        return f - t->fields;
    return (w->list - t->fields + 1) * OST__ITEM_NUMBER + (f - w->list->part->fields);
}

/* In the form that JSON has: decimals and the largest integers are texts. */
static void sum(ost__sql_writer *w, const ost_change *c)
{
    const ost_field *f = c->field;
    const ost_node member = ost__sql_changed(w, f);
    uint16_t kind = ost__kind_of(f);
    bool digits = kind == OST_TYPE_DECIMAL || kind == OST_TYPE_UINT64;
    ost__sql_text(w, digits ? "ostler_digits(ostler_add(" : "ostler_add(");
    ost__sql_expression(w, &member);
    ost__sql_text(w, ", ");
    ost__sql_bind_field(w, c->parameter, OST__SQL_AMOUNT, f);
    ost__sql_text(w, ", ");
    ost__buffer_int(w->out, number_of(w, f));
    ost__sql_text(w, ")");
    if (digits) {
        ost__sql_text(w, ", ");
        ost__buffer_int(w->out, ost__form_code(ost__form_of(f)));
        ost__sql_text(w, ")");
    }
}

/* ---- lists ---- */

/* The list as it is stored. */
static void before(ost__sql_writer *w, const ost_node *list)
{
    if (!list->field->inside) {
        ost__sql_document(w, list);
        return;
    }
    ost__sql_text(w, "json_extract(");
    ost__sql_document(w, list);
    path(w, list);
    ost__sql_text(w, ")");
}

static void count(ost__sql_writer *w, uint32_t parameter)
{
    ost__sql_text(w, ", ");
    if (parameter == OST_NO_PARAMETER)
        ost__sql_text(w, "NULL");
    else
        ost__sql_bind_count(w, parameter);
}

static void with_items(ost__sql_writer *w, const ost_change *c)
{
    const ost_node list = ost__sql_changed(w, c->field);
    ost__sql_text(w, c->op == OST_OP_PUSH   ? "ostler_push("
                     : c->op == OST_OP_PULL ? "ostler_pull("
                                            : "ostler_add_to_set(");
    before(w, &list);
    ost__sql_text(w, ", ");
    given(w, c);
    if (c->op == OST_OP_PUSH) {
        count(w, c->position_parameter);
        count(w, c->slice_parameter);
    }
    ost__sql_text(w, ")");
}

/* The structs of a list, those that meet a condition left out or changed. An absent list stays so.
 */
static void by_condition(ost__sql_writer *w, const ost_change *c)
{
    const ost_node list = ost__sql_changed(w, c->field);
    ost__sql_text(w, "CASE WHEN ");
    before(w, &list);
    ost__sql_text(w, " IS NOT NULL THEN (SELECT json_group_array(json(");
    ost__sql_begin_items(w, c);
    ost__sql_text(w, ")) FROM json_each(");
    before(w, &list);
    ost__sql_text(w, ") AS e1");
    ost__sql_end_items(w, c);
    ost__sql_text(w, ") END");
}

static void list_after(ost__sql_writer *w, const ost_change *c)
{
    if (c->op == OST_OP_PULL_WHERE || c->op == OST_OP_UPDATE_ITEMS)
        by_condition(w, c);
    else
        with_items(w, c);
}

/* ---- documents ---- */

/* A text that is JSON, as a value within JSON. */
static void as_json(ost__sql_writer *w, const ost_change *c,
                    void (*text)(ost__sql_writer *, const ost_change *))
{
    ost__sql_text(w, "json(");
    text(w, c);
    ost__sql_text(w, ")");
}

/* Whether what is absent stays so. */
static bool keeps_absent(const ost_change *c)
{
    return c->op == OST_OP_INC || c->op == OST_OP_PULL || c->op == OST_OP_PULL_WHERE ||
           c->op == OST_OP_UPDATE_ITEMS;
}

void ost__sqlite_change_inside(ost__sql_writer *w, const ost__sql_subject *s, uint32_t index)
{
    const ost_change *c = &s->changes[index];
    const ost_node member = ost__sql_changed(w, c->field);
    if (c->field == s->holder) {
        list_after(w, c);
        return;
    }
    ost__sql_text(w, c->op == OST_OP_SET_NULL ? "json_remove("
                     : keeps_absent(c)        ? "json_replace("
                                              : "json_set(");
    ost__sql_document_after(w, s, index);
    path(w, &member);
    if (c->op != OST_OP_SET_NULL)
        ost__sql_text(w, ", ");
    switch (c->op) {
    case OST_OP_SET: as_json(w, c, given); break;
    case OST_OP_SET_NULL: break;
    case OST_OP_INC: sum(w, c); break;
    default: as_json(w, c, list_after); break;
    }
    ost__sql_text(w, ")");
}
