// Ring: packets to and from a thread that must never wait.
#pragma once

#include "session.hpp"

namespace remotemedia {

/// Which way the packets of a ring go.
enum class Direction : std::uint32_t {
    /// From the real-time thread into the session.
    input = RM_RING_INPUT,
    /// Out of the session to the real-time thread.
    output = RM_RING_OUTPUT,
};

/// How a ring is to be.
struct RingOptions {
    Direction direction = Direction::input;
    /// How many bytes the largest packet has. So much is allocated for each, at once.
    std::size_t size = 0;
    /// How many packets it holds; 0 stands for 16.
    std::uint32_t capacity = 0;
    /// How often the library looks for what the real-time thread has done, since that cannot wake it; 0 stands for a
    /// millisecond.
    std::chrono::nanoseconds period{0};
};

/// What has become of the packets of a ring.
struct RingStats {
    /// How many packets lie in it.
    std::uint32_t queued;
    /// How many packets were pushed, or pulled.
    std::uint64_t packets;
    /// How often a push found it full, and a pull empty.
    std::uint64_t overruns, underruns;
    /// How many packets were left out, see rm_ring_stats.
    std::uint64_t dropped;
};

/// What a pull from a ring has brought: a packet in the memory that it was given, or why there is none.
class RingPulled {
public:
    RingPulled(rm_status status, const rm_packet &raw) noexcept : status_(status), packet_(raw) {}

    /// Whether there is a packet.
    explicit operator bool() const noexcept { return status_ == RM_OK; }
    const PacketView &operator*() const noexcept { return packet_; }
    const PacketView *operator->() const noexcept { return &packet_; }
    /// The session has ended well, and every packet has been taken.
    bool ended() const noexcept { return status_ == RM_END; }
    /// RM_OK, RM_END, RM_ERR_TIMEOUT if the ring is empty, or what is wrong.
    rm_status status() const noexcept { return status_; }

private:
    rm_status status_;
    PacketView packet_;
};

/// Packets between a session and a thread that must never wait, such as the callback of a sound card, which calls
/// `try_push` or `try_pull`; everything else is for other threads. The session goes on when the ring goes.
class Ring : public detail::Handle<rm_ring_free> {
public:
    /// Allocates all memory. Throws RM_ERR_ARGUMENT for options that make no sense, RM_ERR_STATE for an input ring of a
    /// session that takes no input.
    Ring(const Session &session, const RingOptions &options)
    {
        auto config = detail::zeroed<rm_ring_config>();
        config.direction = static_cast<std::uint32_t>(options.direction);
        config.capacity = options.capacity;
        config.size = options.size;
        config.period = options.period.count();
        detail::check(rm_ring_new(session.handle(), &config, out()));
    }

    // The next two neither allocate, lock, wait, throw, nor make a system call. One thread at a time.

    /// Copies a packet of audio, text or bytes into an input ring. Answers RM_OK, RM_ERR_TIMEOUT if it is full, or what
    /// is wrong.
    rm_status try_push(const PacketView &packet) noexcept { return rm_ring_try_push(handle(), &packet.raw()); }

    /// Copies the next packet of an output ring into memory with room for RingOptions::size bytes. Look at its `kind`
    /// first: what is asked for something else throws.
    RingPulled try_pull(Span<std::byte> memory) noexcept
    {
        auto raw = detail::zeroed<rm_packet>();
        const rm_status status = rm_ring_try_pull(handle(), &raw, memory.data(), memory.size());
        return RingPulled(status, raw);
    }

    /// No more packets will be pushed: after those in the ring the session's input ends. Throws RM_ERR_STATE for an
    /// output ring.
    void end() { detail::check(rm_ring_end(handle())); }

    RingStats stats() const
    {
        auto raw = detail::zeroed<rm_ring_stats>();
        detail::check(rm_ring_get_stats(handle(), &raw));
        return {raw.queued, raw.packets, raw.overruns, raw.underruns, raw.dropped};
    }
};

} // namespace remotemedia
