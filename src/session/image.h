/* SPDX-License-Identifier: MIT */
/* Images of records with converted members (model.h): their slots follow the members when they are
 * written, and the members the slots when they are read. Models without such are let through. */
#ifndef OSTLER_SESSION_IMAGE_H
#define OSTLER_SESSION_IMAGE_H

#include "session/session.h"

/*
 * The slots, from the struct. `known`: members of a record that was loaded in part (NULL: all are).
 * What is unknown, and zero, was not set: its slot stays as it is. The error is filled on failure.
 */
ost_status ost__image_convert(ost_session *s, const ost__model *m, void *image,
                              const ost__field_set *known, ost_error *e);
/* The slot of one member. Others of the struct may be unfit to be stored. */
ost_status ost__image_convert_field(ost_session *s, const ost__model *m, const ost_field *f,
                                    void *image);
/* What the rules made of the slots since `before`, in the struct. */
ost_status ost__image_settle(ost_session *s, const ost__model *m, const void *before, void *image,
                             ost_error *e);
/* Images that were read, of the members in `loaded`: the structs, from the slots. What their
 * members point to goes to `arena`. The session's error says why not. */
ost_status ost__images_load(ost_session *s, const ost__model *m, void *images, size_t count,
                            const ost__field_set *loaded, ost__arena *arena);
/* Defaults of a new record, also of converted members. `record` is zeroed. */
ost_status ost__record_defaults(ost_session *s, const ost__model *m, void *record);
/* A shadow with its slots; NULL: the session's error says why. */
void *ost__converted_shadow_of(ost_session *s, const ost__model *m, const void *record,
                               const ost__field_set *known);

#endif
