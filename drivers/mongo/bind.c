/* SPDX-License-Identifier: MIT */
/*
 * A parameter is a value wherever it stands. What a text that begins with $ would mean depends on
 * where that is: in a condition nothing, in an expression a path, in an option who knows. So each
 * place of a command is known by the table below, or takes no such text.
 */
#include "mongo/statement.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "mongo/types.h"

/* ---- places ---- */

enum place {
    COMMAND,
    OPTION,     /* of a command or stage, which may mean anything */
    NAME,       /* of a field, a collection or a variable */
    CODE,       /* JavaScript */
    DATA,       /* stored or compared as it is */
    QUERY,      /* a condition */
    CHANGES,    /* of an update, or a whole document */
    EXPRESSION, /* of an aggregation */
    PROJECTION, /* numbers in it take fields in or leave them out */
    STATEMENTS, /* of an update or delete */
    STAGES,
    LOOKUP,
    GRAPH,
    NEAR,
    MERGE,
    FACET,
    FIELD,    /* $getField and the like */
    VARIABLE, /* $map and the like */
    FUNCTION,
    OPERATOR, /* for rules alone: wherever an expression may stand */
    PLACES
};

/* What is under `key` of a document `in` a place; NULL: any other key; "$": any that begins so. */
typedef struct rule {
    uint8_t is, in;
    const char *key;
} rule;

static const rule rules[] = {
    { QUERY, COMMAND, "filter" },
    { QUERY, COMMAND, "query" },
    { STAGES, COMMAND, "pipeline" },
    { DATA, COMMAND, "documents" },
    { STATEMENTS, COMMAND, "updates" },
    { STATEMENTS, COMMAND, "deletes" },
    { CHANGES, COMMAND, "update" },
    { QUERY, COMMAND, "arrayFilters" },
    { PROJECTION, COMMAND, "projection" },
    { PROJECTION, COMMAND, "fields" },
    { EXPRESSION, COMMAND, "let" },
    { NAME, COMMAND, "key" },
    { NAME, COMMAND, "to" },
    { CODE, COMMAND, "map" },
    { CODE, COMMAND, "reduce" },
    { CODE, COMMAND, "finalize" },
    { NAME, COMMAND, "viewOn" },
    { NAME, COMMAND, "out" },
    { OPTION, COMMAND, NULL },
    { QUERY, STATEMENTS, "q" },
    { CHANGES, STATEMENTS, "u" },
    { QUERY, STATEMENTS, "arrayFilters" },
    { EXPRESSION, STATEMENTS, "c" },
    { OPTION, STATEMENTS, NULL },
    { NAME, CHANGES, "$rename" },
    { DATA, CHANGES, NULL },
    { QUERY, STAGES, "$match" },
    { EXPRESSION, STAGES, "$addFields" },
    { EXPRESSION, STAGES, "$set" },
    { PROJECTION, STAGES, "$project" },
    { EXPRESSION, STAGES, "$group" },
    { EXPRESSION, STAGES, "$bucket" },
    { EXPRESSION, STAGES, "$bucketAuto" },
    { EXPRESSION, STAGES, "$sortByCount" },
    { EXPRESSION, STAGES, "$replaceRoot" },
    { EXPRESSION, STAGES, "$replaceWith" },
    { EXPRESSION, STAGES, "$redact" },
    { EXPRESSION, STAGES, "$documents" },
    { EXPRESSION, STAGES, "$setWindowFields" },
    { FACET, STAGES, "$facet" },
    { LOOKUP, STAGES, "$lookup" },
    { LOOKUP, STAGES, "$unionWith" },
    { GRAPH, STAGES, "$graphLookup" },
    { NEAR, STAGES, "$geoNear" },
    { MERGE, STAGES, "$merge" },
    { NAME, STAGES, "$out" },
    { NAME, STAGES, "$unset" },
    { NAME, STAGES, "$unwind" },
    { NAME, STAGES, "$count" },
    { NAME, STAGES, "$sort" },
    { OPTION, STAGES, NULL },
    { NAME, OPTION, "field" },
    { NAME, OPTION, "partitionByFields" },
    { EXPRESSION, OPTION, "partitionBy" },
    { EXPRESSION, OPTION, "output" },
    { EXPRESSION, OPTION, "$expr" },
    { CODE, OPTION, "$where" },
    { DATA, OPERATOR, "$literal" },
    { FIELD, OPERATOR, "$getField" },
    { FIELD, OPERATOR, "$setField" },
    { FIELD, OPERATOR, "$unsetField" },
    { VARIABLE, OPERATOR, "$map" },
    { VARIABLE, OPERATOR, "$filter" },
    { FUNCTION, OPERATOR, "$function" },
    { FUNCTION, OPERATOR, "$accumulator" },
    { STAGES, FACET, NULL },
    { STAGES, LOOKUP, "pipeline" },
    { EXPRESSION, LOOKUP, "let" },
    { NAME, LOOKUP, NULL },
    { EXPRESSION, GRAPH, "startWith" },
    { QUERY, GRAPH, "restrictSearchWithMatch" },
    { OPTION, GRAPH, "maxDepth" },
    { NAME, GRAPH, NULL },
    { QUERY, NEAR, "query" },
    { NAME, NEAR, "distanceField" },
    { NAME, NEAR, "includeLocs" },
    { NAME, NEAR, "key" },
    { OPTION, NEAR, NULL },
    { STAGES, MERGE, "whenMatched" },
    { EXPRESSION, MERGE, "let" },
    { NAME, MERGE, NULL },
    { EXPRESSION, QUERY, "$expr" },
    { CODE, QUERY, "$where" },
    { NAME, QUERY, "$jsonSchema" },
    { QUERY, PROJECTION, "$elemMatch" },
    { NAME, PROJECTION, "$meta" },
    { NAME, EXPRESSION, "$meta" },
    { EXPRESSION, PROJECTION, "$" },
    { EXPRESSION, FIELD, "input" },
    { EXPRESSION, FIELD, "value" },
    { NAME, FIELD, NULL },
    { NAME, VARIABLE, "as" },
    { EXPRESSION, VARIABLE, NULL },
    { EXPRESSION, FUNCTION, "args" },
    { EXPRESSION, FUNCTION, "initArgs" },
    { EXPRESSION, FUNCTION, "accumulateArgs" },
    { CODE, FUNCTION, NULL },
};

/* What is said of a parameter where none may stand; NULL: one may. */
static const char *const refusals[PLACES] = {
    [COMMAND] = "stands where a name or a whole command belongs",
    [NAME] = "stands where a name belongs, which the text must say itself",
    [CODE] = "stands where code belongs, which no value may become",
    [STATEMENTS] = "stands where a whole statement belongs",
    [STAGES] = "stands where a stage belongs",
    [LOOKUP] = "stands where a whole stage belongs",
    [GRAPH] = "stands where a whole stage belongs",
    [NEAR] = "stands where a whole stage belongs",
    [MERGE] = "stands where a name belongs, which the text must say itself",
    [FACET] = "stands where stages belong",
    [FIELD] = "stands where a name belongs, which the text must say itself",
    [VARIABLE] = "stands where an operator's arguments belong",
    [FUNCTION] = "stands where code belongs, which no value may become",
};

static enum place rule_for(enum place in, const char *key, enum place otherwise)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const rule *r = &rules[i];
        if (r->in == in &&
            (!r->key || strcmp(r->key, key) == 0 || (strcmp(r->key, "$") == 0 && *key == '$')))
            return (enum place)r->is;
    }
    return otherwise;
}

static enum place place_of(enum place in, const char *key, const bson_iter_t *at)
{
    bool operators = in == EXPRESSION || in == PROJECTION || in == OPTION;
    enum place found = operators ? rule_for(OPERATOR, key, PLACES) : PLACES;
    if (found == PLACES)
        found = rule_for(in, key, in);
    return found == CHANGES && BSON_ITER_HOLDS_ARRAY(at) ? STAGES : found;
}

/* ---- parameters ---- */

typedef struct binder {
    const ost_operation *op;
    ost__arena *arena;
    uint8_t *used; /* of each parameter */
    ost_error *error;
} binder;

static ost_status refuse(const binder *b, ost_status status, uint32_t number, const char *why)
{
    return ost__error_set(b->error, status, "parameter %u of a raw statement %s", (unsigned)number,
                          why);
}

static ost_status no_memory(const binder *b)
{
    return ost__error_set(b->error, OST_NO_MEMORY, "no memory for a raw statement");
}

static ost_status too_large(const binder *b)
{
    return ost__error_set(b->error, OST_TOO_LARGE, "a raw statement is larger than MongoDB takes");
}

static bool is_dollar(const char *text)
{
    return text && *text == '$';
}

/* Whether a text in it would be a path in an expression. */
static bool has_dollar(const ost_parameter *p)
{
    bool pointers = p->type == OST_TYPE_TEXT;
    if (p->source == OST_FROM_VALUE)
        return p->value.type == OST_TYPE_TEXT && is_dollar(p->value.as.text);
    for (size_t i = 0; p->source == OST_FROM_LIST && pointers && i < p->list_count; i++) {
        const char *text;
        memcpy(&text, (const char *)p->list + i * p->list_stride, sizeof text);
        if (is_dollar(text))
            return true;
    }
    return false;
}

static ost_status put_list(const binder *b, const ost_parameter *p, const char *key, bson_t *out)
{
    ost_status status = OST_OK;
    bson_t list;
    char digits[16];
    if (p->list_count > OST__MONGO_DOCUMENT_MAX)
        return too_large(b);
    if (!bson_append_array_begin(out, key, -1, &list))
        return too_large(b);
    for (size_t i = 0; status == OST_OK && i < p->list_count; i++) {
        int size = (int)ost__mongo_index_key((uint32_t)i, digits);
        status = ost__mongo_put_item(&list, digits, size, p, i, b->error);
    }
    return bson_append_array_end(out, &list) || status != OST_OK ? status : too_large(b);
}

static bool is_small(uint16_t type)
{
    type &= (uint16_t)~OST_TYPE_OPTIONAL;
    return type == OST_TYPE_INT8 || type == OST_TYPE_INT16 || type == OST_TYPE_INT32 ||
           type == OST_TYPE_UINT8 || type == OST_TYPE_UINT16;
}

/* As a member of the C value's type would be stored, which is what validators ask for. */
static ost_status put(const binder *b, const ost_parameter *p, const char *key, bson_t *out)
{
    bool absent = false;
    int64_t n = p->value.as.integer;
    if (p->source == OST_FROM_LIST)
        return put_list(b, p, key, out);
    if (p->source == OST_FROM_VALUE && is_small(p->type) &&
        (p->value.type == OST_TYPE_INT64 || p->value.type == OST_TYPE_UINT64) && n >= INT32_MIN &&
        n <= INT32_MAX)
        return bson_append_int32(out, key, -1, (int32_t)n) ? OST_OK : too_large(b);
    OST_TRY(ost__mongo_put(out, key, (int)strlen(key), p, NULL, &absent, b->error));
    return !absent || bson_append_null(out, key, -1) ? OST_OK : too_large(b);
}

static ost_status put_literal(const binder *b, const ost_parameter *p, const char *key, bson_t *out)
{
    bson_t inner;
    ost_status status;
    if (!bson_append_document_begin(out, key, -1, &inner))
        return too_large(b);
    status = put(b, p, "$literal", &inner);
    return bson_append_document_end(out, &inner) || status != OST_OK ? status : too_large(b);
}

static ost_status put_parameter(binder *b, int64_t number, enum place place, const char *key,
                                bson_t *out)
{
    const ost_parameter *p;
    if (number < 1 || number > b->op->parameter_count)
        return ost__error_set(b->error, OST_MISUSE,
                              "a raw statement has {\"$ost\": %lld}, and %u parameters were given",
                              (long long)number, (unsigned)b->op->parameter_count);
    if (refusals[place])
        return refuse(b, OST_MISUSE, (uint32_t)number, refusals[place]);
    p = ost__mongo_parameter_of(b->op, (uint32_t)number - 1);
    b->used[number - 1] = 1;
    if (p->source == OST_FROM_VALUE && p->value.type == OST_TYPE_JSON)
        return refuse(b, OST_UNSUPPORTED, (uint32_t)number,
                      "is JSON, whose names could become operators: give its values one by one");
    if (place == PROJECTION || (place == EXPRESSION && has_dollar(p)))
        return put_literal(b, p, key, out);
    if (place == OPTION && has_dollar(p))
        return refuse(b, OST_MISUSE, (uint32_t)number,
                      "is a text that begins with $, where it could become a path; write it with "
                      "{\"$literal\": {\"$ost\": …}} if an expression stands there");
    return put(b, p, key, out);
}

/* *number 0: it is no place of a parameter. */
static ost_status number_of(const binder *b, const bson_iter_t *at, int64_t *number)
{
    bson_iter_t inner;
    *number = 0;
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &inner) || !bson_iter_next(&inner))
        return OST_OK;
    if (strcmp(bson_iter_key(&inner), OST__MONGO_PLACE) != 0)
        return OST_OK;
    if (BSON_ITER_HOLDS_INT32(&inner) || BSON_ITER_HOLDS_INT64(&inner))
        *number = bson_iter_as_int64(&inner);
    if (*number < 1 || bson_iter_next(&inner))
        return ost__error_set(b->error, OST_MISUSE,
                              "a parameter of a raw statement is {\"$ost\": 1} and nothing else, "
                              "counted from 1");
    return OST_OK;
}

/* ---- documents ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ost_status check_keys(const binder *b, bson_iter_t at)
{
    bson_iter_t again = at;
    size_t count = 0, i = 0;
    const char **keys;
    while (bson_iter_next(&at))
        count++;
    if (count < 1)
        return OST_OK;
    keys = ost__arena_alloc(b->arena, count * sizeof *keys, _Alignof(const char *));
    if (!keys)
        return no_memory(b);
    while (i < count && bson_iter_next(&again))
        keys[i++] = bson_iter_key(&again);
    qsort(keys, i, sizeof *keys, by_text);
    for (size_t k = 0; k < i; k++) {
        if (strcmp(keys[k], OST__MONGO_PLACE) == 0)
            return ost__error_set(b->error, OST_MISUSE,
                                  "a parameter of a raw statement is a whole value: {\"$ost\": 1} "
                                  "has no other keys, and is no stage or command");
        if (k > 0 && strcmp(keys[k], keys[k - 1]) == 0)
            return ost__error_set(b->error, OST_MISUSE,
                                  "a document of a raw statement has the key %.60s twice", keys[k]);
    }
    return OST_OK;
}

static ost_status copy(binder *b, bson_iter_t at, enum place place, bool keyed, bson_t *out);

static ost_status copy_inner(binder *b, const bson_iter_t *at, enum place place, bson_t *out)
{
    const char *key = bson_iter_key(at);
    bool keyed = BSON_ITER_HOLDS_DOCUMENT(at);
    bson_iter_t inside;
    bson_t inner;
    ost_status status;
    if (!bson_iter_recurse(at, &inside) ||
        !(keyed ? bson_append_document_begin(out, key, -1, &inner)
                : bson_append_array_begin(out, key, -1, &inner)))
        return too_large(b);
    status = copy(b, inside, place, keyed, &inner);
    if (!(keyed ? bson_append_document_end(out, &inner) : bson_append_array_end(out, &inner)))
        return status != OST_OK ? status : too_large(b);
    return status;
}

/* The command's own name has a collection's behind it, or another command. */
static enum place first_of(const bson_iter_t *at)
{
    return strcmp(bson_iter_key(at), "explain") == 0 ? COMMAND : NAME;
}

/* No deeper than what was read. */
static ost_status copy(binder *b, bson_iter_t at, enum place place, bool keyed, bson_t *out)
{
    bool first = true;
    if (keyed)
        OST_TRY(check_keys(b, at));
    for (; bson_iter_next(&at); first = false) {
        enum place is = !keyed                      ? place
                        : place == COMMAND && first ? first_of(&at)
                                                    : place_of(place, bson_iter_key(&at), &at);
        int64_t number;
        ost_status status;
        OST_TRY(number_of(b, &at, &number));
        if (number > 0)
            status = put_parameter(b, number, is, bson_iter_key(&at), out);
        else if (BSON_ITER_HOLDS_CODEWSCOPE(&at))
            status = ost__error_set(b->error, OST_UNSUPPORTED,
                                    "a raw statement has code with a scope; no server needs it");
        else if (BSON_ITER_HOLDS_DOCUMENT(&at) || BSON_ITER_HOLDS_ARRAY(&at))
            status = copy_inner(b, &at, is, out);
        else
            status = bson_append_iter(out, NULL, 0, &at) ? OST_OK : too_large(b);
        OST_TRY(status);
    }
    return OST_OK;
}

ost_status ost__mongo_bind(const ost_operation *op, const bson_t *read, bool is_pipeline,
                           bson_t *out, ost__arena *arena, ost_error *error)
{
    binder b = { .op = op, .arena = arena, .error = error };
    size_t count = op->parameter_count;
    bson_iter_t at;
    b.used = ost__arena_alloc_zeroed(arena, count > 0 ? count : 1, 1);
    if (!b.used || !bson_iter_init(&at, read))
        return no_memory(&b);
    OST_TRY(copy(&b, at, is_pipeline ? STAGES : COMMAND, !is_pipeline, out));
    for (uint32_t i = 0; i < count; i++)
        if (!b.used[i])
            return refuse(&b, OST_MISUSE, i + 1,
                          "is not used: nothing in the text says {\"$ost\": …} with its number");
    return OST_OK;
}
