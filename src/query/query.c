/* SPDX-License-Identifier: MIT */
#include "query/query.h"

#include <string.h>

#include "base/error.h"
#include "query/expr.h"

OST__HOT void ost__query_begin(ost__query *q, ost_session *session, ost__arena *arena,
                               ost__model_set *models, const ost__model *model,
                               const uint64_t *clock, ost_error *scratch)
{
    uint16_t generation = q->generation;
    struct ost__query *next = q->next;
    memset(q, 0, offsetof(ost__query, first_bytes));
    q->generation = generation;
    q->next = next;
    q->session = session;
    q->arena = arena;
    q->models = models;
    q->model = model;
    q->scratch = scratch;
    q->clock = clock;
    q->sequence = *clock;
    q->live = true;
    q->where.bytes = q->first_bytes;
    q->where.capacity = sizeof(q->first_bytes);
    q->where.parameters = q->first_parameters;
    q->where.parameter_capacity = OST__QUERY_PARAMETERS;
    q->orders.bytes = q->first_order;
    q->orders.capacity = sizeof(q->first_order);
}

void ost__query_fail(ost__query *q, ost_status status)
{
    if (q->status != OST_OK)
        return;
    q->status = (uint16_t)status;
    q->error = ost__arena_alloc(q->arena, sizeof(*q->error), _Alignof(ost_error));
    if (q->error)
        memcpy(q->error, q->scratch, sizeof(*q->error));
}

/* The query of a handle that can still be appended to; NULL: it cannot, and running it says why. */
OST__HOT static ost__query *open_query(ost_query *handle)
{
    ost__query *q = handle ? ost__query_slot(handle) : NULL;
    if (!q || !ost__query_is(q, handle) || q->status != OST_OK)
        return NULL;
    /* What is appended lies behind every mark that was set before: a release of one ends the query.
     */
    q->sequence = *q->clock;
    return q;
}

static ost__encoder encoder_of(const ost__query *q)
{
    return (ost__encoder){ .models = q->models,
                           .root = q->model,
                           .arena = q->arena,
                           .error = q->scratch,
                           .context = q->context };
}

static void fail(ost__query *q, ost_status status, const char *sentence)
{
    ost__error_set(q->scratch, status, "a query over %s: %s", q->model->table.model, sentence);
    ost__error_about(q->scratch, q->model->table.model, NULL);
    ost__query_fail(q, status);
}

/* The same for what a default scope may not append. */
OST__HOT static ost__query *open_own(ost_query *handle, const char *call)
{
    ost__query *q = open_query(handle);
    if (!q || !q->scoping)
        return q;
    ost__error_set(
        q->scratch, OST_MISUSE,
        "%s is called in the default scope of %s, which takes conditions and orders alone", call,
        q->model->table.model);
    ost__error_about(q->scratch, q->model->table.model, NULL);
    ost__query_fail(q, OST_MISUSE);
    return NULL;
}

static void keep(ost__query *q, ost_status status)
{
    if (status != OST_OK)
        ost__query_fail(q, status);
}

/* Whether the condition at `start` of those of the query is that its key, of one member, is a
 * value.
 */
static bool is_key(const ost__query *q, uint32_t start)
{
    enum { SIZE = 1 + 5 + 8 };
    const ost__model *m = q->model;
    const uint8_t *at = q->where.bytes + start;
    return m->table.key_count == 1 && q->where.size == start + SIZE && at[0] == OST_OP_EQ &&
           at[1] == OST_OP_MEMBER && ost__get_u16(at + 2) == m->table.id &&
           ost__get_u16(at + 4) == ost__field_index(m, m->table.keys[0]) && at[6] == OST_OP_VALUE;
}

OST__HOT void ost_where(ost_query *handle, const ost_expr *condition)
{
    ost__query *q = open_query(handle);
    bool narrows = false;
    if (!q)
        return;
    ost__encoder enc = encoder_of(q);
    uint32_t start = q->where.size;
    keep(q, ost__encode_condition(&enc, q->scoping ? &q->scope_where : &q->where, condition,
                                  &narrows));
    q->narrows |= narrows && !q->scoping;
    q->keyed = q->keyed || (q->status == OST_OK && !q->scoping && is_key(q, start));
}

void ost_having(ost_query *handle, const ost_expr *condition)
{
    ost__query *q = open_own(handle, "ost_having");
    bool narrows;
    if (!q)
        return;
    ost__encoder enc = encoder_of(q);
    enc.aggregates = true;
    keep(q, ost__encode_condition(&enc, &q->having, condition, &narrows));
}

OST__HOT void ost_order_by(ost_query *handle, const ost_expr *key)
{
    ost__query *q = open_query(handle);
    if (!q)
        return;
    ost__encoder enc = encoder_of(q);
    enc.aggregates = enc.results = true;
    keep(q, ost__encode_order(&enc, q->scoping ? &q->scope_orders : &q->orders, key));
}

bool ost_order_by_name(ost_query *handle, const char *member, const char *direction)
{
    ost__query *q = open_query(handle);
    const ost_field *f = q && member ? ost__model_field_named(q->model, member) : NULL;
    bool descending = direction && strcmp(direction, "desc") == 0;
    if (!f || f->hidden || (direction && !descending && strcmp(direction, "asc") != 0))
        return false;
    const ost_expr key = {
        .op = descending ? OST_OP_DESC : OST_OP_ASC,
        .struct_size = sizeof(key),
        .model = q->model->source,
        .member = { .path = f->name,
                    .offset = ost__field_place(f),
                    .size = ost__field_place_size(f),
                    .type = f->converts ? OST_TYPE_NONE : f->type },
    };
    ost__encoder enc = encoder_of(q);
    keep(q, ost__encode_order(&enc, q->scoping ? &q->scope_orders : &q->orders, &key));
    return q->status == OST_OK;
}

void ost_group_by(ost_query *handle, const ost_expr *e)
{
    ost__query *q = open_own(handle, "ost_group_by");
    ost__operand type;
    if (!q)
        return;
    ost__encoder enc = encoder_of(q);
    keep(q, ost__encode_operand(&enc, &q->groups, e, &type));
    if (q->status == OST_OK && ost__is_unordered(&type))
        fail(q, OST_MISUSE, "is grouped by a document, whose values have no order");
    else if (q->status == OST_OK && (!type.field || e->op != OST_OP_MEMBER))
        fail(q, OST_MISUSE, "is grouped by something that is no member; use ost_col");
    q->groups.items++;
}

OST__HOT void ost_limit(ost_query *handle, size_t limit)
{
    ost__query *q = open_own(handle, "ost_limit");
    if (!q)
        return;
    q->has_limit = true;
    q->limit = limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

void ost_offset(ost_query *handle, size_t offset)
{
    ost__query *q = open_own(handle, "ost_offset");
    if (!q)
        return;
    q->has_offset = true;
    q->offset = offset > INT64_MAX ? INT64_MAX : (int64_t)offset;
}

void ost_limit_per(ost_query *handle, const ost_expr *member, size_t limit)
{
    ost__query *q = open_own(handle, "ost_limit_per");
    ost__operand type;
    if (!q)
        return;
    if (q->partition.items > 0)
        fail(q, OST_MISUSE, "ost_limit_per is called twice");
    if (q->status == OST_OK && (!member || member->op != OST_OP_MEMBER))
        fail(q, OST_MISUSE, "ost_limit_per takes a member; use ost_col");
    if (q->status != OST_OK)
        return;
    ost__encoder enc = encoder_of(q);
    keep(q, ost__encode_operand(&enc, &q->partition, member, &type));
    if (q->status == OST_OK && ost__is_unordered(&type))
        fail(q, OST_MISUSE, "limits rows by a document, whose values are not told apart");
    q->partition.items++;
    q->limit_per = limit > INT64_MAX ? INT64_MAX : (int64_t)limit;
}

void ost_lock(ost_query *handle, uint16_t mode)
{
    ost__query *q = open_own(handle, "ost_lock");
    if (!q)
        return;
    if (mode > OST_LOCK_SHARE)
        fail(q, OST_MISUSE, "there is no such lock; use one of enum ost_lock_mode");
    q->lock = (uint8_t)mode;
}

void ost_distinct(ost_query *handle)
{
    ost__query *q = open_own(handle, "ost_distinct");
    if (q)
        q->distinct = true;
}

void ost_everything(ost_query *handle)
{
    ost__query *q = open_own(handle, "ost_everything");
    if (q)
        q->everything = true;
}

void ost_query_select(ost_query *handle, const ost_expr *const *list)
{
    ost__query *q = open_own(handle, "ost_select");
    size_t count = ost__expr_arg_count(list);
    if (!q)
        return;
    if (count == SIZE_MAX || count == 0)
        fail(q, OST_MISUSE, "ost_select was given a NULL, or nothing");
    ost__encoder enc = encoder_of(q);
    enc.aggregates = true;
    for (size_t i = 0; q->status == OST_OK && i < count; i++) {
        keep(q, ost__encode_column(&enc, &q->columns, list[i], &q->result));
        q->totals |= q->status == OST_OK && ost__is_aggregate(list[i]->args[0]->op);
    }
}

void ost_with_deleted(ost_query *handle)
{
    ost__query *q = open_own(handle, "ost_with_deleted");
    if (q)
        q->with_deleted = true;
}

void ost_with_hidden(ost_query *handle)
{
    ost__query *q = open_own(handle, "ost_with_hidden");
    if (q)
        q->with_hidden = true;
}

void ost_unscoped(ost_query *handle)
{
    ost__query *q = open_own(handle, "ost_unscoped");
    if (q)
        q->unscoped = true;
}

void ost__query_scope(ost__query *q)
{
    q->scoping = true;
    q->model->source->default_scope(ost__query_handle(q));
    q->scoping = false;
}

ost_query *ost_query_include(ost_query *handle, const ost_model *m, const ost_member *relation)
{
    ost__query *q = open_own(handle, "ost_include");
    (void)m, (void)relation;
    if (q)
        fail(q, OST_UNSUPPORTED, "relations cannot be included yet; query the other model");
    return handle;
}

/* ---- assembling ---- */

enum {
    WHERE = 2,    /* its place among the sections */
    NULL_TEST = 6 /* bytes of one, of a member */
};

static uint32_t size_of(const ost__section *s)
{
    return 2 + (s ? s->size : 0);
}

static uint8_t *join(uint8_t *at, const ost__section *s)
{
    ost__put_u16(at, s ? s->items : 0);
    if (s && s->size > 0)
        memcpy(at + 2, s->bytes, s->size);
    return at + size_of(s);
}

/* What keeps the living and the deleted apart, as a further condition; NULL: nothing. */
static const ost_field *apart(const ost__parts *p)
{
    bool meets = p->kind == OST_DO_SELECT || p->kind == OST_DO_UPDATE || p->kind == OST_DO_DELETE;
    return meets && p->among != OST__WITH_DELETED ? p->model->table.deleted : NULL;
}

static uint8_t *join_where(uint8_t *at, const ost__parts *p, const ost_field *deleted)
{
    uint8_t *end = join(at, p->where);
    if (!deleted)
        return end;
    ost__put_u16(at, (p->where ? p->where->items : 0) + 1);
    end[0] = p->among == OST__LIVING ? OST_OP_IS_NULL : OST_OP_NOT_NULL;
    end[1] = OST_OP_MEMBER;
    ost__put_u16(end + 2, p->model->table.id);
    ost__put_u16(end + 4, ost__field_index(p->model, deleted));
    return end + NULL_TEST;
}

OST__HOT static void add_number(ost__statement *out, const int64_t *n)
{
    if (n)
        out->parameters[out->parameter_count++] = (ost_parameter){ .source = OST_FROM_VALUE,
                                                                   .type = OST_TYPE_INT64,
                                                                   .value = ost_value_int(*n) };
}

OST__HOT bool ost__statement_join(const ost__parts *p, ost__arena *arena, ost__statement *out)
{
    const ost__section *last = p->partition ? p->partition : p->upsert;
    const ost__section *const sections[] = { p->columns, p->changes, p->where, p->groups,
                                             p->having,  p->orders,  last };
    const ost_field *deleted = apart(p);
    size_t first = p->flags & OST__SHAPE_RECORDS ? 1 : 0, end = last ? 7 : 6;
    uint32_t size = OST__SHAPE_HEADER + (deleted ? NULL_TEST : 0), parameters = 3;
    for (size_t i = first; i < end; i++) {
        size += size_of(sections[i]);
        parameters += sections[i] ? sections[i]->parameter_count : 0;
    }
    out->bytes = ost__arena_alloc(arena, size, 1);
    out->parameters =
        ost__arena_alloc(arena, parameters * sizeof(*out->parameters), _Alignof(ost_parameter));
    if (!out->bytes || !out->parameters)
        return false;
    out->size = size;
    out->parameter_count = 0;
    ost__shape_header(out->bytes, p->kind, p->wrap,
                      p->flags | (p->limit ? OST__SHAPE_LIMIT : 0u) |
                          (p->offset ? OST__SHAPE_OFFSET : 0u) |
                          (p->partition ? OST__SHAPE_PARTITION : 0u),
                      p->model, p->result);
    out->bytes[3] = (uint8_t)p->lock;
    uint8_t *at = out->bytes + OST__SHAPE_HEADER;
    for (size_t i = first; i < end; i++) {
        at = i == WHERE ? join_where(at, p, deleted) : join(at, sections[i]);
        if (sections[i] && sections[i]->parameter_count > 0) {
            memcpy(out->parameters + out->parameter_count, sections[i]->parameters,
                   sections[i]->parameter_count * sizeof(ost_parameter));
            out->parameter_count += sections[i]->parameter_count;
        }
    }
    add_number(out, p->limit);
    add_number(out, p->offset);
    add_number(out, p->partition ? p->limit_per : NULL);
    return true;
}

static ost_status too_wide(const ost__query *q, const ost__parts *p, ost_error *error)
{
    const ost__section *all[] = { &q->columns, p->where,   &q->groups,
                                  &q->having,  &q->orders, p->orders ? p->orders : &q->orders };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i]->items > OST__EXPR_ARGS_MAX)
            return ost__error_set(error, OST_TOO_LARGE, "a query over %s has too many conditions",
                                  q->model->table.model);
    return OST_OK;
}

static ost_status misplaced(const ost__query *q, const char *what, ost_error *error)
{
    ost__error_set(error, OST_MISUSE, "a query over %s: %s", q->model->table.model, what);
    ost__error_about(error, q->model->table.model, NULL);
    return OST_MISUSE;
}

static ost_status check_distinct(const ost__query *q, ost_error *error)
{
    const ost__model *m = q->result ? q->result : q->model;
    for (uint32_t i = 0; q->distinct && i < m->table.field_count; i++) {
        const ost__operand type = ost__operand_of_field(&m->fields[i]);
        if (ost__is_unordered(&type))
            return misplaced(q, "ost_distinct over documents: select the members that tell", error);
    }
    return OST_OK;
}

static ost_status check_result(const ost__query *q, const ost__ask *ask, ost_error *error)
{
    const ost__model *expected = q->result ? q->result : q->model;
    if (!ask->result || ask->result == expected)
        return check_distinct(q, error);
    ost__error_set(error, OST_MISUSE, "a query over %s yields %s, but is asked for %s%s",
                   q->model->table.model, expected->table.model, ask->result->table.model,
                   q->result ? "" : "; use ost_select to fill another struct");
    ost__error_about(error, q->model->table.model, NULL);
    return OST_MISUSE;
}

static ost_status check_write(const ost__query *q, ost_error *error)
{
    if (q->distinct || q->groups.items > 0 || q->having.items > 0 || q->columns.items > 0 ||
        q->partition.items > 0)
        return misplaced(q, "an update or delete takes conditions, an order and limits only",
                         error);
    if (q->lock != OST_LOCK_NONE)
        return misplaced(q, "an update or delete locks what it meets by itself; leave out ost_lock",
                         error);
    if (!q->narrows && !q->everything)
        return misplaced(q,
                         "an update or delete without a condition; call ost_everything if all "
                         "records are meant",
                         error);
    return OST_OK;
}

/* Conditions of the default scope in front of the query's own, and its order behind them, as far as
 * rows are ordered that it can order. */
static bool add_scope(const ost__query *q, ost__arena *arena, ost__parts *parts,
                      ost__section *where, ost__section *orders)
{
    bool plain = !q->distinct && !q->totals && q->groups.items == 0 && q->having.items == 0;
    if (!ost__section_join(arena, &q->scope_where, &q->where, where) ||
        !ost__section_join(arena, &q->orders, &q->scope_orders, orders))
        return false;
    parts->where = where;
    if (parts->orders && plain && parts->wrap == OST_WRAP_NONE)
        parts->orders = orders;
    return true;
}

OST__HOT ost_status ost__query_assemble(const ost__query *q, const ost__ask *ask, ost__arena *arena,
                                        ost__statement *out, ost_error *error)
{
    bool write = ask->kind != OST_DO_SELECT;
    ost__section value = { 0 };
    ost__parts parts = {
        .kind = ask->kind,
        .wrap = ask->wrap,
        .model = q->model,
        .columns = &q->columns,
        .changes = ask->changes,
        .where = &q->where,
        .groups = &q->groups,
        .having = &q->having,
        .orders = !write || q->has_limit || q->has_offset || ask->limited ? &q->orders : NULL,
        .partition = q->partition.items > 0 ? &q->partition : NULL,
        .limit_per = &q->limit_per,
        .lock = q->lock,
        .among = ask->fixed        ? ask->among
                 : q->with_deleted ? OST__WITH_DELETED
                                   : OST__LIVING,
    };
    ost__section scoped_where, scoped_orders;
    if (q->scope_where.items + q->scope_orders.items > 0 && !q->unscoped && !ask->unscoped &&
        !add_scope(q, arena, &parts, &scoped_where, &scoped_orders))
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a query");
    OST_TRY(too_wide(q, &parts, error));
    OST_TRY(check_result(q, ask, error));
    if (write)
        OST_TRY(check_write(q, error));
    if (ask->value) {
        ost__operand type;
        ost__encoder enc = encoder_of(q);
        enc.arena = arena;
        enc.error = error;
        enc.aggregates = true;
        uint8_t *at = ost__section_take(arena, &value, 2);
        if (!at)
            return ost__error_set(error, OST_NO_MEMORY, "no memory for a query");
        ost__put_u16(at, 0);
        OST_TRY(ost__encode_operand(&enc, &value, ask->value, &type));
        if (!ost__is_aggregate(ask->value->op) || q->groups.items > 0)
            return misplaced(q, "ost_value_of takes an aggregate over a query without groups",
                             error);
        if (q->has_limit || q->has_offset || q->having.items > 0 || q->partition.items > 0)
            return misplaced(q,
                             "ost_value_of is over all rows that meet the conditions: it takes no "
                             "limit, offset or ost_having",
                             error);
        value.items = 1;
        parts.columns = &value;
        parts.orders = NULL;
        parts.flags |= OST__SHAPE_VALUE;
    } else if (ask->returns || (!write && !q->result)) {
        parts.flags |= OST__SHAPE_RECORDS | (q->with_hidden ? OST__SHAPE_HIDDEN : 0u);
    } else if (!write) {
        parts.result = q->result;
    }
    if (q->distinct)
        parts.flags |= OST__SHAPE_DISTINCT;
    if (ask->limited || q->has_limit)
        parts.limit =
            q->has_limit && !(ask->limited && ask->limit < q->limit) ? &q->limit : &ask->limit;
    if (q->has_offset || (ask->limited && ask->offset > 0))
        parts.offset = q->has_offset ? &q->offset : &ask->offset;
    if (!ost__statement_join(&parts, arena, out))
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a query");
    return OST_OK;
}
