/* SPDX-License-Identifier: MIT */
/* One value on its way to the server. */
#ifndef OSTLER_MYSQL_PLACE_H
#define OSTLER_MYSQL_PLACE_H

#include "mysql/types.h"

/* Where it comes from, and where it goes. */
typedef struct ost__my_place {
    const ost_operation *op;
    const ost__my_parameter *use;
    const ost_parameter *parameter;
    MYSQL_BIND *bind;
    ost__my_slot *slot;
    ost__buffer *text; /* where texts go that are made for the statement */
    bool changed;      /* the kind is another than before */
    bool moved;        /* the address is */
} ost__my_place;

/* Room for `count` values. What was bound before stays where it is, as long as the number is the
 * same. */
ost_status ost__my_binds_reserve(ost__my_binds *b, uint32_t count, ost_error *error);
ost_status ost__my_check_parameters(const ost__my_parameter *p, uint32_t count,
                                    const ost_operation *op, ost_error *error);

/* Of texts in b->text: where they are, once all of them are there. */
void ost__my_settle_texts(ost__my_binds *b, MYSQL_BIND *binds);

void ost__my_set_data(ost__my_place *p, const void *data, size_t size);
ost_status ost__my_set_null(ost__my_place *p);
/* The text that was appended to p->text from `start` on. The buffer may still move: its address
 * comes last, by ost__my_settle_texts(). */
ost_status ost__my_set_made(ost__my_place *p, size_t start);
/* documents.c: a value as JSON. OST_UNSUPPORTED: it is of no such kind. */
ost_status ost__my_set_document(ost__my_place *p, uint16_t type, const void *at);
/* The value of one record (NULL: without), checked. */
ost_status ost__my_set_parameter(ost__my_place *p, const void *record);
/* Whether members of this kind are sent from where they are, whatever they hold. */
bool ost__my_is_direct(uint16_t type, const ost_field *f);
/* Bytes on the wire. */
size_t ost__my_value_bytes(const MYSQL_BIND *bind, const ost__my_slot *slot);

/* Refusals: nothing was sent. */
ost_status ost__my_no_memory(ost_error *error);
ost_status ost__my_misfit(const ost__my_place *p, ost_status status, ost_error *error);
ost_status ost__my_too_large(const ost_operation *op, size_t bytes, size_t packet,
                             ost_error *error);

#endif
