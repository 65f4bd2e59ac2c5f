/* SPDX-License-Identifier: MIT */
#include "plan_rig.h"

OST_MODEL(item, .table = "items",
          OST_FIELDS(OST_FIELD(item, id, .primary_key = true),
                     OST_FIELD(item, name, .required = true), OST_FIELD(item, note),
                     OST_FIELD(item, i8), OST_FIELD(item, year), OST_FIELD(item, total),
                     OST_FIELD(item, big), OST_FIELD(item, f), OST_FIELD(item, wild),
                     OST_FIELD(item, age),
                     OST_FIELD(item, owner, .column = "owner_id", .unique = true),
                     OST_FIELD(item, lent),
                     OST_FIELD(item, colour, .values = OST_NAMES("red", "green")),
                     OST_FIELD(item, price, .precision = 12, .scale = 2),
                     OST_FIELD(item, huge, .precision = 30, .scale = 6),
                     OST_FIELD(item, rate, .precision = 12, .scale = 4), OST_FIELD(item, at),
                     OST_FIELD(item, data),
                     OST_FIELD(item, digest, .not_null = true, .min_length = 4, .max_length = 4),
                     OST_FIELD(item, uuid),
                     OST_FIELD(item, limited, .min = OST_INT(0), .max = OST_INT(9))));

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    bench *b = context;
    return b->host.resize(b->host.context, old, old_size, new_size);
}

int rig_set_up(void **state)
{
    /* The driver that is opened here gives the host and its memory only. */
    rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    bench_open(&r->b, ost_driver_sqlite(), "sqlite::memory:");
    r->own.host = r->b.host;
    r->own.memory = (ost__memory){ .resize = resize, .context = &r->b };
    r->backend = &r->own;
    r->items = bench_table(&r->b, &item_model);
    *state = r;
    return 0;
}

int rig_tear_down(void **state)
{
    rig *r = *state;
    bench_close(&r->b);
    free(r);
    return 0;
}

static rig *rig_of(made *m)
{
    return (rig *)(void *)m->b;
}

made *select_ids(rig *r)
{
    made *m = make(&r->b, OST_DO_SELECT, r->items);
    column(m, col(m, "id"), table_field(r->items, "id"));
    return m;
}

const ost_node *col(made *m, const char *name)
{
    ost_node *n = (ost_node *)(uintptr_t)member(m, name);
    const ost_field *f = n->field;
    uint16_t kind = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
    bool pointer = kind == OST_TYPE_TEXT || kind == OST_TYPE_BLOB;
    n->nullable = (f->type & OST_TYPE_OPTIONAL) || (pointer && !f->required && !f->not_null);
    return n;
}

const ost_node *is(made *m, uint16_t op, const char *name, ost_value v)
{
    const ost_node *left = col(m, name);
    return node2(m, op, left, value(m, name, v));
}

const ost_node *not_(made *m, const ost_node *n)
{
    return node1(m, OST_OP_NOT, n);
}

static ost_status compile_it(made *m)
{
    rig *r = rig_of(m);
    ost_status status =
        ost__mongo_compile(r->backend, &r->b.caps, &m->shape, &m->op.plan, &r->b.error);
    return status;
}

ost_plan *plan_of(made *m)
{
    if (!m->op.plan && compile_it(m) != OST_OK)
        fail_msg("%s", m->b->error.message);
    return m->op.plan;
}

static void drop(made *m)
{
    ost__mongo_discard(rig_of(m)->backend, m->op.plan);
    m->op.plan = NULL;
}

/* With ' for ", and without the blanks that the library puts around everything. */
static char *plain(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        bool inside =
            *p == ' ' &&
            (p[1] == '}' || p[1] == ']' || p[1] == ':' ||
             (p > text && (p[-1] == '{' || p[-1] == '[' || p[-1] == ':' || p[-1] == ',')));
        if (!inside)
            *to++ = *p == '"' ? '\'' : *p;
    }
    *to = '\0';
    return text;
}

void assert_plan(made *m, const char *expected)
{
    char *text;
    plan_of(m);
    text = strdup(ost__mongo_plan_text(m->op.plan));
    assert_non_null(text);
    assert_string_equal(plain(text), expected);
    free(text);
    drop(m);
}

void assert_refused(made *m, ost_status status, const char *part)
{
    bench *b = m->b;
    memset(&b->error, 0, sizeof b->error);
    assert_int_equal(compile_it(m), status);
    assert_null(m->op.plan);
    if (!strstr(b->error.message, part))
        fail_msg("\"%s\" is not in: %s", part, b->error.message);
    assert_int_equal(b->error.nothing_sent, 1);
}

ost_status write_it(made *m, bson_t *out)
{
    ost_plan *plan = plan_of(m);
    ost__mongo_writer w = {
        .plan = plan, .table = m->shape.table, .op = &m->op, .error = &m->b->error
    };
    bool flag;
    bson_init(out);
    switch (m->shape.kind) {
    case OST_DO_UPDATE: return ost__mongo_changes(&w, out, &flag);
    case OST_DO_DELETE: return ost__mongo_filter(&w, m->shape.where, out);
    default:
        return plan->way == OST__MONGO_FIND ? ost__mongo_find(&w, out, &flag)
                                            : ost__mongo_pipeline(&w, out);
    }
}

const char *written(made *m)
{
    bson_t out;
    char *text;
    const char *kept;
    if (write_it(m, &out) != OST_OK)
        fail_msg("%s", m->b->error.message);
    text = bson_as_canonical_extended_json(&out, NULL);
    assert_non_null(text);
    plain(text);
    kept = ost__arena_text(&m->b->arena, text, strlen(text));
    bson_free(text);
    bson_destroy(&out);
    return kept;
}

void assert_written(made *m, const char *expected)
{
    assert_string_equal(written(m), expected);
    drop(m);
}
