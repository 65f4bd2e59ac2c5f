/* SPDX-License-Identifier: MIT */
#include "table.h"

#include "output.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_COLUMNS = 12, MAX_WIDTH = 46, CELL_SIZE = 512 };

typedef struct column {
    const ost_field *field;
    size_t width; /* in characters */
    bool numeric; /* aligned to the right */
} column;

/* A model is data: with offset and kind of each member, one function reads them all. */
static ost_value read_member(const ost_field *field, const void *record)
{
    const void *at = (const char *)record + field->offset;
    switch (field->type) {
    case OST_TYPE_BOOL: return ost_value_bool(*(const bool *)at);
    case OST_TYPE_INT16: return ost_value_int(*(const short *)at);
    case OST_TYPE_INT32: return ost_value_int(*(const int *)at);
    case OST_TYPE_INT64: return ost_value_int(*(const int64_t *)at);
    case OST_TYPE_UINT8: return ost_value_int(*(const unsigned char *)at);
    case OST_TYPE_UINT32: return ost_value_int(*(const unsigned *)at);
    case OST_TYPE_DOUBLE: return ost_value_double(*(const double *)at);
    case OST_TYPE_TEXT: return ost_value_text(*(const char *const *)at);
    case OST_TYPE_CHARS: return ost_value_text(at);
    case OST_TYPE_TIME: return ost_value_time(*(const ost_time *)at);
    case OST_TYPE_DECIMAL: return ost_value_decimal(*(const ost_decimal *)at);
    case OST_TYPE_OPTIONAL | OST_TYPE_INT32: return ost_value_opt_int(*(const ost_opt_int *)at);
    case OST_TYPE_OPTIONAL | OST_TYPE_INT64: return ost_value_opt_int64(*(const ost_opt_int64 *)at);
    case OST_TYPE_OPTIONAL | OST_TYPE_DOUBLE:
        return ost_value_opt_double(*(const ost_opt_double *)at);
    case OST_TYPE_OPTIONAL | OST_TYPE_DECIMAL:
        return ost_value_opt_decimal(*(const ost_opt_decimal *)at);
    default: return ost_value_text("?");
    }
}

static void print_real(double number, char *out)
{
    double tenths = round(fabs(number) * 10);
    if (tenths >= 1e18) {
        snprintf(out, CELL_SIZE, "%g", number);
        return;
    }
    int64_t units = (int64_t)tenths;
    char whole[OUTPUT_NUMBER_SIZE];
    output_number(units / 10, whole);
    snprintf(out, CELL_SIZE, "%s%s.%d", number < 0 && units ? "-" : "", whole, (int)(units % 10));
}

static void print_cell(const ost_field *field, const void *record, char *out)
{
    ost_value value = read_member(field, record);
    switch (value.type) {
    case OST_TYPE_BOOL: snprintf(out, CELL_SIZE, "%s", value.as.boolean ? "yes" : "no"); break;
    case OST_TYPE_INT64:
        if (field->values)
            snprintf(out, CELL_SIZE, "%s", field->values[value.as.integer]);
        else
            output_number(value.as.integer, out);
        break;
    case OST_TYPE_DOUBLE: print_real(value.as.real, out); break;
    case OST_TYPE_TEXT: snprintf(out, CELL_SIZE, "%s", value.as.text); break;
    case OST_TYPE_TIME: ost_time_print(value.as.time, out); break;
    case OST_TYPE_DECIMAL: ost_decimal_print(value.as.decimal, out); break;
    default: snprintf(out, CELL_SIZE, "–"); break;
    }
}

static bool is_numeric(const ost_field *field)
{
    int kind = field->type & ~OST_TYPE_OPTIONAL;
    bool number = (kind >= OST_TYPE_INT8 && kind <= OST_TYPE_DOUBLE) || kind == OST_TYPE_DECIMAL;
    return number && !field->values;
}

/* Counts code points: every byte of UTF-8 but those that continue one. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

/* Cuts a text between two characters, so that one long name does not widen the whole table. */
static void shorten(char *text)
{
    size_t width = 0;
    if (width_of(text) <= MAX_WIDTH)
        return;
    for (; *text; text++) {
        bool starts = ((unsigned char)*text & 0xC0) != 0x80;
        if (starts && ++width == MAX_WIDTH) {
            memcpy(text, "…", sizeof "…");
            return;
        }
    }
}

static bool is_shown(const char *name, const char *const *columns)
{
    for (size_t i = 0; columns[i]; i++)
        if (strcmp(columns[i], name) == 0)
            return true;
    return !columns[0];
}

static size_t choose_columns(const ost_model *model, const char *const *names, column *columns)
{
    size_t count = 0;
    for (const ost_field *field = model->fields; field->name; field++) {
        if (count == MAX_COLUMNS || !is_shown(field->name, names))
            continue;
        columns[count++] = (column){ .field = field,
                                     .width = width_of(field->name),
                                     .numeric = is_numeric(field) };
    }
    return count;
}

static void fit_column(column *c, const ost_model *model, const void *rows, size_t count)
{
    char cell[CELL_SIZE];
    for (size_t i = 0; i < count; i++) {
        print_cell(c->field, (const char *)rows + i * model->size, cell);
        shorten(cell);
        size_t width = width_of(cell);
        if (width > c->width)
            c->width = width;
    }
}

static void repeat(FILE *file, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        fputs(text, file);
}

/* The last column is not padded on its right: no line ends in spaces. */
static void write_cell(FILE *file, const column *c, const char *text, bool last)
{
    size_t padding = c->width - width_of(text);
    if (c->numeric)
        repeat(file, " ", padding);
    fputs(text, file);
    if (!c->numeric && !last)
        repeat(file, " ", padding);
    fputs(last ? "\n" : "  ", file);
}

static void write_header(FILE *file, bool color, const column *columns, size_t count)
{
    char title[CELL_SIZE];
    fputs(color ? "    \033[36m" : "    ", file);
    for (size_t i = 0; i < count; i++) {
        snprintf(title, sizeof title, "%s", columns[i].field->name);
        for (char *c = title; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        write_cell(file, &columns[i], title, i + 1 == count);
    }
    fputs(color ? "\033[0m\033[2m    " : "    ", file);
    for (size_t i = 0; i < count; i++) {
        repeat(file, "─", columns[i].width);
        fputs(i + 1 == count ? "\n" : "  ", file);
    }
    if (color)
        fputs("\033[0m", file);
}

void table_write(FILE *file, bool color, const ost_model *model, const void *rows, size_t count,
                 const char *const *names)
{
    column columns[MAX_COLUMNS];
    char cell[CELL_SIZE];
    size_t width = choose_columns(model, names, columns);
    for (size_t i = 0; i < width; i++)
        fit_column(&columns[i], model, rows, count);
    write_header(file, color, columns, width);
    for (size_t row = 0; row < count; row++) {
        fputs("    ", file);
        for (size_t i = 0; i < width; i++) {
            print_cell(columns[i].field, (const char *)rows + row * model->size, cell);
            shorten(cell);
            write_cell(file, &columns[i], cell, i + 1 == width);
        }
    }
    if (count == 0)
        fputs("    (none)\n", file);
}
