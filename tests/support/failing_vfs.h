/* SPDX-License-Identifier: MIT */
/* A file system for SQLite that fails one write, sync or truncation, or every one from there on. */
#ifndef OSTLER_TESTS_FAILING_VFS_H
#define OSTLER_TESTS_FAILING_VFS_H

typedef struct failing_vfs {
    long writes;  /* so far */
    long fail_at; /* this one fails; negative: none does */
    int stays;    /* and all after it */
    int code;     /* with this */
    int torn;     /* half of what failed is written all the same */
} failing_vfs;

/* Makes it SQLite's default, until failing_vfs_remove(). There is only one. */
failing_vfs *failing_vfs_install(void);
void failing_vfs_remove(void);

#endif
