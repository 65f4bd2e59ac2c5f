/* SPDX-License-Identifier: MIT */
/* A program outside the tree that links the drivers of servers: nobody listens where it knocks, and
 * that is what each says. */
#include <ostler/ostler.h>
#include <stdio.h>

typedef struct book {
    int64_t id;
    const char *title;
} book;
OST_RECORD(book, id);
OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, title, .required = true, .max_length = 200)));

static int knock(const char *url)
{
    ost_db *db;
    ost_error error;
    ost_status status =
        ost_open(OST_OPTIONS(.url = url,
                             .drivers = OST_DRIVERS(ost_driver_postgres(), ost_driver_mysql(),
                                                    ost_driver_mongo()),
                             .models = OST_MODELS(&book_model), .connect_timeout_ms = 5000),
                 &db, &error);
    if (status == OST_CONNECTION)
        return 0;
    return fprintf(stderr, "%s: %s: %s\n", url, ost_status_name(status), error.message), 1;
}

int main(void)
{
    if (knock("postgresql://nobody:none@127.0.0.1:1/none") ||
        knock("mysql://nobody:none@127.0.0.1:1/none") ||
        knock("mongodb://nobody:none@127.0.0.1:1/none"))
        return 1;
    puts("nobody listens");
    return 0;
}
