/*
 * A node of your own, in C, beside one that is built in:
 *
 *     a tone, 48 kHz  ->  fade (below)  ->  FastResampleNode  ->  16 kHz
 *
 * The fade is a gain that rises from nothing to a target. It goes on from one packet to the next, so it has a state.
 */
#include <math.h>
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define SECOND INT64_C(1000000000)

enum { RATE = 48000, BLOCK = 960, BLOCKS = 100 };

/* Every call says how it went; the message of the one that failed last is kept for this thread. */
static void check(rm_status status, const char *what)
{
    if (status >= 0)
        return;
    char message[512];
    size_t length = 0;
    rm_last_error(message, sizeof message, &length);
    if (length > sizeof message)
        length = sizeof message;
    fprintf(stderr, "%s: %.*s (status %d)\n", what, (int)length, message, (int)status);
    exit(EXIT_FAILURE);
}

struct fade {
    float gain; /* now */
    float step; /* what is added for each frame */
    float target;
};

static rm_status fade_process(void *user_data, const rm_packet *in)
{
    struct fade *fade = user_data;
    const float *samples = in->data;
    size_t frames = in->size / sizeof *samples / in->channels;
    void *memory = NULL;
    rm_packet out = *in; /* the same time and format */
    rm_status status = rm_buffer_new(in->size, &memory, &out.buffer);
    if (status != RM_OK)
        return status;
    float *faded = memory;
    for (size_t frame = 0; frame < frames; frame++) {
        for (uint32_t channel = 0; channel < in->channels; channel++)
            faded[channel * frames + frame] = samples[channel * frames + frame] * fade->gain;
        fade->gain = fminf(fade->gain + fade->step, fade->target);
    }

    out.data = faded; /* in the buffer, and so not copied */
    status = rm_call_emit(&out);
    rm_buffer_free(out.buffer); /* the packet has a reference of its own */
    return status;
}

static rm_node new_fade(float target, float seconds)
{
    struct fade *fade = malloc(sizeof *fade);
    if (fade == NULL)
        exit(EXIT_FAILURE);
    *fade = (struct fade){.step = target / (seconds * RATE), .target = target};
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = fade;
    callbacks.destroy = free; /* called once, last, also if rm_node_new fails */
    callbacks.process = fade_process;
    callbacks.accepts = callbacks.emits = 1u << RM_KIND_AUDIO;
    rm_node node = 0;
    check(rm_node_new(0, &callbacks, &node), "make the fade");
    return node;
}

struct level {
    uint32_t rate;
    size_t frames;
    float peak;
};

static void measure(struct level *level, const rm_packet *packet)
{
    const float *samples = packet->data;
    size_t count = packet->size / sizeof *samples;
    for (size_t i = 0; i < count; i++)
        level->peak = fmaxf(level->peak, fabsf(samples[i]));
    level->frames += count / packet->channels;
    level->rate = packet->sample_rate;
}

/* Takes every output there is, waiting for each as long as `timeout`. */
static void drain(rm_session session, int64_t timeout, struct level *level)
{
    rm_packet packet = RM_PACKET_INIT;
    rm_status status;
    while ((status = rm_session_pull(session, &packet, timeout)) == RM_OK) {
        measure(level, &packet);
        check(rm_buffer_free(packet.buffer), "free the output");
    }
    if (status != RM_ERR_TIMEOUT)
        check(status, "pull"); /* RM_END is no error */
}

static void push_tone(rm_session session, struct level *in, struct level *out)
{
    float samples[BLOCK];
    for (int block = 0; block < BLOCKS; block++) {
        for (int i = 0; i < BLOCK; i++)
            samples[i] = 0.5f * sinf(6.2831853f * 440.0f * (float)(block * BLOCK + i) / RATE);
        rm_packet packet = RM_PACKET_INIT;
        packet.kind = RM_KIND_AUDIO;
        packet.pts = block * BLOCK * SECOND / RATE;
        packet.duration = BLOCK * SECOND / RATE;
        packet.data = samples; /* without a buffer, so copied */
        packet.size = sizeof samples;
        packet.sample_rate = RATE;
        packet.channels = 1;
        check(rm_session_push(session, &packet, 10 * SECOND), "push");
        measure(in, &packet);
        drain(session, 0, out);
    }
    check(rm_session_end(session), "end");
    drain(session, 10 * SECOND, out);
}

static void print_metrics(rm_session session)
{
    size_t size = 0;
    check(rm_session_metrics(session, NULL, 0, &size), "measure the metrics");
    char *json = malloc(size);
    if (json == NULL)
        exit(EXIT_FAILURE);
    check(rm_session_metrics(session, json, size, &size), "read the metrics");
    printf("metrics: %.*s\n", (int)size, json);
    free(json);
}

int main(void)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    check(rm_runtime_new(&config, &runtime), "start");

    rm_pipeline pipeline = 0;
    rm_node fade = new_fade(0.5f, 1.0f);
    check(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check(rm_pipeline_add_node(pipeline, TEXT("fade"), fade), "add the fade");
    check(rm_pipeline_add_type(pipeline, TEXT("resample"), TEXT("FastResampleNode"), TEXT("{\"target_rate\": 16000}")),
          "add the resampler");
    check(rm_pipeline_connect(pipeline, TEXT("fade"), TEXT("resample"), NULL), "connect");

    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_session session = 0;
    check(rm_session_open(pipeline, &how, &session), "open");

    struct level in = {0}, out = {0};
    push_tone(session, &in, &out);
    printf("in:  %u Hz, %zu frames, peak %.3f\n", (unsigned)in.rate, in.frames, in.peak);
    printf("out: %u Hz, %zu frames, peak %.3f\n", (unsigned)out.rate, out.frames, out.peak);
    print_metrics(session);

    check(rm_session_free(session), "free the session");
    check(rm_pipeline_free(pipeline), "free the pipeline");
    check(rm_node_free(fade), "free the node");
    check(rm_runtime_free(runtime), "stop");
    return EXIT_SUCCESS;
}
