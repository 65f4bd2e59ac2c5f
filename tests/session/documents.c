/* SPDX-License-Identifier: MIT */
#include "documents.h"

OST_MODEL(place,
          OST_FIELDS(OST_FIELD(place, height), OST_FIELD(place, fee, .precision = 8, .scale = 2),
                     OST_FIELD(place, seen), OST_FIELD(place, mark)));
OST_MODEL(address,
          OST_FIELDS(OST_FIELD(address, street),
                     OST_FIELD(address, city, .column = "town", .max_length = 40),
                     OST_FIELD(address, country), OST_FIELD(address, floor, .max = OST_INT(100)),
                     OST_EMBED(address, place, place)));
OST_MODEL(remark,
          OST_FIELDS(OST_FIELD(remark, id, .generated = OST_UUID_V7),
                     OST_FIELD(remark, author, .lowercase = true),
                     OST_FIELD(remark, text, .required = true, .trim = true, .max_length = 40),
                     OST_FIELD(remark, at, .stamp = OST_ON_INSERT), OST_FIELD(remark, stars),
                     OST_ITEMS(remark, tags, .max_length = 12)));
OST_MODEL(guest,
          OST_FIELDS(OST_FIELD(guest, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(guest, name), OST_EMBED(guest, home, address),
                     OST_EMBED(guest, seat, place, .flatten = true),
                     OST_ITEMS(guest, keywords, .trim = true, .max_length = 20),
                     OST_ITEMS(guest, scores, .max = OST_INT(1000)),
                     OST_ITEMS(guest, sums, .precision = 12, .scale = 2), OST_ITEMS(guest, days),
                     OST_ITEMS(guest, moods, .values = OST_NAMES("low", "good")),
                     OST_ITEMS(guest, naturals), OST_ITEMS(guest, blobs),
                     OST_EMBEDS(guest, remarks, remark), OST_FIELD(guest, extra),
                     OST_FIELD(guest, spot)));

int documents_setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the,
             &(const ost_options){ .struct_size = sizeof(ost_options), .models = DOCUMENT_MODELS });
    *state = &the;
    return 0;
}

static const char *const words[] = { "one", "two \"quoted\"", "", "caf\xc3\xa9 \\ \t." };
static const int scores[] = { 3, -7, 0 };
static const uint64_t naturals[] = { 0, 1, INT64_MAX };
static const ost_date days[] = { { 0 }, { 19782 } };
static const mood moods[] = { MOOD_GOOD, MOOD_LOW };
static const uint8_t bytes[] = { 0, 0xff, 'a' };

guest documents_full(void)
{
    static ost_decimal sums[3];
    static ost_blob blobs[2];
    static remark remarks[2];
    sums[0] = ost_decimal_of(1050, 2), sums[1] = ost_decimal_of(-1, 2),
    sums[2] = (ost_decimal){ 0 };
    blobs[0] = (ost_blob){ bytes, sizeof bytes }, blobs[1] = (ost_blob){ "", 0 };
    remarks[0] = (remark){ .author = "bob", .text = "nice", .stars = 5 };
    remarks[0].tags.items = words, remarks[0].tags.count = 3;
    remarks[1] = (remark){ .text = "worse", .stars = -1, .at = { 1709208000500000 } };
    guest g = { .name = "Ada",
                .home = { .street = "12 \"High\" St",
                          .city = "London",
                          .country = "GB",
                          .floor = OST_SOME(3),
                          .place = { .height = 1.5,
                                     .fee = { .low = 995, .scale = 2 },
                                     .seen = { 1709208000123000 },
                                     .mark = { .present = true, .value = { { 1, 2, 3 } } } } },
                .seat = { .height = -0.25, .fee = { .low = 100, .scale = 2 } },
                .extra = { "{\"b\": [1, 2.50, null], \"a\": \"x\"}" },
                .spot = { 13.4, 52.5 } };
    g.keywords.items = words, g.keywords.count = 4;
    g.scores.items = scores, g.scores.count = 3;
    g.sums.items = sums, g.sums.count = 3;
    g.days.items = days, g.days.count = 2;
    g.moods.items = moods, g.moods.count = 2;
    g.naturals.items = naturals, g.naturals.count = 3;
    g.blobs.items = blobs, g.blobs.count = 2;
    g.remarks.items = remarks, g.remarks.count = 2;
    return g;
}

static void same_text(const char *a, const char *b)
{
    if (!a || !b)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void same_place(const place *a, const place *b)
{
    assert_true(a->height == b->height);
    assert_int_equal(ost_decimal_compare(a->fee, b->fee), 0);
    assert_int_equal(a->seen.microseconds, b->seen.microseconds);
    assert_int_equal(a->mark.present, b->mark.present);
    if (a->mark.present)
        assert_memory_equal(&a->mark.value, &b->mark.value, sizeof(ost_uuid));
}

#define SAME_ITEMS(list, n)                                             \
    do {                                                                \
        assert_int_equal(a->list.items != NULL, b->list.items != NULL); \
        assert_int_equal(a->list.count, b->list.count);                 \
        if (a->list.count)                                              \
            assert_memory_equal(a->list.items, b->list.items,           \
                                a->list.count * sizeof *a->list.items); \
    } while (0)

void documents_same(const guest *a, const guest *b)
{
    same_text(a->name, b->name);
    same_text(a->home.street, b->home.street);
    same_text(a->home.city, b->home.city);
    assert_string_equal(a->home.country, b->home.country);
    assert_int_equal(a->home.floor.present, b->home.floor.present);
    assert_int_equal(a->home.floor.value, b->home.floor.value);
    same_place(&a->home.place, &b->home.place);
    same_place(&a->seat, &b->seat);
    assert_int_equal(a->keywords.items != NULL, b->keywords.items != NULL);
    assert_int_equal(a->keywords.count, b->keywords.count);
    for (size_t i = 0; i < a->keywords.count; i++)
        same_text(a->keywords.items[i], b->keywords.items[i]);
    SAME_ITEMS(scores, 1);
    SAME_ITEMS(days, 1);
    SAME_ITEMS(moods, 1);
    SAME_ITEMS(naturals, 1);
    assert_int_equal(a->sums.count, b->sums.count);
    for (size_t i = 0; i < a->sums.count; i++)
        assert_int_equal(ost_decimal_compare(a->sums.items[i], b->sums.items[i]), 0);
    assert_int_equal(a->blobs.count, b->blobs.count);
    for (size_t i = 0; i < a->blobs.count; i++) {
        assert_int_equal(a->blobs.items[i].size, b->blobs.items[i].size);
        assert_memory_equal(a->blobs.items[i].data, b->blobs.items[i].data, a->blobs.items[i].size);
    }
    assert_int_equal(a->remarks.count, b->remarks.count);
    for (size_t i = 0; i < a->remarks.count; i++) {
        const remark *x = &a->remarks.items[i], *y = &b->remarks.items[i];
        same_text(x->author, y->author);
        same_text(x->text, y->text);
        assert_int_equal(x->stars, y->stars);
        assert_int_equal(x->tags.count, y->tags.count);
        for (size_t k = 0; k < x->tags.count; k++)
            same_text(x->tags.items[k], y->tags.items[k]);
    }
    assert_true(a->spot.longitude == b->spot.longitude && a->spot.latitude == b->spot.latitude);
}
