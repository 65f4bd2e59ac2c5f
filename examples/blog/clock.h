/* SPDX-License-Identifier: MIT */
/*
 * The story's clock. It moves when the story says so, and every run prints the same times. A blog
 * that is no story leaves `.platform` out of its options and gets the machine's clock.
 */
#ifndef BLOG_CLOCK_H
#define BLOG_CLOCK_H

#include <ostler/ostler.h>

/* What ost_open() takes as `.platform`: the library's own, but for the time of day. */
extern const ost_platform clock_platform;

void clock_advance(int minutes);

#endif
