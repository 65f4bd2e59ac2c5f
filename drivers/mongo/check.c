/* SPDX-License-Identifier: MIT */
/* What MongoDB cannot do is refused before anything is sent, with the reason. */
#include "mongo/check.h"

#include <string.h>

#include "mongo/upsert.h"

enum { NAME_MAX_BYTES = 200, DATABASE_MAX_BYTES = 63 };

static const char *model_of(const ost__mongo_writer *w)
{
    return w->table->model;
}

/* ---- names ---- */

static void check_collection(ost__mongo_writer *w)
{
    const char *name = w->table->name;
    if (!name[0] || strchr(name, '$') || strncmp(name, "system.", 7) == 0 ||
        strcmp(name, OST__MONGO_COUNTERS) == 0 || strlen(name) > NAME_MAX_BYTES)
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: a collection of MongoDB cannot have this name: give .table another, "
                          "of at most %d bytes, without a $, not beginning with system. and not "
                          "that of the counters, " OST__MONGO_COUNTERS,
                          model_of(w), NAME_MAX_BYTES);
}

/* What the server's documentation forbids on any of its systems, and its own databases. */
static void check_database(ost__mongo_writer *w)
{
    static const char *const own[] = { "admin", "local", "config" };
    const char *name = w->table->schema;
    bool bad = name && (strpbrk(name, "/\\. \"$*<>:|?") || strlen(name) > DATABASE_MAX_BYTES);
    for (size_t i = 0; name && i < sizeof own / sizeof own[0]; i++)
        bad = bad || strcmp(name, own[i]) == 0;
    if (bad)
        ost__mongo_refuse(
            w, OST_UNSUPPORTED,
            "%s: a database of MongoDB cannot have the name %s: give .schema another, "
            "of at most %d bytes, without spaces and /\\.\"$*<>:|?",
            model_of(w), name, DATABASE_MAX_BYTES);
}

static void refuse_field(ost__mongo_writer *w, const ost_field *f, const char *why)
{
    if (w->status != OST_OK)
        return;
    ost__mongo_refuse(w, OST_UNSUPPORTED, "%s.%s: %s", model_of(w), f->name, why);
    ost__error_about(w->error, model_of(w), f->name);
}

/* Of the member and those that it is in. */
static bool has_plain_names(const ost_field *f)
{
    for (; f; f = f->inside)
        if (!f->column[0] || f->column[0] == '$' || strchr(f->column, '.'))
            return false;
    return true;
}

/* Whether it stands in the record itself. */
static bool is_of_table(const ost_table *t, const ost_field *f)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (&t->fields[i] == f)
            return true;
    return false;
}

void ost__mongo_check_field(ost__mongo_writer *w, const ost_field *f)
{
    uint16_t kind = ost__mongo_kind_of(f);
    if (!has_plain_names(f))
        refuse_field(w, f,
                     "a key of a document is not empty, does not begin with a $ and has no dot: "
                     "give .column another name");
    else if (strcmp(f->column, "_id") == 0 && ost__mongo_name(w->table, f) == f->column &&
             is_of_table(w->table, f))
        refuse_field(w, f,
                     "_id is the key of a document: give .column another name, or make this "
                     "member the only key");
    else if (kind == OST_TYPE_NONE || kind > OST_TYPE_LIST)
        refuse_field(w, f, "the MongoDB driver cannot store members of this kind");
    else if (kind == OST_TYPE_DECIMAL && f->precision > OST__MONGO_PRECISION)
        refuse_field(w, f, "has more digits than a decimal may have: lower .precision");
}

/* ---- orders of values ---- */

/* Binaries are ordered by their length first; where all have the same, by their bytes. */
static bool is_ordered(const ost_table *t, const ost_node *n)
{
    const ost_field *f = n->field;
    return n->type != OST_TYPE_BLOB ||
           (!t->adopted && f && f->max_length > 0 && f->min_length == f->max_length);
}

static void check_order(ost__mongo_writer *w, const ost_node *n)
{
    if (is_ordered(w->table, n))
        return;
    ost__mongo_refuse(w, OST_UNSUPPORTED,
                      "%s.%s: MongoDB orders blobs by their length before their bytes: order by "
                      "another member, or give it .min_length and .max_length of one size",
                      model_of(w), n->field ? n->field->name : "(blob)");
    ost__error_about(w->error, NULL, n->field ? n->field->name : NULL);
}

static bool is_less(uint16_t op)
{
    return op >= OST_OP_LT && op <= OST_OP_GE;
}

/* How the value is kept where others made the collection. */
static uint16_t stored_of(const ost_node *n)
{
    return n->field ? n->field->stored : (uint16_t)OST_STORED_OURS;
}

static void check_comparison(ost__mongo_writer *w, const ost_node *n)
{
    const ost_node *a = n->args[0], *b = n->args[1];
    if (a->op != OST_OP_VALUE && b->op != OST_OP_VALUE && stored_of(a) != stored_of(b))
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: MongoDB cannot compare %s with %s: one is stored in another form",
                          model_of(w), a->field ? a->field->name : "a value",
                          b->field ? b->field->name : "another");
    if (is_less(n->op) && (a->type == OST_TYPE_BLOB || b->type == OST_TYPE_BLOB))
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s.%s: MongoDB orders blobs by their length before their bytes, so that "
                          "they can only be compared for equality",
                          model_of(w), a->field ? a->field->name : "(blob)");
}

/* ---- nodes ---- */

/* How many arguments the operator must have at least; -1: it is not known here. */
static int arity(const ost_node *n)
{
    switch (n->op) {
    case OST_OP_MEMBER: return n->field ? 0 : -1;
    case OST_OP_VALUE:
    case OST_OP_AND:
    case OST_OP_OR:
    case OST_OP_COUNT: return 0;
    case OST_OP_EQ:
    case OST_OP_NE:
    case OST_OP_LT:
    case OST_OP_LE:
    case OST_OP_GT:
    case OST_OP_HAS_ITEM:
    case OST_OP_GE: return 2;
    case OST_OP_SIZE:
    case OST_OP_IN:
    case OST_OP_HAS_TEXT:
    case OST_OP_STARTS_WITH:
    case OST_OP_ENDS_WITH:
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL:
    case OST_OP_NOT:
    case OST_OP_COUNT_DISTINCT:
    case OST_OP_SUM:
    case OST_OP_AVG:
    case OST_OP_MIN:
    case OST_OP_MAX: return 1;
    default: return -1;
    }
}

static bool has_parameter(const ost_node *n)
{
    return (n->op == OST_OP_VALUE && !n->constant) || n->op == OST_OP_IN ||
           (n->op >= OST_OP_HAS_TEXT && n->op <= OST_OP_ENDS_WITH);
}

static void check_parameter(ost__mongo_writer *w, uint32_t parameter)
{
    if (parameter >= w->plan->shape->parameter_count)
        ost__mongo_refuse(w, OST_MISUSE, "%s: the shape uses parameter %u of %u", model_of(w),
                          (unsigned)parameter, (unsigned)w->plan->shape->parameter_count);
}

static void check_node(ost__mongo_writer *w, const ost_node *n, int depth)
{
    int least = arity(n);
    if (w->status != OST_OK)
        return;
    if (least < 0 || n->arg_count < (uint32_t)least) {
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: MongoDB has no words for operator %u with %u arguments", model_of(w),
                          (unsigned)n->op, (unsigned)n->arg_count);
        return;
    }
    if (depth >= OST__MONGO_DEPTH) {
        ost__mongo_refuse(w, OST_TOO_LARGE,
                          "%s: conditions are nested too deep: at most %d levels are possible",
                          model_of(w), OST__MONGO_DEPTH);
        return;
    }
    if (n->op == OST_OP_MEMBER)
        ost__mongo_check_field(w, n->field);
    if (has_parameter(n))
        check_parameter(w, n->parameter);
    if (n->op >= OST_OP_EQ && n->op <= OST_OP_GE)
        check_comparison(w, n);
    if (n->op == OST_OP_MIN || n->op == OST_OP_MAX)
        check_order(w, n->args[0]);
    for (uint32_t i = 0; i < n->arg_count; i++)
        check_node(w, n->args[i], depth + 1);
}

/* ---- shapes ---- */

static void check_limits(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    if (s->limit_parameter != OST_NO_PARAMETER)
        check_parameter(w, s->limit_parameter);
    if (s->offset_parameter != OST_NO_PARAMETER)
        check_parameter(w, s->offset_parameter);
    if (s->partition)
        check_parameter(w, s->partition_parameter);
}

static void check_orders(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    for (uint32_t i = 0; i < s->order_count; i++) {
        check_node(w, s->orders[i].node, 0);
        check_order(w, s->orders[i].node);
    }
    if (s->order_count > OST__MONGO_SORT_KEYS)
        ost__mongo_refuse(w, OST_UNSUPPORTED, "%s: MongoDB orders by at most %d members",
                          model_of(w), OST__MONGO_SORT_KEYS);
}

static void check_select(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    if (s->lock_mode != OST_LOCK_NONE)
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: MongoDB has no locks on rows: leave out ost_lock, and let the unit "
                          "run again where another one was faster",
                          model_of(w));
    if (s->column_count == 0 && s->wrap == OST_WRAP_NONE)
        ost__mongo_refuse(w, OST_MISUSE, "%s: the query selects no column", model_of(w));
    if (s->partition && (s->distinct || s->group_count > 0 || s->having))
        ost__mongo_refuse(w, OST_MISUSE, "%s: partitions are of rows as they are, without groups",
                          model_of(w));
    if (s->having)
        check_node(w, s->having, 0);
    if (s->partition)
        check_node(w, s->partition, 0);
    for (uint32_t i = 0; i < s->group_count; i++)
        check_node(w, s->groups[i], 0);
}

static void check_value(ost__mongo_writer *w, const ost_change *c)
{
    const ost_field *f = c->field;
    uint16_t kind = ost__mongo_kind_of(f);
    bool number = (ost__mongo_is_integer(kind) && !f->values) || ost__mongo_is_real(kind) ||
                  kind == OST_TYPE_DECIMAL;
    ost__mongo_check_field(w, f);
    if (c->op != OST_OP_SET_NULL)
        check_parameter(w, c->parameter);
    if (c->op != OST_OP_SET && c->op != OST_OP_SET_NULL && c->op != OST_OP_INC)
        refuse_field(w, f, "MongoDB has no words for this change");
    if (c->op == OST_OP_INC && (!number || f->stored != OST_STORED_OURS))
        refuse_field(w, f, "is no number that can be added to");
}

/* Of an upsert: what becomes of a record that is there. */
static void check_updates(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    if (s->arbiter_count == 0)
        ost__mongo_refuse(w, OST_MISUSE, "%s: an upsert meets records by a key: give it one",
                          model_of(w));
    for (uint32_t i = 0; i < w->table->field_count; i++) {
        const char *name = w->table->fields[i].column;
        if (strcmp(name, OST__MONGO_UPSERT_NEW) == 0 ||
            strcmp(name, OST__MONGO_UPSERT_CHANGED) == 0)
            refuse_field(w, &w->table->fields[i],
                         "upserts need the names " OST__MONGO_UPSERT_NEW
                         " and " OST__MONGO_UPSERT_CHANGED " on MongoDB: give .column another");
    }
    for (uint32_t i = 0; i < s->update_count; i++) {
        ost_change c = s->updates[i];
        if (c.op == OST_OP_FILL)
            c.op = OST_OP_SET;
        check_value(w, &c);
    }
}

static void check_list(ost__mongo_writer *w, const ost_change *c)
{
    ost__mongo_check_field(w, c->field);
    if (c->field->type != OST_TYPE_LIST)
        refuse_field(w, c->field, "is no list");
    if (c->op != OST_OP_PULL_WHERE && c->op != OST_OP_UPDATE_ITEMS)
        check_parameter(w, c->parameter);
    if (c->op == OST_OP_PUSH && c->position_parameter != OST_NO_PARAMETER)
        check_parameter(w, c->position_parameter);
    if (c->op == OST_OP_PUSH && c->slice_parameter != OST_NO_PARAMETER)
        check_parameter(w, c->slice_parameter);
    if (c->where)
        check_node(w, c->where, 1);
    for (uint32_t i = 0; i < c->change_count; i++)
        check_value(w, &c->changes[i]);
}

static void check_change(ost__mongo_writer *w, const ost_change *c)
{
    switch (c->op) {
    case OST_OP_PUSH:
    case OST_OP_ADD_TO_SET:
    case OST_OP_PULL:
    case OST_OP_PULL_WHERE:
    case OST_OP_UPDATE_ITEMS: check_list(w, c); break;
    default: check_value(w, c); break;
    }
    if (w->plan->shape->kind == OST_DO_UPDATE &&
        strcmp(ost__mongo_name(w->table, c->field), "_id") == 0)
        refuse_field(w, c->field, "MongoDB does not change the key of a document: insert it anew");
}

static void check_write(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    for (uint32_t i = 0; i < s->change_count; i++)
        check_change(w, &s->changes[i]);
    for (uint32_t i = 0; i < s->column_count; i++)
        if (s->columns[i]->op != OST_OP_MEMBER || s->columns[i]->field->inside)
            ost__mongo_refuse(w, OST_UNSUPPORTED,
                              "%s: a write gives back members of the record only", model_of(w));
    if (s->kind == OST_DO_UPDATE && s->change_count == 0)
        ost__mongo_refuse(w, OST_MISUSE, "%s: the update changes nothing: give it a change",
                          model_of(w));
}

static void check_renamed(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    const ost_table *t = w->table;
    if (s->ddl_index >= t->field_count || !t->fields[s->ddl_index].was) {
        ost__mongo_refuse(w, OST_MISUSE, "%s has no member %u of another name", model_of(w),
                          (unsigned)s->ddl_index);
        return;
    }
    for (uint32_t i = 0; i < t->field_count; i++) {
        const char *was = t->fields[i].was;
        ost__mongo_check_field(w, &t->fields[i]);
        if (was && (was[0] == '$' || strchr(was, '.') || strcmp(was, "_id") == 0))
            refuse_field(w, &t->fields[i],
                         "a member of MongoDB cannot have been called as .was says: correct it");
    }
}

static void check_definition(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    const ost_table *t = w->table;
    switch (s->ddl) {
    case OST_DDL_CREATE_TABLE:
        for (uint32_t i = 0; i < t->field_count; i++)
            ost__mongo_check_field(w, &t->fields[i]);
        break;
    case OST_DDL_RENAME_COLUMN:
    case OST_DDL_RENAME_UNIQUE: check_renamed(w); break;
    case OST_DDL_RENAME_INDEX:
        if (s->ddl_index >= t->index_count || !t->indexes[s->ddl_index].was)
            ost__mongo_refuse(w, OST_MISUSE, "%s has no index %u of another name", model_of(w),
                              (unsigned)s->ddl_index);
        break;
    case OST_DDL_CREATE_INDEX:
        if (s->ddl_index >= t->index_count)
            ost__mongo_refuse(w, OST_MISUSE, "%s has no index %u", model_of(w),
                              (unsigned)s->ddl_index);
        break;
    default:
        ost__mongo_refuse(w, OST_UNSUPPORTED, "%s: MongoDB has no definition of kind %u",
                          model_of(w), (unsigned)s->ddl);
        break;
    }
}

void ost__mongo_check(ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    check_collection(w);
    check_database(w);
    if (s->where)
        check_node(w, s->where, 0);
    for (uint32_t i = 0; i < s->column_count; i++)
        check_node(w, s->columns[i], 0);
    check_limits(w);
    check_orders(w);
    switch (s->kind) {
    case OST_DO_SELECT: check_select(w); break;
    case OST_DO_INSERT:
    case OST_DO_UPDATE:
    case OST_DO_DELETE: check_write(w); break;
    case OST_DO_UPSERT:
        check_write(w);
        check_updates(w);
        break;
    case OST_DO_DDL: check_definition(w); break;
    default:
        ost__mongo_refuse(w, OST_UNSUPPORTED,
                          "%s: the MongoDB driver cannot run operations of kind %u yet",
                          model_of(w), (unsigned)s->kind);
        break;
    }
}
