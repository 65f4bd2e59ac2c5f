/* SPDX-License-Identifier: MIT */
/* What the ways of writing share: one record, many, by query. */
#ifndef OSTLER_SESSION_WRITE_H
#define OSTLER_SESSION_WRITE_H

#include "session/session.h"

/* `now` is read only for a model that has stamps or the like. */
ost__rules ost__rules_of(ost_session *s, const ost__model *m);
/* Marks the session's error as one of this model from before anything was sent. */
ost_status ost__refused(ost_session *s, const ost__model *m, ost_status status);
ost_status ost__constraint_failed(ost_session *s, const ost__model *m, ost_status status);
/* One SET from the records for each field. */
bool ost__put_fields(ost_session *s, const ost__model *m, const ost__field_set *which,
                     ost__section *changes);
bool ost__key_is_given(const ost__model *m, const void *record);
/* Inserts `count` prepared shadows that agree in whether their key is given; keys are written back
 * to the shadows. */
ost_status ost__insert_run(ost_session *s, const ost__model *m, bool key_given, void *shadows,
                           size_t count, size_t *failed_record);
/* One record, which may be one of the session's. */
ost_status ost__insert_record(ost_session *s, const ost__model *m, void *record);
/* What a struct of the program's own gets back from its shadow. */
void ost__insert_write_back(const ost__model *m, void *record, const void *shadow);
/* A sink over records that are there: row r is record r. */
void ost__sink_over(ost__sink *k, void *records, size_t stride, size_t count,
                    const ost_row_program *program);

#endif
