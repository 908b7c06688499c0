// Completion: the outcome of a call that comes later.
#pragma once

#include "packet.hpp"

namespace remotemedia {

/// The right to give the outcome of one call, once, from any thread. One that goes unused fails its node, so that
/// nobody waits for it.
///
/// The functions answer whether the outcome was taken: `false` says that the session has given the call up meanwhile.
/// Used a second time they throw RM_ERR_BAD_HANDLE.
class Completion : public detail::Handle<rm_completion_free> {
public:
    using Handle::Handle;

    /// The call has finished.
    bool finish() { return give(RM_OK, nullptr); }
    /// The call has finished, with this output. Throws what `Call::emit` throws; the node fails then.
    bool finish(const PacketView &output) { return give(RM_OK, &output.raw()); }
    /// There is more to come: the node's `resume` is to be called.
    bool more() { return give(RM_MORE, nullptr); }
    /// The same, with this output.
    bool more(const PacketView &output) { return give(RM_MORE, &output.raw()); }
    /// The call has failed, and why.
    bool fail(std::string_view reason)
    {
        return taken(rm_completion_fail(release(), reason.data(), reason.size(), nullptr));
    }

private:
    bool give(rm_status status, const rm_packet *packet)
    {
        return taken(rm_completion_finish(release(), status, packet));
    }

    static bool taken(rm_status status)
    {
        return status != RM_ERR_CANCELLED && status != RM_ERR_STATE && detail::check(status) == RM_OK;
    }
};

} // namespace remotemedia
