/* Errors: the message of the last one, and what a session does about a node that fails. */

#include "check.h"
#include "fixture.h"
#include "recorder.h"

static void a_message_is_kept_until_the_next_failure(void)
{
    size_t length = 0;
    uint64_t count = 0;
    CHECK_STATUS(rm_session_end(5), RM_ERR_BAD_HANDLE);
    CHECK_OK(rm_debug_live(0, &count));
    CHECK_TEXT(last_error(), "0x5 is not a live session handle");
    CHECK_TEXT(last_error(), "0x5 is not a live session handle");
    CHECK_STATUS(rm_node_free(6), RM_ERR_BAD_HANDLE);
    CHECK_TEXT(last_error(), "0x6 is not a live node handle");
    CHECK_OK(rm_last_error(NULL, 0, &length));
    CHECK_INT(length, strlen("0x6 is not a live node handle"));
}

static void as_much_is_copied_as_there_is_room_for(void)
{
    char buffer[8] = "-------";
    size_t length = 0;
    CHECK_STATUS(rm_session_end(5), RM_ERR_BAD_HANDLE);
    CHECK_OK(rm_last_error(buffer, 3, &length));
    CHECK_TEXT(buffer, "0x5----");
    CHECK(length > 3);
    CHECK_STATUS(rm_last_error(buffer, sizeof buffer, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_last_error(NULL, 1, &length), RM_ERR_NULL);
}

static void nothing_is_written_on_failure(void)
{
    size_t length = 7;
    CHECK_STATUS(rm_last_error(NULL, 1, &length), RM_ERR_NULL);
    CHECK_INT(length, 7);
}

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    CHECK_TEXT(last_error(), "");
    CHECK_STATUS(rm_session_end(8), RM_ERR_BAD_HANDLE);
    CHECK_TEXT(last_error(), "0x8 is not a live session handle");
    return NULL;
}

static void each_thread_has_a_message_of_its_own(void)
{
    CHECK_STATUS(rm_session_end(5), RM_ERR_BAD_HANDLE);
    join_thread(start_thread(fail_elsewhere, NULL));
    CHECK_TEXT(last_error(), "0x5 is not a live session handle");
}

/* Emits a packet of one letter, and fails at the others. */
static rm_status dislike_long(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    CHECK_OK(rm_call_emit(packet)); /* what a call that fails has emitted does not count */
    if (packet->size == 1)
        return RM_OK;
    CHECK_OK(rm_call_fail(TEXT("too long"), NULL));
    return RM_ERR_INPUT;
}

/* A session of two nodes, the first of which dislikes long texts, with four packets in it. */
static rm_session push_good_and_bad(rm_runtime runtime, uint32_t on_error)
{
    static const char *const words[] = {"a", "bad", "c", "worse"};
    rm_session_config how = session_config();
    rm_node nodes[] = {make_processor(dislike_long, NULL), 0};
    recorder *second = calloc(1, sizeof *second);
    pthread_mutex_init(&second->lock, NULL);
    rm_node_callbacks callbacks = recorder_callbacks(second);
    callbacks.destroy = free;
    nodes[1] = make_node(&callbacks);
    how.on_error = on_error;
    rm_session session = open_chain(runtime, nodes, 2, &how);
    for (int i = 0; i < 4; i++) {
        rm_packet packet = text(words[i]);
        packet.pts = i * SECOND;
        rm_status status = rm_session_push(session, &packet, PATIENCE);
        CHECK(status == RM_OK || (on_error == RM_ON_ERROR_RAISE && status == RM_ERR_INPUT));
    }
    CHECK_OK(rm_session_end(session));
    CHECK_OK(rm_node_free(nodes[0]));
    CHECK_OK(rm_node_free(nodes[1]));
    return session;
}

static void raise_ends_the_session(rm_runtime runtime)
{
    static const char message[] = "Invalid input for node 'a': too long (at input 1, pts 1000000000 ns)";
    rm_session session = push_good_and_bad(runtime, RM_ON_ERROR_RAISE);
    rm_packet packet = RM_PACKET_INIT;
    expect_text(session, "a"); /* what came before the failure comes out */
    CHECK_REFUSED(rm_session_pull(session, &packet, PATIENCE), RM_ERR_INPUT, message);
    CHECK_REFUSED(rm_session_pull(session, &packet, PATIENCE), RM_ERR_INPUT, message);
    CHECK_REFUSED(rm_session_wait(session, PATIENCE), RM_ERR_INPUT, message);
    packet = text("x");
    CHECK_REFUSED(rm_session_push(session, &packet, PATIENCE), RM_ERR_INPUT, message);
    CHECK_OK(rm_session_free(session));
}

static void skip_leaves_out_what_fails(rm_runtime runtime)
{
    rm_session session = push_good_and_bad(runtime, RM_ON_ERROR_SKIP);
    rm_packet packet = RM_PACKET_INIT;
    expect_text(session, "a");
    expect_text(session, "c");
    expect_end(session);
    CHECK_STATUS(rm_session_error(session, &packet), RM_END);
    CHECK_OK(rm_session_free(session));
}

static void collect_puts_the_failure_in_its_place(rm_runtime runtime)
{
    rm_session session = push_good_and_bad(runtime, RM_ON_ERROR_COLLECT);
    rm_packet packet = RM_PACKET_INIT;
    expect_text(session, "a");
    CHECK_OK(rm_session_pull(session, &packet, PATIENCE));
    CHECK_INT(packet.kind, RM_KIND_FAILURE);
    CHECK_INT(packet.index, 1);
    CHECK_INT(packet.pts, SECOND);
    CHECK(packet.size == strlen("too long") && memcmp(packet.data, "too long", packet.size) == 0);
    static const char metadata[] = "{\"node\":\"a\",\"status\":-201}";
    CHECK(packet.metadata_size == strlen(metadata) && memcmp(packet.metadata, metadata, packet.metadata_size) == 0);
    CHECK(packet.object == NULL);
    CHECK_OK(rm_buffer_free(packet.buffer));
    expect_text(session, "c");
    expect_failure(session, "too long");
    expect_end(session);
    CHECK_OK(rm_session_free(session));
}

static void the_failure_that_ended_a_session_is_kept(rm_runtime runtime)
{
    rm_session session = push_good_and_bad(runtime, RM_ON_ERROR_RAISE);
    rm_packet packet = RM_PACKET_INIT;
    CHECK_STATUS(rm_session_wait(session, PATIENCE), RM_ERR_INPUT);
    CHECK_STATUS(rm_session_error(session, NULL), RM_ERR_NULL);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(rm_session_error(session, &packet));
        CHECK_INT(packet.kind, RM_KIND_FAILURE);
        CHECK_INT(packet.index, 1);
        CHECK_INT(packet.pts, SECOND);
        CHECK(packet.size == strlen("too long") && memcmp(packet.data, "too long", packet.size) == 0);
        CHECK_OK(rm_buffer_free(packet.buffer));
    }
    CHECK_OK(rm_session_free(session));
}

static rm_status fail_as_told(void *user_data, const rm_packet *packet)
{
    (void)packet;
    return *(const rm_status *)user_data;
}

static void the_status_of_a_callback_is_kept_where_it_has_a_meaning(rm_runtime runtime)
{
    static rm_status told[] = {RM_ERR_ARGUMENT, RM_ERR_STATE,  RM_ERR_DEADLINE,   RM_ERR_CANCELLED,
                               RM_ERR_INPUT,    RM_ERR_MEMORY, RM_ERR_PARAMETERS, RM_ERR_NODE};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        rm_node node = make_processor(fail_as_told, &told[i]);
        rm_session session = open_node(runtime, node, NULL);
        push_text(session, "x");
        CHECK_STATUS(rm_session_wait(session, PATIENCE), told[i]);
        CHECK_OK(rm_session_free(session));
        CHECK_OK(rm_node_free(node));
    }
}

int main(void)
{
    RUN(a_message_is_kept_until_the_next_failure);
    RUN(as_much_is_copied_as_there_is_room_for);
    RUN(nothing_is_written_on_failure);
    RUN(each_thread_has_a_message_of_its_own);
    RUN_ON(raise_ends_the_session);
    RUN_ON(skip_leaves_out_what_fails);
    RUN_ON(collect_puts_the_failure_in_its_place);
    RUN_ON(the_failure_that_ended_a_session_is_kept);
    RUN_ON(the_status_of_a_callback_is_kept_where_it_has_a_meaning);
    return 0;
}
