// A node in Go, beside one that is built in:
//
//	a tone, 48 kHz  ->  gain  ->  FastResampleNode  ->  16 kHz
//
// Usage: gain FACTOR
package main

/*
#cgo LDFLAGS: -l:libremotemedia.so.0
#include <remotemedia.h>
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"unsafe"
)

const (
	rate   = 48000
	block  = 960
	blocks = 50
	second = 1_000_000_000
)

// check makes an error of a status. The message is kept for the thread of the call, so the goroutine must stay on it: main
// is locked to its thread, and a callback is anyway.
func check(what string, status C.rm_status) error {
	if status >= 0 {
		return nil
	}
	var message [512]byte
	length := C.size_t(0)
	C.rm_last_error((*C.char)(unsafe.Pointer(&message[0])), C.size_t(len(message)), &length)
	if length > C.size_t(len(message)) {
		length = C.size_t(len(message))
	}
	return fmt.Errorf("%s: %s (status %d)", what, message[:length], status)
}

// must ends the program with the message of a call that has failed.
func must(what string, status C.rm_status) {
	if err := check(what, status); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// text is a text as the library takes it: bytes and their number.
func text(value string) (*C.char, C.size_t) {
	bytes := []byte(value)
	return (*C.char)(unsafe.Pointer(&bytes[0])), C.size_t(len(bytes))
}

func open(engine C.rm_runtime, value *gain) C.rm_session {
	var pipeline C.rm_pipeline
	var session C.rm_session
	node, err := newNode(value)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	own, ownSize := text("gain")
	other, otherSize := text("resample")
	kind, kindSize := text("FastResampleNode")
	parameters, size := text(`{"target_rate": 16000}`)
	must("make a pipeline", C.rm_pipeline_new(engine, &pipeline))
	must("add the gain", C.rm_pipeline_add_node(pipeline, own, ownSize, node))
	must("add the resampler",
		C.rm_pipeline_add_type(pipeline, other, otherSize, kind, kindSize, parameters, size))
	must("connect", C.rm_pipeline_connect(pipeline, own, ownSize, other, otherSize, nil))
	how := C.rm_session_config{struct_size: C.sizeof_rm_session_config}
	must("open", C.rm_session_open(pipeline, &how, &session))
	must("free the pipeline", C.rm_pipeline_free(pipeline)) // the session keeps what it needs
	must("free the node", C.rm_node_free(node))
	return session
}

func pushTone(session C.rm_session, out *level) {
	const bytes = block * C.sizeof_float
	memory := C.malloc(bytes) // of C's: a packet must not point to memory of Go's
	defer C.free(memory)
	samples := unsafe.Slice((*float32)(memory), block)
	for number := 0; number < blocks; number++ {
		for i := range samples {
			samples[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(number*block+i)/rate))
		}
		packet := C.rm_packet{
			struct_size: C.sizeof_rm_packet,
			kind:        C.RM_KIND_AUDIO,
			pts:         C.int64_t(number * block * second / rate),
			duration:    block * second / rate,
			data:        memory, // without a buffer, so copied
			size:        bytes,
			sample_rate: rate,
			channels:    1,
		}
		must("push", C.rm_session_push(session, &packet, 10*second))
		drain(session, 0, out)
	}
	must("end", C.rm_session_end(session))
	drain(session, 10*second, out)
}

type level struct {
	rate, frames int
	peak         float64
}

// drain takes every output there is, waiting for each as long as timeout.
func drain(session C.rm_session, timeout C.int64_t, out *level) {
	packet := C.rm_packet{struct_size: C.sizeof_rm_packet}
	for {
		status := C.rm_session_pull(session, &packet, timeout)
		if status == C.RM_END || status == C.RM_ERR_TIMEOUT && timeout == 0 {
			return
		}
		must("pull", status)
		for _, sample := range samplesOf(&packet) {
			out.peak = math.Max(out.peak, math.Abs(float64(sample)))
			out.frames++ // of one channel
		}
		out.rate = int(packet.sample_rate)
		must("free the output", C.rm_buffer_free(packet.buffer)) // the samples lie in it
	}
}

func main() {
	runtime.LockOSThread()
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gain FACTOR")
		os.Exit(1)
	}
	factor, err := strconv.ParseFloat(os.Args[1], 32)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var engine C.rm_runtime
	config := C.rm_runtime_config{struct_size: C.sizeof_rm_runtime_config, abi_version: C.RM_ABI_VERSION}
	must("start", C.rm_runtime_new(&config, &engine))
	session := open(engine, &gain{float32(factor)})
	var out level
	pushTone(session, &out)
	fmt.Printf("%d Hz, %d frames, peak %.3f\n", out.rate, out.frames, out.peak)
	must("free the session", C.rm_session_free(session))
	must("stop", C.rm_runtime_free(engine))
}
