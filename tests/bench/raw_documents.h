/* SPDX-License-Identifier: MIT */
/*
 * Documents in SQL as raw C reads and writes them: with jansson. What a text holds is copied into
 * plain structs, each text and each list by a malloc, and the tree is given back.
 */
#ifndef OSTLER_BENCH_RAW_DOCUMENTS_H
#define OSTLER_BENCH_RAW_DOCUMENTS_H

#include "bench.h"

bool raw_read_home(const char *json, size_t size, bench_home *out);
bool raw_read_tags(const char *json, size_t size, bench_doc *out);
bool raw_read_remarks(const char *json, size_t size, bench_doc *out);
/* Into a buffer that is used again; the size, 0 if there is not enough of it. */
size_t raw_write_remark(const bench_remark *remark, bool in_list, char *out, size_t room);

char *raw_copy_text(const char *text, size_t size);
/* `see` of every raw side. */
void raw_see_docs(const bench_docs *docs, bench_seen *seen);

#endif
