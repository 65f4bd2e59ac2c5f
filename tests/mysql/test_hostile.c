/* SPDX-License-Identifier: MIT */
/* Servers that mean no good, and what must not leave the program. */
#include "mysql/crates.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mysql/connection.h"
#include "support/proxy.h"

/* ---- a server that asks for a file ---- */

typedef struct rogue {
    int listener, port;
    const char *path;
    char got[4096]; /* all that came after the request */
    size_t size;
    pthread_t thread;
} rogue;

static bool read_all(int fd, void *to, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, (char *)to + done, size - done);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool read_packet(int fd, uint8_t *body, size_t space, size_t *size, uint8_t *number)
{
    uint8_t head[4];
    if (!read_all(fd, head, 4))
        return false;
    *size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    *number = head[3];
    return *size <= space && read_all(fd, body, *size);
}

static void write_packet(int fd, uint8_t number, const void *body, size_t size)
{
    uint8_t head[4] = { (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), number };
    if (write(fd, head, 4) != 4 || write(fd, body, size) != (ssize_t)size)
        close(fd);
}

/* Version 10, as MariaDB 10.11; the user is let in whatever he says; the answer to the first
 * statement is a wish for a file. */
static void *serve(void *context)
{
    static const uint8_t greeting[] = "\x0a"
                                      "5.5.5-10.11.6-MariaDB\0"
                                      "\x07\0\0\0"
                                      "12345678\0"
                                      "\xfe\xf7\x2d\x02\0\xff\xc1\x15"
                                      "\0\0\0\0\0\0\0\0\0\0"
                                      "123456789012\0"
                                      "mysql_native_password";
    static const uint8_t ok[] = { 0, 0, 0, 2, 0, 0, 0 };
    rogue *r = context;
    uint8_t body[4096], number, wish[256];
    size_t size;
    int fd = accept(r->listener, NULL, NULL);
    if (fd < 0)
        return NULL;
    write_packet(fd, 0, greeting, sizeof greeting);
    if (read_packet(fd, body, sizeof body, &size, &number)) {
        write_packet(fd, (uint8_t)(number + 1), ok, sizeof ok);
        if (read_packet(fd, body, sizeof body, &size, &number)) {
            wish[0] = 0xfb;
            memcpy(wish + 1, r->path, strlen(r->path));
            write_packet(fd, (uint8_t)(number + 1), wish, strlen(r->path) + 1);
            while (r->size < sizeof r->got) {
                ssize_t n;
                struct pollfd item = { .fd = fd, .events = POLLIN };
                if (poll(&item, 1, 500) <= 0)
                    break;
                n = read(fd, r->got + r->size, sizeof r->got - r->size);
                if (n <= 0)
                    break;
                r->size += (size_t)n;
            }
        }
    }
    close(fd);
    return NULL;
}

static void rogue_open(rogue *r, const char *path)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof address;
    memset(r, 0, sizeof *r);
    r->path = path;
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(r->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(r->listener, 4), 0);
    assert_int_equal(getsockname(r->listener, (struct sockaddr *)&address, &size), 0);
    r->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static bool holds(const char *data, size_t size, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= size; i++)
        if (memcmp(data + i, text, strlen(text)) == 0)
            return true;
    return false;
}

static void fm52_no_server_reads_our_files(void **state)
{
    const char *path = bench_path("secret.txt");
    rogue r;
    bench b;
    char url[80];
    FILE *f = fopen(path, "w");
    (void)state;
    assert_non_null(f);
    fputs("the content of a file", f);
    fclose(f);
    rogue_open(&r, path);
    snprintf(url, sizeof url, "mysql://u@127.0.0.1:%d/d", r.port);
    assert_int_not_equal(bench_try(&b, ost_driver_mysql(), url), OST_OK);
    bench_close(&b);
    pthread_join(r.thread, NULL);
    close(r.listener);
    assert_false(holds(r.got, r.size, "content of a file"));
    /* What came is an empty packet: "no". */
    assert_in_range(r.size, 4, 16);
    assert_memory_equal(r.got, "\0\0\0", 3);
}

/* ---- passwords ---- */

static void fm53_no_error_tells_a_password(void **state)
{
    static const char canary[] = "canary-0xfeed";
    static const char *const patterns[] = {
        "mysql://u:%s@127.0.0.1:1/d",
        "mysql://u:%s@127.0.0.1:99999/d",
        "mysql://u:%s@127.0.0.1/",
        "mysql://u:%s@127.0.0.1/d?nonsense=1",
        "mysql://u:%s@127.0.0.1/d?tls=canary",
        "mysql://u:%s@one,two/d",
        "mysql://u:%s@nowhere.invalid/d?tls=off",
        "mysql://u:%s@/d?socket=/nowhere",
        "mysql://u:%s@127.0.0.1:1/d?tls=verify&tls_ca=/nowhere/ca.pem",
        "mysql://u:%s@127.0.0.1:1/d?password=%s",
    };
    crates_world *w = *state;
    for (size_t i = 0; i <= sizeof patterns / sizeof patterns[0]; i++) {
        char url[300];
        bench b;
        if (i < sizeof patterns / sizeof patterns[0]) {
            char with[300];
            size_t used = 0;
            for (const char *p = patterns[i]; *p; p++) {
                if (p[0] == '%' && p[1] == 's') {
                    used += (size_t)snprintf(with + used, sizeof with - used, "%s", canary);
                    p++;
                } else {
                    with[used++] = *p;
                }
            }
            with[used] = '\0';
            snprintf(url, sizeof url, "%s", with);
        } else {
            snprintf(url, sizeof url, "%s", server_url_as(w->url, "ostler", canary));
        }
        assert_int_not_equal(bench_try(&b, ost_driver_mysql(), url), OST_OK);
        assert_null(strstr(b.error.message, "feed"));
        assert_false(holds(b.error.detail, sizeof b.error.detail, "feed"));
        bench_close(&b);
    }
}

/* ---- answers that were spoilt ---- */

/* Whatever byte of an answer is another: an error, or rows; never a crash, never a wait without
 * end. */
static void fm54_spoilt_answers_end_in_time(void **state)
{
    crates_world *w = *state;
    proxy *p = proxy_to(w->url);
    crates_fill(w, 3);
    for (int64_t at = 0; at < 500; at += 7) {
        proxy_faults faults = PROXY_HONEST;
        crates_world spoilt;
        crate out[10];
        size_t count = 0, accepted;
        proxy_set(p, &faults);
        crates_open(&spoilt, proxy_url(p, w->url));
        made *get = crate_select(&spoilt);
        assert_int_equal(compile(get), OST_OK);
        faults.flip_down = at;
        proxy_set(p, &faults);
        assert_int_equal(
            spoilt.b.driver->submit(spoilt.b.c, &get->op, 1, &accepted, INT64_MAX, &spoilt.b.error),
            OST_OK);
        ost_status status =
            collect_rows(&spoilt.b, spoilt.b.c, 0, get, out, 10, &count, crates_in(&spoilt, 300));
        if (status == OST_OK)
            assert_in_range(count, 0, 10);
        discard(get);
        crates_close(&spoilt);
    }
    proxy_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, crates_begin, crates_end)
        cmocka_unit_test(fm52_no_server_reads_our_files),
        TEST(fm53_no_error_tells_a_password),
        TEST(fm54_spoilt_answers_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
