/*
 * Decodes an audio file and says how loud it is:
 *
 *     AudioFileSourceNode, from a manifest  ->  meter (below)  ->  one JSON document at the end
 *
 *     decode FILE
 */
#include <math.h>
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define SECOND INT64_C(1000000000)

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

struct meter {
    double seconds, peak, sum;
    size_t samples;
};

static rm_status meter_process(void *user_data, const rm_packet *packet)
{
    struct meter *meter = user_data;
    const float *samples = packet->data; /* borrowed until we return */
    size_t count = packet->size / sizeof *samples;
    for (size_t i = 0; i < count; i++) {
        meter->peak = fmax(meter->peak, fabs((double)samples[i]));
        meter->sum += (double)samples[i] * (double)samples[i];
    }
    meter->samples += count;
    meter->seconds += (double)count / packet->channels / packet->sample_rate;
    return RM_OK; /* nothing to send on yet */
}

/* The end of the stream: now there is something to tell. */
static rm_status meter_flush(void *user_data)
{
    const struct meter *meter = user_data;
    double rms = meter->samples == 0 ? 0.0 : sqrt(meter->sum / (double)meter->samples);
    static const char format[] = "{\"seconds\": %.3f, \"peak\": %.3f, \"rms\": %.3f}";
    char json[128];
    int size = snprintf(json, sizeof json, format, meter->seconds, meter->peak, rms);
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = RM_KIND_JSON;
    packet.data = json; /* without a buffer, so copied */
    packet.size = (size_t)size;
    return rm_call_emit(&packet);
}

static rm_node new_meter(struct meter *meter)
{
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks,
        .user_data = meter,
        .process = meter_process,
        .flush = meter_flush,
        .accepts = 1u << RM_KIND_AUDIO,
        .emits = 1u << RM_KIND_JSON,
    };
    rm_node node = 0;
    check(rm_node_new(0, &callbacks, &node), "make the meter");
    return node;
}

/* The manifest of one source. In a JSON string, quotes, backslashes and control characters are escaped. */
static char *new_manifest(const char *path)
{
    static const char head[] = "{\"version\": \"v1\", \"nodes\": [{"
                               "\"id\": \"file\", \"node_type\": \"AudioFileSourceNode\", \"params\": {\"path\": \"";
    static const char tail[] = "\"}}]}";
    char *manifest = malloc(sizeof head + 6 * strlen(path) + sizeof tail);
    if (manifest == NULL)
        exit(EXIT_FAILURE);
    char *end = manifest + sprintf(manifest, "%s", head);
    for (; *path != '\0'; path++) {
        unsigned char byte = (unsigned char)*path;
        const char *format = byte < ' ' ? "\\u%04x" : byte == '"' || byte == '\\' ? "\\%c" : "%c";
        end += sprintf(end, format, byte);
    }
    strcpy(end, tail);
    return manifest;
}

static void print_outputs(rm_session session)
{
    rm_packet packet = RM_PACKET_INIT;
    rm_status status;
    while ((status = rm_session_pull(session, &packet, 60 * SECOND)) == RM_OK) {
        printf("%.*s\n", (int)packet.size, (const char *)packet.data);
        check(rm_buffer_free(packet.buffer), "free the output"); /* `data` lies in it, so not before */
    }
    check(status, "pull"); /* RM_END is no error; a file that cannot be read is */
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s FILE\n", arguments[0]);
        return EXIT_FAILURE;
    }
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    check(rm_runtime_new(&config, &runtime), "start");

    struct meter meter = {0}; /* outlives the runtime, so it needs no `destroy` */
    char *manifest = new_manifest(arguments[1]);
    rm_node node = new_meter(&meter);
    rm_pipeline pipeline = 0;
    check(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check(rm_pipeline_load(pipeline, manifest, strlen(manifest)), "load the manifest");
    check(rm_pipeline_add_node(pipeline, TEXT("meter"), node), "add the meter");
    check(rm_pipeline_connect(pipeline, TEXT("file"), TEXT("meter"), NULL), "connect");
    free(manifest);

    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_session session = 0;
    check(rm_session_open(pipeline, &how, &session), "open"); /* a source needs no push: it runs */
    print_outputs(session);

    check(rm_session_free(session), "free the session");
    check(rm_pipeline_free(pipeline), "free the pipeline");
    check(rm_node_free(node), "free the meter");
    check(rm_runtime_free(runtime), "stop");
    return EXIT_SUCCESS;
}
