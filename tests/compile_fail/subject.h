/* SPDX-License-Identifier: MIT */
/* The structs that the right and wrong uses in this folder are about. */
#ifndef OSTLER_TESTS_SUBJECT_H
#define OSTLER_TESTS_SUBJECT_H

#include <ostler/ostler.h>

typedef struct post {
    int64_t id, author_id;
} post;

typedef struct address {
    const char *city;
} address;

typedef struct user {
    int64_t id;
    const char *name;
    char *bad;
    int *ip;
    int age;
    ost_decimal money;
    bool active;
    const int ci;
    address home;
    OST_ARRAY(post) posts;
    OST_LIST(const char *) tags;
    unsigned bits : 3;
    _Atomic int counter;
    uint8_t digest[32];
    void *any;
} user;

OST_RECORD(user, id);
OST_RECORD(post, id);
OST_PART(address);

#endif
