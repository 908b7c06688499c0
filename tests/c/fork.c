/* Forks: the child has none of our threads, so it gets an answer instead of a wait. */

#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* What the child does with the parent's handles. Every answer is the same, and comes at once. */
static void use_in_child(rm_runtime runtime, rm_pipeline pipeline, rm_session session, rm_ring ring)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_session_config how = session_config();
    rm_packet packet = text("x");
    uint64_t handle = 7;
    CHECK_INT(rm_session_push(session, &packet, -1), RM_ERR_FORKED);
    CHECK_INT(rm_session_pull(session, &packet, -1), RM_ERR_FORKED);
    CHECK_INT(rm_session_wait(session, -1), RM_ERR_FORKED);
    CHECK_INT(rm_session_open(pipeline, &how, &handle), RM_ERR_FORKED);
    CHECK_INT(rm_session_free(session), RM_ERR_FORKED);
    CHECK_INT(rm_ring_try_push(ring, &packet), RM_ERR_FORKED);
    CHECK_INT(rm_ring_free(ring), RM_ERR_FORKED);
    CHECK_INT(rm_debug_live(0, &handle), RM_ERR_FORKED);
    CHECK_INT(rm_pipeline_free(pipeline), RM_ERR_FORKED);
    CHECK_INT(rm_runtime_shutdown(runtime, -1, NULL), RM_ERR_FORKED);
    CHECK_INT(rm_runtime_free(runtime), RM_ERR_FORKED);
    CHECK_INT(rm_runtime_new(&config, &handle), RM_ERR_FORKED);
    CHECK_INT(handle, 7);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* Forks, has the child use the handles and leave by `exit`, and sees that it did so within a second. */
static void fork_and_use(rm_runtime runtime, rm_pipeline pipeline, rm_session session, rm_ring ring)
{
    fflush(stdout);
    int64_t before = now();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(10);
        use_in_child(runtime, pipeline, session, ring);
        CHECK(now() - before < SECOND);
        exit(42); /* with everything that `exit` calls */
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 42);
}

static void a_child_is_told_and_the_parent_goes_on(void)
{
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session session = open_pipeline(pipeline, NULL);
    rm_ring_config config = {.struct_size = sizeof config, .direction = RM_RING_INPUT, .size = 1};
    rm_ring ring = 0;
    CHECK_OK(rm_ring_new(session, &config, &ring));
    push_text(session, "before");
    for (int i = 0; i < 5; i++)
        fork_and_use(runtime, pipeline, session, ring);
    CHECK_OK(rm_ring_free(ring));
    push_text(session, "after");
    expect_text(session, "before");
    expect_text(session, "after");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
    stop(runtime);
    CHECK_CALLS(&recorder, "ippfcd");
}

static void the_child_can_ask_why(void)
{
    rm_runtime runtime = start();
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK_INT(rm_session_end(1), RM_ERR_FORKED);
        CHECK(strstr(last_error(), "forked") != NULL);
        _exit(42);
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 42);
    stop(runtime);
}

static rm_status fork_inside(recorder *recorder, const rm_packet *packet)
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        _exit(rm_call_emit(packet) == RM_ERR_FORKED ? 42 : 1);
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    recorder->count = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return rm_call_emit(packet);
}

static void a_callback_may_fork(void)
{
    recorder recorder = RECORDER;
    recorder.process = fork_inside;
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
    stop(runtime);
    CHECK_CALLS(&recorder, "ipfcd");
    CHECK_INT(recorder.count, 42);
}

int main(void)
{
    RUN(a_child_is_told_and_the_parent_goes_on);
    RUN(the_child_can_ask_why);
    RUN(a_callback_may_fork);
    return 0;
}
