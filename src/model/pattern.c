/* SPDX-License-Identifier: MIT */
#include "model/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string.h>

/*
 * What a match may take before it is given up: some ten milliseconds, and memory for texts of a
 * hundred thousand characters under patterns that remember each of them.
 */
enum { MATCH_STEPS = 1000000, MATCH_DEPTH = 250000, MATCH_KIB = 32768 };

struct ost__pattern {
    ost__pattern *next;
    pcre2_code *code;
    pcre2_match_context *limits;
};

static void *take(size_t size, void *arena)
{
    return ost__arena_alloc(arena, size, alignof(max_align_t));
}

/* The arena goes as a whole. */
static void give(void *p, void *arena)
{
    (void)p;
    (void)arena;
}

static void explain(int number, size_t offset, ost__pattern_mistake *why)
{
    PCRE2_UCHAR text[sizeof(why->sentence)];
    why->offset = offset;
    why->no_memory = number == PCRE2_ERROR_HEAP_FAILED || number == PCRE2_ERROR_NOMEMORY;
    if (pcre2_get_error_message(number, text, sizeof(text)) == PCRE2_ERROR_BADDATA)
        memcpy(text, "it is not understood", sizeof("it is not understood"));
    memcpy(why->sentence, text, sizeof(text));
}

ost__pattern *ost__pattern_compile(ost__arena *arena, const char *text, ost__pattern **list,
                                   ost__pattern_mistake *why)
{
    const uint32_t options = PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY |
                             PCRE2_NEVER_BACKSLASH_C;
    int number = PCRE2_ERROR_NOMEMORY;
    size_t offset = 0;
    ost__pattern *p = ost__arena_alloc_zeroed(arena, sizeof(*p), alignof(ost__pattern));
    pcre2_general_context *general = pcre2_general_context_create(take, give, arena);
    pcre2_compile_context *context = general ? pcre2_compile_context_create(general) : NULL;
    memset(why, 0, sizeof(*why));
    if (p && context) {
        p->limits = pcre2_match_context_create(general);
        p->code = pcre2_compile((PCRE2_SPTR)text, strlen(text), options, &number, &offset, context);
    }
    if (!p || !context || !p->limits || !p->code) {
        explain(p && context && !p->code ? number : PCRE2_ERROR_NOMEMORY, offset, why);
        return NULL;
    }
    pcre2_set_match_limit(p->limits, MATCH_STEPS);
    pcre2_set_depth_limit(p->limits, MATCH_DEPTH);
    pcre2_set_heap_limit(p->limits, MATCH_KIB);
    /* Machine code where the machine allows it; else the pattern is interpreted. */
    pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE);
    p->next = *list;
    *list = p;
    return p;
}

void ost__patterns_close(ost__pattern **list, const ost__pattern *end)
{
    for (; *list && *list != end; *list = (*list)->next)
        pcre2_code_free((*list)->code);
}

static enum ost__match outcome(int found)
{
    if (found >= 0)
        return OST__MATCH_YES;
    switch (found) {
    case PCRE2_ERROR_NOMATCH: return OST__MATCH_NO;
    case PCRE2_ERROR_NOMEMORY: return OST__MATCH_NO_MEMORY;
    default: return OST__MATCH_TOO_HARD;
    }
}

enum ost__match ost__pattern_match(const ost__pattern *p, const char *text, size_t size,
                                   ost__arena *scratch)
{
    int found = PCRE2_ERROR_NOMEMORY;
    ost__arena_mark mark = ost__arena_mark_now(scratch);
    pcre2_general_context *general = pcre2_general_context_create(take, give, scratch);
    pcre2_match_data *data = general ? pcre2_match_data_create(1, general) : NULL;
    if (data) {
        found =
            pcre2_match(p->code, (PCRE2_SPTR)text, size, 0, PCRE2_NO_UTF_CHECK, data, p->limits);
        /* Machine code has little room to remember in; the interpreter has MATCH_KIB. */
        if (found == PCRE2_ERROR_JIT_STACKLIMIT)
            found = pcre2_match(p->code, (PCRE2_SPTR)text, size, 0,
                                PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, p->limits);
    }
    ost__arena_release(scratch, mark);
    return outcome(found);
}
