/* SPDX-License-Identifier: MIT */
/* Somebody who plays the server of MySQL: what it asks for that is not its business, it does not
 * get. */
#include "chaos.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEARD_MAX = 1 << 16, PACKET_MAX = 4096, LOCAL_FILES = 0x80 };

enum play { ASKS_FOR_A_FILE, ASKS_FOR_THE_PASSWORD };

typedef struct rogue {
    pthread_t thread;
    int listener;
    int port;
    enum play play;
    const char *file;
    atomic_int asked;   /* how often it asked for what it should not have */
    uint32_t abilities; /* that the client claimed */
    size_t heard;
    uint8_t bytes[HEARD_MAX]; /* all that it was sent */
} rogue;

/* ---- packets: three bytes of length, a number, the content ---- */

static bool read_all(int fd, void *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = recv(fd, (char *)out + done, size - done, 0);
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

static bool read_packet(rogue *r, int fd, uint8_t *number, uint8_t *out, size_t *size)
{
    uint8_t head[4];
    if (!read_all(fd, head, sizeof head))
        return false;
    *size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
    *number = head[3];
    if (*size > PACKET_MAX || !read_all(fd, out, *size) || r->heard + *size > HEARD_MAX)
        return false;
    memcpy(r->bytes + r->heard, out, *size);
    r->heard += *size;
    return true;
}

static bool write_packet(int fd, uint8_t number, const void *content, size_t size)
{
    uint8_t out[4 + PACKET_MAX] = { (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16),
                                    number };
    memcpy(out + 4, content, size);
    return send(fd, out, 4 + size, MSG_NOSIGNAL) == (ssize_t)(4 + size);
}

static bool greet(int fd)
{
    static const char greeting[] = "\x0a"
                                   "5.5.5-10.11.6-MariaDB\0"
                                   "\x01\x00\x00\x00"
                                   "abcdefgh\0"
                                   "\x8f\xa2" /* abilities, among them to take files */
                                   "\x2d"
                                   "\x02\x00"
                                   "\x0a\x00" /* further abilities */
                                   "\x15"
                                   "\0\0\0\0\0\0\0\0\0\0"
                                   "ijklmnopqrst\0"
                                   "mysql_native_password";
    return write_packet(fd, 0, greeting, sizeof greeting);
}

static bool say_yes(int fd, uint8_t number)
{
    return write_packet(fd, number, "\0\0\0\2\0\0\0", 7);
}

static bool ask(rogue *r, int fd, uint8_t number)
{
    uint8_t request[PACKET_MAX];
    size_t size;
    if (r->play == ASKS_FOR_A_FILE) {
        request[0] = 0xfb;
        size = 1 + strlen(r->file);
        memcpy(request + 1, r->file, size - 1);
    } else {
        static const char other[] = "\xfemysql_clear_password";
        size = sizeof other;
        memcpy(request, other, size);
    }
    atomic_fetch_add(&r->asked, 1);
    return write_packet(fd, number, request, size);
}

static void talk(rogue *r, int fd)
{
    uint8_t packet[PACKET_MAX], number;
    size_t size;
    if (!greet(fd) || !read_packet(r, fd, &number, packet, &size) || size < 4)
        return;
    r->abilities |= (uint32_t)packet[0] | (uint32_t)packet[1] << 8;
    if (r->play == ASKS_FOR_THE_PASSWORD && !ask(r, fd, (uint8_t)(number + 1)))
        return;
    if (r->play == ASKS_FOR_A_FILE && !say_yes(fd, (uint8_t)(number + 1)))
        return;
    while (read_packet(r, fd, &number, packet, &size)) {
        /* An empty one is the end of what was asked for. */
        bool more = size == 0 || r->play == ASKS_FOR_THE_PASSWORD
                        ? say_yes(fd, (uint8_t)(number + 1))
                        : ask(r, fd, (uint8_t)(number + 1));
        if (!more)
            return;
    }
}

static void *play(void *context)
{
    rogue *r = context;
    int fd;
    while ((fd = accept(r->listener, NULL, NULL)) >= 0) {
        talk(r, fd);
        (void)close(fd);
    }
    return NULL;
}

static void begin(rogue *r, enum play how, const char *file)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    memset(r, 0, sizeof *r);
    r->play = how;
    r->file = file;
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(r->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(r->listener, 8), 0);
    assert_int_equal(getsockname(r->listener, (struct sockaddr *)&at, &size), 0);
    r->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, play, r), 0);
}

static void end(rogue *r)
{
    (void)shutdown(r->listener, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    (void)close(r->listener);
}

static bool was_told(const rogue *r, const char *secret)
{
    size_t size = strlen(secret);
    for (size_t i = 0; i + size <= r->heard; i++)
        if (memcmp(r->bytes + i, secret, size) == 0)
            return true;
    return false;
}

static ost_status try_it(const rogue *r, ost_error *error)
{
    char url[128];
    ost_db *db = NULL;
    (void)snprintf(url, sizeof url, "mysql://user:canary-password@127.0.0.1:%d/db?tls=off",
                   r->port);
    ost_status status =
        ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_mysql()),
                             .models = OST_MODELS(&account_model), .connect_timeout_ms = 5000),
                 &db, error);
    ost_close(db);
    return status;
}

static void fm52_no_file_is_handed_out(void **state)
{
    char name[] = "/tmp/ostler-secret-XXXXXX";
    static const char secret[] = "canary-in-a-file";
    rogue r;
    ost_error error;
    (void)state;
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, secret, sizeof secret), sizeof secret);
    begin(&r, ASKS_FOR_A_FILE, name);
    assert_int_not_equal(try_it(&r, &error), OST_OK);
    end(&r);
    (void)close(fd);
    (void)unlink(name);
    assert_true(atomic_load(&r.asked) > 0);
    assert_int_equal(r.abilities & LOCAL_FILES, 0);
    assert_false(was_told(&r, secret));
    assert_true(error.message[0] != '\0');
}

/* On an open wire whoever listens would have it. */
static void fm53_the_password_is_not_told_in_clear(void **state)
{
    rogue r;
    ost_error error;
    (void)state;
    begin(&r, ASKS_FOR_THE_PASSWORD, NULL);
    assert_int_not_equal(try_it(&r, &error), OST_OK);
    end(&r);
    assert_true(atomic_load(&r.asked) > 0);
    assert_true(was_told(&r, "user"));
    assert_false(was_told(&r, "canary-password"));
    assert_null(strstr(error.message, "canary"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fm52_no_file_is_handed_out),
        cmocka_unit_test(fm53_the_password_is_not_told_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
