/* SPDX-License-Identifier: MIT */
/* The models of the conformance tests: together they have every kind of member. */
#ifndef CONFORMANCE_MODELS_H
#define CONFORMANCE_MODELS_H

#include "ostler/ostler.h"

/* The names do not sort like the numbers. */
typedef enum mood { MOOD_CALM, MOOD_ANGRY, MOOD_HAPPY, MOOD_BORED } mood;

/* Every kind that is never null, and the pointers, which may be. */
typedef struct thing {
    int64_t id;
    bool flag;
    signed char i8;
    short i16;
    int i32;
    int64_t i64;
    unsigned char u8;
    unsigned short u16;
    unsigned int u32;
    uint64_t u64;
    float f;
    double amount; /* quarters: sums are exact in any order */
    double wild;
    const char *name; /* not null */
    const char *note;
    char code[12];
    ost_blob data;
    ost_time at;
    ost_date day;
    ost_uuid uuid;
    ost_object_id object;
    ost_decimal price;
    ost_decimal huge;
    mood mood;
    const char *alias; /* caseless */
    char sign[12];     /* the same */
} thing;
OST_RECORD(thing, id);

/* Every optional kind. */
typedef struct maybe {
    int64_t id;
    ost_opt_bool flag;
    ost_opt_int8 i8;
    ost_opt_int16 i16;
    ost_opt_int i32;
    ost_opt_int64 i64;
    ost_opt_uint8 u8;
    ost_opt_uint16 u16;
    ost_opt_uint u32;
    ost_opt_uint64 u64;
    ost_opt_float f;
    ost_opt_double amount; /* quarters */
    ost_opt_double wild;
    ost_opt_time at;
    ost_opt_date day;
    ost_opt_uuid uuid;
    ost_opt_object_id object;
    ost_opt_decimal rate;
    ost_opt_decimal vast;
    ost_opt_int mood;
} maybe;
OST_RECORD(maybe, id);

/* A key of two members, one of them a char array. */
typedef struct seat {
    int row;
    char letter[4];
    ost_opt_int taken;
    const char *note;
} seat;
OST_RECORD(seat, row, letter);

/* A given key, unique members with NULLs, a unique index of two members. */
typedef struct account {
    int64_t id;
    const char *email;
    ost_opt_int badge;
    ost_opt_int team;
    ost_opt_int place;
    int64_t cents;
    ost_decimal balance;
} account;
OST_RECORD(account, id);

/* Soft deletes: what is unique is so among the living, but for the card. */
typedef struct guest {
    int64_t id;
    const char *email;
    ost_opt_int badge;
    ost_opt_int room;
    ost_opt_int bed;
    ost_opt_int card;
    ost_opt_int nights;
    const char *note;
    ost_opt_time deleted_at;
} guest;
OST_RECORD(guest, id);

/* Two members of a kind, to be compared with each other. */
typedef struct twin {
    int64_t id;
    ost_opt_bool flag_a, flag_b;
    ost_opt_int64 whole_a, whole_b;
    ost_opt_uint64 natural_a, natural_b;
    ost_opt_double real_a, real_b;
    const char *note_a, *note_b;
    char code_a[12], code_b[12];
    ost_blob data_a, data_b;
    ost_opt_time at_a, at_b;
    ost_opt_date day_a, day_b;
    ost_opt_uuid uuid_a, uuid_b;
    ost_opt_object_id object_a, object_b;
    ost_opt_decimal price_a, price_b;
    ost_opt_int mood_a, mood_b;
    const char *alias_a, *alias_b; /* caseless */
    char sign_a[12], sign_b[12];   /* the same */
} twin;
OST_RECORD(twin, id);

/* Decimals at the edges of what is stored in one way or another. */
typedef struct exact {
    int64_t id;
    ost_opt_decimal whole;    /* 38, 0 */
    ost_opt_decimal fraction; /* 38, 38 */
    ost_opt_decimal units;    /* 18, 0 */
    ost_opt_decimal beyond;   /* 19, 0 */
    ost_opt_decimal digit;    /* 1, 1 */
} exact;
OST_RECORD(exact, id);

/* Documents: structs two deep, as one document and as columns, lists of values and of structs. */
typedef struct nook {
    ost_opt_int shelf;
    const char *label;
} nook;
OST_PART(nook);
typedef struct room {
    const char *city;
    ost_opt_int floor;
    int64_t wide;
    ost_opt_bool open;
    ost_opt_double amount; /* quarters */
    ost_opt_decimal price;
    ost_opt_time at;
    ost_opt_date day;
    ost_opt_uuid uuid;
    ost_opt_int mood;
    char code[8];
    OST_LIST(int) steps;
    nook nook;
} room;
OST_PART(room);
typedef struct parcel {
    const char *word;
    int count;
    ost_opt_int64 weight;
    ost_opt_double amount; /* quarters */
    ost_opt_decimal price;
    ost_opt_int mood;
    nook at;
    OST_LIST(const char *) tags;
} parcel;
OST_PART(parcel);
typedef struct crate {
    int64_t id;
    const char *title;
    room home;
    nook spare;
    OST_LIST(const char *) words;
    OST_LIST(int) numbers;
    OST_LIST(ost_decimal) amounts;
    OST_LIST(ost_time) times;
    OST_LIST(parcel) parcels;
    ost_json extra;
    ost_opt_int rank;
} crate;
OST_RECORD(crate, id);

/* Every kind inside a document, and as the items of lists. */
typedef struct gem {
    bool flag;
    signed char i8;
    ost_opt_int16 i16;
    unsigned char u8;
    ost_opt_uint u32;
    uint64_t u64;
    ost_opt_uint64 natural;
    ost_opt_float f;
    double wild;
    ost_blob data;
    ost_opt_object_id object;
    ost_decimal huge;
    const char *name; /* not null */
    ost_json json;
} gem;
OST_PART(gem);
typedef struct chest {
    int64_t id;
    gem in;
    OST_LIST(bool) flags;
    OST_LIST(short) shorts;
    OST_LIST(int64_t) wholes;
    OST_LIST(uint64_t) naturals;
    OST_LIST(float) floats;
    OST_LIST(double) reals;
    OST_LIST(ost_blob) blobs;
    OST_LIST(ost_date) days;
    OST_LIST(ost_uuid) uuids;
    OST_LIST(ost_object_id) objects;
    OST_LIST(ost_decimal) decimals;
    OST_LIST(int) moods;
    OST_LIST(gem) gems;
    const char *note;
} chest;
OST_RECORD(chest, id);

/* What is selected: one member for each kind of result. */
typedef struct facts {
    int64_t rows;
    ost_opt_int64 whole;
    ost_opt_int64 whole2;
    ost_opt_uint64 natural;
    ost_opt_bool flag;
    ost_opt_float single;
    ost_opt_double real;
    ost_opt_double real2;
    const char *text;
    const char *text2;
    ost_blob data;
    ost_opt_time at;
    ost_opt_date day;
    ost_opt_uuid uuid;
    ost_opt_object_id object;
    ost_opt_decimal exact;
    ost_opt_decimal scale2;
    ost_opt_decimal scale4;
    ost_opt_decimal scale6;
    ost_opt_decimal scale8;
    ost_opt_decimal scale10;
    ost_opt_decimal scale12;
    ost_opt_decimal scale16;
    ost_opt_decimal scale1, scale7, scale38;
    ost_opt_int mood;
} facts;
OST_PART(facts);

/* A result that not everything fits into. */
typedef struct narrow {
    signed char tiny;
    int number;
    float single;
    const char *text; /* not null */
    char code[4];
} narrow;
OST_PART(narrow);

/* What is selected of documents. */
typedef struct bundle {
    int64_t rows;
    ost_opt_int64 whole;
    const char *text;
    nook nook;
    OST_LIST(const char *) words;
    OST_LIST(int) numbers;
    OST_LIST(ost_decimal) amounts;
    OST_LIST(ost_time) times;
    OST_LIST(parcel) parcels;
    ost_json extra;
} bundle;
OST_PART(bundle);

enum { MODEL_COUNT = 9 };
extern const ost_model *const all_models[MODEL_COUNT + 1]; /* the records; ends in NULL */

#endif
