/* SPDX-License-Identifier: MIT */
/**
 * @file schema.h
 * Tables for models.
 *
 * ost_create_tables() makes the schemas, tables and indexes that are missing and leaves everything else alone: a second
 * run sends no DDL at all. Tables of adopted models are never touched. A column that still has the former name that
 * its field's `.was` tells is renamed; otherwise a table that exists without a column that its model needs is reported, not
 * altered.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * ost_status prepare(ost_db *db, ost_error *error)
 * {
 *     return ost_create_tables(db, error);
 * }
 * @endcode
 */
#ifndef OSTLER_SCHEMA_H
#define OSTLER_SCHEMA_H

#include "ostler/db.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Creates the tables, indexes and foreign keys of all models that are not adopted, in one transaction where the
 * backend can: then all of it is there afterwards, or nothing. Where it cannot (MySQL), a failure half way leaves what was
 * made until then, and another call goes on from there. Programs may call it at the same time: what one finds made by
 * another counts as made.
 *
 * Where the backend adds foreign keys to tables that are there, they follow once all tables are: models may stand in any
 * order and refer to each other in a circle, and a key that an existing table lacks is added. Elsewhere (SQLite) they come
 * with their table.
 *
 * A schema (ost_model's `.schema`) is made only where it is missing. Where the role may not, the error names it, with the status
 * that the database's refusal has.
 * @param db The database.
 * @param error May be NULL. ::OST_SCHEMA: an existing table lacks columns, or has one under its name and its
 * former one; each is named as a failure, and nothing was touched.
 */
OST_API ost_status ost_create_tables(ost_db *db, ost_error *error);

#ifdef __cplusplus
}
#endif
#endif
