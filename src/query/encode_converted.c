/* SPDX-License-Identifier: MIT */
/* Values of the program's own types, as constants of their stored kind. */
#include "query/encoding.h"

#include <string.h>

#include "model/conversion.h"

ost_status ost__encode_converted(const ost__encoder *enc, const ost_field *f, const void *from,
                                 ost_value *out)
{
    ost_call call;
    if (!f || !f->converts)
        return ost__encode_misuse(enc, f, "is not converted: compare it with a value of its kind");
    ost__conversion_begin(&call, enc->root, OST_CALL_VALIDATE, enc->arena, enc->context);
    ost_status status = ost__conversion_value(&call, f, from, out);
    if (status != OST_OK && enc->error)
        memcpy(enc->error, &call.error, sizeof(call.error));
    return status;
}
