/* SPDX-License-Identifier: MIT */
/* Texts that become values: what is accepted prints, and reads back as the same. */
#include "base/civil.h"
#include "base/decimal.h"
#include "base/utf8.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decimal(const char *text)
{
    char printed[OST_DECIMAL_TEXT_SIZE], sortable[OST__DECIMAL_SORTABLE_SIZE];
    ost_decimal d, again;
    if (!ost_decimal_parse(text, &d))
        return;
    ost_decimal_print(d, printed);
    assert(ost_decimal_parse(printed, &again));
    assert(ost_decimal_compare(d, again) == 0 && d.scale == again.scale);
    size_t length = ost__decimal_to_sortable(d, OST__DECIMAL_DIGITS, sortable);
    assert(ost__decimal_from_sortable(sortable, length, OST__DECIMAL_DIGITS, d.scale, &again));
    assert(ost_decimal_compare(d, again) == 0);
}

static void check_time(const char *text, size_t size)
{
    char printed[OST_TIME_TEXT_SIZE], stored[OST__TIME_STORED_SIZE];
    ost_time t, again;
    if (ost_time_parse(text, &t)) {
        ost_time_print(t, printed);
        assert(ost_time_parse(printed, &again) && again.microseconds == t.microseconds);
    }
    if (ost__time_from_stored(text, size, &t)) {
        ost__time_to_stored(t, stored);
        assert(ost__time_from_stored(stored, sizeof stored, &again));
        assert(again.microseconds == t.microseconds);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[128];
    ost_uuid uuid;
    ost_date date;
    if (size >= sizeof text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    check_decimal(text);
    check_time(text, size);
    (void)ost_uuid_parse(text, &uuid);
    (void)ost_date_parse(text, &date);
    if (ost__utf8_valid(text, size))
        assert(ost__utf8_length(text, size) <= size && strlen(text) == size);
    return 0;
}
