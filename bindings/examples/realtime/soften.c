/* The effect. It runs on a thread of the library's, so it may do what the sound card's thread must not, such as allocate. */
#include "soften.h"

static rm_status process(void *user_data, const rm_packet *in)
{
    (void)user_data;
    const float *samples = in->data;
    void *memory = NULL;
    rm_packet out = *in; /* the same time and format */
    rm_status status = rm_buffer_new(in->size, &memory, &out.buffer);
    if (status != RM_OK)
        return status;
    float *softened = memory;
    for (size_t i = 0; i < in->size / sizeof *samples; i++)
        softened[i] = 0.5f * samples[i];

    out.data = softened; /* in the buffer, and so not copied */
    status = rm_call_emit(&out);
    rm_buffer_free(out.buffer); /* the packet has a reference of its own */
    return status;
}

rm_status soften_new(rm_node *node)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.process = process;
    callbacks.accepts = 1u << RM_KIND_AUDIO;
    callbacks.emits = 1u << RM_KIND_AUDIO;
    return rm_node_new(0, &callbacks, node);
}
