/* SPDX-License-Identifier: MIT */
/* Letters without their case. */
#include "value.h"

#include <string.h>

char *ev_fold(const char *text, ev_scratch *s)
{
    static const struct {
        const char *from, *to;
    } letters[] = {
        { "\xc3\x89", "\xc3\xa9" }, /* E with acute */
        { "\xc3\x96", "\xc3\xb6" }, /* O with diaeresis */
        { "\xc3\x9f", "ss" },       /* sharp s */
        { "\xce\xa3", "\xcf\x83" }, /* capital sigma */
        { "\xcf\x82", "\xcf\x83" }, /* final sigma */
        { "\xce\x9f", "\xce\xbf" }, /* capital omicron */
        { "\xce\x94", "\xce\xb4" }, /* capital delta */
        { "\xce\x91", "\xce\xb1" }, /* capital alpha */
        { "\xce\x86", "\xce\xac" }, /* capital alpha with tonos */
    };
    char *out = ev_take(s, 2 * strlen(text) + 1), *end = out;
    while (*text) {
        size_t i = 0, count = sizeof letters / sizeof letters[0];
        while (i < count && strncmp(text, letters[i].from, 2) != 0)
            i++;
        if (i < count) {
            memcpy(end, letters[i].to, 2);
            end += 2;
            text += 2;
        } else {
            *end++ = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;
            text++;
        }
    }
    return out;
}

ost_value ev_compared(const ev_field *f, const ost_value *v, ev_scratch *s)
{
    static const struct {
        const char *apart, *composed;
    } letters[] = {
        { "e\xcc\x81", "\xc3\xa9" },                /* e with acute */
        { "a\xcc\x8a", "\xc3\xa5" },                /* a with ring */
        { "\xce\xb1\xcc\x81", "\xce\xac" },         /* alpha with tonos */
        { "\xc4\xb0", "i\xcc\x87" },                /* capital i with dot, which stays two */
        { "\xe2\x84\xab", "\xc3\xa5" },             /* Angstrom sign */
        { "\xe1\xba\x9e", "ss" },                   /* capital sharp s */
        { "\xef\xac\x83", "ffi" },                  /* ffi as one letter */
        { "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8" }, /* long i of Deseret */
    };
    const char *from;
    char *text, *end;
    if (!f || !f->caseless || v->type != OST_TYPE_TEXT)
        return *v;
    from = ev_fold(v->as.text, s);
    text = end = ev_take(s, 2 * strlen(from) + 1);
    while (*from) {
        size_t i = 0, count = sizeof letters / sizeof letters[0];
        while (i < count && strncmp(from, letters[i].apart, strlen(letters[i].apart)) != 0)
            i++;
        if (i == count) {
            *end++ = *from++;
            continue;
        }
        from += strlen(letters[i].apart);
        memcpy(end, letters[i].composed, strlen(letters[i].composed));
        end += strlen(letters[i].composed);
    }
    *end = '\0';
    return ev_text(text);
}
