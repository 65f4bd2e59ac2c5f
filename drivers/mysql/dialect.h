/* SPDX-License-Identifier: MIT */
/* What MariaDB and MySQL speak, as data. */
#ifndef OSTLER_MYSQL_DIALECT_H
#define OSTLER_MYSQL_DIALECT_H

#include "sql/dialect.h"

/*
 * Increments that leave a member's range or bounds fail with an error whose text holds
 * "ostler:<rule>:<column>", where <rule> is min, max or range. A message may cut long columns off.
 */
#define OST__MY_REFUSAL "ostler:"
/* The rule of an upsert that met a record by another key than the declared one. */
#define OST__MY_OTHER_KEY "key"
/* The variable that has an upsert's effect: an enum ost_effect; 0 or NULL until a record is met. */
#define OST__MY_EFFECT "@ostler_effect"

/*
 * What orders need of a session: how many bytes of a long text or blob decide (1,024 unless told),
 * and room for some such keys. What changes of lists need: that they may be long. What is longer is
 * an error in strict modes.
 */
#define OST__MY_SETTINGS                          \
    "SESSION max_sort_length = 65536, "           \
    "SESSION group_concat_max_len = 1073741824, " \
    "SESSION sort_buffer_size = GREATEST(@@SESSION.sort_buffer_size, 16777216)"

typedef struct ost__my_flavour {
    ost__sql_dialect dialect; /* first: hooks find the rest by it */
    bool mariadb;
    uint32_t least_version;     /* 100600 for 10.6.0 */
    const char *collation;      /* by bytes, without padding; the connection's must be the same */
    const char *fold_collation; /* whose letters LOWER and UPPER know best */
    uint16_t scale_max;         /* of a decimal */
} ost__my_flavour;

/* The newest that a server of this version understands; NULL: it is too old. */
const ost__my_flavour *ost__my_flavour_of(bool mariadb, uint32_t version);

#endif
