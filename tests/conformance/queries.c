/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

size_t record_size(const ev_schema *schema)
{
    return schema->model->size;
}

static void add_condition(world *w, asked *a)
{
    condition c = random_condition(w, &w->schemas[a->query.table], 4);
    a->where[a->query.where_count] = c.library;
    a->query.where[a->query.where_count++] = c.evaluator;
}

bool deletes_softly(const world *w, size_t table)
{
    return w->schemas[table].deleted != SIZE_MAX;
}

void ask_records(world *w, asked *a, size_t table)
{
    size_t conditions = rng_below(&w->rng, 3);
    memset(a, 0, sizeof *a);
    a->query.table = table;
    if (deletes_softly(w, table) && rng_chance(&w->rng, 40))
        a->query.among = EV_WITH_DELETED;
    a->query.result = &w->schemas[table];
    for (size_t i = 0; i < conditions; i++)
        add_condition(w, a);
}

/* ---- orders ---- */

static void add_order(asked *a, const ost_expr *order, bool by_name)
{
    a->by_name[a->query.order_count] = by_name;
    a->query.orders[a->query.order_count++] = order;
}

static uint16_t random_direction(world *w)
{
    return rng_chance(&w->rng, 50) ? OST_OP_ASC : OST_OP_DESC;
}

/* By one of the members of the table, among those that are selected if only different rows count.
 */
static void order_by_member(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    size_t field = random_plain_field(w, schema);
    uint16_t direction = random_direction(w);
    size_t list = random_document_field(w, schema);
    if (list != SIZE_MAX && schema->fields[list].type == OST_TYPE_LIST && rng_chance(&w->rng, 10))
        add_order(a, make_expr(w, direction, make_unary(w, OST_OP_SIZE, schema, list), NULL),
                  false);
    else if (rng_chance(&w->rng, 20))
        add_order(a, make_expr(w, direction, make_member(w, schema, field), NULL), false);
    else
        add_order(a, make_unary(w, direction, schema, field), rng_chance(&w->rng, 30));
}

/* By something that is selected: the expression, or the member of the result that it fills. */
static void order_by_selected(world *w, asked *a)
{
    const ost_expr *as = a->query.selects[rng_below(&w->rng, a->query.select_count)];
    uint16_t direction = random_direction(w);
    size_t field = ev_find_field(a->query.result, as->member.path);
    if (field == SIZE_MAX || ev_is_document(&a->query.result->fields[field])) {
        order_by_member(w, a); /* documents have no order */
        return;
    }
    /* A sum that is no member of the result must fit into 64 bits. */
    if (as->args[0]->op != OST_OP_SUM && rng_chance(&w->rng, 50))
        add_order(a, make_expr(w, direction, as->args[0], NULL), false);
    else
        add_order(a, make_unary(w, direction, a->query.result, field), false);
}

static void order_by_group(world *w, asked *a)
{
    const ost_expr *group = a->query.groups[rng_below(&w->rng, a->query.group_count)];
    add_order(a, make_expr(w, random_direction(w), group, NULL), false);
}

/* One row of aggregates over everything. */
static bool is_total(const ev_query *q)
{
    return q->group_count == 0 && q->select_count > 0 && ev_is_aggregate(q->selects[0]->args[0]);
}

void add_random_orders(world *w, asked *a)
{
    bool of_records = a->query.result == &w->schemas[a->query.table];
    size_t count = rng_below(&w->rng, 4);
    for (size_t i = 0; i < count; i++) {
        if (a->query.distinct || is_total(&a->query) ||
            (a->query.group_count > 0 && rng_chance(&w->rng, 50)))
            order_by_selected(w, a);
        else if (a->query.group_count > 0)
            order_by_group(w, a);
        else if (of_records || a->query.select_count == 0 || rng_chance(&w->rng, 50))
            order_by_member(w, a);
        else
            order_by_selected(w, a);
    }
    a->own_orders = a->query.order_count;
}

static bool same_subject(const ev_query *q, const ost_expr *order, const ost_expr *e)
{
    const ost_expr *subject = order->args ? order->args[0] : NULL;
    const char *path = order->member.path;
    for (size_t i = 0; !subject && order->model == q->result->model && i < q->select_count; i++)
        if (strcmp(q->selects[i]->member.path, path) == 0)
            subject = q->selects[i]->args[0];
    if (subject && subject->op != OST_OP_MEMBER)
        return subject == e;
    if (e->op != OST_OP_MEMBER)
        return false;
    return strcmp(subject ? subject->member.path : path, e->member.path) == 0;
}

static void complete_with(world *w, asked *a, uint16_t direction, const ost_expr *e)
{
    for (size_t i = 0; i < a->query.order_count; i++)
        if (same_subject(&a->query, a->query.orders[i], e))
            return;
    if (a->query.order_count < EV_KEYS_MAX)
        add_order(a, make_expr(w, direction, e, NULL), false);
}

void complete_order(world *w, asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    ev_query *q = &a->query;
    uint16_t direction = q->order_count > 0 ? q->orders[q->order_count - 1]->op : OST_OP_ASC;
    a->ordered = true;
    if (q->distinct)
        for (size_t i = 0; i < q->select_count; i++)
            complete_with(w, a, direction, q->selects[i]->args[0]);
    else if (q->group_count > 0)
        for (size_t i = 0; i < q->group_count; i++)
            complete_with(w, a, direction, q->groups[i]);
    else if (!is_total(q))
        for (size_t i = 0; i < schema->field_count; i++)
            if (schema->fields[i].key)
                complete_with(w, a, direction, make_member(w, schema, i));
}

/* ---- any query ---- */

void add_random_limits(world *w, asked *a)
{
    if (rng_chance(&w->rng, 30)) {
        a->query.has_limit = true;
        a->query.limit = rng_below(&w->rng, 8);
    }
    if (rng_chance(&w->rng, 20)) {
        a->query.has_offset = true;
        a->query.offset = rng_below(&w->rng, 6);
    }
}

void random_query(world *w, asked *a, size_t table)
{
    ask_records(w, a, table);
    if (rng_chance(&w->rng, 50))
        random_shape(w, a);
    else if (rng_chance(&w->rng, 20))
        random_part(w, a);
    if (a->query.select_count == 0 || !a->may_range)
        add_random_limits(w, a);
    if (a->query.result == &w->schemas[table] && rng_chance(&w->rng, 12)) {
        const ev_schema *schema = &w->schemas[table];
        a->query.per = make_member(w, schema, random_plain_field(w, schema));
        a->query.limit_per = rng_below(&w->rng, 4);
    }
    add_random_orders(w, a);
    if (a->query.order_count > 0 || a->query.has_limit || a->query.has_offset || a->query.per)
        complete_order(w, a);
    if (w->depth == 0 && rng_chance(&w->rng, 2)) {
        a->mistaken = true;
        a->mistake = random_mistake(w, table);
    }
}

ost_query *build_query(world *w, const asked *a)
{
    const ev_schema *schema = &w->schemas[a->query.table];
    ost_query *q = ost_session_from(w->session, schema->model, record_size(schema));
    if (a->query.among == EV_WITH_DELETED)
        ost_with_deleted(q);
    for (size_t i = 0; i < a->query.where_count; i++)
        ost_where(q, a->where[i]);
    if (a->mistaken)
        ost_where(q, a->mistake);
    for (size_t i = 0; i < a->query.group_count; i++)
        ost_group_by(q, a->query.groups[i]);
    for (size_t i = 0; i < a->query.having_count; i++)
        ost_having(q, a->having[i]);
    if (a->query.select_count > 0)
        ost_query_select(q, make_list(w, a->query.selects, a->query.select_count));
    for (size_t i = 0; i < a->own_orders; i++) {
        const ost_expr *order = a->query.orders[i];
        if (!a->by_name[i])
            ost_order_by(q, order);
        else if (!ost_order_by_name(q, order->member.path,
                                    order->op == OST_OP_DESC ? "desc" : "asc") &&
                 !a->mistaken)
            disagree(w, "ost_order_by_name refuses %s", order->member.path);
    }
    if (a->query.has_limit)
        ost_limit(q, a->query.limit);
    if (a->query.has_offset)
        ost_offset(q, a->query.offset);
    if (a->query.per)
        ost_limit_per(q, a->query.per, a->query.limit_per);
    if (a->query.distinct)
        ost_distinct(q);
    return q;
}

void say_query(world *w, const char *what, const asked *a)
{
    ev_query shown = a->query;
    if (!w->trace)
        return;
    shown.order_count = a->own_orders;
    say(w, "%s over %s", what, w->schemas[a->query.table].model->name);
    if (a->query.select_count > 0)
        say(w, " into %s", a->query.result->model->name);
    ev_print_query(w->trace, &shown);
    if (a->mistaken) {
        say_expr(w, "      with the mistake ", a->mistake);
        say(w, "\n");
    }
}

/* ---- running ---- */

static void run_all(world *w, const asked *a, ost_query *q, ost_status expected,
                    const ev_rows *rows)
{
    size_t count = 77;
    ost_value *cells;
    void *records = ost_query_all(q, a->query.result->model, record_size(a->query.result), &count);
    if (!agree_status(w, expected, last_status(w, records)) || !records)
        return;
    cells = cells_of(w, rows, records, count);
    agree_rows(w, a, rows, cells, count);
    for (size_t i = 0; i < count && w->held_count < HELD_MAX && a->query.table == w->favourite; i++)
        if (a->query.select_count == 0 && rng_chance(&w->rng, 30))
            hold(w, a->query.table, (char *)records + i * record_size(a->query.result), NULL,
                 &cells[i * rows->schema->field_count]);
}

static void run_count(world *w, ost_query *q, ost_status expected, const ev_rows *rows)
{
    int64_t count = -1;
    ost_status status = ost_count_of(q, &count);
    if (agree_status(w, expected, status) && status == OST_OK && count != (int64_t)rows->count)
        disagree(w, "count_of is %lld instead of %zu", (long long)count, rows->count);
}

static void run_exists(world *w, ost_query *q, ost_status expected, const ev_rows *rows)
{
    bool exists = rows->count == 0;
    ost_status status = ost_exists(q, &exists);
    if (agree_status(w, expected, status) && status == OST_OK && exists != (rows->count > 0))
        disagree(w, "exists is %d, but there are %zu rows", exists, rows->count);
}

static void run_single(world *w, asked *a, ost_query *q, ost_status expected)
{
    bool one = rng_chance(&w->rng, 40);
    ev_rows rows;
    void *record;
    if (!one)
        complete_order(w, a);
    (void)ev_select(&w->store, &a->query, &rows);
    say(w, "    %s\n", one ? "one" : "first");
    if (expected == OST_OK && rows.count != 1)
        expected = rows.count == 0 ? OST_NOT_FOUND : one ? OST_RANGE : OST_OK;
    record = one ? ost_query_one(q, a->query.result->model, record_size(a->query.result))
                 : ost_query_first(q, a->query.result->model, record_size(a->query.result));
    if (!agree_status(w, expected, last_status(w, record)) || !record)
        return;
    rows.count = 1;
    agree_rows(w, a, &rows, cells_of(w, &rows, record, 1), 1);
}

static void run_page(world *w, asked *a, ost_query *q, ost_status expected)
{
    size_t page = 1 + rng_below(&w->rng, 4), limit = 1 + rng_below(&w->rng, 6), count = 77;
    ost_page out;
    ev_rows all, rows;
    void *records;
    complete_order(w, a);
    (void)ev_select(&w->store, &a->query, &all);
    a->query.has_limit = a->query.has_offset = true;
    a->query.limit = limit;
    a->query.offset = (page - 1) * limit;
    (void)ev_select(&w->store, &a->query, &rows);
    say(w, "    page %zu of %zu rows each\n", page, limit);
    records = ost_query_page(q, a->query.result->model, record_size(a->query.result), page, limit,
                             &count, &out, sizeof out);
    if (!agree_status(w, expected, last_status(w, records)) || !records)
        return;
    agree_rows(w, a, &rows, cells_of(w, &rows, records, count), count);
    if (out.page != page || out.limit != limit || out.total != all.count ||
        out.pages != (all.count + limit - 1) / limit || out.has_next != (page < out.pages) ||
        (page <= out.pages && out.has_previous != (page > 1)))
        disagree(w, "page says page %zu limit %zu total %zu pages %zu next %d previous %d",
                 out.page, out.limit, out.total, out.pages, out.has_next, out.has_previous);
}

/* Another statement while a stream is open. */
static void count_beside(world *w, size_t table)
{
    const ev_schema *schema = &w->schemas[table];
    int64_t count = -1, living = 0;
    ost_query *q = ost_session_from(w->session, schema->model, record_size(schema));
    for (size_t i = 0; i < w->store.tables[table].count; i++)
        living += ev_lives(schema, ev_row(&w->store.tables[table], i));
    if (agree_status(w, w->doomed, ost_count_of(q, &count)) && w->doomed == OST_OK &&
        count != living)
        disagree(w, "beside a stream count_of is %lld", (long long)count);
}

static void run_stream(world *w, asked *a, ost_query *q, ost_status expected, const ev_rows *rows)
{
    static const size_t batches[] = { 0, 1, 2, 7 };
    size_t batch = batches[rng_below(&w->rng, 4)], count = 0, fields = rows->schema->field_count;
    size_t stop = rng_chance(&w->rng, 20) ? 1 + rng_below(&w->rng, 4) : SIZE_MAX;
    ost_value *cells = ev_take_array(&w->scratch, (rows->count + 1) * fields, sizeof *cells);
    ost_cursor *c = ost_stream(q, batch);
    ev_rows expected_rows = *rows;
    ost_status status;
    void *record = NULL;
    say(w, "    stream in batches of %zu\n", batch);
    while (count < stop && count <= rows->count &&
           (record = ost_cursor_next(c, rows->schema->model, record_size(rows->schema))) != NULL) {
        if (count < rows->count)
            memcpy(cells + count * fields, cells_of(w, rows, record, 1), fields * sizeof *cells);
        count++;
        if (rng_chance(&w->rng, 5))
            count_beside(w, a->query.table);
    }
    status = ost_cursor_close(c);
    if (!agree_status(w, expected, status) || status != OST_OK)
        return;
    if (stop != SIZE_MAX && count == stop) {
        if (!a->ordered)
            return;
        expected_rows.count = count < rows->count ? count : rows->count;
    }
    agree_rows(w, a, &expected_rows, cells, count);
}

static void run_any(world *w, asked *a, ost_query *q, ost_status expected, const ev_rows *rows)
{
    bool cut = a->query.has_limit || a->query.has_offset;
    if (!a->may_range && rng_chance(&w->rng, 10))
        run_count(w, q, expected, rows); /* a query may run several times */
    switch (a->may_range ? 0 : rng_below(&w->rng, 8)) {
    case 3: run_count(w, q, expected, rows); return;
    case 4: run_exists(w, q, expected, rows); return;
    case 5: run_stream(w, a, q, expected, rows); return;
    case 6:
        if (!cut) {
            run_page(w, a, q, expected);
            return;
        }
        break;
    case 7:
        if (!cut) {
            run_single(w, a, q, expected);
            return;
        }
        break;
    default: break;
    }
    run_all(w, a, q, expected, rows);
}

void step_query(world *w)
{
    asked a;
    ev_rows rows;
    ost_status expected;
    ost_query *q;
    random_query(w, &a, random_table(w));
    say_query(w, "query", &a);
    expected = ev_select(&w->store, &a.query, &rows);
    if (expected == OST_RANGE && w->depth > 0)
        return;
    say(w, "    %zu rows expected\n", rows.count);
    if (a.mistaken)
        expected = OST_MISUSE;
    if (w->doomed != OST_OK)
        expected = w->doomed;
    q = build_query(w, &a);
    if (!w->failed)
        run_any(w, &a, q, expected, &rows);
}
