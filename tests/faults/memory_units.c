/* SPDX-License-Identifier: MIT */
/* Steps of the round that take place inside transactions. */
#include "memory_round.h"

#include <stdio.h>

/* ---- the calls inside ---- */

static ost_status add_writer(round *r)
{
    writer alan = { .name = "Alan Turing" };
    return ost_insert(r->s, writer, &alan);
}

static ost_status add_label(round *r)
{
    label one = { .code = "undone" };
    return ost_insert(r->s, label, &one);
}

static ost_status change_ada(round *r)
{
    r->ada->name = "Ada, changed inside a transaction";
    return ost_save(r->s, writer, r->ada);
}

static ost_status raise_prices(round *r)
{
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_starts_with(work, title, "cobol"));
    return ost_update(q, NULL, ost_inc(work, price, ost_decimal_of(1, 0)));
}

static ost_status count_works(round *r)
{
    int64_t n = 0;
    ost_status status = ost_count_of(ost_from(r->s, work), &n);
    if (status == OST_OK)
        assert_int_equal(n, 6);
    return status;
}

/* A savepoint whose work is undone; the transaction around it goes on. */
static ost_status undone_savepoint(round *r)
{
    OST_TRY(ost_begin(r->s, NULL));
    ost_status status = add_label(r);
    if (status == OST_OK)
        status = change_ada(r);
    assert_int_equal(ost_rollback(r->s), OST_OK);
    return status;
}

static ost_status kept_savepoint(round *r)
{
    OST_TRY(ost_begin(r->s, NULL));
    ost_status status = raise_prices(r);
    if (status == OST_OK)
        return ost_commit(r->s);
    assert_int_equal(ost_rollback(r->s), OST_OK);
    return status;
}

static ost_status (*const calls[])(round *) = {
    add_writer, undone_savepoint, count_works, kept_savepoint, change_ada,
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* ---- the steps ---- */

ost_status round_unit(round *r)
{
    OST_TRY(ost_begin(r->s, NULL));
    for (size_t i = 0; i < CALLS; i++) {
        ost_status status = calls[i](r);
        if (status == OST_OK)
            continue;
        assert_int_equal(ost_rollback(r->s), OST_OK);
        return status;
    }
    return ost_commit(r->s);
}

static ost_status (*const further_calls[])(round *) = {
    undone_savepoint, count_works, kept_savepoint, count_works, kept_savepoint,
};

/*
 * Goes on after a failure, as a program may that knows better: either the call succeeds the second
 * time, or the transaction is doomed and its commit fails with the first error.
 */
ost_status round_unit_forgiving(round *r)
{
    OST_TRY(ost_begin(r->s, NULL));
    ost_status first = OST_OK;
    bool doomed = false;
    for (size_t i = 0; i < CALLS; i++) {
        ost_status status = further_calls[i](r);
        if (status == OST_OK)
            continue;
        if (first == OST_OK)
            first = status;
        faulty_disarm(&r->memory);
        status = further_calls[i](r);
        doomed |= status != OST_OK;
        if (doomed)
            assert_int_equal(status, first);
    }
    ost_status status = ost_commit(r->s);
    if (doomed)
        assert_int_equal(status, first);
    return status;
}

/* Records that go in several runs are all stored or none, also where the transaction is committed
 * after a failure. */
ost_status round_many_in_unit(round *r)
{
    label some[4] = {
        { .code = "many 1" }, { .code = "many 2" }, { .code = "many 3" }, { .code = "many 4" }
    };
    work works[3] = {
        { .id = 0, .writer_id = 1, .title = "many" },
        { .id = 500, .writer_id = 1, .title = "many" },
        { .id = 0, .writer_id = 1, .title = "many" },
    };
    OST_TRY(ost_begin(r->s, NULL));
    ost_status status = ost_insert_many(r->s, work, works, 3);
    if (status == OST_OK)
        status = ost_insert_many(r->s, label, some, 4);
    if (status != OST_OK) {
        /* Whatever it says: nothing but whole calls may be stored. */
        faulty_disarm(&r->memory);
        int64_t n;
        if (ost_commit(r->s) == OST_OK) {
            ost_query *q = ost_from(r->s, work);
            ost_where(q, ost_eq(work, title, "many"));
            assert_int_equal(ost_count_of(q, &n), OST_OK);
            assert_true(n == 0 || n == 3);
            assert_int_equal(ost_delete_all(q, NULL), OST_OK);
            q = ost_from(r->s, label);
            ost_where(q, ost_starts_with(label, code, "many "));
            assert_int_equal(ost_count_of(q, &n), OST_OK);
            assert_int_equal(n, 0);
        }
        return status;
    }
    assert_true(works[2].id == 501);
    assert_int_equal(ost_rollback(r->s), OST_OK);
    return OST_OK;
}

static ost_status body(ost_session *s, const ost_attempt *attempt, void *context)
{
    round *r = context;
    writer *linus = ost_new(s, writer);
    (void)attempt;
    if (!linus)
        return round_failure(r);
    linus->name = "Linus, whom nobody knew";
    OST_TRY(ost_insert(s, writer, linus));
    linus->born.value = 1969;
    OST_TRY(ost_save(s, writer, linus));
    return undone_savepoint(r);
}

/* With several attempts allowed, all that is tracked is remembered first. */
ost_status round_transaction(round *r)
{
    return ost_transaction(r->s, body, r, OST_TRANSACTION(.max_attempts = 2));
}
