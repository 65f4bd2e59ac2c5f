/* SPDX-License-Identifier: MIT */
#include "ostler/json.h"

#include "base/buffer.h"
#include "model/record_json.h"
#include "session/session.h"

static const char *to_json(ost_session *s, const ost_model *m, size_t record_size,
                           const void *records, size_t count, bool list)
{
    ost__buffer out;
    ost__json_writer w;
    const char *text = NULL;
    if (!ost__enter(s))
        return NULL;
    const ost__model *model = ost__session_model(s, m, record_size);
    ost_status status = model ? OST_OK : OST_MISUSE;
    if (model && !records && count > 0)
        status = ost__fail(s, OST_MISUSE, "a NULL record of %s was given", model->table.model);
    ost__buffer_init(&out, &s->db->memory);
    ost__json_begin(&w, &out);
    if (list)
        ost__json_open_list(&w);
    for (size_t i = 0; status == OST_OK && i < count; i++)
        status = ost__record_to_json(model, (const char *)records + i * model->size, &w, &s->error);
    if (list)
        ost__json_close_list(&w);
    if (status == OST_OK) {
        text = out.failed ? NULL : ost__arena_text(&s->records, out.data, out.size);
        if (!text)
            status = ost__no_memory(s);
    }
    ost__buffer_finish(&out);
    ost__leave(s, status);
    return text;
}

const char *ost_session_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                const void *record)
{
    return to_json(s, m, record_size, record, 1, false);
}

const char *ost_session_list_to_json(ost_session *s, const ost_model *m, size_t record_size,
                                     const void *records, size_t count)
{
    return to_json(s, m, record_size, records, count, true);
}
