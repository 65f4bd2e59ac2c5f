/* SPDX-License-Identifier: MIT */
/* Members of types of the program's own: between them and their columns, which are slots behind the
 * struct (model.h). */
#ifndef OSTLER_MODEL_CONVERSION_H
#define OSTLER_MODEL_CONVERSION_H

#include "model/call.h"
#include "ostler/conversion.h"

/* What a conversion runs with. The session is not lent: it is what asks. `texts`: of
 * ost_call_text(), and of what slots point to. After a failure the call's error says why. */
void ost__conversion_begin(ost_call *call, const ost__model *m, enum ost_called operation,
                           ost__arena *texts, void *context);
/* The stored form of a value of the member's type, whatever the rules of the field say.
 * OST_INVALID: it was refused. */
ost_status ost__conversion_value(ost_call *call, const ost_field *f, const void *member,
                                 ost_value *out);
/* The slot of an image, from its member. */
ost_status ost__conversion_store(ost_call *call, const ost_field *f, void *image);
/* The member of an image, from its slot. */
ost_status ost__conversion_load(ost_call *call, const ost_field *f, void *image);

static inline void *ost__converted_at(const ost_field *f, const void *record)
{
    return (char *)(uintptr_t)record + ost__field_more(f)->member;
}
/* The member in a struct, of any kind, from an image. */
void ost__struct_copy(const ost_field *f, void *record, const void *image);
/* The same from image to image. */
void ost__image_copy(const ost_field *f, void *to, const void *from);

#endif
