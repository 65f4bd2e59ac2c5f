/* SPDX-License-Identifier: MIT */
#include "mongo/wides.h"

#include "base/scalar.h"

static const char *const sizes[] = { "small",
                                     "gr\xc3\xb6\xc3\x9f"
                                     "er",
                                     "tiny $it", NULL };

OST_MODEL(wide, .table = "wides",
          OST_FIELDS(OST_FIELD(wide, id, .primary_key = true), OST_FIELD(wide, flag),
                     OST_FIELD(wide, i8), OST_FIELD(wide, i16), OST_FIELD(wide, i32),
                     OST_FIELD(wide, i64), OST_FIELD(wide, u8), OST_FIELD(wide, u16),
                     OST_FIELD(wide, u32), OST_FIELD(wide, u64), OST_FIELD(wide, f),
                     OST_FIELD(wide, d), OST_FIELD(wide, text), OST_FIELD(wide, chars),
                     OST_FIELD(wide, blob), OST_FIELD(wide, time), OST_FIELD(wide, date),
                     OST_FIELD(wide, uuid), OST_FIELD(wide, object),
                     OST_FIELD(wide, price, .precision = 10, .scale = 2),
                     OST_FIELD(wide, huge, .precision = 34, .scale = 10),
                     OST_FIELD(wide, size, .values = sizes), OST_FIELD(wide, o_flag),
                     OST_FIELD(wide, o_i8), OST_FIELD(wide, o_i16), OST_FIELD(wide, o_i32),
                     OST_FIELD(wide, o_i64), OST_FIELD(wide, o_u8), OST_FIELD(wide, o_u16),
                     OST_FIELD(wide, o_u32), OST_FIELD(wide, o_u64), OST_FIELD(wide, o_f),
                     OST_FIELD(wide, o_d), OST_FIELD(wide, o_time), OST_FIELD(wide, o_date),
                     OST_FIELD(wide, o_uuid), OST_FIELD(wide, o_object),
                     OST_FIELD(wide, o_price, .precision = 10, .scale = 2),
                     OST_FIELD(wide, o_size, .values = sizes)));

wide wide_blank(int64_t id)
{
    wide w;
    memset(&w, 0, sizeof w);
    w.id = id;
    w.text = "";
    w.blob.data = "";
    w.price.scale = 2;
    w.huge.scale = 10;
    return w;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_member(const ost_field *f, const wide *a, const wide *b)
{
    const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
    uint16_t kind = ost__mongo_kind_of(f);
    uint32_t at = ost__value_offset(kind);
    switch (kind) {
    case OST_TYPE_TEXT:
        return same_text(*(const char *const *)(const void *)x,
                         *(const char *const *)(const void *)y);
    case OST_TYPE_CHARS: return strcmp(x, y) == 0;
    case OST_TYPE_BLOB:
        return !a->blob.data == !b->blob.data && a->blob.size == b->blob.size &&
               (!a->blob.data || a->blob.size == 0 ||
                memcmp(a->blob.data, b->blob.data, a->blob.size) == 0);
    default:
        if (!(f->type & OST_TYPE_OPTIONAL))
            return memcmp(x, y, f->size) == 0;
        return *(const bool *)x == *(const bool *)y &&
               (!*(const bool *)x || memcmp(x + at, y + at, f->size - at) == 0);
    }
}

const char *wide_differs(const wide *a, const wide *b)
{
    for (const ost_field *f = wide_model.fields; f->name; f++)
        if (!same_member(f, a, b))
            return f->name;
    return NULL;
}

/* ---- without a server ---- */

static void *no_row(ost_sink *k)
{
    k->status = OST_NO_MEMORY;
    return NULL;
}

static void *some_bytes(ost_sink *k, size_t size, size_t align)
{
    catcher *c = (catcher *)k;
    void *p = NULL;
    if (size <= c->room)
        p = ost__arena_alloc(&c->arena, size, align);
    if (p)
        c->room -= size;
    else
        k->status = OST_NO_MEMORY;
    return p;
}

static void expect(ost_sink *k, size_t rows)
{
    ((catcher *)k)->expected = rows;
}

static void column_failed(ost_sink *k, uint16_t column, ost_status why)
{
    catcher *c = (catcher *)k;
    c->column = column;
    c->why = why;
    c->failures++;
}

void catcher_begin(catcher *k, void *rows, size_t row_size, size_t count)
{
    static ost_platform platform;
    ost__platform_complete(&platform, NULL);
    memset(k, 0, sizeof *k);
    memset(rows, 0, row_size * count);
    k->memory = (ost__memory){ platform.resize, platform.context };
    ost__arena_init(&k->arena, &k->memory, 256);
    k->room = SIZE_MAX;
    k->sink = (ost_sink){ .struct_size = sizeof k->sink,
                          .row_size = (uint32_t)row_size,
                          .rows = { rows, (uint8_t *)rows + row_size * count },
                          .refill_row = no_row,
                          .refill_bytes = some_bytes,
                          .expect = expect,
                          .column_failed = column_failed };
}

void catcher_end(catcher *k)
{
    ost__arena_finish(&k->arena);
}

static void add_step(reading *r, const ost_field *f)
{
    uint32_t i = r->program.step_count++;
    bool optional = f->type & OST_TYPE_OPTIONAL;
    uint16_t kind = ost__mongo_kind_of(f);
    bool pointer = kind == OST_TYPE_TEXT || kind == OST_TYPE_BLOB;
    r->steps[i] = (ost_row_step){
        .offset = (uint32_t)f->offset,
        .size = f->size,
        .value_offset = optional ? ost__value_offset(kind) : 0,
        .type = kind,
        .column = (uint16_t)i,
        .null_rule = (uint16_t)(optional  ? OST_NULL_IS_ABSENT
                                : pointer ? OST_NULL_IS_POINTER
                                          : OST_NULL_IS_RANGE),
        .column_type = kind,
        .precision = f->precision,
        .scale = f->scale,
        .field = f,
        .origin = f,
    };
    r->columns[i] = (ost__mongo_column){ .name = f->primary_key ? "_id" : f->column };
    r->shape.column_count = r->program.step_count;
}

void reading_begin(reading *r, const ost_model *m)
{
    memset(r, 0, sizeof *r);
    ost__platform_complete(&r->b.platform, NULL);
    r->b.memory = (ost__memory){ r->b.platform.resize, r->b.platform.context };
    ost__arena_init(&r->b.arena, &r->b.memory, 4096);
    r->table = bench_table(&r->b, m);
    r->shape =
        (ost_shape){ .struct_size = sizeof r->shape, .kind = OST_DO_SELECT, .table = r->table };
    r->plan.shape = &r->shape;
    r->plan.columns = r->columns;
    r->program = (ost_row_program){ .struct_size = sizeof r->program,
                                    .step_size = sizeof(ost_row_step),
                                    .row_size = (uint32_t)m->size,
                                    .steps = r->steps };
    for (uint32_t i = 0; i < r->table->field_count; i++)
        add_step(r, &r->table->fields[i]);
}

void reading_only(reading *r, const char *member)
{
    r->program.step_count = 0;
    add_step(r, table_field(r->table, member));
}

void reading_end(reading *r)
{
    ost__arena_finish(&r->b.arena);
}

ost_parameter parameter_of(const ost_field *f)
{
    return (ost_parameter){ .source = OST_FROM_RECORD,
                            .type = f->type,
                            .precision = f->precision,
                            .scale = f->scale,
                            .offset = (uint32_t)f->offset,
                            .size = f->size,
                            .field = f };
}

ost_status reading_write(reading *r, const wide *in, bson_t *out)
{
    bson_reinit(out);
    for (uint32_t i = 0; i < r->table->field_count; i++) {
        const ost_field *f = &r->table->fields[i];
        ost_parameter p = parameter_of(f);
        const char *key = f->primary_key ? "_id" : f->column;
        bool absent;
        OST_TRY(ost__mongo_put(out, key, -1, &p, in, &absent, &r->b.error));
        assert_int_equal(absent, !bson_has_field(out, key));
    }
    return OST_OK;
}

ost_status reading_read(reading *r, const bson_t *document, catcher *k, ost_status *failed)
{
    ost__mongo_reader reader;
    ost_status status;
    assert_int_equal(ost__mongo_reader_begin(&reader, &r->plan, &r->program, &k->sink), OST_OK);
    status = ost__mongo_reader_row(&reader, bson_get_data(document), document->len);
    if (failed)
        *failed = reader.failed;
    return status;
}

/* ---- for each test ---- */

static reading world;
reading *reading_now = &world;

int reading_setup(void **state)
{
    (void)state;
    reading_begin(&world, &wide_model);
    return 0;
}

int reading_teardown(void **state)
{
    (void)state;
    reading_end(&world);
    return 0;
}

void reading_round_trip(const wide *in)
{
    bson_t document = BSON_INITIALIZER;
    wide out;
    catcher k;
    ost_status failed;
    const char *differs;
    catcher_begin(&k, &out, sizeof out, 1);
    if (reading_write(reading_now, in, &document) != OST_OK)
        fail_msg("%s", reading_now->b.error.message);
    assert_int_equal(reading_read(reading_now, &document, &k, &failed), OST_OK);
    if (failed != OST_OK)
        fail_msg("%s did not come back", reading_now->steps[k.column].field->name);
    differs = wide_differs(in, &out);
    if (differs)
        fail_msg("%s came back as another", differs);
    catcher_end(&k);
    bson_destroy(&document);
}

void reading_refuses(const wide *in, ost_status status, const char *field)
{
    bson_t document = BSON_INITIALIZER;
    assert_int_equal(reading_write(reading_now, in, &document), status);
    assert_string_equal(reading_now->b.error.field, field);
    assert_string_equal(reading_now->b.error.model, "wide");
    assert_int_equal(reading_now->b.error.nothing_sent, 1);
    bson_destroy(&document);
}

uint64_t wide_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}
