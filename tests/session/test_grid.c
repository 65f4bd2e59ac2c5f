/* SPDX-License-Identifier: MIT */
/*
 * Every rule, in every place that a member can have, on every path that writes; prints the grid. A
 * cell says what became of a value that meets the rule:
 *
 *   refused   the call failed by the rule, and nothing is stored
 *   misuse    the call failed before it looked at a value: the path has no way to say it
 *   changed   what the rule makes of it is stored
 *   given     it is stored as it was given
 *   kept      what was stored stays
 *   (1)       does not apply; the reason stands below the grid
 */
#include "grid.h"

#include <stdio.h>

enum { LINE = 600, NAME = 17, CELL = 10 };

typedef enum outcome { REFUSED, MISUSED, CHANGED, GIVEN, KEPT, WRONG } outcome;
static const char *const outcomes[] = { "refused", "misuse", "changed", "given", "kept", "WRONG" };

static rig *begin(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&thing_model),
                            .passwords = OST_PASSWORDS(.passes = 1, .memory_kib = 8)));
    ost_session_close(r->s);
    r->s = rig_session(r, OST_SESSION(.context = r));
    thing t = grid_good(0);
    t.single = t.flat.single = "taken";
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

/* ---- what does not apply ---- */

static const char *const reasons[] = {
    "an item of a list of values has no name: its list is changed",
    "there is no document or list around the member",
    "the member is in no list",
    "a set is of values, not of structs",
    "JSON has no text for the value",
    "the member, or the document that it is in, is never null",
    "nothing can be added to the member",
};

/* Which of the reasons; 0: it applies. */
static size_t does_not_apply(const grid_rule *rule, const grid_path *path)
{
    bool column = rule->place == GRID_RECORD || rule->place == GRID_FLAT;
    bool list = rule->place == GRID_ITEMS || rule->place == GRID_SCALARS;
    if (path->way == GRID_QUERY && !rule->change)
        return 1;
    if (path->way == GRID_WHOLE && column)
        return 2;
    if (path->way == GRID_PUSH && !list)
        return 3;
    if (path->scalars && rule->place == GRID_ITEMS)
        return 4;
    if (path->json && !rule->json)
        return 5;
    if (path->way == GRID_FILLS && !(column && rule->nullable))
        return 6;
    if (path->way == GRID_ADDS && !(column && rule->number))
        return 7;
    return 0;
}

/* ---- what is expected ---- */

/* Documents and lists are written as a whole, and filled whenever they are. */
static bool is_inside(const grid_rule *rule)
{
    return rule->place == GRID_HOME || rule->place == GRID_ITEMS;
}

/* What the library sets where the program set nothing; hooks run when that is done. */
static outcome filled(const grid_rule *rule, const grid_path *path)
{
    bool changes = path->way == GRID_CHANGES || path->way == GRID_BLIND;
    if (path->way == GRID_QUERY || ((changes || path->hook) && !is_inside(rule)))
        return GIVEN;
    bool kept = rule->kind == GRID_BORN && path->way == GRID_UPSERTS && !path->action;
    return kept && !is_inside(rule) ? KEPT : CHANGED;
}

/* A stamp of updates, given as one from before. What the library sets is not written for itself. */
static outcome touched(const grid_rule *rule, const grid_path *path)
{
    bool column = rule->place != GRID_HOME;
    if (rule->place == GRID_ITEMS || path->way == GRID_QUERY || path->way == GRID_PUSH ||
        path->action || (path->hook && column))
        return GIVEN;
    if (path->alone && column)
        return KEPT;
    if (path->way == GRID_INSERTS || path->way == GRID_UPSERTS)
        return (path->upserts || path->way == GRID_UPSERTS) && column ? CHANGED : GIVEN;
    return CHANGED;
}

static outcome versioned(const grid_path *path)
{
    if (path->way == GRID_QUERY || path->action)
        return MISUSED;
    if (path->alone)
        return KEPT;
    if (path->way == GRID_CHANGES || path->way == GRID_BLIND)
        return REFUSED;
    return CHANGED;
}

static outcome sealed(const grid_path *path)
{
    if (path->way == GRID_INSERTS)
        return GIVEN;
    return path->way == GRID_BLIND || path->way == GRID_UPSERTS ? KEPT : REFUSED;
}

/* What holds a member that never changes does not change as a whole, unless it is known. */
static bool is_shut(const grid_rule *rule)
{
    return rule->place == GRID_VAULT || rule->kind == GRID_SEALED;
}

static outcome expected(const grid_rule *rule, const grid_path *path)
{
    bool breaks = rule->kind == GRID_BREAKS;
    if (path->way == GRID_FINDS)
        return KEPT;
    if (path->json && rule->json_rule)
        return REFUSED;
    if (path->way == GRID_UPSERTS && path->action && is_shut(rule))
        return MISUSED;
    if (path->way == GRID_ADDS && (rule->kind == GRID_VERSION || strstr(rule->member, "even")))
        return MISUSED;
    if (path->way == GRID_WHOLE && rule->place == GRID_VAULT)
        return REFUSED;
    if ((path->way == GRID_KEEPS || path->hook) && rule->kind == GRID_VERSION)
        return MISUSED;
    if (path->way == GRID_KEEPS)
        return breaks ? REFUSED : KEPT;
    if (path->way == GRID_BLIND && rule->place == GRID_VAULT)
        return KEPT;
    if (path->way == GRID_UPSERTS && rule->place == GRID_VAULT && !breaks)
        return KEPT;
    switch (rule->kind) {
    case GRID_MAKES: return CHANGED;
    case GRID_HIDDEN: return GIVEN;
    case GRID_SEALED: return sealed(path);
    case GRID_PRESET:
    case GRID_MADE:
    case GRID_BORN: return filled(rule, path);
    case GRID_TOUCHED: return touched(rule, path);
    case GRID_VERSION: return versioned(path);
    default: return REFUSED;
    }
}

/* ---- what is told ---- */

static void path_of(const grid_rule *rule, const grid_path *path, char *out, size_t size)
{
    /* What the database finds it does not say of a record among many. */
    bool told = rule->status == OST_CONFLICT;
    const char *prefix = told || !path->prefix ? "" : path->prefix;
    const char *index = path->way == GRID_QUERY                ? "[]"
                        : path->way != GRID_PUSH || path->many ? "[1]"
                        : rule->place == GRID_SCALARS          ? "[]"
                                                               : "[0]";
    if (rule->list)
        snprintf(out, size, "%s%s%s%s%s", prefix, rule->list, index, *rule->member ? "." : "",
                 rule->member);
    else
        snprintf(out, size, "%s%s", prefix, rule->member);
}

/* Each member's rules have messages of its own. */
static bool is_message(const char *message, const char *rule)
{
    static const char *const ranges[] = { "utf8", "nan", "scale" };
    if (strncmp(message, "own ", 4) != 0)
        return false;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (strcmp(rule, ranges[i]) == 0)
            return strcmp(message + 4, "range") == 0;
    return strcmp(message + 4, rule) == 0;
}

static bool has_failure(rig *r, const grid_rule *rule, const grid_path *path)
{
    ost_failure f;
    char wanted[80];
    bool foreign = path->json && rule->json_rule;
    bool shut = path->way == GRID_WHOLE && rule->place == GRID_VAULT;
    const char *name = foreign ? rule->json_rule : shut ? "immutable" : rule->rule;
    path_of(rule, path, wanted, sizeof(wanted));
    if (shut)
        snprintf(wanted, sizeof(wanted), "vault.sealed");
    for (size_t i = 0; ost_error_failure(ost_session_error(r->s), i, &f); i++)
        if (strcmp(f.path, wanted) == 0 && strcmp(f.rule, name) == 0)
            return foreign || is_message(f.message, name);
    return false;
}

static bool is_refused(rig *r, const grid_rule *rule, const grid_path *path, ost_status status)
{
    bool at_once = path->json && (rule->json_rule || status != rule->status);
    bool shut = path->way == GRID_WHOLE && rule->place == GRID_VAULT;
    if (status != (at_once || shut ? OST_INVALID : rule->status))
        return false;
    return rule->kind == GRID_VERSION && !at_once ? true : has_failure(r, rule, path);
}

static void explain(rig *r, const grid_rule *rule, const grid_path *path, outcome wanted,
                    ost_status status)
{
    ost_failure f;
    const ost_error *e = ost_session_error(r->s);
    print_message("%s by %s, which was to be %s: %s, %s\n", rule->name, path->name,
                  outcomes[wanted], ost_status_name(status), e->message);
    for (size_t i = 0; ost_error_failure(e, i, &f); i++)
        print_message("  %s (%s): %s\n", f.path, f.rule, f.message);
}

/* ---- one cell ---- */

static bool is_hash_of(rig *r, const char *hash, const char *password)
{
    return ost_password_verify(r->db, hash, password, NULL) == OST_OK;
}

static bool is_stored(rig *r, const grid_rule *rule, outcome wanted, int n, const thing *t)
{
    thing value = grid_good(n);
    value.version = 1;
    if (rule->hash) {
        if (wanted == CHANGED)
            rule->set(&value);
        return is_hash_of(r, t->secret, value.secret) &&
               is_hash_of(r, t->flat.secret, value.flat.secret);
    }
    if (wanted == CHANGED)
        return rule->made(t);
    if (wanted == GIVEN)
        rule->set(&value);
    return rule->same(t, &value);
}

/* What every change of a record that was there does, and what none does by accident. */
static bool is_counted(const grid_rule *rule, const thing *t)
{
    const int64_t lately = INT64_C(1500000000000000);
    bool touched = t->touched.microseconds > lately && t->flat.touched.microseconds > lately;
    bool veiled = strcmp(t->veiled, "under") == 0 && strcmp(t->flat.veiled, "under") == 0;
    return t->version == 2 && (touched || rule->kind == GRID_TOUCHED) &&
           (veiled || rule->kind == GRID_HIDDEN);
}

/* Of a record that was there nothing changed, in any member. */
static bool is_untouched(ost_session *s, const thing *t, int n)
{
    thing good = grid_good(n);
    good.id = t->id;
    good.version = 1;
    const char *a = ost_to_json(s, thing, t), *b = ost_to_json(s, thing, &good);
    return a && b && strcmp(a, b) == 0 && strcmp(t->veiled, good.veiled) == 0;
}

/* What a check is told. */
static bool is_told(const rig *r, const grid_rule *rule, const grid_path *path, outcome wanted)
{
    if (wanted != REFUSED || !path->operation || !rule->rule || strcmp(rule->rule, "check") != 0)
        return true;
    return grid_operation == path->operation && grid_context == r;
}

/* What is stored after the call; of two records it is the second. */
static bool is_left(rig *r, const grid_rule *rule, const grid_path *path, outcome wanted, int n,
                    int64_t id)
{
    ost_session *s = rig_session(r, NULL);
    const thing *t = whole(s, id);
    int number = path->prefix ? n + 1 : n;
    bool left = t != NULL;
    if (left && wanted != REFUSED && wanted != MISUSED)
        left = is_stored(r, rule, wanted, number, t) &&
               (wanted == KEPT || path->way == GRID_INSERTS || is_counted(rule, t));
    else if (left && path->way != GRID_FILLS)
        left = is_untouched(s, t, number);
    ost_session_close(s);
    return left;
}

static outcome run(rig *r, const grid_rule *rule, const grid_path *path, int n)
{
    outcome wanted = expected(rule, path);
    bool nothing = (wanted == REFUSED || wanted == MISUSED) && path->way == GRID_INSERTS;
    int64_t before = count_all(r), id = 0;
    grid_operation = 0;
    ost_status status = path->write(r, rule, n, &id);
    bool right = wanted == REFUSED   ? is_refused(r, rule, path, status)
                 : wanted == MISUSED ? status == OST_MISUSE
                                     : status == OST_OK;
    right = right && is_told(r, rule, path, wanted) &&
            (nothing ? count_all(r) == before : is_left(r, rule, path, wanted, n, id));
    if (!right)
        explain(r, rule, path, wanted, status);
    OK(ost_session_clear(r->s));
    return right ? wanted : WRONG;
}

static size_t print_row(rig *r, const grid_rule *rule, int n)
{
    char line[LINE], name[40];
    size_t wrong = 0, at;
    snprintf(name, sizeof(name), "%s%s", rule->place == GRID_ITEMS ? "items[]." : "", rule->name);
    at = (size_t)snprintf(line, sizeof(line), "%-*s", NAME, name);
    for (size_t k = 0; k < grid_path_count; k++, n += 2) {
        size_t why = does_not_apply(rule, &grid_paths[k]);
        outcome found = why ? KEPT : run(r, rule, &grid_paths[k], n);
        char cell[24];
        snprintf(cell, sizeof(cell), "(%zu)", why);
        at += (size_t)snprintf(line + at, sizeof(line) - at, "%-*s", CELL,
                               why ? cell : outcomes[found]);
        wrong += found == WRONG;
    }
    print_message("%s\n", line);
    return wrong;
}

static void every_rule_on_every_path(void **state)
{
    rig *r = begin(state);
    char line[LINE];
    size_t wrong = 0, at = (size_t)snprintf(line, sizeof(line), "%-*s", NAME, "");
    for (size_t k = 0; k < grid_path_count; k++)
        at += (size_t)snprintf(line + at, sizeof(line) - at, "%-*s", CELL, grid_paths[k].name);
    print_message("%s\n", line);
    for (size_t i = 0; i < grid_rule_count; i++)
        wrong += print_row(r, &grid_rules[i], 1 + (int)(2 * i * grid_path_count));
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        print_message("(%zu) %s\n", i + 1, reasons[i]);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(every_rule_on_every_path),
    };
    return RIG_RUN(tests);
}
