/* SPDX-License-Identifier: MIT */
#include "model/nested.h"

#include <stdalign.h>
#include <string.h>

#include "base/document.h"
#include "base/scalar.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/validate.h"

static bool is_nested(const ost_field *f)
{
    return f->type == OST_TYPE_EMBEDDED || f->type == OST_TYPE_LIST;
}

OST__HOT bool ost__field_points(const ost_field *f)
{
    switch (f->type) {
    case OST_TYPE_TEXT:
    case OST_TYPE_BLOB:
    case OST_TYPE_JSON:
    case OST_TYPE_LIST: return true;
    case OST_TYPE_EMBEDDED:
        for (uint32_t i = 0; i < f->part->field_count; i++)
            if (ost__field_points(&f->part->fields[i]))
                return true;
        return false;
    default: return false;
    }
}

/* ---- comparing ---- */

static bool nested_equal(const ost_field *f, const void *a, const void *b, int depth);

static bool member_equal(const ost_field *f, const char *a, const char *b, int depth)
{
    if (is_nested(f))
        return nested_equal(f, a + f->offset, b + f->offset, depth + 1);
    return ost__member_equal(f, a, b);
}

static bool part_equal(const ost_table *t, const char *a, const char *b, int depth)
{
    for (uint32_t i = 0; i < t->field_count; i++)
        if (!member_equal(&t->fields[i], a, b, depth))
            return false;
    return true;
}

static bool list_equal(const ost_field *f, ost__list a, ost__list b, int depth)
{
    const ost_field item = ost__item_field(f);
    const char *x = a.items, *y = b.items;
    if (!x || !y)
        return x == y;
    if (a.count != b.count)
        return false;
    for (size_t i = 0; x != y && i < a.count; i++, x += item.size, y += item.size)
        if (f->part ? !part_equal(f->part, x, y, depth) : !ost__member_equal(&item, x, y))
            return false;
    return true;
}

/* What is nested deeper cannot be stored: it counts as changed, and is refused when it is written.
 */
static bool nested_equal(const ost_field *f, const void *a, const void *b, int depth)
{
    if (depth > OST__DOCUMENT_DEPTH)
        return false;
    if (f->type == OST_TYPE_EMBEDDED)
        return part_equal(f->part, a, b, depth);
    return list_equal(f, ost__list_at(a), ost__list_at(b), depth);
}

bool ost__nested_equal(const ost_field *f, const void *a, const void *b)
{
    return nested_equal(f, a, b, 0);
}

/* ---- copying ---- */

static void *take_from_arena(void *context, size_t size, size_t align)
{
    return ost__arena_alloc(context, size, align);
}

bool ost__nested_own(ost__arena *arena, const ost_field *f, void *at)
{
    const ost__document_memory memory = { .take = take_from_arena,
                                          .context = arena,
                                          .heap = arena->memory };
    return ost__document_copy(f, &memory, at);
}

void ost__nested_write_back(const ost_field *f, void *to, const void *from)
{
    const ost_table *t = f->part;
    for (uint32_t i = 0; i < t->field_count; i++) {
        const ost_field *inner = &t->fields[i];
        char *into = (char *)to + inner->offset;
        const char *of = (const char *)from + inner->offset;
        if (inner->type == OST_TYPE_EMBEDDED)
            ost__nested_write_back(inner, into, of);
        else if (!ost__field_points(inner))
            memcpy(into, of, inner->size);
    }
}

/* ---- checking ---- */

static void validate_nested(ost__verdict *d, const ost_field *f, void *at, int depth);

/* What writing sets by itself. A stamp of updates is set in an embedded struct, which is written as
 * a whole; in an item of a list only once, as nobody can say which items changed. */
static void fill(const ost__verdict *d, const ost_field *f, void *record, bool item)
{
    bool again = d->updating && f->stamp == OST_ON_UPDATE && !item;
    if (again) {
        ost_value now = ost__rules_stamp(f, d->rules->now);
        ost__member_store(f, record, &now);
    } else {
        ost__rules_fill(f, record, d->rules);
    }
}

static void validate_part(ost__verdict *d, const ost_table *t, void *record, bool item, int depth)
{
    for (uint32_t i = 0; i < t->field_count && !d->no_memory; i++) {
        const ost_field *f = &t->fields[i];
        fill(d, f, record, item);
        if (is_nested(f))
            validate_nested(d, f, (char *)record + f->offset, depth + 1);
        else
            ost__validate_member(d, f, record);
    }
}

/* Items are const: they are checked as a copy, which takes their place. */
static void validate_list(ost__verdict *d, const ost_field *f, ost__list *list, int depth)
{
    const ost_field item = ost__item_field(f);
    ost__place place = { .outer = d->place, .name = f->name, .item = true };
    size_t size;
    if (!list->items || list->count == 0) {
        if (f->required || (f->not_null && !list->items))
            ost__validate_refuse(d, f, OST_INVALID, "required",
                                 f->required ? "must not be empty" : "must have a value");
        return;
    }
    char *items = ost__size_mul(list->count, item.size, &size)
                      ? ost__arena_alloc(d->rules->scratch, size, alignof(max_align_t))
                      : NULL;
    if (!items) {
        d->no_memory = true;
        return;
    }
    memcpy(items, list->items, size);
    list->items = items;
    d->place = &place;
    for (size_t i = 0; i < list->count && !d->no_memory; i++, items += item.size) {
        place.index = i;
        if (f->part)
            validate_part(d, f->part, items, true, depth);
        else
            ost__validate_member(d, &item, items);
    }
    d->place = place.outer;
}

static void validate_nested(ost__verdict *d, const ost_field *f, void *at, int depth)
{
    ost__place place = { .outer = d->place, .name = f->name };
    if (depth > OST__DOCUMENT_DEPTH) {
        ost__validate_refuse(d, f, OST_RANGE, "depth", "is nested deeper than can be stored");
        return;
    }
    if (f->type == OST_TYPE_LIST) {
        validate_list(d, f, at, depth);
        return;
    }
    d->place = &place;
    validate_part(d, f->part, at, false, depth);
    d->place = place.outer;
}

void ost__validate_nested(struct ost__verdict *d, const ost_field *f, void *at)
{
    validate_nested(d, f, at, 0);
}
