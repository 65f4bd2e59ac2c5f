/* SPDX-License-Identifier: MIT */
#include "model/validate.h"

#include <string.h>

#include "base/buffer.h"
#include "base/civil.h"
#include "base/document.h"
#include "base/error.h"
#include "base/json_value.h"
#include "base/text_format.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/functions.h"
#include "model/member.h"
#include "model/nested.h"
#include "model/pattern.h"

enum { SENTENCE_SIZE = 200, PATH_SIZE = 256 };

/* ---- messages ---- */

static const char *own_message(const ost_field *f, const char *rule)
{
    const ost_messages *m = f->messages;
    if (!m)
        return NULL;
    const struct {
        const char *rule, *message;
    } own[] = {
        { "required", m->required },
        { "unique", m->unique },
        { "min_length", m->min_length },
        { "max_length", m->max_length },
        { "min", m->min },
        { "max", m->max },
        { "pattern", m->pattern },
        { "format", m->format },
        { "values", m->values },
        { "check", m->check },
        { "immutable", m->immutable },
        { "foreign_key", m->foreign_key },
        { "range", m->range },
        { "nan", m->range },
        { "scale", m->range },
        { "precision", m->range },
        { "utf8", m->range },
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(own[i].rule, rule) == 0)
            return own[i].message;
    return NULL;
}

const char *ost__rules_message(const ost_field *f, const char *rule)
{
    static const struct {
        const char *rule, *message;
    } general[] = {
        { "required", "must not be empty" },
        { "unique", "is taken already" },
        { "min_length", "is too short" },
        { "max_length", "is too long" },
        { "min", "is too small" },
        { "max", "is too large" },
        { "values", "must be one of the values that are allowed" },
        { "pattern", "does not have the form that is asked for" },
        { "check", "breaks a rule of the database" },
        { "foreign_key", "refers to a record that does not exist" },
        { "range", "is outside what can be stored" },
    };
    const char *own = own_message(f, rule);
    if (own)
        return own;
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++)
        if (strcmp(general[i].rule, rule) == 0)
            return general[i].message;
    return "is not valid";
}

size_t ost__place_print(const ost__place *p, const char *name, char *out, size_t size)
{
    const ost__place *outer[OST__DOCUMENT_DEPTH * 2 + 2];
    size_t count = 0, at = 0;
    for (; p && count < sizeof outer / sizeof outer[0]; p = p->outer)
        outer[count++] = p;
    while (count > 0 && at + 1 < size) {
        p = outer[--count];
        if (p->item)
            at += ost__print(out + at, size - at, "%s[%zu]", p->name, p->index);
        else
            at += ost__print(out + at, size - at, "%s", p->name);
        /* An item that is no struct has the list's name already. */
        if (at + 1 < size && !(count == 0 && p->item && p->name == name))
            at += ost__print(out + at, size - at, ".");
        else if (count == 0 && p->item)
            return at;
    }
    return at + ost__print(out + at, size - at, "%s", name);
}

static void fail(ost__verdict *d, const ost_field *f, ost_status status, const char *rule,
                 const char *sentence)
{
    ost_error *e = d->rules->error;
    ost_call *call = d->rules->call;
    if (d->stopped != OST_OK)
        return;
    const char *own = own_message(f, rule);
    const char *message = own ? own : sentence;
    char path[PATH_SIZE];
    ost__place_print(d->place, f->name, path, sizeof path);
    if (call ? call->failures == 0 : d->failures == 0) {
        ost__error_set(e, OST_INVALID, "%s.%s: %s", d->model->table.model, path, message);
        ost__error_about(e, d->model->table.model, path);
    }
    ost__error_add_failure(e, path, rule, message);
    d->failures++;
    d->out_of_range += status == OST_RANGE;
    if (call)
        call->failures++;
}

void ost__validate_refuse(ost__verdict *d, const ost_field *f, ost_status status, const char *rule,
                          const char *sentence)
{
    fail(d, f, status, rule, sentence);
}

OST__HOT ost_status ost__verdict_finish(ost__verdict *d)
{
    ost_error *e = d->rules->error;
    if (d->no_memory)
        return ost__error_set(e, OST_NO_MEMORY, "no memory for the texts of %s",
                              d->model->table.model);
    if (d->stopped != OST_OK)
        return d->stopped;
    if (d->failures == 0)
        return OST_OK;
    ost_status status = d->failures == d->out_of_range ? OST_RANGE : OST_INVALID;
    if (!e)
        return status;
    e->status = (uint16_t)status;
    e->nothing_sent = 1;
    if (d->failures > 1) {
        char more[40];
        size_t size = ost__print(more, sizeof more, " (and %u more)", (unsigned)d->failures - 1);
        size_t kept = ost__utf8_cut(e->message, strlen(e->message));
        if (kept > sizeof e->message - 1 - size)
            kept = ost__utf8_cut(e->message, sizeof e->message - 1 - size);
        memcpy(e->message + kept, more, size + 1);
    }
    return status;
}

/* ---- texts ---- */

/* Trims and lowers. The result is the text itself, or lies in the scratch memory. */
static bool normalise(ost__verdict *d, const ost_field *f, const char **text, size_t *size)
{
    ost__arena *scratch = d->rules->scratch;
    const char *t = *text;
    size_t n = *size;
    if (f->trim)
        ost__utf8_trim(&t, &n);
    if (f->lowercase && !ost__utf8_is_lower(t, n)) {
        ost__buffer b;
        ost__buffer_init(&b, scratch->memory);
        ost__utf8_lower(&b, t, n);
        const char *copy = b.failed ? NULL : ost__arena_text(scratch, b.data, b.size);
        *size = b.size;
        *text = copy;
        ost__buffer_finish(&b);
    } else if (n != *size) {
        *text = ost__arena_text(scratch, t, n);
        *size = n;
    }
    if (!*text)
        d->no_memory = true;
    return *text != NULL;
}

static void fail_length(ost__verdict *d, const ost_field *f, const char *rule, size_t bound,
                        const char *unit)
{
    char sentence[SENTENCE_SIZE];
    ost__print(sentence, sizeof sentence, "must be at %s %zu %s%s",
               strcmp(rule, "max_length") == 0 ? "most" : "least", bound, unit,
               bound == 1 ? "" : "s");
    fail(d, f, OST_INVALID, rule, sentence);
}

/* The length is counted only where its bytes leave it open. */
static void check_text_length(ost__verdict *d, const ost_field *f, const char *text, size_t size)
{
    size_t least = f->min_length, most = f->max_length;
    if (f->hashed) {
        least = ost__field_more(f)->plain_min;
        most = ost__field_more(f)->plain_max;
    }
    if (most && size > most && ost__utf8_length(text, size) > most)
        fail_length(d, f, "max_length", most, "character");
    if (least && size / 4 < least && ost__utf8_length(text, size) < least)
        fail_length(d, f, "min_length", least, "character");
}

/* "must be one of a, b, c", or as much of it as fits. */
static void fail_values(ost__verdict *d, const ost_field *f, ost_status status)
{
    char sentence[SENTENCE_SIZE];
    size_t size = ost__print(sentence, sizeof sentence, "must be one of ");
    for (size_t i = 0; f->values[i]; i++) {
        const char *comma = i ? ", " : "";
        if (size + strlen(comma) + strlen(f->values[i]) + 6 > sizeof sentence) {
            ost__print(sentence + size, sizeof sentence - size, ", …");
            break;
        }
        size += ost__print(sentence + size, sizeof sentence - size, "%s%s", comma, f->values[i]);
    }
    fail(d, f, status, "values", sentence);
}

static bool is_value(const ost_field *f, const char *text)
{
    for (size_t i = 0; f->values[i]; i++)
        if (strcmp(f->values[i], text) == 0)
            return true;
    return false;
}

static void check_format(ost__verdict *d, const ost_field *f, const char *text, size_t size)
{
    static const char *const sentences[] = {
        [OST_ANY_TEXT] = "",
        [OST_EMAIL] = "must be an e-mail address",
        [OST_URL] = "must be a web address that begins with http:// or https://",
        [OST_ALPHANUMERIC] = "must be of the letters a to z and digits alone",
        [OST_SLUG] = "must be words of lower-case letters a to z and digits, joined by hyphens",
        [OST_UUID_TEXT] = "must be a UUID, such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    };
    if (!ost__text_has_format(f->format, text, size))
        fail(d, f, OST_INVALID, "format", sentences[f->format]);
}

static void check_pattern(ost__verdict *d, const ost_field *f, const char *text, size_t size)
{
    const ost__field_extra *more = ost__field_more(f);
    switch (ost__pattern_match(more->pattern, text, size, d->rules->scratch)) {
    case OST__MATCH_YES: return;
    case OST__MATCH_NO:
        fail(d, f, OST_INVALID, "pattern", ost__rules_message(f, "pattern"));
        return;
    case OST__MATCH_TOO_HARD:
        fail(d, f, OST_INVALID, "pattern",
             "is too hard to compare with the pattern that is asked for");
        return;
    case OST__MATCH_NO_MEMORY: d->no_memory = true; return;
    }
}

/* A text of `size` bytes; `*text` becomes the normalised one. */
OST__HOT static void check_text(ost__verdict *d, const ost_field *f, const char **text, size_t size)
{
    if (!ost__utf8_valid(*text, size)) {
        fail(d, f, OST_RANGE, "utf8", "is not valid utf-8");
        return;
    }
    if ((f->trim || f->lowercase) && !normalise(d, f, text, &size))
        return;
    if (f->type == OST_TYPE_CHARS && size >= f->size) {
        char sentence[SENTENCE_SIZE];
        ost__print(sentence, sizeof sentence, "must be at most %u bytes", (unsigned)f->size - 1);
        fail(d, f, OST_RANGE, "max_length", sentence);
        return;
    }
    if (f->required && size == 0) {
        fail(d, f, OST_INVALID, "required", "must not be empty");
        return;
    }
    check_text_length(d, f, *text, size);
    if (f->values && !is_value(f, *text))
        fail_values(d, f, OST_INVALID);
    if (f->format != OST_ANY_TEXT)
        check_format(d, f, *text, size);
    if (f->pattern)
        check_pattern(d, f, *text, size);
}

static void check_blob(ost__verdict *d, const ost_field *f, ost_blob blob)
{
    if (f->required && blob.size == 0) {
        fail(d, f, OST_INVALID, "required", "must not be empty");
        return;
    }
    if (f->max_length && blob.size > f->max_length)
        fail_length(d, f, "max_length", f->max_length, "byte");
    if (blob.size < f->min_length)
        fail_length(d, f, "min_length", f->min_length, "byte");
}

/* ---- numbers and times ---- */

static void print_bound(const ost_value *v, char *out)
{
    switch (v->type) {
    case OST_TYPE_INT64: ost__print_int(v->as.integer, out); break;
    case OST_TYPE_UINT64: ost__print_uint(v->as.natural, out); break;
    case OST_TYPE_DOUBLE: ost__print_double(v->as.real, out); break;
    case OST_TYPE_DECIMAL: ost_decimal_print(v->as.decimal, out); break;
    case OST_TYPE_TIME: ost_time_print(v->as.time, out); break;
    case OST_TYPE_DATE: ost_date_print(v->as.date, out); break;
    default: out[0] = '\0'; break;
    }
}

static void check_bounds(ost__verdict *d, const ost_field *f, const ost_value *v)
{
    char bound[64] = { 0 }, sentence[SENTENCE_SIZE];
    if (f->min && ost__value_compare(v, f->min) < 0) {
        print_bound(f->min, bound);
        ost__print(sentence, sizeof sentence, "must be at least %s", bound);
        fail(d, f, OST_INVALID, "min", sentence);
    }
    if (f->max && ost__value_compare(v, f->max) > 0) {
        memset(bound, 0, sizeof bound);
        print_bound(f->max, bound);
        ost__print(sentence, sizeof sentence, "must be at most %s", bound);
        fail(d, f, OST_INVALID, "max", sentence);
    }
}

void ost__validate_fit(ost__verdict *d, const ost_field *f, enum ost__fit fit)
{
    char sentence[SENTENCE_SIZE];
    uint16_t base = ost__base_type(f->type);
    switch (fit) {
    case OST__FIT_NAN: fail(d, f, OST_RANGE, "nan", "must be a number"); return;
    case OST__FIT_SCALE:
        ost__print(sentence, sizeof sentence, "must have at most %u digits after the point",
                   (unsigned)f->scale);
        fail(d, f, OST_RANGE, "scale", sentence);
        return;
    case OST__FIT_PRECISION:
        ost__print(sentence, sizeof sentence, "must have at most %u digits before the point",
                   (unsigned)(f->precision - f->scale));
        fail(d, f, OST_RANGE, "precision", sentence);
        return;
    case OST__FIT_VALUES: fail_values(d, f, OST_RANGE); return;
    default: break;
    }
    if (base == OST_TYPE_TIME || base == OST_TYPE_DATE)
        fail(d, f, OST_RANGE, "range", "must lie in the years 1 to 9999");
    else
        fail(d, f, OST_RANGE, "range", "is outside the range of its type");
}

/* A password that is hashed already: the rules were for the plain text. */
static bool is_hash(const ost__verdict *d, const ost_field *f, const char *text)
{
    const char *stored = NULL;
    if (d->rules->stored)
        memcpy(&stored, ost__member_at(f, d->rules->stored), sizeof stored);
    return ost__password_is_hashed(d->rules->hashing, text, stored);
}

/* What is stored is the canonical form: equal values are equal texts. */
static void check_json(ost__verdict *d, const ost_field *f, ost_json *json)
{
    ost__arena *scratch = d->rules->scratch;
    char sentence[SENTENCE_SIZE];
    ost__json_reader r = { .error = NULL };
    ost__buffer out;
    ost__buffer_init(&out, scratch->memory);
    ost_status status =
        ost__json_canonical(scratch->memory, json->text, strlen(json->text), &out, &r);
    const char *copy = NULL;
    if (status == OST_OK && !out.failed)
        copy = ost__arena_text(scratch, out.data, out.size);
    ost__buffer_finish(&out);
    if (status == OST_INVALID) {
        ost__print(sentence, sizeof sentence, "is not valid json: %s", r.error ? r.error : "");
        fail(d, f, OST_RANGE, "json", sentence);
    } else if (!copy) {
        d->no_memory = true;
    } else {
        json->text = copy;
    }
}

static void check_point(ost__verdict *d, const ost_field *f, ost_point p)
{
    bool longitude = p.longitude >= -180 && p.longitude <= 180;
    bool latitude = p.latitude >= -90 && p.latitude <= 90;
    if (!longitude || !latitude)
        fail(d, f, OST_RANGE, "range",
             "must have a longitude of -180 to 180 and a latitude of -90 to 90 degrees");
}

bool ost__validate_is_hash(const ost__verdict *d, const ost_field *f, const void *shadow)
{
    const char *text;
    memcpy(&text, ost__member_at(f, shadow), sizeof text);
    return text && is_hash(d, f, text);
}

void ost__validate_plain_value(ost__verdict *d, const ost_field *f, ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_NONE:
        if (f->required || f->not_null || f->primary_key)
            fail(d, f, OST_INVALID, "required",
                 f->required ? "must not be empty" : "must have a value");
        return;
    case OST_TYPE_TEXT:
        if (ost__type_is_text(f->type)) {
            if (f->hashed && is_hash(d, f, v->as.text))
                return;
            check_text(d, f, &v->as.text, strlen(v->as.text));
            return;
        }
        break;
    case OST_TYPE_BLOB: check_blob(d, f, v->as.blob); return;
    case OST_TYPE_JSON: check_json(d, f, &v->as.json); return;
    case OST_TYPE_POINT: check_point(d, f, v->as.point); return;
    default: break;
    }
    enum ost__fit fit = ost__value_fit(f, v);
    if (fit != OST__FIT_OK)
        ost__validate_fit(d, f, fit);
    else
        check_bounds(d, f, v);
}

/* ---- members ---- */

OST__HOT static void validate_text(ost__verdict *d, const ost_field *f, void *shadow,
                                   const char *text, size_t size)
{
    uint32_t failures = d->failures;
    const char *before = text;
    if (f->hashed && is_hash(d, f, text))
        return;
    check_text(d, f, &text, size);
    if (text == before || d->no_memory || d->failures != failures)
        return;
    ost_value v = { .type = OST_TYPE_TEXT, .as = { .text = text } };
    ost__member_store(f, shadow, &v);
}

static void validate_chars(ost__verdict *d, const ost_field *f, void *shadow)
{
    size_t size = ost__chars_length(f, shadow);
    if (size == f->size)
        fail(d, f, OST_RANGE, "range", "has no terminating NUL");
    else
        validate_text(d, f, shadow, ost__member_at(f, shadow), size);
}

/* Whether the member needs no closer look: the everyday kinds without bounds. */
static bool is_plainly_good(const ost_field *f, const void *p)
{
    double real;
    ost_time time;
    if (f->min || f->max)
        return false;
    switch (f->type) {
    case OST_TYPE_DOUBLE: memcpy(&real, p, sizeof real); return real < 0 || real > 0;
    case OST_TYPE_TIME:
        memcpy(&time, p, sizeof time);
        return !ost__field_keeps_seconds(f) && ost__time_in_range(time);
    default: return false;
    }
}

void ost__validate_plain(ost__verdict *d, const ost_field *f, void *shadow)
{
    const char *p = ost__member_at(f, shadow), *text;
    if (f->type == OST_TYPE_EMBEDDED || f->type == OST_TYPE_LIST) {
        ost__validate_nested(d, f, ost__member_at(f, shadow));
        return;
    }
    if (f->type == OST_TYPE_CHARS) {
        validate_chars(d, f, shadow);
        return;
    }
    if (f->type == OST_TYPE_TEXT) {
        memcpy(&text, p, sizeof text);
        if (text) {
            validate_text(d, f, shadow, text, strlen(text));
            return;
        }
    }
    if (is_plainly_good(f, p))
        return;
    ost_value v = ost__member_value(f, shadow);
    ost__validate_plain_value(d, f, &v);
    /* The kinds that have several forms of one value: they are stored in one. */
    if (v.type == OST_TYPE_DECIMAL || v.type == OST_TYPE_DOUBLE || v.type == OST_TYPE_TIME ||
        v.type == OST_TYPE_JSON)
        ost__member_store(f, shadow, &v);
}

/* What is said of a list of scalars is said of its items. */
static bool has_functions(const ost_field *f)
{
    return ost__field_has_functions(f) && (f->type != OST_TYPE_LIST || f->part);
}

OST__HOT void ost__validate_member(ost__verdict *d, const ost_field *f, void *shadow)
{
    if (has_functions(f))
        ost__functions_member(d, f, shadow);
    else
        ost__validate_plain(d, f, shadow);
}

void ost__validate_value(ost__verdict *d, const ost_field *f, ost_value *v)
{
    if (has_functions(f))
        ost__functions_value(d, f, v);
    else
        ost__validate_plain_value(d, f, v);
}
