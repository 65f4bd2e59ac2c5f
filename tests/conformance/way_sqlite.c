/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[512];

static bool make_memory(char *url, size_t size)
{
    (void)snprintf(url, size, "sqlite::memory:");
    return true;
}

static void drop_memory(void)
{
}

static bool make_file(char *url, size_t size)
{
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/ostler-conformance-XXXXXX",
                   temporary ? temporary : P_tmpdir);
    if (!mkdtemp(folder)) {
        (void)snprintf(url, size, "there is no folder for it");
        return false;
    }
    (void)snprintf(url, size, "sqlite:%s/suite.db?synchronous=off", folder);
    return true;
}

static void drop_file(void)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    char path[600];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/suite.db%s", folder, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

const way way_sqlite_memory = { "sqlite_memory", "sqlite",    ost_driver_sqlite,
                                make_memory,     drop_memory, 1 };
const way way_sqlite_file = { "sqlite_file", "sqlite", ost_driver_sqlite, make_file, drop_file, 1 };
