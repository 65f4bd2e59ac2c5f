/* SPDX-License-Identifier: MIT */
/*
 * JSON from outside. Nothing crashes; what is read and written again is read as the same; the
 * canonical form of the canonical form is itself; and numbers read alike in all of their kinds.
 */
#include "base/decimal.h"
#include "base/json_number.h"
#include "base/json_value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context, (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

static const ost__memory memory = { .resize = resize };

static void check_number(const char *text, size_t size)
{
    int64_t integer;
    uint64_t natural;
    double real;
    ost_decimal decimal;
    char printed[OST_DECIMAL_TEXT_SIZE];
    char *copy = malloc(size + 1);
    if (!copy)
        return;
    memcpy(copy, text, size);
    copy[size] = '\0';
    double expected = strtod(copy, NULL);
    free(copy);
    bool is_real = ost__json_double_of(text, size, &real);
    assert(is_real == (expected - expected == 0));
    assert(!is_real || memcmp(&real, &expected, sizeof real) == 0);
    bool is_decimal = ost__json_decimal(text, size, &decimal);
    if (is_decimal) {
        ost_decimal again;
        size_t length = ost_decimal_print(decimal, printed);
        assert(ost__json_decimal(printed, length, &again));
        assert(ost_decimal_compare(decimal, again) == 0 && decimal.scale == again.scale);
        double from_decimal = ost__decimal_to_double(decimal);
        assert(is_real && from_decimal >= real && from_decimal <= real);
    }
    if (ost__json_int64(text, size, &integer)) {
        assert(ost__json_is_whole(text, size) && is_decimal);
        assert(ost_decimal_compare(decimal, ost_decimal_of(integer, 0)) == 0);
        assert(ost__json_uint64(text, size, &natural) == (integer >= 0));
    }
    if (ost__json_uint64(text, size, &natural)) {
        assert(ost__json_is_whole(text, size) && is_decimal);
        assert(ost_decimal_compare(decimal, ost__decimal_from_uint(natural)) == 0);
    }
}

static void write_string(ost__json_writer *w, const ost__json_reader *r)
{
    char *decoded = malloc(r->size + 1);
    assert(decoded && r->decoded_size <= r->size);
    memset(decoded, 0, r->size + 1);
    ost__json_decode(r, decoded);
    assert(strlen(decoded) == r->decoded_size);
    assert(ost__json_is(r, decoded, r->decoded_size));
    if (r->kind == OST__JSON_KEY)
        ost__json_key_of(w, decoded, r->decoded_size);
    else
        ost__json_text(w, decoded, r->decoded_size);
    free(decoded);
}

/* Reads and writes every token; false: the text is not JSON. */
static bool copy_tokens(const char *text, size_t size, ost__buffer *out)
{
    ost__json_reader r;
    ost__json_writer w;
    ost__json_read(&r, text, size);
    ost__json_begin(&w, out);
    while (ost__json_next(&r) != OST__JSON_END) {
        switch (r.kind) {
        case OST__JSON_ERROR: assert(r.error && r.error_at <= size); return false;
        case OST__JSON_OPEN_OBJECT: ost__json_open_object(&w); break;
        case OST__JSON_CLOSE_OBJECT: ost__json_close_object(&w); break;
        case OST__JSON_OPEN_LIST: ost__json_open_list(&w); break;
        case OST__JSON_CLOSE_LIST: ost__json_close_list(&w); break;
        case OST__JSON_KEY:
        case OST__JSON_STRING: write_string(&w, &r); break;
        case OST__JSON_NUMBER:
            check_number(r.text, r.size);
            ost__json_raw(&w, r.text, r.size);
            break;
        default: ost__json_raw(&w, r.text, r.size); break;
        }
    }
    assert(r.depth == 0 && r.at == text + size);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ost__buffer copy, once, twice;
    ost__json_reader r;
    const char *text = (const char *)data;
    ost__buffer_init(&copy, &memory);
    ost__buffer_init(&once, &memory);
    ost__buffer_init(&twice, &memory);
    bool valid = copy_tokens(text, size, &copy);
    ost_status checked = ost__json_check(&memory, text, size, &r);
    ost_status written = ost__json_canonical(&memory, text, size, &once, &r);
    assert(checked == written && (valid || checked == OST_INVALID));
    assert(checked == OST_OK || (r.error && r.error_at <= size));
    if (checked == OST_OK) {
        bool equal = false;
        assert(ost__json_canonical(&memory, once.data, once.size, &twice, &r) == OST_OK);
        assert(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
        assert(ost__json_equal(&memory, text, size, copy.data, copy.size, &equal) == OST_OK);
        assert(equal);
    }
    ost__buffer_finish(&copy);
    ost__buffer_finish(&once);
    ost__buffer_finish(&twice);
    return 0;
}
