/* SPDX-License-Identifier: MIT */
#include "model/check.h"

#include <stdalign.h>
#include <string.h>

#include "base/utf8.h"
#include "model/caseless.h"
#include "model/convert.h"
#include "model/member.h"

enum {
    COLUMNS_MAX = 16,    /* the fewest that a backend allows */
    INDEXES_MAX = 256,   /* of one model */
    RELATIONS_MAX = 256, /* of one model */
    DEPTH_MAX = 16,      /* of a partial index's condition */
    ARGS_MAX = 64        /* of one of its operators */
};

/* Copies an element of an array whose stride is the program's; false if the stride is too small to
 * hold what is needed. */
static void read_at(void *out, size_t size, const void *array, size_t i, size_t stride)
{
    memset(out, 0, size);
    memcpy(out, (const char *)array + i * stride, stride < size ? stride : size);
}

/* ---- conditions of partial indexes ---- */

static ost_node *new_node(ost__check *c, uint16_t op, uint16_t type)
{
    ost_node *n = ost__check_alloc(c, 1, sizeof *n, alignof(ost_node));
    if (!n)
        return NULL;
    n->op = op;
    n->type = type;
    n->parameter = OST_NO_PARAMETER;
    return n;
}

static bool set_args(ost__check *c, ost_node *n, const ost_node *const *args, uint32_t count)
{
    const ost_node **copies = ost__check_alloc(c, count, sizeof *copies, alignof(ost_node *));
    if (!copies)
        return false;
    memcpy(copies, args, count * sizeof *copies);
    n->args = copies;
    n->arg_count = count;
    return true;
}

static ost_node *member_node(ost__check *c, const ost_field *f)
{
    ost_node *n = new_node(c, OST_OP_MEMBER, ost__base_type(f->type));
    if (!n)
        return NULL;
    n->field = f;
    n->nullable = ost__field_nullable(f);
    n->precision = f->precision;
    n->scale = f->scale;
    return n;
}

static ost_node *constant_node(ost__check *c, const ost_field *f, const ost_value *given,
                               const char *index)
{
    ost_value *v = ost__check_alloc(c, 1, sizeof *v, alignof(ost_value));
    if (!v)
        return NULL;
    if (given)
        *v = *given;
    bool bad = v->type == OST_TYPE_NONE || (v->type == OST_TYPE_TEXT && !v->as.text) ||
               (v->type == OST_TYPE_BLOB && !v->as.blob.data) ||
               ost__value_fit(f, v) != OST__FIT_OK ||
               (v->type == OST_TYPE_TEXT && !ost__utf8_valid(v->as.text, strlen(v->as.text)));
    if (bad) {
        ost__check_fail(c, f->name, "where",
                        "index %s compares it with a constant that does not fit %s: use "
                        "OST_WHERE_EQ() with one that does",
                        index, ost__type_name(f->type));
        return NULL;
    }
    ost_node *n = new_node(c, OST_OP_VALUE, v->type);
    if (!n)
        return NULL;
    n->field = f;
    n->constant = v;
    n->precision = f->precision;
    n->scale = f->scale;
    return n;
}

static const ost_field *where_field(ost__check *c, const ost__model *m, const ost_expr *e,
                                    const char *index)
{
    const ost_field *f = NULL;
    if (e->model && ost__model_is(m, e->model))
        f = ost__model_field(m, &e->member);
    if (!f)
        ost__check_fail(c, e->member.path, "where",
                        "the condition of index %s looks at it, but it is no field of %s", index,
                        m->table.model);
    return f;
}

static ost_node *where_node(ost__check *c, const ost__model *m, const ost_model *copy,
                            const ost_expr *given, const char *index, int depth);

static ost_node *logic_node(ost__check *c, const ost__model *m, const ost_model *copy,
                            const ost_expr *e, const char *index, int depth)
{
    const ost_node *args[ARGS_MAX];
    uint32_t count = 0;
    for (; e->args && e->args[count]; count++) {
        if (e->args[count]->op == OST_OP_END)
            break;
        if (count == ARGS_MAX) {
            ost__check_fail(c, NULL, "where", "index %s: an operator has more than %d arguments",
                            index, (int)ARGS_MAX);
            return NULL;
        }
        args[count] = where_node(c, m, copy, e->args[count], index, depth + 1);
        if (!args[count])
            return NULL;
    }
    if (!e->args || !e->args[count] || count == 0 || (e->op == OST_OP_NOT && count != 1)) {
        ost__check_fail(c, NULL, "where",
                        "index %s: an operator lacks an argument, or has a NULL among them: end "
                        "the list in &ost_expr_end",
                        index);
        return NULL;
    }
    ost_node *n = new_node(c, e->op, OST_TYPE_BOOL);
    if (!n || !set_args(c, n, args, count))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        n->nullable |= args[i]->nullable;
    return n;
}

/* A caseless member is compared by what is kept of it. */
static const ost_node *compared_constant(ost__check *c, const ost_field *f, const ost_value *given,
                                         const char *index)
{
    ost_node *n = constant_node(c, f, given, index);
    const ost_field *by = ost__compared_by(f);
    ost_value *v = n && by != f ? ost__check_alloc(c, 1, sizeof *v, alignof(ost_value)) : NULL;
    if (!n || by == f || !v)
        return by == f ? n : NULL;
    *v = *n->constant;
    v->as.text = ost__caseless_text(c->arena, v->as.text);
    if (!v->as.text)
        c->no_memory = true;
    n->constant = v;
    n->field = by;
    return v->as.text ? n : NULL;
}

static ost_node *leaf_node(ost__check *c, const ost__model *m, const ost_expr *e, const char *index)
{
    const ost_field *f = where_field(c, m, e, index);
    if (!f)
        return NULL;
    bool is_test = e->op == OST_OP_IS_NULL || e->op == OST_OP_NOT_NULL;
    const ost_node *args[2];
    args[0] = member_node(c, is_test ? f : ost__compared_by(f));
    args[1] = is_test ? NULL : compared_constant(c, f, e->constant, index);
    ost_node *n = new_node(c, e->op, OST_TYPE_BOOL);
    if (!n || !args[0] || (!is_test && !args[1]) || !set_args(c, n, args, is_test ? 1 : 2))
        return NULL;
    n->nullable = !is_test && args[0]->nullable;
    return n;
}

/* NULL: a mistake, which was reported, or no memory. */
static ost_node *where_node(ost__check *c, const ost__model *m, const ost_model *copy,
                            const ost_expr *given, const char *index, int depth)
{
    ost_expr e;
    read_at(&e, sizeof e, given, 0, copy->expr_size);
    if (depth > DEPTH_MAX) {
        ost__check_fail(c, NULL, "where", "index %s: the condition is nested deeper than %d", index,
                        (int)DEPTH_MAX);
        return NULL;
    }
    switch (e.op) {
    case OST_OP_AND:
    case OST_OP_OR:
    case OST_OP_NOT: return logic_node(c, m, copy, &e, index, depth);
    case OST_OP_IS_NULL:
    case OST_OP_NOT_NULL:
    case OST_OP_EQ:
    case OST_OP_NE:
    case OST_OP_LT:
    case OST_OP_LE:
    case OST_OP_GT:
    case OST_OP_GE:
        if (!e.args)
            return leaf_node(c, m, &e, index);
        break;
    default: break;
    }
    ost__check_fail(c, NULL, "where",
                    "index %s: a condition may hold comparisons of a member with a constant, null "
                    "tests, and, or, not",
                    index);
    return NULL;
}

/* ---- indexes ---- */

static bool is_built(ost__check *c, const ost_index *index)
{
    if (index->kind == OST_GEO)
        ost__check_unsupported(c, NULL, "a geo index");
    else if (index->kind != OST_BTREE && index->kind != OST_FULL_TEXT)
        ost__check_fail(c, NULL, "index", "has an index of the unknown kind %u",
                        (unsigned)index->kind);
    return index->kind <= OST_FULL_TEXT;
}

static bool is_plain_text(const ost_field *f)
{
    uint16_t base = ost__base_type(f->type);
    return (base == OST_TYPE_TEXT || base == OST_TYPE_CHARS) && !f->primary_key;
}

/* Options that not every database has; whether this one has them is seen when it is created. */
static void check_options(ost__check *c, const ost__model *m, const ost_index *index,
                          const ost_field **fields, const bool *descending, uint32_t count)
{
    bool words = index->kind == OST_FULL_TEXT, good = true;
    bool odd = index->unique || index->sparse || index->expire_after_s > 0 ||
               index->collation != OST_EXACT;
    for (uint32_t i = 0; words && i < count; i++) {
        good = good && !descending[i];
        if (!is_plain_text(fields[i]))
            ost__check_fail(c, fields[i]->name, "index",
                            "is in a full-text index, but is no text, or part of the key");
    }
    if (words && (odd || !good))
        ost__check_fail(c, NULL, "index",
                        "has a full-text index that is unique, sparse, descending, expires or has "
                        "a collation: leave that out");
    if (index->among_living && (!index->unique || !m->table.deleted))
        ost__check_fail(c, NULL, "index",
                        "has an index with .among_living, which is for unique indexes of a model "
                        "with a member of .stamp = OST_ON_DELETE");
    if (index->collation > OST_CASELESS)
        ost__check_fail(c, NULL, "index", "has an index of the unknown collation %u",
                        (unsigned)index->collation);
    if (index->sparse && index->where)
        ost__check_fail(c, NULL, "index",
                        "has a sparse index with .where: say OST_OP_NOT_NULL in it instead");
    if (index->expire_after_s > INT32_MAX)
        ost__check_fail(c, NULL, "expire_after_s", "is more than 2147483647 seconds");
    if (index->expire_after_s > 0 && !words &&
        (count != 1 || ost__base_type(fields[0]->type) != OST_TYPE_TIME || fields[0]->primary_key))
        ost__check_fail(c, NULL, "expire_after_s",
                        "needs an index of one member, which is an ost_time and not the key");
}

/* The fields of an index; 0: a mistake, which was reported. */
static uint32_t read_columns(ost__check *c, const ost__model *m, const ost_model *copy,
                             const ost_index *index, const ost_field **fields, bool *descending)
{
    const char *name = index->name ? index->name : "without a name";
    ost_index_column column;
    uint32_t count = 0;
    bool good = true;
    for (;; count++) {
        read_at(&column, sizeof column, index->columns, count, copy->index_column_size);
        if (!column.member.path)
            break;
        if (count == COLUMNS_MAX) {
            ost__check_fail(c, NULL, "index", "index %s has more than %d columns", name,
                            (int)COLUMNS_MAX);
            return 0;
        }
        const ost_field *f = ost__model_field(m, &column.member);
        if (!f) {
            ost__check_fail(c, column.member.path, "index",
                            "is in an index, but it is no field of %s: use OST_ASC(%s, …) with "
                            "one that is",
                            m->table.model, m->table.model);
            good = false;
        } else if (f->type >= OST_TYPE_JSON && f->type <= OST_TYPE_LIST) {
            ost__check_fail(c, f->name, "index",
                            "is in an index, but it is a document: name a member inside it");
            good = false;
        } else if (f->hashed) {
            ost__check_fail(c, f->name, "index",
                            "is in an index, but it is a hash, of which an index knows nothing: "
                            "leave it out");
            good = false;
        } else if (index->kind == OST_BTREE && ost__field_unbounded(f) && !m->table.adopted &&
                   !f->unique && !ost__compared_by(f)->unique && !f->primary_key) {
            ost__check_fail(c, f->name, "max_length",
                            "a %s that is indexed needs .max_length: not every database can index "
                            "one without",
                            f->type == OST_TYPE_BLOB ? "blob" : "text");
            good = false;
        }
        /* Words are looked for in the text itself. */
        if (f && index->kind == OST_BTREE)
            f = ost__compared_by(f);
        for (uint32_t i = 0; f && i < count; i++)
            if (fields[i] == f) {
                ost__check_fail(c, f->name, "index", "is twice in an index: remove one");
                good = false;
            }
        fields[count] = f;
        descending[count] = column.descending;
    }
    if (count == 0)
        ost__check_fail(c, NULL, "index", "index %s has no columns: add OST_COLUMNS(…)", name);
    return good ? count : 0;
}

static const char *prefix_of(const ost_index *index)
{
    return index->kind == OST_FULL_TEXT ? "ft" : index->unique ? "ux" : "ix";
}

static bool compile_index(ost__check *c, const ost__model *m, const ost_model *copy,
                          const ost_index *given, ost_table_index *out)
{
    const ost_field *fields[COLUMNS_MAX];
    bool descending[COLUMNS_MAX];
    if (!is_built(c, given))
        return false;
    uint32_t count = read_columns(c, m, copy, given, fields, descending);
    if (given->name && !ost__check_name(c, NULL, "index", given->name))
        return false;
    if (count == 0)
        return false;
    check_options(c, m, given, fields, descending, count);
    const char *name = given->name, *was = NULL;
    const char *last = given->among_living ? "living" : NULL;
    if (!name) {
        name = ost__check_compose(c, prefix_of(given), m->table.name, fields, count, last);
        was = ost__check_compose_former(c, prefix_of(given), m->table.name, fields, count, last);
    }
    const ost_field **own_fields = ost__check_alloc(c, count, sizeof *fields, alignof(ost_field *));
    bool *own_descending = ost__check_alloc(c, count, sizeof *descending, alignof(bool));
    if (!name || !own_fields || !own_descending)
        return false;
    memcpy(own_fields, fields, count * sizeof *fields);
    memcpy(own_descending, descending, count * sizeof *descending);
    *out = (ost_table_index){
        .name = name,
        .fields = own_fields,
        .descending = own_descending,
        .field_count = count,
        .kind = given->kind,
        .unique = given->unique,
        .expire_after_s = given->expire_after_s,
        .collation = given->collation,
        .sparse = given->sparse,
        .among_living = given->among_living,
        .was = was,
    };
    if (!given->where)
        return true;
    out->where = where_node(c, m, copy, given->where, name, 1);
    return out->where != NULL;
}

/* Unique members that an index keeps unique among the living. */
static bool is_unique_among_living(const ost__model *m, const ost_field *f)
{
    return m->table.deleted && !m->table.adopted && f->unique &&
           !(f->primary_key && m->table.key_count == 1);
}

static void add_living_index(ost__check *c, ost__model *m, const ost_field *f, ost_table_index *out)
{
    const ost_field **fields = ost__check_alloc(c, 1, sizeof *fields, alignof(ost_field *));
    bool *descending = ost__check_alloc(c, 1, sizeof *descending, alignof(bool));
    const char *name = ost__check_compose(c, "ux", m->table.name, &f, 1, "living");
    if (!fields || !descending || !name)
        return;
    fields[0] = f;
    *out = (ost_table_index){ .name = name,
                              .fields = fields,
                              .descending = descending,
                              .field_count = 1,
                              .kind = OST_BTREE,
                              .unique = true,
                              .among_living = true,
                              .was = ost__check_compose_former(c, "ux", m->table.name, &f, 1,
                                                               "living") };
    m->table.index_count++;
}

/* How many indexes the model has; UINT32_MAX: a mistake, which was reported. */
static uint32_t count_indexes(ost__check *c, const ost_model *copy)
{
    ost_index index;
    uint32_t count = 0;
    if (!copy->indexes)
        return 0;
    if (copy->index_size < offsetof(ost_index, kind) ||
        copy->expr_size < offsetof(ost_expr, list) ||
        copy->index_column_size < sizeof(ost_member) || copy->member_size < sizeof(ost_member)) {
        ost__check_fail(c, NULL, "struct_size",
                        "has indexes, but not the sizes of their structs: write the model with "
                        "OST_MODEL()");
        return UINT32_MAX;
    }
    for (;; count++) {
        read_at(&index, sizeof index, copy->indexes, count, copy->index_size);
        if (!index.columns || count > INDEXES_MAX)
            break;
    }
    if (index.name && !index.columns)
        ost__check_fail(c, NULL, "index", "index %s has no columns: add OST_COLUMNS(…)",
                        index.name);
    if (count > INDEXES_MAX) {
        ost__check_fail(c, NULL, "index", "has more than %d indexes", (int)INDEXES_MAX);
        return UINT32_MAX;
    }
    return count;
}

void ost__model_compile_indexes(ost__check *c, ost__model *m, const ost_model *copy)
{
    ost_index index;
    c->model = m->table.model;
    uint32_t count = count_indexes(c, copy), own = 0;
    for (uint32_t i = 0; i < m->table.field_count; i++)
        own += is_unique_among_living(m, &m->fields[i]);
    if (count == UINT32_MAX || count + own == 0)
        return;
    ost_table_index *indexes =
        ost__check_alloc(c, count + own, sizeof *indexes, alignof(ost_table_index));
    if (!indexes)
        return;
    for (uint32_t i = 0; i < count; i++) {
        read_at(&index, sizeof index, copy->indexes, i, copy->index_size);
        if (compile_index(c, m, copy, &index, &indexes[m->table.index_count]))
            m->table.index_count++;
    }
    for (uint32_t i = 0; own > 0 && i < m->table.field_count; i++)
        if (is_unique_among_living(m, &m->fields[i]))
            add_living_index(c, m, &m->fields[i], &indexes[m->table.index_count]);
    m->table.indexes = indexes;
}

/* ---- foreign keys ---- */

/* NULL: a mistake, which was reported here or when the target was read. */
static const ost__model *target_of(ost__check *c, const ost_relation *r, ost__model *const *all,
                                   uint32_t count)
{
    bool some_unread = false;
    for (uint32_t i = 0; r->target && i < count; i++) {
        if (all[i] && ost__model_is(all[i], r->target))
            return all[i]->table.key_count ? all[i] : NULL;
        some_unread = some_unread || !all[i];
    }
    if (!some_unread)
        ost__check_fail(c, r->name, "target",
                        "belongs to a model that was not given to ost_open: add it to .models");
    return NULL;
}

/* The members of a foreign key; 0: a mistake, which was reported. */
static uint32_t read_keys(ost__check *c, const ost__model *m, const ost_model *copy,
                          const ost_relation *r, const ost__model *target, const ost_field **fields)
{
    const ost_table *table = &target->table;
    uint32_t count = 0;
    bool alike = true;
    for (ost_member member; r->keys; count++) {
        read_at(&member, sizeof member, r->keys, count, copy->member_size);
        if (!member.path)
            break;
        const ost_field *f = count < COLUMNS_MAX ? ost__model_field(m, &member) : NULL;
        if (!f) {
            ost__check_fail(c, r->name, "foreign_key",
                            "names the foreign key %s, which is no field of %s: use one that is",
                            member.path, m->table.model);
            return 0;
        }
        fields[count] = f;
        alike = alike && count < table->key_count && ost__fields_alike(f, table->keys[count]);
    }
    if (alike && count > 0 && count == table->key_count)
        return count;
    ost__check_fail(c, r->name, "foreign_key",
                    "needs a foreign key with as many members, and of the same kinds, as the key "
                    "of %s",
                    table->model);
    return 0;
}

static bool same_key(const ost_table_foreign_key *a, const ost_field *const *fields, uint32_t count)
{
    return a->field_count == count && memcmp(a->fields, fields, count * sizeof *fields) == 0;
}

static void add_foreign_key(ost__check *c, ost__model *m, ost_table_foreign_key *keys,
                            const ost_relation *r, const ost__model *target,
                            const ost_field *const *fields, uint32_t count)
{
    const char *last = NULL;
    for (uint32_t i = 0; i < m->table.foreign_key_count; i++) {
        if (!same_key(&keys[i], fields, count))
            continue;
        if (keys[i].target == &target->table)
            return;
        last = target->table.name;
    }
    const ost_field **own = ost__check_alloc(c, count, sizeof *own, alignof(ost_field *));
    const char *name = ost__check_compose(c, "fk", m->table.name, fields, count, last);
    if (!own || !name)
        return;
    memcpy(own, fields, count * sizeof *own);
    keys[m->table.foreign_key_count++] = (ost_table_foreign_key){
        .name = name,
        .fields = own,
        .field_count = count,
        .on_delete = r->on_delete,
        .target = &target->table,
        .was = ost__check_compose_former(c, "fk", m->table.name, fields, count, last),
    };
}

static void compile_relation(ost__check *c, ost__model *m, const ost_model *copy,
                             const ost_relation *r, ost_table_foreign_key *keys,
                             ost__model *const *all, uint32_t count)
{
    if (r->on_delete)
        ost__check_unsupported(c, r->name, ".on_delete");
    if (r->kind > OST_MANY_TO_MANY_)
        ost__check_fail(c, r->name, "relation", "has the unknown kind %u", (unsigned)r->kind);
    if (r->kind != OST_BELONGS_TO_)
        return;
    const ost__model *target = target_of(c, r, all, count);
    if (!target)
        return;
    const ost_field *fields[COLUMNS_MAX];
    uint32_t members = read_keys(c, m, copy, r, target, fields);
    if (members)
        add_foreign_key(c, m, keys, r, target, fields, members);
}

void ost__model_compile_relations(ost__check *c, ost__model *m, const ost_model *copy,
                                  ost__model *const *all, uint32_t count)
{
    ost_relation r;
    uint32_t relations = 0;
    c->model = m->table.model;
    if (!copy->relations)
        return;
    if (copy->relation_size < offsetof(ost_relation, other_keys) ||
        copy->member_size < sizeof(ost_member)) {
        ost__check_fail(c, NULL, "struct_size",
                        "has relations, but not the sizes of their structs: write the model with "
                        "OST_MODEL()");
        return;
    }
    for (;; relations++) {
        read_at(&r, sizeof r, copy->relations, relations, copy->relation_size);
        if (!r.name || relations > RELATIONS_MAX)
            break;
    }
    if (relations > RELATIONS_MAX) {
        ost__check_fail(c, NULL, "relation", "has more than %d relations", (int)RELATIONS_MAX);
        return;
    }
    ost_table_foreign_key *keys =
        ost__check_alloc(c, relations, sizeof *keys, alignof(ost_table_foreign_key));
    if (!keys)
        return;
    m->table.foreign_keys = keys;
    for (uint32_t i = 0; i < relations; i++) {
        read_at(&r, sizeof r, copy->relations, i, copy->relation_size);
        compile_relation(c, m, copy, &r, keys, all, count);
    }
}
