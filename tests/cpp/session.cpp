// Sessions: time that runs out, events, ends of every kind, and what is measured.

#include "check.hpp"

#include <atomic>
#include <future>
#include <set>

/// A node that stands still until it is let go.
class Gate {
public:
    rm::NodeHandle node()
    {
        return rm::NodeHandle([this](rm::PacketView in, rm::Call &call) {
            reached_ = true;
            CHECK(future_.wait_for(patience) == std::future_status::ready);
            call.emit(in);
        });
    }
    void await_packet()
    {
        await([this] { return reached_.load(); });
    }
    void open() { promise_.set_value(); }

private:
    std::promise<void> promise_;
    std::shared_future<void> future_ = promise_.get_future().share();
    std::atomic<bool> reached_{false};
};

static void time_that_runs_out_is_a_result(rm::Runtime &runtime)
{
    Gate gate;
    rm::SessionOptions options;
    options.capacity = 1;
    rm::Session session = open(runtime, gate.node(), options);
    session.push(rm::text("1"));
    gate.await_packet();
    while (session.push(rm::text("2"), 0ns)) { // until every edge is full
    }
    CHECK(!session.push(rm::text("3"), 1ms));
    CHECK(!session.push(rm::text("3"), -5s)); // is over already
    CHECK(!session.flush(1ms));
    CHECK(!session.wait(1ms));
    CHECK(session.ready(patience));
    auto output = session.pull(1ms);
    CHECK(!output && !output.ended());
    gate.open();
    expect(session, "1");
    session.cancel();
}

static void events_say_when_to_try_again(rm::Runtime &runtime)
{
    std::atomic<int> told[6] = {};
    {
        rm::SessionOptions options;
        options.on_event = [&](rm::Event event) {
            told[static_cast<std::size_t>(event)]++;
            throw 42; // has nobody to tell
        };
        rm::Session session = open(runtime, pass, options);
        CHECK(!session.pull(0ns));
        session.push(rm::text("x"));
        await([&] { return told[RM_EVENT_OUTPUT] == 1; });
        expect(session, "x");
        finish(session);
        await([&] { return told[RM_EVENT_ENDED] == 1; });
    }
    CHECK_EQUAL(told[RM_EVENT_ROOM].load(), 0);
}

static void the_end_is_told_when_the_session_is_gone(rm::Runtime &runtime)
{
    std::promise<void> ended;
    const auto kept = std::make_shared<int>(0);
    {
        rm::SessionOptions options;
        options.on_event = [&ended, kept](rm::Event event) {
            if (event == rm::Event::ended)
                ended.set_value();
        };
        rm::Session session = open(runtime, pass, options);
    }
    CHECK(ended.get_future().wait_for(patience) == std::future_status::ready);
    await([&] { return kept.use_count() == 1; });
}

static void a_stall_is_told(rm::Runtime &runtime)
{
    Gate gate;
    std::promise<void> stalled;
    rm::SessionOptions options;
    options.stall = 20ms;
    options.on_event = [&stalled](rm::Event event) {
        if (event == rm::Event::stalled)
            stalled.set_value();
    };
    rm::Session session = open(runtime, gate.node(), options);
    session.push(rm::text("x"));
    CHECK(stalled.get_future().wait_for(patience) == std::future_status::ready);
    CHECK_SAYS(session.report(), "\"process\"");
    gate.open();
    expect(session, "x");
    finish(session);
}

static void a_flush_brings_out_what_is_held_back(rm::Runtime &runtime)
{
    struct Sum : rm::Node {
        std::size_t letters = 0;
        void process(rm::PacketView in, rm::Call &) override { letters += in.text().size(); }
        void flush(rm::Call &call) override { call.emit(rm::text(std::to_string(letters))); }
    };
    rm::Session session = open(runtime, std::make_unique<Sum>());
    session.push(rm::text("abc"));
    session.flush();
    expect(session, "3");
    session.push(rm::text("de"));
    CHECK(session.flush(patience));
    expect(session, "5");
    session.end();
    expect(session, "5");
    finish(session);
}

static void a_cancelled_one_says_so(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, pass);
    session.cancel();
    CHECK_EQUAL(THROWN(rm::Error, session.wait()).status(), RM_ERR_CANCELLED);
    CHECK_EQUAL(THROWN(rm::Error, (void)session.pull()).status(), RM_ERR_CANCELLED);
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::text("x"))).status(), RM_ERR_CANCELLED);
    CHECK(!session.failure());
}

static void a_failure_comes_after_the_outputs_before_it(rm::Runtime &runtime)
{
    rm::Session session = open(runtime, [](rm::PacketView in, rm::Call &call) {
        if (in.text() == "bad")
            throw rm::Error(RM_ERR_INPUT, "too bad");
        call.emit(in);
    });
    session.push(rm::text("good"));
    session.push(rm::text("bad").with_pts(1s));
    expect(session, "good");
    const auto error = THROWN(rm::NodeError, (void)session.pull());
    CHECK_EQUAL(std::string(error.what()), "Invalid input for node 'node': too bad (at input 1, pts 1000000000 ns)");
    CHECK_EQUAL(error.status(), RM_ERR_INPUT);
    CHECK(error.failure().node == "node" && error.failure().index == 1u && error.failure().pts == 1s);
    CHECK(session.failure() && session.failure()->reason == "too bad");
    CHECK_EQUAL(THROWN(rm::NodeError, session.push(rm::text("x"))).failure().reason, "too bad");
    CHECK_EQUAL(THROWN(rm::Error, session.push(rm::text("\xff"))).status(), RM_ERR_UTF8); // its own, not the session's
}

static void failures_may_be_left_out(rm::Runtime &runtime)
{
    rm::SessionOptions options;
    options.on_error = rm::OnError::skip;
    const auto confused = [](rm::PacketView in, rm::Call &call) { call.emit(rm::text(in.json())); };
    rm::Session session = open(runtime, confused, options);
    session.push(rm::text("x"));
    finish(session);
    CHECK(!session.failure());
}

static void it_cannot_wait_for_itself(rm::Runtime &runtime)
{
    std::promise<rm_status> answered;
    std::atomic<rm::Session *> own{nullptr};
    rm::Session session = open(runtime, [&](rm::PacketView, rm::Call &) {
        await([&] { return own != nullptr; });
        answered.set_value(THROWN(rm::Error, own.load()->wait()).status());
    });
    own = &session;
    session.push(rm::text("x"));
    CHECK_EQUAL(answered.get_future().get(), RM_ERR_REENTRANT);
    finish(session);
}

static void input_and_output_may_be_nodes(rm::Runtime &runtime)
{
    std::multiset<std::string> taken;
    const rm::NodeHandle input([count = 0](rm::Call &call) mutable {
        call.emit(rm::text(std::to_string(count)));
        if (++count < 3)
            call.more();
    });
    const rm::NodeHandle output([&](rm::PacketView in, rm::Call &) { taken.emplace(in.text()); });
    rm::SessionOptions options;
    options.input = &input;
    options.output = &output;
    rm::Session session = open(runtime, pass, options);
    session.wait();
    CHECK(taken == (std::multiset<std::string>{"0", "1", "2"}));
}

static void a_pending_call_may_wait_for_another_session(rm::Runtime &runtime)
{
    std::promise<rm::Completion> deferred;
    const rm::NodeHandle node([&](rm::PacketView, rm::Call &call) { deferred.set_value(call.defer()); });
    rm::Session outer = open(runtime, node);
    outer.push(rm::text("x"));
    rm::Completion completion = deferred.get_future().get();
    rm::Pipeline same(runtime);
    same.add("node", node);
    rm::SessionOptions options;
    options.caller = &completion;
    CHECK_EQUAL(THROWN(rm::Error, (rm::Session{same, options})).status(), RM_ERR_REENTRANT);
    CHECK(completion.finish());
    finish(outer);
}

static void what_was_measured_is_json(rm::Runtime &runtime)
{
    rm::SessionOptions options;
    options.trace = 100;
    options.input_optional = true;
    rm::Session session = open(runtime, pass, options);
    session.push(rm::text("x"));
    expect(session, "x");
    finish(session);
    CHECK_SAYS(session.metrics(), "\"node_id\":\"node\"");
    CHECK_SAYS(session.report(), "\"node\"");
    CHECK_SAYS(session.trace(), "\"traceEvents\"");
    session = rm::Session(std::move(session));
    CHECK_SAYS(session.metrics(), "\"node_id\":\"node\"");
}

int main()
{
    RUN_ON(time_that_runs_out_is_a_result);
    RUN_ON(events_say_when_to_try_again);
    RUN_ON(the_end_is_told_when_the_session_is_gone);
    RUN_ON(a_stall_is_told);
    RUN_ON(a_flush_brings_out_what_is_held_back);
    RUN_ON(a_cancelled_one_says_so);
    RUN_ON(a_failure_comes_after_the_outputs_before_it);
    RUN_ON(failures_may_be_left_out);
    RUN_ON(it_cannot_wait_for_itself);
    RUN_ON(input_and_output_may_be_nodes);
    RUN_ON(a_pending_call_may_wait_for_another_session);
    RUN_ON(what_was_measured_is_json);
}
