/* SPDX-License-Identifier: MIT */
#include "mongo/watch.h"

#include <string.h>

#include "base/error.h"
#include "mongo/writing.h"

/* ---- where members are ---- */

static uint32_t members_in(const ost_node *n)
{
    uint32_t count = n->op == OST_OP_MEMBER && n->source == 0;
    for (uint32_t i = 0; i < n->arg_count; i++)
        count += members_in(n->args[i]);
    return count;
}

static bool add_members(struct ost__mongo_layout *l, ost__arena *arena, const ost_table *t,
                        const ost_node *n)
{
    static const char prefix[] = "fullDocument.";
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (!add_members(l, arena, t, n->args[i]))
            return false;
    if (n->op != OST_OP_MEMBER || n->source > 0)
        return true;
    const char *name = ost__mongo_name(t, n->field);
    size_t size = sizeof prefix + strlen(name);
    char *path = ost__arena_alloc(arena, size, 1);
    if (!path)
        return false;
    (void)ost__print(path, size, "%s%s", prefix, name);
    l->groups[l->group_count++] = (ost__mongo_place){ .node = n, .path = path, .order = path };
    return true;
}

/* The members of a condition are not in the document that comes, but in the one within it. */
static bool places_of(const ost_shape *s, ost__arena *arena, struct ost__mongo_layout *out)
{
    uint32_t count = s->where ? members_in(s->where) : 0;
    memset(out, 0, sizeof *out);
    out->groups =
        ost__arena_alloc(arena, (count + 1) * sizeof *out->groups, _Alignof(ost__mongo_place));
    return out->groups && (!s->where || add_members(out, arena, s->table, s->where)) &&
           ost__mongo_items_of(s, arena, out);
}

/* ---- stages ---- */

static void kinds(ost__mongo_writer *w, bson_t *out, const char *const *list)
{
    bson_t test, in;
    char key[16];
    ost__mongo_open_document(w, out, "operationType", &test);
    ost__mongo_open_array(w, &test, "$in", &in);
    for (unsigned i = 0; list[i]; i++) {
        (void)ost__print(key, sizeof key, "%u", i);
        ost__mongo_text_in(w, &in, key, list[i]);
    }
    ost__mongo_close_array(w, &test, &in);
    ost__mongo_close_document(w, out, &test);
}

/* Of a record that is gone the condition is not known, also where it asks for what is absent. */
static void where(ost__mongo_writer *w, bson_t *out)
{
    static const char *const always[] = { "delete", "invalidate", NULL };
    static const char *const writes[] = { "insert", "update", "replace", NULL };
    bson_t either, item, there, all, condition;
    uint32_t at = 0, first = 0;
    ost__mongo_open_array(w, out, "$or", &either);
    ost__mongo_open_item(w, &either, &at, &item);
    kinds(w, &item, always);
    ost__mongo_close_document(w, &either, &item);
    ost__mongo_open_item(w, &either, &at, &item);
    kinds(w, &item, writes);
    ost__mongo_open_document(w, &item, "fullDocument", &there);
    ost__mongo_null_in(w, &there, "$ne");
    ost__mongo_close_document(w, &item, &there);
    ost__mongo_open_array(w, &item, "$and", &all);
    ost__mongo_open_item(w, &all, &first, &condition);
    (void)ost__mongo_filter(w, w->op->shape->where, &condition);
    ost__mongo_close_document(w, &all, &condition);
    ost__mongo_close_array(w, &item, &all);
    ost__mongo_close_document(w, &either, &item);
    ost__mongo_close_array(w, out, &either);
}

/* {$match: …}, {$project: …}: what an update wrote is not needed, for the record has it. */
static void stages(ost__mongo_writer *w, bson_t *out)
{
    static const char *const ours[] = {
        "insert", "update", "replace", "delete", "invalidate", NULL
    };
    static const char *const fields[] = { "operationType", "fullDocument", "documentKey" };
    bson_t item, match, project;
    uint32_t at = 1;
    ost__mongo_open_item(w, out, &at, &item);
    ost__mongo_open_document(w, &item, "$match", &match);
    if (w->op->shape->where)
        where(w, &match);
    else
        kinds(w, &match, ours);
    ost__mongo_close_document(w, &item, &match);
    ost__mongo_close_document(w, out, &item);
    ost__mongo_open_item(w, out, &at, &item);
    ost__mongo_open_document(w, &item, "$project", &project);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        ost__mongo_int_in(w, &project, fields[i], 1);
    ost__mongo_close_document(w, &item, &project);
    ost__mongo_close_document(w, out, &item);
}

ost_status ost__mongo_watch_stages(const ost_operation *op, bson_t *out, ost_error *error)
{
    struct ost__mongo_layout layout;
    const ost_plan within = {
        .memory = op->plan->memory, .shape = op->shape, .key = op->plan->key, .layout = &layout
    };
    ost__mongo_writer w = {
        .plan = &within, .table = op->shape->table, .op = op, .after_group = true, .error = error
    };
    ost__arena arena;
    ost__arena_init(&arena, &within.memory, 512);
    if (places_of(op->shape, &arena, &layout))
        stages(&w, out);
    else
        ost__mongo_refuse(&w, OST_NO_MEMORY, "no memory for a stream of changes");
    ost__arena_finish(&arena);
    return w.status;
}

/* ---- tokens ---- */

static bool is_hex(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr("0123456789abcdefABCDEF", text[i]) || text[i] == '\0')
            return false;
    return size > 0;
}

/* {_data: "8263…", _typeBits: <bytes>} */
bool ost__mongo_is_token(const ost_blob *token)
{
    ost__mongo_elements list;
    ost__mongo_element e;
    bool broken = false, found = false, known = true;
    if (!ost__mongo_elements_of(token->data, token->size, &list))
        return false;
    while (known && ost__mongo_element_next(&list, &e, &broken)) {
        if (strcmp(e.key, "_data") == 0)
            known = found =
                e.type == BSON_TYPE_UTF8 && is_hex((const char *)e.data + 4, e.size - 5);
        else
            known = strcmp(e.key, "_typeBits") == 0 && e.type == BSON_TYPE_BINARY;
    }
    return found && known && !broken;
}
