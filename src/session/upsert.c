/* SPDX-License-Identifier: MIT */
/* From the options of an upsert to its statement. */
#include "session/upsert.h"

#include <string.h>

#include "base/error.h"
#include "model/convert.h"
#include "model/member.h"
#include "query/expr.h"
#include "session/hook.h"
#include "session/image.h"

static ost_status refuse(ost_session *s, const ost__model *m, const ost_field *f, const char *why)
{
    ost__fail(s, OST_MISUSE, "%s%s%s: %s", m->table.model, f ? "." : "", f ? f->name : "", why);
    ost__error_about(&s->error, m->table.model, f ? f->name : NULL);
    return OST_MISUSE;
}

/* A member of the record itself; those inside others have no value of their own in it. */
static const ost_field *field_of(const ost__model *m, const ost_expr *e)
{
    const ost_field *f =
        e->model && e->model->fields == m->identity ? ost__model_field(m, &e->member) : NULL;
    return f && ost__field_index(m, f) < m->table.field_count ? f : NULL;
}

/* ---- the declared key ---- */

static bool has(const ost__upsert *u, const ost_field *f)
{
    for (uint32_t i = 0; i < u->arbiter_count; i++)
        if (u->arbiters[i] == f)
            return true;
    return false;
}

static bool are(const ost__upsert *u, const ost_field *const *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!has(u, fields[i]))
            return false;
    return count == u->arbiter_count;
}

static ost_status find_key(ost_session *s, ost__upsert *u)
{
    const ost__model *m = u->model;
    u->index = OST__NO_INDEX;
    if (are(u, m->table.keys, m->table.key_count))
        return OST_OK;
    /* Among the living a unique member is kept by an index. */
    if (u->arbiter_count == 1 && u->arbiters[0]->unique && (!m->table.deleted || m->table.adopted))
        return OST_OK;
    for (uint32_t i = 0; i < m->table.index_count; i++) {
        const ost_table_index *x = &m->table.indexes[i];
        if (!x->unique || x->kind != OST_BTREE || x->collation != OST_EXACT || x->where ||
            !are(u, x->fields, x->field_count))
            continue;
        u->index = i;
        return OST_OK;
    }
    return refuse(s, m, u->arbiters[0],
                  "is no declared key: an upsert meets records by the primary key, a .unique "
                  "member, or all members of a unique index without a condition");
}

ost_status ost__upsert_key(ost_session *s, const ost_expr *const *key, ost__upsert *u)
{
    const ost__model *m = u->model;
    size_t count = ost__expr_arg_count(key);
    u->arbiter_count = 0;
    if (count == 0 || count > OST__ARBITERS_MAX)
        return refuse(s, m, NULL, "the key of an upsert has a NULL, no member, or too many");
    for (size_t i = 0; i < count; i++) {
        const ost_field *f = key[i]->op == OST_OP_MEMBER ? field_of(m, key[i]) : NULL;
        if (!f)
            return refuse(s, m, NULL,
                          "the key of an upsert is of members of its model, not of such inside "
                          "others: ost_col");
        f = ost__compared_by(f);
        if (has(u, f))
            return refuse(s, m, f, "is twice in the key of an upsert");
        u->arbiters[u->arbiter_count++] = f;
    }
    return find_key(s, u);
}

/* ---- actions ---- */

static void drop(ost__field_set *set, uint32_t i)
{
    set->words[i >> 6] &= ~((uint64_t)1 << (i & 63));
}

/* What is set only when a record is new stays as it is. */
static void set_defaults(ost__upsert *u, bool keep)
{
    const ost__model *m = u->model;
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &m->fields[i];
        bool follows = ost__field_set_has(&m->update_sets, i);
        if (ost__field_set_has(&m->keys, i) || has(u, f))
            continue;
        if (follows)
            ost__field_set_add(&u->follows, i);
        else if (!keep && !ost__field_set_has(&m->kept, i) && f->stamp == OST_NEVER)
            ost__field_set_add(&u->sets, i);
    }
}

static bool is_number(const ost_field *f)
{
    enum ost__class kind = ost__class_of(f->type, f);
    return kind == OST__CLASS_INT || kind == OST__CLASS_REAL || kind == OST__CLASS_DECIMAL;
}

static ost_status read_action(ost_session *s, const ost_expr *e, ost__field_set *seen,
                              ost__upsert *u)
{
    const ost__model *m = u->model;
    const ost_field *f = field_of(m, e);
    if (!f)
        return refuse(
            s, m, NULL,
            "an action of an upsert is about no member of its model, or about one inside another");
    uint32_t i = ost__field_index(m, f);
    if (ost__field_set_has(seen, i))
        return refuse(s, m, f, "has two actions in one upsert");
    ost__field_set_add(seen, i);
    if (e->op != OST_OP_KEEP && (ost__field_set_has(&m->keys, i) || has(u, f)))
        return refuse(s, m, f, "is part of a key, which an upsert does not change");
    if (f->version)
        return refuse(s, m, f, "is a version, which the library counts with every change");
    if (e->op != OST_OP_KEEP && ost__field_set_has(&m->kept, i))
        return refuse(s, m, f, "is immutable, or holds what is: an upsert can only keep it");
    drop(&u->sets, i);
    drop(&u->follows, i);
    switch (e->op) {
    case OST_OP_KEEP: return OST_OK;
    case OST_OP_SET: ost__field_set_add(&u->sets, i); return OST_OK;
    case OST_OP_FILL: ost__field_set_add(&u->fills, i); return OST_OK;
    case OST_OP_INC:
        if (!is_number(f))
            return refuse(s, m, f, "is no number that can be added to");
        if (f->check || f->transform)
            return refuse(s, m, f,
                          "has a .check or .transform, which cannot look at a sum: set it, or keep "
                          "it");
        ost__field_set_add(&u->adds, i);
        return OST_OK;
    default:
        return refuse(s, m, f,
                      "an action is one of ost_upsert_set, ost_upsert_keep, ost_upsert_add and "
                      "ost_upsert_fill");
    }
}

/* A struct knows what it sets, and its key; of the rest it must be told. */
static void choose_given_back(ost__upsert *u)
{
    const ost__model *m = u->model;
    for (uint32_t i = 0; i < m->member_count; i++)
        if (!ost__field_set_has(&u->sets, i) && !has(u, &m->fields[i]))
            ost__field_set_add(&u->given_back, i);
}

ost_status ost__upsert_read(ost_session *s, const ost__model *m, const ost_upsert_options *given,
                            ost__upsert *u)
{
    ost_upsert_options o = { .struct_size = sizeof(o) };
    ost__field_set seen = { { 0 } };
    memset(u, 0, sizeof(*u));
    u->model = m;
    if (given && given->struct_size == 0)
        return ost__fail(s, OST_MISUSE,
                         "the options' struct_size is 0; write them with OST_UPSERT(…)");
    if (given)
        memcpy(&o, given, given->struct_size < sizeof(o) ? given->struct_size : sizeof(o));
    if (o.key) {
        OST_TRY(ost__upsert_key(s, o.key, u));
    } else {
        u->arbiter_count = m->table.key_count;
        if (u->arbiter_count > OST__ARBITERS_MAX)
            return refuse(s, m, NULL, "has a key of too many members for an upsert");
        memcpy(u->arbiters, m->table.keys, u->arbiter_count * sizeof(u->arbiters[0]));
        OST_TRY(find_key(s, u));
    }
    set_defaults(u, o.keep);
    size_t count = o.actions ? ost__expr_arg_count(o.actions) : 0;
    if (count == SIZE_MAX)
        return refuse(s, m, NULL, "a NULL is among the actions of an upsert");
    for (size_t i = 0; i < count; i++)
        OST_TRY(read_action(s, o.actions[i], &seen, u));
    choose_given_back(u);
    return OST_OK;
}

/* ---- records ---- */

static ost_status no_key(ost_session *s, const ost__model *m, const ost_field *f, const char *why)
{
    char message[160];
    ost__print(message, sizeof(message), "%s: an upsert meets its record by it", why);
    ost__fail(s, OST_INVALID, "%s.%s %s", m->table.model, f->name, message);
    ost__error_about(&s->error, m->table.model, f->name);
    ost__error_add_failure(&s->error, f->name, "required", message);
    return OST_INVALID;
}

/* What a key among the living decides of a record that is deleted, databases see differently. */
static ost_status check_living(ost_session *s, const ost__upsert *u, const void *record)
{
    const ost__model *m = u->model;
    const ost_field *f = m->table.deleted;
    if (u->index == OST__NO_INDEX || !m->table.indexes[u->index].among_living ||
        ost__member_is_null(f, record))
        return OST_OK;
    const char *why = "is set: an upsert by a key among the living is of a living record";
    ost__fail(s, OST_INVALID, "%s.%s %s", m->table.model, f->name, why);
    ost__error_about(&s->error, m->table.model, f->name);
    ost__error_add_failure(&s->error, f->name, "living", why);
    return OST_INVALID;
}

ost_status ost__upsert_check_key(ost_session *s, const ost__upsert *u, const void *record)
{
    OST_TRY(check_living(s, u, record));
    for (uint32_t i = 0; i < u->arbiter_count; i++) {
        const ost_field *f = ost__member_of(u->arbiters[i]);
        if (f->generated != OST_GIVEN && ost__member_is_zero(f, record))
            return no_key(s, u->model, f, "is not given");
        if (ost__member_is_null(f, record))
            return no_key(s, u->model, f, "is null");
    }
    return OST_OK;
}

/* Rules keep a stamp that is there: of an upsert it may be one from before. A version is theirs. */
static void set_stamps(const ost__upsert *u, void *shadow, ost_time now)
{
    const ost__model *m = u->model;
    for (uint32_t i = ost__field_set_next(&u->follows, m, 0); i < m->table.field_count;
         i = ost__field_set_next(&u->follows, m, i + 1)) {
        if (&m->fields[i] == m->version)
            continue;
        const ost_value stamp = ost__rules_stamp(&m->fields[i], now);
        ost__member_store(&m->fields[i], shadow, &stamp);
    }
}

ost_status ost__upsert_prepare(ost_session *s, const ost__upsert *u, const ost__rules *rules,
                               void *shadow)
{
    for (uint32_t i = 0; i < u->arbiter_count; i++)
        OST_TRY(ost__image_convert_field(s, u->model, u->arbiters[i], shadow));
    ost_status status = ost__upsert_check_key(s, u, shadow);
    set_stamps(u, shadow, rules->now);
    if (status == OST_OK)
        return ost__prepare_insert(s, u->model, shadow, rules);
    return ost__refused(s, u->model, status);
}

static bool is_unset(const ost__upsert *u, uint32_t i, const void *shadow)
{
    const ost_field *f = &u->model->fields[i];
    return ost__field_is_left_out(f) && ost__field_set_has(&u->sets, i) &&
           ost__member_is_zero(f, shadow);
}

/* What this shadow sets of a record that is there. */
static void upsert_of(const ost__upsert *u, const void *shadow, ost__upsert *out)
{
    *out = *u;
    if (!u->model->has_left_out)
        return;
    for (uint32_t i = 0; i < u->model->table.field_count; i++)
        if (is_unset(u, i, shadow))
            drop(&out->sets, i);
}

bool ost__upsert_agree(const ost__upsert *u, const void *a, const void *b)
{
    const ost__model *m = u->model;
    if (ost__key_is_given(m, a) != ost__key_is_given(m, b))
        return false;
    for (uint32_t i = 0; m->has_left_out && i < m->table.field_count; i++)
        if (is_unset(u, i, a) != is_unset(u, i, b))
            return false;
    return true;
}

/* ---- the statement ---- */

static bool put_columns(ost_session *s, const ost__upsert *u, ost__section *columns)
{
    const ost__model *m = u->model;
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        if (!ost__field_set_has(&u->given_back, i))
            continue;
        uint8_t *at = ost__section_take(&s->scratch, columns, 7);
        if (!at)
            return false;
        ost__put_u16(at, i);
        at[2] = OST_OP_MEMBER;
        ost__put_u16(at + 3, m->table.id);
        ost__put_u16(at + 5, i);
        columns->items++;
    }
    return true;
}

static bool put_update(ost_session *s, ost__section *out, uint16_t op, uint32_t index,
                       uint8_t flags)
{
    uint8_t *at = ost__section_take(&s->scratch, out, 4);
    if (!at)
        return false;
    at[0] = (uint8_t)op;
    ost__put_u16(at + 1, index);
    at[3] = flags;
    return true;
}

/* What follows comes first: a database that changes one column after the other knows then still
 * what the others were. */
static bool put_upsert(ost_session *s, const ost__upsert *u, ost__section *out)
{
    const struct {
        const ost__field_set *set;
        uint16_t op;
        uint8_t flags;
    } kinds[] = {
        { &u->follows, OST_OP_SET, OST__UPSERT_FOLLOWS },
        { &u->sets, OST_OP_SET, 0 },
        { &u->adds, OST_OP_INC, 0 },
        { &u->fills, OST_OP_FILL, 0 },
    };
    const ost__model *m = u->model;
    uint32_t count = 0;
    uint8_t *at = ost__section_take(&s->scratch, out, 2 * u->arbiter_count + 4);
    if (!at)
        return false;
    for (uint32_t i = 0; i < u->arbiter_count; i++, at += 2)
        ost__put_u16(at, ost__field_index(m, u->arbiters[i]));
    out->items = u->arbiter_count;
    ost__put_u16(at, u->index);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (uint32_t i = ost__field_set_next(kinds[k].set, m, 0); i < m->table.field_count;
             i = ost__field_set_next(kinds[k].set, m, i + 1), count++) {
            /* A new record's version is 1; that is what another one's counts on by. */
            bool counts = &m->fields[i] == m->version;
            if (!put_update(s, out, counts ? OST_OP_INC : kinds[k].op, i, kinds[k].flags))
                return false;
            /* A record is met by what is equal anyway. */
            const ost_field *f = &m->fields[i], *compared = ost__compared_by(f);
            if (compared == f || has(u, compared))
                continue;
            if (!put_update(s, out, kinds[k].op, ost__field_index(m, compared), kinds[k].flags))
                return false;
            count++;
        }
    ost__put_u16(out->bytes + 2 * u->arbiter_count + 2, count);
    return true;
}

ost_status ost__upsert_assemble(ost_session *s, const ost__upsert *given, const void *shadow,
                                bool whole, ost__statement *st)
{
    ost__upsert own;
    const ost__upsert *u = &own;
    const ost__model *m = given->model;
    ost__section columns = { 0 }, changes = { 0 }, where = { 0 }, upsert = { 0 };
    ost__field_set inserted = m->all;
    const ost__parts parts = { .kind = OST_DO_UPSERT,
                               .flags = whole ? OST__SHAPE_RECORDS : 0,
                               .model = m,
                               .result = m,
                               .columns = &columns,
                               .changes = &changes,
                               .where = &where,
                               .upsert = &upsert };
    upsert_of(given, shadow, &own);
    if (!ost__key_is_given(m, shadow))
        drop(&inserted, ost__field_index(m, m->table.auto_key));
    if ((!whole && !put_columns(s, u, &columns)) || !ost__put_fields(s, m, &inserted, &changes))
        return ost__no_memory(s);
    OST_TRY(ost__put_equal(s, m, u->arbiters, u->arbiter_count, &where));
    if (!put_upsert(s, u, &upsert) || !ost__statement_join(&parts, &s->scratch, st))
        return ost__no_memory(s);
    return OST_OK;
}
