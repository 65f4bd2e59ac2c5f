/* SPDX-License-Identifier: MIT */
/* The model of the grid, and a record that breaks none of its rules. */
#include "grid.h"

#include <ctype.h>
#include <stdio.h>

void (*grid_hook)(thing *t);
uint16_t grid_operation;
void *grid_context;

static ost_status check_even(ost_call *call, const int *value, const int *wanted)
{
    grid_operation = ost_call_operation(call);
    grid_context = ost_call_context(call);
    if (wanted && value != wanted)
        return ost_call_fail(call, NULL, "is of another struct");
    return *value % 2 ? OST_INVALID : OST_OK;
}

/* The struct that a check was written for is the one that holds the member. */
static ost_status is_even(ost_call *call, const void *value, const void *record)
{
    const thing *t = record;
    return check_even(call, value, t ? &t->even : NULL);
}

/* Structs inside begin alike. */
static ost_status is_even_inside(ost_call *call, const void *value, const void *record)
{
    const spot *s = record;
    return check_even(call, value, s ? &s->even : NULL);
}

static ost_status is_even_item(ost_call *call, const void *value, const void *record)
{
    (void)record;
    return check_even(call, value, NULL);
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

static const ost_messages own = { .struct_size = sizeof(ost_messages),
                                  .required = "own required",
                                  .unique = "own unique",
                                  .min_length = "own min_length",
                                  .max_length = "own max_length",
                                  .min = "own min",
                                  .max = "own max",
                                  .pattern = "own pattern",
                                  .format = "own format",
                                  .values = "own values",
                                  .check = "own check",
                                  .immutable = "own immutable",
                                  .foreign_key = "own foreign_key",
                                  .range = "own range" };

#define OWN(T, m, ...) OST_FIELD(T, m, .messages = &own, __VA_ARGS__)
#define FIELDS(T, is_even_)                                                                   \
    OWN(T, required, .required = true), OWN(T, needed, .not_null = true),                     \
        OWN(T, shortest, .min_length = 3), OWN(T, longest, .max_length = 5),                  \
        OWN(T, utf8, .hidden = false), OWN(T, kind, .values = OST_NAMES("one", "two")),       \
        OWN(T, email, .format = OST_EMAIL), OWN(T, url, .format = OST_URL),                   \
        OWN(T, word, .format = OST_ALPHANUMERIC), OWN(T, slug, .format = OST_SLUG),           \
        OWN(T, uuid, .format = OST_UUID_TEXT), OWN(T, pattern, .pattern = "[A-Z]{2}-[0-9]+"), \
        OWN(T, trimmed, .trim = true), OWN(T, lowered, .lowercase = true),                    \
        OWN(T, shouted, .transform = shout), OWN(T, veiled, .hidden = true),                  \
        OWN(T, least, .min = OST_INT(1)), OWN(T, most, .max = OST_INT(9)),                    \
        OWN(T, even, .check = is_even_), OWN(T, preset, .default_value = OST_INT(3)),         \
        OWN(T, real, .hidden = false), OWN(T, at, .hidden = false),                           \
        OWN(T, born, .stamp = OST_ON_INSERT), OWN(T, touched, .stamp = OST_ON_UPDATE),        \
        OWN(T, price, .precision = 5, .scale = 2), OWN(T, made, .generated = OST_UUID_V7)
#define COLUMNS(T)                                       \
    OWN(T, sealed, .immutable = true, .max_length = 20), \
        OWN(T, secret, .hashed = true, .hidden = true),  \
        OWN(T, single, .unique = true, .max_length = 20)

OST_MODEL(spot, OST_FIELDS(FIELDS(spot, is_even_inside)));
OST_MODEL(place, OST_FIELDS(FIELDS(place, is_even_inside), COLUMNS(place)));
OST_MODEL(vault, OST_FIELDS(OWN(vault, sealed, .immutable = true),
                            OWN(vault, pattern, .pattern = "[A-Z]{2}-[0-9]+"),
                            OWN(vault, trimmed, .trim = true)));
OST_MODEL(remark, OST_FIELDS(FIELDS(remark, is_even_inside), OST_FIELD(remark, author)));
OST_MODEL(thing, .table = "things", .before_save = apply_hook,
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     FIELDS(thing, is_even), COLUMNS(thing),
                     OST_FIELD(thing, version, .version = true), OST_EMBED(thing, home, spot),
                     OST_EMBED(thing, flat, place, .flatten = true), OST_EMBED(thing, vault, vault),
                     OST_ITEMS(thing, tags, .messages = &own, .max_length = 5, .format = OST_SLUG),
                     OST_ITEMS(thing, marks, .messages = &own, .trim = true, .lowercase = true,
                               .min_length = 2, .pattern = "[a-z]+", .transform = shout),
                     OST_ITEMS(thing, levels, .messages = &own, .min = OST_INT(1),
                               .max = OST_INT(9), .check = is_even_item),
                     OST_EMBEDS(thing, remarks, remark)));

#define GOOD_MEMBERS                                                                        \
    .required = "x", .needed = "", .shortest = "abc", .longest = "abc", .utf8 = "\xc3\xa9", \
    .kind = "one", .email = "a@b", .url = "http://x", .word = "a1", .slug = "a-b",          \
    .uuid = "6ba7b810-9dad-11d1-80b4-00c04fd430c8", .pattern = "AB-1", .trimmed = "x",      \
    .lowered = "x", .shouted = "X", .veiled = "under", .least = 1, .most = 9, .even = 2,    \
    .preset = OST_SOME(4), .real = 1.5, .at = { 1000000 }, .born = { 2000000 },             \
    .touched = { 3000000 }, .price = { .low = 150, .scale = 2 }, .made = { { 1, 2, 3 } }

thing grid_good(int n)
{
    static char names[64][2][16];
    static const char *const tags[] = { "a", "b" }, *const marks[] = { "ab", "cd" };
    static const int levels[] = { 2, 4 };
    static const remark remarks[] = { { GOOD_MEMBERS, .author = "ada" },
                                      { GOOD_MEMBERS, .author = "bob" } };
    char *name = names[n % 64][0], *flat = names[n % 64][1];
    snprintf(name, sizeof(names[0][0]), "n%d", n);
    snprintf(flat, sizeof(names[0][1]), "f%d", n);
    return (thing){ GOOD_MEMBERS,
                    .sealed = "x",
                    .secret = "correct horse",
                    .single = name,
                    .home = { GOOD_MEMBERS },
                    .flat = { GOOD_MEMBERS, .sealed = "fr", .secret = "incorrect horse",
                              .single = flat },
                    .vault = { .sealed = "gold", .pattern = "AB-2", .trimmed = "y" },
                    .tags = { tags, 2 },
                    .marks = { marks, 2 },
                    .levels = { levels, 2 },
                    .remarks = { remarks, 2 } };
}

remark *grid_remark(thing *t)
{
    static remark copies[2];
    memcpy(copies, t->remarks.items, sizeof(copies));
    t->remarks.items = copies;
    return &copies[1];
}

const remark *grid_last(const thing *t)
{
    return &t->remarks.items[t->remarks.count - 1];
}
