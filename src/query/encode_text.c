/* SPDX-License-Identifier: MIT */
/* Searches in texts. Those that begin with a folded text are a range of an index. */
#include "query/encoding.h"

#include <string.h>

#include "base/utf8.h"

enum { LAST_POINT = 0x10FFFF, BEFORE_SURROGATES = 0xD7FF, BEHIND_SURROGATES = 0xE000 };

static ost_status put_needle(const ost__encoder *enc, ost__section *out, const ost__operand *type,
                             const char *text)
{
    ost_parameter *p = ost__section_parameter(enc->arena, out);
    if (!p)
        return ost__encode_no_memory(enc);
    p->source = OST_FROM_VALUE;
    p->type = OST_TYPE_TEXT;
    p->value = ost_value_text(ost__encode_compared(enc, type->field, text));
    return p->value.as.text ? OST_OK : ost__encode_no_memory(enc);
}

static int32_t point_at(const uint8_t *p, size_t size)
{
    int32_t point = size == 1 ? p[0] : p[0] & (0x7F >> size);
    for (size_t i = 1; i < size; i++)
        point = point * 64 + (p[i] & 0x3F);
    return point;
}

/* The first of the texts behind all that begin with this one; NULL: no text is. *failed: there was
 * no memory. */
static const char *behind(const ost__encoder *enc, const char *text, bool *failed)
{
    size_t size = strlen(text), cut;
    *failed = false;
    for (; size > 0; size = cut) {
        cut = size - 1;
        while (((uint8_t)text[cut] & 0xC0) == 0x80)
            cut--;
        int32_t point = point_at((const uint8_t *)text + cut, size - cut);
        if (point == LAST_POINT)
            continue;
        char *next = ost__arena_alloc(enc->arena, cut + 5, 1);
        if (!next) {
            *failed = true;
            return NULL;
        }
        memcpy(next, text, cut);
        point = point == BEFORE_SURROGATES ? BEHIND_SURROGATES : point + 1;
        next[cut + ost__utf8_encode(point, (uint8_t *)next + cut)] = '\0';
        return next;
    }
    return NULL;
}

/* One side of the range; `text` is folded already, and stays so. */
static ost_status put_bound(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                            uint16_t op, const char *text)
{
    ost__operand type = { 0 };
    const ost_value v = ost_value_text(text);
    if (!ost__encode_byte(enc, out, op))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_member(enc, out, e, &type));
    OST_TRY(ost__encode_value(enc, out, &type, &v));
    out->parameters[out->parameter_count - 1].value.as.text = text;
    return OST_OK;
}

static ost_status starts_with(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              const ost__operand *type, const char *text)
{
    bool failed;
    const char *from = ost__encode_compared(enc, type->field, text);
    const char *to = from ? behind(enc, from, &failed) : NULL;
    uint8_t *at = ost__section_take(enc->arena, out, 3);
    if (!from || failed || !at)
        return ost__encode_no_memory(enc);
    at[0] = OST_OP_AND;
    ost__put_u16(at + 1, to ? 2 : 1);
    OST_TRY(put_bound(enc, out, e, OST_OP_GE, from));
    return to ? put_bound(enc, out, e, OST_OP_LT, to) : OST_OK;
}

ost_status ost__encode_text(const ost__encoder *enc, ost__section *out, const ost_expr *e)
{
    ost__operand type = { 0 };
    ost_value v = e->constant ? *e->constant : e->value;
    const uint32_t start = out->size;
    uint16_t op = OST_OP_EQ;
    if (!ost__encode_byte(enc, out, e->op))
        return ost__encode_no_memory(enc);
    OST_TRY(ost__encode_member(enc, out, e, &type));
    if (ost__class_of(type.type, type.field) != OST__CLASS_TEXT)
        return ost__encode_misuse(enc, type.field, "a text condition needs a text member");
    enum ost__folded folded = ost__fold(&type, &op, &v);
    if (folded != OST__FOLD_VALUE)
        return ost__encode_misfit(enc, &type, folded);
    if (e->op != OST_OP_STARTS_WITH || !ost__field_is_folded(type.field))
        return put_needle(enc, out, &type, v.as.text);
    out->size = start;
    return starts_with(enc, out, e, &type, v.as.text);
}
