/* SPDX-License-Identifier: MIT */
#include "model/conversion.h"

#include <string.h>

#include "base/error.h"
#include "model/convert.h"
#include "model/member.h"
#include "model/validate.h"

void ost__conversion_begin(ost_call *call, const ost__model *m, enum ost_called operation,
                           ost__arena *texts, void *context)
{
    call->session = NULL;
    call->context = context;
    call->model = m;
    call->operation = (uint16_t)operation;
    call->record = call->loaded = NULL;
    call->known = NULL;
    call->path = call->rule = "";
    call->texts = texts;
    call->failures = 0;
    call->stopped = OST_OK;
    call->lend = NULL;
    call->take_back = NULL;
    call->error.status = OST_OK;
}

static void begin(ost_call *call, const ost_field *f)
{
    call->path = f->name;
    call->rule = "converts";
}

/* What a function came to. */
static ost_status judge(ost_call *call, const ost_field *f, uint32_t before, ost_status status)
{
    if (call->stopped != OST_OK)
        return call->stopped;
    if (call->failures > before)
        return OST_INVALID;
    if (status == OST_INVALID)
        return ost_call_fail(call, NULL, "is not valid");
    if (status == OST_OK)
        return OST_OK;
    call->stopped = ost__error_set(&call->error, status, "the conversion of %s.%s returned %s",
                                   call->model->table.model, f->name, ost_status_name(status));
    ost__error_about(&call->error, call->model->table.model, f->name);
    return status;
}

static void take_null(ost_value *v)
{
    bool null = (v->type == OST_TYPE_TEXT && !v->as.text) ||
                (v->type == OST_TYPE_BLOB && !v->as.blob.data) ||
                (v->type == OST_TYPE_JSON && !v->as.json.text);
    if (null)
        *v = (ost_value){ .type = OST_TYPE_NONE };
}

ost_status ost__conversion_value(ost_call *call, const ost_field *f, const void *member,
                                 ost_value *out)
{
    uint32_t before = call->failures;
    *out = (ost_value){ .type = OST_TYPE_NONE };
    begin(call, f);
    OST_TRY(judge(call, f, before, f->converts->store(call, member, out)));
    take_null(out);
    return OST_OK;
}

static bool has_null(const ost_field *f)
{
    return ost__type_is_optional(f->type) || f->type == OST_TYPE_TEXT || f->type == OST_TYPE_BLOB ||
           f->type == OST_TYPE_JSON;
}

/* The value is one that the column can hold. */
static ost_status check_value(ost_call *call, const ost_field *f, ost_value *v)
{
    const ost__rules rules = { .scratch = call->texts, .error = &call->error };
    ost__verdict verdict = { .model = call->model, .rules = &rules, .failures = call->failures };
    enum ost__fit fit = ost__value_fit(f, v);
    if (fit == OST__FIT_KIND) {
        call->stopped = ost__error_set(&call->error, OST_MISUSE,
                                       "%s.%s: its conversion gave a value of another kind than %s",
                                       call->model->table.model, f->name, ost__type_name(f->type));
        ost__error_about(&call->error, call->model->table.model, f->name);
        return OST_MISUSE;
    }
    if (fit != OST__FIT_OK)
        ost__validate_fit(&verdict, f, fit);
    else if (v->type == OST_TYPE_NONE && !has_null(f))
        ost__validate_refuse(&verdict, f, OST_INVALID, "required", "must have a value");
    else
        return OST_OK;
    call->failures = verdict.failures;
    return ost__verdict_finish(&verdict);
}

/* What a value points to may be the member's own, or the program's. */
static bool own(ost__arena *arena, ost_value *v)
{
    switch (v->type) {
    case OST_TYPE_TEXT:
        v->as.text = ost__arena_text(arena, v->as.text, strlen(v->as.text));
        return v->as.text;
    case OST_TYPE_BLOB:
        v->as.blob.data = ost__arena_text(arena, v->as.blob.data, v->as.blob.size);
        return v->as.blob.data;
    case OST_TYPE_JSON:
        v->as.json.text = ost__arena_text(arena, v->as.json.text, strlen(v->as.json.text));
        return v->as.json.text;
    default: return true;
    }
}

ost_status ost__conversion_store(ost_call *call, const ost_field *f, void *image)
{
    ost_value v;
    OST_TRY(ost__conversion_value(call, f, ost__converted_at(f, image), &v));
    OST_TRY(check_value(call, f, &v));
    if (!own(call->texts, &v)) {
        call->stopped = ost__error_set(&call->error, OST_NO_MEMORY, "no memory for %s.%s",
                                       call->model->table.model, f->name);
        return OST_NO_MEMORY;
    }
    ost__member_store(f, image, &v);
    return OST_OK;
}

ost_status ost__conversion_load(ost_call *call, const ost_field *f, void *image)
{
    uint32_t before = call->failures;
    const ost_value v = ost__member_value(f, image);
    begin(call, f);
    return judge(call, f, before, f->converts->load(call, &v, ost__converted_at(f, image)));
}

void ost__struct_copy(const ost_field *f, void *record, const void *image)
{
    if (f->converts)
        memcpy(ost__converted_at(f, record), ost__converted_at(f, image),
               ost__field_more(f)->member_size);
    else
        ost__member_copy(f, record, image);
}

void ost__image_copy(const ost_field *f, void *to, const void *from)
{
    if (f->converts)
        ost__struct_copy(f, to, from);
    ost__member_copy(f, to, from);
}
