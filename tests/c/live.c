/* Sessions that live long: changed, flushed, watched and traced while they run. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "later.h"
#include "recorder.h"

static rm_status shout(recorder *recorder, const rm_packet *packet)
{
    char words[16];
    (void)recorder;
    snprintf(words, sizeof words, "%.*s!", (int)packet->size, (const char *)packet->data);
    rm_packet output = text(words);
    return rm_call_emit(&output);
}

static void nodes_come_and_go(rm_runtime runtime)
{
    recorder recorders[3] = {RECORDER, RECORDER, RECORDER};
    recorders[1].process = shout;
    recorders[2].process = shout;
    rm_node nodes[3];
    for (int i = 0; i < 3; i++)
        nodes[i] = recorder_node(&recorders[i]);
    rm_session session = open_node(runtime, nodes[0], NULL);
    push_text(session, "1");
    expect_text(session, "1");
    CHECK_OK(rm_session_insert(session, TEXT("loud"), nodes[1], TEXT("a"), NULL, 0, PATIENCE));
    push_text(session, "2");
    expect_text(session, "2!");
    CHECK_OK(rm_session_insert(session, TEXT("louder"), nodes[2], NULL, 0, TEXT("a"), PATIENCE));
    push_text(session, "3");
    expect_text(session, "3!!");
    CHECK_OK(rm_session_remove(session, TEXT("loud"), PATIENCE));
    push_text(session, "4");
    expect_text(session, "4!");
    recorder_free(nodes[1], &recorders[1]); /* while the session runs on */
    CHECK_CALLS(&recorders[1], "ippfcd");
    CHECK_REFUSED(rm_session_remove(session, TEXT("loud"), PATIENCE), RM_ERR_GRAPH, "no node 'loud'");
    CHECK_REFUSED(rm_session_insert(session, TEXT("a"), nodes[0], TEXT("a"), NULL, 0, PATIENCE), RM_ERR_GRAPH,
                  "Duplicate node id");
    CHECK_REFUSED(rm_session_insert(session, TEXT("b"), nodes[0], TEXT("a"), NULL, 0, PATIENCE), RM_ERR_GRAPH,
                  "in the session already");
    finish(session);
    recorder_free(nodes[0], &recorders[0]);
    recorder_free(nodes[2], &recorders[2]);
    CHECK_CALLS(&recorders[0], "ippppfcd");
    CHECK_CALLS(&recorders[2], "ippfcd");
}

static void one_node_takes_the_place_of_another(rm_runtime runtime)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    recorders[1].process = shout;
    rm_node nodes[2] = {recorder_node(&recorders[0]), recorder_node(&recorders[1])};
    rm_session session = open_node(runtime, nodes[0], NULL);
    push_text(session, "1");
    expect_text(session, "1");
    CHECK_OK(rm_session_replace(session, TEXT("a"), nodes[1], PATIENCE));
    recorder_free(nodes[0], &recorders[0]);
    push_text(session, "2");
    expect_text(session, "2!");
    finish(session);
    recorder_free(nodes[1], &recorders[1]);
    CHECK_CALLS(&recorders[0], "ipfcd");
    CHECK_CALLS(&recorders[1], "ipfcd");
}

static void a_node_that_cannot_start_changes_nothing(rm_runtime runtime)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    recorders[1].failing = 'i';
    rm_node nodes[2] = {recorder_node(&recorders[0]), recorder_node(&recorders[1])};
    rm_session session = open_node(runtime, nodes[0], NULL);
    CHECK_REFUSED(rm_session_replace(session, TEXT("a"), nodes[1], PATIENCE), RM_ERR_NODE, "i is broken");
    recorder_free(nodes[1], &recorders[1]);
    push_text(session, "1");
    expect_text(session, "1");
    finish(session);
    recorder_free(nodes[0], &recorders[0]);
    CHECK_CALLS(&recorders[1], "icd");
}

static rm_status keep(recorder *recorder, const rm_packet *packet)
{
    recorder->count += (int)packet->size;
    return RM_OK;
}

static rm_status give(void *user_data)
{
    recorder *recorder = user_data;
    char words[16];
    snprintf(words, sizeof words, "%d", recorder->count);
    rm_packet packet = text(words);
    return rm_call_emit(&packet);
}

static void a_flush_brings_out_what_is_held_back(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = keep;
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    callbacks.flush = give;
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "abc");
    CHECK_OK(rm_session_flush(session, PATIENCE));
    expect_text(session, "3");
    push_text(session, "de");
    CHECK_OK(rm_session_flush(session, PATIENCE));
    CHECK_OK(rm_session_flush(session, PATIENCE));
    expect_text(session, "5");
    expect_text(session, "5");
    CHECK_OK(rm_session_end(session));
    expect_text(session, "5");
    expect_end(session);
    CHECK_REFUSED(rm_session_flush(session, PATIENCE), RM_ERR_STATE, "takes no more input");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
}

static rm_status wait_for_release(recorder *recorder, const rm_packet *packet)
{
    WAIT_FOR(atomic_load((atomic_int *)recorder->own));
    return rm_call_emit(packet);
}

static void what_takes_too_long_is_left_behind(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    atomic_int release = 0;
    recorder.process = wait_for_release;
    recorder.own = &release;
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), TEXT("{\"deadline_ms\": 20}")));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "x");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_DEADLINE, "Node 'a' failed: the call has not returned");
    CHECK_TEXT(recorder.calls, "ip"); /* still inside */
    atomic_store(&release, 1);
    CHECK_CALLS(&recorder, "ipc");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorder);
}

static atomic_int stalls;

static void count_stall(void *unused, uint32_t event)
{
    (void)unused;
    atomic_fetch_add(&stalls, event == RM_EVENT_STALLED);
}

/* A text of the session, which the caller frees. */
static char *read_text(rm_status (*read)(rm_session, char *, size_t, size_t *), rm_session session)
{
    size_t length = 0, room = 1 << 16;
    char *buffer = malloc(room);
    CHECK_OK(read(session, buffer, room, &length));
    CHECK(length < room);
    buffer[length] = '\0';
    return buffer;
}

static void a_session_that_stands_still_says_why(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    atomic_int release = 0;
    recorder.process = wait_for_release;
    recorder.own = &release;
    rm_session_config how = session_config();
    how.stall = 20 * MILLISECOND;
    how.on_event = count_stall;
    how.trace = 16;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    push_text(session, "x");
    WAIT_FOR(atomic_load(&stalls) > 0);
    char *report = read_text(rm_session_report, session);
    CHECK(strstr(report, "\"activity\":\"running\"") != NULL && strstr(report, "\"call\":\"process\"") != NULL);
    free(report);
    char *metrics = read_text(rm_session_metrics, session);
    CHECK(strstr(metrics, "node 'a' has been in process for") != NULL);
    free(metrics);
    atomic_store(&release, 1);
    expect_text(session, "x");
    char *trace = read_text(rm_session_trace, session);
    CHECK(strstr(trace, "\"traceEvents\"") != NULL && strstr(trace, "\"call\":\"initialize\"") != NULL);
    free(trace);
    finish(session);
    recorder_free(node, &recorder);
}

static atomic_int readies;

static void count_ready(void *unused, uint32_t event)
{
    (void)unused;
    atomic_fetch_add(&readies, event == RM_EVENT_READY);
}

static rm_session open_getting_ready(rm_runtime runtime, later *later, rm_node *node)
{
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .user_data = later,
        .initialize = answer_later,
    };
    *node = make_node(&callbacks);
    rm_session_config how = session_config();
    how.on_event = count_ready;
    atomic_store(&readies, 0);
    return open_node(runtime, *node, &how);
}

static void a_session_is_ready_when_its_nodes_are(rm_runtime runtime)
{
    later later = {0};
    rm_node node;
    rm_session session = open_getting_ready(runtime, &later, &node);
    CHECK_REFUSED(rm_session_ready(session, 0), RM_ERR_TIMEOUT, "not ready within the time given");
    rm_completion completion = take(&later);
    CHECK_REFUSED(rm_session_ready(session, MILLISECOND), RM_ERR_TIMEOUT, "not ready within the time given");
    CHECK(atomic_load(&readies) == 0);
    CHECK_OK(rm_completion_finish(completion, RM_OK, NULL));
    CHECK_OK(rm_session_ready(session, PATIENCE));
    WAIT_FOR(atomic_load(&readies) == 1); /* told once, although it was asked twice */
    CHECK_OK(rm_session_ready(session, 0));
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    CHECK_OK(rm_session_ready(session, 0));
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK(atomic_load(&readies) == 1);
}

static void a_session_that_cannot_get_ready_says_why(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.failing = 'i';
    rm_node broken = recorder_node(&recorder);
    rm_session session = open_node(runtime, broken, NULL);
    CHECK_REFUSED(rm_session_ready(session, PATIENCE), RM_ERR_NODE, "Node 'a' failed: i is broken");
    CHECK_OK(rm_session_free(session));
    recorder_free(broken, &recorder);

    later later = {0};
    rm_node node;
    session = open_getting_ready(runtime, &later, &node);
    rm_completion completion = take(&later);
    CHECK_OK(rm_session_cancel(session));
    CHECK_REFUSED(rm_session_ready(session, PATIENCE), RM_ERR_CANCELLED, "was cancelled");
    CHECK_OK(rm_session_free(session));
    CHECK_REFUSED(rm_session_ready(session, 0), RM_ERR_BAD_HANDLE, "session");
    CHECK_OK(rm_completion_free(completion));
    CHECK_OK(rm_node_free(node));
}

int main(void)
{
    RUN_ON(nodes_come_and_go);
    RUN_ON(one_node_takes_the_place_of_another);
    RUN_ON(a_node_that_cannot_start_changes_nothing);
    RUN_ON(a_flush_brings_out_what_is_held_back);
    RUN_ON(what_takes_too_long_is_left_behind);
    RUN_ON(a_session_that_stands_still_says_why);
    RUN_ON(a_session_is_ready_when_its_nodes_are);
    RUN_ON(a_session_that_cannot_get_ready_says_why);
    return 0;
}
