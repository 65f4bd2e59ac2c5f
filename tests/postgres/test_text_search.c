/* SPDX-License-Identifier: MIT */
/* Text without regard to case: what the server folds is what we fold, for every code point. */
#include "postgres/wire_rig.h"

#include "base/utf8.h"

typedef struct note {
    int64_t id;
    const char *text;
} note;
OST_RECORD(note, id);
OST_MODEL(note, .table = "notes",
          OST_FIELDS(OST_FIELD(note, id, .primary_key = true), OST_FIELD(note, text)));

static rig *r;
static ost_table *table;
static char fold_of_text[1000]; /* what the dialect writes for the column "text" */

static int begin(void **state)
{
    int failed = rig_begin(state);
    made *m;
    const char *from, *to;
    r = *state;
    table = bench_table(&r->b, &note_model);
    rig_create(r, table);
    m = make(&r->b, OST_DO_SELECT, table);
    m->shape.where = text_test(m, OST_OP_HAS_TEXT, "text", "x");
    column(m, member(m, "id"), table_field(table, "id"));
    from = strstr(rig_statement(r, m), "strpos(");
    to = from ? strstr(from, ", (SELECT ") : NULL;
    assert_non_null(to);
    from += strlen("strpos(");
    snprintf(fold_of_text, sizeof fold_of_text, "%.*s", (int)(to - from), from);
    return failed;
}

static void append_point(ost__buffer *out, uint32_t c)
{
    if (c < 0x80) {
        ost__buffer_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        ost__buffer_char(out, (char)(0xC0 | c >> 6));
    } else {
        ost__buffer_char(out, (char)(c < 0x10000 ? 0xE0 | c >> 12 : 0xF0 | c >> 18));
        if (c >= 0x10000)
            ost__buffer_char(out, (char)(0x80 | (c >> 12 & 0x3F)));
        ost__buffer_char(out, (char)(0x80 | (c >> 6 & 0x3F)));
    }
    ost__buffer_char(out, (char)(0x80 | (c & 0x3F)));
}

/* Every code point that a text can hold, with the fold of src/base/utf8, in a table of its own. */
static void send_folds(void)
{
    ost__buffer out;
    PGresult *result;
    ost__buffer_init(&out, &r->b.memory);
    rig_sql(r, "DROP TABLE IF EXISTS folds");
    rig_sql(r, "CREATE TABLE folds (point int, text text COLLATE \"C\", fold text COLLATE \"C\")");
    PQclear(PQexec(r->pg, "COPY folds FROM STDIN (DELIMITER E'\\x01')"));
    for (uint32_t c = 1; c <= 0x10FFFF; c++) {
        char text[4];
        size_t start, size;
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        ost__buffer_uint(&out, c);
        ost__buffer_char(&out, '\1');
        /* What has a meaning in the format of COPY has no case. */
        if (c < ' ' || c == '\\') {
            ost__buffer_text(&out, "-\1-\n");
            continue;
        }
        start = out.size;
        append_point(&out, c);
        size = out.size - start;
        memcpy(text, out.data + start, size);
        ost__buffer_char(&out, '\1');
        ost__utf8_fold(&out, text, size);
        ost__buffer_char(&out, '\n');
    }
    assert_false(out.failed);
    assert_int_equal(PQputCopyData(r->pg, out.data, (int)out.size), 1);
    assert_int_equal(PQputCopyEnd(r->pg, NULL), 1);
    while ((result = PQgetResult(r->pg))) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail_msg("%s", PQresultErrorMessage(result));
        PQclear(result);
    }
    ost__buffer_finish(&out);
}

/* The dialect's fold of another expression than the column. */
static const char *fold_of(const char *expression)
{
    static char out[4][1000];
    static int turn;
    const char *from = fold_of_text, *at;
    size_t size = 0;
    char *to = out[turn = (turn + 1) % 4];
    while ((at = strstr(from, "\"text\""))) {
        size += (size_t)snprintf(to + size, sizeof out[0] - size, "%.*s(%s)", (int)(at - from),
                                 from, expression);
        from = at + strlen("\"text\"");
        assert_true(size < sizeof out[0]);
    }
    snprintf(to + size, sizeof out[0] - size, "%s", from);
    return to;
}

static void assert_query(const char *answer, const char *format, ...)
{
    char sql[8000];
    va_list list;
    va_start(list, format);
    vsnprintf(sql, sizeof sql, format, list);
    va_end(list);
    if (strcmp(rig_text(r, sql), answer) != 0)
        fail_msg("%s instead of %s:\n%s", rig_text(r, sql), answer, sql);
}

/*
 * The server folds a code point to what it folds our fold to, and different folds of ours to
 * different texts: so both find the same letters equal. U+FDD0, which is no character, is the one
 * exception.
 */
static void every_code_point_is_found_as_we_fold_it(void **state)
{
    (void)state;
    send_folds();
    assert_query("1112063", "SELECT count(*) FROM folds WHERE fold IS NOT NULL");
    assert_query("t", "SELECT count(*) > 1400 FROM folds WHERE fold <> text");
    assert_query("NULL", "SELECT string_agg(point::text, ' ') FROM folds WHERE (%s) <> (%s)",
                 fold_of("text"), fold_of("fold"));
    assert_query("0",
                 "SELECT count(DISTINCT fold) - count(DISTINCT %s) FROM folds WHERE point <> 64976",
                 fold_of("fold"));
    assert_query("64976 305",
                 "SELECT string_agg(point::text, ' ' ORDER BY point DESC) FROM folds"
                 " WHERE (%s) = U&'\\0131'",
                 fold_of("text"));
}

/* What stands around a letter changes nothing: a sigma at the end of a word is a sigma. */
static void letters_fold_alike_wherever_they_stand(void **state)
{
    static const char *const before[] = { "", "a", "A ", "\xCE\x91\xCE\xA3", "\xC4\xB0", "1" };
    static const char *const behind[] = { "", "a", " B", "\xCE\xA3", "\xCC\x87", "." };
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        char whole[100], first[100], last[100];
        snprintf(whole, sizeof whole, "'%s' || text || '%s'", before[i], behind[i]);
        snprintf(first, sizeof first, "'%s'", before[i]);
        snprintf(last, sizeof last, "'%s'", behind[i]);
        assert_query("0", "SELECT count(*) FROM folds WHERE (%s) <> (%s) || (%s) || (%s)",
                     fold_of(whole), fold_of(first), fold_of("text"), fold_of(last));
    }
}

static const char *const texts[] = {
    "",
    "plain",
    "PLAIN text",
    "100% _sure_",
    "\xC3\x89t\xC3\xA9", /* Été */
    "STRASSE",
    "Stra\xC3\x9F"
    "e", /* Straße */
    "STRA\xE1\xBA\x9E"
    "E",                                /* STRAẞE */
    "\xCE\x9F\xCE\x94\xCE\x9F\xCE\xA3", /* ΟΔΟΣ */
    "\xCE\xBF\xCE\xB4\xCF\x8C\xCF\x82", /* οδός */
    "\xC4\xB0stanbul",                  /* İstanbul */
    "\xC4\xB1"
    "rmak", /* ırmak */
    "Irmak",
    "\xEF\xAC\x81le",                   /* ﬁle */
    "\xE1\x8E\xA0\xEA\xAD\xB0",         /* Ꭰꭰ */
    "\xF0\x90\x90\x80\xF0\x9F\x98\x80", /* Deseret long I, a face */
    "back\\slash 'quote' \"double\"",
    "\xE2\x84\xAA"
    "elvin \xC2\xB5", /* Kelvin sign, micro sign */
};
static const char *const needles[] = {
    "",
    "plain",
    "PLAIN",
    "LAI",
    "%",
    "_",
    "text",
    "\xC3\x89",
    "\xC3\xA9",
    "e",
    "ss",
    "SSE",
    "stra\xC3\x9F",
    "\xE1\xBA\x9E",
    "\xCE\xBF\xCE\xB4",
    "\xCE\xA3",
    "\xCF\x82",
    "\xCF\x83",
    "i",
    "I",
    "\xC4\xB1",
    "\xC4\xB0",
    "i\xCC\x87",
    "fi",
    "FILE",
    "\xEA\xAD\xB0",
    "\xE1\x8E\xA0",
    "\xF0\x90\x90\xA8",
    "\\",
    "'quote'",
    "\"",
    "k",
    "\xCE\xBC",
    "plain text and more",
    "kelvin \xCE\x9C",
};
enum { TEXTS = sizeof texts / sizeof texts[0], NEEDLES = sizeof needles / sizeof needles[0] };

static void fill(void)
{
    note rows[TEXTS + 1];
    made *m = make(&r->b, OST_DO_INSERT, table);
    for (int i = 0; i <= TEXTS; i++)
        rows[i] = (note){ .id = i, .text = i < TEXTS ? texts[i] : NULL };
    from_records(m, rows, TEXTS + 1, sizeof *rows, false);
    rig_sql(r, "TRUNCATE notes");
    assert_int_equal(rig_run(r, m, NULL, NULL), OST_OK);
}

static made *search(uint16_t op, const char *needle, bool negated)
{
    made *m = make(&r->b, OST_DO_SELECT, table);
    const ost_node *found = text_test(m, op, "text", needle);
    m->shape.where = negated ? node1(m, OST_OP_NOT, found) : found;
    order_by(m, member(m, "id"), false);
    column(m, member(m, "id"), table_field(table, "id"));
    return m;
}

static ost__buffer folded(const char *text)
{
    ost__buffer out;
    ost__buffer_init(&out, &r->b.memory);
    ost__utf8_fold(&out, text, strlen(text));
    ost__buffer_text(&out, "");
    return out;
}

static bool matches(uint16_t op, const char *text, const char *needle)
{
    ost__buffer whole = folded(text), part = folded(needle);
    const char *in = whole.data ? whole.data : "", *of = part.data ? part.data : "";
    bool found;
    if (op == OST_OP_HAS_TEXT)
        found = strstr(in, of) != NULL;
    else if (part.size > whole.size)
        found = false;
    else
        found =
            memcmp(op == OST_OP_STARTS_WITH ? in : in + whole.size - part.size, of, part.size) == 0;
    ost__buffer_finish(&whole);
    ost__buffer_finish(&part);
    return found;
}

/* Every needle in every text, as the folds of both say; NULL is neither found nor not found. */
static void searches_mean_what_the_folds_say(void **state)
{
    static const uint16_t ops[] = { OST_OP_HAS_TEXT, OST_OP_STARTS_WITH, OST_OP_ENDS_WITH };
    int found = 0;
    (void)state;
    fill();
    for (size_t i = 0; i < NEEDLES; i++)
        for (size_t o = 0; o < 6; o++) {
            struct {
                int64_t id, pad;
            } rows[TEXTS + 1];
            size_t count = TEXTS + 1, at = 0;
            made *m = search(ops[o % 3], needles[i], o >= 3);
            if (rig_run(r, m, rows, &count) != OST_OK)
                fail_msg("%s", r->message);
            for (int64_t t = 0; t < TEXTS; t++) {
                bool wanted = matches(ops[o % 3], texts[t], needles[i]) != (o >= 3);
                bool given = at < count && rows[at].id == t;
                if (wanted != given)
                    fail_msg("\"%s\" in \"%s\", operator %d", needles[i], texts[t], (int)o);
                at += given;
            }
            assert_int_equal(at, count);
            found += (int)count;
        }
    assert_true(found > 500);
}

/* A server without ICU: the case of ASCII alone, and everything else as it is written. */
static void without_icu_ascii_alone_has_case(void **state)
{
    static const struct {
        const char *needle;
        size_t found;
    } cases[] = {
        { "PLAIN", 2 }, { "plain", 2 }, { "\xC3\xA9", 1 }, { "\xC3\x89T", 1 }, { "\xC3\x89", 1 },
        { "i", 4 },     { "", TEXTS },  { "\xCE\xA3", 1 }, { "\xCF\x82", 1 },  { "%", 1 },
    };
    (void)state;
    fill();
    r->dialect = &ost__pg_ascii_dialect;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct {
            int64_t id, pad;
        } rows[TEXTS + 1];
        size_t count = TEXTS + 1;
        made *m = search(OST_OP_HAS_TEXT, cases[i].needle, false);
        if (rig_run(r, m, rows, &count) != OST_OK)
            fail_msg("%s", r->message);
        if (count != cases[i].found)
            fail_msg("%s: %d rows", cases[i].needle, (int)count);
    }
    r->dialect = &ost__pg_dialect;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_found_as_we_fold_it),
        cmocka_unit_test(letters_fold_alike_wherever_they_stand),
        cmocka_unit_test(searches_mean_what_the_folds_say),
        cmocka_unit_test(without_icu_ascii_alone_has_case),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
