/* SPDX-License-Identifier: MIT */
/* Lists, records and texts at the limits of servers, and tables that are made beside a
 * transaction. */
#include "chaos.h"

typedef struct letter {
    int64_t id;
    const char *text;
} letter;
OST_RECORD(letter, id);
OST_MODEL(letter, .table = "letters",
          OST_FIELDS(OST_FIELD(letter, id, .primary_key = true), OST_FIELD(letter, text)));

/* ---- fm43: lists and records beyond every limit ---- */

static const size_t lengths[] = { 1, 65534, 65535, 65536, 1000000 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 1000000 };

static void count_in(chaos *c, const ost_expr *condition, int64_t expected)
{
    int64_t count = -1;
    ost_query *q = ost_from(c->s, account);
    ost_where(q, condition);
    OK(ost_count_of(q, &count));
    assert_int_equal(count, expected);
    OK(ost_session_clear(c->s));
}

/* The first of them is one, the last another, and what lies between is nobody's. */
static void fm43_lists_of_numbers(void **state)
{
    chaos world, *c = &world;
    int64_t *ids = calloc(LONGEST, sizeof *ids);
    assert_non_null(ids);
    chaos_begin(c, chaos_server_of(state), false);
    c->statement_timeout_ms = 60000;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (size_t i = 0; i < LENGTHS; i++) {
        size_t n = lengths[i];
        for (size_t k = 0; k < n; k++)
            ids[k] = 1000000 + (int64_t)k;
        ids[0] = 1;
        ids[n - 1] = 2;
        count_in(c, ost_in(account, id, ids, n), n > 1 ? 2 : 1);
        if (n < LONGEST)
            count_in(c, ost_not_in(account, id, ids, n), n > 1 ? ACCOUNTS - 2 : ACCOUNTS - 1);
    }
    free(ids);
    chaos_end(c);
}

static void fm43_lists_of_texts(void **state)
{
    enum { TEXTS = 65536, SIZE = 12 };
    chaos world, *c = &world;
    const char **texts = calloc(TEXTS, sizeof *texts);
    char *room = calloc(TEXTS, SIZE);
    assert_true(texts && room);
    chaos_begin(c, chaos_server_of(state), false);
    c->statement_timeout_ms = 60000;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (size_t k = 0; k < TEXTS; k++) {
        (void)snprintf(room + k * SIZE, SIZE, "nobody %u", (unsigned)(k % 10000));
        texts[k] = room + k * SIZE;
    }
    for (size_t n = TEXTS - 2; n <= TEXTS; n++) {
        count_in(c, ost_in(account, owner, texts, n), 0);
        const char *last = texts[n - 1];
        texts[n - 1] = "somebody";
        count_in(c, ost_in(account, owner, texts, n), ACCOUNTS);
        texts[n - 1] = last;
    }
    free(room);
    free(texts);
    chaos_end(c);
}

static void fm43_a_hundred_thousand_records(void **state)
{
    enum { MANY = 100000 };
    chaos world, *c = &world;
    size_t found = 0;
    transfer *many = calloc(MANY, sizeof *many);
    int64_t *keys = calloc(MANY, sizeof *keys);
    assert_true(many && keys);
    chaos_begin(c, chaos_server_of(state), false);
    c->statement_timeout_ms = 60000;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    for (int i = 0; i < MANY; i++)
        many[i] = (transfer){ .number = 43, .cents = i };
    OK(ost_insert_many(c->s, transfer, many, MANY));
    assert_int_equal(chaos_count(c, 43), MANY);
    for (int i = 0; i < MANY; i++)
        keys[i] = many[MANY - 1 - i].id;
    const transfer *back = ost_get_many(c->s, transfer, keys, MANY, &found);
    if (!back)
        OK((ost_status)ost_session_error(c->s)->status);
    assert_int_equal(found, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(back[i].id, keys[i]);
        assert_int_equal(back[i].cents, MANY - 1 - i);
    }
    free(keys);
    free(many);
    chaos_end(c);
}

/* ---- fm44: texts as large as a packet ---- */

static ost_status store(chaos *c, int64_t id, char *text, size_t size)
{
    text[size] = '\0';
    ost_status status = ost_insert(c->s, letter, &(letter){ .id = id, .text = text });
    text[size] = 'x';
    return status;
}

static void comes_back(chaos *c, int64_t id, size_t size)
{
    const letter *back = ost_get(c->s, letter, id);
    if (!back)
        OK((ost_status)ost_session_error(c->s)->status);
    assert_int_equal(strlen(back->text), size);
    assert_int_equal(strspn(back->text, "x"), size);
    OK(ost_session_clear(c->s));
}

/* Each size around the limit is either stored whole or refused by name before it is sent, and the
 * connection is the same afterwards. */
static void fm44_texts_around_the_largest_packet(void **state)
{
    enum { PACKET = 65536, AROUND = 120 };
    chaos world, *c = &world;
    size_t largest = 0, refused = 0;
    char text[PACKET + AROUND + 1];
    server_instance *server = chaos_private(chaos_server_of(state), NULL);
    server_sql(server_url(server, NULL), "SET GLOBAL max_allowed_packet = 65536");
    chaos_begin_on(c, chaos_server_of(state), server,
                   OST_MODELS(&account_model, &transfer_model, &letter_model));
    c->pool.max = 1;
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    memset(text, 'x', sizeof text);
    const char *sql = "SELECT max(id) FROM information_schema.processlist WHERE id <>"
                      " connection_id()";
    long connection = strtol(server_text(c->url, sql), NULL, 10);
    for (size_t size = PACKET - AROUND; size <= PACKET + AROUND; size++) {
        ost_status status = store(c, (int64_t)size, text, size);
        const ost_error *e = ost_session_error(c->s);
        if (status == OST_OK) {
            assert_int_equal(refused, 0);
            largest = size;
            comes_back(c, (int64_t)size, size);
            continue;
        }
        refused++;
        assert_int_equal(status, OST_TOO_LARGE);
        assert_string_equal(e->model, "letter");
        assert_string_equal(e->field, "text");
        assert_int_equal(e->nothing_sent, 1);
        assert_int_equal(e->retryable, 0);
    }
    print_message("of a packet of %d bytes a text may take %d\n", PACKET, (int)largest);
    assert_true(largest >= PACKET - 100 && largest < PACKET);
    assert_true(refused > 0);
    comes_back(c, (int64_t)largest, largest);
    assert_int_equal(strtol(server_text(c->url, sql), NULL, 10), connection);
    chaos_end(c);
}

/* ---- fm27: tables are made, while a transaction is open ---- */

/* MySQL commits whatever is open when a table is made. */
static void fm27_making_tables_commits_no_transaction(void **state)
{
    chaos world, *c = &world;
    ost_error error;
    chaos_begin(c, chaos_server_of(state), false);
    chaos_ok(chaos_open(c), &c->error, "open", __FILE__, __LINE__);
    OK(ost_begin(c->s, NULL));
    OK(ost_insert(c->s, account, &(account){ .id = 27, .owner = "nobody" }));
    chaos_sql(c, chaos_words(c, "DROP TABLE transfers", "DROP TABLE transfers",
                             "{\"drop\": \"transfers\"}"));
    chaos_ok(ost_create_tables(c->db, &error), &error, "create tables", __FILE__, __LINE__);
    assert_int_equal(chaos_count(c, 0), 0);
    OK(ost_insert(c->s, account, &(account){ .id = 28, .owner = "nobody" }));
    OK(ost_rollback(c->s));
    assert_null(ost_get(c->witness, account, 27));
    assert_int_equal(ost_session_error(c->witness)->status, OST_NOT_FOUND);
    assert_null(ost_get(c->witness, account, 28));
    chaos_end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SERVERS(fm27_making_tables_commits_no_transaction),
        ON_SERVERS(fm43_lists_of_numbers),
        ON_SERVERS(fm43_lists_of_texts),
        ON_SERVERS(fm43_a_hundred_thousand_records),
        ON_MYSQL(fm44_texts_around_the_largest_packet),
    };
    return RUN_CHAOS(tests, NULL);
}
