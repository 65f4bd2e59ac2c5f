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

static char *make_bio(uint64_t *state, char *out)
{
    static const char *const words[] = { "river",  "stone",  "letter",  "garden",   "winter",
                                         "copper", "signal", "harbour", "mountain", "of",
                                         "the",    "and",    "paper",   "window",   "silent" };
    size_t used = 0;
    while (used < BENCH_BIO_SIZE) {
        const char *word = words[random_below(state, sizeof words / sizeof *words)];
        size_t size = strlen(word);
        if (size > BENCH_BIO_SIZE - used)
            size = BENCH_BIO_SIZE - used;
        memcpy(out + used, word, size);
        used += size;
        if (used < BENCH_BIO_SIZE)
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
        row->bio = make_bio(&state, bio);
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

void bench_free_texts(const bench_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)rows[i].username);
        free((void *)(uintptr_t)rows[i].email);
        free((void *)(uintptr_t)rows[i].bio);
    }
}
