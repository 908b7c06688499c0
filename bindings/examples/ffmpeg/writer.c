/* Encodes a video file. */
#include "writer.h"

#include "failure.h"
#include "frame.h"

static void open_encoder(struct writer *writer, const AVFrame *first, AVRational rate)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4); /* every FFmpeg has it */
    if (codec == NULL)
        check_av(AVERROR_ENCODER_NOT_FOUND, "MPEG-4");
    AVCodecContext *encoder = check_memory(avcodec_alloc_context3(codec));
    encoder->width = first->width;
    encoder->height = first->height;
    encoder->pix_fmt = (enum AVPixelFormat)first->format;
    encoder->time_base = av_inv_q(rate);
    encoder->flags |= AV_CODEC_FLAG_QSCALE;
    encoder->global_quality = 2 * FF_QP2LAMBDA; /* close to the original */
    if (writer->file->oformat->flags & AVFMT_GLOBALHEADER)
        encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check_av(avcodec_open2(encoder, codec, NULL), "open the encoder");
    writer->encoder = encoder;
}

void writer_open(struct writer *writer, const char *path, const AVFrame *first, AVRational rate)
{
    check_av(avformat_alloc_output_context2(&writer->file, NULL, NULL, path), path);
    open_encoder(writer, first, rate);
    writer->stream = check_memory(avformat_new_stream(writer->file, NULL));
    writer->stream->time_base = writer->encoder->time_base;
    check_av(avcodec_parameters_from_context(writer->stream->codecpar, writer->encoder), "describe the video");
    check_av(avio_open(&writer->file->pb, path, AVIO_FLAG_WRITE), path);
    check_av(avformat_write_header(writer->file, NULL), path);
    writer->packet = check_memory(av_packet_alloc());
}

void writer_put(struct writer *writer, AVFrame *frame)
{
    int result;
    if (frame != NULL)
        frame->pts = av_rescale_q(frame->pts, FRAME_TIME_BASE, writer->encoder->time_base);
    check_av(avcodec_send_frame(writer->encoder, frame), "encode");
    while ((result = avcodec_receive_packet(writer->encoder, writer->packet)) >= 0) {
        writer->packet->duration = 1; /* a picture; without it the last one would not be shown */
        av_packet_rescale_ts(writer->packet, writer->encoder->time_base, writer->stream->time_base);
        writer->packet->stream_index = writer->stream->index;
        check_av(av_interleaved_write_frame(writer->file, writer->packet), "write");
    }
    if (result != AVERROR(EAGAIN) && result != AVERROR_EOF)
        check_av(result, "encode");
}

void writer_close(struct writer *writer)
{
    check_av(av_write_trailer(writer->file), "write the end");
    check_av(avio_closep(&writer->file->pb), "close the file");
    av_packet_free(&writer->packet);
    avcodec_free_context(&writer->encoder);
    avformat_free_context(writer->file);
}
