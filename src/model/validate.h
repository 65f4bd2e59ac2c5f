/* SPDX-License-Identifier: MIT */
/* Checking members and values against the rules of their field. Inner parts of rules.h. */
#ifndef OSTLER_MODEL_VALIDATE_H
#define OSTLER_MODEL_VALIDATE_H

#include "model/rules.h"

/* What became of a validation. The error is touched by the first failure only. */
typedef struct ost__verdict {
    const ost__model *model;
    const ost__rules *rules;
    const char *path; /* of the member, such as "comments[2].text"; NULL: the field's name */
    uint32_t failures;
    uint32_t out_of_range; /* those among them that no database could store */
    bool no_memory;
} ost__verdict;

/* Normalises and checks one member of a shadow, or of a struct inside it: `path` says which. */
void ost__validate_member(ost__verdict *d, const ost_field *f, void *shadow);
/* The same for a value that is of the field's kind, or null. */
void ost__validate_value(ost__verdict *d, const ost_field *f, ost_value *v);
/* OST_OK, or the status of the failures, summed up in the error's message. */
ost_status ost__verdict_finish(ost__verdict *d);

#endif
