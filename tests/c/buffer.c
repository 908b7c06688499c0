/* Buffers: memory that is shared instead of copied, and given back once. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static atomic_int releases;

static void release(void *user_data)
{
    memset(user_data, 0xee, 4); /* nobody may read it now */
    atomic_fetch_add(&releases, 1);
}

static rm_buffer wrap(void *memory, size_t size)
{
    rm_buffer buffer = 0;
    atomic_store(&releases, 0);
    CHECK_OK(rm_buffer_wrap(memory, size, release, memory, &buffer));
    CHECK(buffer != 0);
    return buffer;
}

static void wrong_arguments_are_refused_and_released(void)
{
    char memory[4];
    rm_buffer buffer = 7;
    atomic_store(&releases, 0);
    CHECK_REFUSED(rm_buffer_wrap(NULL, 4, release, memory, &buffer), RM_ERR_NULL, "'data'");
    CHECK_INT(releases, 1);
    CHECK_REFUSED(rm_buffer_wrap(memory, SIZE_MAX, release, memory, &buffer), RM_ERR_ARGUMENT, "more than memory");
    CHECK_INT(releases, 2);
    CHECK_STATUS(rm_buffer_wrap(memory, (size_t)PTRDIFF_MAX + 1, release, memory, &buffer), RM_ERR_ARGUMENT);
    CHECK_INT(releases, 3);
    CHECK_STATUS(rm_buffer_wrap(memory, 4, release, memory, NULL), RM_ERR_NULL);
    CHECK_INT(releases, 4);
    CHECK_INT(buffer, 7);
}

static void memory_is_released_once(void)
{
    char memory[4];
    rm_buffer buffer = wrap(memory, sizeof memory);
    CHECK_INT(releases, 0);
    CHECK_OK(rm_buffer_free(buffer));
    CHECK_INT(releases, 1);
    CHECK_STATUS(rm_buffer_free(buffer), RM_ERR_BAD_HANDLE);
    CHECK_INT(releases, 1);
    CHECK_OK(rm_buffer_free(wrap(memory, 0)));
    CHECK_INT(releases, 1);
    CHECK_OK(rm_buffer_wrap(NULL, 0, NULL, NULL, &buffer));
    CHECK_OK(rm_buffer_free(buffer));
}

static rm_packet packet_in(rm_buffer buffer, const char *data, size_t size)
{
    rm_packet packet = {.struct_size = sizeof packet, .kind = RM_KIND_BYTES, .data = data, .size = size};
    packet.buffer = buffer;
    return packet;
}

static void packets_share_it_and_keep_it(rm_runtime runtime)
{
    char memory[] = "0123456789";
    rm_buffer buffer = wrap(memory, sizeof memory);
    recorder recorders[2] = {RECORDER, RECORDER};
    rm_node nodes[] = {recorder_node(&recorders[0]), recorder_node(&recorders[1])};
    rm_session session = open_chain(runtime, nodes, 2, NULL);
    rm_packet packet = packet_in(buffer, memory + 2, 3);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_buffer_free(buffer));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(packet.data == memory + 2); /* through two nodes without a copy */
    CHECK_INT(packet.size, 3);
    CHECK_INT(releases, 0);
    finish(session);
    CHECK_INT(releases, 0);
    CHECK_OK(rm_buffer_free(packet.buffer));
    WAIT_FOR(atomic_load(&releases) > 0);
    CHECK_INT(releases, 1);
    recorder_free(nodes[0], &recorders[0]);
    recorder_free(nodes[1], &recorders[1]);
}

static void it_goes_with_the_packets_that_nobody_takes(rm_runtime runtime)
{
    char memory[4] = "abc";
    rm_buffer buffer = wrap(memory, sizeof memory);
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    for (int i = 0; i < 10; i++) {
        rm_packet packet = packet_in(buffer, memory, sizeof memory);
        CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    }
    CHECK_OK(rm_buffer_free(buffer));
    CHECK_INT(releases, 0);
    CHECK_OK(rm_session_cancel(session));
    CHECK_OK(rm_session_free(session));
    WAIT_FOR(atomic_load(&releases) > 0);
    CHECK_INT(releases, 1);
    recorder_free(node, &recorder);
}

static void data_must_lie_in_it(rm_runtime runtime)
{
    char memory[16] = "";
    rm_buffer buffer = wrap(memory + 4, 8);
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    static const struct { size_t start, size; } wrong[] = {{0, 4}, {3, 4}, {4, 9}, {11, 2}, {12, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rm_packet packet = packet_in(buffer, memory + wrong[i].start, wrong[i].size);
        CHECK_REFUSED(rm_session_push(session, &packet, PATIENCE), RM_ERR_ARGUMENT, "does not lie in");
    }
    finish(session);
    CHECK_OK(rm_buffer_free(buffer));
    recorder_free(node, &recorder);
}

static void an_empty_part_is_a_part(rm_runtime runtime)
{
    char memory[4] = "abc";
    rm_buffer buffer = wrap(memory, sizeof memory);
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = packet_in(buffer, memory + 1, 0);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    expect_text(session, "");
    finish(session);
    CHECK_OK(rm_buffer_free(buffer));
    recorder_free(node, &recorder);
}

static void samples_must_be_aligned(rm_runtime runtime)
{
    union {
        float align;
        char bytes[16];
    } memory = {0};
    rm_buffer buffer = wrap(memory.bytes, sizeof memory);
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = packet_in(buffer, memory.bytes + 2, 8);
    packet.kind = RM_KIND_AUDIO, packet.sample_rate = 8000, packet.channels = 1;
    CHECK_REFUSED(rm_session_push(session, &packet, PATIENCE), RM_ERR_ARGUMENT, "aligned");
    packet.data = memory.bytes + 4;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(packet.data == memory.bytes + 4);
    CHECK_OK(rm_buffer_free(packet.buffer));
    finish(session);
    CHECK_OK(rm_buffer_free(buffer));
    recorder_free(node, &recorder);
}

/* Sends on the second half of what it is given. */
static rm_status halve(recorder *recorder, const rm_packet *packet)
{
    rm_packet output = *packet;
    output.data = (const char *)packet->data + packet->size / 2;
    output.size = packet->size - packet->size / 2;
    recorder->own = (void *)(uintptr_t)output.data;
    return rm_call_emit(&output);
}

static void part_of_the_input_is_not_copied(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = halve;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = packet_in(0, "0123456789", 10);
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(packet.data == recorder.own);
    CHECK(packet.size == 5 && memcmp(packet.data, "56789", 5) == 0);
    CHECK_OK(rm_buffer_free(packet.buffer));
    finish(session);
    recorder_free(node, &recorder);
}

static void its_bytes_can_be_read(void)
{
    char memory[4] = "abc";
    const void *data = NULL;
    size_t size = 0;
    rm_buffer buffer = wrap(memory, sizeof memory);
    CHECK_STATUS(rm_buffer_read(buffer, NULL, &size), RM_ERR_NULL);
    CHECK_STATUS(rm_buffer_read(buffer, &data, NULL), RM_ERR_NULL);
    CHECK(data == NULL && size == 0);
    CHECK_OK(rm_buffer_read(buffer, &data, &size));
    CHECK(data == memory && size == sizeof memory);
    CHECK_OK(rm_buffer_free(buffer));
    CHECK_STATUS(rm_buffer_read(buffer, &data, &size), RM_ERR_BAD_HANDLE);
}

static void what_was_pulled_is_changed_in_place(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "abc");
    rm_packet packet = RM_PACKET_INIT;
    void *data = NULL;
    size_t size = 0;
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK_STATUS(rm_buffer_write(packet.buffer, NULL, &size), RM_ERR_NULL);
    CHECK_STATUS(rm_buffer_write(packet.buffer, &data, NULL), RM_ERR_NULL);
    CHECK_OK(rm_buffer_write(packet.buffer, &data, &size));
    CHECK(data == packet.data && size == 3);
    memcpy(data, "xyz", 3);
    packet.kind = RM_KIND_BYTES;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_REFUSED(rm_buffer_write(packet.buffer, &data, &size), RM_ERR_STATE, "not yours alone");
    expect_text(session, "xyz");
    CHECK_OK(rm_buffer_free(packet.buffer));
    finish(session);
    recorder_free(node, &recorder);
}

static void memory_of_others_is_not_written(void)
{
    char memory[4];
    void *data = NULL;
    size_t size = 0;
    rm_buffer buffer = wrap(memory, sizeof memory);
    CHECK_REFUSED(rm_buffer_write(buffer, &data, &size), RM_ERR_STATE, "its memory is not the library's");
    CHECK_STATUS(rm_buffer_write(7, &data, &size), RM_ERR_BAD_HANDLE);
    CHECK(data == NULL && size == 0);
    CHECK_OK(rm_buffer_free(buffer));
}

static void new_memory_is_aligned_for_vectors(void)
{
    static const size_t sizes[] = {0, 1, 4, 63, 64, 65, 1000, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *memory = NULL;
        const void *read = NULL;
        size_t size = 7;
        rm_buffer buffer = 0;
        CHECK_OK(rm_buffer_new(sizes[i], &memory, &buffer));
        CHECK(memory != NULL && (uintptr_t)memory % 64 == 0);
        memset(memory, 'x', sizes[i]);
        CHECK_OK(rm_buffer_read(buffer, &read, &size));
        CHECK(read == memory && size == sizes[i]);
        CHECK_OK(rm_buffer_free(buffer));
    }
}

static void memory_that_is_not_to_be_had_is_refused(void)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 63, PTRDIFF_MAX, PTRDIFF_MAX - 100};
    char here;
    void *memory = &here;
    rm_buffer buffer = 7;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CHECK_REFUSED(rm_buffer_new(sizes[i], &memory, &buffer), RM_ERR_MEMORY, "bytes of memory are not to be had");
    CHECK_REFUSED(rm_buffer_new(4, NULL, &buffer), RM_ERR_NULL, "'data'");
    CHECK_REFUSED(rm_buffer_new(4, &memory, NULL), RM_ERR_NULL, "'buffer'");
    CHECK(memory == &here && buffer == 7);
}

/* Emits the text in capital letters, in memory of its own. */
static rm_status shout(recorder *recorder, const rm_packet *packet)
{
    rm_buffer buffer = 0;
    CHECK_OK(rm_buffer_new(packet->size, &recorder->own, &buffer));
    for (size_t i = 0; i < packet->size; i++)
        ((char *)recorder->own)[i] = (char)(((const char *)packet->data)[i] - 'a' + 'A');
    rm_packet output = *packet;
    output.data = recorder->own;
    output.buffer = buffer;
    rm_status status = rm_call_emit(&output);
    CHECK_OK(rm_buffer_free(buffer));
    return status;
}

static void a_node_writes_its_output_there(rm_runtime runtime)
{
    recorder recorder = RECORDER;
    recorder.process = shout;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    rm_packet packet = packet_in(0, "shout", 5);
    void *memory = NULL;
    size_t size = 0;
    CHECK_OK(rm_session_push(session, &packet, PATIENCE));
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK(packet.data == recorder.own && packet.size == 5 && memcmp(packet.data, "SHOUT", 5) == 0);
    finish(session);
    CHECK_OK(rm_buffer_write(packet.buffer, &memory, &size)); /* whoever pulled it is alone in having it now */
    CHECK(memory == packet.data && size == 5);
    CHECK_OK(rm_buffer_free(packet.buffer));
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN(wrong_arguments_are_refused_and_released);
    RUN(memory_is_released_once);
    RUN_ON(packets_share_it_and_keep_it);
    RUN_ON(it_goes_with_the_packets_that_nobody_takes);
    RUN_ON(data_must_lie_in_it);
    RUN_ON(an_empty_part_is_a_part);
    RUN_ON(samples_must_be_aligned);
    RUN_ON(part_of_the_input_is_not_copied);
    RUN(its_bytes_can_be_read);
    RUN_ON(what_was_pulled_is_changed_in_place);
    RUN(memory_of_others_is_not_written);
    RUN(new_memory_is_aligned_for_vectors);
    RUN(memory_that_is_not_to_be_had_is_refused);
    RUN_ON(a_node_writes_its_output_there);
    return 0;
}
