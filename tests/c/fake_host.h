/* A host for tests, a language in miniature: objects with counts of references, and threads that it lends. */

#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <pthread.h>
#include <remotemedia.h>
#include <stdatomic.h>

enum { MOST_THREADS = 70 };

typedef struct object {
    atomic_int references;
    int value;
    /* For one that can be called. A new reference, or null. */
    struct object *(*call)(struct object *self, struct object *argument);
} object;

typedef struct host {
    rm_host handle;
    pthread_mutex_t lock;
    pthread_t threads[MOST_THREADS];
    int lends, hired;
    /* How often `hire` is to refuse. */
    atomic_int refusals;
    atomic_int destroyed;
    /* References that were given back on a thread that is none of ours. */
    atomic_int strays;
} host;

enum { LENDS = 1, HAS_TABLE = 2 };

/* A host of a runtime; with LENDS its threads make the calls, with HAS_TABLE its objects can be called. */
void host_start(host *host, rm_runtime runtime, int features);
/* What such a host is made of, for one that has more; it is ready but for its handle. */
rm_host_callbacks host_callbacks(host *host, int features);
/* Frees it, and waits for its threads. */
void host_free(host *host);
/* Waits until the library has done with it. Every reference has been given back by then, on a thread that may. */
void host_is_gone(host *host);
/* Waits until all objects are gone, and then for both of these. */
void host_stop(host *host);

/* One reference to a new object. */
object *new_object(int value);
object *new_callable(object *(*call)(object *self, object *argument));
object *retain(object *object);
void release(object *object);
/* How many objects there are. */
int objects_alive(void);

/* What a call may answer instead of an object: each counts, and nobody may take a reference from it or leave one. */
extern object none, more, done, pending, failed;
/* The types of objects with a value below 100, and of all others; counted likewise. */
extern object small, large;
/* Has a call fail with an error: the reference is given. Answers null. */
object *raise_error(object *error);

/* How many threads have been lent so far. */
int host_hired(host *host);

/* What the library is given to handle them; unlike the host's own functions these have no `user_data`. */
extern const rm_object_table object_table;

/* Whether this thread is lent to the library, and whether it is inside `enter` and `leave`. */
int on_worker(void);
int inside_host(void);

/* A packet with a reference to an object, which is given with it. */
rm_packet object_packet(const host *host, object *object);
void push_object(rm_session session, const host *host, object *object);
/* The next output is an object; the reference is the caller's. */
object *pull_object(rm_session session);

#endif
