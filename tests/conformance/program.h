/* SPDX-License-Identifier: MIT */
/*
 * Random programs: sequences of steps that run on the library and on the evaluator side by side,
 * and must come out the same. A program follows from its seed; a step's own random numbers follow
 * from the seed and the step's number, so that a program can be run again with steps left out.
 */
#ifndef CONFORMANCE_PROGRAM_H
#define CONFORMANCE_PROGRAM_H

#include "models.h"
#include "random.h"

#if defined(__GNUC__)
#define CHECK_FORMAT __attribute__((format(printf, 2, 3)))
#else
#define CHECK_FORMAT
#endif

enum { DEPTH_MAX = 4, HELD_MAX = 16, STEPS_MAX = 16, INNER_MAX = 3, CHANGES_MAX = 4 };

/* A record of the session's memory that a later step may save. */
typedef struct held {
    size_t table;
    void *record;
    bool whole;   /* loaded with all members */
    bool mixed;   /* whether it was deleted is not known */
    bool made;    /* its key was generated when it was inserted; a rollback takes that back */
    size_t depth; /* of the unit that it was loaded in; it is forgotten when that is rolled back */
    bool loaded[EV_FIELDS_MAX];
    ost_value *stored[DEPTH_MAX + 1]; /* what the library must take to be stored, for each depth */
} held;

/* An open transaction or savepoint. */
typedef struct level {
    ev_store before;
    ost_status doomed; /* of the level outside */
} level;

/* What a backend cannot do; programs run there all the same, and are refused as it says. */
typedef struct limits {
    const char *backend;
    ev_limits values;
    /* Records of one call are written one by one, so that what comes first fails first; else what
     * cannot be kept is found in all of them before the first is sent. */
    bool record_by_record;
    bool nests; /* a transaction inside another is a savepoint */
    /* Stored documents are compared with the order of their members: an upsert may take one that
     * was changed inside for another. */
    bool ordered_documents;
    /* What refusals say that no program can foresee, each a part of a sentence; NULL: none. */
    const char *refusals[3];
} limits;
/* NULL: there is no such backend. */
const limits *limits_of(const char *backend);

typedef struct asked asked;

typedef struct world {
    ost_db *db;
    ost_platform platform;
    int64_t now; /* what it tells the library the time is, in whole seconds */
    const limits *limits;
    bool touched[MODEL_COUNT]; /* tables that are not known to be empty */
    ost_session *session;
    ev_scratch scratch;
    ev_schema schemas[MODEL_COUNT];
    ev_schema facts, narrow, bundle;
    ev_store store;
    level levels[DEPTH_MAX];
    size_t depth;
    ost_status doomed; /* the first error of the innermost level, which every call must return */
    ost_status doomed_before; /* as the step began */
    held held[HELD_MAX];
    size_t held_count;
    size_t favourite; /* the table that most steps of a program are about */
    size_t only;      /* the favourite of all programs; MODEL_COUNT: each has its own */
    rng rng;
    FILE *trace; /* NULL: silent */
    bool failed;
    char failure[1024];
} world;

/* ---- program.c ---- */

/* The evaluator alone, with empty tables. */
void world_prepare(world *w);
/* Forgets what is stored, and every text that was taken. */
void world_empty(world *w);
/* Opens the database, with tables. false: `failure` says why. */
bool world_open(world *w, const char *url, const ost_driver *driver, const limits *of);
void world_close(world *w);
/* Runs the steps in `mask`; false: the library and the evaluator disagree, `failure` says where. */
bool program_run(world *w, uint64_t seed, uint64_t mask, FILE *trace);
/* Runs a failed program again and again with fewer steps, and prints what is left. */
void program_shrink(const char *url, const ost_driver *driver, const limits *of, uint64_t seed,
                    FILE *out);

/* ---- what steps share: program.c ---- */

void disagree(world *w, const char *format, ...) CHECK_FORMAT;
/* Into the trace, if there is one. */
void say(world *w, const char *format, ...) CHECK_FORMAT;
void say_expr(world *w, const char *before, const ost_expr *e);
void say_cells(world *w, const ev_schema *schema, const ost_value *cells);
/* Whether the library's status is the evaluator's; disagrees if not. */
bool agree_status(world *w, ost_status expected, ost_status actual);
/* What the session's error says of a call that returned NULL. */
ost_status last_status(const world *w, const void *result);
/* The status that a call must return, given what it would return in a healthy unit; notes what
 * dooms the unit. */
ost_status after_doom(world *w, ost_status expected);
/* Whether the backend can keep all cells in `which` (NULL: all). */
bool keeps_all(const world *w, size_t table, const ost_value *cells, const bool *which);
/* What a write of these cells must return: what cannot be kept is refused before all else, and
 * dooms nothing. */
ost_status expect_write(world *w, size_t table, const ost_value *cells, const bool *which,
                        ost_status otherwise);
/* After a call that writes several records was refused for what cannot be kept: whether that dooms
 * the unit depends on whether earlier ones had been sent. */
void ask_for_doom(world *w);
size_t random_table(world *w);
void hold(world *w, size_t table, void *record, const bool *loaded, const ost_value *stored);
/* Of a record that was loaded by a query in part. */
void note_part(const world *w, held *h, const asked *a);
void forget_held(world *w, size_t i);

/* ---- expressions: expressions.c ---- */

/* The same condition for the library and for the evaluator; the library's may be kept by its
 * session. */
typedef struct condition {
    const ost_expr *library, *evaluator;
} condition;

const ost_expr *make_member(world *w, const ev_schema *schema, size_t field);
const ost_expr *make_value(world *w, ost_value v);
/* An operator over up to two arguments; NULL: none. */
const ost_expr *make_expr(world *w, uint16_t op, const ost_expr *a, const ost_expr *b);
/* An operator over a member alone, as OST_UNARY makes it. */
const ost_expr *make_unary(world *w, uint16_t op, const ev_schema *schema, size_t field);
const ost_expr *make_compare(world *w, uint16_t op, const ev_schema *schema, size_t field,
                             ost_value v);
const ost_expr *make_as(world *w, const ev_schema *result, size_t field, const ost_expr *e);
/* The same of a struct inside. */
const ost_expr *make_as_part(world *w, const ev_schema *result, const char *path,
                             const ost_expr *e);
/* A member and a list of values of its kind. */
const ost_expr *make_in(world *w, const ev_schema *schema, size_t field, const ost_value *values,
                        size_t count);
/* A list as the library takes it. */
const ost_expr *const *make_list(world *w, const ost_expr *const *items, size_t count);
condition random_condition(world *w, const ev_schema *schema, int depth);
/* A member that has an order: no document. */
size_t random_plain_field(world *w, const ev_schema *schema);
/* One of the comparisons. */
uint16_t random_operator(world *w);
/* A condition that is OST_MISUSE. */
const ost_expr *random_mistake(world *w, size_t table);
bool members_compare(const ev_field *a, const ev_field *b);

/* ---- documents.c ---- */

/* A struct inside, as a member; `path` may lead through several. */
const ost_expr *make_part(world *w, uint16_t op, const ev_schema *schema, const char *path);
/* A list or JSON; SIZE_MAX: the table has none. */
size_t random_document_field(world *w, const ev_schema *schema);
/* A condition on one that is OST_MISUSE. */
const ost_expr *random_document_mistake(world *w, const ev_schema *schema, size_t field);
/* Of a list or JSON. */
condition random_document_condition(world *w, const ev_schema *schema, size_t field, int depth);
/* A change of a list or JSON, or of a member in a list's items. */
const ost_expr *random_document_change(world *w, const ev_schema *schema, size_t field);
/* A change of a whole struct inside; NULL: there is none. */
const ost_expr *random_part_change(world *w, const ev_schema *schema);
/* The member that a change is about, below position and limit of a push. */
const ost_expr *changed_member(const ost_expr *change);
/* Whether the values of such a change are more than the backend can keep. */
bool documents_have_too_much(const world *w, const ev_schema *schema, const ost_expr *change);
/* Every member of a document that is written is written with all of the document. */
void widen_to_documents(const ev_schema *schema, bool *which);
/* Selects documents, as wholes. */
void random_bundle(world *w, asked *a);

/* ---- queries: queries.c, shapes.c, compare.c ---- */

/* A query for both sides. */
struct asked {
    ev_query query; /* its conditions are the evaluator's */
    const ost_expr *where[EV_KEYS_MAX], *having[EV_KEYS_MAX];
    size_t own_orders; /* the rest completes the order; the library is not told of it */
    bool by_name[EV_KEYS_MAX];
    const ost_expr *mistake; /* the condition of a mistaken query */
    bool mistaken;           /* OST_MISUSE */
    bool may_range;          /* a value may not fit */
    bool ordered;            /* the rows have one order */
};

/* Whether records of the table are deleted softly. */
bool deletes_softly(const world *w, size_t table);
/* A query over whole records with up to two conditions and nothing else. */
void ask_records(world *w, asked *a, size_t table);
/* Conditions that narrow, or none and the word that everything is meant; now and then the first
 * rows of an order alone. */
ost_query *ask_for_write(world *w, asked *a, size_t table);
/* Marks the rows that it meets, and counts them; the marks are room for every table's rows. */
bool *mark_rows(world *w, const asked *a, size_t *matched);
/* Any query. */
void random_query(world *w, asked *a, size_t table);
/* Selects some members, grouped or not, into a shape; shapes.c. */
void random_shape(world *w, asked *a);
/* Some members of the record itself, the key among them. */
void random_part(world *w, asked *a);
/* Selects into the first free member of the right kind; false: there is none. */
bool select_into(world *w, asked *a, const ost_expr *e);
/* An aggregate over a member. *may_range: a sum that may not fit. */
const ost_expr *random_aggregate(world *w, const ev_schema *schema, bool *may_range);
void add_random_orders(world *w, asked *a);
void add_random_limits(world *w, asked *a);
/* Appends what makes the order total, as the library does once rows are ordered or cut. */
void complete_order(world *w, asked *a);
ost_query *build_query(world *w, const asked *a);
void say_query(world *w, const char *what, const asked *a);
size_t record_size(const ev_schema *schema);

/* The rows as cells; unselected members must be zero. */
ost_value *cells_of(world *w, const ev_rows *expected, const void *records, size_t count);
/* Whether the rows are those expected: in their order, or in any that the keys allow. */
void agree_rows(world *w, const asked *a, const ev_rows *expected, const ost_value *actual,
                size_t count);
/* The whole tables, at the end of a program. */
void agree_tables(world *w);

/* ---- records: steps_records.c, steps_writes.c ---- */

/* A record of the program's own, with random members. */
void *new_record(world *w, const ev_schema *schema);
bool key_is_generated(const ev_schema *schema);
void set_key(const ev_schema *schema, void *record, int64_t key);
/* A key that no row has. */
int64_t free_key(const world *w, size_t table);
/* The cells of a new row, with a key of the evaluator's own where the database would make one. */
ost_value *new_cells(world *w, size_t table, const void *record, int64_t key);
/* After a success: takes the generated key from the record, which must be new. */
void take_key(world *w, size_t table, const void *record, ost_value *cells);
/* Checks one record against a row of the evaluator's. */
void agree_record(world *w, size_t table, const void *record, size_t row);
/* Whether a member is added to: sums of quarters are exact; what may pass 2^63 - 1 is not kept
 * alike by all backends. */
bool can_increment(const ev_schema *schema, size_t field);

/* ---- steps ---- */

void step_insert(world *w);
void step_insert_new(world *w);
void step_insert_many(world *w);
/* Many records without a conflict, to begin with. */
void step_fill(world *w);
void step_get(world *w);
/* A record of the program's own with the key of a row, or of none. */
void *record_with_key(world *w, size_t table);
void step_get_many(world *w);
void step_find(world *w);
void step_load_and_save(world *w);
void step_save_many(world *w);
void step_save_held(world *w);
void step_reload(world *w);
void step_replace(world *w);
void step_delete(world *w);
void step_query(world *w);
void step_value_of(world *w);
void step_update(world *w);
void step_update_one(world *w);
void step_find_and_update(world *w);
void step_upsert(world *w);
void step_upsert_many(world *w);
void step_find_or_create(world *w);
void step_delete_all(world *w);
void step_purge(world *w);
void step_purge_all(world *w);
void step_restore(world *w);
void step_restore_all(world *w);
void step_mistake(world *w);
void step_bad_value(world *w);

#endif
