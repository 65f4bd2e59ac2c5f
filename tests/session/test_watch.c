/* SPDX-License-Identifier: MIT */
/* Watching where there is nothing to be watched: refused with a sentence, and nothing is left. */
#include "rig.h"

static void a_backend_without_streams_is_named(void **state)
{
    rig *r = *state;
    ost_query *q = ost_from(r->s, book);
    ost_where(q, ost_gt(book, year, 1900));
    NULLS(OST_UNSUPPORTED, "has no streams of changes: book cannot be watched",
          ost_watch(q, OST_WATCH(.wait_ms = 100)));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_string_equal(ost_session_error(r->s)->model, "book");
    assert_int_equal(rig_sent(r), 0);
    /* The connection went back, and nothing holds the session. */
    rig_book(r, "a", 1901);
    OK(ost_session_clear(r->s));
}

static void its_name_is_in_the_sentence(void **state)
{
    rig *r = *state;
    NULLS(OST_UNSUPPORTED, "SQLite has no streams", ost_watch(ost_from(r->s, book), NULL));
}

static void what_is_wrong_is_said_before(void **state)
{
    rig *r = *state;
    ost_query *q = ost_from(r->s, book);
    ost_order_by(q, ost_asc(book, year));
    NULLS(OST_MISUSE, "conditions alone", ost_watch(q, NULL));
    q = ost_from(r->s, book);
    OK(ost_begin(r->s, NULL));
    NULLS(OST_MISUSE, "inside a transaction", ost_watch(q, NULL));
    OK(ost_rollback(r->s));
    NULLS(OST_MISUSE, "is none",
          ost_watch(q, OST_WATCH(.after = ((ost_blob){ .data = NULL, .size = 3 }))));
    OK(ost_session_clear(r->s));
    NULLS(OST_MISUSE, "after the session was cleared", ost_watch(q, NULL));
}

/* It says that it can, and then cannot. */
static void a_driver_may_refuse_a_server(void **state)
{
    rig world, *r = &world;
    rig_mode mode = rig_modes[RIG_BLOCKING];
    (void)state;
    mode.options.add_abilities = UINT64_C(1) << OST_CAN_WATCH;
    rig_begin(r, &mode);
    rig_open(r, NULL);
    for (int i = 0; i < 3; i++) {
        assert_null(ost_watch(ost_from(r->s, book), NULL));
        assert_int_equal(ost_session_error(r->s)->status, OST_UNSUPPORTED);
        HAS(ost_session_error(r->s)->message, "has no change streams");
    }
    OK(ost_session_clear(r->s));
    rig_close(r);
    rig_end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_SQL(a_backend_without_streams_is_named),
        RIG_LOCAL(its_name_is_in_the_sentence),
        RIG_ALL(what_is_wrong_is_said_before),
        { "a_driver_may_refuse_a_server", a_driver_may_refuse_a_server, NULL, NULL,
          &rig_modes[RIG_BLOCKING] },
    };
    return RIG_RUN(tests);
}
