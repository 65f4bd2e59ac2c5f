/* SPDX-License-Identifier: MIT */
#include "base/scalar.h"

#include <stddef.h>
#include <string.h>

uint32_t ost__value_offset(uint16_t type)
{
    switch (type) {
    case OST_TYPE_BOOL: return offsetof(ost_opt_bool, value);
    case OST_TYPE_INT8: return offsetof(ost_opt_int8, value);
    case OST_TYPE_INT16: return offsetof(ost_opt_int16, value);
    case OST_TYPE_INT32: return offsetof(ost_opt_int, value);
    case OST_TYPE_INT64: return offsetof(ost_opt_int64, value);
    case OST_TYPE_UINT8: return offsetof(ost_opt_uint8, value);
    case OST_TYPE_UINT16: return offsetof(ost_opt_uint16, value);
    case OST_TYPE_UINT32: return offsetof(ost_opt_uint, value);
    case OST_TYPE_UINT64: return offsetof(ost_opt_uint64, value);
    case OST_TYPE_FLOAT: return offsetof(ost_opt_float, value);
    case OST_TYPE_DOUBLE: return offsetof(ost_opt_double, value);
    case OST_TYPE_TIME: return offsetof(ost_opt_time, value);
    case OST_TYPE_DATE: return offsetof(ost_opt_date, value);
    case OST_TYPE_UUID: return offsetof(ost_opt_uuid, value);
    case OST_TYPE_OBJECT_ID: return offsetof(ost_opt_object_id, value);
    case OST_TYPE_DECIMAL: return offsetof(ost_opt_decimal, value);
    default: return 0;
    }
}

size_t ost__item_size(const ost_field *list)
{
    switch (list->item_type) {
    case OST_TYPE_BOOL: return sizeof(bool);
    case OST_TYPE_INT8:
    case OST_TYPE_UINT8: return 1;
    case OST_TYPE_INT16:
    case OST_TYPE_UINT16: return sizeof(short);
    case OST_TYPE_INT32:
    case OST_TYPE_UINT32: return sizeof(int);
    case OST_TYPE_INT64:
    case OST_TYPE_UINT64: return sizeof(int64_t);
    case OST_TYPE_FLOAT: return sizeof(float);
    case OST_TYPE_DOUBLE: return sizeof(double);
    case OST_TYPE_TEXT: return sizeof(const char *);
    case OST_TYPE_BLOB: return sizeof(ost_blob);
    case OST_TYPE_TIME: return sizeof(ost_time);
    case OST_TYPE_DATE: return sizeof(ost_date);
    case OST_TYPE_UUID: return sizeof(ost_uuid);
    case OST_TYPE_OBJECT_ID: return sizeof(ost_object_id);
    case OST_TYPE_DECIMAL: return sizeof(ost_decimal);
    case OST_TYPE_EMBEDDED: return list->part ? list->part->record_size : 0;
    default: return 0;
    }
}

ost_field ost__item_field(const ost_field *list)
{
    ost_field item = *list;
    item.type = list->item_type;
    item.item_type = OST_TYPE_NONE;
    item.offset = 0;
    item.size = (uint32_t)ost__item_size(list);
    item.not_null = true;
    item.required = false;
    item.default_value = NULL;
    return item;
}

ost_status ost__store_whole(uint16_t type, ost__whole n, void *at)
{
    static const struct {
        uint64_t least, most; /* the first below zero */
    } ranges[] = {
        [OST_TYPE_INT8] = { (uint64_t)SCHAR_MAX + 1, SCHAR_MAX },
        [OST_TYPE_INT16] = { (uint64_t)SHRT_MAX + 1, (uint64_t)SHRT_MAX },
        [OST_TYPE_INT32] = { (uint64_t)INT_MAX + 1, INT_MAX },
        [OST_TYPE_INT64] = { (uint64_t)INT64_MAX + 1, INT64_MAX },
        [OST_TYPE_UINT8] = { 0, UCHAR_MAX },
        [OST_TYPE_UINT16] = { 0, USHRT_MAX },
        [OST_TYPE_UINT32] = { 0, UINT_MAX },
        [OST_TYPE_UINT64] = { 0, UINT64_MAX },
    };
    uint64_t bits = n.negative ? (uint64_t)0 - n.magnitude : n.magnitude;
    int64_t value;
    if (n.magnitude > (n.negative ? ranges[type].least : ranges[type].most))
        return OST_RANGE;
    memcpy(&value, &bits, sizeof value);
    switch (type) {
    case OST_TYPE_INT8: *(signed char *)at = (signed char)value; break;
    case OST_TYPE_INT16: *(short *)at = (short)value; break;
    case OST_TYPE_INT32: *(int *)at = (int)value; break;
    case OST_TYPE_INT64: *(int64_t *)at = value; break;
    case OST_TYPE_UINT8: *(unsigned char *)at = (unsigned char)bits; break;
    case OST_TYPE_UINT16: *(unsigned short *)at = (unsigned short)bits; break;
    case OST_TYPE_UINT32: *(unsigned *)at = (unsigned)bits; break;
    default: *(uint64_t *)at = bits; break;
    }
    return OST_OK;
}

const char *ost__name_of(const ost_field *f, int64_t value)
{
    int64_t i = 0;
    if (value < 0)
        return NULL;
    while (f->values[i] && i < value)
        i++;
    return f->values[i];
}

ost_status ost__store_named(const ost_field *f, uint16_t type, const void *name, size_t size,
                            void *at)
{
    for (int64_t i = 0; f->values[i]; i++)
        if (strlen(f->values[i]) == size && memcmp(f->values[i], name, size) == 0)
            return ost__store_int64(type, i, at);
    return OST_RANGE;
}
