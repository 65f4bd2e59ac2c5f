/* SPDX-License-Identifier: MIT */
#include "model/password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"

enum {
    PASSES = crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
    MEMORY_KIB = crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE / 1024,
    PASSES_MAX = 1000,
    MEMORY_KIB_LEAST = 8,
    MEMORY_KIB_MAX = 4194304,
    VERIFY_PASSES = 16,
    VERIFY_MEMORY_KIB = 1048576,
    VERSION = 19,
    LANES_MAX = 64,
    RAW_SIZE = 32,
    PART_MAX = 128, /* base64 of a salt or a hash */
    PART_LEAST = 11
};

static uint32_t or_default(uint32_t given, uint32_t otherwise)
{
    return given ? given : otherwise;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

ost_status ost__password_options(const ost_password_options *given, ost_password_options *out,
                                 ost_error *e)
{
    memset(out, 0, sizeof(*out));
    if (given && given->struct_size == 0)
        return ost__error_set(
            e, OST_MISUSE, "the password options' struct_size is 0; write them OST_PASSWORDS(…)");
    if (given)
        memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    out->struct_size = sizeof(*out);
    out->passes = or_default(out->passes, PASSES);
    out->memory_kib = or_default(out->memory_kib, MEMORY_KIB);
    out->max_passes = or_default(out->max_passes, larger(VERIFY_PASSES, out->passes));
    out->max_memory_kib =
        or_default(out->max_memory_kib, larger(VERIFY_MEMORY_KIB, out->memory_kib));
    if (out->passes > PASSES_MAX)
        return ost__error_set(e, OST_MISUSE, "the password options ask for more than %d passes",
                              (int)PASSES_MAX);
    if (out->memory_kib < MEMORY_KIB_LEAST || out->memory_kib > MEMORY_KIB_MAX)
        return ost__error_set(e, OST_MISUSE,
                              "the password options' memory_kib must be from %d to %d",
                              (int)MEMORY_KIB_LEAST, (int)MEMORY_KIB_MAX);
    if (out->max_passes < out->passes || out->max_memory_kib < out->memory_kib)
        return ost__error_set(e, OST_MISUSE,
                              "the password options' max_passes and max_memory_kib would refuse "
                              "the hashes that they make");
    return OST_OK;
}

/* ---- reading a hash ---- */

static bool skip(const char **at, const char *text)
{
    size_t size = strlen(text);
    if (strncmp(*at, text, size) != 0)
        return false;
    *at += size;
    return true;
}

/* Digits without a leading zero. */
static bool read_number(const char **at, uint32_t *out)
{
    uint64_t n = 0;
    const char *p = *at;
    if (*p == '0')
        return false;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint64_t)(*p - '0');
        if (n > UINT32_MAX)
            return false;
    }
    *out = (uint32_t)n;
    bool found = p != *at;
    *at = p;
    return found;
}

static bool skip_base64(const char **at)
{
    size_t n = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    *at += n;
    return n >= PART_LEAST && n <= PART_MAX;
}

bool ost__password_parse(const char *hash, ost__hash_cost *out)
{
    const char *p = hash;
    uint32_t version = 0;
    memset(out, 0, sizeof(*out));
    out->is_argon2id = skip(&p, "$argon2id$");
    return (out->is_argon2id || skip(&p, "$argon2i$")) && skip(&p, "v=") &&
           read_number(&p, &version) && version == VERSION && skip(&p, "$m=") &&
           read_number(&p, &out->memory_kib) && skip(&p, ",t=") && read_number(&p, &out->passes) &&
           skip(&p, ",p=") && read_number(&p, &out->lanes) && out->lanes <= LANES_MAX &&
           skip(&p, "$") && skip_base64(&p) && skip(&p, "$") && skip_base64(&p) && *p == '\0';
}

bool ost__password_is_too_costly(const ost_password_options *o, const ost__hash_cost *cost)
{
    return cost->passes > o->max_passes || cost->memory_kib > o->max_memory_kib;
}

bool ost__password_is_hashed(const ost__hashing *h, const char *text, const char *stored)
{
    ost__hash_cost cost;
    if (stored && strcmp(text, stored) == 0)
        return true;
    return ost__arena_chunk_of(h->imported, text) && ost__password_parse(text, &cost);
}

/* ---- hashing ---- */

static ost_status no_memory_unless(bool made)
{
    return made ? OST_OK : OST_NO_MEMORY;
}

static ost_status derive(const ost_password_options *o, const char *plain, const uint8_t *salt,
                         uint8_t raw[RAW_SIZE])
{
    if (sodium_init() < 0)
        return OST_NO_MEMORY;
    return no_memory_unless(crypto_pwhash(raw, RAW_SIZE, plain, strlen(plain), salt, o->passes,
                                          (size_t)o->memory_kib * 1024,
                                          crypto_pwhash_ALG_ARGON2ID13) == 0);
}

ost_status ost__password_hash(const ost__hashing *h, const char *plain, char out[OST__HASH_SIZE])
{
    const ost_platform *p = h->platform;
    uint8_t salt[crypto_pwhash_SALTBYTES], raw[RAW_SIZE];
    if (*h->deadline != INT64_MAX && p->monotonic(p->context) >= *h->deadline)
        return OST_TIMEOUT;
    p->random(p->context, salt, sizeof(salt));
    OST_TRY(derive(h->options, plain, salt, raw));
    size_t at = ost__print(out, OST__HASH_SIZE, "$argon2id$v=%d$m=%u,t=%u,p=1$", (int)VERSION,
                           (unsigned)h->options->memory_kib, (unsigned)h->options->passes);
    sodium_bin2base64(out + at, OST__HASH_SIZE - at, salt, sizeof(salt),
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    at = strlen(out);
    out[at++] = '$';
    sodium_bin2base64(out + at, OST__HASH_SIZE - at, raw, sizeof(raw),
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_memzero(raw, sizeof(raw));
    return OST_OK;
}

/* Takes the time that a wrong password takes. */
static ost_status verify_nothing(const ost_password_options *o, const char *password)
{
    const uint8_t salt[crypto_pwhash_SALTBYTES] = { 0 };
    uint8_t raw[RAW_SIZE];
    OST_TRY(derive(o, password, salt, raw));
    sodium_memzero(raw, sizeof(raw));
    return OST_AUTH;
}

ost_status ost__password_verify(const ost_password_options *o, const char *hash,
                                const char *password, bool *renew)
{
    ost__hash_cost cost;
    *renew = false;
    if (!hash)
        return verify_nothing(o, password);
    if (!ost__password_parse(hash, &cost))
        return OST_INVALID;
    if (ost__password_is_too_costly(o, &cost))
        return OST_TOO_LARGE;
    if (sodium_init() < 0)
        return OST_NO_MEMORY;
    errno = 0;
    if (crypto_pwhash_str_verify(hash, password, strlen(password)) != 0)
        return errno == EINVAL ? OST_AUTH : errno == ENOMEM ? OST_NO_MEMORY : OST_INVALID;
    *renew = !cost.is_argon2id || cost.memory_kib != o->memory_kib || cost.passes != o->passes ||
             cost.lanes != 1;
    return OST_OK;
}
