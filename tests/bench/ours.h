/* SPDX-License-Identifier: MIT */
/* What the two sources of Ostler's side share. */
#ifndef OSTLER_BENCH_OURS_H
#define OSTLER_BENCH_OURS_H

#include "bench.h"

#include <ostler/ostler.h>

#include <stdatomic.h>

typedef struct user {
    int64_t id;
    const char *username;
    const char *email;
    int age;
    bool active;
    double score;
    ost_time created_at;
    const char *bio;
} user;
typedef struct age_group {
    int age;
    int64_t people;
    ost_opt_double average;
    ost_opt_double highest;
} age_group;

typedef struct home {
    const char *street;
    const char *city;
    int floor;
    double north;
    double east;
} home;
typedef struct remark {
    const char *author;
    const char *text;
    int stars;
} remark;
typedef struct doc {
    int64_t id;
    const char *name;
    home home;
    OST_LIST(const char *) tags;
    OST_LIST(remark) remarks;
} doc;

OST_RECORD(user, id);
OST_PART(age_group);
OST_PART(home);
OST_PART(remark);
OST_RECORD(doc, id);

typedef struct counter {
    atomic_uint_fast64_t calls;
    atomic_uint_fast64_t bytes;
} counter;

typedef struct ours {
    ost_db *db;
    ost_session *session;
    user *rows;               /* Of the program's own, to insert. */
    enum ost_effect *effects; /* Of upserts of them. */
    user **loaded;            /* The session's, to save. */
    user *array;              /* The same, one behind the other. */
    const user *all;
    size_t all_count;
    const age_group *groups;
    size_t group_count;
    const doc *docs;
    size_t doc_count;
    bench_seen seen;
    counter counter;
} ours;

void *ours_open(const bench_task *task);
void ours_close(void *state);
const bench_seen *ours_seen(const void *state);
bench_allocations ours_allocations(const void *state);
/* False, and says why. */
bool ours_failed(const ours *o, const char *what);

#endif
