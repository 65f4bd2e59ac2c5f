/* SPDX-License-Identifier: MIT */
#include "base/shape.h"

#include <string.h>

#include "base/error.h"

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

void ost__constraint_name(const char *table, const char *column, const char *what,
                          char out[OST__CONSTRAINT_NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    const char *const parts[] = { table, column, what };
    char whole[3 * OST__CONSTRAINT_NAME_SIZE];
    uint32_t hash = 2166136261u;
    size_t size, end;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (const char *p = parts[i]; *p; p++)
            hash = (hash ^ (uint8_t)*p) * 16777619u;
    size = ost__print(whole, sizeof whole, "%s_%s_%s", table, column, what);
    ost__copy_text(out, OST__CONSTRAINT_NAME_SIZE, whole);
    if (size < OST__CONSTRAINT_NAME_SIZE)
        return;
    ost__copy_text(out, OST__CONSTRAINT_NAME_SIZE - 9, whole);
    end = strlen(out);
    out[end++] = '_';
    for (int shift = 28; shift >= 0; shift -= 4)
        out[end++] = digits[(hash >> shift) & 15];
    out[end] = '\0';
}
