/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <string.h>

#include "base/buffer.h"
#include "base/error.h"

/* One collect. */
typedef struct run {
    ost_connection *c;
    const ost_operation *op;
    ost_sink *sink;
    ost_outcome *outcome;
    ost_error *error;
    size_t index;
    uint8_t *spare;    /* a row that was taken and not filled */
    ost_status failed; /* of the first cell that did not fit */
} run;

ost_status ost__sqlite_submit(ost_connection *c, const ost_operation *ops, size_t n,
                              size_t *accepted, ost_deadline deadline, ost_error *error)
{
    (void)deadline;
    (void)error;
    c->ops = ops;
    c->op_count = n;
    c->failed = false;
    c->batch++;
    *accepted = n;
    return OST_OK;
}

/* ---- rows ---- */

static uint8_t *take_row(run *r)
{
    ost_sink *k = r->sink;
    uint8_t *row = r->spare;
    if (row) {
        r->spare = NULL;
        return row;
    }
    row = k->rows.next;
    if ((size_t)(k->rows.end - row) < k->row_size)
        return k->refill_row(k);
    k->rows.next = row + k->row_size;
    return row;
}

static ost_status sink_failed(run *r)
{
    ost_status status = r->sink->status != OST_OK ? r->sink->status : OST_NO_MEMORY;
    return ost__error_set(r->error, status,
                          status == OST_NO_MEMORY ? "no memory for the rows"
                                                  : "the rows were not wanted any more");
}

/* A row that does not fit is dropped, and its space zeroed for the next. */
static ost_status drop(run *r, uint8_t *row, ost_status why, uint16_t column)
{
    if (why == OST_NO_MEMORY)
        return sink_failed(r);
    memset(row, 0, r->sink->row_size);
    r->spare = row;
    if (r->failed == OST_OK)
        r->failed = why;
    r->sink->column_failed(r->sink, column, why);
    return OST_OK;
}

static ost_status deliver(run *r, ost__statement *s)
{
    uint16_t column = 0;
    ost_status status;
    uint8_t *row = take_row(r);
    if (!row)
        return sink_failed(r);
    status = ost__sqlite_row(r->c, s->handle, r->op->rows, r->sink, row, &column);
    if (status != OST_OK)
        return drop(r, row, status, column);
    r->outcome->rows++;
    return OST_OK;
}

/* Reads on until the end, or the sink has enough: *more. */
static ost_status read_rows(run *r, ost__statement *s, size_t most, bool *more)
{
    const ost_row_program *program = r->op->rows;
    int rc;
    if (program && program->step_count > 0 &&
        program->steps[program->step_count - 1].column >= s->column_count && s->column_count > 0)
        return ost__error_set(r->error, OST_MISUSE, "the statement has only %d columns",
                              s->column_count);
    while ((rc = sqlite3_step(s->handle)) == SQLITE_ROW) {
        if (!program)
            continue;
        OST_TRY(deliver(r, s));
        if (r->op->flags & OST_FLAG_SINGLE)
            return OST_OK;
        if (most > 0 && (size_t)r->outcome->rows >= most) {
            *more = true;
            return OST_OK;
        }
    }
    return rc == SQLITE_DONE ? OST_OK : ost__sqlite_failed(r->c, r->op, rc, r->error);
}

static ost_status misfit(run *r)
{
    const ost_table *t = r->op->shape ? r->op->shape->table : NULL;
    ost__error_set(r->error, r->failed, "%s: a stored value does not fit its member",
                   t ? t->model : "a row");
    if (t)
        ost__error_about(r->error, t->model, NULL);
    return r->failed;
}

/* ---- statements ---- */

static const void *record_at(const ost_operation *op, size_t i)
{
    return op->record_count > 0 ? (const char *)op->records + i * op->record_stride : NULL;
}

static ost_status read_on(run *r, ost__statement *s)
{
    bool more = false;
    size_t most = r->sink ? r->sink->max_rows : 0;
    ost_status status;
    if (most == 0 && (r->op->flags & OST_FLAG_STREAM))
        most = r->op->batch_rows;
    status = read_rows(r, s, most, &more);
    if (status == OST_OK && more) {
        r->outcome->progress = OST_MORE;
        ost__stream_open(r->c, s, r->op, r->index);
    } else {
        ost__stream_close(r->c, s);
    }
    return status;
}

static ost_status select_rows(run *r, ost__statement *s)
{
    ost_status status = ost__sqlite_bind(r->c, s, r->op, record_at(r->op, 0), r->error);
    if (status == OST_OK)
        return read_on(r, s);
    ost__statement_release(r->c, s);
    return status;
}

/* The key that SQLite gave to the record just inserted. */
static ost_status deliver_row_id(run *r)
{
    const ost_row_program *program = r->op->rows;
    const ost_table *t = r->op->shape->table;
    ost_status status;
    uint8_t *row;
    if (program->step_count != 1 || !t->auto_key || program->steps[0].field != t->auto_key)
        return ost__error_set(r->error, OST_MISUSE,
                              "%s: the insert is to give back members that its shape does not name",
                              t->model);
    row = take_row(r);
    if (!row)
        return sink_failed(r);
    status = ost__sqlite_row_id(sqlite3_last_insert_rowid(r->c->db), &program->steps[0], row);
    if (status != OST_OK)
        return drop(r, row, status, program->steps[0].column);
    r->outcome->rows++;
    return OST_OK;
}

static ost_status write_one(run *r, ost__statement *s, const void *record)
{
    const ost_operation *op = r->op;
    bool more = false;
    OST_TRY(ost__sqlite_bind(r->c, s, op, record, r->error));
    OST_TRY(read_rows(r, s, 0, &more));
    r->outcome->statements++;
    if (op->kind != OST_DO_DDL)
        r->outcome->matched += sqlite3_changes64(r->c->db);
    if (op->kind == OST_DO_INSERT && op->rows && s->column_count == 0)
        OST_TRY(deliver_row_id(r));
    return OST_OK;
}

static ost_status write_records(run *r, ost__statement *s)
{
    size_t count = r->op->record_count > 0 ? r->op->record_count : 1;
    bool by_condition = r->op->kind == OST_DO_UPDATE || r->op->kind == OST_DO_DELETE;
    ost_status status = OST_OK;
    for (size_t i = 0; status == OST_OK && i < count; i++) {
        int64_t before = r->outcome->matched;
        status = write_one(r, s, record_at(r->op, i));
        sqlite3_reset(s->handle);
        bool missed =
            by_condition && r->outcome->matched == before && r->outcome->failed_record == SIZE_MAX;
        if ((status != OST_OK || missed) && r->op->record_count > 0)
            r->outcome->failed_record = i;
        if (status != OST_OK && i > 0 && r->error)
            r->error->nothing_sent = 0;
    }
    ost__statement_release(r->c, s);
    if (r->op->kind == OST_DO_INSERT || r->op->kind == OST_DO_DELETE)
        r->outcome->changed = r->outcome->matched;
    return status;
}

/* ---- units ---- */

static ost_status verb(run *r, enum ost__sqlite_verb v)
{
    static const char *const texts[] = {
        [OST__VERB_BEGIN] = "BEGIN",
        [OST__VERB_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
        [OST__VERB_COMMIT] = "COMMIT",
        [OST__VERB_ROLLBACK] = "ROLLBACK",
    };
    ost_connection *c = r->c;
    int rc = SQLITE_OK;
    if (!c->verbs[v])
        rc = sqlite3_prepare_v3(c->db, texts[v], -1, SQLITE_PREPARE_PERSISTENT, &c->verbs[v], NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(c->verbs[v]);
        sqlite3_reset(c->verbs[v]);
    }
    r->outcome->statements = 1;
    return rc == SQLITE_DONE ? OST_OK : ost__sqlite_failed(c, r->op, rc, r->error);
}

/* ---- upserts ---- */

/* What was met and not changed gives back nothing by itself. */
static ost_status read_met(run *r, const void *record)
{
    const ost_operation *op = r->op;
    int64_t rows = r->outcome->rows;
    bool more = false;
    ost__statement *s;
    ost_status status;
    OST_TRY(ost__statement_read(r->c, op, &s, r->error));
    status = ost__sqlite_bind(r->c, s, op, record, r->error);
    if (status == OST_OK)
        status = read_rows(r, s, 0, &more);
    ost__statement_release(r->c, s);
    if (status == OST_OK && r->failed == OST_OK && r->outcome->rows != rows + 1)
        status = ost__error_set(r->error, OST_DRIVER_ERROR, "%s: the record that was met is gone",
                                op->shape->table->model);
    return status;
}

static ost_status upsert_one(run *r, ost__statement *s, size_t i)
{
    const void *record = record_at(r->op, i);
    ost_connection *c = r->c;
    bool more = false, changed;
    OST_TRY(ost__sqlite_bind(c, s, r->op, record, r->error));
    c->met = false;
    OST_TRY(read_rows(r, s, 0, &more));
    r->outcome->statements++;
    r->outcome->matched++;
    changed = sqlite3_changes64(c->db) > 0;
    r->outcome->changed += changed;
    c->effects[i] = !c->met   ? OST_EFFECT_INSERTED
                    : changed ? OST_EFFECT_UPDATED
                              : OST_EFFECT_UNCHANGED;
    sqlite3_reset(s->handle);
    return changed || !r->op->rows ? OST_OK : read_met(r, record);
}

static ost_status upsert_records(run *r, ost__statement *s)
{
    ost_connection *c = r->c;
    const ost__memory *memory = &c->backend->memory;
    size_t count = r->op->record_count > 0 ? r->op->record_count : 1;
    ost_status status = OST_OK;
    if (c->effects_size < count) {
        uint8_t *effects = ost__realloc(memory, c->effects, c->effects_size, count);
        if (!effects)
            status = ost__error_set(r->error, OST_NO_MEMORY, "no memory for an upsert");
        else
            c->effects = effects, c->effects_size = count;
    }
    r->outcome->changed = 0;
    for (size_t i = 0; status == OST_OK && i < count; i++) {
        status = upsert_one(r, s, i);
        if (status != OST_OK && r->op->record_count > 0)
            r->outcome->failed_record = i;
        if (status != OST_OK && i > 0 && r->error)
            r->error->nothing_sent = 0;
    }
    ost__statement_release(c, s);
    if (status == OST_OK) {
        r->outcome->effect = c->effects[0];
        r->outcome->effects = c->effects;
    }
    return status;
}

/* Nobody may come between an upsert and what it reads. */
static ost_status upsert(run *r, ost__statement *s)
{
    ost_error unwanted, *error = r->error;
    if (!r->op->rows || !sqlite3_get_autocommit(r->c->db))
        return upsert_records(r, s);
    ost_status status = verb(r, OST__VERB_BEGIN_IMMEDIATE);
    if (status != OST_OK) {
        ost__statement_release(r->c, s);
        return status;
    }
    status = upsert_records(r, s);
    if (status == OST_OK && r->failed == OST_OK)
        status = verb(r, OST__VERB_COMMIT);
    r->error = &unwanted;
    if (!sqlite3_get_autocommit(r->c->db))
        (void)verb(r, OST__VERB_ROLLBACK);
    r->error = error;
    return status;
}

static ost_status run_plan(run *r)
{
    ost__statement *s;
    if (!r->op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    OST_TRY(ost__statement_of(r->c, r->op, &s, r->error));
    if (r->op->kind == OST_DO_UPSERT)
        return upsert(r, s);
    if (r->op->kind != OST_DO_SELECT)
        return write_records(r, s);
    r->outcome->statements = 1;
    return select_rows(r, s);
}

static ost_status run_text(run *r, const char *text, size_t size)
{
    ost__statement *s;
    OST_TRY(ost__statement_prepare(r->c, text, size, &s, r->error));
    r->outcome->statements = 1;
    return select_rows(r, s);
}

/* ---- the ends of units ---- */

static ost_status rollback(run *r)
{
    /* SQLite may have rolled back by itself, which is what is wanted. */
    return sqlite3_get_autocommit(r->c->db) ? OST_OK : verb(r, OST__VERB_ROLLBACK);
}

/* Without memory of ours: undoing must not fail for want of it. */
static ost_status savepoint(run *r, const char *prefix)
{
    enum { NAME_MAX_BYTES = 128 };
    char text[sizeof "ROLLBACK TO " + 2 * NAME_MAX_BYTES + sizeof "\"\""];
    size_t size = strlen(prefix);
    int rc;
    if (r->op->text_size > NAME_MAX_BYTES)
        return ost__error_set(r->error, OST_TOO_LARGE,
                              "the name of a savepoint has at most %d bytes", NAME_MAX_BYTES);
    memcpy(text, prefix, size);
    text[size++] = '"';
    for (size_t i = 0; i < r->op->text_size; i++) {
        if (r->op->text[i] == '"')
            text[size++] = '"';
        text[size++] = r->op->text[i];
    }
    text[size++] = '"';
    text[size] = '\0';
    rc = sqlite3_exec(r->c->db, text, NULL, NULL, NULL);
    r->outcome->statements++;
    return rc == SQLITE_OK ? OST_OK : ost__sqlite_failed(r->c, r->op, rc, r->error);
}

static ost_status rollback_to(run *r)
{
    OST_TRY(savepoint(r, "ROLLBACK TO "));
    return savepoint(r, "RELEASE ");
}

/* ---- all of them ---- */

static const char describe_text[] =
    "SELECT t.name, c.name, 1 FROM sqlite_schema AS t, pragma_table_xinfo(t.name) AS c"
    " WHERE t.type IN ('table', 'view') AND c.hidden <> 1"
    " UNION ALL SELECT tbl_name, name, 2 FROM sqlite_schema WHERE type = 'index'";

/* What begins with the name of the schema and a point is in it; the schema itself needs not be
 * made. */
static void write_described(ost__buffer *out, const char *schema)
{
    ost__buffer_text(out, "WITH s AS MATERIALIZED (SELECT '");
    for (const char *p = schema; *p; p++) {
        if (*p == '\'')
            ost__buffer_char(out, *p);
        ost__buffer_char(out, *p);
    }
    ost__buffer_text(
        out, "' AS name), m AS MATERIALIZED (SELECT m.type, substr(m.tbl_name, length(s.name) + 2)"
             " AS t, m.name, iif(substr(m.name, 1, length(s.name) + 1) = s.name || '.'"
             " COLLATE NOCASE, substr(m.name, length(s.name) + 2), m.name) AS own"
             " FROM s, sqlite_schema AS m"
             " WHERE substr(m.tbl_name, 1, length(s.name) + 1) = s.name || '.' COLLATE NOCASE)"
             " SELECT name, name, 4 FROM s"
             " UNION ALL SELECT m.t, c.name, 1 FROM m, pragma_table_xinfo(m.name) AS c"
             " WHERE m.type IN ('table', 'view') AND c.hidden <> 1"
             " UNION ALL SELECT t, own, 2 FROM m WHERE type = 'index'");
}

static ost_status describe(run *r)
{
    ost__buffer text;
    ost_status status;
    if (!r->op->text)
        return run_text(r, describe_text, sizeof describe_text - 1);
    ost__buffer_init(&text, &r->c->backend->memory);
    write_described(&text, r->op->text);
    status = text.failed ? ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement")
                         : run_text(r, text.data, text.size);
    ost__buffer_finish(&text);
    return status;
}

static ost_status execute(run *r)
{
    switch (r->op->kind) {
    case OST_DO_BEGIN:
        return verb(r, r->op->access == OST_ACCESS_WRITE ? OST__VERB_BEGIN_IMMEDIATE
                                                         : OST__VERB_BEGIN);
    case OST_DO_COMMIT: return verb(r, OST__VERB_COMMIT);
    case OST_DO_ROLLBACK: return rollback(r);
    case OST_DO_SAVEPOINT: return savepoint(r, "SAVEPOINT ");
    case OST_DO_RELEASE: return savepoint(r, "RELEASE ");
    case OST_DO_ROLLBACK_TO: return rollback_to(r);
    case OST_DO_SELECT:
    case OST_DO_INSERT:
    case OST_DO_UPDATE:
    case OST_DO_DELETE:
    case OST_DO_UPSERT:
    case OST_DO_DDL: return run_plan(r);
    case OST_DO_RAW: return run_text(r, r->op->text, r->op->text_size);
    case OST_DO_DESCRIBE: return describe(r);
    default:
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "SQLite cannot run operations of kind %u yet", (unsigned)r->op->kind);
    }
}

/* Undoing must go through whatever the clock says. */
static bool may_be_late(const ost_operation *op)
{
    return op->kind == OST_DO_ROLLBACK || op->kind == OST_DO_ROLLBACK_TO ||
           op->kind == OST_DO_RELEASE;
}

/*
 * What is short ends before anybody looks at the clock, and what is long is stopped on its way.
 * Only what cannot be taken back asks before it starts: a write of its own, a commit, the next
 * portion of a stream.
 */
static bool is_quick(const run *r, const ost__statement *stream)
{
    uint16_t kind = r->op->kind;
    bool writes = kind == OST_DO_INSERT || kind == OST_DO_UPDATE || kind == OST_DO_DELETE ||
                  kind == OST_DO_UPSERT;
    return !stream && (kind == OST_DO_SELECT || (writes && !sqlite3_get_autocommit(r->c->db)));
}

static ost_status not_started(run *r)
{
    ost_status status = r->c->interrupted;
    ost__error_set(r->error, status, "%s before the statement ran",
                   status == OST_CANCELLED ? "cancelled" : "the deadline passed");
    if (r->error)
        r->error->nothing_sent = 1;
    return status;
}

static ost_status start(run *r, ost__statement *stream)
{
    ost_connection *c = r->c;
    ost_status status;
    bool quick = is_quick(r, stream);
    if (!may_be_late(r->op) && (quick ? ost__sqlite_cancelled(c) : ost__sqlite_interrupted(c))) {
        if (stream)
            ost__stream_close(c, stream);
        return not_started(r);
    }
    status = stream ? read_on(r, stream) : execute(r);
    if (status == OST_OK && r->failed != OST_OK)
        status = misfit(r);
    return status;
}

ost_status ost__sqlite_collect(ost_connection *c, size_t i, ost_sink *sink, ost_outcome *outcome,
                               ost_deadline deadline, ost_error *error)
{
    run r = { .c = c, .sink = sink, .outcome = outcome, .error = error, .index = i };
    ost__statement *stream = c->streams ? ost__stream_of(c, i) : NULL;
    ost_operation resumed;
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
    r.op = c->running = stream ? &resumed : &c->ops[i];
    c->deadline = deadline;
    c->interrupted = OST_OK;
    open = !sqlite3_get_autocommit(c->db);
    status = start(&r, stream);
    c->running = NULL;
    outcome->status = (uint16_t)status;
    if (status != OST_OK) {
        c->failed = c->failed || !stream;
        outcome->connection_lost = c->lost;
        outcome->transaction_ended = open && sqlite3_get_autocommit(c->db);
    }
    return status;
}

ost_status ost__sqlite_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    ost__statement *s = ost__stream_of(c, OST_STREAM(stream));
    (void)deadline;
    if (s)
        ost__stream_close(c, s);
    return OST_OK;
}

ost_status ost__sqlite_settle(ost_connection *c, ost_deadline deadline)
{
    (void)deadline;
    while (c->streams)
        ost__stream_close(c, c->streams);
    c->op_count = 0;
    return c->lost ? OST_CONNECTION : OST_OK;
}

enum ost_unit_state ost__sqlite_unit_state(ost_connection *c)
{
    if (c->lost)
        return OST_UNIT_LOST;
    return sqlite3_get_autocommit(c->db) ? OST_UNIT_NONE : OST_UNIT_OPEN;
}

ost_status ost__sqlite_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    OST_TRY(ost__sqlite_settle(c, deadline));
    if (!sqlite3_get_autocommit(c->db) &&
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        return OST_CONNECTION;
    /* What statements of the program's own did to settings and temporary tables cannot be asked: a
     * new connection is cheap. */
    if (touched & (OST_TOUCHED_SETTINGS | OST_TOUCHED_TEMPORARY | OST_TOUCHED_RAW))
        return OST_CONNECTION;
    return OST_OK;
}
