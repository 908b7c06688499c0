/* Sessions whose pushers make the calls: RM_SESSION_CALLER_RUNS. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"

static pthread_t pusher;
static atomic_int here;

static rm_status pass(void *user_data, const rm_packet *packet)
{
    (void)user_data;
    atomic_fetch_add(&here, pthread_equal(pthread_self(), pusher) != 0);
    return rm_call_emit(packet);
}

static rm_session open_with(rm_runtime runtime, uint32_t flags)
{
    rm_session_config how = session_config();
    rm_node node = make_processor(pass, NULL);
    how.flags = flags;
    pusher = pthread_self();
    atomic_store(&here, 0);
    rm_session session = open_node(runtime, node, &how);
    CHECK_OK(rm_node_free(node));
    return session;
}

static void the_output_is_there_when_the_push_returns(rm_runtime runtime)
{
    rm_session session = open_with(runtime, RM_SESSION_CALLER_RUNS);
    int round = 0;
    /* The first calls show that the node is quick; on a busy machine that may take some. */
    do {
        rm_packet output = RM_PACKET_INIT;
        CHECK(++round < 1000);
        push_text(session, "x");
        CHECK_OK(rm_session_pull(session, &output, atomic_load(&here) ? 0 : PATIENCE));
        CHECK_OK(rm_buffer_free(output.buffer));
    } while (!atomic_load(&here));
    finish(session);
}

static void without_the_flag_others_make_the_calls(rm_runtime runtime)
{
    rm_session session = open_with(runtime, 0);
    for (int round = 0; round < 100; round++) {
        push_text(session, "x");
        expect_text(session, "x");
    }
    finish(session);
    CHECK_INT(atomic_load(&here), 0);
}

int main(void)
{
    RUN_ON(the_output_is_there_when_the_push_returns);
    RUN_ON(without_the_flag_others_make_the_calls);
    return 0;
}
