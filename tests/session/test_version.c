/* SPDX-License-Identifier: MIT */
/* The version of a record: counted by every write, asked for by those that know the record. */
#include "rig.h"

#include <limits.h>

static int64_t add(rig *r, const char *text)
{
    sheet p = { .text = text, .version = 77 };
    OK(ost_insert(r->s, sheet, &p));
    assert_int_equal(p.version, 1);
    return p.id;
}

static sheet *get(rig *r, int64_t id)
{
    sheet *p = ost_get(r->s, sheet, id);
    assert_non_null(p);
    return p;
}

/* Another session saves the sheet. */
static void change_behind(rig *r, int64_t id)
{
    ost_session *s = rig_session(r, NULL);
    sheet *p = ost_get(s, sheet, id);
    assert_non_null(p);
    p->text = "of another";
    assert_int_equal(ost_save(s, sheet, p), OST_OK);
    ost_session_close(s);
}

static void delete_behind(rig *r, int64_t id)
{
    ost_session *s = rig_session(r, NULL);
    assert_int_equal(ost_delete(s, sheet, &(sheet){ .id = id }), OST_OK);
    ost_session_close(s);
}

/* ---- counting ---- */

static void every_write_counts(void **state)
{
    rig *r = *state;
    int64_t n;
    sheet *p = get(r, add(r, "one"));
    assert_int_equal(p->version, 1);
    for (int i = 2; i < 5; i++) {
        p->views = i;
        OK(ost_save(r->s, sheet, p));
        assert_int_equal(p->version, i);
        assert_int_equal(get(r, p->id)->version, i);
    }
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 4);
    OK(ost_replace(r->s, sheet, p));
    assert_int_equal(p->version, 5);
    ost_query *q = ost_from(r->s, sheet);
    ost_where(q, ost_eq(sheet, id, p->id));
    OK(ost_update(q, &n, ost_set(sheet, text, "by query")));
    assert_int_equal(get(r, p->id)->version, 6);
    q = ost_from(r->s, sheet);
    ost_where(q, ost_eq(sheet, id, p->id));
    OK(ost_update_one(q, ost_inc(sheet, views, 1)));
    p = get(r, p->id);
    assert_int_equal(p->version, 7);
    assert_int_equal(p->views, 5);
}

static void many_count_too(void **state)
{
    rig *r = *state;
    size_t count;
    sheet many[3] = { { .text = "a", .version = 5 }, { .text = "b" }, { .text = "c" } };
    OK(ost_insert_many(r->s, sheet, many, 3));
    for (int i = 0; i < 3; i++)
        assert_int_equal(many[i].version, 1);
    sheet *all = ost_all(ost_from(r->s, sheet), sheet, &count);
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++)
        all[i].views = i + 10;
    all[1].text = "bb";
    OK(ost_save_many(r->s, sheet, all, 3));
    for (int i = 0; i < 3; i++)
        assert_int_equal(all[i].version, 2);
    all[2].views = 1;
    OK(ost_save_many(r->s, sheet, all, 3));
    assert_int_equal(all[1].version, 2);
    assert_int_equal(all[2].version, 3);
    assert_int_equal(get(r, all[2].id)->version, 3);
}

/* ---- others were faster ---- */

static void a_save_after_anothers_is_stale(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    change_behind(r, p->id);
    p->views = 9;
    FAILS(OST_STALE, "this sheet was changed or deleted since it was loaded",
          ost_save(r->s, sheet, p));
    assert_string_equal(ost_session_error(r->s)->model, "sheet");
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 0);
    assert_int_equal(p->version, 1);
    FAILS(OST_STALE, "since it was loaded", ost_replace(r->s, sheet, p));
    FAILS(OST_STALE, "since it was loaded", ost_delete(r->s, sheet, p));
    const sheet *stored = get(r, p->id);
    assert_string_equal(stored->text, "of another");
    assert_int_equal(stored->views, 0);
    assert_int_equal(stored->version, 2);
    OK(ost_reload(r->s, sheet, p));
    p->views = 9;
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 3);
    OK(ost_delete(r->s, sheet, p));
    NULLS(OST_NOT_FOUND, "no sheet", ost_get(r->s, sheet, stored->id));
}

static void what_is_gone_is_stale(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    delete_behind(r, p->id);
    p->views = 9;
    FAILS(OST_STALE, "changed or deleted", ost_save(r->s, sheet, p));
    FAILS(OST_STALE, "changed or deleted", ost_replace(r->s, sheet, p));
    FAILS(OST_STALE, "changed or deleted", ost_delete(r->s, sheet, p));
}

static void one_that_is_stale_stops_many(void **state)
{
    rig *r = *state;
    size_t count;
    for (int i = 0; i < 4; i++)
        add(r, "x");
    ost_query *q = ost_from(r->s, sheet);
    ost_order_by(q, ost_asc(sheet, id));
    sheet *all = ost_all(q, sheet, &count);
    assert_int_equal(count, 4);
    change_behind(r, all[2].id);
    for (int i = 0; i < 4; i++)
        all[i].views = 5;
    FAILS(OST_STALE, "record 2: this sheet was changed or deleted",
          ost_save_many(r->s, sheet, all, 4));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(all[i].version, 1);
        assert_int_equal(get(r, all[i].id)->views, 0);
    }
    OK(ost_reload(r->s, sheet, &all[2]));
    all[2].views = 5;
    OK(ost_save_many(r->s, sheet, all, 4));
    assert_int_equal(all[2].version, 3);
}

/* What is stale was found out without harm: the transaction goes on. */
static void what_is_stale_dooms_nothing(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    change_behind(r, p->id);
    p->views = 9;
    OK(ost_begin(r->s, NULL));
    add(r, "two");
    FAILS(OST_STALE, "changed or deleted", ost_save(r->s, sheet, p));
    OK(ost_reload(r->s, sheet, p));
    p->views = 9;
    OK(ost_save(r->s, sheet, p));
    OK(ost_commit(r->s));
    assert_int_equal(get(r, p->id)->views, 9);
}

/* ---- rollback ---- */

static void a_rollback_takes_the_version_back(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    OK(ost_begin(r->s, NULL));
    p->views = 2;
    OK(ost_save(r->s, sheet, p));
    p->views = 3;
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 3);
    OK(ost_rollback(r->s));
    assert_int_equal(p->version, 1);
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 2);
    assert_int_equal(get(r, p->id)->views, 3);
}

static void a_rollback_to_a_savepoint_does_too(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    OK(ost_begin(r->s, NULL));
    p->views = 2;
    OK(ost_save(r->s, sheet, p));
    OK(ost_begin(r->s, NULL));
    p->views = 3;
    OK(ost_save(r->s, sheet, p));
    OK(ost_rollback(r->s));
    assert_int_equal(p->version, 2);
    OK(ost_save(r->s, sheet, p));
    OK(ost_commit(r->s));
    assert_int_equal(p->version, 3);
    assert_int_equal(get(r, p->id)->version, 3);
}

/* ---- structs of the program's own ---- */

static void a_struct_of_the_programs_own_says_which_it_replaces(void **state)
{
    rig *r = *state;
    sheet own = { .text = "one" };
    OK(ost_insert(r->s, sheet, &own));
    own.text = "two";
    OK(ost_replace(r->s, sheet, &own));
    assert_int_equal(own.version, 2);
    own.version = 1;
    FAILS(OST_STALE, "changed or deleted", ost_replace(r->s, sheet, &own));
    assert_int_equal(own.version, 1);
    assert_string_equal(get(r, own.id)->text, "two");
    /* Who knows the key alone deletes whatever is there. */
    OK(ost_delete(r->s, sheet, &own));
    FAILS(OST_NOT_FOUND, "no sheet has this key", ost_delete(r->s, sheet, &own));
}

/* As a client gives the version back that it was shown. */
static void the_version_that_the_record_holds_is_asked_for(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    p->views = 1;
    OK(ost_save(r->s, sheet, p));
    p->version = 1;
    p->text = "late";
    FAILS(OST_STALE, "changed or deleted", ost_save(r->s, sheet, p));
    p->version = 2;
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 3);
}

/* ---- loaded in part ---- */

static void without_its_version_a_record_is_not_saved(void **state)
{
    rig *r = *state;
    size_t count;
    add(r, "one");
    ost_query *q = ost_from(r->s, sheet);
    ost_select(q, ost_as(sheet, id, ost_col(sheet, id)), ost_as(sheet, text, ost_col(sheet, text)));
    sheet *p = ost_all(q, sheet, &count);
    assert_non_null(p);
    p->text = "two";
    FAILS(OST_MISUSE, "this sheet was loaded without its version: select sheet.version too",
          ost_save(r->s, sheet, p));
    FAILS(OST_MISUSE, "select sheet.version too", ost_replace(r->s, sheet, p));
    FAILS(OST_MISUSE, "select sheet.version too", ost_delete(r->s, sheet, p));
    OK(ost_reload(r->s, sheet, p));
    p->text = "two";
    OK(ost_save(r->s, sheet, p));
    assert_int_equal(p->version, 2);
}

/* ---- who else may set it ---- */

static void nobody_else_counts(void **state)
{
    rig *r = *state;
    add(r, "one");
    ost_query *q = ost_from(r->s, sheet);
    ost_everything(q);
    FAILS(OST_MISUSE, "sheet.version: is a version, which the library counts",
          ost_update(q, NULL, ost_set(sheet, version, 5)));
    FAILS(OST_MISUSE, "sheet.version: is a version",
          ost_update(q, NULL, ost_inc(sheet, version, 1)));
}

static void a_version_counts_to_the_end_of_its_type(void **state)
{
    rig *r = *state;
    sheet *p = get(r, add(r, "one"));
    p->version = INT_MAX;
    rig_forget(r);
    FAILS(OST_RANGE, "sheet.version has counted to the end of its type", ost_save(r->s, sheet, p));
    assert_int_equal(rig_sent(r), 0);
    assert_int_equal(p->version, INT_MAX);
}

/* ---- soft deletes ---- */

static void a_soft_delete_counts_and_asks(void **state)
{
    rig *r = *state;
    draft own = { .text = "one" };
    int64_t n;
    OK(ost_insert(r->s, draft, &own));
    assert_int_equal(own.version, 1);
    draft *d = ost_get(r->s, draft, own.id), *other = ost_get(r->s, draft, own.id);
    other->text = "two";
    OK(ost_save(r->s, draft, other));
    FAILS(OST_STALE, "this draft was changed or deleted", ost_delete(r->s, draft, d));
    assert_false(d->deleted_at.present);
    OK(ost_delete(r->s, draft, other));
    assert_int_equal(other->version, 3);
    OK(ost_restore(r->s, draft, other));
    assert_int_equal(other->version, 4);
    OK(ost_reload(r->s, draft, d));
    assert_int_equal(d->version, 4);
    /* By the key alone it is of any version, and counts on. */
    OK(ost_delete(r->s, draft, &(draft){ .id = own.id }));
    OK(ost_restore(r->s, draft, &(draft){ .id = own.id }));
    OK(ost_reload(r->s, draft, d));
    assert_int_equal(d->version, 6);
    ost_query *q = ost_from(r->s, draft);
    ost_everything(q);
    OK(ost_delete_all(q, &n));
    draft *gone = ost_get_with_deleted(r->s, draft, own.id);
    assert_int_equal(gone->version, 7);
    FAILS(OST_STALE, "this draft was changed", ost_purge(r->s, draft, d));
    OK(ost_purge(r->s, draft, gone));
}

/* ---- upserts ---- */

static void an_upsert_counts(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    sheet own = { .text = "one", .slug = "s" };
    OK(ost_upsert(r->s, sheet, &own, OST_UPSERT(OST_BY(ost_col(sheet, slug))), &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    assert_int_equal(own.version, 1);
    own.text = "two";
    OK(ost_upsert(r->s, sheet, &own, OST_UPSERT(OST_BY(ost_col(sheet, slug))), &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(own.version, 2);
    own.text = "three";
    OK(ost_upsert(r->s, sheet, &own, OST_UPSERT(OST_BY(ost_col(sheet, slug))), &effect));
    assert_int_equal(get(r, own.id)->version, 3);
    OK(ost_upsert(r->s, sheet, &own, OST_UPSERT(OST_BY(ost_col(sheet, slug))), &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(get(r, own.id)->version, 3);
}

static const struct CMUnitTest tests[] = {
    RIG_ALL(every_write_counts),
    RIG_ALL(many_count_too),
    RIG_ALL(a_save_after_anothers_is_stale),
    RIG_ALL(what_is_gone_is_stale),
    RIG_ALL(one_that_is_stale_stops_many),
    RIG_ALL(what_is_stale_dooms_nothing),
    RIG_ALL(a_rollback_takes_the_version_back),
    RIG_SQL(a_rollback_to_a_savepoint_does_too),
    RIG_ALL(a_struct_of_the_programs_own_says_which_it_replaces),
    RIG_ALL(the_version_that_the_record_holds_is_asked_for),
    RIG_ALL(without_its_version_a_record_is_not_saved),
    RIG_ALL(nobody_else_counts),
    RIG_ALL(a_version_counts_to_the_end_of_its_type),
    RIG_ALL(a_soft_delete_counts_and_asks),
    RIG_ALL(an_upsert_counts),
};

int main(void)
{
    return RIG_RUN(tests);
}
