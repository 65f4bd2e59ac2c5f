/* SPDX-License-Identifier: MIT */
#include "base/json_value.h"

#include <string.h>

#include "base/json_number.h"

enum { NAMES_FIRST = 32, MERGED_MAX = 32 };

/*
 * An object, or a name in one, in the order of the text. Numbers of entries count from 1, so that 0
 * is none.
 */
typedef struct entry {
    uint32_t next;       /* of a name: the next in its object; of an object: its first name */
    uint32_t text, size; /* of a name, as it stands; of an object: its closing bracket, and 0 */
    uint32_t after;      /* of a name: its value; of an object: the first entry behind it */
} entry;

typedef struct names {
    const ost__memory *memory;
    ost__json_reader *r;
    entry *entries;
    uint32_t count, capacity;
    uint32_t objects[OST__JSON_DEPTH + 1]; /* those that are open */
    bool whole;                            /* objects that are closed are kept */
} names;

static bool add_entry(names *x, entry e)
{
    if (x->count == x->capacity) {
        uint32_t capacity = x->capacity ? x->capacity * 2 : NAMES_FIRST;
        entry *entries = ost__realloc(x->memory, x->entries, x->capacity * sizeof *entries,
                                      capacity * sizeof *entries);
        if (!entries)
            return false;
        x->entries = entries;
        x->capacity = capacity;
    }
    x->entries[x->count++] = e;
    return true;
}

static entry *entry_at(const names *x, uint32_t number)
{
    return &x->entries[number - 1];
}

static int compare_names(const names *x, uint32_t a, uint32_t b)
{
    const entry *p = entry_at(x, a), *q = entry_at(x, b);
    const char *start = x->r->start;
    return ost__json_compare(start + p->text, p->size, start + q->text, q->size);
}

/* Merges two lists in order; of names that are the same, those of `a` come first: they are the
 * later ones in the text, for names are put in front of those before. */
static uint32_t merge(names *x, uint32_t a, uint32_t b)
{
    uint32_t first = 0, *end = &first;
    while (a && b) {
        uint32_t *from = compare_names(x, a, b) <= 0 ? &a : &b;
        *end = *from;
        end = &entry_at(x, *from)->next;
        *from = *end;
    }
    *end = a ? a : b;
    return first;
}

/* Level n of `merged` holds a list of 2^n names, or none; older ones are higher up. */
static uint32_t sort_names(names *x, uint32_t list)
{
    uint32_t merged[MERGED_MAX] = { 0 }, sorted = 0;
    while (list) {
        uint32_t one = list, level = 0;
        list = entry_at(x, one)->next;
        entry_at(x, one)->next = 0;
        for (; merged[level]; merged[level++] = 0)
            one = merge(x, merged[level], one);
        merged[level] = one;
    }
    for (uint32_t level = 0; level < MERGED_MAX; level++)
        sorted = merge(x, merged[level], sorted);
    return sorted;
}

static uint8_t refuse_twice(names *x, uint32_t number)
{
    x->r->text = x->r->start + entry_at(x, number)->text - 1;
    return ost__json_refuse(x->r, "a name occurs twice in one object");
}

/* The object on level `depth` was closed at `at`. */
static uint8_t close_object(names *x, uint32_t depth, const char *at)
{
    uint32_t number = x->objects[depth], twice = 0;
    entry *object = entry_at(x, number);
    object->next = sort_names(x, object->next);
    object->text = (uint32_t)(at - x->r->start);
    object->after = x->count + 1;
    for (uint32_t i = object->next; i; i = entry_at(x, i)->next) {
        uint32_t next = entry_at(x, i)->next;
        if (next && compare_names(x, i, next) == 0 && (!twice || i < twice))
            twice = i;
    }
    if (twice)
        return refuse_twice(x, twice);
    if (!x->whole)
        x->count = number - 1;
    return OST__JSON_CLOSE_OBJECT;
}

static bool add_name(names *x)
{
    const ost__json_reader *r = x->r;
    uint32_t number = x->objects[r->depth];
    entry name = { .next = entry_at(x, number)->next,
                   .text = (uint32_t)(r->text - r->start),
                   .size = (uint32_t)r->size,
                   .after = (uint32_t)(r->at - r->start) };
    if (!add_entry(x, name))
        return false;
    entry_at(x, number)->next = x->count;
    return true;
}

static ost_status read_all(names *x)
{
    ost__json_reader *r = x->r;
    for (;;) {
        bool added = true;
        switch (ost__json_next(r)) {
        case OST__JSON_OPEN_OBJECT:
            added = add_entry(x, (entry){ 0 });
            x->objects[r->depth] = x->count;
            break;
        case OST__JSON_KEY: added = add_name(x); break;
        case OST__JSON_CLOSE_OBJECT:
            if (close_object(x, r->depth + 1, r->text) == OST__JSON_ERROR)
                return OST_INVALID;
            break;
        case OST__JSON_ERROR: return OST_INVALID;
        case OST__JSON_END: return OST_OK;
        default: break;
        }
        if (!added)
            return OST_NO_MEMORY;
    }
}

static ost_status begin_names(names *x, const ost__memory *memory, const char *text, size_t size,
                              ost__json_reader *r, bool whole)
{
    *x = (names){ .memory = memory, .r = r, .whole = whole };
    ost__json_read(r, text, size);
    return read_all(x);
}

static void finish_names(names *x)
{
    ost__free(x->memory, x->entries, x->capacity * sizeof *x->entries);
}

ost_status ost__json_check(const ost__memory *memory, const char *text, size_t size,
                           ost__json_reader *r)
{
    names x;
    ost_status status = begin_names(&x, memory, text, size, r, false);
    finish_names(&x);
    return status;
}

/* ---- the canonical form ---- */

typedef struct member_cursor {
    uint32_t object, name; /* entries; the name is the next to be written, 0: none */
} member_cursor;

/* Strings are decoded into `spare`. */
static const char *decoded(const ost__json_reader *r, ost__buffer *spare)
{
    if (!r->escaped)
        return r->text;
    ost__buffer_reset(spare);
    ost__json_append(r, spare);
    if (spare->failed)
        return NULL;
    return spare->data;
}

static bool write_token(ost__json_writer *w, const ost__json_reader *r, ost__buffer *spare)
{
    const char *text;
    switch (r->kind) {
    case OST__JSON_OPEN_OBJECT: ost__json_open_object(w); break;
    case OST__JSON_CLOSE_OBJECT: ost__json_close_object(w); break;
    case OST__JSON_OPEN_LIST: ost__json_open_list(w); break;
    case OST__JSON_CLOSE_LIST: ost__json_close_list(w); break;
    case OST__JSON_KEY:
    case OST__JSON_STRING:
        text = decoded(r, spare);
        if (!text)
            return false;
        if (r->kind == OST__JSON_KEY)
            ost__json_key_of(w, text, r->decoded_size);
        else
            ost__json_text(w, text, r->decoded_size);
        break;
    case OST__JSON_NUMBER:
        ost__json_raw(w, NULL, 0);
        ost__json_canonical_number(w->out, r->text, r->size);
        break;
    default: ost__json_raw(w, r->text, r->size); break;
    }
    return true;
}

/* To the next member in the order of the names, or to the end of the object. */
static void seek_member(const names *x, member_cursor *at, uint32_t *entered)
{
    ost__json_reader *r = x->r;
    if (at->name == 0) {
        ost__json_seek(r, entry_at(x, at->object)->text);
        *entered = entry_at(x, at->object)->after;
        return;
    }
    ost__json_seek(r, entry_at(x, at->name)->text - 1);
    *entered = at->name + 1;
    at->name = entry_at(x, at->name)->next;
}

/* Reads the text again, the members of each object in the order of their names. */
static bool write_sorted(const names *x, ost__json_writer *w, ost__buffer *spare)
{
    ost__json_reader *r = x->r;
    member_cursor open[OST__JSON_DEPTH + 1];
    uint32_t entered = 1; /* the entry that the next object in the text has */
    while (ost__json_next(r) != OST__JSON_END) {
        if (!write_token(w, r, spare))
            return false;
        if (r->kind == OST__JSON_OPEN_OBJECT) {
            open[r->depth] = (member_cursor){ entered, entry_at(x, entered)->next };
            entered++;
        }
        if (r->kind != OST__JSON_KEY && r->depth > 0 && ost__json_in_object(r))
            seek_member(x, &open[r->depth], &entered);
    }
    return !w->out->failed;
}

ost_status ost__json_canonical(const ost__memory *memory, const char *text, size_t size,
                               ost__buffer *out, ost__json_reader *r)
{
    names x;
    ost__json_writer w;
    ost__buffer spare;
    ost_status status = begin_names(&x, memory, text, size, r, true);
    ost__buffer_init(&spare, memory);
    ost__json_begin(&w, out);
    if (status == OST_OK) {
        ost__json_read(r, text, size);
        if (!write_sorted(&x, &w, &spare))
            status = OST_NO_MEMORY;
    }
    ost__buffer_finish(&spare);
    finish_names(&x);
    return status;
}

ost_status ost__json_equal(const ost__memory *memory, const char *a, size_t a_size, const char *b,
                           size_t b_size, bool *equal)
{
    ost__json_reader r;
    ost__buffer x, y;
    ost__buffer_init(&x, memory);
    ost__buffer_init(&y, memory);
    ost_status status = ost__json_canonical(memory, a, a_size, &x, &r);
    if (status == OST_OK)
        status = ost__json_canonical(memory, b, b_size, &y, &r);
    if (status == OST_OK)
        *equal = x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    ost__buffer_finish(&x);
    ost__buffer_finish(&y);
    return status;
}
