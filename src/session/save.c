/* SPDX-License-Identifier: MIT */
/* Records that the session tracks: saving what changed, replacing, reloading. */
#include "session/write.h"

#include <string.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/member.h"
#include "model/nested.h"
#include "session/hook.h"
#include "session/image.h"

ost_status ost__find_stored(ost_session *s, const ost__model *m, void *record, ost__batch **b,
                            uint8_t **snapshot)
{
    size_t index;
    *b = ost__tracked(s, record, &index);
    *snapshot = NULL;
    if (*b && ((*b)->model != m || !(*b)->snapshot))
        *b = NULL;
    if (*b)
        *snapshot = ost__snapshot(s, *b, index);
    return !*b || *snapshot ? OST_OK : (ost_status)s->error.status;
}

OST__HOT ost_status ost__find_tracked(ost_session *s, const ost__model *m, void *record,
                                      const char *advice, ost__batch **b, uint8_t **snapshot)
{
    OST_TRY(ost__find_stored(s, m, record, b, snapshot));
    if (!*b) {
        ost__fail(s, OST_MISUSE, "this %s was not loaded by the session; %s", m->table.model,
                  s->read_only ? "a read-only session tracks nothing" : advice);
        ost__error_about(&s->error, m->table.model, NULL);
        return OST_MISUSE;
    }
    return OST_OK;
}

const ost__field_set *ost__known_of(const ost__batch *b, const uint8_t *snapshot)
{
    return ost__is_renewed(b, snapshot) ? &b->model->all : &b->loaded;
}

/*
 * A text that reads the same as what is stored is that again: the program's own buffer may go away
 * or be used for something else once the save is over.
 */
OST__HOT bool ost__find_changed(const ost__batch *b, void *record, const uint8_t *image,
                                const uint8_t *snapshot, ost__field_set *changed)
{
    const ost__model *m = b->model;
    const ost__field_set *known = ost__known_of(b, snapshot);
    const ost_row_step *at = m->steps;
    uint32_t count = m->member_count;
    bool any = false;
    memset(changed, 0, sizeof(*changed));
    for (uint32_t i = 0; i < count; i++, at++) {
        const ost_field *f;
        if (!ost__field_set_has(known, i) ||
            ost__same_bytes(image + at->offset, snapshot + at->offset, at->size))
            continue;
        f = &m->fields[i];
        if (!ost__member_equal(f, image, snapshot)) {
            ost__field_set_add(changed, i);
            any = true;
        } else if (ost__field_points(f) && !f->converts) {
            ost__member_copy(f, record, snapshot);
        }
    }
    return any;
}

OST__HOT void ost__follow(const ost__model *m, uint8_t *record, uint8_t *snapshot,
                          const uint8_t *shadow, const ost__field_set *changed)
{
    for (uint32_t i = ost__field_set_next(changed, m, 0); i < m->table.field_count;
         i = ost__field_set_next(changed, m, i + 1)) {
        ost__struct_copy(&m->fields[i], record, shadow);
        ost__image_copy(&m->fields[i], snapshot, shadow);
    }
}

/* An update of a tracked record: what can fail is done first, then the database is asked, then
 * record and snapshot follow. */
OST__HOT ost_status ost__update_tracked(ost_session *s, ost__batch *b, void *record,
                                        uint8_t *snapshot, void *shadow,
                                        const ost__field_set *changed,
                                        const ost__field_set *written, enum ost__among among,
                                        int64_t *matched)
{
    const ost__model *m = b->model;
    ost__undo *before = s->journal.newest;
    ost__by_key out;
    OST_TRY(ost__own_image(s, b, shadow, changed));
    OST_TRY(ost__journal_add(s, b, record, snapshot, written));
    ost_status status = ost__run_by_key(s, m, changed, among, OST__SAME_VERSION, shadow, 1, &out);
    *matched = out.matched;
    if (status != OST_OK || out.matched == 0) {
        s->journal.newest = before;
        return status;
    }
    ost__follow(m, record, snapshot, shadow, changed);
    return OST_OK;
}

OST__HOT ost_status ost__find_changes(ost_session *s, const ost__model *m, void *record,
                                      ost__batch **b, uint8_t **snapshot, ost__field_set *changed,
                                      bool *any)
{
    *any = false;
    OST_TRY(ost__find_tracked(
        s, m, record, "use ost_insert for a new record, or ost_replace to write a whole one", b,
        snapshot));
    if ((*b)->undone && !ost__is_renewed(*b, *snapshot)) {
        ost__fail(s, OST_STALE,
                  "this %s was loaded or written in a transaction that was rolled "
                  "back or whose outcome is not known; reload it",
                  m->table.model);
        return ost__refused(s, m, OST_STALE);
    }
    OST_TRY(ost__check_version(s, *b, *snapshot));
    const uint8_t *image = record;
    if (m->converted_count > 0)
        image = ost__converted_shadow_of(s, m, record, ost__known_of(*b, *snapshot));
    if (!image)
        return (ost_status)s->error.status;
    *any = ost__find_changed(*b, record, image, *snapshot, changed);
    return OST_OK;
}

/* ---- saving ---- */

/* A save or replace of one record, in two steps. */
typedef struct update {
    void *record;
    ost__batch *batch; /* NULL: a struct of the program's own */
    uint8_t *snapshot, *shadow;
    ost__field_set changed; /* none: there is nothing to write */
    bool any;
    ost_call *call;
} update;

OST__HOT static ost_status prepare_shadow(ost_session *s, const ost__model *m, update *u,
                                          enum ost_called operation)
{
    u->shadow = ost__shadow_of(s, m, u->record);
    if (!u->shadow)
        return OST_NO_MEMORY;
    OST_TRY(ost__call_for(s, m, OST__CALLS_WRITE, operation, &u->call));
    if (u->call && u->batch) {
        /* The hooks after the write compare with what was stored before it. */
        const void *loaded = ost__image_of(s, m, u->snapshot);
        if (!loaded)
            return OST_NO_MEMORY;
        ost__call_aim(u->call, loaded, ost__known_of(u->batch, u->snapshot));
    }
    ost__rules rules = ost__rules_of(s, m, u->call);
    rules.stored = u->snapshot;
    rules.whole = operation == OST_CALL_REPLACE;
    OST_TRY(ost__prepare_update(s, m, u->batch, u->snapshot, u->shadow, &u->changed, &rules));
    u->any = ost__field_set_next(&u->changed, m, 0) < m->table.field_count;
    return OST_OK;
}

/* Writes the shadow; *matched is 0 if it is gone. */
OST__HOT static ost_status write_shadow(ost_session *s, const ost__model *m, update *u,
                                        int64_t *matched)
{
    ost__field_set by_hooks;
    const ost__field_set *written = &m->update_sets;
    ost__by_key out = { 0 };
    if (u->call) {
        by_hooks = ost__written_of(m, u->record, u->shadow);
        written = &by_hooks;
    }
    if (u->batch)
        OST_TRY(ost__update_tracked(s, u->batch, u->record, u->snapshot, u->shadow, &u->changed,
                                    written, ost__among_of(u->batch, u->snapshot), matched));
    else
        OST_TRY(
            ost__run_by_key(s, m, &u->changed, OST__LIVING, OST__SAME_VERSION, u->shadow, 1, &out));
    if (!u->batch)
        *matched = out.matched;
    if (*matched == 0 || !u->call)
        return OST_OK;
    OST_TRY(ost__run_after(s, u->call, u->shadow));
    if (u->batch)
        memcpy(u->record, u->shadow, m->size);
    return OST_OK;
}

static ost_status run_update(ost_session *s, const ost__model *m, update *u,
                             const ost__steps *steps)
{
    if (m->calls & OST__CALLS_WRITE)
        return ost__run_steps(s, m, steps, u);
    OST_TRY(steps->prepare(s, m, u));
    return steps->run(s, m, u);
}

OST__HOT static ost_status prepare_save(ost_session *s, const ost__model *m, void *context)
{
    update *u = context;
    OST_TRY(ost__find_changes(s, m, u->record, &u->batch, &u->snapshot, &u->changed, &u->any));
    return u->any ? prepare_shadow(s, m, u, OST_CALL_SAVE) : OST_OK;
}

static ost_status run_save(ost_session *s, const ost__model *m, void *context)
{
    update *u = context;
    int64_t matched = 0;
    if (!u->any)
        return OST_OK;
    OST_TRY(write_shadow(s, m, u, &matched));
    return matched == 0 ? ost__stale(s, m) : OST_OK;
}

ost_status ost__check_version(ost_session *s, const ost__batch *b, const uint8_t *snapshot)
{
    const ost__model *m = b->model;
    if (!m->version ||
        ost__field_set_has(ost__known_of(b, snapshot), ost__field_index(m, m->version)))
        return OST_OK;
    ost__fail(s, OST_MISUSE, "this %s was loaded without its version: select %s.%s too",
              m->table.model, m->table.model, m->version->name);
    ost__error_about(&s->error, m->table.model, m->version->name);
    return OST_MISUSE;
}

ost_status ost__stale(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_STALE,
              m->version         ? "this %s was changed or deleted since it was loaded; reload it"
              : m->table.deleted ? "this %s was deleted or restored since it was loaded, or is not "
                                   "stored any more"
                                 : "this %s is not stored any more",
              m->table.model);
    ost__error_about(&s->error, m->table.model, NULL);
    s->error.nothing_sent = 0;
    return OST_STALE;
}

static ost_status save(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    static const ost__steps steps = { prepare_save, run_save, OST__CALLS_WRITTEN };
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    return run_update(s, model, &(update){ .record = record }, &steps);
}

OST__HOT ost_status ost_session_save(ost_session *s, const ost_model *m, size_t record_size,
                                     void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, save(s, m, record_size, record));
}

static ost_status nothing_to_replace(ost_session *s, const ost__model *m)
{
    ost__fail(
        s, OST_MISUSE,
        "ost_replace of a %s writes nothing: its members are its key, or immutable, or hidden "
        "and not set",
        m->table.model);
    return ost__refused(s, m, OST_MISUSE);
}

/* ---- replacing ---- */

static ost_status prepare_replace(ost_session *s, const ost__model *m, void *context)
{
    update *u = context;
    OST_TRY(ost__find_stored(s, m, u->record, &u->batch, &u->snapshot));
    if (u->batch) {
        OST_TRY(ost__check_version(s, u->batch, u->snapshot));
        OST_TRY(ost__may_renew(s, u->batch));
    }
    const void *image = u->record;
    if (m->converted_count > 0)
        image = ost__converted_shadow_of(s, m, u->record, NULL);
    if (!image)
        return (ost_status)s->error.status;
    ost__rules_replaced(m, image, u->snapshot, &u->changed);
    OST_TRY(prepare_shadow(s, m, u, OST_CALL_REPLACE));
    return u->any ? OST_OK : nothing_to_replace(s, m);
}

static ost_status run_replace(ost_session *s, const ost__model *m, void *context)
{
    update *u = context;
    int64_t matched = 0;
    OST_TRY(write_shadow(s, m, u, &matched));
    if (matched > 0 && u->batch)
        ost__renew(u->batch, u->snapshot, true);
    if (matched > 0)
        return OST_OK;
    return m->version ? ost__stale(s, m) : ost__gone(s, m);
}

static ost_status replace(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    static const ost__steps steps = { prepare_replace, run_replace, OST__CALLS_WRITTEN };
    update u = { .record = record };
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__unit_check(s));
    OST_TRY(run_update(s, model, &u, &steps));
    if (u.batch)
        return OST_OK;
    if (u.call) {
        ost__write_back_whole(model, record, u.shadow);
        return OST_OK;
    }
    for (uint32_t i = 0; i < model->table.field_count; i++)
        if (ost__field_set_has(&model->update_sets, i))
            ost__struct_copy(&model->fields[i], record, u.shadow);
    return OST_OK;
}

ost_status ost_session_replace(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, replace(s, m, record_size, record));
}

static ost_status reload(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    ost__batch *b;
    uint8_t *snapshot, *fresh;
    ost__statement st;
    void *row;
    size_t count;
    const ost__model *model = ost__session_record_model(s, m, record_size, record);
    if (!model)
        return (ost_status)s->error.status;
    OST_TRY(ost__find_tracked(s, model, record, "use ost_get to load it", &b, &snapshot));
    /* Who held a deleted record sees it, also when it was restored meanwhile. */
    enum ost__among among = ost__among_of(b, snapshot);
    if (among == OST__DELETED)
        among = OST__WITH_DELETED;
    ost_value *key =
        ost__arena_alloc(&s->scratch, model->table.key_count * sizeof(*key), _Alignof(ost_value));
    if (!key)
        return ost__no_memory(s);
    for (uint32_t i = 0; i < model->table.key_count; i++)
        key[i] = ost__member_value(model->table.keys[i], record);
    OST_TRY(ost__assemble_key(s, model, among, NULL, key, model->table.key_count, &st));
    OST_TRY(ost__select(s, &st, false, &row, &count));
    if (count == 0)
        return ost__gone(s, model);
    fresh = row;
    OST_TRY(ost__own_image(s, b, fresh, &model->all));
    OST_TRY(ost__may_renew(s, b));
    OST_TRY(ost__journal_add(s, b, record, snapshot, &model->all));
    memcpy(record, fresh, model->size);
    memcpy(snapshot, fresh, model->width);
    ost__renew(b, snapshot, true);
    return model->calls & OST__CALLS_LOAD ? ost__run_loaded(s, model, record, 1, &model->all)
                                          : OST_OK;
}

ost_status ost_session_reload(ost_session *s, const ost_model *m, size_t record_size, void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    return ost__leave(s, reload(s, m, record_size, record));
}
