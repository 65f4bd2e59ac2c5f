/* SPDX-License-Identifier: MIT */
#include "base/document.h"

#include <stdalign.h>
#include <string.h>

#include "base/scalar.h"

static bool copy_part(const ost_table *t, const ost__document_memory *memory, char *at, int depth);
static bool copy_at(const ost_field *f, const ost__document_memory *memory, void *at, int depth);

/* `size` bytes and a NUL, or NULL for no memory. */
static const void *copy_bytes(const ost__document_memory *memory, const void *data, size_t size)
{
    char *copy = memory->take(memory->context, size + 1, 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

static bool copy_list(const ost_field *f, const ost__document_memory *memory, ost__list *list,
                      int depth)
{
    const ost_field item = ost__item_field(f);
    size_t size;
    if (!list->items)
        return true;
    if (!ost__size_mul(list->count, item.size, &size))
        return false;
    char *items = memory->take(memory->context, size > 0 ? size : 1, alignof(max_align_t));
    if (!items)
        return false;
    if (size > 0)
        memcpy(items, list->items, size);
    list->items = items;
    for (size_t i = 0; i < list->count; i++, items += item.size)
        if (f->part ? !copy_part(f->part, memory, items, depth)
                    : !copy_at(&item, memory, items, depth))
            return false;
    return true;
}

/* Deeper ones are refused before they are sent, so that what is kept of them does not matter. */
static bool copy_part(const ost_table *t, const ost__document_memory *memory, char *at, int depth)
{
    for (uint32_t i = 0; depth <= OST__DOCUMENT_DEPTH && i < t->field_count; i++)
        if (!copy_at(&t->fields[i], memory, at + t->fields[i].offset, depth))
            return false;
    return true;
}

static bool copy_at(const ost_field *f, const ost__document_memory *memory, void *at, int depth)
{
    const char **text = at;
    ost_blob *blob = at;
    switch (f->type) {
    case OST_TYPE_TEXT:
    case OST_TYPE_JSON: return !*text || (*text = copy_bytes(memory, *text, strlen(*text))) != NULL;
    case OST_TYPE_BLOB:
        return !blob->data || (blob->data = copy_bytes(memory, blob->data, blob->size)) != NULL;
    case OST_TYPE_EMBEDDED: return copy_part(f->part, memory, at, depth + 1);
    case OST_TYPE_LIST: return copy_list(f, memory, at, depth + 1);
    default: return true;
    }
}

bool ost__document_copy(const ost_field *f, const ost__document_memory *memory, void *at)
{
    return copy_at(f, memory, at, 0);
}
