/* SPDX-License-Identifier: MIT */
/* What this build was instrumented with. */
#ifndef OSTLER_TESTS_SANITIZED_H
#define OSTLER_TESTS_SANITIZED_H

/*
 * AddressSanitizer's allocator does not survive a fork while another thread is in it, and it is in
 * it also when a thread begins and ends: whoever forks waits for that first.
 */
#if defined(__SANITIZE_ADDRESS__)
enum { ADDRESS_SANITIZER = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { ADDRESS_SANITIZER = 1 };
#else
enum { ADDRESS_SANITIZER = 0 };
#endif
#else
enum { ADDRESS_SANITIZER = 0 };
#endif

/* There: until no more than `count` threads are left, the pool's own having ended. */
void await_threads(int count);

#endif
