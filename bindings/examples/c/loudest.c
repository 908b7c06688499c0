/* A node in C, and a program around it: the loudest sample so far, for each packet of audio. */

#include <math.h>
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>

static rm_status loudest(void *user_data, const rm_packet *in)
{
    float *peak = user_data;
    const float *samples = in->data;
    for (size_t i = 0; i < in->size / sizeof *samples; i++)
        *peak = fmaxf(*peak, fabsf(samples[i]));
    char json[32];
    int size = snprintf(json, sizeof json, "{\"peak\": %.3f}", (double)*peak);
    rm_packet out = RM_PACKET_INIT; /* without a time: it gets that of the input */
    out.kind = RM_KIND_JSON, out.data = json, out.size = (size_t)size;
    return rm_call_emit(&out);
}

static void check(rm_status status)
{
    char message[512];
    size_t length = 0;
    if (status >= 0)
        return;
    rm_last_error(message, sizeof message, &length);
    fprintf(stderr, "%.*s\n", (int)(length < sizeof message ? length : sizeof message), message);
    exit(EXIT_FAILURE);
}

int main(void)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    rm_pipeline pipeline = 0;
    rm_node node = 0;
    float peak = 0; /* outlives the runtime, so it needs no `destroy` */
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = &peak, callbacks.process = loudest;
    check(rm_runtime_new(&config, &runtime));
    check(rm_pipeline_new(runtime, &pipeline));
    check(rm_node_new(0, &callbacks, &node));
    check(rm_pipeline_add_node(pipeline, "loudest", 7, node));

    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_session session = 0;
    check(rm_session_open(pipeline, &how, &session));
    static const float levels[] = {0.125f, 0.5f, 0.25f};
    for (int i = 0; i < 3; i++) {
        float samples[] = {levels[i], -levels[i]};
        rm_packet in = RM_PACKET_INIT;
        in.kind = RM_KIND_AUDIO, in.sample_rate = 48000, in.channels = 1;
        in.data = samples, in.size = sizeof samples;
        check(rm_session_push(session, &in, -1));
    }
    check(rm_session_end(session));

    rm_packet out = RM_PACKET_INIT;
    rm_status status;
    while ((status = rm_session_pull(session, &out, -1)) == RM_OK) {
        printf("%.*s\n", (int)out.size, (const char *)out.data);
        check(rm_buffer_free(out.buffer)); /* `data` lies in it */
    }
    check(status);
    check(rm_session_free(session));
    check(rm_pipeline_free(pipeline));
    check(rm_node_free(node));
    check(rm_runtime_free(runtime));
    return EXIT_SUCCESS;
}
