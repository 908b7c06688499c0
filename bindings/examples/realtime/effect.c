/*
 * A tone that is made in the callback of a sound card, and heard after a pipeline has changed it:
 *
 *     callback  ->  ring  ->  soften  ->  ring  ->  callback
 *
 *     effect SECONDS [HOST-API]
 *
 * HOST-API is a part of the name of what PortAudio is to use, such as JACK; else it takes the default.
 */
#include <portaudio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "player.h"
#include "soften.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

static void check(rm_status status, const char *what)
{
    if (status >= 0)
        return;
    char message[512];
    size_t length = 0;
    rm_last_error(message, sizeof message, &length);
    if (length > sizeof message)
        length = sizeof message;
    fprintf(stderr, "%s: %.*s (status %d)\n", what, (int)length, message, (int)status);
    exit(EXIT_FAILURE);
}

static void check_audio(PaError error, const char *what)
{
    if (error >= paNoError)
        return;
    fprintf(stderr, "%s: %s\n", what, Pa_GetErrorText(error));
    exit(EXIT_FAILURE);
}

static rm_session open_session(rm_runtime runtime)
{
    rm_node node = 0;
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    rm_session_config how = RM_SESSION_CONFIG_INIT;
    check(soften_new(&node), "make the node");
    check(rm_pipeline_new(runtime, &pipeline), "make a pipeline");
    check(rm_pipeline_add_node(pipeline, TEXT("soften"), node), "add the node");
    check(rm_session_open(pipeline, &how, &session), "open");
    check(rm_session_ready(session, -1), "start the node"); /* before the sound card does */
    check(rm_pipeline_free(pipeline), "free the pipeline"); /* the session keeps what it needs */
    check(rm_node_free(node), "free the node");
    return session;
}

static rm_ring new_ring(rm_session session, uint32_t direction)
{
    rm_ring_config config = RM_RING_CONFIG_INIT;
    rm_ring ring = 0;
    config.direction = direction;
    config.capacity = 2 * PLAYER_LEAD;
    config.size = PLAYER_FRAMES * sizeof(float);
    check(rm_ring_new(session, &config, &ring), "make a ring");
    return ring;
}

static PaDeviceIndex find_device(const char *name)
{
    if (name == NULL)
        return Pa_GetDefaultOutputDevice();
    for (PaHostApiIndex i = 0; i < Pa_GetHostApiCount(); i++)
        if (strstr(Pa_GetHostApiInfo(i)->name, name) != NULL)
            return Pa_GetHostApiInfo(i)->defaultOutputDevice;
    return paNoDevice;
}

static void play(struct player *player, const char *host_api, double seconds)
{
    PaDeviceIndex device = find_device(host_api);
    if (device == paNoDevice) {
        fprintf(stderr, "there is no sound card; for one that plays nothing: jackd -d dummy\n");
        exit(EXIT_FAILURE);
    }
    const PaDeviceInfo *about = Pa_GetDeviceInfo(device);
    PaStreamParameters parameters = {
        .device = device,
        .channelCount = 1,
        .sampleFormat = paFloat32,
        .suggestedLatency = about->defaultLowOutputLatency,
    };
    PaStream *stream = NULL;
    player->rate = (uint32_t)about->defaultSampleRate;
    check_audio(Pa_OpenStream(&stream, NULL, &parameters, player->rate, PLAYER_FRAMES, paNoFlag, player_render, player),
                "open the sound card");
    check_audio(Pa_StartStream(stream), "start the sound card");
    Pa_Sleep((long)(1000 * seconds));
    check_audio(Pa_StopStream(stream), "stop the sound card"); /* its thread is done with the player */
    check_audio(Pa_CloseStream(stream), "close the sound card");
}

/* What the card did not hear any more; answers how many blocks. This thread may wait, though not for ever. */
static int64_t drain(struct player *player)
{
    int64_t rest = player->held;
    int naps = 0;
    check(rm_ring_end(player->input), "end");
    for (;;) {
        rm_status status =
            rm_ring_try_pull(player->output, &player->packet, player->samples, sizeof player->samples);
        if (status == RM_END)
            return rest;
        if (status == RM_OK) {
            rest++;
        } else if (status == RM_ERR_TIMEOUT && naps++ < 10000) {
            Pa_Sleep(1);
        } else {
            fprintf(stderr, "drain: status %d\n", (int)status);
            exit(EXIT_FAILURE);
        }
    }
}

/* Each block that went in was heard, came too late, or has come at the end. */
static int report(const struct player *player, int64_t rest)
{
    rm_ring_stats in = RM_RING_STATS_INIT;
    check(rm_ring_get_stats(player->input, &in), "ask the ring");
    printf("%lld blocks: %lld played, %lld silent, %lld late, %lld at the end, %llu lost; peak %.3f\n",
           (long long)player->blocks, (long long)player->played, (long long)player->silent, (long long)player->late,
           (long long)rest, (unsigned long long)in.overruns, player->peak);
    int64_t missing = player->blocks - player->played - player->late - rest - (int64_t)in.overruns;
    if (missing != 0)
        printf("%lld blocks are missing\n", (long long)missing);
    return missing == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    if (count != 2 && count != 3) {
        fprintf(stderr, "usage: %s SECONDS [HOST-API]\n", arguments[0]);
        return EXIT_FAILURE;
    }
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    check(rm_runtime_new(&config, &runtime), "start");
    rm_session session = open_session(runtime);
    struct player player = {
        .input = new_ring(session, RM_RING_INPUT),
        .output = new_ring(session, RM_RING_OUTPUT),
        .packet = RM_PACKET_INIT,
    };
    check_audio(Pa_Initialize(), "start PortAudio");
    play(&player, arguments[2], strtod(arguments[1], NULL)); /* the last argument is followed by NULL */
    int result = report(&player, drain(&player));
    check_audio(Pa_Terminate(), "stop PortAudio");

    check(rm_ring_free(player.input), "free a ring");
    check(rm_ring_free(player.output), "free a ring");
    check(rm_session_free(session), "free the session");
    check(rm_runtime_free(runtime), "stop");
    return result;
}
