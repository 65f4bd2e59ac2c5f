/* SPDX-License-Identifier: MIT */
/*
 * Cells: what one member of one record holds, as an ost_value in one normal form. Integers are
 * INT64 (UINT64 only above INT64_MAX), enumerations their number, floats DOUBLE, -0.0 is 0.0, char
 * arrays TEXT, decimals at their member's scale. The members of a struct inside have a cell each; a
 * list is one cell.
 */
#ifndef EVALUATOR_VALUE_H
#define EVALUATOR_VALUE_H

#include "number.h"
#include "scratch.h"

#include "ostler/model.h"

#include <stdio.h>

struct ev_schema;

/* What the evaluator knows of a member; taken from the model's description and nothing else. */
typedef struct ev_field {
    const char *name; /* its path: "city", or "home.city" inside a struct */
    size_t offset;
    uint32_t size;
    uint16_t type; /* without OST_TYPE_OPTIONAL */
    bool optional; /* an ost_opt_* */
    bool nullable; /* may hold NULL */
    bool key;
    bool generated;
    bool caseless;             /* compares by what texts that differ in case alone have in common */
    bool deletion;             /* when the record was soft-deleted; NULL in the living */
    int precision, scale;      /* of a decimal */
    const char *const *values; /* of an enumeration: its names, ending in NULL */
    const char *document; /* the path of the document that it is stored in; NULL: it has a column */
    const struct ev_schema *items; /* of a list: what each item is made of */
} ev_field;

ev_field ev_field_of(const ost_field *f);
bool ev_is_enum(const ev_field *f);
/* A list or JSON, which has no order. */
bool ev_is_document(const ev_field *f);
/* Whether the last name of its path is this. */
bool ev_is_called(const ev_field *f, const char *name);
/* Bytes of a bare C value. */
uint32_t ev_bare_size(uint16_t type);
bool ev_is_integer_type(uint16_t type);
/* Bounds of an integer member. */
void ev_integer_bounds(uint16_t type, int64_t *min, uint64_t *max);

ost_value ev_null(void);
ost_value ev_int(int64_t n);
ost_value ev_uint(uint64_t n);
ost_value ev_real(double x);
ost_value ev_bool(bool b);
ost_value ev_text(const char *text);
bool ev_is_null(const ost_value *v);
bool ev_is_number(const ost_value *v); /* integers, doubles, decimals; no bool */

/* Reads a member of a record. Text and bytes are copied. */
ost_value ev_read(const ev_field *f, const void *record, ev_scratch *s);
/* Writes a cell into a member of a record, which then borrows its text; the cell fits. */
void ev_write(const ev_field *f, void *record, const ost_value *v);
/* Reads one item of a list as IN takes it: a bare C value or an ost_opt_*. */
ost_value ev_read_item(uint16_t type, const void *item);

/* The cell of a list that is not NULL: its items by their cells, one row for each, and as the
 * program has them. */
typedef struct ev_list {
    const struct ev_schema *schema;
    size_t count;
    const ost_value *cells;
    const void *items;
} ev_list;
const ev_list *ev_list_of(const ost_value *v);
ost_value ev_list_value(const ev_field *f, const ost_value *cells, size_t count, ev_scratch *s);
/* `items` is not NULL, not even of an empty list. */
ost_value ev_read_list(const ev_field *f, const void *items, size_t count, ev_scratch *s);
bool ev_lists_same(const ost_value *a, const ost_value *b,
                   bool (*same)(const ost_value *a, const ost_value *b));
void ev_print_list(FILE *out, const ost_value *v);

/*
 * Brings a value to the normal form that the member's cell would have: OST_OK, or OST_RANGE if it
 * does not fit without loss. A float is rounded from a double. OST_MISUSE if the kinds have nothing
 * in common.
 */
ost_status ev_fit(const ev_field *f, ost_value *v);

/*
 * What a backend cannot keep although the member could: such a value is refused with OST_RANGE
 * before the record is written.
 */
typedef struct ev_limits {
    uint64_t most_natural; /* of a uint64 */
    bool infinity;         /* keeps infinite floats and doubles */
    bool infinity_listed;  /* as items of a list too; in JSON there are none */
    int digits;            /* of a decimal, without zeros at the end of its fraction */
} ev_limits;
bool ev_keeps(const ev_limits *limits, const ev_field *f, const ost_value *v);

/* Whether two values can be compared at all: numbers and bools with numbers and bools, else like
 * with like. */
bool ev_comparable(const ost_value *a, const ost_value *b);
/* -1, 0 or 1: numbers by value, text and bytes by their bytes, false before true. Neither is NULL.
 */
int ev_compare(const ost_value *a, const ost_value *b);
/* Equal, or both NULL: how groups and DISTINCT compare. */
bool ev_same(const ost_value *a, const ost_value *b);
/* The same value in the same form: how a cell that was read is checked. */
bool ev_identical(const ost_value *a, const ost_value *b);
/* A number as an exact one; not of a double. */
ev_number ev_exact(const ost_value *v);
/* The text with every letter folded, for comparisons that ignore case. Knows the letters that the
 * tests use. */
char *ev_fold(const char *text, ev_scratch *s);

/* A text as it compares with a caseless member: folded, and its letters composed. Other values, and
 * those for other members (or NULL), as they are. */
ost_value ev_compared(const ev_field *f, const ost_value *v, ev_scratch *s);

void ev_print(FILE *out, const ost_value *v);

#endif
