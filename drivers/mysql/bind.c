/* SPDX-License-Identifier: MIT */
#include "mysql/place.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/scalar.h"

/* ---- the scratch of a statement ---- */

void ost__my_binds_init(ost__my_binds *b, const ost__memory *memory)
{
    *b = (ost__my_binds){ .memory = memory };
    ost__buffer_init(&b->text, memory);
}

void ost__my_binds_finish(ost__my_binds *b)
{
    ost__free(b->memory, b->list, b->capacity * sizeof *b->list);
    ost__free(b->memory, b->slots, b->capacity * sizeof *b->slots);
    ost__buffer_finish(&b->text);
    ost__my_binds_init(b, b->memory);
}

ost_status ost__my_no_memory(ost_error *error)
{
    ost__error_set(error, OST_NO_MEMORY, "no memory for the values of a statement");
    if (error)
        error->nothing_sent = 1;
    return OST_NO_MEMORY;
}

/* What was bound before stays where it is, as long as the number is the same. */
ost_status ost__my_binds_reserve(ost__my_binds *b, uint32_t count, ost_error *error)
{
    if (b->count == count && b->list)
        return OST_OK;
    if (count > b->capacity || !b->list) {
        uint32_t capacity = count > 0 ? count : 1;
        MYSQL_BIND *list = ost__alloc(b->memory, capacity * sizeof *list);
        ost__my_slot *slots = ost__alloc(b->memory, capacity * sizeof *slots);
        if (!list || !slots) {
            ost__free(b->memory, list, capacity * sizeof *list);
            ost__free(b->memory, slots, capacity * sizeof *slots);
            return ost__my_no_memory(error);
        }
        ost__free(b->memory, b->list, b->capacity * sizeof *b->list);
        ost__free(b->memory, b->slots, b->capacity * sizeof *b->slots);
        b->list = list;
        b->slots = slots;
        b->capacity = capacity;
    }
    memset(b->list, 0, count * sizeof *b->list);
    for (uint32_t i = 0; i < count; i++) {
        b->list[i].length = &b->slots[i].size;
        b->list[i].is_null = &b->slots[i].is_null;
    }
    b->count = count;
    b->changed = true;
    return OST_OK;
}

/* ---- kinds on the wire ---- */

typedef struct wire {
    enum enum_field_types type;
    bool is_unsigned;
} wire;

static const wire wire_of_form[] = {
    [OST__MY_NULL] = { MYSQL_TYPE_STRING, false },
    [OST__MY_INTEGER] = { MYSQL_TYPE_LONGLONG, false },
    [OST__MY_NATURAL] = { MYSQL_TYPE_LONGLONG, true },
    [OST__MY_REAL] = { MYSQL_TYPE_DOUBLE, false },
    [OST__MY_DECIMAL] = { MYSQL_TYPE_NEWDECIMAL, false },
    [OST__MY_TEXT] = { MYSQL_TYPE_STRING, false },
    [OST__MY_BYTES] = { MYSQL_TYPE_LONG_BLOB, false },
    [OST__MY_TIME] = { MYSQL_TYPE_DATETIME, false },
    [OST__MY_DATE] = { MYSQL_TYPE_DATE, false },
};
/* Members whose bytes can be sent as they are. */
static const wire wire_of_member[] = {
    [OST_TYPE_BOOL] = { MYSQL_TYPE_TINY, false },
    [OST_TYPE_INT8] = { MYSQL_TYPE_TINY, false },
    [OST_TYPE_INT16] = { MYSQL_TYPE_SHORT, false },
    [OST_TYPE_INT32] = { MYSQL_TYPE_LONG, false },
    [OST_TYPE_INT64] = { MYSQL_TYPE_LONGLONG, false },
    [OST_TYPE_UINT8] = { MYSQL_TYPE_TINY, true },
    [OST_TYPE_UINT16] = { MYSQL_TYPE_SHORT, true },
    [OST_TYPE_UINT32] = { MYSQL_TYPE_LONG, true },
    [OST_TYPE_UINT64] = { MYSQL_TYPE_LONGLONG, true },
};

/* Bytes of a value on the wire; of texts and blobs, without them. */
static size_t width_of(enum enum_field_types type)
{
    switch (type) {
    case MYSQL_TYPE_TINY: return 1;
    case MYSQL_TYPE_SHORT: return 2;
    case MYSQL_TYPE_LONG: return 4;
    case MYSQL_TYPE_DATE: return 5;
    case MYSQL_TYPE_DATETIME: return 12;
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_DOUBLE: return 8;
    default: return 0;
    }
}

static size_t prefix_of(size_t size)
{
    return size < 251 ? 1 : size < 65536 ? 3 : size < 16777216 ? 4 : 9;
}

/* ---- one value ---- */

static void set_wire(ost__my_place *p, wire w)
{
    if (p->bind->buffer_type != w.type || p->bind->is_unsigned != (ost__my_bool)w.is_unsigned)
        p->changed = true;
    p->bind->buffer_type = w.type;
    p->bind->is_unsigned = (ost__my_bool)w.is_unsigned;
}

void ost__my_set_data(ost__my_place *p, const void *data, size_t size)
{
    void *buffer = (void *)(uintptr_t)data;
    if (p->bind->buffer != buffer)
        p->moved = true;
    p->bind->buffer = buffer;
    p->bind->buffer_length = (unsigned long)size;
    p->slot->size = (unsigned long)size;
    p->slot->is_null = 0;
    p->slot->indicator = 0;
}

/* The kind stays what it would be with a value, so that the statement need not be bound anew. */
ost_status ost__my_set_null(ost__my_place *p)
{
    enum { INDICATOR_NULL = 1 };
    ost__my_set_data(p, p->slot->cell.bytes, 0);
    p->slot->is_null = 1;
    p->slot->indicator = INDICATOR_NULL;
    return OST_OK;
}

static ost_status set_cell(ost__my_place *p)
{
    ost__my_cell *cell = &p->slot->cell;
    switch (cell->form) {
    case OST__MY_NULL: return ost__my_set_null(p);
    case OST__MY_INTEGER:
    case OST__MY_NATURAL:
    case OST__MY_REAL: ost__my_set_data(p, &cell->as, sizeof cell->as.integer); return OST_OK;
    case OST__MY_TIME:
    case OST__MY_DATE: ost__my_set_data(p, &cell->as.time, sizeof cell->as.time); return OST_OK;
    default:
        if (cell->as.span.size > (size_t)UINT32_MAX)
            return OST_TOO_LARGE;
        ost__my_set_data(p, cell->inside ? cell->bytes : cell->as.span.data, cell->as.span.size);
        return OST_OK;
    }
}

static bool is_written(const ost__my_place *p)
{
    const ost_shape *s = p->op->shape;
    for (uint32_t i = 0; s && i < s->change_count; i++)
        if (s->changes[i].parameter == p->use->parameter)
            return true;
    return false;
}

ost_status ost__my_set_made(ost__my_place *p, size_t start)
{
    size_t size = p->text->size - start;
    if (p->text->failed)
        return OST_NO_MEMORY;
    if (size > UINT32_MAX)
        return OST_TOO_LARGE;
    set_wire(p, wire_of_form[OST__MY_TEXT]);
    ost__my_set_data(p, NULL, size);
    p->slot->indicator = CHAR_MAX;
    p->slot->cell.as.span.size = start;
    return OST_OK;
}

static ost_status set_value(ost__my_place *p, uint16_t type, const void *at)
{
    const ost_parameter *from = p->parameter;
    ost_status status = ost__my_store(type, at, from->size, from->field, &p->slot->cell);
    if (status == OST_RANGE && (type == OST_TYPE_DOUBLE || type == OST_TYPE_FLOAT) &&
        !is_written(p)) {
        /* Everything that is stored compares with an infinity. */
        double x = type == OST_TYPE_DOUBLE ? *(const double *)at : (double)*(const float *)at;
        if (isnan(x))
            return OST_RANGE;
        p->slot->cell.form = OST__MY_REAL;
        p->slot->cell.as.real = x;
        status = OST_OK;
    }
    if (status != OST_OK)
        return status == OST_UNSUPPORTED ? ost__my_set_document(p, type, at) : status;
    if (type != OST_TYPE_NONE && p->slot->cell.form != OST__MY_NULL)
        set_wire(p, wire_of_form[p->slot->cell.form]);
    return set_cell(p);
}

bool ost__my_is_direct(uint16_t type, const ost_field *f)
{
    uint16_t kind;
    if (type < OST_TYPE_BOOL || type > OST_TYPE_UINT64)
        return false;
    if (!f)
        return true;
    kind = ost__my_kind_of(f);
    return !f->values && kind >= OST_TYPE_BOOL && kind <= OST_TYPE_UINT64;
}

/* A member of a record. The usual ones are sent from where they are. */
static ost_status set_member(ost__my_place *p, const void *record)
{
    const ost_parameter *from = p->parameter;
    uint16_t type = from->type & (uint16_t)~OST_TYPE_OPTIONAL;
    const char *at = record ? (const char *)record + from->offset : NULL;
    bool direct = ost__my_is_direct(type, from->field);
    const char *text;
    set_wire(p, direct ? wire_of_member[type] : wire_of_form[ost__my_form_of(type, from->field)]);
    if (at && (from->type & OST_TYPE_OPTIONAL))
        at = *(const bool *)at ? at + ost__value_offset(type) : NULL;
    if (!at)
        return ost__my_set_null(p);
    if (direct) {
        ost__my_set_data(p, at, width_of(p->bind->buffer_type));
        return OST_OK;
    }
    if (type == OST_TYPE_TEXT) {
        size_t size;
        text = *(const char *const *)at;
        if (!text)
            return ost__my_set_null(p);
        size = strlen(text);
        if (size > UINT32_MAX)
            return OST_TOO_LARGE;
        ost__my_set_data(p, text, size);
        return OST_OK;
    }
    if (type == OST_TYPE_DOUBLE && fabs(*(const double *)(const void *)at) > 0 &&
        isfinite(*(const double *)(const void *)at)) {
        ost__my_set_data(p, at, sizeof(double));
        return OST_OK;
    }
    return set_value(p, type, at);
}

/* Mostly a key. It is copied, so that it stays where it was bound. */
static ost_status set_integer(ost__my_place *p, int64_t n)
{
    p->slot->cell.form = OST__MY_INTEGER;
    p->slot->cell.as.integer = n;
    set_wire(p, wire_of_form[OST__MY_INTEGER]);
    ost__my_set_data(p, &p->slot->cell.as, sizeof n);
    return OST_OK;
}

ost_status ost__my_set_parameter(ost__my_place *p, const void *record)
{
    const ost_parameter *from = p->parameter;
    if (from->source == OST_FROM_RECORD)
        return set_member(p, record);
    if (from->source == OST_FROM_VALUE && from->value.type == OST_TYPE_INT64 &&
        p->use->role != OST__SQL_INSIDE && ost__my_is_direct(OST_TYPE_INT64, from->field))
        return set_integer(p, from->value.as.integer);
    if (from->source == OST_FROM_VALUE && from->value.type != OST_TYPE_NONE &&
        p->use->role == OST__SQL_INSIDE)
        return ost__my_set_document(p, from->value.type, &from->value.as);
    if (from->source == OST_FROM_VALUE && from->value.type != OST_TYPE_NONE)
        return set_value(p, from->value.type, &from->value.as);
    if (from->source == OST_FROM_MEMBER)
        return set_value(p, from->type, from->list);
    set_wire(p, wire_of_form[ost__my_form_of(p->use->type, p->use->field)]);
    return ost__my_set_null(p);
}

/* ---- refusals ---- */

ost_status ost__my_misfit(const ost__my_place *p, ost_status status, ost_error *error)
{
    const ost_table *t = p->op->shape ? p->op->shape->table : NULL;
    const ost_field *f = p->parameter->field;
    const char *model = t ? t->model : "", *name = f ? f->name : "";
    uint16_t kind = p->parameter->type & (uint16_t)~OST_TYPE_OPTIONAL;
    bool real = kind == OST_TYPE_FLOAT || kind == OST_TYPE_DOUBLE;
    const char *why = status == OST_UNSUPPORTED ? "MySQL cannot store members of this kind yet"
                      : status == OST_TOO_LARGE ? "the value is larger than the server takes"
                      : real                    ? "NaN and infinities cannot be stored by MySQL"
                                                : "the value does not fit its column on MySQL";
    ost__error_set(error, status, "%s.%s: %s", model, name, why);
    ost__error_about(error, model, name);
    if (error)
        error->nothing_sent = 1;
    return status;
}

ost_status ost__my_too_large(const ost_operation *op, size_t bytes, size_t packet, ost_error *error)
{
    const char *model = op->shape && op->shape->table ? op->shape->table->model : "";
    ost__error_set(error, OST_TOO_LARGE,
                   "%s: the values of a statement have %zu bytes, but the server takes %zu: raise "
                   "its max_allowed_packet",
                   model, bytes, packet);
    ost__error_about(error, model, NULL);
    if (error)
        error->nothing_sent = 1;
    return OST_TOO_LARGE;
}

ost_status ost__my_check_parameters(const ost__my_parameter *p, uint32_t count,
                                    const ost_operation *op, ost_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (p[i].parameter < op->parameter_count)
            continue;
        ost__error_set(error, OST_MISUSE, "the statement uses parameter %u, but %u are given",
                       (unsigned)p[i].parameter, (unsigned)op->parameter_count);
        if (error)
            error->nothing_sent = 1;
        return OST_MISUSE;
    }
    return OST_OK;
}

size_t ost__my_value_bytes(const MYSQL_BIND *bind, const ost__my_slot *slot)
{
    size_t width = width_of(bind->buffer_type);
    if (slot->is_null)
        return 0;
    return width > 0 ? width : prefix_of(slot->size) + slot->size;
}

/* ---- one record ---- */

static bool is_list(const ost__my_parameter *p, const ost_operation *op)
{
    return p->role == OST__SQL_LIST &&
           ost__my_parameter_of(op, p->parameter)->source == OST_FROM_LIST;
}

/* false: a parameter is not there. */
static bool count_slots(const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                        uint32_t *slots)
{
    *slots = count;
    for (uint32_t i = 0; i < count; i++) {
        if (p[i].parameter >= op->parameter_count)
            return false;
        if (is_list(&p[i], op))
            *slots += ost__my_list_slots(&p[i], ost__my_parameter_of(op, p[i].parameter)) - 1;
    }
    return true;
}

/* The items, and the last of them again up to a power of two; or all of them as one JSON text. */
static ost_status set_items(ost__my_place *p, uint32_t slots, size_t packet)
{
    const ost_parameter *list = p->parameter;
    size_t start = p->text->size;
    ost_status status;
    if (!ost__my_list_is_json(p->use, list)) {
        for (uint32_t i = 0; i < slots; i++, p->bind++, p->slot++) {
            size_t n = i < list->list_count ? i : list->list_count - 1;
            const char *item = (const char *)list->list + n * list->list_stride;
            /* The core keeps bools of a list as integers. */
            OST_TRY(set_value(p, list->type == OST_TYPE_BOOL ? OST_TYPE_INT64 : list->type, item));
        }
        return OST_OK;
    }
    OST_TRY(ost__my_list_json(p->text, p->use, list, packet));
    status = ost__my_set_made(p, start);
    p->bind++;
    p->slot++;
    return status;
}

void ost__my_settle_texts(ost__my_binds *b, MYSQL_BIND *binds)
{
    for (uint32_t i = 0; i < b->count; i++) {
        if (b->slots[i].indicator != CHAR_MAX)
            continue;
        b->slots[i].indicator = 0;
        binds[i].buffer = b->text.data + b->slots[i].cell.as.span.size;
        b->moved = true;
    }
}

static ost_status set_one(ost__my_place *at, const void *record, size_t packet)
{
    ost_status status;
    if (is_list(at->use, at->op))
        return set_items(at, ost__my_list_slots(at->use, at->parameter), packet);
    status = ost__my_set_parameter(at, record);
    at->bind++;
    at->slot++;
    return status;
}

/* About the size of the packet. */
static size_t bytes_of(const ost__my_binds *b)
{
    enum { HEAD = 11 };
    size_t bytes = HEAD + (b->count + 7) / 8 + 2 * (size_t)b->count;
    for (uint32_t i = 0; i < b->count; i++)
        if (!ost__size_add(bytes, ost__my_value_bytes(&b->list[i], &b->slots[i]), &bytes))
            return SIZE_MAX;
    return bytes;
}

ost_status ost__my_bind(ost__my_binds *b, const ost__my_parameter *p, uint32_t count,
                        const ost_operation *op, const void *record, size_t packet,
                        ost_error *error)
{
    uint32_t slots;
    ost__my_place at = { .op = op, .text = &b->text };
    if (!count_slots(p, count, op, &slots))
        return ost__my_check_parameters(p, count, op, error);
    b->changed = b->arrays;
    b->arrays = false;
    OST_TRY(ost__my_binds_reserve(b, slots, error));
    if (b->text.size > 0 || b->text.failed)
        ost__buffer_reset(&b->text);
    at.bind = b->list;
    at.slot = b->slots;
    for (uint32_t i = 0; i < count; i++) {
        ost_status status;
        at.use = &p[i];
        at.parameter = ost__my_parameter_of(op, p[i].parameter);
        status = set_one(&at, record, packet);
        if (status == OST_NO_MEMORY)
            return ost__my_no_memory(error);
        if (status != OST_OK)
            return ost__my_misfit(&at, status, error);
    }
    b->changed = b->changed || at.changed;
    b->moved = at.moved;
    if (b->text.size > 0)
        ost__my_settle_texts(b, b->list);
    b->bytes = bytes_of(b);
    if (packet > 0 && b->bytes > packet)
        return ost__my_too_large(op, b->bytes, packet, error);
    return OST_OK;
}

ost_status ost__my_measure(const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                           const void *record, ost__buffer *scratch, size_t *bytes,
                           ost_error *error)
{
    MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_NULL };
    ost__my_slot slot = { 0 };
    ost__my_place at = { .op = op, .bind = &bind, .slot = &slot, .text = scratch };
    *bytes = 0;
    OST_TRY(ost__my_check_parameters(p, count, op, error));
    for (uint32_t i = 0; i < count; i++) {
        ost_status status;
        at.use = &p[i];
        at.parameter = ost__my_parameter_of(op, p[i].parameter);
        if (scratch->size > 0 || scratch->failed)
            ost__buffer_reset(scratch);
        status = ost__my_set_parameter(&at, record);
        if (status == OST_NO_MEMORY)
            return ost__my_no_memory(error);
        if (status != OST_OK)
            return ost__my_misfit(&at, status, error);
        if (!ost__size_add(*bytes, 1 + ost__my_value_bytes(&bind, &slot), bytes))
            return ost__my_misfit(&at, OST_TOO_LARGE, error);
    }
    return OST_OK;
}
