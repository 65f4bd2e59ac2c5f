/* SPDX-License-Identifier: MIT */
/* The columns of the grid: every path that writes. */
#include "grid.h"

#include <stdio.h>

/* A record that breaks the rule. */
static thing broken(const grid_rule *rule, int n)
{
    thing t = grid_good(n);
    rule->set(&t);
    return t;
}

/* A stored record that breaks none, as the session loads it. */
static thing *stored(rig *r, int n)
{
    thing t = grid_good(n);
    OK(ost_insert(r->s, thing, &t));
    thing *found = ost_get(r->s, thing, t.id);
    assert_non_null(found);
    return found;
}

/* One that no database makes by itself. */
static int64_t given_key(int n)
{
    return -n;
}

static ost_query *only(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, thing);
    ost_where(q, ost_eq(thing, id, id));
    return q;
}

static ost_status status_of(rig *r, const void *found)
{
    return found ? OST_OK : (ost_status)ost_session_error(r->s)->status;
}

/* ---- inserting ---- */

static ost_status by_insert(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    ost_status status = ost_insert(r->s, thing, &t);
    *id = t.id;
    return status;
}

static ost_status by_insert_of_new(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = ost_new(r->s, thing);
    *t = broken(rule, n);
    ost_status status = ost_insert(r->s, thing, t);
    *id = t->id;
    return status;
}

static ost_status by_insert_many(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing two[2] = { grid_good(n), broken(rule, n + 1) };
    ost_status status = ost_insert_many(r->s, thing, two, 2);
    *id = two[1].id;
    return status;
}

static ost_status by_hook(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = grid_good(n);
    grid_hook = rule->set;
    ost_status status = ost_insert(r->s, thing, &t);
    grid_hook = NULL;
    *id = t.id;
    return status;
}

static ost_status by_upsert_new(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = ost_new(r->s, thing);
    *t = broken(rule, n);
    *id = t->id = given_key(n);
    return ost_upsert(r->s, thing, t, NULL, NULL);
}

static ost_status by_upsert_many(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing two[2] = { grid_good(n), broken(rule, n + 1) };
    two[0].id = given_key(n);
    *id = two[1].id = given_key(n + 1);
    return ost_upsert_many(r->s, thing, two, 2, NULL, NULL);
}

static ost_status by_create(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = t.id = given_key(n);
    return status_of(r, ost_find_or_create(r->s, thing, NULL, &t, ost_col(thing, id)));
}

/* ---- from JSON ---- */

/* The rule's value in an object; an item of a list has what every item must. */
static const char *json_of(const grid_rule *rule)
{
    static const char *const musts[][2] = { { "author", "\"bob\"" }, { "required", "\"x\"" },
                                            { "needed", "\"\"" },    { "least", "1" },
                                            { "shouted", "\"X\"" },  { "preset", "4" } };
    static char text[400];
    const char *dot = strchr(rule->member, '.'), *firsts[] = { "\"a\"", "\"ab\"", "2" };
    size_t at = 0;
    if (rule->place == GRID_SCALARS) {
        const char *first = firsts[rule->list[0] == 't' ? 0 : rule->list[0] == 'm' ? 1 : 2];
        snprintf(text, sizeof(text), "{\"%s\":[%s,%s]}", rule->list, first, rule->json);
    } else if (rule->place == GRID_ITEMS) {
        at += (size_t)snprintf(text, sizeof(text), "{\"%s\":[", rule->list);
        for (size_t item = 0; item < 2; item++) {
            const char *separator = item ? ",{" : "{";
            for (size_t i = 0; i < sizeof(musts) / sizeof(musts[0]); i++) {
                if (item == 1 && strcmp(musts[i][0], rule->member) == 0)
                    continue;
                at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"%s\":%s", separator,
                                       musts[i][0], musts[i][1]);
                separator = ",";
            }
            if (item == 1)
                at += (size_t)snprintf(text + at, sizeof(text) - at, ",\"%s\":%s", rule->member,
                                       rule->json);
            at += (size_t)snprintf(text + at, sizeof(text) - at, "}");
        }
        snprintf(text + at, sizeof(text) - at, "]}");
    } else if (dot) {
        snprintf(text, sizeof(text), "{\"%.*s\":{\"%s\":%s}}", (int)(dot - rule->member),
                 rule->member, dot + 1, rule->json);
    } else {
        snprintf(text, sizeof(text), "{\"%s\":%s}", rule->member, rule->json);
    }
    return text;
}

static ost_status by_json(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    const char *text = json_of(rule);
    thing *t = ost_new(r->s, thing);
    *t = grid_good(n);
    OST_TRY(ost_from_json(r->s, thing, text, strlen(text), NULL, t));
    ost_status status = ost_insert(r->s, thing, t);
    *id = t->id;
    return status;
}

static ost_status by_json_save(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    const char *text = json_of(rule);
    thing *t = stored(r, n);
    *id = t->id;
    OST_TRY(ost_from_json(r->s, thing, text, strlen(text), NULL, t));
    return ost_save(r->s, thing, t);
}

/* ---- saving ---- */

static ost_status by_save(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = stored(r, n);
    *id = t->id;
    rule->set(t);
    return ost_save(r->s, thing, t);
}

static ost_status by_save_many(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    size_t count;
    int64_t keys[2] = { stored(r, n)->id, stored(r, n + 1)->id };
    thing *two = ost_get_many(r->s, thing, keys, 2, &count);
    assert_int_equal(count, 2);
    *id = two[1].id;
    two[0].real = two[1].real = 7;
    rule->set(&two[1]);
    return ost_save_many(r->s, thing, two, 2);
}

static ost_status by_save_hook(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = stored(r, n);
    *id = t->id;
    t->real = 7;
    grid_hook = rule->set;
    ost_status status = ost_save(r->s, thing, t);
    grid_hook = NULL;
    return status;
}

static ost_status by_replace(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = stored(r, n);
    *id = t->id;
    rule->set(t);
    return ost_replace(r->s, thing, t);
}

static ost_status by_replace_own(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = grid_good(n);
    const thing *there = stored(r, n);
    *id = t.id = there->id;
    t.version = there->version;
    rule->set(&t);
    return ost_replace(r->s, thing, &t);
}

/* ---- by query ---- */

static ost_status by_update(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    *id = stored(r, n)->id;
    return ost_update(only(r, *id), NULL, rule->change(r->s));
}

static ost_status by_update_one(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    *id = stored(r, n)->id;
    return ost_update_one(only(r, *id), rule->change(r->s));
}

static ost_status by_find_new(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    *id = stored(r, n)->id;
    return status_of(r,
                     ost_find_and_update(only(r, *id), thing, OST_RETURN_NEW, rule->change(r->s)));
}

static ost_status by_find_old(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    *id = stored(r, n)->id;
    return status_of(r,
                     ost_find_and_update(only(r, *id), thing, OST_RETURN_OLD, rule->change(r->s)));
}

/* The document or list that the value is in. */
static ost_status by_whole(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = stored(r, n)->id;
    ost_query *q = only(r, *id);
    if (rule->place == GRID_HOME)
        return ost_update(q, NULL, ost_set_part(thing, home, spot, &t.home));
    if (rule->place == GRID_VAULT)
        return ost_update(q, NULL, ost_set_part(thing, vault, vault, &t.vault));
    if (rule->place == GRID_ITEMS)
        return ost_update(q, NULL, ost_set_list(thing, remarks, t.remarks.items, 2));
    if (rule->list[0] == 't')
        return ost_update(q, NULL, ost_set_list(thing, tags, t.tags.items, 2));
    if (rule->list[0] == 'm')
        return ost_update(q, NULL, ost_set_list(thing, marks, t.marks.items, 2));
    return ost_update(q, NULL, ost_set_list(thing, levels, t.levels.items, 2));
}

static ost_status by_push(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = stored(r, n)->id;
    ost_query *q = only(r, *id);
    if (rule->place == GRID_ITEMS)
        return ost_update(q, NULL, ost_push_part(thing, remarks, remark, &t.remarks.items[1]));
    if (rule->list[0] == 't')
        return ost_update(q, NULL, ost_push(thing, tags, t.tags.items[1]));
    if (rule->list[0] == 'm')
        return ost_update(q, NULL, ost_push(thing, marks, t.marks.items[1]));
    return ost_update(q, NULL, ost_push(thing, levels, t.levels.items[1]));
}

static ost_status by_push_many(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = stored(r, n)->id;
    ost_query *q = only(r, *id);
    if (rule->place == GRID_ITEMS)
        return ost_update(q, NULL, ost_push_many(thing, remarks, t.remarks.items, 2));
    if (rule->list[0] == 't')
        return ost_update(q, NULL, ost_push_many(thing, tags, t.tags.items, 2));
    if (rule->list[0] == 'm')
        return ost_update(q, NULL, ost_push_many(thing, marks, t.marks.items, 2));
    return ost_update(q, NULL, ost_push_many(thing, levels, t.levels.items, 2));
}

static ost_status by_add_to_set(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = stored(r, n)->id;
    ost_query *q = only(r, *id);
    if (rule->list[0] == 't')
        return ost_update(q, NULL, ost_add_to_set(thing, tags, t.tags.items[1]));
    if (rule->list[0] == 'm')
        return ost_update(q, NULL, ost_add_to_set(thing, marks, t.marks.items[1]));
    return ost_update(q, NULL, ost_add_to_set(thing, levels, t.levels.items[1]));
}

/* ---- a record that is there already ---- */

static ost_status upsert_with(rig *r, const grid_rule *rule, int n, int64_t *id,
                              const ost_upsert_options *options)
{
    thing t = broken(rule, n);
    *id = t.id = stored(r, n)->id;
    return ost_upsert(r->s, thing, &t, options, NULL);
}

static ost_status by_upsert(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    return upsert_with(r, rule, n, id, NULL);
}

static ost_status by_upsert_all(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing two[2] = { grid_good(n), broken(rule, n + 1) };
    two[0].id = stored(r, n)->id;
    *id = two[1].id = stored(r, n + 1)->id;
    return ost_upsert_many(r->s, thing, two, 2, NULL, NULL);
}

static ost_status by_upsert_set(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    return upsert_with(r, rule, n, id,
                       OST_UPSERT(OST_ACTIONS(rule->action(r->s, OST_OP_SET)), .keep = true));
}

static ost_status by_upsert_add(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    return upsert_with(r, rule, n, id, OST_UPSERT(OST_ACTIONS(rule->action(r->s, OST_OP_INC))));
}

static ost_status by_upsert_keep(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    return upsert_with(r, rule, n, id, OST_UPSERT(OST_ACTIONS(rule->action(r->s, OST_OP_KEEP))));
}

static ost_status by_upsert_fill(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing there = grid_good(n), t = broken(rule, n);
    rule->clear(&there);
    OK(ost_insert(r->s, thing, &there));
    *id = t.id = there.id;
    return ost_upsert(r->s, thing, &t,
                      OST_UPSERT(OST_ACTIONS(rule->action(r->s, OST_OP_FILL)), .keep = true), NULL);
}

static ost_status by_find(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = t.id = stored(r, n)->id;
    return status_of(r, ost_find_or_create(r->s, thing, NULL, &t, ost_col(thing, id)));
}

const grid_path grid_paths[] = {
    { "insert", GRID_INSERTS, OST_CALL_INSERT, .write = by_insert },
    { "new", GRID_INSERTS, OST_CALL_INSERT, .write = by_insert_of_new },
    { "many", GRID_INSERTS, OST_CALL_INSERT, .write = by_insert_many, .prefix = "[1]." },
    { "hook", GRID_INSERTS, OST_CALL_INSERT, .write = by_hook, .hook = true },
    { "json", GRID_INSERTS, OST_CALL_INSERT, .write = by_json, .json = true },
    { "ups_new", GRID_INSERTS, OST_CALL_UPSERT, .write = by_upsert_new, .upserts = true },
    { "ups_many", GRID_INSERTS, OST_CALL_UPSERT, .write = by_upsert_many, .prefix = "[1].",
      .upserts = true },
    { "create", GRID_INSERTS, OST_CALL_UPSERT, .write = by_create },
    { "save", GRID_CHANGES, OST_CALL_SAVE, .write = by_save, .alone = true },
    { "save_many", GRID_CHANGES, OST_CALL_SAVE, .write = by_save_many, .prefix = "[1]." },
    { "save_hook", GRID_CHANGES, OST_CALL_SAVE, .write = by_save_hook, .hook = true },
    { "json_save", GRID_CHANGES, OST_CALL_SAVE, .write = by_json_save, .json = true },
    { "replace", GRID_CHANGES, OST_CALL_REPLACE, .write = by_replace },
    { "own", GRID_BLIND, OST_CALL_REPLACE, .write = by_replace_own },
    { "update", GRID_QUERY, OST_CALL_UPDATE, .write = by_update },
    { "upd_one", GRID_QUERY, OST_CALL_UPDATE, .write = by_update_one },
    { "find_new", GRID_QUERY, OST_CALL_UPDATE, .write = by_find_new },
    { "find_old", GRID_QUERY, OST_CALL_UPDATE, .write = by_find_old },
    { "whole", GRID_WHOLE, OST_CALL_UPDATE, .write = by_whole },
    { "push", GRID_PUSH, OST_CALL_UPDATE, .write = by_push },
    { "push_many", GRID_PUSH, OST_CALL_UPDATE, .write = by_push_many, .many = true },
    { "add_set", GRID_PUSH, OST_CALL_UPDATE, .write = by_add_to_set, .scalars = true },
    { "upsert", GRID_UPSERTS, OST_CALL_UPSERT, .write = by_upsert },
    { "ups_all", GRID_UPSERTS, OST_CALL_UPSERT, .write = by_upsert_all, .prefix = "[1]." },
    { "ups_set", GRID_UPSERTS, OST_CALL_UPSERT, .write = by_upsert_set, .action = true },
    { "ups_fill", GRID_FILLS, OST_CALL_UPSERT, .write = by_upsert_fill, .action = true },
    { "ups_add", GRID_ADDS, OST_CALL_UPSERT, .write = by_upsert_add, .action = true },
    { "ups_keep", GRID_KEEPS, OST_CALL_UPSERT, .write = by_upsert_keep, .action = true },
    { "found", GRID_FINDS, 0, .write = by_find },
};
const size_t grid_path_count = sizeof(grid_paths) / sizeof(grid_paths[0]);
