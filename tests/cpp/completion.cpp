// Completions: outcomes that come later, from any thread, once.

#include "check.hpp"

#include <atomic>
#include <future>

/// A node that leaves its completions to whoever takes them.
class Later : public rm::Node {
public:
    void process(rm::PacketView, rm::Call &call) override { completion_.set_value(call.defer()); }
    void resume(rm::Call &call) override { call.emit(rm::text("resumed")); }

    rm::Completion take()
    {
        auto future = completion_.get_future();
        CHECK(future.wait_for(patience) == std::future_status::ready);
        rm::Completion taken = future.get();
        completion_ = {};
        return taken;
    }

private:
    std::promise<rm::Completion> completion_;
};

static void an_outcome_comes_from_another_thread(rm::Runtime &runtime)
{
    const auto node = std::make_shared<Later>();
    rm::Session session = open(runtime, node);
    session.push(rm::text("x").with_pts(7ns));
    std::thread([completion = node->take()]() mutable { CHECK(completion.finish(rm::text("later"))); }).join();
    auto output = session.pull(patience);
    CHECK(output);
    CHECK_EQUAL(output->text(), "later");
    CHECK(output->pts() == 7ns);
    finish(session);
}

static void more_may_come_later(rm::Runtime &runtime)
{
    const auto node = std::make_shared<Later>();
    rm::Session session = open(runtime, node);
    session.push(rm::text("x"));
    CHECK(node->take().more(rm::text("first")));
    expect(session, "first");
    expect(session, "resumed");
    session.push(rm::text("y"));
    CHECK(node->take().more());
    expect(session, "resumed");
    session.push(rm::text("z"));
    CHECK(node->take().finish());
    finish(session);
}

/// What a session says whose node has had its completion ended like this.
template <typename End>
static rm::NodeError end_by(rm::Runtime &runtime, End end)
{
    const auto node = std::make_shared<Later>();
    rm::Session session = open(runtime, node);
    session.push(rm::text("x"));
    end(node->take());
    return THROWN(rm::NodeError, session.wait());
}

static void one_that_is_dropped_fails_its_node(rm::Runtime &runtime)
{
    const auto error = end_by(runtime, [](rm::Completion) {});
    CHECK_EQUAL(error.status(), RM_ERR_NODE);
    CHECK_SAYS(error.what(), "dropped its completion");
    CHECK(error.failure().index == 0u);
}

static void a_failure_may_come_later(rm::Runtime &runtime)
{
    const auto error = end_by(runtime, [](rm::Completion completion) { CHECK(completion.fail("it rained")); });
    CHECK_EQUAL(error.failure().reason, "it rained");
}

static void one_is_used_once(rm::Runtime &runtime)
{
    const auto error = end_by(runtime, [](rm::Completion completion) {
        CHECK(completion.fail("once"));
        CHECK(!completion);
        CHECK_EQUAL(THROWN(rm::Error, completion.finish()).status(), RM_ERR_BAD_HANDLE);
    });
    CHECK_EQUAL(error.failure().reason, "once");
}

static void a_refused_packet_fails_the_node(rm::Runtime &runtime)
{
    const auto error = end_by(runtime, [](rm::Completion completion) {
        CHECK_EQUAL(THROWN(rm::Error, completion.finish(rm::text("\xff"))).status(), RM_ERR_UTF8);
    });
    CHECK_SAYS(error.what(), "dropped its completion");
}

static void a_session_that_has_given_the_call_up_does_not_take_it(rm::Runtime &runtime)
{
    const auto node = std::make_shared<Later>();
    rm::Session session = open(runtime, node);
    session.push(rm::text("x"));
    rm::Completion completion = node->take();
    session.cancel();
    CHECK_EQUAL(THROWN(rm::Error, session.wait()).status(), RM_ERR_CANCELLED);
    CHECK(!completion.finish(rm::text("too late")));
}

static void a_call_that_throws_after_all_has_failed(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [](rm::PacketView, rm::Call &call) {
        const rm::Completion completion = call.defer();
        throw std::runtime_error("changed my mind");
    });
    session.push(rm::text("x"));
    CHECK_EQUAL(THROWN(rm::NodeError, session.wait()).failure().reason, "changed my mind");
}

static void every_callback_may_take_its_time(rm::Runtime &runtime)
{
    struct Slow : rm::Node {
        std::vector<std::thread> threads;
        void later(rm::Call &call)
        {
            threads.emplace_back([completion = call.defer()]() mutable { CHECK(completion.finish()); });
        }
        void initialize(rm::Call &call) override { later(call); }
        void flush(rm::Call &call) override { later(call); }
        void cleanup(rm::Call &call) override { later(call); }
    };
    const auto node = std::make_shared<Slow>();
    rm::Session session = open(runtime, node);
    session.push(rm::text("x"));
    finish(session);
    CHECK_EQUAL(node->threads.size(), 3u);
    for (std::thread &thread : node->threads)
        thread.join();
}

int main()
{
    RUN_ON(an_outcome_comes_from_another_thread);
    RUN_ON(more_may_come_later);
    RUN_ON(one_that_is_dropped_fails_its_node);
    RUN_ON(a_failure_may_come_later);
    RUN_ON(one_is_used_once);
    RUN_ON(a_refused_packet_fails_the_node);
    RUN_ON(a_session_that_has_given_the_call_up_does_not_take_it);
    RUN_ON(a_call_that_throws_after_all_has_failed);
    RUN_ON(every_callback_may_take_its_time);
}
