/* SPDX-License-Identifier: MIT */
#include "query/expr.h"

#include <string.h>

#include "model/member.h"

const ost_expr ost_expr_end = { .op = OST_OP_END, .struct_size = sizeof(ost_expr) };

/* What a copy that could not be made looks like; `source` tells why. */
enum broken_reason { BROKEN_NULL, BROKEN_DEPTH, BROKEN_MEMORY };
static const ost_expr broken[] = {
    [BROKEN_NULL] = { .op = OST_OP_BROKEN, .struct_size = sizeof(ost_expr), .source = 0 },
    [BROKEN_DEPTH] = { .op = OST_OP_BROKEN, .struct_size = sizeof(ost_expr), .source = 1 },
    [BROKEN_MEMORY] = { .op = OST_OP_BROKEN, .struct_size = sizeof(ost_expr), .source = 2 },
};

const char *ost__expr_broken_reason(const ost_expr *e, ost_status *status)
{
    switch (e->source) {
    case BROKEN_DEPTH:
        *status = OST_TOO_LARGE;
        return "an expression is nested more than 64 deep or has more than 60000 arguments";
    case BROKEN_MEMORY: *status = OST_NO_MEMORY; return "no memory to keep an expression";
    default: *status = OST_MISUSE; return "a NULL was given where an expression is needed";
    }
}

OST__HOT size_t ost__expr_arg_count(const ost_expr *const *args)
{
    for (size_t i = 0; args && i <= OST__EXPR_ARGS_MAX; i++) {
        if (!args[i])
            return SIZE_MAX;
        if (args[i]->op == OST_OP_END)
            return i;
    }
    return SIZE_MAX;
}

static bool copy_text(ost__arena *arena, ost_value *v)
{
    if (v->type == OST_TYPE_TEXT && v->as.text) {
        v->as.text = ost__arena_text(arena, v->as.text, strlen(v->as.text));
        return v->as.text;
    }
    if (v->type == OST_TYPE_BLOB && v->as.blob.data) {
        v->as.blob.data = ost__arena_text(arena, v->as.blob.data, v->as.blob.size);
        return v->as.blob.data;
    }
    return true;
}

/* Items are copied as they lie; the texts that they point to are copied behind them. */
static bool copy_list(ost__arena *arena, ost_expr *e)
{
    size_t size;
    const bool compares = e->op >= OST_OP_EQ && e->op <= OST_OP_GE;
    const bool sets = e->op == OST_OP_SET && e->list_stride > 0;
    if ((e->op != OST_OP_IN && !compares && !sets) || !e->list)
        return true;
    if (!ost__size_mul(e->list_count, e->list_stride, &size))
        return false;
    uint8_t *items = ost__arena_alloc(arena, size, _Alignof(max_align_t));
    if (!items)
        return false;
    if (size > 0)
        memcpy(items, e->list, size);
    e->list = items;
    for (size_t i = 0; i < e->list_count; i++) {
        void *item = items + i * e->list_stride;
        if (e->list_type == OST_TYPE_TEXT) {
            const char **text = item;
            if (*text && !(*text = ost__arena_text(arena, *text, strlen(*text))))
                return false;
        } else if (e->list_type == OST_TYPE_BLOB) {
            ost_blob *blob = item;
            if (blob->data && !(blob->data = ost__arena_text(arena, blob->data, blob->size)))
                return false;
        }
    }
    return true;
}

static const ost_expr *copy_at(ost__arena *arena, const ost_expr *e, int depth);

static const ost_expr *const *copy_args(ost__arena *arena, const ost_expr *const *args,
                                        size_t count, int depth)
{
    const ost_expr **out =
        ost__arena_alloc(arena, (count + 1) * sizeof(*out), _Alignof(const ost_expr *));
    if (!out)
        return NULL;
    for (size_t i = 0; i < count; i++)
        out[i] = copy_at(arena, args[i], depth + 1);
    out[count] = &ost_expr_end;
    return out;
}

static const ost_expr *copy_at(ost__arena *arena, const ost_expr *e, int depth)
{
    size_t count = 0;
    if (!e)
        return &broken[BROKEN_NULL];
    if (e->op == OST_OP_BROKEN)
        return e;
    if (depth > OST__EXPR_DEPTH_MAX)
        return &broken[BROKEN_DEPTH];
    if (e->args && (count = ost__expr_arg_count(e->args)) == SIZE_MAX)
        return &broken[BROKEN_NULL];
    ost_expr *copy = ost__arena_alloc_zeroed(arena, sizeof(*copy), _Alignof(ost_expr));
    if (!copy)
        return &broken[BROKEN_MEMORY];
    memcpy(copy, e, e->struct_size < sizeof(*copy) ? e->struct_size : sizeof(*copy));
    copy->struct_size = sizeof(*copy);
    if (!copy_text(arena, &copy->value) || !copy_list(arena, copy))
        return &broken[BROKEN_MEMORY];
    if (e->args && !(copy->args = copy_args(arena, e->args, count, depth)))
        return &broken[BROKEN_MEMORY];
    return copy;
}

const ost_expr *ost__expr_copy(ost__arena *arena, const ost_expr *e)
{
    return copy_at(arena, e, 0);
}

const ost_expr *ost__expr_copy_list(ost__arena *arena, uint16_t op, const ost_expr *const *list,
                                    size_t count)
{
    if (count > 0 && !list)
        return &broken[BROKEN_NULL];
    if (count > OST__EXPR_ARGS_MAX)
        return &broken[BROKEN_DEPTH];
    ost_expr *e = ost__arena_alloc_zeroed(arena, sizeof(*e), _Alignof(ost_expr));
    if (!e)
        return &broken[BROKEN_MEMORY];
    e->op = op;
    e->struct_size = sizeof(*e);
    e->args = copy_args(arena, list, count, 0);
    return e->args ? e : &broken[BROKEN_MEMORY];
}
