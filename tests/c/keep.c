/* Packets that a node keeps beyond its callback: their payload is there for as long as it is wanted, where it was. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static atomic_int releases;

static void release(void *user_data)
{
    memset(user_data, 0xee, 4); /* nobody may read it now */
    atomic_fetch_add(&releases, 1);
}

/* What a node has kept of its last packet. */
typedef struct kept {
    rm_packet packet;
    rm_buffer buffer;
    rm_status status;
} kept;

static rm_status keep(void *user_data, const rm_packet *packet)
{
    kept *kept = user_data;
    kept->packet = *packet;
    kept->status = rm_call_keep(&kept->buffer);
    return RM_OK;
}

/* Sends one packet to a node that keeps it, and lets the session go. */
static void keep_one(rm_runtime runtime, kept *kept, const rm_packet *packet)
{
    rm_node node = make_processor(keep, kept);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_push(session, packet, PATIENCE));
    finish(session);
    CHECK_OK(rm_node_free(node));
}

static void expect_kept(const kept *kept, const char *expected)
{
    const void *data = NULL;
    size_t size = 0;
    CHECK_INT(kept->status, RM_OK);
    CHECK_OK(rm_buffer_read(kept->buffer, &data, &size));
    CHECK(size == strlen(expected) && memcmp(data, expected, size) == 0);
}

static void bytes_stay_where_they_are(rm_runtime runtime)
{
    char memory[] = "0123";
    kept kept = {0};
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_BYTES, .data = memory, .size = 4};
    CHECK_OK(rm_buffer_wrap(memory, 4, release, memory, &packet.buffer));
    keep_one(runtime, &kept, &packet);
    CHECK_OK(rm_buffer_free(packet.buffer));
    CHECK(kept.packet.data == memory);
    CHECK_INT(releases, 0);
    expect_kept(&kept, "0123");
    CHECK_OK(rm_buffer_free(kept.buffer));
    WAIT_FOR(atomic_load(&releases) > 0);
    CHECK_INT(releases, 1);
}

static void text_stays_where_it_is(rm_runtime runtime)
{
    kept kept = {0};
    const void *data = NULL;
    size_t size = 0;
    rm_packet packet = text("a text");
    keep_one(runtime, &kept, &packet);
    expect_kept(&kept, "a text");
    CHECK_OK(rm_buffer_read(kept.buffer, &data, &size));
    CHECK(data == kept.packet.data);
    void *writable = NULL;
    CHECK_STATUS(rm_buffer_write(kept.buffer, &writable, &size), RM_ERR_STATE);
    CHECK_OK(rm_buffer_free(kept.buffer));
    packet = text("");
    keep_one(runtime, &kept, &packet);
    expect_kept(&kept, "");
    CHECK_OK(rm_buffer_free(kept.buffer));
}

static void json_is_copied(rm_runtime runtime)
{
    kept kept = {0};
    rm_packet packet = text("{\"a\": [1, 2]}");
    packet.kind = RM_KIND_JSON;
    keep_one(runtime, &kept, &packet);
    expect_kept(&kept, "{\"a\":[1,2]}");
    CHECK_OK(rm_buffer_free(kept.buffer));
}

static void what_nobody_else_has_can_be_written(rm_runtime runtime)
{
    kept kept = {0};
    float samples[] = {0.5f, -0.5f};
    void *data = NULL;
    size_t size = 0;
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = RM_KIND_AUDIO, packet.sample_rate = 8000, packet.channels = 1;
    packet.data = samples, packet.size = sizeof samples;
    keep_one(runtime, &kept, &packet);
    CHECK_OK(rm_buffer_write(kept.buffer, &data, &size));
    CHECK(data == kept.packet.data && data != samples && size == sizeof samples);
    CHECK(memcmp(data, samples, size) == 0);
    CHECK_OK(rm_buffer_free(kept.buffer));
}

static rm_status keep_and_emit(void *user_data, const rm_packet *packet)
{
    CHECK_OK(rm_call_keep(user_data));
    CHECK_OK(rm_call_keep((rm_buffer *)user_data + 1)); /* as often as one likes */
    return rm_call_emit(packet);
}

static void what_is_kept_goes_on_too(rm_runtime runtime)
{
    rm_buffer buffers[2] = {0};
    void *data = NULL;
    size_t size = 0;
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_BYTES, .data = "both", .size = 4};
    rm_node node = make_processor(keep_and_emit, buffers);
    rm_session session = open_node(runtime, node, NULL);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    expect_text(session, "both");
    finish(session);
    CHECK(buffers[0] != buffers[1]);
    CHECK_STATUS(rm_buffer_write(buffers[0], &data, &size), RM_ERR_STATE); /* the other handle has it too */
    CHECK_OK(rm_buffer_free(buffers[1]));
    CHECK_OK(rm_buffer_write(buffers[0], &data, &size));
    CHECK_OK(rm_buffer_free(buffers[0]));
    CHECK_OK(rm_node_free(node));
}

static rm_status fail(void *user_data, const rm_packet *packet)
{
    (void)user_data, (void)packet;
    CHECK_OK(rm_call_fail(TEXT("too bad"), NULL));
    return RM_ERR_NODE;
}

/* A node that takes the outputs of a session, failures among them, keeps what it likes. */
static void an_output_keeps_what_comes_out(rm_runtime runtime)
{
    kept kept = {0};
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    how.output = make_processor(keep, &kept);
    rm_node node = make_processor(fail, NULL);
    rm_session session = open_node(runtime, node, &how);
    push_text(session, "x");
    CHECK_OK(rm_session_end(session));
    CHECK_OK(rm_session_wait(session, PATIENCE));
    CHECK_OK(rm_session_free(session));
    CHECK_INT(kept.packet.kind, RM_KIND_FAILURE);
    expect_kept(&kept, "too bad");
    CHECK_OK(rm_buffer_free(kept.buffer));
    CHECK_OK(rm_node_free(how.output));
    CHECK_OK(rm_node_free(node));
}

static rm_status refuse_null(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    CHECK_REFUSED(rm_call_keep(NULL), RM_ERR_NULL, "'buffer'");
    return rm_call_emit(packet);
}

static rm_status keep_nothing(void *user_data)
{
    rm_buffer *buffer = user_data;
    CHECK_REFUSED(rm_call_keep(buffer), RM_ERR_REENTRANT, "'process' only");
    return RM_OK;
}

static void without_a_packet_there_is_nothing_to_keep(rm_runtime runtime)
{
    rm_buffer buffer = 7;
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = &buffer;
    callbacks.initialize = callbacks.flush = callbacks.cleanup = keep_nothing;
    callbacks.process = refuse_null;
    rm_node node = make_node(&callbacks);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
    CHECK_REFUSED(rm_call_keep(&buffer), RM_ERR_REENTRANT, "inside a callback");
    CHECK_INT(buffer, 7);
}

int main(void)
{
    RUN_ON(bytes_stay_where_they_are);
    RUN_ON(text_stays_where_it_is);
    RUN_ON(json_is_copied);
    RUN_ON(what_nobody_else_has_can_be_written);
    RUN_ON(what_is_kept_goes_on_too);
    RUN_ON(an_output_keeps_what_comes_out);
    RUN_ON(without_a_packet_there_is_nothing_to_keep);
    return 0;
}
