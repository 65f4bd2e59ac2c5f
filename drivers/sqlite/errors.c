/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

#include <string.h>

#include "base/error.h"
#include "sql/dialect.h"

typedef struct meaning {
    int code;
    ost_status status;
    uint8_t retryable, fatal; /* fatal: the handle is of no more use */
    const char *message;      /* NULL: SQLite's own */
} meaning;

static const meaning *meaning_of(int code);

static const char *after(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* What SQLite says with its general code and a text. */
static ost_status general(const char *text)
{
    if (after(text, "no such table: ") || after(text, "no such column: ") ||
        contains(text, " has no column named "))
        return OST_SCHEMA;
    if (contains(text, "stack overflow") || after(text, "Expression tree is too large") ||
        after(text, "too many SQL variables") || contains(text, "no query solution"))
        return OST_TOO_LARGE;
    if (contains(text, "integer overflow"))
        return OST_RANGE;
    /* Some versions call their own functions unsafe where schemas are not trusted. */
    if (after(text, "unsafe use of json_extract"))
        return OST_UNSUPPORTED;
    return OST_DRIVER_ERROR;
}

/* Behind `prefix` and a point; NULL: the text does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(text, prefix, size) == 0 && text[size] == '.' ? text + size + 1 : NULL;
}

/* The field whose column is the first of "table.column, table.column"; sets *rest behind it, NULL
 * at the end. */
static const ost_field *column_of(const ost_table *t, const char *list, const char **rest)
{
    size_t size;
    const char *end = strstr(list, ", ");
    *rest = end ? end + 2 : NULL;
    if (t->schema)
        list = behind(list, t->schema);
    list = list ? behind(list, t->name) : NULL;
    if (!list)
        return NULL;
    size = end ? (size_t)(end - list) : strlen(list);
    for (uint32_t i = 0; i < t->field_count; i++) {
        const char *column = t->fields[i].column;
        if (strlen(column) == size && sqlite3_strnicmp(column, list, (int)size) == 0)
            return &t->fields[i];
    }
    return NULL;
}

static bool is_index(const ost_table *t, const ost_table_index *x, const char *list)
{
    for (uint32_t i = 0; i < x->field_count; i++)
        if (!list || column_of(t, list, &list) != x->fields[i])
            return false;
    return x->unique && list == NULL;
}

/* SQLite names the columns of a unique index, not the index. */
static const char *unique_name(const ost_table *t, const char *list)
{
    for (uint32_t i = 0; i < t->index_count; i++)
        if (is_index(t, &t->indexes[i], list))
            return t->indexes[i].name;
    return list;
}

static const ost_field *checked_field(const ost_table *t, const char *constraint)
{
    char name[OST__CONSTRAINT_NAME_SIZE];
    for (uint32_t i = 0; i < t->field_count; i++) {
        ost__constraint_name(t->name, t->fields[i].column, "check", name);
        if (strcmp(name, constraint) == 0)
            return &t->fields[i];
        /* It keeps the name that it was made with. */
        if (!t->fields[i].was)
            continue;
        ost__constraint_name(t->name, t->fields[i].was, "check", name);
        if (strcmp(name, constraint) == 0)
            return &t->fields[i];
    }
    return NULL;
}

/* Finds field and constraint in SQLite's text. */
static const ost_field *subject(const ost_operation *op, const meaning *m, const char *text,
                                ost_error *e)
{
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    const char *detail = strstr(text, "constraint failed: "), *rest;
    const ost_field *field = NULL;
    if (m->status == OST_FOREIGN_KEY) {
        if (!t || t->foreign_key_count != 1 || op->kind == OST_DO_DELETE)
            return NULL;
        ost__error_constraint(e, t->foreign_keys[0].name);
        return t->foreign_keys[0].fields[0];
    }
    if (m->code == SQLITE_CONSTRAINT_DATATYPE) {
        detail = strrchr(text, ' ');
        return t && detail ? column_of(t, detail + 1, &rest) : NULL;
    }
    if (!detail)
        return NULL;
    detail += strlen("constraint failed: ");
    if (after(detail, "index '")) {
        char name[sizeof e->constraint];
        const char *own = t && t->schema ? behind(detail + strlen("index '"), t->schema) : NULL;
        ost__copy_text(name, sizeof name, own ? own : detail + strlen("index '"));
        name[strcspn(name, "'")] = '\0';
        ost__error_constraint(e, name);
        return NULL;
    }
    if (t && m->status == OST_CHECK)
        field = checked_field(t, detail);
    else if (t)
        field = column_of(t, detail, &rest);
    ost__error_constraint(e, t && m->status == OST_CONFLICT ? unique_name(t, detail) : detail);
    return field;
}

static void describe(const ost_operation *op, const meaning *m, const char *text, ost_error *e)
{
    const char *model = op && op->shape && op->shape->table ? op->shape->table->model : NULL;
    char constraint[sizeof e->constraint];
    const ost_field *field;
    if (!e)
        return;
    field = subject(op, m, text, e);
    ost__copy_text(constraint, sizeof constraint, e->constraint);
    if (m->message && model)
        ost__error_set(e, m->status, "%s%s%s: %s", model, field ? "." : "",
                       field ? field->name : "", m->message);
    else
        ost__error_set(e, m->status, "%s", m->message ? m->message : text);
    ost__error_constraint(e, constraint);
    ost__error_about(e, model, field ? field->name : NULL);
}

static ost_status fill(const ost_operation *op, int code, const char *text, ost_error *e)
{
    meaning m = *meaning_of(code);
    if (!text)
        text = "";
    if (m.code == SQLITE_ERROR) {
        m.status = general(text);
        if (m.status == OST_SCHEMA)
            ost__error_set(e, m.status, "%s; run ost_create_tables, or mend the model", text);
        else if (m.status == OST_TOO_LARGE)
            ost__error_set(e, m.status,
                           "the statement is too large: conditions are nested too deep, or there "
                           "are too many of them");
        else if (m.status == OST_UNSUPPORTED)
            ost__error_set(e, m.status,
                           "SQLite %s does not take its own json_extract in an index: use .flatten "
                           "for what is indexed, or a newer SQLite",
                           sqlite3_libversion());
        else
            ost__error_set(e, m.status, "%s", text);
        if (op && op->shape && op->shape->table)
            ost__error_about(e, op->shape->table->model, NULL);
    } else {
        describe(op, &m, text, e);
    }
    if (e) {
        e->native_code = code;
        e->retryable = m.retryable;
    }
    return m.status;
}

void ost__sqlite_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                          const char *text, ost_error *error)
{
    (void)sql_state;
    fill(op, native_code, text, error);
}

static ost_status refused(ost_connection *c, const ost_operation *op, ost_error *error)
{
    const ost__refusal r = c->refusal;
    const char *model = op && op->shape && op->shape->table ? op->shape->table->model : "";
    c->refusal = (ost__refusal){ .status = OST_OK };
    if (r.field)
        ost__error_set(error, r.status, "%s.%s: %s", model, r.field->name, r.message);
    else
        ost__error_set(error, r.status, "%s: %s", model, r.message);
    ost__error_about(error, model, r.field ? r.field->name : NULL);
    if (r.rule)
        ost__error_constraint(error, r.rule);
    return r.status;
}

ost_status ost__sqlite_failed(ost_connection *c, const ost_operation *op, int rc, ost_error *error)
{
    const meaning *m = meaning_of(rc);
    ost_status status;
    if (c->refusal.status != OST_OK)
        return refused(c, op, error);
    if (c->interrupted == OST_CANCELLED && (m->code == SQLITE_INTERRUPT || m->code == SQLITE_BUSY))
        return ost__error_set(error, OST_CANCELLED, "the statement was cancelled");
    if (m->code == SQLITE_INTERRUPT)
        return ost__error_set(error, OST_TIMEOUT, "the deadline passed while the statement ran");
    if (m->code == SQLITE_READONLY && c->backend->mode == OST__MODE_READ_ONLY) {
        status = ost__error_set(error, OST_UNSUPPORTED,
                                "the database was opened read only: leave mode=ro out of the URL "
                                "to write");
    } else {
        status = fill(op, rc, rc == SQLITE_NOMEM ? "" : sqlite3_errmsg(c->db), error);
    }
    c->lost = c->lost || m->fatal;
    if (error) {
        error->native_code = rc;
        /* Without the file nothing was written, so a write that failed for this is no riddle. */
        error->nothing_sent = m->code == SQLITE_CANTOPEN || m->code == SQLITE_PERM;
    }
    return status;
}

static const meaning meanings[] = {
    { SQLITE_CONSTRAINT_UNIQUE, OST_CONFLICT, 0, 0, "a record with the same value exists already" },
    { SQLITE_CONSTRAINT_PRIMARYKEY, OST_CONFLICT, 0, 0,
      "a record with the same key exists already" },
    { SQLITE_CONSTRAINT_ROWID, OST_CONFLICT, 0, 0, "a record with the same key exists already" },
    { SQLITE_CONSTRAINT_NOTNULL, OST_NOT_NULL, 0, 0,
      "the database refused a null: give it a value" },
    { SQLITE_CONSTRAINT_CHECK, OST_CHECK, 0, 0, "the value breaks a check of the database" },
    { SQLITE_CONSTRAINT_FOREIGNKEY, OST_FOREIGN_KEY, 0, 0,
      "the record refers to one that does not exist, or is still referred to" },
    { SQLITE_CONSTRAINT_DATATYPE, OST_RANGE, 0, 0, "the value does not fit its column" },
    { SQLITE_CONSTRAINT_TRIGGER, OST_CHECK, 0, 0, NULL },
    { SQLITE_CONSTRAINT, OST_CHECK, 0, 0, NULL },
    { SQLITE_BUSY_SNAPSHOT, OST_SERIALIZATION, 1, 0,
      "the record was changed since this transaction read: run it again" },
    { SQLITE_BUSY, OST_LOCK_TIMEOUT, 0, 0,
      "another connection is writing, and did not finish in time" },
    { SQLITE_LOCKED, OST_LOCK_TIMEOUT, 0, 0, "the table is locked by another statement" },
    { SQLITE_INTERRUPT, OST_TIMEOUT, 0, 0, "the statement was interrupted" },
    { SQLITE_IOERR_NOMEM, OST_NO_MEMORY, 0, 0, "no memory for the statement" },
    { SQLITE_NOMEM, OST_NO_MEMORY, 0, 0, "no memory for the statement" },
    { SQLITE_TOOBIG, OST_TOO_LARGE, 0, 0, "a value or statement is larger than SQLite allows" },
    { SQLITE_RANGE, OST_TOO_LARGE, 0, 0, "the statement has more parameters than SQLite allows" },
    { SQLITE_READONLY, OST_DRIVER_ERROR, 0, 0, NULL },
    { SQLITE_FULL, OST_DRIVER_ERROR, 0, 0, "the disk is full" },
    { SQLITE_IOERR, OST_CONNECTION, 0, 1, "the database file cannot be read or written" },
    { SQLITE_CORRUPT, OST_CONNECTION, 0, 0, "the database file is damaged" },
    { SQLITE_NOTADB, OST_CONNECTION, 0, 0, "the file is not a database" },
    { SQLITE_CANTOPEN, OST_CONNECTION, 0, 1, "the database file cannot be opened" },
    { SQLITE_PERM, OST_CONNECTION, 0, 1, "the database file may not be used" },
    { SQLITE_AUTH, OST_DRIVER_ERROR, 0, 0, NULL },
    { SQLITE_MISMATCH, OST_RANGE, 0, 0, "the key is not an integer" },
    { SQLITE_ERROR, OST_DRIVER_ERROR, 0, 0, NULL },
    { 0, OST_DRIVER_ERROR, 0, 0, NULL },
};

static const meaning *meaning_of(int code)
{
    const meaning *m = meanings;
    while (m->code != code && m->code != (code & 0xff) && m->code != 0)
        m++;
    return m;
}
