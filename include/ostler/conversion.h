/* SPDX-License-Identifier: MIT */
/**
 * @file conversion.h
 * Members of a type of the program's own: a pair of functions converts them to and from a kind that is stored.
 *
 * A conversion is written once for a C type, in the form of OST_RECORD() and OST_MODEL(): OST_CONVERTS() in a header says which
 * type it is for, OST_CONVERSION() in a source file gives the stored kind and the two functions. OST_CONVERTED() then takes the
 * place of OST_FIELD() in a model. A function for another type, or a member of another type, does not compile.
 *
 * To the database the member is a column of the stored kind, and everything that looks at columns looks at that: the rules of the
 * field (`.required`, `.not_null`, `.min`, `.max`, `.max_length`, `.values`, `.pattern`, `.unique`, `.immutable`, …, and `.check`
 * and `.transform`, which are given the stored form), conditions, orders, groups and indexes, ost_save(), which compares by the
 * stored form, and JSON. A default is of the stored kind. What rules make of the stored form (`.trim`, a default, …) the member
 * becomes, too.
 *
 * The columns of a flattened struct may be converted; members inside documents, keys, versions, stamps, generated members and
 * `.hashed` ones may not, which ost_open() says. Values are compared with the macros below that end in `_converted`; or, in
 * the stored kind, with ost_cmp_eq(ost_col(T, m), ost_lit(x)) and its like.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct colour { uint8_t red, green, blue; } colour;
 * OST_CONVERTS(colour_number, colour);
 *
 * static ost_status colour_store(ost_call *call, const colour *c, ost_value *out)
 * {
 *     (void)call;
 *     *out = ost_val(c->red * 65536 + c->green * 256 + c->blue);
 *     return OST_OK;
 * }
 *
 * static ost_status colour_load(ost_call *call, const ost_value *value, colour *out)
 * {
 *     int64_t n = value->as.integer;
 *     if (n < 0 || n > 0xffffff)
 *         return ost_call_fail(call, NULL, "is no colour");
 *     *out = (colour){ (uint8_t)(n / 65536), (uint8_t)(n / 256), (uint8_t)n };
 *     return OST_OK;
 * }
 * OST_CONVERSION(colour_number, OST_TYPE_INT32, colour_store, colour_load);
 *
 * typedef struct paint { int64_t id; colour shade; } paint;
 * OST_RECORD(paint, id);
 * OST_MODEL(paint, OST_FIELDS(OST_FIELD(paint, id, .primary_key = true),
 *                             OST_CONVERTED(paint, shade, colour_number, .unique = true)));
 *
 * paint *find_black(ost_session *s)
 * {
 *     const colour black = { 0, 0, 0 };
 *     return ost_find(s, paint, ost_eq_converted(paint, shade, &black));
 * }
 * @endcode
 */
#ifndef OSTLER_CONVERSION_H
#define OSTLER_CONVERSION_H

#include "ostler/call.h"
#include "ostler/expr.h"
#include "ostler/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A pair of functions for members of a type of the program's own. Both run inside calls of the session, on its thread, any number
 * of times for one record; they may not use the session (ost_call_session() is NULL), and the call knows neither a loaded
 * record nor changes. The same member must always give the same value. Written with OST_CONVERSION().
 */
typedef struct ost_conversion {
    size_t struct_size; /**< sizeof(ost_conversion); filled by OST_CONVERSION(). */
    uint32_t size;      /**< sizeof the C type. */
    uint16_t type;      /**< The stored kind: an enum ost_type of a scalar but OST_TYPE_CHARS; with OST_TYPE_OPTIONAL it may be absent. Texts, blobs and JSON may be absent without. */
    uint16_t reserved;  /**< Zero. */
    /**
     * Gives the stored form of a member: before its rules are looked at when it is written, when it
     * is compared with what was loaded, for a constant of a query, and for JSON.
     * @param call What runs; see call.h. ost_call_fail() and ost_call_text() are for it.
     * @param member The member, borrowed.
     * @param out Of OST_TYPE_NONE, which means absent; to be set to a value that fits the stored
     * kind. Texts and blobs may be the member's own, or from ost_call_text(): they are copied.
     * @return ::OST_OK; or the result of ost_call_fail(), which refuses the write as a rule does,
     * with a failure of the field (rule "converts"); or another status, which ends the call.
     */
    ost_status (*store)(ost_call *call, const void *member, ost_value *out);
    /**
     * Makes the member from its stored form, before the hook after_load.
     * @param call What runs. What ost_call_text() gives lives as long as the record does.
     * @param value Of the kind of ost_value that holds the stored kind, or OST_TYPE_NONE; borrowed
     * until the function returns.
     * @param member Zeroed; where rules of a written record, or JSON, changed the stored
     * form: as it was.
     * @return ::OST_OK; or the result of ost_call_fail(): reading fails with ::OST_RANGE, about
     * model and field, and gives no record; ost_from_json() has a failure of the field. Any other
     * status is what the call returns.
     */
    ost_status (*load)(ost_call *call, const ost_value *value, void *member);
    uintptr_t reserved_[2]; /**< Zero. */
} ost_conversion;

#ifndef __cplusplus
/** In a header: the conversion `name` is for members of the type `C`. */
#define OST_CONVERTS(name, C) \
    typedef C name##_converts_; \
    extern const ost_conversion name
/**
 * In a source file: the conversion `name`, its stored kind, and its two functions:
 * `ost_status store(ost_call *call, const C *member, ost_value *out)` and
 * `ost_status load(ost_call *call, const ost_value *value, C *member)`. Others do not compile.
 */
#define OST_CONVERSION(name, stored_type, store_function, load_function) \
    static ost_status name##_store_(ost_call *call_, const void *member_, ost_value *out_) \
    { \
        return _Generic(&store_function, \
            ost_status (*)(ost_call *, const name##_converts_ *, ost_value *): \
                store_function)(call_, (const name##_converts_ *)member_, out_); \
    } \
    static ost_status name##_load_(ost_call *call_, const ost_value *value_, void *member_) \
    { \
        return _Generic(&load_function, \
            ost_status (*)(ost_call *, const ost_value *, name##_converts_ *): \
                load_function)(call_, value_, (name##_converts_ *)member_); \
    } \
    const ost_conversion name = { .struct_size = sizeof(ost_conversion), \
                                  .size = sizeof(name##_converts_), .type = (stored_type), \
                                  .store = name##_store_, .load = name##_load_ }
/**
 * A field of a type of the program's own: OST_CONVERTED(struct, member, conversion, .option = value, …). A member of a type that
 * the library stores itself does not compile: what its values mean would not be in its type.
 */
#define OST_CONVERTED(...) OST_CONVERTED_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_CONVERTED(). */
#define OST_CONVERTED_(T, m, conversion, ...) \
    { OST_PLACE(T, m), \
      .type = _Generic(&OST_MEMBER(T, m), conversion##_converts_ *: OST_TYPE_NONE) + \
              OST_ASSERT(OST_TYPE_ANY(T, m) == OST_TYPE_NONE, \
                         "ostler: " #T "." #m " is of a kind that is stored as it is"), \
      .converts = &conversion, __VA_ARGS__ }

/** A converted member and a pointer to a value of its own type, which is borrowed until the query or change took it; ost_keep() copies it, but not what it points to. */
#define OST_COMPARE_CONVERTED(o, T, m, ...) \
    OST_EXPR(.op = (o) + OST_ALIKE((__VA_ARGS__), &OST_MEMBER(T##_record_, m)), \
             .model = &T##_model, .member = OST_AT(T, m), .list = (__VA_ARGS__), .list_count = 1, \
             .list_stride = sizeof OST_MEMBER(T##_record_, m))
/** @name Comparing a converted member with a value of its own type
 * By the stored form. A value that is stored as absent is ::OST_MISUSE in a condition; use ost_is_null().
 */
/**@{*/
/** Equal. */
#define ost_eq_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_EQ, T, m, __VA_ARGS__)
/** Not equal. */
#define ost_ne_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_NE, T, m, __VA_ARGS__)
/** Less than, in the order of the stored kind. */
#define ost_lt_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_LT, T, m, __VA_ARGS__)
/** Less than or equal. */
#define ost_le_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_LE, T, m, __VA_ARGS__)
/** Greater than. */
#define ost_gt_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_GT, T, m, __VA_ARGS__)
/** Greater than or equal. */
#define ost_ge_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_GE, T, m, __VA_ARGS__)
/** From `low` to `high`, both included. */
#define ost_between_converted(T, m, low, high) \
    OST_ARGS(OST_OP_AND, ost_ge_converted(T, m, low), ost_le_converted(T, m, high))
/** One of `count` items of an array of the member's own type. In none is false. */
#define ost_in_converted(T, m, array, count) \
    OST_EXPR(.op = OST_OP_IN + OST_ALIKE(array, &OST_MEMBER(T##_record_, m)), \
             .model = &T##_model, .member = OST_AT(T, m), .list = (array), .list_count = (count), \
             .list_stride = sizeof OST_MEMBER(T##_record_, m))
/** None of `count` items of an array. Not in none is true. */
#define ost_not_in_converted(T, m, array, count) ost_not(ost_in_converted(T, m, array, count))
/**@}*/
/** A change: set a converted member. One that is stored as absent sets NULL. */
#define ost_set_converted(T, m, ...) OST_COMPARE_CONVERTED(OST_OP_SET, T, m, __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
#endif
