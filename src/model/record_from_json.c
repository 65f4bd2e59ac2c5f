/* SPDX-License-Identifier: MIT */
#include "model/record_from_json.h"

#include <string.h>

#include "base/error.h"
#include "base/json_value.h"
#include "base/scalar.h"
#include "model/conversion.h"
#include "model/json_token.h"
#include "model/member.h"

enum { NAME_MAX_SHOWN = 64 };

/* ---- where, and what is wrong ---- */

static void enter_member(ost__json_reading *d, const char *name, size_t size)
{
    const char *dot = d->path_size > 0 ? "." : "";
    d->path_size += ost__print(d->path + d->path_size, sizeof d->path - d->path_size, "%s%.*s", dot,
                               (int)size, name ? name : "");
}

static void enter_item(ost__json_reading *d, size_t index)
{
    d->path_size +=
        ost__print(d->path + d->path_size, sizeof d->path - d->path_size, "[%zu]", index);
}

static void leave_member(ost__json_reading *d, size_t size)
{
    d->path_size = size;
    d->path[size] = '\0';
}

static void refuse(ost__json_reading *d, const ost_field *f, const char *rule, const char *sentence)
{
    ost_field told = *f;
    told.name = d->path;
    ost__validate_refuse(&d->verdict, &told, OST_INVALID, rule, sentence);
}

/* A name that the record does not have, or not for this program's input: shown in part. */
static void refuse_name(ost__json_reading *d)
{
    char name[NAME_MAX_SHOWN];
    size_t before = d->path_size;
    ost__buffer decoded;
    ost__buffer_init(&decoded, d->rules.scratch->memory);
    ost__json_append(&d->r, &decoded);
    ost__copy_text(name, sizeof name, decoded.data ? decoded.data : "");
    d->verdict.no_memory = decoded.failed;
    ost__buffer_finish(&decoded);
    if (d->verdict.no_memory)
        return;
    for (char *p = name; *p; p++)
        if ((uint8_t)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    enter_member(d, name, sizeof name);
    refuse(d, &(const ost_field){ .name = name }, "unknown", "is not a member that can be set");
    leave_member(d, before);
}

static ost_status broken(const ost__json_reading *d, const char *sentence, size_t at)
{
    char told[160];
    ost_error *e = d->rules.error;
    ost__print(told, sizeof told, "%s, at byte %zu", sentence, at);
    ost__error_set(e, OST_INVALID, "the json of %s cannot be read: %s", d->model->table.model,
                   told);
    ost__error_about(e, d->model->table.model, NULL);
    ost__error_add_failure(e, "", "json", told);
    return OST_INVALID;
}

static ost_status syntax(const ost__json_reading *d)
{
    return broken(d, d->r.error, d->r.error_at);
}

/* Reads what is left of a value at this depth that was not read to its end. */
static ost_status leave_value(ost__json_reading *d, uint32_t depth)
{
    while (d->r.depth > depth)
        if (ost__json_next(&d->r) == OST__JSON_ERROR)
            return syntax(d);
    return OST_OK;
}

ost_status ost__json_reading_broken(const ost__json_reading *d, const char *sentence)
{
    return d->r.kind == OST__JSON_ERROR ? syntax(d)
                                        : broken(d, sentence, (size_t)(d->r.text - d->r.start));
}

/* ---- values ---- */

static ost_status read_value(ost__json_reading *d, const ost_field *f, void *record, bool granted);

static void read_chars(ost__json_reading *d, const ost_field *f, void *record)
{
    char sentence[64], *at = ost__member_at(f, record);
    if (d->r.kind != OST__JSON_STRING) {
        refuse(d, f, "type", ost__json_token_expected(f));
    } else if (d->r.decoded_size >= f->size) {
        ost__print(sentence, sizeof sentence, "must be at most %u bytes", (unsigned)f->size - 1);
        refuse(d, f, "max_length", sentence);
    } else {
        memset(at, 0, f->size);
        ost__json_decode(&d->r, at);
    }
}

static void read_null(ost__json_reading *d, const ost_field *f, void *record)
{
    const ost_value none = { .type = OST_TYPE_NONE };
    if (ost__field_nullable(f))
        ost__member_store(f, record, &none);
    else
        refuse(d, f, "required", f->required ? "must not be empty" : "must have a value");
}

/* Any value, in its canonical form. */
static ost_status read_json(ost__json_reading *d, const ost_field *f, void *record)
{
    const ost__memory *memory = d->rules.scratch->memory;
    const char *start = d->r.text - (d->r.kind == OST__JSON_STRING);
    ost__json_reader inner;
    ost__buffer out;
    ost_value v = { .type = OST_TYPE_JSON };
    if (!ost__json_skip(&d->r))
        return syntax(d);
    ost__buffer_init(&out, memory);
    ost_status status = ost__json_canonical(memory, start, (size_t)(d->r.at - start), &out, &inner);
    if (status == OST_INVALID) {
        refuse(d, f, "json", inner.error);
        status = OST_OK;
    } else if (status == OST_OK) {
        v.as.json.text = ost__arena_text(d->texts, out.data, out.size);
        status = v.as.json.text ? OST_OK : OST_NO_MEMORY;
        ost__member_store(f, record, &v);
    }
    ost__buffer_finish(&out);
    return status;
}

static ost_status read_scalar(ost__json_reading *d, const ost_field *f, void *record)
{
    ost_value v;
    ost_field told = *f;
    enum ost__fit fit = ost__json_token_value(&d->r, f, d->texts, &v);
    if (d->r.kind == OST__JSON_ERROR)
        return syntax(d);
    if (fit == OST__FIT_KIND) {
        refuse(d, f, "type", ost__json_token_expected(f));
        return OST_OK;
    }
    if (fit == OST__FIT_OK && v.type == OST_TYPE_NONE)
        return OST_NO_MEMORY;
    if (fit == OST__FIT_OK)
        fit = ost__value_fit(f, &v);
    told.name = d->path;
    if (fit == OST__FIT_OK)
        ost__member_store(f, record, &v);
    else
        ost__validate_fit(&d->verdict, &told, fit);
    return OST_OK;
}

/* ---- lists ---- */

/* Items that follow, with the one in which the text breaks off: what is wrong is told when it is
 * read. */
static size_t count_items(const ost__json_reader *list)
{
    ost__json_reader r = *list;
    size_t count = 0;
    while (ost__json_next(&r) != OST__JSON_CLOSE_LIST && r.kind != OST__JSON_ERROR) {
        count++;
        if (!ost__json_skip(&r))
            break;
    }
    return count;
}

/* Room for the items that follow. A few bytes of text may stand for a large struct: what they
 * become has a limit too. */
static ost_status take_items(ost__json_reading *d, size_t item_size, ost__list *out)
{
    size_t size, count = count_items(&d->r);
    if (!ost__size_mul(count, item_size, &size) || size > OST__JSON_SIZE_MAX - d->item_bytes)
        return ost__error_set(d->rules.error, OST_TOO_LARGE,
                              "the lists in the json of %s are larger than 64 MiB",
                              d->model->table.model);
    d->item_bytes += size;
    out->count = count;
    out->items = ost__arena_alloc_zeroed(d->texts, size, _Alignof(max_align_t));
    return out->items ? OST_OK : OST_NO_MEMORY;
}

static ost_status read_item(ost__json_reading *d, const ost_field *list, const ost_field *item,
                            char *at, bool granted)
{
    if (d->r.kind == OST__JSON_NULL) {
        refuse(d, item, "required", "must have a value");
        return OST_OK;
    }
    if (list->part)
        ost__rules_defaults(ost__model_of_table(list->part), at);
    return read_value(d, item, at, granted);
}

static ost_status read_list(ost__json_reading *d, const ost_field *f, void *record, bool granted)
{
    const ost_field item = ost__item_field(f);
    size_t before = d->path_size;
    uint32_t depth = d->r.depth;
    ost__list list = { .items = NULL };
    OST_TRY(take_items(d, item.size, &list));
    char *at = (char *)(uintptr_t)list.items;
    for (size_t i = 0; ost__json_next(&d->r) != OST__JSON_CLOSE_LIST; i++, at += item.size) {
        if (d->r.kind == OST__JSON_ERROR)
            return syntax(d);
        enter_item(d, i);
        OST_TRY(read_item(d, f, &item, at, granted));
        leave_member(d, before);
        OST_TRY(leave_value(d, depth));
    }
    memcpy(ost__member_at(f, record), &list, sizeof list);
    return OST_OK;
}

/* ---- objects ---- */

/* An object of the text, and the members that it stands for: those whose names begin with the
 * prefix, which ends in a dot unless it is empty. Flattened structs have such names. */
typedef struct object {
    const ost_table *table;
    const char *prefix;
    size_t prefix_size;
    char *record;
    bool granted; /* all of it may be set but what is hidden */
    ost__field_set seen;
    uint32_t next; /* most texts have the members' order */
} object;

/* What a program fills in itself, or the library, is not taken from outside unless it is asked for.
 */
static bool is_open(const ost_field *f)
{
    return !f->hidden && !f->hashed && !f->primary_key && f->generated == OST_GIVEN &&
           f->stamp == OST_NEVER && !f->version;
}

enum permission { REFUSED, INSIDE, GRANTED };

/* Whether the member that is being read may be set, or some of what is inside it. */
static enum permission permission(const ost__json_reading *d)
{
    const char *path = d->path + d->root;
    enum permission found = REFUSED;
    size_t size = strlen(path);
    for (const ost_member *only = d->only; only->path && found != GRANTED; only++) {
        if (strncmp(only->path, path, size) != 0)
            continue;
        if (only->path[size] == '\0')
            found = GRANTED;
        else if (only->path[size] == '.')
            found = INSIDE;
    }
    return found;
}

/* The name of a field within the object, up to a dot; NULL: it belongs to another. */
static const char *name_in(const object *o, const ost_field *f, size_t *size)
{
    if (strncmp(f->name, o->prefix, o->prefix_size) != 0)
        return NULL;
    const char *name = f->name + o->prefix_size;
    *size = strcspn(name, ".");
    return name;
}

static uint32_t field_of_key(const ost__json_reading *d, const object *o)
{
    uint32_t count = ost__model_of_table(o->table)->member_count, i = o->next;
    for (uint32_t n = 0; n < count; n++, i++) {
        size_t size = 0;
        if (i >= count)
            i = 0;
        const char *name = name_in(o, &o->table->fields[i], &size);
        if (name && ost__json_is(&d->r, name, size))
            return i;
    }
    return count;
}

static ost_status read_object(ost__json_reading *d, object *o);

/* The first of the fields that the same name of the text stands for. */
static uint32_t first_of_group(const object *o, uint32_t i)
{
    size_t size = 0, other = 0;
    const char *name = name_in(o, &o->table->fields[i], &size);
    for (; name && i > 0; i--) {
        const char *before = name_in(o, &o->table->fields[i - 1], &other);
        if (!before || other != size || memcmp(before, name, size) != 0)
            break;
    }
    return i;
}

/* A flattened struct: an object like any other, whose members are the table's own. */
static ost_status read_group(ost__json_reading *d, const object *o, const char *prefix,
                             size_t prefix_size, bool granted)
{
    object inner = { .table = o->table,
                     .prefix = prefix,
                     .prefix_size = prefix_size,
                     .record = o->record,
                     .granted = granted };
    if (d->r.kind == OST__JSON_OPEN_OBJECT)
        return read_object(d, &inner);
    const ost_field whole = { .type = OST_TYPE_EMBEDDED };
    if (d->r.kind == OST__JSON_NULL)
        read_null(d, &whole, o->record);
    else
        refuse(d, &whole, "type", ost__json_token_expected(&whole));
    return OST_OK;
}

/* Whether a field, or the flattened struct that it is of, may be set; *granted: with all that is
 * inside. */
static bool may_set(const ost__json_reading *d, const object *o, const ost_field *f, bool group,
                    bool *granted)
{
    *granted = o->granted;
    if (o->granted)
        return group || (!f->hidden && !f->hashed);
    if (!d->only)
        return group || is_open(f);
    enum permission p = permission(d);
    *granted = p == GRANTED;
    return p == GRANTED || (p == INSIDE && (group || f->type == OST_TYPE_EMBEDDED));
}

/* The member, from what was read into its slot. */
static ost_status load(ost__json_reading *d, const ost_field *f, void *image)
{
    ost_call call;
    ost_failure why;
    ost__conversion_begin(&call, d->model, OST_CALL_VALIDATE, d->texts, d->context);
    ost_status status = ost__conversion_load(&call, f, image);
    if (status == OST_INVALID && ost_error_failure(&call.error, 0, &why)) {
        refuse(d, f, "converts", why.message);
        return OST_OK;
    }
    if (status != OST_OK && d->rules.error)
        memcpy(d->rules.error, &call.error, sizeof call.error);
    return status;
}

static ost_status read_column(ost__json_reading *d, const object *o, const ost_field *f,
                              bool granted)
{
    uint32_t failures = d->verdict.failures;
    OST_TRY(read_value(d, f, o->record, granted));
    return f->converts && d->verdict.failures == failures ? load(d, f, o->record) : OST_OK;
}

static ost_status read_member(ost__json_reading *d, object *o)
{
    size_t size = 0, before = d->path_size;
    bool granted = false, group = false;
    const char *name = NULL;
    uint32_t i = field_of_key(d, o);
    const ost_field *f = &o->table->fields[i];
    if (i < ost__model_of_table(o->table)->member_count) {
        name = name_in(o, f, &size);
        group = name[size] == '.';
        enter_member(d, name, size);
    }
    if (!name || !may_set(d, o, f, group, &granted)) {
        leave_member(d, before);
        refuse_name(d);
        return OST_OK;
    }
    o->next = i + 1;
    if (group)
        i = first_of_group(o, i);
    if (ost__field_set_has(&o->seen, i)) {
        refuse(d, f, "twice", "is given twice");
        return OST_OK;
    }
    ost__field_set_add(&o->seen, i);
    if (ost__json_next(&d->r) == OST__JSON_ERROR)
        return syntax(d);
    if (group)
        return read_group(d, o, f->name, o->prefix_size + size + 1, granted);
    return read_column(d, o, f, granted);
}

static ost_status read_object(ost__json_reading *d, object *o)
{
    uint32_t depth = d->r.depth;
    while (ost__json_next(&d->r) == OST__JSON_KEY) {
        size_t before = d->path_size;
        OST_TRY(read_member(d, o));
        leave_member(d, before);
        if (d->verdict.no_memory)
            return OST_NO_MEMORY;
        /* The value of a name that was refused. */
        if (d->r.kind == OST__JSON_KEY && d->r.depth == depth && !ost__json_skip(&d->r))
            return syntax(d);
        OST_TRY(leave_value(d, depth));
        if (d->verdict.failures >= OST__JSON_FAILURES_MAX)
            return OST_INVALID;
    }
    return d->r.kind == OST__JSON_ERROR ? syntax(d) : OST_OK;
}

/* Reads the value whose first token is the last one into its member. */
static ost_status read_value(ost__json_reading *d, const ost_field *f, void *record, bool granted)
{
    uint8_t kind = d->r.kind;
    if (kind == OST__JSON_NULL) {
        read_null(d, f, record);
        return OST_OK;
    }
    switch (f->type) {
    case OST_TYPE_CHARS: read_chars(d, f, record); return OST_OK;
    case OST_TYPE_JSON: return read_json(d, f, record);
    case OST_TYPE_LIST:
        if (kind == OST__JSON_OPEN_LIST)
            return read_list(d, f, record, granted);
        break;
    case OST_TYPE_EMBEDDED:
        if (kind == OST__JSON_OPEN_OBJECT)
            return read_object(d, &(object){ .table = f->part,
                                             .prefix = "",
                                             .record = ost__member_at(f, record),
                                             .granted = granted });
        break;
    default: return read_scalar(d, f, record);
    }
    refuse(d, f, "type", ost__json_token_expected(f));
    return OST_OK;
}

void ost__json_reading_begin(ost__json_reading *d, const ost__model *m, const char *text,
                             size_t size)
{
    ost__json_read(&d->r, text, size);
    d->model = m;
    d->verdict = (ost__verdict){ .model = m, .rules = &d->rules };
    d->root = 0;
    d->item_bytes = 0;
    leave_member(d, 0);
}

void ost__json_reading_item(ost__json_reading *d, size_t index)
{
    leave_member(d, ost__print(d->path, sizeof d->path, "[%zu]", index));
    d->root = d->path_size + 1;
}

ost_status ost__record_from_json(ost__json_reading *d, void *shadow)
{
    if (d->r.kind == OST__JSON_OPEN_OBJECT)
        return read_object(d,
                           &(object){ .table = &d->model->table, .prefix = "", .record = shadow });
    if (d->r.kind == OST__JSON_ERROR)
        return syntax(d);
    if (d->path_size == 0)
        return ost__json_reading_broken(d, "an object is expected");
    refuse(d, &(const ost_field){ .name = d->path }, "type", "must be an object");
    if (!ost__json_skip(&d->r))
        return syntax(d);
    return d->verdict.failures < OST__JSON_FAILURES_MAX ? OST_OK : OST_INVALID;
}

ost_status ost__json_reading_finish(ost__json_reading *d, ost_status status)
{
    ost_error *e = d->rules.error;
    bool full = d->verdict.failures >= OST__JSON_FAILURES_MAX;
    if (status == OST_OK && ost__json_next(&d->r) == OST__JSON_ERROR)
        status = syntax(d);
    if (status == OST_OK || (status == OST_INVALID && full))
        status = ost__verdict_finish(&d->verdict);
    if (status == OST_NO_MEMORY)
        ost__error_set(e, OST_NO_MEMORY, "no memory for the texts of %s", d->model->table.model);
    /* What no database could store and what no record could hold are the same from outside. */
    if (status == OST_RANGE)
        status = OST_INVALID;
    if (e && status != OST_OK) {
        e->status = (uint16_t)status;
        e->nothing_sent = 1;
    }
    return status;
}
