/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static void *machine_resize(void *context, void *old, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return old ? realloc(old, new_size) : malloc(new_size);
}

OST__HOT static int64_t machine_monotonic(void *context)
{
    (void)context;
    struct timespec now = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t machine_realtime(void *context)
{
    (void)context;
    struct timespec now = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static size_t random_from_kernel(uint8_t *out, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        ssize_t n = getrandom(out + filled, size - filled, 0);
        if (n > 0)
            filled += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    return filled;
}

static size_t random_from_device(uint8_t *out, size_t size)
{
    size_t filled = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    while (filled < size) {
        ssize_t n = read(fd, out + filled, size - filled);
        if (n > 0)
            filled += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    close(fd);
    return filled;
}

static void machine_random(void *context, void *out, size_t size)
{
    uint8_t *bytes = out;
    int saved = errno;
    size_t filled = random_from_kernel(bytes, size);
    if (filled < size)
        filled += random_from_device(bytes + filled, size - filled);
    /* A sandbox may refuse both. What is made here is unique, not secret; nothing in the library
     * keeps a secret by it. */
    uint64_t state = (uint64_t)machine_monotonic(context) ^ (uint64_t)(uintptr_t)&state;
    state ^= (uint64_t)machine_realtime(context) << 20 ^ (uint64_t)getpid() << 44;
    for (; filled < size; filled++) {
        state += 0x9e3779b97f4a7c15U;
        uint64_t z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        bytes[filled] = (uint8_t)(z >> 56);
    }
    errno = saved;
}

void ost__platform_complete(ost_platform *out, const ost_platform *given)
{
    ost_platform p = { 0 };
    if (given != NULL) {
        size_t size = given->struct_size < sizeof p ? given->struct_size : sizeof p;
        memcpy(&p, given, size);
    }
    p.struct_size = sizeof p;
    if (p.resize == NULL)
        p.resize = machine_resize;
    if (p.monotonic == NULL)
        p.monotonic = machine_monotonic;
    if (p.realtime == NULL)
        p.realtime = machine_realtime;
    if (p.random == NULL)
        p.random = machine_random;
    *out = p;
}

static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *ost__alloc(const ost__memory *m, size_t size)
{
    return m->resize(m->context, NULL, 0, at_least_one(size));
}

void *ost__alloc_zeroed(const ost__memory *m, size_t size)
{
    void *p = ost__alloc(m, size);
    if (p != NULL)
        memset(p, 0, at_least_one(size));
    return p;
}

void *ost__realloc(const ost__memory *m, void *old, size_t old_size, size_t new_size)
{
    if (old == NULL)
        return ost__alloc(m, new_size);
    return m->resize(m->context, old, at_least_one(old_size), at_least_one(new_size));
}

void ost__free(const ost__memory *m, void *p, size_t size)
{
    if (p != NULL)
        m->resize(m->context, p, at_least_one(size), 0);
}

OST__HOT bool ost__size_add(size_t a, size_t b, size_t *out)
{
    if (b > SIZE_MAX - a)
        return false;
    *out = a + b;
    return true;
}

OST__HOT bool ost__size_mul(size_t a, size_t b, size_t *out)
{
    if (a != 0 && b > SIZE_MAX / a)
        return false;
    *out = a * b;
    return true;
}
