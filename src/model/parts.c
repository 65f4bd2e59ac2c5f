/* SPDX-License-Identifier: MIT */
#include "model/parts.h"

#include <stdalign.h>
#include <string.h>

#include "base/document.h"
#include "base/scalar.h"
#include "model/convert.h"
#include "model/member.h"

static bool is_embedded(const ost_field *f)
{
    return f->type == OST_TYPE_EMBEDDED && f->part;
}

/* ---- compiling ---- */

static ost__part *known_part(const ost__check *c, const ost_model *given)
{
    ost__part *p = c->parts;
    while (p && (p->given->fields != given->fields || strcmp(p->given->name, given->name) != 0))
        p = p->next;
    return p;
}

static const ost__model *compile_part(ost__check *c, const ost_field *f)
{
    const char *model = c->model;
    ost_model copy;
    ost__part *p = ost__check_alloc(c, 1, sizeof *p, alignof(ost__part));
    if (!p)
        return NULL;
    *p = (ost__part){ .next = c->parts, .given = f->embeds };
    c->parts = p;
    c->depth++;
    if (ost__model_read(c, f->embeds, 0, &copy))
        p->model = ost__model_compile(c, f->embeds, &copy, true);
    c->depth--;
    c->model = model;
    p->ready = true;
    return p->model;
}

const ost__model *ost__part_of(ost__check *c, const ost_field *f)
{
    if (!f->embeds) {
        ost__check_fail(c, f->name, "embeds",
                        "holds structs, but names no model of them: write it with OST_EMBED() or "
                        "OST_EMBEDS()");
        return NULL;
    }
    const ost__model *seen = c->find ? c->find(c->set, f->embeds) : NULL;
    if (seen)
        return seen;
    const ost__part *p = known_part(c, f->embeds);
    if (p && (p->model || p->ready))
        return p->model;
    if (p || c->depth >= OST__PARTS_DEPTH) {
        ost__check_fail(c, f->name, "embeds", "holds structs that hold each other without end");
        return NULL;
    }
    return compile_part(c, f);
}

void ost__model_started(ost__check *c, const ost_model *given, ost__model *m)
{
    ost__part *p = known_part(c, given);
    if (p && !p->model)
        p->model = m;
}

/* ---- members by path ---- */

uint32_t ost__part_columns(const ost_field *f)
{
    return is_embedded(f) && f->flatten ? f->part->field_count : 1;
}

uint32_t ost__part_members(const ost_field *f)
{
    if (f->type == OST_TYPE_LIST && !f->part)
        return 1;
    if (!is_embedded(f))
        return 0;
    return f->flatten ? f->part->inner_count : f->part->field_count + f->part->inner_count;
}

static const char *joined(ost__check *c, const char *a, char between, const char *b)
{
    size_t first = strlen(a), second = strlen(b);
    char *name = ost__check_alloc(c, first + second + 2, 1, 1);
    if (!name)
        return b;
    memcpy(name, a, first);
    name[first] = between;
    memcpy(name + first + 1, b, second);
    name[first + 1 + second] = '\0';
    return name;
}

const ost_field *ost__item_of(const ost__model *m, const ost_field *list)
{
    for (uint32_t i = m->table.field_count; i < m->table.field_count + m->table.inner_count; i++)
        if (m->fields[i].inside == list)
            return &m->fields[i];
    return NULL;
}

/* A member of the part, as a member of the struct that holds it. */
static ost_field moved(ost__check *c, const ost_field *holder, const ost_field *f)
{
    ost_field out = *f;
    out.name = joined(c, holder->name, '.', f->name);
    out.owner = holder->owner;
    out.offset += holder->offset;
    out.hidden |= holder->hidden;
    return out;
}

/* A function of the program's wants the struct that it was written for. */
static uintptr_t moved_extra(ost__check *c, const ost_field *holder, const ost_field *f)
{
    ost__field_extra *extra;
    if (!f->check && !f->transform && !f->converts)
        return f->reserved_;
    extra = ost__check_alloc(c, 1, sizeof *extra, alignof(ost__field_extra));
    if (extra && f->reserved_)
        *extra = *ost__field_more(f);
    if (extra)
        extra->base += holder->offset;
    if (extra && f->converts)
        extra->member += holder->offset;
    return (uintptr_t)extra;
}

uint32_t ost__part_flatten(ost__check *c, const ost_field *f, ost_field *out)
{
    if (!is_embedded(f) || !f->flatten) {
        *out = *f;
        return 1;
    }
    for (uint32_t i = 0; i < f->part->field_count; i++) {
        const ost_field *inner = &f->part->fields[i];
        out[i] = moved(c, f, inner);
        if (f->was || inner->was)
            out[i].was = joined(c, f->was ? f->was : f->column, '_',
                                inner->was ? inner->was : inner->column);
        out[i].reserved_ = moved_extra(c, f, inner);
        out[i].column = joined(c, f->column, '_', inner->column);
    }
    return f->part->field_count;
}

/* The part's own members are in the order: columns, then what is inside them, so that each `inside`
 * points to one that was written already. */
uint32_t ost__part_open(ost__check *c, const ost_field *f, ost_field *out)
{
    uint32_t count = ost__part_members(f);
    if (f->type == OST_TYPE_LIST && !f->part) {
        *out = ost__item_field(f);
        out->name = joined(c, f->name, '[', "]");
        out->inside = f;
        return 1;
    }
    if (!is_embedded(f) || f->flatten)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const ost_field *inner = &f->part->fields[i];
        out[i] = moved(c, f, inner);
        out[i].inside = inner->inside ? &out[inner->inside - f->part->fields] : f;
        out[i].path = joined(c, f->column, '.', inner->path ? inner->path : inner->column);
    }
    return count;
}

/* ---- what parts have ---- */

/* A part's table is the head of its model. */
static const ost__model *model_of(const ost_table *part)
{
    return (const ost__model *)(const void *)part;
}

static bool has_functions(const ost__model *m)
{
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        if (f->check || f->transform || (f->part && model_of(f->part)->has_functions))
            return true;
    }
    return false;
}

void ost__parts_settle(ost__check *c, ost__model *m)
{
    bool changed = !m->is_part;
    while (changed) {
        changed = false;
        for (ost__part *p = c->parts; p; p = p->next)
            if (p->model && !p->model->has_functions && has_functions(p->model))
                p->model->has_functions = changed = true;
    }
    m->has_functions = has_functions(m);
}

/* ---- options ---- */

/* Nobody can say which item of a list was which. */
static bool has_sealed(const ost_field *f)
{
    const ost_table *t = f->type == OST_TYPE_EMBEDDED ? f->part : NULL;
    for (uint32_t i = 0; t && i < t->field_count + t->inner_count; i++)
        if (t->fields[i].immutable)
            return true;
    return f->immutable;
}

static void check_inner(ost__check *c, const ost_field *f, const ost_field *inner)
{
    const struct {
        bool given;
        const char *what;
    } options[] = {
        { inner->primary_key, "primary_key" },
        { inner->unique && !f->flatten, "unique" },
        { inner->version, "version" },
        { inner->generated == OST_AUTO_INCREMENT, "generated" },
        { inner->stamp == OST_ON_DELETE, "stamp" },
        { inner->hashed && !f->flatten, "hashed" },
        { f->type == OST_TYPE_LIST && has_sealed(inner), "immutable" },
        { inner->was && !f->flatten, "was" },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].given)
            ost__check_fail(c, f->name, options[i].what,
                            "holds %s, which cannot have .%s inside another struct", inner->name,
                            options[i].what);
    if (inner->converts && !f->flatten)
        ost__check_fail(c, f->name, "converts",
                        "holds %s, which is converted: only the columns of a flattened struct can "
                        "be, so add .flatten = true",
                        inner->name);
    if (inner->collation == OST_CASELESS && !f->flatten)
        ost__check_fail(c, f->name, "collation",
                        "holds %s, which cannot have .collation = OST_CASELESS inside a document: "
                        "what it is compared by is a column; add .flatten = true, or leave it out",
                        inner->name);
    if (inner->type == OST_TYPE_DECIMAL && inner->precision == 0)
        ost__check_fail(c, f->name, "precision",
                        "holds %s, a decimal without .precision: give it one", inner->name);
}

void ost__check_part(ost__check *c, const ost_field *f)
{
    const ost_table *t = f->part;
    if (f->flatten && f->type != OST_TYPE_EMBEDDED)
        ost__check_fail(c, f->name, "flatten", ".flatten is for an embedded struct: leave it out");
    if (ost__is_document(f) && (f->primary_key || f->unique))
        ost__check_fail(c, f->name, f->primary_key ? "primary_key" : "unique",
                        "a document is neither a key nor unique: leave that out");
    if (f->type != OST_TYPE_EMBEDDED && f->type != OST_TYPE_LIST)
        return;
    if (f->type == OST_TYPE_LIST && f->item_type != OST_TYPE_EMBEDDED) {
        if (f->item_type == OST_TYPE_NONE || f->item_type > OST_TYPE_DECIMAL ||
            f->item_type == OST_TYPE_CHARS)
            ost__check_fail(c, f->name, "item_type", "is a list of a kind that cannot be an item");
        return;
    }
    for (uint32_t i = 0; t && i < t->field_count; i++)
        check_inner(c, f, &t->fields[i]);
}
