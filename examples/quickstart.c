/* SPDX-License-Identifier: MIT */
/* The README's program: declare a struct, store it, find it. */
#include <ostler/ostler.h>
#include <stdio.h>

typedef struct book { int64_t id; const char *title; int year; } book;
OST_RECORD(book, id);
OST_MODEL(book, .table = "books", OST_FIELDS(
    OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
    OST_FIELD(book, title, .required = true, .max_length = 200),
    OST_FIELD(book, year)));

int main(void) {
    ost_db *db;
    ost_session *s;
    ost_error error;
    size_t count;
    if (ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&book_model)), &db, &error) ||
        ost_create_tables(db, &error) || ost_session_open(db, NULL, &s, &error))
        return fprintf(stderr, "%s\n", error.message), 1;

    ost_insert(s, book, &(book){ .title = "The C Programming Language", .year = 1978 });
    ost_insert(s, book, &(book){ .title = "Expert C Programming", .year = 1994 });

    ost_query *q = ost_from(s, book);
    ost_where(q, ost_lt(book, year, 1990));
    book *books = ost_all(q, book, &count);
    if (!books)
        return fprintf(stderr, "%s\n", ost_session_error(s)->message), 1;
    for (size_t i = 0; i < count; i++) printf("%d  %s\n", books[i].year, books[i].title);

    ost_session_close(s);
    ost_close(db);
}
