/* SPDX-License-Identifier: MIT */
/* What an URL says: mongodb://user:password@host:port,host:port/database?option=value */
#ifndef OSTLER_MONGO_URL_H
#define OSTLER_MONGO_URL_H

#include <mongoc/mongoc.h>

#include "base/memory.h"
#include "ostler/driver.h"

enum ost__mongo_tls { OST__MONGO_TLS_OFF, OST__MONGO_TLS_REQUIRE, OST__MONGO_TLS_VERIFY };

typedef struct ost__mongo_settings {
    mongoc_uri_t *uri;    /* complete: what we need of the library is set in it */
    const char *database; /* part of `uri` */
    uint16_t tls;         /* an enum ost__mongo_tls */
    bool reads_anywhere;  /* the URL prefers other servers than the primary for reading */
    bool retry_reads, retry_writes;
    const char *ca, *certificate; /* files, or NULL; part of `uri` */
} ost__mongo_settings;

/*
 * Reads the URL and our options: tls, tls_ca, tls_cert, and those of MongoDB that do no harm:
 * replicaSet, authSource, authMechanism, readPreference, readConcernLevel, w, journal,
 * directConnection, appname, retryReads, retryWrites. Another, or a value that one cannot have, is
 * OST_MISUSE that names it. No message holds a part of the URL that could be a password.
 */
ost_status ost__mongo_settings_read(const ost_options *options, const ost__memory *m,
                                    ost__mongo_settings *out, ost_error *error);
void ost__mongo_settings_free(ost__mongo_settings *s);
/* Whether nobody can listen on the way there: a socket of this machine, or its own addresses. */
bool ost__mongo_is_local(const char *host);

#endif
