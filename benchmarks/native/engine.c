/*
 * A chain of nodes through the engine: engine TYPE NODES PACKETS SIZE, where TYPE is `native` for PassThrough, which is built
 * in, `callback` for nodes of this program, or `threads` for such nodes of two hosts in turn, each with threads of its own, so
 * that every hop goes from thread to thread. A source emits packets that share one buffer; a sink counts them.
 * Prints the nanoseconds that a packet took.
 */
#include "clock.h"

#include <pthread.h>
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source {
    long left;
    rm_packet packet;
};

static void check(rm_status status, const char *what)
{
    char message[256];
    size_t length = 0;
    if (status >= 0)
        return;
    rm_last_error(message, sizeof message, &length);
    fprintf(stderr, "%s: %.*s\n", what, (int)(length < sizeof message ? length : sizeof message), message);
    exit(EXIT_FAILURE);
}

static rm_status emit_next(void *user_data)
{
    struct source *source = user_data;
    return source->left-- > 0 && rm_call_emit(&source->packet) == RM_OK ? RM_MORE : RM_OK;
}

static rm_status pass(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    return rm_call_emit(packet);
}

static rm_status count(void *user_data, const rm_packet *packet)
{
    (void)packet;
    ++*(long *)user_data;
    return RM_OK;
}

static void *work(void *host)
{
    rm_worker_run(*(rm_host *)host); /* the host may be gone before the thread has started */
    return NULL;
}

static rm_status hire(void *host)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, host) != 0)
        return RM_ERR_STATE;
    pthread_detach(thread);
    return RM_OK;
}

static void count_reference(void *user_data, void *object)
{
    (void)user_data, (void)object; /* no packet here has an object */
}

static void lend(rm_runtime runtime, rm_host *host)
{
    rm_host_callbacks callbacks = {.struct_size = sizeof callbacks, .parallel = 1, .user_data = host, .hire = hire,
        .retain = count_reference, .release = count_reference};
    check(rm_host_new(runtime, &callbacks, host), "host");
}

static rm_node make(rm_host host, rm_node_callbacks callbacks)
{
    rm_node node = 0;
    callbacks.struct_size = sizeof callbacks;
    check(rm_node_new(host, &callbacks, &node), "node");
    return node;
}

static rm_pipeline chain(rm_runtime runtime, int native, const rm_host hosts[2], int nodes)
{
    rm_pipeline pipeline = 0;
    char before[16] = "", id[16];
    check(rm_pipeline_new(runtime, &pipeline), "pipeline");
    for (int i = 0; i < nodes; i++) {
        size_t size = (size_t)snprintf(id, sizeof id, "n%d", i);
        if (native) {
            check(rm_pipeline_add_type(pipeline, id, size, "PassThrough", 11, NULL, 0), "type");
        } else {
            rm_node node = make(hosts[i % 2], (rm_node_callbacks){.process = pass});
            check(rm_pipeline_add_node(pipeline, id, size, node), "node");
            check(rm_node_free(node), "free");
        }
        if (i > 0)
            check(rm_pipeline_connect(pipeline, before, strlen(before), id, size, NULL), "edge");
        memcpy(before, id, sizeof before);
    }
    return pipeline;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return EXIT_FAILURE;
    int nodes = atoi(argv[2]);
    long packets = atol(argv[3]);
    size_t size = (size_t)atol(argv[4]);

    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION};
    rm_runtime runtime = 0;
    check(rm_runtime_new(&config, &runtime), "runtime");
    static rm_host hosts[2]; /* outlives the threads */
    if (strcmp(argv[1], "threads") == 0)
        for (int i = 0; i < 2; i++)
            lend(runtime, &hosts[i]);
    rm_pipeline pipeline = chain(runtime, strcmp(argv[1], "native") == 0, hosts, nodes);

    void *data = calloc(1, size);
    rm_buffer buffer = 0;
    check(rm_buffer_wrap(data, size, free, data, &buffer), "buffer");
    struct source source = {packets, {.struct_size = sizeof(rm_packet), .kind = RM_KIND_BYTES, .pts = 0,
        .duration = RM_TIME_NONE, .data = data, .size = size, .buffer = buffer}};
    long counted = 0;
    rm_session_config run = {
        .struct_size = sizeof run,
        .input = make(0, (rm_node_callbacks){.flags = RM_NODE_SOURCE, .user_data = &source, .resume = emit_next}),
        .output = make(0, (rm_node_callbacks){.user_data = &counted, .process = count}),
        .capacity = 256, /* as many as the ring of ring.c has */
    };

    double start = now();
    rm_session session = 0;
    check(rm_session_open(pipeline, &run, &session), "session");
    check(rm_session_wait(session, INT64_C(60000000000)), "wait");
    double taken = now() - start;

    check(rm_session_free(session), "free");
    check(rm_runtime_free(runtime), "free");
    if (counted != packets)
        return EXIT_FAILURE;
    printf("%.1f\n", taken / (double)packets * 1e9);
    return EXIT_SUCCESS;
}
