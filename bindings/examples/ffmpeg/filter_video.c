/*
 * Filters a video file with a node of its own:
 *
 *     FFmpeg's decoder  ->  negative  ->  FFmpeg's encoder
 *
 *     filter_video IN OUT
 *
 * A picture is not copied on its way in or out: the packet keeps the decoder's frame, and the encoder's keeps the packet's
 * buffer. The node and the encoder work on threads of the library's while this one decodes.
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

/* The node that takes the outputs encodes them, on a thread of the library's, while this one decodes. */
static rm_status encode(void *user_data, const rm_packet *packet)
{
    struct job *job = user_data;
    rm_packet kept = *packet;
    rm_status status = rm_call_keep(&kept.buffer); /* the encoder may want the picture for longer than this call */
    if (status != RM_OK)
        return status;
    AVFrame *frame = frame_from_packet(&kept);
    if (job->frames++ == 0)
        writer_open(&job->writer, job->output, frame, job->reader.rate);
    writer_put(&job->writer, frame);
    av_frame_free(&frame);
    return RM_OK;
}

/* The end of the stream. */
static rm_status finish(void *user_data)
{
    struct job *job = user_data;
    if (job->frames == 0)
        return RM_OK; /* an empty video: there is nothing to write, and no size to write it in */
    writer_put(&job->writer, NULL);
    writer_close(&job->writer);
    return RM_OK;
}

static void open_session(rm_runtime runtime, struct job *job)
{
    rm_node node = 0;
    rm_pipeline pipeline = 0;
    rm_node_callbacks encoder = RM_NODE_CALLBACKS_INIT;
    encoder.user_data = job;
    encoder.process = encode;
    encoder.flush = finish;
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    how.capacity = 4; /* pictures are large, so few of them wait */
    check_rm(rm_node_new(0, &encoder, &how.output), "make the encoder");
    check_rm(negative_new(&node), "make the node");
    check_rm(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check_rm(rm_pipeline_add_node(pipeline, TEXT("negative"), node), "add the node");
    check_rm(rm_session_open(pipeline, &how, &job->session), "open");
    check_rm(rm_pipeline_free(pipeline), "free the pipeline"); /* the session keeps what it needs */
    check_rm(rm_node_free(node), "free the node");
    check_rm(rm_node_free(how.output), "free the encoder");
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

static void run(struct job *job)
{
    AVFrame *frame;
    while ((frame = reader_next(&job->reader)) != NULL)
        push(job, frame);
    check_rm(rm_session_end(job->session), "end");
    check_rm(rm_session_wait(job->session, 60 * SECOND), "encode the rest");
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
    struct job job = {.output = arguments[2]};
    reader_open(&job.reader, arguments[1]);
    open_session(runtime, &job);
    run(&job);
    reader_close(&job.reader);
    printf("%d frames\n", job.frames);

    check_rm(rm_session_free(job.session), "free the session");
    check_rm(rm_runtime_free(runtime), "stop");
    return EXIT_SUCCESS;
}
