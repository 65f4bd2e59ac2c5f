/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t random_below(uint64_t *state, uint64_t end)
{
    return random_next(state) % end;
}

static char *make_text(uint64_t *state, char *out, size_t end)
{
    static const char *const words[] = { "river",  "stone",  "letter",  "garden",   "winter",
                                         "copper", "signal", "harbour", "mountain", "of",
                                         "the",    "and",    "paper",   "window",   "silent" };
    size_t used = 0;
    while (used < end) {
        const char *word = words[random_below(state, sizeof words / sizeof *words)];
        size_t size = strlen(word);
        if (size > end - used)
            size = end - used;
        memcpy(out + used, word, size);
        used += size;
        if (used < end)
            out[used++] = ' ';
    }
    out[used] = '\0';
    return out;
}

bench_row *bench_make_rows(size_t count)
{
    enum { NAME_SIZE = 24, EMAIL_SIZE = 40, TEXTS = NAME_SIZE + EMAIL_SIZE + BENCH_BIO_SIZE + 1 };
    const int64_t year_2000 = INT64_C(946684800), years_26 = INT64_C(820540800);
    bench_row *rows = calloc(count + 1, sizeof *rows);
    char *texts = malloc((count + 1) * TEXTS);
    uint64_t state = 20240229;
    if (!rows || !texts) {
        free(rows);
        free(texts);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = texts + i * TEXTS, *email = name + NAME_SIZE, *bio = email + EMAIL_SIZE;
        bench_row *row = &rows[i];
        (void)snprintf(name, NAME_SIZE, "user_%zu", i + 1);
        (void)snprintf(email, EMAIL_SIZE, "user_%zu@example.org", i + 1);
        row->id = (int64_t)i + 1;
        row->username = name;
        row->email = email;
        row->age =
            BENCH_AGE_LOWEST + (int)random_below(&state, BENCH_AGE_HIGHEST - BENCH_AGE_LOWEST + 1);
        row->active = random_below(&state, 5) != 0;
        row->score = (double)(random_next(&state) >> 11) * 0x1p-43;
        row->created_us =
            (year_2000 + (int64_t)random_below(&state, (uint64_t)years_26)) * 1000000 +
            (int64_t)random_below(&state, 1000000);
        row->bio = make_text(&state, bio, BENCH_BIO_SIZE);
    }
    return rows;
}

int64_t *bench_make_keys(size_t count, size_t table_rows, bool different)
{
    int64_t *keys = calloc(count + 1, sizeof *keys);
    int64_t *all = different ? calloc(table_rows + 1, sizeof *all) : NULL;
    uint64_t state = 4711;
    if (!keys || table_rows == 0 || (different && (!all || count > table_rows))) {
        free(keys);
        free(all);
        return NULL;
    }
    for (size_t i = 0; different && i < table_rows; i++)
        all[i] = (int64_t)i + 1;
    for (size_t i = 0; i < count; i++) {
        if (!different) {
            keys[i] = (int64_t)random_below(&state, table_rows) + 1;
            continue;
        }
        size_t other = i + (size_t)random_below(&state, table_rows - i);
        keys[i] = all[other];
        all[other] = all[i];
    }
    free(all);
    return keys;
}

int *bench_make_ages(size_t count)
{
    int *ages = calloc(count + 1, sizeof *ages);
    uint64_t state = 99;
    for (size_t i = 0; ages && i < count; i++)
        ages[i] = BENCH_AGE_LOWEST + (int)random_below(&state, BENCH_AGE_HIGHEST - BENCH_AGE_SPAN -
                                                                   BENCH_AGE_LOWEST + 1);
    return ages;
}

bench_row *bench_make_upserts(size_t count, size_t table_rows)
{
    bench_row *rows = bench_make_rows(count);
    const int64_t *keys = bench_make_keys(count, table_rows, true);
    for (size_t i = 0; rows && keys && i < count; i++)
        rows[i].id = i % 2 ? (int64_t)(table_rows + i) : keys[i];
    return keys ? rows : NULL;
}

/* ---- documents ---- */

enum { TAGS_MOST = 5, REMARKS_MOST = 4, TAG_SIZE = 12, SHORT_SIZE = 24, TEXT_SIZE = 60 };

/* The room for one document's texts and lists. */
typedef struct doc_room {
    char name[SHORT_SIZE * 2], street[SHORT_SIZE], city[SHORT_SIZE];
    char tags[TAGS_MOST][TAG_SIZE];
    char authors[REMARKS_MOST][SHORT_SIZE], texts[REMARKS_MOST][TEXT_SIZE + 1];
    const char *tag_list[TAGS_MOST];
    bench_remark remark_list[REMARKS_MOST];
} doc_room;

static bench_remark make_remark(uint64_t *state, char *author, char *text)
{
    (void)snprintf(author, SHORT_SIZE, "user_%u", (unsigned)random_below(state, 100000));
    return (bench_remark){ .author = author,
                           .text = make_text(state, text, TEXT_SIZE),
                           .stars = 1 + (int)random_below(state, 5) };
}

static void make_doc(uint64_t *state, doc_room *room, size_t number, bench_doc *doc)
{
    (void)snprintf(room->name, sizeof room->name, "document_%zu", number);
    *doc = (bench_doc){ .id = (int64_t)number,
                        .name = room->name,
                        .home = { .street = make_text(state, room->street, SHORT_SIZE - 1),
                                  .city = make_text(state, room->city, SHORT_SIZE / 2),
                                  .floor = (int)random_below(state, 40),
                                  .north = (double)(random_next(state) >> 40) / 1000,
                                  .east = (double)(random_next(state) >> 11) * 0x1p-43 },
                        .tags = room->tag_list,
                        .tag_count = 1 + (size_t)random_below(state, TAGS_MOST),
                        .remarks = room->remark_list,
                        .remark_count = 1 + (size_t)random_below(state, REMARKS_MOST) };
    for (size_t i = 0; i < doc->tag_count; i++)
        room->tag_list[i] = make_text(state, room->tags[i], 3 + (size_t)random_below(state, 8));
    for (size_t i = 0; i < doc->remark_count; i++)
        room->remark_list[i] = make_remark(state, room->authors[i], room->texts[i]);
}

bench_doc *bench_make_docs(size_t count)
{
    bench_doc *docs = calloc(count + 1, sizeof *docs);
    doc_room *rooms = calloc(count + 1, sizeof *rooms);
    uint64_t state = 1910;
    if (!docs || !rooms) {
        free(docs);
        free(rooms);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        make_doc(&state, &rooms[i], i + 1, &docs[i]);
    return docs;
}

bench_remark *bench_make_remarks(size_t count)
{
    enum { ROOM = SHORT_SIZE + TEXT_SIZE + 1 };
    bench_remark *remarks = calloc(count + 1, sizeof *remarks);
    char *texts = malloc((count + 1) * ROOM);
    uint64_t state = 77;
    if (!remarks || !texts) {
        free(remarks);
        free(texts);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        remarks[i] = make_remark(&state, texts + i * ROOM, texts + i * ROOM + SHORT_SIZE);
    return remarks;
}

/* ---- digests ---- */

static uint64_t fold_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001B3u;
    return (hash ^ size) * 0x100000001B3u;
}

void bench_see_row(bench_seen *seen, const bench_row *row)
{
    uint64_t hash = seen->digest ^ 0xCBF29CE484222325u;
    hash = fold_bytes(hash, &row->id, sizeof row->id);
    hash = fold_bytes(hash, row->username, strlen(row->username));
    hash = fold_bytes(hash, row->email, strlen(row->email));
    hash = fold_bytes(hash, &row->age, sizeof row->age);
    hash = fold_bytes(hash, row->active ? "t" : "f", 1);
    hash = fold_bytes(hash, &row->score, sizeof row->score);
    hash = fold_bytes(hash, &row->created_us, sizeof row->created_us);
    hash = fold_bytes(hash, row->bio, strlen(row->bio));
    seen->digest = hash;
    seen->rows++;
}

static uint64_t fold_text(uint64_t hash, const char *text)
{
    return fold_bytes(hash, text, strlen(text));
}

void bench_see_doc(bench_seen *seen, const bench_doc *doc)
{
    uint64_t hash = seen->digest ^ 0xCBF29CE484222325u;
    hash = fold_bytes(hash, &doc->id, sizeof doc->id);
    hash = fold_text(hash, doc->name);
    hash = fold_text(hash, doc->home.street);
    hash = fold_text(hash, doc->home.city);
    hash = fold_bytes(hash, &doc->home.floor, sizeof doc->home.floor);
    hash = fold_bytes(hash, &doc->home.north, sizeof doc->home.north);
    hash = fold_bytes(hash, &doc->home.east, sizeof doc->home.east);
    for (size_t i = 0; i < doc->tag_count; i++)
        hash = fold_text(hash, doc->tags[i]);
    hash = fold_bytes(hash, &doc->tag_count, sizeof doc->tag_count);
    for (size_t i = 0; i < doc->remark_count; i++) {
        hash = fold_text(hash, doc->remarks[i].author);
        hash = fold_text(hash, doc->remarks[i].text);
        hash = fold_bytes(hash, &doc->remarks[i].stars, sizeof doc->remarks[i].stars);
    }
    seen->digest = hash;
    seen->rows++;
}

void bench_see_group(bench_seen *seen, const bench_group *group)
{
    uint64_t hash = 0xCBF29CE484222325u;
    hash = fold_bytes(hash, &group->age, sizeof group->age);
    hash = fold_bytes(hash, &group->people, sizeof group->people);
    hash = fold_bytes(hash, &group->average, sizeof group->average);
    hash = fold_bytes(hash, &group->highest, sizeof group->highest);
    seen->digest += hash;
    seen->rows++;
}

static bool grow(void **items, size_t count, size_t *capacity, size_t size)
{
    size_t larger = *capacity ? *capacity * 2 : 16;
    void *moved = count < *capacity ? *items : realloc(*items, larger * size);
    if (!moved)
        return false;
    if (count == *capacity)
        *capacity = larger;
    *items = moved;
    return true;
}

bench_row *bench_new_row(bench_rows *rows)
{
    void *items = rows->items;
    if (!grow(&items, rows->count, &rows->capacity, sizeof *rows->items))
        return NULL;
    rows->items = items;
    return &rows->items[rows->count++];
}

bench_group *bench_new_group(bench_groups *groups)
{
    void *items = groups->items;
    if (!grow(&items, groups->count, &groups->capacity, sizeof *groups->items))
        return NULL;
    groups->items = items;
    return &groups->items[groups->count++];
}

bench_doc *bench_new_doc(bench_docs *docs)
{
    void *items = docs->items;
    if (!grow(&items, docs->count, &docs->capacity, sizeof *docs->items))
        return NULL;
    docs->items = items;
    return &docs->items[docs->count++];
}

void bench_free_texts(const bench_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)rows[i].username);
        free((void *)(uintptr_t)rows[i].email);
        free((void *)(uintptr_t)rows[i].bio);
    }
}
