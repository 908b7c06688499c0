// PacketView, Packet: what flows through a pipeline.
#pragma once

#include "buffer.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <string_view>

namespace remotemedia {

/// What a packet has in it.
enum class Kind : std::uint32_t {
    none = RM_KIND_NONE,
    audio = RM_KIND_AUDIO,
    text = RM_KIND_TEXT,
    json = RM_KIND_JSON,
    bytes = RM_KIND_BYTES,
    object = RM_KIND_OBJECT,
    failure = RM_KIND_FAILURE,
};

/// Several kinds, as in `{Kind::text, Kind::json}`. None at all stands for any.
class Kinds {
public:
    constexpr Kinds() noexcept = default;
    constexpr Kinds(Kind kind) noexcept : bits_(1u << static_cast<std::uint32_t>(kind)) {}
    constexpr Kinds(std::initializer_list<Kind> kinds) noexcept
    {
        for (const Kind kind : kinds)
            bits_ |= Kinds(kind).bits_;
    }
    constexpr std::uint32_t bits() const noexcept { return bits_; }

private:
    std::uint32_t bits_ = 0;
};

namespace detail {

inline std::string name_of(Kind kind)
{
    constexpr const char *names[] = {"nothing", "audio", "text", "json", "bytes", "an object", "a failure"};
    const auto at = static_cast<std::size_t>(kind);
    return at < std::size(names) ? names[at] : "something unknown";
}

/// What stands between the quotes of a JSON string, where the library escapes nothing but what must be.
inline std::string unescape(std::string_view json)
{
    constexpr std::string_view letters = "bfnrt", meant = "\b\f\n\r\t";
    std::string text;
    for (std::size_t at = 0; at < json.size(); at++) {
        if (json[at] != '\\' || at + 1 == json.size()) {
            text += json[at];
            continue;
        }
        const char next = json[++at];
        if (const auto letter = letters.find(next); letter != std::string_view::npos) {
            text += meant[letter];
        } else if (next == 'u') { // always a control character: \u00xx
            unsigned code = 0;
            std::from_chars(json.data() + at + 1, json.data() + std::min(at + 5, json.size()), code, 16);
            text += static_cast<char>(code);
            at += 4;
        } else {
            text += next;
        }
    }
    return text;
}

inline std::optional<std::chrono::nanoseconds> known(std::int64_t time) noexcept
{
    return time == RM_TIME_NONE ? std::nullopt : std::optional(std::chrono::nanoseconds(time));
}

} // namespace detail

/// A packet that somebody else owns, as a std::string_view is a string that somebody else owns: cheap to copy, and
/// good for as long as what it looks at. A node is given one for the call; `text`, `json`, `bytes` and `audio` make
/// one to send.
class PacketView {
public:
    explicit PacketView(const rm_packet &raw) noexcept : raw_(raw) {}

    Kind kind() const noexcept { return static_cast<Kind>(raw_.kind); }
    /// When it is to be presented. What a node emits without a time has that of its input.
    std::optional<std::chrono::nanoseconds> pts() const noexcept { return detail::known(raw_.pts); }
    /// How long it lasts.
    std::optional<std::chrono::nanoseconds> duration() const noexcept { return detail::known(raw_.duration); }
    /// The number of the input that caused it.
    std::optional<std::uint64_t> index() const noexcept
    {
        return raw_.index == RM_INDEX_NONE ? std::nullopt : std::optional(raw_.index);
    }
    /// The number of the port that it came in at.
    std::uint32_t port() const noexcept { return raw_.port; }
    /// A JSON object, or nothing.
    std::string_view metadata() const noexcept { return {raw_.metadata, raw_.metadata_size}; }

    // What is in it. Asked for something else, these throw RM_ERR_INPUT, which says what was expected.

    std::string_view text() const { return characters(Kind::text); }
    std::string_view json() const { return characters(Kind::json); }
    Span<const std::byte> bytes() const { return as<std::byte>(Kind::bytes); }
    /// The samples of all channels, one plane after the other.
    Span<const float> samples() const { return as<float>(Kind::audio); }
    /// The samples of one channel. Throws RM_ERR_ARGUMENT if there is no such channel.
    Span<const float> plane(std::uint32_t channel) const
    {
        if (const std::size_t count = frames(); channel < raw_.channels)
            return samples().subspan(channel * count, count);
        throw Error(RM_ERR_ARGUMENT, "there is no channel " + std::to_string(channel) + " among " +
                                         std::to_string(raw_.channels));
    }
    /// How many samples each channel has.
    std::size_t frames() const { return samples().size() / std::max(raw_.channels, 1u); }
    std::uint32_t channels() const noexcept { return raw_.channels; }
    /// Samples a second.
    std::uint32_t sample_rate() const noexcept { return raw_.sample_rate; }
    /// What stands for an item at which a node has failed, in a session with OnError::collect.
    Failure failure() const
    {
        Failure failure{{}, RM_ERR_NODE, std::string(characters(Kind::failure)), index(), pts()};
        constexpr std::string_view head = R"({"node":")", middle = R"(","status":)";
        const std::string_view json = metadata();
        const std::size_t end = json.rfind(middle);
        if (end != std::string_view::npos) {
            failure.node = detail::unescape(json.substr(head.size(), end - head.size()));
            std::from_chars(json.data() + end + middle.size(), json.data() + json.size(), failure.status);
        }
        return failure;
    }

    // The same packet with something else about it.

    PacketView with_pts(std::chrono::nanoseconds pts) const noexcept { return with(&rm_packet::pts, pts.count()); }
    PacketView with_duration(std::chrono::nanoseconds time) const noexcept
    {
        return with(&rm_packet::duration, time.count());
    }
    /// The number of the output port that it is emitted at.
    PacketView with_port(std::uint32_t port) const noexcept { return with(&rm_packet::port, port); }
    /// `json` is an object in UTF-8, borrowed like everything else.
    PacketView with_metadata(std::string_view json) const noexcept
    {
        return with(&rm_packet::metadata, json.data()).with(&rm_packet::metadata_size, json.size());
    }
    /// Its bytes lie in this buffer, and are shared instead of copied.
    PacketView in(const Buffer &buffer) const noexcept { return with(&rm_packet::buffer, buffer.handle()); }

    const rm_packet &raw() const noexcept { return raw_; }

private:
    template <typename T>
    PacketView with(T rm_packet::*field, T value) const noexcept
    {
        PacketView changed(*this);
        changed.raw_.*field = value;
        return changed;
    }

    template <typename T>
    Span<const T> as(Kind expected) const
    {
        if (kind() != expected)
            throw Error(RM_ERR_INPUT, "expected " + detail::name_of(expected) + ", got " + detail::name_of(kind()));
        return {static_cast<const T *>(raw_.data), raw_.size / sizeof(T)};
    }

    std::string_view characters(Kind expected) const
    {
        const auto found = as<char>(expected);
        return {found.data(), found.size()};
    }

    rm_packet raw_;
};

/// A packet that a session has given: its memory is this object's.
class Packet : public PacketView {
public:
    /// Takes over `raw.buffer`.
    explicit Packet(const rm_packet &raw) noexcept : PacketView(raw), buffer_(raw.buffer) {}

    /// What is in it, to write in place; pushed again, it is not copied. Throws RM_ERR_STATE if somebody else has the
    /// memory, or if it is not the library's.
    Span<std::byte> write()
    {
        if (raw().size == 0)
            return {};
        void *memory = nullptr;
        std::size_t size = 0; // of the whole buffer, which may have the metadata behind
        detail::check(rm_buffer_write(buffer_.handle(), &memory, &size));
        return {static_cast<std::byte *>(memory), raw().size};
    }

private:
    detail::Handle<rm_buffer_free> buffer_;
};

namespace detail {

inline PacketView view_of(Kind kind, const void *data, std::size_t size) noexcept
{
    auto raw = zeroed<rm_packet>();
    raw.kind = static_cast<std::uint32_t>(kind);
    raw.pts = raw.duration = RM_TIME_NONE;
    raw.index = RM_INDEX_NONE;
    raw.data = data;
    raw.size = size;
    return PacketView(raw);
}

} // namespace detail

// Packets to send. What they are made of is borrowed until they have been sent, and copied then, unless it is in a
// buffer.

/// A packet of text in UTF-8.
inline PacketView text(std::string_view utf8) noexcept
{
    return detail::view_of(Kind::text, utf8.data(), utf8.size());
}

/// A packet with a JSON document.
inline PacketView json(std::string_view utf8) noexcept
{
    return detail::view_of(Kind::json, utf8.data(), utf8.size());
}

/// A packet of bytes; `as_bytes` makes them of other things.
inline PacketView bytes(Span<const std::byte> data) noexcept
{
    return detail::view_of(Kind::bytes, data.data(), data.size());
}

/// The same, of a whole buffer.
inline PacketView bytes(const Buffer &buffer) noexcept
{
    return bytes(buffer.bytes()).in(buffer);
}

/// A packet of audio: the planes of all channels, one after the other, each as long as the others.
inline PacketView audio(Span<const float> planes, std::uint32_t sample_rate, std::uint32_t channels) noexcept
{
    rm_packet raw = detail::view_of(Kind::audio, planes.data(), planes.size() * sizeof(float)).raw();
    raw.sample_rate = sample_rate;
    raw.channels = channels;
    return PacketView(raw);
}

/// The same, of a whole buffer.
inline PacketView audio(const Buffer &planes, std::uint32_t sample_rate, std::uint32_t channels) noexcept
{
    return audio(planes.as<float>(), sample_rate, channels).in(planes);
}

} // namespace remotemedia
