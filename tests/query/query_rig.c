/* SPDX-License-Identifier: MIT */
#include "query_rig.h"

#include "session/session.h"

OST_MODEL(sample,
          OST_FIELDS(OST_FIELD(sample, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(sample, flag), OST_FIELD(sample, i8), OST_FIELD(sample, i16),
                     OST_FIELD(sample, i32), OST_FIELD(sample, i64), OST_FIELD(sample, u8),
                     OST_FIELD(sample, u16), OST_FIELD(sample, u32), OST_FIELD(sample, u64),
                     OST_FIELD(sample, real), OST_FIELD(sample, exact), OST_FIELD(sample, text),
                     OST_FIELD(sample, code), OST_FIELD(sample, data), OST_FIELD(sample, at),
                     OST_FIELD(sample, day), OST_FIELD(sample, uuid), OST_FIELD(sample, object),
                     OST_FIELD(sample, price, .precision = 6, .scale = 2),
                     OST_FIELD(sample, whole, .precision = 38, .scale = 0),
                     OST_FIELD(sample, mood, .values = OST_NAMES("calm", "glad", "sad")),
                     OST_FIELD(sample, maybe), OST_FIELD(sample, hidden, .hidden = true)));
OST_MODEL(other, OST_FIELDS(OST_FIELD(other, id, .primary_key = true), OST_FIELD(other, text)));
OST_MODEL(tally, OST_FIELDS(OST_FIELD(tally, i32), OST_FIELD(tally, text), OST_FIELD(tally, count),
                            OST_FIELD(tally, sum), OST_FIELD(tally, average)));
OST_MODEL(second_tally, OST_FIELDS(OST_FIELD(second_tally, count)));

ost_db *database;
ost_session *session;

int query_open(void **state)
{
    ost_error error;
    (void)state;
    if (ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()),
                             .models = OST_MODELS(&sample_model, &other_model)),
                 &database, &error) == OST_OK &&
        ost_create_tables(database, &error) == OST_OK &&
        ost_session_open(database, NULL, &session, &error) == OST_OK)
        return 0;
    fprintf(stderr, "%s\n", error.message);
    return 1;
}

int query_close(void **state)
{
    (void)state;
    ost_session_close(session);
    ost_close(database);
    return 0;
}

int query_begin(void **state)
{
    (void)state;
    return ost_begin(session, NULL) != OST_OK;
}

int query_undo(void **state)
{
    (void)state;
    return ost_rollback(session) != OST_OK || ost_session_clear(session) != OST_OK;
}

int64_t add_sample(const char *text)
{
    sample one = { .text = text };
    OK(ost_insert(session, sample, &one));
    return one.id;
}

int64_t samples(const ost_expr *condition)
{
    int64_t count = -1;
    ost_query *q = ost_from(session, sample);
    ost_where(q, condition);
    if (ost_count_of(q, &count) != OST_OK)
        fail_msg("%s", ost_session_error(session)->message);
    return count;
}

const ost_field *field_of(const char *name)
{
    const ost__model *m = ost__model_find(database->models, OST_OF(sample), NULL);
    assert_non_null(m);
    const ost_field *f = ost__model_field_named(m, name);
    assert_non_null(f);
    return f;
}

const uint16_t query_comparisons[] = { OST_OP_EQ, OST_OP_NE, OST_OP_LT,
                                       OST_OP_LE, OST_OP_GT, OST_OP_GE };

bool query_holds(uint16_t op, int order)
{
    switch (op) {
    case OST_OP_EQ: return order == 0;
    case OST_OP_NE: return order != 0;
    case OST_OP_LT: return order < 0;
    case OST_OP_LE: return order <= 0;
    case OST_OP_GT: return order > 0;
    default: return order >= 0;
    }
}
