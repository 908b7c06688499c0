/*
 * Threads in a row, and between each two a ring of 256 slots with one writer and one reader, who sleeps when there is nothing to
 * do: ring HOPS PACKETS SIZE. What a hop over a thread boundary costs at the least. Prints the nanoseconds that a packet took.
 */
#include "clock.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLOTS = 256, SPINS = 100 };

struct ring {
    _Alignas(64) atomic_uint written;
    atomic_int reader_sleeps;
    _Alignas(64) atomic_uint read;
    atomic_int writer_sleeps;
    _Alignas(64) void *slots[SLOTS];
};

struct stage {
    struct ring *in, *out;
    void *packet;
    long packets;
    pthread_t thread;
};

/* Waits until `*place` is not `seen` any more. */
static unsigned other_than(atomic_uint *place, unsigned seen, atomic_int *sleeps)
{
    unsigned now_there;
    for (int i = 0; i < SPINS; i++)
        if ((now_there = atomic_load_explicit(place, memory_order_acquire)) != seen)
            return now_there;
    while ((now_there = atomic_load(place)) == seen) {
        atomic_store(sleeps, 1);
        if (atomic_load(place) == seen)
            syscall(SYS_futex, place, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
        atomic_store(sleeps, 0);
    }
    return now_there;
}

/* The other side is woken when it sleeps; sequentially consistent, so that one of the two sees what the other has done. */
static void publish(atomic_uint *place, unsigned value, atomic_int *sleeps)
{
    atomic_store(place, value);
    if (atomic_load(sleeps))
        syscall(SYS_futex, place, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void push(struct ring *ring, void *packet)
{
    unsigned written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    if (written - atomic_load_explicit(&ring->read, memory_order_acquire) == SLOTS)
        other_than(&ring->read, written - SLOTS, &ring->writer_sleeps);
    ring->slots[written % SLOTS] = packet;
    publish(&ring->written, written + 1, &ring->reader_sleeps);
}

static void *pop(struct ring *ring)
{
    unsigned read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    other_than(&ring->written, read, &ring->reader_sleeps);
    void *packet = ring->slots[read % SLOTS];
    publish(&ring->read, read + 1, &ring->writer_sleeps);
    return packet;
}

static void *pass(void *argument)
{
    struct stage *stage = argument;
    for (long i = 0; i < stage->packets; i++)
        push(stage->out, pop(stage->in));
    return NULL;
}

static void *feed(void *argument)
{
    struct stage *stage = argument;
    for (long i = 0; i < stage->packets; i++)
        push(stage->out, stage->packet);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_FAILURE;
    int hops = atoi(argv[1]);
    long packets = atol(argv[2]);
    void *packet = calloc(1, strtoul(argv[3], NULL, 10));
    struct ring *rings = aligned_alloc(64, sizeof *rings * (size_t)hops);
    struct stage *stages = calloc((size_t)hops, sizeof *stages);
    if (hops < 1 || packet == NULL || rings == NULL || stages == NULL)
        return EXIT_FAILURE;
    for (int i = 0; i < hops; i++) {
        atomic_init(&rings[i].written, 0);
        atomic_init(&rings[i].read, 0);
        atomic_init(&rings[i].reader_sleeps, 0);
        atomic_init(&rings[i].writer_sleeps, 0);
    }

    /* One thread feeds the first ring, this one empties the last. */
    double start = now();
    for (int i = 0; i + 1 < hops; i++) {
        stages[i] = (struct stage){&rings[i], &rings[i + 1], NULL, packets, 0};
        if (pthread_create(&stages[i].thread, NULL, pass, &stages[i]) != 0)
            return EXIT_FAILURE;
    }
    struct stage *feeder = &stages[hops - 1];
    *feeder = (struct stage){NULL, &rings[0], packet, packets, 0};
    if (pthread_create(&feeder->thread, NULL, feed, feeder) != 0)
        return EXIT_FAILURE;
    for (long i = 0; i < packets; i++)
        if (pop(&rings[hops - 1]) != packet)
            return EXIT_FAILURE;
    double taken = now() - start;

    for (int i = 0; i < hops; i++)
        pthread_join(stages[i].thread, NULL);
    printf("%.1f\n", taken / (double)packets * 1e9);
    free(stages);
    free(rings);
    free(packet);
    return EXIT_SUCCESS;
}
