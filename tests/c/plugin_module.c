/* A plugin for tests, good or broken as its definitions say. */

#include <remotemedia.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "shouting"
#endif
#ifndef PLUGIN_TYPE
#define PLUGIN_TYPE "Shout"
#endif
#ifndef PLUGIN_VERSION
#define PLUGIN_VERSION RM_ABI_VERSION
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(rm_plugin)
#endif
#ifndef PLUGIN_FAILURE
#define PLUGIN_FAILURE NULL
#endif

#ifndef PLUGIN_DELAY /* in nanoseconds */
#define PLUGIN_DELAY 0
#endif

#define TEXT(literal) (literal), (sizeof(literal) - 1)

static rm_status process(void *user_data, const rm_packet *packet)
{
    char words[64];
    (void)user_data;
    int size = snprintf(words, sizeof words, "%.*s!", (int)packet->size, (const char *)packet->data);
    rm_packet output = *packet;
    output.data = words;
    output.size = (size_t)size;
    return rm_call_emit(&output);
}

static rm_status create(void *user_data, const char *id, size_t id_size, const char *parameters, size_t size, rm_node *node)
{
    (void)user_data, (void)id, (void)id_size, (void)parameters, (void)size;
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    callbacks.process = process;
    return rm_node_new(0, &callbacks, node);
}

static rm_status init(rm_runtime runtime)
{
    const char *failure = PLUGIN_FAILURE;
    rm_type_callbacks callbacks = RM_TYPE_CALLBACKS_INIT;
    callbacks.create = create;
    rm_status status = rm_runtime_add_type(runtime, TEXT(PLUGIN_TYPE), &callbacks);
    nanosleep(&(struct timespec){.tv_nsec = PLUGIN_DELAY}, NULL);
    if (status != RM_OK || failure == NULL)
        return status;
    if (failure[0] != '\0')
        rm_call_fail(failure, strlen(failure), NULL);
    return RM_ERR_STATE;
}

extern const rm_plugin rm_plugin_entry;
const rm_plugin rm_plugin_entry = {PLUGIN_SIZE, PLUGIN_VERSION, TEXT(PLUGIN_NAME), TEXT("1.2"), init};
