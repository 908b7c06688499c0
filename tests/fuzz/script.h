/* The steps of a script. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "fuzz.h"

/* The kinds of handle that a script has. */
enum kind { RUNTIME = 1, HOST, NODE, PIPELINE, SESSION, BUFFER, COMPLETION, SERVICE, RING, KINDS };

/* Makes one call, as the next bytes say. */
void script_step(fuzz_bytes *bytes);

/* Lets go of everything, and waits until it is gone. */
void script_end(void);

/* A handle of a kind, as the next bytes say: a live one, one of another kind, or none at all. */
uint64_t pick_handle(fuzz_bytes *bytes, enum kind kind);

/* Keeps a handle, and frees what was in its place. */
void keep_handle(enum kind kind, uint64_t handle);

/* Takes the handles that there are of a kind, one after the other; 0 if there is none any more. */
uint64_t take_handle(enum kind kind);

/* Frees what a handle names. */
rm_status free_handle(enum kind kind, uint64_t handle);

/* The callbacks of a node that does what `number` says. */
rm_node_callbacks scripted_node(uint8_t number);

#endif
