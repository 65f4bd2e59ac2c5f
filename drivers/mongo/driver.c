/* SPDX-License-Identifier: MIT */
#include "mongo/connection.h"

static const char *const schemes[] = { "mongodb", NULL };

static const ost_driver driver = {
    .struct_size = sizeof(ost_driver),
    .abi = OST_DRIVER_ABI,
    .name = "mongodb",
    .schemes = schemes,
    .open = ost__mongo_open,
    .shut = ost__mongo_shut,
    .compile = ost__mongo_compile,
    .discard = ost__mongo_discard,
    .connect = ost__mongo_connect,
    .close = ost__mongo_close,
    .abandon = ost__mongo_abandon,
    .submit = ost__mongo_submit,
    .collect = ost__mongo_collect,
    .stop_stream = ost__mongo_stop_stream,
    .settle = ost__mongo_settle,
    .cancel = ost__mongo_cancel,
    .unit_state = ost__mongo_unit_state,
    .reset = ost__mongo_reset,
    .alive = ost__mongo_alive,
    .role = ost__mongo_role,
    .commit_token = ost__mongo_commit_token,
    .resolve = ost__mongo_resolve,
    .watch = ost__mongo_watch_open,
    .next_event = ost__mongo_next_event,
    .classify = ost__mongo_classify,
    .native = ost__mongo_native,
    .plan_text = ost__mongo_plan_text,
    .compile_raw = ost__mongo_compile_raw,
};

const ost_driver *ost_driver_mongo(void)
{
    return &driver;
}
