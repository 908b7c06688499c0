/* The layout of the structs on 64-bit machines. Generated from runtime/abi by `make header`; do not edit. */

#include <remotemedia.h>

#define LAYOUT(what, value) _Static_assert((what) == (value), #what)

LAYOUT(sizeof(rm_host_callbacks), 72);
LAYOUT(offsetof(rm_host_callbacks, struct_size), 0);
LAYOUT(offsetof(rm_host_callbacks, parallel), 4);
LAYOUT(offsetof(rm_host_callbacks, user_data), 8);
LAYOUT(offsetof(rm_host_callbacks, destroy), 16);
LAYOUT(offsetof(rm_host_callbacks, hire), 24);
LAYOUT(offsetof(rm_host_callbacks, retain), 32);
LAYOUT(offsetof(rm_host_callbacks, release), 40);
LAYOUT(offsetof(rm_host_callbacks, export_object), 48);
LAYOUT(offsetof(rm_host_callbacks, import_packet), 56);
LAYOUT(offsetof(rm_host_callbacks, objects), 64);
LAYOUT(sizeof(rm_node_callbacks), 88);
LAYOUT(offsetof(rm_node_callbacks, struct_size), 0);
LAYOUT(offsetof(rm_node_callbacks, flags), 4);
LAYOUT(offsetof(rm_node_callbacks, user_data), 8);
LAYOUT(offsetof(rm_node_callbacks, destroy), 16);
LAYOUT(offsetof(rm_node_callbacks, initialize), 24);
LAYOUT(offsetof(rm_node_callbacks, process), 32);
LAYOUT(offsetof(rm_node_callbacks, resume), 40);
LAYOUT(offsetof(rm_node_callbacks, flush), 48);
LAYOUT(offsetof(rm_node_callbacks, cleanup), 56);
LAYOUT(offsetof(rm_node_callbacks, accepts), 64);
LAYOUT(offsetof(rm_node_callbacks, emits), 68);
LAYOUT(offsetof(rm_node_callbacks, process_object), 72);
LAYOUT(offsetof(rm_node_callbacks, resume_object), 80);
LAYOUT(sizeof(rm_object_table), 96);
LAYOUT(offsetof(rm_object_table, struct_size), 0);
LAYOUT(offsetof(rm_object_table, reserved), 4);
LAYOUT(offsetof(rm_object_table, enter), 8);
LAYOUT(offsetof(rm_object_table, leave), 16);
LAYOUT(offsetof(rm_object_table, retain), 24);
LAYOUT(offsetof(rm_object_table, release), 32);
LAYOUT(offsetof(rm_object_table, call), 40);
LAYOUT(offsetof(rm_object_table, clear), 48);
LAYOUT(offsetof(rm_object_table, none), 56);
LAYOUT(offsetof(rm_object_table, more), 64);
LAYOUT(offsetof(rm_object_table, done), 72);
LAYOUT(offsetof(rm_object_table, pending), 80);
LAYOUT(offsetof(rm_object_table, failed), 88);
LAYOUT(sizeof(rm_packet), 96);
LAYOUT(offsetof(rm_packet, struct_size), 0);
LAYOUT(offsetof(rm_packet, kind), 4);
LAYOUT(offsetof(rm_packet, pts), 8);
LAYOUT(offsetof(rm_packet, duration), 16);
LAYOUT(offsetof(rm_packet, index), 24);
LAYOUT(offsetof(rm_packet, data), 32);
LAYOUT(offsetof(rm_packet, size), 40);
LAYOUT(offsetof(rm_packet, buffer), 48);
LAYOUT(offsetof(rm_packet, object), 56);
LAYOUT(offsetof(rm_packet, host), 64);
LAYOUT(offsetof(rm_packet, sample_rate), 72);
LAYOUT(offsetof(rm_packet, channels), 76);
LAYOUT(offsetof(rm_packet, metadata), 80);
LAYOUT(offsetof(rm_packet, metadata_size), 88);
LAYOUT(sizeof(rm_type_callbacks), 32);
LAYOUT(offsetof(rm_type_callbacks, struct_size), 0);
LAYOUT(offsetof(rm_type_callbacks, reserved), 4);
LAYOUT(offsetof(rm_type_callbacks, user_data), 8);
LAYOUT(offsetof(rm_type_callbacks, destroy), 16);
LAYOUT(offsetof(rm_type_callbacks, create), 24);
LAYOUT(sizeof(rm_runtime_config), 16);
LAYOUT(offsetof(rm_runtime_config, struct_size), 0);
LAYOUT(offsetof(rm_runtime_config, abi_version), 4);
LAYOUT(offsetof(rm_runtime_config, threads), 8);
LAYOUT(offsetof(rm_runtime_config, reserved), 12);
LAYOUT(sizeof(rm_session_config), 64);
LAYOUT(offsetof(rm_session_config, struct_size), 0);
LAYOUT(offsetof(rm_session_config, on_error), 4);
LAYOUT(offsetof(rm_session_config, capacity), 8);
LAYOUT(offsetof(rm_session_config, flags), 12);
LAYOUT(offsetof(rm_session_config, tag), 16);
LAYOUT(offsetof(rm_session_config, input), 24);
LAYOUT(offsetof(rm_session_config, output), 32);
LAYOUT(offsetof(rm_session_config, host), 40);
LAYOUT(offsetof(rm_session_config, user_data), 48);
LAYOUT(offsetof(rm_session_config, on_event), 56);

int main(void) { return 0; }
