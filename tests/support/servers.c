/* SPDX-License-Identifier: MIT */
#include "support/servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/server_sql.h"

enum { URL_SIZE = 1024, PATH_SIZE = 512, DATABASES_MAX = 256, INSTANCES_MAX = 16 };

static const struct {
    const char *name;   /* of services.py */
    const char *url;    /* in the environment */
    const char *socket; /* in the server's folder, for the option `socket` */
} kinds[] = {
    [SERVER_POSTGRES] = { "postgres", "OST_TEST_POSTGRES_URL", "" },
    [SERVER_MYSQL] = { "mariadb", "OST_TEST_MYSQL_URL", "/socket" },
    [SERVER_PGBOUNCER] = { "pgbouncer", "OST_TEST_PGBOUNCER_URL", "" },
    [SERVER_MONGODB] = { "mongodb", "OST_TEST_MONGODB_URL", "" },
};

struct server_instance {
    enum server kind;
    char folder[PATH_SIZE];
    char place[PATH_SIZE]; /* where its files are */
    char url[URL_SIZE];
    char behind[URL_SIZE]; /* of the PostgreSQL behind it */
};

/* Texts that are valid until exit. They are reachable, so that no leak is seen in them. */
typedef struct kept {
    struct kept *next;
    char text[];
} kept;
static kept *all_kept;

static struct {
    const char *admin, *name, *url;
    const char *beside; /* another one that goes with it; NULL: none */
} databases[DATABASES_MAX];
static int database_count;
static server_instance *instances[INSTANCES_MAX];
static pid_t owner; /* a forked child that exits drops nothing */

static const char *keep(const char *text)
{
    size_t size = strlen(text) + 1;
    kept *k = malloc(sizeof *k + size);
    assert_non_null(k);
    memcpy(k->text, text, size);
    k->next = all_kept;
    all_kept = k;
    return k->text;
}

static const char *format(const char *pattern, ...)
{
    char text[URL_SIZE];
    va_list arguments;
    va_start(arguments, pattern);
    int length = vsnprintf(text, sizeof text, pattern, arguments);
    va_end(arguments);
    assert_in_range(length, 0, sizeof text - 1);
    return keep(text);
}

static void drop_database(const char *admin, const char *name)
{
    const char *said = server_sql_drop(admin, name);
    if (said)
        fprintf(stderr, "the database %s cannot be dropped: %s\n", name, said);
}

static void drop_at(int i)
{
    drop_database(databases[i].admin, databases[i].name);
    if (databases[i].beside)
        drop_database(databases[i].admin, databases[i].beside);
}

static int services(const char *action, const char *folder, const char *words)
{
    char command[2 * URL_SIZE];
    int length = snprintf(command, sizeof command,
                          "python3 '" OST_SOURCE_DIR "/tests/services/services.py' %s"
                          " --folder '%s' %s",
                          action, folder, words);
    return length > 0 && (size_t)length < sizeof command ? system(command) : -1;
}

static void drop_all(void)
{
    while (owner == getpid() && database_count > 0) {
        database_count--;
        drop_at(database_count);
    }
}

static void end_all(void)
{
    for (int i = 0; owner == getpid() && i < INSTANCES_MAX; i++) {
        if (instances[i])
            services("stop", instances[i]->folder, "");
        free(instances[i]);
    }
    while (all_kept) {
        kept *k = all_kept;
        all_kept = k->next;
        free(k);
    }
}

static void end_all_at_exit(void)
{
    if (owner == 0 && atexit(end_all) == 0)
        owner = getpid();
}

/* What client libraries clean up at exit they register when they are first used. Databases are to
 * be dropped before that, so each library was used before this is called. */
static void drop_all_at_exit(enum server kind)
{
    static bool registered[SERVER_MONGODB + 1];
    if (!registered[kind])
        assert_int_equal(atexit(drop_all), 0);
    registered[kind] = true;
}

bool server_given(enum server kind)
{
    const char *url = getenv(kinds[kind].url);
    return url && *url;
}

/* A URL up to its database's name, which follows the last '/' in front of the options. */
static const char *with_database(const char *url, const char *name, const char *options)
{
    const char *question = strchr(url, '?');
    const char *end = question ? question : url + strlen(url);
    const char *slash = end;
    while (slash > url && *slash != '/')
        slash--;
    const char *given = question ? question + 1 : "";
    const char *more = options ? options : "";
    return format("%.*s/%s%s%s%s%s", (int)(slash - url), url, name, *given || *more ? "?" : "",
                  given, *given && *more ? "&" : "", more);
}

const char *server_database(enum server kind, const char *options)
{
    char name[64];
    static int counter;
    if (!server_given(kind))
        fail_msg("%s is not set; start the servers by python3 tests/services/services.py start",
                 kinds[kind].url);
    if (database_count == DATABASES_MAX)
        fail_msg("a test takes more than %d databases; drop some", DATABASES_MAX);
    end_all_at_exit();
    const char *admin = keep(getenv(kinds[kind].url));
    snprintf(name, sizeof name, "ost_%ld_%d", (long)getpid(), ++counter);
    const char *problem = server_sql_drop(admin, name);
    if (problem)
        fail_msg("an older database cannot be dropped: %s", problem);
    if (kind != SERVER_MONGODB) /* which makes one by its first use */
        server_sql(admin, format("CREATE DATABASE %s", name));
    drop_all_at_exit(kind);
    int i = database_count++;
    databases[i].admin = admin;
    databases[i].name = keep(name);
    databases[i].beside = NULL;
    databases[i].url = with_database(admin, name, options);
    return databases[i].url;
}

void server_drop(const char *url)
{
    for (int i = 0; i < database_count; i++) {
        if (strcmp(databases[i].url, url) == 0) {
            drop_at(i);
            databases[i] = databases[--database_count];
            return;
        }
    }
    fail_msg("server_drop() knows no database of this URL");
}

const char *server_beside(const char *url)
{
    int i = 0;
    while (i < database_count && strcmp(databases[i].url, url) != 0)
        i++;
    if (i == database_count)
        fail_msg("server_beside() knows no database of this URL");
    if (!databases[i].beside)
        databases[i].beside = format("%s_beside", databases[i].name);
    return databases[i].beside;
}

const char *server_url_with(const char *url, const char *option)
{
    return format("%s%c%s", url, strchr(url, '?') ? '&' : '?', option);
}

const char *server_url_as(const char *url, const char *user, const char *password)
{
    const char *start = strstr(url, "://");
    const char *at = strchr(url, '@');
    assert_true(start && at && start < at);
    return format("%.*s%s%s%s%s", (int)(start + 3 - url), url, user, password ? ":" : "",
                  password ? password : "", at);
}

const char *server_url_at(const char *url, int port)
{
    const char *at = strchr(url, '@');
    const char *colon = at ? strchr(at, ':') : NULL;
    assert_non_null(colon);
    return format("%.*s%d%s", (int)(colon + 1 - url), url, port,
                  colon + 1 + strspn(colon + 1, "0123456789"));
}

/* What F/env has for a name; false if nothing. */
static bool read_env(const char *folder, const char *name, char *out, size_t size)
{
    char path[PATH_SIZE + 8], line[URL_SIZE + 64];
    bool found = false;
    snprintf(path, sizeof path, "%s/env", folder);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file)) {
        size_t length = strlen(name);
        char *end = strrchr(line, '\'');
        if (strncmp(line, name, length) != 0 || strncmp(line + length, "='", 2) != 0 || !end)
            continue;
        *end = '\0';
        found = strlen(line + length + 2) < size;
        if (found)
            memcpy(out, line + length + 2, strlen(line + length + 2) + 1);
    }
    fclose(file);
    return found;
}

static void make_folder(char *out, size_t size)
{
    const char *shared = getenv("OST_TEST_SERVICES");
    const char *temporary = getenv("TMPDIR");
    if (shared && *shared) {
        snprintf(out, size, "%s/private", shared);
        mkdir(out, 0755);
        snprintf(out, size, "%s/private/XXXXXX", shared);
    } else {
        snprintf(out, size, "%s/ostler-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    }
    if (!mkdtemp(out))
        fail_msg("no folder can be made for a server: %s", out);
}

server_instance *server_private(enum server kind, const char *extra)
{
    char words[URL_SIZE];
    int i = 0;
    while (i < INSTANCES_MAX && instances[i])
        i++;
    if (i == INSTANCES_MAX)
        fail_msg("a test starts more than %d servers; end some", INSTANCES_MAX);
    server_instance *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->kind = kind;
    make_folder(s->folder, sizeof s->folder);
    end_all_at_exit();
    instances[i] = s;
    snprintf(words, sizeof words, "--private %s %s", extra ? extra : "", kinds[kind].name);
    if (services("start", s->folder, words) != 0)
        fail_msg("%s does not start", kinds[kind].name);
    if (!read_env(s->folder, kinds[kind].url, s->url, sizeof s->url) ||
        !read_env(s->folder, "OST_TEST_CA", s->place, sizeof s->place) ||
        !strstr(s->place, "/tls/ca.pem"))
        fail_msg("services.py did not say where %s is", kinds[kind].name);
    *strstr(s->place, "/tls/ca.pem") = '\0';
    read_env(s->folder, kinds[SERVER_POSTGRES].url, s->behind, sizeof s->behind);
    return s;
}

void server_end(server_instance *s)
{
    for (int i = 0; s && i < INSTANCES_MAX; i++) {
        if (instances[i] != s)
            continue;
        instances[i] = NULL;
        if (services("stop", s->folder, "") != 0)
            fail_msg("%s cannot be stopped", kinds[s->kind].name);
        free(s);
        return;
    }
}

const char *server_url(const server_instance *s, const char *options)
{
    return with_database(s->url, "ostler", options);
}

const char *server_url_behind(const server_instance *s, const char *options)
{
    return with_database(s->behind, "ostler", options);
}

const char *server_tls_file(const server_instance *s, const char *name)
{
    return format("%s/tls/%s", s->place, name);
}

const char *server_socket(const server_instance *s)
{
    return format("%s/%s%s", s->place, kinds[s->kind].name, kinds[s->kind].socket);
}

long server_pid(const server_instance *s)
{
    char path[PATH_SIZE + 32];
    long pid = 0;
    snprintf(path, sizeof path, "%s/%s.pid", s->folder, kinds[s->kind].name);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%ld", &pid) != 1)
        fail_msg("%s does not run", kinds[s->kind].name);
    fclose(file);
    return pid;
}

static void act(const server_instance *s, enum server kind, const char *action)
{
    if (services(action, s->folder, kinds[kind].name) != 0)
        fail_msg("services.py %s %s failed", action, kinds[kind].name);
}

void server_pause(const server_instance *s)
{
    act(s, s->kind, "pause");
}

void server_resume(const server_instance *s)
{
    act(s, s->kind, "resume");
}

void server_kill(const server_instance *s)
{
    act(s, s->kind, "kill");
}

void server_stop(const server_instance *s)
{
    act(s, s->kind, "stop");
}

void server_restart(const server_instance *s)
{
    act(s, s->kind, "restart");
}

void server_behind(const server_instance *s, const char *action)
{
    act(s, SERVER_POSTGRES, action);
}
