/* The handles that a script has, which both of its threads use. */
#include "script.h"

#include <pthread.h>

#define PLACES 8

static uint64_t handles[KINDS][PLACES];
static unsigned next_place;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t exchange(enum kind kind, unsigned place, uint64_t handle)
{
    pthread_mutex_lock(&lock);
    uint64_t before = handles[kind][place % PLACES];
    handles[kind][place % PLACES] = handle;
    pthread_mutex_unlock(&lock);
    return before;
}

uint64_t pick_handle(fuzz_bytes *bytes, enum kind kind)
{
    unsigned choice = (unsigned)take(bytes, 1);
    if (choice >= 250) {
        return take(bytes, 8);
    }
    if (choice >= 230) {
        kind = choice % (KINDS - 1) + 1;
    }
    if (kind == RUNTIME) {
        return the_runtime();
    }
    pthread_mutex_lock(&lock);
    uint64_t handle = handles[kind][choice % PLACES];
    pthread_mutex_unlock(&lock);
    return handle;
}

void keep_handle(enum kind kind, uint64_t handle)
{
    pthread_mutex_lock(&lock);
    unsigned place = next_place++;
    pthread_mutex_unlock(&lock);
    free_handle(kind, exchange(kind, place, handle));
}

uint64_t take_handle(enum kind kind)
{
    for (unsigned place = 0; place < PLACES; place++) {
        uint64_t handle = exchange(kind, place, 0);
        if (handle != 0) {
            return handle;
        }
    }
    return 0;
}

rm_status free_handle(enum kind kind, uint64_t handle)
{
    switch (kind) {
    case HOST:
        return sound(rm_host_free(handle));
    case NODE:
        return sound(rm_node_free(handle));
    case PIPELINE:
        return sound(rm_pipeline_free(handle));
    case SESSION:
        return sound(rm_session_free(handle));
    case BUFFER:
        return sound(rm_buffer_free(handle));
    case COMPLETION:
        return sound(rm_completion_free(handle));
    case RING:
        return sound(rm_ring_free(handle));
    default:
        return RM_OK;
    }
}
