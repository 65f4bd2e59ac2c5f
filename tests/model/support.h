/* SPDX-License-Identifier: MIT */
/* What the tests of models share. */
#ifndef TESTS_MODEL_SUPPORT_H
#define TESTS_MODEL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "ostler/ostler.h"

/* A model as a value, so that one test can hold many of the same struct. */
#define MODEL(T, ...)                                                   \
    (&(const ost_model){ .struct_size = sizeof(ost_model),              \
                         .field_size = sizeof(ost_field),               \
                         .relation_size = sizeof(ost_relation),         \
                         .index_size = sizeof(ost_index),               \
                         .index_column_size = sizeof(ost_index_column), \
                         .member_size = sizeof(ost_member),             \
                         .expr_size = sizeof(ost_expr),                 \
                         .abi = OST_ABI,                                \
                         .name = #T,                                    \
                         .size = sizeof(T),                             \
                         __VA_ARGS__ })

static ost_platform test_platform;
static ost__memory test_memory;

static void start_memory(void)
{
    ost__platform_complete(&test_platform, NULL);
    test_memory = (ost__memory){ test_platform.resize, test_platform.context };
}

static inline bool has_failure(const ost_error *e, const char *path, const char *rule)
{
    ost_failure failure;
    for (size_t i = 0; ost_error_failure(e, i, &failure); i++)
        if (strcmp(failure.path, path) == 0 && strcmp(failure.rule, rule) == 0)
            return true;
    return false;
}

static inline void show_failures(const ost_error *e)
{
    ost_failure failure;
    print_message("%s: %s\n", ost_status_name((ost_status)e->status), e->message);
    for (size_t i = 0; ost_error_failure(e, i, &failure); i++)
        print_message("  %s (%s): %s\n", failure.path, failure.rule, failure.message);
}

/* Opens models that are right. */
static inline ost__model_set *open_set(const ost_model *const *models)
{
    ost_error e;
    ost__model_set *set = NULL;
    start_memory();
    if (ost__model_set_open(&test_memory, models, &set, &e) != OST_OK) {
        show_failures(&e);
        fail();
    }
    assert_non_null(set);
    return set;
}

/* Opens models that have exactly one mistake: `path` is "model.field" or "model". */
static inline void expect_mistake(const ost_model *const *models, ost_status status,
                                  const char *path, const char *rule)
{
    ost_error e;
    ost__model_set *set = NULL;
    start_memory();
    ost_status found = ost__model_set_open(&test_memory, models, &set, &e);
    if (found == OST_OK)
        fail_msg("%s (%s) was not found", path, rule);
    if (found != status || e.failure_count != 1 || !has_failure(&e, path, rule)) {
        show_failures(&e);
        fail_msg("expected %s: %s (%s)", ost_status_name(status), path, rule);
    }
    assert_null(set);
    assert_int_equal(e.status, status);
    const char *dot = strchr(path, '.');
    size_t model = dot ? (size_t)(dot - path) : strlen(path);
    assert_int_equal(strlen(e.model), model);
    assert_memory_equal(e.model, path, model);
    assert_string_equal(e.field, dot ? dot + 1 : "");
    assert_non_null(strstr(e.message, path));
    assert_true(e.nothing_sent == 1);
    assert_int_equal(ost__model_set_open(&test_memory, models, &set, NULL), status);
}

#endif
