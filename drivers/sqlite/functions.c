/* SPDX-License-Identifier: MIT */
/* What statements need beyond SQLite's own functions: text without regard to case, one form for
 * two, exact increments. */
#include "sqlite/connection.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "base/civil.h"
#include "base/decimal.h"
#include "base/utf8.h"

static const char refused[] = "refused";
static const char usual_message[] = "the result does not fit";

static void refuse_with(sqlite3_context *context, ost_connection *c, ost__refusal refusal)
{
    c->refusal = refusal;
    sqlite3_result_error(context, refused, (int)sizeof refused - 1);
}

void ost__sqlite_refuse(sqlite3_context *context, ost_connection *c, ost_status status,
                        const ost_field *field)
{
    if (status == OST_NO_MEMORY)
        sqlite3_result_error_nomem(context);
    else
        refuse_with(context, c,
                    (ost__refusal){ .status = status, .field = field, .message = usual_message });
}

void ost__sqlite_result(sqlite3_context *context, const ost__cell *cell)
{
    switch (cell->kind) {
    case SQLITE_INTEGER: sqlite3_result_int64(context, cell->as.integer); break;
    case SQLITE_FLOAT: sqlite3_result_double(context, cell->as.real); break;
    case SQLITE_TEXT:
        sqlite3_result_text64(context, cell->as.span.data, cell->as.span.size,
                              cell->inside ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
        break;
    case SQLITE_BLOB:
        sqlite3_result_blob64(context, cell->as.span.data, cell->as.span.size, SQLITE_STATIC);
        break;
    default: sqlite3_result_null(context); break;
    }
}

/* ---- text ---- */

typedef bool matcher(const char *text, size_t size, const char *folded, size_t folded_size);

static void free_needle(void *p)
{
    ost__buffer *needle = p;
    const ost__memory *memory = needle->memory;
    ost__buffer_finish(needle);
    ost__free(memory, needle, sizeof *needle);
}

/* The needle is folded once for each run of a statement, as long as it is a parameter. NULL: no
 * memory. */
static ost__buffer *fold_needle(const ost_connection *c, sqlite3_value *v)
{
    const ost__memory *memory = &c->backend->memory;
    const char *text = (const char *)sqlite3_value_text(v);
    ost__buffer *needle = text ? ost__alloc(memory, sizeof *needle) : NULL;
    if (!needle)
        return NULL;
    ost__buffer_init(needle, memory);
    ost__utf8_fold(needle, text, (size_t)sqlite3_value_bytes(v));
    if (!needle->failed)
        return needle;
    free_needle(needle);
    return NULL;
}

static void match(sqlite3_context *context, sqlite3_value **argv, matcher *matches)
{
    ost__buffer *needle = sqlite3_get_auxdata(context, 1);
    bool fresh = !needle;
    const char *text;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
        return;
    text = (const char *)sqlite3_value_text(argv[0]);
    if (fresh)
        needle = fold_needle(sqlite3_user_data(context), argv[1]);
    if (!text || !needle) {
        if (fresh && needle)
            free_needle(needle);
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_result_int(context, matches(text, (size_t)sqlite3_value_bytes(argv[0]),
                                        needle->data ? needle->data : "", needle->size));
    /* SQLite may free it at once, so it is handed over last. */
    if (fresh)
        sqlite3_set_auxdata(context, 1, needle, free_needle);
}

static void has_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    match(context, argv, ost__utf8_folded_contains);
}

static void starts_with(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    match(context, argv, ost__utf8_folded_starts);
}

static void ends_with(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    (void)argc;
    match(context, argv, ost__utf8_folded_ends);
}

/* ---- one form for two ---- */

/* ostler_decimal(cell, form): a decimal or integer of any form as the text that is the same for
 * equal values. */
static void decimal(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const ost__form form = ost__form_decode(sqlite3_value_int(argv[1]));
    ost_decimal d;
    ost__cell cell;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    /* No column of integers holds this: SQLite has put a constant in its place, which stands beside
     * in an equality that no row meets. */
    if (sqlite3_value_type(argv[0]) == SQLITE_FLOAT && form.kind == OST__FORM_PLAIN)
        return;
    if (!ost__load_decimal(argv[0], form, &d)) {
        ost__sqlite_refuse(context, sqlite3_user_data(context), OST_RANGE, NULL);
        return;
    }
    ost__store_decimal(d, (ost__form){ .kind = OST__FORM_CANONICAL }, &cell);
    ost__sqlite_result(context, &cell);
}

/* ostler_time(cell, form): a time of any form as our own text. */
static void time_text(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_time t;
    char text[OST__TIME_STORED_SIZE];
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    if (!ost__load_time(argv[0], ost__form_decode(sqlite3_value_int(argv[1])), &t)) {
        ost__sqlite_refuse(context, sqlite3_user_data(context), OST_RANGE, NULL);
        return;
    }
    ost__time_to_stored(t, text);
    sqlite3_result_text(context, text, OST__TIME_STORED_SIZE, SQLITE_TRANSIENT);
}

/* ---- increments ---- */

static bool as_decimal(const ost_value *v, ost_decimal *out)
{
    switch (v->type) {
    case OST_TYPE_INT64: *out = ost_decimal_of(v->as.integer, 0); return true;
    case OST_TYPE_UINT64: *out = ost__decimal_from_uint(v->as.natural); return true;
    case OST_TYPE_DECIMAL: *out = v->as.decimal; return true;
    default: return false;
    }
}

static double as_real(const ost_value *v)
{
    ost_decimal d;
    return as_decimal(v, &d) ? ost__decimal_to_double(d) : v->as.real;
}

static int compare(const ost_value *a, const ost_value *b)
{
    ost_decimal x, y;
    double p, q;
    if (as_decimal(a, &x) && as_decimal(b, &y))
        return ost_decimal_compare(x, y);
    p = as_real(a);
    q = as_real(b);
    return p < q ? -1 : p > q;
}

/* Whether the sum keeps the field's bounds; if not, the statement fails. */
static bool keeps_bounds(sqlite3_context *context, const ost_field *f, const ost_value *sum)
{
    ost_connection *c = sqlite3_user_data(context);
    if (f->min && compare(sum, f->min) < 0) {
        refuse_with(
            context, c,
            (ost__refusal){ OST_INVALID, f, "min", "the sum is below the smallest value allowed" });
        return false;
    }
    if (f->max && compare(sum, f->max) > 0) {
        refuse_with(
            context, c,
            (ost__refusal){ OST_INVALID, f, "max", "the sum is above the largest value allowed" });
        return false;
    }
    return true;
}

static bool add_integers(const ost_field *f, sqlite3_value **argv, ost_value *sum)
{
    static const int64_t least[] = {
        [OST_TYPE_INT8] = SCHAR_MIN,  [OST_TYPE_INT16] = SHRT_MIN, [OST_TYPE_INT32] = INT_MIN,
        [OST_TYPE_INT64] = INT64_MIN, [OST_TYPE_UINT64] = 0,
    };
    static const int64_t most[] = {
        [OST_TYPE_INT8] = SCHAR_MAX,  [OST_TYPE_INT16] = SHRT_MAX,   [OST_TYPE_INT32] = INT_MAX,
        [OST_TYPE_INT64] = INT64_MAX, [OST_TYPE_UINT8] = UCHAR_MAX,  [OST_TYPE_UINT16] = USHRT_MAX,
        [OST_TYPE_UINT32] = UINT_MAX, [OST_TYPE_UINT64] = INT64_MAX,
    };
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    uint16_t kind = ost__kind_of(f);
    if (sqlite3_value_type(argv[0]) != SQLITE_INTEGER ||
        sqlite3_value_type(argv[1]) != SQLITE_INTEGER ||
        (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b))
        return false;
    *sum = (ost_value){ .type = OST_TYPE_INT64, .as = { .integer = a + b } };
    return a + b >= least[kind] && a + b <= most[kind];
}

static bool add_reals(const ost_field *f, sqlite3_value **argv, ost_value *sum)
{
    double x = sqlite3_value_double(argv[0]) + sqlite3_value_double(argv[1]);
    int a = sqlite3_value_type(argv[0]), b = sqlite3_value_type(argv[1]);
    if ((a != SQLITE_FLOAT && a != SQLITE_INTEGER) || (b != SQLITE_FLOAT && b != SQLITE_INTEGER))
        return false;
    if (ost__kind_of(f) == OST_TYPE_FLOAT) {
        if (fabs(x) > (double)FLT_MAX)
            return false;
        x = (double)(float)x;
    }
    *sum = (ost_value){ .type = OST_TYPE_DOUBLE, .as = { .real = x } };
    return isfinite(x);
}

static bool add_decimals(const ost_field *f, sqlite3_value **argv, ost_value *sum)
{
    ost__form form = ost__form_of(f);
    ost_decimal a, b;
    sum->type = OST_TYPE_DECIMAL;
    return ost__load_decimal(argv[0], form, &a) && ost__load_decimal(argv[1], form, &b) &&
           ost__decimal_add(a, b, &sum->as.decimal);
}

/* The field of a number; NULL: there is none. From OST__ITEM_NUMBER on: of the structs in a list.
 */
static const ost_field *field_numbered(const ost_table *t, int64_t number)
{
    const ost_field *list;
    int64_t inner = number % OST__ITEM_NUMBER;
    if (!t || number < 0)
        return NULL;
    if (number < OST__ITEM_NUMBER)
        return number < (int64_t)t->field_count + t->inner_count ? &t->fields[number] : NULL;
    number = number / OST__ITEM_NUMBER - 1;
    list = number < (int64_t)t->field_count + t->inner_count ? &t->fields[number] : NULL;
    if (!list || !list->part || inner >= (int64_t)list->part->field_count + list->part->inner_count)
        return NULL;
    return &list->part->fields[inner];
}

/* ostler_add(cell, parameter, number of the field): NULL stays NULL. */
static void add(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_connection *c = sqlite3_user_data(context);
    const ost_table *t = c->running && c->running->shape ? c->running->shape->table : NULL;
    int64_t number = sqlite3_value_int64(argv[2]);
    const ost_field *f;
    ost_value sum;
    ost__cell cell;
    bool fits;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
        return;
    f = field_numbered(t, number);
    if (!f) {
        ost__sqlite_refuse(context, c, OST_MISUSE, NULL);
        return;
    }
    switch (ost__kind_of(f)) {
    case OST_TYPE_DECIMAL: fits = add_decimals(f, argv, &sum); break;
    case OST_TYPE_FLOAT:
    case OST_TYPE_DOUBLE: fits = add_reals(f, argv, &sum); break;
    case OST_TYPE_BOOL: fits = false; break;
    default:
        fits = ost__kind_of(f) <= OST_TYPE_UINT64 && !f->values && add_integers(f, argv, &sum);
        break;
    }
    if (fits && !keeps_bounds(context, f, &sum))
        return;
    if (!fits || ost__store_value(&sum, f, &cell) != OST_OK)
        ost__sqlite_refuse(context, c, OST_RANGE, f);
    else
        ost__sqlite_result(context, &cell);
}

/* ostler_met(condition): the upsert has met a record, which changes if the condition holds. */
static void met(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_connection *c = sqlite3_user_data(context);
    (void)argc;
    c->met = true;
    sqlite3_result_int(context, sqlite3_value_int(argv[0]));
}

int ost__sqlite_functions(ost_connection *c)
{
    /* Innocuous: may stand in the schema of a database that is not trusted. */
    enum { PURE = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };
    static const struct {
        const char *name;
        int argc, flags;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {
        { "ostler_has_text", 2, PURE, has_text },
        { "ostler_starts_with", 2, PURE, starts_with },
        { "ostler_ends_with", 2, PURE, ends_with },
        { "ostler_decimal", 2, PURE, decimal },
        { "ostler_time", 2, PURE, time_text },
        { "ostler_add", 3, SQLITE_UTF8 | SQLITE_DIRECTONLY, add },
        { "ostler_met", 1, SQLITE_UTF8 | SQLITE_DIRECTONLY, met },
    };
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof functions / sizeof functions[0]; i++)
        rc = sqlite3_create_function_v2(c->db, functions[i].name, functions[i].argc,
                                        functions[i].flags, c, functions[i].call, NULL, NULL, NULL);
    return rc;
}
