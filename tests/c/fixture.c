#include "fixture.h"

#include "check.h"

rm_runtime start(void)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    CHECK_OK(rm_runtime_new(&config, &runtime));
    return runtime;
}

void stop(rm_runtime runtime)
{
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_OK(rm_runtime_free(runtime));
}

rm_packet text(const char *words)
{
    rm_packet packet = RM_PACKET_INIT;
    packet.kind = RM_KIND_TEXT;
    packet.data = words;
    packet.size = strlen(words);
    return packet;
}

rm_node make_node(const rm_node_callbacks *callbacks)
{
    rm_node node = 0;
    CHECK_OK(rm_node_new(0, callbacks, &node));
    return node;
}

rm_node make_processor(rm_status (*process)(void *, const rm_packet *), void *user_data)
{
    rm_node_callbacks callbacks = {.struct_size = sizeof callbacks, .user_data = user_data, .process = process};
    return make_node(&callbacks);
}

rm_pipeline make_chain(rm_runtime runtime, const rm_node *nodes, size_t count)
{
    rm_pipeline pipeline = 0;
    CHECK_OK(rm_pipeline_new(runtime, &pipeline));
    for (size_t i = 0; i < count; i++) {
        char before = (char)('a' + i - 1), id = (char)('a' + i);
        CHECK_OK(rm_pipeline_add_node(pipeline, &id, 1, nodes[i]));
        if (i > 0)
            CHECK_OK(rm_pipeline_connect(pipeline, &before, 1, &id, 1, NULL));
    }
    return pipeline;
}

rm_session open_chain(rm_runtime runtime, const rm_node *nodes, size_t count, const rm_session_config *how)
{
    rm_pipeline pipeline = make_chain(runtime, nodes, count);
    rm_session session = open_pipeline(pipeline, how);
    CHECK_OK(rm_pipeline_free(pipeline));
    return session;
}

rm_session open_node(rm_runtime runtime, rm_node node, const rm_session_config *how)
{
    return open_chain(runtime, &node, 1, how);
}

rm_session open_pipeline(rm_pipeline pipeline, const rm_session_config *how)
{
    rm_session_config defaults = session_config();
    rm_session session = 0;
    CHECK_OK(rm_session_open(pipeline, how != NULL ? how : &defaults, &session));
    return session;
}

rm_session_config session_config(void)
{
    return (rm_session_config)RM_SESSION_CONFIG_INIT;
}

void push_text(rm_session session, const char *words)
{
    rm_packet packet = text(words);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
}

static void expect(rm_session session, const char *words, int is_failure)
{
    rm_packet packet = RM_PACKET_INIT;
    char actual[512];
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK_INT(packet.struct_size, sizeof packet);
    snprintf(actual, sizeof actual, "%.*s", (int)packet.size, (const char *)packet.data);
    CHECK_TEXT(actual, words);
    CHECK_INT(packet.kind == RM_KIND_FAILURE, is_failure);
    CHECK_OK(rm_buffer_free(packet.buffer));
}

void expect_text(rm_session session, const char *words)
{
    expect(session, words, 0);
}

void expect_failure(rm_session session, const char *message)
{
    expect(session, message, 1);
}

void expect_end(rm_session session)
{
    rm_packet packet = {.struct_size = sizeof packet, .size = 77};
    CHECK_STATUS(rm_session_pull(session, &packet, PATIENCE), RM_END);
    CHECK_INT(packet.size, 77);
}

void finish(rm_session session)
{
    CHECK_OK(rm_session_end(session));
    expect_end(session);
    CHECK_OK(rm_session_free(session));
}

pthread_t start_thread(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, body, argument), 0);
    return thread;
}

void join_thread(pthread_t thread)
{
    CHECK_INT(pthread_join(thread, NULL), 0);
}
