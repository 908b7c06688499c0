/* Audio files: WAV, FLAC, MP3 and Ogg Vorbis, decoded from the first block to the end or to the failure. */
#define _GNU_SOURCE
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

/* A file of some kilobytes may be hours of silence. */
#define MOST_BLOCKS 200

static rm_session open_file(int file)
{
    char manifest[256];
    int length = snprintf(manifest, sizeof manifest,
        "{\"version\": \"v1\", \"nodes\": [{\"id\": \"a\", \"node_type\": \"AudioFileSourceNode\","
        " \"params\": {\"path\": \"/proc/self/fd/%d\", \"block_size\": 4096}}]}", file);
    rm_pipeline pipeline = 0;
    rm_session session = 0;
    rm_session_config config = RM_SESSION_CONFIG_INIT;
    CHECK(rm_pipeline_new(the_runtime(), &pipeline) == RM_OK);
    CHECK(rm_pipeline_load(pipeline, manifest, (size_t)length) == RM_OK);
    CHECK(rm_session_open(pipeline, &config, &session) == RM_OK);
    CHECK(rm_pipeline_free(pipeline) == RM_OK);
    return session;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    rm_session session = open_file(file);
    rm_status status = RM_OK;
    for (int block = 0; block < MOST_BLOCKS && status == RM_OK; block++) {
        rm_packet packet = RM_PACKET_INIT;
        status = sound(rm_session_pull(session, &packet, PATIENCE));
        if (status == RM_OK) {
            CHECK(packet.kind == RM_KIND_AUDIO && packet.channels > 0 && packet.sample_rate > 0);
            CHECK(packet.size > 0 && packet.size % (sizeof(float) * packet.channels) == 0);
            CHECK(rm_buffer_free(packet.buffer) == RM_OK);
        }
    }
    CHECK(status != RM_ERR_TIMEOUT);
    CHECK(rm_session_cancel(session) == RM_OK);
    CHECK(sound(rm_session_wait(session, PATIENCE)) != RM_ERR_TIMEOUT);
    CHECK(rm_session_free(session) == RM_OK);
    close(file);
    return 0;
}
