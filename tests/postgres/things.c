/* SPDX-License-Identifier: MIT */
#include "postgres/things.h"

uint32_t batch_trips;

OST_MODEL(thing, .table = "things",
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(thing, name, .unique = true, .max_length = 40), OST_FIELD(thing, n),
                     OST_FIELD(thing, at)));

void things_open(things_world *w, const char *url)
{
    w->url = url;
    bench_open(&w->b, ost_driver_postgres(), url);
    w->things = bench_table(&w->b, &thing_model);
    create(&w->b, w->things);
}

int things_begin(void **state)
{
    things_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    things_open(w, server_database(SERVER_POSTGRES, NULL));
    *state = w;
    return 0;
}

int things_begin_pooled(void **state)
{
    things_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    things_open(w, server_database(SERVER_PGBOUNCER, NULL));
    *state = w;
    return 0;
}

int things_end(void **state)
{
    things_world *w = *state;
    bench_close(&w->b);
    server_drop(w->url);
    free(w);
    return 0;
}

void fill_things(things_world *w, int count)
{
    char text[200];
    snprintf(text, sizeof text,
             "INSERT INTO things (name, n, at) SELECT 'thing ' || i, i, 'epoch' FROM "
             "generate_series(1, %d) i",
             count);
    server_sql(w->url, text);
}

made *insert_things(things_world *w, thing *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->things);
    from_records(m, in, count, sizeof *in, true);
    m->columns[0] = member(m, "id");
    m->shape.column_count = 1;
    return m;
}

made *update_things(things_world *w, thing *in, size_t count)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->things);
    const ost_node *key;
    from_records(m, in, count, sizeof *in, true);
    m->op.rows = NULL;
    m->program.step_count = 0;
    key = test(m, OST_OP_EQ, "id", ost_value_int(0));
    m->shape.where = key;
    m->parameters[key->args[1]->parameter] =
        (ost_parameter){ .source = OST_FROM_RECORD,
                         .type = OST_TYPE_INT64,
                         .offset = offsetof(thing, id),
                         .size = sizeof in->id,
                         .field = table_field(w->things, "id") };
    return m;
}

made *all_things(things_world *w)
{
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    all_columns(m, sizeof(thing));
    order_by(m, member(m, "id"), false);
    return m;
}

made *thing_by_id(things_world *w, int64_t id)
{
    made *m = make(&w->b, OST_DO_SELECT, w->things);
    all_columns(m, sizeof(thing));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
    return m;
}

ost_status control(things_world *w, uint16_t kind, const char *text)
{
    return simple_on(&w->b, w->b.c, kind, text);
}

ost_status begin_unit(things_world *w)
{
    return begin_on(&w->b, w->b.c, OST_ACCESS_WRITE);
}

enum ost_unit_state unit_of(things_world *w)
{
    return w->b.driver->unit_state(w->b.c);
}

ost_status run_batch(things_world *w, ost_operation *ops, size_t n, made *last, void *rows,
                     size_t *count)
{
    size_t done = 0, room = count ? *count : 0;
    batch_trips = 0;
    while (done < n) {
        size_t accepted = 0;
        OST_TRY(
            w->b.driver->submit(w->b.c, ops + done, n - done, &accepted, INT64_MAX, &w->b.error));
        for (size_t i = 0; i < accepted; i++) {
            bool is_last = ++done == n;
            ost_status status =
                collect_rows(&w->b, w->b.c, i, is_last ? last : NULL, is_last ? rows : NULL,
                             is_last ? room : 0, is_last ? count : NULL, INT64_MAX);
            batch_trips += w->b.outcome.round_trips;
            OST_TRY(status);
        }
    }
    return OST_OK;
}

/* Keys go where the records are: the sink must not clear them. */
static void *no_row(ost_sink *k)
{
    k->status = OST_DRIVER_ERROR;
    return NULL;
}

static void *no_bytes(ost_sink *k, size_t size, size_t align)
{
    (void)size;
    (void)align;
    k->status = OST_DRIVER_ERROR;
    return NULL;
}

static void no_column(ost_sink *k, uint16_t column, ost_status why)
{
    (void)column;
    k->status = why;
}

ost_status run_insert(things_world *w, made *m, thing *in, size_t count)
{
    ost_sink k = { .struct_size = sizeof k,
                   .row_size = sizeof *in,
                   .rows = { (uint8_t *)in, (uint8_t *)(in + count) },
                   .refill_row = no_row,
                   .refill_bytes = no_bytes,
                   .column_failed = no_column };
    size_t accepted;
    m->op.records = in;
    m->op.record_count = count;
    m->op.record_stride = sizeof *in;
    OST_TRY(compile(m));
    OST_TRY(w->b.driver->submit(w->b.c, &m->op, 1, &accepted, INT64_MAX, &w->b.error));
    return w->b.driver->collect(w->b.c, 0, &k, &w->b.outcome, INT64_MAX, &w->b.error);
}

int64_t count_of(const things_world *w, const char *condition)
{
    char text[200];
    snprintf(text, sizeof text, "SELECT count(*) FROM things WHERE %s", condition);
    return strtoll(server_text(w->url, text), NULL, 10);
}
