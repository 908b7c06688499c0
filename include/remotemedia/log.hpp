// LogRecord: what the library has to say, which the program takes when it likes.
#pragma once

#include "error.hpp"

#include <algorithm>
#include <string_view>

namespace remotemedia {

enum class LogLevel : std::uint32_t {
    /// What only somebody who looks for an error wants to know.
    debug = RM_LOG_DEBUG,
    /// What happens in the normal course.
    info = RM_LOG_INFO,
    /// What nobody may have noticed.
    warning = RM_LOG_WARNING,
    /// A defect.
    error = RM_LOG_ERROR,
};

/// A record of the log.
struct LogRecord {
    LogLevel level = LogLevel::debug;
    std::chrono::system_clock::time_point time;
    /// How many records before it were lost, because nobody took them in time.
    std::uint64_t dropped = 0;
    /// What it is about: "misuse", "session", "node", "worker", "process", "packet" or "plugin". Valid for ever.
    std::string_view category;
    std::string text;
};

/// Takes the oldest record of the log, which is that of the whole process, if there is one. `while (auto record =
/// drain_log())` takes them all. [any thread]
inline std::optional<LogRecord> drain_log()
{
    auto raw = detail::zeroed<rm_log_record>();
    char text[RM_LOG_TEXT_MAX];
    if (detail::check(rm_log_drain(&raw, text, sizeof text)) == RM_END)
        return std::nullopt;
    const std::chrono::nanoseconds since_1970(raw.time);
    return LogRecord{static_cast<LogLevel>(raw.level),
                     std::chrono::system_clock::time_point(
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(since_1970)),
                     raw.dropped,
                     {raw.category, raw.category_size},
                     {text, std::min(raw.text_size, sizeof text)}};
}

/// Sets which levels are written to the log from now on, in the whole process: "warn", or
/// "info,session=debug,misuse=off". Throws RM_ERR_ARGUMENT for a level or a category that there is not; then nothing
/// has changed. [any thread]
inline void set_log_levels(std::string_view levels)
{
    detail::check(rm_log_set_levels(levels.data(), levels.size()));
}

} // namespace remotemedia
