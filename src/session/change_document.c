/* SPDX-License-Identifier: MIT */
/* Changes of whole documents and of lists inside an update by query. */
#include "session/change.h"

#include <stdalign.h>
#include <string.h>

#include "base/document.h"
#include "base/error.h"
#include "base/scalar.h"
#include "model/convert.h"
#include "query/encoding.h"
#include "query/expr.h"
#include "session/hook.h"

static bool is_push(uint16_t op)
{
    return op == OST_OP_PUSH || op == OST_OP_AT || op == OST_OP_SLICE;
}

bool ost__changes_document(const ost_expr *e, const ost_field *f)
{
    bool structs = f->type == OST_TYPE_EMBEDDED || f->type == OST_TYPE_LIST;
    return is_push(e->op) || (e->op >= OST_OP_ADD_TO_SET && e->op <= OST_OP_UPDATE_ITEMS) ||
           (e->op == OST_OP_SET && structs);
}

const ost_expr *ost__change_unwrap(const ost_expr *e)
{
    while ((e->op == OST_OP_AT || e->op == OST_OP_SLICE) && ost__expr_arg_count(e->args) == 2)
        e = e->args[0];
    return e;
}

/* ---- parameters ---- */

/* A member of kind f->type at `at`, which lives as long as the statement. */
static ost_status put_member(const ost__changing *c, const ost_field *f, const void *at)
{
    ost_parameter *p = ost__section_parameter(&c->s->scratch, c->out);
    if (!p)
        return ost__no_memory(c->s);
    *p = (ost_parameter){ .source = OST_FROM_MEMBER,
                          .type = f->type,
                          .precision = f->precision,
                          .scale = f->scale,
                          .size = f->size,
                          .field = f,
                          .list = at };
    return OST_OK;
}

static ost_status put_number(const ost__changing *c, int64_t n)
{
    ost_parameter *p = ost__section_parameter(&c->s->scratch, c->out);
    if (!p)
        return ost__no_memory(c->s);
    *p = (ost_parameter){ .source = OST_FROM_VALUE,
                          .type = OST_TYPE_INT64,
                          .value = ost_value_int(n) };
    return OST_OK;
}

static ost_status checked(const ost__changing *c, const ost_field *f, void *at)
{
    ost_status status = ost__rules_member(c->m, f, at, c->rules);
    return status == OST_OK ? OST_OK : ost__rules_refused(c->s, c->m, c->rules, status);
}

/* ---- values ---- */

/* The number of an enumeration's name; false: it has none. */
static bool number_of(const ost_field *f, ost_value *v)
{
    int64_t n = 0;
    while (f->values[n] && strcmp(f->values[n], v->as.text) != 0)
        n++;
    if (!f->values[n])
        return false;
    *v = ost_value_int(n);
    return true;
}

/* A list with one value of the expression, brought to the kind of the items. `wanted`: it must be
 * fit to be stored; else none that can be in the list gives an empty one. */
static ost_status one_item(const ost__changing *c, const ost_field *f, const ost_expr *e,
                           bool wanted, ost__list *out)
{
    const ost_field *item = ost__item_of(c->m, f);
    ost_value v = e->constant ? *e->constant : e->value;
    uint16_t op = OST_OP_EQ;
    if (!item)
        return ost__change_refuse(c, f, "is a list of structs, but a value was given");
    void *at = ost__arena_alloc_zeroed(&c->s->scratch, item->size, alignof(max_align_t));
    ost_field plain = *item;
    if (!at)
        return ost__no_memory(c->s);
    plain.offset = 0;
    *out = (ost__list){ .items = at, .count = 1 };
    if (v.type == OST_TYPE_NONE)
        return ost__change_refuse(c, f, "an item of a list is never NULL");
    if (wanted) {
        ost_status status = ost__rules_value(c->m, item, &v, c->rules);
        if (status != OST_OK)
            return ost__rules_refused(c->s, c->m, c->rules, status);
    } else {
        ost__operand type = ost__operand_of_field(item);
        enum ost__folded folded = ost__fold(&type, &op, &v);
        bool named = ost__class_of(type.type, item) == OST__CLASS_ENUM && v.type == OST_TYPE_TEXT;
        if (folded != OST__FOLD_VALUE && folded != OST__FOLD_NEVER)
            return ost__change_refuse(c, f, "no item of the list can be equal to this");
        if (folded == OST__FOLD_NEVER || (named && !number_of(item, &v)))
            out->count = 0;
    }
    if (out->count > 0)
        ost__member_store(&plain, at, &v);
    return OST_OK;
}

/* What an expression gives for the list: an array of its own type, or one value. */
static ost_status items_of(const ost__changing *c, const ost_field *f, const ost_expr *e,
                           ost__list **out)
{
    ost__list *list = ost__arena_alloc_zeroed(&c->s->scratch, sizeof *list, alignof(ost__list));
    if (!list)
        return ost__no_memory(c->s);
    *out = list;
    if (f->type != OST_TYPE_LIST)
        return ost__change_refuse(c, f, "is no list");
    if (!e->list && e->op != OST_OP_SET && e->list_count == 0 && e->list_stride == 0)
        return one_item(c, f, e, e->op != OST_OP_PULL, list);
    if (!e->list && e->list_count > 0)
        return ost__change_refuse(c, f, "the items of a change are NULL");
    static const max_align_t none;
    *list = (ost__list){ .items = e->list ? e->list : &none, .count = e->list_count };
    return checked(c, f, list);
}

/* ---- the changes ---- */

static ost_status set_document(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    ost__list *list = NULL;
    if (f->type == OST_TYPE_LIST) {
        OST_TRY(items_of(c, f, e, &list));
        OST_TRY(ost__change_put(c, OST_OP_SET, f));
        return put_member(c, f, list);
    }
    if (!e->list || e->list_count != 1)
        return ost__change_refuse(c, f, "is an embedded struct: use ost_set_part");
    void *copy = ost__arena_alloc(&c->s->scratch, f->size, alignof(max_align_t));
    if (!copy)
        return ost__no_memory(c->s);
    memcpy(copy, e->list, f->size);
    OST_TRY(checked(c, f, copy));
    OST_TRY(ost__change_put(c, OST_OP_SET, f));
    return put_member(c, f, copy);
}

/* The number behind a wrapped push; false: there is none, or not one of its kind. */
static bool wrapped(const ost_expr *e, uint16_t op, int64_t *n, bool *twice)
{
    bool found = false;
    for (; e->op == OST_OP_AT || e->op == OST_OP_SLICE; e = e->args[0]) {
        const ost_expr *number = e->args[1];
        if (e->op != op)
            continue;
        *twice |= found;
        found = number->op == OST_OP_VALUE && number->value.type == OST_TYPE_INT64;
        *n = number->value.as.integer;
    }
    return found;
}

static ost_status push(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    int64_t position = 0, slice = 0;
    bool twice = false;
    const ost_expr *inner = ost__change_unwrap(e);
    bool placed = wrapped(e, OST_OP_AT, &position, &twice);
    bool sliced = wrapped(e, OST_OP_SLICE, &slice, &twice);
    ost__list *list = NULL;
    if (inner->op != OST_OP_PUSH || twice)
        return ost__change_refuse(c, f, "only a push takes a position and a limit, each once");
    if (position < 0)
        return ost__change_refuse(c, f, "a position in a list is not below 0");
    OST_TRY(items_of(c, f, inner, &list));
    OST_TRY(ost__change_put(c, OST_OP_PUSH, f));
    uint8_t *flags = ost__section_take(&c->s->scratch, c->out, 1);
    if (!flags)
        return ost__no_memory(c->s);
    *flags = (uint8_t)((placed ? OST__PUSH_POSITION : 0) | (sliced ? OST__PUSH_SLICE : 0));
    OST_TRY(put_member(c, f, list));
    if (placed)
        OST_TRY(put_number(c, position));
    return sliced ? put_number(c, slice) : OST_OK;
}

static ost_status put_condition(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    const ost__encoder enc = {
        .models = c->s->db->models, .root = c->m, .arena = &c->s->scratch, .error = &c->s->error
    };
    ost__encoder items;
    ost_status status = ost__encode_elements(&enc, f, &items);
    if (status == OST_OK)
        status = ost__encode_inner(&items, c->out, e, 0);
    if (status != OST_OK)
        c->s->error.nothing_sent = 1;
    return status;
}

/* What a rule of a member says, by the list's name and the member's: "comments[].text". */
static ost_status refused_inside(ost_session *s, const ost_field *list, ost_status status)
{
    ost_failure failure;
    ost_error *told = ost__arena_alloc(&s->scratch, sizeof *told, alignof(ost_error));
    if (s->error.failure_count == 0)
        return status;
    if (!told)
        return ost__no_memory(s);
    *told = s->error;
    ost__error_set(&s->error, status, "%s", told->message);
    ost__error_about(&s->error, told->model, list->name);
    s->error.nothing_sent = 1;
    for (size_t i = 0; ost_error_failure(told, i, &failure); i++) {
        char path[128];
        ost__print(path, sizeof path, "%s[].%s", list->name, failure.path);
        ost__error_add_failure(&s->error, path, failure.rule, failure.message);
    }
    return status;
}

static ost_status update_item(const ost__changing *c, const ost_expr *change)
{
    const ost_field *f = ost__change_field(c, change);
    if (!f)
        return (ost_status)c->s->error.status;
    if (ost__changes_document(change, f) || ost__is_document(f))
        return ost__change_refuse(c, f, "only plain members of the structs in a list are changed");
    return ost__change_member(c, f, change);
}

static ost_status update_items(const ost__changing *c, const ost_field *f, const ost_expr *e,
                               size_t count)
{
    const ost__model *part = ost__model_at(c->s->db->models, f->part->id);
    ost__field_set seen = { { 0 } };
    const ost__changing inner = {
        .s = c->s, .m = part, .rules = c->rules, .seen = &seen, .out = c->out
    };
    uint32_t at = c->out->size, outer = c->out->items;
    if (!ost__section_take(&c->s->scratch, c->out, 2))
        return ost__no_memory(c->s);
    ost_status status = OST_OK;
    for (size_t i = 1; i < count && status == OST_OK; i++)
        status = update_item(&inner, e->args[i]);
    if (status == OST_OK)
        status = ost__change_stamps(&inner);
    if (status != OST_OK)
        return refused_inside(c->s, f, status);
    /* Stamps are counted as changes of the record, but these are the item's. */
    ost__put_u16(c->out->bytes + at, (uint32_t)count - 1 + (c->out->items - outer));
    c->out->items = outer;
    return OST_OK;
}

/* Changes by a condition on the structs of a list. */
static ost_status by_condition(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    size_t count = ost__expr_arg_count(e->args), least = e->op == OST_OP_UPDATE_ITEMS ? 2 : 1;
    if (count == SIZE_MAX || count < least)
        return ost__change_refuse(c, f, "a change of items takes a condition, which is not NULL");
    if (f->type != OST_TYPE_LIST || !f->part)
        return ost__change_refuse(c, f, "is no list of structs");
    OST_TRY(ost__change_put(c, e->op, f));
    OST_TRY(put_condition(c, f, e->args[0]));
    return e->op == OST_OP_UPDATE_ITEMS ? update_items(c, f, e, count) : OST_OK;
}

ost_status ost__change_document(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    ost__list *list = NULL;
    switch (e->op) {
    case OST_OP_SET: return set_document(c, f, e);
    case OST_OP_PULL_WHERE:
    case OST_OP_UPDATE_ITEMS: return by_condition(c, f, e);
    case OST_OP_ADD_TO_SET:
    case OST_OP_PULL:
        if (f->type == OST_TYPE_LIST && f->part)
            return ost__change_refuse(c, f, "is a list of structs: use ost_pull_where");
        OST_TRY(items_of(c, f, e, &list));
        OST_TRY(ost__change_put(c, e->op, f));
        return put_member(c, f, list);
    default: return push(c, f, e);
    }
}
