/* SPDX-License-Identifier: MIT */
/*
 * Documents into structs. Elements usually stand in the order of the columns, so that a key is
 * compared with that of the column behind the last; a document of others may have them in any
 * order, or more of them.
 */
#include "mongo/types.h"

#include <limits.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/utf8.h"
#include "mongo/cells.h"
#include "mongo/documents.h"

/* ---- elements ---- */

bool ost__mongo_elements_of(const uint8_t *data, size_t size, ost__mongo_elements *out)
{
    if (size < 5 || size > INT32_MAX || ost__mongo_get32(data) != size || data[size - 1] != 0)
        return false;
    out->at = data + 4;
    out->end = data + size - 1;
    return true;
}

bool ost__mongo_element_next(ost__mongo_elements *e, ost__mongo_element *out, bool *broken)
{
    *broken = false;
    return ost__mongo_next_element(e, out, broken);
}

/* ---- ways ---- */

/* The usual pairs of member and element. */
enum way { WAY_ANY, WAY_BOOL, WAY_INT32, WAY_INT64, WAY_DOUBLE, WAY_TEXT, WAY_TIME };

static bool is_plain(const ost_row_step *step)
{
    const ost_field *f = step->origin ? step->origin : step->field;
    return !f->values && f->stored == OST_STORED_OURS;
}

static enum way way_of(const ost_row_step *step, const ost__mongo_column *column)
{
    if (!is_plain(step) || step->null_rule == OST_NULL_IS_ABSENT || column->is_sum)
        return step->type == OST_TYPE_TEXT ? WAY_TEXT : WAY_ANY;
    switch (step->type) {
    case OST_TYPE_BOOL: return WAY_BOOL;
    case OST_TYPE_INT32: return WAY_INT32;
    case OST_TYPE_INT64: return WAY_INT64;
    case OST_TYPE_DOUBLE: return WAY_DOUBLE;
    case OST_TYPE_TEXT: return WAY_TEXT;
    case OST_TYPE_TIME: return WAY_TIME;
    default: return WAY_ANY;
    }
}

static const ost__mongo_column *column_of(const ost__mongo_reader *r, uint32_t step)
{
    return &r->plan->columns[r->program->steps[step].column];
}

ost_status ost__mongo_reader_begin(ost__mongo_reader *r, const ost_plan *plan,
                                   const ost_row_program *program, ost_sink *sink)
{
    uint32_t count = program->step_count;
    r->plan = plan;
    r->program = program;
    r->sink = sink;
    r->count = count;
    r->averages = r->broken = false;
    r->failed = OST_OK;
    r->rows = 0;
    if (count > OST__MONGO_READER_MOST)
        return OST_UNSUPPORTED;
    memset(r->needed, 0, sizeof r->needed);
    for (uint32_t i = 0; i < count; i++) {
        const ost__mongo_column *c = column_of(r, i);
        size_t size = strlen(c->name);
        if (program->steps[i].null_rule == OST_NULL_IS_RANGE)
            r->needed[i / 64] |= UINT64_C(1) << i % 64;
        r->averages = r->averages || c->count_name;
        if (size > UINT16_MAX)
            return OST_UNSUPPORTED;
        if (i >= OST__MONGO_READER_STEPS)
            continue;
        r->ways[i] = (ost__mongo_way_of){ .name = c->name,
                                          .size = (uint16_t)size,
                                          .way = (uint8_t)way_of(&program->steps[i], c) };
    }
    for (uint32_t i = count; i-- > 0;)
        for (uint32_t k = i + 1; k < count && i < OST__MONGO_READER_STEPS; k++)
            if (strcmp(r->ways[i].name, column_of(r, k)->name) == 0) {
                r->ways[i].repeat = (uint16_t)k;
                break;
            }
    return OST_OK;
}

/* ---- cells ---- */

static inline ost_status read_text(const ost__mongo_element *e, ost_sink *sink, void *at)
{
    size_t size;
    uint8_t *copy;
    if (e->type != BSON_TYPE_UTF8)
        return OST_RANGE;
    size = e->size - 5;
    copy = ost__mongo_take_bytes(sink, size + 1);
    if (!copy)
        return OST_NO_MEMORY;
    memcpy(copy, e->data + 4, size);
    copy[size] = '\0';
    if (!ost__utf8_valid((const char *)copy, size))
        return OST_RANGE;
    *(const char **)at = (const char *)copy;
    return OST_OK;
}

/* The usual cells in a few instructions each; whatever else there may be is left to _read(). */
static inline ost_status read_quickly(const ost_row_step *step, const ost__mongo_column *column,
                                      uint8_t way, const ost__mongo_element *e, ost_sink *sink,
                                      uint8_t *row)
{
    uint8_t *at = row + step->offset;
    uint64_t bits;
    switch (way) {
    case WAY_BOOL:
        if (e->type != BSON_TYPE_BOOL || *e->data > 1)
            return OST_RANGE;
        *(bool *)at = *e->data == 1;
        return OST_OK;
    case WAY_INT32:
        if (e->type != BSON_TYPE_INT32)
            break;
        *(int *)at = ost__mongo_get_int32(e->data);
        return OST_OK;
    case WAY_INT64:
        if (e->type != BSON_TYPE_INT64)
            break;
        *(int64_t *)at = ost__mongo_get_int64(e->data);
        return OST_OK;
    case WAY_DOUBLE:
        if (e->type != BSON_TYPE_DOUBLE)
            break;
        bits = ost__mongo_get64(e->data);
        memcpy(at, &bits, sizeof bits);
        return OST_OK;
    case WAY_TEXT: return read_text(e, sink, at);
    case WAY_TIME: return ost__mongo_read_time(e, (ost_time *)(void *)at) ? OST_OK : OST_RANGE;
    default: break;
    }
    return ost__mongo_read(step, column, e, sink, row);
}

/* ---- rows ---- */

/* One row in the making. */
typedef struct row {
    uint8_t *to;
    uint64_t seen[OST__MONGO_READER_MOST / 64];
    uint16_t failed; /* the column that does not fit */
} row;

static inline bool is_step(const ost__mongo_reader *r, uint32_t i, const ost__mongo_element *e)
{
    if (i < OST__MONGO_READER_STEPS)
        return r->ways[i].size == e->key_size && memcmp(r->ways[i].name, e->key, e->key_size) == 0;
    return strcmp(column_of(r, i)->name, e->key) == 0;
}

/* The step that the element belongs to; `count`: none. */
static uint32_t look_around(const ost__mongo_reader *r, uint32_t from, const ost__mongo_element *e)
{
    for (uint32_t i = from; i < r->count; i++)
        if (is_step(r, i, e))
            return i;
    for (uint32_t i = 0; i < from; i++)
        if (is_step(r, i, e))
            return i;
    return r->count;
}

/* What is no scalar that fits. */
static ost_status read_other(const ost__mongo_reader *r, row *w, const ost_row_step *step,
                             const ost__mongo_element *e, ost_status status)
{
    if (status == OST_UNSUPPORTED)
        status = ost__mongo_document_read(step->field, e, r->sink, &r->plan->memory,
                                          w->to + step->offset);
    if (status != OST_OK)
        w->failed = step->column;
    return status;
}

static inline ost_status read_into(const ost__mongo_reader *r, row *w, uint32_t i,
                                   const ost__mongo_element *e)
{
    const ost_row_step *step = &r->program->steps[i];
    const ost__mongo_column *column = column_of(r, i);
    uint8_t way = i < OST__MONGO_READER_STEPS ? r->ways[i].way : (uint8_t)WAY_ANY;
    ost_status status;
    w->seen[i / 64] |= UINT64_C(1) << i % 64;
    if (column->count_name)
        return OST_OK;
    status = read_quickly(step, column, way, e, r->sink, w->to);
    return status == OST_OK ? OST_OK : read_other(r, w, step, e, status);
}

static ost_status read_repeats(const ost__mongo_reader *r, row *w, uint32_t i,
                               const ost__mongo_element *e)
{
    while (i < OST__MONGO_READER_STEPS && r->ways[i].repeat != 0) {
        i = r->ways[i].repeat;
        OST_TRY(read_into(r, w, i, e));
    }
    return OST_OK;
}

static inline ost_status read_elements(ost__mongo_reader *r, ost__mongo_elements *list, row *w)
{
    ost__mongo_element e;
    uint32_t next = 0;
    bool broken = false;
    while (ost__mongo_next_element(list, &e, &broken)) {
        uint32_t i = next;
        if (i >= r->count || !is_step(r, i, &e)) {
            i = look_around(r, i < r->count ? i : 0, &e);
            if (i == r->count)
                continue;
        }
        next = i + 1;
        if (e.type == BSON_TYPE_NULL || e.type == BSON_TYPE_UNDEFINED)
            continue;
        OST_TRY(read_into(r, w, i, &e));
        if (i < OST__MONGO_READER_STEPS && r->ways[i].repeat != 0)
            OST_TRY(read_repeats(r, w, i, &e));
    }
    r->broken = broken;
    return OST_OK;
}

static bool find_element(ost__mongo_elements list, const char *key, ost__mongo_element *out)
{
    bool broken = false;
    while (ost__mongo_next_element(&list, out, &broken))
        if (strcmp(out->key, key) == 0)
            return out->type != BSON_TYPE_NULL && out->type != BSON_TYPE_UNDEFINED;
    return false;
}

static ost_status read_averages(const ost__mongo_reader *r, ost__mongo_elements list, row *w)
{
    for (uint32_t i = 0; i < r->count; i++) {
        const ost_row_step *step = &r->program->steps[i];
        const ost__mongo_column *c = column_of(r, i);
        ost__mongo_element sum, count;
        bool absent = true;
        ost_status status = OST_OK;
        if (!c->count_name)
            continue;
        if (find_element(list, c->name, &sum) && find_element(list, c->count_name, &count))
            status = ost__mongo_read_average(step, &sum, &count, w->to, &absent);
        if (status != OST_OK) {
            w->failed = step->column;
            return status;
        }
        w->seen[i / 64] &= ~(UINT64_C(1) << i % 64);
        w->seen[i / 64] |= (uint64_t)!absent << i % 64;
    }
    return OST_OK;
}

/* What must be there and is not. */
static ost_status check_absent(const ost__mongo_reader *r, row *w)
{
    for (uint32_t i = 0; i * 64 < r->count; i++) {
        uint64_t missing = r->needed[i] & ~w->seen[i];
        uint32_t bit = 0;
        if (missing == 0)
            continue;
        while (!(missing >> bit & 1))
            bit++;
        w->failed = r->program->steps[i * 64 + bit].column;
        return OST_RANGE;
    }
    return OST_OK;
}

static uint8_t *take_row(ost_sink *sink)
{
    uint8_t *at = sink->rows.next;
    if ((size_t)(sink->rows.end - at) < sink->row_size)
        return sink->refill_row(sink);
    sink->rows.next = at + sink->row_size;
    return at;
}

/* The last row, zeroed as it came. */
static void give_back(ost_sink *sink, uint8_t *at)
{
    memset(at, 0, sink->row_size);
    sink->rows.next = at;
}

ost_status ost__mongo_sink_failed(const ost_sink *sink, ost_error *error)
{
    ost_status status = sink->status != OST_OK ? sink->status : OST_NO_MEMORY;
    return ost__error_set(error, status,
                          status == OST_NO_MEMORY ? "no memory for the rows"
                                                  : "the rows were not wanted any more");
}

/* A row that is done, or did not fit and is dropped. */
static ost_status deliver(ost__mongo_reader *r, const row *w, ost_status status)
{
    if (status == OST_OK && !r->broken) {
        r->rows++;
        return OST_OK;
    }
    give_back(r->sink, w->to);
    if (r->broken)
        return OST_DRIVER_ERROR;
    if (status == OST_NO_MEMORY)
        return status;
    if (r->failed == OST_OK)
        r->failed = status;
    r->sink->column_failed(r->sink, w->failed, status);
    return OST_OK;
}

ost_status ost__mongo_reader_row(ost__mongo_reader *r, const uint8_t *data, size_t size)
{
    ost__mongo_elements list, all;
    row w;
    ost_status status;
    if (!ost__mongo_elements_of(data, size, &list)) {
        r->broken = true;
        return OST_DRIVER_ERROR;
    }
    w.to = take_row(r->sink);
    if (!w.to)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i * 64 < r->count; i++)
        w.seen[i] = 0;
    all = list;
    status = read_elements(r, &list, &w);
    if (status == OST_OK && r->averages)
        status = read_averages(r, all, &w);
    if (status == OST_OK)
        status = check_absent(r, &w);
    return deliver(r, &w, status);
}

static bool is_count(const ost_node *n)
{
    return n && (n->op == OST_OP_COUNT || n->op == OST_OP_COUNT_DISTINCT);
}

ost_status ost__mongo_reader_nothing(ost__mongo_reader *r)
{
    static const uint8_t zero[8] = { 0 };
    const ost__mongo_element none = { .type = BSON_TYPE_INT64, .data = zero, .size = sizeof zero };
    bool wrapped = r->plan->shape->wrap != OST_WRAP_NONE;
    row w = { .to = take_row(r->sink) };
    ost_status status = OST_OK;
    if (!w.to)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < r->count && status == OST_OK; i++) {
        const ost__mongo_column *c = column_of(r, i);
        if (r->program->steps[i].type == OST_TYPE_BOOL && wrapped)
            w.seen[i / 64] |= UINT64_C(1) << i % 64;
        else if (wrapped || is_count(c->node))
            status = read_into(r, &w, i, &none);
    }
    if (status == OST_OK)
        status = check_absent(r, &w);
    return deliver(r, &w, status);
}

ost_status ost__mongo_reader_key(ost__mongo_reader *r, int64_t key)
{
    const uint64_t bits = BSON_UINT64_TO_LE((uint64_t)key);
    ost__mongo_element e = { .type = BSON_TYPE_INT64, .size = sizeof bits };
    const ost_row_step *step = &r->program->steps[0];
    row w = { .to = take_row(r->sink), .failed = step->column };
    if (!w.to)
        return OST_NO_MEMORY;
    e.data = (const uint8_t *)&bits;
    return deliver(r, &w, ost__mongo_read(step, NULL, &e, r->sink, w.to));
}
