/* SPDX-License-Identifier: MIT */
/* Raw commands through MongoDB's client, beside the driver that it judges. */
#ifndef OSTLER_TESTS_SERVER_MONGO_H
#define OSTLER_TESTS_SERVER_MONGO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/url.h"

/* Where what came is put: a document or a reply as Extended JSON, one after the other. */
typedef void server_mongo_sink(void *context, const char *text, size_t length);

/*
 * Runs commands, as documents of Extended JSON one after the other, on a connection of its own;
 * "$db" in one names another database than the URL does. NULL: done, and what the last one answered
 * went to the sink: the documents of a cursor, else the reply as far as it is of interest. Else the
 * server's code and message, valid until the next call.
 */
const char *server_mongo_run(const ost__url *u, const char *commands, bool canonical,
                             server_mongo_sink *sink, void *context);

#endif
