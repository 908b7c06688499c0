/* The node: louder or softer, and an error instead of samples that full scale cannot hold. */
#include "gain.h"

#include <math.h>
#include <stdio.h>

/* Answers how many samples were scaled before one was too loud: all of them, if all is well. */
static size_t scale(const float *from, float *to, size_t count, float gain)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i] * gain;
        if (fabsf(to[i]) > 1.0f)
            return i;
    }
    return count;
}

static rm_status process(void *user_data, const rm_packet *in)
{
    const float *gain = user_data;
    size_t count = in->size / sizeof(float);
    void *memory = NULL;
    rm_packet out = *in; /* the same time and format */
    rm_status status = rm_buffer_new(in->size, &memory, &out.buffer);
    if (status != RM_OK)
        return status;
    float *samples = memory;
    size_t good = scale(in->data, samples, count, *gain);
    if (good == count) {
        out.data = samples;
        status = rm_call_emit(&out);
    } else {
        char message[80];
        int length = snprintf(message, sizeof message, "a sample of %.2f would clip; lower the gain", samples[good]);
        rm_call_fail(message, (size_t)length, NULL);
        status = RM_ERR_NODE;
    }
    rm_buffer_free(out.buffer); /* the packet has a reference of its own */
    return status;
}

rm_status gain_new(const float *gain, rm_node *node)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = (void *)gain;
    callbacks.process = process;
    callbacks.accepts = 1u << RM_KIND_AUDIO;
    callbacks.emits = 1u << RM_KIND_AUDIO;
    return rm_node_new(0, &callbacks, node);
}
