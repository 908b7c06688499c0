/*
 * Checks that one video is the negative of another, within what the encoder loses, at the same times:
 *
 *     compare ORIGINAL NEGATIVE
 */
#include <stdio.h>
#include <stdlib.h>

#include "frame.h"
#include "reader.h"

/* How far the brightness of two pictures is apart, as a mean over the pixels; of the first one, or of its negative. */
static double distance(const AVFrame *a, const AVFrame *b, int negative)
{
    int64_t sum = 0;
    for (int y = 0; y < a->height; y++) {
        for (int x = 0; x < a->width; x++) {
            int luma = a->data[0][y * a->linesize[0] + x];
            sum += abs((negative ? 251 - luma : luma) - b->data[0][y * b->linesize[0] + x]);
        }
    }
    return (double)sum / a->width / a->height;
}

static int differ(const AVFrame *original, const AVFrame *filtered, int number)
{
    if (original->width != filtered->width || original->height != filtered->height) {
        printf("frame %d has another size\n", number);
    } else if (original->pts != filtered->pts) {
        printf("frame %d is shown at %lld ns, not %lld\n", number, (long long)filtered->pts, (long long)original->pts);
    } else if (distance(original, filtered, 1) > 3.0 || distance(original, filtered, 0) < 30.0) {
        printf("frame %d is not the negative: the brightness is %.1f away from it, and %.1f from the original\n", number,
               distance(original, filtered, 1), distance(original, filtered, 0));
    } else {
        return 0;
    }
    return 1;
}

int main(int count, char **arguments)
{
    if (count != 3)
        return EXIT_FAILURE;
    struct reader readers[2];
    AVFrame *frames[2];
    int number = 0, wrong = 0;
    for (int i = 0; i < 2; i++)
        reader_open(&readers[i], arguments[1 + i]);
    for (;; number++) {
        for (int i = 0; i < 2; i++)
            frames[i] = reader_next(&readers[i]);
        if (frames[0] == NULL || frames[1] == NULL)
            break;
        wrong += differ(frames[0], frames[1], number);
        av_frame_free(&frames[0]);
        av_frame_free(&frames[1]);
    }
    if (frames[0] != frames[1]) {
        printf("one has more than %d frames\n", number);
        wrong++;
    }
    for (int i = 0; i < 2; i++) {
        av_frame_free(&frames[i]);
        reader_close(&readers[i]);
    }
    printf("%d frames, %d wrong\n", number, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
