/* SPDX-License-Identifier: MIT */
/*
 * What a rollback takes back. An entry holds images of a record and of its snapshot from before the
 * library wrote to them; undoing goes from the newest entry to the oldest, so that the oldest image
 * wins.
 */
#include "session/session.h"

#include <stdalign.h>
#include <string.h>

#include "model/conversion.h"

/* Of `count` records. There is as much room for each of them as for its snapshot. */
OST__HOT static ost__undo *new_entry(ost_session *s, ost__batch *b, size_t count)
{
    const size_t align = alignof(max_align_t), head = ost__size_aligned(sizeof(ost__undo));
    size_t size, image, both;
    if (!ost__size_mul(count, b->model->width, &size) || !ost__size_add(size, align - 1, &both))
        return NULL;
    image = ost__size_aligned(size);
    if (!ost__size_mul(image, 2, &both) || !ost__size_add(both, head, &both))
        return NULL;
    uint8_t *at = ost__arena_alloc(&s->journal.memory, both, align);
    if (!at)
        return NULL;
    ost__undo *u = (ost__undo *)(void *)at;
    *u = (ost__undo){ .older = s->journal.newest,
                      .batch = b,
                      .saved_record = at + head,
                      .saved_snapshot = at + head + image,
                      .record_size = count * b->model->size,
                      .snapshot_size = size };
    s->journal.newest = u;
    return u;
}

OST__HOT ost_status ost__journal_add(ost_session *s, ost__batch *b, uint8_t *record,
                                     uint8_t *snapshot, const ost__field_set *written)
{
    if (s->unit_count == 0)
        return OST_OK;
    ost__undo *u = new_entry(s, b, 1);
    if (!u)
        return ost__no_memory(s);
    u->record = record;
    u->snapshot = snapshot;
    u->fresh = !snapshot;
    u->written = *written;
    u->renewed = snapshot && ost__is_renewed(b, snapshot);
    memcpy(u->saved_record, record, u->record_size);
    memset(u->saved_record + u->record_size, 0, u->snapshot_size - u->record_size);
    if (snapshot)
        memcpy(u->saved_snapshot, snapshot, u->snapshot_size);
    /* What the program gave may be its own buffer, which need not outlive the call. */
    return ost__own_texts(s, b, u->saved_record, written);
}

typedef struct image_context {
    ost_session *session;
    ost_status status;
} image_context;

static void add_image(ost__batch *b, void *context)
{
    image_context *c = context;
    if (c->status != OST_OK || b->count == 0)
        return;
    ost__undo *u = new_entry(c->session, b, b->count);
    if (!u) {
        c->status = ost__no_memory(c->session);
        return;
    }
    u->record = b->rows;
    u->snapshot = b->snapshot;
    u->fresh = !b->snapshot;
    u->whole = true;
    memcpy(u->saved_record, b->rows, u->record_size);
    if (b->snapshot)
        memcpy(u->saved_snapshot, b->snapshot, u->snapshot_size);
}

ost_status ost__journal_all(ost_session *s)
{
    image_context context = { .session = s, .status = OST_OK };
    ost__each_batch(s, 0, add_image, &context);
    return context.status;
}

static void undo(const ost__undo *u)
{
    const ost__model *m = u->batch->model;
    uint8_t *record = u->record;
    if (u->whole)
        memcpy(record, u->saved_record, u->record_size);
    else if (u->batch->snapshot)
        record = ost__row_of(u->batch, record, u->fresh ? u->batch->snapshot : u->snapshot);
    for (uint32_t i = 0; record && !u->whole && i < m->table.field_count; i++)
        if (ost__field_set_has(&u->written, i))
            ost__struct_copy(&m->fields[i], record, u->saved_record);
    if (u->fresh) {
        u->batch->snapshot = NULL;
        return;
    }
    memcpy(u->snapshot, u->saved_snapshot, u->snapshot_size);
    if (!u->whole)
        ost__renew(u->batch, u->snapshot, u->renewed);
}

static void mark_undone(ost__batch *b, void *context)
{
    (void)context;
    if (b->after_write)
        ost__distrust(b);
}

void ost__journal_undo(ost_session *s, const ost__unit *unit)
{
    while (s->journal.newest != unit->journal) {
        const ost__undo *u = s->journal.newest;
        if (!u->dead)
            undo(u);
        s->journal.newest = u->older;
    }
    ost__arena_release(&s->journal.memory, unit->journal_mark);
    ost__each_batch(s, unit->sequence, mark_undone, NULL);
}

static void mark_distrusted(ost__batch *b, void *context)
{
    (void)context;
    ost__distrust(b);
}

void ost__journal_distrust(ost_session *s, const ost__unit *unit)
{
    for (ost__undo *u = s->journal.newest; u != unit->journal; u = u->older)
        if (!u->dead && !u->whole)
            ost__distrust(u->batch);
    ost__each_batch(s, unit->sequence, mark_distrusted, NULL);
}

void ost__journal_forget(ost_session *s)
{
    s->journal.newest = NULL;
    ost__arena_clear(&s->journal.memory);
}

OST__HOT void ost__journal_prune(ost_session *s)
{
    size_t index;
    for (ost__undo *u = s->journal.newest; u; u = u->older)
        if (!u->dead && ost__tracked(s, u->record, &index) != u->batch)
            u->dead = true;
}
