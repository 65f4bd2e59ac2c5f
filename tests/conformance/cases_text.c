/* SPDX-License-Identifier: MIT */
#include "conformance.h"

/* ---- text ---- */

static void text_is_equal_by_bytes(void)
{
    add_note("Ada");
    add_note("ADA");
    add_note("Ada ");
    add_note("\xc3\xa9");  /* e with acute, one code point */
    add_note("e\xcc\x81"); /* the same to the eye, two code points */
    assert_int_equal(things(ost_eq(thing, note, "Ada")), 1);
    assert_int_equal(things(ost_eq(thing, note, "Ada ")), 1);
    assert_int_equal(things(ost_eq(thing, note, "e")), 0);
    assert_int_equal(things(ost_eq(thing, note, "\xc3\xa9")), 1);
}

static void text_is_ordered_by_bytes(void)
{
    static const char *const given[] = { "b", "\xc3\xa9",         "a ",          "B", "a",
                                         "",  "\xf0\x9d\x84\x9e", "\xef\xbf\xbd" };
    static const char *const expected[] = {
        "", "B", "a", "a ", "b", "\xc3\xa9", "\xef\xbf\xbd", "\xf0\x9d\x84\x9e"
    };
    size_t count;
    ost_query *q = ost_from(s, thing);
    thing *rows;
    for (size_t i = 0; i < 8; i++)
        add_note(given[i]);
    ost_order_by(q, ost_asc(thing, note));
    rows = ost_all(q, thing, &count);
    assert_int_equal(count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(rows[i].note, expected[i]);
    assert_int_equal(things(ost_lt(thing, note, "a")), 2);
}

static void searches_ignore_the_case_of_ascii(void)
{
    add_note("The C Programming Language");
    assert_int_equal(things(ost_has_text(thing, note, "c prog")), 1);
    assert_int_equal(things(ost_has_text(thing, note, "LANGUAGE")), 1);
    assert_int_equal(things(ost_starts_with(thing, note, "the c")), 1);
    assert_int_equal(things(ost_starts_with(thing, note, "he c")), 0);
    assert_int_equal(things(ost_ends_with(thing, note, "GUAGE")), 1);
    assert_int_equal(things(ost_ends_with(thing, note, "GUAG")), 0);
    assert_int_equal(things(ost_has_text(thing, note, "")), 1);
    add_note(NULL);
    assert_int_equal(things(ost_not(ost_has_text(thing, note, "xyz"))), 1);
}

static size_t encode(unsigned code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    out[0] = (char)(0xc0 | code >> 6);
    out[1] = (char)(0x80 | (code & 0x3f));
    return 2;
}

static void searches_ignore_the_case_of_letters(void)
{
    static const struct {
        unsigned first, last, step;
    } ranges[] = {
        { 'A', 'Z', 32 },     { 0xc0, 0xd6, 32 },   { 0xd8, 0xde, 32 },   { 0x391, 0x3a1, 32 },
        { 0x3a3, 0x3a9, 32 }, { 0x410, 0x42f, 32 }, { 0x400, 0x40f, 80 },
    };
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++)
        for (unsigned code = ranges[r].first; code <= ranges[r].last; code++) {
            char upper[3] = "", lower[3] = "", text[8];
            int64_t id;
            encode(code, upper);
            encode(code + ranges[r].step, lower);
            (void)snprintf(text, sizeof text, "x%sy", upper);
            id = add_thing((thing){ .note = text });
            assert_int_equal(
                things(ost_both(ost_eq(thing, id, id), ost_has_text(thing, note, lower))), 1);
            OK(ost_delete(s, thing, &(thing){ .id = id }));
        }
}

static void fm49_search_text_is_never_a_pattern(void)
{
    add_note("100%");
    add_note("1000");
    add_note("a_b");
    add_note("axb");
    add_note("a\\b");
    assert_int_equal(things(ost_has_text(thing, note, "0%")), 1);
    assert_int_equal(things(ost_has_text(thing, note, "_")), 1);
    assert_int_equal(things(ost_starts_with(thing, note, "A_")), 1);
    assert_int_equal(things(ost_has_text(thing, note, "\\")), 1);
    assert_int_equal(things(ost_has_text(thing, note, "%")), 1);
}

static const test_case text_group_cases[] = {
    CASE(text_is_equal_by_bytes,
         "text is equal by the bytes of its UTF-8, trailing spaces included"),
    CASE(text_is_ordered_by_bytes, "text is ordered by its bytes, in all planes of Unicode"),
    CASE(searches_ignore_the_case_of_ascii, "searches ignore the case of ASCII letters"),
    CASE(searches_ignore_the_case_of_letters,
         "searches ignore the case of Latin, Greek and Cyrillic letters"),
    CASE(fm49_search_text_is_never_a_pattern, "what is searched for is never a pattern"),
};
GROUP(text_group, "Text");
