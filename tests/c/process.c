/* Nodes in a process of their own. The process is this very program: with an argument it is the worker. */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

static const char *program;

/* The worker's side */

static rm_status shout(void *user_data, const rm_packet *packet)
{
    char words[64];
    (void)user_data;
    if (packet->size == 3 && memcmp(packet->data, "die", 3) == 0)
        raise(SIGKILL);
    if (packet->size == 4 && memcmp(packet->data, "hang", 4) == 0)
        nap(60 * SECOND);
    if (packet->size == 4 && memcmp(packet->data, "fail", 4) == 0) {
        CHECK_OK(rm_call_fail(TEXT("not that"), NULL));
        return RM_ERR_INPUT;
    }
    if (packet->size == 5 && memcmp(packet->data, "twice", 5) == 0)
        CHECK_OK(rm_call_emit(packet));
    snprintf(words, sizeof words, "%.*s!", (int)packet->size, (const char *)packet->data);
    rm_packet output = text(words);
    output.pts = packet->pts;
    return rm_call_emit(&output);
}

static int serve(int socket)
{
    rm_runtime runtime = start();
    rm_service service = 0;
    rm_packet payload = RM_PACKET_INIT;
    rm_node input = 0, output = 0, node = make_processor(shout, NULL);
    CHECK_OK(rm_service_join(socket, &service, &payload));
    if (payload.size == 6 && memcmp(payload.data, "refuse", 6) == 0) {
        CHECK_OK(rm_service_fail(service, TEXT("no such node"), 0, NULL));
        return 1;
    }
    CHECK_INT(payload.size, 5);
    CHECK(memcmp(payload.data, "shout", 5) == 0);
    CHECK_OK(rm_buffer_free(payload.buffer));
    CHECK_OK(rm_service_log(service, 20, TEXT("worker"), TEXT("ready to shout")));
    CHECK_OK(rm_service_nodes(service, 0, 0, NULL, 0, NULL, 0, &input, &output));
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    how.input = input;
    how.output = output;
    how.on_error = RM_ON_ERROR_COLLECT;
    rm_session session = 0;
    CHECK_OK(rm_session_open(pipeline, &how, &session));
    rm_status status = rm_session_wait(session, -1);
    return status == RM_OK || status == RM_ERR_CANCELLED ? 0 : 1;
}

/* The parent's side */

typedef struct log {
    int records;
    char text[64];
} log;

static void on_log(void *user_data, uint32_t level, const char *name, size_t name_size, const char *words, size_t size)
{
    log *log = user_data;
    CHECK_INT(level, 20);
    CHECK(name_size == 6 && memcmp(name, "worker", 6) == 0);
    snprintf(log->text, sizeof log->text, "%.*s", (int)size, words);
    __atomic_fetch_add(&log->records, 1, __ATOMIC_RELEASE);
}

static rm_status pack_shout(void *user_data)
{
    (void)user_data;
    CHECK_OK(rm_call_part("sho", 3));
    return rm_call_part("ut", 2);
}

static rm_status pack_refuse(void *user_data)
{
    (void)user_data;
    return rm_call_part("refuse", 6);
}

static rm_status pack_nothing(void *user_data)
{
    (void)user_data;
    CHECK_OK(rm_call_fail(TEXT("cannot be packed"), NULL));
    return RM_ERR_NODE;
}

static rm_process_config config(void)
{
    static char command[4096];
    rm_process_config config = {.struct_size = sizeof config, .pack = pack_shout};
    /* With the zero bytes that end the two. */
    int size = snprintf(command, sizeof command, "%s%c%s%c", program, 0, "--worker", 0);
    config.command = command;
    config.command_size = (size_t)size;
    return config;
}

static rm_node process(const rm_process_config *config)
{
    rm_node node = 0;
    CHECK_OK(rm_process_new(0, config, &node));
    return node;
}

static void calls_are_made_there(rm_runtime runtime)
{
    log log = {0};
    rm_process_config how = config();
    how.on_log = on_log;
    how.user_data = &log;
    rm_node node = process(&how);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "one");
    expect_text(session, "one!");
    push_text(session, "twice");
    expect_text(session, "twice");
    expect_text(session, "twice!");
    rm_packet packet = text("timed"), output = {.struct_size = sizeof output};
    packet.pts = 42;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &output, PATIENCE));
    CHECK_INT(output.pts, 42);
    CHECK_OK(rm_buffer_free(output.buffer));
    finish(session);
    CHECK_INT(log.records, 1);
    CHECK_TEXT(log.text, "ready to shout");
    /* And once more: another process. */
    session = open_node(runtime, node, NULL);
    push_text(session, "two");
    expect_text(session, "two!");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static void large_payloads_cross(rm_runtime runtime)
{
    static char bytes[3 << 20];
    rm_process_config how = config();
    rm_node node = process(&how);
    rm_session session = open_node(runtime, node, NULL);
    for (int round = 0; round < 5; round++) {
        memset(bytes, 'a' + round, sizeof bytes);
        memcpy(bytes, "long", 4);
        rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_BYTES, .pts = RM_TIME_NONE};
        packet.data = bytes;
        packet.size = sizeof bytes;
        rm_packet output = RM_PACKET_INIT;
        CHECK_OK(rm_session_push(session, &packet, PATIENCE));
        CHECK_OK(rm_session_pull(session, &output, PATIENCE));
        CHECK_INT(output.size, 63); /* as much as fits the worker's words */
        CHECK(memcmp(output.data, bytes, 63) == 0);
        CHECK_OK(rm_buffer_free(output.buffer));
    }
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static void a_failure_comes_back(rm_runtime runtime)
{
    rm_process_config how = config();
    rm_session_config collect = session_config();
    collect.on_error = RM_ON_ERROR_COLLECT;
    rm_node node = process(&how);
    rm_session session = open_node(runtime, node, &collect);
    push_text(session, "fail");
    expect_failure(session, "not that");
    push_text(session, "on");
    expect_text(session, "on!");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static void a_death_is_told(rm_runtime runtime)
{
    rm_process_config how = config();
    rm_node node = process(&how);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "die");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "killed by signal 9 (SIGKILL)");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

static void expect_failure_with(rm_session session, const char *words)
{
    char message[256];
    rm_packet output = RM_PACKET_INIT;
    CHECK_OK(rm_session_pull(session, &output, PATIENCE));
    CHECK_INT(output.kind, RM_KIND_FAILURE);
    snprintf(message, sizeof message, "%.*s", (int)output.size, (const char *)output.data);
    CHECK(strstr(message, words) != NULL);
    CHECK_OK(rm_buffer_free(output.buffer));
}

static void one_that_has_died_is_started_again(rm_runtime runtime)
{
    rm_process_config how = config();
    rm_session_config collect = session_config();
    collect.on_error = RM_ON_ERROR_COLLECT;
    how.restarts = 2;
    how.restart_delay = MILLISECOND;
    rm_node node = process(&how);
    rm_session session = open_node(runtime, node, &collect);
    for (int round = 0; round < 3; round++) {
        push_text(session, "before");
        expect_text(session, "before!");
        push_text(session, "die");
        expect_failure_with(session, "SIGKILL");
    }
    push_text(session, "after");
    expect_failure_with(session, "started again 2 times");
    CHECK_OK(rm_session_cancel(session));
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

static void one_that_hangs_is_killed(rm_runtime runtime)
{
    rm_process_config how = config();
    rm_node node = process(&how);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), TEXT("{\"deadline_ms\": 200}")));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "hang");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_DEADLINE, "its process was killed");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static void expect_no_start(rm_runtime runtime, const rm_process_config *how, const char *words)
{
    rm_node node = process(how);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, words);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

static void what_cannot_start_says_why(rm_runtime runtime)
{
    rm_process_config how = config();
    how.pack = pack_refuse;
    expect_no_start(runtime, &how, "no such node");
    how.pack = pack_nothing;
    expect_no_start(runtime, &how, "cannot be packed");
    how = config();
    how.command = "/nowhere/at/all";
    how.command_size = sizeof "/nowhere/at/all";
    expect_no_start(runtime, &how, "/nowhere/at/all");
    how.command = "/bin/false";
    how.command_size = sizeof "/bin/false";
    expect_no_start(runtime, &how, "exited with status 1, before its node was ready");
}

static void a_config_that_makes_no_sense_is_refused(void)
{
    rm_node node = 7;
    rm_process_config how = config();
    how.command_size = 0;
    CHECK_REFUSED(rm_process_new(0, &how, &node), RM_ERR_ARGUMENT, "no program");
    how = config();
    how.flags = 1u << 31;
    CHECK_STATUS(rm_process_new(0, &how, &node), RM_ERR_UNSUPPORTED);
    how = config();
    how.start_timeout = -1;
    CHECK_REFUSED(rm_process_new(0, &how, &node), RM_ERR_ARGUMENT, "start_timeout");
    CHECK_STATUS(rm_process_new(0, NULL, &node), RM_ERR_NULL);
    CHECK_STATUS(rm_process_new(99, &how, &node), RM_ERR_BAD_HANDLE);
    CHECK_INT(node, 7);
    rm_service service = 7;
    rm_packet payload = RM_PACKET_INIT;
    CHECK_STATUS(rm_service_join(-1, &service, &payload), RM_ERR_ARGUMENT);
    CHECK_STATUS(rm_service_join(dup(0), &service, &payload), RM_ERR_ARGUMENT);
    int taken_over = dup(0);
    CHECK_STATUS(rm_service_join(taken_over, NULL, &payload), RM_ERR_NULL);
    CHECK_INT(fcntl(taken_over, F_GETFD), -1);
    CHECK_INT(service, 7);
    CHECK_STATUS(rm_call_part("x", 1), RM_ERR_REENTRANT);
}

int main(int count, char **arguments)
{
    program = arguments[0];
    if (count == 3 && strcmp(arguments[1], "--worker") == 0)
        return serve(atoi(arguments[2]));
    RUN_ON(calls_are_made_there);
    RUN_ON(large_payloads_cross);
    RUN_ON(a_failure_comes_back);
    RUN_ON(a_death_is_told);
    RUN_ON(one_that_has_died_is_started_again);
    RUN_ON(one_that_hangs_is_killed);
    RUN_ON(what_cannot_start_says_why);
    RUN(a_config_that_makes_no_sense_is_refused);
    return 0;
}
