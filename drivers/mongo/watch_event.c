/* SPDX-License-Identifier: MIT */
#include "mongo/watch.h"

#include <string.h>

#include "base/error.h"

static uint16_t kind_of(const ost__mongo_element *e)
{
    static const struct {
        const char *name;
        uint16_t kind;
    } kinds[] = {
        { "insert", OST_WATCH_INSERTED },        { "update", OST_WATCH_UPDATED },
        { "replace", OST_WATCH_REPLACED },       { "delete", OST_WATCH_DELETED },
        { "invalidate", OST_WATCH_INVALIDATED },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (e->type == BSON_TYPE_UTF8 && strcmp((const char *)e->data + 4, kinds[i].name) == 0)
            return kinds[i].kind;
    return OST_WATCH_NOTHING;
}

bool ost__mongo_event_of(const uint8_t *data, size_t size, ost__mongo_event *out)
{
    ost__mongo_elements list;
    ost__mongo_element e;
    bool broken = false;
    *out = (ost__mongo_event){ .kind = OST_WATCH_NOTHING };
    if (!ost__mongo_elements_of(data, size, &list))
        return false;
    while (ost__mongo_element_next(&list, &e, &broken)) {
        bool document = e.type == BSON_TYPE_DOCUMENT;
        if (strcmp(e.key, "_id") == 0 && document) {
            out->token = e.data;
            out->token_size = e.size;
        } else if (strcmp(e.key, "operationType") == 0) {
            out->kind = kind_of(&e);
        } else if (strcmp(e.key, "fullDocument") == 0 && document) {
            out->full = e.data;
            out->full_size = e.size;
        } else if (strcmp(e.key, "documentKey") == 0 && document) {
            out->key = e.data;
            out->key_size = e.size;
        }
    }
    return !broken && out->token;
}

static bool has(const ost__mongo_event *e, const char *name)
{
    ost__mongo_elements list;
    ost__mongo_element item;
    bool broken = false;
    if (!ost__mongo_elements_of(e->key, e->key_size, &list))
        return false;
    while (ost__mongo_element_next(&list, &item, &broken))
        if (strcmp(item.key, name) == 0)
            return true;
    return false;
}

/* A collection in shards reports the members by which it is divided; any other its _id alone. */
static bool has_key(const ost_table *t, const ost__mongo_event *e)
{
    for (uint32_t i = 0; i < t->key_count; i++)
        if (!has(e, ost__mongo_name(t, t->keys[i])))
            return false;
    return true;
}

ost_status ost__mongo_event_read(ost__mongo_run *r, const ost__mongo_event *e, uint16_t *known)
{
    static const uint8_t nothing[] = { 5, 0, 0, 0, 0 };
    const ost_table *t = r->op->shape->table;
    const uint8_t *data = e->full ? e->full : e->key;
    size_t size = e->full ? e->full_size : e->key_size;
    ost__mongo_reader reader;
    ost_status status = ost__mongo_reader_begin(&reader, r->op->plan, r->op->rows, r->sink);
    if (status != OST_OK)
        return ost__error_set(r->error, status, "%s: more columns than a row may have", t->model);
    *known = OST_KNOWN_ALL;
    if (!e->full) {
        bool whole_key = e->key && has_key(t, e);
        *known = whole_key ? OST_KNOWN_KEY : OST_KNOWN_NOTHING;
        data = whole_key ? data : nothing;
        size = whole_key ? size : sizeof nothing;
        memset(reader.needed, 0, sizeof reader.needed);
    }
    status = ost__mongo_reader_row(&reader, data, size);
    if (reader.broken)
        return ost__error_set(r->error, OST_DRIVER_ERROR, "%s: what came is no document", t->model);
    if (status != OST_OK)
        return ost__mongo_sink_failed(r->sink, r->error);
    if (reader.failed != OST_OK)
        return ost__error_set(r->error, reader.failed, "%s: a stored value does not fit its member",
                              t->model);
    return OST_OK;
}
