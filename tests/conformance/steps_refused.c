/* SPDX-License-Identifier: MIT */
/* Steps that must be refused, and change nothing: the program's mistakes, and values that cannot be
 * stored. */
#include "program.h"

#include <math.h>
#include <string.h>

/* ---- mistakes ---- */

static ost_status without_condition(world *w, const ev_schema *schema, bool update)
{
    ost_query *q = ost_session_from(w->session, schema->model, record_size(schema));
    const ost_expr *none[1] = { NULL };
    size_t field = schema->field_count - 1;
    if (rng_chance(&w->rng, 50))
        ost_where(q, ost_both_list(w->session, none, 0));
    if (update) {
        const ost_expr *set = make_compare(w, OST_OP_SET, schema, field,
                                           random_present(&w->rng, &schema->fields[field]));
        return ost_query_update(q, NULL, make_list(w, &set, 1));
    }
    return ost_delete_all(q, NULL);
}

static ost_status with_distinct(world *w, const ev_schema *schema)
{
    ost_query *q = ost_session_from(w->session, schema->model, record_size(schema));
    ost_everything(q);
    ost_distinct(q);
    return ost_delete_all(q, NULL);
}

/* Documents have no order, are no groups, and are not told apart. */
static ost_status with_documents(world *w, const ev_schema *schema, size_t field)
{
    ost_query *q = ost_session_from(w->session, schema->model, record_size(schema));
    const ost_expr *member = make_member(w, schema, field), *as;
    size_t count;
    switch (rng_below(&w->rng, 6)) {
    case 0: ost_order_by(q, make_unary(w, OST_OP_DESC, schema, field)); break;
    case 1: ost_order_by(q, make_expr(w, OST_OP_ASC, member, NULL)); break;
    case 2: ost_group_by(q, member); break;
    case 3: ost_limit_per(q, member, 1); break;
    case 4: ost_distinct(q); break;
    default:
        as = make_as(w, &w->facts, 1, make_expr(w, OST_OP_COUNT_DISTINCT, member, NULL));
        ost_query_select(q, make_list(w, &as, 1));
        return last_status(w, ost_query_all(q, w->facts.model, record_size(&w->facts), &count));
    }
    return last_status(w, ost_query_all(q, schema->model, record_size(schema), &count));
}

static ost_status save_foreign(world *w, const ev_schema *schema)
{
    void *record = ev_take(&w->scratch, record_size(schema));
    return ost_session_save(w->session, schema->model, record_size(schema), record);
}

/* A record whose key was changed is not saved; the key is put back. */
static ost_status save_other_key(world *w)
{
    held *h = &w->held[rng_below(&w->rng, w->held_count)];
    const ev_schema *schema = &w->schemas[h->table];
    const ev_field *key = &schema->fields[schema->unique[0].fields[0]];
    ost_value before = ev_read(key, h->record, &w->scratch), other = ev_int(31000);
    ost_status status;
    ev_write(key, h->record, &other);
    status = ost_session_save(w->session, schema->model, record_size(schema), h->record);
    ev_write(key, h->record, &before);
    return status;
}

void step_mistake(world *w)
{
    const ev_schema *schema = &w->schemas[random_table(w)];
    size_t document = random_document_field(w, schema);
    size_t kind = rng_below(&w->rng, document == SIZE_MAX ? 6 : 9);
    ost_value key = ev_int(1);
    ost_status status;
    if (w->doomed != OST_OK || (kind == 5 && w->held_count == 0))
        return;
    say(w, "mistake %zu on %s\n", kind, schema->model->name);
    switch (kind) {
    case 0: status = without_condition(w, schema, true); break;
    case 1: status = without_condition(w, schema, false); break;
    case 2: status = with_distinct(w, schema); break;
    case 3: status = save_foreign(w, schema); break;
    case 4:
        status = last_status(w, ost_session_get(w->session, &seat_model, sizeof(seat), &key, 1));
        break;
    case 5: status = save_other_key(w); break;
    default: status = with_documents(w, schema, document); break;
    }
    (void)agree_status(w, OST_MISUSE, status);
}

/* ---- values that cannot be stored ---- */

/* A value of the member's kind that must be refused; false: there is none. */
static bool bad_value(world *w, const ev_field *f, ost_value *v, ost_status *expected)
{
    ev_number n = ev_number_of_int(1);
    *v = ev_null();
    *expected = OST_RANGE;
    if (ev_is_enum(f)) {
        *v = ev_int(rng_chance(&w->rng, 50) ? 4 : -1);
        return f->type != OST_TYPE_UINT32 || v->as.integer > 0;
    }
    v->type = f->type;
    switch (f->type) {
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE:
        v->type = OST_TYPE_DOUBLE;
        v->as.real = (double)NAN;
        return true;
    case OST_TYPE_TEXT:
        *v = ev_text(f->nullable || rng_chance(&w->rng, 50) ? "\xc3" : NULL);
        if (ev_is_null(v))
            *expected = OST_INVALID;
        return true;
    case OST_TYPE_CHARS: *v = ev_text("\xff"); return true;
    case OST_TYPE_JSON:
        v->as.json.text = rng_chance(&w->rng, 50) ? "{\"a\":1,\"a\":2}" : "[\"\\u0000\"]";
        return true;
    case OST_TYPE_TIME:
        v->as.time.microseconds = rng_chance(&w->rng, 50) ? 253402300800000000 : -62135596800000001;
        return true;
    case OST_TYPE_DATE: v->as.date.days = rng_chance(&w->rng, 50) ? 2932897 : -719163; return true;
    case OST_TYPE_DECIMAL:
        if (rng_chance(&w->rng, 50) && f->precision < 38)
            n.digits[f->precision] = 1; /* too large */
        else
            n.scale = f->scale + 1; /* would be rounded */
        if (n.scale == 0)
            n.scale = f->scale;
        return ev_number_to_decimal(&n, 38, n.scale, &v->as.decimal);
    default: return false;
    }
}

static ost_status write_bad(world *w, const ev_schema *schema, size_t field, const ost_value *v)
{
    const ost_model *m = schema->model;
    size_t size = record_size(schema);
    const ost_expr *set = make_compare(w, OST_OP_SET, schema, field, *v);
    ost_query *q = ost_session_from(w->session, m, size);
    char *records = ev_take(&w->scratch, 2 * size);
    for (size_t i = 0; i < schema->field_count; i++) {
        ost_value good = random_cell(&w->rng, &schema->fields[i], &w->scratch);
        ev_write(&schema->fields[i], records, &good);
        ev_write(&schema->fields[i], records + size, i == field ? v : &good);
    }
    ost_everything(q);
    switch (rng_below(&w->rng, 4)) {
    case 0: return ost_session_insert(w->session, m, size, records + size);
    case 1: return ost_session_insert_many(w->session, m, size, records, 2);
    case 2: return ost_session_replace(w->session, m, size, records + size);
    default: return ost_query_update(q, NULL, make_list(w, &set, 1));
    }
}

void step_bad_value(world *w)
{
    const ev_schema *schema = &w->schemas[random_table(w)];
    size_t field = rng_below(&w->rng, schema->field_count);
    ost_value v;
    ost_status expected;
    if (w->doomed != OST_OK || schema->fields[field].key ||
        !bad_value(w, &schema->fields[field], &v, &expected))
        return;
    say(w, "write what cannot be stored into %s.%s\n", schema->model->name,
        schema->fields[field].name);
    if (agree_status(w, expected, write_bad(w, schema, field, &v)) &&
        strcmp(ost_session_error(w->session)->field, schema->fields[field].name) != 0)
        disagree(w, "the error names %s", ost_session_error(w->session)->field);
}
