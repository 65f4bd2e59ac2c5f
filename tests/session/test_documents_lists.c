/* SPDX-License-Identifier: MIT */
/*
 * Changes of lists against what a program in C does: in a column of their own and inside a
 * document, whose two lists go through the same steps. And a list of every kind of item.
 */
#include "documents.h"

typedef struct box {
    OST_LIST(int) numbers;
    OST_LIST(const char *) words;
} box;
typedef struct rack {
    int64_t id;
    OST_LIST(int) numbers;
    OST_LIST(const char *) words;
    box box;
    OST_LIST(bool) flags;
    OST_LIST(int64_t) longs;
    OST_LIST(uint64_t) naturals;
    OST_LIST(double) reals;
    OST_LIST(ost_blob) blobs;
    OST_LIST(ost_time) times;
    OST_LIST(ost_date) dates;
    OST_LIST(ost_uuid) uuids;
    OST_LIST(ost_object_id) objects;
    OST_LIST(ost_decimal) prices;
    OST_LIST(mood) moods;
} rack;
OST_PART(box);
OST_RECORD(rack, id);
OST_MODEL(box, OST_FIELDS(OST_ITEMS(box, numbers), OST_ITEMS(box, words)));
OST_MODEL(rack,
          OST_FIELDS(OST_FIELD(rack, id, .primary_key = true), OST_ITEMS(rack, numbers),
                     OST_ITEMS(rack, words), OST_EMBED(rack, box, box), OST_ITEMS(rack, flags),
                     OST_ITEMS(rack, longs), OST_ITEMS(rack, naturals), OST_ITEMS(rack, reals),
                     OST_ITEMS(rack, blobs), OST_ITEMS(rack, times), OST_ITEMS(rack, dates),
                     OST_ITEMS(rack, uuids), OST_ITEMS(rack, objects),
                     OST_ITEMS(rack, prices, .precision = 10, .scale = 2),
                     OST_ITEMS(rack, moods, .values = OST_NAMES("low", "good"))));

static int setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&rack_model) });
    *state = &the;
    return 0;
}

#define RACKS_ON(f, mode)                                           \
    {                                                               \
#f " (" #mode ")", f, setup, rig_teardown, &rig_modes[mode] \
    }
#define RACKS_RIG_ALL(f)                                                           \
    RACKS_ON(f, RIG_MEMORY), RACKS_ON(f, RIG_PIPELINE), RACKS_ON(f, RIG_POSTGRES), \
        RACKS_ON(f, RIG_MYSQL), RACKS_ON(f, RIG_MONGODB)

static ost_query *which(rig *r)
{
    ost_query *q = ost_from(r->s, rack);
    ost_where(q, ost_eq(rack, id, 1));
    return q;
}

static const rack *now(rig *r)
{
    const rack *k = ost_first(which(r), rack);
    if (!k)
        fail_msg("%s", ost_session_error(r->s)->message);
    return k;
}

/* ---- a program in C ---- */

enum { ITEMS_MAX = 64, VALUES = 5 };
typedef struct plain {
    bool there;
    size_t count;
    int items[ITEMS_MAX];
} plain;

static uint32_t seed;

static uint32_t next(uint32_t most)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % most;
}

static void insert(plain *p, size_t at, const int *items, size_t count)
{
    if (at > p->count)
        at = p->count;
    memmove(p->items + at + count, p->items + at, (p->count - at) * sizeof *p->items);
    memcpy(p->items + at, items, count * sizeof *items);
    p->count += count;
    p->there = true;
}

static void keep(plain *p, int64_t n)
{
    size_t most = (size_t)(n < 0 ? -n : n);
    if (most >= p->count)
        return;
    if (n < 0)
        memmove(p->items, p->items + p->count - most, most * sizeof *p->items);
    p->count = most;
}

static bool has(const plain *p, int item)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i] == item)
            return true;
    return false;
}

static void pull(plain *p, int item)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->count; i++)
        if (p->items[i] != item)
            p->items[kept++] = p->items[i];
    p->count = kept;
}

/* ---- one step of both ---- */

static const char *const words[VALUES] = { "a", "b,\"c\"", "", "\xc3\xa9", "]" };

typedef struct step {
    uint32_t kind;
    size_t count;
    int items[3];
    const char *texts[3];
    int64_t position, most;
} step;

enum { PUSH, PUSH_AT, PUSH_FIRST, PUSH_LAST, PUSH_AT_LAST, ADD, PULL, NOTHING, WHOLE, KINDS };

static step random_step(void)
{
    step s = { .kind = next(KINDS),
               .count = next(4),
               .position = next(6) == 0 ? INT64_MAX : next(8),
               .most = next(6) };
    for (size_t i = 0; i < 3; i++) {
        s.items[i] = (int)next(VALUES);
        s.texts[i] = words[s.items[i]];
    }
    return s;
}

static void run_plain(plain *p, const step *s)
{
    switch (s->kind) {
    case PUSH: insert(p, p->count, s->items, s->count); break;
    case PUSH_AT: insert(p, (size_t)s->position, s->items, s->count); break;
    case PUSH_FIRST:
        insert(p, p->count, s->items, s->count);
        keep(p, s->most);
        break;
    case PUSH_LAST:
        insert(p, p->count, s->items, s->count);
        if (s->most > 0)
            keep(p, -s->most);
        else
            p->count = 0;
        break;
    case PUSH_AT_LAST:
        insert(p, (size_t)s->position, s->items, s->count);
        keep(p, -s->most - 1);
        break;
    case ADD:
        p->there = true;
        if (!has(p, s->items[0]))
            insert(p, p->count, s->items, 1);
        break;
    case PULL: pull(p, s->items[0]); break;
    case NOTHING: *p = (plain){ 0 }; break;
    default:
        *p = (plain){ .there = true };
        insert(p, 0, s->items, s->count);
        break;
    }
}

#define RUN(m, values)                                                                             \
    do {                                                                                           \
        switch (s->kind) {                                                                         \
        case PUSH: e = ost_keep(r->s, ost_push_many(rack, m, values, s->count)); break;            \
        case PUSH_AT:                                                                              \
            e = ost_keep(r->s,                                                                     \
                         ost_push_at(ost_push_many(rack, m, values, s->count), s->position));      \
            break;                                                                                 \
        case PUSH_FIRST:                                                                           \
            e = ost_keep(r->s, ost_keep_first(ost_push_many(rack, m, values, s->count), s->most)); \
            break;                                                                                 \
        case PUSH_LAST:                                                                            \
            e = ost_keep(r->s, ost_keep_last(ost_push_many(rack, m, values, s->count), s->most));  \
            break;                                                                                 \
        case PUSH_AT_LAST:                                                                         \
            e = ost_keep(r->s, ost_keep_last(ost_push_at(ost_push_many(rack, m, values, s->count), \
                                                         s->position),                             \
                                             s->most + 1));                                        \
            break;                                                                                 \
        case ADD: e = ost_keep(r->s, ost_add_to_set(rack, m, values[0])); break;                   \
        case PULL: e = ost_keep(r->s, ost_pull(rack, m, values[0])); break;                        \
        case NOTHING: e = ost_keep(r->s, ost_set_null(rack, m)); break;                            \
        default: e = ost_keep(r->s, ost_set_list(rack, m, values, s->count)); break;               \
        }                                                                                          \
        changes[count++] = e;                                                                      \
    } while (0)

static void run_step(rig *r, const step *s)
{
    const ost_expr *e, *changes[4];
    size_t count = 0;
    RUN(numbers, s->items);
    RUN(box.numbers, s->items);
    RUN(words, s->texts);
    RUN(box.words, s->texts);
    OK(ost_update_one(which(r), changes[0], changes[1], changes[2], changes[3]));
}

static void same_numbers(const plain *p, const int *items, size_t count, const char *what, int n)
{
    bool same = p->there == (items != NULL) && p->count == count;
    for (size_t i = 0; same && i < count; i++)
        same = p->items[i] == items[i];
    if (!same)
        fail_msg("%s: step %d: %zu items, not %zu", what, n, count, p->count);
}

static void same_words(const plain *p, const char *const *items, size_t count, const char *what,
                       int n)
{
    bool same = p->there == (items != NULL) && p->count == count;
    for (size_t i = 0; same && i < count; i++)
        same = strcmp(words[p->items[i]], items[i]) == 0;
    if (!same)
        fail_msg("%s: step %d: %zu items, not %zu", what, n, count, p->count);
}

static void steps_are_those_of_a_program(void **state)
{
    rig *r = *state;
    plain p = { 0 };
    rack k = { .id = 1 };
    OK(ost_insert(r->s, rack, &k));
    seed = 20;
    for (int n = 0; n < 150; n++) {
        step s = random_step();
        if (p.count + s.count > ITEMS_MAX - 4)
            s.kind = NOTHING;
        run_plain(&p, &s);
        run_step(r, &s);
        const rack *back = now(r);
        same_numbers(&p, back->numbers.items, back->numbers.count, "a column", n);
        same_numbers(&p, back->box.numbers.items, back->box.numbers.count, "a document", n);
        same_words(&p, back->words.items, back->words.count, "a column of texts", n);
        same_words(&p, back->box.words.items, back->box.words.count, "texts in a document", n);
        OK(ost_session_clear(r->s));
    }
}

/* ---- every kind ---- */

static const bool flags[] = { true, false };
static const int64_t longs[] = { INT64_MIN, INT64_MAX };
static const uint64_t naturals[] = { 0, INT64_MAX };
static const double reals[] = { 0.1, -1e300 };
static const ost_blob blobs[] = { { "\0\xff", 2 }, { "", 0 } };
static const ost_time times[] = { { 1709208000123000 }, { -1000 } };
static const ost_date dates[] = { { 0 }, { -5 } };
static const ost_uuid uuids[] = { { { 1 } }, { { 200, 2 } } };
static const ost_object_id objects[] = { { { 1 } }, { { 200, 2 } } };
static const mood moods[] = { MOOD_GOOD, MOOD_LOW };
static ost_decimal prices[2];

#define EACH(X) \
    X(flags)    \
    X(longs) X(naturals) X(reals) X(blobs) X(times) X(dates) X(uuids) X(objects) X(prices) X(moods)

static void counts(rig *r, size_t count, const char *what)
{
    const rack *k = now(r);
#define COUNTED(m)           \
    if (k->m.count != count) \
        fail_msg("%s: %s has %zu", what, #m, k->m.count);
    EACH(COUNTED)
}

static int64_t found(rig *r, const ost_expr *condition)
{
    ost_query *q = ost_from(r->s, rack);
    int64_t n = -1;
    ost_where(q, condition);
    OK(ost_count_of(q, &n));
    return n;
}

static void every_kind_of_item(void **state)
{
    rig *r = *state;
    rack k = { .id = 1 };
    prices[0] = ost_decimal_of(150, 2), prices[1] = ost_decimal_of(-1, 2);
    OK(ost_insert(r->s, rack, &k));
#define PUSHED(m) OK(ost_update_one(which(r), ost_push_many(rack, m, m, 2)));
    EACH(PUSHED)
    counts(r, 2, "push");
#define ADDED(m)                                                 \
    OK(ost_update_one(which(r), ost_add_to_set(rack, m, m[1]))); \
    OK(ost_update_one(which(r), ost_add_to_set(rack, m, m[0])));
    EACH(ADDED)
    counts(r, 2, "add to set");
#define FOUND(m)                                                \
    assert_int_equal(found(r, ost_has_item(rack, m, m[0])), 1); \
    assert_int_equal(found(r, ost_has_item(rack, m, m[1])), 1); \
    assert_int_equal(found(r, ost_cmp_eq(ost_size(rack, m), ost_lit(2))), 1);
    EACH(FOUND)
#define PULLED(m)                                               \
    OK(ost_update_one(which(r), ost_pull(rack, m, m[0])));      \
    assert_int_equal(found(r, ost_has_item(rack, m, m[0])), 0); \
    assert_int_equal(found(r, ost_not(ost_has_item(rack, m, m[0]))), 1);
    EACH(PULLED)
    counts(r, 1, "pull");
#define AGAIN(m) OK(ost_update_one(which(r), ost_add_to_set(rack, m, m[0])));
    EACH(AGAIN)
    counts(r, 2, "add what was pulled");
    const rack *back = now(r);
    assert_true(back->flags.items[0] == false && back->flags.items[1] == true);
    assert_int_equal(back->longs.items[0], INT64_MAX);
    assert_true(back->reals.items[0] == -1e300 && back->reals.items[1] == 0.1);
    assert_int_equal(back->blobs.items[1].size, 2);
    assert_int_equal(back->times.items[1].microseconds, times[0].microseconds);
    assert_int_equal(back->dates.items[0].days, -5);
    assert_memory_equal(&back->uuids.items[0], &uuids[1], sizeof(ost_uuid));
    assert_int_equal(ost_decimal_compare(back->prices.items[0], prices[1]), 0);
    assert_int_equal(back->moods.items[1], MOOD_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RACKS_RIG_ALL(steps_are_those_of_a_program),
        RACKS_RIG_ALL(every_kind_of_item),
    };
    return RIG_RUN(tests);
}
