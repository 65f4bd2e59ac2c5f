/* SPDX-License-Identifier: MIT */
/* Ostler's side of the cases over documents. */
#include "ours.h"

#include <stdlib.h>

OST_MODEL(home, OST_FIELDS(OST_FIELD(home, street, .not_null = true),
                           OST_FIELD(home, city, .not_null = true), OST_FIELD(home, floor),
                           OST_FIELD(home, north), OST_FIELD(home, east)));
OST_MODEL(remark, OST_FIELDS(OST_FIELD(remark, author, .not_null = true),
                             OST_FIELD(remark, text, .not_null = true), OST_FIELD(remark, stars)));
OST_MODEL(doc, .table = "docs",
          OST_FIELDS(OST_FIELD(doc, id, .primary_key = true),
                     OST_FIELD(doc, name, .not_null = true), OST_EMBED(doc, home, home),
                     OST_ITEMS(doc, tags), OST_EMBEDS(doc, remarks, remark)));

static bool select_documents(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    o->docs = ost_all(ost_from(o->session, doc), doc, &o->doc_count);
    return o->docs || ours_failed(o, "select documents");
}

static void see_doc(bench_seen *seen, const doc *d)
{
    bench_remark remarks[64];
    bench_doc copy = { .id = d->id,
                       .name = d->name,
                       .home = { d->home.street, d->home.city, d->home.floor, d->home.north,
                                 d->home.east },
                       .tags = d->tags.items,
                       .tag_count = d->tags.count,
                       .remarks = remarks };
    for (size_t i = 0; i < d->remarks.count && i < sizeof remarks / sizeof *remarks; i++) {
        const remark *from = &d->remarks.items[i];
        remarks[copy.remark_count++] = (bench_remark){ from->author, from->text, from->stars };
    }
    bench_see_doc(seen, &copy);
}

static void see_documents(void *state, const bench_task *task)
{
    ours *o = state;
    (void)task;
    for (size_t i = 0; i < o->doc_count; i++)
        see_doc(&o->seen, &o->docs[i]);
}

static bool push_one(ours *o, int64_t id, const bench_remark *from)
{
    ost_mark mark = ost_session_mark(o->session);
    const remark r = { from->author, from->text, from->stars };
    ost_query *q = ost_from(o->session, doc);
    ost_where(q, ost_eq(doc, id, id));
    if (ost_update_one(q, ost_push_part(doc, remarks, remark, &r)) != OST_OK)
        return ours_failed(o, "push");
    return ost_session_release(o->session, mark) == OST_OK || ours_failed(o, "release");
}

static bool push(void *state, const bench_task *task)
{
    ours *o = state;
    for (size_t i = task->first; i < task->end; i++) {
        if (i % task->batch == 0 && ost_begin(o->session, NULL) != OST_OK)
            return ours_failed(o, "begin");
        if (!push_one(o, task->keys[i], &task->remarks[i]))
            return false;
        if (((i + 1) % task->batch == 0 || i + 1 == task->end) && ost_commit(o->session) != OST_OK)
            return ours_failed(o, "commit");
    }
    return true;
}

/* ---- behind the clock ---- */

enum { ROOM = 8 }; /* More remarks than any document is made with. */

bool bench_fill_docs(const char *place, const bench_doc *docs, size_t count)
{
    const bench_task task = { .place = place };
    ours *o = ours_open(&task);
    doc *rows = calloc(count + 1, sizeof *rows);
    remark *remarks = calloc(count + 1, ROOM * sizeof *remarks);
    bool good = o && rows && remarks;
    for (size_t i = 0; good && i < count; i++) {
        const bench_doc *from = &docs[i];
        remark *of = remarks + i * ROOM;
        for (size_t k = 0; k < from->remark_count && k < ROOM; k++)
            of[k] =
                (remark){ from->remarks[k].author, from->remarks[k].text, from->remarks[k].stars };
        rows[i] = (doc){ .id = from->id,
                         .name = from->name,
                         .home = { from->home.street, from->home.city, from->home.floor,
                                   from->home.north, from->home.east },
                         .tags = { from->tags, from->tag_count },
                         .remarks = { of, from->remark_count } };
    }
    if (good && ost_insert_many(o->session, doc, rows, count) != OST_OK)
        good = ours_failed(o, "fill");
    free(remarks);
    free(rows);
    if (o)
        ours_close(o);
    return good;
}

bool bench_see_docs(const char *place, bench_seen *seen)
{
    const bench_task task = { .place = place };
    ours *o = ours_open(&task);
    if (!o)
        return false;
    ost_query *q = ost_from(o->session, doc);
    ost_order_by(q, ost_asc(doc, id));
    o->docs = ost_all(q, doc, &o->doc_count);
    bool good = o->docs || ours_failed(o, "see");
    see_documents(o, &task);
    *seen = o->seen;
    ours_close(o);
    return good;
}

static const bench_case cases[] = {
    { "select_documents", NULL, select_documents, see_documents },
    { "push", NULL, push, NULL },
    { NULL, NULL, NULL, NULL },
};

const bench_side bench_ours_documents = {
    .name = "ours",
    .open = ours_open,
    .close = ours_close,
    .seen = ours_seen,
    .allocations = ours_allocations,
    .cases = cases,
};
