/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include <string.h>

#include "session/session.h"

ost_status run_raw(ost_session *on, const char *text)
{
    ost__run r = { .session = on };
    ost_status status;
    if (!ost__enter(on))
        return OST_MISUSE;
    status = ost__session_lease(on);
    if (status == OST_OK) {
        r.op = (ost_operation){ .struct_size = sizeof r.op,
                                .kind = OST_DO_RAW,
                                .flags = OST_FLAG_WRITES,
                                .text = text,
                                .text_size = strlen(text) };
        status = ost__run_go(&r, NULL);
        ost__session_unlease(on, true);
    }
    return ost__leave(on, status);
}
