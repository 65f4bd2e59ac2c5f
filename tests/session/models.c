/* SPDX-License-Identifier: MIT */
#include "models.h"

OST_MODEL(book, .table = "books",
          OST_FIELDS(OST_FIELD(book, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(book, title, .required = true, .trim = true, .max_length = 80),
                     OST_FIELD(book, subtitle), OST_FIELD(book, code), OST_FIELD(book, year),
                     OST_FIELD(book, stock, .min = OST_INT(0), .max = OST_INT(1000)),
                     OST_FIELD(book, lent), OST_FIELD(book, weight),
                     OST_FIELD(book, price, .precision = 9, .scale = 2), OST_FIELD(book, cover),
                     OST_FIELD(book, isbn, .unique = true, .max_length = 20),
                     OST_FIELD(book, secret, .hidden = true)));

OST_MODEL(loan, .table = "loans",
          OST_FIELDS(OST_FIELD(loan, book, .primary_key = true),
                     OST_FIELD(loan, reader, .primary_key = true), OST_FIELD(loan, due),
                     OST_FIELD(loan, note)));

OST_MODEL(note, .table = "notes",
          OST_FIELDS(OST_FIELD(note, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(note, text),
                     OST_FIELD(note, stars, .default_value = OST_INT(3), .min = OST_INT(0)),
                     OST_FIELD(note, created_at, .stamp = OST_ON_INSERT),
                     OST_FIELD(note, changed_at, .stamp = OST_ON_UPDATE)));

OST_MODEL(patron, .table = "patrons",
          OST_FIELDS(OST_FIELD(patron, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(patron, email, .required = true, .unique = true, .max_length = 80,
                               .messages = OST_MESSAGES(.unique = "this address is taken")),
                     OST_FIELD(patron, nick, .unique = true, .max_length = 40),
                     OST_FIELD(patron, card), OST_FIELD(patron, shelf), OST_FIELD(patron, box),
                     OST_FIELD(patron, visits),
                     OST_FIELD(patron, changed_at, .stamp = OST_ON_UPDATE),
                     OST_FIELD(patron, deleted_at, .column = "gone", .stamp = OST_ON_DELETE)),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(patron, card)),
                      { OST_COLUMNS(OST_ASC(patron, shelf), OST_ASC(patron, box)), .unique = true,
                        .among_living = true }));

OST_MODEL(permit, .table = "permits",
          OST_FIELDS(OST_FIELD(permit, patron, .primary_key = true),
                     OST_FIELD(permit, kind, .primary_key = true),
                     OST_FIELD(permit, ended, .stamp = OST_ON_DELETE, .hidden = true),
                     OST_FIELD(permit, note)));

void (*notice_scope)(ost_query *q);

static void scope_of_notices(ost_query *q)
{
    if (notice_scope)
        notice_scope(q);
}

OST_MODEL(notice, .table = "notices", .default_scope = scope_of_notices,
          OST_FIELDS(OST_FIELD(notice, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(notice, title, .max_length = 40, .unique = true),
                     OST_FIELD(notice, wall), OST_FIELD(notice, urgency),
                     OST_FIELD(notice, deleted_at, .stamp = OST_ON_DELETE)));

OST_MODEL(gauge, .table = "gauges", .adopted = true,
          OST_FIELDS(OST_FIELD(gauge, id, .primary_key = true), OST_FIELD(gauge, level),
                     OST_FIELD(gauge, maybe), OST_FIELD(gauge, unit)));

OST_MODEL(site, .table = "sites",
          OST_FIELDS(OST_FIELD(site, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(site, path, .required = true, .unique = true, .trim = true,
                               .max_length = 80),
                     OST_FIELD(site, alias, .unique = true, .max_length = 80),
                     OST_FIELD(site, zone), OST_FIELD(site, place),
                     OST_FIELD(site, visits, .min = OST_INT(0), .max = OST_INT(1000)),
                     OST_FIELD(site, rank), OST_FIELD(site, owner),
                     OST_FIELD(site, paid, .precision = 9, .scale = 2),
                     OST_FIELD(site, first_seen, .stamp = OST_ON_INSERT),
                     OST_FIELD(site, last_seen, .stamp = OST_ON_UPDATE)),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(site, zone), OST_ASC(site, place))));

OST_MODEL(year_count, OST_FIELDS(OST_FIELD(year_count, year), OST_FIELD(year_count, books),
                                 OST_FIELD(year_count, first)));

session_hook_is *session_hook;

#define HOOK(name)                                                        \
    static ost_status name(ost_call *call, void *record)                  \
    {                                                                     \
        return session_hook ? session_hook(#name, call, record) : OST_OK; \
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

OST_MODEL(lodger, .table = "lodgers", .before_validate = before_validate,
          .after_validate = after_validate, .before_save = before_save,
          .before_insert = before_insert, .before_update = before_update,
          .after_insert = after_insert, .after_update = after_update, .after_save = after_save,
          .before_delete = before_delete, .after_delete = after_delete, .after_load = after_load,
          OST_FIELDS(OST_FIELD(lodger, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(lodger, name, .required = true, .trim = true, .max_length = 20),
                     OST_FIELD(lodger, mail, .unique = true, .lowercase = true, .max_length = 40),
                     OST_FIELD(lodger, code), OST_FIELD(lodger, visits, .min = OST_INT(0)),
                     OST_FIELD(lodger, changed_at, .stamp = OST_ON_UPDATE)));

OST_MODEL(visit, .table = "visits", .before_validate = before_validate, .before_save = before_save,
          .before_insert = before_insert, .before_update = before_update,
          .before_delete = before_delete,
          OST_FIELDS(OST_FIELD(visit, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(visit, reason, .required = true), OST_FIELD(visit, lodger),
                     OST_FIELD(visit, minutes)));

OST_MODEL(sheet, .table = "sheets",
          OST_FIELDS(OST_FIELD(sheet, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(sheet, text),
                     OST_FIELD(sheet, slug, .unique = true, .max_length = 20),
                     OST_FIELD(sheet, version, .version = true), OST_FIELD(sheet, views)));

OST_MODEL(draft, .table = "drafts",
          OST_FIELDS(OST_FIELD(draft, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(draft, text),
                     OST_FIELD(draft, version, .column = "edition", .version = true),
                     OST_FIELD(draft, changed_at, .stamp = OST_ON_UPDATE),
                     OST_FIELD(draft, deleted_at, .stamp = OST_ON_DELETE)));
