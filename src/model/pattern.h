/* SPDX-License-Identifier: MIT */
/* Patterns of texts: compiled once at open, matched by all threads. */
#ifndef OSTLER_MODEL_PATTERN_H
#define OSTLER_MODEL_PATTERN_H

#include "base/arena.h"

typedef struct ost__pattern ost__pattern;

enum ost__match {
    OST__MATCH_NO,
    OST__MATCH_YES,
    OST__MATCH_TOO_HARD, /* a limit on steps or memory was met before it was known */
    OST__MATCH_NO_MEMORY
};

/* Why a pattern could not be compiled. */
typedef struct ost__pattern_mistake {
    size_t offset; /* in bytes */
    bool no_memory;
    char sentence[128];
} ost__pattern_mistake;

/*
 * Compiles into `arena` and puts the pattern in front of *list: it lives until
 * ost__patterns_close(), which must come before the arena goes. NULL: `why` says why.
 */
ost__pattern *ost__pattern_compile(ost__arena *arena, const char *text, ost__pattern **list,
                                   ost__pattern_mistake *why);
/* Whether all of a valid UTF-8 text matches. `scratch` is as before afterwards. */
enum ost__match ost__pattern_match(const ost__pattern *p, const char *text, size_t size,
                                   ost__arena *scratch);
/* Gives back what does not lie in the arena, of those in front of `end`. */
void ost__patterns_close(ost__pattern **list, const ost__pattern *end);

#endif
