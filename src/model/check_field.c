/* SPDX-License-Identifier: MIT */
#include "model/check.h"

#include <string.h>

#include "base/scalar.h"
#include "base/utf8.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/parts.h"

bool ost__field_unbounded(const ost_field *f)
{
    return (f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB) && f->max_length == 0 &&
           !f->values;
}

bool ost__fields_alike(const ost_field *a, const ost_field *b)
{
    bool texts = ost__type_is_text(a->type) && ost__type_is_text(b->type);
    return (texts || ost__base_type(a->type) == ost__base_type(b->type)) &&
           !a->values == !b->values && a->precision == b->precision && a->scale == b->scale &&
           a->stored == b->stored;
}

static bool check_place(ost__check *c, const ost__model *m, const ost_field *f)
{
    uint32_t size = ost__type_size(f->type);
    if (f->type == OST_TYPE_CHARS)
        size = f->size;
    if (f->type == OST_TYPE_EMBEDDED && f->part)
        size = (uint32_t)f->part->record_size;
    if (size == 0) {
        ost__check_fail(c, f->name, "type", "has the unknown type %u: write it with OST_FIELD()",
                        (unsigned)f->type);
        return false;
    }
    if (f->size != size) {
        ost__check_fail(c, f->name, "size",
                        "has %u bytes, but %s has %u: write it with OST_FIELD()", (unsigned)f->size,
                        ost__type_name(f->type), (unsigned)size);
        return false;
    }
    const ost_field *first = m->fields;
    if (f->owner && first->owner && strcmp(f->owner, first->owner) != 0) {
        ost__check_fail(c, f->name, "owner",
                        "was written for struct %s, but %s for struct %s: give OST_FIELD() the "
                        "model's own struct",
                        f->owner, first->name, first->owner);
        return false;
    }
    if (ost__field_place(f) > m->size || ost__field_place_size(f) > m->size - ost__field_place(f)) {
        ost__check_fail(c, f->name, "offset", "lies outside the struct of %zu bytes", m->size);
        return false;
    }
    if (!f->converts && f->offset % ost__type_align(f->type) != 0) {
        ost__check_fail(c, f->name, "offset",
                        "is not aligned for %s: a packed struct cannot be stored",
                        ost__type_name(f->type));
        return false;
    }
    return true;
}

static void check_unsupported(ost__check *c, const ost_field *f)
{
    const struct {
        bool given;
        const char *what;
    } options[] = {
        { f->encrypted, ".encrypted" },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].given)
            ost__check_unsupported(c, f->name, options[i].what);
}

static void check_lengths(ost__check *c, const ost_field *f)
{
    if (f->min_length == 0 && f->max_length == 0)
        return;
    if (!ost__type_is_text(f->type) && f->type != OST_TYPE_BLOB) {
        ost__check_fail(c, f->name, f->max_length ? "max_length" : "min_length",
                        "a length is for texts and blobs, but this is %s: leave it out",
                        ost__type_name(f->type));
        return;
    }
    if (f->max_length && f->min_length > f->max_length)
        ost__check_fail(c, f->name, "min_length",
                        ".min_length %zu is above .max_length %zu: no value would be allowed",
                        f->min_length, f->max_length);
    if (f->type != OST_TYPE_CHARS)
        return;
    if (f->max_length >= f->size)
        ost__check_fail(c, f->name, "max_length",
                        ".max_length %zu does not fit char[%u] with its NUL: at most %u",
                        f->max_length, (unsigned)f->size, (unsigned)f->size - 1);
    if (f->min_length >= f->size)
        ost__check_fail(c, f->name, "min_length",
                        ".min_length %zu does not fit char[%u] with its NUL: at most %u",
                        f->min_length, (unsigned)f->size, (unsigned)f->size - 1);
}

/* What is wrong with a value that does not fit. */
static const char *misfit(enum ost__fit fit)
{
    switch (fit) {
    case OST__FIT_KIND: return "is of another kind";
    case OST__FIT_NAN: return "is not a number";
    case OST__FIT_SCALE: return "has more digits after the point than .scale";
    case OST__FIT_PRECISION: return "has more digits than .precision and .scale leave";
    case OST__FIT_VALUES: return "is none of .values";
    default: return "is outside the range of the type";
    }
}

/* How a bound fits. One of a decimal may have more digits than the decimal. */
static enum ost__fit fit_bound(const ost_field *f, const ost_value *bound)
{
    ost_value v = *bound;
    ost_field plain = *f;
    plain.values = NULL;
    if (ost__base_type(f->type) == OST_TYPE_DECIMAL)
        plain.precision = 0;
    return v.type == OST_TYPE_NONE ? OST__FIT_KIND : ost__value_fit(&plain, &v);
}

static bool has_bounds(const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    return ost__type_is_integer(base) || ost__type_is_real(base) || base == OST_TYPE_DECIMAL ||
           base == OST_TYPE_TIME || base == OST_TYPE_DATE;
}

/* Whether it is a bound that values can be compared with. */
static bool is_bound(const ost_field *f, const ost_value *bound)
{
    return bound && has_bounds(f) && fit_bound(f, bound) == OST__FIT_OK;
}

static void check_bound(ost__check *c, const ost_field *f, const ost_value *bound, const char *rule)
{
    if (!bound)
        return;
    if (!has_bounds(f)) {
        ost__check_fail(c, f->name, rule,
                        ".%s is for numbers and times, but this is %s: leave it out", rule,
                        ost__type_name(f->type));
        return;
    }
    enum ost__fit fit = fit_bound(f, bound);
    if (fit != OST__FIT_OK)
        ost__check_fail(c, f->name, rule, ".%s %s: this is %s", rule, misfit(fit),
                        ost__type_name(f->type));
}

static void check_bounds(ost__check *c, const ost_field *f)
{
    check_bound(c, f, f->min, "min");
    check_bound(c, f, f->max, "max");
    if (is_bound(f, f->min) && is_bound(f, f->max) && ost__value_compare(f->min, f->max) > 0)
        ost__check_fail(c, f->name, "min", ".min is above .max: no value would be allowed");
}

static bool names_have(const char *const *names, const char *name)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static const char *text_default_mistake(const ost_field *f, const char *text)
{
    size_t size = strlen(text);
    if (!ost__utf8_valid(text, size))
        return "is not utf-8";
    size_t length = ost__utf8_length(text, size);
    if (length < f->min_length)
        return "is shorter than .min_length";
    if (f->max_length && length > f->max_length)
        return "is longer than .max_length";
    return f->values && !names_have(f->values, text) ? "is none of .values" : NULL;
}

static void check_default(ost__check *c, const ost_field *f)
{
    if (!f->default_value || f->precision > 38 || f->scale > f->precision)
        return;
    ost_value v = *f->default_value;
    const char *mistake = NULL;
    bool bad_text = (v.type == OST_TYPE_TEXT && !v.as.text) ||
                    (v.type == OST_TYPE_BLOB && !v.as.blob.data) || v.type == OST_TYPE_NONE;
    enum ost__fit fit = bad_text ? OST__FIT_KIND : ost__value_fit(f, &v);
    if (fit != OST__FIT_OK)
        mistake = misfit(fit);
    else if (v.type == OST_TYPE_TEXT)
        mistake = text_default_mistake(f, v.as.text);
    else if (v.type == OST_TYPE_BLOB && v.as.blob.size < f->min_length)
        mistake = "is shorter than .min_length";
    else if (v.type == OST_TYPE_BLOB && f->max_length && v.as.blob.size > f->max_length)
        mistake = "is longer than .max_length";
    else if (is_bound(f, f->min) && ost__value_compare(&v, f->min) < 0)
        mistake = "is below .min";
    else if (is_bound(f, f->max) && ost__value_compare(&v, f->max) > 0)
        mistake = "is above .max";
    if (mistake)
        ost__check_fail(c, f->name, "default_value", ".default_value %s: this is %s", mistake,
                        ost__type_name(f->type));
}

static void check_values(ost__check *c, const ost_field *f)
{
    if (!f->values)
        return;
    if (!ost__type_is_integer(f->type) && !ost__type_is_text(f->type)) {
        ost__check_fail(c, f->name, "values",
                        ".values is for integers and texts, but this is %s: leave it out",
                        ost__type_name(f->type));
        return;
    }
    if (!f->values[0])
        ost__check_fail(c, f->name, "values", ".values has no names: give at least one");
    for (size_t i = 0; f->values[i]; i++) {
        ost__check_name(c, f->name, "value", f->values[i]);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(f->values[i], f->values[j]) != 0)
                continue;
            ost__check_fail(c, f->name, "values", ".values names %s twice: remove one",
                            f->values[i]);
            break;
        }
    }
}

static void check_decimal(ost__check *c, const ost__model *m, const ost_field *f)
{
    if (ost__base_type(f->type) != OST_TYPE_DECIMAL) {
        if (f->precision || f->scale)
            ost__check_fail(c, f->name, "precision",
                            ".precision and .scale are for decimals, but this is %s: leave them "
                            "out",
                            ost__type_name(f->type));
        return;
    }
    if (m->is_part && f->precision == 0 && f->scale == 0)
        return;
    if (f->precision < 1 || f->precision > 38)
        ost__check_fail(c, f->name, "precision",
                        "a decimal needs .precision of 1 to 38 digits, and .scale of them after "
                        "the point");
    else if (f->scale > f->precision)
        ost__check_fail(c, f->name, "scale", ".scale %u is above .precision %u", (unsigned)f->scale,
                        (unsigned)f->precision);
}

static void check_text_options(ost__check *c, const ost__model *m, const ost_field *f)
{
    bool is_text = ost__type_is_text(f->type);
    if (!is_text && (f->trim || f->lowercase))
        ost__check_fail(c, f->name, f->trim ? "trim" : "lowercase",
                        ".trim and .lowercase are for texts, but this is %s: leave them out",
                        ost__type_name(f->type));
    if (f->collation > OST_AS_STORED) {
        ost__check_fail(c, f->name, "collation", "has the unknown .collation %u",
                        (unsigned)f->collation);
    } else if (f->collation == OST_AS_STORED) {
        if (!m->table.adopted)
            ost__check_fail(c, f->name, "collation",
                            "OST_AS_STORED is for tables made by others: add .adopted = true to "
                            "the model, or leave it out");
        if (!is_text)
            ost__check_fail(c, f->name, "collation",
                            "OST_AS_STORED is for texts, but this is %s: leave it out",
                            ost__type_name(f->type));
    }
}

/* Those of a record's texts have columns already. */
static void check_caseless(ost__check *c, const ost_field *f)
{
    if (f->collation == OST_CASELESS && !ost__type_is_text(f->type))
        ost__check_fail(c, f->name, "collation",
                        "OST_CASELESS is for texts, but this is %s: leave it out",
                        ost__type_name(f->type));
}

static void check_stored(ost__check *c, const ost__model *m, const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    if (f->stored == OST_STORED_OURS)
        return;
    if (f->stored > OST_STORED_NO_ZONE) {
        ost__check_fail(c, f->name, "stored", "has the unknown .stored %u", (unsigned)f->stored);
        return;
    }
    if (!m->table.adopted)
        ost__check_fail(c, f->name, "stored",
                        ".stored is for tables made by others: add .adopted = true to the model, "
                        "or leave it out");
    if (base != (f->stored == OST_STORED_NUMERIC ? OST_TYPE_DECIMAL : OST_TYPE_TIME))
        ost__check_fail(c, f->name, "stored", "%s is for %s, but this is %s",
                        f->stored == OST_STORED_NUMERIC ? "OST_STORED_NUMERIC" : "this .stored",
                        f->stored == OST_STORED_NUMERIC ? "ost_decimal" : "ost_time",
                        ost__type_name(f->type));
}

static void check_generated(ost__check *c, const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    if (f->generated == OST_GIVEN)
        return;
    const char *needs = NULL;
    switch (f->generated) {
    case OST_AUTO_INCREMENT:
        if ((base != OST_TYPE_INT32 && base != OST_TYPE_INT64 && base != OST_TYPE_UINT32 &&
             base != OST_TYPE_UINT64) ||
            f->values || ost__type_is_optional(f->type))
            needs = "OST_AUTO_INCREMENT needs a plain integer of at least 32 bits";
        else if (!f->primary_key)
            needs = "OST_AUTO_INCREMENT is for the key: add .primary_key = true, or leave it out";
        break;
    case OST_UUID_V4:
    case OST_UUID_V7:
        if (f->type != OST_TYPE_UUID)
            needs = "a generated UUID needs a member of type ost_uuid";
        break;
    case OST_NEW_OBJECT_ID:
        if (f->type != OST_TYPE_OBJECT_ID)
            needs = "OST_NEW_OBJECT_ID needs a member of type ost_object_id";
        break;
    default: needs = "the value of .generated is unknown: use one of enum ost_generated"; break;
    }
    if (needs)
        ost__check_fail(c, f->name, "generated", "%s", needs);
}

/* Absent in the living, and in them alone. */
static void check_deleted(ost__check *c, const ost_field *f)
{
    if (!ost__type_is_optional(f->type))
        ost__check_fail(
            c, f->name, "stamp",
            ".stamp = OST_ON_DELETE needs ost_opt_time or ost_opt_date, which is absent "
            "until the record is deleted, but this is %s",
            ost__type_name(f->type));
    else if (f->unique || f->required || f->not_null || f->default_value)
        ost__check_fail(c, f->name, "stamp",
                        "with .stamp = OST_ON_DELETE is absent in the living: leave out .unique, "
                        ".required, .not_null and .default_value");
    else if (f->check || f->transform)
        ost__check_fail(c, f->name, "stamp",
                        "is set by the library when a record is deleted: leave out .check and "
                        ".transform");
}

static void check_stamp(ost__check *c, const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    if (f->stamp == OST_NEVER)
        return;
    if (f->stamp > OST_ON_DELETE)
        ost__check_fail(c, f->name, "stamp", "has the unknown .stamp %u", (unsigned)f->stamp);
    else if (base != OST_TYPE_TIME && base != OST_TYPE_DATE)
        ost__check_fail(c, f->name, "stamp",
                        ".stamp needs ost_time or ost_date, optional or not, but this is %s",
                        ost__type_name(f->type));
    else if (f->stamp == OST_ON_DELETE)
        check_deleted(c, f);
}

static void check_key(ost__check *c, const ost__model *m, const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    bool adopted = m->table.adopted;
    if ((f->primary_key || f->unique) && ost__field_unbounded(f) && !adopted &&
        !(f->primary_key && base == OST_TYPE_BLOB))
        ost__check_fail(c, f->name, "max_length",
                        "a %s that is %s needs .max_length: not every database can index one "
                        "without",
                        base == OST_TYPE_BLOB ? "blob" : "text",
                        f->primary_key ? "a key" : "unique");
    if (!f->primary_key)
        return;
    if (ost__type_is_optional(f->type))
        ost__check_fail(c, f->name, "primary_key",
                        "a key is never null, but this is %s: use the plain type",
                        ost__type_name(f->type));
    else if (base == OST_TYPE_BLOB || ost__type_is_real(base))
        ost__check_fail(c, f->name, "primary_key", "%s cannot be a key: use another type",
                        ost__type_name(f->type));
}

void ost__check_field(ost__check *c, const ost__model *m, const ost_field *f)
{
    if (!check_place(c, m, f))
        return;
    check_unsupported(c, f);
    ost__check_part(c, f);
    check_caseless(c, f);
    check_default(c, f);
    /* What a list of scalars says of values holds for its items. */
    const ost_field item = f->type == OST_TYPE_LIST && !f->part ? ost__item_field(f) : *f;
    check_lengths(c, &item);
    check_bounds(c, &item);
    check_values(c, &item);
    check_decimal(c, m, &item);
    check_text_options(c, m, &item);
    check_generated(c, f);
    check_stamp(c, f);
    if (m->is_part)
        return;
    check_stored(c, m, f);
    check_key(c, m, f);
}
