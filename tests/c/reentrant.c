/* A node that calls the whole library, from every one of its callbacks: each call is answered, none waits for itself. */

#include "check.h"
#include "fixture.h"

typedef struct node {
    rm_runtime runtime;
    rm_session session;
    rm_pipeline pipeline;
    rm_node self, other;
    /* In how many callbacks it has called everything. */
    int rounds;
} node;

static void read_everything(const node *own)
{
    char buffer[64];
    size_t length = 0;
    uint64_t count = 0;
    rm_packet failure = RM_PACKET_INIT;
    CHECK_INT(rm_abi_version(), RM_ABI_VERSION);
    CHECK_OK(rm_last_error(buffer, sizeof buffer, &length));
    CHECK_OK(rm_runtime_types(own->runtime, buffer, sizeof buffer, &length));
    CHECK_OK(rm_session_metrics(own->session, buffer, sizeof buffer, &length));
    CHECK_OK(rm_session_report(own->session, buffer, sizeof buffer, &length));
    CHECK_OK(rm_session_trace(own->session, buffer, sizeof buffer, &length));
    CHECK_STATUS(rm_session_error(own->session, &failure), RM_END);
    CHECK_OK(rm_debug_live(1, &count));
}

/* For one of the reasons that there are in one phase of the session or another. */
static void check_refused(rm_status status)
{
    CHECK(status == RM_ERR_REENTRANT || status == RM_ERR_GRAPH || status == RM_ERR_STATE);
}

/* Endless waits, and one with an end: none of them happens, because what they wait for waits for this callback. */
static void wait_for_itself(const node *own)
{
    rm_packet input = text("x"), output = {.struct_size = sizeof output};
    CHECK_REFUSED(rm_session_wait(own->session, -1), RM_ERR_REENTRANT, "waits for");
    CHECK_STATUS(rm_session_wait(own->session, PATIENCE), RM_ERR_REENTRANT);
    CHECK_STATUS(rm_session_wait(own->session, 0), RM_ERR_TIMEOUT); /* a question, not a wait */
    rm_status status;
    while ((status = rm_session_pull(own->session, &output, -1)) == RM_OK)
        CHECK_OK(rm_buffer_free(output.buffer));
    CHECK_INT(status, RM_ERR_REENTRANT);
    status = RM_OK;
    for (int i = 0; i < 100 && status == RM_OK; i++)
        status = i % 2 ? rm_session_push(own->session, &input, -1) : rm_session_flush(own->session, -1);
    check_refused(status);
    check_refused(rm_session_insert(own->session, TEXT("b"), own->self, TEXT("a"), NULL, 0, -1));
    check_refused(rm_session_replace(own->session, TEXT("a"), own->other, -1));
    check_refused(rm_session_remove(own->session, TEXT("a"), -1));
    CHECK_STATUS(rm_runtime_shutdown(own->runtime, -1, NULL), RM_ERR_REENTRANT);
    CHECK_STATUS(rm_runtime_free(own->runtime), RM_ERR_REENTRANT);
}

static rm_status pass_on(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    return rm_call_emit(packet);
}

static void make_and_free_everything(const node *own)
{
    rm_runtime runtime = start();
    stop(runtime);
    rm_node node = make_processor(pass_on, NULL);
    rm_session session = open_node(own->runtime, node, NULL);
    push_text(session, "inside");
    expect_text(session, "inside");
    finish(session);
    CHECK_OK(rm_node_free(node));
    rm_session never = 0;
    rm_session_config how = session_config();
    CHECK_REFUSED(rm_session_open(own->pipeline, &how, &never), RM_ERR_REENTRANT, "node 'a'");
    CHECK_INT(never, 0);
}

static void call_everything(node *own)
{
    read_everything(own);
    wait_for_itself(own);
    make_and_free_everything(own);
    own->rounds++;
}

static rm_status on_life(void *user_data)
{
    node *own = user_data;
    WAIT_FOR(__atomic_load_n(&own->session, __ATOMIC_ACQUIRE) != 0);
    call_everything(own);
    return RM_OK;
}

static rm_status on_process(void *user_data, const rm_packet *packet)
{
    call_everything(user_data);
    return rm_call_emit(packet);
}

static rm_status on_resume(void *user_data)
{
    (void)user_data;
    return RM_OK;
}

static void from_every_callback(rm_runtime runtime)
{
    node own = {.runtime = runtime};
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .user_data = &own,
        .initialize = on_life,
        .process = on_process,
        .resume = on_resume,
        .flush = on_life,
        .cleanup = on_life,
    };
    own.self = make_node(&callbacks);
    own.other = make_processor(on_process, &own);
    own.pipeline = make_chain(runtime, &own.self, 1);
    rm_session_config how = session_config();
    rm_session session = 0;
    CHECK_OK(rm_session_open(own.pipeline, &how, &session));
    __atomic_store_n(&own.session, session, __ATOMIC_RELEASE);
    push_text(session, "x");
    /* What the callbacks pushed themselves comes out here; the session ends all the same. */
    CHECK_OK(rm_session_end(session));
    rm_packet output = RM_PACKET_INIT;
    rm_status status;
    while ((status = rm_session_pull(session, &output, PATIENCE)) == RM_OK)
        CHECK_OK(rm_buffer_free(output.buffer));
    CHECK_STATUS(status, RM_END);
    CHECK_OK(rm_session_wait(session, PATIENCE));
    CHECK(own.rounds >= 4);
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_pipeline_free(own.pipeline));
    CHECK_OK(rm_node_free(own.self));
    CHECK_OK(rm_node_free(own.other));
}

typedef struct pending {
    rm_pipeline pipeline;
    rm_completion completion;
} pending;

static rm_status take_completion(void *user_data, const rm_packet *packet)
{
    pending *own = user_data;
    rm_completion completion = 0;
    (void)packet;
    CHECK_OK(rm_call_defer(&completion));
    __atomic_store_n(&own->completion, completion, __ATOMIC_RELEASE);
    return RM_PENDING;
}

static void a_pending_call_does_not_wait_for_itself(rm_runtime runtime)
{
    pending own = {0};
    rm_node node = make_processor(take_completion, &own);
    own.pipeline = make_chain(runtime, &node, 1);
    rm_session session = open_pipeline(own.pipeline, NULL), inner = 0;
    push_text(session, "x");
    WAIT_FOR(__atomic_load_n(&own.completion, __ATOMIC_ACQUIRE) != 0);
    rm_session_config how = session_config();
    how.caller = own.completion;
    CHECK_REFUSED(rm_session_open(own.pipeline, &how, &inner), RM_ERR_REENTRANT, "wait for itself");
    CHECK_OK(rm_completion_finish(own.completion, RM_OK, NULL));
    /* The call is over: nobody waits for anybody. */
    CHECK_OK(rm_session_open(own.pipeline, &how, &inner));
    finish(inner);
    finish(session);
    CHECK_OK(rm_pipeline_free(own.pipeline));
    CHECK_OK(rm_node_free(node));
}

int main(void)
{
    RUN_ON(from_every_callback);
    RUN_ON(a_pending_call_does_not_wait_for_itself);
    return 0;
}
