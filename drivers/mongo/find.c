/* SPDX-License-Identifier: MIT */
#include "mongo/writing.h"

ost_status ost__mongo_find(ost__mongo_writer *w, bson_t *out, bool *nothing)
{
    const ost_shape *s = w->plan->shape;
    bson_t filter;
    *nothing = w->plan->nothing || (w->op && s->limit_parameter != OST_NO_PARAMETER &&
                                    ost__mongo_count_of(w, s->limit_parameter) <= 0);
    ost__mongo_open_document(w, out, "filter", &filter);
    (void)ost__mongo_filter(w, s->where, &filter);
    ost__mongo_close_document(w, out, &filter);
    if (!bson_empty(&w->plan->projection))
        ost__mongo_appended(w, bson_append_document(out, "projection", -1, &w->plan->projection));
    if (!bson_empty(&w->plan->sort))
        ost__mongo_appended(w, bson_append_document(out, "sort", -1, &w->plan->sort));
    if (s->offset_parameter != OST_NO_PARAMETER)
        ost__mongo_count_in(w, out, "skip", s->offset_parameter);
    if (s->limit_parameter != OST_NO_PARAMETER)
        ost__mongo_count_in(w, out, "limit", s->limit_parameter);
    return w->status;
}
