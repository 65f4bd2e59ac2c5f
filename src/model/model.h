/* SPDX-License-Identifier: MIT */
/* Compiled models: what a db makes of the program's descriptions, checked once at open; shapes of
 * results on first use. */
#ifndef OSTLER_MODEL_MODEL_H
#define OSTLER_MODEL_MODEL_H

#include "base/memory.h"
#include "ostler/operation.h"

enum { OST__FIELDS_MAX = 512, OST__MODELS_MAX = 4096 };

/* What a compiled field has beside its description; its `reserved_` leads there. */
typedef struct ost__field_extra {
    const struct ost__pattern *pattern;
    size_t base; /* where the struct that it was written for lies, if that was flattened */
    size_t plain_min,
        plain_max; /* of a hashed text: its lengths before, which tables know nothing of */
    /* Of a member of the program's own type, of which the column is a slot: how it becomes that,
     * and where it lies in the struct. */
    size_t member;
    uint32_t member_size;
    const ost_field *folded; /* of a caseless member: the column that it is compared by */
    const ost_field *folds;  /* of such a column: the member */
} ost__field_extra;
/* NULL: nothing. */
static inline const ost__field_extra *ost__field_more(const ost_field *f)
{
    return (const ost__field_extra *)f->reserved_;
}

/* The member in the struct, which is not the column's if it is converted. */
static inline size_t ost__field_place(const ost_field *f)
{
    return f->converts ? ost__field_more(f)->member : f->offset;
}
static inline uint32_t ost__field_place_size(const ost_field *f)
{
    return f->converts ? ost__field_more(f)->member_size : f->size;
}

/* What the column's name ends in that a caseless member is compared by. */
#define OST__FOLDED_SUFFIX "_folded"
/* The column that a member is compared by, with texts that are folded: another one than its own if
 * it is caseless. */
static inline const ost_field *ost__compared_by(const ost_field *f)
{
    const ost__field_extra *more = f->reserved_ ? ost__field_more(f) : NULL;
    return more && more->folded ? more->folded : f;
}
/* The member that a column is compared for; of others it is the field itself. */
static inline const ost_field *ost__member_of(const ost_field *f)
{
    const ost__field_extra *more = f->reserved_ ? ost__field_more(f) : NULL;
    return more && more->folds ? more->folds : f;
}
/* Whether a caseless member is compared by this column. */
static inline bool ost__field_is_folded(const ost_field *f)
{
    return f && ost__member_of(f) != f;
}

/* A set of a model's fields, by their index. */
typedef struct ost__field_set {
    uint64_t words[OST__FIELDS_MAX / 64];
} ost__field_set;
static inline bool ost__field_set_has(const ost__field_set *s, uint32_t i)
{
    return (s->words[i >> 6] >> (i & 63)) & 1;
}
static inline void ost__field_set_add(ost__field_set *s, uint32_t i)
{
    s->words[i >> 6] |= (uint64_t)1 << (i & 63);
}

/* Which functions of the program's a model has. */
enum ost__calls {
    OST__CALLS_WRITE = 1,   /* before or after an insert or update of a record */
    OST__CALLS_WRITTEN = 2, /* among these, some after it */
    OST__CALLS_DELETE = 4,  /* before or after a delete */
    OST__CALLS_DELETED = 8, /* among these, some after it */
    OST__CALLS_LOAD = 16
};

typedef struct ost__model {
    ost_table table; /* what drivers see; table.id is this model's index in the set */
    const ost_model *source, *given; /* complete; the program's own */
    const void *identity;            /* source->fields: the identity together with the name */
    size_t size;                     /* of the struct; see `width` */
    ost_field *fields;       /* == table.fields: complete copies; `column` and so on filled in */
    ost_row_step *steps;     /* one for each field, in field order; column i is field i */
    ost_row_program load;    /* of all fields */
    ost_row_program visible; /* of those that are not left out */
    uint32_t *by_offset;     /* field indexes by ascending place in the struct */
    ost__field_set all;      /* every member */
    ost__field_set keys;
    /* Fields with a rule of validation or normalisation, or of a kind that must be checked before
     * storing (text, char[], float, double, decimal, enumeration, time, date, required pointers).
     */
    ost__field_set ruled;
    /* Fields that an insert may change: generated on the client, stamps, defaults of absent
     * optionals, trim, lowercase. */
    ost__field_set insert_sets;
    ost__field_set update_sets;  /* fields that every update sets: OST_ON_UPDATE stamps */
    const ost_field **hashed;    /* passwords */
    const ost_field **converted; /* columns of types of the program's own */
    const ost_field **sealed;    /* immutable members inside documents */
    uint32_t hashed_count, converted_count, sealed_count;
    /* The columns behind these members are the library's own (caseless.h). Programs know nothing of
     * them, and no set of fields has them: they are written with their members. */
    uint32_t member_count;
    ost__field_set kept; /* immutable columns, and those of documents with immutable members */
    bool has_functions;  /* checks or transforms, also inside documents */
    ost__field_set immutable, left_out;
    bool has_immutable, has_left_out;
    /* What counts changes, or NULL; where behind a shadow the version lies that the record had. */
    const ost_field *version;
    uint32_t version_at;
    /* Of an image: the struct, and behind it what the library keeps of it in further columns, in
     * slots. Rows that are read, shadows and snapshots are images; `size` if there are no slots. */
    size_t width;
    size_t stride;      /* of shadows: an image, and behind it what is only written */
    size_t slots;       /* where the last of that ends */
    uint16_t calls;     /* bits of enum ost__calls */
    bool is_part;       /* no key: the shape of a result */
    bool has_flattened; /* columns of structs inside, named by their paths */
} ost__model;

OST_STATIC_ASSERT(offsetof(ost__model, table) == 0, "a model is found by its table");
/* The model whose table it is, also of a part. */
static inline const ost__model *ost__model_of_table(const ost_table *t)
{
    return (const ost__model *)(const void *)t;
}

/* The first field of the set from `i` on; the model's field_count: there is none. */
static inline uint32_t ost__field_set_next(const ost__field_set *s, const ost__model *m, uint32_t i)
{
    for (; i < m->table.field_count; i = (i | 63) + 1)
        for (uint64_t bits = s->words[i >> 6] >> (i & 63); bits; bits >>= 1, i++)
            if (bits & 1)
                return i;
    return m->table.field_count;
}

typedef struct ost__model_set ost__model_set;

/*
 * Copies and checks the models of a db. Every mistake of every model is a failure of the error
 * (path "model.field", rule, message); the status is then OST_SCHEMA (OST_UNSUPPORTED if all are
 * about what is not built yet).
 */
ost_status ost__model_set_open(const ost__memory *m, const ost_model *const *models,
                               ost__model_set **out, ost_error *e);
void ost__model_set_close(ost__model_set *set);
/* In the child of a fork: what another thread was adding meanwhile is forgotten. */
void ost__model_set_forked(ost__model_set *set);
/*
 * The compiled model; a shape of results (a model that was not given to ost_open and has no key) is
 * checked and added on its first use. Thread-safe, and without a lock for models given to ost_open.
 * NULL: e says why (OST_MISUSE: NULL model, a size that differs, a record model that was not given
 * to ost_open, with what to do).
 */
const ost__model *ost__model_find(ost__model_set *set, const ost_model *m, size_t record_size,
                                  ost_error *e);
/* Room behind the struct in every shadow, while the model is compiled: its offset. */
uint32_t ost__model_shadow_slot(ost__model *m, size_t size, size_t align);
/* By index (table.id); also from other threads. */
const ost__model *ost__model_at(const ost__model_set *set, uint32_t id);
/* Those given to ost_open() come first, in their order. */
uint32_t ost__model_count(const ost__model_set *set);
/* Whether a server that keeps names of at most `most` bytes (0: no limit known) keeps all of those
 * models. */
ost_status ost__model_set_check_names(const ost__model_set *set, uint32_t most, const char *server,
                                      ost_error *e);
/* For a server that has none: OST_UNSUPPORTED if a model has a schema. */
ost_status ost__model_set_refuse_schemas(const ost__model_set *set, const char *server,
                                         ost_error *e);
/* The field that a member names, or NULL; offset, size and type are checked against the path. */
const ost_field *ost__model_field(const ost__model *m, const ost_member *member);
/* The field that stands for the items of a list of scalars. */
const ost_field *ost__item_of(const ost__model *m, const ost_field *list);
const ost_field *ost__model_field_named(const ost__model *m, const char *name);
static inline uint32_t ost__field_index(const ost__model *m, const ost_field *f)
{
    return (uint32_t)(f - m->fields);
}
/* The index of the column that a member is in, or is. */
static inline uint32_t ost__column_of(const ost__model *m, const ost_field *f)
{
    while (f->inside)
        f = f->inside;
    return ost__field_index(m, f);
}
/* Whether the field stands for the items of a list of scalars. */
static inline bool ost__field_is_item(const ost_field *f)
{
    return f->inside && f->inside->type == OST_TYPE_LIST;
}
/* How column `column` fills the member, if the column is of the member's own kind and form. */
ost_row_step ost__row_step(const ost_field *to, uint32_t column);
/* Whether the field is a time in a column of others that has no parts of seconds. */
static inline bool ost__field_keeps_seconds(const ost_field *f)
{
    return f->stored == OST_STORED_SECONDS_TEXT || f->stored == OST_STORED_UNIX_SECONDS;
}
/* Whether records are loaded without it, unless it is asked for. What saving a record depends on is
 * not. */
static inline bool ost__field_is_left_out(const ost_field *f)
{
    return f->hidden && !f->primary_key && !f->version && f->stamp != OST_ON_DELETE;
}
/* Whether the field is an enumeration: an integer with `.values`. */
static inline bool ost__field_is_enum(const ost_field *f)
{
    uint16_t type = f->type & (uint16_t)~OST_TYPE_OPTIONAL;
    return f->values && type >= OST_TYPE_INT8 && type <= OST_TYPE_UINT64;
}

#endif
