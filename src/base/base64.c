/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

/* The value of a digit; 64: it is none. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

bool ost__base64_decode(const char *text, size_t size, void *out, size_t *out_size)
{
    uint8_t *p = out;
    size_t padding = 0;
    if (size % 4 != 0)
        return false;
    while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
        padding++;
    for (size_t i = 0; i < size; i += 4) {
        size_t digits = i + 4 == size ? 4 - padding : 4;
        uint32_t bits = 0;
        for (size_t j = 0; j < 4; j++) {
            uint32_t value = j < digits ? value_of(text[i + j]) : 0;
            if (value == 64)
                return false;
            bits = bits << 6 | value;
        }
        if (bits & ((UINT32_C(1) << 8 * (4 - digits)) - 1))
            return false;
        for (size_t j = 0; j + 1 < digits; j++)
            *p++ = (uint8_t)(bits >> (16 - 8 * j));
    }
    *out_size = (size_t)(p - (uint8_t *)out);
    return true;
}
