/* Runtimes: how they start, and what they know. */

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* As a program would see it that was compiled with a newer header. */
struct newer_config {
    rm_runtime_config known;
    uint64_t more;
};

static void configurations_that_are_wrong_are_refused(void)
{
    const rm_runtime_config good = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 7;
    rm_runtime_config config = good;
    CHECK_REFUSED(rm_runtime_new(NULL, &runtime), RM_ERR_NULL, "rm_runtime_config");
    CHECK_REFUSED(rm_runtime_new(&good, NULL), RM_ERR_NULL, "'runtime'");
    static const uint32_t sizes[] = {0, 1, 4, sizeof good - 1, 4097, UINT32_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        config.struct_size = sizes[i];
        CHECK_REFUSED(rm_runtime_new(&config, &runtime), RM_ERR_ARGUMENT, "set it to sizeof(rm_runtime_config)");
    }
    config = good;
    config.abi_version = RM_ABI_VERSION + (1 << 16);
    CHECK_REFUSED(rm_runtime_new(&config, &runtime), RM_ERR_VERSION, "version");
    CHECK_INT(runtime, 7);
}

static void what_is_reserved_must_be_zero(void)
{
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION, .reserved = 1};
    rm_runtime runtime = 7;
    CHECK_STATUS(rm_runtime_new(&config, &runtime), RM_ERR_UNSUPPORTED);
}

static void a_newer_program_is_understood_as_far_as_it_goes(void)
{
    struct newer_config config = {.known = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION}};
    rm_runtime runtime = 0;
    CHECK_OK(rm_runtime_new(&config.known, &runtime));
    CHECK_OK(rm_runtime_free(runtime));
    config.more = 1;
    runtime = 7;
    CHECK_REFUSED(rm_runtime_new(&config.known, &runtime), RM_ERR_UNSUPPORTED, "newer library");
    CHECK_INT(runtime, 7);
}

static void versions_agree(void)
{
    char version[32];
    size_t length = 0;
    CHECK_INT(rm_abi_version(), RM_ABI_VERSION);
    CHECK_OK(rm_version(NULL, 0, &length));
    CHECK(length < sizeof version);
    CHECK_OK(rm_version(version, sizeof version, &length));
    version[length] = '\0';
    CHECK_TEXT(version, REMOTEMEDIA_VERSION);
    CHECK_STATUS(rm_version(version, sizeof version, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_version(NULL, 1, &length), RM_ERR_NULL);
}

static void the_types_are_listed(void)
{
    rm_runtime runtime = start();
    size_t length = 0;
    char types[4096] = "";
    CHECK_OK(rm_runtime_types(runtime, NULL, 0, &length));
    CHECK(length < sizeof types);
    CHECK_OK(rm_runtime_types(runtime, types, 3, &length)); /* as much as there is room for */
    CHECK(types[2] != '\0' && types[3] == '\0');
    CHECK_OK(rm_runtime_types(runtime, types, sizeof types, &length));
    CHECK(types[0] == '[' && types[length - 1] == ']');
    CHECK(strstr(types, "\"FastResampleNode\"") != NULL);
    CHECK_STATUS(rm_runtime_types(runtime, types, sizeof types, NULL), RM_ERR_NULL);
    CHECK_STATUS(rm_runtime_types(runtime, NULL, 1, &length), RM_ERR_NULL);
    stop(runtime);
}

static void two_at_once_do_not_meet(void)
{
    recorder recorders[2] = {RECORDER, RECORDER};
    rm_runtime runtimes[2] = {start(), start()};
    rm_node nodes[2] = {recorder_node(&recorders[0]), recorder_node(&recorders[1])};
    rm_session sessions[2] = {open_node(runtimes[0], nodes[0], NULL), open_node(runtimes[1], nodes[1], NULL)};
    recorder_await(&recorders[0], 'i');
    stop(runtimes[0]);
    push_text(sessions[1], "x");
    expect_text(sessions[1], "x");
    finish(sessions[1]);
    CHECK_STATUS(rm_session_wait(sessions[0], PATIENCE), RM_ERR_CANCELLED);
    CHECK_OK(rm_session_free(sessions[0]));
    CHECK_OK(rm_node_free(nodes[0]));
    CHECK_OK(rm_node_free(nodes[1]));
    stop(runtimes[1]);
    CHECK_CALLS(&recorders[0], "icd");
    CHECK_CALLS(&recorders[1], "ipfcd");
}

static void absurd_sizes_do_no_harm(void)
{
    rm_runtime_config config = {.struct_size = sizeof config, .abi_version = RM_ABI_VERSION, .threads = UINT32_MAX};
    rm_session_config how = session_config();
    rm_runtime runtime = 0;
    recorder recorder = RECORDER;
    CHECK_OK(rm_runtime_new(&config, &runtime));
    rm_node node = recorder_node(&recorder);
    how.capacity = UINT32_MAX;
    rm_session session = open_node(runtime, node, &how);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    CHECK_OK(rm_node_free(node));
    CHECK_OK(rm_runtime_shutdown(runtime, INT64_MAX, NULL));
    CHECK_OK(rm_runtime_free(runtime));
    CHECK_CALLS(&recorder, "ipfcd");
}

static atomic_int signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

/* A signal that this thread holds back stays pending: none of the library's threads takes it. */
static void signals_are_left_to_the_program(rm_runtime runtime)
{
    sigset_t held, before;
    int number = 0;
    recorder recorder = RECORDER;
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    sigemptyset(&held);
    sigaddset(&held, SIGUSR1);
    CHECK(signal(SIGUSR1, count_signal) != SIG_ERR);
    CHECK_INT(pthread_sigmask(SIG_BLOCK, &held, &before), 0);
    CHECK_INT(kill(getpid(), SIGUSR1), 0);
    nap(20 * MILLISECOND);
    CHECK_INT(signals, 0);
    CHECK_INT(sigwait(&held, &number), 0);
    CHECK_INT(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    finish(session);
    recorder_free(node, &recorder);
}

int main(void)
{
    RUN(configurations_that_are_wrong_are_refused);
    RUN(what_is_reserved_must_be_zero);
    RUN(a_newer_program_is_understood_as_far_as_it_goes);
    RUN(versions_agree);
    RUN(the_types_are_listed);
    RUN(two_at_once_do_not_meet);
    RUN(absurd_sizes_do_no_harm);
    RUN_ON(signals_are_left_to_the_program);
    return 0;
}
