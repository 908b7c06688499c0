/* Packets: every kind comes through as it went in, and what is no packet is refused. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static const char bad_utf8[] = {'a', (char)0xff};

/* A packet with every common field set. */
static rm_packet packet_of(uint32_t kind, const void *data, size_t size)
{
    static const char metadata[] = "{\"who\":\"me\",\"n\":[1,2.5,null]}";
    return (rm_packet){
        .struct_size = sizeof(rm_packet),
        .kind = kind,
        .pts = -5,
        .duration = INT64_MAX,
        .index = 99, /* the library sets its own */
        .data = data,
        .size = size,
        .metadata = metadata,
        .metadata_size = sizeof metadata - 1,
    };
}

/* Whether two packets say the same, whatever memory they say it in. */
static void check_same(const rm_packet *actual, const rm_packet *expected)
{
    CHECK_INT(actual->struct_size, sizeof *actual);
    CHECK_INT(actual->kind, expected->kind);
    CHECK_INT(actual->pts, expected->pts);
    CHECK_INT(actual->duration, expected->duration);
    CHECK_INT(actual->size, expected->size);
    CHECK(actual->size == 0 || memcmp(actual->data, expected->data, actual->size) == 0);
    CHECK_INT(actual->sample_rate, expected->sample_rate);
    CHECK_INT(actual->channels, expected->channels);
    CHECK(actual->object == NULL);
    CHECK_INT(actual->host, 0);
}

static void check_metadata(const rm_packet *packet)
{
    /* The same object, its keys in any order. */
    char json[128];
    snprintf(json, sizeof json, "%.*s", (int)packet->metadata_size, packet->metadata);
    CHECK_INT(packet->metadata_size, strlen("{\"n\":[1,2.5,null],\"who\":\"me\"}"));
    CHECK(strstr(json, "\"n\":[1,2.5,null]") != NULL && strstr(json, "\"who\":\"me\"") != NULL);
}

static rm_status look_and_emit(recorder *recorder, const rm_packet *packet)
{
    check_same(packet, recorder->own);
    check_metadata(packet);
    CHECK_INT(packet->index, recorder->count++);
    CHECK_INT(packet->buffer, 0);
    return rm_call_emit(packet);
}

static void every_kind_comes_through(rm_runtime runtime)
{
    static const float samples[] = {0.0f, 0.25f, -0.5f, 1.0f, -1.0f, 8.0f};
    rm_packet packets[] = {
        packet_of(RM_KIND_TEXT, TEXT("gr\xc3\xbc\xc3\x9f Gott \xf0\x9f\x8e\xb5")),
        packet_of(RM_KIND_TEXT, NULL, 0),
        packet_of(RM_KIND_JSON, TEXT("{\"a\":[1,true,null,\"x\"]}")),
        packet_of(RM_KIND_BYTES, "\0\1\2\377", 4),
        packet_of(RM_KIND_BYTES, NULL, 0),
        packet_of(RM_KIND_AUDIO, samples, sizeof samples),
        packet_of(RM_KIND_AUDIO, NULL, 0),
    };
    packets[5].channels = 2, packets[5].sample_rate = 44100;
    packets[6].channels = 1, packets[6].sample_rate = 1;
    recorder recorder = RECORDER;
    recorder.process = look_and_emit;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        rm_packet output = RM_PACKET_INIT;
        recorder.own = &packets[i];
        CHECK_OK(rm_session_push(session, &packets[i], PATIENCE));
        CHECK_OK(rm_session_pull(session, &output, PATIENCE));
        check_same(&output, &packets[i]);
        check_metadata(&output);
        CHECK_INT(output.index, i);
        CHECK_OK(rm_buffer_free(output.buffer));
    }
    finish(session);
    recorder_free(node, &recorder);
}

static rm_status emit_bare(void *user_data, const rm_packet *packet)
{
    (void)user_data, (void)packet;
    rm_packet output = text("bare");
    return rm_call_emit(&output);
}

static void an_output_inherits_its_time(rm_runtime runtime)
{
    rm_node node = make_processor(emit_bare, NULL);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = text("x");
    packet.pts = 7 * SECOND;
    packet.duration = SECOND;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK_INT(packet.pts, 7 * SECOND);
    CHECK_INT(packet.duration, SECOND);
    CHECK_INT(packet.index, 0);
    CHECK_INT(packet.metadata_size, 0);
    CHECK_OK(rm_buffer_free(packet.buffer));
    finish(session);
    CHECK_OK(rm_node_free(node));
}

/* Everything that is refused, however the packet comes in. */
static void refuse_all(rm_status (*take)(const rm_packet *packet))
{
    static const float samples[4];
    rm_packet packet = text("x");
    struct {
        rm_packet known;
        uint64_t more;
    } newer = {text("x"), 1};
    CHECK_REFUSED(take(NULL), RM_ERR_NULL, "rm_packet");
#define REFUSE(status, words, ...) (packet = (rm_packet){__VA_ARGS__}, CHECK_REFUSED(take(&packet), status, words))
#define WITH(a_kind, a_data, a_size) .struct_size = sizeof packet, .kind = (a_kind), .data = (a_data), .size = (a_size)
    REFUSE(RM_ERR_ARGUMENT, "sizeof(rm_packet)", .kind = RM_KIND_TEXT);
    REFUSE(RM_ERR_ARGUMENT, "sizeof(rm_packet)", .struct_size = UINT32_MAX, .kind = RM_KIND_TEXT);
    newer.known.struct_size = sizeof newer;
    CHECK_STATUS(take(&newer.known), RM_ERR_UNSUPPORTED);
    REFUSE(RM_ERR_ARGUMENT, "packet.kind is 0; use RM_KIND_AUDIO, ", WITH(RM_KIND_NONE, "x", 1));
    REFUSE(RM_ERR_ARGUMENT, "kind", WITH(RM_KIND_FAILURE, "x", 1));
    REFUSE(RM_ERR_ARGUMENT, "kind", WITH(UINT32_MAX, "x", 1));
    REFUSE(RM_ERR_NULL, "packet.data", WITH(RM_KIND_TEXT, NULL, 1));
    REFUSE(RM_ERR_ARGUMENT, "more than memory", WITH(RM_KIND_BYTES, "x", SIZE_MAX));
    REFUSE(RM_ERR_UTF8, "packet.data", WITH(RM_KIND_TEXT, bad_utf8, sizeof bad_utf8));
    REFUSE(RM_ERR_UTF8, "packet.data", WITH(RM_KIND_JSON, bad_utf8, sizeof bad_utf8));
    REFUSE(RM_ERR_ARGUMENT, "not JSON", WITH(RM_KIND_JSON, "{", 1));
    REFUSE(RM_ERR_ARGUMENT, "not JSON", WITH(RM_KIND_JSON, NULL, 0));
    REFUSE(RM_ERR_NULL, "packet.object", WITH(RM_KIND_OBJECT, NULL, 0));
    REFUSE(RM_ERR_BAD_HANDLE, "host", WITH(RM_KIND_TEXT, "x", 1), .host = 1);
    REFUSE(RM_ERR_BAD_HANDLE, "buffer", WITH(RM_KIND_BYTES, "x", 1), .buffer = 1);
    REFUSE(RM_ERR_ARGUMENT, "sample rate", WITH(RM_KIND_AUDIO, samples, 16), .channels = 1);
    REFUSE(RM_ERR_ARGUMENT, "channel", WITH(RM_KIND_AUDIO, samples, 16), .sample_rate = 8000);
    REFUSE(RM_ERR_ARGUMENT, "3 channels", WITH(RM_KIND_AUDIO, samples, 16), .channels = 3, .sample_rate = 8000);
    REFUSE(RM_ERR_ARGUMENT, "32-bit floats", WITH(RM_KIND_AUDIO, samples, 15), .channels = 1, .sample_rate = 8000);
    REFUSE(RM_ERR_NULL, "packet.metadata", WITH(RM_KIND_TEXT, "x", 1), .metadata_size = 1);
    REFUSE(RM_ERR_UTF8, "packet.metadata", WITH(RM_KIND_TEXT, "x", 1), .metadata = bad_utf8, .metadata_size = 2);
    REFUSE(RM_ERR_ARGUMENT, "not JSON", WITH(RM_KIND_TEXT, "x", 1), .metadata = "{", .metadata_size = 1);
    REFUSE(RM_ERR_ARGUMENT, "not a JSON object", WITH(RM_KIND_TEXT, "x", 1), .metadata = "[]", .metadata_size = 2);
#undef REFUSE
#undef WITH
}

static rm_session the_session;

static rm_status push_it(const rm_packet *packet)
{
    return rm_session_push(the_session, packet, PATIENCE);
}

static rm_status refuse_and_emit(recorder *recorder, const rm_packet *packet)
{
    (void)recorder;
    refuse_all(rm_call_emit);
    return rm_call_emit(packet);
}

static void what_is_no_packet_is_refused(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = refuse_and_emit;
    rm_node node = recorder_node(&recorder);
    the_session = open_node(runtime, node, NULL);
    refuse_all(push_it);
    push_text(the_session, "x");
    expect_text(the_session, "x");
    finish(the_session);
    recorder_free(node, &recorder);
}

static void an_object_needs_a_host(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_OBJECT, .object = &recorder};
    CHECK_REFUSED(rm_session_push(session, &packet, 0), RM_ERR_ARGUMENT, "no host that it belongs to");
    finish(session);
    recorder_free(node, &recorder);
}

static void data_may_lie_anywhere(rm_runtime runtime)
{
    /* Copied, so even samples need not be aligned. */
    unsigned char memory[17] = {0};
    const float half = 0.5f;
    memcpy(memory + 1, &half, sizeof half);
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_AUDIO, .data = memory + 1, .size = sizeof half};
    packet.sample_rate = 8000;
    packet.channels = 1;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    memset(memory, 0, sizeof memory);
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(*(const float *)packet.data == 0.5f);
    CHECK_OK(rm_buffer_free(packet.buffer));
    finish(session);
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN_ON(every_kind_comes_through);
    RUN_ON(an_output_inherits_its_time);
    RUN_ON(what_is_no_packet_is_refused);
    RUN_ON(an_object_needs_a_host);
    RUN_ON(data_may_lie_anywhere);
    return 0;
}
