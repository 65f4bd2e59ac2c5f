/* SPDX-License-Identifier: MIT */
/* What each format takes and what it does not. */
#include "base/text_format.h"
#include "tracker.h"

#include <arpa/inet.h>
#include <stdio.h>

#define TEN(x) x x x x x x x x x x

static void takes(uint16_t format, const char *const *texts)
{
    for (; *texts; texts++)
        if (!ost__text_has_format(format, *texts, strlen(*texts)))
            fail_msg("format %u refuses %s", (unsigned)format, *texts);
}

static void refuses(uint16_t format, const char *const *texts)
{
    for (; *texts; texts++)
        if (ost__text_has_format(format, *texts, strlen(*texts)))
            fail_msg("format %u takes %s", (unsigned)format, *texts);
}

#define TAKES(format, ...) takes(format, (const char *const[]){ __VA_ARGS__, NULL })
#define REFUSES(format, ...) refuses(format, (const char *const[]){ __VA_ARGS__, NULL })

static void e_mail(void **state)
{
    (void)state;
    TAKES(OST_EMAIL, "a@b", "ada@example.org", "a.b+c@x-y.example", "..@x", "!#$%&'*+/=?^_`{|}~-@x",
          "1@2.3", TEN("123456") "1234@x", "x@" TEN("123456") "123");
    REFUSES(OST_EMAIL, "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@-b", "a@b-", "a@.b",
            "a@b.", "a@b..c", "a@b_c", "\"a\"@b", "a@[127.0.0.1]", "a(b)@c", "ad\xc3\xa9@b",
            "a@b\n", "a,b@c", "<a@b>", TEN("123456") "12345@x", "x@" TEN("123456") "1234",
            "x@" TEN(TEN("12.")) "x", "a@\xc3\xa9.example");
    /* 254 bytes are the most. */
    char text[300];
    memset(text, 'x', sizeof(text));
    text[1] = '@';
    for (size_t i = 40; i < sizeof(text); i += 40)
        text[i] = '.';
    assert_true(ost__text_is_email(text, 254));
    assert_false(ost__text_is_email(text, 255));
}

static void url(void **state)
{
    (void)state;
    TAKES(OST_URL, "http://x", "https://example.org/", "HTTPS://Example.org:8080/a/b?c=d&e=%20#f?/",
          "http://127.0.0.1", "http://[::1]:80/x", "http://[2001:db8::1.2.3.4]",
          "http://x:", "http://x:65535", "http://x?", "http://x#",
          "http://x//a;b=c/(d)/@:!$&'*+,=~._-", "http://%41.example", "http://999.999.999.999");
    REFUSES(OST_URL, "", "http", "http:", "http:/", "http://", "http:///x", "//x", "/x", "ftp://x",
            "httpss://x", "mailto:a@b", "javascript:alert(1)", "http://a b", "http://a/b c",
            "http://x/<", "http://x/\"", "http://x/\\", "http://x/^", "http://x/|", "http://x/{}",
            "http://x/`", "http://x/[1]", "http://x#a#b", "http://x/%", "http://x/%4",
            "http://x/%4g", "http://u@x", "http://u:p@x", "http://x:65536",
            "http://x:99999999999999999999", "http://x:8o", "http://x:80:80", "http://[::1",
            "http://[]", "http://[::1]x", "http://[v1.a]", "http://[fe80::1%25eth0]",
            "http://caf\xc3\xa9.example", " http://x", "http://x ", "http://x\n", "http://x/\x7f",
            "http://x/\x01", "http:\\\\x", "http://x@y/", "https:@\x1a//x", "H\x14TP://x");
}

/* The C library reads addresses too. */
static void addresses_are_those_of_the_system(void **state)
{
    static const char alphabet[] = "0001289abfF:::::..";
    uint64_t seed = 6;
    uint32_t taken = 0;
    (void)state;
    for (int i = 0; i < 400000; i++) {
        char address[24], text[40];
        struct in6_addr bytes;
        size_t size = 2 + (size_t)(tracker_random(&seed) % 18);
        for (size_t k = 0; k < size; k++)
            address[k] = alphabet[tracker_random(&seed) % (sizeof(alphabet) - 1)];
        address[size] = '\0';
        bool right = inet_pton(AF_INET6, address, &bytes) == 1;
        snprintf(text, sizeof(text), "http://[%s]", address);
        if (ost__text_is_url(text, strlen(text)) != right)
            fail_msg("%s is %s", address, right ? "right" : "wrong");
        taken += right;
    }
    assert_true(taken > 100);
}

static void words(void **state)
{
    (void)state;
    TAKES(OST_ALPHANUMERIC, "a", "Z", "0", "abcXYZ019");
    REFUSES(OST_ALPHANUMERIC, "", " ", "a b", "a-b", "a_b", "\xc3\xa9", "a\n", "@", "[", "`", "{",
            "/", ":");
    TAKES(OST_SLUG, "a", "1", "my-2nd-post", "a-b-c");
    REFUSES(OST_SLUG, "", "-", "-a", "a-", "a--b", "A", "a_b", "a b", "a\n", "\xc3\xa9");
    TAKES(OST_UUID_TEXT, "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
          "00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF");
    REFUSES(OST_UUID_TEXT, "", "6ba7b8109dad11d180b400c04fd430c8",
            "{6ba7b810-9dad-11d1-80b4-00c04fd430c}", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c88", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
            "6ba7b810-9dad-11d1-80b40-0c04fd430c8");
    TAKES(OST_ANY_TEXT, "", "anything");
    REFUSES(99, "", "a");
}

/* A text that ends in the middle of anything is read to its end and no further. */
static void nothing_is_read_behind_the_end(void **state)
{
    static const char *const whole[] = {
        "http://[2001:db8::1.2.3.4]:80/%41?%42#%43",
        "a@b-c.d",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "a-b",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        for (size_t size = 0; size <= strlen(whole[i]); size++) {
            char *exact = malloc(size + 1);
            assert_non_null(exact);
            memcpy(exact, whole[i], size);
            exact = realloc(exact, size ? size : 1);
            assert_non_null(exact);
            for (uint16_t format = OST_EMAIL; format <= OST_UUID_TEXT; format++)
                (void)ost__text_has_format(format, exact, size);
            free(exact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e_mail),
        cmocka_unit_test(url),
        cmocka_unit_test(addresses_are_those_of_the_system),
        cmocka_unit_test(words),
        cmocka_unit_test(nothing_is_read_behind_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
