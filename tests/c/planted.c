/* A fault for AddressSanitizer to find: the library is made to read a struct that has been freed. */

#include "check.h"

int main(void)
{
    rm_runtime_config *volatile config = calloc(1, sizeof *config);
    rm_runtime runtime = 0;
    CHECK(config != NULL);
    free(config);
    rm_runtime_new(config, &runtime);
    return 0;
}
