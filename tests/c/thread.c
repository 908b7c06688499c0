/* Hooks for the library's own threads. */

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"

enum { NODES = 4 };

typedef struct counts {
    atomic_int started, stopped, destroyed, calls;
} counts;

static _Thread_local int is_hooked;

static void on_start(void *user_data)
{
    CHECK(!is_hooked);
    is_hooked = 1;
    atomic_fetch_add(&((counts *)user_data)->started, 1);
}

static void on_stop(void *user_data)
{
    CHECK(is_hooked);
    is_hooked = 0;
    CHECK_INT(((counts *)user_data)->destroyed, 0);
    atomic_fetch_add(&((counts *)user_data)->stopped, 1);
}

static void destroy(void *user_data)
{
    counts *counts = user_data;
    CHECK_INT(counts->started, counts->stopped);
    atomic_fetch_add(&counts->destroyed, 1);
}

static rm_status pass(void *user_data, const rm_packet *packet)
{
    CHECK(is_hooked);
    atomic_fetch_add(&((counts *)user_data)->calls, 1);
    nap(MILLISECOND / 2);
    return rm_call_emit(packet);
}

static rm_status try_start(const rm_thread_hooks *hooks, uint32_t version, rm_runtime *runtime)
{
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = version, .threads = 3, .hooks = hooks};
    return rm_runtime_new(&config, runtime);
}

static void threads_start_and_stop_with_hooks(void)
{
    static counts counts;
    rm_thread_hooks hooks = {
        .struct_size = sizeof hooks, .user_data = &counts, .destroy = destroy, .on_start = on_start, .on_stop = on_stop};
    rm_runtime runtime = 0;
    CHECK_OK(try_start(&hooks, RM_ABI_VERSION, &runtime));
    memset(&hooks, 0, sizeof hooks); /* copied */
    rm_node nodes[NODES];
    for (int i = 0; i < NODES; i++)
        nodes[i] = make_processor(pass, &counts);
    rm_session session = open_chain(runtime, nodes, NODES, NULL);
    for (int i = 0; i < 20; i++) {
        push_text(session, "x");
        expect_text(session, "x");
    }
    finish(session);
    for (int i = 0; i < NODES; i++)
        CHECK_OK(rm_node_free(nodes[i]));
    CHECK_INT(counts.calls, 20 * NODES);
    CHECK(counts.started > 0);
    CHECK_INT(counts.destroyed, 0);
    CHECK_OK(rm_runtime_free(runtime));
    WAIT_FOR(atomic_load(&counts.destroyed) == 1);
}

static void hooks_of_a_runtime_that_cannot_be_are_destroyed(void)
{
    static counts counts;
    rm_thread_hooks hooks = {.struct_size = sizeof hooks, .user_data = &counts, .destroy = destroy};
    rm_runtime runtime = 7;
    CHECK_STATUS(try_start(&hooks, RM_ABI_VERSION + (1u << 16), &runtime), RM_ERR_VERSION);
    CHECK_INT(counts.destroyed, 1);
    hooks.reserved = 1;
    CHECK_STATUS(try_start(&hooks, RM_ABI_VERSION, &runtime), RM_ERR_UNSUPPORTED);
    CHECK_INT(counts.destroyed, 2);
    hooks.reserved = 0;
    hooks.struct_size = 4;
    CHECK_STATUS(try_start(&hooks, RM_ABI_VERSION, &runtime), RM_ERR_ARGUMENT);
    CHECK_INT(runtime, 7);
}

int main(void)
{
    RUN(threads_start_and_stop_with_hooks);
    RUN(hooks_of_a_runtime_that_cannot_be_are_destroyed);
    return 0;
}
