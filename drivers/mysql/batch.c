/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include "base/error.h"

ost_status ost__my_submit(ost_connection *c, const ost_operation *ops, size_t n, size_t *accepted,
                          ost_deadline deadline, ost_error *error)
{
    (void)deadline;
    if (c->lost || ost__my_owes(c))
        return ost__error_set(error, OST_CONNECTION,
                              "the connection is of no more use: an answer is owed on it");
    c->ops = ops;
    c->op_count = n;
    c->failed = false;
    c->batch++;
    *accepted = n;
    return OST_OK;
}

/* Each of them ends where the database is missing. */
static const char *const describe_texts[] = {
    "SELECT TABLE_NAME, COLUMN_NAME, 1 FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ",
    " UNION ALL SELECT DISTINCT TABLE_NAME, INDEX_NAME, 2 FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = ",
    " UNION ALL SELECT TABLE_NAME, CONSTRAINT_NAME, 3"
    " FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ",
    " UNION ALL SELECT SCHEMA_NAME, SCHEMA_NAME, 4 FROM information_schema.SCHEMATA"
    " WHERE SCHEMA_NAME = ",
};

/* In the modes of our sessions a backslash is one. */
static void put_literal(ost__buffer *out, const char *text)
{
    ost__buffer_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            ost__buffer_char(out, *text);
        ost__buffer_char(out, *text);
    }
    ost__buffer_char(out, '\'');
}

static ost_status describe(ost__my_run *r)
{
    ost__buffer text;
    ost_status status;
    ost__buffer_init(&text, &r->c->backend->memory);
    for (size_t i = 0; i < sizeof describe_texts / sizeof describe_texts[0]; i++) {
        ost__buffer_text(&text, describe_texts[i]);
        if (r->op->text)
            put_literal(&text, r->op->text);
        else
            ost__buffer_text(&text, "DATABASE()");
    }
    status = text.failed ? ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement")
                         : ost__my_raw(r, text.data, text.size);
    ost__buffer_finish(&text);
    return status;
}

static ost_status define(ost__my_run *r)
{
    const ost_operation *op = r->op;
    const ost__my_text *t;
    if (!op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    /* It would commit what came before. */
    if (ost__my_in_unit(r->c))
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "the server cannot define tables in a transaction: end it first");
    if (op->shape->ddl == OST_DDL_CREATE_MARKS)
        return ost__my_marks_create(r);
    t = &op->plan->parts[OST__MY_WHOLE];
    return ost__my_raw(r, t->text, t->size);
}

static ost_status execute(ost__my_run *r)
{
    const ost_operation *op = r->op;
    if (op->flags & OST_FLAG_TOKEN)
        ost__my_mark_choose(r->c);
    switch (op->kind) {
    case OST_DO_BEGIN: return ost__my_begin(r);
    case OST_DO_COMMIT: return ost__my_commit(r);
    case OST_DO_ROLLBACK: return ost__my_rollback(r);
    case OST_DO_SAVEPOINT: return ost__my_savepoint(r, "SAVEPOINT ");
    case OST_DO_RELEASE: return ost__my_savepoint(r, "RELEASE SAVEPOINT ");
    case OST_DO_ROLLBACK_TO: return ost__my_rollback_to(r);
    case OST_DO_SELECT:
        if (!op->plan)
            return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
        return ost__my_select(r);
    case OST_DO_INSERT:
    case OST_DO_UPDATE:
    case OST_DO_DELETE: return ost__my_write(r);
    case OST_DO_UPSERT: return ost__my_upsert(r);
    case OST_DO_DDL: return define(r);
    case OST_DO_RAW: return ost__my_raw(r, op->text, op->text_size);
    case OST_DO_DESCRIBE: return describe(r);
    default:
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "MySQL cannot run operations of kind %u yet", (unsigned)op->kind);
    }
}

/* Undoing must go through whatever the clock says. */
static bool may_be_late(const ost_operation *op)
{
    return op->kind == OST_DO_ROLLBACK || op->kind == OST_DO_ROLLBACK_TO ||
           op->kind == OST_DO_RELEASE;
}

static ost_status misfit(ost__my_run *r)
{
    const ost_table *t = r->op->shape ? r->op->shape->table : NULL;
    ost__error_set(r->error, r->failed, "%s: a stored value does not fit its member",
                   t ? t->model : "a row");
    if (t)
        ost__error_about(r->error, t->model, NULL);
    return r->failed;
}

static ost_status not_started(ost__my_run *r, ost_status status)
{
    ost__error_set(r->error, status, "%s before the statement ran",
                   status == OST_CANCELLED ? "cancelled" : "the deadline passed");
    if (r->error)
        r->error->nothing_sent = 1;
    return status;
}

static ost_status start(ost__my_run *r, ost__my_statement *stream)
{
    ost_connection *c = r->c;
    const ost_host *host = &c->backend->host;
    ost_status status = OST_OK;
    if (!may_be_late(r->op) && ost__my_cancelled(c))
        status = OST_CANCELLED;
    else if (!may_be_late(r->op) && c->deadline != INT64_MAX &&
             host->now(host->context) >= c->deadline)
        status = OST_TIMEOUT;
    if (status != OST_OK) {
        if (stream)
            ost__my_stream_close(c, stream);
        return not_started(r, status);
    }
    status = stream ? ost__my_read_on(r, stream) : execute(r);
    if (status == OST_OK && r->failed != OST_OK)
        status = misfit(r);
    return status;
}

/* What a failure did to the unit and to the connection. */
static void after_failure(ost__my_run *r, bool open, ost_status status)
{
    ost_connection *c = r->c;
    bool late = status == OST_TIMEOUT || status == OST_CANCELLED;
    if (status == OST_DEADLOCK || status == OST_LOCK_TIMEOUT || status == OST_SERIALIZATION)
        ost__my_look_at_unit(c);
    /* A failure of another kind must leave nothing to be read. */
    if (!late && ost__my_owes(c))
        c->lost = true;
    r->outcome->connection_lost = c->lost;
    r->outcome->transaction_ended = open && !ost__my_in_unit(c);
}

ost_status ost__my_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                           ost_deadline deadline, ost_error *error)
{
    ost__my_run r = { .c = c, .sink = sink, .outcome = outcome, .error = error, .index = i };
    ost__my_statement *stream = c->streams ? ost__my_stream_of(c, i) : NULL;
    ost_operation resumed;
    ost__my_guard guard;
    uint32_t trips = c->trips;
    bool open;
    ost_status status;
    *outcome =
        (ost_outcome){ .struct_size = sizeof *outcome, .changed = -1, .failed_record = SIZE_MAX };
    if (!stream && (i >= c->op_count || c->failed)) {
        outcome->progress = OST_NOT_RUN;
        return OST_OK;
    }
    if (stream)
        resumed = stream->stream;
    r.op = stream ? &resumed : &c->ops[i];
    c->deadline = deadline;
    open = ost__my_in_unit(c);
    ost__my_guard_begin(&guard, c);
    status = start(&r, stream);
    if (status != OST_OK) {
        c->failed = c->failed || !stream;
        after_failure(&r, open, status);
    }
    outcome->status = (uint16_t)status;
    outcome->round_trips = c->trips - trips;
    ost__my_count_bytes(c, outcome);
    ost__my_guard_end(&guard);
    return status;
}
