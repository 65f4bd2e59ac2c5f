/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

#include <string.h>

#include "base/error.h"
#include "mongo/define.h"
#include "mongo/rules.h"
#include "mongo/writing.h"

enum { BAD_VALUE = 2, TIMED_OUT = 50, VALIDATION_FAILED = 121, STOPPED = 11601, LABELS_MAX = 16 };

/* What an error names besides itself. */
enum subject { NOTHING, KEY, RULE };

/* `fatal`: the connection is of no more use, or what a write did is not known. `refused`: it is
 * certain that nothing was done. */
typedef struct meaning {
    int32_t code;
    uint16_t status;
    uint8_t subject; /* an enum subject */
    uint8_t retryable, fatal, refused;
    const char *message; /* NULL: the server's own, which holds no value */
} meaning;

static const meaning *meaning_of(int32_t code);
static const meaning absent = {
    VALIDATION_FAILED, OST_NOT_NULL, RULE, 0, 0, 0, "the database refused a null: give it a value"
};

/* What a server said. */
typedef struct report {
    int32_t code;
    const char *name;   /* of the code, or NULL */
    const char *text;   /* never NULL; may hold values */
    const bson_t *more; /* where keyPattern and errInfo are looked for, or NULL */
} report;

/* ---- subjects ---- */

static const ost_field *field_named(const ost_table *t, const char *name)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (strcmp(ost__mongo_name(t, &t->fields[i]), name) == 0)
            return &t->fields[i];
    return NULL;
}

/* What an expression of ours has failed for. */
static const ost_field *field_told(const ost_table *t, const char *name, size_t size)
{
    for (uint32_t i = 0; i < t->field_count + t->inner_count; i++) {
        const char *told = ost__mongo_told(&t->fields[i]);
        if (strncmp(told, name, size) == 0 && told[size] == '\0')
            return &t->fields[i];
    }
    return NULL;
}

static const ost_field *field_of_index(const ost_table *t, const char *name)
{
    char own[OST__MONGO_NAME_SIZE];
    if (t->key_count > 0) {
        ost__mongo_key_name(t, own);
        if (strcmp(name, "_id_") == 0 || strcmp(name, own) == 0)
            return t->keys[0];
    }
    for (uint32_t i = 0; i < t->index_count; i++)
        if (strcmp(t->indexes[i].name, name) == 0)
            return t->indexes[i].fields[0];
    for (uint32_t i = 0; i < t->field_count; i++) {
        ost__mongo_unique_name(t, &t->fields[i], own);
        if (strcmp(name, own) == 0)
            return &t->fields[i];
    }
    return NULL;
}

/* "… index: <name> dup key: {…}": the values come last. */
static void keep_index(const char *text, ost_error *e)
{
    static const char before[] = " index: ", behind[] = " dup key";
    const char *start = strstr(text, before), *end;
    char name[sizeof e->constraint];
    size_t size;
    if (!start)
        return;
    start += sizeof before - 1;
    end = strstr(start, behind);
    size = end ? (size_t)(end - start) : strcspn(start, " ");
    if (size >= sizeof name)
        size = sizeof name - 1;
    memcpy(name, start, size);
    name[size] = '\0';
    ost__error_constraint(e, name);
}

static const ost_field *of_key(const ost_table *t, const report *r, ost_error *e)
{
    const ost_field *f = NULL;
    bson_iter_t at, key;
    keep_index(r->text, e);
    if (!t)
        return NULL;
    if (e->constraint[0])
        f = field_of_index(t, e->constraint);
    if (!f && r->more && bson_iter_init_find(&at, r->more, "keyPattern") &&
        bson_iter_recurse(&at, &key) && bson_iter_next(&key))
        f = field_named(t, bson_iter_key(&key));
    return f;
}

/* A description of one word is the name of a rule; ours is that of an index. */
static bool is_name(const ost_table *t, const ost_field *f, const char *description)
{
    char own[OST__MONGO_NAME_SIZE];
    if (f)
        ost__mongo_unique_name(t, f, own);
    return description && !strchr(description, ' ') && (!f || strcmp(description, own) != 0);
}

/* A member that is absent, and must not be, is told as SQL tells a null. */
static const ost_field *of_rule(const ost_table *t, const report *r, const meaning **m,
                                ost_error *e)
{
    const ost_field *f = NULL;
    ost__mongo_rule rule;
    ost__error_constraint(e, "validator");
    if (!r->more)
        return NULL;
    ost__mongo_rule_of(r->more, &rule);
    if (rule.absent)
        *m = &absent;
    if (t && rule.property)
        f = field_named(t, rule.property);
    if (is_name(t, f, rule.description))
        ost__error_constraint(e, rule.description);
    return f;
}

/* ---- what our own updates refuse ---- */

/* A text of ours that was to become a number: "ostler:<rule>:<column>", up to a quote. */
static bool refusal(const ost_table *t, const char *text, ost_error *e)
{
    static const struct {
        const char *rule;
        ost_status status;
        const char *message;
    } rules[] = {
        { "min", OST_INVALID, "the sum is below the smallest value allowed" },
        { "max", OST_INVALID, "the sum is above the largest value allowed" },
        { "range", OST_RANGE, "the sum does not fit the member" },
    };
    static const char mark[] = "'ostler:";
    const char *at = strstr(text, mark);
    if (!at || !t)
        return false;
    at += sizeof mark - 1;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        size_t size = strlen(rules[i].rule), length;
        const ost_field *f = NULL;
        if (strncmp(at, rules[i].rule, size) != 0 || at[size] != ':')
            continue;
        at += size + 1;
        length = strcspn(at, "'");
        f = field_told(t, at, length);
        ost__error_set(e, rules[i].status, "%s%s%s: %s", t->model, f ? "." : "", f ? f->name : "",
                       rules[i].message);
        ost__error_about(e, t->model, f ? f->name : NULL);
        ost__error_constraint(e, rules[i].rule);
        return true;
    }
    return false;
}

/* ---- all of it ---- */

/* Some messages of a code for many things say which it is. */
static const meaning *meaning_in(const report *r)
{
    static const meaning sum = {
        BAD_VALUE, OST_RANGE, NOTHING, 0, 0, 0, "the sum does not fit the member"
    };
    /* findAndModify says first where it failed. */
    static const char where[] = "Plan executor error during findAndModify :: caused by :: ";
    const char *text = r->text;
    if (strncmp(text, where, sizeof where - 1) == 0)
        text += sizeof where - 1;
    if (r->code == BAD_VALUE && strncmp(text, "Failed to apply $inc", 20) == 0)
        return &sum;
    return meaning_of(r->code);
}

static void say(const ost_table *t, const meaning *m, const report *r, ost_error *e)
{
    ost_error found = { .status = 0 };
    const ost_field *f = m->subject == KEY    ? of_key(t, r, &found)
                         : m->subject == RULE ? of_rule(t, r, &m, &found)
                                              : NULL;
    ost_status status = (ost_status)m->status;
    if (m->message && t && status != OST_CONNECTION && status != OST_AUTH)
        ost__error_set(e, status, "%s%s%s: %s", t->model, f ? "." : "", f ? f->name : "",
                       m->message);
    else if (m->message)
        ost__error_set(e, status, "%s", m->message);
    else if (status == OST_SCHEMA)
        ost__error_set(e, status, "%s; run ost_create_tables, or mend the model", r->text);
    else if (status != OST_DRIVER_ERROR)
        ost__error_set(e, status, "%s", r->text);
    else
        ost__error_set(e, status, "the server refused the command with error %d%s%s", (int)r->code,
                       r->name ? ", " : "", r->name ? r->name : "");
    if (found.constraint[0])
        ost__error_constraint(e, found.constraint);
    ost__error_about(e, t ? t->model : NULL, f ? f->name : NULL);
}

static const meaning *explain(const ost_operation *op, const report *r, ost_error *e)
{
    const ost_table *t = op && op->shape ? op->shape->table : NULL;
    const meaning *m = meaning_in(r);
    if (!refusal(t, r->text, e))
        say(t, m, r, e);
    e->native_code = r->code;
    e->retryable = m->retryable;
    e->nothing_sent = m->refused;
    return m;
}

void ost__mongo_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                         const char *text, ost_error *error)
{
    const report r = { .code = native_code, .text = text ? text : "" };
    (void)sql_state;
    if (error)
        explain(op, &r, error);
}

bool ost__mongo_has_label(const bson_t *reply, const char *label)
{
    bson_iter_t at, item;
    if (!reply || !bson_iter_init_find(&at, reply, "errorLabels") || !BSON_ITER_HOLDS_ARRAY(&at) ||
        !bson_iter_recurse(&at, &item))
        return false;
    for (int i = 0; i < LABELS_MAX && bson_iter_next(&item); i++)
        if (BSON_ITER_HOLDS_UTF8(&item) && strcmp(bson_iter_utf8(&item, NULL), label) == 0)
            return true;
    return false;
}

/* ---- what a failure does to the connection ---- */

/* The server has undone the transaction for no fault of the program's. */
static void call_for_retry(ost_error *e)
{
    if (e->status == OST_CONNECTION || e->status == OST_DRIVER_ERROR) {
        int32_t code = e->native_code;
        ost__error_set(e, OST_SERIALIZATION,
                       "the server undid the transaction, because another became the primary or "
                       "the like: run it again");
        e->native_code = code;
    }
    if (e->status != OST_TIMEOUT && e->status != OST_CANCELLED)
        e->retryable = 1;
}

static ost_status server_failed(ost__mongo_run *run, const report *r, bool transient)
{
    ost_connection *c = run->c;
    ost_error own, *e = run->error ? run->error : &own;
    const meaning *m = explain(run->op, r, e);
    bool in_unit = c->unit_sent && !run->apart;
    if ((r->code == STOPPED || r->code == TIMED_OUT) && ost__mongo_cancelled(c)) {
        ost__error_set(e, OST_CANCELLED, "the statement was cancelled");
        e->native_code = r->code;
    }
    if (in_unit) {
        c->unit_failed = true;
        e->nothing_sent = 0;
        if (transient)
            call_for_retry(e);
    } else if (m->fatal) {
        c->lost = true;
    }
    return (ost_status)e->status;
}

static report report_of(const bson_t *document, const char *text)
{
    report r = { .text = text, .more = document };
    bson_iter_t at;
    if (bson_iter_init_find(&at, document, "code"))
        r.code = (int32_t)bson_iter_as_int64(&at);
    if (bson_iter_init_find(&at, document, "codeName") && BSON_ITER_HOLDS_UTF8(&at))
        r.name = bson_iter_utf8(&at, NULL);
    if (bson_iter_init_find(&at, document, "errmsg") && BSON_ITER_HOLDS_UTF8(&at))
        r.text = bson_iter_utf8(&at, NULL);
    return r;
}

ost_status ost__mongo_write_failed(ost__mongo_run *r, const bson_iter_t *entry, size_t i)
{
    const uint8_t *data = NULL;
    uint32_t size = 0;
    bson_t document;
    report what;
    r->outcome->failed_record = i;
    if (!BSON_ITER_HOLDS_DOCUMENT(entry))
        return ost__error_set(r->error, OST_DRIVER_ERROR, "the server's answer is no answer");
    bson_iter_document(entry, &size, &data);
    if (!bson_init_static(&document, data, size))
        return ost__error_set(r->error, OST_DRIVER_ERROR, "the server's answer is no answer");
    what = report_of(&document, "");
    return server_failed(r, &what, false);
}

/* A write that was done, but is not as safe as it was to be. */
static ost_status unsafe(ost__mongo_run *r, const bson_error_t *why)
{
    ost__error_set(r->error, OST_UNKNOWN_OUTCOME,
                   "the write was done, but not confirmed by as many servers as it should be: it "
                   "may be undone if the primary is lost");
    if (r->error)
        r->error->native_code = (int32_t)why->code;
    return OST_UNKNOWN_OUTCOME;
}

static ost_status interrupted(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    ost_status why = c->interrupted;
    c->lost = c->lost || c->asked;
    ost__error_set(r->error, why, "%s",
                   why == OST_CANCELLED ? "the statement was cancelled"
                                        : "the deadline passed before the server answered");
    if (r->error)
        r->error->nothing_sent = !c->asked;
    return why;
}

/* Servers that do not answer are out of time; those that refuse, or have no address, are not there.
 * For each that it could not speak to the library says why in brackets. */
static bool somebody_refused(const bson_error_t *why)
{
    const char *reasons = strchr(why->message, '[');
    return reasons && !strstr(reasons, "timeout");
}

static ost_status not_reached(ost__mongo_run *r, const bson_error_t *why)
{
    bool selection = why->domain == MONGOC_ERROR_SERVER_SELECTION;
    bool refused = !selection || somebody_refused(why);
    bool late = ost__mongo_late(r->c);
    ost_status status = late && !refused ? OST_TIMEOUT : OST_CONNECTION;
    if (ost__mongo_cancelled(r->c))
        status = ost__error_set(r->error, OST_CANCELLED, "the statement was cancelled");
    else
        ost__error_set(r->error, status, "%s%s: %s",
                       selection ? "no server is there to be asked" : "no server could be reached",
                       late ? " before the deadline" : "", why->message);
    if (r->error)
        r->error->nothing_sent = 1;
    return status;
}

static ost_status broke(ost__mongo_run *r, const bson_error_t *why)
{
    r->c->lost = true;
    if (r->c->unit_sent && !r->apart)
        r->c->unit_failed = true;
    return ost__error_set(r->error, OST_CONNECTION, "the connection to the server broke: %s",
                          why->message);
}

/* Of the library's own, before anything was sent. */
static ost_status refused(ost__mongo_run *r, const bson_error_t *why)
{
    const ost_table *t = r->op && r->op->shape ? r->op->shape->table : NULL;
    bool large = strstr(why->message, "too large") != NULL;
    if (why->domain == MONGOC_ERROR_CLIENT && why->code == MONGOC_ERROR_CLIENT_AUTHENTICATE)
        ost__error_set(r->error, OST_AUTH,
                       "the server refused the user: check user name, password and authSource");
    else if (large)
        ost__error_set(r->error, OST_TOO_LARGE, "%s: a record is larger than the server takes",
                       t ? t->model : "a write");
    else
        ost__error_set(r->error, OST_DRIVER_ERROR, "the client library refused the command: %s",
                       why->message);
    if (t)
        ost__error_about(r->error, t->model, NULL);
    if (r->error)
        r->error->nothing_sent = !r->c->asked;
    return why->domain == MONGOC_ERROR_CLIENT && why->code == MONGOC_ERROR_CLIENT_AUTHENTICATE
               ? OST_AUTH
           : large ? OST_TOO_LARGE
                   : OST_DRIVER_ERROR;
}

/* The library calls it a refusal of the user, whatever ended a log-in. */
static bool login_broke(const ost_connection *c, const bson_error_t *why)
{
    return why->domain == MONGOC_ERROR_CLIENT && why->code == MONGOC_ERROR_CLIENT_AUTHENTICATE &&
           (c->broke || strstr(why->message, "socket error or timeout"));
}

ost_status ost__mongo_failed(ost__mongo_run *r, const bson_t *reply, const bson_error_t *why)
{
    report what;
    if (login_broke(r->c, why))
        return r->c->interrupted != OST_OK ? interrupted(r) : not_reached(r, why);
    switch (why->domain) {
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_QUERY:
    case MONGOC_ERROR_WRITE_CONCERN:
        if (why->domain == MONGOC_ERROR_WRITE_CONCERN)
            return unsafe(r, why);
        what = reply ? report_of(reply, why->message) : (report){ .text = why->message };
        what.code = (int32_t)why->code;
        return server_failed(r, &what, ost__mongo_has_label(reply, "TransientTransactionError"));
    case MONGOC_ERROR_SERVER_SELECTION: return not_reached(r, why);
    case MONGOC_ERROR_STREAM:
    case MONGOC_ERROR_PROTOCOL:
        if (r->c->interrupted != OST_OK)
            return interrupted(r);
        return r->c->asked ? broke(r, why) : not_reached(r, why);
    default: return refused(r, why);
    }
}

bool ost__mongo_is_passing(const bson_error_t *why, bool harmless)
{
    const meaning *m;
    if (why->domain == MONGOC_ERROR_STREAM)
        return harmless;
    if (why->domain != MONGOC_ERROR_SERVER)
        return false;
    m = meaning_of((int32_t)why->code);
    return m->status == OST_CONNECTION && (m->refused || (m->fatal && harmless));
}

static const char duplicate[] = "a record with the same value exists already";
static const char undone[] =
    "the transaction met another that wrote the same, and was undone: run it again";
static const char ended[] =
    "the server has ended the transaction, which was open for too long: run it again";
static const char late[] = "the server stopped the statement: it took too long";
static const char locked[] = "another transaction holds a lock";
static const char not_primary[] = "the server only reads: another is the primary";
static const char stepped_down[] = "the server stopped being the primary while the statement ran";
static const char closing[] = "the server is shutting down";
static const char far[] = "a server that is needed cannot be reached";
static const char misfit[] = "a stored value is not of its member's kind";
static const char crowded[] = "the statement needs more memory than the server allows";
static const char large[] = "the document is larger than the server takes";
static const char cursor_gone[] =
    "the server has closed the rest of the rows: they were not read for too long";
static const char no_history[] =
    "the server does not have the changes behind the token any more: read all records again, and "
    "watch without a token";
static const char no_token[] =
    "the token is of another collection or server: read all records again, and watch without it";
static const char no_set[] =
    "the server is not part of a replica set, and so has no transactions: start it with --replSet "
    "and initiate the set";

/* By number, as src/mongo/base/error_codes.yml of the server has them. */
static const meaning meanings[] = {
    { 6, OST_CONNECTION, NOTHING, 0, 1, 0, far },
    { 7, OST_CONNECTION, NOTHING, 0, 1, 0, far },
    { 11, OST_AUTH, NOTHING, 0, 0, 0, "there is no such user: check the user name" },
    { 13, OST_AUTH, NOTHING, 0, 0, 0, "the user may not do this: grant it" },
    { 14, OST_RANGE, NOTHING, 0, 0, 0, misfit },
    { 18, OST_AUTH, NOTHING, 0, 1, 0,
      "the server refused the user: check user name, password and authSource" },
    { 20, OST_UNSUPPORTED, NOTHING, 0, 0, 0, no_set },
    { 24, OST_LOCK_TIMEOUT, NOTHING, 0, 0, 0, locked },
    { 26, OST_SCHEMA, NOTHING, 0, 0, 0, "the collection does not exist: run ost_create_tables" },
    { 27, OST_SCHEMA, NOTHING, 0, 0, 0, "the index does not exist: run ost_create_tables" },
    { 43, OST_DRIVER_ERROR, NOTHING, 0, 0, 0, cursor_gone },
    { 46, OST_LOCK_TIMEOUT, NOTHING, 0, 0, 0, locked },
    { 48, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 50, OST_TIMEOUT, NOTHING, 0, 0, 0, late },
    { 59, OST_UNSUPPORTED, NOTHING, 0, 0, 0, "the server does not know the command" },
    { 67, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 68, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 73, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 85, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 86, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 89, OST_CONNECTION, NOTHING, 0, 1, 0, far },
    { 91, OST_CONNECTION, NOTHING, 0, 1, 0, closing },
    { 112, OST_SERIALIZATION, NOTHING, 1, 0, 0, undone },
    { 115, OST_UNSUPPORTED, NOTHING, 0, 0, 0, "the server does not support the command" },
    { VALIDATION_FAILED, OST_CHECK, RULE, 0, 0, 0,
      "the value breaks a rule of the collection's validator" },
    { 133, OST_CONNECTION, NOTHING, 0, 0, 1, "no server is there that the URL prefers to read" },
    { 136, OST_STALE, NOTHING, 0, 0, 0, no_history },
    { 146, OST_TOO_LARGE, NOTHING, 0, 0, 0, crowded },
    { 166, OST_UNSUPPORTED, NOTHING, 0, 0, 0, "the server does not support the command" },
    { 189, OST_CONNECTION, NOTHING, 0, 1, 0, stepped_down },
    { 202, OST_TIMEOUT, NOTHING, 0, 0, 0, late },
    { 225, OST_SERIALIZATION, NOTHING, 1, 0, 0, ended },
    { 237, OST_DRIVER_ERROR, NOTHING, 0, 0, 0, cursor_gone },
    { 239, OST_SERIALIZATION, NOTHING, 1, 0, 0, ended },
    { 241, OST_RANGE, NOTHING, 0, 0, 0, misfit },
    { 246, OST_SERIALIZATION, NOTHING, 1, 0, 0, ended },
    { 251, OST_SERIALIZATION, NOTHING, 1, 0, 0, ended },
    { 260, OST_MISUSE, NOTHING, 0, 0, 0, no_token },
    { 262, OST_TIMEOUT, NOTHING, 0, 0, 0, late },
    { 263, OST_UNSUPPORTED, NOTHING, 0, 0, 0,
      "the server cannot do this in a transaction: end it first" },
    { 280, OST_STALE, NOTHING, 0, 0, 0, no_token },
    { 286, OST_STALE, NOTHING, 0, 0, 0, no_history },
    { 290, OST_SERIALIZATION, NOTHING, 1, 0, 0, ended },
    { 292, OST_TOO_LARGE, NOTHING, 0, 0, 0, crowded },
    { 365, OST_SERIALIZATION, NOTHING, 1, 0, 0,
      "the server had no memory for the write for a while: run it again" },
    { 388, OST_TOO_LARGE, NOTHING, 0, 0, 0,
      "the transaction wrote more than the server keeps in memory: write it in several" },
    { 9001, OST_CONNECTION, NOTHING, 0, 1, 0, far },
    { 10003, OST_TOO_LARGE, NOTHING, 0, 0, 0, large },
    { 10058, OST_CONNECTION, NOTHING, 0, 0, 1, not_primary },
    { 10107, OST_CONNECTION, NOTHING, 0, 0, 1, not_primary },
    { 10334, OST_TOO_LARGE, NOTHING, 0, 0, 0, large },
    { 11000, OST_CONFLICT, KEY, 0, 0, 0, duplicate },
    { 11001, OST_CONFLICT, KEY, 0, 0, 0, duplicate },
    { 11600, OST_CONNECTION, NOTHING, 0, 1, 0, closing },
    { 11601, OST_TIMEOUT, NOTHING, 0, 0, 0, "the server stopped the statement" },
    { 11602, OST_CONNECTION, NOTHING, 0, 1, 0, stepped_down },
    { 12582, OST_CONFLICT, KEY, 0, 0, 0, duplicate },
    { 13297, OST_SCHEMA, NOTHING, 0, 0, 0, NULL },
    { 13435, OST_CONNECTION, NOTHING, 0, 0, 1, not_primary },
    { 13436, OST_CONNECTION, NOTHING, 0, 0, 1, not_primary },
    { 14031, OST_DRIVER_ERROR, NOTHING, 0, 0, 0, "the server's disk is full" },
    { 16493, OST_TOO_LARGE, NOTHING, 0, 0, 0, large },
    { 17280, OST_TOO_LARGE, NOTHING, 0, 0, 0, "the key is larger than the server takes" },
    { 17419, OST_TOO_LARGE, NOTHING, 0, 0, 0, large },
    { 17420, OST_TOO_LARGE, NOTHING, 0, 0, 0, large },
    { 0, OST_DRIVER_ERROR, NOTHING, 0, 0, 0, NULL },
};

static const meaning *meaning_of(int32_t code)
{
    const meaning *m = meanings;
    while (m->code != code && m->code != 0)
        m++;
    return m;
}
