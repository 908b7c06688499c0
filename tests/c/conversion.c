/* Conversions: an object becomes data where a node cannot take it, and data an object. */

#include "check.h"
#include "fake_host.h"
#include "fixture.h"
#include "recorder.h"

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

static void native_nodes_get_data(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    rm_node native = 0, node = passing_node(&host, &recorder);
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .accepts = 1u << RM_KIND_TEXT};
    native = make_node(&callbacks);
    rm_session session = open_chain(runtime, (rm_node[]){node, native}, 2, NULL);
    push_object(session, &host, new_object(42));
    push_object(session, &host, new_object(-42));
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_INPUT, "node 'b': no such thing (at input 1)");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    CHECK_OK(rm_node_free(native));
    host_stop(&host);
}

static void data_becomes_objects_where_nothing_else_is_taken(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    recorder.process = pass;
    rm_node_callbacks callbacks = recorder_callbacks(&recorder);
    callbacks.accepts = 1u << RM_KIND_OBJECT;
    rm_node node = 0;
    CHECK_OK(rm_node_new(host.handle, &callbacks, &node));
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "four");
    object *object = pull_object(session);
    CHECK_INT(object->value, 4);
    release(object);
    rm_packet bytes = {.struct_size = sizeof bytes, .kind = RM_KIND_BYTES, .data = "seventy", .size = 7};
    CHECK_OK(rm_session_push(session, &bytes, PATIENCE));
    object = pull_object(session);
    CHECK_INT(object->value, 7);
    release(object);
    push_text(session, "");
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_INPUT, "could not make an object");
    CHECK_OK(rm_session_free(session));
    recorder_free(node, &recorder);
    host_stop(&host);
}

/* Bytes that belong to an object, which must live as long as they are read. */
static void an_object_may_own_data(rm_runtime runtime)
{
    host host;
    recorder recorder = RECORDER;
    host_start(&host, runtime, LENDS);
    rm_node node = recorder_node_of(host.handle, &recorder);
    rm_session session = open_node(runtime, node, NULL);
    object *owner = new_object(0x64636261);
    rm_packet packet = object_packet(&host, owner);
    packet.kind = RM_KIND_BYTES;
    packet.data = &owner->value;
    packet.size = sizeof owner->value;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(packet.data == &owner->value);
    CHECK(packet.object == NULL);
    finish(session);
    CHECK_INT(objects_alive(), 1);
    CHECK_OK(rm_buffer_free(packet.buffer));
    recorder_free(node, &recorder);
    host_stop(&host);
}

int main(void)
{
    RUN_ON(native_nodes_get_data);
    RUN_ON(data_becomes_objects_where_nothing_else_is_taken);
    RUN_ON(an_object_may_own_data);
    return 0;
}
