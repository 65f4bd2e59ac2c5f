/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "mongo/check.h"
#include "mongo/connection.h"
#include "mongo/upsert.h"

/* ---- memory ---- */

/* The library's documents, two of which lie within a plan, are aligned beyond what is usual. */
ost_plan *ost__mongo_plan_new(ost_backend *b, const ost_shape *shape)
{
    enum { ALIGN = _Alignof(ost_plan), SIZE = sizeof(ost_plan) + ALIGN };
    char *allocation = ost__alloc_zeroed(&b->memory, SIZE);
    ost_plan *plan;
    if (!allocation)
        return NULL;
    plan = (ost_plan *)(void *)(allocation + (ALIGN - (uintptr_t)allocation % ALIGN) % ALIGN);
    plan->allocation = allocation;
    plan->memory = b->memory;
    plan->shape = shape;
    plan->serial = atomic_fetch_add(&b->plans, 1) + 1;
    ost__arena_init(&plan->arena, &plan->memory, 1024);
    bson_init(&plan->projection);
    bson_init(&plan->sort);
    return plan;
}

void ost__mongo_discard(ost_backend *b, ost_plan *plan)
{
    enum { ALIGN = _Alignof(ost_plan), SIZE = sizeof(ost_plan) + ALIGN };
    void *allocation;
    if (!plan)
        return;
    ost__mongo_statement_free(plan->raw);
    bson_destroy(&plan->sort);
    bson_destroy(&plan->projection);
    ost__arena_finish(&plan->arena);
    allocation = plan->allocation;
    ost__free(&b->memory, allocation, SIZE);
}

const char *ost__mongo_plan_text(const ost_plan *plan)
{
    return plan->text;
}

static void no_memory(ost__mongo_writer *w)
{
    ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a plan");
}

/* ---- columns ---- */

static bool are_members(const ost_shape *s)
{
    for (uint32_t i = 0; i < s->column_count; i++) {
        if (s->columns[i]->op != OST_OP_MEMBER || s->columns[i]->field->inside)
            return false;
        for (uint32_t k = 0; s->kind == OST_DO_SELECT && k < i; k++)
            if (s->columns[k]->field == s->columns[i]->field)
                return false;
    }
    return true;
}

static bool is_find(const ost_shape *s, const struct ost__mongo_layout *layout)
{
    if (s->kind != OST_DO_SELECT)
        return true;
    for (uint32_t i = 0; i < s->order_count; i++)
        if (s->orders[i].node->op != OST_OP_MEMBER && s->orders[i].node->op != OST_OP_VALUE)
            return false;
    return s->wrap == OST_WRAP_NONE && !layout->grouped && !s->distinct && !s->partition &&
           are_members(s);
}

static const char *numbered(ost__mongo_writer *w, ost__arena *arena, char letter, uint32_t i)
{
    char text[16];
    size_t size = ost__print(text, sizeof text, "%c%u", letter, (unsigned)i);
    const char *name = ost__arena_text(arena, text, size);
    if (!name)
        no_memory(w);
    return name;
}

static void name_columns(ost__mongo_writer *w, ost_plan *plan)
{
    const ost_shape *s = plan->shape;
    bool wrapped = s->wrap != OST_WRAP_NONE;
    uint32_t count = s->column_count > 0 ? s->column_count : 1;
    plan->columns = ost__arena_alloc_zeroed(&plan->arena, count * sizeof *plan->columns,
                                            _Alignof(ost__mongo_column));
    if (!plan->columns) {
        no_memory(w);
        return;
    }
    plan->columns[0].name = "c0";
    for (uint32_t i = 0; i < s->column_count; i++) {
        ost__mongo_column *c = &plan->columns[i];
        c->node = wrapped ? NULL : s->columns[i];
        if (plan->way == OST__MONGO_FIND) {
            c->name = ost__mongo_name(s->table, s->columns[i]->field);
            continue;
        }
        c->name = numbered(w, &plan->arena, 'c', i);
        if (wrapped)
            continue;
        /* Of decimals no digit is lost, or the sum fails. */
        c->is_sum = c->node->op == OST_OP_SUM && c->node->type != OST_TYPE_DECIMAL;
        if (ost__mongo_is_quotient(c->node))
            c->count_name = numbered(w, &plan->arena, 'n', i);
    }
}

/* All members: the documents as they are have no more than that. */
static bool is_everything(const ost_shape *s)
{
    return !s->table->adopted && s->column_count == s->table->field_count;
}

static void project(ost__mongo_writer *w, ost_plan *plan)
{
    const ost_shape *s = plan->shape;
    bool has_id = false;
    if (plan->way != OST__MONGO_FIND || s->kind == OST_DO_INSERT || s->kind == OST_DO_DDL)
        return;
    if (s->column_count > 0 && !is_everything(s)) {
        for (uint32_t i = 0; i < s->column_count; i++) {
            const char *name = plan->columns[i].name;
            has_id = has_id || strcmp(name, "_id") == 0;
            if (!bson_has_field(&plan->projection, name))
                ost__mongo_int_in(w, &plan->projection, name, 1);
        }
        if (!has_id)
            ost__mongo_int_in(w, &plan->projection, "_id", 0);
    }
    ost__mongo_sort_in(w, &plan->sort);
}

/* ---- the text of a plan ---- */

static void documents(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    bson_t list, document;
    uint32_t at = 0;
    ost__mongo_open_array(w, out, "documents", &list);
    ost__mongo_open_item(w, &list, &at, &document);
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].op != OST_OP_SET_NULL)
            (void)ost__mongo_stored_in(w, &document, ost__mongo_name(w->table, s->changes[i].field),
                                       s->changes[i].parameter);
    ost__mongo_close_document(w, &list, &document);
    ost__mongo_close_array(w, out, &list);
}

static void changes(ost__mongo_writer *w, bson_t *out)
{
    bson_t changes = BSON_INITIALIZER;
    bool is_pipeline;
    if (ost__mongo_changes(w, &changes, &is_pipeline) == OST_OK)
        ost__mongo_appended(w, is_pipeline ? bson_append_array(out, "u", -1, &changes)
                                           : bson_append_document(out, "u", -1, &changes));
    bson_destroy(&changes);
}

static void statements(ost__mongo_writer *w, const char *key, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    bson_t list, statement, query;
    uint32_t at = 0;
    ost__mongo_open_array(w, out, key, &list);
    ost__mongo_open_item(w, &list, &at, &statement);
    ost__mongo_open_document(w, &statement, "q", &query);
    (void)ost__mongo_filter(w, s->where, &query);
    ost__mongo_close_document(w, &statement, &query);
    if (s->kind == OST_DO_UPDATE)
        changes(w, &statement);
    if (!bson_empty(&w->plan->sort))
        ost__mongo_appended(w, bson_append_document(&statement, "sort", -1, &w->plan->sort));
    if (s->offset_parameter != OST_NO_PARAMETER)
        ost__mongo_count_in(w, &statement, "skip", s->offset_parameter);
    if (s->limit_parameter != OST_NO_PARAMETER)
        ost__mongo_count_in(w, &statement, "limit", s->limit_parameter);
    ost__mongo_close_document(w, &list, &statement);
    ost__mongo_close_array(w, out, &list);
}

static void index_keys(ost__mongo_writer *w, bson_t *out)
{
    const ost_table_index *x = &w->table->indexes[w->plan->shape->ddl_index];
    bson_t list, index, keys;
    uint32_t at = 0;
    ost__mongo_open_array(w, out, "indexes", &list);
    ost__mongo_open_item(w, &list, &at, &index);
    ost__mongo_open_document(w, &index, "key", &keys);
    for (uint32_t i = 0; i < x->field_count; i++)
        if (x->kind == OST_FULL_TEXT)
            ost__mongo_text_in(w, &keys, ost__mongo_name(w->table, x->fields[i]), "text");
        else
            ost__mongo_int_in(w, &keys, ost__mongo_name(w->table, x->fields[i]),
                              x->descending[i] ? -1 : 1);
    ost__mongo_close_document(w, &index, &keys);
    ost__mongo_text_in(w, &index, "name", x->name);
    ost__mongo_close_document(w, &list, &index);
    ost__mongo_close_array(w, out, &list);
}

static void select_text(ost__mongo_writer *w, bson_t *out)
{
    bson_t list;
    bool nothing;
    if (w->plan->way == OST__MONGO_FIND) {
        ost__mongo_text_in(w, out, "find", w->table->name);
        (void)ost__mongo_find(w, out, &nothing);
        return;
    }
    ost__mongo_text_in(w, out, "aggregate", w->table->name);
    ost__mongo_open_array(w, out, "pipeline", &list);
    (void)ost__mongo_pipeline(w, &list);
    ost__mongo_close_array(w, out, &list);
}

static void upsert_text(ost__mongo_writer *w, bson_t *out)
{
    bson_t record = BSON_INITIALIZER;
    ost__mongo_upsert_record_in(w, NULL, &record);
    ost__mongo_upsert_in(w, &record, out);
    bson_destroy(&record);
}

/* Of several commands the one that tells what it is about. */
static void rename_text(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    const ost_field *f = &w->table->fields[s->ddl_index];
    bson_t names;
    if (s->ddl != OST_DDL_RENAME_COLUMN) {
        bool of_index = s->ddl == OST_DDL_RENAME_INDEX;
        ost__mongo_text_in(w, out, "dropIndexes", w->table->name);
        ost__mongo_text_in(w, out, of_index ? "index" : "member",
                           of_index ? w->table->indexes[s->ddl_index].was : f->was);
        return;
    }
    ost__mongo_text_in(w, out, "update", w->table->name);
    if (!BSON_APPEND_DOCUMENT_BEGIN(out, "$rename", &names))
        return;
    ost__mongo_text_in(w, &names, f->was, ost__mongo_name(w->table, f));
    bson_append_document_end(out, &names);
}

static void command(ost__mongo_writer *w, bson_t *out)
{
    const char *collection = w->table->name;
    switch (w->plan->shape->kind) {
    case OST_DO_SELECT: select_text(w, out); break;
    case OST_DO_INSERT:
        ost__mongo_text_in(w, out, "insert", collection);
        documents(w, out);
        break;
    case OST_DO_UPDATE:
        ost__mongo_text_in(w, out, "update", collection);
        statements(w, "updates", out);
        break;
    case OST_DO_DELETE:
        ost__mongo_text_in(w, out, "delete", collection);
        statements(w, "deletes", out);
        break;
    case OST_DO_UPSERT: upsert_text(w, out); break;
    default:
        if (w->plan->shape->ddl == OST_DDL_CREATE_TABLE) {
            ost__mongo_text_in(w, out, "create", collection);
            break;
        }
        if (w->plan->shape->ddl == OST_DDL_CREATE_INDEX) {
            ost__mongo_text_in(w, out, "createIndexes", collection);
            index_keys(w, out);
            break;
        }
        rename_text(w, out);
        break;
    }
}

static void write_text(ost__mongo_writer *w, ost_plan *plan)
{
    bson_t all = BSON_INITIALIZER;
    size_t size = 0;
    char *text = NULL;
    command(w, &all);
    /* As it travels. */
    if (w->table->schema)
        ost__mongo_text_in(w, &all, "$db", w->table->schema);
    if (w->status == OST_OK)
        text = bson_as_relaxed_extended_json(&all, &size);
    plan->text = text ? ost__arena_text(&plan->arena, text, size) : NULL;
    if (!plan->text)
        no_memory(w);
    bson_free(text);
    bson_destroy(&all);
}

/* ---- all of it ---- */

/* Whether no row comes, whatever is stored; all rows as one group are a row all the same. A write
 * is sent even then: what its values do not fit is found on the way. */
static bool is_nothing(const ost_plan *plan)
{
    const ost_shape *s = plan->shape;
    return s->kind == OST_DO_SELECT && s->where &&
           ost__mongo_truth_of(s->where, false) == OST__MONGO_NEVER && s->wrap == OST_WRAP_NONE &&
           !plan->layout->has_default;
}

static void plan_shape(ost__mongo_writer *w, ost_plan *plan)
{
    const ost_table *t = plan->shape->table;
    ost__mongo_check(w);
    if (w->status != OST_OK)
        return;
    plan->key = t->key_count == 1 ? "_id" : NULL;
    plan->layout = ost__arena_alloc_zeroed(&plan->arena, sizeof *plan->layout, _Alignof(void *));
    if (!plan->layout || !ost__mongo_layout_of(plan->shape, &plan->arena, plan->layout)) {
        no_memory(w);
        return;
    }
    plan->way = is_find(plan->shape, plan->layout) ? OST__MONGO_FIND : OST__MONGO_AGGREGATE;
    name_columns(w, plan);
    if (w->status != OST_OK)
        return;
    project(w, plan);
    plan->nothing = is_nothing(plan);
    write_text(w, plan);
}

ost_status ost__mongo_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                              ost_plan **out, ost_error *error)
{
    ost__mongo_writer w = { .table = shape->table, .error = error };
    ost_plan *plan;
    (void)caps;
    *out = NULL;
    if (!shape->table) {
        ost__mongo_refuse(&w, shape->kind == OST_DO_DDL ? OST_UNSUPPORTED : OST_MISUSE,
                          "the shape names no table");
        return w.status;
    }
    plan = ost__mongo_plan_new(b, shape);
    if (!plan) {
        no_memory(&w);
        return w.status;
    }
    w.plan = plan;
    plan_shape(&w, plan);
    if (w.status == OST_OK)
        *out = plan;
    else
        ost__mongo_discard(b, plan);
    return w.status;
}
