/* SPDX-License-Identifier: MIT */
/* Models that only the suite uses: keys of every kind, references, what the library sets, tables of
 * others. */
#ifndef CONFORMANCE_SUITE_MODELS_H
#define CONFORMANCE_SUITE_MODELS_H

#include "models.h"

typedef struct author {
    int64_t id;
    const char *name;
} author;
OST_RECORD(author, id);

typedef struct book {
    int64_t id;
    ost_opt_int64 author_id;
    const char *title;
    author *author;
} book;
OST_RECORD(book, id);

typedef struct stamped {
    int64_t id;
    const char *label;
    ost_time created_at;
    ost_opt_time updated_at;
} stamped;
OST_RECORD(stamped, id);

typedef struct preset {
    int64_t id;
    ost_opt_int count;
    ost_opt_bool flag;
    const char *word;
    ost_opt_decimal price;
    int plain;
} preset;
OST_RECORD(preset, id);

typedef struct labelled {
    int64_t id;
    const char *colour; /* one of three */
    ost_opt_int size;   /* one of three names */
} labelled;
OST_RECORD(labelled, id);

/* With every hook; they call `hooked_does`, if there is one. */
typedef struct hooked {
    int64_t id;
    const char *name; /* unique */
    int steps;
} hooked;
OST_RECORD(hooked, id);
extern ost_status (*hooked_does)(const char *hook, ost_call *call, hooked *record);

/* Caseless texts of both kinds, one of them in a struct inside; beside a version and a hook. */
typedef struct badge {
    const char *label;
    int size;
} badge;
OST_PART(badge);
typedef struct patron {
    int64_t id;
    const char *email; /* unique */
    const char *name;  /* "rename me" becomes "Renamed" when it is saved */
    char code[12];     /* unique in a team */
    ost_opt_int team;
    badge badge;
    const char *title; /* exact */
    int64_t version;
} patron;
OST_RECORD(patron, id);
typedef struct tally {
    const char *name, *first;
    int64_t count;
} tally;
OST_PART(tally);

/* Unique among the living, whatever the case. */
typedef struct tenant {
    int64_t id;
    const char *email;
    int nights;
    ost_opt_time gone;
} tenant;
OST_RECORD(tenant, id);

/* It counts its changes. */
typedef struct versioned {
    int64_t id;
    const char *name;
    int n;
    int64_t version;
} versioned;
OST_RECORD(versioned, id);

/* Names that need to be quoted. */
typedef struct odd {
    int64_t id;
    int group;
    const char *order;
    ost_opt_int blank;
} odd;
OST_RECORD(odd, id);

typedef struct by_uuid {
    ost_uuid id;
    const char *note;
} by_uuid;
OST_RECORD(by_uuid, id);

typedef struct by_object_id {
    ost_object_id id;
    const char *note;
} by_object_id;
OST_RECORD(by_object_id, id);

typedef struct by_text {
    const char *id;
    const char *note;
} by_text;
OST_RECORD(by_text, id);

typedef struct by_time {
    ost_time id;
    const char *note;
} by_time;
OST_RECORD(by_time, id);

typedef struct by_date {
    ost_date id;
    const char *note;
} by_date;
OST_RECORD(by_date, id);

typedef struct by_decimal {
    ost_decimal id;
    const char *note;
} by_decimal;
OST_RECORD(by_decimal, id);

typedef struct by_natural {
    unsigned int id;
    const char *note;
} by_natural;
OST_RECORD(by_natural, id);

/* Unique members of kinds that need care. */
typedef struct only {
    int64_t id;
    ost_opt_time at;
    ost_opt_uuid uuid;
    ost_opt_decimal rate;
    ost_opt_int mood;
    char code[8];
} only;
OST_RECORD(only, id);

/* Queries are of those that are shown, the highest first. */
typedef struct poster {
    int64_t id;
    const char *title;
    bool shown;
    int rank;
} poster;
OST_RECORD(poster, id);

/* A table that others made, with rules that the model does not know. */
typedef struct ledger {
    int64_t id;
    const char *code;
    ost_opt_int64 cents;
    ost_opt_int64 account;
} ledger;
OST_RECORD(ledger, id);

/* Documents: a struct, lists of both kinds, structs and lists inside structs in a list. */
typedef struct spot {
    const char *town;
    ost_opt_int floor;
    ost_decimal fee;
    double height;
    ost_time seen;
    ost_opt_uuid mark;
} spot;
typedef struct line {
    const char *word;
    int count;
    spot at;
    OST_LIST(const char *) tags;
} line;
typedef struct folio {
    int64_t id;
    const char *title;
    spot cover, back;
    OST_LIST(const char *) words;
    OST_LIST(int) numbers;
    OST_LIST(ost_decimal) amounts;
    OST_LIST(line) lines;
    ost_json extra;
    ost_point place;
} folio;
OST_PART(spot);
OST_PART(line);
OST_RECORD(folio, id);

enum { SUITE_MODEL_COUNT = MODEL_COUNT + 22 };
extern const ost_model *const suite_models[SUITE_MODEL_COUNT + 1];
/* Statements that make the tables of others anew; ends in NULL. */
extern const char *const ledger_statements[];
extern const char ledger_commands[]; /* for MongoDB */

/* Types of its own, stored as a text, a number, a decimal, bytes and an optional number. */
typedef struct sum {
    int64_t cents;
    char currency[4];
} sum;
typedef struct shade {
    uint8_t red, green, blue;
} shade;
typedef struct mass {
    int grams;
} mass;
typedef struct mark {
    uint8_t bytes[3];
} mark;
typedef struct term {
    bool open;
    int days;
} term;
OST_CONVERTS(sum_text, sum);
OST_CONVERTS(shade_number, shade);
OST_CONVERTS(mass_decimal, mass);
OST_CONVERTS(mark_bytes, mark);
OST_CONVERTS(term_days, term);
typedef struct wrapped {
    int64_t id;
    sum worth;
    shade paper;
    mass heavy;
    mark mark;
    term term;
    sum code; /* unique */
} wrapped;
OST_RECORD(wrapped, id);
/* Columns of it as they are stored. */
typedef struct wrapped_stored {
    const char *worth;
    ost_opt_int paper;
    ost_opt_decimal heavy;
    ost_blob mark;
    ost_opt_int term;
} wrapped_stored;
OST_PART(wrapped_stored);

#endif
