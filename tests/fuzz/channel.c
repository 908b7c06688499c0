/* What a process that was started for a node could send: messages, blocks, and the counters of the rings. */
#include "fuzz.h"

void fuzz_channel(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_channel(data, size);
    return 0;
}
