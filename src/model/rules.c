/* SPDX-License-Identifier: MIT */
#include "model/rules.h"

#include <string.h>

#include "base/error.h"
#include "model/caseless.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/nested.h"
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

ost_value ost__rules_stamp(const ost_field *f, ost_time now)
{
    const int64_t day = INT64_C(86400000000);
    if (ost__base_type(f->type) != OST_TYPE_DATE)
        return (ost_value){ .type = OST_TYPE_TIME, .as = { .time = now } };
    int64_t days = now.microseconds / day - (now.microseconds % day < 0);
    return (ost_value){ .type = OST_TYPE_DATE, .as = { .date = { (int32_t)days } } };
}

static void store_stamp(const ost_field *f, void *shadow, ost_time now)
{
    const ost_value v = ost__rules_stamp(f, now);
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

/* Position of the lowest bit that is set, by the product with a de Bruijn sequence. */
static uint32_t lowest_bit(uint64_t word)
{
    static const uint8_t positions[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
    };
    return positions[((word & (0 - word)) * UINT64_C(0x03f79d71b4cb0a89)) >> 58];
}

static void store_version(const ost_field *f, void *shadow, int64_t version)
{
    const ost_value v = { .type = OST_TYPE_INT64, .as = { .integer = version } };
    ost__member_store(f, shadow, &v);
}

void ost__rules_fill(const ost_field *f, void *shadow, const ost__rules *r)
{
    if (f->version) {
        store_version(f, shadow, 1);
        return;
    }
    if (f->default_value && ost__type_is_optional(f->type) && ost__member_is_null(f, shadow))
        store_default(f, shadow);
    bool stamped = f->stamp == OST_ON_INSERT || f->stamp == OST_ON_UPDATE;
    if (!stamped && f->generated == OST_GIVEN)
        return;
    if (!ost__member_is_zero(f, shadow))
        return;
    if (stamped)
        store_stamp(f, shadow, r->now);
    store_generated(f, shadow, r->identity);
}

/* The last of all: what the rules looked at was the plain text. */
static ost_status hash_value(const ost__model *m, const ost_field *f, const char **text,
                             const ost__rules *r)
{
    char hash[OST__HASH_SIZE];
    ost_status status = ost__password_hash(r->hashing, *text, hash);
    if (status == OST_OK && !(*text = ost__arena_text(r->scratch, hash, strlen(hash))))
        status = OST_NO_MEMORY;
    if (status == OST_OK)
        return OST_OK;
    ost__error_set(r->error, status,
                   status == OST_TIMEOUT ? "the deadline passed before %s.%s was hashed"
                                         : "no memory to hash %s.%s",
                   m->table.model, f->name);
    ost__error_about(r->error, m->table.model, f->name);
    return status;
}

static const char *text_of(const ost_field *f, const void *record)
{
    const char *text = NULL;
    if (record)
        memcpy(&text, ost__member_at(f, record), sizeof(text));
    return text;
}

OST__HOT ost_status ost__rules_seal(const ost__model *m, void *shadow, const ost__field_set *which,
                                    const ost__rules *r)
{
    for (uint32_t i = 0; i < m->hashed_count; i++) {
        const ost_field *f = m->hashed[i];
        const char *text = text_of(f, shadow);
        if (!text || (which && !ost__field_set_has(which, ost__field_index(m, f))) ||
            ost__password_is_hashed(r->hashing, text, text_of(f, r->stored)))
            continue;
        OST_TRY(hash_value(m, f, &text, r));
        memcpy(ost__member_at(f, shadow), &text, sizeof(text));
    }
    return m->member_count < m->table.field_count ? ost__caseless_fill(m, shadow, which, r)
                                                  : OST_OK;
}

static ost_status finish(ost__verdict *d, void *shadow, const ost__field_set *which)
{
    ost_status status = ost__verdict_finish(d);
    if (status != OST_OK || d->rules->checks_only)
        return status;
    return ost__rules_seal(d->model, shadow, which, d->rules);
}

OST__HOT ost_status ost__rules_insert(const ost__model *m, void *shadow, const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r };
    uint32_t words = (m->table.field_count + 63) / 64;
    if (r->call)
        r->call->record = shadow;
    for (uint32_t w = 0; w < words; w++)
        for (uint64_t left = m->insert_sets.words[w]; left; left &= left - 1)
            ost__rules_fill(&m->fields[w * 64 + lowest_bit(left)], shadow, r);
    for (uint32_t w = 0; w < words; w++) {
        for (uint64_t left = m->ruled.words[w]; left; left &= left - 1) {
            const ost_field *f = &m->fields[w * 64 + lowest_bit(left)];
            /* A key that the database will make breaks no bounds yet. */
            if (f != m->table.auto_key || !ost__member_is_zero(f, shadow))
                ost__validate_member(&verdict, f, shadow);
        }
    }
    return finish(&verdict, shadow, NULL);
}

static void refuse_change(ost__verdict *d, const ost_field *f)
{
    ost__validate_refuse(d, f, OST_INVALID, "immutable", "must not change once it is stored");
}

static bool is_inside(const ost_field *f, const ost_field *document)
{
    while (f->inside && f->inside != document)
        f = f->inside;
    return f->inside != NULL;
}

ost_status ost__rules_may_change(const ost__model *m, const ost_field *f, const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r };
    if (f->immutable)
        refuse_change(&verdict, f);
    /* A document as a whole is all that is in it. */
    for (uint32_t i = 0; i < m->sealed_count; i++)
        if (is_inside(m->sealed[i], f))
            refuse_change(&verdict, m->sealed[i]);
    return ost__verdict_finish(&verdict);
}

static void check_sealed(ost__verdict *d, const void *shadow, const ost__field_set *which)
{
    const ost__model *m = d->model;
    const void *stored = d->rules->stored;
    for (uint32_t i = 0; stored && i < m->sealed_count; i++)
        if (ost__field_set_has(which, ost__column_of(m, m->sealed[i])) &&
            !ost__member_equal(m->sealed[i], shadow, stored))
            refuse_change(d, m->sealed[i]);
}

void ost__rules_replaced(const ost__model *m, const void *record, const void *stored,
                         ost__field_set *which)
{
    for (size_t w = 0; w < sizeof which->words / sizeof which->words[0]; w++)
        which->words[w] = m->all.words[w] & ~m->keys.words[w];
    for (size_t w = 0; !stored && w < sizeof which->words / sizeof which->words[0]; w++)
        which->words[w] &= ~m->kept.words[w];
    if (!stored)
        return;
    if (!m->has_immutable && !m->has_left_out)
        return;
    for (size_t w = 0; w < sizeof which->words / sizeof which->words[0]; w++) {
        for (uint64_t left = m->immutable.words[w] | m->left_out.words[w]; left; left &= left - 1)
            if (ost__member_equal(&m->fields[w * 64 + lowest_bit(left)], record, stored))
                which->words[w] &= ~(left & (0 - left));
    }
}

/* Normalises and checks some members. `updating`: of a record that was written before. */
OST__HOT static ost_status check_members(const ost__model *m, void *shadow,
                                         const ost__field_set *which, const ost__rules *r,
                                         bool updating)
{
    ost__verdict verdict = { .model = m, .rules = r, .updating = updating };
    uint32_t words = (m->table.field_count + 63) / 64;
    for (uint32_t w = 0; updating && m->has_immutable && w < words; w++)
        for (uint64_t left = which->words[w] & m->immutable.words[w]; left; left &= left - 1)
            refuse_change(&verdict, &m->fields[w * 64 + lowest_bit(left)]);
    if (updating)
        check_sealed(&verdict, shadow, which);
    for (uint32_t w = 0; w < words; w++)
        for (uint64_t left = which->words[w] & m->ruled.words[w]; left; left &= left - 1)
            ost__validate_member(&verdict, &m->fields[w * 64 + lowest_bit(left)], shadow);
    return finish(&verdict, shadow, which);
}

/* One more than the record had. */
static ost_status count_version(const ost__model *m, void *shadow, const ost__rules *r)
{
    ost_value v = ost__member_value(m->version, shadow);
    bool last = v.type == OST_TYPE_UINT64 ? v.as.natural == UINT64_MAX : v.as.integer == INT64_MAX;
    if (!last && v.type == OST_TYPE_UINT64)
        v.as.natural++;
    else if (!last)
        v.as.integer++;
    if (!last && ost__value_fit(m->version, &v) == OST__FIT_OK) {
        ost__member_store(m->version, shadow, &v);
        return OST_OK;
    }
    ost__error_set(r->error, OST_RANGE, "%s.%s has counted to the end of its type", m->table.model,
                   m->version->name);
    ost__error_about(r->error, m->table.model, m->version->name);
    return OST_RANGE;
}

OST__HOT ost_status ost__rules_update(const ost__model *m, void *shadow, ost__field_set *which,
                                      const ost__rules *r)
{
    uint32_t words = (m->table.field_count + 63) / 64;
    if (!set_has_any(which))
        return OST_OK;
    if (r->call)
        r->call->record = shadow;
    for (uint32_t w = 0; w < words; w++) {
        for (uint64_t left = m->update_sets.words[w]; left; left &= left - 1) {
            const ost_field *f = &m->fields[w * 64 + lowest_bit(left)];
            if (f == m->version)
                OST_TRY(count_version(m, shadow, r));
            else
                store_stamp(f, shadow, r->now);
        }
        which->words[w] |= m->update_sets.words[w];
    }
    return check_members(m, shadow, which, r, true);
}

ost_status ost__rules_some(const ost__model *m, void *shadow, const ost__field_set *which,
                           const ost__rules *r)
{
    if (r->call)
        r->call->record = shadow;
    return check_members(m, shadow, which, r, false);
}

ost_status ost__rules_again(const ost__model *m, void *shadow, const ost__field_set *which,
                            const ost__rules *r)
{
    bool inserts = r->call->operation == OST_CALL_INSERT || r->call->operation == OST_CALL_UPSERT;
    return check_members(m, shadow, which, r, !inserts);
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
    if (r->call)
        r->call->record = NULL;
    if (v->type == OST_TYPE_NONE && !ost__field_nullable(f)) {
        ost_field strict = *f;
        strict.not_null = true;
        ost__validate_value(&verdict, &strict, v);
    } else {
        ost__validate_value(&verdict, f, v);
    }
    OST_TRY(ost__verdict_finish(&verdict));
    if (!f->hashed || v->type == OST_TYPE_NONE ||
        ost__password_is_hashed(r->hashing, v->as.text, NULL))
        return OST_OK;
    return hash_value(m, f, &v->as.text, r);
}

ost_status ost__rules_member(const ost__model *m, const ost_field *f, void *at, const ost__rules *r)
{
    ost__verdict verdict = { .model = m, .rules = r, .updating = true };
    ost__validate_nested(&verdict, f, at);
    return ost__verdict_finish(&verdict);
}
