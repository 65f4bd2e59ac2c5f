/* SPDX-License-Identifier: MIT */
/*
 * x + amount, where the sum must fit the member and keep its bounds. The server checks the column's
 * range alone, so that a sum which breaks a rule is made to fail: as the cast of a text to a number
 * that names rule and column, which errors.c reads back. NULL breaks nothing and stays NULL.
 */
#include "postgres/writing.h"

#include <string.h>

#include "postgres/wire.h"

/* The largest float, and half the largest double. */
static const char largest_float[] = "3.4028234663852886e38::float8";
static const char half_of_largest_double[] = "8.98846567431157854e307::float8";

static const struct {
    const char *least, *most;
} ranges[] = {
    [OST_TYPE_INT8] = { "-128", "127" },
    [OST_TYPE_INT16] = { "-32768", "32767" },
    [OST_TYPE_INT32] = { "-2147483648", "2147483647" },
    [OST_TYPE_INT64] = { "-9223372036854775808", "9223372036854775807" },
    [OST_TYPE_UINT8] = { "0", "255" },
    [OST_TYPE_UINT16] = { "0", "65535" },
    [OST_TYPE_UINT32] = { "0", "4294967295" },
    [OST_TYPE_UINT64] = { "0", "18446744073709551615" },
};

static void column(ost__sql_writer *w, const ost_change *c)
{
    if (w->shape->kind == OST_DO_UPSERT) {
        ost__sql_stored(w, c->field);
    } else {
        const ost_node member = ost__sql_changed(w, c->field);
        ost__sql_expression(w, &member);
    }
    if (ost__pg_kind_of(c->field) == OST_TYPE_DECIMAL && c->field->stored == OST_STORED_NUMERIC)
        ost__sql_text(w, "::text::numeric");
}

static void amount(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_amount(w, c);
}

static bool is_real(const ost_change *c)
{
    uint16_t kind = ost__pg_kind_of(c->field);
    return kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE;
}

/* As a type in which it cannot overflow. */
static void sum(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_text(w, "(");
    column(w, c);
    ost__sql_text(w, is_real(c) ? "::float8 + " : "::numeric + ");
    amount(w, c);
    ost__sql_text(w, ")");
    if (ost__pg_kind_of(c->field) == OST_TYPE_FLOAT)
        ost__sql_text(w, "::float4::float8");
}

/* " THEN " and what fails. It depends on the row, or it would be computed while the statement is
 * planned. */
static void failure(ost__sql_writer *w, const ost_change *c, const char *rule)
{
    ost__sql_text(w, " THEN ('ostler:");
    ost__sql_text(w, rule);
    ost__sql_text(w, ":");
    ost__sql_changed_name(w, c->field);
    ost__sql_text(w, "' || left(");
    column(w, c);
    ost__sql_text(w, "::text, 0))::bigint");
}

/* A double may overflow while the sum is computed, so that halves are added to see it: without the
 * fractions, which decide nothing and of which the least has no half. */
static void range_of_real(ost__sql_writer *w, const ost_change *c)
{
    bool single = ost__pg_kind_of(c->field) == OST_TYPE_FLOAT;
    ost__sql_text(w, single ? " WHEN abs(" : " WHEN abs(trunc(");
    column(w, c);
    ost__sql_text(w, single ? "::float8 + " : "::float8) / 2 + trunc(");
    amount(w, c);
    ost__sql_text(w, single ? ") > " : ") / 2) > ");
    ost__sql_text(w, single ? largest_float : half_of_largest_double);
    failure(w, c, "range");
}

static void range_of_integer(ost__sql_writer *w, const ost_change *c, uint16_t kind)
{
    /* What refers to a generated key is a bigint, as the key is. */
    bool fits_int8 = ost__pg_column_type(w->shape->table, c->field) == OST__PG_INT8;
    ost__sql_text(w, " WHEN ");
    sum(w, c);
    ost__sql_text(w, " NOT BETWEEN ");
    ost__sql_text(w, ranges[kind].least);
    ost__sql_text(w, " AND ");
    ost__sql_text(w, ranges[kind == OST_TYPE_UINT64 && fits_int8 ? OST_TYPE_INT64 : kind].most);
    failure(w, c, "range");
}

/* All digits of the member are nines at most. */
static void range_of_decimal(ost__sql_writer *w, const ost_change *c)
{
    ost__sql_text(w, " WHEN abs");
    sum(w, c);
    ost__sql_text(w, " >= 1e");
    ost__buffer_int(w->out, (int64_t)c->field->precision - c->field->scale);
    failure(w, c, "range");
}

static void bound(ost__sql_writer *w, const ost_change *c, const ost_value *value,
                  const char *operator, const char * rule)
{
    if (!value)
        return;
    ost__sql_text(w, " WHEN ");
    sum(w, c);
    ost__sql_text(w, value->type == OST_TYPE_DOUBLE ? "::float8" : "");
    ost__sql_text(w, operator);
    ost__pg_number(w, value);
    failure(w, c, rule);
}

void ost__pg_increment(ost__sql_writer *w, const ost_change *c)
{
    const ost_field *f = c->field;
    uint16_t kind = ost__pg_kind_of(f);
    ost__sql_text(w, "CASE");
    switch (kind) {
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: range_of_real(w, c); break;
    case OST_TYPE_DECIMAL: range_of_decimal(w, c); break;
    default:
        if (kind < OST_TYPE_INT8 || kind > OST_TYPE_UINT64 || f->values) {
            ost__sql_refuse(w, OST_UNSUPPORTED, "%s.%s is no number that can be added to",
                            w->shape->table->model, f->name);
            return;
        }
        range_of_integer(w, c, kind);
        break;
    }
    bound(w, c, f->min, " < ", "min");
    bound(w, c, f->max, " > ", "max");
    ost__sql_text(w, " ELSE ");
    sum(w, c);
    ost__sql_text(w, " END");
}
