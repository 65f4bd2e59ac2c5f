/* SPDX-License-Identifier: MIT */
#include "grid.h"

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

static ost_query *only(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, thing);
    ost_where(q, ost_eq(thing, id, id));
    return q;
}

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

static ost_status by_json(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = ost_new(r->s, thing);
    *t = grid_good(n);
    OST_TRY(ost_from_json(r->s, thing, rule->json, strlen(rule->json), NULL, t));
    ost_status status = ost_insert(r->s, thing, t);
    *id = t->id;
    return status;
}

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
    two[0].real = 7;
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
    thing t = broken(rule, n);
    *id = t.id = stored(r, n)->id;
    return ost_replace(r->s, thing, &t);
}

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

/* A record that is there already. */
static ost_status by_upsert(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = t.id = stored(r, n)->id;
    return ost_upsert(r->s, thing, &t, NULL, NULL);
}

static ost_status by_upsert_new(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing *t = ost_new(r->s, thing);
    *t = broken(rule, n);
    *id = t->id = 1000000 + n;
    return ost_upsert(r->s, thing, t, NULL, NULL);
}

static ost_status by_upsert_many(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing two[2] = { grid_good(n), broken(rule, n + 1) };
    two[0].id = 2000000 + n;
    *id = two[1].id = 2000001 + n;
    return ost_upsert_many(r->s, thing, two, 2, NULL, NULL);
}

static ost_status by_create(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    thing t = broken(rule, n);
    *id = t.id = 3000000 + n;
    return ost_find_or_create(r->s, thing, NULL, &t, ost_col(thing, id))
               ? OST_OK
               : (ost_status)ost_session_error(r->s)->status;
}

static ost_status by_find_and_update(rig *r, const grid_rule *rule, int n, int64_t *id)
{
    *id = stored(r, n)->id;
    return ost_find_and_update(only(r, *id), thing, OST_RETURN_NEW, rule->change(r->s))
               ? OST_OK
               : (ost_status)ost_session_error(r->s)->status;
}

const grid_path grid_paths[] = {
    { .name = "insert", .inserts = true, .write = by_insert },
    { .name = "new", .inserts = true, .write = by_insert_of_new },
    { .name = "many", .inserts = true, .write = by_insert_many, .prefix = "[1]." },
    { .name = "hook", .inserts = true, .write = by_hook },
    { .name = "json", .inserts = true, .json = true, .write = by_json },
    { .name = "save", .write = by_save },
    { .name = "save_many", .write = by_save_many, .prefix = "[1]." },
    { .name = "save_hook", .write = by_save_hook },
    { .name = "replace", .write = by_replace },
    { .name = "own", .write = by_replace_own, .blind = true, .skips = true },
    { .name = "update", .query = true, .write = by_update },
    { .name = "update_one", .query = true, .write = by_update_one },
    { .name = "upsert", .write = by_upsert, .blind = true },
    { .name = "upsert_new", .inserts = true, .write = by_upsert_new },
    { .name = "upsert_many", .inserts = true, .write = by_upsert_many, .prefix = "[1]." },
    { .name = "create", .inserts = true, .write = by_create },
    { .name = "find_update", .query = true, .write = by_find_and_update },
};
const size_t grid_path_count = sizeof(grid_paths) / sizeof(grid_paths[0]);
