/* SPDX-License-Identifier: MIT */
#include "plan_rig.h"

/* A select of nothing yet, into the id. */
static made *query(void **state)
{
    rig *r = *state;
    return make(&r->b, OST_DO_SELECT, r->items);
}

static void add(made *m, const ost_node *n)
{
    column(m, n, table_field(m->shape.table, "id"));
}

static const ost_node *of(made *m, uint16_t op, const char *name, uint16_t type, uint16_t scale)
{
    ost_node *n = (ost_node *)(uintptr_t)aggregate(m, OST_OP_COUNT, NULL, type, scale);

    const ost_node **args = ost__arena_alloc(&m->b->arena, sizeof *args, _Alignof(void *));
    args[0] = col(m, name);
    n->op = op;
    n->args = args;
    n->arg_count = 1;
    if (op == OST_OP_MIN || op == OST_OP_MAX)
        n->field = args[0]->field;
    return n;
}

static const ost_node *rows(made *m)
{
    return aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0);
}

#define AGGREGATE "{'aggregate':'items','pipeline':["
#define DEFAULT(row)                                                                          \
    "{'$facet':{'r':[{'$limit':1}]}},{'$replaceRoot':{'newRoot':{'$ifNull':[{'$first':'$r'}," \
    "{'$literal':" row "}]}}}"

static void members_of_documents_are_found(void **state)
{
    made *m = query(state);
    add(m, col(m, "id"));
    add(m, col(m, "note"));
    order_by(m, col(m, "year"), true);
    order_by(m, col(m, "id"), false);
    limit_to(m, 10, 5);
    assert_int_equal(plan_of(m)->way, OST__MONGO_FIND);
    assert_plan(m, "{'find':'items','filter':{},'projection':{'_id':1,'note':1},"
                   "'sort':{'year':-1,'_id':1},'skip':'$2','limit':'$1'}");
    m = query(state);
    add(m, col(m, "note"));
    assert_plan(m, "{'find':'items','filter':{},'projection':{'note':1,'_id':0}}");
    m = query(state);
    all_columns(m, sizeof(item));
    assert_plan(m, "{'find':'items','filter':{}}");
}

static void what_is_no_single_member_is_computed(void **state)
{
    made *m = query(state);
    add(m, col(m, "note"));
    add(m, col(m, "note"));
    add(m, value(m, NULL, ost_value_text("$name")));
    assert_int_equal(plan_of(m)->way, OST__MONGO_AGGREGATE);
    assert_plan(m, AGGREGATE "{'$project':{'_id':0,'c0':'$note','c1':'$note',"
                             "'c2':{'$literal':'$1'}}}]}");
}

static void conditions_are_columns_with_three_values(void **state)
{
    made *m = query(state);
    add(m, not_(m, node2(m, OST_OP_AND, is(m, OST_OP_LT, "age", ost_value_int(3)),
                         node1(m, OST_OP_IS_NULL, col(m, "note")))));
    assert_plan(m, AGGREGATE
                "{'$project':{'_id':0,'c0':{'$arrayElemAt':[{'$literal':[false,null,true]},"
                "{'$subtract':[2,{'$min':[{'$switch':{'branches':["
                "{'case':{'$lte':['$age',null]},'then':1},"
                "{'case':{'$lte':[{'$literal':'$1'},null]},'then':1},"
                "{'case':{'$lt':['$age',{'$literal':'$1'}]},'then':2}],'default':0}},"
                "{'$cond':[{'$lte':['$note',null]},2,0]}]}]}]}}}]}");
}

static void groups_take_absent_as_one(void **state)
{
    made *m = query(state);
    group_by(m, col(m, "age"));
    add(m, col(m, "age"));
    add(m, rows(m));
    assert_plan(m, AGGREGATE "{'$group':{'_id':{'$ifNull':['$age',null]},'a0':{'$sum':1}}},"
                             "{'$project':{'_id':0,'c0':'$_id','c1':'$a0'}}]}");
    m = query(state);
    group_by(m, col(m, "year"));
    group_by(m, col(m, "note"));
    add(m, col(m, "note"));
    add(m, of(m, OST_OP_COUNT, "age", OST_TYPE_INT64, 0));
    order_by(m, col(m, "note"), false);
    order_by(m, of(m, OST_OP_COUNT, "age", OST_TYPE_INT64, 0), true);
    assert_plan(m, AGGREGATE "{'$group':{'_id':{'k0':'$year','k1':{'$ifNull':['$note',null]}},"
                             "'a0':{'$sum':{'$cond':[{'$gt':['$age',null]},1,0]}}}},"
                             "{'$sort':{'_id.k1':1,'a0':-1}},"
                             "{'$project':{'_id':0,'c0':'$_id.k1','c1':'$a0'}}]}");
}

static void sums_of_nothing_are_null_in_one_row(void **state)
{
    made *m = query(state);
    add(m, of(m, OST_OP_SUM, "age", OST_TYPE_INT64, 0));
    add(m, of(m, OST_OP_SUM, "year", OST_TYPE_INT64, 0));
    add(m, of(m, OST_OP_MAX, "age", OST_TYPE_INT32, 0));
    add(m, rows(m));
    m->shape.where = is(m, OST_OP_GT, "year", ost_value_int(3));
    assert_plan(m, AGGREGATE
                "{'$match':{'year':{'$gt':'$1'}}},"
                "{'$group':{'_id':null,'a0':{'$sum':'$age'},"
                "'n0':{'$sum':{'$cond':[{'$gt':['$age',null]},1,0]}},"
                "'a1':{'$sum':'$year'},'a2':{'$max':'$age'},'a3':{'$sum':1}}},"
                "{'$project':{'a0':{'$cond':[{'$gt':['$n0',0]},'$a0',null]},"
                "'a1':'$a1','a2':'$a2','a3':'$a3'}}," DEFAULT(
                    "{'_id':null,'a0':null,'a1':null,'a2':null,'a3':0}") ","
                                                                         "{'$project':{'_id':0,'c0'"
                                                                         ":'$a0','c1':'$a1','c2':'$"
                                                                         "a2','c3':'$a3'}}]}");
}

static void sums_tell_the_reader_what_they_are(void **state)
{
    made *m = query(state);
    const ost_plan *p;
    add(m, of(m, OST_OP_SUM, "total", OST_TYPE_INT64, 0));
    add(m, of(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8));
    add(m, of(m, OST_OP_AVG, "year", OST_TYPE_DOUBLE, 0));
    p = plan_of(m);
    assert_true(p->columns[0].is_sum);
    assert_string_equal(p->columns[1].name, "c1");
    assert_string_equal(p->columns[1].count_name, "n1");
    assert_false(p->columns[1].is_sum);
    assert_null(p->columns[2].count_name);
    assert_plan(m, AGGREGATE "{'$group':{'_id':null,'a0':{'$sum':'$total'},'a1':{'$sum':'$price'},"
                             "'n1':{'$sum':1},'a2':{'$avg':'$year'}}}," DEFAULT(
                                 "{'_id':null,'a0':null,'a1':null,'n1':0,'v1':null,'q1':null,'a2':"
                                 "null}") ","
                                          "{'$project':{'_id':0,'"
                                          "c0':'$a0','c1':'$a1','"
                                          "n1':'$n1','c2':'$a2'}}]"
                                          "}");
}

static void wide_sums_and_long_ones_are_exact(void **state)
{
    made *m = query(state);
    add(m, of(m, OST_OP_SUM, "total", OST_TYPE_DECIMAL, 0));
    add(m, of(m, OST_OP_SUM, "huge", OST_TYPE_DECIMAL, 6));
    assert_false(plan_of(m)->columns[0].is_sum);
    assert_plan(
        m, AGGREGATE
        "{'$group':{'_id':null,'a0':{'$sum':{'$toDecimal':'$total'}},"
        "'h1':{'$sum':{'$trunc':['$huge',-13]}},"
        "'l1':{'$sum':{'$subtract':['$huge',{'$trunc':['$huge',-13]}]}}}},"
        "{'$set':{'a1':{'$let':{'vars':{'ostler_sum':{'$add':['$h1','$l1']}},"
        "'in':{'$cond':[{'$and':[{'$eq':[{'$subtract':['$$ostler_sum','$h1']},'$l1']},"
        "{'$eq':[{'$subtract':['$$ostler_sum','$l1']},'$h1']}]},'$$ostler_sum',"
        "{'$toInt':{'$concat':[{'$literal':'ostler:range:huge'},"
        "{'$substrCP':[{'$toString':'$$ostler_sum'},0,0]}]}}]}}}}}," DEFAULT(
            "{'_id':null,'a0':null,'a1':null}") ","
                                                "{'$project':{'_id':0,'c0':'$a0','c1':'$a1'}}]}");
}

static void distinct_values_are_counted_without_null(void **state)
{
    made *m = query(state);
    add(m, of(m, OST_OP_COUNT_DISTINCT, "age", OST_TYPE_INT64, 0));
    assert_plan(
        m, AGGREGATE
        "{'$group':{'_id':{'d':{'$ifNull':['$age',null]}}}},{'$project':{'_id':1}},"
        "{'$group':{'_id':null,'a0':{'$sum':{'$cond':[{'$gt':['$_id.d',null]},1,0]}}}}," DEFAULT(
            "{'_id':null,'a0':0}") ","
                                   "{'$project':{'_id':0,'c0':'$a0'}}]}");
    /* What can be computed of parts comes along. */
    m = query(state);
    group_by(m, col(m, "year"));
    group_by(m, col(m, "owner"));
    add(m, of(m, OST_OP_COUNT_DISTINCT, "name", OST_TYPE_INT64, 0));
    add(m, aggregate(m, OST_OP_COUNT, NULL, OST_TYPE_INT64, 0));
    add(m, of(m, OST_OP_MAX, "total", OST_TYPE_INT64, 0));
    assert_plan(m, AGGREGATE
                "{'$group':{'_id':{'k0':'$year','k1':{'$ifNull':['$owner_id',null]},'d':'$name'},"
                "'a1':{'$sum':1},'a2':{'$max':'$total'}}},{'$project':{'_id':1,'a1':1,'a2':1}},"
                "{'$group':{'_id':{'k0':'$_id.k0','k1':'$_id.k1'},"
                "'a0':{'$sum':{'$cond':[{'$gt':['$_id.d',null]},1,0]}},'a1':{'$sum':'$a1'},"
                "'a2':{'$max':'$a2'}}},{'$project':{'_id':0,'c0':'$a0','c1':'$a1','c2':'$a2'}}]}");
    /* Sums do not. */
    m = query(state);
    group_by(m, col(m, "year"));
    add(m, of(m, OST_OP_COUNT_DISTINCT, "age", OST_TYPE_INT64, 0));
    add(m, of(m, OST_OP_SUM, "total", OST_TYPE_INT64, 0));
    assert_plan(m, AGGREGATE
                "{'$setWindowFields':{'partitionBy':{'k0':'$year','d':{'$ifNull':['$age',"
                "null]}},'sortBy':{'_id':1},'output':{'ostler_number0':"
                "{'$documentNumber':{}}}}},{'$group':{'_id':'$year','a0':{'$sum':{'$cond'"
                ":[{'$and':[{'$eq':['$ostler_number0',1]},{'$gt':['$age',null]}]},1,0]}},"
                "'a1':{'$sum':'$total'}}},{'$project':{'_id':0,'c0':'$a0','c1':'$a1'}}]}");
}

static void averages_of_decimals_are_divided_where_they_are_looked_at(void **state)
{
    made *m = query(state);
    const ost_node *average = of(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8);
    group_by(m, col(m, "year"));
    add(m, col(m, "year"));
    m->shape.having =
        node2(m, OST_OP_GT, average, value(m, NULL, ost_value_decimal(ost_decimal_of(1, 0))));
    assert_plan(m, AGGREGATE "{'$group':{'_id':'$year','a0':{'$sum':'$price'},'n0':{'$sum':1}}},"
                             "{'$project':{'a0':'$a0','n0':'$n0','v0':{'$cond':[{'$gt':['$n0',0]},"
                             "{'$cond':[{'$lt':[{'$abs':'$a0'},{'$numberDecimal':'1E+25'}]},"
                             "{'$round':[{'$divide':['$a0','$n0']},8]},{'$toInt':{'$concat':["
                             "{'$literal':'ostler:range:price'},"
                             "{'$substrCP':[{'$toString':'$a0'},0,0]}]}}]},null]}}},"
                             "{'$match':{'v0':{'$gt':'$1'}}},{'$project':{'_id':0,'c0':'$_id'}}]}");
}

#define PAIR                                                                                    \
    "{'$cond':[{'$gt':['$n0',0]},{'$let':{'vars':{'r':{'$mod':['$a0',{'$multiply':['$n0',"      \
    "{'$numberDecimal':'0.01'}]}]}},'in':{'$let':{'vars':{'q':{'$divide':[{'$subtract':['$a0'," \
    "'$$r']},'$n0']},'f':{'$add':[0,{'$round':[{'$divide':['$$r','$n0']},8]}]}},"               \
    "'in':{'$cond':[{'$gte':[{'$abs':'$$f'},{'$numberDecimal':'0.01'}]},"                       \
    "{'q':{'$add':['$$q','$$f']},'f':{'$numberDecimal':'0'}},{'q':'$$q','f':'$$f'}]}}}}},null]}"

static void averages_are_ordered_by_quotient_and_rest(void **state)
{
    made *m = query(state);
    group_by(m, col(m, "year"));
    add(m, col(m, "year"));
    order_by(m, of(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8), false);
    assert_plan(m, AGGREGATE "{'$group':{'_id':'$year','a0':{'$sum':'$price'},'n0':{'$sum':1}}},"
                             "{'$project':{'a0':'$a0','n0':'$n0','q0':" PAIR "}},"
                             "{'$sort':{'q0':1}},{'$project':{'_id':0,'c0':'$_id'}}]}");
    m = query(state);
    group_by(m, col(m, "year"));
    add(m, of(m, OST_OP_AVG, "price", OST_TYPE_DECIMAL, 8));
    m->shape.distinct = true;
    assert_plan(m, AGGREGATE
                "{'$group':{'_id':'$year','a0':{'$sum':'$price'},'n0':{'$sum':1}}},"
                "{'$project':{'a0':'$a0','n0':'$n0','q0':" PAIR "}},"
                "{'$group':{'_id':{'c0':'$q0'},'c0':{'$first':'$a0'},'n0':{'$first':'$n0'}}},"
                "{'$project':{'_id':0,'c0':1,'n0':1}}]}");
}

static void having_is_a_match_behind_the_group(void **state)
{
    made *m = query(state);
    const ost_node *count;
    group_by(m, col(m, "age"));
    add(m, col(m, "age"));
    count = rows(m);
    m->shape.having =
        node2(m, OST_OP_AND, node2(m, OST_OP_GT, count, value(m, NULL, ost_value_int(3))),
              not_(m, node1(m, OST_OP_IS_NULL, col(m, "age"))));
    assert_plan(m, AGGREGATE "{'$group':{'_id':{'$ifNull':['$age',null]},'a0':{'$sum':1}}},"
                             "{'$match':{'a0':{'$gt':'$1'},'_id':{'$ne':null}}},"
                             "{'$project':{'_id':0,'c0':'$_id'}}]}");
    m = query(state);
    add(m, of(m, OST_OP_MIN, "age", OST_TYPE_INT32, 0));
    m->shape.having = node2(m, OST_OP_LE, of(m, OST_OP_MIN, "age", OST_TYPE_INT32, 0), rows(m));
    assert_plan(m,
                AGGREGATE "{'$group':{'_id':null,'a0':{'$min':'$age'},'a1':{'$sum':1}}}," DEFAULT(
                    "{'_id':null,'a0':null,'a1':0}") ","
                                                     "{'$match':{'$expr':{'$and':[{'$gt':['$a0',"
                                                     "null]},{'$gt':['$a1',null]},"
                                                     "{'$lte':['$a0','$a1']}]}}},{'$project':{'_id'"
                                                     ":0,'c0':'$a0'}}]}");
}

static void distinct_rows_are_groups(void **state)
{
    made *m = query(state);
    m->shape.distinct = true;
    add(m, col(m, "year"));
    add(m, col(m, "age"));
    order_by(m, col(m, "age"), true);
    limit_to(m, 2, -1);
    assert_plan(m, AGGREGATE "{'$group':{'_id':{'c0':'$year','c1':{'$ifNull':['$age',null]}}}},"
                             "{'$sort':{'_id.c1':-1}},{'$limit':'$1'},"
                             "{'$project':{'_id':0,'c0':'$_id.c0','c1':'$_id.c1'}}]}");
    m->shape.wrap = OST_WRAP_COUNT;
    m->shape.order_count = 0;
    m->shape.limit_parameter = OST_NO_PARAMETER;
    assert_plan(m, AGGREGATE "{'$group':{'_id':{'c0':'$year','c1':{'$ifNull':['$age',null]}}}},"
                             "{'$count':'c0'}," DEFAULT("{'c0':0}") "]}");
}

static void wraps_give_one_row(void **state)
{
    made *m = select_ids(*state);
    m->shape.wrap = OST_WRAP_COUNT;
    m->shape.where = is(m, OST_OP_EQ, "year", ost_value_int(3));
    assert_plan(m, AGGREGATE "{'$match':{'year':'$1'}},{'$count':'c0'}," DEFAULT("{'c0':0}") "]}");
    m->shape.wrap = OST_WRAP_EXISTS;
    assert_string_equal(plan_of(m)->columns[0].name, "c0");
    assert_plan(m, AGGREGATE
                "{'$match':{'year':'$1'}},{'$limit':1},"
                "{'$project':{'_id':0,'c0':{'$literal':true}}}," DEFAULT("{'c0':false}") "]}");
    m->shape.column_count = 0;
    assert_string_equal(plan_of(m)->columns[0].name, "c0");
    assert_plan(m, AGGREGATE
                "{'$match':{'year':'$1'}},{'$limit':1},"
                "{'$project':{'_id':0,'c0':{'$literal':true}}}," DEFAULT("{'c0':false}") "]}");
}

static void partitions_are_numbered(void **state)
{
    made *m = select_ids(*state);
    m->shape.partition = col(m, "age");
    order_by(m, col(m, "year"), true);
    order_by(m, col(m, "id"), true);
    m->shape.partition_parameter = value(m, NULL, ost_value_int(2))->parameter;
    assert_plan(m,
                AGGREGATE "{'$setWindowFields':{'partitionBy':{'$ifNull':['$age',null]},"
                          "'sortBy':{'year':-1,'_id':-1},'output':{'ostler_row':{'$sum':1,"
                          "'window':{'documents':['unbounded','current']}}}}},"
                          "{'$match':{'ostler_row':{'$lte':'$1'}}},{'$sort':{'year':-1,'_id':-1}},"
                          "{'$project':{'_id':0,'c0':'$_id'}}]}");
}

static void a_limit_of_zero_is_nothing(void **state)
{
    made *m = query(state);
    add(m, rows(m));
    limit_to(m, 0, -1);
    assert_written(m, "{'0':{'$match':{'_id':{'$in':[]}}}}");
    m = select_ids(*state);
    limit_to(m, 0, -1);
    m->shape.wrap = OST_WRAP_COUNT;
    assert_string_equal(
        written(m), "{'0':{'$match':{'_id':{'$in':[]}}},'1':{'$count':'c0'},'2':{'$facet':{'r':["
                    "{'$limit':{'$numberInt':'1'}}]}},'3':{'$replaceRoot':{'newRoot':{'$ifNull':["
                    "{'$first':'$r'},{'$literal':{'c0':{'$numberInt':'0'}}}]}}}}");
    ost__mongo_discard(((rig *)*state)->backend, m->op.plan);
}

static void what_is_false_is_nothing_without_a_question(void **state)
{
    made *m = select_ids(*state);
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    assert_true(plan_of(m)->nothing);
    ost__mongo_discard(((rig *)*state)->backend, m->op.plan);
    m = query(state);
    add(m, rows(m));
    m->shape.where = node_of(m, OST_OP_OR, NULL, 0);
    assert_false(plan_of(m)->nothing);
    ost__mongo_discard(((rig *)*state)->backend, m->op.plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_CASE(members_of_documents_are_found),
        RIG_CASE(what_is_no_single_member_is_computed),
        RIG_CASE(conditions_are_columns_with_three_values),
        RIG_CASE(groups_take_absent_as_one),
        RIG_CASE(sums_of_nothing_are_null_in_one_row),
        RIG_CASE(sums_tell_the_reader_what_they_are),
        RIG_CASE(wide_sums_and_long_ones_are_exact),
        RIG_CASE(distinct_values_are_counted_without_null),
        RIG_CASE(averages_of_decimals_are_divided_where_they_are_looked_at),
        RIG_CASE(averages_are_ordered_by_quotient_and_rest),
        RIG_CASE(having_is_a_match_behind_the_group),
        RIG_CASE(distinct_rows_are_groups),
        RIG_CASE(wraps_give_one_row),
        RIG_CASE(partitions_are_numbered),
        RIG_CASE(a_limit_of_zero_is_nothing),
        RIG_CASE(what_is_false_is_nothing_without_a_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
