/* What a script can do: every function that makes, joins or runs something. */
#include "script.h"

static const char *const IDS[] = {"a", "b", "c", "", "a/x"};
static const char *const TYPES[] = {"PassThrough", "CalculatorNode", "FastResampleNode", "Nothing"};
static const char *const DOCUMENTS[] = {"{}", "", "[", "{\"operation\": \"add\"}", "{\"on_error\": \"skip\"}",
    "{\"version\": \"v1\", \"nodes\": [{\"id\": \"c\", \"node_type\": \"PassThrough\"}]}"};

#define PICK(bytes, list) (list)[take(bytes, 1) % (sizeof(list) / sizeof *(list))]
#define TEXT(text) (text), strlen(text)

static int64_t timeout(fuzz_bytes *bytes)
{
    return (int64_t)(take(bytes, 1) % 4) * 100000;
}

static rm_packet packet_of(fuzz_bytes *bytes)
{
    static const float samples[64];
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = (uint32_t)take(bytes, 1) % 8;
    packet.data = packet.kind == RM_KIND_JSON ? "{}\0" : (const void *)samples;
    packet.size = packet.kind == RM_KIND_JSON ? 2 : (size_t)take(bytes, 1);
    packet.sample_rate = (uint32_t)take(bytes, 2);
    packet.channels = (uint32_t)take(bytes, 1);
    packet.pts = (int64_t)take(bytes, 1);
    return packet;
}

static void make(fuzz_bytes *bytes)
{
    uint64_t made = 0;
    unsigned what = (unsigned)take(bytes, 1);
    if (what % 3 == 0) {
        rm_node_callbacks callbacks = scripted_node((uint8_t)take(bytes, 1));
        callbacks.flags = (uint32_t)take(bytes, 1) % 16 == 1 ? RM_NODE_SOURCE : 0;
        if (sound(rm_node_new(0, &callbacks, &made)) == RM_OK) {
            keep_handle(NODE, made);
        }
    } else if (what % 3 == 1) {
        if (sound(rm_pipeline_new(pick_handle(bytes, RUNTIME), &made)) == RM_OK) {
            keep_handle(PIPELINE, made);
        }
    } else {
        void *start = NULL;
        if (sound(rm_buffer_share((size_t)take(bytes, 2), &start, &made)) == RM_OK) {
            keep_handle(BUFFER, made);
        }
    }
}

static void build(fuzz_bytes *bytes)
{
    rm_edge_config edge = RM_EDGE_CONFIG_INIT;
    rm_pipeline pipeline = pick_handle(bytes, PIPELINE);
    const char *id = PICK(bytes, IDS), *document = PICK(bytes, DOCUMENTS);
    switch (take(bytes, 1) % 5) {
    case 0:
        sound(rm_pipeline_add_node(pipeline, TEXT(id), pick_handle(bytes, NODE)));
        break;
    case 1: {
        const char *type = PICK(bytes, TYPES);
        sound(rm_pipeline_add_type(pipeline, TEXT(id), TEXT(type), TEXT(document)));
        break;
    }
    case 2: {
        const char *to = PICK(bytes, IDS);
        edge.policy = (uint32_t)take(bytes, 1) % 6;
        edge.capacity = (uint32_t)take(bytes, 1);
        sound(rm_pipeline_connect(pipeline, TEXT(id), TEXT(to), &edge));
        break;
    }
    case 3:
        sound(rm_pipeline_configure(pipeline, TEXT(id), TEXT(document)));
        break;
    default:
        sound(rm_pipeline_load(pipeline, TEXT(document)));
    }
}

static void open_one(fuzz_bytes *bytes)
{
    rm_session_config config = RM_SESSION_CONFIG_INIT;
    rm_ring_config ring_config = RM_RING_CONFIG_INIT;
    uint64_t made = 0;
    if (take(bytes, 1) % 4 == 0) {
        ring_config.direction = (uint32_t)take(bytes, 1) % 3;
        ring_config.capacity = (uint32_t)take(bytes, 1);
        ring_config.size = (size_t)take(bytes, 1);
        if (sound(rm_ring_new(pick_handle(bytes, SESSION), &ring_config, &made)) == RM_OK) {
            keep_handle(RING, made);
        }
        return;
    }
    config.on_error = (uint32_t)take(bytes, 1) % 4;
    config.capacity = (uint32_t)take(bytes, 1);
    config.policy = (uint32_t)take(bytes, 1) % 6;
    config.trace = (uint32_t)take(bytes, 1);
    config.caller = pick_handle(bytes, COMPLETION);
    config.input = take(bytes, 1) % 8 == 7 ? pick_handle(bytes, NODE) : 0;
    config.output = take(bytes, 1) % 8 == 7 ? pick_handle(bytes, NODE) : 0;
    if (sound(rm_session_open(pick_handle(bytes, PIPELINE), &config, &made)) == RM_OK) {
        keep_handle(SESSION, made);
    }
}

static void stream(fuzz_bytes *bytes)
{
    rm_packet packet = packet_of(bytes), out = RM_PACKET_INIT;
    rm_session session = pick_handle(bytes, SESSION);
    switch (take(bytes, 1) % 6) {
    case 0:
    case 1:
        sound(rm_session_push(session, &packet, timeout(bytes)));
        break;
    case 2:
        if (sound(rm_session_pull(session, &out, timeout(bytes))) == RM_OK && out.buffer != 0) {
            keep_handle(BUFFER, out.buffer);
        }
        break;
    case 3:
        sound(rm_session_flush(session, timeout(bytes)));
        break;
    case 4:
        sound(rm_session_end(session));
        break;
    default:
        sound(rm_session_wait(session, timeout(bytes)));
    }
}

static void change(fuzz_bytes *bytes)
{
    const char *id = PICK(bytes, IDS), *after = PICK(bytes, IDS), *before = PICK(bytes, IDS);
    rm_session session = pick_handle(bytes, SESSION);
    switch (take(bytes, 1) % 4) {
    case 0:
        sound(rm_session_insert(session, TEXT(id), pick_handle(bytes, NODE), TEXT(after), TEXT(before), timeout(bytes)));
        break;
    case 1:
        sound(rm_session_replace(session, TEXT(id), pick_handle(bytes, NODE), timeout(bytes)));
        break;
    case 2:
        sound(rm_session_remove(session, TEXT(id), timeout(bytes)));
        break;
    default:
        sound(rm_session_cancel(session));
    }
}

static void ring(fuzz_bytes *bytes)
{
    rm_packet packet = packet_of(bytes), out = RM_PACKET_INIT;
    char room[256];
    rm_ring which = pick_handle(bytes, RING);
    switch (take(bytes, 1) % 3) {
    case 0:
        sound(rm_ring_try_push(which, &packet));
        break;
    case 1:
        sound(rm_ring_try_pull(which, &out, room, sizeof room));
        break;
    default:
        sound(rm_ring_end(which));
    }
}

static void look(fuzz_bytes *bytes)
{
    char text[64];
    size_t length = 0, size = 0;
    const void *start = NULL;
    switch (take(bytes, 1) % 4) {
    case 0:
        sound(rm_session_metrics(pick_handle(bytes, SESSION), text, sizeof text, &length));
        break;
    case 1:
        sound(rm_session_report(pick_handle(bytes, SESSION), text, sizeof text, &length));
        break;
    case 2:
        sound(rm_session_trace(pick_handle(bytes, SESSION), text, sizeof text, &length));
        break;
    default:
        sound(rm_buffer_read(pick_handle(bytes, BUFFER), &start, &size));
    }
}

static void finish(fuzz_bytes *bytes)
{
    rm_packet packet = packet_of(bytes);
    rm_status status = (rm_status)(take(bytes, 1) % 4);
    uint64_t handle = take_handle(COMPLETION);
    sound(rm_completion_finish(handle, status, status == RM_OK ? &packet : NULL));
}

void script_step(fuzz_bytes *bytes)
{
    static void (*const steps[])(fuzz_bytes *) = {make, build, build, open_one, stream, stream, change, ring, look, finish};
    unsigned step = (unsigned)take(bytes, 1);
    if (step >= 240) {
        /* Only here, so that what is freed is in no place any more. */
        enum kind kind = NODE + step % 7;
        free_handle(kind, take_handle(kind));
        return;
    }
    PICK((&(fuzz_bytes){(const uint8_t *)&step, 1}), steps)(bytes);
}

void script_end(void)
{
    static const enum kind order[] = {RING, COMPLETION, PIPELINE, NODE, BUFFER};
    uint64_t handle = 0;
    while ((handle = take_handle(SESSION)) != 0) {
        CHECK(rm_session_cancel(handle) == RM_OK);
        CHECK(sound(rm_session_wait(handle, PATIENCE)) != RM_ERR_TIMEOUT);
        CHECK(rm_session_free(handle) == RM_OK);
    }
    for (size_t at = 0; at < sizeof order / sizeof *order; at++) {
        while ((handle = take_handle(order[at])) != 0) {
            free_handle(order[at], handle);
        }
    }
}
