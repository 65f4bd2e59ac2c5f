/* SPDX-License-Identifier: MIT */
/* Tables that others made, by the sqlite3 shell from adopted.sql: read, asked, written, and
 * otherwise left as they are. */
#include "schema_rig.h"

#include <sys/wait.h>

typedef struct line {
    int64_t id;
    ost_decimal price;
    ost_opt_decimal quantity;
    const char *category; /* by the column's own rules */
    const char *remark;   /* by its bytes, whatever the column says */
    ost_time created_at;
    ost_opt_time paid_at;
    ost_opt_date ship_by;
} line;
OST_RECORD(line, id);
OST_MODEL(line, .table = "Order Lines", .adopted = true,
          OST_FIELDS(OST_FIELD(line, id, .column = "select", .primary_key = true,
                               .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(line, price, .column = "unit price", .precision = 12, .scale = 2,
                               .stored = OST_STORED_NUMERIC),
                     OST_FIELD(line, quantity, .column = "qty", .precision = 9, .scale = 3,
                               .stored = OST_STORED_NUMERIC),
                     OST_FIELD(line, category, .column = "group", .collation = OST_AS_STORED),
                     OST_FIELD(line, remark, .column = "Remark"),
                     OST_FIELD(line, created_at, .column = "created at",
                               .stored = OST_STORED_SECONDS_TEXT),
                     OST_FIELD(line, paid_at, .column = "paid", .stored = OST_STORED_UNIX_SECONDS),
                     OST_FIELD(line, ship_by, .column = "ship-by?")));

typedef struct customer {
    const char *name;
    ost_opt_decimal credit;
    ost_opt_date since;
} customer;
OST_RECORD(customer, name);
OST_MODEL(customer, .adopted = true,
          OST_FIELDS(OST_FIELD(customer, name, .column = "Name", .primary_key = true,
                               .collation = OST_AS_STORED),
                     OST_FIELD(customer, credit, .precision = 10, .scale = 2,
                               .stored = OST_STORED_NUMERIC),
                     OST_FIELD(customer, since)));

typedef struct dear {
    int64_t id;
    ost_decimal price;
} dear;
OST_RECORD(dear, id);
OST_MODEL(dear, .table = "dear lines", .adopted = true,
          OST_FIELDS(OST_FIELD(dear, id, .column = "select", .primary_key = true),
                     OST_FIELD(dear, price, .column = "unit price", .precision = 12, .scale = 2,
                               .stored = OST_STORED_NUMERIC)));

typedef struct group_sum {
    const char *name;
    int64_t count;
    ost_opt_decimal sum, average, least, most;
} group_sum;
OST_PART(group_sum);
OST_MODEL(group_sum, OST_FIELDS(OST_FIELD(group_sum, name), OST_FIELD(group_sum, count),
                                OST_FIELD(group_sum, sum), OST_FIELD(group_sum, average),
                                OST_FIELD(group_sum, least), OST_FIELD(group_sum, most)));

/* ---- the file ---- */

static ost_db *db;
static ost_session *s;

/* Runs the sqlite3 shell on the file; the output goes to `out`, which is to be freed. */
static char *shell(const rig *r, const char *arguments)
{
    char command[400], *text = NULL;
    size_t size = 0, n;
    char part[4096];
    snprintf(command, sizeof command, "sqlite3 -batch -bail %s %s", r->path, arguments);
    FILE *in = popen(command, "r"), *out = open_memstream(&text, &size);
    assert_non_null(in);
    assert_non_null(out);
    while ((n = fread(part, 1, sizeof part, in)) > 0)
        assert_int_equal(fwrite(part, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    int status = pclose(in);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return text;
}

static char *dump(const rig *r)
{
    return shell(r, ".dump");
}

static int set_up(void **state)
{
    assert_int_equal(rig_set_up(state), 0);
    rig *r = *state;
    free(shell(r, "< " OST_SOURCE_DIR "/tests/schema/adopted.sql"));
    db = rig_open(r, OST_MODELS(&line_model, &customer_model, &dear_model));
    OK(ost_session_open(db, NULL, &s, NULL));
    return 0;
}

static int tear_down(void **state)
{
    ost_session_close(s);
    ost_close(db);
    return rig_tear_down(state);
}

/* How many lines of a dump differ from another one of as many lines. */
static size_t differing_lines(const char *a, const char *b)
{
    size_t differing = 0;
    while (*a || *b) {
        size_t x = strcspn(a, "\n"), y = strcspn(b, "\n");
        differing += x != y || memcmp(a, b, x) != 0;
        a += x + (a[x] == '\n');
        b += y + (b[y] == '\n');
    }
    return differing;
}

static ost_decimal cents(int64_t n)
{
    return ost_decimal_of(n, 2);
}

static ost_time at(const char *text)
{
    ost_time t = { 0 };
    assert_true(ost_time_parse(text, &t));
    return t;
}

static ost_date day(const char *text)
{
    ost_date d = { 0 };
    assert_true(ost_date_parse(text, &d));
    return d;
}

/* The keys of the lines that meet a condition, in their order, as digits. */
static const char *ids(const ost_expr *condition)
{
    static char text[16];
    size_t count;
    ost_query *q = ost_from(s, line);
    ost_where(q, condition);
    ost_order_by(q, ost_asc(line, id));
    line *rows = ost_all(q, line, &count);
    if (!rows)
        fail_msg("%s", ost_session_error(s)->message);
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('0' + rows[i].id);
    text[count] = '\0';
    return text;
}
#define IDS(expected, condition) assert_string_equal(ids(condition), expected)

static void expect_order(const char *expected, const ost_expr *key)
{
    char text[16] = "";
    size_t count;
    ost_query *q = ost_from(s, line);
    ost_order_by(q, key);
    line *rows = ost_all(q, line, &count);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('0' + rows[i].id);
    assert_string_equal(text, expected);
}

/* ---- reading ---- */

static void rows_are_read(void **state)
{
    rig *r = *state;
    char *before = dump(r);
    OK(ost_create_tables(db, &r->error));
    assert_int_equal(atomic_load(&r->ddl), 0);
    line *one = ost_get(s, line, 1), *three, *four, *five;
    assert_non_null(one);
    assert_int_equal(ost_decimal_compare(one->price, cents(10)), 0);
    assert_int_equal(one->price.scale, 2);
    assert_string_equal(one->category, "Toys");
    assert_int_equal(ost_time_compare(one->created_at, at("2024-02-29T12:30:15Z")), 0);
    assert_true(one->paid_at.present);
    assert_true(one->paid_at.value.microseconds == INT64_C(1709210000000000));
    assert_int_equal(one->ship_by.value.days, day("2024-03-01").days);
    three = ost_get(s, line, 3);
    assert_non_null(three);
    assert_false(three->quantity.present);
    assert_null(three->remark);
    four = ost_get(s, line, 4);
    assert_non_null(four);
    assert_int_equal(ost_decimal_compare(four->price, cents(500)), 0);
    assert_int_equal(ost_decimal_compare(four->quantity.value, ost_decimal_of(12345, 3)), 0);
    five = ost_get(s, line, 5);
    assert_non_null(five);
    assert_int_equal(ost_decimal_compare(five->price, cents(123456789)), 0);
    assert_int_equal(ost_time_compare(five->created_at, at("1969-07-20T20:17:40Z")), 0);
    assert_null(five->category);
    char *after = dump(r);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

static void filters_take_the_stored_form(void **state)
{
    const ost_decimal some[] = { cents(10), cents(500), cents(1) };
    const ost_time times[] = { at("2024-03-01T00:00:00Z"), at("1999-12-31T23:59:59.4Z") };
    (void)state;
    IDS("1", ost_eq(line, price, cents(10)));
    IDS("2", ost_eq(line, price, ost_decimal_of(200, 3)));
    IDS("", ost_eq(line, price, ost_decimal_of(201, 3)));
    IDS("16", ost_le(line, price, ost_decimal_of(199, 3)));
    IDS("5", ost_gt(line, price, cents(1990)));
    IDS("35", ost_ge(line, price, cents(1990)));
    IDS("4", ost_eq(line, price, 5));
    IDS("14", ost_in(line, price, some, 3));
    IDS("4", ost_eq(line, quantity, ost_decimal_of(12345, 3)));
    IDS("24", ost_between(line, quantity, 2, 13));
    IDS("35", ost_cmp_gt(ost_col(line, price), ost_lit(6)));
    IDS("126", ost_cmp_lt(ost_col(line, price), ost_lit(cents(30))));
    IDS("56", ost_cmp_gt(ost_col(line, price), ost_col(line, quantity)));
    IDS("16", ost_eq(line, created_at, at("2024-02-29T12:30:15Z")));
    IDS("16", ost_eq(line, created_at, at("2024-02-29T12:30:15.4Z")));
    IDS("2", ost_eq(line, created_at, at("2024-02-29T12:30:15.5Z")));
    IDS("35", ost_lt(line, created_at, at("2000-01-01T00:00:00Z")));
    IDS("34", ost_in(line, created_at, times, 2));
    IDS("16", ost_eq(line, paid_at, (ost_time){ INT64_C(1709210000000000) }));
    IDS("5", ost_lt(line, paid_at, (ost_time){ 0 }));
    IDS("2", ost_is_null(line, paid_at));
    IDS("345", ost_cmp_eq(ost_col(line, created_at), ost_col(line, paid_at)));
    IDS("14", ost_eq(line, ship_by, day("2024-03-01")));
}

static void text_follows_its_collation(void **state)
{
    static const char *const names[] = { "TOYS", "games" };
    static const char *const remarks[] = { "first", "FIRST" };
    (void)state;
    IDS("12", ost_eq(line, category, "TOYS"));
    IDS("34", ost_eq(line, category, "Books"));
    IDS("126", ost_in(line, category, names, 2));
    IDS("126", ost_gt(line, category, "f"));
    IDS("2", ost_eq(line, remark, "first"));
    IDS("", ost_eq(line, remark, "FIRST"));
    IDS("2", ost_in(line, remark, remarks, 2));
    IDS("26", ost_between(line, remark, "a", "z"));
    IDS("126", ost_has_text(line, remark, "FIRST"));
    IDS("4", ost_starts_with(line, remark, "Ä"));
    IDS("6", ost_ends_with(line, remark, " "));
    /* A comparison of two members is by bytes as soon as one of them is. */
    IDS("", ost_cmp_eq(ost_col(line, remark), ost_col(line, category)));
}

static void orders_follow_the_form(void **state)
{
    (void)state;
    expect_order("612435", ost_asc(line, price));
    expect_order("365124", ost_asc(line, quantity));
    expect_order("534612", ost_asc(line, category));
    expect_order("351264", ost_asc(line, remark));
    expect_order("416352", ost_desc(line, ship_by));
}

/* ---- groups and sums ---- */

static group_sum *sums(const ost_expr *by, size_t *count)
{
    const ost_expr *price = ost_col(line, price);
    ost_query *q = ost_from(s, line);
    if (by)
        ost_group_by(q, by);
    ost_where(q, ost_lt(line, id, 5));
    ost_select(q, ost_as(group_sum, name, by), ost_as(group_sum, count, ost_count()),
               ost_as(group_sum, sum, ost_sum(price)), ost_as(group_sum, average, ost_avg(price)),
               ost_as(group_sum, least, ost_min(price)), ost_as(group_sum, most, ost_max(price)));
    ost_order_by(q, ost_asc(group_sum, sum));
    group_sum *rows = ost_all(q, group_sum, count);
    if (!rows)
        fail_msg("%s", ost_session_error(s)->message);
    return rows;
}

static void groups_follow_the_collation(void **state)
{
    size_t count;
    (void)state;
    group_sum *rows = sums(ost_col(line, category), &count);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].count, 2);
    /* As doubles they are 0.30000000000000004 and 24.9. */
    assert_int_equal(ost_decimal_compare(rows[0].sum.value, cents(30)), 0);
    assert_int_equal(ost_decimal_compare(rows[1].sum.value, cents(2490)), 0);
    assert_int_equal(ost_decimal_compare(rows[1].average.value, cents(1245)), 0);
    assert_int_equal(ost_decimal_compare(rows[1].least.value, cents(500)), 0);
    assert_int_equal(ost_decimal_compare(rows[1].most.value, cents(1990)), 0);
    rows = sums(ost_col(line, remark), &count);
    assert_int_equal(count, 4);
    assert_string_equal(rows[0].name, "First");
    assert_string_equal(rows[1].name, "first");
    ost_value v;
    OK(ost_value_of(ost_from(s, line), ost_count_distinct(ost_col(line, category)), &v));
    assert_int_equal(v.as.integer, 3);
    OK(ost_value_of(ost_from(s, line), ost_count_distinct(ost_col(line, remark)), &v));
    assert_int_equal(v.as.integer, 5);
}

static void sums_are_exact(void **state)
{
    rig *r = *state;
    ost_value v;
    OK(ost_value_of(ost_from(s, line), ost_sum(ost_col(line, price)), &v));
    assert_int_equal(v.type, OST_TYPE_DECIMAL);
    assert_int_equal(ost_decimal_compare(v.as.decimal, cents(123459279)), 0);
    /* Ten thousand times 0.1 is 1000, which doubles miss. */
    rig_execute(r, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
                   " INSERT INTO \"Order Lines\" (\"unit price\", qty) SELECT 0.1, '0.001' FROM n");
    ost_query *q = ost_from(s, line);
    ost_where(q, ost_gt(line, id, 6));
    OK(ost_value_of(q, ost_sum(ost_col(line, price)), &v));
    assert_int_equal(ost_decimal_compare(v.as.decimal, cents(100000)), 0);
    OK(ost_value_of(q, ost_sum(ost_col(line, quantity)), &v));
    assert_int_equal(ost_decimal_compare(v.as.decimal, ost_decimal_of(10000, 3)), 0);
    OK(ost_value_of(q, ost_avg(ost_col(line, price)), &v));
    assert_int_equal(ost_decimal_compare(v.as.decimal, cents(10)), 0);
}

static void views_are_read(void **state)
{
    size_t count;
    ost_query *q = ost_from(s, dear);
    (void)state;
    ost_order_by(q, ost_asc(dear, price));
    dear *rows = ost_all(q, dear, &count);
    assert_non_null(rows);
    assert_int_equal(count, 3);
    assert_int_equal(ost_decimal_compare(rows[0].price, cents(500)), 0);
    rows[0].price = cents(1);
    assert_int_not_equal(ost_save(s, dear, &rows[0]), OST_OK);
    assert_true(ost_session_error(s)->message[0] != '\0');
}

/* ---- writing ---- */

static void a_save_writes_its_column_alone(void **state)
{
    rig *r = *state;
    char *before = dump(r);
    line *two = ost_get(s, line, 2);
    assert_non_null(two);
    two->created_at = at("2030-01-02T03:04:05.678Z");
    OK(ost_save(s, line, two));
    char *after = dump(r);
    assert_int_equal(differing_lines(before, after), 1);
    rig_expect(r,
               "SELECT \"created at\", typeof(\"unit price\"), typeof(qty), \"group\", changes,"
               " \"extra \"\"two\"\"\", typeof(paid) FROM \"Order Lines\" WHERE \"select\" = 2",
               "2030-01-02 03:04:06|real|real|toys|0|7|null\n");
    /* What the session holds is what is stored. */
    assert_int_equal(ost_time_compare(two->created_at, at("2030-01-02T03:04:06Z")), 0);
    free(before);
    free(after);
}

static void every_form_is_written(void **state)
{
    rig *r = *state;
    char *before = dump(r);
    line *three = ost_get(s, line, 3);
    assert_non_null(three);
    three->price = cents(1995);
    ost_put(three->quantity, ost_decimal_of(-1500, 3));
    three->category = "Bücher";
    three->remark = "it's \"quoted\"";
    ost_put(three->paid_at, at("2024-01-01T00:00:00Z"));
    ost_put(three->ship_by, day("2024-12-31"));
    OK(ost_save(s, line, three));
    rig_expect(r,
               "SELECT \"unit price\", typeof(\"unit price\"), qty, typeof(qty), \"group\","
               " \"Remark\", \"created at\", paid, typeof(paid), \"ship-by?\","
               " hex(\"extra one\"), \"extra \"\"two\"\"\", changes FROM \"Order Lines\" WHERE "
               "\"select\" = 3",
               "19.95|real|-1.5|real|Bücher|it's \"quoted\"|1999-12-31 23:59:59|1704067200|integer|"
               "2024-12-31|0102|(null)|1\n");
    char *after = dump(r);
    assert_int_equal(differing_lines(before, after), 1);
    IDS("3", ost_eq(line, price, cents(1995)));
    free(before);
    free(after);
}

static void an_insert_leaves_what_it_does_not_know_to_the_table(void **state)
{
    rig *r = *state;
    char *schema = rig_ask(r, "SELECT sql FROM sqlite_schema");
    line made = { .price = cents(7),
                  .category = "new",
                  .created_at = at("2024-05-06T07:08:08.5Z") };
    OK(ost_insert(s, line, &made));
    assert_int_equal(made.id, 7);
    assert_int_equal(ost_time_compare(made.created_at, at("2024-05-06T07:08:09Z")), 0);
    rig_expect(r, "SELECT * FROM \"Order Lines\" WHERE \"select\" = 7",
               "7|0.07|(null)|new|(null)|2024-05-06 07:08:09|(null)|(null)|\x01\x02|(null)|0\n");
    OK(ost_delete(s, line, &made));
    /* Keys of a table with AUTOINCREMENT are never given again. */
    OK(ost_insert(s, line, &(line){ .price = cents(8), .created_at = made.created_at }));
    IDS("8", ost_eq(line, price, cents(8)));
    rig_expect(r, "SELECT sql FROM sqlite_schema", schema);
    free(schema);
}

static void queries_write_and_leave_the_rest_alone(void **state)
{
    rig *r = *state;
    int64_t matched;
    char *before = rig_ask(r, "SELECT * FROM \"Order Lines\" WHERE \"select\" NOT IN (1, 2)");
    ost_query *q = ost_from(s, line);
    ost_where(q, ost_eq(line, category, "tOyS"));
    assert_non_null(strstr(ost_render(q), "\"group\" /* as stored */ = "));
    OK(ost_update(q, &matched, ost_inc(line, price, cents(20)), ost_set_null(line, quantity),
                  ost_set(line, paid_at, at("2024-01-01T00:00:00.9Z"))));
    assert_int_equal(matched, 2);
    rig_expect(
        r, "SELECT \"unit price\", qty, paid, changes FROM \"Order Lines\" WHERE \"select\" < 3",
        "0.3|(null)|1704067201|1\n0.4|(null)|1704067201|1\n");
    rig_expect(r, "SELECT * FROM \"Order Lines\" WHERE \"select\" NOT IN (1, 2)", before);
    q = ost_from(s, line);
    ost_where(q, ost_eq(line, remark, "first"));
    OK(ost_delete_all(q, &matched));
    assert_int_equal(matched, 1);
    rig_expect(r, "SELECT * FROM \"Order Lines\" WHERE \"select\" NOT IN (1, 2)", before);
    free(before);
}

static void keys_that_ignore_case(void **state)
{
    rig *r = *state;
    (void)r;
    customer *alice = ost_get(s, customer, "ALICE");
    assert_non_null(alice);
    assert_string_equal(alice->name, "alice");
    assert_int_equal(ost_decimal_compare(alice->credit.value, cents(1005)), 0);
    ost_put(alice->credit, cents(1010));
    OK(ost_save(s, customer, alice));
    FAILS("OST_CONFLICT", ost_insert(s, customer, &(customer){ .name = "BOB" }));
    customer other = { .name = "dave", .since = { true, day("2020-01-01") } };
    OK(ost_insert(s, customer, &other));
    rig_expect(r, "SELECT * FROM customer",
               "alice|10.1|2001-02-03\nBob|0.7|(null)\ncarol|3|(null)\ndave|(null)|2020-01-01\n");
    customer bob = { .name = "bob", .credit = { true, cents(1) } };
    OK(ost_replace(s, customer, &bob));
    rig_expect(r, "SELECT * FROM customer WHERE Name = 'bob'", "Bob|0.01|(null)\n");
}

/* ---- what does not fit ---- */

static void misfits_are_named(void **state)
{
    rig *r = *state;
    static const struct {
        const char *set, *field;
    } cases[] = {
        { "\"unit price\" = 'abc'", "price" },
        { "\"unit price\" = 0.001", "price" },
        { "\"unit price\" = 1e300", "price" },
        { "qty = x'00'", "quantity" },
        { "\"created at\" = 'yesterday'", "created_at" },
        { "\"created at\" = '2023-02-29 00:00:00'", "created_at" },
        { "\"created at\" = 12", "created_at" },
        { "paid = 'soon'", "paid_at" },
        { "paid = 9223372036854775807", "paid_at" },
        { "\"ship-by?\" = '2024-13-01'", "ship_by" },
        { "\"group\" = x'414243'", "category" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "UPDATE \"Order Lines\" SET %s WHERE \"select\" = 2",
                 cases[i].set);
        rig_execute(r, sql);
        assert_null(ost_get(s, line, 2));
        if (ost_session_error(s)->status != OST_RANGE)
            fail_msg("%s: %s", cases[i].set, ost_session_error(s)->message);
        assert_string_equal(ost_session_error(s)->field, cases[i].field);
        assert_string_equal(ost_session_error(s)->model, "line");
        assert_non_null(ost_get(s, line, 1));
        rig_execute(r, "DELETE FROM \"Order Lines\" WHERE \"select\" = 2;"
                       "INSERT INTO \"Order Lines\" (\"select\", \"unit price\") VALUES (2, 1)");
    }
    line bad = { .price = ost_decimal_of(1, 3) };
    FAILS("OST_RANGE", ost_insert(s, line, &bad));
    bad.price = ost_decimal_of(INT64_C(99999999999), 0);
    FAILS("OST_RANGE", ost_insert(s, line, &bad));
    assert_string_equal(ost_session_error(s)->field, "price");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_are_read),
        CASE(filters_take_the_stored_form),
        CASE(text_follows_its_collation),
        CASE(orders_follow_the_form),
        CASE(groups_follow_the_collation),
        CASE(sums_are_exact),
        CASE(views_are_read),
        CASE(a_save_writes_its_column_alone),
        CASE(every_form_is_written),
        CASE(an_insert_leaves_what_it_does_not_know_to_the_table),
        CASE(queries_write_and_leave_the_rest_alone),
        CASE(keys_that_ignore_case),
        CASE(misfits_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
