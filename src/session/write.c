/* SPDX-License-Identifier: MIT */
/* Inserting and deleting single records: on a shadow, which reaches the record only once the
 * database took it. */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/member.h"
#include "model/nested.h"
#include "session/hook.h"
#include "session/image.h"
#include "session/write.h"

/* Stamps are among what an insert or an update sets; a model without either needs no clock. */
static bool has_stamps(const ost__model *m)
{
    for (uint32_t i = 0; i * 64 < m->table.field_count; i++)
        if (m->insert_sets.words[i] | m->update_sets.words[i])
            return true;
    return m->table.deleted;
}

OST__HOT ost__rules ost__rules_of(ost_session *s, const ost__model *m, ost_call *call)
{
    const ost_platform *p = &s->db->platform;
    return (ost__rules){ .scratch = &s->scratch,
                         .identity = s->db->identity,
                         .now = { has_stamps(m) ? p->realtime(p->context) : 0 },
                         .error = call ? &call->error : &s->error,
                         .call = call,
                         .hashing = &s->hashing };
}

ost_status ost__refused(ost_session *s, const ost__model *m, ost_status status)
{
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 1;
    return status;
}

/* A constraint of the database, in the form of a failure of validation. */
ost_status ost__constraint_failed(ost_session *s, const ost__model *m, ost_status status)
{
    static const struct {
        ost_status status;
        const char *rule;
    } rules[] = {
        { OST_CONFLICT, "unique" },
        { OST_NOT_NULL, "required" },
        { OST_CHECK, "check" },
        { OST_FOREIGN_KEY, "foreign_key" },
    };
    const ost_field *f = ost__model_field_named(m, s->error.field);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].status != status || s->error.failure_count > 0)
            continue;
        const char *message = f ? ost__rules_message(f, rules[i].rule) : NULL;
        ost__error_add_failure(&s->error, s->error.field, rules[i].rule,
                               message ? message : s->error.message);
    }
    /* A bound that a sum passed is a rule of the field, checked by the database. */
    if (status == OST_INVALID && s->error.failure_count == 0 && s->error.constraint[0]) {
        const char *message = f ? ost__rules_message(f, s->error.constraint) : NULL;
        ost__error_add_failure(&s->error, s->error.field, s->error.constraint,
                               message ? message : s->error.message);
    }
    ost__unit_retell(s);
    return status;
}

/* A parameter that each record gives its own member for. */
static ost_parameter from_record(const ost_field *f)
{
    return (ost_parameter){ .source = OST_FROM_RECORD,
                            .type = f->type,
                            .precision = f->precision,
                            .scale = f->scale,
                            .offset = (uint32_t)f->offset,
                            .size = f->size,
                            .field = f };
}

static bool put_field(ost_session *s, const ost__model *m, ost__section *changes, uint16_t op,
                      uint32_t index)
{
    uint8_t *at = ost__section_take(&s->scratch, changes, 3);
    ost_parameter *p = at ? ost__section_parameter(&s->scratch, changes) : NULL;
    if (!p)
        return false;
    at[0] = (uint8_t)op;
    ost__put_u16(at + 1, index);
    changes->items++;
    *p = from_record(&m->fields[index]);
    return true;
}

bool ost__put_fields(ost_session *s, const ost__model *m, const ost__field_set *which,
                     ost__section *changes)
{
    for (uint32_t i = 0; i < m->member_count; i++) {
        if (!ost__field_set_has(which, i))
            continue;
        const ost_field *f = &m->fields[i], *compared = ost__compared_by(f);
        if (!put_field(s, m, changes, OST_OP_SET, i) ||
            (compared != f && !put_field(s, m, changes, OST_OP_SET, ost__field_index(m, compared))))
            return false;
    }
    return true;
}

ost_status ost__put_equal(ost_session *s, const ost__model *m, const ost_field *const *fields,
                          uint32_t count, ost__section *where)
{
    for (uint32_t i = 0; i < count; i++) {
        const ost_field *f = fields[i];
        uint8_t *at = ost__section_take(&s->scratch, where, 14);
        ost_parameter *p = at ? ost__section_parameter(&s->scratch, where) : NULL;
        if (!p)
            return ost__no_memory(s);
        at[0] = OST_OP_EQ;
        at[1] = OST_OP_MEMBER;
        ost__put_u16(at + 2, m->table.id);
        ost__put_u16(at + 4, ost__field_index(m, f));
        at[6] = OST_OP_VALUE;
        at[7] = (uint8_t)ost__canonical_type(f->type, f);
        ost__put_u16(at + 8, m->table.id);
        ost__put_u16(at + 10, ost__field_index(m, f));
        at[12] = (uint8_t)f->precision;
        at[13] = (uint8_t)f->scale;
        where->items++;
        *p = from_record(f);
    }
    return OST_OK;
}

/* The kind of a ready plan; OST__RECORD_KINDS: none is kept. What is deleted by its key is deleted
 * for good, among all. */
static enum ost__record_kind kind_by_key(const ost__model *m, const ost__field_set *which,
                                         enum ost__among among, enum ost__versions versions)
{
    bool any = versions == OST__ANY_VERSION || !m->version;
    if (!which)
        return any ? OST__RECORD_DELETE : OST__RECORD_DELETE_VERSION;
    if ((m->version && any) || among == OST__WITH_DELETED)
        return OST__RECORD_KINDS;
    return among == OST__DELETED ? OST__RECORD_UPDATE_DELETED : OST__RECORD_UPDATE;
}

/* What an update sets. Of any version, that counts on from whatever it is. */
static ost_status put_changes(ost_session *s, const ost__model *m, const ost__field_set *which,
                              enum ost__versions versions, ost__section *changes)
{
    ost__field_set given = *which;
    bool counts = m->version && versions == OST__ANY_VERSION;
    if (counts) {
        uint32_t i = ost__field_index(m, m->version);
        given.words[i >> 6] &= ~((uint64_t)1 << (i & 63));
    }
    if (!ost__put_fields(s, m, &given, changes))
        return ost__no_memory(s);
    return counts ? ost__put_next_version(s, m, changes) : OST_OK;
}

/* The key, and the version that lies behind the shadow. */
static ost_status put_condition(ost_session *s, const ost__model *m, enum ost__versions versions,
                                ost__section *where)
{
    OST_TRY(ost__put_equal(s, m, m->table.keys, m->table.key_count, where));
    if (!m->version || versions == OST__ANY_VERSION)
        return OST_OK;
    OST_TRY(ost__put_equal(s, m, &m->version, 1, where));
    where->parameters[where->parameter_count - 1].offset = m->version_at;
    return OST_OK;
}

/* The common way to a plan for one record; it is kept, so that the next time it is ready. */
static ost_status begin_by_key(ost__run *r, ost_session *s, const ost__model *m,
                               const ost__field_set *which, enum ost__among among,
                               enum ost__versions versions)
{
    ost__section changes = { 0 }, where = { 0 };
    ost__statement st;
    const enum ost__record_kind kind = kind_by_key(m, which, among, versions);
    const ost__parts parts = { .kind = which ? OST_DO_UPDATE : OST_DO_DELETE,
                               .model = m,
                               .changes = &changes,
                               .where = &where,
                               .among = (uint16_t)among };
    if (which)
        OST_TRY(put_changes(s, m, which, versions, &changes));
    OST_TRY(put_condition(s, m, versions, &where));
    if (!ost__statement_join(&parts, &s->scratch, &st))
        return ost__no_memory(s);
    OST_TRY(ost__run_begin(r, s, &st));
    if (kind != OST__RECORD_KINDS)
        ost__record_plan_keep(s->db->plans, m, kind, which, r->plan, &st);
    return OST_OK;
}

OST__HOT ost_status ost__run_by_key(ost_session *s, const ost__model *m,
                                    const ost__field_set *which, enum ost__among among,
                                    enum ost__versions versions, const void *shadows, size_t count,
                                    ost__by_key *out)
{
    ost__run r;
    const ost__record_plan *ready;
    *out = (ost__by_key){ .failed_record = SIZE_MAX };
    ost_status status =
        ost__run_begin_record(&r, s, m, kind_by_key(m, which, among, versions), which, &ready);
    if (status == OST_OK && !ready)
        status = begin_by_key(&r, s, m, which, among, versions);
    if (status == OST_OK) {
        r.op.records = shadows;
        r.op.record_count = count;
        r.op.record_stride = m->stride;
        status = ost__run_go(&r, NULL);
        out->matched = r.outcome.matched;
        out->failed_record = r.outcome.failed_record;
    }
    ost__run_end(&r);
    return status == OST_OK ? OST_OK : ost__constraint_failed(s, m, status);
}

ost_status ost__gone(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_NOT_FOUND, "no %s has this key", m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 0;
    return OST_NOT_FOUND;
}

OST__HOT void *ost__shadow_of(ost_session *s, const ost__model *m, const void *record)
{
    void *shadow = ost__arena_alloc(&s->scratch, m->stride, _Alignof(max_align_t));
    if (shadow)
        ost__fill_shadow(m, shadow, record);
    else
        ost__no_memory(s);
    return shadow;
}

void *ost__image_of(ost_session *s, const ost__model *m, const void *image)
{
    uint8_t *copy = ost__arena_alloc(&s->scratch, m->stride, _Alignof(max_align_t));
    if (!copy) {
        ost__no_memory(s);
        return NULL;
    }
    memcpy(copy, image, m->width);
    if (m->version)
        memcpy(copy + m->version_at, copy + m->version->offset, m->version->size);
    return copy;
}

/* ---- new records ---- */

void *ost_session_new(ost_session *s, const ost_model *m, size_t record_size)
{
    void *record = NULL;
    if (!ost__enter(s))
        return NULL;
    const ost__model *model = ost__session_record_model(s, m, record_size, s);
    if (model) {
        record = ost__arena_alloc_zeroed(&s->records, model->size, _Alignof(max_align_t));
        if (!record)
            ost__no_memory(s);
        else if (ost__record_defaults(s, model, record) != OST_OK)
            record = NULL;
        if (record && !ost__track(s, model, record, 1, false, &model->all)) {
            ost__no_memory(s);
            record = NULL;
        }
    }
    ost__leave(s, record ? OST_OK : OST_MISUSE);
    return record;
}

/* Whether the key that the database would generate is given. */
bool ost__key_is_given(const ost__model *m, const void *record)
{
    return !m->table.auto_key || !ost__member_is_zero(m->table.auto_key, record);
}

static ost_status begin_insert(ost__run *r, ost_session *s, const ost__model *m, bool key_given)
{
    ost__section changes = { 0 };
    ost__field_set which = m->all;
    ost__statement st;
    ost__parts parts = { .kind = OST_DO_INSERT, .model = m, .changes = &changes };
    if (!key_given) {
        uint32_t i = ost__field_index(m, m->table.auto_key);
        which.words[i >> 6] &= ~((uint64_t)1 << (i & 63));
        parts.flags = OST__SHAPE_KEY;
    }
    if (!ost__put_fields(s, m, &which, &changes) || !ost__statement_join(&parts, &s->scratch, &st))
        return ost__no_memory(s);
    OST_TRY(ost__run_begin(r, s, &st));
    ost__record_plan_keep(s->db->plans, m, key_given ? OST__RECORD_INSERT : OST__RECORD_INSERT_KEY,
                          NULL, r->plan, &st);
    return OST_OK;
}

OST__HOT ost_status ost__insert_run(ost_session *s, const ost__model *m, bool key_given,
                                    void *shadows, size_t count, size_t *failed_record)
{
    ost__run r;
    ost__sink sink;
    const ost__record_plan *ready;
    ost_status status = ost__run_begin_record(
        &r, s, m, key_given ? OST__RECORD_INSERT : OST__RECORD_INSERT_KEY, NULL, &ready);
    if (status == OST_OK && !ready)
        status = begin_insert(&r, s, m, key_given);
    if (status == OST_OK) {
        r.op.records = shadows;
        r.op.record_count = count;
        r.op.record_stride = m->stride;
        r.op.flags |= OST_FLAG_ORDERED;
        if (!key_given)
            ost__sink_over(&sink, shadows, m->stride, count, r.op.rows);
        status = ost__run_go(&r, key_given ? NULL : &sink.base);
        *failed_record = r.outcome.failed_record;
    }
    ost__run_end(&r);
    return status == OST_OK ? OST_OK : ost__constraint_failed(s, m, status);
}

/* Members that an insert sets and that need no memory: what a struct of the program's own gets. */
OST__HOT void ost__insert_write_back(const ost__model *m, void *record, void *shadow)
{
    if (m->calls & OST__CALLS_WRITE) {
        ost__write_back_whole(m, record, shadow);
        return;
    }
    if (m->table.auto_key)
        ost__member_copy(m->table.auto_key, record, shadow);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (i % 64 == 0 && m->insert_sets.words[i / 64] == 0) {
            i += 63;
            continue;
        }
        if (!ost__field_set_has(&m->insert_sets, i))
            continue;
        if (f->type == OST_TYPE_EMBEDDED)
            ost__nested_write_back(f, ost__member_at(f, record), ost__member_at(f, shadow));
        else if (f->converts || !ost__field_points(f))
            ost__struct_copy(f, record, shadow);
    }
}

OST__HOT ost_status ost__stored_of(ost_session *s, const ost__model *m, const void *record,
                                   const void **out)
{
    size_t index;
    ost__batch *b = m->hashed_count > 0 ? ost__tracked(s, record, &index) : NULL;
    *out = NULL;
    if (!b || b->model != m || !b->snapshot)
        return OST_OK;
    *out = ost__snapshot_or_place(s, b, index);
    return *out ? OST_OK : OST_NO_MEMORY;
}

OST__HOT ost_status ost__insertion_of(ost_session *s, const ost__model *model, const void *record,
                                      ost__insertion *in)
{
    *in = (ost__insertion){ 0 };
    in->batch = ost__tracked(s, record, &in->index);
    if (in->batch && in->batch->model != model)
        return ost__fail(s, OST_MISUSE, "the record is a %s, not a %s",
                         in->batch->model->table.model, model->table.model);
    return OST_OK;
}

ost_status ost__insertion_begin(ost_session *s, ost__insertion *in, void *record, void *shadow)
{
    ost__batch *b = in->batch;
    const ost__model *m = b->model;
    size_t index = in->index;
    bool older = b->sequence < ost__newest_mark(s);
    if (b->snapshot)
        in->snapshot = ost__snapshot_or_place(s, b, index);
    else
        in->snapshot = ost__arena_alloc(older ? &s->kept : &s->records, b->count * m->width,
                                        _Alignof(max_align_t));
    if (!in->snapshot)
        return ost__no_memory(s);
    OST_TRY(ost__own_image(s, b, shadow, &m->all));
    if (b->snapshot)
        OST_TRY(ost__may_renew(s, b));
    in->undo = s->journal.newest;
    return ost__journal_add(s, b, record, b->snapshot ? in->snapshot : NULL, &m->all);
}

void ost__insertion_end(const ost__insertion *in, void *record, const void *shadow)
{
    const ost__model *m = in->batch->model;
    memcpy(record, shadow, m->size);
    memcpy(in->snapshot, shadow, m->width);
    if (in->batch->snapshot) {
        ost__renew(in->batch, in->snapshot, true);
    } else {
        in->batch->snapshot = in->snapshot;
        in->batch->undone = false;
    }
}

OST__HOT ost_status ost__insert_shadow(ost_session *s, const ost__model *m, ost__insertion *in,
                                       void *record, void *shadow)
{
    size_t failed;
    if (in->batch)
        OST_TRY(ost__insertion_begin(s, in, record, shadow));
    ost_status status = ost__insert_run(s, m, ost__key_is_given(m, shadow), shadow, 1, &failed);
    if (in->batch && status != OST_OK)
        s->journal.newest = in->undo;
    else if (in->batch)
        ost__insertion_end(in, record, shadow);
    return status;
}

/* An insert of one record, in two steps. */
typedef struct insertion {
    void *record;
    ost__insertion of;
    uint8_t *shadow;
    ost_call *call;
} insertion;

OST__HOT static ost_status prepare_insert(ost_session *s, const ost__model *m, void *context)
{
    insertion *in = context;
    OST_TRY(ost__insertion_of(s, m, in->record, &in->of));
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, OST_CALL_INSERT, &in->call));
    ost__rules rules = ost__rules_of(s, m, in->call);
    OST_TRY(ost__stored_of(s, m, in->record, &rules.stored));
    in->shadow = ost__shadow_of(s, m, in->record);
    return in->shadow ? ost__prepare_insert(s, m, in->shadow, &rules) : OST_NO_MEMORY;
}

OST__HOT static ost_status run_insert(ost_session *s, const ost__model *m, void *context)
{
    insertion *in = context;
    OST_TRY(ost__insert_shadow(s, m, &in->of, in->record, in->shadow));
    if (!(m->calls & OST__CALLS_WRITTEN))
        return OST_OK;
    OST_TRY(ost__run_after(s, in->call, in->shadow));
    if (in->of.batch)
        memcpy(in->record, in->shadow, m->size);
    return OST_OK;
}

static ost_status insert(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    static const ost__steps steps = { prepare_insert, run_insert, OST__CALLS_WRITTEN };
    insertion in = { .record = record };
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    if (model->calls & OST__CALLS_WRITE) {
        OST_TRY(ost__run_steps(s, model, &steps, &in));
    } else {
        OST_TRY(prepare_insert(s, model, &in));
        OST_TRY(run_insert(s, model, &in));
    }
    if (!in.of.batch)
        ost__insert_write_back(model, record, in.shadow);
    return OST_OK;
}

OST__HOT ost_status ost_session_insert(ost_session *s, const ost_model *m, size_t record_size,
                                       void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, insert(s, m, record_size, record));
}

/* ---- deleting ---- */

/* A delete of one record, in two steps. */
typedef struct deletion {
    void *record;
    ost__erase *erase;
    uint8_t *shadow;
    ost_call *call;
} deletion;

static ost_status prepare_delete(ost_session *s, const ost__model *m, void *context)
{
    deletion *d = context;
    ost__batch *b;
    uint8_t *snapshot;
    OST_TRY(ost__call_for(s, m, OST__CALLS_DELETE, OST_CALL_DELETE, &d->call));
    d->shadow = ost__shadow_of(s, m, d->record);
    if (!d->shadow)
        return OST_NO_MEMORY;
    OST_TRY(ost__find_stored(s, m, d->record, &b, &snapshot));
    if (b) {
        const void *loaded = ost__image_of(s, m, snapshot);
        if (!loaded)
            return OST_NO_MEMORY;
        ost__call_aim(d->call, loaded, ost__known_of(b, snapshot));
    }
    return ost__prepare_delete(s, d->call, d->shadow);
}

static ost_status run_delete(ost_session *s, const ost__model *m, void *context)
{
    const deletion *d = context;
    OST_TRY(d->erase(s, m, d->record));
    return m->calls & OST__CALLS_DELETED ? ost__run_after(s, d->call, d->shadow) : OST_OK;
}

ost_status ost__delete_record(ost_session *s, const ost__model *m, void *record, ost__erase *erase)
{
    static const ost__steps steps = { prepare_delete, run_delete, OST__CALLS_DELETED };
    deletion d = { .record = record, .erase = erase };
    OST_TRY(ost__unit_check(s));
    return m->calls & OST__CALLS_DELETE ? ost__run_steps(s, m, &steps, &d) : erase(s, m, record);
}

ost_status ost__erase_record(ost_session *s, const ost__model *m, void *record)
{
    ost__by_key out;
    ost__batch *b = NULL;
    uint8_t *snapshot;
    if (m->version)
        OST_TRY(ost__find_stored(s, m, record, &b, &snapshot));
    if (!b) {
        OST_TRY(ost__run_by_key(s, m, NULL, OST__WITH_DELETED, OST__ANY_VERSION, record, 1, &out));
        return out.matched == 0 ? ost__gone(s, m) : OST_OK;
    }
    const void *shadow = ost__shadow_of(s, m, record);
    if (!shadow)
        return OST_NO_MEMORY;
    OST_TRY(ost__check_version(s, b, snapshot));
    OST_TRY(ost__run_by_key(s, m, NULL, OST__WITH_DELETED, OST__SAME_VERSION, shadow, 1, &out));
    return out.matched == 0 ? ost__stale(s, m) : OST_OK;
}

static ost_status delete_record(ost_session *s, const ost_model *m, size_t record_size,
                                void *record)
{
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    return ost__delete_record(s, model, record,
                              model->table.deleted ? ost__soft_delete : ost__erase_record);
}

ost_status ost_session_delete(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, delete_record(s, m, record_size, record));
}
