/* Packets: what is taken comes out as it went in. */
#include "fuzz.h"

static rm_session open_session(void)
{
    static const char MANIFEST[] = "{\"version\": \"v1\", \"nodes\": [{\"id\": \"a\", \"node_type\": \"PassThrough\"}]}";
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    rm_session_config config = RM_SESSION_CONFIG_INIT;
    CHECK(rm_pipeline_new(the_runtime(), &pipeline) == RM_OK);
    CHECK(rm_pipeline_load(pipeline, MANIFEST, sizeof MANIFEST - 1) == RM_OK);
    CHECK(rm_session_open(pipeline, &config, &session) == RM_OK);
    CHECK(rm_pipeline_free(pipeline) == RM_OK);
    return session;
}

/* The fields come first, then the metadata, then the payload. */
static rm_packet describe(fuzz_bytes bytes)
{
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = (uint32_t)take(&bytes, 1) % 8;
    packet.pts = (int64_t)take(&bytes, 8);
    packet.duration = (int64_t)take(&bytes, 8);
    packet.sample_rate = (uint32_t)take(&bytes, 4);
    packet.channels = (uint32_t)take(&bytes, 2);
    packet.port = (uint32_t)take(&bytes, 1) == 255 ? UINT32_MAX : 0;
    size_t most = (size_t)take(&bytes, 2);
    packet.metadata_size = most < bytes.size ? most : bytes.size;
    packet.metadata = (const char *)bytes.data;
    packet.data = bytes.data + packet.metadata_size;
    packet.size = bytes.size - packet.metadata_size;
    return packet;
}

static void compare(const rm_packet *in, const rm_packet *out)
{
    CHECK(out->kind == in->kind && out->pts == in->pts);
    if (in->kind != RM_KIND_JSON) {
        CHECK(out->size == in->size && (in->size == 0 || memcmp(out->data, in->data, in->size) == 0));
    }
    /* What was written must be readable. */
    rm_packet again = *out;
    again.port = 0;
    again.index = RM_INDEX_NONE;
    CHECK(rm_call_emit(&again) == RM_ERR_REENTRANT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rm_session session;
    if (session == 0) {
        session = open_session();
    }
    rm_packet in = describe((fuzz_bytes){data, size}), out = RM_PACKET_INIT;
    /* It is read before it is found that there is no callback to emit it from. */
    rm_status status = sound(rm_call_emit(&in));
    if (status != RM_ERR_REENTRANT) {
        CHECK(rm_session_push(session, &in, 0) == status);
        return 0;
    }
    CHECK(rm_session_push(session, &in, PATIENCE) == RM_OK);
    CHECK(rm_session_pull(session, &out, PATIENCE) == RM_OK);
    compare(&in, &out);
    CHECK(rm_buffer_free(out.buffer) == RM_OK);
    return 0;
}
