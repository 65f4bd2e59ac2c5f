/* SPDX-License-Identifier: MIT */
#include "query/shape_reader.h"

#include "query/upsert.h"

static uint32_t take_u16(ost__shape_reader *r)
{
    uint32_t n = ost__get_u16(r->at);
    r->at += 2;
    return n;
}

static ost_status read_arbiters(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    const ost_field **arbiters = ost__shape_room(r, count, sizeof(*arbiters));
    if (!arbiters)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++)
        arbiters[i] = &r->out->model->fields[take_u16(r)];
    s->arbiters = arbiters;
    s->arbiter_count = count;
    return OST_OK;
}

static const ost_node *both(ost__shape_reader *r, const ost_node *a, const ost_node *b)
{
    static const ost__operand type = { .type = OST_TYPE_BOOL, .nullable = true };
    if (!a || !b)
        return a ? a : b;
    ost_node *n = ost__shape_node(r, OST_OP_AND, &type);
    const ost_node **args = ost__shape_room(r, 2, sizeof(*args));
    if (!n || !args)
        return NULL;
    args[0] = a;
    args[1] = b;
    n->args = args;
    n->arg_count = 2;
    return n;
}

static const ost_node *is_living(ost__shape_reader *r, const ost_field *deleted)
{
    static const ost__operand type = { .type = OST_TYPE_BOOL };
    const ost__operand member = ost__operand_of_field(deleted);
    ost_node *n = ost__shape_node(r, OST_OP_IS_NULL, &type);
    ost_node *m = ost__shape_node(r, OST_OP_MEMBER, &member);
    const ost_node **args = ost__shape_room(r, 1, sizeof(*args));
    if (!n || !m || !args)
        return NULL;
    args[0] = m;
    n->args = args;
    n->arg_count = 1;
    return n;
}

/* A partial index has only the records that meet its condition. */
static ost_status add_condition(ost__shape_reader *r, uint32_t number)
{
    ost_shape *s = &r->out->shape;
    const ost_table_index *x = number == OST__NO_INDEX ? NULL : &s->table->indexes[number];
    const ost_node *living = NULL;
    if (!x || (!x->where && !x->among_living))
        return OST_OK;
    if (x->among_living && !(living = is_living(r, s->table->deleted)))
        return OST_NO_MEMORY;
    s->arbiter_where = both(r, living, x->where);
    s->where = both(r, s->where, s->arbiter_where);
    return s->where && s->arbiter_where ? OST_OK : OST_NO_MEMORY;
}

static uint32_t parameter_of(const ost_shape *s, const ost_field *f)
{
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == f)
            return s->changes[i].parameter;
    return OST_NO_PARAMETER;
}

static ost_status read_updates(ost__shape_reader *r)
{
    ost_shape *s = &r->out->shape;
    uint32_t count = take_u16(r);
    ost_change *updates = ost__shape_room(r, count, sizeof(*updates));
    if (!updates)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        ost_change *u = &updates[i];
        u->op = *r->at++;
        u->field = &r->out->model->fields[take_u16(r)];
        uint32_t flags = *r->at++;
        u->flags = flags & OST__UPSERT_FOLLOWS ? OST_CHANGE_FOLLOWS : 0;
        u->parameter = flags & OST__UPSERT_OWN ? r->parameters++ : parameter_of(s, u->field);
    }
    s->updates = updates;
    s->update_count = count;
    return OST_OK;
}

ost_status ost__shape_upsert(ost__shape_reader *r)
{
    OST_TRY(read_arbiters(r));
    OST_TRY(add_condition(r, take_u16(r)));
    return read_updates(r);
}
