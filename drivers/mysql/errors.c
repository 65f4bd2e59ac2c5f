/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"
#include "sql/writer.h"

enum { CROWDED = 1040, TRUNCATED = 1292, SERVER_READS = 1290, SERVER_IS_READ_ONLY = 1836 };

/* What a text of the server names besides the error. */
enum subject { NOTHING, KEY, COLUMN, REFERENCE, CHECK_NAME };

typedef struct meaning {
    int32_t code;
    uint16_t status;
    uint8_t subject;          /* an enum subject */
    uint8_t retryable, fatal; /* fatal: the connection is of no more use */
    const char *message;      /* NULL: the server's own */
} meaning;

static const meaning *meaning_of(int32_t code);

typedef struct span {
    const char *start;
    size_t size;
} span;

static bool same(span s, const char *text)
{
    return strlen(text) == s.size && memcmp(text, s.start, s.size) == 0;
}

/* The last place of `part` in the text: what stands before it may hold the program's values. */
static const char *find_last(const char *text, const char *part)
{
    const char *found = NULL;
    for (const char *p = strstr(text, part); p; p = strstr(p + 1, part))
        found = p;
    return found ? found + strlen(part) : NULL;
}

/* A name in quotes of either kind; of a path `a`.`b` the last part, of 'a.b' what follows the
 * point. */
static span name_at(const char *p)
{
    span name = { NULL, 0 };
    char quote = *p;
    while (quote == '\'' || quote == '`') {
        const char *end = strchr(p + 1, quote);
        if (!end)
            break;
        name = (span){ p + 1, (size_t)(end - p - 1) };
        if (end[1] != '.' || end[2] != quote)
            break;
        p = end + 2;
    }
    return name;
}

static span behind_point(span name)
{
    for (size_t i = name.size; i > 0; i--) {
        if (name.start[i - 1] == '.')
            return (span){ name.start + i, name.size - i };
    }
    return name;
}

static span behind(const char *text, const char *part)
{
    const char *p = find_last(text, part);
    return p ? name_at(p) : (span){ NULL, 0 };
}

static void keep_constraint(ost_error *e, span name)
{
    char copy[sizeof e->constraint];
    size_t size = name.size < sizeof copy - 1 ? name.size : sizeof copy - 1;
    if (!name.start)
        return;
    memcpy(copy, name.start, size);
    copy[size] = '\0';
    ost__error_constraint(e, copy);
}

static const ost_field *field_of_column(const ost_table *t, span column)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (same(column, t->fields[i].column))
            return &t->fields[i];
    return NULL;
}

/* The field whose own constraint it is. */
static const ost_field *field_of_constraint(const ost_table *t, span name, const char *what)
{
    char own[OST__CONSTRAINT_NAME_SIZE];
    for (uint32_t i = 0; i < t->field_count; i++) {
        ost__constraint_name(t->name, t->fields[i].column, what, own);
        if (same(name, own))
            return &t->fields[i];
        /* A check keeps the name that it was made with. */
        if (!t->fields[i].was)
            continue;
        ost__constraint_name(t->name, t->fields[i].was, what, own);
        if (same(name, own))
            return &t->fields[i];
    }
    return field_of_column(t, behind_point(name));
}

/* Of a key of several members, the first. */
static const ost_field *of_key(const ost_table *t, const char *text, ost_error *e)
{
    span name = behind_point(behind(text, "for key "));
    if (name.start && same(name, "PRIMARY")) {
        keep_constraint(e, name);
        return t && t->key_count > 0 ? t->keys[0] : NULL;
    }
    keep_constraint(e, name);
    if (!t || !name.start)
        return NULL;
    for (uint32_t i = 0; i < t->index_count; i++) {
        const ost_table_index *x = &t->indexes[i];
        if (same(name, x->name))
            return x->fields[0];
    }
    return field_of_constraint(t, name, "unique");
}

static const ost_field *of_reference(const ost_operation *op, const ost_table *t, const char *text,
                                     ost_error *e)
{
    span name = behind(text, "CONSTRAINT ");
    keep_constraint(e, name);
    if (!t || !name.start || op->kind == OST_DO_DELETE)
        return NULL;
    for (uint32_t i = 0; i < t->foreign_key_count; i++)
        if (same(name, t->foreign_keys[i].name))
            return t->foreign_keys[i].fields[0];
    return NULL;
}

static const ost_field *of_check(const ost_table *t, const char *text, ost_error *e)
{
    span name = behind(text, "CONSTRAINT ");
    if (!name.start)
        name = behind(text, "constraint ");
    keep_constraint(e, behind_point(name));
    return t && name.start ? field_of_constraint(t, behind_point(name), "check") : NULL;
}

/* Finds field and constraint in the server's text. */
static const ost_field *subject_of(const ost_operation *op, const meaning *m, const char *text,
                                   ost_error *e)
{
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    span column;
    switch (m->subject) {
    case KEY: return of_key(t, text, e);
    case REFERENCE: return of_reference(op, t, text, e);
    case CHECK_NAME: return of_check(t, text, e);
    case COLUMN:
        column = behind(text, "olumn ");
        if (!column.start)
            column = behind(text, "Field ");
        return t && column.start ? field_of_column(t, column) : NULL;
    default: return NULL;
    }
}

/* ---- what our own statements refuse ---- */

/* "Truncated incorrect INTEGER value: 'ostler:<rule>:<column>'", which may cut the column off. */
static bool refusal(const ost_operation *op, const char *text, ost_error *e)
{
    static const struct {
        const char *rule;
        ost_status status;
        const char *message;
    } rules[] = {
        { "min", OST_INVALID, "the sum is below the smallest value allowed" },
        { "max", OST_INVALID, "the sum is above the largest value allowed" },
        { "range", OST_RANGE, "the sum does not fit the member" },
        { OST__MY_OTHER_KEY, OST_CONFLICT, "a record with another key of this one exists already" },
    };
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    const char *at = strchr(text, '\'');
    size_t head = strlen(OST__MY_REFUSAL);
    if (!at || !t || strncmp(text, "Truncated incorrect ", 20) != 0 ||
        strncmp(at + 1, OST__MY_REFUSAL, head) != 0)
        return false;
    at += 1 + head;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *rule = rules[i].rule;
        const ost_field *field = NULL;
        const char *end;
        char name[32];
        size_t size = strlen(rule), length;
        if (strncmp(at, rule, size) != 0 || at[size] != ':')
            continue;
        at += size + 1;
        end = strrchr(at, '\'');
        length = end ? (size_t)(end - at) : strlen(at);
        ost__copy_text(name, length < sizeof name ? length + 1 : sizeof name, at);
        field = *at == '#' ? ost__sql_field_named(t, name) : NULL;
        for (uint32_t k = 0; k < t->field_count && length > 0 && !field; k++)
            if (strncmp(t->fields[k].column, at, length) == 0 &&
                (t->fields[k].column[length] == '\0' || at[length] == '\0'))
                field = &t->fields[k];
        ost__error_set(e, rules[i].status, "%s%s%s: %s", t->model, field ? "." : "",
                       field ? field->name : "", rules[i].message);
        ost__error_about(e, t->model, field ? field->name : NULL);
        ost__error_constraint(e, rule);
        return true;
    }
    return false;
}

/* ---- all of it ---- */

static void describe(const ost_operation *op, const meaning *m, const char *text, ost_error *e)
{
    const char *model = op && op->shape && op->shape->table ? op->shape->table->model : NULL;
    ost_error found = { .status = 0 };
    const ost_field *field = subject_of(op, m, text, &found);
    ost_status status = (ost_status)m->status;
    if (m->message && model)
        ost__error_set(e, status, "%s%s%s: %s", model, field ? "." : "", field ? field->name : "",
                       m->message);
    else if (status == OST_SCHEMA)
        ost__error_set(e, status, "%s; run ost_create_tables, or mend the model", text);
    else
        ost__error_set(e, status, "%s", m->message ? m->message : text);
    if (found.constraint[0])
        ost__error_constraint(e, found.constraint);
    ost__error_about(e, model, field ? field->name : NULL);
}

void ost__my_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                      const char *text, ost_error *error)
{
    const meaning *m = meaning_of(native_code);
    if (!text)
        text = "";
    if (!error)
        return;
    if (native_code != TRUNCATED || !refusal(op, text, error))
        describe(op, m, text, error);
    error->native_code = native_code;
    error->retryable = m->retryable;
    if (sql_state)
        ost__copy_text(error->sql_state, sizeof error->sql_state, sql_state);
    /* Said before the handshake, where states are not told yet. */
    if (native_code == CROWDED)
        ost__copy_text(error->sql_state, sizeof error->sql_state, "08004");
}

ost_status ost__my_failed(ost_connection *c, MYSQL_STMT *statement, const ost_operation *op,
                          ost_error *error)
{
    ost_error own;
    unsigned code = statement ? mysql_stmt_errno(statement) : 0;
    const char *text = statement ? mysql_stmt_error(statement) : NULL;
    const char *state = statement ? mysql_stmt_sqlstate(statement) : NULL;
    const meaning *m;
    /* A failure while rows are fetched is told by the connection alone. */
    if (code == 0) {
        code = mysql_errno(c->mysql);
        text = mysql_error(c->mysql);
        state = mysql_sqlstate(c->mysql);
    }
    if (!error)
        error = &own;
    m = meaning_of((int32_t)code);
    c->lost = c->lost || m->fatal;
    ost__my_classify(op, (int32_t)code, state, text, error);
    if (m->status == OST_TIMEOUT && ost__my_cancelled(c)) {
        ost__error_set(error, OST_CANCELLED, "the statement was cancelled");
        error->native_code = (int32_t)code;
    }
    /* A server that only reads has done nothing. */
    error->nothing_sent = code == SERVER_READS || code == SERVER_IS_READ_ONLY;
    return (ost_status)error->status;
}

static const char duplicate[] = "a record with the same value exists already";
static const char misfit[] = "the value does not fit its column";
static const char broken[] = "the connection to the server broke";
static const char unreachable[] = "the server cannot be reached";
static const char crowded[] = "the server has too many connections: lower the pool's max, or raise "
                              "the server's max_connections";
static const char reference[] =
    "the record refers to one that does not exist, or is still referred to";
static const char refused[] = "the server refused the user: check user name and password";
static const char forbidden[] = "the user may not do this: grant it";
static const char read_only[] = "the server only reads: connect to the one that is written to";
static const char interrupted[] = "the server stopped the statement";

/* By number. Server errors have the same numbers in MySQL and MariaDB up to 1899. */
static const meaning meanings[] = {
    { 1020, OST_SERIALIZATION, NOTHING, 1, 0,
      "the record was changed since this transaction read: run it again" },
    { 1021, OST_DRIVER_ERROR, NOTHING, 0, 0, "the server's disk is full" },
    { 1040, OST_CONNECTION, NOTHING, 0, 1, crowded },
    { 1042, OST_CONNECTION, NOTHING, 0, 1, unreachable },
    { 1043, OST_CONNECTION, NOTHING, 0, 1, "the server did not understand the handshake" },
    { 1044, OST_AUTH, NOTHING, 0, 0, "the user may not use this database: grant it" },
    { 1045, OST_AUTH, NOTHING, 0, 1, refused },
    { 1048, OST_NOT_NULL, COLUMN, 0, 0, "the database refused a null: give it a value" },
    { 1049, OST_CONNECTION, NOTHING, 0, 1, "there is no such database: create it" },
    { 1051, OST_SCHEMA, NOTHING, 0, 0, NULL },
    { 1053, OST_CONNECTION, NOTHING, 0, 1, "the server is shutting down" },
    { 1054, OST_SCHEMA, NOTHING, 0, 0, NULL },
    { 1062, OST_CONFLICT, KEY, 0, 0, duplicate },
    { 1077, OST_CONNECTION, NOTHING, 0, 1, "the server is shutting down" },
    { 1079, OST_CONNECTION, NOTHING, 0, 1, "the server is shutting down" },
    { 1114, OST_DRIVER_ERROR, NOTHING, 0, 0, "the table is full" },
    { 1118, OST_TOO_LARGE, NOTHING, 0, 0, "a row is larger than the server allows" },
    { 1129, OST_CONNECTION, NOTHING, 0, 1,
      "the server has blocked this host after too many failures: run FLUSH HOSTS there" },
    { 1130, OST_AUTH, NOTHING, 0, 1, "the server takes no connections from this host" },
    { 1142, OST_AUTH, NOTHING, 0, 0, forbidden },
    { 1143, OST_AUTH, NOTHING, 0, 0, forbidden },
    { 1146, OST_SCHEMA, NOTHING, 0, 0, NULL },
    { 1152, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1153, OST_TOO_LARGE, NOTHING, 0, 1, "a statement is larger than the server's packets" },
    { 1158, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1159, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1160, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1161, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1169, OST_CONFLICT, NOTHING, 0, 0, duplicate },
    { 1194, OST_DRIVER_ERROR, NOTHING, 0, 0, "the table is damaged" },
    { 1203, OST_CONNECTION, NOTHING, 0, 1, crowded },
    { 1205, OST_LOCK_TIMEOUT, NOTHING, 0, 0, "another transaction holds a lock on the record" },
    { 1213, OST_DEADLOCK, NOTHING, 1, 0,
      "the server undid this transaction to end a deadlock: run it again" },
    { 1216, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1217, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1226, OST_CONNECTION, NOTHING, 0, 1, crowded },
    { 1227, OST_AUTH, NOTHING, 0, 0, forbidden },
    { 1235, OST_UNSUPPORTED, NOTHING, 0, 0, NULL },
    { 1260, OST_TOO_LARGE, NOTHING, 0, 0,
      "a list becomes longer than the server's packets: raise its max_allowed_packet" },
    { 1264, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1265, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1290, OST_CONNECTION, NOTHING, 0, 1, read_only },
    { 1292, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1301, OST_TOO_LARGE, NOTHING, 0, 0,
      "a list becomes longer than the server's packets: raise its max_allowed_packet" },
    { 1317, OST_TIMEOUT, NOTHING, 0, 0, interrupted },
    { 1364, OST_NOT_NULL, COLUMN, 0, 0, "the database refused a null: give it a value" },
    { 1366, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1390, OST_TOO_LARGE, NOTHING, 0, 0,
      "the statement has more parameters than the server allows" },
    { 1406, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1411, OST_RANGE, COLUMN, 0, 0, misfit },
    { 1436, OST_TOO_LARGE, NOTHING, 0, 0,
      "the statement is too large: conditions are nested too deep, or there are too many of them" },
    { 1451, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1452, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1461, OST_DRIVER_ERROR, NOTHING, 0, 0,
      "the server holds as many prepared statements as it may: raise its max_prepared_stmt_count" },
    { 1524, OST_AUTH, NOTHING, 0, 1, "the server lacks the user's way to log in" },
    { 1568, OST_MISUSE, NOTHING, 0, 0, "a transaction is open already" },
    { 1586, OST_CONFLICT, KEY, 0, 0, duplicate },
    { 1614, OST_DEADLOCK, NOTHING, 1, 0,
      "the server undid this transaction to end a deadlock: run it again" },
    { 1690, OST_RANGE, COLUMN, 0, 0, "the new value does not fit the member" },
    { 1698, OST_AUTH, NOTHING, 0, 1, refused },
    { 1761, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1762, OST_FOREIGN_KEY, REFERENCE, 0, 0, reference },
    { 1792, OST_MISUSE, NOTHING, 0, 0, "a write in a read-only transaction" },
    { 1820, OST_AUTH, NOTHING, 0, 1, "the user's password has expired" },
    { 1836, OST_CONNECTION, NOTHING, 0, 1, read_only },
    { 1859, OST_CONFLICT, KEY, 0, 0, duplicate },
    { 1862, OST_AUTH, NOTHING, 0, 1, "the user's password has expired" },
    { 1927, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 1969, OST_TIMEOUT, NOTHING, 0, 0, interrupted },
    { 2002, OST_CONNECTION, NOTHING, 0, 1, unreachable },
    { 2003, OST_CONNECTION, NOTHING, 0, 1, unreachable },
    { 2004, OST_CONNECTION, NOTHING, 0, 1, unreachable },
    { 2005, OST_CONNECTION, NOTHING, 0, 1, "the server's name is unknown" },
    { 2006, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 2008, OST_NO_MEMORY, NOTHING, 0, 1, "no memory for what the server sends" },
    { 2012, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 2013, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 2014, OST_CONNECTION, NOTHING, 0, 1, "the connection to the server is out of step" },
    { 2020, OST_TOO_LARGE, NOTHING, 0, 1, "a row is larger than the client library takes" },
    { 2026, OST_CONNECTION, NOTHING, 0, 1, NULL },
    { 2027, OST_CONNECTION, NOTHING, 0, 1, "the server sent what is no answer" },
    { 2055, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 2059, OST_AUTH, NOTHING, 0, 1, "the client library lacks the user's way to log in" },
    { 2061, OST_AUTH, NOTHING, 0, 1, refused },
    { 3024, OST_TIMEOUT, NOTHING, 0, 0, interrupted },
    { 3140, OST_RANGE, COLUMN, 0, 0, "the text is no JSON" },
    { 3572, OST_LOCK_TIMEOUT, NOTHING, 0, 0, "another transaction holds a lock on the record" },
    { 3819, OST_CHECK, CHECK_NAME, 0, 0, "the value breaks a check of the database" },
    { 4025, OST_CHECK, CHECK_NAME, 0, 0, "the value breaks a check of the database" },
    { 4031, OST_CONNECTION, NOTHING, 0, 1, broken },
    { 0, OST_DRIVER_ERROR, NOTHING, 0, 0, NULL },
};

static const meaning *meaning_of(int32_t code)
{
    const meaning *m = meanings;
    while (m->code != code && m->code != 0)
        m++;
    return m;
}
