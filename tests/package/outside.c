/* SPDX-License-Identifier: MIT */
/* A program outside the tree: it knows only what is installed. */
#include <ostler/ostler.h>
#include <stdio.h>

typedef struct book {
    int64_t id;
    const char *title;
    int year;
} book;
OST_RECORD(book, id);
OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, title, .required = true, .max_length = 200),
                     OST_FIELD(book, year)));

static ost_status store_and_find(ost_session *s)
{
    size_t count;
    OST_TRY(ost_insert(s, book, &(book){ .title = "The C Programming Language", .year = 1978 }));
    OST_TRY(ost_insert(s, book, &(book){ .title = "Expert C Programming", .year = 1994 }));

    ost_query *q = ost_from(s, book);
    ost_where(q, ost_lt(book, year, 1990));
    book *books = ost_all(q, book, &count);
    if (!books)
        return (ost_status)ost_session_error(s)->status;
    for (size_t i = 0; i < count; i++)
        printf("%d  %s\n", books[i].year, books[i].title);
    return OST_OK;
}

int main(void)
{
    ost_db *db;
    ost_session *s;
    ost_error error;
    if (ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&book_model)),
                 &db, &error) ||
        ost_create_tables(db, &error) || ost_session_open(db, NULL, &s, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    ost_status status = store_and_find(s);
    if (status)
        fprintf(stderr, "%s\n", ost_session_error(s)->message);
    ost_session_close(s);
    ost_close(db);
    return status != OST_OK;
}
