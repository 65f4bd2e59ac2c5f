/* SPDX-License-Identifier: MIT */
/* Where a backend does not do as the others do, with the reason. */
#include "conformance.h"

#define ONE_WRITER "one transaction at a time writes, and locks the whole database as it begins"
#define SNAPSHOT "every transaction reads one snapshot: stronger than what was asked for"
#define MEMORY_APART                                                                               \
    "a database in memory belongs to one `ost_db`: another one on the same URL has tables of its " \
    "own"
#define MEMORY_WAITS \
    "in memory there is no write-ahead log: who reads and who writes wait for each other"

#define SAVEPOINTS "MongoDB has no savepoints: a transaction inside another is refused"
#define REFERENCES                                                                                \
    "collections know nothing of each other: a reference is a member like any other, and nobody " \
    "checks it"
#define LENGTH_FIRST                                                                              \
    "binaries are ordered by their length first: what asks for their order is refused, equality " \
    "is not"
#define DIGITS "a decimal128 has 34 digits: a number with more is refused before it is written"
#define NO_ROW_LOCKS                                                            \
    "rows cannot be locked: a transaction that another one was faster than is " \
    "`OST_SERIALIZATION` "                                                      \
    "at once, and is run again by `max_attempts`"

#define LOWERED "the server folds letter by letter: ligatures stay what they are"
#define NO_INFINITY "a number is finite: an infinity is refused before anything is sent"

const quirk quirks[] = {
    { "sqlite", "uint64_high.*", REFUSED, NULL,
      "an INTEGER has 64 bits with a sign: a larger number is refused before it is written" },
    { "sqlite", "large_numbers_inside_are_themselves", REFUSED, NULL,
      "an INTEGER has 64 bits with a sign: a larger number is refused before it is written" },

    { "mongodb", "large_numbers_inside_are_themselves", REFUSED, NULL,
      "a long has 64 bits with a sign: a larger number is refused before it is written" },
    { "mongodb", "uint64_high.*", REFUSED, NULL,
      "a long has 64 bits with a sign: a larger number is refused before it is written" },
    { "mongodb", "float_infinite.*", REFUSED, NULL, NO_INFINITY },
    { "mongodb", "double_infinite.*", REFUSED, NULL, NO_INFINITY },
    { "mongodb", "infinities_are_numbers", REFUSED, NULL, NO_INFINITY },
    { "mongodb", "decimal_38_10.*", REFUSED, NULL, DIGITS },
    { "mongodb", "decimal_38_0.*", REFUSED, NULL, DIGITS },
    { "mongodb", "decimal_38_38.*", REFUSED, NULL, DIGITS },
    { "mongodb", "blob.comparisons", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "blob.members", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "blob.orders", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "blob.aggregates", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "blob.groups", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "members_of_different_kinds", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "uuids_object_ids_and_blobs_order_by_bytes", REFUSED, NULL, LENGTH_FIRST },
    { "mongodb", "instants_are_utc_and_exact", YES, "rounded to 1000 us",
      "a date counts milliseconds: instants are rounded when they are written or compared with" },

    { "mongodb", "a_missing_target_is_refused", YES, "nobody checks", REFERENCES },
    { "mongodb", "a_target_that_is_referred_to_stays", YES, "nobody checks", REFERENCES },
    { "mongodb", "a_reference_that_is_changed_is_checked", YES, "nobody checks", REFERENCES },
    { "mongodb", "many_records_name_the_one", YES, "nobody checks", REFERENCES },

    { "mongodb", "a_table_that_is_not_there_is_told", YES, "it is empty",
      "a collection that is not there is empty, and made by its first record, without the rules "
      "that `ost_create_tables` gives it" },
    { "mongodb", "tables_of_others_are_left_alone", YES, "the first record makes it",
      "a collection is made by its first record" },

    { "mongodb", "a_savepoint_is_undone_alone", REFUSED, NULL, SAVEPOINTS },
    { "mongodb", "savepoints_nest", REFUSED, NULL, SAVEPOINTS },
    { "mongodb", "a_failed_write_dooms_the_innermost_savepoint", REFUSED, NULL, SAVEPOINTS },
    { "mongodb", "bodies_nest", REFUSED, NULL, SAVEPOINTS },
    { "mongodb", "an_empty_savepoint_sends_nothing", REFUSED, NULL, SAVEPOINTS },

    { "mongodb", "serializable_is_kept", REFUSED, NULL,
      "transactions read a snapshot and conflict on what both write, no more: `OST_SERIALIZABLE` "
      "is refused" },
    { "mongodb", "serializable_is_as_if_one_by_one", REFUSED, NULL,
      "`OST_SERIALIZABLE` is refused" },
    { "mongodb", "committed_reads_move_on", YES, "keeps its snapshot", SNAPSHOT },
    { "mongodb", "an_update_waits_for_the_lock", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "rollback_releases_the_lock", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "other_rows_are_free", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "rows_behind_a_range_are_free", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "readers_need_not_wait", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "nowait_fails_at_once", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "skip_leaves_out_what_is_locked", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "shared_locks_stand_together", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "nothing_is_lost_under_locks", REFUSED, NULL, NO_ROW_LOCKS },
    { "mongodb", "a_unit_that_timed_out_is_lost", YES, "OST_SERIALIZATION at once", NO_ROW_LOCKS },

    { "mariadb", "float_infinite.*", REFUSED, NULL, NO_INFINITY },
    { "mariadb", "double_infinite.*", REFUSED, NULL, NO_INFINITY },
    { "mariadb", "infinities_are_numbers", REFUSED, NULL, NO_INFINITY },

    { "postgres", "generated_keys_pass_those_given", REFUSED, NULL,
      "a sequence knows nothing of keys that were given: meeting one is `OST_CONFLICT`, and the "
      "next "
      "key is another" },
    { "sqlite", "a_generated_key_is_never_zero", YES, "zero behind -1",
      "the next key is the largest one plus one; give no negative keys where others are "
      "generated" },
    { "sqlite", "nothing_else_is_alike", YES, "not found: U+0149, U+FB01-U+FB06",
      "a match begins at a character: the second letter of a ligature is none" },
    { "mariadb", "nothing_else_is_alike", YES,
      "not found: U+0149, U+01F0, U+1E96-U+1E9A, U+FB00-U+FB06", LOWERED },
    { "mariadb", "whole_words_fold", YES, "\xef\xac\x81sh has no FI", LOWERED },

    { "sqlite", "tables_are_in_schemas", EMULATED, NULL,
      "there are no schemas: the schema's name and a point begin those of its tables and indexes" },
    { "sqlite_memory", "tables_are_made_once", REFUSED, NULL, MEMORY_APART },
    { "sqlite_memory", "what_is_missing_is_made", REFUSED, NULL, MEMORY_APART },
    { "sqlite_memory", "a_column_is_renamed", REFUSED, NULL, MEMORY_APART },
    { "sqlite_memory", "a_missing_column_is_told", REFUSED, NULL, MEMORY_APART },

    { "sqlite_memory", "what_is_not_committed_is_not_seen", REFUSED, NULL, MEMORY_WAITS },
    { "sqlite_memory", "committed_reads_move_on", REFUSED, NULL, MEMORY_WAITS },
    { "sqlite_memory", "repeatable_reads_repeat", REFUSED, NULL, MEMORY_WAITS },
    { "sqlite_memory", "readers_need_not_wait", REFUSED, NULL, MEMORY_WAITS },
    { "sqlite", "committed_reads_move_on", YES, "keeps its snapshot", SNAPSHOT },
    { "sqlite", "repeatable_reads_lose_no_update", EMULATED, NULL, ONE_WRITER },
    { "sqlite", "an_update_waits_for_the_lock", EMULATED, NULL, ONE_WRITER },
    { "sqlite", "rollback_releases_the_lock", EMULATED, NULL, ONE_WRITER },
    { "sqlite", "other_rows_are_free", REFUSED, NULL, ONE_WRITER },
    { "sqlite", "rows_behind_a_range_are_free", EMULATED, "the next row waits", ONE_WRITER },
    { "mariadb", "rows_behind_a_range_are_free", YES, "the next row waits",
      "at repeatable read InnoDB locks the gap behind a range, and the row behind that; "
      "`OST_READ_COMMITTED` does not" },
    { "sqlite", "readers_need_not_wait", EMULATED, NULL, ONE_WRITER },
    { "sqlite", "nowait_fails_at_once", EMULATED, "waits up to its deadline", ONE_WRITER },
    { "sqlite", "skip_leaves_out_what_is_locked", REFUSED, NULL, ONE_WRITER },
    { "sqlite", "shared_locks_stand_together", REFUSED, NULL, ONE_WRITER },
    { "sqlite", "a_wait_ends_at_the_deadline", YES, "OST_LOCK_TIMEOUT",
      "SQLite waits by itself and knows what for" },
    { "sqlite", "a_unit_that_timed_out_is_lost", REFUSED, NULL, ONE_WRITER },
};
const size_t quirk_count = sizeof quirks / sizeof quirks[0];
