/* SPDX-License-Identifier: MIT */
/*
 * Keys in a row. A counter for each collection, in a collection of the same database, holds the
 * first key that nobody was given: {_id: collection, next: int64}. Connections share blocks that
 * grow with demand; what is left of one when the program ends is never given again.
 *
 * Keys that a program gives by itself push the counter beyond them, a growing step at a time. Who
 * stores keys without asking the counter is met once: then, and when a process first asks, the
 * counter goes behind the largest key that is there.
 */
#include "mongo/connection.h"

#include <string.h>

#include "base/error.h"
#include "mongo/cells.h"

enum { BLOCK_MAX = 1024, CREATE_TRIES = 3 };
enum { DUPLICATE_KEY = 11000 };

typedef struct counter {
    struct counter *next_counter;
    size_t size;          /* of this allocation */
    int64_t next, end;    /* keys that are ours; none where they are equal */
    int64_t known;        /* the counter has come so far; 0: not known */
    int64_t block;        /* keys that were asked for last */
    int64_t step;         /* that it was pushed beyond a key that was given */
    bool doubtful;        /* larger keys may be there */
    const char *database; /* NULL: the URL's */
    char collection[];    /* and behind it the database's name */
} counter;

struct ost__mongo_keys {
    counter *counters;
    long owner; /* the process that the blocks were given to */
};

/* ---- what we have ---- */

ost__mongo_keys *ost__mongo_keys_new(ost_backend *b)
{
    return ost__alloc_zeroed(&b->memory, sizeof(ost__mongo_keys));
}

static void forget_counters(const ost__memory *memory, ost__mongo_keys *keys)
{
    while (keys->counters) {
        counter *c = keys->counters;
        keys->counters = c->next_counter;
        ost__free(memory, c, c->size);
    }
}

void ost__mongo_keys_free(ost_backend *b, ost__mongo_keys *keys)
{
    if (!keys)
        return;
    forget_counters(&b->memory, keys);
    ost__free(&b->memory, keys, sizeof *keys);
}

static bool is_counter(const counter *c, const ost_table *t)
{
    bool same =
        c->database && t->schema ? strcmp(c->database, t->schema) == 0 : c->database == t->schema;
    return same && strcmp(c->collection, t->name) == 0;
}

/* Under the backend's mutex. NULL: no memory. */
static counter *counter_of(ost_backend *b, const ost_table *t)
{
    ost__mongo_keys *keys = b->keys;
    size_t name = strlen(t->name) + 1, database = t->schema ? strlen(t->schema) + 1 : 0;
    counter *c;
    /* The blocks of a parent are its own. */
    if (keys->owner != b->owner)
        forget_counters(&b->memory, keys);
    keys->owner = b->owner;
    for (c = keys->counters; c; c = c->next_counter)
        if (is_counter(c, t))
            return c;
    c = ost__alloc_zeroed(&b->memory, sizeof *c + name + database);
    if (!c)
        return NULL;
    c->size = sizeof *c + name + database;
    c->doubtful = true;
    memcpy(c->collection, t->name, name);
    if (t->schema) {
        memcpy(c->collection + name, t->schema, database);
        c->database = c->collection + name;
    }
    c->next_counter = keys->counters;
    keys->counters = c;
    return c;
}

static ost_status no_memory(ost__mongo_run *r)
{
    ost__error_set(r->error, OST_NO_MEMORY, "no memory for keys");
    if (r->error)
        r->error->nothing_sent = 1;
    return OST_NO_MEMORY;
}

/* ---- the counter ---- */

static bool number_of(const bson_iter_t *i, int64_t *out)
{
    if (!BSON_ITER_HOLDS_INT32(i) && !BSON_ITER_HOLDS_INT64(i))
        return false;
    *out = bson_iter_as_int64(i);
    return true;
}

/* Others may have stored doubles, which are read as integers too. */
static bool whole_of(const bson_iter_t *i, int64_t *out)
{
    double x;
    if (!BSON_ITER_HOLDS_DOUBLE(i))
        return number_of(i, out);
    x = bson_iter_double(i);
    if (!(x >= 0 && x < 9007199254740992.0))
        return false;
    *out = (int64_t)x;
    return true;
}

/* The largest key that is there, among those that are numbers; 0: none. */
static ost_status find_largest(ost__mongo_run *r, int64_t *out)
{
    const ost_table *t = r->op->shape->table;
    const char *name = ost__mongo_name(t, t->auto_key);
    bson_t command = BSON_INITIALIZER, inner, kind, reply;
    bson_iter_t i, found;
    ost_status status;
    *out = 0;
    BSON_APPEND_UTF8(&command, "find", t->name);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&inner, name, &kind);
    BSON_APPEND_UTF8(&kind, "$type", "number");
    bson_append_document_end(&inner, &kind);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "sort", &inner);
    BSON_APPEND_INT32(&inner, name, -1);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "projection", &inner);
    BSON_APPEND_INT32(&inner, name, 1);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_INT64(&command, "limit", 1);
    BSON_APPEND_BOOL(&command, "singleBatch", true);
    status = ost__mongo_command(r, OST__MONGO_READS, OST__MONGO_APART, &command, &reply);
    if (status == OST_OK && bson_iter_init(&i, &reply) &&
        bson_iter_find_descendant(&i, "cursor.firstBatch.0", &found) &&
        bson_iter_recurse(&found, &i) && bson_iter_find(&i, name))
        (void)whole_of(&i, out);
    bson_destroy(&reply);
    bson_destroy(&command);
    if (*out < 0)
        *out = 0;
    return status;
}

/* {$add: [{$max: [{$ifNull: ["$next", 1]}, least]}, count]} */
static void append_next(bson_t *out, int64_t least, int64_t count)
{
    bson_t add, sum, max, of_max, null, of_null;
    BSON_APPEND_DOCUMENT_BEGIN(out, "next", &add);
    BSON_APPEND_ARRAY_BEGIN(&add, "$add", &sum);
    BSON_APPEND_DOCUMENT_BEGIN(&sum, "0", &max);
    BSON_APPEND_ARRAY_BEGIN(&max, "$max", &of_max);
    BSON_APPEND_DOCUMENT_BEGIN(&of_max, "0", &null);
    BSON_APPEND_ARRAY_BEGIN(&null, "$ifNull", &of_null);
    BSON_APPEND_UTF8(&of_null, "0", "$next");
    BSON_APPEND_INT64(&of_null, "1", 1);
    bson_append_array_end(&null, &of_null);
    bson_append_document_end(&of_max, &null);
    BSON_APPEND_INT64(&of_max, "1", least);
    bson_append_array_end(&max, &of_max);
    bson_append_document_end(&sum, &max);
    BSON_APPEND_INT64(&sum, "1", count);
    bson_append_array_end(&add, &sum);
    bson_append_document_end(out, &add);
}

/* Moves the counter to at least `least` and then `count` further; *next is where it is then. */
static ost_status move_counter(ost__mongo_run *r, int64_t least, int64_t count, int64_t *next)
{
    bson_t command = BSON_INITIALIZER, inner, stage, set, reply;
    bson_iter_t i, found;
    ost_status status;
    BSON_APPEND_UTF8(&command, "findAndModify", OST__MONGO_COUNTERS);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "query", &inner);
    BSON_APPEND_UTF8(&inner, "_id", r->op->shape->table->name);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_ARRAY_BEGIN(&command, "update", &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&inner, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$set", &set);
    append_next(&set, least, count);
    bson_append_document_end(&stage, &set);
    bson_append_document_end(&inner, &stage);
    bson_append_array_end(&command, &inner);
    BSON_APPEND_BOOL(&command, "upsert", true);
    BSON_APPEND_BOOL(&command, "new", true);
    for (int tries = 1;; tries++) {
        status = ost__mongo_command(r, OST__MONGO_WRITES, OST__MONGO_APART | OST__MONGO_MAJORITY,
                                    &command, &reply);
        /* Two may create it at once: one of them finds it there. */
        if (status != OST_CONFLICT || tries == CREATE_TRIES)
            break;
        bson_destroy(&reply);
    }
    if (status == OST_OK &&
        (!bson_iter_init(&i, &reply) || !bson_iter_find_descendant(&i, "value.next", &found) ||
         !number_of(&found, next)))
        status = ost__error_set(r->error, OST_RANGE, "%s: the keys of its counter are used up",
                                r->op->shape->table->model);
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

/* ---- taking ---- */

static bool take_own(counter *c, int64_t count, int64_t *first)
{
    if (c->doubtful || c->end - c->next < count)
        return false;
    *first = c->next;
    c->next += count;
    return true;
}

/* Keys [next, end) were given to us, the first of which have been taken. Another thread may have
 * been given some meanwhile: the more are kept. */
static void keep(counter *c, int64_t next, int64_t end)
{
    if (c->next == c->end || end - next > c->end - c->next) {
        c->next = next;
        c->end = end;
    }
    if (end > c->known)
        c->known = end;
}

static ost_status used_up(ost__mongo_run *r)
{
    const ost_table *t = r->op->shape->table;
    ost__error_set(r->error, OST_RANGE, "%s.%s: there is no further key", t->model,
                   t->auto_key->name);
    ost__error_about(r->error, t->model, t->auto_key->name);
    return OST_RANGE;
}

ost_status ost__mongo_keys_take(ost__mongo_run *r, size_t count, int64_t *first)
{
    ost_backend *b = r->c->backend;
    const ost_table *t = r->op->shape->table;
    int64_t wanted = (int64_t)count, block = 0, least = 1, next = 0;
    bool taken = false, doubtful = true;
    counter *c;
    if (count > INT32_MAX)
        return used_up(r);
    pthread_mutex_lock(&b->mutex);
    c = counter_of(b, t);
    if (c) {
        taken = take_own(c, wanted, first);
        doubtful = c->doubtful;
        block = c->block * 2 < BLOCK_MAX ? c->block * 2 : BLOCK_MAX;
        block = block > wanted ? block : wanted;
        if (!taken)
            c->block = block < BLOCK_MAX ? block : BLOCK_MAX;
    }
    pthread_mutex_unlock(&b->mutex);
    if (!c || taken)
        return c ? OST_OK : no_memory(r);
    /* The server is asked without the mutex: nobody waits for more than his own answer. */
    if (doubtful) {
        OST_TRY(find_largest(r, &least));
        if (least > INT64_MAX - wanted)
            return used_up(r);
        least++;
    }
    OST_TRY(move_counter(r, least, block, &next));
    *first = next - block;
    pthread_mutex_lock(&b->mutex);
    c = counter_of(b, t);
    if (c) {
        if (c->doubtful)
            c->next = c->end = 0;
        c->doubtful = false;
        keep(c, *first + wanted, next);
    }
    pthread_mutex_unlock(&b->mutex);
    return OST_OK;
}

ost_status ost__mongo_keys_given(ost__mongo_run *r, int64_t most)
{
    ost_backend *b = r->c->backend;
    const ost_table *t = r->op->shape->table;
    int64_t step = 0, next = 0;
    counter *c;
    pthread_mutex_lock(&b->mutex);
    c = counter_of(b, t);
    if (c) {
        if (most >= c->next && most < c->end)
            c->next = most + 1;
        /* Beyond the last key that there can be nothing is allotted any more. */
        if (most >= c->known && most < INT64_MAX - BLOCK_MAX) {
            c->step = c->step == 0 ? 1 : c->step * 2 < BLOCK_MAX ? c->step * 2 : BLOCK_MAX;
            step = c->step;
        }
    }
    pthread_mutex_unlock(&b->mutex);
    if (!c || step == 0)
        return c ? OST_OK : no_memory(r);
    OST_TRY(move_counter(r, most + step, 0, &next));
    pthread_mutex_lock(&b->mutex);
    c = counter_of(b, t);
    if (c && next > c->known)
        c->known = next;
    pthread_mutex_unlock(&b->mutex);
    return OST_OK;
}

void ost__mongo_keys_doubt(ost__mongo_run *r)
{
    ost_backend *b = r->c->backend;
    counter *c;
    pthread_mutex_lock(&b->mutex);
    c = counter_of(b, r->op->shape->table);
    if (c)
        c->doubtful = true;
    pthread_mutex_unlock(&b->mutex);
}
