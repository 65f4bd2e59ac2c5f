/* SPDX-License-Identifier: MIT */
#include "twins.h"

#include <limits.h>

/* clang-format off */
#define ALL(X) \
    X(flag) X(i8) X(i16) X(i32) X(i64) X(u8) X(u16) X(u32) X(u64) X(f) X(d) X(text) X(chars) \
    X(blob) X(time) X(date) X(uuid) X(object) X(price) X(mood) X(o_flag) X(o_i32) X(o_i64) \
    X(o_u64) X(o_d) X(o_time) X(o_date) X(o_uuid) X(o_object) X(o_price)
/* clang-format on */

OST_MODEL(kinds,
          OST_FIELDS(OST_FIELD(kinds, flag), OST_FIELD(kinds, i8), OST_FIELD(kinds, i16),
                     OST_FIELD(kinds, i32), OST_FIELD(kinds, i64), OST_FIELD(kinds, u8),
                     OST_FIELD(kinds, u16), OST_FIELD(kinds, u32), OST_FIELD(kinds, u64),
                     OST_FIELD(kinds, f), OST_FIELD(kinds, d), OST_FIELD(kinds, text),
                     OST_FIELD(kinds, chars), OST_FIELD(kinds, blob), OST_FIELD(kinds, time),
                     OST_FIELD(kinds, date), OST_FIELD(kinds, uuid), OST_FIELD(kinds, object),
                     OST_FIELD(kinds, price, .precision = 12, .scale = 3),
                     OST_FIELD(kinds, mood, .values = OST_NAMES("low", "good")),
                     OST_FIELD(kinds, o_flag), OST_FIELD(kinds, o_i32), OST_FIELD(kinds, o_i64),
                     OST_FIELD(kinds, o_u64), OST_FIELD(kinds, o_d), OST_FIELD(kinds, o_time),
                     OST_FIELD(kinds, o_date), OST_FIELD(kinds, o_uuid), OST_FIELD(kinds, o_object),
                     OST_FIELD(kinds, o_price, .precision = 12, .scale = 3)));
OST_MODEL(deep, OST_FIELDS(OST_FIELD(deep, level), OST_EMBED(deep, within, kinds)));
OST_MODEL(twin,
          OST_FIELDS(OST_FIELD(twin, id, .primary_key = true), OST_EMBED(twin, inside, kinds),
                     OST_EMBED(twin, apart, kinds, .flatten = true), OST_EMBED(twin, down, deep)));

OST_MODEL(found,
          OST_FIELDS(OST_FIELD(found, rows), OST_FIELD(found, present), OST_FIELD(found, different),
                     OST_FIELD(found, whole), OST_FIELD(found, average), OST_FIELD(found, real),
                     OST_FIELD(found, total), OST_FIELD(found, mean), OST_FIELD(found, flag),
                     OST_FIELD(found, o_flag), OST_FIELD(found, i8), OST_FIELD(found, i16),
                     OST_FIELD(found, i32), OST_FIELD(found, o_i32), OST_FIELD(found, i64),
                     OST_FIELD(found, o_i64), OST_FIELD(found, u8), OST_FIELD(found, u16),
                     OST_FIELD(found, u32), OST_FIELD(found, u64), OST_FIELD(found, o_u64),
                     OST_FIELD(found, f), OST_FIELD(found, d), OST_FIELD(found, o_d),
                     OST_FIELD(found, text), OST_FIELD(found, chars), OST_FIELD(found, blob),
                     OST_FIELD(found, time), OST_FIELD(found, o_time), OST_FIELD(found, date),
                     OST_FIELD(found, o_date), OST_FIELD(found, uuid), OST_FIELD(found, o_uuid),
                     OST_FIELD(found, object), OST_FIELD(found, o_object), OST_FIELD(found, price),
                     OST_FIELD(found, o_price),
                     OST_FIELD(found, mood, .values = OST_NAMES("low", "good"))));

int twins_setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&twin_model) });
    *state = &the;
    return 0;
}

kinds twins_values[TWINS];
subject twins_subjects[TWINS_SUBJECTS];

/* ---- records ---- */

static void fill(void)
{
    static const char *const texts[] = {
        "", "a", "A", "a ", "\xc3\xa9", "\xc3\x89", "B", "b", "_%"
    };
    static const int64_t whole[] = {
        0, -1, 1, INT64_MIN, INT64_MAX, 7, 7, (INT64_C(1) << 53) + 1, INT64_C(1) << 53
    };
    static const double reals[] = { 0, -1.5, 1e300, 5e-324, 0.1, 0.1, 1e-300, -1e22, 3 };
    static const uint8_t bytes[] = { 0, 0x80, 0xff };
    for (int i = 0; i < TWINS; i++) {
        kinds v = { .flag = i % 2,
                    .i8 = (signed char)(i % 4 ? i : SCHAR_MIN),
                    .i16 = (short)(i % 4 ? -i : SHRT_MAX),
                    .i32 = i % 5 ? i : INT_MIN,
                    .i64 = whole[i],
                    .u8 = (unsigned char)(i % 2 ? UCHAR_MAX : i),
                    .u16 = (unsigned short)(i % 2 ? USHRT_MAX : i),
                    .u32 = i % 2 ? UINT_MAX : (unsigned)i,
                    .u64 = whole[i] < 0 ? (uint64_t)i : (uint64_t)whole[i],
                    .f = (float)(i % 3) * 0.1F,
                    .d = reals[i],
                    .blob = { bytes, (size_t)i % 4 },
                    .time = { (i % 4 - 1) * INT64_C(86400123456000) },
                    .date = { i % 4 * 10000 - 10000 },
                    .uuid = { { (uint8_t)(i % 2 * 200), (uint8_t)i } },
                    .object = { { (uint8_t)(200 - i), 1 } },
                    .price = ost_decimal_of(i % 2 ? i * 1001 : -i, 3),
                    .mood = i % 2 ? MOOD_LOW : MOOD_GOOD };
        memcpy(v.chars, texts[TWINS - 1 - i], strlen(texts[TWINS - 1 - i]));
        if (i % 3) {
            v.text = texts[i];
            v.o_flag = (ost_opt_bool)OST_SOME(v.flag);
            v.o_i32 = (ost_opt_int)OST_SOME(v.i32);
            v.o_i64 = (ost_opt_int64)OST_SOME(v.i64);
            v.o_u64 = (ost_opt_uint64)OST_SOME(v.u64);
            v.o_d = (ost_opt_double)OST_SOME(v.d);
            v.o_time = (ost_opt_time)OST_SOME(v.time);
            v.o_date = (ost_opt_date)OST_SOME(v.date);
            v.o_uuid = (ost_opt_uuid)OST_SOME(v.uuid);
            v.o_object = (ost_opt_object_id)OST_SOME(v.object);
            v.o_price = (ost_opt_decimal)OST_SOME(v.price);
        } else if (i > 0) {
            v.blob.data = NULL;
        }
        twins_values[i] = v;
    }
}

static void know_subjects(void);

void twins_insert(rig *r)
{
    twin many[TWINS];
    fill();
    know_subjects();
    for (int i = 0; i < TWINS; i++)
        many[i] = (twin){ .id = i + 1,
                          .inside = twins_values[i],
                          .apart = twins_values[i],
                          .down = { .level = i, .within = twins_values[i] } };
    OK(ost_insert_many(r->s, twin, many, TWINS));
}

/* ---- subjects ---- */

#define SUBJECT(m)                                         \
    {                                                      \
        subject s = { .name = #m,                          \
                      .inside = OST_AT(twin, inside.m),    \
                      .apart = OST_AT(twin, apart.m),      \
                      .down = OST_AT(twin, down.within.m), \
                      .into = OST_AT(found, m) };          \
        for (int i = 0; i < TWINS; i++)                    \
            s.values[i] = ost_val(twins_values[i].m);      \
        s.offset = offsetof(kinds, m);                     \
        twins_subjects[count++] = s;                       \
    }

static void know_subjects(void)
{
    size_t count = 0;
    ALL(SUBJECT)
}

bool is_number(const subject *s)
{
    uint16_t type = s->into.type & (uint16_t)~OST_TYPE_OPTIONAL;
    return type >= OST_TYPE_INT8 && type <= OST_TYPE_DOUBLE && strcmp(s->name, "mood") != 0;
}

bool is_decimal(const subject *s)
{
    return (s->into.type & (uint16_t)~OST_TYPE_OPTIONAL) == OST_TYPE_DECIMAL;
}

bool is_text(const subject *s)
{
    return s->into.type == OST_TYPE_TEXT;
}

void why(rig *r, const char *what, const char *name)
{
    fail_msg("%s of %s: %s", what, name, ost_session_error(r->s)->message);
}

/* The ids of those that meet a condition, or in an order. */
void ids(rig *r, const ost_expr *condition, const ost_expr *order, const char *what,
         const subject *s, char out[TWINS + 1])
{
    size_t count, at = 0;
    ost_query *q = ost_from(r->s, twin);
    if (condition)
        ost_where(q, condition);
    if (order)
        ost_order_by(q, order);
    ost_order_by(q, ost_asc(twin, id));
    const twin *all = ost_all(q, twin, &count);
    if (!all)
        why(r, what, s->name);
    for (; at < count; at++)
        out[at] = (char)('0' + all[at].id);
    out[at] = '\0';
}

void agree(const subject *s, const char *what, int number, const char *a, const char *b)
{
    if (strcmp(a, b) != 0)
        fail_msg("%s of %s (%d): %s inside, %s apart", what, s->name, number, a, b);
}

ost_expr on(uint16_t op, const ost_member *member, const ost_value *value)
{
    ost_expr e = { .struct_size = sizeof e, .op = op, .model = &twin_model, .member = *member };
    if (value)
        e.value = *value;
    return e;
}
