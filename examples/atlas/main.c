/* SPDX-License-Identifier: MIT */
/*
 * The atlas: imports countries, subdivisions, languages and cities from files made by others into a
 * database, and answers questions about them.
 */
#include "import.h"
#include "models.h"
#include "output.h"
#include "questions.h"

#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

typedef struct options {
    const char *database;
    const char *data;
    char sort[64];
    const char *sort_direction;
    bool json;
    bool log;
    bool help;
} options;

static const char usage[] =
    "usage: atlas [--data DIR] [--database URL] [--sort MEMBER[:asc|:desc]] [--json] [--log]\n"
    "\n"
    "Imports countries, subdivisions, languages and cities, and answers questions about them.\n"
    "\n"
    "  --data DIR      where iso_3166-1.json, iso_3166-2.json, iso_639-3.json and "
    "cities15000.json\n"
    "                  are; default: build/atlas-data\n"
    "  --database URL  where they go, replacing an earlier import; default: sqlite:build/atlas.db\n"
    "  --sort MEMBER   the order of the cities of Germany; default: population:desc\n"
    "  --json          print one JSON document instead of tables\n"
    "  --log           write each statement to the standard error, with its duration\n"
    "  --help          print this\n";

static bool complain(const char *sentence, const char *about)
{
    fprintf(stderr, "atlas: %s%s\n", sentence, about);
    return false;
}

static bool read_sort(options *o, const char *text)
{
    size_t length = strcspn(text, ":");
    if (length >= sizeof o->sort)
        return complain("no member has so long a name: ", text);
    memcpy(o->sort, text, length);
    o->sort[length] = '\0';
    o->sort_direction = text[length] ? text + length + 1 : "asc";
    return true;
}

/* An option that takes a value; false if `name` is none of them or the value is bad. */
static bool read_valued(options *o, const char *name, const char *value)
{
    bool is_sort = strcmp(name, "--sort") == 0;
    const char **place = NULL;
    if (strcmp(name, "--database") == 0)
        place = &o->database;
    else if (strcmp(name, "--data") == 0)
        place = &o->data;
    if (!place && !is_sort)
        return complain("there is no such option, see --help: ", name);
    if (!value || !*value)
        return complain("a value is missing after ", name);
    if (is_sort)
        return read_sort(o, value);
    *place = value;
    return true;
}

static bool read_options(int count, char **arguments, options *o)
{
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        if (strcmp(name, "--json") == 0) {
            o->json = true;
        } else if (strcmp(name, "--log") == 0) {
            o->log = true;
        } else if (strcmp(name, "--help") == 0) {
            o->help = true;
        } else {
            if (!read_valued(o, name, i + 1 < count ? arguments[i + 1] : NULL))
                return false;
            i++;
        }
    }
    return true;
}

static bool report(const char *during, const ost_error *error)
{
    ost_failure failure;
    fprintf(stderr, "atlas: %s: %s\n", during, error->message);
    for (size_t i = 0; ost_error_failure(error, i, &failure); i++)
        fprintf(stderr, "  %s: %s\n", failure.path, failure.message);
    return false;
}

static bool write_counts(ost_session *s, output *out)
{
    for (size_t i = 0; i < IMPORT_KINDS; i++) {
        const char *noun;
        int64_t count;
        if (import_count(s, i, &noun, &count) != OST_OK)
            return report("counting", ost_session_error(s));
        output_count(out, noun, count);
    }
    return true;
}

/* Each question gives back the memory that it used. */
static bool answer_all(const inquiry *ask, const question *list)
{
    for (; list->name; list++) {
        ost_mark mark = ost_session_mark(ask->session);
        output_begin_answer(ask->out, list->name, list->text);
        if (list->answer(ask) != OST_OK)
            return report(list->name, ost_session_error(ask->session));
        output_end_answer(ask->out);
        if (ost_session_release(ask->session, mark) != OST_OK)
            return report(list->name, ost_session_error(ask->session));
    }
    return true;
}

static bool import_and_answer(ost_session *s, const options *o, const import_files *files)
{
    output out;
    inquiry ask = { s, &out, o->sort, o->sort_direction };
    if (import_run(s, files) != OST_OK)
        return report("importing", ost_session_error(s));
    if (!output_open(&out, o->json))
        return complain("there is not enough memory", "");
    if (!write_counts(s, &out) || !answer_all(&ask, questions) || !answer_all(&ask, changes)) {
        output_discard(&out);
        return false;
    }
    return output_close(&out) || complain("the output cannot be written", "");
}

/* SQLite, and what else the atlas was built with. */
static const ost_driver *const *drivers(void)
{
    static const ost_driver *list[5];
    size_t count = 0;
    list[count++] = ost_driver_sqlite();
#ifdef EXAMPLE_POSTGRES
    list[count++] = ost_driver_postgres();
#endif
#ifdef EXAMPLE_MYSQL
    list[count++] = ost_driver_mysql();
#endif
#ifdef EXAMPLE_MONGO
    list[count++] = ost_driver_mongo();
#endif
    list[count] = NULL;
    return list;
}

static bool run(const options *o, const import_files *files)
{
    ost_db *db = NULL;
    ost_session *s = NULL;
    ost_error error;
    bool done = false;
    if (ost_open(OST_OPTIONS(.url = o->database, .models = atlas_models, .drivers = drivers(),
                             .on_event = o->log ? ost_log_event : NULL, .context = stderr),
                 &db, &error) != OST_OK ||
        ost_create_tables(db, &error) != OST_OK || ost_session_open(db, NULL, &s, &error) != OST_OK)
        report("opening the database", &error);
    else
        done = import_and_answer(s, o, files);
    ost_session_close(s);
    ost_close(db);
    return done;
}

int main(int count, char **arguments)
{
    options o = { .database = "sqlite:build/atlas.db",
                  .data = "build/atlas-data",
                  .sort = "population",
                  .sort_direction = "desc" };
    import_files files;
    char message[IMPORT_MESSAGE_SIZE];
    if (!read_options(count, arguments, &o))
        return EXIT_USAGE;
    if (o.help)
        return fputs(usage, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (!import_load(&files, o.data, message)) {
        complain(message, "");
        return EXIT_FAILURE;
    }
    bool done = run(&o, &files);
    import_free(&files);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
