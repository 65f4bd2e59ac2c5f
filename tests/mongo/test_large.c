/* SPDX-License-Identifier: MIT */
/* What a server could only hold in one piece, if it held it: groups, partitions and sorts of more
 * than 100 MB, sets of more than 16 MiB. */
#include "mongo/crates.h"

enum { COUNT = 120000, LENGTH = 1000 };

/* Made by the server: of crate i n is i, `maybe` i % 3 (absent: 0), and the note a text of its own
 * for each `alike` ones, absent for multiples of 1000. */
static void fill(crates_world *w, int alike)
{
    static const char form[] =
        "{\"aggregate\": \"labels\", \"cursor\": {}, \"pipeline\": [{\"$limit\": 1}, "
        "{\"$project\": "
        "{\"i\": {\"$range\": [1, %d]}}}, {\"$unwind\": \"$i\"}, {\"$project\": {\"_id\": "
        "{\"$toLong\": "
        "\"$i\"}, \"name\": {\"$concat\": [\"crate \", {\"$toString\": \"$i\"}]}, \"n\": "
        "{\"$toLong\": "
        "\"$i\"}, \"price\": {\"$toDecimal\": \"$i\"}, \"maybe\": {\"$cond\": [{\"$mod\": [\"$i\", "
        "3]}, "
        "{\"$mod\": [\"$i\", 3]}, \"$$REMOVE\"]}, \"note\": {\"$cond\": [{\"$mod\": [\"$i\", "
        "1000]}, "
        "{\"$concat\": [{\"$toString\": {\"$toInt\": {\"$floor\": {\"$divide\": [\"$i\", %d]}}}}, "
        "\"%s\"]}, \"$$REMOVE\"]}}}, {\"$out\": \"crates\"}]}";
    char tail[LENGTH + 1], text[LENGTH + sizeof form + 32];
    memset(tail, 'x', LENGTH);
    tail[LENGTH] = '\0';
    crates_do(w, "{\"insert\": \"labels\", \"documents\": [{\"_id\": 1, \"n\": {\"$numberLong\": "
                 "\"1\"}}]}");
    snprintf(text, sizeof text, form, COUNT + 1, alike, tail);
    server_sql(w->url, text);
    assert_int_equal(crates_count(w, "crates", "{}"), COUNT);
}

typedef struct numbers {
    ost_opt_int64 n[6];
} numbers;

static const ost_field *number_field(size_t i)
{
    static ost_field fields[6];
    fields[i] = (ost_field){ .name = "n",
                             .offset = offsetof(numbers, n) + i * sizeof(ost_opt_int64),
                             .size = sizeof(ost_opt_int64),
                             .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL };
    return &fields[i];
}

static size_t read_numbers(crates_world *w, made *m, numbers *out, size_t room)
{
    size_t count;
    m->program.row_size = sizeof *out;
    ost_status status = run_rows(m, out, room, &count);
    if (status != OST_OK)
        fail_msg("%s: %s", ost_status_name(status), w->b.error.message);
    discard(m);
    return count;
}

static void distinct_texts_are_counted(void **state)
{
    crates_world *w = *state;
    numbers out[4];
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    fill(w, 1);
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "note", OST_TYPE_INT64, 0), number_field(0));
    assert_int_equal(read_numbers(w, m, out, 4), 1);
    assert_int_equal(out[0].n[0].value, COUNT - COUNT / 1000);
    /* In groups, beside what is counted and compared. */
    m = make(&w->b, OST_DO_SELECT, w->crates);
    group_by(m, member(m, "maybe"));
    column(m, member(m, "maybe"), number_field(0));
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "note", OST_TYPE_INT64, 0), number_field(1));
    column(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0), number_field(2));
    column(m, aggregate(m, OST_OP_COUNT, "note", OST_TYPE_INT64, 0), number_field(3));
    column(m, aggregate(m, OST_OP_MAX, "n", OST_TYPE_INT64, 0), number_field(4));
    column(m, aggregate(m, OST_OP_MIN, "n", OST_TYPE_INT64, 0), number_field(5));
    order_by(m, member(m, "maybe"), false);
    assert_int_equal(read_numbers(w, m, out, 4), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(out[i].n[0].present, i > 0);
        assert_int_equal(out[i].n[1].value, (COUNT - COUNT / 1000) / 3);
        assert_int_equal(out[i].n[2].value, COUNT / 3);
        assert_int_equal(out[i].n[3].value, (COUNT - COUNT / 1000) / 3);
        assert_int_equal(out[i].n[4].value, COUNT - (3 - i) % 3);
        assert_int_equal(out[i].n[5].value, i > 0 ? i : 3);
    }
    /* Beside another set and a sum. */
    m = make(&w->b, OST_DO_SELECT, w->crates);
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "note", OST_TYPE_INT64, 0), number_field(0));
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "name", OST_TYPE_INT64, 0), number_field(1));
    column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "maybe", OST_TYPE_INT64, 0), number_field(2));
    column(m, aggregate(m, OST_OP_SUM, "n", OST_TYPE_INT64, 0), number_field(3));
    assert_int_equal(read_numbers(w, m, out, 4), 1);
    assert_int_equal(out[0].n[0].value, COUNT - COUNT / 1000);
    assert_int_equal(out[0].n[1].value, COUNT);
    assert_int_equal(out[0].n[2].value, 2);
    assert_int_equal(out[0].n[3].value, (int64_t)COUNT * (COUNT + 1) / 2);
}

/* All in one set: a partition of more than 100 MB. */
static void alike_texts_are_counted_once(void **state)
{
    crates_world *w = *state;
    numbers out[1];
    fill(w, COUNT + 1);
    for (int with_sum = 0; with_sum < 2; with_sum++) {
        made *m = make(&w->b, OST_DO_SELECT, w->crates);
        column(m, aggregate(m, OST_OP_COUNT_DISTINCT, "note", OST_TYPE_INT64, 0), number_field(0));
        if (with_sum)
            column(m, aggregate(m, OST_OP_SUM, "n", OST_TYPE_INT64, 0), number_field(1));
        assert_int_equal(read_numbers(w, m, out, 1), 1);
        assert_int_equal(out[0].n[0].value, 1);
    }
}

/* Rows as they are, in partitions, in an order, without doubles. */
static void rows_are_ordered_and_numbered(void **state)
{
    crates_world *w = *state;
    crate *out = calloc(COUNT, sizeof *out);
    size_t count;
    fill(w, 1);
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    order_by(m, member(m, "note"), true);
    order_by(m, member(m, "n"), true);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(count, COUNT);
    assert_int_equal(out[0].id, 9);
    assert_null(out[COUNT - 1].note);
    discard(m);
    m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    m->shape.partition = member(m, "maybe");
    m->shape.partition_parameter = value(m, NULL, ost_value_int(2))->parameter;
    order_by(m, member(m, "note"), true);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(count, 6);
    discard(m);
    m = make(&w->b, OST_DO_SELECT, w->crates);
    column(m, member(m, "note"), table_field(w->crates, "note"));
    m->shape.distinct = true;
    m->program.row_size = sizeof(crate);
    assert_int_equal(run_rows(m, out, COUNT, &count), OST_OK);
    assert_int_equal(count, COUNT - COUNT / 1000 + 1);
    discard(m);
    free(out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, crates_begin, crates_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(distinct_texts_are_counted),
        TEST(alike_texts_are_counted_once),
        TEST(rows_are_ordered_and_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
