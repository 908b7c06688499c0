/* Late: completions that come after the session has given them up, which it does not wait for. */

#include "check.h"
#include "fixture.h"
#include "later.h"

static void after_a_cancel_it_is_too_late(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_packet packet = text("late");
    rm_node node;
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    rm_completion completion = take(&later);
    CHECK_OK(rm_session_cancel(session));
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED); /* without waiting for the outcome */
    CHECK_CALLS(&recorder, "ipc");
    CHECK_REFUSED(rm_completion_finish(completion, RM_OK, &packet), RM_ERR_CANCELLED, "cancelled");
    CHECK_STATUS(rm_completion_finish(completion, RM_OK, &packet), RM_ERR_BAD_HANDLE);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ipcd");
}

static void after_a_session_it_is_too_late(void)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_node node;
    rm_runtime runtime = start();
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    rm_completion completion = take(&later);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ipcd");
    stop(runtime); /* did not wait for it either */
    rm_status status = rm_completion_fail(completion, TEXT("late"), NULL);
    CHECK(status == RM_ERR_CANCELLED || status == RM_ERR_STATE);
}

static rm_status defer_and_answer(void *user_data, const rm_packet *packet)
{
    rm_completion completion = 0;
    CHECK_OK(rm_call_defer(&completion));
    *(rm_completion *)user_data = completion;
    return rm_call_emit(packet);
}

static void one_that_is_not_waited_for_is_given_up(rm_runtime runtime)
{
    rm_completion completion = 0;
    rm_node node = make_processor(defer_and_answer, &completion);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    CHECK_REFUSED(rm_completion_finish(completion, RM_OK, NULL), RM_ERR_STATE, "given up");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static void a_start_that_is_pending_can_be_cancelled(rm_runtime runtime)
{
    later later = {0};
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .user_data = &later, .initialize = answer_later};
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    rm_completion completion = take(&later);
    CHECK_OK(rm_session_cancel(session));
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_completion_free(completion));
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

/* The node stands in the pipeline twice, and is cancelled while the second place is pending. */
static void a_node_that_stands_twice_is_cleaned_up(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    later later = {0};
    recorder.process = defer;
    recorder.own = &later;
    rm_packet packet = text("x");
    rm_node node = recorder_node(&recorder), nodes[2] = {node, node};
    rm_session session = open_chain(runtime, nodes, 2, NULL);
    push_text(session, "x");
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, &packet));
    rm_completion completion = take(&later);
    CHECK_OK(rm_session_cancel(session));
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_CALLS(&recorder, "ippc");
    CHECK_STATUS(rm_completion_free(completion), RM_OK);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ippcd");
}

int main(void)
{
    RUN_ON(after_a_cancel_it_is_too_late);
    RUN(after_a_session_it_is_too_late);
    RUN_ON(one_that_is_not_waited_for_is_given_up);
    RUN_ON(a_start_that_is_pending_can_be_cancelled);
    RUN_ON(a_node_that_stands_twice_is_cleaned_up);
    return 0;
}
