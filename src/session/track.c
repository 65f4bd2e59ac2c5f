/* SPDX-License-Identifier: MIT */
#include "session/session.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "model/member.h"
#include "model/nested.h"
#include "session/image.h"

void ost__images_pack(const ost__model *m, void *images, size_t count)
{
    if (m->width == m->size)
        return;
    for (size_t i = 1; i < count; i++)
        memmove((uint8_t *)images + i * m->size, (uint8_t *)images + i * m->width, m->size);
}

OST__HOT ost__batch *ost__track(ost_session *s, const ost__model *m, void *rows, size_t count,
                                bool stored, const ost__field_set *loaded)
{
    const size_t head = ost__size_aligned(sizeof(ost__batch));
    ost__chunk *chunk = ost__arena_chunk_of(&s->records, rows);
    size_t size = stored ? count * m->width : 0, both;
    if (!chunk || !ost__size_add(head, size, &both))
        return NULL;
    ost__batch *b = ost__arena_alloc(&s->records, both, alignof(max_align_t));
    if (!b)
        return NULL;
    *b = (ost__batch){
        .model = m, .rows = rows, .count = count, .loaded = *loaded, .sequence = ++s->sequence
    };
    if (stored) {
        b->snapshot = (uint8_t *)b + head;
        memcpy(b->snapshot, rows, size);
        ost__images_pack(m, rows, count);
    }
    for (uint32_t i = 0; stored && i < s->unit_count; i++)
        b->after_write |= s->units[i].wrote;
    return ost__chunk_add_owner(&s->records, chunk, b) ? b : NULL;
}

OST__HOT ost__batch *ost__tracked(const ost_session *s, const void *record, size_t *index)
{
    const ost__chunk *c = ost__arena_chunk_of(&s->records, record);
    uint32_t low = 0, high = c ? c->owner_count : 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const ost__batch *b = c->owners[middle];
        if ((uintptr_t)b->rows <= (uintptr_t)record)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    ost__batch *b = c->owners[low - 1];
    size_t offset = (size_t)((uintptr_t)record - (uintptr_t)b->rows);
    if (offset % b->model->size != 0 || offset / b->model->size >= b->count)
        return NULL;
    *index = offset / b->model->size;
    return b;
}

void ost__each_batch(ost_session *s, uint64_t from_sequence,
                     void (*each)(ost__batch *b, void *context), void *context)
{
    for (uint32_t i = 0; i < s->records.chunk_count; i++) {
        const ost__chunk *c = s->records.sorted[i];
        for (uint32_t k = 0; k < c->owner_count; k++) {
            ost__batch *b = c->owners[k];
            if (b->sequence >= from_sequence)
                each(b, context);
        }
    }
}

/* ---- finding the snapshot of a row that the program may have moved ---- */

/* Most keys are integers, and each is compared many times. */
static int compare_large(const uint8_t *a, const uint8_t *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

OST__HOT int ost__compare_by(const ost_field *const *fields, uint32_t count, const uint8_t *a,
                             const uint8_t *b)
{
    int order = 0;
    for (uint32_t i = 0; order == 0 && i < count; i++) {
        const ost_field *f = fields[i];
        if (f->type == OST_TYPE_INT64)
            order = compare_large(a + f->offset, b + f->offset);
        else if (!ost__same_bytes(a + f->offset, b + f->offset, f->size))
            order = ost__member_compare(f, a, b);
    }
    return order;
}

static int compare_keys(const ost__model *m, const uint8_t *a, const uint8_t *b)
{
    return ost__compare_by(m->table.keys, m->table.key_count, a, b);
}

/* Whether a row belongs before another, or is alike. Most keys are one large integer. */
static inline bool is_first(const ost_field *const *fields, uint32_t count, const uint8_t *a,
                            const uint8_t *b)
{
    if (count == 1 && fields[0]->type == OST_TYPE_INT64)
        return compare_large(a + fields[0]->offset, b + fields[0]->offset) <= 0;
    return ost__compare_by(fields, count, a, b) <= 0;
}

/* A merge from the bottom, so that nothing recurses. */
void ost__sort_by(const ost_field *const *fields, uint32_t field_count, size_t row_size,
                  const uint8_t *rows, uint32_t *list, uint32_t *spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t start = 0; start < count; start += 2 * width) {
            size_t middle = start + width < count ? start + width : count;
            size_t end = middle + width < count ? middle + width : count;
            size_t left = start, right = middle;
            for (size_t at = start; at < end; at++) {
                bool from_left =
                    left < middle &&
                    (right >= end || is_first(fields, field_count, rows + list[left] * row_size,
                                              rows + list[right] * row_size));
                spare[at] = from_left ? list[left++] : list[right++];
            }
        }
        memcpy(list, spare, count * sizeof(*list));
    }
}

void ost__sort_by_key(const ost__model *m, size_t row_size, const uint8_t *rows, uint32_t *list,
                      uint32_t *spare, size_t count)
{
    ost__sort_by(m->table.keys, m->table.key_count, row_size, rows, list, spare, count);
}

static ost_status not_a_permutation(ost_session *s, const ost__batch *b)
{
    ost__fail(s, OST_MISUSE,
              "%s: the key of a loaded record was changed, or a record was copied over another; "
              "delete and insert instead",
              b->model->table.model);
    ost__error_about(&s->error, b->model->table.model, b->model->table.keys[0]->name);
    return OST_MISUSE;
}

/* Matches every row with its snapshot, if the rows' keys are a permutation of those loaded. */
static ost_status match_rows(ost_session *s, ost__batch *b, bool *matched)
{
    size_t size = b->count * sizeof(uint32_t);
    uint32_t *rows = ost__arena_alloc(&s->scratch, size, _Alignof(uint32_t));
    uint32_t *stored = ost__arena_alloc(&s->scratch, size, _Alignof(uint32_t));
    uint32_t *spare = ost__arena_alloc(&s->scratch, size, _Alignof(uint32_t));
    ost__arena *lasting = b->sequence < ost__newest_mark(s) ? &s->kept : &s->records;
    uint32_t *order = b->order ? b->order : ost__arena_alloc(lasting, size, _Alignof(uint32_t));
    *matched = false;
    if (b->count > UINT32_MAX)
        return OST_OK;
    if (!rows || !stored || !spare || !order)
        return ost__no_memory(s);
    for (uint32_t i = 0; i < b->count; i++)
        rows[i] = stored[i] = i;
    ost__sort_by_key(b->model, b->model->size, b->rows, rows, spare, b->count);
    ost__sort_by_key(b->model, b->model->width, b->snapshot, stored, spare, b->count);
    for (size_t i = 0; i < b->count; i++)
        if (compare_keys(b->model, b->rows + rows[i] * b->model->size,
                         b->snapshot + stored[i] * b->model->width) != 0)
            return OST_OK;
    for (size_t i = 0; i < b->count; i++)
        order[rows[i]] = stored[i];
    b->order = order;
    *matched = true;
    return OST_OK;
}

OST__HOT uint8_t *ost__snapshot(ost_session *s, ost__batch *b, size_t index)
{
    const uint8_t *row = b->rows + index * b->model->size;
    uint8_t *at = b->snapshot + (b->order ? b->order[index] : index) * b->model->width;
    if (compare_keys(b->model, row, at) == 0)
        return at;
    bool matched;
    if (match_rows(s, b, &matched) != OST_OK)
        return NULL;
    if (!matched) {
        not_a_permutation(s, b);
        return NULL;
    }
    return b->snapshot + b->order[index] * b->model->width;
}

uint8_t *ost__snapshot_or_place(ost_session *s, ost__batch *b, size_t index)
{
    const uint8_t *row = b->rows + index * b->model->size;
    uint8_t *at = b->snapshot + (b->order ? b->order[index] : index) * b->model->width;
    bool matched;
    if (compare_keys(b->model, row, at) == 0)
        return at;
    if (match_rows(s, b, &matched) != OST_OK)
        return NULL;
    return matched ? b->snapshot + b->order[index] * b->model->width : at;
}

uint8_t *ost__row_of(const ost__batch *b, uint8_t *row, const uint8_t *snapshot)
{
    if (compare_keys(b->model, row, snapshot) == 0)
        return row;
    for (size_t i = 0; i < b->count; i++)
        if (compare_keys(b->model, b->rows + i * b->model->size, snapshot) == 0)
            return b->rows + i * b->model->size;
    return NULL;
}

/* ---- rows that know more than their batch ---- */

static size_t index_of(const ost__batch *b, const uint8_t *snapshot)
{
    return (size_t)(snapshot - b->snapshot) / b->model->width;
}

OST__HOT bool ost__is_renewed(const ost__batch *b, const uint8_t *snapshot)
{
    return b->renewed && b->renewed[index_of(b, snapshot)];
}

static bool knows_all(const ost__batch *b)
{
    const ost__field_set *all = &b->model->all;
    return !b->undone && memcmp(b->loaded.words, all->words, sizeof(all->words)) == 0;
}

ost_status ost__may_renew(ost_session *s, ost__batch *b)
{
    ost__arena *lasting = b->sequence < ost__newest_mark(s) ? &s->kept : &s->records;
    if (b->renewed || knows_all(b))
        return OST_OK;
    b->renewed = ost__arena_alloc_zeroed(lasting, b->count, 1);
    return b->renewed ? OST_OK : ost__no_memory(s);
}

void ost__renew(ost__batch *b, const uint8_t *snapshot, bool renewed)
{
    if (b->renewed)
        b->renewed[index_of(b, snapshot)] = renewed;
}

void ost__distrust(ost__batch *b)
{
    b->undone = true;
    if (b->renewed)
        memset(b->renewed, 0, b->count);
}

/* ---- texts ---- */

/* Where that lies what the batch's records point to, so that it lasts as long as they do. */
static ost__arena *lasting_of(ost_session *s, const ost__batch *b)
{
    return b->sequence < ost__newest_mark(s) ? &s->kept : &s->records;
}

OST__HOT ost_status ost__own_texts(ost_session *s, const ost__batch *b, void *record,
                                   const ost__field_set *which)
{
    const ost__model *m = b->model;
    ost__arena *lasting = lasting_of(s, b);
    for (uint32_t i = ost__field_set_next(which, m, 0); i < m->table.field_count;
         i = ost__field_set_next(which, m, i + 1)) {
        const ost_field *f = &m->fields[i];
        if (ost__field_points(f) && !ost__nested_own(lasting, f, ost__member_at(f, record)))
            return ost__no_memory(s);
    }
    return OST_OK;
}

OST__HOT ost_status ost__own_image(ost_session *s, const ost__batch *b, void *image,
                                   const ost__field_set *which)
{
    OST_TRY(ost__own_texts(s, b, image, which));
    return ost__images_load(s, b->model, image, 1, which, lasting_of(s, b));
}
