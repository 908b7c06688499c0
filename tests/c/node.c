/* Nodes: initialize, process, flush, cleanup, destroy, in this order and each as often as it must, on every path. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* As a program would see it that was compiled with a newer header. */
struct newer_callbacks {
    rm_node_callbacks known;
    uint64_t more;
};

static void wrong_arguments_are_refused_and_destroyed(void)
{
    recorder recorders[4] = {RECORDER, RECORDER, RECORDER, RECORDER};
    rm_node node = 7;
    rm_node_callbacks callbacks = recorder_callbacks(&recorders[0]);
    CHECK_REFUSED(rm_node_new(0, NULL, &node), RM_ERR_NULL, "rm_node_callbacks");
    CHECK_STATUS(rm_node_new(0, &callbacks, NULL), RM_ERR_NULL);
    CHECK_CALLS(&recorders[0], "d");
    callbacks = recorder_callbacks(&recorders[1]);
    CHECK_STATUS(rm_node_new(12345, &callbacks, &node), RM_ERR_BAD_HANDLE);
    CHECK_CALLS(&recorders[1], "d");
    callbacks = recorder_callbacks(&recorders[2]);
    callbacks.flags = 1u << 31 | RM_NODE_SOURCE;
    CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_UNSUPPORTED, "0x80000000");
    CHECK_CALLS(&recorders[2], "d");
    callbacks = recorder_callbacks(&recorders[3]);
    callbacks.process_object = &node;
    CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_ARGUMENT, "rm_object_table");
    CHECK_CALLS(&recorders[3], "d");
    CHECK_INT(node, 7);
}

static void a_size_that_is_wrong_is_refused(void)
{
    static const uint32_t sizes[] = {0, 4, sizeof(rm_node_callbacks) - 1, 4097, UINT32_MAX};
    recorder recorder = RECORDER;
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    rm_node node = 7;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        callbacks.struct_size = sizes[i];
        CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_ARGUMENT, "sizeof(rm_node_callbacks)");
    }
    struct newer_callbacks newer = {.known = recorder_callbacks(&recorder)};
    newer.known.struct_size = sizeof newer;
    CHECK_OK(rm_node_new(0, &newer.known, &node));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "d");
}

static void a_newer_one_is_refused_and_destroyed(void)
{
    recorder recorder = RECORDER;
    struct newer_callbacks newer = {.known = recorder_callbacks(&recorder), .more = 1};
    rm_node node = 7;
    newer.known.struct_size = sizeof newer;
    CHECK_STATUS(rm_node_new(0, &newer.known, &node), RM_ERR_UNSUPPORTED);
    CHECK_INT(node, 7);
    CHECK_CALLS(&recorder, "d");
}

static void one_that_never_runs_is_destroyed(rm_runtime runtime)
{
    recorder alone = RECORDER, added = RECORDER;
    CHECK_OK(rm_node_free(recorder_node(&alone)));
    CHECK_CALLS(&alone, "d");
    rm_node node = recorder_node(&added);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&added, ""); /* the pipeline has it */
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_CALLS(&added, "d");
}

/* Runs two packets through a node, of which the callback of a letter fails, and sees how it is called. */
static void fail_at(rm_runtime runtime, char letter, rm_status status, const char *message, const char *calls)
{
    recorder recorder = RECORDER;
    recorder.failing = letter;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = text("x");
    for (int i = 0; i < 2; i++) {
        rm_status pushed = rm_session_push(session, &packet, PATIENCE);
        CHECK(pushed == RM_OK || pushed == status);
    }
    CHECK_OK(rm_session_end(session));
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), status, message);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    CHECK_CALLS(&recorder, calls);
}

static void the_order_holds_whatever_fails(rm_runtime runtime)
{
    fail_at(runtime, '\0', RM_OK, "", "ippfcd");
    fail_at(runtime, 'i', RM_ERR_NODE, "Node 'a' failed: i is broken", "icd");
    fail_at(runtime, 'p', RM_ERR_NODE, "Node 'a' failed: p is broken (at input 0)", "ipcd");
    fail_at(runtime, 'f', RM_ERR_NODE, "Node 'a' failed: f is broken", "ippfcd");
    fail_at(runtime, 'c', RM_OK, "", "ippfcd");
}

static void the_order_holds_when_nobody_waits(rm_runtime runtime)
{
    recorder freed = RECORDER, cancelled = RECORDER;
    rm_node nodes[] = {recorder_node(&freed), recorder_node(&cancelled)};
    rm_session sessions[] = {open_node(runtime, nodes[0], NULL), open_node(runtime, nodes[1], NULL)};
    push_text(sessions[0], "x");
    recorder_await(&freed, 'p');
    CHECK_OK(rm_session_free(sessions[0]));
    CHECK_CALLS(&freed, "ipc");
    recorder_await(&cancelled, 'i');
    CHECK_OK(rm_session_cancel(sessions[1]));
    CHECK_OK(rm_session_cancel(sessions[1]));
    CHECK_STATUS(rm_session_wait(sessions[1], PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(sessions[1]));
    CHECK_CALLS(&cancelled, "ic");
    CHECK_OK(rm_node_free(nodes[0]));
    CHECK_OK(rm_node_free(nodes[1]));
    CHECK_CALLS(&freed, "ipcd");
    CHECK_CALLS(&cancelled, "icd");
}

static void when_one_cannot_start_all_are_cleaned_up(rm_runtime runtime)
{
    recorder recorders[3] = {RECORDER, RECORDER, RECORDER};
    recorders[1].failing = 'i';
    rm_node nodes[3];
    for (int i = 0; i < 3; i++)
        nodes[i] = recorder_node(&recorders[i]);
    rm_session session = open_chain(runtime, nodes, 3, NULL);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "Node 'b' failed: i is broken");
    CHECK_OK(rm_session_free(session));
    for (int i = 0; i < 3; i++)
        CHECK_OK(rm_node_free(nodes[i]));
    CHECK_CALLS(&recorders[0], "icd");
    CHECK_CALLS(&recorders[1], "icd");
    CHECK_CALLS(&recorders[2], "d"); /* once for each `initialize`, of which there was none */
}

static void callbacks_may_be_null(rm_runtime runtime)
{
    rm_node_callbacks none = RM_NODE_CALLBACKS_INIT;
    rm_node node = make_node(&none);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "swallowed");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status count_down(recorder *recorder)
{
    char digit = (char)('0' + recorder->count);
    rm_packet packet = text("");
    packet.data = &digit;
    packet.size = 1;
    CHECK_OK(rm_call_emit(&packet));
    return --recorder->count > 0 ? RM_MORE : RM_OK;
}

static rm_status begin_count_down(recorder *recorder, const rm_packet *packet)
{
    recorder->count = *(const char *)packet->data - '0';
    return RM_MORE;
}

static void more_is_resumed_before_the_next_packet(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = begin_count_down;
    recorder.resume = count_down;
    rm_session_config how = session_config();
    how.capacity = 1; /* so that it stops after each output until that is taken */
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, &how);
    push_text(session, "3");
    push_text(session, "2");
    CHECK_CALLS(&recorder, "ipr");
    static const char *const expected[] = {"3", "2", "1", "2", "1"};
    for (int i = 0; i < 5; i++)
        expect_text(session, expected[i]);
    finish(session);
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "iprrrprrfcd");
}

static rm_status answer(void *user_data, const rm_packet *packet)
{
    (void)packet;
    return *(const rm_status *)user_data;
}

static void odd_answers_are_failures(rm_runtime runtime)
{
    static rm_status answers[] = {RM_END, 4, INT32_MAX, INT32_MIN, -7, RM_PENDING};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        rm_node node = make_processor(answer, &answers[i]);
        rm_session session = open_node(runtime, node, NULL);
        push_text(session, "x");
        const char *why = answers[i] == RM_PENDING ? "without having taken a completion" : "without saying why";
        CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, why);
        CHECK_OK(rm_session_free(session));
        CHECK_OK(rm_node_free(node));
    }
}

static rm_status hand_on(void *user_data, const rm_packet *packet)
{
    rm_packet nonsense = RM_PACKET_INIT;
    (void)user_data, (void)packet;
    nonsense.kind = 99;
    return rm_call_emit(&nonsense);
}

static rm_status say_why(void *user_data, const rm_packet *packet)
{
    rm_status status = hand_on(user_data, packet);
    CHECK_OK(rm_call_fail(TEXT("not today"), NULL));
    return status;
}

static rm_status answer_otherwise(void *user_data, const rm_packet *packet)
{
    CHECK_STATUS(hand_on(user_data, packet), RM_ERR_ARGUMENT);
    return RM_ERR_NODE;
}

static rm_status answer_what_failed_before(void *user_data, const rm_packet *packet)
{
    int *calls = user_data;
    if ((*calls)++ > 0)
        return RM_ERR_ARGUMENT;
    CHECK_STATUS(hand_on(user_data, packet), RM_ERR_ARGUMENT);
    return RM_OK;
}

static void the_reason_of_a_status_that_is_handed_on_is_told(rm_runtime runtime)
{
    static const struct {
        rm_status (*process)(void *user_data, const rm_packet *packet);
        rm_status status;
        const char *why;
    } cases[] = {
        {hand_on, RM_ERR_ARGUMENT, "rm_call_emit: packet.kind is 99"},
        {say_why, RM_ERR_ARGUMENT, ": not today"},
        {answer_otherwise, RM_ERR_NODE, "without saying why"},
        {answer_what_failed_before, RM_ERR_ARGUMENT, "without saying why"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int calls = 0;
        rm_node node = make_processor(cases[i].process, &calls);
        rm_session session = open_node(runtime, node, NULL);
        push_text(session, "x");
        if (cases[i].process == answer_what_failed_before)
            push_text(session, "y");
        CHECK_REFUSED(rm_session_wait(session, PATIENCE), cases[i].status, cases[i].why);
        CHECK_OK(rm_session_free(session));
        CHECK_OK(rm_node_free(node));
    }
}

static void what_it_does_not_accept_is_refused(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    callbacks.accepts = 1u << RM_KIND_AUDIO | 1u << RM_KIND_BYTES;
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_INPUT, "expected audio or bytes, got text");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "icd");
}

int main(void)
{
    RUN(wrong_arguments_are_refused_and_destroyed);
    RUN(a_size_that_is_wrong_is_refused);
    RUN(a_newer_one_is_refused_and_destroyed);
    RUN_ON(one_that_never_runs_is_destroyed);
    RUN_ON(the_order_holds_whatever_fails);
    RUN_ON(the_order_holds_when_nobody_waits);
    RUN_ON(when_one_cannot_start_all_are_cleaned_up);
    RUN_ON(callbacks_may_be_null);
    RUN_ON(more_is_resumed_before_the_next_packet);
    RUN_ON(odd_answers_are_failures);
    RUN_ON(the_reason_of_a_status_that_is_handed_on_is_told);
    RUN_ON(what_it_does_not_accept_is_refused);
    return 0;
}
