/* SPDX-License-Identifier: MIT */
#include "models.h"

#define MOODS .values = OST_NAMES("calm", "angry", "happy", "bored")

OST_MODEL(thing, .table = "things",
          OST_FIELDS(OST_FIELD(thing, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(thing, flag), OST_FIELD(thing, i8), OST_FIELD(thing, i16),
                     OST_FIELD(thing, i32), OST_FIELD(thing, i64, .column = "wide"),
                     OST_FIELD(thing, u8), OST_FIELD(thing, u16), OST_FIELD(thing, u32),
                     OST_FIELD(thing, u64), OST_FIELD(thing, f), OST_FIELD(thing, amount),
                     OST_FIELD(thing, wild), OST_FIELD(thing, name, .not_null = true),
                     OST_FIELD(thing, note), OST_FIELD(thing, code), OST_FIELD(thing, data),
                     OST_FIELD(thing, at), OST_FIELD(thing, day, .column = "select"),
                     OST_FIELD(thing, uuid), OST_FIELD(thing, object),
                     OST_FIELD(thing, price, .precision = 12, .scale = 2),
                     OST_FIELD(thing, huge, .precision = 30, .scale = 6),
                     OST_FIELD(thing, mood, MOODS),
                     OST_FIELD(thing, alias, .collation = OST_CASELESS, .column = "Alias"),
                     OST_FIELD(thing, sign, .collation = OST_CASELESS)),
          OST_INDEXES(OST_INDEX(OST_ASC(thing, i32), OST_DESC(thing, i64))));

OST_MODEL(maybe,
          OST_FIELDS(OST_FIELD(maybe, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(maybe, flag), OST_FIELD(maybe, i8), OST_FIELD(maybe, i16),
                     OST_FIELD(maybe, i32), OST_FIELD(maybe, i64), OST_FIELD(maybe, u8),
                     OST_FIELD(maybe, u16), OST_FIELD(maybe, u32), OST_FIELD(maybe, u64),
                     OST_FIELD(maybe, f), OST_FIELD(maybe, amount), OST_FIELD(maybe, wild),
                     OST_FIELD(maybe, at), OST_FIELD(maybe, day), OST_FIELD(maybe, uuid),
                     OST_FIELD(maybe, object), OST_FIELD(maybe, rate, .precision = 12, .scale = 4),
                     OST_FIELD(maybe, vast, .precision = 38, .scale = 10),
                     OST_FIELD(maybe, mood, MOODS)),
          OST_INDEXES(OST_INDEX(OST_ASC(maybe, i32)), OST_INDEX(OST_DESC(maybe, i64))));

OST_MODEL(seat, .table = "seats",
          OST_FIELDS(OST_FIELD(seat, row, .primary_key = true),
                     OST_FIELD(seat, letter, .primary_key = true), OST_FIELD(seat, taken),
                     OST_FIELD(seat, note)));

OST_MODEL(account, .table = "accounts",
          OST_FIELDS(OST_FIELD(account, id, .primary_key = true),
                     OST_FIELD(account, email, .unique = true, .max_length = 40),
                     OST_FIELD(account, badge, .unique = true), OST_FIELD(account, team),
                     OST_FIELD(account, place), OST_FIELD(account, cents),
                     OST_FIELD(account, balance, .precision = 18, .scale = 4)),
          OST_INDEXES(OST_UNIQUE_INDEX(OST_ASC(account, team), OST_ASC(account, place))));

OST_MODEL(guest, .table = "guests",
          OST_FIELDS(OST_FIELD(guest, id, .primary_key = true),
                     OST_FIELD(guest, email, .unique = true, .max_length = 40),
                     OST_FIELD(guest, badge, .unique = true), OST_FIELD(guest, room),
                     OST_FIELD(guest, bed), OST_FIELD(guest, card), OST_FIELD(guest, nights),
                     OST_FIELD(guest, note),
                     OST_FIELD(guest, deleted_at, .stamp = OST_ON_DELETE, .column = "gone")),
          OST_INDEXES({ OST_COLUMNS(OST_ASC(guest, room), OST_DESC(guest, bed)), .unique = true,
                        .among_living = true },
                      OST_UNIQUE_INDEX(OST_ASC(guest, card))));

OST_MODEL(twin, .table = "twins",
          OST_FIELDS(OST_FIELD(twin, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(twin, flag_a), OST_FIELD(twin, flag_b), OST_FIELD(twin, whole_a),
                     OST_FIELD(twin, whole_b), OST_FIELD(twin, natural_a),
                     OST_FIELD(twin, natural_b), OST_FIELD(twin, real_a), OST_FIELD(twin, real_b),
                     OST_FIELD(twin, note_a), OST_FIELD(twin, note_b), OST_FIELD(twin, code_a),
                     OST_FIELD(twin, code_b), OST_FIELD(twin, data_a), OST_FIELD(twin, data_b),
                     OST_FIELD(twin, at_a), OST_FIELD(twin, at_b), OST_FIELD(twin, day_a),
                     OST_FIELD(twin, day_b), OST_FIELD(twin, uuid_a), OST_FIELD(twin, uuid_b),
                     OST_FIELD(twin, object_a), OST_FIELD(twin, object_b),
                     OST_FIELD(twin, price_a, .precision = 12, .scale = 2),
                     OST_FIELD(twin, price_b, .precision = 12, .scale = 2),
                     OST_FIELD(twin, mood_a, MOODS), OST_FIELD(twin, mood_b, MOODS),
                     OST_FIELD(twin, alias_a, .collation = OST_CASELESS),
                     OST_FIELD(twin, alias_b, .collation = OST_CASELESS),
                     OST_FIELD(twin, sign_a, .collation = OST_CASELESS),
                     OST_FIELD(twin, sign_b, .collation = OST_CASELESS)));

OST_MODEL(exact,
          OST_FIELDS(OST_FIELD(exact, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(exact, whole, .precision = 38, .scale = 0),
                     OST_FIELD(exact, fraction, .precision = 38, .scale = 38),
                     OST_FIELD(exact, units, .precision = 18, .scale = 0),
                     OST_FIELD(exact, beyond, .precision = 19, .scale = 0),
                     OST_FIELD(exact, digit, .precision = 1, .scale = 1)));

OST_MODEL(nook, OST_FIELDS(OST_FIELD(nook, shelf), OST_FIELD(nook, label, .column = "name")));

OST_MODEL(room,
          OST_FIELDS(OST_FIELD(room, city, .column = "town"), OST_FIELD(room, floor),
                     OST_FIELD(room, wide), OST_FIELD(room, open), OST_FIELD(room, amount),
                     OST_FIELD(room, price, .precision = 12, .scale = 2), OST_FIELD(room, at),
                     OST_FIELD(room, day), OST_FIELD(room, uuid), OST_FIELD(room, mood, MOODS),
                     OST_FIELD(room, code), OST_ITEMS(room, steps), OST_EMBED(room, nook, nook)));

OST_MODEL(parcel,
          OST_FIELDS(OST_FIELD(parcel, word), OST_FIELD(parcel, count, .column = "how many"),
                     OST_FIELD(parcel, weight), OST_FIELD(parcel, amount),
                     OST_FIELD(parcel, price, .precision = 12, .scale = 2),
                     OST_FIELD(parcel, mood, MOODS), OST_EMBED(parcel, at, nook),
                     OST_ITEMS(parcel, tags)));

OST_MODEL(crate, .table = "crates",
          OST_FIELDS(OST_FIELD(crate, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(crate, title), OST_EMBED(crate, home, room, .column = "house"),
                     OST_EMBED(crate, spare, nook, .flatten = true), OST_ITEMS(crate, words),
                     OST_ITEMS(crate, numbers),
                     OST_ITEMS(crate, amounts, .precision = 12, .scale = 3),
                     OST_ITEMS(crate, times), OST_EMBEDS(crate, parcels, parcel),
                     OST_FIELD(crate, extra), OST_FIELD(crate, rank)));

OST_MODEL(gem, OST_FIELDS(OST_FIELD(gem, flag), OST_FIELD(gem, i8), OST_FIELD(gem, i16),
                          OST_FIELD(gem, u8), OST_FIELD(gem, u32), OST_FIELD(gem, u64),
                          OST_FIELD(gem, natural), OST_FIELD(gem, f), OST_FIELD(gem, wild),
                          OST_FIELD(gem, data), OST_FIELD(gem, object),
                          OST_FIELD(gem, huge, .precision = 30, .scale = 6),
                          OST_FIELD(gem, name, .not_null = true), OST_FIELD(gem, json)));

OST_MODEL(chest, .table = "chests",
          OST_FIELDS(OST_FIELD(chest, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_EMBED(chest, in, gem), OST_ITEMS(chest, flags), OST_ITEMS(chest, shorts),
                     OST_ITEMS(chest, wholes), OST_ITEMS(chest, naturals), OST_ITEMS(chest, floats),
                     OST_ITEMS(chest, reals), OST_ITEMS(chest, blobs), OST_ITEMS(chest, days),
                     OST_ITEMS(chest, uuids), OST_ITEMS(chest, objects),
                     OST_ITEMS(chest, decimals, .precision = 30, .scale = 6),
                     OST_ITEMS(chest, moods, MOODS), OST_EMBEDS(chest, gems, gem),
                     OST_FIELD(chest, note)));

OST_MODEL(bundle, OST_FIELDS(OST_FIELD(bundle, rows), OST_FIELD(bundle, whole),
                             OST_FIELD(bundle, text), OST_EMBED(bundle, nook, nook),
                             OST_ITEMS(bundle, words), OST_ITEMS(bundle, numbers),
                             OST_ITEMS(bundle, amounts, .precision = 12, .scale = 3),
                             OST_ITEMS(bundle, times), OST_EMBEDS(bundle, parcels, parcel),
                             OST_FIELD(bundle, extra)));

OST_MODEL(facts,
          OST_FIELDS(OST_FIELD(facts, rows), OST_FIELD(facts, whole), OST_FIELD(facts, whole2),
                     OST_FIELD(facts, natural), OST_FIELD(facts, flag), OST_FIELD(facts, single),
                     OST_FIELD(facts, real), OST_FIELD(facts, real2), OST_FIELD(facts, text),
                     OST_FIELD(facts, text2), OST_FIELD(facts, data), OST_FIELD(facts, at),
                     OST_FIELD(facts, day), OST_FIELD(facts, uuid), OST_FIELD(facts, object),
                     OST_FIELD(facts, exact, .precision = 38, .scale = 0),
                     OST_FIELD(facts, scale2, .precision = 38, .scale = 2),
                     OST_FIELD(facts, scale4, .precision = 38, .scale = 4),
                     OST_FIELD(facts, scale6, .precision = 38, .scale = 6),
                     OST_FIELD(facts, scale8, .precision = 38, .scale = 8),
                     OST_FIELD(facts, scale10, .precision = 38, .scale = 10),
                     OST_FIELD(facts, scale12, .precision = 38, .scale = 12),
                     OST_FIELD(facts, scale16, .precision = 38, .scale = 16),
                     OST_FIELD(facts, scale1, .precision = 38, .scale = 1),
                     OST_FIELD(facts, scale7, .precision = 38, .scale = 7),
                     OST_FIELD(facts, scale38, .precision = 38, .scale = 38),
                     OST_FIELD(facts, mood, MOODS)));

OST_MODEL(narrow,
          OST_FIELDS(OST_FIELD(narrow, tiny), OST_FIELD(narrow, number), OST_FIELD(narrow, single),
                     OST_FIELD(narrow, text, .not_null = true), OST_FIELD(narrow, code)));

const ost_model *const all_models[MODEL_COUNT + 1] = {
    &thing_model, &maybe_model, &seat_model,  &account_model, &twin_model,
    &exact_model, &guest_model, &crate_model, &chest_model,   NULL,
};
