/* SPDX-License-Identifier: MIT */
/**
 * @file watch.h
 * Changes of a model's records as they happen, whoever made them. MongoDB, as a replica set, has this.
 *
 * A watcher is opened over a query that has conditions and nothing else, and then read change by change. It hears of every
 * change that was committed after ost_watch() returned, in the server's order, each once. The conditions apply to
 * the record as the server finds it when it reports the change, which may already hold later ones; a delete comes
 * whatever they say, since only the key is known of it. An update of a record that is gone by then comes without
 * conditions only, with its key.
 *
 * After each change there is a token. Stored anywhere, it opens a watcher that goes on behind that change, also in another
 * process: nothing is lost, and nothing comes twice. By its own token a watcher also survives lost connections, another
 * primary and a restart of the server: it goes on by itself as soon as there is a server, within the call's time.
 *
 * Records and tokens lie in the session's memory: in a loop they are given back with ost_session_mark() and
 * ost_session_release(), as below. They are not tracked. While the stream is open, the session keeps its connection, which
 * its statements share, and ost_session_clear() is refused.
 *
 * @code
 * #include <ostler/ostler.h>
 * #include <stdio.h>
 *
 * typedef struct book { int64_t id; const char *title; int year; } book;
 * OST_RECORD(book, id);
 *
 * ost_status follow(ost_session *s, const bool *stop)
 * {
 *     ost_query *q = ost_from(s, book);
 *     ost_where(q, ost_gt(book, year, 1980));
 *     ost_watcher *w = ost_watch(q, OST_WATCH(.wait_ms = 1000));
 *     if (!w)
 *         return (ost_status)ost_session_error(s)->status;
 *     ost_watch_event event = { .kind = OST_WATCH_NOTHING };
 *     while (!*stop && event.kind != OST_WATCH_INVALIDATED) {
 *         ost_mark mark = ost_session_mark(s);
 *         const book *b = ost_watch_next(w, book, &event);
 *         if (b && event.kind == OST_WATCH_DELETED)
 *             printf("%lld is gone\n", (long long)b->id);
 *         else if (b && event.known == OST_KNOWN_ALL)
 *             printf("%lld: %s\n", (long long)b->id, b->title);
 *         else if (event.status != OST_OK && event.status != OST_TIMEOUT)
 *             break;
 *         ost_session_release(s, mark);
 *     }
 *     return ost_watch_close(w);
 * }
 * @endcode
 */
#ifndef OSTLER_WATCH_H
#define OSTLER_WATCH_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_watcher ost_watcher; /**< An open stream of changes; see ost_watch(). */

/** What happened to a record. The numbers are frozen. */
enum ost_watch_kind {
    OST_WATCH_NOTHING,    /**< Nothing came: out of time, or the call failed. */
    OST_WATCH_INSERTED,   /**< It is new. */
    OST_WATCH_UPDATED,    /**< Members of it were changed. */
    OST_WATCH_REPLACED,   /**< It was written as a whole. */
    OST_WATCH_DELETED,    /**< It is gone; its key is known. */
    OST_WATCH_INVALIDATED /**< The collection was dropped or renamed: the stream is over. */
};
/** What is known of the record of a change. The numbers are frozen. */
enum ost_watch_known {
    OST_KNOWN_NOTHING, /**< Nothing: it is gone, and its key has several members, which MongoDB does not report. */
    OST_KNOWN_KEY,     /**< The key alone: it is gone. Other members are zero. */
    OST_KNOWN_ALL      /**< All members. */
};
/** How a watcher behaves. Zero is the default everywhere. */
typedef struct ost_watch_options {
    size_t struct_size; /**< Filled by OST_WATCH(). */
    /** A token: changes behind it are told. Copied. Empty: those from now on. */
    ost_blob after;
    /**
     * Longest time that a call of ost_watch_next() takes, in milliseconds; 0: the session's
     * time-out, which is the longest in any case. Within less than some tens of milliseconds a
     * server may not be able to answer that there is nothing: then the connection is made anew.
     */
    uint32_t wait_ms;
} ost_watch_options;
/** Options of a watcher, with their size. */
#define OST_WATCH(...) \
    (&(const ost_watch_options){ .struct_size = sizeof(ost_watch_options), __VA_ARGS__ })

/** One change. */
typedef struct ost_watch_event {
    uint16_t kind;   /**< An enum ost_watch_kind. */
    uint16_t status; /**< An ::ost_status: of the call of ost_watch_next(). */
    uint16_t known;  /**< An enum ost_watch_known. */
    /**
     * The place in the stream behind this change, or behind what is known to have none: there is
     * one whatever the kind. In the session's memory. Empty only where the call was ::OST_MISUSE or
     * ::OST_NO_MEMORY.
     */
    ost_blob token;
} ost_watch_event;

/**
 * Opens a stream of the changes of the query's records.
 * @param q The query, with conditions only: an order, limits, groups, a selection or a lock is ::OST_MISUSE. It must not be
 * released before the watcher is closed.
 * @param options Borrowed; NULL: defaults.
 * @return To be closed by ost_watch_close(), or by ost_session_close(). NULL on failure; the session's error says why.
 * ::OST_UNSUPPORTED: the database has no such streams, or, of MongoDB, is not a replica set. ::OST_MISUSE: inside a
 * transaction, or the token is none. ::OST_STALE: the server does not have the changes behind the token any more (or the
 * token is of a server or collection that it does not know): read all records again, and watch without it.
 */
OST_API ost_watcher *ost_watch(ost_query *q, const ost_watch_options *options);
/**
 * Waits for the next change; see ost_watch_next().
 * @param w The watcher.
 * @param m The query's model.
 * @param record_size sizeof the program's struct.
 * @param event Filled, whatever happens.
 * @param event_size sizeof the program's ost_watch_event.
 * @return The record, in the session's memory and not tracked. NULL: ::OST_WATCH_NOTHING or ::OST_WATCH_INVALIDATED, or the
 * status is not ::OST_OK. Then it is
 * - ::OST_TIMEOUT: no change came in time. The next call goes on, and so after ::OST_CONNECTION, ::OST_POOL_TIMEOUT,
 *   ::OST_AUTH, ::OST_CANCELLED and ::OST_NO_MEMORY, which no change is lost by;
 * - ::OST_RANGE: the record of a change does not fit the struct. The next call goes on behind that change, of which kind
 *   and token are told;
 * - ::OST_MISUSE inside a transaction, on a wrong model, after a fork, from a second thread, after the end: the watcher is as before;
 * - ::OST_STALE or another: the stream has ended, as ost_watch_close() says again.
 */
OST_API void *ost_watch_read(ost_watcher *w, const ost_model *m, size_t record_size,
                             ost_watch_event *event, size_t event_size);
/**
 * The place that the watcher has come to, also before the first change.
 * @return A token in the session's memory; empty: ::OST_MISUSE or ::OST_NO_MEMORY.
 */
OST_API ost_blob ost_watch_token(ost_watcher *w);
/** Ends the stream. Must be called, unless the session is closed. Says what had ended it before; ::OST_OK: nothing. */
OST_API ost_status ost_watch_close(ost_watcher *w);

#ifndef __cplusplus
/** The record of the next change as a `T`, and in `*event` what happened to it. */
#define ost_watch_next(w, T, event) \
    ((T##_record_ *)ost_watch_read((w), OST_OF(T), (event), sizeof *(event)))
#endif

#ifdef __cplusplus
}
#endif
#endif
