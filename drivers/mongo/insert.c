/* SPDX-License-Identifier: MIT */
/*
 * Records as documents, many to a command. They are written straight into the command's memory: a
 * bulk operation of the library copies each of them once more.
 */
#include "mongo/writes.h"

#include <string.h>

#include "base/error.h"
#include "mongo/documents.h"

enum {
    /* More in a command was not faster, and a deadline would have to wait for it. */
    CHUNK_BYTES = 4 << 20,
    CHUNK_RECORDS = 100000,
    KEPT_BYTES = 1 << 20, /* of the memory of a command */
    NAMES = 64,
    KEY_TRIES = 4
};

/* A member that is written. */
typedef struct element {
    const ost_parameter *parameter;
    const char *name;
    size_t size;
} element;

typedef struct insertion {
    ost__mongo_run *run;
    const ost_table *table;
    const ost_change *key; /* what becomes _id; NULL: it is generated, or made by the server */
    bool generated;        /* auto_key is taken from the counter */
    int64_t first_key;
    size_t count;       /* of records, at least 1 */
    size_t first, next; /* of the command: its first record, that behind its last */
    size_t elements;    /* of `list`; the rest of the changes has no place there */
    element list[NAMES];
} insertion;

static element element_of(const insertion *in, const ost_change *c)
{
    const char *name = ost__mongo_name(in->table, c->field);
    element e = { .name = name, .size = strlen(name) };
    if (c->parameter != OST_NO_PARAMETER)
        e.parameter = ost__mongo_parameter_of(in->run->op, c->parameter);
    return e;
}

/* As the model declares its members, unless they are too many: who looks at the documents finds
 * them in the order that he knows. */
static void declared_order(insertion *in)
{
    const ost_shape *s = in->run->op->shape;
    const ost_change *by_field[NAMES] = { NULL };
    for (uint32_t i = 0; i < s->change_count; i++)
        by_field[s->changes[i].field - in->table->fields] = &s->changes[i];
    for (uint32_t i = 0; i < in->table->field_count; i++)
        if (by_field[i] && by_field[i] != in->key)
            in->list[in->elements++] = element_of(in, by_field[i]);
}

/* The key first: the server would move it there. */
static void order_elements(insertion *in)
{
    const ost_shape *s = in->run->op->shape;
    const ost_field *id = in->table->key_count == 1 ? in->table->keys[0] : NULL;
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == id)
            in->key = &s->changes[i];
    if (in->key)
        in->list[in->elements++] = element_of(in, in->key);
    if (in->table->field_count < NAMES) {
        declared_order(in);
        return;
    }
    for (uint32_t i = 0; i < s->change_count && in->elements < NAMES; i++)
        if (&s->changes[i] != in->key)
            in->list[in->elements++] = element_of(in, &s->changes[i]);
}

/* ---- documents ---- */

static ost_status refuse(insertion *in, size_t record, const element *e, uint16_t kind,
                         ost_status status)
{
    ost__mongo_run *r = in->run;
    ost__mongo_misfit(e->parameter->field, kind, status, r->error);
    ost__error_about(r->error, in->table->model, NULL);
    if (r->op->record_count > 0)
        r->outcome->failed_record = record;
    return status;
}

static ost_status too_large(insertion *in, size_t record, size_t bytes)
{
    ost__mongo_run *r = in->run;
    ost__error_set(r->error, OST_TOO_LARGE,
                   "%s: record %zu is a document of %zu bytes, but MongoDB takes %d: store less "
                   "in it",
                   in->table->model, record, bytes, (int)OST__MONGO_DOCUMENT_MAX);
    ost__error_about(r->error, in->table->model, NULL);
    if (r->error)
        r->error->nothing_sent = 1;
    if (r->op->record_count > 0)
        r->outcome->failed_record = record;
    return OST_TOO_LARGE;
}

/* What is no scalar that can be stored. */
static ost_status write_other(insertion *in, ost__mongo_text *t, size_t record, const element *e,
                              ost_status status)
{
    const ost_parameter *p = e->parameter;
    ost__mongo_document d = { .text = t,
                              .kind = p->source == OST_FROM_VALUE ? p->value.type : p->type };
    if (status == OST_UNSUPPORTED)
        status = ost__mongo_document_put_parameter(&d, e->name, e->size, p,
                                                   ost__mongo_record(in->run->op, record));
    /* A document that has grown too large is told with its size. */
    if (status == OST_OK || t->failed)
        return OST_OK;
    return refuse(in, record, e, d.kind, status);
}

static ost_status write_element(insertion *in, ost__mongo_text *t, size_t record, const element *e)
{
    ost__mongo_value v;
    ost_status status;
    if (!e->parameter)
        return OST_OK;
    status =
        ost__mongo_store_parameter(e->parameter, ost__mongo_record(in->run->op, record), false, &v);
    if (status != OST_OK)
        return write_other(in, t, record, e, status);
    ost__mongo_text_value(t, e->name, e->size, &v);
    return OST_OK;
}

/* The largest key that a member of this kind holds. */
static int64_t most_of(uint16_t kind)
{
    switch (kind) {
    case OST_TYPE_INT8: return INT8_MAX;
    case OST_TYPE_INT16: return INT16_MAX;
    case OST_TYPE_INT32: return INT32_MAX;
    case OST_TYPE_UINT8: return UINT8_MAX;
    case OST_TYPE_UINT16: return UINT16_MAX;
    case OST_TYPE_UINT32: return UINT32_MAX;
    default: return INT64_MAX;
    }
}

/* A key of the counter, under its own name where the table's key has several members. */
static ost_status write_key(insertion *in, ost__mongo_text *t, size_t record)
{
    const ost_field *f = in->table->auto_key;
    const char *name = ost__mongo_name(in->table, f);
    int64_t key = in->first_key + (int64_t)record;
    ost__mongo_value v;
    ost_status status = OST_RANGE;
    if (key <= most_of(ost__mongo_kind_of(f)))
        status = ost__mongo_store(OST_TYPE_INT64, &key, sizeof key, f, false, &v);
    if (status != OST_OK)
        return ost__mongo_misfit(f, f->type, status, in->run->error);
    ost__mongo_text_value(t, name, strlen(name), &v);
    return OST_OK;
}

static ost_status write_document(insertion *in, ost__mongo_text *t, size_t record)
{
    /* What the server adds where there is no _id. */
    const uint32_t id_size = in->table->key_count == 1 ? 0 : 17;
    const ost_shape *s = in->run->op->shape;
    char key[16];
    size_t key_size = ost__mongo_index_key((uint32_t)(record - in->first), key);
    uint32_t place = ost__mongo_text_open(t, BSON_TYPE_DOCUMENT, key, key_size), size;
    if (in->generated)
        OST_TRY(write_key(in, t, record));
    for (size_t i = 0; i < in->elements && !t->failed; i++)
        OST_TRY(write_element(in, t, record, &in->list[i]));
    for (uint32_t i = 0, at = 0; in->elements == NAMES && i < s->change_count; i++) {
        element e;
        if (&s->changes[i] == in->key || at++ + (in->key != NULL) < NAMES)
            continue;
        e = element_of(in, &s->changes[i]);
        OST_TRY(write_element(in, t, record, &e));
    }
    ost__mongo_text_close(t, place);
    size = t->size - place + id_size;
    if (size > OST__MONGO_DOCUMENT_MAX || t->failed)
        return too_large(in, record, size);
    return OST_OK;
}

/* As many records as a command holds, at least one. */
static ost_status write_command(insertion *in)
{
    bson_t *command = &in->run->c->command;
    const char *name = in->table->name;
    const ost__mongo_value to = { .type = BSON_TYPE_UTF8,
                                  .size = (uint32_t)strlen(name),
                                  .as.data = name };
    ost__mongo_text t;
    uint32_t list;
    ost__mongo_text_begin(&t, command);
    ost__mongo_text_value(&t, "insert", 6, &to);
    list = ost__mongo_text_open(&t, BSON_TYPE_ARRAY, "documents", 9);
    in->next = in->first;
    while (in->next < in->count && in->next - in->first < CHUNK_RECORDS && t.size < CHUNK_BYTES) {
        uint32_t before = t.size;
        OST_TRY(write_document(in, &t, in->next));
        if (t.size > OST__MONGO_COMMAND_MAX && in->next > in->first) {
            ost__mongo_text_undo(&t, before);
            break;
        }
        in->next++;
    }
    ost__mongo_text_close(&t, list);
    return ost__mongo_text_end(&t) ? OST_OK : too_large(in, in->first, t.size);
}

/* ---- commands ---- */

/* An error of a command counts from its own first record. */
static void place_failure(insertion *in)
{
    ost_outcome *o = in->run->outcome;
    bool named = in->run->op->record_count > 0 && o->failed_record < in->next - in->first;
    o->failed_record = named ? o->failed_record + in->first : SIZE_MAX;
}

static void forget_much(bson_t *command)
{
    if (command->len <= KEPT_BYTES)
        return;
    bson_destroy(command);
    bson_init(command);
}

static ost_status run_command(insertion *in)
{
    ost__mongo_run *r = in->run;
    bson_t reply;
    ost_status status;
    r->outcome->statements++;
    r->outcome->failed_record = SIZE_MAX;
    status = ost__mongo_command(r, OST__MONGO_WRITES, 0, &r->c->command, &reply);
    bson_destroy(&reply);
    forget_much(&r->c->command);
    if (status != OST_OK) {
        place_failure(in);
        return status;
    }
    r->outcome->matched += (int64_t)(in->next - in->first);
    return OST_OK;
}

static ost_status insert_all(insertion *in)
{
    in->first = 0;
    while (in->first < in->count) {
        ost_status status = write_command(in);
        if (status == OST_OK)
            status = run_command(in);
        if (status != OST_OK && in->first > 0 && in->run->error)
            in->run->error->nothing_sent = 0;
        OST_TRY(status);
        in->first = in->next;
    }
    return OST_OK;
}

/* ---- keys ---- */

static ost_status take_keys(insertion *in)
{
    ost__mongo_run *r = in->run;
    const ost_field *f = in->table->auto_key;
    if (!in->generated)
        return OST_OK;
    if (!f)
        return ost__error_set(r->error, OST_MISUSE, "%s: an insert gives back its generated key",
                              in->table->model);
    return ost__mongo_keys_take(r, in->count, &in->first_key);
}

/* The largest key that the records bring with them. */
ost_status ost__mongo_give_keys(ost__mongo_run *r)
{
    const ost_shape *s = r->op->shape;
    const ost_parameter *p = NULL;
    size_t count = r->op->record_count > 0 ? r->op->record_count : 1;
    int64_t most = INT64_MIN;
    if (!s->table->auto_key)
        return OST_OK;
    for (uint32_t i = 0; i < s->change_count; i++)
        if (s->changes[i].field == s->table->auto_key &&
            s->changes[i].parameter != OST_NO_PARAMETER)
            p = ost__mongo_parameter_of(r->op, s->changes[i].parameter);
    for (size_t i = 0; p && i < count; i++) {
        ost__mongo_value v;
        int64_t key = INT64_MIN;
        /* What does not fit is refused when it is written. */
        if (ost__mongo_store_parameter(p, ost__mongo_record(r->op, i), false, &v) != OST_OK)
            continue;
        if (v.type == BSON_TYPE_INT32)
            key = v.as.int32;
        else if (v.type == BSON_TYPE_INT64)
            key = v.as.int64;
        most = key > most ? key : most;
    }
    return most > 0 ? ost__mongo_keys_given(r, most) : OST_OK;
}

static ost_status deliver_keys(insertion *in)
{
    ost__mongo_run *r = in->run;
    ost__mongo_reader reader;
    if (!in->generated || !r->sink)
        return OST_OK;
    if (r->op->rows->step_count != 1)
        return ost__error_set(r->error, OST_MISUSE, "an insert gives back its generated key only");
    OST_TRY(ost__mongo_reader_begin(&reader, r->op->plan, r->op->rows, r->sink));
    for (size_t i = 0; i < in->count; i++)
        if (ost__mongo_reader_key(&reader, in->first_key + (int64_t)i) != OST_OK)
            return ost__mongo_sink_failed(r->sink, r->error);
    r->outcome->rows += (int64_t)reader.rows;
    if (r->failed == OST_OK)
        r->failed = reader.failed;
    return OST_OK;
}

/* Whether a key of the counter met one that somebody else stored. */
static bool met_a_key(const insertion *in, ost_status status)
{
    const ost_error *e = in->run->error;
    const ost_field *f = in->table->auto_key;
    return status == OST_CONFLICT && in->generated && e && strcmp(e->field, f->name) == 0;
}

/* ---- the first use of a collection ---- */

static bool is_made(ost_backend *b, uint32_t table)
{
    return table >= OST__MONGO_MADE_MAX || (atomic_load(&b->made[table / 64]) >> table % 64 & 1);
}

/* Transactions that make a collection with their first record are in each other's way: it is made
 * before, without rules, as the record would make it. Only as the first thing in a transaction:
 * later the server would wait for locks of our own. That it may not be made is no failure yet. */
ost_status ost__mongo_make_collection(ost__mongo_run *r)
{
    ost_connection *c = r->c;
    ost_error why = { .status = 0 }, *error = r->error;
    bson_t command = BSON_INITIALIZER, reply;
    const char *name = r->op->shape->table->name;
    uint32_t table = r->op->shape->table->id;
    ost_status status;
    if (!c->in_unit || c->unit_sent || is_made(c->backend, table))
        return OST_OK;
    BSON_APPEND_UTF8(&command, "create", name);
    r->error = &why;
    status = ost__mongo_command(r, OST__MONGO_PLAIN, OST__MONGO_APART, &command, &reply);
    r->error = error;
    bson_destroy(&reply);
    bson_destroy(&command);
    if (status == OST_OK || why.native_code == OST__MONGO_NAMESPACE_EXISTS)
        atomic_fetch_or(&c->backend->made[table / 64], UINT64_C(1) << table % 64);
    if (status != OST_CONNECTION && status != OST_TIMEOUT && status != OST_CANCELLED)
        return OST_OK;
    if (error) {
        *error = why;
        error->nothing_sent = 1;
    }
    return status;
}

ost_status ost__mongo_insert(ost__mongo_run *r)
{
    const ost_operation *op = r->op;
    insertion in = { .run = r,
                     .generated = op->rows != NULL,
                     .count = op->record_count > 0 ? op->record_count : 1 };
    ost_status status;
    if (!op->plan)
        return ost__error_set(r->error, OST_MISUSE, "the operation was not compiled");
    in.table = op->shape->table;
    order_elements(&in);
    OST_TRY(ost__mongo_make_collection(r));
    for (int tries = 1;; tries++) {
        status = in.generated ? take_keys(&in) : ost__mongo_give_keys(r);
        if (status == OST_OK)
            status = insert_all(&in);
        if (!met_a_key(&in, status))
            break;
        ost__mongo_keys_doubt(r);
        /* In a unit the server has undone everything; of several commands the first are stored. */
        if (r->c->in_unit || in.first > 0 || in.count > 1 || tries == KEY_TRIES)
            break;
    }
    if (status == OST_OK)
        status = deliver_keys(&in);
    r->outcome->changed = r->outcome->matched;
    return status;
}
