/* SPDX-License-Identifier: MIT */
#include "mongo/group.h"
#include "mongo/writing.h"

/* Fields that stages add for themselves. */
#define ROW_NUMBER "ostler_row"
#define ORDER "ostler_order"

typedef struct stages {
    ost__mongo_writer *w;
    bson_t *out;
    uint32_t at;
} stages;

static void stage_of_count(stages *p, const char *word, uint32_t parameter)
{
    bson_t stage;
    ost__mongo_open_item(p->w, p->out, &p->at, &stage);
    ost__mongo_count_in(p->w, &stage, word, parameter);
    ost__mongo_close_document(p->w, p->out, &stage);
}

static void match(stages *p, const ost_node *where)
{
    bson_t stage, filter;
    if (!where || ost__mongo_truth_of(where, false) == OST__MONGO_ALWAYS)
        return;
    ost__mongo_open_item(p->w, p->out, &p->at, &stage);
    ost__mongo_open_document(p->w, &stage, "$match", &filter);
    (void)ost__mongo_filter(p->w, where, &filter);
    ost__mongo_close_document(p->w, &stage, &filter);
    ost__mongo_close_document(p->w, p->out, &stage);
}

static void match_nothing(stages *p)
{
    static const ost_node never = { .op = OST_OP_OR };
    match(p, &never);
}

/* ---- orders ---- */

static bool is_computed(const ost__mongo_writer *w, const ost_order *o)
{
    return o->node->op != OST_OP_VALUE && !ost__mongo_path(w, o->node);
}

static void order_name(uint32_t i, char out[24])
{
    (void)ost__print(out, 24, ORDER "%u", (unsigned)i);
}

/* Orders by what is no field get fields of their own. */
static void compute_orders(stages *p)
{
    const ost_shape *s = p->w->plan->shape;
    char name[24];
    bson_t stage, fields;
    if (!ost__mongo_orders_are_computed(p->w))
        return;
    ost__mongo_open_item(p->w, p->out, &p->at, &stage);
    ost__mongo_open_document(p->w, &stage, "$set", &fields);
    for (uint32_t i = 0; i < s->order_count; i++) {
        if (!is_computed(p->w, &s->orders[i]))
            continue;
        order_name(i, name);
        (void)ost__mongo_expression(p->w, s->orders[i].node, name, &fields);
    }
    ost__mongo_close_document(p->w, &stage, &fields);
    ost__mongo_close_document(p->w, p->out, &stage);
}

void ost__mongo_sort_in(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    char name[24];
    for (uint32_t i = 0; i < s->order_count; i++) {
        const ost_order *o = &s->orders[i];
        const char *path = ost__mongo_order_path(w, o->node);
        bson_iter_t there;
        if (o->node->op == OST_OP_VALUE && !path)
            continue; /* all rows have the same */
        if (!path) {
            order_name(i, name);
            path = name;
        }
        if (!bson_iter_init_find(&there, out, path))
            ost__mongo_int_in(w, out, path, o->descending ? -1 : 1);
    }
}

static void sort(stages *p)
{
    bson_t keys = BSON_INITIALIZER, stage;
    compute_orders(p);
    ost__mongo_sort_in(p->w, &keys);
    if (!bson_empty(&keys)) {
        ost__mongo_open_item(p->w, p->out, &p->at, &stage);
        ost__mongo_appended(p->w, bson_append_document(&stage, "$sort", -1, &keys));
        ost__mongo_close_document(p->w, p->out, &stage);
    }
    bson_destroy(&keys);
}

bool ost__mongo_orders_are_computed(const ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    for (uint32_t i = 0; i < s->order_count; i++)
        if (is_computed(w, &s->orders[i]))
            return true;
    return false;
}

uint32_t ost__mongo_sorted_in(ost__mongo_writer *w, bson_t *out)
{
    stages p = { .w = w, .out = out };
    match(&p, w->plan->shape->where);
    sort(&p);
    return p.at;
}

/* ---- a limit for each value of a member ---- */

/* How many rows there are up to each one: $documentNumber would take one key of an order only. */
static void number_rows(stages *p)
{
    ost__mongo_writer *w = p->w;
    bson_t stage, body, sort_by, output, row, window, bounds;
    bson_iter_t any;
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_open_document(w, &stage, "$setWindowFields", &body);
    ost__mongo_key_in(w, &body, "partitionBy", w->plan->shape->partition);
    bson_init(&sort_by);
    ost__mongo_sort_in(w, &sort_by);
    if (!bson_iter_init(&any, &sort_by) || !bson_iter_next(&any))
        ost__mongo_int_in(w, &sort_by, "_id", 1);
    ost__mongo_appended(w, bson_append_document(&body, "sortBy", -1, &sort_by));
    bson_destroy(&sort_by);
    ost__mongo_open_document(w, &body, "output", &output);
    ost__mongo_open_document(w, &output, ROW_NUMBER, &row);
    ost__mongo_int_in(w, &row, "$sum", 1);
    ost__mongo_open_document(w, &row, "window", &window);
    ost__mongo_open_array(w, &window, "documents", &bounds);
    ost__mongo_text_in(w, &bounds, "0", "unbounded");
    ost__mongo_text_in(w, &bounds, "1", "current");
    ost__mongo_close_array(w, &window, &bounds);
    ost__mongo_close_document(w, &row, &window);
    ost__mongo_close_document(w, &output, &row);
    ost__mongo_close_document(w, &body, &output);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, p->out, &stage);
}

static void partition(stages *p)
{
    ost__mongo_writer *w = p->w;
    bson_t stage, body, test;
    compute_orders(p);
    number_rows(p);
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_open_document(w, &stage, "$match", &body);
    ost__mongo_open_document(w, &body, ROW_NUMBER, &test);
    ost__mongo_count_in(w, &test, "$lte", w->plan->shape->partition_parameter);
    ost__mongo_close_document(w, &body, &test);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, p->out, &stage);
}

/* ---- distinct rows ---- */

static void distinct(stages *p)
{
    ost__mongo_writer *w = p->w;
    const ost_shape *s = w->plan->shape;
    bson_t stage, body, key;
    char name[16];
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_open_document(w, &stage, "$group", &body);
    ost__mongo_open_document(w, &body, "_id", &key);
    for (uint32_t i = 0; i < s->column_count; i++) {
        (void)ost__print(name, sizeof name, "c%u", (unsigned)i);
        if (ost__mongo_is_quotient(s->columns[i]))
            ost__mongo_path_in(w, &key, name, ost__mongo_order_path(w, s->columns[i]));
        else
            ost__mongo_key_in(w, &key, name, s->columns[i]);
    }
    ost__mongo_close_document(w, &body, &key);
    for (uint32_t i = 0; i < s->column_count; i++)
        if (ost__mongo_is_quotient(s->columns[i]))
            ost__mongo_dividend_in(w, i, "$first", &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, p->out, &stage);
    w->after_group = w->after_distinct = true;
}

/* ---- limits ---- */

static bool is_limited(const ost_shape *s)
{
    return s->limit_parameter != OST_NO_PARAMETER;
}

/* The server knows no limit of 0. */
static bool has_zero_limit(const ost__mongo_writer *w)
{
    const ost_shape *s = w->plan->shape;
    return w->op && is_limited(s) && ost__mongo_count_of(w, s->limit_parameter) <= 0;
}

static void limits(stages *p)
{
    const ost_shape *s = p->w->plan->shape;
    if (s->offset_parameter != OST_NO_PARAMETER)
        stage_of_count(p, "$skip", s->offset_parameter);
    if (has_zero_limit(p->w))
        match_nothing(p);
    else if (is_limited(s))
        stage_of_count(p, "$limit", s->limit_parameter);
}

/* ---- what comes out ---- */

static void columns(stages *p)
{
    ost__mongo_writer *w = p->w;
    const ost_shape *s = w->plan->shape;
    bson_t stage, body;
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_open_document(w, &stage, "$project", &body);
    ost__mongo_int_in(w, &body, "_id", 0);
    for (uint32_t i = 0; i < s->column_count; i++)
        ost__mongo_column_in(w, i, &body);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, p->out, &stage);
}

static void none(ost__mongo_writer *w, bson_t *out)
{
    ost__mongo_int_in(w, out, "c0", 0);
}

static void not_one(ost__mongo_writer *w, bson_t *out)
{
    ost__mongo_bool_in(w, out, "c0", false);
}

static void count(stages *p)
{
    bson_t stage;
    ost__mongo_open_item(p->w, p->out, &p->at, &stage);
    ost__mongo_text_in(p->w, &stage, "$count", "c0");
    ost__mongo_close_document(p->w, p->out, &stage);
    ost__mongo_default_in(p->w, p->out, &p->at, none);
}

static void exists(stages *p)
{
    ost__mongo_writer *w = p->w;
    bson_t stage, body, literal;
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_int_in(w, &stage, "$limit", 1);
    ost__mongo_close_document(w, p->out, &stage);
    ost__mongo_open_item(w, p->out, &p->at, &stage);
    ost__mongo_open_document(w, &stage, "$project", &body);
    ost__mongo_int_in(w, &body, "_id", 0);
    ost__mongo_open_document(w, &body, "c0", &literal);
    ost__mongo_bool_in(w, &literal, "$literal", true);
    ost__mongo_close_document(w, &body, &literal);
    ost__mongo_close_document(w, &stage, &body);
    ost__mongo_close_document(w, p->out, &stage);
    ost__mongo_default_in(w, p->out, &p->at, not_one);
}

ost_status ost__mongo_pipeline(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    stages p = { .w = w, .out = out };
    bool rows = s->wrap == OST_WRAP_NONE;
    if (rows && has_zero_limit(w)) {
        match_nothing(&p);
        return w->status;
    }
    match(&p, s->where);
    if (w->plan->layout->grouped)
        ost__mongo_group_in(w, out, &p.at);
    if (s->partition)
        partition(&p);
    if (s->distinct)
        distinct(&p);
    if (rows)
        sort(&p);
    limits(&p);
    switch (s->wrap) {
    case OST_WRAP_COUNT: count(&p); break;
    case OST_WRAP_EXISTS: exists(&p); break;
    default: columns(&p); break;
    }
    return w->status;
}
