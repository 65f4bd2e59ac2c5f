/* SPDX-License-Identifier: MIT */
/**
 * @file value.h
 * The kinds of values that members may have, and ost_value, which holds any one of them.
 *
 * Nullability is in the type: an `int` is never null, an ::ost_opt_int may be. Instants, calendar days, UUIDs,
 * object ids, decimals and blobs are small structs of their own, so that the compiler tells them apart and
 * refuses the wrong one.
 *
 * Plain functions parse, print and compare decimals, instants, days and UUIDs. Printing writes to the
 * caller's buffer and never reads a locale.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * int print_price(void)
 * {
 *     ost_decimal price;
 *     char text[OST_DECIMAL_TEXT_SIZE];
 *     if (!ost_decimal_parse("19.90", &price))
 *         return 1;
 *     ost_decimal_print(price, text);
 *     return puts(text) < 0;
 * }
 * @endcode
 */
#ifndef OSTLER_VALUE_H
#define OSTLER_VALUE_H

#include "ostler/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An instant: microseconds since 1970-01-01T00:00:00Z. Years 1 to 9999 can be stored. */
typedef struct ost_time {
    int64_t microseconds; /**< May be negative. */
} ost_time;
/** A calendar day: days since 1970-01-01. Years 1 to 9999 can be stored. */
typedef struct ost_date {
    int32_t days; /**< May be negative. */
} ost_date;
/** A UUID (RFC 9562), in the order in which it is printed. */
typedef struct ost_uuid {
    uint8_t bytes[16]; /**< Most significant byte first. */
} ost_uuid;
/** A MongoDB ObjectId. */
typedef struct ost_object_id {
    uint8_t bytes[12]; /**< Seconds, random part, counter; most significant byte first. */
} ost_object_id;
/** An exact decimal: a signed 128-bit coefficient (two's complement) times 10^-scale. */
typedef struct ost_decimal {
    int64_t high;     /**< Upper half of the coefficient, with its sign. */
    uint64_t low;     /**< Lower half. */
    int32_t scale;    /**< Digits after the point, 0 to 38. */
    int32_t reserved; /**< Zero. */
} ost_decimal;
/** Bytes. `data` NULL is null; a pointer with `size` 0 is empty. */
typedef struct ost_blob {
    const void *data; /**< Borrowed. */
    size_t size;      /**< In bytes. */
} ost_blob;
/** A position on the Earth (WGS 84), in degrees. */
typedef struct ost_point {
    double longitude; /**< -180 to 180. */
    double latitude;  /**< -90 to 90. */
} ost_point;
/** A JSON text. `text` NULL is null. */
typedef struct ost_json {
    const char *text; /**< Borrowed. */
} ost_json;

/** Declares an optional type: absent unless `present`. */
#define OST_OPTIONAL(name, T) \
    typedef struct name { \
        bool present; /**< false: null */ \
        T value;      /**< Meaningless while absent. */ \
    } name
/** @name One optional type for each kind */
/**@{*/
OST_OPTIONAL(ost_opt_bool, bool);
OST_OPTIONAL(ost_opt_int8, signed char);
OST_OPTIONAL(ost_opt_int16, short);
OST_OPTIONAL(ost_opt_int, int);
OST_OPTIONAL(ost_opt_int64, int64_t);
OST_OPTIONAL(ost_opt_uint8, unsigned char);
OST_OPTIONAL(ost_opt_uint16, unsigned short);
OST_OPTIONAL(ost_opt_uint, unsigned int);
OST_OPTIONAL(ost_opt_uint64, uint64_t);
OST_OPTIONAL(ost_opt_float, float);
OST_OPTIONAL(ost_opt_double, double);
OST_OPTIONAL(ost_opt_time, ost_time);
OST_OPTIONAL(ost_opt_date, ost_date);
OST_OPTIONAL(ost_opt_uuid, ost_uuid);
OST_OPTIONAL(ost_opt_object_id, ost_object_id);
OST_OPTIONAL(ost_opt_decimal, ost_decimal);
/**@}*/
/** Initialises an optional with a value. */
#define OST_SOME(x) { .present = true, .value = (x) }
/** Gives an optional a value. */
#define ost_put(opt, x) ((void)((opt).value = (x), (opt).present = true))
/** Makes an optional absent. */
#define ost_drop(opt) ((void)((opt).present = false))
/** A stored list: replaced whole; `items` NULL is null. */
#define OST_LIST(T) struct { T const *items; size_t count; }
/** A relation: filled by an include; loaded and empty means "none". */
#define OST_ARRAY(T) struct { T *items; size_t count; bool loaded; }

/** Kinds of members. Stored as uint16_t everywhere; the numbers are frozen. */
enum ost_type {
    OST_TYPE_NONE = 0,       /**< No value, or NULL. */
    OST_TYPE_BOOL = 1,       /**< bool */
    OST_TYPE_INT8 = 2,       /**< signed char */
    OST_TYPE_INT16 = 3,      /**< short */
    OST_TYPE_INT32 = 4,      /**< int */
    OST_TYPE_INT64 = 5,      /**< int64_t */
    OST_TYPE_UINT8 = 6,      /**< unsigned char */
    OST_TYPE_UINT16 = 7,     /**< unsigned short */
    OST_TYPE_UINT32 = 8,     /**< unsigned int */
    OST_TYPE_UINT64 = 9,     /**< uint64_t */
    OST_TYPE_FLOAT = 10,     /**< float */
    OST_TYPE_DOUBLE = 11,    /**< double */
    OST_TYPE_TEXT = 12,      /**< const char *, UTF-8 */
    OST_TYPE_CHARS = 13,     /**< char[N], NUL-terminated UTF-8, never null */
    OST_TYPE_BLOB = 14,      /**< ost_blob */
    OST_TYPE_TIME = 15,      /**< ost_time */
    OST_TYPE_DATE = 16,      /**< ost_date */
    OST_TYPE_UUID = 17,      /**< ost_uuid */
    OST_TYPE_OBJECT_ID = 18, /**< ost_object_id */
    OST_TYPE_DECIMAL = 19,   /**< ost_decimal */
    OST_TYPE_JSON = 20,      /**< ost_json */
    OST_TYPE_POINT = 21,     /**< ost_point */
    OST_TYPE_EMBEDDED = 22,  /**< a struct inside */
    OST_TYPE_LIST = 23,      /**< OST_LIST */
    OST_TYPE_OPTIONAL = 64   /**< A bit: the ost_opt_* of the kind in the lower bits. */
};

/** Any one value. Text and blobs are borrowed. */
typedef struct ost_value {
    uint16_t type;        /**< NONE, BOOL, INT64, UINT64, DOUBLE, TEXT, BLOB, TIME, DATE, UUID, OBJECT_ID, DECIMAL, JSON, POINT */
    uint16_t reserved[3]; /**< Zero. */
    /** The value, by `type`. */
    union {
        bool boolean;            /**< OST_TYPE_BOOL */
        int64_t integer;         /**< OST_TYPE_INT64 */
        uint64_t natural;        /**< OST_TYPE_UINT64 */
        double real;             /**< OST_TYPE_DOUBLE */
        const char *text;        /**< OST_TYPE_TEXT */
        ost_uuid uuid;           /**< OST_TYPE_UUID */
        ost_object_id object_id; /**< OST_TYPE_OBJECT_ID */
        ost_time time;           /**< OST_TYPE_TIME */
        ost_date date;           /**< OST_TYPE_DATE */
        ost_decimal decimal;     /**< OST_TYPE_DECIMAL */
        ost_blob blob;           /**< OST_TYPE_BLOB */
        ost_point point;         /**< OST_TYPE_POINT */
        ost_json json;           /**< OST_TYPE_JSON */
    } as;                        /**< The value itself. */
} ost_value;
OST_STATIC_ASSERT(sizeof(ost_value) == 32, "ost_value never grows");

/** @name Making values
 * One function for each kind that ost_val() accepts. Text and blobs are borrowed, not copied. An absent
 * optional gives OST_TYPE_NONE: NULL in a change, ::OST_MISUSE in a condition. A NULL text is OST_TYPE_NONE.
 */
/**@{*/
OST_API ost_value ost_value_bool(bool x); /**< A bool. */
OST_API ost_value ost_value_int(int64_t x); /**< Any signed integer. */
OST_API ost_value ost_value_uint(uint64_t x); /**< Any unsigned integer. */
OST_API ost_value ost_value_double(double x); /**< A float or double. */
OST_API ost_value ost_value_text(const char *x); /**< A text; borrowed. */
OST_API ost_value ost_value_uuid(ost_uuid x); /**< A UUID. */
OST_API ost_value ost_value_time(ost_time x); /**< An instant. */
OST_API ost_value ost_value_date(ost_date x); /**< A calendar day. */
OST_API ost_value ost_value_decimal(ost_decimal x); /**< A decimal. */
OST_API ost_value ost_value_object_id(ost_object_id x); /**< An ObjectId. */
OST_API ost_value ost_value_blob(ost_blob x); /**< Bytes; borrowed. */
OST_API ost_value ost_value_json(ost_json x); /**< A JSON text; borrowed. */
OST_API ost_value ost_value_point(ost_point x); /**< A position. */
OST_API ost_value ost_value_opt_bool(ost_opt_bool x); /**< ::ost_opt_bool. */
OST_API ost_value ost_value_opt_int8(ost_opt_int8 x); /**< ::ost_opt_int8. */
OST_API ost_value ost_value_opt_int16(ost_opt_int16 x); /**< ::ost_opt_int16. */
OST_API ost_value ost_value_opt_int(ost_opt_int x); /**< ::ost_opt_int. */
OST_API ost_value ost_value_opt_int64(ost_opt_int64 x); /**< ::ost_opt_int64. */
OST_API ost_value ost_value_opt_uint8(ost_opt_uint8 x); /**< ::ost_opt_uint8. */
OST_API ost_value ost_value_opt_uint16(ost_opt_uint16 x); /**< ::ost_opt_uint16. */
OST_API ost_value ost_value_opt_uint(ost_opt_uint x); /**< ::ost_opt_uint. */
OST_API ost_value ost_value_opt_uint64(ost_opt_uint64 x); /**< ::ost_opt_uint64. */
OST_API ost_value ost_value_opt_float(ost_opt_float x); /**< ::ost_opt_float. */
OST_API ost_value ost_value_opt_double(ost_opt_double x); /**< ::ost_opt_double. */
OST_API ost_value ost_value_opt_time(ost_opt_time x); /**< ::ost_opt_time. */
OST_API ost_value ost_value_opt_date(ost_opt_date x); /**< ::ost_opt_date. */
OST_API ost_value ost_value_opt_uuid(ost_opt_uuid x); /**< ::ost_opt_uuid. */
OST_API ost_value ost_value_opt_object_id(ost_opt_object_id x); /**< ::ost_opt_object_id. */
OST_API ost_value ost_value_opt_decimal(ost_opt_decimal x); /**< ::ost_opt_decimal. */
/**@}*/

/** Bytes that ost_decimal_print() may write, with the NUL. */
#define OST_DECIMAL_TEXT_SIZE 48
/** Bytes that ost_time_print() may write, with the NUL. */
#define OST_TIME_TEXT_SIZE 40
/** Bytes that ost_date_print() may write, with the NUL. */
#define OST_DATE_TEXT_SIZE 24
/** Bytes that ost_uuid_print() writes, with the NUL. */
#define OST_UUID_TEXT_SIZE 37
/** Bytes that ost_object_id_print() writes, with the NUL. */
#define OST_OBJECT_ID_TEXT_SIZE 25

/**
 * Reads a decimal: an optional sign, digits, and optionally a point and digits ("-12.50"). No exponent, no spaces.
 * @param text NUL-terminated.
 * @param out Keeps the scale that was written: "1.50" has scale 2.
 * @return false if it is not a decimal of at most 38 digits; `out` is then untouched.
 */
OST_API bool ost_decimal_parse(const char *text, ost_decimal *out);
/** Prints a decimal with all digits of its scale into `out` of ::OST_DECIMAL_TEXT_SIZE bytes; returns the length. */
OST_API size_t ost_decimal_print(ost_decimal d, char *out);
/** `units` times 10^-`scale`: ost_decimal_of(1050, 2) is 10.50. A scale outside 0…38 gives 0. */
OST_API ost_decimal ost_decimal_of(int64_t units, int32_t scale);
/** The same decimal with the other sign. */
OST_API ost_decimal ost_decimal_negate(ost_decimal d);
/** Compares by value, whatever the scales: 1.5 equals 1.50. Returns -1, 0 or 1. */
OST_API int ost_decimal_compare(ost_decimal a, ost_decimal b);
/** Reads an RFC 3339 instant with a zone ("2024-02-29T12:00:00.5+01:00"); false if it is none, or outside the years 1 to 9999. */
OST_API bool ost_time_parse(const char *rfc3339, ost_time *out);
/** Prints an instant as RFC 3339 in UTC ("2024-02-29T11:00:00.500000Z") into `out` of ::OST_TIME_TEXT_SIZE bytes; returns the length. */
OST_API size_t ost_time_print(ost_time t, char *out);
/** Compares two instants. Returns -1, 0 or 1. */
OST_API int ost_time_compare(ost_time a, ost_time b);
/** Reads a day ("2024-02-29"); false if there is no such day in the years 1 to 9999. */
OST_API bool ost_date_parse(const char *text, ost_date *out);
/** Prints a day into `out` of ::OST_DATE_TEXT_SIZE bytes; returns the length. */
OST_API size_t ost_date_print(ost_date d, char *out);
/** Makes a day; false if there is no such day in the years 1 to 9999. */
OST_API bool ost_date_of(int year, int month, int day, ost_date *out);
/** Reads a UUID ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", either case). */
OST_API bool ost_uuid_parse(const char *text, ost_uuid *out);
/** Prints a UUID in lower case into `out` of ::OST_UUID_TEXT_SIZE bytes; returns the length. */
OST_API size_t ost_uuid_print(ost_uuid u, char *out);
/** Reads an ObjectId of 24 hexadecimal digits. */
OST_API bool ost_object_id_parse(const char *text, ost_object_id *out);
/** Prints an ObjectId into `out` of ::OST_OBJECT_ID_TEXT_SIZE bytes; returns the length. */
OST_API size_t ost_object_id_print(ost_object_id id, char *out);

#ifndef __cplusplus
/** Makes an ost_value of any C value that a member may have; anything else does not compile. */
#define ost_val(x) \
    _Generic((x), bool: ost_value_bool, signed char: ost_value_int, short: ost_value_int, \
        int: ost_value_int, long: ost_value_int, long long: ost_value_int, \
        unsigned char: ost_value_uint, unsigned short: ost_value_uint, unsigned: ost_value_uint, \
        unsigned long: ost_value_uint, unsigned long long: ost_value_uint, \
        float: ost_value_double, double: ost_value_double, char *: ost_value_text, \
        const char *: ost_value_text, ost_uuid: ost_value_uuid, ost_time: ost_value_time, \
        ost_date: ost_value_date, ost_decimal: ost_value_decimal, \
        ost_object_id: ost_value_object_id, ost_blob: ost_value_blob, ost_json: ost_value_json, \
        ost_point: ost_value_point, ost_opt_bool: ost_value_opt_bool, \
        ost_opt_int8: ost_value_opt_int8, ost_opt_int16: ost_value_opt_int16, \
        ost_opt_int: ost_value_opt_int, ost_opt_int64: ost_value_opt_int64, \
        ost_opt_uint8: ost_value_opt_uint8, ost_opt_uint16: ost_value_opt_uint16, \
        ost_opt_uint: ost_value_opt_uint, ost_opt_uint64: ost_value_opt_uint64, \
        ost_opt_float: ost_value_opt_float, ost_opt_double: ost_value_opt_double, \
        ost_opt_time: ost_value_opt_time, ost_opt_date: ost_value_opt_date, \
        ost_opt_uuid: ost_value_opt_uuid, ost_opt_object_id: ost_value_opt_object_id, \
        ost_opt_decimal: ost_value_opt_decimal)(x)
#endif

#ifdef __cplusplus
}
#endif
#endif
