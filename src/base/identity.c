/* SPDX-License-Identifier: MIT */
#include "base/identity.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

struct ost__identity {
    const ost_platform *platform;
    pthread_mutex_t lock;
    uint64_t last_ms;      /* of the newest UUID of version 7 */
    uint32_t uuid_counter; /* within that millisecond */
    pid_t process;         /* whose the two below are */
    uint8_t object_random[5];
    uint32_t object_counter;
};

ost__identity *ost__identity_open(const ost__memory *m, const ost_platform *platform)
{
    ost__identity *i = ost__alloc_zeroed(m, sizeof *i);
    if (i == NULL)
        return NULL;
    i->platform = platform;
    if (pthread_mutex_init(&i->lock, NULL) != 0) {
        ost__free(m, i, sizeof *i);
        return NULL;
    }
    return i;
}

void ost__identity_close(const ost__memory *m, ost__identity *i)
{
    if (i == NULL)
        return;
    pthread_mutex_destroy(&i->lock);
    ost__free(m, i, sizeof *i);
}

void ost__identity_forked(ost__identity *i)
{
    pthread_mutex_init(&i->lock, NULL);
}

static void put_big_endian(uint8_t *out, uint64_t n, size_t size)
{
    for (size_t i = size; i > 0; i--) {
        out[i - 1] = (uint8_t)n;
        n >>= 8;
    }
}

static uint64_t milliseconds(const ost__identity *i)
{
    int64_t now = i->platform->realtime(i->platform->context);
    return now > 0 ? (uint64_t)now / 1000 : 0;
}

static void set_version(ost_uuid *u, uint8_t version)
{
    u->bytes[6] = (uint8_t)((u->bytes[6] & 0x0F) | version << 4);
    u->bytes[8] = (uint8_t)((u->bytes[8] & 0x3F) | 0x80);
}

ost_uuid ost__uuid_v4(ost__identity *i)
{
    ost_uuid u;
    i->platform->random(i->platform->context, u.bytes, sizeof u.bytes);
    set_version(&u, 4);
    return u;
}

/* 48 bits of milliseconds, then a counter of 32 bits (12 of them in rand_a, 20 in rand_b) and 42
 * random bits. The counter begins anew each millisecond at a random number below 2^31, so that it
 * has room to count. */
ost_uuid ost__uuid_v7(ost__identity *i)
{
    ost_uuid u;
    uint32_t start;
    i->platform->random(i->platform->context, u.bytes, sizeof u.bytes);
    memcpy(&start, u.bytes, sizeof start);
    uint64_t now = milliseconds(i);
    pthread_mutex_lock(&i->lock);
    if (now > i->last_ms) {
        i->last_ms = now;
        i->uuid_counter = start >> 1;
    } else if (++i->uuid_counter == 0) {
        i->last_ms++;
    }
    uint64_t ms = i->last_ms;
    uint32_t counter = i->uuid_counter;
    pthread_mutex_unlock(&i->lock);
    put_big_endian(u.bytes, ms, 6);
    put_big_endian(u.bytes + 6, counter >> 20, 2);
    u.bytes[8] = (uint8_t)(counter >> 14); /* its two upper bits are the variant's */
    u.bytes[9] = (uint8_t)(counter >> 6);
    u.bytes[10] = (uint8_t)((counter & 0x3F) << 2 | (u.bytes[10] & 0x03));
    set_version(&u, 7);
    return u;
}

ost_object_id ost__object_id_new(ost__identity *i)
{
    ost_object_id id;
    int64_t now = i->platform->realtime(i->platform->context);
    put_big_endian(id.bytes, now > 0 ? (uint64_t)now / 1000000 : 0, 4);
    pthread_mutex_lock(&i->lock);
    /* A child of fork() would otherwise repeat the ids of its parent. */
    if (i->process != getpid()) {
        uint8_t start[8];
        i->platform->random(i->platform->context, start, sizeof start);
        memcpy(i->object_random, start, sizeof i->object_random);
        i->object_counter = (uint32_t)start[5] << 16 | (uint32_t)start[6] << 8 | start[7];
        i->process = getpid();
    }
    memcpy(id.bytes + 4, i->object_random, sizeof i->object_random);
    put_big_endian(id.bytes + 9, i->object_counter++, 3);
    pthread_mutex_unlock(&i->lock);
    return id;
}

static size_t put_hex(char *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return 2 * size;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Stops at the first character that is no digit, so also at the NUL. */
static bool get_hex(const char *text, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

/* Bytes of each group of a printed UUID. */
static const uint8_t uuid_groups[] = { 4, 2, 2, 2, 6 };

bool ost_uuid_parse(const char *text, ost_uuid *out)
{
    ost_uuid u;
    uint8_t *bytes = u.bytes;
    if (text == NULL)
        return false;
    for (size_t group = 0; group < sizeof uuid_groups; group++) {
        size_t size = uuid_groups[group];
        if (group > 0 && *text++ != '-')
            return false;
        if (!get_hex(text, bytes, size))
            return false;
        text += 2 * size;
        bytes += size;
    }
    if (*text != '\0')
        return false;
    *out = u;
    return true;
}

size_t ost_uuid_print(ost_uuid u, char *out)
{
    const uint8_t *bytes = u.bytes;
    char *p = out;
    for (size_t group = 0; group < sizeof uuid_groups; group++) {
        if (group > 0)
            *p++ = '-';
        p += put_hex(p, bytes, uuid_groups[group]);
        bytes += uuid_groups[group];
    }
    *p = '\0';
    return (size_t)(p - out);
}

bool ost_object_id_parse(const char *text, ost_object_id *out)
{
    ost_object_id id;
    if (text == NULL || !get_hex(text, id.bytes, sizeof id.bytes) || text[24] != '\0')
        return false;
    *out = id;
    return true;
}

size_t ost_object_id_print(ost_object_id id, char *out)
{
    size_t length = put_hex(out, id.bytes, sizeof id.bytes);
    out[length] = '\0';
    return length;
}
