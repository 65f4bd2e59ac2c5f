/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "session/cursor.h"

enum { BACKOFF_FIRST_US = 2000, BACKOFF_MAX_US = 250000, VERDICT_TIMEOUT_MS = 10000 };

OST__HOT ost_status ost__unit_check(ost_session *s)
{
    if (s->doomed < 0)
        return OST_OK;
    memcpy(&s->error, &s->doom, sizeof(s->error));
    return (ost_status)s->doom.status;
}

static void doom(ost_session *s, uint32_t unit)
{
    if (s->doomed >= 0) {
        if ((int32_t)unit < s->doomed)
            s->doomed = (int32_t)unit;
        return;
    }
    s->doomed = (int32_t)unit;
    memcpy(&s->doom, &s->error, sizeof(s->doom));
}

void ost__unit_doom(ost_session *s)
{
    if (s->unit_count > 0)
        doom(s, s->unit_count - 1);
}

void ost__unit_retell(ost_session *s)
{
    if (s->doomed >= 0)
        memcpy(&s->doom, &s->error, sizeof(s->doom));
}

void ost__unit_lost(ost_session *s)
{
    if (s->unit_count == 0 || !s->units[0].sent || s->doomed == 0)
        return;
    if (s->doomed < 0)
        ost__error_set(&s->doom, OST_CONNECTION,
                       "the connection was closed, and with it the transaction was undone");
    s->doomed = 0;
}

void ost__unit_failed(ost_session *s, const ost_operation *op, const ost_outcome *o)
{
    uint32_t innermost = s->unit_count - 1;
    if (s->unit_count == 0)
        return;
    if (o->connection_lost || o->transaction_ended || s->error.retryable) {
        doom(s, 0);
        return;
    }
    if (s->error.nothing_sent)
        return;
    bool writes = op->flags & OST_FLAG_WRITES;
    bool begins = op->kind == OST_DO_BEGIN || op->kind == OST_DO_SAVEPOINT;
    if (writes || begins || s->db->driver.unit_state(s->lease->connection) == OST_UNIT_FAILED)
        doom(s, innermost);
}

/* ---- begin, commit, rollback ---- */

static ost_status read_options(ost_session *s, const ost_transaction_options *given,
                               ost_transaction_options *out)
{
    memset(out, 0, sizeof(*out));
    out->struct_size = sizeof(*out);
    if (!given)
        return OST_OK;
    if (given->struct_size == 0)
        return ost__fail(s, OST_MISUSE,
                         "the options' struct_size is 0; write them with OST_TRANSACTION(…)");
    memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    out->struct_size = sizeof(*out);
    if (out->isolation > OST_SERIALIZABLE)
        return ost__fail(s, OST_MISUSE, "there is no isolation level %u", (unsigned)out->isolation);
    return OST_OK;
}

static bool has_savepoints(const ost_capabilities *caps)
{
    return caps->abilities >> OST_CAN_SAVEPOINT & 1;
}

static ost_status check_abilities(ost_session *s, const ost_transaction_options *o)
{
    OST_TRY(ost__session_lease(s));
    const ost_capabilities *caps = &s->lease->capabilities;
    ost_status status = OST_OK;
    if (s->unit_count > 0 && !has_savepoints(caps))
        status = ost__fail(s, OST_UNSUPPORTED,
                           "%s has no savepoints: a transaction inside another cannot be undone "
                           "alone; let it join",
                           caps->server_name);
    else if (!(caps->isolations >> o->isolation & 1))
        status = ost__fail(s, OST_UNSUPPORTED, "%s does not have this isolation level",
                           caps->server_name);
    ost__session_unlease(s, true);
    return status;
}

ost_status ost__unit_begin(ost_session *s, const ost_transaction_options *options)
{
    ost_transaction_options o;
    OST_TRY(ost__unit_check(s));
    OST_TRY(read_options(s, options, &o));
    if (s->unit_count == OST__UNITS_MAX)
        return ost__fail(s, OST_TOO_LARGE, "transactions are nested more than %d deep",
                         OST__UNITS_MAX);
    bool joined = o.join && s->unit_count > 0;
    if (s->unit_count > 0 &&
        (o.isolation || o.read_only || o.timeout_ms || (o.max_attempts > 1 && !joined)))
        return ost__fail(s, OST_MISUSE,
                         "a transaction inside another has no isolation, time-out or attempts of "
                         "its own");
    if (!joined && (s->unit_count > 0 || o.isolation != OST_DEFAULT_ISOLATION))
        OST_TRY(check_abilities(s, &o));
    ost__unit *u = &s->units[s->unit_count];
    *u = (ost__unit){
        .read_only = o.read_only || s->read_only || (s->unit_count > 0 && s->units[0].read_only),
        .joined = joined,
        .isolation = o.isolation,
        .deadline = o.timeout_ms == 0 || o.timeout_ms == OST_NO_TIMEOUT
                        ? INT64_MAX
                        : s->now + (int64_t)o.timeout_ms * 1000000,
        .sequence = s->sequence + 1,
        .journal = s->journal.newest,
        .journal_mark = ost__arena_mark_now(&s->journal.memory),
    };
    ost__print(u->name, sizeof(u->name), "ost_%u", s->unit_count);
    s->unit_count++;
    return OST_OK;
}

ost_status ost__unit_begin_own(ost_session *s, bool *begun)
{
    *begun = true;
    OST_TRY(ost__unit_check(s));
    if (s->unit_count > 0) {
        OST_TRY(ost__session_lease(s));
        *begun = has_savepoints(&s->lease->capabilities);
        ost__session_unlease(s, true);
    }
    return *begun ? ost__unit_begin(s, NULL) : OST_OK;
}

/* Ends the innermost unit without asking the database. Tracked records stay as they are, become as
 * they were, or are to be reloaded. */
static void end_unit(ost_session *s, enum ost__ending how)
{
    ost__unit *u = &s->units[s->unit_count - 1];
    if (how == OST__UNDONE)
        ost__journal_undo(s, u);
    else if (how == OST__UNKNOWN)
        ost__journal_distrust(s, u);
    u->sent = false;
    s->unit_count--;
    if (s->doomed >= (int32_t)s->unit_count)
        s->doomed = -1;
    if (s->callbacks.waiting)
        ost__callbacks_unit_ended(s, s->unit_count, how);
    if (s->unit_count == 0) {
        ost__journal_forget(s);
        ost__session_unlease(s, true);
    } else if (how == OST__COMMITTED) {
        s->units[s->unit_count - 1].wrote |= u->wrote;
    }
}

bool ost__unit_unused(ost_session *s)
{
    if (s->unit_count != 1 || s->units[0].sent || s->doomed >= 0 || s->callbacks.waiting)
        return false;
    end_unit(s, OST__COMMITTED);
    return true;
}

/* A transaction's deadline that has passed must not keep it from being undone: its end has the time
 * of a call of its own, though not all of a long one. */
static void extend_for_end(ost_session *s)
{
    uint32_t ms = s->timeout_ms < OST__END_MS ? s->timeout_ms : OST__END_MS;
    ost_deadline least = s->now + (int64_t)ms * 1000000;
    if (s->deadline < least)
        s->deadline = least;
}

/* What a joined unit did cannot be undone alone: the unit around it is undone with it. */
static void leave_joined(ost_session *s)
{
    int32_t around = (int32_t)s->unit_count - 2;
    if (s->doomed < 0)
        ost__error_set(&s->doom, OST_CANCELLED,
                       "a transaction that had joined this one was rolled back");
    if (s->doomed < 0 || s->doomed > around)
        s->doomed = around;
    end_unit(s, OST__COMMITTED);
}

void ost__unit_rollback(ost_session *s)
{
    ost__unit *u = &s->units[s->unit_count - 1];
    bool outermost = s->unit_count == 1,
         outer_doomed = s->doomed >= 0 && s->doomed < (int32_t)s->unit_count - 1;
    ost__cursors_undone(s, u->sequence);
    if (u->joined) {
        leave_joined(s);
        return;
    }
    if (u->sent && s->lease && !outer_doomed) {
        ost_outcome o;
        bool open = s->db->driver.unit_state(s->lease->connection) != OST_UNIT_NONE;
        extend_for_end(s);
        ost_error *kept = ost__arena_alloc(&s->scratch, sizeof(*kept), _Alignof(ost_error));
        if (kept)
            memcpy(kept, &s->error, sizeof(*kept));
        u->sent = false;
        if (open && ost__run_control(s, outermost ? OST_DO_ROLLBACK : OST_DO_ROLLBACK_TO, u, &o) !=
                        OST_OK) {
            /* Closing the connection undoes all of the transaction, so nothing may follow in it. */
            if (!outermost)
                doom(s, 0);
            ost__session_unlease(s, false);
        }
        if (kept)
            memcpy(&s->error, kept, sizeof(*kept));
    }
    end_unit(s, OST__UNDONE);
}

/* The answer to COMMIT is lost: asks a fresh connection with the token, if there is one. A server
 * that is on its way back is waited for. */
static enum ost_verdict ask_verdict(ost_session *s, const ost_commit_token *token)
{
    enum { ATTEMPTS = 100, PAUSE_MS = 10, PAUSE_MAX_MS = 250 };
    const ost_platform *p = &s->db->platform;
    const ost_driver *driver = &s->db->driver;
    enum ost_verdict verdict = OST_VERDICT_UNKNOWN;
    int64_t now = p->monotonic(p->context);
    ost_deadline deadline = now + (int64_t)VERDICT_TIMEOUT_MS * 1000000;
    int pause = PAUSE_MS;
    bool lost = token != NULL;
    if (s->deadline < deadline)
        deadline = s->deadline;
    for (int i = 0; lost && i < ATTEMPTS && now < deadline; i++) {
        ost__lease *fresh = NULL;
        if (ost__pool_lease(s->db->pool, now, deadline, &fresh, &s->scratch_error) == OST_OK) {
            verdict = driver->resolve(fresh->connection, token, deadline);
            lost = verdict == OST_VERDICT_UNKNOWN &&
                   driver->unit_state(fresh->connection) == OST_UNIT_LOST;
            ost__pool_return(s->db->pool, fresh, s->now, !lost);
        }
        now = p->monotonic(p->context);
        int64_t left_ms = (deadline - now) / 1000000;
        if (lost && left_ms > 0)
            (void)poll(NULL, 0, left_ms < pause ? (int)left_ms : pause);
        pause = 2 * pause < PAUSE_MAX_MS ? 2 * pause : PAUSE_MAX_MS;
        now = p->monotonic(p->context);
    }
    return verdict;
}

/* What COMMIT came to, once it did not say OST_OK. */
static enum ost_verdict judge_commit(ost_session *s, const ost_outcome *o,
                                     const ost_commit_token *token)
{
    bool lost = o->connection_lost || !s->lease;
    if (!s->units[0].wrote || s->error.nothing_sent)
        return OST_VERDICT_ABORTED;
    /* The driver knows that nobody knows. */
    if (o->status == OST_UNKNOWN_OUTCOME)
        return OST_VERDICT_UNKNOWN;
    if (!lost &&
        (o->transaction_ended || s->db->driver.unit_state(s->lease->connection) != OST_UNIT_NONE))
        return OST_VERDICT_ABORTED;
    if (!lost && o->status != OST_TIMEOUT && o->status != OST_CANCELLED &&
        o->status != OST_CONNECTION)
        return OST_VERDICT_ABORTED;
    return ask_verdict(s, token);
}

static ost_status commit_outermost(ost_session *s)
{
    ost_outcome o = { 0 };
    ost_commit_token token;
    ost__unit *u = &s->units[0];
    bool has_token = s->db->driver.commit_token(s->lease->connection, &token) == OST_OK;
    ost_status status = ost__run_control(s, OST_DO_COMMIT, u, &o);
    if (status == OST_OK) {
        end_unit(s, OST__COMMITTED);
        return OST_OK;
    }
    switch (judge_commit(s, &o, has_token ? &token : NULL)) {
    case OST_VERDICT_COMMITTED: end_unit(s, OST__COMMITTED); return OST_OK;
    case OST_VERDICT_ABORTED: ost__unit_rollback(s); return status;
    default: break;
    }
    if (status != OST_UNKNOWN_OUTCOME)
        ost__error_set(&s->error, OST_UNKNOWN_OUTCOME,
                       "the answer to COMMIT was lost: the transaction may have happened or not; "
                       "reload what it touched");
    ost__session_unlease(s, false);
    end_unit(s, OST__UNKNOWN);
    return OST_UNKNOWN_OUTCOME;
}

ost_status ost__unit_commit(ost_session *s)
{
    ost_outcome o;
    ost__unit *u = &s->units[s->unit_count - 1];
    if (s->doomed >= 0) {
        ost_status status = (ost_status)s->doom.status;
        ost__unit_rollback(s);
        memcpy(&s->error, &s->doom, sizeof(s->error));
        return status;
    }
    if (s->unit_count == 1 && ost__cursors_open_since(s, u->sequence)) {
        ost__unit_rollback(s);
        return ost__fail(s, OST_MISUSE,
                         "a cursor opened in the transaction is still open, so it was rolled back; "
                         "close cursors before the transaction ends");
    }
    if (!u->sent) {
        end_unit(s, OST__COMMITTED);
        return OST_OK;
    }
    if (s->unit_count == 1)
        return commit_outermost(s);
    ost_status status = ost__run_control(s, OST_DO_RELEASE, u, &o);
    if (status == OST_OK)
        end_unit(s, OST__COMMITTED);
    else
        ost__unit_rollback(s);
    return status;
}

/* ---- the public calls ---- */

ost_status ost_begin(ost_session *s, const ost_transaction_options *options)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    if (s->loan)
        return ost__leave(s, ost__loan_refuse(s, "ost_begin"));
    if (options && options->struct_size > 0 && options->max_attempts > 1)
        return ost__leave(
            s, ost__fail(s, OST_MISUSE, "ost_begin runs no body again; use ost_transaction"));
    return ost__leave(s, ost__unit_begin(s, options));
}

ost_status ost_commit(ost_session *s)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    if (s->loan)
        return ost__leave(s, ost__loan_refuse(s, "ost_commit"));
    if (s->unit_count == 0)
        return ost__leave(s, ost__fail(s, OST_MISUSE, "ost_commit without ost_begin"));
    return ost__leave(s, ost__unit_commit(s));
}

ost_status ost_rollback(ost_session *s)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    if (s->loan)
        return ost__leave(s, ost__loan_refuse(s, "ost_rollback"));
    if (s->unit_count == 0)
        return ost__leave(s, ost__fail(s, OST_MISUSE, "ost_rollback without ost_begin"));
    ost__unit_rollback(s);
    return ost__leave(s, OST_OK);
}

ost_status ost_undo(ost_session *s)
{
    if (s)
        s->undo = true;
    return OST_CANCELLED;
}

/* Waits before another attempt: twice as long each time, by a random part of it. */
static void back_off(ost_session *s, uint32_t attempt, ost_deadline deadline)
{
    const ost_platform *p = &s->db->platform;
    const ost_event event = { .struct_size = sizeof(event),
                              .kind = OST_EVENT_RETRY,
                              .status = s->error.status,
                              .model = "",
                              .rows = -1,
                              .text = "a transaction is run again" };
    uint64_t random, limit = BACKOFF_FIRST_US;
    for (uint32_t i = 1; i < attempt && limit < BACKOFF_MAX_US; i++)
        limit *= 2;
    p->random(p->context, &random, sizeof(random));
    ost__db_event(s->db, &event);
    int64_t pause_ms = 1 + (int64_t)(random % limit / 1000);
    int64_t left_ms = (deadline - p->monotonic(p->context)) / 1000000;
    if (pause_ms > left_ms)
        pause_ms = left_ms > 0 ? left_ms : 0;
    (void)poll(NULL, 0, (int)pause_ms);
}

bool ost__unit_repeats(ost_session *s, ost_status *status, uint32_t attempt)
{
    const ost_platform *p = &s->db->platform;
    if (s->unit_count == 0 && *status == OST_CONFLICT && s->upsert_conflicts == 1) {
        s->upsert_conflicts++; /* once, wherever the next one is found */
        return true;
    }
    if (s->unit_count > 0 || (*status != OST_SERIALIZATION && *status != OST_DEADLOCK) ||
        !s->error.retryable)
        return false;
    if (p->monotonic(p->context) < s->deadline)
        back_off(s, attempt, s->deadline);
    if (p->monotonic(p->context) < s->deadline)
        return true;
    *status = ost__after_sending(
        s, ost__fail(s, OST_TIMEOUT,
                     "other transactions changed the same records each time until the deadline"));
    return false;
}

/* Decides by what the database reported, whatever the body returned. */
static ost_status end_attempt(ost_session *s, uint32_t depth, ost_status status)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    bool undo = s->undo && status == OST_CANCELLED;
    s->undo = false;
    if (s->unit_count < depth)
        return ost__leave(
            s, ost__fail(s, OST_MISUSE, "the body ended the transaction that it runs in"));
    bool left_open = s->unit_count > depth;
    while (s->unit_count > depth)
        ost__unit_rollback(s);
    if (s->doomed >= 0) {
        undo = false;
        status = (ost_status)s->doom.status;
        memcpy(&s->error, &s->doom, sizeof(s->error));
        ost__unit_rollback(s);
    } else if (status == OST_OK && left_open) {
        status = ost__fail(s, OST_MISUSE, "the body left a transaction open that it began");
        ost__unit_rollback(s);
    } else if (status == OST_OK) {
        status = ost__unit_commit(s);
        if (status != OST_OK && s->unit_count == depth)
            ost__unit_rollback(s);
    } else {
        if (!undo && s->error.status != status)
            ost__error_set(&s->error, status, "the body of a transaction returned %s",
                           ost_status_name(status));
        if (!undo && s->units[depth - 1].joined)
            ost__unit_doom(s);
        ost__unit_rollback(s);
    }
    return ost__leave(s, undo ? OST_OK : status);
}

ost_status ost_transaction(ost_session *s, ost_transaction_body *body, void *context,
                           const ost_transaction_options *options)
{
    ost_transaction_options o;
    if (!ost__enter(s))
        return OST_MISUSE;
    ost_status status = read_options(s, options, &o);
    if (status == OST_OK && !body) {
        ost__fail(s, OST_MISUSE, "ost_transaction needs a body");
        status = OST_MISUSE;
    }
    ost__leave(s, status);
    OST_TRY(status);
    for (ost_attempt attempt = { .number = 1 };; attempt.number++) {
        if (!ost__enter(s))
            return OST_MISUSE;
        ost_deadline end = attempt.number > 1 ? s->units[0].deadline : INT64_MAX;
        status = ost__unit_begin(s, &o);
        uint32_t depth = s->unit_count;
        if (status == OST_OK && attempt.number > 1)
            s->units[0].deadline = end;
        if (status == OST_OK && o.max_attempts > 1 && depth == 1) {
            status = ost__journal_all(s);
            if (status != OST_OK)
                ost__unit_rollback(s);
        }
        s->undo = false;
        ost__leave(s, status);
        OST_TRY(status);
        status = end_attempt(s, depth, body(s, &attempt, context));
        bool again = status != OST_OK && depth == 1 && s->error.retryable &&
                     status == (ost_status)s->error.status && attempt.number < o.max_attempts;
        if (!again)
            return status;
        back_off(s, attempt.number, s->units[0].deadline);
    }
}
