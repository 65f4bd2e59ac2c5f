/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

enum { COUNT = 5000 };

static thing *make_many(int count)
{
    thing *in = calloc((size_t)count, sizeof *in);
    char *names = malloc((size_t)count * 16);
    assert_non_null(in);
    assert_non_null(names);
    for (int i = 0; i < count; i++) {
        snprintf(names + i * 16, 16, "t %d", i);
        in[i] = (thing){ .name = names + i * 16, .n = i, .at = { i } };
    }
    return in;
}

static void free_many(thing *in, const char *names)
{
    free((void *)(uintptr_t)names);
    free(in);
}

static void every_record_gets_its_key(void **state)
{
    things_world *w = *state;
    thing *in = make_many(COUNT);
    const char *names = in[0].name;
    made *m = insert_things(w, in, COUNT);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, COUNT), OST_OK);
    assert_int_equal(w->b.outcome.matched, COUNT);
    assert_int_equal(w->b.outcome.changed, COUNT);
    assert_int_equal(w->b.outcome.rows, COUNT);
    assert_int_equal(w->b.outcome.statements, 1);
    assert_int_equal(w->b.outcome.round_trips, 2);
    for (int i = 1; i < COUNT; i++)
        assert_int_equal(in[i].id, in[0].id + i);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "n = id - 1 AND name = 't ' || n AND at = 'epoch'::timestamptz"
                                 " + n * interval '1 microsecond'"),
                     COUNT);
    discard(m);
    free_many(in, names);
}

static void keys_that_are_given_are_kept(void **state)
{
    things_world *w = *state;
    thing *in = make_many(20);
    const char *names = in[0].name;
    made *m = make(&w->b, OST_DO_INSERT, w->things);
    for (int i = 0; i < 20; i++)
        in[i].id = 1000 - i;
    from_records(m, in, 20, sizeof *in, false);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 20);
    assert_int_equal(w->b.outcome.statements, 1);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "id = 1000 - n"), 20);
    discard(m);
    free_many(in, names);
}

static void a_copy_travels_alone(void **state)
{
    things_world *w = *state;
    thing *in = make_many(8);
    const char *names = in[0].name;
    made *m = insert_things(w, in, 8);
    ost_operation ops[3] = { { .struct_size = sizeof ops[0], .kind = OST_DO_BEGIN },
                             { 0 },
                             { .struct_size = sizeof ops[0], .kind = OST_DO_COMMIT } };
    size_t accepted;
    assert_int_equal(compile(m), OST_OK);
    ops[1] = m->op;
    ops[1].rows = NULL;
    ops[1].flags = OST_FLAG_WRITES | OST_FLAG_TOKEN;
    assert_int_equal(w->b.driver->submit(w->b.c, ops, 3, &accepted, INT64_MAX, &w->b.error),
                     OST_OK);
    assert_int_equal(accepted, 1);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, NULL, NULL, 0, NULL, INT64_MAX), OST_OK);
    assert_int_equal(run_batch(w, ops + 1, 2, NULL, NULL, NULL), OST_OK);
    assert_int_equal(batch_trips, 3);
    assert_int_equal(count_of(w, "true"), 8);
    {
        ost_commit_token token;
        assert_int_equal(w->b.driver->commit_token(w->b.c, &token), OST_OK);
        assert_int_equal(w->b.driver->resolve(w->b.c, &token, INT64_MAX), OST_VERDICT_COMMITTED);
    }
    discard(m);
    free_many(in, names);
}

/* Further chunks ask for their keys by themselves. */
static void more_than_a_chunk_is_copied(void **state)
{
    enum { LARGE = 150000 };
    things_world *w = *state;
    thing *in = make_many(LARGE);
    const char *names = in[0].name;
    made *m = insert_things(w, in, LARGE);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, LARGE), OST_OK);
    assert_int_equal(w->b.outcome.matched, LARGE);
    assert_int_equal(w->b.outcome.statements, 3);
    for (int i = 1; i < LARGE; i++)
        assert_int_equal(in[i].id, in[0].id + i);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "n = id - 1 AND name = 't ' || n"), LARGE);
    discard(m);
    free_many(in, names);
}

/* ---- failures ---- */

static void the_record_that_failed_is_known(void **state)
{
    things_world *w = *state;
    thing *in = make_many(COUNT);
    const char *names = in[0].name;
    made *m = insert_things(w, in, COUNT);
    in[3456].name = in[17].name;
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, COUNT), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 3456);
    assert_string_equal(w->b.error.field, "name");
    assert_string_equal(w->b.error.constraint, "things_name_unique");
    assert_string_equal(w->b.error.model, "thing");
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    in[3456].name = "other";
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, COUNT), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "true"), COUNT);
    discard(m);
    free_many(in, names);
}

static void a_record_that_cannot_be_sent_is_known(void **state)
{
    things_world *w = *state;
    thing *in = make_many(COUNT);
    const char *names = in[0].name;
    made *m = insert_things(w, in, COUNT);
    in[30].at.microseconds = INT64_MAX;
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, COUNT), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, 30);
    assert_string_equal(w->b.error.field, "at");
    /* It was found before anything was sent. */
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_int_equal(unit_of(w), OST_UNIT_OPEN);
    in[30].at.microseconds = 0;
    in[COUNT - 1].at.microseconds = INT64_MAX;
    assert_int_equal(run_insert(w, m, in, COUNT), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, COUNT - 1);
    assert_int_equal(w->b.error.nothing_sent, 0);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    assert_int_equal(count_of(w, "true"), 0);
    discard(m);
    free_many(in, names);
}

/* A record may be larger than what is sent at once. */
static void large_records_are_copied_in_slices(void **state)
{
    enum { SIZE = 5000000 };
    things_world *w = *state;
    thing *in = make_many(12);
    const char *names = in[0].name;
    char *large = malloc(SIZE + 1);
    made *m = insert_things(w, in, 12);
    assert_non_null(large);
    memset(large, 'x', SIZE);
    large[SIZE] = '\0';
    server_sql(w->url, "ALTER TABLE things DROP CONSTRAINT things_name_unique;"
                       "ALTER TABLE things ALTER name TYPE text COLLATE \"C\"");
    for (int i = 0; i < 12; i += 2)
        in[i].name = large;
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, 12), OST_OK);
    assert_int_equal(w->b.outcome.statements, 1);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "length(name) = 5000000"), 6);
    assert_int_equal(count_of(w, "name = 't ' || n"), 6);
    discard(m);
    free(large);
    free_many(in, names);
}

/* ---- where COPY would not be the same ---- */

static void inserted_instead(things_world *w, const char *why)
{
    thing *in = make_many(600);
    const char *names = in[0].name;
    made *m = insert_things(w, in, 600);
    server_sql(w->url, why);
    assert_int_equal(begin_unit(w), OST_OK);
    if (run_insert(w, m, in, 600) != OST_OK)
        fail_msg("%s: %s", why, w->b.error.message);
    assert_int_equal(w->b.outcome.matched, 600);
    assert_int_equal(w->b.outcome.statements, 600);
    for (int i = 1; i < 600; i++)
        assert_true(in[i].id > in[i - 1].id);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "name = 't ' || n % 1000"), 600);
    discard(m);
    free_many(in, names);
}

static void triggers_keep_copy_away(void **state)
{
    things_world *w = *state;
    inserted_instead(w, "CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$"
                        " BEGIN NEW.n = NEW.n + 1000; RETURN NEW; END $$;"
                        "CREATE TRIGGER more BEFORE INSERT ON things FOR EACH ROW"
                        " EXECUTE FUNCTION more()");
    assert_int_equal(count_of(w, "n >= 1000"), 600);
}

static void keys_of_the_servers_own_keep_copy_away(void **state)
{
    inserted_instead(*state, "ALTER TABLE things ALTER id SET GENERATED ALWAYS");
}

/* COPY would take the bytes of an integer for those of a decimal. */
static void columns_of_another_type_keep_copy_away(void **state)
{
    things_world *w = *state;
    inserted_instead(w, "ALTER TABLE things ALTER COLUMN n TYPE numeric");
    assert_int_equal(count_of(w, "n = id - 1"), count_of(w, "true"));
}

static void keys_without_a_sequence_keep_copy_away(void **state)
{
    inserted_instead(*state, "ALTER TABLE things ALTER id DROP IDENTITY;"
                             "CREATE SEQUENCE others; ALTER TABLE things ALTER id SET DEFAULT"
                             " nextval('others')");
}

static void rules_keep_copy_away(void **state)
{
    inserted_instead(*state, "CREATE TABLE log (id int8); CREATE RULE noted AS ON UPDATE TO things"
                             " DO ALSO INSERT INTO log VALUES (NEW.id)");
}

static void a_sequence_that_may_not_be_used_keeps_copy_away(void **state)
{
    things_world *w = *state;
    thing *in = make_many(50);
    const char *names = in[0].name;
    made *m = insert_things(w, in, 50);
    server_sql(w->url, "DROP ROLE IF EXISTS poor; CREATE ROLE poor;"
                       "GRANT INSERT, SELECT ON things TO poor; GRANT poor TO current_user");
    assert_int_equal(control(w, OST_DO_RAW, "SET ROLE poor"), OST_OK);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, 50), OST_OK);
    assert_int_equal(w->b.outcome.statements, 50);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "true"), 50);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_RAW, INT64_MAX), OST_OK);
    server_sql(w->url, "REVOKE ALL ON things FROM poor; DROP ROLE poor");
    discard(m);
    free_many(in, names);
}

static void a_table_that_is_not_there_says_so(void **state)
{
    things_world *w = *state;
    thing *in = make_many(20);
    const char *names = in[0].name;
    made *m = insert_things(w, in, 20);
    server_sql(w->url, "ALTER TABLE things RENAME TO gone");
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, 20), OST_SCHEMA);
    assert_int_equal(control(w, OST_DO_ROLLBACK, NULL), OST_OK);
    server_sql(w->url, "ALTER TABLE gone RENAME TO things");
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run_insert(w, m, in, 20), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(m);
    free_many(in, names);
}

/* ---- time ---- */

static void fm05_a_copy_that_waits_ends_at_its_deadline(void **state)
{
    things_world *w = *state;
    thing *in = make_many(COUNT);
    const char *names = in[0].name;
    made *m = insert_things(w, in, COUNT);
    thing t = { .name = "t 4000", .n = 1 };
    ost_connection *other = bench_connect(&w->b);
    made *first = insert_things(w, &t, 1);
    int64_t start, deadline;
    size_t accepted;
    first->op.rows = NULL;
    /* Somebody else holds the name of a record, and does not say what becomes of it. */
    assert_int_equal(begin_on(&w->b, other, OST_ACCESS_WRITE), OST_OK);
    assert_int_equal(run_on(other, first, NULL, NULL), OST_OK);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(compile(m), OST_OK);
    start = bench_now(&w->b);
    deadline = start + 300000000;
    m->op.rows = NULL;
    assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, deadline, &w->b.error),
                     OST_OK);
    assert_int_equal(collect_rows(&w->b, w->b.c, 0, m, NULL, 0, NULL, deadline), OST_TIMEOUT);
    assert_in_range((bench_now(&w->b) - start) / 1000000, 299, 400);
    assert_int_equal(w->b.driver->settle(w->b.c, deadline), OST_TIMEOUT);
    w->b.driver->cancel(w->b.backend, w->b.c, ((struct ost_connection *)w->b.c)->batch, INT64_MAX);
    assert_int_equal(w->b.driver->settle(w->b.c, bench_now(&w->b) + 2000000000), OST_OK);
    assert_int_equal(unit_of(w), OST_UNIT_FAILED);
    assert_int_equal(w->b.driver->reset(w->b.c, OST_TOUCHED_UNIT, INT64_MAX), OST_OK);
    assert_int_equal(simple_on(&w->b, other, OST_DO_ROLLBACK, NULL), OST_OK);
    w->b.driver->close(other, INT64_MAX);
    assert_int_equal(begin_unit(w), OST_OK);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(control(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_int_equal(count_of(w, "true"), COUNT);
    discard(m);
    discard(first);
    free_many(in, names);
}

#define COPY_TEST(f) cmocka_unit_test_setup_teardown(f, things_begin, things_end)
#define POOLED_TEST(f)                                                  \
    {                                                                   \
#f "_behind_a_pooler", f, things_begin_pooled, things_end, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        COPY_TEST(every_record_gets_its_key),
        POOLED_TEST(every_record_gets_its_key),
        COPY_TEST(keys_that_are_given_are_kept),
        COPY_TEST(a_copy_travels_alone),
        COPY_TEST(more_than_a_chunk_is_copied),
        COPY_TEST(the_record_that_failed_is_known),
        POOLED_TEST(the_record_that_failed_is_known),
        COPY_TEST(a_record_that_cannot_be_sent_is_known),
        COPY_TEST(large_records_are_copied_in_slices),
        COPY_TEST(triggers_keep_copy_away),
        POOLED_TEST(triggers_keep_copy_away),
        COPY_TEST(keys_of_the_servers_own_keep_copy_away),
        COPY_TEST(columns_of_another_type_keep_copy_away),
        COPY_TEST(keys_without_a_sequence_keep_copy_away),
        COPY_TEST(rules_keep_copy_away),
        COPY_TEST(a_sequence_that_may_not_be_used_keeps_copy_away),
        COPY_TEST(a_table_that_is_not_there_says_so),
        COPY_TEST(fm05_a_copy_that_waits_ends_at_its_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
