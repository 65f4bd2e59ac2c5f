/* SPDX-License-Identifier: MIT */
/* How the rows of a shape become structs: records, selections, one value, counts, generated keys.
 */
#include "query/shape_reader.h"

#include <stddef.h>

#include "model/member.h"

static void fill_step(ost_row_step *step, const ost_field *to, const ost_node *from,
                      uint32_t column)
{
    *step = ost__row_step(to, column);
    step->column_type = from->type;
    step->precision = from->precision;
    step->scale = from->scale;
    step->origin = from->field;
}

static bool is_null_test(const ost_node *n, const ost_field *f)
{
    return n->op == OST_OP_IS_NULL && n->args[0]->field == f;
}

/* Whether records may be soft-deleted, and neither a condition nor a member says if they are. */
static bool is_mixed(const ost__compiled *c)
{
    const ost_field *deleted = c->model->table.deleted;
    const ost_node *where = c->shape.where;
    if (!deleted || ost__field_set_has(&c->loaded, ost__field_index(c->model, deleted)))
        return false;
    bool living = where && is_null_test(where, deleted);
    for (uint32_t i = 0; where && where->op == OST_OP_AND && i < where->arg_count; i++)
        living = living || is_null_test(where->args[i], deleted);
    return !living;
}

static ost_status result_program(ost__shape_reader *r)
{
    const ost_shape *s = &r->out->shape;
    const ost__model *result = r->out->result;
    ost_row_program *program = ost__shape_room(r, 1, sizeof(*program));
    ost_row_step *steps = ost__shape_room(r, s->column_count, sizeof(*steps));
    bool records = result == r->out->model;
    if (!program || !steps)
        return OST_NO_MEMORY;
    for (uint32_t i = 0; i < s->column_count; i++) {
        const ost_field *to = &result->fields[r->column_fields[i]];
        fill_step(&steps[i], to, s->columns[i], i);
        for (uint32_t k = 0; k < i; k++)
            if (r->column_fields[k] == r->column_fields[i])
                return ost__shape_misuse(r, "one member of the result is selected twice");
        records &= s->columns[i]->op == OST_OP_MEMBER && s->columns[i]->field == to;
        ost__field_set_add(&r->out->loaded, r->column_fields[i]);
    }
    *program = (ost_row_program){ .struct_size = sizeof(*program),
                                  .step_size = sizeof(*steps),
                                  .step_count = s->column_count,
                                  .row_size = (uint32_t)result->width,
                                  .steps = steps };
    r->out->rows = program;
    r->out->images = result;
    for (uint32_t i = 0; records && i < result->table.key_count; i++)
        records =
            ost__field_set_has(&r->out->loaded, ost__field_index(result, result->table.keys[i]));
    r->out->tracks = records && !result->is_part && !s->distinct && !ost__shape_is_grouped(s);
    r->out->mixed = r->out->tracks && is_mixed(r->out);
    return OST_OK;
}

/* One column into an ost__value_cell, through a field made for it. */
static ost_status value_program(ost__shape_reader *r)
{
    const ost_node *n = r->out->shape.columns[0];
    ost_row_program *program = ost__shape_room(r, 1, sizeof(*program));
    ost_row_step *step = ost__shape_room(r, 1, sizeof(*step));
    ost_field *field = ost__shape_room(r, 1, sizeof(*field));
    if (!program || !step || !field)
        return OST_NO_MEMORY;
    if (n->field)
        field->values = n->field->values;
    field->name = "value";
    field->type = ost__canonical_type(n->type, n->field);
    field->size = ost__type_size(field->type);
    r->out->value_type = field->type;
    fill_step(step, field, n, 0);
    if (step->null_rule == OST_NULL_IS_RANGE) {
        step->null_rule = OST_NULL_IS_ABSENT;
        step->size = sizeof(ost__value_cell);
        step->value_offset = offsetof(ost__value_cell, value) + offsetof(ost_value, as);
    } else {
        step->offset = offsetof(ost__value_cell, value) + offsetof(ost_value, as);
    }
    *program = (ost_row_program){ .struct_size = sizeof(*program),
                                  .step_size = sizeof(*step),
                                  .step_count = 1,
                                  .row_size = sizeof(ost__value_cell),
                                  .steps = step };
    r->out->rows = program;
    return OST_OK;
}

/* The key that the database generates: what the insert gives back, by the path of any row. */
static ost_status key_program(ost__shape_reader *r)
{
    const ost__model *m = r->out->model;
    ost_row_program *program = ost__shape_room(r, 1, sizeof(*program));
    ost_row_step *step = ost__shape_room(r, 1, sizeof(*step));
    const ost_node **columns = ost__shape_room(r, 1, sizeof(*columns));
    ost__operand type = ost__operand_of_field(m->table.auto_key);
    ost_node *n = ost__shape_node(r, OST_OP_MEMBER, &type);
    if (!program || !step || !columns || !n)
        return OST_NO_MEMORY;
    fill_step(step, m->table.auto_key, n, 0);
    columns[0] = n;
    r->out->shape.columns = columns;
    r->out->shape.column_count = 1;
    *program = (ost_row_program){ .struct_size = sizeof(*program),
                                  .step_size = sizeof(*step),
                                  .step_count = 1,
                                  .row_size = (uint32_t)m->width,
                                  .steps = step };
    r->out->rows = program;
    return OST_OK;
}

/* The count or the existence that a wrapped select yields. */
static ost_status wrap_program(ost__shape_reader *r)
{
    static const ost_field count = { .name = "count", .type = OST_TYPE_INT64, .size = 8 };
    static const ost_field exists = { .name = "exists", .type = OST_TYPE_BOOL, .size = 1 };
    const ost_field *f = r->out->shape.wrap == OST_WRAP_COUNT ? &count : &exists;
    const ost_node n = { .op = OST_OP_VALUE, .type = f->type };
    ost_row_program *program = ost__shape_room(r, 1, sizeof(*program));
    ost_row_step *step = ost__shape_room(r, 1, sizeof(*step));
    if (!program || !step)
        return OST_NO_MEMORY;
    fill_step(step, f, &n, 0);
    *program = (ost_row_program){ .struct_size = sizeof(*program),
                                  .step_size = sizeof(*step),
                                  .step_count = 1,
                                  .row_size = sizeof(int64_t),
                                  .steps = step };
    r->out->rows = program;
    return OST_OK;
}

ost_status ost__shape_rows(ost__shape_reader *r, uint32_t flags)
{
    const ost_shape *s = &r->out->shape;
    if (s->kind == OST_DO_INSERT && (flags & OST__SHAPE_KEY))
        return key_program(r);
    bool returns = (s->kind == OST_DO_UPSERT || s->kind == OST_DO_UPDATE) && s->column_count > 0;
    if (s->kind != OST_DO_SELECT && !returns)
        return OST_OK;
    if (s->wrap != OST_WRAP_NONE)
        return wrap_program(r);
    if (flags & OST__SHAPE_VALUE)
        return value_program(r);
    if (flags & OST__SHAPE_RECORDS) {
        r->out->rows = flags & OST__SHAPE_HIDDEN ? &r->out->model->load : &r->out->model->visible;
        r->out->images = r->out->model;
        r->out->loaded = r->out->model->all;
        r->out->tracks = !r->out->model->is_part;
        return OST_OK;
    }
    return result_program(r);
}
