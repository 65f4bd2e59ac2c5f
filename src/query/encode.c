/* SPDX-License-Identifier: MIT */
#include "query/encoding.h"

#include <string.h>

#include "base/error.h"
#include "model/caseless.h"
#include "model/member.h"
#include "model/password.h"
#include "query/expr.h"

enum { NO_FIELD = 0xffff };

ost_status ost__encode_no_memory(const ost__encoder *enc)
{
    return ost__error_set(enc->error, OST_NO_MEMORY, "no memory for a query");
}

ost_status ost__encode_misuse(const ost__encoder *enc, const ost_field *f, const char *what)
{
    ost__error_set(enc->error, OST_MISUSE, "%s.%s: %s", enc->root->table.model,
                   f ? f->name : "(expression)", what);
    ost__error_about(enc->error, enc->root->table.model, f ? f->name : NULL);
    return OST_MISUSE;
}

bool ost__encode_byte(const ost__encoder *enc, ost__section *out, uint32_t byte)
{
    uint8_t *at = ost__section_take(enc->arena, out, 1);
    if (at)
        *at = (uint8_t)byte;
    return at;
}

const char *ost__encode_text_copy(const ost__encoder *enc, const char *text)
{
    return ost__arena_text(enc->arena, text, strlen(text));
}

const char *ost__encode_compared(const ost__encoder *enc, const ost_field *with, const char *text)
{
    return ost__field_is_folded(with) ? ost__caseless_text(enc->arena, text)
                                      : ost__encode_text_copy(enc, text);
}

/* ---- members and values ---- */

/* What lies inside a field that is one value to the database: the present and value of an optional,
 * the items and count of a list. */
static ost_status no_field(const ost__encoder *enc, const ost__model *m, const char *path)
{
    char holder[64];
    const char *dot = path ? strrchr(path, '.') : NULL;
    const ost_field *f = NULL;
    if (dot && (size_t)(dot - path) < sizeof holder) {
        ost__print(holder, sizeof holder, "%.*s", (int)(dot - path), path);
        f = ost__model_field_named(m, holder);
    }
    if (f && f->type == OST_TYPE_LIST)
        ost__error_set(enc->error, OST_MISUSE,
                       "%s.%s is inside a list: use ost_size, ost_has_item or ost_has_part",
                       m->table.model, path);
    else if (f)
        ost__error_set(enc->error, OST_MISUSE, "%s.%s is inside one value: name %s itself",
                       m->table.model, path, holder);
    else
        ost__error_set(enc->error, OST_MISUSE, "%s has no field %s, or its struct has changed",
                       m->table.model, path ? path : "(none)");
    ost__error_about(enc->error, m->table.model, path);
    return OST_MISUSE;
}

/* As it is stored, or as it compares. */
enum as { AS_STORED, AS_COMPARED };

OST__HOT static ost_status encode_any_member(const ost__encoder *enc, ost__section *out,
                                             const ost_expr *e, enum as as, ost__operand *type)
{
    const ost__model *m = enc->element ? enc->element : enc->root;
    uint16_t op = OST_OP_MEMBER;
    if (!e->model)
        return ost__encode_misuse(enc, NULL,
                                  "an expression names no model; use the macros of expr.h");
    if (e->model->fields != m->identity || strcmp(e->model->name, m->table.model) != 0) {
        m = ost__model_find(enc->models, e->model, e->model->size, enc->error);
        if (!m)
            return (ost_status)(enc->error ? enc->error->status : OST_MISUSE);
        if (!enc->results || !m->is_part || enc->element)
            return ost__error_set(enc->error, OST_MISUSE,
                                  "a condition on %s.%s was given to a query over %s%s",
                                  m->table.model, e->member.path ? e->member.path : "?",
                                  enc->element ? "items of " : "",
                                  (enc->element ? enc->element : enc->root)->table.model);
        op = OST_OP_AS;
    }
    const ost_field *f = ost__model_field(m, &e->member);
    if (!f)
        return no_field(enc, m, e->member.path);
    if (as == AS_COMPARED)
        f = ost__compared_by(f);
    uint8_t *at = ost__section_take(enc->arena, out, enc->element ? 6 : 5);
    if (!at)
        return ost__encode_no_memory(enc);
    if (enc->element) {
        op = OST__OP_ELEMENT;
        at[1] = (uint8_t)enc->source;
    }
    at[0] = (uint8_t)op;
    ost__put_u16(at + (enc->element ? 2 : 1), m->table.id);
    ost__put_u16(at + (enc->element ? 4 : 3), ost__field_index(m, f));
    *type = ost__operand_of_field(f);
    if (op == OST_OP_AS) {
        type->nullable = true;
        type->aggregate = true;
    }
    return OST_OK;
}

/* One whose value matters: a hash says nothing. */
ost_status ost__encode_member(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              ost__operand *type)
{
    OST_TRY(encode_any_member(enc, out, e, AS_COMPARED, type));
    return type->field && type->field->hashed
               ? ost__encode_misuse(enc, type->field, OST__HASH_MISUSE)
               : OST_OK;
}

static bool is_of(const ost__model *m, const ost_field *f)
{
    return f && f >= m->fields && f < m->fields + m->table.field_count + m->table.inner_count;
}

/* Whose field an operand has, so that the shape can be made from it; NULL: nobody's. */
static const ost__model *owner_of(const ost__encoder *enc, const ost_field *f)
{
    if (enc->element && is_of(enc->element, f))
        return enc->element;
    return is_of(enc->root, f) ? enc->root : NULL;
}

/* The bytes of a value that is compared as `as`, a field of `owner`; NULL: no memory. */
OST__HOT static uint8_t *put_value(const ost__encoder *enc, ost__section *out,
                                   const ost__operand *as, const ost__model *owner, uint16_t type)
{
    uint8_t *at = ost__section_take(enc->arena, out, 8);
    if (!at)
        return NULL;
    at[0] = OST_OP_VALUE;
    at[1] = (uint8_t)type;
    ost__put_u16(at + 2, owner ? owner->table.id : NO_FIELD);
    ost__put_u16(at + 4, owner ? ost__field_index(owner, as->field) : NO_FIELD);
    at[6] = (uint8_t)as->precision;
    at[7] = (uint8_t)as->scale;
    return at;
}

OST__HOT ost_status ost__encode_value(const ost__encoder *enc, ost__section *out,
                                      const ost__operand *as, const ost_value *v)
{
    const ost__model *owner = owner_of(enc, as->field);
    const ost_field *f = owner ? as->field : NULL;
    uint8_t *at = put_value(enc, out, as, owner, v->type);
    ost_parameter *p = ost__section_parameter(enc->arena, out);
    if (!at || !p)
        return ost__encode_no_memory(enc);
    p->source = OST_FROM_VALUE;
    p->type = v->type;
    p->precision = as->precision;
    p->scale = as->scale;
    p->field = f;
    p->value = *v;
    if (v->type == OST_TYPE_TEXT &&
        !(p->value.as.text = ost__encode_compared(enc, as->field, v->as.text)))
        return ost__encode_no_memory(enc);
    if (v->type == OST_TYPE_BLOB) {
        p->value.as.blob.data = ost__arena_text(enc->arena, v->as.blob.data, v->as.blob.size);
        if (!p->value.as.blob.data)
            return ost__encode_no_memory(enc);
    }
    return OST_OK;
}

ost_status ost__encode_misfit(const ost__encoder *enc, const ost__operand *with,
                              enum ost__folded why)
{
    if (why == OST__FOLD_NULL)
        return ost__encode_misuse(
            enc, with->field,
            "a NULL or absent value in a condition; use ost_is_null or leave it out");
    if (why == OST__FOLD_MISFIT)
        return ost__encode_misuse(enc, with->field, "is compared with a value of another kind");
    ost__error_set(enc->error, OST_RANGE,
                   "%s.%s is compared with NaN, text that is not UTF-8, or a number without a name",
                   enc->root->table.model, with->field ? with->field->name : "(expression)");
    ost__error_about(enc->error, enc->root->table.model, with->field ? with->field->name : NULL);
    return OST_RANGE;
}

static ost_status encode_aggregate(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                   bool wide, ost__operand *type)
{
    ost__encoder inner = *enc;
    ost__operand arg = { 0 };
    size_t count = e->args ? ost__expr_arg_count(e->args) : 0;
    bool flag = e->op == OST_OP_COUNT || e->op == OST_OP_SUM;
    inner.aggregates = inner.results = false;
    if (!enc->aggregates)
        return ost__encode_misuse(enc, NULL,
                                  "an aggregate stands where there are no groups; use ost_having");
    if (count > 1 || (count == 0 && e->op != OST_OP_COUNT))
        return ost__encode_misuse(enc, NULL,
                                  "an aggregate takes one expression, which is not NULL");
    if (!ost__encode_byte(enc, out, e->op) ||
        (flag && !ost__encode_byte(enc, out, e->op == OST_OP_COUNT ? count == 1 : wide)))
        return ost__encode_no_memory(enc);
    if (count == 1)
        OST_TRY(ost__encode_operand(&inner, out, e->args[0], &arg));
    if (count == 1 && e->op != OST_OP_COUNT && ost__is_unordered(&arg))
        return ost__encode_misuse(enc, arg.field, "is a document: its values have no order");
    if (!ost__aggregate_type(e->op, count == 1 ? &arg : NULL, wide, type))
        return ost__encode_misuse(enc, arg.field, "this aggregate needs a number");
    return OST_OK;
}

OST__HOT ost_status ost__encode_operand(const ost__encoder *enc, ost__section *out,
                                        const ost_expr *e, ost__operand *type)
{
    ost_status status;
    ost_value v;
    if (!e)
        return ost__encode_misuse(enc, NULL, "a NULL was given where an expression is needed");
    switch (e->op) {
    case OST_OP_MEMBER: return ost__encode_member(enc, out, e, type);
    case OST_OP_SIZE: return ost__encode_size(enc, out, e, type);
    case OST_OP_VALUE:
        v = e->constant ? *e->constant : e->value;
        *type = (ost__operand){ .type = v.type };
        if (v.type == OST_TYPE_DECIMAL) {
            type->precision = 38;
            type->scale = (uint16_t)v.as.decimal.scale;
        }
        switch (ost__fold(type, &(uint16_t){ OST_OP_EQ }, &v)) {
        case OST__FOLD_VALUE: return ost__encode_value(enc, out, type, &v);
        case OST__FOLD_NULL: return ost__encode_misfit(enc, type, OST__FOLD_NULL);
        default: return ost__encode_misfit(enc, type, OST__FOLD_BAD);
        }
    case OST_OP_BROKEN: {
        const char *why = ost__expr_broken_reason(e, &status);
        return ost__error_set(enc->error, status, "%s", why);
    }
    default:
        if (ost__is_aggregate(e->op))
            return encode_aggregate(enc, out, e, false, type);
        return ost__encode_misuse(enc, NULL, "a condition stands where a value is needed");
    }
}

/* ---- comparisons ---- */

static bool is_value(const ost_expr *e)
{
    return e && e->op == OST_OP_VALUE;
}

static uint16_t mirrored(uint16_t op)
{
    switch (op) {
    case OST_OP_LT: return OST_OP_GT;
    case OST_OP_LE: return OST_OP_GE;
    case OST_OP_GT: return OST_OP_LT;
    case OST_OP_GE: return OST_OP_LE;
    default: return op;
    }
}

/*
 * A boolean that a member is compared with stands in the shape itself: there are only two of them,
 * and a database that sees which one it is can use an index of those records alone.
 */
static ost_status encode_bool(const ost__encoder *enc, ost__section *out, const ost__operand *as,
                              bool boolean)
{
    uint8_t *at = put_value(enc, out, as, owner_of(enc, as->field), OST_TYPE_BOOL);
    if (!at)
        return ost__encode_no_memory(enc);
    at[6] = boolean ? OST__BOOL_TRUE : OST__BOOL_FALSE;
    return OST_OK;
}

/* The constant of a comparison with a member of this kind. */
static ost_status constant_of(const ost__encoder *enc, const ost_expr *e, const ost__operand *type,
                              ost_value *out)
{
    *out = e->constant ? *e->constant : e->value;
    return e->list ? ost__encode_converted(enc, type->field, e->list, out) : OST_OK;
}

/* A left side is in `out` already, behind the operator at `start`; adds the constant to it. */
OST__HOT static ost_status encode_against(const ost__encoder *enc, ost__section *out,
                                          uint32_t start, const ost_expr *left,
                                          const ost__operand *type, uint16_t op, ost_value v)
{
    ost__operand again;
    enum ost__folded folded = ost__fold(type, &op, &v);
    switch (folded) {
    case OST__FOLD_VALUE:
        out->bytes[start] = (uint8_t)op;
        if (v.type == OST_TYPE_BOOL)
            return encode_bool(enc, out, type, v.as.boolean);
        return ost__encode_value(enc, out, type, &v);
    case OST__FOLD_NEVER:
    case OST__FOLD_ALWAYS:
        /* x <> x is false, x = x is true, for every x that is there; both are unknown for NULL. */
        out->bytes[start] = folded == OST__FOLD_NEVER ? OST_OP_NE : OST_OP_EQ;
        return ost__encode_operand(enc, out, left, &again);
    default: return ost__encode_misfit(enc, type, folded);
    }
}

static const char *name_of(const ost__operand *a)
{
    return a->field ? a->field->name : "(expression)";
}

/* Of one there are folded texts alone, of the other none. */
static ost_status half_caseless(const ost__encoder *enc, const ost__operand *a,
                                const ost__operand *b)
{
    const ost__operand *folded = ost__field_is_folded(a->field) ? a : b;
    const ost__operand *exact = folded == a ? b : a;
    ost__error_set(enc->error, OST_MISUSE,
                   "%s.%s has .collation = OST_CASELESS, but %s, which it is compared with, has "
                   "not: give it to both, or to neither",
                   enc->root->table.model, name_of(folded), name_of(exact));
    ost__error_about(enc->error, enc->root->table.model, name_of(folded));
    return OST_MISUSE;
}

static ost_status encode_comparison(const ost__encoder *enc, ost__section *out, const ost_expr *e)
{
    const ost_expr member = {
        .op = OST_OP_MEMBER, .struct_size = sizeof(member), .model = e->model, .member = e->member
    };
    const ost_expr *left = &member, *right = NULL;
    ost__operand a = { 0 }, b = { 0 };
    uint16_t op = e->op;
    uint32_t start = out->size;
    if (!ost__encode_byte(enc, out, op))
        return ost__encode_no_memory(enc);
    if (!e->args) {
        ost_value v;
        OST_TRY(ost__encode_operand(enc, out, left, &a));
        OST_TRY(constant_of(enc, e, &a, &v));
        return encode_against(enc, out, start, left, &a, op, v);
    }
    if (ost__expr_arg_count(e->args) != 2)
        return ost__encode_misuse(enc, NULL,
                                  "a comparison takes two expressions, and neither is NULL");
    left = e->args[0];
    right = e->args[1];
    if (is_value(left) && !is_value(right)) {
        left = e->args[1];
        right = e->args[0];
        op = mirrored(op);
        out->bytes[start] = (uint8_t)op;
    }
    OST_TRY(ost__encode_operand(enc, out, left, &a));
    if (is_value(right) && !is_value(left))
        return encode_against(enc, out, start, left, &a, op,
                              right->constant ? *right->constant : right->value);
    OST_TRY(ost__encode_operand(enc, out, right, &b));
    if (!ost__operands_compare(&a, &b))
        return ost__encode_misuse(enc, a.field, "is compared with an expression of another kind");
    return ost__field_is_folded(a.field) == ost__field_is_folded(b.field)
               ? OST_OK
               : half_caseless(enc, &a, &b);
}

/* ---- logic ---- */

/* What is known of a condition without any record: FIXED is one or the other, whatever the record.
 */
enum truth { VARIES, ALWAYS, NEVER, FIXED };

static enum truth negated(enum truth t)
{
    return t == ALWAYS ? NEVER : t == NEVER ? ALWAYS : t;
}

/* Of two parts of an AND; an OR is an AND of what is negated, negated. */
static enum truth both(enum truth a, enum truth b)
{
    if (a == NEVER || b == NEVER)
        return NEVER;
    if (a == VARIES || b == VARIES)
        return VARIES;
    return a == FIXED || b == FIXED ? FIXED : ALWAYS;
}

static enum truth either(enum truth a, enum truth b)
{
    if (a == ALWAYS || b == ALWAYS)
        return ALWAYS;
    if (a == FIXED || b == FIXED)
        return FIXED;
    return a == VARIES || b == VARIES ? VARIES : NEVER;
}

static ost_status encode_condition_at(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                                      enum truth *truth, int depth);

ost_status ost__encode_inner(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                             int depth)
{
    enum truth truth;
    return encode_condition_at(enc, out, e, &truth, depth);
}

static ost_status encode_logic(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                               enum truth *truth, int depth)
{
    size_t count = ost__expr_arg_count(e->args);
    if (count == SIZE_MAX)
        return ost__encode_misuse(enc, NULL, "a list of conditions holds a NULL, or has no end");
    if (e->op == OST_OP_NOT && count != 1)
        return ost__encode_misuse(enc, NULL, "not takes one condition");
    uint8_t *at = ost__section_take(enc->arena, out, e->op == OST_OP_NOT ? 1 : 3);
    if (!at)
        return ost__encode_no_memory(enc);
    at[0] = (uint8_t)e->op;
    if (e->op != OST_OP_NOT)
        ost__put_u16(at + 1, (uint32_t)count);
    *truth = e->op == OST_OP_OR ? NEVER : ALWAYS;
    for (size_t i = 0; i < count; i++) {
        enum truth one = VARIES;
        OST_TRY(encode_condition_at(enc, out, e->args[i], &one, depth + 1));
        *truth = e->op == OST_OP_OR    ? either(*truth, one)
                 : e->op == OST_OP_AND ? both(*truth, one)
                                       : negated(one);
    }
    return OST_OK;
}

OST__HOT static ost_status encode_condition_at(const ost__encoder *enc, ost__section *out,
                                               const ost_expr *e, enum truth *truth, int depth)
{
    ost__operand type;
    ost_status status;
    *truth = VARIES;
    if (!e)
        return ost__encode_misuse(enc, NULL,
                                  "a NULL condition; leave it out, or use ost_everything if all "
                                  "records are meant");
    if (depth > OST__EXPR_DEPTH_MAX)
        return ost__error_set(enc->error, OST_TOO_LARGE, "conditions are nested more than %d deep",
                              OST__EXPR_DEPTH_MAX);
    switch (e->op) {
    case OST_OP_EQ:
    case OST_OP_NE:
    case OST_OP_LT:
    case OST_OP_LE:
    case OST_OP_GT:
    case OST_OP_GE:
        OST_TRY(encode_comparison(enc, out, e));
        if (e->args && is_value(e->args[0]) && is_value(e->args[1]))
            *truth = FIXED;
        return OST_OK;
    case OST_OP_IN:
        if (e->list_count == 0)
            *truth = NEVER;
        return ost__encode_in(enc, out, e);
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH: return ost__encode_text(enc, out, e);
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL:
        return ost__encode_byte(enc, out, e->op) ? encode_any_member(enc, out, e, AS_STORED, &type)
                                                 : ost__encode_no_memory(enc);
    case OST_OP_AND:
    case OST_OP_OR:
    case OST_OP_NOT: return encode_logic(enc, out, e, truth, depth);
    case OST_OP_BROKEN: {
        const char *why = ost__expr_broken_reason(e, &status);
        return ost__error_set(enc->error, status, "%s", why);
    }
    case OST_OP_HAS_ITEM: return ost__encode_has_item(enc, out, e);
    case OST_OP_HAS_PART: return ost__encode_has_part(enc, out, e, depth);
    case OST_OP_HAS:
    case OST_OP_MATCHES:
        return ost__error_set(enc->error, OST_UNSUPPORTED,
                              "%s.%s: conditions on relations and full text are not built yet",
                              enc->root->table.model, e->member.path ? e->member.path : "?");
    default:
        return ost__encode_misuse(enc, NULL,
                                  "a value, order or change stands where a condition is needed");
    }
}

OST__HOT ost_status ost__encode_condition(const ost__encoder *enc, ost__section *out,
                                          const ost_expr *e, bool *narrows)
{
    enum truth truth;
    OST_TRY(encode_condition_at(enc, out, e, &truth, 0));
    *narrows = truth == VARIES || truth == NEVER;
    out->items++;
    return OST_OK;
}

/* ---- columns, orders, keys ---- */

ost_status ost__encode_column(const ost__encoder *enc, ost__section *out, const ost_expr *e,
                              const ost__model **result)
{
    ost__operand type = { 0 };
    if (!e || e->op != OST_OP_AS || !e->args || ost__expr_arg_count(e->args) != 1)
        return ost__encode_misuse(enc, NULL, "ost_select takes ost_as(shape, member, expression)");
    const ost__model *m =
        ost__model_find(enc->models, e->model, e->model ? e->model->size : 0, enc->error);
    if (!m)
        return (ost_status)(enc->error ? enc->error->status : OST_MISUSE);
    if (*result && *result != m)
        return ost__encode_misuse(enc, NULL, "one selection fills members of two structs");
    *result = m;
    const ost_field *f = ost__model_field(m, &e->member);
    if (!f)
        return ost__encode_misuse(enc, NULL, "ost_as names a member that is no field of its model");
    uint8_t *at = ost__section_take(enc->arena, out, 2);
    if (!at)
        return ost__encode_no_memory(enc);
    ost__put_u16(at, ost__field_index(m, f));
    const ost_expr *arg = e->args[0];
    bool decimal = (f->type & ~OST_TYPE_OPTIONAL) == OST_TYPE_DECIMAL;
    if (arg->op == OST_OP_SUM && decimal)
        OST_TRY(encode_aggregate(enc, out, arg, true, &type));
    else if (arg && arg->op == OST_OP_MEMBER)
        OST_TRY(encode_any_member(enc, out, arg, AS_STORED, &type));
    else
        OST_TRY(ost__encode_operand(enc, out, arg, &type));
    if (!ost__operand_fits(&type, f)) {
        ost__error_set(enc->error, OST_MISUSE,
                       "%s.%s cannot hold what is selected into it: its type is %s", m->table.model,
                       f->name, ost__type_name(f->type));
        ost__error_about(enc->error, m->table.model, f->name);
        return OST_MISUSE;
    }
    out->items++;
    return OST_OK;
}

OST__HOT ost_status ost__encode_order(const ost__encoder *enc, ost__section *out, const ost_expr *e)
{
    ost__operand type = { 0 };
    if (!e || (e->op != OST_OP_ASC && e->op != OST_OP_DESC))
        return ost__encode_misuse(
            enc, NULL, "ost_order_by takes ost_asc, ost_desc, ost_asc_of or ost_desc_of");
    if (e->args && ost__expr_arg_count(e->args) != 1)
        return ost__encode_misuse(enc, NULL,
                                  "a key of an order takes one expression, which is not NULL");
    if (!ost__encode_byte(enc, out, e->op == OST_OP_DESC))
        return ost__encode_no_memory(enc);
    out->items++;
    OST_TRY(e->args ? ost__encode_operand(enc, out, e->args[0], &type)
                    : ost__encode_member(enc, out, e, &type));
    if (ost__is_unordered(&type))
        return ost__encode_misuse(enc, type.field, "is a document: its values have no order");
    return OST_OK;
}

ost_status ost__encode_key(const ost__encoder *enc, ost__section *out, const ost_value *values,
                           size_t count)
{
    const ost__model *m = enc->root;
    for (size_t i = 0; i < count; i++) {
        const ost_field *f = m->table.keys[i];
        ost__operand type = ost__operand_of_field(f);
        ost_value v = values[i];
        uint16_t op = OST_OP_EQ;
        enum ost__folded folded = ost__fold(&type, &op, &v);
        uint8_t *at = ost__section_take(enc->arena, out, 6);
        if (!at)
            return ost__encode_no_memory(enc);
        at[0] = OST_OP_EQ;
        at[1] = OST_OP_MEMBER;
        ost__put_u16(at + 2, m->table.id);
        ost__put_u16(at + 4, ost__field_index(m, f));
        if (folded == OST__FOLD_NEVER)
            return OST_NOT_FOUND;
        if (folded != OST__FOLD_VALUE)
            return ost__encode_misfit(enc, &type, folded);
        OST_TRY(ost__encode_value(enc, out, &type, &v));
        out->items++;
    }
    return OST_OK;
}
