#ifndef BRIDGE_H
#define BRIDGE_H

#include <gst/audio/audio.h>
#include <remotemedia.h>

/* GStreamer's planar audio and the library's are alike, so that samples cross without a copy in both directions. */

/* Makes a packet of a buffer, which stays mapped until nobody reads the packet. The caller frees `packet->buffer`.
   Answers RM_ERR_INPUT if the planes do not follow each other. */
rm_status bridge_packet(GstBuffer *buffer, const GstAudioInfo *info, rm_packet *packet);

/* Makes a buffer of a packet that was pulled, and takes over `packet->buffer`. */
GstBuffer *bridge_buffer(const rm_packet *packet, const GstAudioInfo *info);

/* The format of a packet. */
void bridge_format(const rm_packet *packet, GstAudioInfo *info);

#endif
