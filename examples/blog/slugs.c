/* SPDX-License-Identifier: MIT */
#include "slugs.h"

#include <stdbool.h>
#include <stdio.h>

enum { MAX_WORDS = 60 }; /* bytes of a slug before its number */

/* The letter as it stands in a slug, or NUL. Not isalnum(), for that depends on a locale. */
static char plain(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return (char)(letter - 'A' + 'a');
    bool stays = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
    return stays ? letter : '\0';
}

void slug_write(const char *title, int number, char out[SLUG_SIZE])
{
    size_t used = 0;
    bool gap = false;
    for (const char *at = title; *at && used < MAX_WORDS; at++) {
        char letter = plain(*at);
        if (letter && gap && used > 0)
            out[used++] = '-';
        if (letter)
            out[used++] = letter;
        gap = !letter;
    }
    out[used] = '\0';
    if (used > 0 && number > 1)
        snprintf(out + used, SLUG_SIZE - used, "-%d", number);
}
