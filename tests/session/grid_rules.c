/* SPDX-License-Identifier: MIT */
/* The rows of the grid: a value for each rule, in each place that a member can have. */
#include "grid.h"

/* ---- values, and what is stored of them ---- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_int(int a, int b)
{
    return a == b;
}

static bool same_optional(ost_opt_int a, ost_opt_int b)
{
    return a.present == b.present && (!a.present || a.value == b.value);
}

static bool same_real(double a, double b)
{
    return a >= b && a <= b;
}

static bool same_time(ost_time a, ost_time b)
{
    return a.microseconds == b.microseconds;
}

static bool same_decimal(ost_decimal a, ost_decimal b)
{
    return ost_decimal_compare(a, b) == 0;
}

static bool same_uuid(ost_uuid a, ost_uuid b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

#define SAME(a, b) \
    _Generic((a), const char *: same_text, int: same_int, ost_opt_int: same_optional,    \
             double: same_real, ost_time: same_time, ost_decimal: same_decimal,          \
             ost_uuid: same_uuid)((a), (b))

static bool is_now(ost_time t)
{
    return t.microseconds > INT64_C(1500000000000000);
}

#define MADE_trimmed(v) same_text(v, "two words")
#define MADE_lowered(v) same_text(v, "\xc3\xa9t\xc3\xa9")
#define MADE_shouted(v) same_text(v, "QUIET")
#define MADE_secret(v) (strncmp(v, "$argon2id$", 10) == 0)
#define MADE_preset(v) same_optional(v, (ost_opt_int)OST_SOME(3))
#define MADE_made(v) \
    (!same_uuid(v, (ost_uuid){ { 0 } }) && !same_uuid(v, (ost_uuid){ { 1, 2, 3 } }))
#define MADE_born(v) is_now(v)
#define MADE_touched(v) is_now(v)
#define MADE_version(v) ((v) == 1 || (v) == 2)

/* ---- members, by place ---- */

#define IN_record(t) (t)
#define IN_home(t) (&(t)->home)
#define IN_flat(t) (&(t)->flat)
#define IN_vault(t) (&(t)->vault)
#define IN_items(t) grid_remark(t)
#define OF_record(t) (t)
#define OF_home(t) (&(t)->home)
#define OF_flat(t) (&(t)->flat)
#define OF_vault(t) (&(t)->vault)
#define OF_items(t) grid_last(t)
#define SET_record(m, ...) ost_set(thing, m, __VA_ARGS__)
#define SET_home(m, ...) ost_set(thing, home.m, __VA_ARGS__)
#define SET_flat(m, ...) ost_set(thing, flat.m, __VA_ARGS__)
#define SET_vault(m, ...) ost_set(thing, vault.m, __VA_ARGS__)
#define SET_items(m, ...)                                                   \
    ost_update_items(thing, remarks, remark, ost_eq(remark, author, "bob"), \
                     ost_set(remark, m, __VA_ARGS__))
#define ACTION_record(op, m) OST_UNARY(op, thing, m)
#define ACTION_home(op, m) OST_UNARY(op, thing, home)
#define ACTION_flat(op, m) OST_UNARY(op, thing, flat.m)
#define ACTION_vault(op, m) OST_UNARY(op, thing, vault)
#define ACTION_items(op, m) OST_UNARY(op, thing, remarks)

#define VALUE(place, m, ...)                                              \
    static void place##_set_##m(thing *t)                                 \
    {                                                                     \
        IN_##place(t)->m = __VA_ARGS__;                                   \
    }                                                                     \
    static void place##_clear_##m(thing *t)                               \
    {                                                                     \
        memset(&IN_##place(t)->m, 0, sizeof(IN_##place(t)->m));           \
    }                                                                     \
    static const ost_expr *place##_change_##m(ost_session *s)             \
    {                                                                     \
        return ost_keep(s, SET_##place(m, (__VA_ARGS__)));                \
    }                                                                     \
    static const ost_expr *place##_action_##m(ost_session *s, uint16_t o) \
    {                                                                     \
        return ost_keep(s, ACTION_##place(o, m));                         \
    }                                                                     \
    static bool place##_same_##m(const thing *a, const thing *b)          \
    {                                                                     \
        return SAME(OF_##place(a)->m, OF_##place(b)->m);                  \
    }
#define MADE(place, m, ...)                      \
    VALUE(place, m, __VA_ARGS__)                 \
    static bool place##_made_##m(const thing *t) \
    {                                            \
        return MADE_##m(OF_##place(t)->m);       \
    }

#define VALUES(place)                                              \
    VALUE(place, required, "")                                     \
    VALUE(place, needed, (const char *)NULL)                       \
    VALUE(place, shortest, "ab")                                   \
    VALUE(place, longest, "abcdef")                                \
    VALUE(place, utf8, "a\xff")                                    \
    VALUE(place, kind, "three")                                    \
    VALUE(place, email, "nobody")                                  \
    VALUE(place, url, "ftp://x")                                   \
    VALUE(place, word, "a b")                                      \
    VALUE(place, slug, "A b")                                      \
    VALUE(place, uuid, "6ba7b810")                                 \
    VALUE(place, pattern, "AB-1x")                                 \
    VALUE(place, veiled, "seen")                                   \
    VALUE(place, least, 0)                                         \
    VALUE(place, most, 10)                                         \
    VALUE(place, even, 3)                                          \
    VALUE(place, real, 0.0 / 0.0)                                  \
    VALUE(place, at, (ost_time){ INT64_MAX })                      \
    VALUE(place, price, (ost_decimal){ .low = 12345, .scale = 4 }) \
    MADE(place, trimmed, "  two words \t")                         \
    MADE(place, lowered, "\xc3\x89T\xc3\x89")                      \
    MADE(place, shouted, "quiet")                                  \
    MADE(place, preset, (ost_opt_int){ 0 })                        \
    MADE(place, made, (ost_uuid){ { 0 } })                         \
    MADE(place, born, (ost_time){ 0 })                             \
    MADE(place, touched, (ost_time){ 86400000000 })
#define COLUMNS(place)            \
    VALUE(place, sealed, "other") \
    VALUE(place, single, "taken") \
    MADE(place, secret, "battery staple")

VALUES(record)
VALUES(home)
VALUES(flat)
VALUES(items)
COLUMNS(record)
COLUMNS(flat)
MADE(record, version, 77)
VALUE(vault, sealed, "other")
VALUE(vault, pattern, "AB-1x")
MADE(vault, trimmed, "  two words \t")

/* ---- items of lists of scalars ---- */

/* The second item is the value; pushed, it is the last one. */
#define SCALAR(name, list, T, good, ...)                                                 \
    static T const scalar_##name[] = { good, __VA_ARGS__ };                              \
    static void scalars_set_##name(thing *t)                                             \
    {                                                                                    \
        t->list.items = scalar_##name;                                                   \
        t->list.count = 2;                                                               \
    }                                                                                    \
    static bool scalars_same_##name(const thing *a, const thing *b)                      \
    {                                                                                    \
        return SAME(a->list.items[a->list.count - 1], b->list.items[b->list.count - 1]); \
    }                                                                                    \
    static const ost_expr *scalars_action_##name(ost_session *s, uint16_t op)            \
    {                                                                                    \
        return ost_keep(s, OST_UNARY(op, thing, list));                                  \
    }

SCALAR(long, tags, const char *, "a", "toolong")
SCALAR(odd, tags, const char *, "a", "B C")
SCALAR(short, marks, const char *, "ab", "a")
SCALAR(digit, marks, const char *, "ab", "a1")
SCALAR(loud, marks, const char *, "ab", " mnO ")
SCALAR(low, levels, int, 2, 0)
SCALAR(high, levels, int, 2, 10)
SCALAR(uneven, levels, int, 2, 3)

static bool scalars_made_loud(const thing *t)
{
    return same_text(t->marks.items[t->marks.count - 1], "mno");
}

/* ---- the rows ---- */

#define ROW(place_, PLACE, prefix, m, kind_, ...)                                            \
    {                                                                                        \
        .name = prefix #m, .member = prefix #m, .place = PLACE, .kind = kind_,               \
        .set = place_##_set_##m, .clear = place_##_clear_##m, .change = place_##_change_##m, \
        .action = place_##_action_##m, .same = place_##_same_##m, __VA_ARGS__                \
    }
#define BREAKS(place, PLACE, prefix, m, rule_, ...) \
    ROW(place, PLACE, prefix, m, GRID_BREAKS, .rule = rule_, .status = OST_INVALID, __VA_ARGS__)
#define RANGE(place, PLACE, prefix, m, rule_, ...) \
    ROW(place, PLACE, prefix, m, GRID_BREAKS, .rule = rule_, .status = OST_RANGE, __VA_ARGS__)
#define MAKES(place, PLACE, prefix, m, kind, ...) \
    ROW(place, PLACE, prefix, m, kind, .made = place##_made_##m, __VA_ARGS__)

#define ROWS(P, G, at_, ...)                                                                       \
    BREAKS(P, G, at_, required, "required", .json = "\"\"", .nullable = false, __VA_ARGS__),       \
        BREAKS(P, G, at_, needed, "required", .json = "null", __VA_ARGS__),                        \
        BREAKS(P, G, at_, shortest, "min_length", .json = "\"ab\"", .nullable = true,              \
               __VA_ARGS__),                                                                       \
        BREAKS(P, G, at_, longest, "max_length", .json = "\"abcdef\"", .nullable = true,           \
               __VA_ARGS__),                                                                       \
        BREAKS(P, G, at_, kind, "values", .json = "\"three\"", .nullable = true, __VA_ARGS__),     \
        BREAKS(P, G, at_, email, "format", .json = "\"nobody\"", .nullable = true, __VA_ARGS__),   \
        BREAKS(P, G, at_, url, "format", .json = "\"ftp://x\"", .nullable = true, __VA_ARGS__),    \
        BREAKS(P, G, at_, word, "format", .json = "\"a b\"", .nullable = true, __VA_ARGS__),       \
        BREAKS(P, G, at_, slug, "format", .json = "\"A b\"", .nullable = true, __VA_ARGS__),       \
        BREAKS(P, G, at_, uuid, "format", .json = "\"6ba7b810\"", .nullable = true, __VA_ARGS__),  \
        BREAKS(P, G, at_, pattern, "pattern", .json = "\"AB-1x\"", .nullable = true, __VA_ARGS__), \
        BREAKS(P, G, at_, least, "min", .json = "0", .number = true, __VA_ARGS__),                 \
        BREAKS(P, G, at_, most, "max", .json = "10", .number = true, __VA_ARGS__),                 \
        BREAKS(P, G, at_, even, "check", .json = "3", .number = true, __VA_ARGS__),                \
        RANGE(P, G, at_, utf8, "utf8", .nullable = true, __VA_ARGS__),                             \
        RANGE(P, G, at_, real, "nan", .number = true, __VA_ARGS__),                                \
        RANGE(P, G, at_, at, "range", .json = "\"99999-01-01T00:00:00Z\"", .json_rule = "type",    \
              __VA_ARGS__),                                                                        \
        RANGE(P, G, at_, price, "scale", .json = "\"1.2345\"", .number = true, __VA_ARGS__),       \
        MAKES(P, G, at_, trimmed, GRID_MAKES, .json = "\"  two words \\t\"", .nullable = true,     \
              __VA_ARGS__),                                                                        \
        MAKES(P, G, at_, lowered, GRID_MAKES, .json = "\"\\u00c9T\\u00c9\"", .nullable = true,     \
              __VA_ARGS__),                                                                        \
        MAKES(P, G, at_, shouted, GRID_MAKES, .json = "\"quiet\"", .nullable = true, __VA_ARGS__), \
        MAKES(P, G, at_, preset, GRID_PRESET, .json = "null", __VA_ARGS__),                        \
        MAKES(P, G, at_, made, GRID_MADE, .json = "\"00000000-0000-0000-0000-000000000000\"",      \
              .json_rule = "unknown", __VA_ARGS__),                                                \
        MAKES(P, G, at_, born, GRID_BORN, .json = "\"1970-01-01T00:00:00Z\"",                      \
              .json_rule = "unknown", __VA_ARGS__),                                                \
        MAKES(P, G, at_, touched, GRID_TOUCHED, .json = "\"1970-01-02T00:00:00Z\"",                \
              .json_rule = "unknown", __VA_ARGS__),                                                \
        ROW(P, G, at_, veiled, GRID_HIDDEN, .json = "\"seen\"", .json_rule = "unknown",            \
            __VA_ARGS__)
#define COLUMN_ROWS(P, G, at_)                                                           \
    ROW(P, G, at_, sealed, GRID_SEALED, .rule = "immutable", .status = OST_INVALID,      \
        .json = "\"other\""),                                                            \
        ROW(P, G, at_, single, GRID_TAKEN, .rule = "unique", .status = OST_CONFLICT,     \
            .json = "\"taken\""),                                                        \
        MAKES(P, G, at_, secret, GRID_MAKES, .hash = true, .json = "\"battery staple\"", \
              .json_rule = "unknown", .nullable = true)
#define ITEM(name_, list_, kind_, ...)                                                    \
    {                                                                                     \
        .name = #list_ "[]." #name_, .member = "", .list = #list_, .place = GRID_SCALARS, \
        .kind = kind_, .set = scalars_set_##name_, .same = scalars_same_##name_,          \
        .action = scalars_action_##name_, __VA_ARGS__                                     \
    }

const grid_rule grid_rules[] = {
    ROWS(record, GRID_RECORD, "", .list = NULL),
    COLUMN_ROWS(record, GRID_RECORD, ""),
    MAKES(record, GRID_RECORD, "", version, GRID_VERSION, .status = OST_STALE, .json = "77",
          .json_rule = "unknown", .number = true),
    ROWS(home, GRID_HOME, "home.", .list = NULL),
    ROWS(flat, GRID_FLAT, "flat.", .list = NULL),
    COLUMN_ROWS(flat, GRID_FLAT, "flat."),
    ROW(vault, GRID_VAULT, "vault.", sealed, GRID_SEALED, .rule = "immutable",
        .status = OST_INVALID, .json = "\"other\""),
    BREAKS(vault, GRID_VAULT, "vault.", pattern, "pattern", .json = "\"AB-1x\""),
    MAKES(vault, GRID_VAULT, "vault.", trimmed, GRID_MAKES, .json = "\"  two words \\t\""),
    ROWS(items, GRID_ITEMS, "", .list = "remarks"),
    ITEM(long, tags, GRID_BREAKS, .rule = "max_length", .status = OST_INVALID,
         .json = "\"toolong\""),
    ITEM(odd, tags, GRID_BREAKS, .rule = "format", .status = OST_INVALID, .json = "\"B C\""),
    ITEM(short, marks, GRID_BREAKS, .rule = "min_length", .status = OST_INVALID, .json = "\"a\""),
    ITEM(digit, marks, GRID_BREAKS, .rule = "pattern", .status = OST_INVALID, .json = "\"a1\""),
    ITEM(loud, marks, GRID_MAKES, .made = scalars_made_loud, .json = "\" mnO \""),
    ITEM(low, levels, GRID_BREAKS, .rule = "min", .status = OST_INVALID, .json = "0"),
    ITEM(high, levels, GRID_BREAKS, .rule = "max", .status = OST_INVALID, .json = "10"),
    ITEM(uneven, levels, GRID_BREAKS, .rule = "check", .status = OST_INVALID, .json = "3"),
};
const size_t grid_rule_count = sizeof(grid_rules) / sizeof(grid_rules[0]);
