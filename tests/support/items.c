/* SPDX-License-Identifier: MIT */
#include "support/items.h"

OST_MODEL(item, .table = "items",
          OST_FIELDS(OST_FIELD(item, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(item, name), OST_FIELD(item, count), OST_FIELD(item, big),
                     OST_FIELD(item, weight),
                     OST_FIELD(item, size, .values = OST_NAMES("small", "large", "tiny")),
                     OST_FIELD(item, sold), OST_FIELD(item, price, .precision = 10, .scale = 2),
                     OST_FIELD(item, tax, .precision = 12, .scale = 4),
                     OST_FIELD(item, exact, .precision = 38, .scale = 6),
                     OST_FIELD(item, exact2, .precision = 30, .scale = 6), OST_FIELD(item, made),
                     OST_FIELD(item, day), OST_FIELD(item, uuid), OST_FIELD(item, maybe)));

OST_MODEL(
    sale, .table = "sales", .adopted = true,
    OST_FIELDS(OST_FIELD(sale, id, .primary_key = true), OST_FIELD(sale, who),
               OST_FIELD(sale, tag, .collation = OST_AS_STORED),
               OST_FIELD(sale, total, .precision = 10, .scale = 2, .stored = OST_STORED_NUMERIC),
               OST_FIELD(sale, paid, .precision = 20, .scale = 3, .stored = OST_STORED_NUMERIC),
               OST_FIELD(sale, at, .stored = OST_STORED_SECONDS_TEXT),
               OST_FIELD(sale, shipped, .stored = OST_STORED_UNIX_SECONDS), OST_FIELD(sale, ours)));

const ost_field result_n = { .name = "n",
                             .type = OST_TYPE_INT64 | OST_TYPE_OPTIONAL,
                             .offset = offsetof(result, n),
                             .size = sizeof(ost_opt_int64) };
const ost_field result_d = { .name = "d",
                             .type = OST_TYPE_DECIMAL | OST_TYPE_OPTIONAL,
                             .offset = offsetof(result, d),
                             .size = sizeof(ost_opt_decimal) };
const ost_field result_x = { .name = "x",
                             .type = OST_TYPE_DOUBLE | OST_TYPE_OPTIONAL,
                             .offset = offsetof(result, x),
                             .size = sizeof(ost_opt_double) };
const ost_field result_text = {
    .name = "text", .type = OST_TYPE_TEXT, .offset = offsetof(result, text), .size = sizeof(char *)
};
const ost_field result_yes = {
    .name = "yes", .type = OST_TYPE_BOOL, .offset = offsetof(result, yes), .size = sizeof(bool)
};

int items_begin(void **state)
{
    items_world *w = calloc(1, sizeof *w);
    bench_open(&w->b, ost_driver_sqlite(), "sqlite::memory:");
    w->items = bench_table(&w->b, &item_model);
    w->sales = bench_table(&w->b, &sale_model);
    create(&w->b, w->items);
    sql(&w->b, "CREATE TABLE sales(id INTEGER PRIMARY KEY, who TEXT COLLATE NOCASE,"
               " tag TEXT COLLATE NOCASE, total DECIMAL(10,2), paid REAL, at TEXT,"
               " shipped INTEGER, ours TEXT, more BLOB)");
    *state = w;
    return 0;
}

int items_end(void **state)
{
    items_world *w = *state;
    bench_close(&w->b);
    free(w);
    return 0;
}

void add(items_world *w, item *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->items);
    from_records(m, in, count, sizeof *in, false);
    if (run(m) != OST_OK)
        fail_msg("%s", w->b.error.message);
    discard(m);
}

const char *ids_of(made *m)
{
    static char out[512];
    enum { ROOM = 100 };
    struct {
        int64_t id;
        int64_t pad;
    } rows[ROOM];
    size_t count, size = 0;
    column(m, member(m, "id"), table_field(m->shape.table, "id"));
    if (m->shape.order_count == 0)
        order_by(m, member(m, "id"), false);
    if (run_rows(m, rows, ROOM, &count) != OST_OK)
        fail_msg("%s", m->b->error.message);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(out + size, sizeof out - size, i ? " %d" : "%d", (int)rows[i].id);
    discard(m);
    return out;
}

made *from_items(items_world *w)
{
    return make(&w->b, OST_DO_SELECT, w->items);
}

result one_result(made *m)
{
    result out;
    size_t count;
    m->program.row_size = sizeof out;
    if (run_rows(m, &out, 1, &count) != OST_OK)
        fail_msg("%s", m->b->error.message);
    assert_int_equal(count, 1);
    discard(m);
    return out;
}
