/* SPDX-License-Identifier: MIT */
/* SQLite in memory behind the fake driver, which runs operations as they are submitted, as a
 * pipeline does, and watches that the contract is kept. */
#include "conformance.h"

#include "fake/fake.h"

static ost_fake *fake;

static const ost_driver *driver(void)
{
    if (!fake)
        fake = ost_fake_open(ost_driver_sqlite(), OST_FAKE_OPTIONS(.execution = OST_FAKE_EAGER));
    return fake ? ost_fake_driver(fake) : NULL;
}

static bool make(char *url, size_t size)
{
    (void)snprintf(url, size, "fake:sqlite::memory:");
    return true;
}

static void drop(void)
{
    char violation[256] = "";
    ost_fake_violation_at(fake, 0, violation);
    ost_fake_close(fake);
    fake = NULL;
    assert_string_equal(violation, "");
}

const way way_fake = { "fake", "sqlite", driver, make, drop, 1 };
