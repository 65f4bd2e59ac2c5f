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

/* A table made by others, where there is one. */
typedef struct gauge {
    int64_t id;
    signed char level;
    ost_opt_int8 maybe;
    char unit[4];
} gauge;
OST_RECORD(gauge, id);

/* The shape of a result. */
typedef struct year_count {
    ost_opt_int year;
    int64_t books;
    const char *first;
} year_count;
OST_PART(year_count);

#define SESSION_MODELS OST_MODELS(&book_model, &loan_model, &note_model, &gauge_model)

#endif
