/* SPDX-License-Identifier: MIT */
#include "session/db.h"

#include <string.h>

#include "base/error.h"

static ost_status no_settle(ost_connection *c, ost_deadline deadline)
{
    (void)c, (void)deadline;
    return OST_CONNECTION;
}

static ost_status no_stop_stream(ost_connection *c, uint32_t stream, ost_deadline deadline)
{
    (void)c, (void)stream, (void)deadline;
    return OST_CONNECTION;
}

static void no_abandon(ost_connection *c)
{
    (void)c;
}

static void no_cancel(ost_backend *b, ost_connection *c, uint64_t batch, ost_deadline deadline)
{
    (void)b, (void)c, (void)batch, (void)deadline;
}

static enum ost_unit_state no_unit_state(ost_connection *c)
{
    (void)c;
    return OST_UNIT_LOST;
}

static ost_status no_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    (void)c, (void)touched, (void)deadline;
    return OST_CONNECTION;
}

static bool no_alive(ost_connection *c)
{
    (void)c;
    return true;
}

static ost_status no_role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    (void)c, (void)deadline;
    *writable = true;
    return OST_OK;
}

static ost_status no_token(ost_connection *c, ost_commit_token *out)
{
    (void)c, (void)out;
    return OST_UNSUPPORTED;
}

static enum ost_verdict no_resolve(ost_connection *fresh, const ost_commit_token *token,
                                   ost_deadline deadline)
{
    (void)fresh, (void)token, (void)deadline;
    return OST_VERDICT_UNKNOWN;
}

static ost_status no_position(ost_connection *c, ost_position *out, ost_deadline deadline)
{
    (void)c, (void)out, (void)deadline;
    return OST_UNSUPPORTED;
}

static ost_status no_reached(ost_connection *c, const ost_position *p, bool *yes,
                             ost_deadline deadline)
{
    (void)c, (void)p, (void)yes, (void)deadline;
    return OST_UNSUPPORTED;
}

static ost_status no_watch(ost_connection *c, const ost_operation *what, const ost_blob *from,
                           ost_watched *out, ost_deadline deadline, ost_error *error)
{
    (void)c, (void)what, (void)from, (void)deadline;
    *out = (ost_watched){ .struct_size = sizeof(*out) };
    return ost__error_set(error, OST_UNSUPPORTED, "this backend has no change streams");
}

static ost_status no_next_event(ost_connection *c, uint32_t stream, ost_sink *sink,
                                ost_watched *out, ost_deadline deadline, ost_error *error)
{
    (void)c, (void)stream, (void)sink, (void)deadline;
    *out = (ost_watched){ .struct_size = sizeof(*out) };
    return ost__error_set(error, OST_UNSUPPORTED, "this backend has no change streams");
}

static void no_classify(const ost_operation *op, int32_t native_code, const char sql_state[6],
                        const char *text, ost_error *error)
{
    (void)op, (void)sql_state;
    ost__error_set(error, OST_DRIVER_ERROR, "%s", text);
    error->native_code = native_code;
}

static void *no_native(ost_connection *c)
{
    (void)c;
    return NULL;
}

static const char *no_plan_text(const ost_plan *plan)
{
    (void)plan;
    return "";
}

static ost_status no_compile_raw(ost_backend *b, const ost_operation *op, ost_plan **out,
                                 uint16_t *flags, ost_error *error)
{
    (void)b, (void)op, (void)flags;
    *out = NULL;
    return ost__error_set(error, OST_UNSUPPORTED,
                          "raw statements are not built yet for this database: say it as a query "
                          "(ost_from)");
}

static void no_shut(ost_backend *b, ost_deadline deadline)
{
    (void)b, (void)deadline;
}

static const ost_driver stubs = {
    .shut = no_shut,
    .abandon = no_abandon,
    .stop_stream = no_stop_stream,
    .settle = no_settle,
    .cancel = no_cancel,
    .unit_state = no_unit_state,
    .reset = no_reset,
    .alive = no_alive,
    .role = no_role,
    .commit_token = no_token,
    .resolve = no_resolve,
    .position = no_position,
    .reached = no_reached,
    .watch = no_watch,
    .next_event = no_next_event,
    .classify = no_classify,
    .native = no_native,
    .plan_text = no_plan_text,
    .compile_raw = no_compile_raw,
};

#define STUB(slot)                  \
    do {                            \
        if (!out->slot)             \
            out->slot = stubs.slot; \
    } while (0)

ost_status ost__driver_complete(ost_driver *out, const ost_driver *given, ost_error *error)
{
    memset(out, 0, sizeof(*out));
    if (given->abi != OST_DRIVER_ABI)
        return ost__error_set(error, OST_MISUSE,
                              "a driver was built for interface %u, this library has %u",
                              (unsigned)given->abi, (unsigned)OST_DRIVER_ABI);
    memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    if (!out->name || !out->schemes || !out->open || !out->compile || !out->discard ||
        !out->connect || !out->close || !out->submit || !out->collect)
        return ost__error_set(error, OST_MISUSE,
                              "a driver lacks one of open, compile, discard, connect, close, "
                              "submit, collect");
    STUB(shut);
    STUB(abandon);
    STUB(stop_stream);
    STUB(settle);
    STUB(cancel);
    STUB(unit_state);
    STUB(reset);
    STUB(alive);
    STUB(role);
    STUB(commit_token);
    STUB(resolve);
    STUB(position);
    STUB(reached);
    STUB(watch);
    STUB(next_event);
    STUB(classify);
    STUB(native);
    STUB(plan_text);
    STUB(compile_raw);
    return OST_OK;
}
