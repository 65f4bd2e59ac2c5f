/* SPDX-License-Identifier: MIT */
/*
 * The changes of an update. Increments that the server's $inc would not refuse, or would begin at
 * zero for what is absent, are computed in a pipeline of one stage, which sees the document from
 * before: the sum is checked there, and an expression that fails refuses it.
 */
#include "mongo/writing.h"

#include <float.h>

#include "base/scalar.h"
#include "mongo/changes.h"
#include "mongo/types.h"

#define SUM OST__MONGO_SUM
/* The variable that has what is added. */
#define AMOUNT "$ostler_amount"

/*
 * A sum of doubles as the nearest float, half to even. p is the power of two below the sum: found
 * by its logarithm, and corrected by one. A double of the size of 1.5 * 2^29 * p has the step of a
 * float of the size of the sum, so that adding and taking it away rounds. Below 2^-126 all floats
 * have the same step.
 */
static const char nearest_float[] =
    "{\"ostler_sum\":{\"$let\":{\"vars\":{\"a\":{\"$max\":[{\"$abs\":\"$$ostler_sum\"},"
    "{\"$pow\":[2,-126]}]}},\"in\":{\"$let\":{\"vars\":{\"p\":{\"$pow\":[2,{\"$floor\":"
    "{\"$log\":[\"$$a\",2]}}]}},\"in\":{\"$let\":{\"vars\":{\"m\":{\"$multiply\":[805306368,"
    "{\"$switch\":{\"branches\":[{\"case\":{\"$gt\":[\"$$p\",\"$$a\"]},"
    "\"then\":{\"$divide\":[\"$$p\",2]}},{\"case\":{\"$lte\":[{\"$multiply\":[\"$$p\",2]},"
    "\"$$a\"]},\"then\":{\"$multiply\":[\"$$p\",2]}}],\"default\":\"$$p\"}}]}},"
    "\"in\":{\"$subtract\":[{\"$add\":[\"$$ostler_sum\",\"$$m\"]},\"$$m\"]}}}}}}}}";

/* Whether $inc alone does all that is asked: it refuses what leaves 64 bits, and begins at zero for
 * what is absent. */
static bool is_plain_sum(const ost_field *f)
{
    return f->type == OST_TYPE_INT64 && !f->values && !f->min && !f->max && !f->inside;
}

/* Whether operators say all that is asked. */
static bool is_plain(const ost_change *c)
{
    switch (c->op) {
    case OST_OP_INC: return is_plain_sum(c->field);
    case OST_OP_PULL_WHERE: return !ost__mongo_needs_expression(c->where);
    case OST_OP_UPDATE_ITEMS: return false;
    default: return true;
    }
}

static const char *name_of(const ost__mongo_writer *w, const ost_change *c)
{
    return ost__mongo_name(w->table, c->field);
}

/* What is added to, and what an error calls it. */
typedef struct addition {
    const ost_field *field;
    uint32_t parameter;
    const char *path, *told;
} addition;

static void amount(ost__mongo_writer *w, const ost_field *f, uint32_t parameter, const char *key,
                   bson_t *out)
{
    if (!ost__mongo_value_in(w, out, key, NULL, parameter))
        ost__mongo_refuse(w, OST_MISUSE, "%s.%s is incremented by nothing", w->table->model,
                          f->name);
}

/* ---- sums that are checked ---- */

/* {word: ["$$ostler_sum", …]}; the caller writes "1". */
static void open_test(ost__mongo_writer *w, bson_t *out, const char *key, const char *word,
                      bson_t *test, bson_t *sides)
{
    ost__mongo_open_document(w, out, key, test);
    ost__mongo_open_array(w, test, word, sides);
    ost__mongo_path_in(w, sides, "0", SUM);
}

static void close_test(ost__mongo_writer *w, bson_t *out, bson_t *test, bson_t *sides)
{
    ost__mongo_close_array(w, test, sides);
    ost__mongo_close_document(w, out, test);
}

static void against_int64(ost__mongo_writer *w, bson_t *out, const char *key, const char *word,
                          int64_t n)
{
    bson_t test, sides;
    open_test(w, out, key, word, &test, &sides);
    ost__mongo_appended(w, bson_append_int64(&sides, "1", -1, n));
    close_test(w, out, &test, &sides);
}

/* What leaves 64 bits has become a double. */
static void leaves_integers(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    uint16_t kind = ost__mongo_kind_of(c->field);
    bson_t node, any, test, sides, type;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$or", &any);
    ost__mongo_open_document(w, &any, "0", &test);
    ost__mongo_open_array(w, &test, "$eq", &sides);
    ost__mongo_open_document(w, &sides, "0", &type);
    ost__mongo_path_in(w, &type, "$type", SUM);
    ost__mongo_close_document(w, &sides, &type);
    ost__mongo_text_in(w, &sides, "1", "double");
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, &any, &test);
    against_int64(w, &any, "1", "$lt", ost__bounds_of(kind).least);
    against_int64(w, &any, "2", "$gt", ost__bounds_of(kind).most);
    ost__mongo_close_array(w, &node, &any);
    ost__mongo_close_document(w, out, &node);
}

static void real_in(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    double most = ost__mongo_kind_of(c->field) == OST_TYPE_FLOAT ? (double)FLT_MAX : DBL_MAX;
    ost__mongo_appended(w, bson_append_double(out, key, -1, most));
}

/* {$gte: [{$abs: "$$ostler_sum"}, 10^digits]}, or {$gt: [{$abs: …}, the largest]} */
static void leaves_size(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    const ost_field *f = c->field;
    bool decimal = ost__mongo_kind_of(f) == OST_TYPE_DECIMAL;
    bson_t node, sides, size;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, decimal ? "$gte" : "$gt", &sides);
    ost__mongo_open_document(w, &sides, "0", &size);
    ost__mongo_path_in(w, &size, "$abs", SUM);
    ost__mongo_close_document(w, &sides, &size);
    if (decimal)
        ost__mongo_power_in(w, &sides, "1", (int)f->precision - (int)f->scale);
    else
        real_in(w, c, "1", &sides);
    ost__mongo_close_array(w, &node, &sides);
    ost__mongo_close_document(w, out, &node);
}

/* A decimal of more digits than the server knows may also be rounded. */
static bool may_be_rounded(const addition *c)
{
    return ost__mongo_kind_of(c->field) == OST_TYPE_DECIMAL &&
           c->field->precision > OST__MONGO_DIGITS;
}

static void leaves_digits(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    bson_t node, any, inverse, test;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$or", &any);
    leaves_size(w, c, "0", &any);
    ost__mongo_open_document(w, &any, "1", &inverse);
    ost__mongo_open_array(w, &inverse, "$not", &test);
    ost__mongo_is_exact_in(w, c->path, AMOUNT, "0", &test);
    ost__mongo_close_array(w, &inverse, &test);
    ost__mongo_close_document(w, &any, &inverse);
    ost__mongo_close_array(w, &node, &any);
    ost__mongo_close_document(w, out, &node);
}

/* {case: …, then: what fails}; the caller writes the case. */
static void close_branch(ost__mongo_writer *w, const addition *c, const char *rule,
                         bson_t *branches, bson_t *branch)
{
    ost__mongo_raise_in(w, branch, "then", rule, c->told, SUM);
    ost__mongo_close_document(w, branches, branch);
}

static void bound(ost__mongo_writer *w, const addition *c, const ost_value *value, const char *word,
                  const char *rule, uint32_t *at, bson_t *branches)
{
    bson_t branch, test, sides;
    if (!value)
        return;
    ost__mongo_open_item(w, branches, at, &branch);
    open_test(w, &branch, "case", word, &test, &sides);
    if (w->status == OST_OK)
        w->status = ost__mongo_put_constant(&sides, "1", value, c->field, w->error);
    close_test(w, &branch, &test, &sides);
    close_branch(w, c, rule, branches, &branch);
}

static void stored_sum(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    uint16_t kind = ost__mongo_kind_of(c->field);
    bool small = ost__mongo_is_integer(kind) && ost__bounds_of(kind).most <= INT32_MAX;
    bson_t node;
    if (!small) {
        ost__mongo_path_in(w, out, key, SUM);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_path_in(w, &node, "$toInt", SUM);
    ost__mongo_close_document(w, out, &node);
}

static void within_bounds(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    const ost_field *f = c->field;
    bson_t node, choice, branches;
    uint32_t at = 0;
    if (!f->min && !f->max) {
        stored_sum(w, c, key, out);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$switch", &choice);
    ost__mongo_open_array(w, &choice, "branches", &branches);
    bound(w, c, f->min, "$lt", "min", &at, &branches);
    bound(w, c, f->max, "$gt", "max", &at, &branches);
    ost__mongo_close_array(w, &choice, &branches);
    stored_sum(w, c, "default", &choice);
    ost__mongo_close_document(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

static void rounded(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    bson_t node, let, vars;
    bson_error_t why;
    if (ost__mongo_kind_of(c->field) != OST_TYPE_FLOAT) {
        within_bounds(w, c, key, out);
        return;
    }
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$let", &let);
    if (bson_init_from_json(&vars, nearest_float, -1, &why)) {
        ost__mongo_appended(w, bson_append_document(&let, "vars", -1, &vars));
        bson_destroy(&vars);
    } else {
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for an update");
    }
    within_bounds(w, c, "in", &let);
    ost__mongo_close_document(w, &node, &let);
    ost__mongo_close_document(w, out, &node);
}

/* {$cond: [out of range, what fails, the sum]} */
static void checked(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    bson_t node, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    if (ost__mongo_is_integer(ost__mongo_kind_of(c->field)))
        leaves_integers(w, c, "0", &choice);
    else if (may_be_rounded(c))
        leaves_digits(w, c, "0", &choice);
    else
        leaves_size(w, c, "0", &choice);
    ost__mongo_raise_in(w, &choice, "1", "range", c->told, SUM);
    rounded(w, c, "2", &choice);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

/* {$let: {vars: {ostler_sum: {$add: ["$f", amount]}}, in: …}}; the amount is a variable too where
 * it is asked for again. */
static void summed(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    bson_t node, let, vars, sum, sides, literal;
    bool again = may_be_rounded(c);
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$let", &let);
    ost__mongo_open_document(w, &let, "vars", &vars);
    ost__mongo_open_document(w, &vars, "ostler_sum", &sum);
    ost__mongo_open_array(w, &sum, "$add", &sides);
    ost__mongo_path_in(w, &sides, "0", c->path);
    ost__mongo_open_document(w, &sides, "1", &literal);
    amount(w, c->field, c->parameter, "$literal", &literal);
    ost__mongo_close_document(w, &sides, &literal);
    ost__mongo_close_array(w, &sum, &sides);
    ost__mongo_close_document(w, &vars, &sum);
    if (again) {
        ost__mongo_open_document(w, &vars, "ostler_amount", &literal);
        amount(w, c->field, c->parameter, "$literal", &literal);
        ost__mongo_close_document(w, &vars, &literal);
    }
    ost__mongo_close_document(w, &let, &vars);
    checked(w, c, "in", &let);
    ost__mongo_close_document(w, &node, &let);
    ost__mongo_close_document(w, out, &node);
}

/* {$cond: [it is there, the sum, "$f"]} */
static void add(ost__mongo_writer *w, const addition *c, const char *key, bson_t *out)
{
    bson_t node, choice;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$cond", &choice);
    ost__mongo_present_in(w, &choice, "0", c->path);
    summed(w, c, "1", &choice);
    ost__mongo_path_in(w, &choice, "2", c->path);
    ost__mongo_close_array(w, &node, &choice);
    ost__mongo_close_document(w, out, &node);
}

void ost__mongo_increment_in(ost__mongo_writer *w, const ost_change *c, const char *path,
                             const char *told, const char *key, bson_t *out)
{
    const addition sum = {
        .field = c->field, .parameter = c->parameter, .path = path, .told = told
    };
    add(w, &sum, key, out);
}

/* ---- all changes ---- */

/* One that lacks its value becomes the removal of the member. */
static void set(ost__mongo_writer *w, const ost_change *c, const char *name, bson_t *out)
{
    bson_t literal = BSON_INITIALIZER;
    if (c->op == OST_OP_SET && ost__mongo_stored_in(w, &literal, "$literal", c->parameter))
        ost__mongo_appended(w, bson_append_document(out, name, -1, &literal));
    else
        ost__mongo_text_in(w, out, name, "$$REMOVE");
    bson_destroy(&literal);
}

static void as_stage(ost__mongo_writer *w, const ost_change *c, bson_t *out)
{
    const char *name = name_of(w, c);
    switch (c->op) {
    case OST_OP_SET:
    case OST_OP_SET_NULL: set(w, c, name, out); break;
    case OST_OP_INC:
        ost__mongo_increment_in(w, c, name, ost__mongo_told(c->field), name, out);
        break;
    default: ost__mongo_list_change_in(w, c, name, out); break;
    }
}

static void as_pipeline(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    bson_t stage, set;
    uint32_t at = 0;
    ost__mongo_open_item(w, out, &at, &stage);
    ost__mongo_open_document(w, &stage, "$set", &set);
    for (uint32_t i = 0; i < s->change_count; i++)
        as_stage(w, &s->changes[i], &set);
    ost__mongo_close_document(w, &stage, &set);
    ost__mongo_close_document(w, out, &stage);
}

/* The operators of an update, each with its members. */
enum { SET, UNSET, INC, PUSH, ADD_TO_SET, PULL_ALL, PULL, OPERATORS };

static void as_operator(ost__mongo_writer *w, const ost_change *c, bson_t *parts)
{
    const char *name = name_of(w, c);
    switch (c->op) {
    case OST_OP_INC: amount(w, c->field, c->parameter, name, &parts[INC]); break;
    case OST_OP_PUSH: ost__mongo_push_in(w, c, name, &parts[PUSH]); break;
    case OST_OP_ADD_TO_SET: ost__mongo_push_in(w, c, name, &parts[ADD_TO_SET]); break;
    case OST_OP_PULL: (void)ost__mongo_stored_in(w, &parts[PULL_ALL], name, c->parameter); break;
    case OST_OP_PULL_WHERE: ost__mongo_pull_in(w, c, name, &parts[PULL]); break;
    default:
        if (c->op != OST_OP_SET || !ost__mongo_stored_in(w, &parts[SET], name, c->parameter))
            ost__mongo_text_in(w, &parts[UNSET], name, "");
        break;
    }
}

static void as_operators(ost__mongo_writer *w, bson_t *out)
{
    const ost_shape *s = w->plan->shape;
    static const char *const words[] = {
        [SET] = "$set",   [UNSET] = "$unset",         [INC] = "$inc",
        [PUSH] = "$push", [ADD_TO_SET] = "$addToSet", [PULL_ALL] = "$pullAll",
        [PULL] = "$pull",
    };
    bson_t parts[OPERATORS];
    for (size_t i = 0; i < OPERATORS; i++)
        bson_init(&parts[i]);
    for (uint32_t i = 0; i < s->change_count; i++)
        as_operator(w, &s->changes[i], parts);
    for (size_t i = 0; i < OPERATORS; i++) {
        if (!bson_empty(&parts[i]))
            ost__mongo_appended(w, bson_append_document(out, words[i], -1, &parts[i]));
        bson_destroy(&parts[i]);
    }
}

ost_status ost__mongo_changes(ost__mongo_writer *w, bson_t *out, bool *is_pipeline)
{
    const ost_shape *s = w->plan->shape;
    *is_pipeline = false;
    for (uint32_t i = 0; i < s->change_count; i++)
        *is_pipeline = *is_pipeline || !is_plain(&s->changes[i]);
    if (*is_pipeline)
        as_pipeline(w, out);
    else
        as_operators(w, out);
    return w->status;
}
