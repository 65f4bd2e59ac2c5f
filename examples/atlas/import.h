/* SPDX-License-Identifier: MIT */
/* The import: reads the files made by others, and replaces what is stored by what they say. */
#ifndef ATLAS_IMPORT_H
#define ATLAS_IMPORT_H

#include <ostler/ostler.h>

enum { IMPORT_KINDS = 4, IMPORT_MESSAGE_SIZE = 512 };

struct json_t;

/* The parsed files, one list for each kind. */
typedef struct import_files {
    struct json_t *lists[IMPORT_KINDS];
} import_files;

/* Reads and parses every file; false with a sentence in `message` if one of them cannot be used. */
bool import_load(import_files *files, const char *folder, char *message);
void import_free(import_files *files);
/* Replaces everything, in one transaction: a failure leaves the database as it was. */
ost_status import_run(ost_session *s, const import_files *files);
/* Counts what is stored of the kind at `index`, and says what it is called. */
ost_status import_count(ost_session *s, size_t index, const char **noun, int64_t *count);

#endif
