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

/* Fails with the input as its error. */
static object *refuse(object *self, object *argument)
{
    (void)self;
    return raise_error(retain(argument));
}

static void errors_that_are_raised_are_told(rm_runtime runtime)
{
    host host;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = calling_node(&host, new_callable(refuse), NULL, 0);
    rm_session session = open_node(runtime, node, &how);
    static const int told[][2] = {{1, 10}, {2, 23}}; /* one without a place, and one with */
    for (int i = 0; i < 2; i++) {
        rm_packet failure = RM_PACKET_INIT;
        push_object(session, &host, new_object(told[i][0]));
        CHECK_OK(rm_session_pull(session, &failure, PATIENCE));
        CHECK_INT(failure.kind, RM_KIND_FAILURE);
        CHECK_INT(((object *)failure.object)->value, told[i][1]);
        release(failure.object);
        CHECK_OK(rm_buffer_free(failure.buffer));
    }
    push_object(session, &host, new_object(11)); /* which cannot be told of */
    expect_failure(session, "the callback answered -200 without saying why");
    finish(session);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static atomic_int lives[3];

static object *begin(object *self, object *argument)
{
    (void)self;
    CHECK(argument == &none && on_worker() && inside_host());
    atomic_fetch_add(&lives[0], 1);
    return retain(&none);
}

static object *give_the_rest(object *self, object *argument)
{
    (void)self;
    CHECK(argument == &none);
    atomic_fetch_add(&lives[1], 1);
    return new_object(9);
}

static object *end(object *self, object *argument)
{
    (void)self;
    CHECK(argument == &none);
    atomic_fetch_add(&lives[2], 1);
    return retain(&none);
}

static object *cannot_begin(object *self, object *argument)
{
    (void)self;
    (void)argument;
    return raise_error(new_object(1));
}

static rm_node living_node(const host *host, object *initialize)
{
    object *objects[] = {new_callable(repeat), initialize, new_callable(give_the_rest), new_callable(end)};
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .process_object = objects[0],
        .initialize_object = objects[1],
        .flush_object = objects[2],
        .cleanup_object = objects[3],
    };
    rm_node node = 0;
    CHECK_OK(rm_node_new(host->handle, &callbacks, &node));
    for (int i = 0; i < 4; i++)
        release(objects[i]);
    return node;
}

static void a_life_may_be_objects(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = living_node(&host, new_callable(begin));
    for (int round = 1; round <= 3; round++) {
        rm_session session = open_node(runtime, node, NULL);
        push_object(session, &host, new_object(1));
        CHECK_OK(rm_session_end(session));
        for (int value = 1; value <= 9; value += 8) {
            object *object = pull_object(session);
            CHECK_INT(object->value, value);
            release(object);
        }
        finish(session);
        for (int i = 0; i < 3; i++)
            CHECK_INT(atomic_load(&lives[i]), round);
    }
    CHECK_OK(rm_node_free(node));
    node = living_node(&host, new_callable(cannot_begin));
    rm_session session = open_node(runtime, node, NULL);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "raised");
    CHECK_OK(rm_session_free(session));
    CHECK_INT(atomic_load(&lives[2]), 4); /* it is cleaned up all the same */
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static atomic_int looks;

/* Lets objects be, but for some. */
static object *look(object *self, object *argument)
{
    (void)self;
    atomic_fetch_add(&looks, 1);
    switch (argument->value) {
    case 42:
        return new_object(43);
    case 44:
        return retain(&none);
    case 145:
        return raise_error(new_object(4));
    default:
        return retain(argument);
    }
}

static rm_node sorting_node(const host *host, object *process, object *sort)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .process_object = process, .sort_object = sort};
    rm_node node = 0;
    CHECK_OK(rm_node_new(host->handle, &callbacks, &node));
    release(process);
    release(sort);
    return node;
}

static void outputs_of_another_type_are_looked_at(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = sorting_node(&host, new_callable(repeat), new_callable(look));
    rm_session session = open_node(runtime, node, NULL);
    /* What goes in, what comes out (0: nothing), and how often outputs have been looked at then. */
    static const int steps[][3] = {
        {42, 43, 1}, /* something else: its type is looked at again */
        {44, 0, 2},
        {1, 1, 3},
        {42, 42, 3}, /* the type was let be */
        {100, 100, 4},
        {101, 101, 4},
        {2, 2, 5},
    };
    atomic_store(&looks, 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        push_object(session, &host, new_object(steps[i][0]));
        if (steps[i][1] != 0) {
            object *object = pull_object(session);
            CHECK_INT(object->value, steps[i][1]);
            release(object);
        }
        WAIT_FOR(atomic_load(&looks) == steps[i][2]);
    }
    push_object(session, &host, new_object(145));
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "raised");
    CHECK_OK(rm_session_free(session));
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

/* The five objects that stand for something, and null, are not looked at. */
static void what_is_no_output_is_not_looked_at(rm_runtime runtime)
{
    host host;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_SKIP;
    host_start(&host, runtime, LENDS | HAS_TABLE);
    rm_node node = sorting_node(&host, new_callable(answer), new_callable(look));
    rm_session session = open_node(runtime, node, &how);
    static const int values[] = {0, 2, 3, 4, 5, 7};
    atomic_store(&looks, 0);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        push_object(session, &host, new_object(values[i]));
    expect_text(session, "at last");
    finish(session);
    CHECK_INT(atomic_load(&looks), 0);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
}

static void a_table_without_types_sorts_nothing(rm_runtime runtime)
{
    host host;
    rm_object_table table = object_table;
    table.type_of = NULL;
    rm_host_callbacks callbacks = host_callbacks(&host, LENDS);
    callbacks.objects = &table;
    rm_node node = 7;
    CHECK_OK(rm_host_new(runtime, &callbacks, &host.handle));
    rm_node_callbacks sorting = {.struct_size = sizeof sorting, .sort_object = &none};
    CHECK_REFUSED(rm_node_new(host.handle, &sorting, &node), RM_ERR_ARGUMENT, "'type_of'");
    CHECK_INT(node, 7);
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
    RUN_ON(errors_that_are_raised_are_told);
    RUN_ON(a_life_may_be_objects);
    RUN_ON(outputs_of_another_type_are_looked_at);
    RUN_ON(what_is_no_output_is_not_looked_at);
    RUN_ON(a_table_without_types_sorts_nothing);
    RUN_ON(an_unused_node_gives_its_objects_back);
    RUN_ON(a_refused_object_is_given_back);
    RUN(shutdown_gives_everything_back);
    return 0;
}
