/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

static void *native(ost_connection *c)
{
    return c->pg;
}

static const char *const schemes[] = { "postgresql", "postgres", NULL };

static const ost_driver driver = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "postgres",
    .schemes = schemes,
    .open = ost__pg_open,
    .shut = ost__pg_shut,
    .compile = ost__pg_compile,
    .discard = ost__pg_discard,
    .connect = ost__pg_connect,
    .close = ost__pg_close,
    .abandon = ost__pg_abandon,
    .submit = ost__pg_submit,
    .collect = ost__pg_collect,
    .stop_stream = ost__pg_stop_stream,
    .settle = ost__pg_settle,
    .cancel = ost__pg_cancel,
    .unit_state = ost__pg_unit_state,
    .reset = ost__pg_reset,
    .alive = ost__pg_alive,
    .role = ost__pg_role,
    .commit_token = ost__pg_commit_token,
    .resolve = ost__pg_resolve,
    .classify = ost__pg_classify,
    .native = native,
    .plan_text = ost__pg_plan_text,
};

const ost_driver *ost_driver_postgres(void)
{
    return &driver;
}
