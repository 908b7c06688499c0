#ifndef FRAME_H
#define FRAME_H

#include <libavutil/frame.h>
#include <remotemedia.h>

#define FRAME_TIME_BASE ((AVRational){1, 1000000000})

/* What a node must know of a picture to understand its bytes. */
struct picture {
    int width, height;
};

/* Makes a frame in YUV 4:2:0 whose planes follow each other without padding, in one buffer. */
AVFrame *frame_new(int width, int height);

/* Makes a packet of such a frame, without a copy, and takes over the frame. The caller frees `packet->buffer`.
   `metadata`, of `capacity` bytes, must be there as long as the packet. */
rm_status frame_to_packet(AVFrame *frame, int64_t duration, rm_packet *packet, char *metadata, size_t capacity);

/* Makes a frame of a packet, without a copy, and takes over `packet->buffer`. */
AVFrame *frame_from_packet(const rm_packet *packet);

/* Reads the metadata; 0 if they are not those of a picture in YUV 4:2:0 of this size in bytes. */
int picture_read(const rm_packet *packet, struct picture *picture);

#endif
