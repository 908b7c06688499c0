/* The header needs nothing before it, and may be included again. */

#include <remotemedia.h>
#include <remotemedia.h>

/* Initialisers are constant expressions. */
static const rm_packet nothing = RM_PACKET_INIT;
static const rm_node_callbacks no_calls = RM_NODE_CALLBACKS_INIT;

int is_empty(void);

int is_empty(void)
{
    return nothing.size == 0 && no_calls.process == NULL;
}

/* Every constant is one, of a type that can be switched on. */
int name_of(rm_status status);

int name_of(rm_status status)
{
    switch (status) {
    case RM_OK:
    case RM_MORE:
    case RM_PENDING:
    case RM_END:
        return 0;
    case RM_ERR_ARGUMENT:
    case RM_ERR_NULL:
    case RM_ERR_BAD_HANDLE:
    case RM_ERR_UTF8:
    case RM_ERR_UNSUPPORTED:
    case RM_ERR_VERSION:
    case RM_ERR_MANIFEST:
    case RM_ERR_GRAPH:
    case RM_ERR_PARAMETERS:
    case RM_ERR_UNKNOWN_TYPE:
    case RM_ERR_PLUGIN:
    case RM_ERR_STATE:
    case RM_ERR_TIMEOUT:
    case RM_ERR_CANCELLED:
    case RM_ERR_REENTRANT:
    case RM_ERR_POISONED:
    case RM_ERR_FORKED:
    case RM_ERR_NODE:
    case RM_ERR_INPUT:
    case RM_ERR_DEADLINE:
    case RM_ERR_PANIC:
    case RM_ERR_MEMORY:
        return 1;
    default:
        return 2;
    }
}
