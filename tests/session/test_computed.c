/* SPDX-License-Identifier: MIT */
/* Members of the JSON that a function gives. */
#include "rig.h"

#include <stdio.h>

typedef struct chapter {
    const char *title;
    int words;
} chapter;
typedef struct essay {
    int64_t id;
    const char *title;
    int words;
    OST_LIST(chapter) chapters;
    chapter preface;
} essay;
OST_PART(chapter);
OST_RECORD(essay, id);

static int asked;

static ost_status minutes(ost_call *call, const void *record, ost_value *out)
{
    const essay *e = record;
    assert_int_equal(ost_call_operation(call), OST_CALL_JSON);
    assert_string_equal(ost_call_path(call), "minutes");
    assert_ptr_equal(ost_call_model(call), &essay_model);
    asked++;
    *out = ost_value_int((e->words + 199) / 200);
    return OST_OK;
}

static ost_status link_of(ost_call *call, const void *record, ost_value *out)
{
    const essay *e = record;
    char text[64];
    const rig *r = ost_call_context(call);
    snprintf(text, sizeof text, "%s/essays/%lld", r->mode ? "https" : "", (long long)e->id);
    *out = ost_value_text(ost_text(ost_call_session(call), text));
    return OST_OK;
}

/* How many there are: a question to the database. */
static ost_status siblings(ost_call *call, const void *record, ost_value *out)
{
    int64_t count;
    (void)record;
    OST_TRY(ost_count_of(ost_from(ost_call_session(call), essay), &count));
    *out = ost_value_int(count);
    return OST_OK;
}

static ost_status badge(ost_call *call, const void *record, ost_value *out)
{
    const essay *e = record;
    if (e->words < 0)
        return ost_call_fail(call, NULL, "there is none for %d words", e->words);
    if (e->words == 13)
        return OST_CANCELLED;
    if (e->words == 14)
        *out = ost_value_text("\xff");
    else if (e->words > 1000)
        *out = ost_value_text("long");
    return OST_OK;
}

static ost_status summary(ost_call *call, const void *record, ost_value *out)
{
    const chapter *c = record;
    assert_ptr_equal(ost_call_model(call), &chapter_model);
    assert_non_null(strstr(ost_call_path(call), ".summary"));
    *out = ost_value_bool(c->words > 10);
    return OST_OK;
}

OST_MODEL(chapter, OST_FIELDS(OST_FIELD(chapter, title), OST_FIELD(chapter, words)),
          OST_COMPUTED(OST_COMPUTE("summary", summary)));
OST_MODEL(essay, .table = "essays",
          OST_FIELDS(OST_FIELD(essay, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(essay, title), OST_FIELD(essay, words),
                     OST_EMBEDS(essay, chapters, chapter), OST_EMBED(essay, preface, chapter)),
          OST_COMPUTED(OST_COMPUTE("minutes", minutes), OST_COMPUTE("link", link_of),
                       OST_COMPUTE("siblings", siblings), OST_COMPUTE("badge", badge)));

static int setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&essay_model) });
    *state = &the;
    asked = 0;
    return 0;
}

static void they_follow_the_members(void **state)
{
    rig *r = *state;
    const chapter chapters[] = { { "one", 5 }, { "two", 50 } };
    essay e = { .title = "On JSON", .words = 401 };
    e.chapters.items = chapters, e.chapters.count = 2;
    OK(ost_insert(r->s, essay, &e));
    assert_int_equal(asked, 0);
    assert_string_equal(ost_to_json(r->s, essay, &e),
                        "{\"id\":1,\"title\":\"On JSON\",\"words\":401,\"chapters\":["
                        "{\"title\":\"one\",\"words\":5,\"summary\":false},"
                        "{\"title\":\"two\",\"words\":50,\"summary\":true}],"
                        "\"preface\":{\"words\":0,\"summary\":false},"
                        "\"minutes\":3,\"link\":\"https/essays/1\",\"siblings\":1}");
    assert_int_equal(asked, 1);
    e.words = 2000;
    HAS(ost_to_json(r->s, essay, &e), "\"minutes\":10,");
    HAS(ost_to_json(r->s, essay, &e), "\"siblings\":1,\"badge\":\"long\"}");
}

static void they_are_never_read(void **state)
{
    rig *r = *state;
    essay e = { .id = 1 };
    FAILS(OST_INVALID, "essay.minutes: is not a member that can be set",
          ost_from_json(r->s, essay, "{\"minutes\":5}", 13, NULL, &e));
    FAILS(OST_MISUSE, "essay has no member minutes",
          ost_from_json(r->s, essay, "{}", 2,
                        ((const ost_member[]){ { .path = "minutes" }, { 0 } }), &e));
}

static void a_function_may_say_no(void **state)
{
    rig *r = *state;
    essay e = { .id = 1, .words = -1 };
    NULLS(OST_INVALID, "essay.badge: there is none for -1 words", ost_to_json(r->s, essay, &e));
    const ost_error *error = ost_session_error(r->s);
    ost_failure f;
    assert_true(ost_error_failure(error, 0, &f));
    assert_string_equal(f.path, "badge");
    assert_string_equal(f.rule, "computed");
    e.words = 13;
    NULLS(OST_CANCELLED, "the computed member of essay.badge returned OST_CANCELLED",
          ost_list_to_json(r->s, essay, &e, 1));
    e.words = 14;
    NULLS(OST_RANGE, "essay.badge is not valid utf-8", ost_to_json(r->s, essay, &e));
    e.words = 15;
    assert_non_null(ost_to_json(r->s, essay, &e));
}

static ost_status count_bytes(void *context, const char *text, size_t size)
{
    (void)text;
    *(size_t *)context += size;
    return OST_OK;
}

static void they_are_in_lists_and_streams(void **state)
{
    rig *r = *state;
    enum { MANY = 400 };
    static essay essays[MANY];
    size_t size = 0;
    memset(essays, 0, sizeof essays);
    OK(ost_insert_many(r->s, essay, essays, MANY));
    const char *whole = ost_list_to_json(r->s, essay, essays, MANY);
    assert_non_null(whole);
    assert_int_equal(asked, MANY);
    OK(ost_list_write_json(r->s, essay, essays, MANY, count_bytes, &size));
    assert_int_equal(size, strlen(whole));
    assert_int_equal(asked, 2 * MANY);
}

#define COMPUTED_ON(f, mode)                                        \
    {                                                               \
#f " (" #mode ")", f, setup, rig_teardown, &rig_modes[mode] \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMPUTED_ON(they_follow_the_members, RIG_MEMORY),
        COMPUTED_ON(they_follow_the_members, RIG_PIPELINE),
        COMPUTED_ON(they_are_never_read, RIG_MEMORY),
        COMPUTED_ON(a_function_may_say_no, RIG_MEMORY),
        COMPUTED_ON(they_are_in_lists_and_streams, RIG_MEMORY),
    };
    return RIG_RUN(tests);
}
