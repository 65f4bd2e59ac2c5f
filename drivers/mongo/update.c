/* SPDX-License-Identifier: MIT */
/*
 * Updates and deletes. Many records, and several updates of a batch, are statements of one command.
 * The server adds up how many documents they met: where some met none, which those are is looked up
 * by key. Outside a unit what may meet many documents is a transaction of its own.
 */
#include "mongo/writes.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "mongo/lists.h"

enum {
    /* More in a command was not faster, and a deadline would have to wait for it. */
    CHUNK_BYTES = 4 << 20,
    CHUNK_STATEMENTS = 10000,
    LOOK_UP = 100 /* records at a time */
};

/* What a command of several updates did to each of them. */
struct ost__mongo_merged {
    uint64_t batch;
    size_t first, count; /* of its operations */
    size_t failed;       /* the operation that failed; SIZE_MAX: none did */
    bool known;          /* which of them were changed: all that met something, or none */
    bool changed;
    ost_outcome outcome; /* of the one that failed */
    ost_error error;
    uint8_t met[];
};

/* ---- one statement ---- */

/* Whether the condition is the key and nothing else, so that what met it meets it still. */
static bool is_only_key(const ost_shape *s)
{
    const ost_node *w = s->where;
    return ost__shape_is_by_key(s) &&
           (s->table->key_count == 1 ? w->op == OST_OP_EQ : w->arg_count == s->table->key_count);
}

static ost__mongo_writer writer_of(const ost__mongo_run *r, const ost_operation *op, size_t record)
{
    return (ost__mongo_writer){ .plan = op->plan,
                                .table = op->shape->table,
                                .op = op,
                                .record = ost__mongo_record(op, record),
                                .error = r->error };
}

ost_status ost__mongo_write_changes(ost__mongo_writer *w, const char *key, bson_t *out)
{
    bson_t changes = BSON_INITIALIZER;
    bool is_pipeline = false, ok;
    ost_status status = ost__mongo_changes(w, &changes, &is_pipeline);
    ok = status != OST_OK || (is_pipeline ? BSON_APPEND_ARRAY(out, key, &changes)
                                          : BSON_APPEND_DOCUMENT(out, key, &changes));
    bson_destroy(&changes);
    if (!ok)
        status = ost__error_set(w->error, OST_TOO_LARGE, "%s: an update of more than 16 MiB",
                                w->table->model);
    return status;
}

/* {q: …, u: …, multi: …} or {q: …, limit: …} */
static ost_status write_statement(ost__mongo_run *r, const ost_operation *op, size_t record,
                                  bson_t *out)
{
    ost__mongo_writer w = writer_of(r, op, record);
    bool one = ost__shape_is_by_key(op->shape);
    ost_status status;
    bson_t query;
    bson_reinit(out);
    BSON_APPEND_DOCUMENT_BEGIN(out, "q", &query);
    status = ost__mongo_filter(&w, op->shape->where, &query);
    bson_append_document_end(out, &query);
    if (status == OST_OK && op->kind == OST_DO_UPDATE)
        status = ost__mongo_write_changes(&w, "u", out);
    if (status != OST_OK) {
        if (r->error)
            r->error->nothing_sent = 1;
        return status;
    }
    if (op->kind == OST_DO_UPDATE)
        BSON_APPEND_BOOL(out, "multi", !one);
    else
        BSON_APPEND_INT32(out, "limit", one ? 1 : 0);
    return OST_OK;
}

/* ---- commands ---- */

/* A command in the making. */
typedef struct bulk {
    bson_t list, statement;
    ost__mongo_run *run;
    bson_t *command;
    size_t count; /* of its statements */
    bool full;
} bulk;

static void bulk_begin(bulk *b, ost__mongo_run *r)
{
    bool updates = r->op->kind == OST_DO_UPDATE;
    *b = (bulk){ .run = r, .command = &r->c->command };
    bson_init(&b->statement);
    bson_reinit(b->command);
    BSON_APPEND_UTF8(b->command, updates ? "update" : "delete", r->op->shape->table->name);
    bson_append_array_begin(b->command, updates ? "updates" : "deletes", 7, &b->list);
}

/* Adds a statement; if there is no more room, `full` is set and it is not added. */
static ost_status bulk_add(bulk *b, const ost_operation *op, size_t record)
{
    char key[16];
    size_t size;
    OST_TRY(write_statement(b->run, op, record, &b->statement));
    size = (size_t)b->list.len + b->statement.len;
    if (size > OST__MONGO_COMMAND_MAX && b->count == 0) {
        const char *model = op->shape->table->model;
        ost__error_set(b->run->error, OST_TOO_LARGE,
                       "%s: a statement of %zu bytes, but MongoDB takes %d", model, size, 16 << 20);
        ost__error_about(b->run->error, model, NULL);
        if (b->run->error)
            b->run->error->nothing_sent = 1;
        return OST_TOO_LARGE;
    }
    b->full = b->count > 0 && (size > CHUNK_BYTES || b->count == CHUNK_STATEMENTS);
    if (b->full)
        return OST_OK;
    bson_append_document(&b->list, key, (int)ost__mongo_index_key((uint32_t)b->count, key),
                         &b->statement);
    b->count++;
    return OST_OK;
}

/* How many documents were met and changed. */
typedef struct tally {
    int64_t met, changed;
} tally;

static int64_t number_in(const bson_t *reply, const char *key)
{
    bson_iter_t i;
    return bson_iter_init_find(&i, reply, key) ? bson_iter_as_int64(&i) : 0;
}

static ost_status bulk_send(bulk *b, tally *out)
{
    ost__mongo_run *r = b->run;
    bson_t reply;
    ost_status status;
    bson_append_array_end(b->command, &b->list);
    r->outcome->statements++;
    r->outcome->failed_record = SIZE_MAX;
    status = ost__mongo_command(r, OST__MONGO_WRITES, 0, b->command, &reply);
    out->met = number_in(&reply, "n");
    out->changed = r->op->kind == OST_DO_UPDATE ? number_in(&reply, "nModified") : out->met;
    bson_destroy(&reply);
    return status;
}

static void bulk_end(bulk *b)
{
    enum { KEPT_BYTES = 1 << 20 };
    bson_destroy(&b->statement);
    if (b->command->len <= KEPT_BYTES)
        return;
    bson_destroy(b->command);
    bson_init(b->command);
}

/* ---- which were met ---- */

/* How many documents records [first, first + count) of the operation meet. */
static ost_status count_met(ost__mongo_run *r, const ost_operation *op, size_t first, size_t count,
                            size_t *met)
{
    bson_t command = BSON_INITIALIZER, filter, list, item, reply;
    bson_iter_t i, found;
    char key[16];
    ost_status status = OST_OK;
    BSON_APPEND_UTF8(&command, "find", op->shape->table->name);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    BSON_APPEND_ARRAY_BEGIN(&filter, "$or", &list);
    for (size_t k = 0; k < count && status == OST_OK; k++) {
        ost__mongo_writer w = writer_of(r, op, first + k);
        bson_append_document_begin(&list, key, (int)ost__mongo_index_key((uint32_t)k, key), &item);
        status = ost__mongo_filter(&w, op->shape->where, &item);
        bson_append_document_end(&list, &item);
    }
    bson_append_array_end(&filter, &list);
    bson_append_document_end(&command, &filter);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "projection", &item);
    BSON_APPEND_INT32(&item, "_id", 1);
    bson_append_document_end(&command, &item);
    BSON_APPEND_INT32(&command, "batchSize", LOOK_UP + 1);
    BSON_APPEND_BOOL(&command, "singleBatch", true);
    *met = 0;
    if (status == OST_OK) {
        status = ost__mongo_command(r, OST__MONGO_PLAIN, 0, &command, &reply);
        if (status == OST_OK && bson_iter_init(&i, &reply) &&
            bson_iter_find_descendant(&i, "cursor.firstBatch", &found) &&
            bson_iter_recurse(&found, &i))
            while (bson_iter_next(&i))
                ++*met;
        bson_destroy(&reply);
    }
    bson_destroy(&command);
    return status;
}

/* The first record of [first, end) that meets nothing. Its key was not there and is not there. */
static ost_status find_missed(ost__mongo_run *r, size_t first, size_t end)
{
    while (first < end) {
        size_t count = end - first < LOOK_UP ? end - first : LOOK_UP, met;
        OST_TRY(count_met(r, r->op, first, count, &met));
        /* A key that is there twice looks like one that is missing. */
        for (size_t i = first; met < count && i < first + count; i++) {
            size_t one;
            OST_TRY(count_met(r, r->op, i, 1, &one));
            if (one == 0) {
                r->outcome->failed_record = i;
                return OST_OK;
            }
        }
        first += count;
    }
    return OST_OK;
}

/* ---- records ---- */

static void add_tally(ost__mongo_run *r, const tally *t)
{
    r->outcome->matched += t->met;
    if (r->outcome->changed >= 0)
        r->outcome->changed += t->changed;
}

static void fail_from(ost__mongo_run *r, size_t first, size_t count)
{
    ost_outcome *o = r->outcome;
    if (r->op->record_count > 0 && o->failed_record < count)
        o->failed_record += first;
    else
        o->failed_record = SIZE_MAX;
    if (first > 0 && r->error)
        r->error->nothing_sent = 0;
}

/* Records from *next on, as many as a command takes and `most` allows. */
static ost_status write_chunk(ost__mongo_run *r, size_t *next, size_t end, size_t most, tally *out)
{
    size_t first = *next;
    ost_status status = OST_OK;
    bulk b;
    *out = (tally){ 0, 0 };
    bulk_begin(&b, r);
    while (status == OST_OK && *next < end && *next - first < most) {
        status = bulk_add(&b, r->op, *next);
        if (status != OST_OK) {
            r->outcome->failed_record = *next - first;
            break;
        }
        if (b.full)
            break;
        ++*next;
    }
    if (status == OST_OK)
        status = bulk_send(&b, out);
    else
        bson_append_array_end(b.command, &b.list);
    bulk_end(&b);
    if (status != OST_OK)
        fail_from(r, first, *next - first + 1);
    return status;
}

static ost_status write_records(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    ost_outcome *o = r->outcome;
    size_t count = op->record_count > 0 ? op->record_count : 1, next = 0, missed = SIZE_MAX;
    bool together = op->kind == OST_DO_UPDATE && is_only_key(op->shape);
    while (next < count) {
        size_t first = next;
        tally t;
        OST_TRY(write_chunk(r, &next, count, together ? CHUNK_STATEMENTS : 1, &t));
        add_tally(r, &t);
        if (op->record_count == 0 || missed != SIZE_MAX || t.met >= (int64_t)(next - first))
            continue;
        if (next - first == 1)
            o->failed_record = first;
        else
            OST_TRY(find_missed(r, first, next));
        missed = o->failed_record;
    }
    o->failed_record = missed;
    return OST_OK;
}

/* ---- several updates of a batch ---- */

void ost__mongo_merged_forget(ost_connection *c)
{
    struct ost__mongo_merged *m = c->merged;
    if (m)
        ost__free(&c->backend->memory, m, sizeof *m + m->count);
    c->merged = NULL;
}

static bool is_simple(const ost_operation *op)
{
    const ost_shape *s = op->shape;
    return op->kind == OST_DO_UPDATE && op->plan && !op->plan->nothing && !op->rows &&
           op->record_count <= 1 && !ost__mongo_is_limited(s) && is_only_key(s);
}

/* Operations from this one on that can be one command. */
static size_t mergeable(const ost__mongo_run *r)
{
    const ost_connection *c = r->c;
    size_t n = 0;
    if (!c->in_unit || r->index >= c->op_count || r->op != &c->ops[r->index])
        return 1;
    while (r->index + n < c->op_count && n < CHUNK_STATEMENTS && is_simple(&c->ops[r->index + n]) &&
           c->ops[r->index + n].shape->table == r->op->shape->table)
        n++;
    return n;
}

/* Each by itself: only where some of them met nothing. */
static ost_status look_up(ost__mongo_run *r, struct ost__mongo_merged *m)
{
    for (size_t i = 0; i < m->count; i++) {
        size_t met;
        OST_TRY(count_met(r, &r->c->ops[m->first + i], 0, 1, &met));
        m->met[i] = met > 0;
    }
    return OST_OK;
}

/* What the command did, for each of its operations. */
static ost_status settle_merged(ost__mongo_run *r, struct ost__mongo_merged *m, const tally *t,
                                ost_status status)
{
    size_t done = m->count;
    if (status != OST_OK) {
        size_t failed = r->outcome->failed_record;
        /* No single one is to blame: it is this one's failure. */
        if (failed == SIZE_MAX || failed == 0 || failed >= m->count)
            return status;
        m->failed = m->first + failed;
        m->outcome = *r->outcome;
        m->outcome.failed_record = SIZE_MAX;
        if (r->error)
            m->error = *r->error;
        else
            ost__error_set(&m->error, status, "the update was refused");
        done = failed;
    }
    m->known = t->changed == t->met || t->changed == 0;
    m->changed = t->changed > 0;
    /* After a failure the server has undone the unit, and can tell nothing any more. */
    memset(m->met, 1, done);
    return t->met >= (int64_t)done || status != OST_OK ? OST_OK : look_up(r, m);
}

static ost_status deliver_merged(ost__mongo_run *r)
{
    const struct ost__mongo_merged *m = r->c->merged;
    ost_outcome *o = r->outcome;
    bool met;
    if (r->index == m->failed) {
        o->transaction_ended = m->outcome.transaction_ended;
        o->connection_lost = m->outcome.connection_lost;
        if (r->error)
            *r->error = m->error;
        return (ost_status)m->error.status;
    }
    met = m->met[r->index - m->first];
    o->statements = 1;
    o->matched = met;
    o->changed = !met ? 0 : m->known ? m->changed : -1;
    o->failed_record = met || r->op->record_count == 0 ? SIZE_MAX : 0;
    return OST_OK;
}

static bool is_merged(const ost__mongo_run *r)
{
    const struct ost__mongo_merged *m = r->c->merged;
    return m && m->batch == r->c->batch && r->index >= m->first && r->index - m->first < m->count &&
           r->index < r->c->op_count && r->op == &r->c->ops[r->index];
}

static ost_status write_merged(ost__mongo_run *r, size_t count)
{
    ost_connection *c = r->c;
    struct ost__mongo_merged *m;
    tally t = { 0, 0 };
    ost_status status = OST_OK;
    bulk b;
    bulk_begin(&b, r);
    while (b.count < count && !b.full && status == OST_OK)
        status = bulk_add(&b, &c->ops[r->index + b.count], 0);
    /* One that cannot be written says so in its turn. */
    if (status != OST_OK && b.count > 0)
        status = OST_OK;
    ost__mongo_merged_forget(c);
    m = ost__alloc_zeroed(&c->backend->memory, sizeof *m + b.count);
    if (status == OST_OK && !m)
        status = ost__error_set(r->error, OST_NO_MEMORY, "no memory for a batch of updates");
    if (status != OST_OK || !m) {
        bson_append_array_end(b.command, &b.list);
        bulk_end(&b);
        ost__free(&c->backend->memory, m, sizeof *m + b.count);
        return status;
    }
    m->batch = c->batch;
    m->first = r->index;
    m->count = b.count;
    m->failed = SIZE_MAX;
    c->merged = m;
    status = bulk_send(&b, &t);
    bulk_end(&b);
    status = settle_merged(r, m, &t, status);
    r->outcome->failed_record = SIZE_MAX;
    if (status != OST_OK) {
        ost__mongo_merged_forget(c);
        return status;
    }
    c->done = m->first + m->count;
    return deliver_merged(r);
}

/* ---- which way ---- */

/* The server writes one document after the other, and stops where one fails: what it did until then
 * is undone only in a transaction. */
/* Parts of a list that is too long for a command, one after the other. */
typedef struct in_parts {
    ost__mongo_run run; /* first: what the work is given */
    ost__mongo_parts parts;
} in_parts;

static ost_status write_parts(ost__mongo_run *r)
{
    in_parts *x = (in_parts *)r;
    ost_status status = OST_OK;
    ost__mongo_parts_rewind(&x->parts);
    r->op = &x->parts.op;
    while (status == OST_OK && ost__mongo_parts_next(&x->parts))
        status = write_records(r);
    return status;
}

/* `r->error` says why it cannot be one command. */
static ost_status write_in_parts(ost__mongo_run *r)
{
    in_parts x = { .run = *r };
    ost_status status = ost__mongo_parts_begin(&x.parts, r);
    if (status == OST_OK && (r->c->in_unit || r->c->replicated))
        status = ost__mongo_together(&x.run, write_parts);
    else if (status == OST_OK)
        status = write_parts(&x.run);
    ost__mongo_parts_end(&x.parts);
    return status;
}

static bool meets_many(const ost__mongo_run *r)
{
    return !r->c->in_unit && r->c->replicated && !ost__shape_is_by_key(r->op->shape);
}

static ost_status write_any(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    ost_status status;
    size_t count;
    r->outcome->changed = 0;
    if (op->plan->nothing) {
        r->outcome->failed_record = op->record_count > 0 ? 0 : SIZE_MAX;
        return OST_OK;
    }
    if (op->rows)
        return ost__mongo_write_returning(r);
    if (ost__mongo_is_limited(op->shape))
        return ost__mongo_write_limited(r);
    count = op->kind == OST_DO_UPDATE ? mergeable(r) : 1;
    if (count > 1)
        return write_merged(r, count);
    status = meets_many(r) ? ost__mongo_together(r, write_records) : write_records(r);
    /* It was not sent. */
    return status == OST_TOO_LARGE && r->error->nothing_sent ? write_in_parts(r) : status;
}

ost_status ost__mongo_update(ost__mongo_run *r)
{
    if (!r->op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    return is_merged(r) ? deliver_merged(r) : write_any(r);
}

ost_status ost__mongo_delete(ost__mongo_run *r)
{
    if (!r->op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    return write_any(r);
}
