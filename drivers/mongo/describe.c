/* SPDX-License-Identifier: MIT */
/*
 * What is there: of collections that we created, the members that the validator names, and indexes.
 * A collection that somebody else made, or that never got all of its unique indexes, has no rows:
 * it is created once more, which changes nothing but the indexes that are missing, and no model is
 * held against members that nobody declared.
 */
#include <string.h>

#include "base/error.h"
#include "mongo/connection.h"
#include "mongo/define.h"
#include "mongo/types.h"

enum { COLUMN = 1, INDEX = 2, SCHEMA = 4, COLUMNS = 3, PORTION = 100, NAMESPACE_NOT_FOUND = 26 };

typedef struct description {
    bson_iter_t properties; /* of the validator; each use takes a copy */
    ost__mongo_run *run;
    ost__mongo_reader *reader;
    const char *table;
    const char *key_index; /* of a composite primary key; NULL: none */
} description;

/* A row comes as a document of these. */
static const char *const column_names[] = { "table", "name", "kind" };

static ost_status emit(const description *d, const char *name, int64_t kind)
{
    bson_t row = BSON_INITIALIZER;
    ost_status status = OST_TOO_LARGE;
    if (BSON_APPEND_UTF8(&row, column_names[0], d->table) &&
        BSON_APPEND_UTF8(&row, column_names[1], name) &&
        BSON_APPEND_INT64(&row, column_names[2], kind))
        status = ost__mongo_reader_row(d->reader, bson_get_data(&row), row.len);
    bson_destroy(&row);
    if (status != OST_OK)
        return ost__mongo_sink_failed(d->run->sink, d->run->error);
    return OST_OK;
}

/* ---- what a document has ---- */

static const char *text_at(const bson_iter_t *document, const char *key)
{
    bson_iter_t at;
    if (!bson_iter_recurse(document, &at) || !bson_iter_find(&at, key) ||
        !BSON_ITER_HOLDS_UTF8(&at))
        return NULL;
    return bson_iter_utf8(&at, NULL);
}

/* The elements of the document at a path; false: there is none. */
static bool inside_of(const bson_iter_t *document, const char *path, bson_iter_t *out)
{
    bson_iter_t at, found;
    return bson_iter_recurse(document, &at) && bson_iter_find_descendant(&at, path, &found) &&
           (BSON_ITER_HOLDS_DOCUMENT(&found) || BSON_ITER_HOLDS_ARRAY(&found)) &&
           bson_iter_recurse(&found, out);
}

/* The next document of an array of documents. */
static bool next_document(bson_iter_t *list)
{
    return bson_iter_next(list) && BSON_ITER_HOLDS_DOCUMENT(list);
}

/* ---- a collection ---- */

static bool has_index(const bson_iter_t *indexes, const char *name)
{
    bson_iter_t list = *indexes;
    while (next_document(&list)) {
        const char *given = text_at(&list, "name");
        if (given && strcmp(given, name) == 0)
            return true;
    }
    return false;
}

static bool is_complete(const description *d, const bson_iter_t *indexes)
{
    bson_iter_t list = d->properties;
    if (d->key_index && !has_index(indexes, d->key_index))
        return false;
    while (next_document(&list)) {
        const char *unique = text_at(&list, "description");
        if (unique && !has_index(indexes, unique))
            return false;
    }
    return true;
}

static ost_status emit_all(const description *d, const bson_iter_t *indexes)
{
    bson_iter_t list = d->properties;
    if (!is_complete(d, indexes))
        return OST_OK;
    while (next_document(&list)) {
        const char *column = text_at(&list, "title");
        OST_TRY(emit(d, column ? column : bson_iter_key(&list), COLUMN));
    }
    list = *indexes;
    while (next_document(&list)) {
        const char *name = text_at(&list, "name");
        if (name)
            OST_TRY(emit(d, name, INDEX));
    }
    return OST_OK;
}

/* All of a collection's indexes come at once: it has 64 at most. */
static ost_status describe_indexes(const description *d)
{
    bson_t command = BSON_INITIALIZER, cursor, reply;
    bson_iter_t at, indexes;
    BSON_APPEND_UTF8(&command, "listIndexes", d->table);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "cursor", &cursor);
    BSON_APPEND_INT32(&cursor, "batchSize", 1000);
    bson_append_document_end(&command, &cursor);
    ost_status status =
        ost__mongo_command(d->run, OST__MONGO_READS, OST__MONGO_APART, &command, &reply);
    if (status == OST_OK && bson_iter_init_find(&at, &reply, "cursor") &&
        inside_of(&at, "firstBatch", &indexes))
        status = emit_all(d, &indexes);
    else if (status != OST_OK && d->run->error &&
             d->run->error->native_code == NAMESPACE_NOT_FOUND && !d->run->c->lost)
        status = OST_OK; /* dropped meanwhile */
    bson_destroy(&reply);
    bson_destroy(&command);
    return status;
}

static ost_status describe_collection(ost__mongo_run *r, ost__mongo_reader *reader,
                                      const bson_iter_t *collection)
{
    description d = { .run = r, .reader = reader, .table = text_at(collection, "name") };
    bson_iter_t at, schema;
    if (!d.table || !bson_iter_recurse(collection, &at) ||
        !bson_iter_find_descendant(&at, "options.validator.$jsonSchema", &schema) ||
        !BSON_ITER_HOLDS_DOCUMENT(&schema) || !inside_of(&schema, "properties", &d.properties))
        return OST_OK;
    d.key_index = text_at(&schema, "description");
    return describe_indexes(&d);
}

static ost_status describe_portion(ost__mongo_run *r, ost__mongo_reader *reader,
                                   const bson_t *reply, int64_t *cursor)
{
    bson_iter_t at, list;
    *cursor = 0;
    if (!bson_iter_init_find(&at, reply, "cursor"))
        return OST_OK;
    if (inside_of(&at, "firstBatch", &list) || inside_of(&at, "nextBatch", &list))
        while (next_document(&list))
            OST_TRY(describe_collection(r, reader, &list));
    if (bson_iter_recurse(&at, &list) && bson_iter_find(&list, "id"))
        *cursor = bson_iter_as_int64(&list);
    return OST_OK;
}

/* ---- all of them ---- */

static void list_command(bson_t *out)
{
    bson_t filter, cursor;
    BSON_APPEND_INT32(out, "listCollections", 1);
    BSON_APPEND_DOCUMENT_BEGIN(out, "filter", &filter);
    BSON_APPEND_UTF8(&filter, "type", "collection");
    BSON_APPEND_UTF8(&filter, "options.validator.$jsonSchema.title", OST__MONGO_TITLE);
    bson_append_document_end(out, &filter);
    BSON_APPEND_DOCUMENT_BEGIN(out, "cursor", &cursor);
    BSON_APPEND_INT32(&cursor, "batchSize", PORTION);
    bson_append_document_end(out, &cursor);
}

static ost_status describe_all(ost__mongo_run *r, ost__mongo_reader *reader)
{
    uint32_t server = 0;
    unsigned flags = 0;
    int64_t cursor = 1;
    ost_status status = OST_OK;
    bson_t command = BSON_INITIALIZER, reply;
    list_command(&command);
    while (status == OST_OK && cursor != 0) {
        status = ost__mongo_command_at(r, OST__MONGO_READS, flags, &command, &server, &reply);
        if (status == OST_OK)
            status = describe_portion(r, reader, &reply, &cursor);
        bson_destroy(&reply);
        flags = OST__MONGO_ENDLESS;
        bson_reinit(&command);
        BSON_APPEND_INT64(&command, "getMore", cursor);
        BSON_APPEND_UTF8(&command, "collection", "$cmd.listCollections");
    }
    bson_destroy(&command);
    return status;
}

ost_status ost__mongo_describe(ost__mongo_run *r)
{
    ost__mongo_column columns[COLUMNS];
    const ost_plan plan = { .columns = columns };
    const ost_row_program *program = r->op->rows;
    ost__mongo_reader reader;
    for (size_t i = 0; i < COLUMNS; i++)
        columns[i] = (ost__mongo_column){ .name = column_names[i] };
    for (uint32_t i = 0; i < program->step_count; i++)
        if (program->steps[i].column >= COLUMNS)
            return ost__error_set(r->error, OST_MISUSE, "a description has %d columns",
                                  (int)COLUMNS);
    OST_TRY(ost__mongo_reader_begin(&reader, &plan, program, r->sink));
    /* A database is made by the first collection in it. */
    if (r->op->text) {
        const description d = { .run = r, .reader = &reader, .table = r->op->text };
        OST_TRY(emit(&d, r->op->text, SCHEMA));
    }
    OST_TRY(describe_all(r, &reader));
    r->outcome->rows = (int64_t)reader.rows;
    return reader.failed;
}
