/* SPDX-License-Identifier: MIT */
/* Checking descriptions: collects every mistake, and makes compiled models. Inner parts of model.h.
 */
#ifndef OSTLER_MODEL_CHECK_H
#define OSTLER_MODEL_CHECK_H

#include "base/arena.h"
#include "base/error.h"
#include "model/model.h"

enum { OST__NAME_MAX = 63 };

/* What goes through the checks: the mistakes so far, and where compiled models live. */
typedef struct ost__check {
    ost_error *error; /* may be NULL */
    ost__arena *arena;
    struct ost__pattern **patterns; /* those compiled so far */
    const char *model;              /* name of the model being checked, fit to be shown */
    uint32_t mistakes, unsupported;
    bool no_memory;
    char first_model[OST__NAME_MAX + 1], first_field[OST__NAME_MAX + 1], first_message[256];
    struct ost__part *parts; /* structs that are embedded, newest first */
    uint32_t depth;          /* of structs within each other */
    /* A part that the set knows already, or NULL. */
    const ost__model *(*find)(struct ost__model_set *set, const ost_model *given);
    struct ost__model_set *set;
} ost__check;

/* Clears the error. */
void ost__check_begin(ost__check *c, ost_error *e, ost__arena *arena,
                      struct ost__pattern **patterns);
/* OST_OK, or the status that the mistakes amount to, with a message that sums them up. */
ost_status ost__check_finish(ost__check *c);
/* A mistake in the model, or in one of its fields (`field` not NULL). */
void ost__check_fail(ost__check *c, const char *field, const char *rule, const char *format, ...)
    OST__PRINTF(4, 5);
/* Something that is not built yet; `what` is ".pattern" or "a list". */
void ost__check_unsupported(ost__check *c, const char *field, const char *what);
/* Whether a stored name is one that every backend takes. `what` is "column". */
bool ost__check_name(ost__check *c, const char *field, const char *what, const char *name);
/* "schema.name", or the name alone: as a database without schemas would have it. Of names that were
 * checked. */
enum { OST__FULL_NAME_SIZE = 2 * OST__NAME_MAX + 2 };
const char *ost__full_name(const ost_table *t, const char *name, char out[OST__FULL_NAME_SIZE]);
/* Memory of the models, zeroed; NULL sets no_memory. */
void *ost__check_alloc(ost__check *c, size_t count, size_t size, size_t align);
/* Equal but for the case of ASCII letters, as some backends compare names. */
bool ost__names_equal(const char *a, const char *b);
/* "<prefix>_<table>_<column>_…", cut and closed with a hash if it is over OST__NAME_MAX; NULL: no
 * memory. */
const char *ost__check_compose(ost__check *c, const char *prefix, const char *table,
                               const ost_field *const *fields, uint32_t count, const char *last);
/* The same with the columns' former names; NULL: they had no others, or no memory. */
const char *ost__check_compose_former(ost__check *c, const char *prefix, const char *table,
                                      const ost_field *const *fields, uint32_t count,
                                      const char *last);

/* Everything about one field but its names. */
void ost__check_field(ost__check *c, const ost__model *m, const ost_field *f);
/* Makes the field of a converted member one of the stored kind; false: it has none, which was
 * reported. Its offset is its place in the struct still. */
bool ost__check_conversion(ost__check *c, ost_field *f);
/* Its rules that are compiled; the field may be changed. */
void ost__check_rules(ost__check *c, ost_field *f);
/* Its computed members. */
void ost__check_computed(ost__check *c, const ost__model *m, const ost_computed *all);
/* Text or blob without a bound, which no index can hold. */
bool ost__field_unbounded(const ost_field *f);
/* Whether values of the fields are stored alike, so that a foreign key can compare them. */
bool ost__fields_alike(const ost_field *a, const ost_field *b);

/* Copies the head of a description, whatever its size; false: it cannot be read, which was
 * reported. */
bool ost__model_read(ost__check *c, const ost_model *given, uint32_t position, ost_model *out);
/* Copies and checks fields and keys; NULL: it has no fields that can be read, or no memory. */
ost__model *ost__model_compile(ost__check *c, const ost_model *given, const ost_model *copy,
                               bool part);
/* Room behind the struct for a column that is no member of it: where that lies in an image. */
uint32_t ost__model_slot(ost__model *m, uint32_t size, uint32_t align);
/* The model is being compiled: lists of itself may refer to it. */
void ost__model_started(ost__check *c, const ost_model *given, ost__model *m);
/* Indexes of a model that was compiled. */
void ost__model_compile_indexes(ost__check *c, ost__model *m, const ost_model *copy);
/* Foreign keys; `all` are the models among which targets are looked for, NULL where one could not
 * be read. */
void ost__model_compile_relations(ost__check *c, ost__model *m, const ost_model *copy,
                                  ost__model *const *all, uint32_t count);
/* Whether a description is that of the compiled model. */
bool ost__model_is(const ost__model *m, const ost_model *given);

#endif
