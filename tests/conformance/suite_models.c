/* SPDX-License-Identifier: MIT */
#include "suite_models.h"

#include <string.h>

OST_MODEL(author, .table = "authors",
          OST_FIELDS(OST_FIELD(author, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(author, name, .not_null = true)));

OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, author_id), OST_FIELD(book, title)),
          OST_RELATIONS(OST_BELONGS_TO(book, author, author, author_id)));

OST_MODEL(stamped,
          OST_FIELDS(OST_FIELD(stamped, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(stamped, label),
                     OST_FIELD(stamped, created_at, .stamp = OST_ON_INSERT),
                     OST_FIELD(stamped, updated_at, .stamp = OST_ON_UPDATE)));

OST_MODEL(preset,
          OST_FIELDS(OST_FIELD(preset, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(preset, count, .default_value = OST_INT(7)),
                     OST_FIELD(preset, flag, .default_value = OST_BOOL(true)),
                     OST_FIELD(preset, word, .default_value = OST_TEXT("none yet")),
                     OST_FIELD(preset, price, .precision = 8, .scale = 2,
                               .default_value = OST_UNITS(150, 2)),
                     OST_FIELD(preset, plain, .default_value = OST_INT(3))));

ost_status (*hooked_does)(const char *hook, ost_call *call, hooked *record);

#define HOOK(name)                                                      \
    static ost_status name(ost_call *call, void *record)                \
    {                                                                   \
        return hooked_does ? hooked_does(#name, call, record) : OST_OK; \
    }
HOOK(before_validate)
HOOK(after_validate)
HOOK(before_save)
HOOK(before_insert)
HOOK(before_update)
HOOK(after_insert)
HOOK(after_update)
HOOK(after_save)
HOOK(before_delete)
HOOK(after_delete)
HOOK(after_load)

OST_MODEL(hooked, .before_validate = before_validate, .after_validate = after_validate,
          .before_save = before_save, .before_insert = before_insert,
          .before_update = before_update, .after_insert = after_insert,
          .after_update = after_update, .after_save = after_save, .before_delete = before_delete,
          .after_delete = after_delete, .after_load = after_load,
          OST_FIELDS(OST_FIELD(hooked, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(hooked, name, .required = true, .unique = true, .max_length = 40),
                     OST_FIELD(hooked, steps, .min = OST_INT(0))));

OST_MODEL(versioned,
          OST_FIELDS(OST_FIELD(versioned, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(versioned, name), OST_FIELD(versioned, n),
                     OST_FIELD(versioned, version, .version = true)));

OST_MODEL(badge,
          OST_FIELDS(OST_FIELD(badge, label, .collation = OST_CASELESS), OST_FIELD(badge, size)));

static ost_status rename_patron(ost_call *call, void *record)
{
    patron *r = record;
    (void)call;
    if (r->name && strcmp(r->name, "rename me") == 0)
        r->name = "Renamed";
    return OST_OK;
}

OST_MODEL(patron, .before_save = rename_patron,
          OST_FIELDS(OST_FIELD(patron, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(patron, email, .collation = OST_CASELESS, .unique = true,
                               .max_length = 40, .trim = true,
                               .messages = OST_MESSAGES(.unique = "belongs to another patron")),
                     OST_FIELD(patron, name, .collation = OST_CASELESS),
                     OST_FIELD(patron, code, .collation = OST_CASELESS), OST_FIELD(patron, team),
                     OST_EMBED(patron, badge, badge, .flatten = true), OST_FIELD(patron, title),
                     OST_FIELD(patron, version, .version = true)),
          OST_INDEXES({ OST_COLUMNS(OST_ASC(patron, code), OST_DESC(patron, team)), .unique = true,
                        .name = "one_code_in_a_team" }));
OST_MODEL(tally,
          OST_FIELDS(OST_FIELD(tally, name), OST_FIELD(tally, first), OST_FIELD(tally, count)));

OST_MODEL(tenant, .table = "tenants",
          OST_FIELDS(OST_FIELD(tenant, id, .primary_key = true),
                     OST_FIELD(tenant, email, .collation = OST_CASELESS, .unique = true,
                               .max_length = 40),
                     OST_FIELD(tenant, nights), OST_FIELD(tenant, gone, .stamp = OST_ON_DELETE)));

OST_MODEL(labelled,
          OST_FIELDS(OST_FIELD(labelled, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(labelled, colour, .max_length = 10,
                               .values = OST_NAMES("red", "green", "blue")),
                     OST_FIELD(labelled, size, .values = OST_NAMES("small", "tall", "big"))));

OST_MODEL(odd, .table = "odd names; -- (here) [too]",
          OST_FIELDS(OST_FIELD(odd, id, .column = "order", .primary_key = true,
                               .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(odd, group, .column = "group"),
                     OST_FIELD(odd, order, .column = "select *, 1 -- e", .max_length = 20),
                     OST_FIELD(odd, blank, .column = " ? $1 %s")),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(odd, group), OST_DESC(odd, order))));

#define KEYED(T, ...) \
    OST_MODEL(T, OST_FIELDS(OST_FIELD(T, id, .primary_key = true, __VA_ARGS__), OST_FIELD(T, note)))
KEYED(by_uuid, .generated = OST_UUID_V7);
KEYED(by_object_id, .generated = OST_NEW_OBJECT_ID);
KEYED(by_text, .max_length = 30);
KEYED(by_time, .column = "at");
KEYED(by_date, .column = "day");
KEYED(by_decimal, .precision = 20, .scale = 4);
KEYED(by_natural, .column = "number");

OST_MODEL(only,
          OST_FIELDS(OST_FIELD(only, id, .primary_key = true), OST_FIELD(only, at, .unique = true),
                     OST_FIELD(only, uuid, .unique = true),
                     OST_FIELD(only, rate, .precision = 30, .scale = 6, .unique = true),
                     OST_FIELD(only, mood, .values = OST_NAMES("calm", "angry"), .unique = true),
                     OST_FIELD(only, code)));

OST_MODEL(ledger, .table = "ledger_of_others", .adopted = true,
          OST_FIELDS(OST_FIELD(ledger, id, .column = "number", .primary_key = true),
                     OST_FIELD(ledger, code, .max_length = 20), OST_FIELD(ledger, cents),
                     OST_FIELD(ledger, account)));

static void shown_posters(ost_query *q)
{
    ost_where(q, ost_eq(poster, shown, true));
    ost_order_by(q, ost_desc(poster, rank));
}

OST_MODEL(poster, .table = "posters", .default_scope = shown_posters,
          OST_FIELDS(OST_FIELD(poster, id, .primary_key = true), OST_FIELD(poster, title),
                     OST_FIELD(poster, shown), OST_FIELD(poster, rank)));

const char *const ledger_statements[] = {
    "DROP TABLE IF EXISTS ledger_of_others",
    "CREATE TABLE ledger_of_others (number BIGINT PRIMARY KEY, code VARCHAR(20) NOT NULL, "
    "cents BIGINT, account BIGINT UNIQUE, CONSTRAINT cents_not_negative CHECK (cents >= 0))",
    NULL,
};

const char ledger_commands[] =
    "{\"drop\": \"ledger_of_others\"}"
    "{\"create\": \"ledger_of_others\", \"validator\": {\"$jsonSchema\": {\"required\": [\"code\"],"
    " \"properties\": {\"cents\": {\"description\": \"cents_not_negative\", \"minimum\": 0}}}}}"
    "{\"createIndexes\": \"ledger_of_others\", \"indexes\": [{\"key\": {\"account\": 1},"
    " \"name\": \"account\", \"unique\": true,"
    " \"partialFilterExpression\": {\"account\": {\"$exists\": true}}}]}";

OST_MODEL(spot,
          OST_FIELDS(OST_FIELD(spot, town, .column = "city", .max_length = 40),
                     OST_FIELD(spot, floor), OST_FIELD(spot, fee, .precision = 10, .scale = 2),
                     OST_FIELD(spot, height), OST_FIELD(spot, seen), OST_FIELD(spot, mark)));
OST_MODEL(line, OST_FIELDS(OST_FIELD(line, word), OST_FIELD(line, count), OST_EMBED(line, at, spot),
                           OST_ITEMS(line, tags)));
OST_MODEL(folio,
          OST_FIELDS(OST_FIELD(folio, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(folio, title), OST_EMBED(folio, cover, spot),
                     OST_EMBED(folio, back, spot, .flatten = true), OST_ITEMS(folio, words),
                     OST_ITEMS(folio, numbers),
                     OST_ITEMS(folio, amounts, .precision = 12, .scale = 3),
                     OST_EMBEDS(folio, lines, line), OST_FIELD(folio, extra),
                     OST_FIELD(folio, place)));

const ost_model *const suite_models[SUITE_MODEL_COUNT + 1] = {
    &thing_model,      &maybe_model,     &seat_model,    &account_model,
    &twin_model,       &exact_model,     &guest_model,   &author_model,
    &hooked_model,     &versioned_model, &patron_model,  &tenant_model,
    &wrapped_model,    &book_model,      &stamped_model, &preset_model,
    &labelled_model,   &odd_model,       &by_uuid_model, &by_object_id_model,
    &by_text_model,    &by_time_model,   &by_date_model, &by_decimal_model,
    &by_natural_model, &only_model,      &poster_model,  &ledger_model,
    &crate_model,      &chest_model,     &folio_model,   NULL,
};
