/* Hosts: how they are made known, and what becomes of their nodes when they let them down. */

#include "check.h"
#include "fake_host.h"
#include "fixture.h"
#include "recorder.h"

static void wrong_arguments_are_refused(rm_runtime runtime)
{
    host host;
    rm_host handle = 7;
    rm_object_table table = RM_OBJECT_TABLE_INIT;
    rm_host_callbacks callbacks = RM_HOST_CALLBACKS_INIT;
    CHECK_STATUS(rm_host_new(runtime, NULL, &handle), RM_ERR_NULL);
    CHECK_REFUSED(rm_host_new(runtime, &callbacks, &handle), RM_ERR_NULL, "'retain' and 'release'");
    callbacks.struct_size--;
    CHECK_REFUSED(rm_host_new(runtime, &callbacks, &handle), RM_ERR_ARGUMENT, "sizeof(rm_host_callbacks)");
    CHECK_INT(handle, 7);
    host_start(&host, runtime, 0);
    CHECK_REFUSED(rm_worker_run(host.handle), RM_ERR_STATE, "lends no threads");
    rm_node_callbacks node = {.struct_size = sizeof node, .process_object = &table};
    CHECK_REFUSED(rm_node_new(host.handle, &node, &handle), RM_ERR_ARGUMENT, "rm_object_table");
    host_stop(&host);
}

static int destroyed;

static void count_destroy(void *user_data)
{
    (void)user_data;
    destroyed++;
}

static void ignore(void *user_data, void *object)
{
    (void)user_data, (void)object;
}

static void a_host_that_is_refused_is_destroyed(rm_runtime runtime)
{
    rm_object_table table = RM_OBJECT_TABLE_INIT;
    const rm_host_callbacks good = {
        .struct_size = sizeof good, .destroy = count_destroy, .retain = ignore, .release = ignore};
    rm_host_callbacks callbacks = good;
    rm_host host = 7;
    destroyed = 0;
    CHECK_STATUS(rm_host_new(1, &good, &host), RM_ERR_BAD_HANDLE);
    CHECK_INT(destroyed, 1);
    CHECK_STATUS(rm_host_new(runtime, &good, NULL), RM_ERR_NULL);
    CHECK_INT(destroyed, 2);
    callbacks.retain = NULL;
    CHECK_STATUS(rm_host_new(runtime, &callbacks, &host), RM_ERR_NULL);
    CHECK_INT(destroyed, 3);
    callbacks = good;
    callbacks.objects = &table;
    CHECK_REFUSED(rm_host_new(runtime, &callbacks, &host), RM_ERR_NULL, "rm_object_table must be set");
    CHECK_INT(destroyed, 4);
    table.struct_size = 8;
    CHECK_REFUSED(rm_host_new(runtime, &callbacks, &host), RM_ERR_ARGUMENT, "sizeof(rm_object_table)");
    CHECK_INT(destroyed, 5);
    CHECK_INT(host, 7);
}

static void nodes_of_a_host_that_is_gone_fail(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = text("x");
    recorder_await(&recorder, 'i');
    host_free(&host);
    (void)rm_session_push(session, &packet, 0);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_STATE, "lends no thread");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    host_is_gone(&host);
}

static void a_host_that_lends_nobody_fails_its_sessions(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    atomic_store(&host.refusals, 1000);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_STATE, "lends no thread");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
    CHECK_CALLS(&recorder, "d");
}

static void a_worker_that_was_refused_is_asked_for_again(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    atomic_store(&host.refusals, 1);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    recorder_free(node, &recorder);
    host_stop(&host);
}

int main(void)
{
    RUN_ON(wrong_arguments_are_refused);
    RUN_ON(a_host_that_is_refused_is_destroyed);
    RUN_ON(nodes_of_a_host_that_is_gone_fail);
    RUN_ON(a_host_that_lends_nobody_fails_its_sessions);
    RUN_ON(a_worker_that_was_refused_is_asked_for_again);
    return 0;
}
