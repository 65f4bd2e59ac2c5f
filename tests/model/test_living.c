/* SPDX-License-Identifier: MIT */
/* Descriptions of models that soft-delete. */
#include "support.h"

typedef struct user {
    int64_t id;
    const char *email;
    const char *nick;
    int32_t team;
    int32_t seat;
    ost_opt_time deleted_at;
    ost_opt_time gone_at;
    ost_opt_date ended;
    ost_time at;
} user;
OST_RECORD(user, id);
OST_MODEL(user, OST_FIELDS(OST_FIELD(user, id, .primary_key = true)));

#define ID OST_FIELD(user, id, .primary_key = true, .unique = true)
#define EMAIL OST_FIELD(user, email, .unique = true, .max_length = 9, .column = "mail")
#define DELETED OST_FIELD(user, deleted_at, .stamp = OST_ON_DELETE)
#define SEATS OST_COLUMNS(OST_ASC(user, team), OST_DESC(user, seat))
#define USER(...) OST_MODELS(MODEL(user, .table = "users", __VA_ARGS__))
#define PLACES OST_FIELD(user, team), OST_FIELD(user, seat)

static const ost_table *open_table(const ost_model *const *models, ost__model_set **set)
{
    *set = open_set(models);
    return &ost__model_at(*set, 0)->table;
}

static void unique_members_become_indexes_among_the_living(void **state)
{
    (void)state;
    ost__model_set *set;
    const ost_table *t =
        open_table(USER(OST_FIELDS(ID, EMAIL, PLACES, DELETED,
                                   OST_FIELD(user, nick, .unique = true, .max_length = 9)),
                        OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(user, team)),
                                    { SEATS, .unique = true, .among_living = true })),
                   &set);
    assert_ptr_equal(t->deleted, &t->fields[4]);
    assert_int_equal(t->index_count, 4);
    assert_string_equal(t->indexes[0].name, "ux_users_team");
    assert_false(t->indexes[0].among_living);
    assert_string_equal(t->indexes[1].name, "ux_users_team_seat_living");
    assert_true(t->indexes[1].among_living && t->indexes[1].unique);
    assert_true(t->indexes[1].descending[1]);
    assert_string_equal(t->indexes[2].name, "ux_users_mail_living");
    assert_true(t->indexes[2].among_living && t->indexes[2].unique);
    assert_int_equal(t->indexes[2].field_count, 1);
    assert_ptr_equal(t->indexes[2].fields[0], &t->fields[1]);
    assert_string_equal(t->indexes[3].name, "ux_users_nick_living");
    assert_null(t->indexes[3].where);
    /* What is declared stays declared. */
    assert_true(t->fields[1].unique);
    ost__model_set_close(set);
}

static void other_models_have_no_such_indexes(void **state)
{
    (void)state;
    ost__model_set *set;
    const ost_table *t = open_table(USER(OST_FIELDS(ID, EMAIL)), &set);
    assert_null(t->deleted);
    assert_int_equal(t->index_count, 0);
    ost__model_set_close(set);
    t = open_table(USER(OST_FIELDS(ID, EMAIL, DELETED), .adopted = true), &set);
    assert_non_null(t->deleted);
    assert_int_equal(t->index_count, 0);
    ost__model_set_close(set);
    t = open_table(USER(OST_FIELDS(ID, OST_FIELD(user, ended, .stamp = OST_ON_DELETE))), &set);
    assert_string_equal(t->deleted->name, "ended");
    assert_int_equal(t->index_count, 0);
    ost__model_set_close(set);
}

static void an_insert_and_an_update_do_not_stamp_it(void **state)
{
    (void)state;
    ost__model_set *set = open_set(USER(OST_FIELDS(ID, DELETED)));
    const ost__model *m = ost__model_at(set, 0);
    assert_false(ost__field_set_has(&m->insert_sets, 1));
    assert_false(ost__field_set_has(&m->update_sets, 1));
    ost__model_set_close(set);
}

#define WRONG(path, rule, ...) expect_mistake(USER(__VA_ARGS__), OST_SCHEMA, path, rule)

static ost_status some_check(ost_call *call, const void *value, const void *record)
{
    (void)call, (void)value, (void)record;
    return OST_OK;
}

static void mistakes_are_found(void **state)
{
    (void)state;
    WRONG("user.at", "stamp", OST_FIELDS(ID, OST_FIELD(user, at, .stamp = OST_ON_DELETE)));
    WRONG("user.gone_at", "stamp",
          OST_FIELDS(ID, DELETED, OST_FIELD(user, gone_at, .stamp = OST_ON_DELETE)));
    WRONG("user.gone_at", "stamp",
          OST_FIELDS(ID, OST_FIELD(user, gone_at, .stamp = OST_ON_DELETE, .unique = true)));
    WRONG("user.gone_at", "stamp",
          OST_FIELDS(ID, OST_FIELD(user, gone_at, .stamp = OST_ON_DELETE, .not_null = true)));
    WRONG("user.team", "column", OST_FIELDS(ID, OST_FIELD(user, team, .column = "Ostler_Living")));
    WRONG("user", "index", OST_FIELDS(ID, PLACES),
          OST_INDEXES({ SEATS, .unique = true, .among_living = true }));
    WRONG("user", "index", OST_FIELDS(ID, PLACES, DELETED),
          OST_INDEXES({ SEATS, .among_living = true }));
}

/* There is no call of the program's behind a delete by query. */
static void the_library_alone_decides_the_stamp(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set;
    start_memory();
    assert_int_not_equal(
        ost__model_set_open(&test_memory,
                            USER(OST_FIELDS(ID, OST_FIELD(user, gone_at, .stamp = OST_ON_DELETE,
                                                          .check = some_check))),
                            &set, &e),
        OST_OK);
    assert_true(has_failure(&e, "user.gone_at", "stamp"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unique_members_become_indexes_among_the_living),
        cmocka_unit_test(other_models_have_no_such_indexes),
        cmocka_unit_test(an_insert_and_an_update_do_not_stamp_it),
        cmocka_unit_test(mistakes_are_found),
        cmocka_unit_test(the_library_alone_decides_the_stamp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
