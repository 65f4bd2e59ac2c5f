/* SPDX-License-Identifier: MIT */
#include "sqlite/connection.h"

static bool alive(ost_connection *c)
{
    return !c->lost;
}

static ost_status role(ost_connection *c, bool *writable, ost_deadline deadline)
{
    (void)deadline;
    *writable = sqlite3_db_readonly(c->db, "main") == 0;
    return OST_OK;
}

static void *native(ost_connection *c)
{
    return c->db;
}

static const char *const schemes[] = { "sqlite", NULL };

static const ost_driver driver = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "sqlite",
    .schemes = schemes,
    .open = ost__sqlite_open,
    .shut = ost__sqlite_shut,
    .compile = ost__sqlite_compile,
    .discard = ost__sqlite_discard,
    .connect = ost__sqlite_connect,
    .close = ost__sqlite_close,
    .abandon = ost__sqlite_abandon,
    .submit = ost__sqlite_submit,
    .collect = ost__sqlite_collect,
    .stop_stream = ost__sqlite_stop_stream,
    .settle = ost__sqlite_settle,
    .cancel = ost__sqlite_cancel,
    .unit_state = ost__sqlite_unit_state,
    .reset = ost__sqlite_reset,
    .alive = alive,
    .role = role,
    .classify = ost__sqlite_classify,
    .native = native,
    .plan_text = ost__sqlite_plan_text,
};

const ost_driver *ost_driver_sqlite(void)
{
    return &driver;
}
