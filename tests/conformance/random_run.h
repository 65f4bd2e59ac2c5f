/* SPDX-License-Identifier: MIT */
/* Runs random programs one after the other on one database. */
#ifndef CONFORMANCE_RANDOM_RUN_H
#define CONFORMANCE_RANDOM_RUN_H

#include "ways.h"

/*
 * Runs `programs` of them, or as many as OST_RANDOM_PROGRAMS says, `share` percent of those; or the
 * one that OST_SEED names, with a trace. A difference prints seed, program, statement and rows, and
 * fails the test. Ways that OST_RANDOM_WAYS does not name run none, if it names any.
 */
void random_run(const way *by, unsigned share, uint64_t programs, uint64_t first_seed);

#endif
