/* SPDX-License-Identifier: MIT */
/* Records as documents: one, many, large ones, and failures that name the record. */
#include "mongo/crates.h"

#include "mongo/wides.h"

enum { MANY = 20000 };

static ost_status run_insert(made *m, crate *out, size_t count)
{
    size_t got = 0;
    return run_rows(m, out, m->op.rows ? count : 0, &got);
}

static ost_status insert_in_unit(crates_world *w, crate *in, size_t count)
{
    made *m = crate_insert(w, in, count);
    crate *out = calloc(count, sizeof *out);
    ost_status status;
    ost_error kept;
    ost_outcome outcome;
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    status = run_insert(m, out, count);
    kept = w->b.error;
    outcome = w->b.outcome;
    for (size_t i = 0; i < count; i++)
        in[i].id = out[i].id;
    assert_int_equal(crates_simple(w, status == OST_OK ? OST_DO_COMMIT : OST_DO_ROLLBACK), OST_OK);
    w->b.error = kept;
    w->b.outcome = outcome;
    discard(m);
    free(out);
    return status;
}

static void check_all(crates_world *w, const crate *in, size_t count)
{
    made *get = crate_select(w);
    crate *out = calloc(count + 1, sizeof *out);
    size_t got;
    if (run_rows(get, out, count + 1, &got) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out[i].id, in[i].id);
        assert_string_equal(out[i].name, in[i].name);
        assert_int_equal(out[i].n, in[i].n);
        assert_int_equal(out[i].maybe.present, in[i].maybe.present);
        if (in[i].maybe.present)
            assert_int_equal(out[i].maybe.value, in[i].maybe.value);
        assert_memory_equal(&out[i].price, &in[i].price, sizeof in[i].price);
        if (in[i].note)
            assert_string_equal(out[i].note, in[i].note);
        else
            assert_null(out[i].note);
    }
    discard(get);
    free(out);
}

/* ---- one ---- */

static void a_document_is_what_was_promised(void **state)
{
    crates_world *w = *state;
    crate in = { .name = "one", .n = 5, .price = ost_decimal_of(150, 2) }, out = { 0 };
    made *m = crate_insert(w, &in, 1);
    assert_int_equal(run_insert(m, &out, 1), OST_OK);
    assert_int_equal(out.id, 1);
    assert_int_equal(w->b.outcome.matched, 1);
    assert_int_equal(w->b.outcome.changed, 1);
    assert_int_equal(w->b.outcome.rows, 1);
    /* Absent members are missing, never null. */
    assert_string_equal(
        server_canonical(w->url, "{\"find\": \"crates\"}"),
        "{ \"_id\" : { \"$numberLong\" : \"1\" }, \"name\" : \"one\", \"n\" : { \"$numberLong\" : "
        "\"5\" }, \"price\" : { \"$numberDecimal\" : \"1.50\" } }");
    discard(m);
}

static void one_record_is_one_round_trip(void **state)
{
    crates_world *w = *state;
    int in_blocks = 0;
    for (int i = 0; i < 200; i++) {
        char name[16];
        crate in = { .name = name }, out = { 0 };
        made *m = crate_insert(w, &in, 1);
        snprintf(name, sizeof name, "crate %d", i);
        assert_int_equal(run_insert(m, &out, 1), OST_OK);
        assert_int_equal(out.id, i + 1);
        assert_int_equal(w->b.outcome.statements, 1);
        in_blocks += w->b.outcome.round_trips == 1;
        discard(m);
    }
    /* Blocks of 1, 2, 4, … keys: the rest need no counter. */
    assert_in_range(in_blocks, 190, 199);
}

static void a_key_of_two_members_stands_beside_an_object_id(void **state)
{
    crates_world *w = *state;
    seat in[3] = { { 1, "A", "Ada" }, { 1, "B", NULL }, { 2, "A", "$set" } }, out[4];
    made *m = make(&w->b, OST_DO_INSERT, w->seats);
    size_t got;
    from_records(m, in, 3, sizeof in[0], false);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, 3);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    discard(m);
    assert_int_equal(crates_count(w, "seats", "{\"_id\": {\"$type\": \"objectId\"}}"), 3);
    m = make(&w->b, OST_DO_SELECT, w->seats);
    all_columns(m, sizeof(seat));
    order_by(m, member(m, "row"), false);
    order_by(m, member(m, "letter"), false);
    assert_int_equal(run_rows(m, out, 4, &got), OST_OK);
    assert_int_equal(got, 3);
    assert_string_equal(out[2].guest, "$set");
    assert_null(out[1].guest);
    discard(m);
    /* And is unique. */
    m = make(&w->b, OST_DO_INSERT, w->seats);
    from_records(m, in, 1, sizeof in[0], false);
    assert_int_equal(run(m), OST_CONFLICT);
    assert_string_equal(w->b.error.field, "row");
    discard(m);
}

/* Each kind, as the server gives it back. */
static void every_kind_is_read_as_it_was_written(void **state)
{
    crates_world *w = *state;
    ost_table *t = bench_table(&w->b, &wide_model);
    wide in[3], out[4];
    size_t got;
    made *m;
    create(&w->b, t);
    for (int i = 0; i < 3; i++) {
        in[i] = wide_blank(i - 1);
        in[i].u64 = INT64_MAX;
        in[i].u32 = UINT32_MAX;
        in[i].f = 1.5F;
        in[i].d = 5e-324;
        in[i].text = "caf\xc3\xa9";
        memcpy(in[i].chars, "chars", 6);
        in[i].blob = (ost_blob){ "\0\xff\0", 3 };
        in[i].time = at("1969-12-31T23:59:59.999Z");
        in[i].date.days = -1;
        memset(in[i].uuid.bytes, 0xfe, 16);
        memset(in[i].object.bytes, 0x7f, 12);
        in[i].price = dec("-12345678.90");
        in[i].huge = dec("123456789012345678901234.0123456789");
        in[i].size = (breadth)i;
        if (i == 1)
            continue;
        in[i].o_u8 = (ost_opt_uint8){ true, 255 };
        in[i].o_time = (ost_opt_time){ true, at("9999-12-31T23:59:59.999Z") };
        in[i].o_price = (ost_opt_decimal){ true, dec("0.01") };
        in[i].o_size = (ost_opt_int){ true, 2 };
        in[i].o_flag = (ost_opt_bool){ true, false };
    }
    m = make(&w->b, OST_DO_INSERT, t);
    from_records(m, in, 3, sizeof in[0], false);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    discard(m);
    m = make(&w->b, OST_DO_SELECT, t);
    all_columns(m, sizeof(wide));
    order_by(m, member(m, "id"), false);
    if (run_rows(m, out, 4, &got) != OST_OK)
        fail_msg("%s (column %u)", w->b.error.message, (unsigned)m->bad_column);
    assert_int_equal(got, 3);
    for (int i = 0; i < 3; i++) {
        const char *differs = wide_differs(&in[i], &out[i]);
        if (differs)
            fail_msg("row %d came back with another %s", i, differs);
    }
    discard(m);
}

/* ---- many ---- */

static void keys_come_in_the_order_of_the_records(void **state)
{
    crates_world *w = *state;
    crate *in = crates_named(MANY, "crate");
    if (insert_in_unit(w, in, MANY) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, MANY);
    assert_int_equal(w->b.outcome.changed, MANY);
    assert_int_equal(w->b.outcome.rows, MANY);
    assert_in_range(w->b.outcome.statements, 1, 4);
    for (size_t i = 1; i < MANY; i++)
        assert_int_equal(in[i].id, in[i - 1].id + 1);
    check_all(w, in, MANY);
    crates_free(in, MANY);
}

static void fm43_any_number_of_records_goes_in(void **state)
{
    static const size_t counts[] = { 1, 2, 3, 255, 256, 257, 999, 1000, 1001, 1025 };
    crates_world *w = *state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        crate *in = crates_named(counts[i], "crate");
        assert_int_equal(insert_in_unit(w, in, counts[i]), OST_OK);
        check_all(w, in, counts[i]);
        crates_free(in, counts[i]);
        crates_do(w, "{\"delete\": \"crates\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
    }
}

/* More than the 100,000 that a command may hold. */
static void fm43_more_records_than_a_command_holds(void **state)
{
    enum { COUNT = 100001 };
    crates_world *w = *state;
    seat *seats = calloc(COUNT, sizeof *seats);
    made *m = make(&w->b, OST_DO_INSERT, w->seats);
    for (int i = 0; i < COUNT; i++)
        seats[i] = (seat){ .row = i, .letter = "A" };
    from_records(m, seats, COUNT, sizeof *seats, false);
    assert_int_equal(begin_on(&w->b, w->b.c, OST_ACCESS_WRITE), OST_OK);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(w->b.outcome.matched, COUNT);
    assert_in_range(w->b.outcome.statements, 2, 5);
    assert_int_equal(crates_simple(w, OST_DO_COMMIT), OST_OK);
    assert_int_equal(crates_count(w, "seats", "{}"), COUNT);
    discard(m);
    free(seats);
}

static void large_records_go_in_several_commands(void **state)
{
    enum { COUNT = 24, SIZE = 1 << 20 };
    crates_world *w = *state;
    char *note = malloc(SIZE + 1);
    crate *in = crates_named(COUNT, "crate");
    memset(note, 'x', SIZE);
    note[SIZE] = '\0';
    for (size_t i = 0; i < COUNT; i++)
        in[i].note = note;
    assert_int_equal(insert_in_unit(w, in, COUNT), OST_OK);
    assert_in_range(w->b.outcome.statements, 4, 8);
    check_all(w, in, COUNT);
    crates_free(in, COUNT);
    free(note);
}

/* ---- the size of a document ---- */

static ost_status insert_note(crates_world *w, size_t size, size_t at, size_t count)
{
    char *note = malloc(size + 1);
    crate *in = crates_named(count, "crate");
    ost_status status;
    memset(note, 'x', size);
    note[size] = '\0';
    for (size_t i = 0; i < count; i++)
        in[i].note = i == at ? note : NULL;
    in[at].maybe.present = false;
    status = insert_in_unit(w, in, count);
    crates_free(in, count);
    free(note);
    return status;
}

static void a_document_may_have_sixteen_mebibytes(void **state)
{
    crates_world *w = *state;
    /* {_id: int64, name: "crate 1", n: int64, price: decimal, note: …} without the note's text. */
    const size_t around =
        4 + (1 + 4 + 8) + (1 + 5 + 4 + 8) + (1 + 2 + 8) + (1 + 6 + 16) + (1 + 5 + 4 + 1) + 1;
    const size_t most = OST__MONGO_DOCUMENT_MAX - around;
    if (insert_note(w, most, 1, 2) != OST_OK)
        fail_msg("%s", w->b.error.message);
    assert_int_equal(crates_count(w, "crates", "{}"), 2);
    crates_do(w, "{\"delete\": \"crates\", \"deletes\": [{\"q\": {}, \"limit\": 0}]}");
    assert_int_equal(insert_note(w, most + 1, 1, 2), OST_TOO_LARGE);
    assert_int_equal(w->b.outcome.failed_record, 1);
    assert_string_equal(w->b.error.model, "crate");
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_non_null(strstr(w->b.error.message, "record 1 is a document of 16777217 bytes"));
    assert_int_equal(crates_count(w, "crates", "{}"), 0);
}

static void a_text_larger_than_a_document_names_its_member(void **state)
{
    crates_world *w = *state;
    assert_int_equal(insert_note(w, OST__MONGO_DOCUMENT_MAX + 1, 0, 2), OST_TOO_LARGE);
    assert_int_equal(w->b.outcome.failed_record, 0);
    assert_string_equal(w->b.error.field, "note");
}

/* ---- failures ---- */

static void a_conflict_names_its_record(void **state)
{
    enum { COUNT = 3000 };
    static const size_t places[] = { 0, 1, 1500, COUNT - 1 };
    crates_world *w = *state;
    crates_fill(w, 1);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        crate *in = crates_named(COUNT, "x");
        char *name = (char *)(uintptr_t)in[places[i]].name;
        memcpy(name, "crate 1", 8);
        assert_int_equal(insert_in_unit(w, in, COUNT), OST_CONFLICT);
        assert_int_equal(w->b.outcome.failed_record, places[i]);
        assert_int_equal(w->b.outcome.transaction_ended, 1);
        assert_string_equal(w->b.error.field, "name");
        assert_string_equal(w->b.error.model, "crate");
        assert_int_equal(w->b.error.native_code, 11000);
        assert_int_equal(w->b.error.nothing_sent, 0);
        assert_null(strstr(w->b.error.message, "crate 1"));
        assert_int_equal(crates_count(w, "crates", "{}"), 1);
        crates_free(in, COUNT);
    }
}

/* In the second command of several. */
static void a_conflict_of_a_later_command_names_its_record(void **state)
{
    enum { COUNT = 10, SIZE = 1 << 20 };
    crates_world *w = *state;
    crate *in = crates_named(COUNT, "x");
    char *note = malloc(SIZE + 1);
    memset(note, 'x', SIZE);
    note[SIZE] = '\0';
    for (size_t i = 0; i < COUNT; i++)
        in[i].note = note;
    crates_fill(w, 1);
    memcpy((char *)(uintptr_t)in[8].name, "crate 1", 8);
    assert_int_equal(insert_in_unit(w, in, COUNT), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 8);
    assert_int_equal(crates_count(w, "crates", "{}"), 1);
    crates_free(in, COUNT);
    free(note);
}

static void one_that_fails_names_no_record_of_many(void **state)
{
    crates_world *w = *state;
    crate in = { .name = "crate 1" }, out;
    made *m = crate_insert(w, &in, 1);
    crates_fill(w, 1);
    m->op.record_count = 1;
    assert_int_equal(run_insert(m, &out, 1), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 0);
    assert_int_equal(w->b.outcome.transaction_ended, 0);
    assert_int_equal(w->b.outcome.matched, 0);
    /* The connection is good as before. */
    in.name = "another";
    assert_int_equal(run_insert(m, &out, 1), OST_OK);
    discard(m);
}

static void fm36_a_value_without_a_place_is_refused_before_anything_is_sent(void **state)
{
    enum { COUNT = 100 };
    crates_world *w = *state;
    crate *in = crates_named(COUNT, "x");
    in[50].price = dec("1.005");
    assert_int_equal(insert_in_unit(w, in, COUNT), OST_RANGE);
    assert_int_equal(w->b.outcome.failed_record, 50);
    assert_int_equal(w->b.error.nothing_sent, 1);
    assert_string_equal(w->b.error.field, "price");
    assert_int_equal(crates_count(w, "crates", "{}"), 0);
    crates_free(in, COUNT);
}

/* ---- injection ---- */

static void fm47_texts_are_texts(void **state)
{
    static const char *const texts[] = { "{\"$ne\": null}", "$name", "$$ROOT",
                                         "{$gt: ''}",       "a.b",   "', $where: '1" };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    crates_world *w = *state;
    crate in[COUNT] = { { 0 } };
    for (size_t i = 0; i < COUNT; i++) {
        in[i].name = texts[i];
        in[i].note = texts[i];
    }
    assert_int_equal(insert_in_unit(w, in, COUNT), OST_OK);
    for (size_t i = 0; i < COUNT; i++) {
        made *m = make(&w->b, OST_DO_SELECT, w->crates);
        crate out[COUNT];
        size_t got;
        all_columns(m, sizeof(crate));
        m->shape.where = test(m, OST_OP_EQ, "name", ost_value_text(texts[i]));
        assert_int_equal(run_rows(m, out, COUNT, &got), OST_OK);
        assert_int_equal(got, 1);
        assert_string_equal(out[0].note, texts[i]);
        discard(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        TEST(a_document_is_what_was_promised),
        TEST(one_record_is_one_round_trip),
        TEST(a_key_of_two_members_stands_beside_an_object_id),
        TEST(every_kind_is_read_as_it_was_written),
        TEST(keys_come_in_the_order_of_the_records),
        TEST(fm43_any_number_of_records_goes_in),
        TEST(fm43_more_records_than_a_command_holds),
        TEST(large_records_go_in_several_commands),
        TEST(a_document_may_have_sixteen_mebibytes),
        TEST(a_text_larger_than_a_document_names_its_member),
        TEST(a_conflict_names_its_record),
        TEST(a_conflict_of_a_later_command_names_its_record),
        TEST(one_that_fails_names_no_record_of_many),
        TEST(fm36_a_value_without_a_place_is_refused_before_anything_is_sent),
        TEST(fm47_texts_are_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
