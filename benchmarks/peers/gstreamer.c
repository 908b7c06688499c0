/*
 * A chain of GStreamer's elements: gstreamer ELEMENT NODES PACKETS SIZE, for instance of `identity`, or of `queue`, each of which
 * has a thread of its own behind it. Prints the nanoseconds that a buffer took.
 */
#include "clock.h"

#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    gst_init(NULL, NULL);
    if (argc != 5)
        return EXIT_FAILURE;
    long packets = atol(argv[3]);
    GString *text = g_string_new(NULL);
    g_string_printf(text, "fakesrc num-buffers=%ld sizetype=fixed sizemax=%s", packets, argv[4]);
    for (int i = 0; i < atoi(argv[2]); i++)
        g_string_append_printf(text, " ! %s silent=true", argv[1]);
    g_string_append(text, " ! fakesink sync=false silent=true");
    GError *error = NULL;
    GstElement *pipeline = gst_parse_launch(text->str, &error);
    if (error != NULL) {
        fprintf(stderr, "%s\n", error->message);
        return EXIT_FAILURE;
    }
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    gst_element_get_state(pipeline, NULL, NULL, GST_CLOCK_TIME_NONE);

    double start = now();
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus *bus = gst_element_get_bus(pipeline);
    GstMessage *message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    double taken = now() - start;

    int ended = message != NULL && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    gst_element_set_state(pipeline, GST_STATE_NULL);
    if (!ended)
        return EXIT_FAILURE;
    printf("%.1f\n", taken / (double)packets * 1e9);
    return EXIT_SUCCESS;
}
