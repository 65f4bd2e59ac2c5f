/* SPDX-License-Identifier: MIT */
/* Cursors, as the session sees them. */
#ifndef OSTLER_SESSION_CURSOR_H
#define OSTLER_SESSION_CURSOR_H

#include "session/session.h"

/* Handles of cursors made since `from_sequence` become handles of an earlier generation. They must
 * be closed. */
void ost__cursors_retire(ost_session *s, uint64_t from_sequence);
bool ost__cursors_open_since(const ost_session *s, uint64_t from_sequence);
/* Before the session goes: streams are stopped, all memory is freed. */
void ost__cursors_finish(ost_session *s);
/* The unit in which they were opened is undone: what was not read yet is not there any more. */
void ost__cursors_undone(ost_session *s, uint64_t from_sequence);
/* The connection is gone, or was drained: no stream can go on. */
void ost__cursors_lost(ost_session *s);

#endif
