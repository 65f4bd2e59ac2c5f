/* SPDX-License-Identifier: MIT */
/* Conditions on the items of lists. */
#include "query/encoding.h"

#include "base/error.h"
#include "query/expr.h"

/* Within lists within lists, at most. */
enum { SOURCES_MAX = 16 };

static ost_status encode_list(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              ost__operand *list)
{
    if (!ost__encode_byte(enc, out, OST_OP_HAS_ITEM))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_member(enc, out, e, list));
    if (list->type != OST_TYPE_LIST)
        return ost__encode_misuse(enc, list->field, "is no list, so that it has no items");
    if (enc->source >= SOURCES_MAX)
        return ost__error_set(enc->error, OST_TOO_LARGE,
                              "conditions on items are nested more than %d deep", SOURCES_MAX);
    return OST_OK;
}

/* HAS_ITEM and its list, NULL when it failed; `items` is for what stands on the items. */
static const ost_field *begin_items(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                    ost__encoder *items, ost_status *status)
{
    ost__operand list = { 0 };
    *items = *enc;
    items->source = enc->source + 1;
    items->aggregates = items->results = false;
    *status = encode_list(enc, out, e, &list);
    return *status == OST_OK ? list.field : NULL;
}

ost_status ost__encode_item(const ost__encoder *enc, ost__section *out, const ost_field *item)
{
    const ost__model *m = enc->element ? enc->element : enc->root;
    uint8_t *at = ost__section_take(enc->arena, out, 6);
    if (!at)
        return ost__encode_no_memory(enc);
    at[0] = OST__OP_ELEMENT;
    at[1] = (uint8_t)enc->source;
    ost__put_u16(at + 2, m->table.id);
    ost__put_u16(at + 4, ost__field_index(m, item));
    return OST_OK;
}

ost_status ost__encode_has_item(const ost__encoder *enc, ost__section *out, const ost_expr *e)
{
    const ost__model *m = enc->element ? enc->element : enc->root;
    ost_status status;
    ost_value v = e->constant ? *e->constant : e->value;
    ost__encoder items;
    uint16_t op = OST_OP_EQ;
    const ost_field *list = begin_items(enc, out, e, &items, &status);
    if (!list)
        return status;
    const ost_field *item = ost__item_of(m, list);
    if (!item)
        return ost__encode_misuse(enc, list, "is a list of structs: use ost_has_part");
    ost__operand type = ost__operand_of_field(item);
    enum ost__folded folded = ost__fold(&type, &op, &v);
    if (folded != OST__FOLD_VALUE && folded != OST__FOLD_NEVER)
        return ost__encode_misfit(enc, &type, folded);
    /* A value that no item can have: one that differs from itself. */
    if (!ost__encode_byte(enc, out, folded == OST__FOLD_NEVER ? OST_OP_NE : op))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_item(&items, out, item));
    if (folded == OST__FOLD_NEVER)
        return ost__encode_item(&items, out, item);
    return ost__encode_value(&items, out, &type, &v);
}

ost_status ost__encode_elements(const ost__encoder *enc, const ost_field *list, ost__encoder *out)
{
    if (list->type != OST_TYPE_LIST || !list->part)
        return ost__encode_misuse(enc, list, "is no list of structs");
    *out = *enc;
    out->source = enc->source + 1;
    out->aggregates = out->results = false;
    out->element = ost__model_at(enc->models, list->part->id);
    return OST_OK;
}

ost_status ost__encode_has_part(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                int depth)
{
    ost__encoder items;
    ost_status status;
    size_t count = ost__expr_arg_count(e->args);
    if (count == SIZE_MAX)
        return ost__encode_misuse(enc, NULL, "a list of conditions holds a NULL, or has no end");
    const ost_field *list = begin_items(enc, out, e, &items, &status);
    if (!list)
        return status;
    OST_TRY(ost__encode_elements(enc, list, &items));
    uint8_t *at = ost__section_take(enc->arena, out, 3);
    if (!at)
        return ost__encode_no_memory(enc);
    at[0] = OST_OP_AND;
    ost__put_u16(at + 1, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        OST_TRY(ost__encode_inner(&items, out, e->args[i], depth + 2));
    return OST_OK;
}

ost_status ost__encode_size(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                            ost__operand *type)
{
    ost__operand list = { 0 };
    if (!ost__encode_byte(enc, out, OST_OP_SIZE))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_member(enc, out, e, &list));
    if (list.type != OST_TYPE_LIST)
        return ost__encode_misuse(enc, list.field, "is no list, so that it has no size");
    *type = (ost__operand){ .type = OST_TYPE_INT64, .nullable = true };
    return OST_OK;
}
