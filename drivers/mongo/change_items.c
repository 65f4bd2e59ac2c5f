/* SPDX-License-Identifier: MIT */
/*
 * A struct in a list after changes of its members: {$mergeObjects: [it without what is removed,
 * what is set]}, and so on for the structs within it.
 */
#include "mongo/changes.h"

#include "base/document.h"
#include "mongo/types.h"

/* Changes of the members of one struct of the item. */
typedef struct level {
    ost__mongo_writer *w;
    const ost_change *list;
    const ost_field *holder; /* the struct; NULL: the item itself */
    const char *path;
    int depth;
} level;

static void changed(const level *l, const char *key, bson_t *out);

/* The member of this level's struct that the change is of, or inside; NULL: neither. */
static const ost_field *step_of(const level *l, const ost_change *c)
{
    const ost_field *f = c->field;
    while (f && f->inside != l->holder)
        f = f->inside;
    return f;
}

/* Changes inside the same struct are written with the first of them. */
static bool is_first(const level *l, uint32_t index, const ost_field *step)
{
    for (uint32_t i = 0; i < index; i++)
        if (step_of(l, &l->list->changes[i]) == step)
            return false;
    return true;
}

static void set(const level *l, const ost_change *c, bson_t *out)
{
    const char *name = c->field->column;
    bson_t literal = BSON_INITIALIZER;
    if (c->op == OST_OP_INC) {
        const char *path = ost__mongo_item_path(l->w, c->field, 1);
        ost__mongo_increment_in(l->w, c, path ? path : "", ost__mongo_told(l->list->field), name,
                                out);
    } else if (c->op == OST_OP_SET &&
               ost__mongo_stored_in(l->w, &literal, "$literal", c->parameter)) {
        ost__mongo_appended(l->w, bson_append_document(out, name, -1, &literal));
    }
    bson_destroy(&literal);
}

static void set_all(const level *l, bson_t *out)
{
    for (uint32_t i = 0; i < l->list->change_count; i++) {
        const ost_change *c = &l->list->changes[i];
        const ost_field *step = step_of(l, c);
        if (!step || !is_first(l, i, step))
            continue;
        if (step == c->field) {
            set(l, c, out);
            continue;
        }
        const char *path = ost__mongo_item_path(l->w, step, 1);
        const level inner = { .w = l->w,
                              .list = l->list,
                              .holder = step,
                              .path = path ? path : "",
                              .depth = l->depth + 1 };
        changed(&inner, step->column, out);
    }
}

/* A member that is set to nothing. */
static bool is_removed(const level *l, const ost_change *c)
{
    ost__mongo_writer *w = l->w;
    bson_t unused = BSON_INITIALIZER;
    size_t written = w->written;
    bool removed =
        step_of(l, c) == c->field && c->op != OST_OP_INC &&
        (c->op == OST_OP_SET_NULL || !ost__mongo_stored_in(w, &unused, "v", c->parameter));
    w->written = written;
    bson_destroy(&unused);
    return removed;
}

static uint32_t removed(const level *l, bson_t *names)
{
    uint32_t count = 0;
    char key[16];
    for (uint32_t i = 0; i < l->list->change_count; i++) {
        const ost_change *c = &l->list->changes[i];
        if (!is_removed(l, c))
            continue;
        (void)ost__mongo_index_key(count++, key);
        ost__mongo_text_in(l->w, names, key, c->field->column);
    }
    return count;
}

/* {$arrayToObject: {$filter: {input: {$objectToArray: "$$e1"}, as: "m",
 *                             cond: {$not: [{$in: ["$$m.k", [names]]}]}}}} */
static void without(const level *l, const bson_t *names, const char *key, bson_t *out)
{
    ost__mongo_writer *w = l->w;
    bson_t node, members, filter, input, test, sides, in, operands;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$arrayToObject", &members);
    ost__mongo_open_document(w, &members, "$filter", &filter);
    ost__mongo_open_document(w, &filter, "input", &input);
    ost__mongo_path_in(w, &input, "$objectToArray", l->path);
    ost__mongo_close_document(w, &filter, &input);
    ost__mongo_text_in(w, &filter, "as", "m");
    ost__mongo_open_document(w, &filter, "cond", &test);
    ost__mongo_open_array(w, &test, "$not", &sides);
    ost__mongo_open_document(w, &sides, "0", &in);
    ost__mongo_open_array(w, &in, "$in", &operands);
    ost__mongo_path_in(w, &operands, "0", "$m.k");
    ost__mongo_open_document(w, &operands, "1", &input);
    ost__mongo_appended(w, bson_append_array(&input, "$literal", -1, names));
    ost__mongo_close_document(w, &operands, &input);
    ost__mongo_close_array(w, &in, &operands);
    ost__mongo_close_document(w, &sides, &in);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &filter, &test);
    ost__mongo_close_document(w, &members, &filter);
    ost__mongo_close_document(w, &node, &members);
    ost__mongo_close_document(w, out, &node);
}

static void kept(const level *l, const char *key, bson_t *out)
{
    bson_t names = BSON_INITIALIZER;
    if (removed(l, &names) > 0)
        without(l, &names, key, out);
    else
        ost__mongo_path_in(l->w, out, key, l->path);
    bson_destroy(&names);
}

static void changed(const level *l, const char *key, bson_t *out)
{
    bson_t node, parts, values;
    if (l->depth > OST__DOCUMENT_DEPTH || l->w->status != OST_OK)
        return;
    ost__mongo_open_document(l->w, out, key, &node);
    ost__mongo_open_array(l->w, &node, "$mergeObjects", &parts);
    kept(l, "0", &parts);
    ost__mongo_open_document(l->w, &parts, "1", &values);
    set_all(l, &values);
    ost__mongo_close_document(l->w, &parts, &values);
    ost__mongo_close_array(l->w, &node, &parts);
    ost__mongo_close_document(l->w, out, &node);
}

void ost__mongo_item_change_in(ost__mongo_writer *w, const ost_change *list, const char *key,
                               bson_t *out)
{
    const level item = { .w = w, .list = list, .path = "$e1" };
    changed(&item, key, out);
}
