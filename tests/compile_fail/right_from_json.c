/* SPDX-License-Identifier: MIT */
/* expect: compiles */
#include "subject.h"

typedef struct wide {
    int64_t id;
    int a1, a2, a3, a4, a5, a6, a7, a8, a9, b1, b2, b3, b4, b5, b6, b7, b8, b9, c1, c2, c3, c4, c5,
        c6, c7, c8, c9, d1, d2, d3, d4;
} wide;
OST_RECORD(wide, id);

void use(ost_session *s, const char *text, size_t size, user *u, wide *w)
{
    static const ost_member kept[] = { OST_AT(user, name), { .path = NULL } };
    size_t count;
    (void)ost_from_json(s, user, text, size, ost_only(user, home.city, active), u);
    (void)ost_from_json(s, user, text, size, ost_only(user, name), &(user){ .age = 1, .id = 2 });
    (void)ost_from_json(s, user, text, size, kept, u);
    (void)ost_from_json(s, user, text, size, NULL, u);
    (void)ost_from_json(s, wide, text, size,
                        ost_only(wide, id, a1, a2, a3, a4, a5, a6, a7, a8, a9, b1, b2, b3, b4, b5,
                                 b6, b7, b8, b9, c1, c2, c3, c4, c5, c6, c7, c8, c9, d1, d2, d3,
                                 d4),
                        w);
    u = ost_list_from_json(s, user, text, size, ost_only(user, name), 100, &count);
}
