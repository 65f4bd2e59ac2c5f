/* SPDX-License-Identifier: MIT */
#include "model/call.h"

#include <stdarg.h>

#include "base/error.h"
#include "model/conversion.h"
#include "model/convert.h"
#include "model/member.h"

/* ---- what functions of the program's ask ---- */

ost_session *ost_call_session(const ost_call *call)
{
    return call->session;
}

const ost_model *ost_call_model(const ost_call *call)
{
    return call->model->given;
}

uint16_t ost_call_operation(const ost_call *call)
{
    return call->operation;
}

void *ost_call_context(const ost_call *call)
{
    return call->context;
}

const void *ost_call_loaded(const ost_call *call)
{
    return call->loaded;
}

const char *ost_call_path(const ost_call *call)
{
    return call->path;
}

static bool ask_for_nothing(ost_call *call, const ost_member *member)
{
    if (call->stopped != OST_OK)
        return false;
    ost__error_set(&call->error, OST_MISUSE, "ost_call_changed asks for %s, which %s does not have",
                   member && member->path ? member->path : "a NULL member",
                   call->model->table.model);
    ost__error_about(&call->error, call->model->table.model, NULL);
    call->stopped = OST_MISUSE;
    return false;
}

/* Functions may have changed the member since its slot was filled. What cannot be stored is not
 * what was. */
static bool converted_changed(const ost_call *call, const ost_field *f)
{
    ost_call inner;
    ost_field alone = *f;
    _Alignas(max_align_t) char slot[64];
    ost_value v;
    OST_STATIC_ASSERT(sizeof(slot) >= sizeof(ost_opt_decimal), "a slot fits");
    alone.offset = 0;
    ost__conversion_begin(&inner, call->model, OST_CALL_VALIDATE, call->texts, call->context);
    if (ost__conversion_value(&inner, f, ost__converted_at(f, call->record), &v) != OST_OK ||
        ost__value_fit(f, &v) != OST__FIT_OK)
        return true;
    ost__member_store(&alone, slot, &v);
    const ost_value now = ost__member_value(&alone, slot), was = ost__member_value(f, call->loaded);
    if (now.type == OST_TYPE_NONE || was.type == OST_TYPE_NONE)
        return now.type != was.type;
    return ost__value_compare(&now, &was) != 0;
}

bool ost_call_changed(ost_call *call, const ost_member *member)
{
    const ost_field *f = member ? ost__model_field(call->model, member) : NULL;
    if (!f)
        return ask_for_nothing(call, member);
    if (!call->record)
        return strcmp(call->path, f->name) == 0;
    if (!call->loaded)
        return true;
    const ost_field *column = f;
    while (column->inside)
        column = column->inside;
    if (call->known && !ost__field_set_has(call->known, ost__field_index(call->model, column)))
        return false;
    return f->converts ? converted_changed(call, f)
                       : !ost__member_equal(f, call->record, call->loaded);
}

const char *ost_call_text(ost_call *call, const char *text, size_t size)
{
    const char *copy = ost__arena_text(call->texts, text, size);
    if (!copy && call->stopped == OST_OK) {
        ost__error_set(&call->error, OST_NO_MEMORY, "no memory for a text of %s",
                       call->model->table.model);
        call->stopped = OST_NO_MEMORY;
    }
    return copy;
}

ost_status ost_call_fail(ost_call *call, const char *path, const char *format, ...)
{
    char sentence[sizeof(call->error.message)];
    ost_error told;
    va_list list;
    va_start(list, format);
    ost__error_set_list(&told, OST_INVALID, format, list);
    va_end(list);
    ost__copy_text(sentence, sizeof(sentence), told.message);
    if (!path)
        path = call->path;
    if (call->stopped == OST_OK && call->failures == 0) {
        ost__error_set(&call->error, OST_INVALID, "%s%s%s: %s", call->model->table.model,
                       *path ? "." : "", path, sentence);
        ost__error_about(&call->error, call->model->table.model, *path ? path : NULL);
    }
    if (call->stopped == OST_OK)
        ost__error_add_failure(&call->error, path, call->rule, sentence);
    call->failures++;
    return OST_INVALID;
}

/* ---- running them ---- */

/* What a function came to. */
static ost_status judge(ost_call *call, uint32_t before, ost_status status)
{
    if (call->stopped != OST_OK)
        return call->stopped;
    if (call->failures > before)
        return OST_INVALID;
    call->stopped = status;
    return status;
}

static ost_status begin(ost_call *call, const char *path, const char *rule)
{
    if (call->stopped != OST_OK)
        return call->stopped;
    call->path = path;
    call->rule = rule;
    call->stopped = call->lend(call);
    return call->stopped;
}

static ost_status end(ost_call *call, uint32_t before, ost_status status, const char *what)
{
    bool told = call->failures > before || call->stopped != OST_OK;
    status = judge(call, before, call->take_back(call, status, told ? NULL : what));
    call->path = "";
    return status;
}

ost_status ost__call_hook(ost_call *call, ost_hook *hook, const char *name, void *record)
{
    uint32_t before = call->failures;
    OST_TRY(begin(call, "", "custom"));
    call->record = record;
    return end(call, before, hook(call, record), name);
}

/* A refusal without a word is told with the field's own message. */
static ost_status explain(ost_call *call, uint32_t before, ost_status status, const char *own)
{
    if (status == OST_INVALID && call->failures == before && call->stopped == OST_OK)
        ost_call_fail(call, NULL, "%s", own ? own : "is not valid");
    return status;
}

ost_status ost__call_check(ost_call *call, const ost_field *f, const char *path, const void *value,
                           const void *holder)
{
    uint32_t before = call->failures;
    const char *own = f->messages ? f->messages->check : NULL;
    OST_TRY(begin(call, path, "check"));
    return end(call, before, explain(call, before, f->check(call, value, holder), own), "check");
}

ost_status ost__call_transform(ost_call *call, const ost_field *f, const char *path, void *value,
                               void *holder)
{
    uint32_t before = call->failures;
    OST_TRY(begin(call, path, "transform"));
    return end(call, before, explain(call, before, f->transform(call, value, holder), NULL),
               "transform");
}

ost_status ost__call_compute(ost_call *call, ost_compute *compute, const char *path,
                             const void *record, ost_value *out)
{
    uint32_t before = call->failures;
    OST_TRY(begin(call, path, "computed"));
    call->record = record;
    return end(call, before, compute(call, record, out), "computed member");
}
