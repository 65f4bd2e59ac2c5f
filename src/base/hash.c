/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <string.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static uint64_t load_little(const uint8_t *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

OST__HOT uint64_t ost__hash(const ost__hash_key *key, const void *data, size_t size)
{
    const uint8_t *p = data;
    uint64_t v[4] = {
        key->k0 ^ 0x736f6d6570736575U,
        key->k1 ^ 0x646f72616e646f6dU,
        key->k0 ^ 0x6c7967656e657261U,
        key->k1 ^ 0x7465646279746573U,
    };
    uint64_t last = (uint64_t)size << 56;
    for (size_t left = size / 8; left > 0; left--, p += 8) {
        uint64_t word = load_little(p);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    for (size_t i = 0; i < size % 8; i++)
        last |= (uint64_t)p[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

bool ost__lru_init(ost__lru *l, const ost__memory *memory, uint32_t capacity)
{
    uint32_t slots = 8;
    size_t size;
    while (slots < capacity && slots < UINT32_C(1) << 31)
        slots *= 2;
    *l = (ost__lru){ .memory = memory };
    if (!ost__size_mul(slots, sizeof *l->slots, &size))
        return false;
    l->slots = ost__alloc_zeroed(memory, size);
    if (l->slots == NULL)
        return false;
    l->mask = slots - 1;
    return true;
}

void ost__lru_finish(ost__lru *l)
{
    if (l->slots != NULL)
        ost__free(l->memory, l->slots, ((size_t)l->mask + 1) * sizeof *l->slots);
    *l = (ost__lru){ .memory = l->memory };
}

static void unlink_age(ost__lru *l, ost__lru_node *node)
{
    if (node->newer != NULL)
        node->newer->older = node->older;
    else
        l->newest = node->older;
    if (node->older != NULL)
        node->older->newer = node->newer;
    else
        l->oldest = node->newer;
}

static void link_newest(ost__lru *l, ost__lru_node *node)
{
    node->newer = NULL;
    node->older = l->newest;
    if (l->newest != NULL)
        l->newest->newer = node;
    else
        l->oldest = node;
    l->newest = node;
}

OST__HOT ost__lru_node *ost__lru_find(ost__lru *l, uint64_t hash,
                                      bool (*same)(const ost__lru_node *node, const void *key),
                                      const void *key)
{
    ost__lru_node *node = l->slots[hash & l->mask];
    while (node != NULL && (node->hash != hash || !same(node, key)))
        node = node->chain;
    if (node != NULL && node != l->newest) {
        unlink_age(l, node);
        link_newest(l, node);
    }
    return node;
}

void ost__lru_add(ost__lru *l, ost__lru_node *node, uint64_t hash)
{
    ost__lru_node **slot = &l->slots[hash & l->mask];
    node->hash = hash;
    node->chain = *slot;
    *slot = node;
    link_newest(l, node);
    l->count++;
}

void ost__lru_remove(ost__lru *l, ost__lru_node *node)
{
    ost__lru_node **slot = &l->slots[node->hash & l->mask];
    while (*slot != node)
        slot = &(*slot)->chain;
    *slot = node->chain;
    unlink_age(l, node);
    node->chain = node->newer = node->older = NULL;
    l->count--;
}
