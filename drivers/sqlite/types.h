/* SPDX-License-Identifier: MIT */
/* Stored forms: what a member is in a cell of SQLite, both ways. */
#ifndef OSTLER_SQLITE_TYPES_H
#define OSTLER_SQLITE_TYPES_H

#include <sqlite3.h>

#include "ostler/driver.h"

/* Forms of a cell where a kind has more than one. The numbers are written into statements, as
 * arguments of our functions. */
enum ost__form_kind {
    OST__FORM_PLAIN, /* numbers, texts and blobs as they are; an integer is a decimal of scale 0 */
    OST__FORM_NAME,  /* an enumeration: TEXT, its name */
    OST__FORM_UNITS, /* a decimal of up to 18 digits: INTEGER, times 10^scale */
    OST__FORM_SORTABLE,  /* a longer decimal: TEXT that orders like the numbers */
    OST__FORM_NUMBER,    /* a decimal of a table made by others: INTEGER, REAL or TEXT */
    OST__FORM_CANONICAL, /* a decimal that is no member: TEXT, the same for equal values of any
                            scale */
    OST__FORM_SECONDS,   /* a time of a table made by others: TEXT to the second */
    OST__FORM_UNIX       /* the same: INTEGER seconds since 1970 */
};
typedef struct ost__form {
    uint8_t kind, precision, scale;
} ost__form;

enum { OST__UNITS_DIGITS = 18, OST__CELL_SIZE = 80 };
/* What the number of a list counts for in the number of a member of its items. */
enum { OST__ITEM_NUMBER = 1024 };

/* One cell. Texts and blobs are borrowed, or in `bytes`. */
typedef struct ost__cell {
    int kind;    /* SQLITE_INTEGER, SQLITE_FLOAT, SQLITE_TEXT, SQLITE_BLOB or SQLITE_NULL */
    bool inside; /* the text is in `bytes` */
    union {
        int64_t integer;
        double real;
        struct {
            const void *data;
            size_t size;
        } span;
    } as;
    char bytes[OST__CELL_SIZE];
} ost__cell;

static inline uint16_t ost__kind_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}
static inline bool ost__is_enumeration(const ost_field *f)
{
    uint16_t kind = ost__kind_of(f);
    return f->values && kind >= OST_TYPE_INT8 && kind <= OST_TYPE_UINT64;
}
ost__form ost__form_of(const ost_field *f);
/* As one number, for the text of a statement, and back. */
int ost__form_code(ost__form form);
ost__form ost__form_decode(int code);

/*
 * The C value of kind `type` at `at` as a cell in the stored form of `field` (NULL: plain). `size`
 * is that of a char array. OST_RANGE: it has no such form; OST_UNSUPPORTED: a kind that is not
 * stored yet.
 */
ost_status ost__store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                      ost__cell *out);
ost_status ost__store_value(const ost_value *value, const ost_field *field, ost__cell *out);
/*
 * The same for what is only compared: a number beyond every INTEGER becomes a REAL, which SQLite
 * compares exactly with what is stored.
 */
ost_status ost__store_compared(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                               ost__cell *out);
ost_status ost__store_decimal(ost_decimal d, ost__form form, ost__cell *out);

/* The decimal in a cell of this form; false: there is none. */
bool ost__load_decimal(sqlite3_value *v, ost__form form, ost_decimal *out);
bool ost__load_time(sqlite3_value *v, ost__form form, ost_time *out);

#endif
