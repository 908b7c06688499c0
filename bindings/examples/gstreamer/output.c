/*
 * The node that takes the outputs of a session. Pushing them on from its calls, on a thread of the library's, needs no
 * thread of ours, and a slow element behind us slows the pipeline down.
 */
#include "element.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Caps must go out before a segment, so what is held goes out after them. */
static void set_format(RemoteMedia *self, const rm_packet *packet)
{
    GstAudioInfo info = self->input; /* for the places of the channels */
    if (info.channels != (gint)packet->channels)
        gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32, (gint)packet->sample_rate, (gint)packet->channels, NULL);
    info.rate = (gint)packet->sample_rate;
    if (gst_audio_info_is_equal(&info, &self->output))
        return;
    GstCaps *caps = gst_audio_info_to_caps(&info);
    gst_pad_push_event(self->source, gst_event_new_caps(caps));
    gst_caps_unref(caps);
    self->output = info;
}

void output_release(RemoteMedia *self)
{
    for (;;) {
        GST_OBJECT_LOCK(self);
        GstEvent *event = g_queue_pop_head(&self->held);
        GST_OBJECT_UNLOCK(self);
        if (event == NULL)
            return;
        gst_pad_push_event(self->source, event);
    }
}

static GstBuffer *new_buffer(const rm_packet *packet)
{
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, packet->size, NULL);
    GstMapInfo map;
    if (buffer == NULL || !gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        gst_clear_buffer(&buffer);
        return NULL;
    }
    gsize count = packet->size / sizeof(gfloat) / packet->channels;
    frames_from_planes((gfloat *)map.data, packet->data, count, packet->channels);
    gst_buffer_unmap(buffer, &map);
    GST_BUFFER_PTS(buffer) = packet->pts < 0 ? GST_CLOCK_TIME_NONE : (GstClockTime)packet->pts;
    GST_BUFFER_DURATION(buffer) = packet->duration < 0 ? GST_CLOCK_TIME_NONE : (GstClockTime)packet->duration;
    return buffer;
}

static rm_status process(void *user_data, const rm_packet *packet)
{
    RemoteMedia *self = user_data;
    GstBuffer *buffer = new_buffer(packet);
    if (buffer == NULL) {
        rm_call_fail(TEXT("no memory for the samples"), NULL);
        return RM_ERR_MEMORY;
    }
    set_format(self, packet);
    output_release(self);
    GstFlowReturn flow = gst_pad_push(self->source, buffer);
    if (flow == GST_FLOW_OK)
        return RM_OK;
    if (flow < GST_FLOW_EOS) /* not when it stops or wants no more, which are no errors */
        GST_ELEMENT_FLOW_ERROR(self, flow);
    g_atomic_int_set(&self->flow, flow); /* what the next push answers; the session ends */
    const char *name = gst_flow_get_name(flow);
    rm_call_fail(name, strlen(name), NULL);
    return RM_ERR_NODE;
}

rm_status output_new(RemoteMedia *self, rm_node *node)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.user_data = self;
    callbacks.process = process;
    callbacks.accepts = 1u << RM_KIND_AUDIO;
    return rm_node_new(0, &callbacks, node);
}
