/* Pipelines: what is a graph and what is not, and how it is loaded. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static const char bad_utf8[] = {'a', (char)0xc3, (char)0x28};

static rm_pipeline make_pipeline(rm_runtime runtime)
{
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    return pipeline;
}

static void wrong_arguments_are_refused(rm_runtime runtime)
{
    rm_pipeline pipeline = make_pipeline(runtime);
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    rm_node node = make_node(&callbacks);
    CHECK_STATUS(rm_pipeline_new(runtime, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_pipeline_add_node(pipeline, TEXT("x"), 0), RM_ERR_BAD_HANDLE);
    CHECK_STATUS(rm_pipeline_add_node(pipeline, TEXT("x"), pipeline), RM_ERR_BAD_HANDLE);
    CHECK_STATUS(rm_pipeline_add_node(pipeline, NULL, 1, node), RM_ERR_NULL);
    CHECK_STATUS(rm_pipeline_add_node(pipeline, bad_utf8, sizeof bad_utf8, node), RM_ERR_UTF8);
    CHECK_REFUSED(rm_pipeline_add_node(pipeline, "x", SIZE_MAX, node), RM_ERR_ARGUMENT, "more than memory");
    CHECK_REFUSED(rm_pipeline_add_node(pipeline, NULL, 0, node), RM_ERR_GRAPH, "empty id");
    CHECK_STATUS(rm_pipeline_add_type(pipeline, TEXT("x"), NULL, 1, NULL, 0), RM_ERR_NULL);
    CHECK_STATUS(rm_pipeline_add_type(pipeline, TEXT("x"), bad_utf8, sizeof bad_utf8, NULL, 0), RM_ERR_UTF8);
    CHECK_STATUS(rm_pipeline_add_type(pipeline, TEXT(""), TEXT("PassThrough"), NULL, 0), RM_ERR_GRAPH);
    CHECK_STATUS(rm_pipeline_connect(pipeline, NULL, 1, TEXT("x"), NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_pipeline_connect(pipeline, TEXT("x"), bad_utf8, sizeof bad_utf8, NULL), RM_ERR_UTF8);
    CHECK_STATUS(rm_pipeline_load(pipeline, NULL, 1), RM_ERR_NULL);
    CHECK_STATUS(rm_pipeline_load(pipeline, bad_utf8, sizeof bad_utf8), RM_ERR_UTF8);
    CHECK_STATUS(rm_pipeline_load(pipeline, "{", (size_t)PTRDIFF_MAX + 1), RM_ERR_ARGUMENT);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static void add_pass(rm_pipeline pipeline, const char *id)
{
    CHECK_OK(rm_pipeline_add_type(pipeline, id, strlen(id), TEXT("PassThrough"), NULL, 0));
}

static void graphs_that_cannot_run_are_refused(rm_runtime runtime)
{
    rm_session_config how = session_config();
    rm_pipeline pipeline = make_pipeline(runtime);
    rm_session session = 7;
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "empty");
    add_pass(pipeline, "one");
    add_pass(pipeline, "two");
    CHECK_REFUSED(rm_pipeline_add_type(pipeline, TEXT("two"), TEXT("PassThrough"), NULL, 0), RM_ERR_GRAPH, "'two'");
    CHECK_REFUSED(rm_pipeline_connect(pipeline, TEXT("one"), TEXT("twoo"), NULL), RM_ERR_GRAPH, "did you mean 'two'?");
    CHECK_REFUSED(rm_pipeline_connect(pipeline, TEXT("three"), TEXT("two"), NULL), RM_ERR_GRAPH, "unknown source node");
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("one"), TEXT("two"), NULL));
    CHECK_REFUSED(rm_pipeline_connect(pipeline, TEXT("one"), TEXT("two"), NULL), RM_ERR_GRAPH, "twice");
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("two"), TEXT("one"), NULL));
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "cycle");
    CHECK_INT(session, 7);
    CHECK_OK(rm_pipeline_free(pipeline));
}

static void formats_that_cannot_meet_are_refused(rm_runtime runtime)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .emits = 1u << RM_KIND_TEXT};
    rm_node node = make_node(&callbacks);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    rm_session session = 7;
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("resample"), TEXT("FastResampleNode"), NULL, 0));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("a"), TEXT("resample"), NULL));
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "text, but node 'resample' takes audio");
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static void types_and_parameters_are_checked_at_once(rm_runtime runtime)
{
    rm_pipeline pipeline = make_pipeline(runtime);
#define ADD(type, parameters) rm_pipeline_add_type(pipeline, TEXT("x"), TEXT(type), TEXT(parameters))
    CHECK_REFUSED(ADD("PassThru", "{}"), RM_ERR_UNKNOWN_TYPE, "did you mean PassThrough?");
    CHECK_REFUSED(ADD("Resample", "{}"), RM_ERR_UNKNOWN_TYPE, "registered types are AudioFileSourceNode, ");
    CHECK_REFUSED(ADD("FastResampleNode", "{\"target_rat\": 8000}"), RM_ERR_PARAMETERS, "target_rate");
    CHECK_REFUSED(ADD("FastResampleNode", "{\"target_rate\": 1}"), RM_ERR_PARAMETERS, "target_rate");
    CHECK_REFUSED(ADD("FastResampleNode", "[]"), RM_ERR_ARGUMENT, "not a JSON object");
    CHECK_REFUSED(ADD("FastResampleNode", "{"), RM_ERR_ARGUMENT, "not JSON");
    CHECK_OK(ADD("FastResampleNode", "{\"target_rate\": 8000}"));
#undef ADD
    CHECK_OK(rm_pipeline_free(pipeline));
}

#define NODES(nodes) "{\"version\": \"v1\", \"nodes\": [" nodes "]"
#define PASS(id) "{\"id\": \"" id "\", \"node_type\": \"PassThrough\"}"

static void a_manifest_is_loaded_whole_or_not_at_all(rm_runtime runtime)
{
    rm_session_config how = session_config();
    rm_pipeline pipeline = make_pipeline(runtime);
    rm_session session = 0;
#define LOAD(json) rm_pipeline_load(pipeline, TEXT(json))
    CHECK_STATUS(LOAD(""), RM_ERR_MANIFEST);
    CHECK_STATUS(LOAD("{"), RM_ERR_MANIFEST);
    CHECK_STATUS(LOAD("[]"), RM_ERR_MANIFEST);
    CHECK_REFUSED(LOAD("{\"version\": \"v1\"}"), RM_ERR_MANIFEST, "nodes");
    CHECK_REFUSED(LOAD("{\"version\": \"v2\", \"nodes\": [" PASS("x") "]}"), RM_ERR_MANIFEST, "v2");
    CHECK_REFUSED(LOAD(NODES(PASS("x")) ", \"conections\": []}"), RM_ERR_MANIFEST, "did you mean 'connections'?");
    CHECK_STATUS(LOAD(NODES(PASS("x") ", {\"id\": \"y\", \"node_type\": \"Nix\"}") "}"), RM_ERR_UNKNOWN_TYPE);
    CHECK_STATUS(LOAD(NODES(PASS("x") "," PASS("x")) "}"), RM_ERR_GRAPH);
    CHECK_STATUS(LOAD(NODES(PASS("x")) ", \"connections\": [{\"from\": \"x\", \"to\": \"z\"}]}"), RM_ERR_GRAPH);
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "empty");
    CHECK_OK(LOAD(NODES(PASS("x") "," PASS("y")) "}"));
    CHECK_STATUS(LOAD(NODES(PASS("z") "," PASS("y")) "}"), RM_ERR_GRAPH);
    add_pass(pipeline, "z"); /* not left behind by the one before */
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("y"), TEXT("z"), NULL));
    session = open_pipeline(pipeline, NULL);
    push_text(session, "through x, y and z");
    expect_text(session, "through x, y and z");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

static void deep_and_large_manifests_do_no_harm(rm_runtime runtime)
{
    enum { DEPTH = 200000 };
    rm_pipeline pipeline = make_pipeline(runtime);
    char *deep = malloc(DEPTH);
    CHECK(deep != NULL);
    memset(deep, '[', DEPTH);
    CHECK_STATUS(rm_pipeline_load(pipeline, deep, DEPTH), RM_ERR_MANIFEST);
    memset(deep, ' ', DEPTH);
    CHECK_STATUS(rm_pipeline_load(pipeline, deep, DEPTH), RM_ERR_MANIFEST);
    free(deep);
    CHECK_OK(rm_pipeline_free(pipeline));
}

static void fan_out_and_fan_in(rm_runtime runtime)
{
    rm_pipeline pipeline = make_pipeline(runtime);
    CHECK_OK(rm_pipeline_load(pipeline, TEXT(NODES(PASS("in") "," PASS("left") "," PASS("right") "," PASS("out"))
        ", \"connections\": [{\"from\": \"in\", \"to\": \"left\"}, {\"from\": \"in\", \"to\": \"right\"},"
        " {\"from\": \"left\", \"to\": \"out\"}, {\"from\": \"right\", \"to\": \"out\"}]}")));
    rm_session session = open_pipeline(pipeline, NULL);
    for (int i = 0; i < 20; i++) {
        push_text(session, "x");
        expect_text(session, "x");
        expect_text(session, "x");
    }
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

static void an_output_may_be_tapped(rm_runtime runtime)
{
    rm_pipeline pipeline = make_pipeline(runtime);
    CHECK_OK(rm_pipeline_load(pipeline, TEXT(NODES(
        "{\"id\": \"x\", \"node_type\": \"PassThrough\", \"is_output_node\": true}," PASS("y")) "}")));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

/* The shape of a pipeline, which the caller frees. */
static char *shape_of(rm_pipeline pipeline)
{
    size_t length = 0;
    CHECK_OK(rm_pipeline_describe(pipeline, NULL, 0, &length));
    char *shape = calloc(1, length + 1);
    CHECK(shape != NULL);
    CHECK_OK(rm_pipeline_describe(pipeline, shape, length, &length));
    return shape;
}

static void its_shape_can_be_loaded_again(rm_runtime runtime)
{
    static const char manifest[] =
        "{\"connections\":[{\"capacity\":2,\"from\":\"a\",\"policy\":\"latest\",\"to\":\"b\"}],\"nodes\":["
        "{\"id\":\"a\",\"is_output_node\":true,\"node_type\":\"PassThrough\",\"on_error\":\"skip\",\"params\":{},\"retries\":2},"
        "{\"executor\":\"process\",\"id\":\"b\",\"node_type\":\"some:Class\",\"params\":{\"x\":1},"
        "\"process\":{\"restarts\":3}}],\"version\":\"v1\"}";
    rm_pipeline first = make_pipeline(runtime), second = make_pipeline(runtime);
    CHECK_OK(rm_pipeline_load(first, TEXT(manifest)));
    char *shape = shape_of(first);
    CHECK_TEXT(shape, manifest);
    CHECK_OK(rm_pipeline_load(second, shape, strlen(shape)));
    char *again = shape_of(second);
    CHECK_TEXT(again, manifest);
    free(shape);
    free(again);
    CHECK_OK(rm_pipeline_free(first));
    CHECK_OK(rm_pipeline_free(second));
}

static void nodes_that_were_added_say_their_ports(rm_runtime runtime)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.inputs = "left,right";
    callbacks.inputs_size = strlen(callbacks.inputs);
    rm_node node = make_node(&callbacks);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_pipeline_add_type(pipeline, TEXT("b"), TEXT("PassThrough"), NULL, 0));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("b"), TEXT("a/right"), NULL));
    char *shape = shape_of(pipeline);
    CHECK_TEXT(shape, "{\"connections\":[{\"from\":\"b\",\"to\":\"a/right\"}],\"nodes\":["
                      "{\"id\":\"a\",\"inputs\":[\"left\",\"right\"],\"node_type\":null,\"outputs\":[]},"
                      "{\"id\":\"b\",\"node_type\":\"PassThrough\",\"params\":{}}],\"version\":\"v1\"}");
    free(shape);
    CHECK_STATUS(rm_pipeline_describe(pipeline, NULL, 1, &(size_t){0}), RM_ERR_NULL);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static void every_session_shares_the_nodes_that_were_added(rm_runtime runtime)
{
    enum { SESSIONS = 4, PACKETS = 20 };
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipelines[2] = {make_chain(runtime, &node, 1), make_chain(runtime, &node, 1)};
    rm_session sessions[SESSIONS];
    CHECK_OK(rm_node_free(node));
    for (int i = 0; i < SESSIONS; i++)
        sessions[i] = open_pipeline(pipelines[i % 2], NULL);
    CHECK_OK(rm_pipeline_free(pipelines[0]));
    CHECK_OK(rm_pipeline_free(pipelines[1]));
    for (int i = 0; i < PACKETS; i++)
        for (int at = 0; at < SESSIONS; at++)
            push_text(sessions[at], "x");
    for (int at = 0; at < SESSIONS; at++)
        CHECK_OK(rm_session_end(sessions[at]));
    for (int at = 0; at < SESSIONS; at++) {
        for (int i = 0; i < PACKETS; i++)
            expect_text(sessions[at], "x");
        finish(sessions[at]);
    }
    recorder_await(&recorder, 'd');
    CHECK_INT(recorder.overlaps, 0);
    CHECK_INT(strspn(recorder.calls, "i"), 1);
    CHECK_INT(strcspn(recorder.calls, "c"), 1 + SESSIONS * (PACKETS + 1)); /* each session flushes it */
    CHECK_TEXT(recorder.calls + 1 + SESSIONS * (PACKETS + 1), "cd");
}

int main(void)
{
    RUN_ON(wrong_arguments_are_refused);
    RUN_ON(graphs_that_cannot_run_are_refused);
    RUN_ON(formats_that_cannot_meet_are_refused);
    RUN_ON(types_and_parameters_are_checked_at_once);
    RUN_ON(a_manifest_is_loaded_whole_or_not_at_all);
    RUN_ON(deep_and_large_manifests_do_no_harm);
    RUN_ON(fan_out_and_fan_in);
    RUN_ON(an_output_may_be_tapped);
    RUN_ON(every_session_shares_the_nodes_that_were_added);
    RUN_ON(its_shape_can_be_loaded_again);
    RUN_ON(nodes_that_were_added_say_their_ports);
    return 0;
}
