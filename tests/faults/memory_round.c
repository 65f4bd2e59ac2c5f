/* SPDX-License-Identifier: MIT */
#include "memory_round.h"

OST_MODEL(writer, .table = "writers",
          OST_FIELDS(OST_FIELD(writer, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(writer, name, .required = true, .unique = true, .trim = true,
                               .collation = OST_CASELESS, .max_length = 200),
                     OST_FIELD(writer, born, .default_value = OST_INT(1900)),
                     OST_FIELD(writer, changed_at, .stamp = OST_ON_UPDATE)),
          OST_INDEXES(OST_INDEX(OST_DESC(writer, born))));
OST_MODEL(work, .table = "works",
          OST_FIELDS(OST_FIELD(work, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(work, writer_id),
                     OST_FIELD(work, title, .not_null = true, .collation = OST_CASELESS),
                     OST_FIELD(work, price, .precision = 20, .scale = 2), OST_FIELD(work, cover),
                     OST_FIELD(work, year)),
          OST_RELATIONS(OST_BELONGS_TO(work, by, writer, writer_id)));
OST_MODEL(label, OST_FIELDS(OST_FIELD(label, id, .primary_key = true, .generated = OST_UUID_V7),
                            OST_FIELD(label, code, .unique = true), OST_FIELD(label, weight)));
OST_MODEL(per_year, OST_FIELDS(OST_FIELD(per_year, year), OST_FIELD(per_year, works),
                               OST_FIELD(per_year, sum, .precision = 38, .scale = 2)));

ost_status round_failure(const round *r)
{
    ost_status status = (ost_status)ost_session_error(r->s)->status;
    assert_int_not_equal(status, OST_OK);
    return status;
}

/* ---- opening ---- */

static ost_status open_db(round *r)
{
    return ost_open(
        OST_OPTIONS(.url = r->url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
                    .models = OST_MODELS(&writer_model, &work_model, &label_model, &pass_model),
                    .platform = &r->memory.platform),
        &r->db, &r->error);
}

static ost_status create_tables(round *r)
{
    return ost_create_tables(r->db, &r->error);
}

static ost_status open_session(round *r)
{
    return ost_session_open(r->db, NULL, &r->s, &r->error);
}

/* ---- writing records ---- */

static ost_status insert_own(round *r)
{
    r->own = (writer){ .name = "  Grace Hopper ", .born = OST_SOME(1906) };
    ost_status status = ost_insert(r->s, writer, &r->own);
    assert_int_equal(r->own.id, status == OST_OK ? 1 : 0);
    return status;
}

static ost_status make_new(round *r)
{
    r->ada = ost_new(r->s, writer);
    if (!r->ada)
        return round_failure(r);
    assert_true(r->ada->born.present && r->ada->born.value == 1900);
    r->ada->name = "Ada Lovelace";
    return OST_OK;
}

static ost_status insert_new(round *r)
{
    ost_status status = ost_insert(r->s, writer, r->ada);
    assert_int_equal(r->ada->id, status == OST_OK ? 2 : 0);
    return status;
}

/* Keys that are given and keys that are generated, so that the records go in several runs. */
static ost_status insert_many(round *r)
{
    static const int64_t keys[] = { 0, 0, 70, 71, 0, 0 };
    static const char *const titles[] = { "First Notes",
                                          "Second notes",
                                          "Compilers",
                                          "COBOL, 100% of it",
                                          "A long title, twice as long",
                                          "Notes at the end" };
    for (int i = 0; i < 6; i++)
        r->works[i] = (work){ .id = keys[i],
                              .writer_id = 1 + i % 2,
                              .title = titles[i],
                              .price = ost_decimal_of(1050 + i, 2),
                              .year = 1950 + i / 2,
                              .cover = { titles[i], (size_t)i } };
    ost_status status = ost_insert_many(r->s, work, r->works, 6);
    assert_int_equal(r->works[5].id, status == OST_OK ? 73 : 0);
    return status;
}

static ost_status insert_labels(round *r)
{
    for (int i = 0; i < LABELS; i++) {
        r->labels[i] = (label){ .weight = i };
        snprintf(r->labels[i].code, sizeof r->labels[i].code, "label %d", i);
    }
    return ost_insert_many(r->s, label, r->labels, LABELS);
}

static ost_status save(round *r)
{
    r->ada->name =
        " Ada King, Comtesse de Lovelac\xc3\x89, whose name is longer than the first chunk ";
    ost_put(r->ada->born, 1815);
    ost_status status = ost_save(r->s, writer, r->ada);
    if (status == OST_OK)
        assert_true(r->ada->name[0] == 'A' && r->ada->name[strlen(r->ada->name) - 1] == 'k');
    return status;
}

static ost_status replace_own(round *r)
{
    r->own.name = "Grace Brewster Hopper";
    return ost_replace(r->s, writer, &r->own);
}

static ost_status replace_tracked(round *r)
{
    r->ada->born.value = 1816;
    return ost_replace(r->s, writer, r->ada);
}

static ost_status reload(round *r)
{
    ost_status status = ost_reload(r->s, writer, r->ada);
    if (status == OST_OK)
        assert_int_equal(r->ada->born.value, 1816);
    return status;
}

static ost_status delete_label(round *r)
{
    return ost_delete(r->s, label, &r->labels[3]);
}

/* ---- reading ---- */

static ost_status get(round *r)
{
    r->book = ost_get(r->s, work, 70);
    if (!r->book)
        return round_failure(r);
    assert_string_equal(r->book->title, "Compilers");
    assert_int_equal(r->book->cover.size, 2);
    return OST_OK;
}

static ost_status find(round *r)
{
    work *found = ost_find(r->s, work, ost_eq(work, title, "First Notes"), ost_eq(work, year, 1950),
                           ost_ge(work, price, ost_decimal_of(10, 0)));
    if (!found)
        return round_failure(r);
    assert_int_equal(found->id, 1);
    return OST_OK;
}

static ost_status all(round *r)
{
    static const int years[] = { 1950, 1951, 1952, 1953 };
    size_t count;
    ost_query *q = ost_from(r->s, work);
    ost_where(q,
              ost_either(ost_has_text(work, title, "NOTES"), ost_ends_with(work, title, "% of it"),
                         ost_starts_with(work, title, "a long"),
                         ost_not(ost_in(work, year, years, 4))));
    ost_where(q, ost_between(work, id, 1, 1000));
    ost_order_by(q, ost_desc(work, title));
    ost_order_by_name(q, "year", "asc");
    ost_offset(q, 1);
    ost_limit(q, 3);
    work *rows = ost_all(q, work, &count);
    if (!rows)
        return round_failure(r);
    assert_int_equal(count, 3);
    assert_string_equal(rows[0].title, "Notes at the end");
    return OST_OK;
}

static ost_status all_labels(round *r)
{
    size_t count;
    label *rows = ost_all(ost_from(r->s, label), label, &count);
    if (!rows)
        return round_failure(r);
    assert_int_equal(count, LABELS);
    return OST_OK;
}

static ost_status kept_conditions(round *r)
{
    static const char *const titles[] = { "Compilers", "First Notes", "none of them" };
    const ost_expr *list[3];
    size_t count;
    for (size_t i = 0; i < 3; i++)
        list[i] = ost_keep(
            r->s, ost_both(ost_eq(work, title, titles[i]), ost_in(work, title, titles, 3)));
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_either_list(r->s, list, 3));
    work *rows = ost_all(q, work, &count);
    if (!rows)
        return round_failure(r);
    assert_int_equal(count, 2);
    return OST_OK;
}

/* More of everything in one query than its slot holds. */
static ost_status large_query(round *r)
{
    size_t count;
    ost_query *q = ost_from(r->s, work);
    for (int i = 0; i < 40; i++) {
        ost_where(q, ost_ne(work, title, "a text that is somewhat long, and that nothing has"));
        ost_order_by(q, ost_asc(work, year));
    }
    work *rows = ost_all(q, work, &count);
    if (!rows)
        return round_failure(r);
    assert_int_equal(count, 6);
    return OST_OK;
}

static ost_status many_queries(round *r)
{
    ost_query *q = NULL;
    int64_t n;
    for (int i = 0; i < 10; i++)
        q = ost_from(r->s, writer);
    ost_status status = ost_count_of(q, &n);
    if (status == OST_OK)
        assert_int_equal(n, 2);
    return status;
}

static ost_status grouped(round *r)
{
    size_t count;
    ost_query *q = ost_from(r->s, work);
    ost_group_by(q, ost_col(work, year));
    ost_select(q, ost_as(per_year, year, ost_col(work, year)), ost_as(per_year, works, ost_count()),
               ost_as(per_year, sum, ost_sum(ost_col(work, price))));
    ost_having(q, ost_cmp_gt(ost_count(), ost_lit(1)));
    ost_order_by(q, ost_asc(per_year, year));
    per_year *rows = ost_all(q, per_year, &count);
    if (!rows)
        return round_failure(r);
    assert_int_equal(count, 3);
    assert_int_equal(ost_decimal_compare(rows[0].sum.value, ost_decimal_of(2101, 2)), 0);
    return OST_OK;
}

static ost_status distinct(round *r)
{
    size_t count;
    ost_query *q = ost_from(r->s, work);
    ost_select(q, ost_as(per_year, year, ost_col(work, year)));
    ost_distinct(q);
    if (!ost_all(q, per_year, &count))
        return round_failure(r);
    assert_int_equal(count, 3);
    return OST_OK;
}

static ost_status first(round *r)
{
    ost_query *q = ost_from(r->s, work);
    ost_order_by(q, ost_desc(work, id));
    work *found = ost_first(q, work);
    if (!found)
        return round_failure(r);
    assert_int_equal(found->id, 73);
    return OST_OK;
}

static ost_status exists(round *r)
{
    bool any = false;
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_eq(work, year, 1951));
    ost_status status = ost_exists(q, &any);
    assert_int_equal(any, status == OST_OK);
    return status;
}

static ost_status value_of(round *r)
{
    ost_value v;
    ost_status status = ost_value_of(ost_from(r->s, work), ost_max(ost_col(work, title)), &v);
    if (status == OST_OK)
        assert_string_equal(v.as.text, "second notes");
    return status;
}

static ost_status page(round *r)
{
    size_t count;
    ost_page about;
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_gt(work, year, 1900));
    if (!ost_paginate(q, work, 2, 4, &count, &about))
        return round_failure(r);
    assert_int_equal(count, 2);
    assert_int_equal(about.total, 6);
    return OST_OK;
}

static ost_status cursor(round *r)
{
    size_t count = 0;
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_has_text(work, title, "o"));
    ost_cursor *c = ost_stream(q, 2);
    for (const work *w; (w = ost_next(c, work));)
        count += w->title[0] != '\0';
    ost_status status = ost_cursor_close(c);
    if (status == OST_OK)
        assert_int_equal(count, 6);
    return status;
}

/* Left before its end, with a statement beside it. */
static ost_status cursor_left(round *r)
{
    ost_cursor *c = ost_stream(ost_from(r->s, work), 2);
    const work *w = ost_next(c, work);
    bool got = w && ost_get(r->s, writer, w->writer_id);
    ost_status status = ost_cursor_close(c);
    return status == OST_OK && !got ? round_failure(r) : status;
}

static ost_status render(round *r)
{
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_le(work, price, ost_decimal_of(10, 0)));
    const char *text = ost_render(q);
    if (!text)
        return round_failure(r);
    assert_non_null(strstr(text, "SELECT"));
    return OST_OK;
}

static ost_status json(round *r)
{
    const char *text = ost_to_json(r->s, work, r->book);
    if (!text)
        return round_failure(r);
    assert_non_null(strstr(text, "\"title\":\"Compilers\""));
    return OST_OK;
}

static ost_status json_of_list(round *r)
{
    const char *text = ost_list_to_json(r->s, label, r->labels, LABELS);
    if (!text)
        return round_failure(r);
    assert_true(text[0] == '[' && strlen(text) > 1000);
    return OST_OK;
}

static ost_status from_json(round *r)
{
    static const char text[] = "{\"name\":\"A name that is longer than what the chunks have left, "
                               "and \\u00e9scaped\",\"nope\":0}";
    writer w = { .id = 9 };
    ost_status status = ost_from_json(r->s, writer, text, sizeof text - 1, NULL, &w);
    assert_true(status != OST_OK && w.id == 9 && !w.name);
    if (status != OST_INVALID)
        return status;
    status = ost_from_json(r->s, writer, "{\"name\":\"\\u00e9\"}", 17, NULL, &w);
    assert_true((w.name != NULL) == (status == OST_OK));
    return status;
}

static ost_status list_from_json(round *r)
{
    size_t count;
    static const char text[] = "[{\"name\":\"Ada\"},{\"name\":\"Grace\",\"born\":1906}]";
    const writer *w = ost_list_from_json(r->s, writer, text, sizeof text - 1, NULL, 2, &count);
    if (!w)
        return round_failure(r);
    assert_true(count == 2 && w[0].born.value == 1900 && w[1].born.value == 1906);
    return OST_OK;
}

static ost_status texts(round *r)
{
    const ost_time t = { 0 };
    const ost_date d = { 0 };
    if (!ost_decimal_text(r->s, r->works[0].price) || !ost_time_text(r->s, t) ||
        !ost_date_text(r->s, d) || !ost_text(r->s, "a text"))
        return round_failure(r);
    return OST_OK;
}

/* Also saves a record that is older than the mark, whose texts must outlive it. */
static ost_status marked(round *r)
{
    ost_mark mark = ost_session_mark(r->s);
    if (ost_session_error(r->s)->status != OST_OK)
        return round_failure(r);
    size_t count = 0;
    label *rows = ost_all(ost_from(r->s, label), label, &count);
    ost_status status = rows ? OST_OK : round_failure(r);
    if (status == OST_OK) {
        r->book->title = "Compilers, second edition";
        status = ost_save(r->s, work, r->book);
    }
    assert_int_equal(ost_session_release(r->s, mark), OST_OK);
    return status;
}

/* ---- writing by query ---- */

static ost_status update(round *r)
{
    int64_t matched;
    ost_query *q = ost_from(r->s, work);
    ost_where(q, ost_eq(work, year, 1952));
    ost_status status =
        ost_update(q, &matched, ost_set(work, title, "the same title"),
                   ost_inc(work, price, ost_decimal_of(5, 1)), ost_set_null(work, cover));
    assert_int_equal(matched, status == OST_OK ? 2 : 0);
    return status;
}

static ost_status update_one(round *r)
{
    ost_query *q = ost_from(r->s, writer);
    ost_where(q, ost_eq(writer, name, "Grace Brewster Hopper"));
    return ost_update_one(q, ost_inc(writer, born, 1));
}

static ost_status delete_all(round *r)
{
    int64_t deleted;
    ost_query *q = ost_from(r->s, label);
    ost_where(q, ost_lt(label, weight, 10));
    ost_status status = ost_delete_all(q, &deleted);
    assert_int_equal(deleted, status == OST_OK ? 9 : 0);
    return status;
}

/* ---- the end ---- */

static ost_status clear(round *r)
{
    r->ada = NULL;
    r->book = NULL;
    return ost_session_clear(r->s);
}

/* Rows that the program moved are matched by their keys. */
static ost_status sort_and_save(round *r)
{
    size_t count;
    ost_query *q = ost_from(r->s, work);
    ost_order_by(q, ost_asc(work, id));
    work *rows = ost_all(q, work, &count);
    if (!rows)
        return round_failure(r);
    work kept = rows[0];
    rows[0] = rows[count - 1];
    rows[count - 1] = kept;
    rows[0].year = 2000;
    return ost_save(r->s, work, &rows[0]);
}

const step round_steps[] = {
    { "open", open_db },
    { "create tables", create_tables },
    { "open session", open_session },
    { "insert own", insert_own },
    { "new", make_new },
    { "insert new", insert_new },
    { "insert many", insert_many },
    { "insert labels", insert_labels },
    { "get", get },
    { "save", save },
    { "find", find },
    { "all", all },
    { "all labels", all_labels },
    { "kept conditions", kept_conditions },
    { "large query", large_query },
    { "many queries", many_queries },
    { "grouped", grouped },
    { "distinct", distinct },
    { "first", first },
    { "exists", exists },
    { "value of", value_of },
    { "page", page },
    { "cursor", cursor },
    { "cursor left", cursor_left },
    { "render", render },
    { "json", json },
    { "json of a list", json_of_list },
    { "from json", from_json },
    { "list from json", list_from_json },
    { "texts", texts },
    { "marked", marked },
    { "replace own", replace_own },
    { "replace tracked", replace_tracked },
    { "reload", reload },
    { "unit", round_unit },
    { "unit, forgiving", round_unit_forgiving },
    { "many in a unit", round_many_in_unit },
    { "transaction", round_transaction },
    { "update", update },
    { "update one", update_one },
    { "delete", delete_label },
    { "delete all", delete_all },
    { "clear", clear },
    { "sort and save", sort_and_save },
    { "get many", round_get_many },
    { "save many", round_save_many },
    { "save many in a unit", round_save_many_in_unit },
    { "locked", round_locked },
    { "limited", round_limited },
    { "insert pass", round_insert_pass },
    { "end pass", round_end_pass },
    { "scoped", round_scoped },
    { "restore pass", round_restore_pass },
    { "end all", round_end_all },
    { "restore all", round_restore_all },
    { "purge pass", round_purge_pass },
};
const size_t round_step_count = sizeof round_steps / sizeof round_steps[0];
