// Handle: owns a handle of the C API.
#pragma once

#include <cstdint>
#include <remotemedia.h>
#include <utility>

namespace remotemedia::detail {

/// Owns a handle, or none: the base of everything that has one. Moved from, it has none.
template <rm_status (*Free)(std::uint64_t)>
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(std::uint64_t owned) noexcept : value_(owned) {}
    Handle(Handle &&other) noexcept : value_(other.release()) {}
    Handle &operator=(Handle &&other) noexcept
    {
        Handle(std::move(other)).swap(*this);
        return *this;
    }
    ~Handle()
    {
        if (value_ != 0)
            Free(value_);
    }

    /// For functions of the C API. It stays this object's.
    std::uint64_t handle() const noexcept { return value_; }
    /// Gives the handle up: it is the caller's to free.
    std::uint64_t release() noexcept { return std::exchange(value_, 0); }
    /// Whether there is one.
    explicit operator bool() const noexcept { return value_ != 0; }

protected:
    std::uint64_t *out() noexcept { return &value_; }
    void swap(Handle &other) noexcept { std::swap(value_, other.value_); }

private:
    std::uint64_t value_ = 0;
};

} // namespace remotemedia::detail
