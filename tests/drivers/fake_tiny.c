/* SPDX-License-Identifier: MIT */
/* The tiny driver: items in one array, units that can be undone, streams, and a few faults of its
 * own. */
#include "fake_rig.h"

#include "base/error.h"

static struct {
    item items[TINY_MOST];
    size_t count, committed;
} store;
atomic_uint tiny_cancelled;

size_t tiny_committed(void)
{
    return store.committed;
}

void tiny_forget(void)
{
    memset(&store, 0, sizeof store);
    atomic_store(&tiny_cancelled, 0);
}

struct ost_backend {
    ost_host host;
    ost__memory memory;
};
struct ost_plan {
    const ost_shape *shape;
};
struct ost_connection {
    ost_backend *backend;
    const ost_operation *op, *stream;
    size_t position;
    bool in_unit, lost;
};

static ost_status tiny_open(const ost_host *host, const ost_options *options, ost_backend **out,
                            ost_error *e)
{
    ost__memory m = { host->resize, host->context };
    if (strncmp(options->url, "tiny:", 5) != 0)
        return ost__error_set(e, OST_MISUSE, "the url is not of this driver");
    ost_backend *b = ost__alloc_zeroed(&m, sizeof *b);
    if (!b)
        return ost__error_set(e, OST_NO_MEMORY, "no memory");
    b->host = *host;
    b->memory = m;
    *out = b;
    return OST_OK;
}

static void tiny_shut(ost_backend *b, ost_deadline deadline)
{
    ost__memory m = b->memory;
    (void)deadline;
    ost__free(&m, b, sizeof *b);
}

static ost_status tiny_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                               ost_plan **out, ost_error *e)
{
    (void)caps;
    ost_plan *p = ost__alloc(&b->memory, sizeof *p);
    if (!p)
        return ost__error_set(e, OST_NO_MEMORY, "no memory");
    p->shape = shape;
    *out = p;
    return OST_OK;
}

static void tiny_discard(ost_backend *b, ost_plan *p)
{
    ost__free(&b->memory, p, sizeof *p);
}

static ost_status tiny_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                               ost_connection **out, ost_capabilities *caps, ost_error *e)
{
    (void)deadline;
    assert_string_equal(endpoint, "tiny:anything");
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    if (!c)
        return ost__error_set(e, OST_NO_MEMORY, "no memory");
    c->backend = b;
    caps->abilities = 1U << OST_CAN_SAVEPOINT | 1U << OST_CAN_STREAM_BESIDE;
    caps->max_parameters = 100;
    caps->fingerprint = 7;
    *out = c;
    return OST_OK;
}

static void end_unit(ost_connection *c, bool keep)
{
    if (keep)
        store.committed = store.count;
    else if (c->in_unit)
        store.count = store.committed;
    c->in_unit = false;
}

static void tiny_close(ost_connection *c, ost_deadline deadline)
{
    (void)deadline;
    end_unit(c, false);
    ost__free(&c->backend->memory, c, sizeof *c);
}

static ost_status tiny_submit(ost_connection *c, const ost_operation *ops, size_t n,
                              size_t *accepted, ost_deadline deadline, ost_error *e)
{
    (void)n, (void)deadline, (void)e;
    c->op = ops;
    *accepted = 1;
    return OST_OK;
}

static ost_status insert(ost_connection *c, const ost_operation *op, ost_outcome *o, ost_error *e)
{
    for (size_t i = 0; i < op->record_count; i++) {
        const item *it = (const item *)op->records + i;
        for (size_t k = 0; k < store.count; k++) {
            if (store.items[k].id == it->id) {
                o->failed_record = i;
                return ost__error_set(e, OST_CONFLICT, "the id is taken");
            }
        }
        store.items[store.count++] = *it;
        o->matched++;
    }
    if (!c->in_unit)
        store.committed = store.count;
    return OST_OK;
}

static void *take(ost_span *span, size_t size)
{
    if ((size_t)(span->end - span->next) < size)
        return NULL;
    void *p = span->next;
    span->next += size;
    return p;
}

static ost_status rows(ost_connection *c, const ost_operation *op, ost_sink *k, ost_outcome *o)
{
    size_t portion = (op->flags & OST_FLAG_STREAM) ? k->max_rows : 0;
    for (; c->position < store.count; c->position++, o->rows++) {
        if (portion > 0 && (size_t)o->rows == portion) {
            o->progress = OST_MORE;
            c->stream = op;
            return OST_OK;
        }
        const item *it = &store.items[c->position];
        item *row = take(&k->rows, k->row_size);
        if (!row && !(row = k->refill_row(k)))
            return k->status;
        *row = *it;
        size_t length = it->name ? strlen(it->name) + 1 : 0;
        char *name = length > 0 ? take(&k->bytes, length) : NULL;
        if (length > 0 && !name && !(name = k->refill_bytes(k, length, 1)))
            return k->status;
        if (length > 0)
            row->name = memcpy(name, it->name, length);
    }
    c->stream = NULL;
    return OST_OK;
}

static ost_status raw(ost_connection *c, const ost_operation *op, ost_sink *k, ost_outcome *o,
                      ost_deadline deadline, ost_error *e)
{
    const ost_host *h = &c->backend->host;
    if (strcmp(op->text, "fail") == 0)
        return ost__error_set(e, OST_CHECK, "it failed");
    if (strcmp(op->text, "wait") == 0) {
        h->wait(h->context, c, -1, 0, deadline);
        o->connection_lost = 0;
        return ost__error_set(e, OST_TIMEOUT, "it took too long");
    }
    if (strcmp(op->text, "lose") == 0) {
        o->connection_lost = 1;
        return ost__error_set(e, OST_CONNECTION, "the server went away");
    }
    c->position = 0;
    ost_status status = rows(c, op, k, o);
    if (status == OST_OK && strcmp(op->text, "spoil") == 0) {
        k->column_failed(k, 2, OST_RANGE);
        status = OST_RANGE;
    }
    return status;
}

static ost_status run(ost_connection *c, const ost_operation *op, ost_sink *k, ost_outcome *o,
                      ost_deadline deadline, ost_error *e)
{
    switch (op->kind) {
    case OST_DO_BEGIN: c->in_unit = true; return OST_OK;
    case OST_DO_COMMIT: end_unit(c, true); return OST_OK;
    case OST_DO_ROLLBACK: end_unit(c, false); return OST_OK;
    case OST_DO_INSERT: return insert(c, op, o, e);
    case OST_DO_RAW: return raw(c, op, k, o, deadline, e);
    case OST_DO_SELECT: c->position = 0; return rows(c, op, k, o);
    case OST_DO_UPSERT: {
        static uint8_t effects[2] = { OST_EFFECT_INSERTED, OST_EFFECT_UPDATED };
        o->effects = effects;
        return OST_OK;
    }
    default: return OST_OK;
    }
}

static ost_status tiny_collect(ost_connection *c, size_t i, ost_sink *k, ost_outcome *o,
                               ost_deadline deadline, ost_error *e)
{
    ost_status status;
    *o = (ost_outcome){ .struct_size = sizeof *o, .failed_record = SIZE_MAX, .statements = 1 };
    if (i == 0) {
        status = run(c, c->op, k, o, deadline, e);
    } else {
        assert_non_null(c->stream);
        assert_int_equal(i, OST_STREAM(c->stream->stream));
        status = rows(c, c->stream, k, o);
    }
    o->status = (uint16_t)status;
    return status;
}

static ost_status tiny_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    (void)deadline;
    assert_int_equal(c->stream->stream, stream);
    c->stream = NULL;
    return OST_OK;
}

static ost_status tiny_settle(ost_connection *c, ost_deadline deadline)
{
    (void)c, (void)deadline;
    return OST_OK;
}

static void tiny_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    (void)b, (void)c, (void)deadline;
    atomic_store(&tiny_cancelled, (unsigned)batch);
}

static enum ost_unit_state tiny_unit_state(ost_connection *c)
{
    return c->in_unit ? OST_UNIT_OPEN : OST_UNIT_NONE;
}

static void tiny_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                          const char *text, ost_error *e)
{
    (void)op, (void)sql_state;
    ost__error_set(e, native_code == 40 ? OST_DEADLOCK : OST_DRIVER_ERROR, "%s", text);
}

static const char *tiny_plan_text(const ost_plan *p)
{
    return p->shape->kind == OST_DO_SELECT ? "all the items" : "another plan";
}

static const char *const schemes[] = { "tiny", NULL };
const ost_driver tiny_driver = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "tiny",
    .schemes = schemes,
    .open = tiny_open,
    .shut = tiny_shut,
    .compile = tiny_compile,
    .discard = tiny_discard,
    .connect = tiny_connect,
    .close = tiny_close,
    .submit = tiny_submit,
    .collect = tiny_collect,
    .stop_stream = tiny_stop_stream,
    .settle = tiny_settle,
    .cancel = tiny_cancel,
    .unit_state = tiny_unit_state,
    .classify = tiny_classify,
    .plan_text = tiny_plan_text,
};
