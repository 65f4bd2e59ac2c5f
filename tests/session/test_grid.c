/* SPDX-License-Identifier: MIT */
/* Every rule on every path that writes; prints the grid. */
#include "grid.h"

#include <stdio.h>

enum { LINE = 400 };

static rig *begin(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&thing_model),
                            .passwords = OST_PASSWORDS(.passes = 1, .memory_kib = 8)));
    thing t = grid_good(0);
    t.single = "taken";
    OK(ost_insert(r->s, thing, &t));
    return r;
}

static thing *whole(ost_session *s, int64_t id)
{
    ost_query *q = ost_from(s, thing);
    ost_where(q, ost_eq(thing, id, id));
    ost_with_hidden(q);
    return ost_one(q, thing);
}

static int64_t count_all(rig *r)
{
    int64_t n = 0;
    OK(ost_count_of(ost_from(r->s, thing), &n));
    return n;
}

static bool has_failure(rig *r, const grid_rule *rule, const grid_path *path)
{
    ost_failure f;
    char wanted[80];
    /* What the database finds it does not say of a record among many. */
    bool told = rule->status == OST_CONFLICT;
    snprintf(wanted, sizeof(wanted), "%s%s", told || !path->prefix ? "" : path->prefix, rule->path);
    for (size_t i = 0; ost_error_failure(ost_session_error(r->s), i, &f); i++)
        if (strcmp(f.path, wanted) == 0 && strcmp(f.rule, rule->rule) == 0)
            return true;
    return false;
}

static void explain(rig *r, const grid_rule *rule, const grid_path *path, ost_status status)
{
    ost_failure f;
    const ost_error *e = ost_session_error(r->s);
    print_message("%s by %s: %s, %s\n", rule->name, path->name, ost_status_name(status),
                  e->message);
    for (size_t i = 0; ost_error_failure(e, i, &f); i++)
        print_message("  %s (%s): %s\n", f.path, f.rule, f.message);
    fail_msg("%s by %s", rule->name, path->name);
}

/* What the grid says of one rule on one path. */
static const char *run(rig *r, const grid_rule *rule, const grid_path *path, int n)
{
    int64_t id = 0;
    if ((path->query && !rule->change) || (path->json && !rule->json))
        return "-";
    int64_t before = count_all(r);
    ost_status status = path->write(r, rule, n, &id);
    bool taken = rule->status == OST_OK || (rule->inserts && path->inserts);
    bool left = (rule->inserts && path->blind) || (rule->left && path->skips);
    if (status != (taken || left ? OST_OK : rule->status) ||
        (status != OST_OK && !has_failure(r, rule, path)))
        explain(r, rule, path, status);
    ost_session *s = rig_session(r, NULL);
    thing *t = id ? whole(s, id) : NULL, expected = grid_good(n);
    if (path->inserts && !taken)
        assert_int_equal(count_all(r), before);
    if (taken && (!t || (rule->seen && !rule->seen(t))))
        explain(r, rule, path, status);
    if (!taken && !path->inserts && t) {
        assert_string_equal(t->sealed, expected.sealed);
        assert_string_equal(t->home.country, expected.home.country);
        assert_string_equal(t->flat.country, expected.flat.country);
        assert_int_equal(t->remarks.count, 2);
    }
    ost_session_close(s);
    OK(ost_session_clear(r->s));
    return taken ? (rule->seen ? "changed" : "taken") : left ? "kept" : "refused";
}

static void every_rule_on_every_path(void **state)
{
    rig *r = begin(state);
    char line[LINE];
    int n = 1, at = snprintf(line, sizeof(line), "%-13s", "");
    for (size_t k = 0; k < grid_path_count; k++)
        at += snprintf(line + at, sizeof(line) - (size_t)at, "%-12s", grid_paths[k].name);
    print_message("%s\n", line);
    for (size_t i = 0; i < grid_rule_count; i++) {
        at = snprintf(line, sizeof(line), "%-13s", grid_rules[i].name);
        for (size_t k = 0; k < grid_path_count; k++, n += 2)
            at += snprintf(line + at, sizeof(line) - (size_t)at, "%-12s",
                           run(r, &grid_rules[i], &grid_paths[k], n));
        print_message("%s\n", line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(every_rule_on_every_path),
    };
    return RIG_RUN(tests);
}
