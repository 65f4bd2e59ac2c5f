/* SPDX-License-Identifier: MIT */
#include "base/shape.h"

#include "tracker.h"

static const ost_field name = { .name = "name" }, first = { .name = "a" }, second = { .name = "b" };
static const ost_field *const one_key[] = { &first }, *const two_keys[] = { &first, &second };
static const ost_table single = { .keys = one_key, .key_count = 1 },
                       pair = { .keys = two_keys, .key_count = 2 }, keyless = { .key_count = 0 };

static const ost_node value = { .op = OST_OP_VALUE };
static const ost_node members[] = { { .op = OST_OP_MEMBER, .field = &name },
                                    { .op = OST_OP_MEMBER, .field = &first },
                                    { .op = OST_OP_MEMBER, .field = &second } };
#define SIDES(left, right) ((const ost_node *const[]){ (left), (right) })
#define COMPARED(o, left, right)                              \
    {                                                         \
        .op = (o), .args = SIDES(left, right), .arg_count = 2 \
    }

static bool by_key(const ost_table *table, const ost_node *where)
{
    const ost_shape s = { .table = table, .where = where };
    return ost__shape_is_by_key(&s);
}

static void a_key_is_named(void **state)
{
    const ost_node is_first = COMPARED(OST_OP_EQ, &members[1], &value);
    const ost_node is_second = COMPARED(OST_OP_EQ, &members[2], &value);
    const ost_node is_named = COMPARED(OST_OP_EQ, &members[0], &value);
    const ost_node both = COMPARED(OST_OP_AND, &is_second, &is_first);
    const ost_node more = COMPARED(OST_OP_AND, &is_named, &is_first);
    (void)state;
    assert_true(by_key(&single, &is_first));
    assert_true(by_key(&single, &more));
    assert_true(by_key(&pair, &both));
}

static void others_may_meet_many(void **state)
{
    const ost_node is_first = COMPARED(OST_OP_EQ, &members[1], &value);
    const ost_node is_named = COMPARED(OST_OP_EQ, &members[0], &value);
    const ost_node above = COMPARED(OST_OP_GT, &members[1], &value);
    const ost_node alike = COMPARED(OST_OP_EQ, &members[1], &members[0]);
    const ost_node either = COMPARED(OST_OP_OR, &is_named, &is_first);
    const ost_node half = COMPARED(OST_OP_AND, &is_first, &is_named);
    (void)state;
    assert_false(by_key(&single, NULL));
    assert_false(by_key(&keyless, &is_first));
    assert_false(by_key(&single, &is_named));
    assert_false(by_key(&single, &above));
    assert_false(by_key(&single, &alike));
    assert_false(by_key(&single, &either));
    assert_false(by_key(&pair, &is_first));
    assert_false(by_key(&pair, &half));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_key_is_named),
                                        cmocka_unit_test(others_may_meet_many) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
