/* SPDX-License-Identifier: MIT */
/* Hostile texts as values, everywhere that a value may stand: they are stored byte for byte, found
 * by themselves alone, and nothing else happens. */
#include "query_rig.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct bait {
    int64_t id;
    const char *text, *note;
    char code[40];
} bait;
OST_RECORD(bait, id);
OST_MODEL(bait,
          OST_FIELDS(OST_FIELD(bait, id, .primary_key = true),
                     OST_FIELD(bait, text, .not_null = true, .max_length = 400),
                     OST_FIELD(bait, note), OST_FIELD(bait, code)),
          OST_INDEXES(OST_INDEX(OST_ASC(bait, text))));
typedef struct keyed {
    const char *key;
    int64_t number;
} keyed;
OST_RECORD(keyed, key);
OST_MODEL(keyed, OST_FIELDS(OST_FIELD(keyed, key, .primary_key = true, .max_length = 400),
                            OST_FIELD(keyed, number)));
typedef struct canary {
    int64_t id;
    const char *text;
} canary;
OST_RECORD(canary, id);
OST_MODEL(canary, OST_FIELDS(OST_FIELD(canary, id, .primary_key = true), OST_FIELD(canary, text)));

enum { STRINGS = 12000, LONGEST = 300, KEYED = 2000, CHUNK = 100, BROKEN = 1000 };

static char (*strings)[LONGEST];
static char folder[] = "ostler-hostile-XXXXXX", path[64];
static ost_db *db;
static ost_session *own;

/* ---- the texts ---- */

static const char *const pieces[] = {
    "'",
    "''",
    "\"",
    "\"\"",
    "`",
    "[",
    "]",
    ";",
    "--",
    "/*",
    "*/",
    "#",
    "%",
    "_",
    "\\",
    "\\\\",
    "!",
    "?",
    "?1",
    ":a",
    "@a",
    "$1",
    "$a$",
    "{",
    "}",
    "(",
    ")",
    ",",
    "=",
    "<",
    ">",
    "|",
    "||",
    "&",
    "+",
    "\n",
    "\r",
    "\t",
    "\x01",
    "\x1b[2J",
    "\x7f",
    " ",
    "  ",
    "\xc2\xa0",
    "\xc3\xa9",
    "\xc3\x89",
    "\xe2\x80\xae",
    "\xe2\x80\x8b",
    "\xef\xbb\xbf",
    "\xef\xbf\xbf",
    "\xf0\x9f\x98\x80",
    "\xf4\x8f\xbf\xbf",
    "\xcf\x83",
    "\xce\xa3",
    "\xc4\xb0",
    "\xc3\x9f",
    "a",
    "A",
    "0",
    "-1",
    "1e309",
    "NULL",
    "null",
    "nil",
    "TRUE",
    "NaN",
    "x'00'",
    "char(0)",
    "%s%n%d",
    "%00",
    "\\0",
    "\\x00",
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE canary; --",
    "\"; DROP TABLE \"canary\"; --",
    "') UNION SELECT sql, 1, 1, 1 FROM sqlite_schema --",
    "1); DELETE FROM canary; --",
    "'; ATTACH DATABASE 'x.db' AS x; --",
    "'; PRAGMA writable_schema=ON; --",
    "'||(SELECT text FROM canary)||'",
    "load_extension('x')",
    "ostler_list(1)",
    "' COLLATE NOCASE --",
    "' ESCAPE '\\",
    "LIKE '%'",
    "\"text\"",
    "{\"$ne\": null}",
    "$where",
    "${jndi:x}",
    "<script>",
    "../../etc/passwd",
    "ORDER BY 1",
    "id; --",
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned next_random(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 33) % below);
}

/* A few pieces and a number, somewhere, that makes the text the only one of its kind. */
static void make_string(char *out, int number)
{
    unsigned count = 1 + next_random(6), at = next_random(count + 1);
    size_t used = 0;
    for (unsigned i = 0; i <= count; i++) {
        if (i == at)
            used += (size_t)snprintf(out + used, LONGEST - used, "#%d#", number);
        else
            used += (size_t)snprintf(out + used, LONGEST - used, "%s", pieces[next_random(PIECES)]);
        assert_true(used < LONGEST);
    }
}

/* ---- the file, and the canary in it ---- */

static char *ask_file(const char *sql)
{
    sqlite3 *file;
    sqlite3_stmt *stmt;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(sqlite3_open(path, &file), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(file, sql, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        fprintf(out, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(file), SQLITE_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *schema;

static void expect_canary(void)
{
    char *found = ask_file("SELECT id || text FROM canary ORDER BY id");
    assert_string_equal(found, "1tweet\n2sings % and _\n3it's \"quoted\" \\\n");
    free(found);
    found = ask_file("SELECT type || name || ifnull(sql, '') FROM sqlite_schema");
    assert_string_equal(found, schema);
    free(found);
    found = ask_file("PRAGMA integrity_check");
    assert_string_equal(found, "ok\n");
    free(found);
}

static int set_up(void **state)
{
    char url[100];
    canary three[] = { { 1, "tweet" }, { 2, "sings % and _" }, { 3, "it's \"quoted\" \\" } };
    ost_error error;
    (void)state;
    strings = malloc(STRINGS * sizeof *strings);
    assert_non_null(strings);
    for (int i = 0; i < STRINGS; i++)
        make_string(strings[i], i);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/hostile.db", folder);
    snprintf(url, sizeof url, "sqlite:%s?synchronous=off", path);
    if (ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&bait_model, &keyed_model, &canary_model)),
                 &db, &error) != OST_OK ||
        ost_create_tables(db, &error) != OST_OK ||
        ost_session_open(db, NULL, &own, &error) != OST_OK)
        fail_msg("%s", error.message);
    OK(ost_insert_many(own, canary, three, 3));
    schema = ask_file("SELECT type || name || ifnull(sql, '') FROM sqlite_schema");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ost_session_close(own);
    ost_close(db);
    free(strings);
    free(schema);
    unlink(path);
    return rmdir(folder);
}

/* ---- the ways in ---- */

static void fm46_inserts_keep_every_byte(void **state)
{
    static bait many[CHUNK];
    size_t count;
    (void)state;
    for (int i = 0; i < STRINGS; i += CHUNK) {
        for (int k = 0; k < CHUNK; k++) {
            many[k] = (bait){ .id = i + k, .text = strings[i + k], .note = strings[i + k] };
            if (strlen(strings[i + k]) < sizeof many[k].code)
                strcpy(many[k].code, strings[i + k]);
        }
        /* One by one, and many at once. */
        if (i % (4 * CHUNK) == 0) {
            OK(ost_begin(own, NULL));
            for (int k = 0; k < CHUNK; k++)
                OK(ost_insert(own, bait, &many[k]));
            OK(ost_commit(own));
        } else {
            OK(ost_insert_many(own, bait, many, CHUNK));
        }
    }
    ost_query *q = ost_from(own, bait);
    ost_order_by(q, ost_asc(bait, id));
    const bait *rows = ost_all(q, bait, &count);
    assert_non_null(rows);
    assert_int_equal(count, STRINGS);
    for (int i = 0; i < STRINGS; i++) {
        assert_string_equal(rows[i].text, strings[i]);
        assert_string_equal(rows[i].note, strings[i]);
        if (rows[i].code[0])
            assert_string_equal(rows[i].code, strings[i]);
    }
    OK(ost_session_clear(own));
    expect_canary();
}

static int64_t count_of(ost_query *q)
{
    int64_t n = -1;
    if (ost_count_of(q, &n) != OST_OK)
        fail_msg("%s", ost_session_error(own)->message);
    return n;
}

static int64_t baits(const ost_expr *condition)
{
    ost_query *q = ost_from(own, bait);
    ost_where(q, condition);
    return count_of(q);
}

static void fm46_conditions_find_what_is_equal(void **state)
{
    (void)state;
    for (int i = 0; i < STRINGS; i++) {
        const char *text = strings[i];
        const bait *found = ost_find(own, bait, ost_eq(bait, text, text));
        assert_non_null(found);
        assert_int_equal(found->id, i);
        assert_int_equal(baits(ost_both(ost_eq(bait, id, i), ost_ne(bait, note, text))), 0);
        assert_int_equal(baits(ost_between(bait, text, text, text)), 1);
        if (i % CHUNK != CHUNK - 1)
            continue;
        const char *list[CHUNK];
        for (int k = 0; k < CHUNK; k++)
            list[k] = strings[i - k];
        assert_int_equal(baits(ost_in(bait, text, list, CHUNK)), CHUNK);
        assert_int_equal(baits(ost_not_in(bait, text, list, CHUNK)), STRINGS - CHUNK);
        OK(ost_session_clear(own));
    }
    expect_canary();
}

static void fm46_text_conditions_take_nothing_for_a_pattern(void **state)
{
    (void)state;
    for (int i = 0; i < STRINGS; i++) {
        const char *text = strings[i];
        ost_query *q = ost_from(own, bait);
        ost_where(q, ost_eq(bait, id, i));
        ost_where(q, ost_has_text(bait, note, text));
        ost_where(q, ost_starts_with(bait, note, text));
        ost_where(q, ost_ends_with(bait, note, text));
        assert_int_equal(count_of(q), 1);
        q = ost_from(own, canary);
        ost_where(q,
                  ost_either(ost_has_text(canary, text, text), ost_starts_with(canary, text, text),
                             ost_ends_with(canary, text, text)));
        assert_int_equal(count_of(q), 0);
        if (i % CHUNK == 0)
            OK(ost_session_clear(own));
    }
    expect_canary();
}

static void fm46_orders_take_names_of_members_only(void **state)
{
    (void)state;
    ost_query *q = ost_from(own, canary);
    for (int i = 0; i < STRINGS; i++) {
        char name[LONGEST + 16];
        assert_false(ost_order_by_name(q, strings[i], "asc"));
        assert_false(ost_order_by_name(q, "text", strings[i]));
        snprintf(name, sizeof name, "text%s", strings[i]);
        assert_false(ost_order_by_name(q, name, "asc"));
        snprintf(name, sizeof name, "asc%s", strings[i]);
        assert_false(ost_order_by_name(q, "text", name));
    }
    assert_true(ost_order_by_name(q, "text", "desc"));
    assert_int_equal(count_of(q), 3);
    const char *statement = ost_render(q);
    assert_non_null(statement);
    assert_null(strchr(statement, '#'));
    expect_canary();
}

/* In chunks: each is changed by query, saved, and compared. */
static void fm46_changes_keep_every_byte(void **state)
{
    (void)state;
    for (int i = 0; i < STRINGS; i++) {
        const char *other_text = strings[STRINGS - 1 - i];
        if (i % CHUNK == 0)
            OK(ost_begin(own, NULL));
        ost_query *q = ost_from(own, bait);
        ost_where(q, ost_eq(bait, text, strings[i]));
        if (i % 2) {
            OK(ost_update_one(q, ost_set(bait, note, other_text)));
        } else {
            bait *b = ost_one(q, bait);
            assert_non_null(b);
            b->note = other_text;
            OK(ost_save(own, bait, b));
        }
        const bait *b = ost_get(own, bait, i);
        assert_non_null(b);
        assert_string_equal(b->note, other_text);
        assert_string_equal(b->text, strings[i]);
        if (i % CHUNK != CHUNK - 1)
            continue;
        OK(ost_commit(own));
        OK(ost_session_clear(own));
    }
    assert_int_equal(baits(ost_cmp_eq(ost_col(bait, text), ost_col(bait, note))), 0);
    expect_canary();
}

static void fm46_keys_keep_every_byte(void **state)
{
    (void)state;
    OK(ost_begin(own, NULL));
    for (int i = 0; i < KEYED; i++) {
        keyed k = { .key = strings[i], .number = i };
        OK(ost_insert(own, keyed, &k));
        FAILS("OST_CONFLICT", (ost_begin(own, NULL), ost_insert(own, keyed, &k)));
        OK(ost_rollback(own));
        k.number = -i;
        OK(ost_replace(own, keyed, &k));
        keyed *found = ost_get(own, keyed, strings[i]);
        assert_non_null(found);
        assert_string_equal(found->key, strings[i]);
        assert_int_equal(found->number, -i);
        if (i % 2)
            OK(ost_delete(own, keyed, found));
    }
    OK(ost_commit(own));
    assert_int_equal(count_of(ost_from(own, keyed)), KEYED / 2);
    OK(ost_session_clear(own));
    expect_canary();
}

static void fm46_deletes_take_one(void **state)
{
    int64_t n;
    (void)state;
    OK(ost_begin(own, NULL));
    for (int i = 0; i < STRINGS; i++) {
        ost_query *q = ost_from(own, bait);
        ost_where(q, ost_eq(bait, text, strings[i]));
        OK(ost_delete_all(q, &n));
        assert_int_equal(n, 1);
    }
    assert_int_equal(count_of(ost_from(own, bait)), 0);
    OK(ost_rollback(own));
    assert_int_equal(count_of(ost_from(own, bait)), STRINGS);
    OK(ost_session_clear(own));
    expect_canary();
}

/* Bytes that are no UTF-8, anywhere in a text, go in nowhere. */
static void what_is_no_text_is_refused(void **state)
{
    static const char *const bytes[] = {
        "\x80", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3"
    };
    char text[LONGEST + 8];
    int64_t n;
    (void)state;
    for (int i = 0; i < BROKEN; i++) {
        const char *broken = bytes[i % 7];
        snprintf(text, sizeof text, i % 2 ? "%s%s" : "%.0s%s", strings[i], broken);
        bait b = { .id = STRINGS + i, .text = text };
        FAILS("OST_RANGE", ost_insert(own, bait, &b));
        b.text = "good";
        b.note = text;
        FAILS("OST_RANGE", ost_insert(own, bait, &b));
        ost_query *q = ost_from(own, bait);
        ost_where(q, ost_eq(bait, text, text));
        FAILS("OST_RANGE", ost_count_of(q, &n));
        q = ost_from(own, bait);
        ost_where(q, ost_has_text(bait, text, text));
        FAILS("OST_RANGE", ost_count_of(q, &n));
        q = ost_from(own, bait);
        ost_where(q, ost_eq(bait, id, 1));
        FAILS("OST_RANGE", ost_update(q, &n, ost_set(bait, note, text)));
        assert_null(strstr(ost_session_error(own)->message, broken));
    }
    assert_int_equal(count_of(ost_from(own, bait)), STRINGS);
    OK(ost_session_clear(own));
}

/* ---- wildcards ---- */

static int fold(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

static bool same_text(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (fold((unsigned char)a[i]) != fold((unsigned char)b[i]))
            return false;
    return true;
}

/* Where the needle is: bit 0 anywhere, bit 1 at the start, bit 2 at the end. */
static unsigned places(const char *text, const char *needle)
{
    size_t n = strlen(text), m = strlen(needle);
    unsigned found = 0;
    for (size_t i = 0; i + m <= n; i++)
        if (same_text(text + i, needle, m))
            found |= 1u | (i == 0 ? 2u : 0) | (i + m == n ? 4u : 0);
    return found;
}

static void fm49_wildcards_are_letters(void **state)
{
    static const char *const texts[] = {
        "100%",  "100 percent", "100%%", "%100", "a_b", "axb",  "a__b",
        "_",     "__",          "%",     "%%",   "\\",  "\\\\", "a\\b",
        "a\\%b", "a\\_b",       "\\%",   "!",    "a!b", "a!%b", "it's",
        "its",   "''",          "\"",    "a\"b", "[a]", "a*b",  "a?b",
        "a.b",   ".*",          "^a$",   "A_B",  "",    " ",    "Percent_%\\'\"",
    };
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    bait rows[TEXTS] = { { 0 } };
    (void)state;
    OK(ost_begin(own, NULL));
    ost_query *q = ost_from(own, bait);
    ost_everything(q);
    OK(ost_delete_all(q, NULL));
    for (int i = 0; i < TEXTS; i++)
        rows[i] = (bait){ .id = i, .text = texts[i] };
    OK(ost_insert_many(own, bait, rows, TEXTS));
    for (int i = 0; i < TEXTS; i++) {
        int64_t expected[3] = { 0 };
        for (int k = 0; k < TEXTS; k++)
            for (int bit = 0; bit < 3; bit++)
                expected[bit] += places(texts[k], texts[i]) >> bit & 1;
        assert_int_equal(baits(ost_has_text(bait, text, texts[i])), expected[0]);
        assert_int_equal(baits(ost_starts_with(bait, text, texts[i])), expected[1]);
        assert_int_equal(baits(ost_ends_with(bait, text, texts[i])), expected[2]);
        assert_int_equal(baits(ost_eq(bait, text, texts[i])), 1);
    }
    OK(ost_rollback(own));
    OK(ost_session_clear(own));
    expect_canary();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm46_inserts_keep_every_byte),
        cmocka_unit_test(fm46_conditions_find_what_is_equal),
        cmocka_unit_test(fm46_text_conditions_take_nothing_for_a_pattern),
        cmocka_unit_test(fm46_orders_take_names_of_members_only),
        cmocka_unit_test(fm46_changes_keep_every_byte),
        cmocka_unit_test(fm46_keys_keep_every_byte),
        cmocka_unit_test(fm46_deletes_take_one),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(fm49_wildcards_are_letters),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
