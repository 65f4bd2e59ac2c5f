/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * Models: constant descriptions of plain structs.
 *
 * A program declares a struct, says in a header which member is its key (OST_RECORD), and writes one table
 * beside it (OST_MODEL). The table is constant data: nothing is registered, nothing runs before main. The
 * compiler deduces kind, size and offset of every member, and refuses members of a type that cannot be stored.
 *
 * What the compiler cannot see (a model without a key, two fields in one column, bounds that exclude each
 * other, …) is reported by ost_open(), all at once.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct person {
 *     int64_t id;
 *     const char *name;
 *     ost_opt_int age;
 *     ost_time created_at;
 * } person;
 * OST_RECORD(person, id);
 * OST_MODEL(person, .table = "people",
 *     OST_FIELDS(
 *         OST_FIELD(person, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
 *         OST_FIELD(person, name, .required = true, .unique = true, .trim = true, .max_length = 80),
 *         OST_FIELD(person, age, .min = OST_INT(0), .max = OST_INT(150)),
 *         OST_FIELD(person, created_at, .stamp = OST_ON_INSERT)),
 *     OST_INDEXES(OST_INDEX(OST_ASC(person, age), OST_DESC(person, created_at))));
 * @endcode
 */
#ifndef OSTLER_MODEL_H
#define OSTLER_MODEL_H

#include "ostler/value.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_session ost_session; /**< One thread's unit of work; see session.h. */
typedef struct ost_query ost_query;     /**< A query; see query.h. */
typedef struct ost_call ost_call;       /**< A hook's or check's view of what runs. */
typedef struct ost_model ost_model;     /**< The description of a struct. */
typedef struct ost_expr ost_expr;       /**< An expression; see expr.h. */
struct ost_table;

/** A member, named by its path. Offset and size are checked against the path and never used as identity. */
typedef struct ost_member {
    const char *path;  /**< "city", or "home.city" inside an embedded struct. */
    size_t offset;     /**< Bytes from the start of the struct. */
    uint32_t size;     /**< sizeof the member. */
    uint16_t type;     /**< An enum ost_type. */
    uint16_t reserved; /**< Zero. */
} ost_member;

/**
 * When the library sets a time by itself. OST_ON_UPDATE also sets it on insert. OST_ON_DELETE, of an ost_opt_time or
 * ost_opt_date, makes the model soft-delete: ost_delete() and ost_delete_all() set the member, and queries see the records
 * alone in which it is absent; see ost_with_deleted(), ost_restore() and ost_purge(). Its unique members are unique among
 * those.
 */
enum ost_stamp { OST_NEVER, OST_ON_INSERT, OST_ON_UPDATE, OST_ON_DELETE };
/** Who makes a key. A key that is zero is generated, any other is stored as given. */
enum ost_generated { OST_GIVEN, OST_AUTO_INCREMENT, OST_UUID_V4, OST_UUID_V7, OST_NEW_OBJECT_ID };
/**
 * Shape of a text. All are of ASCII; "" has none of them, and a member that may be without a value is NULL then.
 *
 * - OST_EMAIL: an address as HTML's `<input type=email>` takes it (WHATWG, "valid e-mail address"): letters, digits and
 *   ``.!#$%&'*+/=?^_`{|}~-``, an @, and labels of letters, digits and inner hyphens joined by dots; with the lengths of RFC 5321: 64
 *   bytes before the @, 254 in all, and 63 in a label (RFC 1034). No quoted names, no comments, no address in brackets. A domain
 *   of one label is taken.
 * - OST_URL: an absolute URL (RFC 3986) of the scheme http or https, in letters of either case, with a host: a name, an IPv4 address
 *   or an IPv6 address in brackets; a port up to 65535; path, query and fragment of what RFC 3986 lets stand there, all else
 *   percent-encoded. No user and password (RFC 9110, 4.2.4).
 * - OST_ALPHANUMERIC: letters and digits.
 * - OST_SLUG: words of lower-case letters and digits, joined by single hyphens: "my-2nd-post".
 * - OST_UUID_TEXT: 8, 4, 4, 4 and 12 hexadecimal digits of either case, joined by hyphens (RFC 9562, 4), of any version.
 */
enum ost_format { OST_ANY_TEXT, OST_EMAIL, OST_URL, OST_ALPHANUMERIC, OST_SLUG, OST_UUID_TEXT };
/**
 * How a text compares. OST_AS_STORED: by the rules of a column made by others, whatever they are.
 *
 * OST_CASELESS: texts that differ in case alone are the same, on every backend and for every letter: `STRASSE`, `straße`;
 * so are canonically equivalent ones (é of one code point and of two), and none else (`e` is not `é`). The library keeps a
 * column beside the member's, with its name and `_folded` behind it, which has the full Unicode case fold (CaseFolding.txt, C
 * and F) of the text's canonical decomposition, composed (NFC). The member itself stays as it was written.
 * - Conditions, orders, pages and ost_limit_per() compare that column with folded constants; ost_starts_with() is a range of
 *   it. It is compared with caseless members alone, else ::OST_MISUSE.
 * - `.unique`, indexes and upserts' keys are of that column, also among the living. A conflict names the member. An upsert
 *   that meets another spelling sets the member to the new one, unless ost_upsert_keep() says otherwise.
 * - Groups, distinct rows, ost_min() and ost_max() give the folded text: no one of several spellings is the group's.
 * - Folded texts may have three times the characters of `.max_length`: MySQL and MariaDB index at most 256 of them.
 * For texts, also in embedded structs with `.flatten`; not for keys, `.hashed`, `.values`, tables made by others, and not inside
 * documents: ost_open() refuses these.
 */
enum ost_collation { OST_EXACT, OST_CASELESS, OST_AS_STORED };
/** Form of a column made by others, where it is not ours. */
enum ost_stored {
    OST_STORED_OURS,         /**< As in the table of types. */
    OST_STORED_NUMERIC,      /**< A decimal kept as a plain number (NUMERIC or REAL). */
    OST_STORED_SECONDS_TEXT, /**< A time kept as "YYYY-MM-DD HH:MM:SS". */
    OST_STORED_UNIX_SECONDS, /**< A time kept as whole seconds since 1970. */
    OST_STORED_NO_ZONE       /**< A time kept in a type without a zone, in UTC. */
};
/** Kind of an index. */
enum ost_index_kind { OST_BTREE, OST_FULL_TEXT, OST_GEO };
/** Kind of a relation. */
enum ost_relation_kind { OST_HAS_ONE_, OST_HAS_MANY_, OST_BELONGS_TO_, OST_MANY_TO_MANY_ };

/**
 * A rule of the program's own, for a member that is written: after the library's rules, if they were met, and not for a member without a
 * value. It returns ::OST_OK, or the result of ost_call_fail(); ::OST_INVALID without that gives the field's `.messages` for
 * `.check`, or "is not valid"; any other status stops the call. Of a list of scalars it looks at each item.
 * @param call What runs; see call.h.
 * @param value The member: a `const char *const *`, a `const int *`, …
 * @param record The struct that the field was written for, which may be inside another; NULL: it is a value that an update by query sets.
 */
typedef ost_status ost_check(ost_call *call, const void *value, const void *record);
/**
 * Changes a member that is written, before the library's rules look at it; not one without a value. The record is a copy, which
 * reaches the program's only once it is stored. A new text may be made with ost_call_text(). It may refuse as an ost_check does.
 * @param call What runs; see call.h.
 * @param value The member: a `const char **`, an `int *`, …
 * @param record As for ost_check. It is not to be changed but for `value`.
 */
typedef ost_status ost_transform(ost_call *call, void *value, const void *record);
/**
 * A hook on a record. It may read and change the record, query, and refuse: with the result of ost_call_fail(), or any other
 * status. call.h says what it is told, and what it may not do.
 *
 * Writing runs them in this order: before_validate; the members' rules; after_validate; before_save; before_insert or
 * before_update; the rules of what those hooks changed; the write itself; after_insert or after_update; after_save. The
 * record that they see is a copy, which reaches the program's only once all is done; in a struct of the program's own,
 * `const char *` members and blobs stay as the program set them. A record that has not changed is not saved, and no hook
 * runs.
 *
 * A hook that refuses before the write stops it, and nothing was written. One that refuses after it undoes it: outside a
 * transaction a write and its hooks are one of their own (begun only if a hook uses the database or runs after the write;
 * run again, hooks too, if another one was faster); inside one, that is doomed as by a write that the database refused.
 *
 * ost_insert_many() and ost_save_many() run the hooks before the write for each record in their order, before anything is
 * sent, and those after it once all are stored. after_load runs for records that queries, ost_get() and the like, cursors and
 * ost_reload() deliver, when they are tracked already: what it changes in members that are stored counts as changed by the
 * program. Of records that were read in part, the members that were not are zero. Not for updates and deletes by query, nor
 * for raw statements and watchers: there is no record, or it is not the session's.
 */
typedef ost_status ost_hook(ost_call *call, void *record);
/**
 * Gives a member of the JSON that is not stored. Texts and blobs that it gives must last until it is called again:
 * ost_text() copies one into the session's memory. A value of OST_TYPE_NONE leaves the member out. It may query.
 */
typedef ost_status ost_compute(ost_call *call, const void *record, ost_value *out);
/** A member of the JSON that is not stored; see OST_COMPUTED(). */
typedef struct ost_computed {
    const char *name;       /**< In the JSON. NULL: the end of the list. */
    ost_compute *value;     /**< Gives the value: ::OST_OK, or the result of ost_call_fail(). */
    uintptr_t reserved_[2]; /**< Zero. */
} ost_computed;

/**
 * Messages of a field's own, one for each rule; NULL keeps the library's. Written with OST_MESSAGES(). They reach people as they
 * are, in the error's message and its failures: at most 255 bytes, in the program's own language.
 */
typedef struct ost_messages {
    size_t struct_size;      /**< sizeof(ost_messages); filled by OST_MESSAGES(). */
    const char *required;    /**< for `.required` and `.not_null` */
    const char *unique;      /**< for `.unique`, also in a key or a unique index of this member alone */
    const char *min_length;  /**< for `.min_length` */
    const char *max_length;  /**< for `.max_length`, and for a text that its char[N] cannot hold */
    const char *min;         /**< for `.min` */
    const char *max;         /**< for `.max` */
    const char *pattern;     /**< for `.pattern` */
    const char *format;      /**< for `.format` */
    const char *values;      /**< for `.values` */
    const char *check;       /**< for `.check` without a message of its own, and a CHECK of the database */
    const char *immutable;   /**< for `.immutable` */
    const char *foreign_key; /**< for a record that the member refers to and that does not exist */
    const char *range;       /**< for what no database could store: out of range, not a number, not UTF-8 */
} ost_messages;

/** One member of a model. Written with OST_FIELD(), which fills the first seven and takes the rest by name. */
typedef struct ost_field {
    const char *name;          /**< The member. */
    const char *owner;         /**< The struct that it was written for; NULL: not checked. */
    size_t offset;             /**< Bytes from the start of the struct. */
    uint32_t size;             /**< sizeof the member. */
    uint16_t type;             /**< An enum ost_type. */
    uint16_t item_type;        /**< Of a list: its items' enum ost_type. */
    const ost_model *embeds;   /**< Of an embedded struct, or a list of them: its model. */
    const char *column;        /**< Stored name; default: the member's. */
    /**
     * Former stored name: ost_create_tables() renames a column that still has it, and keeps what is
     * in it. May stay, or go once all databases have the new one. Of an embedded struct with
     * `.flatten`, and of the members in it, it is joined as `.column` is. Not in adopted tables,
     * nor of members inside documents.
     */
    const char *was;
    bool primary_key;          /**< Part of the key. */
    bool unique;               /**< No two records have the same; NULLs never conflict. Of a model that soft-deletes: no two living ones. */
    bool required;             /**< Neither null nor "". */
    bool not_null;             /**< Not null. */
    bool hidden;               /**< Never in JSON, and not loaded unless asked for, with ost_with_hidden() or by name; where it was not loaded, saving writes it only if the program set it. A key is loaded always. */
    bool immutable;            /**< Written on insert only. A save that would change it is ::OST_INVALID (rule "immutable"), and so is an update by query that names it or the document that it is in. ost_replace() of a record that the session did not load leaves it as it is stored, with all of the document that it is in. Not in items of lists. */
    bool trim;                 /**< White space at both ends is removed before it is checked. */
    bool lowercase;            /**< Folded to lower case before it is checked. */
    /**
     * Counts the record's changes, from 1. Saving, replacing or deleting it asks for the version
     * that the struct holds: if another one changed or deleted it meanwhile, that is ::OST_STALE,
     * and nothing was written. A plain integer of at least 32 bits, one in a model. Updates by
     * query count it too, and ask for none; so do deletes of structs that the session did not load.
     */
    bool version;
    bool flatten;              /**< An embedded struct becomes columns. */
    bool hashed;               /**< A password: a `const char *` whose hash is stored; see password.h. Its other rules look at the plain text. */
    bool encrypted;            /**< Encrypted by the library. */
    uint16_t generated;        /**< An enum ost_generated. */
    uint16_t stamp;            /**< An enum ost_stamp. */
    uint16_t format;           /**< An enum ost_format. */
    uint16_t collation;        /**< An enum ost_collation: whether the case of a text counts. */
    uint16_t stored;           /**< An enum ost_stored; only in adopted tables. */
    uint16_t precision;        /**< Of a decimal: digits in all, 1 to 38. */
    uint16_t scale;            /**< Of a decimal: digits after the point. */
    size_t min_length;         /**< Of a text, in characters (code points); of a blob, in bytes. */
    size_t max_length;         /**< The same; 0: no limit. */
    const ost_value *min;      /**< Smallest value allowed. */
    const ost_value *max;      /**< Largest value allowed. */
    const ost_value *default_value;        /**< Given by ost_new(), and to an absent optional on insert. */
    /**
     * A regular expression (PCRE2) that a text must match as a whole, from its first character to
     * its last. Compiled at ost_open(), where one that is wrong is a mistake of the model.
     * Characters are code points; `\w` and `\d` are ASCII unless it begins with (*UCP). A text for
     * which the answer takes a million steps or 32 MiB is refused like one that does not match.
     */
    const char *pattern;
    const char *const *values;             /**< Names of an enumeration, or the only texts allowed; ends in NULL. */
    ost_check *check;                      /**< A rule of the program's own; see ost_check. */
    ost_transform *transform;              /**< Changes the member before it is checked; see ost_transform. */
    const ost_messages *messages;          /**< Messages of its own. */
    const struct ost_conversion *converts; /**< Of a type of the program's own: how it is stored; see conversion.h. Written with OST_CONVERTED(). */
    uintptr_t reserved_;                   /**< Zero. */
    const struct ost_table *part;          /**< Zero. Of an embedded struct or a list of them, in tables: what it is made of. */
    const struct ost_field *inside;        /**< Zero. In tables: the member whose document holds this one; NULL: it has a column. */
    const char *path;                      /**< Zero. In tables, with `inside`: the stored names on the way, joined by dots. */
} ost_field;

/** A relation between two models. */
typedef struct ost_relation {
    const char *name;             /**< The member that an include fills. */
    uint16_t kind;                /**< An enum ost_relation_kind. */
    uint16_t on_delete;           /**< 0: refuse. */
    size_t offset;                /**< Of the member. */
    const ost_model *target;      /**< The other model. */
    const ost_model *through;     /**< The model between them, of many to many. */
    const ost_member *keys;       /**< The foreign key; ends in a NULL path. */
    const ost_member *other_keys; /**< Of many to many: the key to the target. */
    uintptr_t reserved_;          /**< Zero. */
} ost_relation;

/** One column of an index. */
typedef struct ost_index_column {
    ost_member member; /**< Of the model. */
    bool descending;   /**< From the largest. */
} ost_index_column;

/** An index. */
typedef struct ost_index {
    const char *name;                /**< Default: made of table and columns. */
    const ost_expr *where;           /**< Only records that meet it; see OST_WHERE_EQ(). */
    const ost_index_column *columns; /**< Ends in a NULL path. */
    uint16_t kind;                   /**< An enum ost_index_kind. */
    bool unique;                     /**< No two records have the same columns. */
    bool among_living;               /**< With `unique`: unique among the records that are not soft-deleted. */
    uintptr_t reserved_;             /**< Zero. */
    uint32_t expire_after_s;         /**< Records are deleted this many seconds after the time in the only column, within a minute or so; 0: never. MongoDB. */
    uint16_t collation;              /**< OST_EXACT, or OST_CASELESS: texts that differ in case alone are the same in it. MongoDB. */
    bool sparse;                     /**< It has no records in which all its columns are absent. MongoDB. */
} ost_index;

/** A model. Written with OST_MODEL(), which fills the sizes, so that a program built against an older header still reads right. */
struct ost_model {
    uint32_t struct_size;        /**< sizeof(ost_model) of the program. */
    uint16_t field_size;         /**< sizeof(ost_field) of the program. */
    uint16_t relation_size;      /**< sizeof(ost_relation) of the program. */
    uint16_t index_size;         /**< sizeof(ost_index) of the program. */
    uint16_t index_column_size;  /**< sizeof(ost_index_column) of the program. */
    uint16_t member_size;        /**< sizeof(ost_member) of the program. */
    uint16_t expr_size;          /**< sizeof(ost_expr) of the program. */
    uint16_t abi;                /**< ::OST_ABI of the program. */
    uint16_t reserved;           /**< Zero. */
    const char *name;            /**< The struct's name. */
    const char *table;           /**< Stored name; default: the struct's. */
    size_t size;                 /**< sizeof the struct. */
    bool adopted;                /**< The table was made by others: never created, altered or dropped. */
    const ost_field *fields;     /**< Ends in a NULL name. */
    const ost_relation *relations; /**< NULL, or ends in a NULL name. */
    const ost_index *indexes;    /**< NULL, or ends in an entry without columns. */
    ost_hook *before_validate;   /**< Before anything else; see ost_hook. */
    ost_hook *before_insert;     /**< Before a new record is written. */
    ost_hook *before_update;     /**< Before a stored record is written. */
    ost_hook *before_save;       /**< Before either of these two. */
    ost_hook *before_delete;     /**< Before a record is deleted. */
    ost_hook *after_load;        /**< When a record was read. */
    ost_hook *after_save;        /**< After after_insert or after_update. */
    ost_hook *after_delete;      /**< When a record was deleted. */
    /**
     * Conditions and orders that every query over the model gets: called when ost_from(),
     * ost_find(), ost_get() and ost_get_many() begin one. It may call ost_where(), ost_order_by()
     * and ost_order_by_name() on `q`; anything else of it or of its session is ::OST_MISUSE.
     * Updates and deletes by query stay within the scope, but its conditions are none of those that
     * they need. The query's own keys order first; an order is left out where there is none to
     * have: of groups, aggregates, counts, distinct rows. Calls on a record (ost_save(),
     * ost_reload(), ost_delete(), …), ost_watch() and raw statements go around the scope, and so
     * does a query after ost_unscoped().
     */
    void (*default_scope)(ost_query *q);
    const ost_computed *computed; /**< NULL, or members of the JSON that are not stored; ends in a NULL name. */
    ost_hook *after_validate;    /**< When the rules of the members were met. */
    ost_hook *after_insert;      /**< When a new record was written. */
    ost_hook *after_update;      /**< When a stored record was written. */
    /**
     * What the table is in, where it is not where the others are: a schema of PostgreSQL,
     * another database of the same server (MySQL, MariaDB, MongoDB); SQLite, which has none, gets
     * a table of the name "schema.table". NULL: the connection's own. A name without a point. Two
     * models may have the same table in different schemas. ost_create_tables() makes it where it
     * is missing.
     */
    const char *schema;
};

#ifdef __cplusplus
}
#endif
#include "ostler/model_macros.h"
#endif
