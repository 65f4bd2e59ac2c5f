/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

static const char *const names[] = {
    [OST_OP_END] = "end",
    [OST_OP_MEMBER] = "member",
    [OST_OP_VALUE] = "value",
    [OST_OP_EQ] = "=",
    [OST_OP_NE] = "<>",
    [OST_OP_LT] = "<",
    [OST_OP_LE] = "<=",
    [OST_OP_GT] = ">",
    [OST_OP_GE] = ">=",
    [OST_OP_IN] = "in",
    [OST_OP_HAS_TEXT] = "has_text",
    [OST_OP_STARTS_WITH] = "starts_with",
    [OST_OP_ENDS_WITH] = "ends_with",
    [OST_OP_IS_NULL] = "is_null",
    [OST_OP_NOT_NULL] = "not_null",
    [OST_OP_AND] = "and",
    [OST_OP_OR] = "or",
    [OST_OP_NOT] = "not",
    [OST_OP_COUNT] = "count",
    [OST_OP_COUNT_DISTINCT] = "count_distinct",
    [OST_OP_SUM] = "sum",
    [OST_OP_AVG] = "avg",
    [OST_OP_MIN] = "min",
    [OST_OP_MAX] = "max",
    [OST_OP_SET] = "set",
    [OST_OP_SET_NULL] = "set_null",
    [OST_OP_INC] = "inc",
    [OST_OP_AS] = "as",
    [OST_OP_ASC] = "asc",
    [OST_OP_DESC] = "desc",
    [OST_OP_HAS_ITEM] = "has_item",
    [OST_OP_HAS_PART] = "has_part",
    [OST_OP_SIZE] = "size",
    [OST_OP_PUSH] = "push",
    [OST_OP_ADD_TO_SET] = "add_to_set",
    [OST_OP_PULL] = "pull",
    [OST_OP_PULL_WHERE] = "pull_where",
    [OST_OP_UPDATE_ITEMS] = "update_items",
    [OST_OP_AT] = "at",
    [OST_OP_SLICE] = "slice",
};

static const char *name_of(uint16_t op)
{
    return op < sizeof names / sizeof names[0] && names[op] ? names[op] : "?";
}

static void print_list(FILE *out, const ost_expr *e)
{
    fputs(" [", out);
    for (size_t i = 0; i < e->list_count; i++) {
        ost_value item = ev_read_item(e->list_type, (const char *)e->list + i * e->list_stride);
        fputs(i ? ", " : "", out);
        ev_print(out, &item);
    }
    fputs("]", out);
}

void ev_print_expr(FILE *out, const ost_expr *e)
{
    if (!e) {
        fputs("(no expression)", out);
        return;
    }
    if (e->op == OST_OP_VALUE) {
        ev_print(out, &e->value);
        return;
    }
    if (e->op == OST_OP_MEMBER) {
        fputs(e->member.path, out);
        return;
    }
    fprintf(out, "%s(", name_of(e->op));
    if (e->member.path)
        fputs(e->member.path, out);
    for (size_t i = 0; e->args && (!e->args[i] || e->args[i]->op != OST_OP_END); i++) {
        fputs(i || e->member.path ? ", " : "", out);
        ev_print_expr(out, e->args[i]);
    }
    if (e->op == OST_OP_IN)
        print_list(out, e);
    if (!e->args && ((e->op >= OST_OP_EQ && e->op <= OST_OP_GE) || e->op == OST_OP_SET ||
                     (e->op >= OST_OP_HAS_TEXT && e->op <= OST_OP_ENDS_WITH) ||
                     e->op == OST_OP_INC || e->op == OST_OP_HAS_ITEM || e->op == OST_OP_PUSH ||
                     e->op == OST_OP_ADD_TO_SET || e->op == OST_OP_PULL)) {
        fputs(" ", out);
        if (ev_is_null(&e->value) && e->list)
            fprintf(out, "%zu of an array", e->list_count);
        else
            ev_print(out, &e->value);
    }
    fputs(")", out);
}

static void print_all(FILE *out, const char *what, const ost_expr *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "\n      %s ", what);
        ev_print_expr(out, list[i]);
    }
}

void ev_print_query(FILE *out, const ev_query *q)
{
    if (q->among != EV_LIVING)
        fputs(q->among == EV_DELETED ? "\n      the deleted" : "\n      with the deleted", out);
    print_all(out, "select", q->selects, q->select_count);
    print_all(out, "where", q->where, q->where_count);
    print_all(out, "group by", q->groups, q->group_count);
    print_all(out, "having", q->having, q->having_count);
    print_all(out, "order by", q->orders, q->order_count);
    if (q->distinct)
        fputs("\n      distinct", out);
    if (q->has_limit)
        fprintf(out, "\n      limit %zu", q->limit);
    if (q->has_offset)
        fprintf(out, "\n      offset %zu", q->offset);
    if (q->per) {
        fprintf(out, "\n      at most %zu for each ", q->limit_per);
        ev_print_expr(out, q->per);
    }
    fputs("\n", out);
}

void ev_print_row(FILE *out, const ev_schema *schema, const ost_value *cells)
{
    fputs("{", out);
    for (size_t i = 0; i < schema->field_count; i++) {
        fprintf(out, "%s%s ", i ? ", " : "", schema->fields[i].name);
        ev_print(out, &cells[i]);
    }
    fputs("}", out);
}
