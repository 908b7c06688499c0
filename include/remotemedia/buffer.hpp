// Buffer: memory that packets share.
#pragma once

#include "error.hpp"
#include "handle.hpp"
#include "span.hpp"

#include <memory>

namespace remotemedia {

/// A reference to memory that packets share instead of copying it. The memory stays until the last reference goes,
/// those of packets included. [any thread]
class Buffer : public detail::Handle<rm_buffer_free> {
public:
    Buffer() noexcept = default;

    /// Takes over a handle of the C API.
    explicit Buffer(rm_buffer owned) : Handle(owned)
    {
        const void *memory = nullptr;
        std::size_t size = 0;
        detail::check(rm_buffer_read(owned, &memory, &size));
        bytes_ = {static_cast<const std::byte *>(memory), size};
    }

    /// Takes over a container, a std::vector<float> for instance, and keeps it until nobody reads its elements any
    /// more.
    template <typename Container>
    static Buffer of(Container container)
    {
        auto owner = std::make_unique<Container>(std::move(container));
        const auto bytes = as_bytes(*owner);
        return wrap(bytes, [owner = std::move(owner)] {});
    }

    /// Memory of somebody else, which must stay as it is until `release` is called: once, also if this call fails, on
    /// any thread. It must neither throw nor call the library.
    template <typename Release>
    static Buffer wrap(Span<const std::byte> memory, Release release)
    {
        static_assert(std::is_nothrow_destructible_v<Release>, "what is to be released must not throw when it goes");
        auto owner = std::make_unique<Release>(std::move(release));
        const auto free = [](void *self) noexcept { (*std::unique_ptr<Release>(static_cast<Release *>(self)))(); };
        Buffer made;
        made.bytes_ = memory;
        detail::check(rm_buffer_wrap(memory.data(), memory.size(), free, owner.release(), made.out()));
        return made;
    }

    /// Memory of the library, not cleared, and aligned for every vector unit: `fill(Span<T>)` writes `count` values
    /// there, now.
    template <typename T = std::byte, typename Fill>
    static Buffer make(std::size_t count, Fill &&fill)
    {
        return filled<T>(rm_buffer_new, count, fill);
    }

    /// The same of memory that a node in a process of its own is given without a copy; it may hold what an older buffer
    /// left behind.
    template <typename T = std::byte, typename Fill>
    static Buffer share(std::size_t count, Fill &&fill)
    {
        return filled<T>(rm_buffer_share, count, fill);
    }

    Span<const std::byte> bytes() const noexcept { return bytes_; }
    /// The same memory as values of another type, which it must be aligned for.
    template <typename T>
    Span<const T> as() const noexcept
    {
        return {reinterpret_cast<const T *>(bytes_.data()), bytes_.size() / sizeof(T)};
    }


    /// The bytes to write in place. Throws RM_ERR_STATE if somebody else has the memory, a packet for instance, or if
    /// it is not the library's. Not while another thread has the buffer.
    Span<std::byte> write()
    {
        void *memory = nullptr;
        std::size_t size = 0;
        detail::check(rm_buffer_write(handle(), &memory, &size));
        return {static_cast<std::byte *>(memory), size};
    }

private:
    template <typename T, typename Fill>
    static Buffer filled(rm_status (*get)(std::size_t, void **, rm_buffer *), std::size_t count, Fill &fill)
    {
        static_assert(std::is_trivially_copyable_v<T>, "only plain values are bytes");
        if (count > static_cast<std::size_t>(-1) / sizeof(T))
            throw Error(RM_ERR_MEMORY, std::to_string(count) + " values are more than memory can hold");
        void *memory = nullptr;
        Buffer made;
        detail::check(get(count * sizeof(T), &memory, made.out()));
        made.bytes_ = {static_cast<const std::byte *>(memory), count * sizeof(T)};
        fill(Span<T>(static_cast<T *>(memory), count));
        return made;
    }

    Span<const std::byte> bytes_;
};

} // namespace remotemedia
