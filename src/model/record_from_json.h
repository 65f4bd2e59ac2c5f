/* SPDX-License-Identifier: MIT */
/* Records from JSON; see json.h for what is accepted. */
#ifndef OSTLER_MODEL_RECORD_FROM_JSON_H
#define OSTLER_MODEL_RECORD_FROM_JSON_H

#include "base/json_reader.h"
#include "model/validate.h"

enum {
    OST__JSON_PATH_SIZE = 256,
    OST__JSON_FAILURES_MAX = 1000 /* a text with more is not read to its end */
};

typedef struct ost__json_reading {
    ost__json_reader r;
    const ost__model *model;
    const ost_member *only; /* members that may be set, up to a NULL path; NULL: see json.h */
    ost__arena *texts;      /* for what the record will point to */
    void *context;          /* of functions */
    ost__rules rules;       /* the error, and scratch memory */
    ost__verdict verdict;
    char path[OST__JSON_PATH_SIZE]; /* of the member that is being read */
    size_t path_size;
    size_t root;       /* where the record's own path begins in it */
    size_t item_bytes; /* of lists so far */
} ost__json_reading;

/* `only`, `texts`, `context`, `rules.error` and `rules.scratch` are the caller's to set before. */
void ost__json_reading_begin(ost__json_reading *d, const ost__model *m, const char *text,
                             size_t size);
/* The next record is the item of a list. */
void ost__json_reading_item(ost__json_reading *d, size_t index);
/*
 * Merges the object whose first token was read into a shadow of the record. OST_OK, although there
 * may be failures; OST_INVALID: the text is not read further; OST_TOO_LARGE;
 * OST_NO_MEMORY.
 */
ost_status ost__record_from_json(ost__json_reading *d, void *shadow);
/* The last token is not what has to be there. OST_INVALID. */
ost_status ost__json_reading_broken(const ost__json_reading *d, const char *sentence);
/* After the last record: the status of all, `status` being that of the last call. */
ost_status ost__json_reading_finish(ost__json_reading *d, ost_status status);

#endif
