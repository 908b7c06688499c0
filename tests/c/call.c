/* Calls: what the library answers inside a callback, and what it answers to the same outside of one. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static void outside_of_a_callback_they_are_refused(void)
{
    rm_packet packet = text("x");
    uint64_t out = 7;
    CHECK_REFUSED(rm_call_emit(&packet), RM_ERR_REENTRANT, "inside a callback");
    CHECK_STATUS(rm_call_fail(TEXT("no"), NULL), RM_ERR_REENTRANT);
    CHECK_STATUS(rm_call_defer(&out), RM_ERR_REENTRANT);
    CHECK_STATUS(rm_call_tag(&out), RM_ERR_REENTRANT);
    uint32_t cancelled = 7;
    CHECK_STATUS(rm_call_cancelled(&cancelled), RM_ERR_REENTRANT);
    CHECK_INT(out, 7);
    CHECK_INT(cancelled, 7);
}

static void *call_from_thread(void *unused)
{
    (void)unused;
    outside_of_a_callback_they_are_refused();
    return NULL;
}

static rm_status call_from_another_thread(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    join_thread(start_thread(call_from_thread, NULL));
    return rm_call_emit(packet);
}

static void on_another_thread_they_are_refused(rm_runtime runtime)
{
    rm_node node = make_processor(call_from_another_thread, NULL);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status call_wrongly(void *user_data, const rm_packet *packet)
{
    static const char bad[] = {'a', (char)0xff};
    (void)user_data;
    CHECK_STATUS(rm_call_emit(NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_call_defer(NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_call_tag(NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_call_cancelled(NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_call_fail(NULL, 1, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_call_fail(bad, sizeof bad, NULL), RM_ERR_UTF8);
    CHECK_STATUS(rm_call_fail("x", SIZE_MAX, NULL), RM_ERR_ARGUMENT);
    return rm_call_emit(packet);
}

static void wrong_arguments_change_nothing(rm_runtime runtime)
{
    rm_node node = make_processor(call_wrongly, NULL);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status change_its_mind(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    CHECK_OK(rm_call_fail(TEXT("first"), NULL));
    CHECK_OK(rm_call_fail(TEXT("second"), NULL));
    return packet->size == 0 ? RM_ERR_NODE : rm_call_emit(packet);
}

static void only_the_status_fails_a_call(rm_runtime runtime)
{
    rm_node node = make_processor(change_its_mind, NULL);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    push_text(session, "");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "Node 'a' failed: second (at input 1)");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

static rm_status tell_tag(void *user_data, const rm_packet *packet)
{
    (void)packet;
    return rm_call_tag(user_data);
}

static void the_tag_tells_sessions_apart(rm_runtime runtime)
{
    uint64_t tag = 0;
    rm_session_config how = session_config();
    rm_node node = make_processor(tell_tag, &tag);
    for (how.tag = UINT64_MAX - 2; how.tag != 0; how.tag++) {
        rm_session session = open_node(runtime, node, &how);
        push_text(session, "x");
        finish(session);
        CHECK_INT(tag, how.tag);
    }
    CHECK_OK(rm_node_free(node));
}

static rm_status emit_too_early(void *user_data)
{
    rm_packet packet = text("early");
    *(rm_status *)user_data = rm_call_emit(&packet);
    return RM_OK;
}

static void before_the_first_packet_nothing_can_be_emitted(rm_runtime runtime)
{
    rm_status status = RM_OK;
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .user_data = &status, .initialize = emit_too_early};
    rm_node node = make_node(&callbacks);
    finish(open_node(runtime, node, NULL));
    CHECK_OK(rm_node_free(node));
    CHECK_INT(status, RM_ERR_REENTRANT);
}

/* A whole pipeline of its own, inside a callback: its output is passed on. */
static rm_status run_another(void *user_data, const rm_packet *packet)
{
    rm_runtime runtime = *(rm_runtime *)user_data;
    recorder recorder = RECORDER;
    rm_node nodes[2] = {recorder_node(&recorder), make_processor(call_wrongly, NULL)};
    rm_session session = open_chain(runtime, nodes, 2, NULL);
    rm_packet output = RM_PACKET_INIT;
    CHECK_OK(rm_session_push(session, packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &output, PATIENCE));
    rm_status status = rm_call_emit(&output);
    CHECK_OK(rm_buffer_free(output.buffer));
    finish(session);
    CHECK_OK(rm_node_free(nodes[0]));
    CHECK_OK(rm_node_free(nodes[1]));
    CHECK_CALLS(&recorder, "ipfcd");
    return status;
}

static void a_callback_may_use_the_whole_library(rm_runtime runtime)
{
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION, .threads = 1};
    rm_runtime narrow = 0;
    CHECK_OK(rm_runtime_new(&config, &narrow));
    rm_runtime on[] = {runtime, narrow};
    for (int i = 0; i < 2; i++) {
        rm_node node = make_processor(run_another, &on[i]);
        rm_session session = open_node(on[i], node, NULL);
        for (int round = 0; round < 5; round++) {
            push_text(session, "through two pipelines");
            expect_text(session, "through two pipelines");
        }
        finish(session);
        CHECK_OK(rm_node_free(node));
    }
    stop(narrow);
}

static rm_status stop_from_inside(void *user_data, const rm_packet *packet)
{
    uint32_t stuck = 0;
    CHECK_STATUS(rm_runtime_shutdown(*(rm_runtime *)user_data, 10 * MILLISECOND, &stuck), RM_ERR_REENTRANT);
    return rm_call_emit(packet);
}

static void a_callback_cannot_stop_the_runtime(rm_runtime runtime)
{
    rm_node node = make_processor(stop_from_inside, &runtime);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status end_from_inside(recorder *recorder, const rm_packet *packet)
{
    rm_session session = *(rm_session *)recorder->own;
    CHECK_STATUS(rm_session_wait(session, MILLISECOND), RM_ERR_REENTRANT);
    CHECK_OK(packet->size == 1 ? rm_session_end(session) : rm_session_cancel(session));
    CHECK_OK(rm_session_free(session));
    return rm_call_emit(packet);
}

static void a_callback_may_let_go_of_its_session(rm_runtime runtime)
{
    static const char *const inputs[] = {"1", "22"};
    for (int i = 0; i < 2; i++) {
        recorder recorder = RECORDER;
        rm_session session = 0;
        recorder.process = end_from_inside;
        recorder.own = &session;
        rm_node node = recorder_node(&recorder);
        session = open_node(runtime, node, NULL);
        push_text(session, inputs[i]);
        CHECK_OK(rm_node_free(node));
        CHECK_CALLS(&recorder, "ipcd");
    }
}

static uint32_t is_cancelled(void)
{
    uint32_t cancelled = 7;
    CHECK_OK(rm_call_cancelled(&cancelled));
    CHECK(cancelled <= 1);
    return cancelled;
}

/* A call that goes on until nobody waits for it. */
static rm_status wait_for_cancel(recorder *recorder, const rm_packet *packet)
{
    (void)packet;
    CHECK(!is_cancelled());
    atomic_store((atomic_int *)recorder->own, 1);
    WAIT_FOR(is_cancelled());
    return RM_OK;
}

static rm_session open_long_call(rm_runtime runtime, recorder *recorder, rm_node *node, const char *options)
{
    recorder->process = wait_for_cancel;
    *node = recorder_node(recorder);
    rm_pipeline pipeline = make_chain(runtime, node, 1);
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), options, strlen(options)));
    rm_session session = open_pipeline(pipeline, NULL);
    CHECK_OK(rm_pipeline_free(pipeline));
    push_text(session, "x");
    WAIT_FOR(atomic_load((atomic_int *)recorder->own));
    return session;
}

static void a_long_call_learns_that_it_was_cancelled(rm_runtime runtime)
{
    atomic_int inside = 0;
    recorder recorder = RECORDER;
    recorder.own = &inside;
    rm_node node;
    rm_session session = open_long_call(runtime, &recorder, &node, "{}");
    CHECK_OK(rm_session_cancel(session));
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static void a_long_call_learns_that_it_was_left_behind(rm_runtime runtime)
{
    atomic_int inside = 0;
    recorder recorder = RECORDER;
    recorder.own = &inside;
    rm_node node;
    rm_session session = open_long_call(runtime, &recorder, &node, "{\"deadline_ms\": 20}");
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_DEADLINE);
    CHECK_CALLS(&recorder, "ipc");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN(outside_of_a_callback_they_are_refused);
    RUN_ON(on_another_thread_they_are_refused);
    RUN_ON(wrong_arguments_change_nothing);
    RUN_ON(only_the_status_fails_a_call);
    RUN_ON(the_tag_tells_sessions_apart);
    RUN_ON(before_the_first_packet_nothing_can_be_emitted);
    RUN_ON(a_callback_may_use_the_whole_library);
    RUN_ON(a_callback_cannot_stop_the_runtime);
    RUN_ON(a_callback_may_let_go_of_its_session);
    RUN_ON(a_long_call_learns_that_it_was_cancelled);
    RUN_ON(a_long_call_learns_that_it_was_left_behind);
    return 0;
}
