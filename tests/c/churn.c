/* Runtimes that come and go: a thousand of them leave no thread, no descriptor and no memory behind. */

#include <dirent.h>
#include <malloc.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* What may have grown: 32 bytes a runtime. ctest has malloc do without caches of its threads, which are not so exact. */
enum { RUNTIMES = 1000, SLACK = 32 * RUNTIMES };

static int entries(const char *path)
{
    int count = 0;
    DIR *folder = opendir(path);
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    CHECK_INT(closedir(folder), 0);
    return count;
}

static int threads(void)
{
    return entries("/proc/self/task");
}

static int descriptors(void)
{
    return entries("/proc/self/fd");
}

/* The bytes that malloc has given out. Under valgrind and AddressSanitizer, which look for leaks by themselves, it is 0. */
static int64_t memory(void)
{
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

static void use_once(void)
{
    recorder recorder = RECORDER;
    rm_runtime runtime = start();
    rm_node node = recorder_node(&recorder);
    rm_session session = open_node(runtime, node, NULL);
    push_text(session, "x");
    expect_text(session, "x");
    finish(session);
    recorder_free(node, &recorder);
    CHECK_OK(rm_runtime_free(runtime));
    CHECK_CALLS(&recorder, "ipfcd");
}

static void a_thousand_leave_nothing_behind(void)
{
    int threads_before = threads();
    for (int i = 0; i < RUNTIMES / 10; i++)
        use_once();
    WAIT_FOR(threads() == threads_before);
    int descriptors_before = descriptors();
    int64_t memory_before = memory();
    for (int i = 0; i < RUNTIMES; i++)
        use_once();
    WAIT_FOR(threads() == threads_before);
    CHECK_INT(descriptors(), descriptors_before);
    int64_t grown = memory() - memory_before;
    if (grown > SLACK)
        fprintf(stderr, "%d runtimes leave %" PRId64 " bytes\n", RUNTIMES, grown);
    CHECK(grown <= SLACK);
}

static void unused_ones_leave_nothing_behind(void)
{
    int threads_before = threads(), descriptors_before = descriptors();
    for (int i = 0; i < RUNTIMES; i++)
        CHECK_OK(rm_runtime_free(start()));
    WAIT_FOR(threads() == threads_before);
    CHECK_INT(descriptors(), descriptors_before);
}

int main(void)
{
    RUN(a_thousand_leave_nothing_behind);
    RUN(unused_ones_leave_nothing_behind);
    return 0;
}
