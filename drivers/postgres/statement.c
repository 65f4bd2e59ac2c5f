/* SPDX-License-Identifier: MIT */
/*
 * What is prepared on a connection. A statement is known by its content, and so is its name on the
 * server: who finds the name taken has found the same statement. Statements are forgotten only
 * outside of units, where an error in doing so ends nothing.
 */
#include "postgres/connection.h"

#include <string.h>

static bool same_key(const ost__lru_node *node, const void *key)
{
    const ost__pg_key *own = &((const ost__pg_statement *)node)->key, *other = key;
    return own->high == other->high && own->low == other->low;
}

static void destroy(ost_connection *c, ost__pg_statement *s)
{
    ost__free(&c->backend->memory, s, sizeof *s);
}

bool ost__pg_statements_init(ost_connection *c)
{
    return ost__lru_init(&c->statements, &c->backend->memory, OST__PG_STATEMENTS_MAX);
}

void ost__pg_statements_lost(ost_connection *c)
{
    while (c->statements.newest) {
        ost__pg_statement *s = (ost__pg_statement *)c->statements.newest;
        ost__lru_remove(&c->statements, &s->node);
        destroy(c, s);
    }
    ost__pg_statements_closed(c);
}

void ost__pg_statements_closed(ost_connection *c)
{
    while (c->forgotten) {
        ost__pg_statement *s = c->forgotten;
        c->forgotten = s->next;
        destroy(c, s);
    }
    c->forgotten_count = 0;
}

void ost__pg_statements_finish(ost_connection *c)
{
    if (!c->statements.slots)
        return;
    ost__pg_statements_lost(c);
    ost__lru_finish(&c->statements);
}

void ost__pg_statement_forget(ost_connection *c, ost__pg_statement *s, bool gone)
{
    ost__lru_remove(&c->statements, &s->node);
    if (gone || s->state == OST__PG_UNPREPARED) {
        destroy(c, s);
        return;
    }
    s->next = c->forgotten;
    c->forgotten = s;
    c->forgotten_count++;
}

/* The oldest beyond the bound go; those that the batch uses stay. */
static void bound(ost_connection *c)
{
    ost__lru_node *node = c->statements.oldest;
    while (c->statements.count > OST__PG_STATEMENTS_MAX && node) {
        ost__pg_statement *s = (ost__pg_statement *)node;
        node = node->newer;
        if (s->batch != c->batch)
            ost__pg_statement_forget(c, s, false);
    }
}

static bool is_forgotten(const ost_connection *c, const ost_plan *plan)
{
    for (const ost__pg_statement *s = c->forgotten; s; s = s->next)
        if (same_key(&s->node, &plan->key))
            return true;
    return false;
}

OST__HOT ost__pg_statement *ost__pg_statement_of(ost_connection *c, const ost_plan *plan)
{
    ost__pg_statement *s;
    s = (ost__pg_statement *)c->statements.newest;
    if (!s || !same_key(&s->node, &plan->key))
        s = (ost__pg_statement *)ost__lru_find(&c->statements, plan->key.high, same_key,
                                               &plan->key);
    if (s) {
        s->batch = c->batch;
        return s;
    }
    /* Its name is still taken, or a long unit has left too many behind. */
    if (c->forgotten && (c->forgotten_count >= OST__PG_STATEMENTS_MAX || is_forgotten(c, plan)))
        return NULL;
    s = ost__alloc_zeroed(&c->backend->memory, sizeof *s);
    if (!s)
        return NULL;
    s->key = plan->key;
    s->batch = c->batch;
    memcpy(s->name, plan->name, sizeof s->name);
    ost__lru_add(&c->statements, &s->node, plan->key.high);
    bound(c);
    return s;
}
