/* SPDX-License-Identifier: MIT */
/* Programs that watch notes, and others that change them. */
#ifndef OSTLER_TESTS_MONGO_WATCHING_H
#define OSTLER_TESTS_MONGO_WATCHING_H

#include "ostler/ostler.h"
#include "support/proxy.h"
#include "support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct note {
    int64_t id;
    const char *text;
    int n;
    ost_opt_int maybe;
} note;
OST_RECORD(note, id);
extern const ost_model note_model;

/* A key of two members. */
typedef struct cell {
    int row;
    int line;
    const char *text;
} cell;
OST_RECORD(cell, row, line);
extern const ost_model cell_model;

/* A program: a db, and a session of it. */
typedef struct watching {
    const char *url;
    ost_db *db;
    ost_session *s;
} watching;

/* `most`: connections. */
void watching_open(watching *p, const char *url, uint32_t most, uint32_t timeout_ms);
void watching_close(watching *p);

/* A database with its collections, and two programs: one watches, the other writes. */
typedef struct watched {
    const char *url;
    watching reader, writer;
} watched;
int watched_begin(void **state);
int watched_end(void **state);

/* The next event is of this kind; the record, or NULL. */
note *watched_next(ost_watcher *w, uint16_t kind);
/* No further event comes within a moment, and the stream goes on. */
void watched_nothing(ost_watcher *w, ost_session *s);
void watched_insert(ost_session *s, int64_t id, int n);
/* n of a note is set. */
void watched_set(ost_session *s, int64_t id, int n);
void watched_delete(ost_session *s, int64_t id);
/* Notes from `first` to `last`, by somebody else. */
void watched_fill(const char *url, int first, int last);
/* A token that outlives its session. */
ost_blob watched_keep(ost_blob token);
void watched_forget(ost_blob token);
int64_t watched_now_ms(void);

#define OK(call, session) watched_ok((call), (session), #call, __FILE__, __LINE__)
void watched_ok(ost_status status, ost_session *s, const char *what, const char *file, int line);
/* The session's error has this status, and this in its message. */
#define SAYS(session, status, part) watched_says((session), (status), (part), __FILE__, __LINE__)
void watched_says(ost_session *s, ost_status status, const char *part, const char *file, int line);

#endif
