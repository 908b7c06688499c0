/*
 * A chain of bare function pointers: pointers NODES PACKETS SIZE. Each function counts a reference to the packet, and gives it
 * to the next; what a hop costs at the least. Prints the nanoseconds that a packet took.
 */
#include "clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct packet {
    atomic_long references;
    size_t size;
    char data[];
};

struct node {
    void (*process)(struct node *node, struct packet *packet);
    struct node *next;
    long counted;
};

static void pass(struct node *node, struct packet *packet)
{
    atomic_fetch_add_explicit(&packet->references, 1, memory_order_relaxed);
    node->next->process(node->next, packet);
    atomic_fetch_sub_explicit(&packet->references, 1, memory_order_acq_rel);
}

static void count(struct node *node, struct packet *packet)
{
    (void)packet;
    node->counted++;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_FAILURE;
    int nodes = atoi(argv[1]);
    long packets = atol(argv[2]);
    size_t size = (size_t)atol(argv[3]);
    struct node *chain = calloc((size_t)nodes + 1, sizeof *chain);
    struct packet *packet = calloc(1, sizeof *packet + size);
    if (chain == NULL || packet == NULL)
        return EXIT_FAILURE;
    for (int i = 0; i < nodes; i++)
        chain[i] = (struct node){pass, &chain[i + 1], 0};
    chain[nodes].process = count;

    double start = now();
    for (long i = 0; i < packets; i++)
        chain[0].process(&chain[0], packet);
    double taken = now() - start;

    if (chain[nodes].counted != packets)
        return EXIT_FAILURE;
    printf("%.1f\n", taken / (double)packets * 1e9);
    free(chain);
    free(packet);
    return EXIT_SUCCESS;
}
