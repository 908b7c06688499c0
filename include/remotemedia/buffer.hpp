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

    /// Memory that a node in a process of its own is given without a copy; `fill(Span<std::byte>)` writes it, now.
    template <typename Fill>
    static Buffer share(std::size_t size, Fill &&fill)
    {
        void *memory = nullptr;
        Buffer made;
        detail::check(rm_buffer_share(size, &memory, made.out()));
        made.bytes_ = {static_cast<const std::byte *>(memory), size};
        fill(Span<std::byte>(static_cast<std::byte *>(memory), size));
        return made;
    }

    Span<const std::byte> bytes() const noexcept { return bytes_; }
    /// The same memory as values of another type, which it must be aligned for.
    template <typename T>
    Span<const T> as() const noexcept
    {
        return {reinterpret_cast<const T *>(bytes_.data()), bytes_.size() / sizeof(T)};
    }

private:
    Span<const std::byte> bytes_;
};

} // namespace remotemedia
