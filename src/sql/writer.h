/* SPDX-License-Identifier: MIT */
/* The parts that statements are written with; for src/sql and for the hooks of dialects. */
#ifndef OSTLER_SQL_WRITER_H
#define OSTLER_SQL_WRITER_H

#include "base/error.h"
#include "sql/dialect.h"

/* Keeps the first refusal; the text is of no use afterwards. */
void ost__sql_refuse(ost__sql_writer *w, ost_status status, const char *format, ...)
    OST__PRINTF(3, 4);
void ost__sql_text(ost__sql_writer *w, const char *text);
void ost__sql_identifier(ost__sql_writer *w, const char *name);
/* The name of the shape's table, or of another. */
void ost__sql_table(ost__sql_writer *w, const ost_table *t);
/* The name of an index of the table where it is made: beside its table. */
void ost__sql_index(ost__sql_writer *w, const ost_table *t, const char *name);
void ost__sql_text_literal(ost__sql_writer *w, const char *text, size_t size);
/* Whether the column has texts that are folded already, so that searches see them as they are. */
static inline bool ost__sql_is_folded(const ost_node *node)
{
    return node->field && node->field->collation == OST_CASELESS;
}
/* A placeholder for a value in the stored form of `node`'s field, or of its type. */
void ost__sql_bind(ost__sql_writer *w, uint32_t parameter, enum ost__sql_role role,
                   const ost_node *node);
/* The same for a value that is written to a member. */
void ost__sql_bind_field(ost__sql_writer *w, uint32_t parameter, enum ost__sql_role role,
                         const ost_field *field);
/* The same for a limit or an offset. */
void ost__sql_bind_count(ost__sql_writer *w, uint32_t parameter);
/* " WHERE key = …": of one record, with parameters behind the shape's own. */
void ost__sql_key_condition(ost__sql_writer *w);

/* expression.c */
void ost__sql_expression(ost__sql_writer *w, const ost_node *node);
/* The same, for a place where the bytes of a text must decide: an order, a group, DISTINCT, an
 * argument of MIN. */
void ost__sql_exact(ost__sql_writer *w, const ost_node *node);
/* A condition that is a whole clause: " WHERE …", or nothing for NULL. */
void ost__sql_clause(ost__sql_writer *w, const char *keyword, const ost_node *condition);
bool ost__sql_is_aggregate(const ost_node *node);
/* Of a member inside a document: the column or element that holds the document. */
void ost__sql_document(ost__sql_writer *w, const ost_node *member);
/* The fields on the way from there to the member, the outermost first; how many. */
uint32_t ost__sql_path(const ost_node *member, const ost_field *steps[OST__SQL_STEPS]);
/* The stored names on the way from there to the field, each between `before` and `behind`. */
void ost__sql_steps(ost__sql_writer *w, const ost_node *member, const char *before,
                    const char *behind);
/* Around a text of a table made by others, so that bytes decide. */
void ost__sql_before_exact(ost__sql_writer *w, const ost_field *field);
void ost__sql_after_exact(ost__sql_writer *w, const ost_field *field);
/* Whether the field stands for the items of a list of scalars. */
bool ost__sql_is_item(const ost_field *f);

/* A node that is selected or given back. */
void ost__sql_column(ost__sql_writer *w, const ost_node *node);
/* `nodes` as columns, with commas between them. */
void ost__sql_columns(ost__sql_writer *w, const ost_node *const *nodes, uint32_t count);

/* select.c */
void ost__sql_select(ost__sql_writer *w);
/* ORDER BY, LIMIT and OFFSET, as far as the shape has them. */
void ost__sql_orders(ost__sql_writer *w);
void ost__sql_limits(ost__sql_writer *w);
void ost__sql_lock(ost__sql_writer *w, uint16_t mode);

/* write.c */
void ost__sql_insert(ost__sql_writer *w);
/* `by_key`: of one record, whose key comes behind the shape's parameters. */
void ost__sql_update(ost__sql_writer *w, bool by_key);
void ost__sql_delete(ost__sql_writer *w, bool by_key);
/* The member that is changed here, as it is before: of the table, or of a list's struct. */
ost_node ost__sql_changed(const ost__sql_writer *w, const ost_field *field);
/* The column whose document the change is in, or the list that it changes; NULL: a plain column. */
const ost_field *ost__sql_holder_of(const ost_change *c);
/* The document after those of the first `count` changes that are inside it. */
void ost__sql_document_after(ost__sql_writer *w, const ost__sql_subject *s, uint32_t count);
/* Of OST_OP_PULL_WHERE and OST_OP_UPDATE_ITEMS: what becomes of an item, e1.value, and, once the
 * table of items was written as e1, which of them stay. Between the two, members are those of the
 * items. */
void ost__sql_begin_items(ost__sql_writer *w, const ost_change *c);
void ost__sql_end_items(ost__sql_writer *w, const ost_change *c);
/* What errors of the server call it: its column, or, inside a document, "#" and its number among
 * the fields of the table; of a list's struct the list's number, and behind a point its own. */
void ost__sql_changed_name(ost__sql_writer *w, const ost_field *field);
/* The field of such a name; NULL: there is none. */
const ost_field *ost__sql_field_named(const ost_table *table, const char *name);
void ost__sql_locked_keys(ost__sql_writer *w);
void ost__sql_read_by_key(ost__sql_writer *w);

/* write.c: INSERT INTO t (…) VALUES (…), or of nothing; and what any write gives back. */
void ost__sql_insert_values(ost__sql_writer *w);
/* upsert.c: the parts of an upsert. */
void ost__sql_conflict_target(ost__sql_writer *w);
/* What becomes of a record that is there: "a = …, b = …". */
void ost__sql_upsert_changes(ost__sql_writer *w);
/* What it becomes. */
void ost__sql_upsert_value(ost__sql_writer *w, const ost_change *u);
/* Whether that would change it. */
void ost__sql_upsert_differs(ost__sql_writer *w);
/* The column of an update's change as it is stored, and what an increment adds to it. */
void ost__sql_stored(ost__sql_writer *w, const ost_field *field);
void ost__sql_amount(ost__sql_writer *w, const ost_change *change);
void ost__sql_new_value(ost__sql_writer *w, const ost_change *u);
/* The columns of the record that is there, and a last one if it is not NULL: SELECT … FROM t WHERE
 * …
 */
void ost__sql_upsert_read(ost__sql_writer *w, const char *last);

/* ddl.c */
void ost__sql_ddl(ost__sql_writer *w);

#endif
