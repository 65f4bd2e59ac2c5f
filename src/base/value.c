/* SPDX-License-Identifier: MIT */
#include "ostler/value.h"

#include "base/memory.h"

OST__HOT ost_value ost_value_bool(bool x)
{
    return (ost_value){ .type = OST_TYPE_BOOL, .as.boolean = x };
}

OST__HOT ost_value ost_value_int(int64_t x)
{
    return (ost_value){ .type = OST_TYPE_INT64, .as.integer = x };
}

ost_value ost_value_uint(uint64_t x)
{
    return (ost_value){ .type = OST_TYPE_UINT64, .as.natural = x };
}

ost_value ost_value_double(double x)
{
    return (ost_value){ .type = OST_TYPE_DOUBLE, .as.real = x };
}

ost_value ost_value_uuid(ost_uuid x)
{
    return (ost_value){ .type = OST_TYPE_UUID, .as.uuid = x };
}

ost_value ost_value_time(ost_time x)
{
    return (ost_value){ .type = OST_TYPE_TIME, .as.time = x };
}

ost_value ost_value_date(ost_date x)
{
    return (ost_value){ .type = OST_TYPE_DATE, .as.date = x };
}

ost_value ost_value_decimal(ost_decimal x)
{
    return (ost_value){ .type = OST_TYPE_DECIMAL, .as.decimal = x };
}

ost_value ost_value_object_id(ost_object_id x)
{
    return (ost_value){ .type = OST_TYPE_OBJECT_ID, .as.object_id = x };
}

ost_value ost_value_point(ost_point x)
{
    return (ost_value){ .type = OST_TYPE_POINT, .as.point = x };
}

static ost_value none(void)
{
    return (ost_value){ .type = OST_TYPE_NONE };
}

ost_value ost_value_text(const char *x)
{
    return x ? (ost_value){ .type = OST_TYPE_TEXT, .as.text = x } : none();
}

ost_value ost_value_blob(ost_blob x)
{
    return x.data ? (ost_value){ .type = OST_TYPE_BLOB, .as.blob = x } : none();
}

ost_value ost_value_json(ost_json x)
{
    return x.text ? (ost_value){ .type = OST_TYPE_JSON, .as.json = x } : none();
}

ost_value ost_value_opt_bool(ost_opt_bool x)
{
    return x.present ? ost_value_bool(x.value) : none();
}

ost_value ost_value_opt_int8(ost_opt_int8 x)
{
    return x.present ? ost_value_int(x.value) : none();
}

ost_value ost_value_opt_int16(ost_opt_int16 x)
{
    return x.present ? ost_value_int(x.value) : none();
}

ost_value ost_value_opt_int(ost_opt_int x)
{
    return x.present ? ost_value_int(x.value) : none();
}

ost_value ost_value_opt_int64(ost_opt_int64 x)
{
    return x.present ? ost_value_int(x.value) : none();
}

ost_value ost_value_opt_uint8(ost_opt_uint8 x)
{
    return x.present ? ost_value_uint(x.value) : none();
}

ost_value ost_value_opt_uint16(ost_opt_uint16 x)
{
    return x.present ? ost_value_uint(x.value) : none();
}

ost_value ost_value_opt_uint(ost_opt_uint x)
{
    return x.present ? ost_value_uint(x.value) : none();
}

ost_value ost_value_opt_uint64(ost_opt_uint64 x)
{
    return x.present ? ost_value_uint(x.value) : none();
}

ost_value ost_value_opt_float(ost_opt_float x)
{
    return x.present ? ost_value_double(x.value) : none();
}

ost_value ost_value_opt_double(ost_opt_double x)
{
    return x.present ? ost_value_double(x.value) : none();
}

ost_value ost_value_opt_time(ost_opt_time x)
{
    return x.present ? ost_value_time(x.value) : none();
}

ost_value ost_value_opt_date(ost_opt_date x)
{
    return x.present ? ost_value_date(x.value) : none();
}

ost_value ost_value_opt_uuid(ost_opt_uuid x)
{
    return x.present ? ost_value_uuid(x.value) : none();
}

ost_value ost_value_opt_object_id(ost_opt_object_id x)
{
    return x.present ? ost_value_object_id(x.value) : none();
}

ost_value ost_value_opt_decimal(ost_opt_decimal x)
{
    return x.present ? ost_value_decimal(x.value) : none();
}
