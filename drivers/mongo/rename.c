/* SPDX-License-Identifier: MIT */
/*
 * Members under another name. A collection has no columns: what tells that a member was renamed is
 * the validator, which is therefore the last to change. Until then it tells the column under its
 * former name, and each step does no harm if it was done before: who died on the way, or was
 * overtaken, is followed by one who does it all.
 *
 *   1. the validator takes the new name, and tells the former column and no unique index on it;
 *   2. the indexes on it go, since a unique one would take documents without the member for alike;
 *   3. one update moves the members in each document that has them under the former name;
 *   4. the indexes are made anew;
 *   5. the validator tells the column.
 *
 * The validator cannot tell of one member that it was renamed without telling so of the others, nor
 * would it take documents with some of them: all that have a former name are renamed together.
 */
#include <string.h>

#include "base/error.h"
#include "mongo/connection.h"
#include "mongo/define.h"

enum { INDEX_NOT_FOUND = 27, FIRST_PAUSE_MS = 5, PAUSE_MAX_MS = 320, NS_PER_MS = 1000000 };

typedef struct renaming {
    ost__mongo_run *run;
    const ost_table *table;
    bool *pending; /* of each field */
} renaming;

/* ---- commands ---- */

static ost_status define(ost__mongo_run *r, bson_t *command, bson_t *reply)
{
    return ost__mongo_command(r, OST__MONGO_PLAIN, OST__MONGO_APART, command, reply);
}

static ost_status set_validator(const renaming *n, const bool *pending)
{
    bson_t command = BSON_INITIALIZER, reply;
    ost_status status;
    BSON_APPEND_UTF8(&command, "collMod", n->table->name);
    status = ost__mongo_validator(n->table, pending, &command, n->run->error);
    if (status == OST_OK) {
        status = define(n->run, &command, &reply);
        bson_destroy(&reply);
    }
    bson_destroy(&command);
    return status;
}

static ost_status drop_index(ost__mongo_run *r, const char *name)
{
    bson_t command = BSON_INITIALIZER, reply;
    BSON_APPEND_UTF8(&command, "dropIndexes", r->op->shape->table->name);
    BSON_APPEND_UTF8(&command, "index", name);
    ost_status status = define(r, &command, &reply);
    bson_destroy(&reply);
    bson_destroy(&command);
    if (status != OST_OK && !r->c->lost && r->error && r->error->native_code == INDEX_NOT_FOUND) {
        ost__error_set(r->error, OST_OK, "%s", "");
        status = OST_OK;
    }
    return status;
}

static void put_exists(bson_t *out, const char *name, bool exists)
{
    bson_t test;
    BSON_APPEND_DOCUMENT_BEGIN(out, name, &test);
    BSON_APPEND_BOOL(&test, "$exists", exists);
    bson_append_document_end(out, &test);
}

/* ---- what is to be done ---- */

static const char *column_in(const bson_iter_t *property)
{
    bson_iter_t at;
    if (BSON_ITER_HOLDS_DOCUMENT(property) && bson_iter_recurse(property, &at) &&
        bson_iter_find(&at, "title") && BSON_ITER_HOLDS_UTF8(&at))
        return bson_iter_utf8(&at, NULL);
    return bson_iter_key(property);
}

static bool tells(const bson_iter_t *properties, const char *column)
{
    bson_iter_t at = *properties;
    while (bson_iter_next(&at))
        if (bson_strcasecmp(column_in(&at), column) == 0)
            return true;
    return false;
}

/* All members of which the validator tells the former name alone. */
static ost_status find_pending(renaming *n)
{
    static const char path[] = "cursor.firstBatch.0.options.validator.$jsonSchema.properties";
    bson_t command = BSON_INITIALIZER, filter, reply;
    bson_iter_t top, found, properties;
    const ost_table *t = n->table;
    BSON_APPEND_INT32(&command, "listCollections", 1);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    BSON_APPEND_UTF8(&filter, "name", t->name);
    bson_append_document_end(&command, &filter);
    ost_status status = define(n->run, &command, &reply);
    if (status == OST_OK && bson_iter_init(&top, &reply) &&
        bson_iter_find_descendant(&top, path, &found) && BSON_ITER_HOLDS_DOCUMENT(&found) &&
        bson_iter_recurse(&found, &properties))
        for (uint32_t i = 0; i < t->field_count; i++) {
            const ost_field *f = &t->fields[i];
            n->pending[i] = f->was && tells(&properties, f->was) && !tells(&properties, f->column);
        }
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

/* Whether documents have it under another name: the key is `_id`, whatever it is called. */
static bool is_moved(const renaming *n, const ost_field *f)
{
    return n->pending[f - n->table->fields] && ost__mongo_name(n->table, f) == f->column;
}

/* ---- moving ---- */

/* What two programs wrote under two names nobody can put together. */
static ost_status refuse_both(const renaming *n, const ost_field *f)
{
    const ost_table *t = n->table;
    bson_t command = BSON_INITIALIZER, filter, reply;
    bson_iter_t top, at;
    ost_status status;
    BSON_APPEND_UTF8(&command, "find", t->name);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    put_exists(&filter, f->was, true);
    put_exists(&filter, f->column, true);
    bson_append_document_end(&command, &filter);
    BSON_APPEND_INT32(&command, "limit", 1);
    BSON_APPEND_BOOL(&command, "singleBatch", true);
    status = define(n->run, &command, &reply);
    if (status == OST_OK && bson_iter_init(&top, &reply) &&
        bson_iter_find_descendant(&top, "cursor.firstBatch.0", &at)) {
        ost__error_set(n->run->error, OST_SCHEMA,
                       "%s.%s: documents of %s have both %s and %s, which it was called before; "
                       "remove one of the two",
                       t->model, f->name, t->name, f->column, f->was);
        ost__error_about(n->run->error, t->model, f->name);
        status = OST_SCHEMA;
    }
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

/* Documents with one of them under its former name alone. */
static void put_former(const renaming *n, bson_t *out)
{
    bson_t list, one;
    char digits[16];
    const char *key;
    uint32_t count = 0;
    BSON_APPEND_ARRAY_BEGIN(out, "$or", &list);
    for (uint32_t i = 0; i < n->table->field_count; i++) {
        const ost_field *f = &n->table->fields[i];
        if (!is_moved(n, f))
            continue;
        size_t size = bson_uint32_to_string(count++, &key, digits, sizeof digits);
        bson_append_document_begin(&list, key, (int)size, &one);
        put_exists(&one, f->was, true);
        put_exists(&one, f->column, false);
        bson_append_document_end(&list, &one);
    }
    bson_append_array_end(out, &list);
}

/* {$rename: {was: name, …}} */
static void put_renames(const renaming *n, bson_t *out)
{
    bson_t names;
    BSON_APPEND_DOCUMENT_BEGIN(out, "$rename", &names);
    for (uint32_t i = 0; i < n->table->field_count; i++)
        if (is_moved(n, &n->table->fields[i]))
            BSON_APPEND_UTF8(&names, n->table->fields[i].was, n->table->fields[i].column);
    bson_append_document_end(out, &names);
}

static ost_status move(const renaming *n)
{
    bson_t command = BSON_INITIALIZER, list, one, part, reply;
    BSON_APPEND_UTF8(&command, "update", n->table->name);
    BSON_APPEND_ARRAY_BEGIN(&command, "updates", &list);
    BSON_APPEND_DOCUMENT_BEGIN(&list, "0", &one);
    BSON_APPEND_DOCUMENT_BEGIN(&one, "q", &part);
    put_former(n, &part);
    bson_append_document_end(&one, &part);
    BSON_APPEND_DOCUMENT_BEGIN(&one, "u", &part);
    put_renames(n, &part);
    bson_append_document_end(&one, &part);
    BSON_APPEND_BOOL(&one, "multi", true);
    bson_append_document_end(&list, &one);
    bson_append_array_end(&command, &list);
    ost_status status = ost__mongo_command(
        n->run, OST__MONGO_WRITES, OST__MONGO_APART | OST__MONGO_MAJORITY, &command, &reply);
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

/* ---- indexes ---- */

/* Whether it is, or is in, a member that is being renamed. */
static bool is_renamed(const renaming *n, const ost_field *f)
{
    while (f->inside)
        f = f->inside;
    return n->pending[f - n->table->fields];
}

/* Conditions are not deep: the core bounds them. */
static bool asks(const renaming *n, const ost_node *node)
{
    for (uint32_t i = 0; i < node->arg_count; i++)
        if (asks(n, node->args[i]))
            return true;
    return node->op == OST_OP_MEMBER && is_renamed(n, node->field);
}

static bool has_renamed(const renaming *n, const ost_table_index *x)
{
    for (uint32_t i = 0; i < x->field_count; i++)
        if (is_renamed(n, x->fields[i]))
            return true;
    return (x->where && asks(n, x->where)) || (x->among_living && is_renamed(n, n->table->deleted));
}

static ost_status drop_unique(ost__mongo_run *r, const ost_field *f)
{
    ost_field former = *f;
    char name[OST__MONGO_NAME_SIZE];
    former.column = f->was;
    ost__mongo_unique_name(r->op->shape->table, &former, name);
    return drop_index(r, name);
}

/* Whether a path is, or is in, the former name of a member that is being renamed. */
static bool is_former(const renaming *n, const char *path)
{
    for (uint32_t i = 0; i < n->table->field_count; i++) {
        const char *was = n->pending[i] ? n->table->fields[i].was : NULL;
        size_t size = was ? strlen(was) : 0;
        if (was && strncmp(path, was, size) == 0 && (path[size] == '\0' || path[size] == '.'))
            return true;
    }
    return false;
}

/* Keys, or a filter, which is as deep as a condition. */
static bool names_former(const renaming *n, bson_iter_t *at)
{
    while (bson_iter_next(at)) {
        bson_iter_t inner;
        if (is_former(n, bson_iter_key(at)))
            return true;
        if ((BSON_ITER_HOLDS_DOCUMENT(at) || BSON_ITER_HOLDS_ARRAY(at)) &&
            bson_iter_recurse(at, &inner) && names_former(n, &inner))
            return true;
    }
    return false;
}

static ost_status drop_if_former(const renaming *n, const bson_iter_t *index)
{
    static const char *const parts[] = { "key", "weights", "partialFilterExpression" };
    bson_iter_t top, at, name;
    bool former = false;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (BSON_ITER_HOLDS_DOCUMENT(index) && bson_iter_recurse(index, &top) &&
            bson_iter_find(&top, parts[i]) && BSON_ITER_HOLDS_DOCUMENT(&top) &&
            bson_iter_recurse(&top, &at))
            former = former || names_former(n, &at);
    if (!former || !bson_iter_recurse(index, &name) || !bson_iter_find(&name, "name") ||
        !BSON_ITER_HOLDS_UTF8(&name))
        return OST_OK;
    return drop_index(n->run, bson_iter_utf8(&name, NULL));
}

/*
 * By what stands in them: their names may be of any of several releases, each of which renamed some
 * of their members. Of others too: on a name that no document has any more they serve nobody, and a
 * unique one would take all documents for alike.
 */
static ost_status drop_indexes(const renaming *n)
{
    bson_t command = BSON_INITIALIZER, reply;
    bson_iter_t top, batch, at;
    BSON_APPEND_UTF8(&command, "listIndexes", n->table->name);
    ost_status status = define(n->run, &command, &reply);
    if (status == OST_OK && bson_iter_init(&top, &reply) &&
        bson_iter_find_descendant(&top, "cursor.firstBatch", &batch) &&
        BSON_ITER_HOLDS_ARRAY(&batch) && bson_iter_recurse(&batch, &at))
        while (status == OST_OK && bson_iter_next(&at))
            status = drop_if_former(n, &at);
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

static ost_status make_indexes(const renaming *n)
{
    OST_TRY(ost__mongo_make_own_indexes(n->run));
    for (uint32_t i = 0; i < n->table->index_count; i++)
        if (has_renamed(n, &n->table->indexes[i]))
            OST_TRY(ost__mongo_make_index(n->run, &n->table->indexes[i]));
    return OST_OK;
}

/* ---- all of it ---- */

static ost_status rename_all(renaming *n)
{
    bool any = false, moves = false;
    OST_TRY(find_pending(n));
    for (uint32_t i = 0; i < n->table->field_count; i++) {
        any = any || n->pending[i];
        moves = moves || is_moved(n, &n->table->fields[i]);
        if (is_moved(n, &n->table->fields[i]))
            OST_TRY(refuse_both(n, &n->table->fields[i]));
    }
    if (!any)
        return OST_OK;
    OST_TRY(set_validator(n, n->pending));
    OST_TRY(drop_indexes(n));
    if (moves)
        OST_TRY(move(n));
    OST_TRY(make_indexes(n));
    return set_validator(n, NULL);
}

/* What the server says while another program builds or drops indexes of the collection. */
static bool is_busy(const ost__mongo_run *r, ost_status status)
{
    static const int32_t codes[] = {
        12587, /* BackgroundOperationInProgressForNamespace */
        12586, /* BackgroundOperationInProgressForDatabase */
        276,   /* IndexBuildAborted */
        285,   /* IndexBuildAlreadyInProgress */
    };
    for (size_t i = 0; status != OST_OK && r->error && i < sizeof codes / sizeof codes[0]; i++)
        if (r->error->native_code == codes[i])
            return !r->c->lost && !ost__mongo_late(r->c) && !ost__mongo_cancelled(r->c);
    return false;
}

/* Programs that are in each other's way go back to different lengths of time, longer each time. */
static void step_back(ost_connection *c, int64_t most_ms)
{
    const ost_host *host = &c->backend->host;
    uint32_t dice = 0;
    host->random(host->context, &dice, sizeof dice);
    ost_deadline until =
        host->now(host->context) + (most_ms / 2 + (int64_t)(dice % (uint32_t)most_ms)) * NS_PER_MS;
    ost__mongo_await_change(c->backend, ost__mongo_topology_changes(c->backend),
                            until < c->deadline ? until : c->deadline);
}

ost_status ost__mongo_rename(ost__mongo_run *r)
{
    const ost__memory *memory = &r->c->backend->memory;
    const ost_table *t = r->op->shape->table;
    renaming n = { .run = r, .table = t };
    int64_t most_ms = FIRST_PAUSE_MS;
    n.pending = ost__alloc_zeroed(memory, t->field_count * sizeof *n.pending);
    if (!n.pending)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory to rename members");
    ost_status status = rename_all(&n);
    /* Until nothing is left to be done, or there is no time. */
    while (is_busy(r, status)) {
        ost__error_set(r->error, OST_OK, "%s", "");
        step_back(r->c, most_ms);
        most_ms = most_ms * 2 < PAUSE_MAX_MS ? most_ms * 2 : PAUSE_MAX_MS;
        status = rename_all(&n);
    }
    ost__free(memory, n.pending, t->field_count * sizeof *n.pending);
    return status;
}

/* It is made again under its name, if that is missing. */
ost_status ost__mongo_drop_renamed(ost__mongo_run *r)
{
    const ost_shape *s = r->op->shape;
    if (s->ddl == OST_DDL_RENAME_UNIQUE)
        return drop_unique(r, &s->table->fields[s->ddl_index]);
    return drop_index(r, s->table->indexes[s->ddl_index].was);
}
