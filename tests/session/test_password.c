/* SPDX-License-Identifier: MIT */
/* Members that are stored as hashes: on each path that writes, and never twice. */
#include "rig.h"

#include <stdio.h>

typedef struct member {
    int64_t id;
    const char *email, *password;
    int visits;
} member;
OST_RECORD(member, id);
OST_MODEL(member, .table = "members",
          OST_FIELDS(OST_FIELD(member, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(member, email, .unique = true, .max_length = 80),
                     OST_FIELD(member, password, .required = true, .hashed = true, .min_length = 8,
                               .max_length = 40),
                     OST_FIELD(member, visits)));
typedef struct credentials {
    const char *email, *hash;
} credentials;
OST_PART(credentials);
OST_MODEL(credentials, OST_FIELDS(OST_FIELD(credentials, email), OST_FIELD(credentials, hash)));

#define CHEAP OST_PASSWORDS(.passes = 1, .memory_kib = 8)
/* "password", by the reference implementation; in another way than CHEAP, and with two lanes. */
#define IMPORTED \
    "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
#define TWO_LANES \
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"

static rig *begin(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&member_model), .passwords = CHEAP));
    return r;
}

static bool opens(rig *r, const char *hash, const char *password)
{
    bool renew = true;
    ost_status status = ost_password_verify(r->db, hash, password, &renew);
    assert_true(status == OST_OK || status == OST_AUTH);
    assert_true(status != OST_OK || !renew);
    return status == OST_OK;
}

/* What is stored, by another session. */
static const char *stored(rig *r, int64_t id, char out[200])
{
    ost_session *s = rig_session(r, NULL);
    member *m = ost_get(s, member, id);
    assert_non_null(m);
    snprintf(out, 200, "%s", m->password ? m->password : "");
    ost_session_close(s);
    return out;
}

#define STORED(id, password) assert_true(opens(r, stored(r, (id), (char[200]){ "" }), (password)))

static member *loaded(rig *r, const char *email, const char *password)
{
    member m = { .email = email, .password = password };
    OK(ost_insert(r->s, member, &m));
    member *found = ost_get(r->s, member, m.id);
    assert_non_null(found);
    return found;
}

static void an_insert_stores_the_hash(void **state)
{
    rig *r = begin(state);
    member own = { .email = "a@x", .password = "correct horse" };
    OK(ost_insert(r->s, member, &own));
    assert_string_equal(own.password, "correct horse");
    STORED(own.id, "correct horse");
    member *m = ost_new(r->s, member);
    m->email = "b@x";
    m->password = "correct horse";
    OK(ost_insert(r->s, member, m));
    assert_memory_equal(m->password, "$argon2id$v=19$m=8,t=1,p=1$", 27);
    STORED(m->id, "correct horse");
    char first[200], second[200];
    assert_string_not_equal(stored(r, own.id, first), stored(r, m->id, second));
    assert_string_equal(m->password, second);
    for (size_t i = 0; i < rig_sent(r); i++)
        assert_null(strstr(rig_text(r, i), "horse"));
}

static void its_rules_look_at_the_plain_text(void **state)
{
    rig *r = begin(state);
    member m = { .email = "a@x", .password = "short" };
    FAILS(OST_INVALID, "member.password: must be at least 8 characters",
          ost_insert(r->s, member, &m));
    assert_string_equal(m.password, "short");
    m.password = "0123456789012345678901234567890123456789x";
    FAILS(OST_INVALID, "at most 40 characters", ost_insert(r->s, member, &m));
    m.password = "0123456789012345678901234567890123456789";
    OK(ost_insert(r->s, member, &m));
    ost_query *q = ost_from(r->s, member);
    ost_everything(q);
    FAILS(OST_INVALID, "at least 8", ost_update(q, NULL, ost_set(member, password, "short")));
    FAILS(OST_INVALID, "must not be empty", ost_update(q, NULL, ost_set_null(member, password)));
}

static void what_did_not_change_is_not_hashed_again(void **state)
{
    rig *r = begin(state);
    char before[200], after[200];
    member *m = loaded(r, "a@x", "correct horse");
    stored(r, m->id, before);
    m->visits++;
    rig_forget(r);
    OK(ost_save(r->s, member, m));
    assert_string_equal(stored(r, m->id, after), before);
    m->visits++;
    OK(ost_replace(r->s, member, m));
    assert_string_equal(stored(r, m->id, after), before);
    char copy[200];
    snprintf(copy, sizeof(copy), "%s", m->password);
    m->password = copy;
    OK(ost_save(r->s, member, m));
    assert_string_equal(stored(r, m->id, after), before);
    m->password = "battery staple";
    OK(ost_save(r->s, member, m));
    STORED(m->id, "battery staple");
    assert_string_equal(m->password, stored(r, m->id, after));
    OK(ost_save(r->s, member, m));
    STORED(m->id, "battery staple");
    /* The same record once more, as another. */
    m->id = 0;
    m->email = "b@x";
    OK(ost_insert(r->s, member, m));
    STORED(m->id, "battery staple");
}

static void a_struct_of_the_programs_own_holds_a_plain_text(void **state)
{
    rig *r = begin(state);
    member m = { .email = "a@x", .password = "correct horse" };
    OK(ost_insert(r->s, member, &m));
    m.password = "battery staple";
    OK(ost_replace(r->s, member, &m));
    assert_string_equal(m.password, "battery staple");
    STORED(m.id, "battery staple");
}

static void a_password_that_looks_like_a_hash_is_hashed(void **state)
{
    rig *r = begin(state);
    char hash[200], after[200];
    member *m = loaded(r, "a@x", "correct horse");
    snprintf(hash, sizeof(hash), "%s", m->password);
    hash[39] = '\0';
    member *other = loaded(r, "b@x", hash);
    STORED(other->id, hash);
    ost_query *q = ost_from(r->s, member);
    ost_where(q, ost_eq(member, id, other->id));
    OK(ost_update_one(q, ost_set(member, password, hash)));
    STORED(other->id, hash);
    m->password = hash;
    OK(ost_save(r->s, member, m));
    STORED(m->id, hash);
    assert_string_not_equal(stored(r, m->id, after), hash);
}

static void a_conflict_that_was_mended_hashes_once(void **state)
{
    rig *r = begin(state);
    member *first = loaded(r, "a@x", "correct horse");
    member *m = ost_new(r->s, member);
    m->email = "a@x";
    m->password = "battery staple";
    FAILS(OST_CONFLICT, "member", ost_insert(r->s, member, m));
    assert_string_equal(m->password, "battery staple");
    m->email = "b@x";
    OK(ost_insert(r->s, member, m));
    STORED(m->id, "battery staple");
    first->email = "b@x";
    first->password = "another one";
    FAILS(OST_CONFLICT, "member", ost_save(r->s, member, first));
    assert_string_equal(first->password, "another one");
    first->email = "c@x";
    OK(ost_save(r->s, member, first));
    STORED(first->id, "another one");
}

static void a_rollback_brings_the_plain_text_back(void **state)
{
    rig *r = begin(state);
    char before[200];
    member *m = loaded(r, "a@x", "correct horse"), *n = ost_new(r->s, member);
    stored(r, m->id, before);
    n->email = "b@x";
    n->password = "battery staple";
    OK(ost_begin(r->s, NULL));
    OK(ost_insert(r->s, member, n));
    m->password = "another one";
    OK(ost_save(r->s, member, m));
    OK(ost_rollback(r->s));
    assert_string_equal(n->password, "battery staple");
    OK(ost_insert(r->s, member, n));
    STORED(n->id, "battery staple");
    STORED(m->id, "correct horse");
}

static void many_are_hashed_each_on_its_own(void **state)
{
    rig *r = begin(state);
    member own[3] = { { .email = "a@x", .password = "password-0" },
                      { .email = "b@x", .password = "password-1" },
                      { .email = "c@x", .password = "password-2" } };
    OK(ost_insert_many(r->s, member, own, 3));
    char text[20], other[20];
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "password-%d", i);
        STORED(own[i].id, text);
    }
    size_t count;
    ost_query *q = ost_from(r->s, member);
    ost_order_by(q, ost_asc(member, id));
    member *all = ost_all(q, member, &count);
    assert_int_equal(count, 3);
    all[0].password = "another-0";
    all[1].visits = 5;
    all[2].password = "another-2";
    OK(ost_save_many(r->s, member, all, count));
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "password-%d", i);
        snprintf(other, sizeof(other), "another-%d", i);
        STORED(all[i].id, i == 1 ? text : other);
    }
    /* Records of the session are inserted one by one; these are loaded ones, as others. */
    const char *const emails[] = { "d@x", "e@x", "f@x" };
    for (size_t i = 0; i < 3; i++) {
        all[i].id = 0;
        all[i].email = emails[i];
    }
    all[0].password = "a third one";
    OK(ost_insert_many(r->s, member, all, count));
    STORED(all[0].id, "a third one");
    STORED(all[1].id, "password-1");
    STORED(all[2].id, "another-2");
    all[1].id = all[2].id = 0;
    all[1].password = "short";
    FAILS(OST_INVALID, "record 1: member.password", ost_insert_many(r->s, member, all + 0, count));
}

static void an_update_query_hashes(void **state)
{
    rig *r = begin(state);
    int64_t matched;
    member *m = loaded(r, "a@x", "correct horse");
    ost_query *q = ost_from(r->s, member);
    ost_where(q, ost_eq(member, email, "a@x"));
    OK(ost_update(q, &matched, ost_set(member, password, "battery staple"),
                  ost_inc(member, visits, 1)));
    assert_int_equal(matched, 1);
    STORED(m->id, "battery staple");
}

static void a_hash_is_imported_by_its_pointer(void **state)
{
    rig *r = begin(state);
    bool renew;
    char text[200], copy[200];
    const char *hash = ost_password_hashed(r->s, IMPORTED);
    assert_non_null(hash);
    member *m = loaded(r, "a@x", hash);
    assert_string_equal(m->password, IMPORTED);
    assert_int_equal(ost_password_verify(r->db, m->password, "password", &renew), OST_OK);
    assert_true(renew);
    ost_query *q = ost_from(r->s, member);
    ost_where(q, ost_eq(member, email, "a@x"));
    hash = ost_password_hashed(r->s, TWO_LANES);
    OK(ost_update_one(q, ost_set(member, password, hash)));
    assert_string_equal(stored(r, m->id, text), TWO_LANES);
    /* It outlives what was loaded after a mark. */
    ost_mark mark = ost_session_mark(r->s);
    hash = ost_password_hashed(r->s, IMPORTED);
    OK(ost_session_release(r->s, mark));
    member own = { .email = "b@x", .password = hash };
    OK(ost_insert(r->s, member, &own));
    assert_string_equal(stored(r, own.id, text), IMPORTED);
    /* A copy of it, and a part of it, are passwords. */
    snprintf(copy, sizeof(copy), "%s", hash);
    own = (member){ .email = "c@x", .password = copy };
    FAILS(OST_INVALID, "at most 40", ost_insert(r->s, member, &own));
    own.password = hash + strlen(hash) - 10;
    OK(ost_insert(r->s, member, &own));
    STORED(own.id, hash + strlen(hash) - 10);
}

static void what_is_no_hash_is_not_imported(void **state)
{
    static const char *const wrong[] = {
        "",
        "password",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ",
        "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2d$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=0256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=99999$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi",
        "$argon2id$v=19$m=4294967296,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bM",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4 ",
        "$2b$12$C6UzMDM.H6dfI/f/IKcEeO3nY8w8vQh0x8m2v0p0oJ9w1s8Qm2m5e",
    };
    rig *r = begin(state);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        NULLS(OST_INVALID, "no hash of Argon2id", ost_password_hashed(r->s, wrong[i]));
        assert_int_equal(ost_password_verify(r->db, wrong[i], "password", NULL), OST_INVALID);
    }
    NULLS(OST_INVALID, "no hash", ost_password_hashed(r->s, NULL));
    const char *costly =
        "$argon2id$v=19$m=2097152,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    NULLS(OST_TOO_LARGE, "2 passes over 2097152 KiB", ost_password_hashed(r->s, costly));
    assert_int_equal(ost_password_verify(r->db, costly, "password", NULL), OST_TOO_LARGE);
}

static void verifying_answers(void **state)
{
    rig *r = begin(state);
    bool renew = true;
    assert_int_equal(ost_password_verify(r->db, IMPORTED, "Password", &renew), OST_AUTH);
    assert_false(renew);
    assert_int_equal(ost_password_verify(r->db, IMPORTED, "", NULL), OST_AUTH);
    assert_int_equal(ost_password_verify(r->db, NULL, "password", NULL), OST_AUTH);
    assert_int_equal(ost_password_verify(r->db, TWO_LANES, "password", &renew), OST_OK);
    assert_true(renew);
    assert_int_equal(ost_password_verify(r->db, TWO_LANES, NULL, NULL), OST_MISUSE);
    assert_int_equal(ost_password_verify(NULL, TWO_LANES, "password", NULL), OST_MISUSE);
    assert_true(ost_password_hashed(NULL, TWO_LANES) == NULL);
}

static ost_status run(ost_query *q)
{
    size_t count;
    return ost_all(q, member, &count) ? OST_OK : OST_MISUSE;
}

/* Runs a query over members that was given a condition or the like. */
#define ASKS(call)                                                                   \
    do {                                                                             \
        ost_query *q = ost_from(r->s, member);                                       \
        call;                                                                        \
        FAILS(OST_MISUSE, "member.password: is a hash: it can be selected", run(q)); \
    } while (0)

static void it_is_not_compared(void **state)
{
    rig *r = begin(state);
    const char *list[] = { "a", "b" };
    ASKS(ost_where(q, ost_eq(member, password, "correct horse")));
    ASKS(ost_where(q, ost_gt(member, password, "a")));
    ASKS(ost_where(q, ost_in(member, password, list, 2)));
    ASKS(ost_where(q, ost_has_text(member, password, "a")));
    ASKS(ost_where(q, ost_starts_with(member, password, "$argon2id$")));
    ASKS(ost_where(q, ost_not(ost_either(ost_eq(member, id, 1), ost_ne(member, password, "a")))));
    ASKS(ost_where(q, ost_cmp_eq(ost_col(member, email), ost_col(member, password))));
    ASKS(ost_order_by(q, ost_asc(member, password)));
    ASKS(ost_group_by(q, ost_col(member, password)));
    ASKS(ost_having(q, ost_cmp_eq(ost_max(ost_col(member, password)), ost_lit("a"))));
    ost_query *q = ost_from(r->s, member);
    ost_order_by_name(q, "password", "asc");
    FAILS(OST_MISUSE, "is a hash", run(q));
}

static void it_may_be_null_and_selected(void **state)
{
    rig *r = begin(state);
    size_t count;
    int64_t n;
    loaded(r, "a@x", "correct horse");
    ost_query *q = ost_from(r->s, member);
    ost_where(q, ost_not_null(member, password));
    OK(ost_count_of(q, &n));
    assert_int_equal(n, 1);
    ost_select(q, ost_as(credentials, email, ost_col(member, email)),
               ost_as(credentials, hash, ost_col(member, password)));
    credentials *c = ost_all(q, credentials, &count);
    assert_non_null(c);
    assert_true(opens(r, c->hash, "correct horse"));
}

static void it_is_never_in_json(void **state)
{
    rig *r = begin(state);
    const char *json = ost_to_json(r->s, member, loaded(r, "a@x", "correct horse"));
    assert_non_null(json);
    assert_null(strstr(json, "password"));
    assert_null(strstr(json, "argon2"));
}

static void a_deadline_that_passed_is_seen_before_hashing(void **state)
{
    rig *r = begin(state);
    member m = { .email = "a@x", .password = "correct horse" };
    OK(ost_insert(r->s, member, &m));
    m = (member){ .email = "b@x", .password = "correct horse" };
    atomic_store(&r->step, 40000000000);
    FAILS(OST_TIMEOUT, "the deadline passed before member.password was hashed",
          ost_insert(r->s, member, &m));
    atomic_store(&r->step, 0);
}

static void options_are_checked(void **state)
{
    rig *r = *state;
    ost_db *db;
    ost_error e;
#define OPENS(...)                                                                              \
    ost_open(OST_OPTIONS(.url = "sqlite::memory:", .drivers = OST_DRIVERS(ost_driver_sqlite()), \
                         .models = OST_MODELS(&member_model), .passwords = __VA_ARGS__),        \
             &db, &e)
    (void)r;
    assert_int_equal(OPENS(&(const ost_password_options){ .passes = 1 }), OST_MISUSE);
    HAS(e.message, "struct_size is 0");
    assert_int_equal(OPENS(OST_PASSWORDS(.memory_kib = 7)), OST_MISUSE);
    HAS(e.message, "memory_kib must be from 8 to 4194304");
    assert_int_equal(OPENS(OST_PASSWORDS(.memory_kib = 4194305)), OST_MISUSE);
    assert_int_equal(OPENS(OST_PASSWORDS(.passes = 1001)), OST_MISUSE);
    assert_int_equal(OPENS(OST_PASSWORDS(.passes = 3, .max_passes = 2)), OST_MISUSE);
    HAS(e.message, "would refuse the hashes that they make");
}

/* Without options a hash costs what libsodium thinks right for people who wait. */
static void the_default_cost(void **state)
{
    rig *r = *state;
    rig_close(r);
    rig_open(r, OST_OPTIONS(.models = OST_MODELS(&member_model)));
    member *m = loaded(r, "a@x", "correct horse");
    assert_memory_equal(m->password, "$argon2id$v=19$m=65536,t=2,p=1$", 31);
    STORED(m->id, "correct horse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_ALL(an_insert_stores_the_hash),
        RIG_ALL(its_rules_look_at_the_plain_text),
        RIG_ALL(what_did_not_change_is_not_hashed_again),
        RIG_ALL(a_struct_of_the_programs_own_holds_a_plain_text),
        RIG_ALL(a_password_that_looks_like_a_hash_is_hashed),
        RIG_ALL(a_conflict_that_was_mended_hashes_once),
        RIG_ALL(a_rollback_brings_the_plain_text_back),
        RIG_ALL(many_are_hashed_each_on_its_own),
        RIG_ALL(an_update_query_hashes),
        RIG_ALL(a_hash_is_imported_by_its_pointer),
        RIG_ON(what_is_no_hash_is_not_imported, RIG_MEMORY),
        RIG_ON(verifying_answers, RIG_MEMORY),
        RIG_ALL(it_is_not_compared),
        RIG_ALL(it_may_be_null_and_selected),
        RIG_ON(it_is_never_in_json, RIG_MEMORY),
        RIG_ON(a_deadline_that_passed_is_seen_before_hashing, RIG_MEMORY),
        RIG_ON(options_are_checked, RIG_MEMORY),
        RIG_ON(the_default_cost, RIG_MEMORY),
    };
    return RIG_RUN(tests);
}
