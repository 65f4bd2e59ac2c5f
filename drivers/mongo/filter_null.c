/* SPDX-License-Identifier: MIT */
/* Tests for what is absent, as matches: of arrays the server asks the items, too. */
#include "mongo/writing.h"

void ost__mongo_is_present_in(ost__mongo_writer *w, const char *path, bson_t *out)
{
    bson_t test;
    ost__mongo_open_document(w, out, path, &test);
    ost__mongo_null_in(w, &test, "$ne");
    ost__mongo_close_document(w, out, &test);
}

/* {path: {$type: "array"}}, or {path: {$not: …}} */
static void is_array(ost__mongo_writer *w, bool negated, const char *path, bson_t *out)
{
    bson_t test, inverse;
    ost__mongo_open_document(w, out, path, &test);
    if (negated) {
        ost__mongo_open_document(w, &test, "$not", &inverse);
        ost__mongo_text_in(w, &inverse, "$type", "array");
        ost__mongo_close_document(w, &test, &inverse);
    } else {
        ost__mongo_text_in(w, &test, "$type", "array");
    }
    ost__mongo_close_document(w, out, &test);
}

/* A test for null finds it among the items of an array, too. */
static void json_test(ost__mongo_writer *w, bool absent, const char *path, bson_t *out)
{
    bson_t list, item;
    uint32_t at = 0;
    ost__mongo_open_array(w, out, absent ? "$and" : "$or", &list);
    ost__mongo_open_item(w, &list, &at, &item);
    if (absent)
        ost__mongo_null_in(w, &item, path);
    else
        ost__mongo_is_present_in(w, path, &item);
    ost__mongo_close_document(w, &list, &item);
    ost__mongo_open_item(w, &list, &at, &item);
    is_array(w, absent, path, &item);
    ost__mongo_close_document(w, &list, &item);
    ost__mongo_close_array(w, out, &list);
}

void ost__mongo_null_test_in(ost__mongo_writer *w, uint16_t type, bool absent, const char *path,
                             bson_t *out)
{
    if (type == OST_TYPE_LIST)
        is_array(w, absent, path, out);
    else if (type == OST_TYPE_JSON)
        json_test(w, absent, path, out);
    else if (absent)
        ost__mongo_null_in(w, out, path);
    else
        ost__mongo_is_present_in(w, path, out);
}
