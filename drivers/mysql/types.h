/* SPDX-License-Identifier: MIT */
/* Stored forms: what a member is in a column of MySQL, both ways; and what statements with lists
 * look like. */
#ifndef OSTLER_MYSQL_TYPES_H
#define OSTLER_MYSQL_TYPES_H

#include "base/buffer.h"
#include "mysql/client.h" /* <mysql.h>, and ost__my_bool: what its is_null points to */
#include "mysql/dialect.h"
#include "ostler/driver.h"

/* A placeholder of a statement, in their order; dialects write these as they go. */
typedef ost__sql_use ost__my_parameter;

/* ---- kinds ---- */

static inline uint16_t ost__my_kind_of(const ost_field *f)
{
    return f->type & (uint16_t)~OST_TYPE_OPTIONAL;
}
static inline bool ost__my_is_enumeration(const ost_field *f)
{
    uint16_t kind = ost__my_kind_of(f);
    return f->values && kind >= OST_TYPE_INT8 && kind <= OST_TYPE_UINT64;
}
static inline const ost_parameter *ost__my_parameter_of(const ost_operation *op, uint32_t number)
{
    const char *list = (const char *)op->parameters;
    return (const ost_parameter *)(const void *)(list + (size_t)number * op->parameter_size);
}

/* Members of these kinds travel as JSON. */
static inline bool ost__my_is_json(uint16_t type)
{
    return type == OST_TYPE_JSON || type == OST_TYPE_EMBEDDED || type == OST_TYPE_LIST;
}

/* ---- one value ---- */

/* How a value travels. */
enum ost__my_form {
    OST__MY_NULL,
    OST__MY_INTEGER, /* 8 bytes, signed */
    OST__MY_NATURAL, /* 8 bytes, unsigned */
    OST__MY_REAL,
    OST__MY_DECIMAL, /* as text */
    OST__MY_TEXT,    /* utf8mb4 */
    OST__MY_BYTES,   /* no character set */
    OST__MY_TIME,
    OST__MY_DATE
};
enum { OST__MY_CELL_SIZE = 48 };
/* Bytes of a point, and the number of longitudes and latitudes among the systems of coordinates. */
enum { OST__MY_POINT_SIZE = 25, OST__MY_WGS84 = 4326 };
/* Texts and blobs are borrowed, or in `bytes`. */
typedef struct ost__my_cell {
    uint16_t form; /* an enum ost__my_form */
    bool inside;   /* the text is in `bytes` */
    union {
        int64_t integer;
        uint64_t natural;
        double real;
        MYSQL_TIME time;
        struct {
            const void *data;
            size_t size;
        } span;
    } as;
    char bytes[OST__MY_CELL_SIZE];
} ost__my_cell;

/* The form in which values of kind `type` are stored in the column of `field` (NULL: plain). */
enum ost__my_form ost__my_form_of(uint16_t type, const ost_field *field);
/*
 * The C value of kind `type` at `at` in the stored form of `field` (NULL: plain). `size` is that of
 * a char array. OST_RANGE: it has no such form (NaN, infinities, a year that is none, digits that
 * would be lost); OST_UNSUPPORTED: a kind that is not stored yet.
 */
ost_status ost__my_store(uint16_t type, const void *at, uint32_t size, const ost_field *field,
                         ost__my_cell *out);
ost_status ost__my_store_value(const ost_value *value, const ost_field *field, ost__my_cell *out);

/* ---- parameters ---- */

typedef struct ost__my_slot {
    unsigned long size; /* of a text or blob */
    char indicator;     /* of array binding, as are the next two */
    uint8_t way;
    uint32_t offset;
    ost__my_bool is_null;
    ost__my_cell cell;
} ost__my_slot;

/* What a statement's parameters are bound with; kept with the statement and used again and again.
 */
typedef struct ost__my_binds {
    const ost__memory *memory;
    MYSQL_BIND *list;    /* `count` of them, for mysql_stmt_bind_param() */
    ost__my_slot *slots; /* one for each */
    uint32_t count, capacity;
    ost__buffer text; /* long lists, documents */
    size_t bytes;     /* about what the values take in a packet */
    bool changed;     /* kinds are others than at the last ost__my_bind() */
    bool moved;       /* addresses are */
    bool arrays;      /* the last one was of an array */
    bool makes_texts; /* of records: some of their members become texts in `text` */
    /* Of array binding: what the callback reads. */
    const ost__my_parameter *parameters;
    const ost_operation *op;
    size_t first;
} ost__my_binds;

void ost__my_binds_init(ost__my_binds *b, const ost__memory *memory);
void ost__my_binds_finish(ost__my_binds *b);

/*
 * Binds the values of one record (NULL: without) to `b->list`: `count` parameters, lists expanded
 * as ost__my_expand() writes them. The record and the operation must stay until the statement has
 * been executed. OST_RANGE, with the field: a value that the column cannot hold; OST_TOO_LARGE: a
 * long list or all together beyond `packet` bytes (0: no limit known). Nothing has been sent.
 */
ost_status ost__my_bind(ost__my_binds *b, const ost__my_parameter *p, uint32_t count,
                        const ost_operation *op, const void *record, size_t packet,
                        ost_error *error);

#if OST__MY_HAS_ARRAYS
/*
 * Array binding, of statements without lists: as many records from op->records[first] on as
 * `packet` bytes hold (0: no limit known), at most `records`; *taken is how many. All values are
 * checked before anything is sent. *failed (may be NULL) is the record that was refused; those
 * before it are untouched. A record that is too large alone is OST_TOO_LARGE.
 */
ost_status ost__my_bind_array(ost__my_binds *b, MYSQL_STMT *stmt, const ost__my_parameter *p,
                              uint32_t count, const ost_operation *op, size_t first, size_t records,
                              size_t packet, size_t *taken, size_t *failed, ost_error *error);
/* The statement takes single records again. */
void ost__my_unbind_array(MYSQL_STMT *stmt);
#endif
/* About the bytes that one record takes in a packet, for statements of many rows. The record is
 * checked as ost__my_bind() does. `scratch` is overwritten. */
ost_status ost__my_measure(const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                           const void *record, ost__buffer *scratch, size_t *bytes,
                           ost_error *error);

/* ---- lists ---- */

/* Placeholders that stand for the list: a power of two, or 1 for a JSON text. */
uint32_t ost__my_list_slots(const ost__my_parameter *use, const ost_parameter *list);
/* Whether the list goes as one JSON text. */
bool ost__my_list_is_json(const ost__my_parameter *use, const ost_parameter *list);
/* Whether any of the parameters is a list, so that the text must be expanded. */
bool ost__my_has_lists(const ost__my_parameter *p, uint32_t count);
/*
 * What tells the expanded texts of one statement apart: 4 bits for each list. false: there are more
 * lists than a key can hold, or one is too long for a placeholder each and no JSON text either;
 * prepare the statement for this run alone.
 */
bool ost__my_list_key(const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                      uint64_t *key);
/*
 * Appends the statement with its lists expanded to `out`: up to 256 items with a placeholder each
 * (the last is repeated up to a power of two), longer lists as one parameter. OST_TOO_LARGE: more
 * placeholders than a statement may have.
 */
ost_status ost__my_expand(const ost__my_flavour *flavour, const char *text, size_t size,
                          const ost__my_parameter *p, uint32_t count, const ost_operation *op,
                          ost__buffer *out, ost_error *error);
/* Appends a list as the JSON text that such a statement takes. OST_RANGE; OST_TOO_LARGE beyond
 * `packet` bytes (0: no limit known); OST_NO_MEMORY. */
ost_status ost__my_list_json(ost__buffer *out, const ost__my_parameter *use,
                             const ost_parameter *list, size_t packet);

/* ---- results ---- */

typedef struct ost__my_column ost__my_column;
typedef struct ost__my_path ost__my_path;
/* Where the rows of a statement are fetched to; kept with the statement. */
typedef struct ost__my_results {
    const ost__memory *memory;
    MYSQL_STMT *stmt;
    const ost_row_program *program;
    MYSQL_BIND *binds; /* `count` of each */
    ost__my_column *columns;
    uint32_t count, capacity;
    ost__my_path *ways; /* one for each step of the program */
    size_t way_count;
    uint8_t *scratch; /* of buffers */
    size_t scratch_size;
    const uint8_t *end; /* of the row, once a cell of it was noted */
    uint32_t known;     /* then, the columns behind the first; before, 0 */
    uint32_t whole;     /* the first column that goes beyond it; UINT32_MAX: none does */
} ost__my_results;

void ost__my_results_init(ost__my_results *r, const ost__memory *memory);
void ost__my_results_finish(ost__my_results *r);
/*
 * Makes ready for the rows of an executed statement. Call it before they are fetched, at each
 * execution and for each portion: metadata may have changed. OST_MISUSE: the program reads columns
 * that are not there; OST_SCHEMA: more columns than can be bound; OST_NO_MEMORY.
 */
ost_status ost__my_results_begin(ost__my_results *r, MYSQL_STMT *stmt,
                                 const ost_row_program *program, ost_error *error);
/*
 * Moves the row that mysql_stmt_fetch() just read (0 or MYSQL_DATA_TRUNCATED) into `row`, which is
 * zeroed. On failure *column is the column that does not fit its member, and why is returned:
 * OST_RANGE, or OST_NO_MEMORY, where the sink has the reason.
 */
ost_status ost__my_row(ost__my_results *r, ost_sink *sink, uint8_t *row, uint16_t *column);
/* Puts a generated key into the row; of inserts that cannot return it. OST_RANGE: it does not fit.
 */
ost_status ost__my_row_key(uint64_t key, const ost_row_step *step, uint8_t *row);

#endif
