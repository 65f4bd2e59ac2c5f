/* SPDX-License-Identifier: MIT */
#include "model/check.h"

#include <stdalign.h>
#include <string.h>

#include "model/caseless.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/parts.h"

/* What every version of the library could read: later members are optional. */
enum {
    MODEL_HEAD = offsetof(ost_model, table),
    MODEL_LEAST = offsetof(ost_model, relations),
    FIELD_LEAST = offsetof(ost_field, embeds)
};
/* Of a struct, so that what lies behind it has an offset too. */
#define SIZE_MOST (UINT32_MAX - 65536)

bool ost__model_is(const ost__model *m, const ost_model *given)
{
    if (m->identity != given->fields)
        return false;
    return m->table.model == given->name ||
           (given->name && strcmp(m->table.model, given->name) == 0);
}

bool ost__model_read(ost__check *c, const ost_model *given, uint32_t position, ost_model *out)
{
    char *name = ost__check_alloc(c, OST__NAME_MAX + 1, 1, 1);
    if (!name)
        return false;
    ost__print(name, OST__NAME_MAX + 1, "model %u", (unsigned)position + 1);
    c->model = name;
    memset(out, 0, sizeof *out);
    if (given->struct_size < MODEL_HEAD) {
        ost__check_fail(c, NULL, "struct_size",
                        "has a .struct_size of %u: write the model with OST_MODEL()",
                        (unsigned)given->struct_size);
        return false;
    }
    if (given->name && *given->name)
        c->model = given->name;
    if (given->abi != OST_ABI) {
        ost__check_fail(c, NULL, "abi",
                        "was made for interface %u, but this library has %u: build it anew with "
                        "this library's headers",
                        (unsigned)given->abi, (unsigned)OST_ABI);
        return false;
    }
    if (given->struct_size < MODEL_LEAST || given->field_size < FIELD_LEAST) {
        ost__check_fail(c, NULL, "struct_size",
                        "has a .struct_size of %u and a .field_size of %u: write the model with "
                        "OST_MODEL()",
                        (unsigned)given->struct_size, (unsigned)given->field_size);
        return false;
    }
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    if (!out->name || !ost__check_name(c, NULL, "model", out->name)) {
        if (!out->name)
            ost__check_fail(c, NULL, "name", "has no .name: write it with OST_MODEL()");
        return false;
    }
    return true;
}

/* Field `i` of the program, whatever its version; false at the end. */
static bool read_field(const ost_model *copy, uint32_t i, ost_field *out)
{
    const char *p = (const char *)copy->fields + (size_t)i * copy->field_size;
    memset(out, 0, sizeof *out);
    memcpy(out, p, copy->field_size < sizeof *out ? copy->field_size : sizeof *out);
    return out->name != NULL;
}

/* A field with what it embeds. */
static bool complete_field(ost__check *c, const ost_model *copy, uint32_t i, ost_field *out)
{
    read_field(copy, i, out);
    out->part = NULL;
    out->inside = NULL;
    out->path = NULL;
    out->reserved_ = 0;
    if (!out->column)
        out->column = out->name;
    if (out->converts && !ost__check_conversion(c, out))
        return false;
    bool structs = out->type == OST_TYPE_EMBEDDED ||
                   (out->type == OST_TYPE_LIST && out->item_type == OST_TYPE_EMBEDDED);
    const ost__model *part = structs ? ost__part_of(c, out) : NULL;
    if (part)
        out->part = &part->table;
    return part || !structs;
}

/* Columns first, then the members inside documents. */
static bool place_fields(ost__check *c, ost__model *m, const ost_model *copy, uint32_t given)
{
    uint32_t columns = 0, own = 0, inner = 0;
    ost_field *fields = ost__check_alloc(c, given, sizeof *fields, alignof(ost_field));
    if (!fields)
        return false;
    for (uint32_t i = 0; i < given; i++) {
        if (!complete_field(c, copy, i, &fields[i]))
            return false;
        columns += ost__part_columns(&fields[i]);
        inner += ost__part_members(&fields[i]);
        own += m->is_part ? 0 : ost__caseless_columns(&fields[i]);
    }
    uint32_t all = columns + own + inner;
    if (all > OST__FIELDS_MAX) {
        ost__check_fail(c, NULL, "fields",
                        "has more than %d fields with those inside its documents, which is the "
                        "most",
                        (int)OST__FIELDS_MAX);
        return false;
    }
    m->fields = ost__check_alloc(c, all, sizeof *m->fields, alignof(ost_field));
    m->by_offset = ost__check_alloc(c, all, sizeof *m->by_offset, alignof(uint32_t));
    m->steps = ost__check_alloc(c, columns, sizeof *m->steps, alignof(ost_row_step));
    if (!m->fields || !m->by_offset || !m->steps)
        return false;
    for (uint32_t i = 0, at = 0; i < given; i++)
        at += ost__part_flatten(c, &fields[i], &m->fields[at]);
    for (uint32_t i = 0, at = columns + own; i < columns; i++)
        at += ost__part_open(c, &m->fields[i], &m->fields[at]);
    for (uint32_t i = 0; i < columns; i++)
        ost__field_set_add(&m->all, i);
    for (uint32_t i = 0; i < columns; i++)
        if (m->fields[i].converts)
            m->fields[i].offset =
                ost__model_slot(m, m->fields[i].size, ost__type_align(m->fields[i].type));
    m->table.fields = m->fields;
    m->member_count = columns;
    m->table.field_count = columns + own;
    m->table.inner_count = inner;
    ost__caseless_add(c, m);
    return true;
}

static bool copy_fields(ost__check *c, ost__model *m, const ost_model *copy)
{
    ost_field f;
    uint32_t count = 0;
    while (copy->fields && count <= OST__FIELDS_MAX && read_field(copy, count, &f))
        count++;
    if (count == 0) {
        ost__check_fail(c, NULL, "fields", "has no fields: add .fields with OST_FIELDS()");
        return false;
    }
    if (count > OST__FIELDS_MAX) {
        ost__check_fail(c, NULL, "fields", "has more than %d fields, which is the most",
                        (int)OST__FIELDS_MAX);
        return false;
    }
    return place_fields(c, m, copy, count);
}

/* A column that an embedded struct became: checked where the struct was. */
static bool is_flattened(const ost_field *f)
{
    return strchr(f->name, '.') != NULL;
}

/* What a column was called is the name of nothing else. */
static void check_former(ost__check *c, const ost__model *m, const ost_field *f)
{
    if (m->is_part || !f->was || !ost__check_name(c, f->name, "former column", f->was))
        return;
    if (m->table.adopted)
        ost__check_fail(c, f->name, "was",
                        "has a .was, but its table was made by others and is never altered: leave "
                        "it out");
    if (ost__names_equal(f->was, OST_LIVING_COLUMN))
        ost__check_fail(c, f->name, "was",
                        "has .was = \"%s\", which the library keeps for soft deletes: correct it",
                        f->was);
    if (ost__names_equal(f->was, f->column))
        ost__check_fail(c, f->name, "was",
                        "has .was = \"%s\", which is the name that it has: leave it out", f->was);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *other = &m->fields[i];
        bool now = other != f && ost__names_equal(other->column, f->was);
        bool before = other < f && other->was && ost__names_equal(other->was, f->was);
        if (now || before)
            ost__check_fail(c, f->name, "was",
                            "has .was = \"%s\", which is %s %s: a column becomes one other", f->was,
                            now ? "the column of" : "the former name of", other->name);
    }
}

static void check_names(ost__check *c, const ost__model *m)
{
    const ost_field *fields = m->fields;
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &fields[i];
        if (!is_flattened(f) && !ost__check_name(c, f->name, "member", f->name))
            continue;
        if (f->column != f->name)
            ost__check_name(c, f->name, "column", f->column);
        check_former(c, m, f);
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(fields[j].name, f->name) == 0) {
                ost__check_fail(c, f->name, "field", "is listed twice: remove one");
                break;
            }
            if (ost__names_equal(fields[j].column, f->column)) {
                ost__check_fail(c, f->name, "column",
                                "has the column %s, as has %s: give one of them another .column",
                                f->column, fields[j].name);
                break;
            }
        }
    }
}

/* The first `count` fields by ascending offset; nearly always in this order already. */
static void sort_by_offset(ost__model *m, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;
        for (; at > 0 &&
               ost__field_place(&m->fields[m->by_offset[at - 1]]) > ost__field_place(&m->fields[i]);
             at--)
            m->by_offset[at] = m->by_offset[at - 1];
        m->by_offset[at] = i;
    }
}

static void check_overlaps(ost__check *c, const ost__model *m)
{
    for (uint32_t i = 1; i < m->member_count; i++) {
        const ost_field *a = &m->fields[m->by_offset[i - 1]];
        const ost_field *b = &m->fields[m->by_offset[i]];
        if (ost__field_place(b) - ost__field_place(a) < ost__field_place_size(a) &&
            strcmp(a->name, b->name) != 0)
            ost__check_fail(c, b->name, "offset",
                            "overlaps with %s: two fields cannot share memory", a->name);
    }
}

/* Hooks, and what is not built yet. */
static void compile_hooks(ost__check *c, ost__model *m, const ost_model *copy)
{
    const struct {
        bool given;
        uint16_t calls;
        const char *name;
    } hooks[] = {
        { copy->before_validate != NULL, OST__CALLS_WRITE, "before_validate" },
        { copy->after_validate != NULL, OST__CALLS_WRITE, "after_validate" },
        { copy->before_save != NULL, OST__CALLS_WRITE, "before_save" },
        { copy->before_insert != NULL, OST__CALLS_WRITE, "before_insert" },
        { copy->before_update != NULL, OST__CALLS_WRITE, "before_update" },
        { copy->after_insert != NULL, OST__CALLS_WRITE | OST__CALLS_WRITTEN, "after_insert" },
        { copy->after_update != NULL, OST__CALLS_WRITE | OST__CALLS_WRITTEN, "after_update" },
        { copy->after_save != NULL, OST__CALLS_WRITE | OST__CALLS_WRITTEN, "after_save" },
        { copy->before_delete != NULL, OST__CALLS_DELETE, "before_delete" },
        { copy->after_delete != NULL, OST__CALLS_DELETE | OST__CALLS_DELETED, "after_delete" },
        { copy->after_load != NULL, OST__CALLS_LOAD, "after_load" },
    };
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++) {
        if (hooks[i].given && m->is_part)
            ost__check_fail(c, NULL, hooks[i].name,
                            "has a .%s, but no key: hooks are for records, so leave it out",
                            hooks[i].name);
        else if (hooks[i].given)
            m->calls |= hooks[i].calls;
    }
}

static void compile_keys(ost__check *c, ost__model *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->table.field_count; i++)
        count += m->fields[i].primary_key;
    if (count == 0) {
        ost__check_fail(c, NULL, "primary_key",
                        "has no key: add .primary_key = true to a field (the shape of a result "
                        "needs none, and is not listed in .models)");
        return;
    }
    const ost_field **keys = ost__check_alloc(c, count, sizeof *keys, alignof(ost_field *));
    if (!keys)
        return;
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        ost_field *f = &m->fields[i];
        if (!f->primary_key)
            continue;
        if (f->type == OST_TYPE_TEXT)
            f->not_null = true;
        if (f->generated == OST_AUTO_INCREMENT && count > 1)
            ost__check_fail(c, f->name, "generated",
                            "OST_AUTO_INCREMENT needs to be the only member of the key");
        else if (f->generated == OST_AUTO_INCREMENT)
            m->table.auto_key = f;
        ost__field_set_add(&m->keys, i);
        keys[m->table.key_count++] = f;
    }
    m->table.keys = keys;
}

static ost_row_program program_of(const ost__model *m, const ost_row_step *steps, uint32_t count)
{
    return (ost_row_program){
        .struct_size = sizeof(ost_row_program),
        .step_size = sizeof(ost_row_step),
        .step_count = count,
        .row_size = (uint32_t)m->width,
        .steps = steps,
    };
}

/* What records are loaded by, unless hidden members are asked for. */
static void compile_visible(ost__check *c, ost__model *m)
{
    uint32_t count = 0;
    ost_row_step *steps;
    m->visible = m->load;
    if (!m->has_left_out)
        return;
    steps = ost__check_alloc(c, m->member_count, sizeof *steps, alignof(ost_row_step));
    for (uint32_t i = 0; steps && i < m->member_count; i++)
        if (!ost__field_is_left_out(&m->fields[i])) {
            steps[count] = ost__row_step(&m->fields[i], count);
            count++;
        }
    m->visible = program_of(m, steps, count);
}

static void compile_steps(ost__model *m)
{
    for (uint32_t i = 0; i < m->member_count; i++)
        m->steps[i] = ost__row_step(&m->fields[i], i);
    m->load = program_of(m, m->steps, m->member_count);
}

/* Whether storing the field needs a look at its value first. */
static bool is_ruled(const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    if (f->trim || f->lowercase || f->values || f->min || f->max || f->min_length || f->max_length)
        return true;
    if (f->required || f->not_null || f->check || f->transform)
        return true;
    return ost__type_is_text(base) || ost__type_is_real(base) || base == OST_TYPE_DECIMAL ||
           base == OST_TYPE_TIME || base == OST_TYPE_DATE || base >= OST_TYPE_JSON;
}

/* Whether writing a part may set members of it that the program left empty. */
static bool part_sets(const ost_table *t)
{
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *f = &t->fields[i];
        bool within = f->type == OST_TYPE_EMBEDDED && f->part && part_sets(f->part);
        if (within || f->generated != OST_GIVEN || f->stamp != OST_NEVER ||
            (f->default_value && ost__type_is_optional(f->type)))
            return true;
    }
    return false;
}

static void compile_sets(ost__model *m)
{
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &m->fields[i];
        bool made = f->generated != OST_GIVEN && f->generated != OST_AUTO_INCREMENT;
        bool absent = f->default_value && ost__type_is_optional(f->type);
        if (is_ruled(f))
            ost__field_set_add(&m->ruled, i);
        bool stamped = f->stamp == OST_ON_INSERT || f->stamp == OST_ON_UPDATE;
        bool within = f->part && part_sets(f->part);
        if (made || absent || stamped || within || f->trim || f->lowercase || f->transform ||
            ost__field_keeps_seconds(f))
            ost__field_set_add(&m->insert_sets, i);
        if (f->version)
            ost__field_set_add(&m->insert_sets, i);
        if (f->stamp == OST_ON_UPDATE || f->version)
            ost__field_set_add(&m->update_sets, i);
        if (f->immutable) {
            ost__field_set_add(&m->immutable, i);
            m->has_immutable = true;
        }
        if (ost__field_is_left_out(f)) {
            ost__field_set_add(&m->left_out, i);
            m->has_left_out = true;
        }
    }
}

uint32_t ost__model_slot(ost__model *m, uint32_t size, uint32_t align)
{
    size_t at = m->width + (align - m->width % align) % align;
    m->width = ost__size_aligned(at + size);
    return (uint32_t)at;
}

uint32_t ost__model_shadow_slot(ost__model *m, size_t size, size_t align)
{
    size_t at = (m->slots + align - 1) / align * align;
    m->slots = at + size;
    m->stride = ost__size_aligned(m->slots);
    return (uint32_t)at;
}

/* The member that counts a record's changes. */
static void compile_version(ost__check *c, ost__model *m)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (f->version && m->version)
            ost__check_fail(c, f->name, "version", "is a version, as is %s: leave one of them out",
                            m->version->name);
        else if (f->version)
            m->version = f;
    }
}

/* What lies behind shadows: the version that the record had, and what is kept of caseless members.
 */
static void compile_shadows(ost__model *m)
{
    m->stride = m->slots = m->width;
    if (m->version)
        m->version_at =
            ost__model_shadow_slot(m, m->version->size, ost__type_align(m->version->type));
    ost__caseless_place(m);
}

/* The member that says when a record was soft-deleted. */
static void compile_deleted(ost__check *c, ost__model *m)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (!m->table.adopted && ost__names_equal(f->column, OST_LIVING_COLUMN))
            ost__check_fail(c, f->name, "column",
                            "has the column %s, which the library keeps for soft deletes: give it "
                            "another .column",
                            f->column);
        if (f->stamp != OST_ON_DELETE)
            continue;
        if (m->table.deleted)
            ost__check_fail(c, f->name, "stamp",
                            "is stamped when a record is deleted, as %s is: a model has one such "
                            "member",
                            m->table.deleted->name);
        m->table.deleted = f;
    }
}

static bool is_hashed(const ost_field *f)
{
    return f->hashed;
}

static bool is_converted(const ost_field *f)
{
    return f->converts;
}

static bool is_immutable(const ost_field *f)
{
    return f->immutable;
}

/* The fields from `first` on of which something holds. */
static const ost_field **list_of(ost__check *c, const ost__model *m, uint32_t first, uint32_t end,
                                 bool (*holds)(const ost_field *f), uint32_t *count)
{
    for (uint32_t i = first; i < end; i++)
        *count += holds(&m->fields[i]);
    const ost_field **list =
        *count > 0 ? ost__check_alloc(c, *count, sizeof(*list), alignof(ost_field *)) : NULL;
    if (!list)
        *count = 0;
    for (uint32_t i = first, at = 0; list && i < end; i++)
        if (holds(&m->fields[i]))
            list[at++] = &m->fields[i];
    return list;
}

static void compile_lists(ost__check *c, ost__model *m)
{
    uint32_t columns = m->table.field_count, all = columns + m->table.inner_count;
    m->hashed = list_of(c, m, 0, columns, is_hashed, &m->hashed_count);
    m->converted = list_of(c, m, 0, columns, is_converted, &m->converted_count);
    m->sealed = list_of(c, m, columns, all, is_immutable, &m->sealed_count);
    m->kept = m->immutable;
    for (uint32_t i = 0; i < m->sealed_count; i++)
        ost__field_set_add(&m->kept, ost__column_of(m, m->sealed[i]));
}

/* What the check made of a list of values holds for its items, which were copied before. */
static void settle_items(ost__model *m)
{
    ost_field *end = m->fields + m->table.field_count + m->table.inner_count;
    for (ost_field *f = m->fields + m->table.field_count; f < end; f++) {
        const ost_field *list = f->inside;
        if (list->type != OST_TYPE_LIST)
            continue;
        f->messages = list->messages;
        f->reserved_ = list->reserved_;
    }
}

static bool check_size(ost__check *c, const ost_model *copy)
{
    if (copy->size > 0 && copy->size <= SIZE_MOST)
        return true;
    ost__check_fail(c, NULL, "size", "has a struct of %zu bytes: write it with OST_MODEL()",
                    copy->size);
    return false;
}

/* What a name with a point would be in which schema, nobody could say. */
static void check_schema(ost__check *c, ost__model *m)
{
    const char *schema = m->table.schema;
    if (!schema)
        return;
    if (!ost__check_name(c, NULL, "schema", schema))
        m->table.schema = NULL;
    else if (strchr(schema, '.'))
        ost__check_fail(c, NULL, "schema",
                        "the name of the schema %s has a point in it: choose one without", schema);
}

ost__model *ost__model_compile(ost__check *c, const ost_model *given, const ost_model *copy,
                               bool part)
{
    c->model = copy->name;
    ost__model *m = ost__check_alloc(c, 1, sizeof *m, alignof(ost__model));
    if (!m || !check_size(c, copy))
        return NULL;
    m->source = m->given = given;
    if (given->struct_size < sizeof *copy) {
        ost_model *complete = ost__check_alloc(c, 1, sizeof *complete, alignof(ost_model));
        if (!complete)
            return NULL;
        *complete = *copy;
        m->source = complete;
    }
    m->identity = copy->fields;
    m->size = m->width = copy->size;
    m->is_part = part;
    m->table.struct_size = sizeof m->table;
    m->table.model = copy->name;
    m->table.name = copy->table ? copy->table : copy->name;
    m->table.schema = part ? NULL : copy->schema;
    m->table.adopted = copy->adopted;
    m->table.record_size = copy->size;
    ost__model_started(c, given, m);
    if (m->table.name != copy->name)
        ost__check_name(c, NULL, "table", m->table.name);
    check_schema(c, m);
    if (!copy_fields(c, m, copy))
        return NULL;
    check_names(c, m);
    for (uint32_t i = 0; i < m->member_count; i++) {
        m->has_flattened |= is_flattened(&m->fields[i]);
        if (!is_flattened(&m->fields[i])) {
            ost__check_field(c, m, &m->fields[i]);
            ost__check_rules(c, &m->fields[i]);
        }
    }
    settle_items(m);
    ost__caseless_check(c, m);
    sort_by_offset(m, m->member_count);
    check_overlaps(c, m);
    sort_by_offset(m, m->table.field_count + m->table.inner_count);
    compile_hooks(c, m, copy);
    ost__check_computed(c, m, copy->computed);
    if (!part) {
        compile_keys(c, m);
        compile_deleted(c, m);
        compile_version(c, m);
    }
    compile_shadows(m);
    compile_steps(m);
    compile_sets(m);
    compile_lists(c, m);
    ost__parts_settle(c, m);
    if (m->has_functions)
        m->calls |= OST__CALLS_WRITE;
    compile_visible(c, m);
    return m;
}
