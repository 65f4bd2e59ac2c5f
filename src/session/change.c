/* SPDX-License-Identifier: MIT */
/* Updates and deletes by query. Field rules, stamps and bounds hold here as they do for records. */
#include "session/change.h"

#include <string.h>

#include "base/error.h"
#include "model/caseless.h"
#include "model/conversion.h"
#include "query/expr.h"
#include "session/hook.h"

static ost_status refuse(ost_session *s, const ost__model *m, const ost_field *f, const char *why)
{
    ost__fail(s, OST_MISUSE, "%s.%s: %s", m->table.model, f ? f->name : "(change)", why);
    ost__error_about(&s->error, m->table.model, f ? f->name : NULL);
    return OST_MISUSE;
}

static ost_status put_operator(ost_session *s, const ost__model *m, ost__section *changes,
                               uint16_t op, const ost_field *f)
{
    uint8_t *at = ost__section_take(&s->scratch, changes, 3);
    if (!at)
        return ost__no_memory(s);
    at[0] = (uint8_t)op;
    ost__put_u16(at + 1, ost__field_index(m, f));
    return OST_OK;
}

static ost_status put_change(ost_session *s, const ost__model *m, ost__section *changes,
                             uint16_t op, const ost_field *f, const ost_value *v)
{
    OST_TRY(put_operator(s, m, changes, op, f));
    if (op == OST_OP_SET_NULL)
        return OST_OK;
    ost_parameter *p = ost__section_parameter(&s->scratch, changes);
    if (!p)
        return ost__no_memory(s);
    *p = (ost_parameter){ .source = OST_FROM_VALUE,
                          .type = v->type,
                          .precision = f->precision,
                          .scale = f->scale,
                          .field = f,
                          .value = *v };
    return OST_OK;
}

ost_status ost__put_next_version(ost_session *s, const ost__model *m, ost__section *changes)
{
    const ost_value one = { .type = OST_TYPE_INT64, .as = { .integer = 1 } };
    changes->items++;
    return put_change(s, m, changes, OST_OP_INC, m->version, &one);
}

static bool is_number(const ost_field *f)
{
    enum ost__class kind = ost__class_of(f->type, f);
    return kind == OST__CLASS_INT || kind == OST__CLASS_REAL || kind == OST__CLASS_DECIMAL;
}

/* An increment: of the member's kind, so that the driver adds like to like; the sum is checked
 * where it is made. */
static ost_status fold_increment(ost_session *s, const ost__model *m, const ost_field *f,
                                 ost_value *v)
{
    ost__operand type = ost__operand_of_field(f);
    uint16_t op = OST_OP_EQ;
    if (!is_number(f) || f->primary_key)
        return refuse(s, m, f, "only a number that is no key can be incremented");
    if (v->type == OST_TYPE_NONE)
        return refuse(s, m, f, "is incremented by nothing");
    if (f->check || f->transform)
        return refuse(s, m, f,
                      "has a .check or .transform, which cannot look at a sum: set it to a value");
    /* Any difference is allowed, whatever the member can hold: -1 for an unsigned member too. */
    if (ost__class_of(f->type, f) == OST__CLASS_INT)
        type.type = OST_TYPE_INT64, type.field = NULL;
    type.precision = type.type == OST_TYPE_DECIMAL ? 38 : 0;
    if (ost__fold(&type, &op, v) == OST__FOLD_VALUE && op == OST_OP_EQ)
        return OST_OK;
    ost__fail(s, OST_RANGE,
              "%s.%s cannot be incremented by this: it is out of range, or has more "
              "digits than the member",
              m->table.model, f->name);
    ost__error_about(&s->error, m->table.model, f->name);
    return OST_RANGE;
}

ost_status ost__change_refuse(const ost__changing *c, const ost_field *f, const char *why)
{
    return refuse(c->s, c->m, f, why);
}

ost_status ost__change_put(const ost__changing *c, uint16_t op, const ost_field *f)
{
    return put_operator(c->s, c->m, c->out, op, f);
}

/* Whether the member, one around it or one inside it is changed already. */
static bool is_seen(const ost__changing *c, const ost_field *f)
{
    const ost__model *m = c->m;
    for (const ost_field *x = f; x; x = x->inside)
        if (ost__field_set_has(c->seen, ost__field_index(m, x)))
            return true;
    for (uint32_t i = m->table.field_count; i < m->table.field_count + m->table.inner_count; i++) {
        const ost_field *x = &m->fields[i];
        while (x && x != f)
            x = x->inside;
        if (x && ost__field_set_has(c->seen, i))
            return true;
    }
    return false;
}

const ost_field *ost__change_field(const ost__changing *c, const ost_expr *e)
{
    const ost_expr *inner = ost__change_unwrap(e);
    bool own = inner->model && inner->model->fields == c->m->identity;
    const ost_field *f = own ? ost__model_field(c->m, &inner->member) : NULL;
    const char *why = !own             ? "a change of another model's member"
                      : !f             ? "a change of a member that is no field"
                      : is_seen(c, f)  ? "is changed twice in one update"
                      : f->primary_key ? "a key does not change; delete and insert instead"
                      : f->version     ? "is a version, which the library counts with every change"
                                       : NULL;
    if (why) {
        refuse(c->s, c->m, f, why);
        return NULL;
    }
    ost__field_set_add(c->seen, ost__field_index(c->m, f));
    return f;
}

/* The stored form of a value that a converted member is set to. */
static ost_status convert(const ost__changing *c, const ost_field *f, const void *from,
                          ost_value *out)
{
    ost_call call;
    if (!f->converts)
        return refuse(c->s, c->m, f, "is not converted: set it to a value of its kind");
    ost__conversion_begin(&call, c->m, OST_CALL_UPDATE, &c->s->scratch, c->s->context);
    ost_status status = ost__conversion_value(&call, f, from, out);
    if (status == OST_OK)
        return OST_OK;
    ost__call_failed(c->s, &call, status);
    return ost__refused(c->s, c->m, status);
}

/* A value that a member is set to, and what it is compared by. */
static ost_status put_value(const ost__changing *c, const ost_field *f, const ost_value *v)
{
    const ost_field *compared = ost__compared_by(f);
    const uint16_t op = v->type == OST_TYPE_NONE ? OST_OP_SET_NULL : OST_OP_SET;
    ost_value folded = *v;
    OST_TRY(put_change(c->s, c->m, c->out, op, f, v));
    if (compared == f)
        return OST_OK;
    if (v->type == OST_TYPE_TEXT)
        folded.as.text = ost__caseless_text(&c->s->scratch, v->as.text);
    if (v->type == OST_TYPE_TEXT && !folded.as.text)
        return ost__no_memory(c->s);
    c->out->items++;
    return put_change(c->s, c->m, c->out, op, compared, &folded);
}

ost_status ost__change_member(const ost__changing *c, const ost_field *f, const ost_expr *e)
{
    ost_value v = e->constant ? *e->constant : e->value;
    if (e->op != OST_OP_SET && e->op != OST_OP_SET_NULL && e->op != OST_OP_INC)
        return refuse(c->s, c->m, f, "a change is one of ost_set, ost_set_null and ost_inc");
    if (e->op == OST_OP_SET_NULL)
        v = (ost_value){ 0 };
    else if (e->list)
        OST_TRY(convert(c, f, e->list, &v));
    if (e->op == OST_OP_INC) {
        OST_TRY(fold_increment(c->s, c->m, f, &v));
        return put_change(c->s, c->m, c->out, OST_OP_INC, f, &v);
    }
    ost_status status = ost__rules_value(c->m, f, &v, c->rules);
    if (status != OST_OK)
        return ost__rules_refused(c->s, c->m, c->rules, status);
    return put_value(c, f, &v);
}

static ost_status encode_change(const ost__changing *c, const ost_expr *e)
{
    bool known = e->op == OST_OP_SET || e->op == OST_OP_SET_NULL || e->op == OST_OP_INC ||
                 e->op == OST_OP_PUSH || (e->op >= OST_OP_ADD_TO_SET && e->op <= OST_OP_SLICE);
    if (!known)
        return refuse(c->s, c->m, NULL,
                      "a change is one of ost_set, ost_set_null, ost_inc and those of lists");
    const ost_field *f = ost__change_field(c, e);
    if (!f)
        return (ost_status)c->s->error.status;
    ost_status status = ost__rules_may_change(c->m, f, c->rules);
    if (status != OST_OK)
        return ost__rules_refused(c->s, c->m, c->rules, status);
    c->out->items++;
    return ost__changes_document(e, f) ? ost__change_document(c, f, e)
                                       : ost__change_member(c, f, e);
}

/* Whether a change is about a member of the struct that this one is in, but not about all of it. */
static bool is_beside_changed(const ost__changing *c, const ost_field *f)
{
    const ost__model *m = c->m;
    if (!f->inside || is_seen(c, f))
        return false;
    for (uint32_t i = m->table.field_count; i < m->table.field_count + m->table.inner_count; i++) {
        const ost_field *x = &m->fields[i];
        while (x && x->inside != f->inside)
            x = x->inside;
        if (x && ost__field_set_has(c->seen, i))
            return true;
    }
    return false;
}

static ost_status put_stamp(const ost__changing *c, const ost_field *f)
{
    if (f == c->m->version)
        return ost__put_next_version(c->s, c->m, c->out);
    ost_value now = ost__rules_stamp(f, c->rules->now);
    ost_status status = ost__rules_value(c->m, f, &now, c->rules);
    if (status != OST_OK)
        return ost__rules_refused(c->s, c->m, c->rules, status);
    OST_TRY(put_change(c->s, c->m, c->out, OST_OP_SET, f, &now));
    c->out->items++;
    return OST_OK;
}

ost_status ost__change_stamps(const ost__changing *c)
{
    const ost__model *m = c->m;
    uint32_t i = 0;
    for (; i < m->table.field_count; i++)
        if (ost__field_set_has(&m->update_sets, i) && !ost__field_set_has(c->seen, i))
            OST_TRY(put_stamp(c, &m->fields[i]));
    for (; i < m->table.field_count + m->table.inner_count; i++)
        if (m->fields[i].stamp == OST_ON_UPDATE && is_beside_changed(c, &m->fields[i]))
            OST_TRY(put_stamp(c, &m->fields[i]));
    return OST_OK;
}

ost_status ost__deletion(ost_session *s, const ost__model *m, bool deleted, ost__section *changes)
{
    const ost__rules rules = ost__rules_of(s, m, NULL);
    const ost_field *f = m->table.deleted;
    ost__field_set seen = { { 0 } };
    const ost__changing c = { .s = s, .m = m, .rules = &rules, .seen = &seen, .out = changes };
    ost_value now = { 0 };
    ost__field_set_add(&seen, ost__field_index(m, f));
    if (deleted) {
        now = ost__rules_stamp(f, rules.now);
        ost_status status = ost__rules_value(m, f, &now, &rules);
        if (status != OST_OK)
            return ost__refused(s, m, status);
    }
    OST_TRY(put_change(s, m, changes, deleted ? OST_OP_SET : OST_OP_SET_NULL, f, &now));
    changes->items++;
    return ost__change_stamps(&c);
}

ost_status ost__encode_changes(ost_session *s, const ost__model *m, const ost_expr *const *list,
                               ost__section *changes)
{
    ost_call *call;
    ost__field_set seen = { { 0 } };
    OST_TRY(ost__call_of_functions(s, m, OST_CALL_UPDATE, &call));
    const ost__rules rules = ost__rules_of(s, m, call);
    size_t count = ost__expr_arg_count(list);
    const ost__changing c = { .s = s, .m = m, .rules = &rules, .seen = &seen, .out = changes };
    if (count == SIZE_MAX || count == 0)
        return refuse(s, m, NULL, "an update was given a NULL, or no change");
    for (size_t i = 0; i < count; i++)
        OST_TRY(encode_change(&c, list[i]));
    return ost__change_stamps(&c);
}

static ost_status assemble_write(ost_session *s, const ost__query *q, const ost__ask *ask,
                                 ost__statement *st)
{
    ost_status status = ost__query_assemble(q, ask, &s->scratch, st, &s->error);
    if (status != OST_OK)
        s->error.nothing_sent = 1;
    return status;
}

ost_status ost__write_all(ost_session *s, const ost__query *q, const ost__ask *ask,
                          int64_t *matched)
{
    ost__statement st;
    ost__run r;
    OST_TRY(assemble_write(s, q, ask, &st));
    ost_status status = ost__run_begin(&r, s, &st);
    if (status == OST_OK) {
        status = ost__run_go(&r, NULL);
        *matched = r.outcome.matched;
    }
    ost__run_end(&r);
    return status == OST_OK ? OST_OK : ost__constraint_failed(s, q->model, status);
}

static ost_status update(ost_session *s, const ost__query *q, const ost_expr *const *list,
                         int64_t *matched)
{
    ost__section changes = { 0 };
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__encode_changes(s, q->model, list, &changes));
    return ost__write_all(s, q, &(ost__ask){ .kind = OST_DO_UPDATE, .changes = &changes }, matched);
}

ost_status ost_query_update(ost_query *handle, int64_t *matched, const ost_expr *const *changes)
{
    ost_session *s;
    int64_t n = 0;
    ost__query *q = ost__enter_query(handle, &s);
    if (matched)
        *matched = 0;
    if (!q)
        return s ? ost__leave(s, (ost_status)s->error.status) : ost__query_unentered(handle);
    ost_status status = update(s, q, changes, &n);
    if (matched && status == OST_OK)
        *matched = n;
    return ost__leave(s, status);
}

static ost_status not_one(ost_session *s, const ost__query *q, int64_t matched)
{
    ost_status status = matched == 0 ? OST_NOT_FOUND : OST_RANGE;
    ost__fail(s, status,
              matched == 0 ? "no %s meets the condition"
                           : "more than one %s meets the condition; none was changed",
              q->model->table.model);
    s->error.nothing_sent = 0;
    ost__error_about(&s->error, q->model->table.model, NULL);
    return status;
}

/* How many would be changed, if the update may be run at all. */
static ost_status count_matches(ost_session *s, const ost__query *q, const ost__ask *ask,
                                int64_t *matched)
{
    ost__statement st;
    OST_TRY(assemble_write(s, q, ask, &st));
    return ost__count(s, q, matched);
}

/* Inside a savepoint or unit of its own, so that a second match undoes it. Where a unit has no
 * savepoints, matches are counted first, in the view that the unit has of the database. By a key
 * there is no second one: within a unit it is a statement like any other. */
static ost_status change_one(ost_session *s, const ost__query *q, const ost__section *changes)
{
    const ost__ask ask = { .kind = OST_DO_UPDATE, .changes = changes };
    int64_t matched = 1;
    bool own = false, keyed = q->keyed && s->unit_count > 0;
    if (!keyed)
        OST_TRY(ost__unit_begin_own(s, &own));
    ost_status status = own || keyed ? OST_OK : count_matches(s, q, &ask, &matched);
    if (status == OST_OK && matched > 1)
        return not_one(s, q, matched);
    if (status == OST_OK)
        status = ost__write_all(s, q, &ask, &matched);
    if (status == OST_OK && matched == 1)
        return own ? ost__unit_commit(s) : OST_OK;
    bool refused = s->doomed >= 0 || (status == OST_OK && matched > 1 && !own);
    if (status == OST_OK)
        status = not_one(s, q, matched);
    else
        ost__error_about(&s->error, q->model->table.model, NULL);
    if (own)
        ost__unit_rollback(s);
    if (refused)
        ost__unit_doom(s);
    return status;
}

static ost_status update_one(ost_session *s, const ost__query *q, const ost_expr *const *list)
{
    ost__section changes = { 0 };
    OST_TRY(ost__unit_check(s));
    OST_TRY(ost__encode_changes(s, q->model, list, &changes));
    for (uint32_t attempt = 1;; attempt++) {
        ost_status status = change_one(s, q, &changes);
        if (!ost__unit_repeats(s, &status, attempt))
            return status;
    }
}

ost_status ost_query_update_one(ost_query *handle, const ost_expr *const *changes)
{
    ost_session *s;
    ost__query *q = ost__enter_query(handle, &s);
    if (!q)
        return s ? ost__leave(s, (ost_status)s->error.status) : ost__query_unentered(handle);
    return ost__leave(s, update_one(s, q, changes));
}
