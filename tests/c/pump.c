/* Hosts with an event loop: their calls are made by rm_pump, on the loop's own thread. */

#include <poll.h>
#include <unistd.h>

#include "check.h"
#include "fake_host.h"
#include "fixture.h"
#include "recorder.h"

static pthread_t loop_thread;
static int wakes[2];
static atomic_int asked;

/* Any thread: the loop is to pump once. */
static rm_status wake(void *user_data)
{
    (void)user_data;
    atomic_fetch_add(&asked, 1);
    CHECK(write(wakes[1], "!", 1) == 1);
    return RM_OK;
}

static int wait_for_wake(int64_t timeout)
{
    struct pollfd one = {.fd = wakes[0], .events = POLLIN};
    char byte;
    if (poll(&one, 1, (int)(timeout / MILLISECOND)) == 0)
        return 0;
    CHECK(read(wakes[0], &byte, 1) == 1);
    return 1;
}

/* The event loop, until something is true. */
#define LOOP_UNTIL(condition)                  \
    do {                                       \
        while (!(condition)) {                 \
            CHECK(wait_for_wake(PATIENCE));    \
            CHECK_OK(rm_pump(host.handle, SECOND)); \
        }                                      \
    } while (0)

static void start_pumping(host *host, rm_runtime runtime)
{
    rm_host_callbacks callbacks = host_callbacks(host, 0);
    callbacks.hire = wake;
    CHECK_OK(rm_host_new(runtime, &callbacks, &host->handle));
    atomic_store(&asked, 0);
    while (wait_for_wake(0))
        ;
}

static rm_status on_the_loop(recorder *recorder, const rm_packet *packet)
{
    CHECK(pthread_equal(pthread_self(), loop_thread));
    recorder->count++;
    CHECK_REFUSED(rm_pump(*(rm_host *)recorder->own, 0), RM_ERR_REENTRANT, "inside a callback");
    return rm_call_emit(packet);
}

static rm_node node_on_the_loop(const host *host, recorder *recorder)
{
    recorder->process = on_the_loop;
    recorder->own = (void *)&host->handle;
    return recorder_node_of(host->handle, recorder);
}

static void calls_come_when_the_loop_pumps(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    start_pumping(&host, runtime);
    rm_node node = node_on_the_loop(&host, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    nap(5 * MILLISECOND);
    CHECK_TEXT(recorder.calls, ""); /* nobody else makes them */
    CHECK_INT(asked, 1);
    for (int round = 0; round < 20; round++) {
        push_text(session, "x");
        rm_packet output = RM_PACKET_INIT;
        rm_status status = rm_session_pull(session, &output, 0);
        for (; status == RM_ERR_TIMEOUT; status = rm_session_pull(session, &output, 0)) {
            CHECK(wait_for_wake(PATIENCE));
            CHECK_OK(rm_pump(host.handle, SECOND));
        }
        CHECK_OK(status);
        CHECK_OK(rm_buffer_free(output.buffer));
    }
    CHECK_OK(rm_session_end(session));
    LOOP_UNTIL(rm_session_wait(session, 0) == RM_OK);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_INT(recorder.count, 20);
    CHECK(atomic_load(&asked) <= 30); /* asked for once for each time that there is something, not for each call */
    CHECK_OK(rm_host_free(host.handle));
    recorder_await(&recorder, 'd');
}

static void a_budget_ends_a_pump(rm_runtime runtime)
{
    host host;
    recorder recorders[2] = {RECORDER, RECORDER};
    start_pumping(&host, runtime);
    rm_node nodes[2];
    rm_session sessions[2];
    for (int i = 0; i < 2; i++) {
        nodes[i] = node_on_the_loop(&host, &recorders[i]);
        sessions[i] = open_node(runtime, nodes[i], NULL);
        push_text(sessions[i], "x");
    }
    CHECK_INT(rm_pump(host.handle, 0), RM_MORE); /* one session, and there are two */
    int pumps = 1;
    while (rm_pump(host.handle, 0) == RM_MORE)
        pumps++;
    CHECK(pumps < 10);
    for (int i = 0; i < 2; i++) {
        expect_text(sessions[i], "x");
        CHECK_OK(rm_session_end(sessions[i]));
    }
    LOOP_UNTIL(rm_session_wait(sessions[0], 0) == RM_OK && rm_session_wait(sessions[1], 0) == RM_OK);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(rm_session_free(sessions[i]));
        CHECK_OK(rm_node_free(nodes[i]));
    }
    CHECK_OK(rm_host_free(host.handle));
}

/* One that waits in the library would wait for itself. */
static void a_thread_that_pumps_does_so_while_it_waits(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    start_pumping(&host, runtime);
    CHECK_OK(rm_pump(host.handle, 0));
    rm_node node = node_on_the_loop(&host, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_ready(session, PATIENCE));
    push_text(session, "x");
    CHECK_REFUSED(rm_session_wait(session, 3 * MILLISECOND), RM_ERR_TIMEOUT, "has not ended");
    expect_text(session, "x");
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    CHECK_OK(rm_session_wait(session, PATIENCE));
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_OK(rm_host_free(host.handle));
    CHECK_CALLS(&recorder, "ipfcd");
}

static void shutting_down_cleans_up_on_the_loop(void)
{
    host host;
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    start_pumping(&host, runtime);
    rm_node node = node_on_the_loop(&host, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    LOOP_UNTIL(rm_session_ready(session, 0) == RM_OK);
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_TEXT(recorder.calls, "ic");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_OK(rm_host_free(host.handle));
    CHECK_OK(rm_runtime_free(runtime));
    CHECK_CALLS(&recorder, "icd");
}

static void what_cannot_be_pumped_is_refused(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, 0);
    CHECK_REFUSED(rm_pump(host.handle, 0), RM_ERR_STATE, "set 'hire'");
    CHECK_OK(rm_host_free(host.handle));
    CHECK_STATUS(rm_pump(host.handle, 0), RM_ERR_BAD_HANDLE);
    CHECK_STATUS(rm_pump(runtime, 0), RM_ERR_BAD_HANDLE);
    start_pumping(&host, runtime);
    CHECK_REFUSED(rm_pump(host.handle, -1), RM_ERR_ARGUMENT, "the budget is -1");
    CHECK_OK(rm_pump(host.handle, 0)); /* nothing to do */
    CHECK_OK(rm_host_free(host.handle));
}

int main(void)
{
    loop_thread = pthread_self();
    CHECK(pipe(wakes) == 0);
    RUN_ON(calls_come_when_the_loop_pumps);
    RUN_ON(a_budget_ends_a_pump);
    RUN_ON(a_thread_that_pumps_does_so_while_it_waits);
    RUN(shutting_down_cleans_up_on_the_loop);
    RUN_ON(what_cannot_be_pumped_is_refused);
    return 0;
}
