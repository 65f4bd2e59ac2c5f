/* SPDX-License-Identifier: MIT */
/* ostler_list(?n): the items of a list parameter as rows, in the stored form of the member that
 * they are compared with. */
#include "sqlite/connection.h"

enum { COLUMN_VALUE, COLUMN_LIST };

typedef struct list_table {
    sqlite3_vtab base; /* first */
    ost_connection *c;
} list_table;

typedef struct list_cursor {
    sqlite3_vtab_cursor base; /* first */
    const ost_parameter *parameter;
    size_t at;
} list_cursor;

static int list_connect(sqlite3 *db, void *context, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **message)
{
    ost_connection *c = context;
    list_table *t;
    int rc = sqlite3_declare_vtab(db, "CREATE TABLE x(value, list HIDDEN)");
    (void)argc;
    (void)argv;
    (void)message;
    if (rc != SQLITE_OK)
        return rc;
    t = ost__alloc_zeroed(&c->backend->memory, sizeof *t);
    if (!t)
        return SQLITE_NOMEM;
    t->c = c;
    *out = &t->base;
    return SQLITE_OK;
}

static int list_disconnect(sqlite3_vtab *base)
{
    list_table *t = (list_table *)base;
    ost__free(&t->c->backend->memory, t, sizeof *t);
    return SQLITE_OK;
}

static int list_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    (void)base;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].iColumn != COLUMN_LIST ||
            info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ || !info->aConstraint[i].usable)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = 1;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int list_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    list_table *t = (list_table *)base;
    list_cursor *cursor = ost__alloc_zeroed(&t->c->backend->memory, sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    *out = &cursor->base;
    return SQLITE_OK;
}

static int list_close(sqlite3_vtab_cursor *base)
{
    list_table *t = (list_table *)base->pVtab;
    ost__free(&t->c->backend->memory, base, sizeof(list_cursor));
    return SQLITE_OK;
}

static int list_filter(sqlite3_vtab_cursor *base, int number, const char *name, int argc,
                       sqlite3_value **argv)
{
    list_cursor *cursor = (list_cursor *)base;
    (void)number;
    (void)name;
    cursor->parameter = argc > 0 ? sqlite3_value_pointer(argv[0], ost__sqlite_list_type) : NULL;
    cursor->at = 0;
    return SQLITE_OK;
}

static int list_next(sqlite3_vtab_cursor *base)
{
    ((list_cursor *)base)->at++;
    return SQLITE_OK;
}

static int list_eof(sqlite3_vtab_cursor *base)
{
    const list_cursor *cursor = (const list_cursor *)base;
    return !cursor->parameter || cursor->at >= cursor->parameter->list_count;
}

static int list_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const list_cursor *cursor = (const list_cursor *)base;
    const ost_parameter *p = cursor->parameter;
    const char *item = (const char *)p->list + cursor->at * p->list_stride;
    ost__cell cell;
    ost_status status;
    if (column != COLUMN_VALUE)
        return SQLITE_OK;
    status = ost__store_compared(p->type, item, p->size, p->field, &cell);
    if (status != OST_OK) {
        ost__sqlite_refuse(context, ((list_table *)base->pVtab)->c, status, p->field);
        return SQLITE_ERROR;
    }
    ost__sqlite_result(context, &cell);
    return SQLITE_OK;
}

static int list_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((const list_cursor *)base)->at;
    return SQLITE_OK;
}

int ost__sqlite_lists(ost_connection *c)
{
    static const sqlite3_module module = {
        .xConnect = list_connect,
        .xDisconnect = list_disconnect,
        .xBestIndex = list_best_index,
        .xOpen = list_open,
        .xClose = list_close,
        .xFilter = list_filter,
        .xNext = list_next,
        .xEof = list_eof,
        .xColumn = list_column,
        .xRowid = list_rowid,
    };
    return sqlite3_create_module_v2(c->db, "ostler_list", &module, c, NULL);
}
