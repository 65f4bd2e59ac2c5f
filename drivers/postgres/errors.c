/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sql/writer.h"

typedef struct meaning {
    const char *state; /* five characters, or the two of a class */
    ost_status status;
    uint8_t retryable, fatal; /* fatal: the connection is of no more use */
    const char *message;      /* NULL: the server's own, where it holds no value */
} meaning;

static const meaning *meaning_of(const char *state);

/* ---- names ---- */

static bool is_named(const char *table, const char *column, const char *what, const char *name)
{
    char own[OST__CONSTRAINT_NAME_SIZE];
    ost__constraint_name(table, column, what, own);
    return strcmp(own, name) == 0;
}

/* Under the name that this library gives, or the server to the tables of others. */
static bool is_primary(const ost_table *t, const char *name)
{
    char theirs[OST__CONSTRAINT_NAME_SIZE];
    ost__print(theirs, sizeof theirs, "%s_pkey", t->name);
    return t->key_count > 0 &&
           (is_named(t->name, "primary", "key", name) || strcmp(theirs, name) == 0);
}

static const ost_field *field_of_column(const ost_table *t, const char *column)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (strcmp(t->fields[i].column, column) == 0)
            return &t->fields[i];
    return NULL;
}

/* The field that the constraint is about: of several, the first. */
static const ost_field *field_of_constraint(const ost_table *t, const char *name)
{
    static const char *const suffixes[] = { "unique", "check", "key", "fkey" };
    if (is_primary(t, name))
        return t->keys[0];
    for (uint32_t i = 0; i < t->field_count; i++)
        for (size_t k = 0; k < sizeof suffixes / sizeof suffixes[0]; k++)
            if (is_named(t->name, t->fields[i].column, suffixes[k], name) ||
                (t->fields[i].was && is_named(t->name, t->fields[i].was, suffixes[k], name)))
                return &t->fields[i];
    for (uint32_t i = 0; i < t->index_count; i++)
        if (strcmp(t->indexes[i].name, name) == 0)
            return t->indexes[i].fields[0];
    for (uint32_t i = 0; i < t->foreign_key_count; i++)
        if (strcmp(t->foreign_keys[i].name, name) == 0)
            return t->foreign_keys[i].fields[0];
    return NULL;
}

static bool is_of_another(const ost_table *t, const ost__pg_report *r)
{
    if (t->schema && r->schema && strcmp(r->schema, t->schema) != 0)
        return true;
    return r->table && strcmp(r->table, t->name) != 0;
}

static const ost_field *subject(const ost_operation *op, const ost_table *t,
                                const ost__pg_report *r)
{
    bool refers = r->state && strcmp(r->state, "23503") == 0;
    const ost_field *f = NULL;
    if (!t)
        return NULL;
    /* Somebody else refers to the record: no member of its own is at fault. */
    if (refers && (op->kind == OST_DO_DELETE || is_of_another(t, r)))
        return NULL;
    if (r->constraint && r->constraint[0])
        f = field_of_constraint(t, r->constraint);
    if (!f && r->column && r->column[0])
        f = field_of_column(t, r->column);
    return f;
}

/* ---- what the dialect refuses by itself ---- */

/* Behind the mark in `text`, up to a quote: "max:stock". */
static const char *refusal_in(const char *text)
{
    static const char mark[] = "ostler:";
    const char *at = text ? strstr(text, mark) : NULL;
    return at ? at + sizeof mark - 1 : NULL;
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncmp(text, word, size) == 0;
}

/* A bound of a field that a sum passed, or a result that does not fit: "<rule>:<column>". */
static ost_status refused(const ost_table *t, const char *text, ost_error *e)
{
    const char *column = strchr(text, ':');
    size_t rule = column ? (size_t)(column - text) : strcspn(text, "\"");
    const ost_field *f = NULL;
    const char *model = t ? t->model : "", *message = "the result does not fit", *name = NULL;
    char buffer[OST__CONSTRAINT_NAME_SIZE];
    ost_status status = OST_RANGE;
    if (column) {
        ost__copy_text(buffer, sizeof buffer, column + 1);
        buffer[strcspn(buffer, "\"")] = '\0';
        f = t ? ost__sql_field_named(t, buffer) : NULL;
    }
    if (is_word(text, rule, "min")) {
        status = OST_INVALID;
        name = "min";
        message = "the sum is below the smallest value allowed";
    } else if (is_word(text, rule, "max")) {
        status = OST_INVALID;
        name = "max";
        message = "the sum is above the largest value allowed";
    }
    ost__error_set(e, status, "%s%s%s: %s", model, f ? "." : "", f ? f->name : "", message);
    ost__error_about(e, model, f ? f->name : NULL);
    if (name)
        ost__error_constraint(e, name);
    return status;
}

/* ---- classes ---- */

static void describe(const ost_operation *op, const meaning *m, const ost__pg_report *r,
                     ost_error *e)
{
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    const ost_field *f = subject(op, t, r);
    const char *text = m->message ? m->message : r->message && r->message[0] ? r->message : NULL;
    if (!text)
        text = "the server reported an error";
    if (f && m->status == OST_CONFLICT && r->constraint && is_primary(t, r->constraint))
        text = "a record with the same key exists already";
    if (t && m->message && m->status != OST_CONNECTION && m->status != OST_AUTH)
        ost__error_set(e, m->status, "%s%s%s: %s", t->model, f ? "." : "", f ? f->name : "", text);
    else if (m->status == OST_SCHEMA)
        ost__error_set(e, m->status, "%s; run ost_create_tables, or mend the model", text);
    else
        ost__error_set(e, m->status, "%s", text);
    ost__error_about(e, t ? t->model : NULL, f ? f->name : NULL);
    if (r->constraint && r->constraint[0])
        ost__error_constraint(e, r->constraint);
}

ost_status ost__pg_explain(const ost_operation *op, const ost__pg_report *report, ost_error *error)
{
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    const meaning *m = meaning_of(report->state ? report->state : "");
    const char *refusal = strcmp(m->state, "22P02") == 0 ? refusal_in(report->message) : NULL;
    ost_status status = m->status;
    if (refusal)
        status = refused(t, refusal, error);
    else
        describe(op, m, report, error);
    if (!error)
        return status;
    error->retryable = m->retryable;
    if (report->state)
        ost__copy_text(error->sql_state, sizeof error->sql_state, report->state);
    return status;
}

/* The last name in quotes behind `word`; "" if there is none. */
static void name_behind(const char *text, const char *word, char out[OST__CONSTRAINT_NAME_SIZE])
{
    const char *at = strstr(text, word);
    const char *start = at ? strchr(at, '"') : NULL;
    out[0] = '\0';
    if (!start)
        return;
    ost__copy_text(out, OST__CONSTRAINT_NAME_SIZE, start + 1);
    out[strcspn(out, "\"")] = '\0';
}

void ost__pg_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                      const char *text, ost_error *error)
{
    char constraint[OST__CONSTRAINT_NAME_SIZE], column[OST__CONSTRAINT_NAME_SIZE];
    ost__pg_report r = { .state = sql_state, .message = text };
    /* Without the fields of the protocol, the names are in the text. */
    name_behind(text ? text : "", "constraint \"", constraint);
    name_behind(text ? text : "", "column \"", column);
    r.constraint = constraint;
    r.column = column;
    ost__pg_explain(op, &r, error);
    if (error)
        error->native_code = native_code;
}

/* ---- results ---- */

bool ost__pg_is_state(const PGresult *result, const char *state)
{
    const char *own = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return own && strcmp(own, state) == 0;
}

void ost__pg_one_line(const char *words, char *out, size_t size)
{
    size_t length = 0;
    bool blank = true;
    for (; words && *words && length + 1 < size; words++) {
        bool space = *words == '\n' || *words == '\r' || *words == '\t' || *words == ' ';
        if (!space || !blank)
            out[length++] = space ? ' ' : *words;
        blank = space;
    }
    while (length > 0 && out[length - 1] == ' ')
        length--;
    out[length] = '\0';
}

/* What libpq says by itself: there is no code. */
static ost_status broken(ost_connection *c, const PGresult *result, ost_error *error)
{
    const char *words = result ? PQresultErrorMessage(result) : PQerrorMessage(c->pg);
    char line[200];
    if (PQstatus(c->pg) == CONNECTION_OK && words && strstr(words, "out of memory"))
        return ost__error_set(error, OST_NO_MEMORY, "no memory for the server's answer");
    c->lost = true;
    ost__pg_one_line(words, line, sizeof line);
    return ost__error_set(error, OST_CONNECTION, "the connection to the server broke%s%s",
                          line[0] ? ": " : "", line);
}

ost_status ost__pg_failed(ost_connection *c, const ost_operation *op, const PGresult *result,
                          ost_error *error)
{
    const char *severity =
        result ? PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED) : NULL;
    ost__pg_report r;
    ost_status status;
    if (!result || !PQresultErrorField(result, PG_DIAG_SQLSTATE))
        return broken(c, result, error);
    r = (ost__pg_report){
        .state = PQresultErrorField(result, PG_DIAG_SQLSTATE),
        .message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
        .constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME),
        .column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME),
        .table = PQresultErrorField(result, PG_DIAG_TABLE_NAME),
        .schema = PQresultErrorField(result, PG_DIAG_SCHEMA_NAME),
    };
    status = ost__pg_explain(op, &r, error);
    if (status == OST_TIMEOUT && atomic_load(&c->cancelled) == c->batch)
        status = ost__error_set(error, OST_CANCELLED, "the statement was cancelled");
    if (meaning_of(r.state)->fatal || PQstatus(c->pg) != CONNECTION_OK ||
        (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)))
        c->lost = true;
    return status;
}

/* ---- connecting ---- */

/* "FATAL:  28P01: …": where the code begins, or NULL. */
static const char *code_in(const char *words)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (const char *p = words; (p = strstr(p, ":  ")); p += 3)
        if (strspn(p + 3, letters) == 5 && p[8] == ':')
            return p + 3;
    return NULL;
}

ost_status ost__pg_connect_failed(const char *words, ost_error *error)
{
    static const char location[] = "LOCATION:";
    const char *code = code_in(words), *start = words;
    const meaning *m;
    char state[6] = "", line[220];
    char *end;
    if (code) {
        memcpy(state, code, 5);
        state[5] = '\0';
        start = code + 6;
    }
    m = meaning_of(state);
    ost__pg_one_line(start, line, sizeof line);
    end = strstr(line, location);
    if (end && end > line)
        end[-1] = '\0';
    if (!code || m->status == OST_DRIVER_ERROR)
        ost__error_set(error, OST_CONNECTION, "%s", line);
    else
        ost__error_set(error, m->status, "%s", line);
    if (error)
        ost__copy_text(error->sql_state, sizeof error->sql_state, state);
    return code && m->status != OST_DRIVER_ERROR ? m->status : OST_CONNECTION;
}

/* The last line that names the table is the COPY's own; triggers that it fired stand before. Of its
 * numbers the first behind the name is the record's. */
size_t ost__pg_copy_line(const char *context, const char *table)
{
    const char *at = NULL;
    for (const char *next = context; next && (next = strstr(next, table)); next++)
        if (!at || memchr(at, '\n', (size_t)(next - at)))
            at = next;
    if (!at)
        return 0;
    at += strlen(table);
    at += strcspn(at, "0123456789\n");
    return (size_t)strtoull(*at == '\n' ? "" : at, NULL, 10);
}

/* Five characters before the two of their class. */
static const meaning meanings[] = {
    { "23505", OST_CONFLICT, 0, 0, "a record with the same value exists already" },
    { "23502", OST_NOT_NULL, 0, 0, "the database refused a null: give it a value" },
    { "23503", OST_FOREIGN_KEY, 0, 0,
      "the record refers to one that does not exist, or is still referred to" },
    { "23001", OST_FOREIGN_KEY, 0, 0, "the record is still referred to" },
    { "23514", OST_CHECK, 0, 0, "the value breaks a check of the database" },
    { "23P01", OST_CONFLICT, 0, 0, "the record excludes another that exists already" },
    { "23", OST_CHECK, 0, 0, "a constraint of the database refused the record" },
    { "44000", OST_CHECK, 0, 0, "the record is outside the view that it was written through" },
    { "22001", OST_RANGE, 0, 0, "the text is longer than its column" },
    { "22003", OST_RANGE, 0, 0, "the number does not fit" },
    { "22007", OST_RANGE, 0, 0, "the time has a form that the database does not know" },
    { "22008", OST_RANGE, 0, 0, "the time does not fit" },
    { "2200H", OST_RANGE, 0, 0, "the sequence of its keys is used up" },
    { "22P02", OST_RANGE, 0, 0, "the value has a form that its column does not know" },
    { "22P03", OST_RANGE, 0, 0, "the value has a form that its column does not know" },
    { "22P05", OST_RANGE, 0, 0, "the text has characters that the database cannot keep" },
    { "22021", OST_RANGE, 0, 0, "the text is not UTF-8, or has a NUL in it" },
    { "22", OST_RANGE, 0, 0, "a value does not fit" },
    { "21000", OST_RANGE, 0, 0, "a subquery gave more than one row" },
    { "40001", OST_SERIALIZATION, 1, 0,
      "the transaction could not be serialised with others: run it again" },
    { "40P01", OST_DEADLOCK, 1, 0,
      "the transaction and another waited for each other: run it again" },
    { "40", OST_SERIALIZATION, 1, 0, "the database rolled the transaction back: run it again" },
    { "55P03", OST_LOCK_TIMEOUT, 0, 0, "another transaction holds a lock on the record" },
    { "55006", OST_LOCK_TIMEOUT, 0, 0, NULL },
    { "57014", OST_TIMEOUT, 0, 0, "the server stopped the statement" },
    { "57P01", OST_CONNECTION, 0, 1, "the server ended the connection" },
    { "57P02", OST_CONNECTION, 0, 1, "the server ended the connection: it crashed" },
    { "57P03", OST_CONNECTION, 0, 1, "the server takes no connections now" },
    { "57P04", OST_CONNECTION, 0, 1, "the database was dropped" },
    { "57P05", OST_CONNECTION, 0, 1, "the server ended the connection: it was idle too long" },
    { "25P03", OST_CONNECTION, 0, 1,
      "the server ended the connection: its transaction was idle too long" },
    { "25006", OST_CONNECTION, 0, 1,
      "the server only reads: it is a replica, or was made read-only" },
    { "25P02", OST_DRIVER_ERROR, 0, 0,
      "a statement of the transaction failed before: only a rollback may follow" },
    { "28", OST_AUTH, 0, 1, NULL },
    { "3D000", OST_CONNECTION, 0, 1, NULL },
    { "42501", OST_AUTH, 0, 0, NULL },
    { "42P01", OST_SCHEMA, 0, 0, NULL },
    { "42703", OST_SCHEMA, 0, 0, NULL },
    { "3F000", OST_SCHEMA, 0, 0, NULL },
    { "42804", OST_SCHEMA, 0, 0, NULL },
    { "42883", OST_SCHEMA, 0, 0, NULL },
    { "53300", OST_CONNECTION, 0, 1,
      "the server has no room for another connection: make pools smaller, or max_connections "
      "larger" },
    { "53200", OST_DRIVER_ERROR, 0, 0, "the server is out of memory" },
    { "53100", OST_DRIVER_ERROR, 0, 0, "the server's disk is full" },
    { "54", OST_TOO_LARGE, 0, 0, "the statement is larger than the server takes" },
    { "08", OST_CONNECTION, 0, 1, NULL },
    { "", OST_DRIVER_ERROR, 0, 0, NULL },
};

static const meaning *meaning_of(const char *state)
{
    const meaning *m = meanings;
    while (strncmp(m->state, state, strlen(m->state)) != 0)
        m++;
    return m;
}
