/* SPDX-License-Identifier: MIT */
/* Queries over members inside documents. */
#include "twins.h"

#include <limits.h>

/* What a condition on the member in a document finds is what one on the column finds. */
static void same_ids(rig *r, const subject *s, ost_expr e, const char *what, int number)
{
    char inside[TWINS + 1], down[TWINS + 1], apart[TWINS + 1];
    ids(r, &e, NULL, what, s, inside);
    ids(r, ost_not(&e), NULL, what, s, down);
    e.member = s->apart;
    ids(r, &e, NULL, what, s, apart);
    agree(s, what, number, inside, apart);
    ids(r, ost_not(&e), NULL, what, s, apart);
    agree(s, what, number, down, apart);
    e.member = s->down;
    ids(r, &e, NULL, what, s, down);
    agree(s, what, number, down, inside);
}

static void comparisons(void **state)
{
    static const char *const words[] = { "=", "<>", "<", "<=", ">", ">=" };
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        for (int op = OST_OP_EQ; op <= OST_OP_GE; op++)
            for (int k = 0; k < TWINS; k++)
                if (s->values[k].type != OST_TYPE_NONE)
                    same_ids(r, s, on((uint16_t)op, &s->inside, &s->values[k]),
                             words[op - OST_OP_EQ], k);
        same_ids(r, s, on(OST_OP_IS_NULL, &s->inside, NULL), "IS NULL", 0);
        same_ids(r, s, on(OST_OP_NOT_NULL, &s->inside, NULL), "IS NOT NULL", 0);
        OK(ost_session_clear(r->s));
    }
}

static void lists(void **state)
{
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        const char *const texts[] = { twins_values[1].chars, twins_values[7].chars };
        bool chars = s->inside.type == OST_TYPE_CHARS;
        ost_expr e = on(OST_OP_IN, &s->inside, NULL);
        e.list =
            chars ? (const void *)texts : (const char *)twins_values + sizeof(kinds) + s->offset;
        e.list_count = 2;
        e.list_stride = chars ? sizeof *texts : sizeof(kinds);
        e.list_type = chars ? OST_TYPE_TEXT : s->inside.type;
        same_ids(r, s, e, "IN", 2);
        e.list_count = 1;
        same_ids(r, s, e, "IN", 1);
    }
}

static void searches(void **state)
{
    static const char *const needles[] = { "a", "\xc3\xa9", "_", "%", "", " ", "B" };
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++)
        for (int k = 0; is_text(&twins_subjects[i]) && k < 7; k++) {
            const ost_value needle = ost_value_text(needles[k]);
            const subject *s = &twins_subjects[i];
            same_ids(r, s, on(OST_OP_HAS_TEXT, &s->inside, &needle), "has_text", k);
            same_ids(r, s, on(OST_OP_STARTS_WITH, &s->inside, &needle), "starts_with", k);
            same_ids(r, s, on(OST_OP_ENDS_WITH, &s->inside, &needle), "ends_with", k);
        }
}

static void orders(void **state)
{
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        for (uint16_t op = OST_OP_ASC; op <= OST_OP_DESC; op++) {
            char inside[TWINS + 1], apart[TWINS + 1];
            ost_expr e = on(op, &s->inside, NULL);
            ids(r, NULL, &e, "the order", s, inside);
            e.member = s->apart;
            ids(r, NULL, &e, "the order", s, apart);
            agree(s, "the order", op == OST_OP_DESC, inside, apart);
        }
    }
}

/* ---- results ---- */

static const char *rows(rig *r, ost_query *q, const char *what, const subject *s)
{
    size_t count;
    const found *all = ost_all(q, found, &count);
    if (!all)
        why(r, what, s->name);
    const char *text = ost_list_to_json(r->s, found, all, count);
    if (!text)
        why(r, what, s->name);
    return text;
}

#define INTO(s, e)                                                        \
    OST_EXPR(.op = OST_OP_AS, .model = &found_model, .member = (s)->into, \
             .args = (const ost_expr *const[]){ (e), &ost_expr_end })

static const char *distinct(rig *r, const subject *s, const ost_member *member)
{
    const ost_expr key = on(OST_OP_MEMBER, member, NULL);
    ost_query *q = ost_from(r->s, twin);
    ost_select(q, INTO(s, &key));
    ost_distinct(q);
    ost_order_by(q, OST_EXPR(.op = OST_OP_ASC, .model = &found_model, .member = s->into));
    return rows(r, q, "DISTINCT", s);
}

static const char *groups(rig *r, const subject *s, const ost_member *member)
{
    const ost_expr key = on(OST_OP_MEMBER, member, NULL);
    ost_query *q = ost_from(r->s, twin);
    ost_group_by(q, &key);
    ost_select(q, INTO(s, &key), ost_as(found, rows, ost_count()));
    ost_order_by(q, OST_EXPR(.op = OST_OP_ASC, .model = &found_model, .member = s->into));
    return rows(r, q, "GROUP BY", s);
}

static const char *extreme(rig *r, const subject *s, const ost_member *member, uint16_t op)
{
    const ost_expr key = on(OST_OP_MEMBER, member, NULL);
    ost_query *q = ost_from(r->s, twin);
    ost_select(q, INTO(s, OST_ARGS(op, &key)), ost_as(found, rows, ost_count()),
               ost_as(found, present, ost_count_present(&key)),
               ost_as(found, different, ost_count_distinct(&key)));
    return rows(r, q, "an aggregate", s);
}

static const char *sums(rig *r, const subject *s, const ost_member *member)
{
    const ost_expr key = on(OST_OP_MEMBER, member, NULL);
    ost_query *q = ost_from(r->s, twin);
    uint16_t type = s->into.type & (uint16_t)~OST_TYPE_OPTIONAL;
    /* Half of the records, or the sums would be out of range. */
    ost_where(q, ost_both(ost_ge(twin, id, 5), ost_le(twin, id, 7)));
    if (is_decimal(s))
        ost_select(q, ost_as(found, total, ost_sum(&key)), ost_as(found, mean, ost_avg(&key)));
    else if (type >= OST_TYPE_FLOAT)
        ost_select(q, ost_as(found, real, ost_sum(&key)), ost_as(found, average, ost_avg(&key)));
    else
        ost_select(q, ost_as(found, total, ost_sum(&key)), ost_as(found, average, ost_avg(&key)));
    return rows(r, q, "a sum", s);
}

static void results(void **state)
{
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        agree(s, "DISTINCT", 0, distinct(r, s, &s->inside), distinct(r, s, &s->apart));
        agree(s, "DISTINCT", 1, distinct(r, s, &s->down), distinct(r, s, &s->apart));
        agree(s, "GROUP BY", 0, groups(r, s, &s->inside), groups(r, s, &s->apart));
        agree(s, "MIN", 0, extreme(r, s, &s->inside, OST_OP_MIN),
              extreme(r, s, &s->apart, OST_OP_MIN));
        agree(s, "MAX", 0, extreme(r, s, &s->down, OST_OP_MAX),
              extreme(r, s, &s->apart, OST_OP_MAX));
        if (is_number(s) || is_decimal(s))
            agree(s, "SUM", 0, sums(r, s, &s->inside), sums(r, s, &s->apart));
        OK(ost_session_clear(r->s));
    }
}

/* Each against each of its kind, across the document's edge. */
static void members_against_members(void **state)
{
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        const ost_expr inside = on(OST_OP_MEMBER, &s->inside, NULL);
        const ost_expr apart = on(OST_OP_MEMBER, &s->apart, NULL);
        const ost_expr down = on(OST_OP_MEMBER, &s->down, NULL);
        char equal[TWINS + 1], both[TWINS + 1], present[TWINS + 1];
        const ost_expr there = on(OST_OP_NOT_NULL, &s->apart, NULL);
        ids(r, &there, NULL, "IS NOT NULL", s, present);
        ids(r, ost_cmp_eq(&inside, &apart), NULL, "=", s, equal);
        ids(r, ost_cmp_ge(&down, &inside), NULL, ">=", s, both);
        agree(s, "=", 0, equal, present);
        agree(s, ">=", 0, both, present);
        ids(r, ost_cmp_ne(&inside, &apart), NULL, "<>", s, equal);
        agree(s, "<>", 0, equal, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWINS_RIG_ALL(comparisons), TWINS_RIG_ALL(lists),   TWINS_RIG_ALL(searches),
        TWINS_RIG_ALL(orders),      TWINS_RIG_ALL(results), TWINS_RIG_ALL(members_against_members),
    };
    return RIG_RUN(tests);
}
