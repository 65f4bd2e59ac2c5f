/* SPDX-License-Identifier: MIT */
#include "ostler/password.h"

#include <string.h>

#include "base/error.h"
#include "session/session.h"

ost_status ost_password_verify(ost_db *db, const char *hash, const char *password, bool *renew)
{
    bool unwanted;
    if (!renew)
        renew = &unwanted;
    *renew = false;
    if (!db || !password)
        return OST_MISUSE;
    return ost__password_verify(&db->passwords, hash, password, renew);
}

static ost_status import(ost_session *s, const char *hash, const char **out)
{
    ost__hash_cost cost;
    const ost_password_options *o = &s->db->passwords;
    if (!hash || !ost__password_parse(hash, &cost))
        return ost__fail(s, OST_INVALID,
                         "ost_password_hashed was given what is no hash of Argon2id or Argon2i, "
                         "version 19");
    if (ost__password_is_too_costly(o, &cost))
        return ost__fail(s, OST_TOO_LARGE,
                         "ost_password_hashed was given a hash of %u passes over %u KiB, which is "
                         "more than max_passes or max_memory_kib of the options",
                         (unsigned)cost.passes, (unsigned)cost.memory_kib);
    *out = ost__arena_text(&s->hashes, hash, strlen(hash));
    return *out ? OST_OK : ost__no_memory(s);
}

const char *ost_password_hashed(ost_session *s, const char *hash)
{
    const char *text = NULL;
    if (!ost__enter_briefly(s))
        return NULL;
    ost__leave_briefly(s, import(s, hash, &text));
    return text;
}
