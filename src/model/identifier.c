/* SPDX-License-Identifier: MIT */
/* Names that one database takes and another cuts: PostgreSQL does so with a notice alone. */
#include "model/check.h"

#include <string.h>

static void check(ost__check *c, const char *field, const char *what, const char *name,
                  uint32_t most, const char *server)
{
    if (strlen(name) > most)
        ost__check_fail(c, field, "name",
                        "the name of the %s %s has %zu bytes, and %s keeps %u: give it a shorter "
                        "one",
                        what, name, strlen(name), server, (unsigned)most);
}

static void check_model(ost__check *c, const ost__model *m, uint32_t most, const char *server)
{
    const ost_table *t = &m->table;
    c->model = t->model;
    if (t->schema)
        check(c, NULL, "schema", t->schema, most, server);
    check(c, NULL, "table", t->name, most, server);
    for (uint32_t i = 0; i < t->field_count; i++)
        check(c, t->fields[i].name, "column", t->fields[i].column, most, server);
    if (t->adopted)
        return;
    for (uint32_t i = 0; i < t->index_count; i++)
        check(c, NULL, "index", t->indexes[i].name, most, server);
    for (uint32_t i = 0; i < t->foreign_key_count; i++)
        check(c, NULL, "foreign key", t->foreign_keys[i].name, most, server);
}

ost_status ost__model_set_check_names(const ost__model_set *set, uint32_t most, const char *server,
                                      ost_error *e)
{
    ost__check c;
    if (most == 0 || most >= OST__NAME_MAX)
        return OST_OK;
    ost__check_begin(&c, e, NULL, NULL);
    for (uint32_t i = 0; i < ost__model_count(set); i++)
        if (!ost__model_at(set, i)->is_part)
            check_model(&c, ost__model_at(set, i), most, server);
    return ost__check_finish(&c);
}

ost_status ost__model_set_refuse_schemas(const ost__model_set *set, const char *server,
                                         ost_error *e)
{
    for (uint32_t i = 0; i < ost__model_count(set); i++) {
        const ost_table *t = &ost__model_at(set, i)->table;
        if (!t->schema)
            continue;
        ost__error_set(e, OST_UNSUPPORTED, "%s: %s has no tables in schemas: leave .schema out",
                       t->model, server);
        ost__error_about(e, t->model, NULL);
        if (e)
            e->nothing_sent = 1;
        return OST_UNSUPPORTED;
    }
    return OST_OK;
}
