/* SPDX-License-Identifier: MIT */
/*
 * Averages of decimals. What is only read is divided by us; what a stage of the server looks at is
 * divided there, to the same digits: six more than the argument's, half to even.
 */
#include "mongo/group.h"
#include "mongo/writing.h"

/* A sum of so many digits may be divided as it is. */
enum { AVERAGE_DIGITS = 27 };

void ost__mongo_numbered(const char *letter, uint32_t i, char out[OST__MONGO_NUMBERED])
{
    (void)ost__print(out, OST__MONGO_NUMBERED, "%s%u", letter, (unsigned)i);
}

static bool contains(const ost_node *n, const ost_node *part)
{
    if (ost__mongo_same(n, part))
        return true;
    for (uint32_t i = 0; i < n->arg_count; i++)
        if (contains(n->args[i], part))
            return true;
    return false;
}

/* Whether a condition looks at the average. */
static bool is_compared(const ost_shape *s, const ost_node *n)
{
    return s->having && contains(s->having, n);
}

/* Whether it is ordered by, or tells rows apart. */
static bool is_ordered(const ost_shape *s, const ost_node *n)
{
    for (uint32_t i = 0; i < s->order_count; i++)
        if (contains(s->orders[i].node, n))
            return true;
    for (uint32_t i = 0; s->distinct && i < s->column_count; i++)
        if (contains(s->columns[i], n))
            return true;
    return false;
}

bool ost__mongo_needs_average(const ost_shape *s, const ost_node *n)
{
    return ost__mongo_is_quotient(n) && (is_compared(s, n) || is_ordered(s, n));
}

/* {$cond: [{$lt: [{$abs: "$path"}, 10^digits]}, …, …]}; the caller writes what follows. */
void ost__mongo_bounded_in(ost__mongo_writer *w, const char *path, int digits, bson_t *choice)
{
    bson_t test, sides, size;
    ost__mongo_open_document(w, choice, "0", &test);
    ost__mongo_open_array(w, &test, "$lt", &sides);
    ost__mongo_open_document(w, &sides, "0", &size);
    ost__mongo_path_in(w, &size, "$abs", path);
    ost__mongo_close_document(w, &sides, &size);
    ost__mongo_power_in(w, &sides, "1", digits);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, choice, &test);
}

const char *ost__mongo_column_of(const ost_node *n)
{
    return n->args[0]->field ? ost__mongo_told(n->args[0]->field) : "";
}

/* {$cond: [{$gt: ["$n", 0]}, …, null]} */
void ost__mongo_open_if_any(ost__mongo_writer *w, uint32_t i, bson_t *out, const char *key,
                            ost__mongo_if_any *x)
{
    char count[OST__MONGO_NUMBERED];
    bson_t test, sides;
    ost__mongo_numbered("n", i, count);
    ost__mongo_open_document(w, out, key, &x->node);
    ost__mongo_open_array(w, &x->node, "$cond", &x->choice);
    ost__mongo_open_document(w, &x->choice, "0", &test);
    ost__mongo_open_array(w, &test, "$gt", &sides);
    ost__mongo_path_in(w, &sides, "0", count);
    ost__mongo_int_in(w, &sides, "1", 0);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &x->choice, &test);
}

void ost__mongo_close_if_any(ost__mongo_writer *w, bson_t *out, ost__mongo_if_any *x)
{
    ost__mongo_null_in(w, &x->choice, "2");
    ost__mongo_close_array(w, &x->node, &x->choice);
    ost__mongo_close_document(w, out, &x->node);
}

/* {$round: [{$divide: ["$a", "$n"]}, scale]}: half to even. */
static void division(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    const ost_node *n = w->plan->layout->aggregates[i].node;
    char name[OST__MONGO_NUMBERED];
    bson_t round, sides, divide, operands;
    ost__mongo_open_document(w, out, key, &round);
    ost__mongo_open_array(w, &round, "$round", &sides);
    ost__mongo_open_document(w, &sides, "0", &divide);
    ost__mongo_open_array(w, &divide, "$divide", &operands);
    ost__mongo_numbered("a", i, name);
    ost__mongo_path_in(w, &operands, "0", name);
    ost__mongo_numbered("n", i, name);
    ost__mongo_path_in(w, &operands, "1", name);
    ost__mongo_close_array(w, &divide, &operands);
    ost__mongo_close_document(w, &sides, &divide);
    ost__mongo_int_in(w, &sides, "1", n->scale);
    ost__mongo_close_array(w, &round, &sides);
    ost__mongo_close_document(w, out, &round);
}

/* A quotient is rounded twice, to 34 digits and to its scale. That is one and the same as long as
 * what is divided has few enough digits: two quotients by so small a number are then further apart
 * than 34 digits can tell. */
static void quotient(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    const ost_node *n = w->plan->layout->aggregates[i].node;
    char name[OST__MONGO_NUMBERED];
    ost__mongo_if_any x;
    bson_t inner, bounds;
    ost__mongo_numbered("a", i, name);
    ost__mongo_open_if_any(w, i, out, key, &x);
    ost__mongo_open_document(w, &x.choice, "1", &inner);
    ost__mongo_open_array(w, &inner, "$cond", &bounds);
    ost__mongo_bounded_in(w, name, AVERAGE_DIGITS - n->args[0]->scale, &bounds);
    division(w, i, "1", &bounds);
    ost__mongo_raise_in(w, &bounds, "2", "range", ost__mongo_column_of(n), name);
    ost__mongo_close_array(w, &inner, &bounds);
    ost__mongo_close_document(w, &x.choice, &inner);
    ost__mongo_close_if_any(w, out, &x);
}

/*
 * {q, f}: the quotient as far as the argument has digits, which is exact, and what is left, which
 * is rounded. As documents compare, these do so in the order of the averages, whatever digits both
 * have together.
 */
static void pair(ost__mongo_writer *w, uint32_t i, const char *key, bson_t *out)
{
    static const char form[] =
        "{\"p\":{\"$cond\":[{\"$gt\":[\"$n%u\",0]},{\"$let\":{\"vars\":{\"r\":{\"$mod\":[\"$a%u\","
        "{\"$multiply\":[\"$n%u\",{\"$numberDecimal\":\"1E-%u\"}]}]}},\"in\":{\"$let\":{\"vars\":{"
        "\"q\":{\"$divide\":[{\"$subtract\":[\"$a%u\",\"$$r\"]},\"$n%u\"]},"
        "\"f\":{\"$add\":[0,{\"$round\":[{\"$divide\":[\"$$r\",\"$n%u\"]},%u]}]}},"
        "\"in\":{\"$cond\":[{\"$gte\":[{\"$abs\":\"$$f\"},{\"$numberDecimal\":\"1E-%u\"}]},"
        "{\"q\":{\"$add\":[\"$$q\",\"$$f\"]},\"f\":{\"$numberDecimal\":\"0\"}},"
        "{\"q\":\"$$q\",\"f\":\"$$f\"}]}}}}},null]}}";
    const ost_node *n = w->plan->layout->aggregates[i].node;
    unsigned number = (unsigned)i, scale = n->args[0]->scale;
    char text[sizeof form + 128];
    bson_t document;
    bson_iter_t at;
    bson_error_t why;
    (void)ost__print(text, sizeof text, form, number, number, number, scale, number, number, number,
                     (unsigned)n->scale, scale);
    if (!bson_init_from_json(&document, text, -1, &why)) {
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a command");
        return;
    }
    if (bson_iter_init_find(&at, &document, "p"))
        ost__mongo_appended(w, bson_append_iter(out, key, -1, &at));
    bson_destroy(&document);
}

void ost__mongo_average_in(ost__mongo_writer *w, uint32_t i, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    const ost_node *n = w->plan->layout->aggregates[i].node;
    char name[OST__MONGO_NUMBERED];
    if (is_compared(s, n)) {
        ost__mongo_numbered("v", i, name);
        quotient(w, i, name, out);
    }
    if (is_ordered(s, n)) {
        ost__mongo_numbered("q", i, name);
        pair(w, i, name, out);
    }
}
