/* SPDX-License-Identifier: MIT */
/*
 * Raw statements. What a command is, is known by its name; the core asks before anything is sent,
 * so that the command is written then, and only sent when it is collected.
 */
#include "mongo/statement.h"

#include <string.h>

#include "base/error.h"
#include "mongo/cells.h"
#include "mongo/connection.h"
#include "mongo/types.h"

enum { PORTION = 16384 };

/* ---- commands ---- */

/* What is not listed is taken for a write that may not be done twice. */
typedef struct known {
    const char *name;
    bool reads, writes, refused;
} known;

static const known commands[] = {
    { .name = "aggregate", .reads = true },
    { .name = "buildInfo", .reads = true },
    { .name = "collStats", .reads = true },
    { .name = "connectionStatus", .reads = true },
    { .name = "count", .reads = true },
    { .name = "dataSize", .reads = true },
    { .name = "dbStats", .reads = true },
    { .name = "distinct", .reads = true },
    { .name = "explain", .reads = true },
    { .name = "find", .reads = true },
    { .name = "listCollections", .reads = true },
    { .name = "listIndexes", .reads = true },
    { .name = "ping", .reads = true },
    { .name = "delete", .writes = true },
    { .name = "findAndModify", .writes = true },
    { .name = "findandmodify", .writes = true },
    { .name = "insert", .writes = true },
    { .name = "update", .writes = true },
    { .name = "abortTransaction", .refused = true },
    { .name = "authenticate", .refused = true },
    { .name = "commitTransaction", .refused = true },
    { .name = "coordinateCommitTransaction", .refused = true },
    { .name = "endSessions", .refused = true },
    { .name = "getMore", .refused = true },
    { .name = "killAllSessions", .refused = true },
    { .name = "killAllSessionsByPattern", .refused = true },
    { .name = "killCursors", .refused = true },
    { .name = "killSessions", .refused = true },
    { .name = "logout", .refused = true },
    { .name = "prepareTransaction", .refused = true },
    { .name = "refreshSessions", .refused = true },
    { .name = "saslContinue", .refused = true },
    { .name = "saslStart", .refused = true },
    { .name = "startSession", .refused = true },
};

/* Keys of a command that are not the statement's to set. */
static const struct {
    const char *key, *why;
} taken[] = {
    { "lsid", "the session is the library's" },
    { "txnNumber", "transactions are begun with ost_begin or ost_transaction" },
    { "autocommit", "transactions are begun with ost_begin or ost_transaction" },
    { "startTransaction", "transactions are begun with ost_begin or ost_transaction" },
    { "stmtId", "the library counts statements itself" },
    { "stmtIds", "the library counts statements itself" },
    { "maxTimeMS", "the time-out of the session decides" },
    { "maxAwaitTimeMS", "cursors that wait have no end" },
    { "tailable", "a cursor that waits has no end" },
    { "awaitData", "a cursor that waits has no end" },
    { "readConcern", "the URL decides" },
    { "writeConcern", "the URL decides" },
};

static const known *known_of(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* A key that the library adds, or that every command may have. */
static ost_status check_key(const char *key, ost_error *error)
{
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(taken[i].key, key) == 0)
            return ost__error_set(error, OST_UNSUPPORTED, "a raw command cannot have %s: %s", key,
                                  taken[i].why);
    if (*key == '$')
        return ost__error_set(error, OST_UNSUPPORTED, "a raw command cannot have the key %.60s",
                              key);
    return OST_OK;
}

/* A pipeline that ends in $out or $merge writes. */
static ost_status look_at_stages(bson_iter_t stages, bool *writes, ost_error *error)
{
    bson_iter_t stage;
    while (bson_iter_next(&stages)) {
        if (!BSON_ITER_HOLDS_DOCUMENT(&stages) || !bson_iter_recurse(&stages, &stage) ||
            !bson_iter_next(&stage))
            continue;
        *writes = *writes || strcmp(bson_iter_key(&stage), "$out") == 0 ||
                  strcmp(bson_iter_key(&stage), "$merge") == 0;
        if (strcmp(bson_iter_key(&stage), "$changeStream") == 0)
            return ost__error_set(error, OST_UNSUPPORTED,
                                  "a raw statement cannot watch changes: it would have no end");
    }
    return OST_OK;
}

static ost_status look_at_command(struct ost__mongo_statement *s, ost__arena *arena, bool *writes,
                                  ost_error *error)
{
    bson_iter_t at, stages;
    const char *name;
    const known *k;
    if (!bson_iter_init(&at, s->command) || !bson_iter_next(&at))
        return ost__error_set(error, OST_MISUSE, "a raw command is empty");
    name = bson_iter_key(&at);
    k = known_of(name);
    if (k && k->refused)
        return ost__error_set(error, OST_UNSUPPORTED,
                              "%s cannot be a raw command: sessions, cursors and users are the "
                              "library's",
                              name);
    *writes = !k || k->writes;
    s->collection = "";
    if (BSON_ITER_HOLDS_UTF8(&at))
        s->collection =
            ost__arena_text(arena, bson_iter_utf8(&at, NULL), strlen(bson_iter_utf8(&at, NULL)));
    if (!s->collection)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a raw statement");
    OST_TRY(check_key(name, error));
    while (bson_iter_next(&at)) {
        OST_TRY(check_key(bson_iter_key(&at), error));
        if (strcmp(name, "aggregate") == 0 && strcmp(bson_iter_key(&at), "pipeline") == 0 &&
            BSON_ITER_HOLDS_ARRAY(&at) && bson_iter_recurse(&at, &stages))
            OST_TRY(look_at_stages(stages, writes, error));
    }
    s->modifies_one = strcmp(name, "findAndModify") == 0 || strcmp(name, "findandmodify") == 0;
    s->kind = !*writes                       ? OST__MONGO_READS
              : k && (k->writes || k->reads) ? OST__MONGO_WRITES
                                             : OST__MONGO_PLAIN;
    return OST_OK;
}

/* ---- compiling ---- */

/* The server wants to hear of a cursor even where nothing is said of it. */
static bool complete_aggregate(bson_t *command)
{
    bson_iter_t at;
    bson_t cursor;
    if (!bson_iter_init(&at, command) || !bson_iter_next(&at) ||
        strcmp(bson_iter_key(&at), "aggregate") != 0 || bson_has_field(command, "cursor") ||
        bson_has_field(command, "explain"))
        return true;
    return BSON_APPEND_DOCUMENT_BEGIN(command, "cursor", &cursor) &&
           BSON_APPEND_INT32(&cursor, "batchSize", PORTION) &&
           bson_append_document_end(command, &cursor);
}

static ost_status write_pipeline(const ost_operation *op, const bson_t *read, ost_plan *plan,
                                 ost_error *error)
{
    const ost_table *t = op->shape ? op->shape->table : NULL;
    bson_t *command = plan->raw->command, stages;
    ost_status status;
    if (!t)
        return ost__error_set(error, OST_MISUSE,
                              "it is not known what a raw pipeline is over: give .over, or write "
                              "{\"aggregate\": \"collection\", \"pipeline\": […]}");
    BSON_APPEND_UTF8(command, "aggregate", t->name);
    if (!BSON_APPEND_ARRAY_BEGIN(command, "pipeline", &stages))
        return OST_TOO_LARGE;
    status = ost__mongo_bind(op, read, true, &stages, &plan->arena, error);
    bson_append_array_end(command, &stages);
    return status;
}

static ost_status write_statement(const ost_operation *op, ost_plan *plan, ost_error *error)
{
    bson_t *read = NULL;
    bool is_pipeline;
    ost_status status = ost__mongo_json_read(op->text, op->text_size, &read, &is_pipeline, error);
    if (status == OST_OK && is_pipeline)
        status = write_pipeline(op, read, plan, error);
    else if (status == OST_OK)
        status = ost__mongo_bind(op, read, false, plan->raw->command, &plan->arena, error);
    if (read)
        bson_destroy(read);
    if (status == OST_OK && !complete_aggregate(plan->raw->command))
        status =
            ost__error_set(error, OST_TOO_LARGE, "a raw statement is larger than MongoDB takes");
    return status;
}

/* The only member of a key is `_id`, whatever its column is called. */
static ost_status name_columns(const ost_row_program *rows, ost_plan *plan, ost_error *error)
{
    uint32_t count = rows ? rows->step_count : 0, keys = 0;
    if (count == 0)
        return OST_OK;
    plan->columns = ost__arena_alloc_zeroed(&plan->arena, count * sizeof *plan->columns,
                                            _Alignof(ost__mongo_column));
    if (!plan->columns)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a raw statement");
    for (uint32_t i = 0; i < count; i++)
        keys += rows->steps[i].field->primary_key;
    for (uint32_t i = 0; i < count; i++) {
        const ost_row_step *step = &rows->steps[i];
        bool is_key = keys == 1 && step->field->primary_key;
        if (step->column >= count)
            return ost__error_set(error, OST_MISUSE, "a raw statement has columns without a place");
        plan->columns[step->column].name = is_key ? "_id" : step->field->column;
    }
    return OST_OK;
}

static ost_status compile(const ost_operation *op, ost_plan *plan, uint16_t *flags,
                          ost_error *error)
{
    bool writes = true;
    plan->raw = bson_malloc0(sizeof *plan->raw);
    plan->raw->command = bson_new();
    plan->text = ost__arena_text(&plan->arena, op->text, op->text_size);
    if (!plan->text)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a raw statement");
    OST_TRY(write_statement(op, plan, error));
    OST_TRY(look_at_command(plan->raw, &plan->arena, &writes, error));
    OST_TRY(name_columns(op->rows, plan, error));
    *flags = writes ? OST_FLAG_WRITES : 0;
    return OST_OK;
}

ost_status ost__mongo_compile_raw(ost_backend *b, const ost_operation *op, ost_plan **out,
                                  uint16_t *flags, ost_error *error)
{
    ost_plan *plan = ost__mongo_plan_new(b, op->shape);
    ost_status status;
    *out = NULL;
    if (!plan)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a raw statement");
    status = compile(op, plan, flags, error);
    if (status == OST_OK)
        *out = plan;
    else
        ost__mongo_discard(b, plan);
    return status;
}

void ost__mongo_statement_free(struct ost__mongo_statement *s)
{
    if (!s)
        return;
    bson_destroy(s->command);
    bson_free(s);
}

/* ---- replies ---- */

static int64_t number_under(const bson_t *reply, const char *path)
{
    bson_iter_t at, found;
    if (!bson_iter_init(&at, reply) || !bson_iter_find_descendant(&at, path, &found) ||
        !BSON_ITER_HOLDS_NUMBER(&found))
        return -1;
    return bson_iter_as_int64(&found);
}

static void take_counts(ost__mongo_run *r, const bson_t *reply)
{
    bool one = r->op->plan->raw->modifies_one;
    r->outcome->matched = number_under(reply, one ? "lastErrorObject.n" : "n");
    r->outcome->changed = number_under(reply, "nModified");
}

/* "database.collection"; a cursor may belong to another collection than was asked. */
static const char *collection_of(ost__mongo_run *r, const bson_t *reply)
{
    bson_iter_t at, found;
    const char *name = NULL, *dot;
    if (bson_iter_init(&at, reply) && bson_iter_find_descendant(&at, "cursor.ns", &found) &&
        BSON_ITER_HOLDS_UTF8(&found))
        name = bson_iter_utf8(&found, NULL);
    dot = name ? strchr(name, '.') : NULL;
    return dot ? ost__arena_text(&r->op->plan->arena, dot + 1, strlen(dot + 1)) : NULL;
}

static ost_status read_cursor(ost__mongo_run *r, ost__mongo_stream *s)
{
    s->collection = collection_of(r, s->reply);
    if (!s->collection)
        return ost__error_set(r->error, OST_DRIVER_ERROR,
                              "the server's reply has a cursor without a name");
    OST_TRY(ost__mongo_stream_take(r, s));
    return ost__mongo_stream_first(r, s);
}

/* The reply itself, or of findAndModify the document that it found, if there was one. */
static ost_status read_reply(ost__mongo_run *r, const bson_t *reply)
{
    ost__mongo_reader reader;
    ost_status status;
    const uint8_t *data = bson_get_data(reply);
    uint32_t size = reply->len;
    bson_iter_t at;
    if (!r->sink || !r->op->rows)
        return OST_OK;
    if (r->op->plan->raw->modifies_one) {
        if (!bson_iter_init_find(&at, reply, "value") || !BSON_ITER_HOLDS_DOCUMENT(&at))
            return OST_OK;
        bson_iter_document(&at, &size, &data);
    }
    status = ost__mongo_reader_begin(&reader, r->op->plan, r->op->rows, r->sink);
    if (status != OST_OK)
        return ost__mongo_too_many_columns(r, status);
    status = ost__mongo_reader_row(&reader, data, size);
    r->outcome->rows += (int64_t)reader.rows;
    r->failed = reader.failed;
    if (reader.broken)
        return ost__error_set(r->error, OST_DRIVER_ERROR, "the server's reply is no document");
    return status == OST_OK ? OST_OK : ost__mongo_sink_failed(r->sink, r->error);
}

/* What the server says of another collection is not about the operation's table. */
static ost_operation about(const ost_operation *op)
{
    ost_operation own = *op;
    const ost_table *t = op->shape ? op->shape->table : NULL;
    if (t && strcmp(t->name, op->plan->raw->collection) != 0)
        own.shape = NULL;
    return own;
}

ost_status ost__mongo_statement_run(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    const ost_operation *given = r->op, op = about(given);
    const struct ost__mongo_statement *raw = op.plan->raw;
    enum ost__mongo_command_kind kind =
        raw->kind == OST__MONGO_READS && c->in_unit ? OST__MONGO_PLAIN : raw->kind;
    bson_t reply;
    bson_iter_t at;
    ost__mongo_stream s = { .op = op, .reply = &reply };
    ost_status status;
    bson_reinit(&c->command);
    if (!bson_concat(&c->command, raw->command))
        return ost__error_set(r->error, OST_TOO_LARGE, "a command is larger than MongoDB takes");
    if (c->command.len > OST__MONGO_COMMAND_MAX) {
        ost__error_set(r->error, OST_TOO_LARGE,
                       "a raw statement is a command of %u bytes with its parameters, but MongoDB "
                       "takes %d",
                       (unsigned)c->command.len, (int)OST__MONGO_DOCUMENT_MAX);
        r->error->nothing_sent = 1;
        bson_destroy(&c->command);
        bson_init(&c->command);
        return OST_TOO_LARGE;
    }
    r->op = &op;
    r->outcome->statements++;
    status = ost__mongo_command_at(r, kind, 0, &c->command, &s.server, &reply);
    s.has_reply = true;
    if (status == OST_OK) {
        bool has_cursor =
            bson_iter_init_find(&at, &reply, "cursor") && BSON_ITER_HOLDS_DOCUMENT(&at);
        take_counts(r, &reply);
        status = has_cursor ? read_cursor(r, &s) : read_reply(r, &reply);
    }
    ost__mongo_stream_forget(&s);
    r->op = given;
    return status;
}
