/* SPDX-License-Identifier: MIT */
/* New UUIDs and ObjectIds. */
#ifndef OSTLER_BASE_IDENTITY_H
#define OSTLER_BASE_IDENTITY_H

#include "base/memory.h"

/* State of a source of ids; one for each db; thread-safe. */
typedef struct ost__identity ost__identity;
/* `platform` is completed and outlives it. */
ost__identity *ost__identity_open(const ost__memory *m, const ost_platform *platform);
void ost__identity_close(const ost__memory *m, ost__identity *i);
/* In the child of a fork, where nobody may be left to unlock it. */
void ost__identity_forked(ost__identity *i);
ost_uuid ost__uuid_v4(ost__identity *i);
/* Increases strictly, also within a millisecond and when the clock steps back (RFC 9562, method 1:
 * a counter). */
ost_uuid ost__uuid_v7(ost__identity *i);
ost_object_id ost__object_id_new(ost__identity *i);

#endif
