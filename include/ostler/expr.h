/* SPDX-License-Identifier: MIT */
/**
 * @file expr.h
 * Expressions: conditions, orders, aggregates and changes, checked by the compiler.
 *
 * An expression is a constant struct that lives until the end of the block it was written in. It is handed to
 * a query, which copies what it needs at once, or to ost_keep(), which makes a copy that lives as long as the
 * session's memory. Do not store one in a variable that outlives its block.
 *
 * Logic has three values, as in SQL: a comparison with NULL is unknown, `not` of unknown is unknown, and a row
 * counts only if the condition is true. Text compares by the bytes of its UTF-8; ost_has_text(),
 * ost_starts_with() and ost_ends_with() ignore case. Where a member has OST_CASELESS (model.h), everything does.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct book { int64_t id; const char *title; int year; } book;
 * OST_RECORD(book, id);
 *
 * void old_or_about_c(ost_query *q)
 * {
 *     ost_where(q, ost_either(ost_lt(book, year, 1980), ost_has_text(book, title, "c programming")));
 *     ost_order_by(q, ost_desc(book, year));
 * }
 * @endcode
 */
#ifndef OSTLER_EXPR_H
#define OSTLER_EXPR_H

#include "ostler/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Operators. The numbers are frozen. */
enum ost_operator {
    OST_OP_END = 0,             /**< Ends a list. */
    OST_OP_MEMBER = 1,          /**< A member. */
    OST_OP_VALUE = 2,           /**< A constant. */
    OST_OP_EQ = 3,              /**< = ; a member with a value, or two `args`. So are the next five. */
    OST_OP_NE = 4,              /**< <> */
    OST_OP_LT = 5,              /**< < */
    OST_OP_LE = 6,              /**< <= */
    OST_OP_GT = 7,              /**< > */
    OST_OP_GE = 8,              /**< >= */
    OST_OP_IN = 9,              /**< One of a list. */
    OST_OP_HAS_TEXT = 10,       /**< Contains, ignoring case. */
    OST_OP_STARTS_WITH = 11,    /**< Starts with, ignoring case. */
    OST_OP_ENDS_WITH = 12,      /**< Ends with, ignoring case. */
    OST_OP_IS_NULL = 13,        /**< Is null. Never unknown. */
    OST_OP_NOT_NULL = 14,       /**< Is not null. Never unknown. */
    OST_OP_AND = 15,            /**< All of `args`; of none: true. */
    OST_OP_OR = 16,             /**< Any of `args`; of none: false. */
    OST_OP_NOT = 17,            /**< Not. */
    OST_OP_COUNT = 18,          /**< Rows; with an argument, present values. */
    OST_OP_COUNT_DISTINCT = 19, /**< Different present values. */
    OST_OP_SUM = 20,            /**< Exact for integers and decimals. NULL over nothing. */
    OST_OP_AVG = 21,            /**< A double; of decimals, a decimal with six more digits. NULL over nothing. */
    OST_OP_MIN = 22,            /**< NULL over nothing. */
    OST_OP_MAX = 23,            /**< NULL over nothing. */
    OST_OP_SET = 24,            /**< A change: set to a value. */
    OST_OP_SET_NULL = 25,       /**< A change: set to null. */
    OST_OP_INC = 26,            /**< A change: add; NULL stays NULL. */
    OST_OP_AS = 27,             /**< An expression and the result's member that it fills. */
    OST_OP_ASC = 28,            /**< Order from the smallest, NULLs first. */
    OST_OP_DESC = 29,           /**< Order from the largest, NULLs last. */
    OST_OP_HAS = 30,            /**< A related record exists. */
    OST_OP_HAS_ITEM = 31,       /**< A list has an item. */
    OST_OP_PUSH = 32,           /**< A change: append to a list. */
    OST_OP_MATCHES = 33,        /**< Full-text match. */
    OST_OP_BROKEN = 34,         /**< Made by a failed ost_keep(): surfaces when the query runs. */
    OST_OP_HAS_PART = 35,       /**< A list has a struct that meets all of `args`. */
    OST_OP_SIZE = 36,           /**< How many items a list has. NULL of NULL. */
    OST_OP_ADD_TO_SET = 37,     /**< A change: append an item that the list does not have. */
    OST_OP_PULL = 38,           /**< A change: remove the items that equal a value. */
    OST_OP_PULL_WHERE = 39,     /**< A change: remove the structs that meet `args[0]`. */
    OST_OP_UPDATE_ITEMS = 40,   /**< A change: of the structs that meet `args[0]`, by the changes behind it. */
    OST_OP_AT = 41,             /**< `args`: a push, and the position of its first item. */
    OST_OP_SLICE = 42,          /**< `args`: a push, and how many items the list keeps: its first, or, below 0, its last. */
    OST_OP_KEEP = 60,           /**< Of an upsert: a member stays as it is. */
    OST_OP_FILL = 61            /**< Of an upsert: a member is set if it is null. */
};

/** An expression. Written with the macros below; other languages fill it by hand. */
struct ost_expr {
    uint16_t op;                 /**< An enum ost_operator. */
    uint16_t struct_size;        /**< sizeof(ost_expr) of the program. */
    uint16_t source;             /**< 0: the query's own model. */
    uint16_t list_type;          /**< Of OST_OP_IN: the items' enum ost_type; OST_TYPE_NONE: they are of the type of a converted member. */
    const ost_model *model;      /**< Of `member`. */
    ost_member member;           /**< What the operator looks at. */
    ost_value value;             /**< The constant. */
    const ost_value *constant;   /**< The constant of an expression at file scope, instead of `value`. */
    const ost_expr *const *args; /**< Arguments; ends in &ost_expr_end. */
    const void *list;            /**< Of OST_OP_IN: the items. Of a comparison or change of a converted member: the value, instead of `value`. */
    size_t list_count;           /**< How many. */
    uint32_t list_stride;        /**< Bytes from one item to the next. */
    uint32_t reserved2;          /**< Zero. */
};
/** Ends lists of expressions, so that a NULL inside one is caught rather than taken for the end. */
OST_API extern const ost_expr ost_expr_end;

/**
 * Copies an expression with everything below it into the session's memory.
 * @param s The session.
 * @param e Borrowed; NULL gives an expression that makes the query fail with ::OST_MISUSE.
 * @return Never NULL; lives until ost_session_clear(), ost_session_release() of an earlier mark, or ost_session_close().
 */
OST_API const ost_expr *ost_keep(ost_session *s, const ost_expr *e);
/** Any of `count` conditions, kept like ost_keep(). Of none: false. */
OST_API const ost_expr *ost_either_list(ost_session *s, const ost_expr *const *list, size_t count);
/** All of `count` conditions, kept like ost_keep(). Of none: true, which is no condition for an update or a delete. */
OST_API const ost_expr *ost_both_list(ost_session *s, const ost_expr *const *list, size_t count);

#ifndef __cplusplus
/** Kinds of C values as bits. */
enum {
    OST_K_BOOL = 1, OST_K_INT = 2, OST_K_REAL = 4, OST_K_TEXT = 8, OST_K_UUID = 16, OST_K_TIME = 32,
    OST_K_DATE = 64, OST_K_DECIMAL = 128, OST_K_OBJECT_ID = 256, OST_K_BLOB = 512,
    OST_K_JSON = 1024, OST_K_POINT = 2048
};
/** The associations of C types with the bits above. B, R and D are what bool, real and decimal give. */
#define OST_KINDS(B, R, D) \
    bool: B, signed char: OST_K_INT, short: OST_K_INT, int: OST_K_INT, long: OST_K_INT, \
    long long: OST_K_INT, unsigned char: OST_K_INT, unsigned short: OST_K_INT, \
    unsigned: OST_K_INT, unsigned long: OST_K_INT, unsigned long long: OST_K_INT, float: R, \
    double: R, ost_decimal: D, char *: OST_K_TEXT, const char *: OST_K_TEXT, \
    ost_uuid: OST_K_UUID, ost_time: OST_K_TIME, ost_date: OST_K_DATE, \
    ost_object_id: OST_K_OBJECT_ID, ost_blob: OST_K_BLOB, ost_json: OST_K_JSON, \
    ost_point: OST_K_POINT, ost_opt_bool: B, ost_opt_int8: OST_K_INT, \
    ost_opt_int16: OST_K_INT, ost_opt_int: OST_K_INT, ost_opt_int64: OST_K_INT, \
    ost_opt_uint8: OST_K_INT, ost_opt_uint16: OST_K_INT, ost_opt_uint: OST_K_INT, \
    ost_opt_uint64: OST_K_INT, ost_opt_float: R, ost_opt_double: R, \
    ost_opt_time: OST_K_TIME, ost_opt_date: OST_K_DATE, ost_opt_uuid: OST_K_UUID, \
    ost_opt_object_id: OST_K_OBJECT_ID, ost_opt_decimal: D
/** The kind of a C value. */
#define OST_KIND(x) _Generic((x), OST_KINDS(OST_K_BOOL, OST_K_REAL, OST_K_DECIMAL))
/** The kinds that a member takes: integers into real and decimal, 0 and 1 into bool, else like to like. */
#define OST_ACCEPTS(member) \
    _Generic((member), \
        OST_KINDS(OST_K_BOOL | OST_K_INT, OST_K_REAL | OST_K_INT, OST_K_DECIMAL | OST_K_INT))
/** 0, or a compile error with `text`. */
#define OST_ASSERT(condition, text) \
    (0 * sizeof(struct { _Static_assert(condition, text); int unused_; }))
/** An expression that lives until the end of the block. */
#define OST_EXPR(...) (&(const ost_expr){ .struct_size = sizeof(ost_expr), __VA_ARGS__ })
/** 0, or a compile error if the value is of the wrong kind for the member. */
#define OST_FITS(T, m, x) \
    OST_ASSERT((OST_ACCEPTS(OST_MEMBER(T##_record_, m)) & OST_KIND(x)) != 0, \
               "ostler: this value does not fit " #T "." #m)
/** The same for an item of a list member. */
#define OST_ITEM_FITS(T, m, x) \
    OST_ASSERT((OST_ACCEPTS(OST_MEMBER(T##_record_, m).items[0]) & OST_KIND(x)) != 0, \
               "ostler: this value does not fit an item of " #T "." #m)
/** A member and a value. */
#define OST_COMPARE(o, T, m, x) \
    OST_EXPR(.op = (o) + OST_FITS(T, m, x), .model = &T##_model, .member = OST_AT(T, m), \
             .value = ost_val(x))
/** An operator over a member alone. */
#define OST_UNARY(o, T, m) OST_EXPR(.op = (o), .model = &T##_model, .member = OST_AT(T, m))
/** An operator over other expressions. */
#define OST_ARGS(o, ...) \
    OST_EXPR(.op = (o), .args = (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })

/** A member, as an expression. */
#define ost_col(T, m) OST_UNARY(OST_OP_MEMBER, T, m)
/** A constant, as an expression. */
#define ost_lit(x) OST_EXPR(.op = OST_OP_VALUE, .value = ost_val(x))
/** @name Comparing a member with a value */
/**@{*/
/** Equal. */
#define ost_eq(T, m, x) OST_COMPARE(OST_OP_EQ, T, m, x)
/** Not equal. */
#define ost_ne(T, m, x) OST_COMPARE(OST_OP_NE, T, m, x)
/** Less than. */
#define ost_lt(T, m, x) OST_COMPARE(OST_OP_LT, T, m, x)
/** Less than or equal. */
#define ost_le(T, m, x) OST_COMPARE(OST_OP_LE, T, m, x)
/** Greater than. */
#define ost_gt(T, m, x) OST_COMPARE(OST_OP_GT, T, m, x)
/** Greater than or equal. */
#define ost_ge(T, m, x) OST_COMPARE(OST_OP_GE, T, m, x)
/**@}*/
/** From `low` to `high`, both included. */
#define ost_between(T, m, low, high) OST_ARGS(OST_OP_AND, ost_ge(T, m, low), ost_le(T, m, high))
/** Contains a text, ignoring case. The text is never a pattern. */
#define ost_has_text(T, m, x) OST_COMPARE(OST_OP_HAS_TEXT, T, m, x)
/** Starts with a text, ignoring case. */
#define ost_starts_with(T, m, x) OST_COMPARE(OST_OP_STARTS_WITH, T, m, x)
/** Ends with a text, ignoring case. */
#define ost_ends_with(T, m, x) OST_COMPARE(OST_OP_ENDS_WITH, T, m, x)
/** Matches a full-text query. */
#define ost_matches(T, m, x) OST_COMPARE(OST_OP_MATCHES, T, m, x)
/** Is null. */
#define ost_is_null(T, m) OST_UNARY(OST_OP_IS_NULL, T, m)
/** Is not null. */
#define ost_not_null(T, m) OST_UNARY(OST_OP_NOT_NULL, T, m)
/** At file scope, for partial indexes: is null. */
#define OST_WHERE_NULL(T, m) ost_is_null(T, m)
/** At file scope, for partial indexes: equals a constant such as OST_BOOL(true). */
#define OST_WHERE_EQ(T, m, value_) \
    OST_EXPR(.op = OST_OP_EQ, .model = &T##_model, .member = OST_AT(T, m), .constant = (value_))
/** One of `count` items of an array of any length. In none is false. */
#define ost_in(T, m, array, count) \
    OST_EXPR(.op = OST_OP_IN + OST_FITS(T, m, (array)[0]), .model = &T##_model, \
             .member = OST_AT(T, m), .list = (array), .list_count = (count), \
             .list_stride = sizeof(array)[0], \
             .list_type = _Generic((array)[0], OST_SCALARS(, char *: OST_TYPE_TEXT)))
/** None of `count` items of an array. Not in none is true. */
#define ost_not_in(T, m, array, count) ost_not(ost_in(T, m, array, count))
/** A list member has an item. */
#define ost_has_item(T, m, x) \
    OST_EXPR(.op = OST_OP_HAS_ITEM + OST_ITEM_FITS(T, m, x), .model = &T##_model, \
             .member = OST_AT(T, m), .value = ost_val(x))
/** A list of structs has one that meets the conditions, which name members of the struct `E` alone. Of an absent list: false. */
#define ost_has_part(T, m, E, ...) \
    OST_EXPR(.op = OST_OP_HAS_PART + OST_PART_FITS(T, m, E), .model = &T##_model, \
             .member = OST_AT(T, m), \
             .args = (const ost_expr *const[]){ __VA_ARGS__, &ost_expr_end })
/** 0, or a compile error if the list's items are no structs `E`. */
#define OST_PART_FITS(T, m, E) \
    (0 * sizeof(_Generic(OST_MEMBER(T##_record_, m).items, const E *: 0)))
/** How many items a list has, as an expression; NULL for an absent list. */
#define ost_size(T, m) OST_UNARY(OST_OP_SIZE, T, m)
/** @name Comparing any two expressions */
/**@{*/
/** Equal. */
#define ost_cmp_eq(left, right) OST_ARGS(OST_OP_EQ, (left), (right))
/** Not equal. */
#define ost_cmp_ne(left, right) OST_ARGS(OST_OP_NE, (left), (right))
/** Less than. */
#define ost_cmp_lt(left, right) OST_ARGS(OST_OP_LT, (left), (right))
/** Less than or equal. */
#define ost_cmp_le(left, right) OST_ARGS(OST_OP_LE, (left), (right))
/** Greater than. */
#define ost_cmp_gt(left, right) OST_ARGS(OST_OP_GT, (left), (right))
/** Greater than or equal. */
#define ost_cmp_ge(left, right) OST_ARGS(OST_OP_GE, (left), (right))
/**@}*/
/** All of them. */
#define ost_both(...) OST_ARGS(OST_OP_AND, __VA_ARGS__)
/** Any of them. */
#define ost_either(...) OST_ARGS(OST_OP_OR, __VA_ARGS__)
/** Not. */
#define ost_not(e) OST_ARGS(OST_OP_NOT, (e))
/** A related record exists that meets the conditions. */
#define ost_has(...) OST_HAS(__VA_ARGS__, &ost_expr_end)
/** Behind ost_has(). */
#define OST_HAS(T, relation_, ...) \
    OST_EXPR(.op = OST_OP_HAS, .model = &T##_model, .member = OST_AT(T, relation_), \
             .args = (const ost_expr *const[]){ __VA_ARGS__ })
/** A change: set a member. An absent optional sets NULL. */
#define ost_set(T, m, x) OST_COMPARE(OST_OP_SET, T, m, x)
/** A change: set a member to NULL. */
#define ost_set_null(T, m) OST_UNARY(OST_OP_SET_NULL, T, m)
/** A change: add to a number. NULL stays NULL. */
#define ost_inc(T, m, x) OST_COMPARE(OST_OP_INC, T, m, x)
/** A change: set an embedded struct as a whole. */
#define ost_set_part(T, m, E, ...) \
    OST_EXPR(.op = OST_OP_SET, .model = &T##_model, .member = OST_AT(T, m), \
             .list = _Generic(&OST_MEMBER(T##_record_, m), \
                 E *: _Generic((__VA_ARGS__), E *: (__VA_ARGS__), const E *: (__VA_ARGS__))), \
             .list_count = 1)
/** A change: append an item. An absent list becomes one. */
#define ost_push(T, m, x) \
    OST_EXPR(.op = OST_OP_PUSH + OST_ITEM_FITS(T, m, x), .model = &T##_model, \
             .member = OST_AT(T, m), .value = ost_val(x))
/** A change: append an embedded struct. */
#define ost_push_part(T, m, E, ...) \
    OST_EXPR(.op = OST_OP_PUSH, .model = &T##_model, .member = OST_AT(T, m), \
             .list = _Generic(OST_MEMBER(T##_record_, m).items, \
                 const E *: _Generic((__VA_ARGS__), E *: (__VA_ARGS__), \
                                     const E *: (__VA_ARGS__))), \
             .list_count = 1)
/** A change: append `count` items of an array of the list's own type. */
#define ost_push_many(T, m, array, count) OST_WHOLE(OST_OP_PUSH, T, m, array, count)
/** A change: replace a list of any kind by `count` items of an array of its own type. */
#define ost_set_list(T, m, array, count) OST_WHOLE(OST_OP_SET, T, m, array, count)
/** 0, or a compile error if two pointers are not of one type. */
#define OST_ALIKE(a, b) \
    (0 * sizeof(_Generic(1 ? (a) : (b), void *: *(struct ost_never *)0, \
                         const void *: *(struct ost_never *)0, default: 0)))
/** Behind the two. */
#define OST_WHOLE(o, T, m, array, count) \
    OST_EXPR(.op = (o) + OST_ALIKE(array, OST_MEMBER(T##_record_, m).items), \
             .model = &T##_model, .member = OST_AT(T, m), .list = (array), .list_count = (count), \
             .list_stride = sizeof OST_MEMBER(T##_record_, m).items[0])
/** A change: append an item that the list does not have yet. An absent list becomes one. */
#define ost_add_to_set(T, m, x) \
    OST_EXPR(.op = OST_OP_ADD_TO_SET + OST_ITEM_FITS(T, m, x), .model = &T##_model, \
             .member = OST_AT(T, m), .value = ost_val(x))
/** A change: remove all items that equal a value. */
#define ost_pull(T, m, x) \
    OST_EXPR(.op = OST_OP_PULL + OST_ITEM_FITS(T, m, x), .model = &T##_model, \
             .member = OST_AT(T, m), .value = ost_val(x))
/** A change: remove the structs that meet a condition, which names members of `E` alone. */
#define ost_pull_where(T, m, E, condition) \
    OST_EXPR(.op = OST_OP_PULL_WHERE + OST_PART_FITS(T, m, E), .model = &T##_model, \
             .member = OST_AT(T, m), \
             .args = (const ost_expr *const[]){ (condition), &ost_expr_end })
/** A change: of each struct in a list that meets a condition, by ost_set(), ost_set_null() and ost_inc() of members of `E`. */
#define ost_update_items(T, m, E, condition, ...) \
    OST_EXPR(.op = OST_OP_UPDATE_ITEMS + OST_PART_FITS(T, m, E), .model = &T##_model, \
             .member = OST_AT(T, m), \
             .args = (const ost_expr *const[]){ (condition), __VA_ARGS__, &ost_expr_end })
/** A push whose first item comes to a position from 0; beyond the end: at the end. */
#define ost_push_at(push, position) \
    OST_ARGS(OST_OP_AT, (push), ost_lit((int64_t)(position)))
/** A push after which the list keeps its first `n` items. */
#define ost_keep_first(push, n) OST_ARGS(OST_OP_SLICE, (push), ost_lit((int64_t)(n)))
/** A push after which the list keeps its last `n` items. */
#define ost_keep_last(push, n) OST_ARGS(OST_OP_SLICE, (push), ost_lit(-(int64_t)(n)))
/** An order: from the smallest, NULLs first. */
#define ost_asc(T, m) OST_UNARY(OST_OP_ASC, T, m)
/** An order: from the largest, NULLs last. */
#define ost_desc(T, m) OST_UNARY(OST_OP_DESC, T, m)
/** An order by an expression or aggregate. ost_asc(shape, member) orders by a member of the result. */
#define ost_asc_of(e) OST_ARGS(OST_OP_ASC, (e))
/** The same, from the largest. */
#define ost_desc_of(e) OST_ARGS(OST_OP_DESC, (e))
/** How many rows. */
#define ost_count() OST_EXPR(.op = OST_OP_COUNT)
/** How many rows in which an expression is not null. */
#define ost_count_present(e) OST_ARGS(OST_OP_COUNT, (e))
/** How many different values that are not null. */
#define ost_count_distinct(e) OST_ARGS(OST_OP_COUNT_DISTINCT, (e))
/** Sum. */
#define ost_sum(e) OST_ARGS(OST_OP_SUM, (e))
/** Average. */
#define ost_avg(e) OST_ARGS(OST_OP_AVG, (e))
/** Smallest. */
#define ost_min(e) OST_ARGS(OST_OP_MIN, (e))
/** Largest. */
#define ost_max(e) OST_ARGS(OST_OP_MAX, (e))
/** An expression and the member of a result that it fills. */
#define ost_as(T, m, e) \
    OST_EXPR(.op = OST_OP_AS, .model = &T##_model, .member = OST_AT(T, m), \
             .args = (const ost_expr *const[]){ (e), &ost_expr_end })
#endif

#ifdef __cplusplus
}
#endif
#endif
