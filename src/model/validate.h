/* SPDX-License-Identifier: MIT */
/* Checking members and values against the rules of their field. Inner parts of rules.h. */
#ifndef OSTLER_MODEL_VALIDATE_H
#define OSTLER_MODEL_VALIDATE_H

#include "model/convert.h"
#include "model/rules.h"

/* Where a failure is: the structs and lists around the member. */
typedef struct ost__place {
    const struct ost__place *outer;
    const char *name;
    size_t index; /* of an item */
    bool item;
} ost__place;

/* "comments[2].text"; what does not fit is left out at the end. Returns the length. */
size_t ost__place_print(const ost__place *p, const char *name, char *out, size_t size);

/* What became of a validation. The error is touched by the first failure only. */
typedef struct ost__verdict {
    const ost__model *model;
    const ost__rules *rules;
    uint32_t failures;
    uint32_t out_of_range; /* those among them that no database could store */
    bool no_memory;
    bool value;              /* it is about a value without a record */
    ost_status stopped;      /* by a function of the program's; the error says why */
    bool updating;           /* of a record that was written before */
    const ost__place *place; /* NULL: the record itself */
} ost__verdict;

/* Normalises and checks one member of a shadow, or of a struct inside it: `place` says where. */
void ost__validate_member(ost__verdict *d, const ost_field *f, void *shadow);
/* The same for a value that is of the field's kind, or null. */
void ost__validate_value(ost__verdict *d, const ost_field *f, ost_value *v);
/* A failure of a member; its own message takes the sentence's place. */
void ost__validate_refuse(ost__verdict *d, const ost_field *f, ost_status status, const char *rule,
                          const char *sentence);
/* The failure of a value that does not fit. */
void ost__validate_fit(ost__verdict *d, const ost_field *f, enum ost__fit fit);
/* The same two without transform and check. */
void ost__validate_plain(ost__verdict *d, const ost_field *f, void *shadow);
void ost__validate_plain_value(ost__verdict *d, const ost_field *f, ost_value *v);
/* Whether a password is hashed already. */
bool ost__validate_is_hash(const ost__verdict *d, const ost_field *f, const void *shadow);
/* "comments[2].text"; what does not fit is left out at the end. Returns the length. */
size_t ost__place_print(const ost__place *p, const char *name, char *out, size_t size);
/* OST_OK, or the status of the failures, summed up in the error's message. */
ost_status ost__verdict_finish(ost__verdict *d);

#endif
