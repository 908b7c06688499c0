// Service: the process that a node is in.
#pragma once

#include "session.hpp"

namespace remotemedia {

/// The connection of a process with the one that started it for a node (`in_process`). The process ends within a
/// second after its parent. [any thread]
class Service : public detail::Handle<rm_service_free> {
public:
    /// `socket` is the last argument of the program. Throws RM_ERR_ARGUMENT if there is no parent of a version that
    /// fits.
    explicit Service(std::int32_t socket) : payload_(detail::zeroed<rm_packet>())
    {
        auto raw = detail::zeroed<rm_packet>();
        detail::check(rm_service_join(socket, out(), &raw));
        payload_ = Packet(raw);
    }

    /// What ProcessOptions::pack gave.
    Span<const std::byte> payload() const { return payload_.bytes(); }

    /// Sends a record of the log to the parent: level 10 (debug) to 50 (critical).
    void log(std::uint32_t level, std::string_view name, std::string_view text)
    {
        detail::check(rm_service_log(handle(), level, name.data(), name.size(), text.data(), text.size()));
    }

    /// Tells the parent that there is no node, and why. The process is expected to exit then.
    void fail(std::string_view reason)
    {
        detail::check(rm_service_fail(handle(), reason.data(), reason.size(), 0, nullptr));
    }

    /// Makes the node's calls as the parent asks for them, until it asks for no more. `is` says what the node is, as
    /// ProcessOptions::node does in the parent. Throws what the session throws.
    void serve(const Runtime &runtime, const NodeHandle &node, const NodeOptions &is = {})
    {
        rm_node before = 0, behind = 0;
        detail::check(rm_service_nodes(handle(), 0, 0, is.inputs.data(), is.inputs.size(), is.outputs.data(),
                                       is.outputs.size(), is.source ? nullptr : &before, &behind));
        const NodeHandle input(before), output(behind);
        Pipeline pipeline(runtime);
        pipeline.add("node", node);
        SessionOptions options;
        options.on_error = OnError::collect;
        options.input = input ? &input : nullptr;
        options.output = &output;
        const Session session(pipeline, options);
        const rm_status status = rm_session_wait(session.handle(), -1);
        if (status != RM_ERR_CANCELLED) // the parent needs no more of it
            detail::check(status);
    }

private:
    Packet payload_;
};

} // namespace remotemedia
