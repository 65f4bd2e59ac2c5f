/* SPDX-License-Identifier: MIT */
#include "grid.h"

#include <ctype.h>
#include <stdio.h>

void (*grid_hook)(thing *t);

static ost_status is_even(ost_call *call, const void *value, const void *record)
{
    const int *n = value;
    (void)record;
    return *n % 2 ? ost_call_fail(call, NULL, "must be even") : OST_OK;
}

/* The struct that it was written for is the one that holds it. */
static ost_status is_with_floor(ost_call *call, const void *value, const void *record)
{
    const int *lift = value;
    const spot *s = record;
    if (s && lift != &s->lift)
        return ost_call_fail(call, NULL, "is of another struct");
    return *lift > 50 || (s && *lift > s->floor) ? OST_INVALID : OST_OK;
}

static ost_status shout(ost_call *call, void *value, const void *record)
{
    const char **text = value;
    char loud[80] = "";
    (void)record;
    for (size_t i = 0; (*text)[i] && i + 1 < sizeof(loud); i++)
        loud[i] = (char)toupper((unsigned char)(*text)[i]);
    const char *copy = ost_call_text(call, loud, strlen(loud));
    if (copy)
        *text = copy;
    return OST_OK;
}

static ost_status apply_hook(ost_call *call, void *record)
{
    (void)call;
    if (grid_hook)
        grid_hook(record);
    grid_hook = NULL;
    return OST_OK;
}

OST_MODEL(spot, OST_FIELDS(OST_FIELD(spot, city, .max_length = 20),
                           OST_FIELD(spot, zip, .pattern = "[0-9]{5}", .max_length = 20),
                           OST_FIELD(spot, country, .immutable = true, .max_length = 20),
                           OST_FIELD(spot, floor, .max = OST_INT(99)),
                           OST_FIELD(spot, lift, .check = is_with_floor,
                                     .messages = OST_MESSAGES(.check = "goes too high"))));
OST_MODEL(remark, OST_FIELDS(OST_FIELD(remark, author, .required = true),
                             OST_FIELD(remark, text, .transform = shout, .max_length = 12),
                             OST_FIELD(remark, stars, .check = is_even)));

OST_MODEL(
    thing, .table = "things", .before_save = apply_hook,
    OST_FIELDS(
        OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
        OST_FIELD(thing, required, .required = true), OST_FIELD(thing, needed, .not_null = true),
        OST_FIELD(thing, shortest, .min_length = 3), OST_FIELD(thing, longest, .max_length = 5),
        OST_FIELD(thing, utf8), OST_FIELD(thing, kind, .values = OST_NAMES("one", "two")),
        OST_FIELD(thing, email, .format = OST_EMAIL), OST_FIELD(thing, url, .format = OST_URL),
        OST_FIELD(thing, word, .format = OST_ALPHANUMERIC),
        OST_FIELD(thing, slug, .format = OST_SLUG), OST_FIELD(thing, uuid, .format = OST_UUID_TEXT),
        OST_FIELD(thing, pattern, .pattern = "[A-Z]{2}-[0-9]+"),
        OST_FIELD(thing, trimmed, .trim = true), OST_FIELD(thing, lowered, .lowercase = true),
        OST_FIELD(thing, shouted, .transform = shout), OST_FIELD(thing, sealed, .immutable = true),
        OST_FIELD(thing, secret, .hashed = true, .hidden = true),
        OST_FIELD(thing, single, .unique = true, .max_length = 20),
        OST_FIELD(thing, least, .min = OST_INT(1)), OST_FIELD(thing, most, .max = OST_INT(9)),
        OST_FIELD(thing, even, .check = is_even), OST_FIELD(thing, real), OST_FIELD(thing, at),
        OST_FIELD(thing, price, .precision = 5, .scale = 2), OST_EMBED(thing, home, spot),
        OST_EMBED(thing, flat, spot, .flatten = true),
        OST_ITEMS(thing, tags, .max_length = 5, .format = OST_SLUG),
        OST_EMBEDS(thing, remarks, remark)));

thing grid_good(int n)
{
    static char names[64][16];
    static const char *const tags[] = { "a", "b" };
    static const remark remarks[] = { { "ada", "GOOD", 2 }, { "bob", "BAD", 4 } };
    char *name = names[n % 64];
    snprintf(name, sizeof(names[0]), "n%d", n);
    return (thing){ .required = "x",
                    .needed = "",
                    .shortest = "abc",
                    .longest = "abc",
                    .utf8 = "\xc3\xa9",
                    .kind = "one",
                    .email = "a@b",
                    .url = "http://x",
                    .word = "a1",
                    .slug = "a-b",
                    .uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                    .pattern = "AB-1",
                    .trimmed = "x",
                    .lowered = "x",
                    .shouted = "X",
                    .sealed = "x",
                    .secret = "correct horse",
                    .single = name,
                    .least = 1,
                    .most = 9,
                    .even = 2,
                    .real = 1.5,
                    .at = { 1000000 },
                    .price = { .low = 150, .scale = 2 },
                    .home = { "London", "12345", "uk", 3, 2 },
                    .flat = { "Paris", "54321", "fr", 5, 4 },
                    .tags = { tags, 2 },
                    .remarks = { remarks, 2 } };
}

/* A value of a member, for records and for update queries. */
#define VALUE(name, member, value)                         \
    static void set_##name(thing *t)                       \
    {                                                      \
        t->member = value;                                 \
    }                                                      \
    static const ost_expr *change_##name(ost_session *s)   \
    {                                                      \
        return ost_keep(s, ost_set(thing, member, value)); \
    }
#define NULLS_(name, member)                             \
    static void set_##name(thing *t)                     \
    {                                                    \
        t->member = NULL;                                \
    }                                                    \
    static const ost_expr *change_##name(ost_session *s) \
    {                                                    \
        return ost_keep(s, ost_set_null(thing, member)); \
    }
#define ITEMS(name, member, ...)       \
    static void set_##name(thing *t)   \
    {                                  \
        t->member.items = __VA_ARGS__; \
        t->member.count = 2;           \
    }
#define SEEN(name, condition)               \
    static bool seen_##name(const thing *t) \
    {                                       \
        return condition;                   \
    }

VALUE(required, required, "")
NULLS_(needed, needed)
VALUE(shortest, shortest, "ab")
VALUE(longest, longest, "abcdef")
VALUE(utf8, utf8, "a\xff")
VALUE(kind, kind, "three")
VALUE(email, email, "nobody")
VALUE(url, url, "ftp://x")
VALUE(word, word, "a b")
VALUE(slug, slug, "A b")
VALUE(uuid, uuid, "6ba7b810")
VALUE(pattern, pattern, "AB-1x")
VALUE(trimmed, trimmed, "  two words \t")
SEEN(trimmed, strcmp(t->trimmed, "two words") == 0)
VALUE(lowered, lowered, "\xc3\x89T\xc3\x89")
SEEN(lowered, strcmp(t->lowered, "\xc3\xa9t\xc3\xa9") == 0)
VALUE(shouted, shouted, "quiet")
SEEN(shouted, strcmp(t->shouted, "QUIET") == 0)
VALUE(sealed, sealed, "other")
VALUE(secret, secret, "battery staple")
SEEN(secret, strncmp(t->secret, "$argon2id$", 10) == 0)
VALUE(single, single, "taken")
VALUE(least, least, 0)
VALUE(most, most, 10)
VALUE(even, even, 3)
VALUE(real, real, 0.0 / 0.0)
VALUE(at, at, ((ost_time){ INT64_MAX }))
VALUE(price, price, ((ost_decimal){ .low = 12345, .scale = 4 }))
VALUE(zip, home.zip, "1234")
VALUE(floor, home.floor, 100)
VALUE(lift, home.lift, 60)
VALUE(country, home.country, "fr")
VALUE(flat_zip, flat.zip, "1234")
VALUE(flat_lift, flat.lift, 60)
VALUE(flat_country, flat.country, "uk")
static const char *const long_tags[] = { "a", "toolong" };
static const char *const odd_tags[] = { "a", "B C" };
static const remark nobody[] = { { "ada", "x", 2 }, { "", "y", 2 } };
static const remark odd[] = { { "ada", "x", 2 }, { "bob", "y", 3 } };
static const remark longer[] = { { "ada", "x", 2 }, { "bob", "much too long", 2 } };
static const remark quiet[] = { { "ada", "x", 2 }, { "bob", "quiet", 2 } };
ITEMS(long_tag, tags, long_tags)
ITEMS(odd_tag, tags, odd_tags)
ITEMS(nobody, remarks, nobody)
ITEMS(odd, remarks, odd)
ITEMS(longer, remarks, longer)
ITEMS(quiet, remarks, quiet)
SEEN(quiet, strcmp(t->remarks.items[1].text, "QUIET") == 0)

#define ROW(name_, path_, rule_, status_, ...)                                               \
    {                                                                                        \
        .name = #name_, .path = path_, .rule = rule_, .status = status_, .set = set_##name_, \
        __VA_ARGS__                                                                          \
    }
#define JSON(name, value) "{\"" #name "\":" value "}"
#define MEMBER(name, rule, value) \
    ROW(name, #name, rule, OST_INVALID, .change = change_##name, .json = JSON(name, value))
#define INSIDE(name, path, rule, ...) \
    ROW(name, path, rule, OST_INVALID, .change = change_##name, __VA_ARGS__)
#define RANGE(name, rule) ROW(name, #name, rule, OST_RANGE, .change = change_##name)
#define ITEM(name, path, rule) ROW(name, path, rule, OST_INVALID, .change = NULL)
#define TAKEN(name, ...) \
    ROW(name, "", "", OST_OK, .change = change_##name, .seen = seen_##name, __VA_ARGS__)

const grid_rule grid_rules[] = {
    MEMBER(required, "required", "\"\""),
    MEMBER(needed, "required", "null"),
    MEMBER(shortest, "min_length", "\"ab\""),
    MEMBER(longest, "max_length", "\"abcdef\""),
    MEMBER(kind, "values", "\"three\""),
    MEMBER(email, "format", "\"nobody\""),
    MEMBER(url, "format", "\"ftp://x\""),
    MEMBER(word, "format", "\"a b\""),
    MEMBER(slug, "format", "\"A b\""),
    MEMBER(uuid, "format", "\"6ba7b810\""),
    MEMBER(pattern, "pattern", "\"AB-1x\""),
    MEMBER(least, "min", "0"),
    MEMBER(most, "max", "10"),
    MEMBER(even, "check", "3"),
    ROW(sealed, "sealed", "immutable", OST_INVALID, .change = change_sealed,
        .json = JSON(sealed, "\"other\""), .inserts = true),
    ROW(single, "single", "unique", OST_CONFLICT, .change = change_single,
        .json = JSON(single, "\"taken\"")),
    RANGE(utf8, "utf8"),
    RANGE(real, "nan"),
    RANGE(at, "range"),
    RANGE(price, "scale"),
    TAKEN(trimmed, .json = JSON(trimmed, "\"  two words \\t\"")),
    TAKEN(lowered, .json = NULL),
    TAKEN(shouted, .json = JSON(shouted, "\"quiet\"")),
    TAKEN(secret, .json = NULL),
    INSIDE(zip, "home.zip", "pattern", .left = true),
    INSIDE(floor, "home.floor", "max", .left = true),
    INSIDE(lift, "home.lift", "check", .left = true),
    INSIDE(country, "home.country", "immutable", .inserts = true),
    INSIDE(flat_zip, "flat.zip", "pattern", .left = false),
    INSIDE(flat_lift, "flat.lift", "check", .left = false),
    INSIDE(flat_country, "flat.country", "immutable", .inserts = true),
    ITEM(long_tag, "tags[1]", "max_length"),
    ITEM(odd_tag, "tags[1]", "format"),
    ITEM(nobody, "remarks[1].author", "required"),
    ITEM(odd, "remarks[1].stars", "check"),
    ITEM(longer, "remarks[1].text", "max_length"),
    ROW(quiet, "", "", OST_OK, .seen = seen_quiet),
};
const size_t grid_rule_count = sizeof(grid_rules) / sizeof(grid_rules[0]);
