// The C header needs nothing before it, may be included again, and works in C++ as in C.

#include <remotemedia.h>
#include <remotemedia.h>

static_assert(RM_OK == 0 && RM_ERR_NULL < 0, "statuses are constants");
static_assert(sizeof(rm_packet::struct_size) == 4, "structs have members that can be named");

rm_session_config defaults();

rm_session_config defaults()
{
    rm_session_config config = RM_SESSION_CONFIG_INIT;
    return config;
}
