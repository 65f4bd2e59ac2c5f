/* SPDX-License-Identifier: MIT */
/* Checks and transforms of the program's own: what they are told, and what becomes of what they
 * return. That they run on every path is the grid's. */
#include "rig.h"

#include <stdio.h>

typedef struct shelf {
    int64_t id;
    const char *name;
    int size, used;
    ost_opt_int mark;
    char code[8];
} shelf;
OST_RECORD(shelf, id);

/* What the functions saw, and what they are to do. */
static struct {
    int checks, transforms;
    uint16_t operation;
    char path[32];
    bool had_record, had_loaded, changed;
    ost_status answer;
    bool query, clear, write;
    ost_status inner;
} seen;

static ost_status look(ost_call *call, const void *value, const void *record)
{
    const int *size = value;
    const shelf *s = record;
    ost_session *session = ost_call_session(call);
    int64_t n = 0;
    seen.checks++;
    seen.operation = ost_call_operation(call);
    snprintf(seen.path, sizeof(seen.path), "%s", ost_call_path(call));
    seen.had_record = s != NULL;
    seen.had_loaded = ost_loaded(call, shelf) != NULL;
    seen.changed = ost_changed(call, shelf, size);
    if (seen.query)
        seen.inner = ost_count_of(ost_from(session, shelf), &n);
    if (seen.clear)
        seen.inner = ost_session_clear(session);
    if (s && s->used > *size)
        return ost_call_fail(call, "used", "is more than %d", *size);
    return seen.answer;
}

static ost_status tidy(ost_call *call, void *value, const void *record)
{
    const char **text = value;
    (void)record;
    seen.transforms++;
    if (strcmp(*text, "refuse") == 0)
        return ost_call_fail(call, NULL, "is not wanted");
    char longer[64];
    snprintf(longer, sizeof(longer), "%s!", *text);
    const char *copy = ost_call_text(call, longer, strlen(longer));
    if (seen.query) {
        ost_query *q = ost_from(ost_call_session(call), shelf);
        int64_t n;
        ost_where(q, ost_eq(shelf, name, "some constant that needs room in the memory of a call"));
        seen.inner = ost_count_of(q, &n);
    }
    if (copy)
        *text = copy;
    return OST_OK;
}

static ost_status next_number(ost_call *call, void *value, const void *record)
{
    ost_opt_int *mark = value;
    (void)call, (void)record;
    mark->value++;
    return OST_OK;
}

static ost_status capital(ost_call *call, void *value, const void *record)
{
    char *code = value;
    (void)call, (void)record;
    if (code[0] >= 'a' && code[0] <= 'z')
        code[0] = (char)(code[0] - 'a' + 'A');
    return OST_OK;
}

OST_MODEL(shelf, .table = "shelves",
          OST_FIELDS(OST_FIELD(shelf, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(shelf, name, .transform = tidy, .max_length = 20),
                     OST_FIELD(shelf, size, .check = look, .max = OST_INT(100),
                               .messages = OST_MESSAGES(.check = "does not suit us")),
                     OST_FIELD(shelf, used), OST_FIELD(shelf, mark, .transform = next_number),
                     OST_FIELD(shelf, code, .transform = capital)));

static rig *begin(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&shelf_model)));
    memset(&seen, 0, sizeof(seen));
    return r;
}

static shelf *stored(rig *r)
{
    shelf s = { .name = "a", .size = 10, .code = "abc" };
    OK(ost_insert(r->s, shelf, &s));
    shelf *found = ost_get(r->s, shelf, s.id);
    assert_non_null(found);
    memset(&seen, 0, sizeof(seen));
    return found;
}

static void a_check_is_told_what_runs(void **state)
{
    rig *r = begin(state);
    shelf own = { .size = 10 };
    OK(ost_insert(r->s, shelf, &own));
    assert_int_equal(seen.operation, OST_CALL_INSERT);
    assert_string_equal(seen.path, "size");
    assert_true(seen.had_record && !seen.had_loaded && seen.changed);
    shelf *s = ost_get(r->s, shelf, own.id);
    seen.checks = 0;
    s->used = 1;
    OK(ost_save(r->s, shelf, s));
    assert_int_equal(seen.checks, 0);
    s->size = 11;
    OK(ost_save(r->s, shelf, s));
    assert_int_equal(seen.checks, 1);
    assert_int_equal(seen.operation, OST_CALL_SAVE);
    assert_true(seen.had_record && seen.had_loaded && seen.changed);
    ost_query *q = ost_from(r->s, shelf);
    ost_everything(q);
    OK(ost_update(q, NULL, ost_set(shelf, size, 12)));
    assert_int_equal(seen.operation, OST_CALL_UPDATE);
    assert_true(!seen.had_record && !seen.had_loaded && seen.changed);
}

static void what_breaks_another_rule_is_not_checked(void **state)
{
    rig *r = begin(state);
    shelf own = { .size = 101 };
    FAILS(OST_INVALID, "shelf.size: must be at most 100", ost_insert(r->s, shelf, &own));
    assert_int_equal(seen.checks, 0);
    assert_int_equal(seen.transforms, 0);
}

static void it_refuses_with_its_own_words_or_the_fields(void **state)
{
    rig *r = begin(state);
    ost_failure f;
    shelf *s = stored(r);
    s->used = 50;
    s->size = 20;
    FAILS(OST_INVALID, "shelf.used: is more than 20", ost_save(r->s, shelf, s));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.path, "used");
    assert_string_equal(f.rule, "check");
    s->used = 0;
    seen.answer = OST_INVALID;
    FAILS(OST_INVALID, "shelf.size: does not suit us", ost_save(r->s, shelf, s));
    assert_true(ost_error_failure(ost_session_error(r->s), 0, &f));
    assert_string_equal(f.rule, "check");
    /* Failures of all kinds are told together. */
    s->name = "much too long for a shelf";
    FAILS(OST_INVALID, "(and 1 more)", ost_save(r->s, shelf, s));
    assert_int_equal(ost_session_error(r->s)->failure_count, 2);
    seen.answer = OST_STALE;
    s->name = "a!";
    FAILS(OST_STALE, "the check of shelf.size returned OST_STALE", ost_save(r->s, shelf, s));
    seen.answer = OST_OK;
    OK(ost_save(r->s, shelf, s));
}

static void a_query_inside_is_of_the_session(void **state)
{
    rig *r = begin(state);
    shelf *s = stored(r);
    seen.query = true;
    s->name = "new";
    s->size = 20;
    OK(ost_save(r->s, shelf, s));
    assert_int_equal(seen.inner, OST_OK);
    assert_string_equal(s->name, "new!");
    seen.query = false;
    seen.clear = true;
    s->size = 30;
    OK(ost_save(r->s, shelf, s));
    assert_int_equal(seen.inner, OST_MISUSE);
    seen.query = true;
    seen.clear = false;
    ost_query *q = ost_from(r->s, shelf);
    ost_where(q, ost_eq(shelf, id, s->id));
    OK(ost_update_one(q, ost_set(shelf, name, "other"), ost_set(shelf, size, 40),
                      ost_set(shelf, used, 3)));
    OK(ost_reload(r->s, shelf, s));
    assert_string_equal(s->name, "other!");
    assert_int_equal(s->size, 40);
    assert_int_equal(s->used, 3);
}

static void a_transform_changes_what_is_stored(void **state)
{
    rig *r = begin(state);
    shelf own = { .name = "a", .size = 1, .mark = OST_SOME(5), .code = "abc" };
    OK(ost_insert(r->s, shelf, &own));
    /* Texts of the program's own stay as they were. */
    assert_string_equal(own.name, "a");
    assert_int_equal(own.mark.value, 6);
    assert_string_equal(own.code, "Abc");
    shelf *s = ost_get(r->s, shelf, own.id);
    assert_string_equal(s->name, "a!");
    assert_int_equal(s->mark.value, 6);
    assert_string_equal(s->code, "Abc");
    seen.transforms = 0;
    s->name = "b";
    OK(ost_save(r->s, shelf, s));
    assert_string_equal(s->name, "b!");
    assert_int_equal(seen.transforms, 1);
    OK(ost_save(r->s, shelf, s));
    assert_int_equal(seen.transforms, 1);
    s->name = "refuse";
    FAILS(OST_INVALID, "shelf.name: is not wanted", ost_save(r->s, shelf, s));
    ost_query *q = ost_from(r->s, shelf);
    ost_everything(q);
    OK(ost_update(q, NULL, ost_set(shelf, code, "xyz"), ost_set(shelf, mark, 9)));
    OK(ost_reload(r->s, shelf, s));
    assert_string_equal(s->code, "Xyz");
    assert_int_equal(s->mark.value, 10);
    OK(ost_update(q, NULL, ost_set_null(shelf, mark), ost_set_null(shelf, name)));
    assert_int_equal(seen.transforms, 2);
}

static void a_sum_cannot_be_checked(void **state)
{
    rig *r = begin(state);
    stored(r);
    ost_query *q = ost_from(r->s, shelf);
    ost_everything(q);
    FAILS(OST_MISUSE, "shelf.size: has a .check or .transform, which cannot look at a sum",
          ost_update(q, NULL, ost_inc(shelf, size, 1)));
    OK(ost_update(q, NULL, ost_inc(shelf, used, 1)));
    /* Nor one that an upsert makes. */
    shelf given = { .id = 7, .name = "a", .size = 1, .used = 1 };
    const ost_upsert_options *used = OST_UPSERT(OST_ACTIONS(ost_upsert_add(shelf, used)));
    OK(ost_upsert(r->s, shelf, &given, used, NULL));
    memset(&seen, 0, sizeof(seen));
    rig_forget(r);
    FAILS(OST_MISUSE, "shelf.size: has a .check or .transform, which cannot look at a sum",
          ost_upsert(r->s, shelf, &given, OST_UPSERT(OST_ACTIONS(ost_upsert_add(shelf, size))),
                     NULL));
    assert_string_equal(ost_session_error(r->s)->field, "size");
    FAILS(OST_MISUSE, "shelf.mark: has a .check or .transform",
          ost_upsert_many(r->s, shelf, &given, 1,
                          OST_UPSERT(OST_ACTIONS(ost_upsert_add(shelf, mark))), NULL));
    assert_int_equal(seen.checks + seen.transforms, 0);
    assert_int_equal(rig_sent(r), 0);
    OK(ost_upsert(r->s, shelf, &given, used, NULL));
    assert_int_equal(given.used, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(a_check_is_told_what_runs),
        RIG_ALL(what_breaks_another_rule_is_not_checked),
        RIG_ALL(it_refuses_with_its_own_words_or_the_fields),
        RIG_ALL(a_query_inside_is_of_the_session),
        RIG_ALL(a_transform_changes_what_is_stored),
        RIG_ALL(a_sum_cannot_be_checked),
    };
    return RIG_RUN(tests);
}
