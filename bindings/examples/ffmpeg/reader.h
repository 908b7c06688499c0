#ifndef READER_H
#define READER_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>

/* The pictures of a video file. */
struct reader {
    AVFormatContext *file;
    AVCodecContext *decoder;
    struct SwsContext *scaler;
    AVPacket *packet;
    AVFrame *decoded;
    const AVStream *stream;
    AVRational rate; /* pictures a second */
};

void reader_open(struct reader *reader, const char *path);

/* Answers the next picture, in YUV 4:2:0 and as frame_new makes it, its pts in nanoseconds; NULL at the end. */
AVFrame *reader_next(struct reader *reader);

void reader_close(struct reader *reader);

#endif
