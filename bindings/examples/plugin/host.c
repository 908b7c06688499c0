/*
 * Loads a plugin and runs a node of it, by name:
 *
 *     host GAIN.SO
 */
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define SECOND INT64_C(1000000000)

static const char manifest[] = "{\"version\": \"v1\", \"nodes\": ["
                               "{\"id\": \"quieter\", \"node_type\": \"Gain\", \"params\": {\"gain\": 0.5}},"
                               "{\"id\": \"louder\", \"node_type\": \"Gain\", \"params\": {\"gain\": 4}}]}";

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

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s PLUGIN\n", arguments[0]);
        return EXIT_FAILURE;
    }
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    check(rm_runtime_new(&config, &runtime), "start");
    check(rm_runtime_load_plugin(runtime, arguments[1], strlen(arguments[1])), "load");

    rm_pipeline pipeline = 0;
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    rm_session session = 0;
    check(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check(rm_pipeline_load(pipeline, TEXT(manifest)), "load the manifest");
    check(rm_session_open(pipeline, &how, &session), "open");

    const float samples[] = {0.25f, -0.5f};
    rm_packet packet = RM_PACKET_INIT, output = RM_PACKET_INIT;
    packet.kind = RM_KIND_AUDIO;
    packet.sample_rate = 48000;
    packet.channels = 1;
    packet.data = samples;
    packet.size = sizeof samples;
    check(rm_session_push(session, &packet, 10 * SECOND), "push");
    check(rm_session_pull(session, &output, 10 * SECOND), "pull");
    const float *louder = output.data;
    printf("%.2f %.2f\n", (double)louder[0], (double)louder[1]);

    check(rm_buffer_free(output.buffer), "free the output");
    check(rm_session_free(session), "free the session");
    check(rm_pipeline_free(pipeline), "free the pipeline");
    check(rm_runtime_free(runtime), "stop"); /* the plugin stays loaded */
    return EXIT_SUCCESS;
}
