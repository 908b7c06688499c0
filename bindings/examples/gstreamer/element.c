/*
 * remotemedia: an element that runs audio through any manifest.
 *
 *     gst-launch-1.0 audiotestsrc ! remotemedia manifest=pipeline.yaml ! autoaudiosink
 */
#include "element.h"

enum { PROPERTY_MANIFEST = 1, PROPERTY_MAX_BUFFERS };

#define CAPS                                                                                                           \
    "audio/x-raw, format=" GST_AUDIO_NE(F32) ", layout=interleaved, rate=[1, 2147483647], channels=[1, 2147483647]"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
static GstStaticPadTemplate source_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));

G_DEFINE_TYPE(RemoteMedia, remote_media, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE(remotemedia, "remotemedia", GST_RANK_NONE, TYPE_REMOTE_MEDIA)

static GstFlowReturn chain(GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
    (void)pad;
    GstFlowReturn flow = stream_push(REMOTE_MEDIA(parent), buffer);
    gst_buffer_unref(buffer);
    return flow;
}

static void hold(RemoteMedia *self, GstEvent *event)
{
    GST_OBJECT_LOCK(self);
    g_queue_push_tail(&self->held, event);
    GST_OBJECT_UNLOCK(self);
}

static void forget_held(RemoteMedia *self)
{
    GST_OBJECT_LOCK(self);
    g_queue_clear_full(&self->held, (GDestroyNotify)gst_event_unref);
    GST_OBJECT_UNLOCK(self);
}

/* The format of the outputs is known when they come, so the caps of the input go no further. */
static gboolean take_caps(RemoteMedia *self, GstEvent *event)
{
    GstCaps *caps = NULL;
    gst_event_parse_caps(event, &caps);
    gboolean fine = gst_audio_info_from_caps(&self->input, caps);
    gst_event_unref(event);
    return fine;
}

/* Events that must not go before what was pushed. */
static gboolean take_drained(RemoteMedia *self, GstPad *pad, GstEvent *event)
{
    GstFlowReturn flow = stream_drain(self);
    if (flow != GST_FLOW_OK && flow != GST_FLOW_EOS) { /* the latter: the element behind us wants no more */
        gst_event_unref(event);
        return FALSE;
    }
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_CAPS:
        return take_caps(self, event);
    case GST_EVENT_SEGMENT:
        hold(self, event);
        return TRUE;
    default: /* the beginning or the end of a stream */
        output_release(self);
        return gst_pad_event_default(pad, GST_OBJECT(self), event);
    }
}

static gboolean take_event(GstPad *pad, GstObject *parent, GstEvent *event)
{
    RemoteMedia *self = REMOTE_MEDIA(parent);
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:
    case GST_EVENT_EOS:
        return take_drained(self, pad, event);
    case GST_EVENT_FLUSH_START:
        stream_cancel(self);
        break;
    case GST_EVENT_FLUSH_STOP:
        stream_close(self);
        forget_held(self);
        break;
    default:
        if (!GST_EVENT_IS_SERIALIZED(event))
            break;
        hold(self, event); /* tags and the like must not go before the caps */
        return TRUE;
    }
    return gst_pad_event_default(pad, parent, event);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition)
{
    RemoteMedia *self = REMOTE_MEDIA(element);
    if (transition == GST_STATE_CHANGE_NULL_TO_READY && !stream_prepare(self))
        return GST_STATE_CHANGE_FAILURE;
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
        stream_cancel(self); /* else the pads could not be deactivated while a thread waits in us */
    GstStateChangeReturn result = GST_ELEMENT_CLASS(remote_media_parent_class)->change_state(element, transition);
    if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
        stream_close(self);
        forget_held(self);
        gst_audio_info_init(&self->output);
    }
    if (transition == GST_STATE_CHANGE_READY_TO_NULL)
        stream_dispose(self);
    return result;
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *specification)
{
    RemoteMedia *self = REMOTE_MEDIA(object);
    GST_OBJECT_LOCK(self);
    if (id == PROPERTY_MANIFEST) {
        g_free(self->manifest);
        self->manifest = g_value_dup_string(value);
    } else if (id == PROPERTY_MAX_BUFFERS) {
        self->max_buffers = g_value_get_uint(value);
    }
    GST_OBJECT_UNLOCK(self);
    (void)specification;
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *specification)
{
    RemoteMedia *self = REMOTE_MEDIA(object);
    GST_OBJECT_LOCK(self);
    if (id == PROPERTY_MANIFEST)
        g_value_set_string(value, self->manifest);
    else if (id == PROPERTY_MAX_BUFFERS)
        g_value_set_uint(value, self->max_buffers);
    GST_OBJECT_UNLOCK(self);
    (void)specification;
}

static void finalize(GObject *object)
{
    g_free(REMOTE_MEDIA(object)->manifest);
    G_OBJECT_CLASS(remote_media_parent_class)->finalize(object);
}

static void remote_media_class_init(RemoteMediaClass *class)
{
    GObjectClass *object_class = G_OBJECT_CLASS(class);
    GstElementClass *element_class = GST_ELEMENT_CLASS(class);
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
    object_class->set_property = set_property;
    object_class->get_property = get_property;
    object_class->finalize = finalize;
    g_object_class_install_property(
        object_class, PROPERTY_MANIFEST,
        g_param_spec_string("manifest", "Manifest", "The file that has the manifest, or the manifest itself, in JSON or YAML",
                            NULL, flags));
    g_object_class_install_property(
        object_class, PROPERTY_MAX_BUFFERS,
        g_param_spec_uint("max-buffers", "Max buffers", "How many buffers wait before each node; 0 stands for 16", 0, 65536,
                          0, flags));
    gst_element_class_add_static_pad_template(element_class, &sink_template);
    gst_element_class_add_static_pad_template(element_class, &source_template);
    gst_element_class_set_static_metadata(element_class, "Remotemedia pipeline", "Filter/Effect/Audio",
                                          "Runs audio through the nodes of a manifest", "remotemedia");
    element_class->change_state = change_state;
}

static void remote_media_init(RemoteMedia *self)
{
    self->sink = gst_pad_new_from_static_template(&sink_template, "sink");
    self->source = gst_pad_new_from_static_template(&source_template, "src");
    gst_pad_set_chain_function(self->sink, chain);
    gst_pad_set_event_function(self->sink, take_event);
    gst_element_add_pad(GST_ELEMENT(self), self->sink);
    gst_element_add_pad(GST_ELEMENT(self), self->source);
    gst_audio_info_init(&self->output);
    g_queue_init(&self->held);
}
