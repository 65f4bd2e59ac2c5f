/* SPDX-License-Identifier: MIT */
/* Which documents the stages of a pipeline hand on, and where in them a node finds its value. */
#include "mongo/writing.h"

#include <string.h>

bool ost__mongo_same(const ost_node *a, const ost_node *b)
{
    if (a == b)
        return true;
    if (a->op != b->op || a->type != b->type || a->scale != b->scale || a->field != b->field ||
        a->source != b->source || a->parameter != b->parameter || a->constant != b->constant ||
        a->arg_count != b->arg_count)
        return false;
    for (uint32_t i = 0; i < a->arg_count; i++)
        if (!ost__mongo_same(a->args[i], b->args[i]))
            return false;
    return true;
}

static const ost__mongo_place *find(const ost__mongo_place *places, uint32_t count,
                                    const ost_node *node)
{
    for (uint32_t i = 0; i < count; i++)
        if (ost__mongo_same(places[i].node, node))
            return &places[i];
    return NULL;
}

/* Where it is among what the last stage hands on; NULL: nowhere. */
static const ost__mongo_place *place_of(const ost__mongo_writer *w, const ost_node *node)
{
    const struct ost__mongo_layout *l = w->plan->layout;
    if (!l)
        return NULL;
    if (w->after_distinct)
        return find(l->distinct, l->distinct_count, node);
    if (ost__mongo_is_aggregate(node))
        return find(l->aggregates, l->aggregate_count, node);
    return node->op == OST_OP_MEMBER ? find(l->groups, l->group_count, node) : NULL;
}

/* A match of items names what is in them, an expression has them as variables. */
static const char *name_of(const ost__mongo_writer *w, const ost_node *node)
{
    if (node->op != OST_OP_MEMBER)
        return NULL;
    if (node->source == w->item)
        return ost__mongo_name(w->table, node->field);
    return ost__mongo_item_path(w, node->field, node->source);
}

const char *ost__mongo_path(const ost__mongo_writer *w, const ost_node *node)
{
    const ost__mongo_place *place = w->after_group ? place_of(w, node) : NULL;
    if (!w->after_group || node->source > 0)
        return name_of(w, node);
    return place ? place->path : NULL;
}

const char *ost__mongo_order_path(const ost__mongo_writer *w, const ost_node *node)
{
    const ost__mongo_place *place = w->after_group ? place_of(w, node) : NULL;
    if (!w->after_group)
        return name_of(w, node);
    return place ? place->order : NULL;
}

void ost__mongo_key_in(ost__mongo_writer *w, bson_t *out, const char *key, const ost_node *node)
{
    const char *path = ost__mongo_path(w, node);
    bson_t test, sides;
    if (!path || !node->nullable) {
        (void)ost__mongo_expression(w, node, key, out);
        return;
    }
    ost__mongo_open_document(w, out, key, &test);
    ost__mongo_open_array(w, &test, "$ifNull", &sides);
    ost__mongo_path_in(w, &sides, "0", path);
    ost__mongo_null_in(w, &sides, "1");
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, out, &test);
}

/* ---- finding what needs a place ---- */

static const char *numbered(ost__arena *arena, const char *name, uint32_t number)
{
    char text[32];
    size_t size = ost__print(text, sizeof text, "%s%u", name, (unsigned)number);
    return ost__arena_text(arena, text, size);
}

/* How many aggregates there are in a tree. */
static uint32_t aggregates_in(const ost_node *n)
{
    uint32_t count = 0;
    if (ost__mongo_is_aggregate(n))
        return 1;
    for (uint32_t i = 0; i < n->arg_count; i++)
        count += aggregates_in(n->args[i]);
    return count;
}

static bool add_aggregates(struct ost__mongo_layout *l, ost__arena *arena, const ost_node *n)
{
    if (!ost__mongo_is_aggregate(n)) {
        for (uint32_t i = 0; i < n->arg_count; i++)
            if (!add_aggregates(l, arena, n->args[i]))
                return false;
        return true;
    }
    if (find(l->aggregates, l->aggregate_count, n))
        return true;
    bool quotient = ost__mongo_is_quotient(n);
    ost__mongo_place *place = &l->aggregates[l->aggregate_count];
    place->node = n;
    place->path = numbered(arena, quotient ? "v" : "a", l->aggregate_count);
    place->order = numbered(arena, quotient ? "q" : "a", l->aggregate_count++);
    return place->path && place->order;
}

static bool add_all_aggregates(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *l)
{
    uint32_t most = s->having ? aggregates_in(s->having) : 0;
    for (uint32_t i = 0; i < s->column_count; i++)
        most += aggregates_in(s->columns[i]);
    for (uint32_t i = 0; i < s->order_count; i++)
        most += aggregates_in(s->orders[i].node);
    l->aggregates =
        ost__arena_alloc(arena, (most + 1) * sizeof *l->aggregates, _Alignof(ost__mongo_place));
    if (!l->aggregates)
        return false;
    for (uint32_t i = 0; i < s->column_count; i++)
        if (!add_aggregates(l, arena, s->columns[i]))
            return false;
    for (uint32_t i = 0; i < s->order_count; i++)
        if (!add_aggregates(l, arena, s->orders[i].node))
            return false;
    return !s->having || add_aggregates(l, arena, s->having);
}

static bool add_places(ost__mongo_place **out, uint32_t *count, const ost_node *const *nodes,
                       uint32_t node_count, const char *name, ost__arena *arena)
{
    ost__mongo_place *places =
        ost__arena_alloc(arena, (node_count + 1) * sizeof *places, _Alignof(ost__mongo_place));
    if (!places)
        return false;
    *out = places;
    *count = node_count;
    for (uint32_t i = 0; i < node_count; i++) {
        places[i].node = nodes[i];
        places[i].path = places[i].order = name ? numbered(arena, name, i) : "_id";
        if (!places[i].path)
            return false;
    }
    return true;
}

bool ost__mongo_layout_of(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *out)
{
    memset(out, 0, sizeof *out);
    if (!add_all_aggregates(s, arena, out) || !ost__mongo_items_of(s, arena, out))
        return false;
    out->grouped = s->group_count > 0 || s->having || out->aggregate_count > 0;
    out->has_default = out->grouped && s->group_count == 0;
    if (!add_places(&out->groups, &out->group_count, s->groups, s->group_count,
                    s->group_count > 1 ? "_id.k" : NULL, arena))
        return false;
    return !s->distinct || add_places(&out->distinct, &out->distinct_count, s->columns,
                                      s->column_count, "_id.c", arena);
}
