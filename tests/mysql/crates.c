/* SPDX-License-Identifier: MIT */
#include "mysql/crates.h"

OST_MODEL(crate, .table = "crates",
          OST_FIELDS(OST_FIELD(crate, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(crate, name, .unique = true, .not_null = true, .max_length = 80),
                     OST_FIELD(crate, n, .min = OST_INT(0), .max = OST_INT(1000000)),
                     OST_FIELD(crate, maybe), OST_FIELD(crate, price, .precision = 10, .scale = 2),
                     OST_FIELD(crate, note)));

OST_MODEL(slip, .table = "slips",
          OST_FIELDS(OST_FIELD(slip, id, .primary_key = true, .generated = OST_AUTO_INCREMENT),
                     OST_FIELD(slip, crate_id), OST_FIELD(slip, tiny)));

void crates_open(crates_world *w, const char *url)
{
    memset(w, 0, sizeof *w);
    w->url = url;
    bench_open(&w->b, ost_driver_mysql(), url);
    w->crates = bench_table(&w->b, &crate_model);
    w->slips = bench_table(&w->b, &slip_model);
}

void crates_close(crates_world *w)
{
    bench_close(&w->b);
}

void crates_create(crates_world *w)
{
    server_sql(
        w->url,
        "CREATE TABLE crates (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(80) "
        "CHARACTER SET utf8mb4 NOT NULL, n BIGINT NOT NULL, maybe INT, price DECIMAL(10,2), "
        "note LONGTEXT CHARACTER SET utf8mb4, CONSTRAINT crates_name_unique UNIQUE (name), "
        "CONSTRAINT crates_n_check CHECK (n <> -13)) ENGINE=InnoDB;"
        "CREATE TABLE slips (id BIGINT AUTO_INCREMENT PRIMARY KEY, crate_id BIGINT NOT NULL, "
        "tiny TINYINT NOT NULL DEFAULT 0, CONSTRAINT slips_crate FOREIGN KEY (crate_id) "
        "REFERENCES crates (id)) ENGINE=InnoDB");
    w->key =
        (ost_table_foreign_key){ .name = "slips_crate", .field_count = 1, .target = w->crates };
    static const ost_field *fields[1];
    fields[0] = table_field(w->slips, "crate_id");
    w->key.fields = fields;
    w->slips->foreign_keys = &w->key;
    w->slips->foreign_key_count = 1;
}

int crates_begin(void **state)
{
    crates_world *w = calloc(1, sizeof *w);
    crates_open(w, server_database(SERVER_MYSQL, NULL));
    crates_create(w);
    *state = w;
    return 0;
}

int crates_end(void **state)
{
    crates_world *w = *state;
    crates_close(w);
    server_drop(w->url);
    free(w);
    return 0;
}

void crates_fill(crates_world *w, int count)
{
    char text[300];
    snprintf(text, sizeof text,
             "SET max_recursive_iterations = 1000000;"
             "INSERT INTO crates (id, name, n, price) WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL "
             "SELECT i "
             "+ 1 FROM s WHERE i < %d) SELECT i, CONCAT('crate ', i), i, 0 FROM s",
             count);
    server_sql(w->url, text);
}

made *crate_insert(crates_world *w, crate *in, size_t count)
{
    made *m = make(&w->b, OST_DO_INSERT, w->crates);
    from_records(m, in, count, sizeof *in, true);
    m->columns[0] = member(m, "id");
    m->shape.column_count = 1;
    return m;
}

made *crate_select(crates_world *w)
{
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    order_by(m, member(m, "id"), false);
    return m;
}

made *crate_get(crates_world *w, int64_t id)
{
    made *m = make(&w->b, OST_DO_SELECT, w->crates);
    all_columns(m, sizeof(crate));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
    m->op.flags |= OST_FLAG_SINGLE;
    return m;
}

made *crate_update(crates_world *w, int64_t id, int64_t n)
{
    made *m = make(&w->b, OST_DO_UPDATE, w->crates);
    set_to(m, "n", ost_value_int(n));
    m->shape.where = test(m, OST_OP_EQ, "id", ost_value_int(id));
    return m;
}

ost_status crates_simple(crates_world *w, uint16_t kind, const char *text)
{
    return simple_on(&w->b, w->b.c, kind, text);
}

enum ost_unit_state crates_state(crates_world *w)
{
    return w->b.driver->unit_state(w->b.c);
}

const char *crates_text(crates_world *w, const char *sql)
{
    return server_text(w->url, sql);
}

ost_deadline crates_in(crates_world *w, int64_t ms)
{
    return bench_now(&w->b) + ms * 1000000;
}
