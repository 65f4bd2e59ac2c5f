/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"

/* Errors of the server after which a statement is prepared anew. */
enum { FORGOTTEN = 1243, CHANGED = 1615, OTHER_COLUMNS = 2057, TOO_MANY = 1461 };

static bool same_key(const ost__lru_node *node, const void *key)
{
    const ost__my_key *a = &((const ost__my_statement *)node)->key, *b = key;
    return a->serial == b->serial && a->lists == b->lists && a->rows == b->rows &&
           a->part == b->part && a->way == b->way;
}

static uint64_t hash_of(const ost__my_key *k)
{
    uint64_t h = k->serial ^ k->lists * UINT64_C(0x9e3779b97f4a7c15);
    h ^=
        ((uint64_t)k->rows << 32 | (uint64_t)k->part << 16 | k->way) * UINT64_C(0xbf58476d1ce4e5b9);
    return h ^ h >> 29;
}

/* ---- life ---- */

static ost__my_statement *create(ost_connection *c, const ost__my_key *key)
{
    const ost__memory *memory = &c->backend->memory;
    ost__my_statement *s = ost__alloc_zeroed(memory, sizeof *s);
    if (!s)
        return NULL;
    s->key = *key;
    ost__my_binds_init(&s->binds, memory);
    ost__my_results_init(&s->results, memory);
    s->handle = mysql_stmt_init(c->mysql);
    if (s->handle)
        return s;
    ost__free(memory, s, sizeof *s);
    return NULL;
}

/* All but the handle. */
static void destroy(ost_connection *c, ost__my_statement *s)
{
    const ost__memory *memory = &c->backend->memory;
    for (uint32_t i = 0; s->more && i + 1 < s->key.rows; i++)
        ost__my_binds_finish(&s->more[i]);
    ost__free(memory, s->more, s->key.rows * sizeof *s->more);
    ost__free(memory, s->together, s->together_size);
    ost__my_results_finish(&s->results);
    ost__my_binds_finish(&s->binds);
    ost__free(memory, s, sizeof *s);
}

/* The server is told, and does not answer; that it may take long to take it is the next call's
 * concern. */
static ost_status discard(ost_connection *c, ost__my_statement *s, ost_error *error)
{
    MYSQL_STMT *handle = s->handle;
    ost_error unwanted;
    if (c->owing == s)
        c->owing = NULL;
    destroy(c, s);
    return ost__my_call_statement(c, OST__CALL_DISCARD, handle, error ? error : &unwanted);
}

static void forget(ost_connection *c, ost__my_statement *s)
{
    if (c->last == s)
        c->last = NULL;
    if (s->cached)
        ost__lru_remove(&c->statements, &s->node);
    s->cached = false;
}

/* Forgets the oldest statements beyond `most`; those that are running stay. */
static void bound(ost_connection *c, uint32_t most)
{
    ost__lru_node *node = c->statements.oldest;
    while (c->statements.count > most && node && c->call.events == 0) {
        ost__my_statement *s = (ost__my_statement *)node;
        node = node->newer;
        if (s->busy)
            continue;
        forget(c, s);
        (void)discard(c, s, NULL);
    }
}

static void finish(ost_connection *c, ost__my_statement *s)
{
    if (c->owing == s)
        c->owing = NULL;
    mysql_stmt_close(s->handle);
    destroy(c, s);
}

void ost__my_statements_finish(ost_connection *c)
{
    c->last = NULL;
    while (c->streams) {
        ost__my_statement *s = c->streams;
        c->streams = s->next_open;
        if (!s->cached)
            finish(c, s);
    }
    while (c->orphans) {
        ost__my_statement *s = c->orphans;
        c->orphans = s->next_open;
        finish(c, s);
    }
    while (c->statements.newest) {
        ost__my_statement *s = (ost__my_statement *)c->statements.newest;
        ost__lru_remove(&c->statements, &s->node);
        finish(c, s);
    }
    if (c->owing)
        finish(c, c->owing);
}

/* ---- texts ---- */

/* Where the values of an insert begin: behind the word that follows the list of columns, which
 * stands in quotes where it looks like that. */
static const char *values_of(const char *text, size_t size)
{
    static const char word[] = " VALUES (";
    bool quoted = false;
    for (const char *p = text; p + sizeof word < text + size; p++) {
        if (*p == '`')
            quoted = !quoted;
        else if (!quoted && memcmp(p, word, sizeof word - 1) == 0)
            return p + sizeof word - 2;
    }
    return NULL;
}

static ost_status write_text(ost_connection *c, const ost_operation *op, const ost__my_key *key,
                             ost_error *error)
{
    const ost__my_text *t = &op->plan->parts[key->part];
    ost__buffer *b = &c->text;
    ost__buffer_reset(b);
    if (t->lists) {
        OST_TRY(ost__my_expand(op->plan->flavour, t->text, t->size, t->parameters,
                               t->parameter_count, op, b, error));
    } else {
        const char *values = key->rows > 0 ? values_of(t->text, t->size) : NULL;
        ost__buffer_bytes(b, t->text, t->size);
        for (uint32_t i = 1; values && i < key->rows; i++) {
            ost__buffer_char(b, ',');
            ost__buffer_bytes(b, values, (size_t)(t->text + t->size - values));
        }
    }
    return b->failed ? ost__error_set(error, OST_NO_MEMORY, "no memory for a statement") : OST_OK;
}

/* ---- preparing ---- */

static ost_status set_cursor(ost__my_statement *s, uint32_t rows)
{
    const unsigned long type = CURSOR_TYPE_READ_ONLY, prefetch = rows > 0 ? rows : 1;
    return mysql_stmt_attr_set(s->handle, STMT_ATTR_CURSOR_TYPE, &type) ||
                   mysql_stmt_attr_set(s->handle, STMT_ATTR_PREFETCH_ROWS, &prefetch)
               ? OST_UNSUPPORTED
               : OST_OK;
}

/* c->text, on the statement's handle. While it waits, the statement is owed. */
static ost_status prepare(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                          ost_error *error)
{
    c->owing = s;
    OST_TRY(ost__my_prepare_call(c, s->handle, c->text.data, c->text.size, error));
    c->owing = NULL;
    s->bound = false;
    if (c->call.rc != 0)
        return ost__my_failed(c, s->handle, op, error);
    return OST_OK;
}

/* Where the server has no room for another statement, those of this connection that rest make
 * some. */
static ost_status prepare_new(ost_connection *c, const ost_operation *op, const ost__my_key *key,
                              ost__my_statement **out, ost_error *error)
{
    for (int tries = 0;; tries++) {
        ost__my_statement *s = create(c, key);
        ost_status status;
        bool again;
        if (!s) {
            ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
            return OST_NO_MEMORY;
        }
        status = prepare(c, s, op, error);
        if (status == OST_OK && key->way == OST__MY_CURSOR)
            status = set_cursor(s, op->batch_rows);
        if (status == OST_OK) {
            *out = s;
            return OST_OK;
        }
        if (ost__my_owes(c))
            return status;
        again = tries == 0 && c->statements.count > 0 && mysql_stmt_errno(s->handle) == TOO_MANY;
        (void)discard(c, s, NULL);
        if (!again)
            return status;
        bound(c, 0);
    }
}

ost_status ost__my_check_size(const ost_connection *c, size_t size, ost_error *error)
{
    if (size < ULONG_MAX && size < UINT32_MAX && (c->max_packet == 0 || size + 2 <= c->max_packet))
        return OST_OK;
    ost__error_set(error, OST_TOO_LARGE, "the statement has %zu bytes, but the server takes %zu",
                   size, c->max_packet);
    if (error)
        error->nothing_sent = 1;
    return OST_TOO_LARGE;
}

ost_status ost__my_statement_of(ost_connection *c, const ost_operation *op, enum ost__my_part part,
                                ost__my_statement **out, ost_error *error)
{
    bool streams = op->kind == OST_DO_SELECT && (op->flags & OST_FLAG_STREAM);
    const ost__my_key key = { .part = (uint16_t)part,
                              .way = streams ? OST__MY_CURSOR : OST__MY_ONE };
    return ost__my_statement_for(c, op, key, out, error);
}

ost_status ost__my_statement_for(ost_connection *c, const ost_operation *op, ost__my_key key,
                                 ost__my_statement **out, ost_error *error)
{
    const ost__my_text *t = &op->plan->parts[key.part];
    bool keep = !(op->flags & OST_FLAG_ONCE);
    ost__my_statement *s = c->last;
    key.serial = op->plan->serial;
    if (t->lists)
        keep = ost__my_list_key(t->parameters, t->parameter_count, op, &key.lists) && keep;
    if (!s || !same_key(&s->node, &key)) {
        s = (ost__my_statement *)ost__lru_find(&c->statements, hash_of(&key), same_key, &key);
        if (s)
            c->last = s;
    }
    if (s && !s->busy) {
        if (key.way == OST__MY_CURSOR)
            (void)set_cursor(s, op->batch_rows);
        s->busy = true;
        *out = s;
        return OST_OK;
    }
    if (s)
        keep = false;
    OST_TRY(write_text(c, op, &key, error));
    OST_TRY(ost__my_check_size(c, c->text.size, error));
    OST_TRY(prepare_new(c, op, &key, &s, error));
    s->busy = true;
    if (keep) {
        s->cached = true;
        ost__lru_add(&c->statements, &s->node, hash_of(&key));
        c->last = s;
        bound(c, OST__MY_STATEMENTS_MAX);
    }
    *out = s;
    return OST_OK;
}

ost_status ost__my_statement_once(ost_connection *c, const ost_operation *op, const char *text,
                                  size_t size, ost__my_statement **out, ost_error *error)
{
    const bool streams = op->flags & OST_FLAG_STREAM;
    const ost__my_key key = { .way = streams ? OST__MY_CURSOR : OST__MY_ONE };
    OST_TRY(ost__my_check_size(c, size, error));
    ost__buffer_reset(&c->text);
    ost__buffer_bytes(&c->text, text, size);
    if (c->text.failed)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    OST_TRY(prepare_new(c, op, &key, out, error));
    (*out)->busy = true;
    return OST_OK;
}

/* ---- running ---- */

static bool is_stale(const ost_operation *op, unsigned code)
{
    /* What gave other columns than before has run. */
    return code == FORGOTTEN || code == CHANGED ||
           (code == OTHER_COLUMNS && op->kind == OST_DO_SELECT);
}

/* On a new handle, in the same place. What might come to nothing is not kept for others. */
static ost_status prepare_again(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                                ost_error *error)
{
    MYSQL_STMT *fresh = mysql_stmt_init(c->mysql), *old = s->handle;
    if (!fresh)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    forget(c, s);
    s->handle = fresh;
    c->owing = s;
    OST_TRY(ost__my_call_statement(c, OST__CALL_DISCARD, old, error));
    c->owing = NULL;
    OST_TRY(write_text(c, op, &s->key, error));
    OST_TRY(prepare(c, s, op, error));
    return s->key.way == OST__MY_CURSOR ? set_cursor(s, op->batch_rows) : OST_OK;
}

/* Of values that are too large together, the largest. */
static void name_largest(const ost__my_statement *s, const ost__my_parameter *p, uint32_t count,
                         const ost_operation *op, ost_error *error)
{
    const ost_table *t = op->shape ? op->shape->table : NULL;
    const ost_field *field = NULL;
    size_t most = 0;
    if (s->binds.count != count || !t)
        return;
    for (uint32_t i = 0; i < count; i++) {
        if (s->binds.slots[i].size < most || !p[i].field)
            continue;
        most = s->binds.slots[i].size;
        field = p[i].field;
    }
    ost__error_about(error, t->model, field ? field->name : NULL);
}

ost_status ost__my_set_values(ost_connection *c, ost__my_statement *s, const ost__my_parameter *p,
                              uint32_t count, const ost_operation *op, const void *record,
                              ost_error *error)
{
    ost_status status = ost__my_bind(&s->binds, p, count, op, record, c->max_packet, error);
    if (status != OST_OK || s->binds.changed)
        s->bound = false;
    s->moved = s->moved || s->binds.moved;
    if (status != OST_OK && error)
        error->nothing_sent = 1;
    if (status == OST_TOO_LARGE && error && error->field[0] == '\0')
        name_largest(s, p, count, op, error);
    return status;
}

static bool bind_list(ost__my_statement *s)
{
    MYSQL_BIND *list = s->together ? s->together : s->binds.list;
    if (list && s->bound && !ost__my_move_parameters(s->handle, list))
        return false;
    if (list && !s->bound && mysql_stmt_bind_param(s->handle, list))
        return false;
    s->bound = true;
    s->moved = false;
    return true;
}

ost_status ost__my_execute(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                           ost_error *error)
{
    for (int tries = 0;; tries++) {
        unsigned code;
        if ((!s->bound || s->moved) && !bind_list(s))
            return ost__my_failed(c, s->handle, op, error);
        c->owing = s;
        OST_TRY(ost__my_execute_call(c, s->handle, error));
        c->owing = NULL;
        if (c->call.rc == 0)
            break;
        code = mysql_stmt_errno(s->handle);
        if (tries > 0 || s->key.serial == 0 || s->key.way == OST__MY_ARRAY || !is_stale(op, code))
            return ost__my_failed(c, s->handle, op, error);
        OST_TRY(prepare_again(c, s, op, error));
    }
    s->has_rows = ost__my_column_count(s->handle) > 0;
    if (s->has_rows && s->key.way != OST__MY_CURSOR)
        c->owing = s;
    return OST_OK;
}

bool ost__my_forgotten(ost_connection *c, ost__my_statement *s)
{
    unsigned code = mysql_stmt_errno(s->handle);
    if (code != FORGOTTEN && code != CHANGED)
        return false;
    forget(c, s);
    return true;
}

/* Now is not the time to close it. */
static void put_away(ost_connection *c, ost__my_statement *s)
{
    s->busy = false;
    if (s->cached || c->owing == s)
        return;
    s->next_open = c->orphans;
    c->orphans = s;
}

ost_status ost__my_release(ost_connection *c, ost__my_statement *s, ost_error *error)
{
    ost_error unwanted;
    if (c->call.events != 0 || c->lost) {
        put_away(c, s);
        return OST_OK;
    }
    if (s->has_rows && c->owing == s)
        OST_TRY(ost__my_call_statement(c, OST__CALL_FREE, s->handle, error ? error : &unwanted));
    if (c->owing == s)
        c->owing = NULL;
    s->has_rows = false;
    s->busy = false;
    return s->cached ? OST_OK : discard(c, s, error);
}

/* ---- streams ---- */

ost__my_statement *ost__my_stream_of(const ost_connection *c, size_t index)
{
    ost__my_statement *s = c->streams;
    while (s && index != OST_STREAM(s->stream.stream) &&
           (index != s->stream_index || s->stream_batch != c->batch))
        s = s->next_open;
    return s;
}

void ost__my_stream_open(ost_connection *c, ost__my_statement *s, const ost_operation *op,
                         size_t index)
{
    if (s->stream_batch != 0)
        return;
    s->stream = *op;
    s->stream_batch = c->batch;
    s->stream_index = index;
    s->next_open = c->streams;
    c->streams = s;
}

/* A cursor that was not read to its end keeps a table at the server until the statement is closed.
 */
void ost__my_stream_close(ost_connection *c, ost__my_statement *s)
{
    ost__my_statement **at = &c->streams;
    bool rest = s->has_rows;
    while (*at && *at != s)
        at = &(*at)->next_open;
    if (*at)
        *at = s->next_open;
    s->stream_batch = 0;
    s->next_open = NULL;
    if (rest && c->owing != s)
        forget(c, s);
    (void)ost__my_release(c, s, NULL);
}
