/* A small program of somebody else's, in C and in C++: a node of the library's, and one of its own behind it. */

#include <remotemedia.h>
#include <stdio.h>
#include <string.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define TIME INT64_C(20000000000)

/* Puts the version of the library before what comes. */
static rm_status say(void *user_data, const rm_packet *packet)
{
    char words[128];
    const char *version = (const char *)user_data, *data = (const char *)packet->data;
    rm_packet output = *packet;
    output.kind = RM_KIND_TEXT;
    output.data = words;
    output.size = (size_t)snprintf(words, sizeof words, "%s %.*s", version, (int)packet->size, data);
    output.buffer = 0; /* so that the words are copied */
    return rm_call_emit(&output);
}

static rm_status open_session(rm_runtime runtime, char *version, rm_session *session)
{
    rm_node_callbacks callbacks;
    rm_session_config how;
    rm_pipeline pipeline = 0;
    rm_node node = 0;
    memset(&callbacks, 0, sizeof callbacks);
    memset(&how, 0, sizeof how);
    callbacks.struct_size = sizeof callbacks;
    callbacks.user_data = version;
    callbacks.process = say;
    how.struct_size = sizeof how;
    if (rm_pipeline_new(runtime, &pipeline) || rm_node_new(0, &callbacks, &node) ||
        rm_pipeline_add_type(pipeline, TEXT("sum"), TEXT("CalculatorNode"), NULL, 0) ||
        rm_pipeline_add_node(pipeline, TEXT("say"), node) ||
        rm_pipeline_connect(pipeline, TEXT("sum"), TEXT("say"), NULL) || rm_session_open(pipeline, &how, session))
        return RM_ERR_STATE;
    rm_node_free(node);
    return rm_pipeline_free(pipeline);
}

/* Gives the node of the library's something to calculate, and prints what comes of it. */
static rm_status calculate(rm_session session)
{
    static const char sum[] = "{\"operation\": \"multiply\", \"operands\": [6, 7]}";
    rm_packet packet;
    memset(&packet, 0, sizeof packet);
    packet.struct_size = sizeof packet;
    packet.kind = RM_KIND_JSON;
    packet.data = sum;
    packet.size = sizeof sum - 1;
    if (rm_session_push(session, &packet, TIME) || rm_session_end(session) || rm_session_pull(session, &packet, TIME))
        return RM_ERR_STATE;
    printf("%.*s\n", (int)packet.size, (const char *)packet.data);
    rm_buffer_free(packet.buffer);
    return rm_session_wait(session, TIME);
}

int main(void)
{
    rm_runtime_config config;
    rm_runtime runtime = 0;
    rm_session session = 0;
    char version[32] = "";
    size_t length = 0;
    memset(&config, 0, sizeof config);
    config.struct_size = sizeof config;
    config.abi_version = RM_ABI_VERSION;
    if (rm_version(version, sizeof version - 1, &length) || rm_runtime_new(&config, &runtime) ||
        open_session(runtime, version, &session) || calculate(session)) {
        char message[256] = "";
        rm_last_error(message, sizeof message - 1, &length);
        fprintf(stderr, "%s\n", message);
        return 1;
    }
    rm_session_free(session);
    return rm_runtime_free(runtime) == RM_OK ? 0 : 1;
}
