/* Workers: threads that a host lends, and what is called on them and on no others. */

#include "check.h"
#include "fixture.h"
#include "fake_host.h"
#include "recorder.h"

static rm_status expect_worker(recorder *recorder, const rm_packet *packet)
{
    (void)recorder;
    CHECK(on_worker());
    return rm_call_emit(packet);
}

static rm_status on_worker_only(void *user_data)
{
    (void)user_data;
    CHECK(on_worker());
    return RM_OK;
}

static void nodes_are_called_on_lent_threads(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    recorder.process = expect_worker;
    host_start(&host, runtime, LENDS);
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    callbacks.initialize = callbacks.flush = callbacks.cleanup = on_worker_only;
    rm_node node = 0;
    CHECK_OK(rm_node_new(host.handle, &callbacks, &node));
    CHECK_INT(host_hired(&host), 0); /* not before there is work */
    rm_session session = open_node(runtime, node, NULL);
    for (int i = 0; i < 100; i++) {
        push_text(session, "x");
        expect_text(session, "x");
    }
    CHECK(host_hired(&host) >= 1);
    CHECK(host_hired(&host) <= 4); /* one at work, and few to take over */
    finish(session);
    recorder_free(node, &recorder);
    host_stop(&host);
}

static void without_lent_threads_the_library_calls(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, 0);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    recorder_free(node, &recorder);
    CHECK_INT(host_hired(&host), 0);
    host_stop(&host);
}

static rm_status meet(recorder *recorder, const rm_packet *packet)
{
    atomic_int *present = recorder->own;
    atomic_fetch_add(present, 1);
    WAIT_FOR(atomic_load(present) >= 3);
    return rm_call_emit(packet);
}

static void others_take_over_from_one_that_is_stuck(rm_runtime runtime)
{
    enum { SESSIONS = 3 };
    host host;
    atomic_int present = 0;
    recorder recorders[SESSIONS] = {RECORDER, RECORDER, RECORDER};
    rm_node nodes[SESSIONS];
    rm_session sessions[SESSIONS];
    host_start(&host, runtime, LENDS);
    for (int i = 0; i < SESSIONS; i++) {
        recorders[i].process = meet; /* none returns before all are inside */
        recorders[i].own = &present;
        nodes[i] = recorder_node_of(host.handle, &recorders[i]);
        sessions[i] = open_node(runtime, nodes[i], NULL);
        push_text(sessions[i], "x");
    }
    for (int i = 0; i < SESSIONS; i++) {
        expect_text(sessions[i], "x");
        finish(sessions[i]);
        recorder_free(nodes[i], &recorders[i]);
    }
    CHECK(host_hired(&host) >= SESSIONS);
    host_stop(&host);
}

static rm_status lend_again(void *user_data, const rm_packet *packet)
{
    CHECK_REFUSED(rm_worker_run(((host *)user_data)->handle), RM_ERR_REENTRANT, "inside a callback");
    return rm_call_emit(packet);
}

static void a_thread_is_lent_once(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS);
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .user_data = &host, .process = lend_again};
    rm_node node = 0;
    CHECK_OK(rm_node_new(host.handle, &callbacks, &node));
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static void end_on_worker(void *user_data, uint32_t event)
{
    CHECK_INT(event, RM_EVENT_ENDED);
    atomic_store((atomic_int *)user_data, on_worker() ? 1 : -1);
}

static void events_are_told_by_a_worker(rm_runtime runtime)
{
    host host;
    atomic_int ended = 0;
    rm_pipeline pipeline = 0;
    rm_session_config how = session_config();
    host_start(&host, runtime, LENDS);
    how.host = host.handle;
    how.user_data = &ended;
    how.on_event = end_on_worker;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("x"), TEXT("PassThrough"), NULL, 0));
    finish(open_pipeline(pipeline, &how));
    WAIT_FOR(atomic_load(&ended) != 0);
    CHECK_INT(ended, 1);
    CHECK_OK(rm_pipeline_free(pipeline));
    host_stop(&host);
}

static void shutdown_has_all_of_them_return(void)
{
    host host;
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    host_start(&host, runtime, LENDS);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    recorder_await(&recorder, 'p');
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    for (int i = 0; i < host_hired(&host); i++)
        join_thread(host.threads[i]);
    host.hired = 0; /* joined */
    CHECK_OK(rm_worker_run(host.handle)); /* nothing is left to do */
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ipcd");
    host_stop(&host);
    CHECK_OK(rm_runtime_free(runtime));
}

int main(void)
{
    RUN_ON(nodes_are_called_on_lent_threads);
    RUN_ON(without_lent_threads_the_library_calls);
    RUN_ON(others_take_over_from_one_that_is_stuck);
    RUN_ON(a_thread_is_lent_once);
    RUN_ON(events_are_told_by_a_worker);
    RUN(shutdown_has_all_of_them_return);
    return 0;
}
