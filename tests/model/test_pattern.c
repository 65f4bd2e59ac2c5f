/* SPDX-License-Identifier: MIT */
/* Patterns: what matches, what is refused in time, and that threads share them. */
#include "model/pattern.h"
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "../base/tracker.h"
#include "base/text_format.h"

typedef struct work {
    tracker t;
    ost__arena arena, scratch;
    ost__pattern *list;
} work;

static int start(void **state)
{
    static work w;
    tracker_begin(&w.t);
    w.list = NULL;
    ost__arena_init(&w.arena, &w.t.memory, 4096);
    ost__arena_init(&w.scratch, &w.t.memory, 4096);
    *state = &w;
    return 0;
}

static int stop(void **state)
{
    work *w = *state;
    ost__patterns_close(&w->list, NULL);
    assert_null(w->list);
    ost__arena_finish(&w->arena);
    ost__arena_finish(&w->scratch);
    assert_int_equal(w->t.live, 0);
    return 0;
}

static const ost__pattern *compiled(work *w, const char *text)
{
    ost__pattern_mistake why;
    const ost__pattern *p = ost__pattern_compile(&w->arena, text, &w->list, &why);
    if (!p)
        fail_msg("%s: %s at %zu", text, why.sentence, why.offset);
    return p;
}

static enum ost__match match(work *w, const char *pattern, const char *text)
{
    return ost__pattern_match(compiled(w, pattern), text, strlen(text), &w->scratch);
}

static void the_whole_text_matches_or_not(void **state)
{
    work *w = *state;
    assert_int_equal(match(w, "[a-z]+", "abc"), OST__MATCH_YES);
    assert_int_equal(match(w, "[a-z]+", "abc1"), OST__MATCH_NO);
    assert_int_equal(match(w, "[a-z]+", "1abc"), OST__MATCH_NO);
    assert_int_equal(match(w, "a|ab", "ab"), OST__MATCH_YES);
    assert_int_equal(match(w, "^[a-z]+$", "abc\n"), OST__MATCH_NO);
    assert_int_equal(match(w, "(?m)^[a-z]+$", "abc\n<script>"), OST__MATCH_NO);
    assert_int_equal(match(w, "", ""), OST__MATCH_YES);
    assert_int_equal(match(w, "", "a"), OST__MATCH_NO);
}

static void characters_are_code_points(void **state)
{
    work *w = *state;
    assert_int_equal(match(w, "..", "\xc3\xa9\xf0\x9f\x98\x80"), OST__MATCH_YES);
    assert_int_equal(match(w, "\\p{Greek}+", "\xce\xb1\xce\xb2"), OST__MATCH_YES);
    assert_int_equal(match(w, "\\d", "\xd9\xa3"), OST__MATCH_NO);
    assert_int_equal(match(w, "(*UCP)\\d", "\xd9\xa3"), OST__MATCH_YES);
    assert_int_equal(match(w, "(?i)\xc3\x89", "\xc3\xa9"), OST__MATCH_YES);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each takes time exponential in the length of the text. */
static void a_catastrophic_pattern_ends(void **state)
{
    static const char *const patterns[] = { "(a+)+b",   "(a|a)*b",      "(a|aa)+b",
                                            "(?:a*)*b", "([a-z]+)*\\d", "(x+x+)+y|(a+a+)+y" };
    work *w = *state;
    char text[64];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        double begin = seconds();
        enum ost__match found = match(w, patterns[i], text);
        if (found != OST__MATCH_TOO_HARD && found != OST__MATCH_NO)
            fail_msg("%s: %d", patterns[i], (int)found);
        assert_true(seconds() - begin < 20);
    }
    assert_int_equal(match(w, "(a+)+\\d", text), OST__MATCH_TOO_HARD);
}

/* More than machine code can remember, and then more than is allowed to be. */
static void memory_is_bounded_and_given_back(void **state)
{
    enum { MANY = 40000, TOO_MANY = 4000000 };
    work *w = *state;
    char *text = malloc(TOO_MANY);
    assert_non_null(text);
    for (size_t i = 0; i < TOO_MANY; i++)
        text[i] = i % 2 ? 'a' : 'b';
    const ost__pattern *p = compiled(w, "(?:(a)|(b))*");
    assert_int_equal(ost__pattern_match(p, text, MANY, &w->scratch), OST__MATCH_YES);
    size_t live = w->t.live;
    assert_int_equal(ost__pattern_match(p, text, TOO_MANY, &w->scratch), OST__MATCH_TOO_HARD);
    assert_int_equal(w->t.live, live);
    free(text);
}

static void a_mistake_is_explained(void **state)
{
    work *w = *state;
    ost__pattern_mistake why;
    assert_null(ost__pattern_compile(&w->arena, "a[b", &w->list, &why));
    assert_false(why.no_memory);
    assert_int_equal(why.offset, 3);
    assert_string_equal(why.sentence, "missing terminating ] for character class");
    assert_null(ost__pattern_compile(&w->arena, "a\xff", &w->list, &why));
    assert_null(ost__pattern_compile(&w->arena, "\\C", &w->list, &why));
    assert_null(w->list);
}

static void without_memory_nothing_is_left(void **state)
{
    work *w = *state;
    ost__pattern_mistake why;
    for (size_t n = 1;; n++) {
        w->t.fail_at = w->t.calls + n;
        ost__arena fresh;
        ost__arena_init(&fresh, &w->t.memory, 64);
        const ost__pattern *p = ost__pattern_compile(&fresh, "([a-z]+)@(\\d{1,9})", &w->list, &why);
        enum ost__match found =
            p ? ost__pattern_match(p, "ada@12", 6, &fresh) : OST__MATCH_NO_MEMORY;
        if (!p)
            assert_true(why.no_memory);
        ost__patterns_close(&w->list, NULL);
        ost__arena_finish(&fresh);
        if (found == OST__MATCH_YES)
            break;
        assert_int_equal(found, OST__MATCH_NO_MEMORY);
        assert_true(n < 50);
    }
    w->t.fail_at = 0;
}

typedef struct reader {
    pthread_t thread;
    const ost__pattern *pattern;
    bool right;
} reader;

static void *read_often(void *context)
{
    reader *r = context;
    ost__arena scratch;
    ost__arena_init(&scratch, &test_memory, 1024);
    r->right = true;
    for (int i = 0; i < 20000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%s%d", i % 3 ? "user-" : "user_", i);
        enum ost__match found = ost__pattern_match(r->pattern, text, strlen(text), &scratch);
        r->right = r->right && found == (i % 3 ? OST__MATCH_YES : OST__MATCH_NO);
    }
    ost__arena_finish(&scratch);
    return NULL;
}

static void threads_share_a_pattern(void **state)
{
    work *w = *state;
    reader readers[4] = { { .right = false } };
    const ost__pattern *p = compiled(w, "([a-z]+)-([0-9]+)");
    start_memory();
    for (size_t i = 0; i < 4; i++) {
        readers[i].pattern = p;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_often, &readers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(readers[i].thread, NULL);
        assert_true(readers[i].right);
    }
}

/* The grammar of WHATWG as the regular expression that it gives itself, with RFC 5321's lengths. */
static void an_email_is_what_the_specification_says(void **state)
{
    static const char alphabet[] = "aZ0@@...---+_!\" ";
    work *w = *state;
    const ost__pattern *p =
        compiled(w, "(?=.{1,254}$)(?=[^@]{1,64}@)[a-zA-Z0-9.!#$%&'*+\\/=?^_`{|}~-]+@[a-zA-Z0-9]"
                    "(?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9]"
                    "(?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*");
    uint64_t seed = 5;
    uint32_t taken = 0;
    for (int i = 0; i < 200000; i++) {
        char text[80];
        size_t size = (size_t)(tracker_random(&seed) % (i % 50 ? 9 : sizeof(text)));
        uint64_t kinds = i % 50 ? sizeof(alphabet) - 1 : 5;
        for (size_t k = 0; k < size; k++)
            text[k] = alphabet[tracker_random(&seed) % kinds];
        if (i % 50 == 0 && size > 2)
            memset(text + 2, 'x', size - 2), text[1] = '@';
        bool right = ost__pattern_match(p, text, size, &w->scratch) == OST__MATCH_YES;
        if (ost__text_is_email(text, size) != right)
            fail_msg("%.*s is %s", (int)size, text, right ? "right" : "wrong");
        taken += right;
    }
    assert_true(taken > 1000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(the_whole_text_matches_or_not), TEST(characters_are_code_points),
        TEST(a_catastrophic_pattern_ends),   TEST(memory_is_bounded_and_given_back),
        TEST(a_mistake_is_explained),        TEST(without_memory_nothing_is_left),
        TEST(threads_share_a_pattern),       TEST(an_email_is_what_the_specification_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
