/* SPDX-License-Identifier: MIT */
/**
 * @file password.h
 * Passwords: members that are stored as hashes.
 *
 * A text member with `.hashed` holds a password in the clear only in the program. On every path that writes (insert, save, replace,
 * update by query, …) its other rules look at the plain text, and then, last, its hash takes its place: Argon2id (RFC 9106) with 16
 * random bytes of salt, in the usual form `$argon2id$v=19$m=65536,t=2,p=1$…`. A record of the session holds the hash afterwards; a
 * struct of the program's own keeps what it holds. What did not change is not hashed again.
 *
 * **A text is never taken for a hash because it looks like one**: a user who types a hash gets it hashed. What is a hash already says
 * where it lies: in the member as it was loaded, or in the memory that ost_password_hashed() gives.
 *
 * Such a member is never in JSON, an error or an event, and a query may ask whether it is null, but neither compare nor order
 * nor group by it (::OST_MISUSE): a password is looked at by ost_password_verify().
 *
 * What hashing costs is set by ost_options' `passwords`. It takes its memory from libsodium, beside the platform's: as much as
 * `memory_kib` says for each thread that hashes or verifies.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct account { int64_t id; const char *email, *password; } account;
 * OST_RECORD(account, id);
 * // OST_FIELD(account, password, .required = true, .min_length = 10, .hidden = true, .hashed = true)
 *
 * // The same answer, and as late, whether there is no such account or the password is wrong.
 * ost_status log_in(ost_db *db, ost_session *s, const char *email, const char *password)
 * {
 *     bool renew;
 *     ost_query *q = ost_from(s, account);
 *     ost_where(q, ost_eq(account, email, email));
 *     ost_with_hidden(q);
 *     account *a = ost_one(q, account);
 *     if (!a && ost_session_error(s)->status != OST_NOT_FOUND)
 *         return (ost_status)ost_session_error(s)->status;
 *     OST_TRY(ost_password_verify(db, a ? a->password : NULL, password, &renew));
 *     if (renew) {
 *         a->password = password;
 *         return ost_save(s, account, a);
 *     }
 *     return OST_OK;
 * }
 * @endcode
 */
#ifndef OSTLER_PASSWORD_H
#define OSTLER_PASSWORD_H

#include "ostler/db.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What hashing costs. Zero is the default everywhere. The defaults are those that libsodium gives for interactive use, about a tenth of a
 * second; a test may say `.passes = 1, .memory_kib = 8`.
 */
struct ost_password_options {
    size_t struct_size;      /**< sizeof(ost_password_options); filled by OST_PASSWORDS(). */
    uint32_t passes;         /**< Argon2's t; default 2, at most 1000. */
    uint32_t memory_kib;     /**< Argon2's m; default 65536 (64 MiB), at least 8, at most 4194304. */
    uint32_t max_passes;     /**< A stored hash that asks for more is not verified; default 16, or `passes` if that is more. */
    uint32_t max_memory_kib; /**< The same; default 1048576 (1 GiB), or `memory_kib` if that is more. */
};
/** Options of passwords, with their size: `.passwords = OST_PASSWORDS(.memory_kib = 131072)`. */
#define OST_PASSWORDS(...) \
    (&(const ost_password_options){ .struct_size = sizeof(ost_password_options), __VA_ARGS__ })

/**
 * Whether a password is the one that was hashed. Takes as long as hashing did; the comparison is in constant time. Thread-safe;
 * takes no connection, and has no deadline.
 * @param db Its options say what a hash may cost.
 * @param hash As it is stored: Argon2id, or Argon2i, of version 19. NULL: there is none, for example no such account: as long a time is
 * taken as for a wrong password, so that a stranger does not learn which accounts there are.
 * @param password The plain text.
 * @param renew May be NULL. Set on ::OST_OK: whether the hash was made in another way or at another cost than the options say now:
 * the program should store the password anew; false otherwise.
 * @return ::OST_OK: it is. ::OST_AUTH: it is not, or `hash` is NULL. ::OST_INVALID: `hash` is no hash of these kinds. ::OST_TOO_LARGE:
 * it asks for more than `max_passes` or `max_memory_kib`. ::OST_NO_MEMORY. ::OST_MISUSE: a NULL.
 */
OST_API ost_status ost_password_verify(ost_db *db, const char *hash, const char *password,
                                       bool *renew);

/**
 * Imports a hash that was made before: the text returned is stored as it is where a member is `.hashed`; its other rules are not
 * applied. Only this very pointer says so: a copy is a password like any other, also one that ost_keep() makes.
 * @param s The session that will write it.
 * @param hash Argon2id or Argon2i, as ost_password_verify() takes it. Copied.
 * @return A text of the session's, until it is cleared or closed; ost_session_release() leaves it. NULL: failed with ::OST_INVALID,
 * ::OST_TOO_LARGE or ::OST_NO_MEMORY; do not store that.
 */
OST_API const char *ost_password_hashed(ost_session *s, const char *hash);

#ifdef __cplusplus
}
#endif
#endif
