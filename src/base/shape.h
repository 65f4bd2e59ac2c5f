/* SPDX-License-Identifier: MIT */
/* What drivers ask of shapes. */
#ifndef OSTLER_BASE_SHAPE_H
#define OSTLER_BASE_SHAPE_H

#include "ostler/operation.h"

/* Whether the condition names one record by its key: at most one meets it. */
bool ost__shape_is_by_key(const ost_shape *s);

#endif
