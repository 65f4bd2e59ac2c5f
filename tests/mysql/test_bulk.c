/* SPDX-License-Identifier: MIT */
/* Many records at once: keys in the order of the records, failures that name the record. */
#include "mysql/crates.h"

#include "mysql/connection.h"

enum { MANY = 20000 };

static crate *crates_named(size_t count, const char *prefix)
{
    crate *in = calloc(count, sizeof *in);
    for (size_t i = 0; i < count; i++) {
        char *name = malloc(32);
        snprintf(name, 32, "%s %zu", prefix, i);
        in[i] = (crate){ .name = name,
                         .n = (int64_t)(i % 1000) + 14,
                         .price = ost_decimal_of((int64_t)i, 2),
                         .note = i % 3 == 0 ? NULL : "a note" };
        if (i % 2 == 0)
            ost_put(in[i].maybe, (int)i);
    }
    return in;
}

static void crates_free(crate *in, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)in[i].name);
    free(in);
}

/* Which way it goes: as an array, as rows of VALUES, one by one. */
static void choose(crates_world *w, bool arrays)
{
    w->b.c->arrays = arrays;
}

/* How many statements it took. */
static uint32_t insert_all(crates_world *w, crate *in, size_t count)
{
    made *m = crate_insert(w, in, count);
    crate *out = calloc(count, sizeof *out);
    size_t got = 0;
    uint32_t statements;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run_rows(m, out, count, &got) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(got, count);
    assert_int_equal(w->b.outcome.matched, count);
    assert_int_equal(w->b.outcome.changed, count);
    statements = w->b.outcome.statements;
    for (size_t i = 0; i < count; i++)
        in[i].id = out[i].id;
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    discard(m);
    free(out);
    return statements;
}

static void check_all(crates_world *w, const crate *in, size_t count)
{
    made *get = crate_select(w);
    crate *out = calloc(count + 1, sizeof *out);
    size_t got;
    assert_int_equal(run_rows(get, out, count + 1, &got), OST_OK);
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out[i].id, in[i].id);
        assert_string_equal(out[i].name, in[i].name);
        assert_int_equal(out[i].n, in[i].n);
        assert_int_equal(out[i].maybe.present, in[i].maybe.present);
        if (in[i].maybe.present)
            assert_int_equal(out[i].maybe.value, in[i].maybe.value);
        assert_int_equal(ost_decimal_compare(out[i].price, in[i].price), 0);
        if (in[i].note)
            assert_string_equal(out[i].note, in[i].note);
        else
            assert_null(out[i].note);
    }
    discard(get);
    free(out);
}

static void keys_come_in_the_order_of_the_records(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(MANY, "crate");
    choose(w, true);
    assert_in_range(insert_all(w, in, MANY), 1, 10);
    check_all(w, in, MANY);
    crates_free(in, MANY);
}

static void rows_of_values_do_the_same(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(3000, "crate");
    choose(w, false);
    insert_all(w, in, 3000);
    check_all(w, in, 3000);
    crates_free(in, 3000);
}

static void keys_may_lie_apart(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(300, "crate");
    for (int way = 0; way < 2; way++) {
        assert_int_equal(
            crates_simple(w, OST_DO_RAW,
                          "SET auto_increment_increment = 7, auto_increment_offset = 3"),
            OST_OK);
        w->b.c->key_step = 7;
        choose(w, way == 0);
        insert_all(w, in, 300);
        for (size_t i = 1; i < 300; i++)
            assert_int_equal(in[i].id, in[i - 1].id + 7);
        check_all(w, in, 300);
        server_sql(w->url, "DELETE FROM crates");
    }
    crates_free(in, 300);
}

static void fm43_any_number_of_records_goes_in(void **state)
{
    static const size_t counts[] = { 1, 2, 3, 255, 256, 257, 511, 512, 513, 1025 };
    crates_world *w = *state;
    for (int way = 0; way < 2; way++) {
        choose(w, way == 0);
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            crate *in = crates_named(counts[i], "crate");
            insert_all(w, in, counts[i]);
            check_all(w, in, counts[i]);
            crates_free(in, counts[i]);
            server_sql(w->url, "DELETE FROM crates");
        }
    }
}

static void large_records_are_sent_in_several_statements(void **state)
{
    enum { COUNT = 24, SIZE = 1 << 20 };
    crates_world *w = *state;
    char *note = malloc(SIZE + 1);
    memset(note, 'x', SIZE);
    note[SIZE] = '\0';
    for (int way = 0; way < 2; way++) {
        crate *in = crates_named(COUNT, "crate");
        for (size_t i = 0; i < COUNT; i++)
            in[i].note = note;
        choose(w, way == 0);
        insert_all(w, in, COUNT);
        check_all(w, in, COUNT);
        crates_free(in, COUNT);
        server_sql(w->url, "DELETE FROM crates");
    }
    free(note);
}

/* ---- failures ---- */

static void fails_at(crates_world *w, made *m, size_t record, ost_status status, size_t count)
{
    crate *out = calloc(count, sizeof *out);
    size_t got = 0;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    ost_status what = run_rows(m, out, m->op.rows ? count : 0, &got);
    if (what != status)
        fail_msg("status %d: %s", what, w->b.error.message);
    assert_int_equal(w->b.outcome.failed_record, record);
    assert_int_equal(w->b.outcome.connection_lost, 0);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    free(out);
}

static void a_failure_names_the_record(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(1000, "crate");
    made *with_keys = crate_insert(w, in, 1000), *without = crate_insert(w, in, 1000);
    without->op.rows = NULL;
    without->shape.column_count = 0;
    for (int way = 0; way < 2; way++) {
        choose(w, way == 0);
        in[700].n = -13;
        fails_at(w, with_keys, 700, OST_CHECK, 1000);
        assert_string_equal(w->b.error.field, "n");
        fails_at(w, without, 700, OST_CHECK, 1000);
        assert_string_equal(w->b.error.field, "n");
        in[700].n = 5;
        const char *name = in[999].name;
        in[999].name = in[3].name;
        fails_at(w, with_keys, 999, OST_CONFLICT, 1000);
        fails_at(w, without, 999, OST_CONFLICT, 1000);
        assert_string_equal(w->b.error.field, "name");
        in[999].name = name;
        assert_string_equal(crates_text(w, "SELECT COUNT(*) FROM crates"), "0");
    }
    discard(with_keys);
    discard(without);
    crates_free(in, 1000);
}

/* Refused by ourselves, before anything of its statement was sent. */
static void a_value_that_does_not_fit_names_the_record(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(100, "crate");
    made *m = crate_insert(w, in, 100);
    for (int way = 0; way < 2; way++) {
        choose(w, way == 0);
        in[60].price = dec("12345678901234567890.5");
        fails_at(w, m, 60, OST_RANGE, 100);
        assert_string_equal(w->b.error.field, "price");
        in[60].price = dec("1.5");
    }
    discard(m);
    crates_free(in, 100);
}

/* ---- updates and deletes from records ---- */

static made *update_by_key(crates_world *w, crate *in, size_t count)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    from_records(m, in, count, sizeof *in, false);
    /* The key is the condition, and all else is written. */
    uint32_t key = m->changes[0].parameter;
    memmove(m->changes, m->changes + 1, (m->shape.change_count - 1) * sizeof *m->changes);
    m->shape.change_count--;
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(0));
    const ost_node *value = m->shape.where->args[1];
    m->parameters[value->parameter] = m->parameters[key];
    return m;
}

static void records_are_updated_together(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(500, "crate"), *changed = crates_named(500, "changed");
    made *m = update_by_key(w, changed, 500);
    for (int way = 0; way < 2; way++) {
        choose(w, true);
        insert_all(w, in, 500);
        for (size_t i = 0; i < 500; i++)
            changed[i].id = in[i].id;
        choose(w, way == 0);
        assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        if (run(m) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(w->b.outcome.matched, 500);
        assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
        assert_int_equal(w->b.outcome.statements, way == 0 ? 1 : 500);
        assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
        check_all(w, changed, 500);
        server_sql(w->url, "DELETE FROM crates");
    }
    discard(m);
    crates_free(in, 500);
    crates_free(changed, 500);
}

static void an_update_names_the_first_record_that_is_gone(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(100, "crate");
    insert_all(w, in, 100);
    made *m = update_by_key(w, in, 100);
    char text[80];
    snprintf(text, sizeof text, "DELETE FROM crates WHERE id IN (%lld, %lld)", (long long)in[40].id,
             (long long)in[70].id);
    server_sql(w->url, text);
    for (int way = 0; way < 2; way++) {
        choose(w, way == 0);
        assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        assert_int_equal(run(m), OST_OK);
        assert_int_equal(w->b.outcome.matched, 98);
        assert_int_equal(w->b.outcome.failed_record, 40);
        assert_int_equal(crates_simple(w, OST_DO_ROLLBACK, NULL), OST_OK);
    }
    discard(m);
    crates_free(in, 100);
}

static void a_failed_update_names_the_record(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(100, "crate");
    insert_all(w, in, 100);
    made *m = update_by_key(w, in, 100);
    in[55].n = -13;
    for (int way = 0; way < 2; way++) {
        choose(w, way == 0);
        fails_at(w, m, 55, OST_CHECK, 0);
    }
    in[55].n = 1;
    discard(m);
    crates_free(in, 100);
}

static void records_are_deleted_together(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(300, "crate");
    made *m = make(&w->b, OST_DO_DELETE, w->crates);
    insert_all(w, in, 300);
    m->op.records = in;
    m->op.record_count = 299;
    m->op.record_stride = sizeof *in;
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(0));
    const ost_field *id = table_field(w->crates, "id");
    m->parameters[m->shape.where->args[1]->parameter] =
        (ost_parameter){ .source = OST_FROM_RECORD,
                         .type = id->type,
                         .offset = (uint32_t)id->offset,
                         .size = id->size,
                         .field = id };
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, 299);
    assert_int_equal(w->b.outcome.statements, 1);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT, NULL), OST_OK);
    assert_string_equal(crates_text(w, "SELECT name FROM crates"), "crate 299");
    discard(m);
    crates_free(in, 300);
}

/* A chunk of ours is smaller than what the server takes: a record beyond it goes alone. */
static void fm44_records_larger_than_a_chunk_go_alone(void **state)
{
    enum { LARGE = 5 << 20, COUNT = 4 };
    crates_world *w = *state;
    crate *in = crates_named(COUNT, "large");
    char *note = malloc(LARGE + 1);
    assert_non_null(note);
    memset(note, 'x', LARGE);
    note[LARGE] = '\0';
    in[1].note = in[2].note = note;
    insert_all(w, in, COUNT);
    assert_string_equal(crates_text(w, "SELECT length(note) FROM crates WHERE name IN ('large 1',"
                                       " 'large 2', 'large 3') ORDER BY id"),
                        "5242880|5242880|NULL");
    free(note);
    crates_free(in, COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(keys_come_in_the_order_of_the_records),
        TEST(rows_of_values_do_the_same),
        TEST(keys_may_lie_apart),
        TEST(fm43_any_number_of_records_goes_in),
        TEST(large_records_are_sent_in_several_statements),
        TEST(fm44_records_larger_than_a_chunk_go_alone),
        TEST(a_failure_names_the_record),
        TEST(a_value_that_does_not_fit_names_the_record),
        TEST(records_are_updated_together),
        TEST(an_update_names_the_first_record_that_is_gone),
        TEST(a_failed_update_names_the_record),
        TEST(records_are_deleted_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
