/* SPDX-License-Identifier: MIT */
/* Members of the JSON that are not stored. */
#include "model/check.h"

#include <string.h>

/* Names in the JSON: of a flattened struct's members it is the struct's. */
static bool is_named(const ost__model *m, const char *name)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        size_t size = strcspn(m->fields[i].name, ".");
        if (strlen(name) == size && memcmp(m->fields[i].name, name, size) == 0)
            return true;
    }
    return false;
}

void ost__check_computed(ost__check *c, const ost__model *m, const ost_computed *all)
{
    for (const ost_computed *x = all; x && x->name; x++) {
        bool again = is_named(m, x->name);
        for (const ost_computed *y = all; y < x && !again; y++)
            again = strcmp(x->name, y->name) == 0;
        if (again)
            ost__check_fail(c, x->name, "computed",
                            "is computed, but the json has a member of that name: give it another");
        if (!x->value)
            ost__check_fail(c, x->name, "computed", "is computed, but no function says how");
    }
}
