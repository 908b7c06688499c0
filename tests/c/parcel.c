/* Objects of a host that go to another process and come back. That process is this very program, with an argument. */

#include <unistd.h>

#include "check.h"
#include "fake_host.h"
#include "fixture.h"

static const char *program;

/* What is packed or put together by callbacks, and not by the table, is worth more afterwards. */
enum { PACKED = 1000, PUT_TOGETHER = 10000 };
/* Values that the table leaves to the callbacks, each in another way, and one that nobody can put together. */
enum { LEFT = -1, UNCALLABLE = -2, NO_BYTES = -3, NO_MEMORY = 13, UNKNOWN = 14, BROKEN = 15 };
/* Values that the table takes apart in two: the second part says so much more, and is large enough for shared memory. */
enum { TWO = 16, TWO_REFUSED = 17, TWO_UNKNOWN = 18, TWO_NO_MEMORY = 19, TWO_HALF = 20, MORE = 100, SIZE = 20000 };

static rm_status pack_object(void *user_data, void *user_object)
{
    (void)user_data;
    int value = ((object *)user_object)->value + PACKED;
    return rm_call_part(&value, sizeof value);
}

static rm_status unpack_object(void *user_data, const rm_part *parts, size_t count, void **made)
{
    int value = 0;
    (void)user_data;
    CHECK(count == 1 && parts->size == sizeof value && parts->buffer == 0);
    memcpy(&value, parts->data, sizeof value);
    if (value == BROKEN) {
        CHECK_OK(rm_call_fail(TEXT("cannot be put together"), NULL));
        return RM_ERR_INPUT;
    }
    *made = new_object(value + PUT_TOGETHER);
    return RM_OK;
}

static object *pack_plain(object *self, object *argument)
{
    (void)self;
    CHECK(inside_host());
    switch (argument->value) {
    case LEFT:
        return retain(&none);
    case UNCALLABLE:
        return NULL;
    default:
        if (argument->value >= TWO && argument->value < MORE) {
            static int more[SIZE / sizeof(int)] = {MORE};
            CHECK_OK(rm_call_part(more, SIZE));
        }
        if (argument->value == TWO_HALF)
            return NULL;
        return new_object(argument->value);
    }
}

static object *unpack_plain(object *self, object *argument)
{
    (void)self;
    CHECK(inside_host());
    return argument->value == UNKNOWN || argument->value == BROKEN ? NULL : new_object(argument->value);
}

/* The bytes of an object are those of its value. */
static int32_t read_bytes(void *user_object, char **data, intptr_t *size)
{
    object *object = user_object;
    if (object->value == NO_BYTES)
        return -1;
    *data = (char *)&object->value;
    *size = sizeof object->value;
    return 0;
}

/* The object of several parts has the value of the first, and these are the others. */
static _Thread_local rm_part parts[2];

static void *new_bytes(const char *data, intptr_t size)
{
    int value = 0;
    if (size != sizeof value) {
        CHECK_INT(size, sizeof parts + sizeof value);
        memcpy(parts, data, sizeof parts);
    }
    memcpy(&value, data + size - sizeof value, sizeof value);
    return value == NO_MEMORY || value == TWO_NO_MEMORY ? NULL : new_object(value);
}

static object *unpack_parts(object *self, object *argument)
{
    (void)self;
    CHECK(inside_host());
    int more = 0;
    CHECK_INT(parts[0].struct_size, sizeof parts[0]);
    CHECK_INT(parts[0].size, sizeof argument->value);
    CHECK(parts[0].buffer == 0 && parts[1].buffer != 0);
    CHECK_INT(parts[1].size, SIZE);
    memcpy(&more, parts[1].data, sizeof more);
    CHECK_OK(rm_buffer_free(parts[1].buffer));
    if (argument->value == TWO_REFUSED) {
        CHECK_OK(rm_call_fail(TEXT("is of two parts"), NULL));
        return retain(&failed);
    }
    return argument->value == TWO_UNKNOWN ? NULL : new_object(argument->value + more);
}

static object parts_unpacker = {.references = 1, .call = unpack_parts};
static object packer = {.references = 1, .call = pack_plain}, unpacker = {.references = 1, .call = unpack_plain};

/* A host that can take its objects apart. */
static void start_packing(host *host, rm_runtime runtime, int features)
{
    rm_object_table table = object_table;
    table.pack = &packer;
    table.unpack = &unpacker;
    table.unpack_parts = &parts_unpacker;
    table.read_bytes = read_bytes;
    table.new_bytes = new_bytes;
    rm_host_callbacks callbacks = host_callbacks(host, features);
    callbacks.pack_object = pack_object;
    callbacks.unpack_object = unpack_object;
    if (callbacks.objects != NULL)
        callbacks.objects = &table;
    CHECK_OK(rm_host_new(runtime, &callbacks, &host->handle));
}

static rm_status pass(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    rm_packet output = *packet;
    output.object = retain(packet->object);
    return rm_call_emit(&output);
}

/* The worker's side */

static int serve(int socket)
{
    host host;
    rm_runtime runtime = start();
    rm_service service = 0;
    rm_packet payload = RM_PACKET_INIT;
    CHECK_OK(rm_service_join(socket, &service, &payload));
    int features = 0;
    CHECK_INT(payload.size, sizeof features);
    memcpy(&features, payload.data, sizeof features);
    CHECK_OK(rm_buffer_free(payload.buffer));
    start_packing(&host, runtime, features);
    rm_node_callbacks callbacks = {
        .struct_size = sizeof callbacks, .process = pass, .accepts = 1u << RM_KIND_OBJECT};
    rm_node node = 0, input = 0, output = 0;
    CHECK_OK(rm_node_new(host.handle, &callbacks, &node));
    CHECK_OK(rm_service_nodes(service, host.handle, RM_SERVICE_OBJECTS, NULL, 0, NULL, 0, &input, &output));
    rm_pipeline pipeline = make_chain(runtime, &node, 1);
    rm_session_config how = session_config();
    how.input = input;
    how.output = output;
    how.on_error = RM_ON_ERROR_COLLECT;
    rm_session session = 0;
    CHECK_OK(rm_session_open(pipeline, &how, &session));
    (void)rm_session_wait(session, -1);
    return 0;
}

/* The parent's side */

static rm_status pack_features(void *features)
{
    return rm_call_part(features, sizeof(int));
}

static void with_metadata(rm_session session, const host *host, int value)
{
    rm_packet packet = object_packet(host, new_object(value)), output = RM_PACKET_INIT;
    packet.metadata = "{\"a\":1}", packet.metadata_size = 7;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &output, PATIENCE));
    CHECK_INT(output.kind, RM_KIND_OBJECT);
    CHECK(output.metadata_size == 7 && memcmp(output.metadata, "{\"a\":1}", 7) == 0);
    CHECK_OK(rm_buffer_free(output.buffer));
    release(output.object);
}

static void round_trips(rm_runtime runtime, int features, const int *values, const int *expected, size_t count)
{
    static char command[4096];
    host host;
    start_packing(&host, runtime, features);
    rm_process_config config = {.struct_size = sizeof config, .pack = pack_features, .user_data = &features};
    config.command = command;
    config.command_size = (size_t)snprintf(command, sizeof command, "%s%c%s%c", program, 0, "--worker", 0);
    rm_node node = 0;
    CHECK_OK(rm_process_new(host.handle, &config, &node));
    rm_session_config how = session_config();
    how.on_error = RM_ON_ERROR_COLLECT;
    rm_session session = open_node(runtime, node, &how);
    for (size_t i = 0; i < count; i++) {
        push_object(session, &host, new_object(values[i]));
        object *object = pull_object(session);
        CHECK_INT(object->value, expected[i]);
        release(object);
    }
    with_metadata(session, &host, features & HAS_TABLE ? TWO : 5);
    if (features & HAS_TABLE) {
        push_object(session, &host, new_object(BROKEN));
        expect_failure(session, "cannot be put together");
        static const int broken[] = {TWO_REFUSED, TWO_UNKNOWN, TWO_NO_MEMORY, TWO_HALF};
        static const char *const why[] = {"is of two parts",
                                          "its host could not put the object together",
                                          "its host could not put the object together",
                                          "its host could not take the object apart"};
        for (size_t i = 0; i < 4; i++) {
            push_object(session, &host, new_object(broken[i]));
            expect_failure(session, why[i]);
        }
    }
    finish(session);
    CHECK_OK(rm_node_free(node));
    host_stop(&host);
    CHECK_INT(packer.references, 1);
    CHECK_INT(unpacker.references, 1);
    CHECK_INT(parts_unpacker.references, 1);
    CHECK_INT(failed.references, 1);
}

static void callbacks_take_objects_apart(rm_runtime runtime)
{
    static const int values[] = {5, 6}, expected[] = {5 + 2 * (PACKED + PUT_TOGETHER), 6 + 2 * (PACKED + PUT_TOGETHER)};
    round_trips(runtime, LENDS, values, expected, 2);
}

static void a_table_does_so_with_plain_ones(rm_runtime runtime)
{
    static const int values[] = {5, LEFT, UNCALLABLE, NO_BYTES, NO_MEMORY, UNKNOWN, TWO};
    static const int expected[] = {5,
                                   LEFT + PACKED,
                                   UNCALLABLE + PACKED,
                                   NO_BYTES + PACKED,
                                   NO_MEMORY + PUT_TOGETHER,
                                   UNKNOWN + PUT_TOGETHER,
                                   TWO + MORE};
    round_trips(runtime, LENDS | HAS_TABLE, values, expected, 7);
}

int main(int count, char **arguments)
{
    program = arguments[0];
    if (count == 3 && strcmp(arguments[1], "--worker") == 0)
        return serve(atoi(arguments[2]));
    RUN_ON(callbacks_take_objects_apart);
    RUN_ON(a_table_does_so_with_plain_ones);
    return 0;
}
