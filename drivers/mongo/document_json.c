/* SPDX-License-Identifier: MIT */
#include "mongo/documents.h"

#include <string.h>

#include "base/json_number.h"
#include "base/json_value.h"
#include "base/utf8.h"
#include "mongo/cells.h"

/* ---- to documents ---- */

typedef struct level {
    uint32_t place, next; /* in the document; of the next item of a list */
} level;

typedef struct putting {
    ost__mongo_text *out;
    ost__json_reader r;
    ost__json_reader name; /* the last token that was one */
    const char *key;       /* of the whole value */
    size_t key_size;
    level levels[OST__JSON_DEPTH + 1];
} putting;

/* The type and key of an element, whose value comes next. `depth` is that of what it is in. */
static void put_key(putting *p, uint8_t type, uint32_t depth, bool in_object)
{
    const char *key = p->key;
    size_t size = p->key_size;
    char number[16];
    uint8_t *at;
    if (in_object) {
        key = NULL;
        size = p->name.decoded_size;
    } else if (depth > 0) {
        key = number;
        size = ost__mongo_index_key(p->levels[depth].next++, number);
    }
    at = ost__mongo_text_take(p->out, 1 + size + 1);
    if (!at)
        return;
    *at++ = type;
    if (key)
        memcpy(at, key, size);
    else
        ost__json_decode(&p->name, (char *)at);
    at[size] = '\0';
}

static bool decimal_of(const char *text, size_t size, bson_decimal128_t *out)
{
    char back[BSON_DECIMAL128_STRING];
    const char *digits = back;
    if (size > INT32_MAX || !bson_decimal128_from_string_w_len(text, (int)size, out))
        return false;
    bson_decimal128_to_string(out, back);
    digits += *digits == '-';
    return *digits >= '0' && *digits <= '9' &&
           ost__json_same_number(text, size, back, strlen(back));
}

/* false: there is no form that keeps it. */
static bool number_of(const char *text, size_t size, ost__mongo_value *out)
{
    char back[32];
    int64_t n;
    double x;
    if (ost__json_int64(text, size, &n)) {
        bool small = n >= INT32_MIN && n <= INT32_MAX;
        out->type = small ? BSON_TYPE_INT32 : BSON_TYPE_INT64;
        if (small)
            out->as.int32 = (int32_t)n;
        else
            out->as.int64 = n;
        return true;
    }
    if (ost__json_double_of(text, size, &x) &&
        ost__json_same_number(text, size, back, ost__print_double(x, back))) {
        out->type = BSON_TYPE_DOUBLE;
        out->as.real = x;
        return true;
    }
    out->type = BSON_TYPE_DECIMAL128;
    return decimal_of(text, size, &out->as.decimal);
}

static ost_status put_scalar(putting *p, bool in_object)
{
    const ost__json_reader *r = &p->r;
    uint32_t depth = r->depth;
    ost__mongo_value v = { .type = BSON_TYPE_BOOL, .as.boolean = r->kind == OST__JSON_TRUE };
    uint8_t *at;
    switch (r->kind) {
    case OST__JSON_NULL: put_key(p, BSON_TYPE_NULL, depth, in_object); return OST_OK;
    case OST__JSON_STRING:
        if (r->decoded_size > OST__MONGO_DOCUMENT_MAX)
            return OST_TOO_LARGE;
        put_key(p, BSON_TYPE_UTF8, depth, in_object);
        at = ost__mongo_text_take(p->out, 4 + r->decoded_size + 1);
        if (!at)
            return OST_TOO_LARGE;
        ost__mongo_set32(at, (uint32_t)r->decoded_size + 1);
        ost__json_decode(r, (char *)at + 4);
        at[4 + r->decoded_size] = '\0';
        return OST_OK;
    case OST__JSON_NUMBER:
        if (!number_of(r->text, r->size, &v))
            return OST_RANGE;
        break;
    default: break;
    }
    put_key(p, v.type, depth, in_object);
    ost__mongo_text_bare(p->out, &v);
    return OST_OK;
}

/* The token that was read opens a document or an array. */
static void open_level(putting *p, bool in_object)
{
    uint8_t type = p->r.kind == OST__JSON_OPEN_LIST ? BSON_TYPE_ARRAY : BSON_TYPE_DOCUMENT;
    put_key(p, type, p->r.depth - 1, in_object);
    (void)ost__mongo_text_take(p->out, 4);
    p->levels[p->r.depth] = (level){ .place = p->out->size - 4 };
}

ost_status ost__mongo_document_put_json(ost__mongo_text *t, const char *key, size_t key_size,
                                        const char *text, bool *null)
{
    putting p = { .out = t, .key = key, .key_size = key_size };
    bool named = false;
    ost__json_read(&p.r, text, strlen(text));
    *null = ost__json_next(&p.r) == OST__JSON_NULL;
    if (*null)
        return OST_OK;
    for (; p.r.kind != OST__JSON_END; ost__json_next(&p.r)) {
        switch (p.r.kind) {
        case OST__JSON_ERROR: return OST_RANGE;
        case OST__JSON_KEY: p.name = p.r; break;
        case OST__JSON_OPEN_OBJECT:
        case OST__JSON_OPEN_LIST: open_level(&p, named); break;
        case OST__JSON_CLOSE_OBJECT:
        case OST__JSON_CLOSE_LIST: ost__mongo_text_close(t, p.levels[p.r.depth + 1].place); break;
        default: OST_TRY(put_scalar(&p, named)); break;
        }
        if (t->failed)
            return OST_TOO_LARGE;
        named = p.r.kind == OST__JSON_KEY;
    }
    return OST_OK;
}

/* ---- from documents ---- */

typedef struct getting {
    ost__json_writer w;
    ost__buffer out;
    bool ordered; /* so far the names are in the canonical order */
} getting;

static ost_status get_value(getting *g, const ost__mongo_element *e, int depth);

static ost_status get_number(getting *g, const char *text, size_t size)
{
    const char *digits = text + (*text == '-');
    if (*digits < '0' || *digits > '9')
        return OST_RANGE;
    ost__json_raw(&g->w, NULL, 0);
    ost__json_canonical_number(&g->out, text, size);
    return OST_OK;
}

static ost_status get_real(getting *g, const ost__mongo_element *e)
{
    char text[32];
    uint64_t bits = ost__mongo_get64(e->data);
    double x;
    memcpy(&x, &bits, sizeof x);
    return get_number(g, text, ost__print_double(x, text));
}

static ost_status get_decimal(getting *g, const ost__mongo_element *e)
{
    const bson_decimal128_t value = { .low = ost__mongo_get64(e->data),
                                      .high = ost__mongo_get64(e->data + 8) };
    char text[BSON_DECIMAL128_STRING];
    bson_decimal128_to_string(&value, text);
    return get_number(g, text, strlen(text));
}

static bool is_text(const char *text, size_t size)
{
    return ost__utf8_valid(text, size) && !memchr(text, '\0', size);
}

static bool in_order(const ost__mongo_element *a, const ost__mongo_element *b)
{
    size_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = memcmp(a->key, b->key, size);
    return order < 0 || (order == 0 && a->key_size < b->key_size);
}

static ost_status get_list(getting *g, const ost__mongo_element *e, int depth)
{
    ost__mongo_elements list;
    ost__mongo_element item, last = { .key = NULL };
    bool named = e->type == BSON_TYPE_DOCUMENT, broken = false;
    if (depth == OST__JSON_DEPTH || !ost__mongo_elements_of(e->data, e->size, &list))
        return OST_RANGE;
    if (named)
        ost__json_open_object(&g->w);
    else
        ost__json_open_list(&g->w);
    while (ost__mongo_next_element(&list, &item, &broken)) {
        if (named) {
            if (!is_text(item.key, item.key_size))
                return OST_RANGE;
            g->ordered = g->ordered && (!last.key || in_order(&last, &item));
            ost__json_key_of(&g->w, item.key, item.key_size);
            last = item;
        }
        OST_TRY(get_value(g, &item, depth + 1));
    }
    if (named)
        ost__json_close_object(&g->w);
    else
        ost__json_close_list(&g->w);
    return broken ? OST_RANGE : OST_OK;
}

static ost_status get_value(getting *g, const ost__mongo_element *e, int depth)
{
    const char *text = (const char *)e->data + 4;
    switch (e->type) {
    case BSON_TYPE_DOCUMENT:
    case BSON_TYPE_ARRAY: return get_list(g, e, depth);
    case BSON_TYPE_NULL:
    case BSON_TYPE_UNDEFINED: ost__json_null(&g->w); return OST_OK;
    case BSON_TYPE_INT32: ost__json_int(&g->w, ost__mongo_get_int32(e->data)); return OST_OK;
    case BSON_TYPE_INT64: ost__json_int(&g->w, ost__mongo_get_int64(e->data)); return OST_OK;
    case BSON_TYPE_DOUBLE: return get_real(g, e);
    case BSON_TYPE_DECIMAL128: return get_decimal(g, e);
    case BSON_TYPE_BOOL: ost__json_bool(&g->w, *e->data != 0); return OST_OK;
    case BSON_TYPE_UTF8:
        if (!is_text(text, e->size - 5))
            return OST_RANGE;
        ost__json_text(&g->w, text, e->size - 5);
        return OST_OK;
    default: return OST_RANGE;
    }
}

/* What others wrote may be in another order, or have a name twice. */
static ost_status in_canonical_order(getting *g, const ost__memory *heap)
{
    ost__json_reader r;
    ost__buffer sorted;
    ost_status status;
    if (g->ordered)
        return OST_OK;
    ost__buffer_init(&sorted, heap);
    status = ost__json_canonical(heap, g->out.data, g->out.size, &sorted, &r);
    if (status == OST_OK && sorted.failed)
        status = OST_NO_MEMORY;
    ost__buffer_finish(&g->out);
    g->out = sorted;
    return status == OST_INVALID ? OST_RANGE : status;
}

ost_status ost__mongo_document_read_json(const ost__mongo_element *e, ost_sink *sink,
                                         const ost__memory *heap, ost_json *out)
{
    getting g = { .ordered = true };
    ost_status status;
    char *copy;
    ost__buffer_init(&g.out, heap);
    ost__json_begin(&g.w, &g.out);
    status = get_value(&g, e, 0);
    if (status == OST_OK && g.out.failed)
        status = OST_NO_MEMORY;
    if (status == OST_OK)
        status = in_canonical_order(&g, heap);
    if (status == OST_OK) {
        copy = (char *)ost__mongo_take_bytes(sink, g.out.size + 1);
        if (copy)
            memcpy(copy, g.out.data, g.out.size + 1);
        out->text = copy;
        status = copy ? OST_OK : OST_NO_MEMORY;
    }
    ost__buffer_finish(&g.out);
    return status;
}
