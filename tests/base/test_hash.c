/* SPDX-License-Identifier: MIT */
#include "base/hash.h"
#include "tracker.h"

static uint64_t little(const uint8_t *p, size_t size)
{
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++)
        n |= (uint64_t)p[i] << (8 * i);
    return n;
}

static uint64_t left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* SipHash-c-d as its paper states it, byte by byte, with the number of rounds as an argument. */
static uint64_t plain_sip(int c, int d, const uint8_t key[16], const uint8_t *data, size_t size)
{
    uint64_t k0 = little(key, 8), k1 = little(key + 8, 8);
    uint64_t v0 = k0 ^ 0x736f6d6570736575U, v1 = k1 ^ 0x646f72616e646f6dU;
    uint64_t v2 = k0 ^ 0x6c7967656e657261U, v3 = k1 ^ 0x7465646279746573U;
    for (size_t block = 0; block <= size / 8 + 1; block++) {
        bool final = block == size / 8 + 1;
        size_t rest = size - (final ? size : block * 8);
        uint64_t m = final ? 0 : little(data + block * 8, rest < 8 ? rest : 8);
        if (block == size / 8)
            m |= (uint64_t)(size % 256) << 56;
        if (final)
            v2 ^= 0xff;
        v3 ^= m;
        for (int round = 0; round < (final ? d : c); round++) {
            v0 += v1, v1 = left(v1, 13), v1 ^= v0, v0 = left(v0, 32);
            v2 += v3, v3 = left(v3, 16), v3 ^= v2;
            v0 += v3, v3 = left(v3, 21), v3 ^= v0;
            v2 += v1, v1 = left(v1, 17), v1 ^= v2, v2 = left(v2, 32);
        }
        v0 ^= m;
    }
    return v0 ^ v1 ^ v2 ^ v3;
}

static const uint8_t paper_key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/* The plain form is right if SipHash-2-4 gives what the paper's appendix and its reference vectors
 * say. */
static void plain_form_meets_published_vectors(void **state)
{
    (void)state;
    assert_true(plain_sip(2, 4, paper_key, paper_key, 15) == 0xa129ca6149be45e5U);
    assert_true(plain_sip(2, 4, paper_key, paper_key, 0) == 0x726fdb47dd0e0e31U);
    assert_true(plain_sip(2, 4, paper_key, paper_key, 8) == 0x93f5f5799a932462U);
}

static void one_three_agrees_with_plain_form(void **state)
{
    (void)state;
    uint8_t key[16], data[300 + 8];
    uint64_t seed = 3;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof key; i++)
            key[i] = round ? (uint8_t)tracker_random(&seed) : (uint8_t)i;
        for (size_t i = 0; i < sizeof data; i++)
            data[i] = round ? (uint8_t)tracker_random(&seed) : (uint8_t)i;
        ost__hash_key k = { little(key, 8), little(key + 8, 8) };
        for (size_t size = 0; size <= 300; size++) {
            size_t shift = size % 8;
            assert_true(ost__hash(&k, data + shift, size) ==
                        plain_sip(1, 3, key, data + shift, size));
        }
    }
}

typedef struct entry {
    ost__lru_node node;
    int key;
} entry;

static bool same(const ost__lru_node *node, const void *key)
{
    return ((const entry *)(const void *)node)->key == *(const int *)key;
}

static entry *find(ost__lru *l, int key, uint64_t hash)
{
    return (entry *)(void *)ost__lru_find(l, hash, same, &key);
}

static void forgets_the_oldest(void **state)
{
    (void)state;
    tracker t;
    ost__lru l;
    entry entries[5] = { 0 };
    tracker_begin(&t);
    assert_true(ost__lru_init(&l, &t.memory, 3));
    assert_null(find(&l, 0, 0));
    for (int i = 0; i < 5; i++) {
        entries[i].key = i;
        ost__lru_add(&l, &entries[i].node, (uint64_t)i * 8);
    }
    assert_int_equal(l.count, 5);
    assert_ptr_equal(l.oldest, &entries[0].node);
    assert_ptr_equal(l.newest, &entries[4].node);
    assert_ptr_equal(find(&l, 0, 0), &entries[0]);
    assert_ptr_equal(l.newest, &entries[0].node);
    assert_ptr_equal(l.oldest, &entries[1].node);
    /* The same hash and another key, and the other way round. */
    assert_null(find(&l, 9, 16));
    assert_null(find(&l, 2, 17));
    assert_ptr_equal(l.newest, &entries[0].node);
    ost__lru_remove(&l, &entries[3].node);
    assert_null(find(&l, 3, 24));
    ost__lru_remove(&l, l.oldest);
    assert_null(find(&l, 1, 8));
    assert_ptr_equal(l.oldest, &entries[2].node);
    ost__lru_remove(&l, l.newest);
    ost__lru_remove(&l, l.newest);
    ost__lru_remove(&l, l.newest);
    assert_int_equal(l.count, 0);
    assert_null(l.newest);
    assert_null(l.oldest);
    ost__lru_finish(&l);
    ost__lru_finish(&l);
    assert_int_equal(t.live, 0);
}

enum { KEYS = 64 };

/* Against a list of keys in the order of their last use. */
static void order_agrees_with_a_list(void **state)
{
    (void)state;
    tracker t;
    ost__lru l;
    entry entries[KEYS] = { 0 };
    int used[KEYS], count = 0;
    uint64_t seed = 11;
    tracker_begin(&t);
    assert_true(ost__lru_init(&l, &t.memory, 16));
    for (int step = 0; step < 20000; step++) {
        int key = (int)(tracker_random(&seed) % KEYS), at = 0;
        uint64_t hash = (uint64_t)key % 5;
        while (at < count && used[at] != key)
            at++;
        entry *found = find(&l, key, hash);
        assert_ptr_equal(found, at < count ? &entries[key] : NULL);
        if (at < count) {
            memmove(used + at, used + at + 1, (size_t)(count - at - 1) * sizeof used[0]);
            count--;
        } else {
            entries[key].key = key;
            ost__lru_add(&l, &entries[key].node, hash);
        }
        used[count++] = key;
        if (count > 20) {
            assert_ptr_equal(l.oldest, &entries[used[0]].node);
            ost__lru_remove(&l, l.oldest);
            memmove(used, used + 1, (size_t)--count * sizeof used[0]);
        }
        assert_int_equal(l.count, count);
        assert_ptr_equal(l.newest, &entries[key].node);
    }
    int at = 0;
    for (ost__lru_node *n = l.oldest; n != NULL; n = n->newer)
        assert_ptr_equal(n, &entries[used[at++]].node);
    assert_int_equal(at, count);
    ost__lru_finish(&l);
    assert_int_equal(t.live, 0);
}

static void fm65_no_memory_for_the_table(void **state)
{
    (void)state;
    tracker t;
    ost__lru l;
    tracker_begin(&t);
    t.fail_at = 1;
    assert_false(ost__lru_init(&l, &t.memory, 100));
    ost__lru_finish(&l);
    assert_int_equal(t.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_form_meets_published_vectors),
        cmocka_unit_test(one_three_agrees_with_plain_form),
        cmocka_unit_test(forgets_the_oldest),
        cmocka_unit_test(order_agrees_with_a_list),
        cmocka_unit_test(fm65_no_memory_for_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
