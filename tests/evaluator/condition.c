/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ost_expr *argument(const ost_expr *e, size_t i)
{
    return e->args[i];
}

static size_t argument_count(const ost_expr *e)
{
    size_t count = 0;
    while (e->args && e->args[count]->op != OST_OP_END)
        count++;
    return count;
}

bool ev_is_aggregate(const ost_expr *e)
{
    return e->op >= OST_OP_COUNT && e->op <= OST_OP_MAX;
}

static ev_operand member_of(const ost_expr *e, const ev_scope *scope)
{
    ev_operand out = { .value = ev_null() };
    size_t i = ev_field_named(scope->schema, e->member.path);
    out.field = &scope->schema->fields[i];
    if (scope->row)
        out.value = scope->row[i];
    return out;
}

/* As it compares: of a caseless member folded. */
static ev_operand compared_of(const ost_expr *e, const ev_scope *scope)
{
    ev_operand out = member_of(e, scope);
    out.value = ev_compared(out.field, &out.value, scope->store->scratch);
    return out;
}

static ev_operand size_of(const ost_expr *e, const ev_scope *scope)
{
    ev_operand list = member_of(e, scope), out = { .value = ev_null() };
    if (!ev_is_null(&list.value))
        out.value = ev_int((int64_t)ev_list_of(&list.value)->count);
    return out;
}

static ev_operand constant_of(const ost_expr *e)
{
    ev_operand out = { .value = e->constant ? *e->constant : e->value, .constant = true };
    if (out.value.type == OST_TYPE_UINT64)
        out.value = ev_uint(out.value.as.natural);
    if (out.value.type == OST_TYPE_DOUBLE)
        out.value = ev_real(out.value.as.real);
    return out;
}

/* ---- aggregates ---- */

/* The values of the group's rows that are not NULL. */
static ev_operand *present_values(const ost_expr *e, const ev_scope *scope, size_t *count)
{
    ev_operand *values =
        ev_take_array(scope->store->scratch, scope->group_count + 1, sizeof *values);
    *count = 0;
    for (size_t i = 0; i < scope->group_count; i++) {
        ev_scope one = { .store = scope->store, .schema = scope->schema };
        one.row = scope->group_rows[i];
        values[*count] = ev_evaluate(argument(e, 0), &one);
        if (!ev_is_null(&values[*count].value))
            (*count)++;
    }
    return values;
}

static int64_t count_distinct(const ev_operand *values, size_t count)
{
    int64_t distinct = 0;
    for (size_t i = 0; i < count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++)
            seen = ev_same(&values[i].value, &values[j].value);
        distinct += !seen;
    }
    return distinct;
}

static ost_value decimal_value(const ev_number *n, ev_scope *scope)
{
    ost_value v = ev_null();
    v.type = OST_TYPE_DECIMAL;
    if (!ev_number_to_decimal(n, 38, n->scale, &v.as.decimal)) {
        scope->status = OST_RANGE;
        return ev_null();
    }
    return v;
}

/* An integer, or beyond int64 a decimal: the member that it is for decides whether that fits. */
static ost_value integer_value(const ev_number *n, ev_scope *scope)
{
    int64_t small;
    return ev_number_to_int(n, &small) ? ev_int(small) : decimal_value(n, scope);
}

static ost_value sum_or_average(const ev_operand *values, size_t count, bool average,
                                ev_scope *scope)
{
    ev_number sum = ev_number_of_int(0), quotient;
    double real = 0;
    uint16_t type = OST_TYPE_NONE;
    for (size_t i = 0; i < count; i++) {
        ev_number n;
        type = values[i].value.type;
        if (type == OST_TYPE_DOUBLE) {
            real += values[i].value.as.real;
            continue;
        }
        n = ev_exact(&values[i].value);
        sum = ev_number_add(&sum, &n);
    }
    if (count == 0)
        return ev_null();
    if (type == OST_TYPE_DOUBLE)
        return ev_real(average ? real / (double)count : real);
    if (type != OST_TYPE_DECIMAL)
        return average ? ev_real(ev_number_to_double(&sum) / (double)count)
                       : integer_value(&sum, scope);
    if (!average)
        return decimal_value(&sum, scope);
    quotient = ev_number_divide(&sum, (uint32_t)count, sum.scale + 6);
    return decimal_value(&quotient, scope);
}

static const ev_operand *extreme(const ev_operand *values, size_t count, int sign)
{
    const ev_operand *best = &values[0];
    for (size_t i = 1; i < count; i++) {
        ost_value a = ev_order_value(&values[i]), b = ev_order_value(best);
        if (ev_compare(&a, &b) * sign > 0)
            best = &values[i];
    }
    return best;
}

static ev_operand aggregate(const ost_expr *e, ev_scope *scope)
{
    ev_operand out = { .value = ev_null() }, *values;
    size_t count = 0;
    if (e->op == OST_OP_COUNT && argument_count(e) == 0) {
        out.value = ev_int((int64_t)scope->group_count);
        return out;
    }
    values = present_values(e, scope, &count);
    switch (e->op) {
    case OST_OP_COUNT: out.value = ev_int((int64_t)count); break;
    case OST_OP_COUNT_DISTINCT: out.value = ev_int(count_distinct(values, count)); break;
    case OST_OP_SUM: out.value = sum_or_average(values, count, false, scope); break;
    case OST_OP_AVG: out.value = sum_or_average(values, count, true, scope); break;
    case OST_OP_MIN:
    case OST_OP_MAX:
        if (count > 0)
            out = *extreme(values, count, e->op == OST_OP_MAX ? 1 : -1);
        break;
    default: abort();
    }
    return out;
}

ev_operand ev_evaluate(const ost_expr *e, ev_scope *scope)
{
    if (e->op == OST_OP_MEMBER)
        return compared_of(e, scope);
    if (e->op == OST_OP_VALUE)
        return constant_of(e);
    if (e->op == OST_OP_SIZE)
        return size_of(e, scope);
    if (ev_is_aggregate(e) && scope->group_rows)
        return aggregate(e, scope);
    abort();
}

/* ---- comparisons ---- */

/* The name of an enumeration's number; a text is a name already; NULL for a number without one. */
static ost_value name_of(const ev_field *f, const ost_value *v)
{
    int64_t count = 0;
    if (v->type == OST_TYPE_TEXT)
        return *v;
    while (f->values[count])
        count++;
    if (v->type != OST_TYPE_INT64 || v->as.integer < 0 || v->as.integer >= count)
        return ev_null();
    return ev_text(f->values[v->as.integer]);
}

ost_value ev_order_value(const ev_operand *o)
{
    if (o->field && ev_is_enum(o->field) && !ev_is_null(&o->value))
        return name_of(o->field, &o->value);
    return o->value;
}

/* As IEEE rounds: beyond half a step above the largest float it is an infinity. */
static double nearest_float(double x)
{
    if (fabs(x) >= 0x1.ffffffp127)
        return copysign(INFINITY, x);
    if (fabs(x) > (double)FLT_MAX)
        return copysign((double)FLT_MAX, x);
    return (double)(float)x;
}

/* A constant is rounded to the kind of a float or double that it is compared with. */
static ost_value fold_constant(const ost_value *constant, const ev_field *f)
{
    ost_value out = *constant;
    if ((f->type == OST_TYPE_FLOAT || f->type == OST_TYPE_DOUBLE) && ev_is_number(constant)) {
        ev_field nearest = *f;
        nearest.type = OST_TYPE_DOUBLE;
        (void)ev_fit(&nearest, &out);
        if (f->type == OST_TYPE_FLOAT)
            out = ev_real(nearest_float(out.as.real));
    }
    return out;
}

static ev_truth truth(bool b)
{
    return b ? EV_TRUE : EV_FALSE;
}

/*
 * The order of two operands; false: unknown. A number that is no name of an enumeration is unlike
 * every name (*order 2: neither before, nor behind, nor equal).
 */
static bool order_of(const ev_operand *a, const ev_operand *b, int *order)
{
    ost_value x = a->value, y = b->value;
    const ev_field *named = a->field && ev_is_enum(a->field)   ? a->field
                            : b->field && ev_is_enum(b->field) ? b->field
                                                               : NULL;
    if (ev_is_null(&x) || ev_is_null(&y))
        return false;
    if (named) {
        x = name_of(named, &x);
        y = name_of(named, &y);
        *order = ev_is_null(&x) || ev_is_null(&y) ? 2 : ev_compare(&x, &y);
        return true;
    }
    if (a->constant && b->field)
        x = fold_constant(&x, b->field);
    if (b->constant && a->field)
        y = fold_constant(&y, a->field);
    *order = ev_compare(&x, &y);
    return true;
}

static ev_truth compare(uint16_t op, const ev_operand *a, const ev_operand *b)
{
    int order;
    if (!order_of(a, b, &order))
        return EV_UNKNOWN;
    switch (op) {
    case OST_OP_EQ: return truth(order == 0);
    case OST_OP_NE: return truth(order != 0);
    case OST_OP_LT: return truth(order == -1);
    case OST_OP_LE: return truth(order == -1 || order == 0);
    case OST_OP_GT: return truth(order == 1);
    case OST_OP_GE: return truth(order == 1 || order == 0);
    default: abort();
    }
}

static ev_truth comparison(const ost_expr *e, ev_scope *scope)
{
    ev_operand a, b;
    if (argument_count(e) == 2) {
        a = ev_evaluate(argument(e, 0), scope);
        b = ev_evaluate(argument(e, 1), scope);
    } else {
        a = compared_of(e, scope);
        b = constant_of(e);
    }
    if (a.constant)
        a.value = ev_compared(b.field, &a.value, scope->store->scratch);
    if (b.constant)
        b.value = ev_compared(a.field, &b.value, scope->store->scratch);
    return compare(e->op, &a, &b);
}

static ev_truth in_list(const ost_expr *e, const ev_scope *scope)
{
    ev_operand member = compared_of(e, scope), item = { .constant = true };
    ev_truth found = EV_FALSE;
    for (size_t i = 0; i < e->list_count; i++) {
        item.value = ev_read_item(e->list_type, (const char *)e->list + i * e->list_stride);
        item.value = ev_compared(member.field, &item.value, scope->store->scratch);
        ev_truth same = compare(OST_OP_EQ, &member, &item);
        if (same == EV_TRUE)
            return EV_TRUE;
        if (same == EV_UNKNOWN)
            found = EV_UNKNOWN;
    }
    return found;
}

static ev_truth text_condition(const ost_expr *e, const ev_scope *scope)
{
    ev_operand member = member_of(e, scope), needle = constant_of(e);
    char *text, *part;
    size_t size, part_size;
    if (ev_is_null(&member.value))
        return EV_UNKNOWN;
    text = ev_fold(member.value.as.text, scope->store->scratch);
    part = ev_fold(needle.value.as.text, scope->store->scratch);
    if (member.field->caseless) {
        member.value = ev_compared(member.field, &member.value, scope->store->scratch);
        needle.value = ev_compared(member.field, &needle.value, scope->store->scratch);
        text = ev_copy_text(scope->store->scratch, member.value.as.text);
        part = ev_copy_text(scope->store->scratch, needle.value.as.text);
    }
    size = strlen(text);
    part_size = strlen(part);
    if (e->op == OST_OP_HAS_TEXT)
        return truth(strstr(text, part) != NULL);
    if (part_size > size)
        return EV_FALSE;
    if (e->op == OST_OP_ENDS_WITH)
        text += size - part_size;
    return truth(memcmp(text, part, part_size) == 0);
}

static ev_truth not(ev_truth t)
{
    return t == EV_UNKNOWN ? EV_UNKNOWN : truth(t == EV_FALSE);
}

/* AND: false if one is false, else unknown if one is unknown, else true. OR by De Morgan. */
static ev_truth all_of(const ost_expr *e, ev_scope *scope, bool negated)
{
    ev_truth out = EV_TRUE;
    for (size_t i = 0; i < argument_count(e); i++) {
        ev_truth t = ev_condition(argument(e, i), scope);
        if (negated)
            t = not(t);
        if (t == EV_FALSE)
            out = EV_FALSE;
        if (t == EV_UNKNOWN && out == EV_TRUE)
            out = EV_UNKNOWN;
    }
    return out;
}

/* ---- items of lists ---- */

bool ev_equals(const ev_field *f, const ost_value *v, const ost_value *constant)
{
    const ost_expr e = { .value = *constant };
    ev_operand a = { .value = *v, .field = f }, b = constant_of(&e);
    return compare(OST_OP_EQ, &a, &b) == EV_TRUE;
}

bool ev_item_meets(const ev_store *store, const ev_schema *items, const ost_value *item,
                   const ost_expr *condition)
{
    ev_scope scope = { .store = store, .schema = items, .row = item };
    return ev_condition(condition, &scope) == EV_TRUE;
}

/* Of an absent list false: never unknown. */
static bool has_item(const ost_expr *e, const ev_scope *scope)
{
    ev_operand o = member_of(e, scope);
    const ev_list *list = ev_list_of(&o.value);
    for (size_t i = 0; !ev_is_null(&o.value) && i < list->count; i++)
        if (ev_equals(&o.field->items->fields[0], &list->cells[i], &e->value))
            return true;
    return false;
}

static bool has_part(const ost_expr *e, const ev_scope *scope)
{
    ev_operand o = member_of(e, scope);
    const ev_list *list = ev_list_of(&o.value);
    for (size_t i = 0; !ev_is_null(&o.value) && i < list->count; i++) {
        bool meets = true;
        for (size_t n = 0; n < argument_count(e); n++)
            meets &= ev_item_meets(scope->store, o.field->items,
                                   list->cells + i * o.field->items->field_count, argument(e, n));
        if (meets)
            return true;
    }
    return false;
}

static bool subject_is_null(const ost_expr *e, ev_scope *scope)
{
    ev_operand o =
        argument_count(e) == 1 ? ev_evaluate(argument(e, 0), scope) : member_of(e, scope);
    return ev_is_null(&o.value);
}

ev_truth ev_condition(const ost_expr *e, ev_scope *scope)
{
    switch (e->op) {
    case OST_OP_EQ:
    case OST_OP_NE:
    case OST_OP_LT:
    case OST_OP_LE:
    case OST_OP_GT:
    case OST_OP_GE: return comparison(e, scope);
    case OST_OP_IN: return in_list(e, scope);
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH: return text_condition(e, scope);
    case OST_OP_IS_NULL: return truth(subject_is_null(e, scope));
    case OST_OP_NOT_NULL: return truth(!subject_is_null(e, scope));
    case OST_OP_HAS_ITEM: return truth(has_item(e, scope));
    case OST_OP_HAS_PART: return truth(has_part(e, scope));
    case OST_OP_AND: return all_of(e, scope, false);
    case OST_OP_OR: return not(all_of(e, scope, true));
    case OST_OP_NOT: return not(ev_condition(argument(e, 0), scope));
    default: abort();
    }
}
