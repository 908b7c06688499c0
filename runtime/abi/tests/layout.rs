//! The layout of the structs on 64-bit machines. Generated from runtime/abi by `make header`; do not edit.

use std::mem::offset_of;

use remotemedia::*;

#[test]
#[cfg(target_pointer_width = "64")]
fn layout() {
    assert_eq!(size_of::<rm_host_callbacks>(), 72);
    assert_eq!(offset_of!(rm_host_callbacks, struct_size), 0);
    assert_eq!(offset_of!(rm_host_callbacks, parallel), 4);
    assert_eq!(offset_of!(rm_host_callbacks, user_data), 8);
    assert_eq!(offset_of!(rm_host_callbacks, destroy), 16);
    assert_eq!(offset_of!(rm_host_callbacks, hire), 24);
    assert_eq!(offset_of!(rm_host_callbacks, retain), 32);
    assert_eq!(offset_of!(rm_host_callbacks, release), 40);
    assert_eq!(offset_of!(rm_host_callbacks, export_object), 48);
    assert_eq!(offset_of!(rm_host_callbacks, import_packet), 56);
    assert_eq!(offset_of!(rm_host_callbacks, objects), 64);
    assert_eq!(size_of::<rm_node_callbacks>(), 88);
    assert_eq!(offset_of!(rm_node_callbacks, struct_size), 0);
    assert_eq!(offset_of!(rm_node_callbacks, flags), 4);
    assert_eq!(offset_of!(rm_node_callbacks, user_data), 8);
    assert_eq!(offset_of!(rm_node_callbacks, destroy), 16);
    assert_eq!(offset_of!(rm_node_callbacks, initialize), 24);
    assert_eq!(offset_of!(rm_node_callbacks, process), 32);
    assert_eq!(offset_of!(rm_node_callbacks, resume), 40);
    assert_eq!(offset_of!(rm_node_callbacks, flush), 48);
    assert_eq!(offset_of!(rm_node_callbacks, cleanup), 56);
    assert_eq!(offset_of!(rm_node_callbacks, accepts), 64);
    assert_eq!(offset_of!(rm_node_callbacks, emits), 68);
    assert_eq!(offset_of!(rm_node_callbacks, process_object), 72);
    assert_eq!(offset_of!(rm_node_callbacks, resume_object), 80);
    assert_eq!(size_of::<rm_object_table>(), 96);
    assert_eq!(offset_of!(rm_object_table, struct_size), 0);
    assert_eq!(offset_of!(rm_object_table, reserved), 4);
    assert_eq!(offset_of!(rm_object_table, enter), 8);
    assert_eq!(offset_of!(rm_object_table, leave), 16);
    assert_eq!(offset_of!(rm_object_table, retain), 24);
    assert_eq!(offset_of!(rm_object_table, release), 32);
    assert_eq!(offset_of!(rm_object_table, call), 40);
    assert_eq!(offset_of!(rm_object_table, clear), 48);
    assert_eq!(offset_of!(rm_object_table, none), 56);
    assert_eq!(offset_of!(rm_object_table, more), 64);
    assert_eq!(offset_of!(rm_object_table, done), 72);
    assert_eq!(offset_of!(rm_object_table, pending), 80);
    assert_eq!(offset_of!(rm_object_table, failed), 88);
    assert_eq!(size_of::<rm_packet>(), 96);
    assert_eq!(offset_of!(rm_packet, struct_size), 0);
    assert_eq!(offset_of!(rm_packet, kind), 4);
    assert_eq!(offset_of!(rm_packet, pts), 8);
    assert_eq!(offset_of!(rm_packet, duration), 16);
    assert_eq!(offset_of!(rm_packet, index), 24);
    assert_eq!(offset_of!(rm_packet, data), 32);
    assert_eq!(offset_of!(rm_packet, size), 40);
    assert_eq!(offset_of!(rm_packet, buffer), 48);
    assert_eq!(offset_of!(rm_packet, object), 56);
    assert_eq!(offset_of!(rm_packet, host), 64);
    assert_eq!(offset_of!(rm_packet, sample_rate), 72);
    assert_eq!(offset_of!(rm_packet, channels), 76);
    assert_eq!(offset_of!(rm_packet, metadata), 80);
    assert_eq!(offset_of!(rm_packet, metadata_size), 88);
    assert_eq!(size_of::<rm_type_callbacks>(), 32);
    assert_eq!(offset_of!(rm_type_callbacks, struct_size), 0);
    assert_eq!(offset_of!(rm_type_callbacks, reserved), 4);
    assert_eq!(offset_of!(rm_type_callbacks, user_data), 8);
    assert_eq!(offset_of!(rm_type_callbacks, destroy), 16);
    assert_eq!(offset_of!(rm_type_callbacks, create), 24);
    assert_eq!(size_of::<rm_runtime_config>(), 16);
    assert_eq!(offset_of!(rm_runtime_config, struct_size), 0);
    assert_eq!(offset_of!(rm_runtime_config, abi_version), 4);
    assert_eq!(offset_of!(rm_runtime_config, threads), 8);
    assert_eq!(offset_of!(rm_runtime_config, reserved), 12);
    assert_eq!(size_of::<rm_session_config>(), 64);
    assert_eq!(offset_of!(rm_session_config, struct_size), 0);
    assert_eq!(offset_of!(rm_session_config, on_error), 4);
    assert_eq!(offset_of!(rm_session_config, capacity), 8);
    assert_eq!(offset_of!(rm_session_config, flags), 12);
    assert_eq!(offset_of!(rm_session_config, tag), 16);
    assert_eq!(offset_of!(rm_session_config, input), 24);
    assert_eq!(offset_of!(rm_session_config, output), 32);
    assert_eq!(offset_of!(rm_session_config, host), 40);
    assert_eq!(offset_of!(rm_session_config, user_data), 48);
    assert_eq!(offset_of!(rm_session_config, on_event), 56);
}
