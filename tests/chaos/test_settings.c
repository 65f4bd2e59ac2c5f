/* SPDX-License-Identifier: MIT */
/* Servers that are set to be lenient, to another character set, and to another zone: what is stored
 * is what was given, or nothing. */
#include "chaos.h"

#include <time.h>

/* Members that take more than the columns of the table that others made for them. */
typedef struct parcel {
    int64_t id;
    const char *label;
    int64_t count;
    ost_decimal price;
    ost_opt_date sent;
} parcel;
OST_RECORD(parcel, id);
OST_MODEL(parcel, .table = "parcels", .adopted = true,
          OST_FIELDS(OST_FIELD(parcel, id, .primary_key = true), OST_FIELD(parcel, label),
                     OST_FIELD(parcel, count),
                     OST_FIELD(parcel, price, .precision = 12, .scale = 4),
                     OST_FIELD(parcel, sent)));

typedef struct moment {
    int64_t id;
    ost_time at;
    ost_date day;
} moment;
OST_RECORD(moment, id);
OST_MODEL(moment, .table = "moments",
          OST_FIELDS(OST_FIELD(moment, id, .primary_key = true), OST_FIELD(moment, at),
                     OST_FIELD(moment, day)));

typedef struct page {
    int64_t id;
    const char *text;
} page;
OST_RECORD(page, id);
OST_MODEL(page, .table = "pages",
          OST_FIELDS(OST_FIELD(page, id, .primary_key = true), OST_FIELD(page, text)));

static const ost_model *const models[] = { &account_model, &transfer_model, &parcel_model,
                                           &moment_model,  &page_model,     NULL };

static void begin(chaos *c, void **state)
{
    chaos_begin_on(c, chaos_server_of(state), NULL, models);
    c->statement_timeout_ms = 60000;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
}

/* ---- fm32: what does not fit ---- */

/* Servers in MySQL's old mode store something else, and warn. */
static void fm32_what_does_not_fit_is_not_bent(void **state)
{
    chaos world, *c = &world;
    const struct {
        parcel given;
        const char *field;
    } wrong[] = {
        { { .label = "abcdef" }, "label" },
        { { .label = "a    " }, "label" },
        { { .label = "\U0001F600" }, "label" },
        { { .label = "a", .count = 300 }, "count" },
        { { .label = "a", .count = -129 }, "count" },
        { { .label = "a", .price = ost_decimal_of(123456789, 3) }, "price" },
        { { .label = "a", .price = ost_decimal_of(12391, 4) }, "price" },
    };
    begin(c, state);
    assert_string_equal(server_text(c->url, "SELECT @@global.sql_mode"), "");
    chaos_sql(c, "CREATE TABLE parcels (id bigint PRIMARY KEY, label varchar(3) CHARACTER SET"
                 " latin1, count tinyint, price decimal(5,2), sent date) ENGINE=InnoDB");
    OK(ost_insert(c->s, parcel,
                  &(parcel){ .id = 1, .label = "abc", .count = 127, .price = { .scale = 2 } }));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        parcel given = wrong[i].given;
        given.id = 2 + (int64_t)i;
        assert_int_equal(ost_insert(c->s, parcel, &given), OST_RANGE);
        assert_string_equal(ost_session_error(c->s)->model, "parcel");
        assert_string_equal(ost_session_error(c->s)->field, wrong[i].field);
        assert_int_equal(ost_insert_many(c->s, parcel, &given, 1), OST_RANGE);
        given.id = 1;
        assert_int_equal(ost_replace(c->s, parcel, &given), OST_RANGE);
    }
    assert_string_equal(server_text(c->url, "SELECT concat(id, label, count, price) FROM parcels"),
                        "1abc1270.00");
    chaos_end(c);
}

/* What others have stored in that mode is no date; it is not read as one. */
static void fm32_what_is_no_date_is_not_read(void **state)
{
    chaos world, *c = &world;
    begin(c, state);
    chaos_sql(c, "CREATE TABLE parcels (id bigint PRIMARY KEY, label varchar(3), count tinyint,"
                 " price decimal(5,2), sent date) ENGINE=InnoDB; INSERT INTO parcels VALUES"
                 " (1, 'a', 1, 1, '0000-00-00'), (2, 'a', 1, 1, '2020-02-31'),"
                 " (3, 'a', 1, 1, NULL)");
    for (int64_t id = 1; id <= 2; id++) {
        assert_null(ost_get(c->s, parcel, id));
        assert_int_equal(ost_session_error(c->s)->status, OST_RANGE);
        assert_string_equal(ost_session_error(c->s)->field, "sent");
    }
    const parcel *third = ost_get(c->s, parcel, 3);
    assert_true(third && !third->sent.present);
    chaos_end(c);
}

/* ---- fm34: every character ---- */

static size_t put_code_point(char *out, uint32_t c)
{
    static const uint32_t leads[] = { 0, 0xC0, 0xE0, 0xF0 };
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    out[0] = (char)(leads[more] | c >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
    return 1 + more;
}

/* All code points but NUL and those that are halves of others, a few thousand in each record. */
static void fm34_every_character_comes_back(void **state)
{
    enum { IN_ONE = 4096, PAGES = 0x110000 / IN_ONE, SIZE = 4 * IN_ONE + 1 };
    chaos world, *c = &world;
    size_t found = 0;
    char *room = calloc(PAGES, SIZE);
    page *pages = calloc(PAGES, sizeof *pages);
    assert_true(room && pages);
    begin(c, state);
    for (uint32_t i = 0; i < PAGES; i++) {
        char *text = room + (size_t)i * SIZE, *end = text;
        for (uint32_t point = i * IN_ONE; point < (i + 1) * IN_ONE; point++)
            if (point != 0 && (point < 0xD800 || point > 0xDFFF))
                end += put_code_point(end, point);
        pages[i] = (page){ .id = i, .text = text };
    }
    OK(ost_insert_many(c->s, page, pages, PAGES));
    ost_query *q = ost_from(c->s, page);
    ost_order_by(q, ost_asc(page, id));
    const page *back = ost_all(q, page, &found);
    if (!back)
        OK((ost_status)ost_session_error(c->s)->status);
    assert_int_equal(found, PAGES);
    for (size_t i = 0; i < PAGES; i++)
        assert_string_equal(back[i].text, pages[i].text);
    free(pages);
    free(room);
    chaos_end(c);
}

/* ---- fm40: zones ---- */

/* Around changes of clocks in several zones, at the ends of types, and with fractions. */
static const int64_t instants[] = {
    0,
    -1,
    1711846800000000, /* 2024-03-31T01:00:00Z */
    1711846799999999,
    1711846800000001,
    1729990800000000, /* 2024-10-27T01:00:00Z */
    1729987200000000,
    1729994399999999,
    1710054000000000, /* 2024-03-10T07:00:00Z */
    2147483647000000,
    2147483648000000,
    -2147483649000000,
    -62135596800000000, /* 0001-01-01T00:00:00Z */
    1709164800123456,   /* 2024-02-29T00:00:00.123456Z */
    253402300799999999, /* 9999-12-31T23:59:59.999999Z */
};
enum { INSTANTS = sizeof instants / sizeof *instants, LAST = INSTANTS - 1 };

/* MongoDB keeps milliseconds, the nearest ones, and none that are in the year 10000. */
static int64_t given(const chaos *c, int64_t i)
{
    return c->server == SERVER_MONGODB && i == LAST ? 253402300799999000 : instants[i];
}

static int64_t stored(const chaos *c, int64_t i)
{
    int64_t at = given(c, i), part = ((at % 1000) + 1000) % 1000;
    return c->server == SERVER_MONGODB ? at - part + (part >= 500 ? 1000 : 0) : at;
}

static void check_moments(chaos *c, int64_t first)
{
    for (int64_t i = 0; i < INSTANTS; i++) {
        int64_t count = 0;
        const ost_time at = { stored(c, i) };
        const moment *back = ost_get(c->s, moment, first + i);
        assert_non_null(back);
        assert_int_equal(ost_time_compare(back->at, at), 0);
        assert_int_equal(back->day.days, (int32_t)(i * 1000));
        ost_query *q = ost_from(c->s, moment);
        ost_where(q, ost_eq(moment, at, at));
        ost_where(q, ost_eq(moment, id, first + i));
        ost_where(q, ost_ge(moment, at, at));
        OK(ost_count_of(q, &count));
        assert_int_equal(count, 1);
    }
}

/* What others see who ask the server for the time in UTC. */
static void others_agree(chaos *c)
{
    static const char at[] = "2024-03-31 01:00:00.000000", day[] = "1972-09-27";
    const char *at_of_2 =
        chaos_words(c,
                    "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM moments"
                    " WHERE id = 2",
                    "SELECT at FROM moments WHERE id = 2",
                    "{\"find\": \"moments\", \"filter\": {\"_id\": 2}, \"projection\":"
                    " {\"_id\": 0, \"at\": 1}}");
    const char *day_of_1 = chaos_words(c, "SELECT day FROM moments WHERE id = 1",
                                       "SELECT day FROM moments WHERE id = 1",
                                       "{\"find\": \"moments\", \"filter\": {\"_id\": 1},"
                                       " \"projection\": {\"_id\": 0, \"day\": 1}}");
    assert_string_equal(
        server_text(c->url, at_of_2),
        chaos_words(c, at, at, "{ \"at\" : { \"$date\" : \"2024-03-31T01:00:00Z\" } }"));
    assert_string_equal(
        server_text(c->url, day_of_1),
        chaos_words(c, day, day, "{ \"day\" : { \"$date\" : \"1972-09-27T00:00:00Z\" } }"));
}

static void fm40_zones_of_server_and_program_change_nothing(void **state)
{
    static const char *const zones[] = { "UTC0", "Europe/Berlin", "America/St_Johns",
                                         "Pacific/Apia", "XYZ-14" };
    chaos world, *c = &world;
    const char *before = getenv("TZ");
    begin(c, state);
    const char *offset = chaos_words(c, "SELECT extract(timezone FROM now())::int",
                                     "SELECT timestampdiff(SECOND, utc_timestamp(), now())", NULL);
    /* MongoDB has no zone of its own. */
    if (offset)
        assert_string_not_equal(server_text(c->url, offset), "0");
    for (int64_t z = 0; z < (int64_t)(sizeof zones / sizeof *zones); z++) {
        assert_int_equal(setenv("TZ", zones[z], 1), 0);
        tzset();
        for (int64_t i = 0; i < INSTANTS; i++)
            OK(ost_insert(c->s, moment,
                          &(moment){ .id = 100 * z + i,
                                     .at = { given(c, i) },
                                     .day = { (int32_t)(i * 1000) } }));
        check_moments(c, 100 * z);
        chaos_close(c);
        chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    }
    for (int64_t z = 0; z < (int64_t)(sizeof zones / sizeof *zones); z++)
        check_moments(c, 100 * z);
    others_agree(c);
    assert_int_equal(before ? setenv("TZ", before, 1) : unsetenv("TZ"), 0);
    tzset();
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MYSQL(fm32_what_does_not_fit_is_not_bent),
        ON_MYSQL(fm32_what_is_no_date_is_not_read),
        ON_SERVERS(fm34_every_character_comes_back),
        ON_SERVERS(fm40_zones_of_server_and_program_change_nothing),
    };
    return RUN_CHAOS(tests, NULL);
}
