/* SPDX-License-Identifier: MIT */
/**
 * @file db.h
 * A database: driver, connections, the program's models, options.
 *
 * The URL's scheme chooses among the drivers that the program links and lists; `sqlite:books.db` is a file,
 * `sqlite::memory:` lives as long as the ost_db. The models are checked once, here; every mistake in them is
 * reported at once, as the failures of the error.
 *
 * An ost_db may be used by all threads. Sessions are opened on it, one for each thread's unit of work.
 *
 * @code
 * #include <ostler/ostler.h>
 *
 * typedef struct book { int64_t id; const char *title; } book;
 * OST_RECORD(book, id);
 *
 * ost_status open_books(const char *url, ost_db **db, ost_error *error)
 * {
 *     OST_TRY(ost_open(OST_OPTIONS(.url = url, .drivers = OST_DRIVERS(ost_driver_sqlite()),
 *                                  .models = OST_MODELS(&book_model)),
 *                      db, error));
 *     return ost_create_tables(*db, error);
 * }
 * @endcode
 */
#ifndef OSTLER_DB_H
#define OSTLER_DB_H

#include "ostler/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ost_driver ost_driver; /**< A backend; see driver.h. */
typedef struct ost_cache ost_cache;   /**< A cache in front of a database. */
typedef struct ost_password_options ost_password_options; /**< What hashing costs; see password.h. */

/** The pool of connections. Zero is the default everywhere. */
typedef struct ost_pool_options {
    uint32_t struct_size;        /**< sizeof(ost_pool_options). */
    uint32_t min;                /**< Connections that stay open however long they are idle; default 0. */
    uint32_t max;                /**< Most connections; default 8. */
    uint32_t max_waiters;        /**< Most threads that wait for one; default 1024. */
    uint32_t acquire_timeout_ms; /**< Longest wait for one; default 5000. */
    uint32_t idle_timeout_ms;    /**< An idle connection is closed after this; default 600000. */
    uint32_t max_lifetime_ms;    /**< A connection is replaced after this; default 1800000. */
    uint32_t leak_warning_ms;    /**< A connection held longer is reported as an event when it is given back; default: never. */
} ost_pool_options;

/** Clock, randomness and memory. A NULL function keeps the library's own. */
typedef struct ost_platform {
    size_t struct_size; /**< sizeof(ost_platform). */
    void *context;      /**< Handed to each function. */
    /** Grows, shrinks, allocates (`old` NULL) or frees (`new_size` 0). NULL: no memory, `old` stays. Thread-safe. */
    void *(*resize)(void *context, void *old, size_t old_size, size_t new_size);
    /** A clock that never goes back, in nanoseconds. */
    int64_t (*monotonic)(void *context);
    /** The time of day, in microseconds since 1970-01-01T00:00:00Z. */
    int64_t (*realtime)(void *context);
    /** Fills `out` with unpredictable bytes. */
    void (*random)(void *context, void *out, size_t size);
} ost_platform;

/** What happened. */
enum ost_event_kind {
    OST_EVENT_STATEMENT = 1, /**< A statement ran; `text`, `duration_ns`, `rows`, `status`. */
    OST_EVENT_CONNECT = 2,   /**< A connection was opened. */
    OST_EVENT_DISCONNECT = 3, /**< A connection was closed. */
    OST_EVENT_RETRY = 4,     /**< A transaction is run again. */
    OST_EVENT_LEAK = 5,      /**< A connection was held longer than leak_warning_ms. */
    OST_EVENT_DRIVER = 6     /**< A driver says something. */
};
/** An event. Its strings are valid during the call. */
typedef struct ost_event {
    size_t struct_size;   /**< sizeof(ost_event) of the library. */
    uint16_t kind;        /**< An enum ost_event_kind. */
    uint16_t status;      /**< An ::ost_status. */
    uint8_t slow;         /**< 1: it took longer than slow_query_ms. */
    uint8_t reserved[3];  /**< Zero. */
    const char *model;    /**< The model's name, or "". */
    const char *text;     /**< The statement with placeholders, never with values but booleans; or a sentence. */
    int64_t duration_ns;  /**< How long it took. */
    int64_t rows;         /**< Rows delivered, or matched by a write; -1: not known. */
    uint32_t round_trips; /**< To the server; 0 on SQLite. */
} ost_event;

/** How a database is opened. Zero is the default everywhere, save for url, drivers and models. */
typedef struct ost_options {
    size_t struct_size;               /**< Filled by OST_OPTIONS(); 0 is ::OST_MISUSE. */
    const char *url;                  /**< "sqlite:path", "sqlite::memory:", "postgresql://…". */
    const char *const *replica_urls;  /**< Further servers to read from. */
    const ost_driver *const *drivers; /**< OST_DRIVERS(…). */
    const ost_model *const *models;   /**< OST_MODELS(…). */
    const ost_pool_options *pool;     /**< NULL: defaults. */
    const ost_platform *platform;     /**< NULL: the machine's. Copied. */
    ost_cache *cache;                 /**< NULL: none. */
    uint32_t connect_timeout_ms;      /**< Default 10000. */
    uint32_t statement_timeout_ms;    /**< Default 30000; ::OST_NO_TIMEOUT: none. */
    uint32_t slow_query_ms;           /**< A statement that takes longer is marked slow; 0: none is. */
    /** Called for each event, on the thread that caused it or on one of the pool; thread-safe; must not call back into the library, and not last: ost_close() waits for one that runs. */
    void (*on_event)(const ost_event *event, void *context);
    void *context;                    /**< Handed to on_event, and by ost_call_context() to hooks and checks. */
    const ost_password_options *passwords; /**< OST_PASSWORDS(…); NULL: defaults. */
} ost_options;

/** The SQLite driver; from libostler-sqlite. */
OST_API const ost_driver *ost_driver_sqlite(void);
/** The PostgreSQL driver; from libostler-postgres. */
OST_API const ost_driver *ost_driver_postgres(void);
/** The driver for MySQL and MariaDB; from libostler-mysql. */
OST_API const ost_driver *ost_driver_mysql(void);
/** The MongoDB driver; from libostler-mongo. */
OST_API const ost_driver *ost_driver_mongo(void);
/** The drivers that a program links. */
#define OST_DRIVERS(...) ((const ost_driver *const[]){ __VA_ARGS__, NULL })
/** Options of a database, with their size. */
#define OST_OPTIONS(...) (&(const ost_options){ .struct_size = sizeof(ost_options), __VA_ARGS__ })

/**
 * Opens a database: checks the models and makes one connection.
 * @param options Borrowed until ost_open() returns; the models stay borrowed until ost_close().
 * @param out The database; NULL on failure.
 * @param error May be NULL. Lists every mistake in the models.
 */
OST_API ost_status ost_open(const ost_options *options, ost_db **out, ost_error *error);
/**
 * Closes the database, once its last session is closed too. NULL is ignored; afterwards no session can be opened.
 * Returns within connect_timeout_ms; where a client library still hangs then, its thread frees the rest later, with the
 * platform that was given, and reports no events. In the child of a fork it sends nothing for the parent's connections.
 */
OST_API void ost_close(ost_db *db);
/**
 * A ready `on_event`: writes one line for each event.
 * @param event The event.
 * @param file A `FILE *`, given as ost_options' context.
 */
OST_API void ost_log_event(const ost_event *event, void *file);

#ifdef __cplusplus
}
#endif
#include "ostler/schema.h"
#endif
