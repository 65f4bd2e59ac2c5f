/* SPDX-License-Identifier: MIT */
#include "pool/process.h"

#include <sys/mman.h>
#include <unistd.h>

static bool let_forks_wipe(void *page, size_t size)
{
#ifdef MADV_WIPEONFORK
    return madvise(page, size, MADV_WIPEONFORK) == 0;
#else
    (void)page, (void)size;
    return false;
#endif
}

bool ost__process_open(ost__process *p)
{
    long size = sysconf(_SC_PAGESIZE);
    p->page_size = size > 0 ? (size_t)size : 4096;
    void *page =
        mmap(NULL, p->page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return false;
    p->page = page;
    p->wiped = let_forks_wipe(page, p->page_size);
    pthread_mutex_init(&p->page->guard, NULL);
    atomic_init(&p->pid, (long)getpid());
    atomic_init(&p->epochs, 1);
    atomic_init(&p->page->epoch, p->wiped ? 1 : 0);
    return true;
}

void ost__process_close(ost__process *p)
{
    if (p->page)
        munmap(p->page, p->page_size);
    p->page = NULL;
}

static bool is_another(ost__process *p)
{
    return p->wiped ? atomic_load(&p->page->epoch) == 0 : atomic_load(&p->pid) != (long)getpid();
}

uint32_t ost__process_epoch(ost__process *p, void (*forked)(void *context), void *context)
{
    if (!is_another(p))
        return atomic_load(&p->epochs);
    pthread_mutex_lock(&p->page->guard);
    if (is_another(p)) {
        uint32_t epoch = atomic_load(&p->epochs) + 1;
        forked(context);
        atomic_store(&p->epochs, epoch);
        atomic_store(&p->pid, (long)getpid());
        if (p->wiped)
            atomic_store(&p->page->epoch, epoch);
    }
    uint32_t epoch = atomic_load(&p->epochs);
    pthread_mutex_unlock(&p->page->guard);
    return epoch;
}
