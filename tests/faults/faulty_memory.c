/* SPDX-License-Identifier: MIT */
#include "faulty_memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = alignof(max_align_t) };

static bool fails_now(const faulty *f)
{
    return f->fail_at > 0 && (f->calls == f->fail_at || (f->onwards && f->calls > f->fail_at));
}

static void *faulty_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    faulty *f = context;
    uint8_t *block = NULL;
    size_t known = 0;
    if (old) {
        block = (uint8_t *)old - HEADER;
        memcpy(&known, block, sizeof known);
    }
    f->mismatches += known != old_size;
    if (new_size == 0) {
        f->live -= old != NULL;
        free(block);
        return NULL;
    }
    f->calls++;
    if (fails_now(f)) {
        f->injected++;
        return NULL;
    }
    block = realloc(block, new_size + HEADER);
    if (!block)
        return NULL;
    memcpy(block, &new_size, sizeof new_size);
    f->live += old == NULL;
    return block + HEADER;
}

static int64_t faulty_realtime(void *context)
{
    (void)context;
    return INT64_C(1700000000123456);
}

static void faulty_random(void *context, void *out, size_t size)
{
    faulty *f = context;
    for (size_t i = 0; i < size; i++) {
        f->random = f->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)out)[i] = (uint8_t)(f->random >> 56);
    }
}

void faulty_begin(faulty *f, size_t fail_at, bool onwards)
{
    *f = (faulty){
        .platform = { .struct_size = sizeof(ost_platform),
                      .context = f,
                      .resize = faulty_resize,
                      .realtime = faulty_realtime,
                      .random = faulty_random },
        .fail_at = fail_at,
        .onwards = onwards,
        .random = 1,
    };
}

void faulty_disarm(faulty *f)
{
    f->fail_at = 0;
}
