/* Graphs: ports, edges and what they drop, packets that belong together, options of single nodes. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* Text that begins with an upper case letter goes to the second output. */
static rm_status route(void *user_data, const rm_packet *packet)
{
    rm_packet output = *packet;
    (void)user_data;
    output.port = ((const char *)packet->data)[0] <= 'Z';
    return rm_call_emit(&output);
}

/* Puts the number of the port before the text. */
static rm_status name_port(void *user_data, const rm_packet *packet)
{
    char words[32];
    (void)user_data;
    snprintf(words, sizeof words, "%" PRIu32 "%.*s", packet->port, (int)packet->size, (const char *)packet->data);
    rm_packet output = text(words);
    return rm_call_emit(&output);
}

static rm_node node_with_ports(rm_status (*process)(void *, const rm_packet *), const char *inputs, const char *outputs)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .process = process};
    callbacks.inputs = inputs;
    callbacks.inputs_size = inputs == NULL ? 0 : strlen(inputs);
    callbacks.outputs = outputs;
    callbacks.outputs_size = outputs == NULL ? 0 : strlen(outputs);
    return make_node(&callbacks);
}

static void packets_go_from_port_to_port(rm_runtime runtime)
{
    rm_node router = node_with_ports(route, NULL, "lower,upper");
    rm_node joiner = node_with_ports(name_port, "first, second", NULL);
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("router"), router));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("joiner"), joiner));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("router/lower"), TEXT("joiner/second"), NULL));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("router/upper"), TEXT("joiner/first"), NULL));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "a");
    expect_text(session, "1a");
    push_text(session, "B");
    expect_text(session, "0B");
    finish(session);
    rm_session_config how = session_config();
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("router/lowre"), TEXT("joiner/first"), NULL));
    CHECK_REFUSED(rm_session_open(pipeline, &how, &session), RM_ERR_GRAPH, "did you mean 'lower'?");
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(router));
    CHECK_OK(rm_node_free(joiner));
}

static void ports_that_make_no_sense_are_refused(rm_runtime runtime)
{
    static const char *const lists[] = {",", "a,", "a,a", "a/b", " "};
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    rm_node node = 7;
    (void)runtime;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        callbacks.inputs = lists[i];
        callbacks.inputs_size = strlen(lists[i]);
        CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_ARGUMENT, "separated by commas");
    }
    callbacks = (rm_node_callbacks){.struct_size = sizeof callbacks, .flags = RM_NODE_MATCH};
    CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_ARGUMENT, "two or more 'inputs'");
    callbacks.inputs = "a,b";
    callbacks.inputs_size = 3;
    callbacks.match_tolerance = -1;
    CHECK_REFUSED(rm_node_new(0, &callbacks, &node), RM_ERR_ARGUMENT, "match_tolerance");
    CHECK_INT(node, 7);
}

/* Lets go of the text "lost", so that its partner finds none. */
static rm_status lose(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    return packet->size == 4 ? RM_OK : rm_call_emit(packet);
}

static void what_belongs_to_one_time_comes_together(rm_runtime runtime)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .process = name_port};
    callbacks.flags = RM_NODE_MATCH;
    callbacks.inputs = "left,right";
    callbacks.inputs_size = strlen(callbacks.inputs);
    rm_node fork = make_processor(lose, NULL), both = make_node(&callbacks), start = make_processor(name_port, NULL);
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("start"), start));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("fork"), fork));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("both"), both));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("start"), TEXT("both/left"), NULL));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("start"), TEXT("fork"), NULL));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("fork"), TEXT("both/right"), NULL));
    rm_session session = open_pipeline(pipeline, NULL);
    static const char *const words[] = {"a", "los", "b"}; /* "0los" is lost */
    for (int i = 0; i < 3; i++) {
        rm_packet packet = text(words[i]);
        packet.pts = i * MILLISECOND;
        CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    }
    expect_text(session, "00a");
    expect_text(session, "10a");
    expect_text(session, "00b");
    expect_text(session, "10b");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(start));
    CHECK_OK(rm_node_free(fork));
    CHECK_OK(rm_node_free(both));
}

static rm_status wait_for_release(recorder *recorder, const rm_packet *packet)
{
    WAIT_FOR(atomic_load((atomic_int *)recorder->own));
    return rm_call_emit(packet);
}

/* Whether so many packets have been dropped by now. */
static int has_dropped(rm_session session, int count)
{
    char json[8192], words[32];
    size_t length = 0;
    CHECK_OK(rm_session_metrics(session, json, sizeof json - 1, &length));
    CHECK(length < sizeof json);
    json[length] = '\0';
    snprintf(words, sizeof words, "\"dropped_count\":%d", count);
    return strstr(json, words) != NULL;
}

/* What is left of 1 to 5 by an edge of two packets behind which a node stands still with 0. */
static void squeeze(rm_runtime runtime, uint32_t policy, const char *expected)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    atomic_int release = 0;
    recorders[1].process = wait_for_release;
    recorders[1].own = &release;
    rm_node nodes[2] = {recorder_node(&recorders[0]), recorder_node(&recorders[1])};
    rm_edge_config edge = {.struct_size = sizeof edge, .policy = policy, .capacity = 2};
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("a"), nodes[0]));
    CHECK_OK(rm_pipeline_add_node(pipeline, TEXT("b"), nodes[1]));
    CHECK_OK(rm_pipeline_connect(pipeline, TEXT("a"), TEXT("b"), &edge));
    rm_session session = open_pipeline(pipeline, NULL);
    char word[2] = "0";
    push_text(session, word);
    recorder_await(&recorders[1], 'p');
    for (word[0] = '1'; word[0] <= '5'; word[0]++)
        push_text(session, word);
    CHECK_CALLS(&recorders[0], policy == RM_EDGE_BLOCK ? "ippp" : "ipppppp");
    /* The call is written down before what it emits has reached the edge. */
    WAIT_FOR(has_dropped(session, 6 - (int)strlen(expected)));
    atomic_store(&release, 1);
    for (; *expected != '\0'; expected++) {
        word[0] = *expected;
        expect_text(session, word);
    }
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(nodes[0], &recorders[0]);
    recorder_free(nodes[1], &recorders[1]);
}

static void a_full_edge_does_what_it_was_told(rm_runtime runtime)
{
    squeeze(runtime, RM_EDGE_BLOCK, "012345");
    squeeze(runtime, RM_EDGE_DROP_OLDEST, "045");
    squeeze(runtime, RM_EDGE_DROP_NEWEST, "012");
    squeeze(runtime, RM_EDGE_LATEST, "05");
}

static void edges_that_make_no_sense_are_refused(rm_runtime runtime)
{
    rm_node node = make_processor(name_port, NULL);
    rm_node nodes[2] = {node, node};
    rm_pipeline pipeline = make_chain(runtime, nodes, 2);
    rm_edge_config edge = {.struct_size = sizeof edge, .policy = 5};
    CHECK_REFUSED(rm_pipeline_connect(pipeline, TEXT("b"), TEXT("a"), &edge), RM_ERR_ARGUMENT, "policy is 5");
    edge = (rm_edge_config){.struct_size = sizeof edge, .reserved = 1};
    CHECK_REFUSED(rm_pipeline_connect(pipeline, TEXT("b"), TEXT("a"), &edge), RM_ERR_UNSUPPORTED, "reserved");
    edge = (rm_edge_config){.struct_size = 4};
    CHECK_STATUS(rm_pipeline_connect(pipeline, TEXT("b"), TEXT("a"), &edge), RM_ERR_ARGUMENT);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static rm_status fail_twice(recorder *recorder, const rm_packet *packet)
{
    if (++recorder->count % 3 == 0)
        return rm_call_emit(packet);
    CHECK_OK(rm_call_fail(TEXT("not yet"), NULL));
    return RM_ERR_NODE;
}

static void a_node_may_be_tried_again(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = fail_twice;
    rm_node node = recorder_node(&recorder);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), TEXT("{\"retries\": 2, \"retry_delay_ms\": 0.1}")));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "x");
    push_text(session, "y");
    expect_text(session, "x");
    expect_text(session, "y");
    finish(session);
    CHECK_CALLS(&recorder, "ippppppfc");
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), TEXT("{\"on_error\": \"skip\"}")));
    session = open_pipeline(pipeline, NULL);
    push_text(session, "z");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
    recorder_free(node, &recorder);
}

static void options_that_make_no_sense_are_refused(rm_runtime runtime)
{
    static const struct {
        const char *options, *words;
    } cases[] = {
        {"{\"retrys\": 1}", "did you mean 'retries'?"},
        {"{\"deadline_ms\": 0}", "0.001"},
        {"{\"on_error\": \"ignore\"}", "ignore"},
        {"[", "the options of a node are wrong"},
    };
    rm_node node = make_processor(name_port, NULL);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_REFUSED(rm_pipeline_configure(pipeline, TEXT("a"), cases[i].options, strlen(cases[i].options)),
                      RM_ERR_ARGUMENT, cases[i].words);
    CHECK_REFUSED(rm_pipeline_configure(pipeline, TEXT("b"), TEXT("{}")), RM_ERR_GRAPH, "no node to configure: b");
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static void a_manifest_may_be_yaml(rm_runtime runtime)
{
    static const char yaml[] = "version: v1\n"
                               "nodes:\n"
                               "  - {id: a, node_type: PassThrough, deadline_ms: 1000}\n"
                               "  - {id: b, node_type: PassThrough}\n"
                               "connections:\n"
                               "  - {from: a, to: b, capacity: 4, policy: drop_oldest}\n";
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    CHECK_OK(rm_pipeline_load(pipeline, TEXT(yaml)));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_pipeline_free(pipeline));
}

int main(void)
{
    RUN_ON(packets_go_from_port_to_port);
    RUN_ON(ports_that_make_no_sense_are_refused);
    RUN_ON(what_belongs_to_one_time_comes_together);
    RUN_ON(a_full_edge_does_what_it_was_told);
    RUN_ON(edges_that_make_no_sense_are_refused);
    RUN_ON(a_node_may_be_tried_again);
    RUN_ON(options_that_make_no_sense_are_refused);
    RUN_ON(a_manifest_may_be_yaml);
    return 0;
}
