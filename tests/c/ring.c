/* Rings: what a real-time thread pushes and pulls, and what it is answered when there is nothing, no room, or no more. */

#include <stdatomic.h>

#include "fake_host.h"
#include "recorder.h"
#include "ring.h"

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
    RUN_ON(what_comes_after_a_ring_is_pulled_as_before);
    return 0;
}
