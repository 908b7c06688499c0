/* Rings: what a real-time thread pushes and pulls, and what it is answered when there is nothing, no room, or no more. */

#include <stdatomic.h>

#include "check.h"
#include "fake_host.h"
#include "fixture.h"
#include "recorder.h"

enum { SIZE = 64 };

static rm_ring new_ring(rm_session session, uint32_t direction, uint32_t capacity)
{
    rm_ring_config config = RM_RING_CONFIG_INIT;
    config.direction = direction;
    config.capacity = capacity;
    config.size = SIZE;
    rm_ring ring = 0;
    CHECK_OK(rm_ring_new(session, &config, &ring));
    return ring;
}

static rm_ring_stats stats_of(rm_ring ring)
{
    rm_ring_stats stats = RM_RING_STATS_INIT;
    CHECK_OK(rm_ring_get_stats(ring, &stats));
    return stats;
}

static rm_status try_text(rm_ring ring, const char *words)
{
    rm_packet packet = text(words);
    return rm_ring_try_push(ring, &packet);
}

/* Pulls until something is there. */
static rm_status pull_soon(rm_ring ring, rm_packet *packet, char *data)
{
    rm_status status;
    WAIT_FOR((status = rm_ring_try_pull(ring, packet, data, SIZE)) != RM_ERR_TIMEOUT);
    return status;
}

static void expect_in_ring(rm_ring ring, uint32_t kind, const char *words)
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
static void expect_over(rm_ring ring, rm_status expected)
{
    char data[SIZE];
    rm_packet packet = RM_PACKET_INIT;
    packet.size = 77;
    CHECK_STATUS(pull_soon(ring, &packet, data), expected);
    CHECK_STATUS(rm_ring_try_pull(ring, &packet, data, SIZE), expected);
    CHECK_INT(packet.size, 77);
}

static void packets_go_in_and_come_out_to_the_end(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 4), out = new_ring(session, RM_RING_OUTPUT, 4);
    for (int i = 0; i < 200; i++) {
        char words[8];
        snprintf(words, sizeof words, "%d", i);
        WAIT_FOR(try_text(in, words) == RM_OK);
        expect_in_ring(out, RM_KIND_TEXT, words);
    }
    CHECK_OK(try_text(in, "last"));
    CHECK_OK(rm_ring_end(in));
    CHECK_STATUS(try_text(in, "too late"), RM_ERR_STATE);
    expect_in_ring(out, RM_KIND_TEXT, "last");
    expect_over(out, RM_END);
    CHECK_INT(stats_of(in).packets, 201);
    CHECK_INT(stats_of(out).packets, 201);
    CHECK(stats_of(in).queued == 0 && stats_of(in).dropped == 0 && stats_of(out).dropped == 0);
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void audio_keeps_its_format_and_time(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 0), out = new_ring(session, RM_RING_OUTPUT, 0);
    float samples[6] = {0.5f, -1, 0, 1, 2, 3}, pulled[SIZE / sizeof(float)];
    rm_packet packet = RM_PACKET_INIT, output = RM_PACKET_INIT;
    packet.kind = RM_KIND_AUDIO;
    packet.sample_rate = 3000;
    packet.channels = 2;
    packet.pts = 5 * SECOND;
    packet.data = samples;
    packet.size = sizeof samples;
    CHECK_OK(rm_ring_try_push(in, &packet));
    CHECK_OK(pull_soon(out, &output, (char *)pulled));
    CHECK(output.kind == RM_KIND_AUDIO && output.sample_rate == 3000 && output.channels == 2);
    CHECK_INT(output.pts, 5 * SECOND);
    CHECK_INT(output.duration, MILLISECOND); /* known from the samples */
    CHECK_INT(output.index, 0);
    CHECK(output.size == sizeof samples && memcmp(pulled, samples, sizeof samples) == 0);
    packet.channels = 4;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_ARGUMENT); /* 6 samples in 4 planes */
    packet.channels = 0;
    CHECK_STATUS(rm_ring_try_push(in, &packet), RM_ERR_ARGUMENT);
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    finish(session);
    recorder_free(node, &recorder);
}

static rm_status wait_for_release(recorder *recorder, const rm_packet *packet)
{
    WAIT_FOR(atomic_load((atomic_int *)recorder->own));
    return rm_call_emit(packet);
}

static void overruns_and_underruns_are_counted(rm_runtime runtime)
{
    atomic_int release = 0;
    recorder recorder = RECORDER;
    recorder.process = wait_for_release;
    recorder.own = &release;
    rm_session_config how = session_config();
    how.capacity = 1;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    rm_ring in = new_ring(session, RM_RING_INPUT, 2), out = new_ring(session, RM_RING_OUTPUT, 2);
    char data[SIZE];
    rm_packet packet = RM_PACKET_INIT;
    CHECK_STATUS(rm_ring_try_pull(out, &packet, data, SIZE), RM_ERR_TIMEOUT);
    CHECK_INT(stats_of(out).underruns, 1);
    /* One in the node, one on the edge, one with the mover, and two in the ring. */
    for (int i = 0; i < 5; i++)
        WAIT_FOR(try_text(in, "x") == RM_OK);
    WAIT_FOR(stats_of(in).queued == 2);
    uint64_t before = stats_of(in).overruns;
    CHECK_STATUS(try_text(in, "x"), RM_ERR_TIMEOUT);
    CHECK_INT(stats_of(in).overruns, before + 1);
    CHECK(stats_of(in).underruns == 0 && stats_of(out).overruns == 0);
    CHECK_INT(stats_of(in).packets, 5);
    atomic_store(&release, 1);
    for (int i = 0; i < 5; i++)
        expect_in_ring(out, RM_KIND_TEXT, "x");
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    finish(session);
    recorder_free(node, &recorder);
}

static rm_status give_all_kinds(recorder *recorder, const rm_packet *packet)
{
    static char large[SIZE + 1];
    if (recorder->count++ == 1)
        return rm_call_fail(TEXT("it broke"), NULL) == RM_OK ? RM_ERR_NODE : RM_OK;
    (void)packet;
    rm_packet output = RM_PACKET_INIT;
    output.kind = RM_KIND_BYTES;
    output.data = large;
    output.size = sizeof large;
    CHECK_OK(rm_call_emit(&output));
    output.data = "bytes";
    output.size = 5;
    CHECK_OK(rm_call_emit(&output));
    output.kind = RM_KIND_JSON;
    output.data = "{ \"a\": 1 }";
    output.size = 10;
    CHECK_OK(rm_call_emit(&output));
    output.kind = RM_KIND_TEXT;
    output.size = 0;
    return rm_call_emit(&output);
}

static void outputs_of_every_kind_come_as_bytes(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = give_all_kinds;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    rm_ring out = new_ring(session, RM_RING_OUTPUT, 0);
    push_text(session, "x");
    push_text(session, "y");
    expect_in_ring(out, RM_KIND_BYTES, "bytes");
    CHECK_INT(stats_of(out).dropped, 1); /* the one that is too large */
    expect_in_ring(out, RM_KIND_JSON, "{\"a\":1}");
    expect_in_ring(out, RM_KIND_TEXT, "");
    expect_in_ring(out, RM_KIND_FAILURE, "it broke");
    CHECK_OK(rm_session_end(session));
    expect_over(out, RM_END);
    CHECK_OK(rm_ring_free(out));
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static rm_status pass_object(recorder *recorder, const rm_packet *packet)
{
    (void)recorder;
    retain(packet->object);
    return rm_call_emit(packet);
}

static void objects_come_as_what_their_host_makes_of_them(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, 0);
    recorder.process = pass_object;
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring out = new_ring(session, RM_RING_OUTPUT, 0);
    push_object(session, &host, new_object(42));
    expect_in_ring(out, RM_KIND_TEXT, "42");
    CHECK_OK(rm_ring_free(out));
    finish(session);
    recorder_free(node, &recorder);
    host_stop(&host);
}

static void the_failure_of_a_session_is_answered(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.failing = 'p';
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 0), out = new_ring(session, RM_RING_OUTPUT, 0);
    CHECK_OK(try_text(in, "x"));
    expect_over(out, RM_ERR_NODE);
    WAIT_FOR(try_text(in, "x") == RM_ERR_NODE);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "p is broken");
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void a_ring_outlives_its_session(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_ring in = new_ring(session, RM_RING_INPUT, 0), out = new_ring(session, RM_RING_OUTPUT, 1);
    for (int i = 0; i < 3; i++)
        push_text(session, "x"); /* more than the ring holds: it waits for room in there */
    WAIT_FOR(stats_of(out).queued == 1);
    CHECK_OK(rm_session_free(session));
    WAIT_FOR(try_text(in, "x") == RM_ERR_CANCELLED);
    expect_in_ring(out, RM_KIND_TEXT, "x");
    char data[SIZE];
    rm_packet packet = RM_PACKET_INIT;
    rm_status status;
    WAIT_FOR((status = pull_soon(out, &packet, data)) != RM_OK); /* one more, if it was on the way */
    CHECK_STATUS(status, RM_ERR_CANCELLED);
    CHECK_OK(rm_ring_free(in));
    CHECK_OK(rm_ring_free(out));
    recorder_free(node, &recorder);
}

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

static void what_comes_after_a_ring_is_pulled_as_before(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    for (int i = 0; i < 10; i++) {
        CHECK_OK(rm_ring_free(new_ring(session, RM_RING_OUTPUT, 0)));
        push_text(session, "x");
        expect_text(session, "x");
    }
    finish(session);
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN_ON(packets_go_in_and_come_out_to_the_end);
    RUN_ON(audio_keeps_its_format_and_time);
    RUN_ON(overruns_and_underruns_are_counted);
    RUN_ON(outputs_of_every_kind_come_as_bytes);
    RUN_ON(objects_come_as_what_their_host_makes_of_them);
    RUN_ON(the_failure_of_a_session_is_answered);
    RUN_ON(a_ring_outlives_its_session);
    RUN_ON(wrong_arguments_are_refused);
    RUN_ON(wrong_packets_are_refused);
    RUN_ON(a_source_needs_no_input_ring);
    RUN_ON(one_thread_at_a_time_is_let_in);
    RUN_ON(stale_handles_are_refused_at_any_moment);
    RUN_ON(what_comes_after_a_ring_is_pulled_as_before);
    return 0;
}
