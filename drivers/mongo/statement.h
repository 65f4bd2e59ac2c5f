/* SPDX-License-Identifier: MIT */
/* Raw statements: Extended JSON as it is read, parameters that are put into it, and what the
 * command is. */
#ifndef OSTLER_MONGO_STATEMENT_H
#define OSTLER_MONGO_STATEMENT_H

#include "mongo/connection.h"

enum {
    OST__MONGO_NESTED = 64 /* documents and arrays within each other, at most */
};

/* Stands for a parameter: {"$ost": 1}. */
#define OST__MONGO_PLACE "$ost"

struct ost__mongo_statement {
    bson_t *command;
    const char *collection; /* that it names; "": none */
    enum ost__mongo_command_kind kind;
    bool modifies_one; /* findAndModify: the row is in the reply */
};

/*
 * json.c: one document or array of Extended JSON, which may nest OST__MONGO_NESTED deep. The
 * library reads it; what it takes in silence is refused before: text behind the end, U+0000,
 * integers beyond 64 bits. The result is the caller's to destroy.
 */
ost_status ost__mongo_json_read(const char *text, size_t size, bson_t **out, bool *is_array,
                                ost_error *error);

/*
 * bind.c: copies what was read, with the values of the operation's parameters in their places:
 * elements of a command, or stages of a pipeline. Refuses keys that stand twice in a document,
 * parameters that are missing or not used, and those that stand where a name, a path, an operator
 * or code would be made of them. `arena` is for what is needed meanwhile.
 */
ost_status ost__mongo_bind(const ost_operation *op, const bson_t *read, bool is_pipeline,
                           bson_t *out, ost__arena *arena, ost_error *error);

#endif
