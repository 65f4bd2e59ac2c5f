/* SPDX-License-Identifier: MIT */
#include "mysql/wides.h"

#include "base/scalar.h"
#include "mysql/connection.h"

OST_MODEL(wide, .table = "wides",
          OST_FIELDS(OST_FIELD(wide, id, .primary_key = true), OST_FIELD(wide, flag),
                     OST_FIELD(wide, i8), OST_FIELD(wide, i16), OST_FIELD(wide, i32),
                     OST_FIELD(wide, i64), OST_FIELD(wide, u8), OST_FIELD(wide, u16),
                     OST_FIELD(wide, u32), OST_FIELD(wide, u64), OST_FIELD(wide, f),
                     OST_FIELD(wide, d), OST_FIELD(wide, text),
                     OST_FIELD(wide, brief, .max_length = 40), OST_FIELD(wide, chars),
                     OST_FIELD(wide, blob), OST_FIELD(wide, time), OST_FIELD(wide, date),
                     OST_FIELD(wide, uuid), OST_FIELD(wide, object),
                     OST_FIELD(wide, price, .precision = 10, .scale = 2),
                     OST_FIELD(wide, huge, .precision = 38, .scale = 10),
                     OST_FIELD(wide, size,
                               .values = OST_NAMES("small",
                                                   "gr\xc3\xb6\xc3\x9f"
                                                   "er",
                                                   "tiny \\ 'it'")),
                     OST_FIELD(wide, o_flag), OST_FIELD(wide, o_i8), OST_FIELD(wide, o_i16),
                     OST_FIELD(wide, o_i32), OST_FIELD(wide, o_i64), OST_FIELD(wide, o_u8),
                     OST_FIELD(wide, o_u16), OST_FIELD(wide, o_u32), OST_FIELD(wide, o_u64),
                     OST_FIELD(wide, o_f), OST_FIELD(wide, o_d), OST_FIELD(wide, o_time),
                     OST_FIELD(wide, o_date), OST_FIELD(wide, o_uuid), OST_FIELD(wide, o_object),
                     OST_FIELD(wide, o_price, .precision = 10, .scale = 2),
                     OST_FIELD(wide, o_size, .values = OST_NAMES("small", "large", "tiny"))));

wides_world *wides_now;

int wides_begin(void **state)
{
    wides_world *w = calloc(1, sizeof *w);
    w->url = server_database(SERVER_MYSQL, NULL);
    bench_open(&w->b, ost_driver_mysql(), w->url);
    w->wides = bench_table(&w->b, &wide_model);
    create(&w->b, w->wides);
    *state = wides_now = w;
    return 0;
}

int wides_clear(void **state)
{
    (void)state;
    server_sql(wides_now->url, "DELETE FROM wides");
    return 0;
}

int wides_end(void **state)
{
    wides_world *w = *state;
    bench_close(&w->b);
    server_drop(w->url);
    free(w);
    return 0;
}

wide wides_blank(int64_t id)
{
    wide w;
    memset(&w, 0, sizeof w);
    w.id = id;
    w.text = w.brief = "";
    w.blob.data = "";
    w.price.scale = 2;
    w.huge.scale = 10;
    return w;
}

ost_status wides_insert(enum wides_way way, const wide *rows, size_t count)
{
    bench *b = &wides_now->b;
    made *m = make(b, OST_DO_INSERT, wides_now->wides);
    bool arrays = b->c->arrays;
    ost_status status = OST_OK;
    ost_error kept;
    if (way == WIDES_SINGLY) {
        for (size_t i = 0; i < count && status == OST_OK; i++) {
            from_records(m, &rows[i], 1, sizeof rows[i], false);
            status = run(m);
            discard(m);
            m = make(b, OST_DO_INSERT, wides_now->wides);
        }
        return status;
    }
    b->c->arrays = way == WIDES_ARRAY;
    from_records(m, rows, count, sizeof *rows, false);
    assert_int_equal(begin_on(b, b->c, OST_ACCESS_WRITE), OST_OK);
    status = run(m);
    kept = b->error;
    assert_int_equal(simple_on(b, b->c, status == OST_OK ? OST_DO_COMMIT : OST_DO_ROLLBACK, NULL),
                     OST_OK);
    b->error = kept;
    b->c->arrays = arrays;
    discard(m);
    return status;
}

made *wides_select(void)
{
    return make(&wides_now->b, OST_DO_SELECT, wides_now->wides);
}

size_t wides_load(wide *rows, size_t room)
{
    made *m = wides_select();
    size_t count = 0;
    memset(rows, 0, room * sizeof *rows);
    all_columns(m, sizeof *rows);
    order_by(m, member(m, "id"), false);
    if (run_rows(m, rows, room, &count) != OST_OK)
        fail_msg("%s (column %u)", wides_now->b.error.message, (unsigned)m->bad_column);
    discard(m);
    return count;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* By the bytes of each member: -0.0 is not 0.0. */
static bool same_member(const ost_field *f, const wide *a, const wide *b)
{
    const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
    uint16_t kind = ost__my_kind_of(f);
    uint32_t at = ost__value_offset(kind);
    switch (kind) {
    case OST_TYPE_TEXT:
        return same_text(*(const char *const *)(const void *)x,
                         *(const char *const *)(const void *)y);
    case OST_TYPE_CHARS: return strcmp(x, y) == 0;
    case OST_TYPE_BLOB:
        return !a->blob.data == !b->blob.data && a->blob.size == b->blob.size &&
               (a->blob.size == 0 || memcmp(a->blob.data, b->blob.data, a->blob.size) == 0);
    default:
        if (!(f->type & OST_TYPE_OPTIONAL))
            return memcmp(x, y, f->size) == 0;
        return *(const bool *)x == *(const bool *)y &&
               (!*(const bool *)x || memcmp(x + at, y + at, f->size - at) == 0);
    }
}

void wides_round_trip(const wide *rows, size_t count)
{
    wide *back = calloc(count + 1, sizeof *back);
    for (enum wides_way way = WIDES_SINGLY; way <= WIDES_ROWS; way++) {
        wides_clear(NULL);
        if (wides_insert(way, rows, count) != OST_OK)
            fail_msg("way %d: %s", (int)way, wides_now->b.error.message);
        assert_int_equal(wides_load(back, count + 1), count);
        for (size_t i = 0; i < count; i++)
            for (const ost_field *f = wide_model.fields; f->name; f++)
                if (!same_member(f, &rows[i], &back[i]))
                    fail_msg("way %d: row %zu came back with another %s", (int)way, i, f->name);
    }
    free(back);
}

const char *wides_text(const char *sql)
{
    return server_text(wides_now->url, sql);
}

int64_t wides_count(made *m, const ost_node *where)
{
    static const ost_node counted = { .type = OST_TYPE_INT64 };
    static const ost_field to = { .name = "n", .type = OST_TYPE_INT64, .size = sizeof(int64_t) };
    int64_t n[2] = { -1, -1 };
    size_t count;
    column(m, &counted, &to);
    m->program.row_size = sizeof n;
    m->shape.columns = (const ost_node *const[]){ member(m, "id") };
    m->shape.wrap = OST_WRAP_COUNT;
    m->shape.where = where;
    if (run_rows(m, n, 1, &count) != OST_OK)
        fail_msg("%s: %s", text_of(m), wides_now->b.error.message);
    discard(m);
    return n[0];
}
