/* SPDX-License-Identifier: MIT */
/* Several threads write the same records: none is there twice, nothing that was added is lost. */
#include "rig.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 4, KEYS = 5, ROUNDS = 20, MANY_ROUNDS = 6, TASKS = 24 };
/* What a member has become, once for every upsert that added to it. */
enum { SUMS = THREADS * ROUNDS * KEYS + 1 };

typedef struct worker {
    rig *r;
    ost_session *s;
    pthread_t thread;
    int number;
    int effects[OST_EFFECT_UNCHANGED + 1]; /* how many of each */
    int created, taken, rounds;
    int64_t ids[KEYS];
    bool found[TASKS + 1];
    unsigned char sums[KEYS][SUMS];
    char failure[300]; /* empty: none */
} worker;

static const char *const paths[KEYS] = { "/a", "/b", "/c", "/d", "/e" };
static worker workers[THREADS];

/* Threads do not assert: they tell. */
static void *failed(worker *w, const char *what)
{
    const ost_error *e = ost_session_error(w->s);
    snprintf(w->failure, sizeof w->failure, "thread %d, %s: %s: %s", w->number, what,
             ost_status_name((ost_status)e->status), e->message);
    return NULL;
}

static void run_workers(rig *r, void *(*work)(void *))
{
    memset(workers, 0, sizeof workers);
    for (int i = 0; i < THREADS; i++) {
        workers[i].r = r;
        workers[i].number = i;
        /* Time enough for a machine that is busy. */
        workers[i].s = rig_session(r, OST_SESSION(.timeout_ms = 60000));
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(workers[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        ost_session_close(workers[i].s);
        if (workers[i].failure[0])
            fail_msg("%s", workers[i].failure);
    }
}

static int sum_of(enum ost_effect effect)
{
    int sum = 0;
    for (int i = 0; i < THREADS; i++)
        sum += workers[i].effects[effect];
    return sum;
}

/* Each of the records is there once, and has what was added to it. */
static void assert_sites(rig *r, int visits)
{
    size_t count = 0;
    ost_query *q = ost_from(r->s, site);
    ost_order_by(q, ost_asc(site, path));
    const site *all = ost_all(q, site, &count);
    assert_int_equal(count, KEYS);
    for (int k = 0; k < KEYS; k++) {
        assert_string_equal(all[k].path, paths[k]);
        assert_int_equal(all[k].visits, visits);
    }
}

#define ADDING OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_add(site, visits)))

/* ---- one by one ---- */

static void *visit_each(void *context)
{
    worker *w = context;
    for (int i = 0; i < ROUNDS; i++)
        for (int j = 0; j < KEYS; j++) {
            int k = (w->number + i + j) % KEYS;
            enum ost_effect effect;
            site one = { .path = paths[k], .place = k, .visits = 1 };
            if (ost_upsert(w->s, site, &one, ADDING, &effect) != OST_OK)
                return failed(w, "upsert");
            w->effects[effect]++;
            if (one.visits < SUMS)
                w->sums[k][one.visits]++;
        }
    return NULL;
}

static void nothing_that_is_added_is_lost(void **state)
{
    rig *r = *state;
    run_workers(r, visit_each);
    assert_sites(r, THREADS * ROUNDS);
    assert_int_equal(sum_of(OST_EFFECT_INSERTED), KEYS);
    assert_int_equal(sum_of(OST_EFFECT_UPDATED), THREADS * ROUNDS * KEYS - KEYS);
    /* Each was told what it made of it, and no two the same. */
    for (int k = 0; k < KEYS; k++)
        for (int n = 1; n <= THREADS * ROUNDS; n++) {
            int told = 0;
            for (int i = 0; i < THREADS; i++)
                told += workers[i].sums[k][n];
            if (told != 1)
                fail_msg("%s became %d %d times", paths[k], n, told);
        }
}

/* ---- many at once ---- */

static void *visit_all(void *context)
{
    worker *w = context;
    for (int i = 0; i < MANY_ROUNDS; i++) {
        enum ost_effect effects[KEYS];
        site all[KEYS];
        for (int j = 0; j < KEYS; j++) {
            int k = (w->number + i + j) % KEYS;
            all[j] = (site){ .path = paths[k], .place = k, .visits = 1 };
        }
        if (ost_upsert_many(w->s, site, all, KEYS, ADDING, effects) != OST_OK)
            return failed(w, "upsert many");
        for (int j = 0; j < KEYS; j++)
            w->effects[effects[j]]++;
    }
    return NULL;
}

static void many_at_once_are_each_there_once(void **state)
{
    rig *r = *state;
    run_workers(r, visit_all);
    assert_sites(r, THREADS * MANY_ROUNDS);
    assert_int_equal(sum_of(OST_EFFECT_INSERTED), KEYS);
    assert_int_equal(sum_of(OST_EFFECT_UPDATED), THREADS * MANY_ROUNDS * KEYS - KEYS);
}

/* ---- find or create ---- */

static void *find_or_create_all(void *context)
{
    worker *w = context;
    for (int j = 0; j < KEYS; j++) {
        int k = (w->number % 2 ? j : KEYS - 1 - j);
        bool created;
        const site given = { .path = paths[k], .place = k };
        const site *s = ost_find_or_create(w->s, site, &created, &given, ost_col(site, path));
        if (!s)
            return failed(w, "find or create");
        w->created += created;
        w->ids[k] = s->id;
    }
    return NULL;
}

static void it_is_created_by_one_of_them(void **state)
{
    rig *r = *state;
    int created = 0;
    run_workers(r, find_or_create_all);
    assert_sites(r, 0);
    for (int i = 0; i < THREADS; i++) {
        created += workers[i].created;
        assert_memory_equal(workers[i].ids, workers[0].ids, sizeof workers[0].ids);
    }
    assert_int_equal(created, KEYS);
}

/* ---- find and update ---- */

static ost_query *tasks(ost_session *s)
{
    ost_query *q = ost_from(s, book);
    ost_where(q, ost_eq(book, lent, false));
    ost_order_by(q, ost_asc(book, stock));
    return q;
}

static void *take_tasks(void *context)
{
    worker *w = context;
    int64_t left = 1;
    while (left > 0) {
        uint16_t which = w->rounds++ % 2 ? OST_RETURN_OLD : OST_RETURN_NEW;
        const book *b = ost_find_and_update(tasks(w->s), book, which, ost_set(book, lent, true));
        if (!b && ost_session_error(w->s)->status != OST_NOT_FOUND)
            return failed(w, "find and update");
        if (b && b->stock > 0 && b->stock <= TASKS && !w->found[b->stock]) {
            w->found[b->stock] = true;
            w->taken++;
        } else if (b) {
            snprintf(w->failure, sizeof w->failure, "task %d was taken twice", b->stock);
            return NULL;
        }
        /* Nothing may be found where all that was found was taken meanwhile. */
        if (!b && ost_count_of(tasks(w->s), &left) != OST_OK)
            return failed(w, "count");
    }
    return NULL;
}

static void each_record_is_taken_once(void **state)
{
    rig *r = *state;
    book all[TASKS];
    for (int i = 0; i < TASKS; i++)
        all[i] = (book){ .title = "task", .stock = i + 1 };
    OK(ost_insert_many(r->s, book, all, TASKS));
    run_workers(r, take_tasks);
    for (int n = 1; n <= TASKS; n++) {
        int taken = 0;
        for (int i = 0; i < THREADS; i++)
            taken += workers[i].found[n];
        if (taken != 1)
            fail_msg("task %d was taken %d times", n, taken);
    }
}

#define ON(f) RIG_ON(f, RIG_MEMORY), RIG_ON(f, RIG_FILE), RIG_SERVER(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(nothing_that_is_added_is_lost),
        ON(many_at_once_are_each_there_once),
        ON(it_is_created_by_one_of_them),
        ON(each_record_is_taken_once),
    };
    return RIG_RUN(tests);
}
