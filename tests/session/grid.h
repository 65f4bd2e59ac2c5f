/* SPDX-License-Identifier: MIT */
/*
 * The grid of rules and paths: every rule that a member can state, in every place that a member can
 * have, on every path that writes. A rule is one row of grid_rules[], a path one row of
 * grid_paths[]; the test runs each with each.
 */
#ifndef OSTLER_TESTS_SESSION_GRID_H
#define OSTLER_TESTS_SESSION_GRID_H

#include "rig.h"

/* One member for each rule that holds in every place. */
#define GRID_MEMBERS                                                  \
    const char *required, *needed, *shortest, *longest, *utf8, *kind; \
    const char *email, *url, *word, *slug, *uuid, *pattern;           \
    const char *trimmed, *lowered, *shouted, *veiled;                 \
    int least, most, even;                                            \
    ost_opt_int preset;                                               \
    double real;                                                      \
    ost_time at, born, touched;                                       \
    ost_decimal price;                                                \
    ost_uuid made

/* A document. */
typedef struct spot {
    GRID_MEMBERS;
} spot;
OST_PART(spot);

/* Columns of the record's own. */
typedef struct place {
    GRID_MEMBERS;
    const char *sealed, *secret, *single;
} place;
OST_PART(place);

/* A document that must not change as a whole. */
typedef struct vault {
    const char *sealed, *pattern, *trimmed;
} vault;
OST_PART(vault);

/* An item of a list. */
typedef struct remark {
    GRID_MEMBERS;
    const char *author;
} remark;
OST_PART(remark);

typedef struct thing {
    int64_t id;
    GRID_MEMBERS;
    const char *sealed, *secret, *single;
    int version;
    spot home;
    place flat;
    vault vault;
    OST_LIST(const char *) tags;
    OST_LIST(const char *) marks;
    OST_LIST(int) levels;
    OST_LIST(remark) remarks;
} thing;
OST_RECORD(thing, id);

/* Two records of the grid: one that breaks no rule, made of a number, and what is stored. */
thing grid_good(int n);
/* The second remark of a record, to be changed: the list becomes a copy. */
remark *grid_remark(thing *t);
/* The last one of what is stored. */
const remark *grid_last(const thing *t);

enum grid_place { GRID_RECORD, GRID_HOME, GRID_FLAT, GRID_VAULT, GRID_ITEMS, GRID_SCALARS };

enum grid_kind {
    GRID_BREAKS, /* the value is refused */
    GRID_MAKES,  /* another one is stored */
    GRID_SEALED, /* .immutable */
    GRID_TAKEN,  /* .unique, and another record has the value */
    GRID_HIDDEN, /* .hidden */
    /* What the library sets; the value is none, but for GRID_TOUCHED: one from before. */
    GRID_PRESET,  /* .default_value */
    GRID_MADE,    /* .generated */
    GRID_BORN,    /* .stamp = OST_ON_INSERT */
    GRID_TOUCHED, /* .stamp = OST_ON_UPDATE */
    GRID_VERSION
};

typedef struct grid_rule {
    const char *name;   /* of the row */
    const char *member; /* its path in the record; of an item, in the item */
    const char *list;   /* the list that it is in; NULL: none */
    const char *rule;   /* that it breaks */
    ost_status status;  /* for breaking it */
    enum grid_place place;
    enum grid_kind kind;
    const char *json;      /* the value; NULL: it cannot be said in JSON */
    const char *json_rule; /* where JSON itself refuses it; NULL: the same rule */
    bool number, nullable, hash;
    void (*set)(thing *t);   /* the value, in a record that breaks no rule */
    void (*clear)(thing *t); /* none */
    /* The same as a change of an update query; NULL: there is none. */
    const ost_expr *(*change)(ost_session *s);
    /* An action of an upsert; NULL: there is none. */
    const ost_expr *(*action)(ost_session *s, uint16_t op);
    bool (*same)(const thing *a, const thing *b);
    bool (*made)(const thing *stored); /* what the library made of it */
} grid_rule;
extern const grid_rule grid_rules[];
extern const size_t grid_rule_count;

enum grid_way {
    GRID_INSERTS, /* the record is new */
    GRID_CHANGES, /* it is there, and the program knows it */
    GRID_BLIND,   /* it is there, and nobody knows what is stored */
    GRID_QUERY,   /* an update by query: there is no record */
    GRID_WHOLE,   /* the same, of a document or a list as a whole */
    GRID_PUSH,    /* the same, of an item that is new */
    GRID_UPSERTS, /* it is there, and met by its key */
    GRID_FILLS,   /* the same, and only what is null is set */
    GRID_ADDS,    /* the same, and the number is added */
    GRID_KEEPS,   /* the same, and nothing is set */
    GRID_FINDS    /* it is there, and stays as it is */
};

typedef struct grid_path {
    const char *name;
    enum grid_way way;
    uint16_t operation; /* that a check is told: an enum ost_called */
    bool json;          /* it comes from a text */
    bool hook;          /* it is set by a hook */
    bool upserts;       /* GRID_INSERTS: by an upsert */
    bool action;        /* an action of an upsert says so */
    bool alone;         /* GRID_CHANGES: nothing else is changed */
    bool many;          /* GRID_PUSH: of an array */
    bool scalars;       /* GRID_PUSH: of values alone */
    const char *prefix; /* of the paths of failures; "" */
    /* Writes a value that breaks the rule. `*id`: the record that it was to reach. */
    ost_status (*write)(rig *r, const grid_rule *rule, int n, int64_t *id);
} grid_path;
extern const grid_path grid_paths[];
extern const size_t grid_path_count;

/* What a hook of the model does to the next record; NULL: nothing. */
extern void (*grid_hook)(thing *t);
/* What the last check was told. */
extern uint16_t grid_operation;
extern void *grid_context;

#endif
