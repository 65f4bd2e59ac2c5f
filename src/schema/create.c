/* SPDX-License-Identifier: MIT */
/* Creating what is missing: describes the database, compares, and sends DDL for the difference
 * alone. */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "model/check.h"

enum { DESCRIBED_COLUMN = 1, DESCRIBED_INDEX = 2, DDL_BYTES = OST__SHAPE_HEADER + 2 };

static const ost_field described_fields[] = {
    { .name = "table",
      .offset = offsetof(ost_described, table),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT },
    { .name = "name",
      .offset = offsetof(ost_described, name),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT },
    { .name = "kind",
      .offset = offsetof(ost_described, kind),
      .size = sizeof(int64_t),
      .type = OST_TYPE_INT64 },
};
static const ost_row_step described_steps[] = {
    { .offset = offsetof(ost_described, table),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT,
      .column = 0,
      .null_rule = OST_NULL_IS_POINTER,
      .column_type = OST_TYPE_TEXT,
      .field = &described_fields[0] },
    { .offset = offsetof(ost_described, name),
      .size = sizeof(char *),
      .type = OST_TYPE_TEXT,
      .column = 1,
      .null_rule = OST_NULL_IS_POINTER,
      .column_type = OST_TYPE_TEXT,
      .field = &described_fields[1] },
    { .offset = offsetof(ost_described, kind),
      .size = sizeof(int64_t),
      .type = OST_TYPE_INT64,
      .column = 2,
      .null_rule = OST_NULL_IS_RANGE,
      .column_type = OST_TYPE_INT64,
      .field = &described_fields[2] },
};
static const ost_row_program described_program = {
    .struct_size = sizeof(ost_row_program),
    .step_size = sizeof(ost_row_step),
    .step_count = 3,
    .row_size = sizeof(ost_described),
    .steps = described_steps,
};

typedef struct description {
    const ost_described *rows;
    size_t count;
} description;

/* Names that differ in case alone are the same, as they are among models: some databases take them
 * so. */
static bool is_there(const description *d, const char *table, const char *name, int64_t kind)
{
    for (size_t i = 0; i < d->count; i++)
        if (ost__names_equal(d->rows[i].table, table) &&
            (!name || (d->rows[i].kind == kind && ost__names_equal(d->rows[i].name, name))))
            return true;
    return false;
}

static ost_status describe(ost_session *s, description *d)
{
    ost__sink sink;
    ost__run r = { .session = s };
    OST_TRY(ost__session_lease(s));
    r.op = (ost_operation){ .struct_size = sizeof(r.op),
                            .kind = OST_DO_DESCRIBE,
                            .rows = &described_program };
    if (!ost__sink_begin(&sink, &s->records, &s->db->memory, &described_program, 64, 0))
        return ost__no_memory(s);
    ost_status status = ost__run_go(&r, &sink.base);
    if (status != OST_OK) {
        ost__sink_abandon(&sink);
        return status;
    }
    d->rows = ost__sink_finish(&sink, &d->count);
    return d->rows ? OST_OK : ost__no_memory(s);
}

static ost_status run_ddl(ost_session *s, const ost__model *m, uint16_t ddl, uint32_t index)
{
    uint8_t bytes[DDL_BYTES];
    const ost__statement st = { .bytes = bytes, .size = sizeof(bytes) };
    ost__run r;
    ost__shape_header(bytes, OST_DO_DDL, OST_WRAP_NONE, 0, m, NULL);
    bytes[3] = (uint8_t)ddl;
    ost__put_u16(bytes + OST__SHAPE_HEADER, index);
    ost_status status = ost__run_begin(&r, s, &st);
    if (status == OST_OK) {
        r.op.flags |= OST_FLAG_ONCE;
        status = ost__run_go(&r, NULL);
    }
    ost__run_end(&r);
    return status;
}

/* A table that is there must have a column for every field; it is never altered here. */
static bool check_columns(ost_session *s, const ost__model *m, const description *d, bool failed)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        char path[sizeof(s->error.model) + sizeof(s->error.field) + 2];
        if (is_there(d, m->table.name, m->fields[i].column, DESCRIBED_COLUMN))
            continue;
        if (!failed) {
            ost__error_set(&s->error, OST_SCHEMA,
                           "table %s has no column %s for %s.%s; add it, or correct the model",
                           m->table.name, m->fields[i].column, m->table.model, m->fields[i].name);
            ost__error_about(&s->error, m->table.model, m->fields[i].name);
        }
        ost__print(path, sizeof(path), "%s.%s", m->table.model, m->fields[i].name);
        ost__error_add_failure(&s->error, path, "column", "the table has no such column");
        failed = true;
    }
    return failed;
}

static ost_status check_tables(ost_session *s, const description *d)
{
    bool failed = false;
    for (uint32_t i = 0; i < ost__model_count(s->db->models); i++) {
        const ost__model *m = ost__model_at(s->db->models, i);
        if (!m->is_part && !m->table.adopted && is_there(d, m->table.name, NULL, 0))
            failed = check_columns(s, m, d, failed);
    }
    return failed ? OST_SCHEMA : OST_OK;
}

typedef ost_status each_missing(ost_session *s, const ost__model *m, uint16_t ddl, uint32_t index);

/* Stops at the first that does not return OST_OK. */
static ost_status walk_missing(ost_session *s, const description *d, each_missing *each)
{
    for (uint32_t i = 0; i < ost__model_count(s->db->models); i++) {
        const ost__model *m = ost__model_at(s->db->models, i);
        if (m->is_part || m->table.adopted)
            continue;
        if (!is_there(d, m->table.name, NULL, 0))
            OST_TRY(each(s, m, OST_DDL_CREATE_TABLE, 0));
        for (uint32_t k = 0; k < m->table.index_count; k++)
            if (!is_there(d, m->table.name, m->table.indexes[k].name, DESCRIBED_INDEX))
                OST_TRY(each(s, m, OST_DDL_CREATE_INDEX, k));
    }
    return OST_OK;
}

static ost_status found_missing(ost_session *s, const ost__model *m, uint16_t ddl, uint32_t index)
{
    (void)s, (void)m, (void)ddl, (void)index;
    return OST_NOT_FOUND;
}

static ost_status create_tables(ost_session *s)
{
    description d = { 0 };
    ost_status status = describe(s, &d);
    if (status == OST_OK)
        status = check_tables(s, &d);
    ost__session_unlease(s, true);
    if (status != OST_OK || walk_missing(s, &d, found_missing) == OST_OK)
        return status;
    OST_TRY(ost__unit_begin(s, NULL));
    /* Another program may have been quicker: what is missing is asked again, inside the
     * transaction. */
    status = describe(s, &d);
    if (status == OST_OK)
        status = walk_missing(s, &d, run_ddl);
    if (status == OST_OK)
        return ost__unit_commit(s);
    ost__unit_rollback(s);
    return status;
}

ost_status ost_create_tables(ost_db *db, ost_error *error)
{
    ost_session *s;
    if (!db)
        return ost__error_set(error, OST_MISUSE, "ost_create_tables needs an open database");
    OST_TRY(ost_session_open(db, NULL, &s, error));
    ost_status status = ost__enter(s) ? ost__leave(s, create_tables(s)) : OST_MISUSE;
    if (status != OST_OK && error)
        memcpy(error, &s->error, sizeof(*error));
    ost_session_close(s);
    return status;
}
