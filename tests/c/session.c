/* Sessions: in, out, to an end, and no caller left waiting. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

struct newer_config {
    rm_session_config known;
    uint64_t more;
};

static void wrong_arguments_are_refused(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    rm_session session = 7;
    rm_packet packet = RM_PACKET_INIT;
    CHECK_STATUS(rm_session_open(pipeline, NULL, &session), RM_ERR_NULL);
    how.struct_size--;
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_ARGUMENT, "sizeof(rm_session_config)");
    how = (rm_session_config){.struct_size = sizeof how, .on_error = 3};
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_ARGUMENT, "on_error");
    how = (rm_session_config){.struct_size = sizeof how, .flags = 1u << 31};
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_UNSUPPORTED, "flags");
    how = (rm_session_config){.struct_size = sizeof how, .input = runtime};
    CHECK_STATUS(rm_session_open(pipeline, &how, &session), RM_ERR_BAD_HANDLE);
    how = (rm_session_config){.struct_size = sizeof how, .output = 1};
    CHECK_STATUS(rm_session_open(pipeline, &how, &session), RM_ERR_BAD_HANDLE);
    how = (rm_session_config){.struct_size = sizeof how, .host = node};
    CHECK_STATUS(rm_session_open(pipeline, &how, &session), RM_ERR_BAD_HANDLE);
    struct newer_config newer = {.known = {.struct_size = sizeof newer}, .more = 1};
    CHECK_STATUS(rm_session_open(pipeline, &newer.known, &session), RM_ERR_UNSUPPORTED);
    CHECK_INT(session, 7);
    how = session_config();
    CHECK_CALLS(&recorder, "");
    CHECK_OK(rm_session_open(pipeline, &how, &session));
    CHECK_STATUS(rm_session_push(session, NULL, 0), RM_ERR_NULL);
    CHECK_STATUS(rm_session_pull(session, NULL, 0), RM_ERR_NULL);
    CHECK_STATUS(rm_session_pull(session, &packet, 0), RM_ERR_TIMEOUT);
    CHECK_STATUS(rm_session_error(session, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_session_metrics(session, NULL, 0, NULL), RM_ERR_NULL);
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorder);
}

static void one_that_cannot_be_handed_over_ends(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    CHECK_STATUS(rm_session_open(pipeline, &how, NULL), RM_ERR_NULL);
    finish(open_pipeline(pipeline, NULL));
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorder);
    CHECK(strchr(recorder.calls, 'c') != NULL); /* nobody keeps it from being cleaned up */
}

static rm_status wait_for_release(recorder *recorder, const rm_packet *packet)
{
    atomic_int *released = recorder->own;
    WAIT_FOR(atomic_load(released));
    return rm_call_emit(packet);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void waits_end_when_they_are_told_to(rm_runtime runtime)
{
    atomic_int released = 0;
    recorder recorder = RECORDER;
    recorder.process = wait_for_release;
    recorder.own = &released;
    rm_session_config how = session_config();
    how.capacity = 2;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    rm_packet packet = text("x");
    int pushed = 0;
    while (rm_session_push(session, &packet, 50 * MILLISECOND) == RM_OK)
        pushed++;
    CHECK(pushed >= 2 && pushed <= 4); /* two on the edge, and up to two in the worker's hands */
    int64_t before = now();
    CHECK_REFUSED(rm_session_push(session, &packet, 100 * MILLISECOND), RM_ERR_TIMEOUT, "no room");
    CHECK_REFUSED(rm_session_pull(session, &packet, 100 * MILLISECOND), RM_ERR_TIMEOUT, "no output");
    CHECK_REFUSED(rm_session_wait(session, 100 * MILLISECOND), RM_ERR_TIMEOUT, "not ended");
    CHECK(now() - before >= 300 * MILLISECOND);
    CHECK_STATUS(rm_session_push(session, &packet, 0), RM_ERR_TIMEOUT);
    atomic_store(&released, 1);
    for (int i = 0; i < pushed; i++)
        expect_text(session, "x");
    finish(session);
    recorder_free(node, &recorder);
}

static void outputs_that_nobody_takes_hold_the_input_up(rm_runtime runtime)
{
    rm_session_config how = session_config();
    recorder recorder = RECORDER;
    how.capacity = 3;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    rm_packet packet = text("x");
    int pushed = 0, pulled = 0;
    while (rm_session_push(session, &packet, 200 * MILLISECOND) == RM_OK)
        pushed++;
    CHECK_INT(pushed, 6); /* three inputs and three outputs */
    CHECK_OK(rm_session_end(session));
    CHECK_STATUS(rm_session_wait(session, 10 * MILLISECOND), RM_ERR_TIMEOUT);
    while (rm_session_pull(session, &packet, PATIENCE) == RM_OK) {
        CHECK_INT(packet.index, pulled++);
        CHECK_OK(rm_buffer_free(packet.buffer));
    }
    CHECK_INT(pulled, pushed);
    CHECK_OK(rm_session_wait(session, PATIENCE));
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void an_end_is_an_end(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = text("x");
    push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    CHECK_OK(rm_session_end(session));
    CHECK_REFUSED(rm_session_push(session, &packet, PATIENCE), RM_ERR_STATE, "no more input");
    expect_text(session, "x");
    expect_end(session);
    expect_end(session);
    CHECK_OK(rm_session_wait(session, 0));
    CHECK_OK(rm_session_cancel(session)); /* too late to matter */
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ipfcd");
}

static void *pull_forever(void *session)
{
    rm_packet packet = RM_PACKET_INIT;
    CHECK_STATUS(rm_session_pull(*(rm_session *)session, &packet, -1), RM_ERR_CANCELLED);
    return NULL;
}

static void a_cancel_wakes_who_waits(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    pthread_t thread = start_thread(pull_forever, &session);
    nap(20 * MILLISECOND);
    CHECK_OK(rm_session_cancel(session));
    join_thread(thread);
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static atomic_int told[4];

static void note_event(void *unused, uint32_t event)
{
    (void)unused;
    atomic_fetch_add(&told[event], 1);
}

/* How a program with an event loop goes about it: nothing ever waits. */
static void whoever_tried_in_vain_is_told_when_to_try_again(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_session_config how = session_config();
    rm_packet packet = {.struct_size = sizeof packet}, pushed = text("x");
    how.capacity = 1;
    how.on_event = note_event;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    CHECK_STATUS(rm_session_pull(session, &packet, 0), RM_ERR_TIMEOUT);
    CHECK_INT(told[RM_EVENT_OUTPUT], 0);
    CHECK_OK(rm_session_push(session, &pushed, 0));
    WAIT_FOR(atomic_load(&told[RM_EVENT_OUTPUT]) == 1);
    int accepted = 0;
    while (rm_session_push(session, &pushed, 10 * MILLISECOND) == RM_OK) /* until every edge is full */
        accepted++;
    CHECK_INT(told[RM_EVENT_ROOM], 0);
    CHECK_OK(rm_session_pull(session, &packet, 0));
    CHECK_OK(rm_buffer_free(packet.buffer));
    WAIT_FOR(atomic_load(&told[RM_EVENT_ROOM]) == 1);
    CHECK_OK(rm_session_push(session, &pushed, 0));
    CHECK_INT(told[RM_EVENT_OUTPUT], 1); /* nobody asked again */
    CHECK_OK(rm_session_end(session));
    for (; accepted >= 0; accepted--) {
        CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
        CHECK_OK(rm_buffer_free(packet.buffer));
    }
    expect_end(session);
    WAIT_FOR(atomic_load(&told[RM_EVENT_ENDED]) == 1);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void count_end(void *user_data, uint32_t event)
{
    CHECK_INT(event, RM_EVENT_ENDED); /* nobody has tried anything in vain */
    atomic_fetch_add((atomic_int *)user_data, 1);
}

static void the_end_is_told_once_however_it_ends(rm_runtime runtime)
{
    enum { WELL, FAILED, NOT_STARTED, CANCELLED, FREED, WAYS };
    for (int way = 0; way < WAYS; way++) {
        recorder recorder = RECORDER;
        recorder.failing = way == FAILED ? 'p' : way == NOT_STARTED ? 'i' : '\0';
        atomic_int ends = 0;
        rm_session_config how = session_config();
        rm_packet packet = text("x");
        how.user_data = &ends;
        how.on_event = count_end;
        rm_node node = recorder_node(&recorder);
        rm_session session = open_node(runtime, node, &how);
        CHECK_INT(atomic_load(&ends), way == NOT_STARTED ? atomic_load(&ends) : 0);
        (void)rm_session_push(session, &packet, PATIENCE);
        if (way == WELL)
            CHECK_OK(rm_session_end(session));
        if (way == CANCELLED)
            CHECK_OK(rm_session_cancel(session));
        if (way == FREED)
            CHECK_OK(rm_session_free(session));
        WAIT_FOR(atomic_load(&ends) > 0);
        if (way != FREED)
            CHECK_OK(rm_session_free(session));
        recorder_free(node, &recorder);
        nap(5 * MILLISECOND);
        CHECK_INT(atomic_load(&ends), 1);
    }
}

enum { PUSHERS = 2, PUSHES = 2000 };

static void *push_many(void *session)
{
    for (int i = 0; i < PUSHES; i++)
        push_text(*(rm_session *)session, "x");
    return NULL;
}

static void two_threads_may_push(rm_runtime runtime)
{
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("pass"), TEXT("PassThrough"), NULL, 0));
    rm_session session = open_pipeline(pipeline, NULL);
    pthread_t threads[PUSHERS];
    for (int i = 0; i < PUSHERS; i++)
        threads[i] = start_thread(push_many, &session);
    for (uint64_t i = 0; i < (uint64_t)PUSHERS * PUSHES; i++) {
        rm_packet packet = RM_PACKET_INIT;
        CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
        CHECK_INT(packet.index, i); /* each input has a number, and the order is kept */
        CHECK_OK(rm_buffer_free(packet.buffer));
    }
    for (int i = 0; i < PUSHERS; i++)
        join_thread(threads[i]);
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

int main(void)
{
    RUN_ON(wrong_arguments_are_refused);
    RUN_ON(one_that_cannot_be_handed_over_ends);
    RUN_ON(waits_end_when_they_are_told_to);
    RUN_ON(outputs_that_nobody_takes_hold_the_input_up);
    RUN_ON(an_end_is_an_end);
    RUN_ON(a_cancel_wakes_who_waits);
    RUN_ON(the_end_is_told_once_however_it_ends);
    RUN_ON(whoever_tried_in_vain_is_told_when_to_try_again);
    RUN_ON(two_threads_may_push);
    return 0;
}
