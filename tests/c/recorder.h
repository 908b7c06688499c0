/* A node that writes down how it is called: i(nitialize), p(rocess), r(esume), f(lush), c(leanup), d(estroy). */

#ifndef RECORDER_H
#define RECORDER_H

#include <pthread.h>
#include <remotemedia.h>

typedef struct recorder {
    pthread_mutex_t lock;
    char calls[256];
    int inside, overlaps;
    /* The letter of the callback that fails, if one is to. */
    char failing;
    /* What `process` and `resume` do; null passes the packet on, and finishes. */
    rm_status (*process)(struct recorder *recorder, const rm_packet *packet);
    rm_status (*resume)(struct recorder *recorder);
    /* For the test's own use. */
    void *own;
    int count;
} recorder;

#define RECORDER {.lock = PTHREAD_MUTEX_INITIALIZER}

rm_node_callbacks recorder_callbacks(recorder *recorder);
rm_node recorder_node(recorder *recorder);
rm_node recorder_node_of(rm_host host, recorder *recorder);

/* Waits until exactly these calls have been made, and none of them while another one was going on. */
#define CHECK_CALLS(recorder, expected) recorder_check(__FILE__, __LINE__, (recorder), (expected))
void recorder_check(const char *file, int line, recorder *recorder, const char *expected);

/* Waits until a callback has been entered. */
void recorder_await(recorder *recorder, char letter);
/* Frees a node whose sessions have ended, and waits until it has been destroyed: the recorder may go then. */
void recorder_free(rm_node node, recorder *recorder);

#endif
