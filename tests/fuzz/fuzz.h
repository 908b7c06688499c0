/* What the fuzzing programs share: the runtime, and what no call may answer. */
#ifndef FUZZ_H
#define FUZZ_H

#include <remotemedia.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The program must not go on: libFuzzer keeps the bytes that led here. */
#define CHECK(holds) \
    do { \
        if (!(holds)) { \
            char text[512] = ""; \
            size_t length = 0; \
            rm_last_error(text, sizeof text - 1, &length); \
            fprintf(stderr, "%s:%d: %s\nlast error: %s\n", __FILE__, __LINE__, #holds, text); \
            abort(); \
        } \
    } while (0)

/* How long is waited at most for what must come: then it hangs. */
#define PATIENCE INT64_C(20000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A status that a call may have: anything but a defect of the library. */
static inline rm_status sound(rm_status status)
{
    CHECK(status != RM_ERR_PANIC && status != RM_ERR_POISONED && status != RM_ERR_FORKED);
    return status;
}

/* One for the whole program. */
rm_runtime the_runtime(void);

/* The bytes of an input, one after the other; 0 behind the last. */
typedef struct {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;

static inline uint64_t take(fuzz_bytes *bytes, size_t width)
{
    uint64_t value = 0;
    width = width < bytes->size ? width : bytes->size;
    if (width > 0) {
        memcpy(&value, bytes->data, width);
        bytes->data += width;
        bytes->size -= width;
    }
    return value;
}

#endif
