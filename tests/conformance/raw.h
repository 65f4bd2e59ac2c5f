/* SPDX-License-Identifier: MIT */
/* SQL as it is, by the library's own connection: every way to a backend has one. Commands of
 * MongoDB go by its client. */
#ifndef CONFORMANCE_RAW_H
#define CONFORMANCE_RAW_H

#include "ostler/ostler.h"

/* Runs one statement on the connection of a session. */
ost_status run_raw(ost_session *on, const char *text);
/* The same, on MongoDB with commands as documents of Extended JSON. */
ost_status run_raw_or(ost_session *on, const char *text, const char *commands);

/* The table of others, empty, with rules of its own. */
ost_status make_ledger(ost_session *on);

#endif
