/* SPDX-License-Identifier: MIT */
/* A keyed hash (SipHash-1-3), and a bounded cache by hash that forgets the least recently used. */
#ifndef OSTLER_BASE_HASH_H
#define OSTLER_BASE_HASH_H

#include "base/memory.h"

typedef struct ost__hash_key {
    uint64_t k0, k1;
} ost__hash_key;
uint64_t ost__hash(const ost__hash_key *key, const void *data, size_t size);

/* Embedded in what is cached. */
typedef struct ost__lru_node {
    struct ost__lru_node *chain, *newer, *older;
    uint64_t hash;
} ost__lru_node;

typedef struct ost__lru {
    const ost__memory *memory;
    ost__lru_node **slots;
    uint32_t mask, count;
    ost__lru_node *newest, *oldest;
} ost__lru;

/* `capacity` is what the cache is expected to hold; the table never grows. false: no memory. */
bool ost__lru_init(ost__lru *l, const ost__memory *memory, uint32_t capacity);
void ost__lru_finish(ost__lru *l); /* frees the table; the nodes are the caller's */
/* The node with this hash for which same(node, key) holds, made the newest; or NULL. */
ost__lru_node *ost__lru_find(ost__lru *l, uint64_t hash,
                             bool (*same)(const ost__lru_node *node, const void *key),
                             const void *key);
void ost__lru_add(ost__lru *l, ost__lru_node *node, uint64_t hash);
void ost__lru_remove(ost__lru *l, ost__lru_node *node);

#endif
