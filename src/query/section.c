/* SPDX-License-Identifier: MIT */
#include "query/section.h"

#include <string.h>

enum { SECTION_BYTES_FIRST = 64, SECTION_BYTES_MAX = 1 << 24, SECTION_PARAMETERS_FIRST = 4 };

OST__HOT uint8_t *ost__section_take(ost__arena *arena, ost__section *s, uint32_t size)
{
    if (s->capacity - s->size < size) {
        uint32_t capacity = s->capacity > 0 ? s->capacity * 2 : SECTION_BYTES_FIRST;
        while (capacity - s->size < size)
            capacity *= 2;
        uint8_t *bytes = capacity > SECTION_BYTES_MAX ? NULL : ost__arena_alloc(arena, capacity, 1);
        if (!bytes)
            return NULL;
        if (s->size > 0)
            memcpy(bytes, s->bytes, s->size);
        s->bytes = bytes;
        s->capacity = capacity;
    }
    uint8_t *at = s->bytes + s->size;
    s->size += size;
    return at;
}

OST__HOT ost_parameter *ost__section_parameter(ost__arena *arena, ost__section *s)
{
    if (s->parameter_count == s->parameter_capacity) {
        uint32_t capacity =
            s->parameter_capacity > 0 ? s->parameter_capacity * 2 : SECTION_PARAMETERS_FIRST;
        ost_parameter *parameters =
            ost__arena_alloc(arena, capacity * sizeof(*parameters), _Alignof(ost_parameter));
        if (!parameters)
            return NULL;
        if (s->parameter_count > 0)
            memcpy(parameters, s->parameters, s->parameter_count * sizeof(*parameters));
        s->parameters = parameters;
        s->parameter_capacity = capacity;
    }
    ost_parameter *p = &s->parameters[s->parameter_count++];
    memset(p, 0, sizeof(*p));
    return p;
}

static bool append(ost__arena *arena, ost__section *out, const ost__section *s)
{
    uint8_t *at = s->size > 0 ? ost__section_take(arena, out, s->size) : NULL;
    if (s->size > 0 && !at)
        return false;
    if (at)
        memcpy(at, s->bytes, s->size);
    for (uint32_t i = 0; i < s->parameter_count; i++) {
        ost_parameter *p = ost__section_parameter(arena, out);
        if (!p)
            return false;
        *p = s->parameters[i];
    }
    out->items += s->items;
    return true;
}

bool ost__section_join(ost__arena *arena, const ost__section *a, const ost__section *b,
                       ost__section *out)
{
    *out = (ost__section){ 0 };
    return append(arena, out, a) && append(arena, out, b);
}
