/* Sources: nodes that make packets by themselves, in a pipeline, or in the place of push; and nodes in that of pull. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static rm_status count_down(recorder *recorder)
{
    char digit = (char)('0' + recorder->count);
    rm_packet packet = text("");
    packet.data = &digit;
    packet.size = 1;
    CHECK_OK(rm_call_emit(&packet));
    return --recorder->count > 0 ? RM_MORE : RM_OK;
}

static rm_node make_source(recorder *recorder, int count)
{
    rm_node_callbacks callbacks = recorder_callbacks(recorder);
    recorder->resume = count_down;
    recorder->count = count;
    callbacks.flags = RM_NODE_SOURCE;
    return make_node(&callbacks);
}

static void a_source_runs_by_itself(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_packet packet = text("x");
    rm_node node = make_source(&recorder, 3);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_REFUSED(rm_session_push(session, &packet, 0), RM_ERR_STATE, "takes no input");
    expect_text(session, "3");
    expect_text(session, "2");
    expect_text(session, "1");
    expect_end(session);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "irrrcd");
}

static void a_source_waits_for_room(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_session_config how = session_config();
    how.capacity = 2;
    rm_node node = make_source(&recorder, 9);
    rm_session session = open_node(runtime, node, &how);
    CHECK_CALLS(&recorder, "irr");
    nap(10 * MILLISECOND);
    CHECK_CALLS(&recorder, "irr");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "irrcd");
}

static void a_source_that_fails_ends_the_session(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.failing = 'r';
    rm_node node = make_source(&recorder, 9);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "Node 'a' failed: r is broken");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    CHECK_CALLS(&recorder, "ircd");
}

static void a_source_takes_no_edge(rm_runtime runtime)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    rm_node nodes[] = {recorder_node(&recorders[0]), make_source(&recorders[1], 1)};
    rm_pipeline pipeline = make_chain(runtime, nodes, 2);
    rm_session_config how = session_config();
    rm_session session = 7;
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "'b' is a source");
    CHECK_INT(session, 7);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(nodes[0]));
    CHECK_OK(rm_node_free(nodes[1]));
    CHECK_CALLS(&recorders[0], "d");
    CHECK_CALLS(&recorders[1], "d");
}

static rm_status keep(recorder *recorder, const rm_packet *packet)
{
    CHECK(recorder->count < 8);
    ((char *)recorder->own)[recorder->count++] = *(const char *)packet->data;
    return RM_OK;
}

static void nodes_may_stand_for_push_and_pull(rm_runtime runtime)
{
    char kept[8] = "";
    recorder source = RECORDER, middle = RECORDER, sink = RECORDER;
    sink.process = keep;
    sink.own = kept;
    rm_session_config how = session_config();
    rm_node node = recorder_node(&middle);
    rm_packet packet = text("x");
    how.input = make_source(&source, 5);
    how.output = recorder_node(&sink);
    rm_session session = open_node(runtime, node, &how);
    CHECK_STATUS(rm_session_push(session, &packet, 0), RM_ERR_STATE);
    CHECK_OK(rm_session_wait(session, PATIENCE));
    expect_end(session); /* there was nothing to pull */
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(how.input));
    CHECK_OK(rm_node_free(how.output));
    CHECK_OK(rm_node_free(node));
    CHECK_TEXT(kept, "54321");
    CHECK_CALLS(&source, "irrrrrcd");
    CHECK_CALLS(&middle, "ipppppfcd");
    CHECK_CALLS(&sink, "ipppppfcd");
}

/* A pipeline that takes no input, and an input for it. */
static void open_with_needless_input(rm_runtime runtime, uint32_t flags, rm_status status)
{
    recorder inner = RECORDER, outer = RECORDER;
    rm_session_config how = session_config();
    rm_node node = make_source(&inner, 1);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session session = 0;
    how.input = make_source(&outer, 1);
    how.flags = flags;
    CHECK_STATUS(rm_session_open(pipeline, &how, &session), status);
    if (status == RM_OK) {
        expect_text(session, "1");
        finish(session);
    }
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
    CHECK_OK(rm_node_free(how.input));
    CHECK_CALLS(&inner, status == RM_OK ? "ircd" : "d");
    CHECK_CALLS(&outer, "d");
}

static void input_that_nobody_takes_may_be_left_out(rm_runtime runtime)
{
    open_with_needless_input(runtime, RM_SESSION_INPUT_OPTIONAL, RM_OK);
}

static void input_that_nobody_takes_is_refused(rm_runtime runtime)
{
    open_with_needless_input(runtime, 0, RM_ERR_ARGUMENT);
}

static void an_input_must_be_a_source(rm_runtime runtime)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    rm_session_config how = session_config();
    rm_node node = recorder_node(&recorders[0]);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session session = 0;
    how.input = recorder_node(&recorders[1]);
    CHECK(rm_session_open(pipeline, &how, &session) < 0);
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorders[0]);
    recorder_free(how.input, &recorders[1]);
}

int main(void)
{
    RUN_ON(a_source_runs_by_itself);
    RUN_ON(a_source_waits_for_room);
    RUN_ON(a_source_that_fails_ends_the_session);
    RUN_ON(a_source_takes_no_edge);
    RUN_ON(nodes_may_stand_for_push_and_pull);
    RUN_ON(input_that_nobody_takes_may_be_left_out);
    RUN_ON(input_that_nobody_takes_is_refused);
    RUN_ON(an_input_must_be_a_source);
    return 0;
}
