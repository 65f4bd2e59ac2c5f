/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include <float.h>
#include <sqlite3.h>

typedef enum state_of { OPEN, SHUT } state_of;
typedef struct owner {
    int64_t id;
    const char *name;
} owner;
OST_RECORD(owner, id);
OST_MODEL(owner, .table = "owners",
          OST_FIELDS(OST_FIELD(owner, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(owner, name, .required = true)));

typedef struct account {
    int64_t id;
    const char *code;
    ost_opt_int64 owner;
    state_of status;
    bool active;
    signed char level;
    ost_opt_int points;
    uint64_t visits;
    double rate;
    float ratio;
    ost_decimal money;
    ost_decimal debt;
    const char *first;
    const char *second;
} account;
OST_RECORD(account, id);
OST_MODEL(
    account, .table = "accounts",
    OST_FIELDS(OST_FIELD(account, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
               OST_FIELD(account, code, .not_null = true, .unique = true, .column = "account_code"),
               OST_FIELD(account, owner),
               OST_FIELD(account, status, .values = OST_NAMES("open", "shut")),
               OST_FIELD(account, active), OST_FIELD(account, level),
               OST_FIELD(account, points, .min = OST_INT(0), .max = OST_INT(100)),
               OST_FIELD(account, visits), OST_FIELD(account, rate, .max = OST_REAL(10.5)),
               OST_FIELD(account, ratio),
               OST_FIELD(account, money, .precision = 8, .scale = 2, .min = OST_UNITS(0, 0)),
               OST_FIELD(account, debt, .precision = 30, .scale = 4),
               OST_FIELD(account, first, .column = "first name"), OST_FIELD(account, second)));

typedef struct tiny {
    signed char id;
} tiny;
OST_RECORD(tiny, id);
OST_MODEL(tiny,
          OST_FIELDS(OST_FIELD(tiny, id, .primary_key = true, .generated = OST_AUTO_INCREMENT)));

typedef struct world {
    bench b;
    ost_table *owners, *accounts;
    ost_table_index index;
    ost_table_foreign_key key;
    const ost_field *names[2], *owner_field[1];
} world;

static int set_up(void **state)
{
    world *w = calloc(1, sizeof *w);
    bench_open(&w->b, ost_driver_sqlite(), "sqlite::memory:");
    w->owners = bench_table(&w->b, &owner_model);
    w->accounts = bench_table(&w->b, &account_model);
    w->names[0] = table_field(w->accounts, "first");
    w->names[1] = table_field(w->accounts, "second");
    w->index = (ost_table_index){
        .name = "account_names", .fields = w->names, .field_count = 2, .unique = true
    };
    w->owner_field[0] = table_field(w->accounts, "owner");
    w->key = (ost_table_foreign_key){
        .name = "account_owner", .fields = w->owner_field, .field_count = 1, .target = w->owners
    };
    w->accounts->indexes = &w->index;
    w->accounts->index_count = 1;
    w->accounts->foreign_keys = &w->key;
    w->accounts->foreign_key_count = 1;
    create(&w->b, w->owners);
    create(&w->b, w->accounts);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

static ost_status insert(world *w, account *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->accounts);
    account *back = calloc(count, sizeof *back);
    size_t n;
    ost_status status;
    from_records(m, in, count, sizeof *in, true);
    status = run_rows(m, back, count, &n);
    for (size_t i = 0; i < n; i++)
        in[i].id = back[i].id;
    free(back);
    discard(m);
    return status;
}

/* ---- inserts ---- */

static void keys_come_back_in_order(void **state)
{
    world *w = *state;
    account in[3] = { { .code = "a" }, { .code = "b" }, { .code = "c" } };
    assert_int_equal(insert(w, in, 3), OST_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(in[i].id, i + 1);
    assert_int_equal(w->b.outcome.matched, 3);
    assert_int_equal(w->b.outcome.changed, 3);
    assert_int_equal(w->b.outcome.statements, 3);
    assert_int_equal(w->b.outcome.failed_record, SIZE_MAX);
}

static void other_members_come_back_by_returning(void **state)
{
    world *w = *state;
    made *m = make(&w->b, OST_DO_INSERT, w->accounts);
    account in[2] = { { .code = "a", .level = 3 }, { .code = "b", .level = 4 } }, out[2];
    size_t count;
    from_records(m, in, 2, sizeof in[0], true);
    m->program.step_count = 0;
    column(m, member(m, "id"), table_field(w->accounts, "id"));
    column(m, member(m, "level"), table_field(w->accounts, "level"));
    column(m, member(m, "money"), table_field(w->accounts, "money"));
    m->program.row_size = sizeof out[0];
    assert_int_equal(run_rows(m, out, 2, &count), OST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(out[1].id, 2);
    assert_int_equal(out[1].level, 4);
    assert_int_equal(out[0].money.scale, 2);
    discard(m);
    m = make(&w->b, OST_DO_UPDATE, w->accounts);
    set_change(m, OST_OP_INC, "level", ost_value_int(1));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(2));
    column(m, member(m, "level"), table_field(w->accounts, "level"));
    m->program.row_size = sizeof out[0];
    assert_int_equal(run_rows(m, out, 2, &count), OST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(out[0].level, 5);
    discard(m);
    /* Members that the shape does not name cannot come back. */
    m = make(&w->b, OST_DO_INSERT, w->accounts);
    in[0].code = "z";
    from_records(m, in, 1, sizeof in[0], true);
    m->steps[0].field = table_field(w->accounts, "level");
    assert_int_equal(run_rows(m, out, 1, &count), OST_MISUSE);
    discard(m);
}

static void a_key_that_does_not_fit_its_member_is_an_error(void **state)
{
    world *w = *state;
    ost_table *t = bench_table(&w->b, &tiny_model);
    made *m = make(&w->b, OST_DO_INSERT, t);
    tiny in = { 0 }, out[2];
    size_t count;
    create(&w->b, t);
    sql(&w->b, "INSERT INTO tiny VALUES (126)");
    from_records(m, &in, 1, sizeof in, true);
    assert_int_equal(run_rows(m, out, 1, &count), OST_OK);
    assert_int_equal(out[0].id, 127);
    assert_int_equal(run_rows(m, out, 1, &count), OST_RANGE);
    assert_int_equal(m->bad_status, OST_RANGE);
    discard(m);
}

static void what_is_broken_is_named(void **state)
{
    world *w = *state;
    account in[3] = { { .code = "a", .first = "x", .second = "y" },
                      { .code = "b" },
                      { .code = "a" } };
    account bad;
    ost_error *e = &w->b.error;
    assert_int_equal(insert(w, in, 3), OST_CONFLICT);
    assert_int_equal(w->b.outcome.failed_record, 2);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_string_equal(e->model, "account");
    assert_string_equal(e->field, "code");
    assert_string_equal(e->constraint, "accounts.account_code");
    assert_int_equal(e->native_code, SQLITE_CONSTRAINT_UNIQUE);
    assert_int_equal(e->retryable, 0);
    assert_null(strstr(e->message, "'a'"));
    assert_non_null(strstr(e->message, "account.code"));

    bad = (account){ .code = "c", .first = "x", .second = "y" };
    assert_int_equal(insert(w, &bad, 1), OST_CONFLICT);
    assert_string_equal(e->constraint, "account_names");
    assert_string_equal(e->field, "first");

    bad = (account){ .code = NULL };
    assert_int_equal(insert(w, &bad, 1), OST_NOT_NULL);
    assert_string_equal(e->field, "code");
    assert_string_equal(e->constraint, "accounts.account_code");

    bad = (account){ .code = "d", .owner = OST_SOME(77) };
    assert_int_equal(insert(w, &bad, 1), OST_FOREIGN_KEY);
    assert_string_equal(e->field, "owner");
    assert_string_equal(e->constraint, "account_owner");
    assert_int_equal(sql_int(&w->b, "SELECT count(*) FROM accounts"), 2);
}

static ost_status update_raw(world *w, const char *text)
{
    return simple_on(&w->b, w->b.c, OST_DO_RAW, text);
}

static void checks_and_types_are_named(void **state)
{
    world *w = *state;
    account in = { .code = "a" };
    ost_error e = { 0 };
    assert_int_equal(insert(w, &in, 1), OST_OK);
    /* Past the library, as another program would. */
    assert_int_equal(update_raw(w, "UPDATE accounts SET status = 'gone'"), OST_CHECK);
    assert_string_equal(w->b.error.constraint, "accounts_status_check");
    assert_int_equal(update_raw(w, "UPDATE accounts SET active = 2"), OST_CHECK);
    assert_int_equal(update_raw(w, "UPDATE accounts SET level = 'high'"), OST_RANGE);
    assert_int_equal(w->b.error.native_code, SQLITE_CONSTRAINT_DATATYPE);
    /* With the operation at hand, the member is found. */
    made *m = make(&w->b, OST_DO_UPDATE, w->accounts);
    w->b.driver->classify(&m->op, SQLITE_CONSTRAINT_CHECK, "",
                          "CHECK constraint failed: accounts_status_check", &e);
    assert_int_equal(e.status, OST_CHECK);
    assert_string_equal(e.field, "status");
    w->b.driver->classify(&m->op, SQLITE_CONSTRAINT_DATATYPE, "",
                          "cannot store TEXT value in INTEGER column accounts.level", &e);
    assert_int_equal(e.status, OST_RANGE);
    assert_string_equal(e.field, "level");
}

static void classify_needs_no_server(void **state)
{
    static const struct {
        int32_t code;
        const char *text;
        ost_status status;
        int retryable;
    } cases[] = {
        { SQLITE_CONSTRAINT_PRIMARYKEY, "UNIQUE constraint failed: accounts.id", OST_CONFLICT, 0 },
        { SQLITE_CONSTRAINT_ROWID, "UNIQUE constraint failed: accounts.id", OST_CONFLICT, 0 },
        { SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: index 'by_expression'", OST_CONFLICT,
          0 },
        { SQLITE_CONSTRAINT_TRIGGER, "not on sundays", OST_CHECK, 0 },
        { SQLITE_BUSY, "database is locked", OST_LOCK_TIMEOUT, 0 },
        { SQLITE_BUSY_SNAPSHOT, "database is locked", OST_SERIALIZATION, 1 },
        { SQLITE_LOCKED_SHAREDCACHE, "database table is locked", OST_LOCK_TIMEOUT, 0 },
        { SQLITE_INTERRUPT, "interrupted", OST_TIMEOUT, 0 },
        { SQLITE_NOMEM, "out of memory", OST_NO_MEMORY, 0 },
        { SQLITE_IOERR_NOMEM, "disk I/O error", OST_NO_MEMORY, 0 },
        { SQLITE_IOERR_WRITE, "disk I/O error", OST_CONNECTION, 0 },
        { SQLITE_FULL, "database or disk is full", OST_DRIVER_ERROR, 0 },
        { SQLITE_READONLY, "attempt to write a readonly database", OST_DRIVER_ERROR, 0 },
        { SQLITE_CORRUPT, "database disk image is malformed", OST_CONNECTION, 0 },
        { SQLITE_NOTADB, "file is not a database", OST_CONNECTION, 0 },
        { SQLITE_TOOBIG, "string or blob too big", OST_TOO_LARGE, 0 },
        { SQLITE_ERROR, "no such table: people", OST_SCHEMA, 0 },
        { SQLITE_ERROR, "no such column: nam", OST_SCHEMA, 0 },
        { SQLITE_ERROR, "table people has no column named nam", OST_SCHEMA, 0 },
        { SQLITE_ERROR, "parser stack overflow", OST_TOO_LARGE, 0 },
        { SQLITE_ERROR, "Expression tree is too large (maximum depth 1000)", OST_TOO_LARGE, 0 },
        { SQLITE_ERROR, "integer overflow", OST_RANGE, 0 },
        { SQLITE_ERROR, "near \"SELEC\": syntax error", OST_DRIVER_ERROR, 0 },
        { 999, "something new", OST_DRIVER_ERROR, 0 },
        { SQLITE_ERROR, NULL, OST_DRIVER_ERROR, 0 },
    };
    world *w = *state;
    made *m = make(&w->b, OST_DO_INSERT, w->accounts);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ost_error e;
        memset(&e, 0, sizeof e);
        w->b.driver->classify(i % 2 ? &m->op : NULL, cases[i].code, "", cases[i].text, &e);
        if (e.status != cases[i].status)
            fail_msg("%d %s became %u", (int)cases[i].code, cases[i].text, e.status);
        assert_int_equal(e.retryable, cases[i].retryable);
        assert_int_equal(e.native_code, cases[i].code);
        assert_null(strchr(e.message, '\n'));
    }
    ost_error e = { 0 };
    w->b.driver->classify(NULL, SQLITE_ERROR, "", "no such table: people", &e);
    assert_non_null(strstr(e.message, "run ost_create_tables"));
    w->b.driver->classify(&m->op, SQLITE_CONSTRAINT_UNIQUE, "",
                          "UNIQUE constraint failed: index 'by_expression'", &e);
    assert_string_equal(e.constraint, "by_expression");
    w->b.driver->classify(&m->op, SQLITE_CONSTRAINT_UNIQUE, "",
                          "UNIQUE constraint failed: accounts.first name, accounts.second", &e);
    assert_string_equal(e.constraint, "account_names");
    w->b.driver->classify(&m->op, SQLITE_CONSTRAINT_UNIQUE, "",
                          "UNIQUE constraint failed: others.first name, accounts.second", &e);
    assert_string_equal(e.field, "");
    w->b.driver->classify(NULL, SQLITE_ERROR, "", "x", NULL);
}

static void a_table_that_is_missing_says_what_to_do(void **state)
{
    world *w = *state;
    account in = { .code = "a" };
    sql(&w->b, "DROP TABLE accounts");
    assert_int_equal(insert(w, &in, 1), OST_SCHEMA);
    assert_non_null(strstr(w->b.error.message, "accounts"));
    assert_non_null(strstr(w->b.error.message, "ost_create_tables"));
    assert_string_equal(w->b.error.model, "account");
}

/* ---- updates and deletes ---- */

static made *update(world *w)
{
    return make(&w->b, OST_DO_UPDATE, w->accounts);
}

static void updates_count_what_they_matched(void **state)
{
    world *w = *state;
    account in[3] = { { .code = "a" }, { .code = "b" }, { .code = "c" } };
    made *m = update(w);
    assert_int_equal(insert(w, in, 3), OST_OK);
    set_to(m, "level", ost_value_int(7));
    set_to(m, "status", ost_value_int(SHUT));
    set_to(m, "money", ost_value_decimal(dec("1.25")));
    set_change(m, OST_OP_SET_NULL, "points", ost_value_int(0));
    m->shape.where = test(m, OST_OP_GT, "id", ost_value_int(1));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(w->b.outcome.changed, -1);
    discard(m);
    assert_string_equal(sql_text(&w->b, "SELECT level||status||money FROM accounts"),
                        "0open0|7shut125|7shut125");
    m = make(&w->b, OST_DO_DELETE, w->accounts);
    m->shape.where = test(m, OST_OP_EQ, "level", ost_value_int(7));
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_int_equal(w->b.outcome.changed, 2);
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 0);
    discard(m);
}

/* One change of one record, from `before` (SQL) by `by`. */
static ost_status add_to(world *w, const char *name, const char *before, ost_value by)
{
    made *m = update(w);
    char text[200];
    ost_status status;
    snprintf(text, sizeof text, "UPDATE accounts SET %s = %s", name, before);
    sql(&w->b, text);
    set_change(m, OST_OP_INC, name, by);
    status = run(m);
    discard(m);
    return status;
}

static void assert_added(world *w, const char *name, const char *before, ost_value by,
                         const char *after)
{
    char text[200];
    assert_int_equal(add_to(w, name, before, by), OST_OK);
    snprintf(text, sizeof text, "SELECT %s FROM accounts", name);
    assert_string_equal(sql_text(&w->b, text), after);
}

static void assert_refused(world *w, const char *name, const char *before, ost_value by,
                           ost_status status, const char *rule)
{
    char text[200];
    const char *kept;
    assert_int_equal(add_to(w, name, before, by), status);
    assert_string_equal(w->b.error.model, "account");
    assert_string_equal(w->b.error.field, name);
    assert_string_equal(w->b.error.constraint, rule);
    snprintf(text, sizeof text, "SELECT %s FROM accounts", name);
    kept = sql_text(&w->b, text);
    snprintf(text, sizeof text, "SELECT %s", before);
    assert_string_equal(sql_text(&w->b, text), kept);
}

static void increments_keep_range_and_bounds(void **state)
{
    world *w = *state;
    account in = { .code = "a" };
    assert_int_equal(insert(w, &in, 1), OST_OK);
    assert_added(w, "level", "126", ost_value_int(1), "127");
    assert_refused(w, "level", "127", ost_value_int(1), OST_RANGE, "");
    assert_added(w, "level", "-127", ost_value_int(-1), "-128");
    assert_refused(w, "level", "-128", ost_value_int(-1), OST_RANGE, "");
    assert_refused(w, "level", "0", ost_value_int(INT64_MAX), OST_RANGE, "");
    assert_refused(w, "level", "-1", ost_value_int(INT64_MIN), OST_RANGE, "");
    assert_added(w, "points", "99", ost_value_int(1), "100");
    assert_refused(w, "points", "100", ost_value_int(1), OST_INVALID, "max");
    assert_refused(w, "points", "0", ost_value_int(-1), OST_INVALID, "min");
    assert_added(w, "points", "NULL", ost_value_int(5), "NULL");
    assert_added(w, "visits", "9223372036854775806", ost_value_int(1), "9223372036854775807");
    assert_refused(w, "visits", "9223372036854775807", ost_value_int(1), OST_RANGE, "");
    assert_refused(w, "visits", "0", ost_value_int(-1), OST_RANGE, "");
    assert_added(w, "rate", "0.25", ost_value_double(0.5), "0.75");
    assert_refused(w, "rate", "10.0", ost_value_double(1), OST_INVALID, "max");
    assert_refused(w, "ratio", "3e38", ost_value_double(3e38), OST_RANGE, "");
    assert_added(w, "ratio", "0.5", ost_value_double(0.25), "0.75");
    assert_added(w, "money", "10", ost_value_decimal(dec("0.05")), "15");
    assert_refused(w, "money", "99999999", ost_value_decimal(dec("0.01")), OST_RANGE, "");
    assert_refused(w, "money", "4", ost_value_decimal(dec("-0.05")), OST_INVALID, "min");
    assert_added(w, "money", "5", ost_value_decimal(dec("-0.05")), "0");
}

static void long_decimals_are_added_exactly(void **state)
{
    world *w = *state;
    account in = { .code = "a", .debt = dec("99999999999999999999999999.9998") }, out;
    size_t count;
    made *m;
    assert_int_equal(insert(w, &in, 1), OST_OK);
    for (int i = 0; i < 2; i++) {
        m = update(w);
        set_change(m, OST_OP_INC, "debt", ost_value_decimal(dec("0.0001")));
        assert_int_equal(run(m), i == 0 ? OST_OK : OST_RANGE);
        discard(m);
    }
    m = make(&w->b, OST_DO_SELECT, w->accounts);
    column(m, member(m, "debt"), table_field(w->accounts, "debt"));
    m->program.row_size = sizeof out;
    assert_int_equal(run_rows(m, &out, 1, &count), OST_OK);
    assert_int_equal(ost_decimal_compare(out.debt, dec("99999999999999999999999999.9999")), 0);
    discard(m);
}

static void all_changes_see_the_values_from_before(void **state)
{
    world *w = *state;
    account in = { .code = "a", .level = 1, .points = OST_SOME(10) };
    made *m = update(w);
    assert_int_equal(insert(w, &in, 1), OST_OK);
    set_change(m, OST_OP_INC, "level", ost_value_int(2));
    set_change(m, OST_OP_INC, "points", ost_value_int(3));
    m->shape.where = test(m, OST_OP_EQ, "level", ost_value_int(1));
    assert_int_equal(run(m), OST_OK);
    assert_string_equal(sql_text(&w->b, "SELECT level || ' ' || points FROM accounts"), "3 13");
    assert_int_equal(w->b.outcome.matched, 1);
    discard(m);
}

static void updates_run_once_for_each_record(void **state)
{
    world *w = *state;
    account in[3] = { { .code = "a" }, { .code = "b" }, { .code = "c" } };
    made *m = update(w);
    assert_int_equal(insert(w, in, 3), OST_OK);
    for (int i = 0; i < 3; i++)
        in[i].level = (signed char)(10 + i);
    in[2].id = 99;
    /* By hand: SET level = record.level WHERE id = record.id. */
    set_to(m, "level", ost_value_int(0));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(0));
    m->parameters[0].source = m->parameters[1].source = OST_FROM_RECORD;
    m->parameters[0].type = OST_TYPE_INT8;
    m->parameters[0].offset = offsetof(account, level);
    m->parameters[1].type = OST_TYPE_INT64;
    m->parameters[1].offset = offsetof(account, id);
    m->op.records = in;
    m->op.record_count = 3;
    m->op.record_stride = sizeof in[0];
    assert_int_equal(run(m), OST_OK);
    assert_int_equal(w->b.outcome.matched, 2);
    assert_string_equal(sql_text(&w->b, "SELECT level FROM accounts ORDER BY id"), "10|11|0");
    discard(m);
}

static void fm42_misspelt_names_are_errors(void **state)
{
    world *w = *state;
    assert_int_equal(update_raw(w, "SELECT \"misspelt\" FROM accounts"), OST_SCHEMA);
    assert_int_equal(update_raw(w, "CREATE TABLE t(a CHECK (a = \"misspelt\"))"), OST_SCHEMA);
    assert_int_equal(update_raw(w, "SELECT 'spelt' FROM accounts"), OST_OK);
    /* Foreign keys are on. */
    assert_int_equal(update_raw(w,
                                "INSERT INTO accounts(account_code, owner, status, active, level,"
                                " visits, rate, ratio, money, debt)"
                                " VALUES ('x', 5, 'open', 0, 0, 0, 0.0, 0.0, 0, '')"),
                     OST_FOREIGN_KEY);
}

static void raw_text_is_one_statement(void **state)
{
    world *w = *state;
    assert_int_equal(update_raw(w, "SELECT 1; SELECT 2"), OST_MISUSE);
    assert_int_equal(update_raw(w, "SELECT 1; \n ;"), OST_OK);
    assert_int_equal(update_raw(w, "  "), OST_MISUSE);
    assert_int_equal(update_raw(w, "SELEC 1"), OST_DRIVER_ERROR);
    assert_int_equal(update_raw(w, "SELECT ?1"), OST_MISUSE);
}

static void describe_lists_columns_and_indexes(void **state)
{
    world *w = *state;
    static const ost_field fields[] = {
        { .name = "table",
          .type = OST_TYPE_TEXT,
          .offset = offsetof(ost_described, table),
          .size = 8 },
        { .name = "name",
          .type = OST_TYPE_TEXT,
          .offset = offsetof(ost_described, name),
          .size = 8 },
        { .name = "kind",
          .type = OST_TYPE_INT64,
          .offset = offsetof(ost_described, kind),
          .size = 8 },
    };
    static const ost_node types[] = { { .type = OST_TYPE_TEXT },
                                      { .type = OST_TYPE_TEXT },
                                      { .type = OST_TYPE_INT64 } };
    ost_described rows[50];
    size_t count;
    int owners = 0, indexes = 0, codes = 0;
    made *m = make(&w->b, OST_DO_DESCRIBE, NULL);
    for (int i = 0; i < 3; i++)
        column(m, &types[i], &fields[i]);
    m->op.shape = NULL;
    m->program.row_size = sizeof rows[0];
    assert_int_equal(run_rows(m, rows, 50, &count), OST_OK);
    for (size_t i = 0; i < count; i++) {
        owners += strcmp(rows[i].table, "owners") == 0 && rows[i].kind == 1;
        indexes += strcmp(rows[i].name, "account_names") == 0 && rows[i].kind == 2;
        codes += strcmp(rows[i].name, "account_code") == 0 && rows[i].kind == 1;
    }
    assert_int_equal(owners, 2);
    assert_int_equal(indexes, 1);
    assert_int_equal(codes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_come_back_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_members_come_back_by_returning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_does_not_fit_its_member_is_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_broken_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checks_and_types_are_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(classify_needs_no_server, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_that_is_missing_says_what_to_do, set_up, tear_down),
        cmocka_unit_test_setup_teardown(updates_count_what_they_matched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(increments_keep_range_and_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_decimals_are_added_exactly, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_changes_see_the_values_from_before, set_up, tear_down),
        cmocka_unit_test_setup_teardown(updates_run_once_for_each_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fm42_misspelt_names_are_errors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(raw_text_is_one_statement, set_up, tear_down),
        cmocka_unit_test_setup_teardown(describe_lists_columns_and_indexes, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
