/* SPDX-License-Identifier: MIT */
#include "model/record_from_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/json_number.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"

enum { NAME_MAX_SHOWN = 64, SHORT_TEXT = 128 };

/* ---- where, and what is wrong ---- */

static void enter_member(ost__json_reading *d, const char *name)
{
    const char *dot = d->path_size > 0 ? "." : "";
    d->path_size +=
        ost__print(d->path + d->path_size, sizeof d->path - d->path_size, "%s%s", dot, name);
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
    if (decoded.failed) {
        d->verdict.no_memory = true;
        return;
    }
    ost__copy_text(name, sizeof name, decoded.data ? decoded.data : "");
    for (char *p = name; *p; p++)
        if ((uint8_t)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    ost__buffer_finish(&decoded);
    enter_member(d, name);
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

ost_status ost__json_reading_broken(const ost__json_reading *d, const char *sentence)
{
    return d->r.kind == OST__JSON_ERROR ? syntax(d)
                                        : broken(d, sentence, (size_t)(d->r.text - d->r.start));
}

/* ---- values ---- */

static const char *expected(const ost_field *f)
{
    switch (ost__base_type(f->type)) {
    case OST_TYPE_BOOL: return "must be true or false";
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return "must be a number";
    case OST_TYPE_DECIMAL: return "must be a number, or a string of one";
    case OST_TYPE_TEXT:
    case OST_TYPE_CHARS: return "must be a string";
    case OST_TYPE_BLOB: return "must be a string in base64";
    case OST_TYPE_TIME: return "must be an instant such as 2024-02-29T12:00:00+01:00";
    case OST_TYPE_DATE: return "must be a day such as 2024-02-29";
    case OST_TYPE_UUID: return "must be a uuid, in a string";
    case OST_TYPE_OBJECT_ID: return "must be a string of 24 hexadecimal digits";
    default: return "must be a whole number";
    }
}

/* A string that has to be short to be right, with a NUL. */
static bool short_text(const ost__json_reading *d, char out[SHORT_TEXT])
{
    if (d->r.kind != OST__JSON_STRING || d->r.decoded_size >= SHORT_TEXT)
        return false;
    ost__json_decode(&d->r, out);
    out[d->r.decoded_size] = '\0';
    return true;
}

static enum ost__fit parse_whole(const ost__json_reading *d, uint16_t base, ost_value *v)
{
    const char *text = d->r.text;
    size_t size = d->r.size;
    bool digits = base == OST_TYPE_UINT64 && d->r.kind == OST__JSON_STRING && size > 0;
    for (size_t i = 0; digits && i < size; i++)
        digits = text[i] >= '0' && text[i] <= '9';
    if ((!digits && d->r.kind != OST__JSON_NUMBER) || !ost__json_is_whole(text, size))
        return OST__FIT_KIND;
    v->type = OST_TYPE_INT64;
    if (ost__json_int64(text, size, &v->as.integer))
        return OST__FIT_OK;
    v->type = OST_TYPE_UINT64;
    return ost__json_uint64(text, size, &v->as.natural) ? OST__FIT_OK : OST__FIT_RANGE;
}

static enum ost__fit parse_real(const ost__json_reading *d, ost_value *v)
{
    v->type = OST_TYPE_DOUBLE;
    if (d->r.kind != OST__JSON_NUMBER)
        return OST__FIT_KIND;
    return ost__json_double_of(d->r.text, d->r.size, &v->as.real) ? OST__FIT_OK : OST__FIT_RANGE;
}

static enum ost__fit parse_decimal(const ost__json_reading *d, ost_value *v)
{
    char text[SHORT_TEXT];
    v->type = OST_TYPE_DECIMAL;
    if (d->r.kind == OST__JSON_NUMBER)
        return ost__json_decimal(d->r.text, d->r.size, &v->as.decimal) ? OST__FIT_OK
                                                                       : OST__FIT_RANGE;
    return short_text(d, text) && ost_decimal_parse(text, &v->as.decimal) ? OST__FIT_OK
                                                                          : OST__FIT_KIND;
}

/* Kinds with a text of their own. */
static enum ost__fit parse_printed(const ost__json_reading *d, uint16_t base, ost_value *v)
{
    char text[SHORT_TEXT];
    bool right;
    if (!short_text(d, text))
        return OST__FIT_KIND;
    v->type = base;
    switch (base) {
    case OST_TYPE_TIME: right = ost_time_parse(text, &v->as.time); break;
    case OST_TYPE_DATE: right = ost_date_parse(text, &v->as.date); break;
    case OST_TYPE_UUID: right = ost_uuid_parse(text, &v->as.uuid); break;
    default: right = ost_object_id_parse(text, &v->as.object_id); break;
    }
    return right ? OST__FIT_OK : OST__FIT_KIND;
}

static enum ost__fit parse_name(const ost__json_reading *d, const ost_field *f, ost_value *v)
{
    for (uint64_t i = 0; d->r.kind == OST__JSON_STRING && f->values[i]; i++) {
        if (!ost__json_is(&d->r, f->values[i], strlen(f->values[i])))
            continue;
        *v = (ost_value){ .type = OST_TYPE_UINT64, .as = { .natural = i } };
        return OST__FIT_OK;
    }
    return OST__FIT_VALUES;
}

static char *decode(ost__json_reading *d)
{
    char *copy = ost__arena_alloc(d->texts, d->r.decoded_size + 1, 1);
    if (!copy) {
        d->verdict.no_memory = true;
        return NULL;
    }
    ost__json_decode(&d->r, copy);
    copy[d->r.decoded_size] = '\0';
    return copy;
}

static enum ost__fit parse_text(ost__json_reading *d, ost_value *v)
{
    if (d->r.kind != OST__JSON_STRING)
        return OST__FIT_KIND;
    v->type = OST_TYPE_TEXT;
    v->as.text = decode(d);
    return OST__FIT_OK;
}

static enum ost__fit parse_blob(ost__json_reading *d, ost_value *v)
{
    if (d->r.kind != OST__JSON_STRING)
        return OST__FIT_KIND;
    char *bytes = decode(d);
    v->type = OST_TYPE_BLOB;
    v->as.blob.data = bytes;
    if (bytes && !ost__base64_decode(bytes, d->r.decoded_size, bytes, &v->as.blob.size))
        return OST__FIT_KIND;
    return OST__FIT_OK;
}

static enum ost__fit parse(ost__json_reading *d, const ost_field *f, ost_value *v)
{
    uint16_t base = ost__base_type(f->type);
    *v = (ost_value){ .type = OST_TYPE_NONE };
    if (ost__field_is_enum(f))
        return parse_name(d, f, v);
    switch (base) {
    case OST_TYPE_BOOL:
        *v = (ost_value){ .type = OST_TYPE_BOOL, .as = { .boolean = d->r.kind == OST__JSON_TRUE } };
        return d->r.kind == OST__JSON_TRUE || d->r.kind == OST__JSON_FALSE ? OST__FIT_OK
                                                                           : OST__FIT_KIND;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: return parse_real(d, v);
    case OST_TYPE_DECIMAL: return parse_decimal(d, v);
    case OST_TYPE_TEXT: return parse_text(d, v);
    case OST_TYPE_BLOB: return parse_blob(d, v);
    case OST_TYPE_TIME:
    case OST_TYPE_DATE:
    case OST_TYPE_UUID:
    case OST_TYPE_OBJECT_ID: return parse_printed(d, base, v);
    default: return parse_whole(d, base, v);
    }
}

static void read_chars(ost__json_reading *d, const ost_field *f, void *record)
{
    char sentence[64], *at = ost__member_at(f, record);
    if (d->r.kind != OST__JSON_STRING) {
        refuse(d, f, "type", expected(f));
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

/* Reads the value whose first token is the last one into its member. */
static void read_value(ost__json_reading *d, const ost_field *f, void *record)
{
    ost_value v;
    if (d->r.kind == OST__JSON_NULL) {
        read_null(d, f, record);
        return;
    }
    if (f->type == OST_TYPE_CHARS) {
        read_chars(d, f, record);
        return;
    }
    enum ost__fit fit = parse(d, f, &v);
    if (d->verdict.no_memory)
        return;
    if (fit == OST__FIT_KIND) {
        refuse(d, f, "type", expected(f));
        return;
    }
    if (fit == OST__FIT_OK)
        fit = ost__value_fit(f, &v);
    if (fit == OST__FIT_OK) {
        ost__member_store(f, record, &v);
        return;
    }
    ost_field told = *f;
    told.name = d->path;
    ost__validate_fit(&d->verdict, &told, fit);
}

/* ---- records ---- */

/* What a program fills in itself, or the library, is not taken from outside unless it is asked for.
 */
static bool is_open(const ost_field *f)
{
    return !f->hidden && !f->primary_key && f->generated == OST_GIVEN && f->stamp == OST_NEVER &&
           !f->version;
}

static bool is_allowed(const ost__json_reading *d, const ost_field *f)
{
    if (!d->only)
        return is_open(f);
    for (const ost_member *only = d->only; only->path; only++)
        if (strcmp(only->path, d->path + d->root) == 0)
            return true;
    return false;
}

/* The field of the key, looked for from `from` on: most texts have the members' order. */
static uint32_t field_of_key(const ost__json_reading *d, const ost_table *t, uint32_t from)
{
    for (uint32_t n = 0; n < t->field_count; n++, from++) {
        if (from >= t->field_count)
            from = 0;
        if (ost__json_is(&d->r, t->fields[from].name, strlen(t->fields[from].name)))
            return from;
    }
    return t->field_count;
}

static void read_member(ost__json_reading *d, const ost_table *t, ost__field_set *seen,
                        uint32_t *next, void *record)
{
    size_t before = d->path_size;
    uint32_t i = field_of_key(d, t, *next);
    if (i == t->field_count) {
        refuse_name(d);
        return;
    }
    const ost_field *f = &t->fields[i];
    enter_member(d, f->name);
    if (!is_allowed(d, f)) {
        leave_member(d, before);
        refuse_name(d);
        return;
    }
    *next = i + 1;
    if (ost__field_set_has(seen, i)) {
        refuse(d, f, "twice", "is given twice");
    } else {
        ost__field_set_add(seen, i);
        ost__json_next(&d->r);
        read_value(d, f, record);
    }
    leave_member(d, before);
}

static ost_status read_object(ost__json_reading *d, const ost_table *t, void *record)
{
    ost__field_set seen = { .words = { 0 } };
    uint32_t next = 0;
    while (ost__json_next(&d->r) == OST__JSON_KEY) {
        read_member(d, t, &seen, &next, record);
        if (d->verdict.no_memory)
            return OST_NO_MEMORY;
        /* What was not looked into: the value of a name that was refused, a list for a text. */
        if (!ost__json_skip(&d->r))
            return syntax(d);
        if (d->verdict.failures >= OST__JSON_FAILURES_MAX)
            return OST_INVALID;
    }
    return d->r.kind == OST__JSON_ERROR ? syntax(d) : OST_OK;
}

void ost__json_reading_begin(ost__json_reading *d, const ost__model *m, const char *text,
                             size_t size)
{
    ost__json_read(&d->r, text, size);
    d->model = m;
    d->verdict = (ost__verdict){ .model = m, .rules = &d->rules };
    d->root = 0;
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
        return read_object(d, &d->model->table, shadow);
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
