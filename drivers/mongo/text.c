/* SPDX-License-Identifier: MIT */
/*
 * Searches that ignore case, as regular expressions. The fold of a text is that of its characters,
 * one behind the other, and a match may begin and end within the fold of one: "\uFB01" (fi as one
 * letter) contains an i. So there is a class of characters for each code point of the folded
 * needle, and where a character stands for two or three of them, a group that notes so: the
 * elements behind it are then left out.
 */
#include "mongo/plan.h"

#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

/* ---- which characters fold to what ---- */

/* Ranges with all characters that fold to several code points, or to one of which they are not the
 * upper, lower or title form. */
static const struct {
    int32_t first, last;
} odd_ranges[] = {
    { 0x00B5, 0x00B5 }, { 0x00DF, 0x00DF }, { 0x0130, 0x0130 }, { 0x0149, 0x0149 },
    { 0x017F, 0x017F }, { 0x01F0, 0x01F0 }, { 0x0345, 0x0345 }, { 0x0390, 0x0390 },
    { 0x03B0, 0x03B0 }, { 0x03C2, 0x03C2 }, { 0x03D0, 0x03D1 }, { 0x03D5, 0x03D6 },
    { 0x03F0, 0x03F1 }, { 0x03F4, 0x03F5 }, { 0x0587, 0x0587 }, { 0x1C80, 0x1C88 },
    { 0x1E96, 0x1E9B }, { 0x1E9E, 0x1E9E }, { 0x1F50, 0x1F56 }, { 0x1F80, 0x1FAF },
    { 0x1FB2, 0x1FB7 }, { 0x1FBC, 0x1FBE }, { 0x1FC2, 0x1FC7 }, { 0x1FCC, 0x1FCC },
    { 0x1FD2, 0x1FD3 }, { 0x1FD6, 0x1FD7 }, { 0x1FE2, 0x1FE7 }, { 0x1FF2, 0x1FF7 },
    { 0x1FFC, 0x1FFC }, { 0x2126, 0x2126 }, { 0x212A, 0x212B }, { 0xFB00, 0xFB06 },
    { 0xFB13, 0xFB17 },
};

enum { FOLD_MAX = 3, ODD_MAX = 160, FORMS = 3 };

typedef struct letter {
    int32_t code;
    int32_t fold[FOLD_MAX];
    uint32_t count; /* of `fold` */
} letter;

typedef struct letters {
    letter items[ODD_MAX];
    uint32_t count;
} letters;

static bool letter_of(int32_t code, letter *out)
{
    int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(code, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    if (count < 1 || count > FOLD_MAX)
        return false;
    out->code = code;
    out->count = (uint32_t)count;
    memcpy(out->fold, folded, (size_t)count * sizeof folded[0]);
    return true;
}

static void odd_letters(letters *out)
{
    out->count = 0;
    for (size_t i = 0; i < sizeof odd_ranges / sizeof odd_ranges[0]; i++)
        for (int32_t code = odd_ranges[i].first; code <= odd_ranges[i].last; code++)
            if (out->count < ODD_MAX && letter_of(code, &out->items[out->count]))
                out->count++;
}

/* ---- writing ---- */

static void character(ost__buffer *out, int32_t code)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t size = utf8proc_encode_char(code, bytes);
    bool plain = code >= 0x80 || (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
                 (code >= 'a' && code <= 'z');
    if (!plain)
        ost__buffer_char(out, '\\');
    ost__buffer_bytes(out, bytes, (size_t)size);
}

enum { CLASS_MAX = ODD_MAX + 4, REPEATS_LEAST = 8, REPEATS_MAX = 60000 };

/* Characters that stand for the same number of code points of the needle. */
typedef struct class
{
    int32_t codes[CLASS_MAX];
    uint32_t count;
} class;

static void add(class *c, int32_t code)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->codes[i] == code)
            return;
    if (c->count < CLASS_MAX)
        c->codes[c->count++] = code;
}

static void write_class(ost__buffer *out, const class *c)
{
    if (c->count > 1)
        ost__buffer_char(out, '[');
    for (uint32_t i = 0; i < c->count; i++)
        character(out, c->codes[i]);
    if (c->count > 1)
        ost__buffer_char(out, ']');
}

/* ---- the needle ---- */

typedef struct search {
    ost__buffer *out;
    const int32_t *needle; /* folded */
    size_t size;
    bool from_start, to_end; /* what is found begins, ends where the text does */
    letters odd;
    class last;        /* a plain element that is still to be written, */
    uint32_t repeats;  /* so often */
    uint32_t groups;   /* so far */
    uint32_t two;      /* the group of the last element that notes two; 0: none */
    uint32_t three[2]; /* those of the last element and the one before that note three */
} search;

/* How many code points of the needle, from `at` on, the fold of a character from `from` on stands
 * for; 0: it does not. */
static size_t covered(const search *s, const letter *l, uint32_t from, size_t at)
{
    size_t left = s->size - at, count = l->count - from;
    if (count > left && s->to_end)
        return 0;
    if (count > left)
        count = left;
    return memcmp(l->fold + from, s->needle + at, count * sizeof l->fold[0]) == 0 ? count : 0;
}

static void add_letter(const search *s, const letter *l, size_t at, class classes[FOLD_MAX])
{
    /* Only the first may be met in its middle. */
    uint32_t starts = at == 0 && !s->from_start ? l->count : 1;
    for (uint32_t from = 0; from < starts; from++) {
        size_t count = covered(s, l, from, at);
        if (count > 0)
            add(&classes[count - 1], l->code);
    }
}

static void classes_at(const search *s, size_t at, class classes[FOLD_MAX])
{
    const int32_t code = s->needle[at];
    const int32_t forms[FORMS] = { utf8proc_tolower(code), utf8proc_toupper(code),
                                   utf8proc_totitle(code) };
    letter l;
    for (uint32_t i = 0; i < FOLD_MAX; i++)
        classes[i].count = 0;
    add(&classes[0], code);
    for (uint32_t i = 0; i < FORMS; i++)
        if (letter_of(forms[i], &l))
            add_letter(s, &l, at, classes);
    for (uint32_t i = 0; i < s->odd.count; i++)
        add_letter(s, &s->odd.items[i], at, classes);
}

/* (?(group)| and what is left out if that group took part. */
static uint32_t unless(search *s, uint32_t group)
{
    if (group == 0)
        return 0;
    ost__buffer_text(s->out, "(?(");
    ost__buffer_uint(s->out, group);
    ost__buffer_text(s->out, ")|");
    return 1;
}

static uint32_t alternative(search *s, const class *c)
{
    if (c->count == 0)
        return 0;
    ost__buffer_text(s->out, "|(");
    write_class(s->out, c);
    ost__buffer_char(s->out, ')');
    return ++s->groups;
}

static bool are_same(const class *a, const class *b)
{
    return a->count == b->count && memcmp(a->codes, b->codes, a->count * sizeof a->codes[0]) == 0;
}

static void write_last(search *s)
{
    uint32_t written = s->repeats < REPEATS_LEAST ? s->repeats : 1;
    for (uint32_t i = 0; i < written; i++)
        write_class(s->out, &s->last);
    if (s->repeats > written) {
        ost__buffer_char(s->out, '{');
        ost__buffer_uint(s->out, s->repeats);
        ost__buffer_char(s->out, '}');
    }
    s->repeats = 0;
}

/* The same one many times takes no more room than once; a few are written out, so that an index can
 * be searched for the beginning. */
static void plain_element(search *s, const class *c)
{
    if (s->repeats == 0 || s->repeats == REPEATS_MAX || !are_same(&s->last, c)) {
        write_last(s);
        s->last = *c;
    }
    s->repeats++;
}

static void element(search *s, size_t at)
{
    class classes[FOLD_MAX];
    uint32_t open = 0, two, three;
    classes_at(s, at, classes);
    if (s->two + s->three[0] + s->three[1] + classes[1].count + classes[2].count == 0) {
        plain_element(s, &classes[0]);
        return;
    }
    write_last(s);
    open += unless(s, s->two);
    open += unless(s, s->three[0]);
    open += unless(s, s->three[1]);
    if (classes[1].count + classes[2].count > 0)
        ost__buffer_text(s->out, "(?:");
    write_class(s->out, &classes[0]);
    two = alternative(s, &classes[1]);
    three = alternative(s, &classes[2]);
    if (classes[1].count + classes[2].count > 0)
        ost__buffer_char(s->out, ')');
    for (; open > 0; open--)
        ost__buffer_char(s->out, ')');
    s->three[1] = s->three[0];
    s->two = two;
    s->three[0] = three;
}

static bool decode(const ost__buffer *folded, ost__buffer *out)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)folded->data;
    for (size_t i = 0; i < folded->size;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t size =
            utf8proc_iterate(at + i, (utf8proc_ssize_t)(folded->size - i), &code);
        if (size < 1)
            return false;
        ost__buffer_bytes(out, &code, sizeof code);
        i += (size_t)size;
    }
    return !out->failed;
}

bool ost__mongo_exact_pattern(uint16_t op, const char *needle, size_t size, ost__buffer *out)
{
    const ost__buffer text = { .data = (char *)(uintptr_t)needle, .size = size };
    ost__buffer codes;
    ost__buffer_init(&codes, out->memory);
    bool ok = decode(&text, &codes);
    const int32_t *code = (const int32_t *)(const void *)codes.data;
    if (op == OST_OP_STARTS_WITH)
        ost__buffer_text(out, "\\A");
    for (size_t i = 0; ok && i < codes.size / sizeof *code; i++)
        character(out, code[i]);
    if (op == OST_OP_ENDS_WITH)
        ost__buffer_text(out, "\\z");
    ost__buffer_finish(&codes);
    return ok && !out->failed;
}

bool ost__mongo_pattern(uint16_t op, const char *needle, size_t size, ost__buffer *out)
{
    search s = { .out = out,
                 .from_start = op == OST_OP_STARTS_WITH,
                 .to_end = op == OST_OP_ENDS_WITH };
    ost__buffer folded, codes;
    bool ok;
    ost__buffer_init(&folded, out->memory);
    ost__buffer_init(&codes, out->memory);
    ost__utf8_fold(&folded, needle, size);
    ok = !folded.failed && decode(&folded, &codes);
    if (ok) {
        s.needle = (const int32_t *)(const void *)codes.data;
        s.size = codes.size / sizeof *s.needle;
        odd_letters(&s.odd);
        if (s.from_start)
            ost__buffer_text(out, "\\A");
        for (size_t i = 0; i < s.size; i++)
            element(&s, i);
        write_last(&s);
        if (s.to_end)
            ost__buffer_text(out, "\\z");
        ok = !out->failed;
    }
    ost__buffer_finish(&codes);
    ost__buffer_finish(&folded);
    return ok;
}
