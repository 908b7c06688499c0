/*
 * remotemedia.hpp: the C++ of remotemedia. Header only, C++17, over the C ABI of remotemedia.h.
 *
 * Every handle is an object that lets go of what it has when it goes, and that can be moved but not copied. A call
 * that fails throws `Error`; time that ran out is a result. An exception that a callback throws becomes the failure
 * of its node: none passes through the library. Durations are std::chrono::nanoseconds, text is UTF-8 without an end
 * mark.
 *
 * Whatever nodes refer to must be there until the Runtime is gone: its destructor waits for them. docs/cpp.md has
 * more.
 */
#pragma once

#include "remotemedia/buffer.hpp"
#include "remotemedia/call.hpp"
#include "remotemedia/completion.hpp"
#include "remotemedia/error.hpp"
#include "remotemedia/handle.hpp"
#include "remotemedia/host.hpp"
#include "remotemedia/log.hpp"
#include "remotemedia/node.hpp"
#include "remotemedia/packet.hpp"
#include "remotemedia/pipeline.hpp"
#include "remotemedia/plugin.hpp"
#include "remotemedia/process.hpp"
#include "remotemedia/ring.hpp"
#include "remotemedia/runtime.hpp"
#include "remotemedia/service.hpp"
#include "remotemedia/session.hpp"
#include "remotemedia/session_options.hpp"
#include "remotemedia/span.hpp"
