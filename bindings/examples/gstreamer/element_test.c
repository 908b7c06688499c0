/* The element between the ends of a harness: what goes in, what comes out, and what stops it. */
#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>

#define PASS "{\"version\": \"v1\", \"nodes\": [{\"id\": \"pass\", \"node_type\": \"PassThrough\"}]}"
#define RESAMPLE                                                                                                       \
    "{\"version\": \"v1\", \"nodes\": [{\"id\": \"resample\", \"node_type\": \"FastResampleNode\","                    \
    " \"params\": {\"target_rate\": 16000}}]}"

enum { RATE = 48000, FRAMES = 480, BLOCKS = 50 };

static void set_format(GstHarness *harness, int rate, int channels)
{
    GstAudioInfo info;
    gst_audio_info_set_format(&info, GST_AUDIO_FORMAT_F32, rate, channels, NULL);
    gst_harness_set_src_caps(harness, gst_audio_info_to_caps(&info));
}

static GstHarness *start(const char *manifest, int rate, int channels)
{
    GstElement *element = gst_element_factory_make_full("remotemedia", "manifest", manifest, "max-buffers", 4, NULL);
    GstHarness *harness = gst_harness_new_with_element(element, "sink", "src");
    gst_object_unref(element);
    set_format(harness, rate, channels);
    return harness;
}

/* Samples that all differ. */
static GstBuffer *block(int number, int rate, int channels)
{
    gsize count = (gsize)(FRAMES * channels);
    gfloat *samples = g_new(gfloat, count);
    for (gsize i = 0; i < count; i++)
        samples[i] = (gfloat)((gsize)number * count + i) / (gfloat)(BLOCKS * count);
    GstBuffer *buffer = gst_buffer_new_wrapped(samples, count * sizeof *samples);
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(FRAMES * (guint64)number, GST_SECOND, (guint64)rate);
    GST_BUFFER_DURATION(buffer) = gst_util_uint64_scale(FRAMES, GST_SECOND, (guint64)rate);
    return buffer;
}

static void push(GstHarness *harness, int from, int to, int rate, int channels)
{
    for (int i = from; i < to; i++)
        g_assert_cmpint(gst_harness_push(harness, block(i, rate, channels)), ==, GST_FLOW_OK);
}

static gsize size_of_all(GstHarness *harness)
{
    gsize size = 0;
    GstBuffer *buffer;
    while ((buffer = gst_harness_try_pull(harness)) != NULL) {
        size += gst_buffer_get_size(buffer);
        gst_buffer_unref(buffer);
    }
    return size;
}

static void expect_caps(GstHarness *harness, int rate, int channels)
{
    GstCaps *caps = gst_pad_get_current_caps(harness->sinkpad);
    GstAudioInfo info;
    g_assert_true(gst_audio_info_from_caps(&info, caps));
    g_assert_cmpint(info.rate, ==, rate);
    g_assert_cmpint(info.channels, ==, channels);
    gst_caps_unref(caps);
}

static void frames_pass_untouched(void)
{
    GstHarness *harness = start(PASS, RATE, 3);
    push(harness, 0, BLOCKS, RATE, 3);
    g_assert_true(gst_harness_push_event(harness, gst_event_new_eos()));
    for (int i = 0; i < BLOCKS; i++) {
        GstBuffer *sent = block(i, RATE, 3), *got = gst_harness_try_pull(harness);
        GstMapInfo map;
        g_assert_nonnull(got);
        g_assert_true(gst_buffer_map(sent, &map, GST_MAP_READ));
        g_assert_cmpint(gst_buffer_memcmp(got, 0, map.data, map.size), ==, 0);
        g_assert_cmpint(gst_buffer_get_size(got), ==, map.size);
        g_assert_cmpuint(GST_BUFFER_PTS(got), ==, GST_BUFFER_PTS(sent));
        g_assert_cmpuint(GST_BUFFER_DURATION(got), ==, GST_BUFFER_DURATION(sent));
        gst_buffer_unmap(sent, &map);
        gst_buffer_unref(sent);
        gst_buffer_unref(got);
    }
    expect_caps(harness, RATE, 3);
    gst_harness_teardown(harness);
}

/* Also at a change of the format, which the resampler's filter must not swallow the end of. */
static void the_end_brings_out_what_is_inside(void)
{
    GstHarness *harness = start(RESAMPLE, RATE, 1);
    push(harness, 0, BLOCKS, RATE, 1);
    set_format(harness, 2 * RATE, 2);
    g_assert_cmpint(size_of_all(harness), ==, BLOCKS * FRAMES / 3 * sizeof(gfloat));
    expect_caps(harness, 16000, 1);
    push(harness, 0, BLOCKS, 2 * RATE, 2);
    g_assert_true(gst_harness_push_event(harness, gst_event_new_eos()));
    g_assert_cmpint(size_of_all(harness), ==, BLOCKS * FRAMES / 6 * 2 * sizeof(gfloat));
    expect_caps(harness, 16000, 2);
    gst_harness_teardown(harness);
}

static void events_keep_their_order(void)
{
    GstHarness *harness = start(PASS, RATE, 1);
    gst_harness_push_event(harness, gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "a tone", NULL)));
    push(harness, 0, 1, RATE, 1);
    gst_harness_push_event(harness, gst_event_new_eos());
    const GstEventType expected[] = {GST_EVENT_STREAM_START, GST_EVENT_CAPS, GST_EVENT_SEGMENT, GST_EVENT_TAG,
                                     GST_EVENT_EOS};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        GstEvent *event = gst_harness_try_pull_event(harness);
        g_assert_nonnull(event);
        g_assert_cmpstr(GST_EVENT_TYPE_NAME(event), ==, gst_event_type_get_name(expected[i]));
        gst_event_unref(event);
    }
    gst_harness_teardown(harness);
}

static void a_flush_drops_what_is_inside(void)
{
    GstHarness *harness = start(RESAMPLE, RATE, 1);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    push(harness, 0, 1, RATE, 1); /* the filter keeps it all */
    g_assert_true(gst_harness_push_event(harness, gst_event_new_flush_start()));
    g_assert_true(gst_harness_push_event(harness, gst_event_new_flush_stop(TRUE)));
    g_assert_true(gst_harness_push_event(harness, gst_event_new_segment(&segment)));
    push(harness, 0, BLOCKS, RATE, 1);
    g_assert_true(gst_harness_push_event(harness, gst_event_new_eos()));
    g_assert_cmpint(size_of_all(harness), ==, BLOCKS * FRAMES / 3 * sizeof(gfloat));
    gst_harness_teardown(harness);
}

static void a_failure_names_node_and_input(void)
{
    GstHarness *harness = start(RESAMPLE, 500, 1);
    GstBus *bus = gst_bus_new();
    gst_element_set_bus(harness->element, bus);
    g_assert_cmpint(gst_harness_push(harness, block(0, 500, 1)), ==, GST_FLOW_OK); /* on its way */
    g_assert_false(gst_harness_push_event(harness, gst_event_new_eos()));
    g_assert_cmpint(gst_harness_push(harness, block(1, 500, 1)), !=, GST_FLOW_OK);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    GError *error = NULL;
    g_assert_nonnull(message);
    gst_message_parse_error(message, &error, NULL);
    g_assert_nonnull(strstr(error->message, "node 'resample'"));
    g_assert_nonnull(strstr(error->message, "at input 0"));
    g_assert_null(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)); /* told once */
    g_error_free(error);
    gst_message_unref(message);
    gst_element_set_bus(harness->element, NULL);
    gst_object_unref(bus);
    gst_harness_teardown(harness);
}

static void a_manifest_that_is_none_is_refused(void)
{
    GstElement *element = gst_element_factory_make("remotemedia", NULL);
    g_object_set(element, "manifest", "{\"nodes\": 1}", NULL);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
    g_object_set(element, "manifest", "/nowhere.yaml", NULL);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
    g_object_set(element, "manifest", PASS, NULL);
    g_assert_cmpint(gst_element_set_state(element, GST_STATE_READY), ==, GST_STATE_CHANGE_SUCCESS);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
}

static GstPadProbeReturn block_pad(GstPad *pad, GstPadProbeInfo *information, gpointer user_data)
{
    (void)pad, (void)information;
    g_atomic_int_set((gint *)user_data, TRUE);
    return GST_PAD_PROBE_OK; /* of a blocking probe: blocks */
}

static gpointer push_until_refused(gpointer user_data)
{
    GstFlowReturn flow = GST_FLOW_OK;
    for (int i = 0; flow == GST_FLOW_OK; i++)
        flow = gst_harness_push(user_data, block(i, RATE, 1));
    return GINT_TO_POINTER(flow);
}

/* Pushes until nothing moves behind the element, has the pipeline stop, and expects the thread to come back. */
static void expect_to_wake(GstHarness *harness, gboolean (*stop)(GstHarness *harness))
{
    GstPad *pad = gst_element_get_static_pad(harness->element, "src");
    gint blocked = FALSE;
    gulong probe =
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BLOCK | GST_PAD_PROBE_TYPE_BUFFER, block_pad, &blocked, NULL);
    GThread *thread = g_thread_new("push", push_until_refused, harness);
    while (!g_atomic_int_get(&blocked)) /* the pipeline fills up, and the thread waits for room */
        g_thread_yield();
    g_assert_true(stop(harness));
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, GST_FLOW_FLUSHING);
    gst_pad_remove_probe(pad, probe);
    gst_object_unref(pad);
}

static gboolean stop(GstHarness *harness)
{
    return gst_element_set_state(harness->element, GST_STATE_NULL) == GST_STATE_CHANGE_SUCCESS;
}

static gboolean flush(GstHarness *harness)
{
    return gst_harness_push_event(harness, gst_event_new_flush_start());
}

static void a_stop_or_a_flush_wakes_who_waits(void)
{
    GstHarness *harness = start(PASS, RATE, 1);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    expect_to_wake(harness, flush);
    g_assert_true(gst_harness_push_event(harness, gst_event_new_flush_stop(TRUE)));
    g_assert_true(gst_harness_push_event(harness, gst_event_new_segment(&segment)));
    expect_to_wake(harness, stop);
    gst_harness_teardown(harness);
}

int main(int count, char **arguments)
{
    gst_init(&count, &arguments);
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/element/frames-pass-untouched", frames_pass_untouched);
    g_test_add_func("/element/the-end-brings-out-what-is-inside", the_end_brings_out_what_is_inside);
    g_test_add_func("/element/events-keep-their-order", events_keep_their_order);
    g_test_add_func("/element/a-flush-drops-what-is-inside", a_flush_drops_what_is_inside);
    g_test_add_func("/element/a-failure-names-node-and-input", a_failure_names_node_and_input);
    g_test_add_func("/element/a-manifest-that-is-none-is-refused", a_manifest_that_is_none_is_refused);
    g_test_add_func("/element/a-stop-or-a-flush-wakes-who-waits", a_stop_or_a_flush_wakes_who_waits);
    return g_test_run();
}
