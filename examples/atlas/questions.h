/* SPDX-License-Identifier: MIT */
/* The questions: each one is a function that builds a query, runs it and shows the rows. */
#ifndef ATLAS_QUESTIONS_H
#define ATLAS_QUESTIONS_H

#include "models.h"
#include "output.h"

/* What a question is given. */
typedef struct inquiry {
    ost_session *session;
    output *out;
    const char *sort_member; /* from the command line */
    const char *sort_direction;
} inquiry;

typedef struct question {
    const char *name; /* for programs */
    const char *text; /* for people */
    ost_status (*answer)(const inquiry *ask);
} question;

/* Questions that only read, and questions that write. Both lists end in a name of NULL. */
extern const question questions[];
extern const question changes[];

/* Shows an array of `T`; the names of members after `count` choose the columns, NULL means all. */
#define show(ask, T, rows, count, ...)                                             \
    output_rows((ask)->out, (ask)->session, OST_OF(T), OST_CPTR(T, rows), (count), \
                (const char *const[]){ __VA_ARGS__, NULL })

/* The status of the call that failed last. */
ost_status failed(const inquiry *ask);
/* The one city with this name in this country; NULL if it failed. */
city *find_city(const inquiry *ask, const char *name, const char *country_code);
/* How many people live in the cities of a country. */
ost_status count_people(const inquiry *ask, const char *country_code, ost_opt_int64 *people);

#endif
