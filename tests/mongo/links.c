/* SPDX-License-Identifier: MIT */
#include "mongo/links.h"

#include "mongo/failing.h"

enum { LATE_MS = 100, USUAL_MS = 10000 };

OST_MODEL(thing, .table = "things",
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true),
                     OST_FIELD(thing, name, .unique = true, .not_null = true, .max_length = 80),
                     OST_FIELD(thing, n)));

void links_open(links_world *w, const char *url)
{
    memset(w, 0, sizeof *w);
    w->url = url;
    bench_open(&w->b, ost_driver_mongo(), url);
    w->things = bench_table(&w->b, &thing_model);
}

void links_close(links_world *w)
{
    bench_close(&w->b);
}

int links_begin(void **state)
{
    links_world *w = calloc(1, sizeof *w);
    links_open(w, server_database(SERVER_MONGODB, failing_option()));
    server_sql(w->url, "{\"create\": \"things\"}"
                       "{\"createIndexes\": \"things\", \"indexes\": [{\"key\": {\"name\": 1}, "
                       "\"name\": \"things_name_unique\", \"unique\": true}]}");
    *state = w;
    return 0;
}

int links_end(void **state)
{
    links_world *w = *state;
    links_close(w);
    server_drop(w->url);
    free(w);
    return 0;
}

ost_deadline links_in(links_world *w, int64_t ms)
{
    return bench_now(&w->b) + ms * 1000000;
}

void links_in_time(links_world *w, int64_t start, int64_t ms, const char *what)
{
    int64_t took = (bench_now(&w->b) - start) / 1000000;
    if (took > ms + LATE_MS)
        fail_msg("%s took %lld ms instead of %lld", what, (long long)took, (long long)ms);
}

ost_status links_say_on(links_world *w, ost_connection *c, enum ost__mongo_command_kind kind,
                        unsigned flags, const char *json, int64_t ms)
{
    made *m = make(&w->b, kind == OST__MONGO_READS ? OST_DO_SELECT : OST_DO_UPDATE, w->things);
    ost__mongo_run r = { .c = c, .op = &m->op, .outcome = &w->b.outcome, .error = &w->b.error };
    bson_error_t why;
    bson_t *command = bson_new_from_json((const uint8_t *)json, -1, &why), reply;
    size_t accepted;
    if (!command)
        fail_msg("%s: %s", json, why.message);
    m->op.shape = &m->shape;
    w->b.outcome = (ost_outcome){ .struct_size = sizeof(ost_outcome) };
    memset(&w->b.error, 0, sizeof w->b.error);
    ost_status status = c->lost
                            ? OST_CONNECTION
                            : w->b.driver->submit(c, &m->op, 1, &accepted, INT64_MAX, &w->b.error);
    if (status == OST_OK) {
        c->deadline = links_in(w, ms);
        c->interrupted = OST_OK;
        status = ost__mongo_command(&r, kind, flags, command, &reply);
        char *text = bson_as_relaxed_extended_json(&reply, NULL);
        snprintf(w->said, sizeof w->said, "%s", text);
        bson_free(text);
        bson_destroy(&reply);
    }
    bson_destroy(command);
    return status;
}

ost_status links_read(links_world *w, const char *json)
{
    return links_say_on(w, w->b.c, OST__MONGO_READS, 0, json, USUAL_MS);
}

ost_status links_write(links_world *w, const char *json)
{
    return links_say_on(w, w->b.c, OST__MONGO_WRITES, 0, json, USUAL_MS);
}

ost_status links_insert_on(links_world *w, ost_connection *c, int64_t id, const char *name)
{
    char json[200];
    snprintf(json, sizeof json,
             "{\"insert\": \"things\", \"documents\": [{\"_id\": %lld, \"name\": \"%s\", \"n\": "
             "%lld}]}",
             (long long)id, name, (long long)id);
    return links_say_on(w, c, OST__MONGO_WRITES, 0, json, USUAL_MS);
}

ost_status links_raise_on(links_world *w, ost_connection *c, int64_t id)
{
    char json[200];
    snprintf(json, sizeof json,
             "{\"update\": \"things\", \"updates\": [{\"q\": {\"_id\": %lld}, \"u\": {\"$inc\": "
             "{\"n\": 1}}}]}",
             (long long)id);
    return links_say_on(w, c, OST__MONGO_WRITES, 0, json, USUAL_MS);
}

int64_t links_count(links_world *w)
{
    const char *text = server_text(w->url,
                                   "{\"count\": \"things\", \"query\": {\"_id\": {\"$gte\": 0}}}"),
               *n = strstr(text, "\"n\" : ");
    if (!n)
        fail_msg("%s", text);
    return strtoll(n + 6, NULL, 10);
}

ost_status links_begin_on(links_world *w, ost_connection *c, uint16_t isolation, uint16_t access)
{
    const ost_operation op = {
        .struct_size = sizeof op, .kind = OST_DO_BEGIN, .isolation = isolation, .access = access
    };
    size_t accepted;
    OST_TRY(w->b.driver->submit(c, &op, 1, &accepted, INT64_MAX, &w->b.error));
    return w->b.driver->collect(c, 0, NULL, &w->b.outcome, INT64_MAX, &w->b.error);
}

ost_status links_end_on(links_world *w, ost_connection *c, uint16_t kind, int64_t ms)
{
    const ost_operation op = { .struct_size = sizeof op, .kind = kind };
    size_t accepted;
    OST_TRY(w->b.driver->submit(c, &op, 1, &accepted, INT64_MAX, &w->b.error));
    return w->b.driver->collect(c, 0, NULL, &w->b.outcome, links_in(w, ms), &w->b.error);
}
