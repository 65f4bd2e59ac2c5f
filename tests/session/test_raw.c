/* SPDX-License-Identifier: MIT */
/* Raw statements: MongoDB runs them, the others refuse. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct tally {
    const char *name;
    int64_t count;
    ost_decimal worth;
    ost_opt_int oldest;
} tally;
OST_PART(tally);
OST_MODEL(tally, OST_FIELDS(OST_FIELD(tally, name, .column = "_id"), OST_FIELD(tally, count),
                            OST_FIELD(tally, worth), OST_FIELD(tally, oldest)));

typedef struct number {
    int64_t n;
} number;
OST_PART(number);
OST_MODEL(number, OST_FIELDS(OST_FIELD(number, n)));

typedef struct sample {
    const char *text;
    ost_uuid uuid;
    ost_object_id object_id;
    ost_time time;
    ost_date day;
    ost_decimal decimal;
    ost_blob blob;
    double real;
    bool truth;
    int small;
    int64_t large;
    ost_opt_int none;
} sample;
OST_PART(sample);
OST_MODEL(sample,
          OST_FIELDS(OST_FIELD(sample, text), OST_FIELD(sample, uuid), OST_FIELD(sample, object_id),
                     OST_FIELD(sample, time), OST_FIELD(sample, day), OST_FIELD(sample, decimal),
                     OST_FIELD(sample, blob), OST_FIELD(sample, real), OST_FIELD(sample, truth),
                     OST_FIELD(sample, small), OST_FIELD(sample, large), OST_FIELD(sample, none)));

typedef struct hit {
    const char *title;
    double score;
} hit;
OST_PART(hit);
OST_MODEL(hit, OST_FIELDS(OST_FIELD(hit, title), OST_FIELD(hit, score)));

static book *by_year(rig *r, int year, size_t *count)
{
    return ost_raw_all(
        r->s, book,
        OST_RAW("[{\"$match\": {\"year\": {\"$ost\": 1}}}, {\"$sort\": {\"_id\": 1}}]",
                OST_BIND(ost_bind(year))),
        count);
}

/* How many books have this title, by somebody else's words. */
static int64_t titled(rig *r, const char *title)
{
    int64_t matched = -7;
    OK(ost_raw_run(r->s,
                   OST_RAW("{\"count\": \"books\", \"query\": {\"title\": {\"$ost\": 1}}}",
                           OST_BIND(ost_bind(title))),
                   &matched, NULL));
    return matched;
}

/* ---- rows ---- */

static void pipelines_give_records(void **state)
{
    rig *r = *state;
    size_t count = 99;
    int64_t first = rig_book(r, "one", 1980), second = rig_book(r, "two", 1980);
    rig_book(r, "three", 1990);
    book *found = by_year(r, 1980, &count);
    assert_non_null(found);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].id, first);
    assert_int_equal(found[1].id, second);
    assert_string_equal(found[1].title, "two");
    assert_true(found[1].year.present && found[1].year.value == 1980);
    assert_false(found[0].weight.present);
    assert_null(found[0].subtitle);
    /* They are not tracked. */
    FAILS(OST_MISUSE, "", ost_save(r->s, book, &found[0]));
    found = by_year(r, 1, &count);
    assert_non_null(found);
    assert_int_equal(count, 0);
}

static void groups_are_read_into_parts(void **state)
{
    rig *r = *state;
    size_t count = 0;
    for (int i = 0; i < 3; i++) {
        book b = { .title = i < 2 ? "same" : "other", .price = ost_decimal_of(125, 2) };
        OK(ost_insert(r->s, book, &b));
    }
    tally *t =
        ost_raw_all(r->s, tally,
                    OST_RAW("[{\"$group\": {\"_id\": \"$title\", \"count\": {\"$sum\": 1},"
                            "  \"worth\": {\"$sum\": \"$price\"}, \"surplus\": {\"$max\": 1},"
                            "  \"oldest\": {\"$min\": \"$year\"}}}, {\"$sort\": {\"_id\": 1}}]",
                            .over = &book_model),
                    &count);
    assert_non_null(t);
    assert_int_equal(count, 2);
    assert_string_equal(t[1].name, "same");
    assert_int_equal(t[1].count, 2);
    assert_int_equal(ost_decimal_compare(t[1].worth, ost_decimal_of(250, 2)), 0);
    assert_false(t[0].oldest.present);
    /* Without a model there is nothing that it could be over. */
    NULLS(OST_MISUSE, "give .over", ost_raw_all(r->s, tally, OST_RAW("[]"), &count));
    NULLS(OST_MISUSE, "tally is a part",
          ost_raw_all(r->s, tally, OST_RAW("[]", .over = &tally_model), &count));
}

static void what_does_not_fit_is_range(void **state)
{
    rig *r = *state;
    size_t count = 99;
    rig_book(r, "one", 1980);
    /* Missing, of another kind, and too large. */
    NULLS(OST_RANGE, "tally.count",
          ost_raw_all(r->s, tally,
                      OST_RAW("[{\"$project\": {\"_id\": \"x\", \"worth\": \"$price\"}}]",
                              .over = &book_model),
                      &count));
    assert_int_equal(count, 0);
    NULLS(OST_RANGE, "number.n",
          ost_raw_all(r->s, number,
                      OST_RAW("[{\"$project\": {\"n\": \"$title\"}}]", .over = &book_model), NULL));
    NULLS(
        OST_RANGE, "number.n",
        ost_raw_all(r->s, number,
                    OST_RAW("[{\"$project\": {\"n\": {\"$literal\": 1.5}}}]", .over = &book_model),
                    NULL));
    assert_int_equal(titled(r, "one"), 1);
}

static void cursors_are_read_to_their_end(void **state)
{
    enum { MANY = 2500 };
    rig *r = *state;
    size_t count = 0;
    book *list = calloc(MANY, sizeof *list);
    assert_non_null(list);
    for (size_t i = 0; i < MANY; i++)
        list[i].title = "many";
    OK(ost_insert_many(r->s, book, list, MANY));
    book *found = ost_raw_all(
        r->s, book, OST_RAW("{\"find\": \"books\", \"batchSize\": 7, \"sort\": {\"_id\": 1}}"),
        &count);
    assert_non_null(found);
    assert_int_equal(count, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(found[i].id, list[i].id);
    /* A cursor of another collection than was asked, and one that nobody reads. */
    OK(ost_raw_run(r->s, OST_RAW("{\"find\": \"books\", \"batchSize\": 7}"), NULL, NULL));
    hit *tables = ost_raw_all(r->s, hit,
                              OST_RAW("{\"aggregate\": \"books\", \"pipeline\": [{\"$limit\": 3},"
                                      " {\"$addFields\": {\"score\": 0.5}}], \"cursor\": "
                                      "{\"batchSize\": 1}}"),
                              &count);
    assert_non_null(tables);
    assert_int_equal(count, 3);
    assert_true(tables[2].score == 0.5);
    free(list);
}

static void replies_are_rows(void **state)
{
    rig *r = *state;
    size_t count = 0;
    rig_book(r, "one", 1980);
    number *n = ost_raw_all(r->s, number, OST_RAW("{\"count\": \"books\"}"), &count);
    assert_non_null(n);
    assert_int_equal(count, 1);
    assert_int_equal(n->n, 1);
    book *changed =
        ost_raw_all(r->s, book,
                    OST_RAW("{\"findAndModify\": \"books\", \"query\": {\"title\": {\"$ost\": 1}},"
                            " \"update\": {\"$set\": {\"year\": {\"$ost\": 2}}}, \"new\": true}",
                            OST_BIND(ost_bind("one"), ost_bind(1999))),
                    &count);
    assert_non_null(changed);
    assert_int_equal(count, 1);
    assert_int_equal(changed->year.value, 1999);
    changed = ost_raw_all(
        r->s, book,
        OST_RAW(
            "{\"findAndModify\": \"books\", \"query\": {\"title\": \"none\"}, \"remove\": true}"),
        &count);
    assert_non_null(changed);
    assert_int_equal(count, 0);
}

/* ---- values ---- */

static void values_keep_their_kinds(void **state)
{
    static const char bytes[] = { 'a', '\0', 'b' };
    rig *r = *state;
    size_t count = 0;
    sample in = { .text = "$dollar",
                  .real = 0.1,
                  .truth = true,
                  .small = 7,
                  .large = INT64_C(1) << 40,
                  .blob = { bytes, sizeof bytes } };
    ost_opt_int none = { 0 };
    assert_true(ost_uuid_parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", &in.uuid));
    assert_true(ost_object_id_parse("507f1f77bcf86cd799439011", &in.object_id));
    assert_true(ost_time_parse("2024-02-29T12:00:00.500Z", &in.time));
    assert_true(ost_date_parse("2024-02-29", &in.day));
    assert_true(ost_decimal_parse("12345678901234567890.1234", &in.decimal));
    OK(ost_raw_run(
        r->s,
        OST_RAW("{\"insert\": \"samples\", \"documents\": [{\"text\": {\"$ost\": 1}, \"uuid\": "
                "{\"$ost\": 2}, \"object_id\": {\"$ost\": 3}, \"time\": {\"$ost\": 4}, \"day\": "
                "{\"$ost\": 5}, \"decimal\": {\"$ost\": 6}, \"blob\": {\"$ost\": 7}, \"real\": "
                "{\"$ost\": 8}, \"truth\": {\"$ost\": 9}, \"small\": {\"$ost\": 10}, \"large\": "
                "{\"$ost\": 11}, \"none\": {\"$ost\": 12}}]}",
                OST_BIND(ost_bind(in.text), ost_bind(in.uuid), ost_bind(in.object_id),
                         ost_bind(in.time), ost_bind(in.day), ost_bind(in.decimal),
                         ost_bind(in.blob), ost_bind(in.real), ost_bind(in.truth),
                         ost_bind(in.small), ost_bind(in.large), ost_bind(none))),
        NULL, NULL));
    sample *out = ost_raw_all(
        r->s, sample,
        OST_RAW("{\"find\": \"samples\", \"filter\": {\"small\": {\"$type\": \"int\"}, \"large\": "
                "{\"$type\": \"long\"}, \"none\": {\"$type\": \"null\"}, \"uuid\": {\"$ost\": 1},"
                " \"time\": {\"$ost\": 2}, \"decimal\": {\"$ost\": 3}, \"text\": {\"$ost\": 4}}}",
                OST_BIND(ost_bind(in.uuid), ost_bind(in.time), ost_bind(in.decimal),
                         ost_bind(in.text))),
        &count);
    assert_non_null(out);
    assert_int_equal(count, 1);
    assert_string_equal(out->text, in.text);
    assert_memory_equal(&out->uuid, &in.uuid, sizeof in.uuid);
    assert_memory_equal(&out->object_id, &in.object_id, sizeof in.object_id);
    assert_int_equal(ost_time_compare(out->time, in.time), 0);
    assert_int_equal(out->day.days, in.day.days);
    assert_int_equal(ost_decimal_compare(out->decimal, in.decimal), 0);
    assert_int_equal(out->decimal.scale, 4);
    assert_int_equal(out->blob.size, sizeof bytes);
    assert_memory_equal(out->blob.data, bytes, sizeof bytes);
    assert_true(out->real == in.real && out->truth && out->small == 7 && out->large == in.large);
    assert_false(out->none.present);
}

static void lists_are_bound(void **state)
{
    static const char *const titles[] = { "one", "$title", "three" };
    static const int64_t none[1] = { 0 };
    static const bool lent[] = { true, false };
    rig *r = *state;
    size_t count = 0;
    rig_book(r, "one", 1980);
    rig_book(r, "two", 1980);
    rig_book(r, "three", 1980);
    book *found = ost_raw_all(
        r->s, book,
        OST_RAW(
            "[{\"$match\": {\"title\": {\"$in\": {\"$ost\": 1}}, \"_id\": {\"$nin\": {\"$ost\": "
            "2}}, \"lent\": {\"$in\": {\"$ost\": 3}}}},"
            " {\"$match\": {\"$expr\": {\"$in\": [\"$title\", {\"$ost\": 1}]}}}]",
            OST_BIND(ost_bind_list(titles, 3), ost_bind_list(none, 0), ost_bind_list(lent, 2))),
        &count);
    assert_non_null(found);
    /* In an expression "$title" is a text as well, or all would be found. */
    assert_int_equal(count, 2);
}

/* What comes from outside stays a value, whatever it looks like. */
static void fm47_values_never_become_operators(void **state)
{
    static const char *const payloads[] = { "$secret",           "$$ROOT",
                                            "{\"$ne\": null}",   "{$gt: ''}",
                                            "\"}], \"x\": [{\"", "$where",
                                            "function(){}",      "{\"$ost\": 1}" };
    rig *r = *state;
    book b = { .title = "kept", .secret = "canary" };
    OK(ost_insert(r->s, book, &b));
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        size_t count = 9;
        assert_int_equal(titled(r, payloads[i]), 0);
        hit *h = ost_raw_all(r->s, hit,
                             OST_RAW("[{\"$project\": {\"title\": {\"$ost\": 1}, \"score\": "
                                     "{\"$toDouble\": 1}}}]",
                                     .over = &book_model, OST_BIND(ost_bind(payloads[i]))),
                             &count);
        assert_non_null(h);
        assert_int_equal(count, 1);
        assert_string_equal(h->title, payloads[i]);
        h = ost_raw_all(
            r->s, hit,
            OST_RAW("[{\"$addFields\": {\"title\": {\"$concat\": [{\"$ost\": 1}, \"!\"]},"
                    " \"score\": 1.0}}]",
                    .over = &book_model, OST_BIND(ost_bind(payloads[i]))),
            &count);
        assert_non_null(h);
        assert_int_equal(strlen(h->title), strlen(payloads[i]) + 1);
        assert_int_equal(strncmp(h->title, payloads[i], strlen(payloads[i])), 0);
    }
    /* A number takes no member in or leaves it out. */
    number *n = ost_raw_all(r->s, number,
                            OST_RAW("[{\"$project\": {\"n\": {\"$ost\": 1}}}]", .over = &book_model,
                                    OST_BIND(ost_bind(0))),
                            NULL);
    assert_non_null(n);
    assert_int_equal(n->n, 0);
}

/* ---- writes ---- */

static void writes_are_counted(void **state)
{
    rig *r = *state;
    int64_t matched, changed;
    rig_book(r, "one", 1980);
    rig_book(r, "two", 1981);
    OK(ost_raw_run(r->s,
                   OST_RAW("{\"update\": \"books\", \"updates\": [{\"q\": {}, \"u\": {\"$set\": "
                           "{\"year\": {\"$ost\": 1}}}, \"multi\": true}]}",
                           OST_BIND(ost_bind(1981))),
                   &matched, &changed));
    assert_int_equal(matched, 2);
    assert_int_equal(changed, 1);
    OK(ost_raw_run(
        r->s,
        OST_RAW("{\"delete\": \"books\", \"deletes\": [{\"q\": {\"title\": {\"$ost\": 1}},"
                " \"limit\": 0}]}",
                OST_BIND(ost_bind("one"))),
        &matched, &changed));
    assert_int_equal(matched, 1);
    assert_int_equal(changed, -1);
    OK(ost_raw_run(r->s, OST_RAW("[{\"$out\": \"copies\"}]", .over = &book_model), &matched, NULL));
    assert_int_equal(matched, -1);
    number *n = ost_raw_all(r->s, number, OST_RAW("{\"count\": \"copies\"}"), NULL);
    assert_non_null(n);
    assert_int_equal(n->n, 1);
    OK(ost_raw_run(r->s, OST_RAW("{\"drop\": \"copies\"}"), NULL, NULL));
}

static void read_only_sessions_only_read(void **state)
{
    rig *r = *state;
    size_t count = 0;
    ost_session *main = r->s;
    static const char *const writes[] = {
        "{\"insert\": \"books\", \"documents\": [{\"_id\": 77}]}",
        "{\"drop\": \"books\"}",
        "{\"neverHeardOf\": 1}",
        "{\"aggregate\": \"books\", \"pipeline\": [{\"$out\": \"x\"}]}",
        "[{\"$limit\": 1}, {\"$merge\": {\"into\": \"x\"}}]",
        "[{\"$merge\": \"x\"}]",
    };
    rig_book(r, "one", 1980);
    r->s = rig_session(r, OST_SESSION(.read_only = true));
    assert_int_equal(titled(r, "one"), 1);
    rig_forget(r);
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++)
        FAILS(OST_MISUSE, "read-only session",
              ost_raw_run(r->s, OST_RAW(writes[i], .over = &book_model), NULL, NULL));
    assert_int_equal(rig_sent(r), 0);
    ost_session_close(r->s);
    r->s = main;
    OK(ost_begin(r->s, OST_TRANSACTION(.read_only = true)));
    FAILS(OST_MISUSE, "read-only transaction", ost_raw_run(r->s, OST_RAW(writes[0]), NULL, NULL));
    assert_non_null(by_year(r, 1980, &count));
    assert_int_equal(count, 1);
    OK(ost_commit(r->s));
}

static const char insert_two[] =
    "{\"insert\": \"notes\", \"documents\": [{\"_id\": {\"$ost\": 1}, \"text\": \"raw\","
    " \"created_at\": {\"$ost\": 2}, \"changed_at\": {\"$ost\": 2}}]}";

static ost_status insert_raw(rig *r, int64_t id)
{
    return ost_raw_run(r->s, OST_RAW(insert_two, OST_BIND(ost_bind(id), ost_bind(ost_now(r->s)))),
                       NULL, NULL);
}

static int64_t notes(rig *r)
{
    number *n =
        ost_raw_all(r->s, number, OST_RAW("[{\"$count\": \"n\"}]", .over = &note_model), NULL);
    size_t none = 0;
    if (n)
        (void)ost_raw_all(r->s, number, OST_RAW("[{\"$count\": \"n\"}]", .over = &note_model),
                          &none);
    return none > 0 ? n->n : 0;
}

static void they_are_part_of_the_transaction(void **state)
{
    rig *r = *state;
    note gone = { .text = "x" };
    OK(ost_begin(r->s, NULL));
    OK(insert_raw(r, 1));
    assert_int_equal(notes(r), 1);
    OK(ost_rollback(r->s));
    assert_int_equal(notes(r), 0);
    OK(ost_begin(r->s, NULL));
    OK(insert_raw(r, 1));
    OK(ost_commit(r->s));
    assert_int_equal(notes(r), 1);
    /* A failing write dooms it. */
    OK(ost_begin(r->s, NULL));
    OK(insert_raw(r, 2));
    FAILS(OST_CONFLICT, "", insert_raw(r, 1));
    FAILS(OST_CONFLICT, "", ost_insert(r->s, note, &gone));
    FAILS(OST_CONFLICT, "", ost_commit(r->s));
    assert_int_equal(notes(r), 1);
    /* One that was refused before it was sent does not. */
    OK(ost_begin(r->s, NULL));
    OK(insert_raw(r, 2));
    FAILS(OST_MISUSE, "not used",
          ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", OST_BIND(ost_bind(1))), NULL, NULL));
    OK(ost_commit(r->s));
    assert_int_equal(notes(r), 2);
}

static void servers_may_refuse(void **state)
{
    rig *r = *state;
    static const char text[] = "{\"insert\": \"notes\", \"documents\": [{\"_id\": 5}]}";
    FAILS(OST_NOT_NULL, "a null", ost_raw_run(r->s, OST_RAW(text), NULL, NULL));
    /* With a model that is about the collection, it is named. */
    FAILS(OST_NOT_NULL, "note", ost_raw_run(r->s, OST_RAW(text, .over = &note_model), NULL, NULL));
    FAILS(OST_NOT_NULL, "the database refused a null",
          ost_raw_run(r->s, OST_RAW(text, .over = &book_model), NULL, NULL));
    FAILS(OST_UNSUPPORTED, "know", ost_raw_run(r->s, OST_RAW("{\"neverHeardOf\": 1}"), NULL, NULL));
    NULLS(OST_DRIVER_ERROR, "", ost_raw_all(r->s, book, OST_RAW("[{\"$nonsense\": 1}]"), NULL));
    assert_int_equal(titled(r, "any"), 0);
}

static void deadlines_hold(void **state)
{
    rig *r = *state;
    ost_session *main = r->s;
    rig_book(r, "one", 1980);
    r->s = rig_session(r, OST_SESSION(.timeout_ms = 300));
    int64_t start = r->inner.monotonic(r->inner.context);
    NULLS(OST_TIMEOUT, "",
          ost_raw_all(r->s, book,
                      OST_RAW("[{\"$match\": {\"$expr\": {\"$function\": {\"body\": \"function() { "
                              "sleep(5000); return true; }\", \"args\": [], \"lang\": \"js\"}}}}]"),
                      NULL));
    assert_true(r->inner.monotonic(r->inner.context) - start < INT64_C(450000000));
    assert_int_equal(titled(r, "one"), 1);
    ost_session_close(r->s);
    r->s = main;
}

/* ---- refused ---- */

static void nothing_wrong_is_sent(void **state)
{
    rig *r = *state;
    static const char bad[] = { 'a', (char)0xff, '\0' };
    static const char *const holes[] = { "a", NULL };
    static const ost_opt_int optional[] = { OST_SOME(1) };
    const ost_raw old = { .text = "{\"ping\": 1}" };
    size_t count = 5;
    rig_forget(r);
    FAILS(OST_MISUSE, "OST_RAW", ost_raw_run(r->s, NULL, NULL, NULL));
    FAILS(OST_MISUSE, "OST_RAW", ost_raw_run(r->s, &old, NULL, NULL));
    FAILS(OST_MISUSE, "NULL", ost_raw_run(r->s, OST_RAW(NULL), NULL, NULL));
    FAILS(OST_MISUSE, "UTF-8", ost_raw_run(r->s, OST_RAW(bad), NULL, NULL));
    FAILS(OST_MISUSE, "OST_BIND",
          ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", .binding_count = 1), NULL, NULL));
    FAILS(OST_TOO_LARGE, "65535",
          ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", .binding_count = 65536), NULL, NULL));
    FAILS(OST_MISUSE, "parameter 2",
          ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", OST_BIND(ost_bind(1), ost_bind(&bad[0]))),
                      NULL, NULL));
    FAILS(
        OST_MISUSE, "NULL",
        ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", OST_BIND(ost_bind_list(holes, 2))), NULL, NULL));
    FAILS(OST_MISUSE, "kind",
          ost_raw_run(r->s, OST_RAW("{\"ping\": 1}", OST_BIND(ost_bind_list(optional, 1))), NULL,
                      NULL));
    NULLS(OST_MISUSE, "",
          ost_session_raw_all(r->s, &book_model, 3, OST_RAW("{\"ping\": 1}"), &count));
    assert_int_equal(count, 0);
    assert_int_equal(rig_sent(r), 0);
}

static void others_refuse_them(void **state)
{
    rig *r = *state;
    size_t count = 5;
    rig_forget(r);
    NULLS(OST_UNSUPPORTED, "raw statements are not built yet",
          ost_raw_all(r->s, book, OST_RAW("SELECT * FROM books"), &count));
    assert_int_equal(count, 0);
    FAILS(OST_UNSUPPORTED, "raw statements are not built yet",
          ost_raw_run(r->s, OST_RAW("DELETE FROM books"), NULL, NULL));
    assert_int_equal(rig_sent(r), 0);
    OK(ost_begin(r->s, NULL));
    FAILS(OST_UNSUPPORTED, "raw", ost_raw_run(r->s, OST_RAW("DELETE FROM books"), NULL, NULL));
    rig_book(r, "one", 1980);
    OK(ost_commit(r->s));
    assert_int_equal(rig_books(r), 1);
}

static void memory_may_be_short(void **state)
{
    rig *r = *state;
    rig_book(r, "one", 1980);
    assert_int_equal(titled(r, "one"), 1);
    for (long n = 1; n < 60; n++) {
        size_t count = 0;
        atomic_store(&r->calls, 0);
        atomic_store(&r->fail_at, n);
        book *found = by_year(r, 1980, &count);
        bool failed = atomic_load(&r->calls) >= n;
        atomic_store(&r->fail_at, 0);
        if (!found)
            assert_int_equal(ost_session_error(r->s)->status, OST_NO_MEMORY);
        assert_int_equal(count, found ? 1 : 0);
        OK(ost_session_clear(r->s));
        if (!failed)
            return;
    }
    fail_msg("it never had enough");
}

#define RIG_MONGO(f) RIG_ON(f, RIG_MONGODB)

int main(void)
{
    const struct CMUnitTest raw[] = {
        RIG_MONGO(pipelines_give_records),
        RIG_MONGO(groups_are_read_into_parts),
        RIG_MONGO(what_does_not_fit_is_range),
        RIG_MONGO(cursors_are_read_to_their_end),
        RIG_MONGO(replies_are_rows),
        RIG_MONGO(values_keep_their_kinds),
        RIG_MONGO(lists_are_bound),
        RIG_MONGO(fm47_values_never_become_operators),
        RIG_MONGO(writes_are_counted),
        RIG_MONGO(read_only_sessions_only_read),
        RIG_MONGO(they_are_part_of_the_transaction),
        RIG_MONGO(servers_may_refuse),
        RIG_MONGO(deadlines_hold),
        RIG_ALL(nothing_wrong_is_sent),
        RIG_MONGO(memory_may_be_short),
        RIG_SQL(others_refuse_them),
    };
    return RIG_RUN(raw);
}
