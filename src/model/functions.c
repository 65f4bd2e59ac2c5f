/* SPDX-License-Identifier: MIT */
#include "model/functions.h"

#include <stdalign.h>
#include <string.h>

#include "base/error.h"
#include "model/convert.h"
#include "model/member.h"

enum { PATH_SIZE = 256 };

/* The call of the functions; NULL: there is none, which is a mistake of ours. */
static ost_call *call_of(ost__verdict *d, const ost_field *f)
{
    ost_call *call = d->rules->call;
    if (!call && d->stopped == OST_OK) {
        d->stopped = OST_UNSUPPORTED;
        ost__error_set(d->rules->error, OST_UNSUPPORTED,
                       "%s.%s has a .check or a .transform, which cannot run here",
                       d->model->table.model, f->name);
    }
    return d->stopped == OST_OK ? call : NULL;
}

/* What a function came to, among the failures. */
static void take_result(ost__verdict *d, const ost_call *call, uint32_t before, ost_status status)
{
    d->failures += call->failures - before;
    if (status != OST_OK && status != OST_INVALID)
        d->stopped = status;
}

/* The struct that the field was written for; NULL: it is about a value. */
static void *holder_of(const ost__verdict *d, const ost_field *f, void *shadow)
{
    const ost__field_extra *more = ost__field_more(f);
    return d->value ? NULL : (char *)shadow + (more ? more->base : 0);
}

static bool transform(ost__verdict *d, const ost_field *f, const char *path, void *shadow)
{
    ost_call *call = d->rules->call;
    uint32_t before = call->failures;
    if (!f->transform)
        return true;
    ost_status status =
        ost__call_transform(call, f, path, ost__member_at(f, shadow), holder_of(d, f, shadow));
    take_result(d, call, before, status);
    return status == OST_OK;
}

static void check(ost__verdict *d, const ost_field *f, const char *path, void *shadow)
{
    ost_call *call = d->rules->call;
    uint32_t before = call->failures;
    if (!f->check)
        return;
    ost_status status =
        ost__call_check(call, f, path, ost__member_at(f, shadow), holder_of(d, f, shadow));
    take_result(d, call, before, status);
}

void ost__functions_member(ost__verdict *d, const ost_field *f, void *shadow)
{
    char path[PATH_SIZE];
    uint32_t failures = d->failures;
    if (!call_of(d, f))
        return;
    if (f->hashed && ost__validate_is_hash(d, f, shadow)) {
        ost__validate_plain(d, f, shadow);
        return;
    }
    ost__place_print(d->place, f->name, path, sizeof path);
    if (!ost__member_is_null(f, shadow) && !transform(d, f, path, shadow))
        return;
    ost__validate_plain(d, f, shadow);
    if (d->failures == failures && !d->no_memory && d->stopped == OST_OK &&
        !ost__member_is_null(f, shadow))
        check(d, f, path, shadow);
}

/* A struct that has but this member, as a record of it would be laid out. */
void ost__functions_value(ost__verdict *d, const ost_field *f, ost_value *v)
{
    ost_field alone = *f;
    alone.offset = 0;
    bool fits = v->type != OST_TYPE_NONE && ost__value_fit(f, v) == OST__FIT_OK;
    if (f->type == OST_TYPE_CHARS && v->type == OST_TYPE_TEXT)
        fits = strlen(v->as.text) < f->size;
    if (!fits) {
        ost__validate_plain_value(d, f, v);
        return;
    }
    void *holder = ost__arena_alloc_zeroed(d->rules->scratch, f->size, alignof(max_align_t));
    if (!holder) {
        d->no_memory = true;
        return;
    }
    ost__member_store(&alone, holder, v);
    d->value = true;
    ost__functions_member(d, &alone, holder);
    d->value = false;
    *v = ost__member_value(&alone, holder);
}
