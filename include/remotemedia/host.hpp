// Host: threads of the program that make the calls of its nodes.
#pragma once

#include "runtime.hpp"

namespace remotemedia {

/// Has the calls of nodes made on threads that the program chooses: that of an event loop or a user interface. Give
/// its `handle` to the NodeHandles. When it goes, nodes of it that are still in use fail instead of being called.
class Host : public detail::Handle<rm_host_free> {
public:
    /// `hire` is called on any thread, with no lock held: it has the event loop call `pump`, once, or starts a thread
    /// that calls `lend`. If it throws, nobody comes. `parallel` is how many threads are kept busy at once.
    Host(const Runtime &runtime, std::function<void()> hire, std::uint32_t parallel = 1)
    {
        auto owner = std::make_unique<std::function<void()>>(std::move(hire));
        auto table = detail::zeroed<rm_host_callbacks>();
        table.parallel = parallel;
        table.user_data = owner.get();
        table.destroy = detail::destroy<std::function<void()>>;
        table.hire = [](void *self) noexcept {
            return detail::run([&](Call &) { (*static_cast<std::function<void()> *>(self))(); });
        };
        table.retain = table.release = [](void *, void *) noexcept {}; // it has no objects of its own
        owner.release(); // `destroy` is called also on failure
        detail::check(rm_host_new(runtime.handle(), &table, out()));
    }

    /// Makes the calls that are due, on this thread; after `budget` no other is begun. Answers whether something is
    /// left: then call it again. Not in a callback.
    bool pump(std::chrono::nanoseconds budget)
    {
        return detail::check(rm_pump(handle(), detail::timeout_of(budget))) == RM_MORE;
    }

    /// Lends this thread: makes calls until the runtime is shut down. Shut it down, and join the thread, before the
    /// host goes. Not in a callback.
    void lend() { detail::check(rm_worker_run(handle())); }
};

} // namespace remotemedia
