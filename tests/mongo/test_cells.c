/* SPDX-License-Identifier: MIT */
/* Documents that others stored: other kinds, other orders, null, and damage. */
#include "mongo/wides.h"

#include <math.h>

#include "base/scalar.h"

static ost_status read_text(const char *key, const char *bytes, int size, wide *out)
{
    bson_t document = BSON_INITIALIZER;
    catcher k;
    ost_status failed;
    catcher_begin(&k, out, sizeof *out, 1);
    reading_only(reading_now, key);
    bson_append_utf8(&document, key, -1, bytes, size);
    assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
    catcher_end(&k);
    bson_destroy(&document);
    return failed;
}

/* At every place: BSON takes it, C would end there. */
static void fm35_a_nul_in_a_text_is_refused(void **state)
{
    static const char *const members[] = { "text", "chars", "size" };
    wide w;
    (void)state;
    for (size_t m = 0; m < 3; m++) {
        for (int at = 0; at < 5; at++) {
            char bytes[] = "small";
            bytes[at] = '\0';
            assert_int_equal(read_text(members[m], bytes, 5, &w), OST_RANGE);
        }
        assert_int_equal(read_text(members[m], "small", 5, &w), OST_OK);
    }
}

static void fm34_text_that_is_no_utf8(void **state)
{
    static const char *const wrong[] = {
        "\xff", "a\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe2\x82"
    };
    wide w;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(read_text("text", wrong[i], (int)strlen(wrong[i]), &w), OST_RANGE);
        assert_int_equal(read_text("chars", wrong[i], (int)strlen(wrong[i]), &w), OST_RANGE);
    }
    assert_int_equal(read_text("chars", "1234567", 7, &w), OST_OK);
    assert_int_equal(read_text("chars", "12345678", 8, &w), OST_RANGE);
    assert_int_equal(read_text("size", "Small", 5, &w), OST_RANGE);
}

/* An element of every kind of BSON, numbered. */
static bool append_kind(bson_t *out, const char *key, int kind)
{
    static const uint8_t bytes[16] = { 0 };
    const bson_decimal128_t half = { .low = 5, .high = UINT64_C(6175) << 49 };
    bson_oid_t oid = { { 0 } };
    bson_t empty = BSON_INITIALIZER;
    switch (kind) {
    case 0: return bson_append_double(out, key, -1, 0.5);
    case 1: return bson_append_utf8(out, key, -1, "x", 1);
    case 2: return bson_append_document(out, key, -1, &empty);
    case 3: return bson_append_array(out, key, -1, &empty);
    case 4: return bson_append_binary(out, key, -1, BSON_SUBTYPE_BINARY, bytes, 16);
    case 5: return bson_append_binary(out, key, -1, BSON_SUBTYPE_UUID, bytes, 16);
    case 6: return bson_append_oid(out, key, -1, &oid);
    case 7: return bson_append_bool(out, key, -1, true);
    case 8: return bson_append_date_time(out, key, -1, 1);
    case 9: return bson_append_regex(out, key, -1, "a", "i");
    case 10: return bson_append_code(out, key, -1, "x");
    case 11: return bson_append_int32(out, key, -1, 7);
    case 12: return bson_append_int64(out, key, -1, 7);
    case 13: return bson_append_timestamp(out, key, -1, 1, 1);
    case 14: return bson_append_decimal128(out, key, -1, &half);
    case 15: return bson_append_minkey(out, key, -1);
    case 16: return bson_append_maxkey(out, key, -1);
    case 17: return bson_append_symbol(out, key, -1, "small", 5);
    case 18: return bson_append_binary(out, key, -1, BSON_SUBTYPE_UUID, bytes, 15);
    case 19: return bson_append_binary(out, key, -1, BSON_SUBTYPE_UUID_DEPRECATED, bytes, 16);
    case 20: return bson_append_date_time(out, key, -1, INT64_MAX);
    case 21: return bson_append_date_time(out, key, -1, INT64_MIN);
    case 22: return bson_append_double(out, key, -1, (double)NAN);
    case 23: return bson_append_int64(out, key, -1, INT64_MAX);
    default: return false;
    }
}

/* Which of them a kind of members takes. */
static bool takes(uint16_t type, const char *name, int kind)
{
    bool integer = kind == 11 || kind == 12, number = integer || kind == 0 || kind == 14;
    if (strstr(name, "size"))
        return false;
    switch (type) {
    case OST_TYPE_BOOL: return kind == 7;
    case OST_TYPE_INT64:
    case OST_TYPE_UINT64: return integer || kind == 23;
    case OST_TYPE_INT8:
    case OST_TYPE_INT16:
    case OST_TYPE_INT32:
    case OST_TYPE_UINT8:
    case OST_TYPE_UINT16:
    case OST_TYPE_UINT32: return integer;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return number || kind == 22;
    case OST_TYPE_DECIMAL: return number || (kind == 23 && strcmp(name, "huge") == 0);
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return kind == 1;
    case OST_TYPE_BLOB: return kind == 4;
    case OST_TYPE_TIME: return kind == 8;
    case OST_TYPE_UUID: return kind == 5;
    case OST_TYPE_OBJECT_ID: return kind == 6;
    default: return false;
    }
}

static void fm39_wrong_kinds_are_refused(void **state)
{
    (void)state;
    for (uint32_t f = 0; f < reading_now->table->field_count; f++) {
        const ost_field *field = &reading_now->table->fields[f];
        reading_only(reading_now, field->name);
        for (int kind = 0;; kind++) {
            bson_t document = BSON_INITIALIZER;
            wide rows[2], zero;
            catcher k;
            ost_status failed;
            bool good = append_kind(&document, reading_now->columns[0].name, kind);
            memset(&zero, 0, sizeof zero);
            catcher_begin(&k, rows, sizeof rows[0], 2);
            if (!good) {
                catcher_end(&k);
                bson_destroy(&document);
                break;
            }
            assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
            if ((failed == OST_OK) != takes(ost__mongo_kind_of(field), field->name, kind))
                fail_msg("%s and kind %d: %d", field->name, kind, (int)failed);
            /* What did not fit leaves nothing behind, and its row is free again. */
            if (failed != OST_OK) {
                assert_int_equal(failed, OST_RANGE);
                assert_int_equal(k.failures, 1);
                assert_memory_equal(&rows[0], &zero, sizeof zero);
                assert_ptr_equal(k.sink.rows.next, rows);
            }
            catcher_end(&k);
            bson_destroy(&document);
        }
    }
}

static ost_status read_number(const char *member, const char *json, wide *out)
{
    bson_error_t why;
    bson_t document = BSON_INITIALIZER;
    catcher k;
    ost_status failed;
    reading_only(reading_now, member);
    if (!bson_init_from_json(&document, json, -1, &why))
        fail_msg("%s: %s", json, why.message);
    catcher_begin(&k, out, sizeof *out, 1);
    assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
    catcher_end(&k);
    bson_destroy(&document);
    return failed;
}

static void numbers_of_others_are_taken_if_nothing_is_lost(void **state)
{
    wide w;
    (void)state;
    assert_int_equal(read_number("i32", "{\"i32\": {\"$numberDouble\": \"-3.0\"}}", &w), OST_OK);
    assert_int_equal(w.i32, -3);
    assert_int_equal(read_number("i32", "{\"i32\": {\"$numberDouble\": \"2.5\"}}", &w), OST_RANGE);
    assert_int_equal(read_number("i32", "{\"i32\": {\"$numberLong\": \"2147483648\"}}", &w),
                     OST_RANGE);
    assert_int_equal(read_number("i32", "{\"i32\": {\"$numberDecimal\": \"7E+3\"}}", &w), OST_OK);
    assert_int_equal(w.i32, 7000);
    assert_int_equal(
        read_number("u64", "{\"u64\": {\"$numberDecimal\": \"18446744073709551615\"}}", &w),
        OST_OK);
    assert_true(w.u64 == UINT64_MAX);
    assert_int_equal(read_number("u64", "{\"u64\": {\"$numberInt\": \"-1\"}}", &w), OST_RANGE);
    assert_int_equal(read_number("d", "{\"d\": {\"$numberLong\": \"9007199254740993\"}}", &w),
                     OST_RANGE);
    assert_int_equal(read_number("d", "{\"d\": {\"$numberLong\": \"9007199254740992\"}}", &w),
                     OST_OK);
    assert_true(w.d == 9007199254740992.0);
    assert_int_equal(read_number("f", "{\"f\": {\"$numberDouble\": \"1e39\"}}", &w), OST_RANGE);
    assert_int_equal(read_number("price", "{\"price\": {\"$numberDouble\": \"1.10\"}}", &w),
                     OST_OK);
    assert_int_equal(ost_decimal_compare(w.price, dec("1.10")), 0);
    assert_int_equal(w.price.scale, 2);
    assert_int_equal(read_number("price", "{\"price\": {\"$numberDecimal\": \"1.5\"}}", &w),
                     OST_OK);
    assert_int_equal(w.price.scale, 2);
    assert_int_equal(read_number("price", "{\"price\": {\"$numberDecimal\": \"1.505\"}}", &w),
                     OST_RANGE);
    assert_int_equal(read_number("o_price", "{\"o_price\": {\"$numberInt\": \"-4\"}}", &w), OST_OK);
    assert_true(w.o_price.present);
    assert_int_equal(ost_decimal_compare(w.o_price.value, dec("-4")), 0);
    assert_int_equal(
        read_number("o_date", "{\"o_date\": {\"$date\": \"2024-02-29T00:00:01Z\"}}", &w),
        OST_RANGE);
    assert_int_equal(
        read_number("o_date", "{\"o_date\": {\"$date\": \"2024-02-29T00:00:00Z\"}}", &w), OST_OK);
}

static void null_and_missing_are_absent(void **state)
{
    static const char *const needed[] = { "_id", "flag", "i32", "d", "chars", "time", "size" };
    static const char *const free_ones[] = { "text", "blob", "o_i32", "o_time", "o_price" };
    bson_t whole = BSON_INITIALIZER;
    wide w = wide_blank(1), out;
    catcher k;
    ost_status failed;
    (void)state;
    w.o_i32 = (ost_opt_int){ true, 1 };
    assert_int_equal(reading_write(reading_now, &w, &whole), OST_OK);
    for (int null = 0; null < 2; null++) {
        for (size_t i = 0; i < 12; i++) {
            bool must = i < 7;
            const char *name = must ? needed[i] : free_ones[i - 7];
            bson_t document = BSON_INITIALIZER;
            bson_copy_to_excluding_noinit(&whole, &document, name, NULL);
            if (null)
                BSON_APPEND_NULL(&document, name);
            catcher_begin(&k, &out, sizeof out, 1);
            assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
            assert_int_equal(failed, must ? OST_RANGE : OST_OK);
            if (must)
                assert_string_equal(reading_now->columns[k.column].name, name);
            catcher_end(&k);
            bson_destroy(&document);
        }
    }
    bson_destroy(&whole);
}

/* Keys in any order, and keys that nobody asked for. */
static void keys_come_in_any_order(void **state)
{
    bson_t whole = BSON_INITIALIZER;
    uint64_t seed = 99;
    wide w = wide_blank(77), out;
    (void)state;
    w.text = "text";
    w.i32 = -5;
    w.o_time = (ost_opt_time){ true, { 1000 } };
    assert_int_equal(reading_write(reading_now, &w, &whole), OST_OK);
    for (int round = 0; round < 300; round++) {
        bson_t document = BSON_INITIALIZER;
        bson_iter_t i;
        uint32_t count = bson_count_keys(&whole), first = (uint32_t)(wide_random(&seed) % count);
        catcher k;
        ost_status failed;
        for (uint32_t n = 0; n < count; n++) {
            uint32_t wanted = (first + n * 7) % count, at = 0;
            bson_iter_init(&i, &whole);
            while (bson_iter_next(&i) && at++ < wanted)
                ;
            bson_append_iter(&document, NULL, 0, &i);
            if (wide_random(&seed) % 4 == 0)
                append_kind(&document, "i3", (int)(wide_random(&seed) % 18));
        }
        catcher_begin(&k, &out, sizeof out, 1);
        assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
        /* 7 divides the count: then not every key is there. */
        if (count % 7 != 0) {
            assert_int_equal(failed, OST_OK);
            assert_null(wide_differs(&w, &out));
        }
        catcher_end(&k);
        bson_destroy(&document);
    }
    bson_destroy(&whole);
}

static void one_key_may_fill_two_members(void **state)
{
    bson_t document = BSON_INITIALIZER;
    wide out;
    catcher k;
    ost_status failed;
    (void)state;
    reading_only(reading_now, "i32");
    reading_now->steps[1] = reading_now->steps[2] = reading_now->steps[0];
    reading_now->steps[1].column = 1;
    reading_now->steps[1].offset = (uint32_t)table_field(reading_now->table, "i64")->offset;
    reading_now->steps[1].type = OST_TYPE_INT64;
    reading_now->steps[2].column = 2;
    reading_now->steps[2].offset = (uint32_t)table_field(reading_now->table, "d")->offset;
    reading_now->steps[2].type = OST_TYPE_DOUBLE;
    reading_now->columns[1] = reading_now->columns[2] = reading_now->columns[0];
    reading_now->program.step_count = 3;
    BSON_APPEND_INT32(&document, "i32", 42);
    catcher_begin(&k, &out, sizeof out, 1);
    assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
    assert_int_equal(failed, OST_OK);
    assert_int_equal(out.i32, 42);
    assert_int_equal(out.i64, 42);
    assert_true(out.d == 42.0);
    catcher_end(&k);
    bson_destroy(&document);
}

static void no_memory_for_a_text_stops(void **state)
{
    bson_t document = BSON_INITIALIZER;
    wide out;
    catcher k;
    (void)state;
    reading_only(reading_now, "text");
    BSON_APPEND_UTF8(&document, "text", "some text");
    catcher_begin(&k, &out, sizeof out, 1);
    k.room = 4;
    assert_int_equal(reading_read(reading_now, &document, &k, NULL), OST_NO_MEMORY);
    assert_int_equal(k.failures, 0);
    assert_int_equal(reading_read(reading_now, &document, &k, NULL), OST_NO_MEMORY);
    catcher_end(&k);
    bson_destroy(&document);
}

static void aggregates_over_nothing(void **state)
{
    const ost_node count = { .op = OST_OP_COUNT, .type = OST_TYPE_INT64 };
    const ost_node sum = { .op = OST_OP_SUM, .type = OST_TYPE_INT64 };
    ost__mongo_reader reader;
    wide out;
    catcher k;
    (void)state;
    reading_only(reading_now, "i64");
    reading_now->steps[1] = reading_now->steps[0];
    reading_now->steps[1].column = 1;
    reading_now->steps[1].offset = (uint32_t)table_field(reading_now->table, "o_i64")->offset;
    reading_now->steps[1].value_offset = ost__value_offset(OST_TYPE_INT64);
    reading_now->steps[1].null_rule = OST_NULL_IS_ABSENT;
    reading_now->columns[0] = (ost__mongo_column){ .name = "c0", .node = &count };
    reading_now->columns[1] = (ost__mongo_column){ .name = "c1", .node = &sum };
    reading_now->program.step_count = 2;
    catcher_begin(&k, &out, sizeof out, 1);
    out.i64 = 5;
    assert_int_equal(
        ost__mongo_reader_begin(&reader, &reading_now->plan, &reading_now->program, &k.sink),
        OST_OK);
    assert_int_equal(ost__mongo_reader_nothing(&reader), OST_OK);
    assert_int_equal(reader.rows, 1);
    assert_int_equal(out.i64, 0);
    assert_false(out.o_i64.present);
    catcher_end(&k);
}

static ost_status read_bytes(const uint8_t *data, size_t size)
{
    ost__mongo_reader reader;
    wide out;
    catcher k;
    ost_status status;
    /* On the heap, so that a step beyond the end is seen. */
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    catcher_begin(&k, &out, sizeof out, 1);
    assert_int_equal(
        ost__mongo_reader_begin(&reader, &reading_now->plan, &reading_now->program, &k.sink),
        OST_OK);
    status = ost__mongo_reader_row(&reader, copy, size);
    assert_int_equal(status == OST_DRIVER_ERROR, reader.broken);
    if (status == OST_OK && reader.failed == OST_OK)
        assert_int_equal(reader.rows, 1);
    else
        assert_int_equal(reader.rows, 0);
    catcher_end(&k);
    free(copy);
    return status;
}

static void fm54_documents_that_were_damaged(void **state)
{
    enum { ROUNDS = 200000 };
    bson_t document = BSON_INITIALIZER;
    uint8_t bytes[4096];
    uint64_t seed = 1099511628211u;
    size_t size, broken = 0;
    wide w = wide_blank(1);
    (void)state;
    w.text = "a text of some length";
    w.blob = (ost_blob){ "bytes", 5 };
    w.o_uuid.present = w.o_object.present = w.o_time.present = w.o_i64.present = true;
    assert_int_equal(reading_write(reading_now, &w, &document), OST_OK);
    size = document.len;
    assert_in_range(size, 100, sizeof bytes);
    assert_int_equal(read_bytes(bson_get_data(&document), size), OST_OK);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(read_bytes(bson_get_data(&document), cut), OST_DRIVER_ERROR);
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(bytes, bson_get_data(&document), size);
        for (uint64_t n = wide_random(&seed) % 4; n < 4; n++)
            bytes[4 + wide_random(&seed) % (size - 4)] = (uint8_t)wide_random(&seed);
        broken += read_bytes(bytes, size) == OST_DRIVER_ERROR;
    }
    assert_in_range(broken, ROUNDS / 100, ROUNDS);
    bson_destroy(&document);
}

static void fm54_lengths_that_lie(void **state)
{
    static const uint8_t lies[][24] = {
        { 16, 0, 0, 0, 2, 'a', 0, 0, 0, 0, 0, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 2, 'a', 0, 0xff, 0xff, 0xff, 0x7f, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 2, 'a', 0, 0xff, 0xff, 0xff, 0xff, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 5, 'a', 0, 0xfe, 0xff, 0xff, 0xff, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 3, 'a', 0, 4, 0, 0, 0, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 4, 'a', 0, 200, 0, 0, 0, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 0x7e, 'a', 0, 0, 0, 0, 0, 'x', 0, 0, 0, 0 },
        { 16, 0, 0, 0, 1, 'a', 'a', 'a', 'a', 'a', 'a', 'x', 'x', 'x', 'x', 0 },
        { 16, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++)
        assert_int_equal(read_bytes(lies[i], 16), OST_DRIVER_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, reading_setup, reading_teardown)
        TEST(fm35_a_nul_in_a_text_is_refused), TEST(fm34_text_that_is_no_utf8),
        TEST(fm39_wrong_kinds_are_refused),    TEST(numbers_of_others_are_taken_if_nothing_is_lost),
        TEST(null_and_missing_are_absent),     TEST(keys_come_in_any_order),
        TEST(one_key_may_fill_two_members),    TEST(no_memory_for_a_text_stops),
        TEST(aggregates_over_nothing),         TEST(fm54_documents_that_were_damaged),
        TEST(fm54_lengths_that_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
