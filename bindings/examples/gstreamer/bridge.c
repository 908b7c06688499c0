/* Planar audio between GStreamer and the library. */
#include "bridge.h"


/* A time that is not known has another name on each side; else both count nanoseconds. */
static int64_t to_time(GstClockTime time)
{
    return GST_CLOCK_TIME_IS_VALID(time) ? (int64_t)time : RM_TIME_NONE;
}

static GstClockTime to_clock_time(int64_t time)
{
    return time >= 0 ? (GstClockTime)time : GST_CLOCK_TIME_NONE;
}

struct mapped {
    GstBuffer *buffer;
    GstMapInfo map;
};

/* Called on whichever thread reads the samples last. */
static void unmap(void *user_data)
{
    struct mapped *mapped = user_data;
    gst_buffer_unmap(mapped->buffer, &mapped->map);
    gst_buffer_unref(mapped->buffer);
    g_free(mapped);
}

/* Whether the planes follow each other from the first byte on, as the library wants it. A buffer that was clipped has gaps. */
static gboolean is_dense(GstBuffer *buffer, const GstAudioInfo *info)
{
    const GstAudioMeta *meta = gst_buffer_get_audio_meta(buffer);
    if (meta == NULL)
        return GST_AUDIO_INFO_CHANNELS(info) == 1;
    gsize plane = meta->samples * sizeof(float);
    for (gint channel = 0; channel < GST_AUDIO_INFO_CHANNELS(info); channel++)
        if (meta->offsets[channel] != (gsize)channel * plane)
            return FALSE;
    return gst_buffer_get_size(buffer) == (gsize)GST_AUDIO_INFO_CHANNELS(info) * plane;
}

rm_status bridge_packet(GstBuffer *buffer, const GstAudioInfo *info, rm_packet *packet)
{
    struct mapped *mapped = g_new0(struct mapped, 1);
    if (!is_dense(buffer, info) || !gst_buffer_map(buffer, &mapped->map, GST_MAP_READ)) {
        g_free(mapped);
        return RM_ERR_INPUT;
    }
    mapped->buffer = gst_buffer_ref(buffer);
    *packet = (rm_packet)RM_PACKET_INIT;
    packet->kind = RM_KIND_AUDIO;
    packet->pts = to_time(GST_BUFFER_PTS(buffer));
    packet->duration = to_time(GST_BUFFER_DURATION(buffer));
    packet->data = mapped->map.data;
    packet->size = mapped->map.size;
    packet->sample_rate = (uint32_t)GST_AUDIO_INFO_RATE(info);
    packet->channels = (uint32_t)GST_AUDIO_INFO_CHANNELS(info);
    return rm_buffer_wrap(packet->data, packet->size, unmap, mapped, &packet->buffer);
}

static void free_payload(gpointer user_data)
{
    rm_buffer *payload = user_data;
    rm_buffer_free(*payload);
    g_free(payload);
}

GstBuffer *bridge_buffer(const rm_packet *packet, const GstAudioInfo *info)
{
    rm_buffer *payload = g_new(rm_buffer, 1); /* a handle has 64 bits, which a pointer need not have */
    *payload = packet->buffer;
    GstBuffer *buffer = gst_buffer_new_wrapped_full(GST_MEMORY_FLAG_READONLY, (gpointer)packet->data, packet->size, 0,
                                                    packet->size, payload, free_payload);
    gst_buffer_add_audio_meta(buffer, info, packet->size / sizeof(float) / packet->channels, NULL);
    GST_BUFFER_PTS(buffer) = to_clock_time(packet->pts);
    GST_BUFFER_DURATION(buffer) = to_clock_time(packet->duration);
    return buffer;
}

void bridge_format(const rm_packet *packet, GstAudioInfo *info)
{
    gst_audio_info_set_format(info, GST_AUDIO_FORMAT_F32, (gint)packet->sample_rate, (gint)packet->channels, NULL);
    info->layout = GST_AUDIO_LAYOUT_NON_INTERLEAVED;
}
