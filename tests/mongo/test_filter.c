/* SPDX-License-Identifier: MIT */
#include "plan_rig.h"

#include <math.h>

/* The filter of a select of ids, behind its beginning. */
static void assert_filter(made *m, const ost_node *where, const char *expected)
{
    char whole[4096];
    m->shape.where = where;
    (void)snprintf(whole, sizeof whole, "{'filter':%s,'projection':{'_id':{'$numberInt':'1'}}}",
                   expected);
    assert_written(m, whole);
}

#define FILTER(expression, expected)         \
    do {                                     \
        made *m = select_ids(*state);        \
        const ost_node *where_ = expression; \
        assert_filter(m, where_, expected);  \
    } while (0)

#define THREE "{'$numberInt':'3'}"

static void constants_compare_by_plain_match(void **state)
{
    FILTER(is(m, OST_OP_EQ, "year", ost_value_int(3)), "{'year':" THREE "}");
    FILTER(is(m, OST_OP_LT, "year", ost_value_int(3)), "{'year':{'$lt':" THREE "}}");
    FILTER(is(m, OST_OP_LE, "year", ost_value_int(3)), "{'year':{'$lte':" THREE "}}");
    FILTER(is(m, OST_OP_GT, "year", ost_value_int(3)), "{'year':{'$gt':" THREE "}}");
    FILTER(is(m, OST_OP_GE, "year", ost_value_int(3)), "{'year':{'$gte':" THREE "}}");
    FILTER(is(m, OST_OP_NE, "year", ost_value_int(3)), "{'year':{'$ne':" THREE "}}");
    FILTER(is(m, OST_OP_EQ, "id", ost_value_int(3)), "{'_id':{'$numberLong':'3'}}");
    FILTER(is(m, OST_OP_EQ, "owner", ost_value_int(3)), "{'owner_id':{'$numberLong':'3'}}");
    FILTER(is(m, OST_OP_EQ, "colour", ost_value_int(GREEN)), "{'colour':'green'}");
}

static void what_no_member_holds_has_its_place(void **state)
{
    FILTER(is(m, OST_OP_LT, "big", ost_value_uint(UINT64_MAX)),
           "{'big':{'$lt':{'$numberDecimal':'18446744073709551615'}}}");
    FILTER(is(m, OST_OP_GT, "wild", ost_value_double(-INFINITY)),
           "{'wild':{'$gt':{'$numberDouble':'-Infinity'}}}");
}

static void absence_is_never_unequal(void **state)
{
    FILTER(is(m, OST_OP_NE, "age", ost_value_int(3)), "{'age':{'$nin':[" THREE ",null]}}");
    FILTER(not_(m, is(m, OST_OP_EQ, "age", ost_value_int(3))), "{'age':{'$nin':[" THREE ",null]}}");
    FILTER(not_(m, is(m, OST_OP_NE, "age", ost_value_int(3))), "{'age':" THREE "}");
    FILTER(not_(m, is(m, OST_OP_LT, "age", ost_value_int(3))), "{'age':{'$gte':" THREE "}}");
    FILTER(not_(m, is(m, OST_OP_GE, "age", ost_value_int(3))), "{'age':{'$lt':" THREE "}}");
    FILTER(not_(m, is(m, OST_OP_LE, "age", ost_value_int(3))), "{'age':{'$gt':" THREE "}}");
    FILTER(not_(m, is(m, OST_OP_GT, "age", ost_value_int(3))), "{'age':{'$lte':" THREE "}}");
}

static void null_tests(void **state)
{
    FILTER(node1(m, OST_OP_IS_NULL, col(m, "age")), "{'age':null}");
    FILTER(node1(m, OST_OP_NOT_NULL, col(m, "age")), "{'age':{'$ne':null}}");
    FILTER(not_(m, node1(m, OST_OP_IS_NULL, col(m, "age"))), "{'age':{'$ne':null}}");
    FILTER(not_(m, node1(m, OST_OP_NOT_NULL, col(m, "age"))), "{'age':null}");
    FILTER(node1(m, OST_OP_IS_NULL, col(m, "year")), "{'_id':{'$in':[]}}");
    FILTER(node1(m, OST_OP_NOT_NULL, col(m, "year")), "{}");
}

static void lists(void **state)
{
    static const int64_t items[] = { 1, 2 };
#define ITEMS "{'$numberInt':'1'},{'$numberInt':'2'}"
    FILTER(in_list(m, "year", OST_TYPE_INT64, items, 2, 8), "{'year':{'$in':[" ITEMS "]}}");
    FILTER(not_(m, in_list(m, "age", OST_TYPE_INT64, items, 2, 8)),
           "{'age':{'$nin':[" ITEMS ",null]}}");
    FILTER(in_list(m, "year", OST_TYPE_INT64, items, 0, 8), "{'year':{'$in':[]}}");
}

static void searches(void **state)
{
    FILTER(text_test(m, OST_OP_HAS_TEXT, "note", "x.y"),
           "{'note':{'$regex':'[xX]\\\\.[yY\xe1\xba\x99]'}}");
    FILTER(not_(m, text_test(m, OST_OP_STARTS_WITH, "note", "1*")),
           "{'note':{'$not':{'$regex':'\\\\A1\\\\*'},'$ne':null}}");
    FILTER(text_test(m, OST_OP_ENDS_WITH, "note", ""), "{'note':{'$regex':'\\\\z'}}");
}

static void parts_of_and_are_keys_where_they_differ(void **state)
{
    FILTER(node2(m, OST_OP_AND, is(m, OST_OP_EQ, "year", ost_value_int(3)),
                 is(m, OST_OP_GT, "age", ost_value_int(3))),
           "{'year':" THREE ",'age':{'$gt':" THREE "}}");
    FILTER(node2(m, OST_OP_AND, is(m, OST_OP_GE, "year", ost_value_int(3)),
                 is(m, OST_OP_LE, "year", ost_value_int(3))),
           "{'$and':[{'year':{'$gte':" THREE "}},{'year':{'$lte':" THREE "}}]}");
    FILTER(node2(m, OST_OP_AND, is(m, OST_OP_EQ, "year", ost_value_int(3)),
                 node2(m, OST_OP_AND, is(m, OST_OP_EQ, "age", ost_value_int(3)),
                       node2(m, OST_OP_OR, is(m, OST_OP_EQ, "i8", ost_value_int(3)),
                             node1(m, OST_OP_IS_NULL, col(m, "note"))))),
           "{'year':" THREE ",'age':" THREE ",'$or':[{'i8':" THREE "},{'note':null}]}");
}

static void negation_goes_down_to_the_leaves(void **state)
{
    FILTER(not_(m, node2(m, OST_OP_AND, is(m, OST_OP_EQ, "age", ost_value_int(3)),
                         node1(m, OST_OP_NOT_NULL, col(m, "note")))),
           "{'$or':[{'age':{'$nin':[" THREE ",null]}},{'note':null}]}");
    FILTER(not_(m, node2(m, OST_OP_OR, is(m, OST_OP_EQ, "age", ost_value_int(3)),
                         not_(m, is(m, OST_OP_LT, "year", ost_value_int(3))))),
           "{'age':{'$nin':[" THREE ",null]},'year':{'$lt':" THREE "}}");
    FILTER(not_(m, not_(m, is(m, OST_OP_EQ, "age", ost_value_int(3)))), "{'age':" THREE "}");
}

static void constants_vanish(void **state)
{
    FILTER(node_of(m, OST_OP_AND, NULL, 0), "{}");
    FILTER(node_of(m, OST_OP_OR, NULL, 0), "{'_id':{'$in':[]}}");
    FILTER(not_(m, node_of(m, OST_OP_OR, NULL, 0)), "{}");
    FILTER(node2(m, OST_OP_AND, node_of(m, OST_OP_AND, NULL, 0),
                 is(m, OST_OP_EQ, "year", ost_value_int(3))),
           "{'year':" THREE "}");
    FILTER(node2(m, OST_OP_OR, node_of(m, OST_OP_OR, NULL, 0),
                 is(m, OST_OP_EQ, "year", ost_value_int(3))),
           "{'year':" THREE "}");
    FILTER(node2(m, OST_OP_AND, node_of(m, OST_OP_OR, NULL, 0),
                 is(m, OST_OP_EQ, "year", ost_value_int(3))),
           "{'_id':{'$in':[]}}");
    FILTER(node2(m, OST_OP_OR, node_of(m, OST_OP_AND, NULL, 0),
                 is(m, OST_OP_EQ, "year", ost_value_int(3))),
           "{}");
}

static void a_member_against_itself(void **state)
{
    FILTER(node2(m, OST_OP_EQ, col(m, "age"), col(m, "age")), "{'age':{'$ne':null}}");
    FILTER(node2(m, OST_OP_EQ, col(m, "year"), col(m, "year")), "{}");
    FILTER(node2(m, OST_OP_NE, col(m, "age"), col(m, "age")), "{'_id':{'$in':[]}}");
    FILTER(not_(m, node2(m, OST_OP_NE, col(m, "age"), col(m, "age"))), "{'age':{'$ne':null}}");
    FILTER(not_(m, node2(m, OST_OP_LE, col(m, "age"), col(m, "age"))), "{'_id':{'$in':[]}}");
}

static void two_members_meet_behind_null_tests(void **state)
{
    FILTER(node2(m, OST_OP_LT, col(m, "i8"), col(m, "year")),
           "{'$expr':{'$and':[{'$lt':['$i8','$year']}]}}");
    FILTER(node2(m, OST_OP_NE, col(m, "age"), col(m, "owner")),
           "{'$expr':{'$and':[{'$gt':['$age',null]},{'$gt':['$owner_id',null]},"
           "{'$ne':['$age','$owner_id']}]}}");
    FILTER(not_(m, node2(m, OST_OP_LT, col(m, "age"), col(m, "id"))),
           "{'$expr':{'$and':[{'$gt':['$age',null]},{'$gte':['$age','$_id']}]}}");
}

static void fm47_a_value_is_never_an_operator(void **state)
{
    FILTER(is(m, OST_OP_EQ, "name", ost_value_text("$where")), "{'name':'$where'}");
    FILTER(is(m, OST_OP_EQ, "name", ost_value_text("{\"$gt\": 1}")), "{'name':'{\\'$gt\\':1}'}");
    FILTER(node2(m, OST_OP_EQ, value(m, NULL, ost_value_text("$name")),
                 value(m, NULL, ost_value_text("b"))),
           "{'$expr':{'$and':[{'$eq':[{'$literal':'$name'},{'$literal':'b'}]}]}}");
}

static void decimals_of_too_many_digits_lie_between(void **state)
{
    /* 35 digits: none is stored that has them all. */
#define BELOW "{'$numberDecimal':'1.234567890123456789012345678901234'}"
#define VALUE ost_value_decimal(dec("1.2345678901234567890123456789012345"))
    FILTER(is(m, OST_OP_LT, "huge", VALUE), "{'huge':{'$lte':" BELOW "}}");
    FILTER(is(m, OST_OP_GE, "huge", VALUE), "{'huge':{'$gt':" BELOW "}}");
    FILTER(is(m, OST_OP_EQ, "huge", VALUE), "{'huge':{'$in':[]}}");
    FILTER(is(m, OST_OP_NE, "huge", VALUE), "{'huge':{'$ne':null}}");
    FILTER(
        is(m, OST_OP_GT, "huge", ost_value_decimal(dec("-99999999999999999999999999999999999999"))),
        "{'huge':{'$gt':{'$numberDecimal':'-Infinity'}}}");
    FILTER(is(m, OST_OP_EQ, "huge",
              ost_value_decimal(dec("0.50000000000000000000000000000000000000"))),
           "{'huge':{'$numberDecimal':'0.5000000000000000000000000000000000'}}");
}

/* As long as a command may be, it is written; what is longer is refused with its measure. */
static void lists_have_a_bound(void **state)
{
    enum { MANY = 700000, TOO_MANY = 1200000 };
    int64_t *items = calloc(TOO_MANY, sizeof *items);
    assert_non_null(items);
    for (size_t i = 0; i < 2; i++) {
        made *m = select_ids(*state);
        bson_t out;
        m->shape.where = in_list(m, "owner", OST_TYPE_INT64, items, i ? TOO_MANY : MANY, 8);
        assert_int_equal(write_it(m, &out), i ? OST_TOO_LARGE : OST_OK);
        bson_destroy(&out);
        ost__mongo_discard(((rig *)*state)->backend, m->op.plan);
    }
    assert_non_null(strstr(((rig *)*state)->b.error.message, "16777216 bytes"));
    assert_int_equal(((rig *)*state)->b.error.nothing_sent, 1);
    free(items);
}

static void chains_of_any_length_and_depth(void **state)
{
    enum { LONG = 10000 };
    const ost_node **args = calloc(LONG, sizeof *args);
    assert_non_null(args);
    for (int nested = 0; nested < 2; nested++) {
        made *m = select_ids(*state);
        const ost_node *leaf = is(m, OST_OP_EQ, "year", ost_value_int(3));
        bson_t out;
        for (size_t i = 0; i < LONG; i++)
            args[i] = leaf;
        m->shape.where = node_of(m, OST_OP_OR, args, LONG);
        for (int i = 0; nested && i < 69; i++)
            m->shape.where = node2(m, i % 2 ? OST_OP_OR : OST_OP_AND, leaf, m->shape.where);
        assert_int_equal(write_it(m, &out), OST_OK);
        bson_destroy(&out);
        ost__mongo_discard(((rig *)*state)->backend, m->op.plan);
    }
    free(args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_CASE(constants_compare_by_plain_match),
        RIG_CASE(what_no_member_holds_has_its_place),
        RIG_CASE(absence_is_never_unequal),
        RIG_CASE(null_tests),
        RIG_CASE(lists),
        RIG_CASE(searches),
        RIG_CASE(parts_of_and_are_keys_where_they_differ),
        RIG_CASE(negation_goes_down_to_the_leaves),
        RIG_CASE(constants_vanish),
        RIG_CASE(a_member_against_itself),
        RIG_CASE(two_members_meet_behind_null_tests),
        RIG_CASE(fm47_a_value_is_never_an_operator),
        RIG_CASE(decimals_of_too_many_digits_lie_between),
        RIG_CASE(lists_have_a_bound),
        RIG_CASE(chains_of_any_length_and_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
