// SessionOptions: how a session is to run.
#pragma once

#include "pipeline.hpp"

namespace remotemedia {

/// What becomes of a packet at which a node fails.
enum class OnError : std::uint32_t {
    /// The session ends, after the outputs before it have come out.
    raise = RM_ON_ERROR_RAISE,
    /// It is left out.
    skip = RM_ON_ERROR_SKIP,
    /// It becomes an output of Kind::failure.
    collect = RM_ON_ERROR_COLLECT,
};

/// What a session tells.
enum class Event : std::uint32_t {
    /// Once after a pull whose time ran out: it is worth trying again.
    output = RM_EVENT_OUTPUT,
    /// Once after a push whose time ran out: it is worth trying again.
    room = RM_EVENT_ROOM,
    /// The session has ended. Told once, last, also when the Session is gone.
    ended = RM_EVENT_ENDED,
    /// Nothing has moved for as long as `SessionOptions::stall` says.
    stalled = RM_EVENT_STALLED,
    /// Once after a `ready` whose time ran out.
    ready = RM_EVENT_READY,
};

/// How a session is to run.
struct SessionOptions {
    OnError on_error = OnError::raise;
    /// How many packets an edge holds; 0 stands for 16.
    std::uint32_t capacity = 0;
    /// What happens when an edge is full that does not say so itself, pushed packets and outputs included.
    Policy policy = Policy::standard;
    /// A push that no node takes is left out instead of refused.
    bool input_optional = false;
    /// What `Call::tag` answers.
    std::uint64_t tag = 0;
    /// A source that supplies the input instead of `push`, for the time of the constructor.
    const NodeHandle *input = nullptr;
    /// A node that takes the outputs instead of `pull`, for the time of the constructor.
    const NodeHandle *output = nullptr;
    /// Called on any thread, with no lock held. What it throws is lost.
    std::function<void(Event)> on_event;
    /// After how long without movement Event::stalled is told; 0 stands for never.
    std::chrono::nanoseconds stall{0};
    /// How many calls are kept for `trace`: the newest.
    std::uint32_t trace = 0;
    /// The call that waits for this session, if it is one that was deferred. One that opens the session itself is
    /// known.
    const Completion *caller = nullptr;
    /// For how long the constructor looks out for the end; a millisecond at most, and only with `on_event`.
    std::chrono::nanoseconds linger{0};
};

} // namespace remotemedia
