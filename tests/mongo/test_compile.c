/* SPDX-License-Identifier: MIT */
#include "plan_rig.h"

static made *update(void **state)
{
    rig *r = *state;
    return make(&r->b, OST_DO_UPDATE, r->items);
}

/* ---- writes ---- */

static void writes_have_a_text(void **state)
{
    rig *r = *state;
    made *m = make(&r->b, OST_DO_INSERT, r->items);
    set_to(m, "id", ost_value_int(1));
    set_to(m, "name", ost_value_text("x"));
    set_change(m, OST_OP_SET_NULL, "note", ost_value_int(0));
    assert_plan(m, "{'insert':'items','documents':[{'_id':'$1','name':'$2'}]}");
    m = update(state);
    set_to(m, "name", ost_value_text("x"));
    m->shape.where = is(m, OST_OP_EQ, "id", ost_value_int(1));
    assert_plan(m, "{'update':'items','updates':[{'q':{'_id':'$2'},'u':{'$set':{'name':'$1'}}}]}");
    m = make(&r->b, OST_DO_DELETE, r->items);
    order_by(m, col(m, "year"), false);
    limit_to(m, 1, 2);
    assert_plan(m, "{'delete':'items','deletes':[{'q':{},'sort':{'year':1},'skip':'$2',"
                   "'limit':'$1'}]}");
    m = make(&r->b, OST_DO_DDL, r->items);
    m->shape.ddl = OST_DDL_CREATE_TABLE;
    assert_plan(m, "{'create':'items'}");
}

static void plain_changes_are_operators(void **state)
{
    made *m = update(state);
    set_to(m, "name", ost_value_text("$x"));
    set_to(m, "age", (ost_value){ 0 });
    set_change(m, OST_OP_SET_NULL, "note", ost_value_int(0));
    set_change(m, OST_OP_INC, "total", ost_value_int(-5));
    assert_written(m, "{'$set':{'name':'$x'},'$unset':{'age':'','note':''},"
                      "'$inc':{'total':{'$numberLong':'-5'}}}");
}

#define FAILS(rule, field)                                            \
    "{'$toInt':{'$concat':[{'$literal':'ostler:" rule ":" field "'}," \
    "{'$substrCP':[{'$toString':'$$ostler_sum'},{'$numberInt':'0'},{'$numberInt':'0'}]}]}}"
#define SUM(field, amount, in)                                                              \
    "{'$cond':[{'$gt':['$" field "',null]},{'$let':{'vars':{'ostler_sum':{'$add':['$" field \
    "',{'$literal':" amount "}]}},'in':" in "}},'$" field "']}"
#define BETWEEN(least, most)                                \
    "{'$or':[{'$eq':[{'$type':'$$ostler_sum'},'double']},"  \
    "{'$lt':['$$ostler_sum',{'$numberLong':'" least "'}]}," \
    "{'$gt':['$$ostler_sum',{'$numberLong':'" most "'}]}]}"

static void sums_are_checked_in_one_stage(void **state)
{
    made *m = update(state);
    set_change(m, OST_OP_INC, "i8", ost_value_int(-500));
    set_to(m, "name", ost_value_text("$x"));
    set_change(m, OST_OP_SET_NULL, "note", ost_value_int(0));
    assert_written(m,
                   "{'0':{'$set':{'i8':" SUM(
                       "i8", "{'$numberInt':'-500'}",
                       "{'$cond':[" BETWEEN("-128", "127") "," FAILS(
                           "range", "i8") ",{'$toInt':'$$ostler_sum'}]}") ","
                                                                          "'name':{'$literal':'$x'}"
                                                                          ",'note':'$$REMOVE'}}}");
    m = update(state);
    set_change(m, OST_OP_INC, "owner", ost_value_int(1));
    assert_written(
        m, "{'0':{'$set':{'owner_id':" SUM(
               "owner_id", "{'$numberLong':'1'}",
               "{'$cond':[" BETWEEN("-9223372036854775808", "9223372036854775807") "," FAILS(
                   "range", "owner_id") ",'$$ostler_sum']}") "}}}");
    m = update(state);
    set_change(m, OST_OP_INC, "price", ost_value_decimal(ost_decimal_of(150, 2)));
    assert_written(
        m, "{'0':{'$set':{'price':" SUM(
               "price", "{'$numberDecimal':'1.50'}",
               "{'$cond':[{'$gte':[{'$abs':'$$ostler_sum'},{'$numberDecimal':'1E+10'}]}," FAILS(
                   "range", "price") ",'$$ostler_sum']}") "}}}");
    m = update(state);
    set_change(m, OST_OP_INC, "limited", ost_value_int(1));
    assert_written(
        m, "{'0':{'$set':{'limited':" SUM(
               "limited", "{'$numberInt':'1'}",
               "{'$cond':[" BETWEEN("-2147483648", "2147483647") "," FAILS(
                   "range",
                   "limited") ","
                              "{'$switch':{'branches':[{'case':{'$lt':['$$ostler_sum',{'$numberInt'"
                              ":'0'}]},"
                              "'then':" FAILS(
                                  "min",
                                  "limited") "},"
                                             "{'case':{'$gt':['$$ostler_sum',{'$numberInt':'9'}]},"
                                             "'then':" FAILS("max",
                                                             "limited") "}],'default':{'$toInt':'$$"
                                                                        "ostler_sum'}}}]}") "}}}");
}

static void values_that_do_not_fit_are_refused(void **state)
{
    made *m = update(state);
    rig *r = *state;
    bson_t out;
    set_to(m, "big", ost_value_uint(UINT64_MAX));
    assert_int_equal(write_it(m, &out), OST_RANGE);
    bson_destroy(&out);
    assert_string_equal(r->b.error.model, "item");
    assert_string_equal(r->b.error.field, "big");
    assert_int_equal(r->b.error.nothing_sent, 1);
    ost__mongo_discard(r->backend, m->op.plan);
}

/* ---- refusals ---- */

static void what_the_server_cannot_do_is_refused(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    m->shape.lock_mode = OST_LOCK_UPDATE;
    assert_refused(m, OST_UNSUPPORTED, "has no locks on rows");
    m = make(&r->b, OST_DO_UPSERT, r->items);
    assert_refused(m, OST_MISUSE, "an upsert meets records by a key");
    m = make(&r->b, OST_DO_EXPLAIN, r->items);
    assert_refused(m, OST_UNSUPPORTED, "cannot run operations of kind");
    m = make(&r->b, OST_DO_DDL, r->items);
    m->shape.ddl = OST_DDL_ADD_FOREIGN_KEY;
    assert_refused(m, OST_UNSUPPORTED, "no definition of kind");
    m = make(&r->b, OST_DO_DDL, NULL);
    m->shape.ddl = OST_DDL_CREATE_MARKS;
    assert_refused(m, OST_UNSUPPORTED, "names no table");
    m = update(state);
    set_to(m, "id", ost_value_int(1));
    assert_refused(m, OST_UNSUPPORTED, "does not change the key");
    m = update(state);
    assert_refused(m, OST_MISUSE, "changes nothing");
    m = update(state);
    set_change(m, OST_OP_INC, "colour", ost_value_int(1));
    assert_refused(m, OST_UNSUPPORTED, "item.colour");
    m = update(state);
    set_change(m, OST_OP_PUSH, "note", ost_value_int(1));
    assert_refused(m, OST_UNSUPPORTED, "item.note: is no list");
    m = update(state);
    set_change(m, OST_OP_AT, "note", ost_value_int(1));
    assert_refused(m, OST_UNSUPPORTED, "no words for this change");
    m = make(&r->b, OST_DO_SELECT, r->items);
    assert_refused(m, OST_MISUSE, "selects no column");
}

static void blobs_have_no_order(void **state)
{
    static const ost_blob bytes = { "ab", 2 };
    rig *r = *state;
    made *m;
    bson_t out;
    for (uint16_t op = OST_OP_LT; op <= OST_OP_GE; op++) {
        m = select_ids(r);
        m->shape.where = is(m, op, "data", ost_value_blob(bytes));
        assert_refused(m, OST_UNSUPPORTED, "item.data: MongoDB orders blobs by their length");
    }
    m = select_ids(r);
    order_by(m, col(m, "data"), false);
    assert_refused(m, OST_UNSUPPORTED, "item.data: MongoDB orders blobs by their length");
    m = make(&r->b, OST_DO_SELECT, r->items);
    column(m, aggregate(m, OST_OP_MAX, "data", OST_TYPE_BLOB, 0), table_field(r->items, "data"));
    assert_refused(m, OST_UNSUPPORTED, "item.data: MongoDB orders blobs by their length");
    /* Those of one length do. */
    m = select_ids(r);
    order_by(m, col(m, "digest"), true);
    m->shape.where = is(m, OST_OP_NE, "data", ost_value_blob(bytes));
    assert_int_equal(write_it(m, &out), OST_OK);
    bson_destroy(&out);
    ost__mongo_discard(r->backend, m->op.plan);
}

static ost_field *changeable(rig *r, const char *name)
{
    return (ost_field *)(uintptr_t)table_field(r->items, name);
}

static void names_that_no_document_can_have_are_refused(void **state)
{
    static const char *const names[] = { "", "$year", "a.b", "_id" };
    static const char *const collections[] = { "", "a$b", "system.users", "ostler_counters" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        made *m = select_ids(r);
        changeable(r, "year")->column = names[i];
        m->shape.where = is(m, OST_OP_EQ, "year", ost_value_int(1));
        assert_refused(m, OST_UNSUPPORTED, "give .column another name");
        m = make(&r->b, OST_DO_DDL, r->items);
        m->shape.ddl = OST_DDL_CREATE_TABLE;
        assert_refused(m, OST_UNSUPPORTED, "item.year");
        assert_string_equal(r->b.error.field, "year");
    }
    changeable(r, "year")->column = "$$a"; /* not asked for */
    for (size_t i = 0; i < sizeof collections / sizeof collections[0]; i++) {
        made *m = select_ids(r);
        r->items->name = collections[i];
        assert_refused(m, OST_UNSUPPORTED, "give .table another");
    }
}

static void fm41_other_names_are_names(void **state)
{
    static const char *const names[] = { "a b",   "year$", "x'y", "\"",
                                         "where", "_ID",   "0",   "\xc3\xa9" };
    rig *r = *state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        made *m = select_ids(r);
        bson_t out;
        bson_iter_t top, filter;
        changeable(r, "year")->column = names[i];
        m->shape.where = is(m, OST_OP_EQ, "year", ost_value_int(1));
        assert_int_equal(write_it(m, &out), OST_OK);
        assert_true(bson_iter_init_find(&top, &out, "filter") && bson_iter_recurse(&top, &filter));
        assert_true(bson_iter_next(&filter));
        assert_string_equal(bson_iter_key(&filter), names[i]);
        bson_destroy(&out);
        ost__mongo_discard(r->backend, m->op.plan);
    }
}

static void kinds_that_are_not_known_are_refused(void **state)
{
    static const uint16_t kinds[] = { OST_TYPE_NONE, OST_TYPE_LIST + 1, 63 };
    rig *r = *state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        made *m = make(&r->b, OST_DO_DDL, r->items);
        changeable(r, "year")->type = kinds[i];
        m->shape.ddl = OST_DDL_CREATE_TABLE;
        assert_refused(m, OST_UNSUPPORTED, "item.year: the MongoDB driver cannot store");
    }
}

static void a_key_of_several_members_is_no_id(void **state)
{
    rig *r = *state;
    const ost_field *keys[] = { table_field(r->items, "id"), table_field(r->items, "year") };
    made *m = select_ids(r);
    r->items->keys = keys;
    r->items->key_count = 2;
    assert_null(plan_of(m)->key);
    assert_plan(m, "{'find':'items','filter':{},'projection':{'id':1,'_id':0}}");
    m = select_ids(r);
    changeable(r, "id")->column = "_id";
    assert_refused(m, OST_UNSUPPORTED, "item.id: _id is the key of a document");
}

static void stored_forms_are_compared_with_their_like(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    ost_field other = *table_field(r->items, "at");
    ost_node *node = (ost_node *)(uintptr_t)col(m, "at");
    other.stored = OST_STORED_UNIX_SECONDS;
    other.name = other.column = "seconds";
    node->field = &other;
    m->shape.where = node2(m, OST_OP_LT, col(m, "at"), node);
    assert_refused(m, OST_UNSUPPORTED, "MongoDB cannot compare at with seconds");
}

/* ---- malformed and large shapes ---- */

static void malformed_shapes_are_refused(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    ost_node wrong = { .op = OST_OP_VALUE, .type = OST_TYPE_INT64, .parameter = 7 };
    m->shape.where = node2(m, OST_OP_EQ, col(m, "id"), &wrong);
    assert_refused(m, OST_MISUSE, "uses parameter 7 of 0");
    wrong = (ost_node){ .op = OST_OP_MATCHES };
    m->shape.where = &wrong;
    assert_refused(m, OST_UNSUPPORTED, "no words for operator");
    wrong = (ost_node){ .op = OST_OP_EQ };
    assert_refused(m, OST_UNSUPPORTED, "no words for operator");
    m->shape.where = NULL;
    m->shape.limit_parameter = 3;
    assert_refused(m, OST_MISUSE, "uses parameter 3 of 0");
}

static void depth_and_orders_are_bounded(void **state)
{
    rig *r = *state;
    made *m = select_ids(r);
    const ost_node *n = is(m, OST_OP_EQ, "id", ost_value_int(1));
    for (int i = 0; i < 80; i++)
        n = not_(m, n);
    m->shape.where = n;
    assert_refused(m, OST_TOO_LARGE, "nested too deep");
    m = select_ids(r);
    for (int i = 0; i < 33; i++)
        order_by(m, col(m, "id"), false);
    assert_refused(m, OST_UNSUPPORTED, "at most 32 members");
}

static void fm65_every_failed_allocation_is_told(void **state)
{
    rig *r = *state;
    for (long i = 0;; i++) {
        made *m = make(&r->b, OST_DO_SELECT, r->items);
        ost_status status;
        column(m, aggregate(m, OST_OP_SUM, "age", OST_TYPE_INT64, 0), table_field(r->items, "id"));
        m->shape.where = is(m, OST_OP_GT, "year", ost_value_int(3));
        r->b.fail_at = r->b.allocations + i;
        status = ost__mongo_compile(r->backend, &r->b.caps, &m->shape, &m->op.plan, &r->b.error);
        r->b.fail_at = -1;
        if (status == OST_OK) {
            ost__mongo_discard(r->backend, m->op.plan);
            assert_in_range(i, 3, 1000);
            return;
        }
        assert_int_equal(status, OST_NO_MEMORY);
        assert_null(m->op.plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_CASE(writes_have_a_text),
        RIG_CASE(plain_changes_are_operators),
        RIG_CASE(sums_are_checked_in_one_stage),
        RIG_CASE(values_that_do_not_fit_are_refused),
        RIG_CASE(what_the_server_cannot_do_is_refused),
        RIG_CASE(blobs_have_no_order),
        RIG_CASE(names_that_no_document_can_have_are_refused),
        RIG_CASE(fm41_other_names_are_names),
        RIG_CASE(kinds_that_are_not_known_are_refused),
        RIG_CASE(a_key_of_several_members_is_no_id),
        RIG_CASE(stored_forms_are_compared_with_their_like),
        RIG_CASE(malformed_shapes_are_refused),
        RIG_CASE(depth_and_orders_are_bounded),
        RIG_CASE(fm65_every_failed_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
