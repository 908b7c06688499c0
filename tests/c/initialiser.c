/* Initialisers: what a caller fills in begins with its size and its defaults, and is zero else. */

#include "check.h"

#define CHECK_ZERO_ELSE(value) CHECK(is_zero(&(value), sizeof(value)))
/* The initialiser is that of a variable as well as of a compound literal. */
#define CHECK_PLAIN(type, initialiser)                                                                                 \
    do {                                                                                                               \
        type value = initialiser;                                                                                      \
        CHECK_INT(value.struct_size, sizeof(type));                                                                    \
        CHECK_INT(((type)initialiser).struct_size, sizeof(type));                                                      \
        CHECK_ZERO_ELSE(value);                                                                                        \
    } while (0)

/* Whether everything behind the size is zero. */
static int is_zero(const void *value, size_t size)
{
    const unsigned char *bytes = value;
    for (size_t at = sizeof(uint32_t); at < size; at++)
        if (bytes[at] != 0)
            return 0;
    return 1;
}

static void structs_without_defaults_are_zero(void)
{
    CHECK_PLAIN(rm_edge_config, RM_EDGE_CONFIG_INIT);
    CHECK_PLAIN(rm_host_callbacks, RM_HOST_CALLBACKS_INIT);
    CHECK_PLAIN(rm_log_record, RM_LOG_RECORD_INIT);
    CHECK_PLAIN(rm_node_callbacks, RM_NODE_CALLBACKS_INIT);
    CHECK_PLAIN(rm_object_table, RM_OBJECT_TABLE_INIT);
    CHECK_PLAIN(rm_process_config, RM_PROCESS_CONFIG_INIT);
    CHECK_PLAIN(rm_ring_config, RM_RING_CONFIG_INIT);
    CHECK_PLAIN(rm_ring_stats, RM_RING_STATS_INIT);
    CHECK_PLAIN(rm_session_config, RM_SESSION_CONFIG_INIT);
    CHECK_PLAIN(rm_thread_hooks, RM_THREAD_HOOKS_INIT);
    CHECK_PLAIN(rm_type_callbacks, RM_TYPE_CALLBACKS_INIT);
}

static void a_packet_has_no_time_and_no_index(void)
{
    rm_packet packet = RM_PACKET_INIT;
    CHECK_INT(packet.struct_size, sizeof packet);
    CHECK(packet.pts == RM_TIME_NONE && packet.duration == RM_TIME_NONE && packet.index == RM_INDEX_NONE);
    packet.pts = packet.duration = 0;
    packet.index = 0;
    CHECK_ZERO_ELSE(packet);
}

static void a_plugin_knows_the_version(void)
{
    rm_plugin plugin = RM_PLUGIN_INIT;
    CHECK_INT(plugin.struct_size, sizeof plugin);
    CHECK_INT(plugin.abi_version, RM_ABI_VERSION);
    plugin.abi_version = 0;
    CHECK_ZERO_ELSE(plugin);
}

static void a_runtime_knows_the_version(void)
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    CHECK_INT(config.struct_size, sizeof config);
    CHECK_INT(config.abi_version, RM_ABI_VERSION);
    config.abi_version = 0;
    CHECK_ZERO_ELSE(config);
}

int main(void)
{
    RUN(structs_without_defaults_are_zero);
    RUN(a_packet_has_no_time_and_no_index);
    RUN(a_plugin_knows_the_version);
    RUN(a_runtime_knows_the_version);
    return 0;
}
