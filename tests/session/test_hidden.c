/* SPDX-License-Identifier: MIT */
/* Members that are hidden, and members that never change. */
#include "rig.h"

typedef struct card {
    int64_t id;
    const char *secret, *owner, *serial;
    int uses;
    ost_opt_int limit;
} card;
OST_RECORD(card, id);
OST_MODEL(card, .table = "cards",
          OST_FIELDS(OST_FIELD(card, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(card, secret, .required = true, .hidden = true, .max_length = 40),
                     OST_FIELD(card, owner),
                     OST_FIELD(card, serial, .immutable = true, .max_length = 20,
                               .messages = OST_MESSAGES(.immutable = "is engraved")),
                     OST_FIELD(card, uses), OST_FIELD(card, limit, .hidden = true)));
typedef struct pair {
    int64_t id;
    int64_t other;
} pair;
OST_RECORD(pair, id);
OST_MODEL(pair, .table = "pairs",
          OST_FIELDS(OST_FIELD(pair, id, .primary_key = true),
                     OST_FIELD(pair, other, .immutable = true)));
typedef struct sight {
    const char *secret;
} sight;
OST_PART(sight);
OST_MODEL(sight, OST_FIELDS(OST_FIELD(sight, secret)));

static rig *begin(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&card_model, &pair_model)));
    card c = { .secret = "1234", .owner = "ada", .serial = "A1", .limit = OST_SOME(9) };
    OK(ost_insert(r->s, card, &c));
    assert_int_equal(c.id, 1);
    return r;
}

/* The stored record, with everything. */
static card *whole(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, card);
    ost_where(q, ost_eq(card, id, id));
    ost_with_hidden(q);
    card *c = ost_one(q, card);
    assert_non_null(c);
    return c;
}

static void it_is_loaded_only_if_asked_for(void **state)
{
    rig *r = begin(state);
    size_t count;
    int64_t key = 1;
    card *c = ost_get(r->s, card, 1);
    assert_null(c->secret);
    assert_false(c->limit.present);
    assert_string_equal(c->owner, "ada");
    assert_string_equal(c->serial, "A1");
    card *many = ost_get_many(r->s, card, &key, 1, &count);
    assert_int_equal(count, 1);
    assert_null(many->secret);
    c = ost_find(r->s, card, ost_eq(card, secret, "1234"));
    assert_non_null(c);
    assert_null(c->secret);
    OK(ost_reload(r->s, card, c));
    assert_null(c->secret);
    ost_query *q = ost_from(r->s, card);
    c = ost_all(q, card, &count);
    assert_null(c->secret);
    ost_with_hidden(q);
    c = ost_all(q, card, &count);
    assert_string_equal(c->secret, "1234");
    assert_int_equal(c->limit.value, 9);
    q = ost_from(r->s, card);
    ost_select(q, ost_as(sight, secret, ost_col(card, secret)));
    sight *s = ost_first(q, sight);
    assert_string_equal(s->secret, "1234");
    q = ost_from(r->s, card);
    ost_with_hidden(q);
    ost_cursor *cursor = ost_stream(q, 5);
    c = ost_next(cursor, card);
    assert_string_equal(c->secret, "1234");
    OK(ost_cursor_close(cursor));
    cursor = ost_stream(ost_from(r->s, card), 5);
    c = ost_next(cursor, card);
    assert_null(c->secret);
    assert_int_equal(c->uses, 0);
    OK(ost_cursor_close(cursor));
}

static void what_was_not_loaded_is_not_written(void **state)
{
    rig *r = begin(state);
    card *c = ost_get(r->s, card, 1);
    c->uses = 5;
    OK(ost_save(r->s, card, c));
    assert_string_equal(whole(r, 1)->secret, "1234");
    c->uses = 6;
    OK(ost_replace(r->s, card, c));
    c->uses = 7;
    OK(ost_save_many(r->s, card, c, 1));
    c = whole(r, 1);
    assert_string_equal(c->secret, "1234");
    assert_int_equal(c->limit.value, 9);
    assert_int_equal(c->uses, 7);
}

static void what_the_program_set_is_written(void **state)
{
    rig *r = begin(state);
    card *c = ost_get(r->s, card, 1);
    c->secret = "5678";
    OK(ost_save(r->s, card, c));
    assert_string_equal(whole(r, 1)->secret, "5678");
    c = ost_get(r->s, card, 1);
    c->secret = "90";
    OK(ost_replace(r->s, card, c));
    assert_string_equal(whole(r, 1)->secret, "90");
    c = ost_get(r->s, card, 1);
    c->secret = "";
    FAILS(OST_INVALID, "card.secret: must not be empty", ost_save(r->s, card, c));
    /* Where it was loaded, it is a member like any other. */
    c = whole(r, 1);
    c->secret = NULL;
    FAILS(OST_INVALID, "card.secret", ost_save(r->s, card, c));
    c->secret = "90";
    ost_drop(c->limit);
    OK(ost_save(r->s, card, c));
    assert_false(whole(r, 1)->limit.present);
    /* A struct of the program's own is written whole. */
    card own = { .id = 1, .owner = "eve" };
    FAILS(OST_INVALID, "card.secret", ost_replace(r->s, card, &own));
    own.secret = "x";
    OK(ost_replace(r->s, card, &own));
    assert_string_equal(whole(r, 1)->secret, "x");
}

static void a_record_that_was_inserted_holds_it(void **state)
{
    rig *r = begin(state);
    card *c = ost_new(r->s, card);
    c->secret = "abc";
    OK(ost_insert(r->s, card, c));
    assert_string_equal(c->secret, "abc");
    c->uses++;
    OK(ost_save(r->s, card, c));
    assert_string_equal(whole(r, c->id)->secret, "abc");
}

static void it_does_not_change(void **state)
{
    rig *r = begin(state);
    int64_t n;
    ost_failure f;
    card *c = ost_get(r->s, card, 1);
    c->serial = "B2";
    FAILS(OST_INVALID, "card.serial: is engraved", ost_save(r->s, card, c));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "serial");
    assert_string_equal(f.rule, "immutable");
    FAILS(OST_INVALID, "card.serial: is engraved", ost_replace(r->s, card, c));
    FAILS(OST_INVALID, "record 0: card.serial", ost_save_many(r->s, card, c, 1));
    c->serial = NULL;
    FAILS(OST_INVALID, "card.serial", ost_save(r->s, card, c));
    ost_query *q = ost_from(r->s, card);
    ost_everything(q);
    FAILS(OST_INVALID, "card.serial", ost_update(q, &n, ost_set(card, serial, "A1")));
    FAILS(OST_INVALID, "card.serial", ost_update_one(q, ost_set_null(card, serial)));
    c->serial = "A1";
    c->uses = 3;
    OK(ost_save(r->s, card, c));
    c->uses = 4;
    OK(ost_replace(r->s, card, c));
    assert_string_equal(whole(r, 1)->serial, "A1");
    assert_int_equal(whole(r, 1)->uses, 4);
}

static void a_replace_of_the_programs_own_leaves_it(void **state)
{
    rig *r = begin(state);
    card own = { .id = 1, .secret = "x", .serial = "other", .uses = 8 };
    OK(ost_replace(r->s, card, &own));
    assert_string_equal(whole(r, 1)->serial, "A1");
    assert_int_equal(whole(r, 1)->uses, 8);
    pair p = { .id = 1, .other = 2 };
    OK(ost_insert(r->s, pair, &p));
    FAILS(OST_MISUSE, "ost_replace of a pair writes nothing", ost_replace(r->s, pair, &p));
    ost_query *q = ost_from(r->s, pair);
    ost_where(q, ost_eq(pair, id, 1));
    FAILS(OST_INVALID, "pair.other: must not change", ost_update_one(q, ost_inc(pair, other, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(it_is_loaded_only_if_asked_for),
        RIG_ALL(what_was_not_loaded_is_not_written),
        RIG_ALL(what_the_program_set_is_written),
        RIG_ALL(a_record_that_was_inserted_holds_it),
        RIG_ALL(it_does_not_change),
        RIG_ALL(a_replace_of_the_programs_own_leaves_it),
    };
    return RIG_RUN(tests);
}
