/* SPDX-License-Identifier: MIT */
#include "kinds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VALUES(...)       \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }
#define NINES "9999999999"

/* LONG and a letter is that letter behind more bytes than any sort key or page of a server has. */
enum { LONG_SIZE = 20000 };
#define LONG "long:"

/* Letters that are one without their case, and such that are not. */
#define CASELESS(...)                                                                        \
    VALUES(__VA_ARGS__, " ", "%_", "A", "a", "a ", "ADA", "Ada", "STRASSE", "stra\303\237e", \
           "STRA\xe1\xba\x9e", "i", "\xc4\xb0", "i\xcc\x87", "E", "e\xcc\x81", "\xc3\x89",   \
           "\xce\xa3\xcf\x83\xcf\x82", "\xce\x91\xcc\x81", "\xce\xac", "A\xcc\x8a",          \
           "\xe2\x84\xab", "\xef\xac\x83", "FFI", "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8")

const kind kinds_of_members[] = {
    { .name = "bool",
      .words = "bool",
      .places = { { &thing_model, "flag" }, { &maybe_model, "flag" } },
      .twins = { "flag_a", "flag_b" },
      .values = VALUES("false", "true") },
    { .name = "int8",
      .words = "int8",
      .places = { { &thing_model, "i8" }, { &maybe_model, "i8" } },
      .values = VALUES("-128", "-127", "-1", "0", "1", "126", "127"),
      .sums = true,
      .amounts = VALUES("1", "-1", "0", "127", "255", "-255") },
    { .name = "int16",
      .words = "int16",
      .places = { { &thing_model, "i16" }, { &maybe_model, "i16" } },
      .values = VALUES("-32768", "-129", "-1", "0", "1", "128", "32767"),
      .sums = true,
      .amounts = VALUES("1", "-1", "32767", "65535", "-65535") },
    { .name = "int32",
      .words = "int32",
      .places = { { &thing_model, "i32" }, { &maybe_model, "i32" } },
      .values = VALUES("-2147483648", "-32769", "-1", "0", "1", "32768", "2147483647"),
      .sums = true,
      .amounts = VALUES("1", "-1", "2147483647", "-4294967295") },
    { .name = "int64",
      .words = "int64",
      .places = { { &thing_model, "i64" }, { &maybe_model, "i64" } },
      .twins = { "whole_a", "whole_b" },
      .values = VALUES("-9223372036854775808", "-9007199254740993", "-2147483649", "-1", "0", "1",
                       "2147483648", "9007199254740993", "9223372036854775807"),
      .sums = true,
      .amounts = VALUES("1", "-1", "9223372036854775807", "-9223372036854775808") },
    { .name = "uint8",
      .words = "uint8",
      .places = { { &thing_model, "u8" }, { &maybe_model, "u8" } },
      .values = VALUES("0", "1", "127", "128", "254", "255"),
      .sums = true,
      .amounts = VALUES("1", "-1", "255", "-255") },
    { .name = "uint16",
      .words = "uint16",
      .places = { { &thing_model, "u16" }, { &maybe_model, "u16" } },
      .values = VALUES("0", "1", "32768", "65535"),
      .sums = true,
      .amounts = VALUES("1", "-1", "65535") },
    { .name = "uint32",
      .words = "uint32",
      .places = { { &thing_model, "u32" }, { &maybe_model, "u32" } },
      .values = VALUES("0", "1", "2147483648", "4294967295"),
      .sums = true,
      .amounts = VALUES("1", "-1", "4294967295") },
    { .name = "uint64",
      .words = "uint64 up to 2^63-1",
      .places = { { &thing_model, "u64" }, { &maybe_model, "u64" } },
      .twins = { "natural_a", "natural_b" },
      .values = VALUES("0", "1", "4294967296", "9007199254740993", "9223372036854775807"),
      .sums = true,
      .amounts = VALUES("-1", "-9223372036854775807") },
    { .name = "uint64_high",
      .words = "uint64 above 2^63-1",
      .places = { { &thing_model, "u64" }, { &maybe_model, "u64" } },
      .twins = { "natural_a", "natural_b" },
      .values = VALUES("1", "9223372036854775808", "18446744073709551614", "18446744073709551615"),
      .amounts = VALUES("1", "-1") },
    { .name = "float",
      .words = "float",
      .places = { { &thing_model, "f" }, { &maybe_model, "f" } },
      .values = VALUES("-0x1.fffffep127", "-16777217", "-0.1", "-0x1p-149", "-0.0", "0x1p-149",
                       "0x1p-126", "0.1", "1", "16777216", "0x1.fffffep127") },
    { .name = "float_infinite",
      .words = "infinite float",
      .places = { { &thing_model, "f" }, { &maybe_model, "f" } },
      .values = VALUES("-inf", "0", "inf") },
    { .name = "double",
      .words = "double",
      .places = { { &thing_model, "wild" }, { &maybe_model, "wild" } },
      .twins = { "real_a", "real_b" },
      .values = VALUES("-0x1.fffffffffffffp1023", "-1e18", "-0.1", "-0x1p-1074", "-0.0",
                       "0x1p-1074", "0x1p-1022", "0.1", "0.30000000000000004", "1.5",
                       "9007199254740993", "1e300", "0x1.fffffffffffffp1023") },
    { .name = "double_infinite",
      .words = "infinite double",
      .places = { { &thing_model, "wild" }, { &maybe_model, "wild" } },
      .twins = { "real_a", "real_b" },
      .values = VALUES("-inf", "0", "inf") },
    { .name = "double_sum",
      .words = "double, quarters",
      .places = { { &thing_model, "amount" }, { &maybe_model, "amount" } },
      .values = VALUES("-8.25", "-0.5", "0", "0.25", "7.75"),
      .sums = true,
      .amounts = VALUES("0.25", "-3", "0") },
    { .name = "text",
      .words = "text",
      .places = { { &thing_model, "note" } },
      .twins = { "note_a", "note_b" },
      .values =
          VALUES("", "\x01", "\t\n\r ", " a", "\"", "%_", "'", "A", "A ", "NULL", "\\", "a", "a ",
                 "a\x01", LONG "a", LONG "b", "\x7f", "\xc2\x80", "e\xcc\x81", "\xc3\xa9",
                 "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbb\xbf",
                 "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf0\x9d\x84\x9e", "\xf4\x8f\xbf\xbf") },
    { .name = "chars",
      .words = "char array",
      .places = { { &thing_model, "code" } },
      .twins = { "code_a", "code_b" },
      .values = VALUES("", " ", "12345678901", "A", "a", "a ", "\xc3\xa9",
                       "\xf0\x9d\x84\x9e\xf4\x8f\xbf\xbf") },
    { .name = "caseless",
      .words = "caseless text",
      .places = { { &thing_model, "alias" } },
      .twins = { "alias_a", "alias_b" },
      .values = CASELESS("", LONG "a", LONG "A") },
    { .name = "caseless_chars",
      .words = "caseless char array",
      .places = { { &thing_model, "sign" } },
      .twins = { "sign_a", "sign_b" },
      .values = CASELESS("", "123456789AB") },
    { .name = "blob",
      .words = "blob",
      .places = { { &thing_model, "data" } },
      .twins = { "data_a", "data_b" },
      .values = VALUES("", "00", "0000", "00ff", "41", "61", "6120", "7f", "80", "8081", "ff",
                       "ff00", LONG "a", LONG "b") },
    { .name = "time",
      .words = "instant",
      .places = { { &thing_model, "at" }, { &maybe_model, "at" } },
      .twins = { "at_a", "at_b" },
      .values =
          VALUES("0001-01-01T00:00:00Z", "0999-12-31T23:59:59.999999Z", "1582-10-10T12:00:00Z",
                 "1899-12-31T00:00:00.000001Z", "1969-12-31T23:59:59.999999Z",
                 "1970-01-01T00:00:00Z", "2000-02-29T12:34:56.789012Z", "2016-12-31T23:59:59.5Z",
                 "2038-01-19T03:14:08Z", "9999-12-31T23:59:59.999999Z") },
    { .name = "date",
      .words = "day",
      .places = { { &thing_model, "day" }, { &maybe_model, "day" } },
      .twins = { "day_a", "day_b" },
      .values = VALUES("0001-01-01", "0999-12-31", "1582-10-10", "1900-02-28", "1969-12-31",
                       "1970-01-01", "2000-02-29", "2038-01-20", "9999-12-31") },
    { .name = "uuid",
      .words = "UUID",
      .places = { { &thing_model, "uuid" }, { &maybe_model, "uuid" } },
      .twins = { "uuid_a", "uuid_b" },
      .values =
          VALUES("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-0000000000ff",
                 "7fffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000",
                 "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "ffffffff-ffff-ffff-ffff-ffffffffffff") },
    { .name = "object_id",
      .words = "ObjectId",
      .places = { { &thing_model, "object" }, { &maybe_model, "object" } },
      .twins = { "object_a", "object_b" },
      .values =
          VALUES("000000000000000000000000", "0000000000000000000000ff", "7fffffffffffffffffffffff",
                 "800000000000000000000000", "ffffffffffffffffffffffff") },
    { .name = "decimal_12_2",
      .words = "decimal(12, 2)",
      .places = { { &thing_model, "price" } },
      .twins = { "price_a", "price_b" },
      .values = VALUES("-9999999999.99", "-1.50", "-0.01", "0.00", "0.01", "1.50", "10.00",
                       "9999999999.99"),
      .sums = true,
      .amounts = VALUES("0.01", "-0.01", "9999999999.99", "1") },
    { .name = "decimal_12_4",
      .words = "decimal(12, 4)",
      .places = { { &maybe_model, "rate" } },
      .values = VALUES("-99999999.9999", "-0.0001", "0", "0.0001", "99999999.9999"),
      .sums = true,
      .amounts = VALUES("0.0001", "-99999999.9999") },
    { .name = "decimal_30_6",
      .words = "decimal(30, 6)",
      .places = { { &thing_model, "huge" } },
      .values = VALUES("-999999999999999999999999.999999", "-9223372036854775809", "-0.000001", "0",
                       "0.000001", "1.000001", "9223372036854775808.5",
                       "999999999999999999999999.999999"),
      .sums = true,
      .amounts = VALUES("0.000001", "-1", "999999999999999999999999.999999") },
    { .name = "decimal_38_10",
      .words = "decimal(38, 10)",
      .places = { { &maybe_model, "vast" } },
      .values = VALUES("-" NINES NINES "99999999." NINES, "-0.0000000001", "0", "0.0000000001",
                       "12345678901234567890.0123456789", NINES NINES "99999999." NINES),
      .amounts = VALUES("0.0000000001", "-1") },
    { .name = "decimal_38_0",
      .words = "decimal(38, 0)",
      .places = { { &exact_model, "whole" } },
      .values = VALUES("-" NINES NINES NINES "99999999", "-10000000000000000000", "-1", "0", "1",
                       "10000000000000000000", NINES NINES NINES "99999999"),
      .amounts = VALUES("1", "-1") },
    { .name = "decimal_38_38",
      .words = "decimal(38, 38)",
      .places = { { &exact_model, "fraction" } },
      .values = VALUES(
          "-0." NINES NINES NINES "99999999", "-0.00000000000000000000000000000000000001", "0",
          "0.00000000000000000000000000000000000001", "0.5", "0." NINES NINES NINES "99999999"),
      .amounts = VALUES("0.00000000000000000000000000000000000001") },
    { .name = "decimal_18_0",
      .words = "decimal(18, 0)",
      .places = { { &exact_model, "units" } },
      .values = VALUES("-999999999999999999", "-1", "0", "9007199254740993", "999999999999999999"),
      .sums = true,
      .amounts = VALUES("1", "-1") },
    { .name = "decimal_19_0",
      .words = "decimal(19, 0)",
      .places = { { &exact_model, "beyond" } },
      .values = VALUES("-9999999999999999999", "-9223372036854775809", "0", "9223372036854775808",
                       "9999999999999999999"),
      .sums = true,
      .amounts = VALUES("1", "-1") },
    { .name = "decimal_1_1",
      .words = "decimal(1, 1)",
      .places = { { &exact_model, "digit" } },
      .values = VALUES("-0.9", "-0.1", "0", "0.5", "0.9"),
      .sums = true,
      .amounts = VALUES("0.1", "-0.4") },
    { .name = "enum",
      .words = "enumeration",
      .places = { { &thing_model, "mood" }, { &maybe_model, "mood" } },
      .twins = { "mood_a", "mood_b" },
      .values = VALUES("0", "1", "2", "3") },
};
int64_t instant_unit = 1;

ost_time in_units(ost_time t)
{
    int64_t beyond = t.microseconds % instant_unit;
    t.microseconds -= beyond < 0 ? beyond + instant_unit : beyond;
    return t;
}

const size_t kind_count = sizeof kinds_of_members / sizeof kinds_of_members[0];

/* LONG and a letter: that letter behind tens of thousands of others. */
static const char *lengthened(const char *text, ev_scratch *scratch)
{
    size_t prefix = strlen(LONG);
    char *out;
    if (strncmp(text, LONG, prefix) != 0)
        return ev_copy_text(scratch, text);
    out = ev_take(scratch, LONG_SIZE + 1);
    memset(out, 'q', LONG_SIZE - 1);
    out[LONG_SIZE - 1] = text[prefix];
    return out;
}

static ost_value blob_of_text(const char *text, ev_scratch *scratch)
{
    ost_value v = ev_null();
    size_t size = strlen(text) / 2;
    v.type = OST_TYPE_BLOB;
    if (strncmp(text, LONG, strlen(LONG)) == 0) {
        v.as.blob.data = lengthened(text, scratch);
        v.as.blob.size = LONG_SIZE;
        return v;
    }
    uint8_t *bytes = ev_take(scratch, size + 1);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    v.as.blob.data = bytes;
    v.as.blob.size = size;
    return v;
}

static bool parse(uint16_t type, const char *text, ost_value *v)
{
    v->type = type;
    switch (type) {
    case OST_TYPE_TIME: return ost_time_parse(text, &v->as.time);
    case OST_TYPE_DATE: return ost_date_parse(text, &v->as.date);
    case OST_TYPE_UUID: return ost_uuid_parse(text, &v->as.uuid);
    case OST_TYPE_OBJECT_ID: return ost_object_id_parse(text, &v->as.object_id);
    case OST_TYPE_DECIMAL: return ost_decimal_parse(text, &v->as.decimal);
    default: return false;
    }
}

ost_value value_of_text(uint16_t type, const char *text, ev_scratch *scratch)
{
    ost_value v = ev_null();
    if (ev_is_integer_type(type))
        return *text == '-' ? ev_int(strtoll(text, NULL, 10)) : ev_uint(strtoull(text, NULL, 10));
    switch (type) {
    case OST_TYPE_BOOL: return ev_bool(strcmp(text, "true") == 0);
    case OST_TYPE_FLOAT: return ev_real((double)strtof(text, NULL));
    case OST_TYPE_DOUBLE: return ev_real(strtod(text, NULL));
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return ev_text(lengthened(text, scratch));
    case OST_TYPE_BLOB: return blob_of_text(text, scratch);
    default:
        if (!parse(type, text, &v)) {
            fprintf(stderr, "\"%s\" is no value of kind %u\n", text, (unsigned)type);
            abort();
        }
        return v;
    }
}

size_t kind_values(const kind *k, const ev_field *f, ost_value *out, ev_scratch *scratch)
{
    size_t count = 0;
    for (; k->values[count]; count++) {
        if (count == KIND_VALUES_MAX)
            abort();
        out[count] = value_of_text(f->type, k->values[count], scratch);
        if (f->type == OST_TYPE_TIME)
            out[count].as.time = in_units(out[count].as.time);
        if (ev_fit(f, &out[count]) != OST_OK)
            abort();
    }
    return count;
}
