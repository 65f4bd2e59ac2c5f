/* SPDX-License-Identifier: MIT */
/* What the tests of sessions store. */
#ifndef OSTLER_TESTS_SESSION_MODELS_H
#define OSTLER_TESTS_SESSION_MODELS_H

#include "ostler/ostler.h"

typedef struct book {
    int64_t id;
    const char *title;
    const char *subtitle;
    char code[8];
    ost_opt_int year;
    int stock;
    bool lent;
    ost_opt_double weight;
    ost_decimal price;
    ost_blob cover;
    const char *isbn;
    const char *secret;
} book;
OST_RECORD(book, id);

/* A composite key. */
typedef struct loan {
    int64_t book;
    int64_t reader;
    ost_date due;
    const char *note;
} loan;
OST_RECORD(loan, book, reader);

/* Stamps and a default. */
typedef struct note {
    int64_t id;
    const char *text;
    ost_opt_int stars;
    ost_time created_at;
    ost_time changed_at;
} note;
OST_RECORD(note, id);

/* Soft deletes: what is unique is so among the living, but for the card. */
typedef struct patron {
    int64_t id;
    const char *email;
    const char *nick;
    int card;
    ost_opt_int shelf;
    ost_opt_int box;
    int visits;
    ost_time changed_at;
    ost_opt_time deleted_at;
} patron;
OST_RECORD(patron, id);

/* The same with a key of two members, and a day that is hidden. */
typedef struct permit {
    int64_t patron;
    char kind[8];
    ost_opt_date ended;
    const char *note;
} permit;
OST_RECORD(permit, patron, kind);

/* Queries get what `notice_scope` adds: those of the wall, the most urgent first. */
typedef struct notice {
    int64_t id;
    const char *title;
    const char *wall;
    int urgency;
    ost_opt_time deleted_at;
} notice;
OST_RECORD(notice, id);
extern void (*notice_scope)(ost_query *q); /* NULL: nothing */

/* With every hook; and with those before a write alone. They all call `session_hook`. */
typedef struct lodger {
    int64_t id;
    const char *name;
    const char *mail;
    char code[8];
    int visits;
    ost_time changed_at;
    int seen; /* not stored */
} lodger;
OST_RECORD(lodger, id);
typedef struct visit {
    int64_t id;
    const char *reason;
    int64_t lodger;
    int minutes;
} visit;
OST_RECORD(visit, id);
typedef ost_status session_hook_is(const char *name, ost_call *call, void *record);
extern session_hook_is *session_hook; /* NULL: they do nothing */

/* With a version; and with soft deletes too. */
typedef struct sheet {
    int64_t id;
    const char *text;
    const char *slug;
    int version;
    int64_t views;
} sheet;
OST_RECORD(sheet, id);
typedef struct draft {
    int64_t id;
    const char *text;
    uint64_t version;
    ost_time changed_at;
    ost_opt_time deleted_at;
} draft;
OST_RECORD(draft, id);

/* A table made by others, where there is one. */
typedef struct gauge {
    int64_t id;
    signed char level;
    ost_opt_int8 maybe;
    char unit[4];
} gauge;
OST_RECORD(gauge, id);

/* What upserts meet: two unique members, a unique index, numbers that are added to. */
typedef struct site {
    int64_t id;
    const char *path;
    const char *alias;
    int zone, place; /* unique together */
    int visits;
    ost_opt_int rank;
    const char *owner;
    ost_decimal paid;
    ost_time first_seen, last_seen;
} site;
OST_RECORD(site, id);

/* The shape of a result. */
typedef struct year_count {
    ost_opt_int year;
    int64_t books;
    const char *first;
} year_count;
OST_PART(year_count);

#define SESSION_MODELS                                                                            \
    OST_MODELS(&book_model, &loan_model, &note_model, &gauge_model, &patron_model, &permit_model, \
               &notice_model, &site_model, &lodger_model, &visit_model, &sheet_model,             \
               &draft_model)

#endif
