/* SPDX-License-Identifier: MIT */
#include "postgres/connection.h"

#include <string.h>

#include "base/error.h"
#include "postgres/dialect.h"
#include "postgres/wire.h"

static const ost__sql_dialect *const dialects[] = {
    [OST__PG_WITH_ICU] = &ost__pg_dialect,
    [OST__PG_ASCII] = &ost__pg_ascii_dialect,
    [OST__PG_COCKROACH] = &ost__cockroach_dialect,
};

static const uint64_t fingerprint_base = UINT64_C(0x506f737467726500);

uint64_t ost__pg_fingerprint(enum ost__pg_flavour flavour, bool pooled)
{
    return fingerprint_base | (uint64_t)flavour << 1 | (pooled ? 1 : 0);
}

enum ost__pg_flavour ost__pg_flavour_of(uint64_t fingerprint)
{
    return (enum ost__pg_flavour)((fingerprint & 0xff) >> 1);
}

/* Not keyed: a name must mean the same statement to everybody who shares a server's connection. */
static ost__pg_key key_of(const char *text, const Oid *types, uint32_t count)
{
    static const ost__hash_key high = { UINT64_C(0x6f73746c65722d31),
                                        UINT64_C(0x73746174656d656e) };
    static const ost__hash_key low = { UINT64_C(0x6f73746c65722d32), UINT64_C(0x742d6e616d657321) };
    const ost__hash_key high2 = { ost__hash(&high, text, strlen(text)), high.k1 };
    const ost__hash_key low2 = { ost__hash(&low, text, strlen(text)), low.k1 };
    return (ost__pg_key){ ost__hash(&high2, types, count * sizeof *types),
                          ost__hash(&low2, types, count * sizeof *types) };
}

static void print_name(ost__pg_key key, char out[OST__PG_NAME_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    memcpy(out, "ost_", 4);
    for (int i = 0; i < 16; i++) {
        out[4 + i] = digits[key.high >> (60 - 4 * i) & 15];
        out[20 + i] = digits[key.low >> (60 - 4 * i) & 15];
    }
    out[OST__PG_NAME_SIZE - 1] = '\0';
}

/* The parts of a plan, before it is one. */
typedef struct parts {
    ost__buffer text, uses, copy, keys;
} parts;

static void parts_init(parts *p, const ost__memory *m)
{
    ost__buffer_init(&p->text, m);
    ost__buffer_init(&p->uses, m);
    ost__buffer_init(&p->copy, m);
    ost__buffer_init(&p->keys, m);
}

static void parts_finish(parts *p)
{
    ost__buffer_finish(&p->keys);
    ost__buffer_finish(&p->copy);
    ost__buffer_finish(&p->uses);
    ost__buffer_finish(&p->text);
}

static const char *place(char **next, const ost__buffer *b)
{
    char *at = *next;
    if (b->size == 0)
        return NULL;
    memcpy(at, b->data, b->size + 1);
    *next += b->size + 1;
    return at;
}

/* One allocation: the plan, its parameters, their types, its texts. */
static ost_plan *join(const ost__memory *m, const parts *p, uint32_t count)
{
    size_t arrays, size;
    ost_plan *plan;
    char *next;
    if (!ost__size_mul(count, sizeof(ost__pg_parameter) + sizeof(Oid), &arrays) ||
        !ost__size_add(sizeof *plan, arrays, &size) ||
        !ost__size_add(size, p->text.size + 1, &size) ||
        !ost__size_add(size, p->copy.size + 1, &size) ||
        !ost__size_add(size, p->keys.size + 1, &size))
        return NULL;
    plan = ost__alloc_zeroed(m, size);
    if (!plan)
        return NULL;
    plan->size = size;
    plan->parameter_count = count;
    next = (char *)plan->data;
    plan->parameters = (const ost__pg_parameter *)(const void *)next;
    next += count * sizeof(ost__pg_parameter);
    plan->types = (const Oid *)(const void *)next;
    next += count * sizeof(Oid);
    plan->text = place(&next, &p->text);
    plan->copy = place(&next, &p->copy);
    plan->keys = place(&next, &p->keys);
    return plan;
}

static void finish_plan(ost_plan *plan)
{
    Oid *types = (Oid *)(uintptr_t)plan->types;
    /* A parameter that the statement does not use is null, and of any type. */
    for (uint32_t i = 0; i < plan->parameter_count; i++)
        types[i] = plan->parameters[i].oid ? plan->parameters[i].oid : OST__PG_TEXT;
    plan->key = key_of(plan->text, plan->types, plan->parameter_count);
    print_name(plan->key, plan->name);
}

ost_plan *ost__pg_plan_of_text(const ost__memory *m, const char *text)
{
    ost_plan *plan = NULL;
    parts p;
    parts_init(&p, m);
    ost__buffer_text(&p.text, text);
    if (!p.text.failed)
        plan = join(m, &p, 0);
    if (plan)
        finish_plan(plan);
    parts_finish(&p);
    return plan;
}

/* ---- bulk inserts ---- */

static void quoted(ost__buffer *out, const char *text, char quote)
{
    ost__buffer_char(out, quote);
    for (; *text; text++) {
        if (*text == quote)
            ost__buffer_char(out, quote);
        ost__buffer_char(out, *text);
    }
    ost__buffer_char(out, quote);
}

static void quoted_table(ost__buffer *out, const ost_table *t)
{
    if (t->schema) {
        quoted(out, t->schema, '"');
        ost__buffer_char(out, '.');
    }
    quoted(out, t->name, '"');
}

/* An identifier inside a literal: what is quoted in it is quoted twice. */
static void twice_quoted(ost__buffer *out, const char *name)
{
    ost__buffer_char(out, '"');
    for (; *name; name++) {
        if (*name == '"' || *name == '\'')
            ost__buffer_char(out, *name);
        ost__buffer_char(out, *name);
    }
    ost__buffer_char(out, '"');
}

/* The table's name as a literal. */
static void table_literal(ost__buffer *out, const ost_table *t)
{
    ost__buffer_char(out, '\'');
    if (t->schema) {
        twice_quoted(out, t->schema);
        ost__buffer_char(out, '.');
    }
    twice_quoted(out, t->name);
    ost__buffer_char(out, '\'');
}

/* The insert gives back its generated key, or nothing. */
static bool only_key(const ost_shape *s)
{
    if (s->column_count == 0)
        return true;
    return s->column_count == 1 && s->table->auto_key && s->columns[0]->op == OST_OP_MEMBER &&
           s->columns[0]->field == s->table->auto_key;
}

static Oid key_type(const ost_shape *s, ost_error *e)
{
    const ost_field *f = s->table->auto_key;
    const ost__sql_use use = { .role = OST__SQL_VALUE,
                               .type = f->type & (uint16_t)~OST_TYPE_OPTIONAL,
                               .field = f };
    ost__pg_parameter p = { .oid = 0 };
    if (ost__pg_parameters(&use, 1, &p, 1, e) != OST_OK)
        return 0;
    return p.oid;
}

static void copy_text(ost__buffer *out, const ost_shape *s)
{
    ost__buffer_text(out, "COPY ");
    quoted_table(out, s->table);
    for (uint32_t i = 0; i < s->change_count; i++) {
        ost__buffer_text(out, i == 0 ? " (" : ", ");
        quoted(out, s->changes[i].field->column, '"');
    }
    if (s->column_count == 1) {
        ost__buffer_text(out, ", ");
        quoted(out, s->table->auto_key->column, '"');
    }
    ost__buffer_text(out, ") FROM STDIN (FORMAT binary)");
}

/* COPY takes the bytes for what its column is, where INSERT would convert: each column must be of
 * the type that its member is encoded as. */
static void types_text(ost__buffer *out, const ost_shape *s)
{
    ost__buffer_text(out, " AND (SELECT count(*) FROM pg_catalog.pg_attribute w"
                          " WHERE w.attrelid = c.oid AND NOT w.attisdropped AND (");
    for (uint32_t i = 0; i < s->change_count; i++) {
        const ost_field *f = s->changes[i].field;
        Oid type = ost__pg_column_type(s->table, f);
        ost__buffer_text(out, i == 0 ? "w.attname = " : " OR w.attname = ");
        quoted(out, f->column, '\'');
        ost__buffer_text(out, " AND w.atttypid IN (");
        ost__buffer_uint(out, type);
        /* The same bytes. */
        if (type == OST__PG_TEXT) {
            ost__buffer_text(out, ", ");
            ost__buffer_uint(out, OST__PG_VARCHAR);
        }
        ost__buffer_text(out, ")");
    }
    ost__buffer_text(out, ")) = ");
    ost__buffer_uint(out, s->change_count);
}

/*
 * Whether COPY does here what INSERT would do: rules, row security and triggers that may change a
 * row say no, and so does a key that the caller may not take from its sequence. Each row is a key,
 * if keys are made; NULL: no COPY. The text ends where the number of rows is missing, and a
 * bracket.
 */
static void keys_text(ost__buffer *out, const ost_shape *s, Oid type)
{
    const char *cast = type == OST__PG_INT2 ? "::int2" : type == OST__PG_INT4 ? "::int4" : "::int8";
    bool made = s->column_count == 1;
    ost__buffer_text(out, "WITH t AS MATERIALIZED (SELECT c.relkind IN ('r', 'p')"
                          " AND NOT c.relhasrules AND NOT row_security_active(c.oid)"
                          " AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g"
                          " WHERE g.tgrelid = c.oid AND NOT g.tgisinternal"
                          " AND g.tgtype & 4 <> 0)");
    types_text(out, s);
    if (made) {
        ost__buffer_text(out, " AND q.s IS NOT NULL AND a.attidentity <> 'a'"
                              " AND has_sequence_privilege(q.s, 'USAGE, UPDATE')"
                              " AND a.atttypid = ");
        ost__buffer_uint(out, type);
    }
    ost__buffer_text(out, " AS yes");
    if (made)
        ost__buffer_text(out, ", q.s::regclass AS s");
    ost__buffer_text(out, " FROM pg_catalog.pg_class c");
    if (made) {
        ost__buffer_text(out, " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
                              " AND a.attname = ");
        quoted(out, s->table->auto_key->column, '\'');
        ost__buffer_text(out, " CROSS JOIN LATERAL (SELECT pg_get_serial_sequence(");
        table_literal(out, s->table);
        ost__buffer_text(out, ", ");
        quoted(out, s->table->auto_key->column, '\'');
        ost__buffer_text(out, ") AS s) q");
    }
    ost__buffer_text(out, " WHERE c.oid = to_regclass(");
    table_literal(out, s->table);
    if (made) {
        ost__buffer_text(out, ")) SELECT CASE WHEN t.yes THEN nextval(t.s)");
        ost__buffer_text(out, cast);
    } else {
        ost__buffer_text(out, ")) SELECT CASE WHEN t.yes THEN 1");
    }
    ost__buffer_text(out, " END FROM t, generate_series(1, ");
}

static void bulk_texts(parts *p, const ost_shape *s, enum ost__pg_flavour flavour, ost_error *e)
{
    Oid type = 0;
    if (s->kind != OST_DO_INSERT || s->change_count == 0 || s->table->adopted || !only_key(s) ||
        flavour == OST__PG_COCKROACH)
        return;
    if (s->column_count == 1) {
        type = key_type(s, e);
        if (type != OST__PG_INT2 && type != OST__PG_INT4 && type != OST__PG_INT8)
            return;
    }
    copy_text(&p->copy, s);
    keys_text(&p->keys, s, type);
}

/* ---- plans ---- */

ost_status ost__pg_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                           ost_plan **out, ost_error *error)
{
    enum ost__pg_flavour flavour = ost__pg_flavour_of(caps->fingerprint);
    ost_status status;
    ost_plan *plan;
    parts p;
    *out = NULL;
    parts_init(&p, &b->memory);
    status = ost__sql_statement(dialects[flavour], shape, &p.text, &p.uses, error);
    if (status != OST_OK)
        goto cleanup;
    bulk_texts(&p, shape, flavour, error);
    plan = p.copy.failed || p.keys.failed ? NULL : join(&b->memory, &p, shape->parameter_count);
    if (!plan) {
        status = ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
        goto cleanup;
    }
    status = ost__pg_parameters(
        (const ost__sql_use *)(const void *)p.uses.data, p.uses.size / sizeof(ost__sql_use),
        (ost__pg_parameter *)(uintptr_t)plan->parameters, plan->parameter_count, error);
    if (status != OST_OK) {
        ost__pg_discard(b, plan);
        goto cleanup;
    }
    finish_plan(plan);
    *out = plan;
cleanup:
    parts_finish(&p);
    return status;
}

void ost__pg_discard(ost_backend *b, ost_plan *plan)
{
    if (plan)
        ost__free(&b->memory, plan, plan->size);
}

const char *ost__pg_plan_text(const ost_plan *plan)
{
    return plan->text;
}
