/* SPDX-License-Identifier: MIT */
/*
 * The grid of rules and paths: every rule that a member can state, on every path that writes. A
 * rule is one row of grid_rules[], a path one row of grid_paths[]; the test runs each with each.
 */
#ifndef OSTLER_TESTS_SESSION_GRID_H
#define OSTLER_TESTS_SESSION_GRID_H

#include "rig.h"

typedef struct spot {
    const char *city, *zip, *country;
    int floor, lift;
} spot;
OST_PART(spot);

typedef struct remark {
    const char *author, *text;
    int stars;
} remark;
OST_PART(remark);

/* One member for each rule. */
typedef struct thing {
    int64_t id;
    const char *required, *needed, *shortest, *longest, *utf8, *kind;
    const char *email, *url, *word, *slug, *uuid, *pattern;
    const char *trimmed, *lowered, *shouted, *sealed, *secret, *single;
    int least, most, even;
    double real;
    ost_time at;
    ost_decimal price;
    spot home, flat;
    OST_LIST(const char *) tags;
    OST_LIST(remark) remarks;
} thing;
OST_RECORD(thing, id);

typedef struct grid_rule {
    const char *name; /* of the row */
    /* What is expected of a value that breaks the rule. */
    const char *path, *rule;
    ost_status status;     /* OST_OK: the value is taken, but as `seen` says */
    bool inserts;          /* it may be inserted: the rule is about changes */
    bool left;             /* a replace of the programs own leaves the document as it is stored */
    const char *json;      /* the same; NULL: it cannot be said in JSON */
    void (*set)(thing *t); /* the value, in a record that breaks no rule */
    /* The same as a change of an update query; NULL: there is none. */
    const ost_expr *(*change)(ost_session *s);
    bool (*seen)(const thing *stored);
} grid_rule;
extern const grid_rule grid_rules[];
extern const size_t grid_rule_count;

/* A record that breaks no rule; `n` makes it another than those before. */
thing grid_good(int n);

typedef struct grid_path {
    const char *name;
    bool inserts;       /* the record is new */
    bool query;         /* there is no record */
    bool json;          /* it comes from a text */
    const char *prefix; /* of the paths of failures; "" */
    /* Writes a value that breaks the rule. `*id`: the record that it was to reach. */
    ost_status (*write)(rig *r, const grid_rule *rule, int n, int64_t *id);
    bool blind; /* nobody knows what was stored: what is immutable stays */
    bool skips; /* documents with immutable members stay as a whole */
} grid_path;
extern const grid_path grid_paths[];
extern const size_t grid_path_count;

/* What a hook of the model does to the next record; NULL: nothing. */
extern void (*grid_hook)(thing *t);

#endif
