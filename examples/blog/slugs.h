/* SPDX-License-Identifier: MIT */
/* Slugs: what stands for a title in an address. */
#ifndef BLOG_SLUGS_H
#define BLOG_SLUGS_H

#include <stddef.h>

/* Room for a slug and its NUL. */
#define SLUG_SIZE 81

/*
 * Letters and digits of ASCII, with hyphens between words: "On Engines, again" is
 * "on-engines-again". A `number` above 1 is put behind: "on-engines-again-2". Empty if the title
 * has no letter and no digit.
 */
void slug_write(const char *title, int number, char out[SLUG_SIZE]);

#endif
