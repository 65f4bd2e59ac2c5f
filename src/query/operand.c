/* SPDX-License-Identifier: MIT */
#include "query/operand.h"

#include <assert.h>

bool ost__is_aggregate(uint16_t op)
{
    return op >= OST_OP_COUNT && op <= OST_OP_MAX;
}

bool ost__aggregate_type(uint16_t op, const ost__operand *arg, bool wide, ost__operand *out)
{
    *out = (ost__operand){ .type = OST_TYPE_INT64, .aggregate = true };
    if (op == OST_OP_COUNT || op == OST_OP_COUNT_DISTINCT)
        return op == OST_OP_COUNT || arg;
    assert(arg);
    enum ost__class kind = ost__class_of(arg->type, arg->field);
    out->nullable = true;
    if (op == OST_OP_MIN || op == OST_OP_MAX) {
        out->type = arg->type;
        out->precision = arg->precision;
        out->scale = arg->scale;
        out->field = arg->field;
        return true;
    }
    if (kind == OST__CLASS_REAL) {
        out->type = OST_TYPE_DOUBLE;
    } else if (kind == OST__CLASS_INT) {
        out->type = op == OST_OP_AVG ? OST_TYPE_DOUBLE : OST_TYPE_INT64;
        if (op == OST_OP_SUM && wide) {
            out->type = OST_TYPE_DECIMAL;
            out->precision = 38;
        }
    } else if (kind == OST__CLASS_DECIMAL) {
        out->type = OST_TYPE_DECIMAL;
        out->precision = 38;
        out->scale = op == OST_OP_AVG ? (uint16_t)(arg->scale + 6) : arg->scale;
        if (out->scale > 38)
            out->scale = 38;
    } else {
        return false;
    }
    return true;
}

bool ost__is_unordered(const ost__operand *a)
{
    return a->type >= OST_TYPE_JSON && a->type <= OST_TYPE_LIST;
}

/* Whether a document may be read into a member: one of the same parts. */
static bool documents_fit(const ost_field *from, const ost_field *to)
{
    if (!from || from->type != to->type || from->item_type != to->item_type)
        return false;
    if (from->part || to->part)
        return from->embeds && to->embeds && from->embeds->fields == to->embeds->fields;
    return !from->values == !to->values && from->precision == to->precision &&
           from->scale == to->scale;
}

bool ost__operands_compare(const ost__operand *a, const ost__operand *b)
{
    enum ost__class x = ost__class_of(a->type, a->field), y = ost__class_of(b->type, b->field);
    bool number_x = x == OST__CLASS_INT || x == OST__CLASS_REAL;
    bool number_y = y == OST__CLASS_INT || y == OST__CLASS_REAL;
    bool exact_x = x == OST__CLASS_INT || x == OST__CLASS_DECIMAL;
    bool exact_y = y == OST__CLASS_INT || y == OST__CLASS_DECIMAL;
    bool text_x = x == OST__CLASS_TEXT || x == OST__CLASS_ENUM;
    bool text_y = y == OST__CLASS_TEXT || y == OST__CLASS_ENUM;
    return x != OST__CLASS_NONE &&
           (x == y || (number_x && number_y) || (exact_x && exact_y) || (text_x && text_y));
}

bool ost__operand_fits(const ost__operand *from, const ost_field *to)
{
    enum ost__class x = ost__class_of(from->type, from->field), y = ost__class_of(to->type, to);
    if (ost__is_unordered(from))
        return documents_fit(from->field, to);
    if (y == OST__CLASS_ENUM)
        return x == OST__CLASS_ENUM;
    if (y == OST__CLASS_TEXT)
        return x == OST__CLASS_TEXT || x == OST__CLASS_ENUM;
    if (y == OST__CLASS_REAL)
        return x == OST__CLASS_REAL || x == OST__CLASS_INT;
    if (y == OST__CLASS_DECIMAL)
        return x == OST__CLASS_DECIMAL || x == OST__CLASS_INT;
    return x != OST__CLASS_NONE && x == y;
}
