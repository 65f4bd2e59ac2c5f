/* SPDX-License-Identifier: MIT */
/* Answers: tables for a person, or one JSON document for a program. */
#ifndef ATLAS_OUTPUT_H
#define ATLAS_OUTPUT_H

#include <ostler/ostler.h>
#include <stdio.h>

typedef struct output {
    FILE *file;
    char *document; /* the JSON, which is written only when it is whole */
    size_t document_size;
    size_t answers;
    bool json;
    bool color;
} output;

/* Room for output_number(). */
#define OUTPUT_NUMBER_SIZE 32

/* Starts the output; false if there is no memory. Colour is for terminals, and never with NO_COLOR.
 */
bool output_open(output *out, bool json);
/* How many records of a kind are stored. */
void output_count(output *out, const char *noun, int64_t count);
/* Starts an answer. Exactly one of the next three calls follows, then output_end_answer(). */
void output_begin_answer(output *out, const char *name, const char *question);
/*
 * Shows an array of records. `columns` names the members of the table and ends in NULL; if it
 * starts with NULL, all are shown. The JSON has all members of each record in any case. `rows` NULL
 * means that the query failed: its status is returned.
 */
ost_status output_rows(output *out, ost_session *s, const ost_model *model, size_t record_size,
                       const void *rows, size_t count, const char *const *columns);
/* Shows one page of a result, as output_rows() does. */
ost_status output_page(output *out, ost_session *s, const ost_model *model, size_t record_size,
                       const void *rows, const ost_page *page, size_t count,
                       const char *const *columns);
/* Shows the JSON of one record as it is. */
ost_status output_record(output *out, ost_session *s, const char *json);
void output_end_answer(output *out);
/* Writes what is left and frees everything; false if it could not be written. */
bool output_close(output *out);
/* Frees everything and writes nothing more. */
void output_discard(output *out);

/* Prints a number with thousands separators into `text` of OUTPUT_NUMBER_SIZE bytes. */
void output_number(int64_t number, char *text);

#endif
