/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool wants_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no_color && *no_color)
        return false;
    return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") != 0;
}

bool output_open(output *out, bool json)
{
    *out = (output){ .file = stdout, .json = json };
    if (!json) {
        out->color = wants_color();
        return true;
    }
    out->file = open_memstream(&out->document, &out->document_size);
    if (!out->file)
        return false;
    fputc('{', out->file);
    return true;
}

/* What is quoted here is text of the program's own: plain UTF-8, perhaps with quotation marks. */
static void write_json_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20) {
            fprintf(file, "\\u%04x", (unsigned)*text);
            continue;
        }
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

void output_count(output *out, const char *noun, int64_t count)
{
    char number[OUTPUT_NUMBER_SIZE];
    if (out->json) {
        fprintf(out->file, "\"%s\":%" PRId64 ",", noun, count);
        return;
    }
    output_number(count, number);
    fprintf(out->file, "%10s %s\n", number, noun);
}

void output_begin_answer(output *out, const char *name, const char *question)
{
    out->answers++;
    if (!out->json) {
        const char *bold = out->color ? "\033[1m" : "";
        const char *plain = out->color ? "\033[0m" : "";
        fprintf(out->file, "\n%s%2zu. %s%s\n\n", bold, out->answers, question, plain);
        return;
    }
    fputs(out->answers == 1 ? "\"answers\":[\n" : ",\n", out->file);
    fputs("{\"name\":", out->file);
    write_json_text(out->file, name);
    fputs(",\"question\":", out->file);
    write_json_text(out->file, question);
}

static ost_status status_of(ost_session *s)
{
    return (ost_status)ost_session_error(s)->status;
}

ost_status output_rows(output *out, ost_session *s, const ost_model *model, size_t record_size,
                       const void *rows, size_t count, const char *const *columns)
{
    if (!rows)
        return status_of(s);
    if (!out->json) {
        table_write(out->file, out->color, model, rows, count, columns);
        return OST_OK;
    }
    const char *json = ost_session_list_to_json(s, model, record_size, rows, count);
    if (!json)
        return status_of(s);
    fprintf(out->file, ",\"rows\":%s", json);
    return OST_OK;
}

ost_status output_page(output *out, ost_session *s, const ost_model *model, size_t record_size,
                       const void *rows, const ost_page *page, size_t count,
                       const char *const *columns)
{
    OST_TRY(output_rows(out, s, model, record_size, rows, count, columns));
    const char *form = "    page %zu of %zu, %zu rows in all\n";
    if (out->json)
        form = ",\"page\":%zu,\"pages\":%zu,\"total\":%zu";
    fprintf(out->file, form, page->page, page->pages, page->total);
    return OST_OK;
}

ost_status output_record(output *out, ost_session *s, const char *json)
{
    if (!json)
        return status_of(s);
    fprintf(out->file, out->json ? ",\"rows\":[%s]" : "    %s\n", json);
    return OST_OK;
}

void output_end_answer(output *out)
{
    if (out->json)
        fputc('}', out->file);
}

static bool write_document(output *out)
{
    fputs(out->answers ? "\n]}\n" : "\"answers\":[]}\n", out->file);
    bool complete = fclose(out->file) == 0;
    if (complete)
        complete = fwrite(out->document, 1, out->document_size, stdout) == out->document_size;
    free(out->document);
    return complete;
}

bool output_close(output *out)
{
    bool complete = !out->json || write_document(out);
    bool clean = !ferror(stdout);
    return fflush(stdout) == 0 && clean && complete;
}

void output_discard(output *out)
{
    if (!out->json)
        return;
    fclose(out->file);
    free(out->document);
}

void output_number(int64_t number, char *text)
{
    char digits[OUTPUT_NUMBER_SIZE];
    int length = snprintf(digits, sizeof digits, "%" PRId64, number);
    for (int i = 0; i < length; i++) {
        bool follows_digit = i > 0 && digits[i - 1] != '-';
        if (follows_digit && (length - i) % 3 == 0)
            *text++ = ',';
        *text++ = digits[i];
    }
    *text = '\0';
}
