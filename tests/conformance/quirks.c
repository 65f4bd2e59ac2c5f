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

#define LOWERED "the server folds letter by letter: ligatures stay what they are"
#define NO_INFINITY "a DOUBLE holds no infinity: it is refused before anything is sent"

const quirk quirks[] = {
    { "sqlite", "uint64_high.*", REFUSED, NULL,
      "an INTEGER has 64 bits with a sign: a larger number is refused before it is written" },

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

    { "sqlite_memory", "tables_are_made_once", REFUSED, NULL, MEMORY_APART },
    { "sqlite_memory", "what_is_missing_is_made", REFUSED, NULL, MEMORY_APART },
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
