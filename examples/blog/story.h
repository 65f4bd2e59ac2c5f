/* SPDX-License-Identifier: MIT */
/* A day of the blog, told on the standard output. */
#ifndef BLOG_STORY_H
#define BLOG_STORY_H

#include <ostler/ostler.h>

/* Begins with an empty blog. Anything that does not go as the story has it is a failure. */
ost_status story_tell(ost_db *db, ost_session *s);

#endif
