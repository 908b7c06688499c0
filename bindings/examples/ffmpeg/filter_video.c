/*
 * Filters a video file with a node of its own:
 *
 *     FFmpeg's decoder  ->  negative  ->  FFmpeg's encoder
 *
 *     filter_video IN OUT
 *
 * A picture is not copied on its way in or out: the packet keeps the decoder's frame, and the encoder's keeps the packet's
 * buffer. The node works on a thread of the library's while this one decodes and encodes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "failure.h"
#include "frame.h"
#include "negative.h"
#include "reader.h"
#include "writer.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define SECOND INT64_C(1000000000)

struct job {
    struct reader reader;
    struct writer writer;
    const char *output;
    rm_session session;
    int frames;
};

static rm_session open_session(rm_runtime runtime)
{
    rm_node node = 0;
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    check_rm(negative_new(&node), "make the node");
    check_rm(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check_rm(rm_pipeline_add_node(pipeline, TEXT("negative"), node), "add the node");
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    how.capacity = 4; /* pictures are large, so few of them wait */
    check_rm(rm_session_open(pipeline, &how, &session), "open");
    check_rm(rm_pipeline_free(pipeline), "free the pipeline"); /* the session keeps what it needs */
    check_rm(rm_node_free(node), "free the node");
    return session;
}

static void push(struct job *job, AVFrame *frame)
{
    char metadata[128];
    rm_packet packet;
    int64_t duration = av_rescale_q(1, av_inv_q(job->reader.rate), FRAME_TIME_BASE);
    check_rm(frame_to_packet(frame, duration, &packet, metadata, sizeof metadata), "wrap a picture");
    check_rm(rm_session_push(job->session, &packet, 10 * SECOND), "push");
    check_rm(rm_buffer_free(packet.buffer), "free the picture"); /* the session has a reference of its own */
}

/* Encodes every picture that there is, waiting for each as long as `timeout`. */
static void pull(struct job *job, int64_t timeout)
{
    rm_packet packet = RM_PACKET_INIT;
    rm_status status;
    while ((status = rm_session_pull(job->session, &packet, timeout)) == RM_OK) {
        AVFrame *frame = frame_from_packet(&packet);
        if (job->frames++ == 0)
            writer_open(&job->writer, job->output, frame, job->reader.rate);
        writer_put(&job->writer, frame);
        av_frame_free(&frame);
    }
    if (status != RM_ERR_TIMEOUT || timeout > 0)
        check_rm(status, "pull"); /* RM_END is no error */
}

static void run(struct job *job)
{
    AVFrame *frame;
    while ((frame = reader_next(&job->reader)) != NULL) {
        push(job, frame);
        pull(job, 0);
    }
    check_rm(rm_session_end(job->session), "end");
    pull(job, 10 * SECOND);
    if (job->frames == 0)
        return; /* an empty video: there is nothing to write, and no size to write it in */
    writer_put(&job->writer, NULL);
    writer_close(&job->writer);
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: %s IN OUT\n", arguments[0]);
        return EXIT_FAILURE;
    }
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    check_rm(rm_runtime_new(&config, &runtime), "start");
    struct job job = {.output = arguments[2], .session = open_session(runtime)};
    reader_open(&job.reader, arguments[1]);
    run(&job);
    reader_close(&job.reader);
    printf("%d frames\n", job.frames);

    check_rm(rm_session_free(job.session), "free the session");
    check_rm(rm_runtime_free(runtime), "stop");
    return EXIT_SUCCESS;
}
