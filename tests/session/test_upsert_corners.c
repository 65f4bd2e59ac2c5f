/* SPDX-License-Identifier: MIT */
/* Upserts beside hooks, structs inside, sorted arrays and unique indexes with a condition. */
#include "rig.h"

#include <stdlib.h>

typedef struct desk {
    const char *street;
    int floor;
} desk;
OST_PART(desk);
OST_MODEL(desk, OST_FIELDS(OST_FIELD(desk, street), OST_FIELD(desk, floor)));

typedef struct badge {
    int64_t id;
    const char *origin;
    int uses;
    desk home;
} badge;
OST_RECORD(badge, id);

typedef struct stamped_badge {
    int64_t id;
    const char *origin;
    int uses;
} stamped_badge;
OST_RECORD(stamped_badge, id);

typedef struct pass {
    int64_t id;
    const char *email;
    bool active;
} pass;
OST_RECORD(pass, id);

static ost_status say_where_from(ost_call *call, void *record)
{
    stamped_badge *b = record;
    (void)call;
    if (!b->origin)
        b->origin = "here";
    return OST_OK;
}

OST_MODEL(badge, OST_FIELDS(OST_FIELD(badge, id, .primary_key = true), OST_FIELD(badge, origin),
                            OST_FIELD(badge, uses), OST_EMBED(badge, home, desk)));
OST_MODEL(stamped_badge, .before_save = say_where_from,
          OST_FIELDS(OST_FIELD(stamped_badge, id, .primary_key = true),
                     OST_FIELD(stamped_badge, origin, .immutable = true, .max_length = 20),
                     OST_FIELD(stamped_badge, uses)));
OST_MODEL(pass,
          OST_FIELDS(OST_FIELD(pass, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(pass, email, .max_length = 40), OST_FIELD(pass, active)),
          OST_INDEXES({ OST_COLUMNS(OST_ASC(pass, email)), .unique = true,
                        .where = OST_WHERE_EQ(pass, active, OST_BOOL(true)) }));

static rig *open_with(void **state, const ost_model *const *models)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, &(const ost_options){ .struct_size = sizeof(ost_options), .models = models });
    return r;
}

static void a_hook_may_set_what_is_immutable(void **state)
{
    rig *r = open_with(state, OST_MODELS(&stamped_badge_model));
    enum ost_effect effect = OST_EFFECT_NONE;
    bool created = false;
    stamped_badge b = { .id = 1, .uses = 1 }, many[2] = { { .id = 2 }, { .id = 3 } };
    OK(ost_upsert(r->s, stamped_badge, &b, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    b = (stamped_badge){ .id = 1, .uses = 2, .origin = "elsewhere" };
    OK(ost_upsert(r->s, stamped_badge, &b, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    OK(ost_upsert_many(r->s, stamped_badge, many, 2, NULL, NULL));
    assert_non_null(ost_find_or_create(r->s, stamped_badge, &created, &(stamped_badge){ .id = 4 },
                                       ost_col(stamped_badge, id)));
    assert_true(created);
    for (int64_t id = 1; id <= 4; id++) {
        const stamped_badge *back = ost_get(r->s, stamped_badge, id);
        assert_non_null(back);
        assert_string_equal(back->origin, "here");
    }
}

static void texts_inside_structs_of_the_programs_stay_its_own(void **state)
{
    rig *r = open_with(state, OST_MODELS(&badge_model));
    const char *const elm = "Elm Street", *const oak = "Oak Street";
    badge b = { .id = 1, .home = { .street = elm, .floor = 1 } }, many[1];
    OK(ost_upsert(r->s, badge, &b, NULL, NULL));
    b.home = (desk){ .street = oak, .floor = 2 };
    OK(ost_upsert(r->s, badge, &b, OST_UPSERT(.keep = true), NULL));
    assert_int_equal(b.home.floor, 1);
    assert_ptr_equal(b.home.street, oak);
    many[0] = (badge){ .id = 1, .home = { .street = oak, .floor = 3 } };
    OK(ost_upsert_many(r->s, badge, many, 1, OST_UPSERT(.keep = true), NULL));
    assert_int_equal(many[0].home.floor, 1);
    assert_ptr_equal(many[0].home.street, oak);
}

static int by_uses(const void *a, const void *b)
{
    return ((const badge *)a)->uses - ((const badge *)b)->uses;
}

static void records_of_a_sorted_array_keep_their_snapshots(void **state)
{
    rig *r = open_with(state, OST_MODELS(&badge_model));
    size_t count = 0;
    for (int i = 0; i < 3; i++)
        OK(ost_insert(r->s, badge, &(badge){ .id = i + 1, .uses = 3 - i }));
    ost_query *q = ost_from(r->s, badge);
    ost_order_by(q, ost_asc(badge, id));
    badge *all = ost_all(q, badge, &count);
    assert_int_equal(count, 3);
    qsort(all, 3, sizeof *all, by_uses);
    all[0].uses = 7;
    OK(ost_upsert(r->s, badge, &all[0], NULL, NULL));
    rig_forget(r);
    for (size_t i = 0; i < 3; i++)
        OK(ost_save(r->s, badge, &all[i]));
    assert_int_equal(rig_sent(r), 0);
    all[2].uses = 8;
    OK(ost_save(r->s, badge, &all[2]));
    assert_int_equal(((const badge *)ost_get(r->s, badge, 3))->uses, 7);
    assert_int_equal(((const badge *)ost_get(r->s, badge, 1))->uses, 8);
    assert_int_equal(((const badge *)ost_get(r->s, badge, 2))->uses, 2);
}

static void an_index_with_a_condition_is_no_key(void **state)
{
    rig *r = open_with(state, OST_MODELS(&pass_model));
    OK(ost_insert(r->s, pass, &(pass){ .email = "a@x", .active = true }));
    pass p = { .email = "a@x" };
    rig_forget(r);
    FAILS(OST_MISUSE, "is no declared key",
          ost_upsert(r->s, pass, &p, OST_UPSERT(OST_BY(ost_col(pass, email))), NULL));
    assert_null(ost_find_or_create(r->s, pass, NULL, &p, ost_col(pass, email)));
    assert_int_equal(ost_session_error(r->s)->status, OST_MISUSE);
    assert_int_equal(rig_sent(r), 0);
}

/* Among the living it would meet one that lives, or none, as the database sees it. */
static void a_deleted_record_meets_nobody_among_the_living(void **state)
{
    rig *r = *state;
    patron p = { .email = "ada@example.org" };
    const ost_upsert_options *by_email = OST_UPSERT(OST_BY(ost_col(patron, email)));
    OK(ost_insert(r->s, patron, &p));
    p.id = 0;
    p.deleted_at = (ost_opt_time)OST_SOME((ost_time){ 1000000 });
    rig_forget(r);
    FAILS(OST_INVALID, "patron.deleted_at is set", ost_upsert(r->s, patron, &p, by_email, NULL));
    FAILS(OST_INVALID, "patron.deleted_at is set",
          ost_upsert_many(r->s, patron, &p, 1, by_email, NULL));
    NULLS(OST_INVALID, "patron.deleted_at is set",
          ost_find_or_create(r->s, patron, NULL, &p, ost_col(patron, email)));
    assert_int_equal(rig_sent(r), 0);
    /* By its primary key it is met as any. */
    p.id = 77;
    p.card = 5;
    p.email = "eve@example.org";
    OK(ost_upsert(r->s, patron, &p, NULL, NULL));
}

/*
 * Two that are both new may meet in another unique key first: the server looks for the declared one
 * in vain, and then finds the other one's record in its way. It is there by its declared key when
 * that is looked for once more; a conflict that is one stays.
 */
static void whoever_was_faster_is_met_by_the_declared_key(void **state)
{
    rig *r = *state;
    site one = { .path = "/a", .visits = 1 },
         two[2] = { { .path = "/a" }, { .path = "/b", .place = 1 } };
    enum ost_effect effect, effects[2];
    const ost_upsert_options *by_path = OST_UPSERT(OST_BY(ost_col(site, path)));
    const ost_fake_rule *met =
        OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_UPSERT), .action = OST_FAKE_REFUSE,
                      .status = OST_CONFLICT, .field = "alias");
    rig_rule(r, met);
    OK(ost_upsert(r->s, site, &one, by_path, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    rig_rule(r, met);
    OK(ost_upsert_many(r->s, site, two, 2, by_path, effects));
    assert_int_equal(effects[1], OST_EFFECT_INSERTED);
    ost_fake_rule twice = *met;
    twice.times = 2;
    rig_rule(r, &twice);
    FAILS(OST_CONFLICT, "script", ost_upsert(r->s, site, &one, by_path, &effect));
    rig_rule(r, &twice);
    FAILS(OST_CONFLICT, "script", ost_upsert_many(r->s, site, two, 2, by_path, effects));
    /* What comes then is asked once. */
    rig_rule(r, OST_FAKE_RULE(.kinds = OST_FAKE_KIND(OST_DO_INSERT), .action = OST_FAKE_REFUSE,
                              .status = OST_CONFLICT));
    FAILS(OST_CONFLICT, "script", ost_insert(r->s, site, &(site){ .path = "/c", .place = 2 }));
    /* In a transaction of the program nothing can be run again: it is over. */
    OK(ost_begin(r->s, NULL));
    rig_rule(r, met);
    FAILS(OST_CONFLICT, "script", ost_upsert(r->s, site, &one, by_path, &effect));
    OK(ost_rollback(r->s));
    OK(ost_upsert(r->s, site, &one, by_path, &effect));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_hook_may_set_what_is_immutable),
        RIG_ALL(texts_inside_structs_of_the_programs_stay_its_own),
        RIG_ALL(records_of_a_sorted_array_keep_their_snapshots),
        RIG_ALL(a_deleted_record_meets_nobody_among_the_living),
        RIG_FAKES(whoever_was_faster_is_met_by_the_declared_key),
        RIG_LOCAL(an_index_with_a_condition_is_no_key),
        RIG_ON(an_index_with_a_condition_is_no_key, RIG_POSTGRES),
        RIG_ON(an_index_with_a_condition_is_no_key, RIG_MONGODB),
    };
    return RIG_RUN(tests);
}
