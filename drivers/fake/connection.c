/* SPDX-License-Identifier: MIT */
/* Life and state of a connection. */
#include "fake/inside.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

const char *ost__fake_inner_url(const ost_fake *f, const char *url)
{
    size_t length = strlen(f->scheme);
    if (!url)
        return "";
    bool ours = strncmp(url, f->scheme, length) == 0 && url[length] == ':';
    return ours ? url + length + 1 : url;
}

/* ---- open ---- */

static bool open_pipe(int wake[2])
{
    if (pipe(wake) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(wake[i], F_SETFL, O_NONBLOCK);
        fcntl(wake[i], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

static void close_pipe(ost_connection *c)
{
    for (int i = 0; i < 2; i++) {
        if (c->wake[i] >= 0)
            close(c->wake[i]);
        c->wake[i] = -1;
    }
}

static void free_connection(ost_connection *c)
{
    close_pipe(c);
    pthread_mutex_destroy(&c->guard);
    ost__free(&c->backend->memory, c, sizeof *c);
}

static ost_connection *new_connection(ost_backend *b, ost_error *e)
{
    ost_connection *c = ost__alloc_zeroed(&b->memory, sizeof *c);
    if (!c) {
        ost__error_set(e, OST_NO_MEMORY, "there is no memory for a connection");
        return NULL;
    }
    c->backend = b;
    c->fake = b->fake;
    atomic_init(&c->busy, false);
    atomic_init(&c->closed, false);
    atomic_init(&c->killed, false);
    atomic_init(&c->killed_silently, false);
    if (!open_pipe(c->wake) || pthread_mutex_init(&c->guard, NULL) != 0) {
        close_pipe(c);
        ost__free(&b->memory, c, sizeof *c);
        ost__error_set(e, OST_CONNECTION, "no pipe could be opened: too many open files");
        return NULL;
    }
    ost__fake_lock(b->fake);
    c->number = ++b->fake->connection_count;
    ost__fake_unlock(b->fake);
    return c;
}

/* What a connection without an inner driver can. */
static const ost_capabilities alone = {
    .struct_size = sizeof(ost_capabilities),
    .server_version = 10000,
    .abilities = 1U << OST_CAN_SAVEPOINT | 1U << OST_CAN_RETURN | 1U << OST_CAN_STREAM_BESIDE |
                 1U << OST_CAN_DDL_IN_UNIT | 1U << OST_CAN_SKIP_LOCKED | 1U << OST_CAN_BIND_LIST |
                 1U << OST_CAN_PREPARE | 1U << OST_CAN_SCHEMAS,
    .max_parameters = 32766,
    .max_identifier = 63,
    .isolations = 0xf,
    .server_name = "Fake",
    .fingerprint = 1,
};

static void adjust(const ost_fake_options *o, ost_capabilities *caps)
{
    uint64_t before = caps->abilities;
    uint64_t pipeline = (uint64_t)1 << OST_CAN_PIPELINE;
    caps->abilities &= ~pipeline;
    if (o->accepts != 1)
        caps->abilities |= pipeline;
    if (o->resolves_commits)
        caps->abilities |= (uint64_t)1 << OST_CAN_RESOLVE_COMMIT;
    caps->abilities |= o->add_abilities;
    caps->abilities &= ~o->remove_abilities;
    if (o->max_parameters > 0)
        caps->max_parameters = o->max_parameters;
    if (o->max_identifier > 0)
        caps->max_identifier = o->max_identifier;
    /* Plans may depend on what was changed here. */
    caps->fingerprint += (before ^ caps->abilities) * 0x9e3779b97f4a7c15U;
    caps->fingerprint += (uint64_t)o->max_parameters * 0xbf58476d1ce4e5b9U;
}

static void enlist(ost_connection *c)
{
    ost_fake *f = c->fake;
    ost__fake_lock(f);
    c->next = f->connections;
    f->connections = c;
    f->counts.connects++;
    f->counts.open_connections++;
    ost__fake_unlock(f);
}

ost_status ost__fake_connect(ost_backend *b, const char *endpoint, ost_deadline deadline,
                             ost_connection **out, ost_capabilities *caps, ost_error *e)
{
    ost_fake *f = b->fake;
    const char *inner_endpoint = ost__fake_inner_url(f, endpoint);
    *out = NULL;
    ost_connection *c = new_connection(b, e);
    if (!c)
        return e ? (ost_status)e->status : OST_NO_MEMORY;
    ost__fake_check_deadline(c, "connect", deadline);
    ost_status status = ost__fake_at(b, c, OST_FAKE_AT_CONNECT, inner_endpoint, deadline, e);
    ost_connection *inner = NULL;
    c->caps = alone;
    if (status == OST_OK && f->has_inner) {
        c->caps = (ost_capabilities){ .struct_size = sizeof c->caps };
        const char *passed = endpoint ? inner_endpoint : NULL;
        status = f->inner.connect(b->inner, passed, deadline, &inner, &c->caps, e);
    }
    ost__fake_note_point(f, c, OST_FAKE_AT_CONNECT, status, inner_endpoint);
    if (status != OST_OK) {
        free_connection(c);
        return status;
    }
    c->inner = inner;
    adjust(&f->options, &c->caps);
    *caps = c->caps;
    enlist(c);
    *out = c;
    return OST_OK;
}

/* ---- close ---- */

void ost__fake_disconnect(ost_connection *c, ost_deadline deadline)
{
    ost_fake *f = c->fake;
    if (ost__fake_enter(c, "close")) {
        ost__fake_check_deadline(c, "close", deadline);
        ost__fake_at(c->backend, c, OST_FAKE_AT_CLOSE, "", deadline, NULL);
        ost__fake_lose(c, deadline);
        ost__fake_drop_batch(c, deadline);
        ost__fake_drop_streams(c, deadline);
        ost__fake_note_point(f, c, OST_FAKE_AT_CLOSE, OST_OK, "");
        ost__fake_lock(f);
        atomic_store(&c->closed, true);
        f->counts.closes++;
        f->counts.open_connections--;
        ost__fake_unlock(f);
        close_pipe(c);
    }
    ost__fake_leave(c);
}

/* In the child of a fork: no lock is taken, for its owner may not exist here. */
void ost__fake_abandon(ost_connection *c)
{
    if (c->inner && c->fake->inner.abandon)
        c->fake->inner.abandon(c->inner);
    c->inner = NULL;
    c->lost = true;
    close_pipe(c);
    atomic_store(&c->closed, true);
    atomic_fetch_add(&c->fake->abandons, 1);
}

size_t ost__fake_free_connections(ost_backend *b, ost_deadline deadline)
{
    size_t open = 0;
    ost_connection *mine = NULL;
    ost__fake_lock(b->fake);
    for (ost_connection **at = &b->fake->connections; *at;) {
        ost_connection *c = *at;
        if (c->backend != b) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        c->next = mine;
        mine = c;
    }
    ost__fake_unlock(b->fake);
    while (mine) {
        ost_connection *c = mine;
        mine = c->next;
        if (!atomic_load(&c->closed)) {
            open++;
            ost__fake_disconnect(c, deadline);
        }
        free_connection(c);
    }
    return open;
}

/* ---- state ---- */

ost_status ost__fake_usable(ost_connection *c, ost_deadline deadline, ost_error *e)
{
    if (atomic_load(&c->killed) && !c->lost)
        ost__fake_lose(c, deadline);
    if (!c->lost)
        return OST_OK;
    return ost__error_set(e, OST_CONNECTION, "the connection broke");
}

enum ost_unit_state ost__fake_state(ost_connection *c)
{
    enum ost_unit_state state = OST_UNIT_LOST;
    if (ost__fake_enter(c, "unit_state"))
        state = ost__fake_unit_state(c);
    ost__fake_leave(c);
    return state;
}

static ost_status reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    const ost_driver *inner = &c->fake->inner;
    ost_status status = ost__fake_at(c->backend, c, OST_FAKE_AT_RESET, "", deadline, NULL);
    if (status == OST_OK)
        status = ost__fake_usable(c, deadline, NULL);
    if (status != OST_OK)
        return status;
    if (c->streams)
        ost__fake_violate(c->fake, c, "a stream is open when the connection is reset", "");
    if (c->owes)
        ost__fake_violate(c->fake, c, "replies are owed: settle or close it first", "reset");
    ost__fake_drop_streams(c, deadline);
    ost__fake_drop_batch(c, deadline);
    if (ost__fake_unit_state(c) != OST_UNIT_NONE)
        status = ost__fake_undo(c, deadline);
    if (status == OST_OK && c->inner && inner->reset)
        status = inner->reset(c->inner, touched, deadline);
    return status;
}

ost_status ost__fake_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    ost_status status = OST_MISUSE;
    if (ost__fake_enter(c, "reset")) {
        ost__fake_check_deadline(c, "reset", deadline);
        status = reset(c, touched, deadline);
        ost__fake_note_point(c->fake, c, OST_FAKE_AT_RESET, status, "");
        ost__fake_lock(c->fake);
        c->fake->counts.resets += status == OST_OK;
        ost__fake_unlock(c->fake);
    }
    ost__fake_leave(c);
    return status;
}

bool ost__fake_alive(ost_connection *c)
{
    bool alive = false;
    if (ost__fake_enter(c, "alive")) {
        ost_status status = ost__fake_at(c->backend, c, OST_FAKE_AT_ALIVE, "", INT64_MAX, NULL);
        bool noticed = atomic_load(&c->killed) && !atomic_load(&c->killed_silently);
        alive = status == OST_OK && !c->lost && !noticed;
        if (alive && c->inner && c->fake->inner.alive)
            alive = c->fake->inner.alive(c->inner);
    }
    ost__fake_leave(c);
    return alive;
}

ost_status ost__fake_role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    ost_status status = OST_MISUSE;
    *writable = true;
    if (ost__fake_enter(c, "role")) {
        status = ost__fake_at(c->backend, c, OST_FAKE_AT_ROLE, "", deadline, NULL);
        if (status == OST_OK)
            status = ost__fake_usable(c, deadline, NULL);
        if (status == OST_OK && c->inner && c->fake->inner.role)
            status = c->fake->inner.role(c->inner, writable, deadline);
    }
    ost__fake_leave(c);
    return status;
}

/* ---- lost commits ---- */

static const char token_mark[] = "fake";

ost_status ost__fake_commit_token(ost_connection *c, ost_commit_token *out)
{
    if (!c->fake->options.resolves_commits) {
        bool asks = c->inner && c->fake->inner.commit_token;
        return asks ? c->fake->inner.commit_token(c->inner, out) : OST_UNSUPPORTED;
    }
    /* Servers give a unit its name with its first write: the core must have asked for it. */
    if (!c->token_known || c->unit_number == 0)
        return OST_UNSUPPORTED;
    uint64_t unit = c->unit_number;
    *out = (ost_commit_token){ .size = sizeof token_mark + sizeof unit };
    memcpy(out->bytes, token_mark, sizeof token_mark);
    memcpy(out->bytes + sizeof token_mark, &unit, sizeof unit);
    return OST_OK;
}

enum ost_verdict ost__fake_resolve(ost_connection *fresh, const ost_commit_token *token,
                                   ost_deadline deadline)
{
    ost_fake *f = fresh->fake;
    uint64_t unit;
    if (ost__fake_at(fresh->backend, fresh, OST_FAKE_AT_RESOLVE, "", deadline, NULL) != OST_OK ||
        ost__fake_usable(fresh, deadline, NULL) != OST_OK)
        return OST_VERDICT_UNKNOWN;
    if (!f->options.resolves_commits) {
        bool asks = fresh->inner && f->inner.resolve;
        return asks ? f->inner.resolve(fresh->inner, token, deadline) : OST_VERDICT_UNKNOWN;
    }
    if (token->size != sizeof token_mark + sizeof unit ||
        memcmp(token->bytes, token_mark, sizeof token_mark) != 0)
        return OST_VERDICT_UNKNOWN;
    memcpy(&unit, token->bytes + sizeof token_mark, sizeof unit);
    return unit > SIZE_MAX ? OST_VERDICT_UNKNOWN : ost__fake_unit_verdict(f, (size_t)unit);
}

/* ---- what only an inner driver can ---- */

ost_status ost__fake_position(ost_connection *c, ost_position *out, ost_deadline deadline)
{
    bool asks = c->inner && c->fake->inner.position;
    return asks ? c->fake->inner.position(c->inner, out, deadline) : OST_UNSUPPORTED;
}

ost_status ost__fake_reached(ost_connection *c, const ost_position *p, bool *yes,
                             ost_deadline deadline)
{
    bool asks = c->inner && c->fake->inner.reached;
    return asks ? c->fake->inner.reached(c->inner, p, yes, deadline) : OST_UNSUPPORTED;
}

ost_status ost__fake_watch(ost_connection *c, const ost_operation *what, const ost_blob *from,
                           ost_watched *out, ost_deadline deadline, ost_error *e)
{
    *out = (ost_watched){ .struct_size = sizeof *out };
    if (!c->inner || !c->fake->inner.watch)
        return ost__error_set(e, OST_UNSUPPORTED, "the inner driver has no change streams");
    ost_operation inner = *what;
    inner.plan = what->plan ? what->plan->inner : NULL;
    return c->fake->inner.watch(c->inner, &inner, from, out, deadline, e);
}

ost_status ost__fake_next_event(ost_connection *c, uint32_t stream, ost_sink *sink,
                                ost_watched *out, ost_deadline deadline, ost_error *e)
{
    *out = (ost_watched){ .struct_size = sizeof *out };
    if (!c->inner || !c->fake->inner.next_event)
        return ost__error_set(e, OST_UNSUPPORTED, "the inner driver has no change streams");
    return c->fake->inner.next_event(c->inner, stream, sink, out, deadline, e);
}

void *ost__fake_native(ost_connection *c)
{
    return c->inner && c->fake->inner.native ? c->fake->inner.native(c->inner) : NULL;
}
