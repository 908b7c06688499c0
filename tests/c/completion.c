/* Completions: outcomes that come later, from any thread, once. */

#include "check.h"
#include "fixture.h"
#include "later.h"

static void *finish_later(void *user_data)
{
    rm_packet packet = text("later");
    CHECK_OK(rm_completion_finish(take(user_data), RM_OK, &packet));
    return NULL;
}

static void an_outcome_comes_from_another_thread(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_node node;
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    for (int i = 0; i < 3; i++) {
        pthread_t thread = start_thread(finish_later, &later);
        expect_text(session, "later");
        join_thread(thread);
        push_text(session, "x");
    }
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, NULL)); /* without a packet */
    finish(session);
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ippppfcd");
}

static void while_one_is_pending_nothing_else_is_processed(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_node node;
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    push_text(session, "y");
    CHECK_OK(rm_session_end(session));
    rm_completion completion = take(&later);
    nap(10 * MILLISECOND);
    CHECK_CALLS(&recorder, "ip");
    CHECK_OK(rm_completion_finish(completion, RM_OK, NULL));
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, NULL));
    expect_end(session);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ippfcd");
}

static rm_status defer_again(recorder *recorder)
{
    return recorder->count-- > 0 ? defer(recorder, NULL) : RM_OK;
}

static void more_may_come_later(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_packet packet = text("more");
    rm_node node;
    recorder.resume = defer_again;
    recorder.count = 2;
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(rm_completion_finish(take(&later), RM_MORE, &packet));
        expect_text(session, "more");
    }
    finish(session);
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "iprrrfcd");
}

static rm_status finish_at_once(recorder *recorder, const rm_packet *packet)
{
    rm_completion completion = 0;
    (void)recorder;
    CHECK_OK(rm_call_defer(&completion));
    CHECK_OK(rm_completion_finish(completion, RM_OK, packet));
    return RM_PENDING;
}

static void an_outcome_may_come_before_the_callback_returns(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = finish_at_once;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    for (int i = 0; i < 100; i++) {
        push_text(session, "x");
        expect_text(session, "x");
    }
    finish(session);
    recorder_free(node, &recorder);
}

/* How the one pending call of a session is ended, and what the session makes of it. */
static void end_by(rm_runtime runtime, void (*end)(rm_completion), rm_status status, const char *words)
{
    recorder recorder = RECORDER;
    later later = {0};
    rm_node node;
    rm_session session = open_deferring(runtime, &recorder, &later, &node);
    rm_completion completion = take(&later);
    end(completion);
    CHECK_STATUS(rm_completion_finish(completion, RM_OK, NULL), RM_ERR_BAD_HANDLE); /* dead, whatever came of it */
    CHECK_STATUS(rm_completion_fail(completion, TEXT("no"), NULL), RM_ERR_BAD_HANDLE);
    CHECK_STATUS(rm_completion_free(completion), RM_ERR_BAD_HANDLE);
    CHECK_OK(rm_session_end(session));
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), status, words);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, status == RM_OK ? "ipfcd" : "ipcd");
}

static void by_finish(rm_completion completion)
{
    CHECK_OK(rm_completion_finish(completion, RM_OK, NULL));
}

static void by_fail(rm_completion completion)
{
    CHECK_OK(rm_completion_fail(completion, TEXT("it rained"), NULL));
}

static void by_free(rm_completion completion)
{
    CHECK_OK(rm_completion_free(completion));
}

static void by_odd_status(rm_completion completion)
{
    CHECK_REFUSED(rm_completion_finish(completion, RM_PENDING, NULL), RM_ERR_ARGUMENT, "RM_OK or RM_MORE");
}

static void by_bad_text(rm_completion completion)
{
    CHECK_STATUS(rm_completion_fail(completion, "\xff", 1, NULL), RM_ERR_UTF8);
}

static void by_bad_packet(rm_completion completion)
{
    rm_packet packet = text("\xff");
    CHECK_STATUS(rm_completion_finish(completion, RM_OK, &packet), RM_ERR_UTF8);
}

static void each_is_used_once(rm_runtime runtime)
{
    end_by(runtime, by_finish, RM_OK, "");
    end_by(runtime, by_fail, RM_ERR_NODE, "Node 'a' failed: it rained (at input 0)");
    end_by(runtime, by_free, RM_ERR_NODE, "dropped its completion");
    end_by(runtime, by_odd_status, RM_ERR_NODE, "dropped its completion");
    end_by(runtime, by_bad_text, RM_ERR_NODE, "dropped its completion");
    end_by(runtime, by_bad_packet, RM_ERR_NODE, "dropped its completion");
}

static void every_callback_may_take_its_time(rm_runtime runtime)
{
    later later = {0};
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .user_data = &later,
        .initialize = answer_later,
        .flush = answer_later,
        .cleanup = answer_later,
    };
    rm_packet packet = text("flushed");
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, NULL));
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, &packet));
    CHECK_OK(rm_completion_finish(take(&later), RM_OK, NULL));
    expect_text(session, "flushed");
    expect_end(session);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
}

int main(void)
{
    RUN_ON(an_outcome_comes_from_another_thread);
    RUN_ON(while_one_is_pending_nothing_else_is_processed);
    RUN_ON(more_may_come_later);
    RUN_ON(an_outcome_may_come_before_the_callback_returns);
    RUN_ON(each_is_used_once);
    RUN_ON(every_callback_may_take_its_time);
    return 0;
}
