/* SPDX-License-Identifier: MIT */
/* IN: lists of values of any length, folded like single ones. */
#include "query/encoding.h"

#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "model/member.h"
#include "query/expr.h"

static uint32_t canonical_size(uint16_t type)
{
    return type == OST_TYPE_BOOL ? (uint32_t)sizeof(int64_t) : ost__type_size(type);
}

/* Writes a canonical value, as it compares with a member, where the list's item `at` is. */
static bool store_item(const ost__encoder *enc, const ost_field *with, uint16_t type,
                       const ost_value *v, void *at)
{
    switch (type) {
    case OST_TYPE_BOOL: *(int64_t *)at = v->as.boolean; return true;
    case OST_TYPE_TEXT: {
        const char *text = ost__encode_compared(enc, with, v->as.text);
        *(const char **)at = text;
        return text;
    }
    case OST_TYPE_BLOB: {
        ost_blob blob = v->as.blob;
        blob.data = ost__arena_text(enc->arena, blob.data, blob.size);
        *(ost_blob *)at = blob;
        return blob.data;
    }
    default: memcpy(at, &v->as, ost__type_size(type)); return true;
    }
}

/* An item as a value; an absent one is NULL. */
static ost_value item_value(uint16_t type, const uint8_t *item)
{
    uint16_t plain = type & (uint16_t)~OST_TYPE_OPTIONAL;
    if (type == plain)
        return ost__scalar_value(type, ost__type_size(type), item);
    if (!*(const bool *)item)
        return (ost_value){ 0 };
    return ost__scalar_value(plain, ost__type_size(plain), item + ost__optional_value_offset(type));
}

static ost_status fold_list(const ost__encoder *enc, const ost_expr *e, const ost__operand *type,
                            ost_parameter *p)
{
    uint16_t canonical = ost__canonical_type(type->type, type->field);
    const ost_field *f =
        type->field && type->field->converts && e->list_type == OST_TYPE_NONE ? type->field : NULL;
    uint32_t stride = canonical_size(canonical);
    uint32_t item_size = f ? ost__field_place_size(f) : ost__type_size(e->list_type);
    size_t size;
    if (item_size == 0 || e->list_stride < item_size)
        return ost__encode_misuse(enc, type->field,
                                  "the list's items have a kind that cannot be compared");
    if (!ost__size_mul(e->list_count, stride, &size))
        return ost__error_set(enc->error, OST_TOO_LARGE, "a list is too long");
    uint8_t *items = ost__arena_alloc(enc->arena, size, _Alignof(max_align_t));
    if (!items)
        return ost__encode_no_memory(enc);
    for (size_t i = 0; i < e->list_count; i++) {
        const uint8_t *item = (const uint8_t *)e->list + i * e->list_stride;
        ost_value v;
        if (f)
            OST_TRY(ost__encode_converted(enc, f, item, &v));
        else
            v = item_value(e->list_type, item);
        uint16_t op = OST_OP_EQ;
        enum ost__folded folded = ost__fold(type, &op, &v);
        if (folded == OST__FOLD_NEVER)
            continue;
        if (folded == OST__FOLD_NULL)
            return ost__encode_misuse(enc, type->field, "a list of a condition holds a NULL");
        if (folded != OST__FOLD_VALUE)
            return ost__encode_misfit(enc, type, folded);
        if (v.type == OST_TYPE_TEXT && canonical != OST_TYPE_TEXT)
            return ost__encode_misfit(enc, type, OST__FOLD_MISFIT);
        if (!store_item(enc, type->field, canonical, &v, items + p->list_count * stride))
            return ost__encode_no_memory(enc);
        p->list_count++;
    }
    p->source = OST_FROM_LIST;
    p->type = canonical;
    p->precision = type->precision;
    p->scale = type->scale;
    p->field = type->field;
    p->list = items;
    p->list_stride = stride;
    return OST_OK;
}

ost_status ost__encode_in(const ost__encoder *enc, ost__section *out, const ost_expr *e)
{
    ost__operand type = { 0 };
    ost_parameter p = { 0 };
    uint32_t start = out->size;
    if (!ost__encode_byte(enc, out, OST_OP_IN))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_member(enc, out, e, &type));
    if (e->list_count > 0 && !e->list)
        return ost__encode_misuse(enc, type.field, "the list of a condition is NULL");
    if (e->list_count == 0) {
        /* In an empty list is false, also for NULL: an OR of nothing. */
        out->size = start;
        uint8_t *at = ost__section_take(enc->arena, out, 3);
        if (!at)
            return ost__encode_no_memory(enc);
        at[0] = OST_OP_OR;
        ost__put_u16(at + 1, 0);
        return OST_OK;
    }
    OST_TRY(fold_list(enc, e, &type, &p));
    if (p.list_count == 0) {
        out->bytes[start] = OST_OP_NE;
        return ost__encode_member(enc, out, e, &type);
    }
    ost_parameter *kept = ost__section_parameter(enc->arena, out);
    if (!kept || !ost__encode_byte(enc, out, p.type))
        return ost__encode_no_memory(enc);
    *kept = p;
    return OST_OK;
}
