/* SPDX-License-Identifier: MIT */
/*
 * What an upsert of one record is: one findAndModify with a pipeline. The record stands in the
 * command once, as a variable, and is the new document where none was met. What the command gives
 * back is the document from before, which tells what was inserted; the projection computes of it
 * what it has become, and whether that is anything else, as nothing of this is told otherwise.
 */
#include "mongo/upsert.h"

#include <string.h>

#include "mongo/changes.h"

/* The variable that has the record. */
#define RECORD_NAME "ostler_record"
#define RECORD "$" RECORD_NAME
/* No document has this member, but the one that the server makes of the condition: it compares with
 * null, and what is compared with becomes part of that. */
#define NEW OST__MONGO_UPSERT_NEW
#define CHANGED OST__MONGO_UPSERT_CHANGED

static const ost_change *change_of(const ost_shape *s, const ost_field *f)
{
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == f)
            return &s->changes[i];
    return NULL;
}

static const ost_change *update_of(const ost_shape *s, const ost_field *f)
{
    for (uint32_t i = 0; i < s->update_count; i++)
        if (s->updates[i].field == f)
            return &s->updates[i];
    return NULL;
}

static bool is_absent(ost__mongo_writer *w, uint32_t parameter)
{
    bson_t scratch = BSON_INITIALIZER;
    bool there = ost__mongo_stored_in(w, &scratch, "v", parameter);
    bson_destroy(&scratch);
    return !there;
}

/* ---- the record ---- */

static void key_in(ost__mongo_writer *w, int64_t key, bson_t *out)
{
    const ost_field *f = w->table->auto_key;
    const ost_parameter p = { .source = OST_FROM_VALUE,
                              .type = OST_TYPE_INT64,
                              .field = f,
                              .value = { .type = OST_TYPE_INT64, .as.integer = key } };
    bool absent;
    if (w->status == OST_OK)
        w->status =
            ost__mongo_put(out, ost__mongo_name(w->table, f), -1, &p, NULL, &absent, w->error);
}

static void member_in(ost__mongo_writer *w, const ost_field *f, const int64_t *key, bson_t *out)
{
    const ost_change *c = change_of(w->plan->shape, f);
    if (c && c->op != OST_OP_SET_NULL)
        (void)ost__mongo_stored_in(w, out, ost__mongo_name(w->table, f), c->parameter);
    else if (!c && key && f == w->table->auto_key)
        key_in(w, *key, out);
}

/* As the model declares its members, but the key first, where the server would move it to. */
void ost__mongo_upsert_record_in(ost__mongo_writer *w, const int64_t *key, bson_t *out)
{
    const ost_table *t = w->table;
    const ost_field *id = t->key_count == 1 ? t->keys[0] : NULL;
    if (id)
        member_in(w, id, key, out);
    for (uint32_t i = 0; i < t->field_count; i++)
        if (&t->fields[i] != id)
            member_in(w, &t->fields[i], key, out);
}

/* ---- which document ---- */

/* Beside a condition on an index, which may ask for a member of the key once more, the key is asked
 * for by ranges: of two equalities the server could not make one document. */
static void query_in(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    bson_t sides, side, range;
    for (uint32_t i = 0; i < s->arbiter_count; i++) {
        const ost_change *c = change_of(s, s->arbiters[i]);
        const char *name = ost__mongo_name(w->table, s->arbiters[i]);
        if (!c) {
            ost__mongo_refuse(w, OST_MISUSE, "%s.%s: an upsert lacks its key", w->table->model,
                              s->arbiters[i]->name);
            return;
        }
        ost__mongo_open_document(w, out, name, &range);
        if (s->arbiter_where) {
            (void)ost__mongo_stored_in(w, &range, "$gte", c->parameter);
            (void)ost__mongo_stored_in(w, &range, "$lte", c->parameter);
        } else {
            (void)ost__mongo_stored_in(w, &range, "$eq", c->parameter);
        }
        ost__mongo_close_document(w, out, &range);
    }
    if (s->arbiter_where) {
        uint32_t at = 0;
        ost__mongo_open_array(w, out, "$and", &sides);
        ost__mongo_open_item(w, &sides, &at, &side);
        (void)ost__mongo_filter(w, s->arbiter_where, &side);
        ost__mongo_close_document(w, &sides, &side);
        ost__mongo_close_array(w, out, &sides);
    }
    ost__mongo_null_in(w, out, NEW);
}

/* ---- what becomes of one that is there ---- */

/* "$$ostler_record.name" */
static void of_record_in(ost__mongo_writer *w, const char *name, bson_t *out, const char *key)
{
    ost__buffer path;
    ost__buffer_init(&path, &w->plan->memory);
    ost__buffer_text(&path, RECORD ".");
    ost__buffer_text(&path, name);
    ost__buffer_char(&path, '\0');
    if (path.failed)
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a command");
    else
        ost__mongo_path_in(w, out, key, path.data);
    ost__buffer_finish(&path);
}

/* Of the record, where it is missing if it is null; what is given for all records by itself. */
static void value_in(ost__mongo_writer *w, const ost_change *u, bson_t *out, const char *key)
{
    const ost_change *c = change_of(w->plan->shape, u->field);
    bool null = u->op == OST_OP_SET_NULL;
    bson_t literal = BSON_INITIALIZER;
    if (!null && c && c->parameter == u->parameter)
        of_record_in(w, ost__mongo_name(w->table, u->field), out, key);
    else if (!null && ost__mongo_stored_in(w, &literal, "$literal", u->parameter))
        ost__mongo_appended(w, bson_append_document(out, key, -1, &literal));
    else
        ost__mongo_text_in(w, out, key, "$$REMOVE");
    bson_destroy(&literal);
}

/* Nothing that could change it is given. */
static bool is_idle(ost__mongo_writer *w, const ost_change *u)
{
    return (u->op == OST_OP_INC || u->op == OST_OP_FILL) && is_absent(w, u->parameter);
}

static void or_null_begin(ost__mongo_writer *w, bson_t *out, const char *key, bson_t *node,
                          bson_t *list)
{
    ost__mongo_open_document(w, out, key, node);
    ost__mongo_open_array(w, node, "$ifNull", list);
}

static void or_null_end(ost__mongo_writer *w, bson_t *out, bson_t *node, bson_t *list)
{
    ost__mongo_null_in(w, list, "1");
    ost__mongo_close_array(w, node, list);
    ost__mongo_close_document(w, out, node);
}

static void becomes_in(ost__mongo_writer *w, const ost_change *u, bson_t *out, const char *key)
{
    const char *name = ost__mongo_name(w->table, u->field);
    bson_t node, list;
    switch (u->op) {
    case OST_OP_INC:
        ost__mongo_increment_in(w, u, name, ost__mongo_told(u->field), key, out);
        break;
    case OST_OP_FILL:
        ost__mongo_open_document(w, out, key, &node);
        ost__mongo_open_array(w, &node, "$ifNull", &list);
        ost__mongo_path_in(w, &list, "0", name);
        value_in(w, u, &list, "1");
        ost__mongo_close_array(w, &node, &list);
        ost__mongo_close_document(w, out, &node);
        break;
    default: value_in(w, u, out, key); break;
    }
}

/* {$ne: [what it is or null, what it becomes or null]} */
static void differs_in(ost__mongo_writer *w, const ost_change *u, bson_t *list, uint32_t *at)
{
    bson_t test, sides, node, either;
    ost__mongo_open_item(w, list, at, &test);
    ost__mongo_open_array(w, &test, "$ne", &sides);
    or_null_begin(w, &sides, "0", &node, &either);
    ost__mongo_path_in(w, &either, "0", ost__mongo_name(w->table, u->field));
    or_null_end(w, &sides, &node, &either);
    or_null_begin(w, &sides, "1", &node, &either);
    becomes_in(w, u, &either, "0");
    or_null_end(w, &sides, &node, &either);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, list, &test);
}

static void is_changed_in(ost__mongo_writer *w, bson_t *out, const char *key)
{
    const ost_shape *s = w->plan->shape;
    bson_t node, list;
    uint32_t at = 0;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$or", &list);
    for (uint32_t i = 0; i < s->update_count; i++)
        if (!(s->updates[i].flags & OST_CHANGE_FOLLOWS) && !is_idle(w, &s->updates[i]))
            differs_in(w, &s->updates[i], &list, &at);
    ost__mongo_close_array(w, &node, &list);
    ost__mongo_close_document(w, out, &node);
}

/* A member as it is afterwards, of the document from before. */
static void afterwards_in(ost__mongo_writer *w, const ost_change *u, bson_t *out)
{
    const char *name = ost__mongo_name(w->table, u->field);
    bson_t node, choice;
    if (!(u->flags & OST_CHANGE_FOLLOWS)) {
        becomes_in(w, u, out, name);
        return;
    }
    ost__mongo_open_document(w, out, name, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    is_changed_in(w, &choice, "0");
    becomes_in(w, u, &choice, "1");
    ost__mongo_path_in(w, &choice, "2", name);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

/* [{$set: …}, {$replaceWith: the record, or the document}] */
static void update_in(ost__mongo_writer *w, const char *key, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    bson_t stages, stage, set, choice, branches, test, sides, type;
    uint32_t at = 0;
    ost__mongo_open_array(w, out, key, &stages);
    bson_init(&set);
    for (uint32_t i = 0; i < s->update_count; i++)
        if (!is_idle(w, &s->updates[i]))
            afterwards_in(w, &s->updates[i], &set);
    if (!bson_empty(&set)) {
        ost__mongo_open_item(w, &stages, &at, &stage);
        ost__mongo_appended(w, bson_append_document(&stage, "$set", -1, &set));
        ost__mongo_close_document(w, &stages, &stage);
    }
    bson_destroy(&set);
    ost__mongo_open_item(w, &stages, &at, &stage);
    ost__mongo_open_document(w, &stage, "$replaceWith", &choice);
    ost__mongo_open_array(w, &choice, "$cond", &branches);
    ost__mongo_open_document(w, &branches, "0", &test);
    ost__mongo_open_array(w, &test, "$eq", &sides);
    ost__mongo_open_document(w, &sides, "0", &type);
    ost__mongo_path_in(w, &type, "$type", NEW);
    ost__mongo_close_document(w, &sides, &type);
    ost__mongo_text_in(w, &sides, "1", "null");
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &branches, &test);
    ost__mongo_path_in(w, &branches, "1", RECORD);
    ost__mongo_path_in(w, &branches, "2", "$ROOT");
    ost__mongo_close_array(w, &choice, &branches);
    ost__mongo_close_document(w, &stage, &choice);
    ost__mongo_close_document(w, &stages, &stage);
    ost__mongo_close_array(w, out, &stages);
}

/* ---- all of it ---- */

void ost__mongo_upsert_fields_in(ost__mongo_writer *w, bson_t *out)
{
    const ost_plan *plan = w->plan;
    const ost_shape *s = plan->shape;
    ost__mongo_int_in(w, out, "_id", 1);
    for (uint32_t i = 0; i < s->column_count; i++) {
        const ost_change *u = update_of(s, s->columns[i]->field);
        if (bson_has_field(out, plan->columns[i].name))
            continue;
        if (u && !is_idle(w, u))
            afterwards_in(w, u, out);
        else
            ost__mongo_int_in(w, out, plan->columns[i].name, 1);
    }
    is_changed_in(w, out, CHANGED);
}

void ost__mongo_upsert_let_in(ost__mongo_writer *w, const bson_t *record, bson_t *out)
{
    bson_t variable;
    ost__mongo_open_document(w, out, RECORD_NAME, &variable);
    ost__mongo_appended(w, bson_append_document(&variable, "$literal", -1, record));
    ost__mongo_close_document(w, out, &variable);
}

void ost__mongo_upsert_in(ost__mongo_writer *w, const bson_t *record, bson_t *out)
{
    bson_t inner;
    ost__mongo_text_in(w, out, "findAndModify", w->table->name);
    ost__mongo_open_document(w, out, "query", &inner);
    query_in(w, &inner);
    ost__mongo_close_document(w, out, &inner);
    update_in(w, "update", out);
    ost__mongo_bool_in(w, out, "upsert", true);
    ost__mongo_open_document(w, out, "fields", &inner);
    ost__mongo_upsert_fields_in(w, &inner);
    ost__mongo_close_document(w, out, &inner);
    ost__mongo_open_document(w, out, "let", &inner);
    ost__mongo_upsert_let_in(w, record, &inner);
    ost__mongo_close_document(w, out, &inner);
}

/* What `c` has is no expression, as it is in `let`. */
void ost__mongo_upsert_statement_in(ost__mongo_writer *w, const bson_t *record, bson_t *out)
{
    bson_t inner;
    ost__mongo_open_document(w, out, "q", &inner);
    query_in(w, &inner);
    ost__mongo_close_document(w, out, &inner);
    update_in(w, "u", out);
    ost__mongo_bool_in(w, out, "upsert", true);
    ost__mongo_open_document(w, out, "c", &inner);
    ost__mongo_appended(w, bson_append_document(&inner, RECORD_NAME, -1, record));
    ost__mongo_close_document(w, out, &inner);
}
