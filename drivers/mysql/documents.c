/* SPDX-License-Identifier: MIT */
/* Documents on their way to the server, as JSON. */
#include "base/document.h"

#include "base/scalar.h"
#include "mysql/place.h"

static bool is_null(uint16_t type, const void *at)
{
    return (type == OST_TYPE_LIST && !ost__list_at(at).items) ||
           (type == OST_TYPE_JSON && !((const ost_json *)at)->text);
}

ost_status ost__my_set_document(ost__my_place *p, uint16_t type, const void *at)
{
    const ost_field *f = p->parameter->field;
    size_t start = p->text->size;
    ost__json_writer w;
    if (!f || (!ost__my_is_json(type) && p->use->role != OST__SQL_INSIDE))
        return OST_UNSUPPORTED;
    if (is_null(type, at))
        return ost__my_set_null(p);
    ost__json_begin(&w, p->text);
    OST_TRY(type >= OST_TYPE_EMBEDDED ? ost__document_write(&w, f, at)
                                      : ost__document_write_scalar(&w, f, type, at));
    return ost__my_set_made(p, start);
}
