/* What a callback does with the packet that it was given: it sends it on as it is, several times, changed, in part. */

#include "check.h"
#include "fixture.h"

static char memory[] = "0123";

static rm_status emit_in_many_ways(void *user_data, const rm_packet *packet)
{
    rm_packet output = *packet;
    CHECK_OK(rm_call_emit(packet));
    output.pts = 7, output.duration = 9;
    CHECK_OK(rm_call_emit(&output));
    output.metadata = "{\"a\":1}", output.metadata_size = 7;
    CHECK_OK(rm_call_emit(&output));
    output = *packet;
    output.data = (const char *)packet->data + 1, output.size = 2;
    CHECK_OK(rm_call_emit(&output));
    CHECK_OK(rm_call_emit(packet));
    CHECK_OK(rm_call_keep(user_data));
    CHECK(packet->size == 4 && memcmp(packet->data, "0123", 4) == 0);
    return RM_OK;
}

static void expect_output(rm_session session, const char *data, size_t size, int64_t pts, int64_t duration, size_t more)
{
    rm_packet output = RM_PACKET_INIT;
    CHECK_OK(rm_session_pull(session, &output, PATIENCE));
    CHECK_INT(output.kind, RM_KIND_BYTES);
    CHECK_INT(output.size, size);
    CHECK(memcmp(output.data, data, size) == 0);
    CHECK(output.data == data || more > 0); /* with metadata the two are copied into one buffer */
    CHECK_INT(output.pts, pts);
    CHECK_INT(output.duration, duration);
    CHECK_INT(output.index, 0);
    CHECK_INT(output.metadata_size, more);
    CHECK_OK(rm_buffer_free(output.buffer));
}

static void a_packet_is_sent_on_in_many_ways(rm_runtime runtime)
{
    rm_buffer kept = 0;
    const void *data = NULL;
    size_t size = 0;
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_BYTES, .data = memory, .size = 4};
    packet.pts = 3, packet.duration = 4;
    CHECK_OK(rm_buffer_wrap(memory, 4, NULL, NULL, &packet.buffer));
    rm_node node = make_processor(emit_in_many_ways, &kept);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_buffer_free(packet.buffer));
    expect_output(session, memory, 4, 3, 4, 0);
    expect_output(session, memory, 4, 7, 9, 0);
    expect_output(session, memory, 4, 7, 9, 7);
    expect_output(session, memory + 1, 2, 3, 4, 0);
    expect_output(session, memory, 4, 3, 4, 0);
    finish(session);
    CHECK_OK(rm_buffer_read(kept, &data, &size));
    CHECK(data == memory && size == 4);
    CHECK_OK(rm_buffer_free(kept));
    CHECK_OK(rm_node_free(node));
}

static rm_status emit_twice(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    CHECK_OK(rm_call_emit(packet));
    return rm_call_emit(packet);
}

static void json_is_sent_on_twice(rm_runtime runtime)
{
    rm_packet packet = text("{\"a\": [1, 2]}");
    packet.kind = RM_KIND_JSON;
    packet.metadata = "{\"of\": \"it\"}", packet.metadata_size = 12;
    rm_node node = make_processor(emit_twice, NULL);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    for (int i = 0; i < 2; i++) {
        rm_packet output = RM_PACKET_INIT;
        CHECK_OK(rm_session_pull(session, &output, PATIENCE));
        CHECK(output.size == 11 && memcmp(output.data, "{\"a\":[1,2]}", 11) == 0);
        CHECK(output.metadata_size == 11 && memcmp(output.metadata, "{\"of\":\"it\"}", 11) == 0);
        CHECK_OK(rm_buffer_free(output.buffer));
    }
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status emit_wrongly(void *user_data, const rm_packet *packet)
{
    rm_packet output = *packet;
    (void)user_data;
    CHECK_OK(rm_call_emit(packet));
    output.reserved = 1;
    CHECK_REFUSED(rm_call_emit(&output), RM_ERR_UNSUPPORTED, "packet.reserved");
    output = *packet, output.host = 12345;
    CHECK_STATUS(rm_call_emit(&output), RM_ERR_BAD_HANDLE);
    output = *packet, output.kind = 4711;
    CHECK_REFUSED(rm_call_emit(&output), RM_ERR_ARGUMENT, "packet.kind");
    output = *packet, output.struct_size = 8;
    CHECK_REFUSED(rm_call_emit(&output), RM_ERR_ARGUMENT, "struct_size");
    output = *packet, output.metadata = "[]", output.metadata_size = 2;
    CHECK_REFUSED(rm_call_emit(&output), RM_ERR_ARGUMENT, "packet.metadata");
    return RM_OK;
}

static void what_cannot_be_is_refused_of_it_too(rm_runtime runtime)
{
    rm_node node = make_processor(emit_wrongly, NULL);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static rm_status fail_after_it(void *user_data, const rm_packet *packet)
{
    CHECK_OK(rm_call_emit(packet));
    return ++*(int *)user_data < 3 ? RM_ERR_NODE : RM_OK;
}

static void what_was_sent_on_by_a_call_that_fails_is_tried_again(rm_runtime runtime)
{
    int calls = 0;
    rm_node node = make_processor(fail_after_it, &calls);
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    CHECK_OK(rm_pipeline_configure(pipeline, TEXT("a"), TEXT("{\"retries\": 2, \"retry_delay_ms\": 0.1}")));
    rm_session session = open_pipeline(pipeline, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_INT(calls, 3);
    CHECK_OK(rm_pipeline_free(pipeline));
    CHECK_OK(rm_node_free(node));
}

static rm_status fail(void *user_data, const rm_packet *packet)
{
    (void)user_data, (void)packet;
    return RM_ERR_NODE;
}

static rm_status emit_failure(void *user_data, const rm_packet *packet)
{
    CHECK_INT(packet->kind, RM_KIND_FAILURE);
    CHECK_REFUSED(rm_call_emit(packet), RM_ERR_ARGUMENT, "packet.kind");
    ++*(int *)user_data;
    return RM_OK;
}

static void a_failure_cannot_be_sent_on(rm_runtime runtime)
{
    int calls = 0;
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    how.output = make_processor(emit_failure, &calls);
    rm_node node = make_processor(fail, NULL);
    rm_session session = open_node(runtime, node, &how);
    push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    CHECK_OK(rm_session_wait(session, PATIENCE));
    CHECK_OK(rm_session_free(session));
    CHECK_INT(calls, 1);
    CHECK_OK(rm_node_free(how.output));
    CHECK_OK(rm_node_free(node));
}

int main(void)
{
    RUN_ON(a_packet_is_sent_on_in_many_ways);
    RUN_ON(json_is_sent_on_twice);
    RUN_ON(what_cannot_be_is_refused_of_it_too);
    RUN_ON(what_was_sent_on_by_a_call_that_fails_is_tried_again);
    RUN_ON(a_failure_cannot_be_sent_on);
    return 0;
}
