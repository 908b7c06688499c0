/* Shutdown: everything ends, and what does not is reported. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static rm_status stick(recorder *recorder, const rm_packet *packet)
{
    (void)packet;
    atomic_int *release = recorder->own;
    WAIT_FOR(atomic_load(release));
    return RM_OK;
}

static rm_session shut_down_while_stuck(rm_runtime runtime, recorder *recorder, atomic_int *release)
{
    recorder->process = stick;
    recorder->own = release;
    rm_node node = recorder_node(recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    recorder_await(recorder, 'p');
    uint32_t stuck = 0;
    CHECK_REFUSED(rm_runtime_shutdown(runtime, 10 * MILLISECOND, &stuck), RM_ERR_TIMEOUT, "inside a callback");
    CHECK_INT(stuck, 1);
    CHECK_STATUS(rm_runtime_shutdown(runtime, 0, NULL), RM_ERR_TIMEOUT);
    CHECK_OK(rm_node_free(node));
    return session;
}

static void a_stuck_callback_is_reported(void)
{
    atomic_int release = 0;
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_session session = shut_down_while_stuck(runtime, &recorder, &release);
    CHECK_STATUS(rm_session_wait(session, 0), RM_ERR_TIMEOUT);
    atomic_store(&release, 1);
    WAIT_FOR(rm_runtime_shutdown(runtime, 0, NULL) == RM_OK);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_runtime_free(runtime));
}

static void a_stuck_session_ends_once_it_can(void)
{
    atomic_int release = 0;
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_session session = shut_down_while_stuck(runtime, &recorder, &release);
    atomic_store(&release, 1);
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_runtime_free(runtime));
    CHECK_CALLS(&recorder, "ipcd");
}

static void shutdown_cancels_what_runs(void)
{
    recorder recorder = RECORDER;
    rm_packet packet = text("late");
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    recorder_await(&recorder, 'p');
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_CALLS(&recorder, "ipc");
    CHECK_STATUS(rm_session_push(session, &packet, PATIENCE), RM_ERR_CANCELLED);
    CHECK_STATUS(rm_session_pull(session, &packet, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL)); /* again does nothing */
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ipcd");
    CHECK_OK(rm_runtime_free(runtime));
}

static void after_a_shutdown_nothing_is_opened(void)
{
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    rm_session session = 0;
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_STATUS(rm_session_open(pipeline, &how, &session), RM_ERR_STATE);
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorder);
    CHECK_OK(rm_runtime_free(runtime));
}

static void sessions_outlive_the_handle_of_the_runtime(void)
{
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session session = open_pipeline(pipeline, NULL);
    CHECK_OK(rm_runtime_free(runtime)); /* shuts down */
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
    /* Cancelled before, during or after `initialize`. */
    recorder_await(&recorder, 'd');
    CHECK(strcmp(recorder.calls, "icd") == 0 || strcmp(recorder.calls, "d") == 0);
}

int main(void)
{
    RUN(a_stuck_callback_is_reported);
    RUN(a_stuck_session_ends_once_it_can);
    RUN(shutdown_cancels_what_runs);
    RUN(after_a_shutdown_nothing_is_opened);
    RUN(sessions_outlive_the_handle_of_the_runtime);
    return 0;
}
