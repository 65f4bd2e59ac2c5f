/* SPDX-License-Identifier: MIT */
/* Searches that ignore case, over every letter that has one, and over all code points. */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The upper form of the dotless i is that of another letter. */
enum { LAST_CODE = 0x1ffff, RANGES_MAX = 64, DOTLESS_I = 0x131 };

static bool is_character(utf8proc_int32_t code)
{
    return code > 0 && (code < 0xd800 || code > 0xdfff);
}

static void encode(utf8proc_int32_t code, char *out)
{
    utf8proc_ssize_t size = utf8proc_encode_char(code, (utf8proc_uint8_t *)out);
    out[size] = '\0';
}

/* ---- sets of code points ---- */

typedef struct set {
    uint8_t *has; /* one for each code point */
    size_t count;
} set;

static void add_to(set *x, utf8proc_int32_t code)
{
    x->count += !x->has[code];
    x->has[code] = 1;
}

/* Notes the set as ranges: "U+1E9E, U+2C2F-U+2C5F". */
static void found_set(const char *what, const set *x)
{
    size_t ranges = 0;
    if (x->count == 0)
        return;
    found("%s: ", what);
    for (int32_t code = 1; code <= LAST_CODE; code++) {
        int32_t last = code;
        if (!x->has[code])
            continue;
        while (last < LAST_CODE && x->has[last + 1])
            last++;
        if (ranges++ == RANGES_MAX) {
            found(", …");
            return;
        }
        found("%sU+%04X", ranges > 1 ? ", " : "", (unsigned)code);
        if (last > code)
            found("-U+%04X", (unsigned)last);
        code = last;
    }
}

/* ---- pairs ---- */

static bool contains(int64_t id, const char *needle)
{
    return things(ost_both(ost_eq(thing, id, id), ost_has_text(thing, note, needle))) == 1;
}

/* Whether each of the two is found in the other's place. */
static bool are_alike(utf8proc_int32_t a, utf8proc_int32_t b)
{
    char one_letter[8], other[8], text[16];
    int64_t id;
    bool alike;
    encode(a, one_letter);
    encode(b, other);
    (void)snprintf(text, sizeof text, "<%s>", one_letter);
    id = add_thing((thing){ .note = text });
    alike = contains(id, other) && contains(id, one_letter);
    OK(ost_delete(s, thing, &(thing){ .id = id, .name = "" }));
    return alike;
}

/* Every letter beside its lower and its upper form. */
static void letters_with_case_are_alike(void)
{
    set unlike = { calloc(LAST_CODE + 1, 1), 0 };
    assert_non_null(unlike.has);
    for (utf8proc_int32_t code = 1; code <= LAST_CODE; code++) {
        utf8proc_int32_t lower = utf8proc_tolower(code), upper = utf8proc_toupper(code);
        if (!is_character(code) || code == DOTLESS_I)
            continue;
        if ((lower != code && !are_alike(code, lower)) ||
            (upper != code && !are_alike(code, upper)))
            add_to(&unlike, code);
    }
    found_set("unlike", &unlike);
    free(unlike.has);
}

/* ---- all code points ---- */

static void store_all_code_points(void)
{
    enum { PORTION = 4096 };
    static char texts[PORTION][8];
    static thing portion[PORTION];
    size_t count = 0;
    for (int32_t code = 1; code <= LAST_CODE; code++) {
        if (is_character(code)) {
            encode(code, texts[count]);
            portion[count] = (thing){ .name = "", .note = texts[count], .i32 = code };
            count++;
        }
        if (count == PORTION || code == LAST_CODE) {
            OK(ost_insert_many(s, thing, portion, count));
            count = 0;
        }
    }
}

/* The code points that hold the letter, by their full case folding. */
static bool folds_to(utf8proc_int32_t code, char letter)
{
    utf8proc_int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t size = utf8proc_decompose_char(code, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    for (utf8proc_ssize_t i = 0; i < size && i < 8; i++)
        if (folded[i] == letter)
            return true;
    return false;
}

static void check_letter(char letter, set *more, set *less)
{
    const char needle[2] = { letter, '\0' };
    uint8_t *seen = calloc(LAST_CODE + 1, 1);
    ost_cursor *c;
    ost_query *q = ost_from(s, thing);
    assert_non_null(seen);
    ost_where(q, ost_has_text(thing, note, needle));
    ost_select(q, ost_as(facts, rows, ost_col(thing, i32)));
    c = ost_stream(q, 0);
    for (facts *row; (row = ost_next(c, facts)) != NULL;)
        seen[row->rows] = 1;
    OK(ost_cursor_close(c));
    for (utf8proc_int32_t code = 1; code <= LAST_CODE; code++)
        if (is_character(code) && seen[code] != folds_to(code, letter))
            add_to(seen[code] ? more : less, code);
    free(seen);
}

static void nothing_else_is_alike(void)
{
    set more = { calloc(LAST_CODE + 1, 1), 0 }, less = { calloc(LAST_CODE + 1, 1), 0 };
    assert_non_null(more.has);
    assert_non_null(less.has);
    store_all_code_points();
    for (char letter = 'a'; letter <= 'z'; letter++)
        check_letter(letter, &more, &less);
    assert_int_equal(more.count, 0); /* never what is no letter of that name */
    found_set("not found", &less);
    free(more.has);
    free(less.has);
}

static void whole_words_fold(void)
{
    static const struct {
        const char *text, *needle;
    } pairs[] = {
        { "stra\xc3\x9f"
          "e",
          "STRASSE" },
        { "STRASSE", "stra\xc3\x9f"
                     "e" },
        { "\xce\x9f\xce\x94\xce\x9f\xce\xa3", "\xce\xbf\xce\xb4\xce\xbf\xcf\x83" },
        { "\xce\xbf\xce\xb4\xce\xbf\xcf\x82", "\xce\x9f\xce\x94\xce\x9f\xce\xa3" },
        { "\xef\xac\x81sh", "FI" },
        { "\xc4\xb0stanbul", "i" },
        { "\xe2\x84\xaa", "k" },
    };
    const char *between = "";
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        int64_t id = add_thing((thing){ .note = pairs[i].text });
        if (contains(id, pairs[i].needle))
            continue;
        found("%s%s has no %s", between, pairs[i].text, pairs[i].needle);
        between = ", ";
    }
}

static const test_case letters_group_cases[] = {
    CASE(letters_with_case_are_alike, "every letter is like its upper and lower form"),
    CASE(nothing_else_is_alike,
         "among all code points, only those that fold to a letter are like it"),
    CASE(whole_words_fold,
         "words fold by the full rules of Unicode: sharp s, final sigma, ligatures"),
};
GROUP(letters_group, "Letters of searches");
