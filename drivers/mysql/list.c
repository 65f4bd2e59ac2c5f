/* SPDX-License-Identifier: MIT */
/*
 * Lists. Short ones have a placeholder for each item, in a few lengths, so that few statements
 * serve all; longer ones travel as one JSON text, which the server reads as a table. That table is
 * looked up by a key only while the items are short, so long texts are compared by their digests.
 */
#include "mysql/types.h"

#include <string.h>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/utf8.h"

/* Items with a placeholder each; where there is no other way; digits of a key for one list. */
enum { EACH_MAX = 256, PLACEHOLDERS_MAX = 65535, KEY_BITS = 4 };
/* What stands between a list's left side and its placeholder: " IN (". */
enum { BEFORE_LIST = 5 };

/* How a list is written. From 0 to 8: 2^n placeholders. */
enum shape { SHAPE_TABLE = 9, SHAPE_16, SHAPE_64, SHAPE_255, SHAPE_DIGESTS, SHAPE_MANY };

static enum ost__my_form form_of(const ost__my_parameter *use, const ost_parameter *list)
{
    uint16_t type = list->type & (uint16_t)~OST_TYPE_OPTIONAL;
    return ost__my_form_of(type, list->field ? list->field : use->field);
}

/* Texts that compare by rules which only their own column knows. */
static bool is_as_stored(const ost__my_parameter *use, const ost_parameter *list)
{
    return use->field && use->field->collation == OST_AS_STORED &&
           form_of(use, list) == OST__MY_TEXT;
}

bool ost__my_list_is_json(const ost__my_parameter *use, const ost_parameter *list)
{
    return list->list_count == 0 || (list->list_count > EACH_MAX && !is_as_stored(use, list));
}

static unsigned power_above(size_t count)
{
    unsigned power = 0;
    while (((size_t)1 << power) < count)
        power++;
    return power;
}

uint32_t ost__my_list_slots(const ost__my_parameter *use, const ost_parameter *list)
{
    if (ost__my_list_is_json(use, list))
        return 1;
    if (list->list_count > PLACEHOLDERS_MAX / 2)
        return list->list_count > UINT32_MAX ? UINT32_MAX : (uint32_t)list->list_count;
    return (uint32_t)1 << power_above(list->list_count);
}

bool ost__my_has_lists(const ost__my_parameter *p, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (p[i].role == OST__SQL_LIST)
            return true;
    return false;
}

/* ---- items ---- */

static ost_status item_cell(const ost_parameter *list, size_t i, ost__my_cell *out)
{
    const char *item = (const char *)list->list + i * list->list_stride;
    /* The core keeps bools of a list as integers. */
    uint16_t type = list->type == OST_TYPE_BOOL ? OST_TYPE_INT64 : list->type;
    return ost__my_store(type, item, list->size, list->field, out);
}

static const void *data_of(const ost__my_cell *cell)
{
    return cell->inside ? cell->bytes : cell->as.span.data;
}

/* Characters of a text, bytes of a blob, of the longest item; items without a form count nothing.
 */
static size_t longest(const ost_parameter *list)
{
    size_t most = 0;
    for (size_t i = 0; i < list->list_count; i++) {
        ost__my_cell cell;
        size_t length;
        if (item_cell(list, i, &cell) != OST_OK ||
            (cell.form != OST__MY_TEXT && cell.form != OST__MY_BYTES))
            continue;
        length = cell.form == OST__MY_BYTES ? cell.as.span.size
                                            : ost__utf8_length(data_of(&cell), cell.as.span.size);
        if (length > most)
            most = length;
    }
    return most;
}

static enum shape shape_of(const ost__my_parameter *use, const ost_parameter *list)
{
    /* From here on a digest costs less than a wide table that does not fit memory. */
    enum { WIDE_MAX = 32768 };
    enum ost__my_form form = form_of(use, list);
    size_t most;
    if (!ost__my_list_is_json(use, list))
        return list->list_count <= EACH_MAX ? (enum shape)power_above(list->list_count)
                                            : SHAPE_MANY;
    if (form != OST__MY_TEXT && form != OST__MY_BYTES)
        return SHAPE_TABLE;
    most = longest(list);
    if (most <= 16)
        return SHAPE_16;
    if (most > 255 || list->list_count > WIDE_MAX)
        return SHAPE_DIGESTS;
    return most <= 64 ? SHAPE_64 : SHAPE_255;
}

bool ost__my_list_key(const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                      uint64_t *key)
{
    unsigned lists = 0;
    *key = 0;
    for (uint32_t i = 0; i < count; i++) {
        const ost_parameter *list = ost__my_parameter_of(op, p[i].parameter);
        enum shape shape;
        if (p[i].role != OST__SQL_LIST)
            continue;
        shape = shape_of(&p[i], list);
        if (shape == SHAPE_MANY || ++lists * KEY_BITS > 64)
            return false;
        *key = *key << KEY_BITS | (uint64_t)shape;
    }
    return true;
}

/* ---- the text of a statement ---- */

static void column_type(ost__buffer *out, const ost__my_flavour *flavour,
                        const ost__my_parameter *use, const ost_parameter *list, enum shape shape)
{
    static const char *const widths[] = {
        [SHAPE_16] = "16",
        [SHAPE_64] = "64",
        [SHAPE_255] = "255",
    };
    enum ost__my_form form = form_of(use, list);
    switch (form) {
    case OST__MY_INTEGER: ost__buffer_text(out, "BIGINT"); return;
    case OST__MY_NATURAL: ost__buffer_text(out, "BIGINT UNSIGNED"); return;
    case OST__MY_REAL: ost__buffer_text(out, "DOUBLE"); return;
    case OST__MY_TIME: ost__buffer_text(out, "DATETIME(6)"); return;
    case OST__MY_DATE: ost__buffer_text(out, "DATE"); return;
    case OST__MY_DECIMAL:
        ost__buffer_text(out, "DECIMAL(");
        ost__buffer_uint(out, list->field ? list->field->precision : 65);
        ost__buffer_text(out, ", ");
        ost__buffer_uint(out, list->field ? list->field->scale : list->scale);
        ost__buffer_text(out, ")");
        return;
    default: break;
    }
    if (shape == SHAPE_DIGESTS) {
        ost__buffer_text(out, "LONGTEXT");
    } else {
        ost__buffer_text(out, "VARCHAR(");
        /* Bytes are written as two digits each. */
        ost__buffer_text(out, form == OST__MY_TEXT ? widths[shape]
                              : shape == SHAPE_16  ? "32"
                              : shape == SHAPE_64  ? "128"
                                                   : "510");
        ost__buffer_text(out, ")");
    }
    ost__buffer_text(out, " CHARACTER SET ");
    ost__buffer_text(out, form == OST__MY_BYTES ? "latin1 COLLATE latin1_bin" : "utf8mb4 COLLATE ");
    if (form != OST__MY_BYTES)
        ost__buffer_text(out, flavour->collation);
}

static void table_text(ost__buffer *out, const ost__my_flavour *flavour,
                       const ost__my_parameter *use, const ost_parameter *list, enum shape shape)
{
    bool bytes = form_of(use, list) == OST__MY_BYTES, digests = shape == SHAPE_DIGESTS;
    ost__buffer_text(out, "SELECT ");
    ost__buffer_text(out, digests ? "UNHEX(SHA2(" : "");
    ost__buffer_text(out, bytes ? "UNHEX(v)" : "v");
    ost__buffer_text(out, digests ? ", 256))" : "");
    ost__buffer_text(out, " FROM JSON_TABLE(?, '$[*]' COLUMNS(v ");
    column_type(out, flavour, use, list, shape);
    ost__buffer_text(out, " PATH '$' ERROR ON EMPTY ERROR ON ERROR)) AS ostler_list");
}

static void placeholders(ost__buffer *out, uint32_t count)
{
    ost__buffer_char(out, '?');
    for (uint32_t i = 1; i < count; i++)
        ost__buffer_bytes(out, ",?", 2);
}

static ost_status too_many(uint64_t slots, ost_error *error)
{
    ost__error_set(error, OST_TOO_LARGE,
                   "the statement has %llu values, but the server takes %d at once",
                   (unsigned long long)slots, PLACEHOLDERS_MAX);
    if (error)
        error->nothing_sent = 1;
    return OST_TOO_LARGE;
}

ost_status ost__my_expand(const ost__my_flavour *flavour, const char *text, size_t size,
                          const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                          ost__buffer *out, ost_error *error)
{
    size_t done = 0;
    uint64_t slots = 0;
    for (uint32_t i = 0; i < count; i++) {
        const ost_parameter *list = ost__my_parameter_of(op, p[i].parameter);
        enum shape shape;
        if (p[i].role != OST__SQL_LIST || list->source != OST_FROM_LIST) {
            slots++;
            continue;
        }
        slots += ost__my_list_slots(&p[i], list);
        if (slots > PLACEHOLDERS_MAX)
            return too_many(slots, error);
        shape = shape_of(&p[i], list);
        if (shape == SHAPE_DIGESTS) {
            /* A list of texts says in `scale` how long what stands left of it is. */
            size_t end = p[i].at - BEFORE_LIST, start = end - p[i].scale;
            ost__buffer_bytes(out, text + done, start - done);
            ost__buffer_text(out, "UNHEX(SHA2(");
            ost__buffer_bytes(out, text + start, end - start);
            ost__buffer_text(out, ", 256))");
            done = end;
        }
        ost__buffer_bytes(out, text + done, p[i].at - done);
        done = p[i].at + 1;
        if (shape < SHAPE_TABLE || shape == SHAPE_MANY)
            placeholders(out, ost__my_list_slots(&p[i], list));
        else
            table_text(out, flavour, &p[i], list, shape);
    }
    ost__buffer_bytes(out, text + done, size - done);
    if (!out->failed)
        return OST_OK;
    ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    return OST_NO_MEMORY;
}

/* ---- the JSON text ---- */

static void hex_text(ost__buffer *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    ost__buffer_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        char pair[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };
        ost__buffer_bytes(out, pair, sizeof pair);
    }
    ost__buffer_char(out, '"');
}

static void print_two(char *at, unsigned n)
{
    at[0] = (char)('0' + n / 10 % 10);
    at[1] = (char)('0' + n % 10);
}

static void time_text(ost__buffer *out, const MYSQL_TIME *t, bool day_alone)
{
    char text[] = "\"0000-00-00 00:00:00.000000\"";
    unsigned long fraction = t->second_part;
    print_two(text + 1, t->year / 100);
    print_two(text + 3, t->year % 100);
    print_two(text + 6, t->month);
    print_two(text + 9, t->day);
    print_two(text + 12, t->hour);
    print_two(text + 15, t->minute);
    print_two(text + 18, t->second);
    for (int i = 26; i > 20; i--, fraction /= 10)
        text[i] = (char)('0' + fraction % 10);
    if (day_alone) {
        text[11] = '"';
        text[12] = '\0';
    }
    ost__buffer_text(out, text);
}

static void cell_text(ost__buffer *out, const ost__my_cell *cell)
{
    ost__json_writer w;
    switch (cell->form) {
    case OST__MY_INTEGER: ost__buffer_int(out, cell->as.integer); break;
    case OST__MY_NATURAL: ost__buffer_uint(out, cell->as.natural); break;
    case OST__MY_REAL: ost__buffer_double(out, cell->as.real); break;
    case OST__MY_TIME: time_text(out, &cell->as.time, false); break;
    case OST__MY_DATE: time_text(out, &cell->as.time, true); break;
    case OST__MY_BYTES: hex_text(out, data_of(cell), cell->as.span.size); break;
    default:
        ost__json_begin(&w, out);
        ost__json_text(&w, data_of(cell), cell->as.span.size);
        break;
    }
}

ost_status ost__my_list_json(ost__buffer *out, const ost__my_parameter *use,
                             const ost_parameter *list, size_t packet)
{
    size_t start = out->size;
    bool first = true;
    ost__buffer_char(out, '[');
    for (size_t i = 0; i < list->list_count && !out->failed; i++) {
        ost__my_cell cell;
        ost_status status = item_cell(list, i, &cell);
        /* Nothing that is stored equals an infinity. */
        if (status == OST_RANGE && form_of(use, list) == OST__MY_REAL)
            continue;
        if (status != OST_OK)
            return status;
        if (!first)
            ost__buffer_char(out, ',');
        first = false;
        cell_text(out, &cell);
        if (packet > 0 && out->size - start > packet)
            return OST_TOO_LARGE;
    }
    ost__buffer_char(out, ']');
    return out->failed ? OST_NO_MEMORY : OST_OK;
}
