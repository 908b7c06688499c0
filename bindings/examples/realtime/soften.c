/* The effect. It runs on a thread of the library's, so it may do what the sound card's thread must not, such as allocate. */
#include "soften.h"

#include <stdlib.h>

#define TEXT(literal) (literal), (sizeof(literal) - 1)

static rm_status process(void *user_data, const rm_packet *in)
{
    (void)user_data;
    const float *samples = in->data;
    float *softened = malloc(in->size);
    if (softened == NULL) {
        rm_call_fail(TEXT("no memory for the samples"), NULL);
        return RM_ERR_MEMORY;
    }
    for (size_t i = 0; i < in->size / sizeof *samples; i++)
        softened[i] = 0.5f * samples[i];

    rm_buffer buffer = 0; /* handed over, not copied; `free` is called also if this fails */
    rm_status status = rm_buffer_wrap(softened, in->size, free, softened, &buffer);
    if (status != RM_OK)
        return status;
    rm_packet out = *in; /* the same time and format */
    out.data = softened;
    out.buffer = buffer;
    status = rm_call_emit(&out);
    rm_buffer_free(buffer); /* the packet has a reference of its own */
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
