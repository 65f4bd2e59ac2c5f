/* SPDX-License-Identifier: MIT */
/* What is inside documents keeps every digit and byte, or is refused: on every database, whatever
 * its own JSON would make of it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "rig.h"

/* ---- models ---- */

/* What is stored, and what reads it: the same documents with narrower members. */
typedef struct wide_in {
    int64_t i8, i16, i32, u8, u16, u32;
    ost_opt_int64 maybe;
} wide_in;
typedef struct wide {
    int64_t id;
    wide_in in;
    OST_LIST(wide_in) list;
} wide;
OST_PART(wide_in);
OST_RECORD(wide, id);
OST_MODEL(wide_in,
          OST_FIELDS(OST_FIELD(wide_in, i8), OST_FIELD(wide_in, i16), OST_FIELD(wide_in, i32),
                     OST_FIELD(wide_in, u8), OST_FIELD(wide_in, u16), OST_FIELD(wide_in, u32),
                     OST_FIELD(wide_in, maybe)));
OST_MODEL(wide, .table = "fits",
          OST_FIELDS(OST_FIELD(wide, id, .primary_key = true), OST_EMBED(wide, in, wide_in),
                     OST_EMBEDS(wide, list, wide_in)));

typedef struct tight_in {
    signed char i8;
    short i16;
    int i32;
    unsigned char u8;
    unsigned short u16;
    unsigned u32;
    ost_opt_int8 maybe;
} tight_in;
typedef struct tight {
    int64_t id;
    tight_in in;
    OST_LIST(tight_in) list;
} tight;
OST_PART(tight_in);
OST_RECORD(tight, id);
OST_MODEL(tight_in,
          OST_FIELDS(OST_FIELD(tight_in, i8), OST_FIELD(tight_in, i16), OST_FIELD(tight_in, i32),
                     OST_FIELD(tight_in, u8), OST_FIELD(tight_in, u16), OST_FIELD(tight_in, u32),
                     OST_FIELD(tight_in, maybe)));
OST_MODEL(tight, .table = "fits",
          OST_FIELDS(OST_FIELD(tight, id, .primary_key = true), OST_EMBED(tight, in, tight_in),
                     OST_EMBEDS(tight, list, tight_in)));

typedef struct share {
    ost_decimal amount;
    const char *note;
    ost_blob seal;
} share;
typedef struct deed {
    int64_t id;
    const char *title;
    share main;
    OST_LIST(share) shares;
    OST_LIST(ost_decimal) amounts;
    OST_LIST(ost_blob) seals;
    ost_json any;
} deed;
OST_PART(share);
OST_RECORD(deed, id);
OST_MODEL(share, OST_FIELDS(OST_FIELD(share, amount, .precision = 34, .scale = 9),
                            OST_FIELD(share, note), OST_FIELD(share, seal)));
OST_MODEL(deed, OST_FIELDS(OST_FIELD(deed, id, .primary_key = true), OST_FIELD(deed, title),
                           OST_EMBED(deed, main, share), OST_EMBEDS(deed, shares, share),
                           OST_ITEMS(deed, amounts, .precision = 34, .scale = 9),
                           OST_ITEMS(deed, seals), OST_FIELD(deed, any)));

static rig *open_with(void **state, const ost_model *const *models)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, &(const ost_options){ .struct_size = sizeof(ost_options), .models = models });
    return r;
}

/* ---- numbers ---- */

typedef struct bounds {
    const char *name;
    size_t at;
    int64_t least, most;
} bounds;
static const bounds members[] = {
    { "i8", offsetof(wide_in, i8), SCHAR_MIN, SCHAR_MAX },
    { "i16", offsetof(wide_in, i16), SHRT_MIN, SHRT_MAX },
    { "i32", offsetof(wide_in, i32), INT_MIN, INT_MAX },
    { "u8", offsetof(wide_in, u8), 0, UCHAR_MAX },
    { "u16", offsetof(wide_in, u16), 0, USHRT_MAX },
    { "u32", offsetof(wide_in, u32), 0, UINT_MAX },
};
enum { MEMBERS = sizeof members / sizeof members[0], EDGES = 4, NUMBERS = MEMBERS * EDGES };

static int64_t edge_of(const bounds *b, int edge)
{
    const int64_t edges[EDGES] = { b->least - 1, b->least, b->most, b->most + 1 };
    return edges[edge];
}

static wide_in with_edge(int n)
{
    wide_in in = { .i8 = 1, .u32 = 2, .maybe = OST_SOME(3) };
    int64_t edge = edge_of(&members[n / EDGES], n % EDGES);
    memcpy((char *)&in + members[n / EDGES].at, &edge, sizeof edge);
    return in;
}

static bool same_numbers(const tight_in *a, const wide_in *b)
{
    return a->i8 == b->i8 && a->i16 == b->i16 && a->i32 == b->i32 && a->u8 == b->u8 &&
           a->u16 == b->u16 && a->u32 == b->u32 && a->maybe.present && b->maybe.value == 3 &&
           a->maybe.value == 3;
}

/* Record n, read with narrower members; the edge is in the struct, or in the second of the list. */
static void read_edge(rig *r, int n, bool in_list)
{
    const wide_in stored = with_edge(n);
    int64_t id = n + (in_list ? NUMBERS : 0) + 1;
    bool fits = n % EDGES == 1 || n % EDGES == 2;
    char name[32];
    const tight *found = ost_get(r->s, tight, id);
    if (fits) {
        if (!found)
            fail_msg("%s: %s", members[n / EDGES].name, ost_session_error(r->s)->message);
        assert_int_equal(found->list.count, in_list ? 2 : 0);
        assert_true(same_numbers(in_list ? &found->list.items[1] : &found->in, &stored));
        return;
    }
    snprintf(name, sizeof name, "tight.%s", in_list ? "list" : "in");
    assert_null(found);
    FAILS(OST_RANGE, name, (ost_status)ost_session_error(r->s)->status);
    assert_string_equal(ost_session_error(r->s)->model, "tight");
}

static void fm36_a_number_inside_that_does_not_fit_is_range(void **state)
{
    rig *r = open_with(state, OST_MODELS(&wide_model));
    static wide_in lists[NUMBERS][2];
    static wide all[2 * NUMBERS];
    for (int n = 0; n < NUMBERS; n++) {
        lists[n][0] = (wide_in){ .i8 = 5 };
        lists[n][1] = with_edge(n);
        all[n] = (wide){ .id = n + 1, .in = with_edge(n) };
        all[NUMBERS + n] = (wide){ .id = NUMBERS + n + 1 };
        all[NUMBERS + n].list.items = lists[n], all[NUMBERS + n].list.count = 2;
    }
    for (int n = 0; n < NUMBERS; n++)
        all[n].list.items = lists[0], all[n].list.count = 0;
    OK(ost_insert_many(r->s, wide, all, 2 * NUMBERS));
    r = open_with(state, OST_MODELS(&tight_model));
    for (int n = 0; n < 2 * NUMBERS; n++)
        read_edge(r, n % NUMBERS, n >= NUMBERS);
}

/* ---- decimals ---- */

enum { DEEDS = 20, EACH = 60 };

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Up to 25 digits before the point, and 9 behind it. */
static ost_decimal random_decimal(uint64_t *state)
{
    char text[64];
    size_t whole = 1 + (size_t)(next_random(state) % 25), at = 0;
    ost_decimal d;
    if (next_random(state) % 2)
        text[at++] = '-';
    for (size_t i = 0; i < whole + 9; i++) {
        uint64_t bits = next_random(state);
        if (i == whole)
            text[at++] = '.';
        text[at++] = (char)('0' + (bits % 7 == 0 ? 0 : bits % 5 == 0 ? 9 : bits / 64 % 10));
    }
    text[at] = '\0';
    assert_true(ost_decimal_parse(text, &d));
    assert_int_equal(d.scale, 9);
    return d;
}

static void fm38_decimals_inside_are_bit_exact(void **state)
{
    rig *r = open_with(state, OST_MODELS(&deed_model));
    static ost_decimal amounts[DEEDS][EACH];
    static share shares[DEEDS][EACH];
    static deed all[DEEDS];
    uint64_t random = 38;
    size_t count;
    for (int i = 0; i < DEEDS; i++) {
        for (int k = 0; k < EACH; k++) {
            amounts[i][k] = random_decimal(&random);
            shares[i][k] = (share){ .amount = random_decimal(&random) };
        }
        all[i] = (deed){ .id = i + 1, .main.amount = random_decimal(&random) };
        all[i].amounts.items = amounts[i], all[i].amounts.count = EACH;
        all[i].shares.items = shares[i], all[i].shares.count = EACH;
    }
    OK(ost_insert_many(r->s, deed, all, DEEDS));
    ost_query *q = ost_from(r->s, deed);
    ost_order_by(q, ost_asc(deed, id));
    const deed *found = ost_all(q, deed, &count);
    assert_int_equal(count, DEEDS);
    for (int i = 0; i < DEEDS; i++) {
        assert_memory_equal(&found[i].main.amount, &all[i].main.amount, sizeof(ost_decimal));
        assert_int_equal(found[i].amounts.count, EACH);
        assert_memory_equal(found[i].amounts.items, amounts[i], sizeof amounts[i]);
        assert_int_equal(found[i].shares.count, EACH);
        for (int k = 0; k < EACH; k++)
            assert_memory_equal(&found[i].shares.items[k].amount, &shares[i][k].amount,
                                sizeof(ost_decimal));
    }
    /* Each is found by what it is. */
    for (int i = 0; i < DEEDS; i++) {
        const deed *one = ost_find(r->s, deed, ost_eq(deed, main.amount, all[i].main.amount));
        assert_non_null(one);
        assert_int_equal(one->id, i + 1);
    }
}

/* ---- U+0000 ---- */

enum { TEXT = 5 };

/* "abc", with U+0000 in front of letter `at`, between two texts. */
static const char *with_nul(const char *before, int at, const char *behind)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%.*s\\u0000%s%s", before, at, "abcde", &"abcde"[at], behind);
    return text;
}

static void is_refused_unsent(rig *r, deed *d, const char *json)
{
    d->any.text = json;
    FAILS(OST_RANGE, "deed.any: is not valid json", ost_insert(r->s, deed, d));
    assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
    assert_int_equal(rig_sent(r), 0);
}

static void fm35_no_text_inside_has_a_nul(void **state)
{
    rig *r = open_with(state, OST_MODELS(&deed_model));
    deed d = { .id = 1, .title = "t" }, before;
    rig_forget(r);
    for (int at = 0; at <= TEXT; at++) {
        is_refused_unsent(r, &d, with_nul("\"", at, "\""));
        is_refused_unsent(r, &d, with_nul("[1,{\"n\":\"", at, "\"}]"));
        is_refused_unsent(r, &d, with_nul("{\"", at, "\":1}"));
        /* Nor does one come in from outside. */
        d.any.text = NULL;
        before = d;
        const char *text = with_nul("{\"main\":{\"note\":\"", at, "\"}}");
        FAILS(OST_INVALID, "U+0000 is not allowed",
              ost_from_json(r->s, deed, text, strlen(text), NULL, &d));
        assert_memory_equal(&d, &before, sizeof d);
    }
}

static void fm35_bytes_inside_may_have_nuls(void **state)
{
    rig *r = open_with(state, OST_MODELS(&deed_model));
    static unsigned char bytes[TEXT + 1][TEXT];
    static ost_blob seals[TEXT + 1];
    static share shares[TEXT + 1];
    deed d = { .id = 1, .main.seal = { bytes[2], TEXT } };
    for (int at = 0; at <= TEXT; at++) {
        memcpy(bytes[at], "abcde", TEXT);
        if (at < TEXT)
            bytes[at][at] = 0;
        seals[at] = (ost_blob){ bytes[at], TEXT };
        shares[at] = (share){ .seal = seals[at] };
    }
    d.seals.items = seals, d.seals.count = TEXT + 1;
    d.shares.items = shares, d.shares.count = TEXT + 1;
    OK(ost_insert(r->s, deed, &d));
    const deed *found = ost_get(r->s, deed, 1);
    assert_non_null(found);
    assert_int_equal(found->main.seal.size, TEXT);
    assert_memory_equal(found->main.seal.data, bytes[2], TEXT);
    for (int at = 0; at <= TEXT; at++) {
        assert_int_equal(found->seals.items[at].size, TEXT);
        assert_memory_equal(found->seals.items[at].data, bytes[at], TEXT);
        assert_int_equal(found->shares.items[at].seal.size, TEXT);
        assert_memory_equal(found->shares.items[at].seal.data, bytes[at], TEXT);
    }
}

/* ---- depth ---- */

static char *brackets(size_t depth)
{
    char *text = malloc(2 * depth + 1);
    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void fm55_json_is_as_deep_everywhere(void **state)
{
    enum { MOST = 30, MILLION = 1000000, NAME = 7 };
    static const size_t too_deep[] = { MOST + 1, MOST + 2, 400, MILLION };
    rig *r = open_with(state, OST_MODELS(&deed_model));
    char *text = brackets(MOST);
    deed d = { .id = 1, .any = { text } };
    OK(ost_insert(r->s, deed, &d));
    const deed *found = ost_get(r->s, deed, 1);
    assert_non_null(found);
    assert_string_equal(found->any.text, text);
    free(text);
    rig_forget(r);
    d.id = 2;
    for (size_t i = 0; i < sizeof too_deep / sizeof too_deep[0]; i++) {
        text = brackets(too_deep[i]);
        d.any.text = text;
        FAILS(OST_RANGE, "deeper than 30 levels", ost_insert(r->s, deed, &d));
        assert_int_equal(ost_session_error(r->s)->nothing_sent, 1);
        free(text);
        text = brackets(too_deep[i] + NAME);
        memcpy(text, "{\"any\":", NAME);
        FAILS(OST_INVALID, "deeper than 30 levels",
              ost_from_json(r->s, deed, text, strlen(text), NULL, &d));
        free(text);
    }
    assert_int_equal(rig_sent(r), 0);
}

#define ON(f) RIG_FILES(f), RIG_SERVER(f)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(fm36_a_number_inside_that_does_not_fit_is_range),
        ON(fm38_decimals_inside_are_bit_exact),
        ON(fm35_no_text_inside_has_a_nul),
        ON(fm35_bytes_inside_may_have_nuls),
        ON(fm55_json_is_as_deep_everywhere),
    };
    return RIG_RUN(tests);
}
