/* SPDX-License-Identifier: MIT */
/* SQL as it is, by the library's own connection: every way to a backend has one. */
#ifndef CONFORMANCE_RAW_H
#define CONFORMANCE_RAW_H

#include "ostler/ostler.h"

/* Runs one statement on the connection of a session. */
ost_status run_raw(ost_session *on, const char *text);

#endif
