/* SPDX-License-Identifier: MIT */
/* Watchers, as the session sees them. */
#ifndef OSTLER_SESSION_WATCH_H
#define OSTLER_SESSION_WATCH_H

#include "session/session.h"

bool ost__watches_open_since(const ost_session *s, uint64_t from_sequence);
/* Whether one has a stream on the session's connection. */
bool ost__watches_stream(const ost_session *s);
/* The connection is gone, or was drained: each stream is opened anew, from its token, by the next
 * call. */
void ost__watches_lost(ost_session *s);
/* Before the session goes: streams are stopped, all memory is freed. */
void ost__watches_finish(ost_session *s);

#endif
