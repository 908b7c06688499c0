/* Pictures between FFmpeg and the library, where they are bytes, with metadata that say how to read them. */
#include "frame.h"

#include <libavutil/imgutils.h>
#include <libavutil/mem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

#define FORMAT "\"pixel_format\":\"yuv420p\""

static int size_of(int width, int height)
{
    return check_av(av_image_get_buffer_size(AV_PIX_FMT_YUV420P, width, height, 1), "the size of a picture");
}

static AVFrame *describe(AVBufferRef *buffer, int width, int height)
{
    AVFrame *frame = check_memory(av_frame_alloc());
    frame->buf[0] = check_memory(buffer);
    frame->format = AV_PIX_FMT_YUV420P;
    frame->width = width;
    frame->height = height;
    check_av(av_image_fill_arrays(frame->data, frame->linesize, buffer->data, AV_PIX_FMT_YUV420P, width, height, 1),
             "describe a picture");
    return frame;
}

AVFrame *frame_new(int width, int height)
{
    return describe(av_buffer_alloc((size_t)size_of(width, height)), width, height);
}

/* Called on whichever thread reads the picture last. */
static void free_frame(void *user_data)
{
    AVFrame *frame = user_data;
    av_frame_free(&frame);
}

rm_status frame_to_packet(AVFrame *frame, int64_t duration, rm_packet *packet, char *metadata, size_t capacity)
{
    int length = snprintf(metadata, capacity, "{\"width\":%d,\"height\":%d," FORMAT "}", frame->width, frame->height);
    *packet = (rm_packet)RM_PACKET_INIT;
    packet->kind = RM_KIND_BYTES;
    packet->pts = frame->pts;
    packet->duration = duration;
    packet->data = frame->data[0];
    packet->size = frame->buf[0]->size;
    packet->metadata = metadata;
    packet->metadata_size = (size_t)length;
    return rm_buffer_wrap(packet->data, packet->size, free_frame, frame, &packet->buffer);
}

static void free_payload(void *opaque, uint8_t *data)
{
    (void)data;
    rm_buffer_free(*(rm_buffer *)opaque);
    av_free(opaque);
}

AVFrame *frame_from_packet(const rm_packet *packet)
{
    struct picture picture;
    if (!picture_read(packet, &picture))
        check_av(AVERROR_INVALIDDATA, "the output is not a picture");
    /* A handle has 64 bits, which a pointer need not have. Read-only: somebody else may have the same memory. */
    rm_buffer *payload = check_memory(av_memdup(&packet->buffer, sizeof packet->buffer));
    AVBufferRef *buffer =
        av_buffer_create((uint8_t *)packet->data, packet->size, free_payload, payload, AV_BUFFER_FLAG_READONLY);
    AVFrame *frame = describe(buffer, picture.width, picture.height);
    frame->pts = packet->pts;
    return frame;
}

/* The library writes JSON without spaces, so a key and what follows it can be looked for. */
static int read_number(const char *json, const char *key)
{
    const char *place = strstr(json, key);
    return place == NULL ? 0 : atoi(place + strlen(key));
}

int picture_read(const rm_packet *packet, struct picture *picture)
{
    char json[256]; /* terminated, as the metadata are not */
    snprintf(json, sizeof json, "%.*s", (int)packet->metadata_size, packet->metadata == NULL ? "" : packet->metadata);
    picture->width = read_number(json, "\"width\":");
    picture->height = read_number(json, "\"height\":");
    return strstr(json, FORMAT) != NULL && picture->width > 0 && picture->height > 0
           && packet->size == (size_t)size_of(picture->width, picture->height);
}
