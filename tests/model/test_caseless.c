/* SPDX-License-Identifier: MIT */
/* Caseless members: the columns that are kept beside them, and what cannot be caseless. */
#include "model/caseless.h"
#include "model/member.h"
#include "support.h"

typedef struct tag {
    const char *label;
    int weight;
} tag;
typedef struct part {
    tag tag;
    int size;
} part;
typedef struct item {
    int64_t id;
    const char *name;
    const char *other;
    char code[8];
    int number;
    ost_time at;
    tag tag;
    part part;
    OST_LIST(const char *) words;
    OST_LIST(tag) tags;
} item;
OST_PART(tag);
OST_PART(part);
OST_RECORD(item, id);
OST_MODEL(tag, OST_FIELDS(OST_FIELD(tag, label, .collation = OST_CASELESS, .max_length = 5),
                          OST_FIELD(tag, weight)));
OST_MODEL(part, OST_FIELDS(OST_EMBED(part, tag, tag), OST_FIELD(part, size)));

#define ID OST_FIELD(item, id, .primary_key = true)
#define WITH(...) OST_MODELS(MODEL(item, OST_FIELDS(ID, __VA_ARGS__)))
#define CASELESS(...) OST_FIELD(item, __VA_ARGS__, .collation = OST_CASELESS)
#define WRONG(path, rule, ...) wrong("item." path, rule, __VA_ARGS__)

static void wrong(const char *path, const char *rule, const ost_model *const *models)
{
    expect_mistake(models, OST_SCHEMA, path, rule);
}

static const ost_field *folded_of(const ost__model *m, const char *name)
{
    const ost_field *f = ost__model_field_named(m, name);
    assert_non_null(f);
    assert_false(ost__field_is_folded(f));
    assert_true(f < m->fields + m->member_count);
    f = ost__compared_by(f);
    assert_true(ost__field_is_folded(f));
    assert_true(f >= m->fields + m->member_count);
    assert_true(f < m->fields + m->table.field_count);
    assert_string_equal(ost__member_of(f)->name, name);
    assert_string_equal(f->name, name);
    assert_int_equal(f->type, OST_TYPE_TEXT);
    assert_int_equal(f->collation, OST_CASELESS);
    assert_int_equal(ost__member_of(f)->collation, OST_EXACT);
    return f;
}

static void each_has_a_column_behind_the_others(void **state)
{
    (void)state;
    ost__model_set *set = open_set(
        WITH(CASELESS(name, .unique = true, .max_length = 10, .column = "Title"), CASELESS(code),
             CASELESS(other, .not_null = true), OST_FIELD(item, number, .version = true),
             OST_EMBED(item, tag, tag, .flatten = true, .column = "t")));
    const ost__model *m = ost__model_at(set, 0);
    assert_int_equal(m->member_count, 7);
    assert_int_equal(m->table.field_count, 11);
    const ost_field *name = folded_of(m, "name"), *code = folded_of(m, "code");
    const ost_field *other = folded_of(m, "other"), *label = folded_of(m, "tag.label");
    assert_string_equal(name->column, "Title_folded");
    assert_string_equal(code->column, "code_folded");
    assert_string_equal(label->column, "t_label_folded");
    /* The longest fold has its place, and what is absent is so in both. */
    assert_int_equal(name->max_length, 30);
    assert_int_equal(code->max_length, 21);
    assert_int_equal(other->max_length, 0);
    assert_int_equal(label->max_length, 15);
    assert_false(name->not_null);
    assert_true(code->not_null);
    assert_true(other->not_null);
    /* It is unique by the column alone. */
    assert_true(name->unique);
    assert_false(ost__member_of(name)->unique);
    assert_false(code->unique);
    /* They lie behind the struct, beside the version, and no two in the same place. */
    for (uint32_t i = m->member_count; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        assert_true(f->offset >= sizeof(item) && f->offset + f->size <= m->stride);
        assert_int_equal(f->offset % _Alignof(const char *), 0);
        assert_true(f->offset + f->size <= m->version_at ||
                    f->offset >= m->version_at + sizeof(int));
        for (uint32_t k = m->member_count; k < i; k++)
            assert_true(m->fields[k].offset + m->fields[k].size <= f->offset);
    }
    assert_true(m->version_at >= sizeof(item));
    assert_int_equal(m->stride % _Alignof(max_align_t), 0);
    /* Nothing reads them, and programs cannot name them. */
    assert_int_equal(m->load.step_count, 7);
    const ost_member hidden = {
        .path = "name", .offset = name->offset, .size = name->size, .type = name->type
    };
    assert_null(ost__model_field(m, &hidden));
    for (uint32_t i = m->member_count; i < m->table.field_count; i++)
        assert_false(ost__field_set_has(&m->all, i) || ost__field_set_has(&m->ruled, i) ||
                     ost__field_set_has(&m->insert_sets, i));
    ost__model_set_close(set);
}

typedef item indexed;
typedef item indexed_record_;
static const ost_model indexed_model;
static const ost_model indexed_model = {
    .struct_size = sizeof(ost_model),
    .field_size = sizeof(ost_field),
    .relation_size = sizeof(ost_relation),
    .index_size = sizeof(ost_index),
    .index_column_size = sizeof(ost_index_column),
    .member_size = sizeof(ost_member),
    .expr_size = sizeof(ost_expr),
    .abi = OST_ABI,
    .name = "indexed",
    .size = sizeof(item),
    OST_FIELDS(ID, CASELESS(name, .max_length = 10), CASELESS(code)),
    OST_INDEXES({ OST_COLUMNS(OST_ASC(indexed, name), OST_ASC(indexed, id)),
                  .where = OST_WHERE_EQ(indexed, code, OST_TEXT("Stra\303\237e")) },
                { OST_COLUMNS(OST_ASC(indexed, name)), .kind = OST_FULL_TEXT, .name = "words",
                  .where = OST_WHERE_NULL(indexed, name) }),
};

static void indexes_are_of_what_is_kept(void **state)
{
    (void)state;
    ost__model_set *set = open_set(OST_MODELS(&indexed_model));
    const ost__model *m = ost__model_at(set, 0);
    const ost_table_index *x = m->table.indexes;
    assert_int_equal(m->table.index_count, 2);
    assert_ptr_equal(x[0].fields[0], folded_of(m, "name"));
    assert_ptr_equal(x[0].fields[1], &m->fields[0]);
    assert_ptr_equal(x[0].where->args[0]->field, folded_of(m, "code"));
    assert_ptr_equal(x[0].where->args[1]->field, folded_of(m, "code"));
    assert_string_equal(x[0].where->args[1]->constant->as.text, "strasse");
    /* Words are looked for in the text, and both are absent together. */
    assert_ptr_equal(x[1].fields[0], ost__model_field_named(m, "name"));
    assert_ptr_equal(x[1].where->args[0]->field, ost__model_field_named(m, "name"));
    ost__model_set_close(set);
}

static void what_cannot_be_caseless(void **state)
{
    (void)state;
    static const char long_column[] = "a123456789b123456789c123456789d123456789e123456789f12345678";
    WRONG("number", "collation", WITH(CASELESS(number)));
    WRONG("at", "collation", WITH(CASELESS(at)));
    WRONG("name", "collation", WITH(CASELESS(name, .hashed = true)));
    WRONG("name", "collation", WITH(CASELESS(name, .values = OST_NAMES("a", "b"))));
    WRONG("name", "collation",
          OST_MODELS(MODEL(item, .adopted = true, OST_FIELDS(ID, CASELESS(name)))));
    WRONG("code", "collation",
          OST_MODELS(MODEL(item, OST_FIELDS(CASELESS(code, .primary_key = true)))));
    WRONG("words", "collation", WITH(OST_ITEMS(item, words, .collation = OST_CASELESS)));
    WRONG("tag", "collation", WITH(OST_EMBED(item, tag, tag)));
    WRONG("tags", "collation", WITH(OST_EMBEDS(item, tags, tag)));
    WRONG("tag.label", "collation",
          OST_MODELS(MODEL(item, .adopted = true,
                           OST_FIELDS(ID, OST_EMBED(item, tag, tag, .flatten = true)))));
    expect_mistake(WITH(OST_EMBED(item, part, part, .flatten = true)), OST_SCHEMA, "part.tag",
                   "collation");
    WRONG("name", "max_length", WITH(CASELESS(name, .unique = true)));
    WRONG("name", "name", WITH(CASELESS(name, .column = long_column)));
    WRONG("name", "column", WITH(CASELESS(name), OST_FIELD(item, other, .column = "Name_Folded")));
    WRONG("other", "column", WITH(CASELESS(name, .column = "other_folded"), CASELESS(other)));
}

/* What stood beside a member once is not another one's. */
static void former_columns_are_of_one_member(void **state)
{
    (void)state;
    WRONG("name", "was",
          WITH(CASELESS(name, .was = "mail"), OST_FIELD(item, other, .column = "Mail_Folded")));
    WRONG("name", "was",
          WITH(CASELESS(name, .was = "mail"), OST_FIELD(item, other, .was = "mail_folded")));
    WRONG("name", "was",
          WITH(OST_FIELD(item, other, .was = "mail_folded"), CASELESS(name, .was = "mail")));
    WRONG("tag.label", "was",
          WITH(OST_FIELD(item, other, .column = "was_t_label_folded"),
               OST_EMBED(item, tag, tag, .flatten = true, .column = "t", .was = "was_t")));
    /* One mistake is told once. */
    WRONG("other", "was", WITH(CASELESS(name, .was = "mail"), CASELESS(other, .was = "mail")));
    WRONG("other", "was", WITH(CASELESS(name), CASELESS(other, .was = "name_folded")));
    ost__model_set_close(open_set(WITH(CASELESS(name, .was = "mail"), CASELESS(other))));
    ost__model_set_close(open_set(
        WITH(CASELESS(name, .was = "other"), OST_FIELD(item, other, .column = "another"))));
}

/* What a fold has is there in full, and a failure of memory is told. */
static void shadows_are_filled(void **state)
{
    (void)state;
    ost__model_set *set = open_set(WITH(CASELESS(name), CASELESS(code), CASELESS(other)));
    const ost__model *m = ost__model_at(set, 0);
    const ost_field *name = folded_of(m, "name"), *code = folded_of(m, "code");
    const ost_field *other = folded_of(m, "other");
    ost_error error;
    ost__arena arena;
    ost__arena_init(&arena, &test_memory, 256);
    const ost__rules rules = { .scratch = &arena, .error = &error };
    _Alignas(max_align_t) char shadow[sizeof(item) + 128];
    assert_true(m->stride <= sizeof shadow);
    memset(shadow, 0x55, sizeof shadow);
    memcpy(shadow, &(item){ .name = "Stra\303\237e", .code = "ABCDEFG" }, sizeof(item));
    assert_int_equal(ost__rules_insert(m, shadow, &rules), OST_OK);
    assert_string_equal(ost__member_value(name, shadow).as.text, "strasse");
    assert_string_equal(ost__member_value(code, shadow).as.text, "abcdefg");
    assert_true(ost__member_is_null(other, shadow));
    ost__field_set which = { { 0 } };
    ost__field_set_add(&which, ost__field_index(m, ost__member_of(code)));
    ((item *)(void *)shadow)->name = "changed";
    strcpy(((item *)(void *)shadow)->code, "X");
    assert_int_equal(ost__rules_update(m, shadow, &which, &rules), OST_OK);
    assert_string_equal(ost__member_value(name, shadow).as.text, "strasse");
    assert_string_equal(ost__member_value(code, shadow).as.text, "x");
    ost__arena_finish(&arena);
    ost__model_set_close(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_a_column_behind_the_others),
        cmocka_unit_test(indexes_are_of_what_is_kept),
        cmocka_unit_test(what_cannot_be_caseless),
        cmocka_unit_test(former_columns_are_of_one_member),
        cmocka_unit_test(shadows_are_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
