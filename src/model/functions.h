/* SPDX-License-Identifier: MIT */
/* Transforms and checks of the program's own on members and values. Inner parts of validate.h. */
#ifndef OSTLER_MODEL_FUNCTIONS_H
#define OSTLER_MODEL_FUNCTIONS_H

#include "model/validate.h"

static inline bool ost__field_has_functions(const ost_field *f)
{
    return f->check || f->transform;
}
/* As ost__validate_member() and ost__validate_value(), for fields with functions. What is null is
 * not given to them, nor is what breaks another rule given to a check. */
void ost__functions_member(ost__verdict *d, const ost_field *f, void *shadow);
void ost__functions_value(ost__verdict *d, const ost_field *f, ost_value *v);

#endif
