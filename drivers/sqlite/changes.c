/* SPDX-License-Identifier: MIT */
/*
 * Changes inside documents: each turns an expression for the document before it into one for the
 * document after it, so that several of one column stand within each other.
 */
#include "sqlite/dialect.h"

#include "sql/writer.h"
#include "sqlite/types.h"

/* What is changed: members of a column's document, or of an item of a list. */
typedef struct subject {
    const ost_change *changes;
    uint32_t count;
    const ost_field *holder; /* the column; NULL: an item */
    const ost_field *list;   /* of an item: the list that it is in */
    const char *document;    /* of an item: what it is called */
} subject;

static void document(ost__sql_writer *w, const subject *s, uint32_t count);

static ost_node member_of(const subject *s, const ost_field *f)
{
    return (ost_node){ .op = OST_OP_MEMBER, .field = f, .source = s->holder ? 0 : 1 };
}

static void path(ost__sql_writer *w, const subject *s, const ost_field *f)
{
    const ost_node member = member_of(s, f);
    ost__sql_text(w, ", '$");
    ost__sql_steps(w, &member, ".\"", "\"");
    ost__sql_text(w, "'");
}

/* A value in the form that JSON has: the parameter is bound so. */
static void json_value(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_text(w, "json(");
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
    ost__sql_text(w, ")");
}

/* The function finds the field by its number, or by those of a list and of a member of its items.
 */
static int64_t number_of(const ost__sql_writer *w, const subject *s, const ost_field *f)
{
    const ost_table *t = w->shape->table;
    if (s->holder || !s->list)
        return f - t->fields;
    return (s->list - t->fields + 1) * OST__ITEM_NUMBER + (f - s->list->part->fields);
}

static void sum(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    const ost_field *f = c->field;
    uint16_t kind = ost__kind_of(f);
    bool digits = kind == OST_TYPE_DECIMAL || kind == OST_TYPE_UINT64;
    ost__sql_text(w, "json_set(");
    document(w, s, before);
    path(w, s, f);
    ost__sql_text(w, digits ? ", ostler_digits(ostler_add(" : ", ostler_add(");
    if (kind == OST_TYPE_DECIMAL)
        ost__sql_text(w, "ostler_number(");
    else if (digits)
        ost__sql_text(w, "CAST(");
    ost__sql_text(w, "json_extract(");
    document(w, s, before);
    path(w, s, f);
    ost__sql_text(w, ")");
    if (kind == OST_TYPE_DECIMAL) {
        ost__sql_text(w, ", ");
        ost__buffer_int(w->out, ost__form_code(ost__form_of(f)));
        ost__sql_text(w, ")");
    } else if (digits) {
        ost__sql_text(w, " AS INTEGER)");
    }
    ost__sql_text(w, ", ");
    ost__sql_bind_field(w, c->parameter, OST__SQL_AMOUNT, f);
    ost__sql_text(w, ", ");
    ost__buffer_int(w->out, number_of(w, s, f));
    ost__sql_text(w, ")");
    if (digits) {
        ost__sql_text(w, ", ");
        ost__buffer_int(w->out, ost__form_code(ost__form_of(f)));
        ost__sql_text(w, ")");
    }
    ost__sql_text(w, ")");
}

/* ---- lists ---- */

/* The list as it is before a change. */
static void list_before(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    if (c->field == s->holder) {
        document(w, s, before);
        return;
    }
    ost__sql_text(w, "json_extract(");
    document(w, s, before);
    path(w, s, c->field);
    ost__sql_text(w, ")");
}

static void push(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    ost__sql_text(w, "ostler_push(");
    list_before(w, s, c, before);
    ost__sql_text(w, ", ");
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
    ost__sql_text(w, ", ");
    if (c->position_parameter == OST_NO_PARAMETER)
        ost__sql_text(w, "NULL");
    else
        ost__sql_bind_count(w, c->position_parameter);
    ost__sql_text(w, ", ");
    if (c->slice_parameter == OST_NO_PARAMETER)
        ost__sql_text(w, "NULL");
    else
        ost__sql_bind_count(w, c->slice_parameter);
    ost__sql_text(w, ")");
}

static void with_items(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    ost__sql_text(w, c->op == OST_OP_PULL ? "ostler_pull(" : "ostler_add_to_set(");
    list_before(w, s, c, before);
    ost__sql_text(w, ", ");
    ost__sql_bind_field(w, c->parameter, OST__SQL_INSIDE, c->field);
    ost__sql_text(w, ")");
}

/* The structs of a list, those that meet a condition left out or changed. An absent list stays so.
 */
static void by_condition(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    const subject item = {
        .changes = c->changes, .count = c->change_count, .list = c->field, .document = "e1.value"
    };
    ost__sql_text(w, "CASE WHEN ");
    list_before(w, s, c, before);
    ost__sql_text(w, " IS NOT NULL THEN (SELECT json_group_array(json(");
    w->items++;
    if (c->op == OST_OP_UPDATE_ITEMS) {
        ost__sql_clause(w, "CASE WHEN ", c->where);
        ost__sql_text(w, " THEN ");
        document(w, &item, item.count);
        ost__sql_text(w, " ELSE e1.value END");
    } else {
        ost__sql_text(w, "e1.value");
    }
    ost__sql_text(w, ")) FROM json_each(");
    list_before(w, s, c, before);
    ost__sql_text(w, ") AS e1");
    if (c->op == OST_OP_PULL_WHERE) {
        ost__sql_clause(w, " WHERE (", c->where);
        ost__sql_text(w, ") IS NOT TRUE");
    }
    w->items--;
    ost__sql_text(w, ") END");
}

static void list_after(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    switch (c->op) {
    case OST_OP_PUSH: push(w, s, c, before); break;
    case OST_OP_ADD_TO_SET:
    case OST_OP_PULL: with_items(w, s, c, before); break;
    default: by_condition(w, s, c, before); break;
    }
}

/* A list inside a document; one that was absent is, if nothing was added, as JSON's null. */
static void inner_list(ost__sql_writer *w, const subject *s, const ost_change *c, uint32_t before)
{
    ost__sql_text(w, "json_set(");
    document(w, s, before);
    path(w, s, c->field);
    ost__sql_text(w, ", json(");
    list_after(w, s, c, before);
    ost__sql_text(w, "))");
}

/* ---- documents ---- */

static void one(ost__sql_writer *w, const subject *s, uint32_t index)
{
    const ost_change *c = &s->changes[index];
    switch (c->op) {
    case OST_OP_SET:
        ost__sql_text(w, "json_set(");
        document(w, s, index);
        path(w, s, c->field);
        ost__sql_text(w, ", ");
        json_value(w, c);
        ost__sql_text(w, ")");
        break;
    case OST_OP_SET_NULL:
        ost__sql_text(w, "json_remove(");
        document(w, s, index);
        path(w, s, c->field);
        ost__sql_text(w, ")");
        break;
    case OST_OP_INC: sum(w, s, c, index); break;
    default:
        if (c->field == s->holder)
            list_after(w, s, c, index);
        else
            inner_list(w, s, c, index);
        break;
    }
}

/* The document after those of the first `count` changes that are inside it. */
static void document(ost__sql_writer *w, const subject *s, uint32_t count)
{
    while (count > 0 && s->holder && !ost__sql_changes_document(&s->changes[count - 1], s->holder))
        count--;
    if (count > 0)
        one(w, s, count - 1);
    else if (s->holder)
        ost__sql_identifier(w, s->holder->column);
    else
        ost__sql_text(w, s->document);
}

void ost__sqlite_document(ost__sql_writer *w, const ost_field *holder)
{
    const subject s = { .changes = w->shape->changes,
                        .count = w->shape->change_count,
                        .holder = holder };
    document(w, &s, s.count);
}
