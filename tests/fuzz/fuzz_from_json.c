/* SPDX-License-Identifier: MIT */
/*
 * Records from JSON from outside. The first byte chooses the model, the list of members that may be
 * set, the record that is there before, and whether a list of records is read; the rest is the
 * text. Nothing crashes and no memory stays behind; what is refused says why and leaves the record
 * as it was, and so does every member that is not listed; what is accepted is written, read back as
 * an equal record and written again as the same text; and what the model's rules then let into the
 * database is what comes out of it.
 */
#include "model/member.h"
#include "ostler/ostler.h"
#include "session/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a model with every kind, one with every rule, and one that hashes and computes ---- */

typedef enum mood { LOW, GOOD } mood;
typedef struct spot {
    double north;
    ost_opt_double east;
} spot;
typedef struct leaf {
    int64_t number;
    const char *text;
    OST_LIST(uint64_t) naturals;
} leaf;
typedef struct part {
    const char *text;
    char code[4];
    int stars;
    ost_opt_int floor;
    const char *hidden;
    ost_json extra;
    spot spot;
    spot flat;
    OST_LIST(const char *) tags;
    OST_LIST(leaf) leaves;
} part;
typedef struct thing {
    int64_t id;
    bool flag;
    signed char tiny;
    short small;
    int32_t whole;
    int64_t large;
    uint8_t byte;
    uint16_t word;
    uint32_t natural;
    uint64_t huge;
    float single;
    double real;
    const char *text;
    char code[6];
    ost_blob bytes;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id oid;
    ost_decimal price;
    mood mood;
    ost_opt_bool opt_flag;
    ost_opt_int8 opt_tiny;
    ost_opt_int64 opt_large;
    ost_opt_uint64 opt_huge;
    ost_opt_float opt_single;
    ost_opt_time opt_at;
    ost_opt_decimal opt_price;
    ost_json extra;
    ost_point place;
    part inner;
    part flat;
    OST_LIST(int) scores;
    OST_LIST(ost_decimal) sums;
    OST_LIST(ost_blob) blobs;
    OST_LIST(ost_time) times;
    OST_LIST(mood) moods;
    OST_LIST(part) parts;
    const char *secret;
} thing;
typedef struct line {
    ost_uuid id;
    const char *author;
    ost_time at;
    int stars;
} line;
typedef struct entry {
    int64_t id;
    const char *title, *mail, *slug, *state;
    ost_opt_int year;
    ost_decimal price;
    int64_t version;
    ost_time changed_at;
    line first;
    OST_LIST(const char *) tags;
    OST_LIST(line) lines;
} entry;

/* What is hashed, and what is computed beside it; the same without what is computed. */
typedef struct pet {
    const char *name;
    int legs;
} pet;
typedef struct person {
    int64_t id;
    const char *name, *password, *secret;
    pet first;
    OST_LIST(pet) pets;
} person;
typedef pet plain_pet;
typedef person plain_person;

OST_PART(spot);
OST_PART(leaf);
OST_PART(part);
OST_PART(line);
OST_RECORD(thing, id);
OST_RECORD(entry, id);
OST_PART(pet);
OST_PART(plain_pet);
OST_RECORD(person, id);
OST_RECORD(plain_person, id);

static ost_status check_even(ost_call *call, const void *value, const void *record)
{
    (void)record;
    return *(const int *)value % 2 ? ost_call_fail(call, NULL, "must be even") : OST_OK;
}

/* Texts of one letter are doubled. */
static ost_status transform_short(ost_call *call, void *value, const void *record)
{
    const char **text = value, twice[3] = { **text, **text, '\0' };
    (void)record;
    if (**text > ' ' && (*text)[1] == '\0')
        *text = ost_call_text(call, twice, 2);
    return OST_OK;
}

/* Who has no name is not greeted. */
static ost_status greet(ost_call *call, const void *record, ost_value *out)
{
    const person *p = record;
    const char *name = p->name ? p->name : "";
    if (*name == '-')
        return ost_call_fail(call, "name", "has no greeting");
    *out = ost_value_text(*name ? ost_text(ost_call_session(call), "hi there") : NULL);
    return OST_OK;
}

static ost_status count_legs(ost_call *call, const void *record, ost_value *out)
{
    const pet *p = record;
    (void)call;
    *out = ost_value_int((int64_t)p->legs * 2);
    return OST_OK;
}

#define PETS(T) OST_FIELDS(OST_FIELD(T, name, .lowercase = true), OST_FIELD(T, legs))
#define PERSONS(T, P)                                                                            \
    OST_FIELDS(                                                                                  \
        OST_FIELD(T, id, .primary_key = true), OST_FIELD(T, name, .max_length = 40),             \
        OST_FIELD(T, password, .hashed = true, .min_length = 2, .trim = true, .max_length = 60), \
        OST_FIELD(T, secret, .hashed = true, .hidden = true), OST_EMBED(T, first, P),            \
        OST_EMBEDS(T, pets, P))
OST_MODEL(pet, PETS(pet), OST_COMPUTED(OST_COMPUTE("steps", count_legs)));
OST_MODEL(plain_pet, PETS(plain_pet));
OST_MODEL(person, PERSONS(person, pet), OST_COMPUTED(OST_COMPUTE("greeting", greet)));
OST_MODEL(plain_person, PERSONS(plain_person, plain_pet));

OST_MODEL(spot, OST_FIELDS(OST_FIELD(spot, north), OST_FIELD(spot, east)));
OST_MODEL(leaf,
          OST_FIELDS(OST_FIELD(leaf, number), OST_FIELD(leaf, text), OST_ITEMS(leaf, naturals)));
OST_MODEL(part,
          OST_FIELDS(OST_FIELD(part, text), OST_FIELD(part, code),
                     OST_FIELD(part, stars, .default_value = OST_INT(3)), OST_FIELD(part, floor),
                     OST_FIELD(part, hidden, .hidden = true), OST_FIELD(part, extra),
                     OST_EMBED(part, spot, spot), OST_EMBED(part, flat, spot, .flatten = true),
                     OST_ITEMS(part, tags), OST_EMBEDS(part, leaves, leaf)));
OST_MODEL(thing,
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true), OST_FIELD(thing, flag),
                     OST_FIELD(thing, tiny), OST_FIELD(thing, small), OST_FIELD(thing, whole),
                     OST_FIELD(thing, large), OST_FIELD(thing, byte), OST_FIELD(thing, word),
                     OST_FIELD(thing, natural), OST_FIELD(thing, huge), OST_FIELD(thing, single),
                     OST_FIELD(thing, real), OST_FIELD(thing, text), OST_FIELD(thing, code),
                     OST_FIELD(thing, bytes), OST_FIELD(thing, at), OST_FIELD(thing, day),
                     OST_FIELD(thing, uuid), OST_FIELD(thing, oid),
                     OST_FIELD(thing, price, .precision = 9, .scale = 2),
                     OST_FIELD(thing, mood, .values = OST_NAMES("low", "good")),
                     OST_FIELD(thing, opt_flag), OST_FIELD(thing, opt_tiny),
                     OST_FIELD(thing, opt_large), OST_FIELD(thing, opt_huge),
                     OST_FIELD(thing, opt_single), OST_FIELD(thing, opt_at),
                     OST_FIELD(thing, opt_price, .precision = 38, .scale = 19),
                     OST_FIELD(thing, extra), OST_FIELD(thing, place),
                     OST_EMBED(thing, inner, part), OST_EMBED(thing, flat, part, .flatten = true),
                     OST_ITEMS(thing, scores), OST_ITEMS(thing, sums, .precision = 6, .scale = 2),
                     OST_ITEMS(thing, blobs), OST_ITEMS(thing, times),
                     OST_ITEMS(thing, moods, .values = OST_NAMES("low", "good")),
                     OST_EMBEDS(thing, parts, part), OST_FIELD(thing, secret, .hidden = true)));
OST_MODEL(line, OST_FIELDS(OST_FIELD(line, id, .generated = OST_UUID_V7),
                           OST_FIELD(line, author, .required = true, .trim = true, .max_length = 8),
                           OST_FIELD(line, at, .stamp = OST_ON_INSERT),
                           OST_FIELD(line, stars, .min = OST_INT(0), .check = check_even)));
OST_MODEL(entry,
          OST_FIELDS(OST_FIELD(entry, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(entry, title, .required = true, .unique = true, .max_length = 40,
                               .trim = true, .transform = transform_short),
                     OST_FIELD(entry, mail, .format = OST_EMAIL, .lowercase = true),
                     OST_FIELD(entry, slug, .format = OST_SLUG, .immutable = true),
                     OST_FIELD(entry, state, .values = OST_NAMES("new", "done")),
                     OST_FIELD(entry, year, .min = OST_INT(1000), .max = OST_INT(2999)),
                     OST_FIELD(entry, price, .precision = 9, .scale = 2, .min = OST_INT(0)),
                     OST_FIELD(entry, version, .version = true),
                     OST_FIELD(entry, changed_at, .stamp = OST_ON_UPDATE),
                     OST_EMBED(entry, first, line),
                     OST_ITEMS(entry, tags, .pattern = "[a-z]+[0-9]*", .max_length = 8),
                     OST_EMBEDS(entry, lines, line)));

#define AT(m) OST_AT(thing, m)
static const ost_member thing_all[] = {
    AT(id),        AT(flag),       AT(tiny),        AT(small),    AT(whole),    AT(large),
    AT(byte),      AT(word),       AT(natural),     AT(huge),     AT(single),   AT(real),
    AT(text),      AT(code),       AT(bytes),       AT(at),       AT(day),      AT(uuid),
    AT(oid),       AT(price),      AT(mood),        AT(opt_flag), AT(opt_tiny), AT(opt_large),
    AT(opt_huge),  AT(opt_single), AT(opt_at),      AT(extra),    AT(place),    AT(inner),
    AT(opt_price), AT(flat),       AT(scores),      AT(sums),     AT(blobs),    AT(times),
    AT(moods),     AT(parts),      { .path = NULL }
};
static const ost_member thing_some[] = { AT(text),  AT(opt_price), AT(flat),
                                         AT(parts), AT(extra),     { .path = NULL } };
static const ost_member thing_few[] = {
    AT(text), AT(inner.spot.north), AT(flat.code), AT(flat.flat.east), { .path = NULL }
};
static const ost_member entry_all[] = {
    OST_AT(entry, id),         OST_AT(entry, title), OST_AT(entry, mail),  OST_AT(entry, slug),
    OST_AT(entry, state),      OST_AT(entry, year),  OST_AT(entry, price), OST_AT(entry, version),
    OST_AT(entry, changed_at), OST_AT(entry, first), OST_AT(entry, tags),  OST_AT(entry, lines),
    { .path = NULL }
};
static const ost_member entry_some[] = {
    OST_AT(entry, title), OST_AT(entry, first), OST_AT(entry, lines), { .path = NULL }
};
static const ost_member entry_few[] = { OST_AT(entry, title),
                                        OST_AT(entry, first.author),
                                        { .path = NULL } };
static const ost_member person_all[] = { OST_AT(person, id),       OST_AT(person, name),
                                         OST_AT(person, password), OST_AT(person, first),
                                         OST_AT(person, pets),     { .path = NULL } };
static const ost_member person_some[] = {
    OST_AT(person, name), OST_AT(person, secret), OST_AT(person, pets), { .path = NULL }
};
static const ost_member person_few[] = { OST_AT(person, password),
                                         OST_AT(person, first.legs),
                                         { .path = NULL } };

/* What a record holds before. */
static const char *const thing_tags[] = { "a", "b" };
static const leaf thing_leaves[] = { { 7, "leaf", { NULL, 0 } } };
static const part thing_parts[] = {
    { .text = "one", .stars = 1, .leaves = { thing_leaves, 1 } },
    { .text = "two", .tags = { thing_tags, 2 } },
};
static const thing thing_before = {
    .id = 5,
    .text = "before",
    .code = "ab",
    .huge = 7,
    .price = { .scale = 2 },
    .extra = { "{\"a\":[1,2]}" },
    .opt_at = { .present = true },
    .inner = { .text = "in", .hidden = "h", .tags = { thing_tags, 2 } },
    .flat = { .text = "flat", .code = "f", .hidden = "h", .leaves = { thing_leaves, 1 } },
    .parts = { thing_parts, 2 },
    .secret = "s",
};
static const entry entry_before = { .id = 5, .title = "before", .first = { .author = "me" } };
static const pet person_pets[] = { { "rex", 4 }, { "tweety", 2 } };
static const person person_before = {
    .id = 5, .name = "before", .password = "pass", .secret = "s", .pets = { person_pets, 2 }
};

typedef struct target {
    const ost_model *model;
    size_t size;
    const ost_member *lists[4]; /* the first names all; NULL: what a trusted text may set */
    const void *before;
    const ost_model *plain; /* what is written is read by; NULL: its own */
} target;
static const target targets[] = {
    { OST_OF(thing), { thing_all, NULL, thing_some, thing_few }, &thing_before, NULL },
    { OST_OF(entry), { entry_all, NULL, entry_some, entry_few }, &entry_before, NULL },
    { OST_OF(person),
      { person_all, NULL, person_some, person_few },
      &person_before,
      &plain_person_model },
};
typedef union record {
    thing thing;
    entry entry;
    person person;
} record;

/* ---- the database ---- */

enum { MOST = 64, KEPT = 1 << 20 };
static size_t live; /* bytes */
static ost_db *db;
static ost_session *s;
static ost_error error;

static void *resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context;
    void *fresh = NULL;
    if (new_size == 0)
        free(old);
    else
        fresh = realloc(old, new_size);
    if (new_size == 0 || fresh)
        live += new_size - (old ? old_size : 0);
    return fresh;
}

static void must(ost_status status)
{
    const ost_error *e = s ? ost_session_error(s) : &error;
    ost_failure f;
    if (status != OST_OK)
        (void)fprintf(stderr, "%s: %s\n", ost_status_name(status), e->message);
    for (size_t i = 0; status != OST_OK && ost_error_failure(e, i, &f); i++)
        (void)fprintf(stderr, "  %s: %s\n", f.path, f.message);
    assert(status == OST_OK);
}

static void start(void)
{
    static const ost_platform platform = { .struct_size = sizeof platform, .resize = resize };
    if (s)
        return;
    must(ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                              .models = OST_MODELS(&thing_model, &entry_model, &person_model,
                                                   &plain_person_model),
                              .passwords = OST_PASSWORDS(.passes = 1, .memory_kib = 8),
                              .platform = &platform),
                  &db, &error));
    must(ost_create_tables(db, &error));
    must(ost_session_open(db, NULL, &s, &error));
}

/* Without what is computed. */
static const char *write(const target *t, const void *from)
{
    const ost_model *m = t->plain ? t->plain : t->model;
    const char *text = ost_session_to_json(s, m, t->size, from);
    assert(text);
    return text;
}

/* ---- what must hold ---- */

static void check_refused(ost_status status)
{
    const ost_error *e = ost_session_error(s);
    ost_failure f;
    char why[64];
    assert(status == OST_INVALID || status == OST_TOO_LARGE);
    assert(e->status == status && e->message[0] != '\0' && !strchr(e->message, '\n'));
    assert(e->nothing_sent && (status == OST_TOO_LARGE || e->failure_count > 0));
    for (size_t i = 0; ost_error_failure(e, i, &f); i++)
        assert(*f.rule && *f.message && !strchr(f.path, '\n'));
    size_t size = ost_explain_error(e, why, sizeof why);
    assert(size > 0 && strlen(why) < sizeof why);
    (void)size;
}

/* Members whose names begin otherwise than each of the listed are what they were. */
static void check_unlisted(const target *t, const ost_member *only, const void *before,
                           const void *after)
{
    const ost__model *m = ost__session_model(s, t->model, t->size);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        bool listed = !only && !f->hidden;
        for (const ost_member *one = only; one && one->path && !f->hidden; one++) {
            size_t size = strcspn(f->name, "."), other = strcspn(one->path, ".");
            listed = listed || (size == other && memcmp(one->path, f->name, size) == 0);
        }
        assert(listed || memcmp(ost__member_at(f, before), ost__member_at(f, after), f->size) == 0);
    }
}

static void check_equal(const target *t, const void *a, const void *b)
{
    const ost__model *m = ost__session_model(s, t->model, t->size);
    for (uint32_t i = 0; i < m->table.field_count; i++) {
        const ost_field *f = &m->fields[i];
        bool same = f->hidden || f->hashed || ost__member_equal(f, a, b);
        if (!same)
            (void)fprintf(stderr, "%s differs:\n%s\n%s\n", f->name, write(t, a), write(t, b));
        assert(same);
    }
}

/* A decimal that was never set prints fewer zeros than one that was read: once more, then. */
static void check_written(const target *t, const void *accepted)
{
    record again = { 0 }, last = { 0 };
    const char *text = write(t, accepted);
    must(ost_session_from_json(s, t->model, t->size, text, strlen(text), t->lists[0], &again));
    check_equal(t, accepted, &again);
    text = write(t, &again);
    must(ost_session_from_json(s, t->model, t->size, text, strlen(text), t->lists[0], &last));
    const char *twice = write(t, &last);
    if (strcmp(text, twice) != 0)
        (void)fprintf(stderr, "%s\nis read as\n%s\n", text, twice);
    assert(strcmp(text, twice) == 0);
}

/* What is computed is written behind the rest, and never read; what is hashed is not written. */
static void check_computed(const target *t, const void *accepted)
{
    static const char greeting[] = ",\"greeting\":\"hi there\"}";
    const person *p = accepted;
    record r = { 0 };
    ost_failure f;
    bool refuses = p->name && *p->name == '-', greeted = p->name && *p->name && !refuses;
    const char *text = ost_session_to_json(s, t->model, t->size, p);
    assert(!text == refuses);
    if (refuses) {
        assert(ost_session_error(s)->status == OST_INVALID);
        return;
    }
    assert(!strstr(text, "\"secret\":") && !strstr(text, "\"password\":"));
    size_t size = strlen(text), last = sizeof greeting - 1;
    assert(greeted == (size > last && strcmp(text + size - last, greeting) == 0));
    ost_status status = ost_session_from_json(s, t->model, t->size, text, size, t->lists[0], &r);
    assert(status == OST_INVALID);
    for (size_t i = 0; ost_error_failure(ost_session_error(s), i, &f); i++)
        assert(strcmp(f.rule, "unknown") == 0);
    (void)greeted;
    (void)last;
    (void)status;
}

/* What is stored of a password is a hash of it, with white space at its ends left out. */
static void check_hashed(const char *plain, const char *stored)
{
    assert(!plain == !stored);
    if (!plain)
        return;
    assert(strncmp(stored, "$argon2id$", 10) == 0);
    ost_status status = ost_password_verify(db, stored, plain, NULL);
    assert(status == OST_OK || status == OST_AUTH);
    assert(status == OST_OK || strpbrk(plain, " \t\n\v\f\r\xc2\xe1\xe2\xe3"));
}

/* What the rules let in is stored as it is, and found so. */
static void check_stored(const target *t, const void *accepted)
{
    const ost_value key = ost_value_int(*(const int64_t *)accepted);
    void *stored = ost_session_new(s, t->model, t->size);
    assert(stored);
    memcpy(stored, accepted, t->size);
    must(ost_begin(s, NULL));
    ost_status status = ost_session_insert(s, t->model, t->size, stored);
    assert(status == OST_OK || status == OST_INVALID || status == OST_RANGE);
    if (status == OST_OK && key.as.integer != 0) {
        record before, found;
        memcpy(&before, stored, t->size);
        must(ost_session_reload(s, t->model, t->size, stored));
        memcpy(&found, stored, t->size);
        check_equal(t, &before, &found);
        if (t->plain)
            check_hashed(((const person *)accepted)->password, before.person.password);
    }
    must(ost_rollback(s));
}

static void try_record(const target *t, const ost_member *only, bool filled, const char *text,
                       size_t size)
{
    record r = { 0 }, before;
    if (filled)
        memcpy(&r, t->before, t->size);
    before = r;
    const char *was = write(t, &r);
    ost_status status = ost_session_from_json(s, t->model, t->size, text, size, only, &r);
    if (status != OST_OK) {
        check_refused(status);
        assert(memcmp(&r, &before, sizeof r) == 0);
        const char *still = write(t, &r);
        assert(strcmp(was, still) == 0);
        (void)still;
        return;
    }
    check_unlisted(t, only, &before, &r);
    if (t->before == &thing_before) {
        assert(r.thing.inner.hidden == before.thing.inner.hidden);
        r.thing.inner.hidden = NULL;
    }
    check_written(t, &r);
    if (t->plain)
        check_computed(t, &r);
    check_stored(t, &r);
    (void)was;
}

static void try_list(const target *t, const ost_member *only, const char *text, size_t size)
{
    size_t count = 0;
    const char *records =
        ost_session_list_from_json(s, t->model, t->size, text, size, only, MOST, &count);
    if (!records) {
        assert(count == 0);
        check_refused((ost_status)ost_session_error(s)->status);
        return;
    }
    assert(count <= MOST);
    for (size_t i = 0; i < count; i++)
        check_written(t, records + i * t->size);
    const char *written =
        ost_session_list_to_json(s, t->plain ? t->plain : t->model, t->size, records, count);
    assert(written && written[0] == '[');
    (void)written;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    if (size == 0)
        return 0;
    const target *t = &targets[(data[0] >> 4 & 3) % (sizeof targets / sizeof *targets)];
    const ost_member *only = t->lists[data[0] & 3];
    /* Of its own, so that reading behind its end is seen. */
    char *text = malloc(size);
    assert(text);
    memcpy(text, data + 1, size - 1);
    if (data[0] & 8)
        try_list(t, only, text, size - 1);
    else
        try_record(t, only, data[0] & 4, text, size - 1);
    free(text);
    must(ost_session_clear(s));
    assert(live < KEPT);
    return 0;
}
