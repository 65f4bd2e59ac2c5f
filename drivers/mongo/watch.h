/* SPDX-License-Identifier: MIT */
/* Change streams: cursors that do not end. What they have come to is a token, by which another
 * cursor goes on. */
#ifndef OSTLER_MONGO_WATCH_H
#define OSTLER_MONGO_WATCH_H

#include "mongo/connection.h"
#include "mongo/types.h"

struct ost__mongo_watch {
    ost__mongo_watch *next;
    ost_operation op; /* a copy; its parameters are not looked at again */
    bson_t *stages;   /* behind $changeStream, as the items "1", "2" of a pipeline */
    bson_t *token;    /* what came before was delivered; empty: none yet */
    bson_t *reply;    /* the portion that is being delivered */
    bool has_reply, unread;
    uint32_t at, end;              /* where in its array the next document begins; its end */
    uint32_t token_at, token_size; /* in the reply: behind the portion; size 0: there is none */
    int64_t cursor;                /* 0: it is to be opened */
    int64_t trip;                  /* nanoseconds that opening it took */
};

/* One document of the stream, as it lies in the reply. */
typedef struct ost__mongo_event {
    uint16_t kind;                     /* an enum ost_watch_kind; OST_WATCH_NOTHING: none of ours */
    const uint8_t *token, *full, *key; /* documents; NULL: not there */
    uint32_t token_size, full_size, key_size;
} ost__mongo_event;

/* watch_stages.c: what of the stream comes to us: the items "1", "2" of a pipeline. */
ost_status ost__mongo_watch_stages(const ost_operation *op, bson_t *out, ost_error *error);
/* Whether it looks like a token: anything else is not sent. */
bool ost__mongo_is_token(const ost_blob *token);

/* watch_event.c: false: it is no event. */
bool ost__mongo_event_of(const uint8_t *data, size_t size, ost__mongo_event *out);
/* The record of an event into the sink; *known becomes an enum ost_watch_known. */
ost_status ost__mongo_event_read(ost__mongo_run *r, const ost__mongo_event *e, uint16_t *known);

#endif
