/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648, section 4), read. */
#ifndef OSTLER_BASE_BASE64_H
#define OSTLER_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a text of whole groups, with its padding and nothing else in it. `out` has room for
 * size / 4 * 3 bytes and may be where the text is. false: it is none; a group whose unused bits are
 * not zero is none either, so that one text stands for each value.
 */
bool ost__base64_decode(const char *text, size_t size, void *out, size_t *out_size);

#endif
