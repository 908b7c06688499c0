// Hosts: calls of nodes on the threads that the program chooses.

#include "check.hpp"

#include <atomic>
#include <vector>

static void an_event_loop_makes_the_calls(rm::Runtime &runtime)
{
    std::atomic<bool> due{false};
    rm::Host host(runtime, [&] { due = true; });
    const auto loop = std::this_thread::get_id();
    const auto here = [loop](rm::PacketView in, rm::Call &call) {
        CHECK(std::this_thread::get_id() == loop);
        call.emit(in);
    };
    rm::Session session = open(runtime, rm::NodeHandle(here, {}, host.handle()));
    session.push(rm::text("x"));
    session.end();
    int outputs = 0;
    for (rm::Pulled pulled; !pulled.ended(); pulled = session.pull(1ms)) {
        outputs += static_cast<bool>(pulled);
        if (due.exchange(false))
            while (host.pump(1s)) {
            }
    }
    CHECK_EQUAL(outputs, 1);
}

static void a_thread_may_be_lent(rm::Runtime &runtime)
{
    std::vector<std::thread> threads;
    {
        rm::Host host(runtime, [&] { threads.emplace_back([&] { host.lend(); }); });
        const auto here = [&](rm::PacketView in, rm::Call &call) {
            CHECK(std::this_thread::get_id() == threads.front().get_id());
            call.emit(in);
        };
        rm::Session session = open(runtime, rm::NodeHandle(here, {}, host.handle()));
        session.push(rm::text("x"));
        expect(session, "x");
        finish(session);
        CHECK_EQUAL(runtime.shutdown(patience), 0u);
    }
    for (std::thread &thread : threads)
        thread.join();
}

static void one_that_cannot_hire_lets_its_nodes_down(rm::Runtime &runtime)
{
    rm::Host host(runtime, [] { throw std::runtime_error("nobody is there"); });
    rm::Session session = open(runtime, rm::NodeHandle(pass, {}, host.handle()));
    CHECK_EQUAL(THROWN(rm::NodeError, session.wait()).status(), RM_ERR_STATE);
}

int main()
{
    RUN_ON(an_event_loop_makes_the_calls);
    RUN_ON(a_thread_may_be_lent);
    RUN_ON(one_that_cannot_hire_lets_its_nodes_down);
}
