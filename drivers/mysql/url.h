/* SPDX-License-Identifier: MIT */
/* Where a server is, and how it is spoken to: what a URL says. */
#ifndef OSTLER_MYSQL_URL_H
#define OSTLER_MYSQL_URL_H

#include "base/url.h"

enum ost__my_tls { OST__MY_TLS_OFF, OST__MY_TLS_REQUIRE, OST__MY_TLS_VERIFY };

typedef struct ost__my_settings {
    ost__url url;         /* owns all texts below */
    const char *host;     /* NULL: a socket */
    const char *socket;   /* NULL: the library's own, where there is no host */
    const char *user;     /* never NULL; "": the name of the user who runs the program */
    const char *password; /* never NULL */
    const char *database; /* never NULL or "" */
    unsigned port;
    uint16_t tls;                       /* an enum ost__my_tls */
    const char *ca, *certificate, *key; /* files, or NULL */
} ost__my_settings;

/* OST_MISUSE: an option that there is not, or a value that it cannot have. */
ost_status ost__my_settings_read(const ost__memory *memory, const char *url, ost__my_settings *out,
                                 ost_error *error);
void ost__my_settings_finish(const ost__memory *memory, ost__my_settings *s);
/* Whether nobody can listen on the way there. */
bool ost__my_is_local(const char *host);

#endif
