/* SPDX-License-Identifier: MIT */
#include "fake/inside.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_INSTANT = 1000000000, REALTIME_ORIGIN_S = 1704067200 };

void ost__fake_lock(ost_fake *f)
{
    pthread_mutex_lock(&f->lock);
}

void ost__fake_unlock(ost_fake *f)
{
    pthread_mutex_unlock(&f->lock);
}

static bool copy_table(const ost_driver *inner, ost_driver *out)
{
    size_t size = inner->struct_size < sizeof *out ? inner->struct_size : sizeof *out;
    memcpy(out, inner, size);
    return out->abi == OST_DRIVER_ABI && out->open && out->shut && out->compile && out->connect &&
           out->close && out->submit && out->collect;
}

static bool copy_options(const ost_fake_options *given, ost_fake *f)
{
    f->options = (ost_fake_options){ .struct_size = sizeof f->options };
    if (given) {
        if (given->struct_size == 0)
            return false;
        size_t size = sizeof f->options;
        memcpy(&f->options, given, given->struct_size < size ? given->struct_size : size);
    }
    const char *scheme = f->options.scheme ? f->options.scheme : "fake";
    size_t length = strlen(scheme);
    if (length == 0 || length >= sizeof f->scheme || strchr(scheme, ':'))
        return false;
    memcpy(f->scheme, scheme, length + 1);
    f->options.scheme = f->scheme;
    return f->options.execution <= OST_FAKE_EAGER;
}

ost_fake *ost_fake_open(const ost_driver *inner, const ost_fake_options *options)
{
    ost_platform platform;
    ost__platform_complete(&platform, NULL);
    ost__memory memory = { platform.resize, platform.context };
    ost_fake *f = ost__alloc_zeroed(&memory, sizeof *f);
    if (!f)
        return NULL;
    f->memory = memory;
    f->platform = platform;
    f->has_inner = inner != NULL;
    bool sound = copy_options(options, f) && (!inner || copy_table(inner, &f->inner));
    if (!sound || pthread_mutex_init(&f->lock, NULL) != 0) {
        ost__free(&memory, f, sizeof *f);
        return NULL;
    }
    atomic_init(&f->clock, FIRST_INSTANT);
    atomic_init(&f->clock_is_used, false);
    atomic_init(&f->abandons, 0);
    ost__fake_table(&f->driver);
    f->schemes[0] = f->scheme;
    f->driver.schemes = f->schemes;
    f->driver.classify = f->inner.classify;
    return f;
}

void ost_fake_close(ost_fake *f)
{
    if (!f)
        return;
    ost__memory m = f->memory;
    ost__free(&m, f->rules, f->rule_capacity * sizeof *f->rules);
    ost__free(&m, f->log, f->log_capacity * sizeof *f->log);
    ost__free(&m, f->violations, f->violation_capacity * sizeof *f->violations);
    ost__free(&m, f->verdicts, f->verdict_capacity);
    pthread_mutex_destroy(&f->lock);
    ost__free(&m, f, sizeof *f);
}

const ost_driver *ost_fake_driver(ost_fake *f)
{
    return &f->driver;
}

/* ---- rules ---- */

static bool makes_sense(const ost_fake_rule *r)
{
    if (r->point > OST_FAKE_AT_CANCEL || r->action < OST_FAKE_REFUSE || r->action > OST_FAKE_CALL)
        return false;
    if (r->point != OST_FAKE_AT_OPERATION && r->action != OST_FAKE_REFUSE &&
        r->action != OST_FAKE_DELAY && r->action != OST_FAKE_CALL)
        return false;
    if (r->action == OST_FAKE_REFUSE &&
        (r->point == OST_FAKE_AT_CLOSE || r->point == OST_FAKE_AT_CANCEL))
        return false;
    if (r->action == OST_FAKE_CALL && !r->call)
        return false;
    if (r->action == OST_FAKE_DELAY && r->delay_ns <= 0)
        return false;
    return r->record_count == 0 || (r->action == OST_FAKE_ANSWER && r->records);
}

ost_status ost_fake_add(ost_fake *f, const ost_fake_rule *rule)
{
    ost__fake_scripted scripted = { { 0 }, 0, 0 };
    size_t size = sizeof scripted.rule;
    memcpy(&scripted.rule, rule, rule->struct_size < size ? rule->struct_size : size);
    if (rule->struct_size == 0 || !makes_sense(&scripted.rule))
        return OST_MISUSE;
    scripted.rule.first = scripted.rule.first ? scripted.rule.first : 1;
    scripted.rule.times = scripted.rule.times ? scripted.rule.times : 1;
    ost__fake_lock(f);
    void *rules = f->rules;
    bool grown = ost__fake_grow(&f->memory, &rules, &f->rule_capacity, f->rule_count,
                                sizeof *f->rules, SIZE_MAX);
    f->rules = rules;
    if (grown)
        f->rules[f->rule_count++] = scripted;
    ost__fake_unlock(f);
    return grown ? OST_OK : OST_NO_MEMORY;
}

void ost_fake_forget_rules(ost_fake *f)
{
    ost__fake_lock(f);
    f->rule_count = 0;
    ost__fake_unlock(f);
}

static bool is_full_name(const char *wanted, const ost_table *t)
{
    size_t size = t->schema ? strlen(t->schema) : 0;
    return t->schema && strncmp(wanted, t->schema, size) == 0 && wanted[size] == '.' &&
           strcmp(wanted + size + 1, t->name) == 0;
}

static bool same_name(const char *wanted, const ost_fake_moment *m)
{
    if (!wanted || strcmp(wanted, m->name) == 0)
        return true;
    const ost_table *table = m->shape ? m->shape->table : NULL;
    return table && (strcmp(wanted, table->name) == 0 || strcmp(wanted, table->model) == 0 ||
                     is_full_name(wanted, table));
}

static bool matches(const ost_fake_rule *r, const ost_fake_moment *m)
{
    if (r->point != m->point)
        return false;
    if (r->kinds && !(m->kind < 32 && (r->kinds >> m->kind & 1)))
        return false;
    return same_name(r->name, m);
}

/* The next rule from *index on that acts, which counts as acting. */
static bool next_rule(ost_fake *f, const ost_fake_moment *moment, size_t *index, ost_fake_rule *out)
{
    bool found = false;
    ost__fake_lock(f);
    while (!found && *index < f->rule_count) {
        ost__fake_scripted *s = &f->rules[(*index)++];
        if (!matches(&s->rule, moment))
            continue;
        s->matched++;
        bool spent = s->rule.times != OST_FAKE_ALWAYS && s->acted >= s->rule.times;
        if (s->matched < s->rule.first || spent)
            continue;
        s->acted++;
        f->counts.acts++;
        *out = s->rule;
        found = true;
    }
    ost__fake_unlock(f);
    return found;
}

void ost__fake_decide(ost_fake *f, const ost_fake_moment *moment, ost__fake_decision *out)
{
    *out = (ost__fake_decision){ .delay_ns = 0 };
    ost_fake_rule rule;
    for (size_t index = 0; next_rule(f, moment, &index, &rule);) {
        if (rule.action == OST_FAKE_CALL) {
            rule.call(rule.context, moment);
        } else if (rule.action == OST_FAKE_DELAY) {
            bool endless = rule.delay_ns > INT64_MAX - out->delay_ns;
            out->delay_ns = endless ? INT64_MAX : out->delay_ns + rule.delay_ns;
        } else {
            out->rule = rule;
            return;
        }
    }
}

static ost_status default_status(const ost_fake_rule *r)
{
    if (r->effects & OST_FAKE_LOSES_CONNECTION)
        return OST_CONNECTION;
    return r->action == OST_FAKE_SPOIL ? OST_RANGE : OST_DRIVER_ERROR;
}

static void scripted_message(const ost_fake_rule *r, const ost_operation *op, ost_status status,
                             ost_error *e)
{
    const ost_table *table = op && op->shape ? op->shape->table : NULL;
    if (r->message)
        ost__error_set(e, status, "%s", r->message);
    else if (op)
        ost__error_set(e, status, "the script made %s of %s fail", ost_fake_kind_name(op->kind),
                       table ? table->model : "the connection");
    else
        ost__error_set(e, status, "the script made this fail");
    ost__error_about(e, r->model ? r->model : (table ? table->model : NULL), r->field);
    ost__error_constraint(e, r->constraint);
}

ost_status ost__fake_rule_error(ost_fake *f, const ost_fake_rule *r, const ost_operation *op,
                                ost_error *e)
{
    ost_error scratch;
    ost_error *out = e ? e : &scratch;
    char state[6] = "";
    if (r->sql_state)
        ost__copy_text(state, sizeof state, r->sql_state);
    bool native = r->native_code != 0 || state[0] != '\0';
    ost_status status = r->status ? (ost_status)r->status : default_status(r);
    scripted_message(r, op, status, out);
    if (!r->status && native && f->inner.classify) {
        f->inner.classify(op, r->native_code, state, r->message ? r->message : "", out);
        if (out->status != OST_OK)
            status = (ost_status)out->status;
    }
    out->status = (uint16_t)status;
    out->native_code = r->native_code;
    memcpy(out->sql_state, state, sizeof state);
    if ((r->effects & OST_FAKE_RETRYABLE) || status == OST_SERIALIZATION || status == OST_DEADLOCK)
        out->retryable = 1;
    if (r->effects & OST_FAKE_NOTHING_SENT)
        out->nothing_sent = 1;
    return status;
}

/* ---- time ---- */

static int64_t clock_monotonic(void *context)
{
    ost_fake *f = context;
    return atomic_load(&f->clock);
}

static int64_t clock_realtime(void *context)
{
    return (int64_t)REALTIME_ORIGIN_S * 1000000 + clock_monotonic(context) / 1000;
}

static void *platform_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    ost_fake *f = context;
    return f->platform.resize(f->platform.context, old, old_size, new_size);
}

static void platform_random(void *context, void *out, size_t size)
{
    ost_fake *f = context;
    f->platform.random(f->platform.context, out, size);
}

void ost_fake_platform(ost_fake *f, ost_platform *out)
{
    atomic_store(&f->clock_is_used, true);
    *out = (ost_platform){
        .struct_size = sizeof *out,
        .context = f,
        .resize = platform_resize,
        .monotonic = clock_monotonic,
        .realtime = clock_realtime,
        .random = platform_random,
    };
}

static void clock_reaches(ost_fake *f, int64_t instant)
{
    int64_t now = atomic_load(&f->clock);
    while (now < instant && !atomic_compare_exchange_weak(&f->clock, &now, instant))
        continue;
}

void ost_fake_advance(ost_fake *f, int64_t ns)
{
    if (ns > 0)
        atomic_fetch_add(&f->clock, ns);
}

static bool is_cancelled(ost_connection *c)
{
    if (!c)
        return false;
    pthread_mutex_lock(&c->guard);
    bool cancelled = c->cancelled != 0 && c->cancelled == c->batch_number;
    pthread_mutex_unlock(&c->guard);
    return cancelled;
}

static void drain_wake(ost_connection *c)
{
    char bytes[64];
    while (read(c->wake[0], bytes, sizeof bytes) > 0)
        continue;
}

/* Waits on the connection's pipe as a driver waits on its socket. */
static ost_status wait_really(ost_backend *b, ost_connection *c, ost_deadline end)
{
    const ost_host *h = &b->host;
    while (h->now(h->context) < end) {
        if (is_cancelled(c))
            return OST_CANCELLED;
        int events = h->wait(h->context, c, c ? c->wake[0] : -1, POLLIN, end);
        if (events < 0)
            return OST_CANCELLED;
        if (events == 0)
            break;
        if (c)
            drain_wake(c);
    }
    return is_cancelled(c) ? OST_CANCELLED : OST_OK;
}

ost_status ost__fake_pause(ost_backend *b, ost_connection *c, int64_t delay_ns,
                           ost_deadline deadline)
{
    ost_fake *f = b->fake;
    if (is_cancelled(c))
        return OST_CANCELLED;
    if (delay_ns <= 0)
        return OST_OK;
    bool virtual = atomic_load(&f->clock_is_used);
    int64_t now = virtual ? clock_monotonic(f) : b->host.now(b->host.context);
    int64_t end = delay_ns > INT64_MAX - now ? INT64_MAX : now + delay_ns;
    bool late = end >= deadline;
    if (late)
        end = deadline;
    if (!virtual) {
        ost_status status = wait_really(b, c, end);
        if (status != OST_OK)
            return status;
    } else if (end != INT64_MAX) {
        clock_reaches(f, end);
    }
    return late ? OST_TIMEOUT : OST_OK;
}

ost_status ost__fake_at(ost_backend *b, ost_connection *c, uint16_t point, const char *name,
                        ost_deadline deadline, ost_error *e)
{
    ost_fake_moment moment = {
        .point = point,
        .kind = UINT16_MAX,
        .connection = c ? c->number : 0,
        .batch = c ? c->batch_number : 0,
        .name = name,
        .handle = c,
    };
    ost__fake_decision decision;
    ost__fake_decide(b->fake, &moment, &decision);
    ost_status status = OST_OK;
    if (decision.delay_ns > 0)
        status = ost__fake_pause(b, c, decision.delay_ns, deadline);
    if (status != OST_OK)
        return ost__error_set(e, status,
                              status == OST_TIMEOUT ? "the deadline has passed"
                                                    : "the call was cancelled");
    if (decision.rule.action == 0)
        return OST_OK;
    return ost__fake_rule_error(b->fake, &decision.rule, NULL, e);
}
