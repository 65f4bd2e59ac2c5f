/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static size_t print_list(char *out, size_t size, const char *format, va_list list)
{
    if (size == 0)
        return 0;
    /* Only integers and texts are ever printed here: neither depends on the locale. */
    int needed = vsnprintf(out, size, format, list);
    if (needed < 0) {
        out[0] = '\0';
        return 0;
    }
    if ((size_t)needed < size)
        return (size_t)needed;
    size_t length = ost__utf8_cut(out, size - 1);
    out[length] = '\0';
    return length;
}

size_t ost__print(char *out, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = print_list(out, size, format, list);
    va_end(list);
    return length;
}

void ost__copy_text(char *out, size_t size, const char *text)
{
    if (size == 0)
        return;
    size_t length = strnlen(text, size);
    if (length == size)
        length = ost__utf8_cut(text, size - 1);
    memmove(out, text, length);
    out[length] = '\0';
}

/* A message is one line, also where it quotes a database or a file name. */
static void one_line(char *text)
{
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
}

ost_status ost__error_set_list(ost_error *e, ost_status status, const char *format, va_list list)
{
    if (e == NULL)
        return status;
    /* The arguments may point into the very error that is about to be replaced. */
    char message[sizeof e->message];
    print_list(message, sizeof message, format, list);
    one_line(message);
    memset(e, 0, sizeof *e);
    e->status = (uint16_t)status;
    memcpy(e->message, message, sizeof message);
    return status;
}

ost_status ost__error_set(ost_error *e, ost_status status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    ost__error_set_list(e, status, format, list);
    va_end(list);
    return status;
}

void ost__error_about(ost_error *e, const char *model, const char *field)
{
    if (e == NULL)
        return;
    if (model != NULL)
        ost__copy_text(e->model, sizeof e->model, model);
    if (field != NULL)
        ost__copy_text(e->field, sizeof e->field, field);
}

void ost__error_constraint(ost_error *e, const char *name)
{
    if (e != NULL && name != NULL)
        ost__copy_text(e->constraint, sizeof e->constraint, name);
}

void ost__error_add_failure(ost_error *e, const char *path, const char *rule, const char *message)
{
    if (e == NULL)
        return;
    const char *parts[] = { path ? path : "", rule ? rule : "", message ? message : "" };
    size_t space = sizeof e->detail - e->detail_used, needed = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t length = strnlen(parts[i], space);
        needed += length + 1;
    }
    if (needed > space) {
        if (e->failures_dropped < UINT16_MAX)
            e->failures_dropped++;
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        size_t size = strlen(parts[i]) + 1;
        memcpy(e->detail + e->detail_used, parts[i], size);
        e->detail_used = (uint16_t)(e->detail_used + size);
    }
    e->failure_count++;
}
