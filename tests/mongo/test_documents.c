/* SPDX-License-Identifier: MIT */
/* Documents that are written by hand are as those of the library. */
#include "mongo/wides.h"

static void by_hand_is_as_by_the_library(void **state)
{
    bson_t bson = BSON_INITIALIZER, whole = BSON_INITIALIZER;
    wide w = wide_blank(5);
    ost__mongo_text t;
    uint32_t list, inner, before;
    bson_iter_t i, item, document;
    const uint8_t *data;
    uint32_t size;
    (void)state;
    w.text = "text";
    w.time = at("2024-01-02T03:04:05.678Z");
    assert_int_equal(reading_write(reading_now, &w, &whole), OST_OK);
    ost__mongo_text_begin(&t, &bson);
    list = ost__mongo_text_open(&t, BSON_TYPE_ARRAY, "documents", 9);
    for (uint32_t n = 0; n < 1000; n++) {
        char key[16];
        size_t key_size = ost__mongo_index_key(n, key);
        before = t.size;
        inner = ost__mongo_text_open(&t, BSON_TYPE_DOCUMENT, key, key_size);
        for (uint32_t f = 0; f < reading_now->table->field_count; f++) {
            const ost_field *field = &reading_now->table->fields[f];
            ost_parameter p = parameter_of(field);
            ost__mongo_value v;
            const char *name = field->primary_key ? "_id" : field->column;
            assert_int_equal(ost__mongo_store_parameter(&p, &w, false, &v), OST_OK);
            ost__mongo_text_value(&t, name, strlen(name), &v);
        }
        ost__mongo_text_close(&t, inner);
    }
    ost__mongo_text_undo(&t, before);
    ost__mongo_text_close(&t, list);
    assert_true(ost__mongo_text_end(&t));
    assert_true(bson_validate(&bson, BSON_VALIDATE_UTF8, NULL));
    assert_true(bson_iter_init_find(&i, &bson, "documents"));
    assert_true(BSON_ITER_HOLDS_ARRAY(&i) && bson_iter_recurse(&i, &item));
    size_t count = 0;
    while (bson_iter_next(&item)) {
        char key[16];
        ost__mongo_index_key((uint32_t)count++, key);
        assert_string_equal(bson_iter_key(&item), key);
        bson_iter_document(&item, &size, &data);
        assert_int_equal(size, whole.len);
        assert_memory_equal(data, bson_get_data(&whole), size);
        assert_true(bson_iter_recurse(&item, &document));
    }
    assert_int_equal(count, 999);
    /* And something behind it, as the command's time is. */
    assert_true(bson_append_int64(&bson, "maxTimeMS", -1, 5));
    assert_true(bson_validate(&bson, BSON_VALIDATE_UTF8, NULL));
    /* Its memory is used again. */
    ost__mongo_text_begin(&t, &bson);
    assert_true(ost__mongo_text_end(&t));
    assert_int_equal(bson.len, 5);
    bson_destroy(&bson);
    bson_destroy(&whole);
}

static void by_hand_has_an_end(void **state)
{
    enum { SIZE = 1 << 20 };
    bson_t bson = BSON_INITIALIZER;
    char *bytes = calloc(1, SIZE);
    const ost__mongo_value v = { .type = BSON_TYPE_BINARY, .size = SIZE, .as.data = bytes };
    ost__mongo_text t;
    int count = 0;
    (void)state;
    ost__mongo_text_begin(&t, &bson);
    while (!t.failed && count++ < 100)
        ost__mongo_text_value(&t, "bytes", 5, &v);
    assert_in_range(count, 17, 40);
    assert_false(ost__mongo_text_end(&t));
    free(bytes);
    bson_destroy(&bson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, reading_setup, reading_teardown)
        TEST(by_hand_is_as_by_the_library),
        TEST(by_hand_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
