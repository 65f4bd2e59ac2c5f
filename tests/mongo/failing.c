/* SPDX-License-Identifier: MIT */
#include "mongo/failing.h"

#include <stdio.h>
#include <unistd.h>

#include "support/servers.h"

static const char *name(void)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "ostler-%ld", (long)getpid());
    return text;
}

const char *failing_option(void)
{
    static char text[64];
    (void)snprintf(text, sizeof text, "appname=%s", name());
    return text;
}

static void fail_in_mode(const char *url, const char *command, const char *mode, const char *how)
{
    char json[600];
    (void)snprintf(json, sizeof json,
                   "{\"configureFailPoint\": \"failCommand\", \"mode\": %s, \"data\": "
                   "{\"appName\": \"%s\", \"failCommands\": [\"%s\"], %s}, \"$db\": \"admin\"}",
                   mode, name(), command, how);
    server_sql(url, json);
}

void failing(const char *url, const char *command, int times, const char *how)
{
    char mode[32] = "\"alwaysOn\"";
    if (times > 0)
        (void)snprintf(mode, sizeof mode, "{\"times\": %d}", times);
    fail_in_mode(url, command, mode, how);
}

void failing_after(const char *url, const char *command, int turns, const char *how)
{
    char mode[32];
    (void)snprintf(mode, sizeof mode, "{\"skip\": %d}", turns);
    fail_in_mode(url, command, mode, how);
}

void failing_ends(const char *url)
{
    server_sql(url, "{\"configureFailPoint\": \"failCommand\", \"mode\": \"off\", \"$db\": "
                    "\"admin\"}");
}
