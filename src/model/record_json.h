/* SPDX-License-Identifier: MIT */
/* JSON of a record: member names, absent members left out, hidden never; see json.h. */
#ifndef OSTLER_MODEL_RECORD_JSON_H
#define OSTLER_MODEL_RECORD_JSON_H

#include "base/json_writer.h"
#include "model/model.h"

/* OST_RANGE if a text is not UTF-8 or an enumeration has no such name. */
ost_status ost__record_to_json(const ost__model *m, const void *record, ost__json_writer *w,
                               ost_error *e);

#endif
