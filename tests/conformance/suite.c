/* SPDX-License-Identifier: MIT */
/*
 * Runs the cases one by one and holds each outcome against its row in quirks.c. Every sentence of
 * SEMANTICS.md that can be asked today has a case, or many.
 *
 * Left for later, because what they are about is not built yet:
 *   Absence     NULL and missing members inside JSON
 *   Text        like, ilike, lower and upper
 *   Numbers     division and other arithmetic in expressions; integers that overflow in them
 *   Uniqueness  among the living (soft delete)
 *   Updates     `changed`, which no call reports yet
 *   Time        parts of dates and their zones
 *   JSON        everything, embedded structs, lists and points
 */
#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"

enum { GROUPS_MAX = 40, DETAIL_SIZE = 1024 };

static group groups[GROUPS_MAX];
static size_t group_count;

/* What came of the case that runs. */
static outcome result;
static char detail[DETAIL_SIZE];

static void gather_groups(void)
{
    static const group *const written[] = {
        &across_group,  &logic_group,      &text_group,      &letters_group,      &lists_group,
        &numbers_group, &aggregates_group, &order_group,     &queries_group,      &records_group,
        &tracked_group, &updates_group,    &documents_group, &constraints_group,  &living_group,
        &scopes_group,  &hooks_group,      &versions_group,  &transactions_group, &isolation_group,
        &locks_group,   &tables_group,     &upserts_group,   &converted_group,    &caseless_group,
    };
    group_count = 0;
    for (size_t i = 0; i < kind_capability_count; i++)
        groups[group_count++] = kind_group(i);
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++)
        groups[group_count++] = *written[i];
}

/* ---- outcomes ---- */

void emulated(void)
{
    result = EMULATED;
}

bool refused(ost_status status, ost_status refusal)
{
    if (status == OST_OK)
        return false;
    if (status != refusal)
        fail_msg("%s instead of OST_OK or %s: %s", ost_status_name(status),
                 ost_status_name(refusal), ost_session_error(s)->message);
    result = REFUSED;
    return true;
}

void found(const char *format, ...)
{
    size_t used = strlen(detail);
    va_list list;
    va_start(list, format);
    (void)vsnprintf(detail + used, sizeof detail - used, format, list);
    va_end(list);
}

static const char *outcome_name(outcome o)
{
    static const char *const names[] = { "yes", "emulated", "refused" };
    return names[o];
}

static bool is_about(const quirk *q, const char *name)
{
    size_t size = strlen(q->name);
    if (size > 2 && strcmp(q->name + size - 2, ".*") == 0)
        return strncmp(q->name, name, size - 1) == 0;
    return strcmp(q->name, name) == 0;
}

static const quirk *quirk_of(const char *name)
{
    for (size_t i = 0; i < quirk_count; i++)
        if (on_backend(quirks[i].backend) && is_about(&quirks[i], name))
            return &quirks[i];
    return NULL;
}

static void write_result(const char *name)
{
    const char *path = getenv("OST_CONFORMANCE_RESULTS");
    FILE *out = path && *path ? fopen(path, "a") : NULL;
    if (!path || !*path)
        return;
    if (!out)
        fail_msg("cannot write to %s", path);
    fprintf(out, "%s\t%s\t%s\n", by_name(), name, outcome_name(result));
    if (fclose(out) != 0)
        fail_msg("cannot write to %s", path);
}

static void judge(const char *name)
{
    const quirk *q = quirk_of(name);
    outcome expected = q ? q->outcome : YES;
    if (result != expected)
        fail_msg("%s is %s, but quirks.c says %s", name, outcome_name(result),
                 outcome_name(expected));
    if (strcmp(detail, q && q->detail ? q->detail : "") != 0)
        fail_msg("%s found \"%s\", but quirks.c says \"%s\"", name, detail,
                 q && q->detail ? q->detail : "");
    write_result(name);
}

/* ---- one case ---- */

static void run_case(void **state)
{
    current = *state;
    result = YES;
    detail[0] = '\0';
    current->run();
    judge(current->name);
}

static int begin_case(void **state)
{
    const test_case *c = *state;
    return database_begin(c->where == ALONE) ? 0 : 1;
}

static int end_case(void **state)
{
    (void)state;
    database_end();
    return 0;
}

/* Every row of the table must be about a case that exists. */
static void every_quirk_is_about_a_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < quirk_count; i++) {
        bool used = false;
        for (size_t g = 0; g < group_count; g++)
            for (size_t c = 0; c < groups[g].count; c++)
                used |= is_about(&quirks[i], groups[g].cases[c].name);
        if (!used)
            fail_msg("quirks.c has a row about %s, and there is no such case", quirks[i].name);
    }
}

static void every_case_has_its_own_name(void **state)
{
    (void)state;
    for (size_t g = 0; g < group_count; g++)
        for (size_t c = 0; c < groups[g].count; c++)
            for (size_t h = 0; h <= g; h++)
                for (size_t d = 0; d < (h == g ? c : groups[h].count); d++)
                    assert_string_not_equal(groups[g].cases[c].name, groups[h].cases[d].name);
}

/* Title, name and sentence of every case, and every quirk, for the page. */
static int list_cases(void)
{
    for (size_t g = 0; g < group_count; g++)
        for (size_t c = 0; c < groups[g].count; c++)
            printf("case\t%s\t%s\t%s\n", groups[g].title, groups[g].cases[c].name,
                   groups[g].cases[c].sentence);
    for (size_t i = 0; i < quirk_count; i++)
        printf("quirk\t%s\t%s\t%s\t%s\t%s\n", quirks[i].backend, quirks[i].name,
               outcome_name(quirks[i].outcome), quirks[i].detail ? quirks[i].detail : "",
               quirks[i].reason);
    return 0;
}

static int run_by(const way *by, const struct CMUnitTest *tests, size_t count)
{
    int failed = 1;
    if (database_open(by)) {
        failed = _cmocka_run_group_tests(by->name, tests, count, NULL, NULL);
        database_close();
    }
    return failed;
}

int conformance_run(const way *by)
{
    struct CMUnitTest *tests;
    size_t count = 2, most = 2;
    const char *only = getenv("OST_CONFORMANCE_CASE");
    int failed;
    gather_groups();
    if (getenv("OST_CONFORMANCE_LIST"))
        return list_cases();
    for (size_t g = 0; g < group_count; g++)
        most += groups[g].count;
    tests = calloc(most, sizeof *tests);
    if (!tests)
        return 1;
    tests[0] = (struct CMUnitTest)cmocka_unit_test(every_quirk_is_about_a_case);
    tests[1] = (struct CMUnitTest)cmocka_unit_test(every_case_has_its_own_name);
    for (size_t g = 0; g < group_count; g++)
        for (size_t c = 0; c < groups[g].count; c++) {
            const test_case *one_case = &groups[g].cases[c];
            if (!only || strstr(one_case->name, only))
                tests[count++] = (struct CMUnitTest){ one_case->name, run_case, begin_case,
                                                      end_case, (void *)(uintptr_t)one_case };
        }
    failed = run_by(by, tests, count);
    free(tests);
    return failed;
}
