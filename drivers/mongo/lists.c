/* SPDX-License-Identifier: MIT */
/*
 * A command has 16 MiB at most. A condition that a list makes longer holds for what one of its
 * parts holds for, as long as it is asked for by AND alone: each part is a command of its own.
 */
#include "mongo/lists.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "mongo/writing.h"

enum {
    /* What the values of a part take together with all others, and the least that is worth it. */
    COMMAND_BYTES = 15 << 20,
    PART_BYTES = 1 << 20,
    ITEM_BYTES = 10 /* type and key of an item */
};

static const ost_parameter *list_of(const ost_operation *op, const ost_node *n)
{
    const ost_parameter *p = NULL;
    if (n->parameter < op->parameter_count)
        p = ost__mongo_parameter_of(op, n->parameter);
    return p && p->source == OST_FROM_LIST ? p : NULL;
}

/* ---- bytes ---- */

static size_t size_of(const ost__mongo_value *v)
{
    switch (v->type) {
    case BSON_TYPE_BOOL: return ITEM_BYTES + 1;
    case BSON_TYPE_INT32: return ITEM_BYTES + 4;
    case BSON_TYPE_OID: return ITEM_BYTES + 12;
    case BSON_TYPE_DECIMAL128: return ITEM_BYTES + 16;
    case BSON_TYPE_UTF8:
    case BSON_TYPE_BINARY: return ITEM_BYTES + 5 + (size_t)v->size;
    default: return ITEM_BYTES + 8;
    }
}

static size_t size_of_list(const ost_parameter *p)
{
    size_t size = 0;
    for (size_t i = 0; i < p->list_count; i++) {
        ost__mongo_value v = { .type = BSON_TYPE_EOD };
        if (ost__mongo_item(p, i, &v) == OST_OK)
            size += size_of(&v);
    }
    return size;
}

/* ---- which list ---- */

/* The longest one that is asked for by AND alone. */
static void longest(const ost_operation *op, const ost_node *n, const ost_node **found,
                    size_t *most)
{
    const ost_parameter *p = n->op == OST_OP_IN ? list_of(op, n) : NULL;
    size_t size = p ? size_of_list(p) : 0;
    if (p && (!*found || size > *most)) {
        *found = n;
        *most = size;
    }
    for (uint32_t i = 0; n->op == OST_OP_AND && i < n->arg_count; i++)
        longest(op, n->args[i], found, most);
}

static uint32_t uses(const ost_node *n, uint32_t parameter)
{
    bool named = n->op == OST_OP_IN || (n->op == OST_OP_VALUE && !n->constant);
    uint32_t count = named && n->parameter == parameter;
    for (uint32_t i = 0; i < n->arg_count; i++)
        count += uses(n->args[i], parameter);
    return count;
}

/* Whether rows of the parts, one after the other, come in the order of the whole. */
static bool keeps_order(const ost_shape *s, const ost_node *in)
{
    const ost_node *first = s->order_count > 0 ? s->orders[0].node : NULL;
    return !first ||
           (first->op == OST_OP_MEMBER && first->field == in->args[0]->field && first->field &&
            !first->field->values && first->field->stored == OST_STORED_OURS);
}

/* The member of the record that it is, or is in. */
static const ost_field *outermost(const ost_field *f)
{
    while (f && f->inside)
        f = f->inside;
    return f;
}

/* Whether what is done for each part is the same as for the whole. */
static bool is_sum_of_parts(const ost_operation *op, const ost_node *in)
{
    const ost_shape *s = op->shape;
    bool limited =
        s->limit_parameter != OST_NO_PARAMETER || s->offset_parameter != OST_NO_PARAMETER;
    for (uint32_t i = 0; i < s->change_count; i++)
        if (outermost(s->changes[i].field) == outermost(in->args[0]->field))
            return false;
    return in->args[0]->op == OST_OP_MEMBER && !limited && !s->distinct && !s->partition &&
           !op->plan->layout->grouped && uses(s->where, in->parameter) == 1 && keeps_order(s, in);
}

/* Bytes of all other values. */
static size_t size_of_rest(const ost_operation *op, const ost_node *in)
{
    size_t size = 0;
    for (uint32_t i = 0; i < op->parameter_count; i++) {
        const ost_parameter *p = ost__mongo_parameter_of(op, i);
        ost__mongo_value v = { .type = BSON_TYPE_EOD };
        if (p->source == OST_FROM_LIST)
            size += i == in->parameter ? 0 : size_of_list(p);
        else if (ost__mongo_store_parameter(p, NULL, true, &v) == OST_OK)
            size += size_of(&v);
    }
    return size;
}

/* ---- order ---- */

#define THREE_WAYS(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_binaries(const void *a, size_t a_size, const void *b, size_t b_size)
{
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return a_size > 0 ? memcmp(a, b, a_size) : 0;
}

/* Items as the core keeps them, in the order of the server, where it has one for them. */
static int compare(uint16_t type, const void *a, const void *b)
{
    switch (type) {
    case OST_TYPE_BOOL:
    case OST_TYPE_INT64: return THREE_WAYS(*(const int64_t *)a, *(const int64_t *)b);
    case OST_TYPE_UINT64: return THREE_WAYS(*(const uint64_t *)a, *(const uint64_t *)b);
    case OST_TYPE_DOUBLE: return THREE_WAYS(*(const double *)a, *(const double *)b);
    case OST_TYPE_TEXT: return strcmp(*(const char *const *)a, *(const char *const *)b);
    case OST_TYPE_BLOB: {
        const ost_blob *x = a, *y = b;
        return compare_binaries(x->data, x->size, y->data, y->size);
    }
    case OST_TYPE_TIME:
        return THREE_WAYS(((const ost_time *)a)->microseconds, ((const ost_time *)b)->microseconds);
    case OST_TYPE_DATE: return THREE_WAYS(((const ost_date *)a)->days, ((const ost_date *)b)->days);
    case OST_TYPE_UUID: return memcmp(a, b, sizeof(ost_uuid));
    case OST_TYPE_OBJECT_ID: return memcmp(a, b, sizeof(ost_object_id));
    default: return ost_decimal_compare(*(const ost_decimal *)a, *(const ost_decimal *)b);
    }
}

static bool is_known(uint16_t type)
{
    switch (type) {
    case OST_TYPE_BOOL:
    case OST_TYPE_INT64:
    case OST_TYPE_UINT64:
    case OST_TYPE_DOUBLE:
    case OST_TYPE_TEXT:
    case OST_TYPE_BLOB:
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID:
    case OST_TYPE_DECIMAL: return true;
    default: return false;
    }
}

static void merge(const ost_parameter *list, const uint8_t *from, size_t middle, size_t end,
                  uint8_t *to)
{
    size_t stride = list->list_stride, left = 0, right = middle;
    for (size_t i = 0; i < end; i++) {
        bool take_left = left < middle && (right == end || compare(list->type, from + left * stride,
                                                                   from + right * stride) <= 0);
        memcpy(to + i * stride, from + (take_left ? left++ : right++) * stride, stride);
    }
}

static bool ascend(const ost_parameter *list)
{
    const uint8_t *at = list->list;
    for (size_t i = 1; i < list->list_count; i++, at += list->list_stride)
        if (compare(list->type, at, at + list->list_stride) > 0)
            return false;
    return true;
}

/* `items` and `spare` have room for all; returns the one that they are in then. */
static uint8_t *sorted(const ost_parameter *list, uint8_t *items, uint8_t *spare)
{
    size_t stride = list->list_stride, count = list->list_count;
    memcpy(items, list->list, count * stride);
    for (size_t run = 1; run < count && !ascend(list); run *= 2) {
        uint8_t *from = items;
        for (size_t at = 0; at < count; at += 2 * run) {
            size_t left = count - at, end = left < 2 * run ? left : 2 * run;
            merge(list, from + at * stride, left < run ? left : run, end, spare + at * stride);
        }
        items = spare;
        spare = from;
    }
    return items;
}

/* ---- items that are different ---- */

static bool is_same(const ost__mongo_value *a, const ost__mongo_value *b)
{
    const void *left = a->is_inside ? a->as.inside : a->as.data;
    const void *right = b->is_inside ? b->as.inside : b->as.data;
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case BSON_TYPE_BOOL: return a->as.boolean == b->as.boolean;
    case BSON_TYPE_INT32: return a->as.int32 == b->as.int32;
    case BSON_TYPE_DOUBLE: return a->as.real == b->as.real;
    case BSON_TYPE_OID: return memcmp(left, right, sizeof(ost_object_id)) == 0;
    case BSON_TYPE_UTF8:
    case BSON_TYPE_BINARY: return compare_binaries(left, a->size, right, b->size) == 0;
    case BSON_TYPE_DECIMAL128: return false;
    default: return a->as.int64 == b->as.int64;
    }
}

/* Two that are stored alike stand beside each other. One that no document has room for equals
 * nothing. */
static void keep_different(ost__mongo_parts *p, ost_parameter *list)
{
    size_t stride = list->list_stride;
    ost__mongo_value last = { .type = BSON_TYPE_EOD };
    p->count = 0;
    for (size_t i = 0; i < list->list_count; i++) {
        ost__mongo_value v = { .type = BSON_TYPE_EOD };
        uint8_t *item = p->items + i * stride;
        ost_status status = ost__mongo_item(list, i, &v);
        bool again =
            p->count > 0 && (is_same(&last, &v) ||
                             compare(list->type, p->items + (p->count - 1) * stride, item) == 0);
        if (status == OST_TOO_LARGE || (status == OST_OK && again))
            continue;
        last = v;
        memmove(p->items + p->count++ * stride, item, stride);
    }
}

/* Rows are wanted in the other direction. */
static void turn_around(ost__mongo_parts *p, size_t stride)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        uint8_t *a = p->items + i * stride, *b = p->items + (p->count - 1 - i) * stride;
        for (size_t k = 0; k < stride; k++) {
            uint8_t byte = a[k];
            a[k] = b[k];
            b[k] = byte;
        }
    }
}

/* ---- parts ---- */

static ost_status take_items(ost__mongo_parts *p, ost_parameter *list, ost_error *error)
{
    size_t size = list->list_count * list->list_stride;
    uint8_t *items = ost__alloc(p->memory, size), *spare = ost__alloc(p->memory, size);
    if (!items || !spare) {
        ost__free(p->memory, items, size);
        ost__free(p->memory, spare, size);
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a list");
    }
    p->items = sorted(list, items, spare);
    p->items_size = size;
    ost__free(p->memory, p->items == items ? spare : items, size);
    list->list = p->items;
    keep_different(p, list);
    if (p->op.shape->order_count > 0 && p->op.shape->orders[0].descending)
        turn_around(p, list->list_stride);
    return OST_OK;
}

ost_status ost__mongo_parts_begin(ost__mongo_parts *p, const ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    const ost_node *in = NULL;
    size_t size = 0, rest;
    *p = (ost__mongo_parts){ .op = *op, .memory = &r->c->backend->memory };
    if (op->record_count > 0 || !op->shape->where || op->parameter_size != sizeof(ost_parameter))
        return OST_TOO_LARGE;
    longest(op, op->shape->where, &in, &size);
    if (!in || !is_known(list_of(op, in)->type) || !is_sum_of_parts(op, in))
        return OST_TOO_LARGE;
    rest = size_of_rest(op, in);
    if (rest > COMMAND_BYTES - PART_BYTES)
        return OST_TOO_LARGE;
    p->node = in;
    p->most = COMMAND_BYTES - rest;
    p->parameters_size = op->parameter_count * sizeof *p->parameters;
    p->parameters = ost__alloc(p->memory, p->parameters_size);
    if (!p->parameters)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a list");
    memcpy(p->parameters, op->parameters, p->parameters_size);
    p->op.parameters = p->parameters;
    return take_items(p, &p->parameters[in->parameter], r->error);
}

bool ost__mongo_parts_next(ost__mongo_parts *p)
{
    ost_parameter *list = &p->parameters[p->node->parameter];
    size_t size = 0, next = p->at;
    bool wanted;
    list->list = p->items;
    list->list_count = p->count;
    while (next < p->count) {
        ost__mongo_value v = { .type = BSON_TYPE_EOD };
        (void)ost__mongo_item(list, next, &v);
        size += size_of(&v);
        if (size > p->most && next > p->at)
            break;
        next++;
    }
    list->list = p->items + p->at * list->list_stride;
    list->list_count = next - p->at;
    p->at = next;
    /* Of nothing there is one part, which nothing meets. */
    wanted = list->list_count > 0 || !p->begun;
    p->begun = true;
    return wanted;
}

void ost__mongo_parts_rewind(ost__mongo_parts *p)
{
    p->at = 0;
    p->begun = false;
}

void ost__mongo_parts_end(ost__mongo_parts *p)
{
    ost__free(p->memory, p->parameters, p->parameters_size);
    ost__free(p->memory, p->items, p->items_size);
}
