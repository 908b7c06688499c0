/*
 * A chain of FFmpeg's `anull`: ffmpeg NODES PACKETS SIZE. Each frame is a new reference to the same samples. Prints the
 * nanoseconds that a frame took.
 */
#include "clock.h"

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/frame.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s failed: %d\n", what, result);
        exit(EXIT_FAILURE);
    }
}

static AVFilterContext *add(AVFilterGraph *graph, const char *filter, const char *arguments)
{
    AVFilterContext *made = NULL;
    check(avfilter_graph_create_filter(&made, avfilter_get_by_name(filter), NULL, arguments, NULL, graph), filter);
    return made;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return EXIT_FAILURE;
    long packets = atol(argv[2]);
    AVFilterGraph *graph = avfilter_graph_alloc();
    AVFilterContext *source = add(graph, "abuffer", "sample_rate=48000:sample_fmt=flt:channel_layout=mono");
    AVFilterContext *last = source;
    for (int i = 0; i < atoi(argv[1]); i++) {
        AVFilterContext *next = add(graph, "anull", NULL);
        check(avfilter_link(last, 0, next, 0), "link");
        last = next;
    }
    AVFilterContext *sink = add(graph, "abuffersink", NULL);
    check(avfilter_link(last, 0, sink, 0), "link");
    check(avfilter_graph_config(graph, NULL), "configure");

    AVFrame *frame = av_frame_alloc(), *out = av_frame_alloc();
    frame->nb_samples = (int)(strtoul(argv[3], NULL, 10) / sizeof(float));
    frame->format = AV_SAMPLE_FMT_FLT;
    frame->sample_rate = 48000;
    av_channel_layout_default(&frame->ch_layout, 1);
    check(av_frame_get_buffer(frame, 0), "samples");

    double start = now();
    for (long i = 0; i < packets; i++) {
        frame->pts = i * frame->nb_samples;
        check(av_buffersrc_write_frame(source, frame), "push");
        check(av_buffersink_get_frame(sink, out), "pull");
        av_frame_unref(out);
    }
    double taken = now() - start;

    printf("%.1f\n", taken / (double)packets * 1e9);
    av_frame_free(&out);
    av_frame_free(&frame);
    avfilter_graph_free(&graph);
    return EXIT_SUCCESS;
}
