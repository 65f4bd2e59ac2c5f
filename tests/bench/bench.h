/* SPDX-License-Identifier: MIT */
/*
 * One measurement: a side (raw C or Ostler) does one case once, in a process of its own.
 *
 * Everything that both sides need is made here once and before the clock starts: rows to insert,
 * keys to look up, conditions to ask for. What a side read is folded into a digest, which must be
 * equal on all sides.
 */
#ifndef OSTLER_BENCH_H
#define OSTLER_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A row of `users` as plain C. */
typedef struct bench_row {
    int64_t id;
    const char *username;
    const char *email;
    int age;
    bool active;
    double score;
    int64_t created_us;
    const char *bio;
} bench_row;

/* A row of the aggregate. */
typedef struct bench_group {
    int age;
    int64_t people;
    double average;
    double highest;
} bench_group;

/* A row of `docs`: a struct and two lists inside a record. */
typedef struct bench_home {
    const char *street;
    const char *city;
    int floor;
    double north;
    double east;
} bench_home;
typedef struct bench_remark {
    const char *author;
    const char *text;
    int stars;
} bench_remark;
typedef struct bench_doc {
    int64_t id;
    const char *name;
    bench_home home;
    const char *const *tags;
    size_t tag_count;
    const bench_remark *remarks;
    size_t remark_count;
} bench_doc;

/* What is to be done. */
typedef struct bench_task {
    const char *place; /* The database, a file or a URL; its tables exist. */
    size_t table_rows; /* Rows that it holds before. */
    size_t count;      /* Operations, or rows to insert; 1 for one big query. */
    size_t first;      /* The step at hand: operations from `first` up to `end`. */
    size_t end;
    size_t batch;                /* Operations in one transaction. */
    const bench_row *rows;       /* `count` rows to insert or upsert, or NULL. */
    const bench_remark *remarks; /* `count` of them to push, or NULL. */
    const int64_t *keys;     /* `count` keys that exist, or NULL; for an update all different. */
    const int *ages;         /* `count` lower bounds of filter_order_limit, or NULL. */
    bool deep;               /* The digest covers every byte; not for timed runs. */
    bool counts_allocations; /* Ostler allocates through a counting platform; not for timed runs. */
} bench_task;

enum {
    BENCH_AGE_LOWEST = 18,
    BENCH_AGE_HIGHEST = 80,
    BENCH_AGE_SPAN = 5, /* filter_order_limit asks for age … age + span. */
    BENCH_LIMIT = 20,
    BENCH_MANY = 100, /* get_many and save_many ask for so many at once. */
    BENCH_BIO_SIZE = 120
};

/* What becomes of records of an upsert. */
enum { BENCH_INSERTED, BENCH_UPDATED, BENCH_UNCHANGED, BENCH_EFFECTS };

/* What a side has read so far. */
typedef struct bench_seen {
    uint64_t rows;
    uint64_t digest;
} bench_seen;

/* What the counting platform saw. */
typedef struct bench_allocations {
    uint64_t calls; /* That gave memory: new or larger. */
    uint64_t bytes;
} bench_allocations;

/* One case of one side. `load` (may be NULL) runs before the clock, `see` (may be NULL) behind it.
 */
typedef struct bench_case {
    const char *name;
    bool (*load)(void *state, const bench_task *task);
    bool (*work)(void *state, const bench_task *task);
    void (*see)(void *state, const bench_task *task);
} bench_case;

typedef struct bench_side {
    const char *name;
    void *(*open)(const bench_task *task);
    void (*close)(void *state);
    const bench_seen *(*seen)(const void *state);
    bench_allocations (*allocations)(const void *state); /* NULL: not counted. */
    const bench_case *cases;                             /* Ends in a NULL name. */
} bench_side;

/* A database, and the sides that drive it by its own client library. */
typedef struct bench_store {
    const char *scheme; /* What a URL begins with; NULL: a file. */
    const bench_side *sides[4];
    /* Fills `users`, and leaves a file without a write-ahead log. */
    bool (*fill)(const char *place, const bench_row *rows, size_t count);
    /* Reads the whole of `users` and digests every byte, behind the clock. */
    bool (*see)(const char *place, bench_seen *seen);
    bool (*run_sql)(const char *place, const char *sql);
    const bench_side *documents; /* Of the cases over `docs`. */
} bench_store;

extern const bench_store bench_sqlite;
extern const bench_store bench_postgres;
extern const bench_store bench_mysql;
extern const bench_store bench_mongo;
extern const bench_side bench_sqlite_documents;
extern const bench_side bench_postgres_documents;
extern const bench_side bench_mysql_documents;
extern const bench_side bench_mongo_documents;
extern const bench_side bench_ours;
extern const bench_side bench_ours_documents;

/* Makes the tables of an empty database; Ostler's own words, so that all sides have the same
 * schema. */
bool bench_make_tables(const char *place);

/* Deterministic data; NULL: no memory. Never freed: a process makes them once. */
bench_row *bench_make_rows(size_t count);
int64_t *bench_make_keys(size_t count, size_t table_rows, bool different);
int *bench_make_ages(size_t count);
/* Every other one is there already, among `table_rows`. */
bench_row *bench_make_upserts(size_t count, size_t table_rows);
bench_doc *bench_make_docs(size_t count);
bench_remark *bench_make_remarks(size_t count);

/* Folds every byte of a row into the digest; the order of the rows counts. */
void bench_see_row(bench_seen *seen, const bench_row *row);
void bench_see_doc(bench_seen *seen, const bench_doc *doc);
/* Folds a group into the digest; the order of the groups does not count. */
void bench_see_group(bench_seen *seen, const bench_group *group);

/* Of `docs`, by Ostler and behind the clock, whichever side wrote it. */
bool bench_fill_docs(const char *place, const bench_doc *docs, size_t count);
bool bench_see_docs(const char *place, bench_seen *seen);

/*
 * The timed part, and only that: callgrind collects while this function runs. It stands in a source
 * of its own so that it is not inlined.
 */
bool bench_work(const bench_case *c, void *state, const bench_task *task);

/* Rows and groups that a raw side has read, in arrays that double. */
typedef struct bench_rows {
    bench_row *items;
    size_t count, capacity;
} bench_rows;
typedef struct bench_groups {
    bench_group *items;
    size_t count, capacity;
} bench_groups;
typedef struct bench_docs {
    bench_doc *items;
    size_t count, capacity;
} bench_docs;
/* Room for one more; NULL: no memory. */
bench_row *bench_new_row(bench_rows *rows);
bench_group *bench_new_group(bench_groups *groups);
bench_doc *bench_new_doc(bench_docs *docs);
/* Frees texts that were malloc'd one by one. */
void bench_free_texts(const bench_row *rows, size_t count);

/* The little that a consumer does with each row inside the clock, the same on all sides. */
static inline void bench_glance(bench_seen *seen, int64_t id, int age, const char *bio)
{
    seen->rows++;
    seen->digest += (uint64_t)id * 31 + (uint64_t)age * 7 + (unsigned char)bio[0];
}

static inline void bench_look(bench_seen *seen, const bench_row *row, const bench_task *task)
{
    if (task->deep)
        bench_see_row(seen, row);
    else
        bench_glance(seen, row->id, row->age, row->bio);
}

#endif
