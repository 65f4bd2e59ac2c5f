/* SPDX-License-Identifier: MIT */
/* Creating what is missing: describes the database, compares, and sends DDL for the difference
 * alone. */
#include "session/session.h"

#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "model/check.h"

enum {
    DESCRIBED_COLUMN = 1,
    DESCRIBED_INDEX = 2,
    DESCRIBED_FOREIGN_KEY = 3,
    DESCRIBED_SCHEMA = 4,
    DDL_BYTES = OST__SHAPE_HEADER + 2,
    ATTEMPTS_MAX = 64
};

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

/* What is in a schema. */
typedef struct description {
    const char *schema;   /* NULL: the connection's own */
    const ost__model *of; /* the first model that is in it */
    const ost_described *rows;
    size_t count;
} description;

/* What one DDL operation makes. */
typedef struct piece {
    const ost__model *model; /* NULL: of no model */
    uint16_t ddl;            /* an enum ost_ddl */
    uint32_t index;
} piece;

typedef struct work {
    description *d; /* of each schema, the connection's own first */
    uint32_t schemas;
    uint64_t abilities; /* of the connection that was asked for the description */
    piece last;         /* tried last */
    bool renamed;       /* something has another name since it was described */
} work;

static bool can(const work *w, enum ost_ability ability)
{
    return w->abilities >> ability & 1;
}

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

static const description *description_of(const work *w, const ost_table *t)
{
    uint32_t i = 0;
    while (t->schema && (i == 0 || strcmp(w->d[i].schema, t->schema) != 0))
        i++;
    return &w->d[i];
}

/* What a piece is called, and was called where it is a rename; NULL: the table itself. */
typedef struct naming {
    const char *name, *was;
    int64_t kind;
    char buffers[2][OST__CONSTRAINT_NAME_SIZE];
} naming;

static void name_of(const piece *p, naming *n)
{
    const ost_table *t = &p->model->table;
    *n = (naming){ .kind = DESCRIBED_INDEX };
    switch (p->ddl) {
    case OST_DDL_RENAME_COLUMN:
        n->name = t->fields[p->index].column;
        n->was = t->fields[p->index].was;
        n->kind = DESCRIBED_COLUMN;
        break;
    case OST_DDL_RENAME_UNIQUE:
        ost__constraint_name(t->name, t->fields[p->index].column, "unique", n->buffers[0]);
        ost__constraint_name(t->name, t->fields[p->index].was, "unique", n->buffers[1]);
        n->name = n->buffers[0];
        n->was = n->buffers[1];
        break;
    case OST_DDL_RENAME_INDEX:
        n->name = t->indexes[p->index].name;
        n->was = t->indexes[p->index].was;
        break;
    case OST_DDL_RENAME_FOREIGN_KEY:
        n->name = t->foreign_keys[p->index].name;
        n->was = t->foreign_keys[p->index].was;
        n->kind = DESCRIBED_FOREIGN_KEY;
        break;
    default: break;
    }
}

/* An index may have been given the name that another one had. */
static bool is_name_of_another(const piece *p, const naming *n)
{
    const ost_table *t = &p->model->table;
    for (uint32_t i = 0; n->kind == DESCRIBED_INDEX && i < t->index_count; i++)
        if (ost__names_equal(t->indexes[i].name, n->was))
            return true;
    return false;
}

/* Whether nothing has the former name any more that should have the new one. */
static bool is_renamed(const description *d, const piece *p)
{
    const char *table = p->model->table.name;
    naming n;
    name_of(p, &n);
    return !n.was || is_there(d, table, n.name, n.kind) || !is_there(d, table, n.was, n.kind) ||
           is_name_of_another(p, &n);
}

static bool piece_is_there(const work *w, const piece *p)
{
    if (!p->model)
        return is_there(w->d, OST_MARKS_TABLE, NULL, 0);
    const ost_table *t = &p->model->table;
    const description *d = description_of(w, t);
    switch (p->ddl) {
    case OST_DDL_CREATE_SCHEMA: return is_there(d, t->schema, t->schema, DESCRIBED_SCHEMA);
    case OST_DDL_CREATE_TABLE: return is_there(d, t->name, NULL, 0);
    case OST_DDL_CREATE_INDEX:
        return is_there(d, t->name, t->indexes[p->index].name, DESCRIBED_INDEX);
    case OST_DDL_ADD_FOREIGN_KEY:
        return is_there(d, t->name, t->foreign_keys[p->index].name, DESCRIBED_FOREIGN_KEY);
    default: return is_renamed(d, p);
    }
}

static ost_status describe_one(ost_session *s, work *w, description *d)
{
    ost__sink sink;
    ost__run r = { .session = s };
    OST_TRY(ost__session_lease(s));
    w->abilities = s->lease->capabilities.abilities;
    r.op = (ost_operation){ .struct_size = sizeof(r.op),
                            .kind = OST_DO_DESCRIBE,
                            .rows = &described_program,
                            .text = d->schema,
                            .text_size = d->schema ? strlen(d->schema) : 0 };
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

static ost_status describe(ost_session *s, work *w)
{
    for (uint32_t i = 0; i < w->schemas; i++)
        OST_TRY(describe_one(s, w, &w->d[i]));
    return OST_OK;
}

/* Every missing column becomes a failure; the first is the message as well. */
static void tell_column(ost_session *s, const ost__model *m, const ost_field *f, bool first,
                        bool both)
{
    char path[sizeof(s->error.model) + sizeof(s->error.field) + 2], name[OST__FULL_NAME_SIZE];
    const ost_table *t = &m->table;
    if (first && both)
        ost__error_set(&s->error, OST_SCHEMA,
                       "table %s has both %s and %s, which %s.%s was called before; keep what "
                       "belongs to it in %s, and drop the other",
                       ost__full_name(t, t->name, name), f->column, f->was, t->model, f->name,
                       f->column);
    else if (first)
        ost__error_set(&s->error, OST_SCHEMA,
                       ost__field_is_folded(f)
                           ? "table %s has no column %s, by which OST_CASELESS compares %s.%s; "
                             "add it and store its records anew, or correct the model"
                           : "table %s has no column %s for %s.%s; add it, or correct the model",
                       ost__full_name(t, t->name, name), f->column, t->model, f->name);
    if (first)
        ost__error_about(&s->error, t->model, f->name);
    ost__print(path, sizeof(path), "%s.%s", t->model, f->name);
    ost__error_add_failure(&s->error, path, both ? "was" : "column",
                           both ? "the table has the column and the one that it was called before"
                                : "the table has no such column");
}

/* A table that is there must have a column for every field, or the one that is to be renamed. */
static bool check_columns(ost_session *s, const ost__model *m, const description *d, bool failed)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        bool there = is_there(d, m->table.name, f->column, DESCRIBED_COLUMN);
        bool former = f->was && is_there(d, m->table.name, f->was, DESCRIBED_COLUMN);
        if (there != former)
            continue;
        tell_column(s, m, f, !failed, there);
        failed = true;
    }
    return failed;
}

/* The model of a table that is ours to create; NULL: it is none. */
static const ost__model *own_model(const ost_session *s, uint32_t i)
{
    const ost__model *m = ost__model_at(s->db->models, i);
    return m->is_part || m->table.adopted ? NULL : m;
}

static ost_status check_tables(ost_session *s, const work *w)
{
    bool failed = false;
    for (uint32_t i = 0; i < ost__model_count(s->db->models); i++) {
        const ost__model *m = own_model(s, i);
        const description *d = m ? description_of(w, &m->table) : NULL;
        if (m && is_there(d, m->table.name, NULL, 0))
            failed = check_columns(s, m, d, failed);
    }
    return failed ? OST_SCHEMA : OST_OK;
}

/* ---- what is missing ---- */

typedef ost_status each_missing(ost_session *s, work *w, const piece *p);

static ost_status visit(ost_session *s, work *w, const piece p, each_missing *each)
{
    return piece_is_there(w, &p) ? OST_OK : each(s, w, &p);
}

static ost_status visit_each(ost_session *s, work *w, const ost__model *m, enum ost_ddl ddl,
                             uint32_t count, each_missing *each)
{
    for (uint32_t i = 0; i < count; i++)
        if (ddl != OST_DDL_RENAME_UNIQUE || (m->fields[i].unique && m->fields[i].was))
            OST_TRY(visit(s, w, (piece){ m, (uint16_t)ddl, i }, each));
    return OST_OK;
}

/* What has a former name, columns first. */
static ost_status walk_renames(ost_session *s, work *w, each_missing *each)
{
    for (uint32_t i = 0; i < ost__model_count(s->db->models); i++) {
        const ost__model *m = own_model(s, i);
        if (!m || !is_there(description_of(w, &m->table), m->table.name, NULL, 0))
            continue;
        const ost_table *t = &m->table;
        OST_TRY(visit_each(s, w, m, OST_DDL_RENAME_COLUMN, t->field_count, each));
        OST_TRY(visit_each(s, w, m, OST_DDL_RENAME_UNIQUE, t->field_count, each));
        OST_TRY(visit_each(s, w, m, OST_DDL_RENAME_INDEX, t->index_count, each));
        if (can(w, OST_CAN_ADD_KEYS))
            OST_TRY(visit_each(s, w, m, OST_DDL_RENAME_FOREIGN_KEY, t->foreign_key_count, each));
    }
    return OST_OK;
}

/* Stops at the first that does not return OST_OK. */
static ost_status walk_missing(ost_session *s, work *w, each_missing *each)
{
    uint32_t models = ost__model_count(s->db->models);
    bool any = false;
    for (uint32_t i = 1; i < w->schemas; i++)
        OST_TRY(visit(s, w, (piece){ w->d[i].of, OST_DDL_CREATE_SCHEMA, 0 }, each));
    for (uint32_t i = 0; i < models; i++) {
        const ost__model *m = own_model(s, i);
        if (!m)
            continue;
        any = true;
        OST_TRY(visit(s, w, (piece){ m, OST_DDL_CREATE_TABLE, 0 }, each));
        for (uint32_t k = 0; k < m->table.index_count; k++)
            OST_TRY(visit(s, w, (piece){ m, OST_DDL_CREATE_INDEX, k }, each));
    }
    /* Tables may refer to each other in a circle: their keys follow once all of them are there. */
    for (uint32_t i = 0; can(w, OST_CAN_ADD_KEYS) && i < models; i++) {
        const ost__model *m = own_model(s, i);
        for (uint32_t k = 0; m && k < m->table.foreign_key_count; k++)
            OST_TRY(visit(s, w, (piece){ m, OST_DDL_ADD_FOREIGN_KEY, k }, each));
    }
    if (any && can(w, OST_CAN_MARK_COMMITS))
        OST_TRY(visit(s, w, (piece){ NULL, OST_DDL_CREATE_MARKS, 0 }, each));
    return OST_OK;
}

static ost_status found_missing(ost_session *s, work *w, const piece *p)
{
    (void)s, (void)w, (void)p;
    return OST_NOT_FOUND;
}

/* The database says that something is forbidden, not what for. */
static void explain_schema(ost_session *s, const ost__model *m)
{
    char why[sizeof(s->error.message)];
    ost__copy_text(why, sizeof(why), s->error.message);
    ost__print(s->error.message, sizeof(s->error.message),
               "%s: the schema %s is not there and could not be made; have it made, or grant the "
               "right to: %s",
               m->table.model, m->table.schema, why);
    ost__error_about(&s->error, m->table.model, NULL);
}

static ost_status run_ddl(ost_session *s, work *w, const piece *p)
{
    uint8_t bytes[DDL_BYTES];
    const ost__statement st = { .bytes = bytes, .size = sizeof(bytes) };
    ost__run r;
    w->last = *p;
    ost__shape_header(bytes, OST_DO_DDL, OST_WRAP_NONE, 0, p->model, NULL);
    bytes[3] = (uint8_t)p->ddl;
    ost__put_u16(bytes + OST__SHAPE_HEADER, p->index);
    ost_status status = ost__run_begin(&r, s, &st);
    if (status == OST_OK) {
        r.op.flags |= OST_FLAG_ONCE;
        status = ost__run_go(&r, NULL);
    }
    ost__run_end(&r);
    if (status != OST_OK && p->ddl == OST_DDL_CREATE_SCHEMA)
        explain_schema(s, p->model);
    return status;
}

static ost_status run_rename(ost_session *s, work *w, const piece *p)
{
    w->renamed = true;
    return run_ddl(s, w, p);
}

/* ---- creating ---- */

static ost_status look(ost_session *s, work *w)
{
    ost_status status = describe(s, w);
    if (status == OST_OK)
        status = check_tables(s, w);
    ost__session_unlease(s, true);
    return status;
}

/* What is missing is told apart from what was renamed by looking once more. */
static ost_status make_all(ost_session *s, work *w,
                           ost_status (*look_again)(ost_session *s, work *w))
{
    w->renamed = false;
    OST_TRY(walk_renames(s, w, run_rename));
    if (w->renamed)
        OST_TRY(look_again(s, w));
    return walk_missing(s, w, run_ddl);
}

static ost_status create_missing(ost_session *s, work *w)
{
    if (!can(w, OST_CAN_DDL_IN_UNIT))
        return make_all(s, w, look);
    OST_TRY(ost__unit_begin(s, NULL));
    /* Another program may have been quicker: what is missing is asked again, inside the
     * transaction. */
    ost_status status = describe(s, w);
    if (status == OST_OK)
        status = make_all(s, w, describe);
    if (status == OST_OK)
        return ost__unit_commit(s);
    ost__unit_rollback(s);
    return status;
}

/* Whether what failed is there by now, because another program made it at the same time or because
 * only the answer was lost. The error stays what it is. */
static bool is_there_after_all(ost_session *s, work *w)
{
    ost_error *kept = ost__arena_alloc(&s->scratch, sizeof(*kept), _Alignof(ost_error));
    if (!kept || s->error.nothing_sent || w->last.ddl == OST_DDL_NONE)
        return false;
    memcpy(kept, &s->error, sizeof(*kept));
    bool there = look(s, w) == OST_OK && piece_is_there(w, &w->last);
    memcpy(&s->error, kept, sizeof(*kept));
    return there;
}

static bool knows(const work *w, const char *schema)
{
    for (uint32_t i = 1; i < w->schemas; i++)
        if (strcmp(w->d[i].schema, schema) == 0)
            return true;
    return false;
}

/* Which schemas are to be described. */
static ost_status begin(ost_session *s, work *w)
{
    uint32_t models = ost__model_count(s->db->models);
    *w = (work){ .last = { .ddl = OST_DDL_NONE }, .schemas = 1 };
    w->d =
        ost__arena_alloc_zeroed(&s->scratch, (models + 1) * sizeof(*w->d), _Alignof(description));
    if (!w->d)
        return ost__no_memory(s);
    for (uint32_t i = 0; i < models; i++) {
        const ost__model *m = own_model(s, i);
        if (m && m->table.schema && !knows(w, m->table.schema))
            w->d[w->schemas++] = (description){ .schema = m->table.schema, .of = m };
    }
    return OST_OK;
}

static bool is_missing(ost_session *s, work *w)
{
    return walk_renames(s, w, found_missing) != OST_OK ||
           walk_missing(s, w, found_missing) != OST_OK;
}

static ost_status create_tables(ost_session *s)
{
    work w;
    OST_TRY(begin(s, &w));
    OST_TRY(look(s, &w));
    for (int attempt = 1; is_missing(s, &w); attempt++) {
        ost_status status = create_missing(s, &w);
        if (status == OST_OK)
            return OST_OK;
        if (attempt == ATTEMPTS_MAX || !is_there_after_all(s, &w))
            return status;
    }
    return OST_OK;
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
