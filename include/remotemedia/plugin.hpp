// plugin: a shared library that brings node types.
#pragma once

#include "runtime.hpp"

/// What a plugin exports: the one thing that it has to define, with remotemedia::plugin.
extern "C" [[gnu::visibility("default")]] const rm_plugin rm_plugin_entry;

namespace remotemedia {

namespace detail {

template <void (*AddTypes)(Runtime &)>
rm_status start_plugin(rm_runtime handle) noexcept
{
    /// The runtime of whoever loads the plugin.
    struct Borrowed : Runtime {
        explicit Borrowed(rm_runtime lent) noexcept : Runtime(Lent{lent}) {}
        ~Borrowed() { release(); }
    };
    return run([&](Call &) {
        Borrowed runtime(handle);
        AddTypes(runtime);
    });
}

} // namespace detail

/// A plugin whose function adds node types to each runtime that loads it; what it throws is why it is refused, and what
/// it has added is gone then. The texts must be constants.
///
///     const rm_plugin rm_plugin_entry = remotemedia::plugin<add_types>("gain", "1.0");
template <void (*AddTypes)(Runtime &)>
constexpr rm_plugin plugin(std::string_view name, std::string_view version) noexcept
{
    return {sizeof(rm_plugin), RM_ABI_VERSION,  name.data(), name.size(), version.data(), version.size(),
            detail::start_plugin<AddTypes>};
}

} // namespace remotemedia
