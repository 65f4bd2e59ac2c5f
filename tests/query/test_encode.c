/* SPDX-License-Identifier: MIT */
/* The canonical form of queries: equal for one query in two spellings, different for two queries.
 */
#include "query_rig.h"

#include "session/session.h"

typedef struct form {
    ost__statement st;
    ost__compiled compiled;
} form;

/* The form of a query as ost_all() would run it. */
static form form_of(ost_query *handle)
{
    form f;
    ost_error error = { 0 };
    const ost__ask ask = { .kind = OST_DO_SELECT };
    const ost__query *q = ost__query_slot(handle);
    if (q->status != OST_OK)
        fail_msg("%s", q->error->message);
    OK(ost__query_assemble(q, &ask, &session->records, &f.st, &error));
    OK(ost__shape_read(database->models, &session->records, f.st.bytes, f.st.size, &f.compiled,
                       &error));
    assert_int_equal(f.compiled.shape.parameter_count, f.st.parameter_count);
    return f;
}

static ost_query *where(const ost_expr *condition)
{
    ost_query *q = ost_from(session, sample);
    ost_where(q, condition);
    return q;
}

static bool alike(const form *a, const form *b)
{
    return a->st.size == b->st.size && memcmp(a->st.bytes, b->st.bytes, a->st.size) == 0;
}

static void expect_same(ost_query *a, ost_query *b)
{
    const form x = form_of(a), y = form_of(b);
    assert_true(alike(&x, &y));
    assert_int_equal(x.st.parameter_count, y.st.parameter_count);
}
#define SAME(a, b) expect_same(where(a), where(b))

static void values_are_no_part_of_the_form(void **state)
{
    static const int one[] = { 1 }, several[] = { 1, 2, 3, 4, 5 };
    static const char *const texts[] = { "a", "somewhat longer" };
    (void)state;
    SAME(ost_eq(sample, i32, 1), ost_eq(sample, i32, 1000000));
    SAME(ost_eq(sample, text, ""), ost_eq(sample, text, "' OR 1=1 --"));
    SAME(ost_has_text(sample, text, "a"), ost_has_text(sample, text, "%_\\"));
    SAME(ost_in(sample, i32, one, 1), ost_in(sample, i32, several, 5));
    SAME(ost_in(sample, text, texts, 1), ost_in(sample, text, texts, 2));
    SAME(ost_between(sample, price, 1, 2), ost_between(sample, price, 3, 9999));
    ost_query *a = ost_from(session, sample), *b = ost_from(session, sample);
    ost_limit(a, 1), ost_offset(a, 2);
    ost_limit(b, 1000000), ost_offset(b, 3);
    expect_same(a, b);
}

/* But booleans: a database that sees them can use an index of the records that have one. */
static void booleans_are_part_of_the_form(void **state)
{
    (void)state;
    const form yes = form_of(where(ost_eq(sample, flag, true)));
    const form no = form_of(where(ost_eq(sample, flag, false)));
    assert_false(alike(&yes, &no));
    SAME(ost_eq(sample, flag, true), ost_cmp_eq(ost_lit(true), ost_col(sample, flag)));
    assert_int_equal(yes.st.parameter_count, 0);
    const ost_node *value = yes.compiled.shape.where->args[1];
    assert_int_equal(value->op, OST_OP_VALUE);
    assert_int_equal(value->parameter, OST_NO_PARAMETER);
    assert_int_equal(value->constant->type, OST_TYPE_BOOL);
    assert_true(value->constant->as.boolean);
    assert_int_equal(value->precision, 0);
    assert_ptr_equal(value->field, field_of("flag"));
    assert_false(no.compiled.shape.where->args[1]->constant->as.boolean);
    sample set = { .flag = true }, unset = { .flag = false };
    OK(ost_insert(session, sample, &set));
    OK(ost_insert(session, sample, &unset));
    assert_int_equal(samples(ost_eq(sample, flag, true)), 1);
    assert_int_equal(samples(ost_ne(sample, flag, true)), 1);
}

static void spellings_are_one_form(void **state)
{
    const ost_expr *column = ost_col(sample, i32);
    const ost_decimal five = ost_decimal_of(500, 2);
    const ost_opt_int some = OST_SOME(5);
    (void)state;
    /* The kind of the C value does not matter once it is folded. */
    SAME(ost_eq(sample, i32, 5), ost_eq(sample, i32, (signed char)5));
    SAME(ost_eq(sample, i32, 5), ost_eq(sample, i32, UINT64_C(5)));
    SAME(ost_eq(sample, i32, 5), ost_cmp_eq(column, ost_lit(5.0)));
    SAME(ost_eq(sample, i32, 5), ost_cmp_eq(column, ost_lit(five)));
    SAME(ost_eq(sample, price, 5), ost_eq(sample, price, five));
    SAME(ost_eq(sample, flag, true), ost_eq(sample, flag, 1));
    SAME(ost_eq(sample, exact, 5), ost_eq(sample, exact, 5.5f));
    SAME(ost_eq(sample, maybe, 5), ost_eq(sample, maybe, some));
    /* Nor does the side, or whether it is a member and a value or two expressions. */
    SAME(ost_eq(sample, i32, 5), ost_cmp_eq(column, ost_lit(5)));
    SAME(ost_eq(sample, i32, 5), ost_cmp_eq(ost_lit(5), column));
    SAME(ost_lt(sample, i32, 5), ost_cmp_gt(ost_lit(5), column));
    SAME(ost_le(sample, i32, 5), ost_cmp_ge(ost_lit(5), column));
    SAME(ost_gt(sample, i32, 5), ost_cmp_lt(ost_lit(5), column));
    SAME(ost_ge(sample, i32, 5), ost_cmp_le(ost_lit(5), column));
    SAME(ost_ne(sample, i32, 5), ost_cmp_ne(ost_lit(5), column));
    /* What can only be meant one way. */
    SAME(ost_le(sample, i32, 1), ost_cmp_lt(column, ost_lit(1.5)));
    SAME(ost_gt(sample, i32, 1), ost_cmp_ge(column, ost_lit(1.5)));
    SAME(ost_le(sample, price, ost_decimal_of(150, 2)),
         ost_lt(sample, price, ost_decimal_of(1505, 3)));
    SAME(ost_eq(sample, i8, 1000), ost_eq(sample, i8, -1000));
    SAME(ost_eq(sample, i8, 1000), ost_gt(sample, i8, 200));
    SAME(ost_lt(sample, u8, -5), ost_eq(sample, u8, 256));
    SAME(ost_between(sample, i32, 1, 2), ost_both(ost_ge(sample, i32, 7), ost_le(sample, i32, 8)));
    SAME(ost_not_in(sample, i32, &(int){ 1 }, 1), ost_not(ost_in(sample, i32, &(int){ 2 }, 1)));
    /* An empty list is an OR of nothing. */
    SAME(ost_in(sample, i32, &(int){ 1 }, 0), ost_either_list(session, NULL, 0));
}

static void copies_are_one_form(void **state)
{
    const ost_expr *list[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        list[i] = ost_keep(session, ost_eq(sample, i32, i));
    SAME(list[0], ost_eq(sample, i32, 9));
    SAME(ost_either_list(session, list, 3),
         ost_either(ost_eq(sample, i32, 7), ost_eq(sample, i32, 8), ost_eq(sample, i32, 9)));
    SAME(ost_both_list(session, list, 2), ost_both(ost_eq(sample, i32, 7), ost_eq(sample, i32, 8)));
}

static void orders_and_limits_are_one_form(void **state)
{
    ost_query *a = ost_from(session, sample), *b = ost_from(session, sample);
    (void)state;
    ost_order_by(a, ost_desc(sample, i32));
    assert_true(ost_order_by_name(b, "i32", "desc"));
    expect_same(a, b);
    ost_order_by(a, ost_asc(sample, text));
    ost_order_by(b, ost_asc_of(ost_col(sample, text)));
    expect_same(a, b);
    ost_order_by(a, ost_asc(sample, code));
    assert_true(ost_order_by_name(b, "code", NULL));
    expect_same(a, b);
}

/* ---- what must not be one form ---- */

enum { QUERIES_MAX = 80 };
static ost_query *queries[QUERIES_MAX];
static size_t query_count;

static ost_query *one_more(ost_query *q)
{
    assert_true(query_count < QUERIES_MAX);
    queries[query_count++] = q;
    return q;
}

static void add_conditions(void)
{
    static const int n[] = { 1 };
    static const char *const t[] = { "a" };
    const ost_expr *a = ost_eq(sample, i32, 1), *b = ost_eq(sample, i64, 1);
    const ost_expr *const list[] = {
        a,
        b,
        ost_ne(sample, i32, 1),
        ost_lt(sample, i32, 1),
        ost_le(sample, i32, 1),
        ost_gt(sample, i32, 1),
        ost_ge(sample, i32, 1),
        ost_eq(sample, u32, 1),
        ost_eq(sample, text, "a"),
        ost_eq(sample, code, "a"),
        ost_has_text(sample, text, "a"),
        ost_starts_with(sample, text, "a"),
        ost_ends_with(sample, text, "a"),
        ost_is_null(sample, text),
        ost_not_null(sample, text),
        ost_in(sample, i32, n, 1),
        ost_in(sample, i64, n, 1),
        ost_in(sample, text, t, 1),
        ost_in(sample, i32, n, 0),
        ost_not(a),
        ost_not(ost_not(a)),
        ost_both(a, b),
        ost_both(b, a),
        ost_either(a, b),
        ost_both(a, b, a),
        ost_both(ost_both(a, b), a),
        ost_both(a, ost_both(b, a)),
        ost_either(ost_both(a, b), a),
        ost_both(ost_either(a, b), a),
        ost_both(a),
        ost_either(a),
        ost_cmp_eq(ost_col(sample, i32), ost_col(sample, i64)),
        ost_cmp_eq(ost_col(sample, i64), ost_col(sample, i32)),
        ost_cmp_lt(ost_col(sample, i32), ost_col(sample, i64)),
        ost_cmp_eq(ost_lit(1), ost_lit(1)),
        ost_cmp_eq(ost_lit(1), ost_lit(1.0)),
        ost_eq(sample, i8, 1000),
        ost_ne(sample, i8, 1000),
        ost_eq(sample, u8, 1000),
        ost_eq(sample, price, 1),
        ost_eq(sample, whole, 1),
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        one_more(where(list[i]));
}

static void add_shapes(void)
{
    ost_query *q;
    one_more(ost_from(session, sample));
    one_more(ost_from(session, other));
    ost_limit(one_more(ost_from(session, sample)), 5);
    ost_offset(one_more(ost_from(session, sample)), 5);
    q = one_more(ost_from(session, sample));
    ost_limit(q, 5);
    ost_offset(q, 5);
    ost_distinct(one_more(ost_from(session, sample)));
    ost_order_by(one_more(ost_from(session, sample)), ost_asc(sample, i32));
    ost_order_by(one_more(ost_from(session, sample)), ost_desc(sample, i32));
    ost_order_by(one_more(ost_from(session, sample)), ost_asc(sample, i64));
    q = one_more(ost_from(session, sample));
    ost_order_by(q, ost_asc(sample, i32));
    ost_order_by(q, ost_asc(sample, i64));
    q = one_more(ost_from(session, sample));
    ost_order_by(q, ost_asc(sample, i64));
    ost_order_by(q, ost_asc(sample, i32));
    /* A condition on rows and the same one on groups. */
    for (int i = 0; i < 4; i++) {
        q = one_more(ost_from(session, sample));
        ost_group_by(q, ost_col(sample, i32));
        ost_select(q, ost_as(tally, i32, ost_col(sample, i32)), ost_as(tally, count, ost_count()));
        if (i == 1)
            ost_where(q, ost_eq(sample, i32, 1));
        if (i == 2)
            ost_having(q, ost_eq(sample, i32, 1));
        if (i == 3)
            ost_group_by(q, ost_col(sample, text));
    }
    static const uint16_t aggregates[] = { OST_OP_COUNT, OST_OP_COUNT_DISTINCT, OST_OP_SUM,
                                           OST_OP_MIN, OST_OP_MAX };
    for (size_t i = 0; i < 5; i++) {
        const ost_expr *const args[] = { ost_col(sample, i64), &ost_expr_end };
        const ost_expr e = { .op = aggregates[i], .struct_size = sizeof e, .args = args };
        q = one_more(ost_from(session, sample));
        ost_select(q, ost_as(tally, sum, &e));
    }
    q = one_more(ost_from(session, sample));
    ost_select(q, ost_as(tally, count, ost_count()));
    q = one_more(ost_from(session, sample));
    ost_select(q, ost_as(tally, sum, ost_count()));
    q = one_more(ost_from(session, sample));
    ost_select(q, ost_as(second_tally, count, ost_count()));
}

static void different_queries_have_different_forms(void **state)
{
    static form forms[QUERIES_MAX];
    (void)state;
    query_count = 0;
    add_conditions();
    add_shapes();
    assert_true(query_count > 60);
    for (size_t i = 0; i < query_count; i++) {
        forms[i] = form_of(queries[i]);
        for (size_t k = 0; k < i; k++)
            if (alike(&forms[i], &forms[k]))
                fail_msg("queries %zu and %zu have one form", k, i);
    }
}

/* ---- shapes ---- */

static void shapes_hold_what_was_said(void **state)
{
    (void)state;
    ost_query *q = ost_from(session, sample);
    ost_where(q, ost_eq(sample, i32, 1));
    ost_where(q, ost_has_text(sample, text, "a"));
    ost_order_by(q, ost_desc(sample, text));
    ost_limit(q, 5);
    ost_offset(q, 6);
    const form f = form_of(q);
    const ost_shape *shape = &f.compiled.shape;
    assert_int_equal(shape->kind, OST_DO_SELECT);
    assert_string_equal(shape->table->model, "sample");
    /* One is hidden. */
    assert_int_equal(shape->column_count, shape->table->field_count - 1);
    assert_int_equal(shape->where->op, OST_OP_AND);
    assert_int_equal(shape->where->arg_count, 2);
    assert_int_equal(shape->where->args[0]->op, OST_OP_EQ);
    assert_int_equal(shape->where->args[0]->args[1]->parameter, 0);
    assert_ptr_equal(shape->where->args[0]->args[1]->field, field_of("i32"));
    assert_int_equal(shape->where->args[1]->op, OST_OP_HAS_TEXT);
    assert_int_equal(shape->where->args[1]->parameter, 1);
    assert_int_equal(shape->limit_parameter, 2);
    assert_int_equal(shape->offset_parameter, 3);
    assert_int_equal(shape->parameter_count, 4);
    assert_true(f.st.parameters[2].value.as.integer == 5);
    assert_true(f.st.parameters[3].value.as.integer == 6);
    /* The key completes the order, in the direction of the last key given. */
    assert_int_equal(shape->order_count, 2);
    assert_ptr_equal(shape->orders[1].node->field, field_of("id"));
    assert_true(shape->orders[1].descending);
    assert_true(f.compiled.tracks);
    ost_with_hidden(q);
    const form whole = form_of(q);
    assert_false(alike(&f, &whole));
    assert_int_equal(whole.compiled.shape.column_count, shape->table->field_count);
}

static void orders_are_total(void **state)
{
    static const char *const names[] = { "i32", "text" };
    (void)state;
    ost_query *q = ost_from(session, sample);
    assert_int_equal(form_of(q).compiled.shape.order_count, 0);
    ost_limit(q, 1);
    assert_int_equal(form_of(q).compiled.shape.order_count, 1);
    q = ost_from(session, sample);
    ost_order_by(q, ost_desc(sample, id));
    assert_int_equal(form_of(q).compiled.shape.order_count, 1);
    /* Of groups, their keys; of distinct rows, their columns. */
    for (int distinct = 0; distinct < 2; distinct++) {
        q = ost_from(session, sample);
        ost_select(q, ost_as(tally, i32, ost_col(sample, i32)),
                   ost_as(tally, text, ost_col(sample, text)));
        if (distinct) {
            ost_distinct(q);
        } else {
            ost_group_by(q, ost_col(sample, i32));
            ost_group_by(q, ost_col(sample, text));
        }
        ost_order_by(q, ost_asc(tally, text));
        const form f = form_of(q);
        assert_int_equal(f.compiled.shape.order_count, 2);
        assert_ptr_equal(f.compiled.shape.orders[0].node->field, field_of(names[1]));
        assert_ptr_equal(f.compiled.shape.orders[1].node->field, field_of(names[0]));
        assert_false(f.compiled.shape.orders[1].descending);
        assert_false(f.compiled.tracks);
    }
}

static void what_never_holds_is_no_constant(void **state)
{
    (void)state;
    const form never = form_of(where(ost_eq(sample, i8, 1000)));
    const form always = form_of(where(ost_ne(sample, i8, 1000)));
    assert_int_equal(never.compiled.shape.where->op, OST_OP_NE);
    assert_int_equal(always.compiled.shape.where->op, OST_OP_EQ);
    assert_int_equal(never.st.parameter_count, 0);
    assert_ptr_equal(never.compiled.shape.where->args[0]->field, field_of("i8"));
    assert_ptr_equal(never.compiled.shape.where->args[1]->field, field_of("i8"));
    /* Unknown where the member is NULL, so that its opposite is unknown too. */
    sample absent = { .text = NULL }, present = { .maybe = OST_SOME(1) };
    OK(ost_insert(session, sample, &absent));
    OK(ost_insert(session, sample, &present));
    const ost_expr *beyond = ost_cmp_gt(ost_col(sample, maybe), ost_lit(INT64_MAX));
    assert_int_equal(samples(beyond), 0);
    assert_int_equal(samples(ost_not(beyond)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUERY_CASE(values_are_no_part_of_the_form),
        QUERY_CASE(booleans_are_part_of_the_form),
        QUERY_CASE(spellings_are_one_form),
        QUERY_CASE(copies_are_one_form),
        QUERY_CASE(orders_and_limits_are_one_form),
        QUERY_CASE(different_queries_have_different_forms),
        QUERY_CASE(shapes_hold_what_was_said),
        QUERY_CASE(orders_are_total),
        QUERY_CASE(what_never_holds_is_no_constant),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
