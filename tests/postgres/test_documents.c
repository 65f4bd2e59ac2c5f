/* SPDX-License-Identifier: MIT */
/* Columns of documents, and values of them that no honest server sends. */
#include "postgres/wire_rig.h"

#include "base/scalar.h"
#include "postgres/wire.h"

typedef struct pocket {
    int depth;
    const char *label;
    OST_LIST(const char *) slips;
} pocket;
typedef struct bag {
    int id;
    pocket front;
    OST_LIST(pocket) pockets;
    OST_LIST(bool) flags;
    OST_LIST(short) shorts;
    OST_LIST(int) ints;
    OST_LIST(int64_t) longs;
    OST_LIST(uint64_t) naturals;
    OST_LIST(float) floats;
    OST_LIST(const char *) texts;
    OST_LIST(ost_blob) blobs;
    OST_LIST(ost_time) times;
    OST_LIST(ost_date) dates;
    OST_LIST(ost_uuid) uuids;
    OST_LIST(ost_object_id) objects;
    OST_LIST(ost_decimal) prices;
    OST_LIST(int) sizes;
    ost_json any;
    ost_point spot;
} bag;
OST_PART(pocket);
OST_RECORD(bag, id);
OST_MODEL(pocket,
          OST_FIELDS(OST_FIELD(pocket, depth), OST_FIELD(pocket, label), OST_ITEMS(pocket, slips)));
OST_MODEL(bag,
          OST_FIELDS(OST_FIELD(bag, id, .primary_key = true), OST_EMBED(bag, front, pocket),
                     OST_EMBEDS(bag, pockets, pocket, .not_null = true), OST_ITEMS(bag, flags),
                     OST_ITEMS(bag, shorts), OST_ITEMS(bag, ints), OST_ITEMS(bag, longs),
                     OST_ITEMS(bag, naturals), OST_ITEMS(bag, floats),
                     OST_ITEMS(bag, texts, .max_length = 9), OST_ITEMS(bag, blobs),
                     OST_ITEMS(bag, times), OST_ITEMS(bag, dates), OST_ITEMS(bag, uuids),
                     OST_ITEMS(bag, objects), OST_ITEMS(bag, prices, .precision = 8, .scale = 2),
                     OST_ITEMS(bag, sizes, .values = OST_NAMES("small", "large")),
                     OST_FIELD(bag, any), OST_FIELD(bag, spot)));

static rig *r;
static ost_table *table;

static int begin(void **state)
{
    int failed = rig_begin(state);
    r = *state;
    table = bench_table(&r->b, &bag_model);
    return failed;
}

static void each_has_the_column_of_its_kind(void **state)
{
    (void)state;
    rig_create(r, table);
    assert_string_equal(
        rig_text(r, "SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)"
                    " || CASE WHEN c.collname = 'C' THEN ' C' ELSE '' END"
                    " || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END, ', ' ORDER BY attnum)"
                    " FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation"
                    " WHERE a.attrelid = 'bag'::regclass AND a.attnum > 0"),
        "id integer NOT NULL, front jsonb NOT NULL, pockets jsonb NOT NULL, flags boolean[],"
        " shorts smallint[], ints integer[], longs bigint[], naturals numeric(20,0)[],"
        " floats double precision[], texts text[] C, blobs bytea[],"
        " times timestamp with time zone[], dates date[], uuids uuid[], objects bytea[],"
        " prices numeric(8,2)[], sizes text[] C, any jsonb, spot point NOT NULL");
}

/* ---- indexes ---- */

static ost_field inner_of(const char *name)
{
    const ost_field *front = table_field(table, "front");
    ost_field f = *table_field(front->part, name);
    f.inside = front;
    return f;
}

static ost_status create_index(const ost_field *f)
{
    const bool descending[] = { false };
    const ost_table_index x = { .name = "bag_inside",
                                .fields = &(const ost_field *){ f },
                                .descending = descending,
                                .field_count = 1 };
    ost_table indexed = *table;
    made *m;
    ost__buffer text;
    ost_status status;
    indexed.indexes = &x;
    indexed.index_count = 1;
    m = make(&r->b, OST_DO_DDL, &indexed);
    m->shape.ddl = OST_DDL_CREATE_INDEX;
    ost__buffer_init(&text, &r->b.memory);
    status = ost__sql_statement(r->dialect, &m->shape, &text, NULL, &r->b.error);
    if (status == OST_OK)
        rig_sql(r, text.data);
    ost__buffer_finish(&text);
    return status;
}

/* An index on a member inside serves the queries that ask for it. */
static void indexes_inside_are_used(void **state)
{
    const ost_field label = inner_of("label");
    ost_field time = inner_of("depth");
    const ost_node inside = { .op = OST_OP_MEMBER, .type = OST_TYPE_TEXT, .field = &label };
    char sql[500];
    made *m;
    (void)state;
    rig_create(r, table);
    assert_int_equal(create_index(&label), OST_OK);
    m = make(&r->b, OST_DO_SELECT, table);
    m->shape.where = node2(m, OST_OP_EQ, &inside, value(m, NULL, ost_value_text("a")));
    column(m, member(m, "id"), table_field(table, "id"));
    snprintf(sql, sizeof sql, "SET enable_seqscan = off; PREPARE q (text) AS %s",
             rig_statement(r, m));
    rig_sql(r, sql);
    assert_non_null(strstr(rig_text(r, "EXPLAIN EXECUTE q ('a')"), "bag_inside"));
    /* A text is not turned into a time in an index: that depends on settings of the session. */
    time.type = OST_TYPE_TIME;
    assert_int_equal(create_index(&time), OST_UNSUPPORTED);
    assert_non_null(strstr(r->b.error.message, "use .flatten"));
}

/* ---- hostile values ---- */

static uint32_t seed = 4711;

static uint32_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    return seed ^= seed << 5;
}

static const char *const slips[] = { "x", "\"" };
static const pocket pockets[] = { { .depth = 3, .label = "a" }, { .depth = -1 } };
static const bool flags[] = { true, false };
static const short shorts[] = { -32768, 32767 };
static const int ints[] = { 1, 0 };
static const int64_t longs[] = { INT64_MIN, 1 };
static const uint64_t naturals[] = { UINT64_MAX, 0 };
static const float floats[] = { 0.5F, -1 };
static const ost_blob blobs[] = { { "\0\1", 2 }, { "", 0 } };
static const ost_time times[] = { { 0 }, { 1 } };
static const ost_date dates[] = { { 0 }, { 20000 } };
static const ost_uuid uuids[] = { { { 1 } }, { { 2 } } };
static const ost_object_id objects[] = { { { 1 } }, { { 2 } } };
static ost_decimal prices[2];

#define FILL(member, values) (b.member.items = (values), b.member.count = 2)

static bag sample(void)
{
    bag b = { .id = 1, .front = pockets[0], .any = { "[1,{\"a\":\"b\"}]" }, .spot = { 1, 2 } };
    prices[0] = dec("1.50"), prices[1] = dec("-999999.99");
    FILL(front.slips, slips);
    FILL(pockets, pockets);
    FILL(flags, flags);
    FILL(shorts, shorts);
    FILL(ints, ints);
    FILL(longs, longs);
    FILL(naturals, naturals);
    FILL(floats, floats);
    FILL(texts, slips);
    FILL(blobs, blobs);
    FILL(times, times);
    FILL(dates, dates);
    FILL(uuids, uuids);
    FILL(objects, objects);
    FILL(prices, prices);
    FILL(sizes, ints);
    return b;
}

static PGresult *result_of(Oid type, const char *bytes, int size)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    char name[] = "x";
    PGresAttDesc column = { .name = name, .typid = type, .format = 1 };
    assert_non_null(result);
    assert_int_equal(PQsetResultAttrs(result, 1, &column), 1);
    assert_true(PQsetvalue(result, 0, 0, (char *)(uintptr_t)bytes, size));
    return result;
}

/* Bits turned, bytes lost or more of them, as a column of this or of another type. */
static void spoil(ost__buffer *b, Oid *type)
{
    static const Oid types[] = { OST__PG_JSON,      OST__PG_JSONB,        OST__PG_INT4_LIST,
                                 OST__PG_TEXT_LIST, OST__PG_NUMERIC_LIST, OST__PG_POINT,
                                 OST__PG_BYTEA };
    for (uint32_t n = next() % 4; n > 0 && b->size > 0; n--)
        b->data[next() % b->size] ^= (char)(1 << next() % 8);
    if (next() % 4 == 0)
        b->size = next() % (b->size + 1);
    if (next() % 8 == 0)
        ost__buffer_text(b, "]\"");
    if (next() % 8 == 0)
        *type = types[next() % (sizeof types / sizeof *types)];
}

/* What was read can be written, which looks at every byte of it. */
static bool read_spoiled(const ost_field *f, Oid type, const ost__buffer *b)
{
    const ost_row_step step = { .size = f->size, .type = f->type, .field = f, .origin = f };
    const ost_row_program one = {
        .step_size = sizeof step, .step_count = 1, .row_size = 64, .steps = &step
    };
    _Alignas(16) uint8_t row[64];
    PGresult *result = result_of(type, b->data, (int)b->size);
    rig_sink k;
    uint16_t column;
    int delivered;
    rig_sink_begin(&k, &r->b.memory, row, sizeof row, 1, 1);
    assert_int_equal(ost__pg_read(result, 0, 1, &one, &r->b.memory, &k.base, &column, &delivered),
                     OST_OK);
    assert_int_equal(delivered + k.failures, 1);
    if (delivered) {
        ost__buffer again;
        ost__buffer_init(&again, &r->b.memory);
        const ost__pg_document document = { .at = row, .type = f->type };
        ost_status status =
            ost__pg_document_put(&again, f, ost__pg_type_of(OST_TYPE_NONE, f), &document);
        assert_true(status == OST_OK || status == OST_RANGE);
        ost__buffer_finish(&again);
    }
    ost__arena_finish(&k.bytes);
    PQclear(result);
    return delivered;
}

static void fm54_hostile_documents(void **state)
{
    const bag b = sample();
    int read = 0;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        const ost_field *f = &table->fields[1 + next() % (table->field_count - 1)];
        Oid type = ost__pg_type_of(OST_TYPE_NONE, f);
        ost__buffer bytes;
        ost__buffer_init(&bytes, &r->b.memory);
        const ost__pg_document document = { .at = (const char *)&b + f->offset, .type = f->type };
        assert_int_equal(ost__pg_document_put(&bytes, f, type, &document), OST_OK);
        spoil(&bytes, &type);
        read += read_spoiled(f, type, &bytes);
        ost__buffer_finish(&bytes);
    }
    assert_in_range(read, 15000, 90000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_the_column_of_its_kind),
        cmocka_unit_test(indexes_inside_are_used),
        cmocka_unit_test(fm54_hostile_documents),
    };
    return cmocka_run_group_tests(tests, begin, rig_end);
}
