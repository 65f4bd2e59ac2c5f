/* SPDX-License-Identifier: MIT */
#include "mongo/writing.h"

#include <string.h>

#include "mongo/types.h"

/* ---- refusals ---- */

void ost__mongo_refuse(ost__mongo_writer *w, ost_status status, const char *format, ...)
{
    va_list list;
    if (w->status != OST_OK)
        return;
    va_start(list, format);
    w->status = ost__error_set_list(w->error, status, format, list);
    va_end(list);
    if (w->table)
        ost__error_about(w->error, w->table->model, NULL);
    if (w->error)
        w->error->nothing_sent = 1;
}

void ost__mongo_appended(ost__mongo_writer *w, bool ok)
{
    if (!ok)
        ost__mongo_refuse(w, OST_TOO_LARGE, "%s: the command is longer than any may be",
                          w->table ? w->table->model : "");
}

/* What the values of one command may take; their number is bounded, so that no document comes near
 * the largest that the library can hold. */
static bool has_room(ost__mongo_writer *w, size_t size)
{
    w->written += size;
    if (w->written <= OST__MONGO_DOCUMENT_MAX)
        return true;
    ost__mongo_refuse(w, OST_TOO_LARGE,
                      "%s: the values have more than the %d bytes that a command may have: give "
                      "shorter lists, one part at a time",
                      w->table ? w->table->model : "", OST__MONGO_DOCUMENT_MAX);
    return false;
}

/* ---- documents within documents ---- */

static void opened(ost__mongo_writer *w, bool ok, bson_t *inner)
{
    if (ok)
        return;
    ost__mongo_appended(w, false);
    w->broken = true;
    bson_init(inner);
}

void ost__mongo_open_document(ost__mongo_writer *w, bson_t *out, const char *key, bson_t *inner)
{
    opened(w, !w->broken && bson_append_document_begin(out, key, -1, inner), inner);
}

void ost__mongo_open_array(ost__mongo_writer *w, bson_t *out, const char *key, bson_t *inner)
{
    opened(w, !w->broken && bson_append_array_begin(out, key, -1, inner), inner);
}

void ost__mongo_close_document(ost__mongo_writer *w, bson_t *out, bson_t *inner)
{
    if (w->broken)
        bson_destroy(inner);
    else
        ost__mongo_appended(w, bson_append_document_end(out, inner));
}

void ost__mongo_close_array(ost__mongo_writer *w, bson_t *out, bson_t *inner)
{
    if (w->broken)
        bson_destroy(inner);
    else
        ost__mongo_appended(w, bson_append_array_end(out, inner));
}

void ost__mongo_open_item(ost__mongo_writer *w, bson_t *out, uint32_t *at, bson_t *inner)
{
    char key[16];
    (void)ost__mongo_index_key((*at)++, key);
    ost__mongo_open_document(w, out, key, inner);
}

/* ---- plain elements ---- */

void ost__mongo_text_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *text)
{
    ost__mongo_appended(w, bson_append_utf8(out, key, -1, text, -1));
}

void ost__mongo_int_in(ost__mongo_writer *w, bson_t *out, const char *key, int32_t n)
{
    ost__mongo_appended(w, bson_append_int32(out, key, -1, n));
}

void ost__mongo_null_in(ost__mongo_writer *w, bson_t *out, const char *key)
{
    ost__mongo_appended(w, bson_append_null(out, key, -1));
}

void ost__mongo_bool_in(ost__mongo_writer *w, bson_t *out, const char *key, bool b)
{
    ost__mongo_appended(w, bson_append_bool(out, key, -1, b));
}

void ost__mongo_power_in(ost__mongo_writer *w, bson_t *out, const char *key, int exponent)
{
    bson_decimal128_t d;
    char text[16];
    (void)ost__print(text, sizeof text, "1E%d", exponent);
    (void)bson_decimal128_from_string(text, &d);
    ost__mongo_appended(w, bson_append_decimal128(out, key, -1, &d));
}

void ost__mongo_path_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *path)
{
    ost__buffer text;
    ost__buffer_init(&text, &w->plan->memory);
    ost__buffer_char(&text, '$');
    ost__buffer_text(&text, path);
    if (text.failed)
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a command");
    else
        ost__mongo_appended(w, bson_append_utf8(out, key, -1, text.data, (int)text.size));
    ost__buffer_finish(&text);
}

void ost__mongo_present_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *path)
{
    bson_t test, sides;
    ost__mongo_open_document(w, out, key, &test);
    ost__mongo_open_array(w, &test, "$gt", &sides);
    ost__mongo_path_in(w, &sides, "0", path);
    ost__mongo_null_in(w, &sides, "1");
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, out, &test);
}

/* {$toInt: {$concat: [what, {$substrCP: [{$toString: "$path"}, 0, 0]}]}}. What is the same for all
 * documents would be computed, and fail, before the first. */
void ost__mongo_raise_in(ost__mongo_writer *w, bson_t *out, const char *key, const char *rule,
                         const char *name, const char *path)
{
    bson_t node, concat, parts, literal, cut, sides, text;
    ost__buffer what;
    ost__buffer_init(&what, &w->plan->memory);
    ost__buffer_text(&what, OST__MONGO_RAISED);
    ost__buffer_text(&what, rule);
    ost__buffer_char(&what, ':');
    ost__buffer_text(&what, name);
    if (what.failed)
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a command");
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_document(w, &node, "$toInt", &concat);
    ost__mongo_open_array(w, &concat, "$concat", &parts);
    ost__mongo_open_document(w, &parts, "0", &literal);
    ost__mongo_text_in(w, &literal, "$literal", what.failed ? "" : what.data);
    ost__mongo_close_document(w, &parts, &literal);
    ost__mongo_open_document(w, &parts, "1", &cut);
    ost__mongo_open_array(w, &cut, "$substrCP", &sides);
    ost__mongo_open_document(w, &sides, "0", &text);
    ost__mongo_path_in(w, &text, "$toString", path);
    ost__mongo_close_document(w, &sides, &text);
    ost__mongo_int_in(w, &sides, "1", 0);
    ost__mongo_int_in(w, &sides, "2", 0);
    ost__mongo_close_array(w, &cut, &sides);
    ost__mongo_close_document(w, &parts, &cut);
    ost__mongo_close_array(w, &concat, &parts);
    ost__mongo_close_document(w, &node, &concat);
    ost__mongo_close_document(w, out, &node);
    ost__buffer_finish(&what);
}

/* {$eq: [{$subtract: ["$$ostler_sum", "$part"]}, "$other"]} */
static void is_rest(ost__mongo_writer *w, const char *part, const char *other, const char *key,
                    bson_t *out)
{
    bson_t test, sides, difference, operands;
    ost__mongo_open_document(w, out, key, &test);
    ost__mongo_open_array(w, &test, "$eq", &sides);
    ost__mongo_open_document(w, &sides, "0", &difference);
    ost__mongo_open_array(w, &difference, "$subtract", &operands);
    ost__mongo_path_in(w, &operands, "0", OST__MONGO_SUM);
    ost__mongo_path_in(w, &operands, "1", part);
    ost__mongo_close_array(w, &difference, &operands);
    ost__mongo_close_document(w, &sides, &difference);
    ost__mongo_path_in(w, &sides, "1", other);
    ost__mongo_close_array(w, &test, &sides);
    ost__mongo_close_document(w, out, &test);
}

void ost__mongo_is_exact_in(ost__mongo_writer *w, const char *a, const char *b, const char *key,
                            bson_t *out)
{
    bson_t node, both;
    ost__mongo_open_document(w, out, key, &node);
    ost__mongo_open_array(w, &node, "$and", &both);
    is_rest(w, a, b, "0", &both);
    is_rest(w, b, a, "1", &both);
    ost__mongo_close_array(w, &node, &both);
    ost__mongo_close_document(w, out, &node);
}

/* ---- parameters ---- */

/* What stands for a parameter in the text of a plan. */
static void number_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter)
{
    char text[16];
    (void)ost__print(text, sizeof text, "$%u", (unsigned)parameter + 1);
    ost__mongo_text_in(w, out, key, text);
}

static const ost_parameter *parameter_of(ost__mongo_writer *w, uint32_t number)
{
    if (number < w->op->parameter_count)
        return ost__mongo_parameter_of(w->op, number);
    ost__mongo_refuse(w, OST_MISUSE, "%s: the operation has no parameter %u",
                      w->table ? w->table->model : "", (unsigned)number + 1);
    return NULL;
}

/* A decimal of more digits than the server knows. */
static bool is_too_long(const ost_parameter *list, size_t i)
{
    const char *at = (const char *)list->list + i * list->list_stride;
    bson_decimal128_t d;
    return list->type == OST_TYPE_DECIMAL &&
           !ost__mongo_decimal_to(*(const ost_decimal *)(const void *)at, &d);
}

/* false: it is NULL. */
static bool parameter_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter,
                         bool compared)
{
    const ost_parameter *p;
    bool absent = false;
    uint32_t before = out->len;
    if (!w->op) {
        number_in(w, out, key, parameter);
        return true;
    }
    p = parameter_of(w, parameter);
    if (!p || w->status != OST_OK)
        return true;
    if (compared)
        w->status = ost__mongo_put_operand(out, key, -1, p, w->record, &absent, w->error);
    else
        w->status = ost__mongo_put(out, key, -1, p, w->record, &absent, w->error);
    if (w->status != OST_OK && w->error) {
        w->error->nothing_sent = 1;
        ost__error_about(w->error, w->table ? w->table->model : NULL, NULL);
    }
    (void)has_room(w, out->len - before);
    return !absent;
}

bool ost__mongo_value_in(ost__mongo_writer *w, bson_t *out, const char *key, const ost_node *node,
                         uint32_t parameter)
{
    if (!node || !node->constant)
        return parameter_in(w, out, key, parameter, true);
    if (w->status == OST_OK)
        w->status = ost__mongo_put_constant(out, key, node->constant, node->field, w->error);
    return true;
}

bool ost__mongo_stored_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter)
{
    return parameter_in(w, out, key, parameter, false);
}

void ost__mongo_list_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter,
                        bool and_null)
{
    const ost_parameter *p;
    uint32_t at = 0;
    char number[16];
    bson_t items;
    if (!w->op) {
        number_in(w, out, key, parameter);
        return;
    }
    p = parameter_of(w, parameter);
    if (!p)
        return;
    ost__mongo_open_array(w, out, key, &items);
    for (size_t i = 0; i < p->list_count && w->status == OST_OK; i++) {
        uint32_t before = items.len;
        int size;
        if (is_too_long(p, i))
            continue; /* equal to nothing that is stored */
        size = (int)ost__mongo_index_key(at++, number);
        w->status = ost__mongo_put_item(&items, number, size, p, i, w->error);
        if (!has_room(w, items.len - before))
            break;
    }
    if (and_null) {
        (void)ost__mongo_index_key(at, number);
        ost__mongo_null_in(w, &items, number);
    }
    ost__mongo_close_array(w, out, &items);
}

void ost__mongo_pattern_in(ost__mongo_writer *w, bson_t *out, const char *key, const ost_node *node)
{
    const ost_parameter *p;
    ost__buffer pattern;
    const char *text;
    if (!w->op) {
        number_in(w, out, key, node->parameter);
        return;
    }
    p = parameter_of(w, node->parameter);
    if (!p)
        return;
    text = p->source == OST_FROM_VALUE && p->value.type == OST_TYPE_TEXT ? p->value.as.text : NULL;
    if (!text) {
        ost__mongo_refuse(w, OST_MISUSE, "%s: a search for NULL", w->table ? w->table->model : "");
        return;
    }
    ost__buffer_init(&pattern, &w->plan->memory);
    const ost_field *in = node->args[0]->field;
    bool folded = in && in->collation == OST_CASELESS;
    if (!(folded ? ost__mongo_exact_pattern : ost__mongo_pattern)(node->op, text, strlen(text),
                                                                  &pattern))
        ost__mongo_refuse(w, OST_NO_MEMORY, "no memory for a search");
    else if (pattern.size > OST__MONGO_PATTERN_BYTES)
        ost__mongo_refuse(w, OST_TOO_LARGE,
                          "%s: the text that is searched for is too long: MongoDB takes %d bytes "
                          "with both cases of each letter",
                          w->table ? w->table->model : "", OST__MONGO_PATTERN_BYTES);
    else if (has_room(w, pattern.size))
        ost__mongo_appended(
            w, bson_append_utf8(out, key, -1, pattern.data ? pattern.data : "", (int)pattern.size));
    ost__buffer_finish(&pattern);
}

int64_t ost__mongo_count_of(const ost__mongo_writer *w, uint32_t parameter)
{
    const ost_parameter *p;
    if (!w->op || parameter >= w->op->parameter_count)
        return 0;
    p = ost__mongo_parameter_of(w->op, parameter);
    return p->source == OST_FROM_VALUE && p->value.type == OST_TYPE_INT64 ? p->value.as.integer : 0;
}

void ost__mongo_count_in(ost__mongo_writer *w, bson_t *out, const char *key, uint32_t parameter)
{
    if (!w->op)
        number_in(w, out, key, parameter);
    else
        ost__mongo_appended(w, bson_append_int64(out, key, -1, ost__mongo_count_of(w, parameter)));
}
