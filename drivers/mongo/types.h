/* SPDX-License-Identifier: MIT */
/* Stored forms: what a member is in a document, both ways. */
#ifndef OSTLER_MONGO_TYPES_H
#define OSTLER_MONGO_TYPES_H

#include "mongo/plan.h"

/* What a document may have, with its keys. */
enum { OST__MONGO_DOCUMENT_MAX = 16 << 20 };
/* What the server takes with its own 16 KiB around a document, less what is added behind. */
enum { OST__MONGO_COMMAND_MAX = OST__MONGO_DOCUMENT_MAX + 12288 };

bool ost__mongo_is_enumeration(const ost_field *f);

/* ---- one value ---- */

/* The value of an element. Texts and binaries are borrowed, or in `inside`. */
typedef struct ost__mongo_value {
    uint8_t type;    /* BSON_TYPE_…; BSON_TYPE_EOD: absent */
    uint8_t subtype; /* of a binary */
    bool is_inside;  /* the text is in `inside` */
    uint32_t size;   /* of a text, without its NUL; of a binary */
    union {
        bool boolean;
        int32_t int32;
        int64_t int64; /* also of a date, in milliseconds */
        double real;
        bson_decimal128_t decimal;
        const void *data; /* of a text, binary or ObjectId */
        char inside[24];
    } as;
} ost__mongo_value;

/*
 * The C value of kind `type` at `at` in the stored form of `field` (NULL: plain). `size` is that of
 * a char array. `compared`: it is not to be stored, and need only have a place in the order.
 * OST_RANGE: it has no such form; OST_TOO_LARGE: no document could hold it; OST_UNSUPPORTED: no
 * scalar, see documents.h.
 */
ost_status ost__mongo_store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                            bool compared, ost__mongo_value *out);
/* A parameter's value, of `record` if it is taken from records. */
ost_status ost__mongo_store_parameter(const ost_parameter *p, const void *record, bool compared,
                                      ost__mongo_value *out);
/* An item of a list, to be compared with. */
ost_status ost__mongo_item(const ost_parameter *p, size_t item, ost__mongo_value *out);
/* Says which member was refused, and why; returns `status`. */
ost_status ost__mongo_misfit(const ost_field *field, uint16_t type, ost_status status,
                             ost_error *error);

/* ---- decimals ---- */

/* 34 digits at most; false: it has more. */
bool ost__mongo_decimal_to(ost_decimal d, bson_decimal128_t *out);
/* false: no number, or one of more than 38 digits before or behind the point. *rounded (may be
 * NULL): with 34 digits, the exponent of the last, since others may have been behind it; else
 * INT32_MIN. */
bool ost__mongo_decimal_from(const bson_decimal128_t *value, ost_decimal *out, int32_t *rounded);

/* ---- documents that are written by hand ---- */

/* A document in the making, within the memory of a bson_t. What does not fit in any command sets
 * `failed`. */
typedef struct ost__mongo_text {
    bson_t *bson;
    uint8_t *data;
    uint32_t size, capacity;
    bool failed;
} ost__mongo_text;
/* Begins a document in `bson`, whose memory is used again. */
void ost__mongo_text_begin(ost__mongo_text *t, bson_t *bson);
/* Begins a document or array as an element; the place is what _close() takes. */
uint32_t ost__mongo_text_open(ost__mongo_text *t, uint8_t type, const char *key, size_t key_size);
void ost__mongo_text_close(ost__mongo_text *t, uint32_t place);
/* Makes room behind what there is; NULL: there is none. */
uint8_t *ost__mongo_text_take(ost__mongo_text *t, size_t size);
/* A value without the type and the key before it. */
void ost__mongo_text_bare(ost__mongo_text *t, const ost__mongo_value *value);
void ost__mongo_set32(uint8_t *at, uint32_t n);
void ost__mongo_text_value(ost__mongo_text *t, const char *key, size_t key_size,
                           const ost__mongo_value *value);
/* Back to where it was: what has been written since is gone. */
void ost__mongo_text_undo(ost__mongo_text *t, uint32_t size);
/* Ends the document: the bson_t holds it. false: it did not fit. */
bool ost__mongo_text_end(ost__mongo_text *t);
/* The key of item `i` of an array; returns its size. */
size_t ost__mongo_index_key(uint32_t i, char out[16]);

/* ---- rows ---- */

/* Steps whose way is decided beforehand, and those that a row may have. */
enum { OST__MONGO_READER_STEPS = 64, OST__MONGO_READER_MOST = 512 };

/* Where the value of a step comes from, and how it is read. */
typedef struct ost__mongo_way_of {
    const char *name;
    uint16_t size;   /* of the name */
    uint16_t repeat; /* the next step of the same name; 0: none */
    uint8_t way;
} ost__mongo_way_of;

/* How the documents of a result become rows; made once for a reply. */
typedef struct ost__mongo_reader {
    const ost_plan *plan;
    const ost_row_program *program;
    ost_sink *sink;
    uint32_t count;                               /* of the steps */
    bool averages;                                /* some are made of a sum and a count */
    bool broken;                                  /* what came was no document */
    ost_status failed;                            /* the first row that did not fit */
    size_t rows;                                  /* delivered */
    uint64_t needed[OST__MONGO_READER_MOST / 64]; /* steps that cannot be absent */
    ost__mongo_way_of ways[OST__MONGO_READER_STEPS];
} ost__mongo_reader;
/* OST_UNSUPPORTED: more columns than a row may have. */
ost_status ost__mongo_reader_begin(ost__mongo_reader *r, const ost_plan *plan,
                                   const ost_row_program *program, ost_sink *sink);
/*
 * Decodes a document into the next row of the sink. OST_OK also where a column failed: the sink was
 * told, `failed` is set, the row dropped. Another status: the sink took no more, or `broken`.
 */
ost_status ost__mongo_reader_row(ost__mongo_reader *r, const uint8_t *data, size_t size);
/* Delivers the row of aggregates over nothing: counts are 0, the rest is absent. */
ost_status ost__mongo_reader_nothing(ost__mongo_reader *r);
/* Puts a generated key into the next row. OST_RANGE is told to the sink, and `failed`. */
ost_status ost__mongo_reader_key(ost__mongo_reader *r, int64_t key);
/* What the sink says where it took no more. */
ost_status ost__mongo_sink_failed(const ost_sink *sink, ost_error *error);

/* Elements of a document or array as they lie there. */
typedef struct ost__mongo_elements {
    const uint8_t *at, *end;
} ost__mongo_elements;
typedef struct ost__mongo_element {
    uint8_t type;
    const char *key;
    size_t key_size;
    const uint8_t *data;
    uint32_t size; /* of `data`, all of it */
} ost__mongo_element;
/* false: it is no document. */
bool ost__mongo_elements_of(const uint8_t *data, size_t size, ost__mongo_elements *out);
/* false: there is no further element; with *broken, what follows is none. */
bool ost__mongo_element_next(ost__mongo_elements *e, ost__mongo_element *out, bool *broken);

#endif
