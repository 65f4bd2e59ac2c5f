/* SPDX-License-Identifier: MIT */
/* Lists of a condition, of any length. */
#include "mongo/crates.h"

enum { NUMBERS = 1200000, TEXTS = 30000, LENGTH = 1000, ROWS = 50 };

/* -1, -2, … but for 1, 2, … ROWS in between, and each of those twice. */
static int64_t *numbers(void)
{
    int64_t *items = calloc(NUMBERS, sizeof *items);
    for (int i = 0; i < NUMBERS; i++)
        items[i] = -i - 1;
    for (int i = 0; i < ROWS; i++)
        items[i * 7919 % NUMBERS] = items[NUMBERS - 1 - i * 11] = i + 1;
    return items;
}

static made *among(crates_world *w, uint16_t kind, const char *name, const int64_t *items,
                   size_t count)
{
    made *m = make(&w->b, kind, w->crates);
    m->shape.where = in_list(m, name, OST_TYPE_INT64, items, count, sizeof *items);
    return m;
}

/* Each row comes once, whatever stands how often in the list, in the order that is asked for. */
static void fm43_more_numbers_than_a_command_holds(void **state)
{
    crates_world *w = *state;
    int64_t *items = numbers();
    crates_fill(w, ROWS + 10);
    for (int way = 0; way < 6; way++) {
        crate out[ROWS + 1];
        bool seen[ROWS + 1] = { false };
        size_t count;
        made *m = among(w, OST_DO_SELECT, way & 1 ? "n" : "id", items, NUMBERS);
        all_columns(m, sizeof(crate));
        if (way >= 2)
            order_by(m, member(m, way & 1 ? "n" : "id"), way >= 4);
        if (way >= 2)
            order_by(m, member(m, "name"), false);
        if (run_rows(m, out, ROWS + 1, &count) != OST_OK)
            fail_msg("way %d: %s", way, w->b.error.message);
        assert_int_equal(count, ROWS);
        assert_int_equal(w->b.outcome.rows, ROWS);
        assert_in_range(w->b.outcome.round_trips, 2, 4);
        for (size_t i = 0; i < count; i++) {
            assert_in_range(out[i].id, 1, ROWS);
            assert_false(seen[out[i].id]);
            seen[out[i].id] = true;
            if (way >= 2)
                assert_int_equal(out[i].id, way >= 4 ? ROWS - (int)i : (int)i + 1);
        }
        discard(m);
    }
    free(items);
}

static int64_t wrapped(crates_world *w, uint16_t wrap, const int64_t *items, size_t count)
{
    static const ost_field fields[] = {
        { .name = "n", .size = 8, .type = OST_TYPE_INT64 },
        { .name = "b", .size = 1, .type = OST_TYPE_BOOL },
    };
    made *m = among(w, OST_DO_SELECT, "id", items, count);
    crates_one row = { .number = 0 };
    size_t got;
    column(m, member(m, "id"), &fields[wrap == OST_WRAP_EXISTS]);
    m->shape.wrap = wrap;
    m->program.row_size = sizeof row;
    if (run_rows(m, &row, 1, &got) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(got, 1);
    discard(m);
    return wrap == OST_WRAP_COUNT ? row.number : row.yes;
}

static void counts_and_existence_add_up(void **state)
{
    crates_world *w = *state;
    int64_t *items = numbers();
    assert_int_equal(wrapped(w, OST_WRAP_COUNT, items, NUMBERS), 0);
    assert_int_equal(wrapped(w, OST_WRAP_EXISTS, items, NUMBERS), 0);
    crates_fill(w, ROWS + 10);
    assert_int_equal(wrapped(w, OST_WRAP_COUNT, items, NUMBERS), ROWS);
    assert_int_equal(wrapped(w, OST_WRAP_EXISTS, items, NUMBERS), 1);
    free(items);
}

/* Texts of 1000 bytes; every tenth is somebody's name. */
static const char **texts(void)
{
    const char **items = calloc(TEXTS, sizeof *items);
    for (size_t i = 0; i < TEXTS; i++) {
        char *text = malloc(LENGTH + 1);
        memset(text, 'y', LENGTH);
        text[LENGTH] = '\0';
        snprintf(text, 16, "%zu", i * 7919 % TEXTS);
        text[strlen(text)] = 'x';
        items[i] = text;
    }
    return items;
}

static void free_texts(const char **items)
{
    for (size_t i = 0; i < TEXTS; i++)
        free((char *)(uintptr_t)items[i]);
    free(items);
}

static void fm43_more_texts_than_a_command_holds(void **state)
{
    crates_world *w = *state;
    const char **items = texts();
    crate *in = crates_named(TEXTS / 10, "t"), *out = calloc(TEXTS, sizeof *out);
    size_t count;
    for (size_t i = 0; i < TEXTS / 10; i++)
        in[i].note = items[i * 10];
    made *m = crate_insert(w, in, TEXTS / 10);
    if (run_rows(m, out, TEXTS / 10, &count) != OST_OK)
        fail_msg("%s", w->b.error.message);
    discard(m);
    m = make(&w->b, OST_DO_SELECT, w->crates);
    m->shape.where = in_list(m, "note", OST_TYPE_TEXT, items, TEXTS, sizeof *items);
    all_columns(m, sizeof(crate));
    order_by(m, member(m, "note"), true);
    assert_int_equal(run_rows(m, out, TEXTS, &count), OST_OK);
    assert_int_equal(count, TEXTS / 10);
    for (size_t i = 1; i < count; i++)
        assert_true(strcmp(out[i - 1].note, out[i].note) > 0);
    discard(m);
    crates_free(in, TEXTS / 10);
    free(out);
    free_texts(items);
}

/* In portions, while other statements run in between and the list is gone. */
static void a_stream_has_all_parts(void **state)
{
    enum { MANY = 1000 };
    crates_world *w = *state;
    int64_t *items = numbers();
    crate out[300];
    size_t count, accepted, total = 0;
    for (int i = 0; i < MANY; i++)
        items[i * 1201] = i + 1;
    crates_fill(w, MANY);
    for (int unit = 0; unit < 3; unit++, total = 0) {
        made *m = among(w, OST_DO_SELECT, "id", items, NUMBERS);
        all_columns(m, sizeof(crate));
        order_by(m, member(m, "id"), false);
        m->op.flags |= OST_FLAG_STREAM;
        m->op.batch_rows = 300;
        m->op.stream = 3;
        if (unit == 1)
            assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_READ_ONLY), OST_OK);
        assert_int_equal(compile(m), OST_OK);
        assert_int_equal(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error),
                         OST_OK);
        for (size_t at = 0; total < MANY; at = OST_STREAM(3)) {
            assert_int_equal(collect_rows(&w->b, w->b.c, at, m, out, 300, &count, INT64_MAX),
                             OST_OK);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(out[i].id, (int)(total + i) + 1);
            total += count;
            if (w->b.outcome.progress != OST_MORE)
                break;
            made *beside = crate_get(w, 7);
            crate one;
            assert_int_equal(run_rows(beside, &one, 1, &count), OST_OK);
            assert_int_equal(count, 1);
            discard(beside);
            if (unit == 2)
                break;
        }
        assert_int_equal(total, unit == 2 ? 300 : MANY);
        /* What is left is not waited for, and leaves nothing behind. */
        if (unit == 2)
            assert_int_equal(w->b.driver->stop_stream(w->b.c, 3, INT64_MAX), OST_OK);
        if (unit == 1)
            assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
        discard(m);
    }
    free(items);
}

/* Of many documents, all or none. */
static void writes_are_done_in_parts(void **state)
{
    crates_world *w = *state;
    int64_t *items = numbers();
    crates_fill(w, ROWS + 10);
    for (int unit = 0; unit < 2; unit++) {
        made *m = among(w, OST_DO_UPDATE, "id", items, NUMBERS);
        set_change(m, OST_OP_INC, "n", ost_value_int(1000));
        if (unit)
            assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
        if (run(m) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(w->b.outcome.matched, ROWS);
        assert_int_equal(w->b.outcome.changed, ROWS);
        if (unit)
            assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
        discard(m);
        assert_int_equal(
            crates_count(w, "crates",
                         unit ? "{\"n\": {\"$gt\": 2000}}" : "{\"n\": {\"$gt\": 1000}}"),
            ROWS);
    }
    made *m = among(w, OST_DO_UPDATE, "id", items, NUMBERS);
    set_to(m, "name", ost_value_text("same"));
    assert_int_equal(run(m), OST_CONFLICT);
    assert_int_equal(crates_count(w, "crates", "{\"name\": \"same\"}"), 0);
    discard(m);
    m = among(w, OST_DO_DELETE, "id", items, NUMBERS);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, ROWS);
    assert_int_equal(crates_count(w, "crates", "{}"), 10);
    discard(m);
    free(items);
}

/* Where parts would be another question: before anything is sent, with what to do. */
static void what_cannot_be_in_parts_is_refused(void **state)
{
    crates_world *w = *state;
    int64_t *items = numbers();
    for (int way = 0; way < 7; way++) {
        made *m = among(w, way < 5 ? OST_DO_SELECT : OST_DO_UPDATE, "n", items, NUMBERS);
        crate out[2];
        size_t count;
        if (way < 5)
            all_columns(m, sizeof(crate));
        switch (way) {
        case 0: limit_to(m, 3, -1); break;
        case 1: order_by(m, member(m, "name"), false); break;
        case 2: m->shape.distinct = true; break;
        case 3: m->shape.where = node1(m, OST_OP_NOT, m->shape.where); break;
        case 4:
            m->shape.where = node2(m, OST_OP_OR, m->shape.where,
                                   test(m, OST_OP_EQ, "name", ost_value_text("x")));
            break;
        case 5: set_change(m, OST_OP_INC, "n", ost_value_int(1)); break;
        default:
            set_to(m, "note", ost_value_text("x"));
            limit_to(m, 3, -1);
            break;
        }
        ost_status status = way < 5 ? run_rows(m, out, 2, &count) : run(m);
        if (status != OST_TOO_LARGE || !w->b.error.nothing_sent || w->b.outcome.round_trips != 0 ||
            !strstr(w->b.error.message, "give shorter lists"))
            fail_msg("way %d: %s: %s", way, ost_status_name(status), w->b.error.message);
        assert_string_equal(w->b.error.model, "crate");
        assert_int_equal(crates_state(w), OST_UNIT_NONE);
        assert_true(w->b.driver->alive(w->b.c));
        discard(m);
    }
    made *m = among(w, OST_DO_SELECT, "n", items, NUMBERS);
    int64_t sum;
    size_t count;
    column(m, aggregate(m, OST_OP_SUM, "n", OST_TYPE_INT64, 0), table_field(w->crates, "id"));
    m->program.row_size = sizeof sum;
    if (run_rows(m, &sum, 1, &count) != OST_TOO_LARGE)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.round_trips, 0);
    discard(m);
    free(items);
}

/* No document has room for it: it equals nothing. */
static void a_text_beyond_all_documents_meets_nothing(void **state)
{
    enum { HUGE_TEXT = 17 << 20 };
    crates_world *w = *state;
    char *huge = malloc(HUGE_TEXT + 1);
    memset(huge, 'x', HUGE_TEXT);
    huge[HUGE_TEXT] = '\0';
    for (size_t count = 1; count <= 2; count++) {
        const char *items[] = { huge, "crate 1" };
        made *m = make(&w->b, OST_DO_SELECT, w->crates);
        crate out[2];
        size_t got;
        if (count == 2)
            crates_fill(w, 3);
        m->shape.where = in_list(m, "name", OST_TYPE_TEXT, items, count, sizeof *items);
        all_columns(m, sizeof(crate));
        if (run_rows(m, out, 2, &got) != OST_OK)
            fail_msg("%s", w->b.error.message);
        assert_int_equal(got, count - 1);
        discard(m);
    }
    free(huge);
}

/* Without memory nothing is left behind. */
static void no_memory_for_parts(void **state)
{
    crates_world *w = *state;
    int64_t *items = numbers();
    ost_status status = OST_NO_MEMORY;
    crates_fill(w, 3);
    for (long fail_at = 0; status == OST_NO_MEMORY; fail_at++) {
        made *m = among(w, OST_DO_SELECT, "id", items, NUMBERS);
        crate out[3];
        size_t count;
        all_columns(m, sizeof(crate));
        assert_int_equal(compile(m), OST_OK);
        long live = w->b.live;
        w->b.fail_at = w->b.allocations + fail_at;
        status = run_rows(m, out, 3, &count);
        w->b.fail_at = -1;
        assert_int_equal(w->b.live, live);
        assert_true(status == OST_OK || status == OST_NO_MEMORY);
        assert_true(fail_at < 20);
        discard(m);
    }
    free(items);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, crates_begin, crates_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fm43_more_numbers_than_a_command_holds),
        TEST(counts_and_existence_add_up),
        TEST(fm43_more_texts_than_a_command_holds),
        TEST(a_stream_has_all_parts),
        TEST(writes_are_done_in_parts),
        TEST(what_cannot_be_in_parts_is_refused),
        TEST(a_text_beyond_all_documents_meets_nothing),
        TEST(no_memory_for_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
