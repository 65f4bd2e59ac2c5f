/* SPDX-License-Identifier: MIT */
/* Storing a record, or changing the one that is there. */
#include "rig.h"

#include <stdio.h>

#define BY_PATH OST_UPSERT(OST_BY(ost_col(site, path)))
#define BY_PLACE OST_UPSERT(OST_BY(ost_col(site, place), ost_col(site, zone)))

/* What is stored at a path, as another session reads it; it must be there. */
static site stored(rig *r, const char *path)
{
    static char owner[64], alias[64];
    ost_session *s = rig_session(r, NULL);
    const site *found = ost_find(s, site, ost_eq(site, path, path));
    assert_non_null(found);
    site copy = *found;
    copy.path = path;
    snprintf(owner, sizeof owner, "%s", found->owner ? found->owner : "(none)");
    snprintf(alias, sizeof alias, "%s", found->alias ? found->alias : "(none)");
    copy.owner = owner;
    copy.alias = alias;
    ost_session_close(s);
    return copy;
}

static int64_t sites(rig *r)
{
    ost_session *s = rig_session(r, NULL);
    int64_t count = -1;
    assert_int_equal(ost_count_of(ost_from(s, site), &count), OST_OK);
    ost_session_close(s);
    return count;
}

static site home(void)
{
    return (site){ .path = "/", .place = 1, .visits = 1, .owner = "ada" };
}

static void it_is_inserted_then_updated_then_unchanged(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site first = home();
    OK(ost_upsert(r->s, site, &first, BY_PATH, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    assert_true(first.id > 0);
    assert_true(first.first_seen.microseconds > 0);
    assert_int_equal(first.first_seen.microseconds, first.last_seen.microseconds);
    rig_advance(r, 5000000000);
    site second = home();
    second.path = " / ";
    second.owner = "bob";
    second.rank = (ost_opt_int){ .present = true, .value = 7 };
    OK(ost_upsert(r->s, site, &second, BY_PATH, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(second.id, first.id);
    assert_int_equal(second.first_seen.microseconds, rig_stored(r, first.first_seen));
    assert_true(second.last_seen.microseconds > second.first_seen.microseconds);
    rig_advance(r, 5000000000);
    site third = second;
    third.path = "/";
    third.id = 0;
    third.last_seen = (ost_time){ 0 };
    OK(ost_upsert(r->s, site, &third, BY_PATH, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(third.id, first.id);
    assert_int_equal(third.last_seen.microseconds, second.last_seen.microseconds);
    assert_int_equal(sites(r), 1);
    site now = stored(r, "/");
    assert_string_equal(now.owner, "bob");
    assert_int_equal(now.rank.value, 7);
    assert_int_equal(now.last_seen.microseconds, second.last_seen.microseconds);
}

static void nothing_but_the_options_is_needed(void **state)
{
    rig *r = *state;
    loan one = { .book = 1, .reader = 2, .note = "first" };
    OK(ost_upsert(r->s, loan, &one, NULL, NULL));
    one.note = "second";
    OK(ost_upsert(r->s, loan, &one, NULL, NULL));
    loan *found = ost_find(r->s, loan, ost_eq(loan, book, 1), ost_eq(loan, reader, 2));
    assert_non_null(found);
    assert_string_equal(found->note, "second");
}

static void actions_say_what_becomes_of_members(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site s = home();
    s.paid = ost_decimal_of(150, 2);
    OK(ost_upsert(r->s, site, &s, BY_PATH, &effect));
    site next = { .path = "/",
                  .place = 1,
                  .visits = 4,
                  .rank = { .present = true, .value = 9 },
                  .owner = "carl",
                  .paid = ost_decimal_of(275, 2) };
    const ost_upsert_options *options =
        OST_UPSERT(OST_BY(ost_col(site, path)),
                   OST_ACTIONS(ost_upsert_add(site, visits), ost_upsert_fill(site, rank),
                               ost_upsert_keep(site, owner), ost_upsert_add(site, paid)));
    OK(ost_upsert(r->s, site, &next, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(next.visits, 5);
    assert_int_equal(next.rank.value, 9);
    assert_int_equal(ost_decimal_compare(next.paid, ost_decimal_of(425, 2)), 0);
    /* What needs memory stays the program's own. */
    assert_string_equal(next.owner, "carl");
    next.visits = 1;
    next.rank.value = 10;
    next.paid = ost_decimal_of(0, 2);
    OK(ost_upsert(r->s, site, &next, options, &effect));
    assert_int_equal(next.visits, 6);
    assert_int_equal(next.rank.value, 9);
    next.visits = 0;
    next.paid = ost_decimal_of(0, 2);
    next.rank.present = false;
    OK(ost_upsert(r->s, site, &next, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(next.visits, 6);
    site now = stored(r, "/");
    assert_string_equal(now.owner, "ada");
    assert_int_equal(now.visits, 6);
    assert_int_equal(now.rank.value, 9);
}

static void an_absent_number_adds_nothing_and_null_stays_null(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site s = home();
    const ost_upsert_options *options =
        OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_add(site, rank)));
    OK(ost_upsert(r->s, site, &s, options, &effect));
    s.rank = (ost_opt_int){ .present = true, .value = 3 };
    OK(ost_upsert(r->s, site, &s, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_false(s.rank.present);
    s.rank = (ost_opt_int){ .present = true, .value = 3 };
    OK(ost_upsert(r->s, site, &s, BY_PATH, &effect));
    s.rank.present = false;
    OK(ost_upsert(r->s, site, &s, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_true(s.rank.present);
    assert_int_equal(s.rank.value, 3);
    OK(ost_upsert(r->s, site, &s, options, &effect));
    assert_int_equal(s.rank.value, 6);
}

static void a_sum_keeps_the_rules_of_its_member(void **state)
{
    rig *r = *state;
    enum ost_effect effect = OST_EFFECT_UPDATED;
    site s = home();
    const ost_upsert_options *options =
        OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_add(site, visits)));
    s.visits = 990;
    OK(ost_upsert(r->s, site, &s, options, NULL));
    s.visits = 11;
    FAILS(OST_INVALID, "visits", ost_upsert(r->s, site, &s, options, &effect));
    assert_int_equal(effect, OST_EFFECT_NONE);
    assert_string_equal(ost_session_error(r->s)->field, "visits");
    assert_int_equal(s.visits, 11);
    assert_int_equal(stored(r, "/").visits, 990);
}

static void what_is_there_can_be_left_alone(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    const ost_upsert_options *options = OST_UPSERT(OST_BY(ost_col(site, path)), .keep = true);
    site s = home();
    OK(ost_upsert(r->s, site, &s, options, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    site other = { .path = "/", .visits = 50, .owner = "eve" };
    OK(ost_upsert(r->s, site, &other, options, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(other.id, s.id);
    assert_int_equal(other.visits, 1);
    site named = { .path = "/", .visits = 50, .owner = "eve" };
    OK(ost_upsert(r->s, site, &named,
                  OST_UPSERT(OST_BY(ost_col(site, path)), .keep = true,
                             OST_ACTIONS(ost_upsert_set(site, owner))),
                  &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_string_equal(stored(r, "/").owner, "eve");
    assert_int_equal(stored(r, "/").visits, 1);
}

static void the_members_of_a_unique_index_are_a_key(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site s = home();
    OK(ost_upsert(r->s, site, &s, BY_PLACE, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    s.path = "/moved";
    OK(ost_upsert(r->s, site, &s, BY_PLACE, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(stored(r, "/moved").id, s.id);
    assert_int_equal(sites(r), 1);
}

static void another_unique_key_is_a_conflict_that_names_it(void **state)
{
    rig *r = *state;
    enum ost_effect effect = OST_EFFECT_UPDATED;
    site a = home(), b = { .path = "/b", .alias = "bee", .place = 2, .owner = "bob" };
    OK(ost_upsert(r->s, site, &a, BY_PATH, NULL));
    OK(ost_upsert(r->s, site, &b, BY_PATH, NULL));
    /* A new record. */
    site c = { .path = "/c", .alias = "bee", .place = 3 };
    FAILS(OST_CONFLICT, "alias", ost_upsert(r->s, site, &c, BY_PATH, &effect));
    assert_string_equal(ost_session_error(r->s)->field, "alias");
    assert_int_equal(effect, OST_EFFECT_NONE);
    /* One that is there. */
    a.alias = "bee";
    FAILS(OST_CONFLICT, "alias", ost_upsert(r->s, site, &a, BY_PATH, &effect));
    assert_string_equal(ost_session_error(r->s)->field, "alias");
    /* By both: the other record is not touched. */
    site both = { .path = "/", .alias = "bee", .place = 2, .owner = "eve" };
    FAILS(OST_CONFLICT, "", ost_upsert(r->s, site, &both, BY_PATH, &effect));
    assert_int_equal(sites(r), 2);
    assert_string_equal(stored(r, "/b").owner, "bob");
    assert_string_equal(stored(r, "/").owner, "ada");
    /* The declared key alone decides: where the others are kept, they are no matter. */
    OK(ost_upsert(
        r->s, site, &both,
        OST_UPSERT(OST_BY(ost_col(site, path)),
                   OST_ACTIONS(ost_upsert_keep(site, alias), ost_upsert_keep(site, place))),
        &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_string_equal(stored(r, "/").owner, "eve");
    assert_string_equal(stored(r, "/b").owner, "bob");
    /* The primary key is one like the others. */
    site given = { .id = b.id, .path = "/new", .place = 9 };
    FAILS(OST_CONFLICT, "", ost_upsert(r->s, site, &given, BY_PATH, &effect));
    assert_string_equal(ost_session_error(r->s)->field, "id");
    assert_int_equal(sites(r), 2);
}

static void the_primary_key_is_the_default(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site s = home();
    s.id = 77;
    OK(ost_upsert(r->s, site, &s, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    s.path = "/other";
    OK(ost_upsert(r->s, site, &s, NULL, &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(stored(r, "/other").id, 77);
    s.id = 0;
    FAILS(OST_INVALID, "is not given", ost_upsert(r->s, site, &s, NULL, &effect));
    assert_int_equal(sites(r), 1);
}

static void records_of_the_session_are_tracked(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    site first = home();
    OK(ost_upsert(r->s, site, &first, BY_PATH, &effect));
    site *s = ost_new(r->s, site);
    assert_non_null(s);
    s->path = "/";
    s->place = 1;
    s->visits = 10;
    s->owner = "new";
    OK(ost_upsert(
        r->s, site, s,
        OST_UPSERT(OST_BY(ost_col(site, path)),
                   OST_ACTIONS(ost_upsert_add(site, visits), ost_upsert_keep(site, owner))),
        &effect));
    assert_int_equal(effect, OST_EFFECT_UPDATED);
    assert_int_equal(s->id, first.id);
    assert_int_equal(s->visits, 11);
    assert_string_equal(s->owner, "ada");
    rig_forget(r);
    OK(ost_save(r->s, site, s));
    assert_int_equal(rig_sent(r), 0);
    s->owner = "dora";
    OK(ost_save(r->s, site, s));
    assert_string_equal(stored(r, "/").owner, "dora");
}

static void a_rollback_takes_it_back(void **state)
{
    rig *r = *state;
    site *s = ost_new(r->s, site);
    s->path = "/";
    s->visits = 1;
    OK(ost_begin(r->s, NULL));
    OK(ost_upsert(r->s, site, s, BY_PATH, NULL));
    assert_true(s->id > 0);
    OK(ost_rollback(r->s));
    assert_int_equal(s->id, 0);
    assert_int_equal(sites(r), 0);
    OK(ost_insert(r->s, site, s));
    assert_int_equal(sites(r), 1);
}

static void mistakes_are_told_before_anything_is_sent(void **state)
{
    rig *r = *state;
    site s = home();
    rig_forget(r);
#define WRONG(part, ...)                                                  \
    do {                                                                  \
        const ost_upsert_options *wrong = __VA_ARGS__;                    \
        FAILS(OST_MISUSE, part, ost_upsert(r->s, site, &s, wrong, NULL)); \
    } while (0)
    WRONG("is no declared key", OST_UPSERT(OST_BY(ost_col(site, owner))));
    WRONG("is no declared key", OST_UPSERT(OST_BY(ost_col(site, zone))));
    WRONG("is no declared key", OST_UPSERT(OST_BY(ost_col(site, path), ost_col(site, alias))));
    WRONG("is twice", OST_UPSERT(OST_BY(ost_col(site, path), ost_col(site, path))));
    WRONG("of members of its model", OST_UPSERT(OST_BY(ost_col(book, isbn))));
    WRONG("of members of its model", OST_UPSERT(OST_BY(ost_eq(site, path, "x"))));
    WRONG("part of a key",
          OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_set(site, path))));
    WRONG("part of a key",
          OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_add(site, id))));
    WRONG("two actions",
          OST_UPSERT(OST_BY(ost_col(site, path)),
                     OST_ACTIONS(ost_upsert_keep(site, rank), ost_upsert_fill(site, rank))));
    WRONG("no member of its model",
          OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_keep(book, isbn))));
    WRONG("is one of", OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_asc(site, rank))));
    WRONG("NULL", OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(NULL)));
    WRONG("struct_size", &(const ost_upsert_options){ .struct_size = 0 });
    FAILS(OST_INVALID, "is null",
          ost_upsert(r->s, site, &s, OST_UPSERT(OST_BY(ost_col(site, alias))), NULL));
    s.path = "";
    FAILS(OST_INVALID, "path", ost_upsert(r->s, site, &s, BY_PATH, NULL));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    s = home();
    s.visits = -1;
    FAILS(OST_INVALID, "visits", ost_upsert(r->s, site, &s, BY_PATH, NULL));
    assert_int_equal(rig_sent(r), 0);
}

/* book.secret is hidden: it is not loaded, and so not known. */
static void a_hidden_member_that_is_not_set_stays(void **state)
{
    rig *r = *state;
    enum ost_effect effects[3];
    book one = { .title = "One", .isbn = "1", .secret = "kept" };
    const ost_upsert_options *by_isbn = OST_UPSERT(OST_BY(ost_col(book, isbn)));
    OK(ost_upsert(r->s, book, &one, by_isbn, effects));
    book many[] = { { .title = "Null", .isbn = "0", .secret = "new" },
                    { .title = "Uno", .isbn = "1" },
                    { .title = "Due", .isbn = "2", .secret = "two" } };
    OK(ost_upsert_many(r->s, book, many, 3, by_isbn, effects));
    assert_int_equal(effects[1], OST_EFFECT_UPDATED);
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_eq(book, isbn, "1"));
    ost_with_hidden(q);
    book *found = ost_one(q, book);
    assert_non_null(found);
    assert_string_equal(found->title, "Uno");
    assert_string_equal(found->secret, "kept");
    found->secret = "changed";
    OK(ost_upsert(r->s, book, found, by_isbn, effects));
    assert_int_equal(effects[0], OST_EFFECT_UPDATED);
    found = ost_one(q, book);
    assert_string_equal(found->secret, "changed");
}

/* patron soft-deletes. */
static void a_deleted_record_is_not_met(void **state)
{
    rig *r = *state;
    enum ost_effect effect;
    bool created = false;
    int64_t count = 0;
    patron first = { .email = "ada@example.org" };
    const ost_upsert_options *by_email = OST_UPSERT(OST_BY(ost_col(patron, email)));
    OK(ost_upsert(r->s, patron, &first, by_email, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    patron again = { .email = "ada@example.org" };
    OK(ost_upsert(r->s, patron, &again, by_email, &effect));
    assert_int_equal(effect, OST_EFFECT_UNCHANGED);
    assert_int_equal(again.id, first.id);
    OK(ost_delete(r->s, patron, &first));
    again = (patron){ .email = "ada@example.org", .card = 2 };
    OK(ost_upsert(r->s, patron, &again, by_email, &effect));
    assert_int_equal(effect, OST_EFFECT_INSERTED);
    assert_int_not_equal(again.id, first.id);
    OK(ost_delete(r->s, patron, &again));
    const patron *p = ost_find_or_create(r->s, patron, &created,
                                         (&(patron){ .email = "ada@example.org", .card = 3 }),
                                         ost_col(patron, email));
    assert_non_null(p);
    assert_true(created);
    ost_query *all = ost_from(r->s, patron);
    ost_with_deleted(all);
    OK(ost_count_of(all, &count));
    assert_int_equal(count, 3);
}

/* ---- many ---- */

enum { MANY = 7 };

static void fill(site *list, char paths[MANY][8])
{
    for (int i = 0; i < MANY; i++) {
        snprintf(paths[i], sizeof paths[i], "/%d", (i * 3) % MANY);
        list[i] = (site){ .path = paths[i], .place = (i * 3) % MANY, .visits = i };
    }
}

static void many_are_one_unit_with_an_outcome_each(void **state)
{
    rig *r = *state;
    enum ost_effect effects[MANY];
    char paths[MANY][8];
    site list[MANY];
    fill(list, paths);
    site there[] = { list[2], list[5] };
    OK(ost_insert_many(r->s, site, there, 2));
    list[2].visits = 20;
    rig_forget(r);
    OK(ost_upsert_many(r->s, site, list, MANY, BY_PATH, effects));
    assert_int_equal(rig_count(r, "BEGIN"), 1);
    assert_int_equal(rig_count(r, "COMMIT"), 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(effects[i], i == 2   ? OST_EFFECT_UPDATED
                                     : i == 5 ? OST_EFFECT_UNCHANGED
                                              : OST_EFFECT_INSERTED);
        site now = stored(r, paths[i]);
        assert_int_equal(now.visits, list[i].visits);
        assert_int_equal(now.id, list[i].id);
    }
    assert_int_equal(list[2].id, there[0].id);
    assert_int_equal(list[5].id, there[1].id);
    assert_int_equal(sites(r), MANY);
    OK(ost_upsert_many(r->s, site, list, MANY, BY_PATH, effects));
    for (int i = 0; i < MANY; i++)
        assert_int_equal(effects[i], OST_EFFECT_UNCHANGED);
    OK(ost_upsert_many(r->s, site, list, 0, BY_PATH, effects));
    OK(ost_upsert_many(r->s, site, (site *)NULL, 0, BY_PATH, NULL));
}

static void many_records_of_the_session_are_tracked(void **state)
{
    rig *r = *state;
    enum ost_effect effects[MANY];
    char paths[MANY][8];
    site list[MANY];
    size_t count;
    fill(list, paths);
    OK(ost_upsert_many(r->s, site, list, MANY, BY_PATH, NULL));
    site *loaded = ost_all(ost_from(r->s, site), site, &count);
    assert_int_equal(count, MANY);
    for (size_t i = 0; i < count; i++)
        loaded[i].visits = 100;
    OK(ost_upsert_many(
        r->s, site, loaded, count,
        OST_UPSERT(OST_BY(ost_col(site, path)), OST_ACTIONS(ost_upsert_add(site, visits))),
        effects));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(effects[i], OST_EFFECT_UPDATED);
        assert_int_equal(loaded[i].visits, stored(r, loaded[i].path).visits);
        assert_true(loaded[i].visits >= 100);
    }
    rig_forget(r);
    OK(ost_save_many(r->s, site, loaded, count));
    assert_int_equal(rig_sent(r), 0);
}

static void all_or_none(void **state)
{
    rig *r = *state;
    enum ost_effect effects[MANY];
    char paths[MANY][8];
    site list[MANY], taken = { .path = "/taken", .alias = "taken", .place = 99 };
    fill(list, paths);
    OK(ost_insert(r->s, site, &taken));
    list[4].alias = "taken";
    FAILS(OST_CONFLICT, "record 4: ", ost_upsert_many(r->s, site, list, MANY, BY_PATH, effects));
    assert_int_equal(sites(r), 1);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(list[i].id, 0);
        assert_int_equal(effects[i], OST_EFFECT_NONE);
    }
    OK(ost_begin(r->s, NULL));
    FAILS(OST_CONFLICT, "record 4: ", ost_upsert_many(r->s, site, list, MANY, BY_PATH, effects));
    FAILS(OST_CONFLICT, "record 4: ", ost_insert(r->s, book, &(book){ .title = "t" }));
    OK(ost_rollback(r->s));
    assert_int_equal(sites(r), 1);
}

static void fm23_the_same_key_twice_is_found_before_sending(void **state)
{
    rig *r = *state;
    char paths[MANY][8];
    site list[MANY];
    fill(list, paths);
    list[6].path = " /3 ";
    rig_forget(r);
    FAILS(OST_CONFLICT, "records 1 and 6 of site have the same key",
          ost_upsert_many(r->s, site, list, MANY, BY_PATH, NULL));
    const ost_error *e = ost_session_error(r->s);
    ost_failure f;
    assert_int_equal(e->nothing_sent, 1);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "[6].path");
    list[6].path = paths[6];
    list[3].visits = 1001;
    list[5].path = NULL;
    FAILS(OST_INVALID, "record 3", ost_upsert_many(r->s, site, list, MANY, BY_PATH, NULL));
    e = ost_session_error(r->s);
    assert_true(ost_error_failure(e, 0, &f));
    assert_string_equal(f.path, "[3].visits");
    assert_true(ost_error_failure(e, 1, &f));
    assert_string_equal(f.path, "[5].path");
    assert_int_equal(rig_sent(r), 0);
}

#define ON(f) RIG_ALL(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(it_is_inserted_then_updated_then_unchanged),
        ON(nothing_but_the_options_is_needed),
        ON(actions_say_what_becomes_of_members),
        ON(an_absent_number_adds_nothing_and_null_stays_null),
        ON(a_sum_keeps_the_rules_of_its_member),
        ON(what_is_there_can_be_left_alone),
        ON(the_members_of_a_unique_index_are_a_key),
        ON(another_unique_key_is_a_conflict_that_names_it),
        ON(the_primary_key_is_the_default),
        ON(records_of_the_session_are_tracked),
        ON(a_rollback_takes_it_back),
        ON(a_hidden_member_that_is_not_set_stays),
        ON(a_deleted_record_is_not_met),
        ON(mistakes_are_told_before_anything_is_sent),
        ON(many_are_one_unit_with_an_outcome_each),
        ON(many_records_of_the_session_are_tracked),
        ON(all_or_none),
        ON(fm23_the_same_key_twice_is_found_before_sending),
    };
    return RIG_RUN(tests);
}
