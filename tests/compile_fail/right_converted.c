/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "converted.h"

const ost_field fields[] = {
    OST_CONVERTED(paint, shade, rgb_number, .unique = true),
    OST_CONVERTED(paint, from, host_bytes),
};

static ost_status store(ost_call *call, const rgb *c, ost_value *out)
{
    *out = ost_val(c->red);
    return call ? OST_OK : OST_MISUSE;
}

static ost_status load(ost_call *call, const ost_value *value, rgb *c)
{
    c->red = (uint8_t)value->as.integer;
    return call ? OST_OK : OST_MISUSE;
}
OST_CONVERSION(rgb_number, OST_TYPE_OPTIONAL | OST_TYPE_INT32, store, load);

void use(ost_query *q, const rgb *list, host *hosts)
{
    const rgb black = { 0, 0, 0 };
    ost_where(q, ost_eq_converted(paint, shade, &black));
    ost_where(q, ost_between_converted(paint, shade, &black, &list[1]));
    ost_where(q, ost_in_converted(paint, shade, list, 2));
    ost_where(q, ost_not_in_converted(paint, from, hosts, 2));
    ost_where(q, ost_eq_converted(paint, from, &hosts[0]));
    ost_where(q, ost_cmp_eq(ost_col(paint, shade), ost_lit(5)));
    ost_order_by(q, ost_asc(paint, shade));
    ost_update_one(q, ost_set_converted(paint, shade, &(rgb){ 1, 2, 3 }));
}
