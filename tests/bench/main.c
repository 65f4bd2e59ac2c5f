/* SPDX-License-Identifier: MIT */
/*
 * bench tables PLACE           makes the tables
 * bench fill PLACE ROWS TABLE  fills one of them, users or docs
 * bench sql PLACE SQL          runs a statement on a server
 * bench run SIDE CASE PLACE TABLE_ROWS COUNT STEPS [deep] [allocations] [turns]
 *                              one measurement; a JSON line for each step, and one for what was
 * read. With `turns`, each step waits for a line on standard input.
 */
#include "bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 1000 };

static const bench_store *const stores[] = {
#ifdef TEST_POSTGRES
    &bench_postgres,
#endif
#ifdef TEST_MYSQL
    &bench_mysql,
#endif
#ifdef TEST_MONGO
    &bench_mongo,
#endif
    &bench_sqlite,
};

static const bench_store *store_of(const char *place)
{
    size_t i = 0;
    while (stores[i]->scheme && strncmp(place, stores[i]->scheme, strlen(stores[i]->scheme)) != 0)
        i++;
    return stores[i];
}

static int fail(const char *what)
{
    (void)fprintf(stderr, "bench: %s\n", what);
    return 1;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return 0;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool parse_count(const char *text, size_t *out)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    *out = (size_t)n;
    return end != text && *end == '\0' && n <= 100000000;
}

static bool of_documents(const char *name)
{
    return strcmp(name, "select_documents") == 0 || strcmp(name, "push") == 0;
}

static const bench_side *find_side(const bench_store *store, const char *name, const char *of)
{
    if (of_documents(of))
        return strcmp(bench_ours.name, name) == 0 ? &bench_ours_documents : store->documents;
    for (size_t i = 0; i < sizeof store->sides / sizeof *store->sides && store->sides[i]; i++) {
        if (strcmp(store->sides[i]->name, name) == 0)
            return store->sides[i];
    }
    return strcmp(bench_ours.name, name) == 0 ? &bench_ours : NULL;
}

static const bench_case *find_case(const bench_side *side, const char *name)
{
    const bench_case *c = side->cases;
    while (c->name && strcmp(c->name, name) != 0)
        c++;
    return c->name ? c : NULL;
}

static bool writes(const bench_case *c)
{
    static const char *const verbs[] = { "insert", "update", "save", "upsert", "push" };
    bool found = false;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        found = found || strncmp(c->name, verbs[i], strlen(verbs[i])) == 0;
    return found;
}

static bool see(const bench_case *c, const char *place, bench_seen *seen)
{
    return of_documents(c->name) ? bench_see_docs(place, seen) : store_of(place)->see(place, seen);
}

static bool make_data(const bench_case *c, bench_task *task)
{
    bool ready = true;
    if (strncmp(c->name, "insert", 6) == 0)
        ready = (task->rows = bench_make_rows(task->count)) != NULL;
    else if (strncmp(c->name, "upsert", 6) == 0)
        ready = (task->rows = bench_make_upserts(task->count, task->table_rows)) != NULL;
    else if (strcmp(c->name, "get") == 0)
        ready = (task->keys = bench_make_keys(task->count, task->table_rows, false)) != NULL;
    else if (strcmp(c->name, "get_many") == 0 || writes(c))
        ready = (task->keys = bench_make_keys(task->count, task->table_rows, true)) != NULL;
    else if (strcmp(c->name, "filter_order_limit") == 0)
        ready = (task->ages = bench_make_ages(task->count)) != NULL;
    if (strcmp(c->name, "push") == 0)
        ready = ready && (task->remarks = bench_make_remarks(task->count)) != NULL;
    return ready;
}

static bench_allocations allocations_of(const bench_side *side, const void *state)
{
    return side->allocations ? side->allocations(state) : (bench_allocations){ 0, 0 };
}

/* Waits for a line on standard input: it is this process's turn. */
static bool await_turn(void)
{
    int c;
    while ((c = getchar()) != '\n') {
        if (c == EOF)
            return false;
    }
    return true;
}

/* The work in steps, the clock running only within one; between two, other sides have their turn.
 */
static bool work_in_steps(const bench_case *c, void *state, bench_task *task, size_t steps,
                          bool takes_turns)
{
    for (size_t i = 0; i < steps; i++) {
        task->first = task->count * i / steps;
        task->end = task->count * (i + 1) / steps;
        if (takes_turns && !await_turn())
            return false;
        int64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
        int64_t wall = clock_ns(CLOCK_MONOTONIC);
        bool good = bench_work(c, state, task);
        wall = clock_ns(CLOCK_MONOTONIC) - wall;
        cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        if (!good)
            return false;
        (void)printf("{\"wall_ns\":%" PRId64 ",\"cpu_ns\":%" PRId64 "}\n", wall, cpu);
        (void)fflush(stdout);
    }
    return !takes_turns || await_turn();
}

static int measure(const bench_side *side, const bench_case *c, bench_task *task, size_t steps,
                   bool takes_turns)
{
    void *state = side->open(task);
    if (!state)
        return fail("the side did not open");
    if (c->load && !c->load(state, task)) {
        side->close(state);
        return fail("loading failed");
    }
    bench_allocations before = allocations_of(side, state);
    bool good = work_in_steps(c, state, task, steps, takes_turns);
    bench_allocations after = allocations_of(side, state);
    if (good && c->see)
        c->see(state, task);
    bench_seen seen = *side->seen(state);
    side->close(state);
    if (!good)
        return fail("the work failed");
    if (writes(c) && !see(c, task->place, &seen))
        return fail("the table cannot be read back");
    (void)printf("{\"rows\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "\",\"allocations\":%" PRIu64
                 ",\"allocated_bytes\":%" PRIu64 "}\n",
                 seen.rows, seen.digest, after.calls - before.calls, after.bytes - before.bytes);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int run_case(int argc, char **argv)
{
    bench_task task = { .place = argv[4], .batch = BATCH };
    size_t steps;
    bool takes_turns = false;
    const bench_side *side = find_side(store_of(argv[4]), argv[2], argv[3]);
    const bench_case *c = side ? find_case(side, argv[3]) : NULL;
    if (!side || !c)
        return fail("there is no such side or case");
    if (!parse_count(argv[5], &task.table_rows) || !parse_count(argv[6], &task.count) ||
        !parse_count(argv[7], &steps) || steps == 0)
        return fail("rows, count and steps must be numbers, and steps not 0");
    for (int i = 8; i < argc; i++) {
        if (strcmp(argv[i], "deep") == 0)
            task.deep = true;
        else if (strcmp(argv[i], "allocations") == 0)
            task.counts_allocations = true;
        else if (strcmp(argv[i], "turns") == 0)
            takes_turns = true;
        else
            return fail("the options are deep, allocations and turns");
    }
    if (!make_data(c, &task))
        return fail("no memory for the data, or more different keys than rows");
    return measure(side, c, &task, steps, takes_turns);
}

static int fill(const char *place, const char *rows, const char *table)
{
    size_t count;
    bool good;
    if (!parse_count(rows, &count))
        return fail("rows must be a number");
    if (strcmp(table, "docs") == 0) {
        const bench_doc *docs = bench_make_docs(count);
        good = docs && bench_fill_docs(place, docs, count);
    } else {
        const bench_row *data = bench_make_rows(count);
        good = data && store_of(place)->fill(place, data, count);
    }
    return good ? 0 : fail("the table cannot be filled");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "tables") == 0)
        return bench_make_tables(argv[2]) ? 0 : fail("the tables cannot be made");
    if (argc == 5 && strcmp(argv[1], "fill") == 0)
        return fill(argv[2], argv[3], argv[4]);
    if (argc == 4 && strcmp(argv[1], "sql") == 0)
        return store_of(argv[2])->run_sql(argv[2], argv[3]) ? 0 : fail("the statement failed");
    if (argc >= 8 && strcmp(argv[1], "run") == 0)
        return run_case(argc, argv);
    return fail("usage: tables PLACE | fill PLACE ROWS TABLE | sql PLACE SQL | "
                "run SIDE CASE PLACE TABLE_ROWS COUNT STEPS "
                "[deep] [allocations] [turns]");
}
