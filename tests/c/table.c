/* Object tables: objects that are called instead of functions, and what they may answer. */

#include "check.h"
#include "fixture.h"
#include "fake_host.h"

/* A node that calls objects. It has references of its own, so the caller's are given back here. */
static rm_node calling_node(const host *host, object *process, object *resume, uint32_t flags)
{
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks, .flags = flags, .process_object = process, .resume_object = resume};
    rm_node node = 0;
    CHECK_OK(rm_node_new(host->handle, &callbacks, &node));
    release(process);
    if (resume != NULL)
        release(resume);
    return node;
}

/* What `process` answers to an object of each value. */
static object *answer(object *self, object *argument)
{
    rm_completion completion = 0;
    CHECK(on_worker() && inside_host());
    switch (argument->value) {
    case 0:
        return retain(&none);
    case 1:
        return retain(argument);
    case 2:
        self->value = 3; /* left for `resume` */
        return retain(&more);
    case 3:
        CHECK_OK(rm_call_fail(TEXT("three is too many"), new_object(-3)));
        return retain(&failed);
    case 4:
        CHECK_OK(rm_call_defer(&completion));
        rm_packet packet = text("at last");
        CHECK_OK(rm_completion_finish(completion, RM_OK, &packet));
        return retain(&pending);
    case 5:
        return retain(&done);
    case 6:
        packet = text("by hand");
        CHECK_OK(rm_call_emit(&packet));
        return new_object(60);
    default:
        return NULL;
    }
}

static object *stored;

static object *go_on(object *self, object *argument)
{
    (void)self;
    CHECK(argument == &none);
    if (stored->value-- > 1)
        return new_object(stored->value);
    return retain(&done);
}

static void answers_become_outputs_and_outcomes(rm_runtime runtime)
{
    host host;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    stored = new_callable(answer);
    rm_node node = calling_node(&host, retain(stored), new_callable(go_on), 0);
    rm_session session = open_node(runtime, node, &how);
    for (int value = 0; value < 8; value++)
        push_object(session, &host, new_object(value));
    static const int expected[] = {1, 2, 1};
    for (int i = 0; i < 3; i++) {
        object *object = pull_object(session);
        CHECK_INT(object->value, expected[i]);
        release(object);
    }
    rm_packet failure = RM_PACKET_INIT;
    CHECK_OK(rm_session_pull(session, &failure, PATIENCE));
    CHECK_INT(failure.kind, RM_KIND_FAILURE);
    CHECK_INT(((object *)failure.object)->value, -3);
    release(failure.object);
    CHECK_OK(rm_buffer_free(failure.buffer));
    expect_text(session, "at last");
    expect_text(session, "by hand");
    object *object = pull_object(session);
    CHECK_INT(object->value, 60);
    release(object);
    expect_failure(session, "the callback answered -200 without saying why");
    finish(session);
    CHECK_OK(rm_node_free(node));
    release(stored);
    host_stop(&host);
}

static void none_may_be_a_value(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = calling_node(&host, new_callable(answer), NULL, RM_NODE_NONE_IS_VALUE);
    rm_session session = open_node(runtime, node, NULL);
    push_object(session, &host, new_object(0));
    CHECK(pull_object(session) == &none);
    release(&none);
    finish(session);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static void what_comes_from_elsewhere_is_imported(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = calling_node(&host, new_callable(answer), NULL, 0);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "1");
    object *object = pull_object(session);
    CHECK_INT(object->value, 1);
    release(object);
    finish(session);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static object *repeat(object *self, object *argument)
{
    (void)self;
    return retain(argument);
}

static void many_objects_leave_nothing_behind(rm_runtime runtime)
{
    enum { NODES = 3, COUNT = 2000 };
    host host;
    rm_node nodes[NODES];
    host_start(&host, runtime, LENDS | HAS_TABLE);
    for (int i = 0; i < NODES; i++)
        nodes[i] = calling_node(&host, new_callable(repeat), NULL, 0);
    rm_session session = open_chain(runtime, nodes, NODES, NULL);
    for (int pushed = 0, pulled = 0; pulled < COUNT;) {
        rm_packet packet = object_packet(&host, NULL);
        if (pushed < COUNT) {
            packet.object = new_object(pushed++);
            CHECK_OK(rm_session_push(session, &packet, PATIENCE));
        }
        while (rm_session_pull(session, &packet, pushed < COUNT ? 0 : PATIENCE) == RM_OK) {
            CHECK_INT(((object *)packet.object)->value, pulled++);
            release(packet.object);
            if (pulled == COUNT)
                break;
        }
    }
    finish(session);
    for (int i = 0; i < NODES; i++)
        CHECK_OK(rm_node_free(nodes[i]));
    host_stop(&host);
}

/* The callable of a node that never ran: no worker has ever come, and none has a reason to. */
static void an_unused_node_gives_its_objects_back(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    CHECK_OK(rm_node_free(calling_node(&host, new_callable(repeat), NULL, 0)));
    host_free(&host);
    host_is_gone(&host);
}

/* As above, for an object that the session did not want. */
static void a_refused_object_is_given_back(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS);
    rm_packet packet = object_packet(&host, new_object(1));
    CHECK_STATUS(rm_session_push(0, &packet, 0), RM_ERR_BAD_HANDLE);
    host_free(&host);
    host_is_gone(&host);
}

/* Many times, because it depends on who is faster. */
static void shutdown_gives_everything_back(void)
{
    for (int round = 0; round < 200; round++) {
        host host;
        rm_runtime runtime = start();
        host_start(&host, runtime, LENDS | HAS_TABLE);
        rm_node node = calling_node(&host, new_callable(repeat), NULL, 0);
        rm_session session = open_node(runtime, node, NULL);
        for (int i = 0; i < 10; i++)
            push_object(session, &host, new_object(i));
        CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
        CHECK_OK(rm_session_free(session));
        CHECK_OK(rm_node_free(node));
        host_free(&host);
        host_is_gone(&host);
        CHECK_OK(rm_runtime_free(runtime));
    }
}

int main(void)
{
    RUN_ON(answers_become_outputs_and_outcomes);
    RUN_ON(none_may_be_a_value);
    RUN_ON(what_comes_from_elsewhere_is_imported);
    RUN_ON(many_objects_leave_nothing_behind);
    RUN_ON(an_unused_node_gives_its_objects_back);
    RUN_ON(a_refused_object_is_given_back);
    RUN(shutdown_gives_everything_back);
    return 0;
}
