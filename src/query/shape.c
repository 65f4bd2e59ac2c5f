/* SPDX-License-Identifier: MIT */
#include "query/shape_reader.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

enum { NO_FIELD = 0xffff };

OST__HOT void ost__shape_header(uint8_t *at, uint16_t kind, uint16_t wrap, uint32_t flags,
                                const ost__model *m, const ost__model *result)
{
    at[0] = (uint8_t)kind;
    at[1] = (uint8_t)wrap;
    at[2] = (uint8_t)flags;
    at[3] = 0;
    ost__put_u16(at + 4, m ? m->table.id : OST__NO_MODEL);
    ost__put_u16(at + 6, result ? result->table.id : OST__NO_MODEL);
}

static uint32_t take_u8(ost__shape_reader *r)
{
    return *r->at++;
}

static uint32_t take_u16(ost__shape_reader *r)
{
    uint32_t n = ost__get_u16(r->at);
    r->at += 2;
    return n;
}

ost_status ost__shape_misuse(ost__shape_reader *r, const char *what)
{
    ost__error_set(r->error, OST_MISUSE, "a query over %s: %s", r->out->model->table.model, what);
    ost__error_about(r->error, r->out->model->table.model, NULL);
    r->status = OST_MISUSE;
    return OST_MISUSE;
}

void *ost__shape_room(ost__shape_reader *r, size_t count, size_t size)
{
    void *p =
        ost__arena_alloc_zeroed(r->arena, (count > 0 ? count : 1) * size, _Alignof(max_align_t));
    if (!p)
        r->status = ost__error_set(r->error, OST_NO_MEMORY, "no memory for a query");
    return p;
}

ost_node *ost__shape_node(ost__shape_reader *r, uint32_t op, const ost__operand *type)
{
    ost_node *n = ost__shape_room(r, 1, sizeof(*n));
    if (n) {
        n->op = (uint16_t)op;
        n->type = type->type;
        n->precision = type->precision;
        n->scale = type->scale;
        n->nullable = type->nullable;
        n->field = type->field;
        n->parameter = OST_NO_PARAMETER;
    }
    return n;
}

static ost__operand operand_of(const ost_node *n)
{
    return (ost__operand){ .type = n->type,
                           .precision = n->precision,
                           .scale = n->scale,
                           .nullable = n->nullable,
                           .field = n->field };
}

static const ost__operand condition_type = { .type = OST_TYPE_BOOL, .nullable = true };

static const ost__operand size_type = { .type = OST_TYPE_INT64, .nullable = true };

static const ost_node *read_expression(ost__shape_reader *r);

static ost_node *with_args(ost__shape_reader *r, ost_node *n, uint32_t count)
{
    const ost_node **args = n ? ost__shape_room(r, count, sizeof(*args)) : NULL;
    if (!args)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (!(args[i] = read_expression(r)))
            return NULL;
    n->args = args;
    n->arg_count = count;
    return n;
}

static ost_node *read_member(ost__shape_reader *r)
{
    uint32_t model = take_u16(r), field = take_u16(r);
    const ost__model *m = ost__model_at(r->models, model);
    ost__operand type = ost__operand_of_field(&m->fields[field]);
    return ost__shape_node(r, OST_OP_MEMBER, &type);
}

static ost_node *read_element(ost__shape_reader *r)
{
    uint32_t source = take_u8(r);
    ost_node *n = read_member(r);
    if (n)
        n->source = (uint16_t)source;
    return n;
}

static ost_node *read_value(ost__shape_reader *r)
{
    ost__operand type = { .type = (uint16_t)take_u8(r) };
    uint32_t model = take_u16(r), field = take_u16(r);
    type.precision = (uint16_t)take_u8(r);
    type.scale = (uint16_t)take_u8(r);
    if (field != NO_FIELD)
        type.field = &ost__model_at(r->models, model)->fields[field];
    static const ost_value no = { .type = OST_TYPE_BOOL },
                           yes = { .type = OST_TYPE_BOOL, .as = { .boolean = true } };
    uint16_t mark = type.type == OST_TYPE_BOOL ? type.precision : 0;
    if (mark != 0)
        type.precision = 0;
    ost_node *n = ost__shape_node(r, OST_OP_VALUE, &type);
    if (n && mark != 0)
        n->constant = mark == OST__BOOL_TRUE ? &yes : &no;
    else if (n)
        n->parameter = r->parameters++;
    return n;
}

/* As it compares; NULL: no memory. */
static const ost_node *compared(ost__shape_reader *r, const ost_node *n)
{
    const ost_field *by = n->op == OST_OP_MEMBER ? ost__compared_by(n->field) : n->field;
    if (by == n->field)
        return n;
    const ost__operand type = ost__operand_of_field(by);
    return ost__shape_node(r, OST_OP_MEMBER, &type);
}

/* A member of the result stands for the expression that was selected into it. */
static const ost_node *read_result_member(ost__shape_reader *r)
{
    uint32_t model = take_u16(r), field = take_u16(r);
    const ost_shape *s = &r->out->shape;
    if (r->out->result && r->out->result->table.id == model)
        for (uint32_t i = 0; i < s->column_count; i++)
            if (r->column_fields[i] == field)
                return compared(r, s->columns[i]);
    ost__shape_misuse(r, "is ordered by a member of a result into which nothing was selected");
    return NULL;
}

static const ost_node *read_aggregate(ost__shape_reader *r, uint32_t op)
{
    ost__operand type, arg;
    uint32_t flag = op == OST_OP_COUNT || op == OST_OP_SUM ? take_u8(r) : 1;
    uint32_t count = op == OST_OP_COUNT ? flag : 1;
    ost_node *n = with_args(r, ost__shape_node(r, op, &condition_type), count);
    if (!n)
        return NULL;
    if (count > 0)
        arg = operand_of(n->args[0]);
    ost__aggregate_type((uint16_t)op, count > 0 ? &arg : NULL, op == OST_OP_SUM && flag, &type);
    n->type = type.type;
    n->precision = type.precision;
    n->scale = type.scale;
    n->nullable = type.nullable;
    n->field = type.field;
    return n;
}

static const ost_node *read_expression(ost__shape_reader *r)
{
    uint32_t op = take_u8(r);
    ost_node *n;
    switch (op) {
    case OST_OP_MEMBER: return read_member(r);
    case OST__OP_ELEMENT: return read_element(r);
    case OST_OP_VALUE: return read_value(r);
    case OST_OP_SIZE: return with_args(r, ost__shape_node(r, op, &size_type), 1);
    case OST_OP_AS: return read_result_member(r);
    case OST_OP_AND:
    case OST_OP_OR: {
        uint32_t count = take_u16(r);
        return with_args(r, ost__shape_node(r, op, &condition_type), count);
    }
    case OST_OP_NOT:
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL: return with_args(r, ost__shape_node(r, op, &condition_type), 1);
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH:
    case OST_OP_IN:
        n = with_args(r, ost__shape_node(r, op, &condition_type), 1);
        if (n)
            n->parameter = r->parameters++;
        if (op == OST_OP_IN)
            (void)take_u8(r);
        return n;
    default:
        if (ost__is_aggregate((uint16_t)op))
            return read_aggregate(r, op);
        return with_args(r, ost__shape_node(r, op, &condition_type), 2);
    }
}

/* ---- sections ---- */

static ost_status failed(const ost__shape_reader *r)
{
    return r->status != OST_OK ? r->status : OST_NO_MEMORY;
}

static ost_status read_columns(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    const ost_node **columns = ost__shape_room(r, count, sizeof(*columns));
    r->column_fields = ost__shape_room(r, count, sizeof(*r->column_fields));
    if (!columns || !r->column_fields)
        return OST_NO_MEMORY;
    s->columns = columns;
    for (uint32_t i = 0; i < count; i++) {
        r->column_fields[i] = (uint16_t)take_u16(r);
        if (!(columns[i] = read_expression(r)))
            return failed(r);
        s->column_count = i + 1;
    }
    return OST_OK;
}

static ost_status all_columns(ost__shape_reader *r, bool hidden)
{
    ost_shape *s = &r->out->shape;
    const ost__model *m = r->out->model;
    const ost_node **columns = ost__shape_room(r, m->member_count, sizeof(*columns));
    if (!columns)
        return OST_NO_MEMORY;
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->member_count; i++) {
        ost__operand type = ost__operand_of_field(&m->fields[i]);
        if (!hidden && ost__field_is_left_out(&m->fields[i]))
            continue;
        if (!(columns[count++] = ost__shape_node(r, OST_OP_MEMBER, &type)))
            return OST_NO_MEMORY;
    }
    s->columns = columns;
    s->column_count = count;
    return OST_OK;
}

static bool read_change(ost__shape_reader *r, const ost__model *m, ost_change *c);

/* Of the structs in a list. */
static bool read_inner_changes(ost__shape_reader *r, ost_change *c)
{
    const ost__model *part = ost__model_at(r->models, c->field->part->id);
    uint32_t count = take_u16(r);
    ost_change *changes = ost__shape_room(r, count, sizeof(*changes));
    for (uint32_t i = 0; changes && i < count; i++)
        if (!read_change(r, part, &changes[i]))
            return false;
    c->changes = changes;
    c->change_count = count;
    return changes;
}

static bool read_change(ost__shape_reader *r, const ost__model *m, ost_change *c)
{
    uint32_t flags = 0;
    *c = (ost_change){ .op = (uint16_t)take_u8(r),
                       .parameter = OST_NO_PARAMETER,
                       .position_parameter = OST_NO_PARAMETER,
                       .slice_parameter = OST_NO_PARAMETER };
    c->field = &m->fields[take_u16(r)];
    switch (c->op) {
    case OST_OP_SET_NULL: return true;
    case OST_OP_PULL_WHERE: return (c->where = read_expression(r)) != NULL;
    case OST_OP_UPDATE_ITEMS:
        return (c->where = read_expression(r)) != NULL && read_inner_changes(r, c);
    case OST_OP_PUSH: flags = take_u8(r); break;
    default: break;
    }
    c->parameter = r->parameters++;
    if (flags & OST__PUSH_POSITION)
        c->position_parameter = r->parameters++;
    if (flags & OST__PUSH_SLICE)
        c->slice_parameter = r->parameters++;
    return true;
}

static ost_status read_changes(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    ost_change *changes = ost__shape_room(r, count, sizeof(*changes));
    if (!changes)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        if (!read_change(r, r->out->model, &changes[i]))
            return failed(r);
    s->changes = changes;
    s->change_count = count;
    return OST_OK;
}

static ost_status read_conditions(ost__shape_reader *r, const ost_node **out)
{
    uint32_t count = take_u16(r);
    if (count == 0)
        return OST_OK;
    if (count == 1)
        *out = read_expression(r);
    else
        *out = with_args(r, ost__shape_node(r, OST_OP_AND, &condition_type), count);
    return *out ? OST_OK : failed(r);
}

static ost_status read_groups(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    const ost_node **groups = ost__shape_room(r, count, sizeof(*groups));
    if (!groups)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        if (!(groups[i] = read_expression(r)))
            return failed(r);
    s->groups = groups;
    s->group_count = count;
    return OST_OK;
}

/* Rows that stand for several have no text of their own, but what those have in common. */
static ost_status compare_columns(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    const ost_node **columns = ost__shape_room(r, s->column_count, sizeof(*columns));
    if (!columns)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < s->column_count; i++)
        if (!(columns[i] = compared(r, s->columns[i])))
            return failed(r);
    s->columns = columns;
    return OST_OK;
}

static bool same_member(const ost_node *a, const ost_node *b)
{
    return a == b || (a->op == OST_OP_MEMBER && b->op == OST_OP_MEMBER && a->field == b->field);
}

static bool among(const ost_node *n, const ost_node *const *list, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (same_member(n, list[i]))
            return true;
    return false;
}

/* A total order: what tells rows apart is appended, in the direction of the last key. */
static void complete_order(ost_order *orders, uint32_t *count, const ost_node *const *list,
                           uint32_t list_count)
{
    bool descending = *count > 0 && orders[*count - 1].descending;
    for (uint32_t i = 0; i < list_count; i++) {
        bool there = false;
        for (uint32_t k = 0; k < *count; k++)
            there |= same_member(orders[k].node, list[i]);
        if (!there)
            orders[(*count)++] = (ost_order){ .node = list[i], .descending = descending };
    }
}

static ost_status key_nodes(ost__shape_reader *r, const ost_node ***out)
{
    const ost__model *m = r->out->model;
    const ost_node **keys = ost__shape_room(r, m->table.key_count, sizeof(*keys));
    if (!keys)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < m->table.key_count; i++) {
        ost__operand type = ost__operand_of_field(m->table.keys[i]);
        if (!(keys[i] = ost__shape_node(r, OST_OP_MEMBER, &type)))
            return OST_NO_MEMORY;
    }
    *out = keys;
    return OST_OK;
}

static bool has_aggregate(const ost_node *n)
{
    bool any = ost__is_aggregate(n->op);
    for (uint32_t i = 0; !any && i < n->arg_count; i++)
        any = has_aggregate(n->args[i]);
    return any;
}

bool ost__shape_is_grouped(const ost_shape *s)
{
    bool any = s->group_count > 0 || s->having;
    for (uint32_t i = 0; !any && i < s->column_count; i++)
        any = has_aggregate(s->columns[i]);
    return any;
}

static ost_status read_orders(ost__shape_reader *r, uint32_t flags)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    size_t most = (size_t)count + s->column_count + s->group_count + r->out->model->table.key_count;
    ost_order *orders = ost__shape_room(r, most, sizeof(*orders));
    const ost_node **keys;
    if (!orders)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        orders[i].descending = take_u8(r) != 0;
        if (!(orders[i].node = read_expression(r)))
            return failed(r);
    }
    bool grouped = ost__shape_is_grouped(s);
    for (uint32_t i = 0; s->distinct && i < count; i++)
        if (!among(orders[i].node, s->columns, s->column_count))
            return ost__shape_misuse(r,
                                     "distinct rows are ordered by something that is not selected");
    if (s->wrap == OST_WRAP_NONE &&
        (count > 0 || (flags & (OST__SHAPE_LIMIT | OST__SHAPE_OFFSET | OST__SHAPE_PARTITION)))) {
        if (s->distinct) {
            complete_order(orders, &count, s->columns, s->column_count);
        } else if (grouped) {
            complete_order(orders, &count, s->groups, s->group_count);
        } else {
            OST_TRY(key_nodes(r, &keys));
            complete_order(orders, &count, keys, r->out->model->table.key_count);
        }
    }
    s->orders = orders;
    s->order_count = s->wrap == OST_WRAP_NONE ? count : 0;
    return OST_OK;
}

/* ---- what must hold between the sections ---- */

static bool fixed_in_group(const ost_shape *s, const ost_node *n)
{
    if (ost__is_aggregate(n->op))
        return true;
    if (n->op == OST_OP_MEMBER)
        return among(n, s->groups, s->group_count);
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (!fixed_in_group(s, n->args[i]))
            return false;
    return true;
}

static ost_status check_lock(ost__shape_reader *r)
{
    const ost_shape *s = &r->out->shape;
    if (s->lock_mode == OST_LOCK_NONE ||
        (s->wrap == OST_WRAP_NONE && !s->distinct && !ost__shape_is_grouped(s)))
        return OST_OK;
    return ost__shape_misuse(r, "rows are locked only where they are read as they are stored: "
                                "without groups, aggregates, distinct, count and pages");
}

static ost_status read_partition(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    (void)take_u16(r);
    s->partition = read_expression(r);
    if (!s->partition)
        return failed(r);
    if (s->distinct || s->lock_mode != OST_LOCK_NONE || ost__shape_is_grouped(s))
        return ost__shape_misuse(r, "ost_limit_per is for rows as they are stored: without groups, "
                                    "aggregates, distinct and locks");
    return OST_OK;
}

static ost_status check_grouping(ost__shape_reader *r)
{
    const ost_shape *s = &r->out->shape;
    bool fixed = true;
    if (s->wrap != OST_WRAP_NONE && s->group_count == 0 && !s->having)
        return OST_OK;
    if (!ost__shape_is_grouped(s)) {
        for (uint32_t i = 0; i < s->order_count; i++)
            if (has_aggregate(s->orders[i].node))
                return ost__shape_misuse(r, "is ordered by an aggregate but has no groups");
        return OST_OK;
    }
    for (uint32_t i = 0; i < s->column_count; i++)
        fixed &= fixed_in_group(s, s->columns[i]);
    for (uint32_t i = 0; i < s->order_count; i++)
        fixed &= fixed_in_group(s, s->orders[i].node);
    if (s->having)
        fixed &= fixed_in_group(s, s->having);
    if (!fixed)
        return ost__shape_misuse(
            r, "a member that is neither grouped by nor inside an aggregate has no one "
               "value; group by it");
    return OST_OK;
}

/* ---- all of it ---- */

static ost_status read_sections(ost__shape_reader *r, uint32_t flags)
{
    ost_shape *s = &r->out->shape;
    if (s->kind == OST_DO_DDL) {
        s->ddl_index = take_u16(r);
        return OST_OK;
    }
    OST_TRY(flags & OST__SHAPE_RECORDS ? all_columns(r, flags & OST__SHAPE_HIDDEN)
                                       : read_columns(r));
    OST_TRY(read_changes(r));
    OST_TRY(read_conditions(r, &s->where));
    OST_TRY(read_groups(r));
    if (s->group_count > 0 || s->distinct)
        OST_TRY(compare_columns(r));
    OST_TRY(read_conditions(r, &s->having));
    OST_TRY(read_orders(r, flags));
    if (flags & OST__SHAPE_PARTITION)
        OST_TRY(read_partition(r));
    if (s->kind == OST_DO_UPSERT)
        OST_TRY(ost__shape_upsert(r));
    s->limit_parameter = flags & OST__SHAPE_LIMIT ? r->parameters++ : OST_NO_PARAMETER;
    s->offset_parameter = flags & OST__SHAPE_OFFSET ? r->parameters++ : OST_NO_PARAMETER;
    s->partition_parameter = flags & OST__SHAPE_PARTITION ? r->parameters++ : OST_NO_PARAMETER;
    s->parameter_count = r->parameters;
    OST_TRY(check_lock(r));
    return check_grouping(r);
}

ost_status ost__shape_read(const ost__model_set *models, ost__arena *arena, const uint8_t *bytes,
                           size_t size, ost__compiled *out, ost_error *error)
{
    ost__shape_reader r = {
        .models = models, .arena = arena, .at = bytes, .out = out, .error = error
    };
    uint32_t flags = bytes[2], model = ost__get_u16(bytes + 4), result = ost__get_u16(bytes + 6);
    memset(out, 0, sizeof(*out));
    if (model != OST__NO_MODEL) {
        out->model = ost__model_at(models, model);
        assert(out->model);
    }
    out->result = result == OST__NO_MODEL ? NULL : ost__model_at(models, result);
    out->shape = (ost_shape){
        .struct_size = sizeof(ost_shape),
        .kind = bytes[0],
        .wrap = bytes[1],
        .ddl = bytes[0] == OST_DO_DDL ? bytes[3] : (uint16_t)OST_DDL_NONE,
        .lock_mode = bytes[0] == OST_DO_SELECT ? bytes[3] : (uint16_t)OST_LOCK_NONE,
        .table = out->model ? &out->model->table : NULL,
        .limit_parameter = OST_NO_PARAMETER,
        .offset_parameter = OST_NO_PARAMETER,
        .partition_parameter = OST_NO_PARAMETER,
        /* Records differ in their keys: they are distinct as they are. */
        .distinct = (flags & OST__SHAPE_DISTINCT) && !(flags & OST__SHAPE_RECORDS),
        .bytes = bytes,
        .byte_count = size,
    };
    r.at += OST__SHAPE_HEADER;
    OST_TRY(read_sections(&r, flags));
    return ost__shape_rows(&r, flags);
}
