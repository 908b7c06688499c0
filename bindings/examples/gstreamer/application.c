/*
 * An application that has GStreamer read and write files, and a node of its own between:
 *
 *     filesrc ! wavparse ! audioconvert ! appsink  ->  gain  ->  appsrc ! audioconvert ! wavenc ! filesink
 *
 *     application IN.wav OUT.wav GAIN
 *
 * There is no thread here: the sink's thread pushes, and the source's pulls when it needs data, so that a slow end slows
 * the other one down. Whatever fails arrives on GStreamer's bus.
 */
#include <gst/app/app.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge.h"
#include "gain.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Both elements at the ends take and give the library's own format: planes of floats. */
static const char description[] =
    "filesrc name=file ! wavparse ! audioconvert"
    "  ! audio/x-raw,format=" GST_AUDIO_NE(F32) ",layout=non-interleaved ! appsink name=sink sync=false "
    "appsrc name=source format=time ! identity check-imperfect-timestamp=true"
    "  ! audioconvert ! audio/x-raw,format=S16LE,layout=interleaved ! wavenc"
    "  ! filesink name=written async=false"; /* it has nothing to show before the appsink runs */

struct application {
    rm_session session;
    GstAudioInfo format; /* of what the source gives */
    guint64 frames;
};

static void last_error(char *message, size_t capacity)
{
    size_t length = 0;
    rm_last_error(message, capacity - 1, &length);
    message[MIN(length, capacity - 1)] = '\0';
}

static void check(rm_status status, const char *what)
{
    if (status >= 0)
        return;
    char message[512];
    last_error(message, sizeof message);
    fprintf(stderr, "%s: %s (status %d)\n", what, message, (int)status);
    exit(EXIT_FAILURE);
}

/* Tells the bus of the failure of the last call; it names the node and the input. Cancelling is not a failure. */
static GstFlowReturn report(GstElement *element, rm_status status)
{
    if (status == RM_ERR_CANCELLED)
        return GST_FLOW_FLUSHING;
    char message[512];
    last_error(message, sizeof message);
    GST_ELEMENT_ERROR(element, STREAM, FAILED, ("%s", message), ("status %d", (int)status));
    return GST_FLOW_ERROR;
}

static GstFlowReturn push_sample(GstAppSink *sink, gpointer user_data)
{
    struct application *application = user_data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (sample == NULL)
        return GST_FLOW_EOS;
    GstAudioInfo format;
    rm_packet packet;
    rm_status status = RM_ERR_INPUT;
    if (gst_audio_info_from_caps(&format, gst_sample_get_caps(sample)))
        status = bridge_packet(gst_sample_get_buffer(sample), &format, &packet);
    gst_sample_unref(sample); /* the packet keeps the buffer */
    if (status != RM_OK) {
        GST_ELEMENT_ERROR(sink, STREAM, FORMAT, ("the samples are not planes of floats"), (NULL));
        return GST_FLOW_ERROR;
    }
    status = rm_session_push(application->session, &packet, -1); /* ends also when the session is cancelled */
    rm_buffer_free(packet.buffer);
    return status == RM_OK ? GST_FLOW_OK : report(GST_ELEMENT(sink), status);
}

static void end_input(GstAppSink *sink, gpointer user_data)
{
    struct application *application = user_data;
    (void)sink;
    rm_session_end(application->session); /* what is inside comes out, then pulling answers RM_END */
}

static void pull_packet(GstAppSrc *source, guint length, gpointer user_data)
{
    struct application *application = user_data;
    (void)length;
    rm_packet packet = RM_PACKET_INIT;
    rm_status status = rm_session_pull(application->session, &packet, -1);
    if (status != RM_OK) {
        if (status != RM_END)
            report(GST_ELEMENT(source), status);
        gst_app_src_end_of_stream(source);
        return;
    }
    GstAudioInfo format;
    bridge_format(&packet, &format);
    if (!gst_audio_info_is_equal(&format, &application->format)) { /* the first packet, or a node that changes the format */
        GstCaps *caps = gst_audio_info_to_caps(&format);
        gst_app_src_set_caps(source, caps);
        gst_caps_unref(caps);
        application->format = format;
    }
    application->frames += packet.size / sizeof(float) / packet.channels;
    gst_app_src_push_buffer(source, bridge_buffer(&packet, &format));
}

static void open_session(rm_runtime runtime, rm_node node, rm_session *session)
{
    rm_pipeline pipeline = 0;
    check(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check(rm_pipeline_add_node(pipeline, TEXT("gain"), node), "add the gain");
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    check(rm_session_open(pipeline, &how, session), "open");
    check(rm_pipeline_free(pipeline), "free the pipeline"); /* the session does not need it */
}

static GstElement *build(struct application *application, const char *from, const char *to)
{
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch_full(description, NULL, GST_PARSE_FLAG_FATAL_ERRORS, &error);
    if (pipeline == NULL) {
        fprintf(stderr, "build: %s\n", error->message); /* such as an element of a plugin that is not installed */
        exit(EXIT_FAILURE);
    }
    const char *const places[][2] = {{"file", from}, {"written", to}};
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), places[i][0]);
        g_object_set(element, "location", places[i][1], NULL);
        gst_object_unref(element);
    }
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    GstAppSinkCallbacks taking = {.eos = end_input, .new_sample = push_sample};
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &taking, application, NULL);
    gst_object_unref(sink);
    GstElement *source = gst_bin_get_by_name(GST_BIN(pipeline), "source");
    GstAppSrcCallbacks giving = {.need_data = pull_packet};
    gst_app_src_set_callbacks(GST_APP_SRC(source), &giving, application, NULL);
    gst_object_unref(source);
    return pipeline;
}

/* Runs until the end, an error, or ten seconds in which the bus says nothing. */
static int watch(GstElement *pipeline)
{
    GstBus *bus = gst_element_get_bus(pipeline);
    int gaps = 0;
    for (;;) {
        GstMessage *message = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND,
                                                         GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT);
        GstMessageType type = message == NULL ? GST_MESSAGE_UNKNOWN : GST_MESSAGE_TYPE(message);
        if (type == GST_MESSAGE_ERROR) {
            GError *error = NULL;
            gst_message_parse_error(message, &error, NULL);
            fprintf(stderr, "%s: %s\n", GST_MESSAGE_SRC_NAME(message), error->message);
            g_error_free(error);
        } else if (type == GST_MESSAGE_ELEMENT) {
            gaps += gst_message_has_name(message, "imperfect-timestamp"); /* of the identity */
        } else if (type == GST_MESSAGE_UNKNOWN) {
            fprintf(stderr, "the pipeline has stopped moving\n");
        }
        if (message != NULL)
            gst_message_unref(message);
        if (type != GST_MESSAGE_ELEMENT) {
            gst_object_unref(bus);
            return type == GST_MESSAGE_EOS ? gaps : -1;
        }
    }
}

int main(int count, char **arguments)
{
    gst_init(&count, &arguments);
    if (count != 4) {
        fprintf(stderr, "usage: %s IN.wav OUT.wav GAIN\n", arguments[0]);
        return EXIT_FAILURE;
    }
    float gain = strtof(arguments[3], NULL);
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    rm_node node = 0;
    struct application application = {0};
    check(rm_runtime_new(&config, &runtime), "start");
    check(gain_new(&gain, &node), "make the gain");
    open_session(runtime, node, &application.session);

    GstElement *pipeline = build(&application, arguments[1], arguments[2]);
    gst_element_set_state(pipeline, GST_STATE_PLAYING); /* if that fails, the bus says why */
    int gaps = watch(pipeline);
    check(rm_session_cancel(application.session), "cancel"); /* so that no thread of GStreamer waits in push or pull */
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    if (gaps >= 0)
        printf("%" G_GUINT64_FORMAT " frames, %d Hz, %d gaps\n", application.frames, application.format.rate, gaps);

    check(rm_session_free(application.session), "free the session");
    check(rm_node_free(node), "free the gain");
    check(rm_runtime_free(runtime), "stop");
    return gaps == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
