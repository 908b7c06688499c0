/* Rings of a session, and what comes out of them. All of it checked. */

#ifndef RING_H
#define RING_H

#include "check.h"
#include "fixture.h"

enum { SIZE = 64 };

static inline rm_ring new_ring(rm_session session, uint32_t direction, uint32_t capacity)
{
    rm_ring_config config = RM_RING_CONFIG_INIT;
    config.direction = direction;
    config.capacity = capacity;
    config.size = SIZE;
    rm_ring ring = 0;
    CHECK_OK(rm_ring_new(session, &config, &ring));
    return ring;
}

static inline rm_ring_stats stats_of(rm_ring ring)
{
    rm_ring_stats stats = RM_RING_STATS_INIT;
    CHECK_OK(rm_ring_get_stats(ring, &stats));
    return stats;
}

static inline rm_status try_text(rm_ring ring, const char *words)
{
    rm_packet packet = text(words);
    return rm_ring_try_push(ring, &packet);
}

/* Pulls until something is there. */
static inline rm_status pull_soon(rm_ring ring, rm_packet *packet, char *data)
{
    rm_status status;
    WAIT_FOR((status = rm_ring_try_pull(ring, packet, data, SIZE)) != RM_ERR_TIMEOUT);
    return status;
}

static inline void expect_in_ring(rm_ring ring, uint32_t kind, const char *words)
{
    char data[SIZE + 1];
    rm_packet packet = RM_PACKET_INIT;
    CHECK_OK(pull_soon(ring, &packet, data));
    CHECK(packet.data == data && packet.size <= SIZE);
    data[packet.size] = '\0';
    CHECK_TEXT(data, words);
    CHECK_INT(packet.kind, kind);
    CHECK(packet.buffer == 0 && packet.object == NULL && packet.metadata == NULL);
}

/* The ring is over, and says the same again and again. */
static inline void expect_over(rm_ring ring, rm_status expected)
{
    char data[SIZE];
    rm_packet packet = RM_PACKET_INIT;
    packet.size = 77;
    CHECK_STATUS(pull_soon(ring, &packet, data), expected);
    CHECK_STATUS(rm_ring_try_pull(ring, &packet, data, SIZE), expected);
    CHECK_INT(packet.size, 77);
}

#endif
