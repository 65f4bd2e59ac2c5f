/* SPDX-License-Identifier: MIT */
#include "session/hook.h"

#include <string.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/member.h"
#include "model/nested.h"
#include "session/image.h"
#include "session/write.h"

/* ---- calls ---- */

OST__HOT ost_status ost__call_for(ost_session *s, const ost__model *m, uint16_t calls,
                                  enum ost_called operation, ost_call **out)
{
    *out = m->calls & calls ? ost__call_new(s, m, operation) : NULL;
    return *out || !(m->calls & calls) ? OST_OK : OST_NO_MEMORY;
}

ost_status ost__call_of_functions(ost_session *s, const ost__model *m, enum ost_called operation,
                                  ost_call **out)
{
    *out = m->has_functions ? ost__call_new(s, m, operation) : NULL;
    return *out || !m->has_functions ? OST_OK : OST_NO_MEMORY;
}

ost_status ost__rules_refused(ost_session *s, const ost__model *m, const ost__rules *rules,
                              ost_status status)
{
    return rules->call ? ost__call_refused(s, m, rules->call, status) : ost__refused(s, m, status);
}

void ost__call_aim(ost_call *call, const void *loaded, const ost__field_set *known)
{
    call->record = NULL;
    call->loaded = loaded;
    call->known = known;
    call->failures = 0;
    call->stopped = OST_OK;
}

ost_status ost__call_refused(ost_session *s, const ost__model *m, const ost_call *call,
                             ost_status status)
{
    bool own_words = call->stopped == OST_OK || call->stopped == OST_INVALID;
    ost__call_failed(s, call, status);
    /* What a query of the hook's failed with may have been sent. */
    if (own_words)
        return ost__refused(s, m, status);
    ost__error_about(&s->error, s->error.model[0] ? NULL : m->table.model, NULL);
    return status;
}

typedef struct named_hook {
    ost_hook *hook;
    const char *name;
} named_hook;

static ost_status run_hooks(ost_call *call, const named_hook *hooks, size_t count, void *record)
{
    for (size_t i = 0; i < count; i++)
        if (hooks[i].hook)
            OST_TRY(ost__call_hook(call, hooks[i].hook, hooks[i].name, record));
    return OST_OK;
}

static ost_status run_first(const ost_model *m, ost_call *call, void *shadow)
{
    const named_hook hooks[] = { { m->before_validate, "before_validate hook" } };
    return run_hooks(call, hooks, 1, shadow);
}

static ost_status run_before(const ost_model *m, ost_call *call, void *shadow)
{
    const bool inserts = call->operation == OST_CALL_INSERT;
    const named_hook hooks[] = {
        { m->after_validate, "after_validate hook" },
        { m->before_save, "before_save hook" },
        { inserts ? m->before_insert : m->before_update,
          inserts ? "before_insert hook" : "before_update hook" },
    };
    /* Which of the two an upsert will be is not known. */
    return run_hooks(call, hooks, call->operation == OST_CALL_UPSERT ? 2 : 3, shadow);
}

/* ---- what hooks changed ---- */

static bool add_differences(const ost__model *m, const void *a, const void *b, ost__field_set *out)
{
    bool any = false;
    for (uint32_t i = 0; i < m->member_count; i++) {
        if (ost__member_equal(&m->fields[i], a, b))
            continue;
        ost__field_set_add(out, i);
        any = true;
    }
    return any;
}

ost__field_set ost__written_of(const ost__model *m, const void *record, const void *shadow)
{
    ost__field_set written = m->update_sets;
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &m->fields[i];
        bool same = f->converts ? memcmp(ost__converted_at(f, record), ost__converted_at(f, shadow),
                                         ost__field_place_size(f)) == 0
                                : ost__member_equal(f, record, shadow);
        if (!same)
            ost__field_set_add(&written, i);
    }
    return written;
}

static ost_status version_changed(ost_session *s, const ost__model *m)
{
    ost__fail(s, OST_MISUSE, "a hook changed the version of a %s, which the library counts",
              m->table.model);
    ost__error_about(&s->error, m->table.model, m->version->name);
    return OST_MISUSE;
}

/* The key that is in a condition, or in a snapshot, is the one that the program gave. */
static ost_status check_key(ost_session *s, const ost__model *m, const void *before,
                            const void *shadow)
{
    for (uint32_t i = 0; i < m->table.key_count; i++) {
        if (ost__member_equal(m->table.keys[i], before, shadow))
            continue;
        ost__fail(s, OST_MISUSE, "a hook changed the key of a %s; delete and insert instead",
                  m->table.model);
        ost__error_about(&s->error, m->table.model, m->table.keys[i]->name);
        return OST_MISUSE;
    }
    return OST_OK;
}

/* ---- before ---- */

/* Slots follow what the program or a hook put into the members. */
static ost_status convert(ost_session *s, const ost__model *m, void *shadow,
                          const ost__field_set *known, const ost__rules *rules)
{
    ost_status status = ost__image_convert(s, m, shadow, known, rules->error);
    if (status == OST_OK)
        return OST_OK;
    return rules->call ? ost__call_refused(s, m, rules->call, status) : ost__refused(s, m, status);
}

/* Members of the program's own follow what the rules did to their slots. */
typedef ost_status ruling(const ost__model *m, void *shadow, ost__field_set *which,
                          const ost__rules *rules);

static ost_status rule(ost_session *s, const ost__model *m, void *shadow, ost__field_set *which,
                       const ost__rules *rules, ruling *with)
{
    if (m->converted_count == 0)
        return with(m, shadow, which, rules);
    const void *before = ost__image_of(s, m, shadow);
    if (!before)
        return ost__error_set(rules->error, OST_NO_MEMORY, "no memory for a %s", m->table.model);
    OST_TRY(with(m, shadow, which, rules));
    return ost__image_settle(s, m, before, shadow, rules->error);
}

static ost_status rule_insert(const ost__model *m, void *shadow, ost__field_set *which,
                              const ost__rules *rules)
{
    (void)which;
    return ost__rules_insert(m, shadow, rules);
}

static ost_status rule_again(const ost__model *m, void *shadow, ost__field_set *which,
                             const ost__rules *rules)
{
    return ost__rules_again(m, shadow, which, rules);
}

/* Hooks between two looks at the rules. What they changed is looked at again. */
static ost_status run_checked(ost_session *s, const ost__model *m, void *shadow,
                              const ost__field_set *known, const ost__rules *rules)
{
    ost__field_set again = { { 0 } };
    const void *checked = ost__image_of(s, m, shadow);
    if (!checked)
        return OST_NO_MEMORY;
    ost_status status = run_before(m->source, rules->call, shadow);
    if (status == OST_OK && m->version && !ost__member_equal(m->version, checked, shadow))
        return version_changed(s, m);
    if (status == OST_OK)
        OST_TRY(convert(s, m, shadow, known, rules));
    if (status == OST_OK && add_differences(m, checked, shadow, &again))
        status = rule(s, m, shadow, &again, rules, rule_again);
    return status == OST_OK ? OST_OK : ost__call_refused(s, m, rules->call, status);
}

static ost_status seal(ost_session *s, const ost__model *m, void *shadow,
                       const ost__field_set *which, const ost__rules *rules)
{
    ost_status status = ost__rules_seal(m, shadow, which, rules);
    return status == OST_OK ? OST_OK : ost__call_refused(s, m, rules->call, status);
}

OST__HOT ost_status ost__prepare_insert(ost_session *s, const ost__model *m, void *shadow,
                                        const ost__rules *rules)
{
    ost_status status;
    if (!rules->call) {
        OST_TRY(convert(s, m, shadow, NULL, rules));
        status = rule(s, m, shadow, NULL, rules, rule_insert);
        return status == OST_OK ? OST_OK : ost__refused(s, m, status);
    }
    ost__rules open = *rules;
    open.checks_only = true;
    status = run_first(m->source, rules->call, shadow);
    if (status == OST_OK)
        OST_TRY(convert(s, m, shadow, NULL, rules));
    if (status == OST_OK)
        status = rule(s, m, shadow, NULL, &open, rule_insert);
    if (status != OST_OK)
        return ost__call_refused(s, m, rules->call, status);
    OST_TRY(run_checked(s, m, shadow, NULL, &open));
    return seal(s, m, shadow, NULL, rules);
}

/* Whether there is something to write but stamps, which would not be written for themselves. */
static bool find_changes(const ost__model *m, const ost__batch *b, const uint8_t *snapshot,
                         void *shadow, ost__field_set *changed, const ost__rules *rules)
{
    uint64_t any = 0;
    if (rules->call->operation == OST_CALL_REPLACE)
        ost__rules_replaced(m, shadow, rules->stored, changed);
    else
        ost__find_changed(b, shadow, shadow, snapshot, changed);
    for (size_t i = 0; i < sizeof(changed->words) / sizeof(changed->words[0]); i++)
        any |= changed->words[i] & ~m->update_sets.words[i];
    if (any == 0)
        memset(changed, 0, sizeof(*changed));
    return any != 0;
}

static ost_status prepare_hooked(ost_session *s, const ost__model *m, const ost__batch *b,
                                 const uint8_t *snapshot, void *shadow, ost__field_set *changed,
                                 const ost__rules *rules)
{
    const ost__field_set *known = b && !rules->whole ? ost__known_of(b, snapshot) : NULL;
    ost__rules open = *rules;
    const void *given = ost__image_of(s, m, shadow);
    if (!given)
        return OST_NO_MEMORY;
    open.checks_only = true;
    ost_status status = run_first(m->source, rules->call, shadow);
    if (status != OST_OK)
        return ost__call_refused(s, m, rules->call, status);
    OST_TRY(convert(s, m, shadow, known, rules));
    OST_TRY(check_key(s, m, given, shadow));
    if (m->version && !ost__member_equal(m->version, given, shadow))
        return version_changed(s, m);
    if (!find_changes(m, b, snapshot, shadow, changed, rules))
        return OST_OK;
    status = rule(s, m, shadow, changed, &open, ost__rules_update);
    if (status != OST_OK)
        return ost__call_refused(s, m, rules->call, status);
    OST_TRY(run_checked(s, m, shadow, known, &open));
    OST_TRY(check_key(s, m, given, shadow));
    if (!find_changes(m, b, snapshot, shadow, changed, rules))
        return OST_OK;
    for (size_t i = 0; i < sizeof(changed->words) / sizeof(changed->words[0]); i++)
        changed->words[i] |= m->update_sets.words[i];
    return seal(s, m, shadow, changed, rules);
}

OST__HOT ost_status ost__prepare_update(ost_session *s, const ost__model *m, const ost__batch *b,
                                        const uint8_t *snapshot, void *shadow,
                                        ost__field_set *changed, const ost__rules *rules)
{
    if (rules->call)
        return prepare_hooked(s, m, b, snapshot, shadow, changed, rules);
    OST_TRY(convert(s, m, shadow, b && !rules->whole ? ost__known_of(b, snapshot) : NULL, rules));
    ost_status status = rule(s, m, shadow, changed, rules, ost__rules_update);
    return status == OST_OK ? OST_OK : ost__refused(s, m, status);
}

ost_status ost__prepare_delete(ost_session *s, ost_call *call, void *shadow)
{
    const ost_model *m = call->model->source;
    const named_hook hooks[] = { { m->before_delete, "before_delete hook" } };
    ost_status status = run_hooks(call, hooks, 1, shadow);
    return status == OST_OK ? OST_OK : ost__call_refused(s, call->model, call, status);
}

/* ---- after ---- */

static ost_status run_after(ost_session *s, ost_call *call, bool inserts, void *shadow)
{
    const ost_model *m = call->model->source;
    const named_hook written[] = {
        { inserts ? m->after_insert : m->after_update,
          inserts ? "after_insert hook" : "after_update hook" },
        { m->after_save, "after_save hook" },
    };
    const named_hook deleted[] = { { m->after_delete, "after_delete hook" } };
    ost_status status = call->operation == OST_CALL_DELETE ? run_hooks(call, deleted, 1, shadow)
                                                           : run_hooks(call, written, 2, shadow);
    if (status == OST_OK)
        return OST_OK;
    ost__call_refused(s, call->model, call, status);
    s->error.nothing_sent = 0;
    ost__unit_doom(s);
    return status;
}

ost_status ost__run_after(ost_session *s, ost_call *call, void *shadow)
{
    return call ? run_after(s, call, call->operation == OST_CALL_INSERT, shadow) : OST_OK;
}

ost_status ost__run_upserted(ost_session *s, ost_call *call, enum ost_effect effect, void *shadow)
{
    if (!call || effect == OST_EFFECT_UNCHANGED)
        return OST_OK;
    return run_after(s, call, effect == OST_EFFECT_INSERTED, shadow);
}

void ost__write_back_whole(const ost__model *m, void *record, void *shadow)
{
    for (uint32_t i = 0; i < m->member_count; i++) {
        const ost_field *f = &m->fields[i];
        if (f->converts || !ost__field_points(f))
            continue;
        if (f->type == OST_TYPE_EMBEDDED)
            ost__nested_write_back(f, ost__member_at(f, record), ost__member_at(f, shadow));
        ost__member_copy(f, shadow, record);
    }
    memcpy(record, shadow, m->size);
}

/* ---- loading ---- */

ost_status ost__run_loaded(ost_session *s, const ost__model *m, void *rows, size_t count,
                           const ost__field_set *loaded)
{
    ost_call *call;
    size_t index;
    ost__field_set known = *loaded;
    const named_hook hooks[] = { { m->source->after_load, "after_load hook" } };
    OST_TRY(ost__call_for(s, m, OST__CALLS_LOAD, OST_CALL_LOAD, &call));
    for (size_t i = 0; call && i < count; i++) {
        uint8_t *row = (uint8_t *)rows + i * m->size;
        const ost__batch *b = ost__tracked(s, row, &index);
        ost__call_aim(call, b && b->snapshot ? b->snapshot + index * m->width : NULL, &known);
        ost_status status = run_hooks(call, hooks, 1, row);
        if (status != OST_OK) {
            ost__call_refused(s, m, call, status);
            return ost__after_sending(s, status);
        }
    }
    return OST_OK;
}

/* ---- units ---- */

ost_status ost__run_steps(ost_session *s, const ost__model *m, const ost__steps *steps,
                          void *context)
{
    OST_TRY(ost__may_write(s));
    for (uint32_t attempt = 1;; attempt++) {
        bool own = s->unit_count == 0;
        if (own)
            OST_TRY(ost__unit_begin(s, NULL));
        ost_status status = steps->prepare(s, m, context);
        /* A write alone is all or nothing by itself. */
        if (own && status == OST_OK && !((m->calls | OST__ALWAYS_WHOLE) & steps->whole))
            own = !ost__unit_unused(s);
        if (status == OST_OK)
            status = steps->run(s, m, context);
        if (own && status == OST_OK)
            status = ost__unit_commit(s);
        else if (own)
            ost__unit_rollback(s);
        if (!own || !ost__unit_repeats(s, &status, attempt))
            return status;
    }
}
