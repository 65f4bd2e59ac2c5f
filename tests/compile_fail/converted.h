/* SPDX-License-Identifier: MIT */
/* A member of a type of the program's own, and its conversion. */
#ifndef OSTLER_TESTS_CONVERTED_H
#define OSTLER_TESTS_CONVERTED_H

#include <ostler/ostler.h>

typedef struct rgb {
    uint8_t red, green, blue;
} rgb;
typedef struct hsv {
    uint8_t hue, saturation, value;
} hsv;
typedef uint8_t host[4];
OST_CONVERTS(rgb_number, rgb);
OST_CONVERTS(host_bytes, host);

typedef struct paint {
    int64_t id;
    rgb shade;
    hsv other;
    host from;
    uint32_t number;
} paint;
OST_RECORD(paint, id);

#endif
