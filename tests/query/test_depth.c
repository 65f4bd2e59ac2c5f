/* SPDX-License-Identifier: MIT */
/* Conditions that are nested deep, and conditions that are wide: up to a bound that is told. */
#include "query_rig.h"

#include <stdlib.h>

#include "query/expr.h"

enum { DEEPEST = OST__EXPR_DEPTH_MAX, WIDEST = OST__EXPR_ARGS_MAX };
OST_STATIC_ASSERT(DEEPEST == 64 && WIDEST == 60000, "what the documentation says");

typedef struct tower {
    ost_expr floors[DEEPEST + 3];
    const ost_expr *args[DEEPEST + 3][3];
} tower;

/* `depth` operators above a leaf. */
static const ost_expr *build(tower *t, int depth, uint16_t op, const ost_expr *leaf,
                             const ost_expr *beside)
{
    const ost_expr *top = leaf;
    for (int i = 0; i < depth; i++) {
        t->args[i][0] = top;
        t->args[i][1] = beside ? beside : &ost_expr_end;
        t->args[i][2] = &ost_expr_end;
        t->floors[i] = (ost_expr){ .op = op, .struct_size = sizeof(ost_expr), .args = t->args[i] };
        top = &t->floors[i];
    }
    return top;
}

static ost_status count_where(const ost_expr *condition, int64_t *n)
{
    ost_query *q = ost_from(session, sample);
    ost_where(q, condition);
    return ost_count_of(q, n);
}

static void nots_up_to_the_bound(void **state)
{
    static tower t;
    const ost_expr *leaf = ost_eq(sample, text, "a");
    int64_t n;
    (void)state;
    add_sample("a");
    add_sample("b");
    for (int depth = 0; depth <= DEEPEST; depth++) {
        OK(count_where(build(&t, depth, OST_OP_NOT, leaf, NULL), &n));
        assert_int_equal(n, 1);
        const sample *found;
        ost_query *q = ost_from(session, sample);
        ost_where(q, &t.floors[depth > 0 ? depth - 1 : 0]);
        found = depth > 0 ? ost_one(q, sample) : NULL;
        if (depth > 0)
            assert_string_equal(found->text, depth % 2 ? "b" : "a");
    }
    for (int depth = DEEPEST + 1; depth <= DEEPEST + 2; depth++) {
        FAILS("OST_TOO_LARGE", count_where(build(&t, depth, OST_OP_NOT, leaf, NULL), &n));
        assert_non_null(strstr(ost_session_error(session)->message, "nested more than 64 deep"));
    }
}

/* Every second operator is an AND, the other ones are ORs or NOTs. */
static const ost_expr *alternate(tower *t, uint16_t with, int right, const ost_expr *leaf,
                                 const ost_expr *yes, const ost_expr *no)
{
    const ost_expr *top = leaf;
    for (int i = 0; i < DEEPEST; i++) {
        uint16_t op = i % 2 == 0 ? OST_OP_AND : with;
        t->args[i][right] = top;
        t->args[i][1 - right] = op == OST_OP_AND ? yes : no;
        t->args[i][2] = &ost_expr_end;
        if (op == OST_OP_NOT) {
            t->args[i][0] = top;
            t->args[i][1] = &ost_expr_end;
        }
        t->floors[i] = (ost_expr){ .op = op, .struct_size = sizeof(ost_expr), .args = t->args[i] };
        top = &t->floors[i];
    }
    return top;
}

static void alternating_operators_up_to_the_bound(void **state)
{
    static tower t;
    int64_t n;
    (void)state;
    add_sample("a");
    add_sample("b");
    const ost_expr *yes = ost_has_text(sample, text, ""), *no = ost_has_text(sample, text, "z");
    for (int right = 0; right < 4; right++) {
        const ost_expr *top = alternate(&t, right < 2 ? OST_OP_OR : OST_OP_NOT, right % 2,
                                        ost_cmp_lt(ost_col(sample, text), ost_lit("b")), yes, no);
        OK(count_where(top, &n));
        assert_int_equal(n, 1);
        /* One more, even if it changes nothing. */
        FAILS("OST_TOO_LARGE", count_where(ost_both(top), &n));
        FAILS("OST_TOO_LARGE", count_where(ost_not(top), &n));
        /* A query of two such conditions is no deeper. */
        ost_query *q = ost_from(session, sample);
        ost_where(q, top);
        ost_where(q, top);
        OK(ost_count_of(q, &n));
        assert_int_equal(n, 1);
    }
}

static void copies_are_as_deep(void **state)
{
    static tower t;
    const ost_expr *leaf = ost_eq(sample, text, "a");
    int64_t n;
    (void)state;
    add_sample("a");
    OK(count_where(ost_keep(session, build(&t, DEEPEST, OST_OP_NOT, leaf, NULL)), &n));
    assert_int_equal(n, 1);
    FAILS("OST_TOO_LARGE",
          count_where(ost_keep(session, build(&t, DEEPEST + 1, OST_OP_NOT, leaf, NULL)), &n));
    const ost_expr *one = build(&t, DEEPEST, OST_OP_NOT, leaf, NULL);
    FAILS("OST_TOO_LARGE", count_where(ost_either_list(session, &one, 1), &n));
    /* An expression that has itself below it ends at the bound. */
    t.args[0][0] = &t.floors[0];
    FAILS("OST_TOO_LARGE", count_where(&t.floors[0], &n));
    FAILS("OST_TOO_LARGE", count_where(ost_keep(session, &t.floors[0]), &n));
}

static void wide_conditions_up_to_the_bound(void **state)
{
    static const size_t widths[] = { 1, 63, 64, 65, 999, 1000, 1001, 4097 };
    const ost_expr **list = calloc(WIDEST + 2, sizeof *list);
    const ost_expr *a = ost_eq(sample, text, "a"), *none = ost_eq(sample, text, "none");
    int64_t n;
    (void)state;
    assert_non_null(list);
    add_sample("a");
    add_sample("b");
    for (size_t k = 0; k < sizeof widths / sizeof widths[0]; k++) {
        for (size_t i = 0; i < widths[k]; i++)
            list[i] = none;
        list[widths[k] - 1] = a;
        list[widths[k]] = &ost_expr_end;
        const ost_expr either = { .op = OST_OP_OR, .struct_size = sizeof either, .args = list };
        OK(count_where(&either, &n));
        assert_int_equal(n, 1);
        OK(count_where(ost_either_list(session, list, widths[k]), &n));
        assert_int_equal(n, 1);
        const ost_expr both = { .op = OST_OP_AND, .struct_size = sizeof both, .args = list };
        OK(count_where(&both, &n));
        assert_int_equal(n, widths[k] == 1);
    }
    /* SQLite takes its time over as many as may be, so that is only written. */
    for (size_t i = 0; i < WIDEST; i++)
        list[i] = none;
    list[WIDEST] = &ost_expr_end;
    const ost_expr widest = { .op = OST_OP_OR, .struct_size = sizeof widest, .args = list };
    ost_query *q = ost_from(session, sample);
    ost_where(q, &widest);
    assert_non_null(ost_render(q));
    list[WIDEST] = a;
    list[WIDEST + 1] = &ost_expr_end;
    const ost_expr too_wide = { .op = OST_OP_OR, .struct_size = sizeof too_wide, .args = list };
    assert_int_not_equal(count_where(&too_wide, &n), OST_OK);
    FAILS("OST_TOO_LARGE", count_where(ost_either_list(session, list, WIDEST + 1), &n));
    free(list);
}

/* Many conditions given one by one. */
static void conditions_from_a_loop(void **state)
{
    int64_t n;
    (void)state;
    add_sample("a");
    ost_query *q = ost_from(session, sample);
    for (int i = 0; i < 1500; i++)
        ost_where(q, ost_ne(sample, i32, i + 1));
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 1);
    ost_where(q, ost_eq(sample, i32, 5));
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 0);
    q = ost_from(session, sample);
    for (int i = 0; i <= WIDEST; i++)
        ost_where(q, ost_ne(sample, i32, i + 1));
    FAILS("OST_TOO_LARGE", ost_count_of(q, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUERY_CASE(nots_up_to_the_bound),   QUERY_CASE(alternating_operators_up_to_the_bound),
        QUERY_CASE(copies_are_as_deep),     QUERY_CASE(wide_conditions_up_to_the_bound),
        QUERY_CASE(conditions_from_a_loop),
    };
    return cmocka_run_group_tests(tests, query_open, query_close);
}
