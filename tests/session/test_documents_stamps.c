/* SPDX-License-Identifier: MIT */
/* What an update by query sets by itself in structs inside, and what it says about their items. */
#include "rig.h"

typedef struct room {
    const char *name;
    int beds;
    ost_opt_time changed;
} room;
typedef struct hall {
    const char *name;
    room stage;
    ost_opt_time changed;
} hall;
typedef struct house {
    int64_t id;
    const char *name;
    int beds;
    hall main;
    OST_LIST(room) rooms;
    OST_LIST(const char *) tags;
    ost_opt_time changed;
} house;
OST_PART(room);
OST_PART(hall);
OST_RECORD(house, id);
OST_MODEL(room, OST_FIELDS(OST_FIELD(room, name, .required = true),
                           OST_FIELD(room, beds, .min = OST_INT(0), .max = OST_INT(9)),
                           OST_FIELD(room, changed, .stamp = OST_ON_UPDATE)));
OST_MODEL(hall, OST_FIELDS(OST_FIELD(hall, name), OST_EMBED(hall, stage, room),
                           OST_FIELD(hall, changed, .stamp = OST_ON_UPDATE)));
OST_MODEL(house,
          OST_FIELDS(OST_FIELD(house, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(house, name), OST_FIELD(house, beds), OST_EMBED(house, main, hall),
                     OST_EMBEDS(house, rooms, room), OST_ITEMS(house, tags),
                     OST_FIELD(house, changed, .stamp = OST_ON_UPDATE)));

static int setup(void **state)
{
    static rig the;
    rig_begin(&the, *state);
    rig_open(&the, &(const ost_options){ .struct_size = sizeof(ost_options),
                                         .models = OST_MODELS(&house_model) });
    *state = &the;
    return 0;
}

/* Who was changed since the insert, by letters: house, hall, stage, and the rooms in their order.
 */
static void changed(rig *r, int64_t id, ost_time before, const char *wanted)
{
    char found[8] = "";
    size_t used = 0;
    const house *h = ost_get(r->s, house, id);
    if (!h)
        fail_msg("%s", ost_session_error(r->s)->message);
    const struct {
        char letter;
        ost_opt_time at;
    } all[] = {
        { 'h', h->changed },
        { 'm', h->main.changed },
        { 's', h->main.stage.changed },
        { '0', h->rooms.items[0].changed },
        { '1', h->rooms.items[1].changed },
    };
    assert_int_equal(h->rooms.count, 2);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_true(all[i].at.present);
        if (ost_time_compare(all[i].at.value, before) > 0)
            found[used++] = all[i].letter;
    }
    assert_string_equal(found, wanted);
}

static house two_rooms(void)
{
    static const room rooms[] = { { .name = "north", .beds = 1 }, { .name = "south", .beds = 2 } };
    house h = { .name = "inn", .main = { .name = "hall", .stage = { .name = "stage" } } };
    h.rooms.items = rooms;
    h.rooms.count = 2;
    return h;
}

static ost_query *which(rig *r, int64_t id)
{
    ost_query *q = ost_from(r->s, house);
    ost_where(q, ost_eq(house, id, id));
    return q;
}

enum { SECOND = 1000000000 };

#define STAMPS(wanted, ...)                                                \
    do {                                                                   \
        house h_ = two_rooms();                                            \
        OK(ost_insert(r->s, house, &h_));                                  \
        ost_time before_ = ost_now(r->s);                                  \
        rig_advance(r, 2 * (int64_t)SECOND);                               \
        ost_status status_ = ost_update_one(which(r, h_.id), __VA_ARGS__); \
        OK(status_);                                                       \
        changed(r, h_.id, before_, (wanted));                              \
    } while (0)

/* A struct that is changed in part is stamped, and so is the one around it; its neighbours stay. */
static void structs_are_stamped(void **state)
{
    rig *r = *state;
    STAMPS("h", ost_set(house, name, "other"));
    STAMPS("hm", ost_set(house, main.name, "other"));
    STAMPS("hms", ost_set(house, main.stage.name, "other"));
    STAMPS("hms", ost_inc(house, main.stage.beds, 1), ost_set_null(house, main.name));
    STAMPS("hms", ost_set_part(house, main, hall, &(hall){ .stage = { .name = "new" } }));
    STAMPS("hms", ost_set_part(house, main.stage, room, &(room){ .name = "new" }));
    STAMPS("h", ost_push(house, tags, "old"));
}

static void items_are_stamped(void **state)
{
    rig *r = *state;
    STAMPS("h1", ost_update_items(house, rooms, room, ost_eq(room, name, "south"),
                                  ost_set(room, beds, 3)));
    STAMPS("h01", ost_update_items(house, rooms, room, ost_lt(room, beds, 5),
                                   ost_inc(room, beds, 1), ost_set(room, name, "any")));
    STAMPS("h", ost_update_items(house, rooms, room, ost_gt(room, beds, 5),
                                 ost_set(room, name, "none")));
}

/* A stamp that the update sets itself is not set twice. */
static void given_stamps_stay(void **state)
{
    rig *r = *state;
    const ost_time then = { 1709208000123000 };
    house h = two_rooms();
    OK(ost_insert(r->s, house, &h));
    OK(ost_update_one(which(r, h.id), ost_set(house, main.changed, then),
                      ost_set(house, main.name, "old"),
                      ost_update_items(house, rooms, room, ost_eq(room, beds, 1),
                                       ost_set(room, changed, then), ost_set(room, beds, 4))));
    const house *now = ost_get(r->s, house, h.id);
    assert_non_null(now);
    assert_int_equal(now->main.changed.value.microseconds, then.microseconds);
    assert_int_equal(now->rooms.items[0].changed.value.microseconds, then.microseconds);
    assert_int_equal(now->rooms.items[0].beds, 4);
}

static void failures_name_the_list(void **state)
{
    rig *r = *state;
    ost_failure failure;
    house h = two_rooms();
    OK(ost_insert(r->s, house, &h));
    FAILS(OST_INVALID, "must be at most 9",
          ost_update_one(which(r, h.id),
                         ost_update_items(house, rooms, room, ost_eq(room, name, "north"),
                                          ost_set(room, beds, 10))));
    const ost_error *error = ost_session_error(r->s);
    assert_true(ost_error_failure(error, 0, &failure));
    assert_string_equal(failure.path, "rooms[].beds");
    assert_string_equal(failure.rule, "max");
    assert_string_equal(error->field, "rooms");
    assert_int_equal(error->failure_count, 1);
    assert_int_equal(error->nothing_sent, 1);
}

/* No value is no item: it is refused, and not passed over. An array of none is one. */
static void nothing_is_no_item(void **state)
{
    rig *r = *state;
    const char *none = NULL;
    const char *const *no_items = NULL;
    house h = two_rooms();
    OK(ost_insert(r->s, house, &h));
    FAILS(OST_MISUSE, "house.tags: an item of a list is never NULL",
          ost_update_one(which(r, h.id), ost_push(house, tags, none)));
    FAILS(OST_MISUSE, "house.tags: an item of a list is never NULL",
          ost_update_one(which(r, h.id), ost_add_to_set(house, tags, none)));
    FAILS(OST_MISUSE, "house.tags: an item of a list is never NULL",
          ost_update_one(which(r, h.id), ost_pull(house, tags, none)));
    OK(ost_update_one(which(r, h.id), ost_push_many(house, tags, no_items, 0)));
    const house *now = ost_get(r->s, house, h.id);
    assert_non_null(now);
    assert_int_equal(now->tags.count, 0);
}

#define ON(f, mode)                                                 \
    {                                                               \
#f " (" #mode ")", f, setup, rig_teardown, &rig_modes[mode] \
    }
#define HOUSE_RIG_ALL(f)                                                         \
    ON(f, RIG_MEMORY), ON(f, RIG_FILE), ON(f, RIG_BLOCKING), ON(f, RIG_BATCHES), \
        ON(f, RIG_PIPELINE), ON(f, RIG_POSTGRES), ON(f, RIG_MYSQL), ON(f, RIG_MONGODB)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_RIG_ALL(structs_are_stamped), HOUSE_RIG_ALL(items_are_stamped),
        HOUSE_RIG_ALL(given_stamps_stay),   HOUSE_RIG_ALL(failures_name_the_list),
        HOUSE_RIG_ALL(nothing_is_no_item),
    };
    return RIG_RUN(tests);
}
