/* SPDX-License-Identifier: MIT */
/*
 * Text without regard to case, as src/base/utf8 folds it: every code point by its full fold.
 * The server knows no folds, but upper and lower case in full, and the lower case of the upper case
 * is the fold of every code point, save for these:
 * - the capital sharp s has no upper case of two letters, so that it becomes the small one first;
 * - the dotless i must not become an i, so that U+FDD0, which is no character, stands for it;
 * - a sigma at the end of a word becomes a final one, which is made a usual one;
 * - Cherokee folds to capitals, but needle and text are folded here alike.
 */
#include "postgres/writing.h"

#define SHARP_S "\xC3\x9F"
#define CAPITAL_SHARP_S "\xE1\xBA\x9E"
#define DOTLESS_I "\xC4\xB1"
#define NO_CHARACTER "\xEF\xB7\x90"
#define SIGMA "\xCF\x83"
#define FINAL_SIGMA "\xCF\x82"

/* What stands before and behind a text to fold it. */
typedef struct fold {
    const char *before, *behind;
} fold;

static const fold full_fold = {
    "translate(lower(upper(translate(",
    ", '" CAPITAL_SHARP_S DOTLESS_I "', '" SHARP_S NO_CHARACTER "') COLLATE \"und-x-icu\")), "
    "'" FINAL_SIGMA NO_CHARACTER "', '" SIGMA DOTLESS_I "') COLLATE \"C\"",
};
/* Of ASCII alone; everything else as it is. */
static const fold ascii_fold = { "lower(", " COLLATE \"C\")" };
/* What is folded already. */
static const fold no_fold = { "", "" };

static void folded(ost__sql_writer *w, const ost_node *node, const fold *f)
{
    ost__sql_text(w, f->before);
    ost__sql_expression(w, node->args[0]);
    ost__sql_text(w, f->behind);
}

/* Most texts are ASCII alone, which is folded five times as fast. */
static void text(ost__sql_writer *w, const ost_node *node, const fold *f)
{
    if (f != &full_fold) {
        folded(w, node, f);
        return;
    }
    ost__sql_text(w, "CASE WHEN octet_length(");
    ost__sql_expression(w, node->args[0]);
    ost__sql_text(w, ") = char_length(");
    ost__sql_expression(w, node->args[0]);
    ost__sql_text(w, ") THEN ");
    folded(w, node, &ascii_fold);
    ost__sql_text(w, " ELSE ");
    folded(w, node, f);
    ost__sql_text(w, " END");
}

/* In a select of its own, which runs once for the statement. */
static void needle(ost__sql_writer *w, const ost_node *node, const fold *f)
{
    ost__sql_text(w, "(SELECT ");
    ost__sql_text(w, f->before);
    ost__sql_bind(w, node->parameter, OST__SQL_NEEDLE, node->args[0]);
    ost__sql_text(w, f->behind);
    ost__sql_text(w, ")");
}

static void search(ost__sql_writer *w, const ost_node *node, const fold *f)
{
    if (node->op == OST_OP_HAS_TEXT) {
        ost__sql_text(w, "strpos(");
        text(w, node, f);
        ost__sql_text(w, ", ");
        needle(w, node, f);
        ost__sql_text(w, ") > 0");
        return;
    }
    ost__sql_text(w, node->op == OST_OP_STARTS_WITH ? "left(" : "right(");
    text(w, node, f);
    ost__sql_text(w, ", char_length(");
    needle(w, node, f);
    ost__sql_text(w, ")) = ");
    needle(w, node, f);
}

void ost__pg_text_search(ost__sql_writer *w, const ost_node *node)
{
    search(w, node, ost__sql_is_folded(node->args[0]) ? &no_fold : &full_fold);
}

void ost__pg_ascii_search(ost__sql_writer *w, const ost_node *node)
{
    search(w, node, ost__sql_is_folded(node->args[0]) ? &no_fold : &ascii_fold);
}
