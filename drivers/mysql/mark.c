/* SPDX-License-Identifier: MIT */
/*
 * Marks of commits. A unit that writes has a random number, known to the client before COMMIT is
 * sent, and stores it in a table as its last write. If the answer to COMMIT is lost, the number is
 * stored once more, on another connection: as long as the unit is undecided that waits for its
 * lock, then either the number is there, so the unit was committed, or it is not, and never will
 * be.
 */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"

enum {
    SWEEP_EVERY = 1000, /* units */
    DUPLICATE = 1062,
    LOCKED = 1205,
    NO_TABLE = 1146
};

static void append_mark(ost__buffer *b, const uint8_t *mark)
{
    static const char digits[] = "0123456789abcdef";
    ost__buffer_text(b, "INSERT INTO `" OST_MARKS_TABLE "` (`id`, `created`) VALUES (X'");
    for (int i = 0; i < OST__MARK_SIZE; i++) {
        ost__buffer_char(b, digits[mark[i] >> 4]);
        ost__buffer_char(b, digits[mark[i] & 15]);
    }
    ost__buffer_text(b, "', UTC_TIMESTAMP())");
}

static ost_status store_mark(ost_connection *c, const ost_operation *op, const uint8_t *mark,
                             ost_error *error)
{
    ost__buffer *b = &c->text;
    ost__buffer_reset(b);
    append_mark(b, mark);
    if (b->failed)
        return ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    return ost__my_query(c, op, b->data, b->size, NULL, error);
}

void ost__my_mark_choose(ost_connection *c)
{
    const ost_host *host = &c->backend->host;
    if (c->has_mark || !atomic_load(&c->backend->marks))
        return;
    host->random(host->context, c->mark, sizeof c->mark);
    c->has_mark = true;
}

ost_status ost__my_mark_write(ost__my_run *r)
{
    ost_connection *c = r->c;
    ost_status status;
    if (!c->has_mark)
        return OST_OK;
    r->outcome->statements++;
    status = store_mark(c, r->op, c->mark, r->error);
    if (status == OST_OK || ost__my_owes(c) || mysql_errno(c->mysql) != NO_TABLE)
        return status;
    /* Somebody dropped the table: without it, commits are as certain as their answers. */
    atomic_store(&c->backend->marks, false);
    c->has_mark = false;
    return OST_OK;
}

ost_status ost__my_marks_create(ost__my_run *r)
{
    const ost__my_text *t = &r->op->plan->parts[OST__MY_WHOLE];
    OST_TRY(ost__my_query(r->c, r->op, t->text, t->size, NULL, r->error));
    r->outcome->statements++;
    atomic_store(&r->c->backend->marks, true);
    return OST_OK;
}

/* Now and then, before a unit begins: nobody asks for a commit of yesterday. */
ost_status ost__my_marks_sweep(ost__my_run *r)
{
    const ost_host *host = &r->c->backend->host;
    uint32_t random;
    ost_status status;
    if (!atomic_load(&r->c->backend->marks))
        return OST_OK;
    host->random(host->context, &random, sizeof random);
    if (random % SWEEP_EVERY != 0)
        return OST_OK;
    status = ost__my_command(r->c, r->op,
                             "DELETE FROM `" OST_MARKS_TABLE "` WHERE `created` < UTC_TIMESTAMP() "
                             "- INTERVAL 1 DAY LIMIT 1000",
                             r->error);
    /* That it could not be done is no reason not to begin. */
    return ost__my_owes(r->c) || r->c->lost ? status : OST_OK;
}

/* ---- the fate of a commit ---- */

/* The mark, and the number of the connection that was to commit. */
ost_status ost__my_commit_token(ost_connection *c, ost_commit_token *out)
{
    uint64_t number = c->number;
    if (!c->has_mark)
        return OST_UNSUPPORTED;
    out->size = OST__MARK_SIZE + sizeof number;
    memcpy(out->bytes, c->mark, OST__MARK_SIZE);
    memcpy(out->bytes + OST__MARK_SIZE, &number, sizeof number);
    return OST_OK;
}

/*
 * The unit is undecided and its connection rests: COMMIT never came, and the server has not noticed
 * that nobody is left to send it. That connection is ended, so that the unit is, too. Its number is
 * still its own: had the server restarted since, there would be no lock.
 */
static ost_status end_resting(ost_connection *c, uint64_t number, ost_error *error)
{
    char text[sizeof "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID =  AND COMMAND = "
                     "'Sleep' AND USER = SUBSTRING_INDEX(USER(), '@', 1)" +
              24];
    MYSQL_RES *rows;
    bool rests;
    size_t size = ost__print(text, sizeof text,
                             "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID = %llu AND "
                             "COMMAND = 'Sleep' AND USER = SUBSTRING_INDEX(USER(), '@', 1)",
                             (unsigned long long)number);
    OST_TRY(ost__my_query(c, NULL, text, size, &rows, error));
    rests = rows && mysql_num_rows(rows) > 0;
    mysql_free_result(rows);
    if (!rests)
        return OST_OK;
    ost__buffer_reset(&c->text);
    ost__buffer_text(&c->text, "KILL CONNECTION ");
    ost__buffer_uint(&c->text, number);
    if (c->text.failed)
        return OST_NO_MEMORY;
    return ost__my_query(c, NULL, c->text.data, c->text.size, NULL, error);
}

static enum ost_verdict resolve(ost_connection *fresh, const ost_commit_token *token,
                                ost_deadline deadline)
{
    const ost_host *host = &fresh->backend->host;
    enum ost_verdict verdict = OST_VERDICT_UNKNOWN;
    uint64_t number;
    ost_error error;
    if (token->size != OST__MARK_SIZE + sizeof number)
        return verdict;
    memcpy(&number, token->bytes + OST__MARK_SIZE, sizeof number);
    fresh->deadline = deadline;
    if (ost__my_command(fresh, NULL, "SET SESSION innodb_lock_wait_timeout = 1", &error) !=
            OST_OK ||
        ost__my_command(fresh, NULL, "START TRANSACTION", &error) != OST_OK)
        return verdict;
    while (verdict == OST_VERDICT_UNKNOWN && host->now(host->context) < deadline) {
        if (store_mark(fresh, NULL, token->bytes, &error) == OST_OK)
            verdict = OST_VERDICT_ABORTED;
        else if (ost__my_owes(fresh) || fresh->lost)
            return OST_VERDICT_UNKNOWN;
        else if (mysql_errno(fresh->mysql) == DUPLICATE)
            verdict = OST_VERDICT_COMMITTED;
        else if (mysql_errno(fresh->mysql) != LOCKED ||
                 end_resting(fresh, number, &error) != OST_OK)
            break;
    }
    if (!ost__my_owes(fresh) && !fresh->lost) {
        (void)ost__my_command(fresh, NULL, "ROLLBACK", &error);
        (void)ost__my_command(fresh, NULL, "SET SESSION innodb_lock_wait_timeout = DEFAULT",
                              &error);
    }
    return verdict;
}

enum ost_verdict ost__my_resolve(ost_connection *fresh, const ost_commit_token *token,
                                 ost_deadline deadline)
{
    ost__my_guard guard;
    enum ost_verdict verdict;
    ost__my_guard_begin(&guard, fresh);
    verdict = resolve(fresh, token, deadline);
    ost__my_guard_end(&guard);
    return verdict;
}
