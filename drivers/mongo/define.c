/* SPDX-License-Identifier: MIT */
#include "mongo/define.h"

#include "base/error.h"
#include "mongo/connection.h"

/* Codes of the server. */
enum {
    BAD_VALUE = 2,
    CANNOT_CREATE_INDEX = 67,
    INDEX_OPTIONS_CONFLICT = 85,
    INDEX_KEYS_CONFLICT = 86,
    NOT_ON_A_VIEW = 166
};

typedef struct definition {
    ost__mongo_run *run;
    const ost_table *table;
    bson_t *list; /* of indexes, in the command */
    uint32_t count;
    const ost_table_index *asked;
} definition;

static ost_status too_large(const definition *d)
{
    return ost__error_set(d->run->error, OST_TOO_LARGE,
                          "%s: its definition is too large for a command", d->table->model);
}

/* ---- one index in the list ---- */

static bool put_keys(const definition *d, const ost_table_index *x, bson_t *out)
{
    bson_t keys;
    bool good = BSON_APPEND_DOCUMENT_BEGIN(out, "key", &keys);
    for (uint32_t i = 0; good && i < x->field_count; i++) {
        const char *name = ost__mongo_name(d->table, x->fields[i]);
        good = x->kind == OST_FULL_TEXT
                   ? BSON_APPEND_UTF8(&keys, name, "text")
                   : BSON_APPEND_INT32(&keys, name, x->descending && x->descending[i] ? -1 : 1);
    }
    return good && bson_append_document_end(out, &keys);
}

/* A unique index that others would call sparse holds only what is there anyway; the server does not
 * take both. Words are found as they are, whatever language they are of. */
static bool put_options(const ost_table_index *x, bson_t *out)
{
    bson_t collation;
    if (x->expire_after_s > 0 &&
        !BSON_APPEND_INT32(out, "expireAfterSeconds", (int32_t)x->expire_after_s))
        return false;
    if (x->sparse && !x->unique && !BSON_APPEND_BOOL(out, "sparse", true))
        return false;
    if (x->kind == OST_FULL_TEXT && !BSON_APPEND_UTF8(out, "default_language", "none"))
        return false;
    if (x->collation != OST_CASELESS)
        return true;
    return BSON_APPEND_DOCUMENT_BEGIN(out, "collation", &collation) &&
           BSON_APPEND_UTF8(&collation, "locale", "en") &&
           BSON_APPEND_INT32(&collation, "strength", 2) &&
           bson_append_document_end(out, &collation);
}

static ost_status add_index(definition *d, const ost_table_index *x)
{
    char digits[16];
    const char *number;
    bson_t index;
    size_t size = bson_uint32_to_string(d->count++, &number, digits, sizeof digits);
    if (!bson_append_document_begin(d->list, number, (int)size, &index))
        return too_large(d);
    ost_status status = OST_OK;
    if (!put_keys(d, x, &index) || !BSON_APPEND_UTF8(&index, "name", x->name) ||
        (x->unique && !BSON_APPEND_BOOL(&index, "unique", true)) || !put_options(x, &index))
        status = too_large(d);
    if (status == OST_OK)
        status = ost__mongo_partial(d->table, x, &index, d->run->error);
    if (!bson_append_document_end(d->list, &index) && status == OST_OK)
        status = too_large(d);
    return status;
}

/* ---- commands ---- */

/* Whether the command failed with this code and nothing else, so that going on makes sense. */
static bool failed_with(const ost__mongo_run *r, ost_status status, int32_t code)
{
    return status != OST_OK && !r->c->lost && r->error && r->error->native_code == code;
}

/* What the server says of an index is told in words that name it. */
static ost_status explain(const definition *d, ost_status status, const char *index)
{
    ost_error *e = d->run->error;
    const char *model = d->table->model;
    int32_t code = e ? e->native_code : 0;
    if (d->run->c->lost)
        return status;
    switch (code) {
    case INDEX_OPTIONS_CONFLICT:
    case INDEX_KEYS_CONFLICT:
        status = OST_SCHEMA;
        ost__error_set(e, status,
                       "%s: the collection %s has another index of this name or on these members "
                       "than %s is: drop it, or change the model",
                       model, d->table->name, index);
        break;
    case BAD_VALUE:
    case CANNOT_CREATE_INDEX:
        status = OST_UNSUPPORTED;
        ost__error_set(e, status, "%s: MongoDB cannot build the index %s", model, index);
        break;
    case NOT_ON_A_VIEW:
        status = OST_SCHEMA;
        ost__error_set(e, status,
                       "%s: %s is a view, which has no indexes: drop it, or give the model another "
                       "table",
                       model, d->table->name);
        break;
    default: return status;
    }
    e->native_code = code;
    ost__error_about(e, model, NULL);
    ost__error_constraint(e, index);
    return status;
}

/* Makes those of the list that are not there; `name` stands for all of them. */
static ost_status create_indexes(definition *d, ost_status (*fill)(definition *d), const char *name)
{
    bson_t command = BSON_INITIALIZER, list, reply;
    ost_status status = OST_OK;
    bool good = BSON_APPEND_UTF8(&command, "createIndexes", d->table->name) &&
                BSON_APPEND_ARRAY_BEGIN(&command, "indexes", &list);
    if (good) {
        d->list = &list;
        status = fill(d);
        d->list = NULL;
        good = bson_append_array_end(&command, &list);
    }
    if (!good && status == OST_OK)
        status = too_large(d);
    if (status == OST_OK && d->count > 0) {
        status = ost__mongo_command(d->run, OST__MONGO_PLAIN, OST__MONGO_APART, &command, &reply);
        bson_destroy(&reply);
        if (status != OST_OK)
            status = explain(d, status, name);
    }
    bson_destroy(&command);
    return status;
}

/* The unique indexes that belong to the table itself. */
static ost_status add_own_indexes(definition *d)
{
    const ost_table *t = d->table;
    char name[OST__MONGO_NAME_SIZE];
    ost_table_index index = { .name = name, .unique = true };
    if (t->key_count > 1) {
        ost__mongo_key_name(t, name);
        index.fields = t->keys;
        index.field_count = t->key_count;
        OST_TRY(add_index(d, &index));
    }
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        if (!ost__mongo_has_unique_index(t, f))
            continue;
        ost__mongo_unique_name(t, f, name);
        index.fields = &f;
        index.field_count = 1;
        OST_TRY(add_index(d, &index));
    }
    return OST_OK;
}

static ost_status check_table(const definition *d)
{
    const ost_table *t = d->table;
    for (uint32_t i = 0; i < t->foreign_key_count; i++)
        if (t->foreign_keys[i].on_delete != 0)
            return ost__error_set(d->run->error, OST_UNSUPPORTED,
                                  "%s: foreign key %s can only refuse deletes", t->model,
                                  t->foreign_keys[i].name);
    return OST_OK;
}

/* A collection that is there already keeps the validator that it has, or none. */
static ost_status create_table(definition *d)
{
    ost__mongo_run *r = d->run;
    bson_t command = BSON_INITIALIZER, reply;
    ost_status status = check_table(d);
    if (status == OST_OK && !BSON_APPEND_UTF8(&command, "create", d->table->name))
        status = too_large(d);
    if (status == OST_OK)
        status = ost__mongo_validator(d->table, NULL, &command, r->error);
    if (status == OST_OK) {
        status = ost__mongo_command(r, OST__MONGO_PLAIN, OST__MONGO_APART, &command, &reply);
        bson_destroy(&reply);
        if (failed_with(r, status, OST__MONGO_NAMESPACE_EXISTS)) {
            ost__error_set(r->error, OST_OK, "%s", "");
            status = OST_OK;
        }
    }
    bson_destroy(&command);
    return status == OST_OK ? ost__mongo_make_own_indexes(r) : status;
}

static ost_status add_asked_index(definition *d)
{
    return add_index(d, d->asked);
}

/* The only key has an index from the start, which is read in both directions. */
static bool is_of_key(const ost_table *t, const ost_table_index *x)
{
    return x->field_count == 1 && t->key_count == 1 && x->fields[0] == t->keys[0] && !x->where &&
           x->collation == OST_EXACT;
}

static ost_status create_index(definition *d)
{
    const ost_table *t = d->table;
    const ost_table_index *x;
    uint32_t number = d->run->op->shape->ddl_index;
    if (number >= t->index_count)
        return ost__error_set(d->run->error, OST_MISUSE, "%s has no index %u", t->model,
                              (unsigned)number);
    x = &t->indexes[number];
    if (x->kind > OST_FULL_TEXT)
        return ost__error_set(d->run->error, OST_UNSUPPORTED,
                              "%s: index %s is of a kind that MongoDB does not build yet", t->model,
                              x->name);
    return ost__mongo_make_index(d->run, x);
}

ost_status ost__mongo_make_index(ost__mongo_run *r, const ost_table_index *x)
{
    definition d = { .run = r, .table = r->op->shape->table, .asked = x };
    return is_of_key(d.table, x) ? OST_OK : create_indexes(&d, add_asked_index, x->name);
}

ost_status ost__mongo_make_own_indexes(ost__mongo_run *r)
{
    definition d = { .run = r, .table = r->op->shape->table };
    return create_indexes(&d, add_own_indexes, "of its unique members");
}

ost_status ost__mongo_define(ost__mongo_run *r)
{
    const ost_shape *shape = r->op->shape;
    definition d = { .run = r, .table = shape ? shape->table : NULL };
    if (!d.table)
        return ost__error_set(r->error, OST_MISUSE, "the definition names no table");
    switch (shape->ddl) {
    case OST_DDL_CREATE_TABLE: return create_table(&d);
    case OST_DDL_CREATE_INDEX: return create_index(&d);
    case OST_DDL_RENAME_COLUMN: return ost__mongo_rename(r);
    case OST_DDL_RENAME_UNIQUE:
    case OST_DDL_RENAME_INDEX: return ost__mongo_drop_renamed(r);
    default:
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "%s: MongoDB knows no foreign keys; they are declared for other "
                              "databases alone",
                              d.table->model);
    }
}
