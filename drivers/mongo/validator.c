/* SPDX-License-Identifier: MIT */
#include "mongo/define.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/scalar.h"

static bool is_key(const ost_table *t, const ost_field *f)
{
    for (uint32_t i = 0; i < t->key_count; i++)
        if (t->keys[i] == f)
            return true;
    return false;
}

bool ost__mongo_nullable(const ost_table *t, const ost_field *f)
{
    uint16_t kind = ost__mongo_kind_of(f);
    if (f->inside)
        return true;
    if (f->required || f->not_null || is_key(t, f))
        return false;
    return (f->type & OST_TYPE_OPTIONAL) || kind == OST_TYPE_TEXT || kind == OST_TYPE_BLOB ||
           kind == OST_TYPE_JSON || kind == OST_TYPE_LIST;
}

void ost__mongo_unique_name(const ost_table *t, const ost_field *f, char out[OST__MONGO_NAME_SIZE])
{
    ost__print(out, OST__MONGO_NAME_SIZE, "%s_%s_unique", t->name, f->column);
}

void ost__mongo_key_name(const ost_table *t, char out[OST__MONGO_NAME_SIZE])
{
    ost__print(out, OST__MONGO_NAME_SIZE, "%s_primary_key", t->name);
}

bool ost__mongo_has_unique_index(const ost_table *t, const ost_field *f)
{
    return f->unique && !t->deleted && !(t->key_count == 1 && t->keys[0] == f);
}

/* ---- one property ---- */

typedef struct kind {
    const char *type; /* NULL: it is not stored yet */
    int64_t least, most;
    bool has_least, has_most;
} kind;

/* Bounds stand where the type has more room than the kind. */
static const kind kinds[] = {
    [OST_TYPE_BOOL] = { .type = "bool" },
    [OST_TYPE_INT8] = { "int", SCHAR_MIN, SCHAR_MAX, true, true },
    [OST_TYPE_INT16] = { "int", SHRT_MIN, SHRT_MAX, true, true },
    [OST_TYPE_INT32] = { .type = "int" },
    [OST_TYPE_INT64] = { .type = "long" },
    [OST_TYPE_UINT8] = { "int", 0, UCHAR_MAX, true, true },
    [OST_TYPE_UINT16] = { "int", 0, USHRT_MAX, true, true },
    [OST_TYPE_UINT32] = { "long", 0, (int64_t)UINT32_MAX, true, true },
    [OST_TYPE_UINT64] = { .type = "long", .has_least = true },
    [OST_TYPE_FLOAT] = { .type = "double" },
    [OST_TYPE_DOUBLE] = { .type = "double" },
    [OST_TYPE_TEXT] = { .type = "string" },
    [OST_TYPE_CHARS] = { .type = "string" },
    [OST_TYPE_BLOB] = { .type = "binData" },
    [OST_TYPE_TIME] = { .type = "date" },
    [OST_TYPE_DATE] = { .type = "date" },
    [OST_TYPE_UUID] = { .type = "binData" },
    [OST_TYPE_OBJECT_ID] = { .type = "objectId" },
    [OST_TYPE_DECIMAL] = { .type = "decimal" },
    [OST_TYPE_JSON] = { .type = "" }, /* any */
    [OST_TYPE_POINT] = { .type = "object" },
    [OST_TYPE_EMBEDDED] = { .type = "object" },
    [OST_TYPE_LIST] = { .type = "array" },
};

/* The structs on the way to one, so that those in lists of themselves are not told without end. */
typedef struct within {
    const struct within *outer;
    const ost_table *part;
    int depth;
} within;
enum { TOLD_DEPTH = 8 };

static const kind *kind_of(const ost_field *f)
{
    uint16_t type = ost__mongo_kind_of(f);
    const kind *k = type < sizeof kinds / sizeof kinds[0] ? &kinds[type] : NULL;
    return k && k->type ? k : NULL;
}

static bool put_names(bson_t *out, const char *const *values)
{
    bson_t names;
    char digits[16];
    const char *key;
    uint32_t i = 0;
    bool good = bson_append_array_begin(out, "enum", -1, &names);
    for (; good && values[i]; i++) {
        size_t size = bson_uint32_to_string(i, &key, digits, sizeof digits);
        good = bson_append_utf8(&names, key, (int)size, values[i], -1);
    }
    return good && bson_append_array_end(out, &names);
}

/* Characters; the bytes of a char array bound them too. */
static size_t longest(const ost_field *f)
{
    size_t most = f->max_length;
    if (ost__mongo_kind_of(f) == OST_TYPE_CHARS && f->size > 0 && (most == 0 || most > f->size - 1))
        most = f->size - 1;
    return most;
}

static bool put_bounds(bson_t *out, const ost_field *f, const kind *k)
{
    uint16_t type = ost__mongo_kind_of(f);
    size_t most = longest(f);
    if (k->has_least && !BSON_APPEND_INT64(out, "minimum", k->least))
        return false;
    if (k->has_most && !BSON_APPEND_INT64(out, "maximum", k->most))
        return false;
    if ((type != OST_TYPE_TEXT && type != OST_TYPE_CHARS) || most == 0 || most > INT_MAX)
        return true;
    return BSON_APPEND_INT64(out, "maxLength", (int64_t)most);
}

/* ---- what is inside ---- */

static bool put_required(bson_t *out, const ost_table *t)
{
    bson_t names;
    char digits[16];
    const char *key;
    uint32_t count = 0, nullable = 0;
    while (nullable < t->field_count && ost__mongo_nullable(t, &t->fields[nullable]))
        nullable++;
    /* An array of none is refused. */
    if (nullable == t->field_count)
        return true;
    bool good = BSON_APPEND_ARRAY_BEGIN(out, "required", &names);
    for (uint32_t i = 0; good && i < t->field_count; i++) {
        if (ost__mongo_nullable(t, &t->fields[i]))
            continue;
        size_t size = bson_uint32_to_string(count++, &key, digits, sizeof digits);
        good = bson_append_utf8(&names, key, (int)size, ost__mongo_name(t, &t->fields[i]), -1);
    }
    return good && bson_append_array_end(out, &names);
}

static bool put_value(bson_t *out, const ost_field *f, const within *in);

/* {"type": "Point", "coordinates": [x, y]} */
static bool put_point(bson_t *out)
{
    static const char schema[] =
        "{\"required\":[\"type\",\"coordinates\"],\"properties\":{\"type\":{\"enum\":"
        "[\"Point\"]},\"coordinates\":{\"bsonType\":\"array\",\"minItems\":2,\"maxItems\":2,"
        "\"items\":{\"bsonType\":\"double\"}}}}";
    bson_t parsed;
    bson_error_t why;
    if (!bson_init_from_json(&parsed, schema, -1, &why))
        return false;
    bool good = bson_concat(out, &parsed);
    bson_destroy(&parsed);
    return good;
}

static bool put_members(bson_t *out, const ost_table *part, const within *in)
{
    bson_t properties, inside;
    bool good =
        put_required(out, part) && BSON_APPEND_DOCUMENT_BEGIN(out, "properties", &properties);
    for (uint32_t i = 0; good && i < part->field_count; i++) {
        const ost_field *f = &part->fields[i];
        good = BSON_APPEND_DOCUMENT_BEGIN(&properties, f->column, &inside) &&
               put_value(&inside, f, in) && bson_append_document_end(&properties, &inside);
    }
    return good && bson_append_document_end(out, &properties);
}

static bool put_part(bson_t *out, const ost_table *part, const within *outer)
{
    const within here = { .outer = outer, .part = part, .depth = outer ? outer->depth + 1 : 1 };
    for (const within *w = outer; w; w = w->outer)
        if (w->part == part)
            return true;
    return here.depth > TOLD_DEPTH || put_members(out, part, &here);
}

static bool put_items(bson_t *out, const ost_field *f, const within *in)
{
    const ost_field item = ost__item_field(f);
    bson_t inside;
    return BSON_APPEND_DOCUMENT_BEGIN(out, "items", &inside) && put_value(&inside, &item, in) &&
           bson_append_document_end(out, &inside);
}

static bool put_value(bson_t *out, const ost_field *f, const within *in)
{
    const kind *k = kind_of(f);
    if (!k)
        return false;
    if (f->values && f->type != OST_TYPE_LIST)
        return put_names(out, f->values);
    if (k->type[0] && !BSON_APPEND_UTF8(out, "bsonType", k->type))
        return false;
    switch (f->type) {
    case OST_TYPE_POINT: return put_point(out);
    case OST_TYPE_EMBEDDED: return put_part(out, f->part, in);
    case OST_TYPE_LIST: return put_items(out, f, in);
    default: return put_bounds(out, f, k);
    }
}

/* ---- the whole ---- */

static bool put_property(bson_t *out, const ost_table *t, const ost_field *f, bool pending)
{
    char unique[OST__MONGO_NAME_SIZE];
    const char *name = ost__mongo_name(t, f), *column = pending ? f->was : f->column;
    bson_t inside;
    bool good = BSON_APPEND_DOCUMENT_BEGIN(out, name, &inside);
    if (strcmp(name, column) != 0)
        good = good && BSON_APPEND_UTF8(&inside, "title", column);
    if (ost__mongo_has_unique_index(t, f) && !pending) {
        ost__mongo_unique_name(t, f, unique);
        good = good && BSON_APPEND_UTF8(&inside, "description", unique);
    }
    return good && put_value(&inside, f, NULL) && bson_append_document_end(out, &inside);
}

static bool put_schema(bson_t *out, const ost_table *t, const bool *pending)
{
    char name[OST__MONGO_NAME_SIZE];
    bson_t properties;
    bool good = BSON_APPEND_UTF8(out, "bsonType", "object") &&
                BSON_APPEND_UTF8(out, "title", OST__MONGO_TITLE);
    if (t->key_count > 1 && !pending) {
        ost__mongo_key_name(t, name);
        good = good && BSON_APPEND_UTF8(out, "description", name);
    }
    good =
        good && put_required(out, t) && BSON_APPEND_DOCUMENT_BEGIN(out, "properties", &properties);
    for (uint32_t i = 0; good && i < t->field_count; i++)
        good = put_property(&properties, t, &t->fields[i], pending && pending[i]);
    return good && bson_append_document_end(out, &properties);
}

ost_status ost__mongo_validator(const ost_table *t, const bool *pending, bson_t *out,
                                ost_error *error)
{
    bson_t validator, schema;
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        if (kind_of(f))
            continue;
        ost__error_set(error, OST_UNSUPPORTED,
                       "%s.%s: MongoDB cannot store members of this kind yet", t->model, f->name);
        ost__error_about(error, t->model, f->name);
        return OST_UNSUPPORTED;
    }
    if (!BSON_APPEND_DOCUMENT_BEGIN(out, "validator", &validator) ||
        !BSON_APPEND_DOCUMENT_BEGIN(&validator, "$jsonSchema", &schema) ||
        !put_schema(&schema, t, pending) || !bson_append_document_end(&validator, &schema) ||
        !bson_append_document_end(out, &validator))
        return ost__error_set(error, OST_TOO_LARGE, "%s: its validator is too large for a command",
                              t->model);
    return OST_OK;
}
