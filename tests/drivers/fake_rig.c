/* SPDX-License-Identifier: MIT */
#include "fake_rig.h"

#include "base/error.h"

#include <poll.h>
#include <stddef.h>

/* ---- the model ---- */

static const ost_field item_fields[] = {
    { .name = "id",
      .offset = offsetof(item, id),
      .size = 8,
      .type = OST_TYPE_INT64,
      .column = "id" },
    { .name = "name",
      .offset = offsetof(item, name),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT },
    { .name = "data", .offset = offsetof(item, data), .size = 16, .type = OST_TYPE_BLOB },
    { .name = "note", .offset = offsetof(item, note), .size = 8, .type = OST_TYPE_INT32 },
};
static const ost_field *const item_keys[] = { &item_fields[0] };
const ost_table item_table = {
    .struct_size = sizeof item_table,
    .model = "item",
    .name = "items",
    .fields = item_fields,
    .field_count = 4,
    .keys = item_keys,
    .key_count = 1,
};
static const ost_row_step item_steps[] = {
    { .offset = offsetof(item, id), .size = sizeof(int64_t), .type = OST_TYPE_INT64, .column = 0 },
    { .offset = offsetof(item, name),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT,
      .column = 1,
      .null_rule = OST_NULL_IS_POINTER },
    { .offset = offsetof(item, data),
      .size = sizeof(ost_blob),
      .type = OST_TYPE_BLOB,
      .column = 2,
      .null_rule = OST_NULL_IS_POINTER },
    { .offset = offsetof(item, note),
      .size = sizeof(ost_opt_int),
      .value_offset = offsetof(ost_opt_int, value),
      .type = OST_TYPE_INT32,
      .column = 3,
      .null_rule = OST_NULL_IS_ABSENT },
};
const ost_row_program item_rows = {
    .struct_size = sizeof item_rows,
    .step_size = sizeof(ost_row_step),
    .step_count = 4,
    .row_size = sizeof(item),
    .steps = item_steps,
};

/* ---- the host ---- */

static void *host_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    rig_host *h = context;
    if (new_size > 0) {
        long call = atomic_fetch_add(&h->calls, 1) + 1, fail_at = atomic_load(&h->fail_at);
        if (fail_at > 0 && call >= fail_at)
            return NULL;
    }
    void *p = h->platform.resize(h->platform.context, old, old_size, new_size);
    assert_true(new_size == 0 || p);
    atomic_fetch_add(&h->live, (long)new_size - (long)old_size);
    return p;
}

static int64_t host_now(void *context)
{
    rig_host *h = context;
    return h->platform.monotonic(h->platform.context);
}

static void host_random(void *context, void *out, size_t size)
{
    rig_host *h = context;
    h->platform.random(h->platform.context, out, size);
}

static int host_wait(void *context, ost_connection *c, int fd, int events, ost_deadline deadline)
{
    rig_host *h = context;
    h->waited_on = c;
    if (h->before_wait)
        h->before_wait(h->context);
    int64_t left = deadline - host_now(context);
    if (left <= 0)
        return 0;
    struct pollfd p = { .fd = fd, .events = (short)events };
    int64_t ms = left / 1000000 + 1;
    int n = poll(&p, 1, ms > 60000 ? 60000 : (int)ms);
    return n > 0 ? p.revents : 0;
}

static void host_event(void *context, uint16_t kind, const char *text)
{
    (void)context, (void)kind, (void)text;
}

/* ---- the rig ---- */

static const uint16_t planned[] = { OST_DO_SELECT, OST_DO_INSERT, OST_DO_UPDATE, OST_DO_UPSERT };

ost_status rig_open_db(rig *r, const char *url)
{
    const ost_driver *const drivers[] = { r->table, NULL };
    const ost_options options = {
        .struct_size = sizeof options,
        .url = url,
        .drivers = drivers,
    };
    return r->table->open(&r->host.host, &options, &r->backend, &r->error);
}

static void open_fake(rig *r, const ost_driver *inner, const ost_fake_options *options)
{
    tiny_forget();
    memset(r, 0, sizeof *r);
    r->fake = ost_fake_open(inner, options);
    assert_non_null(r->fake);
    r->table = ost_fake_driver(r->fake);
}

static void open_rest(rig *r)
{
    r->host.host = (ost_host){
        .struct_size = sizeof(ost_host),
        .abi = OST_DRIVER_ABI,
        .context = &r->host,
        .resize = host_resize,
        .now = host_now,
        .random = host_random,
        .wait = host_wait,
        .event = host_event,
    };
    assert_int_equal(rig_open_db(r, "fake:tiny:anything"), OST_OK);
    r->c = rig_connect(r);
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
        ost_shape *shape = &r->shapes[planned[i]];
        *shape = (ost_shape){
            .struct_size = sizeof *shape,
            .kind = planned[i],
            .table = &item_table,
            .limit_parameter = OST_NO_PARAMETER,
            .offset_parameter = OST_NO_PARAMETER,
        };
        assert_int_equal(
            r->table->compile(r->backend, &r->caps, shape, &r->plans[planned[i]], &r->error),
            OST_OK);
    }
}

void rig_open(rig *r, const ost_driver *inner, const ost_fake_options *options)
{
    open_fake(r, inner, options);
    ost_fake_platform(r->fake, &r->host.platform);
    open_rest(r);
}

void rig_open_in_real_time(rig *r, const ost_driver *inner)
{
    open_fake(r, inner, NULL);
    ost__platform_complete(&r->host.platform, NULL);
    open_rest(r);
}

void rig_close_db(rig *r)
{
    for (size_t i = 0; i < sizeof planned / sizeof *planned; i++)
        r->table->discard(r->backend, r->plans[planned[i]]);
    if (r->c)
        r->table->close(r->c, rig_deadline(r));
    r->table->shut(r->backend, rig_deadline(r));
}

void rig_close(rig *r)
{
    char text[256] = "";
    rig_close_db(r);
    ost_fake_violation_at(r->fake, 0, text);
    assert_string_equal(text, "");
    assert_int_equal(atomic_load(&r->host.live), 0);
    ost_fake_close(r->fake);
}

void rig_expect_violation(rig *r, size_t count, const char *sentence)
{
    char text[256] = "";
    ost_fake_violation_at(r->fake, 0, text);
    if (!strstr(text, sentence))
        fail_msg("the first violation is '%s', expected '%s'", text, sentence);
    assert_int_equal(ost_fake_violation_count(r->fake), count);
    ost_fake_forget_violations(r->fake);
}

ost_connection *rig_connect(rig *r)
{
    ost_connection *c = NULL;
    r->caps = (ost_capabilities){ .struct_size = sizeof r->caps };
    ost_status status = r->table->connect(r->backend, "fake:tiny:anything", rig_deadline(r), &c,
                                          &r->caps, &r->error);
    assert_int_equal(status, c ? OST_OK : (int)r->error.status);
    return c;
}

ost_deadline rig_deadline(const rig *r)
{
    return r->host.platform.monotonic(r->host.platform.context) + RIG_TIME_NS;
}

ost_operation rig_op(rig *r, uint16_t kind)
{
    ost_operation op = { .struct_size = sizeof op,
                         .kind = kind,
                         .parameter_size = sizeof(ost_parameter) };
    if (r->plans[kind]) {
        op.shape = &r->shapes[kind];
        op.plan = r->plans[kind];
        op.flags = kind == OST_DO_SELECT ? 0 : OST_FLAG_WRITES;
        op.rows = kind == OST_DO_SELECT ? &item_rows : NULL;
    }
    if (kind == OST_DO_SAVEPOINT || kind == OST_DO_RELEASE || kind == OST_DO_ROLLBACK_TO) {
        op.text = "s1";
        op.text_size = 2;
    }
    return op;
}

ost_operation rig_insert(rig *r, const item *items, size_t count)
{
    ost_operation op = rig_op(r, OST_DO_INSERT);
    op.records = items;
    op.record_count = count;
    op.record_stride = sizeof *items;
    return op;
}

ost_operation rig_raw(rig *r, const char *text)
{
    ost_operation op = rig_op(r, OST_DO_RAW);
    op.text = text;
    op.text_size = strlen(text);
    op.rows = &item_rows;
    return op;
}

/* ---- the sink ---- */

static void *give_row(ost_sink *sink)
{
    rig_sink *k = (rig_sink *)(void *)sink;
    if (k->rows_given + 2 > SINK_ROWS) {
        sink->status = OST_TOO_LARGE;
        return NULL;
    }
    item *row = &k->rows[k->rows_given];
    k->rows_given += 2;
    sink->rows.next = (uint8_t *)(row + 1);
    sink->rows.end = (uint8_t *)(row + 2);
    return row;
}

static void *give_bytes(ost_sink *sink, size_t size, size_t align)
{
    rig_sink *k = (rig_sink *)(void *)sink;
    size_t at = (k->bytes_given + align - 1) / align * align;
    if (at + size + 8 > SINK_BYTES) {
        sink->status = OST_NO_MEMORY;
        return NULL;
    }
    k->bytes_given = at + size + 8;
    sink->bytes.next = (uint8_t *)k->bytes + at + size;
    sink->bytes.end = (uint8_t *)k->bytes + k->bytes_given;
    return k->bytes + at;
}

static void take_hint(ost_sink *sink, size_t rows)
{
    ((rig_sink *)(void *)sink)->expected = rows;
}

static void take_failure(ost_sink *sink, uint16_t column, ost_status why)
{
    rig_sink *k = (rig_sink *)(void *)sink;
    if (k->failed_column < 0)
        k->failed_column = column;
    if (sink->status == OST_OK)
        sink->status = why;
}

void sink_begin(rig_sink *k, size_t max_rows)
{
    memset(k, 0, sizeof *k);
    k->failed_column = -1;
    k->sink = (ost_sink){
        .struct_size = sizeof k->sink,
        .row_size = sizeof(item),
        .max_rows = max_rows,
        .refill_row = give_row,
        .refill_bytes = give_bytes,
        .expect = take_hint,
        .column_failed = take_failure,
    };
}

size_t sink_count(const rig_sink *k)
{
    return k->rows_given - (size_t)(k->sink.rows.end - k->sink.rows.next) / sizeof(item);
}

/* ---- running ---- */

size_t rig_submit(rig *r, const ost_operation *ops, size_t n)
{
    size_t accepted = 0;
    ost_status status = r->table->submit(r->c, ops, n, &accepted, rig_deadline(r), &r->error);
    assert_int_equal(status == OST_OK, accepted > 0);
    return accepted;
}

ost_status rig_collect(rig *r, size_t i, rig_sink *k)
{
    memset(&r->outcome, 0xa5, sizeof r->outcome);
    memset(&r->error, 0, sizeof r->error);
    ost_status status =
        r->table->collect(r->c, i, k ? &k->sink : NULL, &r->outcome, rig_deadline(r), &r->error);
    assert_int_equal(r->outcome.status, status);
    return status;
}

ost_status rig_run(rig *r, const ost_operation *op, rig_sink *k)
{
    if (rig_submit(r, op, 1) == 0)
        return (ost_status)r->error.status;
    return rig_collect(r, 0, k);
}

ost_status rig_do(rig *r, uint16_t kind)
{
    const ost_operation op = rig_op(r, kind);
    return rig_run(r, &op, NULL);
}

size_t rig_count(rig *r)
{
    rig_sink k;
    const ost_operation op = rig_op(r, OST_DO_SELECT);
    sink_begin(&k, 0);
    assert_int_equal(rig_run(r, &op, &k), OST_OK);
    return sink_count(&k);
}
