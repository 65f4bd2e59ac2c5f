/* SPDX-License-Identifier: MIT */
/* Random conditions, changes and selections about what is inside documents. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

/* The member at the path, which leads through structs inside; NULL: there is none. */
static const ost_field *field_at(const ost_model *m, const char *path, size_t *offset)
{
    size_t size = strcspn(path, ".");
    for (const ost_field *f = m->fields; f->name; f++) {
        if (strlen(f->name) != size || strncmp(f->name, path, size) != 0)
            continue;
        *offset += f->offset;
        return path[size] ? field_at(f->embeds, path + size + 1, offset) : f;
    }
    return NULL;
}

static ost_expr *new_expr(world *w, uint16_t op)
{
    ost_expr *e = ev_take(&w->scratch, sizeof *e);
    e->op = op;
    e->struct_size = sizeof *e;
    return e;
}

static ost_expr *about_part(world *w, uint16_t op, const ev_schema *schema, const char *path)
{
    ost_expr *e = new_expr(w, op);
    const ost_field *f = field_at(schema->model, path, &e->member.offset);
    if (!f)
        abort();
    e->model = schema->model;
    e->member.path = path;
    e->member.size = f->size;
    return e;
}

const ost_expr *make_part(world *w, uint16_t op, const ev_schema *schema, const char *path)
{
    return about_part(w, op, schema, path);
}

/* ---- conditions ---- */

static const ost_expr *with_size(world *w, const ev_schema *schema, size_t field)
{
    const ost_expr *size = make_unary(w, OST_OP_SIZE, schema, field);
    uint16_t op = random_operator(w);
    size_t other;
    if (rng_chance(&w->rng, 80))
        return make_expr(w, op, size, make_value(w, ev_int((int64_t)rng_below(&w->rng, 6) - 1)));
    other = rng_below(&w->rng, schema->field_count);
    if (schema->fields[other].type == OST_TYPE_LIST)
        return make_expr(w, op, size, make_unary(w, OST_OP_SIZE, schema, other));
    if (ev_is_integer_type(schema->fields[other].type) && !ev_is_enum(&schema->fields[other]))
        return make_expr(w, op, make_member(w, schema, other), size);
    return make_expr(w, op, make_value(w, ev_real(1.5)), size);
}

size_t random_document_field(world *w, const ev_schema *schema)
{
    size_t first = rng_below(&w->rng, schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++)
        if (ev_is_document(&schema->fields[(first + i) % schema->field_count]))
            return (first + i) % schema->field_count;
    return SIZE_MAX;
}

const ost_expr *random_document_mistake(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    const ost_expr *member = make_member(w, schema, field);
    size_t plain = random_plain_field(w, schema);
    switch (rng_below(&w->rng, 7)) {
    case 0: return make_compare(w, random_operator(w), schema, field, ev_int(1));
    case 1: return make_compare(w, random_operator(w), schema, field, ev_text("[]"));
    case 2: return make_expr(w, random_operator(w), member, member);
    case 3: return make_compare(w, OST_OP_HAS_TEXT, schema, field, ev_text("a"));
    case 4: return make_compare(w, OST_OP_HAS_ITEM, schema, plain, ev_int(1));
    case 5:
        return make_expr(w, random_operator(w), make_unary(w, OST_OP_SIZE, schema, plain),
                         make_value(w, ev_int(1)));
    default: /* of the other kind of list */
        if (f->type == OST_TYPE_LIST && !f->items->model) {
            ost_expr *e = new_expr(w, OST_OP_HAS_PART);
            *e = *make_unary(w, OST_OP_HAS_PART, schema, field);
            e->args = make_list(w, NULL, 0);
            return e;
        }
        return make_compare(w, OST_OP_HAS_ITEM, schema, field, ev_int(1));
    }
}

static condition has_part(world *w, const ev_schema *schema, size_t field, int depth)
{
    const ev_field *f = &schema->fields[field];
    const ost_expr *library[3], *evaluator[3];
    size_t count = rng_chance(&w->rng, 5) ? 0 : 1 + rng_below(&w->rng, 3);
    ost_expr *theirs =
        ev_copy(&w->scratch, make_unary(w, OST_OP_HAS_PART, schema, field), sizeof *theirs);
    ost_expr *ours = ev_copy(&w->scratch, theirs, sizeof *ours);
    for (size_t i = 0; i < count; i++) {
        condition one = random_condition(w, f->items, depth > 1 ? 1 : 0);
        library[i] = one.library;
        evaluator[i] = one.evaluator;
    }
    theirs->args = make_list(w, library, count);
    ours->args = make_list(w, evaluator, count);
    return (condition){ .library = theirs, .evaluator = ours };
}

condition random_document_condition(world *w, const ev_schema *schema, size_t field, int depth)
{
    const ev_field *f = &schema->fields[field];
    condition out;
    if (f->type != OST_TYPE_LIST || rng_chance(&w->rng, 15)) {
        out.library = make_unary(w, rng_chance(&w->rng, 50) ? OST_OP_IS_NULL : OST_OP_NOT_NULL,
                                 schema, field);
    } else if (rng_chance(&w->rng, 30)) {
        out.library = with_size(w, schema, field);
    } else if (f->items->model) {
        return has_part(w, schema, field, depth);
    } else {
        out.library = make_compare(w, OST_OP_HAS_ITEM, schema, field,
                                   random_constant(&w->rng, &f->items->fields[0], false));
    }
    out.evaluator = out.library;
    return out;
}

/* ---- changes ---- */

/* A change by an array of the list's own kind. */
static const ost_expr *by_array(world *w, uint16_t op, const ev_schema *schema, size_t field,
                                size_t count)
{
    const ev_field *f = &schema->fields[field];
    ost_value list = random_list(&w->rng, f, count, &w->scratch);
    ost_expr *e = ev_copy(&w->scratch, make_unary(w, op, schema, field), sizeof *e);
    e->list = ev_list_of(&list)->items;
    e->list_count = count;
    return e;
}

static const ost_expr *random_push(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    const ost_expr *push;
    if (!f->items->model && rng_chance(&w->rng, 60))
        push = make_compare(w, OST_OP_PUSH, schema, field,
                            random_present(&w->rng, &f->items->fields[0]));
    else
        push = by_array(w, OST_OP_PUSH, schema, field,
                        rng_chance(&w->rng, 50) ? 1 : random_item_count(&w->rng));
    if (rng_chance(&w->rng, 40))
        push = make_expr(w, OST_OP_AT, push, make_value(w, ev_int((int64_t)rng_below(&w->rng, 5))));
    if (rng_chance(&w->rng, 40))
        push = make_expr(w, OST_OP_SLICE, push,
                         make_value(w, ev_int((int64_t)rng_below(&w->rng, 11) - 5)));
    return push;
}

static bool is_plain_number(const ev_field *f)
{
    return (ev_is_integer_type(f->type) && !ev_is_enum(f) && f->type != OST_TYPE_UINT64) ||
           f->type == OST_TYPE_DECIMAL || (f->type == OST_TYPE_DOUBLE && ev_is_called(f, "amount"));
}

/* Of the structs in a list, those that meet a condition. */
static const ost_expr *random_items_change(world *w, const ev_schema *schema, size_t field)
{
    const ev_schema *items = schema->fields[field].items;
    const ost_expr *args[CHANGES_MAX + 1];
    size_t count = 1, wanted = 2 + rng_below(&w->rng, 3);
    ost_expr *e;
    bool pull = rng_chance(&w->rng, 35);
    e = ev_copy(&w->scratch,
                make_unary(w, pull ? OST_OP_PULL_WHERE : OST_OP_UPDATE_ITEMS, schema, field),
                sizeof *e);
    args[0] = random_condition(w, items, 2).evaluator;
    for (size_t tries = 0; !pull && (count == 1 || (count < wanted && tries < 9)); tries++) {
        size_t i = random_plain_field(w, items);
        const ev_field *f = &items->fields[i];
        bool again = false;
        for (size_t n = 1; n < count; n++)
            again |= strcmp(args[n]->member.path, f->name) == 0;
        if (again)
            continue;
        if (is_plain_number(f) && rng_chance(&w->rng, 50))
            args[count++] = make_compare(w, OST_OP_INC, items, i, random_amount(&w->rng, f));
        else if (f->nullable && rng_chance(&w->rng, 30))
            args[count++] = make_unary(w, OST_OP_SET_NULL, items, i);
        else
            args[count++] =
                make_compare(w, OST_OP_SET, items, i, random_cell(&w->rng, f, &w->scratch));
    }
    e->args = make_list(w, args, count);
    return e;
}

const ost_expr *random_document_change(world *w, const ev_schema *schema, size_t field)
{
    const ev_field *f = &schema->fields[field];
    if (rng_chance(&w->rng, 15))
        return make_unary(w, OST_OP_SET_NULL, schema, field);
    if (f->type != OST_TYPE_LIST)
        return make_compare(w, OST_OP_SET, schema, field, random_cell(&w->rng, f, &w->scratch));
    if (rng_chance(&w->rng, 20))
        return by_array(w, OST_OP_SET, schema, field, random_item_count(&w->rng));
    if (rng_chance(&w->rng, 40))
        return random_push(w, schema, field);
    if (f->items->model)
        return random_items_change(w, schema, field);
    if (rng_chance(&w->rng, 50))
        return make_compare(w, OST_OP_ADD_TO_SET, schema, field,
                            random_present(&w->rng, &f->items->fields[0]));
    return make_compare(w, OST_OP_PULL, schema, field,
                        f->items->fields[0].type == OST_TYPE_UINT64
                            ? random_present(&w->rng, &f->items->fields[0])
                            : random_constant(&w->rng, &f->items->fields[0], false));
}

/* The path of a struct inside, one of those around the member. */
static const char *random_part_path(world *w, const ev_field *f)
{
    char *path = ev_copy_text(&w->scratch, f->name), *dot;
    for (int n = rng_chance(&w->rng, 50); (dot = strrchr(path, '.')) != NULL; n--) {
        *dot = '\0';
        if (n == 0 || !strchr(path, '.'))
            return path;
    }
    return NULL;
}

const ost_expr *random_part_change(world *w, const ev_schema *schema)
{
    const ev_field *f = &schema->fields[rng_below(&w->rng, schema->field_count)];
    const char *path = f->document ? random_part_path(w, f) : NULL;
    ost_expr *e;
    char *record;
    if (!path)
        return NULL;
    e = about_part(w, OST_OP_SET, schema, path);
    record = ev_take(&w->scratch, schema->size);
    for (size_t i = 0; i < schema->field_count; i++)
        if (ev_is_inside(schema->fields[i].name, path)) {
            ost_value v = random_cell(&w->rng, &schema->fields[i], &w->scratch);
            ev_write(&schema->fields[i], record, &v);
        }
    e->list = record + e->member.offset;
    e->list_count = 1;
    return e;
}

const ost_expr *changed_member(const ost_expr *change)
{
    while (change->op == OST_OP_AT || change->op == OST_OP_SLICE)
        change = change->args[0];
    return change;
}

bool documents_have_too_much(const world *w, const ev_schema *schema, const ost_expr *change)
{
    const ev_limits *most = &w->limits->values;
    size_t list = ev_find_field(schema, change->member.path);
    const ev_field *of = list == SIZE_MAX ? NULL : &schema->fields[list];
    ev_scratch *s = w->store.scratch;
    ost_value v;
    for (size_t i = 0; !of && i < schema->field_count; i++) {
        ev_field f = schema->fields[i];
        if (!ev_is_inside(f.name, change->member.path))
            continue;
        f.offset -= change->member.offset;
        v = ev_read(&f, change->list, s);
        if (!ev_keeps(most, &f, &v))
            return true;
    }
    if (!of || (!change->list && ev_is_null(&change->value)))
        return false;
    if (!change->list) { /* what no item can be is not sent */
        v = change->value;
        return ev_fit(&of->items->fields[0], &v) == OST_OK &&
               !ev_keeps(most, &of->items->fields[0], &v);
    }
    v = ev_read_list(of, change->list, change->list_count, s);
    return !ev_keeps(most, of, &v);
}

void widen_to_documents(const ev_schema *schema, bool *which)
{
    for (size_t i = 0; i < schema->field_count; i++)
        for (size_t j = 0; which[i] && j < schema->field_count; j++) {
            const char *a = schema->fields[i].document, *b = schema->fields[j].document;
            which[j] |= a && b && strcmp(a, b) == 0;
        }
}

/* ---- selections ---- */

/* Whether a list is read into one of its kind. */
static bool takes_list(const ev_field *to, const ev_field *from)
{
    const ev_schema *a = to->items, *b = from->items;
    if (to->type != from->type || to->type != OST_TYPE_LIST)
        return to->type == from->type && ev_is_document(to);
    if (a->model || b->model)
        return a->model == b->model;
    return a->fields[0].type == b->fields[0].type &&
           a->fields[0].precision == b->fields[0].precision &&
           a->fields[0].scale == b->fields[0].scale && a->fields[0].values == b->fields[0].values;
}

static size_t any_list(const ev_schema *schema)
{
    size_t i = 0;
    while (schema->fields[i].type != OST_TYPE_LIST)
        i++;
    return i;
}

void random_bundle(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table], *result = &w->bundle;
    size_t wanted = 1 + rng_below(&w->rng, 4);
    ev_query *q = &a->query;
    q->result = result;
    if (schema->model == &crate_model && rng_chance(&w->rng, 40))
        q->selects[q->select_count++] =
            make_as_part(w, result, "nook", make_part(w, OST_OP_MEMBER, schema, "home.nook"));
    for (size_t tries = 0; q->select_count < wanted && tries < 20; tries++) {
        size_t from = rng_below(&w->rng, schema->field_count);
        for (size_t to = 0; to < result->field_count; to++) {
            bool taken = !takes_list(&result->fields[to], &schema->fields[from]);
            for (size_t i = 0; i < q->select_count; i++)
                taken |= ev_is_inside(result->fields[to].name, q->selects[i]->member.path);
            if (taken)
                continue;
            q->selects[q->select_count++] = make_as(w, result, to, make_member(w, schema, from));
            break;
        }
    }
    if (rng_chance(&w->rng, 30))
        (void)select_into(w, a, make_unary(w, OST_OP_SIZE, schema, any_list(schema)));
    (void)select_into(w, a, make_member(w, schema, random_plain_field(w, schema)));
    if (q->select_count == 0)
        (void)select_into(w, a, make_expr(w, OST_OP_COUNT, NULL, NULL));
}
