/* Rings: what is refused, whatever comes in and from however many threads. */

#include <stdatomic.h>

#include "recorder.h"
#include "ring.h"

static void wrong_arguments_are_refused(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring_config config = RM_RING_CONFIG_INIT;
    rm_ring ring = 7;
    config.size = SIZE;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_ARGUMENT, "RM_RING_INPUT or RM_RING_OUTPUT");
    config.direction = RM_RING_INPUT;
    CHECK_STATUS(rm_ring_new(session, &config, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_ring_new(session, NULL, &ring), RM_ERR_NULL);
    CHECK_STATUS(rm_ring_new(runtime, &config, &ring), RM_ERR_BAD_HANDLE);
    config.size = 0;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_ARGUMENT, "size is 0");
    config.size = SIZE_MAX / 4;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_MEMORY, "more than there is memory for");
    config.size = SIZE;
    config.capacity = 1 << 20;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_ARGUMENT, "1 to 65536 packets");
    config.capacity = 0;
    config.period = -1;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_ARGUMENT, "period");
    config.period = 0;
    config.reserved = 1;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_UNSUPPORTED, "reserved");
    CHECK_INT(ring, 7);
    finish(session);
    recorder_free(node, &recorder);
}

static void wrong_packets_are_refused(rm_runtime runtime)
{
    static char large[SIZE + 1];
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 0), out = new_ring(session, RM_RING_OUTPUT, 0);
    rm_packet packet = RM_PACKET_INIT;
    CHECK_STATUS(rm_ring_try_push(in, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_UNSUPPORTED); /* no kind */
    packet = text("{}");
    packet.kind = RM_KIND_JSON;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_UNSUPPORTED);
    packet = text("x");
    packet.metadata = "{}";
    packet.metadata_size = 2;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_UNSUPPORTED);
    packet = text("\xff");
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_UTF8);
    packet.data = NULL;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_NULL);
    packet = text("x");
    CHECK_STATUS(rm_ring_try_push(out, &packet), RM_ERR_ARGUMENT);
    packet.struct_size -= 8;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_ARGUMENT);
    CHECK_STATUS(rm_ring_try_pull(out, &packet, large, sizeof large), RM_ERR_ARGUMENT);
    packet = (rm_packet)RM_PACKET_INIT;
    CHECK_STATUS(rm_ring_try_pull(out, &packet, large, SIZE - 1), RM_ERR_ARGUMENT);
    CHECK_STATUS(rm_ring_try_pull(in, &packet, large, sizeof large), RM_ERR_ARGUMENT);
    CHECK_STATUS(rm_ring_try_pull(out, NULL, large, sizeof large), RM_ERR_NULL);
    CHECK_STATUS(rm_ring_try_pull(out, &packet, NULL, SIZE), RM_ERR_NULL);
    CHECK_STATUS(rm_ring_end(out), RM_ERR_STATE);
    packet = text("x");
    packet.kind = RM_KIND_BYTES;
    packet.data = large;
    packet.size = sizeof large;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_ARGUMENT);
    CHECK_INT(stats_of(in).packets, 0);
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    finish(session);
    recorder_free(node, &recorder);
}

static void a_source_needs_no_input_ring(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    callbacks.flags = RM_NODE_SOURCE;
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring_config config = RM_RING_CONFIG_INIT;
    config.direction = RM_RING_INPUT;
    config.size = SIZE;
    rm_ring ring = 0;
    CHECK_REFUSED(rm_ring_new(session, &config, &ring), RM_ERR_STATE, "a source of its own");
    rm_ring out = new_ring(session, RM_RING_OUTPUT, 0);
    expect_over(out, RM_END);
    CHECK_OK(rm_ring_free(out));
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

typedef struct contender {
    rm_ring ring;
    atomic_int *over;
    uint64_t pushed;
    int is_wrong;
} contender;

/* Pushes as often as it can, whatever that is answered. */
static void *contend(void *argument)
{
    contender *self = argument;
    while (!atomic_load(self->over)) {
        rm_status status = try_text(self->ring, "x");
        self->pushed += status == RM_OK;
        self->is_wrong |= status != RM_OK && status != RM_ERR_TIMEOUT && status != RM_ERR_STATE && status != RM_ERR_BAD_HANDLE;
    }
    return NULL;
}

static void one_thread_at_a_time_is_let_in(rm_runtime runtime)
{
    atomic_int over = 0;
    rm_node node = make_processor(NULL, NULL);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 64);
    contender contenders[2] = {{.ring = in, .over = &over}, {.ring = in, .over = &over}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(contend, &contenders[i]);
    WAIT_FOR(stats_of(in).packets > 1000);
    atomic_store(&over, 1);
    for (int i = 0; i < 2; i++)
        join_thread(threads[i]);
    CHECK(!contenders[0].is_wrong && !contenders[1].is_wrong);
    CHECK_INT(stats_of(in).packets, contenders[0].pushed + contenders[1].pushed);
    CHECK_OK(rm_ring_free(in));
    finish(session);
    CHECK_OK(rm_node_free(node));
}

/* Rings come and go in the same place while a thread goes on with a handle that is stale. */
static void stale_handles_are_refused_at_any_moment(rm_runtime runtime)
{
    atomic_int over = 0;
    rm_node node = make_processor(NULL, NULL);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring first = new_ring(session, RM_RING_INPUT, 4);
    contender contender = {.ring = first, .over = &over};
    pthread_t thread = start_thread(contend, &contender);
    WAIT_FOR(stats_of(first).packets > 0);
    CHECK_OK(rm_ring_free(first));
    CHECK_STATUS(rm_ring_free(first), RM_ERR_BAD_HANDLE);
    for (int i = 0; i < 100; i++) {
        rm_ring next = new_ring(session, RM_RING_INPUT, 4);
        CHECK(next != first);
        CHECK_INT(stats_of(next).packets, 0);
        CHECK_OK(rm_ring_free(next));
        CHECK_STATUS(try_text(next, "x"), RM_ERR_BAD_HANDLE);
    }
    atomic_store(&over, 1);
    join_thread(thread);
    CHECK(!contender.is_wrong);
    finish(session);
    CHECK_OK(rm_node_free(node));
}

int main(void)
{
    RUN_ON(wrong_arguments_are_refused);
    RUN_ON(wrong_packets_are_refused);
    RUN_ON(a_source_needs_no_input_ring);
    RUN_ON(one_thread_at_a_time_is_let_in);
    RUN_ON(stale_handles_are_refused_at_any_moment);
    return 0;
}
