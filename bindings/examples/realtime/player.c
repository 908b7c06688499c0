/*
 * What the sound card's thread does. It has some milliseconds for each block, and never waits for them to be over: no lock,
 * no allocation, no system call. So it reaches the pipeline through two rings.
 */
#include "player.h"

#include <math.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static int64_t time_of(const struct player *player, int64_t block)
{
    return block * PLAYER_FRAMES * SECOND / player->rate;
}

/* The instrument: a tone. */
static void push_block(struct player *player)
{
    float samples[PLAYER_FRAMES];
    for (int i = 0; i < PLAYER_FRAMES; i++) {
        double time = (double)(player->blocks * PLAYER_FRAMES + i) / player->rate;
        samples[i] = 0.5f * sinf(6.2831853f * (float)fmod(440.0 * time, 1.0));
    }
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = RM_KIND_AUDIO;
    packet.pts = time_of(player, player->blocks);
    packet.duration = time_of(player, player->blocks + 1) - packet.pts;
    packet.data = samples;
    packet.size = sizeof samples;
    packet.sample_rate = player->rate;
    packet.channels = 1;
    rm_ring_try_push(player->input, &packet); /* what finds the ring full is lost; the ring counts it */
}

/* Answers whether `samples` has the block of this time. One that comes too late is left out: else all that follow would be
   late as well. */
static int pull_block(struct player *player, int64_t due)
{
    for (;;) {
        if (!player->held) {
            rm_status status =
                rm_ring_try_pull(player->output, &player->packet, player->samples, sizeof player->samples);
            if (status != RM_OK)
                return 0;
        }
        player->held = player->packet.pts > due; /* the one before it was lost */
        if (player->held)
            return 0;
        if (player->packet.pts == due)
            return 1;
        player->late++;
    }
}

int player_render(const void *input, void *output, unsigned long frames, const PaStreamCallbackTimeInfo *time,
                  PaStreamCallbackFlags flags, void *user_data)
{
    (void)input, (void)time, (void)flags;
    struct player *player = user_data;
    float *heard = output;
    int64_t due = player->blocks - PLAYER_LEAD;
    push_block(player);
    player->blocks++;
    memset(heard, 0, frames * sizeof *heard);
    if (due < 0)
        return paContinue; /* nothing is due yet */
    if (!pull_block(player, time_of(player, due))) {
        player->silent++;
        return paContinue;
    }
    player->played++;
    memcpy(heard, player->samples, frames * sizeof *heard);
    for (unsigned long i = 0; i < frames; i++)
        player->peak = fmaxf(player->peak, fabsf(heard[i]));
    return paContinue;
}
