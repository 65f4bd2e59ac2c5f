/* SPDX-License-Identifier: MIT */
/* Converted members under rules and hooks, in transactions that are undone, and where a conversion
 * refuses. */
#include "converted.h"

#include <stdio.h>

static crate of(int64_t cents, const char *currency)
{
    return (crate){ .value = converted_money(cents, currency), .paint = { 0, 0, 9 } };
}

static crate *get(rig *r, int64_t id)
{
    crate *c = ost_get(r->s, crate, id);
    OK(c ? OST_OK : (ost_status)ost_session_error(r->s)->status);
    return c;
}

static crate *stored(rig *r, int64_t cents)
{
    crate c = of(cents, "EUR");
    OK(ost_insert(r->s, crate, &c));
    return get(r, c.id);
}

/* ---- rules ---- */

static void rules_see_the_stored_form(void **state)
{
    rig *r = *state;
    ost_failure f;
    crate c = of(5, "eur"), many[3] = { of(1, "EUR"), of(2, "e"), of(13, "EUR") };
    FAILS(OST_INVALID, "must be in a currency", ost_insert(r->s, crate, &c));
    c = (crate){ 0 };
    FAILS(OST_INVALID, "crate.value", ost_insert(r->s, crate, &c));
    c = of(5, "EUR");
    c.paint = (rgb){ 0, 0, 0 };
    FAILS(OST_INVALID, "crate.paint", ost_insert(r->s, crate, &c));
    FAILS(OST_INVALID, "record 1", ost_insert_many(r->s, crate, many, 3));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "[1].value");
    assert_string_equal(f.rule, "pattern");
    assert_true(ost_error_failure(ost_session_error(r->s), 1, &f));
    assert_string_equal(f.path, "[2].value");
    assert_string_equal(f.rule, "converts");
    assert_string_equal(f.message, "must not be 13 cents");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
}

static void what_rules_make_of_it_comes_back(void **state)
{
    rig *r = *state;
    /* Trimmed in its stored form, so that the member is another one too. */
    crate c = of(5, "EUR");
    OK(ost_insert(r->s, crate, &c));
    crate *p = get(r, c.id);
    assert_int_equal(p->old.cents, 0);
    p = ost_new(r->s, crate);
    assert_non_null(p);
    assert_int_equal(p->old.cents, 100);
    assert_string_equal(p->old.currency, "EUR");
    assert_int_equal(p->paint.blue, 255);
    p->value = converted_money(6, "EUR");
    OK(ost_insert(r->s, crate, p));
    p->value.cents = 7;
    OK(ost_save(r->s, crate, p));
    p = get(r, p->id);
    assert_int_equal(p->value.cents, 7);
    assert_int_equal(p->old.cents, 100);
    assert_int_equal(p->version, 2);
}

static void immutable_ones_stay(void **state)
{
    rig *r = *state;
    crate c = of(5, "EUR");
    c.old = converted_money(50, "EUR");
    OK(ost_insert(r->s, crate, &c));
    crate *p = get(r, c.id);
    p->old.cents = 51;
    FAILS(OST_INVALID, "crate.old", ost_save(r->s, crate, p));
    p->old = converted_money(50, "EUR");
    p->value.cents = 6;
    OK(ost_save(r->s, crate, p));
    c.old.cents = 52;
    c.value.cents = 8;
    c.version = p->version;
    OK(ost_replace(r->s, crate, &c));
    p = get(r, c.id);
    assert_int_equal(p->old.cents, 50);
    assert_int_equal(p->value.cents, 8);
    ost_query *q = ost_from(r->s, crate);
    ost_where(q, ost_eq(crate, id, c.id));
    FAILS(OST_INVALID, "crate.old",
          ost_update(q, NULL, ost_set_converted(crate, old, &(money){ 1, "EUR" })));
}

static void unique_ones_conflict(void **state)
{
    rig *r = *state;
    ware a = converted_ware(1), b = converted_ware(2);
    b.code = a.code;
    OK(ost_insert(r->s, ware, &a));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, ware, &b));
    assert_string_equal(ost_session_error(r->s)->field, "code");
    b.code = (money){ 0 };
    a.code = (money){ 0 };
    OK(ost_insert(r->s, ware, &b));
    b.id = 0;
    OK(ost_insert(r->s, ware, &b));
}

/* ---- refusals ---- */

static void a_store_that_refuses_stops_the_write(void **state)
{
    rig *r = *state;
    int64_t n = 7;
    crate *p = stored(r, 100), c;
    rig_forget(r);
    p->value.cents = 13;
    FAILS(OST_INVALID, "crate.value: must not be 13 cents", ost_save(r->s, crate, p));
    FAILS(OST_INVALID, "must not be 13 cents", ost_replace(r->s, crate, p));
    FAILS(OST_INVALID, "must not be 13 cents", ost_save_many(r->s, crate, p, 1));
    p->value.cents = 17;
    FAILS(OST_INVALID, "crate.value: is not valid", ost_save(r->s, crate, p));
    p->value.cents = 19;
    FAILS(OST_TIMEOUT, "the conversion of crate.value returned OST_TIMEOUT",
          ost_save(r->s, crate, p));
    c = of(19, "EUR");
    FAILS(OST_TIMEOUT, "returned OST_TIMEOUT", ost_insert(r->s, crate, &c));
    FAILS(OST_TIMEOUT, "record 0", ost_insert_many(r->s, crate, &c, 1));
    FAILS(OST_TIMEOUT, "returned OST_TIMEOUT", ost_upsert(r->s, crate, p, NULL, NULL));
    FAILS(OST_TIMEOUT, "record 0", ost_upsert_many(r->s, crate, p, 1, NULL, NULL));
    ost_query *q = ost_from(r->s, crate);
    ost_everything(q);
    FAILS(OST_INVALID, "is not valid",
          ost_update(q, &n, ost_set_converted(crate, value, &(money){ 17, "EUR" })));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_int_equal(rig_count(r, rig_word(r, "INSERT")), 0);
    assert_int_equal(rig_count(r, rig_word(r, "UPDATE")), 0);
    p->value.cents = 101;
    OK(ost_save(r->s, crate, p));
    /* What cannot be stored can be deleted. */
    p->value.cents = 13;
    OK(ost_delete(r->s, crate, p));
}

/* Stores what no load takes, as somebody else would. */
static void spoil(rig *r, int64_t id, const char *text)
{
    const ost_expr set = { .op = OST_OP_SET,
                           .struct_size = sizeof(set),
                           .model = &ware_model,
                           .member = OST_AT(ware, price),
                           .value = ost_val(text) };
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, id));
    OK(ost_update(q, NULL, &set));
}

static void a_load_that_refuses_gives_nothing(void **state)
{
    rig *r = *state;
    enum { MANY = 20 };
    ware many[MANY];
    int64_t keys[MANY];
    size_t count = 9;
    for (int i = 0; i < MANY; i++)
        many[i] = converted_ware(i);
    OK(ost_insert_many(r->s, ware, many, MANY));
    for (int i = 0; i < MANY; i++)
        keys[i] = many[i].id;
    ware *loaded = ost_get(r->s, ware, many[11].id);
    spoil(r, many[11].id, "dear");
    NULLS(OST_RANGE, "ware.price: is no sum of money", ost_all(ost_from(r->s, ware), ware, &count));
    assert_int_equal(count, 0);
    assert_string_equal(ost_session_error(r->s)->model, "ware");
    assert_string_equal(ost_session_error(r->s)->field, "price");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    NULLS(OST_RANGE, "is no sum of money", ost_get(r->s, ware, many[11].id));
    NULLS(OST_RANGE, "is no sum of money", ost_get_many(r->s, ware, keys, MANY, &count));
    FAILS(OST_RANGE, "is no sum of money", ost_reload(r->s, ware, loaded));
    converted_same(&many[11], loaded);
    ost_query *q = ost_from(r->s, ware);
    ost_order_by(q, ost_asc(ware, id));
    ost_cursor *c = ost_stream(q, 4);
    for (count = 0; ost_next(c, ware); count++)
        ;
    assert_int_equal(count, 8);
    FAILS(OST_RANGE, "is no sum of money", ost_cursor_close(c));
    /* Without the member it is like any other. */
    q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, many[11].id));
    ost_select(q, ost_as(ware, id, ost_col(ware, id)), ost_as(ware, tint, ost_col(ware, tint)));
    const ware *some = ost_first(q, ware);
    assert_non_null(some);
    assert_int_equal(some->tint.blue, 11);
    spoil(r, many[11].id, "late");
    NULLS(OST_TIMEOUT, "the conversion of ware.price returned OST_TIMEOUT",
          ost_get(r->s, ware, many[11].id));
    OK(ost_save(r->s, ware, loaded));
    loaded->price.cents = 1;
    OK(ost_save(r->s, ware, loaded));
    assert_int_equal(((ware *)ost_get(r->s, ware, many[11].id))->price.cents, 1);
}

static void counts_a_stop(void *context, const ost_fake_moment *moment)
{
    (void)moment;
    ++*(int *)context;
}

/* How many came, by three at a time, before one that no load takes. */
static int read_from(rig *r, int64_t id)
{
    int rows = 0;
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_ge(ware, id, id));
    ost_order_by(q, ost_asc(ware, id));
    ost_cursor *c = ost_stream(q, 3);
    while (ost_next(c, ware))
        rows++;
    FAILS(OST_RANGE, "is no sum of money", ost_cursor_close(c));
    return rows;
}

static void a_load_that_refuses_stops_the_stream(void **state)
{
    rig *r = *state;
    enum { MANY = 12 };
    ware many[MANY];
    int stops = 0;
    for (int i = 0; i < MANY; i++)
        many[i] = converted_ware(i);
    OK(ost_insert_many(r->s, ware, many, MANY));
    rig_rule(r, OST_FAKE_RULE(.point = OST_FAKE_AT_STOP_STREAM, .action = OST_FAKE_CALL,
                              .times = OST_FAKE_ALWAYS, .call = counts_a_stop, .context = &stops));
    OK(ost_begin(r->s, NULL));
    spoil(r, many[1].id, "dear");
    spoil(r, many[9].id, "dear");
    assert_int_equal(read_from(r, many[0].id), 0);
    assert_int_equal(stops, 1);
    assert_int_equal(read_from(r, many[4].id), 3);
    assert_int_equal(stops, 2);
    OK(ost_rollback(r->s));
}

static const ware *watched(ost_watcher *w, ost_watch_event *event)
{
    const ware *seen = NULL;
    for (int i = 0; i < 40; i++) {
        seen = ost_watch_next(w, ware, event);
        if (event->status != OST_TIMEOUT)
            break;
    }
    return seen;
}

static void a_load_that_refuses_is_passed_by(void **state)
{
    rig *r = *state;
    ost_watch_event event;
    ware good = converted_ware(1), bad = converted_ware(2);
    OK(ost_insert(r->s, ware, &bad));
    ost_session *s = rig_session(r, NULL);
    ost_watcher *w = ost_watch(ost_from(s, ware), OST_WATCH(.wait_ms = 500));
    assert_non_null(w);
    assert_null(ost_watch_next(w, ware, &event));
    spoil(r, bad.id, "dear");
    OK(ost_insert(r->s, ware, &good));
    assert_null(watched(w, &event));
    assert_int_equal(event.status, OST_RANGE);
    assert_int_equal(event.kind, OST_WATCH_UPDATED);
    assert_true(event.token.size > 0);
    assert_string_equal(ost_session_error(s)->field, "price");
    assert_int_equal(ost_session_error(s)->nothing_sent, 0);
    const ost_blob behind = event.token;
    const ware *seen = watched(w, &event);
    assert_non_null(seen);
    assert_int_equal(event.kind, OST_WATCH_INSERTED);
    converted_same(&good, seen);
    assert_int_equal(ost_watch_close(w), OST_OK);
    /* Also from what was told of it. */
    w = ost_watch(ost_from(s, ware), OST_WATCH(.wait_ms = 500, .after = behind));
    assert_non_null(w);
    seen = watched(w, &event);
    assert_non_null(seen);
    converted_same(&good, seen);
    assert_int_equal(ost_watch_close(w), OST_OK);
    ost_session_close(s);
}

static void a_load_that_refuses_after_a_write_is_told(void **state)
{
    rig *r = *state;
    ware w = converted_ware(1);
    OK(ost_insert(r->s, ware, &w));
    spoil(r, w.id, "dear");
    ost_query *q = ost_from(r->s, ware);
    ost_where(q, ost_eq(ware, id, w.id));
    OK(ost_begin(r->s, NULL));
    NULLS(OST_RANGE, "is no sum of money",
          ost_find_and_update(q, ware, OST_RETURN_NEW,
                              ost_set_converted(ware, tint, &(rgb){ 9, 9, 9 })));
    /* The unit is doomed: what it wrote is not to be kept by a program that did not see it. */
    NULLS(OST_RANGE, "", ost_get(r->s, ware, w.id));
    OK(ost_rollback(r->s));
    assert_int_equal(converted_column(r, w.id)->tint, 0x010201);
}

/* ---- hooks ---- */

static int ran;
static bool changed_value, changed_paint;
static int64_t loaded_cents;

static void raise(const char *name, ost_call *call, crate *c)
{
    ran++;
    if (strcmp(name, "before_validate") == 0 && c->value.cents == 13)
        c->value.cents = 14;
    if (strcmp(name, "before_save") == 0) {
        const crate *before = ost_loaded(call, crate);
        changed_value = ost_changed(call, crate, value);
        changed_paint = ost_changed(call, crate, paint);
        loaded_cents = before ? before->value.cents : -1;
        c->paint.red = 1;
    }
    if (strcmp(name, "before_save") == 0 && c->value.cents == 99)
        c->value.cents = 13;
}

static void hooks_see_and_change_the_members(void **state)
{
    rig *r = *state;
    crate_hook = raise;
    crate c = of(13, "EUR");
    OK(ost_insert(r->s, crate, &c));
    assert_int_equal(c.value.cents, 14);
    assert_int_equal(c.paint.red, 1);
    assert_int_equal(loaded_cents, -1);
    crate *p = get(r, c.id);
    assert_int_equal(p->value.cents, 14);
    assert_int_equal(p->paint.red, 1);
    p->value.cents = 15;
    OK(ost_save(r->s, crate, p));
    assert_true(changed_value);
    assert_false(changed_paint);
    assert_int_equal(loaded_cents, 14);
    p->paint.blue = 33;
    OK(ost_save_many(r->s, crate, p, 1));
    assert_false(changed_value);
    assert_true(changed_paint);
    ran = 0;
    OK(ost_save(r->s, crate, p));
    assert_int_equal(ran, 0);
    assert_int_equal(get(r, c.id)->paint.blue, 33);
    p->value.cents = 99;
    FAILS(OST_INVALID, "must not be 13 cents", ost_save(r->s, crate, p));
    assert_int_equal(p->value.cents, 99);
    crate many[2] = { of(1, "EUR"), of(2, "EUR") };
    OK(ost_insert_many(r->s, crate, many, 2));
    assert_int_equal(many[1].paint.red, 1);
    crate up = of(3, "EUR");
    up.id = c.id;
    up.old = converted_money(1, "EUR");
    OK(ost_upsert(r->s, crate, &up, NULL, NULL));
    assert_int_equal(get(r, c.id)->value.cents, 3);
    assert_int_equal(get(r, c.id)->paint.red, 1);
}

static void loaded_hook(const char *name, ost_call *call, crate *c)
{
    (void)call;
    if (strcmp(name, "after_load") == 0) {
        assert_string_equal(c->value.currency, "EUR");
        c->value.cents++;
    }
}

static void members_are_there_after_load(void **state)
{
    rig *r = *state;
    crate c = of(20, "EUR");
    OK(ost_insert(r->s, crate, &c));
    crate_hook = loaded_hook;
    crate *p = get(r, c.id);
    assert_int_equal(p->value.cents, 21);
    OK(ost_save(r->s, crate, p));
    crate_hook = NULL;
    assert_int_equal(get(r, c.id)->value.cents, 21);
}

/* ---- units ---- */

static void a_rollback_gives_them_back(void **state)
{
    rig *r = *state;
    ware w = converted_ware(1), fresh = converted_ware(2);
    OK(ost_insert(r->s, ware, &w));
    ware *p = ost_get(r->s, ware, w.id), *n = ost_new(r->s, ware);
    OK(ost_begin(r->s, NULL));
    p->price.cents = 50;
    OK(ost_save(r->s, ware, p));
    p->price.cents = 51;
    int64_t id = n->id;
    *n = fresh;
    n->id = id;
    OK(ost_insert(r->s, ware, n));
    n->tint.red = 77;
    OK(ost_save(r->s, ware, n));
    OK(ost_rollback(r->s));
    assert_string_equal(converted_column(r, w.id)->price, "1001 EUR");
    OK(ost_save(r->s, ware, p));
    assert_string_equal(converted_column(r, w.id)->price, "51 EUR");
    OK(ost_insert(r->s, ware, n));
    fresh.id = n->id;
    converted_same(&fresh, ost_get(r->s, ware, n->id));
}

/* A body that is run again sees what its first attempt saw. */
static ost_status changes_twice(ost_session *session, const ost_attempt *attempt, void *context)
{
    ware *p = context;
    assert_int_equal(p->price.cents, 1001);
    assert_int_equal(p->tint.red, 1);
    p->price.cents = 60 + (int64_t)attempt->number;
    p->tint.red = 2;
    return ost_save(session, ware, p);
}

static void attempts_see_them_as_they_were(void **state)
{
    rig *r = *state;
    ware w = converted_ware(1);
    OK(ost_insert(r->s, ware, &w));
    ware *p = ost_get(r->s, ware, w.id);
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_COMMIT), .action = OST_FAKE_REFUSE,
                              .status = OST_SERIALIZATION, .effects = OST_FAKE_ENDS_UNIT));
    OK(ost_transaction(r->s, changes_twice, p, OST_TRANSACTION(.max_attempts = 2)));
    assert_int_equal(p->price.cents, 62);
    assert_string_equal(converted_column(r, w.id)->price, "62 EUR");
    rig_forget(r);
    OK(ost_save(r->s, ware, p));
    assert_int_equal(rig_sent(r), 0);
}

static void deleted_ones_are_restored(void **state)
{
    rig *r = *state;
    crate *p = stored(r, 30);
    OK(ost_delete(r->s, crate, p));
    assert_null(ost_find(r->s, crate, ost_eq_converted(crate, value, &(money){ 30, "EUR" })));
    OK(ost_restore(r->s, crate, p));
    assert_non_null(ost_find(r->s, crate, ost_eq_converted(crate, value, &(money){ 30, "EUR" })));
    p->value.cents = 31;
    OK(ost_save(r->s, crate, p));
    crate *other = ost_get(r->s, crate, p->id);
    p->value.cents = 32;
    OK(ost_save(r->s, crate, p));
    other->value.cents = 33;
    FAILS(OST_STALE, "", ost_save(r->s, crate, other));
}

static void sorted_ones_are_found(void **state)
{
    rig *r = *state;
    size_t count;
    for (int i = 1; i <= 3; i++)
        stored(r, 10 * i);
    ost_query *q = ost_from(r->s, crate);
    ost_order_by(q, ost_asc(crate, id));
    crate *all = ost_all(q, crate, &count), first = all[0];
    assert_int_equal(count, 3);
    all[0] = all[2];
    all[2] = first;
    all[0].value.cents = 31;
    OK(ost_save_many(r->s, crate, all, 3));
    assert_int_equal(get(r, all[0].id)->value.cents, 31);
    assert_int_equal(get(r, all[2].id)->value.cents, 10);
}

/* ---- memory ---- */

static void memory_that_is_short_leaves_nothing_half(void **state)
{
    rig *r = *state;
    enum { COUNT = 9 };
    ware w = converted_ware(20), many[COUNT];
    bool failed = true;
    OK(ost_insert(r->s, ware, &w));
    for (int i = 0; i < COUNT; i++)
        many[i] = converted_ware(i);
    for (long n = 1; failed; n += 1 + n / 8) {
        ost_session *s = rig_session(r, NULL);
        atomic_store(&r->calls, 0);
        atomic_store(&r->fail_at, n);
        ware *back = ost_get(s, ware, w.id);
        bool saved = false, wrote = false;
        if (back) {
            back->price.cents = 5000 + n;
            saved = ost_save(s, ware, back) == OST_OK;
            wrote = ost_insert_many(s, ware, many, COUNT) == OST_OK;
        }
        failed = atomic_load(&r->calls) >= n;
        atomic_store(&r->fail_at, 0);
        if (!back || !saved || !wrote)
            assert_int_equal(ost_session_error(s)->status, OST_NO_MEMORY);
        if (saved)
            w.price.cents = 5000 + n;
        if (back) {
            converted_same(&w, ost_get(r->s, ware, w.id));
            assert_string_equal(back->maker.first, "Ada20");
        }
        if (wrote) {
            assert_false(failed);
            converted_same(&many[3], ost_get(r->s, ware, many[3].id));
        }
        ost_session_close(s);
        for (int i = 0; i < COUNT && !wrote; i++)
            many[i].id = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONVERTED_RIG_ALL(rules_see_the_stored_form),
        CONVERTED_RIG_ALL(what_rules_make_of_it_comes_back),
        CONVERTED_RIG_ALL(immutable_ones_stay),
        CONVERTED_RIG_ALL(unique_ones_conflict),
        CONVERTED_RIG_ALL(a_store_that_refuses_stops_the_write),
        CONVERTED_RIG_ALL(a_load_that_refuses_gives_nothing),
        CONVERTED_ON(a_load_that_refuses_stops_the_stream, RIG_BLOCKING),
        CONVERTED_ON(a_load_that_refuses_stops_the_stream, RIG_BATCHES),
        CONVERTED_ON(a_load_that_refuses_stops_the_stream, RIG_PIPELINE),
        CONVERTED_ON(a_load_that_refuses_is_passed_by, RIG_MONGODB),
        CONVERTED_RIG_ALL(a_load_that_refuses_after_a_write_is_told),
        CONVERTED_RIG_ALL(hooks_see_and_change_the_members),
        CONVERTED_RIG_ALL(members_are_there_after_load),
        CONVERTED_RIG_ALL(a_rollback_gives_them_back),
        CONVERTED_ON(attempts_see_them_as_they_were, RIG_BLOCKING),
        CONVERTED_ON(attempts_see_them_as_they_were, RIG_PIPELINE),
        CONVERTED_RIG_ALL(deleted_ones_are_restored),
        CONVERTED_RIG_ALL(sorted_ones_are_found),
        CONVERTED_ON(memory_that_is_short_leaves_nothing_half, RIG_MEMORY),
        CONVERTED_ON(memory_that_is_short_leaves_nothing_half, RIG_FILE),
    };
    return RIG_RUN(tests);
}
