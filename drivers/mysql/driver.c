/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

static void *native(ost_connection *c)
{
    return c->mysql;
}

static const char *const schemes[] = { "mysql", "mariadb", NULL };

static const ost_driver driver = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "mysql",
    .schemes = schemes,
    .open = ost__my_open,
    .shut = ost__my_shut,
    .compile = ost__my_compile,
    .discard = ost__my_discard,
    .connect = ost__my_connect,
    .close = ost__my_close,
    .abandon = ost__my_abandon,
    .submit = ost__my_submit,
    .collect = ost__my_collect,
    .stop_stream = ost__my_stop_stream,
    .settle = ost__my_settle,
    .cancel = ost__my_cancel,
    .unit_state = ost__my_unit_state,
    .reset = ost__my_reset,
    .alive = ost__my_alive,
    .role = ost__my_role,
    .commit_token = ost__my_commit_token,
    .resolve = ost__my_resolve,
    .classify = ost__my_classify,
    .native = native,
    .plan_text = ost__my_plan_text,
};

const ost_driver *ost_driver_mysql(void)
{
    return &driver;
}
