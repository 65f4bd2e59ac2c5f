/* SPDX-License-Identifier: MIT */
/* Hashes of passwords. */
#ifndef OSTLER_MODEL_PASSWORD_H
#define OSTLER_MODEL_PASSWORD_H

#include "base/arena.h"
#include "ostler/driver.h"
#include "ostler/password.h"

enum { OST__HASH_SIZE = 128 }; /* of a text that ost__password_hash() makes, with its NUL */

/* Why a query refuses a hashed member. */
#define OST__HASH_MISUSE                                                                   \
    "is a hash: it can be selected or be null, but not compared, ordered or grouped; use " \
    "ost_password_verify"

/* What a hash says of itself. */
typedef struct ost__hash_cost {
    uint32_t memory_kib, passes, lanes;
    bool is_argon2id;
} ost__hash_cost;

/* What a session hashes with. */
typedef struct ost__hashing {
    const ost_password_options *options; /* complete */
    const ost_platform *platform;
    ost__arena *imported;         /* holds nothing but hashes */
    const ost_deadline *deadline; /* of the call that runs */
} ost__hashing;

/* Fills what is 0 and checks the rest; OST_MISUSE: e says why. `given` may be NULL. */
ost_status ost__password_options(const ost_password_options *given, ost_password_options *out,
                                 ost_error *e);
/* Whether the text is a hash of a kind that can be verified. */
bool ost__password_parse(const char *hash, ost__hash_cost *out);
bool ost__password_is_too_costly(const ost_password_options *o, const ost__hash_cost *cost);
/* Whether a text of a hashed member is a hash already: an imported one, or what is `stored` (NULL:
 * not known). */
bool ost__password_is_hashed(const ost__hashing *h, const char *text, const char *stored);
/* OST_TIMEOUT before it begins, or OST_NO_MEMORY. */
ost_status ost__password_hash(const ost__hashing *h, const char *plain, char out[OST__HASH_SIZE]);
/* As ost_password_verify(). */
ost_status ost__password_verify(const ost_password_options *o, const char *hash,
                                const char *password, bool *renew);

#endif
