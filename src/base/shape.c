/* SPDX-License-Identifier: MIT */
#include "base/shape.h"

static bool names_key(const ost_node *n, const ost_field *key)
{
    return n->op == OST_OP_EQ && n->arg_count == 2 && n->args[0]->op == OST_OP_MEMBER &&
           n->args[0]->field == key && n->args[1]->op == OST_OP_VALUE;
}

bool ost__shape_is_by_key(const ost_shape *s)
{
    const ost_node *w = s->where;
    for (uint32_t i = 0; i < s->table->key_count; i++) {
        bool found = w && names_key(w, s->table->keys[i]);
        for (uint32_t k = 0; w && w->op == OST_OP_AND && k < w->arg_count; k++)
            found = found || names_key(w->args[k], s->table->keys[i]);
        if (!found)
            return false;
    }
    return s->table->key_count > 0;
}
