/* SPDX-License-Identifier: MIT */
/* Changes of members inside documents. */
#include "twins.h"

/* ---- changes ---- */

static const twin *back(rig *r)
{
    ost_query *q = ost_from(r->s, twin);
    ost_order_by(q, ost_asc(twin, id));
    size_t count;
    const twin *all = ost_all(q, twin, &count);
    if (!all || count != TWINS)
        fail_msg("%s", ost_session_error(r->s)->message);
    return all;
}

/* How the record is printed: the two structs must be the same text. */
static const char *printed(rig *r, const kinds *k)
{
    const char *text = ost_session_to_json(r->s, &kinds_model, sizeof *k, k);
    if (!text)
        fail_msg("%s", ost_session_error(r->s)->message);
    return text;
}

static void still_twins(rig *r, const subject *s, const char *what, int number)
{
    const twin *all = back(r);
    for (int i = 0; i < TWINS; i++) {
        agree(s, what, number, printed(r, &all[i].inside), printed(r, &all[i].apart));
        agree(s, what, number, printed(r, &all[i].down.within), printed(r, &all[i].apart));
    }
    assert_int_equal(all[3].down.level, 3);
}

/* One change of one record, in three places; the error names each by its path. */
static void change(rig *r, const subject *s, uint16_t op, const ost_value *value, int record,
                   const char *what, int number)
{
    const ost_member *const members[] = { &s->apart, &s->inside, &s->down };
    ost_status first = OST_OK;
    for (int i = 0; i < 3; i++) {
        const ost_expr e = on(op, members[i], value);
        ost_query *q = ost_from(r->s, twin);
        ost_where(q, ost_eq(twin, id, record + 1));
        int64_t matched;
        ost_status status = ost_update(q, &matched, &e);
        if (i == 0)
            first = status;
        if (status != first)
            fail_msg("%s of %s (%d): %s, but %s: %s", what, members[i]->path, number,
                     ost_status_name(first), ost_status_name(status),
                     ost_session_error(r->s)->message);
        if (status == OST_OK)
            assert_int_equal(matched, 1);
        else if (strcmp(ost_session_error(r->s)->field, members[i]->path) != 0)
            fail_msg("%s of %s (%d): %s", what, members[i]->path, number,
                     ost_session_error(r->s)->message);
    }
    still_twins(r, s, what, number);
}

static void members_are_set(void **state)
{
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        bool absent = (s->inside.type & OST_TYPE_OPTIONAL) || s->inside.type == OST_TYPE_TEXT ||
                      s->inside.type == OST_TYPE_BLOB;
        for (int k = 0; k < TWINS; k += 2)
            if (s->values[k].type != OST_TYPE_NONE)
                change(r, s, OST_OP_SET, &s->values[k], (k + 3) % TWINS, "set", k);
        for (int k = 3; absent && k < 5; k++)
            change(r, s, OST_OP_SET_NULL, NULL, k, "set_null", k);
        if (absent)
            change(r, s, OST_OP_SET, &s->values[1], 3, "set again", 0);
        OK(ost_session_clear(r->s));
    }
}

/* Sums that fit, that do not, of what is absent, at both ends of each kind. */
static void members_are_added_to(void **state)
{
    static const int64_t amounts[] = { 1, -1, 200, -200, INT64_MAX, INT64_MIN };
    static const double reals[] = { 0.5, -1e300, 1e-300 };
    rig *r = *state;
    twins_insert(r);
    for (size_t i = 0; i < TWINS_SUBJECTS; i++) {
        const subject *s = &twins_subjects[i];
        uint16_t type = s->into.type & (uint16_t)~OST_TYPE_OPTIONAL;
        bool real = type == OST_TYPE_FLOAT || type == OST_TYPE_DOUBLE;
        for (int k = 0; is_number(s) && !real && k < 6; k++) {
            const ost_value v = ost_value_int(amounts[k]);
            for (int n = 0; n < TWINS; n += 3)
                change(r, s, OST_OP_INC, &v, (n + k) % TWINS, "inc", k);
        }
        for (int k = 0; real && k < 3; k++) {
            const ost_value v = ost_value_double(reals[k]);
            for (int n = 0; n < 3; n++)
                change(r, s, OST_OP_INC, &v, n + k, "inc", k);
        }
        for (int k = 0; is_decimal(s) && k < 3; k++) {
            const ost_value v = ost_value_decimal(k < 2 ? ost_decimal_of(1 - 2 * k, 3)
                                                        : ost_decimal_of(999999999999, 3));
            for (int n = 0; n < 3; n++)
                change(r, s, OST_OP_INC, &v, n + k, "inc", k);
        }
        OK(ost_session_clear(r->s));
    }
}

/* All of them in one statement, of all records. */
static void many_members_at_once(void **state)
{
    rig *r = *state;
    int64_t matched;
    twins_insert(r);
    ost_query *q = ost_from(r->s, twin);
    ost_where(q, ost_ge(twin, inside.i32, 2));
    OK(ost_update(q, &matched, ost_inc(twin, inside.i16, -1), ost_inc(twin, apart.i16, -1),
                  ost_inc(twin, down.within.i16, -1), ost_set(twin, inside.text, "n\"e'w"),
                  ost_set(twin, apart.text, "n\"e'w"), ost_set(twin, down.within.text, "n\"e'w"),
                  ost_set_null(twin, inside.o_time), ost_set_null(twin, apart.o_time),
                  ost_set_null(twin, down.within.o_time), ost_inc(twin, inside.price, 2),
                  ost_inc(twin, apart.price, 2), ost_inc(twin, down.within.price, 2),
                  ost_inc(twin, down.level, 0)));
    assert_int_equal(matched, 6);
    still_twins(r, &twins_subjects[0], "many", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TWINS_RIG_ALL(members_are_set),
        TWINS_RIG_ALL(members_are_added_to),
        TWINS_RIG_ALL(many_members_at_once),
    };
    return RIG_RUN(tests);
}
