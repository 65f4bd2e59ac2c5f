/* SPDX-License-Identifier: MIT */
/*
 * Upserts: a findAndModify for each record, or of many in a transaction one update. Each is one
 * step of the server, but for one thing: two that find nothing both insert, and the unique index
 * refuses the second. Nothing was done for that one then, and the record that it was too late for
 * is there: it is for the core to run it again. In a transaction the server has undone everything
 * by then, so that the whole of it is run again.
 */
#include "mongo/upsert.h"

#include <string.h>

#include "base/error.h"
#include "mongo/define.h"
#include "mongo/writes.h"

typedef ost__mongo_upserting upserting;

static size_t count_of(const ost_operation *op)
{
    return op->record_count > 0 ? op->record_count : 1;
}

/* ---- keys ---- */

static bool brings_key(const ost_shape *s)
{
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == s->table->auto_key)
            return true;
    return false;
}

static ost_status prepare_keys(upserting *x)
{
    x->generated = x->table->auto_key && !brings_key(x->run->op->shape);
    return x->generated ? ost__mongo_keys_take(x->run, count_of(x->run->op), &x->first_key)
                        : ost__mongo_give_keys(x->run);
}

/* ---- which key was met ---- */

static bool are_arbiters(const ost_shape *s, const ost_field *const *fields, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < s->arbiter_count; i++)
        for (uint32_t k = 0; k < count; k++)
            found += s->arbiters[i] == fields[k];
    return found == count && count == s->arbiter_count;
}

static bool is_declared(const ost_shape *s, const ost_error *e)
{
    const ost_table *t = s->table;
    char name[OST__MONGO_NAME_SIZE];
    if (t->key_count > 0) {
        ost__mongo_key_name(t, name);
        if (strcmp(e->constraint, "_id_") == 0 || strcmp(e->constraint, name) == 0)
            return are_arbiters(s, t->keys, t->key_count);
    }
    for (uint32_t i = 0; i < t->index_count; i++)
        if (strcmp(t->indexes[i].name, e->constraint) == 0)
            return are_arbiters(s, t->indexes[i].fields, t->indexes[i].field_count);
    if (s->arbiter_count != 1)
        return false;
    ost__mongo_unique_name(t, s->arbiters[0], name);
    return strcmp(e->constraint, name) == 0;
}

static bool is_allotted(const upserting *x, const ost_error *e)
{
    return x->generated && strcmp(e->field, x->table->auto_key->name) == 0;
}

static ost_status undone(ost__mongo_run *r)
{
    ost__error_set(r->error, OST_SERIALIZATION,
                   "%s: another created the same record, and the transaction was undone: run it "
                   "again",
                   r->op->shape->table->model);
    r->error->retryable = 1;
    return OST_SERIALIZATION;
}

/* An index of others may take for equal what the condition does not: it would be met for ever. */
ost_status ost__mongo_upsert_conflict(upserting *x, uint8_t *effect)
{
    ost__mongo_run *r = x->run;
    bool again = is_allotted(x, r->error);
    if (again)
        ost__mongo_keys_doubt(r);
    else
        again = !x->table->adopted && is_declared(r->op->shape, r->error);
    if (!again)
        return OST_CONFLICT;
    if (r->c->in_unit)
        return undone(r);
    *effect = OST_EFFECT_NONE;
    return OST_OK;
}

/* ---- what came back ---- */

static bool document_in(const bson_iter_t *i, bson_t *out)
{
    const uint8_t *data = NULL;
    uint32_t size = 0;
    if (!BSON_ITER_HOLDS_DOCUMENT(i))
        return false;
    bson_iter_document(i, &size, &data);
    return bson_init_static(out, data, size);
}

ost_status ost__mongo_upsert_deliver(upserting *x, const void *document, size_t size)
{
    ost__mongo_run *r = x->run;
    if (!r->op->rows || !r->sink)
        return OST_OK;
    if (ost__mongo_reader_row(&x->reader, document, size) != OST_OK)
        return ost__mongo_sink_failed(r->sink, r->error);
    return OST_OK;
}

static ost_status deliver(upserting *x, const bson_t *document)
{
    return ost__mongo_upsert_deliver(x, bson_get_data(document), document->len);
}

static ost_status take_document(upserting *x, const bson_t *document, uint8_t *effect)
{
    bson_iter_t i;
    if (!bson_iter_init_find(&i, document, OST__MONGO_UPSERT_CHANGED))
        return ost__error_set(x->run->error, OST_DRIVER_ERROR,
                              "the server's answer to an upsert is none");
    *effect = bson_iter_as_bool(&i) ? OST_EFFECT_UPDATED : OST_EFFECT_UNCHANGED;
    return deliver(x, document);
}

/* Asked again, because its answer was lost, the server tells the document from before, but not what
 * was to be made of it. That is computed without looking at any other. */
static ost_status compute(upserting *x, ost__mongo_writer *w, const bson_t *record,
                          const bson_t *before, uint8_t *effect)
{
    bson_t command = BSON_INITIALIZER, stages, stage, inner, reply, document;
    bson_iter_t i, found;
    bson_error_t why;
    ost_status status;
    if (!bson_init_from_json(&stages,
                             "{\"0\":{\"$limit\":1},\"1\":{\"$facet\":{\"n\":[{\"$limit\":1}]}}}",
                             -1, &why))
        return ost__error_set(x->run->error, OST_NO_MEMORY, "no memory for an upsert");
    ost__mongo_text_in(w, &command, "aggregate", x->table->name);
    ost__mongo_open_document(w, &stages, "2", &stage);
    ost__mongo_open_document(w, &stage, "$replaceWith", &inner);
    ost__mongo_appended(w, bson_append_document(&inner, "$literal", -1, before));
    ost__mongo_close_document(w, &stage, &inner);
    ost__mongo_close_document(w, &stages, &stage);
    ost__mongo_open_document(w, &stages, "3", &stage);
    ost__mongo_open_document(w, &stage, "$project", &inner);
    ost__mongo_upsert_fields_in(w, &inner);
    ost__mongo_close_document(w, &stage, &inner);
    ost__mongo_close_document(w, &stages, &stage);
    ost__mongo_appended(w, bson_append_array(&command, "pipeline", -1, &stages));
    ost__mongo_open_document(w, &command, "let", &inner);
    ost__mongo_upsert_let_in(w, record, &inner);
    ost__mongo_close_document(w, &command, &inner);
    ost__mongo_open_document(w, &command, "cursor", &inner);
    ost__mongo_close_document(w, &command, &inner);
    bson_destroy(&stages);
    status = w->status;
    if (status == OST_OK) {
        x->run->outcome->statements++;
        status = ost__mongo_command(x->run, OST__MONGO_READS, 0, &command, &reply);
        if (status == OST_OK && bson_iter_init(&i, &reply) &&
            bson_iter_find_descendant(&i, "cursor.firstBatch.0", &found) &&
            document_in(&found, &document))
            status = take_document(x, &document, effect);
        else if (status == OST_OK)
            status = ost__error_set(x->run->error, OST_DRIVER_ERROR,
                                    "the server's answer to an upsert is none");
        bson_destroy(&reply);
    }
    bson_destroy(&command);
    return status;
}

static ost_status take_reply(upserting *x, ost__mongo_writer *w, const bson_t *record,
                             const bson_t *reply, uint8_t *effect)
{
    bson_iter_t i;
    bson_t before;
    if (!bson_iter_init_find(&i, reply, "value") || !document_in(&i, &before)) {
        *effect = OST_EFFECT_INSERTED;
        return deliver(x, record);
    }
    return bson_has_field(&before, OST__MONGO_UPSERT_CHANGED)
               ? take_document(x, &before, effect)
               : compute(x, w, record, &before, effect);
}

/* ---- one record ---- */

ost_status ost__mongo_upsert_record(upserting *x, size_t i, ost__mongo_writer *w, bson_t *out)
{
    ost__mongo_run *r = x->run;
    int64_t key = x->first_key + (int64_t)i;
    *w = (ost__mongo_writer){ .plan = r->op->plan,
                              .table = x->table,
                              .op = r->op,
                              .record = ost__mongo_record(r->op, i),
                              .error = r->error };
    ost__mongo_upsert_record_in(w, x->generated ? &key : NULL, out);
    if (w->status != OST_OK && r->error)
        r->error->nothing_sent = 1;
    return w->status;
}

static ost_status upsert_one(upserting *x, size_t i)
{
    ost__mongo_run *r = x->run;
    uint8_t *effect = &r->c->effects[i];
    bson_t *command = &r->c->command, record = BSON_INITIALIZER, reply;
    ost__mongo_writer w;
    ost_status status = ost__mongo_upsert_record(x, i, &w, &record);
    bson_reinit(command);
    if (status == OST_OK) {
        ost__mongo_upsert_in(&w, &record, command);
        status = w.status;
        if (status != OST_OK && r->error)
            r->error->nothing_sent = 1;
    }
    if (status == OST_OK) {
        r->outcome->statements++;
        status = ost__mongo_command(r, OST__MONGO_WRITES, 0, command, &reply);
        if (status == OST_OK)
            status = take_reply(x, &w, &record, &reply, effect);
        else if (status == OST_CONFLICT)
            status = ost__mongo_upsert_conflict(x, effect);
        bson_destroy(&reply);
    }
    bson_destroy(&record);
    r->outcome->failed_record = status != OST_OK && r->op->record_count > 0 ? i : SIZE_MAX;
    return status;
}

/* ---- all of them ---- */

static void count_effects(ost__mongo_run *r, size_t first, size_t count)
{
    ost_outcome *o = r->outcome;
    const uint8_t *effects = r->c->effects;
    for (size_t i = first; i < first + count; i++) {
        o->matched += effects[i] != OST_EFFECT_NONE;
        o->changed += effects[i] == OST_EFFECT_INSERTED || effects[i] == OST_EFFECT_UPDATED;
    }
}

/* Only in a transaction what is there can be looked at before and afterwards. In a collection of
 * others a key may be stored in another form than that of the record. */
static ost_status upsert_records(upserting *x)
{
    ost__mongo_run *r = x->run;
    size_t total = count_of(r->op), count;
    bool together = r->c->in_unit && !x->table->adopted;
    for (size_t first = 0; first < total; first += count) {
        ost_status status = OST_OK;
        count = 0;
        if (together && total - first > 1)
            status = ost__mongo_upsert_many(x, first, &count);
        if (status == OST_OK && count == 0) {
            count = 1;
            status = upsert_one(x, first);
        }
        if (status != OST_OK && first > 0)
            r->error->nothing_sent = 0;
        OST_TRY(status);
        count_effects(r, first, count);
    }
    return OST_OK;
}

static ost_status room_for_effects(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    size_t count = count_of(r->op);
    uint8_t *effects;
    if (count <= c->effects_size)
        return OST_OK;
    effects = ost__realloc(&c->backend->memory, c->effects, c->effects_size, count);
    if (!effects)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for an upsert");
    c->effects = effects;
    c->effects_size = count;
    return OST_OK;
}

ost_status ost__mongo_upsert(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    upserting x = { .run = r };
    ost_status status;
    if (!op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    x.table = op->shape->table;
    r->outcome->changed = 0;
    OST_TRY(room_for_effects(r));
    if (op->rows && r->sink)
        OST_TRY(ost__mongo_reader_begin(&x.reader, op->plan, op->rows, r->sink));
    OST_TRY(ost__mongo_make_collection(r));
    OST_TRY(prepare_keys(&x));
    status = upsert_records(&x);
    if (op->rows && r->sink) {
        r->outcome->rows += (int64_t)x.reader.rows;
        if (r->failed == OST_OK)
            r->failed = x.reader.failed;
    }
    OST_TRY(status);
    r->outcome->effect = r->c->effects[0];
    r->outcome->effects = r->c->effects;
    return OST_OK;
}
