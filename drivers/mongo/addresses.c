/* SPDX-License-Identifier: MIT */
/* Names of hosts: a resolver takes as long as it likes, so that only numbers are looked at here. */
#include "mongo/connection.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

typedef struct lookup {
    ost__mongo_aside job; /* first */
    char host[BSON_HOST_NAME_MAX + 1];
    char port[8];
    int family, flags, rc;
    struct addrinfo *found;
} lookup;

static void look_up(ost__mongo_aside *job)
{
    lookup *l = (lookup *)job;
    struct addrinfo hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = l->family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = l->flags;
    l->rc = getaddrinfo(l->host, l->port, &hints, &l->found);
}

static void drop(ost__mongo_aside *job)
{
    lookup *l = (lookup *)job;
    if (l->rc == 0)
        freeaddrinfo(l->found);
}

struct addrinfo *ost__mongo_addresses(const ost_host *host, const mongoc_host_list_t *where,
                                      ost_deadline deadline, bson_error_t *error)
{
    lookup *l = bson_malloc0(sizeof *l);
    struct addrinfo *found;
    bool failed;
    ost__copy_text(l->host, sizeof l->host, where->host);
    ost__print(l->port, sizeof l->port, "%u", (unsigned)where->port);
    l->family = where->family;
    l->flags = AI_NUMERICHOST | AI_NUMERICSERV;
    look_up(&l->job);
    if (l->rc != 0) {
        l->flags = AI_NUMERICSERV;
        l->job.work = look_up;
        l->job.drop = drop;
        if (!ost__mongo_do_aside(&l->job, host, deadline)) {
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_NAME_RESOLUTION,
                           "nobody resolved the name %s in time", where->host);
            return NULL;
        }
    }
    failed = l->rc != 0;
    found = failed ? NULL : l->found;
    bson_free(l);
    if (failed)
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_NAME_RESOLUTION,
                       "the name %s is unknown", where->host);
    return found;
}
