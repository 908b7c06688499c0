/* Checks that say where they failed, and end the program with 1. */

#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <remotemedia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)
/* Longer than anything takes here, under valgrind too, and less than a test is given. */
#define PATIENCE (20 * SECOND)

#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Runs a test, which must leave no handle behind. */
#define RUN(test) (test(), check_passed(__FILE__, __LINE__, #test))
/* The same for one that takes a runtime, which is started before and stopped afterwards. */
#define RUN_ON(test) (check_on_runtime(test), check_passed(__FILE__, __LINE__, #test))

#define CHECK(condition) ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, #condition))
#define CHECK_INT(actual, expected) check_int(__FILE__, __LINE__, #actual, (int64_t)(actual), (int64_t)(expected))
#define CHECK_TEXT(actual, expected) check_text(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_OK(call) check_status(__FILE__, __LINE__, #call, (call), RM_OK, NULL)
#define CHECK_STATUS(call, expected) check_status(__FILE__, __LINE__, #call, (call), (expected), NULL)
/* The call must fail, and the message of the failure have `words` in it. */
#define CHECK_REFUSED(call, expected, words) check_status(__FILE__, __LINE__, #call, (call), (expected), (words))

/* Waits for another thread to make a condition true. */
#define WAIT_FOR(condition)                                                                                            \
    do {                                                                                                               \
        for (int64_t waited = 0; !(condition); waited += MILLISECOND) {                                                \
            if (waited > PATIENCE)                                                                                     \
                check_fail(__FILE__, __LINE__, "in time: " #condition);                                                \
            nap(MILLISECOND);                                                                                          \
        }                                                                                                              \
    } while (0)

static inline void nap(int64_t time)
{
    nanosleep(&(struct timespec){.tv_sec = time / SECOND, .tv_nsec = time % SECOND}, NULL);
}

/* Threads that still run are of no use, and neither is their cleaning up. */
_Noreturn static inline void check_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    _Exit(1);
}

static inline void check_int(const char *file, int line, const char *what, int64_t actual, int64_t expected)
{
    if (actual == expected)
        return;
    char text[512];
    snprintf(text, sizeof text, "%s is %" PRId64 ", not %" PRId64, what, actual, expected);
    check_fail(file, line, text);
}

static inline void check_text(const char *file, int line, const char *what, const char *actual, const char *expected)
{
    if (strcmp(actual, expected) == 0)
        return;
    char text[4096];
    snprintf(text, sizeof text, "%s is \"%s\", not \"%s\"", what, actual, expected);
    check_fail(file, line, text);
}

/* The message of the last call that failed on this thread. Good until it is asked for again. */
static inline const char *last_error(void)
{
    static _Thread_local char message[1024];
    size_t length = 0;
    if (rm_last_error(message, sizeof message - 1, &length) != RM_OK)
        return "";
    message[length < sizeof message ? length : sizeof message - 1] = '\0';
    return message;
}

static inline void check_status(const char *file, int line, const char *what, rm_status actual, rm_status expected,
                                const char *words)
{
    const char *message = actual < 0 ? last_error() : "";
    char text[2048];
    if (actual != expected)
        snprintf(text, sizeof text, "%s is %d, not %d: %s", what, (int)actual, (int)expected, message);
    else if (words != NULL && strstr(message, words) == NULL)
        snprintf(text, sizeof text, "%s says \"%s\", without \"%s\"", what, message, words);
    else
        return;
    check_fail(file, line, text);
}

static inline void check_passed(const char *file, int line, const char *test)
{
    static const char *const kinds[] = {"runtime", "host", "node", "pipeline", "session", "buffer", "completion", "service",
                                        "ring"};
    for (uint8_t kind = 1; kind <= sizeof kinds / sizeof *kinds; kind++) {
        uint64_t count = 0;
        char text[128];
        if (rm_debug_live(kind, &count) == RM_OK && count == 0)
            continue;
        snprintf(text, sizeof text, "%s leaves %" PRIu64 " handles of a %s", test, count, kinds[kind - 1]);
        check_fail(file, line, text);
    }
    puts(test);
    fflush(stdout);
}

static inline void check_on_runtime(void (*test)(rm_runtime))
{
    rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
    rm_runtime runtime = 0;
    CHECK_OK(rm_runtime_new(&config, &runtime));
    test(runtime);
    CHECK_OK(rm_runtime_shutdown(runtime, PATIENCE, NULL));
    CHECK_OK(rm_runtime_free(runtime));
}

#endif
