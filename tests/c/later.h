/* Nodes whose outcome comes later. */

#ifndef LATER_H
#define LATER_H

#include <stdatomic.h>

#include "check.h"
#include "fixture.h"
#include "recorder.h"

/* What a callback leaves for whoever is to give its outcome. */
typedef struct later {
    _Atomic rm_completion completion;
} later;

/* A `process` that answers RM_PENDING; the recorder's own is the place for the completion. */
static inline rm_status defer(recorder *recorder, const rm_packet *packet)
{
    later *later = recorder->own;
    rm_completion completion = 0;
    (void)packet;
    CHECK_OK(rm_call_defer(&completion));
    atomic_store(&later->completion, completion);
    return RM_PENDING;
}

/* The completion, once it is there. */
static inline rm_completion take(later *later)
{
    WAIT_FOR(atomic_load(&later->completion) != 0);
    return atomic_exchange(&later->completion, 0);
}

/* A session with a node that defers, and one packet in it. */
static inline rm_session open_deferring(rm_runtime runtime, recorder *recorder, later *later, rm_node *node)
{
    recorder->process = defer;
    recorder->own = later;
    *node = recorder_node(recorder);
    rm_session session = open_node(runtime, *node, NULL);
    push_text(session, "x");
    return session;
}

/* The same as any other callback. */
static inline rm_status answer_later(void *user_data)
{
    rm_completion completion = 0;
    CHECK_OK(rm_call_defer(&completion));
    atomic_store(&((later *)user_data)->completion, completion);
    return RM_PENDING;
}

#endif
