/* SPDX-License-Identifier: MIT */
#include "ostler/db.h"

#include <stdio.h>

static const char *const kind_names[] = {
    [OST_EVENT_STATEMENT] = "statement",
    [OST_EVENT_CONNECT] = "connect",
    [OST_EVENT_DISCONNECT] = "disconnect",
    [OST_EVENT_RETRY] = "retry",
    [OST_EVENT_LEAK] = "leak",
    [OST_EVENT_DRIVER] = "driver",
};

void ost_log_event(const ost_event *event, void *file)
{
    size_t known = sizeof(kind_names) / sizeof(kind_names[0]);
    const char *kind = event->kind > 0 && event->kind < known ? kind_names[event->kind] : "event";
    if (!file)
        return;
    if (event->kind == OST_EVENT_STATEMENT)
        fprintf(file, "ostler %s %s%lld us, %lld rows, %s: %s\n", kind, event->slow ? "SLOW " : "",
                (long long)(event->duration_ns / 1000), (long long)event->rows,
                ost_status_name((ost_status)event->status), event->text);
    else
        fprintf(file, "ostler %s: %s\n", kind, event->text);
}
