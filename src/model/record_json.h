/* SPDX-License-Identifier: MIT */
/* JSON of records; see json.h for its form. */
#ifndef OSTLER_MODEL_RECORD_JSON_H
#define OSTLER_MODEL_RECORD_JSON_H

#include "base/json_writer.h"
#include "model/call.h"

typedef struct ost__json_output {
    ost__json_writer w;
    ost_error *error;
    /* For computed members, which are left out without it: made when the first is asked for, NULL
     * if it cannot be, which the error says. */
    ost_call *(*make_call)(struct ost__json_output *o, const ost__model *m);
    ost_call *call;
    ost_session *session;
} ost__json_output;

/* OST_RANGE: a value has no form in JSON; OST_NO_MEMORY; or what a computed member came to. */
ost_status ost__record_to_json(ost__json_output *o, const ost__model *m, const void *record);

#endif
