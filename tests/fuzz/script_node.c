/* The nodes of a script: what they do in each call, a number says. */
#include "script.h"

#include <stdatomic.h>

/* How often in a row a node asks to be called again. */
#define MOST_MORE 3

typedef struct {
    uint8_t number;
    _Atomic uint8_t more;
    _Atomic int destroyed;
} scripted;

static void on_destroy(void *user_data)
{
    scripted *node = user_data;
    CHECK(atomic_fetch_add(&node->destroyed, 1) == 0);
    free(node);
}

static rm_status answer(scripted *node, const rm_packet *packet, unsigned what)
{
    rm_packet text = RM_PACKET_INIT;
    uint64_t completion = 0;
    text.kind = RM_KIND_TEXT;
    text.data = "text";
    text.size = 4;
    switch (what % 8) {
    case 0:
        sound(rm_call_emit(packet != NULL ? packet : &text));
        return RM_OK;
    case 1:
        sound(rm_call_emit(&text));
        return node->more++ % MOST_MORE < MOST_MORE - 1 ? RM_MORE : RM_OK;
    case 2:
        sound(rm_call_fail("why", 3, NULL));
        return RM_ERR_INPUT;
    case 3:
        return RM_PENDING;
    case 4:
        if (sound(rm_call_defer(&completion)) == RM_OK) {
            keep_handle(COMPLETION, completion);
        }
        return RM_PENDING;
    case 5:
        text.port = 7;
        sound(rm_call_emit(&text));
        return RM_OK;
    case 6:
        return 4711;
    default:
        return RM_OK;
    }
}

static rm_status on_life(void *user_data)
{
    scripted *node = user_data;
    return node->number >= 224 ? answer(node, NULL, node->number) : RM_OK;
}

static rm_status on_process(void *user_data, const rm_packet *packet)
{
    scripted *node = user_data;
    return answer(node, packet, node->number);
}

static rm_status on_more(void *user_data)
{
    scripted *node = user_data;
    return answer(node, NULL, node->number >> 3);
}

rm_node_callbacks scripted_node(uint8_t number)
{
    rm_node_callbacks callbacks = RM_NODE_CALLBACKS_INIT;
    scripted *node = calloc(1, sizeof *node);
    CHECK(node != NULL);
    node->number = number;
    callbacks.user_data = node;
    callbacks.destroy = on_destroy;
    callbacks.initialize = on_life;
    callbacks.process = on_process;
    callbacks.resume = on_more;
    callbacks.flush = on_more;
    callbacks.cleanup = on_life;
    return callbacks;
}
