/* What passes itself off as the library: a plugin linked with it is refused. */

#include <remotemedia.h>

uint32_t rm_abi_version(void)
{
    return RM_ABI_VERSION;
}
