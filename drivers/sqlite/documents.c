/* SPDX-License-Identifier: MIT */
/* Members inside documents whose form in JSON is not that of a column. */
#include "sqlite/connection.h"

#include <string.h>

#include "base/buffer.h"
#include "base/decimal.h"

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ostler_bytes(hexadecimal digits, perhaps with hyphens). NULL for what is none. */
static void bytes(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_connection *c = sqlite3_user_data(context);
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    size_t size = (size_t)sqlite3_value_bytes(argv[0]), digits = 0;
    ost__buffer out;
    bool ok = true;
    (void)argc;
    if (!text || sqlite3_value_type(argv[0]) != SQLITE_TEXT)
        return;
    ost__buffer_init(&out, &c->backend->memory);
    for (size_t i = 0, high = 0; ok && i < size; i++) {
        int digit = nibble(text[i]);
        if (text[i] == '-')
            continue;
        ok = digit >= 0;
        if (digits++ % 2 == 0)
            high = (size_t)digit;
        else
            ost__buffer_char(&out, (char)(high * 16 + (size_t)digit));
    }
    if (out.failed)
        sqlite3_result_error_nomem(context);
    else if (ok && digits % 2 == 0)
        sqlite3_result_blob64(context, out.data ? out.data : "", out.size, SQLITE_TRANSIENT);
    ost__buffer_finish(&out);
}

/* ostler_number(digits, form): the decimal as a column of that form has it. NULL for what is none.
 */
static void number(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    ost_decimal d;
    ost__cell cell;
    (void)argc;
    if (!text || !ost__decimal_parse_n(text, (size_t)sqlite3_value_bytes(argv[0]), &d))
        return;
    if (ost__store_decimal(d, ost__form_decode(sqlite3_value_int(argv[1])), &cell) == OST_OK)
        ost__sqlite_result(context, &cell);
}

/* ostler_digits(cell, form): the number as JSON has it, or NULL. */
static void digits(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    ost_decimal d;
    char text[64];
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL ||
        !ost__load_decimal(argv[0], ost__form_decode(sqlite3_value_int(argv[1])), &d))
        return;
    sqlite3_result_text(context, text, (int)ost_decimal_print(d, text), SQLITE_TRANSIENT);
}

/* ostler_json(a list that has a value twice): the value as JSON, or NULL for null. Of one alone
 * json_extract() gives what SQL has for it, in which "1", 1 and true are alike. */
static void value_twice(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    size_t size = (size_t)sqlite3_value_bytes(argv[0]);
    (void)argc;
    if (!text || size < 5)
        return;
    size = (size - 3) / 2;
    if (size != 4 || memcmp(text + 1, "null", 4) != 0)
        sqlite3_result_text64(context, text + 1, size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int ost__sqlite_documents(ost_connection *c)
{
    enum { PURE = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS };
    int rc = sqlite3_create_function_v2(c->db, "ostler_bytes", 1, PURE, c, bytes, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(c->db, "ostler_number", 2, PURE, c, number, NULL, NULL,
                                        NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(c->db, "ostler_json", 1, PURE, c, value_twice, NULL, NULL,
                                        NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_function_v2(c->db, "ostler_digits", 2, PURE, c, digits, NULL, NULL,
                                        NULL);
    return rc;
}
