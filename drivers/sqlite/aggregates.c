/* SPDX-License-Identifier: MIT */
/* Exact sums and averages. Over nothing they are NULL. */
#include "sqlite/connection.h"

#include <math.h>

#include "base/decimal.h"

/* The value is `sum` and `carry` times 10^38: on the way a sum may have more digits than at its
 * end.
 */
typedef struct total {
    int64_t count, carry;
    ost_decimal sum;
    ost__form form;
    int32_t result_scale; /* of an average */
    bool failed;
} total;

static void fail(sqlite3_context *context, const char *message)
{
    ost_connection *c = sqlite3_user_data(context);
    c->refusal = (ost__refusal){ .status = OST_RANGE, .message = message };
    sqlite3_result_error(context, "refused", -1);
}

static const char misfit[] = "a stored value is no number of its member's kind";
static const char too_long[] = "the sum has more than 38 digits";

static void add_integer(ost_decimal *sum, int64_t n)
{
    uint64_t low = sum->low + (uint64_t)n;
    sum->high += (n < 0 ? -1 : 0) + (low < sum->low ? 1 : 0);
    sum->low = low;
}

/* What is left of a sum of more than 38 digits once 10^38 is carried: both have one sign. */
static bool add_carrying(total *t, ost_decimal d)
{
    /* 10^38 - 1 */
    const ost_decimal nines = { .high = INT64_C(0x4b3b4ca85a86c47a),
                                .low = UINT64_C(0x098a223fffffffff),
                                .scale = d.scale };
    const ost_decimal one = ost_decimal_of(1, d.scale);
    bool negative = d.high < 0;
    if (d.scale != t->sum.scale)
        return false;
    t->carry += negative ? -1 : 1;
    return ost__decimal_add(t->sum, negative ? nines : ost_decimal_negate(nines), &t->sum) &&
           ost__decimal_add(d, negative ? one : ost_decimal_negate(one), &d) &&
           ost__decimal_add(t->sum, d, &t->sum);
}

/* The sum with what was carried; false: it has more than 38 digits. */
static bool settle(total *t)
{
    const ost_decimal half = { .high = INT64_C(0x259da6542d43623d),
                               .low = UINT64_C(0x04c5112000000000),
                               .scale = t->sum.scale };
    const ost_decimal part = t->carry > 0 ? half : ost_decimal_negate(half);
    if (t->carry == 0)
        return true;
    if (t->carry < -1 || t->carry > 1 || (t->sum.high < 0) != (t->carry > 0))
        return false;
    t->carry = 0;
    /* In two halves: the whole has 39 digits. */
    bool fits = ost__decimal_add(t->sum, part, &t->sum);
    return fits && ost__decimal_add(t->sum, part, &t->sum);
}

/* ---- of integers ---- */

static void integer_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    total *t;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    t = sqlite3_aggregate_context(context, sizeof *t);
    if (!t) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER) {
        t->failed = true;
        fail(context, misfit);
        return;
    }
    t->count++;
    add_integer(&t->sum, sqlite3_value_int64(argv[0]));
}

static void integer_sum(sqlite3_context *context)
{
    const total *t = sqlite3_aggregate_context(context, 0);
    int64_t sum;
    if (!t || t->count == 0 || t->failed)
        return;
    if (ost__decimal_units(t->sum, &sum))
        sqlite3_result_int64(context, sum);
    else
        fail(context, "the sum does not fit into 64 bits: select it into a decimal");
}

static void integer_avg(sqlite3_context *context)
{
    const total *t = sqlite3_aggregate_context(context, 0);
    if (t && t->count > 0 && !t->failed)
        sqlite3_result_double(context, ost__decimal_to_double(t->sum) / (double)t->count);
}

/* ---- of decimals; arguments: cell, form[, scale of the result] ---- */

static void decimal_step(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_decimal d;
    total *t;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    t = sqlite3_aggregate_context(context, sizeof *t);
    if (!t) {
        sqlite3_result_error_nomem(context);
        return;
    }
    if (t->failed)
        return;
    if (t->count++ == 0) {
        t->form = ost__form_decode(sqlite3_value_int(argv[1]));
        t->sum.scale = t->form.scale;
        t->result_scale = argc > 2 ? sqlite3_value_int(argv[2]) : 0;
    }
    if (t->form.kind == OST__FORM_UNITS && sqlite3_value_type(argv[0]) == SQLITE_INTEGER) {
        add_integer(&t->sum, sqlite3_value_int64(argv[0]));
        return;
    }
    t->failed = !ost__load_decimal(argv[0], t->form, &d);
    if (t->failed)
        fail(context, misfit);
    else if (!ost__decimal_add(t->sum, d, &t->sum) && (t->failed = !add_carrying(t, d)))
        fail(context, too_long);
}

static void decimal_result(sqlite3_context *context, ost_decimal d)
{
    ost__cell cell;
    ost__store_decimal(d, (ost__form){ .kind = OST__FORM_CANONICAL }, &cell);
    ost__sqlite_result(context, &cell);
}

static void decimal_sum(sqlite3_context *context)
{
    total *t = sqlite3_aggregate_context(context, 0);
    if (!t || t->count == 0 || t->failed)
        return;
    if (settle(t))
        decimal_result(context, t->sum);
    else
        fail(context, too_long);
}

static void decimal_avg(sqlite3_context *context)
{
    total *t = sqlite3_aggregate_context(context, 0);
    ost_decimal quotient;
    if (!t || t->count == 0 || t->failed)
        return;
    if (settle(t) && ost__decimal_divide(t->sum, t->count, t->result_scale, &quotient))
        decimal_result(context, quotient);
    else
        fail(context, "the average has more than 38 digits");
}

int ost__sqlite_aggregates(ost_connection *c)
{
    enum { FLAGS = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };
    static const struct {
        const char *name;
        int argc;
        void (*step)(sqlite3_context *, int, sqlite3_value **);
        void (*result)(sqlite3_context *);
    } aggregates[] = {
        { "ostler_sum", 1, integer_step, integer_sum },
        { "ostler_avg", 1, integer_step, integer_avg },
        { "ostler_decimal_sum", 2, decimal_step, decimal_sum },
        { "ostler_decimal_avg", 3, decimal_step, decimal_avg },
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof aggregates / sizeof aggregates[0]; i++)
        rc = sqlite3_create_function_v2(c->db, aggregates[i].name, aggregates[i].argc, FLAGS, c,
                                        NULL, aggregates[i].step, aggregates[i].result, NULL);
    return rc;
}
