/* The node: bright becomes dark, and the other way round. */
#include "negative.h"

#include <string.h>

#include "frame.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Black is 16 and white is 235, and whatever is beyond them stays within a byte. */
static uint8_t invert(uint8_t luma)
{
    return luma > 251 ? 0 : (uint8_t)(251 - luma);
}

static rm_status process(void *user_data, const rm_packet *in)
{
    (void)user_data;
    struct picture picture;
    if (!picture_read(in, &picture)) {
        rm_call_fail(TEXT("expected the bytes of a picture in yuv420p, with its width and height in the metadata"), NULL);
        return RM_ERR_INPUT;
    }
    void *memory = NULL; /* the input may be somebody else's too, so it is left as it is */
    rm_packet out = *in; /* the same time and metadata */
    rm_status status = rm_buffer_new(in->size, &memory, &out.buffer);
    if (status != RM_OK)
        return status;
    uint8_t *pixels = memory;
    const uint8_t *from = in->data;
    size_t luma = (size_t)picture.width * (size_t)picture.height; /* the first plane; colours follow, and stay */
    for (size_t i = 0; i < luma; i++)
        pixels[i] = invert(from[i]);
    memcpy(pixels + luma, from + luma, in->size - luma);

    out.data = pixels; /* in the buffer, and so not copied */
    status = rm_call_emit(&out);
    rm_buffer_free(out.buffer); /* the packet has a reference of its own */
    return status;
}

rm_status negative_new(rm_node *node)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.process = process;
    callbacks.accepts = 1u << RM_KIND_BYTES;
    callbacks.emits = 1u << RM_KIND_BYTES;
    return rm_node_new(0, &callbacks, node);
}
