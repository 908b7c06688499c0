/* Decodes a video file. */
#include "reader.h"

#include "failure.h"
#include "frame.h"

void reader_open(struct reader *reader, const char *path)
{
    const AVCodec *codec = NULL;
    *reader = (struct reader){0};
    check_av(avformat_open_input(&reader->file, path, NULL, NULL), path);
    check_av(avformat_find_stream_info(reader->file, NULL), path);
    int index = check_av(av_find_best_stream(reader->file, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0), "find a video");
    AVStream *stream = reader->file->streams[index];
    reader->stream = stream;
    reader->rate = av_guess_frame_rate(reader->file, stream, NULL);
    reader->decoder = check_memory(avcodec_alloc_context3(codec));
    check_av(avcodec_parameters_to_context(reader->decoder, stream->codecpar), "configure the decoder");
    check_av(avcodec_open2(reader->decoder, codec, NULL), "open the decoder");
    reader->packet = check_memory(av_packet_alloc());
    reader->decoded = check_memory(av_frame_alloc());
}

/* Gives the decoder one more packet of the video; at the end of the file, tells it so. */
static void feed(struct reader *reader)
{
    int result;
    while ((result = av_read_frame(reader->file, reader->packet)) >= 0) {
        if (reader->packet->stream_index == reader->stream->index)
            break;
        av_packet_unref(reader->packet);
    }
    if (result != AVERROR_EOF)
        check_av(result, "read");
    check_av(avcodec_send_packet(reader->decoder, result < 0 ? NULL : reader->packet), "decode");
    av_packet_unref(reader->packet);
}

/* Whatever the decoder gives becomes the one format and layout that the nodes are written for. */
static AVFrame *convert(struct reader *reader)
{
    const AVFrame *from = reader->decoded;
    AVFrame *to = frame_new(from->width, from->height);
    reader->scaler = sws_getCachedContext(reader->scaler, from->width, from->height, (enum AVPixelFormat)from->format,
                                          to->width, to->height, (enum AVPixelFormat)to->format, SWS_BILINEAR, NULL,
                                          NULL, NULL);
    check_memory(reader->scaler);
    check_av(sws_scale(reader->scaler, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data,
                       to->linesize),
             "convert");
    to->pts = av_rescale_q(from->best_effort_timestamp, reader->stream->time_base, FRAME_TIME_BASE);
    return to;
}

AVFrame *reader_next(struct reader *reader)
{
    int result;
    while ((result = avcodec_receive_frame(reader->decoder, reader->decoded)) == AVERROR(EAGAIN))
        feed(reader);
    if (result == AVERROR_EOF)
        return NULL;
    check_av(result, "decode");
    AVFrame *frame = convert(reader);
    av_frame_unref(reader->decoded);
    return frame;
}

void reader_close(struct reader *reader)
{
    sws_freeContext(reader->scaler);
    av_frame_free(&reader->decoded);
    av_packet_free(&reader->packet);
    avcodec_free_context(&reader->decoder);
    avformat_close_input(&reader->file);
}
