/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"
#include "tracker.h"

static size_t put_point(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3F));
    out[0] = (char)((0xF00 >> length & 0xF0) | point);
    return length;
}

static bool is_scalar(uint32_t point)
{
    return point < 0xD800 || (point > 0xDFFF && point < 0x110000);
}

static void every_code_point_is_judged(void **state)
{
    (void)state;
    char text[4];
    for (uint32_t point = 1; point < 0x120000; point++) {
        size_t length = put_point(point, text);
        assert_int_equal(ost__utf8_valid(text, length), is_scalar(point));
        if (length > 1)
            assert_false(ost__utf8_valid(text, length - 1));
    }
}

/* Each fault at each place of texts around the width of a word. */
static void fm35_faults_are_found_everywhere(void **state)
{
    (void)state;
    static const char *const faults[] = {
        "\x80",
        "\xBF",
        "\xC0\x80",
        "\xC1\xBF",
        "\xC3",
        "\xC3(",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xED\xA0\x80",
        "\xE2\x82",
        "\xE2\x82(",
        "\xF0\x8F\xBF\xBF",
        "\xF0\x9F\x8C",
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF",
        "\xF8\x88\x80\x80\x80",
    };
    char text[64];
    for (size_t size = 0; size <= 40; size++) {
        memset(text, 'a', sizeof text);
        assert_true(ost__utf8_valid(text, size));
        for (size_t at = 0; at < size; at++) {
            text[at] = '\0';
            assert_false(ost__utf8_valid(text, size));
            text[at] = '\x01';
            assert_true(ost__utf8_valid(text, size));
            text[at] = '\x7F';
            assert_true(ost__utf8_valid(text, size));
            text[at] = 'a';
        }
        for (size_t f = 0; f < sizeof faults / sizeof faults[0]; f++) {
            size_t length = strlen(faults[f]);
            for (size_t at = 0; at + length <= size; at++) {
                memset(text, 'a', sizeof text);
                memcpy(text + at, faults[f], length);
                assert_false(ost__utf8_valid(text, size));
            }
        }
        for (size_t at = 0; at + 4 <= size; at++) {
            memset(text, 'a', sizeof text);
            memcpy(text + at, "\xF0\x9F\x8C\x8D", 4);
            assert_true(ost__utf8_valid(text, size));
            assert_int_equal(ost__utf8_length(text, size), size - 3);
        }
    }
}

static void length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(ost__utf8_length("", 0), 0);
    assert_int_equal(ost__utf8_length("größe", 7), 5);
    assert_int_equal(ost__utf8_length("日本語", 9), 3);
}

static void cut_keeps_whole_characters(void **state)
{
    (void)state;
    static const char text[] = "aé日\xF0\x9F\x8C\x8Dz";
    static const size_t cuts[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
    for (size_t size = 0; size < sizeof text; size++)
        assert_int_equal(ost__utf8_cut(text, size), cuts[size]);
}

static char *folded(const char *text, char *out)
{
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    ost__buffer_bytes(&b, "", 0);
    ost__utf8_fold(&b, text, strlen(text));
    assert_false(b.failed);
    memcpy(out, b.data, b.size + 1);
    ost__buffer_finish(&b);
    assert_int_equal(t.live, 0);
    return out;
}

static char *lowered(const char *text, char *out)
{
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    ost__buffer_bytes(&b, "", 0);
    ost__utf8_lower(&b, text, strlen(text));
    memcpy(out, b.data, b.size + 1);
    ost__buffer_finish(&b);
    return out;
}

static void folds_are_full(void **state)
{
    (void)state;
    char out[700], text[601];
    assert_string_equal(folded("", out), "");
    assert_string_equal(folded("STRASSE Straße STRAẞE", out), "strasse strasse strasse");
    assert_string_equal(folded("ΟΔΟΣ οδος", out), "οδοσ οδοσ");
    assert_string_equal(folded("\u212Aelvin", out), "kelvin");
    assert_string_equal(folded("\u017Feite", out), "seite");
    assert_string_equal(folded("\u0130", out), "i\u0307");
    assert_string_equal(folded("\uFB03", out), "ffi");
    assert_string_equal(folded("\u0390", out), "\u03B9\u0308\u0301");
    assert_string_equal(folded("ÀÉÎ[]@`{", out), "àéî[]@`{");
    assert_string_equal(folded("\U00010400", out), "\U00010428");
    assert_string_equal(folded("日本", out), "日本");
    assert_string_equal(folded("a\xFFZ\xC3", out), "a\xFFz\xC3");
    memset(text, 'Q', sizeof text - 1);
    text[600] = '\0';
    folded(text, out);
    assert_int_equal(strlen(out), 600);
    assert_int_equal(strspn(out, "q"), 600);
}

static void folding_twice_changes_nothing(void **state)
{
    (void)state;
    char text[5], once[64], twice[64];
    for (uint32_t point = 1; point < 0x110000; point += point < 0x20000 ? 1 : 13) {
        if (!is_scalar(point))
            continue;
        text[put_point(point, text)] = '\0';
        folded(text, once);
        assert_true(ost__utf8_valid(once, strlen(once)));
        assert_string_equal(folded(once, twice), once);
        lowered(text, once);
        assert_int_equal(ost__utf8_is_lower(text, strlen(text)), strcmp(once, text) == 0);
        assert_true(ost__utf8_is_lower(once, strlen(once)));
    }
}

static char *caseless(const char *text, char *out)
{
    tracker t;
    ost__buffer b;
    tracker_begin(&t);
    ost__buffer_init(&b, &t.memory);
    ost__utf8_caseless(&b, text, strlen(text));
    assert_false(b.failed);
    memcpy(out, b.data ? b.data : "", b.size + 1);
    ost__buffer_finish(&b);
    assert_int_equal(t.live, 0);
    return out;
}

static void what_differs_in_case_alone_is_the_same(void **state)
{
    static const char *const same[][2] = {
        { "Ada LOVELACE", "ada lovelace" },
        { "STRASSE", "stra\u00DFe" },
        { "STRA\u1E9EE", "strasse" },
        { "\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C2" },
        { "\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C3" },
        { "\u0130", "i\u0307" },
        { "Caf\u00C9", "CAFE\u0301" },
        { "\u212Bngstr\u00F6m", "\u00E5NGSTRO\u0308M" },
        { "\uFB03", "FFI" },
        { "\u0390", "\u0399\u0308\u0301" },
        { "\u1FB4", "\u1FB3\u0301" }, /* marks in another order */
        { "\u1FB4", "\u0386\u0399" },
        { "\U00010400", "\U00010428" },
        { "\u1E9B\u0323", "\u1E68" },
    };
    static const char *const apart[][2] = {
        { "e", "\u00E9" }, { "i", "\u0130" }, { "i", "\u0131" },  { "a", "a " },
        { "\uFF21", "a" }, { "\u0430", "a" }, { "a", "a\u200D" },
    };
    char a[64], b[64];
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        assert_string_equal(caseless(same[i][0], a), caseless(same[i][1], b));
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        assert_string_not_equal(caseless(apart[i][0], a), caseless(apart[i][1], b));
    assert_string_equal(caseless("", a), "");
    assert_string_equal(caseless("A1 \u00DF\u00C9", a), "a1 ss\u00E9");
}

static void what_is_the_same_stays_and_grows_threefold_at_most(void **state)
{
    char text[8], once[64], twice[64];
    (void)state;
    for (uint32_t point = 1; point < 0x110000; point++) {
        if (!is_scalar(point))
            continue;
        text[put_point(point, text)] = '\0';
        caseless(text, once);
        assert_true(ost__utf8_length(once, strlen(once)) <= OST__CASELESS_GROWTH);
        assert_string_equal(caseless(once, twice), once);
    }
}

/* Longer than what the stack holds. */
static void long_texts_are_the_same_too(void **state)
{
    static char text[3000], out[6000], again[6000];
    (void)state;
    for (size_t i = 0; i + 3 < sizeof text; i += 2)
        memcpy(text + i, i % 4 == 0 ? "\u00C9" : "\u00DF", 3);
    caseless(text, out);
    assert_int_equal(strlen(out), 750 * 2 + 749 * 2);
    assert_memory_equal(out, "\u00E9ss\u00E9ss", 8);
    assert_string_equal(caseless(out, again), out);
}

static void lower_case(void **state)
{
    (void)state;
    char out[100];
    assert_string_equal(lowered("Ada@EXAMPLE.org ÄÖÜ ß Σ Ж", out), "ada@example.org äöü ß σ ж");
    assert_string_equal(lowered("", out), "");
    assert_true(ost__utf8_is_lower("ada äß 12 日", strlen("ada äß 12 日")));
    assert_false(ost__utf8_is_lower("adA", 3));
    assert_false(ost__utf8_is_lower("Ä", 2));
    assert_true(ost__utf8_is_lower("\xFF\xC3", 2));
    assert_true(ost__utf8_is_lower("", 0));
}

static void check_trim(const char *text, const char *expected)
{
    size_t size = strlen(text);
    ost__utf8_trim(&text, &size);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void trims_unicode_space(void **state)
{
    (void)state;
    static const uint32_t spaces[] = {
        0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,   0xA0,   0x1680,
        0x2000, 0x2005, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000,
    };
    static const uint32_t others[] = { 0x08, 0x0E, 0x1F, 0x7F, 0x200B, 0x180E, 0xFEFF, 0x2060 };
    char text[32];
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        size_t n = put_point(spaces[i], text);
        text[n++] = 'x';
        n += put_point(spaces[i], text + n);
        text[n] = '\0';
        check_trim(text, "x");
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        text[put_point(others[i], text)] = '\0';
        check_trim(text, text);
    }
    check_trim("", "");
    check_trim(" \t\u3000\n ", "");
    check_trim("  a b  ", "a b");
    check_trim("\xE3\x80", "\xE3\x80");
    check_trim("\x80 a \x80", "\x80 a \x80");
    check_trim(" \xC2\xA0\xA0 ", "\xA0");
}

static bool contains(const char *text, const char *needle)
{
    return ost__utf8_folded_contains(text, strlen(text), needle, strlen(needle));
}

static bool starts(const char *text, const char *needle)
{
    return ost__utf8_folded_starts(text, strlen(text), needle, strlen(needle));
}

static bool ends(const char *text, const char *needle)
{
    return ost__utf8_folded_ends(text, strlen(text), needle, strlen(needle));
}

static void matches_ignore_case(void **state)
{
    (void)state;
    assert_true(contains("Hello WORLD", "lo wor"));
    assert_false(contains("Hello WORLD", "world!"));
    assert_true(contains("aaab", "aab"));
    assert_true(contains("", "") && starts("x", "") && ends("x", ""));
    assert_false(contains("", "a") || starts("", "a") || ends("", "a"));
    assert_true(contains("Große Straße", "strasse"));
    assert_true(starts("ßa", "ss") && starts("ẞA", "ssa") && starts("ß", "s"));
    assert_true(ends("Spaß", "ass") && ends("SPASS", "ass"));
    assert_false(ends("Spaß", "as"));
    /* The second half of a fold begins in the middle of a character. */
    assert_false(contains("aßb", "sb"));
    assert_true(contains("aßb", "ssb"));
    assert_false(ends("aß", "s"));
    assert_true(contains("ΟΔΟΣ", "δοσ") && ends("οδος", "σ"));
    assert_true(starts("\u212Aelvin", "kel"));
    assert_true(contains("x%_y", "%_") && !contains("xay", "x_y"));
    assert_true(contains("a\xFF"
                         "b",
                         "\xFF"
                         "b") &&
                ends("a\xFF", "\xFF"));
}

enum { PIECES = 16 };

/* Against the same questions asked of whole folded texts and the places where a character begins.
 */
static void matches_agree_with_whole_folds(void **state)
{
    (void)state;
    static const char *const pieces[PIECES] = {
        "a", "A",      "s",      "S",      "ß", "ẞ", "\u017F", "x",
        "i", "\u0130", "\u0307", "\uFB03", "f", "F", "Σ",      "ς",
    };
    uint64_t seed = 2;
    int found = 0;
    for (int round = 0; round < 50000; round++) {
        char text[128] = "", all[256] = "", needle_text[64] = "", needle[128], piece[32];
        size_t begins[16], count = (size_t)(tracker_random(&seed) % 10), size = 0, length = 0;
        for (size_t i = 0; i < count; i++) {
            const char *p = pieces[tracker_random(&seed) % PIECES];
            begins[i] = length;
            memcpy(text + size, p, strlen(p) + 1);
            size += strlen(p);
            folded(p, piece);
            memcpy(all + length, piece, strlen(piece) + 1);
            length += strlen(piece);
        }
        for (size_t n = 0, left = 1 + (size_t)(tracker_random(&seed) % 3); left > 0; left--) {
            const char *p = pieces[tracker_random(&seed) % PIECES];
            memcpy(needle_text + n, p, strlen(p) + 1);
            n += strlen(p);
        }
        folded(needle_text, needle);
        bool in = false, at_end = false;
        for (size_t i = 0; i < count; i++) {
            in = in || strncmp(all + begins[i], needle, strlen(needle)) == 0;
            at_end = at_end || strcmp(all + begins[i], needle) == 0;
        }
        assert_int_equal(contains(text, needle), in);
        assert_int_equal(ends(text, needle), at_end);
        assert_int_equal(starts(text, needle), strncmp(all, needle, strlen(needle)) == 0);
        found += in;
    }
    assert_true(found > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_judged),
        cmocka_unit_test(fm35_faults_are_found_everywhere),
        cmocka_unit_test(length_counts_code_points),
        cmocka_unit_test(cut_keeps_whole_characters),
        cmocka_unit_test(folds_are_full),
        cmocka_unit_test(folding_twice_changes_nothing),
        cmocka_unit_test(what_differs_in_case_alone_is_the_same),
        cmocka_unit_test(what_is_the_same_stays_and_grows_threefold_at_most),
        cmocka_unit_test(long_texts_are_the_same_too),
        cmocka_unit_test(lower_case),
        cmocka_unit_test(trims_unicode_space),
        cmocka_unit_test(matches_ignore_case),
        cmocka_unit_test(matches_agree_with_whole_folds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
