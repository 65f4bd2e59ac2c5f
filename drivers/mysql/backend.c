/* SPDX-License-Identifier: MIT */
#include "mysql/connection.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"

/* ---- opening ---- */

enum { PATIENCE_MS = 30000 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The first call of the client library is not safe among threads in every version of it. It takes
 * SIGPIPE away from the program, which is given back. */
static void start_library(void)
{
    struct sigaction before;
    bool known = sigaction(SIGPIPE, NULL, &before) == 0;
    mysql_library_init(0, NULL, NULL);
    if (known)
        sigaction(SIGPIPE, &before, NULL);
}

ost_status ost__my_open(const ost_host *host, const ost_options *options, ost_backend **out,
                        ost_error *error)
{
    const ost__memory memory = { host->resize, host->context };
    ost__my_settings settings;
    ost_backend *b;
    *out = NULL;
    if (host->abi != OST_DRIVER_ABI)
        return ost__error_set(error, OST_MISUSE, "the driver is for another version of Ostler");
    OST_TRY(ost__my_settings_read(&memory, options->url, &settings, error));
    ost__my_settings_finish(&memory, &settings);
    pthread_once(&once, start_library);
    b = ost__alloc_zeroed(&memory, sizeof *b);
    if (!b)
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    b->host = *host;
    b->memory = memory;
    atomic_init(&b->plans, 0);
    atomic_init(&b->marks, false);
    if (options->statement_timeout_ms != OST_NO_TIMEOUT)
        b->patience_ms =
            options->statement_timeout_ms > 0 ? options->statement_timeout_ms : PATIENCE_MS;
    b->url_size = strlen(options->url) + 1;
    b->url = ost__alloc(&memory, b->url_size);
    if (!b->url) {
        ost__free(&memory, b, sizeof *b);
        return ost__error_set(error, OST_NO_MEMORY, "no memory to open a database");
    }
    memcpy(b->url, options->url, b->url_size);
    *out = b;
    return OST_OK;
}

void ost__my_shut(ost_backend *b, ost_deadline deadline)
{
    ost__memory memory;
    volatile char *p;
    (void)deadline;
    if (!b)
        return;
    memory = b->memory;
    p = b->url;
    for (size_t i = 0; i < b->url_size; i++)
        p[i] = 0;
    ost__free(&memory, b->url, b->url_size);
    ost__free(&memory, b, sizeof *b);
}

/* ---- plans ---- */

/* The texts of a plan and what their placeholders stand for, one behind the other. */
typedef struct draft {
    ost__buffer text, uses;
    struct {
        bool there;
        size_t text, size, uses, count;
    } parts[OST__MY_PARTS];
    const ost_shape *shape;
    ost_error *error;
} draft;

static void begin_part(draft *d, enum ost__my_part part)
{
    d->parts[part].there = true;
    d->parts[part].text = d->text.size;
    d->parts[part].uses = d->uses.size / sizeof(ost__my_parameter);
}

/* Where placeholders stand was noted from the start of all texts on. */
static void end_part(draft *d, enum ost__my_part part)
{
    ost__my_parameter *uses = (ost__my_parameter *)(void *)d->uses.data;
    size_t first = d->parts[part].uses, end = d->uses.size / sizeof *uses;
    d->parts[part].size = d->text.size - d->parts[part].text;
    d->parts[part].count = end - first;
    for (size_t i = first; i < end && !d->uses.failed; i++)
        uses[i].at -= d->parts[part].text;
    ost__buffer_char(&d->text, '\0');
}

static ost_status write_whole(draft *d, const ost__my_flavour *flavour, enum ost__my_part part)
{
    begin_part(d, part);
    OST_TRY(ost__sql_statement(&flavour->dialect, d->shape, &d->text, &d->uses, d->error));
    end_part(d, part);
    return OST_OK;
}

static bool gives_back(const ost__my_flavour *flavour, const ost_shape *shape)
{
    return flavour->dialect.returning >> shape->kind & 1;
}

static bool only_key(const ost_shape *shape)
{
    return shape->column_count == 1 && shape->table->auto_key &&
           shape->columns[0]->op == OST_OP_MEMBER &&
           shape->columns[0]->field == shape->table->auto_key;
}

/*
 * The generated key of one record comes with the server's answer, for nothing; of several, each
 * must be asked for.
 */
static ost_status write_insert(draft *d, const ost__my_flavour *flavour)
{
    ost__my_flavour told = *flavour;
    bool returns = gives_back(flavour, d->shape);
    if (d->shape->column_count > 0 && !returns && !only_key(d->shape))
        return ost__error_set(d->error, OST_UNSUPPORTED,
                              "%s: %s cannot give back what an insert stored, save for a generated "
                              "key",
                              d->shape->table->model, flavour->dialect.name);
    told.dialect.key_is_row_id = true;
    OST_TRY(write_whole(d, &told, OST__MY_WHOLE));
    if (!returns || d->shape->column_count == 0 || !only_key(d->shape))
        return OST_OK;
    told.dialect.key_is_row_id = false;
    return write_whole(d, &told, OST__MY_KEYS);
}

static ost_status write_parts(draft *d, const ost__my_flavour *flavour)
{
    static const struct {
        enum ost__my_part part;
        enum ost__sql_part as;
    } parts[] = {
        { OST__MY_LOCK, OST__SQL_LOCK },
        { OST__MY_BY_KEY, OST__SQL_BY_KEY },
        { OST__MY_READ, OST__SQL_READ },
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        begin_part(d, parts[i].part);
        OST_TRY(
            ost__sql_part(&flavour->dialect, d->shape, parts[i].as, &d->text, &d->uses, d->error));
        end_part(d, parts[i].part);
    }
    return OST_OK;
}

/* Where one statement is not enough, three that stand in for it; a server without such a statement
 * has those alone. */
static ost_status write_upsert(draft *d, const ost__my_flavour *flavour)
{
    static const struct {
        enum ost__my_part part;
        enum ost__sql_upsert_part as;
    } parts[] = {
        { OST__MY_UPSERT_INSERT, OST__SQL_UPSERT_INSERT },
        { OST__MY_UPSERT_UPDATE, OST__SQL_UPSERT_UPDATE },
        { OST__MY_UPSERT_READ, OST__SQL_UPSERT_LOCK },
        { OST__MY_WHOLE, OST__SQL_UPSERT_UPDATE },
    };
    size_t count = sizeof parts / sizeof parts[0];
    if (flavour->dialect.upsert) {
        OST_TRY(write_whole(d, flavour, OST__MY_WHOLE));
        count--;
    }
    for (size_t i = 0; i < count; i++) {
        begin_part(d, parts[i].part);
        OST_TRY(ost__sql_upsert_part(&flavour->dialect, d->shape, parts[i].as, &d->text, &d->uses,
                                     d->error));
        end_part(d, parts[i].part);
    }
    return OST_OK;
}

static const char marks_text[] =
    "CREATE TABLE IF NOT EXISTS `" OST_MARKS_TABLE "` (`id` BINARY(16) NOT NULL PRIMARY KEY, "
    "`created` DATETIME NOT NULL, KEY `ostler_commits_created` (`created`)) ENGINE=InnoDB";

/* What a key refers to is looked for beside its own table: which database we use says the URL. */
static ost_status write_definition(draft *d, const ost_backend *b, const ost__my_flavour *flavour)
{
    ost__my_flavour told = *flavour;
    ost__my_settings settings;
    ost_status status;
    if (d->shape->ddl == OST_DDL_CREATE_MARKS) {
        begin_part(d, OST__MY_WHOLE);
        ost__buffer_text(&d->text, marks_text);
        end_part(d, OST__MY_WHOLE);
        return OST_OK;
    }
    OST_TRY(ost__my_settings_read(&b->memory, b->url, &settings, d->error));
    told.dialect.own_schema = settings.database;
    status = write_whole(d, &told, OST__MY_WHOLE);
    ost__my_settings_finish(&b->memory, &settings);
    return status;
}

static ost_status write_draft(draft *d, const ost_backend *b, const ost__my_flavour *flavour)
{
    const ost_shape *s = d->shape;
    if (s->kind == OST_DO_DDL)
        return write_definition(d, b, flavour);
    if (s->kind == OST_DO_INSERT && s->table)
        return write_insert(d, flavour);
    if (s->kind == OST_DO_UPSERT && s->table && s->arbiter_count > 0)
        return write_upsert(d, flavour);
    OST_TRY(write_whole(d, flavour, OST__MY_WHOLE));
    if ((s->kind == OST_DO_UPDATE || s->kind == OST_DO_DELETE) && s->column_count > 0 &&
        !gives_back(flavour, s))
        return write_parts(d, flavour);
    return OST_OK;
}

/* Everything in one block: the plan, the parameters, the texts. */
static ost_plan *assemble(ost_backend *b, const draft *d, const ost__my_flavour *flavour)
{
    ost_plan *plan;
    size_t size;
    ost__my_parameter *parameters;
    char *text;
    if (d->text.failed || d->uses.failed || !ost__size_add(d->text.size, d->uses.size, &size) ||
        !ost__size_add(size, sizeof *plan, &size) || !(plan = ost__alloc_zeroed(&b->memory, size)))
        return NULL;
    parameters = (ost__my_parameter *)(void *)plan->data;
    text = (char *)plan->data + d->uses.size;
    if (d->uses.size > 0)
        memcpy(parameters, d->uses.data, d->uses.size);
    memcpy(text, d->text.data, d->text.size);
    plan->serial = atomic_fetch_add(&b->plans, 1) + 1;
    plan->size = size;
    plan->flavour = flavour;
    plan->emulated = d->parts[OST__MY_LOCK].there;
    plan->upserts = flavour->dialect.upsert != NULL;
    for (int i = 0; i < OST__MY_PARTS; i++) {
        ost__my_text *to = &plan->parts[i];
        if (!d->parts[i].there)
            continue;
        to->text = text + d->parts[i].text;
        to->size = d->parts[i].size;
        to->parameters = parameters + d->parts[i].uses;
        to->parameter_count = (uint32_t)d->parts[i].count;
        to->lists = ost__my_has_lists(to->parameters, to->parameter_count);
    }
    return plan;
}

ost_status ost__my_compile(ost_backend *b, const ost_capabilities *caps, const ost_shape *shape,
                           ost_plan **out, ost_error *error)
{
    const ost__my_flavour *flavour =
        ost__my_flavour_of(strcmp(caps->server_name, "MariaDB") == 0, caps->server_version);
    draft d = { .shape = shape, .error = error };
    ost_status status;
    *out = NULL;
    if (!flavour)
        return ost__error_set(error, OST_UNSUPPORTED, "the server is too old");
    ost__buffer_init(&d.text, &b->memory);
    ost__buffer_init(&d.uses, &b->memory);
    status = write_draft(&d, b, flavour);
    if (status == OST_OK) {
        *out = assemble(b, &d, flavour);
        if (!*out)
            status = ost__error_set(error, OST_NO_MEMORY, "no memory for a statement");
    }
    ost__buffer_finish(&d.uses);
    ost__buffer_finish(&d.text);
    return status;
}

void ost__my_discard(ost_backend *b, ost_plan *plan)
{
    if (plan)
        ost__free(&b->memory, plan, plan->size);
}

const char *ost__my_plan_text(const ost_plan *plan)
{
    return plan->parts[OST__MY_WHOLE].text;
}
