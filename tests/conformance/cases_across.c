/* SPDX-License-Identifier: MIT */
/* Comparisons of two members of different kinds, and of members with constants of other kinds. */
#include "cases_kinds.h"

#include <stdlib.h>

/* ---- members ---- */

/* Things whose numbers lie close to each other, on both sides of each bound. */
static void store_neighbours(const place *p)
{
    static const char *const numbers[] = { "-128",
                                           "-1",
                                           "0",
                                           "1",
                                           "127",
                                           "128",
                                           "255",
                                           "32767",
                                           "65535",
                                           "2147483647",
                                           "4294967295",
                                           "16777217",
                                           "9007199254740993",
                                           "9223372036854775807" };
    static const char *const reals[] = { "-128.5",
                                         "-0.5",
                                         "0",
                                         "0.5",
                                         "127",
                                         "1e300",
                                         "16777216",
                                         "9007199254740992",
                                         "9223372036854775808" };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        void *record = ev_take(&w->scratch, record_size(p->schema));
        for (size_t f = 0; f < p->schema->field_count; f++) {
            const ev_field *field = &p->schema->fields[f];
            bool real = field->type == OST_TYPE_FLOAT || field->type == OST_TYPE_DOUBLE;
            ost_value v = real ? ev_real(strtod(reals[i % 9], NULL))
                               : value_of_text(OST_TYPE_INT64, numbers[(i + f) % 14], &w->scratch);
            if (field->type == OST_TYPE_TEXT)
                v = ev_text(i % 2 ? "calm" : "bored");
            else if (field->type == OST_TYPE_CHARS)
                v = ev_text(i % 3 ? "calm" : "angry");
            else if (ev_is_enum(field))
                v = ev_int((int64_t)i % 4);
            if (field->key || ev_fit(field, &v) != OST_OK)
                continue;
            ev_write(field, record, &v);
        }
        fit_zeros(p, record);
        OK(ost_session_insert(s, p->schema->model, record_size(p->schema), record));
        know_record(p, record);
    }
}

static void members_of_different_kinds(void)
{
    place p = { .table = 0 };
    p.schema = &w->schemas[0];
    assert_ptr_equal(p.schema->model, &thing_model);
    store_neighbours(&p);
    for (size_t a = 0; a < p.schema->field_count; a++)
        for (size_t b = 0; b < p.schema->field_count; b++) {
            uint16_t op = (uint16_t)(OST_OP_EQ + (a + b) % 6);
            if (!members_compare(&p.schema->fields[a], &p.schema->fields[b]))
                continue;
            for (int i = 0; i < 2; i++, op = (uint16_t)(OST_OP_EQ + (op - OST_OP_EQ + 3) % 6))
                ask_where(
                    &p, make_expr(w, op, make_member(w, p.schema, a), make_member(w, p.schema, b)));
        }
}

/* ---- constants ---- */

static void constants_of_other_kinds(void)
{
    static const char *const reals[] = { "-1e300",  "-128.5",           "-0.5",  "0.5", "127.5",
                                         "254.999", "9007199254740993", "1e300", "inf", "-inf" };
    static const char *const decimals[] = { "-128.01", "0.00000000000000000000000000000000000001",
                                            "127.99", "9223372036854775807.5",
                                            "99999999999999999999999999999999999999" };
    place p = { .table = 0 };
    p.schema = &w->schemas[0];
    store_neighbours(&p);
    for (size_t f = 0; f < p.schema->field_count; f++) {
        const ev_field *field = &p.schema->fields[f];
        const ost_expr *member = make_member(w, p.schema, f);
        bool real = field->type == OST_TYPE_FLOAT || field->type == OST_TYPE_DOUBLE;
        bool integer = ev_is_integer_type(field->type) && !ev_is_enum(field);
        for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++) {
            for (size_t i = 0; (real || integer) && i < sizeof reals / sizeof reals[0]; i++)
                ask_where(&p,
                          make_expr(w, op, member, make_value(w, ev_real(strtod(reals[i], NULL)))));
            for (size_t i = 0; integer && i < sizeof decimals / sizeof decimals[0]; i++)
                ask_where(&p, make_expr(w, op, member,
                                        make_value(w, value_of_text(OST_TYPE_DECIMAL, decimals[i],
                                                                    &w->scratch))));
            for (int i = 0; field->type == OST_TYPE_DECIMAL && i < 3; i++)
                ask_where(&p, make_expr(w, op, member,
                                        make_value(w, ev_int(i == 0 ? INT64_MIN : i - 1))));
        }
    }
}

static void names_of_enumerations(void)
{
    static const char *const names[] = { "angry", "calm", "none", "", "Calm", "z" };
    place p = { .table = 0 };
    p.schema = &w->schemas[0];
    store_neighbours(&p);
    for (uint16_t op = OST_OP_EQ; op <= OST_OP_GE; op++)
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            ask_where(&p, make_compare(w, op, p.schema, ev_field_named(p.schema, "mood"),
                                       ev_text(names[i])));
}

static const test_case across_group_cases[] = {
    CASE(members_of_different_kinds,
         "integers of every width, floats, doubles, decimals; texts, char arrays and names"),
    CASE(constants_of_other_kinds,
         "integers with fractions, decimals and infinities; decimals with integers"),
    CASE(names_of_enumerations, "enumerations with names, also those that are none"),
};
GROUP(across_group, "Comparisons across kinds");
