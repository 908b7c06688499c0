// Hosts: calls of nodes on the threads that the program chooses.

#include "check.hpp"

#include <atomic>
#include <mutex>
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

/// Threads that are lent, as many as are asked for.
class Lender {
public:
    explicit Lender(rm::Runtime &runtime) : runtime_(runtime), host(runtime, [this] { hire(); }) {}

    ~Lender()
    {
        CHECK_EQUAL(runtime_.shutdown(patience), 0u); // has them return
        for (std::thread &thread : threads_)
            thread.join();
    }

private:
    void hire()
    {
        const std::lock_guard lock(mutex_);
        threads_.emplace_back([this] {
            lent = true;
            host.lend();
        });
    }

    rm::Runtime &runtime_;
    std::mutex mutex_;
    std::vector<std::thread> threads_;

public:
    rm::Host host;
    static inline thread_local bool lent = false;
};

static void threads_may_be_lent(rm::Runtime &runtime)
{
    Lender lender(runtime);
    const auto there = [](rm::PacketView in, rm::Call &call) {
        CHECK(Lender::lent);
        call.emit(in);
    };
    rm::Session session = open(runtime, rm::NodeHandle(there, {}, lender.host.handle()));
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
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
    RUN_ON(threads_may_be_lent);
    RUN_ON(one_that_cannot_hire_lets_its_nodes_down);
}
