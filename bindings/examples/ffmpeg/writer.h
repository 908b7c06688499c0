#ifndef WRITER_H
#define WRITER_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

/* A video file that is being written. */
struct writer {
    AVFormatContext *file;
    AVCodecContext *encoder;
    AVStream *stream;
    AVPacket *packet;
};

/* The size and the format are those of `first`. */
void writer_open(struct writer *writer, const char *path, const AVFrame *first, AVRational rate);

/* Encodes a picture whose pts is in nanoseconds; NULL has the encoder give what it holds back. */
void writer_put(struct writer *writer, AVFrame *frame);

void writer_close(struct writer *writer);

#endif
