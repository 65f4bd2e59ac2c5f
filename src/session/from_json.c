/* SPDX-License-Identifier: MIT */
/* Records from JSON: read into shadows, and handed over once everything fits. */
#include "ostler/json.h"

#include <assert.h>
#include <string.h>

#include "model/record_from_json.h"
#include "session/image.h"
#include "session/write.h"

/* What was read is the session's, or nothing is. */
typedef struct input {
    ost_session *s;
    const ost__model *model;
    ost__json_reading *reading;
    ost__arena_mark mark; /* of the records' memory, before */
} input;

/* A member, or a flattened struct, of which only the members are known. */
static bool has_member(const ost__model *m, const char *path)
{
    size_t size = strlen(path);
    for (uint32_t i = 0; i < m->table.field_count + m->table.inner_count; i++) {
        const char *name = m->fields[i].name;
        if (strncmp(name, path, size) == 0 && (name[size] == '\0' || name[size] == '.'))
            return true;
    }
    return false;
}

/* Each member that is allowed must be one, for a list is often kept apart from its model. */
static ost_status check_list(ost_session *s, const ost__model *m, const ost_member *only)
{
    for (; only && only->path; only++) {
        if (has_member(m, only->path))
            continue;
        return ost__fail(s, OST_MISUSE, "%s has no member %s: write the list with ost_only(%s, …)",
                         m->table.model, only->path, m->table.model);
    }
    return OST_OK;
}

static ost_status begin(input *in, ost_session *s, const ost__model *m, const char *text,
                        size_t size, const ost_member *only)
{
    *in = (input){ .s = s, .model = m };
    if (!m)
        return (ost_status)s->error.status;
    if (!text)
        return ost__fail(s, OST_MISUSE, "a NULL text was given for %s", m->table.model);
    if (size > OST__JSON_SIZE_MAX)
        return ost__fail(s, OST_TOO_LARGE, "the json of %s is larger than 64 MiB", m->table.model);
    OST_TRY(check_list(s, m, only));
    in->mark = ost__arena_mark_now(&s->records);
    in->reading =
        ost__arena_alloc_zeroed(&s->scratch, sizeof(*in->reading), _Alignof(ost__json_reading));
    if (!in->reading)
        return ost__no_memory(s);
    in->reading->only = only;
    in->reading->texts = &s->records;
    in->reading->context = s->context;
    in->reading->rules = (ost__rules){ .scratch = &s->scratch, .error = &s->error };
    ost__json_reading_begin(in->reading, m, text, size);
    return OST_OK;
}

/* What was read in vain is given back. */
static ost_status end(input *in, ost_status status)
{
    status = ost__json_reading_finish(in->reading, status);
    if (status != OST_OK)
        ost__arena_release(&in->s->records, in->mark);
    return status;
}

static ost_status from_json(ost_session *s, const ost__model *m, const char *text, size_t size,
                            const ost_member *only, void *record)
{
    input in;
    OST_TRY(begin(&in, s, m, text, size, only));
    if (!record)
        return ost__fail(s, OST_MISUSE, "a NULL record of %s was given", m->table.model);
    void *shadow = ost__shadow_of(s, m, record);
    if (!shadow)
        return OST_NO_MEMORY;
    ost__json_next(&in.reading->r);
    OST_TRY(end(&in, ost__record_from_json(in.reading, shadow)));
    memcpy(record, shadow, m->size);
    return OST_OK;
}

ost_status ost_session_from_json(ost_session *s, const ost_model *m, size_t record_size,
                                 const char *text, size_t size, const ost_member *only,
                                 void *record)
{
    if (!ost__enter(s))
        return OST_MISUSE;
    const ost__model *model = ost__session_model(s, m, record_size);
    return ost__leave(s, from_json(s, model, text, size, only, record));
}

/* ---- lists ---- */

/* Items that follow, with the one in which the text breaks off: what is wrong is told when it is
 * read. */
static size_t count_items(const ost__json_reader *list)
{
    assert(list);
    ost__json_reader r = *list;
    size_t count = 0;
    while (ost__json_next(&r) != OST__JSON_CLOSE_LIST && r.kind != OST__JSON_ERROR) {
        count++;
        if (!ost__json_skip(&r))
            break;
    }
    return count;
}

/* A new record; `image`: room for one, if it has slots. */
static ost_status read_record(ost_session *s, ost__json_reading *d, uint8_t *record, uint8_t *image)
{
    const ost__model *m = d->model;
    OST_TRY(ost__record_defaults(s, m, record));
    if (!image)
        return ost__record_from_json(d, record);
    ost__fill_image(m, image, record);
    OST_TRY(ost__record_from_json(d, image));
    memcpy(record, image, m->size);
    return OST_OK;
}

static ost_status read_items(input *in, size_t most, uint8_t **records, size_t *count)
{
    ost__json_reading *d = in->reading;
    size_t size;
    assert(d);
    if (ost__json_next(&d->r) != OST__JSON_OPEN_LIST)
        return ost__json_reading_broken(d, "a list is expected");
    *count = count_items(&d->r);
    if (*count > most)
        return ost__fail(in->s, OST_TOO_LARGE, "the json of %s has %zu records, more than %zu",
                         in->model->table.model, *count, most);
    if (!ost__size_mul(*count, in->model->size, &size))
        return OST_NO_MEMORY;
    *records = ost__arena_alloc_zeroed(&in->s->records, size, _Alignof(max_align_t));
    if (!*records)
        return OST_NO_MEMORY;
    uint8_t *record = *records, *image = NULL;
    if (in->model->converted_count > 0) {
        image = ost__arena_alloc(&in->s->scratch, in->model->width, _Alignof(max_align_t));
        if (!image)
            return OST_NO_MEMORY;
    }
    for (size_t i = 0; ost__json_next(&d->r) != OST__JSON_CLOSE_LIST; i++) {
        ost__json_reading_item(d, i);
        /* A mistake in the text, behind the items that were counted. */
        if (d->r.kind == OST__JSON_ERROR)
            return ost__json_reading_broken(d, NULL);
        OST_TRY(read_record(in->s, d, record, image));
        record += in->model->size;
    }
    return OST_OK;
}

static ost_status list_from_json(ost_session *s, const ost__model *m, const char *text, size_t size,
                                 const ost_member *only, size_t most, uint8_t **records,
                                 size_t *count)
{
    input in;
    OST_TRY(begin(&in, s, m, text, size, only));
    return end(&in, read_items(&in, most, records, count));
}

void *ost_session_list_from_json(ost_session *s, const ost_model *m, size_t record_size,
                                 const char *text, size_t size, const ost_member *only, size_t most,
                                 size_t *count)
{
    uint8_t *records = NULL;
    size_t found = 0;
    if (count)
        *count = 0;
    if (!ost__enter(s))
        return NULL;
    const ost__model *model = ost__session_model(s, m, record_size);
    ost_status status = list_from_json(s, model, text, size, only, most, &records, &found);
    if (count && status == OST_OK)
        *count = found;
    ost__leave(s, status);
    return status == OST_OK ? records : NULL;
}
