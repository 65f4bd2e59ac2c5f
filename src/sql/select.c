/* SPDX-License-Identifier: MIT */
#include "sql/writer.h"

static void exact_list(ost__sql_writer *w, const ost_node *const *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_exact(w, nodes[i]);
    }
}

static bool has_aggregate_column(const ost_shape *s)
{
    for (uint32_t i = 0; i < s->column_count; i++)
        if (ost__sql_is_aggregate(s->columns[i]))
            return true;
    return false;
}

void ost__sql_orders(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    for (uint32_t i = 0; i < s->order_count; i++) {
        const ost_order *o = &s->orders[i];
        ost__sql_text(w, i == 0 ? " ORDER BY " : ", ");
        ost__sql_exact(w, o->node);
        if (o->descending)
            ost__sql_text(w, " DESC");
        if (!w->dialect->nulls_first && o->node->nullable)
            ost__sql_text(w, o->descending ? " NULLS LAST" : " NULLS FIRST");
    }
}

void ost__sql_limits(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->limit_parameter != OST_NO_PARAMETER) {
        ost__sql_text(w, " LIMIT ");
        ost__sql_bind_count(w, s->limit_parameter);
    }
    if (s->offset_parameter == OST_NO_PARAMETER)
        return;
    if (s->limit_parameter == OST_NO_PARAMETER && w->dialect->no_limit) {
        ost__sql_text(w, " LIMIT ");
        ost__sql_text(w, w->dialect->no_limit);
    }
    ost__sql_text(w, " OFFSET ");
    ost__sql_bind_count(w, s->offset_parameter);
}

/* What the number of a row within its partition is called. */
static const char row_number[] = "ostler_row";

/* The rows with their numbers, and only the first of each partition. */
static void from_partitions(ost__sql_writer *w)
{
    const ost_table *t = w->shape->table;
    ost__sql_text(w, " FROM (SELECT ");
    for (uint32_t i = 0; i < t->field_count; i++) {
        ost__sql_identifier(w, t->fields[i].column);
        ost__sql_text(w, ", ");
    }
    ost__sql_text(w, "row_number() OVER (PARTITION BY ");
    ost__sql_exact(w, w->shape->partition);
    ost__sql_orders(w);
    ost__sql_text(w, ") AS ");
    ost__sql_identifier(w, row_number);
    ost__sql_text(w, " FROM ");
    ost__sql_table(w, t);
    ost__sql_clause(w, " WHERE ", w->shape->where);
    ost__sql_text(w, ")");
    ost__sql_text(w, w->dialect->subselect_name);
    ost__sql_text(w, " WHERE ");
    ost__sql_identifier(w, row_number);
    ost__sql_text(w, " <= ");
    ost__sql_bind_count(w, w->shape->partition_parameter);
}

static void groups(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_text(w, " GROUP BY ");
    for (uint32_t i = 0; i < s->group_count; i++) {
        const ost_node *n = s->groups[i];
        uint16_t type = (uint16_t)(n->type & ~OST_TYPE_OPTIONAL);
        ost__sql_text(w, i > 0 ? ", " : "");
        if (w->dialect->null_decimals && type == OST_TYPE_DECIMAL && n->field->inside) {
            ost__sql_exact(w, n);
            ost__sql_text(w, " IS NULL, ");
        }
        ost__sql_exact(w, n);
    }
}

/* FROM and everything behind it but the order. */
static void from(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->partition) {
        from_partitions(w);
        return;
    }
    ost__sql_text(w, " FROM ");
    ost__sql_table(w, s->table);
    ost__sql_clause(w, " WHERE ", s->where);
    if (s->group_count > 0)
        groups(w);
    w->having = true;
    ost__sql_clause(w, " HAVING ", s->having);
    w->having = false;
}

static void columns(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->column_count == 0) {
        ost__sql_refuse(w, OST_MISUSE, "the query selects no column");
        return;
    }
    ost__sql_text(w, "SELECT ");
    if (s->distinct) {
        ost__sql_text(w, "DISTINCT ");
        exact_list(w, s->columns, s->column_count);
    } else {
        ost__sql_columns(w, s->columns, s->column_count);
    }
}

/* Some databases want a derived table to have other names for all of its columns. */
static void named_columns(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    ost__sql_text(w, s->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (uint32_t i = 0; i < s->column_count; i++) {
        if (i > 0)
            ost__sql_text(w, ", ");
        ost__sql_exact(w, s->columns[i]);
        ost__sql_text(w, " AS c");
        ost__buffer_uint(w->out, i);
    }
}

/* The rows, where only their number counts: columns only if the number depends on them. */
static void counted(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    if (s->column_count > 0 && (s->distinct || (s->group_count == 0 && has_aggregate_column(s))))
        named_columns(w);
    else
        ost__sql_text(w, "SELECT 1");
    from(w);
    ost__sql_limits(w);
}

/* What makes an OFFSET count is put into a select of its own: right behind EXISTS, SQLite drops
 * DISTINCT, and MariaDB groups. */
static void select_exists(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    bool nested = s->distinct || (s->group_count > 0 && s->offset_parameter != OST_NO_PARAMETER);
    ost__sql_text(w, nested ? "SELECT EXISTS(SELECT 1 FROM (" : "SELECT EXISTS(");
    counted(w);
    if (nested) {
        ost__sql_text(w, ")");
        ost__sql_text(w, w->dialect->subselect_name);
    }
    ost__sql_text(w, ")");
}

static void select_count(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    bool plain = !s->distinct && s->group_count == 0 && !s->having &&
                 s->limit_parameter == OST_NO_PARAMETER &&
                 s->offset_parameter == OST_NO_PARAMETER && !has_aggregate_column(s);
    if (plain) {
        ost__sql_text(w, "SELECT count(*)");
        from(w);
        return;
    }
    ost__sql_text(w, "SELECT count(*) FROM (");
    counted(w);
    ost__sql_text(w, ")");
    ost__sql_text(w, w->dialect->subselect_name);
}

void ost__sql_lock(ost__sql_writer *w, uint16_t mode)
{
    const char *const *locks = w->dialect->locks;
    bool any = false;
    for (size_t i = 0; i < sizeof w->dialect->locks / sizeof locks[0]; i++)
        any = any || locks[i];
    if (mode == OST_LOCK_NONE || !any)
        return;
    if (mode >= sizeof w->dialect->locks / sizeof locks[0] || !locks[mode]) {
        ost__sql_refuse(w, OST_UNSUPPORTED, "%s has no lock of kind %u on rows", w->dialect->name,
                        (unsigned)mode);
        return;
    }
    ost__sql_text(w, locks[mode]);
}

void ost__sql_select(ost__sql_writer *w)
{
    const ost_shape *s = w->shape;
    bool plain = s->wrap == OST_WRAP_NONE && !s->distinct && s->group_count == 0 && !s->having &&
                 !has_aggregate_column(s);
    if (s->lock_mode != OST_LOCK_NONE && (!plain || s->partition)) {
        ost__sql_refuse(w, OST_MISUSE,
                        "rows can be locked only where they are selected as they are: without "
                        "groups, aggregates, distinct and partitions");
        return;
    }
    if (s->partition && (s->distinct || s->group_count > 0 || s->having)) {
        ost__sql_refuse(w, OST_MISUSE, "partitions are of rows as they are, without groups");
        return;
    }
    switch (s->wrap) {
    case OST_WRAP_COUNT: select_count(w); break;
    case OST_WRAP_EXISTS: select_exists(w); break;
    default:
        columns(w);
        from(w);
        ost__sql_orders(w);
        ost__sql_limits(w);
        ost__sql_lock(w, s->lock_mode);
        break;
    }
}
