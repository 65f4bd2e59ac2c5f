/* SPDX-License-Identifier: MIT */
/* A db on the fake, and the driver table. */
#include "fake/inside.h"

#include <string.h>

/* ---- the host, as the inner driver sees it ---- */

static void *inner_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    const ost_host *h = &((ost_backend *)context)->host;
    return h->resize(h->context, old, old_size, new_size);
}

static int64_t inner_now(void *context)
{
    const ost_host *h = &((ost_backend *)context)->host;
    return h->now(h->context);
}

static void inner_random(void *context, void *out, size_t size)
{
    const ost_host *h = &((ost_backend *)context)->host;
    h->random(h->context, out, size);
}

/* The core knows our connection, not the one inside. */
static ost_connection *outer_of(ost_fake *f, ost_connection *inner)
{
    ost_connection *found = NULL;
    ost__fake_lock(f);
    for (ost_connection *c = f->connections; inner && !found && c; c = c->next) {
        pthread_mutex_lock(&c->guard);
        if (c->inner == inner)
            found = c;
        pthread_mutex_unlock(&c->guard);
    }
    ost__fake_unlock(f);
    return found;
}

static int inner_wait(void *context, ost_connection *c, int fd, int events, ost_deadline deadline)
{
    ost_backend *b = context;
    const ost_host *h = &b->host;
    return h->wait(h->context, outer_of(b->fake, c), fd, events, deadline);
}

static void inner_event(void *context, uint16_t kind, const char *text)
{
    const ost_host *h = &((ost_backend *)context)->host;
    if (h->event)
        h->event(h->context, kind, text);
}

/* ---- open ---- */

static ost_status fake_open(const ost_host *host, const ost_options *options, ost_backend **out,
                            ost_error *error);

static bool serves(const ost_driver *d, const char *url)
{
    const char *scheme = d->schemes ? d->schemes[0] : "";
    size_t length = strlen(scheme);
    return strncmp(url, scheme, length) == 0 && url[length] == ':';
}

/* There is no global list: the table in the options that is ours, by its open(), begins an
 * ost_fake. */
static ost_fake *find_fake(const ost_options *options)
{
    const ost_driver *const *d = options->drivers;
    for (; d && *d && options->url; d++) {
        if ((*d)->open == fake_open && serves(*d, options->url))
            return (ost_fake *)(uintptr_t)*d;
    }
    return NULL;
}

static ost_status open_inner(ost_backend *b, const ost_options *options, ost_error *e)
{
    ost_options inner = { 0 };
    size_t size = options->struct_size < sizeof inner ? options->struct_size : sizeof inner;
    memcpy(&inner, options, size);
    inner.url = ost__fake_inner_url(b->fake, options->url);
    return b->fake->inner.open(&b->inner_host, &inner, &b->inner, e);
}

static void count_one(ost_fake *f, uint64_t *count)
{
    ost__fake_lock(f);
    (*count)++;
    ost__fake_unlock(f);
}

static ost_status fake_open(const ost_host *host, const ost_options *options, ost_backend **out,
                            ost_error *e)
{
    *out = NULL;
    ost_fake *f = find_fake(options);
    if (!f)
        return ost__error_set(e, OST_MISUSE, "list ost_fake_driver() in the options' drivers");
    ost__memory memory = { host->resize, host->context };
    ost_backend *b = ost__alloc_zeroed(&memory, sizeof *b);
    if (!b)
        return ost__error_set(e, OST_NO_MEMORY, "there is no memory for a driver");
    b->fake = f;
    b->host = *host;
    b->memory = memory;
    b->inner_host = (ost_host){
        .struct_size = sizeof b->inner_host,
        .abi = host->abi,
        .context = b,
        .resize = inner_resize,
        .now = inner_now,
        .random = inner_random,
        .wait = inner_wait,
        .event = inner_event,
    };
    const char *url = ost__fake_inner_url(f, options->url);
    ost_status status = ost__fake_at(b, NULL, OST_FAKE_AT_OPEN, url, INT64_MAX, e);
    if (status == OST_OK && f->has_inner)
        status = open_inner(b, options, e);
    if (status != OST_OK) {
        ost__free(&memory, b, sizeof *b);
        return status;
    }
    count_one(f, &f->counts.opens);
    *out = b;
    return OST_OK;
}

/* ---- plans, and the end ---- */

static ost_plan *new_plan(ost_backend *b, const ost_shape *shape)
{
    char text[160] = "";
    char table[128] = "";
    size_t length = 0;
    if (shape->table)
        ost__fake_full_name(shape->table, table, sizeof table);
    if (!b->fake->has_inner)
        length = ost__print(text, sizeof text, "%s %s", ost_fake_kind_name(shape->kind), table);
    size_t size = sizeof(ost_plan) + length + 1;
    ost_plan *p = ost__alloc(&b->memory, size);
    if (!p)
        return NULL;
    p->backend = b;
    p->inner = NULL;
    p->size = size;
    memcpy(p->text, text, length + 1);
    return p;
}

static void enlist(ost_plan *p)
{
    ost_backend *b = p->backend;
    ost__fake_lock(b->fake);
    b->fake->counts.compiles++;
    p->next = b->plans;
    p->link = &b->plans;
    if (p->next)
        p->next->link = &p->next;
    b->plans = p;
    ost__fake_unlock(b->fake);
}

static ost_status ask_about_plan(ost_backend *b, const ost_shape *shape, ost_error *e)
{
    const ost_fake_moment moment = {
        .point = OST_FAKE_AT_COMPILE,
        .kind = shape->kind,
        .shape = shape,
        .name = shape->table ? shape->table->name : "",
    };
    ost__fake_decision decision;
    ost__fake_decide(b->fake, &moment, &decision);
    if (decision.rule.action == 0)
        return OST_OK;
    return ost__fake_rule_error(b->fake, &decision.rule, NULL, e);
}

static ost_status fake_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                               ost_plan **out, ost_error *e)
{
    *out = NULL;
    ost_status status = ask_about_plan(b, shape, e);
    if (status != OST_OK)
        return status;
    ost_plan *p = new_plan(b, shape);
    if (!p)
        return ost__error_set(e, OST_NO_MEMORY, "there is no memory for a plan");
    if (b->fake->has_inner)
        status = b->fake->inner.compile(b->inner, caps, shape, &p->inner, e);
    if (status != OST_OK) {
        ost__free(&b->memory, p, p->size);
        return status;
    }
    enlist(p);
    *out = p;
    return OST_OK;
}

static void fake_discard(ost_backend *b, ost_plan *plan)
{
    if (!plan)
        return;
    if (plan->backend != b)
        ost__fake_violate(b->fake, NULL, "a plan is discarded by another backend", "");
    if (plan->inner && b->fake->inner.discard)
        b->fake->inner.discard(b->inner, plan->inner);
    ost__fake_lock(b->fake);
    b->fake->counts.discards++;
    *plan->link = plan->next;
    if (plan->next)
        plan->next->link = plan->link;
    ost__fake_unlock(b->fake);
    ost__free(&b->memory, plan, plan->size);
}

static void fake_shut(ost_backend *b, ost_deadline deadline)
{
    ost_fake *f = b->fake;
    if (ost__fake_free_connections(b, deadline) > 0)
        ost__fake_violate(f, NULL, "the driver is shut while connections are open", "");
    if (b->plans)
        ost__fake_violate(f, NULL, "the driver is shut while it has plans", "");
    while (b->plans)
        fake_discard(b, b->plans);
    if (f->has_inner)
        f->inner.shut(b->inner, deadline);
    count_one(f, &f->counts.shuts);
    ost__memory memory = b->memory;
    ost__free(&memory, b, sizeof *b);
}

static const char *fake_plan_text(const ost_plan *plan)
{
    const ost_driver *inner = &plan->backend->fake->inner;
    if (plan->inner && inner->plan_text)
        return inner->plan_text(plan->inner);
    return plan->text;
}

/* ---- the table; each fake adds its scheme and its inner driver's `classify` ---- */

static const ost_driver table = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "fake",
    .open = fake_open,
    .shut = fake_shut,
    .compile = fake_compile,
    .discard = fake_discard,
    .connect = ost__fake_connect,
    .close = ost__fake_disconnect,
    .abandon = ost__fake_abandon,
    .submit = ost__fake_submit,
    .collect = ost__fake_collect,
    .stop_stream = ost__fake_stop_stream,
    .settle = ost__fake_settle,
    .cancel = ost__fake_cancel,
    .unit_state = ost__fake_state,
    .reset = ost__fake_reset,
    .alive = ost__fake_alive,
    .role = ost__fake_role,
    .commit_token = ost__fake_commit_token,
    .resolve = ost__fake_resolve,
    .position = ost__fake_position,
    .reached = ost__fake_reached,
    .watch = ost__fake_watch,
    .next_event = ost__fake_next_event,
    .native = ost__fake_native,
    .plan_text = fake_plan_text,
};

void ost__fake_table(ost_driver *out)
{
    *out = table;
}
