/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- what steps share ---- */

void say(world *w, const char *format, ...)
{
    va_list list;
    if (!w->trace)
        return;
    va_start(list, format);
    (void)vfprintf(w->trace, format, list);
    va_end(list);
}

void say_expr(world *w, const char *before, const ost_expr *e)
{
    if (!w->trace)
        return;
    fputs(before, w->trace);
    ev_print_expr(w->trace, e);
}

void say_cells(world *w, const ev_schema *schema, const ost_value *cells)
{
    if (w->trace)
        ev_print_row(w->trace, schema, cells);
}

void disagree(world *w, const char *format, ...)
{
    va_list list;
    if (w->failed)
        return;
    w->failed = true;
    va_start(list, format);
    (void)vsnprintf(w->failure, sizeof w->failure, format, list);
    va_end(list);
    say(w, "    DISAGREEMENT: %s\n", w->failure);
}

/* The call did nothing, and the transaction goes on. */
static bool is_refusal(const world *w, ost_status actual)
{
    const ost_error *e = ost_session_error(w->session);
    for (size_t i = 0; actual == OST_UNSUPPORTED && e->nothing_sent && w->limits->refusals[i]; i++)
        if (strstr(e->message, w->limits->refusals[i]))
            return true;
    return false;
}

bool agree_status(world *w, ost_status expected, ost_status actual)
{
    if (expected != actual && is_refusal(w, actual)) {
        say(w, "    refused: %s\n", ost_session_error(w->session)->message);
        w->doomed = w->doomed_before;
        return false;
    }
    if (expected != actual)
        disagree(w, "%s instead of %s%s%s", ost_status_name(actual), ost_status_name(expected),
                 actual == OST_OK ? "" : ": ",
                 actual == OST_OK ? "" : ost_session_error(w->session)->message);
    return expected == actual;
}

ost_status last_status(const world *w, const void *result)
{
    return result ? OST_OK : (ost_status)ost_session_error(w->session)->status;
}

ost_status after_doom(world *w, ost_status expected)
{
    if (w->doomed != OST_OK)
        return w->doomed;
    if (w->depth > 0 && (expected == OST_CONFLICT || expected == OST_RANGE))
        w->doomed = expected;
    return expected;
}

bool keeps_all(const world *w, size_t table, const ost_value *cells, const bool *which)
{
    const ev_schema *schema = &w->schemas[table];
    for (size_t i = 0; i < schema->field_count; i++)
        if ((!which || which[i]) && !ev_keeps(&w->limits->values, &schema->fields[i], &cells[i]))
            return false;
    return true;
}

ost_status expect_write(world *w, size_t table, const ost_value *cells, const bool *which,
                        ost_status otherwise)
{
    if (w->doomed == OST_OK && !keeps_all(w, table, cells, which))
        return OST_RANGE;
    return after_doom(w, otherwise);
}

void ask_for_doom(world *w)
{
    int64_t count;
    ost_status status;
    if (w->depth == 0 || w->doomed != OST_OK)
        return;
    status = ost_count_of(ost_session_from(w->session, &seat_model, sizeof(seat)), &count);
    if (status == OST_RANGE)
        w->doomed = OST_RANGE;
    else
        (void)agree_status(w, OST_OK, status);
}

size_t random_table(world *w)
{
    size_t table = rng_chance(&w->rng, 80) ? w->favourite : rng_below(&w->rng, MODEL_COUNT);
    w->touched[table] = true;
    return table;
}

/* ---- transactions ---- */

static void enter(world *w)
{
    for (size_t i = 0; i < w->held_count; i++)
        w->held[i].stored[w->depth + 1] =
            ev_copy(&w->scratch, w->held[i].stored[w->depth],
                    w->schemas[w->held[i].table].field_count * sizeof(ost_value));
    w->levels[w->depth].before = ev_store_copy(&w->store);
    w->levels[w->depth].doomed = w->doomed;
    w->doomed = OST_OK;
    w->depth++;
}

static bool has_no_key(world *w, const held *h)
{
    const ev_schema *schema = &w->schemas[h->table];
    ost_value key = ev_read(&schema->fields[schema->unique[0].fields[0]], h->record, &w->scratch);
    return key.as.integer == 0;
}

static void leave(world *w, bool keep)
{
    w->depth--;
    w->doomed = w->levels[w->depth].doomed;
    if (!keep)
        w->store = w->levels[w->depth].before;
    for (size_t i = w->held_count; i > 0; i--) {
        held *h = &w->held[i - 1];
        if (!keep && h->depth > w->depth) {
            if (h->made && !has_no_key(w, h))
                disagree(w, "the rollback leaves the generated key in the record");
            forget_held(w, i - 1);
            continue;
        }
        if (h->depth > w->depth)
            h->depth = w->depth;
        if (keep)
            h->stored[w->depth] = h->stored[w->depth + 1];
    }
}

static void step_begin(world *w)
{
    say(w, "begin\n");
    if (agree_status(w, OST_OK, ost_begin(w->session, NULL)))
        enter(w);
}

static void step_commit(world *w)
{
    ost_status expected = w->doomed;
    say(w, "commit\n");
    (void)agree_status(w, expected, ost_commit(w->session));
    leave(w, expected == OST_OK);
}

static void step_rollback(world *w)
{
    say(w, "rollback\n");
    (void)agree_status(w, OST_OK, ost_rollback(w->session));
    leave(w, false);
}

static void run_step(world *w, uint64_t seed, bool inner, uint64_t mask, size_t first);

/* ---- a transaction with a body ---- */

typedef struct body {
    world *w;
    uint64_t seed, mask;
    size_t first; /* the number of its first step, for the mask */
    ost_status ending;
} body;

static ost_status run_body(ost_session *s, const ost_attempt *attempt, void *context)
{
    body *b = context;
    world *w = b->w;
    size_t depth;
    enter(w);
    depth = w->depth;
    if (attempt->number != 1)
        disagree(w, "attempt %u", attempt->number);
    for (size_t i = 0; i < INNER_MAX && !w->failed; i++)
        if (b->mask >> (b->first + i) & 1)
            run_step(w, rng_derive(b->seed, i), true, 0, 0);
    while (w->depth > depth)
        step_rollback(w);
    if (b->ending == OST_CANCELLED && w->doomed == OST_OK) {
        say(w, "  the body returns ost_undo()\n");
        return ost_undo(s);
    }
    if (b->ending == OST_INVALID && w->doomed == OST_OK) {
        say(w, "  the body fails\n");
        return ost_fail(s, OST_INVALID, "note", "the body says no");
    }
    if (w->doomed == OST_OK)
        b->ending = OST_OK;
    say(w, "  the body returns OST_OK\n");
    return OST_OK;
}

static void step_transaction(world *w, uint64_t seed, uint64_t mask, size_t first)
{
    static const ost_status endings[] = { OST_OK, OST_OK, OST_OK, OST_INVALID, OST_CANCELLED };
    body b = { .w = w, .seed = seed, .mask = mask, .first = first };
    ost_status expected, status;
    size_t depth = w->depth;
    b.ending = endings[rng_below(&w->rng, 5)];
    say(w, "transaction\n");
    status = ost_transaction(w->session, run_body, &b, NULL);
    if (w->depth != depth + 1) {
        disagree(w, "the body did not run, or ran twice");
        return;
    }
    expected = w->doomed != OST_OK ? w->doomed : b.ending == OST_CANCELLED ? OST_OK : b.ending;
    leave(w, w->doomed == OST_OK && b.ending == OST_OK);
    (void)agree_status(w, expected, status);
    say(w, "end of the transaction: %s\n", ost_status_name(status));
}

/* ---- steps ---- */

static bool in_unit(const world *w)
{
    return w->depth > 0;
}

static bool can_begin(const world *w)
{
    size_t most = w->limits->nests ? DEPTH_MAX - 1 : 1;
    return w->depth < most && w->doomed == OST_OK;
}

static bool holds_records(const world *w)
{
    return w->held_count > 0;
}

static bool is_healthy(const world *w)
{
    return w->doomed == OST_OK;
}

typedef struct kind {
    unsigned weight;
    void (*run)(world *w);
    bool (*fits)(const world *w); /* NULL: always */
} kind;

static const kind kinds[] = {
    { 12, step_insert, NULL },
    { 4, step_insert_new, NULL },
    { 5, step_insert_many, NULL },
    { 5, step_get, NULL },
    { 4, step_get_many, NULL },
    { 6, step_find, NULL },
    { 10, step_load_and_save, NULL },
    { 6, step_save_many, NULL },
    { 10, step_save_held, holds_records },
    { 4, step_reload, holds_records },
    { 5, step_replace, NULL },
    { 5, step_delete, NULL },
    { 36, step_query, NULL },
    { 8, step_value_of, NULL },
    { 10, step_update, NULL },
    { 5, step_update_one, NULL },
    { 6, step_find_and_update, NULL },
    { 10, step_upsert, NULL },
    { 6, step_upsert_many, NULL },
    { 5, step_find_or_create, NULL },
    { 2, step_delete_all, NULL },
    { 1, step_purge, NULL },
    { 1, step_purge_all, NULL },
    { 6, step_restore, NULL },
    { 2, step_restore_all, NULL },
    { 3, step_mistake, is_healthy },
    { 4, step_bad_value, is_healthy },
    { 6, step_begin, can_begin },
    { 4, step_commit, in_unit },
    { 4, step_rollback, in_unit },
};

static const kind *random_kind(world *w)
{
    size_t total = 0, count = sizeof kinds / sizeof kinds[0], n;
    for (size_t k = 0; k < count; k++)
        total += kinds[k].weight;
    for (;;) {
        const kind *k = kinds;
        for (n = rng_below(&w->rng, total); n >= k->weight; k++)
            n -= k->weight;
        if (!k->fits || k->fits(w))
            return k;
    }
}

static void run_step(world *w, uint64_t seed, bool inner, uint64_t mask, size_t first)
{
    rng outer = w->rng;
    w->rng.state = seed;
    w->now += 1000000;
    w->doomed_before = w->doomed;
    if (!inner && can_begin(w) && rng_chance(&w->rng, 8)) {
        step_transaction(w, seed, mask, first);
    } else {
        const kind *k = random_kind(w);
        /* What a body began, it ends itself. */
        if (!inner || (k->run != step_commit && k->run != step_rollback))
            k->run(w);
    }
    w->rng = outer;
}

/* ---- programs ---- */

static ost_status delete_everything(world *w)
{
    for (size_t t = 0; t < MODEL_COUNT; t++) {
        ost_query *q;
        if (!w->touched[t])
            continue;
        q = ost_session_from(w->session, w->schemas[t].model, record_size(&w->schemas[t]));
        ost_everything(q);
        ost_with_deleted(q);
        OST_TRY(ost_purge_all(q, NULL));
    }
    return OST_OK;
}

/* The tables that the program before has touched. */
static ost_status start_empty(world *w)
{
    ost_status status = ost_begin(w->session, NULL);
    if (status == OST_OK)
        status = delete_everything(w);
    if (status == OST_OK)
        status = ost_commit(w->session);
    if (status == OST_OK)
        memset(w->touched, 0, sizeof w->touched);
    return status;
}

void world_empty(world *w)
{
    ev_scratch_clear(&w->scratch);
    memset(&w->store, 0, sizeof w->store);
    w->store.scratch = &w->scratch;
    w->store.table_count = MODEL_COUNT;
    for (size_t t = 0; t < MODEL_COUNT; t++)
        w->store.tables[t].schema = &w->schemas[t];
    w->failed = false;
    w->failure[0] = '\0';
}

static void reset(world *w, uint64_t seed, FILE *trace)
{
    world_empty(w);
    w->depth = 0;
    w->doomed = OST_OK;
    w->held_count = 0;
    w->trace = trace;
    w->now = 1800000000000000;
    w->rng.state = rng_derive(seed, 1000);
    w->favourite = w->only != MODEL_COUNT ? w->only : rng_below(&w->rng, MODEL_COUNT);
}

static void run_steps(world *w, uint64_t seed, uint64_t mask)
{
    size_t steps = 9 + rng_below(&w->rng, STEPS_MAX - 9);
    for (size_t i = 0; i < steps && !w->failed; i++) {
        if (!(mask >> i & 1))
            continue;
        say(w, "%zu: ", i);
        w->rng.state = rng_derive(seed, i);
        if (i < 2)
            step_fill(w);
        else
            run_step(w, rng_derive(seed, i), false, mask, STEPS_MAX + i * INNER_MAX);
    }
    while (w->depth > 0 && !w->failed) {
        if (w->doomed == OST_OK && seed % 3 != 0)
            step_commit(w);
        else
            step_rollback(w);
    }
}

bool program_run(world *w, uint64_t seed, uint64_t mask, FILE *trace)
{
    ost_error error;
    reset(w, seed, trace);
    if (ost_session_open(w->db, NULL, &w->session, &error) != OST_OK) {
        disagree(w, "no session: %s", error.message);
        return false;
    }
    if (agree_status(w, OST_OK, start_empty(w)))
        run_steps(w, seed, mask);
    if (!w->failed)
        agree_tables(w);
    ost_session_close(w->session);
    w->session = NULL;
    return !w->failed;
}

/* The model that OST_RANDOM_MODEL names. */
static size_t favourite_of_all(void)
{
    const char *name = getenv("OST_RANDOM_MODEL");
    size_t t = 0;
    while (name && t < MODEL_COUNT && strcmp(all_models[t]->name, name) != 0)
        t++;
    return name ? t : MODEL_COUNT;
}

void world_prepare(world *w)
{
    memset(w, 0, sizeof *w);
    w->only = favourite_of_all();
    for (size_t t = 0; t < MODEL_COUNT; t++)
        ev_schema_of(all_models[t], &w->schemas[t]);
    ev_schema_of(&facts_model, &w->facts);
    ev_schema_of(&narrow_model, &w->narrow);
    ev_schema_of(&bundle_model, &w->bundle);
    world_empty(w);
}

const limits *limits_of(const char *backend)
{
    static const limits all[] = {
        { "sqlite", { INT64_MAX, true, false, 38 }, true, true, true, { NULL } },
        { "postgres", { UINT64_MAX, true, true, 38 }, false, true, false, { NULL } },
        { "mariadb", { UINT64_MAX, false, false, 38 }, false, true, true, { NULL } },
        { "mongodb",
          { INT64_MAX, false, false, 34 },
          false,
          false,
          true,
          { "MongoDB orders blobs by their length", NULL } },
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].backend, backend) == 0)
            return &all[i];
    return NULL;
}

/* Stamps follow from the seed as well. */
static int64_t time_of_world(void *context)
{
    return ((const world *)context)->now;
}

bool world_open(world *w, const char *url, const ost_driver *driver, const limits *of)
{
    ost_error error;
    world_prepare(w);
    w->limits = of;
    for (size_t t = 0; t < MODEL_COUNT; t++)
        w->touched[t] = true;
    w->platform = (ost_platform){ .struct_size = sizeof w->platform,
                                  .context = w,
                                  .realtime = time_of_world };
    if (ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(driver), .models = all_models,
                             .platform = &w->platform),
                 &w->db, &error) == OST_OK &&
        ost_create_tables(w->db, &error) == OST_OK)
        return true;
    (void)snprintf(w->failure, sizeof w->failure, "%s: %s", url, error.message);
    return false;
}

void world_close(world *w)
{
    ost_close(w->db);
    ev_scratch_finish(&w->scratch);
    w->db = NULL;
}

/* Whether the program fails on a new database. */
static bool fails(const char *url, const ost_driver *driver, const limits *of, uint64_t seed,
                  uint64_t mask, FILE *trace)
{
    world w;
    bool failed = true;
    if (world_open(&w, url, driver, of)) {
        failed = !program_run(&w, seed, mask, trace);
        world_close(&w);
    }
    return failed;
}

void program_shrink(const char *url, const ost_driver *driver, const limits *of, uint64_t seed,
                    FILE *out)
{
    uint64_t mask = UINT64_MAX;
    for (unsigned i = 0; i < 64; i++)
        if (fails(url, driver, of, seed, mask & ~((uint64_t)1 << i), NULL))
            mask &= ~((uint64_t)1 << i);
    fprintf(out, "the smallest failing set of steps of seed %llu:\n", (unsigned long long)seed);
    if (!fails(url, driver, of, seed, mask, out))
        fprintf(out, "it does not fail when it is run again on a new database\n");
}
