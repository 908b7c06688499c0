/*
 * A plugin: a shared library that brings a node type of its own, "Gain", which any program can load, and name in manifests:
 *
 *     {"node_type": "Gain", "params": {"gain": 0.5}}
 *
 *     cc -shared -fPIC gain.c -lremotemedia -o gain.so
 */
#include <remotemedia.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)

struct gain {
    float factor;
};

static rm_status gain_process(void *user_data, const rm_packet *in)
{
    const struct gain *gain = user_data;
    const float *samples = in->data;
    void *memory = NULL;
    rm_packet out = *in; /* the same time and format */
    rm_status status = rm_buffer_new(in->size, &memory, &out.buffer);
    if (status != RM_OK)
        return status;
    float *louder = memory;
    for (size_t i = 0; i < in->size / sizeof *samples; i++)
        louder[i] = samples[i] * gain->factor;

    out.data = louder; /* in the buffer, and so not copied */
    status = rm_call_emit(&out);
    rm_buffer_free(out.buffer); /* the packet has a reference of its own */
    return status;
}

/* The number that follows "gain": in parameters, which are JSON without blanks; 1 if there is none. */
static float read_factor(const char *parameters, size_t size)
{
    char text[256] = "";
    if (size < sizeof text)
        memcpy(text, parameters, size);
    const char *value = strstr(text, "\"gain\":");
    return value == NULL ? 1.0f : strtof(value + strlen("\"gain\":"), NULL);
}

static rm_status create(void *user_data, const char *id, size_t id_size, const char *parameters, size_t size, rm_node *node)
{
    (void)user_data, (void)id, (void)id_size;
    struct gain *gain = malloc(sizeof *gain);
    if (gain == NULL)
        return RM_ERR_MEMORY;
    gain->factor = read_factor(parameters, size);
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = gain;
    callbacks.destroy = free; /* called once, last, also if rm_node_new fails */
    callbacks.process = gain_process;
    callbacks.accepts = callbacks.emits = 1u << RM_KIND_AUDIO;
    return rm_node_new(0, &callbacks, node);
}

/* What is wrong here is told by `rm_last_error`, and so by whoever loads the plugin. */
static rm_status init(rm_runtime runtime)
{
    rm_type_callbacks callbacks = RM_TYPE_CALLBACKS_INIT;
    callbacks.create = create;
    return rm_runtime_add_type(runtime, TEXT("Gain"), &callbacks);
}

extern const rm_plugin rm_plugin_entry;
const rm_plugin rm_plugin_entry = {sizeof(rm_plugin), RM_ABI_VERSION, TEXT("gain"), TEXT("1.0"), init};
