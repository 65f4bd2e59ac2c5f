/* SPDX-License-Identifier: MIT */
#include "sanitized.h"

#include <dirent.h>
#include <sched.h>
#include <stddef.h>

void await_threads(int count)
{
    for (int found = count + 1; ADDRESS_SANITIZER && found > count;) {
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks)
            return;
        found = -2; /* "." and ".." */
        while (readdir(tasks))
            found++;
        (void)closedir(tasks);
        (void)sched_yield();
    }
}
