// Session: a running pipeline.
#pragma once

#include "session_options.hpp"

namespace remotemedia {

/// What a pull has brought: an output, the end, or, when its time ran out, nothing yet.
class Pulled {
public:
    /// Whether there is an output.
    explicit operator bool() const noexcept { return packet_.has_value(); }
    Packet &operator*() noexcept { return *packet_; }
    Packet *operator->() noexcept { return &*packet_; }
    /// The session has ended well, and every output has been taken.
    bool ended() const noexcept { return ended_; }

private:
    friend class Session;
    std::optional<Packet> packet_;
    bool ended_ = false;
};

/// A running pipeline. One that goes before it has ended is cancelled; its nodes are cleaned up all the same. [any
/// thread]
///
/// Functions with a timeout answer false when the time ran out, and may be called again; without one they wait as
/// long as it takes. They throw NodeError if a node's failure has ended the session, RM_ERR_CANCELLED if it was
/// cancelled, and RM_ERR_REENTRANT where they would wait in a callback that the session waits for.
class Session : public detail::Handle<rm_session_free> {
    using nanoseconds = std::chrono::nanoseconds;

public:
    /// Makes the nodes, starts, and returns at once. The session does not need the pipeline. Throws RM_ERR_GRAPH for
    /// a graph that cannot run, and what a node type throws that cannot make a node.
    explicit Session(const Pipeline &pipeline, const SessionOptions &options = {})
    {
        auto config = config_of(options);
        if (!options.on_event) {
            detail::check(rm_session_open(pipeline.handle(), &config, out()));
            return;
        }
        auto listener = std::make_unique<std::function<void(Event)>>(options.on_event);
        config.user_data = listener.get();
        config.on_event = tell;
        detail::check(rm_session_open(pipeline.handle(), &config, out()));
        listener.release(); // goes with Event::ended
    }

    /// Waits until every node has been initialised. Nothing needs this: packets that are pushed earlier wait.
    void ready() { in_time(rm_session_ready(handle(), -1)); }
    [[nodiscard]] bool ready(nanoseconds timeout)
    {
        return in_time(rm_session_ready(handle(), detail::timeout_of(timeout)));
    }

    /// Gives a packet to every node that takes input and has no edge leading to it, when there is room. Throws
    /// RM_ERR_STATE if the session takes no input, and what `Call::emit` throws.
    void push(const PacketView &packet) { in_time(rm_session_push(handle(), &packet.raw(), -1)); }
    [[nodiscard]] bool push(const PacketView &packet, nanoseconds timeout)
    {
        return in_time(rm_session_push(handle(), &packet.raw(), detail::timeout_of(timeout)));
    }

    /// Has every node give what it holds back; the stream goes on. Waits for room.
    void flush() { in_time(rm_session_flush(handle(), -1)); }
    [[nodiscard]] bool flush(nanoseconds timeout)
    {
        return in_time(rm_session_flush(handle(), detail::timeout_of(timeout)));
    }

    /// Takes the next output. `while (auto packet = session.pull())` takes them all.
    [[nodiscard]] Pulled pull() { return pull_for(-1); }
    [[nodiscard]] Pulled pull(nanoseconds timeout) { return pull_for(detail::timeout_of(timeout)); }

    /// No more packets will be pushed: what is inside comes out, then the session ends.
    void end() { detail::check(rm_session_end(handle())); }

    /// Gives the session up, and returns at once: what is inside is dropped, every node is cleaned up.
    void cancel() { detail::check(rm_session_cancel(handle())); }

    /// Waits until the session has ended. One whose outputs nobody pulls does not end.
    void wait() { in_time(rm_session_wait(handle(), -1)); }
    [[nodiscard]] bool wait(nanoseconds timeout)
    {
        return in_time(rm_session_wait(handle(), detail::timeout_of(timeout)));
    }

    /// The failure that has ended the session, if one has.
    std::optional<Failure> failure() const
    {
        auto raw = detail::zeroed<rm_packet>();
        if (detail::check(rm_session_error(handle(), &raw)) == RM_END)
            return std::nullopt;
        return Packet(raw).failure();
    }

    /// What has been measured so far, as JSON. Times are in microseconds.
    std::string metrics() const { return text_of(rm_session_metrics); }
    /// Where the session stands, as JSON: what each node is doing, what is on each edge.
    std::string report() const { return text_of(rm_session_report); }
    /// The calls that were kept, in the trace event format, which Perfetto opens.
    std::string trace() const { return text_of(rm_session_trace); }

    // Changes while it runs, of which no packet is lost. Where the time ran out, they come about later, if the
    // session was `ready`. They throw RM_ERR_GRAPH for nodes that are not there, and the failure of a node that
    // cannot start; the session then runs on as it was.

    /// Puts a node onto the edge between two others; "" stands for the input before, or the output behind.
    void insert(std::string_view id, const NodeHandle &node, std::string_view after, std::string_view before)
    {
        in_time(insert_for(id, node, after, before, -1));
    }
    [[nodiscard]] bool insert(std::string_view id, const NodeHandle &node, std::string_view after,
                              std::string_view before, nanoseconds timeout)
    {
        return in_time(insert_for(id, node, after, before, detail::timeout_of(timeout)));
    }

    /// Lets a node between two edges go, once it has done what came before.
    void remove(std::string_view id) { in_time(rm_session_remove(handle(), id.data(), id.size(), -1)); }
    [[nodiscard]] bool remove(std::string_view id, nanoseconds timeout)
    {
        return in_time(rm_session_remove(handle(), id.data(), id.size(), detail::timeout_of(timeout)));
    }

    /// Has another node take the place of one.
    void replace(std::string_view id, const NodeHandle &node)
    {
        in_time(rm_session_replace(handle(), id.data(), id.size(), node.handle(), -1));
    }
    [[nodiscard]] bool replace(std::string_view id, const NodeHandle &node, nanoseconds timeout)
    {
        return in_time(rm_session_replace(handle(), id.data(), id.size(), node.handle(), detail::timeout_of(timeout)));
    }

private:
    static rm_session_config config_of(const SessionOptions &options) noexcept
    {
        auto config = detail::zeroed<rm_session_config>();
        config.on_error = static_cast<std::uint32_t>(options.on_error);
        config.capacity = options.capacity;
        config.flags = options.input_optional ? RM_SESSION_INPUT_OPTIONAL : 0;
        config.tag = options.tag;
        config.input = options.input != nullptr ? options.input->handle() : 0;
        config.output = options.output != nullptr ? options.output->handle() : 0;
        config.stall = options.stall.count();
        config.policy = static_cast<std::uint32_t>(options.policy);
        config.trace = options.trace;
        config.caller = options.caller != nullptr ? options.caller->handle() : 0;
        config.linger = options.linger.count();
        return config;
    }

    /// `ended` comes once, last, and on any thread: no host is named that could be gone by then.
    static void tell(void *user_data, std::uint32_t event) noexcept
    {
        auto *listener = static_cast<std::function<void(Event)> *>(user_data);
        detail::run_untold([&] { (*listener)(static_cast<Event>(event)); });
        if (event == RM_EVENT_ENDED)
            delete listener;
    }

    /// False if the time ran out.
    bool in_time(rm_status status) const
    {
        if (status == RM_ERR_TIMEOUT)
            return false;
        if (status < 0)
            raise(status);
        return true;
    }

    [[noreturn]] void raise(rm_status status) const
    {
        std::string message = detail::copy_text(rm_last_error); // before another call leaves its own
        std::optional<Failure> failed = failure();
        if (failed && failed->status == status)
            throw NodeError(message, *std::move(failed));
        throw Error(status, message);
    }

    Pulled pull_for(std::int64_t timeout)
    {
        auto raw = detail::zeroed<rm_packet>();
        const rm_status status = rm_session_pull(handle(), &raw, timeout);
        Pulled pulled;
        pulled.ended_ = status == RM_END;
        if (in_time(status) && !pulled.ended_)
            pulled.packet_.emplace(raw);
        return pulled;
    }

    rm_status insert_for(std::string_view id, const NodeHandle &node, std::string_view after, std::string_view before,
                         std::int64_t timeout)
    {
        return rm_session_insert(handle(), id.data(), id.size(), node.handle(), after.data(), after.size(),
                                 before.data(), before.size(), timeout);
    }

    std::string text_of(rm_status (*copy)(rm_session, char *, std::size_t, std::size_t *)) const
    {
        return detail::copy_text([&](char *buffer, std::size_t capacity, std::size_t *length) {
            return detail::check(copy(handle(), buffer, capacity, length));
        });
    }
};

} // namespace remotemedia
