// Error, NodeError: what a call that fails throws.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <remotemedia.h>
#include <stdexcept>
#include <string>
#include <utility>

namespace remotemedia {

/// A call has failed. Thrown by a node, it fails the node with this status.
class Error : public std::runtime_error {
public:
    /// `status` is one of RM_ERR_…, `message` UTF-8.
    Error(rm_status status, const std::string &message) : std::runtime_error(message), status_(status) {}

    /// One of RM_ERR_….
    rm_status status() const noexcept { return status_; }

private:
    rm_status status_;
};

/// What went wrong in a node.
struct Failure {
    /// The id of the node.
    std::string node;
    /// One of RM_ERR_….
    rm_status status = RM_ERR_NODE;
    /// What the node has said.
    std::string reason;
    /// The number of the input that it was working on, if any.
    std::optional<std::uint64_t> index;
    /// The time of the packet that it was working on, if it had one.
    std::optional<std::chrono::nanoseconds> pts;
};

/// The failure of a node has ended the session.
class NodeError : public Error {
public:
    NodeError(const std::string &message, Failure failure)
        : Error(failure.status, message), failure_(std::move(failure))
    {
    }

    /// Which node, at which input, and why.
    const Failure &failure() const noexcept { return failure_; }

private:
    Failure failure_;
};

namespace detail {

/// A text of the library, which may grow from one call to the next.
template <typename Copy>
std::string copy_text(Copy copy)
{
    std::string text;
    std::size_t length = 0;
    do {
        text.resize(length);
        if (copy(text.data(), text.size(), &length) < 0)
            return {};
    } while (length > text.size());
    text.resize(length);
    return text;
}

[[noreturn]] inline void raise(rm_status status)
{
    throw Error(status, copy_text(rm_last_error));
}

/// The status of a call that worked.
inline rm_status check(rm_status status)
{
    if (status < 0)
        raise(status);
    return status;
}

/// A config or a packet of the C API, all zero but its size.
template <typename Struct>
Struct zeroed() noexcept
{
    Struct made{};
    made.struct_size = sizeof made;
    return made;
}

} // namespace detail

/// The version of the library, such as "0.1.0". [any thread]
inline std::string version()
{
    return detail::copy_text(rm_version);
}

} // namespace remotemedia
