/* SPDX-License-Identifier: MIT */
/* Rules of fields that are compiled at open, or that exclude others. */
#include "model/check.h"

#include <string.h>

#include "base/text_format.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/pattern.h"
#include "ostler/conversion.h"

/* Whether the field, or what a list holds, is a text. */
static bool is_of_texts(const ost_field *f)
{
    return ost__type_is_text(f->type == OST_TYPE_LIST ? f->item_type : f->type);
}

static ost__field_extra *extra_of(ost__check *c, ost_field *f)
{
    if (!f->reserved_)
        f->reserved_ =
            (uintptr_t)ost__check_alloc(c, 1, sizeof(ost__field_extra), alignof(ost__field_extra));
    return (ost__field_extra *)f->reserved_;
}

/* The default as a text; NULL: there is none, or it is reported as of another kind. */
static const char *text_default(const ost_field *f)
{
    const ost_value *v = f->default_value;
    return v && v->type == OST_TYPE_TEXT ? v->as.text : NULL;
}

static void check_format(ost__check *c, const ost_field *f)
{
    const char *given = text_default(f);
    if (f->format == OST_ANY_TEXT)
        return;
    if (f->format > OST_UUID_TEXT)
        ost__check_fail(c, f->name, "format", "has the unknown .format %u", (unsigned)f->format);
    else if (!is_of_texts(f))
        ost__check_fail(c, f->name, "format", ".format is for texts, but this is %s: leave it out",
                        ost__type_name(f->type));
    else if (given && !ost__text_has_format(f->format, given, strlen(given)))
        ost__check_fail(c, f->name, "default_value", ".default_value has not the .format");
}

static void check_pattern(ost__check *c, ost_field *f)
{
    ost__pattern_mistake why;
    const char *given = text_default(f);
    if (!f->pattern)
        return;
    if (!is_of_texts(f)) {
        ost__check_fail(c, f->name, "pattern",
                        ".pattern is for texts, but this is %s: leave it out",
                        ost__type_name(f->type));
        return;
    }
    ost__field_extra *extra = extra_of(c, f);
    if (!extra)
        return;
    extra->pattern = ost__pattern_compile(c->arena, f->pattern, c->patterns, &why);
    if (!extra->pattern && why.no_memory)
        c->no_memory = true;
    else if (!extra->pattern)
        ost__check_fail(c, f->name, "pattern", ".pattern is wrong at offset %zu: %s", why.offset,
                        why.sentence);
    else if (given &&
             ost__pattern_match(extra->pattern, given, strlen(given), c->arena) != OST__MATCH_YES)
        ost__check_fail(c, f->name, "default_value", ".default_value does not match .pattern");
}

/* A complete copy, whatever the version of the program. */
static void check_messages(ost__check *c, ost_field *f)
{
    const ost_messages *given = f->messages;
    if (!given)
        return;
    if (given->struct_size == 0) {
        ost__check_fail(c, f->name, "messages",
                        "has .messages with a .struct_size of 0: write them with OST_MESSAGES()");
        return;
    }
    if (given->struct_size >= sizeof(*given))
        return;
    ost_messages *copy = ost__check_alloc(c, 1, sizeof(*copy), alignof(ost_messages));
    if (copy)
        memcpy(copy, given, given->struct_size);
    f->messages = copy;
}

/* What cannot be said of a text of which a hash is stored. */
static const char *hashed_mistake(const ost_field *f)
{
    if (f->type != OST_TYPE_TEXT)
        return "is for a const char *, which has room for the hash";
    if (f->primary_key || f->unique)
        return "has another hash each time: it cannot be a key or unique";
    if (f->default_value || f->values)
        return "is for passwords: leave out .default_value and .values";
    if (f->stored != OST_STORED_OURS || f->collation != OST_EXACT || f->converts)
        return "is stored as its hash: leave out .stored, .collation and .converts";
    return NULL;
}

static void check_hashed(ost__check *c, ost_field *f)
{
    if (!f->hashed)
        return;
    const char *mistake = hashed_mistake(f);
    if (mistake) {
        ost__check_fail(c, f->name, "hashed", ".hashed %s", mistake);
        return;
    }
    ost__field_extra *extra = extra_of(c, f);
    if (!extra)
        return;
    extra->plain_min = f->min_length;
    extra->plain_max = f->max_length;
    f->min_length = f->max_length = 0;
}

static void check_functions(ost__check *c, const ost_field *f)
{
    if ((f->check || f->transform) && f->stamp != OST_NEVER)
        ost__check_fail(c, f->name, f->check ? "check" : "transform",
                        "a stamp is set by the library: leave out .check and .transform");
}

static void check_immutable(ost__check *c, const ost_field *f)
{
    if (f->immutable && (f->stamp == OST_ON_UPDATE || f->stamp == OST_ON_DELETE || f->version))
        ost__check_fail(c, f->name, "immutable",
                        ".immutable excludes what the library sets later: leave one of them out");
}

/* It is counted from 1, by each write; nothing else may have a say. */
static void check_version(ost__check *c, const ost_field *f)
{
    const bool counts = f->type == OST_TYPE_INT32 || f->type == OST_TYPE_INT64 ||
                        f->type == OST_TYPE_UINT32 || f->type == OST_TYPE_UINT64;
    if (!f->version)
        return;
    if (!counts || f->values)
        ost__check_fail(c, f->name, "version",
                        ".version needs a plain integer of at least 32 bits, but this is %s",
                        f->values ? "an enumeration" : ost__type_name(f->type));
    else if (f->primary_key || f->unique || f->generated != OST_GIVEN || f->default_value ||
             f->min || f->max || f->check || f->transform)
        ost__check_fail(c, f->name, "version",
                        "a version is counted by the library: leave out keys, uniqueness, "
                        "defaults, bounds, .check and .transform");
}

/* ---- conversions ---- */

/* What cannot be said of a converted member; NULL: nothing is. */
static const char *converted_mistake(const ost_field *f)
{
    if (f->primary_key)
        return "cannot be a key: keys are given and compared as they are stored";
    if (f->hidden)
        return "cannot be hidden: of a member that was not loaded nobody could tell whether it was "
               "set";
    if (f->generated != OST_GIVEN || f->stamp != OST_NEVER || f->version)
        return "is the program's: leave out .generated, .stamp and .version";
    if (f->flatten || f->embeds || f->item_type)
        return "is one value: leave out .flatten and what is for structs and lists";
    if (f->stored != OST_STORED_OURS)
        return "is stored as its conversion says: leave out .stored";
    return NULL;
}

/* What is wrong with the conversion itself. */
static bool check_pair(ost__check *c, const ost_field *f, const ost_conversion *x)
{
    uint16_t base = ost__base_type(x->type);
    if (x->struct_size < offsetof(ost_conversion, reserved_))
        ost__check_fail(c, f->name, "converts",
                        "has a conversion with a .struct_size of %zu: write it with "
                        "OST_CONVERSION()",
                        x->struct_size);
    else if (!x->store || !x->load)
        ost__check_fail(c, f->name, "converts",
                        "has a conversion without a .%s function: write it with OST_CONVERSION()",
                        x->store ? "load" : "store");
    else if (x->size != f->size)
        ost__check_fail(c, f->name, "converts",
                        "has %u bytes, but its conversion is for a type of %u: write it with "
                        "OST_CONVERTED()",
                        (unsigned)f->size, (unsigned)x->size);
    else if (base == OST_TYPE_CHARS || base > OST_TYPE_POINT || ost__type_size(x->type) == 0)
        ost__check_fail(c, f->name, "converts",
                        "has a conversion to %s: it must be to one value, of a kind without a "
                        "length of its own",
                        ost__type_name(x->type));
    else
        return true;
    return false;
}

bool ost__check_conversion(ost__check *c, ost_field *f)
{
    const ost_conversion *x = f->converts;
    const char *mistake = converted_mistake(f);
    if (mistake)
        ost__check_fail(c, f->name, "converts", "is converted, and %s", mistake);
    if (f->type != OST_TYPE_NONE)
        ost__check_fail(c, f->name, "converts", "has .converts: write it with OST_CONVERTED()");
    if (mistake || f->type != OST_TYPE_NONE || !check_pair(c, f, x))
        return false;
    ost__field_extra *extra = extra_of(c, f);
    if (!extra)
        return false;
    extra->member = f->offset;
    extra->member_size = f->size;
    f->type = x->type;
    f->size = ost__type_size(x->type);
    return true;
}

void ost__check_rules(ost__check *c, ost_field *f)
{
    check_version(c, f);
    check_messages(c, f);
    check_format(c, f);
    check_pattern(c, f);
    check_hashed(c, f);
    check_immutable(c, f);
    check_functions(c, f);
}
