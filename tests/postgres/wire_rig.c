/* SPDX-License-Identifier: MIT */
#include "postgres/wire_rig.h"

#include "support/servers.h"

int rig_begin(void **state)
{
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    bench_open(&r->b, ost_driver_sqlite(), "sqlite::memory:");
    r->pg = PQconnectdb(server_database(SERVER_POSTGRES, NULL));
    if (PQstatus(r->pg) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(r->pg));
    assert_int_equal(PQsetClientEncoding(r->pg, "UTF8"), 0);
    rig_sql(r, "SET client_min_messages = warning");
    r->dialect = &ost__pg_dialect;
    ost__pg_values_init(&r->values, &r->b.memory);
    ost__buffer_init(&r->statement, &r->b.memory);
    *state = r;
    return 0;
}

int rig_end(void **state)
{
    rig *r = *state;
    PQfinish(r->pg);
    ost__pg_values_finish(&r->values);
    ost__buffer_finish(&r->statement);
    bench_close(&r->b);
    free(r);
    return 0;
}

static bool refused(rig *r, const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_COPY_IN)
        return false;
    snprintf(r->state, sizeof r->state, "%s", state ? state : "?");
    snprintf(r->message, sizeof r->message, "%s", PQresultErrorMessage(result));
    return true;
}

void rig_sql(rig *r, const char *text)
{
    PGresult *result = PQexec(r->pg, text);
    if (refused(r, result))
        fail_msg("%s\n%s", r->message, text);
    PQclear(result);
}

const char *rig_text(rig *r, const char *text)
{
    static char out[4096];
    PGresult *result = PQexec(r->pg, text);
    if (refused(r, result))
        fail_msg("%s\n%s", r->message, text);
    assert_true(PQntuples(result) > 0);
    snprintf(out, sizeof out, "%s", PQgetisnull(result, 0, 0) ? "NULL" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return out;
}

PGresult *rig_query(rig *r, const char *text)
{
    PGresult *result = PQexecParams(r->pg, text, 0, NULL, NULL, NULL, NULL, 1);
    if (refused(r, result))
        fail_msg("%s\n%s", r->message, text);
    return result;
}

const char *rig_statement(rig *r, made *m)
{
    ost__buffer_reset(&r->statement);
    if (ost__sql_statement(r->dialect, &m->shape, &r->statement, NULL, &r->b.error) != OST_OK)
        fail_msg("%s", r->b.error.message);
    return r->text = r->statement.data;
}

void rig_create(rig *r, const ost_table *t)
{
    made *m = make(&r->b, OST_DO_DDL, t);
    char drop[200];
    snprintf(drop, sizeof drop, "DROP TABLE IF EXISTS \"%s\" CASCADE", t->name);
    rig_sql(r, drop);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    rig_sql(r, rig_statement(r, m));
    for (uint32_t i = 0; i < t->index_count; i++) {
        m = make(&r->b, OST_DO_DDL, t);
        m->shape.ddl = OST_DDL_CREATE_INDEX;
        m->shape.ddl_index = i;
        rig_sql(r, rig_statement(r, m));
    }
}

/* ---- sinks ---- */

static void *refill_row(ost_sink *base)
{
    rig_sink *k = (rig_sink *)base;
    size_t left = k->room - k->taken_rows, give = left < k->row_chunk ? left : k->row_chunk;
    uint8_t *row = k->rows + k->taken_rows * base->row_size;
    /* What was given before must be used up, or the rows would not lie side by side. */
    assert_true(base->rows.next == row);
    if (give == 0)
        return NULL;
    k->taken_rows += give;
    base->rows.next = row + base->row_size;
    base->rows.end = row + give * base->row_size;
    return row;
}

static void *refill_bytes(ost_sink *base, size_t size, size_t align)
{
    rig_sink *k = (rig_sink *)base;
    uint8_t *bytes;
    if (k->refills_left == 0) {
        base->status = OST_NO_MEMORY;
        return NULL;
    }
    k->refills_left--;
    bytes = ost__arena_alloc(&k->bytes, size + 100, align);
    assert_non_null(bytes);
    base->bytes = (ost_span){ bytes + size, bytes + size + 100 };
    return bytes;
}

static void expect(ost_sink *base, size_t rows)
{
    (void)base, (void)rows;
}

static void column_failed(ost_sink *base, uint16_t column, ost_status why)
{
    rig_sink *k = (rig_sink *)base;
    if (k->failures++ > 0)
        return;
    k->first_column = column;
    k->first_status = why;
}

void rig_sink_begin(rig_sink *k, const ost__memory *memory, void *rows, size_t row_size,
                    size_t room, size_t row_chunk)
{
    memset(rows, 0, room * row_size);
    *k = (rig_sink){ .base = { .struct_size = sizeof k->base,
                               .row_size = (uint32_t)row_size,
                               .refill_row = refill_row,
                               .refill_bytes = refill_bytes,
                               .expect = expect,
                               .column_failed = column_failed },
                     .rows = rows,
                     .room = room,
                     .row_chunk = row_chunk,
                     .refills_left = -1 };
    k->base.rows = (ost_span){ rows, rows };
    ost__arena_init(&k->bytes, memory, 4096);
}

size_t rig_sink_end(rig_sink *k)
{
    return (size_t)(k->base.rows.next - k->rows) / k->base.row_size;
}

/* ---- running ---- */

static ost_status read_result(rig *r, made *m, const PGresult *result, void *rows, size_t *count)
{
    static rig_sink k; /* its texts live until the next */
    uint16_t column;
    int delivered;
    ost_status status;
    if (k.bytes.memory)
        ost__arena_finish(&k.bytes);
    rig_sink_begin(&k, &r->b.memory, rows, m->program.row_size, *count, 3);
    status = ost__pg_read(result, 0, PQntuples(result), &m->program, &r->b.memory, &k.base, &column,
                          &delivered);
    *count = rig_sink_end(&k);
    assert_int_equal(*count, delivered);
    m->bad_count = k.failures;
    m->bad_column = k.first_column;
    m->bad_status = k.first_status;
    if (k.failures > 0)
        assert_int_equal(column, k.first_column);
    return status != OST_OK ? status : k.failures > 0 ? k.first_status : OST_OK;
}

static ost_status send_one(rig *r, made *m, const ost__pg_parameter *p, const Oid *types,
                           const void *record, PGresult **out)
{
    OST_TRY(ost__pg_bind(&r->values, p, &m->op, record, &r->b.error));
    *out = PQexecParams(r->pg, r->text, (int)m->op.parameter_count, types, r->values.values,
                        r->values.lengths, r->values.formats, 1);
    if (!refused(r, *out))
        return OST_OK;
    PQclear(*out);
    return OST_DRIVER_ERROR;
}

static ost_status parameters_of(rig *r, made *m, ost__pg_parameter *p, Oid *types)
{
    ost__buffer uses;
    ost_status status;
    ost__buffer_reset(&r->statement);
    ost__buffer_init(&uses, &r->b.memory);
    status = ost__sql_statement(r->dialect, &m->shape, &r->statement, &uses, &r->b.error);
    r->text = r->statement.data;
    if (status == OST_OK)
        status = ost__pg_parameters((const ost__sql_use *)(const void *)uses.data,
                                    uses.size / sizeof(ost__sql_use), p, m->op.parameter_count,
                                    &r->b.error);
    for (uint32_t i = 0; i < m->op.parameter_count; i++)
        types[i] = p[i].oid;
    ost__buffer_finish(&uses);
    return status;
}

ost_status rig_run(rig *r, made *m, void *rows, size_t *count)
{
    ost__pg_parameter p[BENCH_PARAMETERS];
    Oid types[BENCH_PARAMETERS];
    size_t n = m->op.record_count > 0 ? m->op.record_count : 1, room = count ? *count : 0;
    OST_TRY(parameters_of(r, m, p, types));
    for (size_t i = 0; i < n; i++) {
        const char *record =
            m->op.record_count > 0 ? (const char *)m->op.records + i * m->op.record_stride : NULL;
        PGresult *result;
        ost_status status;
        OST_TRY(send_one(r, m, p, types, record, &result));
        status = OST_OK;
        if (rows) {
            *count = room;
            status = read_result(r, m, result, rows, count);
        }
        PQclear(result);
        OST_TRY(status);
    }
    return OST_OK;
}

static void copy_text(rig *r, const made *m, ost__buffer *out)
{
    (void)r;
    ost__buffer_text(out, "COPY \"");
    ost__buffer_text(out, m->shape.table->name);
    for (uint32_t i = 0; i < m->shape.change_count; i++) {
        ost__buffer_text(out, i == 0 ? "\" (\"" : "\", \"");
        ost__buffer_text(out, m->shape.changes[i].field->column);
    }
    ost__buffer_text(out, "\") FROM STDIN (FORMAT binary)");
}

ost_status rig_copy(rig *r, made *m)
{
    /* A signature that ends in a NUL, no flags, and an extension of no bytes. */
    static const char head[19] = "PGCOPY\n\377\r\n";
    ost__pg_parameter p[BENCH_PARAMETERS];
    Oid types[BENCH_PARAMETERS];
    ost__buffer text, rows;
    PGresult *result;
    ost_status status = OST_OK;
    OST_TRY(parameters_of(r, m, p, types));
    ost__buffer_init(&text, &r->b.memory);
    ost__buffer_init(&rows, &r->b.memory);
    copy_text(r, m, &text);
    ost__buffer_bytes(&rows, head, sizeof head);
    for (size_t i = 0; status == OST_OK && i < m->op.record_count; i++)
        status =
            ost__pg_copy_row(&rows, &m->shape, p, &m->op,
                             (const char *)m->op.records + i * m->op.record_stride, &r->b.error);
    ost__buffer_bytes(&rows, "\377\377", 2);
    if (status == OST_OK) {
        result = PQexec(r->pg, text.data);
        assert_false(refused(r, result));
        PQclear(result);
        assert_int_equal(PQputCopyData(r->pg, rows.data, (int)rows.size), 1);
        assert_int_equal(PQputCopyEnd(r->pg, NULL), 1);
        while ((result = PQgetResult(r->pg))) {
            if (refused(r, result))
                status = OST_DRIVER_ERROR;
            PQclear(result);
        }
    }
    ost__buffer_finish(&text);
    ost__buffer_finish(&rows);
    return status;
}
