/* SPDX-License-Identifier: MIT */
#include "users.h"

#include "comments.h"
#include "posts.h"

#include <string.h>

enum { MAX_ATTEMPTS = 3, LOCK_MINUTES = 15 };

/* A rule of the program's own, asked once those of the model are met. */
static ost_status check_password(ost_call *call, const void *value, const void *record)
{
    const char *password = *(const char *const *)value;
    const user *who = record; /* NULL in an update by a query: there is no record at hand */
    if (who && who->name && strstr(password, who->name))
        return ost_call_fail(call, NULL, "must not contain the name");
    return OST_OK;
}

/* clang-format off */

/* A text that is unique says how long it may be; some databases need to know. */
OST_MODEL(user, .table = "blog_users",
    OST_FIELDS(
        OST_FIELD(user, id, .primary_key = true, .generated = OST_AUTO_INCREMENT, .hidden = true),
        OST_FIELD(user, name, .required = true, .unique = true, .trim = true,
            .min_length = 3, .max_length = 20, .pattern = "[a-z][a-z0-9_]*",
            .messages = OST_MESSAGES(
                .unique = "is taken",
                .pattern = "must begin with a letter; small letters, digits and _ may follow")),
        OST_FIELD(user, email, .required = true, .unique = true, .trim = true, .lowercase = true,
            .max_length = 254, .format = OST_EMAIL,
            .messages = OST_MESSAGES(.unique = "has an account already")),
        OST_FIELD(user, password, .required = true, .min_length = 10, .max_length = 200,
            .check = check_password, .hashed = true, .hidden = true),
        OST_FIELD(user, attempts, .hidden = true),
        OST_FIELD(user, attempted_at, .hidden = true),
        OST_FIELD(user, joined_at, .stamp = OST_ON_INSERT),
        OST_FIELD(user, left_at, .stamp = OST_ON_DELETE)));

/* clang-format on */

user *users_register(ost_session *s, const char *form)
{
    user *who = ost_new(s, user);
    if (!who ||
        ost_from_json(s, user, form, strlen(form), ost_only(user, name, email, password), who) ||
        ost_insert(s, user, who))
        return NULL;
    return who;
}

/*
 * Whether there may be one more attempt is asked and the attempt is counted by one statement,
 * before the password is looked at: of a thousand guesses sent at once three are looked at.
 */
static ost_status count_attempt(ost_session *s, const char *email)
{
    ost_time now = ost_now(s);
    ost_time lock_began = { now.microseconds - LOCK_MINUTES * INT64_C(60000000) };
    ost_query *q = ost_from(s, user);
    ost_where(q, ost_eq(user, email, email));
    ost_where(q, ost_either(ost_lt(user, attempts, MAX_ATTEMPTS),
                            ost_le(user, attempted_at, lock_began)));
    return ost_update_one(q, ost_inc(user, attempts, 1), ost_set(user, attempted_at, now));
}

static user *with_password(ost_session *s, const char *email)
{
    ost_query *q = ost_from(s, user);
    ost_where(q, ost_eq(user, email, email));
    ost_with_hidden(q);
    return ost_one(q, user);
}

ost_status users_log_in(ost_db *db, ost_session *s, const char *email, const char *password)
{
    bool renew;
    user *who = NULL;
    ost_status counted = count_attempt(s, email);
    if (counted == OST_OK)
        who = with_password(s, email);
    if (!who && ost_session_error(s)->status != OST_NOT_FOUND)
        return (ost_status)ost_session_error(s)->status;
    /* No hash takes as long as a wrong one, so that the time does not tell who is registered. */
    ost_status verified = ost_password_verify(db, who ? who->password : NULL, password, &renew);
    if (!who || verified != OST_OK)
        return ost_fail(s, verified, NULL, "e-mail or password are wrong, or were too often");
    who->attempts = 0;
    if (renew)
        who->password = password; /* hashing costs more by now than when this one was stored */
    return ost_save(s, user, who);
}

static ost_status leave(ost_session *s, const ost_attempt *attempt, void *context)
{
    user *who = context;
    (void)attempt;
    OST_TRY(posts_forget_author(s, who->id));
    OST_TRY(comments_forget_author(s, who->name));
    return ost_delete(s, user, who);
}

ost_status users_leave(ost_session *s, user *who)
{
    return ost_transaction(s, leave, who, OST_TRANSACTION(.max_attempts = 3));
}
