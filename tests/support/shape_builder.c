/* SPDX-License-Identifier: MIT */
#include "support/shape_builder.h"

#include "base/scalar.h"
#include "sqlite/types.h"

/* ---- tables ---- */

static void *room(bench *b, size_t size)
{
    void *p = ost__arena_alloc_zeroed(&b->arena, size, _Alignof(max_align_t));
    assert_non_null(p);
    return p;
}

ost_table *bench_table(bench *b, const ost_model *m)
{
    ost_table *t = room(b, sizeof *t);
    ost_field *fields;
    const ost_field **keys;
    uint32_t n = 0;
    while (m->fields[n].name)
        n++;
    fields = room(b, n * sizeof *fields);
    keys = room(b, n * sizeof *keys);
    *t = (ost_table){ .struct_size = sizeof *t,
                      .id = b->serial++,
                      .model = m->name,
                      .name = m->table ? m->table : m->name,
                      .fields = fields,
                      .field_count = n,
                      .keys = keys,
                      .record_size = m->size,
                      .adopted = m->adopted };
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = m->fields[i];
        if (!fields[i].column)
            fields[i].column = fields[i].name;
        if (fields[i].embeds)
            fields[i].part = bench_table(b, fields[i].embeds);
        if (fields[i].primary_key)
            keys[t->key_count++] = &fields[i];
        if (fields[i].generated == OST_AUTO_INCREMENT)
            t->auto_key = &fields[i];
    }
    return t;
}

const ost_field *table_field(const ost_table *t, const char *name)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (strcmp(t->fields[i].name, name) == 0)
            return &t->fields[i];
    fail_msg("%s has no member %s", t->model, name);
    return NULL;
}

/* ---- shapes ---- */

made *make(bench *b, uint16_t kind, const ost_table *t)
{
    made *m = room(b, sizeof *m);
    m->b = b;
    m->shape = (ost_shape){ .struct_size = sizeof(ost_shape),
                            .kind = kind,
                            .table = t,
                            .columns = m->columns,
                            .groups = m->groups,
                            .orders = m->orders,
                            .changes = m->changes,
                            .limit_parameter = OST_NO_PARAMETER,
                            .offset_parameter = OST_NO_PARAMETER };
    m->op = (ost_operation){ .struct_size = sizeof(ost_operation),
                             .kind = kind,
                             .shape = &m->shape,
                             .parameters = m->parameters,
                             .parameter_size = sizeof(ost_parameter) };
    m->program = (ost_row_program){ .struct_size = sizeof(ost_row_program),
                                    .step_size = sizeof(ost_row_step),
                                    .steps = m->steps };
    return m;
}

static uint32_t parameter(made *m, ost_parameter p)
{
    uint32_t n = m->shape.parameter_count++;
    assert_in_range(n, 0, BENCH_PARAMETERS - 1);
    m->parameters[n] = p;
    m->op.parameter_count = m->shape.parameter_count;
    return n;
}

static ost_node *new_node(made *m, uint16_t op, uint16_t type)
{
    ost_node *n = room(m->b, sizeof *n);
    n->op = op;
    n->type = type;
    n->parameter = OST_NO_PARAMETER;
    return n;
}

const ost_node *member(made *m, const char *name)
{
    const ost_field *f = table_field(m->shape.table, name);
    ost_node *n = new_node(m, OST_OP_MEMBER, f->type & (uint16_t)~OST_TYPE_OPTIONAL);
    n->field = f;
    n->precision = f->precision;
    n->scale = f->scale;
    n->nullable = 1;
    return n;
}

const ost_node *value(made *m, const char *like, ost_value v)
{
    const ost_field *f = like ? table_field(m->shape.table, like) : NULL;
    ost_node *n = new_node(m, OST_OP_VALUE, f ? f->type & (uint16_t)~OST_TYPE_OPTIONAL : v.type);
    n->field = f;
    n->precision = f ? f->precision : 38;
    n->scale = f ? f->scale : v.type == OST_TYPE_DECIMAL ? (uint16_t)v.as.decimal.scale : 0;
    n->parameter = parameter(m, (ost_parameter){ .source = OST_FROM_VALUE,
                                                 .type = v.type,
                                                 .precision = n->precision,
                                                 .scale = n->scale,
                                                 .field = f,
                                                 .value = v });
    return n;
}

const ost_node *node_of(made *m, uint16_t op, const ost_node *const *args, uint32_t count)
{
    ost_node *n = new_node(m, op, OST_TYPE_BOOL);
    const ost_node **copy = room(m->b, (count + 1) * sizeof *copy);
    for (uint32_t i = 0; i < count; i++)
        copy[i] = args[i];
    n->args = copy;
    n->arg_count = count;
    return n;
}

const ost_node *node2(made *m, uint16_t op, const ost_node *left, const ost_node *right)
{
    const ost_node *args[] = { left, right };
    return node_of(m, op, args, 2);
}

const ost_node *node1(made *m, uint16_t op, const ost_node *arg)
{
    return node_of(m, op, &arg, 1);
}

const ost_node *test(made *m, uint16_t op, const char *name, ost_value v)
{
    const ost_node *left = member(m, name);
    return node2(m, op, left, value(m, name, v));
}

const ost_node *in_list(made *m, const char *name, uint16_t type, const void *items, size_t count,
                        size_t stride)
{
    const ost_node *arg = member(m, name);
    ost_node *n = (ost_node *)(uintptr_t)node1(m, OST_OP_IN, arg);
    n->parameter = parameter(m, (ost_parameter){ .source = OST_FROM_LIST,
                                                 .type = type,
                                                 .field = arg->field,
                                                 .list = items,
                                                 .list_count = count,
                                                 .list_stride = stride });
    return n;
}

const ost_node *text_test(made *m, uint16_t op, const char *name, const char *text)
{
    ost_node *n = (ost_node *)(uintptr_t)node1(m, op, member(m, name));
    n->parameter = parameter(m, (ost_parameter){ .source = OST_FROM_VALUE,
                                                 .type = OST_TYPE_TEXT,
                                                 .value = ost_value_text(text) });
    return n;
}

const ost_node *aggregate(made *m, uint16_t op, const char *name, uint16_t type, uint16_t scale)
{
    const ost_node *arg = name ? member(m, name) : NULL;
    ost_node *n = (ost_node *)(uintptr_t)node_of(m, op, &arg, name ? 1 : 0);
    n->type = type;
    n->scale = scale;
    n->precision = type == OST_TYPE_DECIMAL ? 38 : 0;
    n->nullable = 1;
    if (op == OST_OP_MIN || op == OST_OP_MAX) {
        n->field = arg->field;
        n->precision = arg->precision;
        n->scale = arg->scale;
    }
    return n;
}

static void fill_step(ost_row_step *s, const ost_field *to, const ost_node *n, uint32_t column_)
{
    uint16_t type = to->type & (uint16_t)~OST_TYPE_OPTIONAL;
    bool optional = to->type & OST_TYPE_OPTIONAL;
    bool pointer = type == OST_TYPE_TEXT || type == OST_TYPE_BLOB || type == OST_TYPE_JSON ||
                   type == OST_TYPE_LIST;
    *s = (ost_row_step){ .offset = (uint32_t)to->offset,
                         .size = to->size,
                         .type = type,
                         .value_offset = optional ? ost__value_offset(type) : 0,
                         .column = (uint16_t)column_,
                         .null_rule = optional  ? OST_NULL_IS_ABSENT
                                      : pointer ? OST_NULL_IS_POINTER
                                                : OST_NULL_IS_RANGE,
                         .column_type = n->type,
                         .precision = n->precision,
                         .scale = n->scale,
                         .field = to,
                         .origin = n->field };
}

void column(made *m, const ost_node *n, const ost_field *to)
{
    uint32_t i = m->shape.column_count++;
    uint32_t end = (uint32_t)to->offset + to->size;
    m->columns[i] = n;
    fill_step(&m->steps[i], to, n, i);
    m->program.step_count = i + 1;
    end = (end + 15) / 16 * 16;
    if (m->program.row_size < end)
        m->program.row_size = end;
    m->op.rows = &m->program;
}

void all_columns(made *m, size_t size)
{
    const ost_table *t = m->shape.table;
    for (uint32_t i = 0; i < t->field_count; i++)
        column(m, member(m, t->fields[i].name), &t->fields[i]);
    m->program.row_size = (uint32_t)size;
}

void order_by(made *m, const ost_node *n, bool descending)
{
    m->orders[m->shape.order_count++] = (ost_order){ .node = n, .descending = descending };
}

void group_by(made *m, const ost_node *n)
{
    m->groups[m->shape.group_count++] = n;
}

void limit_to(made *m, int64_t limit, int64_t offset)
{
    ost_parameter p = { .source = OST_FROM_VALUE, .type = OST_TYPE_INT64 };
    if (limit >= 0) {
        p.value = ost_value_int(limit);
        m->shape.limit_parameter = parameter(m, p);
    }
    if (offset >= 0) {
        p.value = ost_value_int(offset);
        m->shape.offset_parameter = parameter(m, p);
    }
}

void from_records(made *m, const void *records, size_t count, size_t stride, bool auto_key)
{
    const ost_table *t = m->shape.table;
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        if (auto_key && f == t->auto_key)
            continue;
        m->changes[m->shape.change_count++] =
            (ost_change){ .field = f,
                          .op = OST_OP_SET,
                          .parameter = parameter(m, (ost_parameter){ .source = OST_FROM_RECORD,
                                                                     .type = f->type,
                                                                     .precision = f->precision,
                                                                     .scale = f->scale,
                                                                     .offset = (uint32_t)f->offset,
                                                                     .size = f->size,
                                                                     .field = f }) };
    }
    m->op.records = records;
    m->op.record_count = count;
    m->op.record_stride = stride;
    m->program.row_size = (uint32_t)stride;
    if (auto_key && t->auto_key) {
        const ost_node key = { .type = t->auto_key->type, .field = t->auto_key };
        fill_step(&m->steps[0], t->auto_key, &key, 0);
        m->program.step_count = 1;
        m->op.rows = &m->program;
    }
}

void set_change(made *m, uint16_t op, const char *name, ost_value v)
{
    const ost_field *f = table_field(m->shape.table, name);
    m->changes[m->shape.change_count++] = (ost_change){
        .field = f,
        .op = op,
        .parameter =
            op == OST_OP_SET_NULL
                ? OST_NO_PARAMETER
                : parameter(m, (ost_parameter){ .source = v.type == OST_TYPE_NONE ? OST_IS_NULL
                                                                                  : OST_FROM_VALUE,
                                                .type = v.type,
                                                .field = f,
                                                .value = v })
    };
}

void set_to(made *m, const char *name, ost_value v)
{
    set_change(m, OST_OP_SET, name, v);
}

/* ---- running ---- */

ost_status compile(made *m)
{
    if (m->op.plan || !m->shape.table)
        return OST_OK;
    return m->b->driver->compile(m->b->backend, &m->b->caps, &m->shape, &m->op.plan, &m->b->error);
}

const char *text_of(made *m)
{
    if (compile(m) != OST_OK)
        fail_msg("%s", m->b->error.message);
    return m->b->driver->plan_text(m->op.plan);
}

void discard(made *m)
{
    m->b->driver->discard(m->b->backend, m->op.plan);
    m->op.plan = NULL;
}

typedef struct test_sink {
    ost_sink sink; /* first */
    made *m;
    bench *b;
    uint8_t *end; /* of all room for rows */
} test_sink;

static void *refill_row(ost_sink *k)
{
    test_sink *t = (test_sink *)k;
    uint8_t *row = k->rows.next;
    size_t chunk = t->m && t->m->row_chunk > 0 ? t->m->row_chunk : 1;
    if ((size_t)(t->end - row) < k->row_size) {
        k->status = OST_CANCELLED;
        return NULL;
    }
    k->rows.next = row + k->row_size;
    k->rows.end = k->rows.next + (chunk - 1) * k->row_size;
    if (k->rows.end > t->end)
        k->rows.end = t->end;
    return row;
}

static void *refill_bytes(ost_sink *k, size_t size, size_t align)
{
    test_sink *t = (test_sink *)k;
    return ost__arena_alloc(&t->b->arena, size, align);
}

static void column_failed(ost_sink *k, uint16_t failed, ost_status why)
{
    test_sink *t = (test_sink *)k;
    if (t->m && t->m->bad_count++ == 0) {
        t->m->bad_column = failed;
        t->m->bad_status = why;
    }
}

ost_status collect_rows(bench *b, ost_connection *c, size_t i, made *m, void *rows, size_t space,
                        size_t *count, int64_t deadline)
{
    uint32_t size = m ? m->program.row_size : 0;
    test_sink t = { .m = m, .b = b };
    ost_status status;
    t.sink = (ost_sink){ .struct_size = sizeof(ost_sink),
                         .row_size = size,
                         .refill_row = refill_row,
                         .refill_bytes = refill_bytes,
                         .column_failed = column_failed,
                         .max_rows = m ? m->rows_max : 0 };
    if (rows) {
        memset(rows, 0, space * size);
        t.end = (uint8_t *)rows + space * size;
    }
    t.sink.rows.next = rows;
    t.sink.rows.end = m && m->row_chunk > 0 ? rows : t.end;
    status = b->driver->collect(c, i, &t.sink, &b->outcome, deadline, &b->error);
    if (count)
        *count = (size_t)b->outcome.rows;
    assert_int_equal(b->outcome.status, status);
    return status;
}

ost_status run_on(ost_connection *c, made *m, void *rows, size_t *count)
{
    size_t accepted = 0, space = count ? *count : 0;
    OST_TRY(compile(m));
    OST_TRY(m->b->driver->submit(c, &m->op, 1, &accepted, INT64_MAX, &m->b->error));
    assert_int_equal(accepted, 1);
    return collect_rows(m->b, c, 0, m, rows, space, count, INT64_MAX);
}

ost_status run(made *m)
{
    return run_on(m->b->c, m, NULL, NULL);
}

ost_status run_rows(made *m, void *rows, size_t space, size_t *count)
{
    *count = space;
    return run_on(m->b->c, m, rows, count);
}

static ost_status plain(bench *b, ost_connection *c, ost_operation *op)
{
    size_t accepted;
    op->struct_size = sizeof *op;
    op->parameter_size = sizeof(ost_parameter);
    OST_TRY(b->driver->submit(c, op, 1, &accepted, INT64_MAX, &b->error));
    return collect_rows(b, c, 0, NULL, NULL, 0, NULL, INT64_MAX);
}

ost_status simple_on(bench *b, ost_connection *c, uint16_t kind, const char *text)
{
    ost_operation op = { .kind = kind, .text = text, .text_size = text ? strlen(text) : 0 };
    return plain(b, c, &op);
}

ost_status begin_on(bench *b, ost_connection *c, uint16_t access)
{
    ost_operation op = { .kind = OST_DO_BEGIN, .access = access };
    return plain(b, c, &op);
}

void create(bench *b, const ost_table *t)
{
    made *m = make(b, OST_DO_DDL, t);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    if (run(m) != OST_OK)
        fail_msg("%s", b->error.message);
    discard(m);
    for (uint32_t i = 0; i < t->index_count; i++) {
        m = make(b, OST_DO_DDL, t);
        m->shape.ddl = OST_DDL_CREATE_INDEX;
        m->shape.ddl_index = i;
        if (run(m) != OST_OK)
            fail_msg("%s", b->error.message);
        discard(m);
    }
}
