// Runtime: what pipelines run on.
#pragma once

#include "node.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace remotemedia {

/// How a runtime is to be.
struct RuntimeOptions {
    /// How many threads are kept busy at once; 0 stands for one a processor.
    std::uint32_t threads = 0;
    /// The program, and its arguments, that runs nodes of the type `module:Class`; Python if there is none.
    std::vector<std::string> worker;
    /// What each of the library's own threads does first: its priority, its processor. What it throws is lost. A thread
    /// may start late, after `shutdown` and when the Runtime is gone: let the function own what it uses. It is
    /// destroyed after the last call of either.
    std::function<void()> on_thread_start;
    /// What each does last, which may be late in the same way.
    std::function<void()> on_thread_stop;
};

namespace detail {

/// The program and its arguments, each ended by a zero byte.
inline std::string joined(const std::vector<std::string> &command)
{
    std::string all;
    for (const std::string &word : command)
        all.append(word).push_back('\0');
    return all;
}

/// A time as the C API has it: none at all waits without end, one that is over does not wait.
inline std::int64_t timeout_of(std::chrono::nanoseconds timeout) noexcept
{
    return std::max<std::int64_t>(timeout.count(), 0);
}

struct Hooks {
    std::function<void()> on_start, on_stop;

    template <std::function<void()> Hooks::*Hook>
    static void call(void *self) noexcept
    {
        if (const auto &hook = static_cast<Hooks *>(self)->*Hook)
            run_untold(hook);
    }
};

/// How nodes of a type are made.
struct Type {
    std::function<NodeHandle(std::string_view, std::string_view)> create;
    std::function<NodeHandle(std::string_view, std::string_view, std::string_view)> create_process;

    static rm_status make(void *self, const char *id, std::size_t id_size, const char *parameters, std::size_t size,
                          std::uint64_t *node) noexcept
    {
        const auto &create = static_cast<Type *>(self)->create;
        return run([&](Call &) { *node = create({id, id_size}, {parameters, size}).release(); });
    }

    static rm_status make_process(void *self, const char *id, std::size_t id_size, const char *parameters,
                                  std::size_t size, const char *options, std::size_t options_size,
                                  std::uint64_t *node) noexcept
    {
        const auto &create = static_cast<Type *>(self)->create_process;
        return run([&](Call &) {
            *node = create({id, id_size}, {parameters, size}, {options, options_size}).release();
        });
    }
};

} // namespace detail

/// Threads, node types, and the sessions that are running.
class Runtime : public detail::Handle<rm_runtime_free> {
public:
    /// Threads start when they are needed. Throws RM_ERR_VERSION if the library is not of this header's version.
    explicit Runtime(const RuntimeOptions &options = {})
    {
        auto hooks = std::make_unique<detail::Hooks>(detail::Hooks{options.on_thread_start, options.on_thread_stop});
        auto table = detail::zeroed<rm_thread_hooks>();
        table.user_data = hooks.get();
        table.destroy = detail::destroy<detail::Hooks>;
        table.on_start = detail::Hooks::call<&detail::Hooks::on_start>;
        table.on_stop = detail::Hooks::call<&detail::Hooks::on_stop>;
        const std::string worker = detail::joined(options.worker);
        auto config = detail::zeroed<rm_runtime_config>();
        config.abi_version = RM_ABI_VERSION;
        config.threads = options.threads;
        config.worker = worker.empty() ? nullptr : worker.data();
        config.worker_size = worker.size();
        config.hooks = &table;
        hooks.release(); // `destroy` is called also on failure
        detail::check(rm_runtime_new(&config, out()));
    }

    // The destructor cancels what runs and waits for it, for up to five seconds. Not in a callback of a node, where
    // it would wait for itself: there it does nothing.

    /// Cancels every session, has the nodes cleaned up and the threads return. Answers how many of these were still
    /// inside a call when the time was up. Throws RM_ERR_REENTRANT in a callback.
    std::uint32_t shutdown(std::chrono::nanoseconds timeout)
    {
        std::uint32_t stuck = 0;
        const rm_status status = rm_runtime_shutdown(handle(), detail::timeout_of(timeout), &stuck);
        if (status != RM_ERR_TIMEOUT)
            detail::check(status);
        return stuck;
    }

    /// Adds a type of node that manifests can name, or replaces the one of that name: `create(id, parameters)`
    /// answers a NodeHandle, or what one is made of, when a session is opened, on that thread; `parameters` is a JSON
    /// object. `create_process(id, parameters, options)`, if there is one, answers one that is in a process, where
    /// `options` is the JSON object of the manifest's `process`. What they throw, the opening of the session throws.
    void add_type(std::string_view name, std::function<NodeHandle(std::string_view, std::string_view)> create,
                  std::function<NodeHandle(std::string_view, std::string_view, std::string_view)> create_process = {})
    {
        auto type = std::make_unique<detail::Type>(detail::Type{std::move(create), std::move(create_process)});
        auto table = detail::zeroed<rm_type_callbacks>();
        table.user_data = type.get();
        table.destroy = detail::destroy<detail::Type>;
        table.create = type->create ? detail::Type::make : nullptr;
        table.create_process = type->create_process ? detail::Type::make_process : nullptr;
        type.release(); // `destroy` is called also on failure
        detail::check(rm_runtime_add_type(handle(), name.data(), name.size(), &table));
    }

    /// Adds a class as a type: `T(parameters)`, a std::string_view with a JSON object, makes a node.
    template <typename T>
    void add_type(std::string_view name)
    {
        add_type(name, [](std::string_view, std::string_view parameters) { return std::make_unique<T>(parameters); });
    }

    /// Loads a plugin, a shared library that adds node types, and that stays in memory until the process ends; one that
    /// the runtime has already is left as it is. Throws RM_ERR_PLUGIN, and says why it cannot be used, or
    /// RM_ERR_VERSION.
    void load_plugin(std::string_view path)
    {
        detail::check(rm_runtime_load_plugin(handle(), path.data(), path.size()));
    }

    /// The names of the node types, as a JSON array.
    std::string types() const
    {
        return detail::copy_text([this](char *buffer, std::size_t capacity, std::size_t *length) {
            return detail::check(rm_runtime_types(handle(), buffer, capacity, length));
        });
    }

protected:
    /// A handle that somebody else has.
    struct Lent {
        rm_runtime handle;
    };
    /// For those who give it back, with `release`, before they go.
    explicit Runtime(Lent lent) noexcept : Handle(lent.handle) {}
};

} // namespace remotemedia
