// Runtimes: their threads' hooks, their end, and what they wait for.

#include "check.hpp"

#include <atomic>
#include <future>

/// Kept by the hooks themselves: a thread may be late, and call them when its runtime is gone.
struct Counts {
    std::atomic<int> started{0}, stopped{0};
};

static void hooks_are_called_on_each_thread()
{
    const auto counts = std::make_shared<Counts>();
    rm::RuntimeOptions options;
    options.threads = 2;
    options.on_thread_start = [counts] { counts->started++; };
    options.on_thread_stop = [counts] { counts->stopped++; };
    {
        rm::Runtime runtime(options);
        rm::Session session = open(runtime, pass);
        session.push(rm::text("x"));
        expect(session, "x");
        finish(session);
        CHECK(counts->started > 0);
        CHECK_EQUAL(runtime.shutdown(patience), 0u);
    }
    options = {};
    await([&] { return counts.use_count() == 1; });
    CHECK_EQUAL(counts->stopped.load(), counts->started.load());
}

static void hooks_may_throw()
{
    const auto counts = std::make_shared<Counts>();
    rm::RuntimeOptions options;
    options.on_thread_start = [counts] {
        counts->started++;
        throw 42;
    };
    options.on_thread_stop = [] { throw std::runtime_error("has nobody to tell"); };
    {
        rm::Runtime runtime(options);
        rm::Session session = open(runtime, pass);
        session.push(rm::text("x"));
        expect(session, "x");
        finish(session);
    }
    CHECK(counts->started > 0);
    options = {};
    await([&] { return counts.use_count() == 1; });
}

static void a_shutdown_says_who_is_stuck()
{
    std::promise<void> reached, release;
    rm::Runtime runtime;
    rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &) {
        reached.set_value();
        release.get_future().wait();
    });
    session.push(rm::text("x"));
    reached.get_future().wait();
    CHECK_EQUAL(runtime.shutdown(1ms), 1u);
    release.set_value();
    CHECK_EQUAL(runtime.shutdown(patience), 0u);
    rm::Pipeline pipeline(runtime);
    pipeline.add("node", pass);
    CHECK_EQUAL(THROWN(rm::Error, rm::Session{pipeline}).status(), RM_ERR_STATE);
}

static void it_waits_for_the_nodes_of_sessions_that_are_gone()
{
    std::atomic<bool> returned{false};
    {
        rm::Runtime runtime;
        std::promise<void> reached;
        rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &) {
            reached.set_value();
            std::this_thread::sleep_for(50ms);
            returned = true;
        });
        session.push(rm::text("x"));
        reached.get_future().wait();
    }
    CHECK(returned);
}

static void a_worker_may_be_named()
{
    rm::RuntimeOptions options;
    options.worker = {"/nowhere/at/all", "--worker"};
    rm::Runtime runtime(options);
    rm::Pipeline pipeline(runtime);
    pipeline.load(R"({"version": "v1", "nodes": [
        {"id": "node", "node_type": "some.module:Class", "executor": "process"}]})");
    rm::Session session(pipeline);
    CHECK_SAYS(THROWN(rm::Error, session.wait()).what(), "/nowhere/at/all");
}

static void it_does_not_stop_itself(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &) { runtime.shutdown(patience); });
    session.push(rm::text("x"));
    CHECK_EQUAL(THROWN(rm::NodeError, session.wait()).status(), RM_ERR_NODE);
}

static void the_library_has_a_version()
{
    CHECK_EQUAL(rm::version(), REMOTEMEDIA_VERSION);
}

int main()
{
    RUN(hooks_are_called_on_each_thread);
    RUN(hooks_may_throw);
    RUN(a_shutdown_says_who_is_stuck);
    RUN(it_waits_for_the_nodes_of_sessions_that_are_gone);
    RUN(a_worker_may_be_named);
    RUN_ON(it_does_not_stop_itself);
    RUN(the_library_has_a_version);
}
