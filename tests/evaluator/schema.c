/* SPDX-License-Identifier: MIT */
#include "evaluator.h"

#include <stdlib.h>
#include <string.h>

/* What the items of lists are made of, and paths; both live as long as the program of tests. */
enum { LISTS_MAX = 64, PATHS_SIZE = 8192 };
static struct {
    const ost_field *list;
    ev_schema schema;
} lists[LISTS_MAX];
static size_t list_count;
static char paths[PATHS_SIZE];
static size_t paths_used;

static const char *joined(const char *outer, const char *name)
{
    char *path = paths + paths_used, *end = paths;
    size_t size = strlen(outer) + strlen(name) + 2;
    if (!*outer)
        return name;
    if (size > PATHS_SIZE - paths_used)
        abort();
    (void)snprintf(path, size, "%s.%s", outer, name);
    while (strcmp(end, path) != 0) /* one that was made before */
        end += strlen(end) + 1;
    if (end == path)
        paths_used += size;
    return end;
}

static const ev_schema *items_of(const ost_field *list)
{
    ev_schema *out;
    for (size_t i = 0; i < list_count; i++)
        if (lists[i].list == list)
            return &lists[i].schema;
    if (list_count == LISTS_MAX)
        abort();
    lists[list_count].list = list;
    out = &lists[list_count++].schema;
    if (list->embeds) {
        ev_schema_of(list->embeds, out);
    } else {
        ost_field item = *list;
        item.name = "";
        item.offset = 0;
        item.type = list->item_type;
        item.size = ev_bare_size(item.type);
        item.not_null = true;
        out->size = item.size;
        out->fields[out->field_count++] = ev_field_of(&item);
    }
    for (size_t i = 0; i < out->field_count; i++)
        out->fields[i].document = list->name;
    return out;
}

/* The members of a struct inside stand beside the others. */
static void add_fields(ev_schema *out, const ost_model *m, const char *outer, size_t offset,
                       const char *document)
{
    for (const ost_field *f = m->fields; f->name; f++) {
        const char *path = joined(outer, f->name);
        ev_field *own = &out->fields[out->field_count];
        if (f->type == OST_TYPE_EMBEDDED) {
            add_fields(out, f->embeds, path, offset + f->offset,
                       document || f->flatten ? document : path);
            continue;
        }
        if (out->field_count == EV_FIELDS_MAX)
            abort();
        if (f->stamp == OST_ON_DELETE)
            out->deleted = out->field_count;
        *own = ev_field_of(f);
        own->name = path;
        own->offset += offset;
        own->document = document;
        if (f->type == OST_TYPE_LIST)
            own->items = items_of(f);
        out->field_count++;
    }
}

static ev_unique *add_unique(ev_schema *schema)
{
    if (schema->unique_count == EV_UNIQUE_MAX)
        abort();
    return &schema->unique[schema->unique_count++];
}

void ev_schema_of(const ost_model *m, ev_schema *out)
{
    ev_unique *key;
    memset(out, 0, sizeof *out);
    out->model = m;
    out->size = m->size;
    out->deleted = SIZE_MAX;
    add_fields(out, m, "", 0, NULL);
    key = add_unique(out);
    for (size_t i = 0; i < out->field_count; i++)
        if (out->fields[i].key)
            key->fields[key->count++] = i;
    for (const ost_field *f = m->fields; f->name; f++)
        if (f->unique) {
            ev_unique *one = add_unique(out);
            one->living = out->deleted != SIZE_MAX;
            one->fields[one->count++] = ev_field_named(out, f->name);
        }
    for (const ost_index *x = m->indexes; x && x->columns; x++) {
        ev_unique *several = x->unique ? add_unique(out) : NULL;
        if (several)
            several->living = x->among_living;
        for (const ost_index_column *c = x->columns; several && c->member.path; c++)
            several->fields[several->count++] = ev_field_named(out, c->member.path);
    }
}

size_t ev_find_field(const ev_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->field_count; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

size_t ev_field_named(const ev_schema *schema, const char *name)
{
    size_t i = ev_find_field(schema, name);
    if (i != SIZE_MAX)
        return i;
    fprintf(stderr, "evaluator: %s has no member %s\n",
            schema->model ? schema->model->name : "an item", name);
    abort();
}

bool ev_is_inside(const char *path, const char *outer)
{
    size_t size = strlen(outer);
    return strncmp(path, outer, size) == 0 && (path[size] == '\0' || path[size] == '.');
}
