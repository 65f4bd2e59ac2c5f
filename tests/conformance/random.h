/* SPDX-License-Identifier: MIT */
/* Random data: seeded, the same on every machine. */
#ifndef CONFORMANCE_RANDOM_H
#define CONFORMANCE_RANDOM_H

#include "../evaluator/evaluator.h"

typedef struct rng {
    uint64_t state;
} rng;

/* splitmix64 */
uint64_t rng_next(rng *r);
/* 0 to count - 1; 0 for a count of 0. */
size_t rng_below(rng *r, size_t count);
bool rng_chance(rng *r, unsigned percent);
/* A number that names what is the n-th of a seed. */
uint64_t rng_derive(uint64_t seed, uint64_t n);

/* A key that is given where one could be generated; behind those that a backend generates, for some
 * know nothing of keys that were given. */
int64_t random_given_key(rng *r);
/* How many items a list gets. */
size_t random_item_count(rng *r);
/* A value that the member can hold, NULL now and then where it may be; decimals at their member's
 * scale. */
ost_value random_cell(rng *r, const ev_field *f, ev_scratch *s);
/* The same, never NULL; no list. */
ost_value random_present(rng *r, const ev_field *f);
/* A list of so many items. */
ost_value random_list(rng *r, const ev_field *f, size_t count, ev_scratch *s);
/*
 * A constant that the member can be compared with, never NULL: now and then of another kind,
 * between two neighbours or outside what the member holds. `ordered`: for <, <=, > and >= too.
 */
ost_value random_constant(rng *r, const ev_field *f, bool ordered);
/* What a text is searched for. */
ost_value random_needle(rng *r);
/* An amount by which a member can be incremented. */
ost_value random_amount(rng *r, const ev_field *f);

#endif
