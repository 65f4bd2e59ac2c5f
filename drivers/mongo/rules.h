/* SPDX-License-Identifier: MIT */
/* What a validator of the server says of a document that it refuses. */
#ifndef OSTLER_MONGO_RULES_H
#define OSTLER_MONGO_RULES_H

#include <stdbool.h>

#include <bson/bson.h>

typedef struct ost__mongo_rule {
    /* The stored name of the member, and what the validator says of it, both inside the document;
     * NULL: no single one is named, nothing is said. */
    const char *property, *description;
    bool absent; /* it is missing or null, and must be there */
} ost__mongo_rule;

/* The rule that is broken in the `errInfo` of an error: of several the first that wants a value. */
void ost__mongo_rule_of(const bson_t *error, ost__mongo_rule *out);

#endif
