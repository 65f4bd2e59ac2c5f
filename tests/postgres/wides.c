/* SPDX-License-Identifier: MIT */
#include "postgres/wides.h"

#include "base/scalar.h"
#include "postgres/wire.h"

#define SIZES .values = OST_NAMES("small", "large", "tiny")
OST_MODEL(wide, .table = "wides",
          OST_FIELDS(
              OST_FIELD(wide, id, .primary_key = true), OST_FIELD(wide, flag), OST_FIELD(wide, i8),
              OST_FIELD(wide, i16), OST_FIELD(wide, i32), OST_FIELD(wide, i64), OST_FIELD(wide, u8),
              OST_FIELD(wide, u16), OST_FIELD(wide, u32), OST_FIELD(wide, u64), OST_FIELD(wide, f),
              OST_FIELD(wide, d), OST_FIELD(wide, text), OST_FIELD(wide, brief, .max_length = 5),
              OST_FIELD(wide, chars), OST_FIELD(wide, blob), OST_FIELD(wide, time),
              OST_FIELD(wide, date), OST_FIELD(wide, uuid), OST_FIELD(wide, object),
              OST_FIELD(wide, price, .precision = 12, .scale = 2),
              OST_FIELD(wide, huge, .precision = 38, .scale = 10), OST_FIELD(wide, size, SIZES),
              OST_FIELD(wide, o_flag), OST_FIELD(wide, o_i8), OST_FIELD(wide, o_i16),
              OST_FIELD(wide, o_i32), OST_FIELD(wide, o_i64), OST_FIELD(wide, o_u8),
              OST_FIELD(wide, o_u16), OST_FIELD(wide, o_u32), OST_FIELD(wide, o_u64),
              OST_FIELD(wide, o_f), OST_FIELD(wide, o_d), OST_FIELD(wide, o_time),
              OST_FIELD(wide, o_date), OST_FIELD(wide, o_uuid), OST_FIELD(wide, o_object),
              OST_FIELD(wide, o_price, .precision = 12, .scale = 2),
              OST_FIELD(wide, o_size, SIZES)));

rig *wides_rig;
ost_table *wides_table;

int wides_begin(void **state)
{
    int failed = rig_begin(state);
    wides_rig = *state;
    wides_table = bench_table(&wides_rig->b, &wide_model);
    rig_create(wides_rig, wides_table);
    return failed;
}

int wides_clear(void **state)
{
    (void)state;
    rig_sql(wides_rig, "TRUNCATE wides");
    return 0;
}

/* Decimals of members have their scale, or would not come back alike. */
wide wides_blank(int64_t id)
{
    return (wide){ .id = id,
                   .price = dec("0.00"),
                   .huge = dec("0.0000000000"),
                   .text = "",
                   .brief = "",
                   .blob = { "", 0 } };
}

ost_status wides_insert(const wide *rows, size_t count)
{
    made *m = make(&wides_rig->b, OST_DO_INSERT, wides_table);
    from_records(m, rows, count, sizeof *rows, false);
    return rig_run(wides_rig, m, NULL, NULL);
}

ost_status wides_copy(const wide *rows, size_t count)
{
    made *m = make(&wides_rig->b, OST_DO_INSERT, wides_table);
    from_records(m, rows, count, sizeof *rows, false);
    return rig_copy(wides_rig, m);
}

/* All rows by id; until the next call. */
size_t wides_load(wide *rows, size_t count)
{
    made *m = make(&wides_rig->b, OST_DO_SELECT, wides_table);
    all_columns(m, sizeof *rows);
    order_by(m, member(m, "id"), false);
    if (rig_run(wides_rig, m, rows, &count) != OST_OK)
        fail_msg("column %d: %s", (int)m->bad_column, wides_rig->message);
    return count;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Everything, by the bytes of each member: -0.0 is not 0.0 and NaN is NaN. */
static void assert_same(const wide *a, const wide *b)
{
    for (const ost_field *f = wide_model.fields; f->name; f++) {
        const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
        uint16_t kind = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
        bool same;
        if (kind == OST_TYPE_TEXT)
            same = same_text(*(const char *const *)(const void *)x,
                             *(const char *const *)(const void *)y);
        else if (kind == OST_TYPE_CHARS)
            same = strcmp(x, y) == 0;
        else if (kind == OST_TYPE_BLOB)
            same = !a->blob.data == !b->blob.data && a->blob.size == b->blob.size &&
                   (a->blob.size == 0 || memcmp(a->blob.data, b->blob.data, a->blob.size) == 0);
        else if (f->type & OST_TYPE_OPTIONAL)
            same = *(const bool *)x == *(const bool *)y &&
                   (!*(const bool *)x ||
                    memcmp(x + ost__value_offset(kind), y + ost__value_offset(kind),
                           f->size - ost__value_offset(kind)) == 0);
        else
            same = memcmp(x, y, f->size) == 0;
        if (!same)
            fail_msg("row %d: %s came back as another", (int)a->id, f->name);
    }
}

/* By parameters, and by COPY. */
void wides_round_trip(const wide *rows, size_t count)
{
    static wide back[WIDES_MAX];
    for (int by_copy = 0; by_copy < 2; by_copy++) {
        wides_clear(NULL);
        if ((by_copy ? wides_copy : wides_insert)(rows, count) != OST_OK)
            fail_msg("%s%s", wides_rig->message, wides_rig->b.error.message);
        assert_int_equal(wides_load(back, WIDES_MAX), count);
        for (size_t i = 0; i < count; i++)
            assert_same(&rows[i], &back[i]);
    }
}
