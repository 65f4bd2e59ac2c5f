/* SPDX-License-Identifier: MIT */
#include "import.h"

#include "models.h"
#include "output.h"

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BATCH_BYTES = 64 * 1024 };

/* What a reader of one entry needs to know. */
typedef struct entry {
    ost_session *session;
    const char *file;
    size_t number;
    const json_t *json;
    bool (*known)[26]; /* countries seen so far, by the letters of their code */
} entry;

/* One file, and how its entries become records. */
typedef struct source {
    const char *file;
    const char
        *key; /* of the list inside the file; NULL: the file itself is an object of entries */
    const char *noun;
    const ost_model *model;
    size_t record_size;
    ost_status (*read)(const entry *e, void *record);
    bool (*belongs)(const json_t *json, size_t pass); /* NULL: everything, in one pass */
    size_t passes;
} source;

static ost_status refuse(const entry *e, const char *key, const char *should)
{
    return ost_fail(e->session, OST_INVALID, key, "%s, entry %zu: \"%s\" should be %s", e->file,
                    e->number, key, should);
}

/* A text that may be missing. The source also writes "" for that. */
static ost_status read_optional(const entry *e, const char *key, const char **out)
{
    const json_t *value = json_object_get(e->json, key);
    *out = NULL;
    if (!value)
        return OST_OK;
    if (!json_is_string(value))
        return refuse(e, key, "a text");
    if (json_string_length(value) > 0)
        *out = json_string_value(value);
    return OST_OK;
}

static ost_status read_text(const entry *e, const char *key, const char **out)
{
    OST_TRY(read_optional(e, key, out));
    return *out ? OST_OK : refuse(e, key, "a text that is not empty");
}

/* A code that fills its array. */
static ost_status read_code(const entry *e, const char *key, char *out, size_t size)
{
    const char *text;
    char should[32];
    OST_TRY(read_text(e, key, &text));
    if (strlen(text) + 1 != size) {
        snprintf(should, sizeof should, "%zu letters", size - 1);
        return refuse(e, key, should);
    }
    memcpy(out, text, size);
    return OST_OK;
}

static ost_status read_integer(const entry *e, const char *key, int64_t max, int64_t *out)
{
    const json_t *value = json_object_get(e->json, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return refuse(e, key, "a whole number");
    *out = json_integer_value(value);
    return OST_OK;
}

/* JSON has only binary numbers; five digits after the point bring back what the source wrote. */
static ost_status read_degrees(const entry *e, const char *key, ost_decimal *out)
{
    const json_t *value = json_object_get(e->json, key);
    if (!json_is_number(value) || fabs(json_number_value(value)) > 180)
        return refuse(e, key, "an angle in degrees");
    *out = ost_decimal_of(llround(json_number_value(value) * 1e5), 5);
    return OST_OK;
}

/* A letter that stands for a name of an enumeration: its place in `letters` is the number. */
static ost_status read_letter(const entry *e, const char *key, const char *letters, size_t *out)
{
    char letter[2];
    OST_TRY(read_code(e, key, letter, sizeof letter));
    const char *found = strchr(letters, letter[0]);
    if (!found)
        return refuse(e, key, "a letter that the standard has");
    *out = (size_t)(found - letters);
    return OST_OK;
}

static bool *known_country(const entry *e, const char *code)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *first = code[0] ? strchr(letters, code[0]) : NULL;
    const char *second = first && code[1] ? strchr(letters, code[1]) : NULL;
    return second && !code[2] ? &e->known[first - letters][second - letters] : NULL;
}

static ost_status read_country(const entry *e, void *record)
{
    country *c = record;
    char numeric[4];
    OST_TRY(read_code(e, "alpha_2", c->alpha_2, sizeof c->alpha_2));
    OST_TRY(read_code(e, "alpha_3", c->alpha_3, sizeof c->alpha_3));
    OST_TRY(read_code(e, "numeric", numeric, sizeof numeric));
    OST_TRY(read_text(e, "name", &c->name));
    OST_TRY(read_optional(e, "official_name", &c->official_name));
    OST_TRY(read_optional(e, "common_name", &c->common_name));
    OST_TRY(read_text(e, "flag", &c->flag));
    if (strspn(numeric, "0123456789") != 3)
        return refuse(e, "numeric", "three digits");
    c->numeric = (short)((numeric[0] - '0') * 100 + (numeric[1] - '0') * 10 + (numeric[2] - '0'));
    bool *known = known_country(e, c->alpha_2);
    if (!known)
        return refuse(e, "alpha_2", "two capital letters");
    *known = true;
    return OST_OK;
}

/* The source writes some parents without the country: "NX" under "AZ-BAB" is "AZ-NX". */
static ost_status read_parent(const entry *e, subdivision *d)
{
    char code[16];
    OST_TRY(read_optional(e, "parent", &d->parent_code));
    if (!d->parent_code || strchr(d->parent_code, '-'))
        return OST_OK;
    if (strlen(d->parent_code) > 3)
        return refuse(e, "parent", "the code of a subdivision");
    snprintf(code, sizeof code, "%s-%s", d->country_code, d->parent_code);
    d->parent_code = ost_text(e->session, code);
    return d->parent_code ? OST_OK : OST_NO_MEMORY;
}

static ost_status read_subdivision(const entry *e, void *record)
{
    subdivision *d = record;
    OST_TRY(read_text(e, "code", &d->code));
    if (strlen(d->code) < 4 || d->code[2] != '-')
        return refuse(e, "code", "a country's two letters, a hyphen, and more");
    memcpy(d->country_code, d->code, 2);
    OST_TRY(read_text(e, "name", &d->name));
    OST_TRY(read_text(e, "type", &d->type));
    return read_parent(e, d);
}

/* What has no parent is stored before what has one. */
static bool subdivision_belongs(const json_t *json, size_t pass)
{
    bool has_parent = json_object_get(json, "parent") != NULL;
    return has_parent == (pass == 1);
}

static ost_status read_language(const entry *e, void *record)
{
    language *l = record;
    size_t scope, type;
    OST_TRY(read_code(e, "alpha_3", l->alpha_3, sizeof l->alpha_3));
    OST_TRY(read_optional(e, "alpha_2", &l->alpha_2));
    OST_TRY(read_optional(e, "bibliographic", &l->bibliographic));
    OST_TRY(read_text(e, "name", &l->name));
    OST_TRY(read_optional(e, "inverted_name", &l->inverted_name));
    OST_TRY(read_optional(e, "common_name", &l->common_name));
    OST_TRY(read_letter(e, "scope", "IMS", &scope));
    OST_TRY(read_letter(e, "type", "LEAHCS", &type));
    l->scope = (language_scope)scope;
    l->type = (language_type)type;
    return OST_OK;
}

static ost_status read_city(const entry *e, void *record)
{
    city *c = record;
    int64_t population;
    OST_TRY(read_integer(e, "geonameid", INT64_MAX, &c->id));
    OST_TRY(read_text(e, "name", &c->name));
    OST_TRY(read_text(e, "countrycode", &c->country_code));
    OST_TRY(read_optional(e, "admin1code", &c->region_code));
    OST_TRY(read_integer(e, "population", INT_MAX, &population));
    OST_TRY(read_degrees(e, "latitude", &c->latitude));
    OST_TRY(read_degrees(e, "longitude", &c->longitude));
    OST_TRY(read_text(e, "timezone", &c->time_zone));
    if (population > 0)
        ost_put(c->population, (int)population);
    bool *known = known_country(e, c->country_code);
    if (!known)
        return refuse(e, "countrycode", "two capital letters");
    if (!*known)
        c->country_code = NULL;
    return OST_OK;
}

/* In the order in which foreign keys allow them to be stored. */
static const source sources[IMPORT_KINDS] = {
    { "iso_3166-1.json", "3166-1", "countries", &country_model, sizeof(country), read_country, NULL,
      1 },
    { "iso_3166-2.json", "3166-2", "subdivisions", &subdivision_model, sizeof(subdivision),
      read_subdivision, subdivision_belongs, 2 },
    { "iso_639-3.json", "639-3", "languages", &language_model, sizeof(language), read_language,
      NULL, 1 },
    { "cities15000.json", NULL, "cities", &city_model, sizeof(city), read_city, NULL, 1 },
};

/* The entries of a file as a new reference to an array; NULL if they are not there. */
static json_t *entries_of(json_t *file, const char *key)
{
    const char *name;
    json_t *item;
    if (key)
        return json_is_array(json_object_get(file, key)) ? json_incref(json_object_get(file, key))
                                                         : NULL;
    json_t *list = json_is_object(file) ? json_array() : NULL;
    json_object_foreach(file, name, item)
    {
        if (json_array_append(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *load_list(const source *from, const char *folder, char *message)
{
    char path[4096];
    json_error_t error;
    int length = snprintf(path, sizeof path, "%s/%s", folder, from->file);
    if (length < 0 || (size_t)length >= sizeof path) {
        snprintf(message, IMPORT_MESSAGE_SIZE, "the name of the data folder is too long");
        return NULL;
    }
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file) {
        if (error.line > 0)
            snprintf(message, IMPORT_MESSAGE_SIZE, "%.200s, line %d, is not JSON: %s", path,
                     error.line, error.text);
        else
            snprintf(message, IMPORT_MESSAGE_SIZE, "cannot read the data: %s", error.text);
        return NULL;
    }
    json_t *list = entries_of(file, from->key);
    json_decref(file);
    if (!list || json_array_size(list) == 0) {
        snprintf(message, IMPORT_MESSAGE_SIZE, "%.300s has no %s", path, from->noun);
        json_decref(list);
        return NULL;
    }
    return list;
}

bool import_load(import_files *files, const char *folder, char *message)
{
    *files = (import_files){ { NULL } };
    for (size_t i = 0; i < IMPORT_KINDS; i++) {
        files->lists[i] = load_list(&sources[i], folder, message);
        if (!files->lists[i]) {
            import_free(files);
            return false;
        }
    }
    return true;
}

void import_free(import_files *files)
{
    for (size_t i = 0; i < IMPORT_KINDS; i++) {
        json_decref(files->lists[i]);
        files->lists[i] = NULL;
    }
}

/* A line on a terminal that is written over, and gone at the end. */
static void show_progress(const char *noun, size_t done, size_t total)
{
    char done_text[OUTPUT_NUMBER_SIZE], total_text[OUTPUT_NUMBER_SIZE];
    if (!isatty(STDERR_FILENO))
        return;
    output_number((int64_t)done, done_text);
    output_number((int64_t)total, total_text);
    fprintf(stderr, "\r\033[Kimporting %s: %s of %s", noun, done_text, total_text);
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* Reads entries from `*next` on until the batch is full or the list ends. */
static ost_status fill_batch(entry *e, const source *from, size_t pass, const json_t *list,
                             size_t *next, void *batch, size_t *filled)
{
    size_t room = BATCH_BYTES / from->record_size;
    memset(batch, 0, BATCH_BYTES);
    *filled = 0;
    for (; *filled < room && *next < json_array_size(list); ++*next) {
        e->json = json_array_get(list, *next);
        e->number = *next + 1;
        if (from->belongs && !from->belongs(e->json, pass))
            continue;
        OST_TRY(from->read(e, (char *)batch + *filled * from->record_size));
        ++*filled;
    }
    return OST_OK;
}

/* What a batch leaves in the session's memory is given back before the next one. */
static ost_status import_list(entry *e, const source *from, size_t pass, const json_t *list)
{
    max_align_t batch[BATCH_BYTES / sizeof(max_align_t)];
    size_t next = 0, filled;
    while (next < json_array_size(list)) {
        ost_mark mark = ost_session_mark(e->session);
        OST_TRY(fill_batch(e, from, pass, list, &next, batch, &filled));
        OST_TRY(ost_session_insert_many(e->session, from->model, from->record_size, batch, filled));
        OST_TRY(ost_session_release(e->session, mark));
        show_progress(from->noun, next, json_array_size(list));
    }
    return OST_OK;
}

static ost_status delete_everything(ost_session *s, const ost_model *model, size_t record_size)
{
    ost_query *q = ost_session_from(s, model, record_size);
    ost_everything(q);
    return ost_delete_all(q, NULL);
}

static ost_status replace_all(ost_session *s, const ost_attempt *attempt, void *context)
{
    const import_files *files = context;
    bool known[26][26] = { { false } };
    (void)attempt;
    OST_TRY(delete_everything(s, OST_OF(bookmark)));
    for (size_t i = IMPORT_KINDS; i-- > 0;)
        OST_TRY(delete_everything(s, sources[i].model, sources[i].record_size));
    for (size_t i = 0; i < IMPORT_KINDS; i++) {
        entry e = { .session = s, .file = sources[i].file, .known = known };
        for (size_t pass = 0; pass < sources[i].passes; pass++)
            OST_TRY(import_list(&e, &sources[i], pass, files->lists[i]));
    }
    return OST_OK;
}

ost_status import_run(ost_session *s, const import_files *files)
{
    import_files context = *files;
    ost_status status = ost_transaction(s, replace_all, &context, NULL);
    clear_progress();
    return status;
}

ost_status import_count(ost_session *s, size_t index, const char **noun, int64_t *count)
{
    const source *from = &sources[index];
    *noun = from->noun;
    return ost_count_of(ost_session_from(s, from->model, from->record_size), count);
}
