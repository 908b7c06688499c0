// in_process: a node in a process of its own.
#pragma once

#include "runtime.hpp"

namespace remotemedia {

/// How a node runs in a process of its own. Times of 0 stand for what remotemedia.h says.
struct ProcessOptions {
    /// The program and its arguments. It is given one more: the number of the socket that Service takes.
    std::vector<std::string> command;
    /// Gives what the program is to make the node of, and gets as Service::payload; called before each start, on any
    /// thread. If it throws, the node fails.
    std::function<std::string()> pack;
    /// Told what the process logs: level (10 debug … 50 critical), logger, text. What it throws is lost.
    std::function<void(std::uint32_t level, std::string_view name, std::string_view text)> on_log;
    /// What the node is; `accepts` and `emits` do not count.
    NodeOptions node;
    std::chrono::nanoseconds start_timeout{0};
    std::chrono::nanoseconds stop_timeout{0};
    std::chrono::nanoseconds restart_delay{0};
    /// How often the process is started again after it has died.
    std::uint32_t restarts = 0;
};

namespace detail {

/// The callbacks of a process node; `user_data` is its ProcessOptions, from the heap.
struct ProcessCallbacks {
    static rm_status pack(void *self) noexcept
    {
        return run([&](Call &) {
            const std::string payload = static_cast<ProcessOptions *>(self)->pack();
            check(rm_call_part(payload.data(), payload.size()));
        });
    }

    static void log(void *self, std::uint32_t level, const char *name, std::size_t name_size, const char *text,
                    std::size_t size) noexcept
    {
        const auto &on_log = static_cast<ProcessOptions *>(self)->on_log;
        run_untold([&] { on_log(level, std::string_view(name, name_size), std::string_view(text, size)); });
    }
};

} // namespace detail

/// A node whose calls are made in another process, which is started for the first session and dies with this one. If
/// it dies itself, the call that it was in fails. Throws RM_ERR_ARGUMENT for options that make no sense.
inline NodeHandle in_process(ProcessOptions options)
{
    const std::string command = detail::joined(options.command);
    auto owner = std::make_unique<ProcessOptions>(std::move(options));
    const NodeOptions &is = owner->node;
    auto config = detail::zeroed<rm_process_config>();
    config.flags = (is.source ? RM_NODE_SOURCE : 0u) | (is.match ? RM_NODE_MATCH : 0u);
    config.user_data = owner.get();
    config.destroy = detail::destroy<ProcessOptions>;
    config.on_log = owner->on_log ? detail::ProcessCallbacks::log : nullptr;
    config.command = command.data();
    config.command_size = command.size();
    config.pack = owner->pack ? detail::ProcessCallbacks::pack : nullptr;
    config.inputs = is.inputs.data();
    config.inputs_size = is.inputs.size();
    config.outputs = is.outputs.data();
    config.outputs_size = is.outputs.size();
    config.match_tolerance = is.match.value_or(std::chrono::nanoseconds()).count();
    config.start_timeout = owner->start_timeout.count();
    config.stop_timeout = owner->stop_timeout.count();
    config.restart_delay = owner->restart_delay.count();
    config.restarts = owner->restarts;
    rm_node made = 0;
    owner.release(); // `destroy` is called also on failure
    detail::check(rm_process_new(0, &config, &made));
    return NodeHandle(made);
}

} // namespace remotemedia
