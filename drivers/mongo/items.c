/* SPDX-License-Identifier: MIT */
/* Items of lists: where conditions and expressions find what is inside them. */
#include "mongo/writing.h"

#include <string.h>

bool ost__mongo_is_item(const ost_field *f)
{
    return f->inside && f->inside->type == OST_TYPE_LIST;
}

/* ---- places in expressions ---- */

typedef struct finder {
    struct ost__mongo_layout *layout;
    ost__arena *arena; /* NULL: they are counted only */
    uint32_t count;
    bool failed;
} finder;

static bool is_known(const struct ost__mongo_layout *l, const ost_field *f, uint16_t source)
{
    for (uint32_t i = 0; i < l->item_count; i++)
        if (l->items[i].field == f && l->items[i].source == source)
            return true;
    return false;
}

/* "$e1", or "$e1.at.town" */
static void add(finder *x, const ost_field *f, uint16_t source)
{
    const char *name = f->inside ? f->path : f->column;
    struct ost__mongo_layout *l = x->layout;
    x->count++;
    if (!x->arena || is_known(l, f, source))
        return;
    size_t size = 16 + strlen(name ? name : "");
    char *path = ost__arena_alloc(x->arena, size, 1);
    if (!path) {
        x->failed = true;
        return;
    }
    if (ost__mongo_is_item(f))
        (void)ost__print(path, size, "$e%u", (unsigned)source);
    else
        (void)ost__print(path, size, "$e%u.%s", (unsigned)source, name);
    l->items[l->item_count++] =
        (ost__mongo_item_place){ .field = f, .source = source, .path = path };
}

static void in_node(finder *x, const ost_node *n)
{
    if (!n)
        return;
    if (n->op == OST_OP_MEMBER && n->source > 0)
        add(x, n->field, n->source);
    for (uint32_t i = 0; i < n->arg_count; i++)
        in_node(x, n->args[i]);
}

/* With the structs that a member of an item is in. */
static void in_change(finder *x, const ost_change *c)
{
    in_node(x, c->where);
    for (uint32_t i = 0; i < c->change_count; i++)
        for (const ost_field *f = c->changes[i].field; f; f = f->inside)
            add(x, f, 1);
}

static void in_shape(finder *x, const ost_shape *s)
{
    in_node(x, s->where);
    in_node(x, s->having);
    for (uint32_t i = 0; i < s->column_count; i++)
        in_node(x, s->columns[i]);
    for (uint32_t i = 0; i < s->order_count; i++)
        in_node(x, s->orders[i].node);
    for (uint32_t i = 0; i < s->change_count; i++)
        in_change(x, &s->changes[i]);
}

bool ost__mongo_items_of(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *out)
{
    finder x = { .layout = out };
    out->item_count = 0;
    in_shape(&x, s);
    if (x.count == 0)
        return true;
    out->items =
        ost__arena_alloc(arena, x.count * sizeof *out->items, _Alignof(ost__mongo_item_place));
    x.arena = arena;
    if (out->items)
        in_shape(&x, s);
    return out->items && !x.failed;
}

const char *ost__mongo_item_path(const ost__mongo_writer *w, const ost_field *f, uint16_t source)
{
    const struct ost__mongo_layout *l = w->plan->layout;
    for (uint32_t i = 0; l && i < l->item_count; i++)
        if (l->items[i].field == f && l->items[i].source == source)
            return l->items[i].path;
    return NULL;
}

/* ---- in expressions ---- */

void ost__mongo_item_name(uint32_t source, char out[16])
{
    (void)ost__print(out, 16, "e%u", (unsigned)source);
}

void ost__mongo_is_list_in(ost__mongo_writer *w, const char *path, const char *key, bson_t *out)
{
    bson_t test, sides;
    ost__mongo_open_document(w, out, key, &test);
    ost__mongo_open_array(w, &test, "$isArray", &sides);
    ost__mongo_path_in(w, &sides, "0", path);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, out, &test);
}

/* {$cond: [it is an array, it, []]} */
static void items(ost__mongo_writer *w, const char *path, const char *key, bson_t *out)
{
    bson_t node, choice, none;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    ost__mongo_is_list_in(w, path, "0", &choice);
    ost__mongo_path_in(w, &choice, "1", path);
    ost__mongo_open_array(w, &choice, "2", &none);
    ost__mongo_close_array(w, &choice, &none);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

/* {$eq: [the condition as a number, 2]} */
void ost__mongo_is_true_in(ost__mongo_writer *w, const ost_node *condition, const char *key,
                           bson_t *out)
{
    bson_t node, sides;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$eq", &sides);
    ost__mongo_logic(w, condition, "0", &sides);
    ost__mongo_int_in(w, &sides, "1", 2);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* {$anyElementTrue: [{$map: {input: the items, as: "e1", in: the condition is true}}]} */
void ost__mongo_any_item_in(ost__mongo_writer *w, const ost_node *n, const char *key, bson_t *out)
{
    const ost_node *list = n->args[0];
    const char *path = ost__mongo_path(w, list);
    char name[16];
    bson_t any, sides, node, map;
    ost__mongo_item_name(list->source + 1U, name);
    ost__mongo_open_document(w, out, key, &any);
    ost__mongo_open_array(w, &any, "$anyElementTrue", &sides);
    ost__mongo_open_document(w, &sides, "0", &node);
    ost__mongo_open_document(w, &node, "$map", &map);
    items(w, path ? path : "", "input", &map);
    ost__mongo_text_in(w, &map, "as", name);
    ost__mongo_is_true_in(w, n->args[1], "in", &map);
    ost__mongo_close_document(w, &node, &map);
    ost__mongo_close_document(w, &sides, &node);
    ost__mongo_close_array(w, &any, &sides);
    ost__mongo_close_document(w, out, &any);
}

/* {$cond: [it is an array, {$size: it}, null]} */
void ost__mongo_size_in(ost__mongo_writer *w, const ost_node *list, const char *key, bson_t *out)
{
    const char *path = ost__mongo_path(w, list);
    bson_t node, choice, size;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    ost__mongo_is_list_in(w, path ? path : "", "0", &choice);
    ost__mongo_open_document(w, &choice, "1", &size);
    ost__mongo_path_in(w, &size, "$size", path ? path : "");
    ost__mongo_close_document(w, &choice, &size);
    ost__mongo_null_in(w, &choice, "2");
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}
