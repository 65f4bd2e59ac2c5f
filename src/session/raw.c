/* SPDX-License-Identifier: MIT */
/* Raw statements: what is the core's of them. The language is the driver's. */
#include "ostler/raw.h"

#include <string.h>

#include "base/utf8.h"
#include "model/member.h"
#include "session/image.h"

enum { BINDINGS_MAX = 65535, TEXT_MAX = 16 << 20 };

/* ---- parameters ---- */

static ost_status bad_binding(ost_session *s, size_t i, ost_status status, const char *why)
{
    return ost__fail(s, status, "parameter %zu of a raw statement %s", i + 1, why);
}

static bool is_text(uint16_t type, const ost_value *v)
{
    return type != OST_TYPE_TEXT || ost__utf8_valid(v->as.text, strlen(v->as.text));
}

/* The interface to drivers keeps the bools of a list as integers. */
static bool copy_bools(ost_session *s, const ost_binding *b, ost_parameter *p)
{
    size_t size;
    int64_t *copy;
    if (!ost__size_mul(b->list_count, sizeof *copy, &size))
        return false;
    copy = ost__arena_alloc(&s->scratch, size > 0 ? size : 1, _Alignof(int64_t));
    for (size_t i = 0; copy && i < b->list_count; i++)
        copy[i] = *((const bool *)b->list + i * b->stride);
    p->list = copy;
    p->list_stride = sizeof *copy;
    return copy != NULL;
}

static ost_status take_list(ost_session *s, size_t number, const ost_binding *b, ost_parameter *p)
{
    uint32_t size = ost__type_size(b->type);
    if ((b->type & OST_TYPE_OPTIONAL) || size == 0 || b->stride < size)
        return bad_binding(s, number, OST_MISUSE,
                           "is a list of a kind that no list has; write it with ost_bind_list");
    if (b->list_count > 0 && !b->list)
        return bad_binding(s, number, OST_MISUSE, "is a list that is NULL");
    for (size_t i = 0; i < b->list_count; i++) {
        ost_value v = ost__scalar_value(b->type, size, (const char *)b->list + i * b->stride);
        if (v.type == OST_TYPE_NONE)
            return bad_binding(s, number, OST_MISUSE, "is a list that holds a NULL");
        if (!is_text(v.type, &v))
            return bad_binding(s, number, OST_MISUSE, "holds a text that is not UTF-8");
    }
    p->source = OST_FROM_LIST;
    p->list = b->list;
    p->list_count = b->list_count;
    p->list_stride = b->stride;
    if (b->type == OST_TYPE_BOOL && !copy_bools(s, b, p))
        return ost__no_memory(s);
    return OST_OK;
}

static ost_status take_binding(ost_session *s, size_t i, const ost_binding *b, ost_parameter *p)
{
    *p = (ost_parameter){ .type = b->type };
    if (b->stride > 0)
        return take_list(s, i, b, p);
    if (b->list || b->list_count > 0)
        return bad_binding(s, i, OST_MISUSE,
                           "is a list without a stride; write it with ost_bind_list");
    p->source = b->value.type == OST_TYPE_NONE ? OST_IS_NULL : OST_FROM_VALUE;
    p->value = b->value;
    if (!is_text(b->value.type, &b->value))
        return bad_binding(s, i, OST_MISUSE, "is a text that is not UTF-8");
    return OST_OK;
}

static ost_status take_bindings(ost_session *s, const ost_raw *raw, ost_operation *op)
{
    size_t count = raw->binding_count;
    ost_parameter *list;
    if (count == 0)
        return OST_OK;
    if (count > BINDINGS_MAX)
        return ost__fail(s, OST_TOO_LARGE, "a raw statement has more than %d parameters",
                         BINDINGS_MAX);
    if (!raw->bindings || raw->binding_size == 0)
        return ost__fail(s, OST_MISUSE,
                         "a raw statement's parameters are NULL, or their size is 0; write them "
                         "with OST_BIND(…)");
    list = ost__arena_alloc(&s->scratch, count * sizeof *list, _Alignof(ost_parameter));
    if (!list)
        return ost__no_memory(s);
    for (size_t i = 0; i < count; i++) {
        const char *at = (const char *)raw->bindings + i * raw->binding_size;
        ost_binding b = { 0 };
        memcpy(&b, at, raw->binding_size < sizeof b ? raw->binding_size : sizeof b);
        OST_TRY(take_binding(s, i, &b, &list[i]));
    }
    op->parameters = list;
    op->parameter_count = (uint32_t)count;
    op->parameter_size = sizeof *list;
    return OST_OK;
}

/* ---- the statement ---- */

static ost_status take_text(ost_session *s, const ost_raw *given, ost_raw *raw, ost_operation *op)
{
    memset(raw, 0, sizeof *raw);
    if (!given || given->struct_size == 0)
        return ost__fail(s, OST_MISUSE, "there is no raw statement; write it with OST_RAW(…)");
    memcpy(raw, given, given->struct_size < sizeof *raw ? given->struct_size : sizeof *raw);
    if (!raw->text)
        return ost__fail(s, OST_MISUSE, "the text of a raw statement is NULL");
    op->text = raw->text;
    op->text_size = strlen(raw->text);
    if (op->text_size > TEXT_MAX)
        return ost__fail(s, OST_TOO_LARGE, "the text of a raw statement is longer than 16 MiB");
    if (!ost__utf8_valid(op->text, op->text_size))
        return ost__fail(s, OST_MISUSE, "the text of a raw statement is not UTF-8");
    return OST_OK;
}

/* The table that a pipeline is over: the one named, else the rows' own. */
static ost_status take_table(ost_session *s, const ost_raw *raw, const ost__model *rows,
                             ost_shape *shape)
{
    const ost__model *over = rows;
    if (raw->over) {
        over = ost__session_model(s, raw->over, raw->over->size);
        if (!over)
            return (ost_status)s->error.status;
        if (over->is_part)
            return ost__fail(s, OST_MISUSE, "%s is a part: no raw statement can be over it",
                             over->table.model);
    }
    if (over && !over->is_part)
        shape->table = &over->table;
    return OST_OK;
}

/* With rows: those of `m`, which go to the session's memory. */
static ost_status go(ost__run *r, const ost__model *m, void **rows, size_t *count)
{
    ost_session *s = r->session;
    ost__sink sink;
    ost__arena_mark before = ost__arena_mark_now(&s->records);
    OST_TRY(ost__session_lease(s));
    if (!m)
        return ost__run_go(r, NULL);
    if (!ost__sink_begin(&sink, &s->records, &s->db->memory, &m->load, 0, 0))
        return ost__no_memory(s);
    ost_status status = ost__run_go(r, &sink.base);
    if (status != OST_OK)
        ost__sink_abandon(&sink);
    else if ((*rows = ost__sink_finish(&sink, count)) == NULL)
        status = ost__after_sending(s, ost__no_memory(s));
    if (status == OST_OK)
        status = ost__images_load(s, m, *rows, *count, &m->all, &s->records);
    if (status == OST_OK)
        ost__images_pack(m, *rows, *count);
    else
        ost__arena_release(&s->records, before);
    return status;
}

static ost_status run(ost__run *r, const ost_raw *given, const ost__model *m, void **rows,
                      size_t *count)
{
    ost_session *s = r->session;
    const ost_driver *driver = &s->db->driver;
    ost_shape shape = { .struct_size = sizeof shape,
                        .kind = OST_DO_RAW,
                        .limit_parameter = OST_NO_PARAMETER,
                        .offset_parameter = OST_NO_PARAMETER,
                        .partition_parameter = OST_NO_PARAMETER };
    ost_raw raw;
    uint16_t flags = OST_FLAG_WRITES;
    r->op = (ost_operation){ .struct_size = sizeof r->op,
                             .kind = OST_DO_RAW,
                             .shape = &shape,
                             .rows = m ? &m->load : NULL };
    OST_TRY(ost__unit_check(s));
    OST_TRY(take_text(s, given, &raw, &r->op));
    OST_TRY(take_table(s, &raw, m, &shape));
    OST_TRY(take_bindings(s, &raw, &r->op));
    shape.parameter_count = r->op.parameter_count;
    ost_status status = driver->compile_raw(s->db->backend, &r->op, &r->op.plan, &flags, &s->error);
    if (status != OST_OK) {
        s->error.nothing_sent = 1;
        return status;
    }
    r->op.flags = flags;
    status = go(r, m, rows, count);
    driver->discard(s->db->backend, r->op.plan);
    return status;
}

void *ost_session_raw_all(ost_session *s, const ost_model *m, size_t record_size,
                          const ost_raw *raw, size_t *count)
{
    void *rows = NULL;
    size_t n = 0;
    if (count)
        *count = 0;
    if (!ost__enter(s))
        return NULL;
    ost__run r = { .session = s };
    const ost__model *model = ost__session_model(s, m, record_size);
    ost_status status = model ? run(&r, raw, model, &rows, &n) : (ost_status)s->error.status;
    ost__run_end(&r);
    if (ost__leave(s, status) != OST_OK)
        return NULL;
    if (count)
        *count = n;
    return rows;
}

ost_status ost_raw_run(ost_session *s, const ost_raw *raw, int64_t *matched, int64_t *changed)
{
    if (matched)
        *matched = 0;
    if (changed)
        *changed = 0;
    if (!ost__enter(s))
        return OST_MISUSE;
    ost__run r = { .session = s };
    ost_status status = run(&r, raw, NULL, NULL, NULL);
    ost__run_end(&r);
    if (status == OST_OK && matched)
        *matched = r.outcome.matched;
    if (status == OST_OK && changed)
        *changed = r.outcome.changed;
    return ost__leave(s, status);
}
