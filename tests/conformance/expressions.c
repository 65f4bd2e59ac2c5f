/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

enum { LIST_MAX = 80 };

static ost_expr *new_expr(world *w, uint16_t op)
{
    ost_expr *e = ev_take(&w->scratch, sizeof *e);
    e->op = op;
    e->struct_size = sizeof *e;
    return e;
}

static void point_at(ost_expr *e, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    e->model = schema->model;
    e->member.path = f->name;
    e->member.offset = f->offset;
    e->member.size = f->size;
    if (f->type != OST_TYPE_LIST)
        e->member.type = (uint16_t)(f->type | (f->optional ? OST_TYPE_OPTIONAL : 0));
}

const ost_expr *make_unary(world *w, uint16_t op, const ev_schema *schema, size_t field)
{
    ost_expr *e = new_expr(w, op);
    point_at(e, schema, field);
    return e;
}

const ost_expr *make_member(world *w, const ev_schema *schema, size_t field)
{
    return make_unary(w, OST_OP_MEMBER, schema, field);
}

const ost_expr *make_value(world *w, ost_value v)
{
    ost_expr *e = new_expr(w, OST_OP_VALUE);
    e->value = v;
    return e;
}

const ost_expr *make_compare(world *w, uint16_t op, const ev_schema *schema, size_t field,
                             ost_value v)
{
    ost_expr *e = new_expr(w, op);
    point_at(e, schema, field);
    e->value = v;
    return e;
}

const ost_expr *const *make_list(world *w, const ost_expr *const *items, size_t count)
{
    const ost_expr **list = ev_take_array(&w->scratch, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = items[i];
    list[count] = &ost_expr_end;
    return list;
}

const ost_expr *make_expr(world *w, uint16_t op, const ost_expr *a, const ost_expr *b)
{
    ost_expr *e = new_expr(w, op);
    const ost_expr *args[2];
    args[0] = a;
    args[1] = b;
    if (a)
        e->args = make_list(w, args, b ? 2 : 1);
    return e;
}

const ost_expr *make_as_part(world *w, const ev_schema *result, const char *path, const ost_expr *e)
{
    ost_expr *as = ev_copy(&w->scratch, make_part(w, OST_OP_AS, result, path), sizeof *as);
    as->args = make_list(w, &e, 1);
    return as;
}

const ost_expr *make_as(world *w, const ev_schema *result, size_t field, const ost_expr *e)
{
    ost_expr *as = new_expr(w, OST_OP_AS);
    point_at(as, result, field);
    as->args = make_list(w, &e, 1);
    return as;
}

/* ---- leaves ---- */

size_t random_plain_field(world *w, const ev_schema *schema)
{
    size_t field = rng_below(&w->rng, schema->field_count);
    while (ev_is_document(&schema->fields[field]))
        field = rng_below(&w->rng, schema->field_count);
    return field;
}

uint16_t random_operator(world *w)
{
    return (uint16_t)(OST_OP_EQ + rng_below(&w->rng, 6));
}

static bool is_ordered(uint16_t op)
{
    return op != OST_OP_EQ && op != OST_OP_NE;
}

/* A member and a constant, written in one of the three ways. */
static const ost_expr *with_constant(world *w, const ev_schema *schema, size_t field)
{
    uint16_t op = random_operator(w);
    ost_value v = random_constant(&w->rng, &schema->fields[field], is_ordered(op));
    switch (rng_below(&w->rng, 4)) {
    case 0: return make_expr(w, op, make_member(w, schema, field), make_value(w, v));
    case 1: return make_expr(w, op, make_value(w, v), make_member(w, schema, field));
    default: return make_compare(w, op, schema, field, v);
    }
}

static bool is_text(const ev_field *f)
{
    return f->type == OST_TYPE_TEXT || f->type == OST_TYPE_CHARS;
}

static bool is_real(const ev_field *f)
{
    return f->type == OST_TYPE_FLOAT || f->type == OST_TYPE_DOUBLE;
}

static bool is_integer(const ev_field *f)
{
    return ev_is_integer_type(f->type) && !ev_is_enum(f);
}

/* Integers compare with reals and decimals, texts with names; else like with like. */
bool members_compare(const ev_field *a, const ev_field *b)
{
    if (is_integer(a) || is_integer(b)) {
        const ev_field *other = is_integer(a) ? b : a;
        return is_integer(other) || is_real(other) || other->type == OST_TYPE_DECIMAL;
    }
    if (is_real(a))
        return is_real(b);
    if (is_text(a) || ev_is_enum(a))
        return (is_text(b) || ev_is_enum(b)) && a->caseless == b->caseless;
    return a->type == b->type;
}

static const ost_expr *with_member(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    size_t other = rng_below(&w->rng, schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++) {
        size_t j = (other + i) % schema->field_count;
        if (members_compare(f, &schema->fields[j]))
            return make_expr(w, random_operator(w), make_member(w, schema, field),
                             make_member(w, schema, j));
    }
    return with_constant(w, schema, field);
}

static const ost_expr *between(world *w, const ev_schema *schema, size_t field)
{
    ost_value low = random_constant(&w->rng, &schema->fields[field], true);
    ost_value high = random_constant(&w->rng, &schema->fields[field], true);
    return make_expr(w, OST_OP_AND, make_compare(w, OST_OP_GE, schema, field, low),
                     make_compare(w, OST_OP_LE, schema, field, high));
}

/* ---- lists ---- */

/* The kind of the items: the member's own, or a wider one that reaches beyond what the member
 * holds. */
static ev_field random_item(world *w, const ev_field *f)
{
    ev_field item = *f;
    bool wide = rng_chance(&w->rng, 30);
    if (f->type == OST_TYPE_CHARS || (ev_is_integer_type(f->type) && wide) ||
        (f->type == OST_TYPE_FLOAT && wide) || f->type == OST_TYPE_BOOL) {
        item.type = f->type == OST_TYPE_CHARS   ? OST_TYPE_TEXT
                    : f->type == OST_TYPE_FLOAT ? OST_TYPE_DOUBLE
                    : f->type == OST_TYPE_BOOL  ? (wide ? OST_TYPE_INT32 : OST_TYPE_BOOL)
                                                : OST_TYPE_INT64;
        item.optional = false;
    }
    if (f->type == OST_TYPE_DECIMAL && wide) {
        item.type = OST_TYPE_INT64;
        item.optional = false;
    }
    item.offset = 0;
    if (!item.optional)
        item.size = ev_bare_size(item.type);
    return item;
}

/* A value of the item's kind. */
static ost_value item_value(world *w, const ev_field *f, const ev_field *item)
{
    ev_field like = *item;
    like.values = NULL;
    like.precision = 38;
    for (int tries = 0; tries < 20; tries++) {
        ost_value v = random_constant(&w->rng, f, false);
        if (v.type == OST_TYPE_DECIMAL && item->type == OST_TYPE_DECIMAL)
            return v;
        if (!ev_is_number(&v) ? v.type == item->type : ev_fit(&like, &v) == OST_OK)
            return v;
    }
    return ev_is_integer_type(item->type) ? ev_int(1) : random_present(&w->rng, f);
}

static const ost_expr *in_list(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    ev_field item = random_item(w, f);
    ost_expr *e = new_expr(w, OST_OP_IN);
    char *items;
    size_t count = rng_chance(&w->rng, 10)   ? 0
                   : rng_chance(&w->rng, 30) ? 1
                   : rng_chance(&w->rng, 10) ? 20 + rng_below(&w->rng, LIST_MAX - 20)
                                             : 2 + rng_below(&w->rng, 4);
    point_at(e, schema, field);
    e->list_type = (uint16_t)(item.type | (item.optional ? OST_TYPE_OPTIONAL : 0));
    e->list_count = count;
    e->list_stride = item.size * (rng_chance(&w->rng, 10) ? 2 : 1);
    e->list = items = ev_take_array(&w->scratch, count + 1, e->list_stride);
    for (size_t i = 0; i < count; i++) {
        ost_value v = item_value(w, f, &item);
        if (i > 0 && rng_chance(&w->rng, 15))
            memcpy(items + i * e->list_stride, items, item.size);
        else
            ev_write(&item, items + i * e->list_stride, &v);
    }
    if (rng_chance(&w->rng, 40))
        return make_expr(w, OST_OP_NOT, e, NULL);
    return e;
}

const ost_expr *make_in(world *w, const ev_schema *schema, size_t field, const ost_value *values,
                        size_t count)
{
    ev_field item = schema->fields[field];
    ost_expr *e = new_expr(w, OST_OP_IN);
    char *items;
    if (item.type == OST_TYPE_CHARS)
        item.type = OST_TYPE_TEXT;
    item.offset = 0;
    if (!item.optional)
        item.size = ev_bare_size(item.type);
    point_at(e, schema, field);
    e->list_type = (uint16_t)(item.type | (item.optional ? OST_TYPE_OPTIONAL : 0));
    e->list_count = count;
    e->list_stride = item.size;
    e->list = items = ev_take_array(&w->scratch, count + 1, item.size);
    for (size_t i = 0; i < count; i++)
        ev_write(&item, items + i * item.size, &values[i]);
    return e;
}

static const ost_expr *random_leaf(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    static const uint16_t searches[] = { OST_OP_HAS_TEXT, OST_OP_STARTS_WITH, OST_OP_ENDS_WITH };
    if (is_text(f) && rng_chance(&w->rng, 45))
        return make_compare(w, searches[rng_below(&w->rng, 3)], schema, field,
                            random_needle(&w->rng));
    switch (rng_below(&w->rng, 12)) {
    case 0:
    case 1: return with_member(w, schema, field);
    case 2: return between(w, schema, field);
    case 3:
    case 4:
    case 5: return in_list(w, schema, field);
    case 6: return make_unary(w, OST_OP_IS_NULL, schema, field);
    case 7: return make_unary(w, OST_OP_NOT_NULL, schema, field);
    default: return with_constant(w, schema, field);
    }
}

/* ---- logic ---- */

static condition joined(world *w, const ev_schema *schema, int depth)
{
    uint16_t op = rng_chance(&w->rng, 50) ? OST_OP_AND : OST_OP_OR;
    size_t count = rng_chance(&w->rng, 5) ? 0 : 1 + rng_below(&w->rng, 3);
    const ost_expr *library[3], *evaluator[3];
    ost_expr *ours = new_expr(w, op), *theirs = new_expr(w, op);
    condition out;
    for (size_t i = 0; i < count; i++) {
        condition one = random_condition(w, schema, depth - 1);
        library[i] = one.library;
        evaluator[i] = one.evaluator;
    }
    ours->args = make_list(w, evaluator, count);
    theirs->args = make_list(w, library, count);
    out.evaluator = ours;
    out.library = theirs;
    if (rng_chance(&w->rng, 20))
        out.library = op == OST_OP_AND ? ost_both_list(w->session, library, count)
                                       : ost_either_list(w->session, library, count);
    return out;
}

condition random_condition(world *w, const ev_schema *schema, int depth)
{
    condition out;
    if (depth > 0 && rng_chance(&w->rng, 40)) {
        out = joined(w, schema, depth);
    } else if (depth > 0 && rng_chance(&w->rng, 20)) {
        condition inner = random_condition(w, schema, depth - 1);
        out.library = make_expr(w, OST_OP_NOT, inner.library, NULL);
        out.evaluator = make_expr(w, OST_OP_NOT, inner.evaluator, NULL);
    } else {
        size_t field = rng_below(&w->rng, schema->field_count);
        if (ev_is_document(&schema->fields[field]))
            return random_document_condition(w, schema, field, depth);
        out.library = out.evaluator = random_leaf(w, schema, field);
    }
    if (rng_chance(&w->rng, 4))
        out.library = ost_keep(w->session, out.library);
    return out;
}

/* ---- mistakes ---- */

static size_t field_of_type(const ev_schema *schema, uint16_t type)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (schema->fields[i].type == type && !ev_is_enum(&schema->fields[i]))
            return i;
    return 0;
}

const ost_expr *random_mistake(world *w, size_t table)
{
    const ev_schema *schema = &w->schemas[table];
    const ev_schema *other = &w->schemas[(table + 1) % MODEL_COUNT];
    const ost_expr *fine = make_unary(w, OST_OP_IS_NULL, schema, 0), *args[3] = { fine, NULL };
    size_t number = field_of_type(schema, OST_TYPE_INT32);
    size_t document = random_document_field(w, schema);
    ost_expr *e;
    if (document != SIZE_MAX && rng_chance(&w->rng, 50))
        return random_document_mistake(w, schema, document);
    switch (rng_below(&w->rng, 7)) {
    case 0: return NULL;
    case 1: return make_compare(w, OST_OP_EQ, other, 0, random_present(&w->rng, &other->fields[0]));
    case 2: return make_compare(w, random_operator(w), schema, number, ev_null());
    case 3: return make_compare(w, random_operator(w), schema, number, ev_text("1"));
    case 4:
        e = new_expr(w, OST_OP_OR);
        args[2] = fine;
        e->args = make_list(w, args, 3);
        return e;
    case 5: {
        static const char *const list[] = { "a", NULL };
        size_t text = field_of_type(schema, OST_TYPE_TEXT);
        e = new_expr(w, OST_OP_IN);
        point_at(e, schema, schema->fields[text].type == OST_TYPE_TEXT ? text : number);
        e->list = list;
        e->list_count = 2;
        e->list_stride = sizeof list[0];
        e->list_type = OST_TYPE_TEXT;
        return e;
    }
    default:
        return make_expr(w, OST_OP_GT, make_expr(w, OST_OP_COUNT, NULL, NULL),
                         make_value(w, ev_int(1)));
    }
}
