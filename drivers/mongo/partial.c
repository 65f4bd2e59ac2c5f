/* SPDX-License-Identifier: MIT */
/* The records that an index holds, by the operators that the server knows there: $eq, $gt, $gte,
 * $lt, $lte, $exists: true, $and, $or. Ranges hold values of their own type alone, so that what is
 * absent is in none. */
#include "mongo/define.h"

#include "base/error.h"

enum { DEPTH_MAX = 40 };

typedef struct writer {
    const ost_table *table;
    const ost_table_index *index;
    ost_error *error;
    uint32_t depth;
} writer;

static ost_status condition(writer *w, const ost_node *n, bool negated, bson_t *out);

static ost_status too_large(const writer *w)
{
    return ost__error_set(w->error, OST_TOO_LARGE, "%s: the condition of index %s is too large",
                          w->table->model, w->index->name);
}

static ost_status unsupported(const writer *w)
{
    ost__error_set(w->error, OST_UNSUPPORTED,
                   "%s: the condition of index %s is more than MongoDB's partial indexes know: use "
                   "comparisons with constants, null tests, and, or, not",
                   w->table->model, w->index->name);
    ost__error_about(w->error, w->table->model, NULL);
    return OST_UNSUPPORTED;
}

/* ---- comparisons ---- */

/* {name: {operator: constant}} */
static ost_status compare(const writer *w, const ost_node *n, const char *operator, bson_t * out)
{
    const ost_node *value = n->args[1];
    const ost_field *f = n->args[0]->field;
    bson_t inside;
    if (!BSON_APPEND_DOCUMENT_BEGIN(out, ost__mongo_name(w->table, f), &inside))
        return too_large(w);
    ost_status status =
        ost__mongo_put_constant(&inside, operator, value->constant, value->field, w->error);
    if (!bson_append_document_end(out, &inside) && status == OST_OK)
        status = too_large(w);
    return status;
}

/* Not equal, and not absent. */
static ost_status differ(const writer *w, const ost_node *n, bson_t *out)
{
    bson_t sides, side;
    ost_status status = OST_OK;
    if (!BSON_APPEND_ARRAY_BEGIN(out, "$or", &sides))
        return too_large(w);
    for (int i = 0; i < 2 && status == OST_OK; i++) {
        if (!BSON_APPEND_DOCUMENT_BEGIN(&sides, i == 0 ? "0" : "1", &side))
            return too_large(w);
        status = compare(w, n, i == 0 ? "$lt" : "$gt", &side);
        if (!bson_append_document_end(&sides, &side))
            return too_large(w);
    }
    return bson_append_array_end(out, &sides) ? status : too_large(w);
}

static ost_status comparison(const writer *w, const ost_node *n, bool negated, bson_t *out)
{
    static const struct {
        uint16_t op, opposite;
        const char *name; /* NULL: two ranges */
    } operators[] = {
        { OST_OP_EQ, OST_OP_NE, "$eq" }, { OST_OP_NE, OST_OP_EQ, NULL },
        { OST_OP_LT, OST_OP_GE, "$lt" }, { OST_OP_LE, OST_OP_GT, "$lte" },
        { OST_OP_GT, OST_OP_LE, "$gt" }, { OST_OP_GE, OST_OP_LT, "$gte" },
    };
    bool fits = n->arg_count == 2 && n->args[0]->op == OST_OP_MEMBER && n->args[1]->constant;
    for (size_t i = 0; fits && i < sizeof operators / sizeof operators[0]; i++) {
        if ((negated ? operators[i].opposite : operators[i].op) != n->op)
            continue;
        if (!operators[i].name)
            return differ(w, n, out);
        if (i > 1 && ost__mongo_kind_of(n->args[0]->field) == OST_TYPE_BLOB)
            return unsupported(w); /* the server orders them by their length first */
        return compare(w, n, operators[i].name, out);
    }
    return unsupported(w);
}

/* Nothing is stored as null, and equality to null holds where there is nothing. */
static ost_status null_test(const writer *w, const ost_field *f, bool absent, bson_t *out)
{
    const char *name = ost__mongo_name(w->table, f);
    bson_t inside;
    bool good;
    if (absent)
        good = BSON_APPEND_NULL(out, name);
    else
        good = BSON_APPEND_DOCUMENT_BEGIN(out, name, &inside) &&
               BSON_APPEND_BOOL(&inside, "$exists", true) && bson_append_document_end(out, &inside);
    return good ? OST_OK : too_large(w);
}

/* ---- logic ---- */

static ost_status put_item(writer *w, const ost_node *n, bool negated, uint32_t i, bson_t *list)
{
    char digits[16];
    const char *key;
    bson_t item;
    size_t size = bson_uint32_to_string(i, &key, digits, sizeof digits);
    if (!bson_append_document_begin(list, key, (int)size, &item))
        return too_large(w);
    ost_status status = condition(w, n, negated, &item);
    if (!bson_append_document_end(list, &item) && status == OST_OK)
        status = too_large(w);
    return status;
}

static ost_status junction(writer *w, const ost_node *n, bool negated, bson_t *out)
{
    bool is_and = (n->op == OST_OP_AND) != negated;
    ost_status status = OST_OK;
    bson_t list;
    if (n->arg_count == 0)
        return unsupported(w);
    if (!bson_append_array_begin(out, is_and ? "$and" : "$or", -1, &list))
        return too_large(w);
    for (uint32_t i = 0; i < n->arg_count && status == OST_OK; i++)
        status = put_item(w, n->args[i], negated, i, &list);
    if (!bson_append_array_end(out, &list) && status == OST_OK)
        status = too_large(w);
    return status;
}

/* What is unknown is not held, negated or not. */
static ost_status condition(writer *w, const ost_node *n, bool negated, bson_t *out)
{
    ost_status status;
    if (w->depth == DEPTH_MAX)
        return too_large(w);
    w->depth++;
    switch (n->op) {
    case OST_OP_AND:
    case OST_OP_OR: status = junction(w, n, negated, out); break;
    case OST_OP_NOT: status = condition(w, n->args[0], !negated, out); break;
    case OST_OP_IS_NULL: status = null_test(w, n->args[0]->field, !negated, out); break;
    case OST_OP_NOT_NULL: status = null_test(w, n->args[0]->field, negated, out); break;
    default: status = comparison(w, n, negated, out); break;
    }
    w->depth--;
    return status;
}

static ost_status put_null_test(const writer *w, const ost_field *f, bool absent, uint32_t i,
                                bson_t *list)
{
    char digits[16];
    const char *key;
    bson_t item;
    size_t size = bson_uint32_to_string(i, &key, digits, sizeof digits);
    if (!bson_append_document_begin(list, key, (int)size, &item))
        return too_large(w);
    ost_status status = null_test(w, f, absent, &item);
    if (!bson_append_document_end(list, &item) && status == OST_OK)
        status = too_large(w);
    return status;
}

ost_status ost__mongo_partial(const ost_table *t, const ost_table_index *x, bson_t *out,
                              ost_error *error)
{
    writer w = { .table = t, .index = x, .error = error };
    bson_t filter = BSON_INITIALIZER, all;
    ost_status status = OST_OK;
    uint32_t count = 0;
    bson_append_array_begin(&filter, "$and", -1, &all);
    if (x->where)
        status = put_item(&w, x->where, false, count++, &all);
    if (x->among_living && status == OST_OK)
        status = put_null_test(&w, t->deleted, true, count++, &all);
    for (uint32_t i = 0; status == OST_OK && x->unique && i < x->field_count; i++)
        if (ost__mongo_nullable(t, x->fields[i]))
            status = put_null_test(&w, x->fields[i], false, count++, &all);
    bson_append_array_end(&filter, &all);
    if (status == OST_OK && count > 0 &&
        !BSON_APPEND_DOCUMENT(out, "partialFilterExpression", &filter))
        status = too_large(&w);
    bson_destroy(&filter);
    return status;
}
