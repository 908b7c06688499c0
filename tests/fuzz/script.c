/* Calls of the library as the bytes say, on two threads; in the end nothing is left. */
#include "fuzz.h"
#include "script.h"

#include <pthread.h>
#include <time.h>

/* In nanoseconds, and how many of them come to the patience of the other waits. */
#define NAP 1000000
#define MOST_NAPS (PATIENCE / NAP)

/* The bytes of one thread. */
static void *run(void *given)
{
    fuzz_bytes *bytes = given;
    while (bytes->size > 0) {
        script_step(bytes);
    }
    return NULL;
}

static uint64_t count_live(void)
{
    uint64_t count = 0;
    CHECK(rm_debug_live(0, &count) == RM_OK);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    the_runtime();
    /* The second thread has the second half, if the first byte is odd. */
    size_t half = size > 1 && data[0] % 2 == 1 ? size / 2 : size;
    fuzz_bytes first = {data, half}, second = {data + half, size - half};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, &second) == 0);
    run(&first);
    CHECK(pthread_join(thread, NULL) == 0);
    /* A session that was freed may still be making its last calls, which may take completions. The runtime stays. */
    for (int naps = 0; script_end(), count_live() != 1; naps++) {
        CHECK(naps < MOST_NAPS);
        nanosleep(&(struct timespec){0, NAP}, NULL);
    }
    return 0;
}
