/* SPDX-License-Identifier: MIT */
/* Searches that ignore case: the patterns themselves, and what a server finds by them. */
#include "plan_rig.h"

#include <utf8proc.h>

#include "base/utf8.h"
#include "support/servers.h"

static const ost__memory *memory;

static int set_up(void **state)
{
    int failed = rig_set_up(state);
    memory = &((rig *)*state)->b.memory;
    return failed;
}

static int tear_down(void **state)
{
    return rig_tear_down(state);
}

/* Until the next call. */
static const char *pattern(uint16_t op, const char *needle)
{
    static char kept[65536];
    ost__buffer out;
    ost__buffer_init(&out, memory);
    assert_true(ost__mongo_pattern(op, needle, strlen(needle), &out));
    assert_in_range(out.size, 0, sizeof kept - 1);
    memcpy(kept, out.data ? out.data : "", out.size);
    kept[out.size] = '\0';
    ost__buffer_finish(&out);
    return kept;
}

/* ---- what is written ---- */

static void letters_become_classes(void **state)
{
    (void)state;
    assert_string_equal(pattern(OST_OP_HAS_TEXT, "x"), "[xX]");
    assert_string_equal(pattern(OST_OP_HAS_TEXT, "c9!"), "[cC]9\\!");
    assert_string_equal(pattern(OST_OP_HAS_TEXT, ""), "");
    /* The sign of Kelvin folds to a k. */
    assert_string_equal(pattern(OST_OP_HAS_TEXT, "1K"), "1[kK\xe2\x84\xaa]");
}

static void what_is_repeated_is_counted(void **state)
{
    (void)state;
    assert_string_equal(pattern(OST_OP_HAS_TEXT, "xxXxxXxx--1"), "[xX]{8}\\-\\-1");
}

static void anchors_are_of_the_text(void **state)
{
    (void)state;
    assert_string_equal(pattern(OST_OP_STARTS_WITH, "x"), "\\A[xX]");
    assert_string_equal(pattern(OST_OP_ENDS_WITH, "x"), "[xX]\\z");
    assert_string_equal(pattern(OST_OP_ENDS_WITH, ""), "\\z");
}

static void fm49_what_is_searched_for_is_never_a_pattern(void **state)
{
    (void)state;
    assert_string_equal(pattern(OST_OP_HAS_TEXT, ".*[^]$(|)?+{}\\/-#\n"),
                        "\\.\\*\\[\\^\\]\\$\\(\\|\\)\\?\\+\\{\\}\\\\\\/\\-\\#\\\n");
}

/* One letter for two leaves out what stands for the second. */
static void one_letter_may_stand_for_two(void **state)
{
    (void)state;
    assert_string_equal(pattern(OST_OP_STARTS_WITH, "1ss2"),
                        "\\A1(?:[sS\xc5\xbf]|([\xc3\x9f\xe1\xba\x9e]))(?(1)|[sS\xc5\xbf])2");
}

/* Whoever adds letters to Unicode adds them to the table too: each is found by itself and by its
 * fold. */
static void every_letter_is_in_a_class(void **state)
{
    size_t checked = 0;
    (void)state;
    for (utf8proc_int32_t code = 1; code <= 0x10ffff; code++) {
        char text[8];
        utf8proc_ssize_t size;
        ost__buffer folded;
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        size = utf8proc_encode_char(code, (utf8proc_uint8_t *)text);
        text[size] = '\0';
        ost__buffer_init(&folded, memory);
        ost__utf8_fold(&folded, text, (size_t)size);
        if (strcmp(folded.data, text) != 0) {
            if (!strstr(pattern(OST_OP_HAS_TEXT, text), text))
                fail_msg("U+%04X is not found by itself", (unsigned)code);
            checked++;
        }
        ost__buffer_finish(&folded);
    }
    assert_in_range(checked, 1500, 3000);
}

/* ---- what a server finds ---- */

/* Letters that fold to others, what they fold to, and what means something in a pattern. */
static const char *const alphabet[] = {
    "s",
    "S",
    "\xc5\xbf",
    "\xc3\x9f",
    "\xe1\xba\x9e",
    "t",
    "T",
    "f",
    "F",
    "i",
    "I",
    "\xef\xac\x81",
    "\xef\xac\x83",
    "l",
    "\xef\xac\x84",
    "\xef\xac\x86",
    "\xef\xac\x85",
    "\xc4\xb0",
    "\xc4\xb1",
    "\xcc\x87",
    "n",
    "\xc5\x89",
    "\xca\xbc",
    "\xce\xb9",
    "\xcd\x85",
    "\xe1\xbe\xbe",
    "\xce\x90",
    "\xcc\x88",
    "\xcc\x81",
    "\xe1\xbe\xb3",
    "\xce\xb1",
    "\xce\x91",
    "\xcf\x83",
    "\xcf\x82",
    "\xce\xa3",
    "k",
    "\xe2\x84\xaa",
    "\xc3\xa5",
    "\xe2\x84\xab",
    "\xf0\x90\x90\x80",
    "\xf0\x90\x90\xa8",
    "\xe1\x8f\xb8",
    "\xe1\x8f\xb0",
    "\xea\xad\xb0",
    "\xe1\x8e\xa0",
    "-",
    ".",
    "\n",
};
enum { LETTERS = sizeof alphabet / sizeof alphabet[0], TEXTS = 600, NEEDLES = 250, LONGEST = 6 };

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static void random_text(uint64_t *seed, size_t longest, char *out)
{
    size_t count = next(seed) % (longest + 1);
    /* Few letters, so that they meet. */
    size_t from = next(seed) % LETTERS, among = 2 + next(seed) % 8;
    *out = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(out, alphabet[(from + next(seed) % among) % LETTERS]);
}

static bool is_found(uint16_t op, const char *text, const char *needle)
{
    ost__buffer a, b;
    bool found;
    ost__buffer_init(&a, memory);
    ost__buffer_init(&b, memory);
    ost__utf8_fold(&a, text, strlen(text));
    ost__utf8_fold(&b, needle, strlen(needle));
    if (b.size == 0)
        found = true;
    else if (a.size < b.size)
        found = false;
    else if (op == OST_OP_HAS_TEXT)
        found = strstr(a.data, b.data);
    else
        found =
            memcmp(op == OST_OP_ENDS_WITH ? a.data + a.size - b.size : a.data, b.data, b.size) == 0;
    ost__buffer_finish(&a);
    ost__buffer_finish(&b);
    return found;
}

static char texts[TEXTS][LONGEST * 4 + 1];

static void store_texts(const char *url, uint64_t *seed)
{
    bson_t command = BSON_INITIALIZER, list, document;
    char *json;
    BSON_APPEND_UTF8(&command, "insert", "texts");
    bson_append_array_begin(&command, "documents", -1, &list);
    for (int i = 0; i < TEXTS; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%d", i);
        random_text(seed, LONGEST, texts[i]);
        bson_append_document_begin(&list, key, -1, &document);
        BSON_APPEND_INT32(&document, "_id", i);
        BSON_APPEND_UTF8(&document, "t", texts[i]);
        bson_append_document_end(&list, &document);
    }
    bson_append_array_end(&command, &list);
    json = bson_as_canonical_extended_json(&command, NULL);
    server_sql(url, json);
    bson_free(json);
    bson_destroy(&command);
}

/* The ids that the server finds, in order: "{ "_id" : 1 }|{ "_id" : 7 }". */
static const char *find(const char *url, uint16_t op, const char *needle)
{
    bson_t command = BSON_INITIALIZER, inner, test;
    const char *found;
    char *json;
    BSON_APPEND_UTF8(&command, "find", "texts");
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&inner, "t", &test);
    BSON_APPEND_UTF8(&test, "$regex", pattern(op, needle));
    bson_append_document_end(&inner, &test);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "projection", &inner);
    BSON_APPEND_INT32(&inner, "_id", 1);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "sort", &inner);
    BSON_APPEND_INT32(&inner, "_id", 1);
    bson_append_document_end(&command, &inner);
    BSON_APPEND_INT32(&command, "batchSize", TEXTS + 1);
    json = bson_as_canonical_extended_json(&command, NULL);
    found = server_text(url, json);
    bson_free(json);
    bson_destroy(&command);
    return found;
}

static void compare(const char *url, uint16_t op, const char *needle)
{
    const char *at = find(url, op, needle);
    for (int i = 0; i < TEXTS; i++) {
        char id[32];
        size_t size = (size_t)snprintf(id, sizeof id, "{ \"_id\" : %d }", i);
        bool found = strncmp(at, id, size) == 0;
        if (found)
            at += size + (at[size] == '|');
        if (found != is_found(op, texts[i], needle))
            fail_msg("operator %u: \"%s\" is %sfound in \"%s\" by %s", op, needle,
                     found ? "" : "not ", texts[i], pattern(op, needle));
    }
}

static void the_server_finds_what_our_folding_finds(void **state)
{
    const char *url = server_database(SERVER_MONGODB, NULL);
    uint64_t seed = 1;
    (void)state;
    store_texts(url, &seed);
    for (int i = 0; i < NEEDLES; i++) {
        char needle[LONGEST * 4 + 1];
        random_text(&seed, i % 5 ? 3 : LONGEST, needle);
        for (uint16_t op = OST_OP_HAS_TEXT; op <= OST_OP_ENDS_WITH; op++)
            compare(url, op, needle);
    }
    server_drop(url);
}

#define TEXT_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEXT_CASE(letters_become_classes),
        TEXT_CASE(what_is_repeated_is_counted),
        TEXT_CASE(anchors_are_of_the_text),
        TEXT_CASE(fm49_what_is_searched_for_is_never_a_pattern),
        TEXT_CASE(one_letter_may_stand_for_two),
        TEXT_CASE(every_letter_is_in_a_class),
        TEXT_CASE(the_server_finds_what_our_folding_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
