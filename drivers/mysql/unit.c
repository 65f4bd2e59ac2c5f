/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <string.h>

#include "base/error.h"

bool ost__my_in_unit(const ost_connection *c)
{
    return (c->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

enum ost_unit_state ost__my_unit_state(ost_connection *c)
{
    if (c->lost)
        return OST_UNIT_LOST;
    return ost__my_in_unit(c) ? OST_UNIT_OPEN : OST_UNIT_NONE;
}

/* Every answer but an error says whether a unit is open. A deadlock has ended it, a lock that was
 * not granted usually has not: innodb_rollback_on_timeout decides. */
void ost__my_look_at_unit(ost_connection *c)
{
    ost_error unwanted;
    if (ost__my_in_unit(c) && !c->lost && !ost__my_owes(c))
        (void)ost__my_command(c, NULL, "DO 0", &unwanted);
}

/* Only a unit that asks for it is kept from writing over what others changed since it read: the
 * server's own level goes on as it is. */
static ost_status choose_snapshots(ost__my_run *r)
{
    ost_connection *c = r->c;
    bool strict = r->op->isolation == OST_REPEATABLE_READ;
    if (c->strict == strict)
        return OST_OK;
    OST_TRY(ost__my_command(c, r->op,
                            strict ? "SET SESSION innodb_snapshot_isolation = ON"
                                   : "SET SESSION innodb_snapshot_isolation = DEFAULT",
                            r->error));
    c->strict = strict;
    return OST_OK;
}

static ost_status choose_level(ost__my_run *r)
{
    static const char *const levels[] = {
        [OST_DEFAULT_ISOLATION] = NULL,
        [OST_READ_COMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        [OST_REPEATABLE_READ] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        [OST_SERIALIZABLE] = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    };
    uint16_t level = r->op->isolation;
    if (level >= sizeof levels / sizeof levels[0] ||
        (level == OST_REPEATABLE_READ && !r->c->snapshots))
        return ost__error_set(r->error, OST_UNSUPPORTED,
                              "the server does not have this isolation level");
    OST_TRY(choose_snapshots(r));
    return levels[level] ? ost__my_command(r->c, r->op, levels[level], r->error) : OST_OK;
}

ost_status ost__my_begin(ost__my_run *r)
{
    bool writes = r->op->access == OST_ACCESS_WRITE;
    ost_connection *c = r->c;
    /* The server would commit the open one without a word. */
    if (ost__my_in_unit(c))
        return ost__error_set(r->error, OST_MISUSE, "a transaction is open already");
    c->has_mark = false;
    if (writes)
        OST_TRY(ost__my_marks_sweep(r));
    OST_TRY(choose_level(r));
    r->outcome->statements++;
    return ost__my_command(c, r->op,
                           writes ? "START TRANSACTION READ WRITE" : "START TRANSACTION READ ONLY",
                           r->error);
}

ost_status ost__my_commit(ost__my_run *r)
{
    ost_connection *c = r->c;
    ost_status status;
    /* The server says yes to every COMMIT. */
    if (!ost__my_in_unit(c))
        return ost__error_set(r->error, OST_DRIVER_ERROR,
                              "there is no transaction to commit: the server has ended it");
    OST_TRY(ost__my_mark_write(r));
    r->outcome->statements++;
    status = ost__my_command(c, r->op, "COMMIT", r->error);
    if (status == OST_OK)
        c->has_mark = false;
    return status;
}

ost_status ost__my_rollback(ost__my_run *r)
{
    r->c->has_mark = false;
    /* The server may have rolled back by itself, which is what is wanted. */
    if (!ost__my_in_unit(r->c))
        return OST_OK;
    r->outcome->statements++;
    return ost__my_command(r->c, r->op, "ROLLBACK", r->error);
}

ost_status ost__my_savepoint(ost__my_run *r, const char *prefix)
{
    enum { NAME_MAX_BYTES = 128 };
    const ost_operation *op = r->op;
    ost__buffer *b = &r->c->text;
    if (op->text_size > NAME_MAX_BYTES)
        return ost__error_set(r->error, OST_TOO_LARGE,
                              "the name of a savepoint has at most %d bytes", NAME_MAX_BYTES);
    ost__buffer_reset(b);
    ost__buffer_text(b, prefix);
    ost__buffer_char(b, '`');
    for (size_t i = 0; i < op->text_size; i++) {
        if (op->text[i] == '`')
            ost__buffer_char(b, '`');
        ost__buffer_char(b, op->text[i]);
    }
    ost__buffer_char(b, '`');
    if (b->failed)
        return ost__error_set(r->error, OST_NO_MEMORY, "no memory for a statement");
    r->outcome->statements++;
    return ost__my_query(r->c, op, b->data, b->size, NULL, r->error);
}

ost_status ost__my_rollback_to(ost__my_run *r)
{
    OST_TRY(ost__my_savepoint(r, "ROLLBACK TO SAVEPOINT "));
    return ost__my_savepoint(r, "RELEASE SAVEPOINT ");
}

/* Rolling back leaves settings, tables and locks as they are; a reset of the whole session leaves
 * nothing, but costs the statements and the settings. */
static ost_status reset(ost_connection *c, uint32_t touched)
{
    ost_error unwanted;
    if (touched & ~(uint32_t)OST_TOUCHED_UNIT) {
        ost_status status = ost__my_reset_call(c, &unwanted);
        if (status != OST_OK)
            return status;
        if (c->call.rc != 0)
            return OST_CONNECTION;
        ost__my_statements_finish(c);
        c->strict = false;
        return ost__my_set_session(c, &unwanted);
    }
    if (ost__my_in_unit(c) && ost__my_command(c, NULL, "ROLLBACK", &unwanted) != OST_OK)
        return ost__my_owes(c) ? OST_TIMEOUT : OST_CONNECTION;
    return OST_OK;
}

ost_status ost__my_reset(ost_connection *c, uint32_t touched, ost_deadline deadline)
{
    ost__my_guard guard;
    ost_status status;
    OST_TRY(ost__my_settle(c, deadline));
    c->deadline = deadline;
    c->has_mark = false;
    ost__my_guard_begin(&guard, c);
    status = reset(c, touched);
    ost__my_guard_end(&guard);
    return status;
}
