/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include <string.h>

enum { FIRST_CAPACITY = 64 };

void ost__buffer_init(ost__buffer *b, const ost__memory *memory)
{
    *b = (ost__buffer){ .memory = memory };
}

void ost__buffer_finish(ost__buffer *b)
{
    ost__free(b->memory, b->data, b->capacity);
    *b = (ost__buffer){ .memory = b->memory };
}

OST__HOT void ost__buffer_reset(ost__buffer *b)
{
    b->size = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

/* Makes room for `size` more bytes and the NUL. */
static bool make_room(ost__buffer *b, size_t size)
{
    size_t needed;
    if (b->failed)
        return false;
    if (!ost__size_add(b->size, size, &needed) || needed == SIZE_MAX) {
        b->failed = true;
        return false;
    }
    if (++needed <= b->capacity)
        return true;
    size_t capacity = b->capacity > SIZE_MAX / 2 ? SIZE_MAX : b->capacity * 2;
    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    char *data = ost__realloc(b->memory, b->data, b->capacity, capacity);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

void ost__buffer_bytes(ost__buffer *b, const void *data, size_t size)
{
    if (!make_room(b, size))
        return;
    if (size > 0)
        memcpy(b->data + b->size, data, size);
    b->size += size;
    b->data[b->size] = '\0';
}

void ost__buffer_text(ost__buffer *b, const char *text)
{
    ost__buffer_bytes(b, text, strlen(text));
}

void ost__buffer_char(ost__buffer *b, char c)
{
    if (!make_room(b, 1))
        return;
    b->data[b->size++] = c;
    b->data[b->size] = '\0';
}

void ost__buffer_int(ost__buffer *b, int64_t n)
{
    char text[32];
    ost__buffer_bytes(b, text, ost__print_int(n, text));
}

void ost__buffer_uint(ost__buffer *b, uint64_t n)
{
    char text[32];
    ost__buffer_bytes(b, text, ost__print_uint(n, text));
}

void ost__buffer_double(ost__buffer *b, double x)
{
    char text[32];
    ost__buffer_bytes(b, text, ost__print_double(x, text));
}

size_t ost__print_uint(uint64_t n, char *out)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    size_t length = sizeof digits - at;
    memcpy(out, digits + at, length);
    out[length] = '\0';
    return length;
}

size_t ost__print_int(int64_t n, char *out)
{
    if (n >= 0)
        return ost__print_uint((uint64_t)n, out);
    out[0] = '-';
    return 1 + ost__print_uint(0 - (uint64_t)n, out + 1);
}
