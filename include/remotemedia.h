/*
 * remotemedia.h: the C ABI of remotemedia.
 *
 * Generated from runtime/abi by `make header`; do not edit.
 *
 * Handles are integers: a stale, forged or freed one answers RM_ERR_BAD_HANDLE, it never crashes. Every fallible call
 * answers an rm_status; results are written through pointers, on success only. Text is UTF-8 with a length, never
 * terminated. Times are nanoseconds. Structs begin with struct_size = sizeof(the struct) and are zero where not set: begin
 * one with its RM_…_INIT. Callbacks must not throw. docs/abi.md has the conventions.
 */


#ifndef REMOTEMEDIA_H
#define REMOTEMEDIA_H

#include <stddef.h>
#include <stdint.h>

/**
 * Somebody else has the very memory: it must not be changed.
 */
#define RM_PART_SHARED 1

/**
 * What only somebody who looks for an error wants to know.
 */
#define RM_LOG_DEBUG 10

/**
 * What happens in the normal course.
 */
#define RM_LOG_INFO 20

/**
 * What nobody may have noticed.
 */
#define RM_LOG_WARNING 30

/**
 * A defect.
 */
#define RM_LOG_ERROR 40

/**
 * How many bytes the text of a record has at most; a longer one is cut.
 */
#define RM_LOG_TEXT_MAX 1024

/**
 * The node makes packets by itself: `resume` is called from the start until it answers RM_OK.
 */
#define RM_NODE_SOURCE 1

/**
 * The object table's `none` is a value like any other, not the lack of an output.
 */
#define RM_NODE_NONE_IS_VALUE 2

/**
 * The packets of all inputs are matched by their pts, within `match_tolerance`. Those of a set come one after the other, in
 * the order of the ports; what finds no partner is dropped.
 */
#define RM_NODE_MATCH 4

/**
 * A time that is not known.
 */
#define RM_TIME_NONE INT64_MIN

/**
 * The index of a packet that no input caused.
 */
#define RM_INDEX_NONE UINT64_MAX

/**
 * Nothing.
 */
#define RM_KIND_NONE 0

/**
 * 32-bit float samples, `channels` planes one after the other.
 */
#define RM_KIND_AUDIO 1

/**
 * Text in UTF-8.
 */
#define RM_KIND_TEXT 2

/**
 * A JSON document in UTF-8.
 */
#define RM_KIND_JSON 3

/**
 * Bytes.
 */
#define RM_KIND_BYTES 4

/**
 * An object of the host.
 */
#define RM_KIND_OBJECT 5

/**
 * An item that failed: `data` is the message, `metadata` has "node" and "status", `object` the host's error object or null.
 */
#define RM_KIND_FAILURE 6

/**
 * What the session says.
 */
#define RM_EDGE_DEFAULT 0

/**
 * When an edge is full, its producer waits.
 */
#define RM_EDGE_BLOCK 1

/**
 * When an edge is full, the oldest packet on it is dropped.
 */
#define RM_EDGE_DROP_OLDEST 2

/**
 * When an edge is full, the packet that comes is dropped.
 */
#define RM_EDGE_DROP_NEWEST 3

/**
 * The edge holds one packet: the latest.
 */
#define RM_EDGE_LATEST 4

/**
 * From the real-time thread into the session.
 */
#define RM_RING_INPUT 1

/**
 * Out of the session to the real-time thread.
 */
#define RM_RING_OUTPUT 2

/**
 * The parent takes objects as they are, put together by its own `unpack_object`; else they are converted to data.
 */
#define RM_SERVICE_OBJECTS 1

/**
 * A node's failure ends the session, after the packets before it have come out.
 */
#define RM_ON_ERROR_RAISE 0

/**
 * A packet at which a node fails is left out.
 */
#define RM_ON_ERROR_SKIP 1

/**
 * A packet at which a node fails becomes an output of RM_KIND_FAILURE.
 */
#define RM_ON_ERROR_COLLECT 2

/**
 * An `input` that no node of the pipeline takes is left out instead of refused.
 */
#define RM_SESSION_INPUT_OPTIONAL 1

/**
 * A thread that pushes a packet makes the calls of the nodes itself before it returns, instead of waking a worker: for
 * packets that come alone, and are to be through soon. Only while all nodes are known to be quick (20 us a call, by
 * experience), the thread is inside no callback, and the host has nothing else to do; else a worker comes, as without the flag.
 * A call that takes long all the same holds up the pusher, and `on_event` may come inside the push: neither may wait for
 * something that the pusher holds, such as a lock.
 */
#define RM_SESSION_CALLER_RUNS 2

/**
 * Told once after a pull that answered RM_ERR_TIMEOUT: it is worth trying again.
 */
#define RM_EVENT_OUTPUT 1

/**
 * Told once after a push that answered RM_ERR_TIMEOUT: it is worth trying again.
 */
#define RM_EVENT_ROOM 2

/**
 * The session has ended: every node has been cleaned up.
 */
#define RM_EVENT_ENDED 3

/**
 * Nothing has moved for `rm_session_config.stall`, though there is work: `rm_session_report` tells where it stands, and a
 * warning in the metrics says so in words. Told again when something has moved since.
 */
#define RM_EVENT_STALLED 4

/**
 * Told once after an `rm_session_ready` that answered RM_ERR_TIMEOUT: it is worth trying again.
 */
#define RM_EVENT_READY 5

/**
 * The version of the ABI that this header describes: major in the upper 16 bits, minor in the lower.
 */
#define RM_ABI_VERSION 1

/**
 * The result of a call: `RM_OK`, a positive code that is not an error, or a negative one that is. Values are never reused.
 */
typedef int32_t rm_status;

/**
 * A reference to payload memory. 0 stands for none.
 */
typedef uint64_t rm_buffer;

/**
 * A packet. In packets from the library, `data`, `metadata` and `object` are borrowed for the call, unless the function
 * says that they are given.
 */
typedef struct rm_packet {
    /**
     * `sizeof(rm_packet)`.
     */
    uint32_t struct_size;
    /**
     * One of RM_KIND_….
     */
    uint32_t kind;
    /**
     * When it is to be presented, in nanoseconds, or RM_TIME_NONE.
     */
    int64_t pts;
    /**
     * How long it lasts, in nanoseconds, or RM_TIME_NONE.
     */
    int64_t duration;
    /**
     * The number of the input that caused it, or RM_INDEX_NONE. Set by the library.
     */
    uint64_t index;
    /**
     * The payload.
     */
    const void *data;
    /**
     * Its size in bytes.
     */
    size_t size;
    /**
     * What keeps `data` alive: a buffer, or 0. To the library: 0 has the bytes copied.
     */
    uint64_t buffer;
    /**
     * RM_KIND_OBJECT: the object. To the library with another kind: the object that keeps `data` alive, or null. A
     * reference is taken over by the library in any case.
     */
    void *object;
    /**
     * The host that `object` belongs to; in a callback of a node, 0 stands for the node's own.
     */
    uint64_t host;
    /**
     * RM_KIND_AUDIO: samples a second.
     */
    uint32_t sample_rate;
    /**
     * RM_KIND_AUDIO: the number of planes.
     */
    uint32_t channels;
    /**
     * A JSON object in UTF-8, or null.
     */
    const char *metadata;
    /**
     * Its size in bytes.
     */
    size_t metadata_size;
    /**
     * The number of the port: of the node that is given the packet, or of the node that emits it.
     */
    uint32_t port;
    /**
     * 0.
     */
    uint32_t reserved;
} rm_packet;

/**
 * To begin with: what has to be set in an `rm_packet` is set.
 */
#define RM_PACKET_INIT { sizeof(rm_packet), 0, RM_TIME_NONE, RM_TIME_NONE, RM_INDEX_NONE, NULL, 0, 0, NULL, 0, \
    0, 0, NULL, 0, 0, 0 }

/**
 * The right to give the outcome of one call, once, from any thread. 0 is never valid.
 */
typedef uint64_t rm_completion;

/**
 * Functions of a host over references to its objects: for CPython, entry points of the interpreter itself.
 *
 * With it a node may name an object to call instead of a function (`process_object`). The call happens between `enter`
 * and `leave`, with the packet's object as the one argument, and answers a new reference: one of the five objects below,
 * or the output; or null, if it has failed.
 */
typedef struct rm_object_table {
    /**
     * `sizeof(rm_object_table)`.
     */
    uint32_t struct_size;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Enters the host on this thread; the result is passed to `leave`. May be nested.
     */
    int32_t (*enter)(void);
    /**
     * Leaves the host.
     */
    void (*leave)(int32_t state);
    /**
     * Counts a reference.
     */
    void (*retain)(void *object);
    /**
     * Ends a reference.
     */
    void (*release)(void *object);
    /**
     * Calls `callable` with one argument; a new reference, or null on failure.
     */
    void *(*call)(void *callable, void *argument);
    /**
     * Forgets the error that a call which answered null has left behind; there may be none.
     */
    void (*clear)(void);
    /**
     * The result that stands for no output.
     */
    void *none;
    /**
     * The result that stands for RM_MORE without an output.
     */
    void *more;
    /**
     * The result that ends what RM_MORE began.
     */
    void *done;
    /**
     * The result that stands for RM_PENDING.
     */
    void *pending;
    /**
     * The result that stands for a failure, told by `rm_call_fail`.
     */
    void *failed;
    /**
     * An object to call for what goes to another process, before `pack_object`: it answers an object of bytes, which are the
     * first part; what it gives to `rm_call_part` comes behind them. It answers `none` if it leaves all to `pack_object`, as
     * it does if the call fails; if it has given anything by then, the object cannot be sent. Null, like the next three, if
     * there is none.
     */
    void *pack;
    /**
     * An object to call with the bytes of the only part that `pack` has made in another process: it answers the object.
     */
    void *unpack;
    /**
     * The bytes that an object has, for as long as it lives; 0, or another number if it has none.
     */
    int32_t (*read_bytes)(void *object, char **data, ptrdiff_t *size);
    /**
     * Makes an object of a copy of bytes; a new reference, or null on failure.
     */
    void *(*new_bytes)(const char *data, ptrdiff_t size);
    /**
     * An object to call with short audio, before `import_packet`: bytes that have the sample rate and the number of channels
     * (`uint32_t`), the time and the duration (`int64_t`), and then the samples. It answers the object; if the call fails,
     * `import_packet` is called. Null, like the next one, if there is none.
     */
    void *read_audio;
    /**
     * An object to call for what is to become audio, before `export_object`: it answers such bytes, or `none` if it leaves
     * that to `export_object`, as it does if the call fails.
     */
    void *write_audio;
    /**
     * Takes the error that a call which answered null has left behind: its type, the error itself, and where it was raised.
     * Each is a new reference or null; what is written is null before. Null, like the next three, if errors are only
     * forgotten.
     */
    void (*fetch)(void **kind, void **error, void **trace);
    /**
     * Makes of what was fetched an error that is an object of its type, in place.
     */
    void (*normalize)(void **kind, void **error, void **trace);
    /**
     * Has an error know where it was raised; 0, or another number on failure. Not called if that is null.
     */
    int32_t (*set_trace)(void *error, void *trace);
    /**
     * An object to call with such an error, inside the callback that has failed: it calls `rm_call_fail`. What it answers is
     * let go.
     */
    void *fail;
    /**
     * The type of an object; a new reference. Null if no node has a `sort_object`.
     */
    void *(*type_of)(void *object);
    /**
     * An object to call for what has come from another process in several parts, in the place of `unpack_object`: with bytes
     * that have an `rm_part` for each of them, as `unpack_object` would be given, and behind these the bytes of the first.
     * It answers the object, or `failed`. Null if there is none.
     */
    void *unpack_parts;
} rm_object_table;

/**
 * To begin with: what has to be set in an `rm_object_table` is set.
 */
#define RM_OBJECT_TABLE_INIT { sizeof(rm_object_table), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/**
 * A part of an object that has come from another process.
 */
typedef struct rm_part {
    /**
     * `sizeof(rm_part)`: the next one begins so many bytes later.
     */
    uint32_t struct_size;
    /**
     * RM_PART_….
     */
    uint32_t flags;
    /**
     * Its bytes.
     */
    const void *data;
    /**
     * Their number.
     */
    size_t size;
    /**
     * What keeps them: given to the host, which frees it. 0 for the first part, which is there only until the function
     * returns.
     */
    uint64_t buffer;
} rm_part;

/**
 * What the library calls on a host. Every function may be null but `retain` and `release`, and none may throw.
 */
typedef struct rm_host_callbacks {
    /**
     * `sizeof(rm_host_callbacks)`.
     */
    uint32_t struct_size;
    /**
     * How many workers are kept busy at once: 1 for a language with a global lock. 0 stands for 1.
     */
    uint32_t parallel;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called once, last, also when `rm_host_new` fails.
     */
    void (*destroy)(void *user_data);
    /**
     * Asks for one more thread that calls `rm_worker_run`, or for one call of `rm_pump`; `RM_OK` if it will come.
     * [any thread, no lock held]
     * Without this function the host lends no threads, and its nodes are called on the library's own.
     */
    rm_status (*hire)(void *user_data);
    /**
     * Counts a reference to an object. [worker, or the thread that calls the library]
     */
    void (*retain)(void *user_data, void *object);
    /**
     * Ends a reference to an object. [worker, or the thread that lets the workers go; any if the host lends none]
     */
    void (*release)(void *user_data, void *object);
    /**
     * Fills `packet` with the data of an object, as one of `kinds` (bit `1 << RM_KIND_…`), for a node that cannot take
     * the object itself. On failure it calls `rm_call_fail` and answers a negative status. [any thread]
     */
    rm_status (*export_object)(void *user_data, void *object, uint32_t kinds, struct rm_packet *packet);
    /**
     * Makes an object of a packet, for a node of the host; `*object` receives one reference. The packet's `buffer` is
     * given to the host, which frees it. [worker]
     */
    rm_status (*import_packet)(void *user_data, const struct rm_packet *packet, void **object);
    /**
     * The object table, or null. Copied.
     */
    const struct rm_object_table *objects;
    /**
     * Takes an object apart for another process: calls `rm_call_part` for each part, in order. On failure it calls
     * `rm_call_fail` and answers a negative status. [worker]
     */
    rm_status (*pack_object)(void *user_data, void *object);
    /**
     * Puts together what `pack_object` has taken apart in another process; `*object` receives one reference. [worker]
     */
    rm_status (*unpack_object)(void *user_data, const struct rm_part *parts, size_t count, void **object);
} rm_host_callbacks;

/**
 * To begin with: what has to be set in an `rm_host_callbacks` is set.
 */
#define RM_HOST_CALLBACKS_INIT { sizeof(rm_host_callbacks), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
    NULL, NULL }

/**
 * A host: a program, or a language in it, that has objects of its own. 0 is never valid.
 */
typedef uint64_t rm_host;

/**
 * A record of the log.
 */
typedef struct rm_log_record {
    /**
     * `sizeof(rm_log_record)`.
     */
    uint32_t struct_size;
    /**
     * One of RM_LOG_….
     */
    uint32_t level;
    /**
     * When it was written, in nanoseconds since 1970.
     */
    int64_t time;
    /**
     * How many records before it were lost, because nobody took them in time.
     */
    uint64_t dropped;
    /**
     * What it is about: "misuse", "session", "node", "worker", "process", "packet" or "plugin". Valid for ever.
     */
    const char *category;
    /**
     * Its size in bytes.
     */
    size_t category_size;
    /**
     * The size of the text in bytes.
     */
    size_t text_size;
} rm_log_record;

/**
 * To begin with: what has to be set in an `rm_log_record` is set.
 */
#define RM_LOG_RECORD_INIT { sizeof(rm_log_record), 0, 0, 0, NULL, 0, 0 }

/**
 * A node of the host. Every function may be null; none may throw.
 *
 * `initialize` comes first, then `process` for each packet in order, `flush` at the end of the stream, and `cleanup` once
 * for each `initialize`, whatever happened. Calls never overlap, but may come on different threads. Inside a callback
 * `rm_call_emit` sends packets on. It answers RM_OK (finished), RM_MORE (call `resume` when there is room), RM_PENDING
 * (the outcome comes through `rm_call_defer`), or a negative status: any after `rm_call_fail`, or that of a call of the
 * library which has failed in it, whose message is then the reason.
 */
typedef struct rm_node_callbacks {
    /**
     * `sizeof(rm_node_callbacks)`.
     */
    uint32_t struct_size;
    /**
     * RM_NODE_….
     */
    uint32_t flags;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called once, last, also when `rm_node_new` fails. [worker, or the thread that lets go of the node]
     */
    void (*destroy)(void *user_data);
    /**
     * Makes ready. A failure ends the session. [worker]
     */
    rm_status (*initialize)(void *user_data);
    /**
     * Takes one packet, which is borrowed for the call. [worker]
     */
    rm_status (*process)(void *user_data, const struct rm_packet *packet);
    /**
     * Goes on after RM_MORE; for a source, makes the next packet. [worker]
     */
    rm_status (*resume)(void *user_data);
    /**
     * Gives what is left at the end of the stream. [worker]
     */
    rm_status (*flush)(void *user_data);
    /**
     * Lets go of everything. [worker]
     */
    rm_status (*cleanup)(void *user_data);
    /**
     * The kinds of packet that it takes, bits `1 << RM_KIND_…`; 0 stands for all. Others become objects by the host's
     * `import_packet`, if objects are among them, and else are refused.
     */
    uint32_t accepts;
    /**
     * The kinds of packet that it may emit; 0 stands for all.
     */
    uint32_t emits;
    /**
     * An object to call instead of `process`, if the host has an object table. A reference is counted.
     */
    void *process_object;
    /**
     * An object to call instead of `resume`, with the table's `none`.
     */
    void *resume_object;
    /**
     * The names of the input ports, separated by commas, in UTF-8; null stands for one port without a name. The packets of
     * `process` and those given to `rm_call_emit` say their port by its number in this list, from 0. Copied.
     */
    const char *inputs;
    /**
     * Its size in bytes.
     */
    size_t inputs_size;
    /**
     * The same for the output ports.
     */
    const char *outputs;
    /**
     * Its size in bytes.
     */
    size_t outputs_size;
    /**
     * RM_NODE_MATCH: by how many nanoseconds the packets of a set may be apart.
     */
    int64_t match_tolerance;
    /**
     * An object to call with an output that `process_object` has answered, before it is sent on: it answers as that does. If it
     * answers the very object, those of the same type go by it, until it has done so for one of another type. Null if outputs
     * are what they are; else the object table needs `type_of`.
     */
    void *sort_object;
    /**
     * An object to call instead of `initialize`, with the table's `none`; what it answers counts as that of `resume_object`
     * does, but for outputs, which neither this nor `cleanup_object` has.
     */
    void *initialize_object;
    /**
     * An object to call instead of `flush`.
     */
    void *flush_object;
    /**
     * An object to call instead of `cleanup`.
     */
    void *cleanup_object;
} rm_node_callbacks;

/**
 * To begin with: what has to be set in an `rm_node_callbacks` is set.
 */
#define RM_NODE_CALLBACKS_INIT { sizeof(rm_node_callbacks), 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, \
    NULL, NULL, NULL, 0, NULL, 0, 0, NULL, NULL, NULL, NULL }

/**
 * A node. 0 is never valid.
 */
typedef uint64_t rm_node;

/**
 * A graph of nodes, from which sessions are opened. 0 is never valid.
 */
typedef uint64_t rm_pipeline;

/**
 * How an edge is to be. All zero but `struct_size` is what the session says.
 */
typedef struct rm_edge_config {
    /**
     * `sizeof(rm_edge_config)`.
     */
    uint32_t struct_size;
    /**
     * What happens when it is full: one of RM_EDGE_….
     */
    uint32_t policy;
    /**
     * How many packets it holds; 0 stands for what the session says.
     */
    uint32_t capacity;
    /**
     * 0.
     */
    uint32_t reserved;
} rm_edge_config;

/**
 * To begin with: what has to be set in an `rm_edge_config` is set.
 */
#define RM_EDGE_CONFIG_INIT { sizeof(rm_edge_config), 0, 0, 0 }

/**
 * How a node runs in a process of its own.
 */
typedef struct rm_process_config {
    /**
     * `sizeof(rm_process_config)`.
     */
    uint32_t struct_size;
    /**
     * RM_NODE_SOURCE, RM_NODE_MATCH: what the node is.
     */
    uint32_t flags;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called once, last, also on failure. [any thread]
     */
    void (*destroy)(void *user_data);
    /**
     * Told of each record that the process logs: level (10 debug, 20 information, 30 warning, 40 error, 50 critical), the
     * logger's name, and the text. [worker]
     */
    void (*on_log)(void *user_data,
                   uint32_t level,
                   const char *name,
                   size_t name_size,
                   const char *text,
                   size_t text_size);
    /**
     * The program and its arguments, each ended by a zero byte. It is given one more argument: the number of the socket
     * that `rm_service_join` takes.
     */
    const char *command;
    /**
     * Its size in bytes.
     */
    size_t command_size;
    /**
     * Gives what the program is to make the node of, which it alone must understand: calls `rm_call_part`, once or several
     * times. Called before each start. On failure it calls `rm_call_fail` and answers a negative status. [worker]
     */
    rm_status (*pack)(void *user_data);
    /**
     * The names of the node's ports, as in `rm_node_callbacks`.
     */
    const char *inputs;
    /**
     * Their size in bytes.
     */
    size_t inputs_size;
    /**
     * The names of its outputs.
     */
    const char *outputs;
    /**
     * Their size in bytes.
     */
    size_t outputs_size;
    /**
     * As in `rm_node_callbacks`.
     */
    int64_t match_tolerance;
    /**
     * How many nanoseconds it may take from the start of the process until its node is ready; 0 stands for 60 seconds.
     */
    int64_t start_timeout;
    /**
     * How many nanoseconds the process may take to clean up and exit before it is killed; 0 stands for 5 seconds.
     */
    int64_t stop_timeout;
    /**
     * How many nanoseconds are waited before the process is started again the first time, each time twice as long as
     * before; 0 stands for 100 milliseconds.
     */
    int64_t restart_delay;
    /**
     * How often the process is started again after it has died. The packet that was in flight fails all the same: whether
     * it is given again, the node's `retries` say.
     */
    uint32_t restarts;
    /**
     * 0.
     */
    uint32_t reserved;
} rm_process_config;

/**
 * To begin with: what has to be set in an `rm_process_config` is set.
 */
#define RM_PROCESS_CONFIG_INIT { sizeof(rm_process_config), 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, NULL, \
    0, 0, 0, 0, 0, 0, 0 }

/**
 * Packets on their way between a session and a thread that must never wait. 0 is never valid.
 */
typedef uint64_t rm_ring;

/**
 * How the host makes nodes of a type.
 */
typedef struct rm_type_callbacks {
    /**
     * `sizeof(rm_type_callbacks)`.
     */
    uint32_t struct_size;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called once, when the type is replaced or its runtime gone, also when `rm_runtime_add_type` fails.
     */
    void (*destroy)(void *user_data);
    /**
     * Makes a node, with `rm_node_new`, from parameters (a JSON object); `*node` is taken over. On failure it calls
     * `rm_call_fail` and answers a negative status. [the thread that opens a session, no lock held]
     */
    rm_status (*create)(void *user_data,
                        const char *id,
                        size_t id_size,
                        const char *parameters,
                        size_t parameters_size,
                        uint64_t *node);
    /**
     * The same for a node that is to run in a process of its own, with `rm_process_new`; `options` is the JSON object of the
     * manifest's `process`. Null if nodes of the type cannot.
     */
    rm_status (*create_process)(void *user_data,
                                const char *id,
                                size_t id_size,
                                const char *parameters,
                                size_t parameters_size,
                                const char *options,
                                size_t options_size,
                                uint64_t *node);
} rm_type_callbacks;

/**
 * To begin with: what has to be set in an `rm_type_callbacks` is set.
 */
#define RM_TYPE_CALLBACKS_INIT { sizeof(rm_type_callbacks), 0, NULL, NULL, NULL, NULL }

/**
 * How a ring is to be.
 */
typedef struct rm_ring_config {
    /**
     * `sizeof(rm_ring_config)`.
     */
    uint32_t struct_size;
    /**
     * RM_RING_INPUT or RM_RING_OUTPUT.
     */
    uint32_t direction;
    /**
     * How many packets it holds; 0 stands for 16. At most 65536.
     */
    uint32_t capacity;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * How many bytes the largest packet has. So much is allocated for each, at once.
     */
    size_t size;
    /**
     * How often, in nanoseconds, the library looks for what the real-time thread has done, since that cannot wake it; 0
     * stands for a millisecond. At most a second.
     */
    int64_t period;
} rm_ring_config;

/**
 * To begin with: what has to be set in an `rm_ring_config` is set.
 */
#define RM_RING_CONFIG_INIT { sizeof(rm_ring_config), 0, 0, 0, 0, 0 }

/**
 * What has become of the packets of a ring.
 */
typedef struct rm_ring_stats {
    /**
     * `sizeof(rm_ring_stats)`.
     */
    uint32_t struct_size;
    /**
     * How many packets lie in it.
     */
    uint32_t queued;
    /**
     * How many packets were pushed, or pulled.
     */
    uint64_t packets;
    /**
     * How often a push found it full.
     */
    uint64_t overruns;
    /**
     * How often a pull found it empty, before the end.
     */
    uint64_t underruns;
    /**
     * How many packets were left out: larger than `size`, without data, not what they said, or of no use to a session that
     * takes no more.
     */
    uint64_t dropped;
} rm_ring_stats;

/**
 * To begin with: what has to be set in an `rm_ring_stats` is set.
 */
#define RM_RING_STATS_INIT { sizeof(rm_ring_stats), 0, 0, 0, 0, 0 }

/**
 * What the library's own threads do first and last: for priorities, processors, or a language that must know its threads.
 * None of the functions may throw. The calls that these threads make are over when `rm_runtime_shutdown` has answered RM_OK, but
 * a thread that starts or ends late may still call `on_start` and `on_stop` then, and even after `rm_runtime_free`: what they use
 * must be there until `destroy`, which comes last all the same.
 */
typedef struct rm_thread_hooks {
    /**
     * `sizeof(rm_thread_hooks)`.
     */
    uint32_t struct_size;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * Passed to every function.
     */
    void *user_data;
    /**
     * Called once, last: when the runtime is gone and its threads have ended, also when `rm_runtime_new` fails. [any thread]
     */
    void (*destroy)(void *user_data);
    /**
     * A thread has started, and has made no call yet. [that thread]
     */
    void (*on_start)(void *user_data);
    /**
     * A thread has made its last call, and is about to end. [that thread]
     */
    void (*on_stop)(void *user_data);
} rm_thread_hooks;

/**
 * To begin with: what has to be set in an `rm_thread_hooks` is set.
 */
#define RM_THREAD_HOOKS_INIT { sizeof(rm_thread_hooks), 0, NULL, NULL, NULL, NULL }

/**
 * How a runtime is to be.
 */
typedef struct rm_runtime_config {
    /**
     * `sizeof(rm_runtime_config)`.
     */
    uint32_t struct_size;
    /**
     * `RM_ABI_VERSION`, as the caller was compiled.
     */
    uint32_t abi_version;
    /**
     * How many threads of the library are kept busy at once; 0 stands for one a processor.
     */
    uint32_t threads;
    /**
     * 0.
     */
    uint32_t reserved;
    /**
     * The program that runs nodes of the type `module:Class` in processes, and its arguments, each ended by a zero byte.
     * Null stands for `python3 -m remotemedia.worker`, or what the environment has in REMOTEMEDIA_PYTHON for `python3`.
     */
    const char *worker;
    /**
     * Its size in bytes.
     */
    size_t worker_size;
    /**
     * What the library's own threads do first and last, or null. Copied.
     */
    const struct rm_thread_hooks *hooks;
} rm_runtime_config;

/**
 * To begin with: what has to be set in an `rm_runtime_config` is set.
 */
#define RM_RUNTIME_CONFIG_INIT { sizeof(rm_runtime_config), RM_ABI_VERSION, 0, 0, NULL, 0, NULL }

/**
 * What pipelines run on: threads, node types, and the sessions that are running. 0 is never valid.
 */
typedef uint64_t rm_runtime;

/**
 * The connection of a process with the one that started it for a node. 0 is never valid.
 */
typedef uint64_t rm_service;

/**
 * How a session is to run. All zero but `struct_size` is a good start.
 */
typedef struct rm_session_config {
    /**
     * `sizeof(rm_session_config)`.
     */
    uint32_t struct_size;
    /**
     * One of RM_ON_ERROR_….
     */
    uint32_t on_error;
    /**
     * How many packets an edge holds before its producer waits; 0 stands for 16.
     */
    uint32_t capacity;
    /**
     * RM_SESSION_….
     */
    uint32_t flags;
    /**
     * A number that `rm_call_tag` gives to the nodes.
     */
    uint64_t tag;
    /**
     * A source that supplies the input, or 0 if `rm_session_push` does.
     */
    uint64_t input;
    /**
     * A node that takes the outputs, or 0 if `rm_session_pull` does.
     */
    uint64_t output;
    /**
     * The host whose worker calls `on_event`, or 0 for any thread.
     */
    uint64_t host;
    /**
     * Passed to `on_event`.
     */
    void *user_data;
    /**
     * Told of each RM_EVENT_…, for instance to write to a descriptor that an event loop watches. RM_EVENT_ENDED comes
     * once, last. Not called after `host` or the runtime was let go, if `host` lends threads.
     * [worker of `host`, else any; no lock held]
     */
    void (*on_event)(void *user_data, uint32_t event);
    /**
     * After how many nanoseconds without any movement RM_EVENT_STALLED is told; 0 stands for never.
     */
    int64_t stall;
    /**
     * What happens when an edge is full that does not say so itself, pushed packets and outputs included: one of
     * RM_EDGE_…; 0 stands for RM_EDGE_BLOCK.
     */
    uint32_t policy;
    /**
     * How many calls are kept for `rm_session_trace`: the newest. 0 keeps none.
     */
    uint32_t trace;
    /**
     * The completion of a pending call that is to wait for the session, or 0; for what a callback opens itself, the
     * callback is known. A completion that has been used counts as none.
     */
    uint64_t caller;
    /**
     * For how many nanoseconds `rm_session_open` looks out for the end before it returns, without going to sleep: for runs
     * that are over sooner than a sleeping thread wakes up. At most a millisecond; needs `on_event`.
     */
    int64_t linger;
} rm_session_config;

/**
 * To begin with: what has to be set in an `rm_session_config` is set.
 */
#define RM_SESSION_CONFIG_INIT { sizeof(rm_session_config), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0 }

/**
 * A running pipeline. 0 is never valid.
 */
typedef uint64_t rm_session;

/**
 * What a plugin is: a shared library that is linked with this one and exports one object of this type, the constant
 * `rm_plugin_entry`.
 */
typedef struct rm_plugin {
    /**
     * `sizeof(rm_plugin)`.
     */
    uint32_t struct_size;
    /**
     * `RM_ABI_VERSION`, as the plugin was compiled.
     */
    uint32_t abi_version;
    /**
     * Its name.
     */
    const char *name;
    /**
     * The size of the name in bytes.
     */
    size_t name_size;
    /**
     * Its version.
     */
    const char *version;
    /**
     * The size of the version in bytes.
     */
    size_t version_size;
    /**
     * Adds node types to a runtime, with `rm_runtime_add_type`; names that are taken are refused. Called once for each runtime
     * that loads it. On failure it calls `rm_call_fail`, or leaves what `rm_last_error` says, and answers a negative status;
     * the types that it has added are gone then. [the thread that loads it, no lock held]
     */
    rm_status (*init)(uint64_t runtime);
} rm_plugin;

/**
 * To begin with: what has to be set in an `rm_plugin` is set.
 */
#define RM_PLUGIN_INIT { sizeof(rm_plugin), RM_ABI_VERSION, NULL, 0, NULL, 0, NULL }

/**
 * It worked. From a callback: finished.
 */
#define RM_OK 0

/**
 * From a callback: there is more to come; call `resume`.
 */
#define RM_MORE 1

/**
 * From a callback: the outcome comes through the completion taken with `rm_call_defer`.
 */
#define RM_PENDING 2

/**
 * From `rm_session_pull`: the session has ended and every output has been taken.
 */
#define RM_END 3

/**
 * An argument that can never be right; the message says which and why.
 */
#define RM_ERR_ARGUMENT (-1)

/**
 * A pointer that must not be null is.
 */
#define RM_ERR_NULL (-2)

/**
 * A handle that is stale, freed, forged, zero, or of another kind.
 */
#define RM_ERR_BAD_HANDLE (-3)

/**
 * Text that is not UTF-8.
 */
#define RM_ERR_UTF8 (-4)

/**
 * A struct from a newer header asks for something that this library lacks.
 */
#define RM_ERR_UNSUPPORTED (-5)

/**
 * The caller was compiled for an incompatible version of the ABI.
 */
#define RM_ERR_VERSION (-6)

/**
 * A manifest that cannot be read.
 */
#define RM_ERR_MANIFEST (-20)

/**
 * A graph that cannot run: duplicate or unknown node, cycle, no node at all.
 */
#define RM_ERR_GRAPH (-21)

/**
 * Parameters of a node that its schema refuses.
 */
#define RM_ERR_PARAMETERS (-22)

/**
 * A node type that nobody registered.
 */
#define RM_ERR_UNKNOWN_TYPE (-23)

/**
 * A plugin that cannot be used; the message says why.
 */
#define RM_ERR_PLUGIN (-24)

/**
 * Too late or too early: the session takes no input, has ended, or runs on.
 */
#define RM_ERR_STATE (-100)

/**
 * Not within the time that the caller gave: it is worth trying again.
 */
#define RM_ERR_TIMEOUT (-101)

/**
 * The session was cancelled.
 */
#define RM_ERR_CANCELLED (-102)

/**
 * The call cannot work inside this callback, because it would wait for it, or only inside one.
 */
#define RM_ERR_REENTRANT (-103)

/**
 * A panic has broken this object; only freeing it works.
 */
#define RM_ERR_POISONED (-104)

/**
 * The process is a fork of the one that made the object. Start anew with another process instead of forking.
 */
#define RM_ERR_FORKED (-105)

/**
 * A node failed at its work.
 */
#define RM_ERR_NODE (-200)

/**
 * Input that a node cannot take.
 */
#define RM_ERR_INPUT (-201)

/**
 * A call of a node has not returned within its deadline.
 */
#define RM_ERR_DEADLINE (-202)

/**
 * The library panicked: a defect of ours. The message says where.
 */
#define RM_ERR_PANIC (-300)

/**
 * Not enough memory for a size that the caller chose.
 */
#define RM_ERR_MEMORY (-301)

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a buffer over memory of the caller, without copying it.
 *
 * Ownership: the memory must stay as it is until `release(user_data)`, which is called once, when nobody reads it any
 * more, also if this call fails. `*buffer` receives a handle that `rm_buffer_free` ends.
 * Threads: any; `release` is called on any thread, and must not call the library.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_buffer_wrap(const void *data,
                         size_t size,
                         void (*release)(void *user_data),
                         void *user_data,
                         rm_buffer *buffer);

/**
 * Makes a buffer of memory of the library's: what a node writes its output into. It begins at an address that every vector
 * unit takes, a multiple of 64. What is in it before it is written may be anything, as with malloc.
 *
 * Ownership: `*buffer` receives a handle that `rm_buffer_free` ends; `*data` points to `size` bytes that are the caller's to
 * write until the buffer goes into a packet, and stay where they are until the last reference goes.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_buffer_new(size_t size,
                        void **data,
                        rm_buffer *buffer);

/**
 * Makes a buffer of memory that other processes can be given without a copy: what lies in it costs a node in a process of
 * its own as much as a small payload. The memory is zero at first, or holds what an older buffer left behind.
 *
 * Ownership: `*buffer` receives a handle that `rm_buffer_free` ends; `*data` points to `size` bytes that are the caller's to
 * write until the buffer goes into a packet, and stay where they are until the last reference goes.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_buffer_share(size_t size,
                          void **data,
                          rm_buffer *buffer);

/**
 * Says where the bytes of a buffer are.
 *
 * Ownership: `*data` points to `*size` bytes that are there for as long as the handle, or a packet that has the buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_buffer_read(rm_buffer buffer, const void **data, size_t *size);

/**
 * The same to write in place, for whoever is alone in having the buffer, such as one that was pulled: no packet, and no other
 * buffer, has a part of it.
 *
 * Ownership: `*data` points to `*size` bytes that are the caller's to write until the buffer goes into a packet.
 * Threads: any, but no other call may have the buffer meanwhile.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_STATE (somebody else has it, or the memory is not the library's: copy it).
 * Since: 0.1
 */
rm_status rm_buffer_write(rm_buffer buffer,
                          void **data,
                          size_t *size);

/**
 * Ends a reference to a buffer.
 *
 * Ownership: the handle is dead afterwards; the memory lives on while packets refer to it.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_buffer_free(rm_buffer buffer);

/**
 * Sends a packet on from the callback that this thread is in.
 *
 * Ownership: `packet` is borrowed; its bytes are copied, unless they lie in the packet that the callback was given or in
 * `packet->buffer`, where they are shared. A reference in `packet->object` is taken over, also on failure, if the host
 * that it belongs to is known: by `packet->host`, or because it is the callback's.
 * Threads: that of the callback, during `process`, `resume` or `flush`.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY, RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_call_emit(const struct rm_packet *packet);

/**
 * Takes a reference to the payload of the packet that the callback was given, to read it after the callback has returned. Bytes,
 * samples and text are not copied: they stay where `packet->data` says. JSON, which is written out for the call, and the message
 * of a failure are copied; `rm_buffer_read` says where to. The rest of the packet is there for the call only. Once the packet is
 * gone, and if nobody else has the memory, `rm_buffer_write` works too, but for text.
 *
 * Ownership: `*buffer` receives a handle that `rm_buffer_free` ends.
 * Threads: that of the callback, during `process`.
 * Errors: RM_ERR_NULL, RM_ERR_REENTRANT (the callback was given no packet), RM_ERR_UNSUPPORTED (an object, which its host
 * retains), RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_call_keep(rm_buffer *buffer);

/**
 * Gives one more part of the object that the callback is taking apart. Bytes that lie in memory which other processes can
 * be given are not copied, all others once.
 *
 * Ownership: the bytes are borrowed.
 * Threads: that of the callback, during `pack_object`, or that of the call of the object table's `pack`.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_call_part(const void *data,
                       size_t size);

/**
 * Says why the callback that this thread is in fails. The callback then answers a negative status, or the object table's
 * `failed`.
 *
 * Ownership: the text is copied. A reference in `object` (the host's own error object, may be null) is taken over, also
 * on failure.
 * Threads: that of the callback.
 * Errors: RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_call_fail(const char *message,
                       size_t size,
                       void *object);

/**
 * Takes the completion of the callback that this thread is in, which must then answer `RM_PENDING`.
 *
 * Ownership: `*completion` receives a handle that ends with `rm_completion_finish`, `rm_completion_fail` or
 * `rm_completion_free`; the last of these fails the node.
 * Threads: that of the callback.
 * Errors: RM_ERR_NULL, RM_ERR_REENTRANT, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_call_defer(uint64_t *completion);

/**
 * Asks for the number that the session of the callback was opened with (`rm_session_config.tag`).
 *
 * Ownership: none.
 * Threads: that of the callback.
 * Errors: RM_ERR_NULL, RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_call_tag(uint64_t *tag);

/**
 * Asks whether nobody waits for the outcome of the callback any more, because its session was cancelled, its runtime shut
 * down, or its deadline missed: then `*cancelled` receives 1, and a long call had better return; else 0.
 *
 * Ownership: none.
 * Threads: that of the callback.
 * Errors: RM_ERR_NULL, RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_call_cancelled(uint32_t *cancelled);

/**
 * Gives the outcome: `RM_OK` (finished) or `RM_MORE` (`resume` is to be called), with one packet or null.
 *
 * Ownership: the handle is dead afterwards, whatever the result. `packet` as in `rm_call_emit`.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE (also the second time), RM_ERR_CANCELLED or RM_ERR_STATE (the session has given the call
 * up), RM_ERR_ARGUMENT (any other status), and those of `rm_call_emit`; with the latter two the node fails.
 * Since: 0.1
 */
rm_status rm_completion_finish(rm_completion completion, rm_status status, const struct rm_packet *packet);

/**
 * Gives the outcome: a failure of the node.
 *
 * Ownership: the handle is dead afterwards, whatever the result. The text is copied; a reference in `object` (the host's
 * own error object, may be null) is taken over.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_CANCELLED or RM_ERR_STATE (given up).
 * Since: 0.1
 */
rm_status rm_completion_fail(rm_completion completion,
                             const char *message,
                             size_t size,
                             void *object);

/**
 * Ends a completion without an outcome: the node fails, so that nobody waits for it.
 *
 * Ownership: the handle is dead afterwards.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_completion_free(rm_completion completion);

/**
 * Counts the objects that have a handle: of one kind (the number in the upper 8 bits of a handle), or of all with 0.
 *
 * Ownership: none.
 * Threads: any.
 * Errors: RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_debug_live(uint8_t kind, uint64_t *count);

/**
 * Copies the message of the last call that failed on this thread. A call that works leaves it as it is.
 *
 * `buffer` (may be null if `capacity` is 0) receives at most `capacity` bytes of UTF-8, not terminated; `*length`
 * receives the length of the whole message, so that a second call with a buffer of that size gets all of it.
 *
 * Ownership: the caller's buffer.
 * Threads: any; each has a message of its own.
 * Errors: RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_last_error(char *buffer, size_t capacity, size_t *length);

/**
 * Makes a host known to a runtime.
 *
 * Ownership: `*host` receives a handle that `rm_host_free` ends. The callbacks are copied; `user_data` must stay valid
 * until `destroy`, which is called also on failure.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE.
 * Since: 0.1
 */
rm_status rm_host_new(uint64_t runtime, const struct rm_host_callbacks *callbacks, rm_host *host);

/**
 * Lets a host go: its workers return from `rm_worker_run`. Nodes of it that still exist fail instead of being called, and
 * what the library has noted of it is given back on this thread.
 *
 * Ownership: the handle is dead afterwards; `destroy` is called when the last node and object of the host are gone.
 * Threads: any; inside a callback of the host it does not wait for that callback.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_host_free(rm_host host);

/**
 * Takes the oldest record of the log, which is that of the whole process. RM_END says that there is none. The text is copied
 * as by `rm_last_error`, except that there is no second call: RM_LOG_TEXT_MAX bytes are always enough.
 * `record->struct_size` is the caller's to set.
 *
 * Ownership: the caller's struct and buffer.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
 * Since: 0.1
 */
rm_status rm_log_drain(struct rm_log_record *record,
                       char *text,
                       size_t capacity);

/**
 * Sets which levels are written to the log from now on, in the whole process: `warn`, or `info,session=debug,misuse=off`. The
 * levels are `debug`, `info`, `warn`, `error` and `off`; one alone is that of every category, and what comes later counts.
 * At first it is what the environment has in REMOTEMEDIA_LOG, or else `warn`.
 *
 * Ownership: the text is borrowed.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_ARGUMENT (no such level or category; then nothing has changed).
 * Since: 0.1
 */
rm_status rm_log_set_levels(const char *levels,
                            size_t size);

/**
 * Makes a node of the host's callbacks. `host` may be 0 for a program without objects of its own: the library's threads
 * then make the calls.
 *
 * Ownership: `*node` receives a handle that `rm_node_free` ends. The callbacks are copied; `user_data` must stay valid
 * until `destroy`, which is called also on failure.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_node_new(uint64_t host, const struct rm_node_callbacks *callbacks, rm_node *node);

/**
 * Ends a reference to a node. Pipelines and sessions that have it keep it alive.
 *
 * Ownership: the handle is dead afterwards; `destroy` is called when nobody has the node any more.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_node_free(rm_node node);

/**
 * Makes a pipeline without nodes.
 *
 * Ownership: `*pipeline` receives a handle that `rm_pipeline_free` ends.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_pipeline_new(uint64_t runtime, rm_pipeline *pipeline);

/**
 * Adds a node: the very one, shared by every session of the pipeline and by every pipeline that it is added to. Its
 * calls never overlap; it is initialised for the first session and cleaned up after the last.
 *
 * Ownership: the pipeline keeps the node alive; the caller's handle stays the caller's.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (the id is taken or empty), RM_ERR_NULL, RM_ERR_UTF8.
 * Since: 0.1
 */
rm_status rm_pipeline_add_node(rm_pipeline pipeline, const char *id, size_t id_size, uint64_t node);

/**
 * Adds a node by its type: each session makes one of its own. `parameters` is a JSON object; null stands for `{}`.
 *
 * Ownership: everything is copied.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_UNKNOWN_TYPE (the message offers the nearest names), RM_ERR_PARAMETERS,
 * RM_ERR_GRAPH (the id is taken or empty), RM_ERR_ARGUMENT, RM_ERR_NULL, RM_ERR_UTF8.
 * Since: 0.1
 */
rm_status rm_pipeline_add_type(rm_pipeline pipeline,
                               const char *id,
                               size_t id_size,
                               const char *node_type,
                               size_t node_type_size,
                               const char *parameters,
                               size_t parameters_size);

/**
 * Adds an edge from one node to another; each end is `id` or `id/port`, and the first port if none is named. `edge` may be
 * null. An output that no edge leads away from is dropped, unless none leads away from its node.
 *
 * Ownership: everything is copied.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (a node is unknown, or the edge is there already), RM_ERR_NULL, RM_ERR_UTF8,
 * RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED. Whether there is a port of that name, `rm_session_open` finds out.
 * Since: 0.1
 */
rm_status rm_pipeline_connect(rm_pipeline pipeline,
                              const char *from,
                              size_t from_size,
                              const char *to,
                              size_t to_size,
                              const struct rm_edge_config *edge);

/**
 * Sets the options of a node that is in the pipeline, replacing those it had: a JSON object with the keys that a node of a
 * manifest has for them, `deadline_ms`, `on_error`, `retries` and `retry_delay_ms`.
 *
 * Ownership: everything is copied.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (the node is unknown), RM_ERR_ARGUMENT (the message names the key and the nearest
 * known one), RM_ERR_NULL, RM_ERR_UTF8.
 * Since: 0.1
 */
rm_status rm_pipeline_configure(rm_pipeline pipeline,
                                const char *id,
                                size_t id_size,
                                const char *options,
                                size_t options_size);

/**
 * Adds the nodes and edges of a manifest, version 1, in JSON or YAML.
 *
 * Ownership: everything is copied.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_MANIFEST (it cannot be read; the message names the place and the nearest known key),
 * and those of `rm_pipeline_add_type` and `rm_pipeline_connect`; the pipeline is then as it was.
 * Since: 0.1
 */
rm_status rm_pipeline_load(rm_pipeline pipeline,
                           const char *manifest,
                           size_t size);

/**
 * Copies the shape of a pipeline as `rm_last_error` does its message: a manifest in JSON. A node that was added by its handle has
 * `null` for a type, and its ports instead of parameters; a pipeline without such nodes can be loaded again from it.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_pipeline_describe(rm_pipeline pipeline,
                               char *buffer,
                               size_t capacity,
                               size_t *length);

/**
 * Lets a pipeline go. Its sessions run on.
 *
 * Ownership: the handle is dead afterwards.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_pipeline_free(rm_pipeline pipeline);

/**
 * Loads a plugin and has it add its node types to a runtime. A plugin that the runtime has already is left as it is; for one
 * that another thread is loading it waits. Once loaded, a plugin stays in memory until the process ends.
 *
 * Ownership: `path` is borrowed.
 * Threads: any. The plugin's `init` is called on this one.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8, RM_ERR_ARGUMENT (an empty path), RM_ERR_PLUGIN (the message says why it
 * cannot be used), RM_ERR_VERSION (it was compiled for another major version of the ABI), RM_ERR_TIMEOUT (another thread has
 * been in its `init` for a minute).
 * Since: 0.1
 */
rm_status rm_runtime_load_plugin(uint64_t runtime,
                                 const char *path,
                                 size_t size);

/**
 * Makes a node whose calls are made in another process: `initialize` starts it, `cleanup` ends it. Packets go there and
 * come back; objects are taken apart by `rm_host_callbacks.pack_object` and put together by `unpack_object`. The process
 * dies with this one.
 *
 * A process that dies, or sends what cannot be, fails the call that it was in; the message says how it ended. So does one
 * that does not answer within the node's deadline: it is killed.
 *
 * Ownership: `*node` receives a handle that `rm_node_free` ends. The config and what it points to is copied; `user_data`
 * must stay valid until `destroy`, which is called also on failure.
 * Threads: any. With a host that lends threads, those make the calls.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_UNSUPPORTED, RM_ERR_BAD_HANDLE, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_process_new(uint64_t host,
                         const struct rm_process_config *config,
                         rm_node *node);

/**
 * Copies a packet of audio, text or bytes into an input ring. Never waits, allocates, locks or makes a system call, nor does
 * it set the message of `rm_last_error`: the status says all. `pts`, `duration` and the format go along; `metadata` and
 * `object` must be null.
 *
 * Ownership: everything is copied.
 * Threads: any, one at a time; made for one that must never wait.
 * Errors: RM_ERR_TIMEOUT (it is full: an overrun, which is counted), RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (larger
 * than `rm_ring_config.size`, samples that do not divide into channels, or an output ring), RM_ERR_UTF8, RM_ERR_UNSUPPORTED
 * (another kind, metadata, or an object, which is not taken over), RM_ERR_STATE (the session or the ring takes no more, or
 * another thread is in a call of the ring), RM_ERR_CANCELLED, and the failure that ended the session.
 * Since: 0.1
 */
rm_status rm_ring_try_push(rm_ring ring,
                           const struct rm_packet *packet);

/**
 * Copies the next packet out of an output ring into `data`, which has room for `capacity` bytes, at least
 * `rm_ring_config.size`; `packet->data` points there then. `packet->struct_size` is the caller's to set. As careful as
 * `rm_ring_try_push`. RM_END says that the session has ended well and that every packet has been taken.
 *
 * Ownership: the caller's memory; `packet->buffer`, `metadata` and `object` are 0. JSON comes as its text, an item that failed
 * as its message (RM_KIND_FAILURE), an object as what its host makes of it.
 * Threads: any, one at a time; made for one that must never wait.
 * Errors: RM_ERR_TIMEOUT (it is empty: an underrun, which is counted), RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT
 * (`struct_size`, too small a `capacity`, or an input ring), RM_ERR_STATE (another thread is in a call of the ring),
 * RM_ERR_CANCELLED, and, after the packets before it, the failure that ended the session.
 * Since: 0.1
 */
rm_status rm_ring_try_pull(rm_ring ring,
                           struct rm_packet *packet,
                           void *data,
                           size_t capacity);

/**
 * Adds a type of node that manifests and `rm_pipeline_add_type` can name, or replaces the one of that name; but a plugin that
 * is being loaded replaces none.
 *
 * Ownership: the callbacks are copied; `user_data` must stay valid until `destroy`, which is called also on failure.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (no name, or one that is taken), RM_ERR_UNSUPPORTED, RM_ERR_UTF8, RM_ERR_BAD_HANDLE.
 * Since: 0.1
 */
rm_status rm_runtime_add_type(uint64_t runtime,
                              const char *name,
                              size_t name_size,
                              const struct rm_type_callbacks *callbacks);

/**
 * Makes a ring between a session and a thread that must never wait, such as the callback of a sound card. All memory is
 * allocated here. A thread of the library moves packets between the ring and the session, and waits in the other's stead.
 *
 * Ownership: `*ring` receives a handle that `rm_ring_free` ends. The ring keeps the session's memory alive, but
 * `rm_session_free` cancels it all the same.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UNSUPPORTED, RM_ERR_STATE (an input ring for a pipeline that
 * takes no input), RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_ring_new(uint64_t session,
                      const struct rm_ring_config *config,
                      rm_ring *ring);

/**
 * Says that no more packets will be pushed into an input ring: after those that are in it the session's input ends, as by
 * `rm_session_end`.
 *
 * Ownership: none.
 * Threads: any that may wait a little.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (an output ring).
 * Since: 0.1
 */
rm_status rm_ring_end(rm_ring ring);

/**
 * Says what has become of the packets of a ring. `stats->struct_size` is the caller's to set.
 *
 * Ownership: the caller's struct.
 * Threads: any that may wait a little.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
 * Since: 0.1
 */
rm_status rm_ring_get_stats(rm_ring ring, struct rm_ring_stats *stats);

/**
 * Lets a ring go, with the packets in it. Waits for a call of it that is going on, and until nothing more is taken out of the
 * session for it: some milliseconds.
 *
 * Ownership: the handle is dead afterwards. The session goes on.
 * Threads: any that may wait a little.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_ring_free(rm_ring ring);

/**
 * Makes a runtime with the built-in node types. Threads start when they are needed.
 *
 * Ownership: `*runtime` receives a handle that `rm_runtime_free` ends.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_VERSION, RM_ERR_UNSUPPORTED, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_runtime_new(const struct rm_runtime_config *config, rm_runtime *runtime);

/**
 * Cancels every session, waits for their nodes to be cleaned up, and has every worker, lent ones included, return. The
 * runtime takes no work afterwards, and calls no host that lends threads. `timeout` is in nanoseconds, as in
 * `rm_session_push`.
 *
 * Ownership: none.
 * Threads: any but a callback's.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_REENTRANT (inside a callback), RM_ERR_TIMEOUT (`*stuck` workers were still inside a callback after `timeout` nanoseconds;
 * `stuck` may be null).
 * Since: 0.1
 */
rm_status rm_runtime_shutdown(rm_runtime runtime,
                              int64_t timeout,
                              uint32_t *stuck);

/**
 * Shuts a runtime down, if that was not done, waiting for up to five seconds, and lets it go.
 *
 * Ownership: the handle is dead afterwards.
 * Threads: any but a callback's.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_REENTRANT (inside a callback). 0 does nothing.
 * Since: 0.1
 */
rm_status rm_runtime_free(rm_runtime runtime);

/**
 * Copies the names of the node types as a JSON array, as `rm_last_error` does its message.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_runtime_types(rm_runtime runtime, char *buffer, size_t capacity, size_t *length);

/**
 * Takes up the connection with the parent. From now on this process ends within a second after its parent.
 *
 * Ownership: `socket` is taken over, also on failure. `*service` receives a handle that `rm_service_free` ends, `*payload`
 * what the parent's `rm_process_config.pack` gave, as RM_KIND_BYTES; it is the caller's as in `rm_session_pull`.
 * Threads: any.
 * Errors: RM_ERR_NULL, RM_ERR_ARGUMENT (no such socket, or no parent of a version that fits), RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_service_join(int32_t socket,
                          rm_service *service,
                          struct rm_packet *payload);

/**
 * Makes the two nodes that stand before and behind the process's own: pass them to `rm_session_open` as `input` and
 * `output`, with RM_ON_ERROR_COLLECT. A source has no `input`; then `input` may be null. `host` is that of the node, or 0.
 * `inputs` and `outputs` are the names of the node's ports, as in `rm_node_callbacks`; `flags` are RM_SERVICE_….
 *
 * Ownership: `*input` and `*output` receive handles that `rm_node_free` ends.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT, RM_ERR_UTF8, RM_ERR_MEMORY.
 * Since: 0.1
 */
rm_status rm_service_nodes(rm_service service,
                           uint64_t host,
                           uint32_t flags,
                           const char *inputs,
                           size_t inputs_size,
                           const char *outputs,
                           size_t outputs_size,
                           rm_node *input,
                           rm_node *output);

/**
 * Sends a record of the log to the parent; levels as in `rm_process_config.on_log`.
 *
 * Ownership: both texts are copied.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8.
 * Since: 0.1
 */
rm_status rm_service_log(rm_service service,
                         uint32_t level,
                         const char *name,
                         size_t name_size,
                         const char *text,
                         size_t text_size);

/**
 * Tells the parent that there is no node, or that it cannot go on, and why. The process is expected to exit then.
 *
 * Ownership: the text is copied. A reference in `object` (the host's own error object, may be null) is taken over if
 * `host` is known.
 * Threads: a worker of the host, or one that may call its `pack_object`.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_UTF8.
 * Since: 0.1
 */
rm_status rm_service_fail(rm_service service, const char *message, size_t size, uint64_t host, void *object);

/**
 * Ends a connection: the parent sees it when the process exits.
 *
 * Ownership: the handle is dead afterwards.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_service_free(rm_service service);

/**
 * Opens a pipeline: makes its nodes, starts, and returns at once.
 *
 * Ownership: `*session` receives a handle that `rm_session_free` ends. The session does not need the pipeline.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (empty, a cycle, formats that cannot meet), RM_ERR_ARGUMENT (`input`
 * for a pipeline that takes none), RM_ERR_REENTRANT (a node is in the very call that is to wait for the session), the failure of a node that cannot be made, RM_ERR_NULL, RM_ERR_STATE (the runtime
 * has been shut down), RM_ERR_UNSUPPORTED.
 * Since: 0.1
 */
rm_status rm_session_open(uint64_t pipeline,
                          const struct rm_session_config *config,
                          rm_session *session);

/**
 * Waits until every node of a session has been initialised, for up to `timeout` nanoseconds (as in `rm_session_push`).
 * Nothing needs this to be called: packets that are pushed earlier wait.
 *
 * Ownership: none.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (they are not ready yet), RM_ERR_REENTRANT (as for `rm_session_push`),
 * RM_ERR_CANCELLED, and the failure that ends the session.
 * Since: 0.1
 */
rm_status rm_session_ready(rm_session session, int64_t timeout);

/**
 * Gives a packet to every node that takes input and has no edge leading to it, waiting for room for up to `timeout`
 * nanoseconds: 0 does not wait, a negative one waits without end.
 *
 * Ownership: `packet` as in `rm_call_emit`.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (no room), RM_ERR_REENTRANT (no room, inside a callback that the session waits
 * for), RM_ERR_STATE (the session takes no more input, or never did), RM_ERR_CANCELLED, the failure that ended the session, and those of `rm_call_emit`.
 * Since: 0.1
 */
rm_status rm_session_push(rm_session session,
                          const struct rm_packet *packet,
                          int64_t timeout);

/**
 * Has every node give what it holds back, after the packets that were pushed before; the stream goes on. Waits for room
 * as `rm_session_push` does.
 *
 * Ownership: none.
 * Threads: as for `rm_session_push`.
 * Errors: those of `rm_session_push`.
 * Since: 0.1
 */
rm_status rm_session_flush(rm_session session, int64_t timeout);

/**
 * Takes the next output, waiting for it for up to `timeout` nanoseconds (as in `rm_session_push`). RM_END says that the
 * session has ended well and that every output has been taken. `packet->struct_size` is the caller's to set.
 *
 * Ownership: `packet->buffer` is given to the caller, who ends it with `rm_buffer_free`; `data` and `metadata` lie in it.
 * A reference in `packet->object` is given too.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`), RM_ERR_TIMEOUT (no output), RM_ERR_REENTRANT
 * (as for `rm_session_push`), RM_ERR_CANCELLED, and, after the outputs before it, the failure that ended the session.
 * Since: 0.1
 */
rm_status rm_session_pull(rm_session session,
                          struct rm_packet *packet,
                          int64_t timeout);

/**
 * Says that no more packets will be pushed: what is inside comes out, then the session ends.
 *
 * Ownership: none.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE.
 * Since: 0.1
 */
rm_status rm_session_end(rm_session session);

/**
 * Gives a session up: what is inside is dropped, completions die, every node is cleaned up. Returns at once; a callback
 * that is running is not interrupted.
 *
 * Ownership: none.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE.
 * Since: 0.1
 */
rm_status rm_session_cancel(rm_session session);

/**
 * Waits until the session has ended, for up to `timeout` nanoseconds (as in `rm_session_push`). A session whose outputs
 * nobody pulls does not end.
 *
 * Ownership: none.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_TIMEOUT (it runs on), RM_ERR_REENTRANT (as for `rm_session_push`),
 * RM_ERR_CANCELLED, the failure that ended it.
 * Since: 0.1
 */
rm_status rm_session_wait(rm_session session, int64_t timeout);

/**
 * Gives the failure that ended a session, as a packet of RM_KIND_FAILURE. RM_END says that there is none.
 * `packet->struct_size` is the caller's to set.
 *
 * Ownership: as in `rm_session_pull`.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL, RM_ERR_ARGUMENT (`struct_size`).
 * Since: 0.1
 */
rm_status rm_session_error(rm_session session, struct rm_packet *packet);

/**
 * Copies what the session has measured so far as a JSON object, as `rm_last_error` does its message. Times are in
 * microseconds.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_session_metrics(rm_session session, char *buffer, size_t capacity, size_t *length);

/**
 * Copies where the session stands as a JSON object, as `rm_last_error` does its message: what each node is doing, since
 * when, on which thread (as the operating system numbers it), at which input; and what is on each edge.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_session_report(rm_session session, char *buffer, size_t capacity, size_t *length);

/**
 * Copies the calls that the session has kept (`rm_session_config.trace`) as `rm_last_error` does its message: a document in
 * the trace event format, which Perfetto opens. While the session runs, its length changes from call to call.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_session_trace(rm_session session,
                           char *buffer,
                           size_t capacity,
                           size_t *length);

/**
 * Puts a node onto the edge between two others of a running session; no id (size 0) stands for the input before, or the
 * output behind. It is initialised first. No packet is lost. Returns when packets flow through it, or after `timeout`
 * nanoseconds (as in `rm_session_push`): then it comes about later.
 *
 * Ownership: the session keeps the node alive; the caller's handle stays the caller's.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (no such edge; the id or the node is in the session already; formats that cannot
 * meet), RM_ERR_STATE (the session has ended, or was not ready in time, see `rm_session_ready`: it stays as it is), RM_ERR_TIMEOUT,
 * RM_ERR_REENTRANT (it comes about later), RM_ERR_CANCELLED, and the failure of its `initialize`; the session then runs on as
 * it was.
 * Since: 0.1
 */
rm_status rm_session_insert(rm_session session,
                            const char *id,
                            size_t id_size,
                            uint64_t node,
                            const char *after,
                            size_t after_size,
                            const char *before,
                            size_t before_size,
                            int64_t timeout);

/**
 * Lets a node between two edges of a running session go: it is given what came before, is flushed and cleaned up; what comes
 * after goes past it. No packet is lost. Returns when it is gone, or after `timeout` nanoseconds (as in `rm_session_push`):
 * then it comes about later.
 *
 * Ownership: none.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_GRAPH (no such node; a source; not between two edges), RM_ERR_STATE (as for
 * `rm_session_insert`), RM_ERR_TIMEOUT, RM_ERR_REENTRANT, RM_ERR_CANCELLED, and the failure that ended the session.
 * Since: 0.1
 */
rm_status rm_session_remove(rm_session session,
                            const char *id,
                            size_t id_size,
                            int64_t timeout);

/**
 * Has another node take the place of one in a running session. The new one is initialised first; the old one is given what
 * came before, is flushed and cleaned up. No packet is lost. Returns when the old one is gone, or after `timeout`
 * nanoseconds (as in `rm_session_push`): then it comes about later.
 *
 * Ownership: the session keeps the node alive; the caller's handle stays the caller's.
 * Threads: any. Inside a callback that the session waits for it does not wait.
 * Errors: as for `rm_session_insert` and `rm_session_remove`; RM_ERR_GRAPH also for other ports.
 * Since: 0.1
 */
rm_status rm_session_replace(rm_session session,
                             const char *id,
                             size_t id_size,
                             uint64_t node,
                             int64_t timeout);

/**
 * Lets a session go. One that has not ended is cancelled; its nodes are cleaned up all the same, and RM_EVENT_ENDED is told.
 *
 * Ownership: the handle is dead afterwards.
 * Threads: any.
 * Errors: RM_ERR_BAD_HANDLE. 0 does nothing.
 * Since: 0.1
 */
rm_status rm_session_free(rm_session session);

/**
 * The version of the ABI that the library has. A binding asks this first and refuses another major version.
 *
 * Ownership: none.
 * Threads: any.
 * Errors: none.
 * Since: 0.1
 */
uint32_t rm_abi_version(void);

/**
 * Copies the version of the library, such as "0.1.0", as `rm_last_error` does its message.
 *
 * Ownership: the caller's buffer.
 * Threads: any.
 * Errors: RM_ERR_NULL.
 * Since: 0.1
 */
rm_status rm_version(char *buffer, size_t capacity, size_t *length);

/**
 * Makes the calls of a host that are due, on this thread, and returns: for a thread with an event loop of its own. The
 * host's `hire` says when there is something to do: it is to have the loop call this function, once. At least one piece of
 * work is done; after `budget` nanoseconds no other is begun. RM_MORE says that something is left: call it again.
 *
 * From then on the thread also makes these calls while it waits in the library, outside of callbacks.
 *
 * Ownership: none.
 * Threads: any, never inside a callback; the host's calls come on the threads that pump and on those that it has lent.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (the host has no `hire`), RM_ERR_REENTRANT, RM_ERR_ARGUMENT (`budget` is
 * negative).
 * Since: 0.1
 */
rm_status rm_pump(uint64_t host,
                  int64_t budget);

/**
 * Lends this thread to a host: blocks, and makes calls, until the runtime is shut down or the host freed.
 *
 * Ownership: none.
 * Threads: one that the host made for this, never inside a callback.
 * Errors: RM_ERR_BAD_HANDLE, RM_ERR_STATE (the host has no `hire`, so it lends no threads), RM_ERR_REENTRANT.
 * Since: 0.1
 */
rm_status rm_worker_run(uint64_t host);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* REMOTEMEDIA_H */
