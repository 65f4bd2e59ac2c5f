/* SPDX-License-Identifier: MIT */
/*
 * Many records in one statement. The library asks for the values of each record as it writes the
 * packet, so that each member is sent from where it is, whatever lies between them, and nothing is
 * gathered before.
 */
#include "mysql/place.h"

#if OST__MY_HAS_ARRAYS

#include <limits.h>
#include <string.h>

#include "base/error.h"

/* How a parameter follows the records. */
enum way {
    WAY_ANY,      /* looked at for each */
    WAY_FIXED,    /* a member without any condition */
    WAY_TEXT,     /* a text */
    WAY_CONSTANT, /* the same for all */
};

static ost__my_place place_of(ost__my_binds *b, MYSQL_BIND *binds, uint32_t i)
{
    return (ost__my_place){ .op = b->op,
                            .use = &b->parameters[i],
                            .parameter = ost__my_parameter_of(b->op, b->parameters[i].parameter),
                            .bind = &binds[i],
                            .slot = &b->slots[i],
                            .text = &b->text };
}

static const char *record_of(const ost__my_binds *b, size_t n)
{
    return (const char *)b->op->records + (b->first + n) * b->op->record_stride;
}

/* Documents are written anew for each record, into a buffer that holds those of one. */
static enum way way_of(const ost_parameter *p)
{
    if (ost__my_is_json(p->type) || ost__my_is_json(p->value.type))
        return WAY_ANY;
    if (p->source != OST_FROM_RECORD)
        return WAY_CONSTANT;
    if (ost__my_is_direct(p->type, p->field))
        return WAY_FIXED;
    return p->type == OST_TYPE_TEXT ? WAY_TEXT : WAY_ANY;
}

static void set_text(ost__my_place *p, const char *text)
{
    if (text)
        ost__my_set_data(p, text, strlen(text));
    else
        (void)ost__my_set_null(p);
}

/* Those of the record before. */
static inline void forget_texts(ost__my_binds *b)
{
    if (b->makes_texts)
        ost__buffer_reset(&b->text);
}

static my_bool next_record(void *data, MYSQL_BIND *binds, unsigned row)
{
    ost__my_binds *b = data;
    const char *record = record_of(b, row);
    forget_texts(b);
    for (uint32_t i = 0; i < b->count; i++) {
        const ost__my_slot *slot = &b->slots[i];
        ost__my_place at;
        switch (slot->way) {
        case WAY_FIXED: binds[i].buffer = (void *)(uintptr_t)(record + slot->offset); break;
        case WAY_CONSTANT: break;
        case WAY_TEXT:
            at = place_of(b, binds, i);
            set_text(&at, *(const char *const *)(const void *)(record + slot->offset));
            break;
        default:
            at = place_of(b, binds, i);
            if (ost__my_set_parameter(&at, record) != OST_OK)
                return 1;
            break;
        }
    }
    if (b->makes_texts)
        ost__my_settle_texts(b, binds);
    return 0;
}

/* The kinds are those of the first record, and of all others. */
static ost_status begin(ost__my_binds *b, size_t *fixed, ost_error *error)
{
    *fixed = 0;
    b->makes_texts = false;
    ost__buffer_reset(&b->text);
    for (uint32_t i = 0; i < b->count; i++) {
        ost__my_place at = place_of(b, b->list, i);
        ost_status status = ost__my_set_parameter(&at, record_of(b, 0));
        if (status == OST_NO_MEMORY)
            return ost__my_no_memory(error);
        if (status != OST_OK)
            return ost__my_misfit(&at, status, error);
        at.slot->way = (uint8_t)way_of(at.parameter);
        at.slot->offset = at.parameter->offset;
        b->list[i].u.indicator = &at.slot->indicator;
        if (at.slot->way == WAY_FIXED || at.slot->way == WAY_CONSTANT)
            *fixed += 1 + ost__my_value_bytes(at.bind, at.slot);
        b->makes_texts = b->makes_texts || ost__my_is_json(at.use->type);
    }
    return OST_OK;
}

/* Checks a record, and measures what differs from one to the next. */
static ost_status measure(ost__my_binds *b, const char *record, size_t *bytes, ost_error *error)
{
    forget_texts(b);
    for (uint32_t i = 0; i < b->count; i++) {
        ost__my_place at;
        ost_status status = OST_OK;
        if (b->slots[i].way == WAY_FIXED || b->slots[i].way == WAY_CONSTANT)
            continue;
        at = place_of(b, b->list, i);
        if (b->slots[i].way == WAY_TEXT)
            set_text(&at, *(const char *const *)(const void *)(record + b->slots[i].offset));
        else
            status = ost__my_set_parameter(&at, record);
        if (status == OST_OK && at.slot->size > UINT32_MAX)
            status = OST_TOO_LARGE;
        if (status == OST_NO_MEMORY)
            return ost__my_no_memory(error);
        if (status != OST_OK)
            return ost__my_misfit(&at, status, error);
        *bytes += 1 + ost__my_value_bytes(at.bind, at.slot);
    }
    return OST_OK;
}

static ost_status take(ost__my_binds *b, size_t records, size_t packet, size_t *taken,
                       size_t *failed, ost_error *error)
{
    enum { HEAD = 6 };
    size_t fixed, none;
    failed = failed ? failed : &none;
    *failed = b->first;
    OST_TRY(begin(b, &fixed, error));
    b->bytes = HEAD + 2 * (size_t)b->count;
    for (*taken = 0; *taken < records; ++*taken) {
        size_t bytes = fixed;
        *failed = b->first + *taken;
        OST_TRY(measure(b, record_of(b, *taken), &bytes, error));
        if (packet > 0 && b->bytes + bytes > packet) {
            if (*taken > 0)
                break;
            return ost__my_too_large(b->op, b->bytes + bytes, packet, error);
        }
        b->bytes += bytes;
    }
    *failed = SIZE_MAX;
    return OST_OK;
}

/* Attributes take what they are set to by address, a function too. */
static my_bool set_callback(MYSQL_STMT *stmt, ps_param_callback callback)
{
    void *address = NULL;
    _Static_assert(sizeof address == sizeof callback, "a function's address fits a pointer");
    memcpy(&address, &callback, sizeof address);
    return mysql_stmt_attr_set(stmt, STMT_ATTR_CB_PARAM, address);
}

/* Both callbacks of a statement get the same context, so there is one at a time. */
static bool set_array(MYSQL_STMT *stmt, unsigned size, ost__my_binds *b)
{
    return !mysql_stmt_attr_set(stmt, STMT_ATTR_CB_RESULT, NULL) &&
           !mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &size) &&
           !set_callback(stmt, b ? next_record : NULL) &&
           !mysql_stmt_attr_set(stmt, STMT_ATTR_CB_USER_DATA, b);
}

ost_status ost__my_bind_array(ost__my_binds *b, MYSQL_STMT *stmt, const ost__my_parameter *p,
                              uint32_t count, const ost_operation *op, size_t first, size_t records,
                              size_t packet, size_t *taken, size_t *failed, ost_error *error)
{
    *taken = 0;
    OST_TRY(ost__my_check_parameters(p, count, op, error));
    OST_TRY(ost__my_binds_reserve(b, count, error));
    b->parameters = p;
    b->op = op;
    b->first = first;
    b->arrays = true;
    OST_TRY(take(b, records < UINT_MAX ? records : UINT_MAX, packet, taken, failed, error));
    if (*taken == 0 || next_record(b, b->list, 0))
        return ost__my_no_memory(error);
    if (set_array(stmt, (unsigned)*taken, b) && !mysql_stmt_bind_param(stmt, b->list))
        return OST_OK;
    ost__my_unbind_array(stmt);
    return ost__my_no_memory(error);
}

void ost__my_unbind_array(MYSQL_STMT *stmt)
{
    (void)set_array(stmt, 0, NULL);
}

#else
typedef int ost__my_no_arrays;
#endif
