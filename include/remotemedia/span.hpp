// Span: a view of elements in a row.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace remotemedia {

namespace detail {

template <typename Container>
using Element = std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))>;

} // namespace detail

/// A view of elements in a row that somebody else owns: what std::span is from C++20 on.
template <typename T>
class Span {
public:
    constexpr Span() noexcept = default;
    constexpr Span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    /// Of an array, a std::vector, a std::array, a std::string, another span.
    template <typename Container,
              typename = std::enable_if_t<std::is_convertible_v<detail::Element<Container> (*)[], T (*)[]>>>
    constexpr Span(Container &&container) noexcept : Span(std::data(container), std::size(container)) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t at) const noexcept { return data_[at]; }

    /// `count` elements from `offset` on, which must be there.
    constexpr Span subspan(std::size_t offset, std::size_t count) const noexcept { return {data_ + offset, count}; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// The bytes of a vector, an array or a span of plain values.
template <typename Container>
Span<const std::byte> as_bytes(const Container &container) noexcept
{
    static_assert(std::is_trivially_copyable_v<detail::Element<const Container>>, "only plain values are bytes");
    const auto *first = std::data(container);
    return {reinterpret_cast<const std::byte *>(first), std::size(container) * sizeof *first};
}

} // namespace remotemedia
