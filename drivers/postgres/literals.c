/* SPDX-License-Identifier: MIT */
/* Constants in the text of a statement: of indexes, and bounds of members. */
#include "postgres/writing.h"

#include "base/civil.h"
#include "postgres/wire.h"

static void quoted(ost__sql_writer *w, const char *text, size_t size, const char *type)
{
    ost__sql_text_literal(w, text, size);
    ost__sql_text(w, type);
}

static void decimal(ost__sql_writer *w, ost_decimal d)
{
    char text[OST_DECIMAL_TEXT_SIZE];
    size_t size = ost_decimal_print(d, text);
    ost__buffer_bytes(w->out, text, size);
}

static void real(ost__sql_writer *w, double x)
{
    char text[32];
    quoted(w, text, ost__print_double(x == 0 ? 0.0 : x, text), "::float8");
}

void ost__pg_number(ost__sql_writer *w, const ost_value *value)
{
    switch (value->type) {
    case OST_TYPE_INT64: ost__buffer_int(w->out, value->as.integer); break;
    case OST_TYPE_UINT64: ost__buffer_uint(w->out, value->as.natural); break;
    case OST_TYPE_DECIMAL: decimal(w, value->as.decimal); break;
    case OST_TYPE_DOUBLE: real(w, value->as.real); break;
    default: ost__sql_refuse(w, OST_SCHEMA, "a bound is no number"); break;
    }
}

static void bytes(ost__sql_writer *w, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    ost__sql_text(w, "'\\x");
    for (size_t i = 0; i < size; i++) {
        ost__buffer_char(w->out, digits[data[i] >> 4]);
        ost__buffer_char(w->out, digits[data[i] & 15]);
    }
    ost__sql_text(w, "'::bytea");
}

static void instant(ost__sql_writer *w, ost_time t, Oid type)
{
    static const char zone[] = "+00";
    char text[OST__TIME_STORED_SIZE + sizeof zone];
    ost__time_to_stored(t, text);
    memcpy(text + OST__TIME_STORED_SIZE, zone, sizeof zone);
    if (type == OST__PG_TIMESTAMP)
        quoted(w, text, OST__TIME_STORED_SIZE, "::timestamp");
    else
        quoted(w, text, strlen(text), "::timestamptz");
}

/* A value that was found to fit; `cell` is its binary form. */
static void write(ost__sql_writer *w, Oid type, const ost_value *value, const ost__pg_cell *cell)
{
    char text[OST_UUID_TEXT_SIZE];
    switch (type) {
    case OST__PG_BOOL: ost__sql_text(w, *(const uint8_t *)cell->data ? "true" : "false"); break;
    case OST__PG_INT2: ost__buffer_int(w->out, (int16_t)ost__pg_get16(cell->data)); break;
    case OST__PG_INT4: ost__buffer_int(w->out, (int32_t)ost__pg_get32(cell->data)); break;
    case OST__PG_INT8: ost__buffer_int(w->out, (int64_t)ost__pg_get64(cell->data)); break;
    case OST__PG_TEXT: ost__sql_text_literal(w, cell->data, cell->size); break;
    case OST__PG_BYTEA: bytes(w, cell->data, cell->size); break;
    case OST__PG_TIMESTAMP:
    case OST__PG_TIMESTAMPTZ: instant(w, value->as.time, type); break;
    case OST__PG_DATE:
        quoted(w, text, (ost__date_to_stored(value->as.date, text), OST__DATE_STORED_SIZE),
               "::date");
        break;
    case OST__PG_UUID: quoted(w, text, ost_uuid_print(value->as.uuid, text), "::uuid"); break;
    case OST__PG_FLOAT8: {
        uint64_t bits = ost__pg_get64(cell->data);
        double x;
        memcpy(&x, &bits, sizeof x);
        real(w, x);
        break;
    }
    default: {
        ost_decimal d;
        if (ost__pg_numeric_get(cell->data, cell->size, &d))
            decimal(w, d);
        break;
    }
    }
}

void ost__pg_literal(ost__sql_writer *w, const ost_field *field, const ost_value *value)
{
    uint8_t scratch[OST__PG_CELL_SIZE];
    ost__pg_cell cell = { .bytes = scratch };
    Oid type =
        field ? ost__pg_column_type(w->shape->table, field) : ost__pg_type_of(value->type, NULL);
    if (type == 0 || ost__pg_store(value->type, &value->as, 0, type, field, &cell) != OST_OK)
        ost__sql_refuse(w, OST_SCHEMA, "%s.%s: the constant of an index does not fit the member",
                        w->shape->table->model, field ? field->name : "");
    else if (!cell.data)
        ost__sql_text(w, "NULL");
    else
        write(w, type, value, &cell);
}
