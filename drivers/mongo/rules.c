/* SPDX-License-Identifier: MIT */
/*
 * The server explains a refusal as a tree in the form of the validator: of $jsonSchema, or of the
 * operators of a query. Values that it considered are passed by.
 */
#include "mongo/rules.h"

#include <string.h>

enum { DEPTH = 12, RULES_MAX = 256 };

static void explain(const bson_iter_t *rule, int depth, ost__mongo_rule *out);

static bool is_open(const bson_iter_t *at)
{
    return BSON_ITER_HOLDS_DOCUMENT(at) || BSON_ITER_HOLDS_ARRAY(at);
}

static bool find(const bson_iter_t *in, const char *key, bson_iter_t *out)
{
    return is_open(in) && bson_iter_recurse(in, out) && bson_iter_find(out, key);
}

static const char *text_in(const bson_iter_t *in, const char *key)
{
    bson_iter_t at;
    return find(in, key, &at) && BSON_ITER_HOLDS_UTF8(&at) ? bson_iter_utf8(&at, NULL) : NULL;
}

/* The first wins, but one that wants a value wins over all others. */
static void keep(const char *property, const char *description, bool absent, ost__mongo_rule *out)
{
    if (property && (!out->property || (absent && !out->absent)))
        *out = (ost__mongo_rule){ property, description, absent };
}

static void each(const bson_iter_t *in, const char *list, int depth, ost__mongo_rule *out)
{
    bson_iter_t found, item;
    if (!find(in, list, &found) || !is_open(&found) || !bson_iter_recurse(&found, &item))
        return;
    for (int i = 0; i < RULES_MAX && bson_iter_next(&item); i++)
        explain(&item, depth + 1, out);
}

/* {operatorName: "required", missingProperties: ["a", "b"]} */
static void required(const bson_iter_t *rule, ost__mongo_rule *out)
{
    bson_iter_t list, names;
    if (!find(rule, "missingProperties", &list) || !is_open(&list) ||
        !bson_iter_recurse(&list, &names) || !bson_iter_next(&names) ||
        !BSON_ITER_HOLDS_UTF8(&names))
        return;
    keep(bson_iter_utf8(&names, NULL), NULL, true, out);
}

/* {propertyName: "a", details: [{operatorName: "bsonType", …, consideredValue: null}]}; what is
 * inside of a member is the member's. */
static void property(const bson_iter_t *rule, const char *name, ost__mongo_rule *out)
{
    bson_iter_t list, broken, value;
    bool absent = false;
    if (find(rule, "details", &list) && is_open(&list) && bson_iter_recurse(&list, &broken))
        for (int i = 0; i < RULES_MAX && bson_iter_next(&broken); i++)
            absent = absent ||
                     (find(&broken, "consideredValue", &value) && BSON_ITER_HOLDS_NULL(&value));
    keep(name, text_in(rule, "description"), absent, out);
}

/* {operatorName: "$exists", specifiedAs: {a: {$exists: true}}, reason: "path does not exist"} */
static void operator_of_query(const bson_iter_t *rule, const char *name, ost__mongo_rule *out)
{
    static const char *const missing[] = { "path does not exist", "field was missing" };
    const char *reason = text_in(rule, "reason");
    bson_iter_t given, at;
    bool absent = find(rule, "consideredValue", &at) && BSON_ITER_HOLDS_NULL(&at);
    if (name[0] != '$' || !find(rule, "specifiedAs", &given) || !is_open(&given) ||
        !bson_iter_recurse(&given, &at) || !bson_iter_next(&at) || bson_iter_key(&at)[0] == '$')
        return;
    for (size_t i = 0; reason && i < sizeof missing / sizeof missing[0]; i++)
        absent = absent || strcmp(reason, missing[i]) == 0;
    keep(bson_iter_key(&at), NULL, absent, out);
}

static void explain(const bson_iter_t *rule, int depth, ost__mongo_rule *out)
{
    const char *name = text_in(rule, "operatorName"), *member = text_in(rule, "propertyName");
    bson_iter_t inner;
    if (depth == DEPTH)
        return;
    if (member) {
        property(rule, member, out);
    } else if (!name) {
        /* A clause: {index: 0, details: {…}} */
        if (find(rule, "details", &inner) && BSON_ITER_HOLDS_DOCUMENT(&inner))
            explain(&inner, depth + 1, out);
        else
            each(rule, "details", depth, out);
    } else if (strcmp(name, "$jsonSchema") == 0) {
        each(rule, "schemaRulesNotSatisfied", depth, out);
    } else if (strcmp(name, "properties") == 0) {
        each(rule, "propertiesNotSatisfied", depth, out);
    } else if (strcmp(name, "required") == 0) {
        required(rule, out);
    } else if (strcmp(name, "$and") == 0) {
        each(rule, "clausesNotSatisfied", depth, out);
    } else if (strcmp(name, "allOf") == 0) {
        each(rule, "schemasNotSatisfied", depth, out);
    } else {
        operator_of_query(rule, name, out);
    }
}

void ost__mongo_rule_of(const bson_t *error, ost__mongo_rule *out)
{
    bson_iter_t top, details;
    *out = (ost__mongo_rule){ NULL, NULL, false };
    if (bson_iter_init_find(&top, error, "errInfo") && find(&top, "details", &details))
        explain(&details, 0, out);
}
