/* SPDX-License-Identifier: MIT */
#include "mongo/crates.h"

#include "mongo/failing.h"

OST_MODEL(crate, .table = "crates",
          OST_FIELDS(OST_FIELD(crate, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(crate, name, .unique = true, .not_null = true, .max_length = 80),
                     OST_FIELD(crate, n, .min = OST_INT(0), .max = OST_INT(1000000)),
                     OST_FIELD(crate, maybe), OST_FIELD(crate, price, .precision = 10, .scale = 2),
                     OST_FIELD(crate, note)));

OST_MODEL(seat, .table = "seats",
          OST_FIELDS(OST_FIELD(seat, row, .primary_key = true),
                     OST_FIELD(seat, letter, .primary_key = true, .max_length = 4),
                     OST_FIELD(seat, guest)));

OST_MODEL(label, .table = "labels",
          OST_FIELDS(OST_FIELD(label, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(label, n)));

void crates_open(crates_world *w, const char *url)
{
    memset(w, 0, sizeof *w);
    w->url = url;
    bench_open(&w->b, ost_driver_mongo(), url);
    w->crates = bench_table(&w->b, &crate_model);
    w->seats = bench_table(&w->b, &seat_model);
    w->labels = bench_table(&w->b, &label_model);
}

void crates_close(crates_world *w)
{
    bench_close(&w->b);
}

int crates_begin(void **state)
{
    crates_world *w = calloc(1, sizeof *w);
    crates_open(w, server_database(SERVER_MONGODB, failing_option()));
    create(&w->b, w->crates);
    create(&w->b, w->seats);
    create(&w->b, w->labels);
    *state = w;
    return 0;
}

int crates_end(void **state)
{
    crates_world *w = *state;
    crates_close(w);
    server_drop(w->url);
    free(w);
    return 0;
}

void crates_fill(crates_world *w, int count)
{
    enum { AT_ONCE = 1000, EACH = 160 };
    char *text = malloc(AT_ONCE * EACH);
    for (int id = 1; id <= count;) {
        int size = snprintf(text, EACH, "{\"insert\": \"crates\", \"documents\": [");
        for (int n = 0; n < AT_ONCE && id <= count; n++, id++)
            size += snprintf(text + size, EACH,
                             "%s{\"_id\": {\"$numberLong\": \"%d\"}, \"name\": \"crate %d\", "
                             "\"n\": {\"$numberLong\": \"%d\"}, \"price\": "
                             "{\"$numberDecimal\": \"0.00\"}}",
                             n > 0 ? ", " : "", id, id, id);
        snprintf(text + size, EACH, "]}");
        server_sql(w->url, text);
    }
    free(text);
}

made *crate_insert(crates_world *w, crate *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->crates);
    from_records(m, in, count, sizeof *in, true);
    m->columns[0] = member(m, "id");
    m->shape.column_count = 1;
    return m;
}

made *crate_insert_given(crates_world *w, const crate *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->crates);
    from_records(m, in, count, sizeof *in, false);
    return m;
}

made *crate_select(crates_world *w)
{
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    order_by(m, member(m, "id"), false);
    return m;
}

made *crate_get(crates_world *w, int64_t id)
{
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
    m->op.flags |= OST_FLAG_SINGLE;
    return m;
}

made *crate_update(crates_world *w, int64_t id, int64_t n)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "n", ost_value_int(n));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
    return m;
}

static ost_parameter member_of_records(const ost_field *f)
{
    return (ost_parameter){ .source = OST_FROM_RECORD,
                            .type = f->type,
                            .precision = f->precision,
                            .scale = f->scale,
                            .offset = (uint32_t)f->offset,
                            .size = f->size,
                            .field = f };
}

made *crate_save(crates_world *w, const crate *in, size_t count)
{
    made *m = crate_update(w, 0, 0);
    /* Both values become members of the records. */
    for (uint32_t i = 0; i < m->op.parameter_count; i++)
        m->parameters[i] = member_of_records(m->parameters[i].field);
    m->op.records = in;
    m->op.record_count = count;
    m->op.record_stride = sizeof *in;
    return m;
}

crate *crates_named(size_t count, const char *prefix)
{
    crate *in = calloc(count, sizeof *in);
    for (size_t i = 0; i < count; i++) {
        char *name = malloc(32);
        snprintf(name, 32, "%s %zu", prefix, i);
        in[i] = (crate){ .name = name,
                         .n = (int64_t)(i % 1000) + 14,
                         .price = ost_decimal_of((int64_t)i, 2),
                         .note = i % 3 == 0 ? NULL : "a note" };
        if (i % 2 == 0)
            ost_put(in[i].maybe, (int)i);
    }
    return in;
}

void crates_free(crate *in, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)in[i].name);
    free(in);
}

ost_status crates_simple(crates_world *w, uint16_t kind)
{
    return simple_on(&w->b, w->b.c, kind, NULL);
}

enum ost_unit_state crates_state(crates_world *w)
{
    return w->b.driver->unit_state(w->b.c);
}

ost_deadline crates_in(crates_world *w, int64_t ms)
{
    return bench_now(&w->b) + ms * 1000000;
}

const char *crates_text(crates_world *w, const char *collection, const char *filter,
                        const char *projection)
{
    char text[1024];
    snprintf(text, sizeof text,
             "{\"find\": \"%s\", \"filter\": %s, \"projection\": %s, \"sort\": {\"_id\": 1}}",
             collection, filter, projection);
    return server_text(w->url, text);
}

int64_t crates_count(crates_world *w, const char *collection, const char *filter)
{
    char text[1024];
    const char *at;
    snprintf(
        text, sizeof text,
        "{\"aggregate\": \"%s\", \"cursor\": {}, \"pipeline\": [{\"$match\": %s}, {\"$count\": "
        "\"n\"}]}",
        collection, filter);
    at = strstr(server_text(w->url, text), "\"n\" : ");
    return at ? strtoll(at + 6, NULL, 10) : 0;
}

void crates_do(crates_world *w, const char *format, ...)
{
    char text[2048];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    server_sql(w->url, text);
}
