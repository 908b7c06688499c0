/* The runtime of a fuzzing program, which lives as long as the program. */
#include "fuzz.h"

rm_runtime the_runtime(void)
{
    static rm_runtime runtime;
    if (runtime == 0) {
        rm_runtime_config config = RM_RUNTIME_CONFIG_INIT;
        config.threads = 2;
        CHECK(rm_runtime_new(&config, &runtime) == RM_OK);
    }
    return runtime;
}
