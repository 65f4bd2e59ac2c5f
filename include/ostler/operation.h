/* SPDX-License-Identifier: MIT */
/**
 * @file operation.h
 * What a driver is handed: operations, their shapes, parameters, row programs, sinks. For driver authors.
 *
 * A shape is what is constant in an operation: a lowered tree over a table's fields, without any value but booleans. Equal
 * shapes are compiled once, by the driver's `compile`, into a plan. Values travel beside it as parameters, results
 * through a sink straight into structs, steered by a row program.
 *
 * All pointers in here are borrowed until the batch ends; shapes and tables live as long as their plans.
 *
 * @code
 * #include <ostler/operation.h>
 *
 * // The address of member `p` of record `r`, for a parameter that is taken from the records.
 * const void *member_of(const ost_operation *op, const ost_parameter *p, size_t r)
 * {
 *     return (const char *)op->records + r * op->record_stride + p->offset;
 * }
 * @endcode
 */
#ifndef OSTLER_OPERATION_H
#define OSTLER_OPERATION_H

#include "ostler/upsert.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Absolute time of the platform's monotonic clock in nanoseconds; INT64_MAX: none. */
typedef int64_t ost_deadline;
/** There is no such parameter. */
#define OST_NO_PARAMETER UINT32_MAX

typedef struct ost_plan ost_plan;   /**< A driver's own: a compiled shape. Immutable. */
typedef struct ost_table ost_table; /**< A model as it is stored. */

/* ---- tables ---- */

/** An index of a table. */
typedef struct ost_table_index {
    const char *name;                /**< Never NULL. */
    const ost_field *const *fields;  /**< `field_count` of them. */
    const bool *descending;          /**< The same number. */
    uint32_t field_count;            /**< At least 1. */
    uint16_t kind;                   /**< An enum ost_index_kind. */
    bool unique;                     /**< No two records have the same. */
    const struct ost_node *where;    /**< NULL, or the records that it holds; its values are constants in the nodes. */
    uint32_t expire_after_s;         /**< Not 0: the field is a time, and records go when it is that long ago. */
    uint16_t collation;              /**< OST_EXACT or OST_CASELESS. */
    bool sparse;                     /**< It holds no records in which all fields are absent. */
    bool among_living;               /**< With `unique`: among those whose `deleted` is absent. */
    const char *was;                 /**< What it was called before a column of it was renamed, or NULL. */
} ost_table_index;

/** A foreign key of a table; it refers to the target's primary key. */
typedef struct ost_table_foreign_key {
    const char *name;               /**< Never NULL. */
    const ost_field *const *fields; /**< In the order of the target's key. */
    uint32_t field_count;           /**< At least 1. */
    uint16_t on_delete;             /**< 0: refuse. */
    const ost_table *target;        /**< The referenced table. */
    const char *was;                /**< What it was called before a column of it was renamed, or NULL. */
} ost_table_foreign_key;

/** A model, checked and completed: `column` of every field is set. */
struct ost_table {
    uint32_t struct_size;            /**< sizeof(ost_table). */
    uint32_t id;                     /**< Number within the db. */
    const char *model;               /**< The struct's name. */
    const char *name;                /**< Stored name. */
    const ost_field *fields;         /**< `field_count` of them, with the core's ost_field: members, and behind these columns of the library's own, which have the names of the members that they are for. */
    uint32_t field_count;            /**< At least 1. */
    uint32_t key_count;              /**< 0 for parts. */
    const ost_field *const *keys;    /**< The primary key. */
    const ost_field *auto_key;       /**< The field with OST_AUTO_INCREMENT, or NULL. */
    const ost_table_index *indexes;  /**< Without the primary key and, unless `deleted`, `unique` fields. */
    uint32_t index_count;            /**< May be 0. */
    uint32_t foreign_key_count;      /**< May be 0. */
    const ost_table_foreign_key *foreign_keys; /**< Created with the tables. */
    bool adopted;                    /**< Made by others. */
    /**
     * NULL, or the optional time of a record that was soft-deleted. `unique` fields are then unique
     * among the living by an index of `indexes`, and by nothing else.
     */
    const ost_field *deleted;
    uint32_t inner_count;            /**< Of `fields` behind the first `field_count`: members inside documents, with `inside` set. */
    size_t record_size;              /**< sizeof the struct. */
    const char *schema;              /**< What the table and its indexes are in; NULL: the connection's own. Only where ::OST_CAN_SCHEMAS. */
};

/* ---- shapes ---- */

/**
 * One node of a lowered expression. Comparisons always have two `args`; OST_OP_IN and the text operators have one and a
 * parameter; the text operators ignore case, but for a field with a `collation` of OST_CASELESS: its column and the
 * parameter are folded already, and are searched as they are; AND and OR of no `args` are the constants true and false. Kinds have been checked by the core.
 *
 * OST_OP_HAS_ITEM has a list and a condition on its items, and is never unknown: members of the condition have a
 * `source` of 1, within another list 2, and so on. They are fields of the list's `part`, or, of a list of scalars,
 * the one field that stands for its items (`inside` is the list). OST_OP_SIZE has a list.
 */
typedef struct ost_node {
    uint16_t op;                         /**< An enum ost_operator. */
    uint16_t type;                       /**< Kind of its value, without OST_TYPE_OPTIONAL; BOOL for conditions. */
    uint16_t precision;                  /**< Of a decimal; 0: not known, at most 38. */
    uint16_t scale;                      /**< Of a decimal. */
    uint16_t source;                     /**< Of a member: 0, the shape's table; n: items of the nth list. */
    uint8_t nullable;                    /**< It may be NULL. */
    uint8_t reserved;                    /**< Zero. */
    uint32_t parameter;                  /**< Of OST_OP_VALUE without a `constant`, OST_OP_IN and the text operators; else ::OST_NO_PARAMETER. */
    uint32_t arg_count;                  /**< Of `args`. */
    const struct ost_node *const *args;  /**< Arguments. */
    const ost_field *field;              /**< Of a member; of a value: the member that decides its stored form, or NULL. */
    const ost_value *constant;           /**< Of a value in DDL, and of a boolean that something is compared with: instead of a parameter. */
} ost_node;

/** A key of an order. NULLs are first ascending, last descending. */
typedef struct ost_order {
    const ost_node *node; /**< By what. */
    bool descending;      /**< From the largest. */
} ost_order;

/** Bits of a change. */
enum ost_change_flags {
    OST_CHANGE_FOLLOWS = 1 /**< In an upsert: no reason to write, but written where another change is one: a stamp. */
};
/** A member that is written. */
typedef struct ost_change {
    const ost_field *field; /**< Which. */
    uint16_t op;            /**< OST_OP_SET, SET_NULL or INC; of a list others too; of an upsert OST_OP_FILL. */
    uint16_t flags;         /**< Of enum ost_change_flags. */
    uint32_t parameter;     /**< The value; of a push, add or pull a list of items; or ::OST_NO_PARAMETER. */
    uint32_t position_parameter; /**< Of OST_OP_PUSH: an INT64, where the first item goes to, or ::OST_NO_PARAMETER. */
    uint32_t slice_parameter;    /**< Of OST_OP_PUSH: an INT64, how many items stay, the last ones if below 0; or none. */
    uint32_t change_count;       /**< Of `changes`. */
    const ost_node *where;       /**< Of OST_OP_PULL_WHERE and OST_OP_UPDATE_ITEMS: which items, as in OST_OP_HAS_ITEM. */
    const struct ost_change *changes; /**< Of OST_OP_UPDATE_ITEMS: of each item; fields of the list's `part`. */
} ost_change;

/** The table in which a driver marks the commits of units, so that a lost answer can be resolved. */
#define OST_MARKS_TABLE "ostler_commits"

/** The column that tells the living apart in a table, where an index cannot hold some of its records alone. */
#define OST_LIVING_COLUMN "ostler_living"

/** What is asked of the rows of a select. */
enum ost_wrap {
    OST_WRAP_NONE,  /**< The rows. */
    OST_WRAP_COUNT, /**< How many there are: one row, one INT64. */
    OST_WRAP_EXISTS /**< Whether there is one: one row, one BOOL. */
};
/** What a DDL operation makes. */
enum ost_ddl {
    OST_DDL_NONE,         /**< It is no DDL. */
    OST_DDL_CREATE_TABLE, /**< The table, with its constraints. */
    OST_DDL_CREATE_INDEX, /**< Index `ddl_index` of the table. */
    OST_DDL_CREATE_MARKS,   /**< Without a table: ::OST_MARKS_TABLE, where ::OST_CAN_MARK_COMMITS. */
    OST_DDL_ADD_FOREIGN_KEY, /**< Foreign key `ddl_index`; only where ::OST_CAN_ADD_KEYS, else they come with the table. */
    OST_DDL_CREATE_SCHEMA,   /**< The table's schema, which a description did not have. */
    OST_DDL_RENAME_COLUMN,   /**< Field `ddl_index`, from its `was`, with all that is in it; what stands on it goes on. */
    OST_DDL_RENAME_UNIQUE,   /**< The unique constraint of field `ddl_index`, named after its `was`. */
    OST_DDL_RENAME_INDEX,    /**< Index `ddl_index`, from its `was`. A driver that cannot may drop it: it is then created. */
    OST_DDL_RENAME_FOREIGN_KEY /**< Foreign key `ddl_index`, from its `was`. */
};

/**
 * What is constant in an operation.
 *
 * An upsert writes each record in one step, by itself: where none meets `where`, it is inserted with `changes`; where one
 * does, `updates` are applied to it, all of them, unless none of those without ::OST_CHANGE_FOLLOWS would change it.
 * `where` says that the `arbiters` equal those of the record, which none of them is null in, and that `arbiter_where` holds. They alone decide: a record that meets another unique key is
 * ::OST_CONFLICT. The parameter of an update is that of the change to the same field, whose value it is then, or one of its
 * own, that is given for all records. OST_OP_FILL sets what is null; OST_OP_INC adds nothing where the value is null.
 */
typedef struct ost_shape {
    uint32_t struct_size;            /**< sizeof(ost_shape). */
    uint16_t kind;                   /**< An enum ost_operation_kind. */
    uint16_t wrap;                   /**< An enum ost_wrap. */
    uint16_t lock_mode;              /**< Of a select: an enum ost_lock_mode. */
    uint16_t ddl;                    /**< An enum ost_ddl. */
    uint32_t ddl_index;              /**< Of OST_DDL_CREATE_INDEX, OST_DDL_ADD_FOREIGN_KEY and the renames. */
    const ost_table *table;          /**< NULL for operations without a table. */
    const ost_node *where;           /**< NULL: every record. */
    const ost_node *having;          /**< NULL: every group. */
    const ost_node *const *columns;  /**< What is selected, or given back by a write, in the order of the row program's columns. */
    const ost_node *const *groups;   /**< Grouped by. */
    const ost_order *orders;         /**< Ordered by; of an update or delete: only with a limit or offset. */
    const ost_node *partition;       /**< Of a select: at most so many rows for each value of it, in the order; NULL: no such limit. */
    const ost_change *changes;       /**< Members written by an insert or update. */
    uint32_t column_count;           /**< Of `columns`. */
    uint32_t group_count;            /**< Of `groups`. */
    uint32_t order_count;            /**< Of `orders`. */
    uint32_t change_count;           /**< Of `changes`. */
    uint32_t limit_parameter;        /**< An INT64 parameter, or ::OST_NO_PARAMETER. */
    uint32_t offset_parameter;       /**< An INT64 parameter, or ::OST_NO_PARAMETER. */
    uint32_t partition_parameter;    /**< With `partition`: an INT64 parameter, how many; else ::OST_NO_PARAMETER. */
    uint32_t parameter_count;        /**< In all. */
    const ost_field *const *arbiters; /**< Of an upsert: the members of the declared key. */
    const ost_node *arbiter_where;   /**< Of an upsert: the condition of the unique index that has them, or NULL. */
    const ost_change *updates;       /**< Of an upsert: what becomes of a record that is there. */
    uint32_t arbiter_count;          /**< Of `arbiters`. */
    uint32_t update_count;           /**< Of `updates`; 0: it is left alone. */
    bool distinct;                   /**< Equal rows once. */
    const uint8_t *bytes;            /**< The canonical form: equal bytes mean the same shape. */
    size_t byte_count;               /**< Of `bytes`. */
    uint64_t hash;                   /**< Keyed hash of `bytes`; differs from run to run. */
} ost_shape;

/* ---- parameters ---- */

/** Where a parameter's value is. */
enum ost_parameter_source {
    OST_FROM_VALUE,
    OST_FROM_RECORD,
    OST_FROM_LIST,
    OST_IS_NULL,
    OST_FROM_MEMBER /**< `list` is where a member of kind `type` is: an embedded struct or a list. */
};
/**
 * A parameter, converted by the driver to the stored form of `field`. Constants and list items have been folded against
 * the field by the core: they are of one of the kinds of ost_value, in range, a decimal at the field's scale, an
 * enumeration as its number.
 */
typedef struct ost_parameter {
    uint16_t source;        /**< An enum ost_parameter_source. */
    uint16_t type;          /**< Kind of the C value: of `value`, of the member (with OST_TYPE_OPTIONAL), or of an item. */
    uint16_t precision;     /**< Of a decimal. */
    uint16_t scale;         /**< Of a decimal. */
    uint32_t offset;        /**< Of the member in each record. */
    uint32_t size;          /**< Of the member. */
    const ost_field *field; /**< Decides the stored form; NULL: plain. */
    ost_value value;        /**< OST_FROM_VALUE. */
    const void *list;       /**< OST_FROM_LIST: items of kind `type`, none null. OST_FROM_MEMBER: the member. */
    size_t list_count;      /**< How many. */
    size_t list_stride;     /**< Bytes from one to the next. */
} ost_parameter;

/* ---- row programs and sinks ---- */

/** What a NULL in a column becomes. */
enum ost_null_rule {
    OST_NULL_IS_RANGE,  /**< A failure: the member cannot hold it. */
    OST_NULL_IS_ABSENT, /**< An optional: present is false. */
    OST_NULL_IS_POINTER /**< A text or blob: a NULL pointer. */
};
/** How one column becomes one member. */
typedef struct ost_row_step {
    uint32_t offset;         /**< Of the member. */
    uint32_t size;           /**< Of the member. */
    uint32_t value_offset;   /**< Of the value inside the member; not 0 only for optionals. */
    uint16_t type;           /**< Kind of the member's value, without OST_TYPE_OPTIONAL. */
    uint16_t column;         /**< Of the result, from 0. */
    uint16_t null_rule;      /**< An enum ost_null_rule. */
    uint16_t column_type;    /**< Kind of the column, as the shape's node says. */
    uint16_t precision;      /**< Of a decimal column. */
    uint16_t scale;          /**< Of a decimal column. */
    const ost_field *field;  /**< The member that is filled: its name, its names of values. */
    const ost_field *origin; /**< The member that the column is, which decides its stored form; NULL: an expression. */
} ost_row_step;
/** How a row becomes a struct. Steps are in column order. */
typedef struct ost_row_program {
    uint32_t struct_size;      /**< sizeof(ost_row_program). */
    uint32_t step_size;        /**< sizeof(ost_row_step). */
    uint32_t step_count;       /**< Of `steps`. */
    uint32_t row_size;         /**< Of the struct, with the slots behind it of columns that are no members. */
    const ost_row_step *steps; /**< The steps. */
} ost_row_program;

/** Free space: `next` moves up to `end`. */
typedef struct ost_span {
    uint8_t *next; /**< First free byte. */
    uint8_t *end;  /**< Behind the last. */
} ost_span;

/**
 * Where rows go. A driver takes a row by moving `rows.next` by `row_size` (or calling `refill_row` when there is not
 * enough left), fills it, and takes texts from `bytes` alike. Rows are zeroed and aligned to max_align_t.
 */
typedef struct ost_sink {
    uint32_t struct_size; /**< sizeof(ost_sink). */
    uint32_t row_size;    /**< Bytes from one row to the next. */
    ost_span rows;        /**< Zeroed space for rows. */
    ost_span bytes;       /**< Space for texts and blobs; not aligned, not zeroed. */
    size_t max_rows;      /**< `collect` returns OST_MORE once it delivered this many; 0: no bound. */
    /** One more row; NULL: stop, the outcome is `status` below. */
    void *(*refill_row)(struct ost_sink *k);
    /** `size` bytes for a text or blob, which live as long as the rows; NULL: no memory, stop. */
    void *(*refill_bytes)(struct ost_sink *k, size_t size, size_t align);
    /** A hint of how many rows will come, once, before the first. */
    void (*expect)(struct ost_sink *k, size_t rows);
    /** The column does not fit its member. The row is dropped, reading goes on to the end; the first failure is the outcome. */
    void (*column_failed)(struct ost_sink *k, uint16_t column, ost_status why);
    ost_status status;    /**< What went wrong in the sink; OST_OK: nothing. */
    uint32_t reserved;    /**< Zero. */
} ost_sink;

/* ---- operations ---- */

/** Kinds of operations. */
enum ost_operation_kind {
    OST_DO_BEGIN,        /**< `isolation` and `access` say how. */
    OST_DO_COMMIT,       /**< Ends the unit. */
    OST_DO_ROLLBACK,     /**< Undoes the unit. */
    OST_DO_SAVEPOINT,    /**< `text` is its name; so it is for the next two. */
    OST_DO_RELEASE,      /**< Keeps what was done since. */
    OST_DO_ROLLBACK_TO,  /**< Undoes what was done since, and releases the savepoint. */
    OST_DO_SELECT,       /**< Rows. */
    OST_DO_INSERT,       /**< `record_count` records. */
    OST_DO_UPDATE,       /**< Changes. */
    OST_DO_DELETE,       /**< Deletes. */
    OST_DO_UPSERT,       /**< Inserts or updates. */
    OST_DO_RAW,          /**< `text`, in the database's language; see `compile_raw`. */
    OST_DO_DDL,          /**< The shape's `ddl`. */
    OST_DO_DESCRIBE,     /**< Rows of ost_described: every column and index of the schema `text`; without: of the connection's own. */
    OST_DO_EXPLAIN,      /**< The plan of the database. */
    OST_DO_ADVISORY_LOCK /**< A lock by name. */
};
/** Bits of an operation. */
enum ost_operation_flags {
    OST_FLAG_WRITES = 1,     /**< It may write. */
    OST_FLAG_STREAM = 2,     /**< Rows are collected in portions; the batch's last operation. */
    OST_FLAG_TOKEN = 4,      /**< The unit's first write: ask for the commit token with it. */
    OST_FLAG_IDEMPOTENT = 8, /**< Running it twice does no harm. */
    OST_FLAG_ORDERED = 16,   /**< Rows must come in the order of the records. */
    OST_FLAG_ONCE = 32,      /**< Do not cache the statement. */
    OST_FLAG_SINGLE = 64,    /**< At most one row can come: a driver need not look for a second. */
    OST_FLAG_BEFORE = 128    /**< An update gives its rows back as they were before; only where ::OST_CAN_RETURN_BEFORE. */
};
/** Access of a unit. */
enum ost_access { OST_ACCESS_WRITE, OST_ACCESS_READ_ONLY, OST_ACCESS_DEFERRABLE };

/** One operation. */
typedef struct ost_operation {
    uint32_t struct_size;            /**< sizeof(ost_operation). */
    uint16_t kind;                   /**< An enum ost_operation_kind. */
    uint16_t flags;                  /**< Of enum ost_operation_flags. */
    const ost_shape *shape;          /**< NULL for operations without one. */
    ost_plan *plan;                  /**< What `compile` made of the shape. */
    const ost_parameter *parameters; /**< `parameter_count` of them. */
    uint32_t parameter_count;        /**< Of `parameters`. */
    uint32_t parameter_size;         /**< sizeof(ost_parameter) of the core. */
    const void *records;             /**< For OST_FROM_RECORD. */
    size_t record_count;             /**< How often the operation runs, once for each record; 0: once, without. */
    size_t record_stride;            /**< Bytes from one record to the next. */
    const ost_row_program *rows;     /**< NULL: no rows. Of a write: members that the database sets; row r belongs to record r. */
    const char *text;                /**< OST_DO_RAW, savepoints, OST_DO_DESCRIBE; ends in a NUL. */
    size_t text_size;                /**< Of `text`. */
    uint16_t isolation;              /**< An enum ost_isolation. */
    uint16_t access;                 /**< An enum ost_access. */
    uint32_t batch_rows;             /**< Rows for each collect of a stream. */
    uint32_t stream;                 /**< With ::OST_FLAG_STREAM: its number, unique among the connection's open streams. */
    uint32_t reserved;               /**< Zero. */
} ost_operation;

/**
 * The index by which `collect` reads the next portion of stream `n`: the first portion is collected like any operation,
 * by its place in the batch; after OST_MORE other batches may run before the next portion.
 */
#define OST_STREAM(n) (SIZE_MAX - (size_t)(n))

/** A row of OST_DO_DESCRIBE. */
typedef struct ost_described {
    const char *table; /**< Table, without its schema. */
    const char *name;  /**< Column, index, foreign key or schema. */
    int64_t kind;      /**< 1: a column, 2: an index, 3: a foreign key (where ::OST_CAN_ADD_KEYS), 4: the schema that was asked for is there, or needs not be made. */
} ost_described;

/** How far a collect came. */
enum ost_progress { OST_DONE, OST_MORE, OST_NOT_RUN };

/** What became of an operation; written by collect, whatever happened. */
typedef struct ost_outcome {
    uint32_t struct_size;       /**< sizeof(ost_outcome). */
    uint16_t status;            /**< An ::ost_status. */
    uint16_t progress;          /**< An enum ost_progress. */
    uint16_t effect;            /**< An enum ost_effect. */
    uint8_t connection_lost;    /**< 1: the connection is dead. */
    uint8_t transaction_ended;  /**< 1: the database rolled the whole unit back. */
    uint32_t round_trips;       /**< To the server. */
    int64_t matched;            /**< Records that met the condition, or were inserted. */
    int64_t changed;            /**< Records that differ afterwards; -1: not known. */
    int64_t rows;               /**< Rows delivered. */
    size_t failed_record;       /**< Which record failed, or was the first that an update or delete did not meet; SIZE_MAX: not one. */
    uint64_t bytes_sent;        /**< To the server. */
    uint64_t bytes_received;    /**< From the server. */
    uint32_t statements;        /**< Statements run. */
    uint32_t reserved;          /**< Zero. */
    /**
     * One for each record of an upsert; the driver's until its next call. OST_EFFECT_NONE: somebody
     * else was in between, and nothing was done; the core runs that record again. Rows come for the
     * others alone, in their order.
     */
    const uint8_t *effects;
} ost_outcome;

#ifdef __cplusplus
}
#endif
#endif
