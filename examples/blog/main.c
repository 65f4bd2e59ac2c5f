/* SPDX-License-Identifier: MIT */
/*
 * The blog: people register, write, comment and leave. The one argument is the URL of the database;
 * nothing else changes from one database to another, and every one prints the same.
 */
#include "categories.h"
#include "clock.h"
#include "posts.h"
#include "story.h"
#include "users.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

/* SQLite, and what else the blog was built with. */
static const ost_driver *const *drivers(void)
{
    static const ost_driver *list[5];
    size_t count = 0;
    list[count++] = ost_driver_sqlite();
#ifdef EXAMPLE_POSTGRES
    list[count++] = ost_driver_postgres();
#endif
#ifdef EXAMPLE_MYSQL
    list[count++] = ost_driver_mysql();
#endif
#ifdef EXAMPLE_MONGO
    list[count++] = ost_driver_mongo();
#endif
    list[count] = NULL;
    return list;
}

/* Prints what an error says, with every member that it is about. */
static void complain(const ost_error *error)
{
    char why[2048];
    ost_explain_error(error, why, sizeof why);
    fprintf(stderr, "blog: %s\n", why);
}

static bool run(const char *url)
{
    ost_db *db = NULL;
    ost_session *s = NULL;
    ost_error error;
    bool done = false;
    /* Comments are not listed: they are a part of posts. The cost of a hash is OWASP's smallest. */
    if (ost_open(OST_OPTIONS(.url = url, .drivers = drivers(),
                             .models = OST_MODELS(&user_model, &category_model, &post_model),
                             .passwords = OST_PASSWORDS(.passes = 2, .memory_kib = 19456),
                             .platform = &clock_platform),
                 &db, &error) != OST_OK ||
        ost_create_tables(db, &error) != OST_OK || ost_session_open(db, NULL, &s, &error) != OST_OK)
        complain(&error);
    else if (story_tell(db, s) != OST_OK)
        complain(ost_session_error(s));
    else
        done = true;
    ost_session_close(s);
    ost_close(db);
    return done;
}

int main(int count, char **arguments)
{
    if (count > 2 || (count == 2 && arguments[1][0] == '-')) {
        fputs("usage: blog [URL]\n"
              "\n"
              "Plays a day of a blog on a database; default: sqlite::memory:. What an earlier run\n"
              "left in the tables blog_users, blog_categories and blog_posts is deleted first.\n",
              stderr);
        return EXIT_USAGE;
    }
    if (!run(count == 2 ? arguments[1] : "sqlite::memory:"))
        return EXIT_FAILURE;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("blog: the output cannot be written\n", stderr);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
