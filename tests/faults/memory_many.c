/* SPDX-License-Identifier: MIT */
/* Steps of the round about many records at once, locks and limits. */
#include "memory_round.h"

ost_status round_get_many(round *r)
{
    static const int64_t keys[] = { 71, 2, 999, 70, 71, 1 };
    static const int64_t found[] = { 71, 2, 70, 1 };
    size_t count;
    const work *works = ost_get_many(r->s, work, keys, 6, &count);
    if (!works)
        return round_failure(r);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(works[i].id, found[i]);
    return OST_OK;
}

/* Works by their keys, some with another title and some with another year. */
static ost_status save_some(round *r)
{
    size_t count;
    ost_query *q = ost_from(r->s, work);
    ost_order_by(q, ost_asc(work, id));
    work *works = ost_all(q, work, &count);
    if (!works)
        return round_failure(r);
    assert_int_equal(count, 6);
    works[0].title = "a title that was changed among others";
    works[1].year = 2001;
    works[2].year = 2002;
    works[4].title = "another of them";
    return ost_save_many(r->s, work, works, count);
}

ost_status round_save_many(round *r)
{
    return save_some(r);
}

/* Inside a transaction: the savepoint is undone, and with it the whole. */
ost_status round_save_many_in_unit(round *r)
{
    size_t count;
    OST_TRY(ost_begin(r->s, NULL));
    work *works = ost_all(ost_from(r->s, work), work, &count);
    ost_status status = works ? OST_OK : round_failure(r);
    for (size_t i = 0; works && i < count; i++)
        works[i].year = 1800 + (int)i;
    if (works)
        status = ost_save_many(r->s, work, works, count);
    assert_int_equal(ost_rollback(r->s), OST_OK);
    return status;
}

ost_status round_locked(round *r)
{
    size_t count;
    OST_TRY(ost_begin(r->s, NULL));
    ost_query *q = ost_from(r->s, work);
    ost_lock(q, OST_LOCK_UPDATE);
    ost_status status = ost_all(q, work, &count) ? OST_OK : round_failure(r);
    if (status == OST_OK)
        return ost_commit(r->s);
    assert_int_equal(ost_rollback(r->s), OST_OK);
    return status;
}

ost_status round_limited(round *r)
{
    int64_t matched;
    ost_query *q = ost_from(r->s, work);
    ost_everything(q);
    ost_order_by(q, ost_desc(work, year));
    ost_limit(q, 2);
    ost_offset(q, 1);
    ost_status status = ost_update(q, &matched, ost_inc(work, year, 1));
    assert_int_equal(matched, status == OST_OK ? 2 : 0);
    return status;
}
