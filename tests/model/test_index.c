/* SPDX-License-Identifier: MIT */
/* Indexes, their conditions, and foreign keys. */
#include "support.h"

typedef struct city city;
typedef struct country {
    char code[3];
    int32_t zone;
    const char *name;
} country;
struct city {
    int64_t id;
    const char *name;
    const char *notes;
    char country_code[3];
    int32_t zone;
    bool active;
    ost_opt_int people;
    ost_decimal area;
    double height;
    ost_opt_int64 twin_id;
    uint8_t size;
    const country *country;
    city *twin;
    city *again;
    OST_ARRAY(city) all;
    ost_opt_time founded;
};
OST_RECORD(country, code, zone);
OST_RECORD(city, id);
OST_MODEL(country, OST_FIELDS(OST_FIELD(country, code, .primary_key = true),
                              OST_FIELD(country, zone, .primary_key = true),
                              OST_FIELD(country, name, .max_length = 9)));

#define CITY_FIELDS                                                                                \
    OST_FIELDS(OST_FIELD(city, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),          \
               OST_FIELD(city, name, .max_length = 40, .column = "title"), OST_FIELD(city, notes), \
               OST_FIELD(city, country_code), OST_FIELD(city, zone), OST_FIELD(city, active),      \
               OST_FIELD(city, people), OST_FIELD(city, area, .precision = 9, .scale = 2),         \
               OST_FIELD(city, height), OST_FIELD(city, twin_id),                                  \
               OST_FIELD(city, size, .values = OST_NAMES("small", "large")),                       \
               OST_FIELD(city, founded))
OST_MODEL(city, .table = "cities", CITY_FIELDS);

/* A copy of city_model with something added: indexes, or relations. */
#define CITY(...) MODEL(city, .table = "cities", CITY_FIELDS, __VA_ARGS__)
#define INDEXED(...) CITY(OST_INDEXES(__VA_ARGS__))
#define WRONG(path, rule, ...) wrong(OST_SCHEMA, path, rule, __VA_ARGS__)
#define UNBUILT(path, ...) wrong(OST_UNSUPPORTED, path, "unsupported", __VA_ARGS__)

static const ost_expr end_of_list;

static void wrong(ost_status status, const char *path, const char *rule, const ost_model *m)
{
    expect_mistake(OST_MODELS(m, &country_model), status, path, rule);
}

/* At file scope, as programs write them: conditions that know their model. */
typedef city counted;
typedef city counted_record_;
static const ost_model counted_model;
#define ACTIVE OST_WHERE_EQ(counted, active, OST_BOOL(true))
#define LIST(...)                 \
    (const ost_expr *const[])     \
    {                             \
        __VA_ARGS__, &end_of_list \
    }
#define LARGE_AREA                                                                      \
    OST_EXPR(.op = OST_OP_GE, .model = &counted_model, .member = OST_AT(counted, area), \
             .constant = OST_INT(3))
#define SMALL_AREA OST_EXPR(.op = OST_OP_NOT, .args = LIST(LARGE_AREA))
#define SEVERAL                                                                          \
    OST_EXPR(.op = OST_OP_AND, .args = LIST(OST_WHERE_NULL(counted, people), SMALL_AREA, \
                                            OST_WHERE_EQ(counted, size, OST_TEXT("large"))))
static const ost_model counted_model = {
    .struct_size = sizeof(ost_model),
    .field_size = sizeof(ost_field),
    .relation_size = sizeof(ost_relation),
    .index_size = sizeof(ost_index),
    .index_column_size = sizeof(ost_index_column),
    .member_size = sizeof(ost_member),
    .expr_size = sizeof(ost_expr),
    .abi = OST_ABI,
    .name = "counted",
    .size = sizeof(city),
    CITY_FIELDS,
    OST_INDEXES({ OST_COLUMNS(OST_ASC(counted, name)), .where = ACTIVE },
                { OST_COLUMNS(OST_DESC(counted, people), OST_ASC(counted, name)), .name = "ix_two",
                  .unique = true, .where = SEVERAL }),
};

static void names_and_columns_are_filled(void **state)
{
    (void)state;
    ost__model_set *set =
        open_set(OST_MODELS(INDEXED(OST_INDEX(OST_ASC(city, name), OST_DESC(city, people)),
                                    OST_UNIQUE_INDEX(OST_ASC(city, zone)),
                                    { .name = "mine", OST_COLUMNS(OST_ASC(city, id)) }),
                            &country_model));
    const ost_table *t = &ost__model_at(set, 0)->table;
    assert_int_equal(t->index_count, 3);
    assert_string_equal(t->indexes[0].name, "ix_cities_title_people");
    assert_int_equal(t->indexes[0].field_count, 2);
    assert_ptr_equal(t->indexes[0].fields[0], &t->fields[1]);
    assert_false(t->indexes[0].descending[0]);
    assert_true(t->indexes[0].descending[1]);
    assert_false(t->indexes[0].unique);
    assert_null(t->indexes[0].where);
    assert_string_equal(t->indexes[1].name, "ux_cities_zone");
    assert_true(t->indexes[1].unique);
    assert_string_equal(t->indexes[2].name, "mine");
    ost__model_set_close(set);
}

static void long_names_are_cut_and_stay_the_same(void **state)
{
    (void)state;
    char names[2][64];
    for (int run = 0; run < 2; run++) {
        ost__model_set *set = open_set(OST_MODELS(MODEL(
            city, .table = "a_table_with_quite_a_long_name_that_leaves_little_room", CITY_FIELDS,
            OST_INDEXES(OST_INDEX(OST_ASC(city, name), OST_ASC(city, people)),
                        OST_INDEX(OST_ASC(city, name), OST_ASC(city, height))))));
        const ost_table *t = &ost__model_at(set, 0)->table;
        assert_int_equal(strlen(t->indexes[0].name), 63);
        assert_memory_equal(t->indexes[0].name, "ix_a_table_with_quite", 21);
        assert_string_not_equal(t->indexes[0].name, t->indexes[1].name);
        snprintf(names[run], sizeof names[run], "%s", t->indexes[0].name);
        ost__model_set_close(set);
    }
    assert_string_equal(names[0], names[1]);
}

static void index_mistakes(void **state)
{
    (void)state;
    const ost_index_column moved = {
        .member = { .path = "zone", .offset = 0, .size = 4, .type = OST_TYPE_INT32 }
    };
    const ost_index_column moved_columns[] = { moved, { .descending = false } };
    const ost_index no_columns[] = { { .name = "mine" }, { .name = NULL } };
    const ost_index_column none[] = { { .descending = false } };
    WRONG("city.code", "index", INDEXED(OST_INDEX(OST_ASC(country, code))));
    WRONG("city.country", "index", INDEXED(OST_INDEX(OST_ASC(city, country))));
    WRONG("city.zone", "index", INDEXED({ .columns = moved_columns }));
    WRONG("city", "index", CITY(.indexes = no_columns));
    WRONG("city", "index", INDEXED({ .name = "mine", .columns = none }));
    WRONG("city.zone", "index", INDEXED(OST_INDEX(OST_ASC(city, zone), OST_DESC(city, zone))));
    WRONG("city.notes", "max_length", INDEXED(OST_INDEX(OST_ASC(city, notes))));
    WRONG("city", "index",
          INDEXED(OST_INDEX(OST_ASC(city, zone)), OST_INDEX(OST_DESC(city, zone))));
    WRONG("city", "index", INDEXED({ .name = "CITIES", OST_COLUMNS(OST_ASC(city, zone)) }));
    WRONG("city", "name", INDEXED({ .name = "", OST_COLUMNS(OST_ASC(city, zone)) }));
    WRONG("city", "name",
          INDEXED({ .name = "a234567890123456789012345678901234567890123456789012345678901234",
                    OST_COLUMNS(OST_ASC(city, zone)) }));
    WRONG("city", "index", INDEXED({ OST_COLUMNS(OST_ASC(city, zone)), .kind = 9 }));
    UNBUILT("city", INDEXED({ OST_COLUMNS(OST_ASC(city, zone)), .kind = OST_GEO }));
    ost_model sizeless = *CITY(OST_INDEXES(OST_INDEX(OST_ASC(city, zone))));
    sizeless.index_size = 0;
    WRONG("city", "struct_size", &sizeless);
}

/* Whether a database has them is seen when tables are created. */
static void options_are_read(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(
        INDEXED(OST_FULL_TEXT_INDEX(OST_ASC(city, notes), OST_ASC(city, name)),
                { OST_COLUMNS(OST_ASC(city, founded)), .expire_after_s = 60 },
                { OST_COLUMNS(OST_ASC(city, zone)), .sparse = true, .collation = OST_CASELESS }),
        &country_model));
    const ost_table *t = &ost__model_at(set, 0)->table;
    const ost_table_index *x = t->indexes;
    assert_int_equal(t->index_count, 3);
    assert_string_equal(x[0].name, "ft_cities_notes_title");
    assert_int_equal(x[0].kind, OST_FULL_TEXT);
    assert_int_equal(x[1].expire_after_s, 60);
    assert_true(x[2].sparse);
    assert_int_equal(x[2].collation, OST_CASELESS);
    assert_false(x[0].sparse || x[0].expire_after_s > 0 || x[0].collation != OST_EXACT);
    ost__model_set_close(set);
}

/* A program that was built before there were options says nothing of them. */
static void older_indexes_have_no_options(void **state)
{
    (void)state;
    ost_index old[] = { { OST_COLUMNS(OST_ASC(city, zone)), .expire_after_s = 60, .sparse = true },
                        { .name = NULL } };
    unsigned char bytes[2 * offsetof(ost_index, expire_after_s)];
    ost_model copy = *CITY(.indexes = NULL);
    memcpy(bytes, &old[0], offsetof(ost_index, expire_after_s));
    memcpy(bytes + offsetof(ost_index, expire_after_s), &old[1],
           offsetof(ost_index, expire_after_s));
    copy.indexes = (const ost_index *)(const void *)bytes;
    copy.index_size = offsetof(ost_index, expire_after_s);
    ost__model_set *set = open_set(OST_MODELS(&copy, &country_model));
    const ost_table *t = &ost__model_at(set, 0)->table;
    assert_int_equal(t->index_count, 1);
    assert_int_equal(t->indexes[0].expire_after_s, 0);
    assert_false(t->indexes[0].sparse);
    ost__model_set_close(set);
}

static void mistakes_of_options_are_found(void **state)
{
    const ost_index both[] = {
        { OST_COLUMNS(OST_ASC(counted, active)), .sparse = true, .where = ACTIVE }, { .name = NULL }
    };
    ost_model sparse = counted_model;
    (void)state;
    sparse.indexes = both;
    WRONG("counted", "index", &sparse);
    WRONG("city.people", "index", INDEXED(OST_FULL_TEXT_INDEX(OST_ASC(city, people))));
    WRONG("city", "index", INDEXED(OST_FULL_TEXT_INDEX(OST_DESC(city, notes))));
    WRONG("city", "index",
          INDEXED({ OST_COLUMNS(OST_ASC(city, notes)), .kind = OST_FULL_TEXT, .unique = true }));
    WRONG("city", "index",
          INDEXED({ OST_COLUMNS(OST_ASC(city, notes)), .kind = OST_FULL_TEXT, .sparse = true }));
    WRONG(
        "city", "index",
        INDEXED({ OST_COLUMNS(OST_ASC(city, notes)), .kind = OST_FULL_TEXT, .expire_after_s = 1 }));
    WRONG("city", "index",
          INDEXED({ OST_COLUMNS(OST_ASC(city, zone)), .collation = OST_AS_STORED }));
    WRONG("city", "expire_after_s",
          INDEXED({ OST_COLUMNS(OST_ASC(city, people)), .expire_after_s = 1 }));
    WRONG(
        "city", "expire_after_s",
        INDEXED({ OST_COLUMNS(OST_ASC(city, founded), OST_ASC(city, zone)), .expire_after_s = 1 }));
    WRONG("city", "expire_after_s",
          INDEXED({ OST_COLUMNS(OST_ASC(city, founded)), .expire_after_s = UINT32_MAX }));
}

static void index_names_are_unique_in_the_set(void **state)
{
    (void)state;
    const ost_model *other =
        MODEL(country, OST_FIELDS(OST_FIELD(country, zone, .primary_key = true)),
              OST_INDEXES({ .name = "Mine", OST_COLUMNS(OST_ASC(country, zone)) }));
    expect_mistake(OST_MODELS(other, INDEXED({ .name = "mine", OST_COLUMNS(OST_ASC(city, zone)) })),
                   OST_SCHEMA, "city", "index");
}

static void adopted_tables_may_index_any_text(void **state)
{
    (void)state;
    ost__model_set_close(
        open_set(OST_MODELS(CITY(.adopted = true, OST_INDEXES(OST_INDEX(OST_ASC(city, notes)))))));
}

static void conditions_become_nodes(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&counted_model));
    const ost_table *t = &ost__model_at(set, 0)->table;
    const ost_node *n = t->indexes[0].where;
    assert_int_equal(n->op, OST_OP_EQ);
    assert_int_equal(n->type, OST_TYPE_BOOL);
    assert_int_equal(n->parameter, OST_NO_PARAMETER);
    assert_int_equal(n->arg_count, 2);
    assert_int_equal(n->args[0]->op, OST_OP_MEMBER);
    assert_string_equal(n->args[0]->field->name, "active");
    assert_false(n->nullable);
    assert_int_equal(n->args[1]->op, OST_OP_VALUE);
    assert_ptr_equal(n->args[1]->field, n->args[0]->field);
    assert_true(n->args[1]->constant->as.boolean);

    n = t->indexes[1].where;
    assert_int_equal(n->op, OST_OP_AND);
    assert_int_equal(n->arg_count, 3);
    assert_int_equal(n->args[0]->op, OST_OP_IS_NULL);
    assert_int_equal(n->args[0]->arg_count, 1);
    assert_int_equal(n->args[0]->args[0]->nullable, 1);
    assert_int_equal(n->args[0]->nullable, 0);
    assert_int_equal(n->args[1]->op, OST_OP_NOT);
    const ost_node *compare = n->args[1]->args[0];
    assert_int_equal(compare->op, OST_OP_GE);
    /* Constants are brought to the field: 3 is 3.00, and "large" is 1. */
    const ost_value *three = compare->args[1]->constant;
    assert_int_equal(three->type, OST_TYPE_DECIMAL);
    assert_int_equal(three->as.decimal.low, 300);
    assert_int_equal(three->as.decimal.scale, 2);
    assert_int_equal(compare->args[1]->precision, 9);
    const ost_value *large = n->args[2]->args[1]->constant;
    assert_int_equal(large->type, OST_TYPE_UINT64);
    assert_int_equal(large->as.natural, 1);
    ost__model_set_close(set);
}

/* A model whose conditions name it by its fields. */
static void wrong_where(const char *path, const char *rule, const ost_expr *where)
{
    ost_model model = counted_model;
    const ost_index indexes[] = { { .columns = counted_model.indexes[0].columns, .where = where },
                                  { .name = NULL } };
    model.indexes = indexes;
    expect_mistake(OST_MODELS(&model), OST_SCHEMA, path, rule);
}

static void condition_mistakes(void **state)
{
    (void)state;
    const ost_expr *same = ACTIVE;
    const ost_expr *const with_null[] = { same, NULL, &end_of_list };
    const ost_expr *const empty[] = { &end_of_list };
    const ost_expr *const two[] = { same, same, &end_of_list };
    ost_expr nested[18];
    const ost_expr *lists[18][2];
    nested[0] = *same;
    for (int i = 1; i < 18; i++) {
        lists[i][0] = &nested[i - 1];
        lists[i][1] = &end_of_list;
        nested[i] = (ost_expr){ .op = OST_OP_NOT, .args = lists[i] };
    }
    wrong_where("counted.zone", "where", OST_WHERE_EQ(counted, zone, OST_TEXT("x")));
    wrong_where("counted.zone", "where", OST_WHERE_EQ(counted, zone, NULL));
    wrong_where("counted.size", "where", OST_WHERE_EQ(counted, size, OST_TEXT("huge")));
    wrong_where("counted.code", "where", OST_WHERE_EQ(country, code, OST_TEXT("x")));
    wrong_where("counted", "where", ost_count());
    wrong_where("counted", "where",
                OST_EXPR(.op = OST_OP_HAS_TEXT, .model = &counted_model,
                         .member = OST_AT(counted, name), .constant = OST_TEXT("x")));
    wrong_where("counted", "where", OST_EXPR(.op = OST_OP_EQ, .args = two));
    wrong_where("counted", "where", OST_EXPR(.op = OST_OP_AND, .args = with_null));
    wrong_where("counted", "where", OST_EXPR(.op = OST_OP_OR, .args = empty));
    wrong_where("counted", "where", OST_EXPR(.op = OST_OP_OR));
    wrong_where("counted", "where", OST_EXPR(.op = OST_OP_NOT, .args = two));
    wrong_where("counted", "where", &nested[16]);
    ost_model model = counted_model;
    const ost_index deep[] = {
        { .columns = counted_model.indexes[0].columns, .where = &nested[15] }, { .name = NULL }
    };
    model.indexes = deep;
    ost__model_set_close(open_set(OST_MODELS(&model)));
}

static void belongs_to_becomes_a_foreign_key(void **state)
{
    (void)state;
    const ost_member both[] = { OST_AT(city, country_code), OST_AT(city, zone), { .path = NULL } };
    const ost_relation relations[] = {
        { .name = "country", .kind = OST_BELONGS_TO_, .target = &country_model, .keys = both },
        OST_BELONGS_TO(city, twin, city, twin_id),
        OST_BELONGS_TO(city, again, city, twin_id),
        OST_HAS_MANY(city, all, city, twin_id),
        { .name = NULL },
    };
    ost_model with = city_model;
    with.relations = relations;
    ost__model_set *set = open_set(OST_MODELS(&with, &country_model));
    const ost_table *t = &ost__model_at(set, 0)->table;
    assert_int_equal(t->foreign_key_count, 2);
    assert_string_equal(t->foreign_keys[0].name, "fk_cities_country_code_zone");
    assert_int_equal(t->foreign_keys[0].field_count, 2);
    assert_string_equal(t->foreign_keys[0].fields[1]->name, "zone");
    assert_ptr_equal(t->foreign_keys[0].target, &ost__model_at(set, 1)->table);
    assert_string_equal(t->foreign_keys[1].name, "fk_cities_twin_id");
    assert_ptr_equal(t->foreign_keys[1].target, t);
    ost__model_set_close(set);
}

static void relation_mistakes(void **state)
{
    (void)state;
    const ost_member wrong_order[] = { OST_AT(city, zone),
                                       OST_AT(city, country_code),
                                       { .path = NULL } };
    const ost_relation swapped[] = {
        { .name = "country",
          .kind = OST_BELONGS_TO_,
          .target = &country_model,
          .keys = wrong_order },
        { .name = NULL },
    };
    const ost_relation no_keys[] = {
        { .name = "country", .kind = OST_BELONGS_TO_, .target = &country_model }, { .name = NULL }
    };
    const ost_relation unknown[] = { { .name = "country", .kind = 9 }, { .name = NULL } };
    const ost_relation cascade[] = { { .name = "all", .kind = OST_HAS_MANY_, .on_delete = 1 },
                                     { .name = NULL } };
    const ost_member half[] = { OST_AT(city, country_code), { .path = NULL } };
    const ost_relation one_of_two[] = {
        { .name = "country", .kind = OST_BELONGS_TO_, .target = &country_model, .keys = half },
        { .name = NULL }
    };
    const ost_relation foreign[] = { { .name = "country",
                                       .kind = OST_BELONGS_TO_,
                                       .target = &country_model,
                                       .keys = OST_KEYS(country, name) },
                                     { .name = NULL } };
    WRONG("city.country", "foreign_key", CITY(.relations = swapped));
    WRONG("city.country", "foreign_key", CITY(.relations = no_keys));
    WRONG("city.country", "foreign_key", CITY(.relations = one_of_two));
    WRONG("city.country", "foreign_key", CITY(.relations = foreign));
    WRONG("city.country", "relation", CITY(.relations = unknown));
    UNBUILT("city.all", CITY(.relations = cascade));
    ost_model sizeless = *CITY(.relations = one_of_two);
    sizeless.relation_size = 0;
    WRONG("city", "struct_size", &sizeless);
    expect_mistake(OST_MODELS(CITY(OST_RELATIONS(OST_BELONGS_TO(city, twin, counted, twin_id)))),
                   OST_SCHEMA, "city.twin", "target");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_columns_are_filled),
        cmocka_unit_test(long_names_are_cut_and_stay_the_same),
        cmocka_unit_test(index_mistakes),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(older_indexes_have_no_options),
        cmocka_unit_test(mistakes_of_options_are_found),
        cmocka_unit_test(index_names_are_unique_in_the_set),
        cmocka_unit_test(adopted_tables_may_index_any_text),
        cmocka_unit_test(conditions_become_nodes),
        cmocka_unit_test(condition_mistakes),
        cmocka_unit_test(belongs_to_becomes_a_foreign_key),
        cmocka_unit_test(relation_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
