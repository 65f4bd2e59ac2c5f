/* SPDX-License-Identifier: MIT */
/* Sets of models: what is compiled, what is wrong with whole models, and finding them again. */
#include "support.h"

#include <pthread.h>

typedef struct person {
    int64_t id;
    const char *name;
    char code[6];
    ost_opt_int age;
    ost_decimal balance;
    ost_time created;
    ost_time updated;
    ost_blob photo;
    int8_t role;
    int64_t free;
    ost_uuid token;
} person;
OST_RECORD(person, id);
OST_MODEL(person, .table = "people",
          OST_FIELDS(OST_FIELD(person, updated, .stamp = OST_ON_UPDATE),
                     OST_FIELD(person, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(person, name, .trim = true, .column = "full_name"),
                     OST_FIELD(person, code), OST_FIELD(person, age, .default_value = OST_INT(18)),
                     OST_FIELD(person, balance, .precision = 12, .scale = 2),
                     OST_FIELD(person, created, .stamp = OST_ON_INSERT), OST_FIELD(person, photo),
                     OST_FIELD(person, role, .values = OST_NAMES("user", "admin")),
                     OST_FIELD(person, free), OST_FIELD(person, token, .generated = OST_UUID_V4)));

typedef struct label {
    const char *text;
    int32_t weight;
} label;
OST_RECORD(label, text);
OST_MODEL(label, OST_FIELDS(OST_FIELD(label, text, .primary_key = true, .max_length = 9),
                            OST_FIELD(label, weight)));

typedef struct tally {
    const char *name;
    ost_decimal total;
    ost_opt_double mean;
} tally;
OST_PART(tally);
OST_MODEL(tally,
          OST_FIELDS(OST_FIELD(tally, name), OST_FIELD(tally, total), OST_FIELD(tally, mean)));
typedef struct odd_part {
    int32_t n;
} odd_part;
OST_PART(odd_part);
OST_MODEL(odd_part, OST_FIELDS(OST_FIELD(odd_part, n, .min = OST_INT(2), .max = OST_INT(1))));

#define PERSON_ID OST_FIELDS(OST_FIELD(person, id, .primary_key = true))

static void fields_are_completed(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&person_model, &label_model));
    assert_int_equal(ost__model_count(set), 2);
    const ost__model *m = ost__model_at(set, 0);
    const ost_table *t = &m->table;
    assert_ptr_equal(m->source, &person_model);
    assert_ptr_equal(m->identity, person_model.fields);
    assert_int_equal(m->size, sizeof(person));
    assert_false(m->is_part);
    assert_int_equal(t->id, 0);
    assert_int_equal(t->struct_size, sizeof(ost_table));
    assert_string_equal(t->name, "people");
    assert_string_equal(t->model, "person");
    assert_int_equal(t->field_count, 11);
    assert_int_equal(t->key_count, 1);
    assert_string_equal(t->keys[0]->name, "id");
    assert_ptr_equal(t->auto_key, t->keys[0]);
    assert_string_equal(t->fields[2].column, "full_name");
    assert_string_equal(t->fields[3].column, "code");
    assert_int_equal(m->by_offset[0], 1);
    assert_int_equal(ost__model_at(set, 1)->table.id, 1);
    assert_string_equal(ost__model_at(set, 1)->table.name, "label");
    assert_true(ost__model_at(set, 1)->table.keys[0]->not_null);
    assert_null(ost__model_at(set, 1)->table.auto_key);
    assert_null(ost__model_at(set, 2));
    ost__model_set_close(set);
}

static void assert_set(const ost__model *m, const ost__field_set *s, const char *names)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        char padded[72];
        snprintf(padded, sizeof padded, " %s ", m->fields[i].name);
        if (ost__field_set_has(s, i) != (strstr(names, padded) != NULL))
            fail_msg("%s", m->fields[i].name);
    }
}

static void sets_of_fields_are_worked_out(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    const ost__model *m = ost__model_at(set, 0);
    assert_set(m, &m->keys, " id ");
    assert_set(m, &m->all, " updated id name code age balance created photo role free token ");
    assert_set(m, &m->ruled, " updated name code balance created role ");
    assert_set(m, &m->insert_sets, " updated created name age token ");
    assert_set(m, &m->update_sets, " updated ");
    ost__model_set_close(set);
}

static void the_row_program_loads_every_field(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    const ost__model *m = ost__model_at(set, 0);
    assert_int_equal(m->load.step_count, 11);
    assert_int_equal(m->load.row_size, sizeof(person));
    assert_int_equal(m->load.step_size, sizeof(ost_row_step));
    for (uint32_t i = 0; i < 11; i++) {
        const ost_row_step *s = &m->load.steps[i];
        assert_int_equal(s->column, i);
        assert_int_equal(s->offset, m->fields[i].offset);
        assert_int_equal(s->size, m->fields[i].size);
        assert_ptr_equal(s->field, &m->fields[i]);
        assert_ptr_equal(s->origin, &m->fields[i]);
        assert_int_equal(s->type, s->column_type);
    }
    assert_int_equal(m->steps[1].null_rule, OST_NULL_IS_RANGE);
    assert_int_equal(m->steps[2].null_rule, OST_NULL_IS_POINTER);
    assert_int_equal(m->steps[3].null_rule, OST_NULL_IS_RANGE);
    assert_int_equal(m->steps[4].null_rule, OST_NULL_IS_ABSENT);
    assert_int_equal(m->steps[4].type, OST_TYPE_INT32);
    assert_int_equal(m->steps[4].value_offset, offsetof(ost_opt_int, value));
    assert_int_equal(m->steps[5].precision, 12);
    assert_int_equal(m->steps[5].scale, 2);
    assert_int_equal(m->steps[7].null_rule, OST_NULL_IS_POINTER);
    ost__model_set_close(set);
}

static void model_mistakes(void **state)
{
    (void)state;
    expect_mistake(NULL, OST_SCHEMA, "models", "models");
    expect_mistake((const ost_model *const[]){ NULL }, OST_SCHEMA, "models", "models");
    expect_mistake(OST_MODELS(MODEL(label, OST_FIELDS(OST_FIELD(label, weight))), &person_model),
                   OST_SCHEMA, "label", "primary_key");
    expect_mistake(OST_MODELS(MODEL(person, .table = "x")), OST_SCHEMA, "person", "fields");
    expect_mistake(OST_MODELS(MODEL(person, .fields = &(const ost_field){ .name = NULL })),
                   OST_SCHEMA, "person", "fields");
    expect_mistake(OST_MODELS(&person_model, &person_model), OST_SCHEMA, "person", "model");
    expect_mistake(OST_MODELS(&person_model, MODEL(person, PERSON_ID)), OST_SCHEMA, "person",
                   "model");
    expect_mistake(
        OST_MODELS(&person_model, MODEL(label, .table = "People",
                                        OST_FIELDS(OST_FIELD(label, weight, .primary_key = true)))),
        OST_SCHEMA, "label", "table");
    expect_mistake(OST_MODELS(MODEL(person, .table = "", PERSON_ID)), OST_SCHEMA, "person", "name");
    expect_mistake(OST_MODELS(MODEL(person, .table = "a`b", PERSON_ID)), OST_SCHEMA, "person",
                   "name");
    ost_model m = person_model;
    m.abi = OST_ABI + 1;
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "person", "abi");
    m = person_model;
    m.struct_size = 0;
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "model 1", "struct_size");
    m.struct_size = offsetof(ost_model, fields);
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "person", "struct_size");
    m = person_model;
    m.field_size = 8;
    expect_mistake(OST_MODELS(&label_model, &m), OST_SCHEMA, "person", "struct_size");
    m = person_model;
    m.size = 0;
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "person", "size");
    m = person_model;
    m.name = NULL;
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "model 1", "name");
    m.name = "per\"son";
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "per\"son", "name");
}

static ost_status some_hook(ost_call *call, void *record)
{
    (void)call;
    (void)record;
    return OST_OK;
}

/* A hook on what has no key would never run. */
static void the_shape_of_a_result_has_no_hooks(void **state)
{
    (void)state;
    ost_error e;
    const ost_model hooked =
        *MODEL(odd_part, OST_FIELDS(OST_FIELD(odd_part, n)), .after_load = some_hook);
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    assert_null(ost__model_find(set, &hooked, sizeof(odd_part), &e));
    assert_true(has_failure(&e, "odd_part", "after_load"));
    ost__model_set_close(set);
}

static ost_status some_value(ost_call *call, const void *record, ost_value *out)
{
    (void)call, (void)record, (void)out;
    return OST_OK;
}

static void computed_members_have_names_of_their_own(void **state)
{
    (void)state;
    expect_mistake(
        OST_MODELS(MODEL(person, PERSON_ID, OST_COMPUTED(OST_COMPUTE("id", some_value)))),
        OST_SCHEMA, "person.id", "computed");
    expect_mistake(
        OST_MODELS(MODEL(person, PERSON_ID,
                         OST_COMPUTED(OST_COMPUTE("a", some_value), OST_COMPUTE("a", some_value)))),
        OST_SCHEMA, "person.a", "computed");
    expect_mistake(OST_MODELS(MODEL(person, PERSON_ID, OST_COMPUTED(OST_COMPUTE("a", NULL)))),
                   OST_SCHEMA, "person.a", "computed");
    ost__model_set_close(
        open_set(OST_MODELS(MODEL(person, PERSON_ID, OST_COMPUTED(OST_COMPUTE("a", some_value))))));
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    static ost_field fields[OST__FIELDS_MAX + 2];
    static char names[OST__FIELDS_MAX + 1][12];
    static struct {
        int32_t n[OST__FIELDS_MAX + 1];
    } record;
    for (int i = 0; i <= OST__FIELDS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i % 1000);
        fields[i] = (ost_field){ .name = names[i],
                                 .offset = (size_t)i * 4,
                                 .size = 4,
                                 .type = OST_TYPE_INT32,
                                 .primary_key = i == 0 };
    }
    ost_model m = *MODEL(record, .fields = fields);
    expect_mistake(OST_MODELS(&m), OST_SCHEMA, "record", "fields");
    fields[OST__FIELDS_MAX].name = NULL;
    ost__model_set *set = open_set(OST_MODELS(&m));
    const ost__model *found = ost__model_at(set, 0);
    assert_int_equal(found->table.field_count, OST__FIELDS_MAX);
    assert_ptr_equal(ost__model_field_named(found, "n511"), &found->fields[511]);
    assert_true(ost__field_set_has(&found->all, 511));
    ost__model_set_close(set);
}

/* fm66: a program built against an older header has smaller structs, one built against a newer has
 * larger ones. */
static void fm66_other_strides_are_read_right(void **state)
{
    (void)state;
    typedef struct old_field {
        const char *name, *owner;
        size_t offset;
        uint32_t size;
        uint16_t type, item_type;
        const ost_model *embeds;
        const char *column, *was;
        bool primary_key;
    } old_field;
    typedef struct new_field {
        ost_field known;
        uintptr_t more[3];
    } new_field;
    const old_field old_fields[] = {
        { OST_PLACE(person, id), .type = OST_TYPE_INT64, .primary_key = true },
        { OST_PLACE(person, name), .type = OST_TYPE_TEXT, .column = "full" },
        { .name = NULL },
    };
    const new_field new_fields[] = {
        { { OST_PLACE(person, id), .type = OST_TYPE_INT64, .primary_key = true }, { 1, 2, 3 } },
        { { OST_PLACE(person, name), .type = OST_TYPE_TEXT, .column = "full" }, { 4, 5, 6 } },
        { { .name = NULL }, { 0 } },
    };
    ost_model old = *MODEL(person, .fields = (const ost_field *)(const void *)old_fields);
    old.field_size = sizeof(old_field);
    old.struct_size = offsetof(ost_model, before_validate);
    /* What an old program has behind its model is not ours to read. */
    old.before_validate = some_hook;
    ost_model new = *MODEL(person, .fields = (const ost_field *)(const void *)new_fields);
    new.field_size = sizeof(new_field);
    new.struct_size = sizeof(ost_model) + 64;
    const ost_model *const both[] = { &old, &new };
    for (size_t i = 0; i < 2; i++) {
        ost__model_set *set = open_set(OST_MODELS(both[i]));
        const ost__model *m = ost__model_at(set, 0);
        assert_int_equal(m->table.field_count, 2);
        assert_string_equal(m->fields[0].name, "id");
        assert_true(m->fields[0].primary_key);
        assert_string_equal(m->fields[1].column, "full");
        assert_false(m->fields[1].unique);
        assert_null(m->fields[1].min);
        assert_true(m->source->before_validate == NULL);
        assert_ptr_equal(ost__model_find(set, both[i], sizeof(person), NULL), m);
        ost__model_set_close(set);
    }
}

static void members_are_found_by_path_and_offset(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    const ost__model *m = ost__model_at(set, 0);
    ost_member member = OST_AT(person, age);
    const ost_field *f = ost__model_field(m, &member);
    assert_non_null(f);
    assert_string_equal(f->name, "age");
    assert_int_equal(ost__field_index(m, f), 4);
    char path[] = "age";
    member.path = path;
    assert_ptr_equal(ost__model_field(m, &member), f);
    member.path = "name";
    assert_null(ost__model_field(m, &member));
    member = (ost_member)OST_AT(person, age);
    member.offset++;
    assert_null(ost__model_field(m, &member));
    member.offset = SIZE_MAX;
    assert_null(ost__model_field(m, &member));
    member = (ost_member)OST_AT(person, age);
    member.size = 4;
    assert_null(ost__model_field(m, &member));
    member = (ost_member)OST_AT(person, age);
    member.type = OST_TYPE_INT32;
    assert_null(ost__model_field(m, &member));
    member = (ost_member){ .path = NULL };
    assert_null(ost__model_field(m, &member));
    assert_null(ost__model_field_named(m, "full_name"));
    assert_string_equal(ost__model_field_named(m, "name")->column, "full_name");
    ost__model_set_close(set);
}

static void models_are_found_by_identity(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set = open_set(OST_MODELS(&person_model, &label_model));
    const ost_model copy = person_model;
    assert_ptr_equal(ost__model_find(set, &person_model, sizeof(person), &e),
                     ost__model_at(set, 0));
    assert_ptr_equal(ost__model_find(set, &copy, sizeof(person), &e), ost__model_at(set, 0));
    assert_ptr_equal(ost__model_find(set, &label_model, sizeof(label), &e), ost__model_at(set, 1));
    assert_null(ost__model_find(set, NULL, 8, &e));
    assert_int_equal(e.status, OST_MISUSE);
    assert_null(ost__model_find(set, &person_model, sizeof(person) - 8, &e));
    assert_int_equal(e.status, OST_MISUSE);
    assert_string_equal(e.model, "person");
    assert_null(ost__model_find(set, &person_model, 1, NULL));
    ost__model_set_close(set);
}

static void a_record_that_was_not_given_is_misuse(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    for (int i = 0; i < 2; i++) {
        assert_null(ost__model_find(set, &label_model, sizeof(label), &e));
        assert_int_equal(e.status, OST_MISUSE);
        assert_string_equal(e.message,
                            "model label was not given to ost_open: add &label_model to .models");
        assert_string_equal(e.model, "label");
    }
    assert_int_equal(ost__model_count(set), 1);
    ost__model_set_close(set);
}

static void shapes_are_added_on_first_use(void **state)
{
    (void)state;
    ost_error e;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    assert_null(ost__model_find(set, &odd_part_model, sizeof(odd_part), &e));
    assert_int_equal(e.status, OST_SCHEMA);
    assert_true(has_failure(&e, "odd_part.n", "min"));
    const ost__model *m = ost__model_find(set, &tally_model, sizeof(tally), &e);
    assert_non_null(m);
    assert_true(m->is_part);
    assert_int_equal(m->table.id, 1);
    assert_int_equal(m->table.key_count, 0);
    assert_ptr_equal(ost__model_at(set, 1), m);
    assert_ptr_equal(ost__model_find(set, &tally_model, sizeof(tally), &e), m);
    assert_null(ost__model_find(set, &tally_model, sizeof(tally) + 1, &e));
    assert_int_equal(ost__model_count(set), 2);
    ost__model_set_close(set);
}

enum { SHAPES = 200, THREADS = 4 };
static ost_model shapes[SHAPES];
static char shape_names[SHAPES][16];

static void *find_all(void *context)
{
    ost__model_set *set = context;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < SHAPES; i++) {
            const ost__model *m = ost__model_find(set, &shapes[i], sizeof(tally), NULL);
            if (!m || strcmp(m->table.model, shape_names[i]) != 0 ||
                ost__model_at(set, m->table.id) != m ||
                ost__model_find(set, &person_model, sizeof(person), NULL) != ost__model_at(set, 0))
                return &shapes[i];
        }
    return NULL;
}

static void threads_find_the_same_shapes(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&person_model));
    pthread_t threads[THREADS];
    /* All share their fields: a name is part of the identity. */
    for (int i = 0; i < SHAPES; i++) {
        snprintf(shape_names[i], sizeof shape_names[i], "shape%d", i % 1000);
        shapes[i] = tally_model;
        shapes[i].name = shape_names[i];
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_all, set), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(ost__model_count(set), 1 + SHAPES);
    ost__model_set_close(set);
}

/* ---- memory that runs out ---- */

typedef struct scarce {
    uint32_t left;
    size_t in_use;
} scarce;

static void *scarce_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    scarce *s = context;
    if (new_size > 0 && s->left == 0)
        return NULL;
    if (new_size > 0)
        s->left--;
    void *p = test_platform.resize(test_platform.context, old, old_size, new_size);
    if (p || new_size == 0)
        s->in_use += new_size - old_size;
    return p;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    start_memory();
    scarce s = { 0, 0 };
    const ost__memory memory = { scarce_resize, &s };
    ost_status status = OST_NO_MEMORY;
    uint32_t allowed = 0;
    for (; status == OST_NO_MEMORY && allowed < 100; allowed++) {
        ost_error e;
        ost__model_set *set;
        s.left = allowed;
        status = ost__model_set_open(&memory, OST_MODELS(&person_model, &label_model), &set, &e);
        assert_true(status == OST_OK || (status == OST_NO_MEMORY && e.status == status && !set));
        if (status == OST_OK) {
            s.left = 0;
            ost__model_find(set, &tally_model, sizeof(tally), &e);
        }
        ost__model_set_close(set);
        assert_int_equal(s.in_use, 0);
    }
    assert_int_equal(status, OST_OK);
    assert_true(allowed > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_completed),
        cmocka_unit_test(sets_of_fields_are_worked_out),
        cmocka_unit_test(the_row_program_loads_every_field),
        cmocka_unit_test(model_mistakes),
        cmocka_unit_test(the_shape_of_a_result_has_no_hooks),
        cmocka_unit_test(computed_members_have_names_of_their_own),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(fm66_other_strides_are_read_right),
        cmocka_unit_test(members_are_found_by_path_and_offset),
        cmocka_unit_test(models_are_found_by_identity),
        cmocka_unit_test(a_record_that_was_not_given_is_misuse),
        cmocka_unit_test(shapes_are_added_on_first_use),
        cmocka_unit_test(threads_find_the_same_shapes),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
