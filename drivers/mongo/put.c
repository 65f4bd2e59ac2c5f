/* SPDX-License-Identifier: MIT */
#include "mongo/types.h"

#include <string.h>

#include "base/error.h"
#include "mongo/documents.h"

/* ---- through the library ---- */

static bool append(bson_t *out, const char *key, int key_size, const ost__mongo_value *v)
{
    const char *text = v->is_inside ? v->as.inside : v->as.data;
    bson_oid_t oid;
    switch (v->type) {
    case BSON_TYPE_BOOL: return bson_append_bool(out, key, key_size, v->as.boolean);
    case BSON_TYPE_INT32: return bson_append_int32(out, key, key_size, v->as.int32);
    case BSON_TYPE_INT64: return bson_append_int64(out, key, key_size, v->as.int64);
    case BSON_TYPE_DATE_TIME: return bson_append_date_time(out, key, key_size, v->as.int64);
    case BSON_TYPE_DOUBLE: return bson_append_double(out, key, key_size, v->as.real);
    case BSON_TYPE_DECIMAL128: return bson_append_decimal128(out, key, key_size, &v->as.decimal);
    case BSON_TYPE_UTF8: return bson_append_utf8(out, key, key_size, text, (int)v->size);
    case BSON_TYPE_BINARY:
        return bson_append_binary(out, key, key_size, (bson_subtype_t)v->subtype, v->as.data,
                                  v->size);
    case BSON_TYPE_OID:
        memcpy(oid.bytes, v->as.data, sizeof oid.bytes);
        return bson_append_oid(out, key, key_size, &oid);
    default: return true;
    }
}

/* What is no scalar. *kind: of what was refused. */
static ost_status put_document(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                               const void *record, bool *absent, uint16_t *kind)
{
    bson_t one = BSON_INITIALIZER;
    ost__mongo_text t;
    ost__mongo_document d = { .text = &t };
    size_t size = key_size < 0 ? strlen(key) : (size_t)key_size;
    ost_status status;
    ost__mongo_text_begin(&t, &one);
    status = ost__mongo_document_put_parameter(&d, key, size, p, record);
    if (status == OST_OK && (!ost__mongo_text_end(&t) || !bson_concat(out, &one)))
        status = OST_TOO_LARGE;
    *absent = status == OST_OK && bson_empty(&one);
    *kind = d.kind;
    bson_destroy(&one);
    return status;
}

static ost_status put(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                      const void *record, bool compared, bool *absent, ost_error *error)
{
    uint16_t type = p->source == OST_FROM_VALUE ? p->value.type : p->type;
    ost__mongo_value v = { .type = BSON_TYPE_EOD };
    ost_status status = ost__mongo_store_parameter(p, record, compared, &v);
    *absent = v.type == BSON_TYPE_EOD;
    if (status == OST_OK && !append(out, key, key_size, &v))
        status = OST_TOO_LARGE;
    if (status == OST_UNSUPPORTED)
        status = put_document(out, key, key_size, p, record, absent, &type);
    return status == OST_OK ? OST_OK : ost__mongo_misfit(p->field, type, status, error);
}

ost_status ost__mongo_put(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                          const void *record, bool *absent, ost_error *error)
{
    return put(out, key, key_size, p, record, false, absent, error);
}

ost_status ost__mongo_put_operand(bson_t *out, const char *key, int key_size,
                                  const ost_parameter *p, const void *record, bool *absent,
                                  ost_error *error)
{
    return put(out, key, key_size, p, record, true, absent, error);
}

/* The core keeps bools of a list as integers. */
ost_status ost__mongo_item(const ost_parameter *p, size_t item, ost__mongo_value *v)
{
    const char *at = (const char *)p->list + item * p->list_stride;
    bool b;
    if (p->source != OST_FROM_LIST || item >= p->list_count)
        return OST_MISUSE;
    if (p->type != OST_TYPE_BOOL)
        return ost__mongo_store(p->type, at, (uint32_t)p->list_stride, p->field, true, v);
    b = *(const int64_t *)(const void *)at != 0;
    return ost__mongo_store(OST_TYPE_BOOL, &b, sizeof b, p->field, true, v);
}

ost_status ost__mongo_put_item(bson_t *out, const char *key, int key_size, const ost_parameter *p,
                               size_t item, ost_error *error)
{
    ost__mongo_value v = { .type = BSON_TYPE_EOD };
    ost_status status = ost__mongo_item(p, item, &v);
    if (status == OST_OK && v.type == BSON_TYPE_EOD)
        status = OST_MISUSE;
    if (status == OST_OK && !append(out, key, key_size, &v))
        status = OST_TOO_LARGE;
    return status == OST_OK ? OST_OK : ost__mongo_misfit(p->field, p->type, status, error);
}

ost_status ost__mongo_put_constant(bson_t *out, const char *key, const ost_value *value,
                                   const ost_field *field, ost_error *error)
{
    ost__mongo_value v = { .type = BSON_TYPE_EOD };
    ost_status status = ost__mongo_store(value->type, &value->as, 0, field, true, &v);
    if (status == OST_OK && v.type == BSON_TYPE_EOD)
        status = bson_append_null(out, key, (int)strlen(key)) ? OST_OK : OST_TOO_LARGE;
    else if (status == OST_OK && !append(out, key, (int)strlen(key), &v))
        status = OST_TOO_LARGE;
    return status == OST_OK ? OST_OK : ost__mongo_misfit(field, value->type, status, error);
}

/* ---- by hand ---- */

/* Numbers of BSON are little-endian, whatever the machine is. */
void ost__mongo_set32(uint8_t *at, uint32_t n)
{
    n = BSON_UINT32_TO_LE(n);
    memcpy(at, &n, sizeof n);
}

static void set64(uint8_t *at, uint64_t n)
{
    n = BSON_UINT64_TO_LE(n);
    memcpy(at, &n, sizeof n);
}

/* The library keeps what is in the buffer, but takes it for as much as it was told last, and adds
 * to that. */
static bool reserve(ost__mongo_text *t, uint32_t size)
{
    uint8_t head[5];
    if (t->size >= sizeof head)
        memcpy(head, t->data, sizeof head);
    bson_reinit(t->bson);
    t->data = bson_reserve_buffer(t->bson, size);
    if (!t->data)
        return false;
    if (t->size >= sizeof head)
        memcpy(t->data, head, sizeof head);
    t->capacity = size;
    return true;
}

uint8_t *ost__mongo_text_take(ost__mongo_text *t, size_t size)
{
    /* A command holds a document of the largest size and a little more. */
    const size_t most = 2 * (size_t)OST__MONGO_DOCUMENT_MAX + 65536;
    uint8_t *at;
    if (t->failed || size > most - t->size) {
        t->failed = true;
        return NULL;
    }
    if (size > t->capacity - t->size) {
        size_t capacity = t->capacity * 2 > t->size + size ? t->capacity * 2 : t->size + size;
        if (!reserve(t, (uint32_t)capacity)) {
            t->failed = true;
            return NULL;
        }
    }
    at = t->data + t->size;
    t->size += (uint32_t)size;
    return at;
}

void ost__mongo_text_begin(ost__mongo_text *t, bson_t *bson)
{
    enum { FIRST = 1024 };
    *t = (ost__mongo_text){ .bson = bson };
    t->failed = !reserve(t, FIRST);
    (void)ost__mongo_text_take(t, 4);
}

uint32_t ost__mongo_text_open(ost__mongo_text *t, uint8_t type, const char *key, size_t key_size)
{
    uint8_t *at = ost__mongo_text_take(t, 1 + key_size + 1 + 4);
    if (!at)
        return 0;
    *at = type;
    memcpy(at + 1, key, key_size);
    at[1 + key_size] = '\0';
    return t->size - 4;
}

void ost__mongo_text_close(ost__mongo_text *t, uint32_t place)
{
    uint8_t *at = ost__mongo_text_take(t, 1);
    if (!at)
        return;
    *at = '\0';
    ost__mongo_set32(t->data + place, t->size - place);
}

static size_t size_of(const ost__mongo_value *v)
{
    switch (v->type) {
    case BSON_TYPE_BOOL: return 1;
    case BSON_TYPE_INT32: return 4;
    case BSON_TYPE_INT64:
    case BSON_TYPE_DATE_TIME:
    case BSON_TYPE_DOUBLE: return 8;
    case BSON_TYPE_OID: return 12;
    case BSON_TYPE_DECIMAL128: return 16;
    case BSON_TYPE_UTF8: return 4 + (size_t)v->size + 1;
    default: return 4 + 1 + (size_t)v->size;
    }
}

static void write_value(uint8_t *at, const ost__mongo_value *v)
{
    uint64_t bits;
    switch (v->type) {
    case BSON_TYPE_BOOL: *at = v->as.boolean; break;
    case BSON_TYPE_INT32: ost__mongo_set32(at, (uint32_t)v->as.int32); break;
    case BSON_TYPE_INT64:
    case BSON_TYPE_DATE_TIME: set64(at, (uint64_t)v->as.int64); break;
    case BSON_TYPE_DOUBLE:
        memcpy(&bits, &v->as.real, sizeof bits);
        set64(at, bits);
        break;
    case BSON_TYPE_OID: memcpy(at, v->as.data, 12); break;
    case BSON_TYPE_DECIMAL128:
        set64(at, v->as.decimal.low);
        set64(at + 8, v->as.decimal.high);
        break;
    case BSON_TYPE_UTF8:
        ost__mongo_set32(at, v->size + 1);
        memcpy(at + 4, v->is_inside ? v->as.inside : v->as.data, v->size);
        at[4 + v->size] = '\0';
        break;
    default:
        ost__mongo_set32(at, v->size);
        at[4] = v->subtype;
        if (v->size > 0)
            memcpy(at + 5, v->as.data, v->size);
        break;
    }
}

void ost__mongo_text_value(ost__mongo_text *t, const char *key, size_t key_size,
                           const ost__mongo_value *value)
{
    uint8_t *at;
    if (value->type == BSON_TYPE_EOD)
        return;
    at = ost__mongo_text_take(t, 1 + key_size + 1 + size_of(value));
    if (!at)
        return;
    *at = value->type;
    memcpy(at + 1, key, key_size);
    at[1 + key_size] = '\0';
    write_value(at + 1 + key_size + 1, value);
}

void ost__mongo_text_bare(ost__mongo_text *t, const ost__mongo_value *value)
{
    uint8_t *at = ost__mongo_text_take(t, size_of(value));
    if (at)
        write_value(at, value);
}

void ost__mongo_text_undo(ost__mongo_text *t, uint32_t size)
{
    t->size = size;
    t->failed = !t->data;
}

bool ost__mongo_text_end(ost__mongo_text *t)
{
    ost__mongo_text_close(t, 0);
    return !t->failed && reserve(t, t->size);
}

size_t ost__mongo_index_key(uint32_t i, char out[16])
{
    return ost__print_uint(i, out);
}
