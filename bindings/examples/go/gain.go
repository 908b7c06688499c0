package main

/*
#include <remotemedia.h>
#include <stdlib.h>

extern rm_status gainProcess(void *user_data, rm_packet *packet);
extern void gainDestroy(void *user_data);

// A handle is a number; no pointer to memory of Go's is given away, since the garbage collector could not see it.
static inline void *as_pointer(uintptr_t handle) { return (void *)handle; }
*/
import "C"

import (
	"fmt"
	"runtime/cgo"
	"unsafe"
)

// gain is a node in Go: louder or softer.
type gain struct {
	factor float32
}

// newNode makes a node of a gain, which lives until gainDestroy.
func newNode(value *gain) (C.rm_node, error) {
	callbacks := C.rm_node_callbacks{
		user_data: C.as_pointer(C.uintptr_t(cgo.NewHandle(value))),
		destroy:   (*[0]byte)(C.gainDestroy),
		process:   (*[0]byte)(C.gainProcess),
		accepts:   1 << C.RM_KIND_AUDIO,
		emits:     1 << C.RM_KIND_AUDIO,
	}
	callbacks.struct_size = C.uint32_t(unsafe.Sizeof(callbacks))
	var node C.rm_node
	return node, check("make the node", C.rm_node_new(0, &callbacks, &node))
}

//export gainDestroy
func gainDestroy(userData unsafe.Pointer) {
	cgo.Handle(userData).Delete()
}

// gainProcess is called on threads of the library's. A panic that left it would end the program.
//
//export gainProcess
func gainProcess(userData unsafe.Pointer, packet *C.rm_packet) (status C.rm_status) {
	defer func() {
		if problem := recover(); problem != nil {
			status = fail(fmt.Errorf("panic: %v", problem))
		}
	}()
	if err := cgo.Handle(userData).Value().(*gain).process(packet); err != nil {
		return fail(err)
	}
	return C.RM_OK
}

func (g *gain) process(packet *C.rm_packet) error {
	// The library's memory, which the packet may keep: it is not copied.
	var memory unsafe.Pointer
	var buffer C.rm_buffer
	if err := check("make a buffer", C.rm_buffer_new(packet.size, &memory, &buffer)); err != nil {
		return err
	}
	defer C.rm_buffer_free(buffer) // the packet has a reference of its own

	samples := samplesOf(packet) // borrowed until we return
	scaled := unsafe.Slice((*float32)(memory), len(samples))
	for i, sample := range samples {
		scaled[i] = sample * g.factor
		if scaled[i] > 1 || scaled[i] < -1 {
			return fmt.Errorf("a sample of %.2f would clip; lower the gain", scaled[i])
		}
	}
	output := *packet // the same time and format
	output.data = memory
	output.buffer = buffer
	return check("emit", C.rm_call_emit(&output))
}

func samplesOf(packet *C.rm_packet) []float32 {
	return unsafe.Slice((*float32)(packet.data), int(packet.size)/int(unsafe.Sizeof(float32(0))))
}

// fail says why the callback that this thread is in fails, and answers what it is to answer then.
func fail(err error) C.rm_status {
	message := C.CString(err.Error())
	defer C.free(unsafe.Pointer(message))
	C.rm_call_fail(message, C.size_t(len(err.Error())), nil)
	return C.RM_ERR_NODE
}
