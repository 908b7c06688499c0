/* The library as a program has it that loads it by hand. Such a program is not linked with it. */

#ifndef LIBRARY_H
#define LIBRARY_H

#include <remotemedia.h>

typedef struct library {
    void *handle;
    uint32_t (*abi_version)(void);
    rm_status (*last_error)(char *buffer, size_t capacity, size_t *length);
    rm_status (*runtime_new)(const rm_runtime_config *config, rm_runtime *runtime);
    rm_status (*runtime_free)(rm_runtime runtime);
    rm_status (*pipeline_new)(uint64_t runtime, rm_pipeline *pipeline);
    rm_status (*pipeline_add_node)(rm_pipeline pipeline, const char *id, size_t id_size, uint64_t node);
    rm_status (*pipeline_free)(rm_pipeline pipeline);
    rm_status (*node_new)(uint64_t host, const rm_node_callbacks *callbacks, rm_node *node);
    rm_status (*node_free)(rm_node node);
    rm_status (*call_emit)(const rm_packet *packet);
    rm_status (*session_open)(uint64_t pipeline, const rm_session_config *config, rm_session *session);
    rm_status (*session_push)(rm_session session, const rm_packet *packet, int64_t timeout);
    rm_status (*session_pull)(rm_session session, rm_packet *packet, int64_t timeout);
    rm_status (*session_end)(rm_session session);
    rm_status (*session_free)(rm_session session);
    rm_status (*buffer_free)(rm_buffer buffer);
} library;

/* What is being used of one library: a runtime, and a session whose one node passes text on. */
typedef struct use {
    const library *library;
    rm_runtime runtime;
    rm_session session;
} use;

library library_open(const char *path);
/* Whether a file has been loaded, and is still there. */
int library_is_loaded(const char *path);

use use_begin(const library *library);
/* Sends text through the node, and takes it from the other end. */
void use_pass(const use *use, const char *words);
void use_end(const use *use);

#endif
