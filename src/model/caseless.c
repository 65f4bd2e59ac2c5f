/* SPDX-License-Identifier: MIT */
#include "model/caseless.h"

#include <stdalign.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"

static bool is_caseless(const ost_field *f)
{
    return f->collation == OST_CASELESS && ost__type_is_text(f->type);
}

uint32_t ost__caseless_columns(const ost_field *f)
{
    uint32_t count = 0;
    if (f->type != OST_TYPE_EMBEDDED || !f->flatten || !f->part)
        return is_caseless(f);
    for (uint32_t i = 0; i < f->part->field_count; i++)
        count += is_caseless(&f->part->fields[i]);
    return count;
}

/* Room for every fold of what the member may hold; 0: it has no bound. */
static size_t longest(const ost_field *f)
{
    size_t most = f->max_length;
    if (f->type == OST_TYPE_CHARS && most == 0)
        most = f->size - 1;
    return most > SIZE_MAX / OST__CASELESS_GROWTH ? 0 : most * OST__CASELESS_GROWTH;
}

static const char *column_of(ost__check *c, const char *member)
{
    const size_t size = member ? strlen(member) + sizeof OST__FOLDED_SUFFIX : 0;
    char *column = member ? ost__check_alloc(c, size, 1, 1) : NULL;
    if (!column)
        return member;
    ost__print(column, size, "%s%s", member, OST__FOLDED_SUFFIX);
    return column;
}

static void add(ost__check *c, const ost__model *m, ost_field *f, ost_field *out)
{
    ost__field_extra *extra = ost__check_alloc(c, 2, sizeof *extra, alignof(ost__field_extra));
    if (!extra)
        return;
    *out = (ost_field){
        .name = f->name,
        .owner = f->owner,
        .offset = m->size,
        .size = sizeof(const char *),
        .type = OST_TYPE_TEXT,
        .column = column_of(c, f->column),
        .was = column_of(c, f->was),
        .unique = f->unique,
        .not_null = f->not_null || f->required || f->type == OST_TYPE_CHARS,
        .collation = OST_CASELESS,
        .max_length = longest(f),
        .reserved_ = (uintptr_t)&extra[1],
    };
    if (f->reserved_)
        extra[0] = *ost__field_more(f);
    extra[0].folded = out;
    extra[1].folds = f;
    f->reserved_ = (uintptr_t)&extra[0];
    f->collation = OST_EXACT;
    f->unique = false;
}

void ost__caseless_add(ost__check *c, ost__model *m)
{
    uint32_t at = m->member_count;
    for (uint32_t i = 0; i < m->member_count && at < m->table.field_count; i++)
        if (is_caseless(&m->fields[i]))
            add(c, m, &m->fields[i], &m->fields[at++]);
}

static const char *mistake(const ost__model *m, const ost_field *f)
{
    if (m->table.adopted)
        return "OST_CASELESS keeps a column of its own, which a table made by others lacks: "
               "OST_AS_STORED accepts the column's own rules";
    if (f->primary_key)
        return "a key is compared as it is: give .collation = OST_CASELESS to a .unique member, or "
               "leave it out";
    if (f->hashed)
        return "a password is stored as its hash: leave out .collation";
    if (f->converts)
        return "is stored as what its conversion makes of it: leave out .collation";
    return f->values ? "has .values, which are compared as they are: leave out .collation" : NULL;
}

static void check_column(ost__check *c, const ost__model *m, const ost_field *folded)
{
    if (!ost__check_name(c, folded->name, "column", folded->column))
        return;
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (f == folded || !ost__names_equal(f->column, folded->column))
            continue;
        ost__check_fail(c, folded->name, "column",
                        "with OST_CASELESS keeps a column %s, which %s has: give one of them "
                        "another .column",
                        folded->column, f->name);
        return;
    }
}

/* What the column was called was no other member's: that one's values are none of its. */
static void check_former(ost__check *c, const ost__model *m, const ost_field *folded)
{
    for (uint32_t i = 0; folded->was && i < m->member_count; i++) {
        const ost_field *f = &m->fields[i];
        bool now = ost__names_equal(f->column, folded->was);
        if (!now && !(f->was && ost__names_equal(f->was, folded->was)))
            continue;
        ost__check_fail(c, folded->name, "was",
                        "with OST_CASELESS and its .was had a column %s, which is %s %s: a column "
                        "becomes one other",
                        folded->was, now ? "the column of" : "the former name of", f->name);
        return;
    }
}

void ost__caseless_check(ost__check *c, const ost__model *m)
{
    for (uint32_t i = m->member_count; i < m->table.field_count; i++) {
        const ost_field *folded = &m->fields[i], *f = ost__member_of(folded);
        const char *why = mistake(m, f);
        if (why)
            ost__check_fail(c, f->name, "collation", "%s", why);
        else if (folded->unique && ost__field_unbounded(f))
            ost__check_fail(c, f->name, "max_length",
                            "a text that is unique needs .max_length: not every database can index "
                            "one without");
        else
            check_column(c, m, folded);
        if (!why)
            check_former(c, m, folded);
    }
}

void ost__caseless_place(ost__model *m)
{
    for (uint32_t i = m->member_count; i < m->table.field_count; i++)
        m->fields[i].offset =
            ost__model_shadow_slot(m, sizeof(const char *), alignof(const char *));
}

/* ---- texts ---- */

static const char *fold(ost__arena *a, const char *text, size_t size)
{
    const char *copy = NULL;
    ost__buffer b;
    ost__buffer_init(&b, a->memory);
    ost__utf8_caseless(&b, text, size);
    if (!b.failed)
        copy = ost__arena_text(a, b.data ? b.data : "", b.size);
    ost__buffer_finish(&b);
    return copy;
}

const char *ost__caseless_text(ost__arena *a, const char *text)
{
    return fold(a, text, strlen(text));
}

static size_t length_of(const ost_field *f, const void *record, const char *text)
{
    return f->type == OST_TYPE_CHARS ? ost__chars_length(f, record) : strlen(text);
}

ost_status ost__caseless_fill(const ost__model *m, void *shadow, const ost__field_set *which,
                              const ost__rules *r)
{
    for (uint32_t i = m->member_count; i < m->table.field_count; i++) {
        const ost_field *folded = &m->fields[i], *f = ost__member_of(folded);
        const char *text = NULL;
        if (which && !ost__field_set_has(which, ost__field_index(m, f)))
            continue;
        if (!ost__member_is_null(f, shadow)) {
            const char *own = ost__member_value(f, shadow).as.text;
            text = fold(r->scratch, own, length_of(f, shadow, own));
            if (!text)
                return ost__error_set(r->error, OST_NO_MEMORY, "no memory for the texts of %s",
                                      m->table.model);
        }
        memcpy(ost__member_at(folded, shadow), &text, sizeof(text));
    }
    return OST_OK;
}
