/* SPDX-License-Identifier: MIT */
/* Steps of the round about soft deletes and default scopes. */
#include "memory_round.h"

static void open_passes(ost_query *q)
{
    ost_where(q, ost_eq(pass, open, true));
    ost_where(q, ost_ne(pass, holder, "a text that is kept by the query"));
    ost_order_by(q, ost_desc(pass, holder));
}

OST_MODEL(pass, .default_scope = open_passes,
          OST_FIELDS(OST_FIELD(pass, id, .primary_key = true),
                     OST_FIELD(pass, holder, .unique = true, .max_length = 40),
                     OST_FIELD(pass, open), OST_FIELD(pass, ended_at, .stamp = OST_ON_DELETE)));

ost_status round_insert_pass(round *r)
{
    pass p[] = { { .id = 1, .holder = "Ada", .open = true },
                 { .id = 2, .holder = "Bob", .open = true },
                 { .id = 3, .holder = "Cyd" } };
    return ost_insert_many(r->s, pass, p, 3);
}

/* A tracked one: it follows, or stays as it was. */
ost_status round_end_pass(round *r)
{
    pass *p = ost_get(r->s, pass, 1);
    if (!p)
        return round_failure(r);
    ost_status status = ost_delete(r->s, pass, p);
    assert_int_equal(p->ended_at.present, status == OST_OK);
    return status;
}

ost_status round_scoped(round *r)
{
    static const int64_t keys[] = { 1, 2, 3 };
    size_t count;
    pass *p = ost_get_many(r->s, pass, keys, 3, &count);
    if (!p)
        return round_failure(r);
    assert_int_equal(count, 1);
    p = ost_get_with_deleted(r->s, pass, 1);
    if (!p)
        return round_failure(r);
    assert_true(p->ended_at.present);
    ost_query *q = ost_from(r->s, pass);
    ost_with_deleted(q);
    ost_order_by(q, ost_asc(pass, open));
    p = ost_all(q, pass, &count);
    if (!p)
        return round_failure(r);
    assert_int_equal(count, 2);
    assert_int_equal(p[0].id, 2);
    ost_unscoped(q);
    p = ost_all(q, pass, &count);
    assert_int_equal(count, p ? 3 : 0);
    return p ? OST_OK : round_failure(r);
}

ost_status round_restore_pass(round *r)
{
    pass own = { .id = 1 };
    return ost_restore(r->s, pass, &own);
}

ost_status round_end_all(round *r)
{
    int64_t n;
    ost_query *q = ost_from(r->s, pass);
    ost_everything(q);
    ost_status status = ost_delete_all(q, &n);
    assert_int_equal(n, status == OST_OK ? 2 : 0);
    return status;
}

ost_status round_restore_all(round *r)
{
    int64_t n;
    ost_query *q = ost_from(r->s, pass);
    ost_where(q, ost_eq(pass, holder, "Bob"));
    ost_status status = ost_restore_all(q, &n);
    assert_int_equal(n, status == OST_OK ? 1 : 0);
    return status;
}

ost_status round_purge_pass(round *r)
{
    return ost_purge(r->s, pass, &(pass){ .id = 1 });
}
