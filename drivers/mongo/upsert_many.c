/* SPDX-License-Identifier: MIT */
/*
 * Many upserts in a transaction: the documents that are there are read, all are upserted by one
 * update, and those that were there are read again. Nobody comes in between: the snapshot is the
 * transaction's, and a document that another has written meanwhile ends it. What was not there is
 * new, and what is as it was is unchanged.
 */
#include "mongo/upsert.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "mongo/cells.h"
#include "mongo/writes.h"

enum { CHUNK_BYTES = 4 << 20, CHUNK_RECORDS = 1000, CHUNK_ALTERNATIVES = 100 };
#define NONE UINT32_MAX /* no document */

/* Documents behind each other; each is known by some of its members. */
typedef struct pile {
    ost__buffer bytes;
    uint32_t *at; /* where they begin */
    uint32_t *slots;
    uint32_t count, room, mask;
} pile;

typedef struct many {
    ost__mongo_upserting *x;
    const ost__memory *memory;
    ost__hash_key key;
    size_t first, count;
    int64_t modified;
    const char **names; /* of the arbiters */
    uint32_t name_count;
    pile records, before, after;
} many;

static const char *const id_name[] = { "_id" };

static ost_status no_memory(const many *m)
{
    return ost__error_set(m->x->run->error, OST_NO_MEMORY, "no memory for upserts");
}

/* ---- piles ---- */

static uint32_t power_above(size_t n)
{
    uint32_t size = 16;
    while (size < 2 * n)
        size *= 2;
    return size;
}

static bool pile_begin(pile *p, const ost__memory *memory, size_t room)
{
    *p = (pile){ .room = (uint32_t)room, .mask = power_above(room) - 1 };
    ost__buffer_init(&p->bytes, memory);
    p->at = ost__alloc(memory, room * sizeof *p->at);
    p->slots = ost__alloc(memory, (p->mask + (size_t)1) * sizeof *p->slots);
    if (!p->at || !p->slots)
        return false;
    memset(p->slots, 0xff, (p->mask + (size_t)1) * sizeof *p->slots);
    return true;
}

static void pile_end(pile *p, const ost__memory *memory)
{
    ost__free(memory, p->at, p->room * sizeof *p->at);
    ost__free(memory, p->slots, (p->mask + (size_t)1) * sizeof *p->slots);
    ost__buffer_finish(&p->bytes);
}

typedef struct span {
    const uint8_t *data;
    uint32_t size;
} span;

static span document_of(const pile *p, uint32_t i)
{
    const uint8_t *data = (const uint8_t *)p->bytes.data + p->at[i];
    return (span){ data, ost__mongo_get32(data) };
}

static bool element_of(span document, const char *name, ost__mongo_element *out)
{
    ost__mongo_elements e;
    bool broken = false;
    if (!ost__mongo_elements_of(document.data, document.size, &e))
        return false;
    while (ost__mongo_element_next(&e, out, &broken))
        if (strcmp(out->key, name) == 0)
            return true;
    return false;
}

static bool same(span a, span b, const char *const *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ost__mongo_element x, y;
        if (!element_of(a, names[i], &x) || !element_of(b, names[i], &y) || x.type != y.type ||
            x.size != y.size || (x.size > 0 && memcmp(x.data, y.data, x.size) != 0))
            return false;
    }
    return true;
}

static uint64_t hash_of(const many *m, span document, const char *const *names, uint32_t count)
{
    uint64_t hash = 0;
    for (uint32_t i = 0; i < count; i++) {
        ost__mongo_element e;
        if (element_of(document, names[i], &e))
            hash = hash * 31 + ost__hash(&m->key, e.data, e.size);
    }
    return hash;
}

/* The place of the document with the same members, or the free one where it would be. */
static uint32_t *slot_of(const many *m, const pile *p, span document, const char *const *names,
                         uint32_t count)
{
    uint32_t i = (uint32_t)hash_of(m, document, names, count) & p->mask;
    while (p->slots[i] != NONE && !same(document_of(p, p->slots[i]), document, names, count))
        i = (i + 1) & p->mask;
    return &p->slots[i];
}

static ost_status pile_add(many *m, pile *p, span document, const char *const *names,
                           uint32_t count)
{
    size_t at = p->bytes.size;
    if (p->count == p->room || at + document.size > UINT32_MAX)
        return ost__error_set(m->x->run->error, OST_DRIVER_ERROR,
                              "%s: several records have the key of an upsert: its index is missing",
                              m->x->table->model);
    ost__buffer_bytes(&p->bytes, document.data, document.size);
    if (p->bytes.failed)
        return no_memory(m);
    p->at[p->count] = (uint32_t)at;
    *slot_of(m, p, document, names, count) = p->count;
    p->count++;
    return OST_OK;
}

/* ---- what is there ---- */

/* Items of `$in`, or alternatives of `$or`. */
static void keys_in(many *m, ost__mongo_writer *w, bson_t *out)
{
    bson_t list, inner, one;
    bool single = m->name_count == 1;
    char key[16];
    if (single)
        ost__mongo_open_document(w, out, m->names[0], &inner);
    ost__mongo_open_array(w, single ? &inner : out, single ? "$in" : "$or", &list);
    for (uint32_t i = 0; i < m->records.count && w->status == OST_OK; i++) {
        span d = document_of(&m->records, i);
        bson_t document;
        bson_iter_t at;
        uint32_t n = i;
        if (!single)
            ost__mongo_open_item(w, &list, &n, &one);
        for (uint32_t k = 0; k < m->name_count; k++) {
            if (!bson_init_static(&document, d.data, d.size) ||
                !bson_iter_init_find(&at, &document, m->names[k]))
                continue;
            ost__mongo_index_key(i, key);
            ost__mongo_appended(
                w, bson_append_iter(single ? &list : &one, single ? key : m->names[k], -1, &at));
        }
        if (!single)
            ost__mongo_close_document(w, &list, &one);
    }
    ost__mongo_close_array(w, single ? &inner : out, &list);
    if (single)
        ost__mongo_close_document(w, out, &inner);
}

static void ids_in(many *m, ost__mongo_writer *w, bson_t *out)
{
    bson_t id, list;
    char key[16];
    ost__mongo_open_document(w, out, "_id", &id);
    ost__mongo_open_array(w, &id, "$in", &list);
    for (uint32_t i = 0; i < m->before.count && w->status == OST_OK; i++) {
        span d = document_of(&m->before, i);
        bson_t document;
        bson_iter_t at;
        ost__mongo_index_key(i, key);
        if (bson_init_static(&document, d.data, d.size) &&
            bson_iter_init_find(&at, &document, "_id"))
            ost__mongo_appended(w, bson_append_iter(&list, key, -1, &at));
    }
    ost__mongo_close_array(w, &id, &list);
    ost__mongo_close_document(w, out, &id);
}

static void name_in(ost__mongo_writer *w, const ost_field *f, bson_t *out)
{
    const char *name = ost__mongo_name(w->table, f);
    if (!bson_has_field(out, name))
        ost__mongo_int_in(w, out, name, 1);
}

/* Those that meet the keys, or those that were there before. */
static void find_in(many *m, ost__mongo_writer *w, bool afterwards, bson_t *out)
{
    const ost_shape *s = m->x->run->op->shape;
    bson_t inner, both, side;
    uint32_t at = 0;
    ost__mongo_text_in(w, out, "find", w->table->name);
    ost__mongo_open_document(w, out, "filter", &inner);
    if (afterwards)
        ids_in(m, w, &inner);
    else
        keys_in(m, w, &inner);
    if (s->arbiter_where && !afterwards) {
        ost__mongo_open_array(w, &inner, "$and", &both);
        ost__mongo_open_item(w, &both, &at, &side);
        (void)ost__mongo_filter(w, s->arbiter_where, &side);
        ost__mongo_close_document(w, &both, &side);
        ost__mongo_close_array(w, &inner, &both);
    }
    ost__mongo_close_document(w, out, &inner);
    ost__mongo_open_document(w, out, "projection", &inner);
    ost__mongo_int_in(w, &inner, "_id", 1);
    for (uint32_t i = 0; i < s->arbiter_count; i++)
        name_in(w, s->arbiters[i], &inner);
    for (uint32_t i = 0; i < s->column_count; i++)
        name_in(w, s->columns[i]->field, &inner);
    for (uint32_t i = 0; i < s->update_count; i++)
        name_in(w, s->updates[i].field, &inner);
    ost__mongo_close_document(w, out, &inner);
    ost__mongo_int_in(w, out, "batchSize", (int32_t)m->count + 1);
}

static ost_status take_portion(many *m, const bson_t *reply, bool afterwards, int64_t *cursor)
{
    pile *p = afterwards ? &m->after : &m->before;
    const char *const *names = afterwards ? id_name : (const char *const *)m->names;
    uint32_t count = afterwards ? 1 : m->name_count;
    bson_iter_t top, inner, batch;
    *cursor = 0;
    if (!bson_iter_init_find(&top, reply, "cursor") || !bson_iter_recurse(&top, &inner))
        return ost__error_set(m->x->run->error, OST_DRIVER_ERROR, "the server sent no cursor");
    while (bson_iter_next(&inner)) {
        const char *key = bson_iter_key(&inner);
        if (strcmp(key, "id") == 0)
            *cursor = bson_iter_as_int64(&inner);
        if ((strcmp(key, "firstBatch") != 0 && strcmp(key, "nextBatch") != 0) ||
            !bson_iter_recurse(&inner, &batch))
            continue;
        while (bson_iter_next(&batch)) {
            span d = { NULL, 0 };
            if (!BSON_ITER_HOLDS_DOCUMENT(&batch))
                continue;
            bson_iter_document(&batch, &d.size, &d.data);
            OST_TRY(pile_add(m, p, d, names, count));
        }
    }
    return OST_OK;
}

static ost_status look(many *m, bool afterwards)
{
    ost__mongo_run *r = m->x->run;
    bson_t command = BSON_INITIALIZER;
    ost__mongo_writer w = { .plan = r->op->plan,
                            .table = m->x->table,
                            .op = r->op,
                            .record = ost__mongo_record(r->op, m->first),
                            .error = r->error };
    uint32_t server = 0;
    int64_t cursor = 0;
    find_in(m, &w, afterwards, &command);
    ost_status status = w.status;
    while (status == OST_OK) {
        bson_t reply;
        r->outcome->statements++;
        status = ost__mongo_command_at(r, OST__MONGO_PLAIN, 0, &command, &server, &reply);
        if (status == OST_OK)
            status = take_portion(m, &reply, afterwards, &cursor);
        bson_destroy(&reply);
        if (status != OST_OK || cursor == 0)
            break;
        bson_reinit(&command);
        BSON_APPEND_INT64(&command, "getMore", cursor);
        BSON_APPEND_UTF8(&command, "collection", m->x->table->name);
    }
    bson_destroy(&command);
    return status;
}

/* ---- the update ---- */

static ost_status add_statement(many *m, bson_t *list, bool *full)
{
    ost__mongo_upserting *x = m->x;
    size_t i = m->first + m->count;
    bson_t record = BSON_INITIALIZER, statement = BSON_INITIALIZER;
    ost__mongo_writer w;
    ost_status status = ost__mongo_upsert_record(x, i, &w, &record);
    if (status == OST_OK) {
        ost__mongo_upsert_statement_in(&w, &record, &statement);
        status = w.status;
    }
    *full = m->count > 0 && (size_t)list->len + statement.len > CHUNK_BYTES;
    if (status == OST_OK && !*full) {
        char key[16];
        const span d = { bson_get_data(&record), record.len };
        int size = (int)ost__mongo_index_key((uint32_t)m->count, key);
        if (!bson_append_document(list, key, size, &statement))
            *full = true;
        else
            status = pile_add(m, &m->records, d, (const char *const *)m->names, m->name_count);
        m->count += !*full;
    }
    if (status != OST_OK) {
        x->run->outcome->failed_record = i;
        x->run->error->nothing_sent = 1;
    }
    bson_destroy(&statement);
    bson_destroy(&record);
    return status;
}

static ost_status write_update(many *m, size_t most, bson_t *out)
{
    bson_t list;
    bool full = false;
    ost_status status = OST_OK;
    BSON_APPEND_UTF8(out, "update", m->x->table->name);
    BSON_APPEND_ARRAY_BEGIN(out, "updates", &list);
    while (status == OST_OK && !full && m->count < most)
        status = add_statement(m, &list, &full);
    bson_append_array_end(out, &list);
    return status;
}

static ost_status send_update(many *m, bson_t *command)
{
    ost__mongo_run *r = m->x->run;
    ost_outcome *o = r->outcome;
    bson_t reply;
    bson_iter_t i, item;
    uint32_t inserted = 0;
    uint8_t unwanted;
    r->outcome->statements++;
    o->failed_record = SIZE_MAX;
    ost_status status = ost__mongo_command(r, OST__MONGO_WRITES, 0, command, &reply);
    if (status == OST_OK && bson_iter_init_find(&i, &reply, "nModified"))
        m->modified = bson_iter_as_int64(&i);
    if (status == OST_OK && bson_iter_init_find(&i, &reply, "upserted") &&
        bson_iter_recurse(&i, &item))
        while (bson_iter_next(&item))
            inserted++;
    bson_destroy(&reply);
    if (status == OST_CONFLICT)
        status = ost__mongo_upsert_conflict(m->x, &unwanted);
    o->failed_record =
        status != OST_OK && o->failed_record < m->count ? o->failed_record + m->first : SIZE_MAX;
    OST_TRY(status);
    if (inserted + m->before.count != m->count)
        return ost__error_set(r->error, OST_DRIVER_ERROR,
                              "%s: two records of an upsert have the same key", m->x->table->model);
    return OST_OK;
}

/* ---- what became of them ---- */

/* Those that were there have all been changed, or none has, and what is given back stays. */
static bool must_look_again(const many *m)
{
    const ost_shape *s = m->x->run->op->shape;
    if (m->modified == 0)
        return false;
    if (m->modified != m->before.count)
        return true;
    for (uint32_t i = 0; i < s->column_count; i++)
        for (uint32_t k = 0; k < s->update_count; k++)
            if (s->updates[k].field == s->columns[i]->field)
                return true;
    return false;
}

static ost_status tell_record(many *m, uint32_t i, bool again)
{
    uint8_t *effect = &m->x->run->c->effects[m->first + i];
    span record = document_of(&m->records, i), was, is;
    const char *const *names = (const char *const *)m->names;
    uint32_t found = *slot_of(m, &m->before, record, names, m->name_count);
    if (found == NONE) {
        *effect = OST_EFFECT_INSERTED;
        return ost__mongo_upsert_deliver(m->x, record.data, record.size);
    }
    was = is = document_of(&m->before, found);
    *effect = m->modified > 0 ? OST_EFFECT_UPDATED : OST_EFFECT_UNCHANGED;
    if (again) {
        found = *slot_of(m, &m->after, was, id_name, 1);
        if (found == NONE)
            return ost__error_set(m->x->run->error, OST_DRIVER_ERROR,
                                  "%s: an upserted record is gone", m->x->table->model);
        is = document_of(&m->after, found);
        if (is.size == was.size && memcmp(is.data, was.data, is.size) == 0)
            *effect = OST_EFFECT_UNCHANGED;
    }
    return ost__mongo_upsert_deliver(m->x, is.data, is.size);
}

static ost_status run(many *m, size_t most)
{
    bson_t command = BSON_INITIALIZER;
    ost_status status = write_update(m, most, &command);
    bool again = false;
    if (status == OST_OK && m->count > 1) {
        status = look(m, false);
        if (status == OST_OK)
            status = send_update(m, &command);
        again = status == OST_OK && must_look_again(m);
        if (again)
            status = look(m, true);
        for (uint32_t i = 0; status == OST_OK && i < m->count; i++)
            status = tell_record(m, i, again);
    }
    bson_destroy(&command);
    return status;
}

ost_status ost__mongo_upsert_many(ost__mongo_upserting *x, size_t first, size_t *count)
{
    const ost_operation *op = x->run->op;
    const ost_shape *s = op->shape;
    const ost_host *host = &x->run->c->backend->host;
    many m = { .x = x, .memory = &x->run->c->backend->memory, .first = first };
    size_t most = s->arbiter_count == 1 ? CHUNK_RECORDS : CHUNK_ALTERNATIVES;
    size_t names_size = s->arbiter_count * sizeof *m.names;
    ost_status status = OST_OK;
    if (most > op->record_count - first)
        most = op->record_count - first;
    host->random(host->context, &m.key, sizeof m.key);
    m.names = ost__alloc(m.memory, names_size);
    m.name_count = s->arbiter_count;
    for (uint32_t i = 0; m.names && i < s->arbiter_count; i++)
        m.names[i] = ost__mongo_name(x->table, s->arbiters[i]);
    bool room = pile_begin(&m.records, m.memory, most);
    room = pile_begin(&m.before, m.memory, most) && room;
    room = pile_begin(&m.after, m.memory, most) && room;
    status = room && m.names ? run(&m, most) : no_memory(&m);
    pile_end(&m.after, m.memory);
    pile_end(&m.before, m.memory);
    pile_end(&m.records, m.memory);
    ost__free(m.memory, m.names, names_size);
    *count = m.count > 1 ? m.count : 0;
    return status;
}
