/* SPDX-License-Identifier: MIT */
#include "questions.h"

#include <string.h>

enum { MAX_FAILURES = 16 };

static ost_status count_bookmarks(const inquiry *ask, int64_t *count)
{
    return ost_count_of(ost_from(ask->session, bookmark), count);
}

static ost_status forget_bookmarks(const inquiry *ask)
{
    ost_query *q = ost_from(ask->session, bookmark);
    ost_everything(q);
    return ost_delete_all(q, NULL);
}

/* A body's context: what it works with, and what it found out. */
typedef struct growth {
    const inquiry *ask;
    int64_t changed;
    ost_opt_int64 people;
} growth;

/* An increment is made by the database: nothing is read first, so nothing can be lost between. */
static ost_status grow(ost_session *s, const ost_attempt *attempt, void *context)
{
    growth *g = context;
    (void)attempt;
    ost_query *q = ost_from(s, city);
    ost_where(q, ost_eq(city, country_code, "IS"));
    OST_TRY(ost_update(q, &g->changed, ost_inc(city, population, 1000)));
    OST_TRY(count_people(g->ask, "IS", &g->people));
    return ost_undo(s);
}

static ost_status growing_iceland(const inquiry *ask)
{
    growth g = { .ask = ask };
    ost_opt_int64 before, after;
    OST_TRY(count_people(ask, "IS", &before));
    OST_TRY(ost_transaction(ask->session, grow, &g, NULL));
    OST_TRY(count_people(ask, "IS", &after));
    const fact facts[] = {
        { "people in the cities of Iceland", before },
        { "cities that grew by a thousand", OST_SOME(g.changed) },
        { "people then, inside the transaction", g.people },
        { "people after it was undone", after },
    };
    if (before.value != after.value || before.value == g.people.value)
        return ost_fail(ask->session, OST_CHECK, NULL, "the transaction was not undone");
    return show(ask, fact, facts, sizeof facts / sizeof facts[0], NULL);
}

/* Copies what the error says: showing it is a call of its own, and may fail in its turn. */
static size_t list_failures(const ost_error *error, rule_failure *out)
{
    size_t count = 0;
    ost_failure failure;
    for (; count < MAX_FAILURES && ost_error_failure(error, count, &failure); count++)
        out[count] = (rule_failure){ failure.path, failure.rule, failure.message };
    return count;
}

static ost_status bad_bookmarks(const inquiry *ask)
{
    int64_t stored;
    city *reykjavik = find_city(ask, "Reykjavík", "IS");
    if (!reykjavik)
        return failed(ask);
    bookmark bad[] = {
        { .city_id = reykjavik->id, .note = "hot springs", .stars = OST_SOME(5) },
        { .city_id = reykjavik->id, .note = "   ", .stars = OST_SOME(0) },
        { .city_id = reykjavik->id,
          .note = "everything that one sees on the way around the island in a week",
          .stars = OST_SOME(6) },
    };
    OST_TRY(forget_bookmarks(ask));
    ost_status status = ost_insert_many(ask->session, bookmark, bad, sizeof bad / sizeof bad[0]);
    ost_error error = *ost_session_error(ask->session);
    OST_TRY(count_bookmarks(ask, &stored));
    if (status != OST_INVALID || stored != 0)
        return ost_fail(ask->session, OST_CHECK, NULL, "bad bookmarks were stored");
    rule_failure failures[MAX_FAILURES];
    size_t count = list_failures(&error, failures);
    return show(ask, rule_failure, failures, count, NULL);
}

static ost_status show_bookmarks(const inquiry *ask)
{
    size_t count;
    ost_query *q = ost_from(ask->session, bookmark);
    ost_order_by(q, ost_asc(bookmark, id));
    bookmark *rows = ost_all(q, bookmark, &count);
    return show(ask, bookmark, rows, count, "note", "stars");
}

static ost_status insert_bookmarks(const inquiry *ask)
{
    city *reykjavik = find_city(ask, "Reykjavík", "IS");
    city *lisbon = find_city(ask, "Lisbon", "PT");
    city *kyoto = find_city(ask, "Kyoto", "JP");
    if (!reykjavik || !lisbon || !kyoto)
        return failed(ask);
    bookmark wishes[] = {
        { .city_id = reykjavik->id, .note = "hot springs", .stars = OST_SOME(4) },
        { .city_id = lisbon->id, .note = "  trams and tiles  " },
        { .city_id = kyoto->id, .note = "temples in autumn", .stars = OST_SOME(5) },
    };
    return ost_insert_many(ask->session, bookmark, wishes, sizeof wishes / sizeof wishes[0]);
}

/* A loaded record is changed like any struct; saving writes the members that differ. */
static ost_status changed_mind(const inquiry *ask)
{
    OST_TRY(forget_bookmarks(ask));
    OST_TRY(insert_bookmarks(ask));
    bookmark *trams = ost_find(ask->session, bookmark, ost_eq(bookmark, note, "trams and tiles"));
    bookmark *springs = ost_find(ask->session, bookmark, ost_has_text(bookmark, note, "SPRINGS"));
    if (!trams || !springs)
        return failed(ask);
    trams->note = "trams, tiles and custard tarts";
    ost_put(trams->stars, 3);
    OST_TRY(ost_save(ask->session, bookmark, trams));
    OST_TRY(ost_delete(ask->session, bookmark, springs));
    return show_bookmarks(ask);
}

/* The bookmark alone would be fine; the country is there already. */
static ost_status found_a_country(ost_session *s, const ost_attempt *attempt, void *context)
{
    const inquiry *ask = context;
    (void)attempt;
    city *oslo = find_city(ask, "Oslo", "NO");
    if (!oslo)
        return failed(ask);
    OST_TRY(ost_insert(s, bookmark, &(bookmark){ .city_id = oslo->id, .note = "fjords" }));
    const country *norway = ost_get(s, country, "NO");
    if (!norway)
        return failed(ask);
    country again = *norway;
    return ost_insert(s, country, &again);
}

static ost_status failed_transaction(const inquiry *ask)
{
    int64_t before, after;
    inquiry context = *ask;
    OST_TRY(count_bookmarks(ask, &before));
    ost_status status = ost_transaction(ask->session, found_a_country, &context, NULL);
    OST_TRY(count_bookmarks(ask, &after));
    if (status != OST_CONFLICT || before != after)
        return ost_fail(ask->session, OST_CHECK, NULL,
                        "a transaction that had to fail gave %s and left %lld bookmarks",
                        ost_status_name(status), (long long)after);
    const fact facts[] = {
        { "bookmarks before", OST_SOME(before) },
        { ost_status_name(status), { .present = false } },
        { "bookmarks after", OST_SOME(after) },
    };
    return show(ask, fact, facts, sizeof facts / sizeof facts[0], NULL);
}

static ost_status bookmark_again(ost_session *s, const city *where)
{
    ost_status again =
        ost_insert(s, bookmark, &(bookmark){ .city_id = where->id, .note = "twice" });
    if (again != OST_CONFLICT)
        return ost_fail(s, OST_CHECK, NULL, "the same city was bookmarked twice");
    return OST_OK;
}

/* The inner begin is a savepoint: its failure undoes only what came after it. */
static ost_status bookmark_twice(ost_session *s, const ost_attempt *attempt, void *context)
{
    const inquiry *ask = context;
    (void)attempt;
    city *quito = find_city(ask, "Quito", "EC");
    if (!quito)
        return failed(ask);
    OST_TRY(ost_insert(s, bookmark, &(bookmark){ .city_id = quito->id, .note = "the equator" }));
    OST_TRY(ost_begin(s, NULL));
    OST_TRY(bookmark_again(s, quito));
    return ost_rollback(s);
}

/* The same where a database has no savepoints: each insert is a transaction of its own. */
static ost_status bookmark_apart(const inquiry *ask)
{
    city *quito = find_city(ask, "Quito", "EC");
    if (!quito)
        return failed(ask);
    OST_TRY(ost_insert(ask->session, bookmark,
                       &(bookmark){ .city_id = quito->id, .note = "the equator" }));
    return bookmark_again(ask->session, quito);
}

static ost_status nested_savepoint(const inquiry *ask)
{
    inquiry context = *ask;
    ost_status status = ost_transaction(ask->session, bookmark_twice, &context, NULL);
    if (status == OST_UNSUPPORTED)
        status = bookmark_apart(ask);
    return status == OST_OK ? show_bookmarks(ask) : status;
}

static ost_status tidying_up(const inquiry *ask)
{
    int64_t before, deleted, after;
    OST_TRY(count_bookmarks(ask, &before));
    ost_query *q = ost_from(ask->session, bookmark);
    ost_where(q, ost_is_null(bookmark, stars));
    OST_TRY(ost_delete_all(q, &deleted));
    OST_TRY(count_bookmarks(ask, &after));
    const fact facts[] = {
        { "bookmarks before", OST_SOME(before) },
        { "deleted, because they had no stars", OST_SOME(deleted) },
        { "bookmarks after", OST_SOME(after) },
    };
    return show(ask, fact, facts, sizeof facts / sizeof facts[0], NULL);
}

const question changes[] = {
    { "growing_iceland", "What if every city of Iceland grew by a thousand people?",
      growing_iceland },
    { "bad_bookmarks", "What is wrong with these bookmarks, of which none was stored?",
      bad_bookmarks },
    { "changed_mind", "Which bookmarks are there after one was changed and one deleted?",
      changed_mind },
    { "failed_transaction",
      "What is left of a transaction that bookmarks Oslo and founds Norway once more?",
      failed_transaction },
    { "nested_savepoint", "What is left if Quito is bookmarked, and then once more in a savepoint?",
      nested_savepoint },
    { "tidying_up", "How many bookmarks without stars were thrown away?", tidying_up },
    { .name = NULL },
};
