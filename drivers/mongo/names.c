/* SPDX-License-Identifier: MIT */
#include "mongo/plan.h"

const char *ost__mongo_name(const ost_table *t, const ost_field *f)
{
    if (f->inside && f->path)
        return f->path;
    return t->key_count == 1 && t->keys[0] == f ? "_id" : f->column;
}
