/* SPDX-License-Identifier: MIT */
/* C values as the server's. */
#include "postgres/wire.h"

#include <limits.h>
#include <math.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/scalar.h"

/* ---- types ---- */

static Oid plain_type(uint16_t type)
{
    static const uint16_t types[] = {
        [OST_TYPE_BOOL] = OST__PG_BOOL,        [OST_TYPE_INT8] = OST__PG_INT2,
        [OST_TYPE_INT16] = OST__PG_INT2,       [OST_TYPE_INT32] = OST__PG_INT4,
        [OST_TYPE_INT64] = OST__PG_INT8,       [OST_TYPE_UINT8] = OST__PG_INT2,
        [OST_TYPE_UINT16] = OST__PG_INT4,      [OST_TYPE_UINT32] = OST__PG_INT8,
        [OST_TYPE_UINT64] = OST__PG_NUMERIC,   [OST_TYPE_FLOAT] = OST__PG_FLOAT8,
        [OST_TYPE_DOUBLE] = OST__PG_FLOAT8,    [OST_TYPE_TEXT] = OST__PG_TEXT,
        [OST_TYPE_CHARS] = OST__PG_TEXT,       [OST_TYPE_BLOB] = OST__PG_BYTEA,
        [OST_TYPE_TIME] = OST__PG_TIMESTAMPTZ, [OST_TYPE_DATE] = OST__PG_DATE,
        [OST_TYPE_UUID] = OST__PG_UUID,        [OST_TYPE_OBJECT_ID] = OST__PG_BYTEA,
        [OST_TYPE_DECIMAL] = OST__PG_NUMERIC,  [OST_TYPE_JSON] = OST__PG_JSONB,
        [OST_TYPE_POINT] = OST__PG_POINT,      [OST_TYPE_EMBEDDED] = OST__PG_JSONB,
    };
    return type < sizeof types / sizeof types[0] ? types[type] : 0;
}

Oid ost__pg_type_of(uint16_t type, const ost_field *field)
{
    if (!field)
        return plain_type(type);
    type = ost__pg_kind_of(field);
    if (ost__pg_is_enumeration(field))
        return OST__PG_TEXT;
    /* The server generates keys of its own integers only. */
    if (type == OST_TYPE_UINT64 && field->generated == OST_AUTO_INCREMENT)
        return OST__PG_INT8;
    if (type == OST_TYPE_LIST) {
        const ost_field item = ost__item_field(field);
        return field->part ? OST__PG_JSONB
                           : ost__pg_array_of(ost__pg_type_of(OST_TYPE_NONE, &item));
    }
    if (type == OST_TYPE_TIME) {
        switch (field->stored) {
        case OST_STORED_NO_ZONE: return OST__PG_TIMESTAMP;
        case OST_STORED_SECONDS_TEXT: return OST__PG_TEXT;
        case OST_STORED_UNIX_SECONDS: return OST__PG_INT8;
        default: break;
        }
    }
    return plain_type(type);
}

Oid ost__pg_column_type(const ost_table *table, const ost_field *field)
{
    for (uint32_t i = 0; ost__pg_kind_of(field) == OST_TYPE_UINT64 && i < table->foreign_key_count;
         i++) {
        const ost_table_foreign_key *k = &table->foreign_keys[i];
        for (uint32_t j = 0; j < k->field_count && j < k->target->key_count; j++)
            if (k->fields[j] == field && k->target->keys[j]->generated == OST_AUTO_INCREMENT)
                return OST__PG_INT8;
    }
    return ost__pg_type_of(OST_TYPE_NONE, field);
}

static const struct {
    uint16_t item, list;
} lists[] = {
    { OST__PG_BOOL, OST__PG_BOOL_LIST },
    { OST__PG_BYTEA, OST__PG_BYTEA_LIST },
    { OST__PG_INT2, OST__PG_INT2_LIST },
    { OST__PG_INT4, OST__PG_INT4_LIST },
    { OST__PG_INT8, OST__PG_INT8_LIST },
    { OST__PG_TEXT, OST__PG_TEXT_LIST },
    { OST__PG_VARCHAR, OST__PG_VARCHAR_LIST },
    { OST__PG_FLOAT4, OST__PG_FLOAT4_LIST },
    { OST__PG_FLOAT8, OST__PG_FLOAT8_LIST },
    { OST__PG_DATE, OST__PG_DATE_LIST },
    { OST__PG_TIMESTAMP, OST__PG_TIMESTAMP_LIST },
    { OST__PG_TIMESTAMPTZ, OST__PG_TIMESTAMPTZ_LIST },
    { OST__PG_NUMERIC, OST__PG_NUMERIC_LIST },
    { OST__PG_UUID, OST__PG_UUID_LIST },
};

Oid ost__pg_array_of(Oid item)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].item == item)
            return lists[i].list;
    return 0;
}

Oid ost__pg_list_of(Oid item)
{
    /* Every width of integer is compared with one kind of list. */
    return ost__pg_array_of(item == OST__PG_INT2 || item == OST__PG_INT4 ? OST__PG_INT8 : item);
}

Oid ost__pg_item_of(Oid list)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (lists[i].list == list)
            return lists[i].item;
    return 0;
}

/* ---- values ---- */

static ost_status store_span(const void *data, size_t size, ost__pg_cell *out)
{
    out->data = data;
    out->size = size;
    return OST_OK;
}

static ost_status store_null(ost__pg_cell *out)
{
    return store_span(NULL, 0, out);
}

static ost_status store_inside(size_t size, ost__pg_cell *out)
{
    return store_span(out->bytes, size, out);
}

static ost_status store_word(uint64_t bits, ost__pg_cell *out)
{
    ost__pg_put64(out->bytes, bits);
    return store_inside(8, out);
}

/* NaN would be equal to itself here, and is no number that the core lets through. */
static ost_status store_real(double x, ost__pg_cell *out)
{
    uint64_t bits;
    if (isnan(x))
        return OST_RANGE;
    if (x == 0)
        x = 0.0; /* without a sign */
    memcpy(&bits, &x, sizeof bits);
    return store_word(bits, out);
}

static ost_status store_decimal(ost_decimal d, Oid oid, const ost_field *field, ost__pg_cell *out)
{
    bool member = field && ost__pg_kind_of(field) == OST_TYPE_DECIMAL;
    bool fits = member ? ost__decimal_fit(d, field->precision, field->scale, &d)
                       : ost__decimal_rescale(d, d.scale, &d);
    int64_t units;
    if (!fits)
        return OST_RANGE;
    switch (oid) {
    case OST__PG_NUMERIC: return store_inside(ost__pg_numeric_put(d, out->bytes), out);
    case OST__PG_FLOAT8: return store_real(ost__decimal_to_double(d), out);
    case OST__PG_INT8:
        if (!ost__decimal_rescale(d, 0, &d) || !ost__decimal_units(d, &units))
            return OST_RANGE;
        return store_word((uint64_t)units, out);
    default: return OST_RANGE;
    }
}

static ost_status store_name(int64_t n, const ost_field *field, ost__pg_cell *out)
{
    const char *name = ost__name_of(field, n);
    return name ? store_span(name, strlen(name), out) : OST_RANGE;
}

OST__HOT static ost_status store_integer(int64_t n, Oid oid, const ost_field *field,
                                         ost__pg_cell *out)
{
    switch (oid) {
    case OST__PG_INT8: return store_word((uint64_t)n, out);
    case OST__PG_INT4:
        if (n < INT32_MIN || n > INT32_MAX)
            return OST_RANGE;
        ost__pg_put32(out->bytes, (uint32_t)n);
        return store_inside(4, out);
    case OST__PG_INT2:
        if (n < INT16_MIN || n > INT16_MAX)
            return OST_RANGE;
        ost__pg_put16(out->bytes, (uint16_t)n);
        return store_inside(2, out);
    case OST__PG_NUMERIC: return store_decimal(ost_decimal_of(n, 0), oid, field, out);
    case OST__PG_FLOAT8: return store_real((double)n, out);
    case OST__PG_TEXT:
        if (!field || !ost__pg_is_enumeration(field))
            return OST_RANGE;
        return store_name(n, field, out);
    default: return OST_RANGE;
    }
}

static ost_status store_natural(uint64_t n, Oid oid, const ost_field *field, ost__pg_cell *out)
{
    if (n <= INT64_MAX)
        return store_integer((int64_t)n, oid, field, out);
    switch (oid) {
    case OST__PG_NUMERIC: return store_decimal(ost__decimal_from_uint(n), oid, field, out);
    case OST__PG_FLOAT8: return store_real((double)n, out);
    default: return OST_RANGE;
    }
}

static ost_status store_bool(bool b, Oid oid, ost__pg_cell *out)
{
    if (oid != OST__PG_BOOL)
        return store_integer(b, oid, NULL, out);
    out->bytes[0] = b;
    return store_inside(1, out);
}

static ost_status store_text(const char *text, Oid oid, ost__pg_cell *out)
{
    if (!text)
        return store_null(out);
    return oid == OST__PG_TEXT ? store_span(text, strlen(text), out) : OST_RANGE;
}

static ost_status store_chars(const char *text, uint32_t size, Oid oid, ost__pg_cell *out)
{
    const char *end = memchr(text, '\0', size);
    return end && oid == OST__PG_TEXT ? store_span(text, (size_t)(end - text), out) : OST_RANGE;
}

static ost_status store_blob(const ost_blob *b, Oid oid, ost__pg_cell *out)
{
    if (!b->data)
        return store_null(out);
    return oid == OST__PG_BYTEA ? store_span(b->data, b->size, out) : OST_RANGE;
}

static ost_status store_time(ost_time t, Oid oid, const ost_field *field, ost__pg_cell *out)
{
    bool seconds = field && (field->stored == OST_STORED_SECONDS_TEXT ||
                             field->stored == OST_STORED_UNIX_SECONDS);
    if (seconds && ost__time_in_range(t))
        t = ost__time_round_seconds(t);
    if (!ost__time_in_range(t))
        return OST_RANGE;
    switch (oid) {
    case OST__PG_TIMESTAMP:
    case OST__PG_TIMESTAMPTZ:
        return store_word((uint64_t)(t.microseconds - OST__PG_EPOCH_MICROSECONDS), out);
    case OST__PG_INT8: return store_word((uint64_t)(t.microseconds / 1000000), out);
    case OST__PG_TEXT:
        ost__time_to_seconds(t, (char *)out->bytes);
        return store_inside(OST__TIME_SECONDS_SIZE, out);
    default: return OST_RANGE;
    }
}

static ost_status store_date(ost_date d, Oid oid, ost__pg_cell *out)
{
    if (!ost__date_in_range(d) || oid != OST__PG_DATE)
        return OST_RANGE;
    ost__pg_put32(out->bytes, (uint32_t)(d.days - OST__PG_EPOCH_DAYS));
    return store_inside(4, out);
}

OST__HOT ost_status ost__pg_store(uint16_t type, const void *at, uint32_t size, Oid oid,
                                  const ost_field *field, ost__pg_cell *out)
{
    switch (type) {
    case OST_TYPE_NONE: return store_null(out);
    case OST_TYPE_BOOL: return store_bool(*(const bool *)at, oid, out);
    case OST_TYPE_INT8: return store_integer(*(const signed char *)at, oid, field, out);
    case OST_TYPE_INT16: return store_integer(*(const short *)at, oid, field, out);
    case OST_TYPE_INT32: return store_integer(*(const int *)at, oid, field, out);
    case OST_TYPE_INT64: return store_integer(*(const int64_t *)at, oid, field, out);
    case OST_TYPE_UINT8: return store_integer(*(const unsigned char *)at, oid, field, out);
    case OST_TYPE_UINT16: return store_integer(*(const unsigned short *)at, oid, field, out);
    case OST_TYPE_UINT32: return store_integer(*(const unsigned *)at, oid, field, out);
    case OST_TYPE_UINT64: return store_natural(*(const uint64_t *)at, oid, field, out);
    case OST_TYPE_FLOAT:
        return oid == OST__PG_FLOAT8 ? store_real((double)*(const float *)at, out) : OST_RANGE;
    case OST_TYPE_DOUBLE:
        return oid == OST__PG_FLOAT8 ? store_real(*(const double *)at, out) : OST_RANGE;
    case OST_TYPE_TEXT: return store_text(*(const char *const *)at, oid, out);
    case OST_TYPE_CHARS: return store_chars(at, size, oid, out);
    case OST_TYPE_BLOB: return store_blob(at, oid, out);
    case OST_TYPE_TIME: return store_time(*(const ost_time *)at, oid, field, out);
    case OST_TYPE_DATE: return store_date(*(const ost_date *)at, oid, out);
    case OST_TYPE_UUID:
        return oid == OST__PG_UUID ? store_span(at, sizeof(ost_uuid), out) : OST_RANGE;
    case OST_TYPE_OBJECT_ID:
        return oid == OST__PG_BYTEA ? store_span(at, sizeof(ost_object_id), out) : OST_RANGE;
    case OST_TYPE_DECIMAL: return store_decimal(*(const ost_decimal *)at, oid, field, out);
    default: return OST_UNSUPPORTED;
    }
}

/* What is added needs no more than the member's scale; the sum is checked where it is made. */
static ost_status store_amount(uint16_t type, const void *at, Oid oid, uint16_t scale,
                               ost__pg_cell *out)
{
    ost_decimal d;
    if (type != OST_TYPE_DECIMAL)
        return ost__pg_store(type, at, 0, oid, NULL, out);
    if (!ost__decimal_rescale(*(const ost_decimal *)at, scale, &d))
        return OST_RANGE;
    return store_decimal(d, oid, NULL, out);
}

OST__HOT ost_status ost__pg_store_parameter(const ost_parameter *p, const void *record, Oid oid,
                                            const ost__pg_parameter *as, ost__pg_cell *out)
{
    const void *at = &p->value.as;
    uint16_t type = p->value.type;
    if (p->source == OST_IS_NULL)
        return store_null(out);
    if (p->source == OST_FROM_RECORD) {
        if (!record)
            return store_null(out);
        type = p->type & (uint16_t)~OST_TYPE_OPTIONAL;
        at = (const char *)record + p->offset;
        if (p->type & OST_TYPE_OPTIONAL) {
            if (!*(const bool *)at)
                return store_null(out);
            at = (const char *)at + ost__value_offset(type);
        }
    }
    if (as->role == OST__SQL_AMOUNT)
        return store_amount(type, at, oid, as->scale, out);
    return ost__pg_store(type, at, p->size, oid, as->field, out);
}

ost_status ost__pg_misfit(const ost_operation *op, const ost_parameter *p, ost_status status,
                          ost_error *e)
{
    const char *model = op->shape && op->shape->table ? op->shape->table->model : "";
    const char *name = p->field ? p->field->name : "";
    switch (status) {
    case OST_UNSUPPORTED:
        ost__error_set(e, status, "%s.%s: PostgreSQL cannot store members of this kind yet", model,
                       name);
        break;
    case OST_TOO_LARGE:
        ost__error_set(e, status, "%s.%s: the value is larger than a message can be", model, name);
        break;
    case OST_NO_MEMORY: ost__error_set(e, status, "no memory for the values"); break;
    default:
        ost__error_set(e, status, "%s.%s: the value does not fit its column on PostgreSQL", model,
                       name);
        break;
    }
    ost__error_about(e, model, name);
    if (e)
        e->nothing_sent = 1;
    return status;
}
