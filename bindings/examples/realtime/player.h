#ifndef PLAYER_H
#define PLAYER_H

#include <portaudio.h>
#include <remotemedia.h>

enum {
    PLAYER_FRAMES = 512, /* what the sound card asks for at once */
    PLAYER_LEAD = 8      /* how many blocks later a block is heard: the time that the pipeline has for it */
};

/* What the sound card's thread has. Nobody else touches it while the card runs. */
struct player {
    rm_ring input, output; /* into the pipeline, and out of it */
    uint32_t rate;
    int64_t blocks;        /* how many were made, so the number of the next one */
    int held;              /* whether `packet` was pulled before its time */
    rm_packet packet;
    float samples[PLAYER_FRAMES]; /* of `packet` */
    int64_t played, silent, late; /* blocks: heard, not there in time, and there too late to be heard */
    float peak;
};

/* The callback of the sound card; `user_data` is the player. */
int player_render(const void *input, void *output, unsigned long frames, const PaStreamCallbackTimeInfo *time,
                  PaStreamCallbackFlags flags, void *user_data);

#endif
