/* SPDX-License-Identifier: MIT */
#include "story.h"

#include "categories.h"
#include "clock.h"
#include "comments.h"
#include "posts.h"
#include "statistics.h"
#include "users.h"

#include <stdio.h>
#include <string.h>

typedef struct cast {
    user *ada;
    user *grace;
} cast;

/* ---- telling ---- */

static void chapter(const char *title)
{
    printf("\n== %s\n", title);
}

static ost_status failed(const ost_session *s)
{
    return (ost_status)ost_session_error(s)->status;
}

/* Tells why something was refused; that it was not, or for another reason, ends the story. */
static ost_status refused(ost_session *s, const char *what, ost_status expected, ost_status status)
{
    char why[1024];
    if (status == OST_OK)
        return ost_fail(s, OST_CHECK, NULL, "%s: that should have been refused", what);
    if (status != expected)
        return status;
    ost_explain_error(ost_session_error(s), why, sizeof why);
    printf("%s? No:\n", what);
    for (const char *line = why; *line;) {
        size_t length = strcspn(line, "\n");
        printf("    %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
    return OST_OK;
}

static void show(const post *posts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("    %s, by %s (%d s to read, liked: %d, comments: %zu)\n", posts[i].title,
               posts[i].author, posts[i].seconds, posts[i].likes, posts[i].comments.count);
}

/* ---- the day ---- */

/* For good, those who have left and drafts too: a second run tells the same story. */
static ost_status empty(ost_session *s, const ost_attempt *attempt, void *context)
{
    ost_query *posts = ost_from(s, post);
    ost_query *users = ost_from(s, user);
    ost_query *categories = ost_from(s, category);
    (void)attempt, (void)context;
    ost_unscoped(posts);
    ost_with_deleted(users);
    ost_everything(posts);
    ost_everything(users);
    ost_everything(categories);
    OST_TRY(ost_purge_all(posts, NULL));
    OST_TRY(ost_purge_all(users, NULL));
    return ost_purge_all(categories, NULL);
}

static ost_status register_user(ost_session *s, const char *form, user **who)
{
    *who = users_register(s, form);
    return *who ? OST_OK : failed(s);
}

static ost_status print_json(const ost_session *s, const char *json)
{
    if (!json)
        return failed(s);
    printf("%s\n", json);
    return OST_OK;
}

/* What browsers send. */
#define FORM(name, email, password) \
    "{\"name\": \"" name "\", \"email\": \"" email "\", \"password\": \"" password "\"}"

static ost_status registration(ost_session *s, cast *c)
{
    user *eve;
    const char *careless = FORM("Al", "al at example.org", "short");
    const char *greedy = "{\"name\": \"eve\", \"attempts\": -99, \"role\": \"admin\"}";
    const char *guessable = FORM("eve", "eve@example.org", "eve and adam");
    const char *ada = FORM("ada", " Ada@Example.org ", "notes on the engine");
    const char *grace = FORM("grace", "grace@example.org", "a moth in the relay");
    const char *again = FORM("countess", "ada@example.org", "notes on the engine");
    chapter("Registration");
    OST_TRY(refused(s, "A careless form", OST_INVALID, register_user(s, careless, &eve)));
    OST_TRY(refused(s, "A form with more than it may set", OST_INVALID,
                    register_user(s, greedy, &eve)));
    OST_TRY(refused(s, "A password that anybody would guess", OST_INVALID,
                    register_user(s, guessable, &eve)));
    OST_TRY(register_user(s, ada, &c->ada));
    OST_TRY(register_user(s, grace, &c->grace));
    OST_TRY(
        refused(s, "An address that has an account", OST_CONFLICT, register_user(s, again, &eve)));
    OST_TRY(print_json(s, ost_to_json(s, user, c->ada)));
    return print_json(s, ost_to_json(s, user, c->grace));
}

static ost_status log_in(ost_db *db, ost_session *s, const char *password)
{
    ost_status status = users_log_in(db, s, "ada@example.org", password);
    if (status == OST_OK)
        printf("\"%s\" lets Ada in\n", password);
    return status;
}

static ost_status logging_in(ost_db *db, ost_session *s)
{
    chapter("Logging in");
    OST_TRY(log_in(db, s, "notes on the engine"));
    for (int i = 0; i < 3; i++)
        OST_TRY(refused(s, "A guess", OST_AUTH, log_in(db, s, "byron")));
    OST_TRY(refused(s, "The right password, but too late", OST_AUTH,
                    log_in(db, s, "notes on the engine")));
    clock_advance(15);
    printf("A quarter of an hour later ");
    return log_in(db, s, "notes on the engine");
}

/* Writes a post and publishes it an hour later. */
static ost_status write_post(ost_session *s, const user *author, post draft, const char *first_tag,
                             const char *second_tag)
{
    const char *const tags[] = { first_tag, second_tag };
    draft.tags.items = tags;
    draft.tags.count = 2;
    post *p = ost_new(s, post);
    if (!p)
        return failed(s);
    *p = draft;
    OST_TRY(posts_write(s, author, p));
    clock_advance(60);
    printf("%s wrote /posts/%s\n", author->name, p->slug);
    return posts_publish(s, author, p->slug);
}

static ost_status writing(ost_session *s, const cast *c)
{
    chapter("Writing");
    OST_TRY(write_post(
        s, c->ada,
        (post){ .title = "On Engines",
                .category_slug = "engines",
                .body = "The engine weaves algebraical patterns just as the loom weaves flowers." },
        " Mathematics ", "looms"));
    OST_TRY(write_post(s, c->grace,
                       (post){ .title = "The First Bug",
                               .category_slug = "engines",
                               .body = "We found a moth in relay 70 of panel F, and taped it into "
                                       "the log book. From then on, whenever the officers asked "
                                       "whether we made any numbers, we said we were debugging." },
                       "relays", "debugging"));
    OST_TRY(write_post(s, c->grace,
                       (post){ .title = "Words for Machines",
                               .category_slug = "languages",
                               .body = "Nobody believed that a compiler could be written. So "
                                       "programs are written in English now." },
                       "compilers", "mathematics"));
    OST_TRY(write_post(s, c->ada,
                       (post){ .title = "On engines!",
                               .category_slug = "engines",
                               .body = "It can only do what we know how to order it to perform." },
                       "looms", "limits"));
    post letter = { .title = "A Letter to Babbage", .category_slug = "life", .body = "Dear C." };
    OST_TRY(posts_write(s, c->ada, &letter));
    post *draft = posts_read(s, "a-letter-to-babbage");
    printf("a draft is %s\n", draft ? "for everybody" : "not for readers");
    OST_TRY(refused(s, "Grace publishes it", OST_NOT_FOUND,
                    posts_publish(s, c->grace, "a-letter-to-babbage")));
    post blank = { .title = "...", .category_slug = "life", .body = " " };
    OST_TRY(refused(s, "A post of nothing but dots", OST_INVALID, posts_write(s, c->ada, &blank)));
    return posts_edit(s, c->grace, "the-first-bug", "The First Bug, Taped", NULL);
}

static ost_status talking(ost_session *s, const cast *c)
{
    int64_t cleaned;
    chapter("Comments and likes");
    OST_TRY(comments_add(s, "the-first-bug", c->ada->name,
                         "  A moth! In my time it was punched "
                         "cards.  "));
    clock_advance(5);
    OST_TRY(comments_add(s, "the-first-bug", "mallory", "Buy my pills"));
    OST_TRY(comments_add(s, "on-engines", "mallory", "Cheap PILLS here"));
    OST_TRY(comments_add(s, "on-engines", c->grace->name, "It wove the first program, too."));
    OST_TRY(refused(s, "A comment that says nothing", OST_INVALID,
                    comments_add(s, "on-engines", c->grace->name, "  ")));
    OST_TRY(refused(s, "A comment on a draft", OST_NOT_FOUND,
                    comments_add(s, "a-letter-to-babbage", c->grace->name, "Dear A.")));
    OST_TRY(comments_remove(s, "pills", &cleaned));
    printf("posts cleaned of pills: %lld\n", (long long)cleaned);
    OST_TRY(posts_like(s, c->ada, "the-first-bug"));
    OST_TRY(posts_like(s, c->grace, "the-first-bug"));
    OST_TRY(posts_like(s, c->grace, "on-engines-2"));
    return refused(s, "Liking twice", OST_NOT_FOUND, posts_like(s, c->ada, "the-first-bug"));
}

static ost_status reading(ost_session *s)
{
    static const char *const searches[] = { "MOTH", "mathematics", "100%" };
    ost_page page;
    size_t count;
    chapter("Reading");
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        post *found = posts_search(s, searches[i], &count);
        if (!found)
            return failed(s);
        printf("\"%s\": %zu found\n", searches[i], count);
        show(found, count);
    }
    for (size_t number = 1; number <= 2; number++) {
        post *posts = posts_page(s, number, 3, &count, &page);
        if (!posts)
            return failed(s);
        printf("page %zu of %zu\n", page.page, page.pages);
        show(posts, count);
    }
    post *second = posts_page(s, 2, 3, &count, &page);
    return second ? print_json(s, ost_page_to_json(s, post, second, count, &page)) : failed(s);
}

static ost_status counting(ost_session *s)
{
    size_t count;
    int64_t authors;
    chapter("Statistics");
    category_total *totals = statistics_by_category(s, &count);
    if (!totals)
        return failed(s);
    for (size_t i = 0; i < count; i++)
        printf("%s: posts %lld, likes %lld, comments %lld, on average %.1f s to read\n",
               totals[i].category_slug, (long long)totals[i].posts,
               (long long)totals[i].likes.value, (long long)totals[i].comments.value,
               totals[i].seconds.value);
    OST_TRY(statistics_authors(s, &authors));
    printf("authors: %lld\n", (long long)authors);
    return OST_OK;
}

static ost_status leaving(ost_db *db, ost_session *s, cast *c)
{
    chapter("Leaving, and coming back");
    OST_TRY(users_leave(s, c->ada));
    OST_TRY(refused(s, "Ada logs in", OST_AUTH, log_in(db, s, "notes on the engine")));
    post *p = posts_read(s, "on-engines");
    post *bug = posts_read(s, "the-first-bug");
    if (!p || !bug)
        return failed(s);
    printf("%s is by %s; %s said: %s\n", p->title, p->author, bug->comments.items[0].author,
           bug->comments.items[0].text);
    OST_TRY(register_user(s, FORM("ada", "ada@example.org", "enchantress of number"), &c->ada));
    OST_TRY(print_json(s, ost_to_json(s, user, c->ada)));
    OST_TRY(refused(s, "The old password", OST_AUTH, log_in(db, s, "notes on the engine")));
    return log_in(db, s, "enchantress of number");
}

ost_status story_tell(ost_db *db, ost_session *s)
{
    cast c = { 0 };
    printf("A day of the blog\n");
    OST_TRY(ost_transaction(s, empty, NULL, OST_TRANSACTION(.max_attempts = 3)));
    OST_TRY(categories_create(s));
    OST_TRY(registration(s, &c));
    OST_TRY(logging_in(db, s));
    OST_TRY(writing(s, &c));
    OST_TRY(talking(s, &c));
    OST_TRY(reading(s));
    OST_TRY(counting(s));
    return leaving(db, s, &c);
}
