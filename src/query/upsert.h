/* SPDX-License-Identifier: MIT */
/*
 * The part of an upsert's canonical bytes that other operations do not have. Its items are the
 * members of the declared key, each a field (2); behind them the number of the unique index that
 * has them (2, OST__NO_INDEX: none), how many updates there are (2), and those: operator (1), field
 * (2), flags (1).
 */
#ifndef OSTLER_QUERY_UPSERT_H
#define OSTLER_QUERY_UPSERT_H

enum { OST__NO_INDEX = 0xffff };
enum ost__upsert_flags {
    OST__UPSERT_FOLLOWS = 1,
    OST__UPSERT_OWN = 2 /* it has a parameter of its own */
};

#endif
