/* SPDX-License-Identifier: MIT */
#include "support/server_mongo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mongoc/mongoc.h>

enum { WAIT_MS = 20000, REPLY_MS = 120000, PROBLEM_SIZE = 1024 };

static char problem[PROBLEM_SIZE];

typedef struct work {
    mongoc_client_t *client;
    const char *database;
    bool canonical;
    server_mongo_sink *sink;
    void *context;
} work;

static bool complain(uint32_t code, const char *message)
{
    snprintf(problem, sizeof problem, "%u %s", code, message);
    problem[strcspn(problem, "\n")] = '\0';
    return false;
}

/* A client certificate with its key in tls_cert lets in without a password. */
static mongoc_uri_t *uri_of(const ost__url *u)
{
    const char *ca = ost__url_option(u, "tls_ca"), *cert = ost__url_option(u, "tls_cert");
    const char *source = ost__url_option(u, "authSource");
    unsigned long port = u->port ? strtoul(u->port, NULL, 10) : 27017;
    mongoc_uri_t *uri = mongoc_uri_new_for_host_port(u->host, (uint16_t)port);
    assert_non_null(uri);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, WAIT_MS);
    mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SOCKETTIMEOUTMS, REPLY_MS);
    if (ca) {
        mongoc_uri_set_option_as_bool(uri, MONGOC_URI_TLS, true);
        mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, ca);
    }
    if (cert) {
        mongoc_uri_set_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, cert);
        mongoc_uri_set_auth_mechanism(uri, "MONGODB-X509");
    } else if (u->user) {
        mongoc_uri_set_username(uri, u->user);
        mongoc_uri_set_password(uri, u->password ? u->password : "");
        mongoc_uri_set_auth_source(uri, source ? source : "admin");
    }
    return uri;
}

static void deliver(const work *w, const bson_t *document)
{
    size_t length;
    char *text = w->canonical ? bson_as_canonical_extended_json(document, &length)
                              : bson_as_relaxed_extended_json(document, &length);
    assert_non_null(text);
    w->sink(w->context, text, length);
    bson_free(text);
}

/* To drop what is not there was an error up to MongoDB 6. */
static bool is_drop_of_nothing(const bson_t *command, const bson_error_t *why)
{
    enum { NAMESPACE_NOT_FOUND = 26 };
    bson_iter_t at;
    return why->code == NAMESPACE_NOT_FOUND && bson_iter_init(&at, command) &&
           bson_iter_next(&at) && strcmp(bson_iter_key(&at), "drop") == 0;
}

/* The first of the writes that failed, though the command did not. */
static bool write_failed(const bson_t *reply)
{
    bson_iter_t at, code, message;
    if (!bson_iter_init_find(&at, reply, "writeErrors") || !bson_iter_recurse(&at, &code) ||
        !bson_iter_next(&code) || !bson_iter_recurse(&code, &at))
        return false;
    message = at;
    if (!bson_iter_find(&at, "code") || !bson_iter_find(&message, "errmsg"))
        return !complain(0, "writeErrors without a code");
    return !complain((uint32_t)bson_iter_as_int64(&at), bson_iter_utf8(&message, NULL));
}

static bool deliver_cursor(const work *w, const bson_t *reply)
{
    bson_error_t why;
    const bson_t *document;
    mongoc_cursor_t *cursor =
        mongoc_cursor_new_from_command_reply_with_opts(w->client, bson_copy(reply), NULL);
    while (mongoc_cursor_next(cursor, &document))
        deliver(w, document);
    bool failed = mongoc_cursor_error(cursor, &why);
    mongoc_cursor_destroy(cursor);
    return !failed || complain(why.code, why.message);
}

static bool deliver_reply(const work *w, const bson_t *reply)
{
    bson_t part = BSON_INITIALIZER;
    if (bson_has_field(reply, "cursor")) {
        bson_destroy(&part);
        return deliver_cursor(w, reply);
    }
    bson_copy_to_excluding_noinit(reply, &part, "ok", "$clusterTime", "operationTime", "electionId",
                                  "opTime", NULL);
    deliver(w, &part);
    bson_destroy(&part);
    return true;
}

static bool run_one(const work *w, const bson_t *command, bool is_last)
{
    bson_t words = BSON_INITIALIZER, reply;
    bson_error_t why;
    bson_iter_t at;
    const char *database = w->database;
    if (bson_iter_init_find(&at, command, "$db"))
        database = bson_iter_utf8(&at, NULL);
    bson_copy_to_excluding_noinit(command, &words, "$db", NULL);
    bool done = mongoc_client_command_simple(w->client, database, &words, NULL, &reply, &why);
    if (!done && is_drop_of_nothing(command, &why))
        done = true;
    else if (!done)
        complain(why.code, why.message);
    else
        done = !write_failed(&reply) && (!is_last || deliver_reply(w, &reply));
    bson_destroy(&reply);
    bson_destroy(&words);
    return done;
}

/* The reader gives one document after the other; a command is run once the next one is known. */
static void run_all(const work *w, const char *commands)
{
    bson_t next = BSON_INITIALIZER, *waiting = NULL;
    bson_error_t why;
    int came;
    bson_json_reader_t *reader = bson_json_data_reader_new(true, strlen(commands) + 1);
    bson_json_data_reader_ingest(reader, (const uint8_t *)commands, strlen(commands));
    bool going = true;
    while (going && (came = bson_json_reader_read(reader, &next, &why)) == 1) {
        going = !waiting || run_one(w, waiting, false);
        bson_destroy(waiting);
        waiting = bson_copy(&next);
        bson_reinit(&next);
    }
    if (going && came < 0)
        fail_msg("%s: %s", commands, why.message);
    if (going && waiting)
        run_one(w, waiting, true);
    bson_destroy(waiting);
    bson_destroy(&next);
    bson_json_reader_destroy(reader);
}

const char *server_mongo_run(const ost__url *u, const char *commands, bool canonical,
                             server_mongo_sink *sink, void *context)
{
    mongoc_init();
    mongoc_uri_t *uri = uri_of(u);
    work w = { .client = mongoc_client_new_from_uri(uri),
               .database = u->path + (*u->path == '/'),
               .canonical = canonical,
               .sink = sink,
               .context = context };
    assert_non_null(w.client);
    mongoc_client_set_error_api(w.client, MONGOC_ERROR_API_VERSION_2);
    *problem = '\0';
    run_all(&w, commands);
    mongoc_client_destroy(w.client);
    mongoc_uri_destroy(uri);
    return *problem ? problem : NULL;
}
