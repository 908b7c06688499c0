/* What a process that was started for a node could send: messages, blocks, and the counters of the rings. */
#include "fuzz.h"

/* In no header. */
rm_status rm_fuzzing_receive(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CHECK(rm_fuzzing_receive(data, size) == RM_OK);
    return 0;
}
