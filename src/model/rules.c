/* SPDX-License-Identifier: MIT */
#include "model/rules.h"

#include "base/error.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/validate.h"

static void store_default(const ost_field *f, void *record)
{
    ost_value v = *f->default_value;
    if (ost__value_fit(f, &v) == OST__FIT_OK)
        ost__member_store(f, record, &v);
}

void ost__rules_defaults(const ost__model *m, void *record)
{
    for (uint32_t i = 0; i < m->table.field_count; i++)
        if (m->fields[i].default_value)
            store_default(&m->fields[i], record);
}

static void store_stamp(const ost_field *f, void *shadow, ost_time now)
{
    const int64_t day = INT64_C(86400000000);
    ost_value v = { .type = OST_TYPE_TIME, .as = { .time = now } };
    if (ost__base_type(f->type) == OST_TYPE_DATE) {
        int64_t days = now.microseconds / day - (now.microseconds % day < 0);
        v = (ost_value){ .type = OST_TYPE_DATE, .as = { .date = { (int32_t)days } } };
    }
    ost__member_store(f, shadow, &v);
}

static void store_generated(const ost_field *f, void *shadow, ost__identity *identity)
{
    ost_value v;
    switch (f->generated) {
    case OST_UUID_V4:
        v = (ost_value){ .type = OST_TYPE_UUID, .as = { .uuid = ost__uuid_v4(identity) } };
        break;
    case OST_UUID_V7:
        v = (ost_value){ .type = OST_TYPE_UUID, .as = { .uuid = ost__uuid_v7(identity) } };
        break;
    case OST_NEW_OBJECT_ID:
        v = (ost_value){ .type = OST_TYPE_OBJECT_ID,
                         .as = { .object_id = ost__object_id_new(identity) } };
        break;
    default: return;
    }
    ost__member_store(f, shadow, &v);
}

static bool set_has_any(const ost__field_set *s)
{
    for (size_t i = 0; i < sizeof s->words / sizeof s->words[0]; i++)
        if (s->words[i])
            return true;
    return false;
}

ost_status ost__rules_insert(const ost__model *m, void *shadow, const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r };
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (!ost__field_set_has(&m->insert_sets, i))
            continue;
        if (f->default_value && ost__type_is_optional(f->type) && ost__member_is_null(f, shadow))
            store_default(f, shadow);
        if (!ost__member_is_zero(f, shadow))
            continue;
        if (f->stamp != OST_NEVER)
            store_stamp(f, shadow, r->now);
        store_generated(f, shadow, r->identity);
    }
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (!ost__field_set_has(&m->ruled, i))
            continue;
        /* A key that the database will make breaks no bounds yet. */
        if (f == m->table.auto_key && ost__member_is_zero(f, shadow))
            continue;
        ost__validate_member(&verdict, f, shadow);
    }
    return ost__verdict_finish(&verdict);
}

ost_status ost__rules_update(const ost__model *m, void *shadow, ost__field_set *which,
                             const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r };
    if (!set_has_any(which))
        return OST_OK;
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        if (!ost__field_set_has(&m->update_sets, i))
            continue;
        store_stamp(&m->fields[i], shadow, r->now);
        ost__field_set_add(which, i);
    }
    for (uint32_t i = 0; i < m->table.field_count; i++)
        if (ost__field_set_has(which, i) && ost__field_set_has(&m->ruled, i))
            ost__validate_member(&verdict, &m->fields[i], shadow);
    return ost__verdict_finish(&verdict);
}

/* Whether the value is of a kind that the field takes: checked before its rules are. */
static bool is_of_kind(const ost_field *f, const ost_value *v)
{
    if (v->type == OST_TYPE_NONE)
        return true;
    if (ost__type_is_text(f->type))
        return v->type == OST_TYPE_TEXT && v->as.text;
    ost_value copy = *v;
    return ost__value_fit(f, &copy) != OST__FIT_KIND;
}

ost_status ost__rules_value(const ost__model *m, const ost_field *f, ost_value *v,
                            const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r };
    if (!is_of_kind(f, v)) {
        ost__error_set(r->error, OST_MISUSE, "%s.%s is %s: a value of another kind was given",
                       m->table.model, f->name, ost__type_name(f->type));
        ost__error_about(r->error, m->table.model, f->name);
        return OST_MISUSE;
    }
    if (v->type == OST_TYPE_NONE && !ost__field_nullable(f)) {
        ost_field strict = *f;
        strict.not_null = true;
        ost__validate_value(&verdict, &strict, v);
    } else {
        ost__validate_value(&verdict, f, v);
    }
    return ost__verdict_finish(&verdict);
}
