/* SPDX-License-Identifier: MIT */
/* Messages as they travel: 16 bytes of a head, 4 of flags, then sections, of which the first is a
 * document behind its kind, a byte of 0. */
#include "mongo/connection.h"

#include <string.h>

enum { HEAD = 16, OPCODE_AT = 12, BODY_AT = HEAD + 4 + 1, OP_MSG = 2013, LEAST_DOCUMENT = 5 };

static uint32_t number_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_number(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> 8 * i);
}

/* The first bytes of a message, and where its document is: the library hands it over in one piece.
 */
static const uint8_t *body_of(const mongoc_iovec_t *iov, size_t count, uint8_t *head, size_t *size)
{
    size_t have = 0;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *p = iov[i].iov_base;
        size_t left = iov[i].iov_len, n = BODY_AT - have < left ? BODY_AT - have : left;
        if (have < BODY_AT) {
            memcpy(head + have, p, n);
            have += n;
            p += n;
            left -= n;
        }
        if (have == BODY_AT && left >= LEAST_DOCUMENT) {
            *size = number_at(p);
            return *size <= left ? p : NULL;
        }
    }
    return NULL;
}

bool ost__mongo_look(const mongoc_iovec_t *iov, size_t count, int64_t *txn)
{
    static const char *const greetings[] = { "hello",     "isMaster",     "ismaster",
                                             "saslStart", "saslContinue", "authenticate" };
    uint8_t head[BODY_AT];
    size_t size = 0;
    const uint8_t *body = body_of(iov, count, head, &size);
    bson_t document;
    bson_iter_t at;
    const char *name;
    if (!body || number_at(head + OPCODE_AT) != OP_MSG || head[BODY_AT - 1] != 0 ||
        !bson_init_static(&document, body, size) || !bson_iter_init(&at, &document) ||
        !bson_iter_next(&at))
        return false;
    name = bson_iter_key(&at);
    for (size_t i = 0; i < sizeof greetings / sizeof greetings[0]; i++)
        if (strcmp(name, greetings[i]) == 0)
            return false;
    /* Writes of their own have numbers as well, and one of those allots keys inside a unit. */
    if (*txn == 0 && bson_iter_init_find(&at, &document, "autocommit") &&
        bson_iter_init_find(&at, &document, "txnNumber") && BSON_ITER_HOLDS_INT64(&at))
        *txn = bson_iter_int64(&at);
    return true;
}

/* ---- a command of our own ---- */

static bool read_exactly(mongoc_stream_t *s, uint8_t *out, size_t size)
{
    return mongoc_stream_read(s, out, size, size, -1) == (ssize_t)size;
}

bool ost__mongo_raw(ost_connection *c, const bson_t *command, bson_t *reply)
{
    mongoc_stream_t *s = (mongoc_stream_t *)c->lines;
    uint8_t head[BODY_AT] = { 0 }, *rest = NULL;
    mongoc_iovec_t iov[2] = { { .iov_base = head, .iov_len = sizeof head },
                              { .iov_base = (void *)(uintptr_t)bson_get_data(command),
                                .iov_len = command->len } };
    bool answered = false;
    bson_t found;
    uint32_t size;
    bson_init(reply);
    if (!s)
        return false;
    put_number(head, (uint32_t)sizeof head + command->len);
    put_number(head + 4, 1);
    put_number(head + OPCODE_AT, OP_MSG);
    if (mongoc_stream_writev(s, iov, 2, -1) != (ssize_t)(sizeof head + command->len) ||
        !read_exactly(s, head, sizeof head))
        return false;
    size = number_at(head);
    if (number_at(head + OPCODE_AT) != OP_MSG || size < BODY_AT + LEAST_DOCUMENT ||
        size > (uint32_t)c->max_message)
        return false;
    size -= BODY_AT;
    rest = ost__alloc(&c->backend->memory, size);
    if (rest && read_exactly(s, rest, size) && number_at(rest) <= size &&
        bson_init_static(&found, rest, number_at(rest))) {
        bson_destroy(reply);
        bson_copy_to(&found, reply);
        answered = true;
    }
    ost__free(&c->backend->memory, rest, size);
    return answered;
}
