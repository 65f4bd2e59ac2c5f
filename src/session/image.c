/* SPDX-License-Identifier: MIT */
#include "session/image.h"

#include <string.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/member.h"
#include "session/write.h"

static ost_status failed(const ost__model *m, const ost_call *call, ost_status status, ost_error *e)
{
    memcpy(e, &call->error, sizeof *e);
    e->status = (uint16_t)status;
    e->nothing_sent = 1;
    ost__error_about(e, m->table.model, NULL);
    return status;
}

/* Whether the program may have set the member. */
static bool is_given(const ost__model *m, const ost_field *f, const void *image,
                     const ost__field_set *known)
{
    const uint8_t *at = ost__converted_at(f, image);
    if (!known || ost__field_set_has(known, ost__field_index(m, f)))
        return true;
    for (uint32_t i = 0; i < ost__field_place_size(f); i++)
        if (at[i])
            return true;
    return false;
}

ost_status ost__image_convert(ost_session *s, const ost__model *m, void *image,
                              const ost__field_set *known, ost_error *e)
{
    ost_call call;
    ost_status status = OST_OK;
    if (m->converted_count == 0)
        return OST_OK;
    ost__conversion_begin(&call, m, OST_CALL_VALIDATE, &s->scratch, s->context);
    for (uint32_t i = 0; i < m->converted_count; i++) {
        if (!is_given(m, m->converted[i], image, known))
            continue;
        ost_status one = ost__conversion_store(&call, m->converted[i], image);
        if (one != OST_OK)
            status = one;
        if (call.stopped != OST_OK)
            break;
    }
    return status == OST_OK ? OST_OK : failed(m, &call, status, e);
}

ost_status ost__image_convert_field(ost_session *s, const ost__model *m, const ost_field *f,
                                    void *image)
{
    ost_call call;
    if (!f->converts)
        return OST_OK;
    ost__conversion_begin(&call, m, OST_CALL_VALIDATE, &s->scratch, s->context);
    ost_status status = ost__conversion_store(&call, f, image);
    return status == OST_OK ? OST_OK : failed(m, &call, status, &s->error);
}

ost_status ost__image_settle(ost_session *s, const ost__model *m, const void *before, void *image,
                             ost_error *e)
{
    ost_call call;
    ost__conversion_begin(&call, m, OST_CALL_VALIDATE, &s->records, s->context);
    for (uint32_t i = 0; i < m->converted_count; i++) {
        const ost_field *f = m->converted[i];
        if (ost__same_bytes(ost__member_at(f, before), ost__member_at(f, image), f->size) ||
            ost__member_equal(f, before, image))
            continue;
        ost_status status = ost__conversion_load(&call, f, image);
        if (status != OST_OK)
            return failed(m, &call, status, e);
    }
    return OST_OK;
}

/* What is stored and has no form in the program is like a number that the member cannot hold. */
static ost_status unreadable(ost_session *s, const ost__model *m, const ost_call *call,
                             ost_status status)
{
    failed(m, call, status == OST_INVALID ? OST_RANGE : status, &s->error);
    if (status != OST_NO_MEMORY)
        ost__error_about(&s->error, NULL, call->path);
    return ost__after_sending(s, (ost_status)s->error.status);
}

ost_status ost__images_load(ost_session *s, const ost__model *m, void *images, size_t count,
                            const ost__field_set *loaded, ost__arena *arena)
{
    ost_call call;
    if (m->converted_count == 0)
        return OST_OK;
    ost__conversion_begin(&call, m, OST_CALL_LOAD, arena, s->context);
    for (uint32_t i = 0; i < m->converted_count; i++) {
        const ost_field *f = m->converted[i];
        uint8_t *image = images;
        if (!ost__field_set_has(loaded, ost__field_index(m, f)))
            continue;
        for (size_t k = 0; k < count; k++, image += m->width) {
            ost_status status = ost__conversion_load(&call, f, image);
            if (status != OST_OK)
                return unreadable(s, m, &call, status);
        }
    }
    return OST_OK;
}

ost_status ost__record_defaults(ost_session *s, const ost__model *m, void *record)
{
    ost_call call;
    uint8_t *image = record;
    if (m->converted_count > 0) {
        image = ost__arena_alloc_zeroed(&s->scratch, m->width, _Alignof(max_align_t));
        if (!image)
            return ost__no_memory(s);
    }
    ost__rules_defaults(m, image);
    ost__conversion_begin(&call, m, OST_CALL_VALIDATE, &s->records, s->context);
    for (uint32_t i = 0; i < m->converted_count; i++) {
        ost_status status = m->converted[i]->default_value
                                ? ost__conversion_load(&call, m->converted[i], image)
                                : OST_OK;
        if (status != OST_OK)
            return failed(m, &call, status, &s->error);
    }
    if (m->converted_count > 0)
        memcpy(record, image, m->size);
    return OST_OK;
}

void *ost__converted_shadow_of(ost_session *s, const ost__model *m, const void *record,
                               const ost__field_set *known)
{
    void *shadow = ost__shadow_of(s, m, record);
    return shadow && ost__image_convert(s, m, shadow, known, &s->error) == OST_OK ? shadow : NULL;
}
