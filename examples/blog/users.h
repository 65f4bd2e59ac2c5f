/* SPDX-License-Identifier: MIT */
/* Users: they register, log in, and may leave. */
#ifndef BLOG_USERS_H
#define BLOG_USERS_H

#include <ostler/ostler.h>

typedef struct user {
    int64_t id;
    const char *name;
    const char *email;
    const char *password; /* stored as a hash, and not loaded unless a query asks for it */
    int attempts;         /* to log in, since the last one that succeeded */
    ost_opt_time attempted_at;
    ost_time joined_at;
    ost_opt_time left_at; /* who has left is kept, but found no more */
} user;
OST_RECORD(user, id);

/*
 * Stores a user from the JSON of a form, which may set name, e-mail and password. NULL: refused;
 * the session's error says why, with every member that is wrong.
 */
user *users_register(ost_session *s, const char *form);
/*
 * OST_AUTH says no, and nothing else: not whether there is such a user, nor whether it is locked
 * because of too many wrong passwords in a row. `email` is as it is stored, in small letters.
 */
ost_status users_log_in(ost_db *db, ost_session *s, const char *email, const char *password);
/* The user can be found no more, and is named no more where it wrote. All of it happens or none. */
ost_status users_leave(ost_session *s, user *who);

#endif
