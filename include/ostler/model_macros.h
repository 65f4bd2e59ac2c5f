/* SPDX-License-Identifier: MIT */
/**
 * @file model_macros.h
 * The macros that write models; included by model.h. C only: `_Generic` deduces each member's kind, without a
 * default branch, so that a member of a type that cannot be stored does not compile. C++ and other languages
 * fill the structs of model.h by hand.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct tag { int64_t id; char code[8]; } tag;
 * OST_RECORD(tag, id);
 * OST_MODEL(tag, OST_FIELDS(OST_FIELD(tag, id, .primary_key = true), OST_FIELD(tag, code, .unique = true)));
 * @endcode
 */
#ifndef OSTLER_MODEL_MACROS_H
#define OSTLER_MODEL_MACROS_H

#include "ostler/model.h"

#ifndef __cplusplus
/** The member `m` of a struct `T`, for operators that do not evaluate it. */
#define OST_MEMBER(T, m) (((T *)0)->m)
/** The list of storable types for `_Generic`; `P` is what stands behind each type, `last` the last association. */
#define OST_SCALARS(P, last) \
    bool P: OST_TYPE_BOOL, signed char P: OST_TYPE_INT8, short P: OST_TYPE_INT16, \
    int P: OST_TYPE_INT32, long P: sizeof(long) == 8 ? OST_TYPE_INT64 : OST_TYPE_INT32, \
    long long P: OST_TYPE_INT64, unsigned char P: OST_TYPE_UINT8, \
    unsigned short P: OST_TYPE_UINT16, unsigned P: OST_TYPE_UINT32, \
    unsigned long P: sizeof(long) == 8 ? OST_TYPE_UINT64 : OST_TYPE_UINT32, \
    unsigned long long P: OST_TYPE_UINT64, float P: OST_TYPE_FLOAT, double P: OST_TYPE_DOUBLE, \
    const char *P: OST_TYPE_TEXT, ost_blob P: OST_TYPE_BLOB, ost_time P: OST_TYPE_TIME, \
    ost_date P: OST_TYPE_DATE, ost_uuid P: OST_TYPE_UUID, ost_object_id P: OST_TYPE_OBJECT_ID, \
    ost_decimal P: OST_TYPE_DECIMAL, ost_json P: OST_TYPE_JSON, ost_point P: OST_TYPE_POINT, \
    ost_opt_bool P: OST_TYPE_OPTIONAL | OST_TYPE_BOOL, \
    ost_opt_int8 P: OST_TYPE_OPTIONAL | OST_TYPE_INT8, \
    ost_opt_int16 P: OST_TYPE_OPTIONAL | OST_TYPE_INT16, \
    ost_opt_int P: OST_TYPE_OPTIONAL | OST_TYPE_INT32, \
    ost_opt_int64 P: OST_TYPE_OPTIONAL | OST_TYPE_INT64, \
    ost_opt_uint8 P: OST_TYPE_OPTIONAL | OST_TYPE_UINT8, \
    ost_opt_uint16 P: OST_TYPE_OPTIONAL | OST_TYPE_UINT16, \
    ost_opt_uint P: OST_TYPE_OPTIONAL | OST_TYPE_UINT32, \
    ost_opt_uint64 P: OST_TYPE_OPTIONAL | OST_TYPE_UINT64, \
    ost_opt_float P: OST_TYPE_OPTIONAL | OST_TYPE_FLOAT, \
    ost_opt_double P: OST_TYPE_OPTIONAL | OST_TYPE_DOUBLE, \
    ost_opt_time P: OST_TYPE_OPTIONAL | OST_TYPE_TIME, \
    ost_opt_date P: OST_TYPE_OPTIONAL | OST_TYPE_DATE, \
    ost_opt_uuid P: OST_TYPE_OPTIONAL | OST_TYPE_UUID, \
    ost_opt_object_id P: OST_TYPE_OPTIONAL | OST_TYPE_OBJECT_ID, \
    ost_opt_decimal P: OST_TYPE_OPTIONAL | OST_TYPE_DECIMAL, last
/** Kind of a member. No default: a member of any other type (int *, char *, another struct) does not compile. */
#define OST_TYPE(T, m) \
    _Generic(&OST_MEMBER(T, m), OST_SCALARS(*, char (*)[sizeof OST_MEMBER(T, m)]: OST_TYPE_CHARS))
/** Kind of a member, OST_TYPE_NONE if it cannot be stored. */
#define OST_TYPE_ANY(T, m) \
    _Generic(&OST_MEMBER(T, m), \
        OST_SCALARS(*, char (*)[sizeof OST_MEMBER(T, m)]: OST_TYPE_CHARS), default: OST_TYPE_NONE)
/** A member of a record or part, as an initialiser of ost_member. */
#define OST_AT(T, m) \
    { .path = #m, .offset = offsetof(T##_record_, m), .size = sizeof OST_MEMBER(T##_record_, m), \
      .type = OST_TYPE_ANY(T##_record_, m) }
/** Name, struct, offset and size of a member. */
#define OST_PLACE(T, m) \
    .name = #m, .owner = #T, .offset = offsetof(T, m), .size = sizeof OST_MEMBER(T, m)

/** A field: OST_FIELD(struct, member, .option = value, …). */
#define OST_FIELD(...) OST_FIELD_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_FIELD(). */
#define OST_FIELD_(T, m, ...) { OST_PLACE(T, m), .type = OST_TYPE(T, m), __VA_ARGS__ }
/** A struct inside: OST_EMBED(struct, member, part, .option = value, …). */
#define OST_EMBED(...) OST_EMBED_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_EMBED(). */
#define OST_EMBED_(T, m, E, ...) \
    { OST_PLACE(T, m), .type = _Generic(&OST_MEMBER(T, m), E *: OST_TYPE_EMBEDDED), \
      .embeds = &E##_model, __VA_ARGS__ }
/** A list of scalars. */
#define OST_ITEMS(...) OST_ITEMS_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_ITEMS(). */
#define OST_ITEMS_(T, m, ...) \
    { OST_PLACE(T, m), .type = OST_TYPE_LIST, \
      .item_type = _Generic(OST_MEMBER(T, m).items[0], \
          OST_SCALARS(, struct ost_never *: OST_TYPE_NONE)), __VA_ARGS__ }
/** A list of structs. */
#define OST_EMBEDS(...) OST_EMBEDS_(__VA_ARGS__, .reserved_ = 0)
/** Behind OST_EMBEDS(). */
#define OST_EMBEDS_(T, m, E, ...) \
    { OST_PLACE(T, m), .type = OST_TYPE_LIST, \
      .item_type = _Generic(OST_MEMBER(T, m).items, const E *: OST_TYPE_EMBEDDED), \
      .embeds = &E##_model, __VA_ARGS__ }
/** A list of one key member. */
#define OST_KEYS(T, m) (const ost_member[]){ OST_AT(T, m), { .path = NULL } }
/** One to many: `foreign_key` is a member of Target. */
#define OST_HAS_MANY(T, m, Target, foreign_key) \
    { .name = #m, .offset = offsetof(T, m), \
      .kind = _Generic(OST_MEMBER(T, m).items, Target *: OST_HAS_MANY_), \
      .target = &Target##_model, .keys = OST_KEYS(Target, foreign_key) }
/** Many to one: `foreign_key` is a member of T. The foreign key is created with the tables. */
#define OST_BELONGS_TO(T, m, Target, foreign_key) \
    { .name = #m, .offset = offsetof(T, m), \
      .kind = _Generic(OST_MEMBER(T, m), Target *: OST_BELONGS_TO_, \
                       const Target *: OST_BELONGS_TO_), \
      .target = &Target##_model, .keys = OST_KEYS(T, foreign_key) }
/** Many to many: `own` and `other` are members of Through. */
#define OST_MANY_TO_MANY(T, m, Target, Through, own, other) \
    { .name = #m, .offset = offsetof(T, m), \
      .kind = _Generic(OST_MEMBER(T, m).items, Target *: OST_MANY_TO_MANY_), \
      .target = &Target##_model, .through = &Through##_model, .keys = OST_KEYS(Through, own), \
      .other_keys = OST_KEYS(Through, other) }
/** The fields of a model. */
#define OST_FIELDS(...) .fields = (const ost_field[]){ __VA_ARGS__, { .name = NULL } }
/** The relations of a model. */
#define OST_RELATIONS(...) .relations = (const ost_relation[]){ __VA_ARGS__, { .name = NULL } }
/** A column of an index, ascending. */
#define OST_ASC(T, m) { .member = OST_AT(T, m) }
/** A column of an index, descending. */
#define OST_DESC(T, m) { .member = OST_AT(T, m), .descending = true }
/** The columns of an index. */
#define OST_COLUMNS(...) \
    .columns = (const ost_index_column[]){ __VA_ARGS__, { .descending = false } }
/** An index. */
#define OST_INDEX(...) { OST_COLUMNS(__VA_ARGS__) }
/** A unique index. */
#define OST_UNIQUE_INDEX(...) { OST_COLUMNS(__VA_ARGS__), .unique = true }
/** A full-text index over texts. MongoDB; the others refuse it when tables are created. */
#define OST_FULL_TEXT_INDEX(...) { OST_COLUMNS(__VA_ARGS__), .kind = OST_FULL_TEXT }
/** The indexes of a model. */
#define OST_INDEXES(...) .indexes = (const ost_index[]){ __VA_ARGS__, { .name = NULL } }
/** A member of the JSON that a function gives, an ::ost_compute. */
#define OST_COMPUTE(name_, function) { .name = (name_), .value = (function) }
/** Members of the JSON that are not stored: OST_COMPUTED(OST_COMPUTE("minutes", reading_minutes)). */
#define OST_COMPUTED(...) .computed = (const ost_computed[]){ __VA_ARGS__, { .name = NULL } }
/** A list of names, as `.values` takes it. */
#define OST_NAMES(...) (const char *const[]){ __VA_ARGS__, NULL }
/** Messages of a field's own. */
#define OST_MESSAGES(...) \
    (&(const ost_messages){ .struct_size = sizeof(ost_messages), __VA_ARGS__ })
/** A constant integer, as `.min`, `.max` and `.default_value` take it. */
#define OST_INT(n) (&(const ost_value){ .type = OST_TYPE_INT64, .as = { .integer = (n) } })
/** A constant real number. */
#define OST_REAL(x) (&(const ost_value){ .type = OST_TYPE_DOUBLE, .as = { .real = (x) } })
/** A constant bool. */
#define OST_BOOL(b) (&(const ost_value){ .type = OST_TYPE_BOOL, .as = { .boolean = (b) } })
/** A constant text. */
#define OST_TEXT(t) (&(const ost_value){ .type = OST_TYPE_TEXT, .as = { .text = (t) } })
/** A constant decimal: OST_UNITS(1050, 2) is 10.50. */
#define OST_UNITS(units, digits) \
    (&(const ost_value){ .type = OST_TYPE_DECIMAL, \
        .as = { .decimal = { .high = (units) < 0 ? -1 : 0, .low = (uint64_t)(int64_t)(units), \
                             .scale = (digits) } } })

/** In a header: a record and its key. Further members of a composite key may follow. */
#define OST_RECORD(...) OST_RECORD_(__VA_ARGS__, )
/** Behind OST_RECORD(). The alias lets a variable have the struct's name. */
#define OST_RECORD_(T, key, ...) \
    typedef T T##_record_; \
    enum { T##_key_accepts_ = OST_ACCEPTS(OST_MEMBER(T, key)) }; \
    extern const ost_model T##_model
/** In a header: a struct that is embedded in others, or the shape of a result. */
#define OST_PART(T) \
    typedef T T##_record_; \
    extern const ost_model T##_model
/** In a source file: the model of a struct. */
#define OST_MODEL(T, ...) \
    const ost_model T##_model = { \
        .struct_size = sizeof(ost_model), .field_size = sizeof(ost_field), \
        .relation_size = sizeof(ost_relation), .index_size = sizeof(ost_index), \
        .index_column_size = sizeof(ost_index_column), .member_size = sizeof(ost_member), \
        .expr_size = sizeof(ost_expr), .abi = OST_ABI, .name = #T, .size = sizeof(T), __VA_ARGS__ }
/** A list of models, as ost_options takes it. */
#define OST_MODELS(...) ((const ost_model *const[]){ __VA_ARGS__, NULL })
#endif
#endif
