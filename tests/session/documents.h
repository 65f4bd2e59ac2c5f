/* SPDX-License-Identifier: MIT */
/* Models with documents inside: structs, lists, structs in lists in structs. */
#ifndef OSTLER_TESTS_SESSION_DOCUMENTS_H
#define OSTLER_TESTS_SESSION_DOCUMENTS_H

#include "rig.h"

typedef struct place {
    double height;
    ost_decimal fee;
    ost_time seen;
    ost_opt_uuid mark;
} place;
typedef struct address {
    const char *street, *city;
    char country[3];
    ost_opt_int floor;
    place place;
} address;
typedef struct remark {
    ost_uuid id;
    const char *author, *text;
    ost_time at;
    int stars;
    OST_LIST(const char *) tags;
} remark;
typedef enum mood { MOOD_LOW, MOOD_GOOD } mood;
typedef struct guest {
    int64_t id;
    const char *name;
    address home;
    place seat;
    OST_LIST(const char *) keywords;
    OST_LIST(int) scores;
    OST_LIST(ost_decimal) sums;
    OST_LIST(ost_date) days;
    OST_LIST(mood) moods;
    OST_LIST(uint64_t) naturals;
    OST_LIST(ost_blob) blobs;
    OST_LIST(remark) remarks;
    ost_json extra;
    ost_point spot;
} guest;

OST_PART(place);
OST_PART(address);
OST_PART(remark);
OST_RECORD(guest, id);

#define DOCUMENT_MODELS OST_MODELS(&guest_model)

int documents_setup(void **state);

#define DOCUMENTS_ON(f, mode)                                                 \
    {                                                                         \
#f " (" #mode ")", f, documents_setup, rig_teardown, &rig_modes[mode] \
    }
/* Named so that the programs for servers are built too. */
#define DOCUMENTS_RIG_ALL(f)                                                               \
    DOCUMENTS_ON(f, RIG_MEMORY), DOCUMENTS_ON(f, RIG_FILE), DOCUMENTS_ON(f, RIG_BLOCKING), \
        DOCUMENTS_ON(f, RIG_BATCHES), DOCUMENTS_ON(f, RIG_PIPELINE),                       \
        DOCUMENTS_ON(f, RIG_POSTGRES), DOCUMENTS_ON(f, RIG_MYSQL), DOCUMENTS_ON(f, RIG_MONGODB)
#define DOCUMENTS_LOCAL(f)                                                                 \
    DOCUMENTS_ON(f, RIG_MEMORY), DOCUMENTS_ON(f, RIG_FILE), DOCUMENTS_ON(f, RIG_BLOCKING), \
        DOCUMENTS_ON(f, RIG_BATCHES), DOCUMENTS_ON(f, RIG_PIPELINE)

/* A guest with something in every member. */
guest documents_full(void);
void documents_same(const guest *a, const guest *b);

#endif
