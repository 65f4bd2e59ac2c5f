/* SPDX-License-Identifier: MIT */
#include "raw_documents.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

char *raw_copy_text(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

void raw_see_docs(const bench_docs *docs, bench_seen *seen)
{
    for (size_t i = 0; i < docs->count; i++)
        bench_see_doc(seen, &docs->items[i]);
}

static const char *text_of(const json_t *value)
{
    return json_is_string(value)
               ? raw_copy_text(json_string_value(value), json_string_length(value))
               : NULL;
}

bool raw_read_home(const char *json, size_t size, bench_home *out)
{
    json_t *tree = json_loadb(json, size, 0, NULL);
    *out = (bench_home){ .street = text_of(json_object_get(tree, "street")),
                         .city = text_of(json_object_get(tree, "city")),
                         .floor = (int)json_integer_value(json_object_get(tree, "floor")),
                         .north = json_number_value(json_object_get(tree, "north")),
                         .east = json_number_value(json_object_get(tree, "east")) };
    json_decref(tree);
    return out->street && out->city;
}

bool raw_read_tags(const char *json, size_t size, bench_doc *out)
{
    json_t *tree = json_loadb(json, size, 0, NULL);
    size_t count = json_array_size(tree);
    const char **tags = malloc((count + 1) * sizeof *tags);
    bool good = tree && tags;
    for (size_t i = 0; good && i < count; i++)
        good = (tags[i] = text_of(json_array_get(tree, i))) != NULL;
    json_decref(tree);
    out->tags = tags;
    out->tag_count = count;
    return good;
}

bool raw_read_remarks(const char *json, size_t size, bench_doc *out)
{
    json_t *tree = json_loadb(json, size, 0, NULL);
    size_t count = json_array_size(tree);
    bench_remark *remarks = malloc((count + 1) * sizeof *remarks);
    bool good = tree && remarks;
    for (size_t i = 0; good && i < count; i++) {
        const json_t *one = json_array_get(tree, i);
        remarks[i] =
            (bench_remark){ .author = text_of(json_object_get(one, "author")),
                            .text = text_of(json_object_get(one, "text")),
                            .stars = (int)json_integer_value(json_object_get(one, "stars")) };
        good = remarks[i].author && remarks[i].text;
    }
    json_decref(tree);
    out->remarks = remarks;
    out->remark_count = count;
    return good;
}

size_t raw_write_remark(const bench_remark *remark, bool in_list, char *out, size_t room)
{
    json_t *one = json_object();
    (void)json_object_set_new_nocheck(one, "author", json_string_nocheck(remark->author));
    (void)json_object_set_new_nocheck(one, "text", json_string_nocheck(remark->text));
    (void)json_object_set_new_nocheck(one, "stars", json_integer(remark->stars));
    json_t *list = in_list ? json_array() : NULL;
    if (list)
        (void)json_array_append(list, one);
    size_t size = json_dumpb(list ? list : one, out, room, JSON_COMPACT);
    json_decref(list);
    json_decref(one);
    return size <= room ? size : 0;
}
