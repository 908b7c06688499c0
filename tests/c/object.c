/* Objects of a host: the same ones come through, and in the end nobody has a reference that is not his. */

#include "check.h"
#include "fixture.h"
#include "fake_host.h"
#include "recorder.h"

/* Sends the object itself on, which takes a reference of its own. */
static rm_status pass(recorder *recorder, const rm_packet *packet)
{
    rm_packet output = *packet;
    recorder->own = packet->object;
    retain(packet->object);
    return rm_call_emit(&output);
}

static rm_node passing_node(const host *host, recorder *recorder)
{
    recorder->process = pass;
    return recorder_node_of(host->handle, recorder);
}

static void the_very_object_comes_through(rm_runtime runtime)
{
    for (int features = 0; features <= (LENDS | HAS_TABLE); features++) {
        host host;
        recorder recorders[2] = {RECORDER, RECORDER};
        host_start(&host, runtime, features);
        rm_node nodes[] = {passing_node(&host, &recorders[0]), passing_node(&host, &recorders[1])};
        rm_session session = open_chain(runtime, nodes, 2, NULL);
        for (int i = 0; i < 50; i++) {
            object *object = new_object(i);
            push_object(session, &host, retain(object));
            CHECK(pull_object(session) == object);
            CHECK(recorders[1].own == object);
            release(object);
            release(object);
        }
        finish(session);
        recorder_free(nodes[0], &recorders[0]);
        recorder_free(nodes[1], &recorders[1]);
        host_stop(&host);
    }
}

static rm_status keep_and_pass(recorder *recorder, const rm_packet *packet)
{
    rm_buffer buffer = 7;
    CHECK_REFUSED(rm_call_keep(&buffer), RM_ERR_UNSUPPORTED, "retain it");
    CHECK_INT(buffer, 7);
    return pass(recorder, packet);
}

static void an_object_has_no_bytes_to_keep(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    recorder.process = keep_and_pass;
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_object(session, &host, new_object(1));
    release(pull_object(session));
    finish(session);
    recorder_free(node, &recorder);
    host_stop(&host);
}

static void pulled_objects_say_whose_they_are(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    rm_packet packet = RM_PACKET_INIT;
    host_start(&host, runtime, LENDS);
    rm_node node = passing_node(&host, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_object(session, &host, new_object(1));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    release(packet.object);
    CHECK_INT(packet.host, host.handle);
    finish(session);
    recorder_free(node, &recorder);
    host_stop(&host);
}

/* One node that passes on, and three behind it. */
static rm_session open_fan(rm_runtime runtime, host *host, recorder recorders[4], rm_node nodes[4])
{
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    for (int i = 0; i < 4; i++) {
        char id = (char)('a' + i);
        nodes[i] = passing_node(host, &recorders[i]);
        CHECK_OK(rm_pipeline_add_node(pipeline, &id, 1, nodes[i]));
        if (i > 0)
            CHECK_OK(rm_pipeline_connect(pipeline, TEXT("a"), &id, 1, NULL));
    }
    rm_session session = open_pipeline(pipeline, NULL);
    CHECK_OK(rm_pipeline_free(pipeline));
    return session;
}

static void fanned_out_it_is_one_object_still(rm_runtime runtime)
{
    for (int features = 0; features <= (LENDS | HAS_TABLE); features++) {
        host host;
        recorder recorders[4] = {RECORDER, RECORDER, RECORDER, RECORDER};
        rm_node nodes[4];
        host_start(&host, runtime, features);
        rm_session session = open_fan(runtime, &host, recorders, nodes);
        for (int i = 0; i < 30; i++) {
            object *object = new_object(i);
            push_object(session, &host, retain(object));
            for (int branch = 0; branch < 3; branch++) {
                CHECK(pull_object(session) == object);
                release(object);
            }
            release(object);
        }
        finish(session);
        for (int i = 0; i < 4; i++)
            recorder_free(nodes[i], &recorders[i]);
        host_stop(&host);
    }
}

static void what_nobody_takes_is_given_back(rm_runtime runtime)
{
    for (int features = 0; features <= (LENDS | HAS_TABLE); features++) {
        host host;
        recorder recorders[4] = {RECORDER, RECORDER, RECORDER, RECORDER};
        rm_node nodes[4];
        host_start(&host, runtime, features);
        rm_session session = open_fan(runtime, &host, recorders, nodes);
        for (int i = 0; i < 16; i++)
            push_object(session, &host, new_object(i));
        CHECK_OK(rm_session_cancel(session));
        CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
        rm_packet late = object_packet(&host, new_object(99));
        CHECK_STATUS(rm_session_push(session, &late, 0), RM_ERR_CANCELLED); /* taken over on failure too */
        late = object_packet(&host, new_object(100));
        CHECK_STATUS(rm_session_push(0, &late, 0), RM_ERR_BAD_HANDLE);
        late = object_packet(&host, new_object(101));
        late.kind = 77;
        CHECK_STATUS(rm_session_push(session, &late, 0), RM_ERR_ARGUMENT);
        CHECK_OK(rm_session_free(session));
        for (int i = 0; i < 4; i++)
            recorder_free(nodes[i], &recorders[i]);
        host_stop(&host);
    }
}

static rm_status dislike(recorder *recorder, const rm_packet *packet)
{
    (void)recorder;
    (void)packet;
    CHECK_OK(rm_call_fail(TEXT("no"), new_object(-1))); /* an error object of the host's own */
    CHECK_OK(rm_call_fail(TEXT("never"), new_object(-2)));
    return RM_ERR_NODE;
}

static void errors_carry_objects(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    host_start(&host, runtime, LENDS);
    recorder.process = dislike;
    rm_node node = recorder_node_of(host.handle, &recorder);
    for (int round = 0; round < 2; round++) {
        how.on_error = round == 0 ? RM_ON_ERROR_COLLECT : RM_ON_ERROR_RAISE;
        rm_session session = open_node(runtime, node, &how);
        rm_packet packet = RM_PACKET_INIT;
        push_object(session, &host, new_object(1));
        CHECK_OK(rm_session_end(session));
        if (round == 0) {
            CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
            expect_end(session);
        } else {
            CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_NODE);
            CHECK_OK(rm_session_error(session, &packet));
        }
        CHECK_INT(packet.kind, RM_KIND_FAILURE);
        CHECK_INT(((object *)packet.object)->value, -2);
        release(packet.object);
        CHECK_OK(rm_buffer_free(packet.buffer));
        CHECK_OK(rm_session_free(session));
    }
    recorder_free(node, &recorder);
    host_stop(&host);
}

static void a_reference_is_taken_over_where_nobody_asked(rm_runtime runtime)
{
    host host;
    host_start(&host, runtime, 0);
    rm_packet packet = object_packet(&host, new_object(1));
    CHECK_STATUS(rm_call_emit(&packet), RM_ERR_REENTRANT);
    packet.object = new_object(2);
    CHECK_STATUS(rm_completion_finish(1, RM_OK, &packet), RM_ERR_BAD_HANDLE);
    host_stop(&host);
}

/* A host of its own, for its `release` looks at the session that it is called from. */
static _Atomic rm_session watched;

static void look_and_release(void *user_data, void *object)
{
    size_t length = 0;
    (void)user_data;
    CHECK_OK(rm_session_metrics(atomic_load(&watched), NULL, 0, &length));
    release(object);
}

static void just_retain(void *user_data, void *object)
{
    (void)user_data;
    retain(object);
}

static rm_status emit_slowly(recorder *recorder, const rm_packet *packet)
{
    WAIT_FOR(atomic_load((atomic_int *)recorder->own));
    return pass(recorder, packet);
}

static void release_may_use_the_library(rm_runtime runtime)
{
    rm_host_callbacks callbacks = {.struct_size = sizeof callbacks, .retain = just_retain, .release = look_and_release};
    recorder recorder = RECORDER;
    atomic_int go = 0;
    host host = {0};
    CHECK_OK(rm_host_new(runtime, &callbacks, &host.handle));
    recorder.process = emit_slowly;
    recorder.own = &go;
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    atomic_store(&watched, session);
    push_object(session, &host, new_object(1));
    recorder_await(&recorder, 'p');
    CHECK_OK(rm_session_cancel(session)); /* so that the output is dropped */
    atomic_store(&go, 1);
    WAIT_FOR(objects_alive() == 0);
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    CHECK_OK(rm_host_free(host.handle));
}

/* The error that it lets go of is the one before: it is replaced while the next is told. */
static void fail_and_release(void *user_data, void *object)
{
    (void)user_data;
    if (((struct object *)object)->value == -1)
        CHECK_OK(rm_call_fail(TEXT("at last"), new_object(-3)));
    release(object);
}

static void release_may_say_why_a_callback_fails(rm_runtime runtime)
{
    rm_host_callbacks callbacks = {.struct_size = sizeof callbacks, .retain = just_retain, .release = fail_and_release};
    recorder recorder = RECORDER;
    host host = {0};
    CHECK_OK(rm_host_new(runtime, &callbacks, &host.handle));
    recorder.process = dislike;
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_object(session, &host, new_object(1));
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_NODE, "at last");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    CHECK_INT(objects_alive(), 0);
    CHECK_OK(rm_host_free(host.handle));
}

int main(void)
{
    RUN_ON(the_very_object_comes_through);
    RUN_ON(an_object_has_no_bytes_to_keep);
    RUN_ON(pulled_objects_say_whose_they_are);
    RUN_ON(fanned_out_it_is_one_object_still);
    RUN_ON(what_nobody_takes_is_given_back);
    RUN_ON(errors_carry_objects);
    RUN_ON(a_reference_is_taken_over_where_nobody_asked);
    RUN_ON(release_may_use_the_library);
    RUN_ON(release_may_say_why_a_callback_fails);
    return 0;
}
